"""What the search for a fault asks of a claim, answered by the claim and its notes."""

from __future__ import annotations

import pytest

from symjac.notation.plain_notation import expression
from symjac.verify.oracle import Oracle
from symjac.verify.phrase import phrase
from symjac.verify.posed import Posed
from symjac.verify.session import Session, from_claim

GIVEN = ["x in R^n", "A in R^(m x n)", "y in R^m", "r = A*x - y", "L = r'*r/m + x'*x", "q = g(r).*(1 - y)"]


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    session = Session(from_claim("dL/dx = A'*r", GIVEN, "plain"))
    chapter = session.chapters[-1]
    return Oracle(Posed.of(session, chapter, chapter.claims[-1]), chapter.notebook.reading)


@pytest.mark.parametrize(
    ("right", "expected"),
    [("2*A'*r/m + 2*x", True), ("2*(A'*r/m + x)", True), ("2*A'*r + 2*x", False), ("2*A*r/m + 2*x", False),
     ("dL/dx", False), ("A*nothing", False)],
)  # fmt: skip
def test_what_holds(oracle: Oracle, right: str, expected: bool) -> None:
    assert oracle.holds(expression(right)) is expected
    assert oracle.sure(expression(right)) is expected


@pytest.mark.parametrize(
    ("right", "beside", "expected"),
    [("A'*r/m + x", None, "2"), ("A'*r + m*x", None, "2/m"), ("A'*r", "2*x", "2/m"),
     ("A'*y", "2*A'*A*x/m + 2*x", "−2/m"),
     ("A'*r", None, None), ("A*r", None, None), ("A'*r", "y", None)],
)  # fmt: skip
def test_by_which_number(oracle: Oracle, right: str, beside: str | None, expected: str | None) -> None:
    found = oracle.factor(expression(right), None if beside is None else expression(beside))
    assert (None if found is None else phrase(found)) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [("A", "(m, n)"), ("r", "(m,)"), ("x'", "(1, n)"), ("L", "()"), ("A'*r", "(n,)"),
     ("A*r", "None"), ("nothing", "None")],
)  # fmt: skip
def test_shapes(oracle: Oracle, part: str, expected: str) -> None:
    assert str(oracle.shape(expression(part))) == expected
    assert str(oracle.left_shape) == "(n,)"


def test_what_the_notes_name(oracle: Oracle) -> None:
    assert {phrase(q) for q in oracle.quantities()} == {"A", "x", "y", "r", "L", "q", "m"}
    assert [phrase(n) for pair in oracle.functions() for n in pair] == ["g", "r"]
    assert [phrase(f) for f in oracle.fragments()] == ["1 − y"]
    assert [phrase(s) for s in oracle.sums()] == ["A x − y", "rᵀ r/m + xᵀ x"]


@pytest.mark.parametrize(
    ("right", "expected"), [("2*A'*r/m", "2 x"), ("2*x", "(2/m) Aᵀ r"), ("2*A'*r", None), ("A*r", None)]
)
def test_the_term_that_is_missing(oracle: Oracle, right: str, expected: str | None) -> None:
    found = oracle.residual(expression(right))
    assert (None if found is None else phrase(found)) == expected


def test_the_derivative_itself(oracle: Oracle) -> None:
    assert oracle.derived is not None and oracle.derived.left is None
    assert phrase(oracle.derived.right) == "(2/m) Aᵀ r + 2 x"
