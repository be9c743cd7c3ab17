"""What the words of a text make of an equation: a fact, a condition, a new meaning, a step, a case; or a claim."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import AGREES, PROVED, REFUTED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.verdict import Claim, Judged
from tests.marks import slow, slow_where

P, R, U, T = "right", "refuted", "undecided", "right as taken"


def judged(text: str) -> Judged:
    return judge_source(read_source("notes.md", text))


def verdicts(text: str) -> list[str]:
    result = judged(text)
    assert not result.unread, result.unread
    return [said(c) for c in result.claims]


def said(c: Claim) -> str:
    """The verdict; T where the fact that may be taken unsaid is."""
    if c.verdict not in (PROVED, AGREES):
        return c.verdict
    return T if any(n.startswith("taken: ") and n.endswith("sum to 1") for n in c.notes) else P


ENTROPY = r"Let $\theta, t \in \mathbb{R}^n$, $p = \operatorname{softmax}(\theta)$ and $E = -\sum_j t_j \log p_j$"
ROWS = (
    r"Let $Z, T \in \mathbb{R}^{N\times K}$, $P_{nk} = \frac{e^{Z_{nk}}}{\sum_j e^{Z_{nj}}}$ and "
    r"$E = -\sum_{n,k} T_{nk} \log P_{nk}$"
)
FORM = r"Let $x \in \mathbb{R}^n$, $A \in \mathbb{R}^{n \times n}$ and $f = x^\top A x$"
SQUARE = r"Let $x, u \in \mathbb{R}^n$ and $f = u^\top u\, x^\top x$"
ROTATED = r"Let $x, b \in \mathbb{R}^n$, $Q \in \mathbb{R}^{n\times n}$ and $f = \frac12\|Q x - b\|^2$"

FACTS = [
    (ENTROPY + r". Then $\nabla_\theta E = p - t$.", [T]),
    (ENTROPY + r". Then $\nabla_\theta E = p + t$.", [R]),
    (ENTROPY + r", where $\sum_j t_j = 1$. Then $\nabla_\theta E = p - t$.", [P]),
    (ENTROPY + r" with $\sum_{j=1}^n t_j = 1$. Then $\nabla_\theta E = p - t$.", [P]),
    (ENTROPY + r". Since $\mathbf{1}^\top t = 1$, $\nabla_\theta E = p - t$.", [P]),
    (ENTROPY + r". Assume $t^\top \mathbf 1 = 1$. Then $\nabla_\theta E = p - t$. Note $\sum_j p_j = 1$.", [P, P]),
    (ENTROPY + r". Then $\nabla_\theta E = p - t$, because $\sum_j t_j = 1$.", [P]),
    (ENTROPY + r". Then $\nabla_\theta E = p - t$. Here $1 = \sum_j t_j$ was used.", [P]),
    (ENTROPY + r", given that $\sum_j t_j - 1 = 0$. Then $\nabla_\theta E = p - t$.", [P]),
    (ENTROPY + r", such that $\langle \mathbf 1, t\rangle = 1$. Then $\nabla_\theta E = p - t$.", [P]),
    (ENTROPY + r", where $\sum_j t_j = 2$. Then $\nabla_\theta E = p - t$ and $\nabla_\theta E = 2 p - t$.", [R, P]),
    (ENTROPY + r", where $\sum_j t_j^2 = 1$. Then $\nabla_\theta E = p - t$.", [R]),
    (
        ENTROPY + ". If $\\sum_j t_j = 1$, then $\\nabla_\\theta E = p - t$.\n\nAlways $\\nabla_\\theta E = p - t$.",
        [P, T],
    ),
    (
        ENTROPY + r". Let $\sum_j t_j = 1$. Then $\nabla_\theta E = p - t$. Now let $\sum_j t_j = 2$. "
        r"Then $\nabla_\theta E = 2 p - t$ and $\nabla_\theta E = p - t$.",
        [P, P, R],
    ),
    (ENTROPY + r" for a one-hot vector $t$. Then $\nabla_\theta E = p - t$.", [P]),
    (ENTROPY + r". The target $t$ is one-hot. Then $\nabla_\theta E = p - t$.", [P]),
    (ENTROPY + r". The entries of $t$ sum to one. Then $\nabla_\theta E = p - t$.", [P]),
    (ENTROPY + r". Here $t$ is a probability vector. Then $\nabla_\theta E = p - t$.", [P]),
    (ROWS + r", where $\sum_k T_{nk} = 1$ for all $n$. Then $\frac{\partial E}{\partial Z} = P - T$.", [P]),
    (ROWS + r", where $T \mathbf 1 = \mathbf 1$. Then $\frac{\partial E}{\partial Z} = P - T$.", [P]),
    (ROWS + r", where $\sum_n T_{nk} = 1$. Then $\frac{\partial E}{\partial Z} = P - T$.", [R]),
    (FORM + r" with $A$ symmetric. Then $\nabla_x f = 2 A x$.", [P]),
    (FORM + r" with a symmetric matrix $A$. Then $\nabla_x f = 2 A x$.", [P]),
    (FORM + r". The matrix $A$ is symmetric, so $\nabla_x f = 2 A x$.", [P]),
    (FORM + r". The matrix $A$ is not symmetric. Then $\nabla_x f = 2 A x$.", [R]),
    (FORM + r", $A = A^\top$. Then $\nabla_x f = 2 A x$.", [P]),
    (FORM + r", $A^\top = A$. Then $\nabla_x f = 2 A x$.", [P]),
    (FORM + r" with $A_{ij} = A_{ji}$. Then $\nabla_x f = 2 A x$.", [P]),
    (FORM + r" with $A^\top = -A$. Then $\nabla_x f = 0$.", [P]),
    (FORM + r" with $A$ skew-symmetric. Then $\nabla_x f = 0$.", [P]),
    (FORM + r" with $A$ positive definite. Then $\nabla_x f = 2 A x$.", [P]),
    (FORM + r". Then $\nabla_x f = 2 A x$. Now let $A$ be symmetric. Then $\nabla_x f = 2 A x$.", [R, P]),
    (FORM + ". If $A$ is symmetric, then $\\nabla_x f = 2 A x$.\n\nAlways $\\nabla_x f = 2 A x$.", [P, R]),
    (SQUARE + r", where $\|u\| = 1$. Then $\nabla_x f = 2 x$.", [P]),
    (SQUARE + r", where $||u||_2 = 1$. Then $\nabla_x f = 2 x$.", [P]),
    (SQUARE + r", where $u^\top u = 1$. Then $\nabla_x f = 2 x$.", [P]),
    (SQUARE + r", where $\sum_i u_i^2 = 1$. Then $\nabla_x f = 2 x$.", [P]),
    (SQUARE + r" with a unit vector $u$. Then $\nabla_x f = 2 x$.", [P]),
    (ROTATED + r", where $Q^\top Q = I$. Then $\nabla_x f = x - Q^\top b$.", [P]),
    (ROTATED + r" with $Q$ orthogonal. Then $\nabla_x f = x - Q^\top b$.", [P]),
    (r"Let $x \in \mathbb{R}^n$ with $x_i > 0$, $f = \sum_i |x_i|$. Then $\nabla_x f = \mathbf 1$.", [P]),
    (
        r"Let $P \in \mathbb{R}^{n\times n}$, $P^2 = P = P^\top$, $x \in \mathbb{R}^n$, $f = \frac12 \|P x\|^2$. "
        r"Then $\nabla_x f = P x$.",
        [U],
    ),
    (r"Let $a \in \mathbb{R}$, $a > 0$, $f = |a|$. Then $\frac{df}{da} = 1$.", [P]),
    (r"Let $x \in \mathbb{R}^n$, assume $x \ge 0$, $f = \sum_i |x_i|$. Then $\nabla_x f = \mathbf 1$.", [P]),
    (
        r"Let $a \in \mathbb{R}$ and $f = |a|$. If $a > 0$, then $\frac{df}{da} = 1$. "
        r"If $a < 0$, then $\frac{df}{da} = -1$. Then $\frac{df}{da} = 1$.",
        [P, P, R],
    ),
]


@pytest.mark.usefixtures("verdicts_alone")
@pytest.mark.parametrize(
    ("text", "expected"), [slow(*row) if U in row[1] or ROTATED in row[0] else row for row in FACTS]
)
def test_a_fact_of_a_free_quantity_holds_and_is_no_claim(text: str, expected: list[str]) -> None:
    assert verdicts(text) == expected


LEAST = r"Let $X \in \mathbb{R}^{n\times d}$, $w \in \mathbb{R}^d$, $y \in \mathbb{R}^n$ and $L = \|Xw-y\|^2$. "
PLAIN = r"Let $w, b \in \mathbb{R}^n$ and $L = w^\top w$. "

ZEROS = [
    (PLAIN + r"$\nabla_w L = 0$. $\nabla_w L = 2 w$.", [P]),
    (PLAIN + r"At the optimum, $\nabla_w L = 0$.", []),
    (PLAIN + r"The minimum is where $\frac{\partial L}{\partial w} = \mathbf{0}$.", []),
    (PLAIN + r"Then $\nabla_w L = 0$.", [R]),
    (PLAIN + r"We set $\nabla_w L = 2 w = 0$ and solve.", [P]),
    (PLAIN + r"$\nabla_b L = 0$. Hence $\frac{\partial L}{\partial b} = \mathbf{0}$.", [U]),  # nothing links the two
    (r"Let $c \in \mathbb{R}$, $X \in \mathbb{R}^{m \times n}$. $\partial c/\partial X = \mathbf{0}$", []),
    (r"Let $x \in \mathbb{R}^n$ and $f = \mathbf 1^\top x$. Then $\nabla_x^2 f = 0$.", [P]),
    (LEAST + r"Setting $\frac{\partial L}{\partial w} = 0$ gives $X^\top X w = X^\top y$.", []),
    (
        LEAST + r"Then $\nabla_w L = 2 X^\top(Xw - y) = 0$, so $w = (X^\top X)^{-1} X^\top y$. "
        r"Recall $\nabla_w L = X^\top(Xw - y)$.",
        [P, R],
    ),
    (
        r"Let $x, t \in \mathbb{R}^n$ and $L = ||x - t||^2$. The gradient is $\frac{\partial L}{\partial x} = 2(x-t)$. "
        r"Setting it to zero, $2(x - t) = 0$, gives $x = t$. Again $\frac{\partial L}{\partial x} = 3 (x-t)$.",
        [P, R],
    ),
    (r"Let $A \in \mathbb{R}^{n\times n}$, $u \in \mathbb{R}^n$, $\lambda \in \mathbb{R}$ with $A u = \lambda u$.", []),
]


@pytest.mark.parametrize(("text", "expected"), ZEROS)
def test_zero_is_of_every_shape_and_what_is_set_to_zero_is_no_claim(text: str, expected: list[str]) -> None:
    assert verdicts(text) == expected
    assert not any(c.fault and c.fault.formula.endswith("= 0") for c in judged(text).claims)


MEANINGS = [
    (
        r"Let $x \in \mathbb{R}^n$, $L = x^\top x$. Then $\nabla_x L = 2 x$. "
        r"Now let $L = \mathbf 1^\top x$. Then $\nabla_x L = \mathbf 1$ and $\nabla_x L = 2 x$.",
        [P, P, R],
    ),
    (
        r"Let $x \in \mathbb{R}^n$, $y = 2 x$, $L = y^\top y$. Then $\nabla_x L = 8 x$. "
        r"Now let $y = 3 x$. Then $\nabla_x L = 18 x$ and $\nabla_x L = 8 x$.",
        [P, P, R],
    ),
    (
        r"Let $x \in \mathbb{R}$ and $f(x) = x^2$. Then $f'(x) = 2 x$. Now $f(x) = x^3$. Then $f'(x) = 3 x^2$ and "
        r"$f'(x) = 2 x$.",
        [P, P, R],
    ),
    (
        r"Let $x \in \mathbb{R}$ and $f(x) = 3x^4$, so that $f'(x) = 12 x^3$. Another example: let $w, v \in "
        r"\mathbb{R}^n$ and $f(v) = w^\top v$. Then $\frac{\partial f}{\partial v} = w$.",
        [P, P],
    ),
    (
        r"Let $x \in \mathbb{R}$, $f = x^2$. $\frac{df}{dx} = 2x$. Let $x \in \mathbb{R}^n$, $f = x^\top x$. "
        r"$\nabla_x f = 2x$.",
        [P, P],
    ),
    (r"Let $x \in \mathbb{R}^n$, $L = \|x\|^2$. Then $L = x^\top x = \sum_i x_i^2$. $\nabla_x L = 2x$.", [P, P, P]),
    (r"Let $a = 3$, $x \in \mathbb{R}$, $f = a x$. $\frac{df}{dx} = 3$. Now $a = 4$. $\frac{df}{dx} = 4$.", [P, P]),
    (r"Let $x \in \mathbb{R}$, $f = x^2$. At $x = 1$ we have $\frac{df}{dx} = 2$. $\frac{df}{dx} = 2x$.", [U, P]),
    (
        r"Let $z \in \mathbb{R}^n$, $p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$. $\frac{\partial p_i}{\partial z_j} = "
        r"p_i(\delta_{ij}-p_j)$. Now let $p_i = z_i^2$. $\frac{\partial p_i}{\partial z_i} = 2 z_i$.",
        [P, P],
    ),
    (
        r"Let $x, y \in \mathbb{R}$, $f = x y$. With $x + y = 1$ we have $f = x(1-x)$. "
        r"$\frac{\partial f}{\partial x} = y$.",
        [U],
    ),
    (
        r"Let $z \in \mathbb{R}^n$, $a = g(z) = \max(0, z)$, $L = \mathbf 1^\top a$. "
        r"$\frac{\partial L}{\partial z} = \mathbf{1}[z > 0]$. $\frac{\partial L}{\partial z} = z$.",
        [P, P, R],
    ),
    (r"Let $x \in \mathbb{R}$, $f = x^2$. There $x = 1$. $\frac{df}{dx} = 2$.", []),
    (
        r"$N = 784$ and $N = 3072$, $\eta = 0.1$ or $\eta = 0.01$. Let $x \in \mathbb{R}^N$, $f = \eta x^\top x$. "
        r"$\frac{\partial f}{\partial x} = 2\eta x$.",
        [P],
    ),
    (
        r"Let $y, p \in \mathbb{R}$, $L = -y \log p - (1-y)\log(1-p)$. When $y = 1$ only the first term is left; when "
        r"$y = 0$ only the second. $\frac{\partial L}{\partial p} = -\frac{y}{p} + \frac{1-y}{1-p}$.",
        [P],
    ),
    (
        r"Let $z \in \mathbb{R}^n$, $p = \operatorname{softmax}(z)$. For $i = j$, $\frac{\partial p_i}{\partial z_j} = "
        r"p_i(1-p_i)$. For $i \neq j$, $\frac{\partial p_i}{\partial z_j} = -p_i p_j$.",
        [P, P],
    ),
    (
        r"Let $z \in \mathbb{R}^n$, $p = \operatorname{softmax}(z)$. For $i = j$, $\frac{\partial p_i}{\partial z_j} = "
        r"p_i(1+p_i)$. For $i \neq j$, $\frac{\partial p_i}{\partial z_j} = p_i p_j$.",
        [R, R],
    ),
]


@pytest.mark.parametrize(("text", "expected"), MEANINGS)
def test_a_second_definition_opens_a_new_meaning_and_a_case_none(text: str, expected: list[str]) -> None:
    assert verdicts(text) == expected


STEPS = [
    (r"$w = w - \eta \nabla_w L$. $\nabla_w L = 2 w$.", [P, P]),
    (r"$w_{t+1} = w_t - \eta \nabla_w L$. $\nabla_w L = 2 w$.", [P, P]),
    (r"$w_{new} = w_{old} - \eta \nabla_w L$. $\nabla_w L = 2 w$.", [P, P]),
    (r"$w^{(t+1)} = w^{(t)} - \eta \nabla_w L$. $\nabla_w L = 2 w$.", [P]),
    (r"$w_j = w_j - \eta \frac{\partial L}{\partial w_j}$. $\nabla_w L = 2 w$.", [P, P]),
    (r"$b = \beta b + (1 - \beta) w$. $w = w - \eta b$. $\nabla_w L = 2 w$.", [P, P, P]),
    (r"$w = w - \eta w b$. $\nabla_w L = 2 w$.", [R, P]),
]


@pytest.mark.parametrize(("text", "expected"), STEPS)
def test_a_step_is_no_definition(text: str, expected: list[str]) -> None:
    assert verdicts(PLAIN + r"Let $\eta, \beta \in \mathbb{R}$. " + text) == expected


ERRORS = [
    r"Let $x, t \in \mathbb{R}^n$, $p = \operatorname{softmax}(x)$, $L = -\sum_i t_i \log p_i$. "
    r"Then $\frac{\partial L}{\partial x} = \operatorname{softmax}(x) + t$.",
    "<!-- symjac: \\sigma = softmax -->\nLet $z \\in \\mathbb{R}^n$, $c \\in \\mathbb{R}$, $p_i = \\sigma(z_i)$, "
    "$q = \\sigma(c)$. $\\frac{\\partial q}{\\partial c} = 2$.",
    r"Let $m \in \mathbb{R}^n$, $k = m^{2²}$ and $l_{²} = m$.",
    r"$x = \int_0^1 f$, $|a|b|$, $p(x|y) = \frac{",
]


@pytest.mark.parametrize("text", slow_where(lambda text: text is ERRORS[0], ERRORS))
def test_an_error_in_one_place_costs_no_other_its_verdict(text: str) -> None:
    claim = r"Let $a \in \mathbb{R}$. Then $\frac{d a^2}{da} = 2 a$ and $\frac{d a^2}{da} = 3 a$."
    assert [c.verdict for c in judged(text + "\n\n" + claim).claims][-2:] == [PROVED, REFUTED]


SAMPLES = (
    r"Let $X \in \mathbb{R}^{n \times d}$, $w \in \mathbb{R}^d$ and $p = \sigma(X w)$ with "
    r"$\sigma(z) = 1/(1 + e^{-z})$. "
)
SLOPE = r"$\frac{\partial p_i}{\partial w} = p_i (1 - p_i) x_i$"
WRONG = r"$\frac{\partial p_i}{\partial w} = p_i (1 + p_i) x_i$"
OF_ITS_OWN = "\n\nNow let $x \\in \\mathbb{R}^d$ and $h = w^\\top x$. Then "
COLUMNS = (
    r"Let $X \in \mathbb{R}^{d \times n}$, $w \in \mathbb{R}^d$, where $x_i$ is the $i$-th column of $X$, "
    r"and $f = \sum_{i=1}^n (w^\top x_i)^2$. "
)

ROWS_IN_WORDS = [
    (SAMPLES + SLOPE + ", where $x_i$ is row $i$ of $X$.", [P]),
    (SAMPLES + WRONG + ", where $x_i$ is row $i$ of $X$.", [R]),
    (SAMPLES + SLOPE + ", where $x_i$ denotes the $i$-th row of $X$.", [P]),
    (SAMPLES + WRONG + r", where $x_i^\top$ denotes the $i^{\text{th}}$ row of $X$.", [R]),
    (SAMPLES + "Let $x_i$ be the $i$th row of $X$. Then " + SLOPE + OF_ITS_OWN + r"$\nabla_x h = w$.", [P, P]),
    (
        SAMPLES
        + f"Let $x_i$ be the $i$th row of $X$. Then {WRONG}{OF_ITS_OWN}"
        + r"$\frac{\partial h}{\partial x_j} = w_j$ and $\frac{\partial h}{\partial w_i} = x_i$.",
        [R, P, P],
    ),
    (COLUMNS + r"Then $\nabla_w f = 2 \sum_{i=1}^n (w^\top x_i) x_i$ and $\nabla_w f = 2 X X^\top w$.", [P, P]),
    (COLUMNS + r"Then $\nabla_w f = \sum_{i=1}^n (w^\top x_i) x_i$.", [R]),
]


@pytest.mark.parametrize(("text", "expected"), ROWS_IN_WORDS)
def test_what_is_said_to_be_a_row_of_a_matrix_is_one(text: str, expected: list[str]) -> None:
    assert verdicts(text) == expected
