"""The chapter of second order: what it holds, for which networks, and that its matrix formulas are the blocks."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
import sympy
from sympy.matrices.expressions.diagonal import DiagMatrix
from sympy.matrices.expressions.hadamard import HadamardPower, HadamardProduct
from sympy.matrices.expressions.kronecker import KroneckerProduct
from sympy.matrices.expressions.special import OneMatrix

from symjac.calculus.matrix import Sample, block_form
from symjac.core.evaluate import evaluate
from symjac.derivation.hessian_blocks import curvature
from symjac.documents.document import document
from tests.nets import ROOT, all_values, constants, derivation_of, random_tensors

MNIST = (ROOT / "examples" / "mnist_mlp.yaml").read_text(encoding="utf-8")
SMALL = MNIST.replace("784", "2").replace("dense: 50", "dense: 3").replace("dense: 10", "dense: 5")


@pytest.fixture(scope="module")
def text() -> str:
    return document(derivation_of(MNIST), "markdown")


def test_all_sixteen_blocks_of_the_steps_jacobian(text: str) -> None:
    for row in ("W_{1}", "b_{1}", "W_{2}", "b_{2}"):
        for column in ("W_{1}", "b_{1}", "W_{2}", "b_{2}"):
            above, below = row.replace("}", "}^{+}", 1), column
            above = rf"\mathop{{\mathrm{{vec}}}}({above})" if row[0] == "W" else above
            below = rf"\mathop{{\mathrm{{vec}}}}({below})" if column[0] == "W" else below
            assert text.count(rf"\frac{{\partial {above}}}{{\partial {below}}} =") == 1


def test_the_textbook_forms(text: str) -> None:
    """I − (α/k) Σ S_n ⊗ z zᵀ; the identity stands on the diagonal alone."""
    assert r"I - \frac{\alpha}{k} \sum_{n} S_{n} \otimes (z_{1,n} z_{1,n}^{\top})" in text
    assert r"I - \alpha \sum_{n} M_{11,n} \otimes (x_{n} x_{n}^{\top})" in text
    assert (
        r"S_{n} = \frac{\partial y_{n}}{\partial a_{2,n}} &= \mathop{\mathrm{diag}}(y_{n}) - y_{n} y_{n}^{\top}" in text
    )
    assert text.count("= I - ") == 4


def test_a_coefficient_without_a_numerator_is_one_over_it() -> None:
    """With a step that is not linear the Hessian's own blocks stand in the document, without the step size."""
    text = document(derivation_of(SMALL.replace("{gradient_descent: {alpha: 0.1}}", "adam")), "markdown")
    assert r"\partial b_{2} \thinspace \partial b_{2}} = \frac{1}{k} \sum_{n} S_{n}" in text
    assert r"\frac{}" not in text


def test_a_deep_network_has_the_recursion_and_no_blocks() -> None:
    deep = MNIST.replace("[dense: 50, sigmoid,", "[" + "dense: 5, tanh, " * 5)
    text = document(derivation_of(deep), "markdown")
    assert r"\mathcal{R}" in text
    assert "These factors recur" not in text


def numbers(form: Any, values: dict[str, Any], n: int, k: int) -> Any:
    """The matrix of a form at sample n, from the arrays of its names."""
    of = [numbers(a, values, n, k) for a in form.args] if not isinstance(form, Sample | sympy.MatrixSymbol) else []
    match form:
        case Sample():
            array = values[form.args[0].name]
            return (array[:, n] if form.args[2] == 1 else array[n])[:, None]
        case sympy.MatrixSymbol():
            array = values[form.name]
            return array[n] if array.ndim == 3 else array.reshape([int(d) for d in form.shape])
        case sympy.MatAdd() | sympy.Add():
            return sum(of)
        case sympy.MatMul() | sympy.Mul():
            return functools.reduce(lambda a, b: a @ b if np.ndim(a) and np.ndim(b) else a * b, of)
        case HadamardProduct():
            return functools.reduce(np.multiply, of)
        case HadamardPower() | sympy.Pow():
            return of[0] ** of[1]
        case KroneckerProduct():
            return functools.reduce(np.kron, of)
        case DiagMatrix():
            return np.diag(of[0][:, 0])
        case sympy.Transpose():
            return of[0].T
        case sympy.Identity():
            return np.eye(int(form.shape[0]))
        case OneMatrix():
            return np.ones([int(d) for d in form.shape])
        case sympy.Symbol():
            return k
        case _:
            return float(form)


LINEAR = SMALL.replace("softmax]", "identity]").replace(
    "cross_entropy: {target: T, reduction: mean}", "mse: {target: T, reduction: half_sum}"
)
"""Its last block, k I, has no sum over samples."""


def test_a_block_without_a_sum_over_samples() -> None:
    assert r"\frac{\partial b_{2}^{+}}{\partial b_{2}} = I - \alpha k I_{5}" in document(
        derivation_of(LINEAR), "markdown"
    )


@pytest.mark.parametrize("samples", ["rows", "torch", "columns"])
@pytest.mark.parametrize("vec", ["columns", "rows"])
@pytest.mark.parametrize("net", [SMALL, LINEAR], ids=["softmax", "linear"])
def test_block_forms_are_the_blocks(net: str, samples: str, vec: str) -> None:
    """Σ_n A_n ⊗ B_n as matrices of numbers is the block's array, vec'd."""
    spec = net + f"conventions: {{samples: {samples}, vec: {vec}}}\n"
    second = curvature(derivation_of(spec.replace("X[k, 2]", "X[2, k]") if samples == "columns" else spec))
    stack, k = second.derivation.stack, 4
    sizes = constants(stack, k)
    values = all_values(second.derivation, random_tensors(stack, k), k)
    for equation in (*second.products, *(s.equation for s in second.sensitivities)):
        values[equation.lhs.name] = evaluate(equation.rhs, equation.lhs.indices, values, sizes)
    by_sample = dict(values)
    for s in second.sensitivities:
        n_axis = next(p for p, i in enumerate(s.equation.lhs.indices) if i.size == stack.batch)
        by_sample[s.equation.lhs.name] = np.moveaxis(values[s.equation.lhs.name], n_axis, 0)
    names = [p.symbol.name for p in stack.parameters]
    for row in names:
        for column in names:
            b = second.block(row, column)
            form = block_form(b.value, b.row, b.column, vec=vec, batch=stack.batch)
            assert form is not None, (row, column)
            places = [0] if form.sample is None else range(k)
            found = sum(numbers(form.value, by_sample, n, k) for n in places) * numbers(form.coefficient, {}, 0, k)
            array = evaluate(b.value, (*b.row.indices, *b.column.indices), values, sizes)
            order = "F" if vec == "columns" else "C"
            flat = array.reshape((-1, *array.shape[len(b.row.indices) :]), order=order)
            expected = flat.reshape((flat.shape[0], -1), order=order)
            np.testing.assert_allclose(found, expected, atol=1e-12)
