"""Indicators, Kronecker symbols and functions by cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sympy

from symjac.core import scalar
from symjac.core.expr import affine, contract, number
from symjac.core.index import Index
from symjac.meaning import letters, values
from symjac.meaning.frame import Frame
from symjac.meaning.naming import identifier
from symjac.meaning.reasons import NotUnderstood
from symjac.meaning.values import Value
from symjac.notation.tree import Cases, Items, Name, Node, Num, Relation, Scripts, walk


def condition(m: Frame, node: Node, args: list[Value]) -> sympy.Basic:
    if not isinstance(node, Relation) or node.op not in COMPARISONS:
        raise NotUnderstood(node.span, "a comparison is expected, such as a > 0")
    left, right = m.read(node.left), m.read(node.right)
    args += [left, right]
    a, b = scalar.slot(len(args) - 2), scalar.slot(len(args) - 1)
    return COMPARISONS[node.op](a, b)


def indicator(m: Frame, node: Node) -> Value:
    if isinstance(node, Items):
        return values.hadamard(*(indicator(m, n) for n in node.items))
    if isinstance(node, Relation) and is_of_indices(m, node):
        return of_indices(m, node)
    args: list[Value] = []
    test = condition(m, node, args)
    return values.elementwise(scalar.indicator(test), *args)


def of_indices(m: Frame, node: Relation) -> Value:
    """1[i = j], 1[i < j + 1] of indices: where it is of the order, the sum over how far they are apart."""
    if node.op in ("=", "!="):
        equal = kronecker(m, node.left, node.right)
        return equal if node.op == "=" else values.add(values.scalar(number(1)), values.negate(equal))
    if node.op not in ORDERED:
        raise NotUnderstood(node.span, "a comparison is expected, such as a > 0")
    low, high = (node.left, node.right) if node.op in ("<", "<=") else (node.right, node.left)
    (below, start), (above, end) = letters.affine(m, low), letters.affine(m, high)
    start += node.op in ("<", ">")
    match below, above:
        case [(1, _)] | [], [(1, index)]:
            steps = Index(f"_{index.name}_above", index.size)
            return values.scalar(contract([affine(index, [*below, (sympy.Integer(1), steps)], start - end)], [steps]))
        case [(1, index)], [] if (count := end - start + 1).is_Integer and count > 0:
            steps = Index(f"_{index.name}_below", count)
            return values.scalar(contract([affine(index, [(sympy.Integer(1), steps)], sympy.Integer(0))], [steps]))
    raise NotUnderstood(node.span, "this condition on indices is not in the language")


ORDERED = frozenset({"<", "<=", ">", ">="})


def is_index(m: Frame, node: Node) -> bool:
    if isinstance(node, Num):
        return True
    try:
        places = letters.linear(m, node)
    except NotUnderstood:
        return False
    return bool(places) and not any(m.known(k) for k in places if k is not None)


def kronecker(m: Frame, left: Node, right: Node) -> Value:
    """1[i = 49 c + 7 j]: an index on one side alone; of two numbers, 0 or 1."""
    if isinstance(left, Num) and isinstance(right, Num):
        return values.scalar(number(int(left.text == right.text)))
    for one, other in ((left, right), (right, left)):
        terms, offset = letters.affine(m, one)
        if len(terms) == 1 and terms[0][0] == 1 and offset == 0:
            rest, shift = letters.affine(m, other)
            return values.scalar(affine(terms[0][1], rest, shift))
    raise NotUnderstood(left.span, "one side of this condition should be an index alone")


def cases(m: Frame, node: Cases) -> Value:
    if any(when is not None and is_of_indices(m, when) for _, when in node.branches):
        return by_indices(m, node)
    args: list[Value] = []
    pairs: list[tuple[sympy.Expr, object]] = []
    for branch, when in node.branches:
        args.append(m.read(branch))
        place = len(args) - 1
        test = sympy.true if when is None else condition(m, when, args)
        pairs.append((scalar.slot(place), test))
    if pairs[-1][1] is not sympy.true:
        last = pairs[-1][0]
        pairs[-1] = (last, sympy.true)
    return values.elementwise(sympy.Piecewise(*pairs, evaluate=False), *args)


def is_of_indices(m: Frame, when: Node) -> bool:
    parts = when.items if isinstance(when, Items) else (when,)
    return all(isinstance(n, Relation) and _relates_indices(m, n) for n in parts)


def _relates_indices(m: Frame, node: Relation) -> bool:
    """i = j, i < 3: beside numbers alone, or in an order, a letter is an index where it runs or stands below a name."""
    if not (is_index(m, node.left) and is_index(m, node.right)):
        return False
    names = [n for n in (*walk(node.left), *walk(node.right)) if isinstance(n, Name)]
    if node.op in ("=", "!=") and not isinstance(node.left, Num) and not isinstance(node.right, Num):
        return True
    return all(_runs(m, identifier(n) or "") for n in names)


def _runs(m: Frame, key: str) -> bool:
    if key in m.notebook.letters or letters.letter_in_scope(m, key) is not None:
        return True
    below = (p for roots in m.roots for root in roots for n in walk(root) if isinstance(n, Scripts) for p in n.sub)
    return any(identifier(n) == key for p in below for n in walk(p))


def by_indices(m: Frame, node: Cases) -> Value:
    """Branches for i = j and for the rest: each where its condition holds and none before it does."""
    conditions = [when for _, when in node.branches]
    if not _are_all(conditions):
        raise NotUnderstood(
            node.span, "these cases do not say what holds in all others; \\text{otherwise} was expected"
        )
    total, rest = values.scalar(number(0)), values.scalar(number(1))
    for branch, when in node.branches:
        holds = values.scalar(number(1)) if when is None or when is conditions[-1] else indicator(m, when)
        total = values.add(total, values.hadamard(values.hadamard(rest, holds), m.read(branch)))
        rest = values.hadamard(rest, values.add(values.scalar(number(1)), values.negate(holds)))
    return total


def _are_all(conditions: Sequence[Node | None]) -> bool:
    """Whether one of them always holds: where the last is "otherwise", of i = j and i != j, of <, = and >."""
    if conditions[-1] is None:
        return True
    found = [n for n in conditions if isinstance(n, Relation)]
    if len(found) != len(conditions) or len({frozenset((n.left, n.right)) for n in found}) != 1:
        return False
    first = found[0]
    ops = {n.op if n.left == first.left else _TURNED.get(n.op, n.op) for n in found}
    return any(every <= ops for every in ({"=", "!="}, {"<", "=", ">"}, {"<", ">="}, {"<=", ">"}))


_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}

COMPARISONS: Mapping[str, Callable[[sympy.Expr, sympy.Expr], sympy.Basic]] = {
    ">": sympy.Gt,
    "<": sympy.Lt,
    ">=": sympy.Ge,
    "<=": sympy.Le,
    "=": sympy.Eq,
    "!=": sympy.Ne,
}
