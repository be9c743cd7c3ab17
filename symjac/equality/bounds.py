"""Between which numbers an expression lies, whatever its quantities are: interval arithmetic in fractions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import sympy

from symjac.core import scalar
from symjac.core.expr import Add, Contract, Determinant, Expr, Identity, Inverse, Map, Max, Number, Symbol, apply, walk
from symjac.equality.arrays import Definitions

End = Any
"""A fraction, or an infinity."""
Interval = tuple[End, End]

ALL: Interval = (-math.inf, math.inf)
ABOVE: Interval = (Fraction(0), math.inf)
BELOW: Interval = (-math.inf, Fraction(0))
UNIT: Interval = (Fraction(0), Fraction(1))
WAVE: Interval = (Fraction(-1), Fraction(1))
SEVERAL: Interval = (Fraction(1), math.inf)
"""Sizes, and how many terms a sum over an index has."""

MOST_POWER = 64
MOST_BITS = 1 << 12


def bounds(e: Expr, world: Definitions, positive: Iterable[Expr] = ()) -> Interval:
    """Numbers between which every entry of `e` lies at all points and sizes, under the facts of the world, where the
    entries of `positive` are not negative."""
    known: dict[Expr, Interval] = dict.fromkeys(positive, ABOVE)
    named: dict[str, Interval] = {
        p.name: ABOVE for p in known if isinstance(p, Symbol) and p.name not in world.equations
    }
    for q in world.needed(e, assumed=True):
        named[q.lhs.name] = _of(q.rhs, known, named)
    return _of(e, known, named)


def under_roots(parts: Iterable[Expr]) -> Iterator[Expr]:
    """What stands in a logarithm or under a root, outside of cases: it is not negative where the parts have values."""
    for node in (n for part in parts for n in walk(part) if isinstance(n, Map)):
        for a in _under(node.formula):
            yield apply(a, node.args)


def _under(f: sympy.Basic) -> Iterator[sympy.Expr]:
    if isinstance(f, sympy.Piecewise):
        return
    if isinstance(f, sympy.log):
        yield f.args[0]
    if isinstance(f, sympy.Pow) and f.exp.is_Rational and not f.exp.is_Integer:
        yield f.base
    for a in f.args:
        yield from _under(a)


def _of(e: Expr, known: dict[Expr, Interval], named: dict[str, Interval]) -> Interval:
    stack = [(e, False)]
    while stack:
        node, ready = stack.pop()
        if node in known:
            continue
        if ready:
            known[node] = _short(_node(node, known, named))
        else:
            stack.append((node, True))
            stack.extend((c, False) for c in node.children)
    return known[e]


def _short(x: Interval) -> Interval:
    """Ends of many digits are given up."""
    low, high = x
    if isinstance(low, Fraction) and max(abs(low.numerator), low.denominator).bit_length() > MOST_BITS:
        low = Fraction(0) if low > 0 else -math.inf
    if isinstance(high, Fraction) and max(abs(high.numerator), high.denominator).bit_length() > MOST_BITS:
        high = Fraction(0) if high < 0 else math.inf
    return low, high


def _node(node: Expr, known: dict[Expr, Interval], named: dict[str, Interval]) -> Interval:
    match node:
        case Number():
            return _formula(node.value, ())
        case Symbol():
            return named.get(node.name, ALL)
        case Identity():
            return UNIT
        case Add():
            return _sum([known[t] for t in node.terms])
        case Contract():
            out = SEVERAL if node.summed else (Fraction(1), Fraction(1))
            for f in dict.fromkeys(node.factors):
                out = _product(out, _power(known[f], node.factors.count(f)))
            return out
        case Map():
            return _formula(node.formula, [known[a] for a in node.args])
        case Max():
            return known[node.body]
        case Inverse() | Determinant():
            return ALL
    raise TypeError(f"no bounds for {type(node).__name__}")


def _formula(e: sympy.Basic, args: Sequence[Interval]) -> Interval:
    if isinstance(e, sympy.Symbol):
        if e in scalar.slots_of(e):
            return args[scalar.slot_number(e)]
        return SEVERAL if e.is_integer else ABOVE if e.is_positive else ALL
    if isinstance(e, sympy.Float):
        e = sympy.Rational(str(e))
    if isinstance(e, sympy.Rational):
        value = Fraction(int(e.p), int(e.q))
        return value, value
    if isinstance(e, sympy.Piecewise):
        branches = [_formula(value, args) for value, _ in e.args]
        return min(low for low, _ in branches), max(high for _, high in branches)
    if isinstance(e, sympy.Pow):
        return _raised(_formula(e.base, args), e.exp)
    inner = [_formula(a, args) for a in e.args]
    if isinstance(e, sympy.Add):
        return _sum(inner)
    if isinstance(e, sympy.Mul):
        out = inner[0]
        for x in inner[1:]:
            out = _product(out, x)
        return out
    if isinstance(e, sympy.Max | sympy.Min):
        pick = max if isinstance(e, sympy.Max) else min
        return pick(low for low, _ in inner), pick(high for _, high in inner)
    if isinstance(e, sympy.Abs):
        return _magnitude(inner[0])
    if isinstance(e, sympy.exp):
        return _exponential(inner[0])
    return next((known for functions, known in _RANGES if isinstance(e, functions)), ALL)


_RANGES: tuple[tuple[tuple[type, ...], Interval], ...] = (
    ((sympy.sign, sympy.tanh, sympy.erf, sympy.sin, sympy.cos), WAVE),
    ((scalar.Logistic, scalar.Share, sympy.sech), UNIT),
    ((scalar.Softplus,), ABOVE),
    ((sympy.cosh,), SEVERAL),
)


def _sum(several: Sequence[Interval]) -> Interval:
    return sum(low for low, _ in several), sum(high for _, high in several)


def _product(x: Interval, y: Interval) -> Interval:
    ends = [_times(a, b) for a in x for b in y]
    return min(ends), max(ends)


def _times(a: End, b: End) -> End:
    """0 · ∞ = 0: infinity is a bound that is not attained."""
    return Fraction(0) if a == 0 or b == 0 else a * b


def _power(x: Interval, n: int) -> Interval:
    """xⁿ of one number, n >= 1."""
    if n % 2:
        return (x[0] ** n, x[1] ** n) if n <= MOST_POWER else ALL
    low, high = _magnitude(x)
    return (low**n, high**n) if n <= MOST_POWER else ABOVE


def _raised(x: Interval, exponent: sympy.Expr) -> Interval:
    """x to a power; where that has a real value."""
    whole = bool(exponent.is_Integer)
    if whole and exponent > 0:
        return _power(x, int(exponent))
    if x[0] >= 1 and exponent.is_number and exponent.is_real:
        return SEVERAL if exponent > 0 else UNIT
    if x[0] >= 0 or (exponent.is_number and (not whole or int(exponent) % 2 == 0)):
        return ABOVE
    return BELOW if whole and x[1] <= 0 else ALL


def _magnitude(x: Interval) -> Interval:
    low, high = x
    return (Fraction(0) if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def _exponential(x: Interval) -> Interval:
    low, high = x
    wide = Fraction(1, 10**9)
    least = Fraction(0) if low < -700 else Fraction(math.exp(min(float(low), 700.0))) * (1 - wide)
    return least, math.inf if high > 700 else Fraction(math.exp(max(float(high), -700.0))) * (1 + wide)
