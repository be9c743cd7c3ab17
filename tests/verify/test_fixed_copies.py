"""A copy that is put right is right: nothing in it is refuted when it is read again."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import PROVED, REFUTED
from symjac.notes.source import read_source
from symjac.report.fix import fixed
from symjac.verify.judge import judge_source

LAYER = (
    r"Let $x \in \mathbb{R}^n$, $a \in \mathbb{R}^m$, $W \in \mathbb{R}^{m\times n}$, "
    r"$h = \tanh(W x)$ and $J = a^\top h$. "
)
CONSTANT = r"Let $u\in\mathbb{R}^n$, $f = \mathbf 1^\top\operatorname{softmax}(u)$. "
NEURON = r"Let $x, w, t\in\mathbb{R}$, $z = wx$, $y=\sigma(z)$, $L=\frac12(y-t)^2$. "
NOTES = [
    # notes, how many claims are refuted in them
    (LAYER + r"Then $\frac{\partial J}{\partial W} = 3 a \odot (1 - h \odot h) x^\top$.", 1),
    (LAYER + r"Then $\frac{\partial J}{\partial W} = a \odot (1 - h \odot h) x$.", 1),
    (LAYER + r"Then $\frac{\partial J}{\partial x} = - W^\top a \odot (1 - h \odot h)$.", 1),
    (NEURON + r"Then $\frac{\partial L}{\partial w} = 2(y-t)\sigma'(z)x = 2(y-t)y(1-y)x = (y-t)y(1-y)x$.", 2),
    (NEURON + r"Then $\frac{\partial L}{\partial w} = (y-t)\sigma'(z)x = (y-t)y(1-z)x = (y-t)y(1-y)x$.", 1),
    (CONSTANT + r"Then $\nabla_u f = \mathbf 1$.", 1),
]


@pytest.mark.parametrize(("notes", "wrong"), NOTES)
def test_nothing_is_refuted_in_the_copy(notes: str, wrong: int) -> None:
    first = judge_source(read_source("notes.md", notes))
    assert sum(c.verdict == REFUTED for c in first.claims) == wrong
    (copy,) = fixed(first)
    assert (copy.done, copy.left) == (wrong, 0)
    again = judge_source(read_source("notes.md", copy.text))
    assert [c.verdict for c in again.claims] == [PROVED] * len(first.claims)


def test_what_follows_from_a_wrong_member_is_named() -> None:
    (_, second, _) = judge_source(read_source("notes.md", NOTES[3][0])).claims
    assert second.fault is not None
    assert second.fault.text == "it follows from what is wrong before it; the factor 2 does not belong"
