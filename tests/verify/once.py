"""Notes in two notations pose the same questions: each of them is decided once.

python -m tests.verify.once FILE ...     judges the files; exit code 1 where one is not clean
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from symjac.equality import decide
from symjac.equality.outcome import AGREES, PROVED
from symjac.equality.question import Question
from symjac.notes.source import read_source
from symjac.verify import conventions
from symjac.verify.judge import judge_source
from symjac.verify.verdict import Judged

T = TypeVar("T")


def _once(work: Callable[[Question], T]) -> Callable[[Question], T]:
    """`work`, which depends on what a question says alone: its sides, the definitions behind them, the facts."""
    known: dict[str, T] = {}

    def found(question: Question) -> T:
        if question.digest not in known:
            known[question.digest] = work(question)
        return known[question.digest]

    return found


_holds, _decide = _once(decide.holds), _once(decide.decide)


@contextmanager
def decided_once() -> Iterator[None]:
    """The judge decides each question once, whichever page it is on."""
    with patch.object(conventions, "holds", _holds), patch.object(conventions, "decide", _decide):
        yield


@cache
def judged(path: Path) -> Judged:
    """The verdicts on a file; its twin in another notation costs little more than reading it."""
    with decided_once():
        return judge_source(read_source(str(path)))


def not_clean(result: Judged) -> list[str]:
    """What was not read, and every verdict but proved and agrees."""
    unread = [f"{u.line}: {u.text}: {u.reason}" for u in result.unread]
    wrong = [c for c in result.claims if c.verdict not in (PROVED, AGREES)]
    return [*unread, *(f"{c.line}: {c.text}: {c.verdict}, {c.road}" for c in wrong)]


if __name__ == "__main__":
    found = [line for name in sys.argv[1:] for line in not_clean(judged(Path(name)))]
    print("\n".join(found))
    sys.exit(bool(found))
