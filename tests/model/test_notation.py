"""Formulas mean what NumPy says they mean, at distinct, equal and unit sizes; bad ones get an error and a caret."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy

from symjac.core import scalar
from symjac.core.errors import InputError, Place
from symjac.core.evaluate import evaluate
from symjac.core.expr import Contract, Equation, number, symbol, walk
from symjac.core.index import index, size_symbol
from symjac.model import elaborate
from symjac.model.elaborate import Rewrite, Scope
from symjac.model.parse import Ast, parse

k = size_symbol("k")
SIZES = [(2, 3, 5), (5, 2, 3), (3, 3, 3), (1, 4, 1), (1, 1, 1)]


def read(text: str) -> Ast:
    return parse(text, Place("spec.yaml", 1, 1, text))


REWRITES = {
    "softmax": Rewrite(("x", "axis"), read("exp(x) / sum(exp(x), axis=axis)")),
    "log_softmax": Rewrite(("x", "axis"), read("x - log(sum(exp(x), axis=axis))")),
    "loop": Rewrite(("x",), read("loop(x)")),
}


def shapes(n: int | sympy.Expr, m: int, u: int) -> dict[str, tuple[sympy.Expr, ...]]:
    names = {"X": (n, m), "W": (m, u), "b": (u,), "T": (n, u), "Y": (n, u), "w": (n,), "c": (m,), "S": (u, u), "s": ()}
    return {name: tuple(sympy.sympify(size) for size in shape) for name, shape in names.items()}


def scope(n: int | sympy.Expr = k, m: int = 3, u: int = 4, **more: Any) -> Scope:
    known: dict[str, Any] = {
        "tensors": shapes(n, m, u),
        "sizes": {"k": k, "m": sympy.Integer(m), "u": sympy.Integer(u)},
        "constants": {"alpha": sympy.Symbol("alpha", real=True)},
        "functions": {"softplus": sympy.log(1 + sympy.exp(scalar.slot(0)))},
        "batch": k,
        "rewrites": REWRITES,
    }
    return Scope(**{**known, **more})


def arrays(shapes: Mapping[str, tuple[Any, ...]], n: int) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    return {name: 0.5 + rng.random([n if s == k else int(s) for s in shape]) for name, shape in shapes.items()}


def value(equation: Equation, tensors: Mapping[str, Any], **constants: float) -> Any:
    return evaluate(equation.rhs, equation.lhs.indices, tensors, constants)


# ---------------------------------------------------------------- formulas against NumPy

FORMULAS: list[tuple[str, Callable[..., Any]]] = [
    ("A = X @ W + b", lambda X, W, b, **_: X @ W + b),
    ("A[n,j] = sum[i] X[n,i] * W[i,j] + b[j]", lambda X, W, b, **_: X @ W + b),
    ("A[j,n] = sum[i] X[n,i] * W[i,j] + b[j]", lambda X, W, b, **_: (X @ W + b).T),
    ("A = (b + X @ W) @ S.T @ b", lambda X, W, S, b, **_: (b + X @ W) @ S.T @ b),
    ("A = T * log(Y) - 2*T/Y", lambda T, Y, **_: T * np.log(Y) - 2 * T / Y),
    ("A = -sum(T*log(Y))/k", lambda T, Y, k, **_: -np.sum(T * np.log(Y)) / k),
    ("A = mean((Y-T)**2)", lambda T, Y, **_: np.mean((Y - T) ** 2)),
    ("A = sum((Y - T)**2)/(2*k)", lambda T, Y, k, **_: np.sum((Y - T) ** 2) / (2 * k)),
    ("A = -(1/k) * sum[n,j] T[n,j] * log(Y[n,j])", lambda T, Y, k, **_: -np.sum(T * np.log(Y)) / k),
    ("A = sum(X)", lambda X, **_: X.sum()),
    ("A = sum(X, axis=0)", lambda X, **_: X.sum(0)),
    ("A = sum(X, 1)", lambda X, **_: X.sum(1)),
    ("A = mean(X, axis=-1)", lambda X, **_: X.mean(-1)),
    ("A = max(X, axis=1)", lambda X, **_: X.max(1)),
    ("A = min(X, axis=-2)", lambda X, **_: X.min(0)),
    ("A = max(X)", lambda X, **_: X.max()),
    ("A = max(T, Y) - min(T, 1)", lambda T, Y, **_: np.maximum(T, Y) - np.minimum(T, 1)),
    (
        "A = max(T, 1, Y) - min(b, T, Y, s)",
        lambda T, Y, b, s, **_: np.maximum(np.maximum(T, 1), Y) - np.minimum.reduce([b + 0 * T, T, Y, s + 0 * T]),
    ),
    ("A = max(b, T)", lambda T, b, **_: np.maximum(T, b)),
    ("A = exp(X)/sum(exp(X), axis=1)", lambda X, **_: np.exp(X) / np.exp(X).sum(1, keepdims=True)),
    ("A = exp(X)/sum(exp(X), axis=0)", lambda X, **_: np.exp(X) / np.exp(X).sum(0)),
    ("A = Y - mean(T, axis=1)", lambda T, Y, **_: Y - T.mean(1, keepdims=True)),
    ("A = mean(T, axis=1) - Y", lambda T, Y, **_: T.mean(1, keepdims=True) - Y),
    ("A = sum(sum(X, axis=1), axis=0)", lambda X, **_: X.sum()),
    ("A = sum(T*log(Y), axis=1) * w", lambda T, Y, w, **_: (T * np.log(Y)).sum(1) * w),
    ("A = w @ X", lambda w, X, **_: w @ X),
    ("A = b @ b", lambda b, **_: b @ b),
    ("A = S @ S + S.T * S", lambda S, **_: S @ S + S.T * S),
    ("A = softmax(X @ W)", lambda X, W, **_: softmax(X @ W, 1)),
    ("A = softmax(X, axis=0)", lambda X, **_: softmax(X, 0)),
    ("A = softmax(S, -1) @ softmax(S, 0)", lambda S, **_: softmax(S, -1) @ softmax(S, 0)),
    ("A = -sum(T * log_softmax(Y))/k", lambda T, Y, k, **_: -np.sum(T * np.log(softmax(Y, 1))) / k),
    ("A = softmax(softmax(X))", lambda X, **_: softmax(softmax(X, 1), 1)),
    ("A = sum(softplus(Y) - T*Y)", lambda T, Y, **_: np.sum(np.log1p(np.exp(Y)) - T * Y)),
    ("A = where(X > 1, X, alpha*X)", lambda X, alpha, **_: np.where(X > 1, X, alpha * X)),
    ("A = where(T <= b, s, T)", lambda T, b, s, **_: np.where(b >= T, s, T)),
    ("A = X**2 + X**0.5 + X**-1 - 2**X + X**alpha", lambda X, alpha, **_: X**2 + X**0.5 + 1 / X - 2**X + X**alpha),
    ("A = -X**2", lambda X, **_: -(X**2)),
    ("A = 2**3**2 * X", lambda X, **_: 512 * X),
    ("A = X - (X - 1) - 1.5e-1 - .5", lambda X, **_: 0 * X + 0.35),
    ("A = X/2/2*4", lambda X, **_: X),
    ("A = sqrt(2*pi)*tanh(X) + abs(-X)", lambda X, **_: np.sqrt(2 * np.pi) * np.tanh(X) + X),
    ("A = 0*X", lambda X, **_: 0 * X),
    ("A = b", lambda b, **_: b),
    ("A = k", lambda k, **_: k),
    ("A[i,j] = c[i] * b[j]", lambda c, b, **_: np.outer(c, b)),
    ("A[i] = X[0,i]", lambda X, **_: X[0]),
    ("A[i] = S[i,i]", lambda S, **_: np.diag(S)),
    ("A[i,j] = c[j] + 0*S[i,i]", lambda c, S, **_: np.tile(c, (len(S), 1))),
    ("A[i] = c[m - 1 - i] + 0*c[i]", lambda c, **_: c[::-1]),
    ("A[m - 1 - i] = c[i]", lambda c, **_: c[::-1]),
    ("A[2*i] = c[i]", lambda c, **_: np.stack([c, 0 * c], 1).ravel()[:-1]),
    ("A[n,i] = X[n,i] - X[n-1,i]", lambda X, **_: np.diff(X, axis=0, prepend=0)),
    ("A[j] = max[i] W[i,j] * s", lambda W, s, **_: (W * s).max(0)),
    ("A[j] = max[i](-W[i,j]) * -s", lambda W, s, **_: (W * s).max(0)),
    ("A[j] = (max[i] -W[i,j]) * -s", lambda W, s, **_: W.min(0) * s),
    ("A[j] = -s * max[i] -W[i,j]", lambda W, s, **_: W.min(0) * s),
    ("A[j] = mean[i] W[i,j]", lambda W, **_: W.mean(0)),
    # A sum reaches over the whole product behind it, a power on a bracket belongs to the bracket.
    ("A = sum[n,j] (Y[n,j] - T[n,j])**2/k", lambda Y, T, k, **_: ((Y - T) ** 2).sum() / k),
    ("A = sum[n,j](Y[n,j] - T[n,j])**2/k", lambda Y, T, k, **_: ((Y - T) ** 2).sum() / k),
    ("A = (sum[n,j] Y[n,j] * T[n,j])**2/k", lambda Y, T, k, **_: (Y * T).sum() ** 2 / k),
    ("A[j] = sum[i](W[i,j])**2 + s", lambda W, s, **_: (W**2).sum(0) + s),
    ("A[j] = (sum[i] W[i,j])**2 + s", lambda W, s, **_: W.sum(0) ** 2 + s),
    ("A[j] = sum[i] W[i,j]**2 - s", lambda W, s, **_: (W**2).sum(0) - s),
    ("A[j] = mean[i] (W[i,j] - s)**3 * 2", lambda W, s, **_: ((W - s) ** 3).mean(0) * 2),
    ("A[j] = max[i] (W[i,j] - 1)**2", lambda W, **_: ((W - 1) ** 2).max(0)),
    ("A[j] = min[i] (W[i,j] - 1)**2 / -s", lambda W, s, **_: ((W - 1) ** 2 / -s).min(0)),
    ("A[j] = (min[i] W[i,j] - 1)**2 / -s", lambda W, s, **_: (W.min(0) - 1) ** 2 / -s),
    ("A[n] = sum[i] (X[n,i]) * c[i]", lambda X, c, **_: X @ c),
    ("A[n] = sum[i] (X[n,i] + 1)**-1 / (c[i] + 1)**2", lambda X, c, **_: (1 / (X + 1) / (c + 1) ** 2).sum(1)),
    ("A = sum[n] w[n]/k", lambda w, k, **_: w.sum() / k),
    ("A = -sum[n] (w[n] - 1)**2", lambda w, **_: -((w - 1) ** 2).sum()),
    ("A = 3 - sum[n] (w[n] - 1)**2 + s", lambda w, s, **_: 3 - ((w - 1) ** 2).sum() + s),
    ("A = sum[i] (c[i])**2 * sum[j] (b[j])**2", lambda c, b, **_: (c**2).sum() * (b**2).sum()),
    ("A = (sum[i] c[i]) * (sum[i] b[i])", lambda c, b, **_: c.sum() * b.sum()),
    ("A = max[i] (1 - c[i]) * max[j] (1 - b[j])", lambda c, b, **_: ((1 - c) * (1 - b).max()).max()),
    ("A = sum[i] c[i] - sum[i] c[i]**2", lambda c, **_: c.sum() - (c**2).sum()),
    ("A = exp(sum[i] (c[i] - 1)**2/2)", lambda c, **_: np.exp(((c - 1) ** 2).sum() / 2)),
    (
        "A[n] = where(sum[i] (X[n,i] - 1)**2 > s, sum[i] (X[n,i])**2, s)",
        lambda X, s, **_: np.where(((X - 1) ** 2).sum(1) > s, (X**2).sum(1), s),
    ),
    ("A = sum((Y - T), axis=1)**2 @ w", lambda Y, T, w, **_: (Y - T).sum(1) ** 2 @ w),
    ("A = max(Y, T)**2 * sum (Y)**2", lambda Y, T, **_: np.maximum(Y, T) ** 2 * Y.sum() ** 2),
    ("A[n,j] = exp(T[n,j]) / (sum[i] exp(T[n,i]))", lambda T, **_: softmax(T, 1)),
    ("A = 2 * sum[i] c[i]*c[i] - sum[i,j] W[i,j]", lambda c, W, **_: 2 * c @ c - W.sum()),
    ("A = -s * sum[i] -c[i] * s", lambda c, s, **_: s * s * c.sum()),
]


def softmax(x: Any, axis: int) -> Any:
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


@pytest.mark.parametrize(("text", "expected"), FORMULAS, ids=[text for text, _ in FORMULAS])
def test_formula_is_numpys(text: str, expected: Callable[..., Any]) -> None:
    for n, m, u in SIZES:
        for batch in (k, n):
            known = scope(batch, m, u)
            tensors = arrays(known.tensors, n)
            constants = {"k": n, "alpha": 0.3}
            want = expected(**tensors, **constants)
            got = value(elaborate.equation(read(text), known), tensors, **constants)
            assert got.shape == np.shape(want)
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


def test_a_vector_goes_along_the_first_axis_with_samples_in_columns() -> None:
    for n, m, u in SIZES:
        tensors = {name: tuple(map(sympy.Integer, s)) for name, s in {"X": (m, n), "W": (u, m), "b": (u,)}.items()}
        known = scope(tensors=tensors, samples="columns")
        given = arrays(tensors, n)
        X, W, b = given["X"], given["W"], given["b"]
        a = W @ X + b[:, None]
        for text, want in (("A = W @ X + b", a), ("A = softmax(W @ X + b)", softmax(a, 0))):
            np.testing.assert_allclose(value(elaborate.equation(read(text), known), given), want)


def test_names_of_axes_follow_the_reading_order() -> None:
    known = scope()
    dense = elaborate.equation(read("A = X @ W + b"), known)
    assert dense == elaborate.equation(read("A[n,j] = sum[i] X[n,i]*W[i,j] + b[j]"), known)
    rows = elaborate.equation(read("Y_2 = softmax(T)"), known)
    assert [i.name for i in rows.lhs.indices] == ["n", "i"]
    summed = [i.name for e in walk(rows.rhs) if isinstance(e, Contract) for i in e.summed]
    assert summed == ["j"]


WINDOWS = list(product((4, 5), (1, 2, 3), (1, 2), (0, 1), (1, 2)))


@pytest.mark.parametrize(("h", "size", "stride", "padding", "dilation"), WINDOWS)
def test_convolution_is_the_naive_loop(h: int, size: int, stride: int, padding: int, dilation: int) -> None:
    w, n, channels, filters = h + 1, 2, 2, 3
    out = [(side + 2 * padding - dilation * (size - 1) - 1) // stride + 1 for side in (h, w)]
    if min(out) < 1:
        return
    tensors = {"X": (k, channels, h, w), "K": (filters, channels, size, size), "b": (filters,)}
    known = Scope(
        tensors={name: tuple(map(sympy.sympify, shape)) for name, shape in tensors.items()},
        sizes={"stride": sympy.Integer(stride), "padding": sympy.Integer(padding), "dilation": sympy.Integer(dilation)},
        extents={"i": sympy.Integer(out[0]), "j": sympy.Integer(out[1])},
        batch=k,
    )
    text = """A[n,o,i,j] = sum[c,p,q]
        X[n,c,stride*i+dilation*p-padding,stride*j+dilation*q-padding] * K[o,c,p,q] + b[o]"""
    given = arrays(tensors, n)
    X = np.pad(given["X"], ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    want = np.zeros((n, filters, *out))
    for s, o, i, j in np.ndindex(*want.shape):
        for c, p, q in np.ndindex(channels, size, size):
            want[s, o, i, j] += X[s, c, stride * i + dilation * p, stride * j + dilation * q] * given["K"][o, c, p, q]
        want[s, o, i, j] += given["b"][o]
    np.testing.assert_allclose(value(elaborate.equation(read(text), known), given, k=n), want)


def test_pooling() -> None:
    two, four, six = map(sympy.Integer, (2, 4, 6))
    known = Scope(tensors={"X": (four, six)}, extents={"p": two, "i": two})
    text = "A[i,j] = max[p] X[2*i+p,j]"
    given = arrays(known.tensors, 0)
    got = value(elaborate.equation(read(text), known), given)
    np.testing.assert_allclose(got[0], given["X"][:2].max(0))
    np.testing.assert_allclose(got[1], given["X"][2:].max(0))


@pytest.mark.parametrize("shape", [(2, 3, 4), (3, 3, 3), (1, 2, 1), (1, 1, 1)])
def test_flatten_is_ravel(shape: tuple[int, int, int]) -> None:
    channels, h, w = shape
    sizes = {"h": sympy.Integer(h), "w": sympy.Integer(w)}
    known = Scope(tensors={"X": (k, *map(sympy.Integer, shape))}, sizes=sizes, batch=k)
    given = arrays(known.tensors, 2)
    flat = elaborate.equation(read("F[n, h*w*c + w*i + j] = X[n,c,i,j]"), known)
    assert flat.lhs.shape == (k, channels * h * w)
    np.testing.assert_allclose(value(flat, given, k=2), given["X"].reshape(2, -1))


def test_flatten_with_sizes_left_open() -> None:
    h, w, c = (size_symbol(s) for s in ("h", "w", "channels"))
    known = Scope(tensors={"X": (k, c, h, w)}, sizes={"h": h, "w": w}, batch=k)
    flat = elaborate.equation(read("F[n, h*w*c + w*i + j] = X[n,c,i,j]"), known)
    assert flat.lhs.shape[1] == c * h * w


def test_windows_with_sizes_left_open_fit() -> None:
    h, s, p = (size_symbol(x) for x in ("h", "size", "padding"))
    d, t = size_symbol("dilation"), size_symbol("stride")
    out = sympy.floor((h + 2 * p - d * (s - 1) - 1) / t) + 1
    known = Scope(
        tensors={"X": (h,), "K": (s,)}, sizes={"padding": p, "dilation": d, "stride": t}, extents={"i": out}, batch=k
    )
    text = "A[i] = sum[p] X[stride*i + dilation*p - padding] * K[p]"
    assert elaborate.equation(read(text), known).lhs.shape == (out,)


# ---------------------------------------------------------------- formulas of numbers, losses, facts

x, y = scalar.slot(0), scalar.slot(1)
ALPHA = sympy.Symbol("alpha", real=True)

SCALARS: list[tuple[str, tuple[str, ...], sympy.Expr]] = [
    ("x", ("x",), x),
    ("max(x, 0)", ("x",), sympy.Max(x, 0)),
    ("1/(1 + exp(-x))", ("x",), 1 / (1 + sympy.exp(-x))),
    ("where(x > 0, x, alpha*x)", ("x",), sympy.Piecewise((x, x > 0), (ALPHA * x, True))),
    ("x*(1 + erf(x/sqrt(2)))/2", ("x",), x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2),
    ("softplus(x)*x", ("x",), x * sympy.log(1 + sympy.exp(x))),
    ("theta - alpha*g", ("theta", "g"), x - ALPHA * y),
    ("theta - 0.01*g", ("theta", "g"), x - y / 100),
    ("g", ("theta", "g"), y),
    ("2", ("x",), sympy.Integer(2)),
    ("(x + 1) - 1", ("x",), x),
]


@pytest.mark.parametrize(("text", "variables", "expected"), SCALARS, ids=[text for text, _, _ in SCALARS])
def test_scalar_formula(text: str, variables: tuple[str, ...], expected: sympy.Expr) -> None:
    assert elaborate.scalar_formula(read(text), variables, scope()) == expected


def test_expression_over_a_left_side() -> None:
    n, j = index("n", k), index("j", 4)
    want = symbol("A", (n, j))
    whole = elaborate.expression(read("T + b"), scope(), want)
    assert whole == elaborate.expression(read("T[n,j] + b[j]"), scope(), want)


def test_sides_of_a_fact_share_their_indices() -> None:
    left, right = elaborate.sides(read("sum(T, axis=1) = 1"), scope())
    assert right == number(1)
    assert [i.name for i in left.free] == ["n"]
    left, right = elaborate.sides(read("T = T.T.T"), scope())
    assert left == right


# ---------------------------------------------------------------- bad formulas

BAD_EQUATIONS: list[tuple[str, int, str]] = [
    # formula, column of the caret, words of the message
    ("", 1, "empty"),
    ("   ", 1, "empty"),
    ("X @ W", 1, "without ="),
    ("A = B = X", 7, "'=' does not fit"),
    ("A = X.shape", 6, "'.shape'"),
    ("A = X.__class__", 7, "'_'"),
    ("A = __import__('os')", 5, "'_'"),
    ("A = foo(X)", 5, "unknown function 'foo'"),
    ("A = sofmax(X)", 5, "did you mean softmax"),
    ("A = X + Z", 9, "unknown name 'Z'"),
    ("A = X + alpah", 9, "did you mean alpha"),
    ("A = eval(X)", 5, "unknown function 'eval'"),
    ("A = exp", 5, "without arguments"),
    ("A = X(2)", 5, "is not a function"),
    ("A = e**X", 5, "exp(1)"),
    ("A = X > 1", 7, "a comparison stands first in where"),
    ("A = exp(X > 1)", 11, "a comparison outside of where"),
    ("A = where(X, 1, 2)", 11, "where without a comparison"),
    ("A = where(X > 1, X)", 5, "where with 2 arguments"),
    ("A = exp(X, X)", 5, "exp with 2 arguments"),
    ("A = exp()", 5, "exp with 0 arguments"),
    ("A = exp(X, 1, 2)", 5, "exp with 3 arguments"),
    ("A = max()", 5, "max with 0 arguments"),
    ("A = exp(X, axis=1)", 12, "no argument named axis"),
    ("A = sum(X, axes=1)", 12, "did you mean axis"),
    ("A = sum(X, axis=2)", 5, "axis 2"),
    ("A = sum(X, axis=-3)", 5, "axis -3"),
    ("A = sum(X, axis=k)", 17, "not the number of an axis"),
    ("A = sum(X, axis=0.5)", 17, "not the number of an axis"),
    ("A = sum(X, axis=0, axis=1)", 5, "given twice"),
    ("A = sum(s)", 5, "sum of a single number"),
    ("A = (X @ W", 5, "never closed"),
    ("A = X @ W)", 10, "closes no bracket"),
    ("A = (X @ W]", 11, "closes the '('"),
    ("A = " + "(" * 60 + "X" + ")" * 60, 55, "too deeply"),
    ("A = " + "-" * 300 + "X", 104, "too deeply"),
    ("A = " + "+".join(["X"] * 10**6), 1, "characters"),
    ("A = X @", 8, "ends too early"),
    ("A = X @@ W", 8, "'@' does not fit"),
    ("A = 2 X", 7, "write *"),
    ("A = X ^ 2", 7, "**"),
    ("A = X \N{MINUS SIGN} 2", 7, "MINUS SIGN"),
    ("A = \N{CYRILLIC CAPITAL LETTER HA}", 5, "CYRILLIC"),
    ("A = X\N{NO-BREAK SPACE}+ b", 6, "U+00A0"),
    ("A = X +\N{RIGHT-TO-LEFT OVERRIDE} W", 8, "U+202E"),
    ("A = \N{ARABIC-INDIC DIGIT ONE}", 5, "ARABIC-INDIC"),
    ("A = \N{FULLWIDTH LATIN CAPITAL LETTER X}", 5, "FULLWIDTH"),
    ("A = X\x00", 6, "does not print"),
    ("A = X; import os", 6, "';'"),
    ("A = lambda X: X", 12, "'X' does not fit"),
    ("A = [X for X in W]", 5, "'['"),
    ("A = X[0:1]", 8, "slices"),
    ("A = 'X'", 5, "'''"),
    ("A = X/0", 6, "division by zero"),
    ("A = X/(1 - 1)", 6, "division by zero"),
    ("A = 0**-1", 6, "division by zero"),
    ("A = log(0)*X", 5, "no finite value"),
    ("A = sqrt(-1)*X", 5, "no real value"),
    ("A = (-8)**(1/3)*X", 9, "no real value"),
    ("A = 9**9**9**9", 9, "an exponent too large"),
    ("A = exp(exp(exp(exp(9))))", 13, "a number too large"),
    ("A = ((((X*1e99)**99)**99)**99)**99", 16, "too large"),
    ("A = 1e999999999*X", 5, "too long or too large"),
    ("A = " + "9" * 500, 5, "too long or too large"),
    ("A = softmax(softmax(softmax(" + "softmax(softmax(softmax(" * 7 + "X" + ")" * 24, 125, "grows too large"),
    ("A = loop(X)", 5, "defined by itself"),
    ("A = softmax(X, axis=3)", 5, "in softmax: axis 3"),
    ("A = softmax(s)", 5, "in softmax: sum of a single number"),
    ("A = softmax()", 5, "without its argument x"),
    ("A = softmax(X, 1, 2)", 5, "softmax with 3 arguments"),
    ("A = softmax(X, x=X)", 16, "no argument named x"),
    ("A = X @ T", 7, "inner sizes"),
    ("A = X + b", 7, "shapes (k, 3) and (4,)"),
    ("A = T + w", 7, "goes along the last axis"),
    ("A = X - T", 7, "shapes (k, 3) and (k, 4)"),
    ("A = X * T", 7, "shapes"),
    ("A = sum(S, axis=0) + sum(S, axis=1)", 20, "shapes (4,) and (4,)"),
    ("A = where(X > T, 1, 2)", 5, "in 'where'"),
    ("A = s @ X", 7, "@ with a single number"),
    ("A = b.T", 6, ".T of an array of shape (4,)"),
    ("A = A @ W", 5, "defined by itself"),
    ("k = X", 1, "is a size"),
    ("softmax = X", 1, "is a function"),
    ("X @ W = X", 1, "cannot be defined"),
    ("2 = X", 1, "cannot be defined"),
    ("b = T", 1, "as declared"),
    # index notation
    ("A[n] = X[n,i]", 12, "neither summed nor on the left"),
    ("A[n,i] = X[n]", 10, "2 axes and 1 subscripts"),
    ("A[n,i] = X", 10, "no subscripts"),
    ("A[n,i] = X[n,i] @ W", 19, "no subscripts"),
    ("A[n] = sum(X[n,0])", 8, "in index notation write sum[i]"),
    ("A[n,j] = sum[i] X[n,i] * W[j,i]", 30, "runs over 3 in X and over 4"),
    ("A[i,j] = X[i,0]", 5, "no known range"),
    ("A[n,n] = X[n,0]", 5, "twice on the left"),
    ("A[n,2*n] = X[n,0]", 5, "twice on the left"),
    ("A[i,2*j,3*j] = W[i,j]", 9, "twice on the left"),
    ("A[n,i] = Z[n,i]", 10, "unknown name 'Z'"),
    ("A[n,i] = X[W[n,0],i] + 0*X[n,i]", 12, "cannot be a subscript"),
    ("A[n,k] = X[n,k]", 5, "is a size"),
    ("A[n] = w[n] + sum[n] w[n]", 19, "has a meaning already"),
    ("A[n] = sum[i,i] X[n,i]", 14, "has a meaning already"),
    ("A[n] = (sum[i] X[n,i]) * c[i]", 28, "neither summed nor on the left"),
    ("A = sum[i](c[i]) * sum[i](b[i])", 24, "put brackets around the one before: (sum[i] ...)"),
    ("A = c[0] ** sum[i](c[i])", 16, "brackets around the sum"),
    ("A[n] = 1/sum[i] X[n,i]", 13, "brackets around the sum"),
    ("A[n,i] = X[n,i+1]*c[i]", 14, "runs from 1 to 3"),
    ("A[n,i] = X[n,2*i] + 0*X[n,i]", 14, "runs from 0 to 4"),
    ("A[n,i] = X[n,3] + 0*X[n,i]", 14, "runs from 3 to 3"),
    ("A[n] = X[2*n,0]", 3, "no known range"),
    ("A[n] = sum[i] w[n+i]*X[n,0]*c[i]", 17, "runs from 0 to k + 1"),
    ("A[n,i] = X[n,i*i]*c[i]", 15, "a product of indices"),
    ("A[n,i] = X[n,i/2]*c[i]", 14, "cannot be a subscript"),
    ("A[n,i] = X[n,0.5]*c[i]", 14, "cannot be a subscript"),
    ("A[n,i] = X[n,i]*i", 17, "outside of subscripts"),
    ("A[i+j] = c[i]*c[j]", 3, "two entries may fall in one place"),
    ("A[2*i+j] = c[i]*c[j]", 3, "two entries may fall in one place"),
    ("A[i-1] = c[i]", 3, "below 0"),
    ("A[i,j] = c[i+j-1]*c[i]*b[j]", 12, "runs from -1 to 4"),
    ("b[i+2] = c[i]", 3, "the axis ends at 3"),
    ("A[i]= max[j] softmax(W[i,j])", 14, "works on whole arrays"),
    ("A[0][1] = X", 5, "'[' does not fit"),
    ("A = X[]", 7, "']' does not fit"),
    ("A = sum[] X", 9, "']' does not fit"),
    ("A = sum[2] X", 9, "'2' does not fit"),
]


@pytest.mark.parametrize(("text", "column", "words"), BAD_EQUATIONS, ids=[f"{t[:40]!a}" for t, _, _ in BAD_EQUATIONS])
def test_bad_equation(text: str, column: int, words: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        elaborate.equation(read(text), scope())
    assert time.process_time() - start < 3
    assert words in caught.value.render()
    assert caught.value.place.column == column


BAD_EXPRESSIONS = [
    ("T - Y", "a single number"),
    ("L = sum(T)", "a = has no place here"),
    ("T[n,j]", "neither summed"),
]


@pytest.mark.parametrize(("text", "words"), BAD_EXPRESSIONS)
def test_bad_expression(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        elaborate.expression(read(text), scope())
    assert words in caught.value.render()


BAD_SCALARS = [
    ("exp(x)/sum(exp(x))", "sum of a single number"),
    ("softmax(x)", "unknown function"),
    ("X*x", "unknown name 'X'"),
    ("x[0]", "0 axes and 1 subscripts"),
    ("x @ x", "@ with a single number"),
    ("y = x", "a = has no place here"),
    ("max(x)", "max of a single number"),
]


@pytest.mark.parametrize(("text", "words"), BAD_SCALARS)
def test_bad_scalar_formula(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        elaborate.scalar_formula(read(text), ("x",), scope())
    assert words in caught.value.render()


def test_the_caret_of_a_formula_over_lines() -> None:
    place = Place("spec.yaml", 7, 12, "  formula: A = X")
    with pytest.raises(InputError) as caught:
        elaborate.equation(parse("A = X\n  + foo", place), scope())
    message = caught.value.render().splitlines()
    assert message[:3] == ["spec.yaml:8:5: error: unknown name 'foo'", "  |   + foo", "  |     ^"]


HEAVY = [
    "x*" * 950 + "x",
    "x+" * 950 + "x",
    "-(" * 45 + "x" + ")" * 45,
    "exp(" * 45 + "x" + ")" * 45,
    "max(x," * 45 + "0" + ")" * 45,
    "where(x > 1, x, " * 45 + "0" + ")" * 45,
    "where(where(x > 0, x, 1) > 0, " * 20 + "0" + ", x)" * 20,
    "1/(1 + " * 45 + "x" + ")" * 45,
    "(" * 40 + "x" + "*x + 1)**2" * 40,
    "+".join(f"sin({i}*x)" for i in range(180)),
    "*".join(f"max(x, {i})" for i in range(150)),
    "+".join(f"where(x > {i}, x, {i})" for i in range(80)),
    "softplus(" * 45 + "x" + ")" * 45,
    "erf(sqrt(abs(log(" * 12 + "x" + "))))" * 12,
]


@pytest.mark.parametrize("text", HEAVY, ids=[t[:20] for t in HEAVY])
def test_a_heavy_formula_ends_in_bounded_time(text: str) -> None:
    start = time.process_time()
    with contextlib.suppress(InputError):  # a refusal is an answer too
        elaborate.scalar_formula(read(text), ("x",), scope())
    assert time.process_time() - start < 10
