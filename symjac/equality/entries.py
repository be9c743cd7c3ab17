"""Single entries of expressions whose arrays are too long: places for the indices, taken inside before evaluation.

An index with a place leaves the expression: a sum over an index that an identity ties to places has one term, and of a
long named quantity the entries at these places alone are defined, under a name of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
import sympy

from symjac.calculus.world import World
from symjac.core.expr import (
    ONE,
    ZERO,
    Add,
    Contract,
    Determinant,
    Equation,
    Expr,
    Identity,
    Inverse,
    Map,
    Max,
    Number,
    Symbol,
    add,
    affine,
    apply,
    contract,
    determinant,
    inverse,
    maximum,
    symbol,
)
from symjac.core.index import Index

LONG = 1 << 20
"""Entries of a definition from which on single ones are taken."""
ENTRIES = 12
MOST_ZERO = 3
"""Of the entries, those that are 0 on both sides whatever the values are."""
MOST_DRAWN = 40

Places = Mapping[Index, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """Both sides at one entry, `at` its place on each axis."""

    at: tuple[int, ...]
    left: Expr
    right: Expr


@dataclass
class Cut:
    """Expressions of a world at places, for one choice of sizes."""

    world: World
    sizes: Mapping[str, int]
    definitions: dict[str, Equation] = field(default_factory=dict)
    """Of the names that stand for a part of a long quantity."""
    _long: dict[str, bool] = field(default_factory=dict)
    _cut: dict[tuple[Expr, tuple[tuple[Index, int], ...]], Expr] = field(default_factory=dict)

    # ------------------------------------------------------------ numbers

    def whole(self, value: sympy.Expr) -> int:
        if value.is_Integer:
            return int(value)
        return int(value.xreplace({s: sympy.Integer(self.sizes[s.name]) for s in value.free_symbols}))

    def size(self, i: Index) -> int:
        return self.whole(i.size)

    def is_long(self, name: str) -> bool:
        """True where the definition has many entries, or reads one that has."""
        pending = [name]
        while pending:
            here = pending[-1]
            equation = self.world.equations.get(here)
            if here in self._long or equation is None:
                self._long.setdefault(here, False)
            elif prod(map(self.size, equation.lhs.indices)) > LONG:
                self._long[here] = True
            else:
                below = [n for n in sorted(equation.rhs.names) if n not in self._long]
                if below:
                    pending += below
                    continue
                self._long[here] = any(self._long[n] for n in equation.rhs.names)
            pending.pop()
        return self._long[name]

    # ------------------------------------------------------------ expressions at places

    def at(self, e: Expr, places: Places) -> Expr:
        """`e` without the indices that have places."""
        given = {i: places[i] for i in e.free if i in places}
        if not given and not any(map(self.is_long, e.names)):
            return e
        key = e, tuple(given.items())
        known = self._cut.get(key)
        if known is None:
            known = self._cut[key] = self._at(e, given)
        return known

    def _at(self, e: Expr, places: Places) -> Expr:
        match e:
            case Symbol():
                return self._symbol(e, places)
            case Identity():
                return self._identity(e, places)
            case Add():
                return add(*(self.at(t, places) for t in e.terms))
            case Contract():
                return self._contract(e, places)
            case Map():
                return apply(e.formula, [self.at(a, places) for a in e.args])
            case Max():
                return maximum(self.at(e.body, places), e.over)
            case Inverse():
                whole = inverse(self.at(e.body, places), e.row, e.column, e.left, e.right)
                return _entry(whole, {i: n for i, n in places.items() if i in (e.left, e.right)})
            case Determinant():
                return determinant(self.at(e.body, places), e.row, e.column)
        return e

    def _symbol(self, e: Symbol, places: Places) -> Expr:
        if not self.is_long(e.name):
            return _entry(e, places)
        equation = self.world.equations[e.name]
        axes = equation.lhs.indices
        inside = {axis: places[i] for axis, i in zip(axes, e.indices, strict=True) if i in places}
        name = f"{e.name} at {', '.join(str(inside.get(axis, '')) for axis in axes)}"
        if name not in self.definitions:
            lhs = symbol(name, [axis for axis in axes if axis not in inside])
            self.definitions[name] = Equation(lhs, self.at(equation.rhs, inside))
        value = self.definitions[name].rhs
        if isinstance(value, Number):
            return value
        return symbol(name, [i for i in e.indices if i not in places])

    def _identity(self, e: Identity, places: Places) -> Expr:
        terms, rest = self.equation(e, places)
        if not terms:
            return ONE if rest == 0 else ZERO
        target = e.target if e.target in terms else next((i for i, c in terms.items() if abs(c) == 1), None)
        if target is None:
            here = {i: n for i, n in places.items() if i is not e.target}
            return _entry(self._identity(e, here), {e.target: places[e.target]})
        c = terms.pop(target)
        return affine(target, [(sympy.Integer(-c * a), i) for i, a in terms.items()], sympy.Integer(-c * rest))

    def equation(self, e: Identity, places: Places) -> tuple[dict[Index, int], int]:
        """Σ coefficient · index + number, 0 where the identity is 1; over the indices that have no place."""
        every = [(self.whole(c), i) for c, i in e.terms] + [(-1, e.target)]
        terms: dict[Index, int] = {}
        rest = self.whole(e.offset)
        for c, i in every:
            if i in places:
                rest += c * places[i]
            else:
                terms[i] = terms.get(i, 0) + c
        return {i: c for i, c in terms.items() if c}, rest

    def _contract(self, e: Contract, places: Places) -> Expr:
        here = dict(places)
        factors = list(e.factors)
        settled = True
        while settled:
            settled = False
            for tie in [f for f in factors if isinstance(f, Identity)]:
                terms, rest = self.equation(tie, here)
                if all(i in e.summed for i in terms):
                    found = self.only_solution(terms, rest)
                    if found is None:
                        return ZERO
                    if len(found) == len(terms):
                        here |= found
                        factors.remove(tie)
                        settled = True
        parts = []
        for f in sorted(factors, key=lambda f: not isinstance(f, Identity)):
            part = self.at(f, here)
            if part is ZERO:
                return ZERO
            parts.append(part)
        return contract(parts, [i for i in e.summed if i not in here])

    def only_solution(self, terms: Mapping[Index, int], rest: int) -> dict[Index, int] | None:
        """Where Σ c·i + rest = 0; None where it is nowhere, an incomplete answer where it is at several places."""
        found: dict[Index, int] = {}
        order = sorted(terms, key=lambda i: -abs(terms[i]))
        for place, i in enumerate(order):
            others = [terms[j] * (self.size(j) - 1) for j in order[place + 1 :]]
            least, most = sum(min(0, n) for n in others), sum(max(0, n) for n in others)
            c = terms[i]
            ends = sorted(((-rest - most) / c, (-rest - least) / c))
            first, last = max(0, int(np.ceil(ends[0]))), min(self.size(i) - 1, int(np.floor(ends[1])))
            if first > last:
                return None
            if first < last:
                return {}
            found[i] = first
            rest += c * first
        return found if rest == 0 else None

    # ------------------------------------------------------------ which entries

    def drawn(self, left: Expr, right: Expr, order: Sequence[Index], seed: int = 0) -> list[Entry]:
        """Random entries, most of them where identities of the one side or of the other are 1."""
        rng = np.random.default_rng([seed, len(order)])
        out: dict[tuple[int, ...], Entry] = {}
        zero = 0
        for number in range(MOST_DRAWN):
            places: dict[Index, int] = {}
            if number % 6 != 5:
                self._guess((left, right)[number % 2], places, rng)
            at = {i: places[i] if i in places else self._place(i, rng) for i in order}
            entry = Entry(tuple(at.values()), self.at(left, at), self.at(right, at))
            if entry.at in out:
                continue
            if entry.left is ZERO and entry.right is ZERO:
                zero += 1
                if zero > MOST_ZERO:
                    continue
            out[entry.at] = entry
            if len(out) == ENTRIES:
                break
        return list(out.values())

    def _place(self, i: Index, rng: np.random.Generator) -> int:
        """A place on the axis, the first and the last with a better chance."""
        n = self.size(i)
        return int(rng.choice([0, n - 1])) if rng.random() < 0.25 else int(rng.integers(n))

    def _guess(self, e: Expr, places: dict[Index, int], rng: np.random.Generator) -> None:
        """Places for the free indices of `e`, so that identities in a term of it hold."""
        match e:
            case Add():
                self._guess(e.terms[int(rng.integers(len(e.terms)))], places, rng)
            case Identity():
                self._satisfied(e, places, rng)
            case Map() | Contract():
                inner = {i: places[i] for i in e.free if i in places}
                for f in sorted(e.children, key=lambda f: not isinstance(f, Identity)):
                    self._guess(f, inner, rng)
                places.update({i: n for i, n in inner.items() if i in e.free})
            case Symbol() if self.is_long(e.name):
                equation = self.world.equations[e.name]
                pairs = list(zip(equation.lhs.indices, e.indices, strict=True))
                inner = {axis: places[i] for axis, i in pairs if i in places}
                self._guess(equation.rhs, inner, rng)
                for axis, i in pairs:
                    if axis in inner:
                        places.setdefault(i, inner[axis])

    def _satisfied(self, e: Identity, places: dict[Index, int], rng: np.random.Generator) -> None:
        terms, rest = self.equation(e, places)
        last = next((i for i in sorted(terms, key=lambda i: -self.size(i)) if abs(terms[i]) == 1), None)
        if last is None:
            return
        for _ in range(4):
            tried = {i: self._place(i, rng) for i in terms if i is not last}
            value = -terms[last] * (rest + sum(terms[i] * n for i, n in tried.items()))
            if 0 <= value < self.size(last):
                places.update(tried)
                places[last] = value
                return


def _entry(e: Expr, places: Places) -> Expr:
    """Σ e 1[i = n]: the entry, read out of the whole."""
    return contract([e, *(affine(i, (), sympy.Integer(n)) for i, n in places.items())], places)


__all__ = ["Cut", "Entry"]
