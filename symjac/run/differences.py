"""A generated module's gradients against its own loss: central differences, and complex steps where it is analytic."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symjac.run import ties
from symjac.run.ties import Declared

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
WORK = 10**9
"""Numbers that pass through the loss in all comparisons together, about: a large network has fewer entries compared."""
EVALUATIONS = 8
"""Of the loss, a comparison, about."""
SPREAD = 10**7
"""A direction moves at most about so many entries, evenly spread over a larger parameter."""
COMPLEX_LARGEST = 10**8
"""A larger parameter has no complex steps: they would take a copy of it of twice the memory."""
TRIES = 20
"""Random points, of which the farthest from all kinks is taken; fewer of a large network."""
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
    moved: int
    """Entries that one direction moves."""
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
    """The largest relative error of the module's loss against the declared formulas; None where they are not known, and
    where they overflow at every point, which the module's forms of them do not."""
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
class CheckedPoint:
    params: Params
    inputs: tuple[Array, ...]
    """X, then T."""
    loss: float
    margin: float | None
    """The distance of the nearest kink."""
    rounding: float
    """How much of the loss rounding may have changed."""


def compare(
    module: ModuleType,
    seed: int = 0,
    declared: Declared | None = None,
    progress: Callable[[float], None] = lambda part: None,
) -> Report:
    """Compares `gradients` with differences of `loss` in float64, at one random point for each of BATCHES, and `loss`
    with what `declared` says of the same parameters and inputs; then `gradients` where quantities tie. `progress` is
    told which part is done.
    """
    rng = np.random.default_rng(seed)
    margins: list[float] = []
    errors: list[float] = []
    tallies: dict[str, _Tally] = {}
    with np.errstate(all="ignore"):
        for place, size in enumerate(BATCHES):
            point = random_point(module, size, rng)
            tallies = tallies or {name: _Tally(array.shape) for name, array in point.params._asdict().items()}
            done = partial(_share_done, progress, place)
            _compare(module, point, rng, tallies, done)
            margins += [] if point.margin is None else [point.margin]
            error = _error(declared, point) if declared else None
            errors += [] if error is None else [error]
        tied = ties.compare(module, point.params, point.inputs, rng, declared)
    return Report(
        tuple(tally.figure(name) for name, tally in tallies.items()),
        BATCHES,
        tuple(module.KINKS),
        min(margins, default=None),
        sum(tally.left_out for tally in tallies.values()),
        max(errors, default=None),
        tied,
    )


def _share_done(progress: Callable[[float], None], place: int, part: float) -> None:
    progress((place + part) / len(BATCHES))


def _error(declared: Declared, point: CheckedPoint) -> float | None:
    """The relative error of the loss; None where the formulas as they are declared overflow."""

    def expected(params: Params) -> float:
        return float(np.real(declared(params, point.inputs)))

    value = expected(point.params)
    if not np.isfinite(value):
        return None
    return _beside_rounding(
        abs(value - point.loss),
        FORMULAS,
        max(abs(point.loss), float(np.finfo(float).tiny), point.rounding / FORMULAS),
        lambda: _unsure(point.params, (value, expected)),
    )


def _beside_rounding(error: float, tolerance: float, scale: float, unsure: Callable[[], float]) -> float:
    """The error relative to `scale`; one that does not agree also beside what rounding explains, `unsure()`."""
    if not error <= tolerance * scale:
        scale = max(scale, unsure() / tolerance)
    return error / scale


# --- points ---


def random_point(module: ModuleType, samples: int, rng: np.random.Generator) -> CheckedPoint:
    """Parameters as the module begins with them, those that begin equal (biases) spread out; inputs and targets of the
    first kind that the module takes with a finite loss. Where there are kinks, the farthest from them of some points.
    """
    widths = _widths(module)
    refused = ""
    for kinds in product(KINDS, repeat=len(module.INPUTS)):
        best: tuple[Params, tuple[Array, ...], float, float | None] | None = None
        for number in range(1, TRIES + 1):
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
            if margin is not None and np.isnan(margin):
                refused = "a quantity that decides is not a number"
                continue
            if best is None or (margin or 0.0) > (best[3] or 0.0):
                best = params, arrays, loss, margin
            if margin is None or margin > FAR or number * EVALUATIONS * _size(params) > WORK:
                break
        if best is not None:
            params, arrays, loss, margin = best
            rounding = _unsure(params, (loss, partial(_loss, module, arrays)))
            return CheckedPoint(params, arrays, loss, margin, max(rounding, ROUNDINGS * EPS * abs(loss)))
    raise NoPoint(f"no random {' and '.join(module.INPUTS)} give a finite loss ({refused})")


def _loss(module: ModuleType, inputs: tuple[Array, ...], params: Params) -> float:
    return float(module.loss(params, *inputs))


def _size(params: Params) -> int:
    return sum(array.size for array in params)


EPS = float(np.finfo(float).eps)
ROUNDINGS = 64
"""Roundings of the loss's own size that may have gone into it."""
NUDGE = 4
"""Roundings by which the parameters are changed, at most, to see what rounding does."""
NUDGED = 8
"""How often; less often where the parameters are many."""
MORE = 8
"""How many times as much as it is seen to rounding may change a number."""


def _nudged(params: Params) -> Iterator[Params]:
    """The parameters changed by a few roundings: what a computation gives then differs by its own rounding."""
    rng = np.random.default_rng(0)
    for _ in range(min(NUDGED, max(2, WORK // (len(BATCHES) * EVALUATIONS * max(1, _size(params)))))):
        yield params._make(_times(a, rng.integers(-NUDGE, NUDGE + 1, a.shape, np.int8)) for a in params)


def _times(array: Array, roundings: Array) -> Array:
    out = roundings.astype(float)
    out *= EPS
    out += 1
    out *= array
    return out


def _unsure(params: Params, *computed: tuple[float, Callable[[Params], float]], least: float = 0.0) -> float:
    """How much of the values computed at `params` rounding may have changed, the most of any.

    They are worked out again at parameters changed by a few roundings. A sum of terms that cancel, as the derivative by
    a bias whose mean is subtracted, moves by the rounding of its terms, however small it is itself. Where it does not
    depend on the parameters, it is no surer than `least`.
    """
    seen = [abs(again(nudged) - value) for nudged in _nudged(params) for value, again in computed]
    return max(least, MORE * max((s for s in seen if np.isfinite(s)), default=0.0))


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
    """The distance from the nearest kink, nan where one is not a number. Exact zeros are left to `meets_kink`: behind a
    ReLU that is off they stay what they are.
    """
    if not module.KINKS:
        return None
    distances = [np.abs(array) for array in module.kinks(params, *inputs)]
    if any(np.isnan(array).any() for array in distances):
        return float("nan")
    return min((float(array[array > 0].min()) for array in distances if array.any()), default=0.0)


# --- comparison ---


class _Tally:
    """What has been found of one parameter so far."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.entries = 0
        self.directions = 0
        self.moved = 0
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
            name,
            self.shape,
            self.entries,
            self.directions,
            self.moved,
            self.differences,
            self.complex_step,
            self.faint,
            self.fault,
        )


@dataclass(frozen=True, slots=True)
class Direction:
    """A way to move one parameter: `values` a unit step for each of the entries `at`."""

    at: slice
    """Where, in the parameter as one row of numbers."""
    values: Array
    step: float
    """The full step of the differences."""
    entry: bool

    def slope(self, gradient: Array) -> float:
        """The derivative along this direction that a gradient claims."""
        return float(np.vdot(self.values, gradient.reshape(-1)[self.at]))

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
        at = slice(int(number), int(number) + 1)
        size = abs(float(theta.reshape(-1)[number]))
        yield Direction(at, np.ones(1), FULL_STEP * max(1.0, size), True)
    stride = 1 + theta.size // SPREAD
    for _ in range(0 if every else min(DIRECTIONS, share)):
        at = slice(int(rng.integers(stride)), None, stride)
        signs = rng.choice([-1.0, 1.0], len(range(theta.size)[at]))
        yield Direction(at, signs, FULL_STEP / signs.size**0.25, False)


def _compare(
    module: ModuleType,
    point: CheckedPoint,
    rng: np.random.Generator,
    tallies: dict[str, _Tally],
    progress: Callable[[float], None],
) -> None:
    loss, grads = module.gradients(point.params, *point.inputs)
    compared = min(COMPARED, WORK // (len(BATCHES) * EVALUATIONS * max(1, _size(point.params))))
    share = max(1, compared // len(tallies))
    for position, tally in enumerate(tallies.values()):
        progress(position / len(tallies))
        theta, gradient = point.params[position], np.asarray(grads[position])
        if gradient.shape != theta.shape:
            tally.fault = f"the gradient has the shape {gradient.shape}"
            continue
        if not abs(loss - point.loss) <= max(1e-12 * abs(point.loss), point.rounding):
            tally.fault = f"gradients() returns the loss {loss}, loss() returns {point.loss}"
        # An error is taken relative to the entry or to the parameter's typical entry, whichever is larger; for
        # differences neither counts as less than what stands out from the rounding of the loss.
        typical = float(np.linalg.norm(gradient) / np.sqrt(max(1, gradient.size)))
        faint = False
        tally.entries = tally.directions = 0
        for number, direction in enumerate(_directions(theta, share, rng), 1):
            progress((position + 1 - 1 / number) / len(tallies))
            tally.entries += direction.entry
            tally.directions += not direction.entry
            tally.moved = max(tally.moved, direction.values.size)
            along = _Along(module, point.inputs, position, direction)
            claimed = direction.slope(gradient)
            scale = max(abs(claimed), typical * direction.length, float(np.finfo(float).tiny))
            difference = _difference(along, point)
            if difference is None:
                tally.left_out += 1
            else:
                least = difference.rounding / DIFFERENCES
                faint = faint or scale < least
                error = abs(difference.value - claimed)
                again = partial(along.difference, h=difference.step)
                unsure = partial(_unsure, point.params, (difference.value, again), (claimed, along.claimed))
                tally.add("differences", _beside_rounding(error, DIFFERENCES, max(scale, least), unsure))
            if module.ANALYTIC and theta.size <= COMPLEX_LARGEST:
                exact = along.complex_step(point.params)
                again = partial(along.complex_step, h=1e-30 / 3)  # the same but for its roundings
                unsure = partial(
                    _unsure, point.params, (exact, again), (claimed, along.claimed), least=EPS * abs(point.loss)
                )
                tally.add("complex_step", _beside_rounding(abs(exact - claimed), COMPLEX, scale, unsure))
        tally.faint &= faint


@dataclass(frozen=True, slots=True)
class _Along:
    """The loss along a direction in which one parameter moves."""

    module: ModuleType
    inputs: tuple[Array, ...]
    position: int
    direction: Direction

    def claimed(self, params: Params) -> float:
        """The derivative as `gradients` has it."""
        return self.direction.slope(np.asarray(self.module.gradients(params, *self.inputs)[1][self.position]))

    def central(self, params: Params, h: float) -> float:
        ahead, behind = (float(self.module.loss(self._moved(params, step), *self.inputs)) for step in (h, -h))
        return (ahead - behind) / (2 * h)

    def extrapolated(self, params: Params, h: float) -> tuple[float, float]:
        """Richardson's extrapolation of central differences with steps h, h/2 and h/4, and how far it has settled."""
        with_h, with_half, with_quarter = (self.central(params, step) for step in (h, h / 2, h / 4))
        fourth = (4 * with_half - with_h) / 3, (4 * with_quarter - with_half) / 3
        sixth = (16 * fourth[1] - fourth[0]) / 15
        return sixth, abs(sixth - fourth[1])

    def difference(self, params: Params, h: float) -> float:
        return self.extrapolated(params, h)[0]

    def complex_step(self, params: Params, h: float = 1e-30) -> float:
        """Im L(θ + i·h·v) / h: nothing is subtracted, so h may be so small that no error of truncation remains."""
        return float(np.imag(self.module.loss(self._moved(params, 1j * h), *self.inputs))) / h

    def meets_kink(self, params: Params, h: float) -> bool:
        """Whether some quantity with a kink at 0 changes its sign between θ − h·v and θ + h·v."""
        if not self.module.KINKS:
            return False
        ahead, behind = (self.module.kinks(self._moved(params, step), *self.inputs) for step in (h, -h))
        return any(bool(np.any(np.sign(a) != np.sign(b))) for a, b in zip(ahead, behind, strict=True))

    def _moved(self, params: Params, step: complex) -> Params:
        theta = np.array(params[self.position], np.result_type(step, np.float64), order="C")
        theta.reshape(-1)[self.direction.at] += step * self.direction.values
        return params._replace(**{params._fields[self.position]: theta})


@dataclass(frozen=True, slots=True)
class _Difference:
    value: float
    rounding: float
    """How much of it rounding of the loss may have changed."""
    step: float


def _difference(along: _Along, point: CheckedPoint) -> _Difference | None:
    """The derivative along the direction, at the first step h where it has settled to within rounding, or else where it
    settles best. None where every h meets a kink.
    """
    best: tuple[float, _Difference] | None = None
    for shrink in SHRINKS:
        h = along.direction.step * shrink
        if along.meets_kink(point.params, h):
            continue
        value, unsettled = along.extrapolated(point.params, h)
        rounding = point.rounding / h
        if best is None or not unsettled + rounding >= best[0]:
            best = unsettled + rounding, _Difference(value, rounding, h)
        if unsettled <= max(1e-2 * DIFFERENCES * abs(value), rounding):
            break
    return best[1] if best else None
