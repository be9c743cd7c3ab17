"""A verdict as plain data, under the names of the notes."""

from __future__ import annotations

import re
from dataclasses import replace

from symjac.equality.outcome import Counterexample
from symjac.meaning.meaning import Meaning
from symjac.meaning.statements import Equality
from symjac.verify.openings import taken_anew
from symjac.verify.outcomes import Outcome
from symjac.verify.phrase import phrase
from symjac.verify.posed import Posed
from symjac.verify.verdict import Claim, Fault


def as_claim(posed: Posed, outcome: Outcome, fault: Fault | None) -> Claim:
    """The claim, at its place in the file, with its verdict."""
    source, span = posed.session.source, posed.equality.span
    place = source.place(relation_of(posed.equality, source.text))
    return Claim(
        file=place.file,
        line=place.line,
        column=place.column,
        span=span,
        claimed=posed.right.span,
        text=source.text[span.start : span.end],
        verdict=outcome.verdict,
        road=_with_the_clock(_with_numbers(outcome.road), posed.clock.said),
        notes=(*outcome.notes, *posed.grouping, *taken_anew(posed.notebook, posed.left, posed.right)),
        fault=fault,
        counterexample=_shown(outcome.counterexample, posed.meaning()),
        cell=source.cell(span.start),
    )


def relation_of(equality: Equality, text: str) -> int:
    """Where the sign stands that joins the sides; where that is no `=`, the equation begins."""
    sign = text.rfind("=", equality.left.span.start, equality.right.span.start)
    return sign if sign >= 0 else equality.span.start


def _with_the_clock(road: str, cut: str) -> str:
    """With what the last guard ended: on a faster machine there may be another verdict, or another fault."""
    return road if not cut or cut in road else f"{road}; {cut}"


def _with_numbers(text: str) -> str:
    """A size that stands for a number, as "3 for 784"."""
    return re.sub(r"\bsize(\d+) = (\d+)", r"\2 for \1", text)


def _shown(point: Counterexample | None, meaning: Meaning) -> Counterexample | None:
    """The point under the notes' own names."""
    if point is None:
        return None
    sizes_of = tuple((name.removeprefix("size"), n) for name, n in point.sizes)
    named = ((shown_name(name, meaning), v) for name, v in point.values)
    return replace(point, sizes=sizes_of, values=tuple((name, v) for name, v in named if "__" not in name))


def shown_name(name: str, meaning: Meaning) -> str:
    made = meaning.world.auxiliary.get(name)
    if made is not None and made.by:
        below = "".join(f"∂{shown_name(n, meaning)}" for n in (made.by, made.also) if n)
        return f"∂{'²' if made.also else ''}{shown_name(made.of, meaning)}/{below}"
    if made is not None and made.kind == "direction":
        return f"R{{{shown_name(made.of, meaning)}}}"
    written = meaning.notebook.latex.get(name)
    return name if written is None else phrase(written)
