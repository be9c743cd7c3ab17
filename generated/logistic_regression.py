"""logistic_regression: a network and its gradients, derived by symjac from logistic_regression.yaml.

Conventions: samples are rows, a dense layer is A = X W + 1 bᵀ; a gradient has the shape of its parameter; a
maximum has derivative 0 where its arguments tie. ⊙ and ⊘ multiply and divide entry by entry, 𝟏 is a vector of
ones, X[n] is sample n. Laid out by templates/numpy/module.py.j2.

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


def sigmoid(u: np.ndarray) -> np.ndarray:
    """1/(1 + exp(−u)), computed so that nothing overflows."""
    exp_u = np.exp(np.minimum(u, -u))
    return np.where(u >= 0, 1, exp_u) / (exp_u + 1)


def activations(params: Params, X: np.ndarray) -> Activations:
    """Every forward quantity, from the inputs on."""
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


def loss(params: Params, X: np.ndarray, T: np.ndarray) -> float:
    """L = ‖Y − T‖²/k"""
    check_inputs(X=X, T=T)
    _, Y = activations(params, X)
    k = X.shape[0]
    # L = ‖Y − T‖²/k
    L = ((Y - T)**2).sum() / k
    return L


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
    return Params(*(theta - alpha * g for theta, g in zip(params, grads, strict=True)))


def kinks(params: Params, X: np.ndarray, T: np.ndarray | None = None) -> list[np.ndarray]:
    """Arrays that are 0 exactly where KINKS says that a formula has a kink."""
    return []
