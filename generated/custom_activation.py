# Written by symjac; edited by hand where this is not the SHA-256 of all below: e7b3adeff696a7ac
"""custom_activation: a network and its gradients, derived by symjac from custom_activation.yaml.

Conventions: samples are rows, a dense layer is A = X W + 1 bᵀ; a gradient has the shape of its parameter;
quantities that tie in a maximum or minimum share equally (nested ones flattened); against a number or
declared constant the derivative is 0 (relu'(0) = 0); the absolute value has 0. ⊙ and ⊘ multiply and divide
entry by entry, 𝟏 is a vector of ones, X[n] is sample n. R.. is the derivative of a quantity along V, G..
stands for a cotangent in a Gauss-Newton product. Declared: sum(T, axis=1) = 1. Laid out by
templates/numpy/module.py.j2.

    X        (k, 6)   input
    T        (k, 3)   input
    W1       (6, 12)  parameter
    b1       (12,)    parameter
    W2       (12, 3)  parameter
    b2       (3,)     parameter
    A1       (k, 12)  dense
    Z1       (k, 12)  bent
    A2       (k, 3)   dense
    Y        (k, 3)   softmax
    delta_2  (k, 3)   ∂L/∂A2
    dW2      (12, 3)  ∂L/∂W2
    db2      (3,)     ∂L/∂b2
    delta_1  (k, 12)  ∂L/∂A1
    dW1      (6, 12)  ∂L/∂W1
    db1      (12,)    ∂L/∂b1
"""

from __future__ import annotations

import math
from functools import cached_property, wraps
from typing import NamedTuple

import numpy as np

INPUTS = {
    "X": ("k", 6),
    "T": ("k", 3),
}
PARAMETERS = {
    "W1": (6, 12),
    "b1": (12,),
    "W2": (12, 3),
    "b2": (3,),
}
ANALYTIC = True
KINKS = ()
beta = 1.5


class Params(NamedTuple):
    W1: np.ndarray  # (6, 12)
    b1: np.ndarray  # (12,)
    W2: np.ndarray  # (12, 3)
    b2: np.ndarray  # (3,)


class Activations(NamedTuple):
    A1: np.ndarray  # (k, 12)
    Z1: np.ndarray  # (k, 12)
    A2: np.ndarray  # (k, 3)
    Y: np.ndarray  # (k, 3)


def init(rng: np.random.Generator, dtype: type = np.float64) -> Params:
    """Normal numbers of mean 0; what multiplies them is their standard deviation."""
    return Params(
        W1=(math.sqrt(6) * rng.standard_normal((6, 12)) / 6).astype(dtype),
        b1=np.zeros((12,), dtype),
        W2=(math.sqrt(3) * rng.standard_normal((12, 3)) / 6).astype(dtype),
        b2=np.zeros((3,), dtype),
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
    """Raise ValueError where an input is not as declared or a declared fact does not hold."""
    check_arrays(INPUTS, arrays)
    if "T" in arrays:
        T = arrays["T"]
        if not (np.abs(T.sum(axis=1) - 1) <= np.finfo(T.dtype).eps ** 0.5).all():
            raise ValueError("T: the declared fact sum(T, axis=1) = 1 does not hold")


def sigmoid(u: np.ndarray) -> np.ndarray:
    """1/(1 + exp(−u)), computed so that nothing overflows."""
    exp_u = np.exp(np.minimum(u, -u))
    return np.where(u >= 0, 1, exp_u) / (exp_u + 1)


def bent(A: np.ndarray) -> np.ndarray:
    """(4·A ⊘ (1 + exp(−beta·A)) + tanh(A))/4; computed stably: stable functions."""
    return A * sigmoid(beta * A) + 0.25 * np.tanh(A)


def softmax(A: np.ndarray) -> np.ndarray:
    """diag(exp(A) 𝟏)⁻¹ exp(A); computed stably: shift by the maximum."""
    exp_A = np.exp(A - A.max(axis=1, keepdims=True))
    return exp_A / exp_A.sum(axis=1, keepdims=True)


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
    W1, b1, W2, b2 = params
    # A1 = X W1 + 𝟏 b1ᵀ
    A1 = X @ W1 + b1
    # Z1 = (4·A1 ⊘ (1 + exp(−beta·A1)) + tanh(A1))/4
    Z1 = bent(A1)
    # A2 = Z1 W2 + 𝟏 b2ᵀ
    A2 = Z1 @ W2 + b2
    # Y = diag(exp(A2) 𝟏)⁻¹ exp(A2)
    Y = softmax(A2)
    return Activations(A1, Z1, A2, Y)


def forward(params: Params, X: np.ndarray) -> np.ndarray:
    """The output, Y."""
    return activations(params, X).Y


@in_single
def loss(params: Params, X: np.ndarray, T: np.ndarray) -> float:
    """L = −tr(Tᵀ log(Y))/k"""
    check_inputs(X=X, T=T)
    _, _, A2, _ = activations(params, X)
    k = X.shape[0]
    # L = −tr(Tᵀ log(Y))/k
    # computed stably: logarithm of a quotient of exponentials, shift by the maximum
    shifted_A2 = A2 - A2.max(axis=1, keepdims=True)
    L = -(T * (shifted_A2 - np.log(np.exp(shifted_A2).sum(axis=1, keepdims=True)))).sum() / k
    return L


@in_single
def gradients(params: Params, X: np.ndarray, T: np.ndarray) -> tuple[float, Params]:
    """The loss and its derivatives by the parameters, each in the shape of its parameter."""
    check_inputs(X=X, T=T)
    A1, Z1, A2, Y = activations(params, X)
    _, _, W2, _ = params
    k = X.shape[0]
    # L = −tr(Tᵀ log(Y))/k
    # computed stably: logarithm of a quotient of exponentials, shift by the maximum
    shifted_A2 = A2 - A2.max(axis=1, keepdims=True)
    L = -(T * (shifted_A2 - np.log(np.exp(shifted_A2).sum(axis=1, keepdims=True)))).sum() / k
    # delta_2 = (Y − T)/k
    delta_2 = (Y - T) / k
    # dW2 = Z1ᵀ delta_2
    dW2 = Z1.T @ delta_2
    # db2 = delta_2ᵀ 𝟏
    db2 = delta_2.sum(axis=0)
    # delta_1 = ((delta_2 W2ᵀ) ⊙ (1 + 4/(1 + exp(−beta·A1)) + 4·beta·A1 ⊙ (1 − 1/(1 + exp(−beta·A1))) ⊘ (1 +
    #     exp(−beta·A1)) − tanh(A1)^⊙2))/4
    # computed stably: stable functions, no cancellation
    sigmoid_A1 = sigmoid(beta * A1)
    delta_1 = (
        (delta_2 @ W2.T)
        * (sigmoid(-2 * A1) * sigmoid(2 * A1) + beta * A1 * sigmoid_A1 * sigmoid(-beta * A1) + sigmoid_A1)
    )
    # dW1 = Xᵀ delta_1
    dW1 = X.T @ delta_1
    # db1 = delta_1ᵀ 𝟏
    db1 = delta_1.sum(axis=0)
    return L, Params(W1=dW1, b1=db1, W2=dW2, b2=db2)


def update(params: Params, grads: Params, alpha: float = 0.2) -> Params:
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
    Z1: np.ndarray
    A2: np.ndarray
    Y: np.ndarray
    delta_2: np.ndarray
    slope_Z1: np.ndarray
    slope_delta_1: np.ndarray


class Linearized(Cached):
    """The loss, its gradients and products with its Hessian at one theta; `linearize` makes it."""

    @cached_property
    def loss(self) -> float:
        """L = −tr(Tᵀ log(Y))/k"""
        X, T, A2 = self.X, self.T, self.A2
        k = X.shape[0]
        # L = −tr(Tᵀ log(Y))/k
        # computed stably: logarithm of a quotient of exponentials, shift by the maximum
        shifted_A2 = A2 - A2.max(axis=1, keepdims=True)
        L = -(T * (shifted_A2 - np.log(np.exp(shifted_A2).sum(axis=1, keepdims=True)))).sum() / k
        return L

    @cached_property
    def gradients(self) -> Params:
        """The derivatives of the loss by the parameters, each in the shape of its parameter."""
        _, _, W2, _ = self.params
        X, Z1, delta_2, slope_Z1 = self.X, self.Z1, self.delta_2, self.slope_Z1
        # dW2 = Z1ᵀ delta_2
        dW2 = Z1.T @ delta_2
        # db2 = delta_2ᵀ 𝟏
        db2 = delta_2.sum(axis=0)
        # dZ1 = delta_2 W2ᵀ
        dZ1 = delta_2 @ W2.T
        # delta_1 = (dZ1 ⊙ (1 + 4/(1 + exp(−beta·A1)) + 4·beta·A1 ⊙ (1 − 1/(1 + exp(−beta·A1))) ⊘ (1 +
        #     exp(−beta·A1)) − tanh(A1)^⊙2))/4
        # computed stably: stable functions, no cancellation
        delta_1 = slope_Z1 * dZ1
        # dW1 = Xᵀ delta_1
        dW1 = X.T @ delta_1
        # db1 = delta_1ᵀ 𝟏
        db1 = delta_1.sum(axis=0)
        return Params(W1=dW1, b1=db1, W2=dW2, b2=db2)

    def hvp(self, V: Params) -> Params:
        """H V, the Hessian of the loss times V: the derivative of the gradients along V."""
        check_directions(V, self.params)
        VW1, Vb1, VW2, Vb2 = V
        _, _, W2, _ = self.params
        X, Z1, Y, delta_2, slope_Z1 = self.X, self.Z1, self.Y, self.delta_2, self.slope_Z1
        slope_delta_1 = self.slope_delta_1
        k = X.shape[0]
        # RA1 = X VW1 + 𝟏 Vb1ᵀ
        RA1 = X @ VW1 + Vb1
        # RZ1 = ((1 + 4/(1 + exp(−beta·A1)) + 4·beta·A1 ⊙ (1 − 1/(1 + exp(−beta·A1))) ⊘ (1 + exp(−beta·A1)) −
        #     tanh(A1)^⊙2) ⊙ RA1)/4
        # computed stably: stable functions, no cancellation
        RZ1 = slope_Z1 * RA1
        # RA2 = RZ1 W2 + Z1 VW2 + 𝟏 Vb2ᵀ
        RA2 = RZ1 @ W2 + Z1 @ VW2 + Vb2
        # RY = Y ⊙ (RA2 − (RA2 ⊙ Y) 𝟏 𝟏ᵀ)
        RY = Y * (RA2 - (Y * RA2).sum(axis=1, keepdims=True))
        # Rdelta_2 = RY/k
        Rdelta_2 = RY / k
        # RdW2 = Z1ᵀ Rdelta_2 + RZ1ᵀ delta_2
        RdW2 = Z1.T @ Rdelta_2 + RZ1.T @ delta_2
        # Rdb2 = Rdelta_2ᵀ 𝟏
        Rdb2 = Rdelta_2.sum(axis=0)
        # RdZ1 = Rdelta_2 W2ᵀ + delta_2 VW2ᵀ
        RdZ1 = Rdelta_2 @ W2.T + delta_2 @ VW2.T
        # Rdelta_1 = ((1 + 4/(1 + exp(−beta·A1)) + 4·beta·A1 ⊙ (1 − 1/(1 + exp(−beta·A1))) ⊘ (1 + exp(−beta·A1)) −
        #     tanh(A1)^⊙2) ⊙ RdZ1)/4 + (dZ1 ⊙ (tanh(A1)^⊙3 + (4·beta)/(1 + exp(−beta·A1)) + 2·beta²·A1 ⊘ (1 +
        #     exp(−beta·A1)) + 4·beta²·A1 ⊘ (1 + exp(−beta·A1))^⊙3 − tanh(A1) − (4·beta)/(1 + exp(−beta·A1))^⊙2 −
        #     6·beta²·A1 ⊘ (1 + exp(−beta·A1))^⊙2) ⊙ RA1)/2
        # computed stably: stable functions, no cancellation
        Rdelta_1 = slope_Z1 * RdZ1 + slope_delta_1 * RA1
        # RdW1 = Xᵀ Rdelta_1
        RdW1 = X.T @ Rdelta_1
        # Rdb1 = Rdelta_1ᵀ 𝟏
        Rdb1 = Rdelta_1.sum(axis=0)
        return Params(W1=RdW1, b1=Rdb1, W2=RdW2, b2=Rdb2)

    def hvp_block(self, V: Params) -> Params:
        """H V for m directions: each array of V, and of what is returned, has a first axis of length m."""
        check_directions(V, self.params, ("m",))
        X = self.X
        k = X.shape[0]
        together = max(1, TOGETHER // (12 * k))
        if together > 1:
            groups = [Params(*(v[at : at + together] for v in V)) for at in range(0, V[0].shape[0], together)]
            return Params(*(np.concatenate(arrays) for arrays in zip(*(self._hvp_group(group) for group in groups))))
        return Params(*(np.stack(arrays) for arrays in zip(*(self.hvp(Params(*v)) for v in zip(*V)))))

    def _hvp_group(self, V: Params) -> Params:
        """H V, every step for all directions: their axis m is the first of V's arrays and the second of samples'."""
        VW1, Vb1, VW2, Vb2 = V
        _, _, W2, _ = self.params
        X, Z1, Y, delta_2, slope_Z1 = self.X, self.Z1, self.Y, self.delta_2, self.slope_Z1
        slope_delta_1 = self.slope_delta_1
        k = X.shape[0]
        # RA1[n,m,j] = Σ_i X[n,i]·VW1[m,i,j] + Vb1[m,j]
        RA1 = np.tensordot(X, VW1, axes=([1], [1])) + Vb1
        # RZ1[n,m,i] = (1/4 + beta·(A1[n,i]·(1 − 1/(1 + exp(−beta·A1[n,i]))))/(1 + exp(−beta·A1[n,i])) −
        #     tanh(A1[n,i])²/4 + 1/(1 + exp(−beta·A1[n,i])))·RA1[n,m,i]
        # computed stably: stable functions, no cancellation
        RZ1 = slope_Z1[:, None] * RA1
        # RA2[n,m,j] = Σ_i W2[i,j]·RZ1[n,m,i] + Σ_i Z1[n,i]·VW2[m,i,j] + Vb2[m,j]
        RA2 = RZ1 @ W2 + np.tensordot(Z1, VW2, axes=([1], [1])) + Vb2
        # RY[n,m,i] = Y[n,i]·(RA2[n,m,i] − Σ_j RA2[n,m,j]·Y[n,j])
        RY = Y[:, None] * (RA2 - (Y[:, None] * RA2).sum(axis=2, keepdims=True))
        # Rdelta_2[n,m,j] = RY[n,m,j]/k
        Rdelta_2 = RY / k
        # RdW2[m,i,j] = Σ_n Z1[n,i]·Rdelta_2[n,m,j] + Σ_n delta_2[n,j]·RZ1[n,m,i]
        RdW2 = (
            np.tensordot(Z1, Rdelta_2, axes=([0], [0])).transpose(1, 0, 2)
            + np.tensordot(RZ1, delta_2, axes=([0], [0]))
        )
        # Rdb2[m,i] = Σ_n Rdelta_2[n,m,i]
        Rdb2 = Rdelta_2.sum(axis=0)
        # RdZ1[n,m,i] = Σ_j W2[i,j]·Rdelta_2[n,m,j] + Σ_j delta_2[n,j]·VW2[m,i,j]
        RdZ1 = Rdelta_2 @ W2.T + np.tensordot(delta_2, VW2, axes=([1], [2]))
        # Rdelta_1[n,m,j] = (1/4 + beta·(A1[n,j]·(1 − 1/(1 + exp(−beta·A1[n,j]))))/(1 + exp(−beta·A1[n,j])) −
        #     tanh(A1[n,j])²/4 + 1/(1 + exp(−beta·A1[n,j])))·RdZ1[n,m,j] + dZ1[n,j]·(beta²·A1[n,j]/(1 +
        #     exp(−beta·A1[n,j])) − 3·beta²·A1[n,j]/(1 + exp(−beta·A1[n,j]))² + 2·beta²·A1[n,j]/(1 +
        #     exp(−beta·A1[n,j]))³ + (2·beta)/(1 + exp(−beta·A1[n,j])) − (2·beta)/(1 + exp(−beta·A1[n,j]))² +
        #     tanh(A1[n,j])³/2 − tanh(A1[n,j])/2)·RA1[n,m,j]
        # computed stably: stable functions, no cancellation
        Rdelta_1 = slope_Z1[:, None] * RdZ1 + slope_delta_1[:, None] * RA1
        # RdW1[m,i,j] = Σ_n X[n,i]·Rdelta_1[n,m,j]
        RdW1 = np.tensordot(X, Rdelta_1, axes=([0], [0])).transpose(1, 0, 2)
        # Rdb1[m,i] = Σ_n Rdelta_1[n,m,i]
        Rdb1 = Rdelta_1.sum(axis=0)
        return Params(W1=RdW1, b1=Rdb1, W2=RdW2, b2=Rdb2)

    def ggnvp(self, V: Params) -> Params:
        """Jᵀ H J V, Gauss-Newton's part of H V: J = ∂A2/∂theta, H = ∂²L/∂A2²."""
        check_directions(V, self.params)
        VW1, Vb1, VW2, Vb2 = V
        _, _, W2, _ = self.params
        X, Z1, Y, slope_Z1 = self.X, self.Z1, self.Y, self.slope_Z1
        k = X.shape[0]
        # RA1 = X VW1 + 𝟏 Vb1ᵀ
        RA1 = X @ VW1 + Vb1
        # RZ1 = ((1 + 4/(1 + exp(−beta·A1)) + 4·beta·A1 ⊙ (1 − 1/(1 + exp(−beta·A1))) ⊘ (1 + exp(−beta·A1)) −
        #     tanh(A1)^⊙2) ⊙ RA1)/4
        # computed stably: stable functions, no cancellation
        RZ1 = slope_Z1 * RA1
        # RA2 = RZ1 W2 + Z1 VW2 + 𝟏 Vb2ᵀ
        RA2 = RZ1 @ W2 + Z1 @ VW2 + Vb2
        # RY = Y ⊙ (RA2 − (RA2 ⊙ Y) 𝟏 𝟏ᵀ)
        RY = Y * (RA2 - (Y * RA2).sum(axis=1, keepdims=True))
        # Gdelta_2 = RY/k
        Gdelta_2 = RY / k
        # GdW2 = Z1ᵀ Gdelta_2
        GdW2 = Z1.T @ Gdelta_2
        # Gdb2 = Gdelta_2ᵀ 𝟏
        Gdb2 = Gdelta_2.sum(axis=0)
        # GdZ1 = Gdelta_2 W2ᵀ
        GdZ1 = Gdelta_2 @ W2.T
        # Gdelta_1 = (GdZ1 ⊙ (1 + 4/(1 + exp(−beta·A1)) + 4·beta·A1 ⊙ (1 − 1/(1 + exp(−beta·A1))) ⊘ (1 +
        #     exp(−beta·A1)) − tanh(A1)^⊙2))/4
        # computed stably: stable functions, no cancellation
        Gdelta_1 = slope_Z1 * GdZ1
        # GdW1 = Xᵀ Gdelta_1
        GdW1 = X.T @ Gdelta_1
        # Gdb1 = Gdelta_1ᵀ 𝟏
        Gdb1 = Gdelta_1.sum(axis=0)
        return Params(W1=GdW1, b1=Gdb1, W2=GdW2, b2=Gdb2)

    @cached_property
    def J_Y_A2(self) -> np.ndarray:
        """∂Y/∂A2 of each sample."""
        Y = self.Y
        # J_Y_A2[n,i,i2] = 1[i = i2]·Y[n,i] − Y[n,i]·Y[n,i2]
        return Y[:, :, None] * np.eye(3, dtype=bool) - Y[:, :, None] * Y[:, None]

    @cached_property
    def J_Y_A1(self) -> np.ndarray:
        """∂Y/∂A1 of each sample."""
        _, _, W2, _ = self.params
        slope_Z1 = self.slope_Z1
        J_Y_A2 = self.J_Y_A2
        # J_Y_A1[n,i,j1] = (1/4 + beta·(A1[n,j1]·(1 − 1/(1 + exp(−beta·A1[n,j1]))))/(1 + exp(−beta·A1[n,j1])) −
        #     tanh(A1[n,j1])²/4 + 1/(1 + exp(−beta·A1[n,j1])))·Σ_i2 J_Y_A2[n,i,i2]·W2[j1,i2]
        # computed stably: stable functions, no cancellation
        return (J_Y_A2 @ W2.T) * slope_Z1[:, None]

    @cached_property
    def J_dZ1_A1(self) -> np.ndarray:
        """∂dZ1/∂A1 of each sample."""
        _, _, W2, _ = self.params
        X = self.X
        k = X.shape[0]
        J_Y_A1 = self.J_Y_A1
        # J_dZ1_A1[n,i,j1] = Σ_j W2[i,j]·J_Y_A1[n,j,j1] / k
        return np.tensordot(W2 / k, J_Y_A1, axes=([1], [1])).transpose(1, 0, 2)

    @cached_property
    def J_delta1_A1(self) -> np.ndarray:
        """∂delta_1/∂A1 of each sample."""
        slope_Z1, slope_delta_1 = self.slope_Z1, self.slope_delta_1
        J_dZ1_A1 = self.J_dZ1_A1
        # J_delta1_A1[n,j,j1] = (1/4 + beta·(A1[n,j]·(1 − 1/(1 + exp(−beta·A1[n,j]))))/(1 + exp(−beta·A1[n,j])) −
        #     tanh(A1[n,j])²/4 + 1/(1 + exp(−beta·A1[n,j])))·J_dZ1_A1[n,j,j1] + dZ1[n,j]·(beta²·A1[n,j]/(1 +
        #     exp(−beta·A1[n,j])) − 3·beta²·A1[n,j]/(1 + exp(−beta·A1[n,j]))² + 2·beta²·A1[n,j]/(1 +
        #     exp(−beta·A1[n,j]))³ + (2·beta)/(1 + exp(−beta·A1[n,j])) − (2·beta)/(1 + exp(−beta·A1[n,j]))² +
        #     tanh(A1[n,j])³/2 − tanh(A1[n,j])/2)·1[j = j1]
        # computed stably: stable functions, no cancellation
        return slope_Z1[:, :, None] * J_dZ1_A1 + slope_delta_1[:, :, None] * np.eye(12, dtype=bool)

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
                X = self.X
                J_delta1_A1 = self.J_delta1_A1
                # ∂²L/∂W1[i,j]∂W1[i3,j3] = Σ_n X[n,i]·J_delta1_A1[n,j,j3]·X[n,i3]
                tensordot_X = np.tensordot(X.T[:, None] * X.T, J_delta1_A1, axes=([2], [0]))
                return tensordot_X.transpose(0, 2, 1, 3)
            case "b1", "W1":
                X = self.X
                J_delta1_A1 = self.J_delta1_A1
                # ∂²L/∂b1[i]∂W1[i3,j3] = Σ_n J_delta1_A1[n,i,j3]·X[n,i3]
                return np.tensordot(J_delta1_A1, X, axes=([0], [0])).transpose(0, 2, 1)
            case "b1", "b1":
                J_delta1_A1 = self.J_delta1_A1
                # ∂²L/∂b1[i]∂b1[i3] = Σ_n J_delta1_A1[n,i,i3]
                return J_delta1_A1.sum(axis=0)
            case "W2", "W1":
                X, Z1, delta_2, slope_Z1 = self.X, self.Z1, self.delta_2, self.slope_Z1
                k = X.shape[0]
                J_Y_A1 = self.J_Y_A1
                # ∂²L/∂W2[i,j]∂W1[i3,j3] = Σ_n Z1[n,i]·J_Y_A1[n,j,j3]·X[n,i3] / k + 1[i = j3]·Σ_n
                #     delta_2[n,j]·(1/4 + beta·(A1[n,i]·(1 − 1/(1 + exp(−beta·A1[n,i]))))/(1 + exp(−beta·A1[n,i]))
                #     − tanh(A1[n,i])²/4 + 1/(1 + exp(−beta·A1[n,i])))·X[n,i3]
                part_slope_Z1 = (
                    np.tensordot(slope_Z1, delta_2.T[:, None] * X.T, axes=([0], [2]))[:, :, :, None]
                    * np.eye(12, dtype=bool)[:, None, None]
                )
                return (
                    np.tensordot(Z1.T[:, None] * (X / k).T, J_Y_A1, axes=([2], [0])).transpose(0, 2, 1, 3)
                    + part_slope_Z1
                )
            case "W2", "b1":
                X, Z1, delta_2, slope_Z1 = self.X, self.Z1, self.delta_2, self.slope_Z1
                k = X.shape[0]
                J_Y_A1 = self.J_Y_A1
                # ∂²L/∂W2[i,j]∂b1[i3] = Σ_n Z1[n,i]·J_Y_A1[n,j,i3] / k + 1[i = i3]·Σ_n delta_2[n,j]·(1/4 +
                #     beta·(A1[n,i]·(1 − 1/(1 + exp(−beta·A1[n,i]))))/(1 + exp(−beta·A1[n,i])) − tanh(A1[n,i])²/4
                #     + 1/(1 + exp(−beta·A1[n,i])))
                return (
                    np.tensordot(Z1, J_Y_A1, axes=([0], [0])) / k
                    + (slope_Z1.T @ delta_2)[:, :, None] * np.eye(12, dtype=bool)[:, None]
                )
            case "W2", "W2":
                X, Z1 = self.X, self.Z1
                k = X.shape[0]
                J_Y_A2 = self.J_Y_A2
                # ∂²L/∂W2[i,j]∂W2[i3,j3] = Σ_n Z1[n,i]·J_Y_A2[n,j,j3]·Z1[n,i3] / k
                part_Z1 = (Z1.T[:, None, None] * (J_Y_A2 / k).transpose(1, 2, 0)) @ Z1
                return part_Z1.transpose(0, 1, 3, 2)
            case "b2", "W1":
                X = self.X
                k = X.shape[0]
                J_Y_A1 = self.J_Y_A1
                # ∂²L/∂b2[i]∂W1[i3,j3] = Σ_n J_Y_A1[n,i,j3]·X[n,i3] / k
                return (np.tensordot(J_Y_A1, X, axes=([0], [0])) / k).transpose(0, 2, 1)
            case "b2", "b1":
                X = self.X
                k = X.shape[0]
                J_Y_A1 = self.J_Y_A1
                # ∂²L/∂b2[i]∂b1[i3] = Σ_n J_Y_A1[n,i,i3] / k
                return J_Y_A1.sum(axis=0) / k
            case "b2", "W2":
                X, Z1 = self.X, self.Z1
                k = X.shape[0]
                J_Y_A2 = self.J_Y_A2
                # ∂²L/∂b2[i]∂W2[i3,j3] = Σ_n J_Y_A2[n,i,j3]·Z1[n,i3] / k
                return (np.tensordot(J_Y_A2, Z1, axes=([0], [0])) / k).transpose(0, 2, 1)
            case "b2", "b2":
                X = self.X
                k = X.shape[0]
                J_Y_A2 = self.J_Y_A2
                # ∂²L/∂b2[i]∂b2[i3] = Σ_n J_Y_A2[n,i,i3] / k
                return J_Y_A2.sum(axis=0) / k


@in_single
def linearize(params: Params, X: np.ndarray, T: np.ndarray) -> Linearized:
    """Everything that Hessian products need and no direction moves, once: then each costs what a gradient does."""
    check_inputs(X=X, T=T)
    A1, Z1, A2, Y = activations(params, X)
    _, _, W2, _ = params
    k = X.shape[0]
    sigmoid_A1 = sigmoid(beta * A1)
    slope_Z1 = sigmoid(-2 * A1) * sigmoid(2 * A1) + beta * A1 * sigmoid_A1 * sigmoid(-beta * A1) + sigmoid_A1
    # delta_2 = (Y − T)/k
    delta_2 = (Y - T) / k
    # dZ1 = delta_2 W2ᵀ
    dZ1 = delta_2 @ W2.T
    tanh_A1 = np.tanh(A1)
    part_A1 = 0.5 * tanh_A1
    part_A1_2 = (
        2 * beta**2 * A1 * (sigmoid_A1 * sigmoid_A1**2)
        - 3 * beta**2 * A1 * sigmoid_A1**2
        + beta**2 * A1 * sigmoid_A1
        - 2 * beta * sigmoid_A1**2
        + 2 * beta * sigmoid_A1
        + part_A1 * tanh_A1**2
        - part_A1
    )
    slope_delta_1 = dZ1 * part_A1_2
    return Linearized(
        params=params, X=X, T=T, Z1=Z1, A2=A2, Y=Y, delta_2=delta_2, slope_Z1=slope_Z1,
        slope_delta_1=slope_delta_1,
    )


def hvp(params: Params, X: np.ndarray, T: np.ndarray, V: Params) -> Params:
    """The Hessian of the loss times V."""
    return linearize(params, X, T).hvp(V)


def ggnvp(params: Params, X: np.ndarray, T: np.ndarray, V: Params) -> Params:
    """The Gauss-Newton matrix times V."""
    return linearize(params, X, T).ggnvp(V)


def update_jvp(V: Params, HV: Params, alpha: float = 0.2) -> Params:
    """How the results of `update` move when the parameters move along V and the gradient along HV."""
    return Params(*(d_theta - alpha * d_g for d_theta, d_g in zip(V, HV, strict=True)))


def iteration_jvp(params: Params, X: np.ndarray, T: np.ndarray, V: Params, alpha: float = 0.2) -> Params:
    """The derivative of the step, params -> update(params, gradients), along V."""
    return update_jvp(V, hvp(params, X, T, V), alpha)


def iteration_vjp(params: Params, X: np.ndarray, T: np.ndarray, V: Params, alpha: float = 0.2) -> Params:
    """The same: as H is symmetric, so is the derivative of this step."""
    return iteration_jvp(params, X, T, V, alpha)


def hessian_block(params: Params, X: np.ndarray, T: np.ndarray, row: str, column: str) -> np.ndarray:
    """∂²L/∂row∂column, e.g. hessian_block(params, X, T, "W1", "b2"), with the axes of both."""
    return linearize(params, X, T).hessian_block(row, column)


def local_jacobian(params: Params, X: np.ndarray, output: str, by: str) -> np.ndarray:
    """∂output/∂by of one forward formula, with the axes of `output`, then those of `by`, samples included; dense."""
    at = activations(params, X)
    match output, by:
        case "A1", "W1":
            # ∂A1[n,j]/∂W1[i1,j1] = X[n,i1]·1[j = j1]
            return X[:, None, :, None] * np.eye(12, dtype=bool)[:, None]
        case "A1", "b1":
            k = X.shape[0]
            # ∂A1[n,j]/∂b1[j1] = 1[j = j1]
            return np.broadcast_to(np.eye(12, dtype=bool).astype(X.dtype), (k, 12, 12))
        case "Z1", "A1":
            A1 = at.A1
            k = X.shape[0]
            # ∂Z1[n,i]/∂A1[n1,i1] = (1/4 + beta·(A1[n,i]·(1 − 1/(1 + exp(−beta·A1[n,i]))))/(1 +
            #     exp(−beta·A1[n,i])) − tanh(A1[n,i])²/4 + 1/(1 + exp(−beta·A1[n,i])))·1[n = n1]·1[i = i1]
            # computed stably: stable functions, no cancellation
            sigmoid_A1 = sigmoid(beta * A1)
            part_A1 = (
                sigmoid(-2 * A1) * sigmoid(2 * A1)
                + beta * A1 * sigmoid_A1 * sigmoid(-beta * A1)
                + sigmoid_A1
            )
            return (
                (part_A1[:, :, None] * np.eye(k, dtype=bool)[:, None])[:, :, :, None]
                * np.eye(12, dtype=bool)[:, None]
            )
        case "A2", "Z1":
            W2 = params.W2
            k = X.shape[0]
            # ∂A2[n,j]/∂Z1[n1,i1] = W2[i1,j]·1[n = n1]
            return W2.T[:, None] * np.eye(k, dtype=bool)[:, None, :, None]
        case "A2", "W2":
            Z1 = at.Z1
            # ∂A2[n,j]/∂W2[i1,j1] = Z1[n,i1]·1[j = j1]
            return Z1[:, None, :, None] * np.eye(3, dtype=bool)[:, None]
        case "A2", "b2":
            k = X.shape[0]
            # ∂A2[n,j]/∂b2[j1] = 1[j = j1]
            return np.broadcast_to(np.eye(3, dtype=bool).astype(X.dtype), (k, 3, 3))
        case "Y", "A2":
            Y = at.Y
            k = X.shape[0]
            # ∂Y[n,i]/∂A2[n1,i1] = 1[n = n1]·(1[i = i1]·Y[n,i] − Y[n,i]·Y[n,i1])
            return (
                (Y[:, :, None] * np.eye(3, dtype=bool) - Y[:, :, None] * Y[:, None])[:, :, None]
                * np.eye(k, dtype=bool)[:, None, :, None]
            )
    raise ValueError(f"no formula of {output} reads {by}")
