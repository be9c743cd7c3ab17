"""Gradients where quantities tie: what is generated holds, planted faults are found."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from symjac.check.declared import declared_loss
from symjac.codegen.numpy_code import generate
from symjac.derivation.chain import derive
from symjac.model.build import build_stack, load_spec
from symjac.run import ties
from symjac.run.differences import compare, random_point
from symjac.run.module import load_module
from tests.marks import slow

SPEC = """
name: tied
input: X[k, 3]
layers: [dense: 4, {activation}, dense: 2]
loss: {{formula: "{loss}", constants: {{eps: 0.2, margin: 0.3}}}}
"""
LOSSES = {
    "clipped": "sum(min(Y*T, min(max(Y, T - 1/5), T + 1/5)*T)**2)/k",
    "nested": "sum(max(Y, max(T, Y**2), 1/10))/k",
    "axis": "sum(max(Y*T, axis=1))/k",
    "absolute": "sum(abs(Y - T))/k",
    "cases": "sum(where(Y > T, Y**2, Y*T))/k",
    "bounds": "sum(min(max(Y, -1/2), 1/2)*T)/k",
    # What SymPy writes with its terms on other sides is rounded otherwise, and ties at other points.
    "named bounds": "sum(min(max(Y, 1 - eps), 1 + eps)*T)/k",
    "ratio": "-sum[n] min(exp(Y[n,0] - T[n,0])*T[n,1], min(max(exp(Y[n,0] - T[n,0]), 1 - eps), 1 + eps)*T[n,1])/k",
    "margin": "mean(max(sum((Y - T)**2, axis=1) - sum((Y + T)**2, axis=1) + margin, 0))",
    "shifted": "sum(min(max(2*Y - T + eps, eps - 1/3), 1 - eps)*T)/k",
    "affine": "sum(max(T*Y/7 + 1/3, 4/5))/k",
    "scaled in a maximum": "max(max(T*Y/5, Y/3))",
    "bounded in a maximum": "max(max((T*Y)/5, 0))",
    "cases in a maximum": "max(abs(where(Y > 0, 3*Y/4, -Y/4))**(1/3))",
    "a root of cases in a maximum": "mean(max(sqrt(where(Y > T, 3*Y/4, -Y/7)**2 + 1/4), axis=1))",
}


def made(folder: Path, loss: str, activation: str = "tanh", change: tuple[str, str] = ("", "")):  # type: ignore[no-untyped-def]
    """The module for a loss, its source changed, and the loss by the declared formulas."""
    spec = folder / "tied.yaml"
    spec.write_text(SPEC.format(activation=activation, loss=loss))
    stack = build_stack(load_spec(spec))
    source = generate(derive(stack))
    assert change[0] in source
    module = folder / "module.py"
    module.write_text(source.replace(*change) if change[0] else source)
    return load_module(module), partial(declared_loss, stack)


def compared(module: ModuleType, declared: ties.Declared | None, seed: int = 0) -> ties.Ties:
    rng = np.random.default_rng(seed)
    point = random_point(module, 3, rng)
    found = ties.compare(module, point.params, point.inputs, rng, declared)
    assert found is not None
    return found


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_gradients_at_ties_are_as_the_convention_says(tmp_path: Path, loss: str) -> None:
    module, declared = made(tmp_path, loss)
    for seed in range(3):
        found = compared(module, declared, seed)
        assert found.points >= 1
        assert found.error is not None
        assert found.error < 1e-12
        assert found.agrees


@pytest.mark.parametrize("loss", [name for name in LOSSES if name.endswith("in a maximum")])
def test_a_maximum_reaches_what_it_is_of(tmp_path: Path, loss: str) -> None:
    """Of one entry alone the gradient is its own, never 0/0, wherever the parameters are."""
    module, declared = made(tmp_path, LOSSES[loss])
    for seed in range(20):
        rng = np.random.default_rng(seed)
        params, X, T = module.init(rng), rng.standard_normal((3, 3)), rng.standard_normal((3, 2))
        v = tuple(rng.standard_normal(a.shape) for a in params)
        slope = sum(float(np.vdot(g, d)) for g, d in zip(module.gradients(params, X, T)[1], v, strict=True))
        assert slope == pytest.approx(ties._slope(declared, params, (X, T), v), rel=1e-9, abs=1e-12)


FAULTS = {
    "both sides get nothing": ("clipped", "leads & (a >= b)", "leads & (a > b)"),
    "both sides get all": ("clipped", "return (leads / number)", "return leads"),
    "nested in halves": ("nested", "number + (a == b)", "2"),
    "the absolute value has 1": ("absolute", "np.sign(Y - T)", "(1.0 - 2.0 * (Y < T))"),
    "a bound passes": ("bounds", "(Y > -0.5,", "(Y >= -0.5,"),
    "a named bound passes": ("named bounds", "> 1 - eps", ">= 1 - eps"),
    "a bound on a sum passes": ("affine", "> 0.8", ">= 0.8"),
    "all get all in a maximum": (
        "a root of cases in a maximum",
        "/ mask_Y.astype(Y.dtype).sum(axis=1, keepdims=True)",
        "",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_convention_is_refuted(tmp_path: Path, fault: str) -> None:
    loss, before, after = FAULTS[fault]
    module, declared = made(tmp_path, LOSSES[loss], change=(before, after))
    assert not compared(module, declared).agrees
    assert not compare(module, declared=declared).agrees


def test_where_a_tie_persists_differences_alone_refute(tmp_path: Path) -> None:
    module, _ = made(tmp_path, LOSSES["clipped"], change=("leads & (a >= b)", "leads & (a > b)"))
    found = compared(module, None)
    assert found.error is None
    assert found.differences is not None
    assert found.differences > 0.01


def test_a_clipped_loss_between_its_bounds(tmp_path: Path) -> None:
    """Σ min(Y T, clip(Y) T)²/k is Σ (Y T)²/k there, so its gradient by Y is 2 Y T²/k."""
    module, _ = made(tmp_path, LOSSES["clipped"])
    rng = np.random.default_rng(0)
    X, params = rng.standard_normal((5, 3)), module.init(rng)
    Y = module.forward(params, X)
    T = Y + rng.uniform(-0.15, 0.15, Y.shape)
    _, gradients = module.gradients(params, X, T)
    np.testing.assert_allclose(gradients.b2, (2 * Y * T**2 / 5).sum(axis=0), rtol=1e-12)
    V = params._replace(**{name: np.zeros_like(a) for name, a in params._asdict().items()})._replace(b2=np.ones(2))
    np.testing.assert_allclose(module.hvp(params, X, T, V).b2, (2 * T**2 / 5).sum(axis=0), rtol=1e-12)
    block = module.hessian_block(params, X, T, "b2", "b2")
    np.testing.assert_allclose(np.diag(block), (2 * T**2 / 5).sum(axis=0), rtol=1e-12)


def test_float32_stays_so(tmp_path: Path) -> None:
    module, _ = made(tmp_path, LOSSES["nested"], "relu")
    rng = np.random.default_rng(0)
    X, T = rng.standard_normal((5, 3), np.float32), rng.standard_normal((5, 2), np.float32)
    _, gradients = module.gradients(module.init(rng, np.float32), X, T)
    assert {g.dtype for g in gradients} == {np.dtype(np.float32)}


def test_what_moves_by_rounding_alone_plants_no_tie(tmp_path: Path) -> None:
    """A bias before a mean is subtracted: at 1e15 all is rounding, and equal."""
    spec = tmp_path / "tied.yaml"
    spec.write_text(
        "name: tied\ninput: X[k, 3]\nlayers:\n  - dense: 2\n"
        "  - formula: (x - mean(x, axis=0))/sqrt(mean((x - mean(x, axis=0))**2, axis=0) + 1e-5)\n"
        "  - relu\n  - dense: 2\nloss: mse\n"
    )
    stack = build_stack(load_spec(spec))
    (tmp_path / "module.py").write_text(generate(derive(stack)))
    module = load_module(tmp_path / "module.py")
    for seed in range(3):
        assert compared(module, partial(declared_loss, stack), seed).agrees


@pytest.mark.parametrize("seed", [0, 2, 3, 4])
def test_what_comes_close_to_a_maximum_is_no_tie(tmp_path: Path, seed: int) -> None:
    """Where tanh has levelled off, entries come within 1e-13 of the maximum without a tie."""
    module, declared = made(tmp_path, "max(log(sum(exp(tanh((Y - T)*(2*Y - T))), axis=1)))", "identity")
    assert compared(module, declared, seed).agrees


@pytest.mark.parametrize(
    "loss", ["sum(where(2*Y - T > abs((Y + T/3)**(1/3)), Y**2, T*Y))", "sum(where(log(Y + T/3) > -1/2, Y**2, T*Y))"]
)
def test_where_what_decides_is_no_number_there_is_no_point(tmp_path: Path, loss: str) -> None:
    """Of a negative number a root decides nothing in code; the loss is a number all the same."""
    module, declared = made(tmp_path, loss)
    rng = np.random.default_rng(0)
    params, X, T = module.init(rng), rng.standard_normal((3, 3)), 20 + rng.random((3, 2))
    assert ties._point(module, params, (*params, X, T), declared) is not None
    T[0, 0] = -30
    with np.errstate(invalid="ignore"):
        assert np.isfinite(module.loss(params, X, T))
        assert float(np.real(declared(params, (X, T)))) == pytest.approx(module.loss(params, X, T), rel=1e-12)
        assert ties._point(module, params, (*params, X, T), declared) is None
        assert compared(module, declared).agrees


NORM = """
name: norm
input: X[2, k]
conventions: {samples: columns}
layers:
  - {formula: "A = W @ X", input: "X[inputs, k]", parameters: {W: {shape: [2, inputs], std: 1/2}}}
  - {formula: "x/sqrt(mean(x**2, axis=0) + 1/100) - mean(x/sqrt(mean(x**2, axis=0) + 1/100), axis=0)"}
  - formula: "A = abs(W @ X) - V @ X"
    input: "X[inputs, k]"
    parameters: {W: {shape: [3, inputs], std: 1/2}, V: {shape: [3, inputs], std: 1/2}}
loss: {formula: "sum(sqrt(sum((Y/5)**2, axis=0)))"}
"""


@pytest.mark.parametrize(
    ("change", "agrees"), [(("", ""), True), (("return L, Params(W1=dW1", "return L, Params(W1=dW1 + 1e-6"), False)]
)
@pytest.mark.parametrize("seed", [0, slow(1), slow(2)])
def test_a_tie_at_which_a_norm_is_0(tmp_path: Path, seed: int, change: tuple[str, str], agrees: bool) -> None:
    """Two centred features are 0 where they tie, and so is all that is made of them: there a norm has the slope 0."""
    (tmp_path / "norm.yaml").write_text(NORM)
    stack = build_stack(load_spec(tmp_path / "norm.yaml"))
    source = generate(derive(stack))
    assert change[0] in source
    (tmp_path / "module.py").write_text(source.replace(*change) if change[0] else source)
    found = compared(load_module(tmp_path / "module.py"), partial(declared_loss, stack), seed)
    assert found.agrees is agrees
