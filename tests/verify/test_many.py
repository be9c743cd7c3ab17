"""Many sources at once: the same verdicts with any number of processes, and what one cannot do costs no other."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from symjac.core.errors import InputError, Place
from symjac.notes.source import Source, read_source
from symjac.report import as_json
from symjac.verify import many
from symjac.verify.many import Failure, judged
from symjac.verify.verdict import Judged

GIVEN = "$x \\in \\mathbb{R}^n$, $A \\in \\mathbb{R}^{n \\times n}$, $L = x^\\top A x$.\n\n"
RIGHT = GIVEN + "$\\nabla_x L = (A + A^\\top) x$\n"
WRONG = GIVEN + "$\\nabla_x L = 2 A x$ and $\\nabla_x L = A x$\n"


def quiet(done: int, total: int) -> None:
    assert 0 <= done <= total


def sources(*texts: str) -> list[Source]:
    return [read_source(f"{number}.md", text) for number, text in enumerate(texts)]


def test_the_same_verdicts_with_any_number_of_processes() -> None:
    some = sources(RIGHT, WRONG, "nothing", WRONG + "more\n", RIGHT)
    alone = [judged([source], None, None, 1, quiet)[0] for source in some]
    one, three = (judged(some, None, None, jobs, quiet) for jobs in (1, 3))
    back = judged(some[::-1], None, None, 1, quiet)[::-1]
    assert all(isinstance(r, Judged) for r in alone)
    first = as_json.write([r for r in alone if isinstance(r, Judged)])
    for results in (one, three, back):
        assert as_json.write([r for r in results if isinstance(r, Judged)]) == first
    assert '"refuted"' in first and '"proved"' in first


def test_of_nothing_come_no_verdicts() -> None:
    assert judged([], None, None, 2, quiet) == []


def test_processes_know_the_network(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text("name: net\ninput: X[k, 2]\nlayers: [dense: 3, tanh, dense: 2]\nloss: mse\n")
    text = "$\\frac{\\partial L}{\\partial W_2} = Z_1^\\top \\delta_2$\n"
    for result in judged(sources(text, text), None, str(spec), 2, quiet):
        assert isinstance(result, Judged)
        assert [c.verdict for c in result.claims] == ["proved"]


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails as the text says."""

    def by_hand(source: Source, progress: object = None, stack: object = None) -> Judged:
        match source.text:
            case "input":
                raise InputError(Place(source.file, 1, 1), "this cannot be used")
            case "memory":
                raise MemoryError
            case "fault":
                raise KeyError("Z_1")
        return Judged(source.file, source.text, (), ())

    module = ModuleType("symjac.verify.judge")
    module.judge_source = by_hand  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "symjac.verify.judge", module)


@pytest.mark.usefixtures("judge")
def test_what_cannot_be_judged_costs_no_other_its_verdicts() -> None:
    results = judged(sources("a", "input", "memory", "fault", "b"), None, None, 1, quiet)
    assert [isinstance(r, Judged) for r in results] == [True, False, False, False, True]
    failures = [r for r in results if isinstance(r, Failure)]
    assert [f.own for f in failures] == [False, False, True]
    assert "1.md:1:1: error: this cannot be used" in failures[0].message
    assert "2.md" in failures[1].message and "memory" in failures[1].message
    assert "3.md" in failures[2].message and "KeyError" in failures[2].message


def _dying(source: Source, spec: str | None) -> Judged | Failure:
    if source.text == "dies":
        os.abort()
    return Judged(source.file, source.text, (), ())


def test_a_process_that_dies_costs_no_other_source_its_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "_by_another_process", _dying)
    results = judged(sources("a", "dies", "b"), None, None, 2, quiet)
    assert [isinstance(r, Judged) for r in results] == [True, False, True]
    assert isinstance(results[1], Failure) and "1.md" in results[1].message and not results[1].own
