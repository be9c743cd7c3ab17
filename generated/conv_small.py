# Written by symjac; edited by hand where this is not the SHA-256 of all below: 83800fc89e84d44d
"""conv_small: a network and its gradients, derived by symjac from conv_small.yaml.

Conventions: samples are rows, a dense layer is A = X W + 1 bᵀ; a gradient has the shape of its parameter;
quantities that tie in a maximum or minimum share equally (nested ones flattened); against a number or
declared constant the derivative is 0 (relu'(0) = 0); the absolute value has 0. ⊙ and ⊘ multiply and divide
entry by entry, 𝟏 is a vector of ones, X[n] is sample n. R.. is the derivative of a quantity along V, G..
stands for a cotangent in a Gauss-Newton product. Declared: sum(T, axis=1) = 1. Laid out by
templates/numpy/module.py.j2.

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
from functools import cached_property, wraps
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
    K1, b1, K2, b2, W3, b3 = params
    # A1[n,o,i,j] = Σ_{c,p,q} X[n,c,2*i + p − 1,2*j + q − 1]·K1[o,c,p,q] + b1[o]
    pad_X = np.pad(X, ((0, 0), (0, 0), (1, 0), (1, 0)))
    windows_X = sliding_window_view(pad_X, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    A1 = np.tensordot(windows_X, K1, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2) + b1[:, None, None]
    # Z1[n,i,j,l] = max(A1[n,i,j,l], 0)
    Z1 = relu(A1)
    # A2[n,o,i,j] = Σ_{c,p,q} Z1[n,c,2*i + p − 1,2*j + q − 1]·K2[o,c,p,q] + b2[o]
    pad_Z1 = np.pad(Z1, ((0, 0), (0, 0), (1, 0), (1, 0)))
    windows_Z1 = sliding_window_view(pad_Z1, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
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


@in_single
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


@in_single
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
    pad_Z1 = np.pad(Z1, ((0, 0), (0, 0), (1, 0), (1, 0)))
    windows_Z1 = sliding_window_view(pad_Z1, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
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
    pad_X = np.pad(X, ((0, 0), (0, 0), (1, 0), (1, 0)))
    windows_X = sliding_window_view(pad_X, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    dK1 = np.tensordot(delta_1, windows_X, axes=([0, 2, 3], [0, 2, 3]))
    # db1[i] = Σ_{i2,j,n} delta_1[n,i,i2,j]
    db1 = delta_1.sum(axis=(0, 2, 3))
    return L, Params(K1=dK1, b1=db1, K2=dK2, b2=db2, W3=dW3, b3=db3)


def update(params: Params, grads: Params, alpha: float = 0.1) -> Params:
    """One step of gradient descent: theta − alpha·g for every parameter theta with gradient g."""
    check_params(params=params, grads=grads)
    return Params(*(theta - alpha * g for theta, g in zip(params, grads, strict=True)))


def kinks(params: Params, X: np.ndarray, T: np.ndarray | None = None) -> list[np.ndarray]:
    """Arrays that are 0 exactly where KINKS says that a formula has a kink."""
    A1, _, A2, _, _, _, _ = activations(params, X)
    values = [A1, A2]
    return values


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
    A1: np.ndarray
    A2: np.ndarray
    F2: np.ndarray
    A3: np.ndarray
    Y: np.ndarray
    delta_3: np.ndarray
    delta_2: np.ndarray
    windows_X: np.ndarray
    slope_Z1: np.ndarray
    windows_Z1: np.ndarray
    slope_Z2: np.ndarray


class Linearized(Cached):
    """The loss, its gradients and products with its Hessian at one theta; `linearize` makes it."""

    @cached_property
    def loss(self) -> float:
        """L = −tr(Tᵀ log(Y))/k"""
        X, T, A3 = self.X, self.T, self.A3
        k = X.shape[0]
        # L = −tr(Tᵀ log(Y))/k
        # computed stably: logarithm of a quotient of exponentials, shift by the maximum
        shifted_A3 = A3 - A3.max(axis=1, keepdims=True)
        L = -(T * (shifted_A3 - np.log(np.exp(shifted_A3).sum(axis=1, keepdims=True)))).sum() / k
        return L

    @cached_property
    def gradients(self) -> Params:
        """The derivatives of the loss by the parameters, each in the shape of its parameter."""
        _, _, K2, _, W3, _ = self.params
        F2, delta_3, delta_2, windows_X, slope_Z1 = self.F2, self.delta_3, self.delta_2, self.windows_X, self.slope_Z1
        windows_Z1 = self.windows_Z1
        # dW3 = F2ᵀ delta_3
        dW3 = F2.T @ delta_3
        # db3 = delta_3ᵀ 𝟏
        db3 = delta_3.sum(axis=0)
        # dF2 = delta_3 W3ᵀ
        dF2 = delta_3 @ W3.T
        # dZ2[n,i,j,l] = dF2[n,49*i + 7*j + l]
        dZ2 = dF2.reshape(-1, 16, 7, 7)
        # dK2[i,j,l,p] = Σ_{i2,j2,n} delta_2[n,i,i2,j2]·Z1[n,j,2*i2 + l − 1,2*j2 + p − 1]
        dK2 = np.tensordot(delta_2, windows_Z1, axes=([0, 2, 3], [0, 2, 3]))
        # db2[i] = Σ_{i2,j,n} delta_2[n,i,i2,j]
        db2 = delta_2.sum(axis=(0, 2, 3))
        # dZ1[n,i,j,l] = Σ_{i2,j2,o} delta_2[n,o,i2,j2]·K2[o,i,j − 2*i2 + 1,l − 2*j2 + 1]
        add_back_K2 = add_back(
            np.tensordot(K2, delta_2, axes=([0], [1])).transpose(0, 3, 4, 5, 1, 2),
            sizes=(14, 14), strides=(2, 2), dilations=(1, 1), offsets=(-1, -1),
        )
        dZ1 = add_back_K2.transpose(1, 0, 2, 3)
        # delta_1[n,o,i,j] = dZ1[n,o,i,j]·1[A1[n,o,i,j] > 0]
        delta_1 = dZ1 * slope_Z1
        # dK1[i,j,l,p] = Σ_{i2,j2,n} delta_1[n,i,i2,j2]·X[n,j,2*i2 + l − 1,2*j2 + p − 1]
        dK1 = np.tensordot(delta_1, windows_X, axes=([0, 2, 3], [0, 2, 3]))
        # db1[i] = Σ_{i2,j,n} delta_1[n,i,i2,j]
        db1 = delta_1.sum(axis=(0, 2, 3))
        return Params(K1=dK1, b1=db1, K2=dK2, b2=db2, W3=dW3, b3=db3)

    def hvp(self, V: Params) -> Params:
        """H V, the Hessian of the loss times V: the derivative of the gradients along V."""
        check_directions(V, self.params)
        VK1, Vb1, VK2, Vb2, VW3, Vb3 = V
        _, _, K2, _, W3, _ = self.params
        X, F2, Y, delta_3, delta_2, windows_X = self.X, self.F2, self.Y, self.delta_3, self.delta_2, self.windows_X
        slope_Z1, windows_Z1, slope_Z2 = self.slope_Z1, self.windows_Z1, self.slope_Z2
        k = X.shape[0]
        # RA1[n,o,i,j] = Σ_{c,p,q} X[n,c,2*i + p − 1,2*j + q − 1]·VK1[o,c,p,q] + Vb1[o]
        RA1 = np.tensordot(windows_X, VK1, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2) + Vb1[:, None, None]
        # RZ1[n,i,j,l] = 1[A1[n,i,j,l] > 0]·RA1[n,i,j,l]
        RZ1 = RA1 * slope_Z1
        # RA2[n,o,i,j] = Σ_{c,p,q} K2[o,c,p,q]·RZ1[n,c,2*i + p − 1,2*j + q − 1] + Σ_{c,p,q} Z1[n,c,2*i + p − 1,2*j
        #     + q − 1]·VK2[o,c,p,q] + Vb2[o]
        pad_RZ1 = np.pad(RZ1, ((0, 0), (0, 0), (1, 0), (1, 0)))
        windows_RZ1 = sliding_window_view(pad_RZ1, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
        RA2 = (
            np.tensordot(K2, windows_RZ1, axes=([1, 2, 3], [1, 4, 5])).transpose(1, 0, 2, 3)
            + np.tensordot(windows_Z1, VK2, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)
            + Vb2[:, None, None]
        )
        # RZ2[n,i,j,l] = 1[A2[n,i,j,l] > 0]·RA2[n,i,j,l]
        RZ2 = RA2 * slope_Z2
        # RF2[n,49*c + 7*i + j] = RZ2[n,c,i,j]
        RF2 = RZ2.reshape(-1, 784)
        # RA3 = RF2 W3 + F2 VW3 + 𝟏 Vb3ᵀ
        RA3 = RF2 @ W3 + F2 @ VW3 + Vb3
        # RY = Y ⊙ (RA3 − (RA3 ⊙ Y) 𝟏 𝟏ᵀ)
        RY = Y * (RA3 - (Y * RA3).sum(axis=1, keepdims=True))
        # Rdelta_3 = RY/k
        Rdelta_3 = RY / k
        # RdW3 = F2ᵀ Rdelta_3 + RF2ᵀ delta_3
        RdW3 = F2.T @ Rdelta_3 + RF2.T @ delta_3
        # Rdb3 = Rdelta_3ᵀ 𝟏
        Rdb3 = Rdelta_3.sum(axis=0)
        # RdF2 = Rdelta_3 W3ᵀ + delta_3 VW3ᵀ
        RdF2 = Rdelta_3 @ W3.T + delta_3 @ VW3.T
        # RdZ2[n,i,j,l] = RdF2[n,49*i + 7*j + l]
        RdZ2 = RdF2.reshape(-1, 16, 7, 7)
        # Rdelta_2[n,o,i,j] = 1[A2[n,o,i,j] > 0]·RdZ2[n,o,i,j]
        Rdelta_2 = RdZ2 * slope_Z2
        # RdK2[i,j,l,p] = Σ_{i2,j2,n} Z1[n,j,2*i2 + l − 1,2*j2 + p − 1]·Rdelta_2[n,i,i2,j2] + Σ_{i2,j2,n}
        #     delta_2[n,i,i2,j2]·RZ1[n,j,2*i2 + l − 1,2*j2 + p − 1]
        RdK2 = (
            np.tensordot(Rdelta_2, windows_Z1, axes=([0, 2, 3], [0, 2, 3]))
            + np.tensordot(delta_2, windows_RZ1, axes=([0, 2, 3], [0, 2, 3]))
        )
        # Rdb2[i] = Σ_{i2,j,n} Rdelta_2[n,i,i2,j]
        Rdb2 = Rdelta_2.sum(axis=(0, 2, 3))
        # RdZ1[n,i,j,l] = Σ_{i2,j2,o} K2[o,i,j − 2*i2 + 1,l − 2*j2 + 1]·Rdelta_2[n,o,i2,j2] + Σ_{i2,j2,o}
        #     delta_2[n,o,i2,j2]·VK2[o,i,j − 2*i2 + 1,l − 2*j2 + 1]
        add_back_K2 = add_back(
            np.tensordot(K2, Rdelta_2, axes=([0], [1])).transpose(0, 3, 4, 5, 1, 2),
            sizes=(14, 14), strides=(2, 2), dilations=(1, 1), offsets=(-1, -1),
        )
        add_back_delta_2 = add_back(
            np.tensordot(delta_2, VK2, axes=([1], [0])).transpose(0, 3, 1, 2, 4, 5),
            sizes=(14, 14), strides=(2, 2), dilations=(1, 1), offsets=(-1, -1),
        )
        RdZ1 = add_back_K2.transpose(1, 0, 2, 3) + add_back_delta_2
        # Rdelta_1[n,o,i,j] = 1[A1[n,o,i,j] > 0]·RdZ1[n,o,i,j]
        Rdelta_1 = RdZ1 * slope_Z1
        # RdK1[i,j,l,p] = Σ_{i2,j2,n} X[n,j,2*i2 + l − 1,2*j2 + p − 1]·Rdelta_1[n,i,i2,j2]
        RdK1 = np.tensordot(Rdelta_1, windows_X, axes=([0, 2, 3], [0, 2, 3]))
        # Rdb1[i] = Σ_{i2,j,n} Rdelta_1[n,i,i2,j]
        Rdb1 = Rdelta_1.sum(axis=(0, 2, 3))
        return Params(K1=RdK1, b1=Rdb1, K2=RdK2, b2=Rdb2, W3=RdW3, b3=Rdb3)

    def hvp_block(self, V: Params) -> Params:
        """H V for m directions: each array of V, and of what is returned, has a first axis of length m."""
        check_directions(V, self.params, ("m",))
        X = self.X
        k = X.shape[0]
        together = max(1, TOGETHER // (1568 * k))
        if together > 1:
            groups = [Params(*(v[at : at + together] for v in V)) for at in range(0, V[0].shape[0], together)]
            return Params(*(np.concatenate(arrays) for arrays in zip(*(self._hvp_group(group) for group in groups))))
        return Params(*(np.stack(arrays) for arrays in zip(*(self.hvp(Params(*v)) for v in zip(*V)))))

    def _hvp_group(self, V: Params) -> Params:
        """H V, every step for all directions: their axis m is the first of V's arrays and the second of samples'."""
        VK1, Vb1, VK2, Vb2, VW3, Vb3 = V
        _, _, K2, _, W3, _ = self.params
        X, F2, Y, delta_3, delta_2, windows_X = self.X, self.F2, self.Y, self.delta_3, self.delta_2, self.windows_X
        slope_Z1, windows_Z1, slope_Z2 = self.slope_Z1, self.windows_Z1, self.slope_Z2
        k = X.shape[0]
        count_of_directions = V.K1.shape[0]
        # RA1[n,m,o,i,j] = Σ_{c,p,q} X[n,c,2*i + p − 1,2*j + q − 1]·VK1[m,o,c,p,q] + Vb1[m,o]
        RA1 = (
            np.tensordot(windows_X, VK1, axes=([1, 4, 5], [2, 3, 4])).transpose(0, 3, 4, 1, 2)
            + Vb1[:, :, None, None]
        )
        # RZ1[n,m,i,j,l] = 1[A1[n,i,j,l] > 0]·RA1[n,m,i,j,l]
        RZ1 = RA1 * slope_Z1[:, None]
        # RA2[n,m,o,i,j] = Σ_{c,p,q} K2[o,c,p,q]·RZ1[n,m,c,2*i + p − 1,2*j + q − 1] + Σ_{c,p,q} Z1[n,c,2*i + p −
        #     1,2*j + q − 1]·VK2[m,o,c,p,q] + Vb2[m,o]
        pad_RZ1 = np.pad(RZ1, ((0, 0), (0, 0), (0, 0), (1, 0), (1, 0)))
        windows_RZ1 = sliding_window_view(pad_RZ1, (3, 3), axis=(3, 4))[:, :, :, ::2, ::2]
        RA2 = (
            np.tensordot(K2, windows_RZ1, axes=([1, 2, 3], [2, 5, 6])).transpose(1, 2, 0, 3, 4)
            + np.tensordot(windows_Z1, VK2, axes=([1, 4, 5], [2, 3, 4])).transpose(0, 3, 4, 1, 2)
            + Vb2[:, :, None, None]
        )
        # RZ2[n,m,i,j,l] = 1[A2[n,i,j,l] > 0]·RA2[n,m,i,j,l]
        RZ2 = RA2 * slope_Z2[:, None]
        # RF2[n,m,49*c + 7*i + j] = RZ2[n,m,c,i,j]
        RF2 = RZ2.reshape(k, count_of_directions, 784)
        # RA3[n,m,j] = Σ_i W3[i,j]·RF2[n,m,i] + Σ_i F2[n,i]·VW3[m,i,j] + Vb3[m,j]
        RA3 = RF2 @ W3 + np.tensordot(F2, VW3, axes=([1], [1])) + Vb3
        # RY[n,m,i] = Y[n,i]·(RA3[n,m,i] − Σ_j RA3[n,m,j]·Y[n,j])
        RY = Y[:, None] * (RA3 - (Y[:, None] * RA3).sum(axis=2, keepdims=True))
        # Rdelta_3[n,m,j] = RY[n,m,j]/k
        Rdelta_3 = RY / k
        # RdW3[m,i,j] = Σ_n F2[n,i]·Rdelta_3[n,m,j] + Σ_n delta_3[n,j]·RF2[n,m,i]
        RdW3 = (
            np.tensordot(F2, Rdelta_3, axes=([0], [0])).transpose(1, 0, 2)
            + np.tensordot(RF2, delta_3, axes=([0], [0]))
        )
        # Rdb3[m,i] = Σ_n Rdelta_3[n,m,i]
        Rdb3 = Rdelta_3.sum(axis=0)
        # RdF2[n,m,l] = Σ_j W3[l,j]·Rdelta_3[n,m,j] + Σ_j delta_3[n,j]·VW3[m,l,j]
        RdF2 = Rdelta_3 @ W3.T + np.tensordot(delta_3, VW3, axes=([1], [2]))
        # RdZ2[n,m,i,j,l] = RdF2[n,m,49*i + 7*j + l]
        RdZ2 = RdF2.reshape(k, count_of_directions, 16, 7, 7)
        # Rdelta_2[n,m,o,i,j] = 1[A2[n,o,i,j] > 0]·RdZ2[n,m,o,i,j]
        Rdelta_2 = RdZ2 * slope_Z2[:, None]
        # RdK2[m,i,j,l,p] = Σ_{i2,j2,n} Z1[n,j,2*i2 + l − 1,2*j2 + p − 1]·Rdelta_2[n,m,i,i2,j2] + Σ_{i2,j2,n}
        #     delta_2[n,i,i2,j2]·RZ1[n,m,j,2*i2 + l − 1,2*j2 + p − 1]
        RdK2 = (
            np.tensordot(Rdelta_2, windows_Z1, axes=([0, 3, 4], [0, 2, 3]))
            + np.tensordot(delta_2, windows_RZ1, axes=([0, 2, 3], [0, 3, 4])).transpose(1, 0, 2, 3, 4)
        )
        # Rdb2[m,i] = Σ_{i2,j,n} Rdelta_2[n,m,i,i2,j]
        Rdb2 = Rdelta_2.sum(axis=(0, 3, 4))
        # RdZ1[n,m,i,j,l] = Σ_{i2,j2,o} K2[o,i,j − 2*i2 + 1,l − 2*j2 + 1]·Rdelta_2[n,m,o,i2,j2] + Σ_{i2,j2,o}
        #     delta_2[n,o,i2,j2]·VK2[m,o,i,j − 2*i2 + 1,l − 2*j2 + 1]
        add_back_K2 = add_back(
            np.tensordot(K2, Rdelta_2, axes=([0], [2])).transpose(0, 3, 4, 5, 6, 1, 2),
            sizes=(14, 14), strides=(2, 2), dilations=(1, 1), offsets=(-1, -1),
        )
        add_back_delta_2 = add_back(
            np.tensordot(delta_2, VK2, axes=([1], [1])).transpose(0, 3, 4, 1, 2, 5, 6),
            sizes=(14, 14), strides=(2, 2), dilations=(1, 1), offsets=(-1, -1),
        )
        RdZ1 = add_back_K2.transpose(1, 2, 0, 3, 4) + add_back_delta_2
        # Rdelta_1[n,m,o,i,j] = 1[A1[n,o,i,j] > 0]·RdZ1[n,m,o,i,j]
        Rdelta_1 = RdZ1 * slope_Z1[:, None]
        # RdK1[m,i,j,l,p] = Σ_{i2,j2,n} X[n,j,2*i2 + l − 1,2*j2 + p − 1]·Rdelta_1[n,m,i,i2,j2]
        RdK1 = np.tensordot(Rdelta_1, windows_X, axes=([0, 3, 4], [0, 2, 3]))
        # Rdb1[m,i] = Σ_{i2,j,n} Rdelta_1[n,m,i,i2,j]
        Rdb1 = Rdelta_1.sum(axis=(0, 3, 4))
        return Params(K1=RdK1, b1=Rdb1, K2=RdK2, b2=Rdb2, W3=RdW3, b3=Rdb3)

    def ggnvp(self, V: Params) -> Params:
        """Jᵀ H J V, Gauss-Newton's part of H V: J = ∂A3/∂theta, H = ∂²L/∂A3²."""
        check_directions(V, self.params)
        VK1, Vb1, VK2, Vb2, VW3, Vb3 = V
        _, _, K2, _, W3, _ = self.params
        X, F2, Y, windows_X, slope_Z1 = self.X, self.F2, self.Y, self.windows_X, self.slope_Z1
        windows_Z1, slope_Z2 = self.windows_Z1, self.slope_Z2
        k = X.shape[0]
        # RA1[n,o,i,j] = Σ_{c,p,q} X[n,c,2*i + p − 1,2*j + q − 1]·VK1[o,c,p,q] + Vb1[o]
        RA1 = np.tensordot(windows_X, VK1, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2) + Vb1[:, None, None]
        # RZ1[n,i,j,l] = 1[A1[n,i,j,l] > 0]·RA1[n,i,j,l]
        RZ1 = RA1 * slope_Z1
        # RA2[n,o,i,j] = Σ_{c,p,q} K2[o,c,p,q]·RZ1[n,c,2*i + p − 1,2*j + q − 1] + Σ_{c,p,q} Z1[n,c,2*i + p − 1,2*j
        #     + q − 1]·VK2[o,c,p,q] + Vb2[o]
        pad_RZ1 = np.pad(RZ1, ((0, 0), (0, 0), (1, 0), (1, 0)))
        windows_RZ1 = sliding_window_view(pad_RZ1, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
        RA2 = (
            np.tensordot(K2, windows_RZ1, axes=([1, 2, 3], [1, 4, 5])).transpose(1, 0, 2, 3)
            + np.tensordot(windows_Z1, VK2, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)
            + Vb2[:, None, None]
        )
        # RZ2[n,i,j,l] = 1[A2[n,i,j,l] > 0]·RA2[n,i,j,l]
        RZ2 = RA2 * slope_Z2
        # RF2[n,49*c + 7*i + j] = RZ2[n,c,i,j]
        RF2 = RZ2.reshape(-1, 784)
        # RA3 = RF2 W3 + F2 VW3 + 𝟏 Vb3ᵀ
        RA3 = RF2 @ W3 + F2 @ VW3 + Vb3
        # RY = Y ⊙ (RA3 − (RA3 ⊙ Y) 𝟏 𝟏ᵀ)
        RY = Y * (RA3 - (Y * RA3).sum(axis=1, keepdims=True))
        # Gdelta_3 = RY/k
        Gdelta_3 = RY / k
        # GdW3 = F2ᵀ Gdelta_3
        GdW3 = F2.T @ Gdelta_3
        # Gdb3 = Gdelta_3ᵀ 𝟏
        Gdb3 = Gdelta_3.sum(axis=0)
        # GdF2 = Gdelta_3 W3ᵀ
        GdF2 = Gdelta_3 @ W3.T
        # GdZ2[n,i,j,l] = GdF2[n,49*i + 7*j + l]
        GdZ2 = GdF2.reshape(-1, 16, 7, 7)
        # Gdelta_2[n,o,i,j] = GdZ2[n,o,i,j]·1[A2[n,o,i,j] > 0]
        Gdelta_2 = GdZ2 * slope_Z2
        # GdK2[i,j,l,p] = Σ_{i2,j2,n} Gdelta_2[n,i,i2,j2]·Z1[n,j,2*i2 + l − 1,2*j2 + p − 1]
        GdK2 = np.tensordot(Gdelta_2, windows_Z1, axes=([0, 2, 3], [0, 2, 3]))
        # Gdb2[i] = Σ_{i2,j,n} Gdelta_2[n,i,i2,j]
        Gdb2 = Gdelta_2.sum(axis=(0, 2, 3))
        # GdZ1[n,i,j,l] = Σ_{i2,j2,o} Gdelta_2[n,o,i2,j2]·K2[o,i,j − 2*i2 + 1,l − 2*j2 + 1]
        add_back_K2 = add_back(
            np.tensordot(K2, Gdelta_2, axes=([0], [1])).transpose(0, 3, 4, 5, 1, 2),
            sizes=(14, 14), strides=(2, 2), dilations=(1, 1), offsets=(-1, -1),
        )
        GdZ1 = add_back_K2.transpose(1, 0, 2, 3)
        # Gdelta_1[n,o,i,j] = GdZ1[n,o,i,j]·1[A1[n,o,i,j] > 0]
        Gdelta_1 = GdZ1 * slope_Z1
        # GdK1[i,j,l,p] = Σ_{i2,j2,n} Gdelta_1[n,i,i2,j2]·X[n,j,2*i2 + l − 1,2*j2 + p − 1]
        GdK1 = np.tensordot(Gdelta_1, windows_X, axes=([0, 2, 3], [0, 2, 3]))
        # Gdb1[i] = Σ_{i2,j,n} Gdelta_1[n,i,i2,j]
        Gdb1 = Gdelta_1.sum(axis=(0, 2, 3))
        return Params(K1=GdK1, b1=Gdb1, K2=GdK2, b2=Gdb2, W3=GdW3, b3=Gdb3)

    @cached_property
    def J_A2_A1(self) -> np.ndarray:
        """∂A2/∂A1 of each sample."""
        _, _, K2, _, _, _ = self.params
        X, slope_Z1 = self.X, self.slope_Z1
        # J_A2_A1[n,o,i,j,o1,i1,j1] = K2[o,o1,i1 − 2*i + 1,j1 − 2*j + 1]·1[A1[n,o1,i1,j1] > 0]
        mask_number = np.arange(14)[:, None, None] == 2 * np.arange(7)[:, None] + np.arange(3) + -1
        part_mask_number = (
            mask_number.astype(X.dtype).transpose(1, 0, 2)[:, None, :, None, :, None]
            * mask_number.transpose(1, 0, 2)[:, None, :, None]
        )
        return (
            np.tensordot(K2, part_mask_number, axes=([2, 3], [4, 5])).transpose(0, 2, 3, 1, 4, 5)
            * slope_Z1[:, None, None, None]
        )

    @cached_property
    def J_F2_A1(self) -> np.ndarray:
        """∂F2/∂A1 of each sample."""
        slope_Z2 = self.slope_Z2
        J_A2_A1 = self.J_A2_A1
        # J_F2_A1[n,49*c + 7*i + j,o1,i1,j1] = 1[A2[n,c,i,j] > 0]·J_A2_A1[n,c,i,j,o1,i1,j1]
        return (J_A2_A1 * slope_Z2[:, :, :, :, None, None, None]).reshape(-1, 784, 8, 14, 14)

    @cached_property
    def J_A3_A1(self) -> np.ndarray:
        """∂A3/∂A1 of each sample."""
        _, _, _, _, W3, _ = self.params
        J_F2_A1 = self.J_F2_A1
        # J_A3_A1[n,j,o1,i1,j1] = Σ_i W3[i,j]·J_F2_A1[n,i,o1,i1,j1]
        return np.tensordot(W3, J_F2_A1, axes=([0], [1])).transpose(1, 0, 2, 3, 4)

    @cached_property
    def J_Y_A3(self) -> np.ndarray:
        """∂Y/∂A3 of each sample."""
        Y = self.Y
        # J_Y_A3[n,i,i5] = 1[i = i5]·Y[n,i] − Y[n,i]·Y[n,i5]
        return Y[:, :, None] * np.eye(10, dtype=bool) - Y[:, :, None] * Y[:, None]

    @cached_property
    def J_Y_A1(self) -> np.ndarray:
        """∂Y/∂A1 of each sample."""
        J_A3_A1, J_Y_A3 = self.J_A3_A1, self.J_Y_A3
        # J_Y_A1[n,i,o1,i1,j1] = Σ_i5 J_Y_A3[n,i,i5]·J_A3_A1[n,i5,o1,i1,j1]
        return np.einsum("abc,acdef->abdef", J_Y_A3, J_A3_A1)

    @cached_property
    def J_dF2_A1(self) -> np.ndarray:
        """∂dF2/∂A1 of each sample."""
        _, _, _, _, W3, _ = self.params
        X = self.X
        k = X.shape[0]
        J_Y_A1 = self.J_Y_A1
        # J_dF2_A1[n,l,o1,i1,j1] = Σ_j W3[l,j]·J_Y_A1[n,j,o1,i1,j1] / k
        return np.tensordot(W3 / k, J_Y_A1, axes=([1], [1])).transpose(1, 0, 2, 3, 4)

    @cached_property
    def J_dZ2_A1(self) -> np.ndarray:
        """∂dZ2/∂A1 of each sample."""
        J_dF2_A1 = self.J_dF2_A1
        # J_dZ2_A1[n,i,j,l,o1,i1,j1] = J_dF2_A1[n,49*i + 7*j + l,o1,i1,j1]
        return J_dF2_A1.reshape(-1, 16, 7, 7, 8, 14, 14)

    @cached_property
    def J_dZ1_A1(self) -> np.ndarray:
        """∂dZ1/∂A1 of each sample."""
        _, _, K2, _, _, _ = self.params
        slope_Z2 = self.slope_Z2
        J_dZ2_A1 = self.J_dZ2_A1
        # J_dZ1_A1[n,i,j,l,o1,i1,j1] = Σ_{i2,j2,o} K2[o,i,j − 2*i2 + 1,l − 2*j2 + 1]·1[A2[n,o,i2,j2] >
        #     0]·J_dZ2_A1[n,o,i2,j2,o1,i1,j1]
        einsum_K2 = np.einsum(
            "abcdefg,acfghij->afgbdehij",
            K2.transpose(1, 0, 2, 3)[:, :, :, :, None, None] * slope_Z2[:, None, :, None, None],
            J_dZ2_A1,
        )
        add_back_einsum_K2 = add_back(
            einsum_K2.transpose(0, 3, 6, 7, 8, 1, 2, 4, 5),
            sizes=(14, 14), strides=(2, 2), dilations=(1, 1), offsets=(-1, -1),
        )
        return add_back_einsum_K2.transpose(0, 1, 5, 6, 2, 3, 4)

    @cached_property
    def J_A3_A2(self) -> np.ndarray:
        """∂A3/∂A2 of each sample."""
        _, _, _, _, W3, _ = self.params
        slope_Z2 = self.slope_Z2
        # J_A3_A2[n,j,o2,i6,j5] = W3[49*o2 + 7*i6 + j5,j]·1[A2[n,o2,i6,j5] > 0]
        return W3.reshape(16, 7, 7, 10).transpose(3, 0, 1, 2) * slope_Z2[:, None]

    @cached_property
    def J_Y_A2(self) -> np.ndarray:
        """∂Y/∂A2 of each sample."""
        J_Y_A3, J_A3_A2 = self.J_Y_A3, self.J_A3_A2
        # J_Y_A2[n,i,o2,i6,j5] = Σ_i5 J_Y_A3[n,i,i5]·J_A3_A2[n,i5,o2,i6,j5]
        return np.einsum("abc,acdef->abdef", J_Y_A3, J_A3_A2)

    @cached_property
    def J_dF2_A2(self) -> np.ndarray:
        """∂dF2/∂A2 of each sample."""
        _, _, _, _, W3, _ = self.params
        X = self.X
        k = X.shape[0]
        J_Y_A2 = self.J_Y_A2
        # J_dF2_A2[n,l,o2,i6,j5] = Σ_j W3[l,j]·J_Y_A2[n,j,o2,i6,j5] / k
        return np.tensordot(W3 / k, J_Y_A2, axes=([1], [1])).transpose(1, 0, 2, 3, 4)

    @cached_property
    def J_dZ2_A2(self) -> np.ndarray:
        """∂dZ2/∂A2 of each sample."""
        J_dF2_A2 = self.J_dF2_A2
        # J_dZ2_A2[n,i,j,l,o2,i6,j5] = J_dF2_A2[n,49*i + 7*j + l,o2,i6,j5]
        return J_dF2_A2.reshape(-1, 16, 7, 7, 16, 7, 7)

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
            case "K1", "K1":
                windows_X, slope_Z1 = self.windows_X, self.slope_Z1
                J_dZ1_A1 = self.J_dZ1_A1
                # ∂²L/∂K1[i,j,l,p]∂K1[i7,j7,l4,p1] = Σ_{i2,j2,n,i1,j1} X[n,j,2*i2 + l − 1,2*j2 + p −
                #     1]·1[A1[n,i,i2,j2] > 0]·J_dZ1_A1[n,i,i2,j2,i7,i1,j1]·X[n,j7,2*i1 + l4 − 1,2*j1 + p1 − 1]
                einsum_windows_X = np.einsum(
                    "abcdefg,eafghij->aebcdhij",
                    windows_X.transpose(1, 4, 5, 0, 2, 3) * slope_Z1.transpose(1, 0, 2, 3)[:, None, None, None],
                    J_dZ1_A1,
                )
                return np.tensordot(einsum_windows_X, windows_X, axes=([1, 6, 7], [0, 2, 3]))
            case "b1", "K1":
                windows_X, slope_Z1 = self.windows_X, self.slope_Z1
                J_dZ1_A1 = self.J_dZ1_A1
                # ∂²L/∂b1[i]∂K1[i7,j7,l4,p1] = Σ_{i2,j,n,i1,j1} 1[A1[n,i,i2,j] >
                #     0]·J_dZ1_A1[n,i,i2,j,i7,i1,j1]·X[n,j7,2*i1 + l4 − 1,2*j1 + p1 − 1]
                return np.tensordot(
                    (slope_Z1[:, :, :, :, None, None, None] * J_dZ1_A1).sum(axis=(2, 3)),
                    windows_X,
                    axes=([0, 3, 4], [0, 2, 3]),
                )
            case "b1", "b1":
                slope_Z1 = self.slope_Z1
                J_dZ1_A1 = self.J_dZ1_A1
                # ∂²L/∂b1[i]∂b1[i7] = Σ_{i2,j,n,i1,j1} 1[A1[n,i,i2,j] > 0]·J_dZ1_A1[n,i,i2,j,i7,i1,j1]
                return (slope_Z1[:, :, :, :, None] * J_dZ1_A1.sum(axis=(5, 6))).sum(axis=(0, 2, 3))
            case "K2", "K1":
                X, delta_2, windows_X, slope_Z1 = self.X, self.delta_2, self.windows_X, self.slope_Z1
                windows_Z1, slope_Z2 = self.windows_Z1, self.slope_Z2
                J_dZ2_A1 = self.J_dZ2_A1
                # ∂²L/∂K2[i,j,l,p]∂K1[i7,j7,l4,p1] = Σ_{i2,j2,n,i1,j1} Z1[n,j,2*i2 + l − 1,2*j2 + p −
                #     1]·1[A2[n,i,i2,j2] > 0]·J_dZ2_A1[n,i,i2,j2,i7,i1,j1]·X[n,j7,2*i1 + l4 − 1,2*j1 + p1 − 1] +
                #     1[i7 = j]·Σ_{i2,j2,n,l2,r} delta_2[n,i,i2,j2]·1[l2 = 2*i2 + l − 1]·1[r = 2*j2 + p −
                #     1]·1[A1[n,j,l2,r] > 0]·X[n,j7,2*l2 + l4 − 1,2*r + p1 − 1]
                mask_number = np.arange(14)[:, None, None] == 2 * np.arange(7)[:, None] + np.arange(3) + -1
                einsum_windows_Z1 = np.einsum(
                    "abcdefg,eafghijk->abcdhijk",
                    windows_Z1.transpose(1, 4, 5, 0, 2, 3) * slope_Z2.transpose(1, 0, 2, 3)[:, None, None, None],
                    np.einsum("abcdefg,ahfgij->abcdehij", J_dZ2_A1, windows_X),
                )
                part_mask_number = (
                    mask_number.astype(X.dtype).transpose(2, 0, 1)[:, None, :, :, None, None]
                    * mask_number.transpose(2, 0, 1)[:, None, None]
                )
                tensordot_delta_2 = np.tensordot(
                    np.tensordot(delta_2, part_mask_number, axes=([2, 3], [3, 5])),
                    slope_Z1.transpose(1, 0, 2, 3)[:, None, None, None] * windows_X.transpose(1, 4, 5, 0, 2, 3),
                    axes=([0, 4, 5], [4, 5, 6]),
                )
                part_tensordot_delta_2 = (
                    tensordot_delta_2.transpose(0, 3, 1, 2, 4, 5, 6)[:, :, :, :, None]
                    * np.eye(8, dtype=bool).T[:, None, None, :, None, None, None]
                )
                return einsum_windows_Z1 + part_tensordot_delta_2
            case "K2", "b1":
                A1, delta_2, slope_Z1, windows_Z1 = self.A1, self.delta_2, self.slope_Z1, self.windows_Z1
                slope_Z2 = self.slope_Z2
                J_dZ2_A1 = self.J_dZ2_A1
                # ∂²L/∂K2[i,j,l,p]∂b1[i7] = Σ_{i2,j2,n,i1,j1} Z1[n,j,2*i2 + l − 1,2*j2 + p − 1]·1[A2[n,i,i2,j2] >
                #     0]·J_dZ2_A1[n,i,i2,j2,i7,i1,j1] + 1[i7 = j]·Σ_{i2,j2,n,l2,r} delta_2[n,i,i2,j2]·1[l2 = 2*i2
                #     + l − 1]·1[r = 2*j2 + p − 1]·1[A1[n,j,l2,r] > 0]
                pad_slope_Z1 = np.pad(slope_Z1, ((0, 0), (0, 0), (1, 0), (1, 0)))
                windows_slope_Z1 = sliding_window_view(pad_slope_Z1, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
                tensordot_windows_Z1 = np.tensordot(
                    windows_Z1,
                    slope_Z2[:, :, :, :, None] * J_dZ2_A1.sum(axis=(5, 6)),
                    axes=([0, 2, 3], [0, 2, 3]),
                )
                tensordot_delta_2 = np.tensordot(
                    delta_2,
                    windows_slope_Z1.astype(A1.dtype),
                    axes=([0, 2, 3], [0, 2, 3]),
                )
                return (
                    tensordot_windows_Z1.transpose(3, 0, 1, 2, 4)
                    + tensordot_delta_2[:, :, :, :, None] * np.eye(8, dtype=bool).T[:, None, None]
                )
            case "K2", "K2":
                windows_Z1, slope_Z2 = self.windows_Z1, self.slope_Z2
                J_dZ2_A2 = self.J_dZ2_A2
                # ∂²L/∂K2[i,j,l,p]∂K2[i7,j7,l4,p1] = Σ_{i2,j2,n,i6,j5} Z1[n,j,2*i2 + l − 1,2*j2 + p −
                #     1]·1[A2[n,i,i2,j2] > 0]·J_dZ2_A2[n,i,i2,j2,i7,i6,j5]·Z1[n,j7,2*i6 + l4 − 1,2*j5 + p1 − 1]
                einsum_windows_Z1 = np.einsum(
                    "abcdefg,eafghij->aebcdhij",
                    windows_Z1.transpose(1, 4, 5, 0, 2, 3) * slope_Z2.transpose(1, 0, 2, 3)[:, None, None, None],
                    J_dZ2_A2,
                )
                return np.tensordot(einsum_windows_Z1, windows_Z1, axes=([1, 6, 7], [0, 2, 3]))
            case "b2", "K1":
                windows_X, slope_Z2 = self.windows_X, self.slope_Z2
                J_dZ2_A1 = self.J_dZ2_A1
                # ∂²L/∂b2[i]∂K1[i7,j7,l4,p1] = Σ_{i2,j,n,i1,j1} 1[A2[n,i,i2,j] >
                #     0]·J_dZ2_A1[n,i,i2,j,i7,i1,j1]·X[n,j7,2*i1 + l4 − 1,2*j1 + p1 − 1]
                return np.tensordot(
                    (slope_Z2[:, :, :, :, None, None, None] * J_dZ2_A1).sum(axis=(2, 3)),
                    windows_X,
                    axes=([0, 3, 4], [0, 2, 3]),
                )
            case "b2", "b1":
                slope_Z2 = self.slope_Z2
                J_dZ2_A1 = self.J_dZ2_A1
                # ∂²L/∂b2[i]∂b1[i7] = Σ_{i2,j,n,i1,j1} 1[A2[n,i,i2,j] > 0]·J_dZ2_A1[n,i,i2,j,i7,i1,j1]
                return (slope_Z2[:, :, :, :, None] * J_dZ2_A1.sum(axis=(5, 6))).sum(axis=(0, 2, 3))
            case "b2", "K2":
                windows_Z1, slope_Z2 = self.windows_Z1, self.slope_Z2
                J_dZ2_A2 = self.J_dZ2_A2
                # ∂²L/∂b2[i]∂K2[i7,j7,l4,p1] = Σ_{i2,j,n,i6,j5} 1[A2[n,i,i2,j] >
                #     0]·J_dZ2_A2[n,i,i2,j,i7,i6,j5]·Z1[n,j7,2*i6 + l4 − 1,2*j5 + p1 − 1]
                return np.tensordot(
                    (slope_Z2[:, :, :, :, None, None, None] * J_dZ2_A2).sum(axis=(2, 3)),
                    windows_Z1,
                    axes=([0, 3, 4], [0, 2, 3]),
                )
            case "b2", "b2":
                slope_Z2 = self.slope_Z2
                J_dZ2_A2 = self.J_dZ2_A2
                # ∂²L/∂b2[i]∂b2[i7] = Σ_{i2,j,n,i6,j5} 1[A2[n,i,i2,j] > 0]·J_dZ2_A2[n,i,i2,j,i7,i6,j5]
                return (slope_Z2[:, :, :, :, None] * J_dZ2_A2.sum(axis=(5, 6))).sum(axis=(0, 2, 3))
            case "W3", "K1":
                X, F2, delta_3, windows_X = self.X, self.F2, self.delta_3, self.windows_X
                k = X.shape[0]
                J_F2_A1, J_Y_A1 = self.J_F2_A1, self.J_Y_A1
                # ∂²L/∂W3[i,j]∂K1[i7,j7,l4,p1] = Σ_{n,i1,j1} F2[n,i]·J_Y_A1[n,j,i7,i1,j1]·X[n,j7,2*i1 + l4 −
                #     1,2*j1 + p1 − 1] / k + Σ_{n,i1,j1} delta_3[n,j]·J_F2_A1[n,i,i7,i1,j1]·X[n,j7,2*i1 + l4 −
                #     1,2*j1 + p1 − 1]
                tensordot_delta_3 = np.tensordot(
                    delta_3.T[:, None, None, None, :, None, None] * windows_X.transpose(1, 4, 5, 0, 2, 3),
                    J_F2_A1,
                    axes=([4, 5, 6], [0, 3, 4]),
                )
                return (
                    np.tensordot(F2 / k, np.einsum("abcde,afdegh->abcfgh", J_Y_A1, windows_X), axes=([0], [0]))
                    + tensordot_delta_3.transpose(4, 0, 5, 1, 2, 3)
                )
            case "W3", "b1":
                X, F2, delta_3 = self.X, self.F2, self.delta_3
                k = X.shape[0]
                J_F2_A1, J_Y_A1 = self.J_F2_A1, self.J_Y_A1
                # ∂²L/∂W3[i,j]∂b1[i7] = Σ_{n,i1,j1} F2[n,i]·J_Y_A1[n,j,i7,i1,j1] / k + Σ_{n,i1,j1}
                #     delta_3[n,j]·J_F2_A1[n,i,i7,i1,j1]
                return (
                    np.tensordot(F2 / k, J_Y_A1.sum(axis=(3, 4)), axes=([0], [0]))
                    + np.tensordot(delta_3, J_F2_A1.sum(axis=(3, 4)), axes=([0], [0])).transpose(1, 0, 2)
                )
            case "W3", "K2":
                X, F2, delta_3, windows_Z1, slope_Z2 = self.X, self.F2, self.delta_3, self.windows_Z1, self.slope_Z2
                k = X.shape[0]
                J_Y_A2 = self.J_Y_A2
                # ∂²L/∂W3[i,j]∂K2[i7,j7,l4,p1] = Σ_{n,i6,j5} F2[n,i]·J_Y_A2[n,j,i7,i6,j5]·Z1[n,j7,2*i6 + l4 −
                #     1,2*j5 + p1 − 1] / k + Σ_{n,i6,j5} delta_3[n,j]·1[i = 49*i7 + 7*i6 + j5]·1[A2[n,i7,i6,j5] >
                #     0]·Z1[n,j7,2*i6 + l4 − 1,2*j5 + p1 − 1]
                arange_number = np.arange(7)
                einsum_delta_3 = np.einsum(
                    "abcde,cfdegh->deabfgh",
                    delta_3.T[:, None, :, None, None] * slope_Z2.transpose(1, 0, 2, 3),
                    windows_Z1,
                )
                tensordot_F2 = np.tensordot(
                    F2 / k,
                    np.einsum("abcde,afdegh->abcfgh", J_Y_A2, windows_Z1),
                    axes=([0], [0]),
                )
                part_arange_number = (
                    49 * np.arange(16)[:, None, None]
                    + 7 * arange_number[:, None]
                    + arange_number
                )
                einsum_part_arange_number = np.einsum(
                    "abcd,cdebfgh->baefgh",
                    (np.arange(784)[:, None, None, None] == part_arange_number).astype(X.dtype),
                    einsum_delta_3,
                )
                return tensordot_F2 + einsum_part_arange_number.transpose(1, 2, 0, 3, 4, 5)
            case "W3", "b2":
                X, A2, F2, delta_3, slope_Z2 = self.X, self.A2, self.F2, self.delta_3, self.slope_Z2
                k = X.shape[0]
                J_Y_A2 = self.J_Y_A2
                # ∂²L/∂W3[i,j]∂b2[i7] = Σ_{n,i6,j5} F2[n,i]·J_Y_A2[n,j,i7,i6,j5] / k + Σ_{n,i6,j5}
                #     delta_3[n,j]·1[i = 49*i7 + 7*i6 + j5]·1[A2[n,i7,i6,j5] > 0]
                arange_number = np.arange(7)
                part_arange_number = (
                    49 * np.arange(16)[:, None, None]
                    + 7 * arange_number[:, None]
                    + arange_number
                )
                einsum_part_arange_number = np.einsum(
                    "abcd,ebcd->bae",
                    (np.arange(784)[:, None, None, None] == part_arange_number).astype(X.dtype),
                    np.tensordot(delta_3, slope_Z2.astype(A2.dtype), axes=([0], [0])),
                )
                return (
                    np.tensordot(F2 / k, J_Y_A2.sum(axis=(3, 4)), axes=([0], [0]))
                    + einsum_part_arange_number.transpose(1, 2, 0)
                )
            case "W3", "W3":
                X, F2 = self.X, self.F2
                k = X.shape[0]
                J_Y_A3 = self.J_Y_A3
                # ∂²L/∂W3[i,j]∂W3[i7,j7] = Σ_n F2[n,i]·J_Y_A3[n,j,j7]·F2[n,i7] / k
                part_F2 = (F2.T[:, None, None] * (J_Y_A3 / k).transpose(1, 2, 0)) @ F2
                return part_F2.transpose(0, 1, 3, 2)
            case "b3", "K1":
                X, windows_X = self.X, self.windows_X
                k = X.shape[0]
                J_Y_A1 = self.J_Y_A1
                # ∂²L/∂b3[i]∂K1[i7,j7,l4,p1] = Σ_{n,i1,j1} J_Y_A1[n,i,i7,i1,j1]·X[n,j7,2*i1 + l4 − 1,2*j1 + p1 −
                #     1] / k
                return np.tensordot(J_Y_A1, windows_X, axes=([0, 3, 4], [0, 2, 3])) / k
            case "b3", "b1":
                X = self.X
                k = X.shape[0]
                J_Y_A1 = self.J_Y_A1
                # ∂²L/∂b3[i]∂b1[i7] = Σ_{n,i1,j1} J_Y_A1[n,i,i7,i1,j1] / k
                return J_Y_A1.sum(axis=(0, 3, 4)) / k
            case "b3", "K2":
                X, windows_Z1 = self.X, self.windows_Z1
                k = X.shape[0]
                J_Y_A2 = self.J_Y_A2
                # ∂²L/∂b3[i]∂K2[i7,j7,l4,p1] = Σ_{n,i6,j5} J_Y_A2[n,i,i7,i6,j5]·Z1[n,j7,2*i6 + l4 − 1,2*j5 + p1 −
                #     1] / k
                return np.tensordot(J_Y_A2, windows_Z1, axes=([0, 3, 4], [0, 2, 3])) / k
            case "b3", "b2":
                X = self.X
                k = X.shape[0]
                J_Y_A2 = self.J_Y_A2
                # ∂²L/∂b3[i]∂b2[i7] = Σ_{n,i6,j5} J_Y_A2[n,i,i7,i6,j5] / k
                return J_Y_A2.sum(axis=(0, 3, 4)) / k
            case "b3", "W3":
                X, F2 = self.X, self.F2
                k = X.shape[0]
                J_Y_A3 = self.J_Y_A3
                # ∂²L/∂b3[i]∂W3[i7,j7] = Σ_n J_Y_A3[n,i,j7]·F2[n,i7] / k
                return np.tensordot(J_Y_A3 / k, F2, axes=([0], [0])).transpose(0, 2, 1)
            case "b3", "b3":
                X = self.X
                k = X.shape[0]
                J_Y_A3 = self.J_Y_A3
                # ∂²L/∂b3[i]∂b3[i7] = Σ_n J_Y_A3[n,i,i7] / k
                return J_Y_A3.sum(axis=0) / k


@in_single
def linearize(params: Params, X: np.ndarray, T: np.ndarray) -> Linearized:
    """Everything that Hessian products need and no direction moves, once: then each costs what a gradient does."""
    check_inputs(X=X, T=T)
    A1, Z1, A2, _, F2, A3, Y = activations(params, X)
    _, _, _, _, W3, _ = params
    k = X.shape[0]
    pad_X = np.pad(X, ((0, 0), (0, 0), (1, 0), (1, 0)))
    windows_X = sliding_window_view(pad_X, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    slope_Z1 = A1 > 0
    pad_Z1 = np.pad(Z1, ((0, 0), (0, 0), (1, 0), (1, 0)))
    windows_Z1 = sliding_window_view(pad_Z1, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    slope_Z2 = A2 > 0
    # delta_3 = (Y − T)/k
    delta_3 = (Y - T) / k
    # dF2 = delta_3 W3ᵀ
    dF2 = delta_3 @ W3.T
    # dZ2[n,i,j,l] = dF2[n,49*i + 7*j + l]
    dZ2 = dF2.reshape(-1, 16, 7, 7)
    # delta_2[n,o,i,j] = dZ2[n,o,i,j]·1[A2[n,o,i,j] > 0]
    delta_2 = dZ2 * slope_Z2
    return Linearized(
        params=params, X=X, T=T, A1=A1, A2=A2, F2=F2, A3=A3, Y=Y, delta_3=delta_3, delta_2=delta_2,
        windows_X=windows_X, slope_Z1=slope_Z1, windows_Z1=windows_Z1, slope_Z2=slope_Z2,
    )


def hvp(params: Params, X: np.ndarray, T: np.ndarray, V: Params) -> Params:
    """The Hessian of the loss times V."""
    return linearize(params, X, T).hvp(V)


def ggnvp(params: Params, X: np.ndarray, T: np.ndarray, V: Params) -> Params:
    """The Gauss-Newton matrix times V."""
    return linearize(params, X, T).ggnvp(V)


def update_jvp(V: Params, HV: Params, alpha: float = 0.1) -> Params:
    """How the results of `update` move when the parameters move along V and the gradient along HV."""
    return Params(*(d_theta - alpha * d_g for d_theta, d_g in zip(V, HV, strict=True)))


def iteration_jvp(params: Params, X: np.ndarray, T: np.ndarray, V: Params, alpha: float = 0.1) -> Params:
    """The derivative of the step, params -> update(params, gradients), along V."""
    return update_jvp(V, hvp(params, X, T, V), alpha)


def iteration_vjp(params: Params, X: np.ndarray, T: np.ndarray, V: Params, alpha: float = 0.1) -> Params:
    """The same: as H is symmetric, so is the derivative of this step."""
    return iteration_jvp(params, X, T, V, alpha)


def hessian_block(params: Params, X: np.ndarray, T: np.ndarray, row: str, column: str) -> np.ndarray:
    """∂²L/∂row∂column, e.g. hessian_block(params, X, T, "K1", "b3"), with the axes of both."""
    return linearize(params, X, T).hessian_block(row, column)


def local_jacobian(params: Params, X: np.ndarray, output: str, by: str) -> np.ndarray:
    """∂output/∂by of one forward formula, with the axes of `output`, then those of `by`, samples included; dense."""
    at = activations(params, X)
    match output, by:
        case "A1", "K1":
            # ∂A1[n,o,i,j]/∂K1[o1,c1,p1,q1] = X[n,c1,2*i + p1 − 1,2*j + q1 − 1]·1[o = o1]
            pad_X = np.pad(X, ((0, 0), (0, 0), (1, 0), (1, 0)))
            windows_X = sliding_window_view(pad_X, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
            return (
                windows_X.transpose(0, 2, 3, 1, 4, 5)[:, None, :, :, None]
                * np.eye(8, dtype=bool)[:, None, None, :, None, None, None]
            )
        case "A1", "b1":
            k = X.shape[0]
            # ∂A1[n,o,i,j]/∂b1[o1] = 1[o = o1]
            return np.broadcast_to(np.eye(8, dtype=bool).astype(X.dtype)[:, None, None], (k, 8, 14, 14, 8))
        case "Z1", "A1":
            A1 = at.A1
            k = X.shape[0]
            # ∂Z1[n,i,j,l]/∂A1[n1,i1,j1,l1] = 1[A1[n,i,j,l] > 0]·1[n = n1]·1[i = i1]·1[j = j1]·1[l = l1]
            part_number = np.eye(14, dtype=bool)[:, None, None, None]
            part_A1 = (A1 > 0).astype(A1.dtype)[:, :, :, :, None] * np.eye(k, dtype=bool)[:, None, None, None]
            part_part_A1 = part_A1[:, :, :, :, :, None] * np.eye(8, dtype=bool)[:, None, None, None]
            return (part_part_A1[:, :, :, :, :, :, None] * part_number)[:, :, :, :, :, :, :, None] * part_number
        case "A2", "Z1":
            K2 = params.K2
            k = X.shape[0]
            # ∂A2[n,o,i,j]/∂Z1[n1,c1,l1,r1] = K2[o,c1,l1 − 2*i + 1,r1 − 2*j + 1]·1[n = n1]
            mask_number = np.arange(14)[:, None, None] == 2 * np.arange(7)[:, None] + np.arange(3) + -1
            part_mask_number = (
                mask_number.astype(X.dtype).transpose(1, 0, 2)[:, None, :, None, :, None]
                * mask_number.transpose(1, 0, 2)[:, None, :, None]
            )
            tensordot_K2 = np.tensordot(K2, part_mask_number, axes=([2, 3], [4, 5]))
            return (
                tensordot_K2.transpose(0, 2, 3, 1, 4, 5)[:, :, :, None]
                * np.eye(k, dtype=bool)[:, None, None, None, :, None, None, None]
            )
        case "A2", "K2":
            Z1 = at.Z1
            # ∂A2[n,o,i,j]/∂K2[o1,c1,p1,q1] = Z1[n,c1,2*i + p1 − 1,2*j + q1 − 1]·1[o = o1]
            pad_Z1 = np.pad(Z1, ((0, 0), (0, 0), (1, 0), (1, 0)))
            windows_Z1 = sliding_window_view(pad_Z1, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
            return (
                windows_Z1.transpose(0, 2, 3, 1, 4, 5)[:, None, :, :, None]
                * np.eye(16, dtype=bool)[:, None, None, :, None, None, None]
            )
        case "A2", "b2":
            k = X.shape[0]
            # ∂A2[n,o,i,j]/∂b2[o1] = 1[o = o1]
            return np.broadcast_to(np.eye(16, dtype=bool).astype(X.dtype)[:, None, None], (k, 16, 7, 7, 16))
        case "Z2", "A2":
            A2 = at.A2
            k = X.shape[0]
            # ∂Z2[n,i,j,l]/∂A2[n1,i1,j1,l1] = 1[A2[n,i,j,l] > 0]·1[n = n1]·1[i = i1]·1[j = j1]·1[l = l1]
            part_number = np.eye(7, dtype=bool)[:, None, None, None]
            part_A2 = (A2 > 0).astype(A2.dtype)[:, :, :, :, None] * np.eye(k, dtype=bool)[:, None, None, None]
            part_part_A2 = part_A2[:, :, :, :, :, None] * np.eye(16, dtype=bool)[:, None, None, None]
            return (part_part_A2[:, :, :, :, :, :, None] * part_number)[:, :, :, :, :, :, :, None] * part_number
        case "F2", "Z2":
            k = X.shape[0]
            # ∂F2[n,l]/∂Z2[n1,c1,i1,j1] = 1[l = 49*c1 + 7*i1 + j1]·1[n = n1]
            arange_number = np.arange(7)
            part_arange_number = 49 * np.arange(16)[:, None, None] + 7 * arange_number[:, None] + arange_number
            return (
                (np.arange(784)[:, None, None, None] == part_arange_number).astype(X.dtype)[:, None]
                * np.eye(k, dtype=bool)[:, None, :, None, None, None]
            )
        case "A3", "F2":
            W3 = params.W3
            k = X.shape[0]
            # ∂A3[n,j]/∂F2[n1,i1] = W3[i1,j]·1[n = n1]
            return W3.T[:, None] * np.eye(k, dtype=bool)[:, None, :, None]
        case "A3", "W3":
            F2 = at.F2
            # ∂A3[n,j]/∂W3[i1,j1] = F2[n,i1]·1[j = j1]
            return F2[:, None, :, None] * np.eye(10, dtype=bool)[:, None]
        case "A3", "b3":
            k = X.shape[0]
            # ∂A3[n,j]/∂b3[j1] = 1[j = j1]
            return np.broadcast_to(np.eye(10, dtype=bool).astype(X.dtype), (k, 10, 10))
        case "Y", "A3":
            Y = at.Y
            k = X.shape[0]
            # ∂Y[n,i]/∂A3[n1,i1] = 1[n = n1]·(1[i = i1]·Y[n,i] − Y[n,i]·Y[n,i1])
            return (
                (Y[:, :, None] * np.eye(10, dtype=bool) - Y[:, :, None] * Y[:, None])[:, :, None]
                * np.eye(k, dtype=bool)[:, None, :, None]
            )
    raise ValueError(f"no formula of {output} reads {by}")
