"""Values in real numbers: float64, balls of many digits (FLINT's arb), and fractions.

Inputs are the same number in all three: fractions whose denominators are large primes, drawn by a hash like all else
that is random. An unknown function f is a sum of waves, or a polynomial where fractions are wanted; its derivatives
are true ones.

A ball holds the value: where the difference of two sides has one without 0, they differ. Where it has 0, they are
equal as far as one sees, and no further: a ball that is `dim` has had a part too small to be seen, or a value so near
to a limit that the two are one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from functools import reduce
from typing import Any

import flint
import numpy as np
import sympy

from symjac.core import scalar
from symjac.core.expr import Expr, Max
from symjac.equality.arrays import Arguments, Array, Definitions, Evaluation, TooLarge
from symjac.equality.chains import digest, is_prime

PRECISIONS = (256, 1024, 4096)
"""Bits of balls, one after the other, until the sides are told apart or nothing is dim."""

FEW = 1 << 20
"""Entries of an array of Python numbers."""


class NotRational(Exception):
    """A map has no exact value in fractions."""


class Unseen(Exception):
    """A condition of a function by cases is not decided at the highest precision; the text says which."""


# ---------------------------------------------------------------- inputs

Range = tuple[int, int, int, int]
"""Inputs are sign · n / denominator with least <= n <= most; the last number is 1 where all are positive."""

MOST_BITS = 1 << 12
"""Of a number that stands in an unknown function, where that is a polynomial."""

SIGNED: Range = (13, 96, 64, 0)
POSITIVE: Range = (13, 128, 64, 1)
UNIT: Range = (7, 57, 64, 1)
LARGE: Range = (70, 192, 64, 1)
FAR: Range = (13, 512, 64, 0)
WIDE: Range = (64, 1 << 18, 64, 0)
SMALL: Range = (1, 32, 128, 0)
"""For long sums, so that exponentials of them are neither 0 nor all that counts."""
LEAST = 1e-7
"""What counts as large beside rounding, of such inputs."""
RANGES = (SIGNED, POSITIVE, UNIT, LARGE)
SIMPLE: Range = (1, 3, 1, 0)
SIMPLE_POSITIVE: Range = (1, 4, 1, 1)
HALVES: Range = (1, 5, 2, 0)
PARTS: Range = (1, 4, 5, 1)
_SHOWN = (SIMPLE, SIMPLE_POSITIVE, HALVES, PARTS)
"""Ranges of the points that people are shown; in the others the bounds alone are multiples of 1/denominator."""


def inputs(name: str, shape: tuple[int, ...], seed: int, within: Range, key: str = "") -> tuple[Array, int]:
    """Numerators drawn for a name, and the common denominator: a prime, but where the point is to be shown."""
    least, most, denominator, positive = within
    rng = np.random.default_rng(digest("inputs", key, name, seed, *within))
    if within not in _SHOWN:
        q = _prime(rng)
        least, most, denominator = least * q // denominator, most * q // denominator, q
    n = rng.integers(least, most, size=shape, endpoint=True)
    return (n if positive else n * rng.choice([-1, 1], size=shape)), denominator


def _prime(rng: np.random.Generator) -> int:
    """A prime of 30 or 31 bits."""
    n = int(rng.integers(1 << 28, 1 << 30)) * 2 + 1
    while not is_prime(n):
        n += 2
    return n


def wave(name: str, key: str = "") -> list[tuple[Fraction, Fraction, Fraction]]:
    """(c, w, p) of f(x) = Σ c sin(w x + p), without symmetry."""
    rng = np.random.default_rng(digest("wave", key, name))
    q = _prime(rng)
    return [
        (Fraction(int(a), q), Fraction(int(b), q), Fraction(int(c), q))
        for a, b, c in rng.integers(17 * q // 32, 60 * q // 32, (3, 3))
    ]


def polynomial(name: str) -> sympy.Expr:
    """The f that counterexamples are shown with, in `scalar.slot(0)`."""
    rng = np.random.default_rng(digest("polynomial", name))
    a, b = (int(n) for n in rng.integers(1, 3, 2))
    x = scalar.slot(0)
    return x**3 + a * x**2 + b * x


# ---------------------------------------------------------------- evaluation


class Reals(Evaluation):
    """Values at one point. Subclasses say what the numbers are."""

    def __init__(
        self,
        world: Definitions,
        sizes: Mapping[str, int],
        seed: int,
        within: Range = SIGNED,
        facts: bool = True,
        keep: Container[str] = (),
        simple: bool = False,
        claim: str = "",
    ) -> None:
        super().__init__(world, sizes, 1, facts, keep)
        self.seed = seed
        self.claim = claim
        """What points are drawn by, beside the seed."""
        self.within = within
        self.simple = simple
        """Unknown functions are polynomials."""
        self.unknowns: set[str] = set()
        self.constants: dict[str, Any] = {}

    @property
    def key(self) -> tuple[object, ...]:
        return *super().key, self.seed, self.within, self.simple, self.claim

    def scalar_number(self, value: Fraction) -> Any:
        raise NotImplementedError

    def call(self, function: type[sympy.Function], x: Array) -> Array:
        """An elementary function of one argument."""
        raise NotImplementedError

    def power(self, x: Array, exponent: sympy.Expr, args: Arguments) -> Array:
        raise NotImplementedError

    def atomic(self, e: sympy.Expr) -> Any:
        """π and the like."""
        raise NotImplementedError

    def fractions(self, values: Array, denominator: int) -> Array:
        raise NotImplementedError

    def draw(self, name: str, shape: tuple[int, ...]) -> Array:
        return self.fractions(*inputs(name, (1, *shape), self.seed, self.within, self.claim))

    def ones(self) -> Array:
        return self.fractions(np.ones(1, dtype=np.int64), 1)

    def _flat(self, value: Any, args: Arguments) -> Array:
        return np.asarray(value).reshape((1,) * (1 + len(args.free)))

    def _fraction(self, above: int, below: int, args: Arguments) -> Array:
        return self._flat(self.scalar_number(Fraction(above, below)), args)

    def _irrational(self, e: sympy.Expr, args: Arguments) -> Array:
        return self._flat(self.atomic(e), args)

    def _piecewise(self, e: sympy.Piecewise, args: Arguments) -> Array:
        out = self.formula(e.args[-1][0], args)
        for branch, condition in reversed(e.args[:-1]):
            out = np.where(self._condition(condition, args), self.formula(branch, args), out)
        return out

    def _extreme(self, e: sympy.Expr, args: Arguments) -> Array:
        pick = self.larger if isinstance(e, sympy.Max) else self.smaller
        return reduce(pick, [self.formula(a, args) for a in e.args])

    def _function(self, e: sympy.Function, args: Arguments) -> Array:
        if isinstance(e, sympy.Abs):
            return np.abs(self.formula(e.args[0], args))
        if isinstance(e, sympy.sign):
            x, one = self.formula(e.args[0], args), self.ones().reshape(-1)[0]
            zero = one - one
            above, below = self.related(sympy.StrictGreaterThan, x, zero), self.related(sympy.StrictLessThan, x, zero)
            return np.where(above, one, zero) - np.where(below, one, zero)
        if type(e) in scalar.STABLE:
            return self.formula(scalar.STABLE[type(e)].xreplace({scalar.slot(0): e.args[0]}), args)
        if isinstance(e, scalar.Unknown):
            return self.unknown(e.name, e.order, self.formula(e.args[0], args))
        return self.call(type(e), self.formula(e.args[0], args))

    def _name(self, s: sympy.Symbol, args: Arguments) -> Array:
        if s in scalar.slots_of(s):
            return args.arrays[scalar.slot_number(s)]
        if s.name in self.sizes:
            return self._flat(self.scalar_number(Fraction(self.sizes[s.name])), args)
        least, most, denominator, _ = self.within
        within = (least, most, denominator, 1)
        values = inputs(f"constant {s.name}", (1,), self.seed, within, self.claim)
        self.constants[s.name] = self.fractions(*values)[0]
        return self._flat(self.constants[s.name], args)

    def _pow(self, base: sympy.Expr, exponent: sympy.Expr, args: Arguments) -> Array:
        x = self.formula(base, args)
        if exponent.is_Integer:
            out = self.whole_power(x, abs(int(exponent)))
            return out if exponent > 0 else self.reciprocal(out)
        if exponent == sympy.Rational(1, 2):
            return self.call(sympy.sqrt, x)
        if exponent == sympy.Rational(-1, 2):
            return self.reciprocal(self.call(sympy.sqrt, x))
        return self.power(x, exponent, args)

    def _condition(self, c: sympy.Basic, args: Arguments) -> Any:
        if c in (sympy.true, sympy.false):
            return np.full((1,) * (1 + len(args.free)), bool(c))
        if isinstance(c, sympy.And | sympy.Or):
            parts = [self._condition(a, args) for a in c.args]
            return (np.logical_and if isinstance(c, sympy.And) else np.logical_or).reduce(np.broadcast_arrays(*parts))
        if isinstance(c, sympy.Not):
            return ~self._condition(c.args[0], args)
        if not isinstance(c, sympy.core.relational.Relational):
            raise TypeError(f"{type(c).__name__} is no condition of the language")
        return self.related(type(c), *(self.formula(side, args) for side in scalar.sides(c)))

    def whole_power(self, x: Array, n: int) -> Array:
        out = x
        for _ in range(n - 1):
            out = out * x
        return out

    def related(self, relation: type, x: Array, y: Array) -> Array:
        """Where x < y, or what else the relation says."""
        return scalar.RELATIONS[relation](x, y)

    def larger(self, x: Array, y: Array) -> Array:
        return np.maximum(x, y)

    def smaller(self, x: Array, y: Array) -> Array:
        return np.minimum(x, y)

    def unknown(self, name: str, order: int, x: Array) -> Array:
        """Σ c wⁿ sin(w x + p + n π/2), or a polynomial's derivative."""
        self.unknowns.add(name)
        out: Any = 0 * x
        if self.simple:
            if any(isinstance(v, Fraction) and v.numerator.bit_length() > MOST_BITS for v in x.flat):
                raise TooLarge(f"{name} of a number of more than {MOST_BITS} bits")
            f = sympy.Poly(polynomial(name), scalar.slot(0)).diff((0, order)) if order else sympy.Poly(polynomial(name))
            for c in f.all_coeffs():
                out = out * x + self.scalar_number(Fraction(int(c)))
            return np.asarray(out)
        for c, w, p in wave(name, self.claim):
            turned = self.scalar_number(w) * x + self.scalar_number(p)
            value = self.call(sympy.cos if order % 2 else sympy.sin, turned)
            sign = -1 if order % 4 in (2, 3) else 1
            out = out + self.scalar_number(sign * c * w**order) * value
        return np.asarray(out)

    rounding = Fraction(0)
    """A pivot is 0 where it is smaller, beside the largest entry of the matrix."""

    def weight(self, x: Array) -> Array:
        return np.abs(x)

    def pivot(self, x: Array, matrices: Array) -> Array:
        if not self.rounding:
            return x
        return np.where(np.abs(x) < np.abs(matrices).max(axis=(-2, -1)) * self.scalar_number(self.rounding), 0 * x, x)


class Doubles(Reals):
    """float64."""

    by_entries = True
    rounding = Fraction(1, 10**10)

    def scalar_number(self, value: Fraction) -> Any:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf

    def fractions(self, values: Array, denominator: int) -> Array:
        return np.asarray(values / denominator)

    def atomic(self, e: sympy.Expr) -> Any:
        return float(e) if e.is_real else float("nan")

    def reciprocal(self, x: Array) -> Array:
        return 1.0 / x

    def call(self, function: type[sympy.Function], x: Array) -> Array:
        if function is sympy.erf:
            return np.asarray(np.vectorize(math.erf, otypes=[float])(x))
        if function is sympy.floor:
            return np.floor(x)
        if function in scalar.NUMPY_NAMES:
            return np.asarray(getattr(np, scalar.NUMPY_NAMES[function])(x))
        raise TypeError(f"{function.__name__} is not in the language")

    def power(self, x: Array, exponent: sympy.Expr, args: Arguments) -> Array:
        return np.asarray(x ** self.formula(exponent, args))


class Balls(Reals):
    """Balls that hold the real values, of so many bits."""

    largest = FEW

    def __init__(self, *args: Any, bits: int = PRECISIONS[0], **more: Any) -> None:
        super().__init__(*args, **more)
        self.bits = bits
        self.dim = ""
        """The part that was too small to be seen, or too near to a limit; empty where all was seen."""
        with self.precision():
            self._least, self._most = flint.arb(2) ** (-bits // 4), flint.arb(2) ** (bits // 4)

    @property
    def key(self) -> tuple[object, ...]:
        return *super().key, self.bits

    @contextmanager
    def precision(self) -> Iterator[None]:
        before, flint.ctx.prec = flint.ctx.prec, self.bits
        try:
            yield
        finally:
            flint.ctx.prec = before

    def of(self, e: Expr) -> Array:
        with self.precision():
            return super().of(e)

    def _node(self, node: Expr) -> Array:
        out = super()._node(node)
        self._looked_at(out, type(node).__name__.lower())
        return out

    def _evaluated(self, e: sympy.Basic, args: Arguments) -> Array:
        known = args.done.get(e)
        if known is None:
            known = super()._evaluated(e, args)
            self._looked_at(known, str(e))
        return known

    def _looked_at(self, x: Array, what: str) -> None:
        if self.dim:
            return
        for v in x.flat:
            if not (self._least < v < self._most or -self._most < v < -self._least or v == 0) and v.is_finite():
                self.dim = f"{_short(v)} in {what}"
                return

    def scalar_number(self, value: Fraction) -> Any:
        return flint.arb(flint.fmpq(value.numerator, value.denominator))

    def fractions(self, values: Array, denominator: int) -> Array:
        ball = np.frompyfunc(lambda n: flint.arb(flint.fmpq(int(n), denominator)), 1, 1)
        return np.asarray(ball(values.astype(object)), dtype=object)

    def atomic(self, e: sympy.Expr) -> Any:
        if e not in _ATOMIC:
            raise TypeError(f"{e} is not in the language")
        return _ATOMIC[e]()

    def reciprocal(self, x: Array) -> Array:
        return np.asarray(np.frompyfunc(lambda v: 1 / v, 1, 1)(x), dtype=object)

    def call(self, function: type[sympy.Function], x: Array) -> Array:
        name = _ARB.get(function)
        if name is None:
            raise TypeError(f"{function.__name__} is not in the language")
        if function in _NEAR_A_LIMIT and not self.dim:
            far = next((v for v in x.flat if v.is_finite() and not abs(v) < self.bits // 12), None)
            self.dim = "" if far is None else f"{name}({_short(far)})"
        return np.asarray(np.frompyfunc(lambda v: getattr(v, name)(), 1, 1)(x), dtype=object)

    def power(self, x: Array, exponent: sympy.Expr, args: Arguments) -> Array:
        return np.asarray(x ** self.formula(exponent, args), dtype=object)

    def whole_power(self, x: Array, n: int) -> Array:
        return np.asarray(np.frompyfunc(lambda v: v**n, 1, 1)(x), dtype=object)

    def related(self, relation: type, x: Array, y: Array) -> Array:
        return np.asarray(np.frompyfunc(lambda a, b: _related(relation, a, b), 2, 1)(x, y)).astype(bool)

    def larger(self, x: Array, y: Array) -> Array:
        return np.asarray(np.frompyfunc(_larger, 2, 1)(x, y), dtype=object)

    def smaller(self, x: Array, y: Array) -> Array:
        return -self.larger(-x, -y)

    def maximum(self, node: Max) -> Array:
        body, axes = self._values[node.body], tuple(1 + node.body.free.index(i) for i in node.over)
        kept = [a for a in range(body.ndim) if a not in axes]
        flat = body.transpose([*kept, *axes]).reshape(*(body.shape[a] for a in kept), -1)
        return np.asarray(np.frompyfunc(_larger, 2, 1).reduce(flat, axis=-1), dtype=object)

    def weight(self, x: Array) -> Array:
        return np.abs(x.astype(float))

    def pivot(self, x: Array, matrices: Array) -> Array:
        """A pivot that may be 0 is taken to be."""
        return np.asarray(np.frompyfunc(lambda v: flint.arb(0) if v.contains(0) else v, 1, 1)(x), dtype=object)


def _short(v: Any) -> str:
    return str(v.str(3, radius=False))


def ball_text(v: Any, digits: int) -> str:
    return str(v.str(digits, radius=False))


def _same(a: Any, b: Any) -> bool:
    return bool(a.mid() == b.mid() and a.rad() == b.rad())


def _larger(a: Any, b: Any) -> Any:
    return a if a > b or _same(a, b) else b if b > a else a.max(b)


def _related(relation: type, a: Any, b: Any) -> bool:
    """Raises Unseen where the balls do not say. Two balls that are the same are of one number."""
    if _same(a, b) or not (a.is_finite() and b.is_finite()):
        return relation in (sympy.GreaterThan, sympy.LessThan, sympy.Equality)
    if a > b:
        return relation in (sympy.StrictGreaterThan, sympy.GreaterThan, sympy.Unequality)
    if a < b:
        return relation in (sympy.StrictLessThan, sympy.LessThan, sympy.Unequality)
    raise Unseen(f"whether {_short(a)} is larger than {_short(b)}")


_ATOMIC: dict[sympy.Expr, Callable[[], Any]] = {
    sympy.pi: flint.arb.pi,
    sympy.E: flint.arb.const_e,
    sympy.EulerGamma: flint.arb.const_euler,
    sympy.Catalan: flint.arb.const_catalan,
}
_NEAR_A_LIMIT = frozenset({sympy.tanh, sympy.erf, sympy.coth, sympy.sech, sympy.csch})
"""Functions that are so near to −1, 0 or 1 far out that balls do not tell."""
_ARB: dict[Any, str] = {
    getattr(sympy, name): name
    for name in (
        "exp", "log", "sqrt", "tanh", "sinh", "cosh", "sin", "cos", "tan", "atan", "asinh", "erf", "floor", "asin",
        "acos", "acosh", "atanh", "sech", "csch", "coth", "cot", "sec", "csc",
    )
} | {sympy.ceiling: "ceil"}  # fmt: skip


class Rationals(Reals):
    """Fractions. Raises NotRational for maps that have no such value, ZeroDivisionError."""

    largest = FEW

    def scalar_number(self, value: Fraction) -> Any:
        return value

    def fractions(self, values: Array, denominator: int) -> Array:
        return np.frompyfunc(lambda n: Fraction(int(n), denominator), 1, 1)(values.astype(object))

    def _flat(self, value: Any, args: Arguments) -> Array:
        out = np.empty((1,) * (1 + len(args.free)), dtype=object)
        out[...] = value
        return out

    def atomic(self, e: sympy.Expr) -> Any:
        raise NotRational(str(e))

    def reciprocal(self, x: Array) -> Array:
        return np.asarray(np.frompyfunc(lambda v: 1 / v, 1, 1)(x))

    def call(self, function: type[sympy.Function], x: Array) -> Array:
        raise NotRational(function.__name__)

    def power(self, x: Array, exponent: sympy.Expr, args: Arguments) -> Array:
        raise NotRational("power")
