"""Matrix forms are exact: the SymPy matrix expression, made explicit at sizes 2, 3, 5, has the expression's values."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
import sympy
from sympy import exp, log

from symjac.calculus.differentiate import jacobian
from symjac.calculus.matrix import jacobian_form, matrix_form
from symjac.calculus.trace import LocalJacobian
from symjac.core import scalar
from symjac.core.evaluate import evaluate
from symjac.core.expr import (
    ONE,
    Expr,
    Symbol,
    add,
    affine,
    apply,
    contract,
    determinant,
    identity,
    maximum,
    negate,
    number,
    symbol,
    symbols,
)
from symjac.core.expr import inverse as matrix_inverse
from symjac.core.index import Index, index, size_symbol

k, a, b = size_symbol("k"), size_symbol("a"), size_symbol("b")
n, m, n1 = index("n", k), index("m", k), index("n1", k)
i, i1, i2 = index("i", a), index("i1", a), index("i2", a)
j, j1 = index("j", b), index("j1", b)
SIZES = {"k": 2, "a": 3, "b": 5}
x0, x1 = scalar.slot(0), scalar.slot(1)
c = sympy.Symbol("c", real=True)
CONSTANTS = {**SIZES, "c": 0.75}


def T(name: str, *indices: Index) -> Symbol:
    return symbol(name, indices)


def explicit(form: Any, tensors: dict[str, Any]) -> Any:
    """The numbers of a SymPy scalar or matrix expression: products factor by factor, the rest entry by entry."""
    if isinstance(form, sympy.Transpose):
        return explicit(form.arg, tensors).T
    if isinstance(form, sympy.Inverse):
        return np.linalg.inv(explicit(form.arg, tensors))
    if isinstance(form, sympy.MatMul | sympy.HadamardProduct):
        parts = [explicit(f, tensors) for f in form.args]
        times = np.matmul if isinstance(form, sympy.MatMul) else np.multiply
        scalars = [p.item() for p, f in zip(parts, form.args, strict=True) if not f.is_Matrix]
        matrices = [p for p, f in zip(parts, form.args, strict=True) if f.is_Matrix]
        return np.prod(scalars) * functools.reduce(times, matrices)
    form = form.subs({size_symbol(s): v for s, v in SIZES.items()})
    form = form.replace(sympy.Trace, lambda x: sympy.Float(np.trace(explicit(x, tensors))))
    form = form.replace(sympy.Determinant, lambda x: sympy.Float(np.linalg.det(explicit(x, tensors))))
    entries = form.as_explicit() if form.is_Matrix else sympy.ImmutableMatrix([[form]])

    def value(e: sympy.Expr) -> float:
        names: dict[sympy.Basic, Any] = {}
        for atom in e.atoms(sympy.matrices.expressions.matexpr.MatrixElement):
            array = np.asarray(tensors[atom.parent.name])
            names[atom] = sympy.Float(array.reshape(atom.parent.shape)[int(atom.i), int(atom.j)], 20)
        for s in e.free_symbols:
            if s.is_Symbol:
                names[s] = sympy.Float(CONSTANTS[s.name] if s.name in CONSTANTS else tensors[s.name], 20)
        return float(e.xreplace(names).doit())

    return np.array([[value(entries[r, s]) for s in range(entries.cols)] for r in range(entries.rows)])


def tensors_of(*values: Expr) -> dict[str, Any]:
    """Random positive arrays of their shapes: logarithms and roots exist."""
    rng = np.random.default_rng(7)
    found = {s.name: s for v in values for s in symbols(v)}
    return {name: rng.uniform(0.2, 1.8, [SIZES[str(d)] for d in s.shape]) for name, s in sorted(found.items())}


def relu(e: Expr) -> Expr:
    return apply(sympy.Max(x0, 0), [e])


def inverse(e: Expr) -> Expr:
    return apply(1 / x0, [e])


Z, Y, D, X, W = T("Z", n, i), T("Y", n, j), T("D", n, j), T("X", n, i), T("W", i, j)
u, v, w = T("u", n), T("v", i), T("w", j)

G = T("G", i, i1)
G_INVERSE = matrix_inverse(G, i, i1, i, i1)
RIDGE = matrix_inverse(add(contract([X, T("X", n, i1)], [n]), identity(i, i1)), i, i1, i, i1)

FORMS: list[tuple[str, Expr, tuple[Index, ...]]] = [
    ("X W", contract([X, W], [i]), (n, j)),
    ("(X W)ᵀ", contract([X, W], [i]), (j, n)),
    ("X W + 1 wᵀ", add(contract([X, W], [i]), w), (n, j)),
    ("W X + b 1ᵀ", add(contract([T("V", j, i), T("X", i, n)], [i]), w), (j, n)),
    ("X Wᵀ + 1 wᵀ", add(contract([X, T("V", j, i)], [i]), w), (n, j)),
    ("Zᵀ D", contract([Z, D], [n]), (i, j)),
    ("Dᵀ 1", contract([D], [n]), (j,)),
    ("D 1", contract([D], [j]), (n,)),
    ("W w", contract([W, w], [j]), (i,)),
    ("uᵀ X", contract([X, u], [n]), (i,)),
    ("X diag(v) W", contract([X, v, W], [i]), (n, j)),
    ("diag(u) Y diag(w)", contract([u, Y, w]), (n, j)),
    ("u wᵀ", contract([u, w]), (n, j)),
    ("w uᵀ", contract([u, w]), (j, n)),
    ("u + w broadcast", add(u, w), (n, j)),
    ("u + 1", add(u, ONE), (n,)),
    ("u along columns", u, (n, j)),
    ("2 everywhere", number(2), (n, j)),
    ("Z ⊙ (1 − Z)", contract([Z, add(ONE, negate(Z))]), (n, i)),
    ("c Z + 2", add(contract([number(c), Z]), number(2)), (n, i)),
    ("(D Wᵀ) ⊙ Z ⊙ (1 − Z)", contract([D, W, Z, add(ONE, negate(Z))], [j]), (n, i)),
    ("(Y − D)/k", contract([number(1 / k), add(Y, negate(D))]), (n, j)),
    ("−D ⊘ Y", negate(contract([D, inverse(Y)])), (n, j)),
    ("Y²", contract([Y, Y]), (n, j)),
    ("softmax", contract([apply(exp(x0), [Y]), inverse(contract([apply(exp(x0), [T("Y", n, j1)])], [j1]))]), (n, j)),
    ("tr Dᵀ log Y", contract([number(-1 / k), D, apply(log(x0), [Y])], [n, j]), ()),
    ("½‖Y − D‖²", contract([number(sympy.Rational(1, 2)), apply((x0 - x1) ** 2, [Y, D])], [n, j]), ()),
    ("1ᵀ Y 1", contract([Y], [n, j]), ()),
    ("uᵀ X v", contract([u, X, v], [n, i]), ()),
    ("uᵀ u", contract([u, u], [n]), ()),
    ("tr(A B)", contract([W, T("V", j, i)], [i, j]), ()),
    ("tr(X W Yᵀ)", contract([X, W, Y], [n, i, j]), ()),
    ("three in a chain", contract([T("X", n, i1), T("G", i1, i), W], [i1, i]), (n, j)),
    ("log(1 + exp X)", apply(log(1 + exp(x0)), [X]), (n, i)),
    ("relu", relu(X), (n, i)),
    ("indicator", contract([X, apply(scalar.indicator(x0 > 1), [X])]), (n, i)),
    ("where of two", apply(sympy.Piecewise((x0, x1 > 1), (c * x1 * x0, True)), [Y, D]), (n, j)),
    ("where of matrix and vector", apply(sympy.Max(x0, x1), [Y, u]), (n, j)),
    ("exp(Y − u)", apply(exp(x0 - x1), [Y, u]), (n, j)),
    ("x/sqrt(1 + x²)", apply(x0 / sympy.sqrt(1 + x0**2), [X]), (n, i)),
    ("scalar function", apply(exp(x0), [T("s")]), ()),
    ("scalar times matrix", contract([T("s"), X]), (n, i)),
    ("row sums of a product", contract([X, W], [i, j]), (n,)),
    ("diagonal", T("G", i, i), (i,)),
    ("G⁻¹", G_INVERSE, (i, i1)),
    ("G⁻ᵀ", G_INVERSE, (i1, i)),
    ("G⁻¹ v", contract([G_INVERSE, T("v", i1)], [i1]), (i,)),
    ("vᵀ G⁻¹ v", contract([v, G_INVERSE, T("v", i1)], [i, i1]), ()),
    ("(XᵀX + 1)⁻¹ Xᵀ u", contract([RIDGE, T("X", n, i1), u], [i1, n]), (i,)),
    ("diagonal of G⁻¹", matrix_inverse(G, i, i1, i, i), (i,)),
    ("det G", determinant(G, i, i1), ()),
    ("log det GᵀG", apply(log(x0), [determinant(contract([G, T("G", i, i2)], [i]), i1, i2)]), ()),
    ("det G · G⁻ᵀ", contract([determinant(G, i, i1), G_INVERSE]), (i1, i)),
    ("a matrix reduced first", contract([X, Y, T("C", n, i1), T("D", i1, i)], [n, i1]), (i, j)),
    ("a vector reduced first", contract([X, Y, T("C", n, i1), T("e", i1)], [n, i1]), (i, j)),
    ("identity", identity(i, i1), (i, i1)),
    ("diag(v)", contract([identity(i, i1), v]), (i, i1)),
    ("diag(v) − v vᵀ", add(contract([identity(i, i1), v]), negate(contract([v, T("v", i1)]))), (i, i1)),
]


@pytest.mark.parametrize(("title", "e", "order"), FORMS, ids=[f[0] for f in FORMS])
def test_matrix_form_is_exact(title: str, e: Expr, order: tuple[Index, ...]) -> None:
    tensors = tensors_of(e)
    expected = evaluate(e, order, tensors, CONSTANTS)
    form = matrix_form(e, order)
    assert form is not None
    found = explicit(form, tensors)
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-12)
    if len(order) == 2:
        assert form.shape == (order[0].size, order[1].size)


def test_no_matrix_form() -> None:
    image = T("I", n, i, j)
    assert matrix_form(image, (n, i, j)) is None
    assert matrix_form(contract([image, w], [j]), (n, i)) is None
    assert matrix_form(maximum(Y, [j]), (n,)) is None
    assert matrix_form(contract([X, affine(i, ((sympy.Integer(2), i1),), sympy.Integer(1))], [i]), (n, i1)) is None
    shared = contract([T("A", n, i), T("B", n, j), T("C", n, i1), T("C", i, i1)], [n])
    assert matrix_form(shared, (i, j)) is None


# ---------------------------------------------------------------- Jacobians

SOFTMAX = contract([apply(exp(x0), [Y]), inverse(contract([apply(exp(x0), [T("Y", n, j1)])], [j1]))])
P = T("P", n, j)
SOFTMAX_JACOBIAN = contract([identity(n, n1), P, add(identity(j, j1), negate(T("P", n, j1)))])


def derived(output: Symbol, rhs: Expr, by: Symbol) -> LocalJacobian:
    """∂rhs/∂by by the calculus, `by` with the indices to differentiate by."""
    return LocalJacobian(output, by, jacobian(rhs, by), ())


A = T("A", n, j)
JACOBIANS: list[tuple[str, LocalJacobian, str]] = [
    ("X W by W", derived(A, contract([X, W], [i]), T("W", i1, j1)), "KroneckerProduct"),
    ("X W by X", derived(A, contract([X, W], [i]), T("X", n1, i1)), "KroneckerProduct"),
    ("+ w by w", derived(A, add(contract([X, W], [i]), w), T("w", j1)), "KroneckerProduct"),
    ("X Vᵀ by V", derived(A, contract([X, T("V", j, i)], [i]), T("V", j1, i1)), "Commutation"),
    (
        "V X by V",
        derived(T("A", j, n), contract([T("V", j, i), T("X", i, n)], [i]), T("V", j1, i1)),
        "KroneckerProduct",
    ),
    (
        "V X by X",
        derived(T("A", j, n), contract([T("V", j, i), T("X", i, n)], [i]), T("X", i1, n1)),
        "KroneckerProduct",
    ),
    ("w 1ᵀ by w", derived(T("A", j, n), add(T("B", j, n), w), T("w", j1)), "KroneckerProduct"),
    ("elementwise", derived(A, apply(sympy.tanh(x0), [Y]), T("Y", n1, j1)), "Vec"),
    ("diag(u) Y by Y", derived(A, contract([u, Y]), T("Y", n1, j1)), "KroneckerProduct"),
    ("identity", derived(A, Y, T("Y", n1, j1)), "Identity"),
    ("3 Y", derived(A, contract([number(3), Y]), T("Y", n1, j1)), "Identity"),
    ("transpose", derived(T("A", j, n), Y, T("Y", n1, j1)), "Commutation"),
    ("f of the transpose", derived(T("A", j, n), apply(exp(x0), [Y]), T("Y", n1, j1)), "Commutation"),
    ("vector by vector", derived(T("r", i), contract([W, w], [j]), T("w", j1)), "MatrixSymbol"),
    ("Y + f(Y)", derived(A, add(Y, apply(exp(x0), [Y])), T("Y", n1, j1)), "Vec"),
]


@pytest.mark.parametrize(("vec", "layout"), [("columns", "numerator"), ("rows", "denominator")])
@pytest.mark.parametrize(("title", "j", "has"), JACOBIANS, ids=[f[0] for f in JACOBIANS])
def test_jacobian_form_is_exact(title: str, j: LocalJacobian, has: str, layout: str, vec: str) -> None:
    form = jacobian_form(j, layout=layout, vec=vec, batch=k)
    assert form is not None and form.sample is None
    assert any(type(node).__name__ == has for node in sympy.preorder_traversal(form.value))
    tensors = tensors_of(j.value)
    value = evaluate(j.value, (*j.output.indices, *j.by.indices), tensors, CONSTANTS)
    ranks = len(j.output.indices), len(j.by.indices)
    if vec == "columns":
        value = value.transpose([*reversed(range(ranks[0])), *(ranks[0] + r for r in reversed(range(ranks[1])))])
    rows = int(np.prod([SIZES[str(d)] for d in j.output.shape]))
    expected = value.reshape(rows, -1)
    found = explicit(form.value, tensors)
    np.testing.assert_allclose(found, expected if layout == "numerator" else expected.T, rtol=1e-12)


@pytest.mark.parametrize(
    "j",
    [
        LocalJacobian(P, T("Y", n1, j1), SOFTMAX_JACOBIAN, ()),
        derived(P, SOFTMAX, T("Y", n1, j1)),
        LocalJacobian(
            T("P", j, n),
            T("Y", j1, n1),
            contract([identity(n, n1), T("P", j, n), add(identity(j, j1), negate(T("P", j1, n)))]),
            (),
        ),
    ],
    ids=["named", "raw", "columns"],
)
def test_per_sample(j: LocalJacobian) -> None:
    """∂P[n,j]/∂Y[m,j'] = 1[n = m] (diag(p_n) − p_n p_nᵀ)[j,j']."""
    form = jacobian_form(j, batch=k)
    assert form is not None and form.sample == n
    tensors = tensors_of(j.value)
    value = evaluate(j.value, (n, *(x for x in j.output.indices if x != n), n1, j1), tensors, CONSTANTS)
    for s in range(SIZES["k"]):
        at = form.value.subs(sympy.Symbol("n", integer=True), s)
        np.testing.assert_allclose(explicit(at, tensors), value[s, :, s, :], rtol=1e-12)
    assert np.all(value[0, :, 1] == 0)


def test_jacobians_without_a_form() -> None:
    kernel = derived(T("R", n, i), contract([T("I", n, i, j), w], [j]), T("I", n1, i1, j1))
    assert jacobian_form(kernel, batch=k) is None
    mixed = derived(
        T("R", i, i1),
        contract([T("G", i, index("l", a)), T("G", index("l", a), i1)], [index("l", a)]),
        T("G", index("p", a), index("q", a)),
    )
    assert jacobian_form(mixed, batch=k) is not None


def test_gradient_of_a_scalar_keeps_the_shape() -> None:
    loss = contract([number(1 / k), apply((x0 - x1) ** 2, [Y, D])], [n, j])
    form = jacobian_form(derived(T("L"), loss, T("Y", n1, j1)), layout="denominator", batch=k)
    assert form is not None and form.value.shape == (k, b)
