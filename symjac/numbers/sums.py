"""The Hessian's terms as sums over samples, of as few products as zeros and symmetry leave.

A blocks module (symjac.emit.blocks_code) says what H is: in each block a few terms, each a sum over samples of products
of small factors. A term is summed over its own labels, not over the block's entries:

- A term of three factors or more, one of them a matrix w (samples, p), goes column by column of w: the samples with
  w[n,p] = 0 are left out, and what remains is one matrix product.
- Where w stands in the term twice, for p and for q, the sum for (q, p) is that for (p, q), and the column with fewer
  nonzero entries is the one that is gone through.
- A factor that is symmetric in its two labels has one column for each pair of them.
- The other terms, and those that cost next to nothing, are matrix products over chunks of samples, in float64.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symjac.train.errors import DataError

Array = NDArray[Any]

CHUNK = 2**25
"""How many numbers the arrays of one chunk of samples may hold."""
HELD = 2**29
"""How many numbers the arrays held at once may hold, of terms that go column by column; and as many one piece's sums."""
RUN = 8192
"""How many samples one matrix product adds up in the matrix's own dtype; several of them are added up in float64."""
CHEAP = 10**10
"""Multiplications of a term that are not worth a plan; nor is a hundredth of those of all terms."""
PIECE = 2 * 10**11
"""Multiplications of one piece of the sums."""


# ---------------------------------------------------------------- what there is to sum


@dataclass(frozen=True, slots=True)
class Factor:
    """An array of the blocks module and the labels of its axes, that of the samples left out."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """scale · Π constants · Σ_n Π factors at (row, column); a label that both have says that the two are equal."""

    scale: float
    factors: tuple[Factor, ...]
    constants: tuple[Factor, ...]
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
class Block:
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
        self.batch = _batch_axes(list(module.INPUTS.values()))
        self.samples = inputs[0].shape[self.batch[0]]
        self.chunk = max(1, min(self.samples, CHUNK // module.NUMBERS))
        self.terms: list[Term] = []
        self.blocks: list[Block] = []
        for row, column, terms in module.blocks(self.samples):
            here = Block(names.index(row), names.index(column), tuple(len(self.terms) + t for t in range(len(terms))))
            self.blocks.append(here)
            self.terms += [self._term(here, *term) for term in terms]

    def _term(self, block: Block, scale: float, factors: Sequence[tuple[str, str]], row: str, column: str) -> Term:
        rows, columns = tuple(row.split()), tuple(column.split())
        axes = (*self.shapes[block.row], *self.shapes[block.column])
        sizes = dict(zip((*rows, *columns), axes, strict=True))
        found = [(name, tuple(labels.split())) for name, labels in factors]
        summed = tuple(Factor(name, labels[1:]) for name, labels in found if labels[0] not in sizes)
        constants = tuple(Factor(name, labels) for name, labels in found if labels[0] in sizes)
        return Term(float(scale), summed, constants, rows, columns, sizes)

    def cost(self, term: Term) -> int:
        """Multiplications of its sum, without zeros and symmetries."""
        return prod(term.shape(_labels(term.factors))) * self.samples if len(term.factors) > 1 else 0

    @cached_property
    def by_columns(self) -> list[int]:
        """The terms that go column by column of one of their factors."""
        costs = [self.cost(term) for term in self.terms]
        least = max(CHEAP, sum(costs) // 100)
        return [t for t, c in enumerate(costs) if c > least and len(self.terms[t].factors) > 2 and self.matrices(t)]

    def matrices(self, term: int) -> list[Factor]:
        """The factors with one label, that no other factor has."""
        factors = self.terms[term].factors
        used = [label for f in factors for label in f.labels]
        return [f for f in factors if len(f.labels) == 1 and used.count(f.labels[0]) == 1]

    def factors(self, samples: slice) -> dict[str, Array]:
        """The arrays, in float64, of some of the samples."""
        parts = [
            np.asarray(array[(*[slice(None)] * axis, samples)], np.float64)
            for array, axis in zip(self.inputs, self.batch, strict=True)
        ]
        found: dict[str, Array] = self.module.factors(self.params, *parts, self.samples)
        return found

    def chunks(self, start: int, stop: int) -> Iterator[tuple[slice, dict[str, Array]]]:
        """The arrays of the samples from `start` to `stop`, a chunk at a time."""
        for first in range(start, stop, self.chunk):
            samples = slice(first, min(first + self.chunk, stop))
            yield samples, self.factors(samples)

    def digest(self) -> str:
        """Of all that the sums depend on."""
        seen = hashlib.sha256(repr((self.module.blocks(self.samples), self.dtype.str)).encode())
        for array in (*self.params, *self.inputs):
            seen.update(repr((array.shape, array.dtype.str)).encode())
            seen.update(np.ascontiguousarray(array))
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


def _labels(factors: Sequence[Factor]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for f in factors for label in f.labels))


def _product(factors: Sequence[Factor], arrays: dict[str, Array]) -> Array:
    """(samples, all labels): the product of the factors, sample by sample, its labels raveled."""
    if len(factors) == 1:
        array = arrays[factors[0].name]
        return array.reshape(len(array), -1)
    labels = _labels(factors)
    out = _spread(arrays[factors[0].name], factors[0].labels, labels, 1)
    for f in factors[1:]:
        out = out * _spread(arrays[f.name], f.labels, labels, 1)
    return out.reshape(len(out), -1)


def _spread(array: Array, have: Sequence[str], want: Sequence[str], before: int = 0) -> Array:
    """`array`, the axes behind the first `before` of which have the labels `have`, to broadcast over `want`."""
    order = [have.index(x) for x in want if x in have]
    array = array.transpose(*range(before), *(before + p for p in order))
    sizes = iter(array.shape[before:])
    return array.reshape(*array.shape[:before], *(next(sizes) if x in have else 1 for x in want))


def _halves(term: Term, factors: Sequence[Factor]) -> tuple[tuple[Factor, ...], tuple[Factor, ...]]:
    """The factors in two groups that share no label, together as small as can be, the smaller first.

    The first is empty where there are no such groups.
    """
    best: tuple[int, tuple[Factor, ...], tuple[Factor, ...]] = (prod(term.shape(_labels(factors))), (), tuple(factors))
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

    left: tuple[Factor, ...]
    right: tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Σ_n w[n,p] Π left Π right for one column p of w = `outer` after the other.

    With `paired`, `left` is w again, under another label q, and only q that do not come before p are summed, in the
    order of rising numbers of nonzero entries. With `packed`, `right` is one factor, symmetric in its two labels.
    """

    outer: Factor
    left: tuple[Factor, ...]
    right: tuple[Factor, ...]
    paired: bool
    packed: bool


Plan = Direct | Columns


def plans(work: Work) -> list[Plan]:
    """How each term is summed, by what a first few samples show of zeros and symmetry."""
    first = work.factors(slice(0, min(work.chunk, 1024)))
    density = {name: float(np.count_nonzero(array)) / array.size for name, array in first.items()}
    symmetric = {name for name, array in first.items() if array.ndim == 3 and _is_symmetric(array)}
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
            packed = len(rest) == 1 and rest[0].name in symmetric
            found.append(Columns(outer, (left,), rest, paired=True, packed=packed))
        else:
            left_side, right_side = _halves(term, [f for f in term.factors if f is not matrices[0]])
            found.append(Columns(matrices[0], left_side, right_side, paired=False, packed=False))
    return found


def _is_symmetric(array: Array) -> bool:
    """Whether the arrays (j, l) of all samples are, up to rounding."""
    if array.shape[1] != array.shape[2]:
        return False
    difference = np.abs(array - array.transpose(0, 2, 1)).max()
    return bool(difference <= 1e-12 * np.abs(array).max())


# ---------------------------------------------------------------- sums in their file


class Sum:
    """The sum of one term: where it lies in the file of sums, and its values from there."""

    def __init__(self, work: Work, term: int, plan: Plan, counts: Array | None) -> None:
        self.term = work.terms[term]
        self.plan = plan
        self.dtype = work.dtype if isinstance(plan, Columns) else np.dtype(np.float64)
        self.shape: tuple[int, ...]
        self.labels: tuple[str, ...]
        if isinstance(plan, Direct) or counts is None:
            assert isinstance(plan, Direct)
            self.labels = (*_labels(plan.left), *_labels(plan.right))
            self.shape = self.term.shape(self.labels)
            return
        self.labels = (*plan.outer.labels, *_labels(plan.left), *_labels(plan.right))
        self.counts = counts
        """How many nonzero entries each column of the outer factor has."""
        inner = self.term.shape(_labels(plan.right))
        if not plan.paired:
            self.order = np.flatnonzero(counts)
            self.shape = self.term.shape(self.labels)
            return
        order = np.argsort(counts, kind="stable")
        self.order = order[counts[order] > 0]
        """The columns that are not all zero, those with fewest nonzero entries first."""
        self.width = inner[0] * (inner[0] + 1) // 2 if plan.packed else prod(inner)
        many = len(self.order)
        self.starts = np.concatenate([[0], np.cumsum(np.arange(many, 0, -1))])
        """Where the pairs (p, p), (p, next) .. of each place in the order begin."""
        self.shape = (int(self.starts[-1]), self.width)

    @property
    def bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize

    def span(self, place: int) -> tuple[int, tuple[int, ...]]:
        """Of the sums that one column of the outer factor gives: the first one's number, and their shape."""
        assert isinstance(self.plan, Columns)
        if self.plan.paired:
            return int(self.starts[place]) * self.width, (len(self.order) - place, self.width)
        inner = self.shape[1:]
        sides = [prod(self.term.shape(_labels(side))) for side in (self.plan.left, self.plan.right)]
        return int(self.order[place]) * prod(inner), (sides[0], sides[1])

    def cost(self, work: Work, place: int) -> int:
        """Multiplications for one column of the outer factor."""
        return int(self.counts[self.order[place]]) * prod(self.span(place)[1])

    @cached_property
    def triangle(self) -> Array:
        """(j, l) -> the packed column of that pair."""
        side = self.term.shape(_labels(self._columns.right))[0]
        rows, columns = np.triu_indices(side)
        table = np.empty((side, side), np.intp)
        table[rows, columns] = table[columns, rows] = np.arange(len(rows))
        return table

    @property
    def _columns(self) -> Columns:
        assert isinstance(self.plan, Columns)
        return self.plan

    @property
    def mirrored(self) -> bool:
        """True where the values are exactly the same when row and column change places."""
        if not isinstance(self.plan, Columns) or not self.plan.packed or self.term.constants:
            return False
        one, other = _labels(self.plan.right)
        return self.term.mirror.get(one) == other

    def values(self, data: Array, label: str, at: int) -> tuple[tuple[str, ...], Array]:
        """The sum where `label` is `at`: the labels left, and an array over them. Without that label: all of it."""
        if isinstance(self.plan, Columns) and self.plan.paired:
            return self._of_pairs(data, label, at)
        if label not in self.labels:
            return self.labels, data
        place = self.labels.index(label)
        return self.labels[:place] + self.labels[place + 1 :], data[(*[slice(None)] * place, at)]

    def _of_pairs(self, data: Array, label: str, at: int) -> tuple[tuple[str, ...], Array]:
        p, q = self.labels[:2]
        inner = self.labels[2:]
        size = self.term.sizes[p]
        if label in (p, q):
            held = np.zeros((size, self.width), data.dtype)
            place = np.flatnonzero(self.order == at)
            if len(place):
                held[self.order] = data[self._pairs(place, np.arange(len(self.order)))]
            if self._columns.packed:
                held = np.take(held, self.triangle.ravel(), axis=1, mode="clip")
            return (q if label == p else p, *inner), held.reshape(size, *self.term.shape(inner))
        places = np.arange(len(self.order))
        columns, left = np.arange(self.width), inner
        if self._columns.packed:
            columns = self.triangle[at] if label in inner else self.triangle.ravel()
        elif label in inner:
            columns = np.take(columns.reshape(self.term.shape(inner)), at, axis=inner.index(label)).ravel()
        left = tuple(x for x in inner if x != label)
        found = data[:, columns][self._pairs(places[:, None], places)]
        held = np.zeros((size, size, len(columns)), data.dtype)
        held[self.order[:, None], self.order] = found
        return (p, q, *left), held.reshape(size, size, *self.term.shape(left))

    def _pairs(self, one: Array, other: Array) -> Array:
        """The number of each pair of places in the order."""
        low, high = np.minimum(one, other), np.maximum(one, other)
        return self.starts[low] + high - low


class _Columns:
    """The arrays of some samples that one plan multiplies."""

    def __init__(self, total: Sum, arrays: dict[str, Array]) -> None:
        plan = total._columns
        order = total.order
        outer = arrays[plan.outer.name]
        self.total = total
        self.left = outer[:, order] if plan.paired else _product(plan.left, arrays)
        self.right = arrays[_packed(plan.right[0].name)] if plan.packed else _product(plan.right, arrays)
        self.weights = np.ascontiguousarray((self.left if plan.paired else outer[:, order]).T)
        self._own = threading.local()

    def sums(self, place: int) -> Array:
        """Σ_n w[n,p] left[n,:] right[n,:] for the column at a place of the order."""
        weights = self.weights[place]
        samples = np.flatnonzero(weights)
        skipped = place if self.total._columns.paired else 0
        found: Array | None = None
        for start in range(0, len(samples), RUN):
            here = samples[start : start + RUN]
            left = self._gathered("left", self.left, here)[:, skipped:]
            left *= weights[here, None]
            part = left.T @ self._gathered("right", self.right, here)
            found = part if found is None else np.add(found, part, dtype=np.float64)
        return np.zeros(self.total.span(place)[1], weights.dtype) if found is None else found

    def _gathered(self, name: str, array: Array, samples: Array) -> Array:
        """The rows of some samples, in memory that the thread keeps for it."""
        kept = self._own.__dict__
        if name not in kept:
            kept[name] = np.empty((RUN, array.shape[1]), array.dtype)
        out: Array = kept[name][: len(samples)]
        return np.take(array, samples, axis=0, out=out, mode="clip")


class _Asymmetric(Exception):
    """A factor that the first samples showed as symmetric is not."""


class Sums:
    """The sums of all terms, as pieces that can be computed one by one, in order, and where each lies in their file."""

    def __init__(self, work: Work, pool: Executor) -> None:
        self.work = work
        self._pool = pool
        self._plans, self._widths = plans(work)
        self._held: dict[str, Array] | None = None
        self._ready: tuple[int, _Columns] | None = None

    def read(self, direct: bool, columns: bool) -> None:
        """One pass over the samples: for the sums of the first piece (`direct`), and of the others (`columns`).

        What the first samples showed as symmetric and is not, in others, is not taken as such.
        """
        while True:
            try:
                self._read(direct, columns)
                break
            except _Asymmetric:
                self._plans = [replace(p, packed=False) if isinstance(p, Columns) else p for p in self._plans]
        self.totals = [Sum(self.work, t, p, self._counts) for t, p in enumerate(self._plans)]
        sizes = [total.bytes for total in self.totals]
        self.offsets = [sum(sizes[:t]) for t in range(len(sizes))]
        self.bytes = sum(sizes)
        self.pieces: list[tuple[int, range]] = [(0, range(0)), *self._pieces()]
        """Term and places in its order; the first piece is all direct sums."""

    def cost(self, piece: int) -> int:
        """About how many multiplications a piece takes."""
        term, places = self.pieces[piece]
        return sum(self.totals[term].cost(place) for place in places)

    def piece(self, number: int) -> Iterator[tuple[int, Array]]:
        """The sums of one piece, and the bytes of the file before each."""
        if not number:
            for t, value in self._direct.items():
                yield self.offsets[t], value
            return
        term, places = self.pieces[number]
        found: dict[int, Array] = {}
        for slab in self._slabs:
            columns = self._columns(term, slab)
            for place, part in zip(places, self._pool.map(columns.sums, places), strict=True):
                found[place] = np.add(found[place], part, dtype=np.float64) if place in found else part
        for place, value in found.items():
            first, _ = self.totals[term].span(place)
            yield self.offsets[term] + first * self.work.dtype.itemsize, value.astype(self.work.dtype, copy=False)

    def close(self) -> None:
        """Gives the arrays' memory back."""
        self._held = self._ready = None

    def _read(self, direct: bool, columns: bool) -> None:
        self._direct: dict[int, Array] = {}
        self._counts: dict[str, Array] = {}
        self._held = self._empty(self._slabs[0]) if columns and len(self._slabs) == 1 else None
        outer = {p.outer.name for p in self._plans if isinstance(p, Columns)}
        for samples, arrays in self.work.chunks(slice(0, self.work.samples)):
            for t, p in enumerate(self._plans):
                if direct and isinstance(p, Direct):
                    self._direct[t] = self._direct.get(t, 0) + self._at_once(t, p, arrays)
            for name in outer:
                self._counts[name] = self._counts.get(name, 0) + np.count_nonzero(arrays[name], axis=0)
            if self._held is not None:
                _hold(self._held, samples, arrays)

    def _at_once(self, term: int, p: Direct, arrays: dict[str, Array]) -> Array:
        right = _product(p.right, arrays) if p.right else np.ones((1, 1))
        found = _product(p.left, arrays).T @ right if p.left else right.sum(axis=0)
        return found.reshape(self.work.terms[term].shape(p.labels))

    def _pieces(self) -> Iterator[tuple[int, range]]:
        """Of bounded memory and, where the arrays are not read again for each, of bounded work."""
        for t, total in enumerate(self.totals):
            first, cost, memory = 0, 0, 0
            for place in range(total.places):
                cost += total.cost(place) if len(self._slabs) == 1 else 0
                memory += prod(total.span(place)[1])
                if cost >= PIECE or memory >= HELD or place + 1 == total.places:
                    yield t, range(first, place + 1)
                    first, cost, memory = place + 1, 0, 0

    def _columns(self, term: int, slab: slice) -> _Columns:
        """Made anew only where the term or the samples are others."""
        if self._held is None:
            held = self._empty(slab)
            for samples, arrays in self.work.chunks(slab):
                _hold(held, slice(samples.start - slab.start, samples.stop - slab.start), arrays)
            return _Columns(self.totals[term], held)
        if self._ready is None or self._ready[0] != term:
            self._ready = None
            self._ready = term, _Columns(self.totals[term], self._held)
        return self._ready[1]

    @property
    def _wanted(self) -> dict[str, int]:
        """What is held of the arrays, and how many numbers a sample."""
        out: dict[str, int] = {}
        for p in self._plans:
            if isinstance(p, Columns):
                for f in (p.outer, *p.left, *p.right):
                    width = self._widths[f.name]
                    if p.packed and f in p.right:
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
