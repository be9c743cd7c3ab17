"""Generated modules: the oracle's values at every shape, stable, strict about their inputs, the same text again."""

from __future__ import annotations

import ast
import warnings
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symjac.codegen.numpy_code import generate
from symjac.derivation.chain import Derivation
from symjac.model.names import in_python
from tests.marks import slow
from tests.nets import all_values, constants, derivation_of, random_tensors


def spec(
    layers: str, loss: str = "{cross_entropy: {target: T, reduction: mean}}", given: str = "X[k, 3]", more: str = ""
) -> str:
    return (
        f"name: net\ninput: {given}\nlayers: [{layers}]\nloss: {loss}\n"
        f"update: {{gradient_descent: {{alpha: 0.1}}}}\n{more}\n"
    )


MSE = "{mse: {target: T, reduction: mean}}"
COLUMNS = "conventions: {samples: columns}"
TORCH = "conventions: {samples: torch}"
IMAGE = "X[k, 2, 5, 5]"

NETS = {
    "mnist-like": spec("dense: 5, sigmoid, dense: 2, softmax"),
    "equal sizes": spec("dense: 3, sigmoid, dense: 3, softmax"),
    "size 1": spec("dense: 1, tanh, dense: 1, sigmoid", MSE, "X[k, 1]"),
    "columns": spec("dense: 5, tanh, dense: 2, softmax", given="X[3, k]", more=COLUMNS),
    "torch": spec("dense: 5, relu, dense: 2, softmax", more=TORCH),
    "log_softmax": spec("dense: 5, tanh, dense: 2, log_softmax", MSE),
    "log_softmax columns": spec("dense: 5, tanh, dense: 2, log_softmax", MSE, "X[3, k]", COLUMNS),
    "softmax with squared error": spec("dense: 4, softmax, dense: 2, softmax", MSE),
    "binary cross-entropy": spec(
        "dense: 4, tanh, dense: 2, sigmoid", "{binary_cross_entropy: {target: T, reduction: mean}}"
    ),
    "logits": spec("dense: 4, tanh, dense: 2", "{binary_cross_entropy_with_logits: {target: T, reduction: mean}}"),
    "half sum": spec("dense: 4, relu, dense: 2", "{mse: {target: T, reduction: half_sum}}"),
    "conv": spec("conv2d: {filters: 3, size: 2, stride: 2, padding: 1}, relu, flatten, dense: 2, softmax", given=IMAGE),
    "conv conv": spec(
        "conv2d: {filters: 3, size: 3, padding: 1}, silu, "
        "conv2d: {filters: 2, size: 2, dilation: 2}, tanh, flatten, dense: 2",
        MSE,
        IMAGE,
    ),
    "conv columns": spec(
        "conv2d: {filters: 3, size: 2, padding: 1}, tanh, conv2d: {filters: 2, size: 3, stride: 2}, flatten, dense: 2",
        MSE,
        "X[2, 5, 5, k]",
        COLUMNS,
    ),
    "pooling": spec(
        "tanh, {formula: 'P[n,c,i,j] = max[p,q] X[n,c,2*i+p,2*j+q]', extents: {i: 2, j: 2, p: 2, q: 2}}, "
        "{formula: 'Q[n,c,i,j] = max[p,q] X[n,c,i+p,j+q]', extents: {i: 1, j: 1, p: 2, q: 2}}, flatten, dense: 2",
        MSE,
        "X[k, 2, 5, 5]",
    ),
    "pooling, then dense": spec(
        "conv2d: {filters: 2, size: 2}, {formula: 'P[n,c,i,j] = max[p,q] X[n,c,2*i+p,2*j+q]', "
        "extents: {i: 2, j: 2, p: 2, q: 2}}, flatten, dense: 2",
        MSE,
        IMAGE,
    ),
    **{
        name: spec(f"dense: 4, {name}, dense: 2", MSE)
        for name in ("leaky_relu", "elu", "softplus", "softsign", "swish", "silu", "gelu", "gelu_tanh", "identity")
    },
}
SMOOTH = {
    name
    for name in NETS
    if name not in ("torch", "half sum", "conv", "leaky_relu", "elu", "softsign") and "pooling" not in name
}


@cache
def derived(name: str) -> Derivation:
    return derivation_of(NETS[name])


@cache
def module(name: str) -> ModuleType:
    return imported(generate(derived(name)))


def imported(source: str) -> ModuleType:
    out = ModuleType("generated")
    exec(compile(source, "generated.py", "exec"), out.__dict__)
    return out


def arguments(
    name: str, k: int, dtype: Any = np.float64, seed: int = 0
) -> tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]:
    """(params, X, T) and all tensors by their names in the spec."""
    stack = derived(name).stack
    tensors = {n: a.astype(dtype) for n, a in random_tensors(stack, k, seed).items()}
    params = module(name).Params(*(tensors[p.symbol.name] for p in stack.parameters))
    return params, tensors["X"], tensors["T"], tensors


@pytest.mark.parametrize("k", [slow(1), 2, slow(5)])
@pytest.mark.parametrize("name", NETS)
def test_the_oracle_agrees(name: str, k: int) -> None:
    m, derivation = module(name), derived(name)
    params, X, T, tensors = arguments(name, k)
    values = all_values(derivation, tensors, k)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        activations = m.activations(params, X)
        L, grads = m.gradients(params, X, T)
    for d in derivation.stack.forward:
        got = getattr(activations, in_python(d.equation.lhs.name))
        np.testing.assert_allclose(got, values[d.equation.lhs.name], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose([L, m.loss(params, X, T)], values["L"], rtol=1e-10)
    np.testing.assert_array_equal(m.forward(params, X), activations[-1])
    for d in derivation.backward:
        if d.kind == "gradient":
            got = getattr(grads, in_python(d.by.name))
            assert got.shape == tensors[d.by.name].shape
            np.testing.assert_allclose(got, values[d.equation.lhs.name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NETS)
def test_gradients_are_derivatives_of_the_loss(name: str) -> None:
    """Complex steps where the formulas are analytic, central differences along one direction elsewhere."""
    m = module(name)
    params, X, T, _ = arguments(name, 4)
    rng = np.random.default_rng(7)
    V = [rng.normal(size=p.shape) for p in params]
    slope = sum((v * g).sum() for v, g in zip(V, m.gradients(params, X, T)[1], strict=True))
    assert (name in SMOOTH, len(m.KINKS) == 0) == (m.ANALYTIC, m.ANALYTIC)
    if m.ANALYTIC:
        h = 1e-100
        moved = m.Params(*(p + 1j * h * v for p, v in zip(params, V, strict=True)))
        assert m.loss(moved, X, T).imag / h == pytest.approx(slope, rel=1e-11, abs=1e-13)
    else:
        h = 1e-6
        ends = [m.loss(m.Params(*(p + s * h * v for p, v in zip(params, V, strict=True))), X, T) for s in (1, -1)]
        assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", NETS)
def test_float32_stays_float32(name: str) -> None:
    m = module(name)
    params, X, T, _ = arguments(name, 5, np.float32)
    L, grads = m.gradients(params, X, T)
    made = [
        *m.activations(params, X),
        L,
        m.loss(params, X, T),
        *grads,
        *m.update(params, grads),
        *m.kinks(params, X, T),
    ]
    made += m.init(np.random.default_rng(0), np.float32)
    assert {np.asarray(a).dtype for a in made} == {np.dtype(np.float32)}
    expected = m.gradients(m.Params(*map(np.float64, params)), np.float64(X), _rounded(name, T))
    for a, b in zip(grads, expected[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-5)


def _rounded(name: str, T: np.ndarray) -> np.ndarray:
    """T in float64 such that its declared fact holds to double precision."""
    if not derived(name).stack.facts:
        return T.astype(np.float64)
    axis = 0 if derived(name).stack.conventions.samples == "columns" else 1
    T = T.astype(np.float64)
    return T / T.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", ["mnist-like", "columns", "log_softmax", "binary cross-entropy", "logits", "conv"])
def test_logits_of_ten_thousand(name: str, dtype: Any) -> None:
    """Finite losses and gradients, without a warning."""
    m = module(name)
    params, X, T, _ = arguments(name, 4, dtype)
    feature = 0 if derived(name).stack.conventions.samples == "columns" else 1
    if derived(name).stack.facts:
        T = np.eye(2, dtype=dtype)[[0, 1, 0, 1]]
        T = T.T if feature == 0 else T
    else:
        T = (T > 0).astype(dtype)
    *rest, last_W, last_b = params
    signs = np.where(np.arange(last_b.size) % 2, 1, -1).astype(dtype)
    params = m.Params(*rest, last_W, (1e4 * signs).astype(dtype))
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        L, grads = m.gradients(params, np.ascontiguousarray(X), np.ascontiguousarray(T))
    assert np.isfinite(L)
    assert L > 100
    assert all(np.isfinite(g).all() for g in grads)


def test_hidden_units_far_out_are_stable_too() -> None:
    for name in ("mnist-like", "swish", "elu", "softplus", "gelu_tanh", "silu"):
        m = module(name)
        params, X, T, _ = arguments(name, 3)
        with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
            warnings.simplefilter("error")
            for sign in (1, -1):
                L, grads = m.gradients(params._replace(b1=np.full(params.b1.shape, 1e4 * sign)), X, T)
                assert np.isfinite(L)
                assert all(np.isfinite(g).all() for g in grads)


def test_bad_arguments_are_named() -> None:
    m = module("mnist-like")
    params, X, T, _ = arguments("mnist-like", 4)
    rows: list[tuple[Any, Any, Any, str]] = [
        (params, X[:, :2], T, r"X: expected shape \(k, 3\), every size at least 1; got \(4, 2\)"),
        (params, X[0], T, r"X: expected shape \(k, 3\).*; got \(3,\)"),
        (params, X, T[:3], r"T: expected shape \(k, 2\), k = 4; got \(3, 2\)"),
        (params, X, T.T, r"T: expected shape"),
        (params, X[:0], T[:0], r"X: expected shape \(k, 3\), every size at least 1; got \(0, 3\)"),
        (params, X.astype(int), T, r"X: expected an array of floats, got an array of int64"),
        (params, X.tolist(), T, r"X: expected an array of floats, got list"),
        (params, X, T > 0, r"T: expected an array of floats, got an array of bool"),
        (params, X, 2 * T, r"T: the declared fact .* does not hold"),
        (params, X, T * np.nan, r"T: the declared fact .* does not hold"),
        (params._replace(b1=params.b1[:1]), X, T, r"b1: expected shape \(5,\).*; got \(1,\)"),
        (params._replace(W2=params.W2.T), X, T, r"W2: expected shape \(5, 2\).*; got \(2, 5\)"),
    ]
    labels = T.argmax(axis=1)
    rows += [
        (params, X, labels, r"T: expected an array of floats.*; for labels give one-hot rows: np\.eye\(2\)\[T\]$"),
        (params, X, labels[:, None], r"; for labels give one-hot rows: np\.eye\(2\)\[T\.ravel\(\)\]$"),
        (params, X, labels.astype(float), r"T: expected shape .*one-hot rows: np\.eye\(2\)\[T\.astype\(int\)\]$"),
        (params, X.astype(int), T, r"; give X\.astype\(float\)$"),
        (params, X, T.astype(np.uint8), r"; give T\.astype\(float\)$"),
        (params, X.tolist(), T, r"; give np\.asarray\(X, float\)$"),
        (params, X.T, T, r"; give X\.T$"),
        (params._replace(W2=params.W2.T), X, T, r"; give W2\.T$"),
        (params._asdict(), X, T, r"params: expected Params, got dict; give Params\(\*\(params\[field\] for field"),
        (params[:-1], X, T, rf"params: expected Params, {len(params)} arrays, got {len(params) - 1} of them"),
        (None, X, T, "params: expected Params.* got NoneType"),
    ]
    for p, x, t, message in rows:
        for function in (m.loss, m.gradients):
            with pytest.raises(ValueError, match=message):
                function(p, x, t)
    with pytest.raises(ValueError, match="X: expected"):
        m.forward(params, X.T)
    _, grads = m.gradients(params, X, T)
    with pytest.raises(ValueError, match="grads: expected Params, got dict"):
        m.update(params, grads._asdict())
    with pytest.raises(ValueError, match="V: expected Params, got dict"):
        m.hvp(params, X, T, grads._asdict())


def test_the_remedies_work() -> None:
    """What a message says to give is taken: the message's own words, executed."""
    m = module("mnist-like")
    params, X, T, _ = arguments("mnist-like", 4)
    labels = T.argmax(axis=1)
    T = np.eye(2)[labels]
    right = m.loss(params, X, T)
    for p, x, t in (
        (params, X, labels),
        (params, X, labels[:, None]),
        (params, X, labels.astype(float)),
        (params, X, T.astype(int)),
        (params, X.tolist(), T),
        (params, X.T, T),
        (params._asdict(), X, T),
        (params._replace(W1=params.W1.T), X, T),
    ):
        with pytest.raises(ValueError, match="give ") as caught:
            m.loss(p, x, t)
        name, _, rest = str(caught.value).partition(":")
        words = rest.rpartition("give ")[2].removeprefix("one-hot rows: ")
        given = {"params": p, "X": x, "T": t, **(p._asdict() if isinstance(p, m.Params) else {})}
        put = eval(words, {**given, "np": np, "Params": m.Params})
        if name in m.Params._fields:
            p = p._replace(**{name: put})
        again = {"params": p, "X": x, "T": t, **({name: put} if name in ("params", "X", "T") else {})}
        assert m.loss(again["params"], again["X"], again["T"]) == right


@pytest.mark.parametrize("name", NETS)
def test_kinks_are_where_the_formulas_say(name: str) -> None:
    m = module(name)
    params, X, *_ = arguments(name, 4)
    found = m.kinks(params, X)
    assert len(found) == len(m.KINKS)
    assert all(isinstance(a, np.ndarray) for a in found)


def test_a_kink_in_the_loss_needs_the_target() -> None:
    m = imported(generate(derivation_of(spec("dense: 2", "{formula: sum(abs(Y - T))/k, target: T}"))))
    assert m.KINKS == ("L's formula at Y − T = 0",)
    rng = np.random.default_rng(0)
    params, X, T = m.init(rng), rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    assert m.kinks(params, X) == []
    np.testing.assert_allclose(np.abs(m.kinks(params, X, T)[0]), np.abs(m.forward(params, X) - T))


def test_the_same_text_twice() -> None:
    for name in ("mnist-like", "conv conv", "gelu"):
        assert generate(derived(name)) == generate(derivation_of(NETS[name]))


def test_the_same_bits_twice() -> None:
    for name in NETS:
        params, X, T, _ = arguments(name, 5)
        first, second = (module(name).gradients(params, X, T) for _ in range(2))
        assert all(np.array_equal(a, b) for a, b in zip(first[1], second[1], strict=True))


def test_nothing_that_is_given_is_changed() -> None:
    for name in NETS:
        params, X, T, _ = arguments(name, 3)
        before = [a.copy() for a in (*params, X, T)]
        module(name).update(params, module(name).gradients(params, X, T)[1])
        assert all(np.array_equal(a, b) for a, b in zip(before, (*params, X, T), strict=True))


def test_it_reads_like_the_document() -> None:
    source = generate(derived("mnist-like"))
    for line in (
        "A1 = X @ W1 + b1",
        "Z1 = sigmoid(A1)",
        "Y = softmax(A2)",
        "delta_2 = (Y - T) / k",
        "dW2 = Z1.T @ delta_2",
        "delta_1 = (delta_2 @ W2.T) * Z1 * (1 - Z1)",
        "dW1 = X.T @ delta_1",
        "db1 = delta_1.sum(axis=0)",
    ):
        assert f"    {line}\n" in source


@pytest.mark.parametrize("name", NETS)
def test_only_numpy_is_imported_and_no_contraction_needs_einsum(name: str) -> None:
    source = generate(derived(name))
    imports = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Import | ast.ImportFrom)]
    names = {a.name for n in imports if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in imports if isinstance(n, ast.ImportFrom) and n.module}
    allowed = {"__future__", "functools", "typing", "math", "numpy", "numpy.lib.stride_tricks"}
    assert names - allowed == ({"scipy.special"} if name == "gelu" else set())
    first_order = source.partition("- second order\n")[0]
    assert "einsum" not in first_order


def test_update_is_the_declared_formula() -> None:
    m = module("mnist-like")
    params, X, T, _ = arguments("mnist-like", 3)
    grads = m.gradients(params, X, T)[1]
    for new, p, g in zip(m.update(params, grads, alpha=0.25), params, grads, strict=True):
        np.testing.assert_allclose(new, p - 0.25 * g, rtol=1e-15)
    assert all(np.array_equal(a, b) for a, b in zip(m.update(params, grads), m.update(params, grads, 0.1), strict=True))


def test_initial_numbers() -> None:
    m = module("mnist-like")
    first, second = (m.init(np.random.default_rng(5)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert [a.shape for a in first] == list(m.PARAMETERS.values())
    assert not first.b1.any()
    assert first.W1.std() > 0


def test_sizes_that_stay_open() -> None:
    m = imported(generate(derivation_of(spec("dense: 3, tanh, dense: 2", MSE, "X[k, m]"))))
    rng = np.random.default_rng(0)
    params, X, T = m.init(rng, m=4), rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
    assert params.W1.shape == (4, 3)
    V = rng.normal(size=(4, 3))
    slope = m.loss(params._replace(W1=params.W1 + 1e-100j * V), X, T).imag / 1e-100
    assert slope == pytest.approx((V * m.gradients(params, X, T)[1].W1).sum(), rel=1e-12)
    with pytest.raises(ValueError, match=r"W1: expected shape \(m, 3\)"):
        m.forward(params._replace(W1=params.W1[:, :2]), X)


def test_constants_are_numbers_of_the_module() -> None:
    assert module("leaky_relu").slope == 0.01
    assert constants(derived("leaky_relu").stack, 1)["slope"] == 0.01
