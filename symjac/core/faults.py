"""Faults of symjac's own: what was at hand when one showed itself, and how it is told to whoever is to report it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from symjac.core.errors import InputError

LONGEST = 300
"""How much of a formula a message shows."""


@contextmanager
def at_hand(what: Callable[[], str]) -> Iterator[None]:
    """An exception that leaves the block bears a note of what was at hand; `what` is called only then."""
    try:
        yield
    except InputError:
        raise  # it says for itself where
    except Exception as error:
        error.add_note(_short(what()))
        raise


def told(error: Exception) -> str:
    """The message on a fault: what was at hand, from the inside out; what went wrong and where; what to do."""
    lines = ["error: symjac failed; the fault is its own"]
    lines += [f"  at {note}" for note in getattr(error, "__notes__", ())]
    lines.append(f"  {summary(error)}")
    lines.append("  please report this message together with the input")
    return "\n".join(lines)


def summary(error: Exception) -> str:
    """`KeyError: 'Z_1' (symjac/calculus/simplify.py:123)`: the kind, the words, the last of symjac's lines."""
    package = Path(__file__).parent.parent
    own = [f for f in traceback.extract_tb(error.__traceback__) if package in Path(f.filename).parents]
    place = (
        f" ({package.name}/{Path(own[-1].filename).relative_to(package).as_posix()}:{own[-1].lineno})" if own else ""
    )
    words = str(error).strip()
    return _short(type(error).__name__ + (f": {words}" if words else "")) + place


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."
