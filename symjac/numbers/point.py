"""Where in parameter space, and on which samples, a Hessian is taken: weights from a file or fresh, and the data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symjac.run.archive import open_npz
from symjac.run.datasets import load
from symjac.run.failures import DataError
from symjac.run.memory import need_for

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Point:
    params: Any
    X: Array
    T: Array
    name: str
    """What the data are called in messages."""
    samples: int


def point(module: ModuleType, data: str, samples: int | None, weights: Path | None, seed: int, dtype: str) -> Point:
    """The first `samples` training samples of `data` (None: all), at the parameters in `weights` (None: `init`).

    `data` as in `symjac.run.datasets.load`. Raises DataError where the data or the weights do not fit the module.
    """
    loaded = load(data, module.INPUTS, dtype)
    count = len(loaded.train)
    if samples is not None and samples > count:
        raise DataError(f"{loaded.name}: has {count:,} samples, fewer than {samples:,}")
    width = np.dtype(dtype).itemsize
    need_for(module, (), samples or count, 3, width, "the Jacobian at these weights and samples")
    X, T = loaded.train.take(slice(0, samples if samples is not None else count))
    params = module.init(np.random.default_rng(seed), np.dtype(dtype).type)
    if weights is not None:
        params = weights_of(weights, params, dtype)
    return Point(params, X, T, loaded.name, samples or count)


def weights_of(weights: Path, like: Any, dtype: str) -> Any:
    """The parameters in a file of weights, in the shapes of `like`. Raises DataError."""
    arrays = {}
    with open_npz(weights) as archive:
        for name, array in like._asdict().items():
            header = archive.header(name) if name in archive.names else None
            if header is None or header.shape != array.shape:
                found = header.shape if header else "none"
                raise DataError(f"{weights}: expected an array {name} of shape {array.shape}, got {found}")
            arrays[name] = archive.read(name, header, dtype)
            if not np.isfinite(arrays[name]).all():
                raise DataError(f"{weights}: {name} holds numbers that are not finite")
    return like._replace(**arrays)
