"""Definitions of other sections: an example's `b = w + x` is not what b is under the next heading."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import sympy

from symjac.core.expr import ZERO
from symjac.equality.decide import holds
from symjac.meaning.meaning import Meaning
from symjac.meaning.naming import ways
from symjac.meaning.notebook import Notebook, Shape
from symjac.meaning.reasons import CONFINED
from symjac.meaning.statements import Equality
from symjac.notation.pending import innermost
from symjac.notation.tree import Derivative, Name, Node, Num, Span, walk
from symjac.notes.sections import Sections
from symjac.verify.asking import question_of
from symjac.verify.phrase import phrase
from symjac.verify.posed import Posed

MOST_FREED = 4
"""Names of other sections that are tried as free quantities."""


def free_elsewhere(posed: Posed) -> str:
    """That the claim is right but for a definition in another section of the text; empty where it is not."""
    source = posed.session.source
    found = _free_of(posed.equality, posed.meaning(), source.sections)
    if found is None:
        return ""
    name, line = phrase(posed.as_written(found[0])), source.line_said(found[1].start)
    return f"it is right for any {name}, and wrong for the {name} of {line}, which is defined in another section"


def _free_of(e: Equality, meaning: Meaning, sections: Sections) -> tuple[str, Span] | None:
    """A name defined in another section that the claim, wrong under that definition, is right for any value of."""
    book = meaning.notebook
    far = {key: span for key, span in _defined(e, book) if sections.part(span.start, e.span.start)}
    names = sorted(far)[:MOST_FREED]
    for several in (freed for count in range(1, len(names) + 1) for freed in combinations(names, count)):
        try:
            other = _freed(meaning, several, far)
            question = question_of(*other.sides(e.left, e.right, e.conditions), other)
            if question.left != ZERO and holds(question):  # not by emptiness
                return several[0], far[several[0]]
        except CONFINED:
            pass
    return None


def _defined(e: Equality, book: Notebook) -> Iterator[tuple[str, Span]]:
    """The names in the claim itself, where each is defined; not what its derivatives are of and by."""
    nodes = [n for side in (e.left, e.right) for n in walk(side)]
    ends = (end for n in nodes if isinstance(n, Derivative) for end in (n.of, *n.by))
    own = {way.key for n in nodes for way in ways(n)} - {way.key for end in ends for way in ways(innermost(end))}
    for key in sorted(own):
        if key in book.definitions:
            yield key, book.definitions[key].span
        elif key in book.functions:
            yield key, book.functions[key].body.span


def _freed(meaning: Meaning, names: tuple[str, ...], far: dict[str, Span]) -> Meaning:
    """The notes without the formulas of these names; a function's name is a number's."""
    book = meaning.notebook.copy()
    for key in names:
        sizes: tuple[Node, ...] = ()
        if key in book.definitions:
            axes = meaning.symbol(key, far[key]).indices
            sizes = tuple(_written(i.size) for i in axes)
        book.definitions.pop(key, None)
        book.functions.pop(key, None)
        book.shapes[key] = Shape((), sizes, far[key])
    return Meaning(book, meaning.reading, meaning.taken)


def _written(size: sympy.Expr) -> Node:
    return Num(str(size)) if size.is_Integer else Name(str(size))
