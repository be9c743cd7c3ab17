"""The verdict on each claim of a page.

A claim is taken as the notes most likely mean it (`posed`): at every layer (`by_layers`), under the conventions that
they state, then under the others (`conventions`); which of them it holds under says which verdict it is. Where it is
wrong, the other readings are tried that the notes leave open (`readings`), and what they leave unsaid (`supposed`,
`left_open`, `elsewhere`; `settled`). What the text leaves unread or undecided is judged once more, with shapes from use
(`of_use`). Where it is wrong all the same, it is refuted, and the fault is looked for (`at_fault`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from symjac.equality.outcome import DOUBTFUL, REFUTED, UNDECIDED
from symjac.meaning.natures import CLAIM
from symjac.meaning.reasons import CONFINED, reason_of
from symjac.meaning.statements import Equality
from symjac.model.stack import Stack
from symjac.notes.source import Source
from symjac.verify.as_data import as_claim
from symjac.verify.at_fault import fault_of
from symjac.verify.of_use import judged_from_use
from symjac.verify.posed import Posed
from symjac.verify.session import Session
from symjac.verify.settled import outcome_of
from symjac.verify.verdict import Claim, Judged

Progress = Callable[[int, int], None]
_STANDS_NOT = (DOUBTFUL, REFUTED, UNDECIDED)


def judge_source(source: Source, progress: Progress | None = None, stack: Stack | None = None) -> Judged:
    """The verdict on every claim, in the order of the file; it may speak of the network of `stack`.

    In a chain a = b = c where b is wrong, undecided or not read, c is compared with a.
    """
    judged = _judged(Session(source, stack), progress)
    return _beside(judged, _judged(Session(source, stack, from_use=True), None)) if judged.unread else judged


def _beside(declared: Judged, used: Judged) -> Judged:
    """The verdicts as the text's declarations have them; of what they leave unread or undecided, as its use has it."""
    open_before = {c.span for c in declared.claims if c.verdict == UNDECIDED} | {u.span for u in declared.unread}
    better = {c.span: c for c in used.claims if c.span in open_before and c.verdict != UNDECIDED}
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
    if posed.notebook.from_use:
        return judged_from_use(posed)
    posed, outcome = outcome_of(posed)
    wrong = outcome.verdict == REFUTED and posed.equality.nature == CLAIM
    return as_claim(posed, outcome, fault_of(posed, outcome) if wrong else None)


def _following(claim: Claim) -> Claim:
    """Refuted, or undecided, with the one before it, which it equals."""
    if claim.fault is None:
        return replace(claim, road=f"{claim.road}; it equals what is before it")
    return replace(
        claim, fault=replace(claim.fault, text=f"it follows from what is wrong before it; {claim.fault.text}")
    )
