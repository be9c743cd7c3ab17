"""Proof at small sizes: every entry of both sides as a quotient of polynomials, other maps as generators.

The generators are the entries of the free quantities, named constants, and atoms: exp of each monomial, sqrt(u) with
sqrt(u)² = u, indicators with b² = b, log(u), f(u), ... of each value u. Where left − right is 0 as such a quotient, the
equation is proved at these sizes; where it is not, nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import repeat
from math import prod
from typing import Any

import numpy as np
import sympy
from sympy.polys.domains import QQ
from sympy.polys.rings import PolyElement, ring

from symjac.core import scalar
from symjac.core.expr import Max
from symjac.equality.arrays import Arguments, Array, Evaluation, TooLarge
from symjac.equality.budget import Budget
from symjac.equality.question import Question, sides
from symjac.equality.small_sizes import Sizes

MOST_ENTRIES = 60
"""Of the free quantities and of the sides, each."""
MOST_ATOMS = 60
MOST_MONOMIALS = 20000
MONOMIALS = 8
"""Of polynomials that are added, multiplied or divided in a step."""


class NoProof(Exception):
    """The entries are too long, or a map has no place here."""


def equal(question: Question, tried: Sequence[Sizes], assumed: bool, budget: Budget) -> Sizes | None:
    """The sizes at which every entry of left − right is 0; None where that is not shown."""
    several = [s for s in tried if all(n > 1 for n in s.values())] or list(tried)
    for sizes in sorted(several, key=lambda s: (-len(set(s.values())), -sum(s.values()))):
        if question.long(sizes):
            continue
        try:
            at = Entries(question, sizes, assumed, budget)
            left, right, _ = sides(question, at)
            if left.size > MOST_ENTRIES:
                continue
            if all(at.vanishes(a - b) for a, b in zip(left.reshape(-1), right.reshape(-1), strict=True)):
                return sizes
        except (NoProof, TooLarge, KeyError, TypeError, ValueError, ZeroDivisionError):
            continue
    return None


# ---------------------------------------------------------------- quotients


class PolynomialQuotient:
    """numerator / Π factor^exponent, the factors polynomials that are not taken apart."""

    __slots__ = ("above", "below", "of")

    def __init__(self, of: Field, above: PolyElement, below: dict[int, int]) -> None:
        self.of, self.above, self.below = of, above, below if above else {}

    def __add__(self, other: PolynomialQuotient) -> PolynomialQuotient:
        self.of.watch(self.above, other.above)
        if self.below == other.below:
            return PolynomialQuotient(self.of, self.above + other.above, self.below)
        most = {f: max(self.below.get(f, 0), other.below.get(f, 0)) for f in {**self.below, **other.below}}
        return PolynomialQuotient(self.of, self._over(most) + other._over(most), most)

    def _over(self, below: dict[int, int]) -> PolyElement:
        out = self.above
        for f, n in below.items():
            out = self.of.multiplied(out, f, n - self.below.get(f, 0))
        return out

    def __mul__(self, other: PolynomialQuotient) -> PolynomialQuotient:
        self.of.watch(self.above, other.above, product=True)
        below = dict(self.below)
        for f, n in other.below.items():
            below[f] = below.get(f, 0) + n
        return self.of.reduced(self.above * other.above, below)

    def __neg__(self) -> PolynomialQuotient:
        return PolynomialQuotient(self.of, -self.above, self.below)

    def __sub__(self, other: PolynomialQuotient) -> PolynomialQuotient:
        return self + -other


class Field:
    """The polynomials, the factors that stand in denominators, and the bounds of the work."""

    def __init__(self, generators: int, budget: Budget) -> None:
        self.ring, *self.generators = ring([f"g{n}" for n in range(generators)], QQ)
        self._budget = budget
        self.factors: list[PolyElement] = []
        self._numbers: dict[PolyElement, int] = {}
        self.used = 0

    def watch(self, a: PolyElement, b: PolyElement, product: bool = False) -> None:
        count = len(a) * len(b) if product else len(a) + len(b)
        if count > MOST_MONOMIALS:
            raise NoProof
        self._spend(count)

    def _spend(self, monomials: int) -> None:
        self._budget.spend(1 + monomials // MONOMIALS)
        if self._budget.spent:
            raise NoProof

    def number(self, value: Any) -> PolynomialQuotient:
        return PolynomialQuotient(self, self.ring(value), {})

    def new(self) -> PolyElement:
        if self.used == len(self.generators):
            raise NoProof
        self.used += 1
        return self.generators[self.used - 1]

    def multiplied(self, p: PolyElement, factor: int, times: int) -> PolyElement:
        for _ in range(times):
            self.watch(p, self.factors[factor], product=True)
            p = p * self.factors[factor]
        return p

    def reduced(self, above: PolyElement, below: dict[int, int]) -> PolynomialQuotient:
        """Factors of the denominator that divide the numerator are taken out of both."""
        if not above:
            return PolynomialQuotient(self, above, {})
        out: dict[int, int] = {}
        for f, n in below.items():
            while n:
                self._spend(len(above))
                divided, rest = above.div(self.factors[f])
                if rest:
                    break
                above, n = divided, n - 1
            if n:
                out[f] = n
        return PolynomialQuotient(self, above, out)

    def reciprocal(self, q: PolynomialQuotient) -> PolynomialQuotient:
        if not q.above:
            raise ZeroDivisionError
        content, primitive = q.above.primitive()
        if primitive.LC < 0:
            content, primitive = -content, -primitive
        above = self.ring(1)
        for f, n in q.below.items():
            above = self.multiplied(above, f, n)
        above = above.mul_ground(1 / content)
        below: dict[int, int] = {}
        if len(primitive) == 1:
            (monomial,) = primitive.keys()
            parts = [(self.generators[g], n) for g, n in enumerate(monomial) if n]
        else:
            parts = [(primitive, 1)]
        for part, n in parts:
            if part not in self._numbers:
                self._numbers[part] = len(self.factors)
                self.factors.append(part)
            below[self._numbers[part]] = n
        return self.reduced(above, below)


# ---------------------------------------------------------------- entries


class Entries(Evaluation):
    """Every entry as a quotient."""

    def matmul(self, x: Array, y: Array) -> Array:
        """By products and sums: NumPy's own goes on after an entry has raised."""
        return np.add.reduce(x[..., :, :, None] * y[..., None, :, :], axis=-2)

    def __init__(self, question: Question, sizes: Sizes, assumed: bool, budget: Budget) -> None:
        super().__init__(question.world, sizes, 1, assumed)
        self.field = Field(MOST_ENTRIES + MOST_ATOMS, budget)
        self._entries = 0
        self._constants: dict[str, PolynomialQuotient] = {}
        self._atoms: dict[str, list[tuple[PolynomialQuotient, PolynomialQuotient]]] = {}
        self._squares: dict[int, PolynomialQuotient] = {}
        """Number of a generator s -> u where s² = u, in the order in which they were made."""
        self._booleans: set[int] = set()

    def ones(self) -> Array:
        return self._array(self.field.number(1), 1)

    def _array(self, value: PolynomialQuotient, axes: int) -> Array:
        out = np.empty((1,) * axes, dtype=object)
        out[...] = value
        return out

    def draw(self, name: str, shape: tuple[int, ...]) -> Array:
        self._entries += prod(shape)
        if self._entries > MOST_ENTRIES:
            raise NoProof
        out = np.empty((1, *shape), dtype=object)
        for at in np.ndindex(*out.shape):
            out[at] = PolynomialQuotient(self.field, self.field.new(), {})
        return out

    def reciprocal(self, x: Array) -> Array:
        return np.asarray(np.frompyfunc(self.field.reciprocal, 1, 1)(x))

    def weight(self, x: Array) -> Array:
        return np.asarray(np.frompyfunc(lambda q: -len(q.above) if q.above else -(10**9), 1, 1)(x)).astype(int)

    def maximum(self, node: Max) -> Array:
        raise NoProof

    # ------------------------------------------------------------ formulas

    def _fraction(self, above: int, below: int, args: Arguments) -> Array:
        return self._array(self.field.number(QQ(above, below)), 1 + len(args.free))

    def _irrational(self, e: sympy.Expr, args: Arguments) -> Array:
        raise NoProof

    def _extreme(self, e: sympy.Expr, args: Arguments) -> Array:
        sign = 1 if isinstance(e, sympy.Max) else -1
        out = self.formula(sign * e.args[0], args)
        for a in e.args[1:]:
            out = np.asarray(np.frompyfunc(self._larger, 2, 1)(out, self.formula(sign * a, args)), dtype=object)
        return out if sign == 1 else -out

    def _function(self, e: sympy.Function, args: Arguments) -> Array:
        if type(e) in _FORMS:
            return self.formula(_FORMS[type(e)].xreplace({scalar.slot(0): e.args[0]}), args)
        if isinstance(e, sympy.exp):
            return self._each(self._exp, self.formula(e.args[0], args))
        if len(e.args) == 1 and not isinstance(e, sympy.floor):
            name = e.func.__name__
            return self._each(lambda q: self._atom(name, q), self.formula(e.args[0], args))
        raise NoProof

    def _each(self, function: Any, x: Array) -> Array:
        return np.asarray(np.frompyfunc(function, 1, 1)(x), dtype=object)

    def _name(self, s: sympy.Symbol, args: Arguments) -> Array:
        if s in scalar.slots_of(s):
            return args.arrays[scalar.slot_number(s)]
        if s.name in self.sizes:
            return self._array(self.field.number(self.sizes[s.name]), 1 + len(args.free))
        if s.name not in self._constants:
            self._constants[s.name] = PolynomialQuotient(self.field, self.field.new(), {})
        return self._array(self._constants[s.name], 1 + len(args.free))

    def _pow(self, base: sympy.Expr, exponent: sympy.Expr, args: Arguments) -> Array:
        if not exponent.is_Rational or exponent.q > 2:
            raise NoProof
        x = self.formula(base, args)
        root = x if exponent.q == 1 else self._each(self._sqrt, x)
        out = reduce(self.times, repeat(root, abs(int(exponent.p))))
        return out if exponent > 0 else self.reciprocal(out)

    def _piecewise(self, e: sympy.Piecewise, args: Arguments) -> Array:
        one = self._array(self.field.number(1), 1 + len(args.free))
        out = self.formula(e.args[-1][0], args)
        for branch, condition in reversed(e.args[:-1]):
            if not isinstance(condition, sympy.core.relational.Relational):
                raise NoProof
            left, right = scalar.sides(condition)
            u = self.formula(left - right, args)
            if isinstance(condition, sympy.StrictGreaterThan):
                where = self._each(self._positive, u)
            elif isinstance(condition, sympy.StrictLessThan):
                where = self._each(self._positive, -u)
            elif isinstance(condition, sympy.GreaterThan):
                where = one - self._each(self._positive, -u)
            elif isinstance(condition, sympy.LessThan):
                where = one - self._each(self._positive, u)
            else:
                raise NoProof
            out = out + where * (self.formula(branch, args) - out)
        return out

    # ------------------------------------------------------------ atoms

    def _found(self, name: str, q: PolynomialQuotient) -> PolynomialQuotient | None:
        return next((v for u, v in self._atoms.get(name, ()) if not (u - q).above), None)

    def _atom(self, name: str, q: PolynomialQuotient) -> PolynomialQuotient:
        found = self._found(name, q)
        if found is None:
            found = PolynomialQuotient(self.field, self.field.new(), {})
            self._atoms.setdefault(name, []).append((q, found))
        return found

    def _positive(self, q: PolynomialQuotient) -> PolynomialQuotient:
        """1[q > 0]."""
        if not q.above:
            return self.field.number(0)
        if not q.below and q.above.is_ground:
            return self.field.number(1 if q.above.LC > 0 else 0)
        found = self._atom("positive", q)
        self._booleans.add(self.field.generators.index(found.above))
        return found

    def _larger(self, a: PolynomialQuotient, b: PolynomialQuotient) -> PolynomialQuotient:
        """b + (a − b) 1[a − b > 0], the difference the way round that has a positive first coefficient."""
        difference = a - b
        if difference.above and difference.above.LC < 0:
            difference, b = -difference, a
        return b + difference * self._positive(difference)

    def _sqrt(self, q: PolynomialQuotient) -> PolynomialQuotient:
        found = self._atom("sqrt", q)
        self._squares.setdefault(self.field.generators.index(found.above), q)
        return found

    def _exp(self, q: PolynomialQuotient) -> PolynomialQuotient:
        """exp of a polynomial: a product of powers, one a monomial; of a quotient q: an atom, or 1/exp(−q)."""
        if q.below:
            found = self._found("exp", -q)
            return self._atom("exp", q) if found is None else self.field.reciprocal(found)
        out = self.field.number(1)
        for monomial, c in q.above.terms():
            part = PolynomialQuotient(self.field, self.field.ring.from_dict({monomial: QQ(1, c.denominator)}), {})
            power = self._atom("exp", part)
            power = power if c > 0 else self.field.reciprocal(power)
            if abs(c.numerator) > 8:
                raise NoProof
            for _ in range(abs(int(c.numerator))):
                out = out * power
        return out

    # ------------------------------------------------------------ zero

    def vanishes(self, q: PolynomialQuotient) -> bool:
        """True where the numerator is 0 once squares of roots and of indicators are replaced."""
        above = q.above
        for g in sorted(self._squares, reverse=True):
            above = self._lowered(above, g)
        return not self._idempotent(above)

    def _lowered(self, p: PolyElement, g: int) -> PolyElement:
        """p with s² = u for the generator s, times the denominators of u."""
        u = self._squares[g]
        most = max((m[g] // 2 for m in p), default=0)
        if not most:
            return p
        below = self.field.ring(1)
        for f, n in u.below.items():
            below = self.field.multiplied(below, f, n)
        parts: dict[int, dict[tuple[int, ...], Any]] = {}
        for m, c in p.terms():
            parts.setdefault(m[g] // 2, {})[(*m[:g], m[g] % 2, *m[g + 1 :])] = c
        out = self.field.ring(0)
        for n, terms in parts.items():
            part = self.field.ring.from_dict(terms)
            for power, times in ((u.above, n), (below, most - n)):
                for _ in range(times):
                    self.field.watch(part, power, product=True)
                    part = part * power
            out = out + part
        return out

    def _idempotent(self, p: PolyElement) -> PolyElement:
        out = self.field.ring(0)
        terms: dict[tuple[int, ...], Any] = {}
        for m, c in p.terms():
            lowered = tuple(min(n, 1) if g in self._booleans else n for g, n in enumerate(m))
            terms[lowered] = terms.get(lowered, 0) + c
        return out + self.field.ring.from_dict({m: c for m, c in terms.items() if c})


_x = scalar.slot(0)
_FORMS: dict[type, sympy.Expr] = {**scalar.IN_EXP, sympy.Abs: sympy.Piecewise((_x, _x > 0), (-_x, True))}
