"""Values modulo primes, in floats and in fractions: they agree with the oracle and one another, and keep the laws."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from sympy import Abs, Max, Min, Rational, cos, cosh, exp, log, sign, sin, sqrt, tan, tanh

from symjac.calculus.world import World
from symjac.core import scalar
from symjac.core.evaluate import evaluate
from symjac.core.expr import Expr, add, affine, apply, contract, determinant, inverse, negate, number, symbol
from symjac.core.index import index, size_symbol
from symjac.core.scalar import indicator, slot
from symjac.equality.arrays import TooLarge
from symjac.equality.question import Question, modular
from symjac.equality.reals import POSITIVE, SIGNED, Balls, Doubles, NotRational, Rationals, Reals, inputs
from symjac.equality.residues import Residues
from tests.core.bank import BANK, SIZES, Case, size_values

WORLD = World()
CHOICES = {name: sizes for name, sizes in SIZES.items() if name != "none"}


def over(at: Any, e: Expr, order: tuple[Any, ...]) -> Any:
    value = at.of(e)
    return np.broadcast_to(at.spread(value, e.free, order), (value.shape[0], *at.shape(order)))


@pytest.mark.parametrize("sizes", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize("case", BANK, ids=str)
def test_doubles_are_the_oracles_and_in_the_balls(case: Case, sizes: dict[str, int]) -> None:
    at = Doubles(WORLD, sizes, 0, POSITIVE)
    found = over(at, case.expr, case.order)[0]
    tensors = {name: at.named(name)[0] for name in case.expr.names}
    expected = evaluate(case.expr, case.order, tensors, {**size_values(sizes), **at.constants})
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    exact = over(Balls(WORLD, sizes, 0, POSITIVE), case.expr, case.order)[0]
    np.testing.assert_allclose(np.asarray(exact, dtype=float), found, rtol=1e-10, atol=1e-12)


class SameInputs(Residues):
    """Residues of the inputs that `Rationals` draws."""

    within = SIGNED

    def draw(self, name: str, shape: tuple[int, ...]) -> Any:
        n, denominator = inputs(name, (1, *shape), 3, self.within)
        prime = int(self.primes[0])
        return n % prime * pow(denominator, -1, prime) % prime


@pytest.mark.parametrize("sizes", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize("case", BANK, ids=str)
def test_residues_are_those_of_the_fractions(case: Case, sizes: dict[str, int]) -> None:
    try:
        exact = over(Rationals(WORLD, sizes, 3), case.expr, case.order)
    except NotRational:
        pytest.skip("a map has no value in fractions")
    if case.needs_entries or any(node.has(Max, Min, sympy.Piecewise, Abs, sympy.sign) for node in formulas(case.expr)):
        pytest.skip("an order is not that of the fractions")
    if any(s.name == "c" for node in formulas(case.expr) for s in node.free_symbols):
        pytest.skip("named constants are drawn apart")
    found = over(at := SameInputs(WORLD, sizes, 1, "3"), case.expr, case.order)
    p = int(at.primes[0])
    expected = [int(q.numerator) * pow(int(q.denominator), -1, p) % p for q in map(Fraction, exact.reshape(-1))]
    assert found.reshape(-1).tolist() == expected


def formulas(e: Expr) -> list[sympy.Expr]:
    from symjac.core.expr import Map, Number, walk

    return [n.formula if isinstance(n, Map) else n.value for n in walk(e) if isinstance(n, Map | Number)]


# ---------------------------------------------------------------- laws

m = size_symbol("m")
i, j, l = index("i", m), index("j", m), index("l", m)
u, w, s = symbol("u", [i]), symbol("w", [i]), symbol("s")
x, y = slot(0), slot(1)
f, f1 = scalar.unknown("f"), scalar.unknown("f", 1)


def each(formula: sympy.Expr, *args: Expr) -> Expr:
    return apply(formula, args)


def named(value: Expr) -> tuple[World, Expr]:
    """The value under a name, so that no formula sees into it."""
    world = World()
    world.define("named", value.free, value)
    return world, symbol("named", value.free)


SUM, PRODUCT = add(u, w), contract([u, w])
EXP_SUM = contract([each(exp(x), u), each(exp(x), w)])
LAWS: tuple[tuple[str, sympy.Expr, Expr, Expr], ...] = (
    # formula of a named value, the value, what it is equal to
    ("exp(a + b) = exp a exp b", exp(x), SUM, EXP_SUM),
    ("exp(-a) = 1/exp a", exp(x), negate(u), each(1 / x, each(exp(x), u))),
    ("exp(a/3)^3 = exp a", exp(x / 3) ** 3, u, each(exp(x), u)),
    ("exp of exp", exp(exp(x)), SUM, each(exp(x), EXP_SUM)),
    ("exp of exp of exp", exp(exp(exp(x))), SUM, each(exp(exp(x)), EXP_SUM)),
    ("tanh(-a) = -tanh a", tanh(x), negate(u), negate(each(tanh(x), u))),
    ("tanh(2a)", tanh(2 * x), u, each(2 * tanh(x) / (1 + tanh(x) ** 2), u)),
    ("cosh^2 - sinh^2 = 1", cosh(x) ** 2 - sympy.sinh(x) ** 2, SUM, number(1)),
    ("log(1/a) = -log a", log(x), each(1 / x, u), negate(each(log(x), u))),
    ("sqrt(a)^2 = a", sqrt(x) ** 2, u, u),
    ("sqrt(a b) = sqrt a sqrt b", sqrt(x), PRODUCT, contract([each(sqrt(x), u), each(sqrt(x), w)])),
    ("sqrt(a^2) = |a|", sqrt(x**2), u, each(Abs(x), u)),
    ("|a b| = |a| |b|", Abs(x), PRODUCT, contract([each(Abs(x), u), each(Abs(x), w)])),
    ("|-a| = |a|", Abs(x), negate(u), each(Abs(x), u)),
    ("a sign a = |a|", x * sign(x), u, each(Abs(x), u)),
    ("sign exp = 1", sign(x), each(exp(x), u), number(1)),
    ("sign of a square = 1", sign(x), each(x**2, SUM), number(1)),
    ("sign 6a = sign a", sign(x), contract([number(6), u]), each(sign(x), u)),
    ("max(a, 0) - max(-a, 0) = a", Max(x, 0) - Max(-x, 0), u, u),
    ("max + min", Max(x, y) + Min(x, y), u, add(u, w)),
    ("1[a > 0] = 1 - 1[a <= 0]", indicator(x > 0), u, each(1 - indicator(x <= 0), u)),
    ("1[a > 0]^2", indicator(x > 0) ** 2, u, each(indicator(x > 0), u)),
    ("exp where a > 0", indicator(x > 0) * exp(Max(x, 0)), u, each(indicator(x > 0) * exp(x), u)),
    ("sin^2 + cos^2 = 1", sin(x) ** 2 + cos(x) ** 2, SUM, number(1)),
    ("sin(-a)", sin(x), negate(u), negate(each(sin(x), u))),
    ("tan = sin/cos", tan(x), u, each(sin(x) / cos(x), u)),
    ("f of the same", f(x), add(u, w), each(f(x + y), w, u)),
    ("softplus", scalar.Softplus(x), u, each(log(1 + exp(x)), u)),
    ("logistic", scalar.Logistic(x), u, each(exp(x) / (1 + exp(x)), u)),
)
NOT_LAWS: tuple[tuple[str, sympy.Expr, Expr, Expr], ...] = (
    ("exp(a + b) and exp a + exp b", exp(x), SUM, add(each(exp(x), u), each(exp(x), w))),
    ("exp(2a) and 2 exp a", exp(2 * x), u, each(2 * exp(x), u)),
    ("exp(a b) and exp a exp b", exp(x), PRODUCT, EXP_SUM),
    ("exp a and its second order", exp(x), u, each(1 + x + x**2 / 2, u)),
    ("log(a + b) and log a + log b", log(x), SUM, add(each(log(x), u), each(log(x), w))),
    ("sqrt(a + b)", sqrt(x), SUM, add(each(sqrt(x), u), each(sqrt(x), w))),
    ("|a| and a", Abs(x), u, u),
    ("sign a and 1", sign(x), u, number(1)),
    ("1[a > 0] and 1[a < 0]", indicator(x > 0), u, each(indicator(x < 0), u)),
    ("1[a > 0] and 1", indicator(x > 0), u, number(1)),
    ("f and f'", f(x), u, each(f1(x), u)),
    ("f(-a) and -f(a)", f(x), negate(u), negate(each(f(x), u))),
    ("f and g", f(x), u, each(scalar.unknown("g")(x), u)),
    ("tanh and its logistic", tanh(x), u, each(1 / (1 + exp(-x)), u)),
    ("sin and cos", sin(x), u, each(cos(x), u)),
    ("log and asinh", log(x), u, each(sympy.asinh(x), u)),
    ("a and a + 1e-9", x, u, add(u, number(Rational(1, 10**9)))),
    ("pi and 22/7", sympy.pi * x, u, contract([number(Rational(22, 7)), u])),
)


def equal_modulo(formula: sympy.Expr, value: Expr, right: Expr) -> int | None:
    world, name = named(value)
    args = [name, w] if formula.has(y) else [name]
    return modular(Question(each(formula, *args), right, (i,), world), {"m": 2}, 1024)


@pytest.mark.parametrize(("formula", "value", "right"), [law[1:] for law in LAWS], ids=[law[0] for law in LAWS])
def test_laws_of_functions_hold_modulo_primes(formula: sympy.Expr, value: Expr, right: Expr) -> None:
    points = equal_modulo(formula, value, right)
    assert points is not None and points > 0


@pytest.mark.parametrize(("formula", "value", "right"), [law[1:] for law in NOT_LAWS], ids=[law[0] for law in NOT_LAWS])
def test_what_is_no_law_does_not(formula: sympy.Expr, value: Expr, right: Expr) -> None:
    assert equal_modulo(formula, value, right) == 0


def test_points_without_a_root_or_an_inverse_do_not_count() -> None:
    at = Residues(WORLD, {"m": 1}, 400, "")
    root = each(sqrt(x), u)
    at.of(root)
    usable = at.usable(root)
    assert usable is not None and 130 < usable.sum() < 270
    world, zero = named(add(u, negate(w), negate(u), w))
    assert modular(Question(each(1 / x, zero), u, (i,), world), {"m": 1}, 5) is None


def test_a_branch_without_a_value_counts_only_where_it_is_taken() -> None:
    e = each(sympy.Piecewise((1 / x, x > 0), (1 / (x - x), sympy.false), (0, True)), u)
    assert modular(Question(e, each(indicator(x > 0) / x, u), (i,), WORLD), {"m": 2}, 20) == 20


@pytest.mark.parametrize("size", [1, 2, 5])
def test_inverse_and_determinant(size: int) -> None:
    a = symbol("A", [i, j])
    zero_diagonal = add(a, negate(symbol("A", [j, i])), number(1), negate(contract([number(1), affine_one()])))
    for matrix in (a, zero_diagonal) if size > 1 else (a,):
        inv = inverse(matrix, i, j, j, l)
        unit = contract([matrix, inv], [j])
        question = Question(unit, contract([number(1), identity_of(i, l)]), (i, l), WORLD)
        assert modular(question, {"m": size}, 8) == 8
        det = contract([determinant(matrix, i, j), determinant(inv, j, l)])
        assert modular(Question(det, number(1), (), WORLD), {"m": size}, 8) == 8


def affine_one() -> Expr:
    return identity_of(i, j)


def identity_of(a: Any, b: Any) -> Expr:
    return affine(a, [(sympy.Integer(1), b)], sympy.Integer(0))


def test_the_derivative_of_an_unknown_function_is_its_derivative() -> None:
    for kind, simple in ((Balls, False), (Balls, True)):
        at: Reals = kind(WORLD, {}, 0, simple=simple)
        h = Rational(1, 10**15)
        for order in range(3):
            g, g1 = scalar.unknown("g", order), scalar.unknown("g", order + 1)
            slope = at.of(each((g(x + h) - g(x - h)) / (2 * h), s))
            assert abs(slope[0] - at.of(each(g1(x), s))[0]) < 1e-20


def test_an_affine_access_is_never_stored() -> None:
    """A convolution of 28 x 28 images: the identities alone would have 28·24·5 squared entries, times channels."""
    one = sympy.Integer(1)
    n, c, o = index("n", 3), index("c", 3), index("o", 8)
    a, b, p, q = index("a", 24), index("b", 24), index("p", 5), index("q", 5)
    g, h = index("g", 28), index("h", 28)
    image, kernel = symbol("X", [n, c, g, h]), symbol("K", [o, c, p, q])
    rows, columns = affine(g, [(one, a), (one, p)], sympy.Integer(0)), affine(h, [(one, b), (one, q)], sympy.Integer(0))
    out = contract([image, rows, columns, kernel], [c, g, h, p, q])
    back = contract([symbol("D", [n, o, a, b]), rows, columns, kernel], [o, a, b, p, q])
    start = time.process_time()
    for e, order in ((out, (n, o, a, b)), (back, (n, c, g, h))):
        at = Residues(WORLD, {}, 1, "")
        exact = over(at, e, order)[0]
        p31 = int(at.primes[0])
        dense = {name: at.named(name)[0].astype(object) for name in e.names}
        place = (1, 2, 10, 17)
        if order[1] is o:
            patch = dense["X"][1, :, 10:15, 17:22]
            assert exact[place] == (patch * dense["K"][2]).sum() % p31
        else:
            patch = dense["D"][1, :, 6:11, 13:18][:, ::-1, ::-1]
            assert exact[place] == (patch * dense["K"][:, 2]).sum() % p31
    assert time.process_time() - start < 5


def test_what_is_too_large_is_refused() -> None:
    a, b, c = index("a", 1000), index("b", 1000), index("c", 1000)
    e = each(exp(x), add(symbol("u", [a]), symbol("u", [b]), symbol("u", [c])))
    with pytest.raises(TooLarge):
        Doubles(WORLD, {}, 0).of(contract([e, symbol("z", [a, b, c])]))
