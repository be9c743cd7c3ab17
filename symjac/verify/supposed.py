"""What a verdict supposes beside the text: columns that it does not declare, a target that sums to 1."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from symjac.calculus.facts import WorldError
from symjac.equality.decide import decide, holds
from symjac.equality.outcome import AGREES, PROVED
from symjac.equality.targets import of_targets
from symjac.meaning.handled import is_array
from symjac.meaning.mentions import least_axes
from symjac.meaning.naming import ways
from symjac.meaning.notebook import Shape
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


def undeclared(posed: Posed) -> list[str]:
    """The shapes that the claim rests on and the text does not declare."""
    return [_said(posed, key) for key in _undeclared(posed)]


def belittled(posed: Posed) -> list[str]:
    """Those of them that have fewer axes than their letters say: W in R, a bold x in R."""
    book = posed.notebook
    named = ((key, posed.as_written(key), book.taken[key]) for key in _undeclared(posed))
    less = (k for k, n, s in named if not s.letters and len(s.sizes) < least_axes(n, is_array(n, book.arrays)))
    return [_said(posed, key) for key in less]


def _said(posed: Posed, key: str) -> str:
    return f"{phrase(posed.as_written(key))} ∈ {_space(posed.notebook.taken[key])}"


def _undeclared(posed: Posed) -> list[str]:
    book = posed.notebook
    own = {way.key for side in (posed.left, posed.right) for n in walk(side) for way in ways(n)}
    bound = {p for f in book.functions.values() for p in f.parameters} - own
    used = {key for key in book.taken if book.shapes.get(key) == book.taken[key]}
    return sorted(names_read(book, posed.left, posed.right) & used - bound)


def _space(shape: Shape) -> str:
    return "ℝ" + ("^" if shape.sizes else "") + " × ".join(map(phrase, shape.sizes))


def with_undeclared(posed: Posed, outcome: Outcome) -> Outcome:
    """The outcome, with the shapes that it rests on and the text does not declare."""
    taken = undeclared(posed)
    return replace(outcome, notes=(*outcome.notes, f"taken: {', '.join(taken)}")) if taken else outcome
