"""Entries by number, Kronecker's delta, one letter on two axes, and numbers and powers of any size."""

from __future__ import annotations

import time

import pytest

from symjac.equality import small_sizes
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from tests.verify.test_links import last

CUBES = r"$x \in \mathbb{R}^n$, $L = \sum_i x_i^3$. "
PARTLY = r"$x \in \mathbb{R}^n$, $g = \sum_{i=1}^{n-1} x_i^2$. "
LITERAL = r"$x \in \mathbb{R}^{784}$, $W \in \mathbb{R}^{10 \times 784}$, $y = W x$, $g = \sum_{i=1}^{783} x_i^2$. "
SOFTMAX = r"$x \in \mathbb{R}^n$, $p = \operatorname{softmax}(x)$. "
SQUARES = r"$W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $z = W x$, $L = \sum_{ij} W_{ij}^2$. "
SQUARE = r"$W \in \mathbb{R}^{n \times n}$, $x \in \mathbb{R}^n$, $z = W x$, $L = \sum_{ij} W_{ij}^2$. "
SMALL = r"$W \in \mathbb{R}^{3 \times 2}$, $L = \sum_{ij} W_{ij}^2$. "
LAYER = r"$W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $y = W x$, $L \in \mathbb{R}$. "
LONG = r"$c \in \mathbb{R}$, $L = 10^{400} c^2$. "
HIGH = r"$c \in \mathbb{R}$, $L = c^{100000}$. "
MATRIX = r"$A \in \mathbb{R}^{n \times n}$, $x \in \mathbb{R}^n$, $L = x^\top A^{100} x$. "

CLAIMS = [
    # notes, claim, verdicts
    (CUBES, r"\frac{\partial L}{\partial x_{37}} = 3 x_{37}^2", PROVED),
    (CUBES, r"\frac{\partial L}{\partial x_{37}} = 3 x_{37}", REFUTED),
    (CUBES, r"\frac{\partial L}{\partial x_{37}} = 3 x_{38}^2", REFUTED),
    (CUBES, r"\frac{\partial L}{\partial x_2} = 3 x_2^2", PROVED),
    (CUBES, r"\frac{\partial L}{\partial x_{2000}} = 3 x_{2000}^2", UNDECIDED),
    (PARTLY, r"\frac{\partial g}{\partial x_3} = 2 x_3", PROVED),
    (PARTLY, r"\frac{\partial g}{\partial x_{40}} = 2 x_{40}", PROVED),
    (PARTLY, r"\frac{\partial g}{\partial x_{40}} = x_{40}", REFUTED),
    (LITERAL, r"\frac{\partial y_{10}}{\partial x_{37}} = W_{10,37}", PROVED),
    (LITERAL, r"\frac{\partial y_{10}}{\partial x_{37}} = W_{10,36}", REFUTED),
    (LITERAL, r"\frac{\partial g}{\partial x_{783}} = 2 x_{783}", AGREES),
    (LITERAL, r"\frac{\partial g}{\partial x_{784}} = 0", AGREES),
    (LITERAL, r"\frac{\partial g}{\partial x_{784}} = 2 x_{784}", REFUTED),
    (LITERAL, r"\frac{\partial g}{\partial x_3} = 2 x_3", AGREES),
    (SOFTMAX, r"\frac{\partial x_i}{\partial x_2} = \delta_{i2}", PROVED),
    (SOFTMAX, r"\frac{\partial x_i}{\partial x_2} = \delta_{i3}", REFUTED),
    (SOFTMAX, r"\frac{\partial x_a}{\partial x_b} = \delta_{ab}", PROVED),
    (SOFTMAX, r"\frac{\partial x_a}{\partial x_b} = 2 \delta_{ab}", REFUTED),
    (SOFTMAX, r"\frac{\partial p_a}{\partial x_b} = p_a (\delta_{ab} - p_b)", PROVED),
    (SOFTMAX, r"\frac{\partial p_u}{\partial x_v} = p_u (\delta_{uv} + p_v)", REFUTED),
    (SOFTMAX, r"\frac{\partial p_i}{\partial x_2} = p_i (\delta_{i2} - p_2)", PROVED),
    (SOFTMAX, r"\frac{\partial p_1}{\partial x_2} = p_1 (\delta_{12} - p_2)", PROVED),
    (SOFTMAX, r"\frac{\partial p_1}{\partial x_1} = p_1 (\delta_{11} - p_1)", PROVED),
    (SQUARES, r"\frac{\partial L}{\partial W_{ij}} = 2 W_{ij}", PROVED),
    (SQUARES, r"\frac{\partial L}{\partial W_{ij}} = 2 W_{ji}", REFUTED),
    (SQUARES, r"\frac{\partial z_i}{\partial W_{ij}} = x_j", PROVED),
    (SQUARES, r"\frac{\partial z_i}{\partial W_{ij}} = x_i", REFUTED),
    (SQUARES, r"\frac{\partial z_k}{\partial W_{ij}} = \delta_{ik} x_j", PROVED),
    (SQUARES, r"\frac{\partial z_k}{\partial W_{ij}} = \delta_{jk} x_i", REFUTED),
    (SQUARE, r"\frac{\partial L}{\partial W_{ij}} = 2 W_{ij}", PROVED),
    (SQUARE, r"\frac{\partial L}{\partial W_{ij}} = 2 W_{ji}", REFUTED),
    (SQUARE, r"\frac{\partial L}{\partial W_{ii}} = 2 W_{ii}", PROVED),
    (SQUARE, r"\frac{\partial z_i}{\partial W_{ij}} = x_i", REFUTED),
    (SQUARE, r"\frac{\partial z_i}{\partial W_{ii}} = x_i", PROVED),
    (SMALL, r"\frac{\partial L}{\partial W_{ij}} = 2 W_{ji}", REFUTED),
    (LAYER, r"\frac{\partial L}{\partial x_i} = \sum_j W_{ij} \frac{\partial L}{\partial y_j}", REFUTED),
    (LAYER, r"\frac{\partial L}{\partial x_i} = \sum_j W_{ji} \frac{\partial L}{\partial y_j}", PROVED),
    (LONG, r"\frac{dL}{dc} = 2 \cdot 10^{400} c", PROVED),
    (HIGH, r"\frac{dL}{dc} = 100000 c^{99999}", UNDECIDED),
    (HIGH, r"\frac{dL}{dc} = c^{99999}", UNDECIDED),
    (MATRIX, r"\frac{dL}{dx} = (A^{100} + (A^{100})^\top) x", UNDECIDED),
    (LONG, r"\frac{dL}{dc} = 2^{10^{10^{10}}}", UNDECIDED),
]  # fmt: skip


@pytest.mark.usefixtures("verdicts_alone")
@pytest.mark.parametrize(("notes", "claim", "wanted"), CLAIMS)
def test_places(notes: str, claim: str, wanted: str) -> None:
    started = time.process_time()
    found = last(f"{notes}\n\n${claim}$")
    assert found.verdict == wanted or (wanted in (PROVED, AGREES) and found.verdict in (PROVED, AGREES)), found.road
    assert time.process_time() - started < 20


def test_what_is_too_large_is_said() -> None:
    found = last(HIGH + r"$\frac{dL}{dc} = 100000 c^{99999}$")
    assert found.road == "a power that large is not worked out; exponents are judged up to 1000"


def test_a_wrong_factor_of_400_digits_is_not_passed() -> None:
    assert last(LONG + r"$\frac{dL}{dc} = 10^{400} c$").verdict in (REFUTED, UNDECIDED)


def test_a_letter_whose_range_is_said_is_no_fault_of_shape() -> None:
    """i = 1..n counts samples, and features in the same breath: that is not read, and not refuted."""
    from symjac.notes.source import read_source
    from symjac.verify.judge import judge_source

    text = LAYER + r"Samples are $i = 1, \dots, n$. $\frac{\partial y_i}{\partial x_j} = W_{ij}$"
    result = judge_source(read_source("notes.md", text))
    assert not result.count(REFUTED) and result.unread


def test_without_longer_axes_the_entry_would_not_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: entries by number beyond the sizes that are tried are 0, and a wrong claim holds of them."""
    monkeypatch.setattr(small_sizes, "least", lambda expressions: {})
    assert last(CUBES + r"$\frac{\partial L}{\partial x_{37}} = 3 x_{38}^2$").verdict != REFUTED
