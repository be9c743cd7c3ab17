"""Pictures of spectra, each drawn and written whole as .png, .svg or .pdf, without a display and without global state.

Every function takes plain numbers and the path, whose ending is the format. DataError where matplotlib is missing, the
ending is another or the file cannot be written; ValueError where there is nothing to draw.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symjac.core.files import write_whole
from symjac.numbers.extras import need
from symjac.run.failures import DataError

Array = NDArray[Any]

UNDATED: dict[str, dict[str, str | None]] = {
    ".png": {},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}
"""The formats, and what keeps the date out of each: the same numbers give the same file."""
STYLE = {
    "svg.hashsalt": "symjac",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.alpha": 0.3,
}
SIZE = (7.0, 4.0)


def spectral_density(grid: ArrayLike, density: ArrayLike, path: Path, title: str = "") -> None:
    """The smoothed density at the grid's points, on a logarithmic scale over seven decades below its maximum."""

    def draw(axes: Any) -> None:
        floor = float(height.max()) * 1e-7
        if not floor > 0:
            raise ValueError("density: nowhere positive")
        axes.fill_between(at, np.maximum(height, floor), floor, alpha=0.3, linewidth=0)
        axes.plot(at, np.maximum(height, floor), linewidth=1)
        axes.set_yscale("log")
        axes.set_ylim(floor, float(height.max()) * 3)
        axes.set(xlabel="eigenvalue λ", ylabel="density", title=title)

    at, height = _drawable("grid", grid), _drawable("density", density)
    _same_length(grid=at, density=height)
    _picture(draw, path)


def largest_eigenvalue(steps: ArrayLike, largest: ArrayLike, alpha: ArrayLike, path: Path, title: str = "") -> None:
    """The largest eigenvalue of H along training against 2/alpha, above which a gradient step overshoots.

    `alpha` is one step size, or one for each of the steps.
    """

    def draw(axes: Any) -> None:
        axes.plot(at, height, marker="o" if len(at) <= 60 else None, markersize=3, label="largest eigenvalue of H")
        axes.plot(at, bound, linestyle="--", color="black", linewidth=1, label="2/α")
        axes.set_ylim(bottom=min(0.0, float(height.min()) * 1.05))
        axes.set(xlabel="training step", ylabel="λ", title=title)
        axes.legend()

    at, height = _drawable("steps", steps), _drawable("largest", largest)
    rates = _drawable("alpha", alpha)
    _same_length(steps=at, largest=height, alpha=rates if rates.ndim else at)
    if not (rates > 0).all():
        raise ValueError("alpha: expected positive numbers")
    bound = np.broadcast_to(2 / rates, at.shape)
    _picture(draw, path)


def _picture(draw: Any, path: Path) -> None:
    """A Figure of its own draws with the backend of the format (Agg for PNG): no display, no pyplot."""
    if path.suffix not in UNDATED:
        raise DataError(f"{path}: expected a name that ends in {', '.join(UNDATED)}")
    matplotlib = need("matplotlib", "plots")
    figures = need("matplotlib.figure", "plots")
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=SIZE, layout="constrained")
        draw(figure.subplots())
        figure.savefig(buffer, format=path.suffix[1:], dpi=150, metadata=UNDATED[path.suffix])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, buffer.getvalue())
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})") from error


def _drawable(name: str, numbers: ArrayLike) -> Array:
    array = np.asarray(numbers, np.float64)
    if not array.size or not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers, at least one")
    return array


def _same_length(**arrays: Array) -> None:
    shapes = {name: array.shape for name, array in arrays.items()}
    if len({*shapes.values()}) > 1 or any(len(shape) != 1 for shape in shapes.values()):
        raise ValueError(f"expected vectors of one length, got {shapes}")
