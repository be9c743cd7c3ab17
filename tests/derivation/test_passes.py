"""Every expression that a derivation passes through, in every example, is well formed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from symjac.core.expr import Expr
from symjac.core.wellformed import check_formed
from symjac.derivation.chain import Derivation
from tests.nets import EXAMPLES, example


def expressions(derivation: Derivation) -> Iterator[tuple[str, Expr]]:
    stack = derivation.stack
    for definition in (*stack.forward, stack.loss):
        yield f"definition of {definition.equation.lhs.name}", definition.equation.rhs
    for fact in stack.facts:
        yield fact.text, fact.left
        yield fact.text, fact.right
    for jacobian in derivation.jacobians:
        yield f"Jacobian of {jacobian.output.name} by {jacobian.by.name}", jacobian.value
        for step in jacobian.steps:
            yield step.law.name, step.before
            yield step.law.name, step.after
    for derived in derivation.chain:
        yield f"derivative by {derived.by.name}", derived.equation.rhs
        for step in derived.steps:
            yield step.law.name, step.before
            yield step.law.name, step.after


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_pass_leaves_well_formed_expressions(path: Path) -> None:
    seen = 0
    for where, e in expressions(example(path.stem)):
        check_formed(e)
        assert where
        seen += 1
    assert seen > 10
