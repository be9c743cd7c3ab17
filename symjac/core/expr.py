"""The nodes: an immutable, interned DAG over named indices.

An expression has a set of free indices; it stands for one number for each value of them. Terms and factors that
lack an index are constant along it (broadcast by name, never by position). An `Equation` gives the order of axes.

Build expressions with the lower-case functions (`number`, `identity`, `add`, `contract`, `apply`, `maximum`, `inverse`,
`determinant`): they check shapes and fold what is locally true. Everything else is a named law (`calculus/simplify`).

    Symbol      X[i,j]                        a declared or named tensor
    Number      c                             a SymPy scalar, free of indices
    Identity    1[u = Σ c·i + o]              Kronecker's symbol; with other than 1[i = j], an affine access:
                                              X[s·i + d·p − o] is Σ_u X[u] 1[u = s·i + d·p − o], zero outside of X
    Add         Σ_t term_t
    Contract    Σ_S Π_f factor_f              a product, with the indices S summed
    Map         φ(arg_0, arg_1, ...)          a SymPy formula, elementwise
    Max         max_R body
    Inverse     (M⁻¹)[a,b]                    of the matrix M[r,s] = body, r and s bound; a runs over M's columns
    Determinant det M                         of the matrix M[r,s] = body, r and s bound

A node's class says all that is generic about it: its fields (`__slots__`), the indices that it binds and those that it
has beside its children's, its text, and how it is made again over other children and indices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar
from weakref import WeakValueDictionary

import sympy

from symjac.core import scalar
from symjac.core.index import Index, aside, fresh


class ShapeError(ValueError):
    """Two sizes that must agree do not; the message names the index and both sizes."""


_interned: WeakValueDictionary[tuple[Any, ...], Expr] = WeakValueDictionary()
E = TypeVar("E", bound="Expr")
Indices = Mapping[Index, Index]
SAME: Indices = MappingProxyType({})
"""Every index stays."""


class Expr:
    """A node. Two nodes of one structure are one object, so `is` and `==` mean the same."""

    __slots__ = ("__weakref__", "children", "free", "key", "names")

    children: tuple[Expr, ...]
    free: tuple[Index, ...]
    """The free indices, sorted by name."""
    key: str
    """The structure as text: what a node is interned, ordered and printed for debugging by."""
    names: frozenset[str]
    """The names of the symbols in it."""
    fields: ClassVar[tuple[str, ...]] = ()
    """What a node of the class has beside its children."""

    def __init_subclass__(cls) -> None:
        cls.fields = (*cls.fields, *cls.__slots__)

    @property
    def bound(self) -> tuple[Index, ...]:
        """The indices that the node binds."""
        return ()

    @property
    def own(self) -> tuple[Index, ...]:
        """The free indices that it has beside its children's, in reading order."""
        return ()

    def text(self, children: Sequence[str]) -> str:
        """The node as text, given its children's; a symbol's from its name."""
        raise NotImplementedError

    def remade(self, children: Sequence[Expr], indices: Indices = SAME) -> Expr:
        """The node over other children and indices, its own and bound ones, through its constructor."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.key


def _intern(cls: type[E], children: tuple[Expr, ...], free: tuple[Index, ...] | None = None, **fields: Any) -> E:
    """The one node of the class with these children and fields; `free` where it is known."""
    node = object.__new__(cls)
    node.children = children
    for name, value in fields.items():
        setattr(node, name, value)
    node.key = node.text([c.key for c in children])
    known = _interned.get((cls, node.key))
    if known is not None:
        return known  # type: ignore[return-value]
    node.free = _free(node) if free is None else free
    node.names = frozenset().union(*(c.names for c in children))
    _interned[(cls, node.key)] = node
    return node


def _free(node: Expr) -> tuple[Index, ...]:
    below = _sorted_indices([*[i for c in node.children for i in c.free], *node.own], node.key)
    bound = node.bound
    return tuple([i for i in below if i not in bound]) if bound else below


def _texts(indices: Iterable[Index]) -> str:
    return ",".join([i.text for i in indices])


def _sorted_indices(indices: Iterable[Index], where: str) -> tuple[Index, ...]:
    found = sorted(dict.fromkeys(indices), key=_name)
    for i, j in pairwise(found):
        if i.name == j.name:
            raise ShapeError(f"index {i.name} runs over {i.size} and over {j.size} in {where}")
    return tuple(found)


_name = attrgetter("name")


class Symbol(Expr):
    __slots__ = ("indices", "name")
    name: str
    indices: tuple[Index, ...]

    @property
    def shape(self) -> tuple[sympy.Expr, ...]:
        return tuple(i.size for i in self.indices)

    @property
    def own(self) -> tuple[Index, ...]:
        return self.indices

    def text(self, children: Sequence[str]) -> str:
        return self.accessed(self.name)

    def accessed(self, name: str) -> str:
        """The text of the symbol under another name."""
        return f"{name}[{_texts(self.indices)}]"

    def remade(self, children: Sequence[Expr], indices: Indices = SAME) -> Expr:
        return symbol(self.name, [indices.get(i, i) for i in self.indices])


class Number(Expr):
    __slots__ = ("value",)
    value: sympy.Expr

    def text(self, children: Sequence[str]) -> str:
        return f"({scalar.text(self.value)})"

    def remade(self, children: Sequence[Expr], indices: Indices = SAME) -> Expr:
        return self


class Identity(Expr):
    """1[target = Σ coefficient·index + offset]."""

    __slots__ = ("offset", "target", "terms")
    target: Index
    terms: tuple[tuple[sympy.Expr, Index], ...]
    offset: sympy.Expr

    @property
    def plain(self) -> bool:
        """True for Kronecker's 1[i = j]."""
        return (
            self.offset == 0
            and len(self.terms) == 1
            and self.terms[0][0] == 1
            and self.terms[0][1].size == self.target.size
        )

    @property
    def own(self) -> tuple[Index, ...]:
        return (self.target, *(i for _, i in self.terms))

    def text(self, children: Sequence[str]) -> str:
        sides = [f"{scalar.text(c)}·{i.text}" for c, i in self.terms]
        return f"1[{self.target.text} = {' + '.join([*sides, scalar.text(self.offset)])}]"

    def remade(self, children: Sequence[Expr], indices: Indices = SAME) -> Expr:
        terms = [(c, indices.get(i, i)) for c, i in self.terms]
        return affine(indices.get(self.target, self.target), terms, self.offset)


class Add(Expr):
    __slots__ = ()

    @property
    def terms(self) -> tuple[Expr, ...]:
        return self.children

    def text(self, children: Sequence[str]) -> str:
        return f"({' + '.join(children)})"

    def remade(self, children: Sequence[Expr], indices: Indices = SAME) -> Expr:
        return add(*children)


class Contract(Expr):
    __slots__ = ("summed",)
    summed: tuple[Index, ...]

    @property
    def factors(self) -> tuple[Expr, ...]:
        return self.children

    @property
    def bound(self) -> tuple[Index, ...]:
        return self.summed

    def text(self, children: Sequence[str]) -> str:
        inner = " * ".join(children)
        return f"Σ[{_texts(self.summed)}]({inner})" if self.summed else f"({inner})"

    def remade(self, children: Sequence[Expr], indices: Indices = SAME) -> Expr:
        return contract(children, [indices.get(i, i) for i in self.summed])


class Map(Expr):
    """`formula` in the placeholders `scalar.slot(0), slot(1), ...`, one a child."""

    __slots__ = ("formula",)
    formula: sympy.Expr

    @property
    def args(self) -> tuple[Expr, ...]:
        return self.children

    def text(self, children: Sequence[str]) -> str:
        return f"{scalar.text(self.formula)}<{'; '.join(children)}>"

    def remade(self, children: Sequence[Expr], indices: Indices = SAME) -> Expr:
        return apply(self.formula, children)


class Max(Expr):
    __slots__ = ("over",)
    over: tuple[Index, ...]

    @property
    def body(self) -> Expr:
        return self.children[0]

    @property
    def bound(self) -> tuple[Index, ...]:
        return self.over

    def text(self, children: Sequence[str]) -> str:
        return f"max[{_texts(self.over)}]({children[0]})"

    def remade(self, children: Sequence[Expr], indices: Indices = SAME) -> Expr:
        return maximum(children[0], [indices.get(i, i) for i in self.over])


class OfMatrix(Expr):
    """A function of the matrix M[row, column] = body; the two indices are bound, and named by the constructor."""

    __slots__ = ("column", "row")
    row: Index
    column: Index

    @property
    def body(self) -> Expr:
        return self.children[0]

    @property
    def bound(self) -> tuple[Index, ...]:
        return self.row, self.column


class Inverse(OfMatrix):
    """(M⁻¹)[left, right]; `left` runs over the columns of M, `right` over its rows."""

    __slots__ = ("left", "right")
    left: Index
    right: Index

    @property
    def own(self) -> tuple[Index, ...]:
        return self.left, self.right

    def text(self, children: Sequence[str]) -> str:
        return f"<inverse {_texts(self.bound)}: {children[0]}>[{_texts(self.own)}]"

    def remade(self, children: Sequence[Expr], indices: Indices = SAME) -> Expr:
        row, column, left, right = (indices.get(i, i) for i in (*self.bound, *self.own))
        return inverse(children[0], row, column, left, right)


class Determinant(OfMatrix):
    """det M."""

    __slots__ = ()

    def text(self, children: Sequence[str]) -> str:
        return f"<determinant {_texts(self.bound)}: {children[0]}>"

    def remade(self, children: Sequence[Expr], indices: Indices = SAME) -> Expr:
        row, column = (indices.get(i, i) for i in self.bound)
        return determinant(children[0], row, column)


@dataclass(frozen=True, slots=True)
class Equation:
    """`lhs[indices in order] = rhs`: a definition. Every free index of `rhs` is an index of `lhs`."""

    lhs: Symbol
    rhs: Expr

    def __post_init__(self) -> None:
        loose = [i.name for i in self.rhs.free if i not in self.lhs.indices]
        if loose:
            raise ShapeError(f"{self.lhs.key}: the right side has free indices {', '.join(loose)} that the left lacks")


# ---------------------------------------------------------------- constructors


def symbol(name: str, indices: Sequence[Index] = ()) -> Symbol:
    node = _intern(Symbol, (), name=name, indices=tuple(indices))
    node.names = frozenset((name,))
    return node


def number(value: int | sympy.Expr) -> Number:
    value = sympy.sympify(value) if isinstance(value, int) else value
    return _intern(Number, (), value=value)


ZERO = number(0)
ONE = number(1)


def identity(i: Index, j: Index) -> Expr:
    """Kronecker's 1[i = j]; 1 where both are one index. Raises ShapeError where the sizes differ."""
    if i.size != j.size:
        raise ShapeError(f"1[{i.name} = {j.name}]: {i.name} runs over {i.size}, {j.name} over {j.size}")
    return affine(i, ((sympy.Integer(1), j),), sympy.Integer(0))


def affine(target: Index, terms: Sequence[tuple[sympy.Expr, Index]], offset: sympy.Expr) -> Expr:
    """1[target = Σ coefficient·index + offset]; of Kronecker's 1[i = j] the target is the first in the alphabet."""
    merged: dict[Index, sympy.Expr] = {}
    for coefficient, i in terms:
        merged[i] = merged.get(i, sympy.Integer(0)) + coefficient
    kept = tuple((c, i) for i, c in merged.items() if c != 0)
    if offset == 0 and kept == ((sympy.Integer(1), target),):
        return ONE
    if offset == 0 and len(kept) == 1 and kept[0][0] == 1 and kept[0][1].size == target.size:
        target, other = sorted((target, kept[0][1]), key=lambda i: i.name)
        kept = ((sympy.Integer(1), other),)
    return _intern(Identity, (), target=target, terms=kept, offset=offset)


def add(*terms: Expr) -> Expr:
    """The sum; nested sums are flattened and numbers folded."""
    flat: list[Expr] = []
    total = sympy.Integer(0)
    place: int | None = None
    for term in terms:
        for t in term.children if isinstance(term, Add) else (term,):
            if isinstance(t, Number):
                total += t.value
                place = len(flat) if place is None else place
            else:
                flat.append(t)
    if total != 0:
        flat.insert(place or 0, number(total))
    if not flat:
        return ZERO
    if len(flat) == 1:
        return flat[0]
    return _intern(Add, tuple(flat))


def contract(factors: Iterable[Expr], summed: Iterable[Index] = ()) -> Expr:
    """Σ_summed Π factors.

    Nested products are flattened (bound indices renamed where they clash), numbers multiplied, Kronecker's symbols
    with a summed index substituted, and a summed index that no factor has becomes a factor of its size.
    """
    factors, summed = tuple(factors), tuple(dict.fromkeys(summed))
    _sorted_indices([*(i for f in factors for i in f.free), *summed], "a product")
    flat, bound = _flatten(factors, summed)
    coefficient = sympy.Integer(1)
    rest: list[Expr] = []
    for f in flat:
        if isinstance(f, Number):
            coefficient *= f.value
        else:
            rest.append(f)
    if coefficient == 0:
        return ZERO
    rest, bound = _substitute_identities(rest, bound)
    if any(isinstance(f, Contract | Number) for f in rest):  # a substitution has folded a factor
        return contract([number(coefficient), *rest], bound)
    present = {i for f in rest for i in f.free}
    for i in bound:
        if i not in present:
            coefficient *= i.size
    bound = [i for i in bound if i in present]
    if not rest:
        return number(coefficient)
    if coefficient == 1 and len(rest) == 1 and not bound:
        return rest[0]
    parts = tuple(rest) if coefficient == 1 else (number(coefficient), *rest)
    return _intern(Contract, parts, summed=tuple(bound))


def _flatten(factors: tuple[Expr, ...], summed: tuple[Index, ...]) -> tuple[list[Expr], list[Index]]:
    if not any(isinstance(f, Contract) for f in factors):
        return list(factors), list(summed)
    taken = {i.name for f in factors for i in f.free} | {i.name for i in summed}
    flat: list[Expr] = []
    bound = list(summed)
    for f in factors:
        if not isinstance(f, Contract):
            flat.append(f)
            continue
        moved = aside(f.summed, taken)
        taken.update(i.name for i in moved)
        bound += moved
        renaming = dict(zip(f.summed, moved, strict=True))
        flat.extend(rename(g, renaming) for g in f.factors)
    return flat, bound


def _substitute_identities(factors: list[Expr], bound: list[Index]) -> tuple[list[Expr], list[Index]]:
    while True:
        plain = [f for f in factors if isinstance(f, Identity) and f.plain]
        used = next((f for f in plain if f.target in bound or f.terms[0][1] in bound), None)
        if used is None:
            return factors, bound
        i, j = used.target, used.terms[0][1]
        gone, kept = (j, i) if j in bound else (i, j)
        factors.remove(used)
        factors = [rename(f, {gone: kept}) for f in factors]
        bound = [b for b in bound if b != gone]


def negate(e: Expr) -> Expr:
    return contract((number(-1), e))


def apply(formula: sympy.Expr, args: Sequence[Expr]) -> Expr:
    """`formula` elementwise, `scalar.slot(i)` standing for `args[i]`.

    Arguments that are themselves elementwise are taken into the formula, but for those of `compared_whole`; unused and
    repeated ones are dropped. A polynomial's sums and products become Add and Contract.
    """
    atoms: list[Expr] = []
    return _map(_opened(formula, args, atoms), atoms)


def _map(formula: sympy.Expr, atoms: Sequence[Expr]) -> Expr:
    formula = scalar.plain_conditions(formula)
    used = scalar.slots_of(formula)
    if not used:
        return number(formula)
    formula = formula.xreplace({s: scalar.slot(i) for i, s in enumerate(used)})
    args = tuple(atoms[scalar.slot_number(s)] for s in used)
    if formula == scalar.slot(0):
        return args[0]
    if scalar.is_sum_or_product(formula):
        return from_scalar(formula, args)
    return _intern(Map, args, formula=formula)


def maximum(body: Expr, over: Iterable[Index]) -> Expr:
    """The maximum of `body` over the indices `over`; what `body` lacks changes nothing, nested maxima are one."""
    over = tuple(dict.fromkeys(over))
    _sorted_indices([*body.free, *over], "a maximum")
    kept = tuple(i for i in over if i in body.free)
    if not kept:
        return body
    if isinstance(body, Max):
        return maximum(body.body, (*body.over, *kept))
    return _intern(Max, (body,), over=kept)


def inverse(body: Expr, row: Index, column: Index, left: Index, right: Index) -> Expr:
    """(M⁻¹)[left, right] of the square matrix M[row, column] = `body`.

    1⁻¹ = 1, (M⁻¹)⁻¹ = M, and (Mᵀ)⁻¹ is (M⁻¹)ᵀ.
    """
    for i, j in ((row, column), (left, column), (right, row)):
        _square(i, j, "the inverse")
    if is_one(body, row, column):
        return identity(left, right)
    if isinstance(body, Inverse) and is_inverse_of_whole(body, row, column):
        there = {body.left: left, body.right: right} if body.left is row else {body.left: right, body.right: left}
        return rename(body.body, {body.row: there[body.left], body.column: there[body.right]})
    body, row, column, turned = _bound_matrix(body, row, column, {left.name, right.name})
    if turned:
        left, right = right, left
    return _intern(Inverse, (body,), row=row, column=column, left=left, right=right)


def determinant(body: Expr, row: Index, column: Index) -> Expr:
    """det M of the square matrix M[row, column] = `body`; det 1 = 1, and det Mᵀ is det M."""
    _square(row, column, "the determinant")
    if is_one(body, row, column):
        return ONE
    body, row, column, _ = _bound_matrix(body, row, column, ())
    return _intern(Determinant, (body,), row=row, column=column)


def is_one(body: Expr, row: Index, column: Index) -> bool:
    """True for Kronecker's 1[row = column]."""
    return isinstance(body, Identity) and body.plain and set(body.free) == {row, column}


def is_inverse_of_whole(body: Inverse, row: Index, column: Index) -> bool:
    """True where the matrix `body` over `row` and `column` is M⁻¹ or its transpose, of an M that has neither index."""
    return {body.left, body.right} == {row, column} and not {row, column} & set(
        _outside(body.body, body.row, body.column)
    )


def _square(i: Index, j: Index, what: str) -> None:
    if i.size != j.size:
        raise ShapeError(f"{what}: {i.name} runs over {i.size}, {j.name} over {j.size}")


def _outside(body: Expr, row: Index, column: Index) -> list[Index]:
    return [i for i in body.free if i not in (row, column)]


def _bound_matrix(body: Expr, row: Index, column: Index, taken: Iterable[str]) -> tuple[Expr, Index, Index, bool]:
    """The matrix with its bound indices named alike whatever they were; True where it has been transposed.

    Rows are what the index that is read first in the body numbers, so that M and Mᵀ are one body.
    """
    if row is column:
        raise ShapeError(f"the rows and the columns of a matrix have the one index {row.name}")
    names = {*taken, *(i.name for i in _outside(body, row, column))}
    _sorted_indices([*body.free, row, column], "a matrix")
    # In the order of the alphabet, as 1[r = s] has them.
    r, s = fresh(Index("r", row.size), names), fresh(Index("s", row.size), names)
    body = rename(body, {row: r, column: s})
    turned = not rows_first(body, r, s)
    return rename(body, {r: s, s: r}) if turned else body, r, s, turned


def rows_first(body: Expr, row: Index, column: Index) -> bool:
    """True where `row` is read before `column`, or neither is read."""
    if column not in body.free or row not in body.free:
        return column not in body.free
    inner = next((c for c in body.children if row in c.free or column in c.free), None)
    return body.own.index(row) < body.own.index(column) if inner is None else rows_first(inner, row, column)


# ---------------------------------------------------------------- the elementwise view


def scalar_of(e: Expr, atoms: list[Expr]) -> sympy.Expr:
    """`e` as a SymPy formula over `atoms` (extended as needed): sums, products and maps are opened, the rest are atoms.

    Of a Contract with summed indices, the factors that meet a summed index form one atom, the others are opened.
    """
    match e:
        case Number():
            return e.value
        case Add():
            return sympy.Add(*(scalar_of(t, atoms) for t in e.terms))
        case Contract():
            loose, tied = split(e)
            inner = [scalar_of(f, atoms) for f in loose]
            if tied is not None:
                inner.append(_atom(tied, atoms))
            return sympy.Mul(*inner)
        case Map():
            return _opened(e.formula, e.args, atoms)
        case _:
            return _atom(e, atoms)


def _opened(formula: sympy.Expr, args: Sequence[Expr], atoms: list[Expr]) -> sympy.Expr:
    """`formula` of the arguments, over `atoms` (extended as needed); what `compared_whole` names are atoms."""
    whole = compared_whole(formula, args)
    formula = scalar.renumbered_in_equalities(formula, {i: len(args) + i for i in whole})
    used = {scalar.slot_number(s) for s in scalar.slots_of(formula)}
    inner = {scalar.slot(i): scalar_of(a, atoms) for i, a in enumerate(args) if i in used}
    inner |= {scalar.slot(len(args) + i): _atom(args[i], atoms) for i in whole}
    return scalar.placed(formula, inner)


def compared_whole(formula: sympy.Expr, args: Sequence[Expr]) -> list[int]:
    """The places of the arguments that are atoms in an equality, whatever they are elsewhere.

    What is by cases: SymPy would compare each case by itself. And what is compared with a maximum over an axis: it is
    the one expression that the maximum is of, so that whatever is done to both, both are rounded alike, and it ties.
    """
    out = {i for i in scalar.compared(formula) if scalar_of(args[i], []).has(sympy.Piecewise)}
    out.update(*(pair for pair in scalar.equated(formula) if any(isinstance(args[i], Max) for i in pair)))
    return sorted(out)


def _atom(e: Expr, atoms: list[Expr]) -> sympy.Symbol:
    """The placeholder of `e`; sums that differ in the names of summed indices alone have one."""
    if e not in atoms:
        same = next((a for a in atoms if _alike(a, e)), None) if isinstance(e, Contract | Max) else None
        return slot_of(same or e, atoms)
    return slot_of(e, atoms)


def slot_of(e: Expr, atoms: list[Expr]) -> sympy.Symbol:
    """The placeholder of `e`, which joins the atoms where it is none of them."""
    if e not in atoms:
        atoms.append(e)
    return scalar.slot(atoms.index(e))


def _alike(a: Expr, b: Expr) -> bool:
    return type(a) is type(b) and a.free == b.free and a.names == b.names and canonical(a) is canonical(b)


def split(product: Contract) -> tuple[list[Expr], Expr | None]:
    """The factors free of summed indices, and the contraction of the others (None where nothing is summed)."""
    bound = set(product.summed)
    loose = [f for f in product.factors if not bound.intersection(f.free)]
    tied = [f for f in product.factors if bound.intersection(f.free)]
    if not tied:
        return loose, None
    return loose, (product if not loose else contract(tied, product.summed))


def from_scalar(formula: sympy.Expr, atoms: Sequence[Expr]) -> Expr:
    """The inverse of `scalar_of`: sums and products become Add and Contract, everything else one Map each.

    A number that all terms of a sum share stands before it; terms with a minus sign come last.
    """
    if isinstance(formula, sympy.Add):
        content, primitive = formula.primitive()
        terms = sorted(primitive.args, key=lambda t: t.could_extract_minus_sign())
        return contract([number(content), add(*(from_scalar(t, atoms) for t in terms))])
    if isinstance(formula, sympy.Mul):
        return contract([from_scalar(f, atoms) for f in formula.args])
    return _map(formula, atoms)


# ---------------------------------------------------------------- rebuilding


def renamed_node(e: Expr, children: Sequence[Expr], names: Mapping[str, str]) -> Expr:
    """The node `e` over children that differ from its own in names of symbols alone; itself renamed, if a symbol."""
    if isinstance(e, Symbol):
        return symbol(names.get(e.name, e.name), e.indices)
    if all(a is b for a, b in zip(children, e.children, strict=True)):
        return e
    return _intern(type(e), tuple(children), e.free, **{f: getattr(e, f) for f in e.fields})


def rename(e: Expr, names: Indices) -> Expr:
    """`e` with free indices substituted; bound indices step aside where they would capture a new one."""
    names = {i: j for i, j in names.items() if i != j}
    return _rename(e, names, {}) if names else e


def _rename(e: Expr, names: Indices, done: dict[Expr, Expr]) -> Expr:
    if e in done:
        return done[e]
    here = {i: j for i, j in names.items() if i in e.free}
    if not here:
        return e
    bound = e.bound
    inner = {**here, **_step_aside(e, bound, here)} if bound else here
    below = {} if bound else done
    done[e] = out = e.remade([_rename(c, inner, below) for c in e.children], inner)
    return out


def _step_aside(e: Expr, bound: Iterable[Index], names: Indices) -> dict[Index, Index]:
    incoming = {j.name for j in names.values()}
    taken = incoming | {i.name for c in e.children for i in c.free}
    clash = [i for i in bound if i.name in incoming]
    return dict(zip(clash, aside(clash, taken), strict=True))


def walk(e: Expr) -> Iterator[Expr]:
    """Every node of the DAG once, children before parents."""
    seen: set[Expr] = set()
    stack: list[tuple[Expr, bool]] = [(e, False)]
    while stack:
        node, ready = stack.pop()
        if node in seen:
            continue
        if ready:
            seen.add(node)
            yield node
        else:
            stack.append((node, True))
            stack.extend((c, False) for c in reversed(node.children))


def with_children(node: Expr, children: Sequence[Expr]) -> Expr:
    """The node over these children; itself where they are its own."""
    return node if all(a is b for a, b in zip(children, node.children, strict=True)) else node.remade(children)


def transform(e: Expr, law: Callable[[Expr], Expr | None]) -> Expr:
    """`law` at every node, children first; None means that the node stays."""
    done: dict[Expr, Expr] = {}
    for node in walk(e):
        kids = [done[c] for c in node.children]
        new = with_children(node, kids)
        done[node] = law(new) or new
    return done[e]


def canonical(e: Expr) -> Expr:
    """`e` with bound indices named by position, so that equal sums are one object."""

    def law(node: Expr) -> Expr | None:
        bound = () if isinstance(node, OfMatrix) else node.bound  # a matrix has its own names for them
        outside = {i.name for i in node.free}
        places = (name for p in count() if (name := f"bound{p}") not in outside)
        names = {i: Index(name, i.size) for i, name in zip(bound, places, strict=False)}
        if all(i == j for i, j in names.items()):
            return None
        return node.remade([rename(c, names) for c in node.children], names)

    return transform(e, law)


def symbols(e: Expr) -> tuple[Symbol, ...]:
    """The symbols in `e` (each access once), in the order of a left-to-right reading."""
    return tuple(n for n in walk(e) if isinstance(n, Symbol))


def names_read(e: Expr) -> list[str]:
    """The names of the symbols, in the order of a left-to-right reading."""
    return list(dict.fromkeys(s.name for s in symbols(e)))


def index_names(*exprs: Expr) -> set[str]:
    """The names of all indices in the expressions, bound ones included."""
    return {i.name for e in exprs for n in walk(e) for i in n.free}


def substitute(e: Expr, equation: Equation) -> Expr:
    """`e` with every access to the equation's left side replaced by its right side, indices renamed."""

    def law(node: Expr) -> Expr | None:
        if isinstance(node, Symbol) and node.name == equation.lhs.name:
            if equation.lhs.shape != node.shape:
                raise ShapeError(f"{node.key} in place of {equation.lhs.key}")
            aside = dict(zip(equation.lhs.indices, node.indices, strict=True))
            return rename(equation.rhs, aside)
        return None

    return transform(e, law)
