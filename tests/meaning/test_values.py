"""Matrix algebra is NumPy's: every operation at several sizes, open and in numbers; sizes that differ are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy

from symjac.core.evaluate import evaluate
from symjac.core.expr import ShapeError, number, symbol
from symjac.core.index import Index, index, size_symbol
from symjac.core.scalar import slot
from symjac.core.wellformed import check_formed
from symjac.meaning import values
from symjac.meaning.values import (
    SizeMismatch,
    Value,
    add,
    bind,
    determinant,
    diag,
    divide,
    elementwise,
    entry,
    eye,
    from_symbol,
    hadamard,
    inner,
    inverse,
    kron,
    largest,
    largest_of,
    matmul,
    mean,
    negate,
    norm,
    norm_squared,
    ones,
    outer,
    power,
    product,
    repeated,
    same,
    scalar,
    scale,
    shape_text,
    slim,
    total,
    trace,
    transpose,
    value,
    vec,
    zeros,
)

SHAPES = {"s": "", "x": "n", "y": "m", "z": "n", "A": "mn", "B": "np", "C": "mn", "D": "mm", "E": "mm", "F": "pm"}
SIZES = {
    "2, 3, 5": {"m": 2, "n": 3, "p": 5},
    "5, 2, 3": {"m": 5, "n": 2, "p": 3},
    "equal": {"m": 3, "n": 3, "p": 3},
    "one": {"m": 1, "n": 1, "p": 1},
    "rows alone": {"m": 3, "n": 1, "p": 2},
    "columns alone": {"m": 1, "n": 3, "p": 1},
}
x0, x1 = slot(0), slot(1)


class Given:
    """The values by name, and their numbers as matrices: a column is n x 1."""

    def __init__(self, sizes: dict[str, int], numeric: bool) -> None:
        rng = np.random.default_rng(4)
        self.sizes = sizes
        self.size = {letter: sympy.Integer(sizes[letter]) if numeric else size_symbol(letter) for letter in sizes}
        self.arrays: dict[str, Any] = {}
        for name, letters in SHAPES.items():
            self.arrays[name] = rng.uniform(0.3, 2.0, [sizes[letter] for letter in letters])
        self.arrays["D"] = self.arrays["D"] + 3 * np.eye(sizes["m"])

    def __getattr__(self, name: str) -> Value:
        axes = [Index(f"a{place}", self.size[letter]) for place, letter in enumerate(SHAPES[name])]
        return from_symbol(symbol(name, axes))

    def array(self, name: str) -> Any:
        a = self.arrays[name]
        return a.reshape(a.shape + (1,) * (2 - a.ndim))

    def number(self, v: Value) -> Any:
        """The matrix of a value."""
        check_formed(v.expr)
        assert {i.name for i in v.axes} == {f"_{place}" for place in range(len(v.axes))}
        v = slim(v)
        found = evaluate(v.expr, v.axes, self.arrays, self.sizes)
        return found if found.ndim == 2 else found.reshape((1, -1) if v.row else (-1, 1))


class Numbers:
    """The matrices by name, for the NumPy side of a row."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:
        return self._given.array(name)


T = transpose
OPERATIONS: list[tuple[str, Callable[[Any], Value], Callable[[Any], Any]]] = [
    ("A", lambda v: v.A, lambda a: a.A),
    ("x", lambda v: v.x, lambda a: a.x),
    ("Aᵀ", lambda v: T(v.A), lambda a: a.A.T),
    ("xᵀ", lambda v: T(v.x), lambda a: a.x.T),
    ("xᵀᵀ", lambda v: T(T(v.x)), lambda a: a.x),
    ("sᵀ", lambda v: T(v.s), lambda a: a.s),
    ("A B", lambda v: matmul(v.A, v.B), lambda a: a.A @ a.B),
    ("Aᵀ C", lambda v: matmul(T(v.A), v.C), lambda a: a.A.T @ a.C),
    ("D E D", lambda v: product(v.D, v.E, v.D), lambda a: a.D @ a.E @ a.D),
    ("A x", lambda v: matmul(v.A, v.x), lambda a: a.A @ a.x),
    ("yᵀ A", lambda v: matmul(T(v.y), v.A), lambda a: a.y.T @ a.A),
    ("yᵀ A x", lambda v: product(T(v.y), v.A, v.x), lambda a: a.y.T @ a.A @ a.x),
    ("xᵀ z", lambda v: matmul(T(v.x), v.z), lambda a: a.x.T @ a.z),
    ("x yᵀ", lambda v: matmul(v.x, T(v.y)), lambda a: a.x @ a.y.T),
    ("x xᵀ", lambda v: matmul(v.x, T(v.x)), lambda a: a.x @ a.x.T),
    ("x yᵀ A", lambda v: product(v.x, T(v.y), v.A), lambda a: a.x @ a.y.T @ a.A),
    ("s A", lambda v: matmul(v.s, v.A), lambda a: a.s * a.A),
    ("x s", lambda v: matmul(v.x, v.s), lambda a: a.x * a.s),
    ("s s", lambda v: matmul(v.s, v.s), lambda a: a.s * a.s),
    ("xᵀ z A", lambda v: product(T(v.x), v.z, v.A), lambda a: (a.x.T @ a.z) * a.A),
    ("outer x y", lambda v: outer(v.x, T(v.y)), lambda a: a.x @ a.y.T),
    ("⟨A, C⟩", lambda v: inner(v.A, v.C), lambda a: [[np.sum(a.A * a.C)]]),
    ("⟨x, zᵀ⟩", lambda v: inner(v.x, T(v.z)), lambda a: a.x.T @ a.z),
    ("A + C", lambda v: add(v.A, v.C), lambda a: a.A + a.C),
    ("1 − A", lambda v: add(scalar(1), negate(v.A)), lambda a: 1 - a.A),
    ("xᵀ + s", lambda v: add(T(v.x), v.s), lambda a: a.x.T + a.s),
    ("s + s + x", lambda v: add(v.s, v.s, v.x), lambda a: 2 * a.s + a.x),
    ("−A", lambda v: negate(v.A), lambda a: -a.A),
    ("A ⊙ C ⊙ (1 − C)", lambda v: hadamard(v.A, v.C, add(scalar(1), negate(v.C))), lambda a: a.A * a.C * (1 - a.C)),
    ("A ⊘ C", lambda v: divide(v.A, v.C), lambda a: a.A / a.C),
    ("x / s", lambda v: divide(v.x, v.s), lambda a: a.x / a.s),
    ("1 ⊘ xᵀ", lambda v: divide(scalar(1), T(v.x)), lambda a: 1 / a.x.T),
    ("m A", lambda v: scale(v.size["m"], v.A), lambda a: len(a.A) * a.A),
    ("tanh A", lambda v: elementwise(sympy.tanh(x0), v.A), lambda a: np.tanh(a.A)),
    ("max(A, C)", lambda v: elementwise(sympy.Max(x0, x1), v.A, v.C), lambda a: np.maximum(a.A, a.C)),
    ("s exp(xᵀ)", lambda v: elementwise(x0 * sympy.exp(x1), v.s, T(v.x)), lambda a: a.s * np.exp(a.x.T)),
    ("A + 1 xᵀ", lambda v: add(v.A, repeated(T(v.x), v.A)), lambda a: a.A + a.x.T),
    ("A + y 1ᵀ", lambda v: add(v.A, repeated(v.y, v.A)), lambda a: a.A + a.y),
    ("s in the shape of A", lambda v: repeated(v.s, v.A), lambda a: a.s + 0 * a.A),
    ("ones", lambda v: ones(v.size["m"], v.size["n"]), lambda a: np.ones_like(a.A)),
    ("row of ones times B", lambda v: matmul(ones(v.size["n"], row=True), v.B), lambda a: a.B.sum(0, keepdims=True)),
    ("zeros", lambda v: zeros(v.size["m"], row=True), lambda a: 0 * a.y.T),
    ("1 D", lambda v: matmul(eye(v.size["m"]), v.D), lambda a: a.D),
    ("D + 1", lambda v: add(v.D, eye(v.size["m"])), lambda a: a.D + np.eye(len(a.D))),
    ("A ⊗ B", lambda v: kron(v.A, v.B), lambda a: np.kron(a.A, a.B)),
    ("x ⊗ y", lambda v: kron(v.x, v.y), lambda a: np.kron(a.x, a.y)),
    ("xᵀ ⊗ yᵀ", lambda v: kron(T(v.x), T(v.y)), lambda a: np.kron(a.x.T, a.y.T)),
    ("xᵀ ⊗ y", lambda v: kron(T(v.x), v.y), lambda a: np.kron(a.x.T, a.y)),
    ("x ⊗ yᵀ", lambda v: kron(v.x, T(v.y)), lambda a: np.kron(a.x, a.y.T)),
    ("xᵀ ⊗ A", lambda v: kron(T(v.x), v.A), lambda a: np.kron(a.x.T, a.A)),
    ("A ⊗ x", lambda v: kron(v.A, v.x), lambda a: np.kron(a.A, a.x)),
    ("s ⊗ A", lambda v: kron(v.s, v.A), lambda a: a.s * a.A),
    ("1 ⊗ A", lambda v: kron(eye(v.size["p"]), v.A), lambda a: np.kron(np.eye(a.B.shape[1]), a.A)),
    ("(A ⊗ x) ⊗ yᵀ", lambda v: kron(kron(v.A, v.x), T(v.y)), lambda a: np.kron(np.kron(a.A, a.x), a.y.T)),
    ("vec A", lambda v: vec(v.A), lambda a: a.A.reshape(-1, 1, order="F")),
    ("vec A by rows", lambda v: vec(v.A, "rows"), lambda a: a.A.reshape(-1, 1)),
    ("vec xᵀ", lambda v: vec(T(v.x)), lambda a: a.x),
    ("vec A Bᵀ..", lambda v: vec(product(v.A, v.B, v.F)), lambda a: (a.A @ a.B @ a.F).reshape(-1, 1, order="F")),
    (
        "(Fᵀ ⊗ A) vec B is vec A B F",
        lambda v: matmul(kron(T(v.F), v.A), vec(v.B)),
        lambda a: (a.A @ a.B @ a.F).reshape(-1, 1, order="F"),
    ),
    ("diag x", lambda v: diag(v.x), lambda a: np.diag(a.x[:, 0])),
    ("diag xᵀ", lambda v: diag(T(v.x)), lambda a: np.diag(a.x[:, 0])),
    ("diag of D", lambda v: diag(v.D), lambda a: np.diag(a.D)[:, None]),
    ("diag of 1", lambda v: diag(eye(v.size["m"])), lambda a: np.ones_like(a.y)),
    ("tr D", lambda v: trace(v.D), lambda a: [[np.trace(a.D)]]),
    ("tr 1", lambda v: trace(eye(v.size["n"])), lambda a: [[a.x.shape[0]]]),
    ("tr A B F", lambda v: trace(product(v.A, v.B, v.F)), lambda a: [[np.trace(a.A @ a.B @ a.F)]]),
    ("D⁻¹", lambda v: inverse(v.D), lambda a: np.linalg.inv(a.D)),
    ("D⁻ᵀ", lambda v: T(inverse(v.D)), lambda a: np.linalg.inv(a.D).T),
    ("(Dᵀ)⁻¹ y", lambda v: matmul(inverse(T(v.D)), v.y), lambda a: np.linalg.solve(a.D.T, a.y)),
    ("(1 + A Aᵀ)⁻¹", lambda v: inverse(_ridge(v)), lambda a: np.linalg.inv(np.eye(len(a.A)) + a.A @ a.A.T)),
    ("det D", lambda v: determinant(v.D), lambda a: [[np.linalg.det(a.D)]]),
    ("log det", lambda v: elementwise(sympy.log(x0), determinant(_ridge(v))), lambda a: [[_log_det(a)]]),
    ("D³", lambda v: power(v.D, 3), lambda a: np.linalg.matrix_power(a.D, 3)),
    ("D⁻²", lambda v: power(v.D, -2), lambda a: np.linalg.matrix_power(a.D, -2)),
    ("D⁰", lambda v: power(v.D, 0), lambda a: np.eye(len(a.D))),
    ("s³", lambda v: power(v.s, 3), lambda a: a.s**3),
    ("(xᵀz)²", lambda v: power(matmul(T(v.x), v.z), 2), lambda a: (a.x.T @ a.z) ** 2),
    ("sum A", lambda v: total(v.A), lambda a: [[a.A.sum()]]),
    ("sum of the columns of A", lambda v: total(v.A, 0), lambda a: a.A.sum(0, keepdims=True)),
    ("sum of the rows of A", lambda v: total(v.A, 1), lambda a: a.A.sum(1, keepdims=True)),
    ("sum x", lambda v: total(v.x, 0), lambda a: [[a.x.sum()]]),
    ("mean of A", lambda v: mean(v.A), lambda a: [[a.A.mean()]]),
    ("mean of the rows", lambda v: mean(v.A, 0), lambda a: a.A.mean(0, keepdims=True)),
    ("largest of A", lambda v: largest(v.A), lambda a: [[a.A.max()]]),
    ("largest of each row", lambda v: largest(v.A, 1), lambda a: a.A.max(1, keepdims=True)),
    ("‖x‖", lambda v: norm(v.x, "2"), lambda a: [[np.linalg.norm(a.x)]]),
    ("‖A‖²", lambda v: norm_squared(v.A, "F"), lambda a: [[np.linalg.norm(a.A) ** 2]]),
    ("‖xᵀ‖₁", lambda v: norm(negate(T(v.x)), "1"), lambda a: [[a.x.sum()]]),
    ("‖x‖∞²", lambda v: norm_squared(negate(v.x), "inf"), lambda a: [[a.x.max() ** 2]]),
    ("row 0 of A", lambda v: entry(v.A, 0, None), lambda a: a.A[:1]),
    ("column 0 of A", lambda v: entry(v.A, None, 0), lambda a: a.A[:, :1]),
    ("entry of x", lambda v: entry(v.x, 0), lambda a: a.x[:1]),
    ("Σ_i A_i0", lambda v: _summed(v, "m", lambda i: entry(v.A, i, 0)), lambda a: [[a.A[:, 0].sum()]]),
    ("Σ_i D_ii", lambda v: _summed(v, "m", lambda i: entry(v.D, i, i)), lambda a: [[np.trace(a.D)]]),
    (
        "Σ_i y_i Aᵀ_i",
        lambda v: _summed(v, "m", lambda i: matmul(entry(v.y, i), entry(v.A, i, None))),
        lambda a: a.y.T @ a.A,
    ),
    ("Σ_i 1", lambda v: _summed(v, "m", lambda i: scalar(1)), lambda a: [[len(a.A)]]),
    (
        "Σ_i x_i x_{i+1}",
        lambda v: _summed(
            v, "n", lambda i: matmul(entry(v.x, i), entry(v.x, ([(sympy.Integer(1), i)], sympy.Integer(1))))
        ),
        lambda a: [[(a.x[1:] * a.x[:-1]).sum()]],
    ),
    ("max_i y_i x", lambda v: largest_of(matmul(v.x, entry(v.y, _i(v, "m"))), _i(v, "m")), lambda a: a.x * a.y.max()),
]


def _ridge(v: Any) -> Value:
    return add(eye(v.size["m"]), matmul(v.A, transpose(v.A)))


def _log_det(a: Any) -> float:
    return float(np.linalg.slogdet(np.eye(len(a.A)) + a.A @ a.A.T)[1])


def _i(v: Given, size: str) -> Index:
    return Index("i", v.size[size])


def _summed(v: Given, size: str, term: Callable[[Index], Value]) -> Value:
    i = _i(v, size)
    return bind(term(i), i)


def is_numpys(build: Callable[[Any], Value], expected: Callable[[Any], Any], given: Given) -> None:
    wanted = np.asarray(expected(Numbers(given)))
    found = given.number(build(given))
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("numeric", [False, True], ids=["open", "numeric"])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize(("name", "build", "expected"), OPERATIONS, ids=[name for name, _, _ in OPERATIONS])
def test_operation_is_numpys(name: str, build: Any, expected: Any, sizes: dict[str, int], numeric: bool) -> None:
    is_numpys(build, expected, Given(sizes, numeric))


@pytest.mark.parametrize("name", ["A ⊗ B", "vec A", "(Fᵀ ⊗ A) vec B is vec A B F"])
def test_planted_fault_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """1[u = i + n j] for 1[u = i + m j]: the coefficients of another shape."""
    build, expected = next((b, e) for n, b, e in OPERATIONS if n == name)
    right = values._place
    monkeypatch.setattr(
        values, "_place", lambda target, *terms: right(target, *((c + int(c != 1), i) for c, i in terms))
    )
    with pytest.raises(AssertionError):
        is_numpys(build, expected, Given(SIZES["2, 3, 5"], False))


# ---------------------------------------------------------------- letters

LETTERS = Given(SIZES["2, 3, 5"], False)
q = index("q", 4)


def of_sample(name: str, *letters: str) -> Value:
    """A quantity of each sample q."""
    axes = [Index(f"a{place}", LETTERS.size[letter]) for place, letter in enumerate(letters)]
    return from_symbol(symbol(name, [q, *axes]), axes)


def test_operands_that_share_a_letter_share_its_value() -> None:
    """Σ_q A_q x_q, each inverse and determinant its own."""
    rng = np.random.default_rng(1)
    arrays = {"G": rng.normal(size=(4, 2, 3)), "g": rng.normal(size=(4, 3)), "Q": rng.normal(size=(4, 2, 2))}
    G, g, Q = of_sample("G", "m", "n"), of_sample("g", "n"), of_sample("Q", "m", "m")

    def numbers(v: Value, *free: Index) -> Any:
        check_formed(v.expr)
        return evaluate(v.expr, (*free, *v.axes), arrays, LETTERS.sizes)

    inverses = np.linalg.inv(arrays["Q"])
    expected = np.einsum("qab,qbc,qc->qa", inverses, arrays["G"], arrays["g"])
    np.testing.assert_allclose(numbers(product(inverse(Q), G, g), q), expected)
    np.testing.assert_allclose(numbers(bind(product(inverse(Q), G, g), q)), expected.sum(0))
    np.testing.assert_allclose(numbers(determinant(Q), q), np.linalg.det(arrays["Q"]))
    np.testing.assert_allclose(numbers(kron(Q, G), q)[3], np.kron(arrays["Q"][3], arrays["G"][3]))
    np.testing.assert_allclose(numbers(vec(G), q)[2], arrays["G"][2].ravel("F"))


# ---------------------------------------------------------------- shapes

V = Given(SIZES["2, 3, 5"], False)
K = from_symbol(symbol("K", [index("a", 2), index("b", 3), index("c", 5)]))
m, n = V.size["m"], V.size["n"]

TEXTS = [
    (V.s, "number"),
    (V.x, "column of n"),
    (T(V.x), "row of n"),
    (V.A, "m x n"),
    (K, "2 x 3 x 5"),
    (kron(V.A, V.A), "m**2 x n**2"),
    (from_symbol(symbol("H", [index("a", n + 1), index("b", m)])), "(n + 1) x m"),
]


@pytest.mark.parametrize(("a", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_shapes_are_said(a: Value, text: str) -> None:
    assert shape_text(a) == text


MISMATCHES: list[tuple[Callable[[], object], object, object, str]] = [
    (lambda: matmul(V.A, V.C), n, m, "m x n times m x n"),
    (lambda: matmul(V.x, V.z), 1, n, "column of n times column of n"),
    (lambda: matmul(T(V.x), T(V.z)), n, 1, "row of n times row of n"),
    (lambda: matmul(V.A, T(V.x)), n, 1, "m x n times row of n"),
    (lambda: matmul(T(V.x), V.A), n, m, "row of n times m x n"),
    (lambda: add(V.A, T(V.A)), m, n, "m x n plus n x m"),
    (lambda: add(V.x, V.y), n, m, "column of n plus column of m"),
    (lambda: add(V.x, T(V.x)), n, 1, "column of n plus row of n"),
    (lambda: hadamard(V.A, V.x), m, n, "m x n ⊙ column of n"),
    (lambda: hadamard(V.A, V.y), n, 1, "m x n ⊙ column of m"),
    (lambda: divide(V.A, V.B), m, n, "m x n ⊘ n x p"),
    (lambda: inner(V.x, V.y), n, m, "column of n ⊙ column of m"),
    (lambda: repeated(T(V.y), V.A), m, n, "row of m repeated to m x n"),
    (lambda: repeated(V.A, V.x), n, m, "column of n like m x n"),
    (lambda: trace(V.A), m, n, "the trace of m x n"),
    (lambda: trace(V.x), n, 1, "the trace of column of n"),
    (lambda: diag(V.A), m, n, "the diagonal of m x n"),
    (lambda: inverse(V.A), m, n, "the inverse of m x n"),
    (lambda: determinant(V.A), m, n, "the determinant of m x n"),
    (lambda: power(V.A, 2), m, n, "power 2 of m x n"),
    (lambda: power(V.x, -1), n, 1, "the inverse of column of n"),
    (lambda: same(V.A, T(V.A)), m, n, "m x n = n x m"),
    (lambda: same(V.x, T(V.x)), n, 1, "column of n = row of n"),
    (lambda: same(V.A, V.s), m, 1, "m x n = number"),
    (lambda: same(scalar(2), V.x), 1, n, "number = column of n"),
    (lambda: same(eye(3), eye(2)), 3, 2, "3 x 3 = 2 x 2"),
    (lambda: entry(V.x, index("i", m)), n, m, "entry i of a column of n"),
]


@pytest.mark.parametrize(("build", "left", "right", "what"), MISMATCHES, ids=[what for _, _, _, what in MISMATCHES])
def test_sizes_that_differ_are_named(build: Any, left: Any, right: Any, what: str) -> None:
    with pytest.raises(SizeMismatch) as caught:
        build()
    found = caught.value
    assert (found.left, found.right, found.what) == (left, right, what)
    assert str(found) == f"{what}: {left} is not {right}"


UNSHAPED: list[tuple[str, Callable[[], object]]] = [
    ("times is of", lambda: matmul(K, V.A)),
    ("transposed is of", lambda: transpose(K)),
    ("⊗ is of", lambda: kron(V.A, K)),
    ("trace of 2 x 3 x 5", lambda: trace(K)),
    ("2 x 3 x 5 plus m x n", lambda: add(K, V.A)),
    ("outer product of m x n", lambda: outer(V.A, V.x)),
    ("2-norm of a matrix", lambda: norm(V.A, "2")),
    ("1-norm of a matrix", lambda: norm(V.A, "1")),
    ("1 indices at a m x n", lambda: entry(V.A, 0)),
]


@pytest.mark.parametrize(("text", "build"), UNSHAPED, ids=[text for text, _ in UNSHAPED])
def test_what_is_not_defined_says_so(text: str, build: Any) -> None:
    with pytest.raises(ShapeError, match=text):
        build()


def test_axes_of_size_one_count_as_absent() -> None:
    """A 1 x 1 matrix is a number, n x 1 a column, 1 x n a row, whatever they were declared as."""
    one, tall, wide = (
        from_symbol(symbol("Q", [Index("a", rows), Index("b", columns)]))
        for rows, columns in ((sympy.Integer(1), sympy.Integer(1)), (n, sympy.Integer(1)), (sympy.Integer(1), n))
    )
    assert (slim(one).axes, shape_text(slim(tall)), shape_text(slim(wide))) == ((), "column of n", "row of n")
    left, right = same(V.x, tall)
    assert (left.axes, left.row) == (right.axes, right.row)
    assert same(T(V.x), wide)[1].row
    assert same(V.s, one)[1].axes == ()
    assert shape_text(matmul(one, V.A)) == "m x n"


def test_a_tensor_keeps_its_axes() -> None:
    assert add(K, scalar(1)).axes == K.axes
    assert total(K, 1).shape == (2, 5)
    assert entry(K, 0, None, None).shape == (3, 5)
    assert vec(K).shape == (30,)


def test_axes_are_internal() -> None:
    with pytest.raises(ValueError, match="axes of a value are named i"):
        Value(number(1), (index("i", 2),))
    with pytest.raises(ValueError, match="row of 2 axes"):
        Value(V.A.expr, V.A.axes, True)
    swapped = value(V.D.expr, V.D.axes[::-1])
    assert swapped.expr is T(V.D).expr is not V.D.expr
