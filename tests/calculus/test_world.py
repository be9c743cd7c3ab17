"""Derivatives through definitions, against finite differences and against SymPy entry by entry."""

from __future__ import annotations

import time
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy

from symjac.calculus.facts import WorldError
from symjac.calculus.world import NotKnown, World
from symjac.core.expr import ZERO, Expr, Symbol, add, contract, identity, number, symbol, walk
from symjac.core.index import size_symbol
from symjac.core.wellformed import check_formed
from tests.calculus.worlds import (
    SIZES,
    WORLDS,
    aside,
    declare,
    define,
    differences,
    index,
    inlined,
    of,
    polynomial,
    random_values,
    reader,
    residual_shared,
    softmax_cross_entropy,
    total,
    two_layers,
    value,
    world_of,
    x,
)
from tests.componentwise import components, tensor

ALL_SIZES = {
    "distinct": SIZES,
    "equal": dict.fromkeys(SIZES, 3),
    "ones": dict.fromkeys(SIZES, 1),
    "one sample": {**SIZES, "k": 1},
}


def agree(world: World, e: Expr, by: Symbol, sizes: dict[str, int] = SIZES, derivative: Expr | None = None) -> bool:
    """True where ∂e/∂by is what differences give."""
    given = random_values(world, sizes)
    found = world.derivative(e, by) if derivative is None else derivative
    order = (*e.free, *by.indices)
    expected = differences(world, e, by, given, sizes)
    return np.allclose(value(world, found, order, given, sizes), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("sizes", ALL_SIZES.values(), ids=ALL_SIZES)
@pytest.mark.parametrize("name", WORLDS)
def test_gradient_by_every_quantity(name: str, sizes: dict[str, int]) -> None:
    w = world_of(name)
    for by in w.names:
        assert agree(w, symbol("L"), aside(w, by), sizes), by


@pytest.mark.parametrize("name", WORLDS)
def test_every_quantity_by_every_other(name: str) -> None:
    w = world_of(name)
    sizes = dict.fromkeys(SIZES, 2) | {"k": 3}
    for q, by in product(w.names, w.names):
        assert agree(w, w.symbol(q), aside(w, by), sizes), f"{q} by {by}"


@pytest.mark.parametrize("name", WORLDS)
def test_what_is_added_is_well_formed(name: str) -> None:
    w = world_of(name)
    for q, by in product(w.names, w.names):
        check_formed(w.derivative(w.symbol(q), aside(w, by)))
    for equation in w.equations.values():
        check_formed(equation.rhs)


PLANTED = {
    "a sign": lambda d: contract([number(-1), d]),
    "a factor": lambda d: contract([number(2), d]),
    "a term": lambda d: add(d, number(sympy.Rational(1, 100))),
}


@pytest.mark.parametrize("fault", PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_caught(fault: Any) -> None:
    w = world_of("two_layers")
    by = aside(w, "W_1")
    assert not agree(w, symbol("L"), by, derivative=fault(w.derivative(symbol("L"), by)))


# ---------------------------------------------------------------- exactly


def entries(w: World, e: Expr, order: Any, keep: str) -> sympy.NDimArray:
    """Every entry as a polynomial in the entries of the free symbols and of `keep`."""
    sizes = {size_symbol(n): s for n, s in SIZES.items()}
    names = [n for n in w.names if n not in w.equations or n == keep]
    tensors = {n: tensor(n, [int(s.subs(sizes)) for s in w.symbol(n).shape]) for n in names}
    return components(inlined(w, e, keep={keep}), order, tensors, sizes)


@pytest.mark.parametrize("by", ["W_1", "W_2", "v", "t", "a_1", "z_1", "y"])
@pytest.mark.parametrize("of_", ["L", "y", "a_1"])
def test_entries_are_those_that_sympy_differentiates(of_: str, by: str) -> None:
    w = World()
    polynomial(w)
    e, at = w.symbol(of_), aside(w, by)
    wanted = entries(w, e, e.free, by)
    found = entries(w, w.derivative(e, at), (*e.free, *at.indices), by)
    sizes = {size_symbol(n): s for n, s in SIZES.items()}
    variables = tensor(by, [int(s.subs(sizes)) for s in at.shape])
    expected = sympy.derive_by_array(wanted, variables) if variables.shape else wanted.diff(variables[()])
    turned = sympy.permutedims(expected, _last_first(len(at.indices), len(e.free))) if e.free else expected
    assert all(sympy.expand(a - b) == 0 for a, b in zip(sympy.flatten(found), sympy.flatten(turned), strict=True))


def _last_first(front: int, back: int) -> list[int]:
    """derive_by_array puts the variable's axes first."""
    return [*range(front, front + back), *range(front)]


# ---------------------------------------------------------------- second derivatives

SECOND = {
    "two_layers": ["W_1", "b_1", "W_2", "b_2", "A_1", "Z_1", "A_2", "X", "T"],
    "residual_shared": ["W", "c", "X", "Z_1"],
    "softmax_cross_entropy": ["W_1", "b_1", "A_1"],
    "layer_norm": ["gamma", "beta", "X"],
    "batch_norm": ["gamma", "X"],
}
NET = {"k": 2, "n": 2, "h": 3, "m": 2}


@pytest.mark.parametrize("name", SECOND)
def test_every_block_of_second_derivatives(name: str) -> None:
    """∂²L/∂p∂q is the difference of ∂L/∂p along q; of intermediates, those that nothing between is held of."""
    w = world_of(name)
    sizes = NET if name == "two_layers" else {"k": 2, "n": 3, "h": 2, "m": 2}
    for p, q in product(SECOND[name], SECOND[name]):
        row, column = w.symbol(p), aside(w, q)
        gradient = w.derivative(symbol("L"), row)
        assert agree(w, gradient, column, sizes), f"{p} by {q}"


def test_blocks_are_each_others_transposes() -> None:
    w = world_of("two_layers")
    given = random_values(w, NET)
    names = ["W_1", "b_1", "W_2", "b_2"]
    for p, q in product(names, names):
        row, column = w.symbol(p), aside(w, q)
        order = (*row.indices, *column.indices)
        block = w.derivative(w.derivative(symbol("L"), row), column)
        mirror = w.derivative(w.derivative(symbol("L"), column), row)
        np.testing.assert_allclose(value(w, block, order, given, NET), value(w, mirror, order, given, NET), atol=1e-12)


def test_third_derivative() -> None:
    w = world_of("two_layers")
    by = [symbol("b_1", [index(c, "h")]) for c in "uv"]
    second = w.derivative(w.derivative(symbol("L"), by[0]), by[1])
    assert agree(w, second, aside(w, "W_2"), NET)


# ---------------------------------------------------------------- variables and places


def test_an_intermediate_is_held_as_a_variable() -> None:
    """∂(y² + z)/∂y with z = y³ counts the path through z; with y = exp(u), u stays as it is."""
    w = World()
    u = declare(w, "u")
    y = define(w, "y", "", of(sympy.exp(x), u("")))
    z = define(w, "z", "", of(x**3, y("")))
    d = w.derivative(add(of(x**2, y("")), z(""), u("")), y(""))
    assert value(w, d, (), {"u": 0.0}, {}) == pytest.approx(2 + 3)


@pytest.mark.parametrize(
    ("e", "by", "expected"),
    [
        ("M_ij", "M_ab", "δ_ia δ_jb"),
        ("M_ii", "M_ab", "δ_ia δ_ib"),
        ("M_ij", "M_aa", "δ_ia δ_ja"),
        ("M_ij", "M_ij", "1"),
        ("v_i", "v_i", "1"),
        ("v_i", "v_a", "δ_ia"),
    ],
)
def test_entries_of_the_variable_itself(e: str, by: str, expected: str) -> None:
    w = World()
    read = {"M": declare(w, "M", "n", "n"), "v": declare(w, "v", "n")}

    def place(text: str) -> Symbol:
        return read[text[0]](text[2:])

    parts = [identity(*(index(c, "n") for c in part[1:].strip("_"))) for part in expected.split() if part[0] == "δ"]
    assert w.derivative(place(e), place(by)) is contract(parts) if parts else number(1)


def test_diagonal_of_a_jacobian() -> None:
    """∂a_i/∂z_i where both have the index i: the entries on the diagonal."""
    w = World()
    W, z = declare(w, "W", "n", "n"), declare(w, "z", "n")
    a = define(w, "a", "i", total(W("ij"), of(x**2, z("j")), over="j"))
    found = w.derivative(a("i"), z("i"))
    given = random_values(w, SIZES)
    expected = np.diag(given["W"]) * 2 * given["z"]
    np.testing.assert_allclose(value(w, found, found.free, given, SIZES), expected)


def test_unreachable_is_zero() -> None:
    w = world_of("two_layers")
    assert w.derivative(w.symbol("A_1"), aside(w, "W_2")) is ZERO
    assert w.derivative(symbol("X", w.symbol("X").indices), aside(w, "A_1")) is ZERO
    assert w.derivative(number(3), aside(w, "A_1")) is ZERO
    assert w.derivative(w.derivative(symbol("L"), w.symbol("b_2")), aside(w, "b_2")) is not ZERO


def test_expressions_that_have_no_name() -> None:
    w = world_of("two_layers")
    Z, T = reader(w, "Z_1"), reader(w, "X")
    e = total(of(sympy.sin(x), Z("si")), T("sj"), over="s")
    for by in ("W_1", "Z_1", "X", "b_2"):
        assert agree(w, e, aside(w, by)), by
        assert agree(w, total(e, over="ij"), aside(w, by)), by


def test_a_samples_output_by_the_parameters_keeps_no_table_over_pairs_of_samples() -> None:
    w = world_of("softmax_cross_entropy")
    for q, by in [("l", "A_1"), ("l", "W_1"), ("Y", "A_1"), ("Y", "W_1")]:
        w.derivative(w.symbol(q), aside(w, by))
    k = size_symbol("k")
    added = [w.equations[name] for name in w.auxiliary]
    assert added
    assert all(sum(i.size == k for i in n.free) <= 1 for q in added for n in walk(q.rhs))


def test_what_is_added_is_added_once() -> None:
    w = world_of("two_layers")
    first = w.derivative(symbol("L"), w.symbol("W_1"))
    count = len(w.equations)
    assert w.derivative(symbol("L"), w.symbol("W_1")) is first
    assert first is symbol("adj__L__W_1", w.symbol("W_1").indices)
    w.derivative(symbol("L"), w.symbol("b_1"))
    assert len(w.equations) == count + 1


# ---------------------------------------------------------------- along a direction

DIRECTIONS = [
    ("two_layers", ["W_1", "b_2"]),
    ("two_layers", ["Z_1"]),
    ("residual_shared", ["W", "c", "X"]),
    ("softmax_cross_entropy", ["W_1", "b_1"]),
    ("batch_norm", ["X", "gamma"]),
]


@pytest.mark.parametrize(("name", "moved"), DIRECTIONS, ids=[f"{n} {m}" for n, m in DIRECTIONS])
def test_direction_is_the_derivative_times_the_tangents(name: str, moved: list[str]) -> None:
    """R{q} = Σ_x ∂q/∂x · V_x, of quantities and of gradients."""
    w = world_of(name)
    gradients = [w.derivative(symbol("L"), w.symbol(p)) for p in moved]
    for q in [*(w.symbol(n) for n in w.names if n in w.equations and n not in moved), *gradients]:
        found = w.direction(q, {p: f"V{p}" for p in moved})
        expected = add(*(_times(w, q, p) for p in moved))
        given = random_values(w, SIZES)
        np.testing.assert_allclose(
            value(w, found, q.free, given, SIZES), value(w, expected, q.free, given, SIZES), rtol=1e-9, atol=1e-10
        )


def _times(w: World, q: Expr, p: str) -> Expr:
    """Σ ∂q/∂p · Vp; with several held at once, the paths of one must not lead through another."""
    at = aside(w, p)
    return contract([w.derivative(q, at), symbol(f"V{p}", at.indices)], at.indices)


# ---------------------------------------------------------------- unknown functions


def unknown_cost() -> World:
    return unknown_cost_of(quadratic=False)


def unknown_cost_of(quadratic: bool) -> World:
    w = World()
    v, W = declare(w, "v", "n"), declare(w, "W", "h", "n")
    z = define(w, "z", "i", total(W("ij"), v("j"), over="j"))
    a = define(w, "a", "i", of(sympy.tanh(x), z("i")))
    if quadratic:
        p, Q = declare(w, "p", "h"), declare(w, "Q", "h", "h")
        define(w, "C", "", add(total(p("i"), a("i"), over="i"), total(a("i"), Q("ij"), a("j"), over="ij")))
    else:
        w.opaque("C", ["a"])
    return w


def test_adjoint_of_an_unknown_function_is_a_free_symbol() -> None:
    w = unknown_cost()
    a = symbol("a", [index("i", "h")])
    g = w.derivative(symbol("C"), a)
    assert g is symbol("adj__C__a", a.indices)
    assert "adj__C__a" not in w.equations
    found = w.derivative(symbol("C"), symbol("W", [index("i", "h"), index("j", "n")]))
    given = random_values(w, SIZES) | {"adj__C__a": np.array([2.0, -1.0, 0.5])}
    slope = 1 - np.tanh(given["W"] @ given["v"]) ** 2
    np.testing.assert_allclose(
        value(w, found, found.free, given, SIZES), np.outer(given["adj__C__a"] * slope, given["v"])
    )


@pytest.mark.parametrize("by", ["a", "z", "W", "v"])
def test_second_derivative_of_an_unknown_function(by: str) -> None:
    """That of C = p·a + a·Q a at one point, where the slope is p + (Q + Qᵀ) a and the curvature Q + Qᵀ."""
    w, known = unknown_cost(), unknown_cost_of(quadratic=True)
    found = w.derivative(w.derivative(symbol("C"), w.symbol("z")), aside(w, by))
    wanted = known.derivative(known.derivative(symbol("C"), known.symbol("z")), aside(known, by))
    given = random_values(known, SIZES)
    a = np.tanh(given["W"] @ given["v"])
    slope = given["p"] + (given["Q"] + given["Q"].T) @ a
    order = wanted.free
    np.testing.assert_allclose(
        value(w, found, order, given | {"adj__C__a": slope, "hess__C__a__a": given["Q"]}, SIZES),
        value(known, wanted, order, given, SIZES),
    )


@pytest.mark.parametrize("by", ["a", "z", "W", "v"])
def test_third_derivative_of_an_unknown_function_is_refused(by: str) -> None:
    w = unknown_cost()
    g = w.derivative(symbol("C"), w.symbol("z"))
    h = w.derivative(total(g, over=g.free[0].name), aside(w, by))
    with pytest.raises(NotKnown, match="C is an unknown function"):
        w.derivative(h, aside(w, "v"))
    with pytest.raises(NotKnown, match="C is an unknown function"):
        w.derivative(total(h, over=h.free[0].name), aside(w, "v"))


def test_curvature_by_two_arguments_has_no_order() -> None:
    """∂²C/∂a∂b = ∂²C/∂b∂a, and the chain rule of second order through b = a²."""
    w = World()
    a = declare(w, "a")
    define(w, "b", "", of(x**2, a("")))
    w.opaque("C", ["a", "b"])
    given = {"a": 3.0, "adj__C__a": 5.0, "adj__C__b": 7.0}
    given |= {"hess__C__a__a": 0.5, "hess__C__a__b": 11.0, "hess__C__b__b": 1.5}  # half of the second derivatives
    first = w.derivative(symbol("C"), a(""))
    # C_aa + 2 C_ab 2a + C_bb (2a)² + 2 C_b
    assert value(w, w.derivative(first, a("")), (), given, {}) == pytest.approx(1 + 2 * 11 * 6 + 3 * 36 + 2 * 7)


def test_what_an_unknown_function_does_not_read_is_no_obstacle() -> None:
    w = unknown_cost()
    s = declare(w, "s")
    e = contract([s(""), w.derivative(symbol("C"), w.symbol("a"))])
    assert w.derivative(e, s("")) is w.derivative(symbol("C"), w.symbol("a"))


def test_upstream_gradient_with_a_name_of_its_own() -> None:
    w = world_of("batch_norm")
    G = declare(w, "G", "k", "h")
    w.opaque("M", ["Xhat"], {"Xhat": "G"})
    assert w.derivative(symbol("M"), reader(w, "Xhat")("sj")) is G("sj")
    through = w.derivative(total(G("sj"), reader(w, "Xhat")("sj"), over="sj"), aside(w, "gamma"))
    assert through is ZERO
    given = random_values(w, SIZES)
    held = {**given, "G": given["G"]}
    found = w.derivative(symbol("M"), w.symbol("X"))
    wanted = differences(w, w.symbol("Xhat"), aside(w, "X"), held, SIZES)
    order = w.symbol("X").indices
    names = [i.name for i in w.symbol("Xhat").free]
    upstream = given["G"] if names[0] != "j" else given["G"].T
    np.testing.assert_allclose(
        value(w, found, order, held, SIZES), np.einsum("ab,abcd->cd", upstream, wanted), rtol=1e-6, atol=1e-8
    )


def test_unknown_function_of_each_sample() -> None:
    """C = mean of C_s, each an unknown function of its own row of Y alone."""
    w = world_of("softmax_cross_entropy")
    Y = reader(w, "Y")("sj")
    s = next(i for i in Y.indices if i.name == "s")
    w.opaque("c", [Y], axes=[s])
    found = w.derivative(symbol("c", [s]), symbol("Y", [index("u", "k"), index("v", "m")]))
    order = (s, index("u", "k"), index("v", "m"))
    given = {"adj__c__Y": np.arange(20.0).reshape(4, 5)}
    expected = np.einsum("su,uv->suv", np.eye(4), given["adj__c__Y"])
    np.testing.assert_allclose(value(w, found, order, given, SIZES), expected)


def test_two_arguments_of_which_one_depends_on_the_other() -> None:
    """dC/da = ∂C/∂a + ∂C/∂b · db/da."""
    w = World()
    a = declare(w, "a")
    define(w, "b", "", of(x**2, a("")))
    w.opaque("C", ["a", "b"])
    given = {"a": 3.0, "adj__C__a": 5.0, "adj__C__b": 7.0}
    assert value(w, w.derivative(symbol("C"), a("")), (), given, {}) == pytest.approx(5 + 7 * 6)


# ---------------------------------------------------------------- what is refused

n, m = index("i", "n"), index("j", "m")


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda w: w.define("L", [], number(0)), "L is defined twice"),
        (lambda w: w.define("q", [], symbol("X", [n, m])), "index i, j of the right side is not on the left"),
        (lambda w: w.define("q", [n, n], number(0)), "the index i stands for two axes"),
        (lambda w: w.define("X", [n], number(0)), "X is declared as k × n and as n"),
        (lambda w: w.define("T", w.symbol("Y").indices, w.symbol("Y")), None),
        (lambda w: w.define("X", w.symbol("X").indices, of(x**2, w.symbol("X"))), "X is defined by itself, through X"),
        (lambda w: w.define("q", [], symbol("L", [])), None),
        (lambda w: w.define("q", [n], symbol("b_1", [n])), "b_1 is h, read as n"),
        (lambda w: w.define("q", [n], symbol("q", [n])), "q is defined by itself"),
        (lambda w: w.declare("W_1", [n]), "W_1 is declared as n × h and as n"),
        (lambda w: w.declare("W_1", w.symbol("W_1").indices), None),
        (lambda w: w.symbol("nothing"), "nothing is not declared"),
        (lambda w: w.derivative(symbol("L"), symbol("nothing")), "nothing is not declared"),
        (lambda w: w.derivative(symbol("L"), symbol("W_1", [n])), "a derivative is asked by n"),
        (lambda w: w.opaque("L", ["Y"]), "L is defined twice"),
        (lambda w: w.opaque("q", ["nothing"]), "nothing is not declared"),
        (lambda w: w.opaque("T", ["L"]), "T is declared as k × m and as a number"),
        (lambda w: w.direction(symbol("L"), {"W_1": "b_1"}), "b_1 is h, read as n × h"),
    ],
)
def test_what_cannot_stand_is_refused(act: Any, message: str | None) -> None:
    w = world_of("two_layers")
    if message is None:
        act(w)
        return
    with pytest.raises(WorldError, match=message):
        act(w)


def test_a_cycle_is_refused() -> None:
    w = World()
    a, b = declare(w, "a"), declare(w, "b")
    define(w, "c", "", of(x**2, b("")))
    define(w, "a", "", reader(w, "c")(""))
    with pytest.raises(WorldError, match="b is defined by itself, through a"):
        define(w, "b", "", a(""))
    with pytest.raises(WorldError, match="b is defined by itself"):
        w.opaque("b", ["a"])
    assert b("") is symbol("b")


def test_a_formula_that_comes_after_its_use_as_a_free_symbol_is_refused() -> None:
    w = World()
    a, b = declare(w, "a"), declare(w, "b")
    define(w, "c", "", contract([a(""), b("")]))
    w.derivative(reader(w, "c")(""), a(""))
    with pytest.raises(WorldError, match="b gets a formula after a derivative was taken in which it is free"):
        define(w, "b", "", of(x**2, a("")))


# ---------------------------------------------------------------- what an expression depends on


def test_needed_is_in_order_and_no_more() -> None:
    w = world_of("two_layers")
    assert [q.lhs.name for q in w.needed(symbol("L"))] == ["A_1", "Z_1", "A_2", "Y", "L"]
    assert [q.lhs.name for q in w.needed(w.symbol("Y"), keep={"Z_1"})] == ["A_2", "Y"]
    d = w.derivative(symbol("L"), w.symbol("W_1"))
    known: set[str] = set()
    for q in w.needed(d):
        assert {name for name in q.rhs.names if name in w.equations} <= known
        known.add(q.lhs.name)


@pytest.mark.parametrize("build", [two_layers, residual_shared, softmax_cross_entropy])
def test_inlined_has_the_same_value(build: Any) -> None:
    w = World()
    build(w)
    given = random_values(w, SIZES)
    by = next(name for name in w.names if name.startswith("W"))
    d = w.derivative(symbol("L"), w.symbol(by))
    flat = inlined(w, d)
    assert not flat.names & w.equations.keys()
    order = w.symbol(by).indices
    np.testing.assert_allclose(value(w, flat, order, given, SIZES), value(w, d, order, given, SIZES), rtol=1e-9)
    kept = inlined(w, d, keep={"A_1"})
    assert "A_1" in kept.names


def deep(layers: int) -> World:
    w = World()
    Z = declare(w, "Z_0", "k", 3)
    for layer in range(1, layers + 1):
        W, b = declare(w, f"W_{layer}", 3, 3), declare(w, f"b_{layer}", 3)
        A = define(w, f"A_{layer}", "sj", add(total(Z("si"), W("ij"), over="i"), b("j")))
        Z = define(w, f"Z_{layer}", "sj", of(sympy.tanh(x), A("sj")))
    define(w, "L", "", total(Z("sj"), Z("sj"), over="sj"))
    return w


def test_cost_is_linear_in_the_layers() -> None:
    """200 layers: every adjoint and one column of second derivatives in seconds; equations grow as the layers do."""
    counts = []
    for layers in (50, 100, 200):
        start = time.process_time()
        w = deep(layers)
        gradients = [w.derivative(symbol("L"), w.symbol(name)) for name in w.names if name != "L"]
        counts.append([len(w.equations)])
        for g in gradients[:2]:
            w.derivative(g, aside(w, f"W_{layers}"))
        w.direction(gradients[0], {f"W_{layer}": f"V_{layer}" for layer in range(1, layers + 1)})
        counts[-1].append(len(w.equations))
        assert time.process_time() - start < 20
    first, second, third = np.array(counts)
    np.testing.assert_array_equal(third - second, 2 * (second - first))
