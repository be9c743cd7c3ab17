"""Operations: elementwise or matrix product, and the order of factors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from symjac.notation.tree import Big, Binary, Call, Group, Name, Neg, Node, Product, Sum, Transpose
from symjac.verify.changes.costs import Cost
from symjac.verify.changes.edit import Edit
from symjac.verify.phrase import phrase
from symjac.verify.sites import (
    bare,
    binary,
    bracketed,
    call,
    hadamard,
    is_application,
    product,
    transposed,
    units,
)
from symjac.verify.view import View


def operations(view: View) -> Iterator[Edit]:
    """x ⊙ y: x y, diag(x) y, and back."""
    for site in view.sites:
        node = site.node
        inner = isinstance(site.parent, Binary) and site.parent.op == "hadamard" and site.parent.left is node
        if isinstance(node, Binary) and node.op == "hadamard" and not inner:
            text = "an elementwise product stands where a matrix product belongs"
            for new, cost in _as_products(_chain(node, "hadamard")):
                yield Edit("hadamard_for_product", text, node.span, site.put(new), cost)
            for one, other in ((node.left, node.right), (node.right, node.left)):
                shape = view.shape(one)
                if shape and len(shape) == 2 and shape[1] == 1 and view.shape(other) != shape:
                    new = product(call("diag", one), other)
                    what = f"{phrase(new)} belongs where {phrase(node)} stands"
                    yield Edit("hadamard_for_product", what, node.span, site.put(new), Cost.DIAGONAL_FOR_HADAMARD)
        elif isinstance(node, Product) and not is_application(node, view.applies):
            text = "a matrix product stands where an elementwise product belongs"
            numbers, _ = view.split_number(node)
            for new, cost in _as_hadamard(numbers, units(node, view.applies)[len(numbers) :]):
                yield Edit("product_for_hadamard", text, node.span, site.put(new), cost)


def _as_products(chain: Sequence[Node]) -> Iterator[tuple[Node, float]]:
    """a ⊙ b ⊙ c: a (b ⊙ c), a ⊙ b c, and the like."""
    for k in range(1, len(chain)):
        yield product(_joined(chain[:k], "hadamard"), _joined(chain[k:], "hadamard")), Cost.PRODUCT_OR_HADAMARD
        if len(chain) > 2:
            pair = product(chain[k - 1], chain[k])
            yield _joined([*chain[: k - 1], pair, *chain[k + 1 :]], "hadamard"), Cost.PRODUCT_OF_TWO


def _as_hadamard(numbers: Sequence[Node], factors: Sequence[Node]) -> Iterator[tuple[Node, float]]:
    """a b c: a ⊙ b c, a (b ⊙ c), and the like."""
    for k in range(1, len(factors)):
        yield hadamard(product(*numbers, *factors[:k]), product(*factors[k:])), Cost.PRODUCT_OR_HADAMARD
        if len(factors) > 2:
            pair = bracketed(hadamard(factors[k - 1], factors[k]))
            yield product(*numbers, *factors[: k - 1], pair, *factors[k + 1 :]), Cost.HADAMARD_OF_TWO


def orders(view: View) -> Iterator[Edit]:
    """x y: y x; also of ⊗."""
    text = "the factors are in the wrong order"
    for site in view.sites:
        node = site.node
        if isinstance(node, Binary) and node.op == "kron":
            chain = _chain(node, "kron")
            yield Edit("order", text, node.span, site.put(_joined(chain[::-1], "kron")), Cost.KRON_REVERSED)
            for k in range(len(chain) - 1):
                swapped = [*chain[:k], chain[k + 1], chain[k], *chain[k + 2 :]]
                yield Edit("order", text, node.span, site.put(_joined(swapped, "kron")), Cost.KRON_NEIGHBOURS)
        elif isinstance(node, Product) and not is_application(node, view.applies):
            whole = units(node, view.applies)
            first = next((k for k, u in enumerate(whole) if not view.is_number(u)), len(whole))
            others = whole[first:]
            if any(isinstance(o, Big) for o in others):
                continue
            if len(others) > 2:
                new = product(*whole[:first], *reversed(others))
                yield Edit("order", text, node.span, site.put(new), Cost.REVERSED)
            for k in range(len(others) - 1):
                swapped = [*others[:k], others[k + 1], others[k], *others[k + 2 :]]
                new = product(*whole[:first], *swapped)
                yield Edit("order", text, node.span, site.put(new), Cost.NEIGHBOURS)


def _chain(node: Node, op: str) -> list[Node]:
    """a, b, c of a op b op c."""
    if isinstance(node, Binary) and node.op == op:
        return [*_chain(node.left, op), node.right]
    return [node]


def _joined(parts: Sequence[Node], op: str) -> Node:
    out = parts[0]
    for p in parts[1:]:
        out = binary(op, out, p)
    return out


def flattened(view: View) -> Iterator[Edit]:
    """vec(A) vec(B)ᵀ: Aᵀ B."""
    for site in view.sites:
        node = site.node
        if isinstance(node, Product):
            whole = units(node, view.applies)
            for k, (a, b) in enumerate(itertools.pairwise(whole)):
                left = _flat(a)
                right = _flat(bare(b.of)) if isinstance(b, Transpose) else None
                if left is not None and right is not None:
                    new = product(*whole[:k], transposed(left), right, *whole[k + 2 :])
                    text = "the outer product of the arrays laid flat stands where a matrix product belongs"
                    yield Edit("shape", text, node.span, site.put(new), Cost.FLATTENED)


def _flat(node: Node) -> Node | None:
    if isinstance(node, Call) and node.function == Name("vec") and len(node.args) == 1:
        inside = bare(node.args[0])
        return Group(inside) if isinstance(inside, Sum | Neg | Product | Binary) else inside
    return None
