"""The NumPy oracle: the value of any expression, one np.einsum a product. For tests and checks, not for speed.

Of complex arrays it takes complex steps, with the conventions at kinks: see `complex_step`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symjac.core import complex_step, scalar
from symjac.core.expr import (
    Add,
    Contract,
    Determinant,
    Expr,
    Identity,
    Inverse,
    Map,
    Max,
    Number,
    OfMatrix,
    Symbol,
    walk,
)
from symjac.core.index import Index


def size_of(size: sympy.Expr, constants: Mapping[str, Any]) -> int:
    """The number behind a size. Raises KeyError where a symbol in it has no value."""
    return int(size) if size.is_Integer else round(scalar.evaluate(size, (), dict(constants)))


def evaluate(e: Expr, order: Sequence[Index], tensors: Mapping[str, Any], constants: Mapping[str, Any]) -> Any:
    """The array of `e` with one axis an index of `order`, which holds every free index of `e`.

    `tensors` gives an array for each symbol's name, `constants` a number for each size and named constant.
    Raises KeyError for a missing one, ValueError for one of another shape and for the inverse of a singular matrix.
    """
    values: dict[Expr, Any] = {}
    for node in walk(e):
        values[node] = _value(node, values, tensors, constants)
    return np.array(_spread(values[e], e.free, order, constants), order="C")  # owns its memory


def _value(node: Expr, values: Mapping[Expr, Any], tensors: Mapping[str, Any], constants: Mapping[str, Any]) -> Any:
    """The array of one node over its free indices, sorted by name."""
    match node:
        case Number():
            return np.asarray(scalar.evaluate(node.value, (), dict(constants)))
        case Symbol():
            array = np.asarray(tensors[node.name])
            expected = tuple(size_of(i.size, constants) for i in node.indices)
            if array.shape != expected:
                raise ValueError(f"{node.key} has shape {expected}, the array given for it {array.shape}")
            return np.einsum(array, _labels(node.indices, node), _labels(node.free, node))
        case Identity():
            grid = {i: np.arange(size_of(i.size, constants)) for i in node.free}
            spread = {i: _spread(g, (i,), node.free, constants) for i, g in grid.items()}
            where = sum(
                (scalar.evaluate(c, (), dict(constants)) * spread[i] for c, i in node.terms),
                scalar.evaluate(node.offset, (), dict(constants)),
            )
            return (spread[node.target] == where).astype(float)
        case Add():
            return sum(_spread(values[t], t.free, node.free, constants) for t in node.terms)
        case Contract():
            operands: list[Any] = []
            for f in node.factors:
                operands += [values[f], _labels(f.free, node)]
            return np.einsum(*operands, _labels(node.free, node), optimize=len(node.factors) > 2)
        case Map():
            args = [_spread(values[a], a.free, node.free, constants) for a in node.args]
            return np.asarray(scalar.evaluate(node.formula, args, dict(constants)))
        case Max():
            body = node.body
            axes = tuple(body.free.index(i) for i in node.over)
            value = values[body]
            return complex_step.largest(value, axes) if complex_step.is_taken(value) else value.max(axis=axes)
        case Inverse():
            matrices, outside = _matrices(node, values, constants)
            have = _labels([*outside, node.left, node.right], node)
            return np.einsum(np.linalg.inv(matrices), have, _labels(node.free, node))
        case Determinant():
            return np.asarray(np.linalg.det(_matrices(node, values, constants)[0]))
    raise TypeError(f"no value for {type(node).__name__}")


def _matrices(node: OfMatrix, values: Mapping[Expr, Any], constants: Mapping[str, Any]) -> tuple[Any, list[Index]]:
    """A stack of matrices in the last two axes, and the indices of the axes before them."""
    outside = [i for i in node.body.free if i not in (node.row, node.column)]
    return _spread(values[node.body], node.body.free, (*outside, node.row, node.column), constants), outside


def _labels(indices: Sequence[Index], node: Expr) -> list[int]:
    """einsum's integer labels: the place of each index among all that `node` speaks of."""
    names = sorted({i.name for i in node.free} | {i.name for c in node.children for i in c.free})
    return [names.index(i.name) for i in indices]


def _spread(value: Any, have: Sequence[Index], want: Sequence[Index], constants: Mapping[str, Any]) -> Any:
    """`value` over the axes `have`, repeated along the axes of `want` that it lacks."""
    have = list(have)
    value = np.asarray(value)
    value = value.transpose([have.index(i) for i in want if i in have])
    value = value.reshape([size_of(i.size, constants) if i in have else 1 for i in want])
    return np.broadcast_to(value, [size_of(i.size, constants) for i in want])
