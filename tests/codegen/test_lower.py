"""Lowered expressions have the oracle's values, in float32 too, and read as a person would write them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import sympy
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import erf, erfc

from symjac.calculus.stabilise import stabilise
from symjac.codegen.body import Body
from symjac.codegen.lower import lower, lower_equation
from symjac.codegen.numpy_code import generate
from symjac.core.evaluate import evaluate
from symjac.core.expr import (
    Add,
    Contract,
    Equation,
    Expr,
    Identity,
    Map,
    Max,
    Number,
    OfMatrix,
    Symbol,
    add,
    affine,
    apply,
    contract,
    maximum,
    number,
    symbol,
    walk,
)
from symjac.core.index import Index, index, size_symbol
from symjac.core.scalar import slot
from tests.core.bank import BANK, SIZES, Case, size_values, tensors
from tests.nets import derivation_of

HELPERS = """
name: helpers
input: X[k, 1, 4, 4]
layers:
  - conv2d: {filters: 2, size: 2}
  - silu
  - conv2d: {filters: 2, size: 2}
  - softplus
  - flatten
  - dense: 2
loss: {mse: {target: T, reduction: mean}}
update: {gradient_descent: {alpha: 0.1}}
"""


@pytest.fixture(scope="module")
def helpers() -> dict[str, Any]:
    """The functions that generated modules define for themselves."""
    module: dict[str, Any] = {"__name__": "helpers"}
    exec(compile(generate(derivation_of(HELPERS)), "helpers.py", "exec"), module)
    return {name: module[name] for name in ("sigmoid", "softplus", "add_back")}


def computed(
    e: Expr, order: tuple[Index, ...], values: Mapping[str, Any], helpers: Mapping[str, Any], dtype: str = "np.float64"
) -> Any:
    """The value that the generated line computes."""
    space = {
        "np": np,
        "math": math,
        "erf": erf,
        "erfc": erfc,
        "sliding_window_view": sliding_window_view,
        **helpers,
        **values,
    }
    body = Body(["out"])
    body.assign("out", lower_equation(Equation(symbol("out", order), e), dtype))
    exec("\n".join(body.lines), space)
    return space["out"]


def line(e: Expr, order: tuple[Index, ...]) -> str:
    return lower_equation(Equation(symbol("out", order), e), "X.dtype").text


def resized(e: Expr, sizes: Mapping[str, int]) -> Expr:
    """`e` with numbers for its open sizes."""
    numbers = {size_symbol(name): sympy.Integer(value) for name, value in sizes.items()}
    at = lambda i: Index(i.name, i.size.xreplace(numbers))  # noqa: E731
    kids = [resized(c, sizes) for c in e.children]
    match e:
        case Symbol():
            return symbol(e.name, [at(i) for i in e.indices])
        case Number():
            return number(e.value.xreplace(numbers))
        case Identity():
            terms = [(c.xreplace(numbers), at(i)) for c, i in e.terms]
            return affine(at(e.target), terms, e.offset.xreplace(numbers))
        case Add():
            return add(*kids)
        case Contract():
            return contract(kids, [at(i) for i in e.summed])
        case Map():
            return apply(e.formula.xreplace(numbers), kids)
        case Max():
            return maximum(kids[0], [at(i) for i in e.over])
    raise TypeError


DECLARABLE = [case for case in BANK if not any(isinstance(node, OfMatrix) for node in walk(case.expr))]
"""What a spec can be written with; it has no inverse and no determinant, and neither has the code."""


@pytest.mark.parametrize("case", [case for case in BANK if case not in DECLARABLE], ids=str)
def test_no_code_for_what_no_spec_declares(case: Case) -> None:
    with pytest.raises(TypeError, match=r"no NumPy code for (Inverse|Determinant)"):
        lower(case.expr, case.order)


FILLED = {name: sizes for name, sizes in SIZES.items() if sizes["m"] > 0}


@pytest.mark.parametrize("numeric", [False, True], ids=["open", "numeric"])
@pytest.mark.parametrize("sizes", FILLED.values(), ids=FILLED)
@pytest.mark.parametrize("case", DECLARABLE, ids=str)
def test_bank(case: Case, sizes: dict[str, int], numeric: bool, helpers: dict[str, Any]) -> None:
    given, constants = tensors(sizes), size_values(sizes)
    expected = evaluate(case.expr, case.order, given, constants)
    e, order = case.expr, case.order
    if numeric:
        numbers = {size_symbol(name): sympy.Integer(value) for name, value in sizes.items()}
        e, order = resized(e, sizes), tuple(Index(i.name, i.size.xreplace(numbers)) for i in order)
    e, _ = stabilise(e, {})
    with np.errstate(all="ignore"):
        found = computed(e, order, {**given, **constants}, helpers)
        single = {
            name: np.float32(value) if np.ndim(value) == 0 else value.astype(np.float32)
            for name, value in given.items()
        }
        in_single = computed(e, order, {**single, **constants}, helpers, "np.float32")
    assert np.shape(found) == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
    if any(isinstance(s, Symbol) for s in _symbols(e)):
        assert np.asarray(in_single).dtype == np.float32


def _symbols(e: Expr) -> list[Expr]:
    return [e, *(s for c in e.children for s in _symbols(c))]


# ---------------------------------------------------------------- accesses

n, c, o = index("n", size_symbol("k")), index("c", 2), index("o", 3)
one = sympy.Integer(1)


def images(size: int) -> Symbol:
    return symbol("X", [n, c, index("u", size), index("v", size)])


def windows(
    size: int, places: int, taps: int, s: int, d: int, o_: int
) -> tuple[list[Expr], list[Index], list[Index], list[Index]]:
    u, v, i, j = index("u", size), index("v", size), index("i", places), index("j", places)
    p, q = index("p", taps), index("q", taps)
    S, D, O = sympy.Integer(s), sympy.Integer(d), sympy.Integer(o_)
    return [affine(u, ((S, i), (D, p)), O), affine(v, ((S, j), (D, q)), O)], [u, v], [i, j], [p, q]


GEOMETRIES = [
    # size, places, taps, stride, dilation, offset
    (5, 3, 3, 1, 1, 0),
    (5, 5, 3, 1, 1, -1),
    (6, 3, 3, 2, 1, -1),
    (7, 3, 3, 1, 2, 0),
    (7, 2, 2, 3, 2, -1),
    (5, 5, 1, 1, 1, 0),
    (5, 4, 2, 2, 1, -2),
    (3, 2, 2, 1, 1, 1),
    (1, 1, 1, 1, 1, 0),
    (1, 3, 3, 1, 1, -2),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_convolution_and_its_transposes(geometry: tuple[int, ...], helpers: dict[str, Any]) -> None:
    size, places, taps, *_ = geometry
    access, target, at, tap = windows(*geometry)
    rng = np.random.default_rng(1)
    values = {
        "X": rng.normal(size=(4, 2, size, size)),
        "K": rng.normal(size=(3, 2, taps, taps)),
        "D": rng.normal(size=(4, 3, places, places)),
        "k": 4,
    }
    X, K, D = images(size), symbol("K", [o, c, *tap]), symbol("D", [n, o, *at])
    rows: list[tuple[list[Expr], list[Index], tuple[Index, ...]]] = [
        ([X, *access, K], [c, *tap, *target], (n, o, *at)),
        ([D, X, *access], [n, *at, *target], (o, c, *tap)),
        ([D, *access, K], [o, *at, *tap], (n, c, *target)),
        ([D, *access], [*at, *tap], (n, o, *target)),
        ([X, *access], [*target, *tap], (n, c, *at)),
    ]
    for factors, summed, order in rows:
        e = contract(factors, summed)
        expected = evaluate(e, order, values, {"k": 4})
        np.testing.assert_allclose(computed(e, order, values, helpers), expected, rtol=1e-12, atol=1e-12)
    pooled = maximum(contract([X, *access], target), tap)
    np.testing.assert_allclose(
        computed(pooled, (n, c, *at), values, helpers), evaluate(pooled, (n, c, *at), values, {"k": 4}), rtol=0, atol=0
    )


def test_flatten_is_a_reshape_both_ways(helpers: dict[str, Any]) -> None:
    i, j, m = index("i", 3), index("j", 5), index("m", 30)
    access = affine(m, ((sympy.Integer(15), c), (sympy.Integer(5), i), (one, j)), sympy.Integer(0))
    flat = contract([symbol("X", [n, c, i, j]), access], [c, i, j])
    back = contract([symbol("G", [n, m]), access], [m])
    assert line(flat, (n, m)) == "X.reshape(-1, 30)"
    assert line(back, (n, c, i, j)) == "G.reshape(-1, 2, 3, 5)"
    values = {"X": np.arange(120.0).reshape(4, 2, 3, 5), "G": np.arange(120.0).reshape(4, 30), "k": 4}
    for e, order in ((flat, (n, m)), (flat, (m, n)), (back, (n, c, i, j)), (back, (j, n, i, c))):
        assert np.array_equal(computed(e, order, values, helpers), evaluate(e, order, values, {"k": 4}))


# ---------------------------------------------------------------- reading

i, j, l, m = index("i", 4), index("j", 5), index("l", 6), index("m", 784)
k = size_symbol("k")
x0, x1 = slot(0), slot(1)


def X(*at: Index) -> Symbol:
    return symbol("X", at)


def W(*at: Index) -> Symbol:
    return symbol("W", at)


def D(*at: Index) -> Symbol:
    return symbol("D", at)


Z = symbol("Z", [n, j])
SPELLED: list[tuple[Expr, tuple[Index, ...], str]] = [
    (contract([X(n, i), W(i, j)], [i]), (n, j), "X @ W"),
    (contract([X(n, i), W(j, i)], [i]), (n, j), "X @ W.T"),
    (contract([W(j, i), X(n, i)], [i]), (n, j), "X @ W.T"),
    (contract([W(j, i), X(n, i)], [i]), (j, n), "W @ X.T"),
    (contract([X(n, i), D(n, j)], [n]), (i, j), "X.T @ D"),
    (contract([D(n, j), X(n, i)], [n]), (i, j), "X.T @ D"),
    (
        contract([D(n, l), W(j, l), Z, add(number(1), contract([number(-1), Z]))], [l]),
        (n, j),
        "(D @ W.T) * Z * (1 - Z)",
    ),
    (contract([number(1 / k), add(D(n, j), contract([number(-1), Z]))]), (n, j), "(D - Z) / k"),
    (D(n, j), (j, n), "D.T"),
    (contract([D(n, j)], [n]), (j,), "D.sum(axis=0)"),
    (add(D(n, j), symbol("b", [j])), (n, j), "D + b"),
    (add(D(j, n), symbol("b", [j])), (j, n), "D + b[:, None]"),
    (contract([symbol("a", [i]), symbol("b", [j])]), (i, j), "a[:, None] * b"),
    (contract([symbol("a", [i]), symbol("b", [i])], [i]), (), "a @ b"),
    (contract([D(n, j), Z], [j]), (n,), "(D * Z).sum(axis=1)"),
    (contract([number(-2 / k), D(n, j), Z], [n, j]), (), "-2 * (D * Z).sum() / k"),
    (contract([number(1 / k), X(n, i), D(n, o)], [n]), (i, o), "(X.T @ D) / k"),
    (contract([number(1 / k), X(n, m), D(n, o)], [n]), (m, o), "X.T @ (D / k)"),
    (contract([X(n, i), W(i, j), symbol("V", [j, l])], [i, j]), (n, l), "X @ (W @ V)"),
    (contract([D(n, j), apply(sympy.Piecewise((1, x0 > 0), (0, True)), [Z])]), (n, j), "D * (Z > 0)"),
    (
        apply(sympy.Piecewise((1, x0 > 0), (sympy.Rational(1, 100), True)), [Z]),
        (n, j),
        "np.where(Z > 0, 1, 0.01).astype(Z.dtype)",
    ),
    (contract([number(sympy.Rational(1, 3)), Z]), (n, j), "Z / 3"),
    (contract([number(sympy.Rational(1, 2)), Z]), (n, j), "0.5 * Z"),
    (contract([number(sympy.sqrt(2 / sympy.pi)), Z]), (n, j), "math.sqrt(2) * Z / math.sqrt(math.pi)"),
    (apply(1 - x0**2, [Z]), (n, j), "1 - Z**2"),
    (number(0), (i, j), "np.full((4, 5), 0, X.dtype)"),
    (contract([D(n, j), apply(1 / x0, [symbol("a", [n])])]), (n, j), "D / a[:, None]"),
]


@pytest.mark.parametrize(("e", "order", "expected"), SPELLED, ids=[row[2] for row in SPELLED])
def test_spelling(e: Expr, order: tuple[Index, ...], expected: str) -> None:
    assert line(e, order) == expected
