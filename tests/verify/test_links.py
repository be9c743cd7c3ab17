"""What is only named is an unknown function of what it is differentiated by: chain rules through it are judged."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.meaning import dependence
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.session import from_claim
from symjac.verify.verdict import OTHER, Claim
from tests.marks import slow

LAYER = (
    r"$x \in \mathbb{R}^n$, $W \in \mathbb{R}^{m \times n}$, $b \in \mathbb{R}^m$, $y = W x + b$, $L \in \mathbb{R}$. "
)
SCALARS = r"$w, a, b \in \mathbb{R}$, $f = a^2$, where $a$ is computed from $w$. "
TWO_PATHS = r"$x \in \mathbb{R}$, $a = x^2$, $b = x^3$, $L \in \mathbb{R}$. "
SKIP = r"$x \in \mathbb{R}^n$, $W \in \mathbb{R}^{n \times n}$, $y = W x$, $z = x + y$, $L \in \mathbb{R}$. "
SAMPLES = r"""$w, x_i \in \mathbb{R}^d$, $z_i = w^\top x_i$ for $i = 1, \dots, n$, $\ell_i \in \mathbb{R}$,
$L = \frac1n \sum_{i=1}^n \ell_i$. """
NET = r"""$x \in \mathbb{R}^n$, $W \in \mathbb{R}^{m \times n}$, $b \in \mathbb{R}^m$, $z = W x + b$, $a = \tanh(z)$,
$\mathcal{L} \in \mathbb{R}$. Let $\delta = \frac{\partial \mathcal{L}}{\partial z}$. """
VECTOR = r"$x \in \mathbb{R}^d$, $h \in \mathbb{R}^n$, $V \in \mathbb{R}^{m \times n}$, $z = V h$. "
FREE = r"$x, z \in \mathbb{R}^n$, $t, w \in \mathbb{R}$, $L = x^\top x$, $E = (w - t)^2$. "
DECAY = r"$L, \lambda \in \mathbb{R}$, $w \in \mathbb{R}^d$, $R = L + \frac{\lambda}{2} \|w\|^2$. "
THREE = r"$x, y, z \in \mathbb{R}$. "
HAMILTON = r"$p, q \in \mathbb{R}^n$, $t, H \in \mathbb{R}$. "
NAMES = r"$a, b, L \in \mathbb{R}$. "
INVERSE = r"$x \in \mathbb{R}$, $y = x^2$. "
SAID = "<!-- symjac: L is a function of a, b -->\n"
RIGHT = (PROVED, AGREES)

CLAIMS = [
    # notes, claim, verdict
    (LAYER, r"\frac{\partial L}{\partial x} = W^\top \frac{\partial L}{\partial y}", PROVED),
    (LAYER, r"\frac{\partial L}{\partial x} = -7 W^\top \frac{\partial L}{\partial y}", REFUTED),
    (LAYER, r"\frac{\partial L}{\partial x} = W \frac{\partial L}{\partial y}", REFUTED),
    (LAYER, r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial y} x^\top", PROVED),
    (LAYER, r"\frac{\partial L}{\partial W} = x \frac{\partial L}{\partial y}^\top", OTHER),
    (LAYER, r"\frac{\partial L}{\partial W} = 2 \frac{\partial L}{\partial y} x^\top", REFUTED),
    (LAYER, r"\frac{\partial L}{\partial b} = \frac{\partial L}{\partial y}", PROVED),
    (LAYER, r"\frac{\partial L}{\partial b} = -\frac{\partial L}{\partial y}", REFUTED),
    (LAYER, r"\nabla_x L = W^\top \nabla_y L", PROVED),
    (LAYER, r"\nabla_x L = -W^\top \nabla_y L", REFUTED),
    (LAYER, r"\frac{\partial L}{\partial x_i} = \sum_j W_{ji} \frac{\partial L}{\partial y_j}", PROVED),
    (LAYER, r"\frac{\partial L}{\partial x_i} = 3 \sum_j W_{ji} \frac{\partial L}{\partial y_j}", REFUTED),
    (LAYER, r"\frac{\partial L}{\partial W_{ij}} = \frac{\partial L}{\partial y_i} x_j", PROVED),
    (LAYER, r"\frac{\partial (L^2)}{\partial x} = 2 L W^\top \frac{\partial L}{\partial y}", PROVED),
    (LAYER, r"\frac{\partial (L^2)}{\partial x} = L W^\top \frac{\partial L}{\partial y}", REFUTED),
    (LAYER, r"\nabla_x^2 L = W^\top (\nabla_y^2 L) W", PROVED),
    (LAYER, r"\nabla_x^2 L = 2 W^\top (\nabla_y^2 L) W", REFUTED),
    (LAYER, r"dx = W^\top dy", PROVED),
    (LAYER, r"dW = 2 dy\, x^\top", REFUTED),
    (LAYER, r"\frac{\partial L}{\partial x} = 0", None),
    (LAYER, r"\frac{\partial L}{\partial y} = y", UNDECIDED),
    (LAYER, r"\frac{\partial L}{\partial x} = W^\top y", UNDECIDED),
    (SCALARS, r"\frac{\partial f}{\partial w} = \frac{\partial f}{\partial a}\frac{\partial a}{\partial w}", PROVED),
    (SCALARS, r"\frac{\partial f}{\partial w} = 7 \frac{\partial f}{\partial a}\frac{\partial a}{\partial w}", REFUTED),
    (SCALARS, r"\frac{df}{dw} = 2 a \frac{da}{dw}", PROVED),
    (SCALARS, r"\frac{df}{dw} = a \frac{da}{dw}", REFUTED),
    (SCALARS, r"\frac{df}{dw} = 2 a", UNDECIDED),
    (SCALARS, r"\frac{da}{dw} = 0", None),
    (SCALARS, r"\frac{d^2 f}{dw^2} = 2 \left(\frac{da}{dw}\right)^2 + 2 a \frac{d^2 a}{dw^2}", PROVED),
    (SCALARS, r"\frac{d^2 f}{dw^2} = 2 \left(\frac{da}{dw}\right)^2 + a \frac{d^2 a}{dw^2}", REFUTED),
    (SCALARS, r"\frac{d (a b)}{dw} = a \frac{db}{dw} + b \frac{da}{dw}", PROVED),
    (SCALARS, r"\frac{d (a b)}{dw} = a \frac{db}{dw} - b \frac{da}{dw}", REFUTED),
    (TWO_PATHS, r"\frac{dL}{dx} = 2 x \frac{\partial L}{\partial a} + 3 x^2 \frac{\partial L}{\partial b}", PROVED),
    (TWO_PATHS, r"\frac{dL}{dx} = 2 x \frac{\partial L}{\partial a} - 3 x^2 \frac{\partial L}{\partial b}", REFUTED),
    (TWO_PATHS, r"\frac{dL}{dx} = 2 x \frac{\partial L}{\partial a}", UNDECIDED),
    (TWO_PATHS + SAID, r"\frac{dL}{dx} = 2 x \frac{\partial L}{\partial a}", REFUTED),
    (SKIP, r"\nabla_x L = W^\top \nabla_y L + \nabla_z L", PROVED),
    (SKIP, r"\frac{\partial L}{\partial x} = W^\top \frac{\partial L}{\partial z}", REFUTED),
    (SKIP, r"\frac{\partial L}{\partial x} = W^\top \frac{\partial L}{\partial y}", UNDECIDED),
    (SAMPLES, r"\frac{\partial L}{\partial w} = \frac1n \sum_{i=1}^n \frac{\partial \ell_i}{\partial z_i} x_i", PROVED),
    (SAMPLES, r"\frac{\partial L}{\partial w} = \sum_{i=1}^n \frac{\partial \ell_i}{\partial z_i} x_i", REFUTED),
    (SAMPLES, r"\frac{\partial \ell_i}{\partial w} = \frac{\partial \ell_i}{\partial z_i} x_i", PROVED),
    (NET, r"\delta = \frac{\partial \mathcal{L}}{\partial a} \odot (1 - a \odot a)", PROVED),
    slow(NET, r"\delta = \frac{\partial \mathcal{L}}{\partial a} \odot a", REFUTED),
    (NET, r"\frac{\partial \mathcal{L}}{\partial x} = W^\top \delta", PROVED),
    (NET, r"\frac{\partial \mathcal{L}}{\partial W} = \delta x^\top", PROVED),
    (NET, r"\frac{\partial \mathcal{L}}{\partial b} = \frac{\partial \mathcal{L}}{\partial a}", REFUTED),
    (VECTOR, r"\frac{\partial z}{\partial x} = V \frac{\partial h}{\partial x}", PROVED),
    (VECTOR, r"\frac{\partial z}{\partial x} = 2 V \frac{\partial h}{\partial x}", REFUTED),
    (VECTOR, r"\frac{\partial z_i}{\partial x_j} = \sum_k V_{ik} \frac{\partial h_k}{\partial x_j}", PROVED),
    (DECAY, r"\frac{\partial R}{\partial w} = \frac{\partial L}{\partial w} + \lambda w", PROVED),
    (DECAY, r"\frac{\partial R}{\partial w} = \frac{\partial L}{\partial w} + 2 \lambda w", REFUTED),
    (THREE, r"\frac{dz}{dx} = \frac{dz}{dy} \frac{dy}{dx}", PROVED),
    (THREE, r"\frac{dz}{dx} = 3 \frac{dz}{dy} \frac{dy}{dx}", REFUTED),
    (THREE, r"\frac{dz}{dx} = \frac{dz}{dy}", UNDECIDED),
    (HAMILTON, r"\frac{dH}{dt} = (\nabla_q H)^\top \frac{dq}{dt} + (\nabla_p H)^\top \frac{dp}{dt}", PROVED),
    (HAMILTON, r"\frac{dq}{dt} = \frac{\partial H}{\partial p}", UNDECIDED),
    (NAMES, r"\frac{\partial L}{\partial a} = \frac{\partial L}{\partial b}", UNDECIDED),
    (INVERSE, r"\frac{dx}{dy} = \frac{1}{2 x}", UNDECIDED),
    (TWO_PATHS, r"\frac{dL}{dx} = 2 (2 x \nabla_a L + 3 x^2 \nabla_b L)", REFUTED),
    (FREE, r"\frac{\partial L}{\partial z} = 2 x", UNDECIDED),
    (FREE, r"\frac{\partial L}{\partial x} = 2 x + 7 \frac{\partial L}{\partial z}", UNDECIDED),
    (FREE, r"\frac{\partial t}{\partial w} = 0", None),
    (FREE + r"$\frac{\partial t}{\partial w} = 0$. ", r"\frac{dE}{dw} = 2 (w - t)", PROVED),
    (FREE + r"$\frac{\partial t}{\partial w} = 0$. ", r"\frac{dE}{dw} = w - t", REFUTED),
    (FREE, r"\frac{dE}{dw} = 2 (w - t) \left(1 - \frac{dt}{dw}\right)", PROVED),
    (FREE, r"\frac{\partial x_i}{\partial x_j} = \mathbb{1}[i = j]", PROVED),
]  # fmt: skip


def last(text: str, name: str = "notes.md") -> Claim:
    result = judge_source(read_source(name, text))
    assert not result.unread, [(u.text, u.reason) for u in result.unread]
    return result.claims[-1]


@pytest.mark.parametrize(("notes", "claim", "wanted"), CLAIMS)
def test_links(notes: str, claim: str, wanted: str | None) -> None:
    if wanted is None:  # a condition, and no claim
        assert not judge_source(read_source("notes.md", f"{notes}\n\n${claim}$")).claims
        return
    found = last(f"{notes}\n\n${claim}$")
    assert found.verdict == wanted, (found.road, found.fault)
    assert "adj" not in found.road + str(found.fault) + str(found.counterexample)


def test_a_forgotten_link_is_named() -> None:
    found = last(FREE + r"$\frac{\partial L}{\partial z} = 2 x$")
    assert found.road == "nothing in the text says how L depends on z"


def test_where_two_dependences_disagree_both_are_named() -> None:
    found = last(SKIP + r"$\frac{\partial L}{\partial x} = W^\top \frac{\partial L}{\partial y}$")
    assert found.road == "it is right or wrong as L is a function of y or of z; say which"


def test_in_the_plain_notation() -> None:
    given = ["x in R^n, W in R^{m x n}, L in R", "y = W*x"]
    for claim, verdicts in (("dL/dx = W'*dL/dy", RIGHT), ("dL/dx = 7*W'*dL/dy", (REFUTED,))):
        result = judge_source(from_claim(claim, given, "plain"))
        assert [c.verdict in verdicts for c in result.claims] == [True] and not result.unread, result


def test_in_yaml() -> None:
    text = """
given: ["$x \\\\in \\\\mathbb{R}^n$", "$y = 2 x$", "$L \\\\in \\\\mathbb{R}$"]
claims:
  - '\\frac{\\partial L}{\\partial x} = 2 \\frac{\\partial L}{\\partial y}'
  - '\\frac{\\partial L}{\\partial x} = \\frac{\\partial L}{\\partial y}'
"""
    assert [c.verdict for c in judge_source(read_source("notes.yaml", text)).claims] == [PROVED, REFUTED]


def test_without_links_the_factor_would_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: nothing is linked, both sides are 0, and that is not called proved."""
    monkeypatch.setattr(dependence.Dependence, "readings", lambda self, pairs: [()])
    for claim in (r"\frac{\partial L}{\partial x} = -7 W^\top \frac{\partial L}{\partial y}", r"dx = W^\top dy"):
        assert last(f"{LAYER}\n\n${claim}$").verdict == UNDECIDED
