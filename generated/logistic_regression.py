# Written by symjac; edited by hand where this is not the SHA-256 of all below: dbb629e3e32d81be
"""logistic_regression: a network and its gradients, derived by symjac from logistic_regression.yaml.

Conventions: samples are rows, a dense layer is A = X W + 1 bᵀ; a gradient has the shape of its parameter;
quantities that tie in a maximum or minimum share equally (nested ones flattened); against a number or
declared constant the derivative is 0 (relu'(0) = 0); the absolute value has 0. ⊙ and ⊘ multiply and divide
entry by entry, 𝟏 is a vector of ones, X[n] is sample n. R.. is the derivative of a quantity along V, G..
stands for a cotangent in a Gauss-Newton product. Laid out by templates/numpy/module.py.j2.

    X        (k, 8)  input
    T        (k, 1)  input
    W1       (8, 1)  parameter
    b1       (1,)    parameter
    A1       (k, 1)  dense
    Y        (k, 1)  sigmoid
    delta_1  (k, 1)  ∂L/∂A1
    dW1      (8, 1)  ∂L/∂W1
    db1      (1,)    ∂L/∂b1
"""

from __future__ import annotations

import math
from functools import cached_property, wraps
from typing import NamedTuple

import numpy as np

INPUTS = {
    "X": ("k", 8),
    "T": ("k", 1),
}
PARAMETERS = {
    "W1": (8, 1),
    "b1": (1,),
}
ANALYTIC = True
KINKS = ()


class Params(NamedTuple):
    W1: np.ndarray  # (8, 1)
    b1: np.ndarray  # (1,)


class Activations(NamedTuple):
    A1: np.ndarray  # (k, 1)
    Y: np.ndarray  # (k, 1)


def init(rng: np.random.Generator, dtype: type = np.float64) -> Params:
    """Normal numbers of mean 0; what multiplies them is their standard deviation."""
    return Params(
        W1=(math.sqrt(2) * rng.standard_normal((8, 1)) / 4).astype(dtype),
        b1=np.zeros((1,), dtype),
    )


def check_arrays(declared: dict[str, tuple[int | str, ...]], arrays: dict[str, np.ndarray]) -> None:
    """Raise ValueError where an array is not of floats or has not the declared shape; a letter is one size throughout."""
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        shape = declared[name]
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fc":
            found = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
            raise ValueError(f"{name}: expected an array of floats, got {found}{remedy(name, array, shape)}")
        given = tuple(sizes.get(s, n) if isinstance(s, str) else s for s, n in zip(shape, array.shape))
        if array.shape != given or len(shape) != array.ndim or 0 in array.shape:
            expected = f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
            known = "".join(f", {s} = {sizes[s]}" for s in shape if s in sizes) or ", every size at least 1"
            raise ValueError(f"{name}: expected shape {expected}{known}; got {array.shape}{remedy(name, array, shape)}")
        sizes.update((s, n) for s, n in zip(shape, given) if isinstance(s, str))


def remedy(name: str, array: np.ndarray, shape: tuple[int | str, ...]) -> str:
    """What to write instead, where a line of NumPy does it; labels are whole numbers in the place of one-hot rows."""
    if not isinstance(array, np.ndarray):
        return f"; give np.asarray({name}, float)"
    size = next((s for s in shape if not isinstance(s, str)), 0)
    flat = array.reshape(-1)
    if len(shape) == 2 and size > 1 and array.shape in (flat.shape, (*flat.shape, 1)) and array.dtype.kind in "iuf":
        if ((flat >= 0) & (flat < size) & (flat == np.floor(flat))).all():
            labels = name + ".ravel()" * (array.ndim - 1) + ".astype(int)" * (array.dtype.kind == "f")
            rows = f"np.eye({size})[{labels}]"
            return "; for labels give one-hot " + (f"rows: {rows}" if isinstance(shape[0], str) else f"columns: {rows}.T")
    if array.dtype.kind in "iub":
        return f"; give {name}.astype(float)"
    if len(shape) == 2 and array.ndim == 2 and size in array.shape and array.shape[isinstance(shape[0], str)] != size:
        return f"; give {name}.T"
    return ""


def check_params(**given: Params) -> None:
    """Raise ValueError where something is not one array for each parameter, in their order."""
    for name, arrays in given.items():
        if hasattr(arrays, "keys"):
            fields = f"({name}[field] for field in Params._fields)"
            raise ValueError(f"{name}: expected Params, got {type(arrays).__name__}; give Params(*{fields})")
        if not isinstance(arrays, (tuple, list)) or len(arrays) != len(Params._fields):
            found = f"{len(arrays)} of them" if isinstance(arrays, (tuple, list)) else type(arrays).__name__
            raise ValueError(f"{name}: expected Params, {len(Params._fields)} arrays, got {found}")


def check_inputs(**arrays: np.ndarray) -> None:
    """Raise ValueError where an input is not as declared."""
    check_arrays(INPUTS, arrays)


def sigmoid(u: np.ndarray) -> np.ndarray:
    """1/(1 + exp(−u)), computed so that nothing overflows."""
    exp_u = np.exp(np.minimum(u, -u))
    return np.where(u >= 0, 1, exp_u) / (exp_u + 1)


def in_single(function):
    """`function`, computed in float32 where it is given float16, in which a sum over many samples overflows."""

    def is_half(array):
        return getattr(array, "dtype", None) == np.float16

    def single(array):
        return array.astype(np.float32) if is_half(array) else array

    @wraps(function)
    def computed(params, *inputs, **named):
        fits = isinstance(params, (tuple, list)) and len(params) == len(Params._fields)
        if not fits or not any(map(is_half, (*params, *inputs, *named.values()))):
            return function(params, *inputs, **named)
        named = {name: single(array) for name, array in named.items()}
        return in_half(function(Params(*map(single, params)), *map(single, inputs), **named))

    return computed


def in_half(result):
    """Arrays of activations and of gradients as float16; a loss stays float32."""
    if isinstance(result, (Params, Activations)):
        return type(result)(*(array.astype(np.float16) for array in result))
    return tuple(map(in_half, result)) if type(result) is tuple else result


@in_single
def activations(params: Params, X: np.ndarray) -> Activations:
    """Every forward quantity, from the inputs on."""
    check_params(params=params)
    check_arrays(PARAMETERS, dict(zip(Params._fields, params, strict=True)))
    check_inputs(X=X)
    W1, b1 = params
    # A1 = X W1 + 𝟏 b1ᵀ
    A1 = X @ W1 + b1
    # Y = 1/(1 + exp(−A1))
    # computed stably: stable functions
    Y = sigmoid(A1)
    return Activations(A1, Y)


def forward(params: Params, X: np.ndarray) -> np.ndarray:
    """The output, Y."""
    return activations(params, X).Y


@in_single
def loss(params: Params, X: np.ndarray, T: np.ndarray) -> float:
    """L = ‖Y − T‖²/k"""
    check_inputs(X=X, T=T)
    _, Y = activations(params, X)
    k = X.shape[0]
    # L = ‖Y − T‖²/k
    L = ((Y - T)**2).sum() / k
    return L


@in_single
def gradients(params: Params, X: np.ndarray, T: np.ndarray) -> tuple[float, Params]:
    """The loss and its derivatives by the parameters, each in the shape of its parameter."""
    check_inputs(X=X, T=T)
    _, Y = activations(params, X)
    k = X.shape[0]
    # L = ‖Y − T‖²/k
    L = ((Y - T)**2).sum() / k
    # delta_1 = 2·(Y − T) ⊙ Y ⊙ (1 − Y) / k
    delta_1 = 2 * (Y - T) * Y * (1 - Y) / k
    # dW1 = Xᵀ delta_1
    dW1 = X.T @ delta_1
    # db1 = delta_1ᵀ 𝟏
    db1 = delta_1.sum(axis=0)
    return L, Params(W1=dW1, b1=db1)


def update(params: Params, grads: Params, alpha: float = 0.5) -> Params:
    """One step of gradient descent: theta − alpha·g for every parameter theta with gradient g."""
    check_params(params=params, grads=grads)
    return Params(*(theta - alpha * g for theta, g in zip(params, grads, strict=True)))


def kinks(params: Params, X: np.ndarray, T: np.ndarray | None = None) -> list[np.ndarray]:
    """Arrays that are 0 exactly where KINKS says that a formula has a kink."""
    return []


# ---------------------------------------------------------------- second order


def check_directions(V: Params, params: Params, more: tuple[str, ...] = ()) -> None:
    """Raise ValueError where V has not the shapes of the parameters, behind the axes `more`."""
    check_params(V=V)
    declared = {f"V.{name}": (*more, *p.shape) for name, p in zip(Params._fields, params, strict=True)}
    check_arrays(declared, dict(zip(declared, V, strict=True)))


TOGETHER = 2**20
"""The entries that an array of forward quantities, for a group of directions, has at most."""


class Cached(NamedTuple):
    """What products at one theta have in common; the arrays are kept, not copied."""

    params: Params
    X: np.ndarray
    T: np.ndarray
    Y: np.ndarray
    slope_Y: np.ndarray
    slope_delta_1: np.ndarray
    slope_delta_1_2: np.ndarray


class Linearized(Cached):
    """The loss, its gradients and products with its Hessian at one theta; `linearize` makes it."""

    @cached_property
    def loss(self) -> float:
        """L = ‖Y − T‖²/k"""
        X, T, Y = self.X, self.T, self.Y
        k = X.shape[0]
        # L = ‖Y − T‖²/k
        L = ((Y - T)**2).sum() / k
        return L

    @cached_property
    def gradients(self) -> Params:
        """The derivatives of the loss by the parameters, each in the shape of its parameter."""
        X, T, Y = self.X, self.T, self.Y
        k = X.shape[0]
        # delta_1 = 2·(Y − T) ⊙ Y ⊙ (1 − Y) / k
        delta_1 = 2 * (Y - T) * Y * (1 - Y) / k
        # dW1 = Xᵀ delta_1
        dW1 = X.T @ delta_1
        # db1 = delta_1ᵀ 𝟏
        db1 = delta_1.sum(axis=0)
        return Params(W1=dW1, b1=db1)

    def hvp(self, V: Params) -> Params:
        """H V, the Hessian of the loss times V: the derivative of the gradients along V."""
        check_directions(V, self.params)
        VW1, Vb1 = V
        X, slope_Y, slope_delta_1 = self.X, self.slope_Y, self.slope_delta_1
        k = X.shape[0]
        # RA1 = X VW1 + 𝟏 Vb1ᵀ
        RA1 = X @ VW1 + Vb1
        # RY = Y ⊙ (1 − Y) ⊙ RA1
        RY = slope_Y * RA1
        # Rdelta_1 = 2·RY ⊙ (Y ⊙ (1 − Y) + (Y − T) ⊙ (1 − 2·Y)) / k
        Rdelta_1 = slope_delta_1 * RY / k
        # RdW1 = Xᵀ Rdelta_1
        RdW1 = X.T @ Rdelta_1
        # Rdb1 = Rdelta_1ᵀ 𝟏
        Rdb1 = Rdelta_1.sum(axis=0)
        return Params(W1=RdW1, b1=Rdb1)

    def hvp_block(self, V: Params) -> Params:
        """H V for m directions: each array of V, and of what is returned, has a first axis of length m."""
        check_directions(V, self.params, ("m",))
        X = self.X
        k = X.shape[0]
        together = max(1, TOGETHER // (k))
        if together > 1:
            groups = [Params(*(v[at : at + together] for v in V)) for at in range(0, V[0].shape[0], together)]
            return Params(*(np.concatenate(arrays) for arrays in zip(*(self._hvp_group(group) for group in groups))))
        return Params(*(np.stack(arrays) for arrays in zip(*(self.hvp(Params(*v)) for v in zip(*V)))))

    def _hvp_group(self, V: Params) -> Params:
        """H V, every step for all directions: their axis m is the first of V's arrays and the second of samples'."""
        VW1, Vb1 = V
        X, slope_Y, slope_delta_1_2 = self.X, self.slope_Y, self.slope_delta_1_2
        # RA1[n,m,j] = Σ_i X[n,i]·VW1[m,i,j] + Vb1[m,j]
        RA1 = np.tensordot(X, VW1, axes=([1], [1])) + Vb1
        # RY[n,m,i] = Y[n,i]·(1 − Y[n,i])·RA1[n,m,i]
        RY = slope_Y[:, None] * RA1
        # Rdelta_1[n,m,j] = 2·RY[n,m,j]·(Y[n,j]·(1 − Y[n,j]) + (Y[n,j] − T[n,j])·(1 − 2·Y[n,j]))/k
        Rdelta_1 = slope_delta_1_2[:, None] * RY
        # RdW1[m,i,j] = Σ_n X[n,i]·Rdelta_1[n,m,j]
        RdW1 = np.tensordot(X, Rdelta_1, axes=([0], [0])).transpose(1, 0, 2)
        # Rdb1[m,i] = Σ_n Rdelta_1[n,m,i]
        Rdb1 = Rdelta_1.sum(axis=0)
        return Params(W1=RdW1, b1=Rdb1)

    def ggnvp(self, V: Params) -> Params:
        """Jᵀ H J V, Gauss-Newton's part of H V: J = ∂Y/∂theta, H = ∂²L/∂Y²."""
        check_directions(V, self.params)
        VW1, Vb1 = V
        X, slope_Y = self.X, self.slope_Y
        k = X.shape[0]
        # RA1 = X VW1 + 𝟏 Vb1ᵀ
        RA1 = X @ VW1 + Vb1
        # RY = Y ⊙ (1 − Y) ⊙ RA1
        RY = slope_Y * RA1
        # GdY = 2·RY/k
        GdY = 2 * RY / k
        # Gdelta_1 = GdY ⊙ Y ⊙ (1 − Y)
        Gdelta_1 = slope_Y * GdY
        # GdW1 = Xᵀ Gdelta_1
        GdW1 = X.T @ Gdelta_1
        # Gdb1 = Gdelta_1ᵀ 𝟏
        Gdb1 = Gdelta_1.sum(axis=0)
        return Params(W1=GdW1, b1=Gdb1)

    def hessian_block(self, row: str, column: str) -> np.ndarray:
        """∂²L/∂row∂column for two parameters, with the axes of `row`, then those of `column`; dense."""
        for name in (row, column):
            if name not in Params._fields:
                raise ValueError(f"{name}: expected one of {', '.join(Params._fields)}")
        if Params._fields.index(row) < Params._fields.index(column):
            transposed = self.hessian_block(column, row)
            behind = getattr(self.params, column).ndim
            return np.moveaxis(transposed, range(behind), range(-behind, 0))
        match row, column:
            case "W1", "W1":
                X, T, Y, slope_Y = self.X, self.T, self.Y, self.slope_Y
                k = X.shape[0]
                # ∂²L/∂W1[i,j]∂W1[i2,j2] = 2·1[j = j2]·Σ_n X[n,i]·Y[n,j]·(1 − Y[n,j])·(Y[n,j]·(1 − Y[n,j]) +
                #     (Y[n,j] − T[n,j])·(1 − 2·Y[n,j]))·X[n,i2] / k
                return (
                    2
                    * ((X.T[:, None] * (slope_Y * (slope_Y + (Y - T) * (1 - 2 * Y))).T) @ X)[:, :, :, None]
                    * np.eye(1, dtype=bool)[:, None]
                    / k
                )
            case "b1", "W1":
                X, T, Y, slope_Y = self.X, self.T, self.Y, self.slope_Y
                k = X.shape[0]
                # ∂²L/∂b1[i]∂W1[i2,j2] = 2·1[i = j2]·Σ_n Y[n,i]·(1 − Y[n,i])·(Y[n,i]·(1 − Y[n,i]) + (Y[n,i] −
                #     T[n,i])·(1 − 2·Y[n,i]))·X[n,i2] / k
                return (
                    2
                    * ((slope_Y * (slope_Y + (Y - T) * (1 - 2 * Y))).T @ X)[:, :, None]
                    * np.eye(1, dtype=bool)[:, None]
                    / k
                )
            case "b1", "b1":
                X, T, Y, slope_Y = self.X, self.T, self.Y, self.slope_Y
                k = X.shape[0]
                # ∂²L/∂b1[i]∂b1[i2] = 2·diag((Y ⊙ (1 − Y) ⊙ (Y ⊙ (1 − Y) + (Y − T) ⊙ (1 − 2·Y)))ᵀ 𝟏)/k
                return (
                    2
                    * (slope_Y * (slope_Y + (Y - T) * (1 - 2 * Y))).sum(axis=0)[:, None]
                    * np.eye(1, dtype=bool)
                    / k
                )


@in_single
def linearize(params: Params, X: np.ndarray, T: np.ndarray) -> Linearized:
    """Everything that Hessian products need and no direction moves, once: then each costs what a gradient does."""
    check_inputs(X=X, T=T)
    _, Y = activations(params, X)
    k = X.shape[0]
    slope_Y = Y * (1 - Y)
    slope_delta_1 = 2 * (slope_Y + (Y - T) * (1 - 2 * Y))
    slope_delta_1_2 = slope_delta_1 / k
    return Linearized(
        params=params, X=X, T=T, Y=Y, slope_Y=slope_Y, slope_delta_1=slope_delta_1,
        slope_delta_1_2=slope_delta_1_2,
    )


def hvp(params: Params, X: np.ndarray, T: np.ndarray, V: Params) -> Params:
    """The Hessian of the loss times V."""
    return linearize(params, X, T).hvp(V)


def ggnvp(params: Params, X: np.ndarray, T: np.ndarray, V: Params) -> Params:
    """The Gauss-Newton matrix times V."""
    return linearize(params, X, T).ggnvp(V)


def update_jvp(V: Params, HV: Params, alpha: float = 0.5) -> Params:
    """How the results of `update` move when the parameters move along V and the gradient along HV."""
    return Params(*(d_theta - alpha * d_g for d_theta, d_g in zip(V, HV, strict=True)))


def iteration_jvp(params: Params, X: np.ndarray, T: np.ndarray, V: Params, alpha: float = 0.5) -> Params:
    """The derivative of the step, params -> update(params, gradients), along V."""
    return update_jvp(V, hvp(params, X, T, V), alpha)


def iteration_vjp(params: Params, X: np.ndarray, T: np.ndarray, V: Params, alpha: float = 0.5) -> Params:
    """The same: as H is symmetric, so is the derivative of this step."""
    return iteration_jvp(params, X, T, V, alpha)


def hessian_block(params: Params, X: np.ndarray, T: np.ndarray, row: str, column: str) -> np.ndarray:
    """∂²L/∂row∂column, e.g. hessian_block(params, X, T, "W1", "b1"), with the axes of both."""
    return linearize(params, X, T).hessian_block(row, column)


def local_jacobian(params: Params, X: np.ndarray, output: str, by: str) -> np.ndarray:
    """∂output/∂by of one forward formula, with the axes of `output`, then those of `by`, samples included; dense."""
    at = activations(params, X)
    match output, by:
        case "A1", "W1":
            # ∂A1[n,j]/∂W1[i1,j1] = X[n,i1]·1[j = j1]
            return X[:, None, :, None] * np.eye(1, dtype=bool)[:, None]
        case "A1", "b1":
            k = X.shape[0]
            # ∂A1[n,j]/∂b1[j1] = 1[j = j1]
            return np.broadcast_to(np.eye(1, dtype=bool).astype(X.dtype), (k, 1, 1))
        case "Y", "A1":
            Y = at.Y
            k = X.shape[0]
            # ∂Y[n,i]/∂A1[n1,i1] = Y[n,i]·(1 − Y[n,i])·1[n = n1]·1[i = i1]
            return (
                ((Y * (1 - Y))[:, :, None] * np.eye(k, dtype=bool)[:, None])[:, :, :, None]
                * np.eye(1, dtype=bool)[:, None]
            )
    raise ValueError(f"no formula of {output} reads {by}")
