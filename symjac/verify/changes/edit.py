"""One change of a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symjac.notation.tree import Node, Span
from symjac.verify.scalars import Scalar, scaled
from symjac.verify.sites import (
    plus,
)


@dataclass(frozen=True, slots=True)
class Edit:
    kind: str
    text: str
    """The fault in words; empty where the number c alone says it."""
    span: Span
    asked: Node
    cost: float
    beside: Node | None = None
    finish: Callable[[Scalar], Node] | None = None
    """The corrected formula for the number c; c times what is asked where None."""
    part: Node | None = None
    """What the number c stands before, where that is not the whole."""
    keeps: bool = False
    """True where the shape is that of the formula before."""

    def corrected(self, c: Scalar) -> Node:
        if self.finish is not None:
            return self.finish(c)
        return scaled(self.asked, c) if self.beside is None else plus(self.beside, scaled(self.asked, c))
