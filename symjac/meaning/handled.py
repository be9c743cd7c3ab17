"""Names that a text declares nowhere and handles as arrays: u in uᵀ x, ‖u‖, a ⊙ u. None is taken as a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symjac.meaning.fonts import style
from symjac.meaning.naming import identifier
from symjac.notation.pending import innermost
from symjac.notation.tree import Binary, Call, Group, Name, Node, Norm, Prime, Product, Scripts, Transpose, walk

_OF_ARRAYS = frozenset({"diag", "Diag", "tr", "Tr", "trace", "det", "inner", "norm"})
_OF_VECTORS = frozenset({"bold", "arrow"})

Handled = tuple[str, str]
"""The identifier of a name and the style in which it is written."""


def arrays(nodes: Iterable[Node], primes_transpose: bool) -> set[Handled]:
    """The names that stand transposed, or where no number does."""
    every = [n for node in nodes for n in walk(node)]
    arguments = {id(a) for n in every for a in _arguments(n)}
    every = [n for n in every if id(n) not in arguments]
    found = (name for n in every for name in _handled(n, primes_transpose))
    return {(key, _style(name)) for name in found if (key := identifier(name)) is not None}


def _arguments(node: Node) -> Iterator[Node]:
    """(t) with the transpose in X(t)ᵀ: the transpose is X's."""
    if isinstance(node, Product):
        for head, sign, after in zip(node.factors, node.signs, node.factors[1:], strict=False):
            turned = isinstance(after, Transpose) and isinstance(after.of, Group)
            if not sign and turned and isinstance(head, Name | Scripts):
                yield after


def is_array(name: Node, known: set[Handled]) -> bool:
    """True for a name that is handled so where it is written in this style, and for one in bold."""
    return _style(name) in _OF_VECTORS or (identifier(name) or "", _style(name)) in known


def _style(name: Node) -> str:
    inner = innermost(name)
    return style(inner) if isinstance(inner, Name) else ""


def _handled(node: Node, primes_transpose: bool) -> Iterator[Node]:
    """The names that this node takes as arrays."""
    match node:
        case Transpose(of=of) | Norm(of=of):
            yield from _names(of)
        case Prime(of=of) if primes_transpose:
            yield from _names(of)
        case Binary(op="hadamard" | "kron" | "divide", left=left, right=right):
            yield from _names(left)
            yield from _names(right)
        case Call(function=Name(text=text), args=args) if text in _OF_ARRAYS:
            for a in args:
                yield from _names(a)
        case Product(factors=(Name(text=text), Group(of=of))) if text in _OF_ARRAYS:
            yield from _names(of)


def _names(node: Node) -> Iterator[Node]:
    if isinstance(node, Group):
        yield from _names(node.of)
    elif isinstance(node, Name | Scripts):
        yield node
