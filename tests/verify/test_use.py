"""Notes that declare nothing: what they say is read from the use of the names, and wrong claims do not pass."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import AGREES, DOUBTFUL, PROVED, REFUTED, UNDECIDED
from symjac.notation.tree import NOWHERE
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.verdict import OTHER, Claim

LEAST_SQUARES = r"The prediction is $\hat y = Xw$ and the loss $L = \frac12\|Xw - y\|^2$."
LINE = r"With $L = \frac1n\sum_{i=1}^n (w x_i + b - y_i)^2$ we get"
RIDGE = r"Ridge: $J(w) = \|Xw - y\|^2 + \lambda\|w\|^2$."
FORM = r"For the quadratic form $f(x) = x^T A x$"
RULES = r"Rules of use:"
SOFTMAX = r"The softmax is $p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$."
CASES = r"Let $a_j = \frac{e^{z_j}}{\sum_k e^{z_k}}$. When $i \ne j$, we get:"
LOGISTIC = r"""With $z = w^T x + b$, the sigmoid $\sigma$, $\hat y = \sigma(z)$ and
$L = -y\log\hat y - (1-y)\log(1-\hat y)$,"""
LAYER = r"A linear layer: $y = Wx + b$. Given $\frac{\partial L}{\partial y}$,"
BATCH = r"The batch layer is $Y = XW$."
BOLD = r"""$\mathbf{a} = \sigma(\mathbf{z})$, $\mathbf{z} = \mathbf{W}\mathbf{x} + \mathbf{b}$,
$C = \frac12\|\mathbf{a} - \mathbf{y}\|^2$."""
TWO_LAYERS = r"$h = \tanh(W_1 x + b_1)$, $y = W_2 h + b_2$ and $L = \frac12\|y - t\|^2$."
ATTENTION = r"Attention: $S = QK^T$, and $L$ depends on $S$."
GATES = r"The cell: $c_t = f_t \odot c_{t-1} + i_t \odot g_t$ and $h_t = o_t \odot \tanh(c_t)$."
RECURRENT = r"$h_t = \tanh(W h_{t-1} + U x_t)$."
ENTRIES = r"$E = \frac12\sum_k (y_k - t_k)^2$ and $y_k = \sum_j w_{kj} h_j$."
NORMALISED = r"""$\mu = \frac1m\sum_{i=1}^m x_i$, $s = \frac1m\sum_{i=1}^m (x_i-\mu)^2$,
$\hat x_i = \frac{x_i-\mu}{\sqrt{s+\epsilon}}$, $y_i = \gamma\hat x_i + \beta$."""
PATHS = r"Let $u = x^2$, $v = 3x$ and $f = uv$."
SECTIONS = """# One

$f(x) = x^T A x$ gives $\\nabla f(x) = (A + A^T) x$.

# Two

Now $f(x) = x^2 + 3x$."""


A, W, X, Z = (rf"\mathbf{{{letter}}}" for letter in "aWxz")
GAMMA, BEFORE = r"\gamma", "h_{t-1}"


def d(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


RIGHT_AND_WRONG = [
    # notes, a right claim, its wrong twins
    (LEAST_SQUARES, rf"{d('L', 'w')} = X^\top (Xw - y)", (
        rf"{d('L', 'w')} = 2X^\top (Xw - y)", rf"{d('L', 'w')} = X^\top (y - Xw)", rf"{d('L', 'w')} = X (Xw - y)")),
    (LINE, rf"{d('L', 'w')} = \frac2n\sum_{{i=1}}^n (w x_i + b - y_i) x_i", (
        rf"{d('L', 'w')} = \frac2n\sum_{{i=1}}^n (w x_i + b - y_i)",)),
    (RIDGE, r"\nabla J(w) = 2X^\top(Xw-y) + 2\lambda w", (r"\nabla J(w) = 2X^\top(Xw-y) + \lambda w",)),
    (FORM, r"\nabla f(x) = (A + A^T) x", (r"\nabla f(x) = (A - A^T) x",)),
    (RULES, rf"{d('x^T a', 'x')} = a", (rf"{d('x^T a', 'x')} = 2a",)),
    (RULES, rf"{d('a^T X b', 'X')} = a b^T", (rf"{d('a^T X b', 'X')} = 2 a b^T",)),
    (SOFTMAX, rf"{d('p_i', 'z_j')} = p_i (\delta_{{ij}} - p_j)", (
        rf"{d('p_i', 'z_j')} = p_i (\delta_{{ij}} + p_j)", rf"{d('p_i', 'z_j')} = -p_i p_j")),
    (CASES, rf"{d('a_j', 'z_i')} = -a_i a_j", (rf"{d('a_j', 'z_i')} = a_i a_j",)),
    (LOGISTIC, rf"{d('L', 'w')} = (\hat y - y) x", (
        rf"{d('L', 'w')} = (y - \hat y) x", rf"{d('L', 'w')} = \hat y - y")),
    (LAYER, rf"{d('L', 'x')} = W^T {d('L', 'y')}", (
        rf"{d('L', 'x')} = W {d('L', 'y')}", rf"{d('L', 'x')} = {d('L', 'y')} W^T",
        rf"{d('L', 'x')} = -W^T {d('L', 'y')}")),
    (LAYER, rf"{d('L', 'W')} = {d('L', 'y')} x^T", (rf"{d('L', 'W')} = {d('L', 'y')} x",)),
    (BATCH, rf"{d('L', 'W')} = X^T {d('L', 'Y')}", (
        rf"{d('L', 'W')} = X {d('L', 'Y')}", rf"{d('L', 'W')} = {d('L', 'Y')} X^T")),
    (BOLD, rf"{d('C', Z)} = (\mathbf{{a}} - \mathbf{{y}})\odot\sigma'(\mathbf{{z}})", (
        rf"{d('C', Z)} = (\mathbf{{a}} - \mathbf{{y}})\odot\sigma(\mathbf{{z}})",)),
    (BOLD, rf"{d('C', W)} = ((\mathbf{{a}} - \mathbf{{y}})\odot\sigma'(\mathbf{{z}}))\mathbf{{x}}^T", (
        rf"{d('C', W)} = \mathbf{{x}}((\mathbf{{a}} - \mathbf{{y}})\odot\sigma'(\mathbf{{z}}))",)),
    (TWO_LAYERS, rf"{d('L', 'h')} = W_2^T (y-t)", (rf"{d('L', 'h')} = W_2 (y-t)", rf"{d('L', 'h')} = W_1^T (y-t)")),
    (ATTENTION, rf"{d('L', 'K')} = ({d('L', 'S')})^T Q", (rf"{d('L', 'K')} = {d('L', 'S')} Q",)),
    (GATES, rf"{d('L', 'f_t')} = {d('L', 'c_t')} \odot c_{{t-1}}", (rf"{d('L', 'f_t')} = {d('L', 'c_t')} \odot c_t",)),
    (RECURRENT, rf"{d('h_t', BEFORE)} = \mathrm{{diag}}(1 - h_t^2) W", (
        rf"{d('h_t', BEFORE)} = \mathrm{{diag}}(1 - h_t^2) U", rf"{d('h_t', BEFORE)} = W \mathrm{{diag}}(1 - h_t^2)")),
    (ENTRIES, rf"{d('E', 'h_j')} = \sum_k (y_k - t_k) w_{{kj}}", (
        rf"{d('E', 'h_j')} = (y_k - t_k) w_{{kj}}", rf"{d('E', 'h_j')} = \sum_k (y_k - t_k) w_{{jk}}")),
    (NORMALISED, rf"{d('L', GAMMA)} = \sum_{{i=1}}^m {d('L', 'y_i')} \hat x_i", (
        rf"{d('L', GAMMA)} = \sum_{{i=1}}^m {d('L', 'y_i')} x_i",
        rf"{d('L', GAMMA)} = \sum_{{i=1}}^m {d('L', 'y_i')}")),
    (PATHS, rf"\frac{{df}}{{dx}} = {d('f', 'u')}\frac{{du}}{{dx}} + {d('f', 'v')}\frac{{dv}}{{dx}}", (
        rf"\frac{{df}}{{dx}} = {d('f', 'u')}\frac{{du}}{{dx}}",)),
    (SECTIONS, r"f'(x) = 2x + 3", (r"f'(x) = x + 3",)),
]  # fmt: skip


def last(notes: str, claim: str) -> Claim:
    """The claim behind the notes; undecided where it is not read."""
    result = judge_source(read_source("notes.md", f"{notes}\n\n$${claim}$$\n"))
    if result.claims and result.claims[-1].span.start > len(notes):
        return result.claims[-1]
    return Claim("notes.md", 0, 0, NOWHERE, NOWHERE, claim, UNDECIDED, "not read")


@pytest.mark.parametrize(("notes", "right", "wrong"), RIGHT_AND_WRONG)
def test_what_is_not_declared_is_read_from_use(notes: str, right: str, wrong: tuple[str, ...]) -> None:
    found = last(notes, right)
    assert found.verdict in (PROVED, AGREES), (found.road, found.notes)
    for twin in wrong:
        assert last(notes, twin).verdict in (REFUTED, UNDECIDED, DOUBTFUL), twin


REFUTED_TWINS = [
    (LEAST_SQUARES, rf"{d('L', 'w')} = 2X^\top (Xw - y)"),
    (RIDGE, r"\nabla J(w) = 2X^\top(Xw-y) + \lambda w"),
    (SOFTMAX, rf"{d('p_i', 'z_j')} = p_i (\delta_{{ij}} + p_j)"),
    (CASES, rf"{d('a_j', 'z_i')} = a_i a_j"),
    (LOGISTIC, rf"{d('L', 'w')} = (y - \hat y) x"),
    (BOLD, rf"{d('C', Z)} = (\mathbf{{a}} - \mathbf{{y}})\odot\sigma(\mathbf{{z}})"),
    (ENTRIES, rf"{d('E', 'h_j')} = (y_k - t_k) w_{{kj}}"),
]


@pytest.mark.parametrize(("notes", "claim"), REFUTED_TWINS)
def test_one_local_change_that_makes_it_right_refutes_it(notes: str, claim: str) -> None:
    found = last(notes, claim)
    assert found.verdict == REFUTED
    assert found.fault is not None and found.fault.formula


TAKEN = [
    (LEAST_SQUARES, rf"{d('L', 'w')} = X^\top (Xw - y)", "taken: X ∈ ℝ^n × m, w ∈ ℝ^m, y ∈ ℝ^n"),
    (BATCH, rf"{d('L', 'W')} = X^T {d('L', 'Y')}", "taken: L ∈ ℝ, W ∈ ℝ^p × m, X ∈ ℝ^n × p"),
    (LINE, rf"{d('L', 'b')} = \frac2n\sum_{{i=1}}^n (w x_i + b - y_i)", "taken: b ∈ ℝ, w ∈ ℝ, x ∈ ℝ^n, y ∈ ℝ^n"),
    (SOFTMAX, rf"{d('p_i', 'z_j')} = p_i (\delta_{{ij}} - p_j)", "taken: z ∈ ℝ^n"),
]


@pytest.mark.parametrize(("notes", "claim", "note"), TAKEN)
def test_what_is_taken_is_said(notes: str, claim: str, note: str) -> None:
    assert note in last(notes, claim).notes


ONLY_FOR_NUMBERS = [
    (LAYER, rf"{d('L', 'x')} = W {d('L', 'y')}"),
    (LAYER, rf"{d('L', 'W')} = {d('L', 'y')} x"),
    (BATCH, rf"{d('L', 'W')} = X {d('L', 'Y')}"),
    ("The product is $C = UW$.", rf"{d('L', 'U')} = {d('L', 'C')} W"),
    (RECURRENT, rf"{d('h_t', BEFORE)} = W \mathrm{{diag}}(1 - h_t^2)"),
    (BOLD, rf"{d('C', W)} = \mathbf{{x}}((\mathbf{{a}} - \mathbf{{y}})\odot\sigma'(\mathbf{{z}}))"),
]


@pytest.mark.parametrize(("notes", "claim"), ONLY_FOR_NUMBERS)
def test_what_is_right_only_where_a_matrix_is_a_number_is_doubtful(notes: str, claim: str) -> None:
    found = last(notes, claim)
    assert found.verdict == DOUBTFUL
    assert "it is right only with W ∈ ℝ" in found.road or "right only with U ∈ ℝ, W ∈ ℝ" in found.road


def test_capital_letters_that_fit_as_numbers_alone_are_numbers() -> None:
    assert last(r"Then $U = XY$.", rf"{d('U', 'X')} = Y").verdict == PROVED
    assert (
        last(r"Let $W, x, b, t$ be numbers, $y = Wx + b$, $L = (y-t)^2$.", rf"{d('L', 'W')} = 2(y-t)x").verdict
        == PROVED
    )


CHAIN = rf"{d('L', X)} = {d('L', A)}{d(Z, X)}{d(A, Z)}"


def test_the_chain_rule_as_such_has_all_paths() -> None:
    one = r"Let $\mathbf{z} = \mathbf{W}\mathbf{x}$ and $\mathbf{a} = \mathbf{U}\mathbf{z}$."
    two = r"Let $\mathbf{z} = \mathbf{W}\mathbf{x}$ and $\mathbf{a} = \mathbf{U}\mathbf{z} + \mathbf{V}\mathbf{x}$."
    assert last(one, CHAIN).verdict == PROVED
    assert last(two, CHAIN).verdict not in (PROVED, AGREES, OTHER)


def test_a_formula_that_cannot_be_read_decides_nothing() -> None:
    text = r"$\mu = \frac1d\sum_i x_i$, $y_i = x_i - \mu$." + f"\n\n$${d('y_i', 'x_j')} = \\delta_{{ij}}$$\n"
    claims = judge_source(read_source("notes.md", text)).claims
    assert all(c.verdict not in (PROVED, AGREES, OTHER) for c in claims)


def test_a_formula_in_a_later_section_does_not_reach_back() -> None:
    first = r"$f(x) = x^T A x$ gives $\nabla f(x) = (A + A^T) x$."
    later = "# Later\n\n" + r"With $z = f(x, y)$, $x = g(t)$ and $y = h(t)$ we have the rule."
    claims = judge_source(read_source("notes.md", f"# First\n\n{first}\n\n{later}\n")).claims
    assert claims[0].verdict == PROVED
    claims = judge_source(read_source("notes.md", f"# First\n\n{first.replace('+', '-')}\n\n{later}\n")).claims
    assert claims[0].verdict not in (PROVED, AGREES, OTHER)


def test_what_other_sections_say_of_a_letter_is_no_reason_to_refute() -> None:
    first = "# First\n\n" + r"Let $y = Ax$. $\frac{\partial y}{\partial x} = A$."
    second = "# Second\n\n" + r"$z = Wx$, $a = \sigma(z)$, $L = \ell(a, y)$."
    right = rf"{d('L', 'x')} = W^T {d('L', 'z')}"
    assert last(second, right).verdict == PROVED
    assert last(f"{first}\n\n{second}", right).verdict in (PROVED, UNDECIDED)
    assert last(f"{first}\n\n{second}", rf"{d('L', 'x')} = -W^T {d('L', 'z')}").verdict in (REFUTED, UNDECIDED)
