"""Component-wise SymPy: every entry of an expression as a SymPy formula, at small numeric sizes.

The road of proof: differentiate each entry with SymPy itself and compare with the entries of a derived formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import sympy

from symjac.core import scalar
from symjac.core.expr import Add, Contract, Determinant, Expr, Identity, Inverse, Map, Max, Number, OfMatrix, Symbol
from symjac.core.index import Index

Sizes = Mapping[sympy.Symbol, int]
Tensors = Mapping[str, sympy.NDimArray]


def tensor(name: str, shape: Sequence[int], **assumptions: bool) -> sympy.NDimArray:
    """An array of distinct SymPy symbols name_00, name_01, ..."""
    entries = [sympy.Symbol(name + "_" + "_".join(map(str, at)), real=True, **assumptions) for at in _grid(shape)]
    return sympy.ImmutableDenseNDimArray(entries, tuple(shape)) if shape else sympy.ImmutableDenseNDimArray(entries, ())


def components(e: Expr, order: Sequence[Index], tensors: Tensors, sizes: Sizes) -> sympy.NDimArray:
    """The entries of `e` over the axes `order`; `sizes` gives a number for each size symbol.

    Raises KeyError for a tensor that is not in `tensors`.
    """
    shape = [_size(i, sizes) for i in order]
    entries = [_entry(e, dict(zip(order, at, strict=True)), tensors, sizes) for at in _grid(shape)]
    return sympy.ImmutableDenseNDimArray(entries, tuple(shape))


def _grid(shape: Sequence[int]) -> list[tuple[int, ...]]:
    return list(product(*(range(n) for n in shape)))


def _size(i: Index, sizes: Sizes) -> int:
    return int(i.size.subs(sizes))


def _entry(e: Expr, at: Mapping[Index, int], tensors: Tensors, sizes: Sizes) -> sympy.Expr:
    match e:
        case Number():
            return e.value.subs(sizes)
        case Symbol():
            return tensors[e.name][tuple(at[i] for i in e.indices)] if e.indices else tensors[e.name][()]
        case Identity():
            where = sum((c.subs(sizes) * at[i] for c, i in e.terms), e.offset.subs(sizes))
            return sympy.Integer(int(at[e.target] == where))
        case Add():
            return sympy.Add(*(_entry(t, at, tensors, sizes) for t in e.terms))
        case Contract():
            return sympy.Add(
                *(
                    sympy.Mul(*(_entry(f, inner, tensors, sizes) for f in e.factors))
                    for inner in _bind(e.summed, at, sizes)
                )
            )
        case Map():
            args = {scalar.slot(p): _entry(a, at, tensors, sizes) for p, a in enumerate(e.args)}
            return e.formula.xreplace(args).subs(sizes)
        case Max():
            return sympy.Max(*(_entry(e.body, inner, tensors, sizes) for inner in _bind(e.over, at, sizes)))
        case Inverse():
            matrix = _matrix(e, at, tensors, sizes)
            return matrix.cofactor(at[e.right], at[e.left], "berkowitz") / matrix.det("berkowitz")
        case Determinant():
            return _matrix(e, at, tensors, sizes).det("berkowitz")
    raise TypeError(f"no components for {type(e).__name__}")


def _matrix(e: OfMatrix, at: Mapping[Index, int], tensors: Tensors, sizes: Sizes) -> sympy.Matrix:
    n = _size(e.row, sizes)
    return sympy.Matrix(n, n, lambda i, j: _entry(e.body, {**at, e.row: i, e.column: j}, tensors, sizes))


def _bind(bound: Sequence[Index], at: Mapping[Index, int], sizes: Sizes) -> list[dict[Index, int]]:
    return [{**at, **dict(zip(bound, values, strict=True))} for values in _grid([_size(i, sizes) for i in bound])]
