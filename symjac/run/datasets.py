"""Data for a generated module: MNIST or the arrays of an .npz file, in the shapes that its INPUTS declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from symjac.run.archive import Archive, Header, listed, open_npz
from symjac.run.failures import DataError
from symjac.run.mnist import mnist, mnist_names

Array = NDArray[Any]
Shape = tuple[int | str, ...]
"""A size is a number, or the name of the number of samples."""


@dataclass(frozen=True, slots=True)
class DataLayout:
    """Where the samples stand in an array, and the shape of one sample."""

    axis: int
    sample: tuple[int, ...]

    @staticmethod
    def of(name: str, shape: Shape) -> DataLayout:
        open_sizes = [axis for axis, size in enumerate(shape) if isinstance(size, str)]
        if len(open_sizes) != 1:
            raise DataError(f"{name} has the shape {shape_text(shape)}: training needs one open axis, the samples")
        axis = open_sizes[0]
        return DataLayout(axis, tuple(int(size) for size in (*shape[:axis], *shape[axis + 1 :])))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Inputs and targets with the samples along the first axis of both, and the layouts that the module wants."""

    X: Array
    T: Array
    layouts: tuple[DataLayout, DataLayout]

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
    if path.exists():
        return _npz(path, inputs, dtype)
    expected = "mnist, a folder of MNIST's IDX files, or an .npz file"
    raise DataError(f"{source}: no such file or folder\n  expected: {expected}")


def files_of(source: str) -> list[Path]:
    """The files that `load` would read; of `mnist`, none that is a user's."""
    path = Path(source)
    if source == "mnist":
        return []
    return [path / name for name in mnist_names() if (path / name).exists()] if path.is_dir() else [path]


def _mnist(folder: Path | None, inputs: Mapping[str, Shape], dtype: DTypeLike) -> Data:
    (x, x_shape), (t, t_shape) = inputs.items()
    layouts = DataLayout.of(x, x_shape), DataLayout.of(t, t_shape)
    for name, layout, wanted in ((x, layouts[0], 784), (t, layouts[1], 10)):
        if prod(layout.sample) != wanted:
            shape = shape_text(inputs[name])
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
    with open_npz(path) as archive:
        x, t = inputs
        tests = [f"{x}_test", f"{t}_test"]
        wanted = [x, t] + (tests if any(name in archive.names for name in tests) else [])
        missing = [name for name in wanted if name not in archive.names]
        if missing:
            raise DataError(
                f"{path}: no array {', '.join(missing)} (it holds {listed(archive.names)})\n"
                f"  expected: {x} and {t}, and {tests[0]} and {tests[1]} where there is test data"
            )
        parts = [_declared(archive, wanted[i : i + 2], inputs) for i in range(0, len(wanted), 2)]
        pairs = [_pairs(archive, part, dtype) for part in parts]
    return Data(str(path), pairs[0], pairs[1] if len(pairs) == 2 else None)


Declared = list[tuple[str, Header, DataLayout]]


def _declared(archive: Archive, names: list[str], inputs: Mapping[str, Shape]) -> Declared:
    """An input and a target, which fit the declared shapes and each other by what their headers say."""
    out: Declared = []
    for name, (declared, shape) in zip(names, inputs.items(), strict=True):
        layout = DataLayout.of(declared, shape)
        header = archive.header(name)
        found = header.shape
        if len(found) != len(shape) or found[: layout.axis] + found[layout.axis + 1 :] != layout.sample:
            raise DataError(
                f"{archive.path}: {name} has the shape {shape_text(found)}, expected {shape_text(shape)}"
                + _remedy(name, found, shape, header.dtype.kind in "biu")
            )
        out.append((name, header, layout))
    (x, t) = (header.shape[layout.axis] for _, header, layout in out)
    if x != t or not x:
        counts = f"{names[0]} has {x} samples and {names[1]} has {t}"
        raise DataError(f"{archive.path}: {counts}, expected the same number, at least one")
    return out


def _remedy(name: str, found: tuple[int, ...], wanted: Shape, whole: bool) -> str:
    """How the array that is there becomes the one that is wanted, where a line of NumPy does it."""
    sizes = [size for size in wanted if isinstance(size, int)]
    in_columns = len(wanted) == 2 and isinstance(wanted[1], str)
    if whole and len(wanted) == 2 and sizes[0] > 1 and sum(size != 1 for size in found) == 1:
        labels = name if len(found) == 1 else f"{name}.ravel()"
        rows = f"np.eye({sizes[0]})[{labels}]"
        how = f"columns: {rows}.T" if in_columns else f"rows: {rows}"
        return f"\n  help: these look like labels, from 0 to {sizes[0] - 1}; give one-hot {how}"
    feature = 0 if in_columns else 1
    if len(found) == len(wanted) == 2 and found[feature] != sizes[0] == found[1 - feature]:
        return f"\n  help: samples and features are exchanged: give {name}.T"
    if not in_columns and found and prod(found[1:]) == prod(sizes):
        return f"\n  help: give {name}.reshape({', '.join(map(str, (-1, *sizes)))})"
    return ""


def _pairs(archive: Archive, declared: Declared, dtype: DTypeLike) -> Pairs:
    samples_first = []
    for name, header, layout in declared:
        array = archive.read(name, header, dtype)  # what is too large for the dtype becomes inf, and is said here
        if not np.isfinite(array).all():
            raise DataError(f"{archive.path}: {name} holds numbers that are not finite")
        samples_first.append(np.ascontiguousarray(np.moveaxis(array, layout.axis, 0)))
    return Pairs(samples_first[0], samples_first[1], (declared[0][2], declared[1][2]))


def shape_text(shape: Shape | tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
