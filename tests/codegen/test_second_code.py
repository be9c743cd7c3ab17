"""Second order in generated modules, against derivatives of the generated gradients and against itself."""

from __future__ import annotations

import ast
import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symjac.codegen.numpy_code import generate
from tests.codegen.test_numpy_code import MSE, NETS, arguments, derived, imported, module, spec
from tests.nets import derivation_of, random_tensors

SOME = ["mnist-like", "columns", "torch", "half sum", "conv", "softmax with squared error", "pooling, then dense"]
THREE = spec("dense: 5, tanh, dense: 4, tanh, dense: 2", MSE)
LINEAR = spec("dense: 4, identity, dense: 2", MSE)


def directions(params: Any, seed: int = 1, more: tuple[int, ...] = ()) -> Any:
    rng = np.random.default_rng(seed)
    return type(params)(*(rng.standard_normal((*more, *p.shape)).astype(p.dtype) for p in params))


def moved(params: Any, step: Any, V: Any) -> Any:
    return type(params)(*(p + step * v for p, v in zip(params, V, strict=True)))


def dot(U: Any, V: Any) -> float:
    return float(sum((u * v).sum() for u, v in zip(U, V, strict=True)))


def close(found: Any, expected: Any, tolerance: float) -> None:
    for name, a, b in zip(found._fields, found, expected, strict=True):
        assert a.shape == b.shape, name
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1, np.abs(b).max()), err_msg=name)


def slope_of_gradients(m: ModuleType, params: Any, X: np.ndarray, T: np.ndarray, V: Any) -> tuple[Any, float]:
    """The derivative of the gradients along V, and how far it can be trusted."""
    if m.ANALYTIC:
        h = 1e-100
        return [g.imag / h for g in m.gradients(moved(params, 1j * h, V), X, T)[1]], 1e-10
    h = 1e-6
    above, below = (m.gradients(moved(params, s, V), X, T)[1] for s in (h, -h))
    return [(a - b) / (2 * h) for a, b in zip(above, below, strict=True)], 1e-7


@pytest.mark.parametrize("name", NETS)
def test_hvp_is_the_derivative_of_the_gradients(name: str) -> None:
    m = module(name)
    params, X, T, _ = arguments(name, 4)
    V = directions(params)
    expected, tolerance = slope_of_gradients(m, params, X, T, V)
    close(m.hvp(params, X, T, V), expected, tolerance)


def test_a_planted_fault_is_found() -> None:
    source = generate(derived("mnist-like"))
    assert "slope_Z1 * RdZ1 + slope_delta_1 * RZ1" in source
    for wrong in ("slope_Z1 * RdZ1", "slope_Z1 * RdZ1 - slope_delta_1 * RZ1"):
        m = imported(source.replace("slope_Z1 * RdZ1 + slope_delta_1 * RZ1", wrong))
        params, X, T, _ = arguments("mnist-like", 4)
        V = directions(params)
        expected, tolerance = slope_of_gradients(m, params, X, T, V)
        with pytest.raises(AssertionError):
            close(m.hvp(params, X, T, V), expected, tolerance)


@pytest.mark.parametrize("name", SOME)
def test_hvp_is_linear_and_symmetric(name: str) -> None:
    m = module(name)
    params, X, T, _ = arguments(name, 3)
    U, V = directions(params, 1), directions(params, 2)
    at = m.linearize(params, X, T)
    HU, HV = at.hvp(U), at.hvp(V)
    np.testing.assert_allclose(dot(U, HV), dot(V, HU), rtol=1e-9)
    both = moved(moved(U, 1, U), -3, V)
    close(at.hvp(both), moved(moved(HU, 1, HU), -3, HV), 1e-10)


@pytest.mark.parametrize("name", NETS)
def test_many_directions_are_one_by_one(name: str) -> None:
    m = module(name)
    params, X, T, _ = arguments(name, 3)
    V = directions(params, more=(5,))
    at = m.linearize(params, X, T)
    expected = [np.stack(arrays) for arrays in zip(*(at.hvp(m.Params(*v)) for v in zip(*V, strict=True)), strict=True)]
    largest = max(a.size for a in m.activations(params, X))
    for together in (m.TOGETHER, 2 * largest, 1):
        m.TOGETHER, kept = together, m.TOGETHER
        try:
            close(at.hvp_block(V), expected, 1e-12)
        finally:
            m.TOGETHER = kept


@pytest.mark.parametrize("name", NETS)
def test_linearize_has_the_loss_and_its_gradients(name: str) -> None:
    m = module(name)
    params, X, T, _ = arguments(name, 3)
    L, grads = m.gradients(params, X, T)
    at = m.linearize(params, X, T)
    assert at.loss == pytest.approx(L, rel=1e-12)
    close(at.gradients, grads, 1e-12)


@pytest.mark.parametrize("name", [*NETS, "three"])
def test_blocks_are_the_columns_of_products(name: str) -> None:
    if name == "three":
        m, stack = imported(generate(derivation_of(THREE))), derivation_of(THREE).stack
        tensors = random_tensors(stack, 3)
        params, X, T = m.Params(*(tensors[p.symbol.name] for p in stack.parameters)), tensors["X"], tensors["T"]
    else:
        m = module(name)
        params, X, T, _ = arguments(name, 3)
    at = m.linearize(params, X, T)
    for place, column in enumerate(m.Params._fields):
        size = params[place].size
        V = [np.zeros((size, *p.shape)) for p in params]
        V[place] = np.eye(size).reshape(size, *params[place].shape)
        for row, product in zip(m.Params._fields, at.hvp_block(m.Params(*V)), strict=True):
            found = m.hessian_block(params, X, T, row, column)
            expected = np.moveaxis(product, 0, -1).reshape(*product.shape[1:], *params[place].shape)
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11, err_msg=f"{row}, {column}")


def test_no_block_of_what_is_no_parameter() -> None:
    params, X, T, _ = arguments("mnist-like", 3)
    with pytest.raises(ValueError, match="Z1: expected one of W1, b1, W2, b2"):
        module("mnist-like").hessian_block(params, X, T, "W1", "Z1")


@pytest.mark.parametrize("name", SOME)
def test_local_jacobians_are_derivatives(name: str) -> None:
    """∂(what a formula defines)/∂(what it reads): along a direction of a parameter, over all layers at once."""
    m = module(name)
    params, X, _, _ = arguments(name, 2)
    at = m.activations(params, X)
    pairs = re.findall(r'case "(\w+)", "(\w+)":', generate(derived(name)).split("def local_jacobian")[1])
    assert pairs
    V, h = directions(params), 1e-6
    above, below = (m.activations(moved(params, s, V), X) for s in (h, -h))
    slopes = {n: (a - b) / (2 * h) for n, a, b in zip(at._fields, above, below, strict=True)}
    slopes |= dict(zip(V._fields, V, strict=True))
    for output in dict.fromkeys(o for o, _ in pairs):
        total = 0
        for by in [b for o, b in pairs if o == output]:
            jacobian = m.local_jacobian(params, X, output, by)
            assert jacobian.shape == getattr(at, output).shape + slopes[by].shape
            total = total + np.tensordot(jacobian, slopes[by], axes=slopes[by].ndim)
        np.testing.assert_allclose(total, slopes[output], rtol=1e-6, atol=1e-7, err_msg=output)
    with pytest.raises(ValueError, match="no formula of X reads Y"):
        m.local_jacobian(params, X, "X", "Y")


@pytest.mark.parametrize("name", [n for n in NETS if n != "log_softmax columns"])
def test_the_gauss_newton_matrix_is_positive_semidefinite(name: str) -> None:
    m = module(name)
    params, X, T, _ = arguments(name, 3)
    at = m.linearize(params, X, T)
    for seed in range(5):
        U, V = directions(params, seed), directions(params, seed + 10)
        assert dot(V, at.ggnvp(V)) >= -1e-12
        np.testing.assert_allclose(dot(U, at.ggnvp(V)), dot(V, at.ggnvp(U)), rtol=1e-9, atol=1e-12)


def test_gauss_newton_is_the_hessian_of_a_linear_network() -> None:
    """With one layer; with more, the Hessian has a part beside it."""
    for net, equal in ((spec("dense: 2", MSE), True), (LINEAR, False)):
        derivation = derivation_of(net)
        m = imported(generate(derivation))
        tensors = random_tensors(derivation.stack, 4)
        params = m.Params(*(tensors[p.symbol.name] for p in derivation.stack.parameters))
        V = directions(params)
        H, G = (f(params, tensors["X"], tensors["T"], V) for f in (m.hvp, m.ggnvp))
        assert all(np.allclose(a, b, rtol=1e-12) for a, b in zip(H, G, strict=True)) == equal


def test_under_cross_entropy_gauss_newton_is_fisher() -> None:
    """Σ_n Σ_j y_nj g_nj g_njᵀ / k, where g_nj is the gradient of −log y_nj."""
    m = module("mnist-like")
    params, X, T, _ = arguments("mnist-like", 4)
    V = directions(params)
    Y = m.forward(params, X)
    expected = [np.zeros_like(p) for p in params]
    for n in range(len(X)):
        for j in range(Y.shape[1]):
            g = m.gradients(params, X[n : n + 1], np.eye(Y.shape[1])[j : j + 1])[1]
            expected = [e + Y[n, j] * dot(g, V) * a / len(X) for e, a in zip(expected, g, strict=True)]
    close(m.ggnvp(params, X, T, V), expected, 1e-10)


@pytest.mark.parametrize("alpha", [0.1, 0.7])
def test_the_step_s_jacobian(alpha: float) -> None:
    m = module("columns")
    params, X, T, _ = arguments("columns", 4)
    V = directions(params)
    h = 1e-6
    after = [m.update(p, m.gradients(p, X, T)[1], alpha) for p in (moved(params, h, V), moved(params, -h, V))]
    expected = [(a - b) / (2 * h) for a, b in zip(*after, strict=True)]
    close(m.iteration_jvp(params, X, T, V, alpha), expected, 1e-7)
    close(m.iteration_vjp(params, X, T, V, alpha), expected, 1e-7)


def test_a_step_whose_slopes_vary() -> None:
    """θ' = θ − α g³ − θ²/100: the transpose differs from the step's Jacobian."""
    text = spec("dense: 3, tanh, dense: 2", MSE).replace(
        "update: {gradient_descent: {alpha: 0.1}}",
        "update: {cubic: {alpha: 0.1}}\ndefine:\n  updates:\n    cubic:\n      constants: {alpha: 0.1}\n"
        '      formula: "theta - alpha*g**3 - theta**2/100"',
    )
    derivation = derivation_of(text)
    m = imported(generate(derivation))
    tensors = random_tensors(derivation.stack, 3)
    params, X, T = m.Params(*(tensors[p.symbol.name] for p in derivation.stack.parameters)), tensors["X"], tensors["T"]
    U, V = directions(params, 1), directions(params, 2)
    h = 1e-6
    after = [m.update(p, m.gradients(p, X, T)[1]) for p in (moved(params, h, V), moved(params, -h, V))]
    jvp = m.iteration_jvp(params, X, T, V)
    close(jvp, [(a - b) / (2 * h) for a, b in zip(*after, strict=True)], 1e-7)
    np.testing.assert_allclose(dot(U, jvp), dot(V, m.iteration_vjp(params, X, T, U)), rtol=1e-10)


@pytest.mark.parametrize("name", NETS)
def test_float32_is_kept(name: str) -> None:
    m = module(name)
    params, X, T, _ = arguments(name, 3, np.float32)
    at = m.linearize(params, X, T)
    for arrays in (at.hvp(directions(params)), at.ggnvp(directions(params)), at.gradients):
        assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
    assert {a.dtype for a in at.hvp_block(directions(params, more=(2,)))} == {np.dtype(np.float32)}
    assert {a.dtype for a in m.iteration_jvp(params, X, T, directions(params))} == {np.dtype(np.float32)}
    for row, column in zip(m.Params._fields, m.Params._fields[::-1], strict=True):
        assert at.hessian_block(row, column).dtype == np.float32


def test_directions_of_another_shape() -> None:
    m = module("mnist-like")
    params, X, T, _ = arguments("mnist-like", 3)
    V = directions(params)
    with pytest.raises(ValueError, match=re.escape("V.W2: expected shape (5, 2), every size at least 1; got (2, 5)")):
        m.hvp(params, X, T, V._replace(W2=V.W2.T))
    with pytest.raises(ValueError, match=r"V\.b1: expected an array of floats"):
        m.ggnvp(params, X, T, V._replace(b1=None))
    at = m.linearize(params, X, T)
    V = directions(params, more=(3,))
    with pytest.raises(ValueError, match=re.escape("V.b2: expected shape (m, 2), m = 3; got (2, 2)")):
        at.hvp_block(V._replace(b2=V.b2[:2]))


def test_a_long_network_has_products_alone() -> None:
    source = generate(derivation_of(spec(", ".join(["dense: 3, tanh"] * 9), MSE)))
    names = {n.name for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)}
    assert {"hvp", "ggnvp", "linearize", "hvp_block", "iteration_jvp"} <= names
    assert not names & {"hessian_block", "local_jacobian"}
    assert "There is no hessian_block and no local_jacobian" in source
    m = imported(source)
    params = m.init(np.random.default_rng(0))
    X, T = np.random.default_rng(1).standard_normal((2, 4, 3))
    V = directions(params)
    expected, tolerance = slope_of_gradients(m, params, X, T, V)
    close(m.hvp(params, X, T, V), expected, tolerance)
    close(m.linearize(params, X, T).hvp_block(m.Params(*(v[None] for v in V))), [e[None] for e in expected], tolerance)


def test_v_may_be_a_user_s_name() -> None:
    text = spec("dense: {units: 3, parameters: {W: V}}, tanh, dense: 2", "{mse: {target: T, reduction: mean}}")
    derivation = derivation_of(text)
    m = imported(generate(derivation))
    tensors = random_tensors(derivation.stack, 3)
    params, X, T = m.Params(*(tensors[p.symbol.name] for p in derivation.stack.parameters)), tensors["X"], tensors["T"]
    assert "V" in m.Params._fields
    expected, tolerance = slope_of_gradients(m, params, X, T, directions(params))
    close(m.hvp(params, X, T, directions(params)), expected, tolerance)
    m.linearize(params, X, T).hvp_block(directions(params, more=(2,)))


@pytest.mark.parametrize("name", NETS)
def test_products_need_no_einsum(name: str) -> None:
    for node in ast.walk(ast.parse(generate(derived(name)))):
        if isinstance(node, ast.FunctionDef) and node.name in ("hvp", "_hvp_group", "ggnvp", "linearize", "gradients"):
            assert "einsum" not in ast.unparse(node), node.name


def test_same_arguments_same_bits() -> None:
    m = module("conv")
    params, X, T, _ = arguments("conv", 3)
    V = directions(params)
    for a, b in zip(m.hvp(params, X, T, V), m.hvp(params, X, T, V), strict=True):
        assert a.tobytes() == b.tobytes()
