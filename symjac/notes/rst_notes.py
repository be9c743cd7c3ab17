r"""Mathematics in reStructuredText: the role :math:`...` and the directive `.. math::`.

Not in literal text and literal blocks, code, raw text or comments; a comment that begins with `symjac:` is a directive.
"""

from __future__ import annotations

import re

from symjac.notes.parts import Found, Piece
from symjac.notes.scan import Scan

_EXPLICIT = re.compile(r"(?P<indent>[ \t]*)\.\.(?=[ \t\r\n]|\Z)[ \t]*")
_DIRECTIVE = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_:.+-]{0,60}?)[ \t]*::(?=[ \t\r\n]|\Z)[ \t]*")
_NO_COMMENT = re.compile(r"[_\[|]")
_SYMJAC = re.compile(r"symjac[ \t]*:", re.IGNORECASE)
_NAMES = """
    code code-block sourcecode raw literalinclude parsed-literal highlight doctest testcode testoutput ipython plot
    graphviz digraph productionlist tikz jupyter-execute prompt image csv-table
"""
_VERBATIM = frozenset(_NAMES.split())
_INLINE = re.compile(
    r"``(?P<literal>(?:[^`]|`(?!`))*+)``"
    r"|:math:`(?P<role>[^`]*+)(?P<end>`?)"
    r"|(?<![`:])`(?P<before>[^`]++)`:math:"
)
_BREAK = re.compile(r"^[ \t]*(?::[A-Za-z-]{1,40}:[^\n]*)?\r?$", re.MULTILINE)


def find(piece: Piece, found: Found) -> None:
    """Adds what is in a reStructuredText file to `found`, in the order of the text."""
    _Rst(piece, found, percent=True).lines()


class _Rst(Scan):
    def lines(self) -> None:
        at = 0
        while at < len(self.text):
            explicit = _EXPLICIT.match(self.text, at)
            at = self.explicit(explicit) if explicit else self.paragraph(at)

    def line_end(self, at: int) -> int:
        """The position behind the line."""
        end = self.text.find("\n", at)
        return end + 1 if end >= 0 else len(self.text)

    def block_end(self, at: int, indent: int) -> int:
        """Where the lines from `at` on end that are blank or stand further in than `indent`."""
        while at < len(self.text):
            end = self.line_end(at)
            line = self.text[at : min(end, at + indent + 1)]
            if self.text[at:end].strip() and line.strip():
                break
            at = end
        return at

    def explicit(self, m: re.Match[str]) -> int:
        """What begins with two dots: the position behind it, or behind its first line where the rest is text."""
        indent, first = len(m["indent"]), self.line_end(m.end())
        name = _DIRECTIVE.match(self.text, m.end(), first)
        end = self.block_end(first, indent)
        if name and name["name"].lower() == "math":
            self.block(name.end(), end)
            return end
        if name and name["name"].lower() in _VERBATIM:
            return end
        if name or _NO_COMMENT.match(self.text, m.end()):
            self.inline(m.end(), first)
            return first
        if said := _SYMJAC.match(self.text, m.end()):
            self.directive(said.end(), end)
        return end

    def block(self, begin: int, end: int) -> None:
        """The directive `math`: a formula a paragraph, without its options."""
        for m in _BREAK.finditer(self.text, begin, end):
            self.formula(begin, m.start())
            begin = m.end()
        self.formula(begin, end)

    def formula(self, begin: int, end: int) -> None:
        inside = self.text[begin:end]
        begin += len(inside) - len(inside.lstrip())
        end = begin + len(inside.strip())
        self.mathematics(begin, end, (begin, end), display=True)

    def paragraph(self, at: int) -> int:
        """A paragraph of text, up to a blank line or to what begins with two dots: the position behind it."""
        indent = len(self.text[at : self.line_end(at)]) - len(self.text[at : self.line_end(at)].lstrip(" \t"))
        end = at
        while end < len(self.text):
            stop = self.line_end(end)
            if not self.text[end:stop].strip() or (end > at and _EXPLICIT.match(self.text, end, stop)):
                break
            end = stop
        if end == at:
            return self.line_end(at)
        if self.text[at:end].lstrip().startswith(">>>"):
            return end
        self.inline(at, end)
        return self.block_end(end, indent) if self.text[at:end].rstrip().endswith("::") else end

    def inline(self, at: int, end: int) -> None:
        for m in _INLINE.finditer(self.text, at, end):
            if m["before"] is not None:
                self.mathematics(*m.span("before"), m.span(), display=False)
            elif m["role"] is not None:
                fault = "" if m["end"] else "the backtick is not closed in its paragraph"
                self.mathematics(*m.span("role"), m.span(), display=False, fault=fault)
