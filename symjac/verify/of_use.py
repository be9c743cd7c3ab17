"""Claims about names that the text does not declare, and the ways in which they may be right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from symjac.equality.outcome import AGREES, DOUBTFUL, PROVED, REFUTED, UNDECIDED
from symjac.meaning.naming import identifier
from symjac.meaning.natures import CLAIM
from symjac.meaning.notebook import Shape, is_loss
from symjac.meaning.reasons import CONFINED, Misfit
from symjac.notation.tree import Derivative, Name, Relation, Scripts, walk
from symjac.verify.as_data import as_claim
from symjac.verify.at_fault import fault_of, local_fault
from symjac.verify.chained import as_chain, is_chain
from symjac.verify.outcomes import Outcome
from symjac.verify.paths import depends_beside
from symjac.verify.phrase import phrase
from symjac.verify.posed import Posed
from symjac.verify.session import Chapter
from symjac.verify.settled import outcome_of
from symjac.verify.supposed import belittled, undeclared, with_undeclared
from symjac.verify.verdict import OTHER, Claim


def judged_from_use(posed: Posed) -> Claim:
    """The verdict on a claim whose names have shapes from use: right if it is so in a way that fits the text, refuted
    only if it is wrong in all and one change makes it right.
    """
    first: tuple[Posed, Outcome] | None = None
    failure: Exception | None = None
    for way in ways(posed):
        try:
            found, outcome = outcome_of(way)
        except CONFINED as error:
            failure = failure or error
            continue
        if outcome.verdict in (PROVED, AGREES, OTHER):
            return _as_written(posed, found) or as_claim(found, with_undeclared(found, outcome), None)
        first = first or (found, outcome)
    if first is None:
        assert failure is not None
        chained = _as_chain(posed) if isinstance(failure, Misfit) else None
        found_otherwise = chained or _without_unreadable(posed)
        if found_otherwise is None:
            raise failure
        return found_otherwise
    posed, outcome = first
    if outcome.verdict == UNDECIDED and (general := _for_any_loss(posed)) is not None:
        return general
    if outcome.verdict == REFUTED and (special := _where_compared(posed)) is not None:
        return special
    if outcome.verdict == REFUTED and (right := _in_its_section(posed)) is not None:
        return right
    if outcome.misfit and (chained := _as_chain(posed)) is not None:
        return chained
    wrong = outcome.verdict == REFUTED and posed.equality.nature == CLAIM
    taken = undeclared(posed) if wrong else []
    if not taken:
        return as_claim(posed, with_undeclared(posed, outcome), fault_of(posed, outcome) if wrong else None)
    fault = local_fault(posed, outcome) if failure is None else None
    if fault is None:
        outcome = Outcome(UNDECIDED, f"it is wrong with {', '.join(taken)}, which the text does not say")
    return as_claim(posed, with_undeclared(posed, outcome), fault)


def ways(posed: Posed) -> Iterator[Posed]:
    """The claim under the shapes that the text declares or that fit it best, then under others that fit as well."""
    yield posed
    for chapter in posed.chapter.others if posed.notebook.usages > 1 else ():
        same = chapter.same(posed.equality)
        if same is not None:
            yield Posed.of(posed.session, chapter, same)


def _as_written(posed: Posed, found: Posed) -> Claim | None:
    """The verdict on what is right where letters stand for less than they say: W for a number, a bold x for one. None
    where the text cannot be read otherwise, or the claim is the chain rule as such.
    """
    less = [] if is_chain(posed.left, posed.right) else belittled(found)
    chapter = posed.chapter.as_written if less else None
    same = None if chapter is None else chapter.same(posed.equality)
    if chapter is None or same is None:
        return None
    with suppress(*CONFINED):
        way = Posed.of(posed.session, chapter, same)
        if _axes(way) > 2:
            return None
        with suppress(*CONFINED):
            read, outcome = outcome_of(way)
            if outcome.verdict in (PROVED, AGREES, OTHER):
                return as_claim(read, with_undeclared(read, outcome), None)
            if outcome.verdict == UNDECIDED and not outcome.misfit:
                return as_claim(read, with_undeclared(read, outcome), None)
        return as_claim(found, Outcome(DOUBTFUL, f"it is right only with {', '.join(less)}"), None)
    return None


def _axes(posed: Posed) -> int:
    """How many axes a derivative has, where its own are not made one."""
    read, left = posed.meaning().value, posed.left
    parts = (left.of, *left.by) if isinstance(left, Derivative) and left.of is not None else (left,)
    return sum(len(read(part).axes) for part in parts)


def _where_compared(posed: Posed) -> Claim | None:
    """The verdict where i = j, or where i ≠ j, if the text tells these apart and the claim is right in one."""
    letters = {identifier(n) for side in (posed.left, posed.right) for n in walk(side)}
    for c in (*posed.notebook.compared, *_told_apart(posed)) if not posed.equality.conditions else ():
        if {identifier(c.left), identifier(c.right)} <= letters:
            with suppress(*CONFINED):
                way = replace(posed, equality=replace(posed.equality, conditions=(c,)))
                found, outcome = outcome_of(way)
                if outcome.verdict in (PROVED, AGREES, OTHER):
                    noted = replace(outcome, notes=(*outcome.notes, f"taken: {phrase(c)}"))
                    return as_claim(found, with_undeclared(found, noted), None)
    return None


def _for_any_loss(posed: Posed) -> Claim | None:
    """The verdict where the claim is right whatever the loss is, of which a formula is given at another layer."""
    book = posed.notebook.copy()
    found = (n.of for side in (posed.left, posed.right) for n in walk(side) if isinstance(n, Derivative))
    losses = {key for key in map(identifier, found) if key in book.definitions and is_loss(key)}
    for key in losses:
        book.shapes[key] = Shape((), (), book.definitions.pop(key).span)
    with suppress(*CONFINED):
        way = Posed.of(posed.session, Chapter(book, posed.chapter.claims), posed.equality)
        found_now, outcome = outcome_of(way) if losses else (way, Outcome(UNDECIDED, ""))
        if outcome.verdict in (PROVED, AGREES, OTHER):
            names = " and ".join(sorted(phrase(posed.as_written(key)) for key in losses))
            noted = replace(outcome, notes=(*outcome.notes, f"taken: any {names}"))
            return as_claim(found_now, with_undeclared(found_now, noted), None)
    return None


def _without_unreadable(posed: Posed) -> Claim | None:
    """The verdict where it is right whatever the formulas say that cannot be read."""
    chapter = posed.chapter.readable
    if chapter is None or depends_beside(posed.notebook, chapter.notebook, posed.left, posed.right):
        return None
    with suppress(*CONFINED):
        found, outcome = outcome_of(Posed.of(posed.session, chapter, posed.equality))
        if outcome.verdict in (PROVED, AGREES, OTHER):
            return as_claim(found, with_undeclared(found, outcome), None)
    return None


def _in_its_section(posed: Posed) -> Claim | None:
    """The verdict where it is right without the formulas of other sections: undecided where one of them is before."""
    elsewhere = Outcome(UNDECIDED, "it is right without the formulas of other sections, and wrong with them")
    for only_later in (True, False):
        chapter = posed.chapter.of_section(posed.equality, posed.session.source.sections, only_later)
        with suppress(*CONFINED):
            if chapter is None:
                continue
            found, outcome = outcome_of(Posed.of(posed.session, chapter, posed.equality))
            if outcome.verdict in (PROVED, AGREES, OTHER):
                return as_claim(found, with_undeclared(found, outcome if only_later else elsewhere), None)
    return None


def _told_apart(posed: Posed) -> Iterator[Relation]:
    """i ≠ j, where the text has both ∂o_j/∂z_i and ∂o_i/∂z_i."""
    page = {n for pair in posed.notebook.equations for side in pair for n in walk(side) if isinstance(n, Derivative)}
    chain = [e.left for e in posed.chapter.claims if e.place == posed.equality.place]
    for n in (n for left in chain for n in walk(left) if isinstance(n, Derivative) and len(n.by) == 1):
        match n.of, n.by[0]:
            case Scripts(sub=(Name() as i,)) as of, Scripts(sub=(Name() as j,)) if i != j:
                if any(replace(n, of=replace(of, sub=(k,)), by=(replace(n.by[0], sub=(k,)),)) in page for k in (i, j)):
                    yield Relation("!=", i, j)


def _as_chain(posed: Posed) -> Claim | None:
    """The verdict on the chain rule as such, where it is right."""
    for way in as_chain(posed):
        with suppress(*CONFINED):
            found, outcome = outcome_of(way)
            if outcome.verdict == REFUTED:
                return None
            if outcome.verdict in (PROVED, AGREES):
                note = "taken: the chain rule as such, its products in the order and the layout that fit"
                return as_claim(found, replace(outcome, notes=(*outcome.notes, note)), None)
    return None
