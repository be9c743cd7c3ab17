"""Operators are the module's own products on flat vectors: against finite differences, matrices, and each other."""

import sys
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from symjac.numbers.operator import (
    Trajectory,
    flatten,
    flatten_block,
    hessian_operator,
    size,
    step_operator,
    unflatten,
    unflatten_block,
)
from symjac.run.failures import DataError
from tests.fixtures import tiny_second


class Params(NamedTuple):
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray


PARAMS = Params(np.arange(6.0).reshape(2, 3), np.array(6.0), np.array([7.0, 8.0]))


def skewed(matrix):
    """A module whose step is theta -> M theta: its Jacobian is known, and not symmetric."""

    def by(A):
        return lambda params, X, T, V, alpha=1.0: unflatten(alpha * (A @ flatten(V)), params)

    return SimpleNamespace(__name__="skewed", iteration_jvp=by(matrix), iteration_vjp=by(matrix.T))


def dense(operator):
    return np.column_stack([operator.matvec(e) for e in np.eye(operator.shape[0])])


def test_flat_vectors_are_raveled_fields_in_order():
    np.testing.assert_array_equal(flatten(PARAMS), np.arange(9.0))
    assert size(PARAMS) == 9
    for field, expected in zip(unflatten(np.arange(9.0), PARAMS), PARAMS, strict=True):
        np.testing.assert_array_equal(field, expected)
        assert field.shape == expected.shape


def test_a_block_is_its_columns():
    columns = np.random.default_rng(0).standard_normal((9, 4))
    block = unflatten_block(columns, PARAMS)
    assert [field.shape for field in block] == [(4, 2, 3), (4,), (4, 2)]
    for i in range(4):
        for field, one in zip(block, unflatten(columns[:, i], PARAMS), strict=True):
            np.testing.assert_array_equal(field[i], one)
    np.testing.assert_array_equal(flatten_block(block, PARAMS), columns)
    assert flatten_block(unflatten_block(np.zeros((9, 0)), PARAMS), PARAMS).shape == (9, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: unflatten(np.zeros(8), PARAMS),
        lambda: unflatten(np.zeros((9, 1)), PARAMS),
        lambda: unflatten(np.zeros(9, complex), PARAMS),
        lambda: unflatten_block(np.zeros((8, 2)), PARAMS),
        lambda: unflatten_block(np.zeros(9), PARAMS),
        lambda: flatten_block(Params(np.zeros((4, 3, 2)), np.zeros(4), np.zeros((4, 2))), PARAMS),
    ],
)
def test_wrong_shapes_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        wrong()


def test_hessian_is_the_gradients_difference(point):
    params, X, T = (tiny_second.Params(*(a.astype(float) for a in point[0])), *(a.astype(float) for a in point[1:]))
    H = dense(hessian_operator(tiny_second, params, X, T))
    step = 1e-5
    for i, e in enumerate(np.eye(size(params))):
        ends = [
            flatten(tiny_second.gradients(unflatten(flatten(params) + s * step * e, params), X, T)[1]) for s in (1, -1)
        ]
        np.testing.assert_allclose(H[:, i], (ends[0] - ends[1]) / (2 * step), atol=1e-9)
    np.testing.assert_allclose(H, H.T, atol=1e-15)


def test_blocks_and_transposes_are_products(point):
    params, X, T = point
    operator = hessian_operator(tiny_second, params, X, T)
    V = np.random.default_rng(1).standard_normal((operator.shape[0], 5)).astype(X.dtype)
    tolerance = 10 * np.finfo(X.dtype).eps
    np.testing.assert_allclose(operator.matmat(V), dense(operator) @ V, atol=30 * tolerance)
    np.testing.assert_allclose(operator.rmatvec(V[:, 0]), operator.matvec(V[:, 0]), atol=tolerance)
    np.testing.assert_allclose(operator.rmatmat(V), operator.matmat(V), atol=tolerance)
    np.testing.assert_allclose(operator.matvec(V[:, :1]), operator.matvec(V[:, 0])[:, None], atol=tolerance)


@pytest.mark.parametrize("make", [hessian_operator, step_operator])
def test_the_parameters_dtype_is_kept(make, point):
    operator = make(tiny_second, *point)
    assert operator.dtype == point[1].dtype
    for given in (np.float32, np.float64, int):
        assert operator.matvec(np.ones(operator.shape[0], given)).dtype == point[1].dtype
        assert operator.matmat(np.ones((operator.shape[0], 2), given)).dtype == point[1].dtype


def test_a_gradient_step_is_identity_minus_alpha_hessian(point):
    H = dense(hessian_operator(tiny_second, *point))
    tolerance = 20 * np.finfo(point[1].dtype).eps
    for options, alpha in (({}, 0.1), ({"alpha": 0.7}, 0.7)):
        operator = step_operator(tiny_second, *point, **options)
        np.testing.assert_allclose(dense(operator), np.eye(len(H)) - alpha * H, atol=tolerance)
        np.testing.assert_allclose(operator.rmatvec(H[0]), operator.matvec(H[0]), atol=tolerance)


def test_a_step_that_is_not_symmetric_has_its_transpose():
    M = np.random.default_rng(2).standard_normal((9, 9))
    operator = step_operator(skewed(M), PARAMS, None, None, alpha=2.0)
    np.testing.assert_allclose(dense(operator), 2 * M)
    np.testing.assert_allclose(dense(operator.H), 2 * M.T)
    np.testing.assert_allclose(operator.T @ np.eye(9), 2 * M.T)


def test_products_of_another_shape_are_refused():
    """A field that comes transposed has as many entries: only its shape tells."""
    module = SimpleNamespace(__name__="turned", iteration_jvp=lambda params, X, T, V: Params(V.a.T, V.b, V.c))
    with pytest.raises(ValueError, match=r"a: expected shape \(2, 3\), got \(3, 2\)"):
        step_operator(module, PARAMS, None, None).matvec(np.zeros(9))


@pytest.mark.parametrize("make", [hessian_operator, step_operator])
def test_a_module_without_second_order_is_named(make):
    with pytest.raises(DataError, match=r"old: no (linearize|iteration_jvp) in it"):
        make(SimpleNamespace(__name__="old"), PARAMS, None, None)


@pytest.mark.parametrize("make", [hessian_operator, step_operator])
def test_complex_vectors_are_refused(make, point):
    operator = make(tiny_second, *point)
    with pytest.raises(ValueError, match="real"):
        operator.matvec(np.ones(operator.shape[0], complex))


def test_a_missing_scipy_is_said(monkeypatch, point):
    monkeypatch.setitem(sys.modules, "scipy.sparse.linalg", None)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(DataError, match=r"needs scipy.*\n.*symjac\[spectrum\]"):
        hessian_operator(tiny_second, *point)


def test_a_trajectory_moves_after_its_products(point):
    params, X, T = point
    batches = [(X[:4], T[:4]), (X[4:], T[4:])]
    trajectory = Trajectory(tiny_second, params, lambda t: batches[t], alpha=0.5)
    Q = np.eye(size(params), 3)
    for t, (x, target) in enumerate(batches):
        expected = step_operator(tiny_second, params, x, target, alpha=0.5).matmat(Q)
        np.testing.assert_array_equal(trajectory(t, Q), expected)
        params = tiny_second.update(params, tiny_second.gradients(params, x, target)[1], alpha=0.5)
        np.testing.assert_array_equal(flatten(trajectory.params), flatten(params))
    with pytest.raises(ValueError, match="stands at step 2"):
        trajectory(1, Q)
