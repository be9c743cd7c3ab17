"""The brackets and products of a formula, written out as they are read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import reduce

from symjac.calculus.facts import WorldError
from symjac.core.expr import ShapeError
from symjac.meaning.grouping import is_elementwise
from symjac.meaning.meaning import Meaning
from symjac.meaning.reasons import CONFINED, Misfit, NotUnderstood
from symjac.notation.tree import Binary, Node, Product, rebuild
from symjac.verify.sites import product


def bracketed(node: Node, meaning: Meaning) -> Node:
    """a ⊙ b cᵀ as (a ⊙ b) cᵀ where it is read so."""
    if is_elementwise(node) and not meaning.notebook.primes_transpose:
        with suppress(*CONFINED):
            node = replace(meaning.grouped(node), span=node.span)
    return rebuild(node, lambda n: bracketed(n, meaning))


def entrywise(node: Node, meaning: Meaning) -> Node:
    """a * b of two columns as a ⊙ b, as it is read."""
    node = rebuild(node, lambda n: entrywise(n, meaning))
    if not isinstance(node, Product) or "*" not in node.signs or meaning.notebook.primes_transpose:
        return node
    groups: list[list[Node]] = [[node.factors[0]]]
    for sign, factor in zip(node.signs, node.factors[1:], strict=True):
        if sign == "*":
            groups.append([factor])
        else:
            groups[-1].append(factor)
    parts = [product(*g) for g in groups]
    try:
        shapes = {(v.shape, v.row) for v in map(meaning.value, parts)}
    except (NotUnderstood, Misfit, ShapeError, WorldError):
        return node
    if len(shapes) != 1 or len(next(iter(shapes))[0]) != 1:
        return node
    return reduce(lambda a, b: Binary("hadamard", a, b, span=node.span), parts)
