"""Where the characters of a text stand that was put together from files: cells of a notebook, a page without its tags,
a document with what it includes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from symjac.core.errors import Place
from symjac.notation.tree import Span


@dataclass(frozen=True)
class FileLines:
    """The text of a file, and the places of its lines."""

    file: str
    text: str = field(repr=False)

    @cached_property
    def starts(self) -> array[int]:
        """The offset of each line's first character."""
        lengths = (len(line) + 1 for line in self.text.split("\n"))
        return array("q", accumulate(lengths, initial=0))[:-1]

    def place(self, offset: int) -> Place:
        """Line and column of an offset; one past the end is at the end."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self.starts, offset) - 1
        start = self.starts[line]
        end = self.starts[line + 1] - 1 if line + 1 < len(self.starts) else len(self.text)
        return Place(self.file, line + 1, offset - start + 1, self.text[start:end].removesuffix("\r"))


@dataclass(frozen=True)
class Origins:
    """Runs of characters, in the order of the text: where each begins, in which file, and where there.

    As many characters of the file as of the text make up a run, or it is one character that the file spells otherwise
    (`&lt;`), or it stands in no file.
    """

    files: tuple[FileLines, ...]
    starts: array[int]
    homes: array[int]
    """The file of each run, by its place in `files`."""
    begins: array[int]
    ends: array[int]
    """Where the run ends in its file."""

    def at(self, offset: int) -> tuple[FileLines, int]:
        """The file of a character, and its offset there."""
        run = self._run(offset)
        return self.files[self.homes[run]], min(self.begins[run] + offset - self.starts[run], self.ends[run])

    def span(self, span: Span) -> tuple[FileLines, Span]:
        """The file where a part begins, and the part there, as far as it goes in that file."""
        home, start = self.at(span.start)
        if span.end <= span.start:
            return home, Span(start, start)
        last = self._run(span.end - 1)
        length = (self.starts[last + 1] if last + 1 < len(self.starts) else span.end) - self.starts[last]
        verbatim = self.ends[last] - self.begins[last] == length or last + 1 == len(self.starts)
        end = self.begins[last] + span.end - self.starts[last] if verbatim else self.ends[last]
        same = self.files[self.homes[last]] is home and end >= start
        return home, Span(start, end if same else start + 1)

    def _run(self, offset: int) -> int:
        return max(bisect_right(self.starts, offset) - 1, 0)


class Joined:
    """A text that is being put together, with its origins."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.files: list[FileLines] = []
        self.starts, self.homes, self.begins, self.ends = (array("q") for _ in range(4))

    def file(self, name: str, text: str) -> int:
        """The number of one more file."""
        self.files.append(FileLines(name, text))
        return len(self.files) - 1

    def add(self, text: str, home: int, begin: int, end: int) -> None:
        """What the file spells from `begin` to `end`."""
        if not text:
            return
        self.starts.append(self.length)
        self.homes.append(home)
        self.begins.append(begin)
        self.ends.append(end)
        self.parts.append(text)
        self.length += len(text)

    def part(self, home: int, begin: int, end: int) -> None:
        """A part of the file as it stands there."""
        self.add(self.files[home].text[begin:end], home, begin, end)

    @property
    def text(self) -> str:
        return "".join(self.parts)

    @property
    def origins(self) -> Origins:
        return Origins(tuple(self.files), self.starts, self.homes, self.begins, self.ends)
