"""A factor of a matrix product, or of Kronecker's, that is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from symjac.claims.tree import (
    Big,
    Binary,
    Call,
    Group,
    Neg,
    Node,
    Num,
    Product,
    Quotient,
    Span,
    Sum,
    Transpose,
)
from symjac.verify.changes.edit import Edit
from symjac.verify.changes.factors import elementwise_factors
from symjac.verify.phrase import phrase
from symjac.verify.sites import (
    Site,
    binary,
    call,
    is_application,
    product,
    transposed,
    units,
)
from symjac.verify.view import Sizes, View, matrix_shape, same_size


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two factors of a product, or beside one."""

    put: Callable[[Node], Node]
    before: Sizes | None
    after: Sizes | None
    span: Span

    def takes(self, size: Sizes, view: View) -> bool:
        """True where a matrix of this size can stand here; where the formula's shape is right it must be square."""
        left = self.before is None or (len(self.before) == 2 and same_size(self.before[1], size[0]))
        right = self.after is None or (len(self.after) == 2 and same_size(size[1], self.after[0]))
        return left and right and (not view.fits or same_size(size[0], size[1]))


def gaps(view: View) -> Iterator[Gap]:
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
                yield Gap(_between(site, whole, k), before or None, after or None, node.span)
        elif isinstance(site.parent, Product | Neg) and not isinstance(node, Group):
            continue
        elif not isinstance(site.parent, Group | Transpose | Call) and not isinstance(node, Neg | Num | Quotient):
            shape = view.shape(node)
            if shape:
                yield Gap(lambda q, s=site: s.put(product(q, s.node)), None, shape, node.span)  # type: ignore[misc]
                yield Gap(lambda q, s=site: s.put(product(s.node, q)), shape, None, node.span)  # type: ignore[misc]


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
                    yield Edit("missing_factor", text, gap.span, gap.put(new), 2.3 + 0.01 * near)


def missing_diagonal(view: View) -> Iterator[Edit]:
    """M: diag(v) M, M diag(v)."""
    slopes = [
        (f.node, 1.3 if k < 1.3 else k)
        for shape in _column_shapes(view)
        for f in elementwise_factors(shape, view)
        if (k := f.cost) < 2
    ]
    for gap in gaps(view):
        for v, cost in slopes:
            size = matrix_shape(view.shape(v))
            if size and len(size) == 2 and gap.takes((size[0], size[0]), view):
                text = f"the factor diag({phrase(v)}) is missing"
                yield Edit("missing_factor", text, gap.span, gap.put(call("diag", v)), cost + 0.1)


def _column_shapes(view: View) -> list[Sizes]:
    shapes = [view.shape(q) for q in view.pool]
    return list(dict.fromkeys(s for s in shapes if s is not None and len(s) == 2 and s[1] == 1))


def missing_kron(view: View) -> Iterator[Edit]:
    """M: M ⊗ q, q ⊗ M, and the like with qᵀ and q qᵀ."""
    if view.fits:
        return
    for site in view.sites:
        if isinstance(site.parent, Product | Binary | Transpose | Quotient | Call) or isinstance(
            site.node, Neg | Group
        ):
            continue
        if isinstance(site.node, Big | Num | Sum) or view.shape(site.node) is None:
            continue
        number, node = view.split_number(site.node)
        for near, q in enumerate(view.pool):
            shape = view.shape(q)
            if not shape or len(shape) != 2 or isinstance(node, Num):
                continue
            for new in (q, transposed(q), product(q, transposed(q))):
                for pair in (binary("kron", node, new), binary("kron", new, node)):
                    whole = product(*number, pair) if number else pair
                    text = f"the factor {phrase(new)} is missing"
                    yield Edit("missing_factor", text, site.node.span, site.put(whole), 3.5 + 0.01 * near)
