"""The derivative itself, in the writer's names: what stands for a refuted formula that no edit makes right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import sympy

from symjac.calculus import facts
from symjac.calculus.matrix import jacobian_form
from symjac.calculus.simplify import LawContext, simplify
from symjac.calculus.trace import LocalJacobian, SumFact
from symjac.core import scalar
from symjac.core.expr import (
    Contract,
    Equation,
    Expr,
    Map,
    Max,
    Symbol,
    apply,
    contract,
    number,
    rename,
    substitute,
    symbol,
    transform,
    walk,
)
from symjac.core.index import Index, axes, fresh
from symjac.meaning.meaning import Meaning
from symjac.notation import latex_notation, writer
from symjac.notation.tree import Call, Derivative, Group, Node
from symjac.printing import latex

MOST_NODES = 150
"""A derivative of more nodes is not printed."""


@dataclass(frozen=True, slots=True)
class DerivedEquation:
    """The right equation."""

    right: Node
    left: Node | None = None
    """None for the left side itself: then `right` can stand in the place of another right side."""


def derived(left: Node, meaning: Meaning) -> DerivedEquation | None:
    """In matrix form where it has one, else entry by entry, read as it is printed; None where it is too long."""
    value = meaning.value(left)
    if isinstance(left, Derivative):
        entries = meaning.entries(left)
        if entries is not None and len(entries[1]) + len(entries[2]) > 2:
            return _of_arrays(left, *entries, meaning)
    order = [*(i for i in value.expr.free if i not in value.axes), *value.axes]
    expr, letters = _simplified(value.expr, value.axes, meaning)
    if expr is None or (value.axes and len(order) > len(value.axes)):
        return None
    names = partial(_written, meaning=meaning)
    if order and not value.axes:
        return DerivedEquation(latex_notation.expression(latex.indexed(expr, names)))
    axes_of = [*order[: len(order) - len(letters)], *letters]
    return DerivedEquation(latex_notation.expression(latex.expression(expr, axes_of, names)))


def _of_arrays(
    left: Derivative, expr: Expr, rows: tuple[Index, ...], columns: tuple[Index, ...], meaning: Meaning
) -> DerivedEquation | None:
    """∂vec(Y)/∂vec(X) as one matrix, else ∂Y_ij/∂X_pq."""
    out, letters = _simplified(expr, (*rows, *columns), meaning)
    if out is None or any(i not in letters for i in out.free):
        return None
    y, x = symbol("y", letters[: len(rows)]), symbol("x", letters[len(rows) :])
    names = partial(_written, meaning=meaning)
    reading = meaning.reading
    form = jacobian_form(LocalJacobian(y, x, out, ()), layout=reading.jacobian, vec=reading.vec)
    if rows and form is not None and form.sample is None:
        return DerivedEquation(latex_notation.expression(latex.matrix_of(form.value, names)))
    of, by = (_entry(node, of.indices) for node, of in ((left.of, y), (left.by[0], x)))
    text = rf"\frac{{\partial {of}}}{{\partial {by}}} = {latex.indexed(out, names)}"
    first, *others = latex_notation.statement(text).sides
    return DerivedEquation(others[-1], first) if others else None


def _entry(node: Node, at: tuple[Index, ...]) -> str:
    """(A_1)_{i,j} for vec(A_1)."""
    return f"({writer.latex(_inner(node))})_{{{','.join(i.name for i in at)}}}" if at else writer.latex(_inner(node))


def _inner(node: Node) -> Node:
    """A for vec(A)."""
    if isinstance(node, Call) and len(node.args) == 1:
        node = node.args[0]
    return node.of if isinstance(node, Group) else node


def _simplified(expr: Expr, axes_of: tuple[Index, ...], meaning: Meaning) -> tuple[Expr | None, tuple[Index, ...]]:
    """By named quantities of the notes, with letters for the axes; None where it is too long."""
    world = meaning.world
    while isinstance(expr, Symbol) and expr.name in world.equations:
        expr = substitute(expr, world.equations[expr.name])
    named = {
        e.rhs.name: Equation(e.rhs, e.lhs)
        for name, e in world.equations.items()
        if name not in world.auxiliary and isinstance(e.rhs, Symbol) and e.rhs.name in world.auxiliary
    }
    for _ in range(len(world.auxiliary)):
        expr = _by_name(expr, named)
        made = next((n for n in sorted(expr.names) if n in world.auxiliary and n in world.equations), None)
        if made is None:
            break
        expr = substitute(expr, world.equations[made])
    values = tuple(q for name, q in world.equations.items() if name not in world.auxiliary)
    expr, _steps = simplify(expr, LawContext(values=values, facts=tuple(sum_facts(meaning))))
    if sum(1 for _ in walk(expr)) > MOST_NODES:
        return None, ()
    letters = axes([i.size for i in axes_of], taken=[i.name for i in expr.free])
    expr = transform(expr, without_ties)
    return lettered(rename(expr, dict(zip(axes_of, letters, strict=True)))), letters


def _by_name(e: Expr, named: dict[str, Equation]) -> Expr:
    """Auxiliary names as the notes name the same: delta_2 for ∂L/∂A_2."""

    def law(node: Expr) -> Expr | None:
        known = named.get(node.name) if isinstance(node, Symbol) else None
        return None if known is None else substitute(node, known)

    return transform(e, law)


def without_ties(node: Expr) -> Expr | None:
    """1[a > b] for the share of a in max(a, b): as people write it, and equal but where the two tie."""
    if not (isinstance(node, Map) and node.formula.has(scalar.Share)):
        return None
    return apply(node.formula.replace(scalar.Share, lambda a, *b: scalar.indicator(a > sympy.Max(*b))), node.args)


def sum_facts(meaning: Meaning) -> list[SumFact]:
    out: list[SumFact] = []
    for f in meaning.world.facts:
        if f.what is facts.Property.SUM:
            left = contract([f.symbol], [f.symbol.indices[place] for place in f.axes])
            out.append(SumFact(f.text, left, number(f.value)))
    return out


def lettered(e: Expr) -> Expr:
    """Letters for the indices that no writer wrote."""

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Contract | Max):
            return None
        taken = {i.name for child in node.children for i in child.free}
        new: dict[Index, Index] = {}
        for i in node.bound:
            if i.name.startswith("_"):
                new[i] = fresh(axes([i.size], taken=taken)[0], taken)
                taken.add(new[i].name)
        if not new:
            return None
        return node.remade([rename(child, new) for child in node.children], new)

    return transform(e, law)


def _written(name: str, meaning: Meaning) -> str:
    if name.startswith("size") and name[4:].isdigit():
        return name[4:]
    made = meaning.world.auxiliary.get(name)
    if made is not None and made.by:
        of, *by = (_written(n, meaning) for n in (made.of, made.by, made.also) if n)
        above = r"\partial" if len(by) == 1 else r"\partial^2"
        return rf"\frac{{{above} {of}}}{{" + " ".join(rf"\partial {b}" for b in by) + "}"
    node = meaning.notebook.latex.get(name)
    return latex.name(name) if node is None else writer.latex(node)
