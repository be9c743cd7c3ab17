"""What products with the Hessian cost beside the gradients: mnist_mlp's generated module, random data, in one run.

    OPENBLAS_NUM_THREADS=2 python benchmarks/second_order.py [--rounds N] [k ...]

Each round times every call once, in turn; the medians are compared. Products for many directions are timed by
themselves, behind the others: the large arrays that they free and take would slow the next call down.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import ModuleType

for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "2")  # read when NumPy is imported

import numpy as np  # noqa: E402

from symjac.run.module import load_module  # noqa: E402

MODULE = Path(__file__).parent.parent / "generated" / "mnist_mlp.py"
BATCHES = (100, 60_000)
MOST = {"hvp": 1.7, "hvp from linearize": 1.1}
"""The goals, in multiples of the gradients' time."""
DIRECTIONS = 8


def calls(m: ModuleType, k: int) -> dict[str, Callable[[], object]]:
    rng = np.random.default_rng(0)
    X = rng.random((k, 784), dtype=np.float32)
    T = np.eye(10, dtype=np.float32)[rng.integers(0, 10, k)]
    params = m.init(rng, np.float32)
    V, many = (
        m.Params(*(rng.standard_normal((*more, *p.shape), dtype=np.float32) for p in params))
        for more in ((), (DIRECTIONS,))
    )
    at = m.linearize(params, X, T)
    return {
        "gradients": lambda: m.gradients(params, X, T),
        "hvp": lambda: m.hvp(params, X, T, V),
        "hvp from linearize": lambda: at.hvp(V),
        "ggnvp from linearize": lambda: at.ggnvp(V),
        f"hvp_block of {DIRECTIONS}, each": lambda: at.hvp_block(many),
    }


def measured(k: int, rounds: int) -> dict[str, float]:
    """Median seconds of each call."""
    functions = calls(load_module(MODULE), k)
    times: dict[str, list[float]] = {name: [] for name in functions}
    *single, many = functions
    for names in (single, [many]):
        for turn in range(rounds + 1):
            for name in names:
                start = time.perf_counter()
                functions[name]()
                if turn:  # the first one warms up
                    times[name].append(time.perf_counter() - start)
    return {name: median(t) / (DIRECTIONS if "each" in name else 1) for name, t in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("batches", nargs="*", type=int, metavar="k", default=BATCHES)
    parser.add_argument("--rounds", type=int, help="how often each call is timed (default: some seconds' worth)")
    options = parser.parse_args()
    for k in options.batches:
        seconds = measured(k, options.rounds or max(9, min(500, 200_000 // k)))
        print(f"k = {k}: gradients {1e3 * seconds['gradients']:.2f} ms")
        for name, t in seconds.items():
            if name != "gradients":
                ratio = t / seconds["gradients"]
                goal = f"   (goal: at most {MOST[name]})" if name in MOST else ""
                print(f"    {name:<24} {ratio:5.2f} x gradients{goal}")


if __name__ == "__main__":
    main()
