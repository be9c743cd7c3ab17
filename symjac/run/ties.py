"""Points at which quantities tie: a random point moved in one number until two sides of a kink are equal, exactly.

Where the tie persists nearby (a clipped loss between its bounds), differences must agree with the gradient; at an
isolated one, what the convention on kinks says, taken from the declared formulas by a complex step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symjac.core import complex_step

Array = NDArray[Any]
Arrays = tuple[Array, ...]
Declared = Callable[[Any, Arrays], float | complex]
"""The loss by the declared formulas, of parameters and inputs; complex of complex ones."""

AGREE = 1e-8
"""The largest relative error against the convention that agrees."""
DIFFERENCES = 1e-6
"""The same against differences."""
MOST_KINKS = 6
"""Ties are planted at no more kinks, chosen at random."""
MOST_NUMBERS = 2_000_000
"""With more parameters and inputs no ties are planted."""
PLACES = 6
"""Entries of a kink that are tried."""
FARTHEST = 64.0
"""No number is moved farther: exponentials of the declared formulas, which are not stable, must not overflow."""
STEPS = 30
"""Of the secant method, which finds a linear function's root in two or three."""
TIGHT = 1e-14
"""What ties in the declared formulas is read twice: to within `complex_step.ROUNDING`, and to within so little, where
functions that have levelled off come closer to each other than that without a tie."""
CLEAR = 1e-6
"""A smaller distance from another kink would make it doubtful which ones tie."""
INFLUENCE = 1e-9
"""A smaller change is no influence but rounding: that of a bias before a mean is subtracted, say."""
DIRECTIONS = 3
"""All parameters move at once, by random signs."""
NEARBY = (2.0**-8, 2.0**-11, 2.0**-14, 2.0**-17)
"""Steps at which a tie is seen to persist."""
STEEP = (2.0**-8, 2.0**-32)
"""Steps from a tie at which derivatives are compared; one that is so much larger at the smaller step has no bound."""
STEEPER = 16.0
ROUNDING = 1e-14
"""The part of a loss that rounding may change."""


@dataclass(frozen=True, slots=True)
class Ties:
    points: int
    error: float | None
    """The largest relative error against the convention; None where the declared formulas are not known."""
    differences: float | None
    """The largest relative error against differences; None where no tie persists nearby."""
    infinite: tuple[str, ...]
    """Kinks at which the gradient is not finite, or has no bound nearby, so that nothing was compared."""

    @property
    def agrees(self) -> bool:
        return (self.error or 0.0) <= AGREE and (self.differences or 0.0) <= DIFFERENCES


def compare(
    module: ModuleType, params: Any, inputs: Arrays, rng: np.random.Generator, declared: Declared | None
) -> Ties | None:
    """The gradients at ties planted near the point; None where none could be planted."""
    if not module.KINKS or sum(prod(np.shape(a)) for a in (*params, *inputs)) > MOST_NUMBERS:
        return None
    points = 0
    errors: list[float] = []
    differences: list[float] = []
    infinite: list[str] = []
    chosen = rng.choice(len(module.KINKS), min(MOST_KINKS, len(module.KINKS)), replace=False)
    for kink in sorted(int(k) for k in chosen):
        for at, data in _planted(module, params, inputs, kink, rng, declared):
            gradient = module.gradients(at, *data)[1]
            if not all(np.isfinite(g).all() for g in gradient):
                infinite.append(module.KINKS[kink])
                continue
            points += 1
            steep = False
            for _ in range(DIRECTIONS):
                v = tuple(rng.choice([-1.0, 1.0], np.shape(theta)) for theta in at)
                claimed = sum(float(np.vdot(g, d)) for g, d in zip(gradient, v, strict=True))
                scale = max(abs(claimed), float(np.sqrt(sum(float(np.vdot(g, g)) for g in gradient))), CLEAR)
                if declared is not None:
                    error = _against(declared, at, data, v, claimed) / scale
                    steep = steep or (not error <= AGREE and _is_steep(declared, at, data, v))
                    errors += [] if steep else [error]
                difference = _difference(module, at, data, v)
                if difference is not None and difference[1] <= DIFFERENCES * scale / 2:
                    differences.append(abs(difference[0] - claimed) / scale)
            infinite += [module.KINKS[kink]] if steep else []
    if not points and not infinite:
        return None
    unique = tuple(dict.fromkeys(infinite))
    return Ties(points, max(errors, default=None), max(differences, default=None), unique)


# ---------------------------------------------------------------- planting


def _planted(
    module: ModuleType, params: Any, inputs: Arrays, kink: int, rng: np.random.Generator, declared: Declared | None
) -> Iterator[tuple[Any, Arrays]]:
    """A point where the kink has an exact tie, and one farther on, where it persists, if it does."""
    start = (*params, *inputs)
    gaps = _gaps(module, params, start, kink)
    if gaps is None:
        return
    places = np.flatnonzero(gaps)
    # Few numbers first: a bias moves a sum by what it is moved itself.
    order = sorted(range(len(start)), key=lambda position: (position >= len(params), start[position].size))
    for place in rng.permutation(places)[:PLACES]:
        for position in order:

            def gap(step: Array, position: int = position, place: int = int(place)) -> float:
                found = _gaps(module, params, _shifted(start, position, step), kink)
                return np.nan if found is None else float(found[place])

            entry = _influence(gap, start[position], rng)
            root = None if entry is None else _root(gap, entry, float(gaps[place]))
            if entry is None or root is None:
                continue
            moved = (_shifted(start, position, s * entry) for s in (root, 1.25 * root))
            found = [_point(module, params, arrays, declared) for arrays in moved]
            if found[0] is not None:
                persists = gap(1.25 * root * entry) == 0
                yield from (f for f in found[: 1 + persists] if f is not None)
                return


def _gaps(module: ModuleType, params: Any, arrays: Sequence[Array], kink: int) -> Array | None:
    """The differences of the kink's sides, flat; None where the module refuses the arrays."""
    try:
        return np.ravel(module.kinks(params._make(arrays[: len(params)]), *arrays[len(params) :])[kink])
    except ValueError:
        return None


def _shifted(arrays: Arrays, position: int, step: Array) -> Arrays:
    return (*arrays[:position], arrays[position] + step, *arrays[position + 1 :])


def _influence(gap: Callable[[Array], float], array: Array, rng: np.random.Generator) -> Array | None:
    """A unit step of one entry that the gap depends on, found by halving; None where it depends on none."""
    if array.dtype.kind != "f" or not array.size:
        return None
    still = gap(np.zeros(array.shape))
    signs = rng.uniform(0.5, 1.0, array.size) / 64
    entries = np.arange(array.size)

    def matters(some: Array) -> bool:
        step = np.zeros(array.size)
        step[some] = signs[some]
        moved = gap(step.reshape(array.shape))
        return bool(np.isfinite(moved) and abs(moved - still) > INFLUENCE * (1 + abs(still)))

    if not matters(entries):
        return None
    while len(entries) > 1:
        half = entries[: len(entries) // 2]
        entries = half if matters(half) else entries[len(half) :]
    unit = np.zeros(array.size)
    unit[entries] = 1.0
    return unit.reshape(array.shape) if matters(entries) else None


def _root(gap: Callable[[Array], float], unit: Array, start: float) -> float | None:
    """The s at which the gap is 0, not nearly so; by the secant method."""
    s, value, other, far = 0.0, start, 2.0**-6, gap(2.0**-6 * unit)
    for _ in range(STEPS):
        if not np.isfinite(far) or abs(other) > FARTHEST:
            return None
        if far == 0:
            return other
        if far == value:
            return None
        s, value, other = other, far, other - far * (other - s) / (far - value)
        far = gap(other * unit)
    return None


def _point(module: ModuleType, params: Any, arrays: Arrays, declared: Declared | None) -> tuple[Any, Arrays] | None:
    """The arrays as a point: the loss is finite, by the declared formulas too, which may overflow, what decides is a
    number, and what does not tie is clearly apart.
    """
    at, data = params._make(arrays[: len(params)]), arrays[len(params) :]
    try:
        losses = [float(module.loss(at, *data)), *([float(np.real(declared(at, data)))] if declared else [])]
        distances = [np.abs(a) for a in module.kinks(at, *data)]
    except ValueError:
        return None
    clear = all(d[d != 0].min(initial=np.inf) > CLEAR for d in distances)  # nan is not larger
    return (at, data) if np.isfinite(losses).all() and clear else None


# ---------------------------------------------------------------- comparing


def _moved(params: Any, v: Arrays, step: complex) -> Any:
    return params._make(theta + step * d for theta, d in zip(params, v, strict=True))


def _slope(declared: Declared, params: Any, inputs: Arrays, v: Arrays, ahead: float = 0.0) -> float:
    """The derivative along v, by the declared formulas, at the point or a step ahead of it."""
    h = 1e-30
    return float(np.imag(declared(_moved(params, v, ahead + 1j * h), inputs))) / h


def _against(declared: Declared, params: Any, inputs: Arrays, v: Arrays, claimed: float) -> float:
    """The error of a derivative along v against the declared formulas, the smaller of both readings of what ties."""
    errors = []
    for most in (complex_step.ROUNDING, TIGHT):
        with complex_step.rounding(most):
            errors.append(abs(_slope(declared, params, inputs, v) - claimed))
    return min(errors)


def _is_steep(declared: Declared, params: Any, inputs: Arrays, v: Arrays) -> bool:
    """Whether the derivative grows without bound towards the point, from a side, as that of a root does."""
    for side in (-1, 1):
        far, near = (abs(_slope(declared, params, inputs, v, side * step)) for step in STEEP)
        if not near <= STEEPER * far:
            return True
    return False


def _difference(module: ModuleType, params: Any, inputs: Arrays, v: Arrays) -> tuple[float, float] | None:
    """The derivative along v by central differences, with the step at which it settles best, and how unsure it is; None
    where what ties at the point does not tie nearby.
    """
    here = _signs(module, params, inputs)
    best: tuple[float, float] | None = None
    for h in NEARBY:
        if any(not _alike(here, _signs(module, _moved(params, v, step), inputs)) for step in (-h, h)):
            continue
        central = []
        for step in (h, h / 2, h / 4):
            ahead, behind = (float(module.loss(_moved(params, v, s), *inputs)) for s in (step, -step))
            central.append((ahead - behind) / (2 * step))
        coarse, fine = ((4 * b - a) / 3 for a, b in pairwise(central))
        unsure = abs(fine - coarse) + ROUNDING * abs(ahead) / h
        if best is None or not unsure >= best[1]:
            best = fine, unsure
    return best


def _signs(module: ModuleType, params: Any, inputs: Arrays) -> list[Array]:
    return [np.sign(a) for a in module.kinks(params, *inputs)]


def _alike(left: Sequence[Array], right: Sequence[Array]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))
