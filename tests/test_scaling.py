"""Deriving costs the same few lines a layer: 1,000 layers go to source in seconds."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parent.parent / "benchmarks" / "derive_scaling.py"


@pytest.mark.slow
def test_a_thousand_layers() -> None:
    measured = runpy.run_path(str(BENCHMARK))["measured"]
    hundred, thousand = measured("symjac", 100), measured("symjac", 1000)
    assert isinstance(hundred, list), hundred
    assert isinstance(thousand, list), thousand
    assert thousand[2] < 10  # the processor's time: other work on the machine is not counted
    assert thousand[2] <= 12 * hundred[2]
