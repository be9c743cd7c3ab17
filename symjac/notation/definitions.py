r"""Macro definitions in text: \newcommand and its kin, \def, \let, \DeclareMathOperator; where each begins and ends."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass

WORDS = (
    "newcommand",
    "renewcommand",
    "providecommand",
    "DeclareRobustCommand",
    "DeclareMathOperator",
    "DeclarePairedDelimiter",
    "def",
    "gdef",
    "edef",
    "xdef",
    "let",
)
DEFINE = r"\\(?P<define>" + "|".join(WORDS) + r")(?![A-Za-z@])\*?"
"""The beginning of a definition."""

_GAP = r"[ \t]*+(?:\r?\n[ \t]*+)?"
_NAME = r"\\(?:[A-Za-z@]+|[^A-Za-z@\s])"
_COMMAND = re.compile(
    rf"{_GAP}(?:\{{{_GAP}(?P<braced>{_NAME}){_GAP}\}}|(?P<bare>{_NAME}))"
    rf"{_GAP}(?:\[\d\]{_GAP})?(?:\[[^\]\n]{{0,200}}\]{_GAP})?"
)
_DEF = re.compile(rf"{_GAP}(?P<bare>{_NAME})[^{{}}\n]{{0,100}}")
_LET = re.compile(rf"{_GAP}(?P<bare>{_NAME}){_GAP}=?{_GAP}(?:{_NAME}|[^\s\\])")
_TOKEN = re.compile(_NAME)

_BRACE = re.compile(r"\\[\\{}%]|\{+|\}+|\n[ \t\r>]*\n")
_BRACE_TEX = re.compile(r"\\[\\{}%]|%[^\n]*|\{+|\}+|\n[ \t\r]*\n")


class Braces:
    """Which brace closes which. A pair stands within one paragraph. Read once, when first asked."""

    def __init__(self, text: str, percent: bool) -> None:
        self.text = text
        self.pattern = _BRACE_TEX if percent else _BRACE
        self.closing: array[int] | None = None

    def close(self, at: int) -> int:
        """Where the brace that opens at `at` is closed, or -1."""
        if self.closing is None:
            self.closing = self._pairs()
        return self.closing[at]

    def _pairs(self) -> array[int]:
        closing = array("i", (-1,)) * len(self.text)
        pending = array("i")
        for m in self.pattern.finditer(self.text):
            at, end = m.span()
            first = self.text[at]
            if first == "{":
                pending.extend(range(at, end))
            elif first == "}":
                for place in range(at, min(end, at + len(pending))):
                    closing[pending.pop()] = place
            elif first == "\n" and pending:
                del pending[:]
        return closing


@dataclass(frozen=True, slots=True)
class MacroDefinition:
    """A definition from `start` to `end`, of the command `name`."""

    start: int
    end: int
    name: str
    body: str


def definition(m: re.Match[str], text: str, braces: Braces) -> MacroDefinition | None:
    """The definition that begins with the match of DEFINE; None where it is not complete."""
    word = m["define"]
    pattern = _LET if word == "let" else _DEF if word.endswith("def") else _COMMAND
    head = pattern.match(text, m.end())
    if head is None:
        return None
    name = head.groupdict().get("braced") or head["bare"]
    if word == "let":
        return MacroDefinition(m.start(), head.end(), name, "")
    at = start = head.end()
    for _ in range(2 if word == "DeclarePairedDelimiter" else 1):
        end = _argument(at, text, braces, bare=not word.endswith("def"))
        if end is None:
            return None
        start, at = at, end
    body = text[start:at]
    return MacroDefinition(m.start(), at, name, body[1:-1].strip() if body.startswith("{") else body)


def _argument(at: int, text: str, braces: Braces, bare: bool) -> int | None:
    """Where the argument that begins at `at` ends: a group or, for `bare`, a single command."""
    if text.startswith("{", at):
        close = braces.close(at)
        return close + 1 if close >= 0 else None
    token = _TOKEN.match(text, at) if bare else None
    return token.end() if token else None
