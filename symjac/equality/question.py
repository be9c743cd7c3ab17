"""An equation to be decided, and its two sides at points."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from math import prod
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary, proxy

import numpy as np

from symjac.calculus.world import World
from symjac.core.expr import Add, Equation, Expr, add, contract, symbol
from symjac.core.index import Index
from symjac.equality.arrays import Array, Evaluation, TooLarge
from symjac.equality.budget import Clock, Effort, effort
from symjac.equality.chains import LONGEST
from symjac.equality.entries import Cut, Entry
from symjac.equality.laws import Laws, laws
from symjac.equality.reals import SIGNED, Balls, Range, Reals
from symjac.equality.residues import Residues
from symjac.equality.small_sizes import OpenSizes, Sizes

T = TypeVar("T")
R = TypeVar("R", bound=Reals)

FEW_POINTS = 6
MOST_ENTRIES = 1 << 16
"""Sides of more entries are compared through random vectors, one an axis."""


@dataclass(frozen=True)
class Question:
    """Is `left` = `right` at every value of the indices in `order`, under the definitions and facts of `world`?"""

    left: Expr
    right: Expr
    order: tuple[Index, ...]
    world: World
    clock: Clock = field(default_factory=Clock, repr=False, compare=False)
    """The last guard over all that is asked of it."""
    _found: dict[object, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def needed(self, assumed: bool = True) -> tuple[Equation, ...]:
        both = add(self.left, self.right)
        both = both if both.names >= self.left.names | self.right.names else contract([self.left, self.right])
        return self.world.needed(both, assumed=assumed)

    @property
    def laws(self) -> Laws:
        """What residues know of the functions that the sides are made of."""
        return self.once(("laws", self.world.facts), lambda: laws((self.left, self.right), self.needed()))

    @property
    def digest(self) -> str:
        """A hash of the sides, of the definitions and of the facts behind them: what random numbers are drawn by."""

        def text() -> str:
            said = [self.left.key, self.right.key, *(i.text for i in self.order)]
            said += [f"{q.lhs.key} = {q.rhs.key}" for q in self.needed(assumed=False)]
            said += sorted(f"{f.symbol.key}: {f.text}" for f in self.world.facts)
            return hashlib.sha256("\n".join(said).encode()).hexdigest()

        return self.once(("digest", self.world.facts), text)

    @property
    def open(self) -> OpenSizes:
        known = self._found.get("open")
        if not isinstance(known, OpenSizes):
            known = self._found["open"] = OpenSizes([self.left, self.right, *_carriers(self.order)], self.needed())
        return known

    def long(self, sizes: Sizes) -> bool:
        """True where the sides are compared at single entries."""
        key = ("long", *sorted(sizes.items()))
        names = self.left.names | self.right.names
        return self.once(key, lambda: bool(self.order) and any(map(Cut(self.world, sizes).is_long, names)))

    def longest_part(self, sizes: Sizes) -> int:
        """The most entries of a definition that single entries of the sides read."""
        _, parts = self.by_entries(sizes)
        cut = Cut(self.world, sizes)
        return max((prod(map(cut.size, q.lhs.indices)) for q in parts.values()), default=1)

    def effort(self, sizes: Sizes) -> Effort:
        """What it takes to evaluate the sides."""

        def count() -> Effort:
            parts = [self.left, self.right, *(q.rhs for q in self.needed())]
            if self.long(sizes):
                entries, definitions = self.by_entries(sizes)
                parts = [side for e in entries for side in (e.left, e.right)]
                parts += [q.rhs for q in definitions.values()]
            return effort(parts, Cut(self.world, sizes).size)

        return self.once(("effort", *sorted(sizes.items()), self.world.facts), count)

    @property
    def steps(self) -> int:
        """Of an evaluation at a few points of few choices of sizes."""
        return sum(self.effort(sizes).steps(FEW_POINTS) for sizes in self.open.distinct())

    def steps_beside(self, evaluated: Container[str]) -> int:
        """Of another right side at the same points of one choice of sizes, at most of which a wrong one is tried, where
        the definitions of some names have values already.

        Of what is compared at single entries less is known: a question has entries of its own.
        """
        sizes = next(iter(self.open.distinct()), None)
        if sizes is None:
            return 0
        if self.long(sizes):
            return self.effort(sizes).steps(FEW_POINTS) // 2
        parts = (self.right, *(q.rhs for q in self.needed() if q.lhs.name not in evaluated))
        return effort(parts, Cut(self.world, sizes).size).steps(FEW_POINTS)

    def once(self, key: tuple[object, ...], work: Callable[[], T]) -> T:
        """What `work` gives, kept under `key`."""
        if key not in self._found:
            self._found[key] = work()
        return cast(T, self._found[key])

    def fewer_points(self, sizes: Sizes) -> None:
        """Evaluation at many points at once was found to be too large."""
        self._found["fewer", *sorted(sizes.items())] = True

    def has_fewer_points(self, sizes: Sizes) -> bool:
        return ("fewer", *sorted(sizes.items())) in self._found

    def by_entries(self, sizes: Sizes) -> tuple[list[Entry], dict[str, Equation]]:
        """Random entries of the sides, and the definitions that they read."""
        self._found["long", *sorted(sizes.items())] = True
        cut = Cut(self.world, sizes)
        return self.once(
            ("entries", *sorted(sizes.items())),
            lambda: (cut.drawn(self.left, self.right, self.order), cut.definitions),
        )


def _carriers(order: tuple[Index, ...]) -> list[Expr]:
    return [symbol("axis", [i]) for i in order]


# ---------------------------------------------------------------- points, shared by all equations of a world

_points: WeakKeyDictionary[World, dict[tuple[object, ...], Evaluation]] = WeakKeyDictionary()
_MOST_POINTS = 24
_MOST_NUMBERS = 1 << 25
"""Kept by all points of a world."""


def _shared(world: World, key: tuple[object, ...]) -> tuple[dict[tuple[object, ...], Evaluation], Evaluation | None]:
    """The points of a world, and the one that `key` says, if it is known; the one that was not used longest goes."""
    known = _points.setdefault(world, {})
    found = known.pop(key, None)
    if found is not None:
        known[key] = found
    else:
        while len(known) >= _MOST_POINTS or (known and sum(at.held for at in known.values()) > _MOST_NUMBERS):
            known.pop(next(iter(known)))
    return known, found


def residues(
    world: World,
    sizes: Sizes,
    points: int,
    seed: str = "",
    facts: bool = True,
    keep: Container[str] = frozenset(),
    length: int = LONGEST,
    loose: bool = False,
) -> Residues:
    key = (Residues, tuple(sorted(sizes.items())), points, seed, facts, keep, length, loose, world.facts)
    known, found = _shared(world, key)
    if not isinstance(found, Residues):
        found = known[key] = Residues(proxy(world), sizes, points, seed, facts, keep, length, loose)
    return found


def reals(
    kind: type[R],
    world: World,
    sizes: Sizes,
    seed: int,
    within: Range = SIGNED,
    simple: bool = False,
    claim: str = "",
    **more: Any,
) -> R:
    key = (kind, tuple(sorted(sizes.items())), seed, within, simple, claim, tuple(more.items()), world.facts)
    known, found = _shared(world, key)
    if not isinstance(found, kind):
        found = known[key] = kind(proxy(world), sizes, seed, within, simple=simple, claim=claim, **more)
    return found


# ---------------------------------------------------------------- the sides at a point


def sides(question: Question, at: Evaluation, most: int | None = None) -> tuple[Array, Array, Array]:
    """Left and right over the points and `order`, and which points count.

    Long sides through random vectors, their sum over `order`; those that cannot be summed at random entries, `most` of
    them.
    """
    at.trim()
    if not question.long(at.sizes):
        try:
            return _whole(question, at)
        except TooLarge:
            if not (at.by_entries and question.order) or at.points > 2:
                raise
    if not at.by_entries:
        raise TooLarge("only single entries can be compared")
    return _entries(question, at, most)


def _entries(question: Question, at: Evaluation, most: int | None) -> tuple[Array, Array, Array]:
    """The sides at random entries, over the points and the entries; kept, for they are many small evaluations."""
    return question.once(("values", at.key, most, question.world.facts), lambda: _at_entries(question, at, most))


def _at_entries(question: Question, at: Evaluation, most: int | None) -> tuple[Array, Array, Array]:
    entries, definitions = question.by_entries(at.sizes)
    entries = entries[:most]
    usable: Array = np.ones(at.points, dtype=bool)
    found: list[tuple[Array, Array]] = []
    try:
        for entry in entries:
            at.with_parts(definitions)
            pair = at.of(entry.left), at.of(entry.right)
            found.append((np.broadcast_to(pair[0], (at.points,)), np.broadcast_to(pair[1], (at.points,))))
            for mask in (at.usable(entry.left), at.usable(entry.right)):
                usable = usable if mask is None else usable & mask
    finally:
        at.with_parts({})
    return np.stack([x for x, _ in found], axis=1), np.stack([y for _, y in found], axis=1), usable


def _whole(question: Question, at: Evaluation) -> tuple[Array, Array, Array]:
    left, right, order = question.left, question.right, question.order
    if prod(at.shape(order)) * at.points > MOST_ENTRIES:
        left, right, order = _probed(left, order), _probed(right, order), ()
    x, y = at.spread(at.of(left), left.free, order), at.spread(at.of(right), right.free, order)
    shape = at.shape(order)
    usable: Array = np.ones(at.points, dtype=bool)
    for mask in (at.usable(left), at.usable(right)):
        usable = usable if mask is None else usable & mask
    return np.broadcast_to(x, (at.points, *shape)), np.broadcast_to(y, (at.points, *shape)), usable


def _probed(e: Expr, order: tuple[Index, ...]) -> Expr:
    """Σ e · (a random vector for each index of `order`), term by term."""
    if isinstance(e, Add):
        return add(*(_probed(t, order) for t in e.terms))
    return contract([e, *(symbol(f"probe__{p}__{i.size}", [i]) for p, i in enumerate(order))], order)


def modular(
    question: Question,
    sizes: Sizes,
    points: int,
    facts: bool = True,
    keep: frozenset[str] = frozenset(),
    own: bool = False,
    loose: bool = False,
    most: int | None = None,
) -> int | None:
    """At how many points the sides are equal modulo a prime; 0 where they differ at one, None where no point counts.

    The points are those of the world, or the question's `own`, which nobody can know who writes its text. `loose`:
    sizes that stand as numbers are random ones. `most`: entries of long sides that are compared.
    """
    if own:
        at = residues(question.world, sizes, points, question.digest, facts, keep, question.laws.length, loose)
    else:
        at = residues(question.world, sizes, points, "", facts, keep)
    x, y, usable = sides(question, at, most)
    if not usable.any():
        return None
    equal = (x == y).reshape(points, -1).all(axis=1)[usable]
    return int(equal.size) if equal.all() else 0


def compared(question: Question, at: Reals, most: int | None = None) -> tuple[float, float] | None:
    """The largest difference of the sides and the largest entry; None where an entry has no real value."""
    with np.errstate(all="ignore"):
        x, y, _ = sides(question, at, most)
        if x.size == 0:
            return 0.0, 0.0
        difference, largest = np.abs(x - y).max(), max(np.abs(x).max(), np.abs(y).max())
    found = float(difference), float(largest)
    return found if all(np.isfinite(v) for v in found) else None


def apart(question: Question, at: Balls) -> bool | None:
    """True where balls tell two entries apart, False where they tell none; None where an entry has no real value."""
    x, y, _ = sides(question, at)
    with at.precision():
        if not all(v.is_finite() for v in (*x.flat, *y.flat)):
            return None
        return any(not v.contains(0) for v in (x - y).flat)


__all__ = ["Question", "TooLarge", "apart", "compared", "modular", "reals", "residues", "sides"]
