"""Second order along a direction, against finite differences of the derived gradients."""

from __future__ import annotations

import numpy as np
import pytest

from symjac.core.evaluate import evaluate
from symjac.core.expr import symbols
from symjac.derivation.along import backward_in_products, direction_name, directional, directional_name
from symjac.derivation.chain import Derivation
from tests.derivation.test_chain import NETS, positive_targets
from tests.nets import all_values, constants, derivation_of, random_tensors


@pytest.fixture(scope="module", params=NETS)
def net(request: pytest.FixtureRequest) -> Derivation:
    return derivation_of(NETS[request.param])


def test_hessian_times_direction_agrees_with_differences_of_gradients(net: Derivation) -> None:
    """R{∂L/∂θ} = (∇L(θ + hV) − ∇L(θ − hV))/2h."""
    k = 3
    tensors = positive_targets(net, random_tensors(net.stack, k))
    rng = np.random.default_rng(1)
    names = [p.symbol.name for p in net.stack.parameters]
    directions = {name: rng.standard_normal(tensors[name].shape) for name in names}
    values = all_values(net, tensors, k) | {direction_name(name): v for name, v in directions.items()}
    for equation in backward_in_products(net):
        values[equation.lhs.name] = evaluate(equation.rhs, equation.lhs.indices, values, constants(net.stack, k))
    for d in directional(net):
        lhs = d.equation.lhs
        values[lhs.name] = evaluate(d.equation.rhs, lhs.indices, values, constants(net.stack, k))
    h = 1e-5
    sides = [
        all_values(net, {**tensors, **{name: tensors[name] + s * h * directions[name] for name in names}}, k)
        for s in (1, -1)
    ]
    for name in names:
        expected = (sides[0][f"d{name}"] - sides[1][f"d{name}"]) / (2 * h)
        found = values.get(directional_name(f"d{name}"), np.zeros_like(expected))
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_each_right_side_reads_only_earlier_quantities(net: Derivation) -> None:
    known = {s.name for s in net.stack.inputs} | {p.symbol.name for p in net.stack.parameters}
    known |= {direction_name(p.symbol.name) for p in net.stack.parameters}
    known |= {d.equation.lhs.name for d in net.stack.forward} | {q.lhs.name for q in backward_in_products(net)}
    for d in directional(net):
        assert {s.name for s in symbols(d.equation.rhs)} <= known
        known.add(d.equation.lhs.name)
