"""One fault planted in a right formula, of every kind and in every place: named, and a formula given that holds."""

from __future__ import annotations

from collections import Counter

import pytest

from symjac.equality.budget import Budget
from symjac.equality.outcome import REFUTED
from symjac.notation.latex_notation import expression
from symjac.notes.source import read_source
from symjac.verify.diagnose import diagnose
from symjac.verify.judge import judge_source
from symjac.verify.view import KnownNames, View
from tests.verify.mutants import About, chosen, mutants
from tests.verify.pages import claim
from tests.verify.standin import StandIn

RIGHT = [
    ("one sample", r"((V^\top (y - t)) \odot f'(a)) x^\top"),
    ("one sample", r"V \operatorname{diag}(f'(a)) W"),
    ("many", r"-\frac{2}{n} \sum_{i=1}^n (y_i - o_i) o_i (1 - o_i)"),
    ("many", r"-\frac{2}{n} X^\top ((y - o) \odot o \odot (1 - o))"),
    ("many", r"\operatorname{diag}(y) - y y^\top"),
    ("many", r"I - \frac{2}{n} \sum_i x_i x_i^\top"),
    ("rows", r"\frac{1}{k} X^\top (((Y - T) W_2^\top) \odot Z_1 \odot (1 - Z_1))"),
    ("rows", r"\frac{1}{k} Z_1^\top (Y - T)"),
    ("rows", r"\frac{1}{k} (Y - T)^\top \mathbf{1}"),
]


def about(judge: StandIn) -> About:
    names = KnownNames(judge)
    return About(names.applies, names.alternatives, names.shape)


@pytest.mark.slow
def test_planted_faults_are_found() -> None:
    planted: Counter[str] = Counter()
    missed: list[str] = []
    for page, text in RIGHT:
        judge = claim(page, text)
        for kind, mutant in mutants(expression(text), about(judge)):
            if judge.holds(mutant):
                continue
            planted[kind] += 1
            found = diagnose(mutant, judge, Budget(15_000))
            if found is None:
                missed.append(f"{kind}: {mutant}")
            else:
                assert judge.holds(found.right)
    assert len(planted) >= 12
    assert len(missed) <= 0.1 * planted.total(), missed


PAGE = r"""$x \in \mathbb{R}^n$, $A \in \mathbb{R}^{n \times n}$, $C \in \mathbb{R}^{m \times n}$, $e = C x$,
$L = x^\top A x$, $W \in \mathbb{R}^{n \times m}$, $v = W e$, $u = \frac{\partial L}{\partial x}$.
"""
ON_A_PAGE = [
    (r"\frac{\partial L}{\partial x} = A x", "missing_term", "the term Aᵀ x is missing"),
    (r"\frac{\partial L}{\partial x} = -A x - A^\top x", "sign", "the sign is wrong"),
    (r"\frac{\partial v}{\partial \operatorname{vec}(W)} = e^\top", "missing_identity", "the identity is missing"),
    (r"\frac{\partial v}{\partial \operatorname{vec}(W)} = I", "missing_factor", "the factor eᵀ is missing"),
]


@pytest.mark.parametrize(("text", "kind", "words"), ON_A_PAGE, ids=[c[0] for c in ON_A_PAGE])
def test_faults_on_a_page(text: str, kind: str, words: str) -> None:
    """The formula offered is not the left side under another name."""
    (claim,) = judge_source(read_source("notes.md", PAGE + f"${text}$")).claims
    assert claim.verdict == REFUTED and claim.fault is not None
    assert claim.fault.kind == kind and words in claim.fault.text, claim.fault
    assert claim.fault.replacement not in ("u", "")


def test_mutants_are_distinct_and_the_same_every_time() -> None:
    for page, text in RIGHT:
        judge, right = claim(page, text), expression(text)
        once = list(mutants(right, about(judge)))
        assert once == list(mutants(right, about(claim(page, text))))
        assert len({m for _, m in once}) == len(once)
        assert right not in {m for _, m in once}
        assert View(right, KnownNames(judge)).fits


def test_choice_takes_the_kinds_in_turn() -> None:
    judge, right = claim(*RIGHT[6]), expression(RIGHT[6][1])
    every = list(mutants(right, about(judge)))
    kinds = {kind for kind, _ in every}
    few = chosen(every, len(kinds))
    assert {kind for kind, _ in few} == kinds
    assert chosen(every, 10_000) != [] and set(chosen(every, 10_000)) == set(every)
