"""The gradient check passes a right gradient, and every planted fault is found."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from symjac.check.declared import declared_loss
from symjac.codegen.numpy_code import generate
from symjac.derivation.chain import derive
from symjac.model.build import build_stack, load_spec
from symjac.run import differences
from symjac.run.differences import COMPLEX, DIFFERENCES, NoPoint, compare, random_point
from symjac.run.module import load_module
from tests.marks import slow

EXAMPLES = Path(__file__).parents[2] / "examples"
TINY = Path(__file__).parent.parent / "fixtures" / "tiny_module.py"


class Params(NamedTuple):
    W: np.ndarray
    b: np.ndarray


def relu_module(inputs=4, units=3):
    """½ Σ (relu(X W + b) − T)² / k: a kink, and as many entries as a test wants."""

    def init(rng, dtype=np.float64):
        scale = np.asarray(1 / np.sqrt(inputs), dtype)
        return Params(rng.standard_normal((inputs, units)).astype(dtype) * scale, np.zeros(units, dtype))

    def kinks(params, X, T=None):
        return [X @ params.W + params.b]

    def loss(params, X, T):
        return ((np.maximum(X @ params.W + params.b, 0) - T) ** 2).sum() / (2 * len(X))

    def gradients(params, X, T):
        A = X @ params.W + params.b
        delta = (np.maximum(A, 0) - T) * (A > 0) / len(X)
        return loss(params, X, T), Params(X.T @ delta, delta.sum(axis=0))

    return SimpleNamespace(
        INPUTS={"X": ("k", inputs), "T": ("k", units)},
        ANALYTIC=False,
        KINKS=("Z = relu(A) at A = 0",),
        **{f.__name__: f for f in (init, kinks, loss, gradients)},
    )


def tiny_module():
    return load_module(TINY)


def spoil(module, name, change):
    """The module with one of its gradients changed by `change(gradient, X, T)`."""
    right = module.gradients

    def gradients(params, X, T):
        loss, grads = right(params, X, T)
        return loss, grads._replace(**{name: change(getattr(grads, name).copy(), X, T)})

    module.gradients = gradients
    return module


def test_an_analytic_module_agrees_by_both_methods():
    report = compare(tiny_module())
    assert report.agrees
    assert report.kept_away is None
    assert [(f.parameter, f.shape, f.entries) for f in report.figures] == [
        ("W1", (4, 4), 16),
        ("b1", (4,), 4),
        ("W2", (4, 3), 12),
        ("b2", (3,), 3),
    ]
    assert max(f.differences for f in report.figures) < DIFFERENCES / 100
    assert max(f.complex_step for f in report.figures) < COMPLEX / 100


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [(4, 3), (40, 30)])
def test_a_module_with_kinks_agrees_at_any_point(seed, size):
    report = compare(relu_module(*size), seed)
    assert report.agrees, report
    assert report.kept_away > 0
    assert all(figure.complex_step is None for figure in report.figures)
    assert max(figure.differences for figure in report.figures) < DIFFERENCES / 10


def test_a_point_has_targets_that_the_module_takes():
    point = random_point(tiny_module(), 5, np.random.default_rng(0))
    X, T = point.inputs
    assert X.shape == (5, 4)
    np.testing.assert_allclose(T.sum(axis=1), 1)
    assert all(array.all() for array in point.params)


def entry(factor):
    def change(gradient, X, T):
        gradient[1, 2] *= factor
        return gradient

    return change


FAULTS = {
    "sign": lambda g, X, T: -g,
    "missing 1/k": lambda g, X, T: g * len(X),
    "twice": lambda g, X, T: 2 * g,
    "a part in 100,000": lambda g, X, T: g * (1 + 1e-5),
    "transposed": lambda g, X, T: g.T,
    "zero": lambda g, X, T: 0 * g,
    "NaN": lambda g, X, T: g * np.nan,
    "inf in one entry": entry(np.inf),
    "sign of one entry": entry(-1),
    "one entry zero": entry(0),
    "a number for 1/k": lambda g, X, T: g * len(X) / 3,
    "shape": lambda g, X, T: g[:2],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_gradient_is_refuted(fault):
    report = compare(spoil(tiny_module(), "W1", FAULTS[fault]))
    assert not report.agrees
    assert [f.parameter for f in report.figures if not f.agrees] == ["W1"]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in ("transposed", "shape")])
def test_a_wrong_gradient_is_refuted_without_complex_steps(fault):
    report = compare(spoil(relu_module(), "W", FAULTS[fault]), seed=1)
    assert not report.agrees


@pytest.mark.slow
def test_one_wrong_entry_among_420000():
    assert compare(relu_module(700, 600)).agrees


@pytest.mark.slow
@pytest.mark.parametrize("at", [(0, 0), (699, 599)])
def test_one_wrong_entry_among_420000_is_refuted(at):
    def change(gradient, X, T):
        gradient[at] = 0
        return gradient

    assert not compare(spoil(relu_module(700, 600), "W", change)).agrees


def test_a_loss_that_gradients_gets_wrong():
    module = tiny_module()
    right = module.gradients
    module.gradients = lambda params, X, T: (right(params, X, T)[0] + 1e-6, right(params, X, T)[1])
    assert "loss" in compare(module).figures[0].fault


def test_a_complex_step_alone_refutes_what_differences_cannot_see():
    module = spoil(tiny_module(), "b1", lambda g, X, T: g * (1 + 1e-9))
    (figure,) = (f for f in compare(module).figures if not f.agrees)
    assert figure.differences < DIFFERENCES < 1
    assert figure.complex_step > COMPLEX


def test_no_point_at_all():
    module = tiny_module()
    module.loss = lambda params, X, T: np.nan
    with pytest.raises(NoPoint, match="nan"):
        compare(module)


def test_the_same_seed_gives_the_same_report():
    assert compare(tiny_module(), 3) == compare(tiny_module(), 3) != compare(tiny_module(), 4)


def test_the_loss_is_compared_with_the_declared_formulas(tmp_path):
    stack = build_stack(load_spec(EXAMPLES / "logistic_regression.yaml"))
    path = tmp_path / "generated.py"
    path.write_text(generate(derive(stack)), encoding="utf-8")
    module = load_module(path)
    declared = partial(declared_loss, stack)
    assert compare(module, declared=declared).agrees
    right, right_gradients = module.loss, module.gradients
    module.loss = lambda params, X, T: 2 * right(params, X, T)
    module.gradients = lambda params, X, T: (
        module.loss(params, X, T),
        module.Params(*(2 * g for g in right_gradients(params, X, T)[1])),
    )
    report = compare(module, declared=declared)
    assert all(figure.agrees for figure in report.figures)
    assert report.loss == pytest.approx(0.5)
    assert not report.agrees


def test_a_declared_formula_that_overflows_is_not_compared(tmp_path):
    """log Σ exp(exp(t)) as it is declared is inf where exp(t) is above 709; the module shifts the exponents."""
    overflows = compare(load_module(TINY), declared=lambda params, inputs: float("inf"))
    assert overflows.loss is None
    assert overflows.agrees


def test_gradients_that_vanish_are_said_and_are_no_false_alarm():
    """A parameter that hardly counts: differences cannot see it, a complex step can."""

    class Chain(NamedTuple):
        first: np.ndarray
        last: np.ndarray

    def loss(params, X, T):
        return ((1e-12 * X * params.first + params.last * X - T) ** 2).sum() / len(X)

    def gradients(params, X, T):
        delta = 2 * (1e-12 * X * params.first + params.last * X - T) / len(X)
        return loss(params, X, T), Chain((1e-12 * delta * X).sum(), (delta * X).sum())

    def init(rng, dtype=np.float64):
        return Chain(rng.standard_normal(()), rng.standard_normal(()))

    inputs = {"X": ("k", 1), "T": ("k", 1)}
    module = SimpleNamespace(INPUTS=inputs, ANALYTIC=True, KINKS=(), init=init, loss=loss, gradients=gradients)
    report = compare(module)
    assert report.agrees
    assert [figure.faint for figure in report.figures] == [True, False]
    assert not compare(spoil(module, "first", lambda g, X, T: 1.001 * g)).agrees


# --- gradients that are exactly 0, and losses whose terms cancel ---

CANCELLING = {
    "a mean subtraction": "layers: [dense: 3, {formula: 'x - mean(x, axis=0)'}, dense: 2]\nloss: mse",
    "batch norm": (
        "layers: [dense: 3, {formula: '(x - mean(x, axis=0))/sqrt(mean((x - mean(x, axis=0))**2, axis=0) + 1/100)'},"
        " tanh, dense: 2]\nloss: mse"
    ),
    "a convolution and batch norm": (
        "input: 'X[k, 1, 4, 4]'\nlayers: [conv2d: {filters: 2, size: 2}, {formula: 'B[n,o,i,j] = (X[n,o,i,j]"
        " - mean[m,p,q] X[m,o,p,q])/sqrt(mean[r,s,t] ((X[r,o,s,t] - mean[m,p,q] X[m,o,p,q])**2) + 1/100)'},"
        " tanh, flatten, dense: 2]\nloss: mse"
    ),
    "a softmax after a bias of one number": (
        "layers: [{formula: 'A[n,j] = sum[i](X[n,i]*W[i,j]) + c[1]', parameters: {W: {shape: [inputs, 3], std: 1},"
        " c: {shape: [2]}}}, softmax]\nloss: {formula: 'mean((Y - T)**2)'}"
    ),
    "a loss of 0": "layers: [dense: 3, tanh, dense: 2, {formula: 'x - mean(x, axis=1)'}]\nloss: {formula: mean(Y)}",
    "a linear loss of 0": "layers: [dense: 5, {formula: 'x - mean(x, axis=1)'}]\nloss: {formula: mean(2*Y - T)/2}",
    "a sum of 0": "layers: [dense: 3, tanh, dense: 2, {formula: 'x - mean(x, axis=0)'}]\nloss: {formula: sum(Y)/k}",
}


def cancelling(tmp_path, name):
    path = tmp_path / "net.yaml"
    given = "" if "input:" in CANCELLING[name] else "input: 'X[k, 4]'\n"
    path.write_text(f"name: net\n{given}{CANCELLING[name]}\n")
    stack = build_stack(load_spec(path))
    code = tmp_path / "generated.py"
    code.write_text(generate(derive(stack)), encoding="utf-8")
    return load_module(code), partial(declared_loss, stack)


@pytest.mark.parametrize("name", CANCELLING)
@pytest.mark.parametrize("seed", [0, slow(1), slow(2)])
def test_a_gradient_that_is_a_sum_of_terms_that_cancel_agrees(tmp_path, name, seed):
    module, declared = cancelling(tmp_path, name)
    report = compare(module, seed, declared)
    assert report.agrees, report


@pytest.mark.parametrize("name", CANCELLING)
def test_a_small_fault_beside_terms_that_cancel_is_refuted(tmp_path, name):
    module, declared = cancelling(tmp_path, name)
    first = module.Params._fields[0 if "loss" in name else 1]
    report = compare(spoil(module, first, lambda g, X, T: g + 1e-11), declared=declared)
    assert [f.parameter for f in report.figures if not f.agrees] == [first], report


def test_a_wrong_loss_whose_terms_cancel_is_refuted(tmp_path):
    module, declared = cancelling(tmp_path, "a loss of 0")
    assert not compare(module, declared=lambda *given: declared(*given) + 1e-12).agrees


# --- large networks ---


@pytest.mark.slow
def test_of_a_large_network_less_is_compared(monkeypatch):
    monkeypatch.setattr(differences, "WORK", 10**8)
    monkeypatch.setattr(differences, "SPREAD", 10**5)
    told = []
    report = compare(relu_module(700, 600), progress=told.append)
    assert report.agrees
    weights, biases = report.figures
    assert (weights.entries, weights.directions, weights.moved) == (7, 6, 84000)
    assert (biases.entries, biases.directions, biases.moved) == (7, 6, 600)
    assert told == sorted(told) and told[0] == 0 and 0.9 < told[-1] < 1


@pytest.mark.slow
def test_a_wrong_gradient_of_a_large_network_is_refuted(monkeypatch):
    monkeypatch.setattr(differences, "WORK", 10**7)
    for fault in ("sign", "missing 1/k", "twice", "a part in 100,000", "zero"):
        assert not compare(spoil(relu_module(700, 600), "W", FAULTS[fault])).agrees
