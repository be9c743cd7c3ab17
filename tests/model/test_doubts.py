"""What is hardly meant is said, with its place and the remedy; what may well be meant is not."""

from __future__ import annotations

import numpy as np
import pytest

from symjac.codegen.numpy_code import generate
from tests.nets import derivation_of, stack_of

OUTPUT = [
    ("dense: 3", "cross_entropy", "cross_entropy_with_logits"),
    ("dense: 3", "{cross_entropy: {reduction: sum}}", "cross_entropy_with_logits"),
    ("dense: 4, softmax, dense: 3", "cross_entropy", "end the layers with softmax"),
    ("dense: 3, tanh", "cross_entropy", "end the layers with softmax"),
    ("dense: 3, relu", "cross_entropy", "end the layers with softmax"),
    ("dense: 3, elu", "cross_entropy", "cross_entropy_with_logits"),
    ("dense: 3, log_softmax", "cross_entropy", "cross_entropy_with_logits"),
    ("dense: 3, relu, softplus, identity", "cross_entropy", ""),
    ("dense: 3, softmax", "cross_entropy", ""),
    ("dense: 3, softplus", "cross_entropy", ""),
    ("dense: 3, sigmoid", "cross_entropy", ""),
    ("dense: 3", "cross_entropy_with_logits", ""),
    ("dense: 3", "binary_cross_entropy", "binary_cross_entropy_with_logits"),
    ("dense: 3, softplus", "binary_cross_entropy", "end the layers with sigmoid"),
    ("dense: 3, sigmoid", "binary_cross_entropy", ""),
    ("dense: 3, softmax", "binary_cross_entropy", ""),
    ("dense: 3", "binary_cross_entropy_with_logits", ""),
    ("dense: 3", "mse", ""),
    ("dense: 3", "{formula: 'sum(T*log(Y))/k'}", "an activation of positive values"),
    ("dense: 3", "{formula: 'sum(T*sqrt(Y))/k'}", "an activation of positive values"),
    ("dense: 3", "{formula: 'sum(sqrt(Y**2 + 1))/k'}", ""),
    ("dense: 3, tanh", "{formula: 'sum(T*log((1 + Y)/2))/k'}", ""),
    ("dense: 3, tanh", "{formula: 'sum(T*log(Y))/k'}", "an activation of positive values"),
    ("dense: 3", "{formula: 'sum((Y - T)**2)/k + log(2)'}", ""),
    ("dense: 3", "{formula: 'sum(where(Y > 1, log(Y), Y - 1))/k'}", ""),
    ("dense: 3", "{formula: 'sum(where(Y < 1, log(Y), Y - 1))/k'}", "an activation of positive values"),
    ("dense: 3", "{formula: 'sum(log(max(Y, 1/1000)))/k'}", ""),
]


def net(layers: str, loss: str = "mse", given: str = "X[k, 3]") -> str:
    return (
        f"name: net\ninput: {given}\nlayers: [{layers}]\nloss: {loss}\nupdate: {{gradient_descent: {{alpha: 0.1}}}}\n"
    )


@pytest.mark.parametrize(("layers", "loss", "remedy"), OUTPUT)
def test_the_output_that_a_loss_takes_the_logarithm_of(layers: str, loss: str, remedy: str) -> None:
    remarks = [r.render() for r in stack_of(net(layers, loss)).remarks]
    assert len(remarks) == bool(remedy)
    assert all(remedy in r and "net.yaml:4:7: warning:" in r for r in remarks)


POOL = "{formula: 'P[n,c,i,j] = max[p,q] X[n,c,2*i+p-1,2*j+q-1]', extents: {i: 3, j: 3, p: 2, q: 2}}"
INSIDE = "{formula: 'P[n,c,i,j] = max[p,q] X[n,c,2*i+p,2*j+q]', extents: {i: 2, j: 2, p: 2, q: 2}}"


@pytest.mark.parametrize(
    ("layers", "warned"),
    [
        (f"conv2d: {{filters: 2, size: 2}}, {POOL}", True),
        (f"conv2d: {{filters: 2, size: 2}}, tanh, {POOL}", True),
        (f"conv2d: {{filters: 2, size: 2}}, relu, {POOL}", False),
        (f"conv2d: {{filters: 2, size: 2}}, sigmoid, {POOL}", False),
        (f"conv2d: {{filters: 2, size: 2}}, {INSIDE}", False),
    ],
)
def test_pooling_over_an_edge(layers: str, warned: bool) -> None:
    remarks = [r.render() for r in stack_of(net(f"{layers}, flatten, dense: 2", given="X[k, 1, 5, 5]")).remarks]
    assert len(remarks) == warned
    assert all("stands 0, and the maximum counts it" in r and "net.yaml:3:" in r for r in remarks)


@pytest.mark.parametrize(("samples", "given"), [("rows", "X[k, 3]"), ("columns", "X[3, k]"), ("torch", "X[k, 3]")])
def test_cross_entropy_with_logits_is_cross_entropy_of_a_softmax(samples: str, given: str) -> None:
    """The same loss and gradients; where softmax rounds to 0 and 1 too."""
    modules = []
    for layers, loss in (("dense: 4", "cross_entropy_with_logits"), ("dense: 4, softmax", "cross_entropy")):
        text = net(layers, loss, given) + f"conventions: {{samples: {samples}}}\n"
        space: dict[str, object] = {"__name__": "net"}
        exec(compile(generate(derivation_of(text)), "net.py", "exec"), space)
        modules.append(space)
    rng = np.random.default_rng(1)
    X, T = rng.standard_normal((5, 3)), np.eye(4)[rng.integers(4, size=5)]
    if samples == "columns":
        X, T = X.T, T.T
    for size in (1.0, 1e4):
        found = [m["gradients"](m["init"](np.random.default_rng(2)), size * X, T) for m in modules]  # type: ignore[operator]
        assert np.isfinite(found[0][0])
        np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
        for one, other in zip(found[0][1], found[1][1], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12 * size)
