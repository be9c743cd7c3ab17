"""The small net of second order at one point, and symmetric matrices: dense linear algebra is the truth."""

import numpy as np
import pytest
from scipy.sparse.linalg import aslinearoperator

from tests.fixtures import tiny_second


@pytest.fixture(params=[np.float64, np.float32], ids=["float64", "float32"])
def point(request):
    """(params, X, T) of the small net, 26 parameters."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((7, 3)).astype(request.param)
    T = np.eye(2, dtype=request.param)[rng.integers(2, size=7)]
    return tiny_second.init(rng, request.param), X, T


@pytest.fixture(params=[1, 2, 7, 60], ids=lambda n: f"n={n}")
def symmetric(request):
    rng = np.random.default_rng(request.param)
    A = rng.standard_normal((request.param, request.param))
    return A + A.T


def operator_of(matrix, dtype=np.float64):
    return aslinearoperator(np.asarray(matrix, dtype))
