"""How wide a formula is on paper, roughly, and where it can be broken, so that no line runs over the page.

Widths are in em of the text's font, from the metrics of Computer Modern, and lean to the wide side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from symjac.documents.content import Emphasis, InlineCode, Line, Math, Reference, Row

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}^_&]|\s+|.", re.DOTALL)
_SCRIPT = 0.74
"""Size of sub- and superscripts."""

_BINARY = {r"\odot", r"\otimes", r"\cdot", r"\times", r"\circ", r"\oslash", r"\pm", "+", "-", "*"}
_RELATIONS = {"=", "<", ">", r"\le", r"\ge", r"\leq", r"\geq", r"\ne", r"\neq", r"\in", r"\to", r"\gets", r"\leftarrow"}
_SPACES = {r"\,": 0.17, r"\:": 0.23, r"\;": 0.28, r"\!": -0.17, r"\ ": 0.34, r"\quad": 1.0, r"\qquad": 2.0, "~": 0.34}
_SILENT = {r"\displaystyle", r"\textstyle", r"\left", r"\right", r"\bigl", r"\bigr", r"\Bigl", r"\Bigr"}
_NAMES = {r"\operatorname", r"\operatorname*", r"\text", r"\mathrm", r"\mathit", r"\mathsf", r"\mathtt", r"\textit"}
_FACES = {r"\mathbf", r"\mathbb", r"\mathcal", r"\boldsymbol", r"\vphantom"}
_FRACTIONS = {r"\frac": 1.0, r"\dfrac": 1.0, r"\tfrac": _SCRIPT}
_BIG = {r"\sum": 1.45, r"\prod": 1.3, r"\int": 1.0}
_WORDS = {r"\log", r"\exp", r"\tanh", r"\sinh", r"\cosh", r"\sin", r"\cos", r"\tan", r"\arctan", r"\max", r"\min"}
_LIMITS = {*_BIG, r"\max", r"\min", r"\operatorname*"}


def tokens(latex: str) -> list[str]:
    return [t for t in _TOKEN.findall(latex) if not t.isspace()]


@lru_cache(1 << 12)
def width(latex: str) -> float:
    """The natural width of a displayed formula, in em."""
    lines = latex.split(r"\\") if r"\begin" in latex else [latex]
    return max(_Reader(tokens(line)).run() for line in lines)


class _Reader:
    def __init__(self, stream: list[str]) -> None:
        self.stream = stream
        self.at = 0

    def run(self) -> float:
        total = 0.0
        while self.at < len(self.stream):
            total += self.atom()
        return total

    def atom(self) -> float:
        """The width of the next atom with its scripts."""
        token = self.next()
        core = self.core(token)
        scripts = [0.0]
        while self.at < len(self.stream) and self.stream[self.at] in "^_":
            self.at += 1
            scripts.append(_SCRIPT * self.argument())
        # Limits stand under and over a big operator, scripts beside anything else.
        return max(core, max(scripts) + 0.2) if token in _LIMITS else core + max(scripts)

    def core(self, token: str) -> float:
        if token == "{":
            return self.group()
        if token in _FRACTIONS:
            return _FRACTIONS[token] * max(self.argument(), self.argument()) + 0.24
        if token in _NAMES:
            return self.argument(letter=0.53) + 0.17
        if token in _FACES or token == r"\sqrt":
            return self.argument() + (0.85 if token == r"\sqrt" else 0.05)
        if token in (r"\begin", r"\end"):
            self.argument()
            return 0.9
        if token in (r"\substack",):
            return self.argument()
        if token in _SILENT or token in "}^_":
            return 0.0
        if token in _SPACES:
            return _SPACES[token]
        if token in _BINARY:
            return 1.25
        if token in _RELATIONS:
            return 1.35
        if token in _BIG:
            return _BIG[token]
        if token in _WORDS:
            return 0.5 * len(token[1:]) + 0.2
        return _glyph(token)

    def argument(self, letter: float | None = None) -> float:
        if self.at >= len(self.stream):
            return 0.0
        token = self.next()
        if token != "{":
            return self.core(token)
        return self.group(letter)

    def group(self, letter: float | None = None) -> float:
        total = 0.0
        while self.at < len(self.stream) and self.stream[self.at] != "}":
            if letter is not None and self.stream[self.at] not in "{^_":
                self.at += 1
                total += letter
            else:
                total += self.atom()
        self.at += 1
        return total

    def next(self) -> str:
        self.at += 1
        return self.stream[self.at - 1]


def _glyph(token: str) -> float:
    if token in "()[]|.:;!" or token in (r"\{", r"\}", r"\lvert", r"\rvert", r"\vert", r"\mid"):
        return 0.42
    if token == ",":
        return 0.46
    if token == "&":
        return 1.0
    if token in (r"\top", r"\partial", r"\ldots", r"\cdots") or token.isupper():
        return 0.85
    return 0.62 if token.startswith("\\") else 0.56


DEEPEST = 4
"""How many parentheses deep a formula may be broken."""


def broken(latex: str, room: float, first: float) -> list[str]:
    """`latex` in lines no wider than `room` em (the first: `first`) where its operators allow it.

    A line after the first begins with the operator at which it was broken. Nothing within braces, `\\left ... \\right`
    or an environment is broken; parentheses are opened only where breaks outside of them are not enough.
    """
    pieces: list[str] = []
    for depth in range(DEEPEST + 1):
        before, pieces = pieces, _pieces(latex, depth)
        if pieces == before:
            continue
        out = _filled(pieces, room, first)
        if width(out[0]) <= first and all(width(line) <= room for line in out[1:]):
            break
    return out


def _filled(pieces: Sequence[str], room: float, first: float) -> list[str]:
    """The pieces in lines, as many on each as fit; a product that goes on with a line has its sign there."""
    out = [pieces[0]]
    for piece in pieces[1:]:
        if width(out[-1] + piece) > (room if len(out) > 1 else first):
            out.append(re.sub(r"^\\,", r"\\cdot", piece))
        else:
            out[-1] += piece
    return [line.strip() for line in out]


_PIECE = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)
_OPENS, _CLOSES = ("(", "["), (")", "]")
_BRACES, _BRACES_END = ("{", r"\left", r"\begin"), ("}", r"\right", r"\end")


def _pieces(latex: str, depth: int) -> list[str]:
    """`latex` cut before each operator that stands in at most `depth` parentheses and outside of all else.

    A condition in brackets stays whole; a product is cut where `depth` allows parentheses too.
    """
    braces, parentheses = 0, 0
    out = [""]
    previous = ""
    for token in _PIECE.findall(latex):
        paired = previous in (r"\left", r"\right")
        braces -= token in _BRACES_END
        parentheses -= token in _CLOSES and not paired
        operator = token in _BINARY or (token in _RELATIONS and parentheses == 0) or (token == r"\," and depth > 0)
        operand_before = previous not in ("", "^", "_", *_BINARY, *_RELATIONS, *_OPENS)
        if operator and operand_before and braces == 0 and parentheses <= depth and out[-1].strip():
            out.append("")
        out[-1] += token
        braces += token in _BRACES
        parentheses += token in _OPENS and not paired
        if not token.isspace():
            previous = token
    return out


@dataclass(frozen=True, slots=True)
class Set:
    """A line as it is set: `left` and `relation` are empty where the formula above goes on."""

    left: str
    relation: str
    right: str
    reason: Line = ()
    wide: bool = False
    """The formula runs over the column of reasons; its own reason is on the next line."""


REASON_SIZE = 0.92
"""Reasons stand in smaller type."""
GAP = 2.2
"""Between a formula and its reason."""
RELATION = 1.4
"""A relation with the space around it."""
INDENT = 1.0
"""Lines that go on begin a little to the right."""


@dataclass(frozen=True, slots=True)
class Lines:
    sets: tuple[Set, ...]
    width: float
    """Of the widest line."""
    columns: float
    """Of the columns as wide formulas leave them."""


def lines(rows: Sequence[Row], room: float) -> Lines:
    """The rows set in lines of at most `room` em where that can be; a reason stands beside its formula, or below."""
    left = max(width(r.left) for r in rows) + RELATION
    reasons = max((text_width(r.reason) for r in rows), default=0.0) * REASON_SIZE
    beside = room - left - (GAP + reasons if reasons else 0.0)
    out: list[Set] = []
    column, widest = 0.0, 0.0
    for row in rows:
        parts = broken(row.right, room - left - INDENT, room - left) if width(row.right) > beside else [row.right]
        for place, part in enumerate(parts):
            reach = width(part) + (INDENT if place else 0.0)
            wide = reasons > 0 and reach > beside
            reason = row.reason if place == len(parts) - 1 and not wide else ()
            out.append(Set("" if place else row.left, "" if place else row.relation, part, reason, wide))
            column, widest = (column, max(widest, reach)) if wide else (max(column, reach), widest)
        if row.reason and out[-1].wide:
            out.append(Set("", "", "", row.reason))
    columns = left + column + (GAP + reasons if reasons else 0.0)
    return Lines(tuple(out), max(columns, left + widest), columns)


def text_width(line: Line) -> float:
    """The width of a line of text with formulas, in em."""
    return sum(_WIDTHS[type(part)](part) for part in line)


_WIDTHS: dict[type, Callable[..., float]] = {
    Math: lambda part: width(part.latex),
    InlineCode: lambda part: 0.53 * len(part.text),
    Emphasis: lambda part: 0.47 * len(part.text),
    Reference: lambda part: 2.0,
    str: lambda part: 0.48 * len(part),
}
