"""Sums and maxima over index letters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from symjac.core.index import Index
from symjac.meaning import letters, sizes, values
from symjac.meaning.frame import Frame
from symjac.meaning.naming import identifier
from symjac.meaning.reasons import NotUnderstood
from symjac.meaning.values import Value
from symjac.notation.tree import Big, Node, Num, Product, Scripts, children


def big(m: Frame, node: Big) -> Value:
    bound = letters.Bound()
    keys = [identifier(n) for n in node.over]
    if None in keys:
        raise NotUnderstood(node.span, "an index letter is expected under the sum")
    inside = replace(m, scopes=(*m.scopes, bound))
    for key in keys:
        assert key is not None
        bound[key] = Index(key, extent(inside, key, node, len(keys)))
        if node.upper is not None:
            bound.said.add(key)
    body = inside.read(node.body)
    over = list(bound.values())
    if not over:
        over_free = [i for i in body.expr.free if i not in body.axes and letters.letter_in_scope(m, i.name) is None]
        over_free = over_free or [i for i in body.expr.free if i.name in m.notebook.ranges]
        if node.op == "sum" and not over_free:
            return values.total(body)
        over = over_free
    if node.op == "sum":
        return values.bind(body, *over)
    if node.op == "max":
        return values.largest_of(body, *over)
    if node.op == "min":
        return values.negate(values.largest_of(values.negate(body), *over))
    raise NotUnderstood(node.span, f"a {node.op} over an index is not in the language")


def extent(m: Frame, key: str, node: Big, count: int) -> sympy.Expr:
    if node.upper is not None and count == 1:
        lower = sympy.Integer(1) if node.lower is None else sympy.Integer(_integer(node.lower))
        return sizes.size(m.notebook, node.upper) - lower + 1
    size = size_seen_free(m, key, node.body) or letters.extent(m, key)
    if size is None:
        raise NotUnderstood(node.span, f"what {key} runs over is not said; write for example ${key} = 1, \\dots, n$")
    return size


def size_seen_free(m: Frame, key: str, body: Node) -> sympy.Expr | None:
    for found in _free_scripts(body, key):
        size = letters.size_at(m, found, key)
        if size is not None:
            return size
    return None


def _integer(node: Node) -> int:
    if isinstance(node, Num) and node.text.isdigit():
        return int(node.text)
    raise NotUnderstood(node.span, "a whole number is expected as the first value of an index")


def _free_scripts(node: Node, key: str) -> Iterator[Scripts]:
    """Names with the letter `key` among their subscripts, outside of sums that bind it."""
    if isinstance(node, Big) and any(identifier(n) == key for n in node.over):
        return
    if isinstance(node, Scripts) and any(_mentions(s, key) for s in node.sub):
        yield node
    for child in children(node):
        yield from _free_scripts(child, key)


def _mentions(script: Node, key: str) -> bool:
    if identifier(script) == key:
        return True
    return isinstance(script, Product) and any(identifier(f) == key for f in script.factors)
