"""Data in the shapes that a module declares, and what is said when they do not fit."""

import numpy as np
import pytest

from symjac.run import datasets
from symjac.run.failures import DataError
from symjac.run.mnist import Mnist

ROWS = {"X": ("k", 784), "T": ("k", 10)}
FOUR = {"X": ("k", 4), "T": ("k", 3)}


def test_a_folder_is_one_of_mnist_files(raw, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(datasets, "mnist", lambda folder: asked.append(folder) or raw)
    datasets.load(str(tmp_path), ROWS, "float32")
    datasets.load("mnist", ROWS, "float32")
    assert asked == [tmp_path, None]


@pytest.fixture
def raw(monkeypatch):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(6, 28, 28), dtype=np.uint8)
    labels = np.array([3, 1, 4, 1, 5, 9], np.uint8)
    made = Mnist(images, labels, images[:2], labels[:2], "here")
    monkeypatch.setattr(datasets, "mnist", lambda folder: made)
    return made


@pytest.mark.parametrize(
    ("x", "t"),
    [
        (("k", 784), ("k", 10)),
        ((784, "k"), (10, "k")),
        (("k", 1, 28, 28), ("k", 10)),
        (("m", 28, 28), ("m", 10)),
        ((28, 28, "k"), (10, "k")),
    ],
)
def test_mnist_in_the_declared_shapes(raw, x, t):
    train = datasets.load("mnist", {"X": x, "T": t}, "float32").train
    X, T = train.take(np.array([5, 0]))
    assert X.dtype == T.dtype == np.float32
    assert X.shape == tuple(2 if isinstance(size, str) else size for size in x)
    images = np.moveaxis(X, x.index(train_axis(x)), 0).reshape(2, 28, 28)
    np.testing.assert_allclose(images, raw.train_images[[5, 0]] / 255, rtol=1e-6)
    np.testing.assert_array_equal(np.moveaxis(T, t.index(train_axis(t)), 0), np.eye(10)[[9, 3]])
    np.testing.assert_array_equal(train.classes(), raw.train_labels)


def train_axis(shape):
    return next(size for size in shape if isinstance(size, str))


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"X": ("k", 2), "T": ("k", 10)}, r"784 numbers a sample for X, which is declared as \(k, 2\)"),
        ({"X": ("k", 784), "T": ("k", 1)}, r"10 numbers a sample for T, which is declared as \(k, 1\)"),
        ({"X": ("k", "n"), "T": ("k", 10)}, "one open axis"),
        ({"X": (5, 784), "T": ("k", 10)}, "one open axis"),
        ({"X": ("k", 784)}, "an input and a target"),
    ],
)
def test_mnist_that_does_not_fit(raw, inputs, says):
    with pytest.raises(DataError, match=says):
        datasets.load("mnist", inputs, "float32")


def test_npz_rows_and_columns(tmp_path, samples):
    rows = datasets.load(str(samples), FOUR, "float64")
    assert (len(rows.train), len(rows.test)) == (90, 30)
    with np.load(samples) as arrays:
        np.savez(tmp_path / "columns.npz", **{name: array.T for name, array in arrays.items()})
    columns = datasets.load(str(tmp_path / "columns.npz"), {"X": (4, "k"), "T": (3, "k")}, "float64")
    for one, other in zip(rows.train.take(slice(2, 9)), columns.train.take(slice(2, 9)), strict=True):
        np.testing.assert_array_equal(one, other.T)


def test_classes_only_where_targets_are_one_hot(tmp_path):
    path = tmp_path / "d.npz"
    for T, expected in (([[0, 1, 0]], [1]), ([[0.5, 0.5, 0]], None), ([[1, 1, 0]], None)):
        np.savez(path, X=np.ones((1, 4)), T=np.array(T))
        classes = datasets.load(str(path), FOUR, "float32").train.classes()
        assert (classes if classes is None else classes.tolist()) == expected
    np.savez(path, X=np.ones((2, 4)), T=np.array([[1], [0]]))
    assert datasets.load(str(path), {"X": ("k", 4), "T": ("k", 1)}, "float32").train.classes() is None


def good(**changed):
    return {"X": np.ones((5, 4)), "T": np.ones((5, 3)), **changed}


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"X": np.ones((5, 4))}, "no array T"),
        ({}, "no array X, T"),
        (good(X_test=np.ones((2, 4))), "no array T_test"),
        (good(X=np.ones((5, 3))), r"X has the shape \(5, 3\), expected \(k, 4\)"),
        (good(X=np.ones(4)), r"X has the shape \(4,\), expected \(k, 4\)"),
        (good(T=np.ones((6, 3))), "X has 5 samples and T has 6"),
        ({"X": np.ones((0, 4)), "T": np.ones((0, 3))}, "at least one"),
        (good(X=np.full((5, 4), np.nan)), "X holds numbers that are not finite"),
        (good(X=np.full((5, 4), 1e300)), "X holds numbers that are not finite"),
        (good(X=np.ones((5, 4), complex)), "X holds complex128"),
        (good(X=np.array([["a"] * 4] * 5)), "X holds <U1"),
        (good(X=np.array([[None] * 4] * 5)), "plain arrays"),
    ],
)
def test_npz_that_does_not_fit(tmp_path, arrays, says):
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=says):
        datasets.load(str(path), FOUR, "float32")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"text" * 50, bytes(range(256)) * 9])
def test_a_file_that_is_no_npz(tmp_path, content):
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"not an \.npz file"):
        datasets.load(str(path), FOUR, "float32")


def test_a_truncated_npz(samples):
    content = samples.read_bytes()
    for length in range(0, len(content), 97):
        samples.write_bytes(content[:length])
        with pytest.raises(DataError):
            datasets.load(str(samples), FOUR, "float32")


def test_no_such_file():
    with pytest.raises(DataError, match="no such file or folder"):
        datasets.load("nowhere.npz", FOUR, "float32")
