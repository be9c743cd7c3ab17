"""What is printed as right: in the notation of the claim, read back as it is printed, and judged again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symjac.meaning.reasons import CONFINED
from symjac.notation import latex_notation, plain_notation, writer
from symjac.notation.tree import Node
from symjac.verify.derived import DerivedEquation

Judged = Callable[[Node, Node], bool]
"""Whether left = right holds on a second road."""

_WRITERS = {"latex": writer.latex, "plain": writer.plain}
_READERS = {"latex": latex_notation.expression, "plain": plain_notation.expression}


@dataclass(frozen=True, slots=True)
class Correction:
    """An equation, and its right side where that can stand in the place of the claimed one; texts, or empty."""

    formula: str = ""
    replacement: str = ""


def corrected(left: Node, right: Node, notation: str, judged: Judged) -> Correction | None:
    """`left = right` as it is printed; None where that is not right as it is read."""
    try:
        replacement = _WRITERS[notation](right)
        if not judged(left, _READERS[notation](replacement)):
            return None
        return Correction(f"{_WRITERS[notation](left)} = {replacement}", replacement)
    except CONFINED:
        return None


def derived_correction(left: Node, found: DerivedEquation, notation: str, judged: Judged) -> Correction | None:
    """The same of an equation that was derived; where it has another left side it replaces nothing."""
    if found.left is None:
        return corrected(left, found.right, notation, judged)
    correction = corrected(found.left, found.right, notation, judged)
    return None if correction is None else Correction(correction.formula)
