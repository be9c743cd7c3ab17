"""Sums over samples."""

from __future__ import annotations

from collections.abc import Iterator

from symjac.notation.tree import Big, Group, Neg, Node, Num, Ones, Sum, Transpose, walk
from symjac.verify.changes.costs import Cost
from symjac.verify.changes.edit import Edit
from symjac.verify.phrase import phrase
from symjac.verify.sites import (
    bracketed,
    is_operand,
    letters,
    negated,
    product,
    transposed,
)
from symjac.verify.view import View


def sums(view: View) -> Iterator[Edit]:
    """x_i: Σ_i x_i; X: Xᵀ 1, 1ᵀ X; and back."""
    bound = {o for node in walk(view.root) if isinstance(node, Big) for o in node.over}
    text = "a sum over the samples is missing"
    free = [letter for letter in letters(view.root) if letter not in bound]
    for site in view.sites:
        if free and (site.parent is None or isinstance(site.parent, Sum)):
            for letter in free:
                what = f"the sum over {phrase(letter)} is missing"
                new = site.put(_summed(site.node, letter, view))
                yield Edit("missing_sum", what, site.node.span, new, Cost.SUM_OVER_LETTER)
    for site in view.sites:
        node = site.node
        if isinstance(node, Big) and node.op == "sum":
            what = "the sum does not belong here"
            yield Edit("extra_sum", what, node.span, site.put(node.body), Cost.EXTRA_SUM)
        elif isinstance(site.parent, Group | Transpose) or isinstance(node, Neg | Num | Ones) or view.fits:
            continue
        elif view.shape(node) and (site.parent is None or isinstance(node, Group) or is_operand(node, view.applies)):
            for new in (
                product(transposed(node), Ones()),
                product(Transpose(Ones()), node),
                product(node, Ones()),
                product(Transpose(Ones()), transposed(node)),
            ):
                yield Edit("missing_sum", text, node.span, site.put(new), Cost.SUM_OVER_ROWS)


def _summed(node: Node, letter: Node, view: View) -> Node:
    """The sum over the letter, behind the sign and the number in front."""
    if isinstance(node, Neg):
        return negated(_summed(node.of, letter, view))
    number, body = view.split_number(node)
    return product(*number, Big("sum", (letter,), bracketed(body) if isinstance(body, Sum) else body))
