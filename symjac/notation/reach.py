r"""How far a sum reaches: over the terms behind it, where its letter stands in them and nothing else says what it is.

In \ell = \sum_i y_i \log p_i + (1 - y_i) \log(1 - p_i) the sum is of both terms: i has no other meaning there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symjac.notation.tree import Big, Name, Neg, Node, Product, Scripts, Statement, Sum, children, rebuild


def reaching(s: Statement) -> Statement:
    """The statement, each sum with the terms that are read as its own."""
    if len(s.sides) < 2:
        return s
    return replace(s, sides=(s.sides[0], *(_reached(side, s.sides[0]) for side in s.sides[1:])))


def _reached(node: Node, head: Node) -> Node:
    node = rebuild(node, lambda part: _reached(part, head))
    if not isinstance(node, Sum):
        return node
    terms = list(node.terms)
    place = 0
    while place < len(terms):
        letters = [i for i in _letters(terms[place]) if not _stands_in(head, i)]
        own = [k for k in range(place + 1, len(terms)) if any(_stands_in(terms[k], i) for i in letters)]
        if own:
            terms[place : own[-1] + 1] = [_with(terms[place], terms[place + 1 : own[-1] + 1])]
        place += 1
    return replace(node, terms=tuple(terms)) if len(terms) > 1 else replace(terms[0], span=node.span)


def _letters(term: Node) -> list[str]:
    """Of the sum that a term ends with."""
    match term:
        case Neg(of=of):
            return _letters(of)
        case Product(factors=factors):
            return _letters(factors[-1])
        case Big(op="sum", over=over, body=body):
            return [i.text for i in over if isinstance(i, Name)] + _letters(body)
    return []


def _stands_in(node: Node, letter: str) -> bool:
    """True where the letter is a subscript or a label, and no sum of the node's own binds it."""
    if isinstance(node, Big) and any(isinstance(i, Name) and i.text == letter for i in node.over):
        return False
    if isinstance(node, Scripts) and any(_names(n, letter) for n in (*node.sub, node.sup) if n is not None):
        return True
    return any(_stands_in(part, letter) for part in children(node))


def _names(node: Node, letter: str) -> bool:
    return (isinstance(node, Name) and node.text == letter) or any(_names(part, letter) for part in children(node))


def _with(term: Node, more: Sequence[Node]) -> Node:
    """The sum at the end of `term` over these terms as well."""
    span = term.span.to(more[-1].span)
    match term:
        case Neg(of=of):
            return replace(term, of=_with(of, more), span=span)
        case Product(factors=factors):
            return replace(term, factors=(*factors[:-1], _with(factors[-1], more)), span=span)
        case Big(body=body):
            own = body.terms if isinstance(body, Sum) else (body,)
            return replace(term, body=Sum((*own, *more), span=body.span.to(more[-1].span)), span=span)
    raise AssertionError("no sum")
