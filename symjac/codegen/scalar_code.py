"""SymPy formulas to NumPy expressions, as templates with a hole for each argument.

Parts without arguments are Python numbers (`math.sqrt(2 / math.pi)`), which NumPy does not let widen float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import sympy

from symjac.codegen.code import (
    ATOM,
    CodeName,
    CodeText,
    Hole,
    atom,
    binary,
    call,
    conditional,
    hole,
    named,
    negative,
    prefixed,
)
from symjac.core import scalar
from symjac.core.memo import MOST_KEPT
from symjac.model.names import in_python


class Helper(NamedTuple):
    """A function that a module defines for itself where it uses it."""

    name: str
    doc: str


HELPERS: dict[type[sympy.Function], Helper] = {
    scalar.Logistic: Helper("sigmoid", "1/(1 + exp(−u)), computed so that nothing overflows."),
    scalar.Softplus: Helper("softplus", "log(1 + exp(u)), computed so that nothing overflows."),
    scalar.InverseRoot: Helper("inverse_root", "1/√u; 0 where u is 0, as the derivative of a root is taken there."),
}
"""`scalar.STABLE` says what they compute."""
SHARE = "share_of_maximum"
"""`scalar.Share` in a module."""
HELPER_NAMES = frozenset(h.name for h in HELPERS.values())

_RELATIONS = {
    sympy.StrictGreaterThan: ">",
    sympy.GreaterThan: ">=",
    sympy.StrictLessThan: "<",
    sympy.LessThan: "<=",
    sympy.Equality: "==",
    sympy.Unequality: "!=",
}
_BOUNDS = {sympy.Max: "maximum", sympy.Min: "minimum"}
_CONSTANTS = {sympy.pi: "math.pi", sympy.E: "math.e"}
_SHORTEST_DECIMAL = 10


@dataclass(frozen=True, slots=True)
class CodeQuotient:
    """sign · numerator / denominator; None stands for 1."""

    negative: bool
    numerator: CodeText | None
    denominator: CodeText | None


@lru_cache(maxsize=MOST_KEPT)
def template(formula: sympy.Expr) -> CodeText:
    """`formula` in NumPy, holes for its slots; of an indicator, truth values: see `scalar.is_indicator`."""
    if not scalar.slots_of(formula):
        return number(formula)
    return _condition(formula.args[0][1]) if scalar.is_indicator(formula) else _printed(formula)


@lru_cache(maxsize=MOST_KEPT)
def number(value: sympy.Expr) -> CodeText:
    """A SymPy number, sizes and named constants included, as a Python expression."""
    return _printed(value)


@lru_cache(maxsize=MOST_KEPT)
def quotient(value: sympy.Expr) -> CodeQuotient:
    """A coefficient, split for printing before and behind an array."""
    minus = scalar.is_negative(value)
    value = -value if minus else value
    whole = isinstance(value, sympy.Add) or (isinstance(value, sympy.Rational) and _decimal(value) is not None)
    above, below = (value, sympy.Integer(1)) if whole else scalar.fraction(value)
    return CodeQuotient(minus, None if above == 1 else number(above), None if below == 1 else number(below))


def scaled(value: sympy.Expr, code: CodeText) -> CodeText:
    """value · code."""
    q = quotient(value)
    if q.numerator is not None:
        code = prefixed(q.numerator, code)
    if q.denominator is not None:
        code = binary(code, "/", q.denominator)
    return negative(code) if q.negative else code


def _decimal(value: sympy.Rational) -> str | None:
    """The decimal fraction that is exactly `value`, where a short one is."""
    rest = value.q
    for p in (2, 5):
        while rest % p == 0:
            rest //= p
    if rest != 1 or value.q > 10**_SHORTEST_DECIMAL:
        return None
    if abs(value) < sympy.Rational(1, 10_000):
        return repr(float(value))
    digits = 0
    while (value * 10**digits).q != 1:
        digits += 1
    scaled_up = str((value * 10**digits).p).zfill(digits + 1)
    out = f"{scaled_up[:-digits]}.{scaled_up[-digits:]}"
    return out if len(out) <= _SHORTEST_DECIMAL + 2 else None


def _printed(e: sympy.Basic) -> CodeText:
    if isinstance(e, sympy.Symbol):
        return (
            hole(scalar.slot_number(e))
            if scalar.slots_of(e)
            else CodeText((CodeName(in_python(e.name)),), ATOM, stem="number")
        )
    if isinstance(e, sympy.Rational):
        return _rational(e)
    if isinstance(e, sympy.Float):
        return _rational(sympy.Rational(float(e))) if float(e).is_integer() else atom(repr(float(e)))
    if e is sympy.S.NegativeInfinity:
        return negative(named("np.inf"))
    if e in _CONSTANTS:
        return named(_CONSTANTS[e])
    if isinstance(e, sympy.Add):
        return _sum(e)
    if isinstance(e, sympy.Mul):
        return _product(e)
    if isinstance(e, sympy.Pow):
        return _power(e.base, e.exp)
    if isinstance(e, sympy.Piecewise):
        return _where(e)
    if isinstance(e, sympy.core.relational.Relational):
        return _condition(e)
    if isinstance(e, scalar.Guard):
        return call("np.where", _condition(e.args[1]), _printed(e.args[0]), atom("1"))
    if isinstance(e, sympy.Max | sympy.Min):
        return _bound(e)
    if isinstance(e, scalar.Share):
        return call(SHARE, *(_printed(a) for a in e.args))
    if isinstance(e, sympy.floor) or type(e) in {*scalar.NUMPY_NAMES, *HELPERS, scalar.Erfc}:
        return _call(e)
    raise TypeError(f"no NumPy code for {e}")


def _rational(r: sympy.Rational) -> CodeText:
    if r < 0:
        return negative(_rational(-r))
    if r.q == 1:
        return atom(str(r.p))
    decimal = _decimal(r)
    return atom(decimal) if decimal else binary(atom(str(r.p)), "/", atom(str(r.q)))


def _sum(e: sympy.Add) -> CodeText:
    terms = e.as_ordered_terms()
    positive = [t for t in terms if not scalar.is_negative(t)]
    if positive and positive[0] is not terms[0]:
        terms = [positive[0], *(t for t in terms if t is not positive[0])]
    out = _printed(terms[0])
    for t in terms[1:]:
        out = binary(out, "-", _printed(-t)) if scalar.is_negative(t) else binary(out, "+", _printed(t))
    return out


def _product(e: sympy.Mul) -> CodeText:
    """The numbers first, as one coefficient; quotients by `/`; an indicator beside an array needs no conversion."""
    factors = e.as_ordered_factors()
    coefficient = scalar.product(f for f in factors if not scalar.slots_of(f))
    arrays = [f for f in factors if scalar.slots_of(f)]
    if not arrays:
        return _coefficient(coefficient)
    below = [f for f in arrays if _is_reciprocal(f)]
    above = [f for f in arrays if not _is_reciprocal(f)]
    plain = any(not scalar.is_indicator(f) for f in above)
    above.sort(key=scalar.is_indicator)
    code: CodeText | None = None
    for f in above:
        printed = template(f) if plain and scalar.is_indicator(f) else _printed(f)
        code = printed if code is None else binary(code, "*", printed)
    if below:
        inverse = sympy.Mul(*(1 / f for f in below))
        code = binary(code or atom("1"), "/", _printed(inverse))
    return scaled(coefficient, code) if code is not None else _coefficient(coefficient)


def _coefficient(value: sympy.Expr) -> CodeText:
    """A product of numbers."""
    if not isinstance(value, sympy.Mul):
        return _printed(value)
    if scalar.is_negative(value):
        return negative(_coefficient(-value))
    above, below = scalar.fraction(value)
    if below != 1:
        return binary(_coefficient(above), "/", _coefficient(below))
    first, *rest = above.as_ordered_factors() if isinstance(above, sympy.Mul) else [above]
    code = _printed(first)
    for f in rest:
        code = binary(code, "*", _printed(f))
    return code


def _is_reciprocal(f: sympy.Expr) -> bool:
    return isinstance(f, sympy.Pow) and bool(f.exp.could_extract_minus_sign())


def _power(base: sympy.Expr, exponent: sympy.Expr) -> CodeText:
    """Squares and products of squares; `np.power` is slow."""
    if exponent.could_extract_minus_sign():
        return binary(atom("1"), "/", _printed(base**-exponent))
    x = _printed(base)
    if exponent == sympy.Rational(1, 2):
        return call("np.sqrt" if scalar.slots_of(base) else "math.sqrt", x)
    if exponent == 3 and scalar.slots_of(base):
        return binary(x, "*", binary(x, "**", atom("2")))
    if exponent == 4 and scalar.slots_of(base):
        return binary(binary(x, "**", atom("2")), "**", atom("2"))
    return binary(x, "**", _printed(exponent))


def _where(e: sympy.Piecewise) -> CodeText:
    """`np.where`; branches that are all numbers are given the arrays' dtype, as they have none. Of numbers alone, `if`:
    a branch that is not taken is not evaluated."""
    if any(condition is sympy.true for _, condition in e.args[:-1]):
        raise TypeError(f"a branch that is never reached: {e}")
    if e.args[-1][1] is not sympy.true:
        raise TypeError(f"a case without a value: {e}")
    code = _printed(e.args[-1][0])
    if not scalar.slots_of(e):
        for value, condition in reversed(e.args[:-1]):
            code = conditional(_printed(value), _condition(condition), code)
        return code
    for value, condition in reversed(e.args[:-1]):
        code = call("np.where", _condition(condition), _printed(value), code)
    if any(scalar.slots_of(value) for value, _ in e.args):
        return code
    first = scalar.slot_number(scalar.slots_of(e)[0])
    return CodeText((*code.pieces[:-1], ").astype(", Hole(first, dtype_of=True), ")"), ATOM, True, "where")


def _condition(e: Any) -> CodeText:
    if isinstance(e, sympy.And | sympy.Or):
        parts = [_condition(a) for a in sorted(e.args, key=str)]
        out = parts[0]
        for p in parts[1:]:
            out = binary(out, "&" if isinstance(e, sympy.And) else "|", p)
        return out
    left, right = scalar.sides(e)
    return binary(_printed(left), _RELATIONS[type(e)], _printed(right))


def _bound(e: sympy.Max | sympy.Min) -> CodeText:
    """Arrays before numbers; complex numbers are compared by their real parts, so complex steps stay right."""
    name = _BOUNDS[e.func]
    arguments = sorted(e.args, key=lambda a: (not scalar.slots_of(a), bool(a.could_extract_minus_sign()), str(a)))
    arrays = bool(scalar.slots_of(e))
    code = _printed(arguments[0])
    for a in arguments[1:]:
        code = call(f"np.{name}" if arrays else name[:3], code, _printed(a))
    return code


def _call(e: sympy.Function) -> CodeText:
    x = _printed(e.args[0])
    if type(e) in HELPERS:
        return call(HELPERS[type(e)].name, x)
    if isinstance(e, sympy.floor):
        return call("np.floor" if scalar.slots_of(e) else "math.floor", x)
    if isinstance(e, sympy.erf | scalar.Erfc):
        return call("erf" if isinstance(e, sympy.erf) else "erfc", x)
    name = scalar.NUMPY_NAMES[type(e)]
    if scalar.slots_of(e):
        return call(f"np.{name}", x)
    return call({"abs": "abs", "sign": "np.sign"}.get(name, "math." + name.replace("arc", "a")), x)
