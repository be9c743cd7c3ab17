"""What is found of a claim, at one layer or at all, under one reading of the notes."""

from __future__ import annotations

from dataclasses import dataclass

from symjac.equality.outcome import Counterexample
from symjac.equality.question import Question


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one instance of a claim."""

    verdict: str
    road: str
    notes: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    misfit: str = ""
    question: Question | None = None
    in_a_case: bool = False
    """Whether the sides agree where most points lie."""
