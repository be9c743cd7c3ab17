"""A missing term that the notes name themselves, or that is a product of two quantities of theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sympy

from symjac.equality.budget import Budget
from symjac.notation.tree import Big, Binary, Call, Group, Name, Neg, Node, Num, Product, Sum, Transpose, rebuild, walk
from symjac.verify.diagnose import STEPS_TO_MAKE, FoundFault
from symjac.verify.oracle import Oracle, Sizes
from symjac.verify.phrase import phrase

MOST_ATOMS = 40


def missing_term(right: Node, oracle: Oracle, budget: Budget) -> FoundFault | None:
    """The term that `right` lacks; None where none is found."""
    return _of_a_definition(right, oracle) or _of_two(right, oracle, budget)


def _of_a_definition(right: Node, oracle: Oracle) -> FoundFault | None:
    """One term of a defined sum stands where all of it belongs."""
    for total in oracle.sums():
        for place, term in enumerate(total.terms):
            for node in walk(right):
                if node != term:
                    continue
                whole = replaced(right, node, Group(total))
                if oracle.sure(whole):
                    rest = [t for p, t in enumerate(total.terms) if p != place]
                    missing = rest[0] if len(rest) == 1 else Sum(tuple(rest))
                    return FoundFault("missing_term", f"the term {phrase(missing)} is missing", node.span, whole)
    return None


def _of_two(right: Node, oracle: Oracle, budget: Budget) -> FoundFault | None:
    """The term is a product, or a Kronecker product, of two quantities, beside a sum's body or the whole."""
    atoms = list(_atoms(oracle))
    for body in (*(n.body for n in walk(right) if isinstance(n, Big) and n.op == "sum"), right):
        shape = _matrix(oracle.shape(body)) or (_matrix(oracle.left_shape) if body is right else None)
        if shape is None:
            continue
        kron = any(isinstance(n, Binary) and n.op == "kron" for n in walk(body))
        for term in _terms(atoms, shape, kron):
            if budget.spent:
                return None
            alone = term if body is right else replaced(right, body, term)
            budget.spend(STEPS_TO_MAKE + oracle.effort(alone))
            c = oracle.factor(alone, right)
            if c is None or c not in (Num("1"), Neg(Num("1"))):
                continue
            signed = term if c == Num("1") else Neg(term)
            whole = replaced(right, body, Group(Sum((body, signed))) if body is not right else Sum((body, signed)))
            if oracle.sure(whole):
                return FoundFault("missing_term", f"the term {phrase(term)} is missing", body.span, whole)
    return None


def _atoms(oracle: Oracle) -> Iterator[tuple[Node, tuple[sympy.Expr, sympy.Expr]]]:
    """Quantities and what stands in brackets, as they are, transposed, and columns on a diagonal."""
    count = 0
    for node in (*oracle.quantities(), *(Group(f) for f in oracle.fragments())):
        shape = _matrix(oracle.shape(node))
        if shape is None or shape == (1, 1) or count >= MOST_ATOMS:
            continue
        count += 1
        yield node, shape
        yield Transpose(node), (shape[1], shape[0])
        if shape[1] == 1:
            inner = node.of if isinstance(node, Group) else node
            yield Call(Name("diag", r"\operatorname{diag}"), (inner,)), (shape[0], shape[0])


def _terms(
    atoms: Sequence[tuple[Node, tuple[sympy.Expr, sympy.Expr]]], shape: tuple[sympy.Expr, sympy.Expr], kron: bool
) -> Iterator[Node]:
    """What has the shape: an atom, the Kronecker product of two, the product of two; beside Kronecker's only that."""
    for node, own in atoms:
        if own == shape:
            yield node
    for a, (m, n) in atoms:
        for b, (p, q) in atoms:
            if (m * p, n * q) == shape and (n, p) != (1, 1):
                yield Binary("kron", a, b)
    if kron:
        return
    for a, (m, n) in atoms:
        for b, (p, q) in atoms:
            if n == p and (m, q) == shape:
                yield Product((a, b), ("",))


def _matrix(sizes: Sizes | None) -> tuple[sympy.Expr, sympy.Expr] | None:
    if sizes is None or len(sizes) > 2 or None in sizes:
        return None
    m, n = (*map(sympy.sympify, sizes), sympy.Integer(1), sympy.Integer(1))[:2]
    return m, n


def replaced(root: Node, part: Node, new: Node) -> Node:
    """`root` with the very node `part` replaced."""
    return new if root is part else rebuild(root, lambda n: replaced(n, part, new))
