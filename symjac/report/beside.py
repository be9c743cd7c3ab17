"""A claim with the derivation of what is right, a law a row, and what is claimed beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from symjac.report.places import LineIndex, flat
from symjac.report.screen import one_claim, one_unread
from symjac.verify.verdict import Claim
from symjac.verify.why import Why, WhyRow

WIDEST = 100
"""Longer rows do not push the reasons of the others to the right."""


def lines(found: Sequence[Why], text: str) -> Iterator[Text]:
    """`text` is that in which the claims stand."""
    source = LineIndex(text)
    for number, why in enumerate(found):
        if number:
            yield Text()
        if isinstance(why.claim, Claim):
            yield from one_claim(why.claim, source, verbose=True)
        else:
            yield from one_unread(why.claim, source)
        parts = [("known", why.known), ("backwards", why.backwards), ("so", why.result)]
        parts.append(("claimed", (why.claimed,) if why.claimed else ()))
        yield from _table([(head, rows) for head, rows in parts if rows])
        if why.unknown and isinstance(why.claim, Claim):
            yield Text(f"  there is no derivation: {flat(why.unknown)}")


def _table(parts: Sequence[tuple[str, Sequence[WhyRow]]]) -> Iterator[Text]:
    """All rows with their relations below each other, then the reasons."""
    rows = [row for _, rows in parts for row in rows]
    indent = max((cell_len(flat(row.left)) for row in rows), default=0)
    texts = [_equation(row, indent) for row in rows]
    width = max((cell_len(text) for text in texts if cell_len(text) <= WIDEST), default=0)
    shown = iter(zip(rows, texts, strict=True))
    for head, inside in parts:
        yield Text(f"  {head}")
        for _ in inside:
            row, text = next(shown)
            reason = " " * (max(width - cell_len(text), 0) + 4) + flat(row.reason) if row.reason else ""
            yield Text(text) + Text(reason, style="dim")


def _equation(row: WhyRow, indent: int) -> str:
    left = flat(row.left)
    return f"    {' ' * (indent - cell_len(left))}{left} = {flat(row.right)}"
