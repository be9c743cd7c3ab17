"""Interning, folding, renaming, the scalar view and traversal, on the bank and on random expressions."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from symjac.core import expr
from symjac.core.evaluate import evaluate
from symjac.core.expr import (
    ONE,
    SAME,
    ZERO,
    Equation,
    Expr,
    Identity,
    ShapeError,
    Symbol,
    add,
    affine,
    apply,
    contract,
    determinant,
    from_scalar,
    identity,
    inverse,
    maximum,
    negate,
    number,
    rename,
    scalar_of,
    substitute,
    symbol,
    symbols,
    transform,
    walk,
)
from symjac.core.index import Index, axes, fresh, index, size_symbol
from symjac.core.pattern import relabel, structure
from symjac.core.scalar import slot
from symjac.core.wellformed import check_formed
from tests.core import bank, strategies
from tests.core.bank import BANK, SIZES, A, B, Case, D, array, component, i, i1, i2, j, j1, l, m, n, tensors, u, v, w
from tests.core.strategies import INDICES, RANKS, expressions

# ---------------------------------------------------------------- interning and folding


@pytest.mark.parametrize("case", BANK, ids=str)
def test_bank_is_well_formed_and_rebuilds_to_itself(case: Case) -> None:
    check_formed(case.expr)
    assert set(case.order) >= set(case.expr.free)
    assert transform(case.expr, lambda node: None) is case.expr
    assert all(node.remade(node.children) is node for node in walk(case.expr))


@given(expressions)
def test_random_expressions_are_well_formed_and_rebuild_to_themselves(e: Expr) -> None:
    check_formed(e)
    assert transform(e, lambda node: None) is e
    assert all(node.remade(node.children) is node for node in walk(e))


SCRIPT = """
from symjac.calculus.differentiate import jacobian
from symjac.core.expr import symbol, symbols
from symjac.core.index import index
from tests.core.bank import BANK
for case in BANK:
    print(case.expr.key, case.expr.free)
    for name, shape in {s.name: s.shape for s in symbols(case.expr)}.items():
        by = symbol(name, [index(f"d{place}", size) for place, size in enumerate(shape)])
        print(jacobian(case.expr, by).key)
"""


@pytest.mark.slow
def test_one_text_in_every_process() -> None:
    def text(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        return run.stdout

    texts = {text(seed) for seed in ("0", "1", "42")}
    assert len(texts) == 1
    assert texts.pop().count("\n") > 100


r = index("r", m)
TOTAL = contract([v(r), u(r)], [r])
"""A sum over an index of the name that a matrix's rows have."""
FOLDS = [
    (add(), ZERO),
    (add(v(), ZERO), v()),
    (add(number(2), v(), number(-2)), v()),
    (add(add(v(), u()), w()), add(v(), u(), w())),
    (contract([]), ONE),
    (contract([v(), ONE]), v()),
    (contract([v(), ZERO]), ZERO),
    (contract([number(2), v(), number(sympy.Rational(1, 2))]), v()),
    (contract([v()], [i, i]), contract([v()], [i])),
    (contract([v()], [j]), contract([number(n), v()])),
    (contract([contract([v(), u()]), w()]), contract([v(), u(), w()])),
    (identity(i, i), ONE),
    (identity(i1, i), identity(i, i1)),
    (affine(i1, [(sympy.Integer(1), i)], sympy.Integer(0)), identity(i, i1)),
    (affine(i1, [(sympy.Integer(2), i), (sympy.Integer(-1), i)], sympy.Integer(0)), identity(i, i1)),
    (contract([identity(i, i1), v(i1)], [i1]), v()),
    (contract([identity(i, i1), identity(i1, i2), v(i2)], [i1, i2]), v()),
    (contract([identity(i, i1), contract([D(i1, i2), v(i2)], [i2])], [i1]), contract([D(i, i2), v(i2)], [i2])),
    (maximum(v(), []), v()),
    (maximum(v(), [j]), v()),
    (apply(slot(0), [v()]), v()),
    (apply(sympy.Integer(3), [v()]), number(3)),
    (apply(slot(1), [v(), u()]), u()),
    (apply(slot(0) * slot(1), [v(), v()]), apply(slot(0) ** 2, [v()])),
    (negate(negate(v())), v()),
    (inverse(identity(i, i1), i, i1, i1, i2), identity(i1, i2)),
    (determinant(identity(i, i1), i, i1), ONE),
    (inverse(inverse(D(), i, i1, i, i1), i, i1, i1, i2), D(i1, i2)),
    (inverse(inverse(D(), i, i1, i1, i), i, i1, i1, i2), D(i2, i1)),
    (inverse(D(i1, i), i, i1, i, i1), inverse(D(), i, i1, i1, i)),
    (inverse(D(i2, i), i2, i, i, i1), inverse(D(), i, i1, i, i1)),
    (determinant(D(i1, i), i, i1), determinant(D(), i, i1)),
    (determinant(add(TOTAL, D(i1, i)), i, i1), determinant(add(TOTAL, D()), i, i1)),
    (inverse(add(identity(i, i1), D(i1, i)), i1, i, i1, i), inverse(add(identity(i, i1), D()), i, i1, i1, i)),
]


@pytest.mark.parametrize(("built", "folded"), FOLDS, ids=lambda e: e.key)
def test_constructors_fold(built: Expr, folded: Expr) -> None:
    assert built is folded


def other(name: str) -> Index:
    return index(name, 7)


MISFITS = [
    ("sum", lambda: add(v(), symbol("q", [other("i")]))),
    ("product", lambda: contract([v(), symbol("q", [other("i")])])),
    ("summed", lambda: contract([v()], [other("i")])),
    ("product of a sum", lambda: contract([contract([D()], [i1]), symbol("q", [other("i")])])),
    ("map", lambda: apply(slot(0) * sympy.exp(slot(1)), [v(), symbol("q", [other("i")])])),
    ("maximum", lambda: maximum(v(), [other("i")])),
    ("symbol", lambda: symbol("q", [i, other("i")])),
    ("identity", lambda: identity(i, j)),
    ("affine", lambda: affine(i, [(sympy.Integer(1), other("i"))], sympy.Integer(1))),
    ("inverse", lambda: inverse(A(), i, j, j, i)),
    ("place in an inverse", lambda: inverse(D(), i, i1, i, j)),
    ("inverse of a diagonal", lambda: inverse(D(i, i), i, i, i, i)),
    ("determinant", lambda: determinant(A(), i, j)),
    ("size of an inverse", lambda: inverse(symbol("q", [other("i"), i1]), i, i1, i, i1)),
    ("equation", lambda: Equation(v(), A())),
    ("substitution", lambda: substitute(v(), Equation(symbol("v", [j]), w()))),
]


@pytest.mark.parametrize(("name", "build"), MISFITS, ids=[name for name, _ in MISFITS])
def test_shapes_are_checked_when_built(name: str, build: Any) -> None:
    with pytest.raises(ShapeError):
        build()


def test_a_size_is_an_integer() -> None:
    with pytest.raises(ValueError, match="not known to be an integer"):
        index("i", sympy.Symbol("m"))
    with pytest.raises(ValueError, match="not known to be an integer"):
        index("i", m / 2)


def test_axes_and_fresh_names() -> None:
    k = size_symbol("k")
    assert [a.name for a in axes((k, sympy.Integer(2), sympy.Integer(3)), batch=k)] == ["n", "i", "j"]
    assert [a.name for a in axes((n, n, k), batch=k, taken=["i", "n"])] == ["j", "l", "n1"]
    many = axes([n] * 12)
    assert len({a.name for a in many}) == 12
    assert fresh(i, ["j"]) is i
    assert fresh(i1, ["i", "i1", "i2"]).name == "i3"


# ---------------------------------------------------------------- renaming

FEW = {"m": 2}
SMALL = {name: np.random.default_rng(rank).normal(size=[2] * rank) for name, rank in RANKS.items()}
CHAINS = st.lists(st.sampled_from(INDICES), min_size=len(INDICES), max_size=len(INDICES))


def renames_rightly(e: Expr, targets: list[Index]) -> None:
    """rename(e, σ) at a is e at a∘σ, for every map σ of the free indices, merging ones included."""
    names = {a: b for a, b in zip(INDICES, targets, strict=True) if a in e.free}
    new = rename(e, names)
    check_formed(new)
    assert set(new.free) <= set(names.values())
    before = evaluate(e, INDICES, SMALL, FEW)
    after = evaluate(new, INDICES, SMALL, FEW)
    for place in itertools.product(range(2), repeat=len(INDICES)):
        at = dict(zip(INDICES, place, strict=True))
        there = tuple(at[names.get(a, a)] for a in INDICES)
        np.testing.assert_allclose(after[place], before[there], rtol=1e-9, atol=1e-12)


@given(expressions, CHAINS)
def test_rename_is_composition(e: Expr, targets: list[Index]) -> None:
    renames_rightly(e, targets)


CAPTURES = [
    (contract([D(i, i1), v(i1)], [i1]), {i: i1}, contract([D(i1, i2), v(i2)], [i2])),
    (maximum(D(i, i1), [i1]), {i: i1}, maximum(D(i1, i2), [i2])),
    (contract([D(i, i1), maximum(D(i1, i2), [i2])], [i1]), {i: i2}, None),
    (D(i, i1), {i: i1, i1: i}, D(i1, i)),
    (identity(i, i1), {i: i1}, ONE),
    (contract([identity(i, i1), v()]), {i1: i}, v()),
    (inverse(D(), i, i1, i, i1), {i: i1}, inverse(D(), i, i1, i1, i1)),
    (inverse(D(), i, i1, i, i1), {i: i1, i1: i}, inverse(D(), i, i1, i1, i)),
    (inverse(symbol("K", [i, i1, i2]), i, i1, i, i1), {i2: i1}, inverse(symbol("K", [i, i2, i1]), i, i2, i, i1)),
    (determinant(symbol("K", [i, i1, i2]), i, i1), {i2: index("r", m)}, None),
    (inverse(symbol("K", [i, i1, i2]), i, i1, i, i1), {i2: index("s", m), i: index("r", m)}, None),
    (A(), {}, A()),
    (contract([v()], [i]), {i: i1}, contract([v()], [i])),
]


@pytest.mark.parametrize(("before", "names", "after"), CAPTURES, ids=str)
def test_bound_indices_step_aside(before: Expr, names: dict[Index, Index], after: Expr | None) -> None:
    found = rename(before, names)
    check_formed(found)
    assert after is None or found is after
    assert set(found.free) == {names.get(a, a) for a in before.free} or found is ONE


def test_planted_capture_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expr, "_step_aside", lambda *_: {})
    product = contract([symbol("A", [INDICES[0], INDICES[1]]), symbol("v", [INDICES[1]])], [INDICES[1]])
    with pytest.raises(AssertionError):
        renames_rightly(product, [INDICES[1], INDICES[1], INDICES[2], INDICES[3]])


def test_substitute_is_inlining() -> None:
    inner = Equation(symbol("Z", [i, l]), contract([A(i, j), B(j, l)], [j]))
    outer = contract([symbol("Z", [i1, l]), w(j), A(i, j), A(i1, j)], [i1, j])
    expected = contract([A(i1, j1), B(j1, l), w(j), A(i, j), A(i1, j)], [i1, j, j1])
    sizes = SIZES["2, 3, 5"]
    values = tensors(sizes)
    order = (i, l)
    found = substitute(outer, inner)
    check_formed(found)
    np.testing.assert_allclose(evaluate(found, order, values, sizes), evaluate(expected, order, values, sizes))
    assert [s.name for s in symbols(found) if s.name == "Z"] == []


# ---------------------------------------------------------------- random expressions against the definition


@given(expressions)
def test_evaluate_is_the_definition(e: Expr) -> None:
    found = evaluate(e, e.free, SMALL, FEW)
    expected = array(e.free, FEW, lambda *place: float(component(e, dict(zip(e.free, place, strict=True)), SMALL, FEW)))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------- the scalar view


@pytest.mark.parametrize("case", BANK, ids=str)
def test_scalar_view_of_the_bank(case: Case) -> None:
    if case.expr is not ZERO:
        sizes = SIZES["2, 3, 5"]
        atoms: list[Expr] = []
        again = from_scalar(scalar_of(case.expr, atoms), atoms)
        check_formed(again)
        values, constants = tensors(sizes), bank.size_values(sizes)
        before, after = (evaluate(e, case.order, values, constants) for e in (case.expr, again))
        np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-12)


@given(expressions)
def test_scalar_view_round_trip(e: Expr) -> None:
    atoms: list[Expr] = []
    formula = scalar_of(e, atoms)
    assert all(isinstance(a, Symbol | Identity | expr.Max | expr.Contract | expr.OfMatrix) for a in atoms)
    again = from_scalar(formula, atoms)
    check_formed(again)
    values = (evaluate(x, strategies.INDICES, SMALL, FEW) for x in (e, again))
    np.testing.assert_allclose(*values, rtol=1e-9, atol=1e-12)
    assert scalar_of(again, atoms) == formula


# ---------------------------------------------------------------- a new node


class Least(Expr):
    """min_over body: of this node nothing is said but here."""

    __slots__ = ("over",)
    over: tuple[Index, ...]

    @property
    def bound(self) -> tuple[Index, ...]:
        return self.over

    def text(self, children: Sequence[str]) -> str:
        return f"min[{','.join(i.text for i in self.over)}]({children[0]})"

    def remade(self, children: Sequence[Expr], indices: Mapping[Index, Index] = SAME) -> Expr:
        return least(children[0], [indices.get(i, i) for i in self.over])


def least(body: Expr, over: Sequence[Index]) -> Expr:
    return expr._intern(Least, (body,), over=tuple(over))


def test_a_node_is_declared_in_its_class_alone() -> None:
    e = least(A(), [j])
    assert e is least(A(), [j])
    assert (e.free, e.bound, e.names) == ((i,), (j,), {"A"})
    assert rename(e, {i: i1}) is least(A(i1), [j])
    assert rename(least(D(i, i1), [i]), {i1: i}) is least(D(i2, i), [i2])
    assert transform(e, lambda node: None) is e
    assert substitute(e, Equation(A(), contract([v(), w()]))) is least(contract([v(), w()]), [j])
    assert relabel(e, {"A": "B"}) is least(symbol("B", [i, j]), [j])
    assert structure([add(e, v())]) == (f"(min[{j.text}](#0[{i.text},{j.text}]) + #1[{i.text}])", ["A", "v"])
