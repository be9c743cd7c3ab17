"""Subscripts of index notation: affine forms in the indices, where they reach, the accesses that they make.

X[s·i + d·p − o] is Σ_u X[u] 1[u = s·i + d·p − o]. A subscript that begins below 0 means padding by zeros, as far on the
other end as on this one; any other subscript has to stay within the array.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import sympy

from symjac.core.errors import InputError
from symjac.core.expr import Expr, affine, contract, identity, symbol
from symjac.core.index import Index, axes
from symjac.model.names import suggest
from symjac.model.parse import Access, Ast, ChainAst, NameAst, Negative, NodeAst, NumberAst, Reduction, children
from symjac.model.scope import Scope

MOST_INDICES = 6


@dataclass(frozen=True, slots=True)
class Affine:
    """Σ coefficient·index + offset."""

    terms: Mapping[Index, sympy.Expr]
    offset: sympy.Expr

    @property
    def plain(self) -> Index | None:
        """The index that stands alone, if it does."""
        if self.offset == 0 and list(self.terms.values()) == [1]:
            return next(iter(self.terms))
        return None

    def ends(self) -> tuple[sympy.Expr, sympy.Expr] | None:
        """The least and the greatest value; None where a coefficient may have either sign."""
        low = high = self.offset
        for i, coefficient in self.terms.items():
            reach = coefficient * (i.size - 1)
            if coefficient.is_nonnegative:
                high += reach
            elif coefficient.is_nonpositive:
                low += reach
            else:
                return None
        return sympy.expand(low), sympy.expand(high)


def read_affine(ast: Ast, node: NodeAst, indices: Mapping[str, Index], scope: Scope) -> Affine:
    """`node` as an affine form. Raises InputError."""
    terms, offset = _affine(ast, node, indices, scope)
    terms = {i: c for i, c in terms.items() if c != 0}
    if len(terms) > MOST_INDICES:
        raise ast.error(node.at, f"a subscript of {len(terms)} indices", f"at most {MOST_INDICES}")
    return Affine(terms, offset)


def _affine(
    ast: Ast, node: NodeAst, indices: Mapping[str, Index], scope: Scope
) -> tuple[dict[Index, sympy.Expr], sympy.Expr]:
    zero = sympy.Integer(0)
    match node:
        case NumberAst() if node.value.is_Integer:
            return {}, node.value
        case NameAst():
            if node.name in indices:
                return {indices[node.name]: sympy.Integer(1)}, zero
            if node.name in scope.sizes:
                return {}, scope.sizes[node.name]
            raise _unknown_index(ast, node, indices, scope)
        case Negative():
            terms, offset = _affine(ast, node.of, indices, scope)
            return {i: -c for i, c in terms.items()}, -offset
        case ChainAst() if all(link.operator in "+-*" for link in node.links):
            terms, offset = _affine(ast, node.first, indices, scope)
            for link in node.links:
                more, shift = _affine(ast, link.operand, indices, scope)
                if link.operator == "*":
                    if terms and more:
                        raise ast.error(link.at, "a product of indices in a subscript", "sizes times indices, added up")
                    factor = offset if more else shift
                    terms = {i: c * factor for i, c in (more or terms).items()}
                    offset = offset * shift
                else:
                    sign = 1 if link.operator == "+" else -1
                    terms = {i: terms.get(i, zero) + sign * more.get(i, zero) for i in (*terms, *more)}
                    offset = offset + sign * shift
            return terms, offset
    raise ast.error(node.at, "this cannot be a subscript", "whole numbers and sizes times indices, added up")


def _unknown_index(ast: Ast, node: NameAst, indices: Mapping[str, Index], scope: Scope) -> InputError:
    hint = suggest(node.name, [*indices, *scope.sizes])
    if len(node.name) == 1 or not hint:
        hint = f"sum over it, sum[{node.name}] ..., or put it on the left side"
    return ast.error(node.at, f"the index '{node.name}' is neither summed nor on the left side", "", hint)


# ---------------------------------------------------------------- ranges


def bind(ast: Ast, name: NameAst, bodies: Sequence[NodeAst], scope: Scope, known: sympy.Expr | None = None) -> Index:
    """The index that `name` introduces over `bodies`; `known` is the size of the axis that it names on the left side.

    Its range is its extent where the scope gives one, else that of the axes at which it stands alone. Raises InputError
    where there is none, or where two axes differ.
    """
    if name.name in scope.sizes:
        raise ast.error(name.at, f"'{name.name}' is a size, so no index can have its name", "another name")
    if name.name in scope.extents:
        return Index(name.name, scope.extents[name.name])
    found: tuple[sympy.Expr, str] | None = None if known is None else (known, "the left side")
    for at, tensor, size in _alone(name.name, bodies, scope):
        if found is not None and found[0] != size:
            problem = f"index {name.name} runs over {found[0]} in {found[1]} and over {size} in {tensor}"
            raise ast.error(at, problem, "equal sizes")
        found = (size, tensor)
    if found is None:
        problem = f"the index '{name.name}' has no known range"
        hint = f"or give its extent: {name.name}: SIZE"
        raise ast.error(name.at, problem, "an index that stands alone as a subscript somewhere", hint)
    return Index(name.name, found[0])


def _alone(name: str, bodies: Sequence[NodeAst], scope: Scope) -> Iterable[tuple[int, str, sympy.Expr]]:
    """(offset, array, size) of each axis at which the index stands alone, outside of sums that bind the name anew."""
    stack = list(reversed(bodies))
    while stack:
        node = stack.pop()
        if isinstance(node, Reduction) and name in (i.name for i in node.indices):
            continue
        if isinstance(node, Access):
            for subscript, size in zip(node.subscripts, scope.tensors[node.name], strict=True):
                if isinstance(subscript, NameAst) and subscript.name == name:
                    yield subscript.at, node.name, size
        else:
            stack.extend(reversed(children(node)))


# ---------------------------------------------------------------- accesses


def access(ast: Ast, node: Access, indices: Mapping[str, Index], scope: Scope, taken: set[str]) -> Expr:
    """X[subscripts], one an axis; `taken` are the index names in use, to which the auxiliary ones are added."""
    places: list[Index] = []
    selectors: list[Expr] = []
    summed: list[Index] = []
    for subscript, size in zip(node.subscripts, scope.tensors[node.name], strict=True):
        form = read_affine(ast, subscript, indices, scope)
        alone = form.plain
        if alone is not None and alone.size == size:
            places.append(alone)
            continue
        _check_reach(ast, subscript, form, node.name, size)
        target = auxiliary(size, taken)
        places.append(target)
        summed.append(target)
        selectors.append(selector(target, form))
    return contract([symbol(node.name, places), *selectors], summed)


def selector(target: Index, form: Affine) -> Expr:
    """1[target = form]."""
    alone = form.plain
    if alone is not None and alone.size == target.size:
        return identity(target, alone)
    return affine(target, [(c, i) for i, c in form.terms.items()], form.offset)


def auxiliary(size: sympy.Expr, taken: set[str]) -> Index:
    """An index with a name of its own."""
    new = axes((size,), taken=taken)[0]
    taken.add(new.name)
    return new


def _check_reach(ast: Ast, node: NodeAst, form: Affine, name: str, size: sympy.Expr) -> None:
    ends = form.ends()
    if ends is None:
        raise ast.error(node.at, "a coefficient in this subscript may have either sign", "a sign that is known")
    low, high = ends
    padding = -low if low.is_negative else sympy.Integer(0)
    outside = size - 1 + padding - _without_floor(high)
    runs = f"this subscript runs from {low} to {high}, the axis of {name} from 0 to {size - 1}"
    if not (low.is_negative or low.is_nonnegative) or not sympy.expand(outside).is_nonnegative:
        hint = "padding below 0 allows as much on the other end" if low.is_negative else "for padding, begin below 0"
        raise ast.error(node.at, runs, "a subscript within the axis", hint)


def _without_floor(e: sympy.Expr) -> sympy.Expr:
    """An upper bound of `e`, in which floors stand with positive coefficients (they come from sizes)."""
    return sympy.expand(e.replace(sympy.floor, lambda inner: inner))


# ---------------------------------------------------------------- the left side


def check_landing(ast: Ast, node: NodeAst, form: Affine, size: sympy.Expr | None) -> sympy.Expr:
    """The size of the axis that `form` fills on the left side, where `size` does not say it.

    Raises InputError where an entry falls outside, or where two entries may fall in one place.
    """
    ends = form.ends()
    if ends is None or not ends[0].is_nonnegative:
        raise ast.error(node.at, "this subscript may fall below 0", "a left side that begins at 0")
    length = ends[1] + 1
    if size is not None and not sympy.expand(size - length).is_nonnegative:
        found = f"this subscript reaches {ends[1]}, the axis ends at {size - 1}"
        raise ast.error(node.at, found, "a subscript within the axis")
    if not _distinct(form):
        hint = "for example F[n, h*w*c + w*i + j], i over h and j over w"
        raise ast.error(node.at, "two entries may fall in one place", "a place for each value of the indices", hint)
    return length if size is None else size


def _distinct(form: Affine) -> bool:
    """Whether different indices give different values: mixed radix, each step longer than all smaller ones together."""
    for order in permutations(form.terms.items()):
        span = sympy.Integer(0)
        for i, coefficient in order:
            step = coefficient if coefficient.is_nonnegative else -coefficient
            if not sympy.expand(step - span - 1).is_nonnegative and i.size != 1:
                break
            span += step * (i.size - 1)
        else:
            return True
    return False
