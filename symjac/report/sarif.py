"""Verdicts for code review: SARIF 2.1.0, the format in which analysers give their findings.

What is proved or agrees is no finding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from symjac.equality.outcome import AGREES, DOUBTFUL, PROVED, REFUTED, UNDECIDED
from symjac.notation.tree import Span
from symjac.report.places import LineIndex, flat
from symjac.report.words import differs, message, remarks, where
from symjac.verify.verdict import OTHER, Claim, Judged, NotRead

LEVELS = {REFUTED: "error", DOUBTFUL: "warning", OTHER: "warning", UNDECIDED: "note"}
UNREAD = "not-read"
_RULES = {
    OTHER: "A formula that is right under another convention than the declared one",
    DOUBTFUL: "A formula that is wrong as it is most likely meant, and right in a way that is not ruled out",
    UNDECIDED: "A formula that could not be decided",
    UNREAD: "Mathematics that could not be read",
}


def write(results: Sequence[Judged]) -> str:
    return json.dumps(document(results), indent=2, allow_nan=False)


def document(results: Sequence[Judged]) -> dict[str, Any]:
    """One run; a rule for each kind of fault that was found. Where some are known, each says whether it is new."""
    found = [finding for result in results for finding in _findings(result)]
    rules = sorted({finding["ruleId"] for finding in found})
    some_known = any(claim.known for result in results for claim in result.claims)
    for finding in found:
        if not some_known:
            del finding["baselineState"]
        finding["ruleIndex"] = rules.index(finding["ruleId"])
    driver: dict[str, Any] = {"name": "symjac", "rules": [_rule(rule) for rule in rules]}
    with suppress(PackageNotFoundError):  # a checkout that is not installed has no version
        driver["version"] = version("symjac")
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": found}],
    }


def _rule(rule: str) -> dict[str, Any]:
    text = _RULES.get(rule, f"A wrong formula: {rule.replace('_', ' ')}")
    level = LEVELS.get(rule, "warning" if rule == UNREAD else "error")
    return {"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}


def _findings(result: Judged) -> Iterator[dict[str, Any]]:
    source = _Places(result)
    for claim in result.claims:
        if claim.verdict not in (PROVED, AGREES):
            yield _claim(claim, source)
    for item in result.unread:
        yield _unread(item, source)


class _Places:
    """Where parts of what was judged stand in files."""

    def __init__(self, result: Judged) -> None:
        self.result = result
        self.indices: dict[str, LineIndex] = {}

    def is_verbatim(self, span: Span) -> bool:
        """Whether what stands there is spelled in the file as in the notes."""
        return self.result.origins is None or self.result.origins.span(span)[0].file.lower().endswith(".tex")

    def location(self, span: Span) -> dict[str, Any]:
        file, text = self.result.file, self.result.text
        if self.result.origins is not None:
            home, span = self.result.origins.span(span)
            file, text = home.file, home.text
        index = self.indices.setdefault(file, LineIndex(text))
        return {"artifactLocation": {"uri": uri(file)}, "region": _region(index, span)}


def _claim(claim: Claim, source: _Places) -> dict[str, Any]:
    fault = claim.fault
    rule = claim.verdict if claim.verdict != REFUTED else fault.kind if fault else "other"
    out: dict[str, Any] = {
        "ruleId": rule,
        "level": LEVELS[claim.verdict],
        "baselineState": "unchanged" if claim.known else "new",
        "message": {"text": said(claim)},
        "locations": [{"physicalLocation": source.location(fault.span if fault and fault.span else claim.claimed)}],
    }
    place = source.location(claim.claimed)
    if fault and fault.replacement and claim.verdict == REFUTED and source.is_verbatim(claim.claimed):
        change = {"deletedRegion": place["region"], "insertedContent": {"text": fault.replacement}}
        out["fixes"] = [
            {
                "description": {"text": "Put the right formula in its place."},
                "artifactChanges": [{"artifactLocation": place["artifactLocation"], "replacements": [change]}],
            }
        ]
    return out


def said(claim: Claim) -> str:
    """The fault, the right formula, the counterexample and the notes, in sentences."""
    parts = [message(claim)]
    if claim.fault and claim.fault.formula:
        parts.append(f"Right: {claim.fault.formula}")
    point = claim.counterexample
    if point:
        values = [f"{name} = {value}" for name, value in point.values]
        parts.append(f"Counterexample {where(point)}: {'; '.join([*values, differs(point)])}".replace(" :", ":"))
    return "\n".join(flat(part) for part in (*parts, *remarks(claim)))


def _unread(item: NotRead, source: _Places) -> dict[str, Any]:
    return {
        "ruleId": UNREAD,
        "level": "warning",
        "baselineState": "new",
        "message": {"text": f"Not read: {flat(item.reason)}"},
        "locations": [{"physicalLocation": source.location(item.span)}],
    }


def _region(source: LineIndex, span: Span) -> dict[str, int]:
    """Lines and columns from 1; the end column is the one behind the last character."""
    (line, column), (end_line, end_column) = source.at(span.start), source.at(max(span.start, span.end))
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def uri(file: str) -> str:
    """The file as a URI reference: relative where its path is."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
