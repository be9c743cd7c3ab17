"""The chain rule as such: a claim that has derivatives alone, for any functions and in any layout.

Products of derivatives are written in many orders, of arrays of any rank. Read entry by entry, with a number for each
name, they say which derivatives are chained, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symjac.meaning.dependence import quantity
from symjac.meaning.notebook import Notebook, Shape
from symjac.notation.pending import innermost
from symjac.notation.tree import Derivative, Group, Node, Product, Sum, walk
from symjac.verify.paths import leaves_out
from symjac.verify.posed import Posed
from symjac.verify.session import Chapter


def is_chain(left: Node, right: Node) -> bool:
    """Whether both sides are made of derivatives alone, two of them in one product at least."""
    products = [n for n in walk(right) if isinstance(n, Product)]
    return isinstance(left, Derivative) and bool(products) and _of_derivatives(right)


def is_of_wholes(left: Node, right: Node) -> bool:
    """Whether the names in the derivatives have no scripts: no entries, and no times."""
    found = [n for side in (left, right) for n in walk(side) if isinstance(n, Derivative)]
    return all(innermost(n) == n for d in found for n in (d.of, *d.by) if n is not None)


def _of_derivatives(node: Node) -> bool:
    match node:
        case Derivative():
            return node.of is not None
        case Product(factors=parts) | Sum(terms=parts):
            return all(map(_of_derivatives, parts))
        case Group(of=of):
            return _of_derivatives(of)
    return False


def as_chain(posed: Posed) -> Iterator[Posed]:
    """The claim for numbers: with the formulas of the notes where they can be read so, else for any functions."""
    if not (is_chain(posed.left, posed.right) and is_of_wholes(posed.left, posed.right)):
        return
    for without_formulas in (False, True):
        if without_formulas and leaves_out(posed.notebook, posed.left, posed.right):
            return
        book = _of_numbers(posed, without_formulas)
        chapter = Chapter(book, posed.chapter.claims)
        yield Posed.of(posed.session, chapter, replace(posed.equality))


def _of_numbers(posed: Posed, without_formulas: bool) -> Notebook:
    book = posed.notebook.copy()
    names = {found[0] for n in _quantities(posed) if (found := quantity(n, book)) is not None}
    book.shapes |= {key: Shape((), (), s.span) for key, s in book.shapes.items()}
    if without_formulas:
        for key in names:
            book.shapes[key] = Shape((), (), posed.equality.span)
            book.definitions.pop(key, None)
            book.functions.pop(key, None)
            book.aliases.pop(key, None)
            book.opaque.pop(key, None)
    return book


def _quantities(posed: Posed) -> Iterator[Node]:
    for n in (n for side in (posed.left, posed.right) for n in walk(side) if isinstance(n, Derivative)):
        yield n.of
        yield from n.by
