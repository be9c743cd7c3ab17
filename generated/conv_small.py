"""conv_small: a network and its gradients, derived by symjac from conv_small.yaml.

Conventions: samples are rows, a dense layer is A = X W + 1 bᵀ; a gradient has the shape of its parameter; a
maximum has derivative 0 where its arguments tie. ⊙ and ⊘ multiply and divide entry by entry, 𝟏 is a vector of
ones, X[n] is sample n. Declared: sum(T, axis=1) = 1. Laid out by templates/numpy/module.py.j2.

    X        (k, 1, 28, 28)  input
    T        (k, 10)         input
    K1       (8, 1, 3, 3)    parameter
    b1       (8,)            parameter
    K2       (16, 8, 3, 3)   parameter
    b2       (16,)           parameter
    W3       (784, 10)       parameter
    b3       (10,)           parameter
    A1       (k, 8, 14, 14)  conv2d
    Z1       (k, 8, 14, 14)  relu
    A2       (k, 16, 7, 7)   conv2d
    Z2       (k, 16, 7, 7)   relu
    F2       (k, 784)        flatten
    A3       (k, 10)         dense
    Y        (k, 10)         softmax
    delta_3  (k, 10)         ∂L/∂A3
    dW3      (784, 10)       ∂L/∂W3
    db3      (10,)           ∂L/∂b3
    dF2      (k, 784)        ∂L/∂F2
    dZ2      (k, 16, 7, 7)   ∂L/∂Z2
    delta_2  (k, 16, 7, 7)   ∂L/∂A2
    dK2      (16, 8, 3, 3)   ∂L/∂K2
    db2      (16,)           ∂L/∂b2
    dZ1      (k, 8, 14, 14)  ∂L/∂Z1
    delta_1  (k, 8, 14, 14)  ∂L/∂A1
    dK1      (8, 1, 3, 3)    ∂L/∂K1
    db1      (8,)            ∂L/∂b1
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

INPUTS = {
    "X": ("k", 1, 28, 28),
    "T": ("k", 10),
}
PARAMETERS = {
    "K1": (8, 1, 3, 3),
    "b1": (8,),
    "K2": (16, 8, 3, 3),
    "b2": (16,),
    "W3": (784, 10),
    "b3": (10,),
}
ANALYTIC = False
KINKS = ("Z1 = relu(A1) at A1[n,i,j,l] = 0", "Z2 = relu(A2) at A2[n,i,j,l] = 0")


class Params(NamedTuple):
    K1: np.ndarray  # (8, 1, 3, 3)
    b1: np.ndarray  # (8,)
    K2: np.ndarray  # (16, 8, 3, 3)
    b2: np.ndarray  # (16,)
    W3: np.ndarray  # (784, 10)
    b3: np.ndarray  # (10,)


class Activations(NamedTuple):
    A1: np.ndarray  # (k, 8, 14, 14)
    Z1: np.ndarray  # (k, 8, 14, 14)
    A2: np.ndarray  # (k, 16, 7, 7)
    Z2: np.ndarray  # (k, 16, 7, 7)
    F2: np.ndarray  # (k, 784)
    A3: np.ndarray  # (k, 10)
    Y: np.ndarray  # (k, 10)


def init(rng: np.random.Generator, dtype: type = np.float64) -> Params:
    """Normal numbers of mean 0; what multiplies them is their standard deviation."""
    return Params(
        K1=(math.sqrt(2) * rng.standard_normal((8, 1, 3, 3)) / 3).astype(dtype),
        b1=np.zeros((8,), dtype),
        K2=(rng.standard_normal((16, 8, 3, 3)) / 6).astype(dtype),
        b2=np.zeros((16,), dtype),
        W3=(rng.standard_normal((784, 10)) / 28).astype(dtype),
        b3=np.zeros((10,), dtype),
    )


def check_arrays(declared: dict[str, tuple[int | str, ...]], arrays: dict[str, np.ndarray]) -> None:
    """Raise ValueError where an array is not of floats or has not the declared shape; a letter is one size throughout."""
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        shape = declared[name]
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fc":
            found = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
            raise ValueError(f"{name}: expected an array of floats, got {found}")
        given = tuple(sizes.get(s, n) if isinstance(s, str) else s for s, n in zip(shape, array.shape))
        if array.shape != given or len(shape) != array.ndim or 0 in array.shape:
            expected = f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
            known = "".join(f", {s} = {sizes[s]}" for s in shape if s in sizes) or ", every size at least 1"
            raise ValueError(f"{name}: expected shape {expected}{known}; got {array.shape}")
        sizes.update((s, n) for s, n in zip(shape, given) if isinstance(s, str))


def check_inputs(**arrays: np.ndarray) -> None:
    """Raise ValueError where an input is not as declared or a declared fact does not hold."""
    check_arrays(INPUTS, arrays)
    if "T" in arrays:
        T = arrays["T"]
        if not (np.abs(T.sum(axis=1) - 1) <= np.finfo(T.dtype).eps ** 0.5).all():
            raise ValueError("T: the declared fact sum(T, axis=1) = 1 does not hold")


def relu(A: np.ndarray) -> np.ndarray:
    """max(A[n,i,j,l], 0)."""
    return np.maximum(A, 0)


def softmax(A: np.ndarray) -> np.ndarray:
    """diag(exp(A) 𝟏)⁻¹ exp(A); computed stably: shift by the maximum."""
    exp_A = np.exp(A - A.max(axis=1, keepdims=True))
    return exp_A / exp_A.sum(axis=1, keepdims=True)


def add_back(windows, sizes, strides, dilations, offsets):
    """Σ of windows[..., i, p] at u = stride·i + dilation·p + offset for each u, places i and taps p in matching axes.

    `windows` has the axes of places and then those of taps behind all others; what falls outside 0 .. size-1 is dropped.
    """
    m = len(sizes)
    places, taps = windows.shape[-2 * m : -m], windows.shape[-m:]
    low = [max(0, -o) for o in offsets]
    spans = [s * (n - 1) + 1 for s, n in zip(strides, places)]
    lengths = [
        max(size, o + span + d * (n - 1)) + below
        for size, o, span, d, n, below in zip(sizes, offsets, spans, dilations, taps, low)
    ]
    out = np.zeros((*windows.shape[: -2 * m], *lengths), windows.dtype)
    for tap in np.ndindex(*taps):
        start = [below + o + d * p for below, o, d, p in zip(low, offsets, dilations, tap)]
        at = tuple(slice(a, a + span, s) for a, span, s in zip(start, spans, strides))
        out[(..., *at)] += windows[(..., *tap)]
    return out[(..., *(slice(below, below + size) for below, size in zip(low, sizes)))]


def activations(params: Params, X: np.ndarray) -> Activations:
    """Every forward quantity, from the inputs on."""
    check_arrays(PARAMETERS, dict(zip(Params._fields, params, strict=True)))
    check_inputs(X=X)
    K1, b1, K2, b2, W3, b3 = params
    # A1[n,o,i,j] = Σ_{c,p,q} X[n,c,2*i + p − 1,2*j + q − 1]·K1[o,c,p,q] + b1[o]
    windows_X = sliding_window_view(np.pad(X, ((0, 0), (0, 0), (1, 0), (1, 0))), (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    A1 = np.tensordot(windows_X, K1, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2) + b1[:, None, None]
    # Z1[n,i,j,l] = max(A1[n,i,j,l], 0)
    Z1 = relu(A1)
    # A2[n,o,i,j] = Σ_{c,p,q} Z1[n,c,2*i + p − 1,2*j + q − 1]·K2[o,c,p,q] + b2[o]
    windows_Z1 = sliding_window_view(np.pad(Z1, ((0, 0), (0, 0), (1, 0), (1, 0))), (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    A2 = np.tensordot(windows_Z1, K2, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2) + b2[:, None, None]
    # Z2[n,i,j,l] = max(A2[n,i,j,l], 0)
    Z2 = relu(A2)
    # F2[n,49*c + 7*i + j] = Z2[n,c,i,j]
    F2 = Z2.reshape(-1, 784)
    # A3 = F2 W3 + 𝟏 b3ᵀ
    A3 = F2 @ W3 + b3
    # Y = diag(exp(A3) 𝟏)⁻¹ exp(A3)
    Y = softmax(A3)
    return Activations(A1, Z1, A2, Z2, F2, A3, Y)


def forward(params: Params, X: np.ndarray) -> np.ndarray:
    """The output, Y."""
    return activations(params, X).Y


def loss(params: Params, X: np.ndarray, T: np.ndarray) -> float:
    """L = −tr(Tᵀ log(Y))/k"""
    check_inputs(X=X, T=T)
    _, _, _, _, _, A3, _ = activations(params, X)
    k = X.shape[0]
    # L = −tr(Tᵀ log(Y))/k
    # computed stably: logarithm of a quotient of exponentials, shift by the maximum
    shifted_A3 = A3 - A3.max(axis=1, keepdims=True)
    L = -(T * (shifted_A3 - np.log(np.exp(shifted_A3).sum(axis=1, keepdims=True)))).sum() / k
    return L


def gradients(params: Params, X: np.ndarray, T: np.ndarray) -> tuple[float, Params]:
    """The loss and its derivatives by the parameters, each in the shape of its parameter."""
    check_inputs(X=X, T=T)
    A1, Z1, A2, _, F2, A3, Y = activations(params, X)
    _, _, K2, _, W3, _ = params
    k = X.shape[0]
    # L = −tr(Tᵀ log(Y))/k
    # computed stably: logarithm of a quotient of exponentials, shift by the maximum
    shifted_A3 = A3 - A3.max(axis=1, keepdims=True)
    L = -(T * (shifted_A3 - np.log(np.exp(shifted_A3).sum(axis=1, keepdims=True)))).sum() / k
    # delta_3 = (Y − T)/k
    delta_3 = (Y - T) / k
    # dW3 = F2ᵀ delta_3
    dW3 = F2.T @ delta_3
    # db3 = delta_3ᵀ 𝟏
    db3 = delta_3.sum(axis=0)
    # dF2 = delta_3 W3ᵀ
    dF2 = delta_3 @ W3.T
    # dZ2[n,i,j,l] = dF2[n,49*i + 7*j + l]
    dZ2 = dF2.reshape(-1, 16, 7, 7)
    # delta_2[n,o,i,j] = dZ2[n,o,i,j]·1[A2[n,o,i,j] > 0]
    delta_2 = dZ2 * (A2 > 0)
    # dK2[i,j,l,p] = Σ_{i2,j2,n} delta_2[n,i,i2,j2]·Z1[n,j,2*i2 + l − 1,2*j2 + p − 1]
    windows_Z1 = sliding_window_view(np.pad(Z1, ((0, 0), (0, 0), (1, 0), (1, 0))), (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    dK2 = np.tensordot(delta_2, windows_Z1, axes=([0, 2, 3], [0, 2, 3]))
    # db2[i] = Σ_{i2,j,n} delta_2[n,i,i2,j]
    db2 = delta_2.sum(axis=(0, 2, 3))
    # dZ1[n,i,j,l] = Σ_{i2,j2,o} delta_2[n,o,i2,j2]·K2[o,i,j − 2*i2 + 1,l − 2*j2 + 1]
    dZ1 = add_back(
        np.tensordot(delta_2, K2, axes=([1], [0])).transpose(0, 3, 1, 2, 4, 5),
        sizes=(14, 14), strides=(2, 2), dilations=(1, 1), offsets=(-1, -1),
    )
    # delta_1[n,o,i,j] = dZ1[n,o,i,j]·1[A1[n,o,i,j] > 0]
    delta_1 = dZ1 * (A1 > 0)
    # dK1[i,j,l,p] = Σ_{i2,j2,n} delta_1[n,i,i2,j2]·X[n,j,2*i2 + l − 1,2*j2 + p − 1]
    windows_X = sliding_window_view(np.pad(X, ((0, 0), (0, 0), (1, 0), (1, 0))), (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    dK1 = np.tensordot(delta_1, windows_X, axes=([0, 2, 3], [0, 2, 3]))
    # db1[i] = Σ_{i2,j,n} delta_1[n,i,i2,j]
    db1 = delta_1.sum(axis=(0, 2, 3))
    return L, Params(K1=dK1, b1=db1, K2=dK2, b2=db2, W3=dW3, b3=db3)


def update(params: Params, grads: Params, alpha: float = 0.1) -> Params:
    """One step of gradient descent: theta − alpha·g for every parameter theta with gradient g."""
    return Params(*(theta - alpha * g for theta, g in zip(params, grads, strict=True)))


def kinks(params: Params, X: np.ndarray, T: np.ndarray | None = None) -> list[np.ndarray]:
    """Arrays that are 0 exactly where KINKS says that a formula has a kink."""
    A1, _, A2, _, _, _, _ = activations(params, X)
    values = [A1, A2]
    return values
