"""A claim under one reading of the notes: at every layer at which it can be read, the worst of what is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from symjac.core.expr import number
from symjac.equality.decide import holds
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.meaning import values
from symjac.notation.tree import Indicator, Node, Space
from symjac.verify import by_shapes
from symjac.verify.asking import question_of
from symjac.verify.conventions import under_conventions
from symjac.verify.outcomes import Outcome
from symjac.verify.posed import Posed
from symjac.verify.verdict import OTHER


def at_every_layer(posed: Posed) -> Outcome:
    """The outcome; undecided where it cannot be worked out."""
    try:
        return _combined([_met(posed, _outcome(posed, a, b), a, b) for a, b in posed.instances(posed.right)])
    except OverflowError:
        return Outcome(UNDECIDED, "there are numbers in it that are too large to be worked out")


def _outcome(posed: Posed, left: Node, right: Node) -> Outcome:
    if isinstance(right, Space):
        return by_shapes.dimension(posed, left, right)
    if posed.equality.update:
        return by_shapes.update(posed, left, right)
    return under_conventions(posed, left, right)


def _met(posed: Posed, outcome: Outcome, left: Node, right: Node) -> Outcome:
    """Undecided where the sides were compared only at points that the claim's condition leaves out."""
    if not posed.equality.conditions or outcome.verdict not in (AGREES, OTHER):
        return outcome
    meaning = posed.meaning()
    met = [meaning.value(Indicator(c), left, right) for c in posed.equality.conditions]
    never = question_of(reduce(values.hadamard, met), values.scalar(number(0)), meaning)
    if holds(never):
        return Outcome(UNDECIDED, "its condition holds at none of the points that were tried")
    return outcome


def _combined(outcomes: Sequence[Outcome]) -> Outcome:
    """The worst of the instances'."""
    for verdict in (REFUTED, UNDECIDED, OTHER, AGREES, PROVED):
        for o in outcomes:
            if o.verdict == verdict:
                if len(outcomes) > 1 and verdict in (PROVED, AGREES):
                    return replace(o, road=f"{o.road}; at each of {len(outcomes)} layers")
                return o
    raise AssertionError("no instance")
