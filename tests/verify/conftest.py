"""Shared by the tests of verify."""

from __future__ import annotations

import pytest

from symjac.verify import at_fault
from tests.verify.scoring import NO_SEARCH


@pytest.fixture
def verdicts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults are not looked for, which takes longer than to refute: for tables of verdicts."""
    for name in NO_SEARCH:
        monkeypatch.setattr(at_fault, name, 0)
