"""Two values that a page says are equal -> the question whether they are."""

from __future__ import annotations

from symjac.equality.budget import Clock
from symjac.equality.question import Question
from symjac.meaning.meaning import Meaning
from symjac.meaning.values import Value


def question_of(left: Value, right: Value, meaning: Meaning, clock: Clock | None = None) -> Question:
    order = tuple(dict.fromkeys((*left.axes, *left.expr.free, *right.expr.free)))
    order = tuple(i for i in order if i in left.expr.free or i in right.expr.free)
    return Question(left.expr, right.expr, order, meaning.world, clock or Clock())
