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


@pytest.mark.parametrize(("text", "expected"), SMALL_COMMANDS + SHAPES)
def test_small_commands(text: str, expected: list[str]) -> None:
    assert verdicts(text) == expected


def test_a_logarithm_without_a_base_is_not_guessed() -> None:
    result = judged(NUMBERS + r"$y = \lg x$. Then $\frac{dy}{dx} = \frac1x$.")
    assert [said(c) for c in result.claims] == []
    assert "the base of \\lg is not said" in result.unread[0].reason
