"""Random claims, right, otherwise spelt and wrong: no right one is refuted, no wrong one passes."""

from __future__ import annotations

import pytest

from tests.marks import slow_where
from tests.verify.random_claims import Case, RandomClaim, case
from tests.verify.scoring import outcomes

SEEDS = range(44)
"""Some 200 claims."""


pytestmark = pytest.mark.usefixtures("verdicts_alone")


@pytest.mark.parametrize("seed", slow_where(lambda seed: seed % 8, SEEDS))
def test_verdicts_are_true(seed: int) -> None:
    found = outcomes(case(seed))
    assert not [o for o in found if o.kind in ("false alarm", "passed")]
    assert [o.kind for o in found].count("judged") >= len(found) // 2


def test_there_are_many() -> None:
    every = [c for seed in SEEDS for c in case(seed).claims]
    assert len(every) >= 200
    assert sum(c.right for c in every) >= 80
    assert {"respelt", "sign", "factor", "transpose", "operand", "dropped", "function"} <= {c.made for c in every}


def test_a_turned_truth_is_noticed() -> None:
    """Planted: what is right is said to be wrong, and back."""
    made = case(0)
    turned = Case(made.seed, made.text, tuple(RandomClaim(c.of, c.by, c.term, not c.right) for c in made.claims))
    assert {o.kind for o in outcomes(turned)} == {"false alarm", "passed"}


def test_cases_are_the_same_every_time() -> None:
    assert case(3) == case(3)


def test_a_fault_in_a_case_that_few_points_meet_is_seen() -> None:
    """1[b > 0] for 1[a > 0], a = W relu(x − 1) + b: the two differ where an entry of x is above 1 alone."""
    assert [c.right for c in case(5027).claims if c.made == "operand"] == [False]
