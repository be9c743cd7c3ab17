"""From a spec to a stack: shapes, names, numbers, and every library formula against NumPy."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

from symjac.core import scalar
from symjac.core.evaluate import evaluate
from symjac.core.expr import Equation
from symjac.model.build import build_stack, load_spec, schema
from symjac.model.library import builtin
from symjac.model.stack import Stack

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))


@pytest.fixture
def build(tmp_path: Path) -> Any:
    def built(text: str) -> Stack:
        path = tmp_path / "spec.yaml"
        path.write_text(text)
        return build_stack(load_spec(path))

    return built


def net(layers: str, loss: str = "mse", input: str = "X[k, 4]", more: str = "") -> str:
    return f"name: net\ninput: {input}\nlayers: {layers}\nloss: {loss}\n{more}\n"


def shapes(stack: Stack) -> dict[str, str]:
    return {p.symbol.name: ",".join(map(str, p.symbol.shape)) for p in stack.parameters} | {
        d.equation.lhs.name: ",".join(map(str, d.equation.lhs.shape)) for d in stack.forward
    }


def value(equation: Equation, tensors: dict[str, Any], **constants: float) -> Any:
    return evaluate(equation.rhs, equation.lhs.indices, tensors, constants)


def outputs(stack: Stack, seed: int = 0, k: int = 3) -> dict[str, Any]:
    """Every input, parameter and forward quantity at random values."""
    rng = np.random.default_rng(seed)
    sizes = {stack.batch.name: k} | {name: float(v) for name, v in stack.constants}
    arrays: dict[str, Any] = {}
    for s in (*stack.inputs, *(p.symbol for p in stack.parameters)):
        arrays[s.name] = rng.standard_normal([int(n.subs({stack.batch: k})) for n in s.shape])
    for d in (*stack.forward, stack.loss):
        arrays[d.equation.lhs.name] = value(d.equation, arrays, **sizes)
    return arrays


# ---------------------------------------------------------------- examples and names


def test_the_examples() -> None:
    names = "conv_small custom_activation deep_mlp logistic_regression mnist_mlp relu_regression xor"
    assert [p.stem for p in EXAMPLES] == names.split()
    for path in EXAMPLES:
        stack = build_stack(load_spec(path))
        assert stack.name == path.stem
        assert stack.source == path.name
        assert stack.forward[-1].equation.lhs.name == "Y"
        assert [s.name for s in stack.inputs] == ["X", "T"]
        assert stack.loss.equation.lhs.indices == ()


def test_names_and_shapes_of_mnist() -> None:
    stack = build_stack(load_spec(EXAMPLES[4]))
    assert shapes(stack) == {
        "W_1": "784,50", "b_1": "50", "W_2": "50,10", "b_2": "10",
        "A_1": "k,50", "Z_1": "k,50", "A_2": "k,10", "Y": "k,10",
    }  # fmt: skip
    assert [d.kind for d in stack.forward] == ["affine", "activation", "affine", "activation"]
    assert [d.function for d in stack.forward] == [None, "sigmoid", None, "softmax"]
    assert [d.argument and d.argument.name for d in stack.forward] == [None, "A_1", None, "A_2"]
    assert [p.std for p in stack.parameters] == [sympy.Rational(1, 28), 0, 1 / sympy.sqrt(50), 0]
    assert stack.update.constants == (("alpha", sympy.Rational(1, 10)),)
    assert [f.text for f in stack.facts] == ["sum(T, axis=1) = 1"]


def test_names_and_shapes_of_a_conv_net() -> None:
    stack = build_stack(load_spec(EXAMPLES[0]))
    assert shapes(stack) == {
        "K_1": "8,1,3,3", "b_1": "8", "K_2": "16,8,3,3", "b_2": "16", "W_3": "784,10", "b_3": "10",
        "A_1": "k,8,14,14", "Z_1": "k,8,14,14", "A_2": "k,16,7,7", "Z_2": "k,16,7,7",
        "F_2": "k,784", "A_3": "k,10", "Y": "k,10",
    }  # fmt: skip
    assert [d.kind for d in stack.forward if d.layer == "flatten"] == ["access"]


@pytest.mark.parametrize(
    ("samples", "input", "expected"),
    [
        ("rows", "X[k, 4]", {"W_1": "4,3", "b_1": "3", "Y": "k,3"}),
        ("columns", "X[4, k]", {"W_1": "3,4", "b_1": "3", "Y": "3,k"}),
        ("torch", "X[k, 4]", {"W_1": "3,4", "b_1": "3", "Y": "k,3"}),
    ],
)
def test_conventions(build: Any, samples: str, input: str, expected: dict[str, str]) -> None:
    stack = build(net("[dense: 3]", input=input, more=f"conventions: {{samples: {samples}}}"))
    assert shapes(stack) == expected
    v = outputs(stack)
    rows = {
        "rows": lambda: v["X"] @ v["W_1"],
        "columns": lambda: v["X"].T @ v["W_1"].T,
        "torch": lambda: v["X"] @ v["W_1"].T,
    }
    have = v["Y"].T if samples == "columns" else v["Y"]
    np.testing.assert_allclose(have, rows[samples]() + v["b_1"])


def test_own_names(build: Any) -> None:
    layers = (
        "[dense: {units: 3, name: A_hidden, parameters: {W: W_in}}, sigmoid: {name: H}, dense: {units: 2, name: P}]"
    )
    stack = build(net(layers, loss="{mse: {target: G}}", input="U[m, 4]", more="batch: m"))
    assert list(shapes(stack)) == ["W_in", "b_1", "W_2", "b_2", "A_hidden", "H", "P"]
    assert [s.name for s in stack.inputs] == ["U", "G"]
    assert stack.batch.name == "m"
    v = outputs(stack)
    np.testing.assert_allclose(v["L"], np.mean((v["P"] - v["G"]) ** 2))


def test_two_activations_in_a_row_and_one_before_any_layer(build: Any) -> None:
    stack = build(net("[tanh, dense: 3, tanh, sigmoid, relu, dense: 2]"))
    assert [d.equation.lhs.name for d in stack.forward] == ["Z_0", "A_1", "Z_1", "Z_1b", "Z_1c", "Y"]


def test_symbolic_sizes(build: Any) -> None:
    stack = build(net("[dense: h, tanh, dense: d]", input="X[k, d]", more="sizes: [h]"))
    assert shapes(stack) == {"W_1": "d,h", "b_1": "h", "W_2": "h,d", "b_2": "d", "A_1": "k,h", "Z_1": "k,h", "Y": "k,d"}
    assert str(stack.parameters[0].std) == "1/sqrt(d)"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_world_of_a_stack(path: Path) -> None:
    """Its names, formulas and facts are the stack's; the errors belong to its layers with parameters, in order."""
    stack = build_stack(load_spec(path))
    world = stack.world()
    equations = [d.equation for d in (*stack.forward, stack.loss)]
    assert world.names == tuple(
        s.name for s in (*stack.inputs, *(p.symbol for p in stack.parameters), *(q.lhs for q in equations))
    )
    assert list(world.equations.values()) == equations
    assert [f.text for f in world.facts] == [f"rows of {f.left.children[0].name} sum to 1" for f in stack.facts]
    assert [value.name for value in stack.errors.values()] == [
        d.equation.lhs.name for d in stack.forward if d.kind == "affine"
    ]


def test_what_a_step_makes_of_a_parameter(build: Any) -> None:
    theta, g = scalar.slot(0), scalar.slot(1)
    alpha, c = sympy.symbols("alpha c", real=True)
    several = "update: {constants: {alpha: 1, c: 2}, formulas: [r = alpha*c, v = g*r, theta = theta - v*theta]}"
    for update, expected in (
        ("", theta - alpha * g),
        (several, theta - g * alpha * c * theta),
        ("update: momentum", None),
    ):
        found = build(net("[dense: 2]", more=update)).update.written_out
        assert found == expected or sympy.expand(found - expected) == 0


def test_numbers_are_exact(build: Any) -> None:
    stack = build(net("[dense: 3, leaky_relu: 0.2, dense: 2, leaky_relu: {slope: 1/5}, dense: 2, leaky_relu]"))
    assert dict(stack.constants) == {"slope": sympy.Rational(1, 5), "slope_2": sympy.Rational(1, 100)}
    assert [d.function for d in stack.forward[1::2]] == ["leaky_relu", "leaky_relu", "leaky_relu_2"]


def test_init_overrides(build: Any) -> None:
    stack = build(net("[dense: {units: 3, init: {W: sqrt(2/inputs), b: 1/10}}]"))
    assert [p.std for p in stack.parameters] == [sympy.sqrt(2) / 2, sympy.Rational(1, 10)]


def test_inline_layers_activations_and_losses(build: Any) -> None:
    text = """
name: net
input: X[k, 4]
constants: {beta: 3/2}
layers:
  - {formula: A = X @ W + b, parameters: {W: {shape: [inputs, 4], std: 1/10}, b: {shape: [4]}}}
  - {formula: 'x/(1 + abs(beta*x))', name: H}
  - {formula: S = X + A_1}
  - {formula: 'x - sum(x, axis=features)/4'}
  - dense: 2
loss: {formula: sum((Y - T)**2)/2 + decay*sum(W_1**2), constants: {decay: 0.01}}
update: {formula: theta - alpha*g - alpha*rho*theta, constants: {alpha: 0.1, rho: 0.01}}
"""
    stack = build(text)
    v = outputs(stack)
    h = v["A_1"] / (1 + np.abs(1.5 * v["A_1"]))
    np.testing.assert_allclose(v["H"], h)
    s = h + v["A_1"]
    z = s - s.sum(axis=1, keepdims=True) / 4
    np.testing.assert_allclose(v[stack.forward[3].equation.lhs.name], z)
    np.testing.assert_allclose(v["L"], ((v["Y"] - v["T"]) ** 2).sum() / 2 + 0.01 * (v["W_1"] ** 2).sum())
    assert dict(stack.constants) == {"beta": sympy.Rational(3, 2), "decay": sympy.Rational(1, 100)}
    assert [name for name, _ in stack.update.constants] == ["alpha", "rho"]


def test_own_definitions(build: Any) -> None:
    text = """
name: net
input: X[k, 4]
define:
  activations:
    bent: {constants: {beta: 2}, formula: x*sigmoid(beta*x)}
    twice_bent: {formula: bent(bent(x))}
  layers:
    gate:
      options: {units: {least: 1}}
      forms:
        - input: X[k, n]
          parameters:
            W: {shape: [n, units], std: 1/sqrt(n)}
            V: {shape: [n, units], std: 1/sqrt(n)}
          formula: A = sigmoid(X @ W) * (X @ V)
  losses:
    power: {constants: {p1: 4}, reductions: {sum: sum((Y - T)**4)}}
  updates:
    decay: {constants: {alpha: 0.1, rho: 0.5}, formula: theta - alpha*(g + rho*theta)}
layers: [gate: 3, bent: {beta: 3}, gate: 2, twice_bent]
loss: power
update: {decay: {rho: 0.25}}
"""
    stack = build(text)
    v = outputs(stack)
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    np.testing.assert_allclose(v["A_1"], sigmoid(v["X"] @ v["W_1"]) * (v["X"] @ v["V_1"]))
    np.testing.assert_allclose(v["Z_1"], v["A_1"] * sigmoid(3 * v["A_1"]))
    bent = lambda x: x * sigmoid(2 * x)  # noqa: E731
    np.testing.assert_allclose(v["Y"], bent(bent(v["A_2"])))
    np.testing.assert_allclose(v["L"], ((v["Y"] - v["T"]) ** 4).sum())
    assert dict(stack.update.constants) == {"alpha": sympy.Rational(1, 10), "rho": sympy.Rational(1, 4)}


# ---------------------------------------------------------------- the library against NumPy

X = np.array([[-3.0, -0.5, 0.0, 0.25], [0.5, 2.0, -1.0, 4.0], [1.0, -2.0, 3.0, 0.1]])
ERF = np.vectorize(math.erf)
SIGMOID = 1 / (1 + np.exp(-X))
SOFTMAX = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
ACTIVATIONS = {
    "identity": X,
    "sigmoid": SIGMOID,
    "tanh": np.tanh(X),
    "relu": np.maximum(X, 0),
    "leaky_relu": np.where(X > 0, X, 0.01 * X),
    "elu": np.where(X > 0, X, np.expm1(X)),
    "softplus": np.log1p(np.exp(X)),
    "softsign": X / (1 + np.abs(X)),
    "swish": X * SIGMOID,
    "silu": X * SIGMOID,
    "gelu": X * 0.5 * (1 + ERF(X / np.sqrt(2))),
    "gelu_tanh": 0.5 * X * (1 + np.tanh(np.sqrt(2 / np.pi) * (X + 0.044715 * X**3))),
    "softmax": SOFTMAX,
    "log_softmax": np.log(SOFTMAX),
}


def test_every_activation_is_tested() -> None:
    assert list(builtin().activations) == list(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("samples", ["rows", "columns"])
def test_activation(build: Any, name: str, samples: str) -> None:
    columns = samples == "columns"
    stack = build(
        net(f"[{name}]", input="X[4, k]" if columns else "X[k, 4]", more=f"conventions: {{samples: {samples}}}")
    )
    constants = {c: float(v) for c, v in stack.constants}
    have = value(stack.forward[0].equation, {"X": X.T if columns else X}, k=3, **constants)
    np.testing.assert_allclose(have.T if columns else have, ACTIVATIONS[name], rtol=1e-13, atol=1e-15)
    assert stack.forward[0].function == name


Y, T = 0.05 + 0.9 * SIGMOID, np.array([[0, 1.0, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 1.0]])
BCE = -(T * np.log(Y) + (1 - T) * np.log(1 - Y))
LOG_SOFTMAX = Y - np.log(np.exp(Y).sum(axis=1, keepdims=True))
LOGITS = np.log1p(np.exp(Y)) - T * Y
LOSSES = {
    ("mse", "mean"): ((Y - T) ** 2).mean(),
    ("mse", "half_mean"): ((Y - T) ** 2).sum() / 6,
    ("mse", "half_sum"): ((Y - T) ** 2).sum() / 2,
    ("cross_entropy", "mean"): -(T * np.log(Y)).sum() / 3,
    ("cross_entropy", "sum"): -(T * np.log(Y)).sum(),
    ("cross_entropy_with_logits", "mean"): -(T * LOG_SOFTMAX).sum() / 3,
    ("cross_entropy_with_logits", "sum"): -(T * LOG_SOFTMAX).sum(),
    ("binary_cross_entropy", "mean"): BCE.mean(),
    ("binary_cross_entropy", "sum"): BCE.sum(),
    ("binary_cross_entropy_with_logits", "mean"): LOGITS.mean(),
    ("binary_cross_entropy_with_logits", "sum"): LOGITS.sum(),
}


def test_every_loss_is_tested() -> None:
    assert [(n, r) for n, e in builtin().losses.items() for r in e.definition.reductions] == list(LOSSES)


@pytest.mark.parametrize(("name", "reduction"), LOSSES)
def test_loss(build: Any, name: str, reduction: str) -> None:
    stack = build(net("[dense: 4]", loss=f"{{{name}: {reduction}}}"))
    np.testing.assert_allclose(value(stack.loss.equation, {"Y": Y, "T": T}, k=3), LOSSES[name, reduction], rtol=1e-13)


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 0, 2)])
@pytest.mark.parametrize("samples", ["rows", "columns"])
def test_conv2d(build: Any, stride: int, padding: int, dilation: int, samples: str) -> None:
    columns = samples == "columns"
    options = f"{{filters: 2, size: 3, stride: {stride}, padding: {padding}, dilation: {dilation}}}"
    input = "X[2, 9, 8, k]" if columns else "X[k, 2, 9, 8]"
    stack = build(net(f"[conv2d: {options}]", input=input, more=f"conventions: {{samples: {samples}}}"))
    v = outputs(stack)
    x = np.moveaxis(v["X"], -1, 0) if columns else v["X"]
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    reach = dilation * 2 + 1
    high, wide = ((n - reach) // stride + 1 for n in x.shape[2:])
    expected = np.empty((3, 2, high, wide))
    for i in range(high):
        for j in range(wide):
            rows, cols = stride * i + dilation * np.arange(3), stride * j + dilation * np.arange(3)
            window = x[:, :, rows[:, None], cols]
            expected[:, :, i, j] = np.einsum("ncpq,ocpq->no", window, v["K_1"]) + v["b_1"]
    np.testing.assert_allclose(np.moveaxis(v["Y"], -1, 0) if columns else v["Y"], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("input", ["X[k, 2, 3, 4]", "X[k, 3, 4]"])
def test_flatten(build: Any, input: str) -> None:
    v = outputs(build(net("[flatten]", input=input)))
    np.testing.assert_array_equal(v["Y"], v["X"].reshape(3, -1))


def test_softmax_along_another_axis(build: Any) -> None:
    stack = build(net("[softmax: {axis: 0}]"))
    have = value(stack.forward[0].equation, {"X": X}, k=3)
    np.testing.assert_allclose(have.sum(axis=0), 1)
    assert stack.forward[0].function == "softmax_axis0"


# ---------------------------------------------------------------- facts


@pytest.mark.parametrize(
    ("loss", "samples", "expected"),
    [
        ("cross_entropy", "rows", ["sum(T, axis=1) = 1"]),
        ("cross_entropy", "columns", ["sum(T, axis=0) = 1"]),
        ("{cross_entropy: {facts: []}}", "rows", []),
        ("{cross_entropy: {target: G}}", "rows", ["sum(G, axis=1) = 1"]),
        ("{cross_entropy: {facts: ['sum(T, axis=1) = 2']}}", "rows", ["sum(T, axis=1) = 2"]),
        ("mse", "rows", []),
    ],
)
def test_facts(build: Any, loss: str, samples: str, expected: list[str]) -> None:
    input = "X[4, k]" if samples == "columns" else "X[k, 4]"
    stack = build(net("[dense: 3]", loss=loss, input=input, more=f"conventions: {{samples: {samples}}}"))
    assert [f.text for f in stack.facts] == expected
    for fact in stack.facts:
        (free,) = fact.left.free
        assert free.size == stack.batch


# ---------------------------------------------------------------- deep nets and speed


def test_repeat(build: Any) -> None:
    stack = build(net("[repeat: {times: 3, layers: [dense: 5, tanh]}, dense: 2]"))
    assert [d.equation.lhs.name for d in stack.forward] == ["A_1", "Z_1", "A_2", "Z_2", "A_3", "Z_3", "Y"]


def test_a_thousand_layers(build: Any) -> None:
    start = time.process_time()
    written_out = build("name: deep\ninput: X[k, 64]\nlayers:\n" + "  - dense: 64\n  - tanh\n" * 1000 + "loss: mse\n")
    assert time.process_time() - start < 6  # 1.5 s on a quiet machine
    repeated = build(net("[repeat: {times: 1000, layers: [dense: 64, tanh]}]", input="X[k, 64]"))
    assert [d.equation for d in repeated.forward] == [d.equation for d in written_out.forward]
    assert len(repeated.forward) == 2000


# ---------------------------------------------------------------- schema


def test_the_schema_accepts_the_examples_and_refuses_typos() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from ruamel.yaml import YAML

    checker = jsonschema.Draft202012Validator(json.loads(json.dumps(schema())))
    checker.check_schema(schema())
    for path in EXAMPLES:
        spec = YAML(typ="safe", pure=True).load(path.read_text())
        assert not list(checker.iter_errors(spec)), path.name
        assert list(checker.iter_errors({**spec, "los": 1}))
        assert list(checker.iter_errors({**spec, "layers": [{"dense": {"unit": 3}}]}))
