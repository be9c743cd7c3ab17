"""custom_activation: a network and its gradients, derived by symjac from custom_activation.yaml.

Conventions: samples are rows, a dense layer is A = X W + 1 bᵀ; a gradient has the shape of its parameter; a
maximum has derivative 0 where its arguments tie. ⊙ and ⊘ multiply and divide entry by entry, 𝟏 is a vector of
ones, X[n] is sample n. Declared: sum(T, axis=1) = 1. Laid out by templates/numpy/module.py.j2.

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


def activations(params: Params, X: np.ndarray) -> Activations:
    """Every forward quantity, from the inputs on."""
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
    # computed stably: stable functions
    sigmoid_A1 = sigmoid(beta * A1)
    delta_1 = (
        (delta_2 @ W2.T)
        * (beta * A1 * (1 - sigmoid_A1) * sigmoid_A1 - 0.25 * np.tanh(A1)**2 + sigmoid_A1 + 0.25)
    )
    # dW1 = Xᵀ delta_1
    dW1 = X.T @ delta_1
    # db1 = delta_1ᵀ 𝟏
    db1 = delta_1.sum(axis=0)
    return L, Params(W1=dW1, b1=db1, W2=dW2, b2=db2)


def update(params: Params, grads: Params, alpha: float = 0.2) -> Params:
    """One step of gradient descent: theta − alpha·g for every parameter theta with gradient g."""
    return Params(*(theta - alpha * g for theta, g in zip(params, grads, strict=True)))


def kinks(params: Params, X: np.ndarray, T: np.ndarray | None = None) -> list[np.ndarray]:
    """Arrays that are 0 exactly where KINKS says that a formula has a kink."""
    return []
