"""Differentiation: one law a node, read forwards and backwards.

The law of a node says how its differential depends on its children's, Laue, Mitterreiter and Giesen, "Computing Higher
Order Derivatives of Matrix and Tensor Expressions" (NeurIPS 2018):

    d(Σ_t e_t)        = Σ_t d e_t
    d(Σ_S Π_f e_f)    = Σ_f Σ_S (Π_{g≠f} e_g) d e_f
    d φ(e_0, e_1 ..)  = Σ_a φ_a(e_0, e_1 ..) d e_a                  SymPy's φ_a = ∂φ/∂x_a
    d max_R e         = Σ_R 1[e = max_R e] / Σ_R 1[e = max_R e] d e  ties share alike, nested ones flattened
    d X[i,j]/d X[a,b] = 1[i = a] 1[j = b]                            a tag, never a stored tensor
    d M⁻¹             = −M⁻¹ dM M⁻¹
    d det M           = det M tr(M⁻¹ dM)

Results are expressions of the same language, so they can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import sympy

from symjac.core import scalar
from symjac.core.expr import (
    ONE,
    ZERO,
    Add,
    Contract,
    Determinant,
    Expr,
    Inverse,
    Map,
    Max,
    OfMatrix,
    Symbol,
    add,
    apply,
    contract,
    from_scalar,
    identity,
    index_names,
    inverse,
    negate,
    rename,
    scalar_of,
    symbol,
    walk,
)
from symjac.core.index import Index, aside


class Partial(NamedTuple):
    """d node contains Σ_summed factor · d child."""

    child: Expr
    factor: Expr
    summed: tuple[Index, ...]


def partials(node: Expr) -> list[Partial]:
    """The law of one node; empty for those that are constant, and for symbols."""
    match node:
        case Add():
            return [Partial(t, ONE, ()) for t in node.terms]
        case Contract():
            return _partials_of_product(node)
        case Map():
            slopes = [scalar.derivative(node.formula, i) for i in range(len(node.args))]
            return [Partial(a, _shared(s, node.args), ()) for a, s in zip(node.args, slopes, strict=True) if s != 0]
        case Max():
            return [Partial(node.body, _share_of_maximum(node), node.over)]
        case Inverse():
            left, right = _inverse(node, node.left, node.row), _inverse(node, node.column, node.right)
            return [Partial(node.body, negate(contract([left, right])), (node.row, node.column))]
        case Determinant():
            slope = contract([node, _inverse(node, node.column, node.row)])
            return [Partial(node.body, slope, (node.row, node.column))]
        case _:
            return []


def _partials_of_product(node: Contract) -> list[Partial]:
    """The product rule; several factors that are functions of one symbol count as one, differentiated by SymPy."""
    out: list[Partial] = []
    for parts in _by_symbol(node.factors):
        others = [f for i, f in enumerate(node.factors) if i not in parts]
        if len(parts) == 1:
            out.append(Partial(node.factors[parts[0]], contract(others), node.summed))
            continue
        atoms: list[Expr] = []
        formula = sympy.Mul(*(scalar_of(node.factors[i], atoms) for i in parts))
        if len(atoms) > 1:  # one factor several times: f^m
            atoms, formula = [node.factors[parts[0]]], scalar.slot(0) ** len(parts)
        slope = apply(scalar.derivative(formula, 0), atoms)
        out.append(Partial(atoms[0], contract([*others, slope]), node.summed))
    return out


def _by_symbol(factors: Sequence[Expr]) -> list[list[int]]:
    """The places of the factors, those together that are elementwise functions of one and the same symbol."""
    groups: dict[Expr, list[int]] = {}
    for place, f in enumerate(factors):
        atoms: list[Expr] = []
        if isinstance(f, Symbol | Add | Map):
            scalar_of(f, atoms)
        alone = len(atoms) == 1 and isinstance(atoms[0], Symbol)
        groups.setdefault(atoms[0] if alone else f, []).append(place)
    return list(groups.values())


_REACHED = scalar.indicator(sympy.Eq(scalar.slot(0), scalar.slot(1)))


def _share_of_maximum(node: Max) -> Expr:
    reached = contract([apply(_REACHED, (node.body, node)), _tying(node.body)])
    return contract([reached, apply(1 / scalar.slot(0), (contract([reached], node.over),))])


def _tying(e: Expr) -> Expr:
    """How many quantities tie in `e`, where that is a maximum: what it counts for in one around it; else 1."""
    if isinstance(e, Max):
        return contract([apply(_REACHED, (e.body, e)), _tying(e.body)], e.over)
    atoms: list[Expr] = []
    formula = scalar_of(e, atoms)
    if isinstance(formula, sympy.Max):
        among = formula.args
    elif isinstance(-formula, sympy.Min):
        among = [-a for a in (-formula).args]
    else:
        return ONE
    parts = [from_scalar(a, atoms) for a in among]
    return add(*(contract([apply(_REACHED, (part, e)), _tying(part)]) for part in parts))


def _shared(slope: sympy.Expr, args: Sequence[Expr]) -> Expr:
    """The slope at `args`; an argument that is a maximum over an axis has as many shares as quantities tie in it."""
    places = {scalar.slot(i): scalar.slot(len(args) + i) for i, a in enumerate(args) if isinstance(a, Max)}
    if not places or not slope.has(scalar.Share):
        return apply(slope, args)

    def share(a: sympy.Expr, *others: sympy.Expr) -> sympy.Expr:
        count = places.get(a, sympy.Integer(1))
        rivals = (places.get(b, sympy.Integer(1)) * scalar.indicator(sympy.Eq(a, b)) for b in others)
        return count * sympy.Mul(*(scalar.indicator(a >= b) for b in others)) / sympy.Add(count, *rivals)

    return apply(slope.replace(scalar.Share, share), [*args, *(_tying(a) for a in args)])


def _inverse(node: OfMatrix, left: Index, right: Index) -> Expr:
    """(M⁻¹)[left, right] of the node's matrix; where these are its bound indices, those of the result step aside."""
    return inverse(node.body, node.row, node.column, left, right)


def derivative_along(e: Expr, tangents: Mapping[Symbol, Expr]) -> Expr:
    """The differential of `e` where each access in `tangents` moves along the given expression; the others stay.

    A tangent may have indices beyond those of its symbol; their names must not occur in `e`. Forward mode.
    """
    tangent: dict[Expr, Expr] = {}
    for node in walk(e):
        if isinstance(node, Symbol):
            tangent[node] = tangents.get(node, ZERO)
        else:
            parts = [contract([p.factor, tangent[p.child]], p.summed) for p in partials(node)]
            tangent[node] = add(*(p for p in parts if p is not ZERO))
    return tangent[e]


def jvp(e: Expr, tangents: Mapping[str, str]) -> Expr:
    """The differential of `e` where symbol `name` moves along the symbol `tangents[name]`; free indices as of `e`."""
    return derivative_along(e, {s: symbol(tangents[s.name], s.indices) for s in _leaves(e) if s.name in tangents})


def jacobian(e: Expr, by: Symbol) -> Expr:
    """∂e/∂by over the free indices of `e` and those of `by`, which must not meet. Forward mode."""
    clash = {i.name for i in by.indices} & {i.name for i in e.free}
    if clash:
        raise ValueError(f"the indices {', '.join(sorted(clash))} of {by.key} are free in the expression")
    own = aside(by.indices, index_names(e))
    return rename(
        derivative_along(e, {s: _unit(s, own) for s in _leaves(e) if s.name == by.name}),
        dict(zip(own, by.indices, strict=True)),
    )


def vjp(e: Expr, cotangent: Expr, by: Symbol) -> Expr:
    """Σ cotangent · ∂e/∂by over the free indices of `e`, an expression over the indices of `by`. Reverse mode.

    The cotangent has free indices among those of `e`. The indices of `by` may be any.
    """
    own = aside(by.indices, index_names(e, cotangent))
    order = [n for n in walk(e) if by.name in n.names]
    if not order:
        return ZERO
    adjoint: dict[Expr, list[Expr]] = {e: [cotangent]}
    arrived: list[Expr] = []
    for node in reversed(order):
        if node not in adjoint:
            continue
        total = add(*adjoint.pop(node))
        if isinstance(node, Symbol):
            arrived.append(_collected(total, node, own))
            continue
        for child, factor, summed in partials(node):
            if by.name in child.names:
                gone = [i for i in (*node.free, *summed) if i not in child.free]
                adjoint.setdefault(child, []).append(contract([total, factor], gone))
    return rename(add(*arrived), dict(zip(own, by.indices, strict=True)))


def _leaves(e: Expr) -> Iterable[Symbol]:
    return (n for n in walk(e) if isinstance(n, Symbol))


def _unit(leaf: Symbol, by: Iterable[Index]) -> Expr:
    """1[i = a] 1[j = b] .. for the leaf's indices i, j and by's a, b."""
    return contract([identity(i, a) for i, a in zip(leaf.indices, by, strict=True)])


def _collected(total: Expr, leaf: Symbol, by: Sequence[Index]) -> Expr:
    """Σ total · 1[i = a] 1[j = b] ..: the total with the leaf's indices renamed where they are distinct."""
    if len(set(leaf.indices)) == len(leaf.indices):
        return rename(total, dict(zip(leaf.indices, by, strict=True)))
    return contract([total, _unit(leaf, by)], _unique(leaf.indices))


def _unique(indices: Iterable[Index]) -> list[Index]:
    return list(dict.fromkeys(indices))
