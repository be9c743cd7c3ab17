"""A file of notes, or a claim from the command line -> the mathematics, directives and macro definitions in it.

What kind of file it is says its ending. Directives may also stand in a sidecar: `NOTES.md.symjac.yaml` beside
`NOTES.md`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from symjac.core.errors import InputError, Place
from symjac.core.files import read_utf8
from symjac.notation.tree import Span
from symjac.notes import jupyter, markdown, rst_notes, tex, web_page, yaml_notes
from symjac.notes.includes import Included
from symjac.notes.jupyter import Cell
from symjac.notes.origins import FileLines, Joined, Origins
from symjac.notes.parts import Directive, Found, Item, MacroText, Piece, Snippet, place_in, whole
from symjac.notes.sections import Sections, sections_of

__all__ = [
    "Directive",
    "Item",
    "MacroText",
    "Snippet",
    "Source",
    "from_command_line",
    "from_stream",
    "read_source",
]

MAX_BYTES = 16 * 1024 * 1024
KINDS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".qmd": "markdown",
    ".rmd": "markdown",
    ".tex": "tex",
    ".rst": "rst",
    ".ipynb": "notebook",
    ".html": "html",
    ".htm": "html",
    ".yaml": "yaml",
    ".yml": "yaml",
}
SIDECAR = ".symjac.yaml"
COMMAND_LINE = "command line"
STANDARD_INPUT = "standard input"
_GUESSES = (
    ("html", re.compile(r"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)),
    ("notebook", re.compile(r"\s*\{\s*\"")),
    ("tex", re.compile(r"(?s:.*?)^[^%\n]*\\(?:documentclass|begin[ \t]*\{document\}|(?:sub)*section\b)", re.MULTILINE)),
    ("rst", re.compile(r"(?s:.*?)(?:^[ \t]*\.\. math::|:math:`)", re.MULTILINE)),
    ("yaml", re.compile(r"(?s:.*?)^claims:", re.MULTILINE)),
)
"""What begins or has this is of that kind, where no name tells it; anything else is Markdown."""


@dataclass(frozen=True)
class Source:
    """One file of notes. `text` is without a byte order mark; offsets count its characters.

    Of a notebook it is that of the Markdown cells, of a page that without its tags, of a TeX document it has in it what
    that includes.
    """

    file: str
    text: str
    items: tuple[Item, ...]
    """In the order of the file; what a sidecar says comes first. In YAML: directives, given, claims."""
    macros: tuple[MacroText, ...]
    kind: str
    """One of KINDS, or "claim" (the command line)."""
    bom: bool = False
    """Whether the file began with a byte order mark."""
    sidecar: Source | None = None
    origins: Origins | None = field(default=None, repr=False)
    """Where the characters of `text` stand in files; None where it is the file's own."""
    included: tuple[str, ...] = ()
    """The files that a TeX document takes in."""
    cells: tuple[Cell, ...] = ()

    @cached_property
    def lines(self) -> FileLines:
        return FileLines(self.file, self.text)

    @cached_property
    def sections(self) -> Sections:
        return sections_of(self.text, self.kind)

    def place(self, offset: int) -> Place:
        """File, line and column of an offset, in a notebook of its cell; one past the end is at the end."""
        if cell := self._cell(offset):
            place = self.lines.place(offset)
            return replace(place, line=place.line - self.lines.place(cell.start).line + 1)
        if self.origins is not None and not self.cells:
            home, at = self.origins.at(offset)
            return home.place(at)
        return self.lines.place(offset)

    def line_said(self, offset: int) -> str:
        """`line 12`, `cell 3, line 12` or `line 12 of part.tex`."""
        place, cell = self.place(offset), self.cell(offset)
        line = f"line {place.line}" if cell is None else f"cell {cell}, line {place.line}"
        return line if place.file == self.file else f"{line} of {place.file}"

    def cell(self, offset: int) -> int | None:
        """The number of a notebook's cell; None where there are none."""
        cell = self._cell(offset)
        return cell.number if cell else None

    def _cell(self, offset: int) -> Cell | None:
        return next((cell for cell in reversed(self.cells) if cell.start <= offset), None)

    def place_of(self, item: Item | MacroText) -> Place:
        """Where an item begins, in the file that it is in."""
        home = self.sidecar if isinstance(item, Directive) and item.file and self.sidecar else self
        return home.place(item.offsets[0])


def read_source(path: str | os.PathLike[str], text: str | None = None, bound: str | None = None) -> Source:
    """What is in the file, or in `text` as if it were the file's; then neither a sidecar nor what it includes is read.

    What it includes lies in the folder `bound`, by default its own.
    """
    name = os.fspath(path)
    kind = KINDS.get(Path(name).suffix.lower())
    if kind is None:
        raise InputError(Place(name, 1, 1), "a file of an unknown kind", f"notes in {', '.join(KINDS)}")
    if kind == "yaml" and name.endswith(SIDECAR):
        notes = name.removesuffix(SIDECAR)
        raise InputError(Place(name, 1, 1), "directives, and no notes", "the notes", f"name {notes} instead")
    if text is not None:
        return _source(name, text, kind)
    text = _read(name)
    return _source(
        name, text, kind, _sidecar(name + SIDECAR) if kind != "yaml" else None, bound or os.path.dirname(name) or "."
    )


def from_stream(stream: BinaryIO) -> Source:
    """What comes through standard input; of which kind it is shows in it."""
    raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise InputError(Place(STANDARD_INPUT, 1, 1), "the text is too long", f"at most {MAX_BYTES // 2**20} MiB")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise InputError(Place(STANDARD_INPUT, 1, 1), f"byte {error.start} is not UTF-8", "text in UTF-8") from None
    start = text.removeprefix("\ufeff")
    return _source(STANDARD_INPUT, text, next((kind for kind, has in _GUESSES if has.match(start)), "markdown"))


def _source(name: str, text: str, kind: str, beside: Source | None = None, bound: str | None = None) -> Source:
    """`bound`: what a TeX document includes is read where it lies in this folder; None: nothing is."""
    bom = text.startswith("\ufeff")
    text = _checked(name, text.removeprefix("\ufeff"))
    joined: Joined | None = None
    cells: tuple[Cell, ...] = ()
    included: tuple[str, ...] = ()
    missing: list[Snippet] = []
    if kind == "notebook":
        joined, cells = jupyter.cells(name, text)
    elif kind == "html":
        joined = web_page.text_of(name, text)
    elif kind == "tex" and bound is not None:
        document = Included(name, text, bound)
        joined, included = document.joined, tuple(document.files)
        missing = [_missing(joined.text, span, why) for span, why in document.faults]
    if joined is not None:
        text = joined.text
    found = Found(name, text)
    _find(kind, text, cells, found)
    items = sorted((*found.items, *missing), key=lambda item: item.span.start) if missing else found.items
    return Source(
        name,
        text,
        (*(beside.items if beside else ()), *items),
        tuple(found.macros),
        kind,
        bom,
        beside,
        None if joined is None or (kind == "tex" and not included) else joined.origins,
        included,
        cells,
    )


def _find(kind: str, text: str, cells: Sequence[Cell], found: Found) -> None:
    """Adds what is in the text of a file of this kind."""
    match kind:
        case "markdown":
            markdown.find(whole(text), found, yaml_notes.front_matter(text, found))
        case "notebook":
            for cell in cells:
                markdown.find(Piece(text[cell.start : cell.end], range(cell.start, cell.end + 1)), found)
        case "html":
            markdown.find_in_page(whole(text), found)
        case "tex":
            tex.find(whole(text), found)
        case "rst":
            rst_notes.find(whole(text), found)
        case _:
            yaml_notes.note_file(text, found)


def _missing(text: str, span: Span, why: str) -> Snippet:
    """The command that takes in a file that is not read."""
    return Snippet(text[span.start : span.end], range(span.start, span.end + 1), True, outer=span, fault=why)


def from_command_line(claim: str, given: Sequence[str], notation: str, is_directive: Callable[[str], bool]) -> Source:
    """A claim, and what it takes as given, from the command line: each a line of the source's text.

    What is given is a formula, or a directive where `is_directive` says so of its text.
    """
    if not claim.strip():
        raise InputError(Place(COMMAND_LINE, 1, 1), "an empty claim", "a formula")
    lines = [*(" ".join(line.split("\n")) for line in given), " ".join(claim.split("\n"))]
    text = _checked(COMMAND_LINE, "\n".join(lines))
    starts = accumulate((len(line) + 1 for line in lines), initial=0)
    pieces = [Piece(line, range(at, at + len(line) + 1)) for line, at in zip(lines, starts, strict=False)]
    found = Found(COMMAND_LINE, text)
    yaml_notes.strings(pieces[:-1], pieces[-1:], notation, is_directive, found)
    return Source(COMMAND_LINE, text, tuple(found.items), tuple(found.macros), "claim")


def _sidecar(name: str) -> Source | None:
    if not os.path.isfile(name):
        return None
    text = _checked(name, _read(name).removeprefix("\ufeff"))
    found = Found(name, text)
    yaml_notes.sidecar(text, found)
    items = tuple(replace(item, file=name) for item in found.items if isinstance(item, Directive))
    return Source(name, text, items, (), "yaml")


def _read(name: str) -> str:
    """The text of a file, a byte order mark included. Raises InputError for what is not a text of moderate size."""
    return read_utf8(name, MAX_BYTES, "split it", "save the file as UTF-8")


def _checked(name: str, text: str) -> str:
    """`text`, which is one: no NUL, no half of a surrogate pair, not too long."""
    if len(text) > MAX_BYTES:
        raise InputError(Place(name, 1, 1), "the text is too long", f"at most {MAX_BYTES // 2**20} Mi characters")
    if (at := text.find("\0")) >= 0:
        place = replace(place_in(name, text, at), source="")
        raise InputError(place, "a NUL character: this is not text", "text in UTF-8")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        place = replace(place_in(name, text, error.start), source="")
        raise InputError(place, "a character that is not Unicode text", "text in UTF-8") from None
    return text
