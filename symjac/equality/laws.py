"""What residues know of the functions in an equation, and how likely they are to miss a difference.

The laws of +, ·, /, whole powers, contraction, identities, inverses, unknown functions and exponentials up to three
deep are all known: sides of these alone that differ modulo a prime differ. Of the others some are not, and real numbers
are asked: sin(2u) = 2 sin u cos u, √(u²) = |u|, log(u + v) = log u + log(1 + v/u), |u| = u where u is a sum of squares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import sympy

from symjac.core import scalar
from symjac.core.expr import (
    Add,
    Contract,
    Determinant,
    Equation,
    Expr,
    Inverse,
    Map,
    Max,
    Number,
    Symbol,
    walk,
)
from symjac.core.index import Index
from symjac.equality.chains import COUNTS, LEAST, LONGEST

CASES = (sympy.Piecewise, sympy.Max, sympy.Min, scalar.Share, sympy.Abs, sympy.sign, sympy.floor, sympy.ceiling)
"""Functions by cases."""
THROUGH_EXP = (sympy.exp, *scalar.IN_EXP)
"""Functions that residues have through exponentials."""
HIGHEST = 1 << 40
"""A degree that is not worked out further."""


@dataclass(frozen=True, slots=True)
class Laws:
    depth: int
    """How deep exponentials are nested."""
    unknown: tuple[str, ...]
    """The functions that may keep a law which residues do not know."""
    cases: bool
    """Whether a function by cases is among them."""
    bits: int
    """Of all whole numbers together."""
    longest_power: int
    """Bits of the largest whole exponent."""

    @property
    def length(self) -> int:
        """Of the chains of primes that are needed."""
        return min(LONGEST, 1 + self.depth)


def laws(sides: Sequence[Expr], definitions: Iterable[Equation]) -> Laws:
    parts = [(q.lhs.name, q.rhs) for q in definitions] + [("", e) for e in sides]
    functions = [_functions(e) for _, e in parts]
    unknown = {name for f in functions for name in f.unknown}
    depth = _deepest(parts) if any(f.exponential for f in functions) else 0
    bits, power = sum(f.bits for f in functions), max((f.longest_power for f in functions), default=0)
    if depth >= LONGEST:
        unknown.add("exp")
    return Laws(depth, tuple(sorted(unknown)), any(f.cases for f in functions), bits, power)


@dataclass(frozen=True, slots=True)
class _Functions:
    """Of one expression: those with laws that are not known, and whether there are cases and exponentials."""

    unknown: frozenset[str]
    cases: bool
    exponential: bool
    bits: int
    longest_power: int


_seen: WeakKeyDictionary[Expr, _Functions] = WeakKeyDictionary()


def _functions(e: Expr) -> _Functions:
    found = _seen.get(e)
    if found is None:
        nodes = list(walk(e))
        several = [_in_formula(f) for n in nodes if (f := _formula_of(n)) is not None]
        largest = any(isinstance(n, Max) for n in nodes)
        unknown = frozenset(name for f in several for name in f.unknown) | ({"max"} if largest else set())
        found = _seen[e] = _Functions(
            unknown,
            largest or any(f.cases for f in several),
            any(f.exponential for f in several),
            sum(f.bits for f in several),
            max((f.longest_power for f in several), default=0),
        )
    return found


def _formula_of(node: Expr) -> sympy.Expr | None:
    return node.formula if isinstance(node, Map) else node.value if isinstance(node, Number) else None


@lru_cache(maxsize=4096)
def _in_formula(f: sympy.Expr) -> _Functions:
    numbers = [e for e in sympy.preorder_traversal(f) if isinstance(e, sympy.Rational)]
    bits = sum(int(abs(e.p)).bit_length() + int(e.q).bit_length() for e in numbers)
    powers = [e.exp for e in f.atoms(sympy.Pow) if e.exp.is_Integer]
    longest = max((int(abs(n)).bit_length() for n in powers), default=0)
    slots = (0,) * (1 + max(map(scalar.slot_number, scalar.slots_of(f)), default=0))
    return _Functions(frozenset(_unknown(f)), f.has(*CASES), _depth(f, slots) > 0, bits, longest)


def _deepest(parts: Iterable[tuple[str, Expr]]) -> int:
    """How deep exponentials are nested, through the names of definitions."""
    depths: dict[str, int] = {}
    deepest = 0
    for name, e in parts:
        here: dict[Expr, int] = {}
        for node in walk(e):
            below = [here[c] for c in node.children]
            formula = _formula_of(node)
            if isinstance(node, Symbol):
                here[node] = depths.get(node.name, 0)
            else:
                here[node] = max(below, default=0) if formula is None else _depth(formula, below)
        depths[name] = here[e]
        deepest = max(deepest, here[e])
    return deepest


def _depth(e: sympy.Basic, slots: Sequence[int]) -> int:
    """How deep exponentials are nested in a formula whose placeholders are nested as deep as `slots`."""
    if isinstance(e, sympy.Symbol):
        return slots[scalar.slot_number(e)] if e in scalar.slots_of(e) else 0
    if e is sympy.E:
        return 1
    inside = max((_depth(a, slots) for a in e.args), default=0)
    power = isinstance(e, sympy.Pow) and not _whole(e.exp) and not _root(e.exp)
    return inside + (power or isinstance(e, THROUGH_EXP))


def _whole(exponent: sympy.Expr) -> bool:
    """True for whole numbers and for sums and products of sizes."""
    return bool(exponent.is_integer) and not exponent.has(sympy.Function)


def _root(exponent: sympy.Expr) -> bool:
    return bool(exponent.is_Rational) and exponent.q in (2, 4, 8)


def _unknown(f: sympy.Expr) -> set[str]:
    found: set[str] = set()
    for e in sympy.preorder_traversal(f):
        if isinstance(e, scalar.Softplus):
            found.add("log")
        elif isinstance(e, sympy.Pow) and not _whole(e.exp):
            found.add("sqrt" if _root(e.exp) else "power")
        elif isinstance(e, sympy.Piecewise | scalar.Share):
            found.add("cases")
        elif isinstance(e, (*THROUGH_EXP, scalar.Unknown)):
            continue
        elif isinstance(e, (sympy.Function, sympy.Max, sympy.Min)):
            found.add(e.func.__name__)
    return found


# ---------------------------------------------------------------- the chance of a miss


@dataclass(frozen=True, slots=True)
class Weight:
    """Of a quotient of polynomials with whole coefficients: degrees, and the bits of the coefficients' sum."""

    above: float = 0
    below: float = 0
    bits_above: float = 0
    bits_below: float = 0

    @property
    def degree(self) -> float:
        return self.above + self.below

    @property
    def bits(self) -> float:
        return self.bits_above + self.bits_below

    def times(self, other: Weight) -> Weight:
        return Weight(
            self.above + other.above,
            self.below + other.below,
            self.bits_above + other.bits_above,
            self.bits_below + other.bits_below,
        )

    def plus(self, other: Weight) -> Weight:
        if (self.below, self.bits_below) == (other.below, other.bits_below) == (0, 0):
            return Weight(max(self.above, other.above), 0, max(self.bits_above, other.bits_above) + 1, 0)
        return Weight(
            max(self.above + other.below, other.above + self.below),
            self.below + other.below,
            max(self.bits_above + other.bits_below, other.bits_above + self.bits_below) + 1,
            self.bits_below + other.bits_below,
        )

    def power(self, n: int) -> Weight:
        there = Weight(self.above * n, self.below * n, self.bits_above * n, self.bits_below * n)
        return there if n >= 0 else Weight(-there.below, -there.above, -there.bits_below, -there.bits_above)

    def summed(self, count: float) -> Weight:
        """The sum of so many of this weight."""
        return Weight(
            self.above + (count - 1) * self.below,
            count * self.below,
            self.bits_above + (count - 1) * self.bits_below + math.log2(max(count, 1)),
            count * self.bits_below,
        )


ONE_VARIABLE = Weight(1)


class Weights:
    """Weights of expressions at some sizes; exp, log, f .. of each value are variables of their own."""

    def __init__(self, definitions: Iterable[Equation], sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self._named: dict[str, Weight] = {}
        self._values: dict[Expr, Weight] = {}
        self.atoms = 0.0
        """How many values functions are taken of, at most."""
        self.heaviest = Weight()
        """Of these values."""
        for q in definitions:
            self._named[q.lhs.name] = self.of(q.rhs)

    def of(self, e: Expr) -> Weight:
        for node in walk(e):
            if node not in self._values:
                self._values[node] = self._node(node)
        return self._values[e]

    def _of(self, e: Expr) -> Weight:
        known = self._values.get(e)
        return self.of(e) if known is None else known

    def _size(self, i: Index) -> int:
        return int(i.size.xreplace({s: sympy.Integer(self._sizes.get(s.name, 1)) for s in i.size.free_symbols}))

    def _count(self, over: Iterable[Index]) -> float:
        return float(math.prod(self._size(i) for i in over))

    def _node(self, e: Expr) -> Weight:
        match e:
            case Symbol():
                return self._named.get(e.name, ONE_VARIABLE)
            case Number():
                return self._formula(e.value, (), 1)
            case Add():
                out = self._of(e.terms[0])
                for t in e.terms[1:]:
                    out = out.plus(self._of(t))
                return out
            case Contract():
                out = Weight()
                for f in e.factors:
                    out = out.times(self._of(f))
                return out.summed(self._count(e.summed))
            case Map():
                return self._formula(e.formula, [self._of(a) for a in e.args], self._count(e.free))
            case Max():
                self._atom(self._of(e.body), self._count(e.over) * self._count(e.free))
                return self._of(e.body)
            case Inverse() | Determinant():
                n, body = self._size(e.row), self._of(e.body)
                det = body.summed(n).power(n)
                return det if isinstance(e, Determinant) else det.times(det.power(-1))
        return Weight()

    def _atom(self, value: Weight, count: float) -> None:
        self.atoms += count
        if value.degree + value.bits > self.heaviest.degree + self.heaviest.bits:
            self.heaviest = value

    def _formula(self, e: sympy.Basic, slots: Sequence[Weight], count: float) -> Weight:
        if isinstance(e, sympy.Symbol):
            if e in scalar.slots_of(e):
                return slots[scalar.slot_number(e)]
            n = self._sizes.get(e.name)
            return ONE_VARIABLE if n is None else Weight(bits_above=math.log2(max(n, 1)))
        if isinstance(e, sympy.Rational):
            return Weight(bits_above=int(abs(e.p)).bit_length(), bits_below=int(e.q).bit_length() - 1)
        if isinstance(e, sympy.Add | sympy.Mul):
            parts = [self._formula(a, slots, count) for a in e.args]
            out = parts[0]
            for p in parts[1:]:
                out = out.plus(p) if isinstance(e, sympy.Add) else out.times(p)
            return out
        if isinstance(e, sympy.Pow):
            base = self._formula(e.base, slots, count)
            n = e.exp.xreplace({s: sympy.Integer(self._sizes.get(s.name, 1)) for s in e.exp.free_symbols})
            if n.is_Integer:
                return base.power(int(n))
            self._atom(base, count)
            return base.power(math.ceil(abs(n)) * (1 if n > 0 else -1)) if n.is_Rational else ONE_VARIABLE
        if not e.args:
            return ONE_VARIABLE
        inside = [self._formula(a, slots, count) for a in e.args if isinstance(a, sympy.Expr)]
        if isinstance(e, CASES):
            out = Weight()
            for w in [*inside, *(self._formula(b, slots, count) for b in _branches(e))]:
                self._atom(w, count)
                out = out.times(w)
            return out
        for w in inside:
            self._atom(w, count)
        if isinstance(e, THROUGH_EXP):
            times = min(2.0 ** min(inside[0].bits, 40), HIGHEST)
            return Weight(4 * times, 4 * times, 4, 4)
        return ONE_VARIABLE


def _branches(e: sympy.Basic) -> list[sympy.Expr]:
    if not isinstance(e, sympy.Piecewise):
        return []
    relations = [r for _, c in e.args for r in c.atoms(sympy.core.relational.Relational)]
    return [b for b, _ in e.args] + [sympy.Add(left, -right) for left, right in map(scalar.sides, relations)]


def chance(sides: Sequence[Expr], definitions: Sequence[Equation], sizes: Mapping[str, int], length: int) -> float:
    """At most how likely sides that differ are equal at one random point.

    Their difference is a quotient of polynomials. Its numerator vanishes for one of two reasons: all coefficients are
    multiples of the prime, of which there are as many as the coefficients' bits allow; or the point is a zero, of
    which a polynomial of degree d has a part d/p. Two values that a function is taken of may fall together likewise.
    """
    found = Weights(definitions, sizes)
    whole = found.of(sides[0]).plus(found.of(sides[1]))
    pair = found.heaviest.plus(found.heaviest)
    pairs = found.atoms * (found.atoms - 1) / 2
    least = LEAST >> (length - 1)
    missed = whole.bits / 29 / COUNTS[length] + whole.degree / LEAST
    return missed + pairs * (pair.bits / 26 / COUNTS[length] + pair.degree / least)
