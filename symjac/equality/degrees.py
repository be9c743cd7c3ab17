"""How often a size occurs as a number: n², 1/n, a sum of ones. As many sizes more than that have to be tried.

Sides that differ by a polynomial of degree d in n may be equal at d sizes, and at no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sympy

from symjac.core import scalar
from symjac.core.expr import (
    Add,
    Contract,
    Determinant,
    Equation,
    Expr,
    Identity,
    Inverse,
    Map,
    Max,
    Number,
    Symbol,
    walk,
)
from symjac.core.index import Index


class NoBound(Exception):
    """A size stands in an exponent, in a function, in a condition, or makes a determinant."""


@dataclass(frozen=True, slots=True)
class Degree:
    """Of a quotient: of its numerator and of its denominator."""

    above: int = 0
    below: int = 0

    def plus(self, other: Degree) -> Degree:
        return Degree(max(self.above + other.below, other.above + self.below), self.below + other.below)

    def times(self, other: Degree) -> Degree:
        return Degree(self.above + other.above, self.below + other.below)

    def power(self, n: int) -> Degree:
        there = Degree(self.above * abs(n), self.below * abs(n))
        return there if n >= 0 else Degree(there.below, there.above)


_NONE = Degree()


class Degrees:
    """In one size, of expressions with definitions behind them; twice as large, so that √n counts as one."""

    def __init__(self, size: str, definitions: Iterable[Equation], ones_alone: bool) -> None:
        self._size = size
        self._ones_alone = ones_alone
        self.halves = False
        """Whether √n is met."""
        self._named: dict[str, Degree] = {}
        for q in definitions:
            self._named[q.lhs.name] = self.of(q.rhs)

    def of(self, e: Expr) -> Degree:
        here: dict[Expr, Degree] = {}
        for node in walk(e):
            here[node] = self._node(node, [here[c] for c in node.children])
        return here[e]

    def _node(self, e: Expr, below: Sequence[Degree]) -> Degree:
        match e:
            case Symbol():
                return self._named.get(e.name, _NONE)
            case Number():
                return self._formula(e.value, ())
            case Identity():
                return _NONE
            case Add():
                out = below[0]
                for d in below[1:]:
                    out = out.plus(d)
                return out
            case Contract():
                out = Degree(2 * sum(self._is_long(i) for i in _ones(e)))
                for d in below:
                    out = out.times(d)
                return out
            case Map():
                return self._formula(e.formula, below)
            case Max() | Inverse() | Determinant():
                if below[0] != _NONE or (isinstance(e, Determinant) and self._is_long(e.row)):
                    raise NoBound
                return _NONE
        raise NoBound

    def _is_long(self, i: Index) -> bool:
        return any(s.name == self._size for s in i.size.free_symbols)

    def _formula(self, e: sympy.Basic, slots: Sequence[Degree]) -> Degree:
        if isinstance(e, sympy.Symbol):
            if e in scalar.slots_of(e):
                return slots[scalar.slot_number(e)]
            return Degree(2) if e.name == self._size and not self._ones_alone else _NONE
        if not e.args:
            return _NONE
        if isinstance(e, sympy.Pow):
            if any(s.name == self._size for s in e.exp.free_symbols):
                raise NoBound
            base = self._formula(e.base, slots)
            if base == _NONE:
                return self._inside(e.exp, slots)
            if e.exp.is_Integer:
                return base.power(int(e.exp))
            if isinstance(e.base, sympy.Symbol) and e.exp.is_Rational and e.exp.q == 2:
                self.halves = True
                half = Degree(base.above // 2, base.below // 2)
                return half.power(int(e.exp.p))
            raise NoBound
        if isinstance(e, sympy.Add | sympy.Mul):
            out = self._formula(e.args[0], slots)
            for a in e.args[1:]:
                other = self._formula(a, slots)
                out = out.plus(other) if isinstance(e, sympy.Add) else out.times(other)
            return out
        return self._inside(e, slots)

    def _inside(self, e: sympy.Basic, slots: Sequence[Degree]) -> Degree:
        """Of a function whose arguments do not have the size."""
        for a in e.args:
            inside = self._formula(a, slots) if isinstance(a, sympy.Expr) else self._inside(a, slots)
            if inside != _NONE:
                raise NoBound
        return _NONE


def _ones(e: Contract) -> list[Index]:
    """The indices that are summed though no tensor has them: sums of ones, and traces of identities."""
    read = {i for f in e.factors if not isinstance(f, Identity) for i in f.free}
    return [i for i in e.summed if i not in read]


def degree(size: str, sides: Sequence[Expr], definitions: Sequence[Equation], ones_alone: bool = False) -> int | None:
    """At how many sizes sides that differ may be equal, at most; None where there is no bound.

    With `ones_alone`, of sums of ones and no other numbers.
    """
    try:
        found = Degrees(size, definitions, ones_alone)
        both = found.of(sides[0]).plus(found.of(sides[1]))
    except NoBound:
        return None
    return both.above if found.halves else both.above // 2
