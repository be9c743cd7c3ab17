"""The Hessian's terms as sums over samples, of as few products as zeros and symmetry leave.

A blocks module (symjac.codegen.blocks_code) says what H is: in each block a few terms, each a sum over samples of
products of small factors. A term is summed over its own labels, not over the block's entries:

- A term of three factors or more, one of them a matrix w (samples, p), goes column by column of w: the samples with
  w[n,p] = 0 are left out, and what remains is one matrix product.
- Where w stands in the term twice, for p and for q, the sum for (q, p) is that for (p, q), and the column with fewer
  nonzero entries is the one that is gone through.
- A factor that is symmetric in its two labels has one column for each pair of them.
- The other terms are matrix products over chunks of samples, in float64 where they cost next to nothing.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import combinations
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symjac.run.failures import DataError

Array = NDArray[Any]

CHUNK = 2**23
"""How many numbers the arrays of one chunk of samples may hold."""
HELD = 2**29
"""How many numbers the arrays held at once may hold, of terms that go column by column."""
RUN = 8192
"""How many samples one matrix product adds up in the matrix's own dtype; several of them are added up in float64."""
CHEAP = 10**10
"""Multiplications of a term that cost next to nothing. A hundredth of those of all terms is not worth a plan either."""
PIECE = 2 * 10**11
"""Multiplications of one piece of the sums."""
PIECE_NUMBERS = 2**27
"""How many sums one piece may have."""


# ---------------------------------------------------------------- what there is to sum


@dataclass(frozen=True, slots=True)
class SampleFactor:
    """An array of the blocks module and the labels of its axes, that of the samples left out."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleTerm:
    """scale · Π constants · Σ_n Π factors at (row, column); a label that both have says that the two are equal."""

    scale: float
    factors: tuple[SampleFactor, ...]
    constants: tuple[SampleFactor, ...]
    """Parameters: they have no samples."""
    row: tuple[str, ...]
    column: tuple[str, ...]
    sizes: dict[str, int]

    def shape(self, labels: Sequence[str]) -> tuple[int, ...]:
        return tuple(self.sizes[label] for label in labels)

    @property
    def mirror(self) -> dict[str, str]:
        """The label that each one turns into where row and column change places; empty where that is not one to one."""
        swapped = dict(zip(self.row + self.column, self.column + self.row, strict=True))
        pairs = {*zip(self.row + self.column, self.column + self.row, strict=True)}
        return swapped if len(pairs) == len(swapped) else {}


@dataclass(frozen=True, slots=True)
class SummedBlock:
    """∂²L/∂row∂column, parameters by number, and its terms by number."""

    row: int
    column: int
    terms: tuple[int, ...]


class Work:
    """The terms, and the arrays that they are sums of. DataError where those are not the module's."""

    def __init__(
        self, module: ModuleType, params: Sequence[Array], inputs: Sequence[Array], dtype: np.dtype[Any]
    ) -> None:
        names = list(module.PARAMETERS)
        if len(params) != len(names):
            raise DataError(f"parameters: expected {', '.join(names)}, got {len(params)} arrays")
        declared = {**module.INPUTS, **module.PARAMETERS}
        _check(declared, dict(zip(declared, [*inputs, *params], strict=True)))
        self.module = module
        self.dtype = dtype
        self.inputs = inputs
        self.params = [array.astype(np.float64) for array in params]
        self.shapes = [array.shape for array in params]
        self.size = sum(array.size for array in params)
        self.batch = _batch_axes(list(module.INPUTS.values()))
        self.samples = inputs[0].shape[self.batch[0]]
        self.chunk = max(1, min(self.samples, CHUNK // module.NUMBERS))
        self.terms: list[SampleTerm] = []
        self.blocks: list[SummedBlock] = []
        for row, column, terms in module.blocks(self.samples):
            here = SummedBlock(
                names.index(row), names.index(column), tuple(len(self.terms) + t for t in range(len(terms)))
            )
            self.blocks.append(here)
            self.terms += [self._term(here, *term) for term in terms]

    def _term(
        self, block: SummedBlock, scale: float, factors: Sequence[tuple[str, str]], row: str, column: str
    ) -> SampleTerm:
        rows, columns = tuple(row.split()), tuple(column.split())
        axes = (*self.shapes[block.row], *self.shapes[block.column])
        sizes = dict(zip((*rows, *columns), axes, strict=True))
        found = [(name, tuple(labels.split())) for name, labels in factors]
        summed = tuple(SampleFactor(name, labels[1:]) for name, labels in found if labels[0] not in sizes)
        constants = tuple(SampleFactor(name, labels) for name, labels in found if labels[0] in sizes)
        return SampleTerm(float(scale), summed, constants, rows, columns, sizes)

    def cost(self, term: SampleTerm) -> int:
        """Multiplications of its sum, without zeros and symmetries."""
        return prod(term.shape(_labels(term.factors))) * self.samples if len(term.factors) > 1 else 0

    @cached_property
    def by_columns(self) -> list[int]:
        """The terms that go column by column of one of their factors."""
        costs = [self.cost(term) for term in self.terms]
        least = max(CHEAP, sum(costs) // 100)
        return [t for t, c in enumerate(costs) if c > least and len(self.terms[t].factors) > 2 and self.matrices(t)]

    def matrices(self, term: int) -> list[SampleFactor]:
        """The factors with one label, that no other factor has."""
        factors = self.terms[term].factors
        used = [label for f in factors for label in f.labels]
        return [f for f in factors if len(f.labels) == 1 and used.count(f.labels[0]) == 1]

    @cached_property
    def constants(self) -> dict[str, Array]:
        """The arrays without samples."""
        return self.factors(slice(0, 1))

    def factors(self, samples: slice) -> dict[str, Array]:
        """The arrays, in float64, of some of the samples."""
        parts = [
            np.asarray(array[(*[slice(None)] * axis, samples)], np.float64)
            for array, axis in zip(self.inputs, self.batch, strict=True)
        ]
        found: dict[str, Array] = self.module.factors(self.params, *parts, self.samples)
        return found

    def chunks(self, samples: slice) -> Iterator[slice]:
        """Some samples, a chunk at a time."""
        for first in range(samples.start, samples.stop, self.chunk):
            yield slice(first, min(first + self.chunk, samples.stop))

    def digest(self) -> str:
        """Of all that the sums depend on."""
        seen = hashlib.sha256(repr((self.module.blocks(self.samples), self.dtype.str)).encode())
        for array in (*self.params, *self.inputs):
            seen.update(repr((array.shape, array.dtype.str)).encode())
            seen.update(np.ascontiguousarray(array).data)
        return seen.hexdigest()


def _check(declared: dict[str, tuple[int | str, ...]], arrays: dict[str, Array]) -> None:
    """DataError where an array is not of floats or has not its declared shape; a letter is one size throughout."""
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        for size, given in zip(declared[name], array.shape, strict=False):
            if isinstance(size, str):
                sizes.setdefault(size, given)
        expected = tuple(sizes.get(s, 0) if isinstance(s, str) else s for s in declared[name])
        if array.shape != expected or array.dtype.kind != "f" or 0 in expected:
            raise DataError(f"{name}: expected floats of shape {expected}, got {array.dtype} of shape {array.shape}")


def _batch_axes(shapes: Sequence[tuple[int | str, ...]]) -> list[int]:
    """The axis of each input that has the samples: the open size that all of them have."""
    size = next(s for s in shapes[0] if isinstance(s, str) and all(s in shape for shape in shapes))
    return [shape.index(size) for shape in shapes]


def _labels(factors: Sequence[SampleFactor]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for f in factors for label in f.labels))


def _product(term: SampleTerm, factors: Sequence[SampleFactor], arrays: dict[str, Array]) -> Array:
    """(samples, all labels): the product of the factors, sample by sample, its labels raveled."""
    labels = _labels(factors)
    spreads = []
    for f in factors:
        array = arrays[f.name]
        spreads.append(spread(array.reshape(len(array), *term.shape(f.labels)), ("", *f.labels), ("", *labels)))
    out = reduce(np.multiply, spreads)
    return out.reshape(len(out), -1)


def spread(array: Array, have: Sequence[str], want: Sequence[str]) -> Array:
    """`array`, whose axes have labels, to broadcast over the axes that are wanted."""
    out = array.transpose([have.index(x) for x in want if x in have])
    sizes = iter(out.shape)
    return out.reshape([next(sizes) if x in have else 1 for x in want])


def _halves(
    term: SampleTerm, factors: Sequence[SampleFactor]
) -> tuple[tuple[SampleFactor, ...], tuple[SampleFactor, ...]]:
    """The factors in two groups that share no label, together as small as can be, the smaller first.

    The first is empty where there are no such groups.
    """
    best: tuple[int, tuple[SampleFactor, ...], tuple[SampleFactor, ...]] = (
        prod(term.shape(_labels(factors))),
        (),
        tuple(factors),
    )
    for count in range(1, len(factors)):
        for chosen in combinations(range(len(factors)), count):
            left = tuple(f for p, f in enumerate(factors) if p in chosen)
            right = tuple(f for p, f in enumerate(factors) if p not in chosen)
            if set(_labels(left)).isdisjoint(_labels(right)):
                sizes = [prod(term.shape(_labels(side))) for side in (left, right)]
                if sizes[0] <= sizes[1] and sum(sizes) <= best[0]:
                    best = (sum(sizes), left, right)
    return best[1], best[2]


# ---------------------------------------------------------------- how a term is summed


@dataclass(frozen=True, slots=True)
class Direct:
    """Σ_n Π left Π right, at once."""

    left: tuple[SampleFactor, ...]
    right: tuple[SampleFactor, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return (*_labels(self.left), *_labels(self.right))


@dataclass(frozen=True, slots=True)
class Columns:
    """Σ_n w[n,p] Π left Π right for one column p of w = `outer` after the other."""

    outer: SampleFactor
    left: tuple[SampleFactor, ...]
    right: tuple[SampleFactor, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return (*self.outer.labels, *_labels(self.left), *_labels(self.right))


@dataclass(frozen=True, slots=True)
class SamplePairs(Columns):
    """`left` is w again, under another label q: only q that do not come before p are summed, in the order of rising
    numbers of nonzero entries. With `packed`, `right` is one factor, symmetric in its two labels."""

    packed: bool


Plan = Direct | Columns
PACKED = " packed"
"""Behind the name of a symmetric factor: its pairs, (samples, j <= l)."""


def plans(work: Work) -> tuple[list[Plan], dict[str, int]]:
    """How each term is summed, by the zeros and symmetry of a few samples; and the numbers a sample of arrays."""
    first = work.factors(slice(0, min(work.chunk, 1024)))
    density = {name: float(np.count_nonzero(array)) / array.size for name, array in first.items()}
    symmetric = {name for name, array in first.items() if _is_symmetric(array)}
    found: list[Plan] = []
    for number, term in enumerate(work.terms):
        if number not in work.by_columns:
            found.append(Direct(*_halves(term, term.factors)))
            continue
        block = next(b for b in work.blocks if number in b.terms)
        matrices = sorted(work.matrices(number), key=lambda f: (density[f.name], -term.sizes[f.labels[0]]))
        twins = [
            (f, g)
            for f, g in combinations(matrices, 2)
            if f.name == g.name and block.row == block.column and term.mirror.get(f.labels[0]) == g.labels[0]
        ]
        if twins:
            outer, left = twins[0]
            rest = tuple(f for f in term.factors if f is not outer and f is not left)
            found.append(SamplePairs(outer, (left,), rest, packed=len(rest) == 1 and rest[0].name in symmetric))
        else:
            found.append(Columns(matrices[0], *_halves(term, [f for f in term.factors if f is not matrices[0]])))
    return found, {name: array[0].size for name, array in first.items()}


def _is_symmetric(array: Array) -> bool:
    """Whether the arrays (j, l) of all samples are, up to rounding."""
    if array.ndim != 3 or array.shape[1] != array.shape[2]:
        return False
    difference = np.abs(array - array.transpose(0, 2, 1)).max()
    return bool(difference <= 1e-12 * np.abs(array).max())


# ---------------------------------------------------------------- the sum of one term


Values = tuple[tuple[str, ...], Array]
"""An array and the labels of its axes."""


class SumOverSamples:
    """The sum of one term, of the shape in which it lies in the file."""

    symmetric = False
    """True where it is exactly the same when row and column change places."""

    def __init__(self, term: SampleTerm, plan: Plan, dtype: np.dtype[Any]) -> None:
        self.term = term
        self.labels = plan.labels
        self.shape = term.shape(plan.labels)
        self.dtype = dtype

    @property
    def bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize

    def values(self, data: Array, label: str, at: int, factor: float) -> Values:
        """factor times the sum where `label` is `at`; times all of it where it has no such label.

        `data` is what lies in the file.
        """
        scale = np.asarray(factor, data.dtype)
        if label not in self.labels:
            return self.labels, data * scale
        place = self.labels.index(label)
        return self.labels[:place] + self.labels[place + 1 :], np.moveaxis(data, place, 0)[at] * scale


class ColumnSum(SumOverSamples):
    """A column at a time: column `order[place]`, all others have zeros only."""

    def __init__(self, term: SampleTerm, plan: Columns, dtype: np.dtype[Any], counts: Array) -> None:
        super().__init__(term, plan, dtype)
        self.plan = plan
        order = np.argsort(counts, kind="stable")
        self.order = order[counts[order] > 0]
        self.counts = counts
        self.sides = [prod(term.shape(_labels(side))) for side in (plan.left, plan.right)]

    def span(self, place: int) -> tuple[int, tuple[int, int]]:
        """The sums of a column: the first one's number in the file, and their shape."""
        return int(self.order[place]) * prod(self.sides), (self.sides[0], self.sides[1])

    def cost(self, place: int) -> int:
        """Multiplications."""
        return int(self.counts[self.order[place]]) * prod(self.span(place)[1])

    def operands(self, arrays: dict[str, Array]) -> tuple[Array, Array, Array]:
        """(order, samples), (samples, left) and (samples, right): what is multiplied and summed over the samples."""
        outer = arrays[self.plan.outer.name][:, self.order]
        sides = [_product(self.term, side, arrays) for side in (self.plan.left, self.plan.right)]
        return np.ascontiguousarray(outer.T), sides[0], sides[1]

    def first(self, place: int) -> int:
        """The first column of left that is multiplied."""
        return 0


class PairSum(ColumnSum):
    """Pairs of columns: of (p, q) and (q, p), one."""

    def __init__(self, term: SampleTerm, plan: SamplePairs, dtype: np.dtype[Any], counts: Array) -> None:
        super().__init__(term, plan, dtype, counts)
        self.packed = plan.packed
        side = self.shape[2]
        self.width = side * (side + 1) // 2 if plan.packed else prod(self.shape[2:])
        self.starts = np.concatenate([[0], np.cumsum(np.arange(len(self.order), 0, -1))])
        """Where the pairs (p, p), (p, next) .. of each place in the order begin."""
        self.shape = (int(self.starts[-1]), self.width)
        self.symmetric = plan.packed and not term.constants and term.mirror.get(self.labels[2]) == self.labels[3]

    def span(self, place: int) -> tuple[int, tuple[int, int]]:
        return int(self.starts[place]) * self.width, (len(self.order) - place, self.width)

    def operands(self, arrays: dict[str, Array]) -> tuple[Array, Array, Array]:
        left = np.ascontiguousarray(arrays[self.plan.outer.name][:, self.order])
        name = self.plan.right[0].name + PACKED
        right = arrays[name] if self.packed else _product(self.term, self.plan.right, arrays)
        return np.ascontiguousarray(left.T), left, right

    def first(self, place: int) -> int:
        return place

    @cached_property
    def unpacked(self) -> Array:
        """The column of the file for each place in the last labels, which it has the shape of."""
        shape = self.term.shape(self.labels[2:])
        if not self.packed:
            return np.arange(self.width).reshape(shape)
        rows, columns = np.triu_indices(shape[0])
        table = np.empty(shape, np.intp)
        table[rows, columns] = table[columns, rows] = np.arange(self.width)
        return table

    def values(self, data: Array, label: str, at: int, factor: float) -> Values:
        p, q, *inner = self.labels
        size = self.term.sizes[p]
        places = np.arange(len(self.order))
        scale = np.asarray(factor, data.dtype)
        if label in (p, q):
            held = np.zeros((size, self.width), data.dtype)
            if self.counts[at]:
                held[self.order] = data[self._pairs(int(np.flatnonzero(self.order == at)[0]), places)] * scale
            out = np.take(held, self.unpacked.ravel(), axis=1, mode="clip") if self.packed else held
            return (q if label == p else p, *inner), out.reshape(size, *self.unpacked.shape)
        columns = self.unpacked
        if label in inner:
            columns = np.take(columns, at, axis=inner.index(label))
            inner.remove(label)
        found = data[:, columns.ravel()] * scale
        out = np.zeros((size, size, columns.size), data.dtype)
        out[self.order[:, None], self.order] = found[self._pairs(places[:, None], places)]
        return (p, q, *inner), out.reshape(size, size, *columns.shape)

    def _pairs(self, one: int | Array, other: Array) -> Array:
        """The number of each pair of places in the order."""
        low, high = np.minimum(one, other), np.maximum(one, other)
        numbers: Array = self.starts[low] + high - low
        return numbers


class _Matrices:
    """The arrays of some samples that one sum multiplies."""

    def __init__(self, total: ColumnSum, arrays: dict[str, Array]) -> None:
        self.total = total
        self.weights, self.left, self.right = total.operands(arrays)
        self._own = threading.local()

    def sums(self, place: int) -> Array:
        """Σ_n w[n,p] left[n,:] right[n,:] for the column at a place of the order."""
        weights = self.weights[place]
        samples = np.flatnonzero(weights)
        found: Array | None = None
        for start in range(0, len(samples), RUN):
            here = samples[start : start + RUN]
            left = self._gathered("left", self.left, here)[:, self.total.first(place) :]
            left *= weights[here, None]
            part = left.T @ self._gathered("right", self.right, here)
            found = part if found is None else np.add(found, part, dtype=np.float64)
        return np.zeros(self.total.span(place)[1], weights.dtype) if found is None else found

    def _gathered(self, name: str, array: Array, samples: Array) -> Array:
        """The rows of some samples, in memory that the thread keeps for it."""
        kept = self._own.__dict__
        if name not in kept:
            kept[name] = np.empty((min(RUN, len(array)), array.shape[1]), array.dtype)
        out: Array = kept[name][: len(samples)]
        return np.take(array, samples, axis=0, out=out, mode="clip")


# ---------------------------------------------------------------- all sums


class _Asymmetric(Exception):
    """A factor that the first samples showed as symmetric is not."""


class Sums:
    """The sums of all terms, as pieces that can be computed one by one, in order, and where each lies in their file."""

    def __init__(self, work: Work, pool: Executor, alone: bool) -> None:
        """`alone`: a matrix product takes one thread."""
        self.work = work
        self._pool = pool
        self._alone = alone
        self._plans, self._widths = plans(work)
        self._held: dict[str, Array] | None = None
        self._ready: _Matrices | None = None

    def read(self, direct: bool, columns: bool) -> None:
        """One pass over the samples: for the sums of the first piece (`direct`), and of the others (`columns`).

        What the first samples showed as symmetric and is not, in others, is not taken as such.
        """
        while True:
            try:
                self._read(direct, columns)
                break
            except _Asymmetric:
                self._plans = [replace(p, packed=False) if isinstance(p, SamplePairs) else p for p in self._plans]
        self.totals = [self._total(t, p) for t, p in enumerate(self._plans)]
        sizes = [-(-total.bytes // 64) * 64 for total in self.totals]
        self.offsets = [sum(sizes[:t]) for t in range(len(sizes))]
        self.bytes = sum(sizes)
        self.pieces: list[tuple[int, range]] = [(0, range(0)), *self._pieces()]
        """Term and places in its order; the first piece is all direct sums."""

    def cost(self, piece: int) -> int:
        """About how many multiplications a piece takes."""
        term, places = self.pieces[piece]
        total = self.totals[term]
        return sum(total.cost(place) for place in places) if isinstance(total, ColumnSum) else PIECE

    def piece(self, number: int) -> Iterator[tuple[int, Array]]:
        """The sums of one piece, and the bytes of the file before each."""
        if not number:
            for t, value in self._direct.items():
                yield self.offsets[t], value
            return
        term, places = self.pieces[number]
        total = self.totals[term]
        assert isinstance(total, ColumnSum)
        found: dict[int, Array] = {}
        for slab in self._slabs:
            matrices = self._matrices(total, slab)
            parts = self._pool.map(matrices.sums, places) if self._alone else map(matrices.sums, places)
            for place, part in zip(places, parts, strict=True):
                if len(self._slabs) == 1:
                    yield self._at(term, total, place), part.astype(total.dtype, copy=False)
                else:
                    found[place] = np.add(found[place], part, dtype=np.float64) if place in found else part
        for place, value in found.items():
            yield self._at(term, total, place), value.astype(total.dtype, copy=False)

    def _at(self, term: int, total: ColumnSum, place: int) -> int:
        return self.offsets[term] + total.span(place)[0] * total.dtype.itemsize

    def close(self) -> None:
        """Gives the arrays' memory back."""
        self._held = self._ready = None

    def _read(self, direct: bool, columns: bool) -> None:
        at_once = {t: p for t, p in enumerate(self._plans) if isinstance(p, Direct) and direct}
        # A term without factors has a product of none, once; the sums of others begin with their first chunk.
        self._direct: dict[int, Array] = {t: np.ones(()) for t, p in at_once.items() if not p.right}
        self._counts: dict[str, Array] = {}
        self._held = self._empty(self._slabs[0]) if columns and len(self._slabs) == 1 else None
        outer = {p.outer.name for p in self._plans if isinstance(p, Columns)}

        def one(samples: slice) -> tuple[dict[int, Array], dict[str, Array]]:
            arrays = self.work.factors(samples)
            if self._held is not None:
                _hold(self._held, samples, arrays)
            found = {t: self._at_once(t, p, arrays) for t, p in at_once.items() if p.right}
            return found, {name: np.count_nonzero(arrays[name], axis=0) for name in outer}

        for found, counts in self._pool.map(one, self.work.chunks(slice(0, self.work.samples))):
            for t, value in found.items():
                self._direct[t] = self._direct.get(t, 0) + value.astype(np.float64)
            for name, count in counts.items():
                self._counts[name] = self._counts.get(name, 0) + count

    def _at_once(self, number: int, p: Direct, arrays: dict[str, Array]) -> Array:
        term = self.work.terms[number]
        dtype = self.work.dtype if self.work.cost(term) > CHEAP else np.dtype(np.float64)
        right = _product(term, p.right, arrays).astype(dtype, copy=False)
        found = _product(term, p.left, arrays).astype(dtype, copy=False).T @ right if p.left else right.sum(axis=0)
        out: Array = found.reshape(term.shape(p.labels))
        return out

    def _total(self, term: int, p: Plan) -> SumOverSamples:
        here = self.work.terms[term]
        if isinstance(p, SamplePairs):
            return PairSum(here, p, self.work.dtype, self._counts[p.outer.name])
        if isinstance(p, Columns):
            return ColumnSum(here, p, self.work.dtype, self._counts[p.outer.name])
        return SumOverSamples(here, p, np.dtype(np.float64))

    def _pieces(self) -> Iterator[tuple[int, range]]:
        """Of bounded memory and, where the arrays are not read again for each, of bounded work."""
        for t, total in enumerate(self.totals):
            if not isinstance(total, ColumnSum):
                continue
            first, cost, memory = 0, 0, 0
            for place in range(len(total.order)):
                cost += total.cost(place) if len(self._slabs) == 1 else 0
                memory += prod(total.span(place)[1])
                if cost >= PIECE or memory >= PIECE_NUMBERS or place + 1 == len(total.order):
                    yield t, range(first, place + 1)
                    first, cost, memory = place + 1, 0, 0

    def _matrices(self, total: ColumnSum, slab: slice) -> _Matrices:
        """Made anew only where the sum or the samples are others."""
        if self._held is None:
            held = self._empty(slab)
            for samples in self.work.chunks(slab):
                here = slice(samples.start - slab.start, samples.stop - slab.start)
                _hold(held, here, self.work.factors(samples))
            return _Matrices(total, held)
        if self._ready is None or self._ready.total is not total:
            self._ready = None
            self._ready = _Matrices(total, self._held)
        return self._ready

    @property
    def _wanted(self) -> dict[str, int]:
        """What is held of the arrays, and how many numbers a sample."""
        out: dict[str, int] = {}
        for p in self._plans:
            if isinstance(p, Columns):
                for f in (p.outer, *p.left, *p.right):
                    width = self._widths[f.name]
                    if isinstance(p, SamplePairs) and p.packed and f in p.right:
                        side = round(width**0.5)
                        out[f.name + PACKED] = side * (side + 1) // 2
                    else:
                        out[f.name] = width
        return out

    @property
    def _slabs(self) -> list[slice]:
        """The samples, in parts whose arrays are held at once."""
        many = self.work.samples
        each = min(many, max(1, HELD // max(1, sum(self._wanted.values()))))
        return [slice(start, min(start + each, many)) for start in range(0, many, each)]

    def _empty(self, slab: slice) -> dict[str, Array]:
        many = slab.stop - slab.start
        return {name: np.empty((many, width), self.work.dtype) for name, width in self._wanted.items()}


@contextmanager
def one_thread() -> Iterator[bool]:
    """Matrix products of one thread each, so that several run at once; gives whether that is so.

    Threads that share one product wait for each other, at full load, whenever another program takes a core.
    """
    try:
        threads = importlib.import_module("threadpoolctl")
    except ModuleNotFoundError:
        named = (os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"))
        yield next((number for number in named if number), "") == "1"
        return
    with threads.threadpool_limits(1, user_api="blas"):
        yield True


def _hold(held: dict[str, Array], samples: slice, arrays: dict[str, Array]) -> None:
    """Copies the arrays of some samples to their rows. Raises _Asymmetric."""
    for name, kept in held.items():
        array = arrays[name.removesuffix(PACKED)]
        if name.endswith(PACKED):
            if not _is_symmetric(array):
                raise _Asymmetric
            rows, columns = np.triu_indices(array.shape[1])
            array = array[:, rows, columns]
        kept[samples] = array.reshape(len(array), -1)
