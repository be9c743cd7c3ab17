"""Hypothesis strategies: expressions of all nodes, made through the constructors, over few names so that they clash."""

from __future__ import annotations

from typing import Any

import sympy
from hypothesis import strategies as st
from sympy import Rational, exp, tanh

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
    number,
    symbol,
)
from symjac.core.index import Index, index, size_symbol
from symjac.core.scalar import slot

SIZE = size_symbol("m")
NAMES = ("i", "i1", "i2", "j")
INDICES = tuple(index(name, SIZE) for name in NAMES)
RANKS = {"s": 0, "v": 1, "A": 2, "K": 3}
MAPS = (tanh(slot(0)), slot(0) ** 2, 1 / (1 + exp(-slot(0))), slot(0) * tanh(slot(1)), 1 / (2 + slot(0) ** 2), slot(0))

indices: st.SearchStrategy[Index] = st.sampled_from(INDICES)
two = st.lists(indices, min_size=2, max_size=2, unique=True)
some = st.lists(indices, max_size=2, unique=True)


@st.composite
def _leaf(draw: Any) -> Expr:
    kind = draw(st.sampled_from(["symbol", "symbol", "symbol", "number", "identity", "affine"]))
    if kind == "symbol":
        name = draw(st.sampled_from(sorted(RANKS)))
        return symbol(name, [draw(indices) for _ in range(RANKS[name])])
    if kind == "number":
        return number(draw(st.sampled_from([sympy.Integer(-1), sympy.Integer(0), Rational(1, 2), 1 / SIZE])))
    if kind == "identity":
        return identity(draw(indices), draw(indices))
    whole = st.integers(-1, 2).map(sympy.Integer)
    return affine(draw(indices), [(draw(whole), draw(indices)) for _ in range(2)], draw(whole))


def _matrix(e: Expr, axes: list[Index]) -> tuple[Expr, Index, Index]:
    """3·1 + tanh(e), which at size 2 has an inverse, over the given rows and columns."""
    row, column = axes
    return add(contract([number(3), identity(row, column)]), apply(tanh(slot(0)), [e])), row, column


def _extend(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda terms: add(*terms)),
        st.tuples(several, some).map(lambda parts: contract(*parts)),
        st.tuples(st.sampled_from(MAPS), st.tuples(inner, inner)).map(lambda parts: apply(*parts)),
        st.tuples(inner, some).map(lambda parts: maximum(*parts)),
        st.tuples(inner, two, st.tuples(indices, indices)).map(lambda parts: inverse(*_matrix(*parts[:2]), *parts[2])),
        st.tuples(inner, two).map(lambda parts: determinant(*_matrix(*parts))),
    )


expressions: st.SearchStrategy[Expr] = st.recursive(_leaf(), _extend, max_leaves=6)
