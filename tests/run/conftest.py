"""A training of the small module, as files and as values."""

from pathlib import Path

import numpy as np
import pytest

MODULE = Path(__file__).parent.parent / "fixtures" / "tiny_module.py"


@pytest.fixture
def samples(tmp_path):
    """An .npz file with three classes that four inputs tell apart, 90 samples to train on and 30 to test."""
    rng = np.random.default_rng(1)
    classes = rng.integers(3, size=120)
    X = rng.standard_normal((120, 4)) * 0.3
    X[np.arange(120), classes] += 2
    T = np.eye(3)[classes]
    path = tmp_path / "samples.npz"
    np.savez(path, X=X[:90], T=T[:90], X_test=X[90:], T_test=T[90:])
    return path
