"""Renaming symbols changes names alone: of every expression of the bank, the structure and the value stay."""

from __future__ import annotations

import numpy as np
import pytest

from symjac.core.evaluate import evaluate
from symjac.core.expr import symbols
from symjac.core.pattern import relabel, structure
from symjac.core.wellformed import check_formed
from tests.core.bank import BANK, SIZES, Case, size_values, tensors

NAMES = {"s": "c", "v": "inverse", "u": "determinant", "w": "max_1", "A": "B", "B": "A", "D": "Delta_2"}


@pytest.mark.parametrize("case", BANK, ids=str)
def test_relabel(case: Case) -> None:
    new = relabel(case.expr, NAMES)
    check_formed(new)
    before, after = structure([case.expr]), structure([new])
    assert after == (before[0], [NAMES.get(name, name) for name in before[1]])
    assert set(before[1]) == {s.name for s in symbols(case.expr)}
    sizes = SIZES["2, 3, 5"]
    values, constants = tensors(sizes), size_values(sizes)
    moved = {NAMES.get(name, name): value for name, value in values.items()}
    np.testing.assert_array_equal(
        evaluate(new, case.order, moved, constants), evaluate(case.expr, case.order, values, constants)
    )
    assert relabel(new, {there: here for here, there in NAMES.items()}) is case.expr
