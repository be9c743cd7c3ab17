"""Matrix algebra over expressions: numbers, columns, rows, matrices, and what people do with them.

A value's axes are internal indices named _0, _1, ... in order, so no letter of a text is one of them. Its expression
may have further free indices, the letters of samples and entries: operations work for each of their values, and
operands that share a letter share its value.

A 1 x 1 matrix counts as a number, n x 1 as a column, 1 x n as a row; results of at most two axes have none of size 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

import sympy

from symjac.core import expr as nodes
from symjac.core import scalar as scalars
from symjac.core.expr import ONE, Expr, ShapeError, Symbol, affine, apply, contract, identity, number, rename
from symjac.core.index import Index

Size: TypeAlias = sympy.Expr
_1 = sympy.Integer(1)


class SizeMismatch(ShapeError):
    """Two sizes that must agree, `left` and `right`, do not; `what` has both shapes: "2 x 3 times 2 x 5"."""

    def __init__(self, left: Size, right: Size, what: str) -> None:
        super().__init__(f"{what}: {left} is not {right}")
        self.left = left
        self.right = right
        self.what = what


@dataclass(frozen=True, slots=True)
class Value:
    """No axes: a number; one: a column, or with `row` a row; two: a matrix, rows first; more: a tensor."""

    expr: Expr
    axes: tuple[Index, ...] = ()
    row: bool = False

    def __post_init__(self) -> None:
        if [i.name for i in self.axes] != [f"_{place}" for place in range(len(self.axes))]:
            raise ValueError(f"the axes of a value are named {', '.join(i.name for i in self.axes)}")
        if self.row and len(self.axes) != 1:
            raise ValueError(f"a row of {len(self.axes)} axes")

    @property
    def shape(self) -> tuple[Size, ...]:
        return tuple(i.size for i in self.axes)


def shape_text(a: Value) -> str:
    """As a person says it: number, column of m, row of n, m x n."""
    if not a.axes:
        return "number"
    if len(a.axes) == 1:
        return f"{'row' if a.row else 'column'} of {a.axes[0].size}"
    return " x ".join(f"({s})" if s.is_Add else str(s) for s in a.shape)


# ---------------------------------------------------------------- making and taking apart


def value(e: Expr, axes: Sequence[Index] = (), row: bool = False) -> Value:
    """The value whose axes are the indices `axes` of `e`, in that order; they are renamed, the others stay free."""
    new = tuple(Index(f"_{place}", sympy.expand(i.size)) for place, i in enumerate(axes))
    return Value(rename(e, dict(zip(axes, new, strict=True))), new, row and len(new) == 1)


def scalar(e: Expr | sympy.Expr | int) -> Value:
    return Value(e if isinstance(e, Expr) else number(e))


def from_symbol(s: Symbol, axes: Sequence[Index] | None = None, row: bool = False) -> Value:
    """A declared tensor; of its indices those not among `axes` (default: all are) stay free letters."""
    return value(s, s.indices if axes is None else axes, row)


def ones(*sizes: Size | int, row: bool = False) -> Value:
    """A column (with `row`, a row), matrix or tensor of ones."""
    return value(ONE, [Index(f"_{place}", sympy.sympify(size)) for place, size in enumerate(sizes)], row)


def zeros(*sizes: Size | int, row: bool = False) -> Value:
    shape = ones(*sizes, row=row)
    return Value(nodes.ZERO, shape.axes, shape.row)


def eye(size: Size | int) -> Value:
    """1[i = j]."""
    i, j = ones(size, size).axes
    return slim(Value(identity(i, j), (i, j)))


def slim(a: Value) -> Value:
    """Without axes of size 1, where it has at most two axes."""
    gone = [i for i in a.axes if i.size == 1]
    if not gone or len(a.axes) > 2:
        return a
    kept = [i for i in a.axes if i not in gone]
    row = a.row if len(a.axes) == 1 else kept == [a.axes[1]]
    return value(contract([a.expr], gone), kept, row)


def same(a: Value, b: Value, what: str = "=") -> tuple[Value, Value]:
    """Both with the axes of the first, for comparison. Raises SizeMismatch where they are of unlike shapes."""
    a, b = slim(a), slim(b)
    if bool(a.axes) != bool(b.axes):
        _refuse(a, b, what)
    left, right = _aligned([a, b], what)
    return left, right


def entry(a: Value, *at: Index | int | tuple[Sequence[tuple[sympy.Expr, Index]], sympy.Expr] | None) -> Value:
    """The entries at the given places, one an axis: a letter, a number (from 0), Σ c·i + o as (terms, o), or None for
    an axis that stays. Outside of the value's range an entry is 0. Of a matrix, a row stays a row."""
    if len(at) != len(a.axes):
        raise ShapeError(f"{len(at)} indices at a {shape_text(a)}")
    ties: list[Expr] = []
    for axis, where in zip(a.axes, at, strict=True):
        if isinstance(where, Index):
            if not _equal(axis.size, where.size):
                raise SizeMismatch(axis.size, where.size, f"entry {where.name} of a {shape_text(a)}")
            ties.append(identity(axis, Index(where.name, axis.size)))
        elif isinstance(where, int):
            ties.append(affine(axis, (), sympy.Integer(where)))
        elif where is not None:
            ties.append(affine(axis, *where))
    kept = [axis for axis, where in zip(a.axes, at, strict=True) if where is None]
    taken = [axis for axis in a.axes if axis not in kept]
    row = a.row if len(a.axes) == 1 else len(a.axes) == 2 and kept == [a.axes[1]]
    return value(contract([a.expr, *ties], taken), kept, row)


def bind(a: Value, *letters: Index) -> Value:
    """The sum over free letters; over one that the value lacks, its size times the value."""
    return Value(contract([a.expr], letters), a.axes, a.row)


def largest_of(a: Value, *letters: Index) -> Value:
    """The maximum over free letters."""
    return Value(nodes.maximum(a.expr, letters), a.axes, a.row)


# ---------------------------------------------------------------- entry by entry


def elementwise(formula: sympy.Expr, *values: Value, what: str = "with") -> Value:
    """A formula in the placeholders `slot(0), slot(1), ...`, one a value; numbers count for every entry."""
    aligned = _aligned(values, what)
    return _like(aligned, apply(formula, [a.expr for a in aligned]))


def add(*values: Value) -> Value:
    """The sum; a number is added to every entry."""
    aligned = _aligned(values, "plus")
    return _like(aligned, nodes.add(*(a.expr for a in aligned)))


def hadamard(*values: Value) -> Value:
    aligned = _aligned(values, "⊙")
    return _like(aligned, contract([a.expr for a in aligned]))


def divide(a: Value, b: Value) -> Value:
    left, right = _aligned([a, b], "⊘")
    return _like([left, right], contract([left.expr, apply(1 / scalars.slot(0), [right.expr])]))


def negate(a: Value) -> Value:
    return Value(nodes.negate(a.expr), a.axes, a.row)


def scale(c: sympy.Expr | int, a: Value) -> Value:
    return Value(contract([number(c), a.expr]), a.axes, a.row)


def repeated(a: Value, like: Value) -> Value:
    """`a` in the shape of `like`: a number everywhere, a row in every row, a column in every column of a matrix."""
    a, like = slim(a), slim(like)
    if a.axes and len(like.axes) == 2 and len(a.axes) == 1:
        axis = like.axes[1 if a.row else 0]
        if not _equal(a.axes[0].size, axis.size):
            raise SizeMismatch(a.axes[0].size, axis.size, f"{shape_text(a)} repeated to {shape_text(like)}")
        return Value(rename(a.expr, {a.axes[0]: axis}), like.axes)
    return _like([like], _aligned([like, a], "like")[1].expr)


# ---------------------------------------------------------------- products


def matmul(a: Value, b: Value) -> Value:
    """Σ_j a[i,j] b[j,l]; a number scales. A column is n x 1, a row 1 x n."""
    a, b = slim(a), slim(b)
    if not a.axes or not b.axes:
        return _like([a, b], contract([a.expr, b.expr]))
    _at_most_matrices("times", a, b)
    rows, shared = _rows_columns(a)
    other, columns = _rows_columns(b)
    left, right = (_1 if i is None else i.size for i in (shared, other))
    if not _equal(left, right):
        raise SizeMismatch(left, right, f"{shape_text(a)} times {shape_text(b)}")
    summed = Index("_2", left)
    first = a.expr if shared is None else rename(a.expr, {shared: summed})
    moved = {} if columns is None else {columns: Index("_1", columns.size)}
    second = rename(b.expr, moved if other is None else {other: summed, **moved})
    kept = None if columns is None else moved[columns]
    return _matrix(contract([first, second], [] if shared is None else [summed]), rows, kept)


def product(*values: Value) -> Value:
    """a b c ..., from the left."""
    return reduce(matmul, values)


def power(a: Value, exponent: int) -> Value:
    """aⁿ of a number or a square matrix; a negative power is one of the inverse."""
    a = slim(a)
    if not a.axes:
        return elementwise(scalars.slot(0) ** exponent, a)
    if exponent < 0:
        return power(inverse(a), -exponent)
    _square(a, f"power {exponent}")
    return product(*[a] * exponent) if exponent else eye(a.axes[0].size)


def transpose(a: Value) -> Value:
    if not a.axes:
        return a
    _at_most_matrices("transposed", a)
    return Value(a.expr, a.axes, not a.row) if len(a.axes) == 1 else value(a.expr, a.axes[::-1])


def inner(a: Value, b: Value) -> Value:
    """Σ a ⊙ b over all entries; of vectors, whether rows or columns."""
    a, b = slim(a), slim(b)
    if len(a.axes) == len(b.axes) == 1:
        a, b = Value(a.expr, a.axes), Value(b.expr, b.axes)
    return total(hadamard(a, b))


def outer(a: Value, b: Value) -> Value:
    """a[i] b[j] of two vectors, whether rows or columns."""
    for v in (a, b):
        if len(slim(v).axes) > 1:
            raise ShapeError(f"the outer product of {shape_text(a)} and {shape_text(b)}")
    a, b = slim(a), slim(b)
    return matmul(Value(a.expr, a.axes), Value(b.expr, b.axes, bool(b.axes)))


def kron(a: Value, b: Value) -> Value:
    """(a ⊗ b)[p i + k, q j + l] = a[i,j] b[k,l] for b of p x q."""
    a, b = slim(a), slim(b)
    _at_most_matrices("⊗", a, b)
    names = iter(("_2", "_3", "_4", "_5"))
    apart = [{i: Index(next(names), i.size) for i in v.axes} for v in (a, b)]
    factors = [rename(v.expr, moved) for v, moved in zip((a, b), apart, strict=True)]
    summed: list[Index] = []
    result: list[Index | None] = []
    for place, (slow, fast) in enumerate(zip(_rows_columns(a), _rows_columns(b), strict=True)):
        i, k = (None if x is None else moved[x] for x, moved in zip((slow, fast), apart, strict=True))
        if i is None or k is None:
            result.append(k if i is None else i)
            continue
        axis = Index(f"_{place}", sympy.expand(i.size * k.size))
        factors.append(_place(axis, (k.size, i), (_1, k)))
        summed += [i, k]
        result.append(axis)
    return _matrix(contract(factors, summed), result[0], result[1])


def vec(a: Value, stacking: str = "columns") -> Value:
    """The column of all entries: columns below one another, vec(M)[i + m j] = M[i,j], or "rows" (NumPy's ravel)."""
    a = slim(a)
    if len(a.axes) < 2:
        return Value(a.expr, a.axes)
    axes = [Index(f"_{place}", i.size) for place, i in enumerate(a.axes, 1)]
    terms: list[tuple[sympy.Expr, Index]] = []
    reached: Size = _1
    for i in axes if stacking == "columns" else reversed(axes):
        terms.append((reached, i))
        reached = sympy.expand(reached * i.size)
    column = Index("_0", reached)
    e = rename(a.expr, dict(zip(a.axes, axes, strict=True)))
    return Value(contract([e, _place(column, *terms)], axes), (column,))


# ---------------------------------------------------------------- of one matrix


def diag(a: Value) -> Value:
    """The diagonal matrix of a vector; of a square matrix, the column of its diagonal."""
    a = slim(a)
    if not a.axes:
        return a
    if len(a.axes) == 1:
        i, j = ones(a.shape[0], a.shape[0]).axes
        return Value(contract([rename(a.expr, {a.axes[0]: i}), identity(i, j)]), (i, j))
    row, column = _square(a, "the diagonal")
    return Value(rename(a.expr, {column: row}), (row,))


def trace(a: Value) -> Value:
    """Σ_i a[i,i]."""
    a = slim(a)
    if not a.axes:
        return a
    row, column = _square(a, "the trace")
    return Value(contract([rename(a.expr, {column: row})], [row]))


def inverse(a: Value) -> Value:
    a = slim(a)
    if not a.axes:
        return elementwise(1 / scalars.slot(0), a)
    row, column = _square(a, "the inverse")
    return Value(nodes.inverse(a.expr, row, column, row, column), (row, column))


def determinant(a: Value) -> Value:
    a = slim(a)
    if not a.axes:
        return a
    return Value(nodes.determinant(a.expr, *_square(a, "the determinant")))


# ---------------------------------------------------------------- sums, norms


def total(a: Value, axis: int | None = None) -> Value:
    """The sum of all entries, or along one axis: of a matrix, axis 0 gives a row and axis 1 a column."""
    return _reduced(a, axis, contract)


def mean(a: Value, axis: int | None = None) -> Value:
    count = sympy.Mul(*(i.size for place, i in enumerate(a.axes) if axis in (None, place)))
    return scale(1 / count, total(a, axis))


def largest(a: Value, axis: int | None = None) -> Value:
    """The largest entry, or those along one axis."""
    return _reduced(a, axis, lambda bodies, over: nodes.maximum(bodies[0], over))


def norm(a: Value, kind: str = "") -> Value:
    """‖a‖: the root of the sum of squares ("", "F", of vectors "2"), of vectors "1" the sum and "inf" the largest of
    the absolute values. Raises ShapeError for other norms of matrices: they are not in the language."""
    if kind in ("1", "inf"):
        _vector(a, kind)
        absolute = elementwise(sympy.Abs(scalars.slot(0)), a)
        return total(absolute) if kind == "1" else largest(absolute)
    return elementwise(sympy.sqrt(scalars.slot(0)), norm_squared(a, kind))


def norm_squared(a: Value, kind: str = "") -> Value:
    """‖a‖²."""
    if kind in ("1", "inf"):
        return power(norm(a, kind), 2)
    if kind == "2":
        _vector(a, kind)
    return total(elementwise(scalars.slot(0) ** 2, a))


def _vector(a: Value, kind: str) -> None:
    if len(slim(a).axes) > 1:
        raise ShapeError(f"the {kind}-norm of a matrix, {shape_text(a)}")


# ---------------------------------------------------------------- shapes


def _equal(a: Size, b: Size) -> bool:
    return bool(a == b or sympy.expand(a - b) == 0)


def _place(target: Index, *terms: tuple[sympy.Expr, Index]) -> Expr:
    """1[target = Σ c·i]."""
    return affine(target, terms, sympy.Integer(0))


def _rows_columns(a: Value) -> tuple[Index | None, Index | None]:
    """The row and the column index of a value of at most two axes; None where it is one high or one wide."""
    if len(a.axes) == 2:
        return a.axes[0], a.axes[1]
    if len(a.axes) == 1:
        return (None, a.axes[0]) if a.row else (a.axes[0], None)
    return None, None


def _matrix(e: Expr, row: Index | None, column: Index | None) -> Value:
    return value(e, [i for i in (row, column) if i is not None], row is None)


def _reduced(a: Value, axis: int | None, over: Callable[[list[Expr], list[Index]], Expr]) -> Value:
    gone = [i for place, i in enumerate(a.axes) if axis in (None, place)]
    kept = [i for i in a.axes if i not in gone]
    return value(over([a.expr], gone), kept, len(a.axes) == 2 and axis == 0)


def _refuse(a: Value, b: Value, what: str) -> None:
    """Raises for the first sizes that differ, a vector counted as n x 1 or 1 x n."""
    text = f"{shape_text(a)} {what} {shape_text(b)}"
    if len(a.axes) > 2 or len(b.axes) > 2:
        if len(a.axes) != len(b.axes):
            raise ShapeError(text)
        pairs = list(zip(a.shape, b.shape, strict=True))
    else:
        sizes = [[_1 if i is None else i.size for i in _rows_columns(v)] for v in (a, b)]
        pairs = list(zip(*sizes, strict=True))
    left, right = next((x, y) for x, y in pairs if not _equal(x, y))
    raise SizeMismatch(left, right, text)


def _aligned(values: Iterable[Value], what: str) -> list[Value]:
    """The values, numbers as they are, the others over the axes of the first that is none."""
    slimmed = [slim(a) for a in values]
    first = next((a for a in slimmed if a.axes), None)
    if first is None:
        return slimmed
    out: list[Value] = []
    for a in slimmed:
        if a.axes:
            fits = len(a.axes) == len(first.axes) and a.row == first.row
            if not fits or not all(_equal(x, y) for x, y in zip(first.shape, a.shape, strict=True)):
                _refuse(first, a, what)
            a = Value(rename(a.expr, dict(zip(a.axes, first.axes, strict=True))), first.axes, first.row)
        out.append(a)
    return out


def _like(values: Iterable[Value], e: Expr) -> Value:
    """`e` in the shape of the first value that is no number."""
    shaped = next((a for a in values if a.axes), None)
    return Value(e) if shaped is None else Value(e, shaped.axes, shaped.row)


def _at_most_matrices(what: str, *values: Value) -> None:
    if any(len(a.axes) > 2 for a in values):
        shapes = " and ".join(shape_text(a) for a in values)
        raise ShapeError(f"{what} is of numbers, vectors and matrices, not of {shapes}")


def _square(a: Value, what: str) -> tuple[Index, Index]:
    """The row and column index of a square matrix, the column's of the row's very size."""
    row, column = _rows_columns(a)
    left, right = (_1 if i is None else i.size for i in (row, column))
    if len(a.axes) > 2:
        raise ShapeError(f"{what} of {shape_text(a)}")
    if row is None or column is None or not _equal(left, right):
        raise SizeMismatch(left, right, f"{what} of {shape_text(a)}")
    return row, column
