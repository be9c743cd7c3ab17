"""A factor that is missing, or one too many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symjac.notation.tree import (
    Binary,
    Call,
    Derivative,
    Group,
    Items,
    Name,
    Neg,
    Node,
    Num,
    Ones,
    Prime,
    Product,
    Quotient,
    Scripts,
    Sum,
    Transpose,
)
from symjac.verify.changes.costs import Added, Cost
from symjac.verify.changes.edit import Edit
from symjac.verify.oracle import Sizes
from symjac.verify.phrase import phrase
from symjac.verify.scalars import scalar
from symjac.verify.sites import (
    Site,
    applied,
    bare,
    hadamard,
    is_application,
    is_identity,
    is_operand,
    one_minus,
    positive,
    product,
    units,
)
from symjac.verify.view import View, fit


@dataclass(frozen=True, slots=True)
class FactorSeen:
    """Something that may be missing: `parts`, multiplied one after the other."""

    parts: tuple[Node, ...]
    cost: float

    @property
    def node(self) -> Node:
        return _chain(*self.parts)


def _chain(first: Node, *others: Node) -> Node:
    for o in others:
        first = hadamard(first, o)
    return first


def elementwise_factors(shape: Sizes, view: View) -> Iterator[FactorSeen]:
    """f'(a), q ⊙ (1 − q), 1[a > 0], 1 − q ⊙ q, q, 1 − q, 1 − 2 q: what stands in chain rules, of one shape."""
    for function, argument in view.names.functions:
        if not isinstance(argument, Items):
            slope = applied(Prime(function) if not isinstance(function, Prime) else function, argument)
            if fit(view.shape(slope), shape):
                yield FactorSeen((slope,), Cost.SLOPE)
            if fit(view.shape(argument), shape):
                yield FactorSeen((positive(bare(argument)),), Cost.ARGUMENT_POSITIVE)
    for near, q in enumerate(view.of_shape(shape)):
        far = Added.NEAR * near
        yield FactorSeen((q,), (Cost.NUMBER_FACTOR if shape == () else Cost.FACTOR) + far)
        if not is_operand(q, view.applies) or is_identity(q) or isinstance(q, Derivative):
            continue
        square = product(q, q) if shape == () else hadamard(q, q)
        yield FactorSeen((q, one_minus(q)), Cost.LOGISTIC_SLOPE + far)
        yield FactorSeen((one_minus(square),), Cost.TANH_SLOPE + far)
        yield FactorSeen((one_minus(q),), Cost.FACTOR_COMPLEMENT + far)
        yield FactorSeen((one_minus(product(Num("2"), q)),), Cost.FACTOR_ONE_MINUS_TWICE + far)
        yield FactorSeen((q, q), Cost.FACTOR_SQUARE + far)


def missing_elementwise(view: View) -> Iterator[Edit]:
    """x: x ⊙ f'(a)."""
    yield from _beside_number(view)
    found: dict[Sizes, list[FactorSeen]] = {}
    for site in view.sites:
        shape = view.shape(site.node) if _takes_factor(site, view) else None
        if shape is None:
            continue
        if shape not in found:
            found[shape] = list(elementwise_factors(shape, view))
        for f in found[shape]:
            if shape == ():
                new = product(site.node, *f.parts)
                text = f"the factor {phrase(product(*f.parts))} is missing"
            else:
                new = _chain(_dressed(site), *f.parts)
                text = f"the factor {phrase(f.node)} is missing"
            yield Edit("missing_factor", text, site.node.span, site.put(new), f.cost + _depth(site), keeps=True)


def _beside_number(view: View) -> Iterator[Edit]:
    """2/n: (2/n) q."""
    if view.is_number(view.root) and not view.fits:
        for near, q in enumerate(view.of_shape(view.names.left_shape)):
            text = f"the factor {phrase(bare(q))} is missing"
            cost = Cost.FACTOR_OF_NUMBER + Added.NEAR * near
            yield Edit("missing_factor", text, view.root.span, product(view.root, q), cost)


def _dressed(site: Site) -> Node:
    """Chains of ⊙ need no brackets."""
    return bare(site.node) if isinstance(bare(site.node), Binary) else site.node


def _takes_factor(site: Site, view: View) -> bool:
    """One place of the many that mean the same."""
    node, parent = site.node, site.parent
    if isinstance(node, Neg | Num | Ones | Sum) and parent is not None:
        return False
    if isinstance(parent, Group | Transpose | Quotient | Scripts):
        return False
    if isinstance(parent, Call):
        return parent.function in (Name("diag"), Name("vec"))
    if isinstance(parent, Binary) and parent.op == "hadamard":
        return False
    if isinstance(parent, Product):
        whole = units(parent, view.applies)
        if len(whole) == 1 or view.is_number(node):
            return False
        return sum(not view.is_number(u) for u in whole) > 1
    return True


def _depth(site: Site) -> float:
    return Added.DEPTH * len(site.above)


def extra_factors(view: View) -> Iterator[Edit]:
    """x y: x."""
    for site in view.sites:
        node, parent = site.node, site.parent
        text = f"the factor {phrase(bare(node))} does not belong"
        if isinstance(parent, Product) and not is_application(parent, view.applies):
            whole = units(parent, view.applies)
            others = [u for k, u in enumerate(whole) if k != _index(whole, node)]
            if (others and scalar(node) is None) or isinstance(node, Name | Scripts):
                up = view.outside(site)
                if up is not None and others:
                    yield Edit("extra_factor", text, node.span, up(product(*others)), Cost.EXTRA_FACTOR)
        elif isinstance(parent, Binary):
            other = parent.right if node is parent.left else parent.left
            up = view.outside(site)
            if up is not None and not (parent.op == "divide" and node is parent.left):
                yield Edit("extra_factor", text, node.span, up(other), Cost.EXTRA_FACTOR)


def _index(whole: Sequence[Node], node: Node) -> int:
    return next((k for k, u in enumerate(whole) if u is node or (u == node and u.span == node.span)), -1)
