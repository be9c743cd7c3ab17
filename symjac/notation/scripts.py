"""What is attached to a quantity: subscripts, powers and labels, primes, transposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from symjac.notation.pending import one, product
from symjac.notation.tokens import Unreadable
from symjac.notation.tree import (
    Binary,
    Call,
    Group,
    Indicator,
    Items,
    Name,
    Neg,
    Node,
    Norm,
    Num,
    Ones,
    Prime,
    Product,
    Relation,
    Scripts,
    Space,
    Span,
    Transpose,
)


@dataclass(frozen=True, slots=True)
class Script:
    """`kind`: "sub", "sup", "prime", "transpose", "inverse_transpose". A prime's value is its order."""

    kind: str
    value: Node | None
    span: Span
    order: int = 1


def scripted(base: Node, scripts: Sequence[Script]) -> Node:
    """`base` with what is attached to it: subscripts first, then the rest in the order of writing."""
    if not scripts:
        return base
    node = base
    subs = [s for s in scripts if s.kind == "sub"]
    if len(subs) > 1:
        raise Unreadable(subs[1].span, "two subscripts of one quantity; one was expected")
    if subs:
        node = _subscripted(node, subs[0])
    raised = False
    for script in scripts:
        span = node.span.to(script.span)
        if script.kind == "sup":
            if raised:
                raise Unreadable(script.span, "two superscripts of one quantity; one was expected")
            raised = True
            node = superscripted(node, script, span)
        elif script.kind == "power":
            node = Binary("power", node, script.value or Items(()), span=span)
        elif script.kind == "prime":
            node = Prime(node, script.order, span=span)
        elif script.kind == "transpose":
            node = Transpose(node, span=span)
        elif script.kind == "inverse_transpose":
            node = Transpose(_raised(node, Neg(Num("1", span=script.span), span=script.span), span), span=span)
    return node


def _subscripted(base: Node, script: Script) -> Node:
    span = base.span.to(script.span)
    value = script.value or Items(())
    parts = value.items if isinstance(value, Items) else (value,)
    inside = value.of if isinstance(value, Group) else value
    if isinstance(inside, Relation) and (one(base) or base == Name("delta")):
        return Indicator(inside, span=span)
    if isinstance(base, Space):
        return _space(base, value, script, span)
    if isinstance(value, Name) and value.text in SIGNS:
        raise Unreadable(script.span, f"{value.text} stands where it cannot be read; a quantity was expected")
    if isinstance(base, Ones):
        sizes = sizes_of(value)
        return Ones(sizes[0] if len(sizes) == 1 else Items(sizes, span=script.span), span=span)
    if isinstance(base, Norm):
        kind = {"2": "2", "1": "1", "F": "F", "infty": "inf", "Fro": "F"}.get(getattr(value, "text", ""))
        if kind is None:
            raise Unreadable(script.span, "this kind of norm is not known; 1, 2, F or \\infty was expected")
        return replace(base, kind=kind, span=span)
    if isinstance(base, Scripts) and not base.sub and base.sup is None:
        return replace(base, sub=parts, span=span)
    return Scripts(base, parts, span=span)


def superscripted(base: Node, script: Script, span: Span) -> Node:
    value = script.value or Items(())
    if isinstance(base, Space) and not base.sizes:
        return _space(base, value, script, span)
    euler = isinstance(base, Name) and base.text == "e" and base.latex in _EULER
    if isinstance(base, Name) and euler and not isinstance(value, Group) and value not in _MARKS:
        return Call(Name("exp", base.latex or "e", span=base.span), (value,), span=span)
    return _raised(base, value, span)


def _space(base: Space, value: Node, script: Script, span: Span) -> Space:
    r"""\mathbb{R}^{m \times n}, \mathbb{R}_{m \times n}, \mathbb{R}^{(m, n)}, \mathbb{R}_+^n."""
    if isinstance(value, Name) and value.text in SIGNS:
        return replace(base, sign=SIGNS[value.text], span=span)
    inside = value.of if isinstance(value, Group) else value
    several = isinstance(inside, Items) or (isinstance(inside, Product) and "\\times" in inside.signs)
    below = script.kind == "sub" or isinstance(value, Group)
    if isinstance(inside, Neg | Relation) or base.sizes or (below and not several):
        raise Unreadable(script.span, "this is no size; sizes like m \\times n were expected")
    return replace(base, sizes=sizes_of(inside), span=span)


SIGNS = {"+": ">=", "++": ">", ">": ">", ">=": ">="}
"""Behind \\mathbb{R}: of which sign its numbers are."""

_EULER = ("", "e", "\\mathrm{e}", "\\operatorname{e}")
_MARKS = (Name("+"), Name("-"), Name("*"), Name("dagger"), Name("star"))


def _raised(base: Node, value: Node, span: Span) -> Node:
    if isinstance(base, Scripts) and base.sup is None:
        return replace(base, sup=value, span=span)
    return Scripts(base, (), value, span=span)


def sizes_of(node: Node) -> tuple[Node, ...]:
    r"""m, n of m \times n or m, n."""
    if isinstance(node, Items):
        return node.items
    if not isinstance(node, Product):
        return (node,)
    out: list[list[Node]] = [[node.factors[0]]]
    for sign, factor in zip(node.signs, node.factors[1:], strict=True):
        if sign == "\\times":
            out.append([factor])
        else:
            out[-1].append(factor)
    return tuple(product(part, [""] * (len(part) - 1)) for part in out)
