"""Whether a quantity depends on another, by the names that stand in formulas, read or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from symjac.meaning.dependence import quantity
from symjac.meaning.naming import ways
from symjac.meaning.notebook import Notebook
from symjac.notation.tree import Derivative, Group, Node, Sum, walk
from symjac.verify.left_open import names_read


def reaches(book: Notebook, start: str, end: str, without: Iterable[str] = ()) -> bool:
    """Whether `end` stands in the formula of `start`, or of what stands in it, and so on, past none of `without`."""
    seen = set(without) - {start, end}
    pending = [start]
    while pending:
        formula = _formula(book, pending.pop())
        for key in {way.key for part in formula for n in walk(part) for way in ways(n)} - seen:
            if key == end:
                return True
            seen.add(key)
            pending.append(key)
    return False


def _formula(book: Notebook, key: str) -> Iterator[Node]:
    if key in book.definitions:
        yield book.definitions[key].right
    if key in book.functions:
        yield book.functions[key].body
    yield from book.opaque.get(key, ())


def leaves_out(book: Notebook, left: Node, right: Node) -> bool:
    """Whether a path from what is differentiated to the variable passes by every term of the right side."""
    if not isinstance(left, Derivative) or left.of is None or len(left.by) != 1:
        return False
    of, by = quantity(left.of, book), quantity(left.by[0], book)
    if of is None or by is None:
        return False
    between = [sorted(_variables(term, book) - {of[0], by[0]}) for term in _terms(right)]
    return any(reaches(book, of[0], by[0], cut) for cut in product(*filter(None, between)))


def depends_beside(book: Notebook, bare: Notebook, left: Node, right: Node) -> bool:
    """Whether a formula that is left out in `bare` has the variable in it, past what derivatives are taken by."""
    out = names_read(book, left, right) & (book.definitions.keys() - bare.definitions.keys())
    between = _variables(right, book)
    return any(reaches(book, key, by, between) for key in out for by in _variables(left, book))


def _terms(node: Node) -> tuple[Node, ...]:
    inner = node.of if isinstance(node, Group) else node
    return inner.terms if isinstance(inner, Sum) else (inner,)


def _variables(node: Node, book: Notebook) -> set[str]:
    """Those that derivatives are taken by."""
    found = (quantity(b, book) for n in walk(node) if isinstance(n, Derivative) for b in n.by)
    return {key[0] for key in found if key is not None}
