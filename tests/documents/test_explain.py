"""One quantity explained: the right one, every step with its law, and names that are none refused with what is near."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from symjac.calculus.trace import Derived, LocalJacobian
from symjac.derivation.along import Directional, directional
from symjac.derivation.chain import Derivation, derive
from symjac.documents.explain import FORMATS, UnknownQuantity, explain, find
from symjac.model.stack import Definition
from tests.nets import derivation_of, example, example_stack

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = sorted(p.stem for p in EXAMPLES.glob("*.yaml"))


def every(derivation: Derivation) -> list[str]:
    """A name for each thing that can be explained."""
    stack = derivation.stack
    return [
        *(d.equation.lhs.name for d in (*stack.forward, stack.loss, *derivation.chain)),
        *(f"d{j.output.name}/d{j.by.name}" for j in derivation.jacobians),
        *(f"R{{{d.of.name}}}" for d in directional(derivation)),
    ]


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("A_1", Definition, "A_1"),
        ("L", Definition, "L"),
        ("delta_2", Derived, "delta_2"),
        ("W_1", Derived, "dW_1"),
        ("W1", Derived, "dW_1"),
        ("dW1", Derived, "dW_1"),
        ("dL/dW_1", Derived, "dW_1"),
        ("∂L/∂W_1", Derived, "dW_1"),
        (" dL / dvec(W_1) ", Derived, "dW_1"),
        ("dL/dA_1", Derived, "delta_1"),
        ("dL/dZ_1", Derived, "dZ_1"),
    ],
)
def test_names(name: str, kind: type, says: str) -> None:
    found = find(example("mnist_mlp"), name)
    assert isinstance(found, kind)
    assert isinstance(found, Definition | Derived) and found.equation.lhs.name == says


@pytest.mark.parametrize("name", ["dA_2/dZ_1", "dA2/dZ1", "dvec(A_2)/dvec(Z_1)", "∂A_2/∂Z_1", "d(A_2)/d{Z_1}"])
def test_names_of_jacobians(name: str) -> None:
    found = find(example("mnist_mlp"), name)
    assert isinstance(found, LocalJacobian)
    assert (found.output.name, found.by.name) == ("A_2", "Z_1")


def test_names_along_a_direction() -> None:
    found = find(example("mnist_mlp"), "R{delta_1}")
    assert isinstance(found, Directional)
    assert found.of.name == "delta_1"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("delta_3", "nothing derived is called delta_3; did you mean delta_2?"),
        ("W_3", "did you mean W_2?"),
        ("dL/dW_7", "did you mean dL/dW_2?"),
        ("dA_1/dW_2", "did you mean dA_2/dW_2?"),
        ("R{Z_2}", "did you mean R{Z_1}?"),
        ("X", "X is given, not derived"),
        ("dL/dX", "nothing derived is called dL/dX"),
        ("", "there are W_2, b_2"),
        ("R{}", "nothing derived"),
        ("d/d", "nothing derived"),
        ("quux", "there are W_2, b_2, W_1, b_1, dY, delta_2"),
    ],
)
def test_names_that_are_none(name: str, says: str) -> None:
    with pytest.raises(UnknownQuantity) as refused:
        explain(example("mnist_mlp"), name)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_whole_text() -> None:
    assert explain(example("mnist_mlp"), "delta_1") == (
        "delta_1 in mnist_mlp\n"
        "Derived from mnist_mlp.yaml\n"
        "\n"
        "Known:\n"
        "  Z_1 = sigmoid(A_1)\n"
        "      = 1/(1 + exp(−A_1))\n"
        "  dZ_1 = ∂L/∂Z_1 = delta_2 W_2ᵀ\n"
        "\n"
        "By the chain rule, ∂L/∂A_1 is\n"
        "  delta_1 = dZ_1 ⊙ (1 − 1/(1 + exp(−A_1))) ⊘ (1 + exp(−A_1))    chain rule\n"
        "          = dZ_1 ⊙ Z_1 ⊙ (1 − Z_1)                              in terms of the value, Z_1\n"
        "          = (delta_2 W_2ᵀ) ⊙ Z_1 ⊙ (1 − Z_1)                    substitution, dZ_1\n"
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("delta_2", "= (Y[n,j] − T[n,j])/k                                          declared fact, Σ_i T[n,i] = 1"),
        ("delta_2", "  delta_2 = (Y − T)/k"),
        ("dW_1", "  dW_1 = Xᵀ delta_1    chain rule"),
        ("dA_1/dW_1", "  ∂vec(A_1)/∂vec(W_1) = I_50 ⊗ X"),
        ("dY/dA_2", "  ∂Y[n]/∂A_2[n] = diag(Y[n]) − Y[n] Y[n]ᵀ"),
        ("R{A_1}", "  R{A_1} = X V_{W_1} + 𝟏 V_{b_1}ᵀ"),
        ("Y", "Given in the spec, layer softmax:"),
    ],
)
def test_lines(name: str, line: str) -> None:
    assert line in explain(example("mnist_mlp"), name)


@pytest.mark.parametrize("example_name", NAMES)
def test_every_quantity_has_its_steps(example_name: str) -> None:
    derivation = example(example_name)
    for name in every(derivation):
        said = explain(derivation, name)
        found = find(derivation, name)
        steps = found.steps if isinstance(found, Derived | LocalJacobian) else ()
        assert all(step.law.name in said for step in steps)
        for word in ("None", "\x01", "Contract(", "scalar."):
            assert word not in said


@pytest.mark.parametrize("format", FORMATS)
def test_same_derivation_same_text(format: str) -> None:
    fresh = derive(example_stack("xor"))
    for name in every(fresh):
        assert explain(fresh, name, format) == explain(example("xor"), name, format)


def test_markdown_is_formulas_between_dollars() -> None:
    said = explain(example("mnist_mlp"), "delta_2", "markdown")
    assert r"&= \frac{1}{k} (Y_{n,j} - T_{n,j}) && \text{declared fact, }\sum_{i} T_{n,i} = 1" in said
    assert said.count("$$") % 2 == 0


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_compiles(tmp_path: Path) -> None:
    for place, name in enumerate(("delta_2", "dY/dA_2", "R{delta_1}")):
        path = tmp_path / f"{place}.tex"
        path.write_text(explain(example("mnist_mlp"), name, "latex"), encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
        assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("quantity", ["W_1", "delta_1", "b_2"])
def test_a_name_does_not_choose_the_notation(quantity: str) -> None:
    """A quantity called `diagonal` is no diagonal matrix."""

    def written(name: str) -> str:
        layers = f"[dense: 4, {{tanh: {{name: {name}}}}}, dense: 2]"
        derivation = derivation_of(f"name: net\ninput: X[k, 3]\nlayers: {layers}\nloss: {{mse: {{target: T}}}}\n")
        return " ".join(explain(derivation, quantity, "text").replace(name, "other").split())

    assert written("diagonal") == written("other")
