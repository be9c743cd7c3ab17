"""The Hessian's blocks: against finite differences of the gradients, and component by component by SymPy."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice, product
from typing import Any

import numpy as np
import pytest
import sympy

from symjac.core.evaluate import evaluate
from symjac.core.expr import Equation, Expr, Map, apply, contract, number, transform
from symjac.derivation.hessian_blocks import Curvature, HessianBlock, NotBySample, curvature
from tests.componentwise import components
from tests.derivation.test_chain import NETS, positive_targets
from tests.nets import all_values, constants, derivation_of, random_tensors


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
input: X[k, 1, 2, 3]
layers: [{conv2d: {filters: 2, size: 2}}, tanh, flatten, dense: 1]
loss: {mse: {target: T, reduction: half_sum}}
update: {gradient_descent: {alpha: 0.1}}
""",
}
K = 2


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVED)
def test_blocks_are_proved_component_by_component(name: str) -> None:
    """SymPy differentiates L twice, entry by entry; every entry of every block equals that.

    All variables have rational values, and so have the values of exp and tanh, at random: a rational identity that
    holds there, exactly, holds everywhere but for a chance below 1e-12 (Schwartz and Zippel).
    """
    count = 0
    for where, difference in differences(curvature(derivation_of(PROVED[name]))):
        assert at_random(difference) == 0, f"{where}: {difference}"
        count += 1
    assert count > 50


@pytest.mark.slow
def test_an_entry_of_each_block_is_proved_symbolically() -> None:
    """The same with the values of exp as variables: the difference cancels to 0."""
    seen = set()
    net = curvature(derivation_of(PROVED["2-3-2, sigmoid, softmax, cross-entropy, two samples"]))
    for where, difference in differences(net, first_only=True):
        assert difference == 0 or sympy.cancel(sympy.together(difference)) == 0, where
        seen.add(where)
    assert len(seen) == 10


def at_random(e: sympy.Expr) -> sympy.Expr:
    """`e` with each value of an opaque function replaced by a rational number of its own."""
    rng = np.random.default_rng(0)
    while e.atoms(Opaque):
        outer = {f: sympy.Rational(int(rng.integers(1, 2**40)), 2**20) for f in sorted(e.atoms(Opaque), key=str)}
        e = e.xreplace(outer)
    return e


class Opaque(sympy.Function):
    """A function that SymPy differentiates as `of`, and otherwise knows nothing of."""

    of: Any

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        return slope_of(type(self)).xreplace({U: self.args[0]})


U = sympy.Dummy("u")


@cache
def slope_of(kind: type[Opaque]) -> sympy.Expr:
    return kind.of(U).diff(U).replace(kind.of, kind)


class Exp(Opaque):
    of = sympy.exp


class Tanh(Opaque):
    of = sympy.tanh


def opaque(equation: Equation) -> Equation:
    def law(e: Expr) -> Expr | None:
        if not isinstance(e, Map):
            return None
        return apply(e.formula.replace(sympy.exp, Exp).replace(sympy.tanh, Tanh), e.args)

    return Equation(equation.lhs, transform(equation.rhs, law))


def differences(net: Curvature, first_only: bool = False) -> Iterator[tuple[str, sympy.Expr]]:
    """Each entry of the blocks, or each block's first: SymPy's second derivative of L minus the derived one."""
    stack = net.derivation.stack
    sizes = {stack.batch: K}
    point = rational_point(net)
    forward = [opaque(d.equation) for d in (*stack.forward, stack.loss)]
    backward = [opaque(q) for q in (*net.products, *(s.equation for s in net.sensitivities))]

    def values(tensors: dict[str, Any], equations: list[Equation]) -> dict[str, Any]:
        known = dict(tensors)
        for q in equations:
            known[q.lhs.name] = components(q.rhs, q.lhs.indices, known, sizes)
        return known

    s, t = sympy.symbols("s t", real=True)
    known = values(point, [*forward, *backward])
    for b in net.blocks:
        entries = components(b.value, (*b.row.indices, *b.column.indices), known, sizes)
        places = product(grid(point[b.row.name]), grid(point[b.column.name]))
        for row_at, column_at in islice(places, 1) if first_only else places:
            moved = shifted(shifted(point, b.row.name, row_at, s), b.column.name, column_at, t)
            loss = values(moved, forward)[stack.loss.equation.lhs.name][()]
            second = loss.diff(s).diff(t).xreplace({s: sympy.Integer(0), t: sympy.Integer(0)})
            if second.has(sympy.Heaviside):
                second = second.replace(sympy.Heaviside, lambda x, *_: sympy.Integer(x > 0))
            yield f"{b.row.name}{row_at} {b.column.name}{column_at}", second - entries[(*row_at, *column_at)]


def shifted(tensors: dict[str, Any], name: str, at: tuple[int, ...], by: sympy.Symbol) -> dict[str, Any]:
    moved = tensors[name].as_mutable()
    moved[at] += by
    return {**tensors, name: moved.as_immutable()}


def grid(array: sympy.NDimArray) -> Iterator[tuple[int, ...]]:
    """Every place in an array."""
    return product(*(range(n) for n in array.shape))


def rational_point(net: Curvature) -> dict[str, sympy.NDimArray]:
    """Distinct simple numbers; rows of a target that must sum to one do."""
    stack = net.derivation.stack
    rng = np.random.default_rng(0)
    point = {}
    for symbol in (*stack.inputs, *(p.symbol for p in stack.parameters)):
        shape = tuple(int(n.subs({stack.batch: K})) for n in symbol.shape)
        numbers = rng.choice(np.arange(-40, 40), int(np.prod(shape)), replace=False)
        point[symbol.name] = sympy.ImmutableDenseNDimArray([sympy.Rational(2 * int(n) + 1, 20) for n in numbers], shape)
    if stack.facts:
        point["T"] = sympy.ImmutableDenseNDimArray([[q, 1 - q] for q in (sympy.Rational(1, 3), sympy.Rational(2, 7))])
    return point


def test_a_planted_fault_is_refuted() -> None:
    """Twice a block is not the block."""
    net = curvature(derivation_of(PROVED["three tanh layers, squared error"]))
    wrong = [
        HessianBlock(b.row, b.column, contract([number(2), b.value]))
        if (b.row.name, b.column.name) == ("W_2", "W_1")
        else b
        for b in net.blocks
    ]
    planted = Curvature(net.derivation, net.sensitivities, tuple(wrong))
    assert any(at_random(difference) != 0 for _, difference in differences(planted))


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
    with pytest.raises(NotBySample, match="over all samples"):
        curvature(derivation_of(text))


def test_the_textbook_blocks_of_two_layers() -> None:
    """Sixteen blocks from ten, four named factors: S, S W2ᵀ D, its product with W2, and M."""
    net = curvature(derivation_of(NETS["sigmoid, softmax, cross-entropy"]))
    assert len(net.blocks) == 10
    assert [s.equation.lhs.name for s in net.sensitivities] == ["J_Y_A2", "J_Y_A1", "J_dZ1_A1", "J_delta1_A1"]
