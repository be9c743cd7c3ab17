"""Small numbers for the sizes that a claim leaves open."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod

import numpy as np
import sympy

from symjac.core import scalar
from symjac.core.expr import Equation, Expr, Identity, Map, Number, walk
from symjac.core.index import Index
from symjac.equality.chains import digest

Sizes = dict[str, int]

_FAR = 3
"""Entries up to here are like the others at any size that is tried."""


def indices(expressions: Iterable[Expr]) -> set[Index]:
    """Every index in the expressions, bound ones included."""
    out: set[Index] = set()
    seen: set[Expr] = set()
    for e in expressions:
        for node in walk(e):
            if node in seen:
                continue
            seen.add(node)
            out.update(node.free, node.bound)
    return out


def scalars(expressions: Iterable[Expr]) -> set[sympy.Symbol]:
    """The SymPy symbols in numbers, formulas and affine coefficients: named constants and sizes."""
    out: set[sympy.Symbol] = set()
    for e in expressions:
        for node in walk(e):
            match node:
                case Number():
                    out.update(scalar.constants_of(node.value))
                case Map():
                    out.update(scalar.constants_of(node.formula))
                case Identity():
                    for c in (node.offset, *(c for c, _ in node.terms)):
                        out |= c.free_symbols
    return out


def least(expressions: Iterable[Expr]) -> dict[str, int]:
    """The sizes of axes of which entries by number are read, with the last of these."""
    out: dict[str, int] = {}
    for e in expressions:
        for node in walk(e):
            if isinstance(node, Identity) and not node.terms and node.target.size.is_Symbol and node.offset.is_Integer:
                name = node.target.size.name
                out[name] = max(out.get(name, 1), int(node.offset) + 1)
    return out


def _number_of(name: str) -> int:
    """784 for the size that stands for 784; 0 for others."""
    return int(name[4:]) if name.startswith("size") and name[4:].isdigit() else 0


def _count(names: Iterable[str], last: Mapping[str, int]) -> bool:
    """True where sizes that are numbers cannot stand for any size: an entry far out is read, or one beside sizes that
    are near one another, as 783 and 784 are.
    """
    numbers = sorted(n for n in map(_number_of, names) if n)
    near = any(b - a <= _FAR for a, b in itertools.pairwise(numbers))
    return any(_number_of(name) and (n > _FAR or near) for name, n in last.items())


class OpenSizes:
    """The sizes that expressions and the definitions behind them leave open."""

    def __init__(self, expressions: Sequence[Expr], needed: Sequence[Equation]) -> None:
        everything = [*expressions, *(q.lhs for q in needed), *(q.rhs for q in needed)]
        self.lengths = sorted({i.size for i in indices(everything)}, key=str)
        symbols = {s for n in self.lengths for s in n.free_symbols} | {s for s in scalars(everything) if s.is_integer}
        self.names = sorted(s.name for s in symbols)
        self._constants = sorted((s for s in scalars(everything) if not s.is_integer), key=lambda s: s.name)
        self._symbols = {s.name: s for s in symbols}
        self._least = least(everything)
        self._exact = _count(self.names, self._least)

    def values(self, sizes: Mapping[str, int]) -> dict[sympy.Symbol, int]:
        return {self._symbols[name]: n for name, n in sizes.items()}

    @property
    def constant_names(self) -> list[str]:
        return [s.name for s in self._constants]

    def monomials(self) -> list[frozenset[tuple[sympy.Symbol, int]]]:
        """Products of sizes and named constants to the powers −1, 0 and 1, at most two of them."""
        symbols = [*self._symbols.values(), *self._constants]
        single = [(s, p) for s in symbols for p in (1, -1)]
        pairs = [frozenset((a, b)) for a in single for b in single if a[0].name < b[0].name]
        return [frozenset(), *(frozenset((a,)) for a in single), *pairs]

    def possible(self, sizes: Mapping[str, int]) -> bool:
        """True where every index runs over at least one value, and every entry by number is there."""
        if any(self._longer(name, n) != n for name, n in sizes.items()):
            return False
        values = {s: sympy.Integer(n) for s, n in self.values(sizes).items()}
        lengths = [n.xreplace(values) for n in self.lengths]
        return all(n.is_Integer and n > 0 for n in lengths)

    def assignments(self) -> list[Sizes]:
        """Distinct sizes twice, one of them 1, all equal: those that are possible, the first one distinct.

        It has none below 3, where much is equal that is not elsewhere: a batch of 2, normalised, is 1 and −1.
        """
        count = len(self.names)
        for base in (3, 5, 10):
            first = self._distinct(base)
            second = [n - 1 for n in first[::-1]] if count > 1 else [base + 1]
            found = self._possible(
                [first, second, [1, *first[1:]], [*first[:-1], 1], [base if count > 1 else 2] * count]
            )
            if found:
                return found
        return []

    def distinct(self) -> list[Sizes]:
        """Three choices, in which each size has three values."""
        for base in (3, 5, 10):
            found = self._possible([self._distinct(base), self._distinct(base + 1), self._distinct(base + 2)])
            if found:
                return found
        return []

    def grid(self, first: Mapping[str, int], degrees: Mapping[str, int], most: int) -> tuple[list[Sizes], bool]:
        """Sizes with one more value of each than its degree, the others as in `first`; and whether these are all."""
        whole = prod(d + 1 for d in degrees.values()) <= most
        rows = [range(2, d + 3) for d in degrees.values()]
        several = product(*rows) if whole else _some(rows, most)
        chosen = ({n: self._longer(n, v) for n, v in zip(degrees, values, strict=True)} for values in several)
        every = [{**first, **sizes} for sizes in chosen]
        possible = [sizes for sizes in every if self.possible(sizes)]
        return possible, whole and possible == every

    def larger(self) -> list[Sizes]:
        """One more choice, in which every size is larger than in `assignments`."""
        most = max((max(a.values(), default=0) for a in self.assignments()), default=0)
        return self._possible([[most + 1 + place % 8 for place in range(len(self.names))]]) if self.names else []

    def _distinct(self, base: int) -> list[int]:
        return [base + place % 8 for place in range(len(self.names))]

    def _possible(self, several: Sequence[Sequence[int]]) -> list[Sizes]:
        out: list[Sizes] = []
        for values in several:
            sizes = {name: self._longer(name, n) for name, n in zip(self.names, values, strict=False)}
            if sizes not in out and self.possible(sizes):
                out.append(sizes)
        return out

    def _longer(self, name: str, n: int) -> int:
        """`n`, or more where no entry is behind those that are read by number: the last may be another case."""
        last = self._least.get(name, 0)
        if self._exact and _number_of(name):
            return _number_of(name)
        return n if n > last else last + n

    def rising(self, most: int) -> Iterator[Sizes]:
        """All sizes up to `most`, the smallest entries first; 1 last among equals."""
        count = len(self.names)
        if count > 5:
            yield from self.assignments()
            return
        first = [self._longer(name, 1) for name in self.names]
        grids = sorted(product(*(range(n, max(most, n) + 1) for n in first)), key=lambda g: (sum(g), g))
        for values in grids:
            sizes = dict(zip(self.names, values, strict=True))
            if self.possible(sizes):
                yield sizes


MOST_TRIED = 24
"""Of a size, where there are too many choices to try all."""


def _some(rows: Sequence[range], most: int) -> list[tuple[int, ...]]:
    """As many rows of small numbers, drawn without a pattern."""
    rng = np.random.default_rng(digest("sizes", *map(len, rows)))
    drawn = ([int(rng.integers(row[0], min(len(row), MOST_TRIED) + row[0])) for row in rows] for _ in range(most // 2))
    return list(dict.fromkeys(map(tuple, drawn)))
