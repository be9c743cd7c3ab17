"""Dense assembly: against hvp, against itself killed and started again, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from symjac.codegen.blocks_code import generate_blocks
from symjac.codegen.numpy_code import generate
from symjac.derivation.hessian_blocks import curvature
from symjac.numbers import assembly, hessian_sums
from symjac.numbers.assembly import assemble
from symjac.numbers.operator import flatten, unflatten
from symjac.run.failures import DataError
from symjac.run.module import load_module
from tests.nets import ROOT, derivation_of

NET = """
name: sparse
input: X[k, {inputs}]
layers: [dense: {units}, sigmoid, dense: {classes}, softmax]
loss: {{cross_entropy: {{target: T}}}}
update: {{gradient_descent: {{alpha: 0.1}}}}
"""


def modules(folder: Path, inputs: int, units: int, classes: int) -> tuple[ModuleType, ModuleType]:
    """The generated module and its blocks."""
    derivation = derivation_of(NET.format(inputs=inputs, units=units, classes=classes))
    (folder / "net.py").write_text(generate(derivation), encoding="utf-8")
    (folder / "blocks.py").write_text(generate_blocks(curvature(derivation)), encoding="utf-8")
    return load_module(folder / "net.py"), blocks_of(folder / "blocks.py")


def blocks_of(path: Path) -> ModuleType:
    module = ModuleType(path.stem)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    return module


def problem(module: ModuleType, k: int, seed: int = 0, dtype: type = np.float32) -> tuple:
    """(params, X, T): four of five inputs are 0, some columns are 0 throughout, one has no zero."""
    rng = np.random.default_rng(seed)
    params = module.init(rng, dtype)
    inputs, classes = module.PARAMETERS["W1"][0], module.PARAMETERS["b2"][0]
    X = rng.random((k, inputs)) * (rng.random((k, inputs)) < 0.4 * rng.random(inputs))
    X[:, :: max(2, inputs // 10)] = 0
    X[:, 1] = 1
    return params, X.astype(dtype), np.eye(classes, dtype=dtype)[rng.integers(classes, size=k)]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("small")
    net, blocks = modules(folder, 12, 5, 3)
    params, X, T = problem(net, 90, dtype=np.float64)
    state = net.linearize(params, X, T)
    n = len(flatten(params))
    H = np.stack([flatten(state.hvp(unflatten(e, params))) for e in np.eye(n)])
    return SimpleNamespace(folder=folder, blocks=blocks, params=params, X=X, T=T, H=H)


def columns_even_if_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small nets go the way of large ones, in many pieces."""
    monkeypatch.setattr(hessian_sums, "CHEAP", 0)
    monkeypatch.setattr(hessian_sums, "RUN", 7)
    monkeypatch.setattr(hessian_sums, "CHUNK", 2000)
    monkeypatch.setattr(hessian_sums, "PIECE_NUMBERS", 200)
    monkeypatch.setattr(assembly, "ROWS", 4000)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", ["at once", "by columns", "by columns, samples in parts"])
def test_every_entry_is_that_of_hvp(small, tmp_path, monkeypatch, way: str, dtype: str) -> None:
    if way != "at once":
        columns_even_if_cheap(monkeypatch)
    if "parts" in way:
        monkeypatch.setattr(hessian_sums, "HELD", 1000)
    told: list[float] = []
    out = tmp_path / "Df.npy"
    assemble(
        small.blocks, small.params, small.X, small.T, out, identity=1, hessian=-0.3, dtype=dtype, progress=told.append
    )
    found = np.load(out)
    assert found.dtype == dtype
    expected = np.eye(len(small.H)) - 0.3 * small.H
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 if dtype == "float64" else 2e-7)
    assert np.array_equal(found, found.T)
    assert told == sorted(told) and told[-1] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["Df.npy"]


def test_the_plans_use_zeros_and_symmetry(small, monkeypatch) -> None:
    """W1 W1 goes by pairs of inputs, its factor by pairs of units; W2 W1 by inputs."""
    columns_even_if_cheap(monkeypatch)
    work = hessian_sums.Work(small.blocks, small.params, (small.X, small.T), np.dtype("float64"))
    found, _ = hessian_sums.plans(work)
    assert isinstance(found[0], hessian_sums.SamplePairs) and found[0].packed and found[0].outer.name == "X"
    w2_w1 = next(b for b in work.blocks if (b.row, b.column) == (2, 0))
    assert all(found[t].outer.name == "X" for t in w2_w1.terms)


def test_a_planted_fault_is_caught(small, tmp_path) -> None:
    """A term of W2 W1 with another scale differs from hvp."""
    source = (small.folder / "blocks.py").read_text(encoding="utf-8")
    term = '(1 / samples, (("Z1", "n i"), ("J_Y_A1", "n j j3"), ("X", "n i3")), "i j", "i3 j3")'
    assert source.count(term) == 1
    (tmp_path / "wrong.py").write_text(source.replace(term, term.replace("1 /", "2 /")), encoding="utf-8")
    out = tmp_path / "H.npy"
    assemble(blocks_of(tmp_path / "wrong.py"), small.params, small.X, small.T, out, dtype="float64")
    assert np.abs(np.load(out) - small.H).max() > 1e-3 * np.abs(small.H).max()


def test_what_is_symmetric_in_the_first_samples_only_is_not_taken_as_such(tmp_path, monkeypatch) -> None:
    columns_even_if_cheap(monkeypatch)
    rng = np.random.default_rng(0)
    X, M = rng.standard_normal((40, 4)), rng.standard_normal((40, 3, 3))
    M[:20] += M[:20].transpose(0, 2, 1)

    def factors(params, X, T, samples: int) -> dict:
        return {"X": X[:, :4], "M": M[X[:, 4].astype(int)]}

    term = (1, (("X", "n i"), ("M", "n j q"), ("X", "n p")), "i j", "p q")
    stub = SimpleNamespace(
        INPUTS={"X": ("k", 5), "T": ("k", 1)},
        PARAMETERS={"W": (4, 3)},
        NUMBERS=100,
        factors=factors,
        blocks=lambda samples: (("W", "W", (term,)),),
    )
    assemble(
        stub, [np.zeros((4, 3))], np.c_[X, np.arange(40.0)], np.zeros((40, 1)), tmp_path / "H.npy", dtype="float64"
    )
    H = np.einsum("ni,njq,np->ijpq", X, M, X).reshape(12, 12)
    np.testing.assert_allclose(np.load(tmp_path / "H.npy"), (H + H.T) / 2, atol=1e-12)


# ---------------------------------------------------------------- killed

KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
import numpy as np, pytest
from pathlib import Path
from symjac.numbers import assembly
from tests.numbers.test_assembly import blocks_of, columns_even_if_cheap, modules, problem
from symjac.run.module import load_module
columns_even_if_cheap(pytest.MonkeyPatch())
folder, out, killed_in, left = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
write, opened, stage = assembly._write_at, assembly._opened, []
def noted(path):
    stage.append(path.suffix)
    return opened(path)
def counted(file, array, offset):
    global left
    left -= stage[-1] == killed_in
    if left == 0:
        write(file, array.ravel()[: array.size // 2], offset)
        os.kill(os.getpid(), signal.SIGKILL)
    write(file, array, offset)
assembly._write_at, assembly._opened = counted, noted
params, X, T = problem(load_module(folder / "net.py"), 90, dtype=np.float64)
assembly.assemble(blocks_of(folder / "blocks.py"), params, X, T, out)
"""


@pytest.mark.slow
def test_killed_and_started_again_it_ends_with_the_same_bytes(small, tmp_path) -> None:
    """Killed in the middle of writing: among the direct sums, among the others, among the rows."""

    def started(out: Path, file: str, writes: int) -> int:
        script = KILLED.format(root=str(ROOT))
        arguments = [sys.executable, "-c", script, str(small.folder), str(out), file, str(writes)]
        return subprocess.run(arguments, timeout=300).returncode

    whole, resumed = tmp_path / "whole.npy", tmp_path / "resumed.npy"
    assert started(whole, "", 1) == 0
    done = []
    for file, writes in ((".sums", 3), (".sums", 20), (".part", 9)):
        assert started(resumed, file, writes) == -signal.SIGKILL
        assert not resumed.exists()
        journal = json.loads((tmp_path / "resumed.npy.journal").read_text())
        done.append((journal["done"], journal["sums"]))
    assert done[0][0] == 0 < done[1][0] < done[1][1] < done[2][0], done
    assert started(resumed, "", 1) == 0
    assert resumed.read_bytes() == whole.read_bytes()


def interrupted(small, out: Path) -> None:
    """An assembly that stops after its first piece."""

    def stop(part: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        assemble(small.blocks, small.params, small.X, small.T, out, progress=stop)


def test_a_journal_of_another_matrix_is_refused(small, tmp_path) -> None:
    out = tmp_path / "H.npy"
    interrupted(small, out)
    other = small.X.copy()
    other[3, 1] += 1e-9
    moved = small.params._replace(b1=small.params.b1 + 1)
    for params, X, options, named in [
        (small.params, other, {}, "module, parameters and data"),
        (moved, small.X, {}, "module, parameters and data"),
        (small.params, small.X, {"hessian": -0.1}, "hessian"),
        (small.params, small.X, {"identity": 1}, "identity"),
        (small.params, small.X, {"dtype": "float64"}, "dtype"),
    ]:
        with pytest.raises(DataError, match=f"journal: of another matrix, with another .*{named}"):
            assemble(small.blocks, params, X, small.T, out, **options)
    assemble(small.blocks, small.params, small.X, small.T, out)
    np.testing.assert_allclose(np.load(out), small.H, atol=2e-7)


def test_a_broken_journal_is_refused(small, tmp_path) -> None:
    out = tmp_path / "H.npy"
    interrupted(small, out)
    (tmp_path / "H.npy.sums").unlink()
    with pytest.raises(DataError, match="files that it tells of are gone"):
        assemble(small.blocks, small.params, small.X, small.T, out)
    (tmp_path / "H.npy.journal").write_text("{")
    with pytest.raises(DataError, match="not the journal of an assembly"):
        assemble(small.blocks, small.params, small.X, small.T, out)


def test_arrays_that_are_not_the_modules_are_refused(small, tmp_path) -> None:
    out = tmp_path / "H.npy"
    with pytest.raises(DataError, match=r"T: expected floats of shape \(90, 3\)"):
        assemble(small.blocks, small.params, small.X, small.T[:-1], out)
    with pytest.raises(DataError, match=r"W1: expected floats of shape \(12, 5\)"):
        assemble(small.blocks, small.params._replace(W1=small.params.W1.T), small.X, small.T, out)
    with pytest.raises(DataError, match="X: expected floats"):
        assemble(small.blocks, small.params, small.X.astype(int), small.T, out)
    with pytest.raises(DataError, match="dtype float16"):
        assemble(small.blocks, small.params, small.X, small.T, out, dtype="float16")
    with pytest.raises(DataError, match="cannot be written"):
        assemble(small.blocks, small.params, small.X, small.T, tmp_path / "no" / "H.npy")


# ---------------------------------------------------------------- a tenth of MNIST's size


@pytest.mark.slow
def test_a_tenth_of_the_images_and_200_inputs(tmp_path) -> None:
    """10,560 parameters in float32: random columns against hvp in float64, and exact symmetry of tiles."""
    net, blocks = modules(tmp_path, 200, 50, 10)
    params, X, T = problem(net, 6000)
    out = tmp_path / "H.npy"
    work = hessian_sums.Work(blocks, params, (X, T), np.dtype("float32"))
    assert any(isinstance(p, hessian_sums.SamplePairs) and p.packed for p in hessian_sums.plans(work)[0])
    assemble(blocks, params, X, T, out)
    H = np.load(out, mmap_mode="r")
    n = len(flatten(params))
    assert H.shape == (n, n) and H.dtype == np.float32
    exact = net.Params(*(array.astype(np.float64) for array in params))
    state = net.linearize(exact, X.astype(np.float64), T.astype(np.float64))
    rng = np.random.default_rng(1)
    largest = float(np.abs(H).max())
    for column in [*rng.integers(n, size=12), n - 5, n - 100, n - 540]:
        direction = np.zeros(n)
        direction[column] = 1
        expected = flatten(state.hvp(unflatten(direction, exact)))
        assert np.abs(H[:, column] - expected).max() <= 1e-6 * largest
    for _ in range(20):
        a, b = rng.integers(n - 500, size=2)
        assert np.array_equal(H[a : a + 500, b : b + 500], H[b : b + 500, a : a + 500].T)
