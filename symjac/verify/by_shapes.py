"""Claims of which only sizes and shapes are judged: dim(θ) = m n, and updates W := W − ..."""

from __future__ import annotations

import sympy

from symjac.core.expr import ShapeError
from symjac.equality.outcome import PROVED, REFUTED
from symjac.meaning import sizes
from symjac.meaning.notebook import Layout
from symjac.meaning.reasons import Misfit, reason_of
from symjac.meaning.statements import Equality
from symjac.notation.tree import Derivative, Node, Space, walk
from symjac.verify.outcomes import Outcome
from symjac.verify.posed import Posed


def dimension(posed: Posed, left: Node, right: Space) -> Outcome:
    """dim(θ) is the number of entries that are claimed."""
    meaning = posed.meaning()
    found = meaning.dimension(left)
    said = sympy.Mul(*(sizes.written_size(meaning.notebook, n) for n in right.sizes))
    if sympy.expand(found - said) == 0:
        return Outcome(PROVED, "sizes added up")
    return Outcome(REFUTED, "sizes added up", misfit=f"it has {found} entries, not {said}")


def update(posed: Posed, left: Node, right: Node) -> Outcome:
    """Shapes have to fit, each derivative read as the notes' own formulas for it are right."""
    reading = posed.notebook.reading
    for chapter_claim in posed.chapter.claims:
        if isinstance(chapter_claim.left, Derivative) and chapter_claim.left in walk(posed.equality.right):
            reading = _reading_of(posed, chapter_claim) or reading
    try:
        posed.question(left, right, reading)
    except (Misfit, ShapeError) as error:
        return Outcome(REFUTED, "shapes", misfit=reason_of(error))
    return Outcome(PROVED, "shapes fit")


def _reading_of(posed: Posed, equality: Equality) -> Layout | None:
    """The reading under which another claim holds."""
    return next((r for r in posed.notebook.readings() if posed.holds_under(equality, r)), None)
