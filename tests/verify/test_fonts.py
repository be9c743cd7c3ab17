"""Letters in several fonts are names of their own where the text introduces both, else one name."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import PROVED, REFUTED
from symjac.meaning.fonts import Fonts
from symjac.notation.latex_notation import expression
from symjac.notation.tree import Name, Statement
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.phrase import phrase
from tests.verify.test_links import last

TWO = r"""$x \in \mathbb{R}$, $\mathbf{x} \in \mathbb{R}^n$, $A \in \mathbb{R}^{n \times n}$,
$f = x \mathbf{x}^\top A \mathbf{x}$. """
ONE = r"$\mathbf{x} \in \mathbb{R}^n$ with $x_i \in \mathbb{R}$, $A \in \mathbb{R}^{n \times n}$, $f = x^\top A x$. "
LAYERS = r"There are $L = 3$ layers. $w, x, t \in \mathbb{R}$; the loss is $\mathcal{L} = (w x - t)^2$. "
ARROW = r"$\vec{x} \in \mathbb{R}^n$, $x = \vec{x}^\top \vec{x}$. "
ONE_ARROW = r"$\vec{x} \in \mathbb{R}^n$, $f = x^\top x$. "
UNICODE = r"$𝐱 \in \mathbb{R}^n$, $x \in \mathbb{R}$, $f = x 𝐱^\top 𝐱$. "
GREEK = r"""$\theta \in \mathbb{R}$, $\boldsymbol{\theta} \in \mathbb{R}^n$,
$J = \theta \boldsymbol{\theta}^\top \boldsymbol{\theta}$. """
SANS = r"$\mathsf{a}, a \in \mathbb{R}$, $f = \mathsf{a}^2 a$. "
UPRIGHT = r"$\mathrm{x} \in \mathbb{R}^n$, $x \in \mathbb{R}$, $f = x \mathrm{x}^\top \mathrm{x}$. "
ENTRIES = r"""$\mathbf{W} \in \mathbb{R}^{m \times n}$, $\mathbf{x} \in \mathbb{R}^n$,
$\mathbf{y} = \mathbf{W} \mathbf{x}$, $y_i = \sum_j W_{ij} x_j$. """
FAMILY = r"""$\mathbf{x}_i \in \mathbb{R}^d$ for $i = 1, \dots, n$, $w \in \mathbb{R}^d$, $\mathbf{w} \in \mathbb{R}^n$,
$L = \sum_{i=1}^n (w^\top \mathbf{x}_i) \mathbf{w}_i$. """
HATS = r"$\hat{y}, y \in \mathbb{R}^n$, $\mathcal{L} = \frac12 \|\hat{y} - y\|^2$. "
MACRO = "$\\newcommand{\\bx}{\\mathbf{x}}$ " + TWO

CLAIMS = [
    # notes, claim, verdict
    (TWO, r"\frac{\partial f}{\partial \mathbf{x}} = x (A + A^\top) \mathbf{x}", PROVED),
    (TWO, r"\frac{\partial f}{\partial \mathbf{x}} = 2 x A \mathbf{x}", REFUTED),
    (TWO, r"\frac{\partial f}{\partial \boldsymbol{x}} = x (A + A^\top) \bm{x}", PROVED),
    (TWO, r"\frac{\partial f}{\partial x} = \mathbf{x}^\top A \mathbf{x}", PROVED),
    (TWO, r"\frac{\partial f}{\partial x} = x \mathbf{x}^\top A \mathbf{x}", REFUTED),
    (TWO, r"\frac{\partial f}{\partial x_i} = x \sum_j (A_{ij} + A_{ji}) x_j", PROVED),
    (TWO, r"\frac{\partial f}{\partial x_i} = \sum_j (A_{ij} + A_{ji}) x_j", REFUTED),
    (MACRO, r"\frac{\partial f}{\partial \bx} = x (A + A^\top) \bx", PROVED),
    (MACRO, r"\frac{\partial f}{\partial \bx} = (A + A^\top) \bx", REFUTED),
    (ONE, r"\frac{\partial f}{\partial \mathbf{x}} = (A + A^\top) x", PROVED),
    (ONE, r"\frac{\partial f}{\partial x} = 2 A \mathbf{x}", REFUTED),
    (ONE, r"\frac{\partial f}{\partial x_i} = \sum_j (A_{ij} + A_{ji}) x_j", PROVED),
    (LAYERS, r"\frac{\partial \mathcal{L}}{\partial w} = 2 (w x - t) x", PROVED),
    (LAYERS, r"\frac{\partial \mathcal{L}}{\partial w} = (w x - t) x", REFUTED),
    (LAYERS, r"dw = 2 (w x - t) x", PROVED),
    (ARROW, r"\frac{\partial x}{\partial \vec{x}} = 2 \vec{x}", PROVED),
    (ARROW, r"\frac{\partial x}{\partial \vec{x}} = \vec{x}", REFUTED),
    (ONE_ARROW, r"\frac{\partial f}{\partial \vec{x}} = 2 x", PROVED),
    (ONE_ARROW, r"\frac{\partial f}{\partial x} = \vec{x}", REFUTED),
    (UNICODE, r"\frac{\partial f}{\partial 𝐱} = 2 x \mathbf{x}", PROVED),
    (UNICODE, r"\frac{\partial f}{\partial \mathbf{x}} = x 𝐱", REFUTED),
    (GREEK, r"\nabla_{\boldsymbol{\theta}} J = 2 \theta \boldsymbol{\theta}", PROVED),
    (GREEK, r"\nabla_{\boldsymbol{\theta}} J = \theta \boldsymbol{\theta}", REFUTED),
    (GREEK, r"\frac{\partial J}{\partial \theta} = \|\boldsymbol{\theta}\|^2", PROVED),
    (SANS, r"\frac{df}{d\mathsf{a}} = 2 \mathsf{a} a", PROVED),
    (SANS, r"\frac{df}{da} = 2 \mathsf{a} a", REFUTED),
    (UPRIGHT, r"\frac{\partial f}{\partial \mathrm{x}} = 2 x \mathrm{x}", PROVED),
    (UPRIGHT, r"\frac{\partial f}{\partial \mathrm{x}} = 2 \mathrm{x}", REFUTED),
    (ENTRIES, r"\frac{\partial y_i}{\partial x_j} = W_{ij}", PROVED),
    (ENTRIES, r"\frac{\partial \mathbf{y}}{\partial \mathbf{x}} = \mathbf{W}", PROVED),
    (ENTRIES, r"\frac{\partial \mathbf{y}}{\partial \mathbf{x}} = 2 \mathbf{W}", REFUTED),
    (FAMILY, r"\frac{\partial L}{\partial w} = \sum_{i=1}^n \mathbf{w}_i \mathbf{x}_i", PROVED),
    (FAMILY, r"\frac{\partial L}{\partial \mathbf{w}_i} = w^\top \mathbf{x}_i", PROVED),
    (FAMILY, r"\frac{\partial L}{\partial \mathbf{w}_i} = 2 w^\top \mathbf{x}_i", REFUTED),
    (HATS, r"\frac{\partial \mathcal{L}}{\partial \hat{y}} = \hat{y} - y", PROVED),
    (HATS, r"\frac{\partial L}{\partial \hat{y}} = y - \hat{y}", REFUTED),
]  # fmt: skip


@pytest.mark.usefixtures("verdicts_alone")
@pytest.mark.parametrize(("notes", "claim", "wanted"), CLAIMS)
def test_fonts(notes: str, claim: str, wanted: str) -> None:
    found = last(f"{notes}\n\n${claim}$")
    assert found.verdict == wanted, (found.road, found.fault)


def test_names_are_settled_before_formulas_are_read() -> None:
    """A letter that is introduced in a second font later on is a name of its own from the beginning."""
    early = r"""$\mathbf{x} \in \mathbb{R}^n$, $f = \mathbf{x}^\top \mathbf{x}$.
    $\frac{\partial f}{\partial \mathbf{x}} = 2 \mathbf{x}$. """
    assert last(early + r"Let $x \in \mathbb{R}$ and $g = x^3$. $\frac{dg}{dx} = 3 x^2$").verdict == PROVED


def test_without_fonts_a_right_formula_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: fonts are dropped, and the number and the vector are one name."""
    monkeypatch.setattr(Fonts, "statement", lambda self, s: s)
    text = TWO + r"$\frac{\partial f}{\partial \mathbf{x}} = x (A + A^\top) \mathbf{x}$"
    assert all(c.verdict != PROVED for c in judge_source(read_source("notes.md", text)).claims)


PHRASES = [(r"\mathbf{x}", "bold x", "𝐱"), (r"\mathcal{L}", "script L", "ℒ"), (r"\vec{x}", "arrow x", "x\u20d7")]


@pytest.mark.parametrize(("latex", "text", "shown"), PHRASES)
def test_fonts_are_shown(latex: str, text: str, shown: str) -> None:
    assert phrase(Name(text, latex)) == shown


def test_one_font_changes_nothing() -> None:
    node = expression(r"\mathbf{x}^\top \mathbf{y}_i")
    s = Statement((node,), (), node.span)
    assert Fonts.of([(s, "text")]).statement(s) == s
