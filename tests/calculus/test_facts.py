"""Facts: the parametrisations have them, reach all that they allow, and make true what needs them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

from symjac.calculus.facts import (
    Fact,
    Property,
    WorldError,
    candidates,
    fact,
    free_name,
    go_together,
    mean_zero,
    parametrisation,
    sum_stated,
    sums_to,
    unit_norm,
)
from symjac.calculus.trace import SumFact
from symjac.calculus.world import World
from symjac.core.evaluate import evaluate, size_of
from symjac.core.expr import Expr, Symbol, add, contract, identity, inverse, number, symbol
from symjac.core.index import Index, size_symbol
from symjac.core.wellformed import check_formed
from tests.calculus.worlds import (
    declare,
    define,
    index,
    inlined,
    of,
    parametrised,
    random_values,
    reader,
    total,
    value,
    world_of,
    x,
)
from tests.componentwise import components, tensor

SIZES = {"k": 3, "n": 4, "m": 2}
K = sympy.Symbol("c", real=True)

SCALAR, VECTOR = symbol("s"), symbol("v", [index("i", "n")])
SQUARE, TABLE = symbol("A", [index("i", "n"), index("j", "n")]), symbol("T", [index("i", "k"), index("j", "n")])
CUBE = symbol("U", [index("i", "k"), index("j", "n"), index("l", "m")])

# fact, its text, what is true of the array
CASES: list[tuple[Fact, str, Any]] = [
    (fact(SQUARE, Property.SYMMETRIC), "A is symmetric", lambda a: np.allclose(a, a.T)),
    (fact(SQUARE, Property.SKEW), "A is skew-symmetric", lambda a: np.allclose(a, -a.T)),
    (fact(SQUARE, Property.DIAGONAL), "A is diagonal", lambda a: np.allclose(a, np.diag(np.diag(a)))),
    (
        fact(SQUARE, Property.POSITIVE_DEFINITE),
        "A is symmetric positive definite",
        lambda a: np.allclose(a, a.T) and np.linalg.eigvalsh(a).min() > 0,
    ),
    (fact(SQUARE, Property.ORTHOGONAL), "A is orthogonal", lambda a: np.allclose(a @ a.T, np.eye(len(a)))),
    (fact(TABLE, Property.POSITIVE), "the entries of T are positive", lambda t: t.min() > 0),
    (fact(TABLE, Property.BETWEEN), "the entries of T are between 0 and 1", lambda t: t.min() > 0 and t.max() < 1),
    (fact(SCALAR, Property.POSITIVE), "s is positive", lambda s: s > 0),
    (sums_to(TABLE, 1, 1), "rows of T sum to 1", lambda t: np.allclose(t.sum(1), 1)),
    (sums_to(TABLE, 2, 0), "columns of T sum to 2", lambda t: np.allclose(t.sum(0), 2)),
    (sums_to(TABLE, K, 1), "rows of T sum to c", lambda t: np.allclose(t.sum(1), 5)),
    (sums_to(TABLE, 1), "the entries of T sum to 1", lambda t: np.allclose(t.sum(), 1)),
    (sums_to(VECTOR, 1), "the entries of v sum to 1", lambda v: np.allclose(v.sum(), 1)),
    (mean_zero(VECTOR), "the entries of v have mean 0", lambda v: np.allclose(v.sum(), 0)),
    (mean_zero(TABLE, 0), "columns of T have mean 0", lambda t: np.allclose(t.sum(0), 0)),
    (sums_to(CUBE, 1, 1), "the entries of U sum to 1 over axis 2", lambda u: np.allclose(u.sum(1), 1)),
    (sums_to(CUBE, 1, 0, 2), "the entries of U sum to 1 over axis 1, 3", lambda u: np.allclose(u.sum((0, 2)), 1)),
    (unit_norm(VECTOR), "the entries of v have norm 1", lambda v: np.allclose(v @ v, 1)),
    (unit_norm(TABLE, 1), "rows of T have norm 1", lambda t: np.allclose((t**2).sum(1), 1)),
    (unit_norm(TABLE), "the entries of T have norm 1", lambda t: np.allclose((t**2).sum(), 1)),
]
TOGETHER: list[tuple[list[Fact], Any]] = [
    ([sums_to(TABLE, 1, 1), fact(TABLE, Property.POSITIVE)], lambda t: np.allclose(t.sum(1), 1) and t.min() > 0),
    ([fact(TABLE, Property.BETWEEN), sums_to(TABLE, 1, 1)], lambda t: np.allclose(t.sum(1), 1) and t.min() > 0),
    ([mean_zero(TABLE, 0), mean_zero(TABLE, 1)], lambda t: np.allclose(t.sum(0), 0) and np.allclose(t.sum(1), 0)),
    ([sums_to(SQUARE, 1, 0), sums_to(SQUARE, 1, 1)], lambda t: np.allclose(t.sum(0), 1) and np.allclose(t.sum(1), 1)),
    (
        [fact(SQUARE, Property.POSITIVE), fact(SQUARE, Property.SYMMETRIC)],
        lambda a: np.allclose(a, a.T) and a.min() > 0,
    ),
]
APART: list[list[Fact]] = [
    [fact(SQUARE, Property.SYMMETRIC), fact(SQUARE, Property.SKEW)],
    [fact(SQUARE, Property.ORTHOGONAL), sums_to(SQUARE, 1, 1)],
    [sums_to(TABLE, 1, 0), sums_to(TABLE, 1, 1)],
    [sums_to(TABLE, 1, 1), sums_to(TABLE, 2, 1)],
    [sums_to(TABLE, -1, 1), fact(TABLE, Property.POSITIVE)],
    [unit_norm(VECTOR), mean_zero(VECTOR)],
]
ALL_SIZES = {"distinct": SIZES, "equal": dict.fromkeys(SIZES, 3), "ones": dict.fromkeys(SIZES, 1)}


def array_of(facts: list[Fact], sizes: dict[str, int], seed: int = 0) -> Any:
    s = facts[0].symbol
    shape = [size_of(n, sizes) for n in s.shape]
    free = np.random.default_rng(seed).standard_normal(shape)
    equation = parametrisation(facts)
    check_formed(equation.rhs)
    return evaluate(equation.rhs, s.indices, {free_name(s.name): free}, {**sizes, "c": 5})


@pytest.mark.parametrize("sizes", ALL_SIZES.values(), ids=ALL_SIZES)
@pytest.mark.parametrize(("one", "text", "holds"), CASES, ids=[text for _, text, _ in CASES])
def test_the_parametrisation_has_the_fact(one: Fact, text: str, holds: Any, sizes: dict[str, int]) -> None:
    assert one.text == text
    assert holds(array_of([one], sizes))


@pytest.mark.parametrize("one", [c[0] for c in CASES], ids=[c[1] for c in CASES])
def test_it_depends_on_the_free_symbol_and_is_not_one_point(one: Fact) -> None:
    assert not np.allclose(array_of([one], SIZES, 1), array_of([one], SIZES, 2))


@pytest.mark.parametrize("place", range(len(CASES)), ids=[text for _, text, _ in CASES])
def test_an_array_without_the_fact_is_told_apart(place: int) -> None:
    """The test above would not pass with any array: a planted one fails it."""
    one, _, holds = CASES[place]
    shape = [size_of(n, SIZES) for n in one.symbol.shape]
    assert not holds(np.arange(2.0, 2 + np.prod(shape, dtype=int)).reshape(shape) * (-1) ** (len(shape) + 1))


DIMENSION = [
    (fact(SQUARE, Property.SYMMETRIC), 10),
    (fact(SQUARE, Property.SKEW), 6),
    (fact(SQUARE, Property.DIAGONAL), 4),
    (fact(SQUARE, Property.POSITIVE_DEFINITE), 10),
    (fact(SQUARE, Property.ORTHOGONAL), 6),
    (sums_to(TABLE, 1, 1), 9),
    (sums_to(TABLE, 1), 11),
    (unit_norm(VECTOR), 3),
    (unit_norm(TABLE, 1), 9),
    (fact(TABLE, Property.POSITIVE), 12),
]


@pytest.mark.parametrize(("one", "dimension"), DIMENSION, ids=[f.text for f, _ in DIMENSION])
def test_it_reaches_as_many_dimensions_as_the_fact_leaves(one: Fact, dimension: int) -> None:
    """The rank of ∂T/∂free__T is the dimension of what the fact allows: nothing more is assumed in silence."""
    s = one.symbol
    shape = [size_of(n, SIZES) for n in s.shape]
    free = np.random.default_rng(0).standard_normal(shape)
    rhs = parametrisation([one]).rhs

    def at(point: Any) -> Any:
        return evaluate(rhs, s.indices, {free_name(s.name): point}, SIZES).ravel()

    columns = []
    for place in np.ndindex(*shape):
        moved = np.zeros(shape)
        moved[place] = 1e-6
        columns.append((at(free + moved) - at(free - moved)) / 2e-6)
    assert np.linalg.matrix_rank(np.array(columns), tol=1e-6) == dimension


@pytest.mark.parametrize("sizes", ALL_SIZES.values(), ids=ALL_SIZES)
@pytest.mark.parametrize(("several", "holds"), TOGETHER, ids=[" and ".join(f.text for f in t) for t, _ in TOGETHER])
def test_several_facts_at_once(several: list[Fact], holds: Any, sizes: dict[str, int]) -> None:
    assert go_together(several)
    assert holds(array_of(several, sizes))


@pytest.mark.parametrize("several", APART, ids=[" and ".join(f.text for f in a) for a in APART])
def test_facts_that_no_parametrisation_has_are_refused(several: list[Fact]) -> None:
    assert not go_together(several)
    w = World()
    w.declare(several[0].symbol.name, several[0].symbol.indices)
    w.assume(several[0])
    with pytest.raises(WorldError, match="not assumed together"):
        w.assume(several[1])
    assert w.facts == (several[0],)


# ---------------------------------------------------------------- in a world


def test_softmax_and_cross_entropy_need_that_rows_sum_to_one() -> None:
    """∂L/∂A = (Y − T)/k if rows of T sum to 1, and not otherwise."""
    w = world_of("softmax_cross_entropy")
    sizes = {"k": 3, "n": 2, "m": 4}
    A = w.symbol("A_1")
    Y, T = reader(w, "Y")("sj"), reader(w, "T")("sj")
    order = Y.indices
    left = w.derivative(symbol("L"), symbol("A_1", order))
    right = contract([number(1 / size_symbol("k")), add(Y, contract([number(-1), T]))])
    given = random_values(w, sizes)
    # a logarithm needs no care: Y is positive
    assert A.shape == Y.shape
    assert not _same(w, left, right, order, given, sizes)
    row = sums_to(w.symbol("T"), 1, 1 if w.symbol("T").shape[1] == size_symbol("m") else 0)
    supposed = w.supposing(row)
    free = random_values(w, sizes, seed=1)["T"]
    assert _same(supposed, left, right, order, {**given, "free__T": free}, sizes)
    assert w.facts == ()
    assert supposed.facts == (row,)
    assert row in w.candidates(w.symbol("T"))
    flat = parametrised(supposed, inlined(w, left))
    assert "T" not in flat.names
    expected = value(supposed, left, order, {**given, "free__T": free}, sizes, assumed=True)
    np.testing.assert_allclose(evaluate(flat, order, {**given, "free__T": free}, sizes), expected)


def _same(w: World, left: Expr, right: Expr, order: Any, given: dict[str, Any], sizes: dict[str, int]) -> bool:
    return np.allclose(
        value(w, left, order, given, sizes, assumed=True), value(w, right, order, given, sizes, assumed=True)
    )


def test_quadratic_form_of_a_symmetric_matrix() -> None:
    """∂(xᵀAx)/∂x = 2Ax if A is symmetric; the entries of A stay independent under the derivative."""
    w = World()
    A, v = declare(w, "A", "n", "n"), declare(w, "v", "n")
    q = define(w, "q", "", total(v("i"), A("ij"), v("j"), over="ij"))
    left = w.derivative(q(""), v("i"))
    right = contract([number(2), total(A("ij"), v("j"), over="j")])
    given = random_values(w, SIZES) | {"free__A": np.random.default_rng(1).standard_normal((4, 4))}
    order = v("i").indices
    assert not _same(w, left, right, order, given, SIZES)
    w.assume(fact(w.symbol("A"), Property.SYMMETRIC))
    assert _same(w, left, right, order, given, SIZES)
    by_A = w.derivative(q(""), A("ij"))
    assert _same(w, by_A, contract([v("i"), v("j")]), A("ij").indices, given, SIZES)


def test_inverse_of_an_orthogonal_matrix_is_its_transpose() -> None:
    w = World()
    Q = declare(w, "Q", "n", "n")
    i, j, r, c = (index(a, "n") for a in "ijrc")
    w.assume(fact(w.symbol("Q"), Property.ORTHOGONAL))
    given = {"free__Q": np.random.default_rng(0).standard_normal((4, 4))}
    assert _same(w, inverse(symbol("Q", [r, c]), r, c, i, j), Q("ji"), (i, j), given, SIZES)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda w: w.assume(sums_to(w.symbol("Y"), 1, 1)), "^Y is defined by a formula$"),
        (lambda w: w.assume(sums_to(symbol("Q", [index("i", "n")]), 1)), "Q is not declared"),
        (lambda w: w.assume(sums_to(symbol("T", [index("i", "n")]), 1)), "T is k × m, the fact is of n"),
        (lambda w: fact(w.symbol("T"), Property.SYMMETRIC), "T is not a square matrix, so it is not symmetric"),
        (lambda w: sums_to(w.symbol("T"), 1, 2), "T has 2 axes"),
        (lambda w: sums_to(w.symbol("L"), 1), "L is a number"),
        (lambda w: w.structured(w.symbol("T"), w.symbol("T")), "nothing is assumed that ties the entries of T"),
    ],
)
def test_what_cannot_be_assumed_is_refused(act: Any, message: str) -> None:
    with pytest.raises(WorldError, match=message):
        act(world_of("two_layers"))


def test_a_formula_after_a_fact_is_refused() -> None:
    w = World()
    T, a = declare(w, "T", "n"), declare(w, "a", "n")
    w.assume(mean_zero(T("i")))
    with pytest.raises(WorldError, match="it was assumed that the entries of T have mean 0"):
        define(w, "T", "i", a("i"))


@pytest.mark.parametrize("s", [SCALAR, VECTOR, SQUARE, TABLE, CUBE], ids=lambda s: s.name)
def test_candidates_are_facts_of_that_shape(s: Symbol) -> None:
    found = candidates(s)
    assert len(set(found)) == len(found) > 1
    assert len({f.text for f in found}) == len(found)
    for f in found:
        assert array_of([f], SIZES).shape == tuple(size_of(n, SIZES) for n in s.shape)


def test_candidates_beside_what_is_assumed() -> None:
    w = World()
    A = declare(w, "A", "n", "n")("ij")
    w.assume(fact(A, Property.SYMMETRIC))
    assert [f.what for f in w.candidates(A)] == [Property.POSITIVE]
    y = define(w, "y", "", total(A, over="ij"))
    assert w.candidates(y("")) == []


# ---------------------------------------------------------------- structured derivatives

N = 3
TIED = {
    Property.SYMMETRIC: lambda i, j: (min(i, j), max(i, j), 1),
    Property.SKEW: lambda i, j: (min(i, j), max(i, j), (i < j) - (i > j)),
    Property.DIAGONAL: lambda i, j: (i, j, int(i == j)),
}
"""The independent entry that entry i, j is made from, and how often."""


@pytest.mark.parametrize("what", TIED, ids=[p.value for p in TIED])
@pytest.mark.parametrize("formula", ["tr(A B)", "xᵀAx", "tr(AᵀA)", "Σ sin A", "det-like A_01 A_10"])
def test_structured_derivative_is_that_by_the_independent_entries(what: Property, formula: str) -> None:
    """SymPy differentiates by the entries that are independent, once A is made of these."""
    w = World()
    A, B, v = declare(w, "A", N, N), declare(w, "B", N, N), declare(w, "v", N)
    e = {
        "tr(A B)": total(A("ij"), B("ji"), over="ij"),
        "xᵀAx": total(v("i"), A("ij"), v("j"), over="ij"),
        "tr(AᵀA)": total(A("ij"), A("ij"), over="ij"),
        "Σ sin A": total(of(sympy.sin(x), A("ij")), over="ij"),
        "det-like A_01 A_10": total(A("ij"), A("ji"), B("ij"), over="ij"),
    }[formula]
    by = A("ij")
    w.assume(fact(by, what))
    plain = {"A": tensor("A", (N, N)), "B": tensor("B", (N, N)), "v": tensor("v", (N,))}
    own = {(i, j): TIED[what](i, j) for i in range(N) for j in range(N)}
    tied = sympy.ImmutableDenseNDimArray([c * plain["A"][a, b] for a, b, c in own.values()], (N, N))
    derivative = inlined(w, w.structured(w.derivative(e, by), by))
    found = components(derivative, by.indices, {**plain, "A": tied}, {})
    whole = components(e, (), {**plain, "A": tied}, {})[()]
    for (i, j), (a, b, c) in own.items():
        expected = c * sympy.diff(whole, plain["A"][a, b]) if c else sympy.Integer(0)
        assert sympy.expand(found[i, j] - expected) == 0, (i, j)


def test_structured_derivative_is_a_contraction_with_the_tie_map() -> None:
    """Σ_ab D_ab (1[i=a] 1[j=b] + 1[i=b] 1[j=a] − 1[i=j=a=b]) for a symmetric matrix."""
    w = World()
    A, D = declare(w, "A", N, N), declare(w, "D", N, N)
    w.assume(fact(w.symbol("A"), Property.SYMMETRIC))
    i, j, a, b = (Index(c, sympy.Integer(N)) for c in "ijab")
    tie = add(
        contract([identity(i, a), identity(j, b)]),
        contract([identity(i, b), identity(j, a)]),
        contract([number(-1), identity(i, j), identity(i, a), identity(j, b)]),
    )
    given = {"D": np.arange(9.0).reshape(3, 3) ** 2}
    found = evaluate(w.structured(D("ij"), A("ij")), (i, j), given, {})
    np.testing.assert_allclose(found, evaluate(contract([D("ab"), tie], [a, b]), (i, j), given, {}))


# ---------------------------------------------------------------- what a spec declares


def stated(left: Expr, right: Expr) -> str | None:
    found = sum_stated(SumFact("", left, right))
    return None if found is None else found.text


def test_sums_that_are_stated() -> None:
    n, i, c = Index("n", size_symbol("k")), index("i", 5), index("c", 3)
    T, U = symbol("T", [n, i]), symbol("U", [n, c, i])
    two, five = number(2), number(5)
    rows = [
        (contract([T], [i]), number(1), "rows of T sum to 1"),
        (number(1), contract([T], [i]), "rows of T sum to 1"),
        (contract([two, T], [n]), five, "columns of T sum to 5/2"),
        (contract([T], [n, i]), five, "the entries of T sum to 5"),
        (contract([U], [c, i]), number(0), "the entries of U have mean 0 over axis 2, 3"),
        (contract([T, T], [i]), number(1), None),
        (T, number(1), None),
        (contract([two, T]), five, None),
        (contract([symbol("S", [i, i])], [i]), number(1), None),
        (contract([T], [i]), contract([T], [i]), None),
    ]
    assert [stated(left, right) for left, right, _ in rows] == [expected for *_, expected in rows]
