r"""How ⊙ and products side by side group where no bracket stands.

A product binds tighter than ⊙. Where the shapes do not fit so, and fit under other brackets, those are meant:
δ ⊙ f'(z) xᵀ as (δ ⊙ f'(z)) xᵀ, and Xᵀ (Y − T) ⊙ Y as Xᵀ ((Y − T) ⊙ Y).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from itertools import pairwise
from typing import TypeAlias, TypeGuard

import sympy

from symjac.core.expr import ShapeError
from symjac.meaning import samples, sizes, values
from symjac.meaning.frame import Frame
from symjac.meaning.reasons import Misfit
from symjac.meaning.values import Value
from symjac.notation.brackets import called
from symjac.notation.pending import product
from symjac.notation.tree import Binary, Group, Neg, Node, Num, Product, Sum, walk

OPERATIONS: dict[str, Callable[[Value, Value], Value]] = {"hadamard": values.hadamard, "divide": values.divide}

MOST_OPERANDS = 10
"""Of one chain that is grouped anew."""

STARS = frozenset({"*", "\\ast"})

ProductChain: TypeAlias = Binary | Product
ChainPart: TypeAlias = tuple[Value, Node]
ChainShape: TypeAlias = tuple[tuple[sympy.Expr, ...], bool]


def is_elementwise(node: Node) -> TypeGuard[ProductChain]:
    """True for a chain with a sign that is elementwise, or may be: of two columns * is."""
    match node:
        case Binary(op=op):
            return op in OPERATIONS
        case Product(signs=signs):
            return not STARS.isdisjoint(signs)
    return False


def readings_of_stars(sides: Iterable[Node]) -> frozenset[str]:
    """What the `*` of a page may be read as, "matrix" and "elementwise"; nothing where none stands between two arrays.

    It is not the other of two products where the page has a sign of its own for that: .* or ⊙ beside *, and @ beside *.
    """
    every = [n for side in sides for n in walk(side)]
    products = [n for n in every if isinstance(n, Product)]
    if not any(map(_is_starred, products)):
        return frozenset()
    apart = {
        "elementwise": any(isinstance(n, Binary) and n.op in OPERATIONS for n in every),
        "matrix": any("@" in n.signs for n in products),
    }
    return frozenset(reading for reading, has_own_sign in apart.items() if not has_own_sign)


def _is_starred(node: Product) -> bool:
    """True where a `*` stands between factors of which none is written as a number."""
    between = zip(node.signs, pairwise(node.factors), strict=False)
    return any(sign in STARS and not any(isinstance(f, Num) for f in pair) for sign, pair in between)


def starred_apart(node: Product) -> Node:
    """a * b as a ⊙ b. Factors side by side are one operand; @ and * are taken from the left."""
    done: Node | None = None
    run, signs = [node.factors[0]], list[str]()

    def closed() -> Node:
        made = product(run, signs)
        return made if done is None else Binary("hadamard", done, made, span=done.span.to(made.span))

    for sign, factor in zip(node.signs, node.factors[1:], strict=True):
        if sign in STARS:
            done, run, signs = closed(), [factor], []
            continue
        if sign == "@" and done is not None:
            whole = closed()
            done, run, signs = None, [Group(whole, span=whole.span)], []
        run.append(factor)
        signs.append(sign)
    return closed()


class Products(Frame):
    """A frame in which products are read beside other parts."""

    __slots__ = ()

    @abstractmethod
    def product(self, node: Product) -> Value:
        """The value of factors side by side."""

    @abstractmethod
    def applied(self, node: Product) -> list[tuple[Value, Node]]:
        """The factors' values, a function and the brackets after it taken together."""

    @abstractmethod
    def times(self, a: Value, b: Value, sign: str, node: Product) -> Value:
        """The product of two factors of `node` between which `sign` stands."""


def value(m: Products, node: ProductChain) -> Value:
    """The value of a chain of elementwise signs; raises Misfit where it fits under no brackets."""
    if isinstance(node, Product) and m.glossary.reading.product == "elementwise":
        return m.read(starred_apart(node))
    try:
        return as_it_binds(m, node)
    except Misfit as error:
        other = None if error.defining or m.notebook.primes_transpose else _regrouped(m, node)
        if other is None:
            raise
        return m.read(other)


def grouped(m: Products, node: ProductChain) -> Node:
    """`node` as it is where it fits, else under the brackets with which it fits."""
    try:
        as_it_binds(m, node)
        return node
    except Misfit:
        return _regrouped(m, node) or node


def as_it_binds(m: Products, node: ProductChain) -> Value:
    """a ⊙ b and a ⊘ b of products, from the left."""
    first, after = _operands(node)
    total = m.product(first) if isinstance(first, Product) else m.read(first)
    for joined in after:
        other = m.read(joined.right)
        with sizes.at(m, joined):
            total = samples.spread(m.notebook, OPERATIONS[joined.op], total, other)
    return total


def _operands(node: Node) -> tuple[Node, list[Binary]]:
    """The first operand of a chain, and each operation with what it joins to what is before it."""
    after: list[Binary] = []
    while isinstance(node, Binary) and node.op in OPERATIONS:
        after.append(node)
        node = node.left
    return node, after[::-1]


def _regrouped(m: Products, node: ProductChain) -> Node | None:
    """The chain under the first brackets that fit, the last operation as far to the right as may be."""
    parts, signs = _chain(m, node)

    @cache
    def between(first: int, last: int) -> dict[ChainShape, ChainPart]:
        if first == last:
            return {_shape(parts[first][0]): parts[first]}
        found: dict[ChainShape, ChainPart] = {}
        for cut in reversed(range(first, last)):
            for left in between(first, cut).values():
                for right in between(cut + 1, last).values():
                    made = _join(m, left, right, signs[cut])
                    if made is not None:
                        found.setdefault(_shape(made[0]), made)
        return found

    if len(parts) > MOST_OPERANDS:
        return None
    return next((tree for _, tree in between(0, len(parts) - 1).values() if tree != node), None)


def _shape(value: Value) -> ChainShape:
    return value.shape, value.row


def _chain(m: Products, node: ProductChain) -> tuple[list[ChainPart], list[str]]:
    """The factors from left to right, and what stands between them: an operation, or a product's sign."""
    first, after = _operands(node)
    parts, signs = _side_by_side(m, first)
    for joined in after:
        factors, between = _side_by_side(m, joined.right)
        parts += factors
        signs += [joined.op, *between]
    return parts, signs


def _side_by_side(m: Products, node: Node) -> tuple[list[ChainPart], list[str]]:
    if not isinstance(node, Product):
        return [(m.read(node), node)], []
    factors = m.applied(node)
    return factors, [sign_between(node, a, b) for (_, a), (_, b) in pairwise(factors)]


def sign_between(node: Product, before: Node, after: Node) -> str:
    """What stands between two factors of a product, each maybe a function with its bracket."""
    last = before.factors[-1] if isinstance(before, Product) else before
    first = after.factors[0] if isinstance(after, Product) else after
    places = [p for p, (a, b) in enumerate(pairwise(node.factors)) if a is last and b is first]
    return node.signs[places[0]] if places and places[0] < len(node.signs) else ""


def _join(m: Products, left: ChainPart, right: ChainPart, sign: str) -> ChainPart | None:
    (a, x), (b, y) = left, right
    if sign not in OPERATIONS:
        loose = isinstance(y, Product) and not called(y) and (sign in STARS or not STARS.isdisjoint(y.signs))
        z = Group(y, span=y.span) if loose else y
        made = product([*_factors(x), *_factors(z)], [*_signs(x), sign, *_signs(z)])
        assert isinstance(made, Product)
        with suppress(ShapeError):
            return m.times(a, b, sign, made), made
    if sign in OPERATIONS or sign in STARS:
        op = sign if sign in OPERATIONS else "hadamard"
        y = _held(y) if isinstance(y, Binary) else y
        with suppress(ShapeError):
            return samples.spread(m.notebook, OPERATIONS[op], a, b), Binary(op, x, y, span=x.span.to(y.span))
    return None


def _factors(node: Node) -> tuple[Node, ...]:
    return node.factors if isinstance(node, Product) else (_held(node),)


def _signs(node: Node) -> tuple[str, ...]:
    return (node.signs or ("",) * (len(node.factors) - 1)) if isinstance(node, Product) else ()


def _held(node: Node) -> Node:
    loose = isinstance(node, Sum | Neg) or (isinstance(node, Binary) and node.op != "power")
    return Group(node, span=node.span) if loose else node
