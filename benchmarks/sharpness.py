"""The largest eigenvalue of the Hessian along full-batch training of mnist_mlp, against 2/alpha.

    python benchmarks/sharpness.py [--alpha 0.5] [--steps 400] [--every 20] [--samples 60000] [--out sharpness.png]

Prints step, loss and eigenvalue, and draws them: gradient descent is stable where the eigenvalue is below 2/alpha.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from symjac.codegen.numpy_code import generate
from symjac.derivation.chain import derive
from symjac.model.build import build_stack, load_spec
from symjac.numbers import plots
from symjac.numbers.operator import hessian_operator
from symjac.numbers.point import point
from symjac.numbers.spectrum import extreme_eigenvalues
from symjac.run.module import load_module

SPEC = Path(__file__).parent.parent / "examples" / "mnist_mlp.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alpha", type=float, default=0.5)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--every", type=int, default=20)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--out", type=Path, default=Path("sharpness.png"))
    chosen = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "mnist_mlp.py")
        source.write_text(generate(derive(build_stack(load_spec(SPEC)))), encoding="utf-8")
        module = load_module(source)
    at = point(module, "mnist", chosen.samples, None, 0, "float32")
    params, steps, largest = at.params, [], []
    for step in range(chosen.steps + 1):
        loss, gradients = module.gradients(params, at.X, at.T)
        if step % chosen.every == 0:
            top = extreme_eigenvalues(hessian_operator(module, params, at.X, at.T), 1)
            steps.append(step)
            largest.append(float(top.values[-1]))
            print(f"step {step:5}  loss {loss:.5f}  largest eigenvalue {largest[-1]:.4f}  2/alpha {2 / chosen.alpha:g}")
        params = module.update(params, gradients, alpha=chosen.alpha)
    title = f"mnist_mlp, full batch of {chosen.samples:,}, alpha {chosen.alpha:g}"
    plots.largest_eigenvalue(steps, largest, chosen.alpha, chosen.out, title)
    print(f"picture: {chosen.out}")


if __name__ == "__main__":
    main()
