"""Names that symjac makes for itself, and that nobody is to be shown."""

from __future__ import annotations

import re

from symjac.verify.verdict import Claim

INTERNAL = re.compile(r"adj|__|size\d|probe|mathrm\{\}|\d[eE]-[3-9]\d")
"""Also numbers that are 0 but for rounding."""


def internal(claim: Claim) -> list[str]:
    """What of a refuted claim's texts shows such a name."""
    assert claim.fault is not None
    shown = [claim.road, claim.fault.text, claim.fault.formula, claim.fault.replacement, *claim.notes]
    if claim.counterexample is not None:
        point = claim.counterexample
        shown += [point.claimed, point.derived, *(text for pair in point.values for text in pair)]
    return [text for text in shown if INTERNAL.search(text)]
