"""Kinds of text of published derivations that were judged falsely, as notes of our own, each with a wrong twin."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import AGREES, PROVED, REFUTED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source

P, R = PROVED, REFUTED

READ = [
    # a label in brackets is no power, and a power no label
    (r"Let $f(x) = \frac{x^3}{3} - 5 x^2$. Start at $x^{[0]} = 4$, go on to $x^{[2]} = 1$. "
     r"Then $f'(x) = x^2 - 10 x$ and $f''(x) = 2x - 5$.", [P, R]),
    (r"Let $x \in \mathbb{R}$, $f(x) = x^3$. At $x^{(1)} = 2$ we have $f'(x^{(1)}) = 12$.", []),
    (r"Let $x \in \mathbb{R}$, $f(x) = x^3$. Then $f^{(2)}(x) = 6 x$.", []),
    # what an equation in e^x is asked for is no new exponential function
    (r"$f(x) = e^x - 3 \log(x)$. $f'(x) = e^x - \frac{3}{x}$, $f'(x) = e^x - \frac{1}{x}$. "
     r"We need $e^x = \frac{3}{x}$.", [P, R]),
    # wide spaces and arrows stand between formulas
    (r"Let $u, v \in \mathbb{R}$. $f(u, v) = 3 u v \hspace{1cm} \to \hspace{1cm} \frac{\partial f}{\partial u} = 3 v "
     r"\hspace{2em} \frac{\partial f}{\partial v} = 3 v$", [P, R]),
    (r"Let $u, v \in \mathbb{R}$. $f = 3 u \hspace{1pt} v$, $\frac{\partial f}{\partial u} = 3 \hspace{-2mm} v$", [P]),
    (r"Let $u \in \mathbb{R}$. $f = 3 u \rightarrow \frac{df}{du} = 3 \to 2 \frac{df}{du} = 7$", [P, R]),
    # a d before a name under one font is no factor
    (r"Let $\mathbf{y}, \mathbf{do} \in \mathbb{R}^d$, $\mathbf{\bar y} = 2 \mathbf{y}$, "
     r"$\mathbf{o} = 3 \mathbf{\bar y}$. $\frac{\partial \mathbf{o}}{\partial \mathbf{\bar y}} = 3 \mathbf{I}$, "
     r"$\mathbf{d \bar y} = 3\, \mathbf{do}$, "
     r"$\mathbf{dy} = (\frac{\partial \mathbf{\bar y}}{\partial \mathbf{y}})^\top \mathbf{d \bar y}$.", [P]),
    (r"Let $\mathbf{A} \in \mathbb{R}^{n \times n}$, $\mathbf{x} \in \mathbb{R}^n$ and "
     r"$f = \mathbf{x}^\top \mathbf{Ax}$. "
     r"$\frac{\partial f}{\partial \mathbf{x}} = \mathbf{Ax} + \mathbf{A}^\top \mathbf{x}$", [P]),
    # what stands in the braces of a command that is not known says nothing by itself
    (r"Let $G(t) = t^2$. $\Pr{X=1} = G'(0)$, $G'(t) = 2 t$, $G'(t) = t$.", [P, R]),
    # an expectation and an order of growth are no functions of what stands in their brackets
    (r"Let $\theta \in \mathbb{R}$ and $z(\theta) = \frac{1}{\theta}$. "
     r"$\frac{d}{d\theta} \log z(\theta) = \mathbb{E}_\theta[s(X)]$, "
     r"$\frac{d}{d\theta} \log z(\theta) = -\frac{1}{\theta}$", [P]),
    (r"Let $x \in \mathbb{R}$, $f(x) = x^3$. $f'(x) = 2 x^2 + \mathcal{O}(x^2)$, $f'(x) = 2 x^2$.", [R]),
    (r"Let $x, h \in \mathbb{R}^d$. $f(x) = x^2$ is smooth, $f(x + h) = f(x) + h f'(x) + \mathcal{O}(h^2)$.", []),
    # a number at given values is no formula for all values
    (r"Let $f(x, y) = 3 x y$. If $x = 2$ and $y = 5$, then $f(x, y) = 30$. As $\frac{\partial f}{\partial y} = 6$, it "
     r"grows." "\n\n" r"Everywhere $\frac{\partial f}{\partial y} = 6$.", [R]),
    # which function of a family is meant is not said
    (r"$f_c(x) = c + x$ has $\frac{df}{dx} = 1$ and $f(x) = \frac{1}{x}$ has $\frac{df}{dx} = -\frac{1}{x^2}$." "\n\n"
     r"Again $\frac{df}{dx} = \frac{1}{x^2}$.", [P, R]),
    # a name that does not fit what is differentiated means another thing there
    (r"Let $A \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $y \in \mathbb{R}^m$. For a square $A$ we have "
     r"$\frac{d}{dx} (x^\top A x) = x^\top (A + A^\top)$. $\frac{d}{dx} (y^\top A x) = A y$.", [R]),
    # a matrix by its entries
    (r"Let $X \in \mathbb{R}^{m \times n}$ and $f = \sum_{ij} X_{ij}^2$. "
     r"$\frac{\partial f}{\partial X} = \left[ \frac{\partial f}{\partial X_{ij}} \right]$, "
     r"$\frac{\partial f}{\partial X} = X$", [R]),
    # what is said of the slope of a function without a formula is what is known of it
    (r"Let $\lambda \in \mathbb{R}$ and $w \in \mathbb{R}^n$. $L'(w) = L(w) + \lambda \|w\|$ is the new loss.", []),
    (r"Thus $f$ is flat, $f'(x) = 0 \Longrightarrow f''(x) \geq 0$.", []),
    (r"At a critical point $f'(x) = 0$. The softplus has $\frac{d}{dx} \zeta(x) = \sigma(x)$.", []),
    (r"Let $w, x \in \mathbb{R}$. $\frac{d}{dx} f(w x) = w f(w x)$, $\frac{d}{dx} f(w x) = w f'(w x)$.", [R, P]),
    # a value in one place, a function in another
    (r"The picture has $\mu = 0$, $\sigma = 1$." "\n\n" r"Let $\sigma(x) = \frac{1}{1 + \exp(-x)}$. "
     r"$\frac{d}{dx} \sigma(x) = \sigma(x) (1 - \sigma(x))$, $\frac{d}{dx} \sigma(x) = \sigma(x) (1 + \sigma(x))$",
     [P, R]),
    # f' without an argument is the slope of f(z), under the formula in force; which one is open where none is near
    (r"Let $y \in \mathbb{R}$. $\ell(z) = \frac12 (z-y)^2$. Then $\ell' = z - y$, $\ell'' = 1$, $\ell'' = 2$." "\n\n"
     r"Now $\ell(z) = e^z - y z$ with $\ell' = e^z - y$, $\ell'' = e^z$ and $\ell'' = 1$." "\n\n"
     r"Another: $\ell(z) = e^{2 z}$, $\ell'' = 4 e^{2 z}$." "\n\n"
     r"The hinge has $\ell'' = 0$ almost everywhere.", [P, P, R, P, P, R, P]),
    # an example of a function is another function
    (r"Let $x \in \mathbb{R}$, $f(x) = x + h'(x)$ with $h(x) = x^2$. $f'(x) = 3$." "\n\n"
     r"For instance, $f(x) = x^3$ has $f'(x) = 3 x^2$ and $f''(x) = 3 x$.", [P, P, R]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READ)
def test_what_published_derivations_say_is_not_judged_falsely(text: str, expected: list[str]) -> None:
    claims = judge_source(read_source("notes.md", text)).claims
    assert [c.verdict if c.verdict != AGREES else P for c in claims] == expected, claims


def test_a_condition_of_constants_is_judged() -> None:
    text = r"Let $f(x) = \max\{0, x\}$. Then $f'(3) = 1$, $f'(-2) = 0$, $f'(-2) = 1$ and $f(0) = 0$."
    assert [c.verdict for c in judge_source(read_source("notes.md", text)).claims] == [P, P, R, P]
