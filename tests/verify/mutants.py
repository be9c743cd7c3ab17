"""Right formulas with one fault planted: every kind in every place that it fits, always the same, in the same order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import zip_longest

from symjac.notation.tree import (
    Big,
    Binary,
    Call,
    Group,
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
from symjac.verify.scalars import Scalar, scalar, scaled
from symjac.verify.sites import (
    Applies,
    Site,
    bare,
    binary,
    bracketed,
    call,
    hadamard,
    is_application,
    is_operand,
    negated,
    one_minus,
    plus,
    product,
    sites,
    transposed,
    units,
)
from symjac.verify.view import matrix_shape

GOLDEN = 0.6180339887498949

Planted = tuple[str, Node]
Every = Sequence[Site]


@dataclass(frozen=True)
class About:
    """What is known of the names in a formula."""

    applies: Applies
    alternatives: Callable[[Node], Sequence[Node]]
    shape: Callable[[Node], tuple[object, ...] | None]

    def sized(self, node: Node) -> bool:
        """True for a vector or a matrix."""
        return bool(matrix_shape(self.shape(node)))

    def variable(self, node: Node) -> bool:
        """True for what is no constant: a vector, a matrix, an entry, a sum of such."""
        if isinstance(node, Ones | Big):
            return False
        shape = matrix_shape(self.shape(node))
        return shape is not None and (shape != () or not isinstance(node, Num | Name | Quotient))


def mutants(right: Node, about: About) -> Iterator[Planted]:
    """(kind, formula with the fault); each formula once and none equal to `right` as written."""
    seen = {right}
    every = list(sites(right, about.applies))
    for plant in PLANTS:
        for kind, mutant in plant(right, every, about):
            if mutant not in seen:
                seen.add(mutant)
                yield kind, mutant


def chosen(found: Sequence[Planted], limit: int, first: int = 0) -> list[Planted]:
    """At most `limit`: the kinds in turn from the one numbered `first`, of each kind places that lie apart."""
    by: dict[str, list[Planted]] = {}
    for one in found:
        by.setdefault(one[0], []).append(one)
    queues = [[g for _, g in sorted(enumerate(group), key=lambda e: (e[0] * GOLDEN) % 1)] for group in by.values()]
    queues = queues[(start := first % max(len(queues), 1)) :] + queues[:start]
    turns = [one for turn in zip_longest(*queues) for one in turn if one is not None]
    return turns[:limit]


def _signs(right: Node, every: Every, about: About) -> Iterator[Planted]:
    """x: −x, for the whole, a term, what is under exp."""
    yield "sign", negated(bracketed(right) if isinstance(right, Sum) else right)
    for s in every:
        if isinstance(s.parent, Sum | Call):
            yield "sign", s.put(negated(bare(s.node) if isinstance(s.parent, Call) else s.node))


def _factors(right: Node, every: Every, about: About) -> Iterator[Planted]:
    """x: 2 x; x / k: x; 2 x: x."""
    yield "factor", scaled(right, Scalar(Fraction(2)))
    for s in every:
        match s.node:
            case Quotient(top=Num(text="1")) if isinstance(s.parent, Product):
                yield "factor", s.put(Num("1"))
            case Quotient() if scalar(s.node.bottom) is not None:
                yield "factor", s.put(s.node.top)
            case Num(text="2" | "3" | "4") if isinstance(s.parent, Product | Quotient):
                yield "factor", s.put(Num("1"))
            case _ if isinstance(s.parent, Sum) and not isinstance(s.node, Neg | Num | Name):
                yield "factor", s.put(product(Num("2"), s.node))


def _transposes(right: Node, every: Every, about: About) -> Iterator[Planted]:
    """xᵀ: x, and x: xᵀ."""
    for s in every:
        if isinstance(s.node, Transpose):
            yield "transpose", s.put(transposed(s.node))
        elif isinstance(s.parent, Transpose | Group) or not isinstance(s.parent, Product | Binary):
            continue
        elif (is_operand(s.node, about.applies) or isinstance(s.node, Group)) and about.sized(s.node):
            yield "transpose", s.put(transposed(s.node))


def _without(right: Node, every: Every, about: About) -> Iterator[Planted]:
    """x y: x. The identity and other terms: gone."""
    for s in every:
        node = s.node
        if isinstance(node, Product) and not is_application(node, about.applies):
            whole = units(node, about.applies)
            for k, u in enumerate(whole):
                if about.variable(u):
                    others = [*whole[:k], *whole[k + 1 :]]
                    yield "missing_factor", s.put(product(*others)) if others else s.put(Num("1"))
        elif isinstance(node, Binary):
            for kept, lost in ((node.left, node.right), (node.right, node.left)):
                if about.variable(lost) and not (node.op == "divide" and lost is node.left):
                    yield "missing_factor", s.put(kept)
        elif isinstance(node, Sum):
            for k, t in enumerate(node.terms):
                kind = "missing_identity" if t in (Name("I"), Num("1")) and s.parent is None else "missing_term"
                yield kind, s.put(plus(*node.terms[:k], *node.terms[k + 1 :]))


def _more(right: Node, every: Every, about: About) -> Iterator[Planted]:
    """x ⊙ y: x ⊙ y ⊙ y; x + y: x + y + z with z of the shape of x."""
    for s in every:
        node = s.node
        if isinstance(node, Binary) and node.op == "hadamard":
            yield "extra_factor", s.put(hadamard(node, node.right))
        if isinstance(node, Sum):
            for t in node.terms:
                inner = t.of if isinstance(t, Neg) else t
                for z in list(about.alternatives(inner))[:2] if is_operand(inner, about.applies) else []:
                    if z not in node.terms:
                        yield "extra_term", s.put(plus(*node.terms, z))


def _products(right: Node, every: Every, about: About) -> Iterator[Planted]:
    """x y: x ⊙ y, and back; x y: y x; x ⊗ y: y ⊗ x."""
    for s in every:
        node = s.node
        if isinstance(node, Binary) and about.sized(node.left) and about.sized(node.right):
            if node.op == "hadamard":
                yield "product_for_hadamard", s.put(product(node.left, node.right))
            if node.op == "kron":
                yield "order", s.put(binary("kron", node.right, node.left))
        elif isinstance(node, Product) and not is_application(node, about.applies):
            whole = units(node, about.applies)
            for k in range(len(whole) - 1):
                if about.sized(whole[k]) and about.sized(whole[k + 1]) and not isinstance(whole[k + 1], Big):
                    split = hadamard(product(*whole[: k + 1]), product(*whole[k + 1 :]))
                    yield "hadamard_for_product", s.put(split)
                    yield "order", s.put(product(*whole[:k], whole[k + 1], whole[k], *whole[k + 2 :]))


def _operands(right: Node, every: Every, about: About) -> Iterator[Planted]:
    """A: Z; f'(a): f(a)."""
    for s in every:
        if is_operand(s.node, about.applies) and about.variable(s.node):
            for other in list(about.alternatives(s.node))[:3]:
                yield "wrong_operand", s.put(other)
        elif isinstance(s.node, Product) and is_application(s.node, about.applies):
            function, group = s.node.factors
            if isinstance(function, Prime):
                lower = function.of if function.order == 1 else replace(function, order=function.order - 1)
                yield "wrong_operand", s.put(Product((lower, group)))


def _jacobians(right: Node, every: Every, about: About) -> Iterator[Planted]:
    """diag(y) − y yᵀ: diag(y ⊙ (1 − y)), y ⊙ (1 − y)."""
    for s in every:
        match s.node:
            case Sum(
                terms=(Call(function=Name(text="diag"), args=(y,)), Neg(of=Product(factors=(a, Transpose(of=b)))))
            ):
                if bare(y) == bare(a) == bare(b):
                    column = hadamard(bare(y), bracketed(one_minus(bare(y))))
                    yield "diagonal_only", s.put(call("diag", column))
                    if s.parent is None:
                        yield "diagonal_only", column


def _sums(right: Node, every: Every, about: About) -> Iterator[Planted]:
    """(1/n) Σ: Σ; Σ x: x; Xᵀ 1: X."""
    for s in every:
        node = s.node
        match node:
            case Product(factors=(Quotient(top=Num(text="1")), *rest)) if isinstance(rest[-1], Big):
                yield "sum_for_mean", s.put(product(*rest))
            case Product(factors=(Transpose() as turned, Ones())):
                yield "missing_sum", s.put(transposed(turned))
            case Big(op="sum"):
                yield "missing_sum", s.put(node.body)


def _indices(right: Node, every: Every, about: About) -> Iterator[Planted]:
    """W^{l+1}: W^l; x_{n,i}: x_{i,n}."""
    for s in every:
        node = s.node
        if isinstance(node, Scripts) and isinstance(node.sup, Sum):
            yield "index", s.put(replace(node, sup=node.sup.terms[0]))
        if isinstance(node, Scripts) and len(node.sub) == 2 and all(isinstance(i, Name) for i in node.sub):
            yield "index", s.put(replace(node, sub=node.sub[::-1]))


PLANTS = (
    _signs, _factors, _transposes, _without, _more, _products, _operands, _jacobians, _sums, _indices,
)  # fmt: skip
