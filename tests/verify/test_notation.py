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


@pytest.mark.parametrize(("text", "expected"), SMALL_COMMANDS)
def test_small_commands(text: str, expected: list[str]) -> None:
    assert verdicts(text) == expected


def test_a_logarithm_without_a_base_is_not_guessed() -> None:
    result = judged(NUMBERS + r"$y = \lg x$. Then $\frac{dy}{dx} = \frac1x$.")
    assert [said(c) for c in result.claims] == []
    assert "the base of \\lg is not said" in result.unread[0].reason
