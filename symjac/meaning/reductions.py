"""Sums and maxima over index letters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from symjac.core.index import Index
from symjac.meaning import conditions, letters, sizes, values
from symjac.meaning.frame import Frame
from symjac.meaning.naming import identifier
from symjac.meaning.reasons import NotUnderstood
from symjac.meaning.values import Value
from symjac.notation.tree import Big, Items, Name, Node, Num, Product, Relation, Scripts, children, walk


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
    for c in limits(inside, node):
        if node.op != "sum":
            raise NotUnderstood(c.span, f"a {node.op} under a condition is not in the language")
        body = values.hadamard(body, conditions.indicator(inside, c))
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


def limits(m: Frame, node: Big) -> Iterator[Node]:
    """The conditions on what a sum runs over, of which some say nothing but that it runs: w in V, where V is all."""
    for c in node.conditions:
        if not (isinstance(c, Relation) and c.op == "in"):
            yield c
        elif m.notebook.members.get(identifier(c.left) or "") != {c.right}:
            raise NotUnderstood(
                c.span, "of which values this is the sum is not said; an index from 1 to n was expected"
            )
    if node.lower is not None and is_running(m, node.lower):
        yield from _ends(m, node, "=" if is_split_there(m, node) else ">=", node.lower)
    if node.upper is not None and is_running(m, node.upper):
        yield from _ends(m, node, "<=", node.upper)


def _ends(m: Frame, node: Big, op: str, end: Node) -> Iterator[Node]:
    r"""The index beside another one, which runs over what it does where nothing else is said: t of \sum_{k=1}^t."""
    key, first = identifier(end), letters.letter_in_scope(m, identifier(node.over[0]) or "")
    if key is not None and letters.letter_in_scope(m, key) is None and letters.extent(m, key) is None:
        assert first is not None
        letters.free_scope(m)[key] = Index(key, first.size)
    yield from (Relation(op, n, end, span=end.span) for n in node.over)


def is_split_there(m: Frame, node: Big) -> bool:
    r"""True for the \sum_{i=j}^n that stands beside a \sum_{i \ne j}^n: the one term that the other leaves out."""
    found = (n for roots in m.roots for root in roots for n in walk(root) if isinstance(n, Big))
    said = (c for n in found if n.upper == node.upper for c in n.conditions if isinstance(c, Relation))
    return any(c.op == "!=" and {c.left, c.right} == {node.lower, *node.over} for c in said)


def is_running(m: Frame, node: Node) -> bool:
    """True for an index, and for what is counted from one: t of x_t, t - 1; not for a size that the notes declare."""
    keys = {identifier(n) or "" for n in walk(node) if isinstance(n, Name)}
    declared = {identifier(n) for shape in m.notebook.shapes.values() for size in shape.sizes for n in walk(size)}
    declared |= {identifier(n) for size in m.notebook.ranges.values() for n in walk(size)}
    left = (n for n in walk(m.roots[-1][0]) if isinstance(n, Scripts))
    counted = {identifier(n) for found in left for script in found.sub for n in walk(script)}
    return any(k not in declared and (k in counted or letters.letter_in_scope(m, k) is not None) for k in keys)


def extent(m: Frame, key: str, node: Big, count: int) -> sympy.Expr:
    upper = node.upper
    if isinstance(upper, Items) and len(upper.items) == count:
        upper = upper.items[[identifier(n) for n in node.over].index(key)]
    if upper is not None and not is_running(m, upper):
        counted = node.lower is not None and not is_running(m, node.lower)
        lower = sympy.Integer(_integer(node.lower) if counted and node.lower is not None else 1)
        seen = size_seen_free(m, key, node.body) if count > 1 and upper is node.upper else None
        return seen or sizes.size(m.notebook, upper) - lower + 1
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
