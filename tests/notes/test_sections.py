"""Two places of a text stand apart where the section of the first ends before the second."""

from __future__ import annotations

import pytest

from symjac.notes.sections import sections_of

MARKDOWN = "a\n# T\nb\n## U\nc\n### V\nd\n```{.python .input}\n# no heading\n```\ne\n## W\nf\n# X\ng\n"
TEX = r"a \section{T} b \subsection*{U} c \subsection{W} f \section[short]{X} g"


@pytest.mark.parametrize(
    ("pair", "apart"),
    [
        ("ab", False),
        ("ag", False),
        ("bc", False),
        ("bf", False),
        ("cf", True),
        ("cg", True),
        ("bg", True),
        ("gb", True),
        ("cc", False),
    ],
)
def test_places_stand_apart(pair: str, apart: bool) -> None:
    for text, kind in ((MARKDOWN, "markdown"), (TEX, "tex")):
        line = {"markdown": "\n{}\n", "tex": " {} "}[kind]
        padded = f"\n{text}\n" if kind == "markdown" else f" {text} "
        one, other = (padded.index(line.format(letter)) + 1 for letter in pair)
        assert sections_of(padded, kind).part(one, other) is apart


def test_code_has_no_headings() -> None:
    one, other = MARKDOWN.index("\nd\n") + 1, MARKDOWN.index("\ne\n") + 1
    assert not sections_of(MARKDOWN, "markdown").part(one, other)


def test_other_files_have_none() -> None:
    assert not sections_of("# a\nb\n# c\nd", "claim").part(4, 10)
