"""What people write who come from other libraries: the place, and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from symjac.core.errors import InputError
from symjac.model.build import build_stack, load_spec

SPEC = "name: net\ninput: X[k, 3]\nlayers: [{layers}]\nloss: {loss}\n{more}"


def error_of(folder: Path, layers: str = "dense: 2", loss: str = "mse", more: str = "") -> InputError:
    path = folder / "spec.yaml"
    path.write_text(SPEC.format(layers=layers, loss=loss, more=more), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        build_stack(load_spec(path))
    return caught.value


FORMULAS = [
    # formula, where in it, remedy
    ("np.exp(x)", 0, "write exp(...)"),
    ("x + numpy.log(x)", 4, "write log(...)"),
    ("torch.nn.functional.relu(x)", 0, "write relu(...)"),
    ("np.maximum(x, 0)", 0, "write max(...)"),
    ("np.pi*x", 0, "write pi"),
    ("x.dot(W)", 1, "write x @ W"),
    ("x.T.dot(x)", 3, "write x @ W"),
    ("x.sum()", 1, "write sum(...)"),
    ("x.transpose()", 1, "write .T"),
    ("ReLU(x)", 0, "did you mean relu?"),
    ("RELU(x)", 0, "did you mean relu?"),
    ("LeakyReLU(x)", 0, "did you mean leaky_relu?"),
    ("ln(x)", 0, "did you mean log?"),
    ("pow(x, 2)", 0, "x**y"),
    ("clip(x, 0, 1)", 0, "min(max(x, lowest), largest)"),
    ("heaviside(x, 0)", 0, "where(x > 0, 1, 0)"),
    ("PI*x", 0, "did you mean pi?"),
    (r"\sigma(x)", 0, "not LaTeX: write sigmoid(...)"),
    (r"\frac{1}{x}", 0, "not LaTeX: write a/b"),
    (r"x \cdot x", 2, "not LaTeX: write *"),
    (r"\mathrm{relu}(x)", 0, "not LaTeX: write relu(...)"),
    (r"x \leq 1", 2, "not LaTeX: write <="),
    ("x^2", 1, "write **"),
    (r"x^\top", 1, "write .T"),
    ("x^{T}", 1, "write .T"),
    ("σ(x)", 0, "sigmoid"),
    ("α*x", 0, "write alpha"),
    ("x²", 1, "write **"),
    ("$x$", 0, "without dollars"),
    ("x if x > 0 else 0", 2, "where(condition, value, otherwise)"),
    ("exp x", 4, "write exp(...)"),
    ("x // 2", 3, "write /"),
]


@pytest.mark.parametrize(("formula", "at", "remedy"), FORMULAS)
def test_formulas(formula: str, at: int, remedy: str, tmp_path: Path) -> None:
    error = error_of(tmp_path, "dense: 2, {formula: '" + formula + "'}")
    assert remedy in error.hint
    assert (error.place.line, error.place.column) == (3, 31 + at)


LAYERS = [
    ("{type: Dense, units: 10}", "write `dense: {units: ...}`"),
    ("{class_name: Conv2D, filters: 3}", "write `conv2d: {filters: ...}`"),
    ("{type: ReLU}", "write the name of the layer itself"),
    ("Linear(10)", "write `dense: 10`"),
    ("'nn.Linear(3, 10)'", "write `dense: 10`"),
    ("'Linear(in_features=3, out_features=7)'", "write `dense: 7`"),
    ("Dense(10)", "write `dense: 10`"),
    ("'tf.keras.layers.Dense(10, activation=\"tanh\")'", "write `dense: 10`, and behind it `tanh`"),
    ("nn.ReLU()", "write `relu`"),
    ("'nn.LeakyReLU(0.1)'", "write `leaky_relu`; its options go into a mapping"),
    ("Dense: 10", "did you mean dense?"),
    ("fc: 10", "did you mean dense?"),
    ("Conv2d: 3", "did you mean conv2d?"),
    ("activation: relu", "an activation is a layer of its own"),
    ("dense: {units: 3, activation: relu}", "an activation is a layer of its own"),
    ("dense: {out_features: 3}", "did you mean units?"),
    ("dropout: 0.5", "by its formula"),
]


@pytest.mark.parametrize(("layer", "remedy"), LAYERS)
def test_layers(layer: str, remedy: str, tmp_path: Path) -> None:
    assert remedy in error_of(tmp_path, layer).hint


OTHERS = [
    ("loss", "MSELoss", "did you mean mse?"),
    ("loss", "mean_squared_error", "did you mean mse?"),
    ("loss", "categorical_crossentropy", "did you mean cross_entropy?"),
    ("loss", "bce", "did you mean binary_cross_entropy?"),
    ("loss", "mae", "by its formula"),
    ("loss", "{type: mse}", "write the name of the loss itself"),
    ("more", "update: SGD", "did you mean gradient_descent?"),
    ("more", "update: {adam: {lr: 0.1}}", "did you mean alpha?"),
    ("more", "update: {type: adam, lr: 0.1}", "write `adam: {alpha: ...}`"),
    ("more", "optimizer: sgd", "did you mean update?"),
    ("more", "learning_rate: 0.1", "an option of the update"),
    ("more", "activation: relu", "an activation is a layer of its own"),
]


@pytest.mark.parametrize(("part", "text", "remedy"), OTHERS)
def test_losses_updates_and_keys(part: str, text: str, remedy: str, tmp_path: Path) -> None:
    assert remedy in error_of(tmp_path, **{part: text}).hint
