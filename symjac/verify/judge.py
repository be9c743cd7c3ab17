"""The verdict on each claim of a page.

A claim is read under the conventions that the notes state, then under the others; where it holds, the conventions under
which it does say which verdict it is. Where it holds under none, it is refuted, and the fault is looked for.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import TypeVar

import sympy

from symjac.calculus.facts import Fact, Property, WorldError
from symjac.calculus.world import Auxiliary
from symjac.core.errors import InputError
from symjac.core.expr import ZERO, ShapeError, add, negate, number
from symjac.equality import assumptions
from symjac.equality.decide import Decision, Question, decide, holds, ratio, sure
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED, Counterexample
from symjac.equality.targets import of_targets
from symjac.meaning import sizes, values
from symjac.meaning.dependence import Link, Links, states_independence
from symjac.meaning.derivatives import of_several, tells_totals_apart
from symjac.meaning.glossary import ALL, NOTHING, Taken
from symjac.meaning.grouping import is_elementwise
from symjac.meaning.meaning import Meaning
from symjac.meaning.naming import identifier, ways
from symjac.meaning.natures import CLAIM
from symjac.meaning.notebook import Layout, Notebook
from symjac.meaning.reasons import CONFINED, Misfit, NoLink, NotUnderstood, TooMuch, reason_of
from symjac.meaning.statements import Equality, at_layers
from symjac.meaning.values import Value
from symjac.notation import latex_notation
from symjac.notation.tree import (
    Abs,
    Binary,
    Call,
    Derivative,
    Group,
    Indicator,
    Items,
    Name,
    Neg,
    Node,
    Num,
    Prime,
    Product,
    Quotient,
    Relation,
    Scripts,
    Space,
    Sum,
    rebuild,
    walk,
)
from symjac.notes.source import Source
from symjac.verify import proposal
from symjac.verify.corrections import Correction, corrected, derived_correction
from symjac.verify.derived import derived
from symjac.verify.diagnose import FoundFault, diagnose
from symjac.verify.elsewhere import free_of
from symjac.verify.left_open import left_open, names_read
from symjac.verify.missing import missing_term
from symjac.verify.phrase import phrase
from symjac.verify.question import problem_of
from symjac.verify.session import Chapter, Session
from symjac.verify.sites import is_operand, negated, plus, product
from symjac.verify.unseen import not_seen
from symjac.verify.verdict import OTHER, Claim, Fault, Judged, NotRead
from symjac.verify.view import Sizes, fit

SECONDS_TO_DIAGNOSE = 4.0
"""Of one claim."""
SECONDS_FOR_A_SHAPE = 2.0
"""Where the shapes do not fit."""
SECONDS_FOR_FACTS = 3.0
"""Before that, for one under which it would be right."""
SECONDS_BESIDE_A_FACT = 0.4
"""Where there is one."""
SECONDS_FOR_TERMS = 2.0
"""After that, for terms that are products of two quantities."""

MOST_ASKED = 8
"""Claims that are asked for the layout of the notes."""
MOST_TERMS = 8

USUAL = frozenset({Property.SYMMETRIC, Property.SKEW, Property.SUM, Property.UNIT, Property.ORTHOGONAL})
"""The properties that notes tend to leave unsaid."""

Progress = Callable[[int, int], None]
T = TypeVar("T")


def judge_source(source: Source, progress: Progress | None = None) -> Judged:
    """The verdict on every claim, in the order of the file.

    In a chain a = b = c where b is wrong, undecided or not read, c is compared with a.
    """
    session = Session(source)
    every = [(chapter, e) for chapter in session.chapters for e in chapter.claims]
    claims: list[Claim] = []
    unread, others = list(session.unread), session.others
    doubted: Equality | None = None  # the one before, as it was judged, where it does not stand
    for place, (chapter, equality) in enumerate(every):
        known = doubted if doubted is not None and doubted.right is equality.left else None
        judged = equality if known is None else replace(equality, left=known.left)
        doubted = judged if equality.nature == CLAIM else None
        try:
            claim = Judge(session, chapter, judged).claim()
            if claim.verdict not in (REFUTED, UNDECIDED):
                doubted = None
            elif known is not None and Judge(session, chapter, equality).stands():
                claim = _following(claim)
            if equality.nature == CLAIM or claim.verdict not in (REFUTED, UNDECIDED):
                claims.append(claim)
            else:
                others += 1
        except CONFINED as error:
            unread.append(_unread(session, equality, reason_of(error)))
        if progress is not None:
            progress(place + 1, len(every))
    unread.sort(key=lambda u: u.span.start)
    return Judged(source.file, source.text, tuple(claims), tuple(unread), others)


def _of_columns(outcome: Outcome, taken: Sequence[str]) -> Outcome:
    """The outcome for columns that are not declared: no refutation."""
    if outcome.verdict == REFUTED:
        return Outcome(UNDECIDED, f"it is wrong with {', '.join(taken)}, which the text does not say")
    return replace(outcome, notes=(*outcome.notes, f"taken: {', '.join(taken)}"))


def _following(claim: Claim) -> Claim:
    """Refuted, or undecided, with the one before it, which it equals."""
    if claim.fault is None:
        return replace(claim, road=f"{claim.road}; it equals what is before it")
    return replace(
        claim, fault=replace(claim.fault, text=f"it follows from what is wrong before it; {claim.fault.text}")
    )


def _unread(session: Session, equality: Equality, reason: str) -> NotRead:
    place = session.source.place(equality.span.start)
    text = session.source.text[equality.span.start : equality.span.end]
    return NotRead(session.source.file, place.line, place.column, equality.span, text, reason)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one instance of a claim."""

    verdict: str
    road: str
    notes: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    misfit: str = ""
    problem: Question | None = None
    in_a_case: bool = False
    """Whether the sides agree where most points lie."""


class Judge:
    """One claim; also what the search for its fault asks of it."""

    def __init__(self, session: Session, chapter: Chapter, equality: Equality) -> None:
        self.session, self.chapter, self.equality = session, chapter, equality
        self.notebook: Notebook = chapter.notebook
        self.left = equality.left
        grouped = bracketed(equality.right, chapter.meaning())
        self.grouping = () if grouped == equality.right else (f"taken: the brackets of {phrase(grouped)}",)
        self.right = entrywise(grouped, chapter.meaning())
        self.reading = chapter.habit or self.notebook.reading
        self.taken = Taken()
        self._asked: dict[Node, list[Question] | None] = {}
        self._values: dict[Node, Value | None] = {}
        self._form: tuple[str, str] | None = None
        self.notation = session.notation(equality.span)
        self._own = frozenset(walk(self.right))
        self._restated = self._names_of_left()
        self.left_shape: Sizes | None = None
        self._links = chapter.links(equality)
        self._take(Taken(self._links[0]))

    def _meaning(self, reading: Layout | None = None) -> Meaning:
        return self.chapter.meaning(reading, self.taken)

    def _take(self, taken: Taken) -> None:
        """From here on the notes are read so, where they leave it open."""
        self.taken = taken
        self._forget()

    def _forget(self) -> None:
        """What was found under another reading."""
        self._asked, self._values, self._form = {}, {}, None
        self.left_shape = self.shape(self.left)

    # ------------------------------------------------------------ the verdict

    def claim(self, right: Node | None = None) -> Claim:
        """The verdict on `left = right`, or on another right side in its place."""
        right = self.right if right is None else right
        outcome = self._taken(right)
        if outcome.verdict == REFUTED:
            outcome = self._of_a_target(right, outcome)
        if outcome.verdict == REFUTED and (reason := self._left_open()):
            outcome = Outcome(UNDECIDED, reason, problem=outcome.problem)
        if taken := self._columns(right):
            outcome = _of_columns(outcome, taken)
        wrong = outcome.verdict == REFUTED and self.equality.nature == CLAIM
        fault = self._confined_fault(right, outcome) if wrong else None
        source, span = self.session.source, self.equality.span
        place = source.place(span.start)
        return Claim(
            file=source.file,
            line=place.line,
            column=place.column,
            span=span,
            claimed=self.right.span,
            text=source.text[span.start : span.end],
            verdict=outcome.verdict,
            road=_with_numbers(outcome.road),
            notes=(*outcome.notes, *self.grouping),
            fault=fault,
            counterexample=_shown(outcome.counterexample, self._meaning()),
        )

    def _columns(self, right: Node) -> list[str]:
        """The columns that the claim reads and the text does not declare."""
        book = self.notebook
        own = {way.key for side in (self.left, right) for n in walk(side) for way in ways(n)}
        bound = {p for f in book.functions.values() for p in f.parameters} - own
        keys = sorted(names_read(book, self.left, right) & book.columns.keys() - bound)
        sizes = (phrase(book.columns[key].sizes[0]) for key in keys)
        return [f"{phrase(self._as_written(key))} ∈ ℝ^{size}" for key, size in zip(keys, sizes, strict=True)]

    def _of_a_target(self, right: Node, outcome: Outcome) -> Outcome:
        """The outcome where the target of a cross-entropy sums to 1, if it is right then."""
        problem = outcome.problem
        if problem is None or outcome.in_a_case or len(self._instances(right)) > 1:
            return outcome
        for fact in of_targets(problem):
            with suppress(WorldError):
                supposed = replace(problem, world=problem.world.supposing(fact))
                decision = decide(supposed) if holds(supposed) else None
                if decision is not None and decision.verdict in (PROVED, AGREES):
                    note = f"taken: {proposal.shown(fact, self.notebook)}"
                    return Outcome(decision.verdict, decision.road, (note,), problem=supposed)
        return outcome

    def _left_open(self) -> str:
        """Why a claim that is wrong as it is read may be right all the same; empty where it is wrong."""
        before = self.chapter.before
        if before is not None and Judge(self.session, before, self.equality).stands():
            return "it is right under an earlier formula for what it is about, and wrong under the second"
        return left_open(self.equality, self._meaning()) or self._elsewhere()

    def _elsewhere(self) -> str:
        """The same of a definition in another section of the text."""
        found = free_of(self.equality, self._meaning(), self.session.source.sections)
        if found is None:
            return ""
        name, line = phrase(self._as_written(found[0])), self.session.source.place(found[1].start).line
        return (
            f"it is right for any {name}, and wrong for the {name} of line {line}, which is defined in another section"
        )

    def stands(self) -> bool:
        """True where the claim holds as the notes state their conventions."""
        return self._holds_under(self.equality, self.notebook.reading)

    def _taken(self, right: Node) -> Outcome:
        """The outcome; where it is wrong, that of a reading that the notes leave open as well."""
        outcome, first = self._linked(right), self.taken
        if outcome.verdict != REFUTED:
            return outcome
        for taken, note in list(self._others(right)):
            self._take(taken)
            with suppress(NotUnderstood):
                other = self._linked(right)
                if other.verdict != REFUTED:
                    verdict = OTHER if taken.tied and other.verdict in (PROVED, AGREES) else other.verdict
                    return replace(other, verdict=verdict, notes=(*other.notes, f"taken: {note}"))
        if self.taken != first:
            self._take(first)
        return outcome

    def _others(self, right: Node) -> Iterator[tuple[Taken, str]]:
        """Functions of which nothing tells what they make of an array, as numbers; ∂ by the formula alone, beside d."""
        unsaid = frozenset(self.notebook.open)
        if unsaid:
            names = ", ".join(sorted(phrase(self._as_written(key)) for key in unsaid))
            yield replace(self.taken, whole=unsaid), f"what {names} makes of an array is a number"
        trees = [n for side in (self.left, self.right) for n in walk(side)]
        if any(isinstance(n, Binary) and n.op == "kron" for n in trees):
            yield replace(self.taken, whole=frozenset(), outer=True), "a ⊗ b of two columns is a bᵀ"
        page = [side for pair in self.notebook.equations for side in pair]
        if any(isinstance(n, Abs) for side in page for n in walk(side)):
            yield replace(self.taken, whole=frozenset(), lengths=True), "|x| of a column is its length"
        by = {w.key for n in trees if isinstance(n, Derivative) for b in n.by for w in ways(b)}
        tied = [phrase(self._as_written(key)) for key in sorted(by) if self._meaning().world.has_ties(key)]
        if tied:
            taken = replace(self.taken, whole=frozenset(), tied=True)
            yield taken, f"equal entries of {' and of '.join(tied)} vary together"
        if tells_totals_apart(self.left, right, of_one=False) or tells_totals_apart(*page, of_one=True):
            taken = replace(self.taken, whole=frozenset(), held=ALL)
            yield taken, "∂ holds what else stands in the formula, d does not"
        if of_several(self.notebook, self.left, right):
            taken = replace(self.taken, whole=frozenset(), held=NOTHING)
            yield taken, "∂ goes through all that depends on the variable"

    def _linked(self, right: Node) -> Outcome:
        """The outcome; undecided where it is another one if what is only named depends on something else."""
        first, *others = self._links
        outcome, taken = self._at_layers(right), self.taken
        for links in others:
            if outcome.verdict == UNDECIDED:
                break
            self._take(replace(taken, links=links))
            try:
                other = self._at_layers(right)
            except NotUnderstood:
                continue
            finally:
                self._take(taken)
            if (other.verdict == REFUTED) != (outcome.verdict == REFUTED) or other.verdict == UNDECIDED:
                return Outcome(UNDECIDED, _which(first, links, self.notebook), problem=outcome.problem)
        return outcome

    def _at_layers(self, right: Node) -> Outcome:
        try:
            return self._combined([self._met(self._outcome(a, b), a, b) for a, b in self._instances(right)])
        except OverflowError:
            return Outcome(UNDECIDED, "there are numbers in it that are too large to be worked out")

    def _instances(self, right: Node) -> list[tuple[Node, Node]]:
        """The claim at every layer at which its left side can be read."""
        pairs = at_layers((self.left, right), self.notebook)
        failure: NotUnderstood | None = None
        out: list[tuple[Node, Node]] = []
        for a, b in pairs:
            try:
                if len(pairs) > 1:
                    self._meaning().value(a)
                out.append((a, b))
            except NotUnderstood as error:
                failure = error
            except (Misfit, ShapeError, WorldError):
                out.append((a, b))
        if not out:
            raise failure or NotUnderstood(self.left.span, "no layer of the net fits the labels")
        return out

    def _combined(self, outcomes: Sequence[Outcome]) -> Outcome:
        """The worst of the instances'."""
        for verdict in (REFUTED, UNDECIDED, OTHER, AGREES, PROVED):
            for o in outcomes:
                if o.verdict == verdict:
                    if len(outcomes) > 1 and verdict in (PROVED, AGREES):
                        return replace(o, road=f"{o.road}; at each of {len(outcomes)} layers")
                    return o
        raise AssertionError("no instance")

    def _outcome(self, left: Node, right: Node) -> Outcome:
        if isinstance(right, Space):
            return self._dimension(left, right)
        if self.equality.update:
            return self._update(left, right)
        special = next((c for c in self.equality.conditions if self._is_special(c)), None)
        if special is not None:
            return Outcome(UNDECIDED, f"it is claimed only where {phrase(special)}")
        declared = self.notebook.reading
        first: Question | None = None
        misfit, elsewhere = "", False
        tried: list[Question] = []
        for reading in (declared, *declared.others()):
            try:
                problem = self._problem(left, right, reading)
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
                first = problem
            if any(_same(problem, known) for known in tried):
                continue
            tried.append(problem)
            if holds(problem):
                return self._held(problem, reading)
        if first is None and elsewhere:  # that the claim itself is wrong is not known
            raise NotUnderstood(self.equality.span, misfit)
        if first is None:
            self._check_operands(left)
            return Outcome(REFUTED, "shapes", misfit=misfit)
        decision = decide(first)
        if decision.verdict in (PROVED, AGREES):
            return Outcome(decision.verdict, decision.road, self._used(decision), problem=first)
        if decision.verdict == UNDECIDED:
            return Outcome(UNDECIDED, self._reason(decision), problem=first)
        return self._refused(first, decision)

    def _check_operands(self, left: Node) -> None:
        """Raises NotUnderstood where what is differentiated does not fit itself: a name in it means another thing."""
        for n in walk(left):
            if isinstance(n, Derivative):
                try:
                    self._meaning().value(n.of)
                except (Misfit, ShapeError) as error:
                    reason = f"what is differentiated does not fit what is declared: {reason_of(error)}"
                    raise NotUnderstood(n.of.span, reason) from None
                except NotUnderstood:
                    continue

    def _refused(self, problem: Question, decision: Decision) -> Outcome:
        """Refuted, but for what may be said of an unknown function itself: ∂L/∂x = 2 x, dq/dt = ∂H/∂p."""
        told = self._told(problem)
        if told is not None:
            of_and_by = (self._as_written(key) for key in (told.of, told.by))
            return Outcome(UNDECIDED, _no_link(*of_and_by), problem=problem)
        return Outcome(
            REFUTED,
            decision.road,
            counterexample=decision.counterexample,
            problem=problem,
            in_a_case=decision.in_a_case,
        )

    def _told(self, problem: Question) -> Auxiliary | None:
        """The derivative of an unknown function of which the equation may be true; None where it is for none.

        It is for none where the sides differ whatever the derivative is, where they are a multiple of one another, and
        where they are equal only if it is 0.
        """
        world, unknown = problem.world, dict(self.taken.links)
        parts = sorted(world.cone(problem.left.names | problem.right.names) & world.auxiliary.keys())
        slopes = [n for n in parts if world.auxiliary[n].kind in ("slope", "curvature")]
        slopes = [n for n in slopes if world.auxiliary[n].of in unknown]
        if not slopes:
            return None
        if not states_independence(self.left, self.right):
            difference = add(problem.left, negate(problem.right))
            moved = world.direction(difference, {n: n for n in slopes})
            if holds(replace(problem, left=moved, right=ZERO)) or ratio(problem) is not None:
                return None
            if any(holds(replace(problem, world=world.vanishing([n]))) for n in slopes):
                return None
        return world.auxiliary[slopes[0]]

    def _as_written(self, key: str) -> Node:
        return self.notebook.latex.get(key, Name(key))

    def _is_special(self, condition: Node) -> bool:
        """y = 1: it holds at no point that is tried."""
        if not isinstance(condition, Relation) or condition.op != "=":
            return False
        return not all(self._meaning().is_index(n) for n in (condition.left, condition.right))

    def _met(self, outcome: Outcome, left: Node, right: Node) -> Outcome:
        """Undecided where the sides were compared only at points that the claim's condition leaves out."""
        if not self.equality.conditions or outcome.verdict not in (AGREES, OTHER):
            return outcome
        meaning = self._meaning()
        met = [meaning.value(Indicator(c), left, right) for c in self.equality.conditions]
        never = problem_of(reduce(values.hadamard, met), values.scalar(number(0)), meaning)
        if holds(never):
            return Outcome(UNDECIDED, "its condition holds at none of the points that were tried")
        return outcome

    def _held(self, problem: Question, reading: Layout) -> Outcome:
        decision = decide(problem)
        declared = self.notebook.reading
        notes = self._used(decision)
        changed = declared.changes(reading)
        road = decision.road or self._reason(decision)
        if not changed:
            return Outcome(decision.verdict, road, notes, decision.counterexample, problem=problem)
        only_vector = replace(declared, vector=reading.vector) == reading
        notes = (*notes, "right " + " and ".join(changed))
        if only_vector and "vector" not in self.notebook.said:
            self.chapter.habit = reading
            return Outcome(decision.verdict, road, notes, problem=problem)
        if decision.verdict not in (PROVED, AGREES):
            return Outcome(decision.verdict, road, notes, decision.counterexample, problem=problem)
        return Outcome(OTHER, decision.road, notes, problem=problem)

    def _reason(self, decision: Decision) -> str:
        """Why it is undecided."""
        return not_seen(decision.unseen, self._meaning()) if decision.unseen else decision.reason

    def _used(self, decision: Decision) -> tuple[str, ...]:
        return tuple(f"uses: {fact}" for fact in decision.facts)

    def _problem(self, left: Node, right: Node, reading: Layout) -> Question:
        meaning = self._meaning(reading)
        try:
            sides = meaning.compared(left, right, self.equality.conditions)
        except WorldError as error:
            raise NotUnderstood(self.equality.span, str(error)) from None
        loose = meaning.without_link(sides)
        if loose is not None and not self.equality.update:
            raise NoLink(self.equality.span, _no_link(*loose))
        return problem_of(sides.left, sides.right, meaning)

    def _dimension(self, left: Node, right: Space) -> Outcome:
        meaning = self._meaning()
        found = meaning.dimension(left)
        said = sympy.Mul(*(sizes.written_size(meaning.notebook, n) for n in right.sizes))
        if sympy.expand(found - said) == 0:
            return Outcome(PROVED, "sizes added up")
        return Outcome(REFUTED, "sizes added up", misfit=f"it has {found} entries, not {said}")

    def _update(self, left: Node, right: Node) -> Outcome:
        """Shapes have to fit, each derivative read as the notes' own formulas for it are right."""
        reading = self.notebook.reading
        for chapter_claim in self.chapter.claims:
            if isinstance(chapter_claim.left, Derivative) and chapter_claim.left in walk(self.equality.right):
                reading = self._reading_of(chapter_claim) or reading
        try:
            self._problem(left, right, reading)
        except (Misfit, ShapeError) as error:
            return Outcome(REFUTED, "shapes", misfit=error.reason if isinstance(error, Misfit) else str(error))
        return Outcome(PROVED, "shapes fit")

    def _reading_of(self, equality: Equality) -> Layout | None:
        """The reading under which another claim holds."""
        declared = self.notebook.reading
        return next((r for r in (declared, *declared.others()) if self._holds_under(equality, r)), None)

    # ------------------------------------------------------------ the fault

    def _confined_fault(self, right: Node, outcome: Outcome) -> Fault:
        """The search for a fault costs no claim its verdict, whatever it raises."""
        try:
            return self._fault(right, outcome)
        except CONFINED:
            return self._without_edit(outcome)

    def _fault(self, right: Node, outcome: Outcome) -> Fault:
        if isinstance(right, Space) or self.equality.update:
            return self._unfit(right, outcome)
        self._read_as_usual(right)
        assumed = self._assumption(outcome)
        found: FoundFault | None
        if isinstance(self.left, Derivative) and self.sure(Num("0")):
            found = FoundFault("other", "the derivative is 0", right.span, Num("0"))
        elif outcome.misfit:  # no term that is added mends a shape
            found = diagnose(right, self, SECONDS_FOR_A_SHAPE)
        elif assumed is None:
            found = diagnose(right, self, SECONDS_TO_DIAGNOSE) or missing_term(right, self, SECONDS_FOR_TERMS)
        else:
            found = diagnose(right, self, SECONDS_BESIDE_A_FACT)
        correction = None if found is None else corrected(self.left, found.right, self.notation, self._sure)
        if found is not None and correction is not None:
            text = found.text if not outcome.misfit else f"{outcome.misfit}; {found.text}"
            also = "" if assumed is None else f"; as written, right only if {proposal.shown(assumed, self.notebook)}"
            return self._with(Fault(found.kind, text + also, found.span, "", ""), correction)
        if assumed is not None:
            said = proposal.proposed(assumed, self.notebook, self.session.source.kind)
            text = f"right only if {proposal.shown(assumed, self.notebook)}; if that is meant, say so: {said}"
            return self._with(Fault("assumption", text, None, "", ""), self._right())
        return self._without_edit(outcome)

    def _without_edit(self, outcome: Outcome) -> Fault:
        kind = "shape" if outcome.misfit else "other"
        text = outcome.misfit or "it differs from the derivative, and no single edit makes it right"
        return self._with(Fault(kind, text, None, "", ""), self._right())

    def _with(self, fault: Fault, correction: Correction) -> Fault:
        formula, replacement = correction.formula, correction.replacement
        return replace(fault, formula=formula, replacement=replacement, notation=self.notation)

    def _right(self) -> Correction:
        """The derived equation, where it is right as it is printed."""
        formula, text = self._derived()
        if not formula:
            return Correction()
        readings = dict.fromkeys((self.notebook.reading, self.reading))
        for reading in readings:
            judged = partial(self._sure_under, reading)
            found = derived_correction(self.left, formula, text, self.notation, judged)
            if found is not None:
                return found
        return Correction()

    def _read_as_usual(self, right: Node) -> None:
        """The claim is read as the notes' other claims are right; where nothing is said, as its shape fits."""
        if self.chapter.usual is None:
            self.chapter.usual = self._usual()
        usual = self.chapter.usual
        self._read_under(usual)
        if "vector" not in self.notebook.said and not fit(self.shape(right), self.left_shape):
            self._read_under(turned(usual))
            if not fit(self.shape(right), self.left_shape):
                self._read_under(usual)

    def _read_under(self, reading: Layout) -> None:
        if reading != self.reading:
            self.reading = reading
            self._forget()

    def _usual(self) -> Layout:
        """With rows for gradients where some claim needs that, none needs columns, and nothing is said."""
        declared = self.notebook.reading
        if "vector" in self.notebook.said:
            return declared
        needed = False
        others = (c for c in self.chapter.claims if isinstance(c.left, Derivative) and c is not self.equality)
        for claim in itertools.islice(others, MOST_ASKED):
            one, other = self._holds_under(claim, declared), self._holds_under(claim, turned(declared))
            if one and not other:
                return declared
            needed |= other and not one
        return turned(declared) if needed else declared

    def _holds_under(self, equality: Equality, reading: Layout) -> bool:
        try:
            pairs = at_layers((equality.left, equality.right), self.notebook)
            return bool(pairs) and all(holds(self._problem(a, b, reading)) for a, b in pairs)
        except (Misfit, NotUnderstood, ShapeError, WorldError):
            return False

    def _unfit(self, right: Node, outcome: Outcome) -> Fault:
        """Of an update: the derivative in it, in the shape that it has to have."""
        for claim in self.chapter.claims:
            if isinstance(claim.left, Derivative) and claim.left in walk(right):
                judge = Judge(self.session, self.chapter, claim)
                judge.reading = self.notebook.reading
                found = diagnose(claim.right, judge, SECONDS_TO_DIAGNOSE)
                if found is not None:
                    text = f"{outcome.misfit}; in it, {found.text}"
                    shown = corrected(claim.left, found.right, self.notation, judge._sure) or Correction()
                    return self._with(Fault("shape", text, right.span, "", ""), Correction(shown.formula))
        return Fault("shape", outcome.misfit, right.span, "", "")

    def _assumption(self, outcome: Outcome) -> Fact | None:
        """The one fact under which the claim is right as it stands, and says more than 0 = 0."""
        problem = outcome.problem
        if problem is None or outcome.in_a_case:  # a fact would only keep the points away from the case
            return None
        deadline = time.process_time() + SECONDS_FOR_FACTS
        for fact in assumptions.offered(problem):
            if time.process_time() > deadline:
                break
            if fact.what not in USUAL or assumptions.search(problem, [fact]) is None:
                continue
            supposed = replace(problem, world=problem.world.supposing(fact))
            if not holds(replace(supposed, right=ZERO)) and sure(supposed):
                return fact
        return None

    def _derived(self) -> tuple[str, str]:
        """The left side, derived, in the writer's names; empty where it has no form to print."""
        if self._form is None:
            left, _ = self._instances(self.right)[0]
            try:
                self._form = derived(left, self._meaning())
            except (NotUnderstood, Misfit, ShapeError, WorldError):
                self._form = "", ""
        return self._form

    # ------------------------------------------------------------ what the search for the fault asks

    def holds(self, right: Node) -> bool:
        """True where `left = right` holds at every layer."""
        problems = self._problems(right)
        return problems is not None and all(_unless_it_fails(partial(holds, p), False) for p in problems)

    def sure(self, right: Node) -> bool:
        """True where that is confirmed on a second road."""
        return self.holds(right) and self._sure(self.left, right)

    def _sure(self, left: Node, right: Node) -> bool:
        return self._sure_under(self.reading, left, right)

    def _sure_under(self, reading: Layout, left: Node, right: Node) -> bool:
        def at_every_layer() -> bool:
            pairs = self._instances(right) if left == self.left else [(left, right)]
            return all(sure(self._problem(a, b, reading)) for a, b in pairs)

        return _unless_it_fails(at_every_layer, False)

    def _problems(self, right: Node) -> list[Question] | None:
        """`left = right` at every layer; None where it has no meaning."""
        if any(self._restates(n) for n in walk(right)):
            return None  # says nothing of the left side
        if right not in self._asked:
            try:
                self._asked[right] = [self._problem(a, b, self.reading) for a, b in self._instances(right)]
            except CONFINED:
                self._asked[right] = None
        return self._asked[right]

    def factor(self, right: Node, beside: Node | None = None) -> Node | None:
        """c with left = beside + c · right; None where there is none."""
        problems = self._problems(right)
        if problems is None:
            return None
        if beside is not None:
            others = self._problems(beside)
            if others is None:
                return None
            rests = [add(p.left, negate(p.right)) for p in others]
            problems = [replace(p, left=rest) for p, rest in zip(problems, rests, strict=True)]
        found = {_unless_it_fails(partial(ratio, p), None) for p in problems}
        c = found.pop() if len(found) == 1 else None
        return None if c is None else scalar_tree(c, self.notebook)

    def shape(self, node: Node) -> Sizes | None:
        """The sizes of a part's axes, a row as (1, n), None for an open one; None where it has no meaning by itself."""
        value = self.value(node)
        if value is None:
            return None
        sizes = tuple(None if any("?" in s.name for s in size.free_symbols) else size for size in value.shape)
        return (sympy.Integer(1), *sizes) if value.row else sizes

    def value(self, node: Node) -> Value | None:
        if node not in self._values:
            self._values[node] = self._value(node)
        return self._values[node]

    def _value(self, node: Node) -> Value | None:
        try:
            sides = [(self.left, self.right, node)]
            place = self._instances(self.right)[0]
            for a, b, c in at_layers(sides[0], self.notebook):
                if (a, b) == place:
                    return values.slim(self._meaning(self.reading).value(c, a, b))
        except (NotUnderstood, Misfit, ShapeError, WorldError):
            pass
        return None

    def _restates(self, node: Node) -> bool:
        """True for the left side in other words, and for other entries of it, where the claim has them not."""
        if node in self._own:
            return False
        left = self.left
        entries = isinstance(node, Scripts) and isinstance(left, Scripts) and node.base == left.base
        if entries and isinstance(left, Scripts):
            key = identifier(left.base)
            return node in self._restated or (key is not None and self.notebook.knows(key))
        return node in self._restated

    def _names_of_left(self) -> frozenset[Node]:
        """The left side, what the notes define as it, and what they define it as where that is one quantity."""
        known = self.notebook.definitions.values()
        names = {d.left for d in known if d.right == self.left}
        return frozenset((self.left, *names, *(d.right for d in known if d.left == self.left)))

    def quantities(self) -> list[Node]:
        """Every quantity of the notes as it is written there, with its sample letter where the claim has one."""
        out: dict[Node, None] = {}
        own = (self.right, self.left)
        along_lefts = [e.left for e in self.chapter.claims if isinstance(e.left, Call)]
        trees = [*own, *along_lefts, *(e.right for e in self.chapter.claims)]
        trees += [d.right for d in self.notebook.definitions.values()]
        for node in (n for tree in trees for n in walk(tree)):
            gradient = isinstance(node, Derivative) and len(node.by) == 1
            along = isinstance(node, Call) and is_operand(node, lambda _: False)
            if (gradient or along or identifier(node) is not None) and node not in (*self._restated, Name("I")):
                out.setdefault(node, None)
        out = dict.fromkeys(n for n in out if self._is_quantity(n))
        for key, written in self.notebook.latex.items():
            if self.notebook.knows(key):
                out.setdefault(written, None)
        return list(out)

    def _is_quantity(self, node: Node) -> bool:
        if isinstance(node, Num) or self._meaning().is_function(node):
            return False
        return self.value(node) is not None

    def functions(self) -> list[tuple[Node, Node]]:
        """Each function that the notes apply, with what stands in its bracket: f and a for f(a)."""
        out: dict[tuple[Node, Node], None] = {}
        meaning = self._meaning()
        for node in self._written():
            if isinstance(node, Product):
                for f, after in zip(node.factors, node.factors[1:], strict=False):
                    if isinstance(after, Group) and meaning.is_function(f):
                        out.setdefault((f.of if isinstance(f, Prime) else f, after.of), None)
        return list(out)

    def fragments(self) -> list[Node]:
        """What stands in brackets in the notes' other formulas, and their conditions 1[a > 0]."""
        own = set(walk(self.right))
        parts = (n for n in self._written() if isinstance(n, Group | Indicator) and n not in own)
        found = dict.fromkeys(n.of if isinstance(n, Group) else n for n in parts)
        return [n for n in found if not isinstance(n, Name | Num | Items) and self.value(n) is not None]

    def residual(self, right: Node) -> Node | None:
        """The terms of the derivative that `right` lacks, where it has all but one of them or only one."""
        _, text = self._derived()
        try:
            whole = self.notebook.fonts.renamed(latex_notation.expression(text))
        except (InputError, ValueError):
            return None
        whole = multiplied_out(whole)
        if not isinstance(whole, Sum) or len(whole.terms) > MOST_TERMS:
            return None
        for place, term in enumerate(whole.terms):
            rest = [t for p, t in enumerate(whole.terms) if p != place]
            for missing in (term, plus(*rest)):
                if self.holds(plus(right, missing)):
                    return missing
        return None

    def sums(self) -> list[Sum]:
        """The sums that the notes define quantities as."""
        return [d.right for d in self.notebook.definitions.values() if isinstance(d.right, Sum)]

    def _written(self) -> Iterator[Node]:
        """Every part of every definition and claim."""
        for d in self.notebook.definitions.values():
            yield from walk(d.right)
        for e in self.chapter.claims:
            yield from walk(e.left)
            yield from walk(e.right)


def _unless_it_fails(work: Callable[[], T], otherwise: T) -> T:
    """What an edit raises says only that it is none."""
    try:
        return work()
    except CONFINED:
        return otherwise


def _no_link(of: Node, by: Node) -> str:
    return f"nothing in the text says how {phrase(of)} depends on {phrase(by)}"


def _which(first: Links, other: Links, notebook: Notebook) -> str:
    """Between which dependences the verdict changes."""
    name, by = next(pair for pair in first if pair not in other)
    texts = (_arguments(links, notebook) for links in (by, dict(other).get(name, ())))
    written = phrase(notebook.latex.get(name, Name(name)))
    return f"it is right or wrong as {written} is a function of {' or of '.join(texts)}; say which"


def _arguments(links: Sequence[Link], notebook: Notebook) -> str:
    parts = (
        phrase(notebook.latex.get(link.by, Name(link.by))) + (", entry by entry" if link.shared else "")
        for link in links
    )
    return " and ".join(parts) or "none of these"


def _with_numbers(text: str) -> str:
    """A size that stands for a number, as "3 for 784"."""
    return re.sub(r"\bsize(\d+) = (\d+)", r"\2 for \1", text)


def _shown(point: Counterexample | None, meaning: Meaning) -> Counterexample | None:
    """The point under the notes' own names."""
    if point is None:
        return None
    sizes_of = tuple((name.removeprefix("size"), n) for name, n in point.sizes)
    named = ((_name(name, meaning), v) for name, v in point.values)
    return replace(point, sizes=sizes_of, values=tuple((name, v) for name, v in named if "__" not in name))


def _name(name: str, meaning: Meaning) -> str:
    made = meaning.world.auxiliary.get(name)
    if made is not None and made.by:
        below = "".join(f"∂{_name(n, meaning)}" for n in (made.by, made.also) if n)
        return f"∂{'²' if made.also else ''}{_name(made.of, meaning)}/{below}"
    if made is not None and made.kind == "direction":
        return f"R{{{_name(made.of, meaning)}}}"
    written = meaning.notebook.latex.get(name)
    return name if written is None else phrase(written)


def _same(a: Question, b: Question) -> bool:
    return a.left == b.left and a.right == b.right and a.order == b.order


def bracketed(node: Node, meaning: Meaning) -> Node:
    """a ⊙ b cᵀ as (a ⊙ b) cᵀ where it is read so."""
    if is_elementwise(node) and not meaning.notebook.primes_transpose:
        with suppress(*CONFINED):
            node = replace(meaning.grouped(node), span=node.span)
    return rebuild(node, lambda n: bracketed(n, meaning))


def entrywise(node: Node, meaning: Meaning) -> Node:
    """a * b of two columns as a ⊙ b, as it is read."""
    node = rebuild(node, lambda n: entrywise(n, meaning))
    if not isinstance(node, Product) or "*" not in node.signs or meaning.notebook.primes_transpose:
        return node
    groups: list[list[Node]] = [[node.factors[0]]]
    for sign, factor in zip(node.signs, node.factors[1:], strict=True):
        if sign == "*":
            groups.append([factor])
        else:
            groups[-1].append(factor)
    parts = [product(*g) for g in groups]
    try:
        shapes = {(v.shape, v.row) for v in map(meaning.value, parts)}
    except (NotUnderstood, Misfit, ShapeError, WorldError):
        return node
    if len(shapes) != 1 or len(next(iter(shapes))[0]) != 1:
        return node
    return reduce(lambda a, b: Binary("hadamard", a, b, span=node.span), parts)


def turned(reading: Layout) -> Layout:
    """With the derivative of a number by a vector as a row for a column, and back."""
    return replace(reading, vector="row" if reading.vector == "column" else "column")


def multiplied_out(node: Node) -> Node:
    """(a + b) M as a M + b M."""
    if not isinstance(node, Product) or not isinstance(node.factors[0], Group):
        return node
    inner, rest = node.factors[0].of, node.factors[1:]
    if not isinstance(inner, Sum):
        return node
    return plus(*(negated(product(t.of, *rest)) if isinstance(t, Neg) else product(t, *rest) for t in inner.terms))


def scalar_tree(c: sympy.Expr, notebook: Notebook) -> Node:
    """A number such as −2/n or α/k as a tree, in the writer's names."""
    if c.could_extract_minus_sign():
        return Neg(scalar_tree(-c, notebook))
    above, below = sympy.fraction(c)
    if below != 1:
        return Quotient(scalar_tree(above, notebook), scalar_tree(below, notebook))
    if isinstance(c, sympy.Mul):
        return Product(tuple(scalar_tree(f, notebook) for f in c.args), ("",) * (len(c.args) - 1))
    if isinstance(c, sympy.Pow) and c.exp.is_Integer:
        return Scripts(scalar_tree(c.base, notebook), (), Num(str(c.exp)))
    if isinstance(c, sympy.Symbol):
        if c.name.startswith("size"):
            return Num(c.name.removeprefix("size"))
        return notebook.latex.get(c.name, Name(c.name, c.name))
    return Num(str(c))
