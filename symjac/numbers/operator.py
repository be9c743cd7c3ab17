"""A generated module's Hessian H and its step's Jacobian Df as SciPy linear operators on flat vectors.

A flat vector holds the parameters in the order of the module's Params, each raveled in C order; n is its length. The
operators compute in the parameters' dtype and give that dtype back, whatever they are applied to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symjac.numbers.extras import need
from symjac.run.failures import DataError

Array = NDArray[Any]
Params = Any
"""The module's own NamedTuple of arrays."""
Operator = Any
"""A scipy.sparse.linalg.LinearOperator."""


def size(params: Params) -> int:
    """n, the number of all entries."""
    return sum(array.size for array in params)


def flatten(params: Params) -> Array:
    """(n,): the entries of all parameters."""
    return np.concatenate([array.ravel() for array in params])


def unflatten(vector: Array, like: Params) -> Params:
    """The parameters of a flat vector (n,), shaped as `like` and of its dtypes; ValueError for another shape."""
    if vector.shape != (size(like),):
        raise ValueError(f"vector: expected shape ({size(like)},), got {vector.shape}")
    return type(like)(
        *(_real(vector[span], array).reshape(array.shape) for span, array in zip(_spans(like), like, strict=True))
    )


def flatten_block(block: Params, like: Params) -> Array:
    """(n, m): the columns of a block, whose fields are shaped (m, ...); ValueError where they are not."""
    m = len(block[0])
    for name, array, one in zip(like._fields, block, like, strict=True):
        if array.shape != (m, *one.shape):
            raise ValueError(f"{name}: expected shape {(m, *one.shape)}, got {array.shape}")
    return np.concatenate([array.reshape(m, prod(array.shape[1:])) for array in block], axis=1).T


def unflatten_block(columns: Array, like: Params) -> Params:
    """The block of the columns of (n, m): each field is shaped (m, ...), of `like`'s dtype; ValueError otherwise."""
    if columns.ndim != 2 or len(columns) != size(like):
        raise ValueError(f"columns: expected shape ({size(like)}, m), got {columns.shape}")
    rows = np.ascontiguousarray(columns.T)
    return type(like)(
        *(
            _real(rows[:, span], array).reshape(len(rows), *array.shape)
            for span, array in zip(_spans(like), like, strict=True)
        )
    )


def hessian_operator(module: ModuleType, params: Params, X: Array, T: Array) -> Operator:
    """H (n, n), symmetric: one product is one `hvp` (Pearlmutter, Neural Computation 6, 1994).

    The state at (params, X, T) is computed once, through the module's `linearize`, and a block of vectors goes through
    its `hvp_block`. DataError where the module has no second order or SciPy is missing; ValueError, from the module,
    for shapes that it does not take, and for a vector that is not real.
    """
    _offers(module, "linearize")
    state = module.linearize(params, X, T)

    def product(vector: Array) -> Array:
        return _flat(state.hvp(unflatten(vector.reshape(-1), params)), params)

    def products(columns: Array) -> Array:
        return flatten_block(state.hvp_block(unflatten_block(columns, params)), params)

    return _operator(params, matvec=product, rmatvec=product, matmat=products, rmatmat=products)


def step_operator(module: ModuleType, params: Params, X: Array, T: Array, **options: float) -> Operator:
    """Df (n, n), the Jacobian of one training step theta -> update(theta, gradients(theta)), by `iteration_jvp`.

    `options` are the update's, such as alpha. The transposed product is the module's `iteration_vjp`; a module without
    one says that its Df is symmetric. Errors as in `hessian_operator`, and DataError for an update with a state.
    """
    _offers(module, "iteration_jvp")
    _is_stateless(module)
    transposed = getattr(module, "iteration_vjp", module.iteration_jvp)

    def by(products: Callable[..., Params]) -> Callable[[Array], Array]:
        return lambda vector: _flat(products(params, X, T, unflatten(vector.reshape(-1), params), **options), params)

    return _operator(params, matvec=by(module.iteration_jvp), rmatvec=by(transposed))


class Trajectory:
    """Training with the step's products on the way: what `lyapunov_exponents` follows.

    Called with t and Q (n, m) it gives Df(theta_t) Q and then takes the step, on the data that `batch(t)` gives as
    (X, T); `params` is theta_t. It is called once a step, in order: ValueError otherwise.
    """

    def __init__(
        self, module: ModuleType, params: Params, batch: Callable[[int], tuple[Array, Array]], **options: float
    ) -> None:
        _is_stateless(module)
        self.params = params
        self._module = module
        self._batch = batch
        self._options = options
        self._next = 0

    def __call__(self, t: int, columns: Array) -> Array:
        if t != self._next:
            raise ValueError(f"step {t}: the trajectory stands at step {self._next}")
        X, T = self._batch(t)
        products: Array = step_operator(self._module, self.params, X, T, **self._options).matmat(columns)
        _, grads = self._module.gradients(self.params, X, T)
        self.params = self._module.update(self.params, grads, **self._options)
        self._next += 1
        return products


def _operator(params: Params, **products: Callable[[Array], Array]) -> Operator:
    n = size(params)
    linalg = need("scipy.sparse.linalg", "spectrum")
    return linalg.LinearOperator((n, n), dtype=np.result_type(*params), **products)


def _is_stateless(module: ModuleType) -> None:
    if hasattr(module, "State"):
        raise DataError(
            "this update keeps a state, so a step is no map of the parameters alone\n"
            "  help: take the Hessian, or an update without state; the module's iteration_jvp takes the state"
        )


def _offers(module: ModuleType, function: str) -> None:
    if not hasattr(module, function):
        raise DataError(
            f"{module.__name__}: no {function} in it\n  help: generate the module again, with its second order"
        )


def _flat(value: Params, like: Params) -> Array:
    for name, array, one in zip(like._fields, value, like, strict=True):
        if array.shape != one.shape:
            raise ValueError(f"{name}: expected shape {one.shape}, got {array.shape}")
    return flatten(value)


def _spans(params: Params) -> Iterator[slice]:
    """Where each parameter stands in a flat vector."""
    start = 0
    for array in params:
        yield slice(start, start + array.size)
        start += array.size


def _real(entries: Array, like: Array) -> Array:
    if entries.dtype.kind == "c":
        raise ValueError(f"expected real numbers, got {entries.dtype}")
    return entries.astype(like.dtype, copy=False)
