"""Proof entry by entry: right equations at small sizes, and none that is wrong."""

from __future__ import annotations

import time

import pytest
import sympy

from symjac.equality.budget import Budget
from symjac.equality.components import equal
from symjac.equality.small_sizes import Sizes
from symjac.meaning import values as v
from tests.equality.equations import RIGHT, Case, alpha
from tests.marks import slow_where

# Of products of four matrices the entries are too many, and a maximum over an axis has no place here.
BEYOND = {"vec(AXB)", "mixed product", "softmax, shifted", "power"}
CASES = [case for case in RIGHT if case.name not in BEYOND]


def sizes_of(case: Case) -> list[Sizes]:
    page, left, right = case.make()
    names = page.question(left, right).open.names
    return [dict(zip(names, (2, 3, 2, 3), strict=False)), dict.fromkeys(names, 2)]


LONG = {"a matrix and its inverse", "inverse of a product", "cross-entropy after softmax"}


@pytest.mark.parametrize("case", slow_where(lambda case: case.name in LONG, CASES), ids=lambda case: case.name)
def test_right_equations_are_shown_and_wrong_ones_are_not(case: Case) -> None:
    page, left, right = case.make()
    assert equal(page.question(left, right), sizes_of(case), bool(case.facts), Budget(200_000)) in sizes_of(case)
    for factor in (-1, 1 + sympy.Rational(1, 10**9), alpha):
        wrong = page.question(left, v.scale(factor, right))
        three = [dict.fromkeys(wrong.open.names, 3)]
        assert equal(wrong, three, bool(case.facts), Budget(25_000)) is None


def test_time_is_bounded() -> None:
    case = next(c for c in RIGHT if c.name == "cross-entropy after softmax")
    page, left, right = case.make()
    start = time.process_time()
    equal(page.question(left, right), [{"k": 4, "m": 3, "n": 4}], True, Budget(6_000))
    assert time.process_time() - start < 3
