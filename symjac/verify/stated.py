"""An equation between free quantities -> the fact that it states: Σ_j t_j = 1, uᵀu = 1, Qᵀ Q = I, A = Aᵀ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations

import sympy

from symjac.calculus import facts
from symjac.calculus.facts import Fact, Property
from symjac.core.expr import Expr, Symbol, add, negate, rename, symbols
from symjac.equality.decide import ratio
from symjac.equality.question import Question
from symjac.meaning.letters import scalar_number
from symjac.meaning.meaning import Meaning
from symjac.meaning.naming import ways
from symjac.meaning.notebook import FactText, Notebook
from symjac.meaning.reasons import CONFINED
from symjac.meaning.statements import Equality
from symjac.meaning.values import Value
from symjac.notation.tree import Name, Node, Num, walk
from symjac.verify.asking import question_of


def stated(meaning: Meaning, equality: Equality) -> FactText | None:
    """The fact that the equation states, and nothing else; None where it states none that is known."""
    try:
        left, right = meaning.sides(equality.left, equality.right)
        symbol = _only_free(meaning, left.expr, right.expr)
        if symbol is None:
            return None
        rest = add(left.expr, negate(right.expr))
        value, node = _number(left, right, equality)
        order = question_of(left, right, meaning).order
        for fact, written in _candidates(symbol, {value: node, sympy.Integer(1): Num("1"), sympy.Integer(0): Num("0")}):
            for equation in facts.equations(fact):
                for moved in _placed(equation, rest):
                    if ratio(Question(rest, moved, order, meaning.world)) is not None:
                        return _text(fact, meaning, written)
    except CONFINED:
        pass
    return None


def is_free(book: Notebook, equality: Equality) -> bool:
    """True where every name in the equation is declared, and none has a formula: it is given, as P² = P is."""
    keys = {way.key for side in (equality.left, equality.right) for n in walk(side) for way in ways(n)}
    names = {key for key in keys if book.knows(key)}
    return bool(names) and all(key in book.shapes and not book.has_formula(key) for key in names)


def _number(left: Value, right: Value, equality: Equality) -> tuple[sympy.Expr, Node]:
    """The number on one side, and how it is written; 0 where there is none."""
    for side, node in ((right, equality.right), (left, equality.left)):
        value = scalar_number(side.expr)
        if value is not None and value.is_Rational:
            return value, node
    return sympy.Integer(0), Num("0")


def _only_free(meaning: Meaning, *sides: Expr) -> Symbol | None:
    """The one quantity in the sides, where it is declared, and no formula says what it is."""
    names = {s.name for e in sides for s in symbols(e)}
    if len(names) != 1:
        return None
    (name,) = names
    free = name in meaning.notebook.shapes and not meaning.notebook.has_formula(name)
    return meaning.world.symbol(name) if free and name not in meaning.world.equations else None


def _candidates(s: Symbol, values: Mapping[sympy.Expr, Node]) -> Iterator[tuple[Fact, Node]]:
    """The facts that a quantity of this shape may have, each with how the number in it is written."""
    rank = len(s.indices)
    for value, node in values.items() if rank else ():
        yield facts.sums_to(s, value), node
        yield from ((facts.sums_to(s, value, axis), node) for axis in ((1, 0) if rank == 2 else ()))
    if rank:
        yield facts.unit_norm(s), Num("1")
    if facts.is_square(s):
        for what in (Property.SYMMETRIC, Property.SKEW, Property.ORTHOGONAL):
            yield facts.fact(s, what), Num("0")


def _placed(e: Expr, like: Expr) -> Iterator[Expr]:
    """`e` over the free indices of `like`, in every order of the same sizes."""
    if len(e.free) == len(like.free):
        for order in permutations(like.free):
            if all(i.size == j.size for i, j in zip(e.free, order, strict=True)):
                yield rename(e, dict(zip(e.free, order, strict=True)))


def _text(fact: Fact, meaning: Meaning, value: Node) -> FactText:
    name = meaning.notebook.latex.get(fact.symbol.name, Name(fact.symbol.name))
    if fact.what is Property.SUM:
        one = fact.axes if len(fact.symbol.indices) == 2 else ()
        axis = "rows" if one == (1,) else "columns" if one == (0,) else ""
        return FactText("sum", name, axis, value, fact.text, in_text=True)
    kind = "norm 1" if fact.what is Property.UNIT else fact.what.value
    return FactText(kind, name, text=fact.text, in_text=True)
