"""One thing in the place of another: operands, functions, indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symjac.notation.tree import Group, Name, Neg, Node, Num, Prime, Product, Sum, rebuild
from symjac.verify.changes.costs import Added, Cost
from symjac.verify.changes.edit import Edit
from symjac.verify.phrase import phrase
from symjac.verify.sites import (
    Site,
    bare,
    bracketed,
    is_application,
    letters,
    negated,
    one_minus,
    transposed,
)
from symjac.verify.view import View


def wrong_operands(view: View) -> Iterator[Edit]:
    """A: Z, in one place or in all; any quantity where the shapes do not fit."""
    places: dict[Node, list[Site]] = {}
    for site in view.leaves:
        places.setdefault(site.node, []).append(site)
    for leaf, at in places.items():
        same = view.names.alternatives(leaf)
        others = [] if view.fits else [q for q in view.pool if q != leaf and q not in same]
        for near, q in enumerate((*same, *others)):
            cost = Cost.OPERAND + Added.NEAR * near + (0 if near < len(same) else Added.ANY_QUANTITY)
            text = f"{phrase(leaf)} stands where {phrase(q)} belongs"
            keeps = near < len(same)
            if len(at) > 1:
                yield Edit("wrong_operand", text, at[0].node.span, exchanged(view.root, leaf, q), cost, keeps=keeps)
            for s in at:
                far = Added.ONE_OF_SEVERAL if len(at) > 1 else 0.0
                yield Edit("wrong_operand", text, s.node.span, s.put(q), cost + far, keeps=keeps)
            if not keeps:
                for s in at:
                    turned = f"{phrase(leaf)} stands where {phrase(transposed(q))} belongs"
                    yield Edit("wrong_operand", turned, s.node.span, s.put(transposed(q)), cost + Added.TRANSPOSED)
        for s in at:
            text = f"{phrase(leaf)} stands where {phrase(one_minus(leaf))} belongs"
            new = s.put(bracketed(one_minus(leaf)))
            yield Edit("wrong_operand", text, s.node.span, new, Cost.TO_COMPLEMENT, keeps=True)


def exchanged(root: Node, old: Node, new: Node) -> Node:
    """`root` with every `old` replaced."""
    if root == old:
        return new

    def change(node: Node) -> Node:
        return exchanged(node, old, new)

    return rebuild(root, change)


def complements(view: View) -> Iterator[Edit]:
    """1 − x: x."""
    for site in view.sites:
        node = bare(site.node)
        if (
            isinstance(node, Sum)
            and len(node.terms) == 2
            and node.terms[0] == Num("1")
            and isinstance(node.terms[1], Neg)
        ):
            inner = node.terms[1].of
            text = f"{phrase(node)} stands where {phrase(inner)} belongs"
            yield Edit("wrong_operand", text, node.span, site.put(inner), Cost.COMPLEMENT, keeps=True)


def wrong_functions(view: View) -> Iterator[Edit]:
    """f(a): f'(a), f(b), g(a), and back."""
    others = list(dict.fromkeys(f for f, _ in view.names.functions))
    for site in view.sites:
        node = site.node
        if not (isinstance(node, Product) and is_application(node, view.applies)):
            continue
        function, argument = node.factors
        order, base = (function.order, function.of) if isinstance(function, Prime) else (0, function)
        for new in range(max(order - 1, 0), order + 2):
            if new != order:
                yield _called(site, _primed(base, new), argument, Cost.PRIME)
        for other in others:
            if bare(other) != base and not isinstance(other, Prime):
                yield _called(site, _primed(other, order), argument, Cost.FUNCTION)


def _primed(function: Node, order: int) -> Node:
    return Prime(function, order) if order else function


def _called(site: Site, function: Node, argument: Node, cost: float) -> Edit:
    new = Product((function, argument))
    text = f"{phrase(site.node)} stands where {phrase(new)} belongs"
    return Edit("wrong_operand", text, site.node.span, site.put(new), cost, keeps=True)


def wrong_indices(view: View) -> Iterator[Edit]:
    """x_i: x_j; W^l: W^{l+1}; W_1: W_2."""
    names = letters(view.root)
    for node, put in view.scripted():
        parts = [("sub", k, part) for k, part in enumerate(node.sub)]
        if node.sup is not None and not view.is_power(node):
            parts.append(("sup", 0, node.sup))
        for kind, k, part in parts:
            for new in _labels(part, names):
                changed = (
                    replace(node, sub=(*node.sub[:k], new, *node.sub[k + 1 :]))
                    if kind == "sub"
                    else replace(node, sup=new)
                )
                if view.shape(changed) is not None:
                    text = f"{phrase(node)} stands where {phrase(changed)} belongs"
                    keeps = view.shape(changed) == view.shape(node)
                    yield Edit("index", text, node.span, put(changed), Cost.LABEL, keeps=keeps)


def _labels(part: Node, names: Sequence[Node]) -> Iterator[Node]:
    """Labels beside this one."""
    inner = bare(part)
    new: list[Node] = []
    match inner:
        case Num() if inner.text.isdigit():
            new = [Num(str(int(inner.text) + d)) for d in (1, -1) if int(inner.text) + d >= 0]
        case Name():
            new = [Sum((inner, Num("1"))), Sum((inner, Neg(Num("1")))), *(n for n in names if n != inner)]
        case Sum(terms=(first, _)):
            new = [first]
            second = inner.terms[1]
            new.append(Sum((first, negated(second))))
    yield from (Group(n) if isinstance(part, Group) else n for n in new)
