"""Spectra from products alone: extreme eigenvalues, trace, spectral density, Lyapunov exponents.

An operator is a SciPy LinearOperator (n, n) of real floats. Everything random comes from one seed, so the same seed
gives the same numbers. What is done with the products here is done in float64, whatever dtype they come in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symjac.numbers.extras import need

Array = NDArray[Any]
Operator = Any
"""A scipy.sparse.linalg.LinearOperator."""
WHICH = ("LA", "SA", "LM", "BE")
"""The largest, the smallest, the largest in modulus, half from each end (one more from above): ARPACK's names."""

DENSE = 32
"""An operator of no more rows is written out: Lanczos needs fewer eigenvalues than rows."""
BLOCK = 8
"""Vectors that go through the operator together."""
EXHAUSTED = 10
"""Roundings, relative to the largest product, below which what is new in a product is taken for noise."""


@dataclass(frozen=True, slots=True)
class Eigenpairs:
    values: Array
    """(m,), rising."""
    vectors: Array
    """(n, m): orthonormal columns."""
    residuals: Array
    """(m,): ‖A v − λ v‖. Within this distance of each value lies an eigenvalue of a symmetric A."""


@dataclass(frozen=True, slots=True)
class Estimate:
    value: float
    error: float
    """One standard error of the mean over the random vectors."""


@dataclass(frozen=True, slots=True)
class Density:
    """The spectral measure μ = (1/n) Σ_i δ(λ − λ_i), as Gauss quadratures of the measures that random vectors see."""

    nodes: Array
    """(samples, steps), each row rising; a row that ended early repeats its last node with weight 0."""
    weights: Array
    """(samples, steps), each row sums to 1."""

    def moment(self, power: int) -> Estimate:
        """∫ λ^power dμ = tr(A^power)/n; a quadrature is exact for its own vector up to power 2·steps − 1."""
        return _mean((self.weights * self.nodes**power).sum(axis=1))

    @property
    def width(self) -> float:
        """A hundredth of the range of the nodes (of 1 where they are all one): what `smoothed` takes by default."""
        low, high = self.ends
        return (high - low or 1.0) / 100

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest node: inside the spectrum's ends, and near them."""
        return float(self.nodes.min()), float(self.nodes.max())

    def grid(self, width: float | None = None, points: int = 1000) -> Array:
        """(points,): even, four widths past the range on both sides."""
        low, high = self.ends
        margin = 4 * (self.width if width is None else width)
        return np.linspace(low - margin, high + margin, points)

    def smoothed(self, grid: Array, width: float | None = None) -> Array:
        """The density at the grid's points, each node a Gaussian whose standard deviation is `width`; ValueError where
        the width is not positive."""
        sigma = self.width if width is None else width
        if not sigma > 0:
            raise ValueError(f"width: expected a positive number, got {width}")
        out: Array = np.zeros(len(grid))
        for nodes, weights in zip(self.nodes, self.weights, strict=True):
            out += np.exp(-(((grid[:, None] - nodes) / sigma) ** 2) / 2) @ weights
        out /= len(self.nodes) * sigma * np.sqrt(2 * np.pi)
        return out


@dataclass(frozen=True, slots=True)
class Exponents:
    running: Array
    """(steps, m): row t is the mean over the steps up to t, the transient left out. Per step, natural logarithm."""

    @property
    def values(self) -> Array:
        """(m,), as the directions come: falling once they have settled. The sum of the first j is the rate at which
        volumes of dimension j grow, from the first step on. −inf where Df has lost a rank."""
        last: Array = self.running[-1]
        return last


def extreme_eigenvalues(operator: Operator, m: int, which: str = "LA", seed: int = 0) -> Eigenpairs:
    """The m eigenvalues at the end of the spectrum that `which` (one of WHICH) names, of a symmetric operator.

    Implicitly restarted Lanczos (Sorensen, SIAM J. Matrix Anal. Appl. 13, 1992; ARPACK) from a random vector of the
    seed; a small operator is written out instead. Values and vectors have the operator's dtype. Of an eigenvalue with
    several eigenvectors Lanczos may miss copies; the residuals say that what is given is right. ValueError for m
    outside 1 .. n, an unknown `which`, an operator that is not symmetric or gives numbers that are not finite;
    RuntimeError where Lanczos does not converge; DataError where SciPy is missing.
    """
    n, rng = _symmetric(operator, seed)
    if not 1 <= m <= n:
        raise ValueError(f"m: expected 1 to {n} eigenvalues, got {m}")
    if which not in WHICH:
        raise ValueError(f"which: expected one of {', '.join(WHICH)}, got {which!r}")
    start = rng.standard_normal(n).astype(operator.dtype)
    if not operator.matvec(start).any():  # the zero operator, on which Lanczos cannot start
        values, vectors = np.zeros(m, operator.dtype), np.eye(n, m, dtype=operator.dtype)
    elif n <= DENSE or m == n:
        values, vectors = _written_out(operator, m, which)
    else:
        linalg = need("scipy.sparse.linalg", "spectrum")
        try:
            end = "LA" if which == "BE" and m == 1 else which  # ARPACK wants one for each end
            values, vectors = linalg.eigsh(operator, m, which=end, v0=start)
        except linalg.ArpackNoConvergence as error:
            raise RuntimeError(f"Lanczos found {len(error.eigenvalues)} of {m} eigenvalues and no more") from error
        order = np.argsort(values)
        values, vectors = values[order], vectors[:, order]
    residuals = np.linalg.norm(_products(operator, vectors) - vectors * values, axis=0)
    return Eigenpairs(values, vectors, residuals)


def trace(operator: Operator, samples: int = 100, seed: int = 0) -> Estimate:
    """tr A ≈ (1/samples) Σ gᵀ A g over vectors g of random signs: Hutchinson (Comm. Stat. Simulation 18, 1989).

    Unbiased for any square operator, exact for a diagonal one; the variance of one term is 2 (‖A‖_F² − Σ a_ii²) for a
    symmetric A. `samples` products. ValueError for fewer than 2 samples: one tells nothing of the error.
    """
    n = _rows(operator)
    _at_least(2, samples=samples)
    return _mean(_forms(operator, _signs(np.random.default_rng(seed), n, samples)))


def spectral_density(operator: Operator, steps: int = 80, samples: int = 8, seed: int = 0) -> Density:
    """The density of the eigenvalues of a symmetric operator, by stochastic Lanczos quadrature.

    For a unit vector v, vᵀ f(A) v is the integral of f by a measure whose Gauss quadrature Lanczos gives: nodes are the
    eigenvalues of the tridiagonal matrix, weights the squared first entries of its eigenvectors (Golub & Meurant,
    Matrices, Moments and Quadrature, 2010, chapter 6). Over random v its mean is tr f(A)/n (Ghorbani, Krishnan &
    Xiao, ICML 2019, who reorthogonalise in full, as here, so no eigenvalue comes twice).

    At most samples·steps products, and steps·n float64 in memory. A vector whose Krylov space is used up ends early.
    ValueError for steps or samples below 1, an operator that is not symmetric or gives numbers that are not finite.
    """
    _at_least(1, steps=steps, samples=samples)
    n, rng = _symmetric(operator, seed)
    steps = min(steps, n)
    nodes = np.zeros((samples, steps))
    weights = np.zeros((samples, steps))
    for sample, signs in enumerate(_signs(rng, n, samples)):
        tridiagonal = _lanczos(operator, signs / np.sqrt(n), steps)
        values, vectors = np.linalg.eigh(tridiagonal)
        nodes[sample] = np.pad(values, (0, steps - len(values)), mode="edge")
        weights[sample, : len(values)] = vectors[0] ** 2
    return Density(nodes, weights)


def lyapunov_exponents(
    step_products: Callable[[int, Array], Array],
    n_exponents: int,
    steps: int,
    *,
    size: int,
    transient: int = 0,
    seed: int = 0,
) -> Exponents:
    """The first exponents of theta_{t+1} = f(theta_t) along a trajectory, by QR in every step.

    `step_products(t, Q)` gives Df(theta_t) Q for Q of shape (size, n_exponents), t = 0, 1, ... once each and in order.
    Q_{t+1} R_{t+1} = Df(theta_t) Q_t from a random orthonormal Q_0, and the exponents are the means of log |r_ii|
    (Benettin, Galgani, Giorgilli & Strelcyn, Meccanica 15, 1980, part 2). The first `transient` steps only
    turn Q into place; `steps` more are counted. ValueError for n_exponents outside 1 .. size, steps below 1, products
    of another shape or not finite.
    """
    if not 1 <= n_exponents <= size:
        raise ValueError(f"n_exponents: expected 1 to {size}, got {n_exponents}")
    _at_least(1, steps=steps)
    _at_least(0, transient=transient)
    Q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, n_exponents)))
    logs = np.zeros((transient + steps, n_exponents))
    for t in range(transient + steps):
        moved = np.asarray(step_products(t, Q), np.float64)
        if moved.shape != Q.shape:
            raise ValueError(f"step {t}: expected products of shape {Q.shape}, got {moved.shape}")
        if not np.isfinite(moved).all():
            raise ValueError(f"step {t}: the products are not finite")
        Q, R = np.linalg.qr(moved)
        with np.errstate(divide="ignore"):  # a lost rank is an exponent of −inf
            logs[t] = np.log(np.abs(np.diag(R)))
    return Exponents(np.cumsum(logs[transient:], axis=0) / np.arange(1, steps + 1)[:, None])


def _lanczos(operator: Operator, start: Array, steps: int) -> Array:
    """The tridiagonal matrix of Lanczos from a unit vector, reorthogonalised in full; smaller where it ends early."""
    basis = np.zeros((steps, len(start)))
    diagonal: list[float] = []
    beside: list[float] = []
    vector = start
    largest = 0.0
    for j in range(steps):
        basis[j] = vector
        moved = _products(operator, vector[:, None])[:, 0].astype(np.float64)
        diagonal.append(float(vector @ moved))
        largest = max(largest, float(np.linalg.norm(moved)))
        for _ in range(2):  # twice is enough (Parlett, The Symmetric Eigenvalue Problem, 6-9)
            moved -= basis[: j + 1].T @ (basis[: j + 1] @ moved)
        norm = float(np.linalg.norm(moved))
        if j + 1 == steps or norm <= EXHAUSTED * np.finfo(operator.dtype).eps * largest:
            break
        beside.append(norm)
        vector = moved / norm
    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)


def _written_out(operator: Operator, m: int, which: str) -> tuple[Array, Array]:
    dense = _products(operator, np.eye(operator.shape[0], dtype=operator.dtype))
    values, vectors = np.linalg.eigh((dense + dense.T) / 2)
    if which == "LM":
        chosen = np.sort(np.argsort(np.abs(values), kind="stable")[-m:])
    else:
        low = {"LA": 0, "SA": m, "BE": m // 2}[which]
        chosen = np.r_[:low, len(values) - (m - low) : len(values)]
    return values[chosen], vectors[:, chosen]


def _rows(operator: Operator) -> int:
    """n, where the operator is one of those that this room knows; ValueError otherwise."""
    if len(operator.shape) != 2 or operator.shape[0] != operator.shape[1] or operator.shape[0] < 1:
        raise ValueError(f"operator: expected shape (n, n), got {operator.shape}")
    if np.dtype(operator.dtype).kind != "f":
        raise ValueError(f"operator: expected real floats, got {operator.dtype}")
    return int(operator.shape[0])


def _symmetric(operator: Operator, seed: int) -> tuple[int, np.random.Generator]:
    """n and the seed's generator; ValueError where uᵀ A v and vᵀ A u differ for random u and v."""
    n = _rows(operator)
    rng = np.random.default_rng(seed)
    u, v = rng.standard_normal((2, n))
    Au, Av = _products(operator, np.column_stack([u, v])).T.astype(np.float64)
    if not (np.isfinite(Au).all() and np.isfinite(Av).all()):
        raise ValueError("operator: its products are not finite")
    scale = np.linalg.norm(u) * np.linalg.norm(Av) + np.linalg.norm(v) * np.linalg.norm(Au)
    if abs(u @ Av - v @ Au) > scale * np.sqrt(np.finfo(operator.dtype).eps):
        raise ValueError(f"operator: not symmetric, uᵀAv = {u @ Av:.6g} and vᵀAu = {v @ Au:.6g}")
    return n, rng


def _signs(rng: np.random.Generator, n: int, count: int) -> Array:
    """(count, n): random signs, one vector a row; the first rows do not depend on how many follow."""
    return rng.integers(2, size=(count, n)) * 2.0 - 1.0


def _blocks(rows: Array) -> list[Array]:
    """The rows as columns of blocks."""
    return [rows[start : start + BLOCK].T for start in range(0, len(rows), BLOCK)]


def _forms(operator: Operator, rows: Array) -> Array:
    """gᵀ A g for each row g."""
    products = (_products(operator, g).astype(np.float64) * g for g in _blocks(rows))
    return np.concatenate([block.sum(axis=0) for block in products])


def _products(operator: Operator, columns: Array) -> Array:
    products: Array = np.asarray(operator.matmat(columns))
    return products


def _mean(values: Array) -> Estimate:
    """A single value's error is not known."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return Estimate(float(np.mean(values)), float(error))


def _at_least(least: int, **counts: int) -> None:
    for name, count in counts.items():
        if count < least:
            raise ValueError(f"{name}: expected at least {least}, got {count}")
