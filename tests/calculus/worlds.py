"""Small worlds for tests, and the value of any expression in them."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symjac.calculus.world import World
from symjac.core import scalar
from symjac.core.evaluate import evaluate, size_of
from symjac.core.expr import Expr, Symbol, add, apply, contract, maximum, negate, number, substitute, symbol, symbols
from symjac.core.index import Index, size_symbol

x = scalar.slot(0)
SIZES = {"k": 4, "n": 2, "h": 3, "m": 5}


def index(name: str, size: str | int) -> Index:
    return Index(name, sympy.Integer(size) if isinstance(size, int) else size_symbol(size))


def declare(world: World, name: str, *sizes: str | int) -> Callable[[str], Symbol]:
    """A tensor of these sizes; the result reads it: W("ij")."""
    world.declare(name, [index(f"a{p}", s) for p, s in enumerate(sizes)])
    return reader(world, name)


def reader(world: World, name: str) -> Callable[[str], Symbol]:
    shape = world.symbol(name).shape
    return lambda letters: symbol(name, [Index(c, s) for c, s in zip(letters, shape, strict=True)])


def inlined(world: World, e: Expr, keep: Container[str] = ()) -> Expr:
    """`e` with every definition put in place of its name, but those of `keep`."""
    for equation in reversed(world.needed(e, keep)):
        e = substitute(e, equation)
    return e


def parametrised(world: World, e: Expr) -> Expr:
    """`e` with each access of a symbol that a fact is assumed of by its parametrisation."""
    for name in sorted(e.names):
        equation = world.parametrisation(name)
        e = e if equation is None else substitute(e, equation)
    return e


def define(world: World, name: str, letters: str, rhs: Expr) -> Callable[[str], Symbol]:
    free = {i.name: i for i in rhs.free}
    world.define(name, [free[c] for c in letters], rhs)
    return reader(world, name)


def total(*factors: Expr, over: str) -> Expr:
    """The product, summed over the indices with these letters."""
    return contract(factors, {i.name: i for f in factors for i in f.free if i.name in over}.values())


def of(formula: sympy.Expr, *args: Expr) -> Expr:
    return apply(formula, args)


def minus(a: Expr, b: Expr) -> Expr:
    return add(a, negate(b))


def values(
    world: World,
    e: Expr,
    given: Mapping[str, Any],
    sizes: Mapping[str, int],
    keep: Container[str] = (),
    assumed: bool = False,
) -> dict[str, Any]:
    """The value of every quantity that `e` depends on."""
    out = dict(given)
    for q in world.needed(e, keep, assumed):
        out[q.lhs.name] = evaluate(q.rhs, q.lhs.indices, out, sizes)
    return out


def value(
    world: World,
    e: Expr,
    order: Sequence[Index],
    given: Mapping[str, Any],
    sizes: Mapping[str, int],
    keep: Container[str] = (),
    assumed: bool = False,
) -> Any:
    return evaluate(e, order, values(world, e, given, sizes, keep, assumed), sizes)


def random_values(world: World, sizes: Mapping[str, int], seed: int = 0) -> dict[str, Any]:
    """A random array for each declared symbol that has no formula."""
    rng = np.random.default_rng(seed)
    free = [world.symbol(name) for name in world.names if name not in world.equations]
    return {s.name: rng.standard_normal([size_of(n, sizes) for n in s.shape]) for s in free}


def differences(
    world: World, e: Expr, by: Symbol, given: Mapping[str, Any], sizes: Mapping[str, int], step: float = 1e-5
) -> Any:
    """∂e/∂by by central differences, by held as a variable; axes of `e` by name, then those of `by`."""
    at = value(world, symbol(by.name, world.symbol(by.name).indices), world.symbol(by.name).indices, given, sizes)
    at = np.array(at, dtype=float)
    out = np.zeros([size_of(i.size, sizes) for i in e.free] + list(at.shape))
    for place in np.ndindex(at.shape):
        sides = []
        for sign in (1, -1):
            moved = at.copy()
            moved[place] += sign * step
            sides.append(value(world, e, e.free, {**given, by.name: moved}, sizes, keep={by.name}))
        out[(..., *place)] = (sides[0] - sides[1]) / (2 * step)
    return out


def aside(world: World, name: str) -> Symbol:
    """The symbol over axes whose names no other expression has."""
    return symbol(name, [Index(f"at{p}", s) for p, s in enumerate(world.symbol(name).shape)])


# ---------------------------------------------------------------- the worlds: each defines L


def two_layers(w: World) -> None:
    """tanh, linear, half the mean squared error."""
    X, T = declare(w, "X", "k", "n"), declare(w, "T", "k", "m")
    W1, b1 = declare(w, "W_1", "n", "h"), declare(w, "b_1", "h")
    W2, b2 = declare(w, "W_2", "h", "m"), declare(w, "b_2", "m")
    A1 = define(w, "A_1", "sj", add(total(X("si"), W1("ij"), over="i"), b1("j")))
    Z1 = define(w, "Z_1", "sj", of(sympy.tanh(x), A1("sj")))
    A2 = define(w, "A_2", "sj", add(total(Z1("si"), W2("ij"), over="i"), b2("j")))
    Y = define(w, "Y", "sj", A2("sj"))
    d = minus(Y("sj"), T("sj"))
    define(w, "L", "", contract([number(sympy.Rational(1, 2) / size_symbol("k")), d, d], d.free))


def polynomial(w: World) -> None:
    """Square activations: all derivatives are polynomials."""
    v, t = declare(w, "v", "n"), declare(w, "t", "m")
    W1, W2 = declare(w, "W_1", "h", "n"), declare(w, "W_2", "m", "h")
    a = define(w, "a_1", "i", total(W1("ij"), v("j"), over="j"))
    z = define(w, "z_1", "i", of(x**2 + x, a("i")))
    y = define(w, "y", "i", total(W2("ij"), z("j"), over="j"))
    d = minus(y("i"), t("i"))
    define(w, "L", "", total(d, d, over="i"))


def softmax_cross_entropy(w: World) -> None:
    """Softmax with the maximum taken off, cross-entropy; each sample's loss has a name."""
    X, T = declare(w, "X", "k", "n"), declare(w, "T", "k", "m")
    W1, b1 = declare(w, "W_1", "n", "m"), declare(w, "b_1", "m")
    A = define(w, "A_1", "sj", add(total(X("si"), W1("ij"), over="i"), b1("j")))
    top = define(w, "top", "s", maximum(A("sj"), [i for i in A("sj").free if i.name == "j"]))
    E = define(w, "E", "sj", of(sympy.exp(x - scalar.slot(1)), A("sj"), top("s")))
    S = define(w, "S", "s", total(E("sj"), over="j"))
    Y = define(w, "Y", "sj", of(x / scalar.slot(1), E("sj"), S("s")))
    each = define(w, "l", "s", negate(total(T("sj"), of(sympy.log(x), Y("sj")), over="j")))
    define(w, "L", "", contract([number(1 / size_symbol("k")), each("s")], each("s").free))


def residual_shared(w: World) -> None:
    """One matrix in both blocks, skip connections, one output read twice."""
    X, W, c = declare(w, "X", "k", "h"), declare(w, "W", "h", "h"), declare(w, "c", "h")
    Z = X
    for layer in (1, 2):
        A = define(w, f"A_{layer}", "sj", total(Z("si"), W("ij"), over="i"))
        Z = define(w, f"Z_{layer}", "sj", add(Z("sj"), of(sympy.tanh(x), A("sj"))))
    y = define(w, "y", "s", total(Z("sj"), c("j"), over="j"))
    W0 = W("ij")
    define(w, "L", "", add(total(of(sympy.cos(x), y("s")), y("s"), over="s"), total(W0, W0, over="ij")))


def layer_norm(w: World) -> None:
    normalised(w, over="j")


def batch_norm(w: World) -> None:
    normalised(w, over="s")


def normalised(w: World, over: str) -> None:
    X, T = declare(w, "X", "k", "h"), declare(w, "T", "k", "h")
    gamma, beta = declare(w, "gamma", "h"), declare(w, "beta", "h")
    other = "s" if over == "j" else "j"
    count = size_symbol("h" if over == "j" else "k")
    mean = define(w, "mu", other, contract([number(1 / count), total(X("sj"), over=over)]))
    D = define(w, "D", "sj", minus(X("sj"), mean(other)))
    var = define(w, "v", other, contract([number(1 / count), total(D("sj"), D("sj"), over=over)]))
    H = define(w, "Xhat", "sj", of(x / sympy.sqrt(scalar.slot(1) + sympy.Rational(1, 10)), D("sj"), var(other)))
    Y = define(w, "Y", "sj", add(contract([H("sj"), gamma("j")]), beta("j")))
    define(w, "L", "", total(of(sympy.exp(x), Y("sj")), T("sj"), over="sj"))


WORLDS: dict[str, Callable[[World], None]] = {
    f.__name__: f for f in (two_layers, polynomial, softmax_cross_entropy, residual_shared, layer_norm, batch_norm)
}


def world_of(name: str) -> World:
    w = World()
    WORLDS[name](w)
    return w


def variables(world: World) -> list[str]:
    """Every declared or defined quantity."""
    return [name for name in world.names if symbols(world.symbol(name))]
