r"""A TeX document with what it takes in by \input and \include, from its own folder or below, or from the folder that
is judged.

What is not there, lies elsewhere, goes round in a circle or is too much is left as it stands, and said.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from symjac.core.errors import InputError
from symjac.core.files import read_utf8
from symjac.notation.tree import Span
from symjac.notes.origins import Joined

MOST_FILES = 500
"""How many files a document takes in, each time counted."""
DEEPEST = 15
MAX_LENGTH = 16 * 1024 * 1024
"""How many characters it has with all that it takes in."""

_INPUT = re.compile(
    r"(?P<comment>(?:\\\\)*\\[%\\]|%[^\n]*)"
    r"|\\(?:input|include)(?![A-Za-z@])[ \t]*(?:\{(?P<braced>[^{}\n]{1,300})\}|(?P<bare>[A-Za-z0-9_./-]{1,300}))"
)
_BODY = re.compile(r"\\begin[ \t]*\{document\}(?P<body>.*?)(?:\\end[ \t]*\{document\}|\Z)", re.DOTALL)
_END = re.compile(r"^[ \t]*\\endinput(?![A-Za-z])", re.MULTILINE)


class Included:
    """The document as one text, the files in it, and what could not be taken in."""

    def __init__(self, name: str, text: str, bound: str) -> None:
        """`bound`: nothing outside of this folder is read."""
        self.joined = Joined()
        self.folder = Path(os.path.realpath(Path(name).parent))
        self.bound = Path(os.path.realpath(bound))
        self.files: list[str] = []
        self.faults: list[tuple[Span, str]] = []
        """Commands, by their places in the whole text, and why they are left."""
        self._name = name
        self._add(name, text, 0, len(text), (os.path.realpath(name),))

    def _add(self, name: str, text: str, begin: int, end: int, inside: tuple[str, ...]) -> None:
        home, at = self.joined.file(name, text), begin
        for m in _INPUT.finditer(text, begin, end):
            wanted = (m["braced"] or m["bare"] or "").strip().strip('"')
            if m["comment"] or not wanted or "#" in wanted or "\\" in wanted:
                continue
            self.joined.part(home, at, m.start())
            at = m.start()
            fault = self._take_in(wanted, inside)
            if fault:
                place = self.joined.length
                self.faults.append((Span(place, place + m.end() - m.start()), fault))
            else:
                at = m.end()
        self.joined.part(home, at, end)

    def _take_in(self, wanted: str, inside: tuple[str, ...]) -> str:
        """Adds a file; empty, or why it was left out."""
        if len(self.files) >= MOST_FILES:
            return f"more than {MOST_FILES} files are included"
        if len(inside) > DEEPEST:
            return f"files are included more than {DEEPEST} deep"
        found = next((p for p in self._places(wanted) if os.path.isfile(p)), None)
        if found is None:
            return "there is no such file"
        path = os.path.realpath(found)
        if self.bound not in Path(path).parents:
            return f"the file lies outside of {self._bound_said()}"
        if path in inside:
            return "the file includes itself"
        try:
            text = read_utf8(path, MAX_LENGTH - self.joined.length, "split it", "save the file as UTF-8")
        except InputError as error:
            return f"the file cannot be used: {error.found}"
        if "\0" in text:
            return "the file cannot be used: it is not text"
        self.files.append(self._shown(found))
        body = _BODY.search(text)
        begin, end = body.span("body") if body else (int(text.startswith("\ufeff")), len(text))
        stop = _END.search(text, begin, end)
        self._add(self.files[-1], text, begin, stop.start() if stop else end, (*inside, path))
        return ""

    def _bound_said(self) -> str:
        return "the document's folder" if self.bound == self.folder else "the folder that is judged"

    def _places(self, wanted: str) -> list[Path]:
        if os.path.isabs(wanted) or "\0" in wanted:
            return []
        return [self.folder / (wanted + ".tex"), *([self.folder / wanted] if wanted.endswith((".tex", ".ltx")) else [])]

    def _shown(self, path: Path) -> str:
        """As the document itself is named."""
        return os.path.normpath(os.path.join(os.path.dirname(self._name), os.path.relpath(path, self.folder)))
