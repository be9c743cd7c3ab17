"""What each node may contain: a table of rules, checked over the whole DAG. Tests run it between passes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import sympy

from symjac.core import expr, scalar
from symjac.core.expr import (
    Add,
    Contract,
    Determinant,
    Expr,
    Identity,
    Inverse,
    Map,
    Max,
    Number,
    OfMatrix,
    Symbol,
    walk,
)
from symjac.core.index import Index

Rule = tuple[str, Callable[[Any], bool]]
"""A statement that holds of every well-formed node of a type, and its test."""


class IllFormed(Exception):
    """A node that breaks a rule."""

    def __init__(self, node: Expr, rule: str) -> None:
        super().__init__(f"{type(node).__name__} {node.key}: not so: {rule}")
        self.node = node
        self.rule = rule


def check_formed(e: Expr) -> None:
    """Raises IllFormed for the first node, children first, that breaks a rule of its type."""
    for node in walk(e):
        if type(node) not in RULES:
            raise IllFormed(node, "the node is of a type of the language")
        for rule, holds in (*EVERY_NODE, *RULES[type(node)]):
            if not holds(node):
                raise IllFormed(node, rule)


# ---------------------------------------------------------------- the table

HEADS = (
    *(f for f, _, _ in scalar.FUNCTIONS.values()),
    *scalar.STABLE,
    scalar.Share,
    scalar.Gap,
    *scalar.RELATIONS,
    sympy.And,
    sympy.Or,
    sympy.Add,
    sympy.Mul,
    sympy.Pow,
    sympy.Piecewise,
    sympy.functions.elementary.piecewise.ExprCondPair,
    sympy.floor,
)
"""What a scalar formula is made of, beside unknown functions, symbols, numbers and truth values."""


def _in_language(formula: sympy.Expr) -> bool:
    parts = (e for e in sympy.preorder_traversal(formula) if e.args)
    return all(type(e) in HEADS or isinstance(e, scalar.Unknown) for e in parts)


def _finite(formula: sympy.Expr) -> bool:
    return not formula.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I)


def _distinct(things: tuple[Any, ...]) -> bool:
    return len(set(things)) == len(things)


def _slots(count: int) -> tuple[sympy.Symbol, ...]:
    return tuple(scalar.slot(i) for i in range(count))


def _closed(formula: sympy.Expr) -> bool:
    return all(p.args[-1][1] == sympy.true for p in formula.atoms(sympy.Piecewise))


def _free_of(e: Expr) -> set[Index]:
    """The free indices as the definition gives them, from the children's, those bound and its own."""
    below = {i for c in e.children for i in c.free}
    return (below - set(e.bound)) | set(e.own)


def _names_of(e: Expr) -> set[str]:
    return {e.name} if isinstance(e, Symbol) else {name for c in e.children for name in c.names}


def _opens(e: Expr) -> bool:
    """True where `e` is elementwise in other nodes, so that a Map takes it into its formula."""
    return isinstance(e, Number | Add | Map) or (isinstance(e, Contract) and expr.split(e) != ([], e))


def _is_compared(a: Expr, e: Map) -> bool:
    return e.args.index(a) in expr.compared_whole(e.formula, e.args)


def _ordered(e: Identity) -> bool:
    return not e.plain or e.target.name < e.terms[0][1].name


def _substituted(e: Contract) -> bool:
    plain = [f for f in e.factors if isinstance(f, Identity) and f.plain]
    return not any(i in e.summed for f in plain for i in f.free)


def _is_inverted(e: OfMatrix) -> bool:
    return isinstance(e.body, Inverse) and expr.is_inverse_of_whole(e.body, e.row, e.column)


EVERY_NODE: tuple[Rule, ...] = (
    ("it is the one object of its structure", lambda e: expr._interned.get((type(e), e.key)) is e),
    ("free indices are those that the children leave free", lambda e: set(e.free) == _free_of(e)),
    (
        "free indices are sorted, one an index name",
        lambda e: [i.name for i in e.free] == sorted({i.name for i in e.free}),
    ),
    ("names are the symbols' names", lambda e: e.names == _names_of(e)),
    ("sizes are integers, not negative", lambda e: all(i.size.is_nonnegative is not False for i in e.free)),
    ("index names are words", lambda e: all(re.fullmatch(r"[A-Za-z_]\w*", i.name) for i in e.free)),
)

MATRIX: tuple[Rule, ...] = (
    ("the matrix is square", lambda e: e.row.size == e.column.size),
    (
        "rows and columns have indices of their own",
        lambda e: e.row is not e.column and not {e.row.name, e.column.name} & {i.name for i in e.free},
    ),
    ("the matrix is not 1", lambda e: not expr.is_one(e.body, e.row, e.column)),
    ("rows are what the first of the two indices numbers", lambda e: expr.rows_first(e.body, e.row, e.column)),
)

RULES: dict[type[Expr], tuple[Rule, ...]] = {
    Symbol: (
        ("no children", lambda e: not e.children),
        ("the name is a word", lambda e: re.fullmatch(r"[A-Za-z]\w*", e.name) is not None),
    ),
    Number: (
        ("no children, no free index", lambda e: not e.children and not e.free),
        ("the value is free of placeholders", lambda e: not scalar.slots_of(e.value)),
        ("the value is in the language of scalars", lambda e: _in_language(e.value)),
        ("the value is finite and real", lambda e: _finite(e.value)),
    ),
    Identity: (
        ("no children", lambda e: not e.children),
        ("indices on the right are distinct", lambda e: _distinct(tuple(i for _, i in e.terms))),
        ("no coefficient is 0", lambda e: all(c != 0 for c, _ in e.terms)),
        ("it is not 1[i = i]", lambda e: not (e.plain and e.target == e.terms[0][1])),
        ("of 1[i = j] the target is the first in the alphabet", _ordered),
        (
            "coefficients and offset are integers",
            lambda e: all(c.is_integer for c in (e.offset, *(c for c, _ in e.terms))),
        ),
    ),
    Add: (
        ("at least two terms", lambda e: len(e.terms) > 1),
        ("no term is a sum", lambda e: not any(isinstance(t, Add) for t in e.terms)),
        ("at most one number", lambda e: sum(isinstance(t, Number) for t in e.terms) < 2),
        ("no term is 0", lambda e: expr.ZERO not in e.terms),
    ),
    Contract: (
        ("no factor is a product", lambda e: not any(isinstance(f, Contract) for f in e.factors)),
        ("more than one factor, or a sum", lambda e: len(e.factors) > 1 or len(e.summed) > 0),
        ("a number stands first, alone, not 0 or 1", lambda e: not any(isinstance(f, Number) for f in e.factors[1:])),
        ("no factor is 0 or 1", lambda e: expr.ZERO not in e.factors and expr.ONE not in e.factors),
        ("summed indices are distinct", lambda e: _distinct(e.summed)),
        ("a factor has each summed index", lambda e: all(any(i in f.free for f in e.factors) for i in e.summed)),
        ("no 1[i = j] with a summed index", _substituted),
    ),
    Map: (
        ("one placeholder an argument, in order", lambda e: scalar.slots_of(e.formula) == _slots(len(e.args))),
        ("it has an argument", lambda e: len(e.args) > 0),
        ("arguments are distinct", lambda e: _distinct(e.args)),
        (
            "arguments are not elementwise, but for what is compared whole",
            lambda e: not any(_opens(a) and not _is_compared(a, e) for a in e.args),
        ),
        ("the formula is not its argument", lambda e: e.formula != scalar.slot(0)),
        ("the formula is in the language of scalars", lambda e: _in_language(e.formula)),
        ("the formula's numbers are finite and real", lambda e: _finite(e.formula)),
        ("the last branch of a `where` is the rest", lambda e: _closed(e.formula)),
    ),
    Max: (
        ("it is over something", lambda e: len(e.over) > 0),
        ("indices are distinct and the body has them", lambda e: _distinct(e.over) and set(e.over) <= set(e.body.free)),
    ),
    Inverse: (
        *MATRIX,
        ("its rows run over the matrix's columns", lambda e: {e.left.size, e.right.size} == {e.row.size}),
        ("the matrix is no inverse itself", lambda e: not _is_inverted(e)),
    ),
    Determinant: MATRIX,
}
