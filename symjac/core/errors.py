"""The one error that a user's input can cause: where it is, what was expected, what was found, what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a user's file; lines and columns count from 1."""

    file: str
    line: int
    column: int
    source: str = ""
    """The text of that line, for the caret; empty where there is none to show."""

    def within(self, offset: int) -> Place:
        """The place `offset` characters further along the same line."""
        return Place(self.file, self.line, self.column + offset, self.source)


WIDEST = 120
"""How much of a line an error shows."""


def window(source: str, column: int) -> tuple[str, int]:
    """The part of a long line around `column`, and the column's place in it; both count from 0."""
    if len(source) <= WIDEST:
        return source, column
    start = max(0, min(column - WIDEST // 2, len(source) - WIDEST))
    end = start + WIDEST
    before, after = "..." if start else "", "..." if end < len(source) else ""
    return before + source[start:end] + after, len(before) + column - start


class InputError(Exception):
    """Input that cannot be used. The command line prints `render()` on standard error and exits with 2."""

    def __init__(self, place: Place, found: str, expected: str = "", hint: str = "") -> None:
        super().__init__(found)
        self.place = place
        self.found = found
        self.expected = expected
        self.hint = hint

    def render(self) -> str:
        """`file:line:column: error: found`, the line with a caret, then what was expected and what to do."""
        return _rendered(self.place, f"error: {self.found}", self.expected, self.hint)


@dataclass(frozen=True, slots=True)
class Remark:
    """What can be used, but is hardly meant. The command line prints `render()` on standard error and goes on."""

    place: Place
    found: str
    hint: str

    def render(self) -> str:
        """As an error, with the word warning."""
        return _rendered(self.place, f"warning: {self.found}", "", self.hint)


def _rendered(at: Place, found: str, expected: str, hint: str) -> str:
    lines = [f"{at.file}:{at.line}:{at.column}: {found}"]
    if at.source:
        source, column = window(at.source, at.column - 1)
        lines += [f"  | {source}", "  | " + " " * column + "^"]
    if expected:
        lines.append(f"  expected: {expected}")
    if hint:
        lines.append(f"  help: {hint}")
    return "\n".join(lines)
