"""What cannot be done with formulas, definitions and facts; the messages are for the reader of the text."""

from __future__ import annotations

from symjac.claims.tree import Span


class WorldError(ValueError):
    """A declaration, definition or fact that cannot stand beside those before it."""


class NotKnown(WorldError):
    """A derivative that nothing given determines."""


class NotUnderstood(Exception):
    """A formula that cannot be given a meaning; why, and where."""

    def __init__(self, span: Span, reason: str) -> None:
        super().__init__(reason)
        self.span, self.reason = span, reason


class Misfit(Exception):
    """Shapes that do not fit; where, and both in words."""

    def __init__(self, span: Span, reason: str) -> None:
        super().__init__(reason)
        self.span, self.reason = span, reason


class Again(Exception):
    """An unknown size was found: the formula is to be read once more."""


class NoLink(NotUnderstood):
    """A derivative is 0 only because nothing says how the one quantity depends on the other."""
