"""Expressions that are equal up to the names of their symbols: what was worked out for one is had for all.

The layers of a deep network are such: each costs a renaming, not a derivation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from symjac.core.expr import Equation, Expr, Symbol, renamed_node, symbol, walk

T = TypeVar("T")


def structure(values: Iterable[Expr]) -> tuple[str, list[str]]:
    """The keys of the expressions with names numbered in order of appearance, and those names."""
    names: dict[str, int] = {}

    def text(e: Expr) -> str:
        if isinstance(e, Symbol):
            return e.accessed(f"#{names.setdefault(e.name, len(names))}")
        return e.text([text(c) for c in e.children]) if e.names else e.key

    return "\n".join([text(v) for v in values]), list(names)


def relabel(e: Expr, names: Mapping[str, str]) -> Expr:
    """`e` with its symbols renamed, each name to one of its own; the structure stays, so nothing is folded anew."""
    if not names.keys() & e.names:
        return e
    done: dict[Expr, Expr] = {}
    for node in walk(e):
        if isinstance(node, Symbol) or node.children:
            done[node] = renamed_node(node, [done[c] for c in node.children], names)
        else:
            done[node] = node
    return done[e]


def relabel_symbol(s: Symbol, names: Mapping[str, str]) -> Symbol:
    return symbol(names.get(s.name, s.name), s.indices)


def relabel_equation(equation: Equation, names: Mapping[str, str]) -> Equation:
    return Equation(relabel_symbol(equation.lhs, names), relabel(equation.rhs, names))


class Patterns(Generic[T]):
    """Results by the structure of what they were worked out from; names in `fixed` count as they are."""

    def __init__(self, renamed: Callable[[T, Mapping[str, str]], T], fixed: Collection[str] = ()) -> None:
        self._renamed = renamed
        self._fixed = frozenset(fixed)
        self._known: dict[tuple[Hashable, ...], tuple[list[str], T]] = {}

    def get(self, given: Sequence[Expr], detail: Hashable, work: Callable[[], T]) -> T:
        """`work()`, or what it gave for the same structure and `detail`, renamed.

        `given` holds all that the result depends on, and a symbol for every name in it.
        """
        text, names = structure(given)
        fixed = tuple((place, name) for place, name in enumerate(names) if name in self._fixed)
        key = (text, fixed, detail)
        if key not in self._known:
            result = work()
            self._known[key] = names, result
            return result
        before, result = self._known[key]
        return self._renamed(result, dict(zip(before, names, strict=True)))
