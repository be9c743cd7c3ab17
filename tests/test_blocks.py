"""The Hessian's blocks: against finite differences of the gradients, and component by component by SymPy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy

from symjac.blocks import Curvature, NotBySample, curvature
from symjac.check.components import components, tensor
from symjac.core.evaluate import evaluate
from symjac.core.expr import contract, number
from tests.nets import all_values, constants, derivation_of, random_tensors
from tests.test_derive import NETS, positive_targets


@pytest.fixture(scope="module", params=NETS)
def net(request: pytest.FixtureRequest) -> Curvature:
    return curvature(derivation_of(NETS[request.param]))


def sensitivities_and_products(net: Curvature, values: dict[str, Any], k: int) -> dict[str, Any]:
    sizes = constants(net.derivation.stack, k)
    out = dict(values)
    for equation in (*net.products, *(s.equation for s in net.sensitivities)):
        out[equation.lhs.name] = evaluate(equation.rhs, equation.lhs.indices, out, sizes)
    return out


def test_blocks_agree_with_differences_of_gradients(net: Curvature) -> None:
    """∂²L/∂P∂Q = (∂L/∂P(Q + h) − ∂L/∂P(Q − h))/2h for every entry of every pair."""
    k, h = 3, 1e-5
    derivation = net.derivation
    tensors = positive_targets(derivation, random_tensors(derivation.stack, k))
    values = sensitivities_and_products(net, all_values(derivation, tensors, k), k)
    names = [p.symbol.name for p in derivation.stack.parameters]
    found = {}
    for row, column in product(names, names):
        b = net.block(row, column)
        order = (*b.row.indices, *b.column.indices)
        found[row, column] = evaluate(b.value, order, values, constants(derivation.stack, k))
    for column in names:
        for at in np.ndindex(tensors[column].shape):
            sides = []
            for sign in (1, -1):
                moved = tensors[column].copy()
                moved[at] += sign * h
                sides.append(all_values(derivation, {**tensors, column: moved}, k))
            for row in names:
                expected = (sides[0][f"d{row}"] - sides[1][f"d{row}"]) / (2 * h)
                np.testing.assert_allclose(found[row, column][(..., *at)], expected, rtol=1e-7, atol=3e-9)


PROVED = {
    "2-3-2, sigmoid, softmax, cross-entropy, two samples": """
name: proof
input: X[k, 2]
layers: [dense: 3, sigmoid, dense: 2, softmax]
loss: {cross_entropy: {target: T}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "three tanh layers, squared error": """
name: proof
input: X[k, 2]
layers: [dense: 1, tanh, dense: 2, tanh, dense: 1]
loss: {mse: {target: T, reduction: half_mean}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "relu, squared error": """
name: proof
conventions: {samples: columns}
input: X[2, k]
layers: [dense: 3, relu, dense: 2]
loss: {mse: {target: T, reduction: half_sum}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "convolution": """
name: proof
input: X[k, 1, 3, 2]
layers: [{conv2d: {filters: 2, size: 2}}, tanh, flatten, dense: 2]
loss: {mse: {target: T, reduction: half_sum}}
update: {gradient_descent: {alpha: 0.1}}
""",
}
K = 2


@pytest.mark.parametrize("name", PROVED)
def test_blocks_are_proved_component_by_component(name: str) -> None:
    """SymPy differentiates L twice, entry by entry; every entry of every block equals that, exactly.

    Exponentials and hyperbolic tangents are variables of their own; what stands outside of them has rational values.
    """
    net = curvature(derivation_of(PROVED[name]))
    count = 0
    for where, difference in differences(net):
        assert difference == 0 or sympy.cancel(sympy.together(difference)) == 0, f"{where}: {difference}"
        count += 1
    assert count > 50


def grid(array: sympy.NDimArray) -> Iterator[tuple[int, ...]]:
    """Every place in an array."""
    return product(*(range(n) for n in array.shape))


def exact(e: sympy.Expr, point: dict[sympy.Symbol, sympy.Rational]) -> sympy.Expr:
    """`e` at the point, with exp(c·t) as the power E_t**c of a variable and tanh(t) as a variable."""
    e = sympy.expand_power_exp(e)
    names: dict[sympy.Expr, sympy.Expr] = {}
    for f in e.atoms(sympy.exp, sympy.tanh):
        power, base = f.args[0].as_coeff_Mul() if isinstance(f, sympy.exp) else (sympy.Integer(1), f.args[0])
        names[f] = sympy.Symbol(f"{f.func.__name__}({sympy.srepr(base)})") ** power
    out = e.xreplace(names).xreplace(point)
    return out.replace(sympy.Heaviside, lambda x, *_: sympy.Integer(int(x > 0))).doit()


def differences(net: Curvature) -> Iterator[tuple[str, sympy.Expr]]:
    stack = net.derivation.stack
    sizes = {stack.batch: K}
    known: dict[str, Any] = {}
    for s in (*stack.inputs, *(p.symbol for p in stack.parameters)):
        known[s.name] = tensor(s.name, [int(n.subs(sizes)) for n in s.shape])
    point = rational_point(net, known)
    for definition in (*stack.forward, stack.loss):
        equation = definition.equation
        known[equation.lhs.name] = components(equation.rhs, equation.lhs.indices, known, sizes)
    loss = known[stack.loss.equation.lhs.name][()]
    names = [p.symbol.name for p in stack.parameters]
    second = {}
    for row in names:
        for a in grid(known[row]):
            slope = sympy.diff(loss, known[row][a])
            for column in names[: names.index(row) + 1]:
                for b in grid(known[column]):
                    second[row, a, column, b] = exact(sympy.diff(slope, known[column][b]), point)
    values = {name: array.applyfunc(lambda e: exact(e, point)) for name, array in known.items()}
    for equation in (*net.products, *(s.equation for s in net.sensitivities)):
        values[equation.lhs.name] = components(equation.rhs, equation.lhs.indices, values, sizes)
    for b in net.blocks:
        entries = components(b.value, (*b.row.indices, *b.column.indices), values, sizes)
        for row_at in grid(known[b.row.name]):
            for column_at in grid(known[b.column.name]):
                expected = second[b.row.name, row_at, b.column.name, column_at]
                yield f"{b.row.name}{row_at} {b.column.name}{column_at}", expected - entries[(*row_at, *column_at)]


def rational_point(net: Curvature, known: dict[str, Any]) -> dict[sympy.Symbol, sympy.Rational]:
    """Distinct simple numbers; rows of a target that must sum to one do."""
    rng = np.random.default_rng(0)
    point = {}
    for array in known.values():
        for at in grid(array):
            point[array[at]] = sympy.Rational(int(rng.integers(-30, 30)) * 2 + 1, 40)
    if net.derivation.stack.facts:
        target = known["T"]
        for n in range(target.shape[0]):
            others = sum(point[target[n, j]] for j in range(target.shape[1] - 1))
            point[target[n, target.shape[1] - 1]] = 1 - others
    return point


def test_a_planted_fault_is_refuted() -> None:
    """A block without its term through the hidden layer's second derivative differs."""
    net = curvature(derivation_of(PROVED["2-3-2, sigmoid, softmax, cross-entropy, two samples"]))
    wrong = []
    for b in net.blocks:
        value = contract([number(2), b.value]) if b.row.name == "W_2" and b.column.name == "W_1" else b.value
        wrong.append(type(b)(b.row, b.column, value))
    planted = Curvature(net.derivation, net.sensitivities, tuple(wrong))
    assert any(sympy.cancel(sympy.together(difference)) != 0 for _, difference in differences(planted))


def test_samples_that_meet_are_refused() -> None:
    text = """
name: meets
input: X[k, 2]
layers:
  - dense: 3
  - formula: "B = A - mean(A, axis=0)"
    input: A[k, h]
  - dense: 2
loss: {mse: {target: T, reduction: half_sum}}
update: {gradient_descent: {alpha: 0.1}}
"""
    with pytest.raises(NotBySample, match="another"):
        curvature(derivation_of(text))


def test_the_textbook_blocks_of_two_layers() -> None:
    """Sixteen blocks from ten, four named factors: S, S W2ᵀ D, its product with W2, and M."""
    net = curvature(derivation_of(NETS["sigmoid, softmax, cross-entropy"]))
    assert len(net.blocks) == 10
    assert [s.equation.lhs.name for s in net.sensitivities] == ["J_Y_A2", "J_Y_A1", "J_dZ1_A1", "J_delta1_A1"]
