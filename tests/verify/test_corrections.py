"""What is offered as right is right, read back as it is printed; proposed directives work when pasted."""

from __future__ import annotations

import shlex

import pytest

from symjac.calculus import facts
from symjac.core.expr import ShapeError
from symjac.equality.outcome import AGREES, PROVED, REFUTED
from symjac.notes.source import Source, read_source
from symjac.report.fix import fixed
from symjac.verify import proposal
from symjac.verify.judge import judge_source
from symjac.verify.session import Session, from_claim
from symjac.verify.verdict import Judged
from tests.marks import slow
from tests.verify.internal import internal

WRONG = [
    # given, claim, what the correction has to be; empty where any right one will do
    ("c in R; L = max(c + 7, 0)", "dL/dc = 1", "dL/dc = 1[c > -7]"),
    ("X in R^(m x n); W in R^(n x p); T in R^(m x p); M = sum((X*W - T).^2)", "dM/dW = X'*(X*W - T)",
     "dM/dW = 2*X'*(X*W - T)"),
    ("A in R^(n x n); x in R^n; L = x'*A*x", "dL/dx = 2*A*x", "dL/dx = A'*x + A*x"),
    ("A in R^(n x n); x in R^n; L = x'*A*x", "dL/dx = (A - A')*x", ""),
    ("x in R^n; L = x'*x", "dL/dx = x", "dL/dx = 2*x"),
    ("x in R^n; y in R^n; z in R^n; L = sum(x.*y.*z)", "dL/dx = y", ""),
    ("c in R; L = relu(c - 3)^2", "dL/dc = relu(c - 3)", "dL/dc = 2*relu(c - 3)"),
    slow("x in R^n; b in R; L = log(1 + exp(x'*x + b))", "dL/db = exp(x'*x + b)", ""),
]  # fmt: skip


def plain(given: str, formula: str) -> Judged:
    return judge_source(from_claim(formula, given.split("; "), "plain"))


@pytest.mark.parametrize(("given", "formula", "right"), WRONG)
def test_a_correction_is_right_in_the_notation_of_the_claim(given: str, formula: str, right: str) -> None:
    result = plain(given, formula)
    (claim,) = result.claims
    assert claim.verdict == REFUTED and claim.fault is not None
    assert claim.fault.formula == right or not right
    assert claim.fault.formula and "\\" not in claim.fault.formula
    (again,) = plain(given, claim.fault.formula).claims
    assert again.verdict in (PROVED, AGREES)
    (mended,) = fixed(result)
    assert mended.done == 1 and mended.text.endswith(claim.fault.replacement)
    assert internal(claim) == []


def test_latex_gets_latex() -> None:
    given = [r"$x \in \mathbb{R}^n$", r"$L = x^\top x$"]
    (claim,) = judge_source(from_claim(r"$\frac{\partial L}{\partial x} = x$", given)).claims
    assert claim.fault is not None
    assert (claim.fault.notation, claim.fault.replacement) == ("latex", "2 x")


def test_what_is_not_sure_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("posed", "at_fault"):
        monkeypatch.setattr(f"symjac.verify.{module}.sure", lambda question: False)
    (claim,) = plain("x in R^n; L = x'*x", "dL/dx = x").claims
    assert claim.fault is not None
    assert (claim.verdict, claim.fault.formula, claim.fault.replacement) == (REFUTED, "", "")


ERRORS = [ShapeError("index j runs over 10 and over 7"), ZeroDivisionError(), RecursionError(), KeyError("x")]


WHERE = ["at_fault.diagnose", "oracle.ratio", "at_fault.missing_term"]
NEAR = ("x in R^n; L = x'*x", "dL/dx = x", "dL/dx = 2*x")
FAR = ("x in R^n; A in R^(n x n); L = x'*A*x", "dL/dx = 3*A*x + x", "dL/dx = A'*x + A*x")
"""What is given, a wrong claim, the right formula: by one change, and by none."""


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("wrong", [NEAR, slow(FAR)], ids=["near", "far"])
def test_an_edit_that_fails_costs_no_verdict(
    wrong: tuple[str, str, str], where: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object) -> None:
        raise error

    monkeypatch.setattr(f"symjac.verify.{where}", fails)
    given, formula, right = wrong
    result = plain(given, formula)
    assert not result.unread
    (claim,) = result.claims
    assert claim.verdict == REFUTED and claim.fault is not None
    assert claim.fault.formula == right


# ---------------------------------------------------------------- proposals

NAMES = ["A", r"\theta", "W_1", r"\mathbf{x}", r"\hat y", r"\hat{\boldsymbol{y}}", "A^{(1)}", "x'"]
SPACES = [r"\mathbb{R}", r"\mathbb{R}^n", r"\mathbb{R}^{n \times n}"]


def _source(kind: str, declared: str, directive: str) -> Source:
    if kind == "claim":
        _, said = shlex.split(directive)
        return from_claim(r"$1 = 1$", [f"${declared}$", said])
    file, text = {
        "markdown": ("notes.md", f"{directive}\n\nLet ${declared}$.\n"),
        "tex": ("notes.tex", f"{directive}\nLet ${declared}$.\n"),
        "yaml": (
            "notes.yaml",
            f"{directive}\ngiven: ['{declared.replace(chr(39), chr(39) * 2)}']\nclaims: ['1 = 1']\n",
        ),
    }[kind]
    return read_source(file, text)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [k for k in proposal.PLACES if k not in ("rst", "notebook", "html")])  # test_hints
def test_a_proposed_directive_works_when_pasted(kind: str, name: str, space: str) -> None:
    declared = rf"{name} \in {space}"
    plain_source = _source(kind, declared, {"claim": "--given 'samples: rows'"}.get(kind, ""))
    (chapter,) = Session(plain_source).chapters
    meaning = chapter.meaning()
    (key,) = chapter.notebook.shapes
    symbol = meaning.world.symbol(meaning.value(chapter.notebook.latex[key]).expr.name)
    for fact in facts.candidates(symbol):
        directive = proposal.proposed(fact, chapter.notebook, kind)
        session = Session(_source(kind, declared, directive))
        assert not session.unread, (directive, session.unread)
        again = session.chapters[0].meaning()
        again.value(chapter.notebook.latex[key])
        assert [f.text for f in again.world.facts] == [fact.text], directive
