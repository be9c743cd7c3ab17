"""What is said of verdicts, whatever shows it: screen, page or code review."""

from __future__ import annotations

from collections.abc import Sequence

from symjac.equality.outcome import AGREES, DOUBTFUL, PROVED, REFUTED, UNDECIDED, Counterexample
from symjac.verify.verdict import OTHER, Claim, Judged

WORDS = {
    PROVED: "proved",
    AGREES: "agrees",
    OTHER: "other convention",
    DOUBTFUL: "doubtful",
    REFUTED: "refuted",
    UNDECIDED: "undecided",
}
"""Each verdict in words."""
UNREAD = "not read"


def summary(results: Sequence[Judged]) -> str:
    """`41 claims: 30 proved, 2 agree, 7 refuted; 12 equations were not claims`; what there is none of is left out."""

    def total(verdict: str) -> int:
        return sum(r.count(verdict) for r in results)

    claims = sum(len(r.claims) for r in results)
    others = sum(len(r.not_claims) for r in results)
    unread = sum(len(r.unread) for r in results)
    counts = [
        f"{n} {'agree' if verdict == AGREES and n > 1 else word}"
        for verdict, word in WORDS.items()
        if (n := total(verdict))
    ]
    out = f"{claims} claim{'' if claims == 1 else 's'}" + (f": {', '.join(counts)}" if counts else "")
    if known := sum(c.known for r in results for c in r.claims):
        out += f", {known} of them known"
    if others:
        out += "; 1 equation was not a claim" if others == 1 else f"; {others} equations were not claims"
    if unread:
        out += f"; {unread} could not be read"
    return out


DIFFER = "the two sides differ"


def message(claim: Claim) -> str:
    """What is to be said of a claim that does not simply hold: its fault, the convention, or why it is open."""
    if claim.fault is not None:
        return claim.fault.text
    if claim.verdict == OTHER:
        return claim.notes[-1] if claim.notes else "right under another convention"
    if claim.verdict == DOUBTFUL:
        return claim.road or "it is right in one way to read it, and wrong in the likelier one"
    if claim.verdict == UNDECIDED:
        return claim.road or "no road led to a verdict"
    return DIFFER


def remarks(claim: Claim) -> tuple[str, ...]:
    """The notes that `message` has not said."""
    return tuple(note for note in claim.notes if note != message(claim))


def where(point: Counterexample) -> str:
    """`at m = 2, n = 3`, or nothing."""
    return "at " + ", ".join(f"{name} = {size}" for name, size in point.sizes) if point.sizes else ""


def differs(point: Counterexample) -> str:
    """`entry (1, 2): claimed 3, derived 5`."""
    return f"{point.entry + ': ' if point.entry else ''}claimed {point.claimed}, derived {point.derived}"
