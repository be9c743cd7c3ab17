"""Notes as people write them, in Markdown and LaTeX: every claim gets its verdict, its fault and the right formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from symjac.equality.outcome import AGREES, PROVED, REFUTED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.verdict import OTHER, Claim, Judged
from tests.marks import pages
from tests.verify.internal import internal

NOTES = Path(__file__).parents[1] / "fixtures" / "notes"
EXPECTED: Mapping[str, Sequence[Mapping[str, Any]]] = YAML(typ="safe").load(NOTES / "expected.yaml")
FILES = {
    path.name: rows
    for name, rows in EXPECTED.items()
    for path in ([NOTES / name] if "." in name else [NOTES / f"{name}.md", NOTES / f"{name}.tex"])
}
SECONDS = {"c_rows", "c_other_loss", "d_outer", "b_sigmoid", "a_one_sample", "ridge_and_logistic"}
LONG = [name for name in FILES if name.split(".")[0] in SECONDS or (name.endswith(".tex") and name[0] in "abc")]
PAGES = pages(FILES, LONG)
WITH_FAULTS = pages((name for name, rows in FILES.items() if any(row["verdict"] == "refuted" for row in rows)), LONG)
VERDICTS = {"right": (PROVED, AGREES), "other": (OTHER,), "refuted": (REFUTED,)}


@cache
def judged(name: str) -> Judged:
    return judge_source(read_source(str(NOTES / name)))


def with_formulas(name: str, formula: Callable[[Claim, Mapping[str, Any]], str]) -> Judged:
    """The verdicts on the file in which every refuted claim is replaced by `formula` of it."""
    text, shift = judged(name).text, 0
    for claim, row in zip(judged(name).claims, FILES[name], strict=True):
        if row["verdict"] == "refuted":
            new = formula(claim, row)
            text = text[: claim.span.start + shift] + new + text[claim.span.end + shift :]
            shift += len(new) - (claim.span.end - claim.span.start)
    return judge_source(read_source(str(NOTES / name), text))


def assert_right(result: Judged, rows: Sequence[Mapping[str, Any]]) -> None:
    """Every claim but those of another convention is right."""
    assert not result.unread
    for claim, row in zip(result.claims, rows, strict=True):
        expected = VERDICTS["other" if row["verdict"] == "other" else "right"]
        assert claim.verdict in expected, (row["id"], claim.text, claim.verdict, claim.road)


def test_every_file_is_expected_and_there() -> None:
    found = {p.name for p in NOTES.iterdir() if p.suffix in (".md", ".tex")}
    assert found == set(FILES)


@pytest.mark.parametrize("name", WITH_FAULTS)
def test_no_name_of_symjacs_own_is_shown(name: str) -> None:
    assert [text for c in judged(name).claims if c.verdict == REFUTED for text in internal(c)] == []


@pytest.mark.parametrize("name", PAGES)
def test_verdicts(name: str) -> None:
    result = judged(name)
    assert [u.text for u in result.unread] == []
    assert len(result.claims) == len(FILES[name]), [c.text for c in result.claims]
    for claim, row in zip(result.claims, FILES[name], strict=True):
        said = f"{row['id']}: {claim.text} is {claim.verdict} ({claim.road}; {claim.notes}; {claim.fault})"
        assert claim.verdict in VERDICTS[row["verdict"]], said
        assert claim.road, said
        words = " ".join([*claim.notes, claim.fault.text if claim.fault else ""]).casefold()
        for word in row.get("says", ()):
            assert word.casefold() in words, said
        if "fault" in row:
            assert claim.fault is not None and claim.fault.kind in row["fault"], said
            assert claim.fault.text, said


@pytest.mark.parametrize("name", WITH_FAULTS)
def test_the_right_formulas_are_right(name: str) -> None:
    assert_right(with_formulas(name, lambda _, row: str(row["right"])), FILES[name])


@pytest.mark.parametrize("name", WITH_FAULTS)
def test_the_formulas_given_are_right(name: str) -> None:
    """What verify prints in place of a wrong formula is judged right, so it equals the right one."""

    def given(claim: Claim, row: Mapping[str, Any]) -> str:
        assert claim.fault is not None, row["id"]
        left, _, right = claim.fault.formula.partition("=")
        assert left.strip() and right.strip(), (row["id"], claim.fault)
        return claim.fault.formula

    assert_right(with_formulas(name, given), FILES[name])


@pytest.mark.parametrize("name", WITH_FAULTS)
def test_a_refuted_claim_is_shown_to_be_wrong(name: str) -> None:
    """By a point where both sides are numbers that differ, or by two shapes."""
    for claim in judged(name).claims:
        if claim.verdict == REFUTED and claim.counterexample is not None:
            assert claim.counterexample.claimed != claim.counterexample.derived
        elif claim.verdict == REFUTED:
            assert claim.road == "shapes" and claim.fault is not None and claim.fault.text
