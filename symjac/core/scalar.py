"""The one door to SymPy's scalar calculus: formulas in placeholders `slot(0), slot(1), ...`.

Every function here is pure and cached on the formula, so a formula that occurs in a thousand layers is worked out once.
Kinks: quantities that tie in a maximum or minimum share equally (nested ones flattened); against a number or declared
constant the derivative is 0 (relu'(0) = 0); the absolute value has 0. A `where` has the derivative of the branch that
its condition selects. Away from kinks, derivatives of indicators are 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from math import comb, prod
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import sympy

from symjac.core import complex_step
from symjac.core.memo import MOST_KEPT

_SLOTS = [sympy.Symbol(f"x{i}", real=True) for i in range(64)]
_NUMBERS = {s: i for i, s in enumerate(_SLOTS)}


def slot(i: int) -> sympy.Symbol:
    """The placeholder of argument `i`."""
    while i >= len(_SLOTS):
        new = sympy.Symbol(f"x{len(_SLOTS)}", real=True)
        _NUMBERS[new] = len(_SLOTS)
        _SLOTS.append(new)
    return _SLOTS[i]


def slot_number(s: sympy.Symbol) -> int:
    return _NUMBERS[s]


@lru_cache(maxsize=MOST_KEPT)
def slots_of(formula: sympy.Expr) -> tuple[sympy.Symbol, ...]:
    """The placeholders in `formula`, in order of their numbers."""
    return tuple(sorted((s for s in formula.free_symbols if s in _NUMBERS), key=slot_number))


@lru_cache(maxsize=MOST_KEPT)
def constants_of(formula: sympy.Expr) -> tuple[sympy.Symbol, ...]:
    """The named constants and sizes in `formula`, sorted by name."""
    return tuple(sorted((s for s in formula.free_symbols if s not in _NUMBERS), key=lambda s: s.name))


@lru_cache(maxsize=MOST_KEPT)
def text(formula: sympy.Expr) -> str:
    """The structure as text; assumptions of symbols included, so that unlike symbols never meet."""
    return str(sympy.srepr(formula))


@lru_cache(maxsize=MOST_KEPT)
def is_sum_or_product(formula: sympy.Expr) -> bool:
    """True for a polynomial in the placeholders that is a sum or a product."""
    return isinstance(formula, sympy.Add | sympy.Mul) and bool(formula.is_polynomial(*slots_of(formula)))


# ---------------------------------------------------------------- functions

FUNCTIONS: dict[str, tuple[Callable[..., sympy.Expr], int, str]] = {
    "exp": (sympy.exp, 1, "exp"),
    "log": (sympy.log, 1, "log"),
    "sqrt": (sympy.sqrt, 1, "sqrt"),
    "tanh": (sympy.tanh, 1, "tanh"),
    "sinh": (sympy.sinh, 1, "sinh"),
    "cosh": (sympy.cosh, 1, "cosh"),
    "sin": (sympy.sin, 1, "sin"),
    "cos": (sympy.cos, 1, "cos"),
    "tan": (sympy.tan, 1, "tan"),
    "atan": (sympy.atan, 1, "arctan"),
    "asinh": (sympy.asinh, 1, "arcsinh"),
    "abs": (sympy.Abs, 1, "abs"),
    "sign": (sympy.sign, 1, "sign"),
    "erf": (sympy.erf, 1, "erf"),
    "max": (sympy.Max, 2, "maximum"),
    "min": (sympy.Min, 2, "minimum"),
}
"""Name in a formula: (SymPy function, number of arguments, NumPy name; erf is scipy.special's)."""

NUMPY_NAMES: dict[Any, str] = {f: numpy_name for f, _, numpy_name in FUNCTIONS.values()}


class Logistic(sympy.Function):  # type: ignore[misc]
    """1/(1 + exp(−u)), computed so that nothing overflows. Made by `stabilise` alone, never differentiated."""

    nargs = 1


class Softplus(sympy.Function):  # type: ignore[misc]
    """log(1 + exp(u)), computed so that nothing overflows. Made by `stabilise` alone, never differentiated."""

    nargs = 1


class Share(sympy.Function):  # type: ignore[misc]
    """The share of the first in the maximum of all: 1 over the number that tie where none is larger, else 0.

    1[a ≥ b, a ≥ c, ..] / (1 + 1[a = b] + 1[a = c] + ..). Its arguments stay apart, so that what ties in a formula ties
    here too, whatever rounding a difference of the two would have.
    """

    is_real = True

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        return sympy.Integer(0)

    def in_indicators(self) -> sympy.Expr:
        a, *others = self.args
        leads = sympy.Mul(*(indicator(a >= b) for b in others))
        return leads / (1 + sympy.Add(*(indicator(sympy.Eq(a, b)) for b in others)))

    def in_signs(self) -> sympy.Expr:
        """Π_b (1 + sign(a − b)) over the sum of these products for all; of two, (1 + sign(a − b))/2."""
        leads = []
        for place, a in enumerate(self.args):
            behind = (1 - sympy.sign(b - a) for b in self.args[:place])
            before = (1 + sympy.sign(a - b) for b in self.args[place + 1 :])
            leads.append(sympy.Mul(*behind, *before))
        return leads[0] / sympy.Add(*leads)


class Gap(sympy.Function):  # type: ignore[misc]
    """a − b in a condition. Its arguments stay apart: of u > 1 − ε SymPy makes ε > 1 − u, of u/5 = v u = 5 v, which
    are rounded otherwise.
    """

    nargs = 2
    is_real = True

    @classmethod
    def eval(cls, a: sympy.Expr, b: sympy.Expr) -> sympy.Expr | None:
        return None if slots_of(a) or slots_of(b) else a - b

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        return sympy.Integer(3 - 2 * argindex)


def sides(condition: Any) -> tuple[sympy.Expr, sympy.Expr]:
    """The left and the right side of a comparison."""
    left, right = condition.args
    return left.args if isinstance(left, Gap) and right == 0 else (left, right)


class Log1p(sympy.Function):  # type: ignore[misc]
    """log(1 + u), exact for small u too. Made by `stabilise` alone, never differentiated."""

    nargs = 1


class Expm1(sympy.Function):  # type: ignore[misc]
    """exp(u) − 1, exact for small u too. Made by `stabilise` alone, never differentiated."""

    nargs = 1


class InverseRoot(sympy.Function):  # type: ignore[misc]
    """1/√u; 0 where u is 0, as the derivative of a root is taken there. Made by `stabilise` alone."""

    nargs = 1


class Guard(sympy.Function):  # type: ignore[misc]
    """Of (u, condition): u where the condition holds, 1 elsewhere. Made by `stabilise` alone, never differentiated.

    A Piecewise inside a branch of its own condition would not do: SymPy takes it away.
    """

    nargs = 2

    @classmethod
    def eval(cls, u: sympy.Expr, condition: sympy.Basic) -> sympy.Expr | None:
        return {sympy.true: u, sympy.false: sympy.Integer(1)}.get(condition)


class Erfc(sympy.Function):  # type: ignore[misc]
    """1 − erf(u), exact for large u too. Made by `stabilise` alone, never differentiated."""

    nargs = 1


NUMPY_NAMES |= {Log1p: "log1p", Expm1: "expm1"}


class Unknown(sympy.Function):  # type: ignore[misc]
    """f, f', f'', ...: a smooth real function of one argument of which only the name is known."""

    nargs = 1
    is_real = True
    name: str
    order: int
    """How often it has been differentiated."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        return unknown(self.name, self.order + 1)(self.args[0])


_classes: WeakValueDictionary[tuple[str, int], type[Unknown]] = WeakValueDictionary()


def unknown(name: str, order: int = 0) -> type[Unknown]:
    """The function `name`, differentiated `order` times; one class for one name and order."""
    known = _classes.get((name, order))
    if known is not None:
        return known
    # No function of SymPy's is so called, whatever the name: formulas are told apart by their text.
    title = f"?{primed(name, order)}"
    make: Any = type(Unknown)
    made: type[Unknown] = make(title, (Unknown,), {"nargs": 1, "name": name, "order": order})
    _classes[name, order] = made
    return made


def primed(name: str, order: int) -> str:
    """f, f', f'', f^(3), ..."""
    return name + ("'" * order if order < 3 else f"^({order})")


_u = slot(0)
_small = sympy.exp(sympy.Piecewise((-_u, _u > 0), (_u, True)))
_apart = sympy.Ne(_u, 0)
STABLE: dict[type[sympy.Function], sympy.Expr] = {
    Logistic: sympy.Piecewise((1, _u > 0), (_small, True)) / (1 + _small),
    Softplus: sympy.Max(_u, 0) + Log1p(_small),
    InverseRoot: sympy.Piecewise((1 / sympy.sqrt(Guard(_u, _apart)), _apart), (0, True)),
}
"""What a stable function computes, in `slot(0)`: exponents are −|u|, and at u = 0 all parts take one side, so that a
complex step is right there too."""

_up, _down = sympy.exp(_u), sympy.exp(-_u)
IN_EXP: dict[type[sympy.Function], sympy.Expr] = {
    Logistic: 1 / (1 + _down),
    Softplus: sympy.log(1 + _up),
    sympy.tanh: (_up - _down) / (_up + _down),
    sympy.sinh: (_up - _down) / 2,
    sympy.cosh: (_up + _down) / 2,
    sympy.coth: (_up + _down) / (_up - _down),
    sympy.sech: 2 / (_up + _down),
    sympy.csch: 2 / (_up - _down),
}
"""What a function is through exp, in `slot(0)`."""


def indicator(condition: sympy.Basic) -> sympy.Expr:
    """1[condition]."""
    return plain_conditions(sympy.Piecewise((sympy.Integer(1), _as_it_stands(condition)), (sympy.Integer(0), True)))


def is_indicator(f: sympy.Expr) -> bool:
    """True for 1[condition]."""
    return isinstance(f, sympy.Piecewise) and len(f.args) == 2 and f.args[0][0] == 1 and f.args[1] == (0, sympy.true)


def _as_it_stands(condition: sympy.Basic) -> sympy.Basic:
    """The condition; of a comparison that SymPy's `Piecewise` would rearrange, the sides as a `Gap`."""
    if not isinstance(condition, sympy.core.relational.Relational) or _stays(condition):
        return condition
    return condition.func(Gap(condition.lhs, condition.rhs), 0)


def _stays(comparison: Any) -> bool:
    """Whether `Piecewise` at most swaps the sides or their signs, or scales one side where the other is 0.

    Two sums it would turn back and forth for ever.
    """
    if isinstance(comparison.lhs, sympy.Add) and isinstance(comparison.rhs, sympy.Add):
        return False
    canonical = comparison.canonical
    if not isinstance(canonical, sympy.core.relational.Relational):
        return True
    number, rest = canonical.lhs.as_coeff_Add(rational=True)
    factor, _ = rest.as_coeff_Mul(rational=True)
    if canonical.rhs == 0:
        return bool(number == 0 or (abs(factor) == 1 and not isinstance(rest, sympy.Add)))
    return bool(number == 0 and abs(factor) == 1)


def placed(formula: sympy.Expr, values: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """`formula` with `values` for its placeholders."""
    return _placed(formula, frozenset(values.items()))


@lru_cache(maxsize=MOST_KEPT)
def _placed(formula: sympy.Expr, items: frozenset[tuple[sympy.Symbol, sympy.Expr]]) -> sympy.Expr:
    values = dict(items)
    if formula.has(sympy.Piecewise):
        comparisons = formula.atoms(sympy.core.relational.Relational)
        values |= {c: _as_it_stands(c.xreplace(values)) for c in comparisons}
    return formula.xreplace(values)


@lru_cache(maxsize=MOST_KEPT)
def compared(formula: sympy.Expr) -> tuple[int, ...]:
    """The numbers of the placeholders that stand in equalities."""
    return tuple(sorted({slot_number(s) for e in formula.atoms(sympy.Eq) for s in slots_of(e)}))


@lru_cache(maxsize=MOST_KEPT)
def equated(formula: sympy.Expr) -> tuple[tuple[int, ...], ...]:
    """The numbers of the placeholders that are the two sides of an equality, of each that has such sides."""
    pairs = [sides(e) for e in formula.atoms(sympy.Eq)]
    return tuple(sorted(tuple(map(slot_number, pair)) for pair in pairs if {*pair} <= {*slots_of(formula)}))


def renumbered_in_equalities(formula: sympy.Expr, numbers: Mapping[int, int]) -> sympy.Expr:
    names = {slot(i): slot(j) for i, j in numbers.items()}
    return formula.xreplace({e: e.xreplace(names) for e in formula.atoms(sympy.Eq)}) if names else formula


@lru_cache(maxsize=MOST_KEPT)
def plain_conditions(formula: sympy.Expr) -> sympy.Expr:
    """`formula` with conditions of comparisons, and, or alone: of a `where` in a condition SymPy makes ITE and not."""
    if not formula.has(sympy.ITE, sympy.Not):
        return formula
    return formula.replace(
        lambda e: isinstance(e, sympy.ITE | sympy.Not),
        lambda e: sympy.to_nnf(e, simplify=False),
    )


# ---------------------------------------------------------------- calculus


class _Extreme(sympy.Function):  # type: ignore[misc]
    """A maximum or minimum while SymPy differentiates: its slope by a quantity is that quantity's share.

    d max(a, b, .., c) = Share(a, b, ..) 1[a > c] da + .., c the largest of the constants; min(a, b) is −max(−a, −b).
    """

    is_real = True
    of: type[sympy.Expr]
    side: int

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        a = self.args[argindex - 1]
        rivals = [b for b in self.args if slots_of(b) and b != a]
        bounds = [b for b in self.args if not slots_of(b)]
        share = Share(*(self.side * b for b in (a, *rivals))) if rivals else sympy.Integer(1)
        if not bounds:
            return share
        bound = self.of(*bounds)
        return share * indicator(a > bound if self.side == 1 else a < bound)


class _Largest(_Extreme):
    of, side = sympy.Max, 1


class _Smallest(_Extreme):
    of, side = sympy.Min, -1


@lru_cache(maxsize=MOST_KEPT)
def derivative(formula: sympy.Expr, by: int) -> sympy.Expr:
    """∂formula/∂slot(by), simplified; SymPy differentiates, kinks as the module says."""
    held = formula.replace(_is_root_of_product, lambda e: _RootOfProduct(e.base, e.exp))
    held = held.replace(sympy.Max, _Largest).replace(sympy.Min, _Smallest)
    held = held.replace(_is_loose, lambda e: e.func(_Real(e.args[0]))).replace(sympy.floor, _Steps)
    return simplest(_settled(sympy.diff(held, slot(by))))


class _Real(sympy.Function):  # type: ignore[misc]
    """u, known to be real: √x is so wherever it has a value here, and SymPy, for which it is complex, is told so."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        return sympy.Integer(1)


class _RootOfProduct(sympy.Function):  # type: ignore[misc]
    """(u v)^p: its slope by u is p v (u v)^(p−1), of which SymPy makes p (u v)^p / u, where no root shows."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        base, power = self.args
        return power * _RootOfProduct(base, power - 1)

    def _eval_is_extended_real(self) -> bool | None:
        return (self.args[0] ** self.args[1]).is_extended_real  # type: ignore[no-any-return]


def _is_root_of_product(e: sympy.Basic) -> bool:
    return (
        isinstance(e, sympy.Pow)
        and isinstance(e.exp, sympy.Rational)
        and e.exp.q != 1
        and isinstance(e.base, sympy.Mul)
        and sum(bool(slots_of(f)) for f in e.base.args) > 1
    )


class _Steps(sympy.Function):  # type: ignore[misc]
    """⌊u⌋, which is constant but where it jumps: there SymPy knows no derivative."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        return sympy.Integer(0)


def _is_loose(e: sympy.Basic) -> bool:
    """True for |u| and sign(u) of a u that SymPy does not know to be real."""
    return isinstance(e, sympy.Abs | sympy.sign) and not e.args[0].is_extended_real


def _settled(e: sympy.Expr) -> sympy.Expr:
    e = (
        e.replace(_Real, lambda u: u)
        .replace(_RootOfProduct, sympy.Pow)
        .replace(_Steps, sympy.floor)
        .replace(_Largest, sympy.Max)
        .replace(_Smallest, sympy.Min)
    )
    e = e.replace(sympy.DiracDelta, lambda *_: sympy.Integer(0))
    if e.has(sympy.Derivative, sympy.Subs):
        raise ValueError(f"SymPy finds no derivative in {e}")
    return e


@lru_cache(maxsize=MOST_KEPT)
def simplest(formula: sympy.Expr) -> sympy.Expr:
    """The shortest of a few equal forms; the given form stays where that saves less than two operations.

    x·sign(x) becomes |x|; a rational function of exp(u) that is a polynomial in s = 1/(1 + exp(−u)) is written in s,
    which neither overflows nor cancels; a quotient is put over one denominator and reduced.
    """
    formula = formula.replace(
        lambda e: isinstance(e, sympy.Mul) and any(isinstance(a, sympy.sign) for a in e.args), _absorb_sign
    )
    formula = formula.replace(lambda e: isinstance(e, sympy.Mul) and e.has(sympy.sinh), _in_tanh)
    if formula.has(sympy.Piecewise):
        return formula
    logistic = _in_logistic(formula)
    if logistic is not None:
        return logistic
    forms = [formula]
    opened, names = _functions_as_symbols(formula)
    if opened.is_rational_function() and not opened.is_polynomial() and is_reducible(opened):
        reduced = sympy.cancel(opened)
        forms += [f.xreplace(names) for f in (reduced, sympy.factor(reduced))]
    shortest = min(forms, key=lambda f: (sympy.count_ops(f), forms.index(f)))
    return shortest if sympy.count_ops(shortest) < sympy.count_ops(formula) - 1 else formula


MOST_TERMS = 100
"""A formula that has more when multiplied out is not reduced: that takes minutes, and makes it no shorter."""


@lru_cache(maxsize=MOST_KEPT)
def is_reducible(formula: sympy.Expr) -> bool:
    """Whether numerator and denominator, multiplied out, are short enough for a common divisor to be sought."""
    return all(_terms(part) <= MOST_TERMS for part in sympy.fraction(sympy.together(formula)))


def _terms(e: sympy.Expr) -> int:
    """How many terms `e` has at most when multiplied out."""
    if isinstance(e, sympy.Add):
        return sum(map(_terms, e.args))
    if isinstance(e, sympy.Mul):
        return prod(map(_terms, e.args))
    if isinstance(e, sympy.Pow) and e.exp.is_Integer and e.exp > 0:
        terms, power = _terms(e.base), int(e.exp)
        return comb(terms + power - 1, power)
    return 1


def _in_tanh(product: sympy.Mul) -> sympy.Expr:
    """sinh(u)/cosh(u) = tanh(u), whatever their powers are."""
    powers = dict(f.as_base_exp() for f in product.args)
    for f in [f for f in powers if isinstance(f, sympy.sinh)]:
        below = sympy.cosh(f.args[0])
        both = min(powers[f], -powers.get(below, 0)) if powers[f].is_Integer and below in powers else 0
        if both > 0:
            product *= (sympy.tanh(f.args[0]) * below / f) ** both
    return product


def _absorb_sign(product: sympy.Mul) -> sympy.Expr:
    """x·sign(x) = |x|."""
    args = list(product.args)
    for s in [a for a in args if isinstance(a, sympy.sign)]:
        if s.args[0] in args:
            args.remove(s)
            args[args.index(s.args[0])] = sympy.Abs(s.args[0])
    return sympy.Mul(*args)


def _functions_as_symbols(
    formula: sympy.Expr, keep: tuple[type[sympy.Function], ...] = ()
) -> tuple[sympy.Expr, dict[sympy.Symbol, sympy.Expr]]:
    """`formula` with each outermost function application, other than of `keep`, named, and the names."""
    calls = [c for c in formula.atoms(sympy.Function) if not isinstance(c, keep)]
    calls.sort(key=lambda c: (-sympy.count_ops(c), str(c)))
    named: dict[sympy.Expr, sympy.Symbol] = {c: sympy.Symbol(f"f{i}") for i, c in enumerate(calls)}
    return formula.xreplace(named), {s: c for c, s in named.items()}


def _exponent(formula: sympy.Expr) -> sympy.Expr | None:
    """u where every exponential in `formula` is exp(u) or exp(−u)."""
    exponents = {e.args[0] for e in formula.atoms(sympy.exp)}
    up = {-u if u.could_extract_minus_sign() else u for u in exponents}
    return up.pop() if len(up) == 1 else None


LONGER = 2
"""A polynomial in s that has more than so many times the operations is no simplification: much was multiplied out."""


def _in_logistic(formula: sympy.Expr) -> sympy.Expr | None:
    """`formula` as a polynomial in s = 1/(1 + exp(−u)), None where it is none, or a long one."""
    named, names = _functions_as_symbols(formula, keep=(sympy.exp,))
    u = _exponent(named)
    if u is None:
        return None
    s = sympy.Symbol("s")
    out = sympy.cancel(named.xreplace({sympy.exp(u): s / (1 - s), sympy.exp(-u): (1 - s) / s}))
    if not out.is_polynomial(s) or not out.has(s):
        return None
    polynomial = tidy_polynomial(out, s).xreplace({s: 1 / (1 + sympy.exp(-u))}).xreplace(names)
    return polynomial if sympy.count_ops(polynomial) <= LONGER * sympy.count_ops(formula) else None


HIGHEST_DEGREE = 16
MOST_FACTORED = 32
"""Terms of a numerator that is factored: a polynomial of more can take minutes."""


@lru_cache(maxsize=MOST_KEPT)
def reduced(formula: sympy.Expr) -> sympy.Expr:
    """The quotient reduced and its numerator factored; of a long one what its terms have in common is taken out.

    To SymPy exp(1.702 u) is the 851st power of exp(u/500), and a polynomial of degree 851 takes hours. Where a degree
    would be so high, exp(c u) is a power of exp(g u), g the greatest common divisor of all such c, or, where that is
    too high a power as well, a quantity of its own; of u^c the fractional part alone is one.
    """
    names: dict[sympy.Symbol, sympy.Expr] = {}
    quotient = sympy.cancel(sympy.together(formula.xreplace(_powers_named(formula, names))))
    terms = len(sympy.Add.make_args(sympy.fraction(quotient)[0]))
    return (sympy.factor if terms <= MOST_FACTORED else sympy.factor_terms)(quotient).xreplace(names)


def _powers_named(formula: sympy.Expr, names: dict[sympy.Symbol, sympy.Expr]) -> dict[sympy.Expr, sympy.Expr]:
    """What stands for each power of a high degree; what it is made of is added to `names`."""
    exponents: dict[sympy.Expr, set[sympy.Rational]] = {}
    for e in formula.atoms(sympy.exp):
        for c, u in _terms_of(e):
            exponents.setdefault(u, set()).add(c)
    high = {u: cs for u, cs in exponents.items() if _degree(cs, _unit(cs, by_denominators=True)) > HIGHEST_DEGREE}
    table: dict[sympy.Expr, sympy.Expr] = {}
    for e in formula.atoms(sympy.exp):
        if any(u in high for _, u in _terms_of(e)):
            table[e] = sympy.Mul(*(_exp_named(c, u, high.get(u, set()), names) for c, u in _terms_of(e)))
    for e in formula.atoms(sympy.Pow):
        if isinstance(e.exp, sympy.Rational) and max(abs(e.exp.p), e.exp.q) > HIGHEST_DEGREE and e.exp.q != 1:
            whole = sympy.floor(e.exp)
            table[e] = e.base**whole * _named(e.base ** (e.exp - whole), names)
    return table


def _terms_of(e: sympy.exp) -> list[tuple[sympy.Rational, sympy.Expr]]:
    """(c, u) for each term c u of the exponent, c rational."""
    return [t.as_coeff_Mul(rational=True) for t in sympy.Add.make_args(sympy.expand(e.args[0]))]


def _unit(cs: set[sympy.Rational], by_denominators: bool = False) -> sympy.Rational:
    """The largest number of which all are multiples, or such a fraction 1/q."""
    below = sympy.ilcm(1, *(c.q for c in cs))
    return sympy.Rational(1 if by_denominators else sympy.igcd(0, *(c * below for c in cs)), below)


def _degree(cs: set[sympy.Rational], unit: sympy.Rational) -> sympy.Rational:
    return max(abs(c / unit) for c in cs)


def _exp_named(
    c: sympy.Rational, u: sympy.Expr, cs: set[sympy.Rational], names: dict[sympy.Symbol, sympy.Expr]
) -> sympy.Expr:
    """exp(c u), where `cs` are the c of all exponentials of u whose degree is high."""
    if not cs:
        return sympy.exp(c * u)
    unit = _unit(cs)
    return (
        _named(sympy.exp(c * u), names)
        if _degree(cs, unit) > HIGHEST_DEGREE
        else _named(sympy.exp(unit * u), names) ** (c / unit)
    )


def _named(e: sympy.Expr, names: dict[sympy.Symbol, sympy.Expr]) -> sympy.Symbol:
    known = next((s for s, value in names.items() if value == e), None)
    if known is None:
        known = sympy.Symbol(f"g{len(names)}", real=True)
        names[known] = e
    return known


def tidy_polynomial(p: sympy.Expr, z: sympy.Symbol) -> sympy.Expr:
    """z(1 − z) rather than z − z² or −z(z − 1): terms of equal cofactor in z(1 − z) gathered, else expanded."""
    p = sympy.expand(p)
    square, linear, constant = (p.coeff(z, power) for power in (2, 1, 0))
    if sympy.degree(p, z) == 2 and square != 0 and square.could_extract_minus_sign():
        rest = sympy.expand(linear + square)
        return -square * z * (1 - z) + rest * z + constant if linear != 0 else p
    return p


def linear_root(e: sympy.Expr, x: sympy.Symbol) -> sympy.Expr | None:
    """The x for which `e` is 0, where `e` is rational in x with a numerator of degree 1; None elsewhere."""
    numerator = sympy.numer(sympy.together(e))
    if not numerator.is_polynomial(x):
        return None
    p = sympy.Poly(numerator, x)
    return -p.nth(0) / p.nth(1) if p.degree() == 1 else None


@lru_cache(maxsize=MOST_KEPT)
def in_terms_of_value(definition: sympy.Expr, formula: sympy.Expr) -> sympy.Expr | None:
    """`formula(slot(0))` as a polynomial in z = slot(1), given z = definition(slot(0)); None where there is none.

    SymPy solves z = definition for exp(u), or for tanh(u), and substitutes: the derivative of 1/(1+exp(−x)) is
    z(1 − z), of tanh 1 − z².
    """
    z, g = slot(1), sympy.Symbol("g")
    for generator in _generators(definition):
        names = {generator: g}
        if isinstance(generator, sympy.exp):
            names[sympy.exp(-generator.args[0])] = 1 / g
        value, target = definition.xreplace(names), formula.xreplace(names)
        if value.has(slot(0)) or target.has(slot(0)) or not value.is_rational_function(g):
            continue
        root = linear_root(value - z, g)
        if root is None:
            continue
        out = sympy.cancel(target.xreplace({g: root}))
        if out.is_polynomial(z):
            return tidy_polynomial(out, z)
    return None


def _generators(definition: sympy.Expr) -> list[sympy.Expr]:
    u = _exponent(definition)
    exponentials = [] if u is None else [sympy.exp(u)]
    return exponentials + sorted(definition.atoms(sympy.tanh), key=str)


def is_negative(value: sympy.Expr) -> bool:
    """True where `value` is written with a minus sign in front: −2α and −x/3, but not 1 − β or α(β − 1)."""
    coefficient, rest = value.as_coeff_Mul()
    if coefficient.is_Number and coefficient != 1:
        return bool(coefficient < 0)
    return not isinstance(rest, sympy.Add | sympy.Mul) and bool(rest.could_extract_minus_sign())


def product(factors: Iterable[sympy.Expr]) -> sympy.Expr:
    """The product, a sum among its factors kept together: 2(1 − β) rather than 2 − 2β."""
    given = tuple(factors)
    out = sympy.Mul(*given)
    if isinstance(out, sympy.Add):
        coefficient, rest = out.primitive()
        if coefficient != 1 and (coefficient.is_Integer or len(given) > 1):
            return sympy.Mul(coefficient, rest, evaluate=False)
    return out


def fraction(value: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """Numerator and denominator, sums in them kept together as `product` does."""
    above, below = sympy.fraction(value)
    return product([above]), product([below])


@lru_cache(maxsize=MOST_KEPT)
def positive_first(formula: sympy.Expr) -> sympy.Expr:
    """(y − t)/k rather than −(t − y)/k: a product's minus sign is taken into a difference."""
    if isinstance(formula, sympy.Mul) and formula.could_extract_minus_sign():
        for factor in formula.args:
            if isinstance(factor, sympy.Add) and any(t.could_extract_minus_sign() for t in factor.args):
                return -formula / factor * sympy.Add(*(-t for t in factor.args))
    return formula


# ---------------------------------------------------------------- stabilisation


@lru_cache(maxsize=MOST_KEPT)
def stabilise(formula: sympy.Expr) -> sympy.Expr:
    """An equal formula in which no exponential overflows and no logarithm meets a rounded 0.

    log(a/b) = log a − log b;  log(1 + exp u) = softplus(u);  1/(1 + exp u) = logistic(−u);
    exp(u) logistic(−u) = logistic(u);  a `where` evaluates its exponentials at arguments clipped to the branch's own
    side. Terminates: each law removes an exponential, the last one has nothing to clip the second time.
    """
    out = formula.replace(sympy.log, lambda a: _log_of_quotient(a))
    out = out.replace(
        lambda e: isinstance(e, sympy.log) and isinstance(e.args[0], sympy.cosh),
        lambda e: Softplus(2 * e.args[0].args[0]) - e.args[0].args[0] - sympy.log(2),
    )
    out = out.replace(
        lambda e: isinstance(e, sympy.log) and _one_plus_exp(e.args[0]) is not None,
        lambda e: Softplus(_one_plus_exp(e.args[0])),
    )
    out = out.replace(
        lambda e: isinstance(e, sympy.Pow) and e.exp.is_negative is True and _one_plus_exp(e.base) is not None,
        lambda e: Logistic(sympy.Mul(-1, _one_plus_exp(e.base))) ** (-e.exp),
    )
    out = out.replace(lambda e: isinstance(e, sympy.Mul) and e.has(Logistic), _absorb_exponential)
    out = out.replace(lambda e: isinstance(e, sympy.Mul) and e.has(Logistic), _absorb_exponential)
    if any(p.exp.could_extract_minus_sign() for p in out.atoms(sympy.Pow) if p.has(sympy.exp)) or (
        out.has(sympy.exp) and out.has(Logistic)
    ):
        out = _without_pole(formula) or out
    return out.replace(sympy.Piecewise, _clip_branches)


def _absorb_exponential(product: sympy.Mul) -> sympy.Expr:
    """exp(−u)·logistic(u) = logistic(−u)."""
    left = list(product.args)
    for power in [f for f in product.args if isinstance(f, sympy.exp)]:
        for place, f in enumerate(left):
            base, times = f.as_base_exp()
            if isinstance(base, Logistic) and times.is_Integer:
                taken = sympy.cancel(-power.args[0] / base.args[0])
                if taken.is_Integer and 0 < taken <= times:
                    left[place] = base ** (times - taken) * Logistic(-base.args[0]) ** taken
                    left.remove(power)
                    break
    return sympy.Mul(*left)


@lru_cache(maxsize=MOST_KEPT)
def without_cancellation(formula: sympy.Expr) -> sympy.Expr:
    """An equal formula in which what is small is not the difference of what is not.

    log(1 + u) = log1p(u);  c exp(u) − c = c expm1(u);  c √(1 + u) − c = c u/(1 + √(1 + u));
    c logistic(u) − c = −c logistic(−u);  c softplus(u) − c t u = c (1 − t) softplus(u) + c t softplus(−u);
    c logistic(u) − c t = c (1 − t) logistic(u) − c t logistic(−u), for a quantity t that u does not have;
    c + c tanh(u) = 2 c logistic(2 u);  c − c tanh²(u) = 4 c logistic(2 u) logistic(−2 u);  c + c erf(u) = c erfc(−u);
    min(0, expm1(u)) = expm1(min(u, 0)).
    Terminates: each application takes from a sum one term beside such a function, and none brings one.
    """
    out = formula.replace(
        lambda e: isinstance(e, sympy.log) and isinstance(e.args[0], sympy.Add) and sympy.S.One in e.args[0].args,
        lambda e: Log1p(e.args[0] - 1),
    )
    out = out.replace(lambda e: isinstance(e, sympy.Add), _joined)
    out = out.replace(lambda e: isinstance(e, sympy.Max | sympy.Min), _bounded_inside)
    return out.replace(lambda e: isinstance(e, sympy.core.relational.Relational) and e.has(sympy.exp, Expm1), _by_sign)


def _by_sign(condition: Any) -> Any:
    """c expm1(u) > 0 as c u > 0."""
    left, right = sides(condition)
    gap = left - right
    gap = _joined(gap) if isinstance(gap, sympy.Add) else gap
    c, power = gap.as_independent(Expm1, as_Add=False)
    return condition.func(c * power.args[0], 0) if isinstance(power, Expm1) else condition


def _bounded_inside(extreme: sympy.Expr) -> sympy.Expr:
    """min(0, c expm1(u)) = c expm1(min(u, 0)) for c > 0, which does not overflow; for c < 0, c expm1(max(u, 0))."""
    others = [a for a in extreme.args if a != 0]
    if len(others) != 1 or len(extreme.args) != 2:
        return extreme
    c, power = others[0].as_independent(Expm1, as_Add=False)
    if not isinstance(power, Expm1) or slots_of(c) or power.has(sympy.Max, sympy.Min):
        return extreme
    u, inner = power.args[0], type(extreme)
    outer = sympy.Max if inner is sympy.Min else sympy.Min
    if c.is_positive or c.is_negative:
        return c * Expm1((inner if c.is_positive else outer)(u, 0))
    return c * Expm1(sympy.Piecewise((inner(u, 0), c > 0), (outer(u, 0), True)))


def _joined(total: sympy.Add) -> sympy.Expr:
    """The sum with each pair of terms that cancel written as one."""
    left = list(total.args)
    done: list[sympy.Expr] = []
    while left:
        term = left.pop(0)
        found = _near(term)
        if found is None:
            done.append(term)
            continue
        c, near = found
        where = next(
            (p for p, other in enumerate((*done, *left)) if (joined := _pair(c, near, other)) is not None), None
        )
        if where is None:
            done.append(term)
            continue
        del (done if where < len(done) else left)[where if where < len(done) else where - len(done)]
        done.append(joined)
    return sympy.Add(*done)


_CLOSE = (sympy.exp, Logistic, Softplus, sympy.tanh, sympy.erf)


def _near(term: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr] | None:
    """(c, f) for a term c f with one function f that may come close to another term."""
    factors = sympy.Mul.make_args(term)
    calls = [f for f in factors if isinstance(f, _CLOSE) or _is_squared_tanh(f) or _root_beside_one(f)]
    if len(calls) != 1:
        return None
    rest = sympy.Mul(*(f for f in factors if f is not calls[0]))
    return None if rest.has(*_CLOSE) else (rest, calls[0])


def _is_squared_tanh(f: sympy.Expr) -> bool:
    return isinstance(f, sympy.Pow) and f.exp == 2 and isinstance(f.base, sympy.tanh)


def _root_beside_one(f: sympy.Expr) -> bool:
    """True for √(1 + u)."""
    return (
        isinstance(f, sympy.Pow)
        and f.exp == sympy.Rational(1, 2)
        and isinstance(f.base, sympy.Add)
        and sympy.S.One in f.base.args
        and bool(slots_of(f.base))
    )


def _pair(c: sympy.Expr, near: sympy.Expr, other: sympy.Expr) -> sympy.Expr | None:
    """c·near + other as one term, or as two that have one sign; None where `other` is not close to c·near."""
    ratio = -other / c
    if ratio.has(*_CLOSE):
        return None
    if isinstance(near, sympy.tanh):
        return ratio * c * -2 * Logistic(-2 * ratio * near.args[0]) if abs(ratio) == 1 else None
    if isinstance(near, sympy.erf):
        return ratio * c * -Erfc(ratio * near.args[0]) if abs(ratio) == 1 else None
    if _is_squared_tanh(near):
        u = 2 * near.base.args[0]
        return -4 * c * Logistic(u) * Logistic(-u) if ratio == 1 else None
    if isinstance(near, sympy.Pow):
        return c * (near.base - 1) / (1 + near) if ratio == 1 else None
    u = near.args[0]
    if isinstance(near, sympy.exp):
        return c * Expm1(u) if ratio == 1 else None
    t = ratio / u if isinstance(near, Softplus) else ratio
    if t == 1:
        return -c * Logistic(-u) if isinstance(near, Logistic) else c * Softplus(-u)
    if not isinstance(t, sympy.Symbol) or t not in _NUMBERS or u.has(t):
        return None
    other_side = -Logistic(-u) if isinstance(near, Logistic) else Softplus(-u)
    return c * (1 - t) * near + c * t * other_side


def _without_pole(formula: sympy.Expr) -> sympy.Expr | None:
    """`formula` as a quotient of polynomials in s = logistic(u), if the denominator has no root for s in [0, 1]."""
    named, names = _functions_as_symbols(formula, keep=(sympy.exp,))
    u = _exponent(named)
    if u is None:
        return None
    s = sympy.Symbol("s")
    above, below = sympy.fraction(sympy.cancel(named.xreplace({sympy.exp(u): s / (1 - s), sympy.exp(-u): (1 - s) / s})))
    if below.free_symbols - {s} or not below.is_polynomial(s):
        return None
    if below.has(s) and sympy.Poly(below, s).count_roots(0, 1):
        return None
    return (above / below).xreplace({s: Logistic(u)}).xreplace({f: stabilise(call) for f, call in names.items()})


def _log_of_quotient(a: sympy.Expr) -> sympy.Expr:
    numerator, denominator = sympy.fraction(sympy.together(a))
    if denominator == 1 or not a.has(sympy.exp):
        return sympy.log(a)
    return sum((_log_of_factor(f) for f in sympy.Mul.make_args(numerator)), sympy.Integer(0)) - sum(
        (_log_of_factor(f) for f in sympy.Mul.make_args(denominator)), sympy.Integer(0)
    )


def _log_of_factor(f: sympy.Expr) -> sympy.Expr:
    base, power = f.as_base_exp() if not isinstance(f, sympy.exp) else (f, sympy.Integer(1))
    return power * (base.args[0] if isinstance(base, sympy.exp) else sympy.log(base))


def _one_plus_exp(e: sympy.Expr) -> sympy.Expr | None:
    """u where e is 1 + exp(u)."""
    if isinstance(e, sympy.Add) and len(e.args) == 2:
        one, power = sorted(e.args, key=lambda a: isinstance(a, sympy.exp))
        if one == 1 and isinstance(power, sympy.exp):
            return power.args[0]
    return None


def _clip_branches(*branches: Any) -> sympy.Expr:
    """A branch taken where x > 0 sees max(x, 0) in its exponentials, the other min(x, 0)."""
    pairs = [(value, condition) for value, condition in branches]
    first = pairs[0][1]
    if len(pairs) == 2 and isinstance(first, sympy.core.relational.Relational) and first.rhs == 0:
        x = first.lhs
        above = isinstance(first, sympy.StrictGreaterThan | sympy.GreaterThan)
        keep = (sympy.Max, sympy.Min) if above else (sympy.Min, sympy.Max)
        pairs = [
            (value.replace(sympy.exp, lambda a, clip=clip: sympy.exp(a.subs(x, clip(x, 0)))), condition)
            for (value, condition), clip in zip(pairs, keep, strict=True)
        ]
    return sympy.Piecewise(*pairs)


@lru_cache(maxsize=MOST_KEPT)
def guarded(formula: sympy.Expr) -> sympy.Expr:
    """An equal formula in which a branch that is not taken is computed at 1 where its argument could do harm there.

    Logarithms, roots, reciprocals and exponentials of a branch see 1 where another branch is taken, as arrays are
    computed in all branches. Terminates: what sees 1 already is left.
    """
    out = formula.replace(sympy.Piecewise, _guarded_branches)
    return out.replace(lambda e: isinstance(e, sympy.Mul) and e.has(sympy.Piecewise), _guarded_beside)


def _guarded_beside(product: sympy.Mul) -> sympy.Expr:
    """What overflows beside 1[c] sees 1 where c does not hold: inf · 0 is no number."""
    conditions = [f.args[0][1] for f in product.args if is_indicator(f)]
    if not conditions:
        return product
    here = sympy.And(*conditions)
    return sympy.Mul(
        *(
            f if is_indicator(f) else f.replace(_may_overflow, lambda e: e.func(Guard(e.args[0], here)))
            for f in product.args
        )
    )


def _may_overflow(e: sympy.Expr) -> bool:
    return isinstance(e, sympy.exp | sympy.sinh | sympy.cosh | Expm1) and _may_do_harm(e)


def _guarded_branches(*branches: Any) -> sympy.Expr:
    pairs = [(value, condition) for value, condition in branches]
    out = []
    for place, (value, condition) in enumerate(pairs):
        here = sympy.And(*(sympy.Not(c) for _, c in pairs[:place]), condition)
        safe = value.replace(_may_do_harm, lambda e, here=here: e.func(Guard(e.args[0], here), *e.args[1:]))
        out.append((safe, condition))
    return sympy.Piecewise(*out)


def _may_do_harm(e: sympy.Expr) -> bool:
    """True for a function that is not defined, or overflows, for some of the values that its argument can have."""
    if not e.args or not isinstance(e, sympy.Expr) or not slots_of(e) or isinstance(e.args[0], Guard):
        return False
    a = e.args[0]
    if isinstance(e, sympy.log | Log1p):
        return not (a if isinstance(e, sympy.log) else 1 + a).is_positive
    if isinstance(e, sympy.Pow):
        if e.exp.could_extract_minus_sign():
            return not a.is_positive
        return not e.exp.is_Integer and not a.is_nonnegative
    if isinstance(e, InverseRoot):
        return not a.is_nonnegative
    return isinstance(e, sympy.exp | sympy.sinh | sympy.cosh | Expm1) and not (
        a.is_nonpositive or a.has(sympy.Max, sympy.Min)
    )


@lru_cache(maxsize=MOST_KEPT)
def with_roots_at_zero(formula: sympy.Expr, positive: frozenset[sympy.Expr]) -> sympy.Expr:
    """`formula`, a derivative, with the derivative of a root at 0 taken as 0; the bases in `positive` are never 0.

    u^(−p/2) = (1/√u)^p, 0 where u is 0; other roots likewise. Terminates: no such power is left.
    """

    def at_zero(e: sympy.Pow) -> sympy.Expr:
        power = -e.exp
        if power.q == 2:
            return InverseRoot(e.base) ** power.p
        apart = sympy.Ne(e.base, 0)
        return sympy.Piecewise((Guard(e.base, apart) ** e.exp, apart), (0, True))

    return formula.replace(lambda e: is_inverse_root(e) and e.base not in positive, at_zero)


def is_inverse_root(e: sympy.Basic) -> bool:
    """True for u^(−p/q) of a quantity u."""
    return (
        isinstance(e, sympy.Pow)
        and isinstance(e.exp, sympy.Rational)
        and bool(e.exp.is_negative)
        and e.exp.q != 1
        and bool(slots_of(e.base))
        and not isinstance(e.base, Guard)
    )


# ---------------------------------------------------------------- numbers


def evaluate(formula: sympy.Expr, args: Sequence[Any], constants: dict[str, Any]) -> Any:
    """`formula` on NumPy arrays, one a slot; `constants` gives the values of named constants and sizes.

    Raises KeyError for a constant without a value, TypeError for a function outside the language or unknown.
    """

    def value(e: sympy.Basic) -> Any:
        if isinstance(e, sympy.Symbol):
            return args[_NUMBERS[e]] if e in _NUMBERS else constants[e.name]
        if isinstance(e, sympy.Integer):
            return int(e)
        if isinstance(e, sympy.Rational) or (e.is_number and not e.args):
            return float(e)
        if isinstance(e, sympy.Add):
            return sum(value(a) for a in e.args)
        if isinstance(e, sympy.Mul):
            out = value(e.args[0])
            for a in e.args[1:]:
                out = out * value(a)
            return out
        if isinstance(e, sympy.Pow):
            base = value(e.base)
            if e.exp == sympy.Rational(1, 2):
                return complex_step.root(base) if complex_step.is_taken(base) else np.sqrt(base)
            power = value(e.exp)
            if isinstance(power, int):
                return 1.0 / base**-power if power < 0 else base**power
            if complex_step.is_taken(base, power):
                return complex_step.where_real(np.power, base, power)
            return base**power
        if isinstance(e, sympy.Piecewise):
            out = value(e.args[-1][0])
            for branch, condition in reversed(e.args[:-1]):
                out = np.where(value(condition), value(branch), out)
            return out
        if isinstance(e, sympy.core.relational.Relational):
            met = [value(side) for side in sides(e)]
            return RELATIONS[type(e)](*((complex_step.gap(*met), 0) if complex_step.is_taken(*met) else met))
        if isinstance(e, sympy.And | sympy.Or):
            both = np.logical_and if isinstance(e, sympy.And) else np.logical_or
            return reduce(both, (value(a) for a in e.args))
        if isinstance(e, sympy.Max | sympy.Min):
            pick, side = (np.maximum, 1) if isinstance(e, sympy.Max) else (np.minimum, -1)
            quantities = [value(a) for a in e.args if slots_of(a)]
            bounds = [value(a) for a in e.args if not slots_of(a)]
            if complex_step.is_taken(*quantities):
                return complex_step.extreme(side, quantities, bounds)
            return reduce(pick, (*quantities, *bounds))
        if isinstance(e, Guard):
            return np.where(value(e.args[1]), value(e.args[0]), 1)
        if isinstance(e, Share):
            first, *others = (value(a) for a in e.args)
            leads = np.logical_and.reduce(np.broadcast_arrays(*(first >= b for b in others)))
            return leads / (1 + sum(first == b for b in others))
        if type(e) in STABLE:
            return evaluate(STABLE[type(e)], [value(e.args[0])], constants)
        if isinstance(e, sympy.floor):
            return value(e.args[0]) // 1
        if isinstance(e, sympy.erf | Erfc):
            from scipy import special  # an extra that only erf needs

            return (special.erf if isinstance(e, sympy.erf) else special.erfc)(value(e.args[0]))
        if type(e) in NUMPY_NAMES:
            x = value(e.args[0])
            if isinstance(e, sympy.Abs | sympy.sign) and complex_step.is_taken(x):
                return complex_step.magnitude(x) if isinstance(e, sympy.Abs) else np.sign(complex_step.gap(x, 0))
            function = getattr(np, NUMPY_NAMES[type(e)])
            return complex_step.where_real(function, x) if complex_step.is_taken(x) else function(x)
        if isinstance(e, Unknown):
            raise TypeError(f"{primed(e.name, e.order)} is not known")
        raise TypeError(f"{type(e).__name__} is not in the language")

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return value(formula)


RELATIONS: dict[type, Callable[[Any, Any], Any]] = {
    sympy.StrictGreaterThan: np.greater,
    sympy.GreaterThan: np.greater_equal,
    sympy.StrictLessThan: np.less,
    sympy.LessThan: np.less_equal,
    sympy.Equality: np.equal,
    sympy.Unequality: np.not_equal,
}
