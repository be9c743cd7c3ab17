"""Training: a generated module's own steps over its data, an epoch at a time, kept after each one."""

from __future__ import annotations

import hashlib
import inspect
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symjac.run.archive import open_npz
from symjac.run.datasets import Data, Pairs
from symjac.run.failures import DataError, Diverged
from symjac.run.state import Epoch, Progress, arrays_of, prepare, progress_of, restore, save, state_arrays, state_of


@dataclass(frozen=True, slots=True)
class Settings:
    epochs: int = 10
    batch: int | None = 100
    """Samples a step; None takes all of them in every step."""
    seed: int = 0
    dtype: str = "float32"
    alpha: float | None = None
    """The step size; None leaves the one that the module declares."""


def train(
    module: ModuleType,
    data: Data,
    settings: Settings,
    weights: Path,
    resume: bool = False,
    tick: Callable[[int, float], None] = lambda epoch, part: None,
) -> Iterator[Epoch]:
    """Yields what each epoch came to, once its weights are in the file. A training that was killed and resumed ends
    with the same bits as one that was not: everything random comes from one generator, whose state is in the file.
    """
    prepare(weights)
    kept = _what_must_not_change(module, data, settings)
    rng = np.random.default_rng(settings.seed)
    params = module.init(rng, np.dtype(settings.dtype).type)
    state = module.init_state(params) if hasattr(module, "State") else None
    epochs: tuple[Epoch, ...] = ()
    if resume:
        params, state, epochs = _resume(weights, params, state, kept, rng)
        yield from epochs
    options = {} if settings.alpha is None else {"alpha": settings.alpha}
    if not set(options) <= set(inspect.signature(module.update).parameters):
        raise DataError("this network's update has no step size named alpha")

    classes = data.test.classes() if data.test else None
    size = min(settings.batch or len(data.train), len(data.train))
    steps = -(-len(data.train) // size)
    for number in range(len(epochs) + 1, settings.epochs + 1):
        total = 0.0
        for step, samples in enumerate(_batches(len(data.train), size, rng), start=1):
            X, T = data.train.take(samples)
            with np.errstate(all="ignore"):  # what overflows is said in one clear message, below
                loss, grads = _used(module.gradients, params, X, T)
                if state is None:
                    params = module.update(params, grads, **options)
                else:
                    params, state = module.update(params, grads, state, **options)
            if not np.isfinite(loss):
                raise Diverged(_diverged(f"the loss is {float(loss)}", number, step))
            total += float(loss) * X.shape[data.train.layouts[0].axis]
            tick(number, step / steps)
        arrays = {**params._asdict(), **state_arrays(state)}
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise Diverged(_diverged(f"{name.removeprefix('_')} has entries that are not finite", number, steps))
        epoch = Epoch(number, total / len(data.train), *_test(module, params, data.test, classes))
        epochs = (*epochs, epoch)
        save(weights, arrays, Progress(kept, dict(rng.bit_generator.state), epochs))
        yield epoch


def _batches(count: int, size: int, rng: np.random.Generator) -> Iterator[Any]:
    """All samples once, in a new order; the last batch holds what remains."""
    if size == count:
        yield slice(None)
        return
    order = rng.permutation(count)
    for start in range(0, count, size):
        yield order[start : start + size]


def _test(
    module: ModuleType, params: Any, test: Pairs | None, classes: NDArray[Any] | None
) -> tuple[float | None, float | None]:
    """The loss on the test data and, where the targets are one-hot, the share of samples whose largest output fits."""
    if test is None:
        return None, None
    X, T = test.take(slice(None))
    with np.errstate(all="ignore"):
        loss = float(_used(module.loss, params, X, T))
        if classes is None:
            return loss, None
        Y = module.forward(params, X)
    if Y.shape != T.shape:
        return loss, None
    outputs = np.moveaxis(Y, test.layouts[1].axis, 0).reshape(len(test), -1)
    return loss, float(np.mean(outputs.argmax(axis=1) == classes))


def _used(function: Callable[..., Any], params: Any, X: NDArray[Any], T: NDArray[Any]) -> Any:
    """The module refuses data that break a declared fact: that is the data's fault, and is said as such."""
    try:
        return function(params, X, T)
    except ValueError as error:
        raise DataError(f"the network does not take these data: {error}") from error


def _resume(
    weights: Path, params: Any, state: Any, kept: dict[str, Any], rng: np.random.Generator
) -> tuple[Any, Any, tuple[Epoch, ...]]:
    with open_npz(weights) as archive:
        progress = progress_of(archive)
        for name, value in kept.items():
            found = progress.settings.get(name)
            if found != value:
                raise DataError(
                    f"{weights}: was trained with {name} {found}, not {value}\n"
                    "  help: use the same settings, or start afresh without --resume"
                )
        arrays = arrays_of(archive, {**params._asdict(), **state_arrays(state)})
    restore(rng, progress.generator, weights)
    restored = params._replace(**{name: arrays[name] for name in params._fields})
    return restored, state_of(state, arrays), progress.epochs


def _what_must_not_change(module: ModuleType, data: Data, settings: Settings) -> dict[str, Any]:
    """More epochs may be asked for on resuming; nothing else may differ."""
    source = Path(str(module.__file__)).read_bytes()
    return {
        "module": hashlib.sha256(source).hexdigest()[:16],
        "data": _sum(data.train),
        "batch": settings.batch or "full",
        "seed": settings.seed,
        "dtype": settings.dtype,
        "alpha": settings.alpha,
    }


def _sum(pairs: Pairs) -> str:
    """Names the data by their content."""
    return f"{zlib.crc32(pairs.T.data, zlib.crc32(pairs.X.data)):08x} ({len(pairs)} samples)"


def _diverged(what: str, epoch: int, step: int) -> str:
    return (
        f"training stopped: {what} at epoch {epoch}, step {step}\n"
        "  help: a smaller step size (--alpha) may keep it finite; the weights of the last whole epoch are kept"
    )
