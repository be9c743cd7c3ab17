"""Canonical forms: what is equal by the laws has one form, what is unequal never has."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
import sympy
from sympy import Max, Rational, cosh, exp, log, sinh, sqrt, tanh

from symjac.calculus.world import World
from symjac.core import scalar
from symjac.core.expr import (
    Expr,
    add,
    affine,
    apply,
    contract,
    determinant,
    identity,
    inverse,
    maximum,
    negate,
    number,
    symbol,
)
from symjac.core.index import Index, index, size_symbol
from symjac.core.scalar import Share, indicator, slot
from symjac.equality.budget import Budget
from symjac.equality.canonical import Forms, equal
from symjac.equality.form import FormTooLarge, NormalSum, affine_renamed
from symjac.equality.form import affine as form_of_affine
from symjac.equality.reals import POSITIVE, SIGNED, Doubles, NotRational, Rationals
from tests.equality import random_expressions
from tests.equality.random_expressions import expression
from tests.marks import slow_where

WORLD = World()
m, n = size_symbol("m"), size_symbol("n")
i, j, l, q = (index(name, m) for name in "ijlq")
a, b, c = (index(name, n) for name in "abc")
u, v = index("u", m * n), index("v", m * n)
only, other = index("o", 1), index("p", 1)
x, y = slot(0), slot(1)
ZERO, ONE = sympy.Integer(0), sympy.Integer(1)
alpha = sympy.Symbol("alpha", real=True)
f, g = scalar.unknown("f"), scalar.unknown("g")


def A(r=i, s=j) -> Expr:  # type: ignore[no-untyped-def]
    return symbol("A", [r, s])


def B(r=i, s=j) -> Expr:  # type: ignore[no-untyped-def]
    return symbol("B", [r, s])


def w(r=i) -> Expr:  # type: ignore[no-untyped-def]
    return symbol("w", [r])


def each(formula: sympy.Expr, *args: Expr) -> Expr:
    return apply(formula, args)


def total(*factors: Expr, over=(j,)) -> Expr:  # type: ignore[no-untyped-def]
    return contract(factors, over)


def pair(t, r, s) -> Expr:  # type: ignore[no-untyped-def]
    """1[t = r + m s]."""
    return affine(t, [(ONE, r), (m, s)], ZERO)


s = symbol("s")
E = each(exp(x), w())
S = total(each(exp(x), w(j)))
softmax = contract([E, each(1 / x, S)])
gram = contract([A(l, i), A(l, j)], [l])
ridge = add(gram, contract([number(alpha), identity(i, j)]))
mean = contract([number(1 / m), w(j)], [j])
centred = add(w(), negate(mean))
variance = contract([number(1 / m), each(x**2, add(w(l), negate(mean)))], [l])

EQUAL: tuple[tuple[str, Expr, Expr], ...] = (
    ("names of summed indices", total(A(), w(j)), total(A(i, q), w(q), over=(q,))),
    ("order of factors", total(A(), B(j, l), w(l), over=(j, l)), total(w(q), A(i, l), B(l, q), over=(l, q))),
    ("triangle", total(A(i, j), A(j, l), A(l, i), over=(i, j, l)), total(A(q, l), A(j, q), A(l, j), over=(q, j, l))),
    ("square of a sum", each(x**2, total(w(j))), total(w(j), w(l), over=(j, l))),
    (
        "square of a difference",
        each((x - y) ** 2, w(), s),
        add(each(x**2, w()), contract([number(-2), w(), s]), each(x**2, s)),
    ),
    ("a sum over what it lacks", total(w(i), over=(j,)), contract([number(m), w()])),
    ("trace", total(A(), B(j, i), over=(i, j)), total(B(), A(j, i), over=(i, j))),
    ("identity substituted", total(identity(i, j), w(j)), w()),
    ("beside a free identity", contract([identity(i, j), w(j)]), contract([identity(i, j), w()])),
    ("trace of the identity", total(identity(i, j), identity(j, i), over=(i, j)), number(m)),
    ("softmax sums to 1", total(softmax, over=(i,)), number(1)),
    (
        "softmax of a shift",
        contract([each(exp(x + y), w(), s), each(1 / x, total(each(exp(x + y), w(j), s)))]),
        softmax,
    ),
    ("log of softmax", each(log(x), softmax), add(w(), negate(each(log(x), S)))),
    ("logistic", each(1 - 1 / (1 + exp(-x)), w()), each(1 / (1 + exp(x)), w())),
    ("its derivative", each(exp(-x) / (1 + exp(-x)) ** 2, w()), each((1 / (1 + exp(x))) * (1 - 1 / (1 + exp(x))), w())),
    ("tanh and logistic", each(tanh(x), w()), each(2 / (1 + exp(-2 * x)) - 1, w())),
    ("1 − tanh² = 1/cosh²", each(1 - tanh(x) ** 2, w()), each(1 / cosh(x) ** 2, w())),
    ("cosh² − sinh² = 1", each(cosh(x) ** 2 - sinh(x) ** 2, w()), number(1)),
    ("tanh of half", each(tanh(x / 2), w()), each((exp(x) - 1) / (exp(x) + 1), w())),
    ("exp(log)", each(exp(log(x) / 2), w()), each(sqrt(x), w())),
    ("roots", each(1 / sqrt(x), total(w(j), w(j))), each(sqrt(x) / x, total(w(j), w(j)))),
    ("roots of a sum", each(x / sqrt(x + y), w(), s), each(sqrt(x + y) - y / sqrt(x + y), w(), s)),
    ("norm", total(w(), w(), each(x**-2, each(sqrt(x), total(w(j), w(j)))), over=(i,)), number(1)),
    ("normalised", contract([number(1 / m), each(x**2, centred), each(1 / x, variance)], [i]), number(1)),
    ("relu", each(Max(x, 0), w()), contract([each(indicator(x > 0), w()), w()])),
    ("relu and −relu", each(Max(x, 0) - Max(-x, 0), w()), w()),
    ("|x| by relu", each(sympy.Abs(x), w()), each(Max(x, 0) + Max(-x, 0), w())),
    ("|x|²", each(sympy.Abs(x) ** 2, w()), each(x**2, w())),
    ("≥ and <", each(indicator(x >= 0), w()), each(1 - indicator(x < 0), w())),
    ("max is symmetric", each(Max(x, y), w(), s), each(Max(x, y), s, w())),
    (
        "f of the same",
        total(each(f(x), total(A(), w(j))), over=(i,)),
        total(each(f(x), total(w(i), A(q, i), over=(i,))), over=(q,)),
    ),
    ("maximum", maximum(total(A(), w(j)), [i]), maximum(total(A(q, i), w(i), over=(i,)), [q])),
    ("log of a common factor", each(log(x), contract([each(exp(x), s), S])), add(s, each(log(x), S))),
    (
        "a matrix of one column",
        contract([symbol("z", [only]), symbol("z", [only])], [only]),
        each(x**2, symbol("z", [other])),
    ),
    ("1[i = j] of one value", contract([identity(only, other), symbol("z", [other])]), symbol("z", [only])),
    ("vec and back", total(pair(u, i, a), pair(u, j, b), over=(u,)), contract([identity(i, j), identity(a, b)])),
    ("every entry once", total(pair(u, i, a), pair(v, i, a), over=(i, a)), identity(u, v)),
    ("ones", total(pair(u, i, a), over=(i, a)), number(1)),
    ("A A⁻¹", total(A(), inverse(A(), i, j, j, l)), identity(i, l)),
    ("A⁻¹ A", total(inverse(A(), i, j, i, q), A(q, l), over=(q,)), identity(i, l)),
    ("(Aᵀ)⁻¹", inverse(A(j, i), i, j, i, j), inverse(A(), i, j, j, i)),
    ("a gram matrix is symmetric", inverse(gram, i, j, i, j), inverse(gram, i, j, j, i)),
    ("ridge", total(ridge, inverse(ridge, i, j, j, q)), identity(i, q)),
    (
        "(2A)⁻¹",
        inverse(contract([number(2), A()]), i, j, i, j),
        contract([number(Rational(1, 2)), inverse(A(), i, j, i, j)]),
    ),
    (
        "(AB)⁻¹",
        inverse(total(A(i, l), B(l, j), over=(l,)), i, j, i, j),
        total(inverse(B(), i, j, i, l), inverse(A(), i, j, l, j), over=(l,)),
    ),
    (
        "det(AB)",
        determinant(total(A(i, l), B(l, j), over=(l,)), i, j),
        contract([determinant(A(), i, j), determinant(B(), i, j)]),
    ),
    ("det(2A)", determinant(contract([number(2), A()]), i, j), contract([number(2**m), determinant(A(), i, j)])),
    ("share in max(w, 2 - w²)", each(Share(x, 2 - x**2), w()), each(indicator(x + x**2 > 2), w())),
    ("det Aᵀ", determinant(A(), i, j), determinant(A(), j, i)),
    ("diag(w)⁻¹", inverse(contract([identity(i, j), w()]), i, j, i, j), contract([identity(i, j), each(1 / x, w(j))])),
)

UNEQUAL: tuple[tuple[str, Expr, Expr], ...] = (
    ("transposed", total(A(), w(j)), total(A(j, i), w(j))),
    ("path and star", total(A(), A(j, l), A(l, q), over=(i, j, l, q)), total(A(), A(i, l), A(i, q), over=(i, j, l, q))),
    ("sum of squares", total(w(j), w(j)), each(x**2, total(w(j)))),
    ("trace of AB and of ABᵀ", total(A(), B(j, i), over=(i, j)), total(A(), B(), over=(i, j))),
    ("size", total(w(i), over=(j,)), w()),
    ("1e-9", w(), contract([number(1 + Rational(1, 10**9)), w()])),
    ("other sum", contract([E, each(1 / x, total(each(exp(x), symbol("z", [j]))))]), softmax),
    ("f and g", each(f(x), w()), each(g(x), w())),
    ("sqrt(x²) and x", each(sqrt(x), each(x**2, w())), w()),
    ("1[x = 0] and 0", each(indicator(sympy.Eq(x, 0)), w()), number(0)),
    ("1[x > 0] and 1[x ≥ 0]", each(indicator(x > 0), w()), each(indicator(x >= 0), w())),
    ("other stacking", pair(u, i, a), affine(u, [(n, i), (ONE, a)], ZERO)),
    ("A⁻¹ and A⁻ᵀ", inverse(A(), i, j, i, j), inverse(A(), i, j, j, i)),
    ("A Aᵀ⁻¹", total(A(), inverse(A(), i, j, l, j)), identity(i, l)),
    ("sinh and tanh", each(sinh(x), w()), each(tanh(x), w())),
    ("a symbol named as an indicator", each(x**2, symbol("positive", [i])), symbol("positive", [i])),
)


@pytest.mark.parametrize(("left", "right"), [e[1:] for e in EQUAL], ids=[e[0] for e in EQUAL])
def test_equal_expressions_have_one_form(left: Expr, right: Expr) -> None:
    assert equal(left, right, WORLD) is True


@pytest.mark.parametrize(("left", "right"), [e[1:] for e in UNEQUAL], ids=[e[0] for e in UNEQUAL])
def test_unequal_expressions_have_not(left: Expr, right: Expr) -> None:
    assert equal(left, right, WORLD) is None


def test_definitions_are_put_in_as_far_as_needed() -> None:
    world = World()
    world.declare("w", [i])
    world.define("z", [i], each(tanh(x), w()))
    z = symbol("z", [i])
    assert equal(each(1 - x**2, z), each(1 - x**2, z), world)
    assert equal(each(1 - x**2, z), each(1 / cosh(x) ** 2, w()), world)
    assert equal(each(1 - x, z), each(1 / cosh(x) ** 2, w()), world) is None


def test_work_is_bounded() -> None:
    large = total(*(each((x + y) ** 3, A(i, j), A(j, i)) for _ in range(4)), *(B() for _ in range(6)), over=(i, j))
    start = time.process_time()
    assert equal(large, contract([large, number(2)]), WORLD, budget=Budget(5_000)) is None
    with pytest.raises(FormTooLarge):
        Forms(()).of(total(*(w(index(f"e{k}", m)) for k in range(7)), over=[index(f"e{k}", m) for k in range(7)]))
    assert time.process_time() - start < 5


# ---------------------------------------------------------------- fuzz


def value(e: Expr, size: int, within: tuple[int, int, int, int]) -> np.ndarray:
    order = (random_expressions.i, random_expressions.j)
    try:
        at: Rationals | Doubles = Rationals(WORLD, {"m": size}, 0, within, simple=True)
        found = at.of(e)
    except (NotRational, ZeroDivisionError):
        at = Doubles(WORLD, {"m": size}, 0, within)
        with np.errstate(all="ignore"):
            found = at.of(e)
    return np.broadcast_to(at.spread(found, e.free, order), (1, size, size)).astype(float)


@pytest.mark.parametrize("seed", slow_where(bool, range(4)))
def test_no_false_proof(seed: int) -> None:
    """Of a thousand random expressions, those of one form have one value."""
    rng = random.Random(seed)
    groups: dict[str, dict[str, Expr]] = {}
    kinds = {random_expressions.i, random_expressions.j}
    for _ in range(1000):
        try:
            e = expression(rng, rng.randint(1, 3))
            if not set(e.free) <= kinds:
                continue
            form: NormalSum = Forms(()).of(e)
        except (FormTooLarge, TypeError, ValueError):  # SymPy compares no complex numbers
            continue
        groups.setdefault(form.key, {})[e.key] = e
    same = [list(g.values()) for g in groups.values() if len(g) > 1]
    assert len(same) > 20
    for first, *others in same:
        for size, within in ((2, SIGNED), (3, POSITIVE)):
            expected = value(first, size, within)
            for other in others:
                found = value(other, size, within)
                both = np.isfinite(expected) & np.isfinite(found)
                np.testing.assert_allclose(
                    found[both], expected[both], rtol=1e-6, atol=1e-9, err_msg=f"{first} | {other}"
                )


def test_an_affine_index_renamed_is_that_of_the_new_names() -> None:
    """1[i + 2 j − k = 1]: where an index stands is said by its coefficient, its size, and only then its name."""
    rng = random.Random(0)
    sizes = [sympy.Integer(2), sympy.Integer(3), sympy.Integer(7), n]
    for _ in range(500):
        number_of = rng.randint(1, 5)
        before = [Index(f"a{p}", rng.choice(sizes)) for p in rng.sample(range(30), number_of)]
        names = {i: Index(f"b{p}", i.size) for i, p in zip(before, rng.sample(range(30), number_of), strict=True)}
        numbers = [sympy.Integer(rng.choice([1, -1, 1, -1, 2, -2, 7])) for _ in before]
        offset = sympy.Integer(rng.choice([0, 0, 1, -1, 3]))
        made = form_of_affine(before, (*numbers, offset))
        found = affine_renamed(made, [names[i] for i in made.indices])
        expected = form_of_affine([names[i] for i in before], (*numbers, offset))
        assert (found.key, found.shape) == (expected.key, expected.shape)
        assert (found.indices, found.coefficients) == (expected.indices, expected.coefficients)
