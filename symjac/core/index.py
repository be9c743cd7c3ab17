"""Named indices: what an axis is called and how long it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import sympy


class Index:
    """An index `name` that runs over 0 .. size-1; the size is a SymPy integer or symbol.

    Interned: two indices of one name and size are one object, so `is` and `==` mean the same.
    """

    __slots__ = ("name", "size", "text")

    name: str
    size: sympy.Expr
    text: str

    _known: ClassVar[dict[tuple[str, sympy.Expr], Index]] = {}

    def __new__(cls, name: str, size: sympy.Expr) -> Index:
        known = cls._known.get((name, size))
        if known is None:
            # Nodes are interned by text, in which an integer symbol and a real one of one name would look the same.
            if size.is_integer is not True:
                raise ValueError(f"the size of index {name}, {size}, is not known to be an integer")
            known = cls._known[(name, size)] = object.__new__(cls)
            known.name, known.size, known.text = name, size, f"{name}:{size}"
        return known

    def __repr__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type[Index], tuple[str, sympy.Expr]]:
        return Index, (self.name, self.size)


def index(name: str, size: int | sympy.Expr) -> Index:
    return Index(name, sympy.sympify(size) if isinstance(size, int) else size)


def size_symbol(name: str) -> sympy.Symbol:
    """The SymPy symbol of a size that a spec leaves open, such as the batch size k."""
    return sympy.Symbol(name, integer=True, positive=True)


def fresh(wanted: Index, taken: Iterable[str]) -> Index:
    """`wanted`, renamed with the smallest number that makes its name differ from all `taken`."""
    names = set(taken)
    if wanted.name not in names:
        return wanted
    stem = wanted.name.rstrip("0123456789")
    number = 1
    while f"{stem}{number}" in names:
        number += 1
    return Index(f"{stem}{number}", wanted.size)


def aside(indices: Iterable[Index], taken: Iterable[str]) -> tuple[Index, ...]:
    """`indices`, each renamed where its name is among `taken` or has come before."""
    used = set(taken)
    out: list[Index] = []
    for i in indices:
        out.append(fresh(i, used))
        used.add(out[-1].name)
    return tuple(out)


LETTERS = ("i", "j", "l", "p", "q", "r", "u", "v")


def axes(shape: Iterable[sympy.Expr], batch: sympy.Expr | None = None, taken: Iterable[str] = ()) -> tuple[Index, ...]:
    """One distinct index an axis of `shape`: `n` for the axis whose size is `batch`, letters for the others."""
    used = list(taken)
    out: list[Index] = []
    for size in shape:
        stems = ("n",) if batch is not None and size == batch else LETTERS
        free = next((s for s in stems if s not in used), None)
        chosen = Index(free, size) if free else fresh(Index(stems[0], size), used)
        used.append(chosen.name)
        out.append(chosen)
    return tuple(out)
