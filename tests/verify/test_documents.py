"""What symjac writes, symjac proves: every document of an example, its second-order chapter included."""

from __future__ import annotations

from pathlib import Path

import pytest

from symjac.equality.outcome import AGREES, PROVED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source

GENERATED = Path(__file__).parents[2] / "generated"
QUICK = {"xor", "logistic_regression", "relu_regression"}
LONG = {"conv_small"}
"""Of the examples, those that take minutes."""
DOCUMENTS = [
    pytest.param(path, id=path.name, marks=[] if path.stem in QUICK else [pytest.mark.slow])
    for path in sorted([*GENERATED.glob("*.md"), *GENERATED.glob("*.tex")])
    if path.stem not in LONG
]


def test_the_documents_are_there() -> None:
    assert len(DOCUMENTS) >= 12


@pytest.mark.parametrize("path", DOCUMENTS)
def test_everything_is_read_and_right(path: Path) -> None:
    result = judge_source(read_source(str(path)))
    assert [(u.line, u.text, u.reason) for u in result.unread] == []
    wrong = [(c.line, c.text, c.verdict, c.road) for c in result.claims if c.verdict not in (PROVED, AGREES)]
    assert wrong == []
    assert len(result.claims) >= 10
