"""Small texts of a spec: array patterns such as X[k, 784], and amounts such as sqrt(2/n)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import sympy

from symjac.core import scalar
from symjac.core.errors import InputError, Place
from symjac.core.memo import MOST_KEPT
from symjac.model import elaborate
from symjac.model.names import suggest
from symjac.model.parse import parse
from symjac.model.yaml_source import shown

MAX_SIZE = 10**9
_PATTERN = re.compile(r"\s*([^\s\[\]]+)\s*\[([^\[\]]*)\]\s*")


@dataclass(frozen=True, slots=True)
class Pattern:
    """`name[sizes]`; `offsets` tells where in the text each size stands."""

    name: str
    sizes: tuple[int | str, ...]
    offsets: tuple[int, ...]


def read_pattern(text: str, place: Place) -> Pattern:
    """Reads `X[k, 784]`. Raises InputError."""
    found = _PATTERN.fullmatch(text)
    if not found or not found[2].strip():
        raise InputError(place, f"the array {shown(text)}", "a name and its sizes in brackets", "for example X[k, 784]")
    sizes: list[int | str] = []
    offsets: list[int] = []
    at = found.start(2)
    for item in found[2].split(","):
        word = item.strip()
        offset = at + len(item) - len(item.lstrip())
        if not word:
            raise InputError(place.within(offset), "a size is missing", "a number or a name")
        sizes.append(int(word) if re.fullmatch(r"-?[0-9]{1,18}", word) else word)
        offsets.append(offset)
        at += len(item) + 1
    return Pattern(found[1], tuple(sizes), tuple(offsets))


_FLOOR = {"floor": sympy.floor(scalar.slot(0))}


@lru_cache(maxsize=MOST_KEPT)
def _parsed_amount(text: str, place: Place, names: tuple[tuple[str, sympy.Expr], ...]) -> sympy.Expr:
    scope = elaborate.Scope(sizes=dict(names), constants={"pi": sympy.pi}, functions=_FLOOR)
    return elaborate.scalar_formula(parse(text, place), (), scope)


def read_amount(value: int | str, place: Place, sizes: Mapping[str, sympy.Expr]) -> sympy.Expr:
    """The number, or formula of `sizes`, that a user wrote; decimals are exact. Raises InputError."""
    if isinstance(value, int):
        return sympy.Integer(value)
    if value.strip() in sizes:
        return sizes[value.strip()]
    if re.fullmatch(r"\s*\.?(inf|nan)\s*", value, re.IGNORECASE):
        raise InputError(place, f"the number {shown(value)}", "a finite number")
    out = _parsed_amount(value, place, tuple(sorted(sizes.items())))
    if out.has(sympy.nan, sympy.zoo, sympy.oo) or out.is_real is False:
        raise InputError(place, f"{shown(value)} is not a finite real number", "a finite real number")
    return out


def read_size(value: int | str, place: Place, sizes: Mapping[str, sympy.Expr], what: str, least: int) -> sympy.Expr:
    """A whole number from `least` up to MAX_SIZE, or a known size. Raises InputError."""
    expected = f"a whole number from {least} to {MAX_SIZE:,}, or a declared size"
    if isinstance(value, str) and value.isidentifier() and value not in sizes:
        hint = suggest(value, sizes) or f"a size that is to stay a symbol is declared: `sizes: [{value}]`"
        raise InputError(place, f"{what} is {shown(value)}, which is no declared size", expected, hint)
    out = read_amount(value, place, sizes)
    if out.is_number and (not out.is_Integer or not least <= out <= MAX_SIZE):
        raise InputError(place, f"{what} is {shown(value)}", expected)
    return out
