"""Every formula of the library, proved component by component: SymPy differentiates each entry, and must agree.

Sizes are small and distinct, so that a transpose cannot hide. Where a formula has a kink, each side of it is proved.
The matrix formula that documents print is proved too, wherever there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import sympy

from symjac.calculus.matrix import jacobian_form
from symjac.core.expr import negate
from symjac.core.index import Index
from symjac.derivation.chain import Derivation
from symjac.model.library import builtin
from tests.componentwise import components, tensor
from tests.marks import slow
from tests.nets import derivation_of

LIBRARY = builtin()
K = 2


def net(
    layer: str, loss: str = "{mse: {target: T, reduction: half_sum}}", samples: str = "rows", x: str = "X[k, 3]"
) -> str:
    return f"""
name: proof
conventions: {{samples: {samples}}}
input: {x}
layers: [{layer}]
loss: {loss}
update: {{gradient_descent: {{alpha: 0.1}}}}
"""


def sides_of_kinks(entry: sympy.Expr) -> Iterator[sympy.Expr]:
    """`entry` with its variables positive, and with them negative, where it has a kink; else as it is."""
    if not entry.has(sympy.Max, sympy.Min, sympy.Abs, sympy.sign, sympy.Piecewise, sympy.Heaviside):
        yield entry
        return
    names = sorted(entry.free_symbols, key=str)
    for sign in (1, -1):
        yield entry.subs(
            {s: sign * sympy.Symbol(f"p{i}", positive=True) for i, s in enumerate(names)}, simultaneous=True
        )


def is_zero(entry: sympy.Expr) -> bool:
    return all(
        e == 0 or sympy.simplify(sympy.expand(sympy.simplify(e).rewrite(sympy.exp))) == 0 for e in sides_of_kinks(entry)
    )


class Proof:
    """The entries of a network's forward quantities, as formulas of what each one reads."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        stack = derivation.stack
        self.sizes = {stack.batch: K}
        self.tensors: dict[str, Any] = {}
        outputs = [d.equation.lhs for d in stack.forward]
        for symbol in (*stack.inputs, *(p.symbol for p in stack.parameters), *outputs):
            self.tensors[symbol.name] = tensor(symbol.name, [int(n.subs(self.sizes)) for n in symbol.shape])

    def entries(self, e: Any, order: tuple[Index, ...]) -> Any:
        return components(e, order, self.tensors, self.sizes)

    def differences(self) -> Iterator[tuple[str, sympy.Expr]]:
        """∂output/∂by of each definition: SymPy's entry minus the derived entry."""
        stack = self.derivation.stack
        of = {d.equation.lhs.name: d for d in stack.forward}
        for j in self.derivation.jacobians:
            definition = of[j.output.name]
            known = dict(self.tensors)
            forward = components(definition.equation.rhs, definition.equation.lhs.indices, known, self.sizes)
            known[j.output.name] = forward
            derived = components(j.value, (*j.output.indices, *j.by.indices), known, self.sizes)
            for at in _grid(forward.shape):
                for by in _grid(self.tensors[j.by.name].shape):
                    entry = sympy.diff(forward[at], self.tensors[j.by.name][by])
                    yield f"d{j.output.name}{at}/d{j.by.name}{by}", entry - derived[(*at, *by)]


def _grid(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return product(*(range(n) for n in shape))


def prove(text: str) -> None:
    count = 0
    for name, difference in Proof(derivation_of(text)).differences():
        assert is_zero(difference), f"{name}: {sympy.simplify(difference)} is not 0"
        count += 1
    assert count


@pytest.mark.parametrize("samples", ["rows", "columns"])
@pytest.mark.parametrize("name", sorted(LIBRARY.activations))
def test_activation(name: str, samples: str) -> None:
    """∂z/∂a, entry by entry."""
    prove(net(f"dense: 3, {name}", samples=samples, x="X[k, 1]" if samples == "rows" else "X[1, k]"))


@pytest.mark.parametrize(("samples", "x"), [("rows", "X[k, 3]"), ("columns", "X[3, k]"), ("torch", "X[k, 3]")])
def test_dense(samples: str, x: str) -> None:
    """∂A/∂W, ∂A/∂b, ∂A/∂X at 2 samples, 3 inputs, 5 units."""
    prove(net("dense: 3, dense: 5", samples=samples, x=x))


@pytest.mark.parametrize(("samples", "x"), [("rows", "X[k, 2, 4, 3]"), ("columns", "X[2, 4, 3, k]")])
@pytest.mark.parametrize("options", [slow(""), slow("stride: 2, padding: 1"), "dilation: 2"])
def test_conv2d_and_flatten(samples: str, x: str, options: str) -> None:
    layer = "conv2d: {filters: 2, size: 2, " + options + "}"
    prove(net(f"{layer}, flatten", samples=samples, x=x))


LOSSES = [
    (name, reduction)
    for name, loss in sorted(LIBRARY.losses.items())
    for reduction in sorted(loss.definition.reductions)
]


@pytest.mark.parametrize(("name", "reduction"), LOSSES)
def test_loss(name: str, reduction: str) -> None:
    """∂L/∂Y, entry by entry, for a loss on an output that is a free quantity."""
    derivation = derivation_of(net("dense: 3", loss=f"{{{name}: {{target: T, reduction: {reduction}}}}}"))
    stack = derivation.stack
    sizes = {stack.batch: K}
    known = {"Y": tensor("Y", (K, 3), positive=True), "T": tensor("T", (K, 3), positive=True)}
    forward = components(stack.loss.equation.rhs, (), known, sizes)[()]
    slope = next(d for d in derivation.chain if d.by.name == "Y")
    derived = components(slope.equation.rhs, slope.by.indices, known, sizes)
    rows = [[known["T"][n, j] for j in range(3)] for n in range(K)]
    declared = {last: 1 - a - b for a, b, last in rows} if stack.facts else {}
    for at in _grid(derived.shape):
        assert is_zero((sympy.diff(forward, known["Y"][at]) - derived[at]).subs(declared))


def test_planted_fault_is_seen() -> None:
    """A Jacobian of the wrong sign has a difference that is not zero."""
    derivation = derivation_of(net("dense: 3, tanh", x="X[k, 1]"))
    proof = Proof(derivation)
    wrong = [
        type(j)(j.output, j.by, negate(j.value), j.steps) if j.output.name == "Y" else j for j in derivation.jacobians
    ]
    proof.derivation.__dict__["jacobians"] = tuple(wrong)
    assert not all(is_zero(difference) for _, difference in proof.differences())


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softmax", "relu"])
def test_matrix_formula(name: str) -> None:
    """The printed matrix formula has the derived Jacobian's entries."""
    derivation = derivation_of(net(f"dense: 3, {name}", x="X[k, 2]"))
    for j in derivation.jacobians:
        assert jacobian_form(j, batch=derivation.stack.batch) is not None, j.output.name
