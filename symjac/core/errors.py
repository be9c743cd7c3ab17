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
        at = self.place
        lines = [f"{at.file}:{at.line}:{at.column}: error: {self.found}"]
        if at.source:
            source, column = window(at.source, at.column - 1)
            lines += [f"  | {source}", "  | " + " " * column + "^"]
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.hint:
            lines.append(f"  help: {self.hint}")
        return "\n".join(lines)
