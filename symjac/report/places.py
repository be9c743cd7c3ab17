"""Where spans of a file's text are: lines and columns, counted from 1; and text that is safe to show."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from symjac.notation.tree import Span


@dataclass(frozen=True, slots=True)
class LinePart:
    """What of a line lies in a span: columns from `start` to `end`, end exclusive, counted from 0."""

    line: int
    source: str
    start: int
    end: int


class LineIndex:
    """The lines of a text, found by offset."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end].removesuffix("\r")

    def parts(self, span: Span) -> Iterator[LinePart]:
        """What of each line lies in the span, without the blanks at its ends; at least one part."""
        chosen = self.text[span.start : span.end]
        start = span.start + len(chosen) - len(chosen.lstrip())
        end = max(start, span.start + len(chosen.rstrip()))
        (first, _), (last, _) = self.at(start), self.at(end)
        for number in range(first, last + 1):
            source, begin = self.line(number), self.starts[number - 1]
            left = max(start - begin, len(source) - len(source.lstrip()))
            right = min(end - begin, len(source.rstrip()))
            if right > left or first == last:
                yield LinePart(number, source, left, max(right, left))


_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What steers a terminal, turns the direction of writing, or is no character."""


def safe(text: str) -> str:
    """`text` with one visible character for each that would act on a terminal or a page; tabs are spaces."""
    return _UNSEEN.sub("\ufffd", text.replace("\t", " "))


def flat(text: str) -> str:
    """`text` on one line, and safe."""
    return safe(" ".join(text.split()))
