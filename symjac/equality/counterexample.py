"""A point at which two sides differ, of small sizes and simple numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy

from symjac.calculus.facts import free_name
from symjac.core.scalar import slot
from symjac.equality import cases
from symjac.equality.arrays import Array, TooLarge
from symjac.equality.budget import Budget
from symjac.equality.outcome import Counterexample
from symjac.equality.question import Question, apart, compared, reals, sides
from symjac.equality.reals import (
    HALVES,
    LEAST,
    PARTS,
    PRECISIONS,
    RANGES,
    SIMPLE,
    SIMPLE_POSITIVE,
    SMALL,
    Balls,
    Doubles,
    NotRational,
    Range,
    Rationals,
    Reals,
    Unseen,
    ball_text,
    polynomial,
)
from symjac.equality.small_sizes import Sizes

MOST_SHOWN = 6
LONGEST_SHOWN = 12
POINTS_TO_DIFFER = 4
OF_A_BALL = 100
"""Points in float64 that take as long as one in balls."""
_SIMPLEST: tuple[tuple[Range, int], ...] = (
    (SIMPLE, 0), (SIMPLE, 1), (SIMPLE_POSITIVE, 0), (HALVES, 0), (PARTS, 0), (SIMPLE, 2), (HALVES, 1), (PARTS, 1),
)  # fmt: skip


def find(question: Question, known: Sizes, budget: Budget, point: cases.Point | None = None) -> Counterexample | None:
    """A point where left and right differ, at the smallest sizes found; `known` are sizes at which they do, `point` is
    one where they do if few points show it."""
    if point is not None:
        at = cases.at_point(question, known, point)
        return _of_balls(question, known, at)
    large = _large(question, known)
    for sizes in [] if large else _candidates(question, known):
        if budget.spent:
            break
        budget.spend(question.effort(sizes).steps(POINTS_TO_DIFFER))
        if not _differs(question, sizes):
            continue
        for within, seed in _SIMPLEST:
            shown = _at(question, sizes, within, seed)
            if shown is not None:
                return shown
    for seed in range(3):
        for within in (SMALL, *RANGES) if question.long(known) else RANGES:
            if budget.spent and seed:
                return None
            budget.spend(question.effort(known).steps(OF_A_BALL))
            shown = _in_floats(question, known, within, seed, simple=False, large=large)
            if shown is not None:
                return shown
    return None


def _candidates(question: Question, known: Sizes) -> Iterator[Sizes]:
    for count, sizes in enumerate(question.open.rising(3)):
        if count == 60:
            break
        yield sizes
    yield known


def _differs(question: Question, sizes: Sizes) -> bool:
    """False where the sides are equal at general points of these sizes."""
    counted = 0
    for seed, within in ((s, r) for r in RANGES for s in range(4)):
        try:
            found = compared(question, reals(Doubles, question.world, sizes, seed, within))
        except (TooLarge, TypeError, ValueError, ZeroDivisionError, OverflowError, KeyError):
            return False
        if found is not None:
            counted += 1
            if found[0] > 1e-12 * max(found[1], 1e-3):
                return True
        if counted == POINTS_TO_DIFFER:
            return False
    return not counted


def _large(question: Question, known: Sizes) -> bool:
    return question.long(known) or any(n.is_Integer and n > 16 for n in question.open.lengths)


def _at(question: Question, sizes: Sizes, within: Range, seed: int) -> Counterexample | None:
    at = reals(Rationals, question.world, sizes, seed, within, simple=True)
    try:
        x, y, _ = sides(question, at)
    except (NotRational, TypeError):
        return _in_floats(question, sizes, within, seed, simple=True)
    except (ZeroDivisionError, TooLarge):
        return None
    if not (x != y).any():
        return None
    return _shown(question, at, sizes, x, y, (x != y))


def _in_floats(
    question: Question, sizes: Sizes, within: Range, seed: int, simple: bool, large: bool = False
) -> Counterexample | None:
    try:
        if large:
            rough = compared(question, reals(Doubles, question.world, sizes, seed, within, simple))
            if rough is not None and rough[0] > 1e-6 * max(rough[1], LEAST if within == SMALL else 1e-3):
                at = reals(Doubles, question.world, sizes, seed, within, simple)
                with np.errstate(all="ignore"):
                    x, y, _ = sides(question, at)
                return _shown(question, at, sizes, x, y, _largest(np.abs(x - y)))
        return _in_balls(question, sizes, within, seed, simple)
    except (TooLarge, Unseen, TypeError, ValueError, ZeroDivisionError, OverflowError, KeyError):
        return None


def _in_balls(question: Question, sizes: Sizes, within: Range, seed: int, simple: bool) -> Counterexample | None:
    for bits in PRECISIONS:
        at = reals(Balls, question.world, sizes, seed, within, simple, bits=bits)
        differ = apart(question, at)
        if differ is None:
            return None
        if differ:
            return _of_balls(question, sizes, at)
    return None


def _of_balls(question: Question, sizes: Sizes, at: Balls) -> Counterexample:
    x, y, _ = sides(question, at)
    with at.precision():
        gap = np.frompyfunc(lambda v: 0.0 if v.contains(0) else max(abs(float(v)), 1e-300), 1, 1)(x - y)
        return _shown(question, at, sizes, x, y, _largest(np.asarray(gap).astype(float)))


def _largest(gap: Array) -> Array:
    return gap >= gap.max() / 4


def _shown(question: Question, at: Reals, sizes: Sizes, x: Array, y: Array, differ: Array) -> Counterexample:
    """The first entry that differs; left is what was derived, right what was claimed."""
    place = tuple(int(p[0]) for p in np.nonzero(differ))
    entry = f"entry ({', '.join(str(p + 1) for p in place[1:])})" if len(place) > 1 else ""
    if question.long(sizes):
        entry = f"entry ({', '.join(str(p + 1) for p in question.by_entries(sizes)[0][place[1]].at)})"
    elif question.order and x.ndim == 1:
        entry = "the entries summed with random weights"
    a, b = _without_rounding(x[place], y[place])
    for digits in (6, 12, 20, 40):
        claimed, derived = _number(b, digits), _number(a, digits)
        if claimed != derived:
            break
    else:
        derived = _number(a, 6)
        claimed = f"{derived} and {_number(b - a, 6)} more"
    return Counterexample(tuple(sizes.items()), tuple(_values(question, at)), entry, claimed, derived)


def _without_rounding(a: Any, b: Any) -> tuple[Any, Any]:
    """What is 0 but for rounding as 0, beside the other."""
    least = 1e-12 * max(abs(float(a)), abs(float(b)))
    return _zero(a, least), _zero(b, least)


def _zero(value: Any, least: float) -> Any:
    if isinstance(value, flint.arb):
        return Fraction(0) if value.contains(0) else value
    return 0.0 if isinstance(value, float) and abs(value) < least else value


def _values(question: Question, at: Reals) -> list[tuple[str, str]]:
    """Constants, unknown functions and the free quantities that the sides depend on, the short ones."""
    world = question.world
    out = [(name, _number(at.constants[name], 6)) for name in question.open.constant_names if name in at.constants]
    if at.simple:
        out += [(f"{name}(x)", _polynomial(name)) for name in sorted(at.unknowns)]
    read = {n for q in question.needed() for n in q.rhs.names} | question.left.names | question.right.names
    assumed = {f.symbol.name for f in world.facts}
    free = [n for n in read if n in assumed or n not in world.equations]
    names = set(free) - {free_name(a) for a in assumed}
    arrays = sorted((at.named(n).size, n) for n in names if at.has(n))
    short = [(name, _array(at.named(name)[0, ...])) for size, name in arrays if size <= LONGEST_SHOWN]
    return [*out, *short][:MOST_SHOWN]


def _polynomial(name: str) -> str:
    return str(polynomial(name).xreplace({slot(0): sympy.Symbol("x")})).replace("**", "^").replace("*", " ")


def _array(value: Array) -> str:
    if value.ndim == 0:
        return _number(value[()], 6)
    return "[" + ", ".join(_array(v) if isinstance(v, np.ndarray) else _number(v, 6) for v in value) + "]"


def _number(value: Any, digits: int) -> str:
    if isinstance(value, Fraction):
        return str(value)
    rounded = float(value)
    if digits <= 12 and (isinstance(value, float) or (math.isfinite(rounded) and (rounded or value == 0))):
        return f"{rounded:.{digits}g}"
    return f"{rounded:.{digits}g}" if isinstance(value, float) else ball_text(value, digits)
