"""The one fact that a verdict may take unsaid: the target of a cross-entropy sums to 1, as what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import sympy

from symjac.calculus.facts import Fact, Property
from symjac.core.expr import ONE, Contract, Expr, Map, Symbol, apply, contract, walk
from symjac.core.index import Index
from symjac.equality import assumptions
from symjac.equality.decide import holds
from symjac.equality.question import Question


def of_targets(question: Question) -> Iterator[Fact]:
    """Σ t = 1 for each t of a Σ t log y in the definitions, over the axes over which y sums to 1."""
    sums = [f for f in assumptions.offered(question) if f.what is Property.SUM and f.value == 1]
    nodes = chain.from_iterable(walk(q.rhs) for q in question.world.equations.values() if sums)
    for t, y, summed in chain.from_iterable(map(_entropies, nodes)):
        for fact in (f for f in sums if f.symbol.name == t.name):
            over = [t.indices[axis] for axis in fact.axes]
            if set(over) <= set(summed) & set(y.free) and _is_distribution(question, y, over):
                yield fact


def _entropies(node: Expr) -> Iterator[tuple[Symbol, Expr, tuple[Index, ...]]]:
    """(t, y, the summed indices) of a product of t and log y."""
    if not isinstance(node, Contract):
        return
    logarithms = (f for f in node.factors if isinstance(f, Map) and isinstance(f.formula, sympy.log))
    for f in logarithms:
        y = apply(f.formula.args[0], f.args)
        yield from ((t, y, node.summed) for t in node.factors if isinstance(t, Symbol) and t.indices)


def _is_distribution(question: Question, y: Expr, over: list[Index]) -> bool:
    order = tuple(i for i in y.free if i not in over)
    return holds(Question(contract([y], over), ONE, order, question.world))
