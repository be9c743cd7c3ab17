"""Functions by cases are judged in each case: |x + 1000|' = sign(x + 1000), which is 1 at all the usual points."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import pytest

from symjac.calculus.world import World
from symjac.core import scalar
from symjac.core.expr import apply
from symjac.equality import cases, decide
from symjac.equality.bounds import bounds
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.session import from_claim
from symjac.verify.verdict import Claim
from tests.marks import slow

x = scalar.slot(0)


def claim(given: str, formula: str) -> Claim:
    (found,) = judge_source(from_claim(formula, given.split("; "), "plain")).claims
    return found


WRONG = [
    # given, claim: right at all points near 0, or at most of them
    ("c in R; L = relu(c+58)", "dL/dc = 0"),
    ("c in R; L = relu(c+58)", "dL/dc = 1"),
    ("c in R; L = min(c,10)", "dL/dc = 1"),
    ("x in R^n; L = sum(relu(x+1000))", "dL/dx = ones(n)"),
    ("c in R; L = abs(c^2 - 1/1000000)", "dL/dc = 2*c"),
    ("c in R; L = relu(c - 10^6)", "dL/dc = 0"),
    ("c in R; L = relu(c - 10^40)", "dL/dc = 0"),
    ("c in R; L = max(exp(c), 10^9)", "dL/dc = 0"),
    ("c in R; L = relu(relu(c-3)-5)", "dL/dc = 0"),
    ("c in R; L = min(max(c,-100),100)", "dL/dc = 1"),
    ("x in R^n; y in R^n; L = abs(x'*y - 77)", "dL/dx = -y"),
    ("c in R; L = relu(c-20)*relu(30-c)", "dL/dc = 0"),
    ("c in R; L = relu(c-1000)*relu(1001-c)", "dL/dc = 0"),
    ("x in R^n; L = sum(relu(x-20).*relu(30-x))", "dL/dx = 0*x"),
    ("a in R; b in R; L = relu(a-100)*relu(b-100)", "dL/da = 0"),
    ("c in R; L = relu(f(c) - 5)", "dL/dc = 0"),
    ("c in R; L = relu(f(c) - 500)", "dL/dc = 0"),
    ("c in R; L = c*sign(c+58)", "dL/dc = 1"),
    ("c in R; L = relu((c-57)^2 - 1/100)", "dL/dc = 2*(c-57)"),
    ("c in R; L = exp(c)*relu(c-1000)", "dL/dc = 0"),
    ("c in R; L = relu(11*c^2)", "dL/dc = 0"),
    ("c in R; L = floor(c/1000)^2*c", "dL/dc = -floor(c/1000)"),
    ("c in R; L = floor(c)*c", "dL/dc = 2*floor(c)"),
    ("x in R^n; L = norm1(x+50)", "dL/dx = ones(n)"),
    ("W in R^(m x n); x in R^n; L = sum(relu(W*x + 20))", "dL/dx = W'*ones(m)"),
]


LONG = ("abs(x'*y - 77)", "(c-57)^2", "c^2 - 1/1000000", "floor(c/1000)", "relu(x-20).*relu(30-x)")
"""Parts of those that take seconds."""
IN_ONE_CASE = [slow(*w) if place % 2 or any(part in w[0] for part in LONG) else w for place, w in enumerate(WRONG)]


@pytest.mark.parametrize(("given", "formula"), IN_ONE_CASE)
def test_what_is_wrong_in_one_case_is_refuted(given: str, formula: str) -> None:
    found = claim(given, formula)
    assert found.verdict == REFUTED
    shown = found.counterexample
    assert shown is not None and shown.claimed != shown.derived


RIGHT = [
    ("c in R; L = relu(c+58)", "dL/dc = (1+sign(c+58))/2"),
    ("c in R; L = abs(c^2 - 1/1000000)", "dL/dc = 2*c*sign(c^2 - 1/1000000)"),
    ("c in R; L = relu(relu(c-3)-5)", "dL/dc = (1+sign(c-8))/2"),
    ("c in R; L = min(max(c,-100),100)", "dL/dc = (sign(c+100) - sign(c-100))/2"),
    ("c in R; L = relu(c-20)*relu(30-c)",
     "dL/dc = (1+sign(c-20))/2*relu(30-c) - relu(c-20)*(1+sign(30-c))/2"),
    ("c in R; L = relu(f(c) - 500)", "dL/dc = f'(c)*(1+sign(f(c)-500))/2"),
    ("x in R^n; y in R^n; L = abs(x'*y - 77)", "dL/dx = sign(x'*y-77)*y"),
    ("a in R; b in R; L = max(a,b)*min(a,b)", "dL/da = b"),
    # conditions that never change
    ("c in R; L = relu(c^2+1)", "dL/dc = 2*c"),
    ("c in R; L = max(exp(c), -1)", "dL/dc = exp(c)"),
    ("c in R; L = relu(-abs(c)) + c", "dL/dc = 1"),
    ("c in R; L = relu(-exp(c) - 1) + c", "dL/dc = 1"),
    ("c in R; L = relu(11*c^2)", "dL/dc = 22*c"),
    ("c in R; L = relu(tanh(c) + 2)", "dL/dc = 1 - tanh(c)^2"),
    ("c in R; L = relu(sin(c) - 2)", "dL/dc = 0"),
    ("c in R; L = log(c)*relu(c)", "dL/dc = 1 + log(c)"),
    ("c in R; L = sqrt(c-5)*abs(c-3)", "dL/dc = (c-3)/(2*sqrt(c-5)) + sqrt(c-5)"),
    ("c in R; L = floor(c)*c", "dL/dc = floor(c)"),
    ("c in R; L = floor(c/1000)*c", "dL/dc = floor(c/1000)"),
    # only on a null set is it something else
    ("c in R; L = relu(c-20)", "dL/dc = 1 - (1+sign(20-c))/2"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "formula"), RIGHT)
def test_what_is_right_in_each_case_is_not_refuted(given: str, formula: str) -> None:
    found = claim(given, formula)
    assert found.verdict in (PROVED, AGREES), found.road


UNSEEN = [
    ("c in R; L = relu(c^4 - c^2 + 1)", "dL/dc = 4*c^3 - 2*c", "was not seen false"),
    (
        "x in R^n; L = n^2*sum(x) + relu(n-10)*x'*x",
        "dL/dx = n^2*ones(n)",
        "the condition 10 − n > 0 was not seen false",
    ),
]


@pytest.mark.parametrize(("given", "formula", "words"), UNSEEN)
def test_a_condition_that_is_not_seen_both_ways_is_named(given: str, formula: str, words: str) -> None:
    found = claim(given, formula)
    assert found.verdict == UNDECIDED
    assert words in found.road


def test_without_the_search_for_points_the_condition_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = cases._drawn

    def near(*args: Any) -> cases.Point:
        return {n: np.clip(v, -3, 3) for n, v in real(*args).items()}

    monkeypatch.setattr(cases, "_drawn", near)
    monkeypatch.setattr(cases, "_drive", lambda *args: None)
    found = claim("c in R; L = min(c,10)", "dL/dc = 1")
    assert (found.verdict, found.road) == (UNDECIDED, "the condition c − 10 > 0 was not seen true")


RELU = "X in R^{k x n}; W in R^{n x m}; V in R^{m x p}; A = X*W; Z = relu(A); L = sum((Z*V).^2)/2"


def test_what_has_one_form_in_all_cases_is_proved_without_points(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any) -> None:
        raise AssertionError

    assert claim(RELU, "dL/dW = X'*(((Z*V)*V') .* relu'(-A))").verdict == REFUTED
    monkeypatch.setattr(cases, "explore", never)
    assert claim(RELU, "dL/dW = X'*(((Z*V)*V') .* relu'(A))").verdict == PROVED


def test_claims_with_the_same_conditions_share_their_points(monkeypatch: pytest.MonkeyPatch) -> None:
    placed, real = [], cases._place

    def counted(points: cases.Points, *args: Any) -> None:
        placed.append(points.conditions)
        real(points, *args)

    monkeypatch.setattr(cases, "_place", counted)
    monkeypatch.setattr(decide, "_one_form", lambda *args: False)
    text = (
        r"Let $c, a \in \mathbb{R}$, $r = \max(c + 58, 0)$ and $L = a r$. "
        r"Then $\frac{\partial L}{\partial a} = \max(c + 58, 0)$ and $\frac{\partial L}{\partial r} = a$, "
        r"and $\frac{\partial L}{\partial c} = a \cdot 1[c + 58 > 0]$."
    )
    found = judge_source(read_source("notes.md", text)).claims
    assert [c.verdict in (PROVED, AGREES) for c in found] == [True, True, True]
    assert placed
    assert len(placed) == len(set(placed))


BOUNDS = [
    (x**2 + 1, 1, inf), (-abs(x), -inf, 0), ((x - 3) ** 4, 0, inf), (x**3, -inf, inf), (1 / (1 + x**2), 0, 1),
    (scalar.FUNCTIONS["tanh"][0](x) + 2, 1, 3), (scalar.FUNCTIONS["max"][0](x, 3) - 2, 1, inf),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "low", "high"), BOUNDS)
def test_bounds_hold_whatever_the_quantity_is(formula: object, low: float, high: float) -> None:
    world = World()
    c = world.declare("c", [])
    assert bounds(apply(formula, [c]), world) == (low, high)
