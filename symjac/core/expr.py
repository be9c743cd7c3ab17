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
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import sympy

from symjac.core import scalar
from symjac.core.index import Index, fresh


class ShapeError(ValueError):
    """Two sizes that must agree do not; the message names the index and both sizes."""


_interned: WeakValueDictionary[tuple[Any, ...], Expr] = WeakValueDictionary()
E = TypeVar("E", bound="Expr")


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

    def __repr__(self) -> str:
        return self.key


def _intern(cls: type[E], key: str, children: tuple[Expr, ...], free: Iterable[Index], **fields: Any) -> E:
    known = _interned.get((cls, key))
    if known is not None:
        return known  # type: ignore[return-value]
    node = object.__new__(cls)
    node.key = key
    node.children = children
    node.free = _sorted_indices(free, key)
    node.names = frozenset().union(*(c.names for c in children))
    for name, value in fields.items():
        setattr(node, name, value)
    _interned[(cls, key)] = node
    return node


def _sorted_indices(indices: Iterable[Index], where: str) -> tuple[Index, ...]:
    by_name: dict[str, Index] = {}
    for i in indices:
        known = by_name.setdefault(i.name, i)
        if known is not i:
            raise ShapeError(f"index {i.name} runs over {known.size} and over {i.size} in {where}")
    return tuple(by_name[name] for name in sorted(by_name))


class Symbol(Expr):
    __slots__ = ("indices", "name")
    name: str
    indices: tuple[Index, ...]

    @property
    def shape(self) -> tuple[sympy.Expr, ...]:
        return tuple(i.size for i in self.indices)


class Number(Expr):
    __slots__ = ("value",)
    value: sympy.Expr


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


class Add(Expr):
    __slots__ = ()

    @property
    def terms(self) -> tuple[Expr, ...]:
        return self.children


class Contract(Expr):
    __slots__ = ("summed",)
    summed: tuple[Index, ...]

    @property
    def factors(self) -> tuple[Expr, ...]:
        return self.children


class Map(Expr):
    """`formula` in the placeholders `scalar.slot(0), slot(1), ...`, one a child."""

    __slots__ = ("formula",)
    formula: sympy.Expr

    @property
    def args(self) -> tuple[Expr, ...]:
        return self.children


class Max(Expr):
    __slots__ = ("over",)
    over: tuple[Index, ...]

    @property
    def body(self) -> Expr:
        return self.children[0]


class OfMatrix(Expr):
    """A function of the matrix M[row, column] = body; the two indices are bound, and named by the constructor."""

    __slots__ = ("column", "row")
    row: Index
    column: Index

    @property
    def body(self) -> Expr:
        return self.children[0]


class Inverse(OfMatrix):
    """(M⁻¹)[left, right]; `left` runs over the columns of M, `right` over its rows."""

    __slots__ = ("left", "right")
    left: Index
    right: Index


class Determinant(OfMatrix):
    """det M."""

    __slots__ = ()


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
    inner = ",".join([i.text for i in indices])
    node = _intern(Symbol, f"{name}[{inner}]", (), indices, name=name, indices=tuple(indices))
    node.names = frozenset((name,))
    return node


def number(value: int | sympy.Expr) -> Number:
    value = sympy.sympify(value) if isinstance(value, int) else value
    return _intern(Number, f"({scalar.text(value)})", (), (), value=value)


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
    sides = " + ".join([f"{scalar.text(c)}·{i!r}" for c, i in kept] + [scalar.text(offset)])
    free = (target, *(i for _, i in kept))
    return _intern(Identity, f"1[{target!r} = {sides}]", (), free, target=target, terms=kept, offset=offset)


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
    key = _sum_key([t.key for t in flat])
    return _intern(Add, key, tuple(flat), (i for t in flat for i in t.free))


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
    key = _product_key([f.key for f in parts], bound)
    known = _interned.get((Contract, key))
    if known is not None:
        return known
    free = _sorted_indices((i for f in parts for i in f.free), key)
    return _intern(Contract, key, parts, [i for i in free if i not in bound], summed=tuple(bound))


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
        renaming: dict[Index, Index] = {}
        for i in f.summed:
            new = fresh(i, taken)
            taken.add(new.name)
            bound.append(new)
            if new != i:
                renaming[i] = new
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

    Arguments that are themselves elementwise are taken into the formula, but for cases in an equality; unused and
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
    key = _map_key(formula, [a.key for a in args])
    return _intern(Map, key, args, (i for a in args for i in a.free), formula=formula)


def maximum(body: Expr, over: Iterable[Index]) -> Expr:
    """The maximum of `body` over the indices `over`; what `body` lacks changes nothing, nested maxima are one."""
    over = tuple(dict.fromkeys(over))
    _sorted_indices([*body.free, *over], "a maximum")
    kept = tuple(i for i in over if i in body.free)
    if not kept:
        return body
    if isinstance(body, Max):
        return maximum(body.body, (*body.over, *kept))
    key = _max_key(body.key, kept)
    return _intern(Max, key, (body,), [i for i in body.free if i not in kept], over=kept)


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
    key = _matrix_key("inverse", body.key, row, column, (left, right))
    free = [*_outside(body, row, column), left, right]
    return _intern(Inverse, key, (body,), free, row=row, column=column, left=left, right=right)


def determinant(body: Expr, row: Index, column: Index) -> Expr:
    """det M of the square matrix M[row, column] = `body`; det 1 = 1, and det Mᵀ is det M."""
    _square(row, column, "the determinant")
    if is_one(body, row, column):
        return ONE
    body, row, column, _ = _bound_matrix(body, row, column, ())
    key = _matrix_key("determinant", body.key, row, column)
    return _intern(Determinant, key, (body,), _outside(body, row, column), row=row, column=column)


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

    Rows are what the index that comes first in the body's text numbers, so that M and Mᵀ are one body.
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
    """True where `row` comes before `column` in the body's text."""
    return _first_place(row, body) <= _first_place(column, body)


def _first_place(i: Index, body: Expr) -> int:
    found = re.search(rf"(?<!\w){i.name}:", body.key) if i in body.free else None
    return found.start() if found else len(body.key)


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
    """`formula` of the arguments, over `atoms` (extended as needed).

    What is by cases is an atom in an equality. SymPy would compare each case by itself, and what is computed in another
    way is rounded otherwise, so that it ties with nothing.
    """
    whole = [i for i in scalar.compared(formula) if scalar_of(args[i], []).has(sympy.Piecewise)]
    formula = scalar.renumbered_in_equalities(formula, {i: len(args) + i for i in whole})
    used = {scalar.slot_number(s) for s in scalar.slots_of(formula)}
    inner = {scalar.slot(i): scalar_of(a, atoms) for i, a in enumerate(args) if i in used}
    inner |= {scalar.slot(len(args) + i): _atom(args[i], atoms) for i in whole}
    return scalar.placed(formula, inner)


def _atom(e: Expr, atoms: list[Expr]) -> sympy.Symbol:
    """The placeholder of `e`; sums that differ in the names of summed indices alone have one."""
    if e not in atoms:
        same = next((a for a in atoms if _alike(a, e)), None) if isinstance(e, Contract | Max) else None
        if same is not None:
            return scalar.slot(atoms.index(same))
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


def rebuild(e: Expr, children: Sequence[Expr]) -> Expr:
    """The node `e` over other children, through its constructor."""
    match e:
        case Add():
            return add(*children)
        case Contract():
            return contract(children, e.summed)
        case Map():
            return apply(e.formula, children)
        case Max():
            return maximum(children[0], e.over)
        case Inverse():
            return inverse(children[0], e.row, e.column, e.left, e.right)
        case Determinant():
            return determinant(children[0], e.row, e.column)
        case _:
            return e


def renamed_node(e: Expr, children: Sequence[Expr], names: Mapping[str, str]) -> Expr:
    """The node `e` over children that differ from its own in names of symbols alone; itself renamed, if a symbol."""
    if isinstance(e, Symbol):
        return symbol(names.get(e.name, e.name), e.indices)
    if all(a is b for a, b in zip(children, e.children, strict=True)):
        return e
    keys = [c.key for c in children]
    kids = tuple(children)
    match e:
        case Add():
            return _intern(Add, _sum_key(keys), kids, e.free)
        case Contract():
            return _intern(Contract, _product_key(keys, e.summed), kids, e.free, summed=e.summed)
        case Map():
            return _intern(Map, _map_key(e.formula, keys), kids, e.free, formula=e.formula)
        case Max():
            return _intern(Max, _max_key(keys[0], e.over), kids, e.free, over=e.over)
        case Inverse():
            key = _matrix_key("inverse", keys[0], e.row, e.column, (e.left, e.right))
            return _intern(Inverse, key, kids, e.free, row=e.row, column=e.column, left=e.left, right=e.right)
        case Determinant():
            key = _matrix_key("determinant", keys[0], e.row, e.column)
            return _intern(Determinant, key, kids, e.free, row=e.row, column=e.column)
    raise TypeError(f"{type(e).__name__} has no children")


def _sum_key(keys: Sequence[str]) -> str:
    return "(" + " + ".join(keys) + ")"


def _product_key(keys: Sequence[str], summed: Sequence[Index]) -> str:
    inner = " * ".join(keys)
    return f"Σ[{','.join([i.text for i in summed])}]({inner})" if summed else f"({inner})"


def _map_key(formula: sympy.Expr, keys: Sequence[str]) -> str:
    return f"{scalar.text(formula)}<{'; '.join(keys)}>"


def _max_key(key: str, over: Sequence[Index]) -> str:
    return f"max[{','.join([i.text for i in over])}]({key})"


def _matrix_key(what: str, key: str, row: Index, column: Index, at: Sequence[Index] = ()) -> str:
    """As `<inverse r,s: body>[a,b]`: no name stands before a bracket, so that none is taken for a symbol's."""
    place = f"[{','.join([i.text for i in at])}]" if at else ""
    return f"<{what} {row.text},{column.text}: {key}>{place}"


def rename(e: Expr, names: Mapping[Index, Index]) -> Expr:
    """`e` with free indices substituted; bound indices step aside where they would capture a new one."""
    names = {i: j for i, j in names.items() if i != j}
    return _rename(e, names, {}) if names else e


def _rename(e: Expr, names: Mapping[Index, Index], done: dict[Expr, Expr]) -> Expr:
    if e in done:
        return done[e]
    here = {i: j for i, j in names.items() if i in e.free}
    if not here:
        return e
    out: Expr
    match e:
        case Symbol():
            out = symbol(e.name, [here.get(i, i) for i in e.indices])
        case Identity():
            target = here.get(e.target, e.target)
            terms = [(c, here.get(i, i)) for c, i in e.terms]
            out = affine(target, terms, e.offset)
        case Contract() | Max():
            bound = e.summed if isinstance(e, Contract) else e.over
            moved = _step_aside(e, bound, here)
            inner = {**here, **moved}
            kids = [_rename(c, inner, {}) for c in e.children]
            new_bound = [moved.get(i, i) for i in bound]
            out = contract(kids, new_bound) if isinstance(e, Contract) else maximum(kids[0], new_bound)
        case Inverse() | Determinant():
            moved = _step_aside(e, (e.row, e.column), here)
            body = _rename(e.body, {**here, **moved}, {})
            row, column = moved.get(e.row, e.row), moved.get(e.column, e.column)
            if isinstance(e, Inverse):
                out = inverse(body, row, column, here.get(e.left, e.left), here.get(e.right, e.right))
            else:
                out = determinant(body, row, column)
        case _:
            out = rebuild(e, [_rename(c, here, done) for c in e.children])
    done[e] = out
    return out


def _step_aside(e: Expr, bound: Iterable[Index], names: Mapping[Index, Index]) -> dict[Index, Index]:
    taken = {j.name for j in names.values()} | {i.name for c in e.children for i in c.free}
    incoming = {j.name for j in names.values()}
    moved: dict[Index, Index] = {}
    for i in bound:
        if i.name in incoming:
            moved[i] = fresh(i, taken)
            taken.add(moved[i].name)
    return moved


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


def transform(e: Expr, law: Callable[[Expr], Expr | None]) -> Expr:
    """`law` at every node, children first; None means that the node stays."""
    done: dict[Expr, Expr] = {}
    for node in walk(e):
        kids = [done[c] for c in node.children]
        new = node if all(a is b for a, b in zip(kids, node.children, strict=True)) else rebuild(node, kids)
        done[node] = law(new) or new
    return done[e]


def canonical(e: Expr) -> Expr:
    """`e` with bound indices named by position, so that equal sums are one object."""

    def law(node: Expr) -> Expr | None:
        over = node.summed if isinstance(node, Contract) else node.over if isinstance(node, Max) else ()
        outside = {i.name for i in node.free}
        places = (name for p in count() if (name := f"bound{p}") not in outside)
        names = {i: Index(name, i.size) for i, name in zip(over, places, strict=False)}
        if all(i == j for i, j in names.items()):
            return None
        kids = [rename(c, names) for c in node.children]
        return contract(kids, names.values()) if isinstance(node, Contract) else maximum(kids[0], names.values())

    return transform(e, law)


def symbols(e: Expr) -> tuple[Symbol, ...]:
    """The symbols in `e` (each access once), in the order of a left-to-right reading."""
    return tuple(n for n in walk(e) if isinstance(n, Symbol))


def bound(node: Expr) -> tuple[Index, ...]:
    """The indices that the node binds."""
    match node:
        case Contract():
            return node.summed
        case Max():
            return node.over
        case OfMatrix():
            return node.row, node.column
    return ()


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
