"""Functions by cases: what they depend on, and points at which each condition is seen both ways.

A condition is a number u whose sign decides: x − y of max(x, y), x of |x|, the difference of the two sides of a
comparison. Points are drawn at all magnitudes; where a sign was not seen, u is driven towards it; between points of
different signs the place of the change is bisected, so that what lies between two kinks is met as well. Where the
bounds of u leave it but one sign, there is nothing to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from itertools import combinations, product
from math import prod
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary, proxy

import numpy as np
import sympy

from symjac.calculus.world import World
from symjac.core import scalar
from symjac.core.expr import Add, Contract, Expr, Map, Max, Number, add, apply, maximum, negate, rename, walk
from symjac.core.index import Index, fresh
from symjac.equality.arrays import Arguments, Array, TooLarge
from symjac.equality.bounds import bounds, under_roots
from symjac.equality.budget import Budget, Effort, effort
from symjac.equality.chains import digest
from symjac.equality.question import Question, apart, sides
from symjac.equality.reals import PRECISIONS, Balls, Doubles, Reals, Unseen
from symjac.equality.small_sizes import Sizes

NO_VALUE = (TooLarge, KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError)

MOST_CONDITIONS = 24
MOST_ENTRIES = 1 << 14
"""Of the longest named quantity, where points are placed."""
AT_ONCE = 1 << 20
"""Entries of all points together."""
MAGNITUDES = range(-24, 37)
"""Inputs are drawn about the powers of 2."""
MOST_BITS = 900
"""Of a number about which inputs are drawn: float64 reaches to 2^1023."""
ROUNDS = 12
STEPS = 64
"""Points tried in a round."""
PAIRS = 8
"""Pairs of points between which changes are looked for."""
BETWEEN = 24
HALVINGS = 18
MOST_CHANGED = 1 << 18
"""Changes that are looked for together, times the entries of the conditions."""
CONFIRMED = 6
"""Points at which a difference in float64 is looked at in more digits."""
LEAST = 4
SHOWN = 14
"""Points at which the sides are compared in more digits whether float64 sees a difference or not."""
BEYOND = 3
"""Points that are looked at for a condition that is not seen where float64 has values."""
SIGNIFICANT = (1, 2, 3, 6)
"""Digits of the numbers that a point is shown with."""
FURTHER = (1.0, 1.1, 0.9, 1.5, 0.5)
STEPS_TO_PLACE = 15_000
"""Points of one choice of sizes."""


# ---------------------------------------------------------------- conditions


@dataclass(frozen=True, slots=True)
class Condition:
    """u > 0; of a maximum over an axis u = 0, where u = x − max x."""

    u: Expr
    largest: bool = False

    def signs(self, u: Array) -> Array:
        """1 where the condition holds, −1 or 0 where it does not, nan where u has no value."""
        return np.where(np.isnan(u), u, np.where(u == 0, 1.0, -1.0)) if self.largest else np.sign(u)


def conditions(parts: Iterable[Expr]) -> tuple[Condition, ...]:
    """What decides between cases, in the order in which it is met; what hangs on no quantity is left out."""
    found: dict[Condition, None] = {}
    for node in (n for part in parts for n in walk(part)):
        if isinstance(node, Max):
            found.setdefault(Condition(_below_the_largest(node), largest=True), None)
        elif isinstance(node, Map | Number):
            f, args = (node.formula, node.args) if isinstance(node, Map) else (node.value, ())
            for u in _signs(f):
                e = apply(u, args)
                if (e.names or scalar.constants_of(u)) and Condition(apply(-u, args)) not in found:
                    found.setdefault(Condition(e), None)
    return tuple(found)


def _signs(f: sympy.Expr) -> Iterator[sympy.Expr]:
    for e in sympy.preorder_traversal(f):
        if isinstance(e, sympy.Max | sympy.Min | scalar.Share):
            yield from (a - b for a, b in combinations(e.args, 2))
        elif isinstance(e, sympy.Abs | sympy.sign):
            yield e.args[0]
        elif isinstance(e, sympy.floor):
            yield from (e.args[0], e.args[0] - 1)
        elif isinstance(e, _ORDERS):
            left, right = scalar.sides(e)
            yield left - right


_ORDERS = (sympy.StrictGreaterThan, sympy.GreaterThan, sympy.StrictLessThan, sympy.LessThan)


def _below_the_largest(node: Max) -> Expr:
    """x_i − max x: 0 where x_i is the largest."""
    taken = {i.name for i in node.body.free}
    new: dict[Index, Index] = {}
    for i in node.over:
        new[i] = fresh(i, taken)
        taken.add(new[i].name)
    return add(node.body, negate(maximum(rename(node.body, new), tuple(new.values()))))


# ---------------------------------------------------------------- points


Point = Mapping[str, Any]
"""The values of the inputs, float64; of several points with axis 0 for them."""
Row = tuple[int | None, int]
"""The power of 2 and the sign of what is drawn at a point; None: any power for each input; 0: any sign."""


class Placed(Reals):
    """Values at given points: of free quantities, constants, and of the factor by which an unknown function is
    larger."""

    point: Point = MappingProxyType({})

    def draw(self, name: str, shape: tuple[int, ...]) -> Array:
        value = self.point.get(name)
        return super().draw(name, shape) if value is None or value.shape[1:] != shape else self._exact(value)

    def _exact(self, value: Any) -> Array:
        return np.frompyfunc(lambda v: self.scalar_number(Fraction(v)), 1, 1)(value)

    def _name(self, s: sympy.Symbol, args: Arguments) -> Array:
        value = self.point.get(f"constant {s.name}") if s not in scalar.slots_of(s) else None
        if value is None:
            return super()._name(s, args)
        self.constants[s.name] = self._exact(value)
        return self.constants[s.name].reshape((-1,) + (1,) * len(args.free))

    def unknown(self, name: str, order: int, x: Array) -> Array:
        value = self.point.get(f"function {name}")
        out = super().unknown(name, order, x)
        return out if value is None else self._exact(value).reshape((-1,) + (1,) * (x.ndim - 1)) * out


class PlacedDoubles(Placed, Doubles):
    def _exact(self, value: Any) -> Array:
        return value


class PlacedBalls(Placed, Balls):
    """At one point."""

    def _exact(self, value: Any) -> Array:
        with self.precision():
            return super()._exact(value)


def _doubles(world: World, sizes: Sizes, point: Point) -> PlacedDoubles:
    out = PlacedDoubles(proxy(world), sizes, 0)
    out.point = point
    out.points = max((len(v) for v in point.values()), default=1)
    return out


@dataclass
class Points:
    """Points of one choice of sizes, and the sign of each condition at them."""

    world: World
    sizes: Sizes
    conditions: tuple[Condition, ...]
    budget: Budget
    """What is left for the search."""
    point: Point = field(default_factory=dict)
    signs: tuple[Array, ...] = ()
    """Of each condition, at every point and place."""
    rows: list[Row] = field(default_factory=list)
    """Of the first points."""

    @cached_property
    def _effort(self) -> Effort:
        needed = (q.rhs for c in self.conditions for q in self.world.needed(c.u, assumed=True))
        parts = [*(c.u for c in self.conditions), *needed]
        return effort(parts, _doubles(self.world, self.sizes, {}).size)

    @property
    def count(self) -> int:
        return max((len(v) for v in self.point.values()), default=1)

    def grown(self, point: Point) -> None:
        """With more points."""
        signs = self.signs_at(point)
        if not self.signs:
            self.point, self.signs = point, tuple(signs)
            return
        self.point = {n: np.concatenate([v, point[n]]) for n, v in self.point.items()}
        self.signs = tuple(np.concatenate(pair) for pair in zip(self.signs, signs, strict=True))

    def values(self, point: Point) -> list[Array]:
        at = _doubles(self.world, self.sizes, point)
        self.budget.spend(self._effort.steps(at.points))
        with np.errstate(all="ignore"):
            found = [np.asarray(at.of(c.u), dtype=float) for c in self.conditions]
        return [np.broadcast_to(u, (at.points, *u.shape[1:])) for u in found]

    def signs_at(self, point: Point) -> list[Array]:
        return [c.signs(u) for c, u in zip(self.conditions, self.values(point), strict=True)]

    def at(self, which: Any) -> Point:
        return {name: v[which] for name, v in self.point.items()}


_known: WeakKeyDictionary[World, dict[object, tuple[Points, Placed]]] = WeakKeyDictionary()
_MOST_KNOWN = 16
_MOST_NUMBERS = 1 << 24
"""Kept by all points of a world."""


def placed(question: Question, sizes: Sizes) -> tuple[Points, Placed] | None:
    """Points at which the conditions of a question are seen both ways as far as they were found, shared by all that ask
    in this world with these conditions; None where its arrays are too large."""
    found = _conditions(question)
    deciding = _inputs(question, sizes, [c.u for c in found])
    shapes = _inputs(question, sizes, [*(c.u for c in found), question.left, question.right])
    if deciding is None or shapes is None:
        return None
    known = _known.setdefault(question.world, {})
    longest = max(map(prod, shapes.values()), default=1).bit_length()
    key: object = found, tuple(sorted(sizes.items())), question.world.facts, longest
    both = known.get(key)
    if both is None:
        while len(known) >= _MOST_KNOWN or (known and sum(at.held for _, at in known.values()) > _MOST_NUMBERS):
            known.pop(next(iter(known)))
        points = Points(question.world, sizes, found, Budget(STEPS_TO_PLACE, question.clock))
        _place(points, deciding or shapes, 1 << longest)
        both = points, _doubles(question.world, sizes, points.point)
        if not question.clock.said:  # what the clock ended is for this question alone
            known[key] = both
    points, at = both
    _add_beside(points, {name: shape for name, shape in shapes.items() if name not in points.point})
    at.point = points.point
    return points, at


def _conditions(question: Question) -> tuple[Condition, ...]:
    def work() -> tuple[Condition, ...]:
        return conditions([question.left, question.right, *(q.rhs for q in question.needed())])

    return question.once(("conditions", question.world.facts), work)


def has_cases(question: Question) -> bool:
    return bool(_conditions(question))


def _inputs(question: Question, sizes: Sizes, parts: Sequence[Expr]) -> dict[str, tuple[int, ...]] | None:
    """The shapes of what these depend on; None where they are too large."""
    at = _doubles(question.world, sizes, {})
    try:
        with np.errstate(all="ignore"):
            for e in parts:
                at.of(e)
    except NO_VALUE:
        return None
    shapes = {name: value.shape[1:] for name, value in at.drawn().items()}
    shapes |= {f"constant {name}": () for name in at.constants} | {f"function {name}": () for name in at.unknowns}
    return shapes if max(map(prod, shapes.values()), default=0) <= MOST_ENTRIES else None


# ---------------------------------------------------------------- the search for points


def _place(points: Points, shapes: Mapping[str, tuple[int, ...]], longest: int) -> None:
    rng = np.random.default_rng(len(points.conditions))
    points.rows = _rows(points, longest)
    points.grown(_drawn(points.rows, shapes, rng))
    for place, condition in enumerate(points.conditions):
        for wanted in () if condition.largest or not shapes else (1, -1):
            if not _is_seen(points.signs[place], wanted) and not points.budget.spent:
                _drive(points, place, wanted, rng)
    _between(points, rng)


def _is_seen(signs: Array, wanted: int) -> bool:
    return bool((signs == wanted).any() if wanted > 0 else (signs <= 0).any())


def _add_beside(points: Points, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """At each point, values of what the conditions do not depend on."""
    rows = points.rows + [(None, 0)] * (points.count - len(points.rows))
    for name, shape in shapes.items():
        points.point = {**points.point, **_drawn(rows, {name: shape}, np.random.default_rng(digest("beside", name)))}


def _rows(points: Points, longest: int) -> list[Row]:
    """All magnitudes, all positive, all negative and mixed; then a magnitude for each input."""
    least, most = _magnitudes(points)
    rows: list[Row] = [(k, way) for k in range(least, most) for way in (1, -1, 0, 0)]
    rows += [(None, 0)] * len(rows)
    fewer = max(1, len(rows) * longest // AT_ONCE)
    return rows[:: fewer if fewer == 1 else fewer | 1]


def _drawn(rows: Sequence[Row], shapes: Mapping[str, tuple[int, ...]], rng: np.random.Generator) -> Point:
    out: dict[str, Array] = {}
    for name, shape in shapes.items():
        several = [2.0 ** (rng.integers(-5, 8) if k is None else k) for k, _ in rows]
        ways = np.array([way for _, way in rows])
        tall = (len(rows), *(1 for _ in shape))
        size = np.array(several).reshape(tall) * rng.uniform(0.6, 1.5, (len(rows), *shape))
        turned = rng.choice([-1, 1], (len(rows), *shape))
        turned = np.where(ways.reshape(tall) == 0, turned, ways.reshape(tall))
        out[name] = size if name.startswith("constant ") else size * turned
    return out


def _magnitudes(points: Points) -> tuple[int, int]:
    """Powers of 2 about all numbers that stand in the conditions, and in what those depend on."""
    least, most = MAGNITUDES.start, MAGNITUDES.stop
    parts = {q.rhs for c in points.conditions for q in points.world.needed(c.u, assumed=True)}
    for node in (n for part in (*parts, *(c.u for c in points.conditions)) for n in walk(part)):
        value = node.formula if isinstance(node, Map) else node.value if isinstance(node, Number) else sympy.S.Zero
        for c in value.atoms(sympy.Rational):
            if c != 0 and max(abs(c.p), c.q) < 1 << MOST_BITS:
                size = int(abs(c.p)).bit_length() - int(c.q).bit_length()
                least, most = min(least, size - 3), max(most, size + 4)
    return least, most


def _drive(points: Points, place: int, wanted: int, rng: np.random.Generator) -> None:
    """Steps of all lengths along the inputs, from the points at which the condition is nearest to the wanted sign."""
    if not points.point:  # a condition of constants is what it is
        return
    u = points.values(points.point)[place]
    best = points.at(_nearest(u, wanted, 4))
    for _ in range(ROUNDS):
        tried = _stepped(best, rng)
        u = points.values(tried)[place]
        reached = np.flatnonzero((wanted * u > 0).reshape(len(u), -1).any(axis=1))
        if len(reached) or points.budget.spent:
            if len(reached):
                points.grown({name: v[reached[:4]] for name, v in tried.items()})
            return
        best = {name: v[_nearest(u, wanted, 4)] for name, v in tried.items()}


def _nearest(u: Array, wanted: int, count: int) -> Array:
    distance = np.where(np.isfinite(u), -wanted * u, np.inf).reshape(len(u), -1).min(axis=1)
    return np.argsort(distance, kind="stable")[:count]


def _stepped(best: Point, rng: np.random.Generator) -> Point:
    """The points themselves, and each with one input or all of them moved."""
    names = list(best)
    count = len(next(iter(best.values())))
    of = np.concatenate([np.arange(count), rng.integers(0, count, STEPS)])
    moved = rng.integers(-1, len(names), STEPS)
    out: dict[str, Array] = {}
    for place, name in enumerate(names):
        value = best[name][of].copy()
        step = 2.0 ** rng.uniform(-20, 4, STEPS) * rng.choice([-1, 1], STEPS)
        tall = (STEPS, *(1 for _ in value.shape[1:]))
        along = rng.normal(size=(STEPS, *value.shape[1:])) * (rng.random((STEPS, *value.shape[1:])) < 0.7)
        here = ((moved == -1) | (moved == place)).reshape(tall)
        reach = np.abs(value[count:]).reshape(STEPS, -1).max(axis=1, initial=0).reshape(tall) + 1e-3
        new = value[count:] + here * step.reshape(tall) * along * reach
        value[count:] = np.abs(new) if name.startswith("constant ") else new
        out[name] = value
    return out


def _between(points: Points, rng: np.random.Generator) -> None:
    """Both sides of each change on the way between points of different signs."""
    flat = np.concatenate([s.reshape(points.count, -1) for s in points.signs], axis=1)
    good = np.flatnonzero(np.isfinite(flat).all(axis=1))
    first: dict[bytes, int] = {}
    for p in good:
        first.setdefault(flat[p].tobytes(), int(p))
    if len(first) < 2:
        return
    chosen = np.array(list(first.values()))[rng.permutation(len(first))[: PAIRS + 1]]
    longest = max(v[0].size for v in points.point.values())
    together = max(1, AT_ONCE // (BETWEEN * max(longest, flat.shape[1])))
    for start in range(0, len(chosen) - 1, together):
        if points.budget.spent:
            return
        ends = chosen[start : start + together + 1]
        _along(points, points.at(ends[:-1]), points.at(ends[1:]), rng)


def _along(points: Points, a: Point, b: Point, rng: np.random.Generator) -> None:
    """Both sides of each change on the way from each point of `a` to that of `b`."""

    def at(way: Array, t: Array) -> Point:
        return {n: v[way] + t.reshape(-1, *(1 for _ in v.shape[1:])) * (b[n] - v)[way] for n, v in a.items()}

    def pattern(way: Array, t: Array) -> Array:
        return np.concatenate([s.reshape(len(t), -1) for s in points.signs_at(at(way, t))], axis=1)

    ways = max(len(v) for v in a.values())
    way, t = np.repeat(np.arange(ways), BETWEEN), np.tile(np.linspace(0, 1, BETWEEN), ways)
    here = pattern(way, t)
    changes = np.flatnonzero((here[1:] != here[:-1]).any(axis=1) & (way[1:] == way[:-1]))
    changes = changes[:: 1 + len(changes) * here.shape[1] // MOST_CHANGED]
    if not len(changes):
        return
    start, on, low, high = here[changes], way[changes], t[changes], t[changes + 1]
    for _ in range(HALVINGS):
        if points.budget.spent:
            break
        middle = (low + high) / 2
        same = (pattern(on, middle) == start).all(axis=1)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    passed = np.unique(way[changes])
    between = np.linspace(0, 1, BETWEEN)
    middles = np.tile((between[:-1] + between[1:]) / 2, len(passed))
    found = at(np.concatenate([on, on, np.repeat(passed, BETWEEN - 1)]), np.concatenate([low, high, middles]))
    points.grown({n: _beside(v, rng) for n, v in found.items()})


def _beside(x: Array, rng: np.random.Generator) -> Array:
    """Numbers a little beside these: no point lies on a kink, where only a convention counts."""
    return x + 2.0**-30 * np.abs(x).max(initial=0) * rng.normal(size=x.shape)


# ---------------------------------------------------------------- the sides at these points


@dataclass(frozen=True)
class Explored:
    """What was found at points that see the conditions both ways."""

    differ: Point | None
    """A point at which the sides differ."""
    unseen: tuple[tuple[Condition, bool], ...]
    """Conditions that were not seen true, or not seen false, where both sides have a value."""
    compared: int
    """At how many points the sides were found to be equal in many digits."""


def explore(question: Question, sizes: Sizes, thorough: bool = True) -> Explored | None:
    """The sides at points that see each condition both ways; None where no points can be placed."""
    if question.long(sizes) or len(_conditions(question)) > MOST_CONDITIONS:
        return None
    try:
        found = placed(question, sizes)
    except NO_VALUE:
        return None
    if found is None:
        return None
    points, at = found
    try:
        with np.errstate(all="ignore"):
            apart, valued = _compared(question, at)
    except NO_VALUE:
        return None
    suspects = [*_suspects(apart)[:CONFIRMED], *(_shown(points, valued)[:SHOWN] if thorough else ())]
    unseen = dict.fromkeys(_unseen(question, points, valued))
    beyond = {c: _near(points, *c) for c in unseen}
    compared = 0
    for which in dict.fromkeys([*suspects, *(p for several in beyond.values() for p in several)]):
        apart_there = differ(question, sizes, points.at([which]))
        if apart_there:
            return Explored(_simplest(question, sizes, points.at([which])), (), compared)
        if apart_there is not None:
            compared += 1
            unseen = {c: None for c in unseen if which not in beyond[c]}
    return Explored(None, tuple(unseen), compared)


def _near(points: Points, condition: Condition, truth: bool) -> list[int]:
    """Points of small numbers at which the condition is so, which may be too large for float64."""
    signs = points.signs[points.conditions.index(condition)].reshape(points.count, -1)
    hit = np.flatnonzero(((signs > 0) if truth else (signs <= 0)).any(axis=1))
    size = sum(np.abs(v).reshape(points.count, -1).max(axis=1, initial=0) for v in points.point.values())
    return [int(p) for p in hit[np.argsort(size[hit], kind="stable")][:BEYOND]] if len(hit) else []


def _compared(question: Question, at: Placed) -> tuple[Array, Array]:
    """At each point: the relative difference in float64, and whether both sides have values."""
    x, y, _ = sides(question, at)
    x, y = (np.broadcast_to(v, (at.points, *v.shape[1:])).reshape(at.points, -1).astype(float) for v in (x, y))
    valued = (np.isfinite(x) & np.isfinite(y)).all(axis=1)
    gap, largest = np.abs(x - y), np.maximum(np.abs(x), np.abs(y))
    apart = gap.max(axis=1, initial=0) / np.maximum(largest.max(axis=1, initial=0), 1e-280)
    return np.where(valued, apart, 0), valued


def _suspects(apart: Array) -> list[int]:
    """Points at which float64 sees a difference, the clearest first."""
    order = np.argsort(-np.round(np.log10(np.maximum(apart, 1e-300)) / 3), kind="stable")
    return [int(p) for p in order if apart[p] > 1e-9]


def _shown(points: Points, valued: Array) -> list[int]:
    """Points far apart, and points that see each sign of each condition, of those at which the sides have values."""
    every = np.flatnonzero(valued)
    out = dict.fromkeys(int(p) for p in every[:: max(1, len(every) // LEAST)])
    for signs in points.signs:
        flat = signs.reshape(points.count, -1)
        for hit in ((flat > 0).any(axis=1), (flat <= 0).any(axis=1)):
            where = np.flatnonzero(hit & valued)
            if len(where):
                out.setdefault(int(where[0]), None)
                out.setdefault(int(where[-1]), None)
    return list(out)


def differ(question: Question, sizes: Sizes, point: Point) -> bool | None:
    """Whether the sides differ at a point; None where that is not seen, or they have no value there."""
    for bits in PRECISIONS:
        at = at_point(question, sizes, point, bits)
        try:
            found = apart(question, at)
        except Unseen:
            continue
        except NO_VALUE:
            return None
        if found or found is None or not at.dim:
            return found
    return None


def at_point(question: Question, sizes: Sizes, point: Point, bits: int = PRECISIONS[-1]) -> Balls:
    """The evaluation in many digits there."""
    out = PlacedBalls(proxy(question.world), sizes, 0, bits=bits)
    out.point = point
    return out


def common(
    some: tuple[tuple[Condition, bool], ...], others: tuple[tuple[Condition, bool], ...]
) -> tuple[tuple[Condition, bool], ...]:
    """What was seen at neither choice of sizes."""
    return tuple(c for c in some if c in others)


def _simplest(question: Question, sizes: Sizes, point: Point) -> Point:
    """The point in fewer digits, where the sides differ there as well and each condition is what it was."""
    points = Points(question.world, sizes, _conditions(question), Budget(STEPS_TO_PLACE, question.clock))
    before = points.signs_at(point)
    for digits, further in product(SIGNIFICANT, FURTHER):
        rounded = {name: _rounded(v * further, digits) for name, v in point.items()}
        same = all(np.array_equal(a, b) for a, b in zip(before, points.signs_at(rounded), strict=True))
        if same and differ(question, sizes, rounded):
            return rounded
    return point


def _rounded(x: Array, digits: int) -> Array:
    unit = 10.0 ** (np.floor(np.log10(np.maximum(np.abs(x), 1e-300))) - digits + 1)
    return np.round(x / unit) * unit


def _bounds(question: Question, condition: Condition) -> tuple[float, float]:
    """Numbers between which the condition's u lies where the sides have values."""
    parts = [question.left, question.right, *(q.rhs for q in question.needed())]
    u, positive = condition.u, list(under_roots(parts))
    low, high = bounds(u, question.world, positive)
    for a in positive:  # u is above 0 where u − a is
        low = max(low, bounds(_plus(u, a, -1), question.world, positive)[0])
        high = min(high, bounds(_plus(u, a, 1), question.world, positive)[1])
    return low, high


def _plus(u: Expr, a: Expr, sign: int) -> Expr:
    """u ± a as one formula of what is none."""
    atoms: dict[Expr, sympy.Symbol] = {}
    formula = _formula(u, atoms) + sign * _formula(a, atoms)
    return apply(sympy.expand(formula), tuple(atoms))


def _formula(e: Expr, atoms: dict[Expr, sympy.Symbol]) -> sympy.Expr:
    match e:
        case Number():
            return e.value
        case Add():
            return sympy.Add(*(_formula(t, atoms) for t in e.terms))
        case Contract(summed=()):
            return sympy.Mul(*(_formula(f, atoms) for f in e.factors))
        case Map():
            inner = {scalar.slot(place): _formula(a, atoms) for place, a in enumerate(e.args)}
            return e.formula.xreplace(inner)
    return atoms.setdefault(e, scalar.slot(len(atoms)))


def _unseen(question: Question, points: Points, valued: Array) -> Iterator[tuple[Condition, bool]]:
    for condition, signs in zip(points.conditions, points.signs, strict=True):
        flat = signs[valued].reshape(int(valued.sum()), -1)
        if condition.largest:
            if not (flat > 0).any(axis=0).all():
                yield condition, True
            continue
        low, high = question.once(("bounds", condition, question.world.facts), partial(_bounds, question, condition))
        if not (flat > 0).any() and high > 0:
            yield condition, True
        if not (flat <= 0).any() and low < 0:
            yield condition, False
