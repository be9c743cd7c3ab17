"""A factor of a matrix product, or of Kronecker's, that is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sympy

from symjac.notation.tree import Big, Call, Group, Neg, Node, Num, Product, Quotient, Span, Sum, Transpose
from symjac.verify.changes.costs import Added, Cost
from symjac.verify.changes.edit import Edit
from symjac.verify.changes.factors import elementwise_factors
from symjac.verify.oracle import Sizes
from symjac.verify.phrase import phrase
from symjac.verify.sites import (
    Site,
    binary,
    call,
    identity,
    is_application,
    is_identity,
    product,
    transposed,
    units,
)
from symjac.verify.view import View, matrix_shape, same_size


@dataclass(frozen=True, slots=True)
class ProductGap:
    """Between two factors of a product, or beside one."""

    put: Callable[[Node], Node]
    before: Sizes | None
    after: Sizes | None
    span: Span

    def takes(self, size: Sizes, view: View) -> bool:
        """True where a matrix of this size can stand here; where the formula's shape is right it must be square, unless
        it stands beside something of an open size."""
        left = self.before is None or (len(self.before) == 2 and same_size(self.before[1], size[0]))
        right = self.after is None or (len(self.after) == 2 and same_size(size[1], self.after[0]))
        beside_open = any(None in shape for shape in (self.before, self.after) if shape is not None)
        return left and right and (not view.fits or beside_open or same_size(size[0], size[1]))


def gaps(view: View) -> Iterator[ProductGap]:
    """Where another factor of a matrix product could stand."""
    for site in view.sites:
        node = site.node
        if isinstance(node, Product) and not is_application(node, view.applies):
            whole = units(node, view.applies)
            first = next((k for k, u in enumerate(whole) if not view.is_number(u)), len(whole))
            for k in range(first, len(whole) + 1):
                before = view.shape(whole[k - 1]) if k > first else None
                after = view.shape(whole[k]) if k < len(whole) else None
                if k == len(whole) and isinstance(whole[-1], Big):
                    continue
                yield ProductGap(_between(site, whole, k), before or None, after or None, node.span)
        elif isinstance(site.parent, Product | Neg) and not isinstance(node, Group):
            continue
        elif not isinstance(site.parent, Group | Transpose | Call) and not isinstance(node, Neg | Num | Quotient):
            shape = view.shape(node)
            if shape:
                yield ProductGap(lambda q, s=site: s.put(product(q, s.node)), None, shape, node.span)  # type: ignore[misc]
                yield ProductGap(lambda q, s=site: s.put(product(s.node, q)), shape, None, node.span)  # type: ignore[misc]


def _between(site: Site, whole: Sequence[Node], k: int) -> Callable[[Node], Node]:
    return lambda q: site.put(product(*whole[:k], q, *whole[k:]))


def missing_matrix(view: View) -> Iterator[Edit]:
    """A B: A Q B, A Qᵀ B for every quantity Q that fits between."""
    for gap in gaps(view):
        for near, q in enumerate(view.pool):
            shape = view.shape(q)
            if not shape or len(shape) != 2:
                continue
            for new, size in ((q, shape), (transposed(q), (shape[1], shape[0]))):
                if gap.takes(size, view):
                    text = f"the factor {phrase(new)} is missing"
                    cost = (Cost.MATRIX if view.fits else Cost.MATRIX_FOR_SHAPE) + Added.NEAR * near
                    yield Edit("missing_factor", text, gap.span, gap.put(new), cost)


def missing_diagonal(view: View) -> Iterator[Edit]:
    """M: diag(v) M, M diag(v)."""
    slopes = [
        (f.node, max(Cost.DIAGONAL, f.cost))
        for shape in _column_shapes(view)
        for f in elementwise_factors(shape, view)
        if f.cost < Cost.MOST_SLOPE
    ]
    for gap in gaps(view):
        for v, cost in slopes:
            size = matrix_shape(view.shape(v))
            if size and len(size) == 2 and gap.takes((size[0], size[0]), view):
                text = f"the factor diag({phrase(v)}) is missing"
                yield Edit("missing_factor", text, gap.span, gap.put(call("diag", v)), cost + Added.DIAGONAL)


def _column_shapes(view: View) -> list[Sizes]:
    shapes = [view.shape(q) for q in view.pool]
    return list(dict.fromkeys(s for s in shapes if s is not None and len(s) == 2 and s[1] == 1))


def missing_kron(view: View) -> Iterator[Edit]:
    """M: M ⊗ q, q ⊗ M, and the like with qᵀ, q qᵀ and I, where that gives the shape of the left side."""
    wanted = matrix_shape(view.names.left_shape)
    if not wanted or len(wanted) != 2 or None in wanted or (view.fits and None not in (view.shape(view.root) or ())):
        return
    for site in view.sites:
        if isinstance(site.node, Big | Group | Neg | Num | Sum) or not stands_as_term(site, view):
            continue
        number, node = view.split_number(site.node)
        own = view.shape(node)
        if not own or len(own) != 2 or (None in own and not is_identity(node)):
            continue
        for near, (q, shape) in enumerate(_kron_factors(view)):
            if None in own:
                fits = _times(wanted[0], shape[1]) == _times(wanted[1], shape[0])
            else:
                fits = all(_times(m, p) == n for m, p, n in zip(own, shape, wanted, strict=True))
            if not fits:
                continue
            text = f"the factor {phrase(q)} is missing"
            for pair in (binary("kron", node, q), binary("kron", q, node)):
                whole = product(*number, pair) if number else pair
                cost = Cost.KRON + Added.NEAR_KRON * near
                yield Edit("missing_factor", text, site.node.span, site.put(whole), cost)
        if None not in own and _times(own[1], wanted[0]) == _times(own[0], wanted[1]):
            text = "the identity is missing in the Kronecker product"
            for pair in (binary("kron", node, identity()), binary("kron", identity(), node)):
                whole = product(*number, pair) if number else pair
                yield Edit("missing_identity", text, site.node.span, site.put(whole), Cost.KRON_IDENTITY)


def _kron_factors(view: View) -> Iterator[tuple[Node, Sizes]]:
    for q in view.pool:
        shape = view.shape(q)
        if shape and len(shape) == 2 and None not in shape:
            m, n = shape
            yield q, shape
            yield transposed(q), (n, m)
            if n == 1:
                yield product(q, transposed(q)), (m, m)


def _times(a: object, b: object) -> object:
    """The product of two sizes, if only one that equals none."""
    if 1 in (a, b):
        return b if a == 1 else a
    return a * b if isinstance(a, sympy.Expr) and isinstance(b, sympy.Expr) else (a, b)


def stands_as_term(site: Site, view: View) -> bool:
    """True for the whole and its terms, behind signs, numbers, brackets and sums over samples."""
    inner = site.node
    for outer in reversed(site.above):
        if isinstance(outer, Product) and not is_application(outer, view.applies):
            if any(u is not inner and not view.is_number(u) for u in units(outer, view.applies)):
                return False
        elif not isinstance(outer, Neg | Sum | Group | Big):
            return False
        inner = outer
    return True
