"""Two values that a page says are equal -> the question whether they are."""

from __future__ import annotations

from symjac.claims.meaning import Meaning
from symjac.claims.values import Value
from symjac.verify.problem import Problem


def problem_of(left: Value, right: Value, meaning: Meaning) -> Problem:
    order = tuple(dict.fromkeys((*left.axes, *left.expr.free, *right.expr.free)))
    order = tuple(i for i in order if i in left.expr.free or i in right.expr.free)
    return Problem(left.expr, right.expr, order, meaning.world)
