"""Entries by number, offsets, strides: arrays that a module makes itself have the dtype of what they meet."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symjac.codegen.numpy_code import generate
from tests.nets import derivation_of, random_tensors

ROWS = "dense: 4, tanh, dense: 3"
STEPS = (
    "{formula: 'A[n,t,j] = sum[i] X[n,t,i]*U[i,j] + sum[i] X[n,t-1,i]*V[i,j]', "
    "parameters: {U: {shape: [2, 3], std: 1}, V: {shape: [2, 3], std: 1}}}, tanh"
)
LOSSES = {
    "one entry": (ROWS, "- sum[n] Y[n,1]/k", "X[k, 3]"),
    "the first entry": (ROWS, "sum[n] exp(Y[n,0])/k", "X[k, 3]"),
    "two entries": (ROWS, "sum[n] (Y[n,1]*Y[n,0] - T[n,2]/3)/k", "X[k, 3]"),
    "the square of an entry": (ROWS, "sum[n] (Y[n,2]*Y[n,2]/k)", "X[k, 3]"),
    "an entry and all": (ROWS, "sum[n,i] (Y[n,0]*Y[n,i]/k)", "X[k, 3]"),
    "one sample": (ROWS, "sum[i] (Y[0,i]*T[0,i]/3)", "X[k, 3]"),
    "one entry of one sample": (ROWS, "exp(Y[0,1])/3", "X[k, 3]"),
    "neighbours": (ROWS, "sum[n,i] (Y[n,i]*Y[n,i-1]/k)", "X[k, 3]"),
    "the next but one": (ROWS, "sum[n,i] (Y[n,i]*T[n,i-2]/k)", "X[k, 3]"),
    "a constant beside": (ROWS, "sum[n,i] (Y[n,i]/3 + Y[n,0]/7)/k", "X[k, 3]"),
    "every second": ("dense: 5, tanh, dense: 4", "sum[n] (Y[n,1]*Y[n,3]/k) - sum[n] (Y[n,2]/3)", "X[k, 3]"),
    "steps": (STEPS, "sum[n,t,j] ((Y[n,t,j] - T[n,t,j])*(Y[n,t,j] - T[n,t,j])/k)", "X[k, 3, 2]"),
    "the last step": (STEPS, "sum[n,j] (Y[n,2,j]*T[n,2,j]/k) - sum[n] (Y[n,0,1]/k)", "X[k, 3, 2]"),
    "a step, then dense": (
        "{formula: 'A[n,j] = sum[i] X[n,1,i]*U[i,j]', parameters: {U: {shape: [2, 3], std: 1}}}, tanh, dense: 2",
        "sum[n] (Y[n,1]*Y[n,1]/3)",
        "X[k, 3, 2]",
    ),
    "one weight": (
        "{formula: 'A[n,j] = X[n,j]*w[2] + c[j]', "
        "parameters: {w: {shape: [4], std: 1}, c: {shape: [3], std: 1}}}, tanh",
        "sum[n] (Y[n,1]*Y[n,1]/3)",
        "X[k, 3]",
    ),
    "linear": ("dense: 3", "sum[n] (Y[n,1]/k)", "X[k, 3]"),
}


@cache
def module(case: str) -> tuple[ModuleType, Any]:
    layers, loss, given = LOSSES[case]
    derivation = derivation_of(
        f"name: net\ninput: {given}\nlayers: [{layers}]\nloss: {{formula: '{loss}'}}\n"
        "update: {gradient_descent: {alpha: 0.1}}\n"
    )
    made = ModuleType("net")
    exec(compile(generate(derivation), "net.py", "exec"), made.__dict__)
    return made, derivation.stack


def arguments(case: str, dtype: Any = np.float64) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    m, stack = module(case)
    tensors = {n: a.astype(dtype) for n, a in random_tensors(stack, 4).items()}
    params = m.Params(*(tensors[p.symbol.name] for p in stack.parameters))
    return m, params, tensors["X"], tensors["T"]


def moved(params: Any, V: Any, step: complex) -> Any:
    return type(params)(*(p + step * v for p, v in zip(params, V, strict=True)))


def inner(a: Any, b: Any) -> Any:
    return sum((x * y).sum() for x, y in zip(a, b, strict=True))


def exact(got: Any, wanted: Any) -> None:
    for g, w in zip(got, wanted, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("case", LOSSES)
def test_exact_in_float64(case: str) -> None:
    """Gradients by complex steps of the loss, products with the Hessian by complex steps of the gradients."""
    m, params, X, T = arguments(case)
    rng = np.random.default_rng(1)
    V, W = (m.Params(*(rng.standard_normal(p.shape) for p in params)) for _ in range(2))
    grads = m.gradients(params, X, T)[1]
    step = m.loss(moved(params, V, 1e-200j), X, T).imag / 1e-200
    np.testing.assert_allclose(inner(grads, V), step, rtol=1e-13, atol=1e-14)
    at = m.linearize(params, X, T)
    exact(at.gradients, grads)
    turned = m.gradients(moved(params, V, 1e-200j), X, T)[1]
    exact(at.hvp(V), [np.imag(g) / 1e-200 for g in turned])
    exact([b[0] for b in at.hvp_block(m.Params(*(v[None] for v in V)))], at.hvp(V))
    if hasattr(m, "hessian_block"):
        blocks = 0.0
        for row, w in zip(m.Params._fields, W, strict=True):
            for column, v in zip(m.Params._fields, V, strict=True):
                block = at.hessian_block(row, column)
                blocks += np.tensordot(np.tensordot(w, block, w.ndim), v, v.ndim)
        np.testing.assert_allclose(blocks, inner(W, at.hvp(V)), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("case", LOSSES)
def test_float32_stays(case: str) -> None:
    m, params, X, T = arguments(case, np.float32)
    loss, grads = m.gradients(params, X, T)
    at = m.linearize(params, X, T)
    made = [loss, *grads, *m.activations(params, X), *at.hvp(params), *at.ggnvp(params), *m.update(params, grads)]
    made += at.hvp_block(m.Params(*(np.stack([p, p]) for p in params)))
    made += m.kinks(params, X, T)
    if hasattr(m, "hessian_block"):
        made += [at.hessian_block(row, column) for row in m.Params._fields for column in m.Params._fields]
    assert {np.asarray(a).dtype for a in made} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("case", "line"),
    [
        ("one entry", "L = -Y[:, 1].sum() / k"),
        ("two entries", "L = (Y[:, 1] * Y[:, 0] - T[:, 2] / 3).sum() / k"),
        ("a step, then dense", "A1 = X[:, 1] @ U1"),
        ("one entry of one sample", "L = np.exp(Y[0, 1]) / 3"),
        ("one weight", "A1 = X * w1[2] + c1"),
    ],
)
def test_an_entry_by_number_is_a_slice(case: str, line: str) -> None:
    layers, loss, given = LOSSES[case]
    source = generate(
        derivation_of(
            f"name: net\ninput: {given}\nlayers: [{layers}]\nloss: {{formula: '{loss}'}}\n"
            "update: {gradient_descent: {alpha: 0.1}}\n"
        )
    )
    assert line in source
    assert source.count("np.float32") == 1  # where float16 is widened
