"""How `*` between two arrays is read is a convention: their matrix product, or elementwise."""

from __future__ import annotations

import pytest

from symjac.equality.outcome import AGREES, PROVED, REFUTED
from symjac.verify.judge import judge_source
from symjac.verify.session import from_claim
from symjac.verify.verdict import OTHER

RIGHT = {PROVED, AGREES}
SQUARE = "Z in R^{n x n}; D in R^{n x n}; B in R^{n x n}; x in R^n; y in R^n"
OBLONG = "Z in R^{m x n}; D in R^{m x n}"
ELEMENTWISE, MATRIX = "right where `*` is elementwise", "right where `*` is the matrix product"

# what is given, a formula for L, the claim, its verdict, what is said beside it
ROWS = [
    (SQUARE, "sum(Z*D)", "dL/dZ = D", {OTHER}, ELEMENTWISE),
    (SQUARE, "sum(Z*D)", "dL/dZ = ones(n)*ones(n)'*D'", RIGHT, ""),
    (SQUARE, "sum(Z*D)", "dL/dZ = D'", {REFUTED}, ""),
    (SQUARE, "sum(Z*D)", "dL/dZ = 2*D", {REFUTED}, ""),
    (OBLONG, "sum(Z*D)", "dL/dZ = D", {OTHER}, ELEMENTWISE),
    (SQUARE, "sum(x*y)", "dL/dx = y", {OTHER}, ELEMENTWISE),
    # of the given formulas and of the claim, or of neither
    (SQUARE, "sum(Z*D*B)", "dL/dZ = D*B", {OTHER}, ELEMENTWISE),
    (SQUARE, "sum(Z .* D)", "dL/dZ = D*eye(n)", RIGHT, ""),
    # not elementwise beside a sign for that
    (SQUARE, "sum(Z .* (D*B))", "dL/dZ = D .* B", {REFUTED}, ""),
    (SQUARE, "sum(Z*D)", "dL/dZ = D + Z .* Z - Z .* Z", {REFUTED}, ""),
    (SQUARE, "sum(Z*D*B)", "dL/dZ = D @ B", {REFUTED}, ""),
    # of all given formulas, of which one can be read in one way alone
    (f"{SQUARE}; W in R^{{m x n}}; h = W*x", "sum(Z*D)", "dL/dZ = D", {REFUTED}, ""),
    (f"{SQUARE}; h = D*x; k = sum(h*y)", "sum(Z*D)", "dL/dZ = D", {REFUTED}, ""),
    (f"{SQUARE}; W in R^{{m x n}}; V in R^{{m x n}}; h = W*V", "sum(Z*D)", "dL/dZ = D", {OTHER}, ELEMENTWISE),
    (f"{SQUARE}; h = 2*x; k = h'*x", "sum(Z*D)", "dL/dZ = D", {REFUTED}, ""),
    # @ is the matrix product under both
    (SQUARE, "sum(Z @ D)", "dL/dZ = D", {REFUTED}, ""),
    (SQUARE, "sum(Z*(D @ B))", "dL/dZ = D @ B", {OTHER}, ELEMENTWISE),
    (SQUARE, "sum(Z @ D*B)", "dL/dZ = B @ D'", {OTHER}, ELEMENTWISE),
    (SQUARE, "sum(D*Z @ B)", "dL/dZ = D*(ones(n) @ ones(n)' @ B')", {OTHER}, ELEMENTWISE),
    # where it is said
    (f"{SQUARE}; product: elementwise", "sum(Z*D)", "dL/dZ = D", RIGHT, ""),
    (f"{SQUARE}; product: elementwise", "2*sum(Z @ D)", "dL/dZ = 2*ones(n) @ ones(n)' @ D'", RIGHT, ""),
    (f"{SQUARE}; product: elementwise", "x'*Z*x", "dL/dx = (Z + Z')*x", {OTHER}, MATRIX),
    (f"{SQUARE}; product: elementwise", "sum(Z*D)", "dL/dZ = 2*D", {REFUTED}, ""),
    (f"{SQUARE}; product: matrix", "sum(Z*D)", "dL/dZ = D", {OTHER}, ELEMENTWISE),
]


@pytest.mark.usefixtures("verdicts_alone")
@pytest.mark.parametrize(("given", "loss", "claim", "verdicts", "said"), ROWS)
def test_a_star_is_read_by_convention(given: str, loss: str, claim: str, verdicts: set[str], said: str) -> None:
    (found,) = judge_source(from_claim(claim, [*given.split("; "), f"L = {loss}"], "plain")).claims
    assert found.verdict in verdicts, found
    assert [n for n in found.notes if "`*`" in n] == ([said] if said else [])


def test_a_star_in_latex_is_read_by_it_too() -> None:
    given = [r"Z, D \in \mathbb{R}^{n \times n}", r"L = \operatorname{sum}(Z * D)"]
    claim = r"\frac{\partial L}{\partial Z} = D"
    (other,) = judge_source(from_claim(claim, given)).claims
    (said,) = judge_source(from_claim(claim, [*given, "product: elementwise"])).claims
    assert (other.verdict, other.notes) == (OTHER, (ELEMENTWISE,))
    assert said.verdict in RIGHT


@pytest.mark.parametrize(
    ("loss", "claim", "right"),
    [
        ("sum((X @ W)*D)", "dL/dW = X @ D", "dL/dW = X' @ D"),
        ("sum((X @ W)*D)", "dL/dW = 2*X' @ D", "dL/dW = X' @ D"),
        ("sum((X @ W)*D*T)", "dL/dW = X' @ D", "dL/dW = X' @ (D .* T)"),
    ],
)
def test_the_right_formula_is_right_under_the_convention_that_is_said(loss: str, claim: str, right: str) -> None:
    sizes = ("X in R^{n x d}", "W in R^{d x k}", "D in R^{n x k}", "T in R^{n x k}", "product: elementwise")
    (found,) = judge_source(from_claim(claim, [*sizes, f"L = {loss}"], "plain")).claims
    assert found.verdict == REFUTED and found.fault is not None
    assert found.fault.formula == right
