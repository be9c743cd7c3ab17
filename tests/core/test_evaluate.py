"""The oracle agrees with plain loops at every size, and with each node's definition read component by component."""

from __future__ import annotations

import numpy as np
import pytest

from symjac.core import evaluate as oracle
from symjac.core.evaluate import evaluate
from symjac.core.expr import contract, inverse, symbol
from symjac.core.index import index
from symjac.core.wellformed import RULES
from tests.core.bank import BANK, SIZES, Case, array, by_name, component, i, i1, j, kinds, size_values, tensors


def test_the_bank_has_every_node() -> None:
    assert set().union(*(kinds(case.expr) for case in BANK)) == set(RULES)
    assert len({case.name for case in BANK}) == len(BANK)


def agrees(case: Case, sizes: dict[str, int]) -> None:
    given, constants = tensors(sizes), size_values(sizes)
    expected = array(case.order, sizes, lambda *place: case.loops({**given, "c": constants["c"]}, sizes, *place))
    found = evaluate(case.expr, case.order, given, constants)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("case", BANK, ids=str)
def test_evaluate_is_the_loops(case: Case, sizes: dict[str, int]) -> None:
    if sizes["m"] == 0 and (
        case.needs_entries or case.name in ("number of a size", "mean", "mean squared error of a tanh layer")
    ):
        pytest.skip("there is no such value over no entries")
    agrees(case, sizes)


@pytest.mark.parametrize("case", BANK, ids=str)
def test_component_is_the_loops(case: Case) -> None:
    sizes = SIZES["2, 3, 5"]
    given = tensors(sizes)
    names = {"c": size_values(sizes)["c"]}
    found = array(
        case.order,
        sizes,
        lambda *place: float(
            component(case.expr, dict(zip(case.order, place, strict=True)), given, sizes).subs(_real(names))
        ),
    )
    np.testing.assert_allclose(
        found, evaluate(case.expr, case.order, given, size_values(sizes)), rtol=1e-12, atol=1e-12
    )


def _real(names: dict[str, float]) -> dict[object, float]:
    import sympy

    return {sympy.Symbol(name, real=True): value for name, value in names.items()}


def test_no_value_without_its_inputs() -> None:
    with pytest.raises(KeyError, match="A"):
        evaluate(symbol("A", [i, j]), (i, j), {}, {"m": 2, "n": 2})
    with pytest.raises(KeyError, match="n"):
        evaluate(symbol("A", [i, j]), (i, j), {"A": np.zeros((2, 2))}, {"m": 2})


def test_a_tensor_of_another_shape_is_no_value() -> None:
    with pytest.raises(ValueError, match="shape"):
        evaluate(
            contract([symbol("A", [i, j]), symbol("w", [j])], [j]),
            (i,),
            {"A": np.zeros((2, 2)), "w": np.zeros(3)},
            {"m": 2, "n": 2},
        )


def test_a_singular_matrix_has_no_inverse() -> None:
    with pytest.raises(ValueError, match=r"[Ss]ingular"):
        evaluate(inverse(symbol("D", [i, i1]), i, i1, i, i1), (i, i1), {"D": np.ones((2, 2))}, {"m": 2})


def test_many_indices_in_one_product() -> None:
    many = [index(f"a{number}", 1) for number in range(40)]
    out = contract([symbol("v", [a]) for a in many])
    assert evaluate(out, many, {"v": np.full(1, 2.0)}, {}).item() == 2.0**40


@pytest.mark.parametrize(
    "name", ["A B", "bias by name", "strided, dilated", "maximum of a product", "softmax", "inverse of each"]
)
def test_planted_fault_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = oracle._spread
    monkeypatch.setattr(
        oracle, "_spread", lambda value, have, want, constants: 1.001 * right(value, have, want, constants)
    )
    with pytest.raises(AssertionError):
        agrees(by_name(name), SIZES["2, 3, 5"])
