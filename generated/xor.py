"""xor: a network and its gradients, derived by symjac from xor.yaml.

Conventions: samples are columns, a dense layer is A = W X + b 1ᵀ; a gradient has the shape of its parameter;
a maximum has derivative 0 where its arguments tie. ⊙ and ⊘ multiply and divide entry by entry, 𝟏 is a vector
of ones, X[n] is sample n. Laid out by templates/numpy/module.py.j2.

    X        (2, k)  input
    T        (1, k)  input
    W1       (3, 2)  parameter
    b1       (3,)    parameter
    W2       (1, 3)  parameter
    b2       (1,)    parameter
    A1       (3, k)  dense
    Z1       (3, k)  relu
    Y        (1, k)  dense
    delta_2  (1, k)  ∂L/∂Y
    dW2      (1, 3)  ∂L/∂W2
    db2      (1,)    ∂L/∂b2
    delta_1  (3, k)  ∂L/∂A1
    dW1      (3, 2)  ∂L/∂W1
    db1      (3,)    ∂L/∂b1
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

INPUTS = {
    "X": (2, "k"),
    "T": (1, "k"),
}
PARAMETERS = {
    "W1": (3, 2),
    "b1": (3,),
    "W2": (1, 3),
    "b2": (1,),
}
ANALYTIC = False
KINKS = ("Z1 = relu(A1) at A1 = 0",)


class Params(NamedTuple):
    W1: np.ndarray  # (3, 2)
    b1: np.ndarray  # (3,)
    W2: np.ndarray  # (1, 3)
    b2: np.ndarray  # (1,)


class Activations(NamedTuple):
    A1: np.ndarray  # (3, k)
    Z1: np.ndarray  # (3, k)
    Y: np.ndarray  # (1, k)


def init(rng: np.random.Generator, dtype: type = np.float64) -> Params:
    """Normal numbers of mean 0; what multiplies them is their standard deviation."""
    return Params(
        W1=(rng.standard_normal((3, 2))).astype(dtype),
        b1=np.zeros((3,), dtype),
        W2=(math.sqrt(3) * rng.standard_normal((1, 3)) / 3).astype(dtype),
        b2=np.zeros((1,), dtype),
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
    """Raise ValueError where an input is not as declared."""
    check_arrays(INPUTS, arrays)


def relu(A: np.ndarray) -> np.ndarray:
    """max(A, 0)."""
    return np.maximum(A, 0)


def activations(params: Params, X: np.ndarray) -> Activations:
    """Every forward quantity, from the inputs on."""
    check_arrays(PARAMETERS, dict(zip(Params._fields, params, strict=True)))
    check_inputs(X=X)
    W1, b1, W2, b2 = params
    # A1 = W1 X + b1 𝟏ᵀ
    A1 = W1 @ X + b1[:, None]
    # Z1 = max(A1, 0)
    Z1 = relu(A1)
    # Y = W2 Z1 + b2 𝟏ᵀ
    Y = W2 @ Z1 + b2[:, None]
    return Activations(A1, Z1, Y)


def forward(params: Params, X: np.ndarray) -> np.ndarray:
    """The output, Y."""
    return activations(params, X).Y


def loss(params: Params, X: np.ndarray, T: np.ndarray) -> float:
    """L = ‖Y − T‖²/(2·k)"""
    check_inputs(X=X, T=T)
    _, _, Y = activations(params, X)
    k = X.shape[1]
    # L = ‖Y − T‖²/(2·k)
    L = ((Y - T)**2).sum() / (2 * k)
    return L


def gradients(params: Params, X: np.ndarray, T: np.ndarray) -> tuple[float, Params]:
    """The loss and its derivatives by the parameters, each in the shape of its parameter."""
    check_inputs(X=X, T=T)
    A1, Z1, Y = activations(params, X)
    _, _, W2, _ = params
    k = X.shape[1]
    # L = ‖Y − T‖²/(2·k)
    L = ((Y - T)**2).sum() / (2 * k)
    # delta_2 = (Y − T)/k
    delta_2 = (Y - T) / k
    # dW2 = delta_2 Z1ᵀ
    dW2 = delta_2 @ Z1.T
    # db2 = delta_2 𝟏
    db2 = delta_2.sum(axis=1)
    # delta_1 = (W2ᵀ delta_2) ⊙ 1[A1 > 0]
    delta_1 = (W2.T @ delta_2) * (A1 > 0)
    # dW1 = delta_1 Xᵀ
    dW1 = delta_1 @ X.T
    # db1 = delta_1 𝟏
    db1 = delta_1.sum(axis=1)
    return L, Params(W1=dW1, b1=db1, W2=dW2, b2=db2)


def update(params: Params, grads: Params, alpha: float = 0.1) -> Params:
    """One step of gradient descent: theta − alpha·g for every parameter theta with gradient g."""
    return Params(*(theta - alpha * g for theta, g in zip(params, grads, strict=True)))


def kinks(params: Params, X: np.ndarray, T: np.ndarray | None = None) -> list[np.ndarray]:
    """Arrays that are 0 exactly where KINKS says that a formula has a kink."""
    A1, _, _ = activations(params, X)
    values = [A1]
    return values
