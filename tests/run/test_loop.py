"""Training the small module: it learns, it says where it stopped, and a kill changes nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from symjac.run.datasets import load
from symjac.run.failures import DataError, Diverged
from symjac.run.loop import Settings, train
from symjac.run.module import load_module
from symjac.run.state import PROGRESS
from tests.run.conftest import MODULE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def module():
    return load_module(MODULE)


def arrays_in(path):
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def run(module, samples, weights, resume=False, **settings):
    options = Settings(**{"batch": 20, "alpha": 0.5, **settings})
    return list(train(module, load(str(samples), module.INPUTS, options.dtype), options, weights, resume))


def test_it_learns(module, samples, tmp_path):
    epochs = run(module, samples, tmp_path / "w.npz", epochs=15)
    assert [epoch.number for epoch in epochs] == list(range(1, 16))
    assert epochs[-1].loss < epochs[0].loss / 4
    assert epochs[-1].test_loss < epochs[0].test_loss / 4
    assert epochs[-1].accuracy == 1


def test_the_weights_are_the_parameters(module, samples, tmp_path):
    run(module, samples, tmp_path / "w.npz", epochs=2)
    with np.load(tmp_path / "w.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"W1", "b1", "W2", "b2", PROGRESS}
        assert arrays["W1"].shape == (4, 4)
        assert arrays["W1"].dtype == np.float32
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_full_batch_falls_at_every_step(module, samples, tmp_path):
    losses = [epoch.loss for epoch in run(module, samples, tmp_path / "w.npz", batch=None, epochs=40, alpha=0.1)]
    assert all(after < before for before, after in pairwise(losses))


def test_the_seed_decides(module, samples, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(module, samples, tmp_path / name, epochs=3, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


def test_resumed_training_ends_with_the_same_bits(module, samples, tmp_path):
    whole = run(module, samples, tmp_path / "whole.npz", epochs=7)
    run(module, samples, tmp_path / "parts.npz", epochs=3)
    parts = run(module, samples, tmp_path / "parts.npz", epochs=7, resume=True)
    assert parts == whole
    assert (tmp_path / "parts.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


@pytest.mark.slow
def test_a_killed_training_resumes_to_the_same_bits(samples, tmp_path):
    def command(weights, *more):
        options = ["--data", str(samples), "--epochs", "60", "--batch", "1", "--weights", str(tmp_path / weights)]
        code = "from symjac.cli import main; main()"
        return [sys.executable, "-c", code, "train", str(MODULE), *options, *more]

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command("whole.npz"), env=environment, check=True, capture_output=True)
    killed = subprocess.Popen(command("parts.npz"), env=environment, stdout=subprocess.PIPE)
    while not (tmp_path / "parts.npz").exists():
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    done = killed.communicate()[0].count(b"epoch")
    assert killed.returncode == -signal.SIGKILL
    assert done < 60
    resumed = subprocess.run(command("parts.npz", "--resume"), env=environment, check=True, capture_output=True)
    assert resumed.stdout.count(b"epoch") == 60
    assert (tmp_path / "parts.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"seed": 5}, "seed 0, not 5"),
        ({"batch": 30}, "batch 20, not 30"),
        ({"batch": None}, "batch 20, not full"),
        ({"alpha": 0.25}, "alpha 0.5, not 0.25"),
        ({"dtype": "float64"}, "dtype float32, not float64|data"),
    ],
)
def test_other_settings_are_not_resumed(module, samples, tmp_path, changed, says):
    run(module, samples, tmp_path / "w.npz", epochs=1)
    with pytest.raises(DataError, match=says):
        run(module, samples, tmp_path / "w.npz", resume=True, epochs=2, **changed)


def test_other_data_are_not_resumed(module, samples, tmp_path):
    run(module, samples, tmp_path / "w.npz", epochs=1)
    arrays = arrays_in(samples)
    np.savez(samples, **{**arrays, "X": arrays["X"] + 1})
    with pytest.raises(DataError, match="data"):
        run(module, samples, tmp_path / "w.npz", resume=True, epochs=2)


def test_weights_that_cannot_be_resumed(module, samples, tmp_path):
    weights = tmp_path / "w.npz"
    with pytest.raises(DataError, match=r"w\.npz"):
        run(module, samples, weights, resume=True)
    np.savez(weights, W1=np.ones((4, 4)))
    with pytest.raises(DataError, match="nothing to resume"):
        run(module, samples, weights, resume=True)
    run(module, samples, weights, epochs=1)
    arrays = arrays_in(weights)
    np.savez(weights, **{**arrays, "W1": np.ones((2, 2), np.float32)})
    with pytest.raises(DataError, match="not the parameters"):
        run(module, samples, weights, resume=True)


def test_divergence_is_said_and_the_last_weights_are_kept(module, samples, tmp_path):
    weights = tmp_path / "w.npz"
    run(module, samples, weights, epochs=1)
    before = weights.read_bytes()
    with pytest.raises(Diverged, match=r"epoch 1, step \d+"):
        run(module, samples, weights, alpha=float("inf"))
    assert weights.read_bytes() == before


def test_data_that_break_a_declared_fact(module, samples, tmp_path):
    arrays = arrays_in(samples)
    np.savez(samples, **{**arrays, "T": arrays["T"] * 2})
    with pytest.raises(DataError, match="rows must sum to 1"):
        run(module, samples, tmp_path / "w.npz")


@pytest.mark.parametrize(
    ("text", "says"),
    [("x = 1", "no INPUTS"), ("x = (", "be imported"), ("import nowhere_at_all", "be imported"), ("\0", "be imported")],
)
def test_a_file_that_is_no_generated_module(tmp_path, text, says):
    path = tmp_path / "other.py"
    path.write_text(text)
    with pytest.raises(DataError, match=says):
        load_module(path)
    with pytest.raises(DataError, match="cannot be read"):
        load_module(tmp_path / "missing.py")


# ---------------------------------------------------------------- updates with a state


@pytest.fixture(scope="module")
def averaging(tmp_path_factory):
    """The small module with a step that keeps a running mean and counts."""
    text = MODULE.read_text()
    path = tmp_path_factory.mktemp("module") / "averaging.py"
    path.write_text(
        text[: text.index("def update(")]
        + """class State(NamedTuple):
    m: Params
    t: int


def init_state(params):
    return State(Params(*(np.zeros_like(p) for p in params)), 0)


def update(params, grads, state, alpha=0.1):
    t = int(state.t) + 1
    m = Params(*(np.float32(0.9) * m + g for m, g in zip(state.m, grads)))
    return Params(*(p - np.float32(alpha / t**0.5) * a for p, a in zip(params, m))), State(m, t)
"""
    )
    return load_module(path)


def test_the_state_is_used_and_kept(averaging, samples, tmp_path):
    epochs = run(averaging, samples, tmp_path / "w.npz", epochs=10, alpha=0.2)
    assert epochs[-1].loss < epochs[0].loss / 4
    arrays = arrays_in(tmp_path / "w.npz")
    assert {n for n in arrays if n.startswith("_")} == {PROGRESS, "_t", *(f"_m.{n}" for n in ("W1", "b1", "W2", "b2"))}
    assert arrays["_t"] == 50
    assert arrays["_m.W1"].dtype == np.float32


def test_with_a_state_resumed_training_ends_with_the_same_bits(averaging, samples, tmp_path):
    whole = run(averaging, samples, tmp_path / "whole.npz", epochs=7)
    run(averaging, samples, tmp_path / "parts.npz", epochs=3)
    assert run(averaging, samples, tmp_path / "parts.npz", epochs=7, resume=True) == whole
    assert (tmp_path / "parts.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


@pytest.mark.parametrize("changed", [{"_t": None}, {"_m.W1": None}, {"_m.W1": np.zeros((2, 2), np.float32)}])
def test_a_state_that_cannot_be_resumed(averaging, samples, tmp_path, changed):
    """A planted fault in the kept state is refused, not trained on."""
    run(averaging, samples, tmp_path / "w.npz", epochs=1)
    arrays = {**arrays_in(tmp_path / "w.npz"), **changed}
    np.savez(tmp_path / "w.npz", **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(DataError, match="not the parameters"):
        run(averaging, samples, tmp_path / "w.npz", epochs=2, resume=True)


def test_a_state_makes_a_difference_on_resuming(averaging, samples, tmp_path):
    """Planted fault: with the running mean forgotten, the bits are others."""
    run(averaging, samples, tmp_path / "whole.npz", epochs=4)
    run(averaging, samples, tmp_path / "w.npz", epochs=3)
    arrays = arrays_in(tmp_path / "w.npz")
    np.savez(tmp_path / "w.npz", **{**arrays, "_m.W1": np.zeros_like(arrays["_m.W1"])})
    run(averaging, samples, tmp_path / "w.npz", epochs=4, resume=True)
    whole, forgot = (arrays_in(tmp_path / name)["W1"] for name in ("whole.npz", "w.npz"))
    assert not np.array_equal(whole, forgot)


TAMPERED = [
    # what is put in the place of a part of the progress
    {"epochs": 5},
    {"epochs": [5]},
    {"epochs": [{"number": 1}]},
    {"epochs": [{"number": "one", "loss": 0.5, "test_loss": None, "accuracy": None}]},
    {"epochs": [{"number": 1, "loss": [], "test_loss": None, "accuracy": None}]},
    {"epochs": [{"number": 1, "loss": 0.5, "test_loss": {}, "accuracy": None}]},
    {"epochs": [{"number": float("inf"), "loss": 0.5, "test_loss": None, "accuracy": None}]},
    {"epochs": [{"number": 2, "loss": 0.5, "test_loss": None, "accuracy": None}]},
    {"epochs": [{"number": 1, "loss": 10**400, "test_loss": None, "accuracy": None}]},
    {"settings": 5},
    {"settings": [[1, 2, 3]]},
    {"generator": 5},
    {"generator": {}},
    {"generator": {"bit_generator": "MT19937", "state": {}}},
    {"generator": {"bit_generator": "PCG64", "state": 5, "has_uint32": 0, "uinteger": 0}},
    {"generator": {"bit_generator": "PCG64", "state": {"state": -1, "inc": 1}, "has_uint32": 0, "uinteger": 0}},
    {"generator": {"bit_generator": "PCG64", "state": {"state": 10**60, "inc": 1}, "has_uint32": 0, "uinteger": 0}},
    {"generator": {"bit_generator": "PCG64", "state": {"state": "a", "inc": 1}, "has_uint32": 0, "uinteger": 10**30}},
]


@pytest.mark.parametrize("changed", TAMPERED, ids=str)
def test_tampered_weights_are_refused(module, samples, tmp_path, changed):
    weights = tmp_path / "w.npz"
    run(module, samples, weights, epochs=1)
    arrays = arrays_in(weights)
    progress = {**json.loads(str(arrays[PROGRESS])), **changed}
    np.savez(weights, **{**arrays, PROGRESS: np.array(json.dumps(progress))})
    with pytest.raises(DataError, match=r"w\.npz"):
        run(module, samples, weights, resume=True, epochs=2)


@pytest.mark.parametrize("text", ["", "{", "[" * 5000, "null", "9" * 5000, '{"epochs": ' + "9" * 5000 + "}"])
def test_progress_that_is_none_is_refused(module, samples, tmp_path, text):
    weights = tmp_path / "w.npz"
    run(module, samples, weights, epochs=1)
    for put in (np.array(text), np.array([text]), np.array(text.encode()), np.array(5.0)):
        np.savez(weights, **{**arrays_in(weights), PROGRESS: put})
        with pytest.raises(DataError, match=r"w\.npz"):
            run(module, samples, weights, resume=True, epochs=2)
