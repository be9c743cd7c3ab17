"""Values of expressions at points, one array a node: what modular numbers, floats and fractions have in common.

Axis 0 of every array numbers the points (1 where all points have the same value), then one axis a free index. A
product is contracted two factors at a time; an identity 1[u = Σ c i + o] with a summed index is never stored: the
other factors are read at u = Σ c i + o.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any, Protocol

import numpy as np
import sympy

from symjac.core import scalar
from symjac.core.expr import (
    Add,
    Contract,
    Determinant,
    Equation,
    Expr,
    Identity,
    Inverse,
    Map,
    Max,
    Number,
    Symbol,
)
from symjac.core.index import Index

Array = Any
"""A NumPy array of integers, floats or Python numbers."""
Mask = Any
"""Which points are usable; None: all."""

LARGEST = 1 << 22
"""Entries of one array."""

OBJECT = 32
"""How many int64 a Python number takes the place of."""
MOST_HELD = 1 << 24
"""Entries of all arrays that an evaluation keeps."""

MOST_ROWS = 64
"""Of a matrix that is inverted, or whose determinant is taken."""


class TooLarge(Exception):
    """An array would have more than `LARGEST` entries."""


class Definitions(Protocol):
    """What names stand for: the part of `claims.world.World` that evaluation uses."""

    @property
    def equations(self) -> Mapping[str, Equation]: ...

    def needed(self, e: Expr, keep: Container[str] = (), assumed: bool = False) -> tuple[Equation, ...]: ...


@dataclass(frozen=True, slots=True)
class _Either:
    """Names that are in one or the other."""

    one: Container[str]
    other: Container[str]

    def __contains__(self, name: object) -> bool:
        return name in self.one or name in self.other


@dataclass(frozen=True, slots=True)
class Arguments:
    """The children of a map, for a formula's placeholders; `done` holds the parts of the formula worked out so far."""

    nodes: tuple[Expr, ...]
    arrays: tuple[Array, ...]
    free: tuple[Index, ...]
    done: dict[sympy.Basic, Any]


@dataclass(frozen=True, slots=True)
class Linear:
    """Σ coefficient·index + offset."""

    terms: Mapping[Index, int]
    offset: int

    def of(self, index: Index) -> int:
        return self.terms.get(index, 0)

    def replaced(self, index: Index, by: Linear) -> Linear:
        c = self.of(index)
        if c == 0:
            return self
        terms = {i: a for i, a in self.terms.items() if i is not index}
        for i, a in by.terms.items():
            terms[i] = terms.get(i, 0) + c * a
        return Linear({i: a for i, a in terms.items() if a}, self.offset + c * by.offset)


class Evaluation:
    """Values at some points under given sizes, each node once. Subclasses give the arithmetic."""

    largest = LARGEST
    by_entries = False
    """Whether sides that are too long are compared at single entries."""

    def __init__(
        self, world: Definitions, sizes: Mapping[str, int], points: int, facts: bool = True, keep: Container[str] = ()
    ) -> None:
        self.world = world
        self.sizes = dict(sizes)
        self.points = points
        self.facts = facts
        self.keep = keep
        """Names whose definitions and facts do not count."""
        self._sizes: dict[Index, int] = {}
        self._definitions = len(world.equations)
        self._values: dict[Expr, Array] = {}
        self._usable: dict[Expr, Mask] = {}
        self._named: dict[str, tuple[bool, Array, Mask]] = {}
        """Of each name: whether it was drawn, its value, where that counts."""
        self._now: Mask = None
        self.parts: dict[str, Equation] = {}
        """Definitions beside those of the world, each after those that it reads."""

    @property
    def key(self) -> tuple[object, ...]:
        """What says the values."""
        return type(self), tuple(sorted(self.sizes.items())), self.points, self.facts, self.keep

    # ------------------------------------------------------------ arithmetic, given by subclasses

    def constant(self, value: sympy.Expr) -> Array:
        """The number of a SymPy expression in sizes and named constants."""
        return self.formula(value, Arguments((), (), (), {}))

    def draw(self, name: str, shape: tuple[int, ...]) -> Array:
        """Values of a declared tensor, axis 0 the points."""
        raise NotImplementedError

    def plus(self, x: Array, y: Array) -> Array:
        return x + y

    def times(self, x: Array, y: Array) -> Array:
        return x * y

    def total(self, x: Array, axes: tuple[int, ...]) -> Array:
        return x.sum(axis=axes)

    def matmul(self, x: Array, y: Array) -> Array:
        return np.matmul(x, y)

    def ones(self) -> Array:
        raise NotImplementedError

    def maximum(self, node: Max) -> Array:
        body = self._values[node.body]
        return body.max(axis=tuple(1 + node.body.free.index(i) for i in node.over))

    def reciprocal(self, x: Array) -> Array:
        raise NotImplementedError

    def weight(self, x: Array) -> Array:
        """How good each number is as a pivot; 0 is not."""
        raise NotImplementedError

    # ------------------------------------------------------------ formulas

    def formula(self, f: sympy.Expr, args: Arguments) -> Array:
        """A scalar formula in the placeholders of `args`."""
        return self._evaluated(f, args)

    def _evaluated(self, e: sympy.Basic, args: Arguments) -> Array:
        known = args.done.get(e)
        if known is None:
            known = args.done[e] = self._worked_out(e, args)
        return known

    def _worked_out(self, e: sympy.Basic, args: Arguments) -> Array:
        if isinstance(e, sympy.Symbol):
            return self._name(e, args)
        if isinstance(e, sympy.Float):
            e = sympy.Rational(str(e))
        if isinstance(e, sympy.Rational):
            return self._fraction(int(e.p), int(e.q), args)
        if isinstance(e, sympy.Add):
            return reduce(self.plus, [self._evaluated(a, args) for a in e.args])
        if isinstance(e, sympy.Mul):
            return reduce(self.times, [self._evaluated(a, args) for a in e.args])
        if isinstance(e, sympy.Pow):
            return self._pow(e.base, e.exp, args)
        if isinstance(e, sympy.Piecewise):
            return self._piecewise(e, args)
        if isinstance(e, scalar.Share):
            return self._evaluated(e.in_signs(), args)
        if isinstance(e, sympy.Max | sympy.Min):
            return self._extreme(e, args)
        if e.is_number and not e.args:
            return self._irrational(e, args)
        if isinstance(e, sympy.Function):
            return self._function(e, args)
        raise TypeError(f"{type(e).__name__} is not in the language")

    def _name(self, s: sympy.Symbol, args: Arguments) -> Array:
        """A placeholder, a size or a named constant."""
        raise NotImplementedError

    def _fraction(self, above: int, below: int, args: Arguments) -> Array:
        raise NotImplementedError

    def _irrational(self, e: sympy.Expr, args: Arguments) -> Array:
        """π and the like."""
        raise NotImplementedError

    def _pow(self, base: sympy.Expr, exponent: sympy.Expr, args: Arguments) -> Array:
        raise NotImplementedError

    def _piecewise(self, e: sympy.Piecewise, args: Arguments) -> Array:
        raise NotImplementedError

    def _extreme(self, e: sympy.Expr, args: Arguments) -> Array:
        """Of `Max` and `Min`."""
        raise NotImplementedError

    def _function(self, e: sympy.Function, args: Arguments) -> Array:
        raise NotImplementedError

    # ------------------------------------------------------------ nodes

    def of(self, e: Expr) -> Array:
        """The value of `e`: the points, then one axis a free index, sorted by name."""
        self._define(e)
        return self._value(e)

    def usable(self, e: Expr) -> Mask:
        """At which points the value of `e`, had before, counts."""
        return self._usable[e]

    @property
    def held(self) -> int:
        """How many numbers are kept; one that is a Python object counts for many."""
        arrays = [*self._values.values(), *(value for _, value, _ in self._named.values())]
        return sum(x.size * (OBJECT if x.dtype == object else 1) for x in arrays)

    def trim(self) -> None:
        """Forgets values, all but those of names, where they have become many."""
        if sum(x.size for x in self._values.values()) > MOST_HELD:
            self._values, self._usable = {}, {}

    def with_parts(self, parts: Mapping[str, Equation]) -> None:
        """Definitions that count beside those of the world from now on; the values of earlier ones are forgotten."""
        for name in self.parts:
            self._named.pop(name, None)
        self.parts.clear()
        self.parts.update(parts)
        self.trim()

    def has(self, name: str) -> bool:
        return name in self._named

    def named(self, name: str) -> Array:
        """The value of a name that was drawn or defined on the way."""
        return self._named[name][1]

    def drawn(self) -> dict[str, Array]:
        """The values of the names that were drawn on the way."""
        return {name: value for name, (was_drawn, value, _) in self._named.items() if was_drawn}

    def _define(self, e: Expr) -> None:
        """The definitions that `e` needs, first things first."""
        if len(self.world.equations) != self._definitions:
            self._definitions = len(self.world.equations)
            if any(was_drawn and name in self.world.equations for name, (was_drawn, _, _) in self._named.items()):
                self._values, self._usable, self._named = {}, {}, {}
        if e.names <= self._named.keys():
            return
        for equation in self._needed(e):
            if equation.lhs.name not in self._named:
                value = self._value(equation.rhs)
                shape = (value.shape[0], *self.shape(equation.lhs.indices))
                full = np.broadcast_to(self.spread(value, equation.rhs.free, equation.lhs.indices), shape)
                self._named[equation.lhs.name] = False, full, self._usable[equation.rhs]

    def _needed(self, e: Expr) -> Iterator[Equation]:
        """The definitions behind `e` that have no value yet, each after those that it reads."""
        keep = _Either(self.keep, self._named)
        wanted = set(e.names & self.parts.keys())
        for name in reversed(self.parts):
            if name in wanted:
                wanted |= self.parts[name].rhs.names & self.parts.keys()
        parts = [q for name, q in self.parts.items() if name in wanted]
        for q in parts:
            yield from self.world.needed(q.rhs, keep, self.facts)
        yield from self.world.needed(e, keep, self.facts)
        yield from parts

    def _value(self, e: Expr) -> Array:
        stack: list[tuple[Expr, bool]] = [(e, False)]
        while stack:
            node, ready = stack.pop()
            if node in self._values:
                continue
            if not ready:
                stack.append((node, True))
                stack.extend((c, False) for c in node.children if c not in self._values)
                continue
            before, self._now = self._now, None
            try:
                for c in node.children:
                    self.only(self._usable[c])
                value = self._node(node)
                self._values[node], self._usable[node] = value, self._now
            finally:
                self._now = before
        return self._values[e]

    def only(self, mask: Mask) -> None:
        """What is being worked out counts at these points alone."""
        if mask is not None:
            self._now = mask if self._now is None else self._now & mask

    def formula_of(self, f: sympy.Expr, nodes: tuple[Expr, ...], free: tuple[Index, ...]) -> tuple[Array, Mask]:
        """A formula in the values of `nodes`, over the axes `free`, and where it counts."""
        for node in nodes:
            self._define(node)
            self._value(node)
        before, self._now = self._now, None
        try:
            for node in nodes:
                self.only(self._usable[node])
            return self.formula(f, self._arguments(nodes, free)), self._now
        finally:
            self._now = before

    def _arguments(self, nodes: tuple[Expr, ...], free: tuple[Index, ...]) -> Arguments:
        return Arguments(nodes, tuple(self.spread(self._values[a], a.free, free) for a in nodes), free, {})

    def _node(self, node: Expr) -> Array:
        self._fits(node.free)
        match node:
            case Number():
                return self.constant(node.value)
            case Symbol():
                return self._symbol(node)
            case Identity():
                return self._mask(self._equation(node), node.free)
            case Add():
                out = self.spread(self._values[node.terms[0]], node.terms[0].free, node.free)
                for t in node.terms[1:]:
                    out = self.plus(out, self.spread(self._values[t], t.free, node.free))
                return out
            case Contract():
                return self._contract(node)
            case Map():
                return self.formula(node.formula, self._arguments(node.args, node.free))
            case Max():
                return self.maximum(node)
            case Inverse():
                return self._inverse(node)
            case Determinant():
                return self.eliminate(self._matrix(node.body, node.row, node.column, node.free), False)[1]
        raise TypeError(f"no value for {type(node).__name__}")

    def size(self, i: Index) -> int:
        known = self._sizes.get(i)
        if known is None:
            known = self._sizes[i] = self.whole(i.size)
        return known

    def whole(self, value: sympy.Expr) -> int:
        """The integer behind a size, coefficient or offset. Raises KeyError where a symbol in it has no value."""
        if value.is_Integer:
            return int(value)
        out = value.xreplace({s: sympy.Integer(self.sizes[s.name]) for s in value.free_symbols})
        if not out.is_Integer:
            raise ValueError(f"{value} is not a whole number at these sizes")
        return int(out)

    def shape(self, indices: Iterable[Index]) -> tuple[int, ...]:
        return tuple([self.size(i) for i in indices])

    def spread(self, x: Array, have: Sequence[Index], want: Sequence[Index]) -> Array:
        """`x` over the axes `have` as one over `want`, of length 1 along those that it lacks."""
        have = list(have)
        if have == list(want):
            return x
        x = x.transpose([0, *(1 + have.index(i) for i in want if i in have)])
        return x[(slice(None), *(slice(None) if i in have else None for i in want))]

    def _symbol(self, node: Symbol) -> Array:
        if node.name not in self._named:
            shape = self.shape(node.indices)
            self._named[node.name] = True, self.draw(node.name, shape), None
        _, value, usable = self._named[node.name]
        self.only(usable)
        if value.shape[1:] != self.shape(node.indices):
            raise ValueError(f"{node.key} has shape {self.shape(node.indices)}, its value {value.shape[1:]}")
        return self._read(value, [Linear({i: 1}, 0) for i in node.indices], node.free)

    # ------------------------------------------------------------ identities

    def _equation(self, e: Identity) -> Linear:
        """What is 0 where the identity is 1."""
        terms = {i: self.whole(c) for c, i in e.terms}
        terms[e.target] = terms.get(e.target, 0) - 1
        return Linear({i: c for i, c in terms.items() if c}, self.whole(e.offset))

    def _grid(self, f: Linear, over: Sequence[Index]) -> Array:
        """The values of `f` with one axis an index of `over`."""
        out = np.asarray(f.offset).reshape((1,) * len(over))
        for place, i in enumerate(over):
            if f.of(i):
                shape = [1] * len(over)
                shape[place] = -1
                out = out + f.of(i) * np.arange(self.size(i)).reshape(shape)
        return out

    def _mask(self, zero: Linear, over: Sequence[Index]) -> Array:
        self._fits(over)
        hit = np.broadcast_to(self._grid(zero, over) == 0, self.shape(over))
        return np.where(hit[None], self.ones(), self.ones() - self.ones())

    def _fits(self, over: Iterable[Index]) -> None:
        if prod(self.shape(over)) * self.points > self.largest:
            raise TooLarge(f"{' x '.join(map(str, self.shape(over)))} entries")

    def _read(self, x: Array, at: Sequence[Linear], over: Sequence[Index]) -> Array:
        """x[at_0, at_1 ..] over the axes `over`; 0 outside of `x`."""
        plain = [next(iter(f.terms)) if len(f.terms) == 1 and f.offset == 0 else None for f in at]
        sizes = x.shape[1:]
        if (
            all(i is not None and f.of(i) == 1 and self.size(i) == n for i, f, n in zip(plain, at, sizes, strict=True))
            and len(set(plain)) == len(plain)
            and set(plain) == set(over)
        ):
            return x.transpose([0, *(1 + plain.index(i) for i in over)])
        self._fits(over)
        inside: Any = True
        where = []
        for f, n in zip(at, sizes, strict=True):
            grid = self._grid(f, over)
            if grid.size and (grid.min() < 0 or grid.max() >= n):
                inside = inside & (grid >= 0) & (grid < n)
                grid = grid.clip(0, max(n - 1, 0))
            where.append(grid)
        out = x[(slice(None), *where)] if where else x
        if out.ndim < 1 + len(over):
            out = out.reshape(out.shape + (1,) * (1 + len(over) - out.ndim))
        if inside is not True:
            out = np.where(inside[None], out, self.ones() - self.ones())
        return out

    # ------------------------------------------------------------ products

    def _contract(self, node: Contract) -> Array:
        """Σ Π: identities solved for their summed index, then two factors at a time."""
        coefficient: Array | None = None
        reads: list[tuple[Array, list[Linear]]] = []
        zeros: list[Linear] = []
        for f in node.factors:
            if isinstance(f, Number):
                coefficient = self._values[f]
            elif isinstance(f, Identity):
                zeros.append(self._equation(f))
            else:
                reads.append((self._values[f], [Linear({i: 1}, 0) for i in f.free]))
        out, labels = self._summed(reads, zeros, list(node.summed), node.free)
        if coefficient is not None:
            out = self.times(out, coefficient.reshape(coefficient.shape + (1,) * (out.ndim - 1)))
        out = self.spread(out, labels, node.free)
        return np.broadcast_to(out, (out.shape[0], *self.shape(node.free)))

    def _summed(
        self,
        reads: list[tuple[Array, list[Linear]]],
        zeros: list[Linear],
        bound: list[Index],
        free: Sequence[Index],
    ) -> tuple[Array, tuple[Index, ...]]:
        """Σ over `bound` of the product of all that is read, where `zeros` are 0."""
        numbered = self._numbered(reads, zeros, bound)
        if numbered is not None:
            zero, target = numbered
            digits = [i for i in zero.terms if i is not target]
            inner = [*(i for i in free if i is not target), *digits]
            rest = [z for z in zeros if z is not zero]
            out, labels = self._summed(reads, rest, [i for i in bound if i not in digits], inner)
            return self._placed(self.spread(out, labels, inner), inner, digits, zero, target)
        ranges: list[tuple[Linear, int]] = []
        while (found := self._solvable(zeros, bound)) is not None:
            zero, s = found
            zeros.remove(zero)
            bound.remove(s)
            c = zero.of(s)
            root = Linear({i: -c * a for i, a in zero.terms.items() if i is not s}, -c * zero.offset)
            zeros = [z.replaced(s, root) for z in zeros]
            ranges = [(r.replaced(s, root), n) for r, n in ranges]
            if not any(
                f == Linear({s: 1}, 0) and n <= self.size(s)
                for x, at in reads
                for f, n in zip(at, x.shape[1:], strict=True)
            ):
                ranges.append((root, self.size(s)))
            reads = [(x, [f.replaced(s, root) for f in at]) for x, at in reads]
        operands = [self._operand(x, at) for x, at in reads]
        for zero in zeros:
            over = tuple(zero.terms)
            operands.append((self._mask(zero, over), over))
        for inside, n in ranges:
            over = tuple(inside.terms)
            grid = self._grid(inside, over)
            hit = np.broadcast_to((grid >= 0) & (grid < n), self.shape(over))
            if not hit.all():
                operands.append((np.where(hit[None], self.ones(), self.ones() - self.ones()), over))
        present = {i for _, labels in operands for i in labels}
        repeats = prod(self.size(i) for i in bound if i not in present)
        out, labels = self._multiplied(operands, [i for i in bound if i in present], free)
        if repeats != 1:
            out = self.times(out, _beside(self.constant(sympy.Integer(repeats)), out.ndim))
        return out, labels

    def _numbered(
        self, reads: Sequence[tuple[Array, list[Linear]]], zeros: Sequence[Linear], bound: Sequence[Index]
    ) -> tuple[Linear, Index] | None:
        """1[u = Σ c·i + o] with summed i that number places u one to one, and a u that stands nowhere else."""
        for zero in zeros:
            digits = [i for i in zero.terms if i in bound]
            target = next((i for i in zero.terms if i not in bound), None)
            if len(digits) < 2 or target is None or len(digits) + 1 < len(zero.terms) or abs(zero.of(target)) != 1:
                continue
            reach = 0
            for i in sorted(digits, key=lambda i: abs(zero.of(i))):
                if abs(zero.of(i)) <= reach:
                    break
                reach += abs(zero.of(i)) * (self.size(i) - 1)
            else:
                others = [f for _, at in reads for f in at] + [z for z in zeros if z is not zero]
                if not any(f.of(target) for f in others):
                    return zero, target
        return None

    def _placed(
        self, x: Array, have: Sequence[Index], digits: Sequence[Index], zero: Linear, target: Index
    ) -> tuple[Array, tuple[Index, ...]]:
        """The entries of `x` over `digits`, at the places of `target` that they number; 0 elsewhere."""
        kept = tuple(i for i in have if i not in digits)
        self._fits((*kept, target))
        x = np.broadcast_to(x, (x.shape[0], *self.shape(have))).reshape(x.shape[0], *self.shape(kept), -1)
        c = -zero.of(target)
        place = Linear({i: c * zero.of(i) for i in digits}, c * zero.offset)
        places = np.broadcast_to(self._grid(place, digits), self.shape(digits)).reshape(-1)
        n = self.size(target)
        inside = (places >= 0) & (places < n)
        out = np.empty((*x.shape[:-1], n), dtype=x.dtype)
        out[...] = (self.ones() - self.ones()).reshape(-1)[0]
        out[..., places[inside]] = x[..., inside]
        return out, (*kept, target)

    def _solvable(self, zeros: Sequence[Linear], bound: Sequence[Index]) -> tuple[Linear, Index] | None:
        """An identity and a summed index of coefficient ±1 in it, the longest there is."""
        found = [(z, i) for z in zeros for i, c in z.terms.items() if i in bound and abs(c) == 1]
        return max(found, key=lambda f: self.size(f[1]), default=None)

    def _operand(self, x: Array, at: Sequence[Linear]) -> tuple[Array, tuple[Index, ...]]:
        over = tuple(dict.fromkeys(i for f in at for i in f.terms))
        return self._read(x, at, over), over

    def _multiplied(
        self, operands: list[tuple[Array, tuple[Index, ...]]], bound: Sequence[Index], keep: Sequence[Index]
    ) -> tuple[Array, tuple[Index, ...]]:
        """The product, summed over `bound`: the pair that gives the smallest result first."""
        if not operands:
            return self.ones(), ()
        work = [self._summed_alone(o, operands[:p] + operands[p + 1 :], bound) for p, o in enumerate(operands)]
        while len(work) > 1:
            best: tuple[int, int, int] | None = None
            for p, (_, left) in enumerate(work):
                for q in range(p + 1, len(work)):
                    right = work[q][1]
                    if best is not None and not set(left) & set(right):
                        continue
                    others = {i for r, (_, labels) in enumerate(work) if r not in (p, q) for i in labels}
                    kept = [i for i in dict.fromkeys((*left, *right)) if i not in bound or i in others]
                    grown = prod(self.shape(kept)) - prod(self.shape(left)) - prod(self.shape(right))
                    if best is None or grown < best[0]:
                        best = grown, p, q
            assert best is not None
            _, p, q = best
            rest = [o for r, o in enumerate(work) if r not in (p, q)]
            others = {i for _, labels in rest for i in labels}
            gone = [i for i in bound if i in work[p][1] and i not in others]
            gone += [i for i in bound if i in work[q][1] and i not in others and i not in gone]
            work = [self._pair(work[p], work[q], gone), *rest]
        return work[0]

    def _summed_alone(
        self,
        operand: tuple[Array, tuple[Index, ...]],
        others: Sequence[tuple[Array, tuple[Index, ...]]],
        bound: Sequence[Index],
    ) -> tuple[Array, tuple[Index, ...]]:
        x, labels = operand
        elsewhere = {i for _, found in others for i in found}
        gone = [i for i in labels if i in bound and i not in elsewhere]
        if not gone:
            return operand
        return self.total(x, tuple(1 + labels.index(i) for i in gone)), tuple(i for i in labels if i not in gone)

    def _pair(
        self,
        left: tuple[Array, tuple[Index, ...]],
        right: tuple[Array, tuple[Index, ...]],
        gone: Sequence[Index],
    ) -> tuple[Array, tuple[Index, ...]]:
        (x, a), (y, b) = left, right
        both = tuple(i for i in a if i in b and i not in gone)
        inner = tuple(i for i in a if i in b and i in gone)
        rows = tuple(i for i in a if i not in b)
        columns = tuple(i for i in b if i not in a)
        self._fits((*both, *rows, *columns))
        x = self.spread(x, a, (*both, *rows, *inner))
        y = self.spread(y, b, (*both, *inner, *columns))
        n_both, n_rows, n_inner, n_columns = (prod(self.shape(g)) for g in (both, rows, inner, columns))
        x = x.reshape(x.shape[0], n_both, n_rows, n_inner)
        y = y.reshape(y.shape[0], n_both, n_inner, n_columns)
        out = self.matmul(x, y) if inner else self.times(x, y)
        return out.reshape(out.shape[0], *self.shape((*both, *rows, *columns))), (*both, *rows, *columns)

    # ------------------------------------------------------------ matrices

    def _matrix(self, body: Expr, row: Index, column: Index, free: Sequence[Index]) -> Array:
        """The matrices of `body`: points, the other axes, rows, columns."""
        outer = [i for i in free if i in body.free and i not in (row, column)]
        x = self.spread(self._values[body], body.free, (*outer, row, column))
        shape = self.shape((*outer, row, column))
        return np.array(np.broadcast_to(x, (x.shape[0], *shape)))

    def _inverse(self, node: Inverse) -> Array:
        body = node.body
        outer = [i for i in body.free if i not in (node.row, node.column)]
        x = self._matrix(body, node.row, node.column, outer)
        out = self.eliminate(x, True)[0]
        return self._read(
            out, [*(Linear({i: 1}, 0) for i in outer), Linear({node.left: 1}, 0), Linear({node.right: 1}, 0)], node.free
        )

    def eliminate(self, x: Array, inverse: bool) -> tuple[Array, Array]:
        """Inverse and determinant by Gauss-Jordan elimination; without `inverse` the first is not worked out."""
        n = x.shape[-1]
        if n > MOST_ROWS:
            raise TooLarge(f"a matrix of {n} rows is not inverted")
        given = x
        one, zero = self.ones(), self.ones() - self.ones()
        if inverse:
            unit = np.where(np.eye(n, dtype=bool), one.reshape(-1)[0], zero.reshape(-1)[0])
            x = np.concatenate([x, np.broadcast_to(unit, x.shape)], axis=-1)
        x = np.array(x)
        determinant = np.broadcast_to(one.reshape((-1,) + (1,) * (x.ndim - 3)), x.shape[:-2])
        minus = self.constant(sympy.Integer(-1))
        for c in range(n):
            best = c + self.weight(x[..., c:, c]).argmax(axis=-1)
            swapped = best != c
            at = np.broadcast_to(best[..., None, None], (*x.shape[:-2], 1, x.shape[-1]))
            pivot_row = np.take_along_axis(x, at, axis=-2)
            np.put_along_axis(x, at, x[..., c : c + 1, :].copy(), axis=-2)
            x[..., c : c + 1, :] = pivot_row
            pivot = self.pivot(x[..., c, c], given)
            turned = self.times(pivot, _beside(minus, pivot.ndim))
            determinant = self.times(determinant, np.where(swapped, turned, pivot))
            if not inverse and c == n - 1:
                break
            row = self.times(x[..., c, :], self.reciprocal(pivot)[..., None])
            factors = x[..., :, c].copy()
            factors[..., c] = zero.reshape(-1)[0]
            x = self.plus(x, self.times(_beside(minus, x.ndim), self.times(factors[..., :, None], row[..., None, :])))
            x[..., c, :] = row
        return x[..., n:], determinant

    def pivot(self, x: Array, matrices: Array) -> Array:
        """A pivot of the matrices, 0 where it is no more than rounding."""
        return x


def _beside(number: Array, axes: int) -> Array:
    """A number of each point, beside arrays of so many axes."""
    return number.reshape((-1,) + (1,) * (axes - 1))
