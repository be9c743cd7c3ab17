"""What a document is made of, before it is LaTeX, HTML or Markdown: headings, prose, equations, chains, tables;
and directives, which say to `symjac verify` what the text does not.

Mathematics is LaTeX throughout; text is plain and each writer escapes it. Equations carry their numbers, so all
formats number alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Math:
    """A formula within a line, as LaTeX without delimiters."""

    latex: str


@dataclass(frozen=True, slots=True)
class InlineCode:
    """A name or a text as the user wrote it, in a fixed-width face."""

    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The number of the equation whose anchor this is."""

    anchor: str


Inline: TypeAlias = str | Math | InlineCode | Emphasis | Reference
Line: TypeAlias = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    line: Line


@dataclass(frozen=True, slots=True)
class DocList:
    """A list; each item has a short term that stands out, possibly empty."""

    rows: tuple[tuple[Line, Line], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chain: `left` (empty on the lines that go on) `relation` `right`, and the reason beside it."""

    left: str
    right: str
    reason: Line = ()
    relation: str = "="


@dataclass(frozen=True, slots=True)
class Equations:
    """Aligned lines under one number."""

    rows: tuple[Row, ...]
    number: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Table:
    """`align` has one of l, c, r a column; a row as wide as the head; `total` closes the table, under a rule."""

    head: tuple[Line, ...]
    align: str
    rows: tuple[tuple[Line, ...], ...]
    total: tuple[Line, ...] | None = None


@dataclass(frozen=True, slots=True)
class Directives:
    """Lines that `symjac verify` reads and that do not print."""

    lines: tuple[str, ...]


DocBlock: TypeAlias = Heading | Paragraph | DocList | Equations | Table | Directives


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    subtitle: Line
    blocks: tuple[DocBlock, ...]
    missing: tuple[str, ...] = ()
    """The chapters that could not be written, and why."""

    @property
    def headings(self) -> tuple[Heading, ...]:
        return tuple(b for b in self.blocks if isinstance(b, Heading))

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each equation, by its anchor."""
        return {b.anchor: b.number for b in self.blocks if isinstance(b, Equations)}


def say(text: str, *parts: Inline | Line) -> Line:
    """`text` with each `$...$` as mathematics and each `{}` replaced by the next of `parts`.

    For the document's own words only: a user's text comes in as a part, so that nothing in it is read as markup.
    """
    given = iter(parts)
    out: list[Inline] = []
    for place, piece in enumerate(text.split("$")):
        if place % 2:
            out.append(Math(piece))
            continue
        head, *rest = piece.split("{}")
        out.append(head)
        for after in rest:
            part = next(given)
            out.extend(part if isinstance(part, tuple) else (part,))
            out.append(after)
    return tuple(p for p in out if p != "")


def listed(parts: Iterable[Inline]) -> Line:
    """`a`, `a and b`, `a, b and c`."""
    items = list(parts)
    out: list[Inline] = []
    for place, item in enumerate(items):
        if place:
            out.append(" and " if place == len(items) - 1 else ", ")
        out.append(item)
    return tuple(out)
