"""SymPy's scalar calculus as the language uses it, against 30-digit numerical differentiation."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from sympy import Abs, Max, Min, Piecewise, Rational, atan, cosh, erf, exp, log, pi, sign, sinh, sqrt, tan, tanh

from symjac.core import scalar
from symjac.core.scalar import (
    FUNCTIONS,
    Unknown,
    derivative,
    evaluate,
    in_terms_of_value,
    indicator,
    simplest,
    slot,
    stabilise,
    unknown,
)
from tests.marks import slow_where

x, y = slot(0), slot(1)
c = sympy.Symbol("c", real=True)
sigmoid = 1 / (1 + exp(-x))
softplus = log(1 + exp(x))
POINTS = (-2.3, -0.9, -0.31, 0.17, 0.72, 1.9)
POSITIVE = {"log", "sqrt"}

SMOOTH = {
    **{name: f(x) for name, (f, arity, _) in FUNCTIONS.items() if arity == 1 and name not in ("abs", "sign")},
    "sigmoid": sigmoid,
    "sigmoid, other form": exp(x) / (1 + exp(x)),
    "1 - sigmoid": 1 - sigmoid,
    "log sigmoid": log(sigmoid),
    "log(1 - sigmoid)": log(1 - sigmoid),
    "softplus": softplus,
    "scaled softplus": log(1 + exp(c * x)) / c,
    "swish": x * sigmoid,
    "swish with a constant": x / (1 + exp(-c * x)),
    "gelu": x * (1 + erf(x / sqrt(2))) / 2,
    "gelu, tanh form": x * (1 + tanh(sqrt(2 / pi) * (x + Rational(44715, 1000000) * x**3))) / 2,
    "mish": x * tanh(softplus),
    "scaled tanh": Rational(17159, 10000) * tanh(2 * x / 3),
    "gaussian": exp(-(x**2)),
    "cube": x**3,
    "reciprocal": 1 / x,
    "bent": (sqrt(x**2 + 1) - 1) / 2 + x,
    "rational": x / (1 + x**2),
    "identity": x,
    "constant": 0 * x + 3,
    "tanh of tanh": tanh(tanh(x)),
    "power of a constant": (1 + x**2) ** c,
}
KINKED = {
    "abs": Abs(x),
    "sign": sign(x),
    "relu": Max(x, 0),
    "clipped relu": Min(Max(x, 0), 1),
    "leaky relu": Piecewise((x, x > 0), (Rational(1, 100) * x, True)),
    "elu": Piecewise((x, x > 0), (c * (exp(x) - 1), True)),
    "selu": Rational(105, 100) * Piecewise((x, x > 0), (Rational(167, 100) * (exp(x) - 1), True)),
    "hard sigmoid": Max(0, Min(1, (x + 1) / 2)),
    "softsign": x / (1 + Abs(x)),
    "abs of tanh": Abs(tanh(x)),
    "abs with a constant": Abs(c * x),
    "x abs(x)": x * Abs(x),
    "huber": Piecewise((x**2 / 2, Abs(x) <= 1), (Abs(x) - Rational(1, 2), True)),
    "hinge": Max(0, 1 - x) ** 2,
    "where inside where": Piecewise((Piecewise((x**2, x > 1), (x, True)), x > 0), (tanh(x), True)),
}
FORMULAS = {**SMOOTH, **KINKED}
VALUES = {"c": 0.7}


def points(name: str) -> tuple[float, ...]:
    return tuple(abs(p) for p in POINTS) if name in POSITIVE else POINTS


def number(formula: sympy.Expr, *at: float) -> Any:
    """The formula at 30 digits."""
    inside = formula.subs({c: sympy.Float(VALUES["c"], 30)}).doit()
    f = sympy.lambdify([slot(i) for i in range(len(at))], inside, [{"Gap": lambda a, b: a - b}, "mpmath"])
    return f(*(mpmath.mpf(a) for a in at))


def value(formula: sympy.Expr, *at: Any) -> Any:
    return evaluate(formula, [np.asarray(a) for a in at], VALUES)


def slope_agrees(name: str, formula: sympy.Expr, order: int = 1) -> None:
    """Each derivative is mpmath's derivative of the one before, and NumPy's value of it."""
    for _ in range(order):
        found = derivative(formula, 0)
        with mpmath.workdps(30):
            for at in points(name):
                expected = mpmath.diff(lambda t, f=formula: number(f, t), at)
                assert float(number(found, at)) == pytest.approx(float(expected), rel=1e-8, abs=1e-10), (found, at)
                assert float(value(found, at)) == pytest.approx(float(expected), rel=1e-7, abs=1e-9), (found, at)
        formula = found


@pytest.mark.parametrize("name", FORMULAS)
def test_value_is_sympys(name: str) -> None:
    with mpmath.workdps(30):
        for at in points(name):
            expected = number(FORMULAS[name], at)
            assert float(value(FORMULAS[name], at)) == pytest.approx(float(expected), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", FORMULAS)
def test_derivative_is_numerical_differentiation(name: str) -> None:
    slope_agrees(name, FORMULAS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMULAS)
def test_second_and_third_derivative(name: str) -> None:
    slope_agrees(name, FORMULAS[name], 3)


TWO = {
    "max": Max(x, y),
    "min": Min(x, y),
    "product": x * tanh(y),
    "quotient": x / (1 + y**2),
    "power": (1 + x**2) ** y,
    "where": Piecewise((x * y, x > y), (y**2, True)),
    "logistic loss": softplus - x * y,
    "cross-entropy": -y * log(sigmoid) - (1 - y) * log(1 - sigmoid),
}


@pytest.mark.parametrize("by", [0, 1])
@pytest.mark.parametrize("name", TWO)
def test_partial_derivatives(name: str, by: int) -> None:
    formula = TWO[name]
    found = derivative(formula, by)
    with mpmath.workdps(30):
        for at in [(0.3, -0.8), (-1.1, 0.4), (1.2, 0.9)]:

            def along(t: Any, at: tuple[float, float] = at) -> Any:
                return number(formula, *(t if i == by else a for i, a in enumerate(at)))

            expected = float(mpmath.diff(along, at[by]))
            assert float(value(found, *at)) == pytest.approx(expected, rel=1e-8, abs=1e-10)


def test_at_a_kink_the_convention_holds() -> None:
    for formula in (Abs(x), Max(x, 0), Min(x, 0), x * sign(x)):
        assert float(value(derivative(formula, 0), 0.0)) == 0
    assert float(value(derivative(KINKED["leaky relu"], 0), 0.0)) == pytest.approx(0.01)


z, w = slot(2), slot(3)
HALF, THIRD = Rational(1, 2), Rational(1, 3)

# formula, values of x, y, z and w, slopes: quantities that tie share equally, against a constant the slope is 0
TIES: list[tuple[sympy.Expr, tuple[float, ...], tuple[sympy.Expr | float, ...]]] = [
    (Max(x, y), (0.4, 0.4), (HALF, HALF)),
    (Max(x, y), (0.5, 0.4), (1, 0)),
    (Max(x, y), (0.3, 0.4), (0, 1)),
    (Min(x, y), (0.4, 0.4), (HALF, HALF)),
    (Min(x, y), (0.3, 0.4), (1, 0)),
    (Max(x, Max(y, z)), (1, 1, 1), (THIRD, THIRD, THIRD)),
    (Max(Max(x, y), z), (1, 1, 0), (HALF, HALF, 0)),
    (Max(x, Max(y, z)), (1, 2, 1), (0, 1, 0)),
    (Min(x, Min(y, z)), (1, 1, 1), (THIRD, THIRD, THIRD)),
    (Min(Min(x, y), Min(z, w)), (1, 3, 1, 1), (THIRD, 0, THIRD, THIRD)),
    (Max(x, 2 * y, z), (2, 1, 0), (HALF, 1, 0)),
    (Max(x, 0), (0,), (0,)),
    (Min(x, c), (3,), (0,)),
    (Max(x, 2 * c - c**2 + c), (0,), (0,)),
    (Max(x, y, 0), (0, 0), (0, 0)),
    (Max(x, y, 0), (1, 1), (HALF, HALF)),
    (Max(x, Max(0, y), z), (-1, 0, -1), (0, 0, 0)),
    (Min(Max(x, -c), c), (3,), (0,)),
    (Min(Max(x, -c), c), (-3,), (0,)),
    (Min(Max(x, -c), c), (1,), (1,)),
    (Max(x, -x), (0,), (0,)),
    (Abs(x - y), (2, 2), (0, 0)),
    (Max(Min(x, y), Min(x, z)), (1, 2, 3), (1, 0, 0)),
    (Max(x, y) ** 2, (3, 3), (3, 3)),
    (Min(x * y, Min(Max(x, y - Rational(1, 5)), y + Rational(1, 5)) * y), (0.75, 0.7), (0.7, 0.75)),
    (Max(x + Rational(1, 5), Min(x, y) + Rational(1, 5)), (0.3, 0.7), (1, 0)),
]


@pytest.mark.parametrize(("formula", "at", "slopes"), TIES, ids=[f"{f} at {at}" for f, at, _ in TIES])
def test_ties(formula: sympy.Expr, at: tuple[float, ...], slopes: tuple[Any, ...]) -> None:
    for by, slope in enumerate(slopes):
        found = float(evaluate(derivative(formula, by), np.array(at, float), {"c": 3.0}))
        assert found == pytest.approx(float(slope), abs=1e-14)


def test_shares_of_quantities_sum_to_1_whatever_is_rounded() -> None:
    """max(u, v) with u = v everywhere, though they differ by roundings."""
    rng = np.random.default_rng(0)
    at = rng.standard_normal((2, 1000))
    for u, v in ((x + Rational(1, 5), Min(x, y + 100) + Rational(1, 5)), (x / 3, (Min(x, y + 100) + 1) / 3 - THIRD)):
        slope = evaluate(derivative(Max(u, v), 0), at, {})
        np.testing.assert_allclose(slope, float(sympy.diff(u, x)), rtol=1e-12)


def test_an_unknown_derivative_is_refused() -> None:
    with pytest.raises(ValueError, match="no derivative"):
        derivative(sympy.Function("f")(x), 0)
    with pytest.raises(TypeError, match="gamma"):
        value(sympy.gamma(x), 1.0)
    with pytest.raises(KeyError, match="c"):
        evaluate(c * x, [np.asarray(1.0)], {})


# ---------------------------------------------------------------- simplest and in_terms_of_value


@pytest.mark.parametrize("name", FORMULAS)
def test_simplest_is_equal_and_settled(name: str) -> None:
    once = simplest(FORMULAS[name])
    assert simplest(once) == once
    np.testing.assert_allclose(value(once, points(name)), value(FORMULAS[name], points(name)), rtol=1e-12)


def test_derivatives_read_as_in_a_book() -> None:
    z = slot(1)
    forms = {
        "sigmoid": z * (1 - z),
        "tanh": 1 - z**2,
        "scaled tanh": None,
        "relu": None,
        "gelu": None,
        "exp": z,
        "1 - sigmoid": -z * (1 - z),
    }
    for name, form in forms.items():
        found = in_terms_of_value(FORMULAS[name], derivative(FORMULAS[name], 0))
        if form is not None:
            assert found is not None and sympy.expand(found - form) == 0, name
    assert in_terms_of_value(sigmoid, derivative(sigmoid, 0)) == z * (1 - z)
    assert derivative(softplus, 0) == sigmoid


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("order", [1, 2])
def test_in_terms_of_value_is_equal(name: str, order: int) -> None:
    definition = FORMULAS[name]
    target = derivative(definition, 0)
    for _ in range(order - 1):
        target = derivative(target, 0)
    found = in_terms_of_value(definition, target)
    if found is None:
        assert name not in ("sigmoid", "tanh", "exp")
    else:
        at = np.asarray(points(name))
        np.testing.assert_allclose(value(found, at, value(definition, at)), value(target, at), rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------- stabilise

FINITE = [
    "sigmoid",
    "sigmoid, other form",
    "1 - sigmoid",
    "log sigmoid",
    "log(1 - sigmoid)",
    "softplus",
    "scaled softplus",
]
FINITE += [
    "swish",
    "swish with a constant",
    "gelu",
    "gelu, tanh form",
    "mish",
    "tanh",
    "elu",
    "selu",
    "leaky relu",
    "softsign",
]
LARGE = np.array([-1e4, -800.0, -50.0, 0.0, 50.0, 800.0, 1e4])


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("order", [0, 1])
def test_stable_forms_are_equal(name: str, order: int) -> None:
    formula = derivative(FORMULAS[name], 0) if order else FORMULAS[name]
    at = np.asarray(points(name))
    np.testing.assert_allclose(value(stabilise(formula), at), value(formula, at) + 0 * at, rtol=1e-12, atol=1e-15)
    assert stabilise(stabilise(formula)) == stabilise(formula)


@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize("order", [0, 1])
def test_stable_forms_are_finite(name: str, order: int) -> None:
    formula = derivative(FORMULAS[name], 0) if order else FORMULAS[name]
    found = value(stabilise(formula), LARGE)
    assert np.all(np.isfinite(found)), (stabilise(formula), found)


def test_stable_forms_keep_small_values() -> None:
    assert float(value(stabilise(sigmoid), -700.0)) == pytest.approx(np.exp(-700.0), rel=1e-12)
    assert float(value(stabilise(softplus), -30.0)) == pytest.approx(np.exp(-30.0), rel=1e-9)
    assert float(value(stabilise(log(sigmoid)), -1e4)) == -1e4


# ---------------------------------------------------------------- unknown functions

f = unknown("f")
COMPOSED = {
    "f": f(x),
    "f of a square": f(x**2),
    "a square of f": f(x) ** 2,
    "x f": x * f(3 * x),
    "f of f": f(f(x)),
    "with another": f(x) * unknown("g")(x + 1) / (1 + f(x) ** 2),
    "with known ones": exp(-f(x)) + tanh(x) * f(sigmoid),
    "of a derivative": unknown("f", 2)(x**2),
    "power": (1 + f(x) ** 2) ** c,
}


def known(formula: sympy.Expr) -> sympy.Expr:
    """The formula with f = tanh and g = sin."""
    definitions = {"f": tanh(x), "g": sympy.sin(x)}
    return formula.replace(
        lambda e: isinstance(e, Unknown), lambda e: sympy.diff(definitions[e.name], x, e.order).subs(x, e.args[0])
    )


@pytest.mark.parametrize("name", slow_where(lambda name: name.startswith("with "), COMPOSED))
def test_an_unknown_function_is_differentiated_as_any_function(name: str) -> None:
    """The derivative, with a function put in, is the derivative of the formula with it put in, to third order."""
    formula = COMPOSED[name]
    expected = known(formula)
    for _ in range(3):
        formula, expected = derivative(formula, 0), sympy.diff(expected, x)
        assert not formula.has(sympy.Derivative, sympy.Subs)
        for at in POINTS:
            assert float(number(known(formula), at)) == pytest.approx(float(number(expected, at)), rel=1e-9, abs=1e-12)


def test_an_unknown_function_is_one_object() -> None:
    assert unknown("f", 2) is unknown("f", 2)
    assert len({unknown("f"), unknown("f", 1), unknown("g"), unknown("exp"), exp}) == 5
    assert len({scalar.text(g(x)) for g in (unknown("f"), unknown("f", 1), unknown("exp"), exp)}) == 4
    assert derivative(f(x), 0) == unknown("f", 1)(x)
    assert f(x).is_real


@pytest.mark.parametrize(("order", "text"), [(0, "f"), (1, "f'"), (2, "f''"), (3, r"f\^\(3\)")])
def test_an_unknown_function_has_no_value(order: int, text: str) -> None:
    with pytest.raises(TypeError, match=f"^{text} is not known$"):
        value(1 + unknown("f", order)(x), 0.5)


# ---------------------------------------------------------------- planted faults


def test_planted_chain_rule_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Unknown, "fdiff", lambda self, argindex=1: unknown(self.name, self.order + 1)(x))
    derivative.cache_clear()
    try:
        with pytest.raises(AssertionError):
            test_an_unknown_function_is_differentiated_as_any_function("f of a square")
    finally:
        derivative.cache_clear()


def test_planted_derivative_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scalar.sympy, "diff", lambda f, s: 2 * f.diff(s))
    derivative.cache_clear()
    try:
        with pytest.raises(AssertionError):
            slope_agrees("tanh", tanh(x))
    finally:
        derivative.cache_clear()


PARTLY = {
    "cube root": x ** Rational(1, 3),
    "inverse cube root": x ** Rational(-1, 3),
    "square root": sqrt(x),
    "inverse square root": 1 / sqrt(x),
    "a power": (2 * x + 1) ** Rational(7, 5),
    "logarithm": log(1 + x),
    "its size": Abs(x ** Rational(1, 3)),
    "its sign": sign(log(x)),
    "its maximum": Max(x ** Rational(1, 3), x),
    "bounded": Min(sqrt(x), 2),
    "a power of itself": x**x,
    "its square": log(x) ** 2,
}


@pytest.mark.parametrize("formula", PARTLY.values(), ids=PARTLY)
def test_a_complex_step_is_taken_where_the_function_is_real(formula: sympy.Expr) -> None:
    """|(−1)^(1/3)| is no number in code, and 1/2 by NumPy's complex root: a comparison with it would be another."""
    values = np.array([-3.7, -0.8, -0.6, -0.2, 0.3, 1.7])
    real = evaluate(formula, [values], {})
    step = evaluate(formula, [values + 1e-30j], {})
    np.testing.assert_allclose(np.real(step), real, rtol=1e-14)
    assert np.isnan(real[0])
    slopes = np.broadcast_to(evaluate(derivative(formula, 0), [values], {}), real.shape)
    there = ~np.isnan(real)
    np.testing.assert_allclose(np.imag(step)[there] / 1e-30, slopes[there], rtol=1e-12)
    for relation in (x > 1, x <= 1, sympy.Ne(x, 1)):
        condition = indicator(relation.xreplace({x: formula}))
        np.testing.assert_array_equal(evaluate(condition, [values + 1e-30j], {}), evaluate(condition, [values], {}))


def test_every_function_has_a_numpy_value() -> None:
    for name, (f, arity, _) in FUNCTIONS.items():
        at = (0.4, 0.7)[:arity]
        assert float(value(f(*(slot(i) for i in range(arity))), *at)) == pytest.approx(float(f(*at))), name
    assert float(value(indicator(x > 0), 1.0)) == 1
    assert float(value(atan(tan(x)), 0.3)) == pytest.approx(0.3)
    assert float(value(cosh(x) ** 2 - sinh(x) ** 2, 0.3)) == pytest.approx(1)


u = exp(Rational(851, 500) * x)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (u / (1 + u) ** 2 * (1 + u), u / (1 + u)),
        (u**2 / (u * y), u / y),
        ((exp(x) + u) * y / y**2, (exp(x) + u) / y),
        (x ** Rational(851, 500) * y / (y * x), x ** Rational(351, 500)),
    ],
)
def test_powers_of_a_high_degree_are_reduced(formula: sympy.Expr, expected: sympy.Expr) -> None:
    """To SymPy alone, exp(1.702 x) is a polynomial of degree 851."""
    assert sympy.expand(scalar.reduced(formula) - expected) == 0


def test_a_quotient_of_hyperbolic_functions_is_tanh() -> None:
    assert scalar.derivative(log(cosh(x)), 0) == tanh(x)


def test_a_condition_keeps_its_sides() -> None:
    eps = sympy.Symbol("eps", real=True)
    slope = scalar.derivative(Max(exp(x), 1 - eps), 0)
    (condition,) = slope.atoms(sympy.core.relational.Relational)
    assert scalar.sides(condition) == (exp(x), 1 - eps)


def test_a_derivative_with_exponentials_is_not_multiplied_out() -> None:
    """2 max(q, log(1 + exp u)) (share q' + share' σ(u)) has some 60 operations; multiplied out, some 900."""
    u = slot(0) - slot(1)
    q = u / (1 + (slot(0) + slot(1) / 3) ** 2)
    assert sympy.count_ops(derivative(sympy.Max(q, sympy.log(1 + sympy.exp(u))) ** 2, 0)) < 100


@pytest.mark.parametrize("power", [sympy.Rational(1, 3), sympy.Rational(1, 2), sympy.Rational(3, 4)])
def test_the_derivative_of_a_root_of_a_product_shows_the_root(power: sympy.Expr) -> None:
    """d (u v)^p / du = p v (u v)^(p−1), not p (u v)^p / u, which is 0/0 at u = 0."""
    u, v = slot(0), slot(1)
    assert derivative((u * v) ** power, 0) == power * v * (u * v) ** (power - 1)
