"""Activations and losses at very small and very large arguments, against mpmath: digits stay, nothing warns."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from symjac.codegen.numpy_code import generate
from symjac.model.library import builtin
from tests.marks import slow_where
from tests.nets import derivation_of

mpmath.mp.dps = 700
SIZES = (1e-30, 1e-20, 1e-10, 1e-7, 1e-3, 0.1, 0.5, 1.0, 3.0, 5.0, 9.0, 17.0, 20.0, 50.0, 88.0, 120.0, 700.0, 1e3, 1e4)
POINTS = [0.0, *(sign * x for x in SIZES for sign in (1, -1))]
DTYPES = [np.float64, np.float32]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "relu": lambda x: max(x, mpf(0)),
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "swish": lambda x: x / (1 + mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    "gelu_tanh": lambda x: x / (1 + mpmath.exp(-2 * mpmath.sqrt(2 / mpmath.pi) * (x + mpf("0.044715") * x**3))),
}
OF_VALUE = {"sigmoid", "tanh"}
"""Their slopes are computed from the value, z (1 - z) and 1 - z^2: to a rounding of 1, not of the slope."""


def module(text: str) -> ModuleType:
    made = ModuleType("net")
    exec(compile(generate(derivation_of(text)), "net.py", "exec"), made.__dict__)
    return made


@cache
def net(layers: str, loss: str, given: str = "X[k, 1]") -> ModuleType:
    return module(
        f"name: net\ninput: {given}\nlayers: [{layers}]\nloss: {loss}\nupdate: {{gradient_descent: {{alpha: 0.1}}}}\n"
    )


def close(got: Any, wanted: Any, dtype: Any, x: float, floor: float = 0.0) -> None:
    """Relative to a few roundings; to more where a rounding of the argument is magnified. Below, `floor`."""
    info = np.finfo(dtype)
    bound = float(info.eps) * (16 + 4 * min(abs(x), 60.0) ** 2)
    error = abs(mpf(float(got)) - mpf(wanted))
    assert error <= bound * abs(mpf(wanted)) + 4 * float(info.tiny) + floor, (x, float(got), mpmath.nstr(wanted, 12))


def test_every_activation_is_here() -> None:
    assert {*ACTIVATIONS, "softmax", "log_softmax"} == builtin().activations.keys()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", slow_where(lambda name: name == "gelu", ACTIVATIONS))
def test_activation(name: str, dtype: Any) -> None:
    """The value, and the slope as the gradient by a bias in front of it."""
    m, f = net(f"dense: 1, {name}, dense: 1", "{formula: 'sum[n,j] (Y[n,j])'}"), ACTIVATIONS[name]
    one, zero = np.ones((1, 1), dtype), np.zeros(1, dtype)
    params = m.Params(one, zero, one, zero)
    for point in POINTS:
        X = np.full((1, 1), point, dtype)
        x = mpf(float(X[0, 0]))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value, grads = m.gradients(params, X, np.ones((1, 1), dtype))
            at = m.linearize(params, X, np.ones((1, 1), dtype)).hvp(params)
        assert np.isfinite(at[1]).all()
        close(value, f(x), dtype, point)
        if point:
            slope = mpmath.diff(f, x, h=abs(x) * mpf(10) ** -20)
            close(grads[1][0], slope, dtype, point, float(np.finfo(dtype).eps) if name in OF_VALUE else 0.0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("t", [0.0, 1.0, 0.25])
def test_logits(t: float, dtype: Any) -> None:
    """log(1 + exp y) - t y, and its slope 1/(1 + exp(-y)) - t."""
    m = net("dense: 1", "{binary_cross_entropy_with_logits: {reduction: sum}}")
    params = m.Params(np.ones((1, 1), dtype), np.zeros(1, dtype))
    for point in POINTS:
        X, T = np.full((1, 1), point, dtype), np.full((1, 1), t, dtype)
        y = mpf(float(X[0, 0]))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value, grads = m.gradients(params, X, T)
        close(value, mpmath.log1p(mpmath.exp(-abs(y))) + max(y, 0) - mpf(t) * y, dtype, point)
        slope = mpmath.exp(y) / (1 + mpmath.exp(y)) - t if t == 0 or t == 0.25 else -1 / (1 + mpmath.exp(y))
        close(grads[1][0], slope, dtype, point)


@pytest.mark.parametrize("loss", ["{mse: {reduction: mean}}", "{mse: {reduction: half_sum}}", "cross_entropy"])
def test_float16_with_more_samples_than_it_has_numbers(loss: str) -> None:
    """70,000 is no float16; the gradients are those of float64 to the digits that float16 has, and nothing warns."""
    m = net("dense: 3, tanh, dense: 2, softmax", loss, "X[k, 3]")
    rng = np.random.default_rng(0)
    X, T = rng.standard_normal((70_000, 3)), np.eye(2)[rng.integers(2, size=70_000)]
    T[:50_000] = [1, 0]
    params = m.init(rng)
    half = m.Params(*(p.astype(np.float16) for p in params))
    given = [a.astype(np.float16) for a in (X, T)]
    exact = m.Params(*(p.astype(np.float64) for p in half))
    expected, slopes = m.gradients(exact, *(a.astype(np.float64) for a in given))
    if "half_sum" not in loss:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value, grads = m.gradients(half, *given)
            output, alone = m.forward(half, given[0]), m.loss(half, X=given[0], T=given[1])
            along = m.hvp(half, *given, half)
        assert {a.dtype for a in (output, *grads, *m.update(half, grads))} == {np.dtype(np.float16)}
        for got, wanted in zip(grads, slopes, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=4e-3, atol=1e-5)
            assert np.abs(got).max() > 1e-4
        assert all(np.isfinite(a).all() for a in along)
        assert alone == value
    else:
        value = m.loss(half, *given)
    np.testing.assert_allclose(value, expected, rtol=2e-3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1e-30, 1e-7, 1.0, 20.0, 80.0, 700.0, 1e4])
@pytest.mark.parametrize(
    ("layers", "loss"),
    [("dense: 3, softmax", "{cross_entropy: sum}"), ("dense: 3", "{cross_entropy_with_logits: sum}")],
)
def test_cross_entropy(layers: str, loss: str, size: float, dtype: Any) -> None:
    """Of logits (s, 0, -s): the loss to a rounding of the largest logit, the slopes to a rounding of 1."""
    m = net(layers, loss)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        params = m.Params(np.array([[1, 0, -1]], dtype), np.zeros(3, dtype))
        for right in range(3):
            X, T = np.full((1, 1), size, dtype), np.eye(3, dtype=dtype)[[right]]
            value, grads = m.gradients(params, X, T)
            s = mpf(float(X[0, 0]))
            logits = [s, mpf(0), -s]
            total = sum(mpmath.exp(a) for a in logits)
            rounding = 8 * float(np.finfo(dtype).eps)
            assert abs(mpf(float(value)) - (mpmath.log(total) - logits[right])) <= rounding * max(1.0, size)
            for got, a, t in zip(grads[1], logits, T[0], strict=True):
                assert abs(mpf(float(got)) - (mpmath.exp(a) / total - mpf(float(t)))) <= rounding
            assert all(np.isfinite(h).all() for h in m.linearize(params, X, T).hvp(params))


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_keeps_the_digits_of_small_probabilities(dtype: Any) -> None:
    m = net("dense: 3, softmax", "{cross_entropy: sum}")
    params = m.Params(np.array([[1, 0, -1]], dtype), np.zeros(3, dtype))
    for size in (1.0, 20.0, 40.0):
        found = m.forward(params, np.full((1, 1), size, dtype))[0]
        total = sum(mpmath.exp(a) for a in (size, 0, -size))
        for got, a in zip(found, (size, 0, -size), strict=True):
            close(got, mpmath.exp(a) / total, dtype, size)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("t", [0.0, 1.0])
def test_binary_cross_entropy_of_a_sigmoid(t: float, dtype: Any) -> None:
    """The loss keeps its digits, as it is computed from what the sigmoid is of."""
    m = net("dense: 1, sigmoid", "{binary_cross_entropy: sum}")
    params = m.Params(np.ones((1, 1), dtype), np.zeros(1, dtype))
    for point in POINTS:
        X, T = np.full((1, 1), point, dtype), np.full((1, 1), t, dtype)
        y = mpf(float(X[0, 0]))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value, grads = m.gradients(params, X, T)
        close(value, mpmath.log1p(mpmath.exp(-y if t else y)), dtype, point)
        slope = 1 / (1 + mpmath.exp(-y)) - mpf(t)
        assert abs(mpf(float(grads[1][0])) - slope) <= 4 * float(np.finfo(dtype).eps)


# ---------------------------------------------------------------- formulas of one's own

OWN: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "celu": ("max(x, 0) + min(0, 2*(exp(x/2) - 1))", lambda x: x if x > 0 else 2 * mpmath.expm1(x / 2)),
    "elu of two parts": ("max(0, x) + min(0, exp(x) - 1)", lambda x: x if x > 0 else mpmath.expm1(x)),
    "quick gelu": ("x*sigmoid(1.702*x)", lambda x: x / (1 + mpmath.exp(-mpf("1.702") * x))),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OWN)
def test_activation_of_ones_own(name: str, dtype: Any) -> None:
    formula, exact = OWN[name]
    made = net(f"dense: 1, formula: '{formula}'", "{formula: sum(Y)}")
    params = made.Params(W1=np.ones((1, 1), dtype), b1=np.zeros(1, dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in POINTS:
            X = np.array([[x]], dtype)
            close(made.forward(params, X)[0, 0], exact(mpf(float(X[0, 0]))), dtype, x)
            _, slopes = made.gradients(params, X, X)
            assert np.isfinite(slopes.b1).all()
            assert all(np.isfinite(part).all() for part in made.hvp(params, X, X, params))


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_cosh(dtype: Any) -> None:
    made = net("dense: 1", "{formula: sum(log(cosh(Y - T)))}")
    params = made.Params(W1=np.ones((1, 1), dtype), b1=np.zeros(1, dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for y in POINTS:
            X = np.array([[y]], dtype)
            loss, slopes = made.gradients(params, X, np.zeros_like(X))
            exact = mpf(float(X[0, 0]))
            close(loss, mpmath.log(mpmath.cosh(exact)), dtype, y, floor=4 * float(np.finfo(dtype).eps))
            close(slopes.b1[0], mpmath.tanh(exact), dtype, y)
            made.hvp(params, X, np.zeros_like(X), params)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_sum_of_exponentials_within_another_is_shifted_too(dtype: Any) -> None:
    """The entropy of softmax: its gradient has Σ_j exp(Y_j) log Σ_i exp(Y_i)."""
    made = net("dense: 3", "{formula: -sum(softmax(Y)*log_softmax(Y))}")
    params = made.Params(W1=np.array([[1.0, 0.0, -1.0]], dtype), b1=np.zeros(3, dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for y in (1e3, 1e4):
            X = np.array([[y]], dtype)
            loss, slopes = made.gradients(params, X, np.zeros((1, 3), dtype))
            assert float(loss) == 0 and not any(part.any() for part in slopes)
            assert all(np.isfinite(part).all() for part in made.hvp(params, X, np.zeros((1, 3), dtype), params))
