"""Stable expressions equal what they replace, stay finite where that does not, and every step holds."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from symjac.calculus.differentiate import vjp
from symjac.calculus.stabilise import ELEMENTWISE, LOG_OF_VALUE, SHIFT, SMALL, stabilise
from symjac.core import scalar
from symjac.core.evaluate import evaluate
from symjac.core.expr import (
    Equation,
    Expr,
    Map,
    Max,
    Symbol,
    add,
    apply,
    canonical,
    contract,
    maximum,
    number,
    rename,
    symbol,
    walk,
)
from symjac.core.index import Index, index, size_symbol
from symjac.core.scalar import slot

k = size_symbol("k")
n, j, j1 = index("n", k), index("j", 3), index("j1", 3)
x0, x1 = slot(0), slot(1)
A, T = symbol("A", [n, j]), symbol("T", [n, j])
Y, S = symbol("Y", [n, j]), symbol("S", [n, j])


def exps(at: Symbol = A) -> Expr:
    return apply(sympy.exp(x0), [at])


TOTAL = contract([apply(sympy.exp(x0), [symbol("A", [n, j1])])], [j1])
SOFTMAX = Equation(Y, contract([exps(), apply(1 / x0, [TOTAL])]))
SIGMOID = Equation(S, apply(1 / (1 + sympy.exp(-x0)), [A]))
VALUES = {"Y": SOFTMAX, "S": SIGMOID}
minus = number(-1)
log = lambda e: apply(sympy.log(x0), [e])  # noqa: E731

CASES = {
    "softmax": (SOFTMAX.rhs, [SHIFT]),
    "log softmax": (add(A, contract([minus, log(TOTAL)])), [SHIFT]),
    "cross-entropy of a softmax": (
        contract([number(-1 / k), T, log(Y)], [n, j]),
        [LOG_OF_VALUE, SHIFT],
    ),
    "binary cross-entropy of a sigmoid": (
        contract(
            [number(-1 / k), add(contract([T, log(S)]), contract([apply(1 - x0, [T]), apply(sympy.log(1 - x0), [S])]))],
            [n, j],
        ),
        [LOG_OF_VALUE, ELEMENTWISE, SMALL],
    ),
    "sigmoid": (SIGMOID.rhs, [ELEMENTWISE]),
    "softplus": (apply(sympy.log(1 + sympy.exp(x0)), [A]), [ELEMENTWISE]),
    "swish": (apply(x0 / (1 + sympy.exp(-x0)), [A]), [ELEMENTWISE]),
    "derivative of a sigmoid": (apply(sympy.exp(-x0) / (1 + sympy.exp(-x0)) ** 2, [A]), [ELEMENTWISE]),
    "tanh of exponentials": (
        apply((sympy.exp(x0) - sympy.exp(-x0)) / (sympy.exp(x0) + sympy.exp(-x0)), [A]),
        [ELEMENTWISE],
    ),
    "mish": (apply(x0 * sympy.tanh(sympy.log(1 + sympy.exp(x0))), [A]), [ELEMENTWISE]),
    "elu": (apply(sympy.Piecewise((x0, x0 > 0), (sympy.exp(x0) - 1, True)), [A]), [ELEMENTWISE, SMALL]),
    "weighted exponentials": (
        log(contract([apply(sympy.exp(x0), [symbol("A", [n, j1])]), symbol("w", [j1])], [j1])),
        [SHIFT],
    ),
    "log of a product": (apply(sympy.log(x0 * x1), [Y, T]), [LOG_OF_VALUE, SHIFT]),
    "nothing to do": (contract([A, T], [j]), []),
}


@pytest.mark.parametrize(("e", "laws"), CASES.values(), ids=CASES)
def test_every_step_holds(e: Expr, laws: list[object]) -> None:
    after, steps = stabilise(e, VALUES)
    assert [s.law for s in steps] == laws
    rng = np.random.default_rng(3)
    a = rng.normal(size=(4, 3))
    y = np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)
    tensors = {"A": a, "T": rng.random((4, 3)) + 0.1, "Y": y, "S": 1 / (1 + np.exp(-a)), "w": np.array([1.0, 2.0, 0.5])}
    expected = evaluate(e, e.free, tensors, {"k": 4})
    for form in (*(s.after for s in steps), after):
        np.testing.assert_allclose(evaluate(form, e.free, tensors, {"k": 4}), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("e", "laws"), CASES.values(), ids=CASES)
def test_finite_at_the_ends(e: Expr, laws: list[object]) -> None:
    after, _ = stabilise(e, VALUES)
    a = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, -3.0], [700.0, -700.0, 40.0]])
    tensors = {"A": a, "T": np.full((4, 3), 1 / 3), "Y": np.nan, "S": np.nan, "w": np.ones(3)}
    assert np.isfinite(evaluate(after, after.free, tensors, {"k": 4})).all()


@pytest.mark.parametrize(("e", "laws"), CASES.values(), ids=CASES)
def test_stabilised_twice_is_stabilised_once(e: Expr, laws: list[object]) -> None:
    after, _ = stabilise(e, VALUES)
    assert stabilise(after, VALUES) == (after, ())


def test_small_probabilities_keep_their_digits() -> None:
    after, _ = stabilise(apply(sympy.log(1 - x0), [S]), VALUES)
    assert evaluate(after, (n, j), {"A": np.array([[-50.0, 40.0, 0.0]])}, {"k": 1})[0] == pytest.approx(
        [-np.exp(-50.0), -40.0, -np.log(2.0)], rel=1e-12
    )


def test_a_mask_may_run_over_more_than_the_exponent_does() -> None:
    """Σ_jm M_jm exp(A_nj) / Σ_jm M_jm exp(A_nj + 1): no index is left over, and nothing overflows."""
    m = index("m", 2)
    top = contract([symbol("M", [j1, m]), apply(sympy.exp(x0), [symbol("A", [n, j1])])], [j1, m])
    bottom = contract([symbol("M", [j1, m]), apply(sympy.exp(x0 + 1), [symbol("A", [n, j1])])], [j1, m])
    e = contract([top, apply(1 / x0, [bottom])])
    after, steps = stabilise(e, {}, ["M"])
    assert [s.law for s in steps] == [SHIFT]
    assert after.free == e.free
    a = np.array([[0.0, -1e4, 1e4], [1.0, 2.0, 3.0]])
    tensors = {"A": a, "M": np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])}
    np.testing.assert_allclose(evaluate(after, (n,), tensors, {"k": 2}), np.exp(-1.0), rtol=1e-12)


def test_a_shift_is_a_maximum_over_what_is_summed() -> None:
    after, _ = stabilise(SOFTMAX.rhs, {})
    assert {m.key for m in walk(after) if m.key.startswith("max")} == {maximum(symbol("A", [n, j1]), [j1]).key}


def test_stable_functions_compare_by_real_parts() -> None:
    step = np.array([1e-200j, 2 + 1e-200j, -2 + 1e-200j])
    for formula, slope in (
        (1 / (1 + sympy.exp(-x0)), lambda s: s * (1 - s)),
        (sympy.log(1 + sympy.exp(x0)), lambda s: s),
    ):
        value = scalar.evaluate(scalar.stabilise(formula), [step], {})
        s = 1 / (1 + np.exp(-step.real))
        np.testing.assert_allclose(value.imag / 1e-200, slope(s), rtol=1e-14)


MEANING = {
    scalar.Logistic: lambda u: 1 / (1 + sympy.exp(-u)),
    scalar.Softplus: lambda u: sympy.log(1 + sympy.exp(u)),
    scalar.Log1p: lambda u: sympy.log(1 + u),
    scalar.Expm1: lambda u: sympy.exp(u) - 1,
    scalar.Erfc: lambda u: 1 - sympy.erf(u),
    scalar.InverseRoot: lambda u: 1 / sympy.sqrt(u),
}
"""What each stable function is."""


def meant(formula: sympy.Expr) -> sympy.Expr:
    for f, meaning in MEANING.items():
        formula = formula.replace(f, meaning)
    return formula


x2 = slot(2)
G, P = scalar.Logistic, scalar.Softplus
CANCELLING = [
    (sympy.log(1 + x0), scalar.Log1p(x0)),
    (sympy.log(1 - x0), scalar.Log1p(-x0)),
    (sympy.log(2 + x0), sympy.log(2 + x0)),
    (3 * sympy.exp(x0) - 3, 3 * scalar.Expm1(x0)),
    (x1 - x1 * sympy.exp(2 * x0), -x1 * scalar.Expm1(2 * x0)),
    (sympy.exp(x0) - 2, sympy.exp(x0) - 2),
    (1 - G(x0), G(-x0)),
    (x1 * G(x0) - x1, -x1 * G(-x0)),
    ((1 - G(x0)) * G(x0), G(-x0) * G(x0)),
    (G(x0) - x1, (1 - x1) * G(x0) - x1 * G(-x0)),
    (P(x0) - x0, P(-x0)),
    (P(x0) - x1 * x0, (1 - x1) * P(x0) + x1 * P(-x0)),
    (2 * P(x0) - 2 * x0 * x1 + x2, 2 * x1 * P(-x0) + (2 - 2 * x1) * P(x0) + x2),
    (P(x0) - x0**2, P(x0) - x0**2),
    (sympy.sqrt(1 + x0**2) - 1, x0**2 / (1 + sympy.sqrt(1 + x0**2))),
    (1 + sympy.tanh(x0), 2 * G(2 * x0)),
    (x1 - x1 * sympy.tanh(x0), 2 * x1 * G(-2 * x0)),
    (1 - sympy.tanh(x0) ** 2, 4 * G(2 * x0) * G(-2 * x0)),
    (1 + sympy.erf(x0), scalar.Erfc(-x0)),
    (x1 * sympy.erf(x0) - x1, -x1 * scalar.Erfc(x0)),
    (x1 - sympy.erf(x0), x1 - sympy.erf(x0)),
]


@pytest.mark.parametrize(("formula", "expected"), CANCELLING, ids=str)
def test_what_is_small_is_no_difference(formula: sympy.Expr, expected: sympy.Expr) -> None:
    """The expected form; equal to what it replaces, exactly; and done once."""
    after = scalar.without_cancellation(formula)
    assert sympy.expand(after - expected) == 0
    difference = sympy.expand_log((meant(formula) - meant(after)).rewrite(sympy.exp), force=True)
    values = {x0: sympy.Rational(3, 7), x1: sympy.Rational(2, 5), x2: sympy.Rational(1, 3)}
    assert sympy.simplify(difference) == 0 or abs(sympy.N(difference.subs(values), 60, maxn=200)) < 1e-50
    assert scalar.without_cancellation(after) == after


def test_a_planted_fault_is_seen() -> None:
    wrong = (1 + x1) * P(x0) + x1 * P(-x0)
    assert sympy.simplify((meant(P(x0) - x1 * x0) - meant(wrong)).subs({x0: 1, x1: 1})) != 0


MAXIMA = {
    "a sum of exponentials over a root": contract(
        [TOTAL, apply((1 + x0**2) ** -sympy.Rational(1, 2), [symbol("c", [n])])]
    ),
    "two sums of exponentials": contract([TOTAL, contract([symbol("T", [n, j1]), exps(symbol("T", [n, j1]))], [j1])]),
    "a softmax": SOFTMAX.rhs,
    "a logarithm": log(TOTAL),
    "a softplus": apply(sympy.log(1 + sympy.exp(x0)), [A]),
    "a difference": apply(sympy.exp(x0) - 1, [A]),
    "a product in the other order": contract([T, A, number(-1)]),
    "a probability": log(Y),
    "a root": apply(sympy.sqrt(x0), [TOTAL]),
}


@pytest.mark.parametrize("body", MAXIMA.values(), ids=MAXIMA)
@pytest.mark.parametrize("beside", [number(1), A, TOTAL, exps()], ids=["alone", "A", "a sum", "exponentials"])
def test_what_is_compared_with_a_maximum_is_what_the_maximum_is_of(body: Expr, beside: Expr) -> None:
    """∂ max_n f = 1[f = max_n f] ..: whatever is done to f, it is done on both sides, and one f ties."""
    slope = vjp(maximum(body, [n]), number(1), Y if "Y" in body.names else A)
    for e in (slope, contract([slope, beside])):
        for form in (e, stabilise(e, VALUES, ["T"], derived=True)[0]):
            found = [m for m in walk(form) if isinstance(m, Map) and any(isinstance(a, Max) for a in m.args)]
            assert any(m.formula.has(sympy.Eq) for m in found)
            for m in found:
                assert len(scalar.equated(m.formula)) == len(m.formula.atoms(sympy.Eq))
                for pair in scalar.equated(m.formula):
                    largest, other = sorted((m.args[i] for i in pair), key=lambda a: not isinstance(a, Max))
                    assert isinstance(largest, Max)
                    assert canonical(other) is canonical(rename(largest.body, _renaming(largest, other)))


def _renaming(largest: Max, other: Expr) -> dict[Index, Index]:
    """The indices of the maximum as what is compared with it has them."""
    (i,) = largest.over
    (outside,) = [o for o in other.free if o not in largest.free]
    return {i: outside}
