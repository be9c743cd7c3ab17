"""The figures that `symjac jacobian` gives, and how they read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from symjac.numbers import plots, spectrum
from symjac.numbers.operator import Trajectory, hessian_operator, size, step_operator
from symjac.numbers.point import Point, point

__all__ = ["Wanted", "figures", "lines", "point"]


@dataclass(frozen=True, slots=True)
class Wanted:
    top: int
    """Eigenvalues at each end; 0 for none."""
    trace: bool
    density: Path | None
    lyapunov: int
    """Steps of training to follow; 0 for none."""
    exponents: int


def figures(module: ModuleType, at: Point, matrix: str, wanted: Wanted, seed: int) -> dict[str, Any]:
    """What is wanted of the Hessian ("hessian") or of the step's Jacobian ("step") at a point, ready for JSON."""
    operator = (hessian_operator if matrix == "hessian" else step_operator)(module, at.params, at.X, at.T)
    out: dict[str, Any] = {"matrix": matrix, "size": size(at.params), "samples": _samples(module, at), "data": at.name}
    if wanted.top:
        count = min(wanted.top, out["size"])
        for name, which in (("largest", "LA"), ("smallest", "SA")):
            found = spectrum.extreme_eigenvalues(operator, count, which, seed)
            rising = zip(found.values.tolist(), found.residuals.tolist(), strict=True)
            pairs = sorted(rising, reverse=name == "largest")
            out[name] = [{"value": value, "residual": residual} for value, residual in pairs]
    if wanted.trace:
        estimate = spectrum.trace(operator, seed=seed)
        out["trace"] = {"value": estimate.value, "error": estimate.error if np.isfinite(estimate.error) else None}
    if wanted.density is not None:
        density = spectrum.spectral_density(operator, seed=seed)
        grid = density.grid()
        plots.spectral_density(grid, density.smoothed(grid), wanted.density, f"{matrix}, {out['samples']:,} samples")
        out["density"] = str(wanted.density)
    if wanted.lyapunov:
        along = Trajectory(module, at.params, lambda _: (at.X, at.T))
        count = min(wanted.exponents, out["size"])
        exponents = spectrum.lyapunov_exponents(along, count, wanted.lyapunov, size=out["size"], seed=seed)
        out["lyapunov"] = {"steps": wanted.lyapunov, "exponents": exponents.values.tolist()}
    return out


def _samples(module: ModuleType, at: Point) -> int:
    """k, read where the module declares an open axis."""
    declared = next(iter(module.INPUTS.values()))
    return int(at.X.shape[next(i for i, n in enumerate(declared) if isinstance(n, str))])


def lines(figures: dict[str, Any]) -> Iterator[str]:
    what = "Hessian" if figures["matrix"] == "hessian" else "Jacobian of a step"
    n = figures["size"]
    yield f"{what}, {n:,} x {n:,}, on {figures['samples']:,} samples of {figures['data']}"
    for name in ("largest", "smallest"):
        if name in figures:
            yield f"{name} eigenvalues  (residual)"
            for pair in figures[name]:
                yield f"  {pair['value']:14.6g}  ({pair['residual']:.1e})"
    if "trace" in figures:
        error = figures["trace"]["error"]
        yield f"trace  {figures['trace']['value']:.6g}" + (f" ± {error:.2g}" if error is not None else "")
    if "lyapunov" in figures:
        exponents = "  ".join(f"{x:.6g}" for x in figures["lyapunov"]["exponents"])
        yield f"Lyapunov exponents over {figures['lyapunov']['steps']} steps  {exponents}"
    for name in ("density", "out"):
        if name in figures:
            yield f"{name}: {figures[name]}"
