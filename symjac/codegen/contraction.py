"""Products with summed indices: cheapest pair first, each pair as the plainest NumPy operation there is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations

import sympy

from symjac.codegen.array import Array, aligned, constant, floating, permuted, reduced, times, union, volume
from symjac.codegen.code import atom, binary, call
from symjac.codegen.scalar_code import scaled
from symjac.core.index import Index


def product(
    factors: Sequence[Array], summed: Collection[Index], coefficient: sympy.Expr, wanted: Sequence[Index]
) -> Array:
    """coefficient · Σ_summed Π factors; the coefficient multiplies the smallest array on the way."""
    if not factors:
        return constant(coefficient)
    factors = list(factors)
    result = {i for a in factors for i in a.axes} - set(summed)
    if coefficient != 1 and len(factors) > 1:
        smallest = min(range(len(factors)), key=lambda p: (volume(factors[p].axes), factors[p].truth))
        if volume(factors[smallest].axes) < volume(result) and not factors[smallest].truth:
            factors[smallest] = _scale(factors[smallest], coefficient)
            coefficient = sympy.Integer(1)
    out = _contracted(factors, summed, wanted)
    return out if coefficient == 1 else _scale(out, coefficient)


def _scale(a: Array, coefficient: sympy.Expr) -> Array:
    return Array(scaled(coefficient, floating(a).code), a.axes)


def _contracted(factors: list[Array], summed: Collection[Index], wanted: Sequence[Index]) -> Array:
    while True:
        factors = [_summed_alone(p, factors, summed) for p in range(len(factors))]
        if len(factors) == 1:
            return factors[0]
        if not any(i in summed for a in factors for i in a.axes):
            return _elementwise(factors, wanted)
        first, second = _cheapest(factors, summed)
        others = [a for p, a in enumerate(factors) if p not in (first, second)]
        over = [i for i in factors[first].axes if i in summed and i in factors[second].axes]
        over = [i for i in over if not any(i in a.axes for a in others)]
        merged = pair(factors[first], factors[second], over, wanted)
        factors = [*factors[:first], merged, *(a for p, a in enumerate(factors) if p > first and p != second)]


def _summed_alone(place: int, factors: Sequence[Array], summed: Collection[Index]) -> Array:
    """A factor summed over the indices that no other factor has."""
    others = {i for p, a in enumerate(factors) if p != place for i in a.axes}
    return reduced(factors[place], [i for i in factors[place].axes if i in summed and i not in others], "sum")


def _elementwise(factors: Sequence[Array], wanted: Sequence[Index]) -> Array:
    """The product, numbers before truth values, so that none is multiplied by a Python number."""
    first, *rest = sorted(factors, key=lambda a: a.truth)
    out = first
    for a in rest:
        out = times(out, a, wanted)
    return out


def _cheapest(factors: Sequence[Array], summed: Collection[Index]) -> tuple[int, int]:
    """The pair whose product costs least; of equals, the one that leaves least, then the first."""
    if len(factors) == 2:
        return 0, 1

    def cost(places: tuple[int, int]) -> tuple[int, int, tuple[int, int]]:
        both = dict.fromkeys(i for p in places for i in factors[p].axes)
        others = {i for p, a in enumerate(factors) if p not in places for i in a.axes}
        return volume(both), volume(i for i in both if i in others or i not in summed), places

    return min(combinations(range(len(factors)), 2), key=cost)


def pair(a: Array, b: Array, over: Sequence[Index], wanted: Sequence[Index]) -> Array:
    """Σ_over a·b, `over` being axes of both."""
    if not over:
        return times(a, b, wanted)
    batch = [i for i in a.axes if i in b.axes and i not in over]
    free_a = [i for i in a.axes if i not in b.axes]
    free_b = [i for i in b.axes if i not in a.axes]
    inside = not free_a and not free_b and len(over) > 1
    if inside or (batch and not (free_a and free_b)):
        return _product_summed(a, b, over, wanted)
    a, b = floating(a), floating(b)
    if _comes_first(free_b, free_a, wanted):
        a, b, free_a, free_b = b, a, free_b, free_a
    if not batch:
        if len(over) == 1 and len(a.axes) <= 2 and len(b.axes) <= 2:
            return _matmul(permuted(a, [*free_a, *over]), permuted(b, [*over, *free_b]), [*free_a, *free_b])
        if len(over) == 1 and a.axes[-1] == over[0] and len(b.axes) == 2:
            return _matmul(a, permuted(b, [*over, *free_b]), [*free_a, *free_b])
        return _tensordot(a, b, over, [*free_a, *free_b])
    if len(over) == 1 and len(free_a) == 1 and len(free_b) == 1:
        left, right = permuted(a, [*batch, *free_a, *over]), permuted(b, [*batch, *over, *free_b])
        return _matmul(left, right, [*batch, *free_a, *free_b])
    return _einsum(a, b, [*batch, *free_a, *free_b])


def _product_summed(a: Array, b: Array, over: Sequence[Index], wanted: Sequence[Index]) -> Array:
    if a.truth and b.truth:
        a = floating(a)
    axes = union((a, b), wanted)
    return reduced(Array(binary(aligned(a, axes), "*", aligned(b, axes)), axes), over, "sum")


def _comes_first(these: Sequence[Index], those: Sequence[Index], wanted: Sequence[Index]) -> bool:
    """True where `wanted` has all of `these` before all of `those`."""
    if not these or not those or not all(i in wanted for i in (*these, *those)):
        return False
    return max(wanted.index(i) for i in these) < min(wanted.index(i) for i in those)


def _matmul(a: Array, b: Array, axes: Sequence[Index]) -> Array:
    return Array(binary(a.code, "@", b.code), tuple(axes))


def _tensordot(a: Array, b: Array, over: Sequence[Index], axes: Sequence[Index]) -> Array:
    places = [[x.axes.index(i) for i in over] for x in (a, b)]
    return Array(call("np.tensordot", a.code, b.code, options=[f"axes=({places[0]}, {places[1]})"]), tuple(axes))


def _einsum(a: Array, b: Array, axes: Sequence[Index]) -> Array:
    letters = {i: chr(ord("a") + p) for p, i in enumerate(dict.fromkeys([*a.axes, *b.axes]))}
    subscripts = ["".join(letters[i] for i in x) for x in (a.axes, b.axes, axes)]
    pattern = atom(f'"{subscripts[0]},{subscripts[1]}->{subscripts[2]}"')
    return Array(call("np.einsum", pattern, a.code, b.code), tuple(axes))
