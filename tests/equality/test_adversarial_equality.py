"""Claims made to be mistaken for right ones, one kind a table: what is wrong is never proved and never agrees.

Tiny terms and far ones, numbers that are 0 modulo known primes, periods that fit a grid, polynomials that vanish at
small sizes, inverses of what has none, facts that contradict each other.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import pytest
import sympy

from symjac.core import scalar
from symjac.core.expr import apply, contract, number, symbol
from symjac.core.index import index, size_symbol
from symjac.equality.chains import COUNTS, LEAST, LONGEST, MOST, chains, is_prime
from symjac.equality.decide import decide, holds
from symjac.equality.degrees import degree
from symjac.equality.laws import chance, laws
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.equality.question import Question
from symjac.equality.reals import RANGES, inputs, wave
from symjac.meaning import values as v
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.session import from_claim
from symjac.verify.verdict import Claim
from tests.equality.equations import Page, n, x0
from tests.marks import some


def claim(given: str, formula: str) -> Claim:
    result = judge_source(from_claim(formula, [g.strip() for g in given.split(";")], "plain"))
    assert not result.unread, [u.reason for u in result.unread]
    return result.claims[0]


C, X, XY = "c in R; L = c^2", "x in R^n; L = x'*x", "x in R^n; y in R^n; L = x'*y"
A = "A in R^{n x n}; x in R^n; y in R^n; L = x'*y"
OLD = 268380839 * 536761679 * 1073523359 * 2147046719
"""The primes that every claim was once decided by."""

ROWS: list[tuple[str, str, str]] = [
    # periods that fit a grid
    (C, "dL/dc = 2*c + sin(64*pi*c)", REFUTED),
    (C, "dL/dc = 2*c + sin(128*pi*c)*sin(97*pi*c)", REFUTED),
    (C, "dL/dc = 2*c + sin(10^30*pi*c)", REFUTED),
    (C, "dL/dc = 2*c + sin(10^(-30)*c)", REFUTED),
    (C, "dL/dc = 2*c*cos(10^(-30)*c)", REFUTED),
    # tiny terms of which residues know all laws
    (C, "dL/dc = 2*c + exp(-93)", REFUTED),
    (C, "dL/dc = 2*c + 1/10^41", REFUTED),
    (X, "dL/dx = (2+10^(-60))*x", REFUTED),
    (C, "dL/dc = 2*c + 2^(-200)", REFUTED),
    (C, "dL/dc = 2*c + exp(-exp(7))", REFUTED),
    (C, "dL/dc = 2*c*(1 + pi^(-99))", REFUTED),
    (C, "dL/dc = 2*c*tanh(10^6)", REFUTED),
    (C, "dL/dc = 2*c + 10^(-40)*c^5", REFUTED),
    (C, "dL/dc = 2*c + (64*c)^(-70)", REFUTED),
    (C, "dL/dc = 2*c + exp(-exp(exp(exp(c))))", REFUTED),
    (X, "dL/dx = 2*x + x*exp(-93)*exp(-93)*exp(-93)", REFUTED),
    ("c in R; L = exp(c)", "dL/dc = exp(c) + exp(-200*c^2)", REFUTED),
    ("c in R; L = exp(c)", "dL/dc = exp(c)*(1+exp(-10^6*c^2))", REFUTED),
    ("c in R; L = exp(c)", "dL/dc = exp(c+10^(-50))", REFUTED),
    ("c in R; L = f(c)", "dL/dc = f'(c) + 10^(-50)*f(c)", REFUTED),
    ("c in R; L = f(c)", "dL/dc = f'(c + 10^(-50))", REFUTED),
    ("a in R; c in R; L = a*c^2", "dL/da = c^2 + a^40*10^(-80)", REFUTED),
    # tiny terms beside functions of which they do not
    (C, "dL/dc = 2*c*erf(20)", REFUTED),
    (C, "dL/dc = 2*c + 1 - erf(9)", REFUTED),
    (C, "dL/dc = 2*c + sin(c)^2 + cos(c)^2 - 1 + 10^(-70)", REFUTED),
    (C, "dL/dc = 2*c + atan(10^(-60))", REFUTED),
    (C, "dL/dc = 2*c + exp(pi*sqrt(163)) - 262537412640768744", REFUTED),
    ("x in R^n; L = sum(sin(x))", "dL/dx = cos(x) + 10^(-100)*sin(x)", REFUTED),
    ("x in R^n; L = sum(sin(x))", "dL/dx = cos(x + 10^(-100))", REFUTED),
    ("x in R^n; L = sum(log(x))", "dL/dx = 1./x + exp(-400)*x", REFUTED),
    # those that no ball of 4096 bits shows
    (C, "dL/dc = 2*c*erf(1000)", UNDECIDED),
    (C, "dL/dc = 2*c*tanh(10^6) + sin(2*c) - 2*sin(c)*cos(c)", UNDECIDED),
    (C, "dL/dc = 2*c + sin(2*c) - 2*sin(c)*cos(c) + exp(-exp(20))", UNDECIDED),
    (C, "dL/dc = 2*c + log(1 + exp(-3000))", UNDECIDED),
    (C, "dL/dc = 2*c + log(1 + exp(-10^9))", UNDECIDED),
    (C, "dL/dc = 2*c + exp(-exp(exp(exp(exp(c)))))", UNDECIDED),
    # and the laws themselves
    (C, "dL/dc = 2*c + sin(2*c) - 2*sin(c)*cos(c)", AGREES),
    (C, "dL/dc = c + abs(c)*sqrt(c^2)/c", PROVED),
    # numbers that are 0 modulo some primes
    (X, "dL/dx = 2*x + 2147046719*x", REFUTED),
    (X, f"dL/dx = 2*x + {OLD}*x", REFUTED),
    ("x in R^n; L = sum(exp(x))", f"dL/dx = exp(x) + {OLD}*x", REFUTED),
    ("x in R^n; L = sum(exp(x))", f"dL/dx = exp(x)*exp({OLD})", REFUTED),
    # polynomials that vanish at small sizes
    ("x in R^n; L = n^2*x'*x/2", "dL/dx = (n^2 + (n-1)*(n-2)*(n-3)*(n-4)*(n-5)*(n-6)*(n-7))*x", REFUTED),
    ("x in R^n; L = x'*x/n", "dL/dx = (2/n + (n-1)*(n-2)*(n-3)*(n-4)*(n-5))*x", REFUTED),
    ("x in R^n; L = sqrt(n)*x'*x", "dL/dx = (2*sqrt(n) + (n-1)*(n-2)*(n-3)*(n-4))*x", REFUTED),
    ("x in R^n; y in R^m; L = x'*x*sum(y)",
     "dL/dx = (2*sum(y) + (n-1)*(n-2)*(n-3)*(n-4)*(m-2)*(m-3)*(m-4)*(m-1))*x", REFUTED),
    (X, "dL/dx = (2 + (2^n-2)*(2^n-4)*(2^n-8)*(2^n-16))*x", REFUTED),
    (X, "dL/dx = (2 + (sum(ones(n))-1)*(sum(ones(n))-2)*(sum(ones(n))-3)*(sum(ones(n))-4))*x", REFUTED),
    (X, "dL/dx = (2 + relu(n-50))*x", UNDECIDED),
    ("x in R^n; L = n*(n-1)/2*x'*x", "dL/dx = n*(n-1)*x", PROVED),
    ("x in R^n; L = sum(x)^2/sqrt(n)", "dL/dx = 2*sum(x)/sqrt(n)*ones(n)", PROVED),
    # what has a value nowhere, or at one sample only
    (XY, "dL/dx = inv(x*x')*x*x'*y", UNDECIDED),
    (XY, "dL/dx = y*det(x*x')/det(x*x')", UNDECIDED),
    (XY, "dL/dx = y*(sum(x)-sum(x))/(sum(x)-sum(x))", UNDECIDED),
    (XY, "dL/dx = inv(x*y'+y*x'-x*y'-y*x')*(x*y'+y*x'-x*y'-y*x')*y", UNDECIDED),
    (A, "dL/dx = inv(A-A)*(A-A)*y", UNDECIDED),
    (C, "dL/dc = 2*c*sqrt(-c^2-1)/sqrt(-c^2-1)", UNDECIDED),
    ("c in R; L = c^2*log(-1-c^2)", "dL/dc = 2*c*log(-1-c^2)+2*c^3/(1+c^2)", UNDECIDED),
    (A, "dL/dx = inv(A-A')*(A-A')*y", PROVED),  # of even size
    ("X in R^{m x n}; x in R^n; y in R^n; L = x'*y", "dL/dx = inv(X'*X)*X'*X*y", PROVED),
    ("A in R^{n x n}; L = log(det(A))", "dL/dA = inv(A)'", PROVED),
    ("c in R; L = log(c-100)", "dL/dc = 1/(c-100)", PROVED),
    ("c in R; L = sqrt(c^2-5000)", "dL/dc = c/sqrt(c^2-5000)", PROVED),
    ("x in R^n; L = log(1-x'*x)", "dL/dx = -2*x/(1-x'*x)", PROVED),
    # more of each
    ("c in R; L = sqrt(c)", "dL/dc = 1/(2*sqrt(c+10^(-90)))", REFUTED),
    ("c in R; L = atan(c)", "dL/dc = 1/(1+c^2)*tanh(5000)", REFUTED),
    (C, "dL/dc = 2*c + sqrt(1 + 10^(-900)) - 1", REFUTED),
    (C, "dL/dc = 2*c + atan(10^700) - pi/2", REFUTED),
    ("x in R^n; L = norm(x)", "dL/dx = x/norm(x) + 10^(-77)*x", REFUTED),
    (C, "dL/dc = 2*c + cos(c)*sin(pi*10^15*c)*10^(-15)", REFUTED),
    ("A in R^{n x n}; L = tr(A)",
     "dL/dA = eye(n) + (tr(eye(n))-1)*(tr(eye(n))-2)*(tr(eye(n))-3)*(tr(eye(n))-4)*(tr(eye(n))-5)*A", REFUTED),
    ("A in R^{n x n}; L = det(2*A)", "dL/dA = (2 + (n-1)*(n^2-n+2))*det(A)*inv(A)'", REFUTED),
    (A, "dL/dx = inv(x*x'+y*y'-x*x')*y*y'*y", UNDECIDED),
    ("c in R; L = sin(3*c)", "dL/dc = 3*(4*cos(c)^3 - 3*cos(c))", AGREES),
    ("c in R; L = sqrt(c^2+2*c+1)", "dL/dc = (c+1)/abs(c+1)", AGREES),
    ("c in R; L = asinh(c)", "dL/dc = exp(-log(c+sqrt(c^2+1)))*(1+c/sqrt(c^2+1))", PROVED),
    ("c in R; L = tanh(c/2)", "dL/dc = 1/(1+cosh(c))", AGREES),
]  # fmt: skip


@pytest.mark.parametrize(("given", "formula", "verdict"), some(ROWS))
def test_verdicts(given: str, formula: str, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symjac.verify.at_fault.STEPS_TO_DIAGNOSE", 1_000)
    monkeypatch.setattr("symjac.verify.at_fault.STEPS_FOR_TERMS", 1_000)
    found = claim(given, formula)
    assert found.verdict == verdict, found.road
    assert found.road


def test_where_a_side_has_a_value_is_said() -> None:
    assert "only at sizes n = 1" in claim(XY, "dL/dx = inv(x*x')*x*x'*y").road
    assert "no value at sizes n = 3" in claim(A, "dL/dx = inv(A-A')*(A-A')*y").road


# ---------------------------------------------------------------- facts that contradict each other

PAGE = r"$x \in \mathbb{R}^n$, $A \in \mathbb{R}^{n \times n}$, $L = x^\top x$, $s = \sum_i x_i$, $E = x^\top A x$."


@pytest.mark.parametrize(
    ("first", "second", "formula", "verdict"),
    [
        ("entries of x sum to 1", "entries of x sum to 2", r"\nabla_x L = 2 x s", UNDECIDED),
        ("entries of x sum to 1", "entries of x sum to 2", r"\nabla_x L = 3 x", UNDECIDED),
        ("entries of x sum to 1", "entries of x sum to 2", r"\nabla_x L = 2 x", PROVED),  # needs none of them
        ("A is symmetric", "A is skew-symmetric", r"\nabla_x E = 2 A x", UNDECIDED),
        ("A is positive definite", "A is skew-symmetric", r"\nabla_x E = 2 A x", UNDECIDED),
        ("x is positive", "entries of x sum to -1", r"\nabla_x L = -2 x s", UNDECIDED),
        ("x is between 0 and 1", "x has mean zero", r"\nabla_x L = 2 x + s", UNDECIDED),
        ("A is orthogonal", "A is diagonal", r"\nabla_x E = 2 A x", UNDECIDED),  # right, but not shown
    ],
)
def test_facts_that_contradict_each_other_decide_nothing(first: str, second: str, formula: str, verdict: str) -> None:
    text = f"{PAGE}\n<!-- symjac: {first} -->\n<!-- symjac: {second} -->\n${formula}$"
    (found,) = judge_source(read_source("notes.md", text)).claims
    assert found.verdict == verdict
    if verdict == UNDECIDED:
        assert ("contradict" in found.road) == (first != "A is orthogonal")
        assert "x" in found.road or "A is" in found.road


# ---------------------------------------------------------------- what it rests on


@pytest.mark.parametrize("length", range(1, LONGEST + 1))
def test_chains_have_the_properties_that_residues_need(length: int) -> None:
    found = chains("some claim", 8, length)
    assert len(set(found)) == 8 and found == chains("some claim", 8, length) != chains("another", 8, length)
    for chain in found:
        assert len(chain) == length and LEAST < chain[-1] < MOST
        assert all(q == 2 * p + 1 for p, q in pairwise(chain))
        for p in chain:
            assert sympy.isprime(p) and p % 4 == 3
            assert all(pow(a, (p - 1) // 2, p) == 1 for a in (2, 3, 5, 7))


def test_the_longest_chains_are_as_many_as_is_said() -> None:
    first = range(840 * (LEAST // 8 // 840) - 1, MOST // 8, 840)
    found = [p for p in first if all(is_prime((p + 1 << k) - 1) for k in range(4)) and LEAST < (p + 1 << 3) - 1 < MOST]
    assert len(found) == COUNTS[LONGEST] and list(COUNTS) == [1, 2, 3, 4]


def test_points_are_fractions_with_large_primes_drawn_by_the_claim() -> None:
    for within in RANGES:
        numerators, q = inputs("x", (50,), 0, within, "some claim")
        again, _ = inputs("x", (50,), 0, within, "some claim")
        assert sympy.isprime(q) and q > 1 << 28 and (numerators == again).all()
        assert q != inputs("x", (50,), 0, within, "another")[1]
        least, most, below, positive = within
        sizes = abs(numerators) * below / q
        assert sizes.min() >= least - 1 and sizes.max() <= most and (not positive or numerators.min() > 0)
    assert wave("f", "some claim") != wave("f", "another")


def _twice(factor: sympy.Expr) -> Question:
    """∂x²/∂x = factor · x."""
    page = Page(x=())
    square = page.define("L", v.hadamard(page["x"], page["x"]))
    return page.question(page.derivative(square, "x"), v.scale(factor, page["x"]))


def test_a_number_that_is_0_modulo_the_shared_primes_is_found_by_the_claims_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The points that all edits of a page share are known beforehand; no decision rests on them."""
    shared = prod(chain[-1] for chain in chains("", 8, LONGEST))
    question = _twice(sympy.Integer(2 + shared))
    assert holds(question)
    assert decide(question).verdict == REFUTED


def test_the_stated_error_grows_with_degrees_and_numbers() -> None:
    i = index("i", size_symbol("n"))
    x = symbol("x", [i])
    zero = number(0)
    small = chance((contract([x, x]), zero), (), {"n": 3}, 1)
    assert 0 < small < 1e-4
    assert chance((contract([number(10**300), x, x]), zero), (), {"n": 3}, 1) > 100 * small
    assert chance((contract([number(10**300), x, x]), zero), (), {"n": 3}, 4) > 0.05
    assert chance((apply(x0**100000, [x]), zero), (), {"n": 3}, 1) > small
    assert chance((apply(sympy.exp(x0), [x]), zero), (), {"n": 3}, 2) > small


def test_the_depth_of_exponentials_says_which_laws_are_known() -> None:
    x = symbol("x")
    for depth in range(6):
        e = x
        for _ in range(depth):
            e = apply(sympy.exp(x0), [e])
        found = laws((e, x), ())
        assert found.depth == depth and found.unknown == (("exp",) if depth > 3 else ())
    assert laws((apply(sympy.sqrt(x0), [x]), x), ()).unknown == ("sqrt",)
    assert laws((apply(scalar.unknown("f")(x0) * x0**n, [x]), x), ()).unknown == ()


def test_the_degree_in_a_size() -> None:
    i = index("i", n)
    x, one = symbol("x", [i]), number(1)
    rows = [
        (number(n**3 - n), 3), (number(1 / n), 1), (number(n + 1 / n), 2), (contract([one], [i]), 1), (x, 0),
        (contract([x, x], [i]), 0), (number(sympy.sqrt(n)), 1), (number(2**n), None),
        (number(sympy.floor(n / 2)), None),
    ]  # fmt: skip
    for e, expected in rows:
        assert degree("n", (e, number(0)), ()) == expected, e.key
