"""Known claims: by file, text and verdict, as often as they are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from symjac.notes.source import read_source
from symjac.report import baseline, page, screen
from symjac.verify.verdict import Judged, fails
from tests.report.made import RESULT, claim, judged

TEXT = "$a = 1$ and $b = 2$"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("known.json")


def known(results: list[Judged], place: Path) -> list[bool]:
    return [c.known for r in baseline.marked(results, place) for c in r.claims]


def save(results: list[Judged], place: Path) -> None:
    place.write_text(baseline.written(results, place), encoding="utf-8")


def test_what_is_refuted_or_doubtful_is_known(place: Path) -> None:
    save([RESULT], place)
    assert known([RESULT], place) == [c.verdict in ("refuted", "doubtful") for c in RESULT.claims]
    assert not fails(baseline.marked([RESULT], place), strict=True) and fails([RESULT])


@pytest.mark.parametrize(
    ("change", "is_known"),
    [
        ({}, True),
        ({"line": 70, "column": 2}, True),
        ({"text": "a  =\n1"}, True),
        ({"road": "another", "cell": 5}, True),
        ({"text": "a = 3"}, False),
        ({"file": "other.md"}, False),
        ({"file": "./notes.md"}, True),
        ({"verdict": "doubtful"}, False),
        ({"verdict": "proved"}, False),
    ],
)
def test_a_claim_is_known_by_file_text_and_verdict(place: Path, change: dict[str, object], is_known: bool) -> None:
    one = claim(TEXT, "a = 1", "refuted")
    save([judged(TEXT, [one])], place)
    assert known([judged(TEXT, [replace(one, **change)])], place) == [is_known]  # type: ignore[arg-type]


def test_one_more_of_a_known_claim_is_new(place: Path) -> None:
    one = claim(TEXT, "a = 1", "refuted")
    save([judged(TEXT, [one, one])], place)
    assert known([judged(TEXT, [one, one, one])], place) == [True, True, False]


def test_the_same_verdicts_give_the_same_baseline(place: Path) -> None:
    one, other = (claim(TEXT, text, "refuted") for text in ("a = 1", "b = 2"))
    assert baseline.written([judged(TEXT, [one, other])], place) == baseline.written(
        [judged(TEXT, [other, one])], place
    )


def test_known_claims_are_shown_when_asked_for(place: Path) -> None:
    one = replace(claim(TEXT, "a = 1", "refuted"), known=True)
    result = judged(TEXT, [one, claim(TEXT, "b = 2", "refuted")])
    said = [line.plain for line in screen.lines([result])]
    assert said[0] == "notes.md:1:14: refuted: the two sides differ"
    assert said[-1] == "2 claims: 2 refuted, 1 of them known"
    assert next(screen.lines([result], verbose=True)).plain.startswith("notes.md:1:2: refuted, known")
    assert "line 1, known" in page.write([(read_source("notes.md", TEXT), result)])
