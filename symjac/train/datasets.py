"""Data for a generated module: MNIST or the arrays of an .npz file, in the shapes that its INPUTS declare."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from symjac.train.errors import DataError
from symjac.train.mnist import mnist

Array = NDArray[Any]
Shape = tuple[int | str, ...]
"""A size is a number, or the name of the number of samples."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the samples stand in an array, and the shape of one sample."""

    axis: int
    sample: tuple[int, ...]

    @staticmethod
    def of(name: str, shape: Shape) -> Layout:
        open_sizes = [axis for axis, size in enumerate(shape) if isinstance(size, str)]
        if len(open_sizes) != 1:
            raise DataError(f"{name} has the shape {_shape(shape)}: training needs one open axis, the samples")
        axis = open_sizes[0]
        return Layout(axis, tuple(int(size) for size in (*shape[:axis], *shape[axis + 1 :])))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Inputs and targets with the samples along the first axis of both, and the layouts that the module wants."""

    X: Array
    T: Array
    layouts: tuple[Layout, Layout]

    def __len__(self) -> int:
        return len(self.X)

    def take(self, samples: Any) -> tuple[Array, Array]:
        """These samples (a slice or an array of numbers) as the module declares X and T."""
        at, to = self.layouts
        return np.moveaxis(self.X[samples], 0, at.axis), np.moveaxis(self.T[samples], 0, to.axis)

    def classes(self) -> Array | None:
        """Each sample's class where the targets are one-hot, else None."""
        flat = self.T.reshape(len(self), -1)
        one_hot = flat.shape[1] > 1 and bool(np.all((flat == 0) | (flat == 1))) and bool(np.all(flat.sum(axis=1) == 1))
        return flat.argmax(axis=1) if one_hot else None


@dataclass(frozen=True, slots=True)
class Data:
    name: str
    train: Pairs
    test: Pairs | None


def load(source: str, inputs: Mapping[str, Shape], dtype: DTypeLike) -> Data:
    """`source` is `mnist`, a folder of MNIST's IDX files, or an .npz file."""
    if len(inputs) != 2:
        raise DataError(f"training needs an input and a target; this network declares {', '.join(inputs) or 'nothing'}")
    path = Path(source)
    if source == "mnist":
        return _mnist(None, inputs, dtype)
    if path.is_dir():
        return _mnist(path, inputs, dtype)
    if path.is_file():
        return _npz(path, inputs, dtype)
    expected = "mnist, a folder of MNIST's IDX files, or an .npz file"
    raise DataError(f"{source}: no such file or folder\n  expected: {expected}")


def _mnist(folder: Path | None, inputs: Mapping[str, Shape], dtype: DTypeLike) -> Data:
    (x, x_shape), (t, t_shape) = inputs.items()
    layouts = Layout.of(x, x_shape), Layout.of(t, t_shape)
    for name, layout, wanted in ((x, layouts[0], 784), (t, layouts[1], 10)):
        if prod(layout.sample) != wanted:
            shape = _shape(inputs[name])
            raise DataError(
                f"mnist has {wanted} numbers a sample for {name}, which is declared as {shape}\n"
                "  help: give data of your own with --data FILE.npz"
            )
    raw = mnist(folder)

    def pairs(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Pairs:
        scaled = (images / np.asarray(255, dtype)).astype(dtype, copy=False)
        one_hot = np.eye(10, dtype=dtype)[labels]
        count = len(labels)
        return Pairs(scaled.reshape(count, *layouts[0].sample), one_hot.reshape(count, *layouts[1].sample), layouts)

    return Data(
        f"mnist ({raw.source})", pairs(raw.train_images, raw.train_labels), pairs(raw.test_images, raw.test_labels)
    )


def _npz(path: Path, inputs: Mapping[str, Shape], dtype: DTypeLike) -> Data:
    """Arrays named and shaped as in INPUTS, for the training; the same names with `_test` added, for the test."""
    arrays = read_npz(path)
    x, t = inputs
    tests = [f"{x}_test", f"{t}_test"]
    wanted = [x, t] + (tests if any(name in arrays for name in tests) else [])
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise DataError(
            f"{path}: no array {', '.join(missing)} (it holds {', '.join(sorted(arrays)) or 'nothing'})\n"
            f"  expected: {x} and {t}, and {tests[0]} and {tests[1]} where there is test data"
        )
    parts = [_pairs(path, wanted[i : i + 2], inputs, arrays, dtype) for i in range(0, len(wanted), 2)]
    return Data(str(path), parts[0], parts[1] if len(parts) == 2 else None)


def _pairs(
    path: Path, names: list[str], inputs: Mapping[str, Shape], arrays: Mapping[str, Array], dtype: DTypeLike
) -> Pairs:
    layouts = []
    samples_first = []
    for name, (declared, shape) in zip(names, inputs.items(), strict=True):
        layout = Layout.of(declared, shape)
        array = arrays[name]
        if array.dtype.kind not in "biuf":
            raise DataError(f"{path}: {name} holds {array.dtype}, expected real numbers")
        fits = array.ndim == len(shape) and array.shape[: layout.axis] + array.shape[layout.axis + 1 :] == layout.sample
        if not fits:
            raise DataError(f"{path}: {name} has the shape {_shape(array.shape)}, expected {_shape(shape)}")
        with np.errstate(over="ignore"):  # what is too large for the dtype becomes inf, and is said below
            converted = np.moveaxis(array, layout.axis, 0).astype(dtype)
        if not np.isfinite(converted).all():
            raise DataError(f"{path}: {name} holds numbers that are not finite")
        layouts.append(layout)
        samples_first.append(np.ascontiguousarray(converted))
    X, T = samples_first
    if len(X) != len(T) or not len(X):
        counts = f"{names[0]} has {len(X)} samples and {names[1]} has {len(T)}"
        raise DataError(f"{path}: {counts}, expected the same number, at least one")
    return Pairs(X, T, (layouts[0], layouts[1]))


def read_npz(path: Path) -> dict[str, Array]:
    """All arrays of an .npz file; what only pickle could read is refused."""
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            return dict(_members(archive))
    except (OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: not an .npz file of plain arrays ({error})") from error


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, Array]]:
    for name in archive.namelist():
        if name.endswith(".npy"):
            with archive.open(name) as member:
                yield name.removesuffix(".npy"), np.lib.format.read_array(member, allow_pickle=False)


def _shape(shape: Shape | tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
