"""Sentences of comments that do not print, and what each enters in the notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from symjac.meaning.directives import CONTROLS, apply, control
from symjac.meaning.notebook import Notebook
from symjac.notation.latex_notation import expression

ENTERED: list[tuple[str, Callable[[Notebook], Any], Any]] = [
    ("samples: rows", lambda b: b.samples, "rows"),
    ("samples = columns", lambda b: b.samples, "columns"),
    ("samples:rows.", lambda b: b.samples, "rows"),
    ("gradient: numerator", lambda b: (b.reading.vector, b.reading.matrix), ("row", "numerator")),
    ("gradients: shape", lambda b: (b.reading.vector, b.reading.matrix), ("column", "shape")),
    ("gradient: shape", lambda b: b.said, {"vector", "matrix"}),
    ("jacobian: denominator", lambda b: (b.reading.jacobian, b.said), ("denominator", {"jacobian"})),
    ("product: elementwise", lambda b: (b.reading.product, b.said), ("elementwise", {"product"})),
    ("vec: rows", lambda b: (b.reading.vec, b.said), ("rows", {"vec"})),
    ("parameters: W_1, b_1", lambda b: b.parameters, (expression("W_1"), expression("b_1"))),
    ("parameters: W", lambda b: b.parameters, (expression("W"),)),
    ("indices from 0", lambda b: b.base, 0),
    ("layers: l = 1..3", lambda b: b.layers, {"l": range(1, 4)}),
    ("layers: l = 2..L, L = 4", lambda b: (b.layers, b.depth), ({"l": range(2, 5)}, {"L": 4})),
    ("rows of T sum to 1", lambda b: [(f.kind, f.axis, f.value) for f in b.facts], [("sum", "rows", expression("1"))]),
    ("columns of P sum to 0", lambda b: [(f.kind, f.axis) for f in b.facts], [("sum", "columns")]),
    ("A is symmetric", lambda b: [(f.kind, f.name) for f in b.facts], [("symmetric", expression("A"))]),
    ("$A$ is symmetric", lambda b: [f.name for f in b.facts], [expression("A")]),
    ("W_1 is skew-symmetric", lambda b: [(f.kind, f.name) for f in b.facts], [("skew-symmetric", expression("W_1"))]),
    ("S is positive definite", lambda b: [f.kind for f in b.facts], ["positive definite"]),
    (r"\Sigma is diagonal", lambda b: [f.name for f in b.facts], [expression(r"\Sigma")]),
    ("x has mean zero", lambda b: [f.kind for f in b.facts], ["mean zero"]),
    ("x has unit norm", lambda b: [f.kind for f in b.facts], ["norm 1"]),
    ("entries of A are tied", lambda b: b.tied, {"A"}),
    ("x_n = rows of X", lambda b: (b.aliases["x"].along, "n" in b.letters), ("rows", True)),
    ("x_n = columns of X", lambda b: b.aliases["x"].of, expression("X")),
    ("X_n = rows of X", lambda b: (b.aliases, "n" in b.letters), ({}, True)),
    ("J is a function of W, b", lambda b: b.opaque, {"J": (expression("W"), expression("b"))}),
    ("f = relu", lambda b: b.standard, {"f": "relu"}),
    ("g = ReLU", lambda b: b.standard, {"g": "relu"}),
    (r"\phi = tanh", lambda b: b.standard, {"phi": "tanh"}),
    ("f = relu, samples: rows", lambda b: (b.standard, b.samples), ({"f": "relu"}, "rows")),
    ("f = relu, g = sigmoid, rows of T sum to 1", lambda b: (len(b.standard), len(b.facts)), (2, 1)),
]


@pytest.mark.parametrize(("text", "read", "expected"), ENTERED, ids=[t for t, *_ in ENTERED])
def test_entered(text: str, read: Callable[[Notebook], Any], expected: Any) -> None:
    book = Notebook()
    assert apply(text, book)
    assert read(book) == expected


MATHEMATICS = [
    r"W \in \mathbb{R}^{m \times n}",
    "a = W x",
    "f = no_such_function",
    "x, y",
    "f = relu, and the rest",
    "samples: diagonal",
    "indices from 2",
    "layers: l = 1..12",
    "layers: l = 1..L",
    "x_n = rows",
    "",
]


@pytest.mark.parametrize("text", MATHEMATICS)
def test_no_sentence_enters_nothing(text: str) -> None:
    book = Notebook()
    assert not apply(text, book)
    assert book == Notebook()


@pytest.mark.parametrize("text", [r"\frac{ is symmetric", "parameters: )))", r"A is a function of \frac{"])
def test_a_sentence_about_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        apply(text, Notebook())


def test_more_than_two_running_labels_are_refused() -> None:
    book = Notebook()
    assert apply("layers: l = 1..2", book) and apply("layers: m = 1..2", book) and apply("layers: l = 1..3", book)
    with pytest.raises(ValueError, match="more than 2 layer labels"):
        apply("layers: k = 1..2", book)


def test_controls_are_known_as_they_are_written() -> None:
    for text in CONTROLS:
        assert control(f"  {text}. ") == text
    assert control("new worlds") is None and control("A is symmetric") is None
