"""Formulas printed in index notation, read by the grammar of specs: they mean what was printed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Rational, tanh

from symjac.core.errors import InputError, Place
from symjac.core.evaluate import evaluate
from symjac.core.expr import Expr, add, apply, contract, maximum, number, symbol
from symjac.core.index import Index
from symjac.core.scalar import slot
from symjac.model import elaborate
from symjac.model.parse import parse
from symjac.model.scope import Scope
from symjac.printing import text

SIZE = sympy.Integer(3)
INDICES = tuple(Index(name, SIZE) for name in ("i", "j", "l"))
RANKS = {"s": 0, "v": 1, "w": 1, "A": 2}
ALPHA = sympy.Symbol("alpha", real=True)
NUMBERS = (sympy.Integer(-2), Rational(1, 3), ALPHA, -1 / ALPHA, ALPHA / 2)
x, y = slot(0), slot(1)
MAPS = (
    tanh(x),
    x**2,
    -(x**2),
    1 / (2 + x**2),
    x / (2 + y**2),
    x**2 * tanh(y),
    sympy.Max(x, y),
    1 / (1 + sympy.exp(-x)),
)
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def as_in_a_spec(printed: str) -> str:
    """Words and signs of comments as those of specs; brackets and order stay."""
    out = re.sub(
        r"(Σ|max)_(\w+|\{[^}]*\})", lambda m: f"{'sum' if m[1] == 'Σ' else 'max'}[{m[2].strip('{}')}]", printed
    )
    out = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: f"**({m[0].translate(RAISED)})", out)
    return out.translate(str.maketrans({"·": "*", "−": "-", "^": "**"}))


indices = st.sampled_from(INDICES)
some = st.lists(indices, min_size=1, max_size=2, unique=True)


@st.composite
def _leaf(draw: Any) -> Expr:
    name = draw(st.sampled_from([*RANKS, *NUMBERS]))
    return symbol(name, [draw(indices) for _ in range(RANKS[name])]) if isinstance(name, str) else number(name)


def _extend(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda terms: add(*terms)),
        st.tuples(several, some).map(lambda parts: contract(*parts)),
        st.tuples(several, st.just([])).map(lambda parts: contract(*parts)),
        st.tuples(st.sampled_from(MAPS), st.tuples(inner, inner)).map(lambda parts: apply(*parts)),
        st.tuples(inner, some).map(lambda parts: maximum(*parts)),
    )


expressions = st.recursive(_leaf(), _extend, max_leaves=7)


@settings(max_examples=150, deadline=None)
@given(expressions, st.integers(0, 9))
def test_a_printed_formula_reads_back_as_it_is(e: Expr, seed: int) -> None:
    left = f"Z[{','.join(i.name for i in e.free)}]" if e.free else "Z"
    written = f"{left} = {as_in_a_spec(text.indexed(e))}"
    shapes: dict[str, tuple[sympy.Expr, ...]] = {name: (SIZE,) * rank for name, rank in RANKS.items()}
    extents = {i.name: i.size for i in INDICES}
    known = Scope(tensors=shapes, sizes={}, constants={"alpha": ALPHA}, functions={}, batch=None, extents=extents)
    try:
        equation = elaborate.equation(parse(written, Place("test", 1, 1, written)), known)
    except InputError as error:
        assume("has a meaning already" not in error.found)  # an index bound anew inside: specs want another name
        raise
    rng = np.random.default_rng(seed)
    tensors = {name: rng.standard_normal((3,) * rank) for name, rank in RANKS.items()}
    constants = {"alpha": -0.7}
    want = evaluate(e, e.free, tensors, constants)
    got = evaluate(equation.rhs, equation.lhs.indices, tensors, constants)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9, err_msg=written)
