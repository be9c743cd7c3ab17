"""Formulas of notes as MathML where that can be had, else as they were written."""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree

from symjac.notation import plain_notation
from symjac.notation.macros import expand, read_macros
from symjac.notation.tokens import Unreadable, braced_depth, spell, tokens
from symjac.notation.writer import statement_latex
from symjac.notes.parts import Snippet
from symjac.notes.source import Source
from symjac.printing.mathml import mathml
from symjac.report.places import safe

LONGEST = 4000
"""A longer formula is shown as it was written."""
MOST = 5000
"""So many different formulas of a file are typeset."""
DEEPEST = 40
"""Deeper nested braces are shown as they were written."""

_TAGS = """
    math mrow mi mn mo ms mtext mspace msub msup msubsup munder mover munderover mfrac msqrt mroot mtable mtr mtd
    mstyle mpadded mphantom mmultiscripts
"""
_ATTRIBUTES = """
    mathvariant displaystyle scriptlevel stretchy fence separator form lspace rspace minsize maxsize mathsize width
    height depth linethickness columnalign columnspacing rowspacing largeop movablelimits accent symmetric
"""
_MAY, _MAY_SAY = frozenset(_TAGS.split()), frozenset(_ATTRIBUTES.split())
_VALUE = re.compile(r"[\w.%+ -]{0,60}")

_PLAIN = (
    (re.compile(r"\\label\s*\{[^{}]*\}|\\(?:notag|nonumber|displaystyle)(?![A-Za-z])"), ""),
    (re.compile(r"\\tag\*?\s*\{([^{}]*)\}"), r"\\qquad \\text{(\1)}"),
    (re.compile(r"\\mathop\s*\{\\mathrm\s*\{([^{}]*)\}\}"), r"\\operatorname{\1}"),
    (re.compile(r"\\thinspace(?![A-Za-z])"), r"\\,"),
    (re.compile(r"(?<!\\left)(?<!\\right)\\[lr]?Vert(?![A-Za-z])"), r"\\|"),
    (re.compile(r"(?<!\\)%[^\n]*"), ""),
)
"""What is said otherwise for the converter."""


class Typesetter:
    """Formulas of one file. What fails is shown as written, in a fixed-width face."""

    def __init__(self, source: Source) -> None:
        self.macros = read_macros(m.text for m in source.macros)
        self.calls = re.compile("|".join(rf"{re.escape(name)}(?![A-Za-z])" for name in self.macros.table))
        self.done: dict[tuple[str, bool], str | None] = {}

    def snippet(self, snippet: Snippet) -> str:
        if snippet.fault:
            return _code(snippet.text)
        if snippet.notation == "plain":
            return self.plain(snippet.text, snippet.display)
        return self.latex(snippet.text, snippet.display)

    def plain(self, text: str, display: bool = False) -> str:
        read = plain_notation.read(text) if len(text) <= LONGEST else None
        if read is None or read.unread or not read.statements:
            return _code(text)
        out = _mathml(r" \qquad ".join(statement_latex(s) for s in read.statements), display)
        return out or _code(text)

    def latex(self, text: str, display: bool = False) -> str:
        key = text, display
        if key not in self.done:
            self.done[key] = _mathml(self.expanded(text), display) if len(self.done) < MOST else None
        return self.done[key] or _code(text)

    def part(self, text: str, notation: str = "latex") -> str:
        """A part of an alignment, which is no formula before its signs of alignment are gone."""
        if notation == "plain":
            return self.plain(text)
        return self.latex(text.replace(r"\\", " ").replace("&", " ").strip())

    def expanded(self, text: str) -> str:
        """The formula without calls of the document's own commands."""
        if len(text) > LONGEST or not self.calls.search(text):
            return text
        try:
            return spell(expand(tokens(text, range(len(text) + 1)), self.macros))
        except Unreadable:
            return text


def _code(text: str) -> str:
    return f"<code>{escape(safe(text.strip()))}</code>"


def _mathml(latex: str, display: bool) -> str | None:
    """None where `latex` is too long or deep, or has what the converter does not know."""
    if len(latex) > LONGEST or braced_depth(latex) > DEEPEST:
        return None
    for pattern, instead in _PLAIN:
        latex = pattern.sub(instead, latex)
    try:
        root = ElementTree.fromstring(mathml(safe(" ".join(latex.split())), display))
    except Exception:  # the converter fails in many ways on text that is no formula, and none of them matters here
        return None
    for node in root.iter():
        tag = node.tag.rpartition("}")[2]
        if tag not in _MAY or "\\" in (node.text or "") + (node.tail or ""):
            return None
        for name, value in list(node.attrib.items()):
            if name not in _MAY_SAY or not _VALUE.fullmatch(value):
                del node.attrib[name]
    return ElementTree.tostring(root, encoding="unicode")
