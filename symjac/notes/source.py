"""A file of notes, or a claim from the command line -> the mathematics, directives and macro definitions in it.

Markdown, TeX and YAML by the file's ending. Directives may also stand in a sidecar: `NOTES.md.symjac.yaml` beside
`NOTES.md`.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from symjac.core.errors import InputError, Place
from symjac.core.files import read_utf8
from symjac.notes import markdown, tex, yaml_notes
from symjac.notes.parts import Directive, Found, Item, MacroText, Piece, Snippet, place_in, whole
from symjac.notes.sections import Sections, sections_of

__all__ = ["Directive", "Item", "MacroText", "Snippet", "Source", "from_command_line", "read_source"]

MAX_BYTES = 16 * 1024 * 1024
KINDS = {".md": "markdown", ".markdown": "markdown", ".tex": "tex", ".yaml": "yaml", ".yml": "yaml"}
SIDECAR = ".symjac.yaml"
COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Source:
    """One file of notes. `text` is without a byte order mark; offsets count its characters."""

    file: str
    text: str
    items: tuple[Item, ...]
    """In the order of the file; what a sidecar says comes first. In YAML: directives, given, claims."""
    macros: tuple[MacroText, ...]
    kind: str
    """ "markdown", "tex", "yaml" or "claim" (the command line)."""
    bom: bool = False
    """Whether the file began with a byte order mark."""
    sidecar: Source | None = None

    @cached_property
    def starts(self) -> array[int]:
        """The offset of each line's first character."""
        lengths = (len(line) + 1 for line in self.text.split("\n"))
        return array("q", accumulate(lengths, initial=0))[:-1]

    @cached_property
    def sections(self) -> Sections:
        return sections_of(self.text, self.kind)

    def place(self, offset: int) -> Place:
        """Line and column of an offset; one past the end is at the end."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self.starts, offset) - 1
        start = self.starts[line]
        end = self.starts[line + 1] - 1 if line + 1 < len(self.starts) else len(self.text)
        return Place(self.file, line + 1, offset - start + 1, self.text[start:end].removesuffix("\r"))

    def place_of(self, item: Item | MacroText) -> Place:
        """Where an item begins, in the file that it is in."""
        home = self.sidecar if isinstance(item, Directive) and item.file and self.sidecar else self
        return home.place(item.offsets[0])


def read_source(path: str | os.PathLike[str], text: str | None = None) -> Source:
    """What is in the file, or in `text` as if it were the file's; then no sidecar is looked for."""
    name = os.fspath(path)
    kind = KINDS.get(Path(name).suffix.lower())
    if kind is None:
        raise InputError(Place(name, 1, 1), "a file of an unknown kind", "notes in .md, .markdown, .tex, .yaml or .yml")
    if kind == "yaml" and name.endswith(SIDECAR):
        notes = name.removesuffix(SIDECAR)
        raise InputError(Place(name, 1, 1), "directives, and no notes", "the notes", f"name {notes} instead")
    beside = None
    if text is None:
        text = _read(name)
        beside = _sidecar(name + SIDECAR) if kind != "yaml" else None
    bom = text.startswith("\ufeff")
    text = _checked(name, text.removeprefix("\ufeff"))
    found = Found(name, text)
    if kind == "markdown":
        markdown.find(whole(text), found, yaml_notes.front_matter(text, found))
    elif kind == "tex":
        tex.find(whole(text), found)
    else:
        yaml_notes.note_file(text, found)
    return Source(name, text, (*(beside.items if beside else ()), *found.items), tuple(found.macros), kind, bom, beside)


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
    if not Path(name).is_file():
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
