"""What is found in a file of notes: mathematics, directives and macro definitions, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from symjac.core.errors import InputError, Place
from symjac.notation.tree import NOWHERE, Span

MAX_ITEMS = 200_000
"""How many formulas, directives and macros a file may have."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text, and where it stands: character i is at `offsets[i]` of the file; the last offset is the end."""

    text: str
    offsets: Sequence[int] = field(repr=False)

    @property
    def span(self) -> Span:
        return Span(self.offsets[0], self.offsets[-1])

    def part(self, start: int, end: int) -> Piece:
        """The characters from `start` up to `end`, without the space around them."""
        text = self.text[start:end]
        inside = text.strip()
        if not inside:
            return Piece("", range(self.offsets[start], self.offsets[start] + 1))
        first = start + len(text) - len(text.lstrip())
        last = first + len(inside) - 1
        end_offset = self.offsets[last] + 1
        if self.offsets[last + 1] == end_offset:
            return Piece(inside, self.offsets[first : last + 2])
        return Piece(inside, (*self.offsets[first : last + 1], end_offset))


def whole(text: str) -> Piece:
    """All of a file's text."""
    return Piece(text, range(len(text) + 1))


@dataclass(frozen=True, slots=True)
class Snippet:
    r"""One formula as written.

    `text` of an environment includes its \begin and \end; otherwise it is what stands between the delimiters. Macro
    definitions, directives, carriage returns and the `>` of a quotation are left out, `offsets` skips them.
    `outer` is the place with delimiters. `fault` says why this is not a complete formula; empty where it is one.
    """

    text: str
    offsets: Sequence[int] = field(repr=False)
    display: bool
    role: str = "text"
    """ "text", "given" or "claim"."""
    notation: str = "latex"
    """ "latex" or "plain"."""
    outer: Span = NOWHERE
    fault: str = ""
    id: str = ""
    """The writer's own name for a claim, in YAML."""
    extra: tuple[tuple[str, str], ...] = ()
    """Other keys that stand beside a claim in YAML."""

    @property
    def span(self) -> Span:
        return Span(self.offsets[0], self.offsets[-1])


@dataclass(frozen=True, slots=True)
class Directive:
    """What the writer says to symjac without printing it. `file` is empty for the notes themselves."""

    text: str
    offsets: Sequence[int] = field(repr=False)
    file: str = ""
    fault: str = ""

    @property
    def span(self) -> Span:
        return Span(self.offsets[0], self.offsets[-1])


@dataclass(frozen=True, slots=True)
class MacroText:
    r"""A \newcommand, \def, \let, \DeclareMathOperator ... as written, whole."""

    text: str
    offsets: Sequence[int] = field(repr=False)

    @property
    def span(self) -> Span:
        return Span(self.offsets[0], self.offsets[-1])


Item = Snippet | Directive


def place_in(file: str, text: str, offset: int) -> Place:
    """The place of one offset; reads the text up to there, so it is for errors."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : end if end >= 0 else len(text)]
    return Place(file, text.count("\n", 0, offset) + 1, offset - start + 1, line.rstrip("\r"))


@dataclass
class Found:
    """What has been found so far in one file."""

    file: str
    text: str
    items: list[Item] = field(default_factory=list)
    macros: list[MacroText] = field(default_factory=list)

    def add(self, item: Item | MacroText) -> None:
        if len(self.items) + len(self.macros) >= MAX_ITEMS:
            place = place_in(self.file, self.text, item.offsets[0])
            raise InputError(place, f"more than {MAX_ITEMS:,} formulas in one file", hint="split the file")
        if isinstance(item, MacroText):
            self.macros.append(item)
        else:
            self.items.append(item)
