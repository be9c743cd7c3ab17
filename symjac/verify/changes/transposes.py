"""Transposes: of a part, of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symjac.notation.tree import Big, Binary, Call, Group, Name, Neg, Node, Num, Ones, Product, Quotient, Sum, Transpose
from symjac.verify.changes.costs import Cost
from symjac.verify.changes.edit import Edit
from symjac.verify.phrase import phrase
from symjac.verify.sites import (
    bare,
    binary,
    bracketed,
    is_application,
    is_operand,
    negated,
    plus,
    product,
    transposed,
    units,
)
from symjac.verify.view import View


def transposes(view: View) -> Iterator[Edit]:
    """x: xᵀ, and back."""
    for site in view.sites:
        node = site.node
        if isinstance(node, Transpose):
            text = f"{phrase(bare(node.of))} should not be transposed"
            yield Edit("transpose", text, node.span, site.put(transposed(node)), Cost.TRANSPOSE)
        elif isinstance(site.parent, Transpose | Group) or not site.above or isinstance(node, Ones | Num):
            continue
        elif is_operand(node, view.applies) or isinstance(node, Group) or is_application(node, view.applies):
            if view.shape(node) not in (None, ()):
                text = f"{phrase(bare(node))} should be transposed"
                yield Edit("transpose", text, node.span, site.put(transposed(node)), Cost.TRANSPOSE)
        elif isinstance(node, Product) and len(node.factors) == 2 and isinstance(node.factors[1], Transpose):
            inner = node.factors[1].of
            if isinstance(inner, Group):
                text = f"{phrase(node)} should not be transposed"
                yield Edit("transpose", text, node.span, site.put(Product((node.factors[0], inner))), Cost.TRANSPOSE)
    if view.shape(view.root) != ():
        text = "the whole should be transposed"
        yield Edit("transpose", text, view.root.span, whole_transposed(view.root, view), Cost.TRANSPOSE_WHOLE)


def whole_transposed(node: Node, view: View) -> Node:
    """The transpose, worked out: (A B)ᵀ = Bᵀ Aᵀ."""
    match node:
        case Neg():
            return negated(whole_transposed(node.of, view))
        case Sum():
            return plus(*(whole_transposed(t, view) for t in node.terms))
        case Group():
            return bracketed(whole_transposed(node.of, view))
        case Big():
            return replace(node, body=whole_transposed(node.body, view))
        case Quotient():
            return replace(node, top=whole_transposed(node.top, view))
        case Binary():
            return binary(node.op, whole_transposed(node.left, view), whole_transposed(node.right, view))
        case Product() if not is_application(node, view.applies):
            whole = units(node, view.applies)
            big = isinstance(whole[-1], Big)
            numbers = [u for u in (whole[:-1] if big else whole) if view.is_number(u)]
            others = [u for u in whole if u not in numbers]
            return product(*numbers, *(whole_transposed(u, view) for u in reversed(others)))
        case Call(function=Name(text="diag")):
            return node
        case _:
            return node if view.is_number(node) else transposed(node)
