"""Whether two expressions are equal, and by which road that is known.

Residues modulo primes first: equal there, a proof is tried, and without one the equation agrees. Unequal there, the
sides differ where residues know all laws of what they are made of. Where they do not, real numbers decide: a ball of
the difference without 0 refutes; balls that hold 0 at several points agree, where no part was too small to be seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import TypeVar

import numpy as np
import sympy

from symjac.calculus.facts import together_text
from symjac.equality import canonical, cases, components
from symjac.equality.arrays import Array, TooLarge
from symjac.equality.budget import Budget
from symjac.equality.chains import COUNTS
from symjac.equality.counterexample import find
from symjac.equality.degrees import degree
from symjac.equality.laws import chance
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED, Counterexample
from symjac.equality.question import Question, apart, compared, modular, reals, residues, sides
from symjac.equality.reals import FAR, LEAST, PRECISIONS, RANGES, SIGNED, SMALL, WIDE, Balls, Doubles, Range, Unseen
from symjac.equality.residues import MOST_CHAINS, Residues
from symjac.equality.small_sizes import Sizes

T = TypeVar("T")

POINTS = 6
LEAST_COMPARED = 3
"""Points at which sides without a value near 0 have to be equal."""
MANY = 256
"""Points where most do not count, as where several square roots have to exist."""
POINTS_FOR_CASES = 48
"""Points where conditions hold or not at random: four that have to hold together do so at three of them."""
MANY_FOR_PARTS = 16
"""Points where what single entries read is short."""
FEW_ENTRIES = 1 << 10
FEW_OF_LONG = 3
"""Entries of long sides that are looked at first."""
FEW_STEPS = 6_000
"""Of a canonical form that is looked for without the facts, before it is known whether they are needed."""
STEPS_TO_COMPARE = 10_000
STEPS_FOR_COUNTEREXAMPLE = 5_000
STEPS_FOR_COMPONENTS = 20_000
ROUNDING = 1e-10
MOST_SIZES = 40
"""Choices of sizes that are tried where sizes stand as numbers."""
FEW_SIZES = 8
"""Sizes that are tried where there is no bound on how many there would have to be."""
MOST_SAID = 6
MOST_BITS_OF_POWERS = 20
SEEDS_FOR_VALUES = 2
CLEAR = 1e-6
"""A relative difference of float64 values that may be, and one that is no rounding."""


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: str
    """One of proved, agrees, refuted, undecided."""
    road: str
    counterexample: Counterexample | None = None
    reason: str = ""
    """Why it is undecided."""
    facts: tuple[str, ...] = ()
    """The assumed facts without which it would not hold."""
    unseen: tuple[tuple[cases.Condition, bool], ...] = ()
    """Conditions that were not seen true, or not seen false."""
    in_a_case: bool = False
    """Whether the sides differ in one of several cases, and agree where most points lie."""


def holds(question: Question) -> bool:
    """True where the sides are equal at random points of one choice of sizes; False where nothing has a value."""
    for sizes in question.open.assignments():
        try:
            found = _equal_modular(question, sizes)
            real = 0 if found or _differ_for_sure(question, found) else _equal_real(question, sizes, 2)
            equal = None if real is None else bool(found or real)
        except (Unseen, *cases.NO_VALUE):
            continue
        explored = _explored(question, sizes, equal, thorough=equal is None)
        if explored is not None:
            equal = explored.differ is None and (bool(equal) or explored.compared >= LEAST_COMPARED)
        if equal is not None:
            return equal
    return False


def _explored(question: Question, sizes: Sizes, equal: bool | None, thorough: bool) -> cases.Explored | None:
    """The sides in each case, and further out, where they are equal or have no value at the points near 0.

    What has one canonical form is equal in all cases.
    """
    if equal is None or (equal and cases.has_cases(question) and not _has_one_form(question, sizes)):
        return cases.explore(question, sizes, thorough)
    return None


def _has_one_form(question: Question, sizes: Sizes) -> bool:
    return _proved(question, sizes) is not None


def _proved(question: Question, sizes: Sizes) -> tuple[str, ...] | None:
    """The facts without which the sides differ, where both sides have one canonical form under them; None where not."""
    large = question.long(sizes) or _entries(question, sizes) > FEW_ENTRIES  # to evaluate it takes longer than a form
    if large and _one_form(question, False, FEW_STEPS):
        return ()
    facts = used_facts(question, sizes)
    return facts if _one_form(question, bool(facts), canonical.MOST_STEPS) else None


def _one_form(question: Question, assumed: bool, steps: int) -> bool:
    """True where both sides have one canonical form; that is looked for with steps of its own."""

    def work() -> bool:
        budget = Budget(steps, question.clock)
        return canonical.equal(question.left, question.right, question.world, assumed, budget) is True

    return question.once(("form", assumed, steps, question.world.facts), work)


def _differ_for_sure(question: Question, found: int | None) -> bool:
    """True where residues are unequal and know all laws of what the sides are made of."""
    return found == 0 and not question.laws.unknown


def _equal_modular(
    question: Question, sizes: Sizes, facts: bool = True, keep: frozenset[str] = frozenset(), own: bool = False
) -> int | None:
    """At how many points the sides are equal, 0 for unequal, None where no point counts.

    The points are the world's, which all its claims and all edits of them share, or the question's `own`.
    """
    return question.once(
        ("equal", *sorted(sizes.items()), facts, keep, own, question.world.facts),
        lambda: _equal_at_points(question, sizes, facts, keep, own),
    )


def _equal_at_points(question: Question, sizes: Sizes, facts: bool, keep: frozenset[str], own: bool) -> int | None:
    def equal(points: int) -> int | None:
        if question.long(sizes) and facts and not keep and not own:
            few = modular(question, sizes, points, most=FEW_OF_LONG)
            if few == 0 or (few and _has_one_form(question, sizes)):
                return few
        return modular(question, sizes, points, facts, keep, own)

    small = _entries(question, sizes)
    found = _at_points(question, sizes, equal)
    if found is None and small <= FEW_ENTRIES:
        found = modular(question, sizes, MANY, facts, keep, own)
    return found


def _at_points(question: Question, sizes: Sizes, work: Callable[[int], T]) -> T:
    """What `work` finds at as many points as it is evaluated at once, or at two where they are too many."""
    points = _points(question, sizes)
    try:
        return work(points)
    except TooLarge:
        if points <= 2:
            raise
        question.fewer_points(sizes)
        return work(2)


def _points(question: Question, sizes: Sizes) -> int:
    """At how many points it is evaluated at once."""
    if question.long(sizes):
        longest = question.longest_part(sizes)
        return MANY_FOR_PARTS if longest <= 1 << 13 else 2
    entries = _entries(question, sizes)
    if question.laws.cases and entries <= FEW_ENTRIES:
        return POINTS_FOR_CASES
    return POINTS if entries <= 1 << 16 and not question.has_fewer_points(sizes) else 2


def _entries(question: Question, sizes: Sizes) -> int:
    """Of the longest named quantity."""
    values = {s: sympy.Integer(n) for s, n in question.open.values(sizes).items()}
    shapes = [q.lhs.shape for q in question.needed()] + [tuple(i.size for i in question.order)]
    return max(prod(int(n.xreplace(values)) for n in shape) for shape in shapes)


def _equal_real(question: Question, sizes: Sizes, points: int, claim: str = "") -> int | None:
    """At how many of several points the sides are equal as far as balls tell, 0 where they differ at one; None where no
    point has a value, or all have 0: behind a relu that is 0 everywhere, that says nothing. Raises Unseen."""
    if question.long(sizes):
        return _equal_entries(question, sizes, claim)
    agreeing = 0
    for seed in range(3):
        for within in RANGES:
            differ = _differ_at(question, sizes, seed, within, claim, thorough=not agreeing)
            if differ:
                return 0
            if differ is not None and not _is_nothing(question, sizes, seed, within, claim):
                agreeing += 1
                break
        if agreeing == points:
            break
    return agreeing or None


def _is_nothing(question: Question, sizes: Sizes, seed: int, within: Range, claim: str) -> bool:
    """Whether both sides are 0, not just nearly so, at a point."""
    found = compared(question, reals(Doubles, question.world, sizes, seed, within, claim=claim))
    return found == (0.0, 0.0)


def _differ_at(
    question: Question, sizes: Sizes, seed: int, within: Range, claim: str, thorough: bool = False
) -> bool | None:
    """Whether the sides differ at a point; None where they have no value there. Raises Unseen.

    A difference that float64 shows is confirmed by balls where these are few. With `thorough`, what is equal is seen
    with balls in which nothing is dim.
    """
    few = _entries(question, sizes) <= FEW_ENTRIES
    rough = compared(question, reals(Doubles, question.world, sizes, seed, within, claim=claim))
    clear = rough is not None and rough[0] > CLEAR * max(rough[1], 1e-3)
    if clear and not few:
        return True
    why = ""
    for bits in PRECISIONS if few else PRECISIONS[:1]:
        at = reals(Balls, question.world, sizes, seed, within, claim=claim, bits=bits)
        try:
            differ = apart(question, at)
        except Unseen as error:
            why = f"it is not seen {error}"
            continue
        if differ or differ is None:
            return differ
        why = at.dim and f"a part is too small, or too near to a limit, to be seen with {bits} bits: {at.dim}"
        if not why and (bits > PRECISIONS[0] or not (few and thorough)):
            return False
    if why:
        raise Unseen(why)
    return False


def _equal_entries(question: Question, sizes: Sizes, claim: str) -> bool | None:
    """Equality of single entries in float64; open where differences are small, and where few points can be tried."""
    points = _points(question, sizes)
    agreeing = 0
    for seed in range(max(2, points)):
        for within in (SMALL, SIGNED) if seed == 0 else (SMALL,):
            found = compared(question, reals(Doubles, question.world, sizes, seed, within, claim=claim))
            if found is None:
                continue
            least = LEAST if within == SMALL else 1e-3
            if found[0] > CLEAR * max(found[1], least):
                return False
            agreeing += found[0] <= ROUNDING * max(found[1], least)
    return True if agreeing > POINTS else None


def sure(question: Question) -> bool:
    """True where the sides are equal on a second road: at points of their own, in all cases, at larger sizes."""
    decision = decide(question)
    if decision.verdict == AGREES:
        return all(_may_be_equal(question, sizes) for sizes in question.open.larger())
    return decision.verdict == PROVED


def _may_be_equal(question: Question, sizes: Sizes) -> bool:
    """False where the sides are seen to differ."""
    try:
        found = _equal_modular(question, sizes, own=True)
        if _differ_for_sure(question, found):
            return False
        return bool(found) or _equal_real(question, sizes, 2, question.digest) != 0
    except (Unseen, *cases.NO_VALUE):
        return True


# ---------------------------------------------------------------- the decision


@dataclass
class _Comparison:
    """What came of comparing the sides at several choices of sizes."""

    equal: list[Sizes] = field(default_factory=list)
    without: list[Sizes] = field(default_factory=list)
    """Where no point counts."""
    differ: Sizes | None = None
    case: cases.Point | None = None
    """A point at which they differ, where they do in one case only."""
    modulo: int = 0
    """Points at which residues were equal."""
    by_balls: int = 0
    """Choices of sizes at which balls decided."""
    ball_points: int = 0
    """Points at which they did."""
    open_cases: tuple[tuple[cases.Condition, bool], ...] | None = None
    valued: list[Sizes] = field(default_factory=list)
    """Where points are known at which both sides have a value."""
    unseen: str = ""
    reason: str = "no small sizes fit it"

    @property
    def unseen_cases(self) -> tuple[tuple[cases.Condition, bool], ...]:
        """Conditions that were not seen both ways; modulo a prime a sign is as it may be, but not that of a size."""
        return tuple(c for c in self.open_cases or () if self.by_balls or not c[0].u.names)


def decide(question: Question) -> Decision:
    """The verdict on left = right; undecided where it would need facts that contradict each other."""
    found = _decided(question)
    aside = _set_aside(question)
    if aside and found.verdict not in (PROVED, AGREES):
        return _undecided(aside)
    return _told(found, question.clock.said)


def _told(found: Decision, cut: str) -> Decision:
    """The decision with what the clock ended, on which it may depend."""
    if not cut or found.verdict == PROVED:
        return found
    if found.verdict == UNDECIDED and not found.unseen:
        return replace(found, reason=f"{found.reason}; {cut}")
    return replace(found, road=f"{found.road}; {cut}")


def _set_aside(question: Question) -> str:
    """The facts of what the sides depend on that are not used, and why; empty where all are."""
    several = question.world.set_aside
    read = question.left.names | question.right.names | {n for q in question.needed() for n in q.rhs.names}
    return "; ".join(together_text(several[name]) for name in sorted(several.keys() & read))


def _decided(question: Question) -> Decision:
    """The verdict under the facts that are used.

    First at the points of the world, which are quick; what is not proved then, at points of the question's own, and at
    more sizes where a size stands as a number.
    """
    budget = Budget(STEPS_TO_COMPARE, question.clock)
    first = _comparison(question, list(_assignments(question)), budget)
    if (ended := _ended(question, first)) is not None:
        return ended
    tried = first.equal
    least = min(tried, key=lambda s: sum(s.values())) if question.long(tried[0]) else tried[0]
    proved = _proved(question, least)
    if proved is not None:
        none = next((f"; a side has no value{_at(s)}" for s in first.without if 1 not in s.values()), "")
        return Decision(PROVED, f"canonical form, all sizes{none}", facts=proved)
    facts = used_facts(question, least)
    if too_long := _too_long(question):
        return _undecided(too_long)
    more, enough = _sizes_as_numbers(question, tried)
    second = _comparison(question, [*tried, *more], budget, own=True)
    if second.differ is not None or second.unseen:
        return _ended(question, second) or _undecided(second.unseen)
    enough = enough and all(sizes in second.equal for sizes in more)
    unseen = first.unseen_cases
    if enough and all(c.u.names for c, _ in unseen):
        sized = components.equal(question, tried, bool(facts), Budget(STEPS_FOR_COMPONENTS, question.clock))
        if sized is not None:
            return Decision(PROVED, f"components{_at(sized) or ' one by one'}", facts=facts)
    if unseen:
        return replace(_undecided("not every case was seen"), unseen=unseen)
    return Decision(AGREES, _agreement(question, second if second.equal else first, enough), facts=facts)


def _comparison(question: Question, choices: Sequence[Sizes], budget: Budget, own: bool = False) -> _Comparison:
    """The sides at each choice of sizes, until they differ or the steps are spent; each case is looked at but for
    `own`."""
    out = _Comparison()
    for sizes in choices:
        try:
            found = _equal_modular(question, sizes, own=own)
            claim = question.digest if own else ""
            real = 0 if found or _differ_for_sure(question, found) else _equal_real(question, sizes, 3, claim)
            equal = None if real is None else bool(found or real)
            explored = None
            if not own:
                explored = _explored(question, sizes, equal, thorough=len(out.equal) < 2)
        except Unseen as error:
            out.unseen = str(error)
            continue
        except cases.NO_VALUE as error:
            out.reason = f"it could not be evaluated: {error}"
            continue
        if equal is False or (explored is not None and explored.differ is not None):
            out.differ = sizes
            out.case = None if explored is None else explored.differ
            return out
        if explored is not None:
            unseen = explored.unseen
            out.open_cases = unseen if out.open_cases is None else cases.common(out.open_cases, unseen)
            out.valued += [sizes] if explored.compared >= LEAST_COMPARED else []
            equal = equal or explored.compared >= LEAST_COMPARED or None
        if equal is None:
            out.without.append(sizes)
            out.reason = NO_POINT
        else:
            out.modulo += found or 0
            out.by_balls += not found
            out.ball_points += real or 0
            out.equal.append(sizes)
        budget.spend(question.effort(sizes).steps(_points(question, sizes)))
        if budget.spent:
            break
    return out


NO_POINT = "no point was found at which both sides have a real value and not both are 0"


def _ended(question: Question, found: _Comparison) -> Decision | None:
    """The decision where the sides differ, or where it is not known whether they are equal or are at all."""
    if found.differ is not None:
        budget = Budget(STEPS_FOR_COUNTEREXAMPLE, question.clock)
        shown = find(question, found.differ, budget, found.case)
        where = "the sides differ" if found.case is None else "the sides differ in one case"
        road = f"{where}{_at(found.differ)}"
        return Decision(REFUTED, road, counterexample=shown, in_a_case=found.case is not None)
    if found.unseen:
        return _undecided(found.unseen)
    if not found.equal:
        return _undecided(found.reason)
    small = [sizes for sizes in found.equal if 1 in sizes.values()]
    large = [sizes for sizes in found.equal if sizes not in small]
    if any(sizes in found.valued or _has_values(question, sizes) for sizes in large):
        return None
    if cases.has_cases(question) and any(_has_values_in_a_case(question, sizes) for sizes in large):
        return None
    reason = NO_POINT
    if (at := next((sizes for sizes in small if _has_values(question, sizes)), None)) is not None:
        reason = f"the sides are equal only{_at(at)}; at larger ones {NO_POINT}"
    return _undecided(reason)


def _undecided(reason: str) -> Decision:
    return Decision(UNDECIDED, "", reason=reason)


def _has_values(question: Question, sizes: Sizes) -> bool:
    """True where a point is found at which both sides have a real value; what is too large is taken to have one."""
    for within in (*RANGES, SMALL, FAR, WIDE):
        for seed in range(SEEDS_FOR_VALUES):
            try:
                if compared(question, reals(Doubles, question.world, sizes, seed, within), FEW_OF_LONG) is not None:
                    return True
                if _entries(question, sizes) > FEW_ENTRIES:
                    continue
            except TypeError:
                pass
            except TooLarge:
                return True
            except cases.NO_VALUE:
                continue
            try:
                if apart(question, reals(Balls, question.world, sizes, seed, within)) is not None:
                    return True
            except (Unseen, *cases.NO_VALUE):
                continue
    return False


def _has_values_in_a_case(question: Question, sizes: Sizes) -> bool:
    found = cases.explore(question, sizes)
    return found is not None and found.compared >= LEAST_COMPARED


def _too_long(question: Question) -> str:
    """Why residues say nothing: numbers that could be multiples of many primes, powers that could be 1 modulo many."""
    if question.laws.longest_power > MOST_BITS_OF_POWERS:
        return f"a power of more than {MOST_BITS_OF_POWERS} bits"
    most = 29 * COUNTS[question.laws.length] // 20
    if question.laws.bits > most:
        return f"its numbers have more than {most} bits"
    return ""


def _sizes_as_numbers(question: Question, tried: Sequence[Sizes]) -> tuple[list[Sizes], bool]:
    """More sizes to try, where sizes stand as numbers; and whether there are then more than the degrees."""
    both, definitions = (question.left, question.right), question.needed()
    needed = {name: degree(name, both, definitions) for name in question.open.names}
    if any(d != 0 for d in needed.values()) and _equal_loose(question, tried[0]):
        needed = {name: degree(name, both, definitions, ones_alone=True) for name in needed}
    wanted = {name: FEW_SIZES if d is None else d for name, d in needed.items() if d != 0}
    grid, whole = question.open.grid(tried[0], wanted, MOST_SIZES)
    return [sizes for sizes in grid if sizes not in tried], whole and None not in needed.values()


def _equal_loose(question: Question, sizes: Sizes) -> bool:
    """True where the sides are equal with random numbers for the sizes that stand as numbers."""
    try:
        return bool(modular(question, sizes, _points(question, sizes), own=True, loose=True))
    except cases.NO_VALUE:
        return False


def _assignments(question: Question) -> Iterator[Sizes]:
    """The choices of sizes; where single entries are compared the first and the smallest."""
    every = question.open.assignments()
    if every:
        yield every[0]
    if every and question.long(every[0]):
        every = every[:1] + sorted(every[1:], key=lambda s: sum(s.values()))[:1]
    yield from every[1:]


def _at(sizes: Sizes) -> str:
    return " at sizes " + ", ".join(f"{name} = {n}" for name, n in sizes.items()) if sizes else ""


def _agreement(question: Question, found: _Comparison, enough: bool) -> str:
    tried = found.equal
    several = f"{len(tried)} choices of sizes" if len(tried) > 1 else "one choice of sizes"
    if not enough:
        several = f"{_at_several(tried)} only, for a size stands as a number"
    entries = sum(len(question.by_entries(sizes)[0]) for sizes in tried if question.long(sizes))
    if entries:
        how = "float64" if found.by_balls else "modulo primes"
        missed = f"what is wrong at half of the entries is missed with probability 1e-{int(entries * 0.301)}"
        return f"{entries} random entries, {how}, {several}: {missed}"
    if found.by_balls:
        bits = PRECISIONS[all(_entries(question, sizes) <= FEW_ENTRIES for sizes in tried)]
        return f"balls of {bits} bits at {found.ball_points or 'several'} random points, {several}"
    road = f"{found.modulo} random points, each modulo a prime of its own, {several}"
    if question.laws.cases:
        return f"{road}; the conditions of functions by cases hold or not at random"
    digits = min(int(-math.log10(max(_missed(question, sizes), 1e-99))) for sizes in tried)
    return f"{road}: error < 1e-{digits}" if digits > 0 else f"{road}; no bound of the error is known"


def _at_several(several: Sequence[Sizes]) -> str:
    """at sizes n = 3 and n = 4."""
    each = [", ".join(f"{name} = {n}" for name, n in sizes.items()) for sizes in several[:MOST_SAID]]
    if len(several) > MOST_SAID:
        each = [*each[:-1], f"{len(several) - MOST_SAID + 1} more"]
    return "at sizes " + " and ".join(each)


def _missed(question: Question, sizes: Sizes) -> float:
    """At most how likely it is that sides that differ at these sizes were equal at all points; see `laws.chance`."""
    points = min(MOST_CHAINS, _equal_modular(question, sizes, own=True) or 0)
    one = chance((question.left, question.right), question.needed(), sizes, question.laws.length)
    return float(min(1.0, one) ** points)


def used_facts(question: Question, sizes: Sizes) -> tuple[str, ...]:
    """The facts without which the sides differ, those of one quantity together."""
    facts = question.world.facts
    if not facts or _equal_modular(question, sizes, facts=False):
        return ()
    dropped: frozenset[str] = frozenset()
    for name in dict.fromkeys(f.symbol.name for f in facts):
        if _equal_modular(question, sizes, keep=dropped | {name}):
            dropped |= {name}
    return tuple(f.text for f in facts if f.symbol.name not in dropped)


# ---------------------------------------------------------------- a factor


def ratio(question: Question) -> sympy.Expr | None:
    """c with left = c · right, a small rational number times powers of sizes and named constants; None without one."""
    choices = question.open.distinct()
    found: list[dict[_Monomial, sympy.Rational]] = []
    for sizes in choices:
        try:
            here = _ratios(question, sizes)
        except cases.NO_VALUE:
            return None
        if here is not None:
            found.append(here)
            if not here:
                return None
    if not found or len(found) < min(2, len(choices)):
        return None
    common = {m: c for m, c in found[0].items() if all(r.get(m) == c for r in found[1:])}
    if not common:
        return None
    best = min(common, key=lambda m: (_effort(common[m]) + 3 * len(m), sorted(m, key=str)))
    return common[best] * sympy.Mul(*(symbol**power for symbol, power in best))


def _effort(c: sympy.Rational) -> int:
    return int(abs(c.p)).bit_length() + int(c.q).bit_length()


_Monomial = frozenset[tuple[sympy.Symbol, int]]


def _ratios(question: Question, sizes: Sizes) -> dict[_Monomial, sympy.Rational] | None:
    """Each monomial in sizes and constants by which the ratio of the sides is a rational number, at these sizes."""

    def evaluated(points: int) -> tuple[Residues, Array, Array, Array]:
        at = residues(question.world, sizes, points)
        return at, *sides(question, at)

    at, x, y, usable = _at_points(question, sizes, evaluated)
    if usable.sum() < 2 and _entries(question, sizes) <= FEW_ENTRIES:
        at = residues(question.world, sizes, MANY)
        x, y, usable = sides(question, at)
    x, y = x.reshape(at.points, -1)[usable], y.reshape(at.points, -1)[usable]
    if not x.any() and not y.any():
        return None
    place, counted = (y != 0).argmax(axis=1)[:, None], (y != 0).any(axis=1)
    below = np.take_along_axis(y, place, axis=1)[:, 0]
    primes = at.primes[usable]
    above = np.take_along_axis(x, place, axis=1)[:, 0]
    c = above * np.array([pow(int(d), -1, int(p)) if d else 0 for d, p in zip(below, primes, strict=True)]) % primes
    if not (x == y * c[:, None] % primes[:, None]).all() or not c[counted].all() or counted.sum() < 2:
        return {}  # one point says nothing of a number, whatever it is
    out: dict[_Monomial, sympy.Rational] = {}
    for monomial in question.open.monomials():
        value = at.constant(sympy.Mul(*(s**-p for s, p in monomial))).reshape(-1)
        left = (c * (value if value.size == 1 else value[usable]) % primes)[counted]
        found = {_rational(int(r), int(p)) for r, p in zip(left, primes[counted], strict=True)}
        if len(found) == 1 and (only := found.pop()) is not None:
            out[monomial] = only
    return out


def _rational(residue: int, prime: int) -> sympy.Rational | None:
    """The n/d of smallest terms that has this residue; None where they are large."""
    a, b, u, v = prime, residue, 0, 1
    while b > 1 << 14:
        q = a // b
        a, b, u, v = b, a - q * b, v, u - q * v
    if b == 0 or v == 0 or abs(b * v) > 1 << 24:
        return None
    return sympy.Rational(b, v)


__all__ = ["Decision", "decide", "holds", "ratio", "sure", "used_facts"]
