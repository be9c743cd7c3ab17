"""Terms: the full Jacobian for its diagonal, the identity, a term missing or too many."""

from __future__ import annotations

from collections.abc import Iterator

from symjac.notation.tree import (
    Big,
    Binary,
    Call,
    Group,
    Indicator,
    Name,
    Neg,
    Node,
    Num,
    Product,
    Relation,
    Sum,
    Transpose,
)
from symjac.verify.changes.costs import Added, Cost
from symjac.verify.changes.edit import Edit
from symjac.verify.changes.matrices import stands_as_term
from symjac.verify.oracle import Sizes
from symjac.verify.phrase import phrase
from symjac.verify.sites import (
    Site,
    bare,
    binary,
    bracketed,
    call,
    identity,
    is_identity,
    is_operand,
    letters,
    negated,
    one_minus,
    plus,
    product,
    transposed,
)
from symjac.verify.view import View, same_size


def full_jacobians(view: View) -> Iterator[Edit]:
    """y ⊙ (1 − y): diag(y) − y yᵀ. v: diag(v)."""
    for site in view.sites:
        node = site.node
        shape = view.shape(node)
        within = isinstance(node, Call) and node.function == Name("diag")
        if shape is None or isinstance(node, Neg | Group | Num) or isinstance(site.parent, Group | Call):
            continue
        if not within and not (len(shape) == 2 and shape[1] == 1):
            continue
        inside = [s.node for s in view.leaves if s.node is node or any(a is node for a in s.above)]
        for q in dict.fromkeys(inside):
            column = view.shape(q)
            if column and len(column) == 2 and column[1] == 1:
                new = plus(call("diag", q), negated(product(q, transposed(q))))
                text = f"this is only the diagonal of the full Jacobian, {phrase(new)}"
                yield Edit("diagonal_only", text, node.span, site.put(_in_place(new, site)), Cost.FULL_JACOBIAN)
        if not within and site.parent is None:
            text = f"the Jacobian is a matrix, of which this is the diagonal: diag({phrase(bare(node))})"
            yield Edit("diagonal_only", text, node.span, site.put(call("diag", node)), Cost.FULL_JACOBIAN)


def _in_place(new: Node, site: Site) -> Node:
    return new if site.parent is None or isinstance(site.parent, Sum | Group | Call) else bracketed(new)


def kronecker_ones(view: View) -> Iterator[Edit]:
    """1 − y_j: 1[i = j] − y_j, the entries of a full Jacobian."""
    names = letters(view.root)
    for site in view.sites:
        if site.node == Num("1") and isinstance(site.parent, Sum):
            for a, i in enumerate(names):
                for j in names[a + 1 :]:
                    new = Indicator(Relation("=", i, j))
                    text = f"this is only the diagonal of the full Jacobian: {phrase(new)} belongs where 1 stands"
                    yield Edit("diagonal_only", text, site.node.span, site.put(new), Cost.KRONECKER_SYMBOL, keeps=True)


def missing_identities(view: View) -> Iterator[Edit]:
    """x: I + c x, c found by fit; within brackets I + x and I − x."""
    shape = view.shape(view.root)
    if shape == ():
        one: Node = Num("1")
    elif shape is not None and len(shape) == 2 and same_size(*shape):
        one = identity()
    else:
        return
    text = f"the identity is missing: {phrase(one)} {'−' if _negative(view.root) else '+'} …"
    span, cost = view.root.span, Cost.IDENTITY
    yield Edit("missing_identity", text, span, view.root, cost, beside=one, part=view.root, keeps=True)
    for site in view.sites:
        if isinstance(site.parent, Sum) and site.above == (view.root,) and view.is_number(bare(site.node)):
            number = site.node.of if isinstance(site.node, Neg) else site.node
            with_one = product(number, identity())
            text = f"the identity is missing: {phrase(with_one)} belongs where {phrase(number)} stands"
            new = site.put(negated(with_one) if isinstance(site.node, Neg) else with_one)
            yield Edit("missing_identity", text, site.node.span, new, Cost.NUMBER_FOR_IDENTITY)
        elif not view.fits and is_operand(site.node, view.applies) and stands_as_term(site, view):
            text = f"{phrase(site.node)} stands where {phrase(identity())} belongs"
            yield Edit("wrong_operand", text, site.node.span, site.put(identity()), Cost.OPERAND_FOR_IDENTITY)
        square = view.shape(site.node)
        if isinstance(site.node, Group) and square and len(square) == 2 and same_size(*square):
            for inner, sign in ((negated(site.node.of), "−"), (site.node.of, "+")):
                text = f"the identity is missing: I {sign} …"
                new = site.put(Group(plus(identity(), inner)))
                yield Edit("missing_identity", text, site.node.span, new, Cost.IDENTITY_IN_BRACKETS, keeps=True)


def _negative(node: Node) -> bool:
    return isinstance(node.terms[0] if isinstance(node, Sum) else node, Neg)


def missing_terms(view: View) -> Iterator[Edit]:
    """x: q + c x, for quantities q of the shape; within the formula x + q, x − q, 1 + x."""
    shape = view.shape(view.root)
    if not view.fits or shape is None:
        return
    for near, q in enumerate([*view.of_shape(shape), *_diagonals(shape, view)]):
        text = f"the term {phrase(q)} is missing"
        for beside, far in ((q, 0.0), (negated(q), Added.OTHER_SIGN)):
            cost = Cost.TERM + far + Added.NEAR * near
            span = view.root.span
            yield Edit("missing_term", text, span, view.root, cost, beside=beside, part=view.root, keeps=True)
    for site in view.sites:
        inside = view.shape(site.node) if _takes_term(site, view) else None
        if inside is None:
            continue
        node = bare(site.node)
        text, one = "the term 1 is missing", site.put(bracketed(plus(Num("1"), node)))
        yield Edit("missing_term", text, site.node.span, one, Cost.TERM_ONE, keeps=True)
        for near, q in enumerate(view.of_shape(inside)):
            for term, far in ((negated(q), 0.0), (q, Added.OTHER_SIGN)):
                text = f"the term {phrase(term)} is missing"
                new = site.put(bracketed(plus(node, term)))
                cost = Cost.TERM_WITHIN + far + Added.NEAR * near
                yield Edit("missing_term", text, site.node.span, new, cost, keeps=True)
            if isinstance(site.node, Group) and any(s.node == q for s in view.leaves) and not is_identity(q):
                rest = bracketed(one_minus(q))
                slope = binary("hadamard", q, rest) if inside else product(q, rest)
                new = site.put(bracketed(plus(node, slope)))
                text = f"the term {phrase(slope)} is missing"
                cost = Cost.TERM_SLOPE + Added.NEAR * near
                yield Edit("missing_term", text, site.node.span, new, cost, keeps=True)


def _diagonals(shape: Sizes, view: View) -> list[Node]:
    if len(shape) != 2 or not same_size(*shape):
        return []
    return [call("diag", q) for q in view.of_shape((shape[0], 1))]


def _takes_term(site: Site, view: View) -> bool:
    """Brackets, and single operands of products."""
    if isinstance(site.node, Group):
        return True
    return is_operand(site.node, view.applies) and isinstance(site.parent, Product | Binary | Transpose | Big)


def extra_terms(view: View) -> Iterator[Edit]:
    """x + y: x."""
    for site in view.sites:
        if isinstance(site.parent, Sum):
            terms = [t for t in site.parent.terms if t is not site.node]
            up = view.outside(site)
            if up is not None and terms:
                text = f"the term {phrase(site.node)} does not belong"
                twice = any(t in (site.node, negated(site.node)) for t in terms)
                cost = Cost.TERM_TWICE if twice else Cost.EXTRA_TERM
                yield Edit("extra_term", text, site.node.span, up(plus(*terms)), cost)
