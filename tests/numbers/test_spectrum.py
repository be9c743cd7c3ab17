"""Spectra from products against dense linear algebra."""

import sys

import numpy as np
import pytest

from symjac.numbers.operator import Trajectory, hessian_operator, size, step_operator
from symjac.numbers.spectrum import (
    WHICH,
    Density,
    extreme_eigenvalues,
    lyapunov_exponents,
    spectral_density,
    trace,
)
from symjac.run.failures import DataError
from tests.fixtures import tiny_second
from tests.numbers.conftest import operator_of


def with_eigenvalues(values, seed=0):
    Q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))
    return (Q * values) @ Q.T


def expected_end(values, m, which):
    """The eigenvalues at that end, rising."""
    if which == "LM":
        return np.sort(sorted(values, key=abs)[-m:])
    low = {"LA": 0, "SA": m, "BE": m // 2}[which]
    return np.r_[values[:low], values[len(values) - (m - low) :]]


def dense(module, point):
    operator = hessian_operator(module, *point)
    return operator, operator.matmat(np.eye(operator.shape[0])).astype(float)


# -- eigenvalues


@pytest.mark.parametrize("which", WHICH)
def test_extreme_eigenvalues_are_the_dense_ones(symmetric, which):
    n = len(symmetric)
    for m in {1, 2, 5, n - 1, n} & {*range(1, n + 1)}:
        pairs = extreme_eigenvalues(operator_of(symmetric), m, which)
        np.testing.assert_allclose(pairs.values, expected_end(np.linalg.eigvalsh(symmetric), m, which), atol=1e-11)
        np.testing.assert_allclose(symmetric @ pairs.vectors, pairs.vectors * pairs.values, atol=1e-11)
        np.testing.assert_allclose(pairs.vectors.T @ pairs.vectors, np.eye(m), atol=1e-11)
        assert pairs.residuals.shape == (m,)
        assert (pairs.residuals < 1e-11).all()


def test_eigenvalues_of_a_net(point):
    operator, H = dense(tiny_second, point)
    pairs = extreme_eigenvalues(operator, 4)
    eps = np.finfo(operator.dtype).eps
    np.testing.assert_allclose(pairs.values, np.linalg.eigvalsh(H)[-4:], atol=50 * eps)
    assert pairs.values.dtype == pairs.vectors.dtype == pairs.residuals.dtype == operator.dtype
    assert (pairs.residuals < 100 * eps).all()


def test_lanczos_keeps_float32():
    values = np.linspace(-1, 1, 100) ** 3
    pairs = extreme_eigenvalues(operator_of(with_eigenvalues(values), np.float32), 3)
    assert pairs.values.dtype == np.float32
    np.testing.assert_allclose(pairs.values, values[-3:], atol=1e-5)


def test_the_same_seed_gives_the_same_bits():
    operator = operator_of(with_eigenvalues(np.linspace(0, 1, 80)))
    first, again, other = (extreme_eigenvalues(operator, 2, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    np.testing.assert_allclose(first.values, other.values, atol=1e-12)


@pytest.mark.parametrize("n", [1, 20, 200])
def test_the_zero_operator(n):
    operator = operator_of(np.zeros((n, n)))
    pairs = extreme_eigenvalues(operator, 1)
    assert pairs.values == pairs.residuals == 0
    assert np.linalg.norm(pairs.vectors) == 1
    assert trace(operator).value == 0
    density = spectral_density(operator, steps=5, samples=2)
    assert (density.nodes == 0).all()
    np.testing.assert_allclose(density.weights.sum(axis=1), 1)
    grid = density.grid()
    np.testing.assert_allclose(np.trapezoid(density.smoothed(grid), grid), 1, atol=1e-3)


def test_residuals_show_a_wrong_answer(monkeypatch):
    """A planted fault: Lanczos that gives values a little off."""
    import scipy.sparse.linalg as linalg

    right = linalg.eigsh
    monkeypatch.setattr(linalg, "eigsh", lambda *args, **kw: (right(*args, **kw)[0] + 1e-3, right(*args, **kw)[1]))
    pairs = extreme_eigenvalues(operator_of(with_eigenvalues(np.linspace(0, 1, 80))), 2)
    np.testing.assert_allclose(pairs.residuals, 1e-3, rtol=1e-6)


def test_what_does_not_converge_is_said(monkeypatch):
    import scipy.sparse.linalg as linalg

    def never(*args, **kw):
        raise linalg.ArpackNoConvergence("no", np.zeros(1), np.zeros((80, 1)))

    monkeypatch.setattr(linalg, "eigsh", never)
    with pytest.raises(RuntimeError, match="1 of 2"):
        extreme_eigenvalues(operator_of(with_eigenvalues(np.linspace(0, 1, 80))), 2)


SKEW = np.triu(np.ones((50, 50)))
NAN = np.full((50, 50), np.nan)
FINE = np.eye(50)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: extreme_eigenvalues(operator_of(SKEW), 1), "not symmetric"),
        (lambda: extreme_eigenvalues(operator_of(SKEW, np.float32), 1), "not symmetric"),
        (lambda: extreme_eigenvalues(operator_of(np.eye(50, k=1) - np.eye(50, k=-1)), 1), "not symmetric"),
        (lambda: extreme_eigenvalues(operator_of(NAN), 1), "not finite"),
        (lambda: extreme_eigenvalues(operator_of(FINE), 0), "m: expected 1 to 50"),
        (lambda: extreme_eigenvalues(operator_of(FINE), 51), "m: expected 1 to 50"),
        (lambda: extreme_eigenvalues(operator_of(FINE), 1, "SM"), "which: expected one of LA"),
        (lambda: extreme_eigenvalues(operator_of(FINE[:3]), 1), r"expected shape \(n, n\)"),
        (lambda: extreme_eigenvalues(operator_of(FINE, complex), 1), "real floats"),
        (lambda: trace(operator_of(FINE), 1), "samples: expected at least 2"),
        (lambda: trace(operator_of(FINE[:3])), r"expected shape \(n, n\)"),
        (lambda: spectral_density(operator_of(SKEW)), "not symmetric"),
        (lambda: spectral_density(operator_of(NAN)), "not finite"),
        (lambda: spectral_density(operator_of(FINE), steps=0), "steps: expected at least 1"),
        (lambda: spectral_density(operator_of(FINE), samples=0), "samples: expected at least 1"),
        (lambda: spectral_density(operator_of(FINE)).smoothed(np.zeros(2), 0.0), "width"),
        (lambda: lyapunov_exponents(lambda t, Q: Q, 4, 5, size=3), "n_exponents: expected 1 to 3"),
        (lambda: lyapunov_exponents(lambda t, Q: Q, 0, 5, size=3), "n_exponents: expected 1 to 3"),
        (lambda: lyapunov_exponents(lambda t, Q: Q, 1, 0, size=3), "steps: expected at least 1"),
        (lambda: lyapunov_exponents(lambda t, Q: Q, 1, 1, size=3, transient=-1), "transient"),
        (lambda: lyapunov_exponents(lambda t, Q: Q.T, 1, 5, size=3), "step 0: expected products of shape"),
        (lambda: lyapunov_exponents(lambda t, Q: Q / (t < 2), 1, 5, size=3), "step 2: the products are not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_cannot_be_used_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_missing_scipy_is_said(monkeypatch):
    operator = operator_of(FINE + np.diag(np.arange(50)))
    for name in ("scipy", "scipy.sparse.linalg"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError, match=r"needs scipy.*\n.*symjac\[spectrum\]"):
        extreme_eigenvalues(operator, 1)
    assert trace(operator).value > 0  # needs products alone


# -- trace


def test_trace_lies_within_its_errors(symmetric):
    """Over 40 seeds: the mean within 4 of its standard errors, and the stated errors as large as the true ones."""
    runs = [trace(operator_of(symmetric), 60, seed) for seed in range(40)]
    off = np.array([run.value for run in runs]) - np.trace(symmetric)
    stated = np.sqrt(np.mean([run.error**2 for run in runs]))
    assert abs(off.mean()) <= 4 * stated / np.sqrt(40) + 1e-10
    assert 0.6 * stated - 1e-10 <= off.std() <= 1.5 * stated + 1e-10


def test_hutchinson_has_the_variance_that_it_states():
    A = operator_of(with_eigenvalues(np.linspace(-1, 2, 50)))
    dense = A @ np.eye(50)
    variance = 2 * ((dense**2).sum() - (np.diag(dense) ** 2).sum())
    assert trace(A, 4000).error == pytest.approx(np.sqrt(variance / 4000), rel=0.05)


def test_hutchinson_is_exact_for_a_diagonal():
    estimate = trace(operator_of(np.diag(np.arange(5.0))), 2)
    assert estimate.value == pytest.approx(10)
    assert estimate.error == pytest.approx(0, abs=1e-12)


def test_hutchinson_takes_any_square_operator():
    A = np.random.default_rng(5).standard_normal((20, 20))
    estimate = trace(operator_of(A), 4000)
    assert abs(estimate.value - np.trace(A)) < 4 * estimate.error


def test_trace_of_a_net(point):
    operator, H = dense(tiny_second, point)
    estimate = trace(operator, 400)
    assert abs(estimate.value - np.trace(H)) <= 4 * estimate.error + 1e-4


# -- density


def moments_of_vector(A, power, samples, seed=0):
    """vᵀ A^power v for the vectors that the density draws."""
    n = len(A)
    rng = np.random.default_rng(seed)
    rng.standard_normal((2, n))
    V = (rng.integers(2, size=(samples, n)) * 2.0 - 1.0) / np.sqrt(n)
    return np.einsum("si,ij,sj->s", V, np.linalg.matrix_power(A, power), V)


def test_quadrature_is_exact_for_its_vectors(symmetric):
    """∫ λ^p is vᵀ A^p v up to p = 2·steps − 1, and not beyond."""
    A = symmetric / np.linalg.norm(symmetric, 2)
    density = spectral_density(operator_of(A), steps=4, samples=3)
    for power in range(8):
        row = (density.weights * density.nodes**power).sum(axis=1)
        np.testing.assert_allclose(row, moments_of_vector(A, power, 3), atol=1e-13)
    if len(A) > 4:
        row = (density.weights * density.nodes**8).sum(axis=1)
        assert np.abs(row - moments_of_vector(A, 8, 3)).max() > 1e-6


def test_moments_of_a_net(point):
    operator, H = dense(tiny_second, point)
    n = len(H)
    density = spectral_density(operator, steps=10, samples=200)
    for power, exact in ((0, 1), (1, np.trace(H) / n), (2, (H**2).sum() / n)):
        estimate = density.moment(power)
        assert abs(estimate.value - exact) <= 4 * estimate.error + 1e-6
        assert estimate.error < 0.1 * max(abs(exact), 0.02)


def test_planted_fault_in_the_weights_shows(point):
    """Without the square, of other entries, or even: a moment is off by many standard errors."""
    operator, H = dense(tiny_second, point)
    right = spectral_density(operator, steps=10, samples=200)
    for weights in (np.sqrt(right.weights), np.roll(right.weights, 1, axis=1), np.full_like(right.weights, 0.1)):
        wrong = Density(right.nodes, weights / weights.sum(axis=1, keepdims=True))
        first, second = wrong.moment(1), wrong.moment(2)
        off = abs(first.value - np.trace(H) / len(H)), abs(second.value - (H**2).sum() / len(H))
        assert off[0] > 5 * first.error or off[1] > 5 * second.error


def test_full_lanczos_finds_every_eigenvalue_once(symmetric):
    """With n steps the nodes are the eigenvalues; without reorthogonalisation the outer ones would come twice."""
    density = spectral_density(operator_of(symmetric), steps=200, samples=2)
    assert density.nodes.shape == (2, len(symmetric))
    for row in density.nodes:
        np.testing.assert_allclose(row, np.linalg.eigvalsh(symmetric), atol=1e-10)


def test_orthogonality_holds_where_lanczos_loses_it():
    """A few far eigenvalues over a dense bulk: plain Lanczos repeats them within 100 steps."""
    values = np.sort(np.r_[np.linspace(-1e-3, 1e-3, 295), 1, 10, 20, 50, 100])
    density = spectral_density(operator_of(with_eigenvalues(values)), steps=100, samples=2)
    for row in density.nodes:
        np.testing.assert_allclose(row[-5:], values[-5:], rtol=1e-12)
        assert row[-6] <= 1.01e-3


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_few_distinct_eigenvalues(dtype):
    """The Krylov spaces are used up after three steps; what rounding adds stays at the same values."""
    A = with_eigenvalues(np.r_[np.full(30, -1.0), np.full(60, 2.0), np.full(10, 3.0)])
    density = spectral_density(operator_of(A, dtype), steps=50, samples=20)
    for value, share in ((-1, 0.3), (2, 0.6), (3, 0.1)):
        near = np.abs(density.nodes - value) < 1e-4
        assert (density.weights * near).sum(axis=1).mean() == pytest.approx(share, abs=0.05)
    np.testing.assert_allclose(density.weights.sum(axis=1), 1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_krylov_space_that_is_used_up_ends_early(dtype):
    density = spectral_density(operator_of(2.5 * np.eye(100), dtype), steps=50, samples=3)
    np.testing.assert_array_equal(density.weights, np.eye(1, 50).repeat(3, axis=0))
    np.testing.assert_allclose(density.nodes, 2.5, rtol=1e-6)


def test_smoothing_keeps_mass_mean_and_spread():
    """A mixture of Gaussians: mass 1, the mean of μ, and its variance plus the width's square."""
    values = np.r_[np.linspace(0, 1, 40), 5]
    density = spectral_density(operator_of(with_eigenvalues(values)), steps=41, samples=1)
    for width in (0.05, 0.3):
        grid = density.grid(width, points=4000)
        height = density.smoothed(grid, width)
        assert np.trapezoid(height, grid) == pytest.approx(1, abs=1e-4)
        mean = density.moment(1).value
        assert np.trapezoid(height * grid, grid) == pytest.approx(mean, abs=1e-3)
        variance = density.moment(2).value - mean**2 + width**2
        assert np.trapezoid(height * (grid - mean) ** 2, grid) == pytest.approx(variance, rel=2e-3)


# -- Lyapunov exponents


@pytest.mark.parametrize(
    "A",
    [
        np.diag([2.0, 1.0, 0.5, -0.1]),
        with_eigenvalues(np.array([-3.0, 1.5, 0.7, 0.2])),
        np.linalg.inv([[1.0, 2, 0], [0, 1, 3], [1, 0, 1]]) @ np.diag([4, 1, 0.1]) @ [[1.0, 2, 0], [0, 1, 3], [1, 0, 1]],
        2 * np.array([[np.cos(1), -np.sin(1), 0], [np.sin(1), np.cos(1), 0], [0, 0, 0.25]]),
        np.array([[0.25]]),
    ],
    ids=["diagonal", "symmetric", "not normal", "rotation", "n=1"],
)
def test_a_constant_map_has_its_eigenvalues_moduli(A):
    n = len(A)
    expected = np.sort(np.log(np.abs(np.linalg.eigvals(A))))[::-1]
    for m in {1, n - 1 or 1, n}:
        exponents = lyapunov_exponents(lambda t, Q: A @ Q, m, 400, size=n, transient=100)
        assert exponents.running.shape == (400, m)
        np.testing.assert_allclose(exponents.values, expected[:m], atol=5e-3)


def test_a_product_of_random_matrices_by_direct_qr():
    """The sum of the first j is the growth of a volume: log of the determinant of the product on Q_0, no QR between."""
    rng = np.random.default_rng(7)
    maps = rng.standard_normal((6, 5, 5))
    exponents = lyapunov_exponents(lambda t, Q: maps[t] @ Q, 3, 6, size=5, seed=4)
    Q, _ = np.linalg.qr(np.random.default_rng(4).standard_normal((5, 3)))
    for t in range(6):
        Q = maps[t] @ Q
        _, R = np.linalg.qr(Q)
        np.testing.assert_allclose(exponents.running[t] * (t + 1), np.log(np.abs(np.diag(R))), atol=1e-9)


def test_all_exponents_sum_to_the_mean_log_determinant():
    rng = np.random.default_rng(8)
    maps = rng.standard_normal((50, 4, 4))
    exponents = lyapunov_exponents(lambda t, Q: maps[t] @ Q, 4, 40, size=4, transient=10)
    assert exponents.values.sum() == pytest.approx(np.linalg.slogdet(maps[10:])[1].mean())


def test_without_reorthonormalisation_all_exponents_would_be_the_first():
    """The planted fault: a walk that never re-orthonormalises loses the second direction to the first."""
    A = np.diag([2.0, 0.5])
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((2, 2)))[0]
    for _ in range(200):
        Q = A @ Q
    wrong = np.log(np.linalg.norm(Q, axis=0)) / 200
    right = lyapunov_exponents(lambda t, Q: A @ Q, 2, 200, size=2).values
    assert wrong[1] > 0.6
    assert right[1] == pytest.approx(-np.log(2), abs=0.02)


def test_a_lost_rank_is_minus_infinity():
    exponents = lyapunov_exponents(lambda t, Q: np.diag([1.0, 0.0]) @ Q, 1, 3, size=2)
    assert np.isfinite(exponents.values).all()
    exponents = lyapunov_exponents(lambda t, Q: 0 * Q, 2, 3, size=2)
    assert np.isneginf(exponents.running).all()


def test_exponents_of_a_training(point):
    """Against the products of dense Jacobians at the same parameters."""
    params, X, T = point
    n = size(params)
    exponents = lyapunov_exponents(Trajectory(tiny_second, params, lambda t: (X, T), alpha=0.5), 3, 20, size=n)
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((n, 3)))[0]
    logs = []
    for _ in range(20):
        Df = step_operator(tiny_second, params, X, T, alpha=0.5).matmat(np.eye(n)).astype(float)
        Q, R = np.linalg.qr(Df @ Q)
        logs.append(np.log(np.abs(np.diag(R))))
        params = tiny_second.update(params, tiny_second.gradients(params, X, T)[1], alpha=0.5)
    np.testing.assert_allclose(exponents.values, np.mean(logs, axis=0), atol=1e-12 if X.dtype == float else 1e-5)
