"""relu_regression: a network and its gradients, derived by symjac from relu_regression.yaml.

Conventions: samples are rows, a dense layer is A = X W + 1 bᵀ; a gradient has the shape of its parameter; a
maximum has derivative 0 where its arguments tie. ⊙ and ⊘ multiply and divide entry by entry, 𝟏 is a vector of
ones, X[n] is sample n. Laid out by templates/numpy/module.py.j2.

    X        (k, 10)   input
    T        (k, 5)    input
    W1       (10, 20)  parameter
    b1       (20,)     parameter
    W2       (20, 5)   parameter
    b2       (5,)      parameter
    A1       (k, 20)   dense
    Z1       (k, 20)   relu
    Y        (k, 5)    dense
    delta_2  (k, 5)    ∂L/∂Y
    dW2      (20, 5)   ∂L/∂W2
    db2      (5,)      ∂L/∂b2
    delta_1  (k, 20)   ∂L/∂A1
    dW1      (10, 20)  ∂L/∂W1
    db1      (20,)     ∂L/∂b1
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

INPUTS = {
    "X": ("k", 10),
    "T": ("k", 5),
}
PARAMETERS = {
    "W1": (10, 20),
    "b1": (20,),
    "W2": (20, 5),
    "b2": (5,),
}
ANALYTIC = False
KINKS = ("Z1 = relu(A1) at A1 = 0",)


class Params(NamedTuple):
    W1: np.ndarray  # (10, 20)
    b1: np.ndarray  # (20,)
    W2: np.ndarray  # (20, 5)
    b2: np.ndarray  # (5,)


class Activations(NamedTuple):
    A1: np.ndarray  # (k, 20)
    Z1: np.ndarray  # (k, 20)
    Y: np.ndarray  # (k, 5)


def init(rng: np.random.Generator, dtype: type = np.float64) -> Params:
    """Normal numbers of mean 0; what multiplies them is their standard deviation."""
    return Params(
        W1=(math.sqrt(5) * rng.standard_normal((10, 20)) / 5).astype(dtype),
        b1=np.zeros((20,), dtype),
        W2=(math.sqrt(5) * rng.standard_normal((20, 5)) / 10).astype(dtype),
        b2=np.zeros((5,), dtype),
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
    # A1 = X W1 + 𝟏 b1ᵀ
    A1 = X @ W1 + b1
    # Z1 = max(A1, 0)
    Z1 = relu(A1)
    # Y = Z1 W2 + 𝟏 b2ᵀ
    Y = Z1 @ W2 + b2
    return Activations(A1, Z1, Y)


def forward(params: Params, X: np.ndarray) -> np.ndarray:
    """The output, Y."""
    return activations(params, X).Y


def loss(params: Params, X: np.ndarray, T: np.ndarray) -> float:
    """L = ‖Y − T‖²/2"""
    check_inputs(X=X, T=T)
    _, _, Y = activations(params, X)
    # L = ‖Y − T‖²/2
    L = 0.5 * ((Y - T)**2).sum()
    return L


def gradients(params: Params, X: np.ndarray, T: np.ndarray) -> tuple[float, Params]:
    """The loss and its derivatives by the parameters, each in the shape of its parameter."""
    check_inputs(X=X, T=T)
    A1, Z1, Y = activations(params, X)
    _, _, W2, _ = params
    # L = ‖Y − T‖²/2
    L = 0.5 * ((Y - T)**2).sum()
    # delta_2 = Y − T
    delta_2 = Y - T
    # dW2 = Z1ᵀ delta_2
    dW2 = Z1.T @ delta_2
    # db2 = delta_2ᵀ 𝟏
    db2 = delta_2.sum(axis=0)
    # delta_1 = (delta_2 W2ᵀ) ⊙ 1[A1 > 0]
    delta_1 = (delta_2 @ W2.T) * (A1 > 0)
    # dW1 = Xᵀ delta_1
    dW1 = X.T @ delta_1
    # db1 = delta_1ᵀ 𝟏
    db1 = delta_1.sum(axis=0)
    return L, Params(W1=dW1, b1=db1, W2=dW2, b2=db2)


def update(params: Params, grads: Params, alpha: float = 0.01) -> Params:
    """One step of gradient descent: theta − alpha·g for every parameter theta with gradient g."""
    return Params(*(theta - alpha * g for theta, g in zip(params, grads, strict=True)))


def kinks(params: Params, X: np.ndarray, T: np.ndarray | None = None) -> list[np.ndarray]:
    """Arrays that are 0 exactly where KINKS says that a formula has a kink."""
    A1, _, _ = activations(params, X)
    values = [A1]
    return values
