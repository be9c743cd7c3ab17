"""Definitions -> the world: a name and all that it depends on are entered the first time it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import sympy

from symjac.calculus import facts
from symjac.calculus.facts import Fact, WorldError
from symjac.core.expr import Expr, ShapeError, Symbol, affine, apply, contract, number, rename, symbols
from symjac.core.expr import symbol as symbol_of
from symjac.core.index import Index
from symjac.meaning import letters, samples, sizes, values
from symjac.meaning.declaring import tree
from symjac.meaning.dependence import Link
from symjac.meaning.frame import Frame, Gathered
from symjac.meaning.naming import identifier
from symjac.meaning.network import translated
from symjac.meaning.notebook import FactText, Notebook, WrittenDefinition
from symjac.meaning.reasons import Misfit, NotUnderstood
from symjac.meaning.values import SizeMismatch, Value
from symjac.notation.tree import Name, Node, Scripts, Span

DEEPEST = 50
"""How many definitions may be entered within one another."""


def declared(m: Frame, key: str, axes: Sequence[Index]) -> Symbol:
    return m.world.declare(key, tuple(axes))


def symbol(m: Frame, key: str, span: Span) -> Symbol:
    """The quantity in the world; entered, with all it depends on, the first time."""
    if key in m.world:
        return m.world.symbol(key)
    if key in m.busy:
        raise NotUnderstood(span, f"{key} is defined by itself")
    if len(m.busy) > DEEPEST:
        raise NotUnderstood(span, "the definitions are nested too deeply")
    book, links = m.notebook, m.glossary.links
    m = replace(m, busy=(*m.busy, key))
    try:
        if book.network.knows(key):
            of_network(m, key, span)
        elif key in book.definitions:
            define(m, key, book.definitions[key])
        elif key in book.opaque:
            opaque(m, key)
        elif key in links:
            linked(m, key, links[key], span)
        else:
            assume(m, m.world.declare(key, letters.axes_of(m, key)))
    except WorldError as error:
        raise NotUnderstood(span, str(error)) from None
    except (Misfit, ShapeError) as error:
        found = error if isinstance(error, Misfit) else Misfit(span, str(error))
        reason = found.reason if found.defining else f"in the definition of {key}, {found.reason}"
        raise Misfit(found.span, reason, defining=True) from None
    return m.world.symbol(key)


def of_network(m: Frame, key: str, span: Span) -> None:
    """A quantity that a spec has a formula for, and all that it depends on."""
    network = m.notebook.network
    if key in network.slopes:
        name, formula = network.slopes[key]
        by, loss = symbol(m, name, span), symbol(m, network.loss, span)
        m.world.define(key, by.indices, as_in_notes(m, apply(formula, [by, m.world.derivative(loss, by)]), span))
        return
    for equation in network.needed(key):
        if equation.lhs.name not in m.world.equations:
            for name in sorted(equation.rhs.names - m.world.equations.keys()):
                symbol(m, name, span)
            lhs, rhs = (as_in_notes(m, e, span) for e in (equation.lhs, equation.rhs))
            assert isinstance(lhs, Symbol)
            for s in symbols(rhs):
                unlike(s, m.world.symbol(s.name).shape, span)
            m.world.define(lhs.name, lhs.indices, rhs)


def as_in_notes(m: Frame, e: Expr, span: Span) -> Expr:
    """An expression of a spec, with sizes and constants as the notes would have them."""
    return translated(e, partial(size_of_network, m.notebook), partial(constant, m, span))


def unlike(s: Symbol, shape: tuple[sympy.Expr, ...], span: Span) -> None:
    """Raises where the notes have a quantity of a spec in another shape."""
    if s.shape != shape:
        own = symbol_of(s.name, [Index(f"_{p}", size) for p, size in enumerate(shape)])
        here, there = (sizes.shape_text(values.from_symbol(a)) for a in (own, s))
        raise NotUnderstood(span, f"{s.name} is a {here} in the notes and a {there} in the network")


def size_of_network(book: Notebook, size: sympy.Expr) -> sympy.Expr:
    """A size of a spec as the notes would write it."""
    try:
        return sizes.size(book, tree(size))
    except ValueError:
        return size


def constant(m: Frame, span: Span, c: sympy.Symbol) -> Expr | None:
    """A named constant of a spec: any number, or its value."""
    network = m.notebook.network
    if c not in network.constants:
        return None
    return number(network.constants[c]) if m.glossary.taken.valued else symbol(m, c.name, span)


def assume(m: Frame, s: Symbol) -> None:
    """What the notes say of a declared quantity."""
    for said in m.notebook.facts:
        if identifier(said.name) == s.name:
            with suppress(*((WorldError,) if said.in_text else ())):
                m.world.noted(fact_of(m, said, s))


def fact_of(m: Frame, said: FactText, s: Symbol) -> Fact:
    match said.kind:
        case "sum":
            assert said.value is not None
            total = letters.scalar_number(m.read(said.value).expr)
            if total is None:
                raise NotUnderstood(said.value.span, "a number is expected")
            return facts.sums_to(s, total, *_axes(said, s))
        case "mean zero":
            return facts.mean_zero(s, *_axes(said, s))
        case "norm 1":
            return facts.unit_norm(s, *_axes(said, s))
    wanted = "symmetric positive definite" if said.kind == "positive definite" else said.kind
    return facts.fact(s, facts.Property(wanted))


def _axes(said: FactText, s: Symbol) -> tuple[int, ...]:
    """Over which axes a fact is said; all where it says none."""
    if said.axis.startswith("axis "):
        return tuple(int(a) - 1 for a in said.axis.removeprefix("axis ").split(", "))
    return {"rows": (1,), "columns": (0,)}.get(said.axis, tuple(range(len(s.indices))))


def opaque(m: Frame, key: str) -> None:
    """A quantity known only to depend on others; of those that are not declared nothing is known."""
    own = letters.axes_of(m, key) if key in m.notebook.shapes else ()
    of = [base_symbol(m, n) for n in m.notebook.opaque[key] if not is_unheard(m, n)]
    if not of:
        raise NotUnderstood(m.notebook.opaque[key][0].span, f"nothing is known of what {key} is a function of")
    m.world.opaque(key, [access(s, own, Link(s.name), p) for p, s in enumerate(of)], axes=own)


def is_unheard(m: Frame, node: Node) -> bool:
    """True for a name of which the notes say nothing."""
    if not isinstance(node, Name | Scripts):
        return False
    try:
        m.read(node)
    except NotUnderstood:
        return identifier(node) is not None
    return False


def linked(m: Frame, key: str, links: Sequence[Link], span: Span) -> None:
    """An unknown function of what it is differentiated by."""
    own = letters.axes_of(m, key)
    m.world.opaque(key, [access(symbol(m, link.by, span), own, link, p) for p, link in enumerate(links)], axes=own)


def access(argument: Symbol, own: tuple[Index, ...], link: Link, number: int) -> Symbol:
    """All entries of an argument, but at the places that it shares with its function."""
    at = [Index(f"_b{number}{q}", i.size) for q, i in enumerate(argument.indices)]
    for p, q in link.shared:
        if q < len(at) and p < len(own) and at[q].size == own[p].size:
            at[q] = own[p]
    return symbol_of(argument.name, at)


def base_symbol(m: Frame, node: Node) -> Symbol:
    value = m.read(node)
    if not isinstance(value.expr, Symbol):
        raise NotUnderstood(node.span, "a single quantity is expected")
    return m.world.symbol(value.expr.name)


def define(m: Frame, key: str, definition: WrittenDefinition) -> None:
    left, right = definition.left, definition.right
    sizes.until_solved(left.span, lambda: define_now(aside(m, key, left, right), key, definition))


def aside(m: Frame, key: str, *roots: Node) -> Frame:
    """Where the definition of `key` stands: its letters, bound names and open sizes are its own."""
    unlinked = m.glossary.unlinked.setdefault(key, [])
    gathered = Gathered(key, m.glossary.solved, unlinked, parts=m.gathered.parts)
    return replace(m, gathered=gathered, roots=(*m.roots, roots), bound=(), scopes=({},))


def define_now(m: Frame, key: str, definition: WrittenDefinition) -> None:
    shape = m.notebook.shapes.get(key)
    value = m.read(definition.right)
    known = letters.axes_of(m, key) if shape is not None else None
    if not definition.scripts:
        if known is not None:
            expr, axes = fitted(m, known, value, definition)
        else:
            whole = row(value) if value.row else value
            expr, axes = whole.expr, whole.axes
    else:
        expr = values.value(value.expr, value.axes).expr
        front = []
        for place, script in enumerate(definition.scripts):
            new = Index(f"_l{place}", known[place].size if known is not None else size_of_script(m, script))
            expr = free_axis(m, expr, script, new)
            front.append(new)
        whole = values.value(expr, [*front, *value.axes])
        expr, axes = whole.expr, whole.axes
        if known is not None and [i.size for i in known] != [i.size for i in axes]:
            raise Misfit(definition.span, f"{key} is declared with another shape")
    loose = [i for i in expr.free if i not in axes]
    if loose:  # L = −log p_k: L depends on k, though it does not say so
        m.glossary.unsaid[key] = tuple(i.name for i in loose)
        whole = values.value(expr, [*loose, *axes])
        expr, axes = whole.expr, whole.axes
    m.world.define(key, axes, expr)


def row(value: Value) -> Value:
    """A row vector as a 1 x n matrix, so that its name keeps the shape."""
    return values.value(value.expr, [Index("_one", sympy.Integer(1)), *value.axes])


def fitted(
    m: Frame, declared: tuple[Index, ...], value: Value, definition: WrittenDefinition
) -> tuple[Expr, tuple[Index, ...]]:
    """The value in the declared shape."""
    like = values.zeros(*(i.size for i in declared))
    try:
        _, out = values.same(like, value)
    except SizeMismatch as error:
        _, out = samples.as_samples(m.notebook, like, value)
        if out is value:
            sizes.solve(m, error, definition.right.span)
        _, out = values.same(like, out)
    long = [i for i in declared if i.size != 1] if len(out.axes) < len(declared) else list(declared)
    return rename(out.expr, dict(zip(out.axes, long, strict=True))), declared


def size_of_script(m: Frame, script: Node) -> sympy.Expr:
    key = identifier(script)
    if key is None:
        terms, offset = letters.affine(m, script)
        if offset == 0 and terms and all(c.is_positive for c, _ in terms):
            return sympy.expand(1 + sum((c * (i.size - 1) for c, i in terms), sympy.Integer(0)))
    if key is None or key not in m.notebook.letters:
        raise NotUnderstood(script.span, "an index letter is expected")
    return letters.letter(m, key, script.span).size


def free_axis(m: Frame, expr: Expr, script: Node, axis: Index) -> Expr:
    """The left side's index: a letter is the axis itself; of an affine one, its letters are summed out."""
    terms, offset = letters.affine(m, script)
    if len(terms) == 1 and terms[0][0] == 1 and offset == 0:
        return rename(expr, {terms[0][1]: axis})
    return contract([expr, affine(axis, terms, offset)], [i for _, i in terms])
