"""Kinds of text that published notes have: whatever is read of them is right, and nothing right is refuted."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import AGREES, PROVED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source

KINDS = [
    # text, how many claims are right, how many are left open
    (r"Let $x,t,w,\eta\in\mathbb{R}$, $L=(wx-t)^2$. Then $\frac{\partial L}{\partial w}=2(wx-t)x$. Step: "
     r"$w = w-\eta\frac{\partial L}{\partial w}$.", 2, 0),
    (r"Let $A \in \mathbb{R}^{m\times n}$, $b \in \mathbb{R}^m$, $x \in \mathbb{R}^n$, $f = \frac12\|A x - b\|^2$. "
     r"Setting $\frac{\partial f}{\partial x} = 0$ gives the normal equations $A^\top A x = A^\top b$. "
     r"$\frac{\partial f}{\partial x} = A^\top (A x - b)$.", 1, 0),
    (r"Let $A \in \mathbb{R}^{n\times n}$, $u \in \mathbb{R}^n$, $\lambda \in \mathbb{R}$. $A u = \lambda u$, "
     r"$\|u\|^2 = 1$. Since $m = 0$ we have $f = u^\top u$.", 0, 0),
    (r"layer $\ell = 1$ and from $\ell = 2$ on. $N = 784$ and $N = 3072$, $\eta = 0.1$ and $\eta = 0.01$. Let "
     r"$x \in \mathbb{R}^N$, $f = \eta x^\top x$; $\frac{\partial f}{\partial x} = 2\eta x$.", 1, 0),
    (r"A map $y = f(x)$ takes $x \in \mathbb{R}^N$ to $y \in \mathbb{R}^M$. Now $y = W x$ with "
     r"$W \in \mathbb{R}^{M \times N}$. Then $\frac{\partial y}{\partial x} = W$.", 1, 0),
    (r"Batch weights are $W \in \mathbb{R}^{d \times q}$; one sample $x \in \mathbb{R}^d$ gives $o = W x + b$ with "
     r"$b, y \in \mathbb{R}^q$, $l = \log \sum_{k=1}^q \exp(o_k) - \sum_{j=1}^q y_j o_j$ and "
     r"$\frac{\partial l}{\partial o_j} = \frac{\exp(o_j)}{\sum_{k=1}^q \exp(o_k)} - y_j$.", 1, 0),
    (r"Let $w, x \in \mathbb{R}$, $h = w x$ and $g = w h$. By the chain rule $\frac{dg}{dw} = "
     r"\frac{\partial g}{\partial w} + \frac{\partial g}{\partial h} \frac{\partial h}{\partial w}$.", 1, 0),
    (r"Let $w, x \in \mathbb{R}$, $h = w x$ and $g(w, h) = w h$. Then $\frac{\partial g}{\partial w} = h$", 1, 0),
    (r"Let $w, x \in \mathbb{R}$, $u(a) = a^2$ and $a(w, x) = (w+x)^2$. "
     r"Then $\frac{\partial a}{\partial w} = 2(w+x)$.", 1, 0),
    (r"Let $z, y \in \mathbb{R}^n$, $a = g(z)$ and $C = \frac12 \|a - y\|^2$. Then $\frac{\partial C}{\partial z} = "
     r"(a - y) * g'(z)$, where $*$ is the elementwise product.", 1, 0),
    (r"Let $z \in \mathbb{R}^n$, $a = \sigma(z)$. $\frac{\partial a}{\partial z} = a(1-a)$", 0, 1),
    (r"Let $z \in \mathbb{R}^n$ and let $\sigma$ be the softmax, $a = \sigma(z)$. Then "
     r"$\frac{\partial a_i}{\partial z_j} = a_i (\delta_{ij} - a_j)$.", 1, 0),
    (r"Let $z \in \mathbb{R}^n$ and $a = g(z)$ with the sigmoid function $g$. Then "
     r"$\frac{\partial a_i}{\partial z_i} = a_i (1 - a_i)$.", 1, 0),
    (r"Let $X \in \mathbb{R}^{n \times d}$ have the rows $x_1^\top, \dots, x_n^\top$, $x_i \in \mathbb{R}^d$, let "
     r"$y \in \mathbb{R}^n$ and $w \in \mathbb{R}^d$, and $L = \frac12 \sum_{i=1}^n (w^\top x_i - y_i)^2$. "
     r"Then $\frac{\partial L}{\partial w} = X^\top (X w - y)$.", 1, 0),
    (r"Let $W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $z = W x$. Dimensions: "
     r"$(m \times n)(n \times 1) = m \times 1$, as for $z$.", 0, 0),
    (r"Let $x \in \mathbb{R}$ and $f = \log_2 x$. Then $\frac{df}{dx} = \frac{1}{x \ln 2}$.", 1, 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "right", "left_open"), KINDS)
def test_kinds(text: str, right: int, left_open: int) -> None:
    result = judge_source(read_source("notes.md", text))
    held = [c for c in result.claims if c.verdict in (PROVED, AGREES)]
    others = [c for c in result.claims if c not in held]
    assert not any(c.verdict == "refuted" for c in others), others
    assert (len(held), len(others) + len(result.unread)) == (right, left_open)


WRONG = [
    r"Let $z \in \mathbb{R}^n$, $a = \sigma(z)$. $\frac{\partial a}{\partial z} = a(2-a)$",
    r"Let $z \in \mathbb{R}^n$ and let $\sigma$ be the softmax, $a = \sigma(z)$. "
    r"Then $\frac{\partial a_i}{\partial z_j} = a_i (\delta_{ij} + a_j)$.",
    r"Let $x \in \mathbb{R}$ and $f = \log_2 x$. Then $\frac{df}{dx} = \frac{1}{x}$.",
    r"Let $w, x \in \mathbb{R}$ and $a(w, x) = (w+x)^2$. Then $\frac{\partial a}{\partial w} = 3(w+x)$.",
]


@pytest.mark.usefixtures("verdicts_alone")
@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_stays_refuted(text: str) -> None:
    assert [c.verdict for c in judge_source(read_source("notes.md", text)).claims] == ["refuted"]
