"""Each rule of the table is broken by a node built around the constructors, and is then named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
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
    Symbol,
    add,
    apply,
    contract,
    identity,
    inverse,
    number,
)
from symjac.core.index import Index, index
from symjac.core.scalar import slot
from symjac.core.wellformed import EVERY_NODE, RULES, IllFormed, check_formed
from tests.core.bank import A, B, D, i, i1, i2, j, l, m, u, v, w

ONE = sympy.Integer(1)


def raw(kind: type[Expr], children: Iterable[Expr] = (), free: Iterable[Index] | None = None, **fields: Any) -> Expr:
    """A node as a faulty pass might make one: interned, but unchecked; `free` is worked out where it is not given."""
    children = tuple(children)
    node = object.__new__(kind)
    node.key = f"raw {kind.__name__} {children} {fields}"
    node.children = children
    for name, value in fields.items():
        setattr(node, name, value)
    mine = [*fields.get("indices", ()), *(i for _, i in fields.get("terms", ()))]
    mine += [fields["target"]] if "target" in fields else []
    bound = [*fields.get("summed", ()), *fields.get("over", ()), *(fields[f] for f in ("row", "column") if f in fields)]
    have = {*mine, *(i for c in children for i in c.free)} - set(bound)
    node.free = tuple(sorted(have, key=lambda i: i.name)) if free is None else tuple(free)
    node.names = frozenset([fields["name"]]) if "name" in fields else frozenset().union(*(c.names for c in children))
    expr._interned[(kind, node.key)] = node
    return node


def stray() -> Expr:
    node = raw(Number, value=ONE)
    del expr._interned[(Number, node.key)]
    return node


def misnamed() -> Expr:
    node = raw(Add, [v(), w()])
    node.names = frozenset("v")
    return node


class Unknown(Expr):
    __slots__ = ()


Z = sympy.Integer(0)
BROKEN: list[tuple[str, Any]] = [
    ("the node is of a type of the language", lambda: raw(Unknown)),
    ("it is the one object of its structure", stray),
    ("free indices are those that the children leave free", lambda: raw(Add, [v(), w()], free=[i])),
    ("free indices are sorted, one an index name", lambda: raw(Add, [v(), w()], free=[j, i])),
    ("names are the symbols' names", misnamed),
    ("sizes are integers, not negative", lambda: raw(Symbol, name="v", indices=(index("i", -2),))),
    ("index names are words", lambda: raw(Symbol, name="v", indices=(Index("2i", m),))),
    ("no children", lambda: raw(Symbol, [v()], name="v", indices=(i,))),
    ("the name is a word", lambda: raw(Symbol, name="v w", indices=(i,))),
    ("no children, no free index", lambda: raw(Number, [v()], value=ONE)),
    ("the value is free of placeholders", lambda: raw(Number, value=slot(0))),
    ("the value is in the language of scalars", lambda: raw(Number, value=sympy.gamma(sympy.Symbol("c")))),
    ("the value is finite and real", lambda: raw(Number, value=sympy.oo)),
    ("the value is finite and real", lambda: raw(Number, value=sympy.I)),
    ("no children", lambda: raw(Identity, [v()], target=i, terms=((ONE, i1),), offset=Z)),
    ("indices on the right are distinct", lambda: raw(Identity, target=i, terms=((ONE, i1), (ONE, i1)), offset=Z)),
    ("no coefficient is 0", lambda: raw(Identity, target=i, terms=((Z, i1),), offset=ONE)),
    ("it is not 1[i = i]", lambda: raw(Identity, target=i, terms=((ONE, i),), offset=Z)),
    (
        "of 1[i = j] the target is the first in the alphabet",
        lambda: raw(Identity, target=i1, terms=((ONE, i),), offset=Z),
    ),
    ("coefficients and offset are integers", lambda: raw(Identity, target=i, terms=((ONE / 2, i1),), offset=Z)),
    ("at least two terms", lambda: raw(Add, [v()])),
    ("no term is a sum", lambda: raw(Add, [v(), add(v(), w())])),
    ("at most one number", lambda: raw(Add, [number(1), number(2)])),
    ("no term is 0", lambda: raw(Add, [v(), number(0)])),
    ("no factor is a product", lambda: raw(Contract, [contract([v(), w()]), w()], summed=())),
    ("more than one factor, or a sum", lambda: raw(Contract, [v()], summed=())),
    ("a number stands first, alone, not 0 or 1", lambda: raw(Contract, [v(), number(2)], summed=())),
    ("no factor is 0 or 1", lambda: raw(Contract, [number(1), v()], summed=())),
    ("summed indices are distinct", lambda: raw(Contract, [v()], summed=(i, i))),
    ("a factor has each summed index", lambda: raw(Contract, [v(), v()], summed=(j,))),
    ("no 1[i = j] with a summed index", lambda: raw(Contract, [identity(i, i1), v(i1)], summed=(i1,))),
    ("one placeholder an argument, in order", lambda: raw(Map, [v(), w()], formula=sympy.exp(slot(0)))),
    ("one placeholder an argument, in order", lambda: raw(Map, [v()], formula=sympy.exp(slot(1)))),
    ("it has an argument", lambda: raw(Map, formula=sympy.exp(1))),
    ("arguments are distinct", lambda: raw(Map, [v(), v()], formula=slot(0) * slot(1))),
    (
        "arguments are not elementwise, but for what is compared whole",
        lambda: raw(Map, [add(v(), w())], formula=sympy.exp(slot(0))),
    ),
    (
        "arguments are not elementwise, but for what is compared whole",
        lambda: raw(Map, [apply(sympy.exp(slot(0)), [v()])], formula=slot(0) ** 2),
    ),
    (
        "arguments are not elementwise, but for what is compared whole",
        lambda: raw(Map, [contract([v(), w()])], formula=slot(0) ** 2),
    ),
    (
        "arguments are not elementwise, but for what is compared whole",
        lambda: raw(Map, [add(v(), w()), u()], formula=scalar.indicator(sympy.Eq(slot(0), slot(1)))),
    ),
    ("the formula is not its argument", lambda: raw(Map, [v()], formula=slot(0))),
    ("the formula is in the language of scalars", lambda: raw(Map, [v()], formula=sympy.gamma(slot(0)))),
    ("the formula is in the language of scalars", lambda: raw(Map, [v()], formula=sympy.Heaviside(slot(0)))),
    (
        "the formula is in the language of scalars",
        lambda: raw(Map, [v()], formula=sympy.Derivative(slot(0) ** 2, slot(0))),
    ),
    ("the formula's numbers are finite and real", lambda: raw(Map, [v()], formula=slot(0) * sympy.I)),
    (
        "the last branch of a `where` is the rest",
        lambda: raw(Map, [v()], formula=sympy.Piecewise((slot(0) ** 2, slot(0) > 0))),
    ),
    ("it is over something", lambda: raw(Max, [v()], over=())),
    ("indices are distinct and the body has them", lambda: raw(Max, [v()], over=(i, i))),
    ("indices are distinct and the body has them", lambda: raw(Max, [v()], over=(j,))),
    ("the matrix is square", lambda: raw(Determinant, [A()], row=i, column=j)),
    ("rows and columns have indices of their own", lambda: raw(Determinant, [D(i, i)], row=i, column=i)),
    (
        "rows and columns have indices of their own",
        lambda: raw(Inverse, [D()], [i, i1], row=i, column=i1, left=i, right=i1),
    ),
    ("the matrix is not 1", lambda: raw(Determinant, [identity(i, i1)], row=i, column=i1)),
    ("rows are what the first of the two indices numbers", lambda: raw(Determinant, [D()], row=i1, column=i)),
    ("its rows run over the matrix's columns", lambda: raw(Inverse, [D()], [j, l], row=i, column=i1, left=j, right=l)),
    (
        "the matrix is no inverse itself",
        lambda: raw(Inverse, [inverse(D(), i, i1, i, i1)], [i2], row=i, column=i1, left=i2, right=i2),
    ),
]


@pytest.mark.parametrize(("rule", "build"), BROKEN, ids=[f"{n} {rule}" for n, (rule, _) in enumerate(BROKEN)])
def test_broken_rule_is_named(rule: str, build: Any) -> None:
    with pytest.raises(IllFormed) as caught:
        check_formed(build())
    assert caught.value.rule == rule


def test_every_rule_is_broken_once() -> None:
    table = {rule for rule, _ in EVERY_NODE} | {rule for rules in RULES.values() for rule, _ in rules}
    assert table <= {rule for rule, _ in BROKEN}


def test_a_fault_deep_inside_is_found() -> None:
    inner = raw(Add, [A()])
    outer = raw(Contract, [inner, B()], summed=(j,))
    with pytest.raises(IllFormed, match="at least two terms"):
        check_formed(raw(Max, [outer], over=(l,)))


def test_what_is_well_formed_passes() -> None:
    check_formed(contract([D(), D(i1, i)], [i, i1]))
    check_formed(apply(scalar.indicator(slot(0) > 0), [v()]))
    cases = apply(sympy.Piecewise((slot(0), slot(0) > 0), (slot(0) ** 2, True)), [v()])
    check_formed(apply(scalar.indicator(sympy.Eq(slot(0), slot(1))), [cases, expr.maximum(cases, [i])]))
