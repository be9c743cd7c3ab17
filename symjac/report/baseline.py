"""A baseline: the refuted and doubtful claims that are known, so that only new ones count.

A claim is known by its file, its text and its verdict, not by its line. A file is named as it is seen from the folder
that the baseline is in.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from symjac.core.errors import InputError, Place
from symjac.core.files import read_utf8
from symjac.equality.outcome import DOUBTFUL, REFUTED
from symjac.notes.parts import place_in
from symjac.notes.source import COMMAND_LINE, STANDARD_INPUT
from symjac.verify.verdict import Claim, Judged

MAX_BYTES = 16 * 1024 * 1024
_KEYS = ("file", "claim", "verdict")


@dataclass(frozen=True, slots=True)
class _Known:
    file: str
    claim: str
    verdict: str


def written(results: Sequence[Judged], place: Path) -> str:
    """The baseline with all that is refuted or doubtful, to be at `place`; a claim that stands twice is in it twice."""
    known = sorted((_known(c, place) for r in results for c in r.claims if _counts(c)), key=_in_order)
    rows = [{key: getattr(k, key) for key in _KEYS} for k in known]
    return json.dumps({"known": rows}, indent=1, ensure_ascii=False) + "\n"


def marked(results: Sequence[Judged], place: Path) -> list[Judged]:
    """The results, with each claim marked that the baseline at `place` knows. Raises InputError."""
    left = Counter(_read(place))
    out = []
    for result in results:
        claims = []
        for claim in result.claims:
            key = _known(claim, place)
            is_known = _counts(claim) and left[key] > 0
            left[key] -= is_known
            claims.append(replace(claim, known=is_known))
        out.append(replace(result, claims=tuple(claims)))
    return out


def _counts(claim: Claim) -> bool:
    return claim.verdict in (DOUBTFUL, REFUTED)


def _known(claim: Claim, place: Path) -> _Known:
    file = claim.file
    if file not in (COMMAND_LINE, STANDARD_INPUT):
        file = os.path.relpath(file, place.parent).replace(os.sep, "/")
    return _Known(file, " ".join(claim.text.split()), claim.verdict)


def _in_order(known: _Known) -> tuple[str, ...]:
    return known.file, known.claim, known.verdict


def _read(place: Path) -> list[_Known]:
    name = os.fspath(place)
    text = read_utf8(name, MAX_BYTES, "write it anew with --save-baseline", "write it anew with --save-baseline")
    try:
        rows = json.loads(text)["known"]
        return [_Known(*(_text(row[key]) for key in _KEYS)) for row in rows]
    except json.JSONDecodeError as error:
        raise InputError(place_in(name, text, error.pos), f"no JSON: {error.msg}", "a baseline") from None
    except (KeyError, TypeError, ValueError, RecursionError):
        what = "a baseline, as --save-baseline writes it"
        raise InputError(Place(name, 1, 1), "JSON that is no baseline", what) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
