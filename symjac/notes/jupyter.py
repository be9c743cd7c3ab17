"""A notebook (.ipynb, formats 3 and 4): the text of its Markdown cells, each character with its place in the JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from symjac.core.errors import InputError
from symjac.notes.origins import Joined
from symjac.notes.parts import place_in

GAP = "\n\n"
"""Between two cells: a paragraph ends with its cell."""
_LITERAL = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_PLAIN = re.compile(r'[^"\\]++')
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Cell:
    """A Markdown cell: its number among all cells, from 1, and where it begins and ends in the text."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _String:
    """A string of the notebook, and which of its string literals it is, keys counted too."""

    text: str
    number: int


class _Pairs(tuple[tuple[str, Any], ...]):
    """An object with all its keys, in order."""

    def get(self, key: str) -> Any:
        return next((value for name, value in reversed(self) if name == key), None)


def cells(name: str, text: str) -> tuple[Joined, tuple[Cell, ...]]:
    """Raises InputError for what is no notebook."""
    try:
        top = _numbered(json.loads(text, object_pairs_hook=_Pairs), count())
    except json.JSONDecodeError as error:
        raise InputError(place_in(name, text, error.pos), f"no JSON: {error.msg}", "a notebook") from None
    except (RecursionError, ValueError) as error:
        why = "brackets nested too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(place_in(name, text, 0), why, "a notebook") from None
    literals = [m.span() for m in _LITERAL.finditer(text)]
    joined = Joined()
    found: list[Cell] = []
    home = joined.file(name, text)
    for number, strings in _markdown(name, text, top):
        if found:
            joined.add(GAP, home, joined.ends[-1], joined.ends[-1])
        start = joined.length
        for string in strings:
            _spell(joined, home, text, *literals[string.number])
        found.append(Cell(number, start, joined.length))
    return joined, tuple(found)


def _numbered(value: Any, numbers: Iterator[int]) -> Any:
    """The value with its strings numbered in the order in which they stand."""
    if isinstance(value, str):
        return _String(value, next(numbers))
    if isinstance(value, _Pairs):
        return _Pairs((key, _numbered(v, numbers)) for key, v in value if next(numbers) >= 0)
    return [_numbered(v, numbers) for v in value] if isinstance(value, list) else value


def _markdown(name: str, text: str, top: Any) -> Iterator[tuple[int, list[_String]]]:
    """The number of each Markdown cell, and the strings that its text is in."""
    sheets = top.get("worksheets") if isinstance(top, _Pairs) else None
    holders = [sheet for sheet in sheets if isinstance(sheet, _Pairs)] if isinstance(sheets, list) else [top]
    lists = [holder.get("cells") if isinstance(holder, _Pairs) else None for holder in holders]
    if not lists or not all(isinstance(inside, list) for inside in lists):
        raise InputError(place_in(name, text, 0), "JSON without a list of cells", "a notebook")
    for number, cell in enumerate((c for inside in lists for c in inside or ()), 1):
        kind = cell.get("cell_type") if isinstance(cell, _Pairs) else None
        if isinstance(kind, _String) and kind.text == "markdown":
            source = cell.get("source")
            yield number, [s for s in (source if isinstance(source, list) else [source]) if isinstance(s, _String)]


def _spell(joined: Joined, home: int, text: str, begin: int, end: int) -> None:
    """Adds what is in a string literal."""
    at = begin + 1
    while at < end - 1:
        plain = _PLAIN.match(text, at, end - 1)
        if plain:
            joined.part(home, at, plain.end())
            at = plain.end()
        if at < end - 1 and (escape := _ESCAPE.match(text, at, end - 1)):
            joined.add(json.loads(f'"{escape[0]}"'), home, at, escape.end())
            at = escape.end()
