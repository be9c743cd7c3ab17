"""The weights file: the parameters by name, the update's state, and what it takes to go on as before."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symjac.core.files import is_full, write_whole
from symjac.run.archive import TEXT, Archive
from symjac.run.failures import DataError

Arrays = dict[str, NDArray[Any]]

PROGRESS = "_training"
"""The array that holds the progress, as JSON; no parameter's name begins with an underscore."""
LONGEST_PROGRESS = 2**26
"""Bytes: some 100,000 epochs."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch came to; the loss is the mean over its steps, each taken before the step."""

    number: int
    loss: float
    test_loss: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Progress:
    settings: dict[str, Any]
    """What must be the same for the training to go on: seed, batch, step size, data, module."""
    generator: dict[str, Any]
    """The state of NumPy's random generator after the last epoch."""
    epochs: tuple[Epoch, ...]


def state_arrays(state: Any) -> Arrays:
    """The update's state by names that no parameter has: `_m.W1` for what it keeps of W1, `_t` for its number of steps;
    nothing for None."""
    out: Arrays = {}
    for name, value in state._asdict().items() if state is not None else ():
        if hasattr(value, "_asdict"):
            out |= {f"_{name}.{parameter}": array for parameter, array in value._asdict().items()}
        else:
            out[f"_{name}"] = np.array(value, np.int64)
    return out


def state_of(state: Any, arrays: Arrays) -> Any:
    """The state with its values taken from `arrays`, named as `state_arrays` names them."""
    if state is None:
        return None
    values = {
        name: value._replace(**{parameter: arrays[f"_{name}.{parameter}"] for parameter in value._fields})
        if hasattr(value, "_asdict")
        else int(arrays[f"_{name}"])
        for name, value in state._asdict().items()
    }
    return state._replace(**values)


def prepare(path: Path) -> None:
    """What can be known before an epoch is spent: whether there is a place for the file."""
    if path.is_dir():
        raise DataError(f"{path}: is a folder, expected the name of a file for the weights")
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: is no regular file, expected the name of a file for the weights")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})") from error


def save(path: Path, parameters: Arrays, progress: Progress) -> None:
    """Written whole; the same arrays give the same bytes."""
    text = json.dumps(
        {
            "settings": progress.settings,
            "generator": progress.generator,
            "epochs": [asdict(epoch) for epoch in progress.epochs],
        }
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # np.savez takes names as keywords, and `file` is one of its own
        for name, array in {**parameters, PROGRESS: np.array(text)}.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            with archive.open(member, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)
    try:
        write_whole(path, buffer.getvalue())
    except OSError as error:
        help = "\n  help: free some space and go on with --resume" if is_full(error) else ""
        raise DataError(f"{path}: cannot be written ({error.strerror}){help}") from error


def progress_of(archive: Archive) -> Progress:
    """What is needed to go on. Raises DataError."""
    nothing = f"{archive.path}: weights without the progress of a training, so there is nothing to resume"
    if PROGRESS not in archive.names:
        raise DataError(nothing)
    header = archive.header(PROGRESS, TEXT)
    if header.shape or header.bytes > LONGEST_PROGRESS:
        raise DataError(nothing)
    try:
        content = json.loads(str(archive.read(PROGRESS, header)))
        epochs = tuple(_epoch(number, epoch) for number, epoch in enumerate(content["epochs"], start=1))
        return Progress(dict(content["settings"]), dict(content["generator"]), epochs)
    except (KeyError, OverflowError, TypeError, ValueError, RecursionError) as error:
        raise DataError(nothing) from error


def _epoch(number: int, content: Any) -> Epoch:
    """Raises TypeError, KeyError, OverflowError and ValueError."""
    if content["number"] != number:
        raise ValueError("the epochs do not stand in order")
    loss, test_loss, accuracy = content["loss"], content["test_loss"], content["accuracy"]
    return Epoch(number, float(loss), *(None if x is None else float(x) for x in (test_loss, accuracy)))


def arrays_of(archive: Archive, like: Arrays) -> Arrays:
    """The arrays of `like`, in its shapes and dtypes, and no others. Raises DataError."""
    headers = {name: archive.header(name) for name in archive.names if name in like}
    found = {name: (header.shape, header.dtype) for name, header in headers.items()}
    if {*archive.names} - {PROGRESS} != {*like} or found != {name: (a.shape, a.dtype) for name, a in like.items()}:
        raise DataError(f"{archive.path}: these are not the parameters of this network, or not of this update")
    return {name: archive.read(name, header) for name, header in headers.items()}


def restore(rng: np.random.Generator, generator: Mapping[str, Any], path: Path) -> None:
    """Sets the generator to the state that the weights tell of. Raises DataError."""
    try:
        rng.bit_generator.state = generator
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise DataError(f"{path}: the random generator's state cannot be read") from error
