"""Kinds and sizes of names that a text declares nowhere."""

from __future__ import annotations

import pytest

from symjac.notes.source import read_source
from symjac.verify.phrase import phrase
from symjac.verify.session import Session


def taken(text: str) -> dict[str, str]:
    """Each name with its index letters and its sizes, in the last chapter of the text."""
    book = Session(read_source("notes.md", text), from_use=True).chapters[-1].notebook
    shapes = {key: book.taken[key] for key in book.taken}
    return {k: f"{','.join(s.letters)}|{' x '.join(map(phrase, s.sizes))}" for k, s in shapes.items()}


KINDS = [
    # text, names with index letters and sizes
    (r"$f = x^T A x$", {"x": "|n", "A": "|n x n"}),
    (r"$L = \|Xw - y\|^2$", {"X": "|n x m", "w": "|m", "y": "|n"}),
    (r"$\mathbf{y} = \mathbf{W}\mathbf{x}$", {"W": "|n x m", "x": "|m"}),
    (r"$f = w x + b$", {"w": "|", "x": "|", "b": "|"}),
    (r"$f = \sum_{i=1}^n (x_i - \mu)^2$", {"x": "|n", "mu": "|"}),
    (r"$z_j = \sum_i w_{ij} x_i$", {"w": "|m x n", "x": "|m", "z": "|n"}),
    (r"$Y = XW$ and $\frac{\partial L}{\partial W} = X^T \frac{\partial L}{\partial Y}$", {"L": "|"}),
    (
        r"$J = \sum_{i=1}^m (w^T x_i - y_i)^2$ and $\frac{\partial J}{\partial w} = 2\sum_{i=1}^m (w^T x_i - y_i) x_i$",
        {"w": "|n", "x": "i|n", "y": "|m"},
    ),
    (r"$h_t = \tanh(W h_{t-1} + U x_t)$ and $h_t^T h_t = 1$", {"h_t_plus_minus_1": "|n"}),
]


@pytest.mark.parametrize(("text", "expected"), KINDS)
def test_kinds(text: str, expected: dict[str, str]) -> None:
    found = taken(text + r" so that $\frac{\partial c}{\partial c} = 1$")
    assert {k: found.get(k) for k in expected} == expected, found


def test_a_section_that_fits_by_itself_has_names_of_its_own() -> None:
    first = "# A\n\n$f = x^T A x$, $\\nabla_x f = (A + A^T)x$."
    second = "# B\n\n$x = \\|u\\|^2$, $\\frac{\\partial x}{\\partial u} = 2u$."
    assert taken(first)["x"] == "|n"
    assert taken(f"{first}\n\n{second}")["x"] == "|"
