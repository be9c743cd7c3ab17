"""Summed indices that differ from every index around them, so that a printed formula can be read in one sense only."""

from __future__ import annotations

from symjac.core.expr import Contract, Expr, Max, rename, with_children
from symjac.core.index import LETTERS, Index, fresh


def apart(e: Expr) -> Expr:
    """`e` with each bound index renamed that has the name of an index free in `e` or bound further out."""
    return _apart(e, frozenset(i.name for i in e.free))


def _apart(e: Expr, around: frozenset[str]) -> Expr:
    if not isinstance(e, Contract | Max):
        return with_children(e, [_apart(c, around) for c in e.children])
    taken = set(around) | {i.name for c in e.children for i in c.free if i not in e.bound}
    names: dict[Index, Index] = {}
    for i in e.bound:
        names[i] = i if i.name not in taken else _letter(i, taken | {b.name for b in e.bound})
        taken.add(names[i].name)
    return e.remade([_apart(rename(c, names), frozenset(taken)) for c in e.children], names)


def _letter(i: Index, taken: set[str]) -> Index:
    free = next((letter for letter in LETTERS if letter not in taken), None)
    return Index(free, i.size) if free else fresh(i, taken)
