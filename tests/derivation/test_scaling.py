"""Deriving costs the same few lines a layer: 1,000 layers go to source in seconds."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parent.parent.parent / "benchmarks" / "derive_scaling.py"


def busy(measured: Callable[..., list[float] | str], layers: int) -> float:
    """Seconds of the processor's time to the source, the better of two runs: other work counts little."""
    runs = [measured("symjac", layers) for _ in range(2)]
    assert not any(isinstance(run, str) for run in runs), runs
    return min(float(run[2]) for run in runs)


@pytest.mark.slow
def test_a_thousand_layers() -> None:
    measured = runpy.run_path(str(BENCHMARK))["measured"]
    hundred, thousand = busy(measured, 100), busy(measured, 1000)
    assert thousand < 10
    assert thousand <= 12 * hundred
