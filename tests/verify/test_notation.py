"""Formulas in the many ways in which people write them: the right one is proved, its wrong twin refuted."""

from __future__ import annotations

import pytest

from tests.verify.test_reading import P, R, judged, said, verdicts

NUMBERS = r"Let $a, w, x, y, t \in \mathbb{R}$ and "

SMALL_COMMANDS = [
    (NUMBERS + r"$a = ln(x)$. Then $\frac{\text{d}a}{\text{d}x} = \frac{1}{x} \space .$", [P]),
    (NUMBERS + r"$a = ln(x)$. Then $\frac{\text{d}a}{\text{d}x} = {x \over 2} \space .$", [R]),
    (NUMBERS + r"$y = \mbox{log} x + \mathrm{max}(0, x)$. Then $ \frac{dy}{dx} = \frac1x + 1\{x > 0\} $", [P]),
    (NUMBERS + r"$y = \mbox{log} x + \mathrm{max}(0, x)$. Then $ \frac{dy}{dx} = \frac1x - 1\{x > 0\} $", [R]),
    (r"Let $\bold{x}, b \in \mathbb{R}^n$, $L = b^\top exp(\bold{x})$; then $\nabla_x L = b \bigodot e^{x}$", [P]),
    (r"Let $\bold{x}, b \in \mathbb{R}^n$, $L = b^\top exp(\bold{x})$; then $\nabla_x L = x \bigodot e^{x}$", [R]),
    (r"Let $x \in \mathbb{R}^T$, $L = \sum^T_{t=1} x_t^2$. Then $\frac{\partial L}{\partial x_t} = 2 x_t$.", [P]),
    (r"Let $x \in \mathbb{R}^T$, $L = \sum^T_{t=1} x_t^2$. Then $\frac{\partial L}{\partial x_t} = x_t$.", [R]),
]


IN_R = r"$\mathbf{x} \in \mathbf{R}^n$, $A \in \mathcal{R}^{n \times n}$. Then "
MARKED = r"With $A_{m \times n}$, $x_{n\times 1}$ and $f = \|A x\|^2$ we have "
BY_COLON = r"$$\begin{aligned} W &: m \times n \\ x, b &: n \times 1 \end{aligned}$$ $f = \|W x\|^2$, "
POSITIVE = r"Let $x \in \mathbb{R}_{>0}$, $f = |x|$. Then "

SHAPES = [
    (IN_R + r"$\nabla_x (x^\top A x) = A x + A^\top x$.", [P]),
    (IN_R + r"$\nabla_x (x^\top A x) = 2 A x$.", [R]),
    (MARKED + r"$\nabla_x f = 2 A^\top A x$.", [P]),
    (MARKED + r"$\nabla_x f = A^\top A x$.", [R]),
    (BY_COLON + r"$\nabla_x f = 2 W^\top W x$", [P]),
    (BY_COLON + r"$\nabla_x f = 2 W^\top x$", [R]),
    (POSITIVE + r"$\frac{df}{dx} = 1$.", [P]),
    (POSITIVE + r"$\frac{df}{dx} = 2$.", [R]),
]


CROSS = (
    r"Let $z,y\in\mathbb{R}^n$, $o_j=\frac{e^{z_j}}{\sum_{k=1}^n e^{z_k}}$, $E=-\sum_{j=1}^n y_j\log o_j$. "
    r"Then $\frac{\partial E}{\partial z_i} = "
)
PAIRS = r"Let $x \in \mathbb{R}^n$ and $f = \sum_{1 \le i < j \le n} x_i x_j$. Then "
RUNNING = r"Let $x \in \mathbb{R}^T$ and $s_t = \sum_{k=1}^{t} x_k$. Then $\frac{\partial s_t}{\partial x_j} = "
VOCABULARY = r"Let $u \in \mathbb{R}^n$ and $f = \log \sum_{w \in V} e^{u_w}$. Then $\frac{\partial f}{\partial u_i} = "

SUMS = [
    (CROSS + r"\sum_{j\neq i}y_jo_i-y_i(1-o_i)$.", [P]),
    (CROSS + r"\sum_{j\neq i}y_jo_i-y_i(1+o_i)$.", [R]),
    (CROSS + r"\sum_{j=1, j\neq i}^n y_jo_i-y_i(1-o_i)$.", [P]),
    (CROSS + r"\sum_{i\neq j}^n y_jo_i-y_i(1-o_i)$.", [P]),
    (CROSS + r"\sum_{i\neq j}^n y_jo_j-y_i(1-o_i)$.", [R]),
    (CROSS + r"\sum_{j \ne i} y_j o_i - \sum_{j = i} y_j (1 - o_i)$.", [P]),
    (CROSS + r"\sum_{j \ne i}^n y_j o_i - \sum_{j = i}^n y_j (1 - o_i)$.", [P]),
    (CROSS + r"o_i \sum_{1 \le j \le n} y_j - y_i$.", [P]),
    (CROSS + r"o_i \sum_{1 \le j < n} y_j - y_i$.", [R]),
    (PAIRS + r"$\frac{\partial f}{\partial x_k} = \sum_{i \ne k} x_i$.", [P]),
    (PAIRS + r"$\frac{\partial f}{\partial x_k} = \sum_{i < k} x_i + \sum_{i > k} x_i$.", [P]),
    (PAIRS + r"$\frac{\partial f}{\partial x_k} = \sum_{i < k} x_i + \sum_{i \ge k} x_i$.", [R]),
    (PAIRS + r"$\frac{\partial f}{\partial x_k} = \sum_{i} x_i$.", [R]),
    (RUNNING + r"\mathbf{1}[j \le t]$.", [P]),
    (RUNNING + r"\mathbf{1}[j < t]$.", [R]),
    (VOCABULARY + r"\frac{e^{u_i}}{\sum_{w \in V} e^{u_w}}$.", [P]),
    (VOCABULARY + r"\frac{1}{\sum_{w \in V} e^{u_w}}$.", [R]),
]


FORM = r"Let $x \in \mathbb{R}^n$, $A \in \mathbb{R}^{n\times n}$ and $f = x^\top A x$. Then "
SLOPES = (
    r"\begin{bmatrix} %s\frac{\partial f}{\partial x_1} \\ \vdots \\ %s\frac{\partial f}{\partial x_n} \end{bmatrix}"
)
SECOND = (
    r"\begin{pmatrix} \frac{d^2f}{dx_1dx_1} & \cdots & \frac{d^2f}{dx_1dx_n} \\ \vdots & \ddots & \vdots \\ "
    r"\frac{d^2f}{dx_ndx_1} & \cdots & \frac{d^2f}{dx_ndx_n} \end{pmatrix}"
)
OWN = (
    r"Let $x = [x_1, \dots, x_n]^\top$, $w = \begin{pmatrix} w_1 \\ \vdots \\ w_n \end{pmatrix}$, "
    r"$f = \sum_{i=1}^n w_i x_i$. "
)
TWO = r"Let $a, b \in \mathbb{R}$, $x \in \mathbb{R}^2$, $f = \begin{bmatrix} a & b \end{bmatrix} x$. Then "
SCALED = r"Let $x, y \in \mathbb{R}^n$. Then $\frac{\partial (y \odot x)}{\partial x} = "
DIAGONAL = r"\begin{bmatrix} y_1 & & 0 \\ & \ddots & \\ 0 & & y_n \end{bmatrix}"
PLACES = r"Let $W \in \mathbb{R}^{m \times n}$ and $L = \sum_{i,j} W[i,j]^2$. Then "

MATRICES = [
    (FORM + rf"$\nabla_x f = {SLOPES % ('', '')} = A x + A^\top x$.", [P, P]),
    (FORM + rf"$\nabla_x f = {SLOPES % ('2', '2')}$.", [R]),
    (FORM + r"$\nabla_x f = [\frac{\partial f}{\partial x_1}, \dots, \frac{\partial f}{\partial x_n}]^T$", [P]),
    (FORM + rf"$\nabla_x^2 f = {SECOND} = A + A^\top$.", [P, P]),
    (FORM + rf"$\nabla_x^2 f = {SECOND} = 2 A$.", [P, R]),
    (OWN + r"Then $\nabla_x f = (w_1, w_2, \dots, w_n)$.", [P]),
    (OWN + r"Then $\nabla_x f = (x_1, x_2, \dots, x_n)$.", [R]),
    (OWN + r"Then $\nabla_x f = (w_1, \dots, w_i, \dots, w_n)$.", [P]),
    (OWN + r"Then $\nabla_x f = (x_1, \dots, x_i, \dots, x_n)$.", [R]),
    (TWO + r"$\nabla_x f = \begin{pmatrix} a \\ b \end{pmatrix}$ and $\nabla_x f = [a, b]$.", [P, P]),
    (TWO + r"$\nabla_x f = \begin{pmatrix} b \\ a \end{pmatrix}$ and $\nabla_x f = [a, a]$.", [R, R]),
    (SCALED + DIAGONAL + "$", [P]),
    (SCALED + DIAGONAL.replace("y", "x") + "$", [R]),
    (r"Let $a, b \in \mathbb{R}$. $\frac{d}{da} \begin{vmatrix} a & b \\ 1 & a \end{vmatrix} = 2 a$", [P]),
    (r"Let $a, b \in \mathbb{R}$. $\frac{d}{da} \begin{vmatrix} a & b \\ 1 & a \end{vmatrix} = 2 b$", [R]),
    (PLACES + r"$\frac{\partial L}{\partial W[i,j]} = 2 W[i,j]$", [P]),
    (PLACES + r"$\frac{\partial L}{\partial W[i,j]} = W[i,j]$", [R]),
]

NORMAL = r"Let $x,\mu,s\in\mathbb{R}$ and $\log p(x\mid\mu)=-\frac{(x-\mu)^2}{2s^2}$. Then "
DENSITY = r"Let $x,\mu,s\in\mathbb{R}$ and $p(x|\mu)=\exp(-\frac{(x-\mu)^2}{2s^2})$. Then "
PARAMETER = r"Let $x, \mu \in \mathbb{R}$ and $f(x; \mu) = x^2 \mu$. Then "

BARS = [
    (NORMAL + r"$\frac{\partial\log p(x\mid\mu)}{\partial\mu}=\frac{x-\mu}{s^2}$.", [P]),
    (NORMAL + r"$\frac{\partial\log p(x\mid\mu)}{\partial\mu}=\frac{\mu-x}{s^2}$.", [R]),
    (DENSITY + r"$\frac{\partial p(x|\mu)}{\partial \mu} = p(x|\mu) \frac{x-\mu}{s^2}$.", [P]),
    (DENSITY + r"$\frac{\partial p(x|\mu)}{\partial \mu} = p(x|\mu) \frac{x-\mu}{s}$.", [R]),
    (PARAMETER + r"$\frac{\partial f(x; \mu)}{\partial x} = 2 x \mu$.", [P]),
    (PARAMETER + r"$\frac{\partial f(x; \mu)}{\partial x} = 2 \mu$.", [R]),
]

SPREAD = (
    r"Let $x\in \mathbb{R}^m$, $\mu = \frac1m\sum_{i=1}^m x_i$, $\sigma = \sqrt{\frac1m \sum_{i=1}^m (x_i-\mu)^2}$. "
    r"Then $\frac{\partial 1/\sigma}{\partial x_i} = "
)
ENTROPY = r"Let $y, p \in \mathbb{R}$. Then $\frac{\partial -y\log p - (1-y)\log(1-p)}{\partial p} = "

HALVES = [
    (SPREAD + r"-\frac{1}{\sigma^2} \frac{\partial \sigma}{\partial x_i}$.", [P]),
    (SPREAD + r"-\frac{1}{\sigma} \frac{\partial \sigma}{\partial x_i}$.", [R]),
    (SPREAD + r"-\frac{1}{\sigma^2} \frac{\partial \sigma}{x_i}$.", [P]),
    (SPREAD + r"\frac{1}{\sigma^2} \frac{\partial \sigma}{x_i}$.", [R]),
    (ENTROPY + r"-\frac{y}{p} + \frac{1-y}{1-p}$.", [P]),
    (ENTROPY + r"-\frac{y}{p} - \frac{1-y}{1-p}$.", [R]),
]

SOFTMAX = r"Let $z\in\mathbb{R}^n$, $p_i=\frac{e^{z_i}}{\sum_{k=1}^n e^{z_k}}$. "
SLOPE = r"\frac{\partial p_i}{\partial z_j} = "
CASES = r"\begin{cases} p_i(1-p_j) & \text{if } i = j \\ -p_i p_j & \text{if } i \ne j \end{cases}"
WORDS = r"\begin{cases} p_i(1-p_i) & \text{if i = j} \\ %sp_i p_j & \text{otherwise} \end{cases}"
UNITS = r"Let $W \in \mathbb{R}^{m \times n}$. $\frac{\partial W_{ij}}{\partial W_{kl}} = "
ERRORS = (
    SOFTMAX + r"Let $t \in \mathbb{R}^n$, $L = -\sum_i t_i \log p_i$, $\delta = \frac{\partial L}{\partial z}$. Then "
)

IVERSON = [
    (SOFTMAX + rf"${SLOPE} {CASES} = p_i (\delta_{{ij}} - p_j) = p_i([i=j] - p_j)$", [P, P, P]),
    (SOFTMAX + rf"${SLOPE} {CASES.replace('-p_i', 'p_i')}$", [R]),
    (SOFTMAX + rf"${SLOPE} {WORDS % '-'}$ and ${SLOPE} {WORDS % ''}$", [P, R]),
    (SOFTMAX + rf"${SLOPE} p_i(\mathbf{{1}}(i=j)-p_j) = p_i(\delta(i,j)-p_j) = p_i(\delta_{{i=j}} - p_j)$", [P, P, P]),
    (SOFTMAX + rf"${SLOPE} p_i(\mathbf{{1}}(i=j)-p_i)$, ${SLOPE} p_i(1 - \delta(i,j))$", [R, R]),
    (SOFTMAX + rf"If $i = j$: ${SLOPE} p_i(1-p_i)$. If $i \neq j$: ${SLOPE} -p_ip_j$.", [P, P]),
    (SOFTMAX + rf"If $i = j$: ${SLOPE} p_i(1+p_i)$. If $i \neq j$: ${SLOPE} p_ip_j$.", [R, R]),
    (SOFTMAX + rf"${SLOPE} -p_ip_j \quad (i\ne j)$ and ${SLOPE} p_i(1-p_j), \text{{ for }} i=j$", [P, P]),
    (SOFTMAX + rf"${SLOPE} p_ip_j \quad (i\ne j)$ and ${SLOPE} p_i, \text{{ for }} i=j$", [R, R]),
    (UNITS + r"\mathbf{1}(i = k, j = l)$", [P]),
    (UNITS + r"\mathbf{1}(i = l, j = k)$", [R]),
    (ERRORS + rf"$\delta_j = p_j \sum_i t_i - t_j$ and ${SLOPE} p_i (\delta_{{ij}} - p_j)$", [P, P]),
    (ERRORS + rf"$\delta_j = p_j \sum_i t_i + t_j$ and ${SLOPE} p_i (\delta_{{ij}} + p_j)$", [R, R]),
]

LEAST = r"Let $w\in\mathbb{R}^d$, $X\in\mathbb{R}^{n\times d}$, $y\in\mathbb{R}^n$, $J(w)=\|Xw-y\|^2$. Then "
OF_TWO = r"Let $x, y\in\mathbb{R}$ and $g(x, y) = x^2 y$. Then "
COLUMNS = (
    r"Let $W = (w_1, w_2, \dots, w_k) \in \mathbb{R}^{d \times k}$, $x\in\mathbb{R}^d$, "
    r"$f = \sum_{i=1}^k x^\top w_i$. Then "
)
SQUARES = r"Let $x \in \mathbb{R}^d$. Then $\frac{\partial (x \odot x)}{\partial x} = "

GRADIENTS = [
    (
        LEAST + r"$\nabla J(w)=2X^\top(Xw-y)$ and $\nabla^2 J(w) = 2 X^\top X$ and $\nabla J = 2X^\top(Xw-y)$.",
        [P, P, P],
    ),
    (LEAST + r"$\nabla J(w)=X^\top(Xw-y)$ and $\nabla^2 J(w) = X^\top X$ and $\nabla J = 2X^\top(Xw+y)$.", [R, R, R]),
    (OF_TWO + r"$\nabla g(x, y) = [2 x y, x^2]$.", [P]),
    (OF_TWO + r"$\nabla g(x, y) = [x^2, 2 x y]$.", [R]),
    (OF_TWO + r"$\nabla^2 g(x, y) = \begin{pmatrix} 2 y & 2x \\ 2 x & 0 \end{pmatrix}$.", [P]),
    (OF_TWO + r"$\nabla^2 g(x, y) = \begin{pmatrix} 2 y & x \\ x & 0 \end{pmatrix}$.", [R]),
    (
        COLUMNS + r"$\frac{\partial f}{\partial w_i} = x$ and $\frac{\partial f}{\partial W} = x \mathbf{1}^\top$.",
        [P, P],
    ),
    (
        COLUMNS + r"$\frac{\partial f}{\partial w_i} = w_i$ and $\frac{\partial f}{\partial W} = 2 x \mathbf{1}^\top$.",
        [R, R],
    ),
    (SQUARES + r"2 \operatorname{diag}(x_1, \dots, x_d)$.", [P]),
    (SQUARES + r"\operatorname{diag}(x_1, \dots, x_d)$.", [R]),
    (SOFTMAX + rf"${SLOPE} p_i(1(i == j)-p_j)$", [P]),
    (SOFTMAX + rf"${SLOPE} p_i(1(i == j)-p_i)$", [R]),
]

RECURRENT = (
    r"Let $V \in \mathbb{R}^{M\times C}$, $W \in \mathbb{R}^{M\times M}$, $S(t-1), X(t) : N \times M$, "
    r"$Y(t): N\times C$. $$\begin{aligned} Z(t) &= X(t) + S(t-1) W \\ S(t) &= \tanh(Z(t)) \\ G(t) &= S(t) V \\ "
    r"L(t) &= \frac12 \sum_{i=1}^N \sum_{j=1}^C (Y(t)_{i,j} - G(t)_{i,j})^2 \end{aligned}$$ Then "
)

TIMES = [
    (RECURRENT + r"$\frac{\partial L(t)}{\partial G(t)_{i,j}} = G(t)_{i,j} - Y(t)_{i,j}$", [P]),
    (RECURRENT + r"$\frac{\partial L(t)}{\partial G(t)_{i,j}} = Y(t)_{i,j} - G(t)_{i,j}$", [R]),
    (RECURRENT + r"$\frac{\partial L(t)}{\partial V} = S(t)^\top (G(t) - Y(t))$", [P]),
    (RECURRENT + r"$\frac{\partial L(t)}{\partial V} = S(t-1)^\top (G(t) - Y(t))$", [R]),
    (RECURRENT + r"$\frac{\partial L(t)}{\partial S(t-1)} = \frac{\partial L(t)}{\partial Z(t)} W^\top$", [P]),
    (RECURRENT + r"$\frac{\partial L(t)}{\partial S(t-1)} = \frac{\partial L(t)}{\partial Z(t)} W$", [R]),
    (r"Let $t \in \mathbb{R}$ and $x(t) = t^2$, $y(t) = x(t) + x(t-1)$. Then $\frac{dy(t)}{dt} = 4 t - 2$.", [P]),
    (r"Let $t \in \mathbb{R}$ and $x(t) = t^2$, $y(t) = x(t) + x(t-1)$. Then $\frac{dy(t)}{dt} = 2 t$.", [R]),
]


def test_a_gradient_in_numbers_is_one_at_a_point() -> None:
    text = OF_TWO + r"At the point $(1, 2)$ we have $g(x, y) = 2$ with gradient $\nabla g(x, y) = [4, 1]$. "
    assert verdicts(text + r"In general $\nabla g(x, y) = [2 x y, x^2]$.") == [P]


def test_cases_that_leave_some_open_are_not_read() -> None:
    cases = r"\begin{cases} p_i(1-p_i) & i = j \\ -p_i p_j & i = k \end{cases}"
    result = judged(SOFTMAX + rf"${SLOPE} {cases}$")
    assert not result.claims
    assert "these cases do not say" in result.unread[0].reason


@pytest.mark.parametrize(
    "claim",
    [
        r"$\frac{d}{d\mu} \mathbb{E}[(x-\mu)^2] = -2\mathbb{E}[x-\mu]$",
        r"$\frac{d}{d\mu} E[(x-\mu)^2] = -2E[x-\mu]$",
        r"$\frac{d}{d\mu} \mathbb{E}_{x \sim p}\left[(x-\mu)^2 \mid \mu\right] = 0$",
        r"$\frac{d}{d\mu} \mathrm{Var}(x\mu) = 2 \mu \mathrm{Var}(x)$",
    ],
)
def test_an_expectation_is_refused_by_name(claim: str) -> None:
    result = judged(r"Let $x, \mu \in \mathbb{R}$. Then " + claim)
    assert not result.claims
    assert result.unread[0].reason == "an expectation or a probability is not read"


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        (r"(w_1, w_1, \dots, w_n)", "which entries the dots stand for"),
        (r"\begin{bmatrix} w_1 & \\ w_2 & w_1 \end{bmatrix}", "is blank"),
        (r"\begin{bmatrix} w_1 \\ w_2 & w_1 \end{bmatrix}", "different numbers of entries"),
        (r"\begin{bmatrix} w \\ x \end{bmatrix}", "blocks"),
    ],
)
def test_what_is_not_clear_of_a_matrix_is_not_read(entries: str, why: str) -> None:
    result = judged(OWN + rf"Then $\nabla_x f = {entries}$.")
    assert not result.claims
    assert why in result.unread[0].reason


def test_a_sum_over_a_part_of_the_values_is_not_read_as_over_all() -> None:
    text = r"Let $x \in \mathbb{R}^n$ and $f = \sum_{i \in S} x_i$. Then $\frac{\partial f}{\partial x_i} = 1$. "
    result = judged(text + r"Here $\sum_{i=1}^n x_i = 0$.")
    assert [said(c) for c in result.claims] in ([], ["undecided"])
    assert any("of which values" in u.reason for u in result.unread)


@pytest.mark.parametrize(
    ("text", "expected"), SMALL_COMMANDS + SHAPES + SUMS + MATRICES + BARS + HALVES + IVERSON + GRADIENTS + TIMES
)
def test_small_commands(text: str, expected: list[str]) -> None:
    assert verdicts(text) == expected


def test_a_logarithm_without_a_base_is_not_guessed() -> None:
    result = judged(NUMBERS + r"$y = \lg x$. Then $\frac{dy}{dx} = \frac1x$.")
    assert [said(c) for c in result.claims] == []
    assert "the base of \\lg is not said" in result.unread[0].reason
