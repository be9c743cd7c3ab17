"""What the verifier says of random claims, beside the truth."""

from __future__ import annotations

from dataclasses import dataclass

from symjac.equality.outcome import AGREES, PROVED, REFUTED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.verdict import OTHER
from tests.verify.random_claims import Case, RandomClaim, equation

RIGHT = (PROVED, AGREES)
NO_SEARCH = ("STEPS_TO_DIAGNOSE", "STEPS_FOR_A_SHAPE", "STEPS_FOR_TERMS", "STEPS_FOR_FACTS")
"""The budgets of `at_fault` that are 0 where verdicts are wanted, and no faults."""


@dataclass(frozen=True)
class Outcome:
    kind: str
    """judged (rightly), other convention, undecided, unread, false alarm (right, refuted), passed (wrong, not so)."""
    verdict: str
    claim: RandomClaim
    text: str


def outcomes(case: Case) -> list[Outcome]:
    """One for each claim of the case, in order."""
    result = judge_source(read_source(f"random_{case.seed}.md", case.text))
    verdicts = {c.line: c for c in result.claims}
    reasons = {u.line: u.reason for u in result.unread}
    lines = case.text.split("\n")
    out = []
    for claim in case.claims:
        line = lines.index(f"${equation(claim)}$") + 1
        found = verdicts.get(line)
        said = "unread" if found is None else found.verdict
        why = reasons.get(line, "") if found is None else "; ".join((found.road, *found.notes))
        out.append(Outcome(kind(claim, said), said, claim, f"{equation(claim)} -> {said}: {why}"))
    return out


def kind(claim: RandomClaim, said: str) -> str:
    if said == REFUTED:
        return "false alarm" if claim.right else "judged"
    if said in RIGHT:
        return "judged" if claim.right else "passed"
    if said == OTHER:
        return "other convention" if claim.turned or claim.right else "passed"
    return "unread" if said == "unread" else "undecided"
