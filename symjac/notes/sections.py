"""The headings of a text, and whether what stands at one place is said for another.

What a section says holds in it and in the sections below it. Text before the first heading is said for all of the page.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

_MARKDOWN = re.compile(r"^(?P<fence>[ \t>]*(?:`{3,}|~{3,}))|^ {0,3}(?P<marks>#{1,6})[ \t]+\S", re.MULTILINE)
_RST = re.compile(r"^(?P<title>\S[^\n]*)\n(?P<sign>[=\-~^\"'`#*+.:_])(?P=sign){2,}[ \t\r]*$", re.MULTILINE)
_TEX = re.compile(r"\\(?P<name>part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)\*?\s*[\[{]")
_TEX_LEVELS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")


@dataclass(frozen=True, slots=True)
class Sections:
    """The places of the headings, in order, and their levels; 1 is the highest."""

    places: Sequence[int] = ()
    levels: Sequence[int] = ()

    def above(self, place: int) -> int:
        """The number of the heading above a place; 0 before the first."""
        return bisect_left(self.places, place)

    def part(self, one: int, other: int) -> bool:
        """Whether two places of the text stand apart: the section of the first ends before the second."""
        first, last = sorted((one, other))
        start, end = bisect_left(self.places, first), bisect_left(self.places, last)
        level = self.levels[start - 1] if start else 0
        return any(between <= level for between in self.levels[start:end])


def sections_of(text: str, kind: str) -> Sections:
    """Those of a file of this kind, a page and a notebook as Markdown; YAML and the command line have none."""
    match kind:
        case "tex":
            found = [(m.start(), _TEX_LEVELS.index(m["name"]) + 1) for m in _TEX.finditer(text)]
        case "markdown" | "notebook" | "html":
            found = _in_markdown(text)
        case "rst":
            found = _in_rst(text)
        case _:
            found = []
    return Sections([place for place, _ in found], [level for _, level in found])


def _in_rst(text: str) -> list[tuple[int, int]]:
    """Lines with a line of one sign below; the sign that came first is of the highest level."""
    found = [(m.start("title"), m["sign"]) for m in _RST.finditer(text)]
    signs = list(dict.fromkeys(sign for _, sign in found))
    return [(place, signs.index(sign) + 1) for place, sign in found]


def _in_markdown(text: str) -> list[tuple[int, int]]:
    """Lines that begin with #, but those in code."""
    found: list[tuple[int, int]] = []
    fence = ""
    for m in _MARKDOWN.finditer(text):
        if m["fence"]:
            marks = m["fence"].lstrip(" \t>")
            fence = marks if not fence else "" if marks.startswith(fence) else fence
        elif not fence:
            found.append((m.start(), len(m["marks"])))
    return found
