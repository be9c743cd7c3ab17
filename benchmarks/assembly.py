"""The whole Hessian of mnist_mlp, 39,760 x 39,760, on MNIST's images: time, memory, and columns against hvp.

    python benchmarks/assembly.py [--images 60000] [--dtype float32] [--weights FILE.npz] [--folder FOLDER]

One process assembles and reports its own peak of memory; another, after it, times one cached hvp a column on a sample
of columns, and compares random columns with hvp in float64 and tiles with their mirror. The matrix is removed again.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, TILES = 12, 40


def modules(folder: Path) -> tuple[ModuleType, ModuleType]:
    """mnist_mlp's generated module and its blocks."""
    from symjac.codegen.blocks_code import generate_blocks
    from symjac.codegen.numpy_code import generate
    from symjac.derivation.chain import derive
    from symjac.derivation.hessian_blocks import curvature
    from symjac.model.build import build_stack, load_spec
    from symjac.run.module import load_module

    derivation = derive(build_stack(load_spec(ROOT / "examples" / "mnist_mlp.yaml")))
    (folder / "net.py").write_text(generate(derivation), encoding="utf-8")
    (folder / "net_blocks.py").write_text(generate_blocks(curvature(derivation)), encoding="utf-8")
    sys.path.insert(0, str(folder))
    import net_blocks

    return load_module(folder / "net.py"), net_blocks


def point(module: ModuleType, images: int, weights: str | None) -> tuple[Any, np.ndarray, np.ndarray]:
    """(params, X, T) in float32: trained weights, or those that training begins with."""
    from symjac.run.mnist import mnist

    data = mnist()
    X = (data.train_images[:images].reshape(images, -1) / 255).astype(np.float32)
    T = np.eye(10, dtype=np.float32)[data.train_labels[:images]]
    if weights is None:
        return module.init(np.random.default_rng(0), np.float32), X, T
    with np.load(weights) as arrays:
        return module.Params(*(arrays[name].astype(np.float32) for name in module.Params._fields)), X, T


def assembled(asked: argparse.Namespace, folder: Path) -> dict[str, float]:
    from symjac.numbers.assembly import assemble

    module, blocks = modules(folder)
    params, X, T = point(module, asked.images, asked.weights)

    def told(part: float) -> None:
        print(f"\r{part:6.1%}", end="", file=sys.stderr, flush=True)

    start = time.perf_counter()
    assemble(blocks, params, X, T, folder / "H.npy", dtype=asked.dtype, progress=told)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9}


def compared(asked: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Seconds of a cached hvp; how far columns are from float64 hvp, and tiles from their mirror."""
    from symjac.numbers.operator import flatten, unflatten

    module, _ = modules(folder)
    params, X, T = point(module, asked.images, asked.weights)
    H = np.load(folder / "H.npy", mmap_mode="r")
    n = len(H)
    rng = np.random.default_rng(1)
    columns = [*rng.integers(n, size=COLUMNS), *range(n - 560, n, 80)]

    def products(params: Any, X: np.ndarray, T: np.ndarray) -> tuple[list[np.ndarray], float]:
        state = module.linearize(params, X, T)
        found, seconds = [], []
        for column in columns:
            direction = np.zeros(n, X.dtype)
            direction[column] = 1
            V = unflatten(direction, params)
            state.hvp(V)
            start = time.perf_counter()
            found.append(flatten(state.hvp(V)))
            seconds.append(time.perf_counter() - start)
        return found, float(np.median(seconds))

    _, each = products(params, X, T)
    exact = module.Params(*(array.astype(np.float64) for array in params))
    expected, _ = products(exact, X.astype(np.float64), T.astype(np.float64))
    largest = max(float(np.abs(H[at : at + 500]).max()) for at in range(0, n, 500))
    error = max(float(np.abs(H[:, c] - e).max()) for c, e in zip(columns, expected, strict=True))
    mirrored = 0.0
    for _ in range(TILES):
        a, b = rng.integers(n - 400, size=2)
        mirrored = max(mirrored, float(np.abs(H[a : a + 400, b : b + 400] - H[b : b + 400, a : a + 400].T).max()))
    return {"n": n, "hvp": each, "largest": largest, "error": error / largest, "mirrored": mirrored}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--weights", metavar="FILE.npz", help="trained weights; without them, those of a fresh net")
    parser.add_argument(
        "--folder", help="where there is room for the matrix, 6.3 GB, and its sums, 1.4 GB; float64 twice that"
    )
    parser.add_argument("--measure", choices=["assembled", "compared"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps({"assembled": assembled, "compared": compared}[asked.measure](asked, Path(asked.folder))))
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        found: dict[str, float] = {}
        for measure in ("assembled", "compared"):
            own = [*sys.argv[1:], "--folder", folder, "--measure", measure]
            run = subprocess.run([sys.executable, __file__, *own], stdout=subprocess.PIPE, text=True, check=True)
            found |= json.loads(run.stdout.splitlines()[-1])
    n = int(found["n"])
    print(f"\nmnist_mlp, {n} x {n}, {asked.dtype}, {asked.images} images")
    print(f"assembled in {found['seconds']:.1f} s, peak of memory {found['memory']:.2f} GB")
    print(f"one cached hvp in float32: {found['hvp'] * 1e3:.0f} ms, a column each {found['hvp'] * n / 60:.0f} min")
    print(f"ratio: {found['hvp'] * n / found['seconds']:.0f}")
    print(f"columns against float64 hvp: {found['error']:.1e} of the largest entry, {found['largest']:.3g}")
    print(f"tiles against their mirror: {found['mirrored']:g}")


if __name__ == "__main__":
    main()
