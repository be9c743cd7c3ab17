"""A claim at one layer: under the conventions that the notes state, then under the others."""

from __future__ import annotations

from dataclasses import replace

from symjac.calculus.world import Auxiliary
from symjac.core.expr import ZERO, ShapeError, add, negate
from symjac.equality.decide import Decision, decide, holds, ratio
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.equality.question import Question
from symjac.meaning.dependence import states_independence
from symjac.meaning.notebook import Layout
from symjac.meaning.reasons import Misfit, NoLink, NotUnderstood, TooMuch, reason_of
from symjac.notation.tree import Derivative, Node, Relation, walk
from symjac.verify.outcomes import Outcome
from symjac.verify.phrase import phrase
from symjac.verify.posed import Posed, no_link
from symjac.verify.unseen import not_seen
from symjac.verify.verdict import OTHER


def under_conventions(posed: Posed, left: Node, right: Node) -> Outcome:
    """The outcome; where it holds under none, that under those which the notes state."""
    special = next((c for c in posed.equality.conditions if _is_special(posed, c)), None)
    if special is not None:
        return Outcome(UNDECIDED, f"it is claimed only where {phrase(special)}")
    declared = posed.notebook.reading
    first: Question | None = None
    misfit, elsewhere = "", False
    tried: list[Question] = []
    for reading in posed.notebook.readings():
        try:
            question = posed.question(left, right, reading)
        except (NoLink, TooMuch) as error:
            return Outcome(UNDECIDED, error.reason)
        except NotUnderstood:
            if reading == declared:
                raise
            continue
        except (Misfit, ShapeError) as error:
            if reading == declared:
                misfit = reason_of(error)
                elsewhere = isinstance(error, Misfit) and error.defining
            continue
        if reading == declared:
            first = question
        if any(_same(question, known) for known in tried):
            continue
        tried.append(question)
        if holds(question) and posed.chapter.allows(reading):
            return _held(posed, question, reading)
    if first is None and elsewhere:  # that the claim itself is wrong is not known
        raise NotUnderstood(posed.equality.span, misfit)
    if first is None:
        _check_operands(posed, left)
        return Outcome(REFUTED, "shapes", misfit=misfit)
    decision = decide(first)
    if decision.verdict in (PROVED, AGREES):
        return Outcome(decision.verdict, decision.road, _used(decision), question=first)
    if decision.verdict == UNDECIDED:
        return Outcome(UNDECIDED, _reason(posed, decision), question=first)
    return _refused(posed, first, decision)


def _held(posed: Posed, question: Question, reading: Layout) -> Outcome:
    decision = decide(question)
    declared = posed.notebook.reading
    notes = _used(decision)
    changed = declared.changes(reading)
    road = decision.road or _reason(posed, decision)
    if not changed:
        return Outcome(decision.verdict, road, notes, decision.counterexample, question=question)
    only_vector = replace(declared, vector=reading.vector) == reading
    notes = (*notes, "right " + " and ".join(changed))
    if only_vector and "vector" not in posed.notebook.said:
        posed.chapter.habit = reading
        return Outcome(decision.verdict, road, notes, question=question)
    if decision.verdict not in (PROVED, AGREES):
        return Outcome(decision.verdict, road, notes, decision.counterexample, question=question)
    return Outcome(OTHER, decision.road, notes, question=question)


def _refused(posed: Posed, question: Question, decision: Decision) -> Outcome:
    """Refuted, but for what may be said of an unknown function itself: ∂L/∂x = 2 x, dq/dt = ∂H/∂p."""
    told = _told(posed, question)
    if told is not None:
        of_and_by = (posed.as_written(key) for key in (told.of, told.by))
        return Outcome(UNDECIDED, no_link(*of_and_by), question=question)
    return Outcome(
        REFUTED,
        decision.road,
        counterexample=decision.counterexample,
        question=question,
        in_a_case=decision.in_a_case,
    )


def _told(posed: Posed, question: Question) -> Auxiliary | None:
    """The derivative of an unknown function of which the equation may be true; None where it is for none.

    It is for none where the sides differ whatever the derivative is, where they are a multiple of one another, and
    where they are equal only if it is 0.
    """
    world, unknown = question.world, dict(posed.taken.links)
    parts = sorted(world.cone(question.left.names | question.right.names) & world.auxiliary.keys())
    slopes = [n for n in parts if world.auxiliary[n].kind in ("slope", "curvature")]
    slopes = [n for n in slopes if world.auxiliary[n].of in unknown]
    if not slopes:
        return None
    if not states_independence(posed.left, posed.right):
        difference = add(question.left, negate(question.right))
        moved = world.direction(difference, {n: n for n in slopes})
        if holds(replace(question, left=moved, right=ZERO)) or ratio(question) is not None:
            return None
        if any(holds(replace(question, world=world.vanishing([n]))) for n in slopes):
            return None
    return world.auxiliary[slopes[0]]


def _check_operands(posed: Posed, left: Node) -> None:
    """Raises NotUnderstood where what is differentiated does not fit itself: a name in it means another thing."""
    for n in walk(left):
        if isinstance(n, Derivative):
            try:
                posed.meaning().value(n.of)
            except (Misfit, ShapeError) as error:
                reason = f"what is differentiated does not fit what is declared: {reason_of(error)}"
                raise NotUnderstood(n.of.span, reason) from None
            except NotUnderstood:
                continue


def _is_special(posed: Posed, condition: Node) -> bool:
    """y = 1: it holds at no point that is tried."""
    if not isinstance(condition, Relation) or condition.op != "=":
        return False
    return not all(posed.meaning().is_index(n) for n in (condition.left, condition.right))


def _reason(posed: Posed, decision: Decision) -> str:
    """Why it is undecided."""
    return not_seen(decision.unseen, posed.meaning()) if decision.unseen else decision.reason


def _used(decision: Decision) -> tuple[str, ...]:
    return tuple(f"uses: {fact}" for fact in decision.facts)


def _same(a: Question, b: Question) -> bool:
    return a.left == b.left and a.right == b.right and a.order == b.order and a.digest == b.digest
