r"""Differentials and the derivatives that two of them make: dL/dW, \frac{\partial^2 L}{\partial x \partial y}."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from symjac.notation.pending import (
    SIDE_BY_SIDE,
    Differential,
    Joint,
    Operator,
    Placed,
    Sign,
    bare,
    innermost,
    product,
    rebased,
)
from symjac.notation.scripts import Script, superscripted
from symjac.notation.tokens import Unreadable
from symjac.notation.tree import Binary, Derivative, Group, Name, Neg, Node, Num, Product, Quotient, Scripts, Span, Sum


@dataclass(frozen=True, slots=True)
class Half:
    """One differential: what stands after the d or \\partial, its order, and where it ends among the factors."""

    of: Node
    order: int
    kind: str
    end: int


def differential_at(nodes: Sequence[Node], start: int, joints: Sequence[Joint] | None = None) -> Half | None:
    """The differential that begins at `start`."""

    def beside(i: int) -> bool:
        return i < len(nodes) and (joints is None or joints[i] is SIDE_BY_SIDE)

    node = nodes[start]
    if isinstance(node, Differential):
        return Half(node.of, node.order, "partial", start + 1)
    sign, order = (node.base, node.sup) if isinstance(node, Scripts) and not node.sub else (node, None)
    if sign == Name("d") and beside(start + 1) and (order is None or isinstance(order, Num)):
        of, end = nodes[start + 1], start + 2
        if isinstance(innermost(of), Name) and beside(end) and isinstance(innermost(nodes[end]), Group):
            of, end = product([of, nodes[end]], [""]), end + 1
        return Half(of, order_of(order, node.span), "total", end)
    name = innermost(node)
    if isinstance(name, Name) and (of_name := without_d(name)) is not None:
        of, end = _exponential(rebased(node, lambda _: of_name)), start + 1
        if beside(end) and isinstance(innermost(nodes[end]), Group):
            of, end = product([of, nodes[end]], [""]), end + 1
        return Half(of, 1, "total", end)
    return None


def _exponential(node: Node) -> Node:
    """e^x, where the e was read as part of a differential."""
    if isinstance(node, Scripts) and not node.sub and node.sup is not None and node.base == Name("e"):
        return superscripted(node.base, Script("sup", node.sup, node.span), node.span)
    return node


_D = re.compile(r"(?:d|\\(?:mathrm|mathsf|text|rm)\s*\{?d\}?)\s*(?=.)(.*)", re.DOTALL)


def without_d(name: Name) -> Name | None:
    r"""W of dW, where the name is spelled with a d before another name; None for \delta, \dot{x} and d."""
    if len(name.text) < 2 or name.text[0] != "d" or not (found := _D.fullmatch(name.latex)):
        return None
    rest = found.group(1)
    if _WORD.match(name.latex):
        rest = rest.removesuffix("}")
        if len(rest) > 1 and not rest[0].isupper():
            return None
    return Name(name.text[1:], rest, span=name.span)


_WORD = re.compile(r"\\(mathrm|mathsf|text|rm)\s*\{d[^}]")
"""A whole word in braces: \\mathrm{dW} is a differential, \\mathrm{diag} is none."""


def slash_derivative(
    done: Sequence[Node], nodes: Sequence[Node], placed: Sequence[Placed], i: int
) -> tuple[int, Node, int] | None:
    """dL/dW and \\partial L / \\partial W: where in `done` it begins, the derivative, and the factor after it."""
    joints = [joint for joint, _ in placed]
    if isinstance(nodes[i], Sign) or not (first := differential_at(nodes, i, joints)):
        return None
    for start in range(len(done) - 1, max(-1, len(done) - 4), -1):
        top = differential_at(done, start)
        if top is None or top.end != len(done) or top.kind != first.kind:
            continue
        halves = [first]
        while sum(h.order for h in halves) < top.order and halves[-1].end < len(nodes):
            end = halves[-1].end
            following = differential_at(nodes, end, joints) if joints[end] is SIDE_BY_SIDE else None
            if following is None or following.kind != first.kind:
                break
            halves.append(following)
        span = done[start].span.to(nodes[halves[-1].end - 1].span)
        if any(isinstance(h.of, Product) for h in halves):
            raise Unreadable(span, "it is not clear how far the denominator reaches; \\frac or brackets were expected")
        return start, _derivative(top.of, top.order, halves, span), halves[-1].end
    return None


def fraction(top: Node, bottom: Node, span: Span) -> Node:
    r"""\frac{top}{bottom}: a derivative where both are differentials, else a quotient."""
    halves = _halves(bottom)
    above = _leading(top, "partial") if not halves and isinstance(innermost(bottom), Name) else None
    if above is not None and above.order == 1:
        return _derivative(above.of, 1, [Half(bottom, 1, "partial", 0)], span)  # the sign is missing below
    if not halves:
        return Quotient(top, bottom, "frac", span=span)
    kind = halves[0].kind
    sign, order = (top.base, top.sup) if isinstance(top, Scripts) and not top.sub else (top, None)
    if sign == (Sign("partial") if kind == "partial" else Name("d")):
        made = _derivative(Name(""), order_of(order, span), halves, span)
        return Operator(made.by, kind, span=span)
    leading = _leading(top, kind)
    if leading is not None:
        return _derivative(leading.of, leading.order, halves, span)
    if kind == "total":
        return Quotient(top, bottom, "frac", span=span)
    raise Unreadable(span, "the bottom of this fraction is a differential and its top is none")


def _halves(bottom: Node) -> list[Half]:
    """The differentials that the bottom of a fraction is a product of; none where it is anything else."""
    nodes = bottom.factors if isinstance(bottom, Product) else (bottom,)
    out: list[Half] = []
    i = 0
    while i < len(nodes):
        half = differential_at(nodes, i)
        if half is None or (out and half.kind != out[0].kind):
            return []
        out.append(half)
        i = half.end
    return out


def _leading(top: Node, kind: str) -> Half | None:
    r"""\partial x^\top A x: the sign stands once and covers the whole top, up to a sum."""
    if isinstance(top, Binary):
        left = _leading(top.left, kind)
        return None if left is None else replace(left, of=replace(top, left=left.of))
    if isinstance(top, Quotient) and top.style == "slash":
        above = _leading(top.top, kind)
        return None if above is None else replace(above, of=replace(top, top=above.of))
    if isinstance(top, Sum) and top.terms[0] == Sign("partial") == Sign(kind) and isinstance(top.terms[1], Neg):
        rest = top.terms[1:]
        return Half(rest[0] if len(rest) == 1 else Sum(rest, span=rest[0].span.to(rest[-1].span)), 1, kind, 0)
    nodes = top.factors if isinstance(top, Product) else (top,)
    half = differential_at(nodes, 0)
    if half is None or half.kind != kind:
        return None
    rest = nodes[half.end :]
    if not rest:
        return half
    first = half.of.factors if isinstance(half.of, Product) else (half.of,)
    return replace(half, of=product([*first, *rest], [""] * (len(first) + len(rest) - 1)))


def _derivative(of: Node, order: int, halves: Sequence[Half], span: Span) -> Derivative:
    by: list[Node] = []
    if sum(h.order for h in halves) == order:
        by = [bare(h.of) for h in halves for _ in range(h.order)]
    else:
        for half in halves:
            variable, times = _powered(half.of)
            by.extend([bare(variable)] * times)
    if len(by) != order:
        raise Unreadable(span, f"the top of this derivative is of order {order} and its bottom of order {len(by)}")
    return Derivative(bare(of), tuple(by), halves[0].kind, span=span)


def _powered(variable: Node) -> tuple[Node, int]:
    r"""x and 2 of \partial x^2."""
    if isinstance(variable, Scripts) and isinstance(variable.sup, Num) and variable.sup.text in ("1", "2", "3", "4"):
        plain = replace(variable, sup=None)
        return (plain if plain.sub else plain.base), int(variable.sup.text)
    return variable, 1


def order_of(sup: Node | None, span: Span) -> int:
    if sup is None:
        return 1
    if isinstance(sup, Num) and sup.text in ("1", "2", "3", "4"):
        return int(sup.text)
    raise Unreadable(span, "the order of a derivative was expected to be a number from 1 to 4")
