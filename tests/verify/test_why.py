"""Why a formula is right: the definitions, the chain rule backwards, the laws, and what is claimed beside it."""

from __future__ import annotations

import json

import pytest

from symjac.meaning.reasons import NotUnderstood
from symjac.model.build import build_stack, load_spec
from symjac.notes.source import Source, read_source
from symjac.report.beside import lines
from symjac.verify import why as module
from symjac.verify.posed import Posed
from symjac.verify.verdict import Claim
from symjac.verify.why import Why, WhyRow, explained, lines_of

GIVEN = r"""$W \in \mathbb{R}^{m \times n}$, $V \in \mathbb{R}^{p \times m}$, $x \in \mathbb{R}^n$,
$t \in \mathbb{R}^p$, $a = W x$, $h = f(a)$, $y = V h$, $L = \tfrac12 \lVert y - t \rVert^2$,
$A \in \mathbb{R}^{n \times n}$.

"""
NET = ["y = V h", "L = ‖y − t‖²/2"]


def why(claim: str, given: str = GIVEN) -> Why:
    (found,) = explained(read_source("n.md", f"{given}${claim}$"), None, given.count("\n") + 1)
    return found


def said(rows: tuple[WhyRow, ...]) -> list[str]:
    return [f"{row.left} = {row.right}" + f"  [{row.reason}]" * bool(row.reason) for row in rows]


DERIVATIONS = [
    # claim, known, backwards, result
    (
        r"\frac{\partial L}{\partial y} = t - y",
        ["L = ‖y − t‖²/2"],
        ["∂L/∂y = y − t  [differentiated]"],
        [],
    ),
    (
        r"\frac{\partial L}{\partial a} = (V^\top (y - t)) \odot f(a)",
        ["h = f(a)", *NET],
        [
            "∂L/∂y = y − t  [differentiated]",
            "∂L/∂h = Vᵀ ∂L/∂y  [chain rule through y]",
            "∂L/∂a = ∂L/∂h ⊙ f'(a)  [chain rule through h]",
        ],
        ["∂L/∂a = (Vᵀ (y − t)) ⊙ f'(a)  [put in]"],
    ),
    (
        r"\frac{\partial L}{\partial V} = (y - t) h^\top",
        NET,
        ["∂L/∂y = y − t  [differentiated]", "∂L/∂V = ∂L/∂y hᵀ  [chain rule through y]"],
        ["∂L/∂V = (y − t) hᵀ  [put in]"],
    ),
    (r"\nabla_x (x^\top A x) = 2 A x", [], ["∂(xᵀ A x)/∂x = Aᵀ x + A x  [differentiated]"], []),
    (r"\frac{\partial (A x)}{\partial x} = A^\top", [], [], ["∂(A x)/∂x = A  [differentiated]"]),
    (r"W x - a = 0", ["a = W x"], [], ["W x − a = W x − W x  [put in]", " = 0  [common factor]"]),
]


@pytest.mark.parametrize(("claim", "known", "backwards", "result"), DERIVATIONS)
def test_derivations(claim: str, known: list[str], backwards: list[str], result: list[str]) -> None:
    found = why(claim)
    assert (said(found.known), said(found.backwards), said(found.result)) == (known, backwards, result)
    assert not found.unknown


def test_laws_are_named_with_what_they_read() -> None:
    given = r"$z, t \in \mathbb{R}^k$, $p = \mathrm{softmax}(z)$, $L = -\sum_i t_i \log p_i$." + "\n\n"
    found = why(r"\frac{\partial L}{\partial z} = p - t", given)
    assert said(found.backwards)[2] == " = ∂L/∂p ⊙ p − ∂L/∂pᵀ p·p  [in terms of the value, p]"
    assert said(found.result)[-1] == " = 𝟏ᵀ t·p − t  [cancellation]"


def test_the_verdict_and_what_is_claimed_stand_beside() -> None:
    found = why(r"\frac{\partial L}{\partial a} = (V^\top (y - t)) \odot f(a)")
    assert isinstance(found.claim, Claim) and found.claim.verdict == "refuted"
    assert found.claimed == WhyRow("∂L/∂a", "(Vᵀ (y − t)) ⊙ f(a)")


def test_each_side_of_a_chain_is_derived_from_the_first() -> None:
    text = GIVEN + r"$\frac{\partial L}{\partial y} = y - t = t - y$"
    first, second = explained(read_source("n.md", text), None, 5)
    assert [w.claimed.left for w in (first, second) if w.claimed] == ["∂L/∂y", "∂L/∂y"]
    assert said(second.backwards) == said(first.backwards) == ["∂L/∂y = y − t  [differentiated]"]
    assert [w.claim.verdict for w in (first, second) if isinstance(w.claim, Claim)] == ["proved", "refuted"]


def test_which_line_a_claim_is_on() -> None:
    text = GIVEN + "$$\n\\nabla_x L\n= W\n$$\n\nthen $\\nabla_V L = V$ and $\\nabla_V L = W$\n"
    source = read_source("n.md", text)
    assert lines_of(source) == [(None, 6), (None, 10)]
    assert [len(explained(source, None, line)) for line in range(1, 12)] == [0, 0, 0, 0, 0, 1, 1, 0, 0, 2, 0]


def test_a_cell_and_a_line_of_a_notebook() -> None:
    cells = [{"cell_type": "markdown", "source": part} for part in (GIVEN, "so\n$\\nabla_y L = t$")]
    source = read_source("n.ipynb", json.dumps({"cells": cells}))
    assert lines_of(source) == [(2, 2)]
    assert [len(explained(source, *at)) for at in ((None, 2), (1, 2), (2, 1), (2, 2))] == [0, 0, 0, 1]


def test_what_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(posed: Posed) -> Claim:
        raise NotUnderstood(posed.equality.span, "a reason")

    monkeypatch.setattr(module, "judge", refused)
    found = why(r"\nabla_x L = x")
    shown = [line.plain for line in lines([found], GIVEN)]
    assert shown[0] == "n.md:5:2: not read: a reason" and len(shown) == 3


def test_the_network_of_a_spec() -> None:
    stack = build_stack(load_spec("examples/mnist_mlp.yaml"))
    source = read_source("n.md", r"$\frac{\partial L}{\partial A_2} = \delta_2$")
    (found,) = explained(source, None, 1, stack)
    assert isinstance(found.claim, Claim) and found.claim.verdict == "proved"
    assert found.known and found.backwards


def shown(source: Source, line: int) -> str:
    return "\n".join(text.plain for text in lines(explained(source, None, line), source.text))


def test_it_is_shown_in_columns() -> None:
    text = GIVEN + r"$\frac{\partial L}{\partial V} = (y - t)^\top h$"
    out = shown(read_source("n.md", text), 5)
    assert out.endswith(
        "  known\n"
        "        y = V h\n"
        "        L = ‖y − t‖²/2\n"
        "  backwards\n"
        "    ∂L/∂y = y − t         differentiated\n"
        "    ∂L/∂V = ∂L/∂y hᵀ      chain rule through y\n"
        "  so\n"
        "    ∂L/∂V = (y − t) hᵀ    put in\n"
        "  claimed\n"
        "    ∂L/∂V = (y − t)ᵀ h"
    )
    assert out.startswith("n.md:5:32: refuted: ")
