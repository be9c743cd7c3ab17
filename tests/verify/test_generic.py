"""Functions that are named alone: losses are numbers, activations act on entries, maps are as declared."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import AGREES, PROVED, REFUTED
from symjac.meaning.notebook import Notebook
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.session import Session
from symjac.verify.verdict import OTHER
from tests.marks import some
from tests.verify.test_links import last

LAYER = r"$W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $y = W x$, "
LOSS = LAYER + r"$L = \ell(y)$. "
TARGET = LAYER + r"$L = l(y, t)$. "
SCRIPT = LAYER + r"$L = \mathcal{L}(y)$. "
ITSELF = LAYER + r"$L = L(y)$. "
COST = LAYER + r"$J = C(y)$. "
NUMBER = LAYER + r"$s \in \mathbb{R}$, $s = g(y)$. "
OPEN = LAYER + r"$s = g(y)$. "
BIAS = LAYER + r"$b \in \mathbb{R}$, $L = \ell(y) + b\, x^\top x$. "
ACTIVATION = r"$W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $a = W x$, $h = f(a)$, $L = \ell(h)$. "
ON_MATRICES = r"""$f: \mathbb{R}^{N \times M} \to \mathbb{R}$, $X \in \mathbb{R}^{N \times K}$,
$B \in \mathbb{R}^{K \times M}$, $Y = X B$, $L = f(Y)$. """
ON_VECTORS = r"$f: \mathbb{R}^n \to \mathbb{R}^m$, $x \in \mathbb{R}^n$, $y = f(x)$, $L = y^\top y$. "
UNAPPLIED = LAYER + r"$f: \mathbb{R}^m \to \mathbb{R}$. "
DEFINED = r"$f: \mathbb{R}^n \to \mathbb{R}$, $A \in \mathbb{R}^{n \times n}$, $f(x) = x^\top A x$. "
SAMPLES = r"""$w, x_i \in \mathbb{R}^d$, $t \in \mathbb{R}^n$, $y_i = w^\top x_i$,
$L = \frac1n \sum_{i=1}^n \ell(y_i, t_i)$. """
TWO = r"$t \in \mathbb{R}$, $x = t^2$, $y = t^3$, $z = f(x, y)$. "
UNKNOWN_TWO = r"$t, x, y \in \mathbb{R}$, $z = f(x, y)$. "
DECLARED = r"""$w \in \mathbb{R}^d$, $X \in \mathbb{R}^{n \times d}$, $y \in \mathbb{R}^n$, $J \in \mathbb{R}$,
$J(w) = \|X w - y\|^2$. """
STEP = r"$\theta \in \mathbb{R}^d$. "

CLAIMS = [
    # notes, claim, verdict
    (LOSS, r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial y} x^\top", PROVED),
    (LOSS, r"\frac{\partial L}{\partial W} = 2 \frac{\partial L}{\partial y} x^\top", REFUTED),
    (LOSS, r"\frac{\partial L}{\partial W} = x^\top \frac{\partial L}{\partial y}", REFUTED),
    (LOSS, r"\frac{\partial L}{\partial W} = \frac{\partial \ell}{\partial y} x^\top", PROVED),
    (LOSS, r"\frac{\partial L}{\partial x} = W^\top \nabla_y \ell(y)", PROVED),
    (LOSS, r"\frac{\partial L}{\partial x} = \nabla_y \ell(y)", REFUTED),
    (LOSS, r"\frac{\partial L}{\partial x_j} = \sum_i \frac{\partial L}{\partial y_i} W_{ij}", PROVED),
    (LOSS, r"\nabla_x^2 L = W^\top \nabla_y^2 \ell(y) W", PROVED),
    (LOSS, r"\nabla_x^2 L = \frac12 W^\top \nabla_y^2 \ell(y) W", REFUTED),
    (TARGET, r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial y} x^\top", PROVED),
    (TARGET, r"\frac{\partial L}{\partial W} = -\frac{\partial L}{\partial y} x^\top", REFUTED),
    (SCRIPT, r"\frac{\partial L}{\partial W} = \frac{\partial \mathcal{L}}{\partial y} x^\top", PROVED),
    (SCRIPT, r"\frac{\partial L}{\partial W} = 2 \frac{\partial L}{\partial y} x^\top", REFUTED),
    (ITSELF, r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial y} x^\top", PROVED),
    (ITSELF, r"\frac{\partial L}{\partial W} = 2 \frac{\partial L}{\partial y} x^\top", REFUTED),
    (COST, r"\frac{\partial J}{\partial W} = \frac{\partial C}{\partial y} x^\top", PROVED),
    (COST, r"\frac{\partial J}{\partial W} = 2 \frac{\partial C}{\partial y} x^\top", REFUTED),
    (NUMBER, r"\frac{\partial s}{\partial W} = \frac{\partial s}{\partial y} x^\top", PROVED),
    (OPEN, r"\frac{\partial s}{\partial W} = \frac{\partial s}{\partial y} x^\top", PROVED),
    (OPEN, r"\frac{\partial s}{\partial W} = 3 \frac{\partial s}{\partial y} x^\top", REFUTED),
    (OPEN, r"\frac{\partial s}{\partial x} = \frac{\partial s}{\partial y} W", PROVED),
    (OPEN, r"\frac{\partial s}{\partial x} = W^\top \frac{\partial s}{\partial y}", OTHER),
    (OPEN, r"\frac{\partial s}{\partial y} = \operatorname{diag}(g'(y))", PROVED),
    (BIAS, r"\frac{\partial L}{\partial x} = W^\top \nabla_y \ell + 2 b x", PROVED),
    (BIAS, r"\frac{\partial L}{\partial x} = W^\top \nabla_y \ell + b x", REFUTED),
    (ACTIVATION, r"\frac{\partial L}{\partial a} = f'(a) \odot \frac{\partial L}{\partial h}", PROVED),
    (ACTIVATION, r"\frac{\partial h}{\partial a} = \operatorname{diag}(f'(a))", PROVED),
    (ACTIVATION, r"\frac{\partial L}{\partial x} = W^\top (f'(a) \odot \nabla_h L)", PROVED),
    (ACTIVATION + "$f'(a)$ ", r"\frac{\partial L}{\partial x} = W^\top \nabla_h L", REFUTED),
    (ON_MATRICES, r"\frac{\partial L}{\partial X} = \frac{\partial L}{\partial Y} B^\top", PROVED),
    (ON_MATRICES, r"\frac{\partial L}{\partial X} = B^\top \frac{\partial L}{\partial Y}", REFUTED),
    (ON_MATRICES, r"\frac{\partial L}{\partial B} = X^\top \frac{\partial f}{\partial Y}", PROVED),
    (ON_MATRICES, r"\frac{\partial L}{\partial B} = 3 X^\top \frac{\partial f}{\partial Y}", REFUTED),
    (ON_VECTORS, r"\frac{\partial L}{\partial x} = 2 \left(\frac{\partial y}{\partial x}\right)^\top y", PROVED),
    (ON_VECTORS, r"\frac{\partial L}{\partial x} = \left(\frac{\partial f}{\partial x}\right)^\top y", REFUTED),
    (UNAPPLIED, r"\frac{\partial f}{\partial x} = W^\top \frac{\partial f}{\partial y}", PROVED),
    (UNAPPLIED, r"\frac{\partial f}{\partial x} = 2 W^\top \frac{\partial f}{\partial y}", REFUTED),
    (DEFINED, r"\nabla_x f(x) = (A + A^\top) x", PROVED),
    (DEFINED, r"\nabla_x f(x) = A x", REFUTED),
    (SAMPLES, r"\frac{\partial L}{\partial w} = \frac1n \sum_{i=1}^n \frac{\partial \ell}{\partial y_i} x_i", PROVED),
    (SAMPLES, r"\frac{\partial L}{\partial w} = \sum_i \frac{\partial \ell(y_i, t_i)}{\partial y_i} x_i", REFUTED),
    (TWO, r"\frac{dz}{dt} = 2 t \frac{\partial f}{\partial x} + \frac{\partial f}{\partial y} \frac{dy}{dt}", PROVED),
    (TWO, r"\frac{dz}{dt} = \frac{\partial f}{\partial x} \frac{dx}{dt}", REFUTED),
    (UNKNOWN_TWO, r"\nabla_t z = \nabla_x z \nabla_t x + \nabla_y z \nabla_t y", PROVED),
    (DECLARED, r"\nabla_w J(w) = 2 X^\top (X w - y)", PROVED),
    (DECLARED, r"\nabla_w J = X^\top (X w - y)", REFUTED),
    (STEP, r"\theta \leftarrow \theta - \alpha \nabla_\theta J(\theta)", PROVED),
]  # fmt: skip


@pytest.mark.parametrize(("notes", "claim", "wanted"), some(CLAIMS, 2))
def test_named_functions(notes: str, claim: str, wanted: str) -> None:
    found = last(f"{notes}\n\n${claim}$")
    assert found.verdict == wanted, (found.road, found.fault)


def test_what_is_taken_is_said() -> None:
    found = last(OPEN + r"$\frac{\partial s}{\partial W} = \frac{\partial s}{\partial y} x^\top$")
    assert found.notes == ("taken: what g makes of an array is a number",)


def test_without_losses_the_right_formula_would_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: ℓ acts on each entry, and nothing else is tried."""
    import symjac.meaning.generic as generic

    monkeypatch.setattr(generic, "settle", lambda statements, notebook: None)
    assert last(LOSS + r"$\frac{\partial L}{\partial W} = \frac{\partial L}{\partial y} x^\top$").verdict == REFUTED


def book(text: str) -> Notebook:
    return Session(read_source("notes.md", text)).chapters[0].notebook


def test_what_a_text_says_of_functions() -> None:
    b = book(ON_MATRICES + r"$a \in \mathbb{R}^n$, $h = g(a)$, $g'(a) = 1$, $u = q(a)$, $r = \phi(a, h)$, $E = e(a)$.")
    assert b.numbers == {"f", "e"}
    assert b.open == {"q", "phi"}


FAMILIES = [
    # notes, right, wrong
    (
        r"$w, x_i \in \mathbb{R}^d$, $y \in \mathbb{R}^n$, $p_i = \sigma(w^\top x_i)$, "
        r"$\ell = \sum_{i=1}^n [y_i \log p_i + (1 - y_i) \log(1 - p_i)]$. ",
        r"\frac{\partial \ell}{\partial w} = \sum_i (y_i - p_i) x_i",
        r"\frac{\partial \ell}{\partial w} = \sum_i (p_i - y_i) x_i",
    ),
    (
        r"$w, x_i \in \mathbb{R}^d$, $y \in \mathbb{R}^n$, $p_i = \sigma(w^\top x_i)$, "
        r"$\ell = \sum_i [y_i \log p_i + (1 - y_i) \log(1 - p_i)]$. ",
        r"\frac{\partial \ell}{\partial w_j} = \sum_i (y_i - p_i) x_{ij}",
        r"\frac{\partial \ell}{\partial w_j} = \sum_i y_i x_{ij}",
    ),
    (
        r"$w, x_i \in \mathbb{R}^d$, $y_i \in \mathbb{R}$, $e_i = w^\top x_i - y_i$, "
        r"$L = \frac{1}{2 N} \sum_{i=1}^N e_i^2$. ",
        r"\frac{\partial L}{\partial w} = \frac1N \sum_{i=1}^N e_i x_i",
        r"\frac{\partial L}{\partial w} = \frac2N \sum_{i=1}^N e_i x_i",
    ),
    (
        r"$x^{(i)}, w \in \mathbb{R}^d$, $y^{(i)} \in \mathbb{R}$, $h^{(i)} = \sigma(w^\top x^{(i)})$, "
        r"$J = -\frac1m \sum_{i=1}^m [y^{(i)} \log h^{(i)} + (1 - y^{(i)}) \log(1 - h^{(i)})]$. ",
        r"\frac{\partial J}{\partial w} = \frac1m \sum_{i=1}^m (h^{(i)} - y^{(i)}) x^{(i)}",
        r"\frac{\partial J}{\partial w} = \frac1m \sum_{i=1}^m (y^{(i)} - h^{(i)}) x^{(i)}",
    ),
    (
        r"$w, x_i \in \mathbb{R}^d$, $p_i = \sigma(w^\top x_i)$. ",
        r"\frac{\partial p_i}{\partial w} = p_i (1 - p_i) x_i",
        r"\frac{\partial p_i}{\partial w} = p_i x_i",
    ),
]


@pytest.mark.usefixtures("verdicts_alone")
@pytest.mark.parametrize(("notes", "right", "wrong"), FAMILIES)
def test_samples_whose_number_a_sum_says(notes: str, right: str, wrong: str) -> None:
    result = judge_source(read_source("notes.md", f"{notes}\n\n${right}$\n\n${wrong}$"))
    assert not result.unread, result.unread
    one, other = result.claims
    assert one.verdict in (PROVED, AGREES) and other.verdict == REFUTED, (one.road, other.road)
