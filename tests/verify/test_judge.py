"""Verdicts on small pages: every kind, the conventions and assumptions named, shapes, updates, conditions, refusals."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.session import from_claim
from symjac.verify.verdict import OTHER, Claim, Judged
from tests.marks import slow

GIVEN = r"""$x, y \in \mathbb{R}^n$, $z \in \mathbb{R}^m$, $c \in \mathbb{R}$, $A \in \mathbb{R}^{n \times n}$,
$C \in \mathbb{R}^{m \times n}$, $L = x^\top A x$, $e = C x$, $E = e^\top e$.
"""
RIGHT = (PROVED, AGREES)


def judged(text: str, name: str = "notes.md") -> Judged:
    return judge_source(read_source(name, text))


def verdict(text: str) -> Claim:
    """Of a page with one claim that is read."""
    result = judged(text)
    assert not result.unread, [(u.text, u.reason) for u in result.unread]
    (claim,) = result.claims
    return claim


HOLD = [
    r"$\nabla_x L = (A + A^\top) x$",
    r"$\frac{\partial L}{\partial A} = x x^\top$",
    r"$\frac{\partial L}{\partial x_i} = \sum_j (A_{ij} + A_{ji}) x_j$",
    r"$\frac{\partial L}{\partial A_{ij}} = x_i x_j$",
    r"$\nabla_x^2 L = A + A^\top$",
    r"$\nabla_x E = 2 C^\top e$",
    r"$\frac{\partial e}{\partial x} = C$",
    r"$\frac{\partial E}{\partial C} = 2 e x^\top$",
    r"$\frac{\partial E}{\partial x^\top} = 2 e^\top C$",
    r"$\frac{\partial f(e)}{\partial x} = \operatorname{diag}(f'(e)) C$",
    r"$\frac{\partial x_i}{\partial x_j} = \mathbb{1}[i = j]$",
    r"$\sigma'(c) = \sigma(c)(1 - \sigma(c))$",
    r"$\frac{d|c|}{dc} = 1$ for $c > 0$",
    r"$\frac{d|c|}{dc} = -1$ for $c < 0$",
    r"$\frac{d|c|}{dc} = 1$ for $c > 1$",
    r"$g(a) = \max(a, 0)$, $g'(c) = 0$ for $c < 0$",
    r"$g(a) = \min(\max(a, 0), 6)$, $g'(c) = \mathbb{1}[c > 0] \mathbb{1}[c < 6]$",
    r"$S \in \mathbb{R}^{2 \times 2}$, $S_{11} S_{22} - S_{12} S_{21} = \det(S)$",
    r"$x \leftarrow x - \alpha \nabla_x L$",
    r"$\theta = (A, C)$, $\theta \in \mathbb{R}^{n n + m n}$",
    "<!-- symjac: A is symmetric -->\n" r"$\nabla_x L = 2 A x$",
    "<!-- symjac: gradient: numerator -->\n" r"$\frac{\partial L}{\partial x} = x^\top (A + A^\top)$",
    "<!-- symjac: jacobian: denominator -->\n" r"$\frac{\partial e}{\partial x} = C^\top$",
    r"$h = \sum_{i=1}^{n-1} x_i^2$, $\frac{\partial h}{\partial x_j} = 2 \sum_{i=1}^{n-1} x_i \mathbb{1}[j = i]$",
    "<!-- symjac: samples: columns -->\n"
    r"$B \in \mathbb{R}^{n \times k}$, $H = C B$, $J = \lVert H \rVert_F^2$, "
    r"$\frac{\partial J}{\partial C} = \sum_s 2 H_s B_s^\top$",
]


@pytest.mark.parametrize("text", HOLD)
def test_right_formulas(text: str) -> None:
    claim = verdict(GIVEN + text)
    assert claim.verdict in RIGHT, (claim.verdict, claim.road, claim.fault)
    assert claim.road and claim.fault is None and claim.counterexample is None


OTHERS = [
    # claim, the convention under which it is right
    (r"$\frac{\partial e}{\partial x} = C^\top$", "denominator layout"),
    (r"$\frac{\partial E}{\partial C} = 2 x e^\top$", "the transposed shape (numerator layout)"),
    (
        r"$\frac{\partial \operatorname{vec}(C A)}{\partial \operatorname{vec}(A)} = C \otimes I$",
        "row-stacking vec",
    ),
    (
        "<!-- symjac: gradient: shape -->\n" r"$\frac{\partial L}{\partial x} = x^\top (A + A^\top)$",
        "the derivative of a number by a vector is a row (numerator layout)",
    ),
]


@pytest.mark.parametrize(("text", "words"), OTHERS)
def test_other_conventions_are_named(text: str, words: str) -> None:
    claim = verdict(GIVEN + text)
    assert claim.verdict == OTHER
    assert any(words in note for note in claim.notes), claim.notes


def test_a_habit_that_nobody_declared_is_no_fault() -> None:
    claim = verdict(GIVEN + r"$\frac{\partial L}{\partial x} = x^\top (A + A^\top)$")
    assert claim.verdict in RIGHT
    assert any("row" in note for note in claim.notes)


WRONG = [
    # claim, kind of fault, part of its words
    (r"$\nabla_x L = -(A + A^\top) x$", "sign", "sign"),
    (r"$\nabla_x L = \frac12 (A + A^\top) x$", "factor", "1/2"),
    (r"$\nabla_x L = 2 A x$", "", "right only if A is symmetric"),
    (r"$\nabla_x E = C^\top e$", "factor", "2"),
    (r"$\frac{\partial e}{\partial x} = A$", "", "the left side is a m x n, the right side a n x n"),
    slow(r"$\nabla_x L = A^\top A$", "", "the left side is a column of n, the right side a n x n"),
    slow(r"$\nabla_x L = C x$", "", "the left side is a column of n, the right side a column of m"),
    slow(r"$\nabla_x L = x + z$", "", "column of n plus column of m"),
    (r"$\sigma'(c) = \sigma(c)$", "", ""),
    (r"$\frac{d|c|}{dc} = 1$", "", ""),
    (r"$g(a) = \min(\max(a, 0), 6)$, $g'(c) = \mathbb{1}[c > 0]$", "", ""),
    (r"$\frac{d|c|}{dc} = 1$ for $c < 0$", "sign", "sign"),
    slow(r"$\frac{d|c|}{dc} = -1$ for $c > 1000$", "", ""),
    (r"$x \leftarrow x - \alpha \nabla_C E$", "shape", "column of n"),
    (r"$\theta = (A, C)$, $\theta \in \mathbb{R}^{n n + m}$", "shape", "entries"),
    slow(r"$h = \sum_{i=1}^{n-1} x_i^2$, $\nabla_x h = 2 x$", "", ""),
    slow(r"$h = x^\top x + x_3$, $\nabla_x h = 2 x$", "", ""),
    (r"$h = x_9$, $\nabla_x h = x$", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "words"), WRONG)
def test_wrong_formulas(text: str, kind: str, words: str) -> None:
    claim = verdict(GIVEN + text)
    assert claim.verdict == REFUTED
    assert claim.fault is not None
    assert not kind or claim.fault.kind == kind
    assert words in claim.fault.text


UNDECIDABLE = [
    r"$h = \frac{c}{0}$, $\frac{dh}{dc} = 1$",
    r"$h = \sqrt{-c^2 - 1}$, $\frac{dh}{dc} = c$",
    r"$w \in \mathbb{R}^0$, $h = w^\top w$, $\nabla_w h = 3 w$",
]


@pytest.mark.parametrize("text", UNDECIDABLE)
def test_where_nothing_can_be_compared_nothing_is_said(text: str) -> None:
    claim = verdict(GIVEN + text)
    assert claim.verdict == UNDECIDED and claim.road


NOT_READ = [
    # claim, reason
    (r"$\nabla_q L = x$", "q is not declared"),
    (r"$\nabla_x q = x$", "q is not declared"),
    (r"$h = U_{ij} x_i x_j$, $\nabla_x h = x$", r"say for example $U \in \mathbb{R}^{m \times n}$"),
    (r"$\nabla L = x$", "what \\nabla is taken by is not said"),
    (r"$\frac{\partial L}{\partial (x + y)} = x$", "a derivative is taken by a single quantity"),
    (r"$\frac{\partial^3 L}{\partial x^3} = 0$", "a derivative of order 3"),
    (r"$h = h x$, $\nabla_x h = x$", "h is defined by itself"),
    (r"$h = \sum_{i=1}^m x_i$, $\nabla_x h = x$", "i runs over m values, and stands at an axis of n"),
    (r"$w \in \mathbb{R}^5$, $h = w_9$, $\nabla_w h = w$", "there is no entry 9"),
    (r"$h = x_0$, $\nabla_x h = x$", "there is no entry 0"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), NOT_READ)
def test_a_claim_that_is_not_read_is_listed(text: str, reason: str) -> None:
    result = judged(GIVEN + text)
    assert not result.claims
    assert any(reason in u.reason for u in result.unread), [u.reason for u in result.unread]


def test_the_gradient_by_a_name_with_a_subscript_is_a_claim() -> None:
    net = r"$W_1 \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $v \in \mathbb{R}^m$, $L = v^\top W_1 x$, "
    right, wrong = judged(net + r"$dW_1 = v x^\top$, $dW_1 = 2 v x^\top$.").claims
    assert (right.verdict, wrong.verdict) == (PROVED, REFUTED)


def test_everything_on_one_page_in_order() -> None:
    text = (
        GIVEN
        + r"""
$\nabla_x L = (A + A^\top) x$, $\nabla_x L = A x$, $\frac{\partial e}{\partial x} = C^\top$, $\nabla_q L = x$.

<!-- symjac: next is not a claim -->
$\nabla_x L = 7$

<!-- symjac: new world -->
$x \in \mathbb{R}^n$, $L = x^\top x$, $\nabla_x L = 2 x$, $\nabla_x L = x$
"""
    )
    steps: list[tuple[int, int]] = []
    result = judge_source(read_source("notes.md", text), lambda done, of: steps.append((done, of)))
    assert [c.verdict for c in result.claims] == [PROVED, REFUTED, OTHER, PROVED, REFUTED]
    assert [text[c.span.start : c.span.end] for c in result.claims] == [c.text for c in result.claims]
    assert [c.line for c in result.claims] == [4, 4, 4, 10, 10]
    assert [u.reason[:17] for u in result.unread] == ["q is not declared"]
    assert steps == [(n, 6) for n in range(1, 7)]
    assert judged(text) == result


def test_what_is_not_declared_is_proposed_in_the_notation_of_the_claim() -> None:
    (unread,) = judge_source(from_claim("dL/dx = 2*x", ["L = x'*x"], "plain")).unread
    assert unread.reason == "x is not declared; say for example x in R or x in R^n"


def test_the_plain_notation() -> None:
    given = ["A in R^{n x n}", "x in R^n", "L = x'*A*x"]
    (claim,) = judge_source(from_claim("dL/dx = (A + A')*x", given, "plain")).claims
    assert claim.verdict in RIGHT
    (claim,) = judge_source(from_claim("dL/dx = 2*A*x", given, "plain")).claims
    assert claim.verdict == REFUTED and claim.counterexample is not None


@pytest.mark.slow
def test_sums_that_leave_out_an_end_are_not_the_whole() -> None:
    """A letter of n − 1 values at an axis of n: no road takes it for all of it."""
    for right in (r"2 x", r"\frac{1}{n-1} x", r"x"):
        claim = verdict(rf"$x \in \mathbb{{R}}^n$, $h = \sum_{{i=1}}^{{n-1}} x_i^2$, $\nabla_x h = {right}$")
        assert claim.verdict == REFUTED, (right, claim.road)
