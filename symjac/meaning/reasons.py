"""What cannot be done with formulas, definitions and facts; the messages are for the reader of the text."""

from __future__ import annotations

from symjac.calculus.facts import WorldError
from symjac.core.errors import InputError
from symjac.core.expr import ShapeError
from symjac.notation.tree import Span


class NotUnderstood(Exception):
    """A formula that cannot be given a meaning; why, and where."""

    def __init__(self, span: Span, reason: str) -> None:
        super().__init__(reason)
        self.span, self.reason = span, reason


class Misfit(Exception):
    """Shapes that do not fit; where, and both in words. `defining`: in a definition that a formula reads."""

    def __init__(self, span: Span, reason: str, defining: bool = False) -> None:
        super().__init__(reason)
        self.span, self.reason, self.defining = span, reason, defining


class Again(Exception):
    """An unknown size was found: the formula is to be read once more."""


class TooMuch(NotUnderstood):
    """A formula that has a meaning, and numbers in it that are too large to be worked out."""


class NoLink(NotUnderstood):
    """A derivative is 0 only because nothing says how the one quantity depends on the other."""


BEYOND = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, TypeError, ValueError)
"""What a formula may raise that nobody thought of."""

CONFINED = (NotUnderstood, Misfit, ShapeError, WorldError, InputError, RecursionError, *BEYOND)
"""What one statement may raise: it is listed as not read, with the reason, and costs no other its verdict."""


def reason_of(error: BaseException) -> str:
    """Why a statement that raised this is not read."""
    match error:
        case NotUnderstood() | Misfit():
            return error.reason
        case InputError():
            return error.found
        case ShapeError() | WorldError():
            return str(error)
        case RecursionError():
            return "it is nested too deeply"
    return f"it cannot be worked out ({type(error).__name__}: {error}); please report this"
