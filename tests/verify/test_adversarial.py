"""Notes that try to get a wrong formula passed, or a right one refuted: a table with a section for each kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.session import from_claim
from symjac.verify.verdict import OTHER
from tests.marks import some

TABLE = Path(__file__).parent.parent / "fixtures" / "adversarial.yaml"
ROWS = [(kind, row) for kind, rows in YAML(typ="safe").load(TABLE).items() for row in rows]
NOT_READ = "not read"
ALLOWED = {
    "right": {PROVED, AGREES},
    "wrong": {REFUTED},
    "open": {REFUTED, UNDECIDED, NOT_READ},
    "soft": {PROVED, AGREES, OTHER, UNDECIDED, NOT_READ},
}


pytestmark = pytest.mark.usefixtures("verdicts_alone")


@pytest.mark.parametrize(("kind", "row"), some(ROWS), ids=[f"{kind}{k}" for k, (kind, _) in enumerate(ROWS)])
def test_verdicts(kind: str, row: dict[str, object]) -> None:
    if "claim" in row:
        given = row["given"]
        assert isinstance(given, list)
        source, wanted = from_claim(str(row["claim"]), given, "plain"), [row["wanted"]]
    else:
        source, wanted = read_source("notes.md", str(row["notes"])), row["wanted"]
    result = judge_source(source)
    verdicts = [c.verdict for c in result.claims if c.road != "shapes fit"]
    said = f"{result.claims}\n{result.unread}"
    assert isinstance(wanted, list)
    places = [(c.span.start, c.verdict) for c in result.claims if c.road != "shapes fit"]
    places += [(u.span.start, NOT_READ) for u in result.unread]
    if len(places) == len(wanted):  # each is read or not, in the order of the text
        verdicts = [verdict for _, verdict in sorted(places)]
    unread = [NOT_READ] * max(0, len(wanted) - len(verdicts))
    assert len(verdicts) <= len(wanted), said
    if unread and len(wanted) > 1:
        assert verdicts == [], said
    for found, one in zip((*verdicts, *unread), wanted, strict=True):
        assert found in ALLOWED[one], f"{one} was wanted, {found} came\n{said}"
