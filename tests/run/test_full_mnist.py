"""All of MNIST through the generated module, as the README promises."""

from itertools import pairwise
from pathlib import Path

import pytest

from symjac.run.datasets import load
from symjac.run.loop import Settings, train
from symjac.run.module import load_module

MODULE = Path(__file__).parents[2] / "generated" / "mnist_mlp.py"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def module():
    return load_module(MODULE)


@pytest.fixture(scope="module")
def mnist(module):
    return load("mnist", module.INPUTS, "float32")


def test_17_epochs_in_batches_of_100(module, mnist, tmp_path):
    *_, last = train(module, mnist, Settings(epochs=17, batch=100, alpha=0.5), tmp_path / "w.npz")
    assert last.number == 17
    assert last.accuracy >= 0.965


def test_50_full_batch_steps_fall_at_every_step(module, mnist, tmp_path):
    epochs = train(module, mnist, Settings(epochs=50, batch=None, alpha=0.1), tmp_path / "w.npz")
    losses = [epoch.loss for epoch in epochs]
    assert len(losses) == 50
    assert all(after < before for before, after in pairwise(losses))
