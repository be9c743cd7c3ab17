"""A claim's line and column are those of the sign that joins its sides, also in chains and over several lines."""

from __future__ import annotations

import pytest

from symjac.notes.source import read_source
from symjac.verify.judge import judge_source

GIVEN = "$x \\in \\mathbb{R}^n$, $A \\in \\mathbb{R}^{n \\times n}$, $L = x^\\top A x$, \\newcommand{\\eq}{=}\n"

PLACES = [
    (r"$\nabla_x L = 2 A x$", [(2, 13)]),
    ("$$\n\\nabla_x L\n  = 2 A x\n$$", [(4, 3)]),
    ("$$\n\\nabla_x L =\n  2 A x\n$$", [(3, 12)]),
    ("$$\\begin{aligned}\n\\nabla_x L\n&= A x + A^\\top x \\\\\n&= (A + A^\\top) x\\\\\n=&\n 2 A x\\end{aligned}$$",
     [(4, 2), (5, 2), (6, 1)]),
    (r"$\nabla_x \sum_{i=1}^n x_i = 1$, so $\nabla_x L = x = A x$", [(2, 28), (2, 49), (2, 53)]),
    (r"$\nabla_x L = \left( 2 A x \right)$", [(2, 13)]),
    (r"$\nabla_x L \eq x$", [(2, 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "places"), PLACES)
def test_where_a_claim_is(text: str, places: list[tuple[int, int]]) -> None:
    assert [(c.line, c.column) for c in judge_source(read_source("n.md", GIVEN + text)).claims] == places
