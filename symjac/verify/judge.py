"""The verdict on each claim of a page.

A claim is taken as the notes most likely mean it (`posed`): at every layer (`by_layers`), under the conventions that
they state, then under the others (`conventions`); which of them it holds under says which verdict it is. Where it is
wrong, the other readings are tried that the notes leave open (`readings`), and what they leave unsaid (`supposed`,
`left_open`, `elsewhere`). Where it is wrong all the same, it is refuted, and the fault is looked for (`at_fault`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from symjac.equality.outcome import AGREES, DOUBTFUL, PROVED, REFUTED, UNDECIDED
from symjac.meaning.naming import identifier
from symjac.meaning.natures import CLAIM
from symjac.meaning.notebook import Shape, is_loss
from symjac.meaning.reasons import CONFINED, Misfit, reason_of
from symjac.meaning.statements import Equality
from symjac.model.stack import Stack
from symjac.notation.tree import Derivative, Name, Relation, Scripts, walk
from symjac.notes.source import Source
from symjac.verify.as_data import as_claim
from symjac.verify.at_fault import fault_of, local_fault
from symjac.verify.chained import as_chain, is_chain
from symjac.verify.elsewhere import free_elsewhere
from symjac.verify.left_open import left_open
from symjac.verify.outcomes import Outcome
from symjac.verify.paths import depends_beside
from symjac.verify.phrase import phrase
from symjac.verify.posed import Posed
from symjac.verify.readings import best_reading
from symjac.verify.session import Chapter, Session
from symjac.verify.supposed import belittled, undeclared, with_a_target, with_undeclared
from symjac.verify.verdict import OTHER, Claim, Judged

Progress = Callable[[int, int], None]
_STANDS_NOT = (DOUBTFUL, REFUTED, UNDECIDED)


def judge_source(source: Source, progress: Progress | None = None, stack: Stack | None = None) -> Judged:
    """The verdict on every claim, in the order of the file; it may speak of the network of `stack`.

    In a chain a = b = c where b is wrong, undecided or not read, c is compared with a.
    """
    judged = _judged(Session(source, stack), progress)
    return _beside(judged, _judged(Session(source, stack, from_use=True), progress)) if judged.unread else judged


def _beside(declared: Judged, used: Judged) -> Judged:
    """The verdicts as the text's declarations have them; of what they leave unread or undecided, as its use has it."""
    open_before = {c.span for c in declared.claims if c.verdict == UNDECIDED} | {u.span for u in declared.unread}
    better = {c.span: c for c in used.claims if c.span in open_before and c.verdict != UNDECIDED}
    better |= {c.span: c for c in used.claims if c.span in {u.span for u in declared.unread}}
    claims = [c for c in declared.claims if c.span not in better]
    unread = tuple(u for u in declared.unread if u.span not in better)
    every = tuple(sorted((*claims, *better.values()), key=lambda c: (c.span.start, c.span.end)))
    return replace(declared, claims=every, unread=unread)


def _judged(session: Session, progress: Progress | None) -> Judged:
    source = session.source
    every = [(chapter, e) for chapter in session.chapters for e in chapter.claims]
    claims: list[Claim] = []
    unread = list(session.unread)
    doubted: Equality | None = None  # the one before, as it was judged, where it does not stand
    for place, (chapter, equality) in enumerate(every):
        known = doubted if doubted is not None and doubted.right is equality.left else None
        judged = equality if known is None else replace(equality, left=known.left)
        doubted = judged if equality.nature == CLAIM else None
        try:
            claim = judge(Posed.of(session, chapter, judged))
            if claim.verdict not in _STANDS_NOT:
                doubted = None
            elif known is not None and Posed.of(session, chapter, equality).stands():
                claim = _following(claim)
            if equality.nature == CLAIM or claim.verdict not in _STANDS_NOT:
                claims.append(claim)
        except CONFINED as error:
            unread.append(session.not_read(equality.span, reason_of(error)))
        if progress is not None:
            progress(place + 1, len(every))
    unread.sort(key=lambda u: u.span.start)
    idle = session.not_claims([*(claim.span for claim in claims), *(item.span for item in unread)])
    return Judged(source.file, source.text, tuple(claims), tuple(unread), idle, source.origins)


def judge(posed: Posed) -> Claim:
    """The verdict on one claim: no refutation where the text leaves a way open in which it is right."""
    first: tuple[Posed, Outcome] | None = None
    failure: Exception | None = None
    for way in ways(posed):
        try:
            found, outcome = _outcome(way)
        except CONFINED as error:
            failure = failure or error
            continue
        if outcome.verdict in (PROVED, AGREES, OTHER):
            return _as_written(posed, found) or as_claim(found, with_undeclared(found, outcome), None)
        first = first or (found, outcome)
    if first is None and not posed.notebook.from_use:
        assert failure is not None
        raise failure
    if first is None:
        assert failure is not None
        chained = _as_chain(posed) if isinstance(failure, Misfit) else None
        found_otherwise = chained or _without_unreadable(posed)
        if found_otherwise is None:
            raise failure
        return found_otherwise
    posed, outcome = first
    if not posed.notebook.from_use:
        wrong = outcome.verdict == REFUTED and posed.equality.nature == CLAIM
        return as_claim(posed, outcome, fault_of(posed, outcome) if wrong else None)
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
            read, outcome = _outcome(way)
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
                found, outcome = _outcome(way)
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
        found_now, outcome = _outcome(way) if losses else (way, Outcome(UNDECIDED, ""))
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
        found, outcome = _outcome(Posed.of(posed.session, chapter, posed.equality))
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
            found, outcome = _outcome(Posed.of(posed.session, chapter, posed.equality))
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
            found, outcome = _outcome(way)
            if outcome.verdict == REFUTED:
                return None
            if outcome.verdict in (PROVED, AGREES):
                note = "taken: the chain rule as such, its products in the order and the layout that fit"
                return as_claim(found, replace(outcome, notes=(*outcome.notes, note)), None)
    return None


def _outcome(posed: Posed) -> tuple[Posed, Outcome]:
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


def _following(claim: Claim) -> Claim:
    """Refuted, or undecided, with the one before it, which it equals."""
    if claim.fault is None:
        return replace(claim, road=f"{claim.road}; it equals what is before it")
    return replace(
        claim, fault=replace(claim.fault, text=f"it follows from what is wrong before it; {claim.fault.text}")
    )
