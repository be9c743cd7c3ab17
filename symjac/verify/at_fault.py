"""What is wrong with a refuted claim, and what would be right."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import replace
from functools import partial

from symjac.calculus.facts import Fact, Property
from symjac.core.expr import ZERO
from symjac.equality import assumptions
from symjac.equality.budget import Budget
from symjac.equality.decide import holds, sure
from symjac.meaning.notebook import Layout
from symjac.meaning.reasons import CONFINED
from symjac.notation.tree import Derivative, Num, Space, walk
from symjac.verify import proposal
from symjac.verify.corrections import Correction, corrected, derived_correction
from symjac.verify.diagnose import FoundFault, diagnose, one_change
from symjac.verify.missing import missing_term
from symjac.verify.oracle import Oracle
from symjac.verify.outcomes import Outcome
from symjac.verify.posed import Posed
from symjac.verify.verdict import Fault
from symjac.verify.view import fit

STEPS_TO_DIAGNOSE = 40_000
"""Of one claim."""
STEPS_FOR_A_SHAPE = 20_000
"""Where the shapes do not fit."""
STEPS_FOR_FACTS = 30_000
"""Before that, for one under which it would be right."""
STEPS_BESIDE_A_FACT = 4_000
"""Where there is one."""
STEPS_FOR_TERMS = 20_000
"""After that, for terms that are products of two quantities."""
STEPS_OF_A_FACT = 50
"""What a fact takes beside the evaluation of the sides."""

MOST_ASKED = 8
"""Claims that are asked for the layout of the notes."""

USUAL = frozenset({Property.SYMMETRIC, Property.SKEW, Property.SUM, Property.UNIT, Property.ORTHOGONAL})
"""The properties that notes tend to leave unsaid."""


def local_fault(posed: Posed, outcome: Outcome) -> Fault | None:
    """The one change that makes the claim right; None where there is none, or where its shapes do not fit."""
    if outcome.misfit or posed.equality.update:
        return None
    oracle = _as_usual(posed)
    with suppress(*CONFINED):
        found = one_change(oracle.right, oracle, Budget(STEPS_FOR_A_SHAPE, posed.clock))
        correction = None if found is None else corrected(oracle.left, found.right, posed.notation, oracle.sure_of)
        if found is not None and correction is not None:
            return _with(posed, Fault(found.kind, found.text, found.span, "", ""), correction)
    return None


def fault_of(posed: Posed, outcome: Outcome) -> Fault:
    """The search for a fault costs no claim its verdict, whatever it raises."""
    oracle = Oracle(posed, posed.chapter.habit or posed.notebook.reading)
    try:
        if isinstance(posed.right, Space) or posed.equality.update:
            return _unfit(posed, outcome)
        oracle = _as_usual(posed)
        return _fault(oracle, outcome)
    except CONFINED:
        return _without_edit(oracle, outcome)


def _fault(oracle: Oracle, outcome: Outcome) -> Fault:
    posed, right = oracle.posed, oracle.right
    assumed = _assumption(outcome)
    found: FoundFault | None
    if isinstance(oracle.left, Derivative) and oracle.sure(Num("0")):
        found = FoundFault("other", "the derivative is 0", right.span, Num("0"))
    elif outcome.misfit:  # no term that is added mends a shape
        found = diagnose(right, oracle, Budget(STEPS_FOR_A_SHAPE, posed.clock))
    elif assumed is None:
        found = diagnose(right, oracle, Budget(STEPS_TO_DIAGNOSE, posed.clock))
        found = found or missing_term(right, oracle, Budget(STEPS_FOR_TERMS, posed.clock))
    else:
        found = diagnose(right, oracle, Budget(STEPS_BESIDE_A_FACT, posed.clock))
    correction = None if found is None else corrected(oracle.left, found.right, posed.notation, oracle.sure_of)
    if found is not None and correction is not None:
        text = found.text if not outcome.misfit else f"{outcome.misfit}; {found.text}"
        also = "" if assumed is None else f"; as written, right only if {proposal.shown(assumed, posed.notebook)}"
        return _with(posed, Fault(found.kind, text + also, found.span, "", ""), correction)
    if assumed is not None:
        said = proposal.proposed(assumed, posed.notebook, posed.session.source.kind)
        text = f"right only if {proposal.shown(assumed, posed.notebook)}; if that is meant, say so: {said}"
        return _with(posed, Fault("assumption", text, None, "", ""), _right(oracle))
    return _without_edit(oracle, outcome)


def _without_edit(oracle: Oracle, outcome: Outcome) -> Fault:
    kind = "shape" if outcome.misfit else "other"
    text = outcome.misfit or "it differs from the derivative, and no single edit makes it right"
    return _with(oracle.posed, Fault(kind, text, None, "", ""), _right(oracle))


def _with(posed: Posed, fault: Fault, correction: Correction) -> Fault:
    formula, replacement = correction.formula, correction.replacement
    return replace(fault, formula=formula, replacement=replacement, notation=posed.notation)


def _right(oracle: Oracle) -> Correction:
    """The derived equation, where it is right as it is printed."""
    posed = oracle.posed
    if oracle.derived is None:
        return Correction()
    readings = dict.fromkeys((posed.notebook.reading, oracle.reading))
    for reading in readings:
        judged = partial(posed.sure_under, reading)
        found = derived_correction(oracle.left, oracle.derived, posed.notation, judged)
        if found is not None:
            return found
    return Correction()


def _as_usual(posed: Posed) -> Oracle:
    """The claim is read as the notes' other claims are right; where nothing is said, as its shape fits."""
    if posed.chapter.usual is None:
        posed.chapter.usual = _usual(posed)
    usual = Oracle(posed, posed.chapter.usual)
    if "vector" not in posed.notebook.said and not _fits(usual):
        other = Oracle(posed, turned(usual.reading))
        return other if _fits(other) else usual
    return usual


def _fits(oracle: Oracle) -> bool:
    return fit(oracle.shape(oracle.right), oracle.left_shape)


def _usual(posed: Posed) -> Layout:
    """With rows for gradients where some claim needs that, none needs columns, and nothing is said."""
    declared = posed.notebook.reading
    if "vector" in posed.notebook.said:
        return declared
    needed = False
    others = (c for c in posed.chapter.claims if isinstance(c.left, Derivative) and c is not posed.equality)
    for claim in itertools.islice(others, MOST_ASKED):
        one, other = posed.holds_under(claim, declared), posed.holds_under(claim, turned(declared))
        if one and not other:
            return declared
        needed |= other and not one
    return turned(declared) if needed else declared


def turned(reading: Layout) -> Layout:
    """With the derivative of a number by a vector as a row for a column, and back."""
    return replace(reading, vector="row" if reading.vector == "column" else "column")


def _unfit(posed: Posed, outcome: Outcome) -> Fault:
    """Of an update: the derivative in it, in the shape that it has to have."""
    right = posed.right
    for claim in posed.chapter.claims:
        if isinstance(claim.left, Derivative) and claim.left in walk(right):
            oracle = Oracle(Posed.of(posed.session, posed.chapter, claim), posed.notebook.reading)
            found = diagnose(claim.right, oracle, Budget(STEPS_TO_DIAGNOSE, posed.clock))
            if found is not None:
                text = f"{outcome.misfit}; in it, {found.text}"
                shown = corrected(claim.left, found.right, posed.notation, oracle.sure_of) or Correction()
                return _with(posed, Fault("shape", text, right.span, "", ""), Correction(shown.formula))
    return Fault("shape", outcome.misfit, right.span, "", "")


def _assumption(outcome: Outcome) -> Fact | None:
    """The one fact under which the claim is right as it stands, and says more than 0 = 0."""
    question = outcome.question
    if question is None or outcome.in_a_case:  # a fact would only keep the points away from the case
        return None
    budget = Budget(STEPS_FOR_FACTS, question.clock)
    for fact in assumptions.offered(question):
        if budget.spent:
            break
        budget.spend(STEPS_OF_A_FACT + question.steps)
        if fact.what not in USUAL or assumptions.search(question, [fact]) is None:
            continue
        supposed = replace(question, world=question.world.supposing(fact))
        if not holds(replace(supposed, right=ZERO)) and sure(supposed):
            return fact
    return None
