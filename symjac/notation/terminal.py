"""A terminal of the grammar of formulas."""

from __future__ import annotations

from lark import Token

from symjac.notation.tree import Node, Span


class Terminal(Token):
    """A terminal of the grammar with its place in the file; a LEAF carries its node."""

    __slots__ = ("node", "span")

    span: Span
    node: Node | None

    @classmethod
    def of(cls, kind: str, text: str, span: Span, node: Node | None = None) -> Terminal:
        made = cls(kind, text, span.start, end_pos=span.end)
        made.span = span
        made.node = node
        return made
