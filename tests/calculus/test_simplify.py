"""The laws: each alone on its textbook case, its refusals, and that every law keeps the value."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from symjac.calculus import simplify as laws
from symjac.calculus.differentiate import jacobian, vjp
from symjac.calculus.simplify import LawContext, simplify
from symjac.calculus.trace import SumFact
from symjac.core import scalar
from symjac.core.evaluate import evaluate
from symjac.core.expr import ONE, Equation, Expr, add, apply, contract, identity, negate, number, substitute, symbol
from symjac.core.index import Index, index, size_symbol

k = size_symbol("k")
x = scalar.slot(0)
n, m = index("n", k), index("m", k)
i, j, l = index("i", 2), index("j", 3), index("l", 3)
A, Y, T, G = (symbol(name, (n, j)) for name in ("A", "Y", "T", "G"))
inverse = 1 / x


def softmax(a: Expr) -> Expr:
    e = apply(sympy.exp(x), [a])
    return contract([e, apply(inverse, [contract([e], [j])])])


def sigmoid(a: Expr) -> Expr:
    return apply(1 / (1 + sympy.exp(-x)), [a])


ROWS_SUM_TO_ONE = SumFact("sum(T, axis=1) = 1", contract([T], [j]), ONE)
SOFTMAX = Equation(Y, softmax(A))
SIGMOID = Equation(Y, sigmoid(A))
TANH = Equation(Y, apply(sympy.tanh(x), [A]))
LOG_SOFTMAX = Equation(Y, add(A, negate(apply(sympy.log(x), [contract([apply(sympy.exp(x), [A])], [j])]))))


def over(top: Expr, bottom: Expr) -> Expr:
    return contract([top, apply(inverse, [bottom])])


def cross_entropy_slope() -> Expr:
    return contract([number(-1 / k), over(T, Y)])


def through(equation: Equation, cotangent: Expr) -> Expr:
    """∂/∂A of what `cotangent` is of Y, as derive composes it."""
    value, _ = simplify(vjp(equation.rhs, G, A), LawContext((equation,)))
    return substitute(value, Equation(G, cotangent))


def centred(over: Index, count: sympy.Expr) -> Expr:
    """A − its mean over an axis."""
    aside = Index("aside", over.size)
    there = symbol("A", [aside if at is over else at for at in (n, j)])
    return add(A, contract([number(-1 / count), there], [aside]))


ROW, COLUMN = centred(j, sympy.Integer(3)), centred(n, k)
SPREAD = apply(1 / sympy.sqrt(x + 1), [contract([apply(x**2, [A])], [j])])
NORMALISED = Equation(Y, contract([ROW, SPREAD]))
BY_SAMPLES = Equation(Y, contract([COLUMN, apply(1 / sympy.sqrt(x + 1), [contract([apply(x**2, [A])], [n])])]))
TOTAL = contract([A], [j])

y_minus_t = add(Y, negate(T))
CASES = {
    "softmax's Jacobian is diag(y) - y yT, one row at a time": (
        jacobian(SOFTMAX.rhs, symbol("A", (m, l))),
        LawContext((SOFTMAX,)),
        contract(
            [
                identity(n, m),
                add(contract([identity(j, l), Y]), contract([number(-1), Y, symbol("Y", (n, l))])),
            ]
        ),
    ),
    "softmax and cross-entropy with rows of T that sum to one": (
        through(SOFTMAX, cross_entropy_slope()),
        LawContext((SOFTMAX,), (ROWS_SUM_TO_ONE,)),
        contract([number(1 / k), y_minus_t]),
    ),
    "the same without that fact keeps the sum of T": (
        through(SOFTMAX, cross_entropy_slope()),
        LawContext((SOFTMAX,)),
        contract([number(1 / k), add(contract([Y, symbol("T", (n, index("j1", 3)))], [index("j1", 3)]), negate(T))]),
    ),
    "sigmoid and binary cross-entropy": (
        through(
            SIGMOID, contract([number(-1 / k), add(over(T, Y), negate(over(add(ONE, negate(T)), add(ONE, negate(Y)))))])
        ),
        LawContext((SIGMOID,)),
        contract([number(1 / k), y_minus_t]),
    ),
    "sigmoid's slope is z(1 - z)": (
        vjp(SIGMOID.rhs, G, A),
        LawContext((SIGMOID,)),
        contract([G, Y, add(ONE, negate(Y))]),
    ),
    "tanh's slope is 1 - z^2": (
        vjp(TANH.rhs, G, A),
        LawContext((TANH,)),
        contract([G, add(ONE, negate(apply(x**2, [Y])))]),
    ),
    "log-softmax's slope needs the exponential of its value alone": (
        vjp(LOG_SOFTMAX.rhs, G, A),
        LawContext((LOG_SOFTMAX,)),
        add(G, contract([number(-1), symbol("G", (n, index("j1", 3))), apply(sympy.exp(x), [Y])], [index("j1", 3)])),
    ),
    "a centred row sums to 0": (add(G, contract([ROW], [j])), LawContext((TANH,)), G),
    "times what is alike along the row": (
        add(G, contract([number(5), ROW, SPREAD, TOTAL], [j])),
        LawContext((TANH,)),
        G,
    ),
    "beside another term": (contract([add(ROW, G)], [j]), LawContext((TANH,)), contract([G], [j])),
    "a centred column sums to 0": (add(G, contract([COLUMN], [n])), LawContext((TANH,)), G),
    "x̂ of layer norm": (add(G, contract([Y], [j])), LawContext((NORMALISED,)), G),
    "x̂ of batch norm": (add(G, contract([Y, symbol("b", ())], [n])), LawContext((BY_SAMPLES,)), G),
    "numbers as one": (
        contract([number(2), G, apply(sympy.exp(x) / 2, [A])]),
        LawContext((TANH,)),
        contract([G, apply(sympy.exp(x), [A])]),
    ),
    "powers as one": (contract([G, apply(x**2, [G])]), LawContext((TANH,)), apply(x**3, [G])),
    "powers of a sum as one": (contract([TOTAL, apply(x**2, [TOTAL])]), LawContext((TANH,)), apply(x**3, [TOTAL])),
    "a root of what is not negative": (
        contract([apply(sympy.sqrt(x), [T]), apply(sympy.sqrt(x), [T])]),
        LawContext((TANH,)),
        T,
    ),
    "what differs in the name of a summed index": (
        add(apply(x**2, [TOTAL]), contract([number(2), TOTAL, TOTAL])),
        LawContext((TANH,)),
        contract([number(3), apply(x**2, [TOTAL])]),
    ),
}


def value(e: Expr, equation: Equation, size: int = 4) -> np.ndarray:
    """The array of `e` at random A, T, G, with Y by `equation`."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((size, 3))
    t = rng.random((size, 3))
    t /= t.sum(axis=1, keepdims=True)
    tensors = {"A": a, "T": t, "G": rng.standard_normal((size, 3))}
    tensors["b"] = rng.standard_normal(())
    tensors["Y"] = evaluate(equation.rhs, (n, j), tensors, {"k": size})
    return evaluate(e, e.free, tensors, {"k": size})


@pytest.mark.parametrize("name", CASES)
def test_law_reaches_the_textbook_form(name: str) -> None:
    """before = after, and after is the form that a textbook prints."""
    before, context, expected = CASES[name]
    after, steps = simplify(before, context)
    equation = context.values[0]
    difference, _ = simplify(add(after, negate(expected)), context)
    np.testing.assert_allclose(value(difference, equation), 0, atol=1e-15)
    assert len(after.key) <= len(expected.key), f"{after.key}\nis longer than\n{expected.key}"
    for step in steps:
        np.testing.assert_allclose(value(step.before, equation), value(step.after, equation), atol=1e-14)


def test_every_law_has_a_reason_to_end() -> None:
    assert all(law.name and law.statement and law.terminates for law in laws.LAWS)
    assert len({law.name for law in laws.LAWS}) == len(laws.LAWS)


def test_simplified_stays() -> None:
    """simplify(simplify(e)) = simplify(e)."""
    for before, context, _ in CASES.values():
        after, _ = simplify(before, context)
        again, steps = simplify(after, context)
        assert again is after and not steps


def test_a_fact_over_an_axis_that_another_factor_reads_is_not_used() -> None:
    """Σ_j T_nj Y_nj is not 1."""
    e = contract([T, Y], [j])
    after, _ = simplify(e, LawContext((), (ROWS_SUM_TO_ONE,)))
    assert after is e


STAYS: dict[str, Expr] = {
    "a centred row in the sum over samples": contract([ROW], [n]),
    "a row minus another number times its sum": contract(
        [add(A, contract([number(-sympy.Rational(1, 2)), symbol("A", (n, l))], [l]))], [j]
    ),
    "weighted": contract([ROW, G], [j]),
    "squared": contract([apply(x**2, [ROW])], [j]),
    "two plain factors": contract([G, G]),
    "x of sqrt(x²)": apply(sympy.sqrt(x), [apply(x**2, [G])]),
}


@pytest.mark.parametrize("name", STAYS)
def test_what_is_no_identity_stays(name: str) -> None:
    before = STAYS[name]
    after, _ = simplify(before, LawContext((TANH,)))
    np.testing.assert_allclose(value(before, TANH), value(after, TANH), rtol=1e-13, atol=1e-14)
    assert np.abs(value(after, TANH)).max() > 1e-3
    assert "x of" not in name or after is apply(sympy.Abs(x), [G])


FOLDED: list[tuple[Expr, Expr]] = [
    (apply(sympy.Max(x, scalar.slot(1)), [TOTAL, contract([symbol("A", (n, l))], [l])]), TOTAL),
    (apply(sympy.Min(x, scalar.slot(1)), [G, G]), G),
    (apply(sympy.sqrt(x) ** 2, [T]), T),
    (negate(negate(G)), G),
    (add(G, negate(G), T), T),
    (contract([number(sympy.Rational(1, 2)), number(2), number(1), G]), G),
]


@pytest.mark.parametrize(("before", "after"), FOLDED, ids=range(len(FOLDED)))
def test_what_folds_at_once(before: Expr, after: Expr) -> None:
    assert simplify(before, LawContext())[0] is after


def test_a_fact_over_the_other_axis_is_not_used() -> None:
    """Σ_n T_nj is not 1."""
    e = contract([T], [n])
    after, _ = simplify(e, LawContext((), (ROWS_SUM_TO_ONE,)))
    assert after is e


@pytest.mark.parametrize("left", [T, contract([T, T], [j]), contract([T, A], [j])])
def test_a_fact_of_another_form_is_not_used(left: Expr) -> None:
    e = contract([T, T], [j])
    assert simplify(e, LawContext((), (SumFact("another form", left, ONE),)))[0] is e


@pytest.mark.parametrize("law", [rule for _, rule in laws.RULES], ids=[law.name for law, _ in laws.RULES])
def test_a_planted_wrong_law_changes_a_value(law: laws.Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    """A law that also flips a sign is seen by the evaluation of its own step."""
    place = [rule for _, rule in laws.RULES].index(law)
    name = laws.RULES[place][0]

    def wrong(e: Expr, context: LawContext) -> tuple[Expr, tuple[str, ...]]:
        after, where = law(e, context)
        return (after, where) if after is e else (negate(after), where)

    rules = (*laws.RULES[:place], (name, wrong), *laws.RULES[place + 1 :])
    monkeypatch.setattr(laws, "RULES", rules)
    seen = 0
    for before, context, _ in CASES.values():
        equation = context.values[0]
        for step in simplify(before, context)[1]:
            if step.law is name:
                seen += not np.allclose(value(step.before, equation), value(step.after, equation))
    assert seen
