"""Rows of tables that take long, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def slow(*row: Any) -> Any:
    """A row that takes more than a second or so: -m 'not slow' leaves it out."""
    return pytest.param(*row, marks=pytest.mark.slow)


def slow_where(is_long: Callable[[Any], bool], rows: Iterable[Any]) -> list[Any]:
    """Rows of one value each; those that are long are slow."""
    return [slow(row) if is_long(row) else row for row in rows]


def some(rows: Iterable[Any], each: int = 3) -> list[Any]:
    """Of a long table of rows of one kind, every third is for while you work; the others are slow."""
    return [row if place % each == 0 else slow(*row) for place, row in enumerate(rows)]


def pages(names: Iterable[str], long: Iterable[str] = ()) -> list[Any]:
    """Pages that several tests read: one process runs those of a page, which it judges once; `long` ones are slow."""
    return [
        pytest.param(name, marks=[pytest.mark.xdist_group(name), *([pytest.mark.slow] if name in set(long) else [])])
        for name in names
    ]
