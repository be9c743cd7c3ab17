"""LaTeX mathematics -> statements. Total: any text gives statements and what could not be read, in bounded time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symjac.notation.macros import Macros, expand, usual
from symjac.notation.rows import statements
from symjac.notation.terminal import Terminal
from symjac.notation.terminals import terminals
from symjac.notation.tokens import Tex, Unreadable, tokens
from symjac.notation.tree import Node, Statement, Unread


@dataclass(frozen=True, slots=True)
class Read:
    """What one piece of mathematics says, places as offsets into its file."""

    statements: tuple[Statement, ...]
    unread: tuple[Unread, ...]


def read(text: str, offsets: Sequence[int] | None = None, macros: Macros | None = None) -> Read:
    """The statements of `text`, whose character i stands at offsets[i] of the file."""
    try:
        return read_tokens(tokens(text, range(len(text) + 1) if offsets is None else offsets), macros)
    except Unreadable as problem:
        return Read((), (Unread(problem.span, problem.reason),))


def read_tokens(found: Sequence[Tex], macros: Macros | None = None) -> Read:
    """The statements that TeX tokens say."""
    try:
        made: list[Terminal] = terminals(expand(found, usual() if macros is None else macros))
    except Unreadable as problem:
        return Read((), (Unread(problem.span, problem.reason),))
    return Read(*statements(made))


def statement(text: str) -> Statement:
    """The one statement that `text` says; ValueError where it says none, or more."""
    return only(read(text))


def expression(text: str) -> Node:
    """The one expression that `text` is; ValueError where it is none."""
    return only_side(statement(text))


def only(reading: Read) -> Statement:
    """The one statement of a reading."""
    if reading.unread:
        raise ValueError(reading.unread[0].reason)
    if len(reading.statements) != 1:
        raise ValueError(f"{len(reading.statements)} statements where one was expected")
    return reading.statements[0]


def only_side(found: Statement) -> Node:
    """The one side of a statement without relations."""
    if len(found.sides) != 1:
        raise ValueError("a statement where an expression was expected")
    return found.sides[0]
