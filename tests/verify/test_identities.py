"""The derivative identities of a matrix-calculus reference: each is proved or agrees, and common slips are refuted."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from symjac.equality.outcome import AGREES, PROVED, REFUTED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.verdict import OTHER, Judged

FOLDER = Path(__file__).parents[1] / "fixtures" / "identities"
RIGHT = sorted({p.name for p in FOLDER.glob("*.yaml")} - {"wrong.yaml", "other.yaml"})


pytestmark = pytest.mark.xdist_group("identities")
"""One process judges each page once."""


@cache
def judged(name: str) -> Judged:
    return judge_source(read_source(str(FOLDER / name)))


@pytest.mark.parametrize("name", RIGHT)
def test_identities_hold(name: str) -> None:
    result = judged(name)
    assert [u.text for u in result.unread] == []
    assert result.claims
    assert [(c.text, c.verdict, c.road) for c in result.claims if c.verdict not in (PROVED, AGREES)] == []


@pytest.mark.slow
def test_slips_are_refuted() -> None:
    result = judged("wrong.yaml")
    assert [u.text for u in result.unread] == []
    assert [(c.text, c.verdict, c.road) for c in result.claims if c.verdict != REFUTED] == []
    assert all(c.fault is not None and c.fault.text for c in result.claims)


def test_another_layout_is_named() -> None:
    result = judged("other.yaml")
    assert [(c.text, c.verdict, c.road) for c in result.claims if c.verdict != OTHER] == []
    assert all("numerator layout" in " ".join(c.notes) for c in result.claims)


def test_there_are_many() -> None:
    assert sum(len(judged(name).claims) for name in RIGHT) >= 100
