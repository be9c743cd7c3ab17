r"""Arrays written out: by all their entries, or by the first and the last ones with dots between them.

Of \begin{pmatrix} \frac{\partial f}{\partial x_1} \\ \vdots \\ \frac{\partial f}{\partial x_n} \end{pmatrix} the entry
\frac{\partial f}{\partial x_i} is read, over i from 1 to n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, NoReturn

import sympy

from symjac.core.expr import add, affine, contract, rename
from symjac.core.index import Index
from symjac.meaning import letters, sizes, values
from symjac.meaning.frame import Frame
from symjac.meaning.reasons import NotUnderstood
from symjac.meaning.values import Value
from symjac.notation.tree import (
    Dots,
    Group,
    Items,
    Matrix,
    Name,
    Neg,
    Node,
    Num,
    Product,
    Scripts,
    Span,
    Sum,
    Transpose,
    rebuild,
)

MOST_ENTRIES = 64
"""Of one array."""

BLANK = Name("")


def is_list(node: Node) -> bool:
    """True for (a, b) and [a_1, ..., a_n], which people write for columns and for rows."""
    return isinstance(node, Group) and node.bracket in "([" and isinstance(node.of, Items)


def of_list(m: Frame, items: Sequence[Node], bracket: str) -> Value:
    """[a, b] is a row, (a, b) a column."""
    return row_of(m, items) if bracket == "[" else column_of(m, items)


def of_matrix(m: Frame, node: Matrix) -> Value:
    if sum(map(len, node.rows)) > MOST_ENTRIES:
        raise NotUnderstood(node.span, f"arrays are read up to {MOST_ENTRIES} entries")
    width = len(node.rows[0])
    if any(len(row) != width for row in node.rows):
        raise NotUnderstood(node.span, "the rows of this matrix have different numbers of entries")
    diagonal = _diagonal(node)
    if diagonal is not None:
        return values.diag(column_of(m, diagonal))
    if width == 1:
        return column_of(m, [row[0] for row in node.rows])
    if len(node.rows) == 1:
        return row_of(m, node.rows[0])
    made = _along(m, [_as_row(row) for row in node.rows], _row_entries)
    if len(made.axes) != 2:
        raise NotUnderstood(node.span, "a matrix of blocks is not understood; numbers were expected as its entries")
    return values.value(made.expr, made.axes)


def column_of(m: Frame, nodes: Sequence[Node]) -> Value:
    """Numbers below one another, or rows."""
    made = _along(m, nodes, lambda inside, node: _part(inside, node, row=True))
    return values.value(made.expr, made.axes)


def row_of(m: Frame, nodes: Sequence[Node]) -> Value:
    """Numbers side by side, or columns."""
    made = _along(m, nodes, lambda inside, node: _part(inside, node, row=False))
    return values.value(made.expr, made.axes[::-1], row=len(made.axes) == 1)


def _part(m: Frame, node: Node, row: bool) -> Value:
    value = values.slim(m.read(node))
    if len(value.axes) > 1 or (value.axes and value.row is not row):
        raise NotUnderstood(node.span, "an array of blocks is not understood; numbers were expected as its entries")
    return value


def _as_row(row: Sequence[Node]) -> Node:
    span = row[0].span.to(row[-1].span)
    dotted = any(isinstance(n, Dots) for n in row) and all(isinstance(n, Dots) or n == BLANK for n in row)
    return Dots(span=span) if dotted else Items(tuple(row), span=span)


def _row_entries(m: Frame, row: Node) -> Value:
    assert isinstance(row, Items)
    return _along(m, row.items, _number)


def _number(m: Frame, node: Node) -> Value:
    if node == BLANK:
        raise NotUnderstood(node.span, "an entry of this matrix is blank; a number was expected")
    value = m.read(node)
    if value.axes:
        raise NotUnderstood(node.span, "a matrix of blocks is not understood; numbers were expected as its entries")
    return value


def _along(m: Frame, nodes: Sequence[Node], read: Callable[[Frame, Node], Value]) -> Value:
    """The parts over an axis of their own, which stands before theirs."""
    if not any(isinstance(n, Dots) for n in nodes):
        return _stacked([read(m, n) for n in nodes], nodes[0].span, len(m.scopes))
    key = f"_e{len(m.scopes)}"
    generic, count = _between(m, nodes, key)
    index = Index(key, count)
    inside = replace(m, scopes=(*m.scopes, letters.Bound(), {key: index}))
    value = read(inside, generic)
    return values.value(value.expr, (index, *value.axes))


def stacked(parts: Sequence[Value], span: Span) -> Value:
    """A column of numbers."""
    return _stacked(parts, span, 0)


def _stacked(parts: Sequence[Value], span: Span, depth: int) -> Value:
    first = parts[0]
    if any(p.shape != first.shape or p.row != first.row for p in parts):
        raise NotUnderstood(span, "the entries of this array have different shapes")
    axis = Index(f"_o{depth}", sympy.Integer(len(parts)))
    own = tuple(Index(f"_o{depth}_{p}", i.size) for p, i in enumerate(first.axes))
    terms = []
    for place, part in enumerate(parts):
        expr = rename(part.expr, dict(zip(part.axes, own, strict=True)))
        terms.append(contract([expr, affine(axis, [], sympy.Integer(place))]))
    return values.value(add(*terms), (axis, *own))


def samples(node: Node) -> tuple[Node, str] | None:
    r"""x and "columns" of [x_1, \dots, x_n]; "rows" of its transpose and of x_1^\top, \dots below one another."""
    turned = isinstance(node, Transpose)
    inner = node.of if isinstance(node, Transpose) else node
    inner = inner.of if isinstance(inner, Group) else inner
    match inner:
        case Items(items=nodes):
            along = "rows" if turned else "columns"
        case Matrix(rows=(nodes,)) if not turned:
            along = "columns"
        case Matrix(rows=rows) if all(len(row) == 1 for row in rows) and not turned:
            nodes = tuple(row[0].of if isinstance(row[0], Transpose) else row[0] for row in rows)
            along = "rows"
        case _:
            return None
    shown = [n for n in nodes if not isinstance(n, Dots)]
    bases = {n.base for n in shown if isinstance(n, Scripts) and n.sup is None and len(n.sub) == 1}
    alike = len(shown) > 1 and all(isinstance(n, Scripts) for n in shown) and len(bases) == 1
    first = shown[0].sub if isinstance(shown[0], Scripts) else ()
    return (bases.pop(), along) if alike and first == (Num("1"),) else None


# Dots -----------------------------------------------------------------------------------------------------------------


def _between(m: Frame, nodes: Sequence[Node], key: str) -> tuple[Node, sympy.Expr]:
    """The entry at the letter `key`, and how many there are."""
    at = [p for p, n in enumerate(nodes) if isinstance(n, Dots)]
    if len(at) == 2 and at[1] == at[0] + 2 and _alike(nodes[0], nodes[at[0] + 1], key, []) is not None:
        nodes = [*nodes[: at[0]], *nodes[at[1] :]]  # x_1, ..., x_i, ..., x_n
        at = at[:1]
    if len(at) != 1 or at[0] in (0, len(nodes) - 1):
        _refuse(nodes[0])
    for spelled in (lambda n: n, _spelled):
        shown = [spelled(n) for n in nodes]
        ends: list[tuple[Node, Node]] = []
        generic = _alike(shown[0], shown[-1], key, ends)
        if generic is None or len(set(ends)) != 1:
            continue
        first, last = ends[0]
        if not isinstance(first, Num) or first.text != str(m.notebook.base):
            continue
        before = [_at(generic, key, Num(str(m.notebook.base + p))) for p in range(at[0])]
        after = [_at(generic, key, _less(last, p)) for p in range(len(nodes) - at[0] - 1)][::-1]
        if shown[: at[0]] == before and shown[at[0] + 1 :] == after:
            return _lowered(generic, key), sizes.size(m.notebook, last) - m.notebook.base + 1
    _refuse(nodes[0])


def _refuse(node: Node) -> NoReturn:
    why = "which entries the dots stand for is not clear; entries that differ in an index from 1 on were expected"
    raise NotUnderstood(node.span, why)


def _less(last: Node, by: int) -> Node:
    return Sum((last, Neg(Num(str(by))))) if by else last


def _alike(one: Any, other: Any, key: str, ends: list[tuple[Node, Node]]) -> Any:
    """What both are, with the letter where they differ; None where they differ in more than names of places."""
    if one == other:
        return one
    if isinstance(one, Num) and isinstance(other, Num | Name | Sum | Scripts):
        ends.append((one, other))
        return Name(key, span=one.span)
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        parts = tuple(_alike(a, b, key, ends) for a, b in zip(one, other, strict=True))
        return None if any(p is None for p in parts) else parts
    if not isinstance(one, Node) or type(one) is not type(other):
        return None
    changed: dict[str, Any] = {}
    for f in fields(one):
        if f.compare and getattr(one, f.name) != getattr(other, f.name):
            changed[f.name] = _alike(getattr(one, f.name), getattr(other, f.name), key, ends)
            if changed[f.name] is None:
                return None
    return replace(one, **changed)


def _spelled(node: Node) -> Node:
    """a_{11} and a_{1n} with two subscripts each."""
    node = rebuild(node, _spelled)
    if not isinstance(node, Scripts) or len(node.sub) != 1:
        return node
    part = node.sub[0]
    if isinstance(part, Num) and len(part.text) == 2:
        return replace(node, sub=tuple(Num(digit, span=part.span) for digit in part.text))
    short = isinstance(part, Product) and len(part.factors) == 2
    return replace(node, sub=part.factors) if short and isinstance(part, Product) else node


def _at(node: Node, key: str, place: Node) -> Node:
    """The entry with the letter replaced."""
    return place if node == Name(key) else rebuild(node, lambda part: _at(part, key, place))


def _lowered(node: Node, key: str) -> Node:
    """x^{(i)} as x_i."""
    node = rebuild(node, lambda part: _lowered(part, key))
    if isinstance(node, Scripts) and isinstance(node.sup, Group) and node.sup.of == Name(key):
        return replace(node, sub=(node.sup.of, *node.sub), sup=None)
    return node


# Diagonals ------------------------------------------------------------------------------------------------------------


def _diagonal(node: Matrix) -> list[Node] | None:
    """The entries of a diagonal with dots on it, and zeros, dots and blanks beside it."""
    rows = node.rows
    if len(rows) != len(rows[0]) or len(rows) < 3:
        return None
    beside = [n for k, row in enumerate(rows) for p, n in enumerate(row) if k != p]
    empty = all(n == Num("0") or n == BLANK or isinstance(n, Dots) for n in beside)
    diagonal = [row[k] for k, row in enumerate(rows)]
    if not empty or sum(isinstance(n, Dots) for n in diagonal) != 1:
        return None
    corners = rows[0][-1], rows[-1][0]
    return diagonal if all(n == Num("0") or n == BLANK for n in corners) else None
