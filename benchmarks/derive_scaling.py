"""How long it takes from a spec of N dense+tanh layers to NumPy source and to the first gradient, beside jax and torch.

    python benchmarks/derive_scaling.py [--limit SECONDS] [N ...]

Every figure is taken in a process of its own, with imports done before the clock starts. A peer that takes longer than
the limit, or that is not installed, is said to.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

WIDTH, BATCH = 32, 16
LAYERS = (10, 100, 1000)


def spec(layers: int) -> str:
    """A spec of `layers` dense+tanh layers with a squared error."""
    stack = "\n".join([f"  - dense: {WIDTH}\n  - tanh"] * layers)
    return f"name: deep\ninput: X[k, {WIDTH}]\nlayers:\n{stack}\nloss: {{mse: {{target: T}}}}\n"


def symjac(layers: int) -> tuple[float, float, float]:
    """Seconds from the spec file to the source, to the first gradient, and of the processor's time to the source."""
    import numpy as np

    from symjac.codegen.numpy_code import generate
    from symjac.derivation.chain import derive
    from symjac.model.build import build_stack, load_spec
    from symjac.run.module import load_module

    with tempfile.TemporaryDirectory() as folder:
        declared, written = Path(folder, "deep.yaml"), Path(folder, "deep.py")
        declared.write_text(spec(layers), encoding="utf-8")
        start, start_busy = time.perf_counter(), time.process_time()
        source = generate(derive(build_stack(load_spec(declared))))
        to_source, busy = time.perf_counter() - start, time.process_time() - start_busy
        written.write_text(source, encoding="utf-8")
        module = load_module(written)
        rng = np.random.default_rng(0)
        X, T = rng.standard_normal((2, BATCH, WIDTH))
        module.gradients(module.init(rng), X, T)
        return to_source, time.perf_counter() - start, busy


def jax(layers: int) -> float:
    """Seconds to the first gradient of the jitted loss."""
    import jax
    import jax.numpy as jnp

    keys = jax.random.split(jax.random.PRNGKey(0), layers + 2)
    X, T = (jax.random.normal(key, (BATCH, WIDTH)) for key in keys[:2])
    theta = [(jax.random.normal(key, (WIDTH, WIDTH)) / WIDTH**0.5, jnp.zeros(WIDTH)) for key in keys[2:]]

    def loss(theta: list, X: jax.Array, T: jax.Array) -> jax.Array:
        for W, b in theta:
            X = jnp.tanh(X @ W + b)
        return jnp.mean((X - T) ** 2)

    start = time.perf_counter()
    jax.block_until_ready(jax.jit(jax.value_and_grad(loss))(theta, X, T))
    return time.perf_counter() - start


def torch(layers: int) -> float:
    """Seconds to the first gradient of the compiled loss."""
    import torch

    X, T = torch.randn(2, BATCH, WIDTH)
    theta = [
        (torch.randn(WIDTH, WIDTH).div_(WIDTH**0.5).requires_grad_(), torch.zeros(WIDTH, requires_grad=True))
        for _ in range(layers)
    ]

    @torch.compile
    def loss(theta: list, X: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
        for W, b in theta:
            X = torch.tanh(X @ W + b)
        return torch.mean((X - T) ** 2)

    start = time.perf_counter()
    loss(theta, X, T).backward()
    return time.perf_counter() - start


PEERS = {"jax": jax, "torch": torch}


def measured(which: str, layers: int, limit: float | None = None) -> list[float] | str:
    """The figures of one process, or what went wrong."""
    try:
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.derive_scaling", "--measure", which, str(layers)],
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return f"over {limit:g} s"
    if run.returncode:
        return f"failed: {run.stderr.strip().splitlines()[-1][:60]}" if run.stderr.strip() else "failed"
    return [float(figure) for figure in run.stdout.splitlines()[-1].split()]


def cell(result: list[float] | str, column: int) -> str:
    return result if isinstance(result, str) else f"{result[column]:.2f} s"


def table(layers: list[int], limit: float) -> None:
    installed = [name for name in PEERS if importlib.util.find_spec(name)]
    columns = ["symjac: source", "first gradient", *(f"{name}: first gradient" for name in installed)]
    print(f"dense+tanh layers of width {WIDTH}, batch {BATCH}")
    print("".join(f"{c:>26}" for c in ["layers", *columns]))
    seconds: dict[int, float] = {}
    for count in layers:
        own = measured("symjac", count)
        if not isinstance(own, str):
            seconds[count] = own[0]
        peers = [cell(measured(name, count, limit), 0) for name in installed]
        print("".join(f"{c:>26}" for c in [str(count), cell(own, 0), cell(own, 1), *peers]), flush=True)
    for fewer, more in pairwise(layers):
        if fewer in seconds and more in seconds:
            print(f"{fewer} to {more} layers: source takes {seconds[more] / seconds[fewer]:.1f} times as long")
    for name in PEERS.keys() - set(installed):
        print(f"{name}: not installed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("layers", nargs="*", type=int, default=list(LAYERS), metavar="N")
    parser.add_argument("--limit", type=float, default=300, metavar="SECONDS", help="for each figure of a peer")
    parser.add_argument("--measure", choices=["symjac", *PEERS], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure is None:
        table(asked.layers, asked.limit)
        return
    for count in asked.layers:
        figures = {"symjac": symjac, **PEERS}[asked.measure](count)
        print(*(figures if isinstance(figures, tuple) else (figures,)))


if __name__ == "__main__":
    main()
