"""What formulas say: every kind of formula against NumPy, at several sizes; layouts of derivatives; what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from symjac.calculus.facts import WorldError
from symjac.core.expr import ShapeError
from symjac.meaning.meaning import Meaning
from symjac.meaning.notebook import Notebook
from symjac.meaning.reasons import Misfit, NotUnderstood
from symjac.meaning.statements import sort
from symjac.meaning.values import Value
from symjac.notation.latex_notation import expression, statement
from symjac.notation.tree import Name, Node
from symjac.notes.source import read_source
from symjac.verify.session import Session
from tests.calculus.worlds import inlined, random_values, value

SIZES = [
    {"n": 2, "m": 3, "k": 5, "p": 2},
    {"n": 3, "m": 5, "k": 2, "p": 3},
    {"n": 5, "m": 2, "k": 3, "p": 1},
    {"n": 1, "m": 1, "k": 1, "p": 1},
]
VECTORS = r"""
$x, y \in \mathbb{R}^n$, $z \in \mathbb{R}^m$, $c, d \in \mathbb{R}$, $A, B \in \mathbb{R}^{n \times n}$,
$C \in \mathbb{R}^{m \times n}$, $U \in \mathbb{R}^{n \times m}$.
"""
Arrays = Mapping[str, Any]


def notebook(text: str) -> Notebook:
    chapters = Session(read_source("notes.md", text)).chapters
    return chapters[0].notebook if chapters else Notebook()


def meaning(text: str) -> Meaning:
    book = notebook(text)
    return Meaning(book, book.reading)


def array(m: Meaning, v: Value, sizes: Mapping[str, int], order: str = "") -> tuple[Any, Arrays]:
    """The value with its letters in `order` before its axes, a row as (1, n); and what its names stood for."""
    letters = {i.name: i for i in v.expr.free if i not in v.axes}
    assert set(letters) == set(order)
    numbers = {str(s): n for s, n in sizes.items()} | {f"size{n}": n for n in range(10)}
    for key in m.notebook.shapes:
        m.value(m.notebook.latex.get(key, Name(key)))
    given = random_values(m.world, numbers, seed=1)
    given = {name: np.abs(a) + 0.3 if name in "cd" else a for name, a in given.items()}
    out = value(m.world, v.expr, [*(letters[c] for c in order), *v.axes], given, numbers)
    known = dict(given)
    for name in m.world.equations:
        s = m.world.symbol(name)
        known[name] = value(m.world, s, s.indices, given, numbers)
    return (out[..., None, :] if v.row else out), known


def formula_of(m: Meaning, text: str) -> Node:
    """The formula as it is read on the page."""
    (claim,) = sort([(statement(f"{text} = 0"), "claim")], m.notebook).claims
    return claim.left


def check(text: str, formula: str, expected: Callable[..., Any], order: str = "", sizes: Any = SIZES) -> None:
    for at in sizes:
        m = meaning(text)
        found, known = array(m, m.value(formula_of(m, formula)), at, order)
        wanted = np.asarray(expected(**known) if callable(expected) else expected, dtype=float)
        assert found.shape == wanted.shape, (formula, found.shape, wanted.shape)
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12, err_msg=formula)


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def softmax(a: Any, axis: int) -> Any:
    e = np.exp(a)
    return e / e.sum(axis=axis, keepdims=True)


def e(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of the arrays that it names, whatever else there is."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return lambda **known: function(*(known[n] for n in names))


FORMULAS = [
    ("3", e(lambda: 3)),
    ("0.25", e(lambda: 0.25)),
    ("x", e(lambda x: x)),
    (r"x^\top", e(lambda x: x[None])),
    ("A^T", e(lambda A: A.T)),
    ("-A", e(lambda A: -A)),
    ("(x)", e(lambda x: x)),
    ("x + y - 2 x", e(lambda x, y: y - x)),
    (r"A x", e(lambda A, x: A @ x)),
    (r"C x", e(lambda C, x: C @ x)),
    (r"x^\top A y", e(lambda x, A, y: x @ A @ y)),
    (r"x y^\top", e(lambda x, y: np.outer(x, y))),
    (r"x^\top y", e(lambda x, y: x @ y)),
    (r"x \cdot y", e(lambda x, y: x @ y)),
    (r"\langle x, y \rangle", e(lambda x, y: x @ y)),
    (r"c A", e(lambda c, A: c * A)),
    (r"A B x", e(lambda A, B, x: A @ B @ x)),
    (r"x \odot y", e(lambda x, y: x * y)),
    (r"A \odot B", e(lambda A, B: A * B)),
    (r"x \oslash (1 + y \odot y)", e(lambda x, y: x / (1 + y * y))),
    (r"A \otimes C", e(lambda A, C: np.kron(A, C))),
    (r"x \otimes z", e(lambda x, z: np.kron(x, z))),
    (r"\frac{x}{c}", e(lambda x, c: x / c)),
    (r"x / c", e(lambda x, c: x / c)),
    (r"\frac12 c", e(lambda c: c / 2)),
    (r"c^2", e(lambda c: c**2)),
    (r"c^{-1}", e(lambda c: 1 / c)),
    (r"c^{1/2}", e(lambda c: np.sqrt(c))),
    (r"x^2", e(lambda x: x**2)),
    (r"x^{\odot 2}", e(lambda x: x**2)),
    (r"A^2", e(lambda A: A @ A)),
    (r"A^0", e(lambda A: np.eye(len(A)))),
    (r"A^{\odot 2}", e(lambda A: A * A)),
    (r"A^{-1}", e(lambda A: np.linalg.inv(A))),
    (r"A^{-2}", e(lambda A: np.linalg.inv(A @ A))),
    (r"A^{-\top}", e(lambda A: np.linalg.inv(A).T)),
    (r"(A + I)^{-1} x", e(lambda A, x: np.linalg.solve(A + np.eye(len(A)), x))),
    (r"\operatorname{tr}(A)", e(lambda A: np.trace(A))),
    (r"\operatorname{tr}(A B)", e(lambda A, B: np.trace(A @ B))),
    (r"\det(A)", e(lambda A: np.linalg.det(A))),
    (r"|A|", e(lambda A: np.linalg.det(A))),
    (r"|x|", e(lambda x: abs(x))),
    (r"|c - 2|", e(lambda c: abs(c - 2))),
    (r"\operatorname{diag}(x)", e(lambda x: np.diag(x))),
    (r"\operatorname{diag}(A)", e(lambda A: np.diag(A))),
    (r"\operatorname{vec}(C)", e(lambda C: C.T.ravel())),
    (r"\lVert x \rVert", e(lambda x: np.sqrt(x @ x))),
    (r"\lVert x \rVert^2", e(lambda x: x @ x)),
    (r"\|x\|_2^2", e(lambda x: x @ x)),
    (r"\|x\|_1", e(lambda x: abs(x).sum())),
    (r"\|A\|_F^2", e(lambda A: (A * A).sum())),
    (r"\sqrt{c}", e(lambda c: np.sqrt(c))),
    (r"e^{x}", e(lambda x: np.exp(x))),
    (r"\exp(-x)", e(lambda x: np.exp(-x))),
    (r"\log c", e(lambda c: np.log(c))),
    (r"\ln(1 + e^{c})", e(lambda c: np.log1p(np.exp(c)))),
    (r"\sin^2(c)", e(lambda c: np.sin(c) ** 2)),
    (r"\tanh(A x)", e(lambda A, x: np.tanh(A @ x))),
    (r"\sigma(x)", e(lambda x: sigmoid(x))),
    (r"\sigma'(x)", e(lambda x: sigmoid(x) * (1 - sigmoid(x)))),
    (r"\sigma''(x)", e(lambda x: sigmoid(x) * (1 - sigmoid(x)) * (1 - 2 * sigmoid(x)))),
    (r"\tanh'(c)", e(lambda c: 1 - np.tanh(c) ** 2)),
    (r"\operatorname{relu}(x)", e(lambda x: np.maximum(x, 0))),
    (r"\operatorname{softmax}(x)", e(lambda x: softmax(x, 0))),
    (r"\max(x, y)", e(lambda x, y: np.maximum(x, y))),
    (r"\min(c, d)", e(lambda c, d: min(c, d))),
    (r"\max_i x_i", e(lambda x: x.max())),
    (r"\min_i x_i", e(lambda x: x.min())),
    (r"\sum_i x_i", e(lambda x: x.sum())),
    (r"\sum_{i=1}^n x_i y_i", e(lambda x, y: x @ y)),
    (r"\sum_{i=2}^n x_1", e(lambda x: (len(x) - 1) * x[0])),
    (r"\sum_{i,j} A_{ij} B_{ji}", e(lambda A, B: np.trace(A @ B))),
    (r"\sum_i \sum_j C_{ij} z_i x_j", e(lambda C, z, x: z @ C @ x)),
    (r"\sum_{i,j} C_{i,j}", e(lambda C: C.sum())),
    (r"\sum_i (x_i + c)", e(lambda x, c: x.sum() + len(x) * c)),
    (r"\frac{1}{n} \sum_i x_i^2", e(lambda x: (x**2).mean())),
    (r"n c", e(lambda x, c: len(x) * c)),
    (r"\operatorname{mean}(x)", e(lambda x: x.mean())),
    (r"\operatorname{sum}(C)", e(lambda C: C.sum())),
    (r"x_1", e(lambda x: x[0])),
    (r"A_{1,1} + A_{11}", e(lambda A: 2 * A[0, 0])),
    (r"\mathbf{1}^\top x", e(lambda x: x.sum())),
    (r"x \mathbf{1}^\top z", e(lambda x, z: x * z.sum())),
    (r"C x + z \mathbf{1}^\top x", e(lambda C, x, z: C @ x + z * x.sum())),
    (r"\mathbf{1}_n", e(lambda x: np.ones(len(x)))),
    (r"I_n - x x^\top", e(lambda x: np.eye(len(x)) - np.outer(x, x))),
    (r"(I - A) x", e(lambda A, x: x - A @ x)),
    (r"C (I + A) (I - B)", e(lambda C, A, B: C @ (np.eye(len(A)) + A) @ (np.eye(len(A)) - B))),
    (r"(I \otimes A) \operatorname{vec}(U)", e(lambda A, U: (A @ U).T.ravel())),
    (r"\mathbb{1}[x > 0]", e(lambda x: x > 0)),
    (r"\mathbf{1}\{c \le d\}", e(lambda c, d: c <= d)),
    (r"\mathbb{1}[x > y] \odot x", e(lambda x, y: (x > y) * x)),
    (r"\begin{cases} c & c > d \\ 2 d & \text{otherwise} \end{cases}", e(lambda c, d: c if c > d else 2 * d)),
    (r"\begin{cases} x & x > 0 \\ 0 & x \le 0 \end{cases}", e(lambda x: np.maximum(x, 0))),
    (r"\operatorname{dim}(C)", e(lambda C: C.size)),
    (r"\pi c", e(lambda c: np.pi * c)),
    (r"C^\top z + (A x) \odot y", e(lambda C, z, A, x, y: C.T @ z + (A @ x) * y)),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "expected"), FORMULAS, ids=[f for f, _ in FORMULAS])
def test_formula(formula: str, expected: Callable[..., Any]) -> None:
    check(VECTORS, formula, expected)


ENTRIES = [
    # formula, its letters in order, value
    (r"x_i", "i", e(lambda x: x)),
    (r"x_i y_j", "ij", e(lambda x, y: np.outer(x, y))),
    (r"A_{ij}", "ij", e(lambda A: A)),
    (r"A_{j,i}", "ij", e(lambda A: A.T)),
    (r"A_{ii}", "i", e(lambda A: np.diag(A))),
    (r"(A x)_i", "i", e(lambda A, x: A @ x)),
    (r"(A^\top)_{ij}", "ij", e(lambda A: A.T)),
    (r"\sum_j A_{ij} x_j", "i", e(lambda A, x: A @ x)),
    (r"\sum_k A_{ik} B_{kj}", "ij", e(lambda A, B: A @ B)),
    (r"x_i \sum_i y_i", "i", e(lambda x, y: x * y.sum())),
    (r"\max_j A_{ij}", "i", e(lambda A: A.max(axis=1))),
    (r"\frac{\partial x_i}{\partial x_j}", "ij", e(lambda x: np.eye(len(x)))),
    (r"\frac{\partial (x^\top A x)}{\partial x_i}", "i", e(lambda x, A: (A + A.T) @ x)),
    (r"\frac{\partial (x^\top A x)}{\partial A_{ij}}", "ij", e(lambda x, A: np.outer(x, x) + 0 * A)),
    (r"\frac{\partial (A x)_i}{\partial x_j}", "ij", e(lambda A, x: A)),
    (r"\frac{\partial^2 (x^\top A x)}{\partial x_i \partial x_j}", "ij", e(lambda A, x: A + A.T)),
]


@pytest.mark.parametrize(("formula", "order", "expected"), ENTRIES, ids=[f for f, *_ in ENTRIES])
def test_entries(formula: str, order: str, expected: Callable[..., Any]) -> None:
    check(VECTORS, formula, expected, order)


DEFINED = [
    # notes, formula, letters, value
    (r"$g(a) = a^2 + 3 a$", "g(x)", "", e(lambda x: x**2 + 3 * x)),
    (r"$g(a) = a^2 + 3 a$", "g'(A x)", "", e(lambda A, x: 2 * (A @ x) + 3)),
    (r"$g(a) = a^2 + 3 a$", "g''(c)", "", e(lambda c: 2)),
    (r"$g(a, b) = a b + b$", "g(x, y)", "", e(lambda x, y: x * y + y)),
    (r"$g(a)_i = \frac{e^{a_i}}{\sum_j e^{a_j}}$", "g(x)", "", e(lambda x: softmax(x, 0))),
    (r"$g(a) = a \sigma(a)$ $h(a) = g(a) + g(2 a)$", "h(c)", "", e(lambda c: c * sigmoid(c) + 2 * c * sigmoid(2 * c))),
    ("<!-- symjac: f = tanh -->", "f(x)", "", e(lambda x: np.tanh(x))),
    ("<!-- symjac: f = relu -->", "f'(x)", "", e(lambda x: x > 0)),
    ("<!-- symjac: samples: rows -->", r"\operatorname{softmax}(C)", "", e(lambda C: softmax(C, 1))),
    ("<!-- symjac: samples: columns -->", r"\operatorname{softmax}(C)", "", e(lambda C: softmax(C, 0))),
    ("<!-- symjac: samples: rows -->", r"\operatorname{mean}(C)", "", e(lambda C: C.mean(axis=0)[None])),
    ("<!-- symjac: samples: columns -->", r"\operatorname{mean}(C)", "", e(lambda C: C.mean(axis=1))),
    ("<!-- symjac: vec: rows -->", r"\operatorname{vec}(C)", "", e(lambda C: C.ravel())),
    (r"<!-- symjac: v_s = rows of C -->", "v_s", "s", e(lambda C: C)),
    (r"<!-- symjac: v_s = rows of C -->", "v_{s,i}", "si", e(lambda C: C)),
    (r"<!-- symjac: v_s = rows of C -->", r"\sum_s v_s v_s^\top", "", e(lambda C: C.T @ C)),
    (r"<!-- symjac: v_s = rows of C -->", r"A v_s", "s", e(lambda A, C: C @ A.T)),
    (r"<!-- symjac: v_s = columns of C -->", "v_s", "s", e(lambda C: C.T)),
    (r"<!-- symjac: v_s = columns of C -->", r"\sum_s v_s v_s^\top", "", e(lambda C: C @ C.T)),
    (r"<!-- symjac: indices from 0 -->", "x_0", "", e(lambda x: x[0])),
    (r"$h_i = x_i + y_i$, $i = 1, \dots, n$", "h", "", e(lambda x, y: x + y)),
    (r"$h_i = \sum_j A_{ij} x_j$", r"\frac{\partial h_i}{\partial x_j}", "ij", e(lambda A, x: A)),
    (r"$h = A x$ $q = h^\top h$", r"\nabla_h q", "", e(lambda h: 2 * h)),
    (r"$h = A x$ $q = h^\top h$", r"\nabla_x q", "", e(lambda h, A: 2 * A.T @ h)),
    (r"$q = \sum_{i=1}^{n} x_i$", "q", "", e(lambda x: x.sum())),
    (r"$i, j = 1, \dots, n$", r"\mathbb{1}[i = j] x_i", "ij", e(lambda x: np.diag(x))),
    (r"$J_i = x_i^2$ $J = \frac1n \sum_i J_i$", "J", "", e(lambda x: (x**2).mean())),
    (r"$J_i = x_i^2$ $J = \frac1n \sum_i J_i$", "J_i", "i", e(lambda x: x**2)),
    (r"$L = x^\top x$", "dx", "", e(lambda x: 2 * x)),
    (
        "<!-- symjac: layers: l = 1..L, L = 2 -->\n"
        r"$W^l \in \mathbb{R}^{n \times n}$, $a^1 = W^1 x$, $a^l = W^l h^{l-1}$, $h^l = \tanh(a^l)$",
        "h^2", "", e(lambda x, W__1, W__2: np.tanh(W__2 @ np.tanh(W__1 @ x))),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notes", "formula", "order", "expected"), DEFINED, ids=[f"{f} | {t}" for t, f, *_ in DEFINED])
def test_with_definitions(notes: str, formula: str, order: str, expected: Callable[..., Any]) -> None:
    check(VECTORS + notes, formula, expected, order)


NUMERATOR, DENOMINATOR = "<!-- symjac: gradient: numerator -->", "<!-- symjac: jacobian: denominator -->"
ROWS = "<!-- symjac: vec: rows -->"
LAYOUTS = [
    # directives, formula, value
    ("", r"\nabla_x (x^\top A x)", e(lambda x, A: (A + A.T) @ x)),
    ("", r"\frac{\partial x^\top A x}{\partial x}", e(lambda x, A: (A + A.T) @ x)),
    (NUMERATOR, r"\frac{\partial x^\top A x}{\partial x}", e(lambda x, A: ((A + A.T) @ x)[None])),
    (NUMERATOR, r"\nabla_x (x^\top A x)", e(lambda x, A: (A + A.T) @ x)),
    ("", r"\frac{\partial x^\top A x}{\partial x^\top}", e(lambda x, A: ((A + A.T) @ x)[None])),
    ("", r"\frac{\partial (z^\top C x)}{\partial C}", e(lambda z, C, x: np.outer(z, x))),
    (NUMERATOR, r"\frac{\partial (z^\top C x)}{\partial C}", e(lambda z, C, x: np.outer(x, z))),
    ("", r"\frac{\partial (C x)}{\partial x}", e(lambda C, x: C)),
    (DENOMINATOR, r"\frac{\partial (C x)}{\partial x}", e(lambda C, x: C.T)),
    (DENOMINATOR, r"\frac{\partial (C x)}{\partial x^\top}", e(lambda C, x: C)),
    ("", r"\frac{\partial (c x)}{\partial c}", e(lambda c, x: x)),
    ("", r"\frac{\partial \operatorname{vec}(C A)}{\partial \operatorname{vec}(A)}",
     e(lambda C, A: np.kron(np.eye(len(A)), C))),
    (ROWS, r"\frac{\partial \operatorname{vec}(C A)}{\partial \operatorname{vec}(A)}",
     e(lambda C, A: np.kron(C, np.eye(len(A))))),
    ("", r"\frac{\partial (C A)}{\partial A}", e(lambda C, A: np.kron(np.eye(len(A)), C))),
    ("", r"\nabla_x^2 (x^\top A x)", e(lambda x, A: A + A.T)),
    (DENOMINATOR, r"\frac{\partial^2 (x^\top A y)}{\partial x \partial y^\top}", e(lambda x, A, y: A)),
    ("", r"\frac{\partial^2 (x^\top A x)}{\partial x \partial x^\top}", e(lambda x, A: A + A.T)),
    ("", r"\frac{\mathrm{d} \log \det A}{\mathrm{d} A}", e(lambda A: np.linalg.inv(A).T)),
]  # fmt: skip


@pytest.mark.parametrize(("directives", "formula", "expected"), LAYOUTS, ids=[f"{f} {d}" for d, f, _ in LAYOUTS])
def test_layouts(directives: str, formula: str, expected: Callable[..., Any]) -> None:
    check(VECTORS + directives, formula, expected)


REFUSED = [
    # notes, formula, part of the reason
    ("", r"q", "not declared"),
    ("", r"A + C", "do"),
    ("", r"C A C", "do"),
    ("", r"\frac{\partial (x^\top x)}{\partial (x + y)}", "by a single quantity"),
    ("", r"\frac{\partial^3 (x^\top x)}{\partial x^3}", "order 3"),
    ("", r"x_{i,j}", "2 subscripts"),
    ("", r"c^d", "exponent"),
    ("", r"c^{1001}", "exponents are judged up to 1000"),
    ("", r"(9^{9^3})^{999}", "exponents are judged up to 1000"),
    ("", r"A^{999999999}", "powers of a matrix are judged up to 32"),
    ("", r"\sum_q c", "what q runs over"),
    ("", r"\prod_i x_i", "prod"),
    ("", r"\nabla (x^\top x)", "what \\nabla is taken by"),
    ("", r"\mathbb{1}[c]", "comparison"),
    (r"$g = h + c$ $h = g + c$", r"g", "defined by itself"),
    (r"$g(a) = h(a)$ $h(a) = g(a)$", r"g(c)", "defined by itself"),
    (r"$g(a, b) = a b$", r"g(c)", "2 arguments"),
]  # fmt: skip


@pytest.mark.parametrize(("notes", "formula", "reason"), REFUSED)
def test_refused(notes: str, formula: str, reason: str) -> None:
    m = meaning(VECTORS + notes)
    with pytest.raises((NotUnderstood, Misfit, ShapeError, WorldError)) as error:
        m.value(expression(formula))
    assert reason in str(error.value)


def test_an_unknown_function_has_its_primes_as_derivatives() -> None:
    for order in range(3):
        m = meaning(VECTORS)
        left, right = (
            m.value(expression(text)) for text in (rf"\nabla_c f{chr(39) * order}(c)", f"f{chr(39) * (order + 1)}(c)")
        )
        assert inlined(m.world, left.expr) is right.expr


def test_shapes_that_do_not_fit_are_named() -> None:
    m = meaning(VECTORS)
    with pytest.raises(Misfit, match="the left side is a column of n, the right side a column of m"):
        m.sides(expression("x"), expression("z"))


def test_identities_are_sized_by_what_they_meet() -> None:
    m = meaning(VECTORS)
    assert [str(size) for size in m.value(expression("C (I + A)")).shape] == ["m", "n"]
    left, right = m.sides(expression(r"\frac{\partial z}{\partial z}"), expression("I"))
    assert [str(size) for size in right.shape] == ["m", "m"] and left.shape == right.shape
    with pytest.raises(Misfit, match="the left side is a m x n, the right side a n x n"):
        m.sides(expression("C"), expression("I + A"))


def told(m: Meaning, text: str) -> str:
    try:
        return str(m.value(expression(text)))
    except (NotUnderstood, Misfit, ShapeError, WorldError) as error:
        return str(error)


AFTER = (r"\sum_i x_i y_i", r"\mathbf{1}^\top (I + A) y", r"\log(c) x \odot y z^\top", "q c", "D + A")
BEFORE = [(notes, formula) for notes, formula, _ in REFUSED] + [
    ("$D = I$", "D + I_q"),
    ("$D = I$", r"\sum_i (D x)_i + \sum_j (C + I)_{ij}"),
    ("$g(a) = a z$", "g(x) + x"),
    ("$h(a) = a (z + x)$", "x \\odot h(d) z"),
]


@pytest.mark.parametrize(("notes", "before"), BEFORE)
def test_a_formula_says_the_same_whatever_was_refused_before_it(notes: str, before: str) -> None:
    book = notebook(VECTORS + notes)
    m = Meaning(book.copy(), book.reading)
    refused = told(m, before)
    for text in (*AFTER, before):
        assert told(m, text) == told(Meaning(book.copy(), book.reading), text), text
    assert refused == told(m, before)
