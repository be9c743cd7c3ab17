"""`symjac jacobian` against dense linear algebra on a small network, and what it answers to what it cannot use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from symjac.cli import main
from symjac.codegen.numpy_code import generate
from symjac.derivation.chain import derive
from symjac.model.build import build_stack, load_spec
from symjac.numbers.operator import hessian_operator
from symjac.run.module import load_module

SPEC = """
name: small
input: X[k, 4]
layers: [dense: 3, tanh, dense: 2, softmax]
loss: {cross_entropy: {target: T}}
update: {gradient_descent: {alpha: 0.25}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    (tmp_path / "small.yaml").write_text(SPEC, encoding="utf-8")
    np.savez(tmp_path / "data.npz", X=rng.standard_normal((20, 4)), T=np.eye(2)[rng.integers(2, size=20)])
    return tmp_path


def run(folder: Path, *words: str) -> Result:
    given = ["jacobian", str(folder / "small.yaml"), "--data", str(folder / "data.npz"), "--dtype", "float64", *words]
    return CliRunner().invoke(main, given)


def dense(folder: Path) -> Any:
    """H at the fresh parameters of seed 0, column by column."""
    source = folder / "small.py"
    source.write_text(generate(derive(build_stack(load_spec(folder / "small.yaml")))), encoding="utf-8")
    module = load_module(source)
    data = np.load(folder / "data.npz")
    operator = hessian_operator(module, module.init(np.random.default_rng(0)), data["X"], data["T"])
    return operator @ np.eye(operator.shape[0])


def test_eigenvalues_and_trace(folder: Path) -> None:
    result = run(folder, "--top", "2", "--trace", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    step = np.eye(23) - 0.25 * dense(folder)
    values = np.linalg.eigvalsh((step + step.T) / 2)
    assert found["size"] == 23
    assert found["samples"] == 20
    np.testing.assert_allclose([pair["value"] for pair in found["largest"]], values[:-3:-1], rtol=1e-8)
    np.testing.assert_allclose([pair["value"] for pair in found["smallest"]], values[:2], rtol=1e-8)
    assert abs(found["trace"]["value"] - np.trace(step)) < 5 * found["trace"]["error"]


@pytest.mark.parametrize("matrix", ["step", "hessian"])
def test_the_whole_matrix(folder: Path, matrix: str) -> None:
    out = folder / "matrix.npy"
    result = run(folder, "--out", str(out), "--matrix", matrix)
    assert result.exit_code == 0, result.output
    H = dense(folder)
    found = np.load(out)
    np.testing.assert_allclose(found, np.eye(23) - 0.25 * H if matrix == "step" else H, atol=1e-13)
    assert np.array_equal(found, found.T)


def test_pictures_and_exponents(folder: Path) -> None:
    result = run(folder, "--density", str(folder / "density.png"), "--lyapunov", "4")
    assert result.exit_code == 0, result.output
    assert (folder / "density.png").stat().st_size > 1000
    assert "Lyapunov exponents over 4 steps" in result.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--samples", "21"], "fewer than 21"),
        (["--params", "none.npz"], "none.npz"),
        (["--data", "nowhere"], "nowhere"),
        (["--density", "picture.txt"], ".png"),
        (["--top", "0"], "--top"),
    ],
)
def test_what_cannot_be_used(folder: Path, words: list[str], says: str) -> None:
    result = run(folder, *words)
    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("words", [["--out", "matrix.npy"], ["--top", "1"], ["--lyapunov", "2"]])
def test_a_state_has_no_map_of_parameters_alone(folder: Path, words: list[str]) -> None:
    text = SPEC.replace("{gradient_descent: {alpha: 0.25}}", "adam")
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    result = run(folder, *words)
    assert result.exit_code == 2, result.output
    assert "state" in result.stderr
    assert run(folder, "--top", "1", "--matrix", "hessian").exit_code == 0
