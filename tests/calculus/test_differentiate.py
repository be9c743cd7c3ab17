"""Forward mode = reverse mode = finite differences of the oracle = SymPy component by component, to third order."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from symjac.calculus import differentiate
from symjac.calculus.differentiate import jacobian, jvp, vjp
from symjac.core import scalar
from symjac.core.evaluate import evaluate
from symjac.core.expr import (
    ONE,
    ZERO,
    Expr,
    Map,
    Symbol,
    add,
    apply,
    contract,
    determinant,
    inverse,
    maximum,
    negate,
    symbol,
    symbols,
    transform,
)
from symjac.core.index import Index, index
from symjac.core.wellformed import check_formed
from tests.componentwise import components, tensor
from tests.core import bank
from tests.core.bank import BANK, SHAPES, SIZES, Case, array, by_name, component, size_values, tensors
from tests.core.strategies import RANKS, SIZE, expressions
from tests.marks import slow

SMALL = {"m": 2, "n": 3, "p": 4}


def access(name: str, order: int = 1) -> Symbol:
    """The symbol with indices of its own; `order` tells those of repeated derivatives apart."""
    return symbol(name, [index(f"d{order}x{place}", size) for place, size in enumerate(SHAPES[name])])


def names_in(e: Expr) -> list[str]:
    return sorted({s.name for s in symbols(e)})


def differences(e: Expr, order: tuple[Index, ...], name: str, values: dict[str, Any], constants: dict[str, Any]) -> Any:
    """Central differences of fourth order, axes as of `order` and then of the tensor `name`."""
    step = 1e-3
    at = np.asarray(values[name], float)
    out = np.zeros((*evaluate(e, order, values, constants).shape, *at.shape))

    def moved(place: tuple[int, ...], by: float) -> Any:
        there = at.copy()
        there[place] += by
        return evaluate(e, order, {**values, name: there}, constants)

    for place in np.ndindex(at.shape):
        near, far = (moved(place, h) - moved(place, -h) for h in (step, 2 * step))
        out[(..., *place)] = (8 * near - far) / (12 * step)
    return out


def modes_agree(
    e: Expr, order: tuple[Index, ...], by: Symbol, values: dict[str, Any], constants: dict[str, Any]
) -> Expr:
    """Checks ∂e/∂by by all numeric roads, and returns it."""
    J = jacobian(e, by)
    check_formed(J)
    assert set(J.free) <= {*e.free, *by.indices}
    forward = evaluate(J, (*order, *by.indices), values, constants)
    np.testing.assert_allclose(forward, differences(e, order, by.name, values, constants), rtol=1e-7, atol=1e-8)

    rng = np.random.default_rng(3)
    cotangent = symbol("cotangent", e.free)
    tangent = rng.normal(size=np.shape(values[by.name]))
    weights = rng.normal(size=evaluate(e, e.free, values, constants).shape)
    more = {**values, "cotangent": weights, "tangent": tangent}
    whole = evaluate(J, (*e.free, *by.indices), values, constants)

    pulled = vjp(e, cotangent, by)
    check_formed(pulled)
    reverse = evaluate(pulled, by.indices, more, constants)
    np.testing.assert_allclose(reverse, np.tensordot(weights, whole, weights.ndim), rtol=1e-9, atol=1e-10)

    pushed = jvp(e, {by.name: "tangent"})
    check_formed(pushed)
    along = evaluate(pushed, e.free, more, constants)
    np.testing.assert_allclose(along, np.tensordot(whole, tangent, tangent.ndim), rtol=1e-9, atol=1e-10)
    return J


@pytest.mark.parametrize("case", BANK, ids=str)
def test_first_order_in_every_mode(case: Case) -> None:
    for name in names_in(case.expr):
        modes_agree(case.expr, case.order, access(name), tensors(SMALL), size_values(SMALL))


@pytest.mark.parametrize("sizes", [SIZES["equal"], SIZES["one"]], ids=["equal", "one"])
@pytest.mark.parametrize("case", BANK, ids=str)
def test_first_order_at_other_sizes(case: Case, sizes: dict[str, int]) -> None:
    values = tensors(sizes, seed=1)
    for name in names_in(case.expr):
        by = access(name)
        found = evaluate(jacobian(case.expr, by), (*case.order, *by.indices), values, size_values(sizes))
        expected = differences(case.expr, case.order, name, values, size_values(sizes))
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)


# ---------------------------------------------------------------- SymPy, component by component

TINY = {"m": 2, "n": 2, "p": 3}


def sympy_jacobian(
    e: Expr, order: tuple[Index, ...], by: Symbol, sizes: dict[str, int]
) -> tuple[Any, dict[Any, float]]:
    """SymPy's derivative of each component, at the values of `tensors`."""
    values = tensors(sizes)
    unknowns = {
        name: array(symbol(name, access(name).indices).indices, sizes, lambda *at, n=name: _unknown(n, at), object)
        for name in names_in(e)
    }
    point = {
        unknowns[name][at]: sympy.Float(values[name][at])
        for name in unknowns
        for at in np.ndindex(unknowns[name].shape)
    }
    point[sympy.Symbol("c", real=True)] = sympy.Float(size_values(sizes)["c"])

    def entry(*place: int) -> float:
        at = dict(zip(order, place[: len(order)], strict=True))
        one = component(e, at, unknowns, sizes)
        slope = sympy.diff(one, unknowns[by.name][place[len(order) :]])
        return float(slope.replace(sympy.DiracDelta, lambda *_: sympy.Integer(0)).xreplace(point).doit())

    return array((*order, *by.indices), sizes, entry), values


def _unknown(name: str, at: tuple[int, ...]) -> sympy.Symbol:
    return sympy.Symbol("_".join([name, *map(str, at)]), real=True)


@pytest.mark.parametrize("case", BANK, ids=str)
def test_first_order_is_sympys(case: Case) -> None:
    for name in names_in(case.expr):
        by = access(name)
        expected, values = sympy_jacobian(case.expr, case.order, by, TINY)
        found = evaluate(jacobian(case.expr, by), (*case.order, *by.indices), values, size_values(TINY))
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


# ---------------------------------------------------------------- inverses and determinants, proved

i, i1, i2 = bank.i, bank.i1, bank.i2
D, A = bank.D(), bank.A()
D_INVERSE = inverse(D, i, i1, i, i1)
GRAM = contract([A, bank.A(i1)], [bank.j])
LAWS: dict[str, tuple[Expr, tuple[Index, ...], str]] = {
    "D⁻¹": (D_INVERSE, (i, i1), "D"),
    "D⁻ᵀ": (D_INVERSE, (i1, i), "D"),
    "the diagonal of D⁻¹": (inverse(D, i, i1, i2, i2), (i2,), "D"),
    "det D": (determinant(D, i, i1), (), "D"),
    "log det D": (apply(sympy.log(scalar.slot(0)), [determinant(D, i, i1)]), (), "D"),
    "1 / det D": (apply(1 / scalar.slot(0), [determinant(D, i, i1)]), (), "D"),
    "vᵀ D⁻¹ u": (contract([bank.v(), D_INVERSE, bank.u(i1)], [i, i1]), (), "D"),
    "D⁻²": (contract([D_INVERSE, inverse(D, i, i1, i1, i2)], [i1]), (i, i2), "D"),
    "det A Aᵀ": (determinant(GRAM, i, i1), (), "A"),
}


@pytest.mark.parametrize("size", [2, slow(3)])
@pytest.mark.parametrize("name", LAWS)
def test_laws_of_inverse_and_determinant_are_proved(name: str, size: int) -> None:
    """∂/∂M of each component, by SymPy, is the component of the derived expression, as rational functions: of all
    entries at size 2, of each entry, the others being random fractions, at both sizes."""
    e, order, of = LAWS[name]
    sizes = {bank.m: size, bank.n: size + 1}
    by = access(of)
    shape = [int(s.subs(sizes)) for s in by.shape]
    M = tensor(of, shape)
    given = {of: M, "v": tensor("v", (size,)), "u": tensor("u", (size,))}
    before = components(e, order, given, sizes)
    after = components(jacobian(e, by), (*order, *by.indices), given, sizes)
    rng = random.Random(0)
    entries = sorted((s for t in given.values() for s in t.free_symbols), key=str)
    point = {s: sympy.Rational(rng.randint(-9, 9), rng.randint(1, 5)) for s in entries}
    for place in np.ndindex(*map(int, after.shape)):
        one, slope = before[place[: len(order)]], after[place]
        at = M[place[len(order) :]]
        if size == 2:
            assert sympy.cancel(sympy.diff(one, at) - slope) == 0
        others = {s: value for s, value in point.items() if s is not at}
        assert sympy.cancel(sympy.diff(one.xreplace(others), at) - slope.xreplace(others)) == 0


# ---------------------------------------------------------------- unknown functions


def with_tanh(e: Expr) -> Expr:
    """`e` with f = tanh."""

    def put(f: sympy.Expr) -> sympy.Expr:
        return sympy.diff(sympy.tanh(i0), i0, f.order).subs(i0, f.args[0])

    i0 = scalar.slot(0)
    return transform(
        e,
        lambda node: (
            apply(node.formula.replace(lambda g: isinstance(g, scalar.Unknown), put), node.args)
            if isinstance(node, Map)
            else None
        ),
    )


@pytest.mark.parametrize("by", ["A", "w", "v"])
def test_an_unknown_function_is_differentiated_through(by: str) -> None:
    """∂/∂(A, w, v) Σ v f(A w + f(v)), twice: f stays in it, and with f = tanh it is the derivative with tanh."""
    f = scalar.unknown("f")(scalar.slot(0))
    e = contract(
        [bank.v(), apply(f, [add(contract([A, bank.w()], [bank.j]), apply(f, [bank.v()]))])],
        [i],
    )
    values, constants = tensors(SMALL), size_values(SMALL)
    order: tuple[Index, ...] = ()
    derived, expected = e, with_tanh(e)
    for times, name in enumerate((by, "A"), 1):
        derived, expected = jacobian(derived, access(name, times)), jacobian(expected, access(name, times))
        order += access(name, times).indices
        check_formed(derived)
        assert "f" in {
            g.name for n in bank.walk(derived) if isinstance(n, Map) for g in n.formula.atoms(scalar.Unknown)
        }
        found = evaluate(with_tanh(derived), order, values, constants)
        np.testing.assert_allclose(found, evaluate(expected, order, values, constants), rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------- higher orders

HIGHER = [case for case in BANK if names_in(case.expr)]


@pytest.mark.parametrize("case", HIGHER, ids=str)
def test_second_order_in_every_mode(case: Case) -> None:
    values, constants = tensors(TINY), size_values(TINY)
    for first in names_in(case.expr):
        once = jacobian(case.expr, access(first))
        for second in names_in(once):
            modes_agree(once, (*case.order, *access(first).indices), access(second, 2), values, constants)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "A B",
        "tanh",
        "softmax",
        "square of a sum",
        "two arguments",
        "log sum exp",
        "cross-entropy of softmax",
        "quotient",
    ],
)
def test_third_order_by_one_tensor(name: str) -> None:
    case = by_name(name)
    values, constants = tensors(TINY), size_values(TINY)
    first = names_in(case.expr)[0]
    second = jacobian(jacobian(case.expr, access(first)), access(first, 2))
    order = (*case.order, *access(first).indices, *access(first, 2).indices)
    modes_agree(second, order, access(first, 3), values, constants)


@pytest.mark.parametrize(
    "name", ["cross-entropy of softmax", "mean squared error of a tanh layer", "vᵀ D u", "log sum exp"]
)
def test_second_order_is_symmetric(name: str) -> None:
    case = by_name(name)
    values, constants = tensors(TINY), size_values(TINY)
    e = contract([case.expr], case.expr.free)
    for first in names_in(e):
        for second in names_in(e):
            a, b = access(first), access(second, 2)
            there = evaluate(jacobian(jacobian(e, a), b), (*a.indices, *b.indices), values, constants)
            back = evaluate(jacobian(jacobian(e, b), a), (*a.indices, *b.indices), values, constants)
            np.testing.assert_allclose(there, back, rtol=1e-10, atol=1e-12)


def test_reverse_over_reverse_is_a_hessian() -> None:
    case = by_name("mean squared error of a tanh layer")
    values, constants = tensors(TINY), size_values(TINY)
    a, b = access("A"), access("A", 2)
    gradient = vjp(case.expr, bank.number(1), a)
    product = vjp(gradient, symbol("V", a.indices), b)
    V = np.random.default_rng(5).normal(size=values["A"].shape)
    found = evaluate(product, b.indices, {**values, "V": V}, constants)
    hessian = evaluate(jacobian(jacobian(case.expr, a), b), (*a.indices, *b.indices), values, constants)
    np.testing.assert_allclose(found, np.tensordot(V, hessian, 2), rtol=1e-10, atol=1e-12)


# ---------------------------------------------------------------- random expressions

FEW = {"m": 2}
VALUES = {name: np.random.default_rng(rank).normal(size=[2] * rank) for name, rank in RANKS.items()}


@settings(max_examples=40)
@given(expressions, st.sampled_from(sorted(RANKS)))
def test_random_expressions_in_every_mode(e: Expr, name: str) -> None:
    by = symbol(name, [index(f"d{place}", SIZE) for place in range(RANKS[name])])
    J = jacobian(e, by)
    check_formed(J)
    whole = evaluate(J, (*e.free, *by.indices), VALUES, FEW)
    weights = np.random.default_rng(7).normal(size=evaluate(e, e.free, VALUES, FEW).shape)
    pulled = vjp(e, symbol("cotangent", e.free), by)
    check_formed(pulled)
    reverse = evaluate(pulled, by.indices, {**VALUES, "cotangent": weights}, FEW)
    np.testing.assert_allclose(reverse, np.tensordot(weights, whole, weights.ndim), rtol=1e-8, atol=1e-10)
    if not any(isinstance(n, bank.Max) for n in bank.walk(e)):  # random maxima tie
        expected = differences(e, e.free, name, VALUES, FEW)
        np.testing.assert_allclose(whole, expected, rtol=1e-5, atol=1e-6 * (1 + np.abs(expected).max(initial=0)))


# ---------------------------------------------------------------- what it says at its borders


def test_a_constant_has_no_derivative() -> None:
    assert jacobian(bank.v(), access("w")) is ZERO
    assert vjp(bank.v(), symbol("cotangent", [bank.i]), access("w")) is ZERO
    assert jvp(bank.v(), {}) is ZERO


def test_indices_must_not_meet() -> None:
    with pytest.raises(ValueError, match="i of"):
        jacobian(bank.v(), bank.v())


def test_ties_share_the_maximum() -> None:
    case = by_name("row maximum")
    by = access("A")
    tied = {"A": np.zeros((2, 4))}
    found = evaluate(jacobian(case.expr, by), (*case.order, *by.indices), tied, {"m": 2, "n": 4})
    np.testing.assert_allclose(found, np.einsum("ia,b->iab", np.eye(2), np.full(4, 0.25)))


def test_ties_of_nested_maxima_are_flattened() -> None:
    """max_i max(v_i, w_i), max(max_i v_i, s, t) and their minima: every quantity that ties has the same share."""
    v, w = (symbol(name, [index("i", 3)]) for name in "vw")
    s, t = symbol("s"), symbol("t")
    i, x, y, z = v.indices[0], *map(scalar.slot, range(3))
    larger, smaller = apply(sympy.Max(x, y), [v, w]), apply(sympy.Min(x, y), [v, w])
    least = negate(maximum(negate(v), [i]))
    rows: list[tuple[Expr, dict[str, Any], dict[str, Any]]] = [
        (maximum(larger, [i]), {"v": [1, 0, 1], "w": [1, 1, 0]}, {"v": [1 / 4, 0, 1 / 4], "w": [1 / 4, 1 / 4, 0]}),
        (
            negate(maximum(negate(smaller), [i])),
            {"v": [0, 1, 2], "w": [0, 0, 1]},
            {"v": [1 / 3, 0, 0], "w": [1 / 3, 1 / 3, 0]},
        ),
        (
            apply(sympy.Max(x, y, z), [maximum(v, [i]), s, t]),
            {"v": [1, 1, 0], "s": 1, "t": 1},
            {"v": [1 / 4, 1 / 4, 0], "s": 1 / 4, "t": 1 / 4},
        ),
        (apply(sympy.Max(x, y), [maximum(v, [i]), s]), {"v": [2, 1, 2], "s": 1}, {"v": [1 / 2, 0, 1 / 2], "s": 0}),
        (apply(sympy.Min(x, y), [least, s]), {"v": [1, 1, 2], "s": 1}, {"v": [1 / 3, 1 / 3, 0], "s": 1 / 3}),
        (apply(sympy.Max(x, 1), [maximum(v, [i])]), {"v": [1, 1, 0]}, {"v": [0, 0, 0]}),
        (maximum(apply(sympy.Max(x, 0), [v]), [i]), {"v": [-1, -2, -1]}, {"v": [0, 0, 0]}),
        (maximum(apply(sympy.Max(x, 0), [v]), [i]), {"v": [2, -2, 2]}, {"v": [1 / 2, 0, 1 / 2]}),
    ]
    for e, at, slopes in rows:
        values = {name: np.array(value, float) for name, value in at.items()}
        for name, slope in slopes.items():
            by = symbol(name, [index("d", 3)] if np.ndim(at[name]) else [])
            for found in (jacobian(e, by), vjp(e, ONE, by)):
                np.testing.assert_allclose(evaluate(found, by.indices, values, {}), slope, atol=1e-14)


def test_a_maximum_of_maxima_is_one() -> None:
    i, j = index("i", 3), index("j", 2)
    m = symbol("M", [i, j])
    assert maximum(maximum(m, [j]), [i]) is maximum(m, [j, i])


def test_a_derivative_is_small() -> None:
    """Unit tensors are tags: the Jacobian of A B is B and one Kronecker symbol, nothing larger."""
    J = jacobian(by_name("A B").expr, access("A"))
    assert len(list(bank.walk(J))) == 3


# ---------------------------------------------------------------- planted faults


def _wrong_scalar(monkeypatch: pytest.MonkeyPatch) -> None:
    right = scalar.derivative
    monkeypatch.setattr(scalar, "derivative", lambda formula, by: -right(formula, by))


def _wrong_product(monkeypatch: pytest.MonkeyPatch) -> None:
    right = differentiate.partials
    monkeypatch.setattr(
        differentiate,
        "partials",
        lambda e: right(e)[:-1] if isinstance(e, bank.Contract) and len(right(e)) > 1 else right(e),
    )


def _wrong_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    right = differentiate.partials
    monkeypatch.setattr(differentiate, "partials", lambda e: right(e)[:1] if isinstance(e, bank.Add) else right(e))


def _wrong_maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differentiate, "_share_of_maximum", lambda e: bank.number(1))


def _wrong_inverse(monkeypatch: pytest.MonkeyPatch) -> None:
    """+M⁻¹ dM M⁻¹."""
    monkeypatch.setattr(differentiate, "negate", lambda e: e)


def _wrong_determinant(monkeypatch: pytest.MonkeyPatch) -> None:
    """tr(M⁻ᵀ dM)."""
    right = differentiate._inverse
    monkeypatch.setattr(differentiate, "_inverse", lambda node, left, there: right(node, there, left))


PLANTED = [
    (_wrong_inverse, "inverse", "D"),
    (_wrong_determinant, "determinant", "D"),
    (_wrong_scalar, "tanh", "A"),
    (_wrong_product, "A B", "B"),
    (_wrong_sum, "outer sum", "w"),
    (_wrong_maximum, "row maximum", "A"),
]


@pytest.mark.parametrize(("plant", "name", "by"), PLANTED, ids=[p.__name__ for p, _, _ in PLANTED])
def test_planted_law_is_caught_by_each_road(plant: Any, name: str, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    case = by_name(name)
    values, constants = tensors(TINY), size_values(TINY)
    with pytest.raises(AssertionError):
        modes_agree(case.expr, case.order, access(by), values, constants)
    expected, _ = sympy_jacobian(case.expr, case.order, access(by), TINY)
    found = evaluate(jacobian(case.expr, access(by)), (*case.order, *access(by).indices), values, constants)
    assert not np.allclose(found, expected)
