"""What a verdict proposes to say can be pasted: in the comments of the file at hand, and then it is right."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from html import escape

import pytest

from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.session import from_claim

DECLARED = r"A \in \mathbb{R}^{n \times n}", r"x \in \mathbb{R}^n", r"L = x^\top A x"
CLAIM = r"\nabla_x L = 2 A x"
Page = Callable[[str], str]


def markdown(hint: str) -> str:
    given = ", ".join(f"${d}$" for d in DECLARED)
    return f"With {given}\n\n{hint}\n\nwe have ${CLAIM}$.\n"


def tex(hint: str) -> str:
    return "\\documentclass{article}\n\\begin{document}\n" + markdown(hint) + "\\end{document}\n"


def restructured(hint: str) -> str:
    given = ", ".join(f":math:`{d}`" for d in DECLARED)
    return f"With {given}\n\n{hint}\n\nwe have\n\n.. math:: {CLAIM}\n"


def page(hint: str) -> str:
    given = ", ".join(f"${escape(d)}$" for d in DECLARED)
    return f"<!DOCTYPE html>\n<p>With {given}</p>{hint}\n<p>we have \\({escape(CLAIM)}\\).</p>\n"


def notebook(hint: str) -> str:
    parts = ", ".join(f"${d}$" for d in DECLARED), hint, f"so ${CLAIM}$"
    return json.dumps({"cells": [{"cell_type": "markdown", "source": part} for part in parts]})


def yaml(hint: str) -> str:
    given = "\n".join(f"  - {d}" for d in DECLARED)
    return f"{hint}\ngiven:\n{given}\nclaims:\n  - {CLAIM}\n"


FILES: list[tuple[str, Page]] = [
    ("n.md", markdown),
    ("n.markdown", markdown),
    ("n.qmd", markdown),
    ("n.Rmd", markdown),
    ("n.tex", tex),
    ("n.rst", restructured),
    ("n.html", page),
    ("n.ipynb", notebook),
    ("n.yaml", yaml),
]


def hint_in(texts: list[str]) -> str:
    """What is proposed; the same for each text."""
    (hint,) = {m[1] for text in texts if (m := re.search(r"say so: (.*)$", text))}
    return hint


@pytest.mark.parametrize(("file", "page"), FILES)
def test_a_hint_can_be_pasted(file: str, page: Page) -> None:
    (before,) = judge_source(read_source(file, page(""))).claims
    said = [before.road, *before.notes, before.fault.text if before.fault else ""]
    hint = hint_in(said)
    (after,) = judge_source(read_source(file, page(hint))).claims
    assert (before.verdict, after.verdict) in (("refuted", "proved"), ("doubtful", "proved")), hint


def test_a_hint_for_the_command_line_can_be_pasted() -> None:
    (before,) = judge_source(from_claim(CLAIM, DECLARED)).claims
    said = [before.road, *before.notes, before.fault.text if before.fault else ""]
    option, fact = shlex.split(hint_in(said))
    assert option == "--given"
    (after,) = judge_source(from_claim(CLAIM, [*DECLARED, fact])).claims
    assert after.verdict == "proved"


@pytest.mark.parametrize(("file", "page"), FILES[:-1])
def test_a_hint_in_the_comments_of_another_file_says_nothing(file: str, page: Page) -> None:
    """A planted fault: the hint is tried for what it is, not for standing anywhere."""
    other = "% symjac: A is symmetric" if page is not tex else "<!-- symjac: A is symmetric -->"
    (claim,) = judge_source(read_source(file, page(other))).claims
    assert claim.verdict != "proved"
