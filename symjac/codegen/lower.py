"""Expressions to NumPy, one rule a node: a sum is `sum`, a product of two over one index `@`, a repeat `[:, None]`."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from symjac.codegen import access
from symjac.codegen.array import Array, aligned, constant, floating, name, permuted, reduced, shape, union, volume
from symjac.codegen.code import (
    DTYPE,
    CodeName,
    CodeText,
    array_name,
    binary,
    call,
    fill,
    method,
    named,
    negative,
    typed,
)
from symjac.codegen.contraction import product
from symjac.codegen.scalar_code import scaled, template
from symjac.core import scalar
from symjac.core.expr import (
    Add,
    Contract,
    Equation,
    Expr,
    Identity,
    Map,
    Max,
    Number,
    Symbol,
    apply,
    contract,
    number,
)
from symjac.core.index import Index
from symjac.model.names import in_python


def lower_equation(equation: Equation, dtype: str) -> CodeText:
    """The right side, with the axes of the left; `dtype` is the type of what has no array in it."""
    return typed(_lowered(equation), dtype)


def _lowered(equation: Equation) -> CodeText:
    axes = equation.lhs.indices
    a = lower(equation.rhs, axes)
    if a.truth and array_name(a.code) is None:
        a = Array(method(a.code, "astype", CodeName(DTYPE)), a.axes)
    a = floating(a)
    if not axes:
        return a.code
    if not a.axes:
        return call("np.full", shape(axes), a.code, named(DTYPE))
    if len(a.axes) < len(axes):
        return call("np.broadcast_to", aligned(a, axes), shape(axes))
    return permuted(a, axes).code


def lower(e: Expr, wanted: Sequence[Index]) -> Array:
    """The array of `e` over its free indices, in the order of `wanted` where that costs nothing."""
    match e:
        case Number():
            return constant(e.value)
        case Symbol():
            return name(in_python(e.name), e.indices)
        case Identity():
            return access.table(e)
        case Add():
            return _sum(e, wanted)
        case Contract():
            return _product(e, wanted)
        case Map():
            return _map(e, wanted)
        case Max():
            return reduced(lower(e.body, wanted), e.over, "max")
    raise TypeError(f"no NumPy code for {type(e).__name__}")


def _map(e: Map, wanted: Sequence[Index]) -> Array:
    args = [floating(lower(a, wanted)) for a in e.args]
    axes = union(args, wanted)
    code = fill(template(e.formula), [aligned(a, axes) for a in args])
    if len(args) == 1 and args[0].kept is not None and not scalar.is_indicator(e.formula):
        return Array(code, axes, fill(template(e.formula), [args[0].kept]), args[0].kept_axes)
    return Array(code, axes, truth=scalar.is_indicator(e.formula))


def _sum(e: Add, wanted: Sequence[Index]) -> Array:
    """A difference where a term is negative; a positive term first."""
    terms = [_signed(t) for t in e.terms]
    first = next((p for p, (minus, _) in enumerate(terms) if not minus), 0)
    terms = [terms[first], *terms[:first], *terms[first + 1 :]]
    arrays = [floating(lower(t, wanted)) for _, t in terms]
    axes = union(arrays, wanted)
    code = aligned(arrays[0], axes)
    code = negative(code) if terms[0][0] else code
    for (minus, _), a in zip(terms[1:], arrays[1:], strict=True):
        code = binary(code, "-" if minus else "+", aligned(a, axes))
    return Array(code, axes)


def _signed(term: Expr) -> tuple[bool, Expr]:
    """(is it negative, its absolute value) for a term with a negative coefficient."""
    match term:
        case Number() if term.value.could_extract_minus_sign():
            return True, number(-term.value)
        case Contract():
            first = term.factors[0]
            if isinstance(first, Number) and first.value.could_extract_minus_sign():
                return True, contract([number(-first.value), *term.factors[1:]], term.summed)
    return False, term


# ---------------------------------------------------------------- products


def _product(e: Contract, wanted: Sequence[Index]) -> Array:
    """The factors with summed indices contracted, the others multiplied to the result."""
    coefficient = sympy.Integer(1)
    accesses: list[Identity] = []
    factors: list[Expr] = []
    for f in e.factors:
        match f:
            case Number():
                coefficient *= f.value
            case Identity():
                accesses.append(f)
            case _:
                factors.append(f)
    bound = set(e.summed)
    tied = [f for f in factors if bound.intersection(f.free)]
    loose = [f for f in factors if not bound.intersection(f.free)]
    below = [lower(g, wanted) for f in loose if (g := _inverse(f)) is not None]
    above = [f for f in loose if _inverse(f) is None]
    place = sum(f in above for f in factors[: factors.index(tied[0])]) if tied else 0
    arrays, accesses = _gathered([lower(f, wanted) for f in tied], accesses, bound)
    adding = [a for a in accesses if _adds_back(a, accesses, arrays, bound)]
    tables = [a for a in accesses if a not in adding]
    arrays += [access.table(a) for a in tables if bound.intersection(a.free)]
    others = [lower(f, wanted) for f in above]
    others += [access.table(a) for a in tables if not bound.intersection(a.free)]
    if not arrays and not adding:
        return _quotient(others, below, coefficient, wanted)
    result = {i for a in (*arrays, *others, *below) for i in a.axes} - bound
    inside = {i for a in adding for _, i in a.terms}
    early = not (others or below) or volume({i for a in arrays for i in a.axes} - bound) < volume(result)
    inner = product(arrays, bound - inside, coefficient if early else sympy.Integer(1), wanted)
    if adding:
        inner = access.scatter(floating(inner), adding)
    others.insert(place, inner)
    return _quotient(others, below, sympy.Integer(1) if early else coefficient, wanted)


def _inverse(f: Expr) -> Expr | None:
    """1/f where f is a reciprocal."""
    if isinstance(f, Map) and isinstance(f.formula, sympy.Pow) and f.formula.exp.could_extract_minus_sign():
        return apply(1 / f.formula, f.args)
    return None


def _quotient(
    above: Sequence[Array], below: Sequence[Array], coefficient: sympy.Expr, wanted: Sequence[Index]
) -> Array:
    """coefficient · Π above / Π below, elementwise."""
    numerator = product(above, (), coefficient, wanted) if above else constant(sympy.Integer(1))
    if not below:
        return numerator
    denominator = product([floating(b) for b in below], (), sympy.Integer(1), wanted)
    numerator = floating(numerator)
    axes = union((numerator, denominator), wanted)
    code = binary(aligned(numerator, axes), "/", aligned(denominator, axes))
    return Array(code if above else scaled(coefficient, code), axes)


def _gathered(arrays: list[Array], accesses: list[Identity], bound: set[Index]) -> tuple[list[Array], list[Identity]]:
    """The accesses that read one array, carried out; and the accesses left over."""
    reads: dict[int, list[Identity]] = {}
    left: list[Identity] = []
    for e in accesses:
        having = [p for p, a in enumerate(arrays) if e.target in a.axes]
        elsewhere = any(e.target in other.free for other in accesses if other is not e)
        inside = [i for _, i in e.terms]
        single = len(having) == 1 and not elsewhere and e.target in bound and access.supported(e)
        if (
            single
            and not any(i in arrays[having[0]].axes for i in inside)
            and not _shares_terms(e, reads.get(having[0], []))
        ):
            reads.setdefault(having[0], []).append(e)
        else:
            left.append(e)
    return [access.gather(a, reads[p]) if p in reads else a for p, a in enumerate(arrays)], left


def _shares_terms(e: Identity, others: Sequence[Identity]) -> bool:
    return any(i in o.free for o in others for _, i in e.terms)


def _adds_back(e: Identity, accesses: Sequence[Identity], arrays: Sequence[Array], bound: set[Index]) -> bool:
    """True where every index of the terms is summed and the target stands nowhere else."""
    if e.target in bound or not e.terms or not access.supported(e) or any(e.target in a.axes for a in arrays):
        return False
    others = [o for o in accesses if o is not e]
    inside = {i for _, i in e.terms}
    return inside <= bound and not any(e.target in o.free or inside.intersection(o.free) for o in others)
