"""Sizes: as written in shapes, unknown ones of identities, and what is done where two do not agree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import sympy

from symjac.core import scalar
from symjac.core.index import size_symbol
from symjac.meaning import values
from symjac.meaning.frame import Frame
from symjac.meaning.naming import identifier
from symjac.meaning.network import LARGEST_SMALL
from symjac.meaning.notebook import Notebook
from symjac.meaning.reasons import Again, Misfit, NotUnderstood
from symjac.meaning.values import SizeMismatch, Value
from symjac.notation.tree import Group, Name, Neg, Node, Num, Prime, Product, Scripts, Span, Sum, walk

T = TypeVar("T")

MOST_ATTEMPTS = 40
"""To read a formula; each but the last finds one open size."""


def size(book: Notebook, node: Node) -> sympy.Expr:
    """A size as written in a shape, a range or under an identity."""
    match node:
        case Num():
            return size_of_number(book, node)
        case Name() | Scripts() | Prime():
            key = identifier(node)
            if key is not None:
                return size_symbol(key)
        case Group():
            return size(book, node.of)
        case Product():
            return sympy.Mul(*(size(book, f) for f in node.factors))
        case Sum():
            return sympy.Add(*(size(book, t) for t in node.terms))
        case Neg():
            return -size(book, node.of)
    raise NotUnderstood(node.span, "this is no size; a number or a name such as n is expected")


def size_of_number(book: Notebook, node: Num) -> sympy.Expr:
    if not node.text.isdigit():
        raise NotUnderstood(node.span, f"{node.text} is no size; a whole number is expected")
    n = int(node.text)
    if n <= LARGEST_SMALL or literal_sizes(book) or book.network.is_exact(n):
        return sympy.Integer(n)
    return size_symbol(f"size{n}")


def literal_sizes(book: Notebook) -> bool:
    return any(len(s.sizes) > 2 for s in book.shapes.values())


def solve(m: Frame, error: SizeMismatch, span: Span) -> None:
    """Find an unknown size that makes two sizes equal and start again; raises Misfit where there is none."""
    left, right = (sympy.sympify(s).xreplace(m.gathered.solved) for s in (error.left, error.right))
    unknown = [s for s in (left - right).free_symbols if s.name.startswith("?")]
    for s in sorted(unknown, key=lambda s: s.name):
        root = scalar.linear_root(sympy.expand(left - right), s)
        found = None if root is None else sympy.cancel(root)
        if found is not None and sympy.denom(found) == 1 and not found.could_extract_minus_sign():
            m.gathered.solved[s] = found
            raise Again
    raise Misfit(span, f"the shapes do not fit: {_named(error.what)}") from None


def shape_text(value: Value) -> str:
    """m x n, column of n, row of 784, number."""
    return _named(values.shape_text(value))


def _named(text: str) -> str:
    """Sizes that stand for a number, as the number."""
    return re.sub(r"\bsize(\d+)", r"\1", re.sub(r"\?\d+ \w*", "?", text)).replace("**", "^")


def unknown_size(m: Frame) -> sympy.Expr:
    """The size of an identity or of ones that does not say it: the count-th such of the formula that is being read."""
    s, solved = size_symbol(f"?{next(m.gathered.identities)} {m.gathered.name}"), m.gathered.solved
    while s in solved:
        found = solved[s]
        if not isinstance(found, sympy.Symbol):
            return found.xreplace(solved)
        s = found
    return s


def until_solved(span: Span, read: Callable[[], T]) -> T:
    """What `read` gives once the sizes are found that identities leave open."""
    for _ in range(MOST_ATTEMPTS):
        with suppress(Again):
            return read()
    raise NotUnderstood(span, "the sizes of the identities in it cannot be worked out")


@contextmanager
def at(m: Frame, node: Node) -> Iterator[None]:
    """Shape errors inside are those of `node`."""
    try:
        yield
    except SizeMismatch as error:
        solve(m, error, node.span)


def written_size(book: Notebook, node: Node) -> sympy.Expr:
    """A size with its numbers as they are."""
    return true(size(book, node))


def true(size: sympy.Expr) -> sympy.Expr:
    return size.xreplace({s: sympy.Integer(s.name[4:]) for s in size.free_symbols if s.name.startswith("size")})


def is_size(m: Frame, key: str) -> bool:
    s = size_symbol(key)
    return s in sizes_used(m.notebook) or s in m.gathered.solved.values()


def sizes_used(book: Notebook) -> set[sympy.Symbol]:
    """The sizes that declarations, ranges and sums name."""
    trees = [*(n for shape in book.shapes.values() for n in shape.sizes), *book.ranges.values(), *book.limits]
    out: set[sympy.Symbol] = set()
    for tree in trees:
        for node in walk(tree):
            key = identifier(node)
            if key is not None and not isinstance(node, Num):
                out.add(size_symbol(key))
    return out
