"""Functions with kinks in a complex step f(θ + i h v), h about 1e-30: the imaginary part is h times a derivative.

Values are compared by their real parts, roundings apart. Quantities that tie in a maximum or minimum share equally:
their mean is taken. Where a number or declared constant ties it stands alone, and |x| and √x at 0 are 0: the derivative
is 0. What is not a real number of real arguments (a root or a logarithm of a negative one) is nan, as it is in code: of
complex ones NumPy has values there, which decide comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
ROUNDING = 1e-10
"""Real parts that differ by no more, beside 1 and their own size, are one number, if nothing else is said."""
_rounding = ContextVar("rounding", default=ROUNDING)


@contextmanager
def rounding(most: float) -> Iterator[None]:
    """What is computed within takes real parts for one number that differ by no more than this."""
    token = _rounding.set(most)
    try:
        yield
    finally:
        _rounding.reset(token)


def is_taken(*values: Any) -> bool:
    """Whether one of the values is complex."""
    return any(np.iscomplexobj(v) for v in values)


def where_real(function: Callable[..., Any], *xs: Any) -> Array:
    """A function of complex arguments; nan where that of their real parts is."""
    return np.asarray(np.where(np.isnan(function(*map(np.real, xs))), np.nan, function(*xs)))


def gap(a: Any, b: Any) -> Array:
    """The difference of the real parts, 0 where it is rounding."""
    left, right = np.real(a), np.real(b)
    difference = np.subtract(left, right)
    return np.where(np.abs(difference) <= _rounding.get() * (1 + np.abs(left) + np.abs(right)), 0.0, difference)


def extreme(side: int, quantities: Sequence[Any], constants: Sequence[Any]) -> Array:
    """The maximum (`side` 1) or minimum (−1) of all."""
    every = np.broadcast_arrays(*quantities, *constants)
    best = np.max(side * np.real(every), axis=0)
    tie = [gap(side * v, best) == 0 for v in every]
    shared, fixed = slice(len(quantities)), slice(len(quantities), None)
    mean = _mean(np.array(every[shared]), np.array(tie[shared]), (0,))
    for value, there in zip(every[fixed], tie[fixed], strict=True):
        mean = np.where(there, value, mean)
    return np.asarray(np.where(np.isnan(best), np.nan, mean))


def largest(values: Array, axes: tuple[int, ...]) -> Array:
    """The maximum over `axes`."""
    best = np.real(values).max(axis=axes, keepdims=True)
    mean = _mean(values, gap(values, best) == 0, axes)
    return np.asarray(np.where(np.isnan(best.squeeze(axes)), np.nan, mean))


def magnitude(x: Any) -> Array:
    """|x|."""
    return np.asarray(np.sign(gap(x, 0)) * x)


def root(x: Any) -> Array:
    """√x; 0 where x is the square of what is rounding, as the derivative of a root is 0 at 0."""
    return np.asarray(np.where(np.abs(x) <= _rounding.get() ** 2, 0, where_real(np.sqrt, x)))


def _mean(values: Array, chosen: Array, axes: tuple[int, ...]) -> Array:
    """The mean of the chosen ones; of none, 0."""
    count = np.maximum(chosen.sum(axis=axes), 1)
    return np.asarray(np.where(chosen, values, 0).sum(axis=axes) / count)
