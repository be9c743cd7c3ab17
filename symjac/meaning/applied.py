"""Unknown functions of whole arrays: a name that is known only to depend on what it is applied to."""

from __future__ import annotations

from collections.abc import Sequence

from symjac.core import scalar
from symjac.core.expr import Expr, Symbol, apply, rename, symbol
from symjac.core.index import Index
from symjac.meaning import entering, sizes, values
from symjac.meaning.frame import Frame
from symjac.meaning.reasons import NotUnderstood
from symjac.meaning.values import Value
from symjac.notation.tree import Node, Span


def is_whole(m: Frame, key: str) -> bool:
    """True for what takes an array as a whole; other unknown functions act on each entry."""
    return key in m.notebook.numbers or key in m.notebook.codomains or key in m.glossary.taken.whole


def mapped(key: str, x: Value) -> Value:
    """The function of one number, entry by entry."""
    return Value(apply(scalar.unknown(key)(scalar.slot(0)), [x.expr]), x.axes, x.row)


def whole(m: Frame, key: str, args: Sequence[Node], span: Span) -> Value:
    """`key(args)`: a number, or an array of the shape that the notes say. What is not declared is a constant in it."""
    read = [(a, m.read(a)) for a in args if not entering.is_unheard(m, a)]
    if not read:
        raise NotUnderstood(span, f"nothing is known of the arguments of {key}")
    codomain = tuple(sizes.size(m.notebook, n) for n in m.notebook.codomains.get(key, ()))
    shapes = [x.shape for _, x in read]
    if len(args) == 1 and (not shapes[0] or (codomain and shapes[0] == codomain)):
        return mapped(key, read[0][1])
    if not codomain and any(shapes) and key not in m.notebook.numbers and key not in m.glossary.taken.whole:
        raise NotUnderstood(span, f"{key} takes one argument here")
    letters = tuple(dict.fromkeys(i for _, x in read for i in x.expr.free if i not in x.axes))
    axes = tuple(Index(f"_c{p}", n) for p, n in enumerate(codomain))
    s = _entered(m, key, [(a, _aside(x, p)) for p, (a, x) in enumerate(read)], letters, axes)
    return values.from_symbol(symbol(s.name, (*letters, *axes)), axes)


def _aside(x: Value, place: int) -> Expr:
    """An argument with names of its own for its axes."""
    return rename(x.expr, {i: Index(f"_h{place}{p}", i.size) for p, i in enumerate(x.axes)})


def _entered(
    m: Frame, key: str, args: Sequence[tuple[Node, Expr]], letters: tuple[Index, ...], axes: tuple[Index, ...]
) -> Symbol:
    """The unknown quantity in the world; one for equal arguments, whatever their letters are called."""
    own = tuple(Index(f"_g{p}", i.size) for p, i in enumerate(letters))
    canonical = dict(zip(letters, own, strict=True))
    exprs = [rename(e, canonical) for _, e in args]
    place = (key, *exprs)
    if place not in m.glossary.given:
        name = _unused(m, key)
        of = [_access(m, f"{name}__{p}", e, a) for p, (e, (a, _)) in enumerate(zip(exprs, args, strict=True))]
        m.world.opaque(name, of, axes=(*own, *axes))
        m.glossary.given[place] = name
    return m.world.symbol(m.glossary.given[place])


def _access(m: Frame, name: str, e: Expr, written: Node) -> Symbol:
    """An argument as a quantity with a name."""
    if isinstance(e, Symbol) and len(set(e.indices)) == len(e.indices):
        return e
    m.notebook.latex.setdefault(name, written)
    m.world.define(name, e.free, e)
    return symbol(name, e.free)


def _unused(m: Frame, key: str) -> str:
    name, number = key, 1
    while name in m.world or m.notebook.knows(name):
        number += 1
        name = f"{key}__{number}"
    if name != key and key in m.notebook.latex:
        m.notebook.latex.setdefault(name, m.notebook.latex[key])
    return name


def by_name(m: Frame, key: str, span: Span) -> Value | None:
    """ℓ for ℓ(y, t), where the notes apply it to nothing else."""
    several = m.notebook.applications.get(key, ())
    return whole(m, key, several[0], span) if len(several) == 1 and (len(several[0]) > 1 or is_whole(m, key)) else None
