"""What a verdict supposes beside the text: columns that it does not declare, a target that sums to 1."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from symjac.calculus.facts import WorldError
from symjac.equality.decide import decide, holds
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.equality.targets import of_targets
from symjac.meaning.naming import ways
from symjac.notation.tree import walk
from symjac.verify import proposal
from symjac.verify.left_open import names_read
from symjac.verify.outcomes import Outcome
from symjac.verify.phrase import phrase
from symjac.verify.posed import Posed


def with_a_target(posed: Posed, outcome: Outcome) -> Outcome:
    """The outcome where the target of a cross-entropy sums to 1, if it is right then."""
    question = outcome.question
    if question is None or outcome.in_a_case or len(posed.instances(posed.right)) > 1:
        return outcome
    for fact in of_targets(question):
        with suppress(WorldError):
            supposed = replace(question, world=question.world.supposing(fact))
            decision = decide(supposed) if holds(supposed) else None
            if decision is not None and decision.verdict in (PROVED, AGREES):
                note = f"taken: {proposal.shown(fact, posed.notebook)}"
                return Outcome(decision.verdict, decision.road, (note,), question=supposed)
    return outcome


def undeclared_columns(posed: Posed) -> list[str]:
    """The columns that the claim reads and the text does not declare."""
    book = posed.notebook
    own = {way.key for side in (posed.left, posed.right) for n in walk(side) for way in ways(n)}
    bound = {p for f in book.functions.values() for p in f.parameters} - own
    keys = sorted(names_read(book, posed.left, posed.right) & book.columns.keys() - bound)
    sizes = (phrase(book.columns[key].sizes[0]) for key in keys)
    return [f"{phrase(posed.as_written(key))} ∈ ℝ^{size}" for key, size in zip(keys, sizes, strict=True)]


def of_columns(outcome: Outcome, taken: Sequence[str]) -> Outcome:
    """The outcome for columns that are not declared: no refutation."""
    if outcome.verdict == REFUTED:
        return Outcome(UNDECIDED, f"it is wrong with {', '.join(taken)}, which the text does not say")
    return replace(outcome, notes=(*outcome.notes, f"taken: {', '.join(taken)}"))
