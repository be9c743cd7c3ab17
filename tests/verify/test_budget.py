"""The same page has the same verdicts, roads and faults on every machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from symjac.equality.budget import Budget, Clock
from symjac.equality.outcome import AGREES, PROVED, REFUTED
from symjac.notes.source import read_source
from symjac.report.as_json import write
from symjac.verify.judge import judge_source
from symjac.verify.verdict import Judged

PAGE = r"""
Let $A \in \mathbb{R}^{n \times n}$, $x \in \mathbb{R}^n$, $c \in \mathbb{R}$, $L = x^\top A x$.

$$\mu = \frac1n \sum_i x_i, \quad s = \sqrt{\frac1n \sum_i (x_i - \mu)^2 + 1}, \quad z_i = \frac{x_i - \mu}{s}$$

$$\frac{\partial z_i}{\partial x_j} = \frac{1}{s}\left(\delta_{ij} - \frac1n - \frac1n z_i z_j\right)$$

$$\sin(3c) = 3 \sin c - 4 \sin^3 c$$

$$g(c) = |c - 20| + \max(c, 30), \quad g'(c) = \operatorname{sign}(c - 20) + \mathbb{1}[c > 30]$$

$$\frac{\partial L}{\partial x} = -A x - A^\top x$$

$$\frac{\partial L}{\partial x} = A x$$

$$\frac{\partial L}{\partial x} = (A + A) x$$
"""
VERDICTS = [PROVED, AGREES, PROVED, REFUTED, REFUTED, REFUTED]
FAULTS = [None, None, None, "sign", "missing_term", "transpose"]


def judged(folder: Path) -> Judged:
    page = folder / "page.md"
    page.write_text(PAGE)
    return judge_source(read_source(str(page)))


def slower(times: float) -> Callable[[], float]:
    """The clock of a machine on which everything takes so many times as long."""
    real = time.process_time
    begin = real()
    return lambda: begin + times * (real() - begin)


def test_a_slow_machine_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = judged(tmp_path)
    assert [c.verdict for c in first.claims] == VERDICTS
    assert [c.fault and c.fault.kind for c in first.claims] == FAULTS
    monkeypatch.setattr(time, "process_time", slower(100))
    assert write([judged(tmp_path)]) == write([first])


def test_what_the_last_guard_ends_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "process_time", slower(1e7))
    proof, *_, fault = judged(tmp_path).claims
    assert proof.verdict == AGREES
    assert proof.road.endswith("; cut short after 60 seconds")
    assert fault.verdict == REFUTED
    assert fault.road.endswith("; cut short after 60 seconds")


def test_a_part_takes_its_steps_from_the_whole() -> None:
    whole = Budget(10)
    part = whole.part(100)
    part.spend(4)
    assert (part.left, whole.left) == (6, 6)
    small = whole.part(2)
    small.spend(2)
    assert small.spent
    assert not whole.spent
    assert whole.left == 4


def test_the_clock_ends_a_search_that_has_steps_left() -> None:
    budget = Budget(10, Clock(-1))
    assert budget.spent
    assert budget.clock.said == "cut short after -1 seconds"
