"""The fact under which an equation holds is found, and none where none helps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sympy

from symjac.calculus import facts
from symjac.equality.assumptions import search
from symjac.equality.decide import decide
from symjac.equality.outcome import PROVED, REFUTED
from symjac.meaning import values as v
from tests.equality.equations import Made, Page, classifier, each, k, m, n, normalised, subtract, x0
from tests.marks import slow


def _quadratic() -> Made:
    page = Page(A=(n, n), x=(n,))
    left = page.derivative(v.product(v.transpose(page["x"]), page["A"], page["x"]), "x")
    return page, left, v.scale(2, v.matmul(page["A"], page["x"]))


def _cross_entropy() -> Made:
    page = classifier(fact=False)
    return page, page.derivative(page["L"], "A"), v.scale(1 / k, subtract(page["Y"], page["T"]))


def _skew() -> Made:
    page = Page(A=(n, n), x=(n,))
    return page, v.product(v.transpose(page["x"]), page["A"], page["x"]), v.scalar(0)


def _orthogonal() -> Made:
    page = Page(Q=(n, n))
    return page, v.inverse(page["Q"]), v.transpose(page["Q"])


def _diagonal() -> Made:
    page = Page(D=(n, n), A=(n, n))
    return page, v.matmul(page["D"], page["A"]), v.matmul(v.hadamard(page["D"], v.eye(n)), page["A"])


def _mean() -> Made:
    page = Page(x=(n,), y=(n,))
    x, y = page["x"], page["y"]
    centred = subtract(x, v.repeated(v.mean(x), x))
    return page, v.inner(centred, y), v.inner(x, y)


def _positive() -> Made:
    page = Page(x=(n,))
    return page, each(sympy.Abs(x0), page["x"]), page["x"]


def _unit() -> Made:
    page = Page(x=(n,), y=(n,))
    x, y = page["x"], page["y"]
    return page, v.matmul(v.outer(x, x), v.matmul(v.outer(x, x), y)), v.matmul(v.outer(x, x), y)


def _two() -> Made:
    page = Page(A=(n, n), B=(n, n))
    a, b = page["A"], page["B"]
    return page, v.transpose(v.matmul(a, b)), v.matmul(b, a)


def _batch() -> Made:
    page = normalised(sympy.Integer(0))
    x, s = page["x"], page["s"]
    return page, page["xhat"], v.divide(x, v.repeated(s, x))


def _never() -> Made:
    page = Page(A=(m, n), x=(n,))
    return page, v.matmul(page["A"], page["x"]), v.scale(2, v.matmul(page["A"], page["x"]))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (_quadratic, "A is symmetric"),
        (_cross_entropy, "rows of T sum to 1"),
        (_skew, "A is skew-symmetric"),
        slow(_orthogonal, "Q is orthogonal"),
        (_diagonal, "D is diagonal"),
        (_mean, "the entries of x have mean 0"),
        (_positive, "the entries of x are positive"),
        (_unit, "the entries of x have norm 1"),
        (_two, "A is symmetric and B is symmetric"),
        (_batch, "the entries of x have mean 0"),
        (_never, None),
    ],
)
def test_the_assumption_that_is_needed_is_found(make: Callable[[], Made], text: str | None) -> None:
    page, left, right = make()
    question = page.question(left, right)
    assert decide(question).verdict == REFUTED
    found = search(question)
    assert (found and found.text) == text
    if found is not None:
        page.world = page.world.supposing(*found.facts)
        decision = decide(page.question(left, right))
        assert decision.verdict != REFUTED and decision.facts == tuple(f.text for f in found.facts)


def test_given_candidates_are_the_ones_tried() -> None:
    page, left, right = _quadratic()
    a, x = page.world.symbol("A"), page.world.symbol("x")
    positive = facts.fact(x, facts.Property.POSITIVE)
    symmetric = facts.fact(a, facts.Property.SYMMETRIC)
    assert search(page.question(left, right), [positive]) is None
    found = search(page.question(left, right), [positive, symmetric])
    assert found is not None and found.facts == (symmetric,)


def test_a_fact_that_is_assumed_decides_with_proof() -> None:
    page, left, right = _cross_entropy()
    page.world.assume(facts.sums_to(page.world.symbol("T"), 1, 1))
    assert decide(page.question(left, right)).verdict == PROVED
