"""The outcome of a claim under one reading of its names.

No refutation where the text leaves a way open in which the claim is right.
"""

from __future__ import annotations

from symjac.equality.outcome import REFUTED, UNDECIDED
from symjac.verify.elsewhere import free_elsewhere
from symjac.verify.left_open import left_open
from symjac.verify.outcomes import Outcome
from symjac.verify.posed import Posed
from symjac.verify.readings import best_reading
from symjac.verify.supposed import with_a_target


def outcome_of(posed: Posed) -> tuple[Posed, Outcome]:
    """The claim as it is best read, and what is found of it."""
    posed, outcome = best_reading(posed)
    if outcome.verdict == REFUTED:
        outcome = with_a_target(posed, outcome)
    if outcome.verdict == REFUTED and (reason := _left_open(posed)):
        outcome = Outcome(UNDECIDED, reason, question=outcome.question)
    return posed, outcome


def _left_open(posed: Posed) -> str:
    """Why a claim that is wrong as it is read may be right all the same; empty where it is wrong."""
    before = posed.chapter.before
    if before is not None and Posed.of(posed.session, before, posed.equality).stands():
        return "it is right under an earlier formula for what it is about, and wrong under the second"
    return left_open(posed.equality, posed.meaning()) or free_elsewhere(posed)
