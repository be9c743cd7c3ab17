"""What a text leaves open and symjac takes: d beside ∂, samples of a matrix, a star, a misfit elsewhere."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import PROVED, REFUTED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from tests.verify.test_links import last

PATHS = r"$w, x \in \mathbb{R}$, $h = w x$, $g = w h$. "
SEVERAL = r"$w, x \in \mathbb{R}$, $h = w x$, $g(w, h) = w h$. "
ROWS = r"""$X \in \mathbb{R}^{n \times d}$ has the rows $x_i \in \mathbb{R}^d$, $y \in \mathbb{R}^n$,
$w \in \mathbb{R}^d$, $L = \frac12 \sum_{i=1}^n (w^\top x_i - y_i)^2$. """
COLUMNS = r"$X \in \mathbb{R}^{d \times n}$, $x_i, w \in \mathbb{R}^d$, $L = \sum_{i=1}^n w^\top x_i$. "
STAR = r"$z, y \in \mathbb{R}^n$, $a = g(z)$, $C = \frac12 \|a - y\|^2$. "
STAR_PRODUCT = r"""$A \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $t \in \mathbb{R}^m$,
$L = \frac12 \|A * x - t\|^2$. """
BASE = r"$x \in \mathbb{R}$, $f = \log_2 x$. "
UNKNOWN = r"$x \in \mathbb{R}^n$, $y \in \mathbb{R}^m$, $E = E(x, y)$. "
APPLIED = r"$x \in \mathbb{R}$, $y = x^2$, $z = f(x, y)$. "
TOTAL = r"\frac{dE}{dx} = \frac{\partial E}{\partial x} + \left(\frac{dy}{dx}\right)^\top \frac{\partial E}{\partial y}"
CHAIN = r"\frac{dg}{dw} = \frac{\partial g}{\partial w} + \frac{\partial g}{\partial h} \frac{\partial h}{\partial w}"

CLAIMS = [
    # notes, claim, verdict
    (PATHS, CHAIN, PROVED),
    (PATHS, CHAIN.replace("+", "-"), REFUTED),
    (PATHS, r"\frac{\partial g}{\partial w} = 2 w x", PROVED),
    (PATHS, r"\frac{\partial g}{\partial w} = h", REFUTED),
    (SEVERAL, r"\frac{\partial g}{\partial w} = h", PROVED),
    (SEVERAL, r"\frac{\partial g}{\partial w} = 2 h", PROVED),
    (SEVERAL, r"\frac{\partial g}{\partial w} = 3 h", REFUTED),
    (SEVERAL, r"\frac{dg}{dw} = 2 h", PROVED),
    (UNKNOWN, TOTAL, PROVED),
    (UNKNOWN, TOTAL.replace("+", "-"), REFUTED),
    (APPLIED, r"\frac{dz}{dx} = \frac{\partial f}{\partial x} + 2 x \frac{\partial f}{\partial y}", PROVED),
    (APPLIED, r"\frac{dz}{dx} = \frac{\partial f}{\partial x} + x \frac{\partial f}{\partial y}", REFUTED),
    (ROWS, r"\frac{\partial L}{\partial w} = X^\top (X w - y)", PROVED),
    (ROWS, r"\frac{\partial L}{\partial w} = 2 X^\top (X w - y)", REFUTED),
    (ROWS, r"\frac{\partial L}{\partial w} = \sum_i (w^\top x_i - y_i) x_i", PROVED),
    (COLUMNS, r"\frac{\partial L}{\partial w} = X \mathbf{1}", PROVED),
    (COLUMNS, r"\frac{\partial L}{\partial w} = 2 X \mathbf{1}", REFUTED),
    (STAR, r"\frac{\partial C}{\partial z} = (a - y) * g'(z)", PROVED),
    (STAR, r"\frac{\partial C}{\partial z} = (a + y) * g'(z)", REFUTED),
    (STAR_PRODUCT, r"\frac{\partial L}{\partial x} = A^\top * (A * x - t)", PROVED),
    (STAR_PRODUCT, r"\frac{\partial L}{\partial x} = A * (A * x - t)", REFUTED),
    (BASE, r"\frac{df}{dx} = \frac{1}{x \ln 2}", PROVED),
    (BASE, r"\frac{df}{dx} = \frac1x", REFUTED),
]  # fmt: skip


@pytest.mark.parametrize(("notes", "claim", "wanted"), CLAIMS)
def test_taken(notes: str, claim: str, wanted: str) -> None:
    found = last(f"{notes}\n\n${claim}$")
    assert found.verdict == wanted, (found.road, found.fault)


def test_what_is_taken_is_said() -> None:
    assert last(SEVERAL + r"$\frac{\partial g}{\partial w} = 2 h$").notes
    found = last(PATHS + f"${CHAIN}$")
    assert found.notes == ("taken: ∂ holds what else stands in the formula, d does not",)


def test_the_right_formula_is_written_so_that_it_can_be_read() -> None:
    found = last(STAR + r"$\frac{\partial C}{\partial z} = (a + y) * g'(z)$")
    assert found.fault is not None
    assert last(f"{STAR} ${found.fault.formula}$").verdict == PROVED


def test_a_misfit_in_a_definition_refutes_nothing() -> None:
    """Weights of a batch beside one sample: o = W x does not fit, and what is said of l and o is right for any o."""
    text = r"""$W \in \mathbb{R}^{d \times q}$, $x \in \mathbb{R}^d$, $o = W x + b$ with $b, y \in \mathbb{R}^q$,
    $l = \log \sum_{k=1}^q \exp(o_k) - \sum_{j=1}^q y_j o_j$.
    $\frac{\partial l}{\partial o_j} = \frac{\exp(o_j)}{\sum_{k=1}^q \exp(o_k)} - y_j$"""
    result = judge_source(read_source("notes.md", text))
    assert [c.verdict for c in result.claims] == [PROVED]
    wrong = judge_source(read_source("notes.md", text.replace("- y_j$", "+ y_j$")))
    assert not wrong.count(PROVED)
