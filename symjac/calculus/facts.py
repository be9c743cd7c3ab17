"""Facts about free symbols, as parametrisations: T by a free symbol free__T such that the fact holds, and every tensor
of which it holds is had (of `positive_definite`: those with eigenvalues above 1, an open set of them).

A fact is used after differentiation. What an equation says on an open set of such tensors it says of all of them, where
both sides are analytic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

import sympy

from symjac.calculus.trace import SumFact
from symjac.core import scalar
from symjac.core.expr import (
    Contract,
    Equation,
    Expr,
    Number,
    Symbol,
    add,
    affine,
    apply,
    contract,
    identity,
    index_names,
    inverse,
    negate,
    number,
    rename,
    symbol,
)
from symjac.core.index import Index, aside


class WorldError(ValueError):
    """A declaration, definition or fact that cannot stand beside those before it."""


class NotKnown(WorldError):
    """A derivative that nothing given determines."""


class Property(Enum):
    """What a fact says; the value is the word for it."""

    SYMMETRIC = "symmetric"
    SKEW = "skew-symmetric"
    DIAGONAL = "diagonal"
    POSITIVE_DEFINITE = "symmetric positive definite"
    ORTHOGONAL = "orthogonal"
    POSITIVE = "positive"
    BETWEEN = "between 0 and 1"
    SUM = "sum"
    UNIT = "norm 1"


@dataclass(frozen=True, slots=True)
class Fact:
    """`what` is true of `symbol`; a sum and a norm are over `axes` (places), a sum is `value`."""

    symbol: Symbol
    what: Property
    axes: tuple[int, ...] = ()
    value: sympy.Expr = sympy.S.Zero

    @property
    def text(self) -> str:
        return self.said_of(self.symbol.name)

    def said_of(self, name: str) -> str:
        """The fact as a directive says it, of what is called `name`."""
        match self.what:
            case Property.SUM:
                return _sentence(self, name, "have mean 0" if self.value == 0 else f"sum to {self.value}")
            case Property.UNIT:
                return _sentence(self, name, "have norm 1")
            case Property.POSITIVE | Property.BETWEEN if self.symbol.indices:
                return f"the entries of {name} are {self.what.value}"
            case _:
                return f"{name} is {self.what.value}"


def _sentence(f: Fact, name: str, what: str) -> str:
    """`what` said of the parts of the symbol that run over the axes of `f`."""
    rank = len(f.symbol.indices)
    if len(f.axes) == rank:
        return f"the entries of {name} {what}"
    if rank == 2:
        return f"{'rows' if f.axes == (1,) else 'columns'} of {name} {what}"
    return f"the entries of {name} {what} over axis {', '.join(str(a + 1) for a in f.axes)}"


def sums_to(s: Symbol, value: sympy.Expr | int, *axes: int) -> Fact:
    """Σ over `axes` (all where none is named) is `value`."""
    return Fact(s, Property.SUM, _axes(s, axes), sympy.sympify(value) if isinstance(value, int) else value)


def sum_stated(fact: SumFact) -> Fact | None:
    """Σ c T = d as the sum of a symbol over some of its axes; None for what says anything else."""
    for left, right in ((fact.left, fact.right), (fact.right, fact.left)):
        match left, right:
            case Contract(factors=factors, summed=over), Number(value=value) if over:
                scale = sympy.Mul(*(f.value for f in factors if isinstance(f, Number)))
                tensors = [f for f in factors if not isinstance(f, Number)]
                if len(tensors) == 1 and isinstance(s := tensors[0], Symbol) and len(set(s.indices)) == len(s.indices):
                    return sums_to(s, value / scale, *(s.indices.index(i) for i in over))
    return None


def mean_zero(s: Symbol, *axes: int) -> Fact:
    return sums_to(s, 0, *axes)


def unit_norm(s: Symbol, *axes: int) -> Fact:
    """Σ of the squares over `axes` (all where none is named) is 1."""
    return Fact(s, Property.UNIT, _axes(s, axes))


def fact(s: Symbol, what: Property) -> Fact:
    """A property that needs no axes. Raises WorldError where the shape has none such."""
    if what in SQUARE and not is_square(s):
        raise WorldError(f"{s.name} is not a square matrix, so it is not {what.value}")
    return Fact(s, what)


def _axes(s: Symbol, axes: Sequence[int]) -> tuple[int, ...]:
    if not s.indices:
        raise WorldError(f"{s.name} is a number: there is nothing to sum over")
    if any(a not in range(len(s.indices)) for a in axes) or len(set(axes)) != len(axes):
        raise WorldError(f"{s.name} has {len(s.indices)} axes")
    return tuple(sorted(axes)) or tuple(range(len(s.indices)))


SQUARE = frozenset(
    {Property.SYMMETRIC, Property.SKEW, Property.DIAGONAL, Property.POSITIVE_DEFINITE, Property.ORTHOGONAL}
)
"""Properties of square matrices."""


def is_square(s: Symbol) -> bool:
    return len(s.indices) == 2 and s.indices[0].size == s.indices[1].size


def candidates(s: Symbol) -> list[Fact]:
    """Facts that a text may rely on without saying so, for a symbol of this shape, the likely ones first."""
    rank = len(s.indices)
    out: list[Fact] = []
    if is_square(s):
        out += [Fact(s, Property.SYMMETRIC)]
    last = [(rank - 1,)] if rank else []
    single = [(a,) for a in range(rank) if (a,) not in last]
    whole = [tuple(range(rank))] if rank > 1 else []
    for value in (1, 0):
        out += [sums_to(s, value, *axes) for axes in (*last, *single, *whole)]
    if rank == 1:
        out.append(unit_norm(s))
    if is_square(s):
        out += [Fact(s, p) for p in (Property.ORTHOGONAL, Property.DIAGONAL, Property.POSITIVE_DEFINITE, Property.SKEW)]
    out += [Fact(s, Property.POSITIVE), Fact(s, Property.BETWEEN)]
    return out


def equations(f: Fact) -> list[Expr]:
    """What is 0, over its free indices, where the fact holds and nowhere else; several ways to write it, or none."""
    s = f.symbol
    over = [s.indices[a] for a in f.axes]
    match f.what:
        case Property.SUM:
            return [add(_summed(s, over), number(-f.value))]
        case Property.UNIT:
            square = _summed(contract([s, s]), over)
            return [add(square, number(-1)), add(apply(sympy.sqrt(scalar.slot(0)), [square]), number(-1))]
        case Property.SYMMETRIC:
            return [add(s, negate(_transposed(s, f)))]
        case Property.SKEW:
            return [add(s, _transposed(s, f))]
        case Property.ORTHOGONAL:
            i, j = s.indices
            row, column, k = _beside(f, i, j, i)
            minus = negate(identity(i, j))
            across = contract([rename(s, {i: k, j: i}), rename(s, {i: k})], [k])
            along = contract([rename(s, {j: k}), rename(s, {i: j, j: k})], [k])
            inverted = inverse(rename(s, {i: row, j: column}), row, column, i, j)
            return [add(across, minus), add(along, minus), add(inverted, negate(_transposed(s, f)))]
    return []


# ---------------------------------------------------------------- several facts of one symbol


def go_together(facts: Sequence[Fact]) -> bool:
    """True where one parametrisation has all of these facts."""
    kinds = [f.what for f in facts]
    if len(facts) == 1:
        return True
    if any(kinds.count(k) > 1 for k in kinds if k is not Property.SUM):
        return False
    sums = [f for f in facts if f.what is Property.SUM]
    others = set(kinds) - {Property.SUM}
    if not sums:
        return others == {Property.SYMMETRIC, Property.POSITIVE}
    if not others:
        return _consistent(sums)
    return len(sums) == 1 and others <= {Property.POSITIVE, Property.BETWEEN} and sums[0].value == 1


def _consistent(sums: Sequence[Fact]) -> bool:
    """Sums over single axes that differ, whose values give one sum of all entries."""
    if any(len(f.axes) != 1 for f in sums) or len({f.axes for f in sums}) != len(sums):
        return False
    totals = {sympy.expand(f.value * sympy.Mul(*f.symbol.shape) / f.symbol.shape[f.axes[0]]) for f in sums}
    return len(totals) == 1


def contradict(facts: Sequence[Fact]) -> bool:
    """True where nothing but 0 has all of these facts, with two entries or more an axis; as far as that is known."""
    kinds = {f.what for f in facts}
    sums = [f for f in facts if f.what is Property.SUM]
    positive = kinds & {Property.POSITIVE, Property.BETWEEN}
    return bool(
        any(_differ(_total(a), _total(b)) for a, b in combinations(sums, 2))
        or (positive and any(f.value.is_nonpositive for f in sums))
        or (positive and kinds & {Property.SKEW, Property.DIAGONAL})
        or (Property.SKEW in kinds and kinds & {Property.SYMMETRIC, Property.POSITIVE_DEFINITE, Property.DIAGONAL})
    )


def _total(f: Fact) -> sympy.Expr:
    """What a sum over some axes makes the sum over all."""
    return f.value * sympy.Mul(*(n for a, n in enumerate(f.symbol.shape) if a not in f.axes))


def _differ(a: sympy.Expr, b: sympy.Expr) -> bool:
    return sympy.expand(a - b).is_nonzero is True


def together_text(facts: Sequence[Fact]) -> str:
    """Why facts are not used: they contradict each other, or there is no form for all of them."""
    why = "the facts contradict each other" if contradict(facts) else "these facts are not used together"
    return f"{why}: " + " and ".join(f.text for f in facts)


def check_together(facts: Sequence[Fact]) -> None:
    if not go_together(facts):
        raise WorldError("not assumed together: " + " and ".join(f.text for f in facts))


# ---------------------------------------------------------------- parametrisations


def free_name(name: str) -> str:
    return f"free__{name}"


def parametrisation(facts: Sequence[Fact]) -> Equation:
    """`symbol` = an expression in free__symbol for which all the facts hold."""
    lhs = facts[0].symbol
    value: Expr = symbol(free_name(lhs.name), lhs.indices)
    positive = False
    for f in sorted(facts, key=lambda f: (_ORDER.index(f.what), f.axes)):
        form = _normalised if f.what is Property.SUM and positive else _FORMS[f.what]
        value = form(value, f)
        positive |= f.what in (Property.POSITIVE, Property.BETWEEN)
    return Equation(lhs, value)


def _symmetric(p: Expr, f: Fact) -> Expr:
    """P + Pᵀ."""
    return add(p, _transposed(p, f))


def _skew(p: Expr, f: Fact) -> Expr:
    """P − Pᵀ."""
    return add(p, negate(_transposed(p, f)))


def _diagonal(p: Expr, f: Fact) -> Expr:
    """P ⊙ I."""
    return contract([identity(*f.symbol.indices), p])


def _positive_definite(p: Expr, f: Fact) -> Expr:
    """P Pᵀ + I."""
    i, j = f.symbol.indices
    (over,) = _beside(f, j)
    return add(contract([rename(p, {j: over}), rename(p, {i: j, j: over})], [over]), identity(i, j))


def _orthogonal(p: Expr, f: Fact) -> Expr:
    """(I + K)⁻¹ (I − K) with K = P − Pᵀ: Cayley; −1 is no eigenvalue."""
    i, j = f.symbol.indices
    middle, row, column = _beside(f, i, i, i)
    k = _skew(p, f)
    plus = add(identity(row, column), rename(k, {i: row, j: column}))
    minus = add(identity(middle, j), negate(rename(k, {i: middle})))
    return contract([inverse(plus, row, column, i, middle), minus], [middle])


def _exponential(p: Expr, f: Fact) -> Expr:
    """exp(P)."""
    return apply(sympy.exp(scalar.slot(0)), [p])


def _logistic(p: Expr, f: Fact) -> Expr:
    """1 / (1 + exp(−P))."""
    return apply(1 / (1 + sympy.exp(-scalar.slot(0))), [p])


def _shifted(p: Expr, f: Fact) -> Expr:
    """P − mean(P) + value / count."""
    over = [f.symbol.indices[a] for a in f.axes]
    count = sympy.Mul(*(i.size for i in over))
    return add(p, contract([number(-1 / count), _summed(p, over)]), number(f.value / count))


def _normalised(p: Expr, f: Fact) -> Expr:
    """value · P / ΣP, where P is positive."""
    total = _summed(p, [f.symbol.indices[a] for a in f.axes])
    return contract([number(f.value), p, apply(1 / scalar.slot(0), [total])])


def _unit(p: Expr, f: Fact) -> Expr:
    """e − 2 ⟨e, P⟩ P / ⟨P, P⟩ with e the first unit vector: its mirror images are all vectors of norm 1."""
    over = [f.symbol.indices[a] for a in f.axes]
    first = contract([affine(i, (), sympy.Integer(0)) for i in over])
    inner = _summed(contract([first, p]), over)
    square = _summed(contract([p, p]), over)
    return add(first, contract([number(-2), inner, p, apply(1 / scalar.slot(0), [square])]))


_FORMS: dict[Property, Callable[[Expr, Fact], Expr]] = {
    Property.SYMMETRIC: _symmetric,
    Property.SKEW: _skew,
    Property.DIAGONAL: _diagonal,
    Property.POSITIVE_DEFINITE: _positive_definite,
    Property.ORTHOGONAL: _orthogonal,
    Property.POSITIVE: _exponential,
    Property.BETWEEN: _logistic,
    Property.SUM: _shifted,
    Property.UNIT: _unit,
}
_ORDER = tuple(_FORMS)
"""What is put on first: a later form keeps what an earlier one has made true."""


def _transposed(p: Expr, f: Fact) -> Expr:
    i, j = f.symbol.indices
    return rename(p, {i: j, j: i})


def _summed(p: Expr, over: Sequence[Index]) -> Expr:
    """Σ p over these axes, which other factors may have as well."""
    own = aside(over, index_names(p))
    return contract([rename(p, dict(zip(over, own, strict=True)))], own)


def _beside(f: Fact, *wanted: Index) -> tuple[Index, ...]:
    return aside(wanted, index_names(f.symbol))


# ---------------------------------------------------------------- tied entries


def ties(f: Fact) -> bool:
    """True where the fact says which entries move together."""
    return f.what in _TIES


def structured(f: Fact, derivative: Expr, by: Symbol) -> Expr:
    """Σ_ab D_ab · ∂A_ab/∂(entry ij): the derivative by the entries that are independent, written at every i, j.

    ∂A_ab/∂A_ij is 1[a=i] 1[b=j] + 1[a=j] 1[b=i] − 1[a=b=i=j] for a symmetric A, the difference of the first two for a
    skew one, and 1[a=b=i=j] for a diagonal one.
    """
    i, j = by.indices
    swapped = rename(derivative, {i: j, j: i})
    diagonal = contract([identity(i, j), derivative])
    parts = zip(_TIES[f.what], (derivative, swapped, diagonal), strict=True)
    return add(*(contract([number(c), part]) for c, part in parts))


_TIES: dict[Property, tuple[int, int, int]] = {
    Property.SYMMETRIC: (1, 1, -1),
    Property.POSITIVE_DEFINITE: (1, 1, -1),
    Property.SKEW: (1, -1, 0),
    Property.DIAGONAL: (0, 0, 1),
}
"""How often D_ij, D_ji and 1[i=j] D_ij count in the derivative by the independent entries."""

__all__ = [
    "Fact",
    "Property",
    "candidates",
    "check_together",
    "contradict",
    "equations",
    "fact",
    "free_name",
    "go_together",
    "is_square",
    "mean_zero",
    "parametrisation",
    "structured",
    "sums_to",
    "ties",
    "together_text",
    "unit_norm",
]
