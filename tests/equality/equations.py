"""Equations for the decider: left sides by differentiation through a world, right sides as a person writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import sympy
from sympy import Rational

from symjac.calculus import facts
from symjac.calculus.world import World
from symjac.core import scalar
from symjac.core.expr import rename, symbol
from symjac.core.index import Index, index, size_symbol
from symjac.equality.question import Question
from symjac.meaning import values as v
from symjac.meaning.values import Value

k, m, n, p = (size_symbol(s) for s in "kmnp")
alpha = sympy.Symbol("alpha", real=True)
eps = sympy.Symbol("epsilon", positive=True)
x0 = scalar.slot(0)
f, f1, f2 = (scalar.unknown("f", order) for order in range(3))
logistic = 1 / (1 + sympy.exp(-x0))


class Page:
    """A world and its quantities as values."""

    def __init__(self, **shapes: tuple[sympy.Expr | int, ...]) -> None:
        self.world = World()
        for name, shape in shapes.items():
            self.world.declare(name, [index(f"a{axis}", size) for axis, size in enumerate(shape)])

    def __getitem__(self, name: str) -> Value:
        s = self.world.symbol(name)
        axes = [Index(f"_{axis}", size) for axis, size in enumerate(s.shape)]
        return Value(symbol(name, axes), tuple(axes))

    def define(self, name: str, value: Value) -> Value:
        self.world.define(name, value.axes, value.expr)
        return self[name]

    def derivative(self, of: Value, by: str) -> Value:
        """∂of/∂by: the axes of `of`, then those of `by`."""
        s = self.world.symbol(by)
        axes = [Index(f"_{len(of.axes) + axis}", size) for axis, size in enumerate(s.shape)]
        e = self.world.derivative(of.expr, symbol(by, axes))
        return Value(e, (*of.axes, *axes))

    def question(self, left: Value, right: Value) -> Question:
        left, right = v.same(left, right)
        return Question(left.expr, right.expr, left.axes, self.world)


Made = tuple[Page, Value, Value]


class Case(NamedTuple):
    name: str
    make: Callable[[], Made]
    facts: tuple[str, ...] = ()


def each(formula: sympy.Expr, *values: Value) -> Value:
    return v.elementwise(formula, *values)


def half_square(e: Value) -> Value:
    return v.scale(Rational(1, 2), v.norm_squared(e))


def subtract(a: Value, b: Value) -> Value:
    return v.add(a, v.negate(b))


# ---------------------------------------------------------------- pages


def net(activation: sympy.Expr) -> Page:
    """One sample: a = W x + b, h = f(a), y = V h + c, L = ½‖y − t‖²."""
    page = Page(x=(p,), W=(m, p), b=(m,), V=(n, m), c=(n,), t=(n,))
    a = page.define("a", v.add(v.matmul(page["W"], page["x"]), page["b"]))
    h = page.define("h", each(activation, a))
    y = page.define("y", v.add(v.matmul(page["V"], h), page["c"]))
    page.define("L", half_square(subtract(y, page["t"])))
    return page


def classifier(fact: bool = True) -> Page:
    """k samples in rows: A = X W + b, Y = softmax(A), L = −(1/k) Σ T log Y."""
    page = Page(X=(k, m), W=(m, n), b=(n,), T=(k, n))
    biased = v.matmul(v.ones(k), v.transpose(page["b"]))
    a = page.define("A", v.add(v.matmul(page["X"], page["W"]), biased))
    e = each(sympy.exp(x0), a)
    sums = v.matmul(v.matmul(e, v.ones(n)), v.ones(n, row=True))
    y = page.define("Y", v.divide(e, sums))
    page.define("L", v.scale(-1 / k, v.inner(page["T"], each(sympy.log(x0), y))))
    if fact:
        page.world.assume(facts.sums_to(page.world.symbol("T"), 1, 1))
    return page


def normalised(epsilon: sympy.Expr) -> Page:
    """One feature: xhat = (x − mean)/s, s = sqrt(var + ε), L = ⟨g, xhat⟩."""
    page = Page(x=(k,), g=(k,))
    mu = page.define("mu", v.mean(page["x"]))
    centred = subtract(page["x"], v.repeated(mu, page["x"]))
    var = page.define("var", v.scale(1 / k, v.norm_squared(centred)))
    s = page.define("s", each(sympy.sqrt(x0 + epsilon), var))
    xhat = page.define("xhat", v.divide(centred, v.repeated(s, page["x"])))
    page.define("L", v.inner(page["g"], xhat))
    return page


# ---------------------------------------------------------------- right equations


def _xent() -> Made:
    page = classifier()
    right = v.scale(1 / k, v.matmul(v.transpose(page["X"]), subtract(page["Y"], page["T"])))
    return page, page.derivative(page["L"], "W"), right


def _xent_general() -> Made:
    page = classifier(fact=False)
    sums = v.matmul(v.matmul(page["T"], v.ones(n)), v.ones(n, row=True))
    right = v.scale(1 / k, subtract(v.hadamard(page["Y"], sums), page["T"]))
    return page, page.derivative(page["L"], "A"), right


def _backprop() -> Made:
    page = net(f(x0))
    error = subtract(page["y"], page["t"])
    delta = v.hadamard(v.matmul(v.transpose(page["V"]), error), each(f1(x0), page["a"]))
    return page, page.derivative(page["L"], "W"), v.matmul(delta, v.transpose(page["x"]))


def _relu() -> Made:
    page = net(sympy.Max(x0, 0))
    error = subtract(page["y"], page["t"])
    right = v.hadamard(v.matmul(v.transpose(page["V"]), error), each(scalar.indicator(x0 > 0), page["a"]))
    return page, page.derivative(page["L"], "a"), right


def _kron() -> Made:
    """∂a/∂vec(W): axis 0 the entries of a, axis 1 those of vec(W)."""
    page = net(f(x0))
    by = page.derivative(page["a"], "W")
    aside, first, second = Index("of", m), Index("_0", m), Index("_1", p)
    columns = v.vec(Value(rename(by.expr, dict(zip(by.axes, (aside, first, second), strict=True))), (first, second)))
    flat = Index("_1", m * p)
    return (
        page,
        Value(rename(columns.expr, {columns.axes[0]: flat, aside: first}), (first, flat)),
        v.kron(v.transpose(page["x"]), v.eye(m)),
    )


def _batch_norm(epsilon: sympy.Expr, also: bool = False) -> Made:
    page = normalised(epsilon)
    g, xhat = page["g"], page["xhat"]
    inner = subtract(g, v.repeated(v.mean(g), g))
    inner = subtract(inner, v.hadamard(xhat, v.repeated(v.mean(v.hadamard(g, xhat)), g)))
    if also:
        inner = v.add(inner, v.repeated(v.hadamard(v.mean(g), v.mean(xhat)), g))
    return page, page.derivative(page["L"], "x"), v.divide(inner, v.repeated(page["s"], g))


def _map_rule(of: sympy.Expr, is_: sympy.Expr) -> Made:
    page = Page(z=(n,))
    y = page.define("y", each(of, page["z"]))
    total = page.define("q", v.total(y))
    return page, page.derivative(total, "z"), each(is_, page["z"])


def _norm() -> Made:
    page = Page(x=(n,))
    return page, page.derivative(v.norm(page["x"]), "x"), v.divide(page["x"], v.repeated(v.norm(page["x"]), page["x"]))


def _quadratic() -> Made:
    page = Page(A=(n, n), x=(n,))
    a, x = page["A"], page["x"]
    q = v.product(v.transpose(x), a, x)
    return page, page.derivative(q, "x"), v.matmul(v.add(a, v.transpose(a)), x)


def _quadratic_symmetric() -> Made:
    page, left, _ = _quadratic()
    page.world.assume(facts.fact(page.world.symbol("A"), facts.Property.SYMMETRIC))
    return page, left, v.scale(2, v.matmul(page["A"], page["x"]))


def _log_determinant() -> Made:
    page = Page(A=(n, n))
    left = page.derivative(each(sympy.log(x0), v.determinant(page["A"])), "A")
    return page, left, v.transpose(v.inverse(page["A"]))


def _inverse_trace() -> Made:
    page = Page(A=(n, n), B=(n, n))
    a, b = v.inverse(page["A"]), page["B"]
    return page, page.derivative(v.trace(v.matmul(a, b)), "A"), v.negate(v.transpose(v.product(a, b, a)))


def _inverse_quadratic() -> Made:
    page = Page(A=(n, n), x=(n,))
    a, x = v.inverse(page["A"]), page["x"]
    right = v.negate(v.product(v.transpose(a), x, v.transpose(x), v.transpose(a)))
    return page, page.derivative(v.product(v.transpose(x), a, x), "A"), right


def _inverse_cancels() -> Made:
    page = Page(X=(k, n), lam=())
    gram = v.add(v.matmul(v.transpose(page["X"]), page["X"]), v.hadamard(page["lam"], v.eye(n)))
    return page, v.matmul(gram, v.inverse(gram)), v.eye(n)


def _inverse_of_product() -> Made:
    page = Page(A=(n, n), B=(n, n))
    a, b = page["A"], page["B"]
    return page, v.inverse(v.matmul(a, b)), v.matmul(v.inverse(b), v.inverse(a))


def _frobenius() -> Made:
    page = Page(A=(m, n), B=(n, p), C=(m, p))
    a, b, c = page["A"], page["B"], page["C"]
    rest = subtract(v.matmul(a, b), c)
    left = page.derivative(v.norm_squared(rest, "F"), "A")
    return page, left, v.scale(2, v.matmul(rest, v.transpose(b)))


def _hessian() -> Made:
    page = Page(A=(m, n), x=(n,), b=(m,))
    q = half_square(subtract(v.matmul(page["A"], page["x"]), page["b"]))
    gradient = page.derivative(q, "x")
    return page, page.derivative(gradient, "x"), v.matmul(v.transpose(page["A"]), page["A"])


def _vec_of_product() -> Made:
    page = Page(A=(m, n), X=(n, p), B=(p, k))
    a, x, b = page["A"], page["X"], page["B"]
    return page, v.vec(v.product(a, x, b)), v.matmul(v.kron(v.transpose(b), a), v.vec(x))


def _mixed_product() -> Made:
    page = Page(A=(m, n), B=(p, k), C=(n, m), D=(k, p))
    a, b, c, d = (page[s] for s in "ABCD")
    return page, v.matmul(v.kron(a, b), v.kron(c, d)), v.kron(v.matmul(a, c), v.matmul(b, d))


def _softmax_jacobian() -> Made:
    page = Page(a=(n,))
    e = each(sympy.exp(x0), page["a"])
    y = page.define("y", v.divide(e, v.repeated(v.total(e), e)))
    return page, page.derivative(y, "a"), subtract(v.diag(y), v.outer(y, y))


def _shifted_softmax() -> Made:
    page = Page(a=(n,))
    a = page["a"]
    e = each(sympy.exp(x0), a)
    shifted = each(sympy.exp(x0), subtract(a, v.repeated(v.largest(a), a)))
    return page, v.divide(shifted, v.repeated(v.total(shifted), e)), v.divide(e, v.repeated(v.total(e), e))


def _step() -> Made:
    page = net(f(x0))
    new = page.define("V2", subtract(page["V"], v.scale(alpha, page.derivative(page["L"], "V"))))
    right = subtract(page["V"], v.scale(alpha, v.outer(subtract(page["y"], page["t"]), page["h"])))
    return page, new, right


RIGHT = (
    Case("cross-entropy after softmax", _xent, ("rows of T sum to 1",)),
    Case("cross-entropy without the fact", _xent_general),
    Case("backpropagation, unknown f", _backprop),
    Case("backpropagation, relu", _relu),
    Case("vec and Kronecker", _kron),
    Case("batch norm", lambda: _batch_norm(sympy.Integer(0))),
    Case("batch norm with epsilon", lambda: _batch_norm(eps)),
    Case("batch norm with a term that is 0", lambda: _batch_norm(eps, also=True)),
    Case("logistic", lambda: _map_rule(logistic, logistic * (1 - logistic))),
    Case("logistic by exponentials", lambda: _map_rule(logistic, sympy.exp(-x0) / (1 + sympy.exp(-x0)) ** 2)),
    Case("tanh", lambda: _map_rule(sympy.tanh(x0), 1 / sympy.cosh(x0) ** 2)),
    Case("softplus", lambda: _map_rule(sympy.log(1 + sympy.exp(x0)), logistic)),
    Case("sin", lambda: _map_rule(sympy.sin(x0) ** 2, 2 * sympy.sin(x0) * sympy.cos(x0))),
    Case("square root", lambda: _map_rule(sympy.sqrt(x0), 1 / (2 * sympy.sqrt(x0)))),
    Case("power", lambda: _map_rule(x0**alpha, alpha * x0**alpha / x0)),
    Case("absolute value", lambda: _map_rule(sympy.Abs(x0), sympy.sign(x0))),
    Case("arctan", lambda: _map_rule(sympy.atan(x0), 1 / (1 + x0**2))),
    Case("norm", _norm),
    Case("quadratic form", _quadratic),
    Case("quadratic form, symmetric", _quadratic_symmetric, ("A is symmetric",)),
    Case("log det", _log_determinant),
    Case("trace of an inverse", _inverse_trace),
    Case("quadratic form of an inverse", _inverse_quadratic),
    Case("a matrix and its inverse", _inverse_cancels),
    Case("inverse of a product", _inverse_of_product),
    Case("Frobenius norm", _frobenius),
    Case("Hessian", _hessian),
    Case("vec(AXB)", _vec_of_product),
    Case("mixed product", _mixed_product),
    Case("softmax", _softmax_jacobian),
    Case("softmax, shifted", _shifted_softmax),
    Case("one step", _step),
)
