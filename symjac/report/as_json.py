"""Verdicts for programs: one JSON object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from symjac.verify.verdict import VERDICTS, Claim, Judged, NotClaim, NotRead

TAKEN = "taken: "
"""How a note begins that says what was taken where the text leaves it open."""


def document(results: Sequence[Judged]) -> dict[str, Any]:
    """Claims and unread equations in order of the files, and their counts."""
    claims = [claim for r in results for claim in r.claims]
    unread = [item for r in results for item in r.unread]
    not_claims = [item for r in results for item in r.not_claims]
    return {
        "claims": [_claim(claim) for claim in claims],
        "unread": [_unread(item) for item in unread],
        "not_claims": [_not_claim(item) for item in not_claims],
        "summary": {
            "claims": len(claims),
            **{verdict: sum(c.verdict == verdict for c in claims) for verdict in VERDICTS},
            "known": sum(c.known for c in claims),
            "not_claims": len(not_claims),
            "unread": len(unread),
        },
    }


def write(results: Sequence[Judged]) -> str:
    return json.dumps(document(results), indent=2, allow_nan=False)


def _claim(claim: Claim) -> dict[str, Any]:
    point = claim.counterexample
    return {
        "file": claim.file,
        "line": claim.line,
        "column": claim.column,
        "cell": claim.cell,
        "claim": claim.text,
        "verdict": claim.verdict,
        "known": claim.known,
        "road": claim.road,
        "taken": [note.removeprefix(TAKEN) for note in claim.notes if note.startswith(TAKEN)],
        "fault": claim.fault.text if claim.fault else None,
        "formula": claim.fault.formula or None if claim.fault else None,
        "notes": [note for note in claim.notes if not note.startswith(TAKEN)],
        "counterexample": point
        and {
            "sizes": dict(point.sizes),
            "values": dict(point.values),
            "entry": point.entry,
            "claimed": point.claimed,
            "derived": point.derived,
        },
    }


def _not_claim(item: NotClaim) -> dict[str, Any]:
    return {"file": item.file, "line": item.line, "column": item.column, "cell": item.cell, "text": item.text}


def _unread(item: NotRead) -> dict[str, Any]:
    return {
        "file": item.file,
        "line": item.line,
        "column": item.column,
        "cell": item.cell,
        "text": item.text,
        "reason": item.reason,
    }
