"""The blocks module: its factors and terms, put together naively and by the assembly, are the curvature's blocks."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from symjac.codegen.blocks_code import generate_blocks
from symjac.core.evaluate import evaluate
from symjac.derivation.hessian_blocks import Curvature, curvature
from symjac.numbers import hessian_sums
from symjac.numbers.assembly import assemble
from tests.derivation.test_chain import NETS as FIRST
from tests.derivation.test_chain import positive_targets
from tests.derivation.test_hessian_blocks import sensitivities_and_products
from tests.nets import all_values, constants, derivation_of, random_tensors

NETS = {
    **FIRST,
    "three relu layers": """
name: a
input: X[k, 4]
layers: [dense: 3, relu, dense: 5, relu, dense: 2, softmax]
loss: {cross_entropy: {target: T}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "columns, squared error": """
name: a
conventions: {samples: columns}
input: X[4, k]
layers: [dense: 3, relu, dense: 2]
loss: {mse: {target: T, reduction: half_sum}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "convolutions": """
name: a
input: X[k, 1, 6, 5]
layers:
  - conv2d: {filters: 2, size: 3, stride: 2, padding: 1}
  - tanh
  - conv2d: {filters: 3, size: 2}
  - relu
  - flatten
  - dense: 2
  - softmax
loss: {cross_entropy: {target: T}}
update: {gradient_descent: {alpha: 0.1}}
""",
    "no hidden layer": """
name: a
input: X[k, 4]
layers: [dense: 2, sigmoid]
loss: {mse: {target: T, reduction: mean}}
update: {gradient_descent: {alpha: 0.1}}
""",
}
K = 7


@pytest.fixture(scope="module", params=NETS)
def net(request: pytest.FixtureRequest) -> Curvature:
    return curvature(derivation_of(NETS[request.param]))


def module_of(source: str) -> ModuleType:
    module = ModuleType("blocks")
    exec(compile(source, "blocks.py", "exec"), module.__dict__)
    return module


def tensors_of(net: Curvature) -> dict[str, np.ndarray]:
    """Random, half of the inputs 0."""
    tensors = positive_targets(net.derivation, random_tensors(net.derivation.stack, K))
    tensors["X"] *= np.random.default_rng(1).random(tensors["X"].shape) < 0.5
    return tensors


def dense(net: Curvature, tensors: dict[str, np.ndarray]) -> np.ndarray:
    """H by the oracle."""
    values = sensitivities_and_products(net, all_values(net.derivation, tensors, K), K)
    names = [p.symbol.name for p in net.derivation.stack.parameters]

    def part(row: str, column: str) -> np.ndarray:
        b = net.block(row, column)
        order = (*b.row.indices, *b.column.indices)
        found = evaluate(b.value, order, values, constants(net.derivation.stack, K))
        return found.reshape(tensors[row].size, tensors[column].size)

    return np.block([[part(row, column) for column in names] for row in names])


@pytest.mark.parametrize("least", [hessian_sums.CHEAP, 0], ids=["at once", "by columns"])
def test_the_matrix_is_that_of_the_blocks(net: Curvature, tmp_path: Path, monkeypatch, least: int) -> None:
    """To rounding, exactly symmetric, for samples in two chunks or more."""
    monkeypatch.setattr(hessian_sums, "CHEAP", least)
    module = module_of(generate_blocks(net))
    monkeypatch.setattr(hessian_sums, "CHUNK", 4 * module.NUMBERS)
    tensors = tensors_of(net)
    params = [tensors[p.symbol.name] for p in net.derivation.stack.parameters]
    out = tmp_path / "H.npy"
    assemble(module, params, tensors["X"], tensors["T"], out, dtype="float64")
    found, expected = np.load(out), dense(net, tensors)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14 * np.abs(expected).max() * K)
    assert np.array_equal(found, found.T)


def test_factors_add_up_over_any_parts_of_the_samples(net: Curvature) -> None:
    """The arrays of the parts, one behind the other, or added up, are those of the whole."""
    module = module_of(generate_blocks(net))
    tensors = tensors_of(net)
    params = [tensors[p.symbol.name] for p in net.derivation.stack.parameters]
    axes = [shape.index("k") for shape in module.INPUTS.values()]
    inputs = [tensors["X"], tensors["T"]]

    def factors(samples: slice) -> dict[str, np.ndarray]:
        parts = [a[(*[slice(None)] * axis, samples)] for a, axis in zip(inputs, axes, strict=True)]
        return module.factors(params, *parts, K)

    whole, one, other = factors(slice(0, K)), factors(slice(0, 3)), factors(slice(3, K))
    for name, array in whole.items():
        if len(array) == K:
            np.testing.assert_allclose(array, np.concatenate([one[name], other[name]]), rtol=0, atol=1e-12)
        elif len(array) == 1 and len(one[name]) == 1:
            np.testing.assert_allclose(array, one[name] + other[name], rtol=0, atol=1e-12)


def test_terms_are_read_off_the_contraction() -> None:
    """W1 W1 is X, M, X; the diagonal of W2 W1 shares a label."""
    source = generate_blocks(curvature(derivation_of(NETS["sigmoid, softmax, cross-entropy"])))
    module = module_of(source)
    found = {(row, column): terms for row, column, terms in module.blocks(100)}
    assert len(found) == 10
    ((scale, factors, row, column),) = found["W1", "W1"]
    assert scale == 1 and [name for name, _ in factors] == ["X", "J_delta1_A1", "X"]
    assert not set(row.split()) & set(column.split())
    diagonal = [(r.split(), c.split()) for _, _, r, c in found["W2", "W1"] if set(r.split()) & set(c.split())]
    assert len(diagonal) == 1 and diagonal[0][0][0] == diagonal[0][1][1]
    assert "# J_Y_A2[n,i,i2] = 1[i = i2]·Y[n,i] − Y[n,i]·Y[n,i2]" in source
