"""A generated module's gradients against its own loss: central differences, and complex steps where it is analytic."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symjac.check import ties
from symjac.check.ties import Declared

Array = NDArray[Any]
Params = Any
"""The module's own NamedTuple of arrays."""
Kind = Callable[[np.random.Generator, tuple[int, ...], int], Array]
"""Draws an array of a shape whose samples stand along an axis."""

DIFFERENCES = 1e-6
COMPLEX = 1e-12
FORMULAS = 1e-10
"""The largest relative errors that agree."""

BATCHES = (3, 5)
"""Samples at the random points, one point each: two sizes, so no factor of k passes for a number."""
EVERY = 200
"""A parameter of no more entries is checked entry by entry; a larger one at `SAMPLED` of them and in `DIRECTIONS`."""
SAMPLED = 24
DIRECTIONS = 6
"""A direction of random signs moves every entry at once, so one wrong entry anywhere shows."""
FULL_STEP = 2.0**-8
"""About eps^(1/7), which suits an error of the order h^6 and the rounding of a loss near 1."""
SHRINKS = (1.0, 2.0**-3, 2.0**-6, 2.0**-9, 2.0**-12)
"""The steps that are tried in turn, as parts of the full one: a kink or a fast change nearby wants a smaller step."""
COMPARED = 1000
"""Entries of all parameters together, about: a network of many parameters has fewer of each compared, never none."""
TRIES = 20
"""Random points, of which the farthest from all kinks is taken."""
FAR = 1e-3
"""A distance from all kinks that ends the search."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One parameter's check; the errors are the largest ones, None where the method was not used."""

    parameter: str
    shape: tuple[int, ...]
    entries: int
    """Entries compared, each at every point."""
    directions: int
    differences: float | None
    complex_step: float | None
    faint: bool
    """Whether at every point some difference was too small to stand out from the rounding of the loss by 1e6."""
    fault: str = ""
    """What is wrong where no error can say it: a shape, a number that is not finite."""

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def agrees(self) -> bool:
        if self.fault or self.differences is None:
            return False
        return self.differences <= DIFFERENCES and (self.complex_step is None or self.complex_step <= COMPLEX)


@dataclass(frozen=True, slots=True)
class Report:
    figures: tuple[Figure, ...]
    batches: tuple[int, ...]
    kinks: tuple[str, ...]
    """The places where the loss has a kink, which the points and the steps keep away from."""
    kept_away: float | None
    """The smallest distance from a kink at any of the points; None without kinks."""
    left_out: int
    """Differences not taken since a kink stood too close."""
    loss: float | None
    """The largest relative error of the module's loss against the declared formulas; None where they are not known."""
    ties: ties.Ties | None
    """The gradients where quantities tie; None where there is no kink, or no tie was found."""

    @property
    def agrees(self) -> bool:
        if self.ties is not None and not self.ties.agrees:
            return False
        return (self.loss is None or self.loss <= FORMULAS) and all(figure.agrees for figure in self.figures)


class NoPoint(Exception):
    """No random point was found at which the module gives a finite loss, so nothing could be checked."""


@dataclass(frozen=True, slots=True)
class Point:
    params: Params
    inputs: tuple[Array, ...]
    """X, then T."""
    loss: float
    margin: float | None
    """The distance of the nearest kink."""


def check(module: ModuleType, seed: int = 0, declared: Declared | None = None) -> Report:
    """Compares `gradients` with differences of `loss` in float64, at one random point for each of BATCHES, and `loss`
    with what `declared` says of the same parameters and inputs; then `gradients` where quantities tie.
    """
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        points = [random_point(module, size, rng) for size in BATCHES]
        tallies = {name: _Tally(array.shape) for name, array in points[0].params._asdict().items()}
        for point in points:
            _compare(module, point, rng, tallies)
        tied = ties.compare(module, points[0].params, points[0].inputs, rng, declared)
    margins = [point.margin for point in points if point.margin is not None]
    return Report(
        tuple(tally.figure(name) for name, tally in tallies.items()),
        BATCHES,
        tuple(module.KINKS),
        min(margins, default=None),
        sum(tally.left_out for tally in tallies.values()),
        max(_error(declared, point) for point in points) if declared else None,
        tied,
    )


def _error(declared: Declared, point: Point) -> float:
    return abs(declared(point.params, point.inputs) - point.loss) / max(abs(point.loss), np.finfo(float).tiny)


# --- points ---


def random_point(module: ModuleType, samples: int, rng: np.random.Generator) -> Point:
    """Parameters as the module begins with them, those that begin equal (biases) spread out; inputs and targets of the
    first kind that the module takes with a finite loss. Where there are kinks, the farthest from them of some points.
    """
    widths = _widths(module)
    refused = ""
    for kinds in product(KINDS, repeat=len(module.INPUTS)):
        best: Point | None = None
        for _ in range(TRIES):
            drawn = zip(kinds, module.INPUTS.values(), strict=True)
            arrays = tuple(_draw(kind, rng, shape, samples, widths) for kind, shape in drawn)
            start = module.init(rng, np.float64, **widths)
            params = start._make(_spread(array, rng) for array in start)
            try:
                loss = float(module.loss(params, *arrays))
            except ValueError as error:  # these data break a declared fact: another kind may hold it
                refused = str(error)
                break
            if not np.isfinite(loss):
                refused = f"the loss is {loss}"
                continue
            margin = _margin(module, params, arrays)
            if best is None or (margin or 0.0) > (best.margin or 0.0):
                best = Point(params, arrays, loss, margin)
            if margin is None or margin > FAR:
                break
        if best is not None:
            return best
    raise NoPoint(f"no random {' and '.join(module.INPUTS)} give a finite loss ({refused})")


def _spread(array: Array, rng: np.random.Generator) -> Array:
    return array if np.ptp(array) > 0 else np.asarray(array + 0.1 * rng.standard_normal(array.shape))


def _widths(module: ModuleType) -> dict[str, int]:
    """A small number for each size that the spec leaves open beside the number of samples: what `init` asks for."""
    asked = inspect.signature(module.init).parameters.values()
    return {p.name: 2 + number for number, p in enumerate(p for p in asked if p.kind is p.KEYWORD_ONLY)}


def _draw(
    kind: Kind, rng: np.random.Generator, shape: tuple[int | str, ...], samples: int, widths: dict[str, int]
) -> Array:
    sizes = tuple(widths.get(size, samples) if isinstance(size, str) else size for size in shape)
    axis = next((a for a, size in enumerate(shape) if isinstance(size, str) and size not in widths), 0)
    return kind(rng, sizes, axis)


def _normal(rng: np.random.Generator, shape: tuple[int, ...], axis: int) -> Array:
    return rng.standard_normal(shape)


def _unit(rng: np.random.Generator, shape: tuple[int, ...], axis: int) -> Array:
    return rng.uniform(0.05, 0.95, shape)


def _distribution(rng: np.random.Generator, shape: tuple[int, ...], axis: int) -> Array:
    """Positive numbers that sum to 1 over each sample."""
    weights: Array = rng.uniform(0.05, 1.0, shape)
    totals: Array = weights.sum(axis=tuple(i for i in range(len(shape)) if i != axis), keepdims=True)
    return weights / totals


def _one_hot(rng: np.random.Generator, shape: tuple[int, ...], axis: int) -> Array:
    flat = np.moveaxis(np.zeros(shape), axis, 0)
    rows = flat.reshape(shape[axis], -1)
    rows[np.arange(len(rows)), rng.integers(rows.shape[1], size=len(rows))] = 1
    one_hot: Array = np.moveaxis(rows.reshape(flat.shape), 0, axis)
    return one_hot


KINDS: tuple[Kind, ...] = (_normal, _unit, _distribution, _one_hot)
"""From the most general to the most special: what a declared fact does not forbid is tried first."""


def _margin(module: ModuleType, params: Params, inputs: tuple[Array, ...]) -> float | None:
    """Exact zeros are left to `_meets_kink`: behind a ReLU that is off they stay what they are."""
    if not module.KINKS:
        return None
    distances = (np.abs(array) for array in module.kinks(params, *inputs))
    return min((float(array[array > 0].min()) for array in distances if array.any()), default=0.0)


# --- comparison ---


class _Tally:
    """What has been found of one parameter so far."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.entries = 0
        self.directions = 0
        self.differences: float | None = None
        self.complex_step: float | None = None
        self.left_out = 0
        self.faint = True
        self.fault = ""

    def add(self, method: str, error: float) -> None:
        if not np.isfinite(error):
            self.fault = "a derivative is not finite"
        else:
            setattr(self, method, max(error, getattr(self, method) or 0.0))

    def figure(self, name: str) -> Figure:
        return Figure(
            name, self.shape, self.entries, self.directions, self.differences, self.complex_step, self.faint, self.fault
        )


@dataclass(frozen=True, slots=True)
class Direction:
    """A way to move one parameter: `values` a unit step, at the entry `at` or, where that is None, at every entry."""

    at: tuple[int, ...] | None
    values: Array
    step: float
    """The full step of the differences."""

    def of(self, array: Array) -> Array:
        """The part of a parameter-shaped array that this direction moves."""
        return array if self.at is None else np.asarray(array[self.at])

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.values))


def _directions(theta: Array, share: int, rng: np.random.Generator) -> Iterator[Direction]:
    """Every entry, or some entries and some directions of random signs, at most `share` of each. The step grows with
    the entry; where all entries move at once it shrinks, so that a sum over them moves about as much as for one.
    """
    every = theta.size <= min(EVERY, share)
    for number in (
        range(theta.size) if every else rng.choice(theta.size, min(SAMPLED, share, theta.size), replace=False)
    ):
        at = tuple(int(i) for i in np.unravel_index(int(number), theta.shape))
        yield Direction(at, np.asarray(1.0), FULL_STEP * max(1.0, abs(float(theta[at]))))
    for _ in range(0 if every else min(DIRECTIONS, share)):
        yield Direction(None, rng.choice([-1.0, 1.0], theta.shape), FULL_STEP / theta.size**0.25)


def _compare(module: ModuleType, point: Point, rng: np.random.Generator, tallies: dict[str, _Tally]) -> None:
    loss, grads = module.gradients(point.params, *point.inputs)
    share = max(1, COMPARED // len(tallies))
    for position, tally in enumerate(tallies.values()):
        theta, gradient = point.params[position], np.asarray(grads[position])
        if gradient.shape != theta.shape:
            tally.fault = f"the gradient has the shape {gradient.shape}"
            continue
        if not abs(loss - point.loss) <= 1e-12 * max(1.0, abs(point.loss)):
            tally.fault = f"gradients() returns the loss {loss}, loss() returns {point.loss}"
        # An error is taken relative to the entry or to the parameter's typical entry, whichever is larger; for
        # differences neither counts as less than what stands out from the rounding of the loss.
        typical = float(np.sqrt(np.mean(gradient**2))) if gradient.size else 0.0
        faint = False
        tally.entries = tally.directions = 0
        for direction in _directions(theta, share, rng):
            tally.entries += direction.at is not None
            tally.directions += direction.at is None
            claimed = float(np.vdot(direction.values, direction.of(gradient)))
            scale = max(abs(claimed), typical * direction.length, np.finfo(float).tiny)
            difference = _difference(module, point, position, direction)
            if difference is None:
                tally.left_out += 1
            else:
                found, rounding = difference
                faint = faint or scale < rounding / DIFFERENCES
                tally.add("differences", abs(found - claimed) / max(scale, rounding / DIFFERENCES))
            if module.ANALYTIC:
                tally.add("complex_step", abs(_complex_step(module, point, position, direction) - claimed) / scale)
        tally.faint &= faint


def _difference(module: ModuleType, point: Point, position: int, direction: Direction) -> tuple[float, float] | None:
    """The derivative along the direction, and how much of it rounding may have changed: Richardson's extrapolation of
    central differences with the steps h, h/2 and h/4, at the first h where it has settled to within rounding, or else
    where it settles best. None where every h meets a kink.
    """
    best: tuple[float, float, float] | None = None
    for shrink in SHRINKS:
        h = direction.step * shrink
        if _meets_kink(module, point, position, direction, h):
            continue
        with_h, with_half, with_quarter = (
            _central(module, point, position, direction, step) for step in (h, h / 2, h / 4)
        )
        fourth = (4 * with_half - with_h) / 3, (4 * with_quarter - with_half) / 3
        sixth = (16 * fourth[1] - fourth[0]) / 15
        unsettled = abs(sixth - fourth[1])
        rounding = 64 * float(np.finfo(float).eps) * abs(point.loss) / h
        if best is None or not unsettled + rounding >= best[0]:
            best = unsettled + rounding, sixth, rounding
        if unsettled <= max(1e-2 * DIFFERENCES * abs(sixth), rounding):
            break
    return best[1:] if best else None


def _central(module: ModuleType, point: Point, position: int, direction: Direction, h: float) -> float:
    ahead, behind = (float(module.loss(_moved(point, position, direction, step), *point.inputs)) for step in (h, -h))
    return (ahead - behind) / (2 * h)


def _meets_kink(module: ModuleType, point: Point, position: int, direction: Direction, h: float) -> bool:
    """Whether some quantity with a kink at 0 changes its sign between θ − h·v and θ + h·v."""
    if not module.KINKS:
        return False
    ahead, behind = (module.kinks(_moved(point, position, direction, step), *point.inputs) for step in (h, -h))
    return any(bool(np.any(np.sign(a) != np.sign(b))) for a, b in zip(ahead, behind, strict=True))


def _complex_step(module: ModuleType, point: Point, position: int, direction: Direction) -> float:
    """Im L(θ + i·h·v) / h: nothing is subtracted, so h may be so small that no error of truncation remains."""
    h = 1e-30
    loss = module.loss(_moved(point, position, direction, 1j * h), *point.inputs)
    return float(np.imag(loss)) / h


def _moved(point: Point, position: int, direction: Direction, step: complex) -> Params:
    theta = np.array(point.params[position], np.result_type(step, np.float64))
    if direction.at is None:
        theta += step * direction.values
    else:
        theta[direction.at] += step
    return point.params._replace(**{point.params._fields[position]: theta})
