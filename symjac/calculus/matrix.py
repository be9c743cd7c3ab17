"""Matrix form: an expression of at most two free indices as a SymPy matrix expression, and Jacobians under vec.

A summed index is eliminated at a time. Factors over one pair of indices merge by ⊙, then

    Σ_s A[a,s] B[s,b] = A B            Σ_s A[a,s] v[s] B[s,b] = A diag(v) B      Σ_s A[a,s] v[s] = A v
    Σ_s A[a,s]        = A 1            Σ_s u[s] v[s]          = tr(uᵀ v)         Σ_as A[a,s] B[a,s] = tr(Aᵀ B)
    u[a] A[a,b] v[b]  = diag(u) A diag(v)                     u[a] v[b]          = u vᵀ

Inverses and determinants are SymPy's, of the form of their matrix.

A vector is a column. A term of a sum that lacks an index is repeated along it by a vector of ones; a number is added as
a multiple of the matrix of ones. What does not fit has no matrix form, and index notation says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagMatrix, DiagonalOf
from sympy.matrices.expressions.hadamard import HadamardPower, HadamardProduct
from sympy.matrices.expressions.kronecker import KroneckerProduct
from sympy.matrices.expressions.matexpr import MatrixExpr

from symjac.calculus.trace import LocalJacobian
from symjac.core import scalar
from symjac.core.expr import (
    ONE,
    ZERO,
    Add,
    Contract,
    Determinant,
    Expr,
    Identity,
    Inverse,
    Map,
    Number,
    OfMatrix,
    Symbol,
    contract,
    from_scalar,
    rename,
)
from symjac.core.index import Index


class NoForm(Exception):
    """There is no matrix form."""


@dataclass(frozen=True, slots=True)
class JacobianForm:
    """A Jacobian as one matrix: of the vec'd whole, or, where `sample` is an index, of each sample's rows alone."""

    value: sympy.Expr
    sample: Index | None


# ---------------------------------------------------------------- nodes that SymPy lacks


class Vec(MatrixExpr):  # type: ignore[misc]
    """vec(M): the columns of M below one another, or with `by_rows` = 1 its rows."""

    def __new__(cls, matrix: Any, by_rows: Any) -> Vec:
        return MatrixExpr.__new__(cls, matrix, sympy.sympify(int(by_rows)))  # type: ignore[no-any-return]

    @property
    def shape(self) -> tuple[sympy.Expr, sympy.Expr]:
        rows, columns = self.args[0].shape
        return rows * columns, sympy.Integer(1)

    def _entry(self, i: Any, j: Any, **kwargs: Any) -> sympy.Expr:
        rows, columns = self.args[0].shape
        if self.args[1] == 1:
            return self.args[0][i // columns, i % columns]
        return self.args[0][i % rows, i // rows]


class Commutation(MatrixExpr):  # type: ignore[misc]
    """K with K vec(M) = vec(Mᵀ): the entry in row x·q + y and column y·p + x is 1, for x below p and y below q."""

    def __new__(cls, p: Any, q: Any) -> Commutation:
        return MatrixExpr.__new__(cls, sympy.sympify(p), sympy.sympify(q))  # type: ignore[no-any-return]

    @property
    def shape(self) -> tuple[sympy.Expr, sympy.Expr]:
        return self.args[0] * self.args[1], self.args[0] * self.args[1]

    def _entry(self, i: Any, j: Any, **kwargs: Any) -> sympy.Expr:
        p, q = self.args
        return sympy.KroneckerDelta(j, (i % q) * p + i // q)


class Sample(MatrixExpr):  # type: ignore[misc]
    """Sample n of M as a column: row n of M, or with `in_columns` = 1 its column n."""

    def __new__(cls, matrix: Any, n: Any, in_columns: Any) -> Sample:
        return MatrixExpr.__new__(cls, matrix, sympy.sympify(n), sympy.sympify(int(in_columns)))  # type: ignore[no-any-return]

    @property
    def shape(self) -> tuple[sympy.Expr, sympy.Expr]:
        return self.args[0].shape[0 if self.args[2] == 1 else 1], sympy.Integer(1)

    def _entry(self, i: Any, j: Any, **kwargs: Any) -> sympy.Expr:
        matrix, n, in_columns = self.args
        return matrix[i, n] if in_columns == 1 else matrix[n, i]


class Elementwise(MatrixExpr):  # type: ignore[misc]
    """A formula of several matrices of one shape, elementwise: `function` is a SymPy Lambda with one argument each."""

    def __new__(cls, function: Any, *matrices: Any) -> Elementwise:
        return MatrixExpr.__new__(cls, function, *matrices)  # type: ignore[no-any-return]

    @property
    def shape(self) -> tuple[sympy.Expr, sympy.Expr]:
        return self.args[1].shape  # type: ignore[no-any-return]

    def _entry(self, i: Any, j: Any, **kwargs: Any) -> sympy.Expr:
        return self.args[0](*(m[i, j] for m in self.args[1:]))


# ---------------------------------------------------------------- building SymPy matrices


def split_scalar(m: Any) -> tuple[sympy.Expr, Any]:
    """(c, M) with m = c·M and no scalar in front of M."""
    if isinstance(m, sympy.MatMul) and not m.args[0].is_Matrix:
        scalars = [a for a in m.args if not a.is_Matrix]
        rest = [a for a in m.args if a.is_Matrix]
        return sympy.Mul(*scalars), rest[0] if len(rest) == 1 else sympy.MatMul(*rest)
    return sympy.Integer(1), m


def scaled(c: sympy.Expr, m: Any) -> Any:
    inner, m = split_scalar(m)
    c = c * inner
    if c == 1:
        return m
    return sympy.MatMul(c, *(m.args if isinstance(m, sympy.MatMul) else (m,)))


def product(*matrices: Any) -> Any:
    """The matrix product, flat, identities left out, scalars in front."""
    c = sympy.Integer(1)
    flat: list[Any] = []
    for m in matrices:
        inner, m = split_scalar(m)
        c *= inner
        flat += m.args if isinstance(m, sympy.MatMul) else (m,)
    kept = [m for m in flat if not isinstance(m, sympy.Identity)] or flat[:1]
    return scaled(c, kept[0] if len(kept) == 1 else sympy.MatMul(*kept))


def hadamard(*matrices: Any) -> Any:
    """The elementwise product, flat, matrices of ones left out, equal factors as a power, scalars in front."""
    c = sympy.Integer(1)
    powers: dict[Any, sympy.Expr] = {}
    for m in matrices:
        inner, m = split_scalar(m)
        c *= inner
        for f in m.args if isinstance(m, HadamardProduct) else (m,):
            base, power = f.args if isinstance(f, HadamardPower) else (f, sympy.Integer(1))
            powers[base] = powers.get(base, sympy.Integer(0)) + power
    kept = [
        m if p == 1 else HadamardPower(m, p) for m, p in powers.items() if p != 0 and not isinstance(m, sympy.OneMatrix)
    ]
    if not kept:
        return scaled(c, sympy.OneMatrix(*matrices[0].shape))
    return scaled(c, kept[0] if len(kept) == 1 else HadamardProduct(*kept))


def transposed(m: Any) -> Any:
    c, m = split_scalar(m)
    match m:
        case sympy.Transpose():
            out = m.arg
        case sympy.OneMatrix():
            out = sympy.OneMatrix(m.shape[1], m.shape[0])
        case sympy.Identity() | DiagMatrix():
            out = m
        case sympy.MatMul():
            out = sympy.MatMul(*(transposed(f) for f in reversed(m.args)))
        case KroneckerProduct():
            out = KroneckerProduct(*(transposed(f) for f in m.args))
        case Commutation():
            out = Commutation(m.args[1], m.args[0])
        case _:
            out = sympy.Transpose(m)
    return scaled(c, out)


def _ones(i: Index) -> Any:
    return sympy.OneMatrix(i.size, 1)


# ---------------------------------------------------------------- forms


@dataclass(frozen=True, slots=True)
class _Form:
    """A scalar (no indices), a column over one index, or a matrix whose rows and columns are two."""

    value: Any
    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class _View:
    """How symbols are read: with `sample`, that index is held fixed, and a matrix along it is a column."""

    sample: Index | None = None


def matrix_form(e: Expr, order: Sequence[Index]) -> sympy.Expr | None:
    """`e` with rows and columns as `order` says (none: a scalar; one: a column); None where there is no such form."""
    try:
        return _arranged(_form(e, _View(), tuple(order)), tuple(order))
    except NoForm:
        return None


def _arranged(form: _Form, order: tuple[Index, ...]) -> Any:
    """The form's value over `order`, transposed or repeated by ones as needed."""
    have = form.indices
    if have == order:
        return form.value
    if len(order) > 2 or not set(have) <= set(order):
        raise NoForm
    if not have:
        shape = tuple(i.size for i in order) + (sympy.Integer(1),) * (2 - len(order))
        return scaled(form.value, sympy.OneMatrix(*shape))
    if len(have) == 2:
        return transposed(form.value)
    if have[0] == order[0]:
        return product(form.value, transposed(_ones(order[1])))
    return product(_ones(order[0]), transposed(form.value))


def _free(e: Expr, view: _View) -> tuple[Index, ...]:
    return tuple(i for i in e.free if i != view.sample)


def _form(e: Expr, view: _View, wanted: tuple[Index, ...] = ()) -> _Form:
    """The form of `e`; a sum takes its rows and columns from `wanted` where that names them."""
    if len(_free(e, view)) > 2:
        raise NoForm
    match e:
        case Number():
            return _Form(e.value, ())
        case Symbol():
            return _symbol(e, view)
        case Identity() if e.plain and view.sample not in e.free:
            return _Form(sympy.Identity(e.target.size), (e.target, e.terms[0][1]))
        case Add():
            return _sum(e, view, wanted)
        case Contract():
            return _product(e, view, wanted)
        case Map():
            return _map(e, view, wanted)
        case Inverse():
            return _inverse(e, view)
        case Determinant():
            return _Form(sympy.Determinant(_matrix(e, view)), ())
    raise NoForm


def _symbol(e: Symbol, view: _View) -> _Form:
    match e.indices:
        case ():
            return _Form(sympy.Symbol(e.name, real=True), ())
        case (i,) if i == view.sample:
            n = sympy.Symbol(i.name, integer=True)
            return _Form(sympy.MatrixSymbol(e.name, i.size, 1)[n, 0], ())
        case (i,):
            return _Form(sympy.MatrixSymbol(e.name, i.size, 1), (i,))
        case (i, j):
            m = sympy.MatrixSymbol(e.name, i.size, j.size)
            if view.sample in (i, j):
                if i == j:
                    raise NoForm
                n = sympy.Symbol(view.sample.name, integer=True)
                other = i if j == view.sample else j
                return _Form(Sample(m, n, j == view.sample), (other,))
            return _Form(m, (i, j)) if i != j else _Form(DiagonalOf(m), (i,))
        case (_, _, _) if view.sample in e.indices:
            i, j = (index for index in e.indices if index is not view.sample)
            return _Form(sympy.MatrixSymbol(e.name, i.size, j.size), (i, j))
    raise NoForm


def _inverse(e: Inverse, view: _View) -> _Form:
    value = sympy.Inverse(_matrix(e, view))
    if view.sample in (e.left, e.right):
        raise NoForm
    return _Form(DiagonalOf(value), (e.left,)) if e.left is e.right else _Form(value, (e.left, e.right))


def _matrix(e: OfMatrix, view: _View) -> Any:
    """The matrix that the node is a function of."""
    order = (e.row, e.column)
    return _arranged(_form(e.body, view, order), order)


def _sum(e: Add, view: _View, wanted: tuple[Index, ...]) -> _Form:
    free = _free(e, view)
    forms = [_form(t, view, wanted) for t in e.terms]
    if not free:
        return _Form(sympy.Add(*(f.value for f in forms)), ())
    first = next((f.indices for f in forms if len(f.indices) == len(free)), free)
    order = wanted if set(wanted) == set(free) else first
    return _Form(sympy.MatAdd(*(_arranged(f, order) for f in forms)), order)


# ---------------------------------------------------------------- elementwise formulas


def _map(e: Map, view: _View, wanted: tuple[Index, ...]) -> _Form:
    """Sums, products and number powers are opened; a function of one argument is applied to its form."""
    formula = e.formula
    if isinstance(formula, sympy.Add | sympy.Mul):
        return _form(from_scalar(formula, e.args), view, wanted)
    if isinstance(formula, sympy.Pow) and not scalar.slots_of(formula.exp):
        base = _form(from_scalar(formula.base, e.args), view, wanted)
        value = _hadamard_power(base.value, formula.exp) if base.indices else base.value**formula.exp
        return _Form(value, base.indices)
    args: Sequence[Expr] = e.args
    if isinstance(formula, sympy.Function) and len(formula.args) == 1 and not isinstance(formula, sympy.Piecewise):
        args = (from_scalar(formula.args[0], e.args),)
        formula = formula.func(scalar.slot(0))
    forms = [_form(a, view, wanted) for a in args]
    widest = max((f.indices for f in forms), key=len)
    free = _free(e, view)
    order = wanted if set(wanted) == set(free) else widest if len(widest) == len(free) else free
    if not order:
        if formula.has(sympy.Piecewise) and any(f.value.has(sympy.Piecewise) for f in forms):
            raise NoForm  # of cases in a condition, SymPy takes those of each entry for those of the whole
        return _Form(formula.xreplace({scalar.slot(i): f.value for i, f in enumerate(forms)}), ())
    matrices = [_arranged(f, order) for f in forms]
    function = sympy.Lambda(tuple(scalar.slot(i) for i in range(len(args))), formula)
    if len(matrices) == 1:
        return _Form(ElementwiseApplyFunction(function, matrices[0]), order)
    return _Form(Elementwise(function, *matrices), order)


def _hadamard_power(m: Any, power: sympy.Expr) -> Any:
    c, m = split_scalar(m)
    if isinstance(m, HadamardPower) and power.is_Integer:
        return scaled(c**power, HadamardPower(m.args[0], m.args[1] * power))
    return scaled(c**power, HadamardPower(m, power)) if power.is_Integer else HadamardPower(scaled(c, m), power)


# ---------------------------------------------------------------- products


def _product(e: Contract, view: _View, wanted: tuple[Index, ...]) -> _Form:
    if view.sample in e.summed:
        view = _View()  # the sum's own index of that name runs over all samples
    c = sympy.Integer(1)
    pieces: list[_Form] = []
    for f in e.factors:
        form = _form(f, view, wanted)
        inner, value = split_scalar(form.value) if form.indices else (form.value, None)
        c *= inner
        if form.indices:
            pieces.append(_Form(value, form.indices))
    pieces = _merged(pieces, wanted)
    summed = list(e.summed)
    while summed:
        s = min(summed, key=lambda i: _effort(i, pieces, summed))
        touching = [p for p in pieces if s in p.indices]
        place = pieces.index(touching[0])
        rest = [p for p in pieces if p not in touching]
        done, gone = _eliminated(s, touching, rest, summed)
        summed = [i for i in summed if i not in gone]
        if done.indices:
            inner, value = split_scalar(done.value)
            rest.insert(place, _Form(value, done.indices))
        else:
            inner = done.value
        c *= inner
        pieces = _merged(rest, wanted)
    return _composed(c, pieces)


def _merged(pieces: list[_Form], wanted: tuple[Index, ...]) -> list[_Form]:
    """Factors over the same indices as one, by ⊙, with the rows and columns that are wanted, else those of a factor
    that is no product: it would need a transpose, and a product just changes its order."""
    out: list[_Form] = []
    for p in pieces:
        known = next((q for q in out if set(q.indices) == set(p.indices)), None)
        if known is None:
            out.append(p)
        else:
            order = p.indices if isinstance(known.value, sympy.MatMul) else known.indices
            order = wanted if set(wanted) == set(order) else order
            out[out.index(known)] = _Form(hadamard(_arranged(known, order), _arranged(p, order)), order)
    return out


def _effort(s: Index, pieces: list[_Form], summed: list[Index]) -> tuple[int, int]:
    """Products of two matrices first, then matrix times vector, then plain sums; in the order of the sum's indices."""
    matrices = sum(1 for p in pieces if s in p.indices and len(p.indices) == 2)
    vectors = sum(1 for p in pieces if p.indices == (s,))
    rank = {2: 0, 1: 1 if vectors else 2, 0: 3}.get(matrices, 4)
    return rank, summed.index(s)


def _eliminated(s: Index, touching: list[_Form], rest: list[_Form], summed: list[Index]) -> tuple[_Form, list[Index]]:
    """Σ_s of the factors that have s, and the indices summed."""
    matrices = [p for p in touching if len(p.indices) == 2]
    vector = next((p.value for p in touching if len(p.indices) == 1), None)
    others = [next(i for i in p.indices if i != s) for p in matrices]
    match matrices:
        case []:
            return _Form(_total(vector), ()), [s]
        case [m] if vector is not None:
            return _Form(product(_arranged(m, (others[0], s)), vector), (others[0],)), [s]
        case [m]:
            if others[0] in summed and not any(others[0] in p.indices for p in rest):
                return _Form(_total(m.value), ()), [s, others[0]]
            return _Form(product(_arranged(m, (others[0], s)), _ones(s)), (others[0],)), [s]
        case [left, right]:
            middle = [] if vector is None else [DiagMatrix(vector)]
            value = product(_arranged(left, (others[0], s)), *middle, _arranged(right, (s, others[1])))
            return _Form(value, (others[0], others[1])), [s]
    raise NoForm


def _total(m: Any) -> sympy.Expr:
    """The sum of all entries: tr(Aᵀ B) of A ⊙ B, else 1ᵀ M 1."""
    c, m = split_scalar(m)
    if isinstance(m, HadamardPower) and m.args[1] == 2:
        return c * sympy.Trace(product(transposed(m.args[0]), m.args[0]))
    if isinstance(m, HadamardProduct):
        return c * sympy.Trace(product(transposed(m.args[0]), hadamard(*m.args[1:])))
    right = () if m.shape[1] == 1 else (sympy.OneMatrix(m.shape[1], 1),)
    return c * sympy.Trace(product(sympy.OneMatrix(1, m.shape[0]), m, *right))


def _composed(c: sympy.Expr, pieces: list[_Form]) -> _Form:
    """The product of what is left: at most one matrix and one vector for each of its indices."""
    if not pieces:
        return _Form(c, ())
    matrix = next((p for p in pieces if len(p.indices) == 2), None)
    vectors = [p for p in pieces if len(p.indices) == 1]
    if len({i for p in pieces for i in p.indices}) > 2:
        raise NoForm
    if matrix is None:
        if len(vectors) == 1:
            return _Form(scaled(c, vectors[0].value), vectors[0].indices)
        left, right = vectors
        return _Form(scaled(c, product(left.value, transposed(right.value))), left.indices + right.indices)
    value = matrix.value
    for v in vectors:
        factors = (DiagMatrix(v.value), value) if v.indices[0] == matrix.indices[0] else (value, DiagMatrix(v.value))
        value = product(*factors)
    return _Form(scaled(c, value), matrix.indices)


# ---------------------------------------------------------------- Jacobians


def jacobian_form(
    j: LocalJacobian, *, layout: str = "numerator", vec: str = "columns", batch: sympy.Expr | None = None
) -> JacobianForm | None:
    """∂vec(output)/∂vec(by) as one matrix; per sample where only that has a form; None where neither has.

    A scalar output gives the gradient in the shape of `by` (shape convention, whatever the layout).
    """
    out, by = j.output.indices, j.by.indices
    if len(out) > 2 or len(by) > 2:
        return None
    if not out:
        value = matrix_form(j.value, by)
        return None if value is None else JacobianForm(value, None)
    turn = transposed if layout == "denominator" else lambda m: m
    terms = [_factors(t) for t in _expanded(j.value)]
    try:
        parts = [_whole(factors, summed, out, by, vec) for factors, summed in terms]
        return JacobianForm(turn(_matadd(parts)), None)
    except NoForm:
        pass
    try:
        value, n = _per_sample(j.value, out, by, batch)
        return JacobianForm(turn(value), n)
    except NoForm:
        return None


def sample_form(e: Expr, row: Index, column: Index, sample: Index) -> sympy.Expr | None:
    """`e` at one sample, a matrix over `row` and `column`; None where it has no such form.

    A symbol with the index of samples stands for that sample's column, or, with two more indices, its matrix.
    """
    try:
        return _matadd([_arranged(_form(t, _View(sample), (row, column)), (row, column)) for t in _expanded(e)])
    except NoForm:
        return None


@dataclass(frozen=True, slots=True)
class SampleSum:
    """coefficient · Σ_sample value, as a matrix under vec; without a sum where `sample` is None."""

    coefficient: sympy.Expr
    value: sympy.Expr
    sample: Index | None


def block_form(
    e: Expr, row: Symbol, column: Symbol, *, vec: str = "columns", batch: sympy.Expr | None = None
) -> SampleSum | None:
    """∂²L/∂vec(row)∂vec(column) as a sum over samples of Kronecker products, or as one; None where it has no form.

    A block that vanishes has the coefficient 0.
    """
    if e is ZERO:
        shape = (sympy.Mul(*row.shape), sympy.Mul(*column.shape))
        return SampleSum(sympy.Integer(0), sympy.ZeroMatrix(*shape), None)
    terms = [_factors(t) for t in _expanded(e)]
    samples = {next((i for i in summed if i.size == batch), None) for _, summed in terms}
    if len(samples) != 1 or len(row.indices) > 2 or len(column.indices) > 2:
        return None
    (n,) = samples
    try:
        parts = [
            _whole(factors, tuple(i for i in summed if i is not n), row.indices, column.indices, vec, _View(n))
            for factors, summed in terms
        ]
    except NoForm:
        return None
    scales, matrices = zip(*(split_scalar(p) for p in parts), strict=True)
    common = scales[0] if len(set(scales)) == 1 else sympy.Integer(1)
    return SampleSum(common, _matadd([scaled(c / common, m) for c, m in zip(scales, matrices, strict=True)]), n)


def _matadd(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else sympy.MatAdd(*parts)


def _factors(term: Expr) -> tuple[list[Expr], tuple[Index, ...]]:
    return (list(term.factors), term.summed) if isinstance(term, Contract) else ([term], ())


def _expanded(e: Expr) -> list[Expr]:
    """The terms of `e`, products multiplied out over the sums that hold a Kronecker symbol."""
    if isinstance(e, Add):
        return [t for term in e.terms for t in _expanded(term)]
    if isinstance(e, Contract):
        for place, f in enumerate(e.factors):
            if isinstance(f, Add) and _has_identity(f):
                others = (*e.factors[:place], *e.factors[place + 1 :])
                return [t for term in f.terms for t in _expanded(contract((*others, term), e.summed))]
    return [e]


def _has_identity(e: Expr) -> bool:
    return isinstance(e, Identity) or (not isinstance(e, Map) and any(_has_identity(c) for c in e.children))


def _outer_inner(indices: tuple[Index, ...], vec: str) -> list[Index]:
    """The axes of vec'd `indices`, slowest first."""
    return list(reversed(indices)) if vec == "columns" else list(indices)


def _whole(
    factors: list[Expr],
    summed: tuple[Index, ...],
    out: tuple[Index, ...],
    by: tuple[Index, ...],
    vec: str,
    view: _View = _View(),
) -> Any:
    """One product as A ⊗ B, as diag(vec M), or either of them times K."""
    rows, columns = _outer_inner(out, vec), _outer_inner(by, vec)
    c, groups = _groups(factors, summed)
    if len(out) == 1 and len(by) == 1:
        return scaled(c, _block(groups, out[0], by[0], view))
    for crossed in (False, True) if len(by) == 2 else (False,):
        order = list(reversed(columns)) if crossed else columns
        value = _kronecker(groups, rows, order, view)
        if value is None and view.sample is None:
            value = _diagonal(groups, out, rows, order, vec)
        if value is not None:
            swap = [Commutation(order[0].size, order[1].size)] if crossed else []
            return scaled(c, product(value, *swap))
    raise NoForm


def _groups(factors: list[Expr], summed: tuple[Index, ...]) -> tuple[sympy.Expr, list[Expr]]:
    """The coefficient, and the factors gathered into products that share no summed index."""
    c = sympy.Integer(1)
    groups: list[list[Expr]] = []
    for f in factors:
        if isinstance(f, Number):
            c *= f.value
            continue
        bound = set(summed) & set(f.free)
        joined = [g for g in groups if any(bound & set(h.free) for h in g)]
        groups = [g for g in groups if g not in joined]
        groups.append([h for g in joined for h in g] + [f])
    return c, [contract(g, [i for i in summed if any(i in f.free for f in g)]) for g in groups]


def _block(groups: list[Expr], row: Index | None, column: Index | None, view: _View) -> Any:
    """Π groups as a matrix of that row and column index; ones where it lacks one."""
    order = tuple(i for i in (row, column) if i is not None)
    value = _arranged(_form(contract(groups), view, order), order) if groups else None
    if value is None:
        return sympy.OneMatrix(row.size if row else 1, column.size if column else 1)
    return transposed(value) if row is None else value


def _kronecker(groups: list[Expr], rows: list[Index], columns: list[Index], view: _View) -> Any | None:
    """A ⊗ B ⊗ .. where every group has indices of one factor alone; the fewest factors."""
    for pairs in _pairings(rows, columns):
        parts: list[list[Expr]] = [[] for _ in pairs]
        for g in groups:
            free = set(_free(g, view))
            home = next((p for p, pair in enumerate(pairs) if free <= set(pair)), None)
            if home is None:
                break
            parts[home].append(g)
        else:
            factors = [_block(part, row, column, view) for part, (row, column) in zip(parts, pairs, strict=True)]
            if all(isinstance(f, sympy.Identity) for f in factors):
                return sympy.Identity(sympy.Mul(*(i.size for i in rows)))
            scales, matrices = zip(*(split_scalar(f) for f in factors), strict=True)
            kept = [m for m in matrices if m not in (sympy.Identity(1), sympy.OneMatrix(1, 1))] or [matrices[0]]
            return scaled(sympy.Mul(*scales), KroneckerProduct(*kept) if len(kept) > 1 else kept[0])
    return None


def _pairings(rows: list[Index], columns: list[Index]) -> list[tuple[tuple[Index | None, Index | None], ...]]:
    """The ways to read row and column indices, each slowest first, as those of Kronecker factors; short ones first."""
    if not rows and not columns:
        return [()]
    out: list[tuple[tuple[Index | None, Index | None], ...]] = []
    if rows and columns:
        out += [((rows[0], columns[0]), *rest) for rest in _pairings(rows[1:], columns[1:])]
    if rows:
        out += [((rows[0], None), *rest) for rest in _pairings(rows[1:], columns)]
    if columns:
        out += [((None, columns[0]), *rest) for rest in _pairings(rows, columns[1:])]
    return sorted(out, key=len)


def _diagonal(
    groups: list[Expr], out: tuple[Index, ...], rows: list[Index], columns: list[Index], vec: str
) -> Any | None:
    """diag(vec M) where every row index is tied to the column index of its place."""
    if len(rows) != len(columns):
        return None
    ties = {frozenset((r, c)) for r, c in zip(rows, columns, strict=True)}
    rest = [g for g in groups if not (isinstance(g, Identity) and g.plain and frozenset(g.free) in ties)]
    if len(groups) - len(rest) != len(rows):
        return None
    names = {c: r for r, c in zip(rows, columns, strict=True)}
    value = _form(rename(contract(rest), names), _View(), out) if rest else _Form(sympy.Integer(1), ())
    return DiagMatrix(Vec(_arranged(value, out), vec == "rows"))


def _per_sample(e: Expr, out: tuple[Index, ...], by: tuple[Index, ...], batch: sympy.Expr | None) -> tuple[Any, Index]:
    """The Jacobian of one sample, where every term has 1[n = m] for the samples n of the output and m of `by`."""
    n = next((i for i in out if i.size == batch), None)
    m = next((i for i in by if i.size == batch), None)
    if n is None or m is None or len(out) != 2 or len(by) != 2:
        raise NoForm
    row = next(i for i in out if i != n)
    column = next(i for i in by if i != m)
    parts = []
    for term in _expanded(e):
        factors, summed = _factors(term)
        tie = next((f for f in factors if isinstance(f, Identity) and f.plain and set(f.free) == {n, m}), None)
        if tie is None:
            raise NoForm
        rest = rename(contract([f for f in factors if f is not tie] or [ONE], summed), {m: n})
        parts.append(_arranged(_form(rest, _View(n), (row, column)), (row, column)))
    return _matadd(parts), n
