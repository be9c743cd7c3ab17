"""Values in real numbers: float64, 50 digits and more (mpmath), and fractions.

Inputs are multiples of 1/64, the same number in all three. An unknown function f is a sum of waves, or a polynomial
where fractions are wanted; its derivatives are true ones.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Container, Mapping
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy

from symjac.core import scalar
from symjac.verify.arrays import Arguments, Array, Definitions, Evaluation, TooLarge

DIGITS = 50
_mp = mpmath.MPContext()
_mp.dps = DIGITS + 15

FEW = 1 << 20
"""Entries of an array of Python numbers."""


def at_digits(digits: int) -> Any:
    """A context in which `Decimals` are worked out to so many digits."""
    return _mp.workdps(digits)


class NotRational(Exception):
    """A map has no exact value in fractions."""


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
SMALL: Range = (1, 32, 128, 0)
"""For long sums, so that exponentials of them are neither 0 nor all that counts."""
LEAST = 1e-7
"""What counts as large beside rounding, of such inputs."""
RANGES = (SIGNED, POSITIVE, UNIT, LARGE)
SIMPLE: Range = (1, 3, 1, 0)
SIMPLE_POSITIVE: Range = (1, 4, 1, 1)
HALVES: Range = (1, 5, 2, 0)
PARTS: Range = (1, 4, 5, 1)


def inputs(name: str, shape: tuple[int, ...], seed: int, within: Range) -> tuple[Array, int]:
    """Numerators drawn for a name, and the common denominator."""
    least, most, denominator, positive = within
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), *within])
    n = rng.integers(least, most, size=shape, endpoint=True)
    return (n if positive else n * rng.choice([-1, 1], size=shape)), denominator


def wave(name: str) -> list[tuple[Fraction, Fraction, Fraction]]:
    """(c, w, p) of f(x) = Σ c sin(w x + p), without symmetry."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), 1])
    return [
        (Fraction(int(a), 32), Fraction(int(b), 32), Fraction(int(c), 32)) for a, b, c in rng.integers(17, 60, (3, 3))
    ]


def polynomial(name: str) -> sympy.Expr:
    """The f that counterexamples are shown with, in `scalar.slot(0)`."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), 2])
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
    ) -> None:
        super().__init__(world, sizes, 1, facts, keep)
        self.seed = seed
        self.within = within
        self.simple = simple
        """Unknown functions are polynomials."""
        self.unknowns: set[str] = set()
        self.constants: dict[str, Any] = {}

    @property
    def key(self) -> tuple[object, ...]:
        return *super().key, self.seed, self.within, self.simple

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
        return self.fractions(*inputs(name, (1, *shape), self.seed, self.within))

    def ones(self) -> Array:
        return self.fractions(np.ones(1, dtype=np.int64), 1)

    def _flat(self, value: Any, args: Arguments) -> Array:
        return np.asarray(value).reshape((1,) * (1 + len(args.free)))

    def formula(self, f: sympy.Expr, args: Arguments) -> Array:
        known = args.done.get(f)
        if known is None:
            known = args.done[f] = self._worked_out(f, args)
        return known

    def _worked_out(self, e: sympy.Basic, args: Arguments) -> Array:
        if isinstance(e, sympy.Symbol):
            return self._name(e, args)
        if isinstance(e, sympy.Float):
            e = sympy.Rational(str(e))
        if isinstance(e, sympy.Rational):
            return self._flat(self.scalar_number(Fraction(int(e.p), int(e.q))), args)
        if isinstance(e, sympy.Add):
            return sum((self.formula(a, args) for a in e.args[1:]), start=self.formula(e.args[0], args))
        if isinstance(e, sympy.Mul):
            out = self.formula(e.args[0], args)
            for a in e.args[1:]:
                out = out * self.formula(a, args)
            return out
        if isinstance(e, sympy.Pow):
            return self._pow(e, args)
        if isinstance(e, sympy.Piecewise):
            out = self.formula(e.args[-1][0], args)
            for branch, condition in reversed(e.args[:-1]):
                out = np.where(self._condition(condition, args), self.formula(branch, args), out)
            return out
        if isinstance(e, sympy.Max | sympy.Min):
            pick = np.maximum if isinstance(e, sympy.Max) else np.minimum
            out = self.formula(e.args[0], args)
            for a in e.args[1:]:
                out = pick(out, self.formula(a, args))
            return out
        if isinstance(e, sympy.Abs):
            return np.abs(self.formula(e.args[0], args))
        if isinstance(e, sympy.sign):
            x = self.formula(e.args[0], args)
            return (x > 0) * self.ones().reshape(-1)[0] - (x < 0) * self.ones().reshape(-1)[0]
        if e.is_number and not e.args:
            return self._flat(self.atomic(e), args)
        if isinstance(e, sympy.Function) and type(e) in scalar.STABLE:
            return self.formula(scalar.STABLE[type(e)].xreplace({scalar.slot(0): e.args[0]}), args)
        if isinstance(e, scalar.Unknown):
            return self.unknown(e.name, e.order, self.formula(e.args[0], args))
        if isinstance(e, sympy.Function):
            return self.call(type(e), self.formula(e.args[0], args))
        raise TypeError(f"{type(e).__name__} is not in the language")

    def _name(self, s: sympy.Symbol, args: Arguments) -> Array:
        if s in scalar.slots_of(s):
            return args.arrays[scalar.slot_number(s)]
        if s.name in self.sizes:
            return self._flat(self.scalar_number(Fraction(self.sizes[s.name])), args)
        least, most, denominator, _ = self.within
        values = inputs(f"constant {s.name}", (1,), self.seed, (least, most, denominator, 1))
        self.constants[s.name] = self.fractions(*values)[0]
        return self._flat(self.constants[s.name], args)

    def _pow(self, e: sympy.Pow, args: Arguments) -> Array:
        if e.exp.is_Integer:
            n = int(e.exp)
            x = self.formula(e.base, args)
            out = x
            for _ in range(abs(n) - 1):
                out = out * x
            return out if n > 0 else self.reciprocal(out)
        if e.exp == sympy.Rational(1, 2):
            return self.call(sympy.sqrt, self.formula(e.base, args))
        if e.exp == sympy.Rational(-1, 2):
            return self.reciprocal(self.call(sympy.sqrt, self.formula(e.base, args)))
        return self.power(self.formula(e.base, args), e.exp, args)

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
        return scalar.RELATIONS[type(c)](self.formula(c.lhs, args), self.formula(c.rhs, args))

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
        for c, w, p in wave(name):
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
        return float(value)

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


def _safe(function: Callable[..., Any], arguments: int = 1) -> Any:
    """nan where there is no real value."""

    def value(*args: Any) -> Any:
        try:
            out = function(*args)
        except (ValueError, ZeroDivisionError, OverflowError, TypeError):
            return _mp.nan
        return _mp.nan if isinstance(out, _mp.mpc) else out

    return np.frompyfunc(value, arguments, 1)


class Decimals(Reals):
    """65 digits, of which 50 count."""

    rounding = Fraction(1, 10**40)
    largest = FEW

    def scalar_number(self, value: Fraction) -> Any:
        return _mp.mpf(value.numerator) / value.denominator

    def fractions(self, values: Array, denominator: int) -> Array:
        return np.frompyfunc(lambda n: _mp.mpf(int(n)) / denominator, 1, 1)(values.astype(object))

    def atomic(self, e: sympy.Expr) -> Any:
        if not e.is_real:
            return _mp.nan
        return _mp.mpf(sympy.Float(e, DIGITS + 20)._mpf_)

    def reciprocal(self, x: Array) -> Array:
        return _reciprocal(x)

    def call(self, function: type[sympy.Function], x: Array) -> Array:
        if function not in _DECIMAL:
            raise TypeError(f"{function.__name__} is not in the language")
        return _DECIMAL[function](x)

    def power(self, x: Array, exponent: sympy.Expr, args: Arguments) -> Array:
        return _power(x, self.formula(exponent, args))


def decimal_text(value: Any, digits: int) -> str:
    return str(mpmath.nstr(value, digits))


def _within(x: Any) -> Any:
    """Raises OverflowError where x is so large that its exponential has too long an exponent to work with."""
    if abs(x) > LONG:
        raise OverflowError
    return x


LONG = 1 << 256
_SLOW = frozenset({"log", "sqrt", "tanh", "atan", "asinh", "erf", "floor"})
"""Functions that grow no faster than their argument."""

_reciprocal = _safe(lambda x: 1 / x)
_power = _safe(lambda x, y: _within(x) ** _within(y), 2)
_DECIMAL: dict[Any, Callable[..., Any]] = {
    f: _safe(lambda x, name=name: getattr(_mp, name)(x if name in _SLOW else _within(x)))
    for f, name in (
        (sympy.exp, "exp"), (sympy.log, "log"), (sympy.sqrt, "sqrt"), (sympy.tanh, "tanh"), (sympy.sinh, "sinh"),
        (sympy.cosh, "cosh"), (sympy.sin, "sin"), (sympy.cos, "cos"), (sympy.tan, "tan"), (sympy.atan, "atan"),
        (sympy.asinh, "asinh"), (sympy.erf, "erf"), (sympy.floor, "floor"), (sympy.asin, "asin"), (sympy.acos, "acos"),
        (sympy.acosh, "acosh"), (sympy.atanh, "atanh"), (sympy.sech, "sech"), (sympy.csch, "csch"),
        (sympy.coth, "coth"), (sympy.cot, "cot"), (sympy.sec, "sec"), (sympy.csc, "csc"),
    )
}  # fmt: skip


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
