"""Verdicts for programs: SARIF as code review takes it, and the JSON that the contract fixes."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from symjac.report import as_json, sarif
from symjac.verify.verdict import Judged
from tests.report.made import NOTES, RESULT, claim, fault, judged, unread


def closed(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def many(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, "uniqueItems": True}


TEXT = closed(("text",), text={"type": "string", "minLength": 1})
PLACE = {"type": "integer", "minimum": 1}
REGION = closed(
    ("startLine", "startColumn", "endLine", "endColumn"),
    startLine=PLACE,
    startColumn=PLACE,
    endLine=PLACE,
    endColumn=PLACE,
)
ARTIFACT = closed(("uri",), uri={"type": "string", "pattern": r"^(file:///)?(%[0-9A-F]{2}|[A-Za-z0-9._~/-])+$"})
LEVEL = {"enum": ["none", "note", "warning", "error"]}
REPLACEMENT = closed(
    ("deletedRegion", "insertedContent"),
    deletedRegion=REGION,
    insertedContent=closed(("text",), text={"type": "string"}),
)
CHANGE = closed(
    ("artifactLocation", "replacements"), artifactLocation=ARTIFACT, replacements=many(REPLACEMENT) | {"minItems": 1}
)
RESULT_ = closed(
    ("ruleId", "ruleIndex", "level", "message", "locations"),
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    baselineState={"enum": ["new", "unchanged", "updated", "absent"]},
    message=TEXT,
    locations=many(
        closed(
            ("physicalLocation",),
            physicalLocation=closed(("artifactLocation", "region"), artifactLocation=ARTIFACT, region=REGION),
        )
    ),
    fixes=many(closed(("artifactChanges",), description=TEXT, artifactChanges=many(CHANGE) | {"minItems": 1})),
)
RULE = closed(
    ("id",), id={"type": "string"}, shortDescription=TEXT, defaultConfiguration=closed(("level",), level=LEVEL)
)
DRIVER = closed(("name",), name={"const": "symjac"}, version={"type": "string"}, rules=many(RULE))
SCHEMA = closed(
    ("version", "runs"),
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs=many(
        closed(
            ("tool", "results"),
            tool=closed(("driver",), driver=DRIVER),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            results={"type": "array", "items": RESULT_},
        )
    ),
)
"""The part of SARIF 2.1.0 that is written here, closed to everything else."""


def checked(*results: Judged) -> dict[str, Any]:
    """The SARIF of `results`, after what the standard asks of it."""
    document = json.loads(sarif.write(results))
    jsonschema.validate(document, SCHEMA)
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for finding in run["results"]:
        assert rules[finding["ruleIndex"]] == finding["ruleId"]
    return run


def test_findings_are_what_does_not_simply_hold() -> None:
    found = checked(RESULT)["results"]
    assert [(f["ruleId"], f["level"]) for f in found] == [
        ("sign", "error"),
        ("other_convention", "warning"),
        ("doubtful", "warning"),
        ("not-read", "warning"),
    ]
    assert found[0]["message"]["text"].splitlines() == [
        "the sign is wrong",
        r"Right: \frac{\partial L}{\partial y} = y - t",
        "Counterexample at m = 2, n = 3: y = [1, 2]; t = [0, 5]; entry 1: claimed -1, derived 1",
    ]


def test_regions_hold_the_part_at_fault() -> None:
    lines = NOTES.splitlines()
    parts = ["t - y", r"(y - t)^\top W", "2 A x", r"x = \{"]
    for finding, part in zip(checked(RESULT)["results"], parts, strict=True):
        region = finding["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] == region["endLine"]
        assert lines[region["startLine"] - 1][region["startColumn"] - 1 : region["endColumn"] - 1] == part


def test_a_fix_puts_the_right_side_in_place_of_the_claimed_one() -> None:
    first, *others = checked(RESULT)["results"]
    (change,) = first["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 6, "startColumn": 33, "endLine": 6, "endColumn": 38},
            "insertedContent": {"text": "y - t"},
        }
    ]
    assert not any("fixes" in other for other in others)


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("notes/a b.md", "notes/a%20b.md"),
        ("ä%:#?.md", "%C3%A4%25%3A%23%3F.md"),
        ("../x.tex", "../x.tex"),
        ("/a b/x.md", "file:///a%20b/x.md"),
    ],
)
def test_files_are_uris(file: str, uri: str) -> None:
    text = "$dL/dW = W$"
    run = checked(judged(text, [claim(text, "dL/dW = W", "undecided", file=file)], file=file))
    (found,) = run["results"]
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri
    assert found["level"] == "note"


def test_a_refuted_claim_without_a_fault_has_a_rule() -> None:
    text = "$dL/dW = W$"
    (found,) = checked(judged(text, [claim(text, "dL/dW = W", "refuted")]))["results"]
    assert found["ruleId"] == "other"


def test_nothing_found_is_an_empty_run() -> None:
    assert checked(judged("x"))["results"] == []


def test_strange_text_stays_text() -> None:
    text = '$dL/dW = \x1b\u202e"</script>\ud800$'
    one = claim(text, text.strip("$"), "refuted", fault(text, '\x1b"', replacement="\ud800"))
    checked(judged(text, [one], [unread(text, "\x1b", "\x1b")]))


@pytest.mark.parametrize(
    "plant",
    [
        lambda run: run["results"][0]["locations"][0]["physicalLocation"]["region"].update(startColumn=0),
        lambda run: run["results"][0].update(level="fatal"),
        lambda run: run["results"][0].pop("message"),
        lambda run: run["results"][0].update(remark=""),
        lambda run: run["tool"]["driver"].pop("name"),
    ],
)
def test_the_schema_refuses_what_is_wrong(plant: Any) -> None:
    document = copy.deepcopy(sarif.document([RESULT]))
    plant(document["runs"][0])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


# --- the contract's JSON ---


def test_json_has_the_contracts_keys() -> None:
    answer = json.loads(as_json.write([RESULT]))
    assert list(answer) == ["claims", "unread", "not_claims", "summary"]
    keys = "file line column cell claim verdict known road taken fault formula notes counterexample"
    assert all(" ".join(c) == keys for c in answer["claims"])
    assert answer["claims"][0] | {"road": ""} == {
        "file": "notes.md",
        "line": 6,
        "column": 1,
        "cell": None,
        "claim": r"\frac{\partial L}{\partial y} = t - y",
        "verdict": "refuted",
        "known": False,
        "road": "",
        "taken": [],
        "fault": "the sign is wrong",
        "formula": r"\frac{\partial L}{\partial y} = y - t",
        "notes": [],
        "counterexample": {
            "sizes": {"m": 2, "n": 3},
            "values": {"y": "[1, 2]", "t": "[0, 5]"},
            "entry": "entry 1",
            "claimed": "-1",
            "derived": "1",
        },
    }
    assert (
        answer["claims"][1]["fault"] is answer["claims"][1]["formula"] is answer["claims"][1]["counterexample"] is None
    )
    assert answer["unread"] == [
        {
            "file": "notes.md",
            "line": 10,
            "column": 52,
            "cell": None,
            "text": r"x = \{",
            "reason": "the bracket { is never closed",
        }
    ]
    assert [(c["taken"], c["notes"]) for c in answer["claims"] if c["verdict"] == "doubtful"] == [(["A is n x n"], [])]
    assert answer["not_claims"] == [{"file": "notes.md", "line": 3, "column": 1, "cell": None, "text": "L = ..."}] * 2
    assert answer["summary"] == {
        "claims": 5,
        "proved": 1,
        "agrees": 1,
        "other_convention": 1,
        "doubtful": 1,
        "refuted": 1,
        "undecided": 0,
        "known": 0,
        "not_claims": 2,
        "unread": 1,
    }


def test_what_is_known_is_told_from_what_is_new() -> None:
    first, *others = RESULT.claims
    result = replace(RESULT, claims=(replace(first, known=True), *others))
    assert [f["baselineState"] for f in checked(result)["results"]] == ["unchanged", "new", "new", "new"]
    assert all("baselineState" not in f for f in checked(RESULT)["results"])
