"""The derivation against finite differences, against itself forwards, and step by step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from symjac.core.evaluate import evaluate
from symjac.core.expr import ZERO, Equation, Symbol, symbol, symbols, transform
from symjac.derivation.chain import Derivation, derive
from tests.nets import EXAMPLES, all_values, constants, derivation_of, loss_value, random_tensors, stack_of

NETS = {
    "sigmoid, softmax, cross-entropy": """
name: a
input: X[k, 3]
layers: [dense: 5, sigmoid, dense: 2, softmax]
loss: {cross_entropy: {target: T, reduction: mean}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "the same without the fact": """
name: a
input: X[k, 3]
layers: [dense: 5, sigmoid, dense: 2, softmax]
loss: {cross_entropy: {target: T, reduction: mean, facts: []}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "three tanh layers, columns": """
name: a
conventions: {samples: columns}
input: X[3, k]
layers: [dense: 5, tanh, dense: 2, tanh, dense: 4]
loss: {mse: {target: T, reduction: half_mean}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "torch, binary cross-entropy": """
name: a
conventions: {samples: torch}
input: X[k, 3]
layers: [dense: 5, swish, dense: 2, sigmoid]
loss: {binary_cross_entropy: {target: T}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "softmax in the middle": """
name: a
input: X[k, 3]
layers: [dense: 5, softmax, dense: 2, log_softmax]
loss: {mse: {target: T, reduction: half_sum}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "convolution with stride, padding and dilation": """
name: a
input: X[k, 2, 7, 6]
layers:
  - conv2d: {filters: 3, size: 2, stride: 2, padding: 1, dilation: 2}
  - softplus
  - flatten
  - dense: 2
  - softmax
loss: {cross_entropy: {target: T, reduction: mean}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "equal sizes": """
name: a
input: X[k, 3]
layers: [dense: 3, relu, dense: 3, sigmoid]
loss: {mse: {target: T, reduction: mean}}
update: {gradient_descent: {alpha: 0.1}}
""",
}


@pytest.fixture(scope="module", params=NETS)
def net(request: pytest.FixtureRequest) -> Derivation:
    return derivation_of(NETS[request.param])


@pytest.mark.parametrize("k", [1, 3, 4])
def test_gradients_agree_with_finite_differences(net: Derivation, k: int) -> None:
    """∂L/∂θ = (L(θ + h) − L(θ − h))/2h for every entry of every parameter."""
    tensors = positive_targets(net, random_tensors(net.stack, k))
    values = all_values(net, tensors, k)
    for parameter in net.stack.parameters:
        name = parameter.symbol.name
        np.testing.assert_allclose(values[f"d{name}"], differences(net, tensors, name, k), rtol=2e-7, atol=2e-9)


def positive_targets(net: Derivation, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if "binary" in net.stack.loss.layer:
        tensors["T"] = 1 / (1 + np.exp(-tensors["T"]))
    return tensors


def differences(net: Derivation, tensors: dict[str, np.ndarray], name: str, k: int) -> np.ndarray:
    h = 1e-5
    out = np.zeros_like(tensors[name])
    for at in np.ndindex(out.shape):
        sides = []
        for sign in (1, -1):
            moved = tensors[name].copy()
            moved[at] += sign * h
            sides.append(loss_value(net.stack, {**tensors, name: moved}, k))
        out[at] = (sides[0] - sides[1]) / (2 * h)
    return out


def test_each_step_holds_on_both_sides(net: Derivation) -> None:
    """before = after; the chain rule's two sides are the forward and the reverse mode."""
    k = 3
    values = all_values(net, positive_targets(net, random_tensors(net.stack, k)), k)
    count = 0
    for derived in net.chain:
        assert derived.steps[-1].after is derived.equation.rhs
        for step in derived.steps:
            sides = [
                evaluate(side, derived.by.indices, values, constants(net.stack, k))
                for side in (step.before, step.after)
            ]
            np.testing.assert_allclose(sides[0], sides[1], rtol=1e-9, atol=1e-12)
            count += 1
    assert count >= len(net.chain)


def test_each_quantity_uses_only_earlier_ones(net: Derivation) -> None:
    known = {s.name for s in net.stack.inputs} | {p.symbol.name for p in net.stack.parameters}
    known |= {d.equation.lhs.name for d in net.stack.forward}
    for derived in net.backward:
        assert {s.name for s in symbols(derived.equation.rhs)} <= known
        known.add(derived.equation.lhs.name)


def test_a_planted_fault_in_a_gradient_is_seen(net: Derivation) -> None:
    """Twice the last gradient is not the gradient."""
    k = 3
    tensors = positive_targets(net, random_tensors(net.stack, k))
    name = net.stack.parameters[0].symbol.name
    wrong = 2 * all_values(net, tensors, k)[f"d{name}"]
    assert not np.allclose(wrong, differences(net, tensors, name, k), rtol=1e-3)


def test_softmax_meets_cross_entropy() -> None:
    """delta_2 = (Y − T)/k where rows of T sum to one; Y is multiplied by the sum where nothing says so."""
    with_fact = derivation_of(NETS["sigmoid, softmax, cross-entropy"])
    without = derivation_of(NETS["the same without the fact"])
    laws = [s.law.name for s in next(d for d in with_fact.chain if d.equation.lhs.name == "delta_2").steps]
    assert "declared fact" in laws and "cancellation" in laws
    values = all_values(with_fact, random_tensors(with_fact.stack, 4), 4)
    np.testing.assert_allclose(values["delta_2"], (values["Y"] - values["T"]) / 4)
    values = all_values(without, {**random_tensors(without.stack, 4), "T": np.arange(8.0).reshape(4, 2)}, 4)
    total = values["T"].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(values["delta_2"], (values["Y"] * total - values["T"]) / 4)


def test_code_computes_no_cotangent_that_was_substituted() -> None:
    names = [d.equation.lhs.name for d in derivation_of(NETS["sigmoid, softmax, cross-entropy"]).backward]
    assert names == ["delta_2", "dW_2", "db_2", "delta_1", "dW_1", "db_1"]


def test_a_delta_is_named_never_expanded() -> None:
    """Every right side reads at most the delta of the next layer."""
    text = "name: a\ninput: X[k, 3]\nlayers: [{repeat: {times: 20, layers: [dense: 4, tanh]}}, dense: 2, softmax]\n"
    text += "loss: {cross_entropy: {target: T}}\nupdate: {gradient_descent: {alpha: 0.1}}\n"
    net = derivation_of(text)
    for derived in net.backward:
        read = {s.name for s in symbols(derived.equation.rhs)}
        assert len([r for r in read if r.startswith("delta_")]) <= 1 and len(read) <= 3, derived


def test_a_parameter_of_two_layers_gets_both_contributions() -> None:
    """Tied weights: L = sum((X W W)^2)/2 by ordinary formulas; the gradient is the sum over both readers."""
    stack = stack_of(NETS["equal sizes"])
    first, relu, second, *rest = stack.forward
    tied = first.equation.rhs
    renamed = {"W_2": "W_1"}
    rhs = transform(
        second.equation.rhs,
        lambda e: symbol(renamed[e.name], e.indices) if isinstance(e, Symbol) and e.name in renamed else None,
    )
    forward = (first, relu, replace(second, equation=Equation(second.equation.lhs, rhs)), *rest)
    shared = replace(stack, forward=forward, parameters=tuple(p for p in stack.parameters if p.symbol.name != "W_2"))
    net = derive(shared)
    assert tied is first.equation.rhs
    tensors = random_tensors(shared, 4)
    values = all_values(net, tensors, 4)
    np.testing.assert_allclose(values["dW_1"], differences(net, tensors, "W_1", 4), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: Path(p).stem)
def test_examples_derive(path: Path) -> None:
    net = derive(stack_of(path.read_text(encoding="utf-8")))
    assert [d.by.name for d in net.backward if d.kind == "gradient"]
    assert all(d.equation.rhs is not ZERO for d in net.chain)


def test_a_fact_of_another_form_stays_beside_the_derivation() -> None:
    """Only what is said of a sum of one tensor is used by a law; the rest is declared, and checked by the module."""
    loss = 'loss: {formula: sum(Y*T*T)/k, target: T, facts: ["sum(T*T, axis=1) = 1"]}'
    derivation = derivation_of(f"name: a\ninput: X[k, 3]\nlayers: [dense: 2]\n{loss}\n")
    assert [f.text for f in derivation.stack.facts] == ["sum(T*T, axis=1) = 1"]
    (by_output,) = (d for d in derivation.chain if d.by.name == "Y")
    assert by_output.equation.rhs.names == {"T"} and not any(s.law.name == "declared fact" for s in by_output.steps)
