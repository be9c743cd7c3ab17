"""Roots at 0, branches that are not taken: the derivative is 0 where a root is, and nothing warns."""

from __future__ import annotations

import warnings
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symjac.codegen.numpy_code import generate
from tests.nets import derivation_of


@cache
def module(loss: str) -> ModuleType:
    """A network whose output is the row of X, moved by b; the loss's gradient by b is its gradient by the row."""
    made = ModuleType("net")
    text = (
        "name: net\ninput: X[k, 3]\nlayers: [{formula: 'Y[n,j] = X[n,j]*w[j] + c[j]', "
        "parameters: {w: {shape: [3], std: 1}, c: {shape: [3], std: 0}}}]\n"
        f"loss: {{formula: '{loss}'}}\nupdate: {{gradient_descent: {{alpha: 0.1}}}}\n"
    )
    exec(compile(generate(derivation_of(text)), "net.py", "exec"), made.__dict__)
    return made


def slopes(loss: str, row: list[float], dtype: Any = np.float64) -> tuple[float, np.ndarray]:
    m = module(loss)
    params = m.Params(np.ones(3, dtype), np.zeros(3, dtype))
    X, T = np.array([row], dtype), np.zeros((1, 3), dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, grads = m.gradients(params, X, T)
        at = m.linearize(params, X, T)
        assert all(np.isfinite(h).all() and h.dtype == dtype for h in (*at.hvp(params), *at.ggnvp(params)))
    assert grads[1].dtype == dtype
    return value, grads[1]


NORM = "sum(sqrt(sum((Y - T)**2, axis=1)))"
ROOT = 1 / np.sqrt(8)
CASES = [
    (NORM, [3, 0, 4], 5, [0.6, 0, 0.8]),
    (NORM, [0, 0, 0], 0, [0, 0, 0]),
    ("sqrt(sum(Y**2))", [0, 0, 0], 0, [0, 0, 0]),
    ("sum(sqrt(Y**2))", [2, 0, -3], 5, [1, 0, -1]),
    ("sum(sqrt(max(Y, 0)))", [4, 0, -9], 2, [0.25, 0, 0]),
    ("sum(sqrt(max(Y - 1, 0)))", [5, 1, 0], 2, [0.25, 0, 0]),
    ("sum(max(Y, 0)**(1/3))", [8, 0, -8], 2, [1 / 12, 0, 0]),
    ("sum(max(Y, 0)**(3/2))", [4, 0, -8], 8, [3, 0, 0]),
    ("sum(abs(Y)**(1/2))", [4, 0, -4], 4, [0.25, 0, -0.25]),
    ("sum(where(Y > 0, sqrt(Y), 0))", [4, 0, -4], 2, [0.25, 0, 0]),
    ("sum(where(Y > 1, log(Y), Y - 1))", [np.e, 0, -2], -3, [1 / np.e, 1, 1]),
    ("sum(where(Y > 0, 1/Y, 2*Y))", [2, 0, -1], -1.5, [-0.25, 2, 2]),
    ("sum(where(Y <= 0, Y, log(1 + Y)))", [1, 0, -5], np.log(2) - 5, [0.5, 1, 1]),
    ("sum(where(Y > 5, Y, exp(Y)))", [1000, 0, -1], 1001 + np.exp(-1), [1, 1, np.exp(-1)]),
    ("sum(where(Y < 2, where(Y > 0, sqrt(Y), Y), 3))", [1, 4, -1], 3, [0.5, 0, 1]),
    ("sum(where(Y > 1, 1/(Y - 1), 0))", [3, 1, 0], 0.5, [-0.25, 0, 0]),
    ("sum(where(abs(Y) < 1, sqrt(1 - Y**2), 0))", [0, 1, 3], 1, [0, 0, 0]),
    ("sum(sqrt(1 + Y**2) - 1)", [0, 0, np.sqrt(3)], 1, [0, 0, np.sqrt(3) / 2]),
    ("sum(sqrt(Y**2 + 8))/3", [1, -1, 0], 2 + np.sqrt(8) / 3, [1 / 9, -1 / 9, 0]),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("loss", "row", "value", "slope"), CASES)
def test_value_and_slope(loss: str, row: list[float], value: float, slope: list[float], dtype: Any) -> None:
    found, by_row = slopes(loss, row, dtype)
    rtol = 50 * np.finfo(dtype).eps
    np.testing.assert_allclose(found, value, rtol=rtol)
    np.testing.assert_allclose(by_row, slope, rtol=rtol, atol=rtol)


@pytest.mark.parametrize(
    ("loss", "guarded"),
    [
        (NORM, True),
        ("sum(sqrt(Y**2 + 1))", False),
        ("sum(sqrt(sum(Y**2, axis=1) + 1/1000))", False),
        ("sum(sqrt(exp(Y)))", False),
        ("sum(sqrt(1 + sum(exp(Y), axis=1)))", False),
        ("sum(1/sqrt(Y))", True),
    ],
)
def test_only_a_root_that_may_be_0_is_guarded(loss: str, guarded: bool) -> None:
    assert hasattr(module(loss), "inverse_root") == guarded


ROWS = [
    ([1000, 0, 5], [0, 1, 1], 5 + np.log1p(np.exp(-5.0))),
    ([-1000, 0, 5], [1, 0, 0], -1000.0),
    ([1e4, -1e4, 2], [0, 0.5, 0], -1e4 + np.log(0.5)),
    ([3, 3, 3], [1, 1, 1], 3 + np.log(3.0)),
    ([1e4, 9e3, -1e4], [2, 0, 1], 1e4 + np.log(2.0)),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("row", "mask", "value"), ROWS)
@pytest.mark.parametrize(
    "loss", ["sum(log(sum(T*exp(Y), axis=1)))", "sum[n] (log(sum[i] (T[n,i]*exp(Y[n,i]))))"], ids=["whole", "entries"]
)
def test_masked_sum_of_exponentials(loss: str, row: list[float], mask: list[float], value: float, dtype: Any) -> None:
    """Shifted by the largest entry that counts; the slope is softmax over those, and 0 elsewhere."""
    m = module(loss)
    params = m.Params(np.ones(3, dtype), np.zeros(3, dtype))
    X, T = np.array([row], dtype), np.array([mask], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, grads = m.gradients(params, X, T)
        second = m.linearize(params, X, T).hvp(params)
    rtol = 50 * np.finfo(dtype).eps
    np.testing.assert_allclose(found, value, rtol=rtol)
    weights = np.array(mask) * np.exp(np.where(np.array(mask) > 0, np.array(row) - value, 0.0))
    np.testing.assert_allclose(grads[1], weights, rtol=1e3 * rtol, atol=rtol)
    assert all(np.isfinite(h).all() for h in second)
    moved = np.array(row)  # as w moves by 1
    curved = weights * (moved - weights @ moved)
    np.testing.assert_allclose(second[1], curved, rtol=1e3 * rtol, atol=100 * rtol * np.abs(moved).max())
    assert np.asarray(found).dtype == grads[1].dtype == dtype
