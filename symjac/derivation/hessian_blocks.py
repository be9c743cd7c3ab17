"""Derivation -> the Hessian in blocks, sample by sample.

For a network in which samples do not meet before the loss, every quantity of a sample is a function of that sample's
pre-activation A_m. Its sensitivity ∂q_n/∂A_m,n is propagated forwards and then backwards through the formulas of the
derivation, by the same laws. A parameter Q enters through A_m, so

    ∂²L/∂P∂Q = Σ_n  ∂(summand n of ∂L/∂P)/∂q_n · ∂q_n/∂A_m,n · ∂A_m,n/∂Q,

a sum over samples of products of small factors. Factors that cost a sum, or have several terms, get a name once
(`J_Y_A2` is ∂y_n/∂a_2,n); the others stand where they are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from symjac.calculus.differentiate import derivative_along, jacobian
from symjac.calculus.simplify import LawContext, simplify
from symjac.core.expr import (
    ZERO,
    Add,
    Contract,
    Equation,
    Expr,
    Identity,
    Symbol,
    add,
    contract,
    identity,
    rename,
    symbol,
    symbols,
    walk,
)
from symjac.core.index import Index, aside
from symjac.derivation.along import backward_in_products
from symjac.derivation.chain import Derivation, needed
from symjac.model.stack import Definition


class NotBySample(ValueError):
    """Samples meet before the loss, or a parameter enters in more than one place: there is no form sample by sample."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """`equation`: ∂of_n/∂by_n over the batch index, the features of `of`, then those of `by`."""

    of: Symbol
    by: Symbol
    equation: Equation


@dataclass(frozen=True, slots=True)
class HessianBlock:
    """∂²L/∂row∂column over the indices of both parameters, which share none."""

    row: Symbol
    column: Symbol
    value: Expr

    @property
    def transposed(self) -> HessianBlock:
        return HessianBlock(self.column, self.row, self.value)


@dataclass(frozen=True)
class Curvature:
    derivation: Derivation
    sensitivities: tuple[Sensitivity, ...]
    """The named ones, in order of evaluation."""
    blocks: tuple[HessianBlock, ...]
    """For parameters P_1, P_2 .. in forward order: rows P_i by columns P_j with j <= i; the others are transposes."""

    @cached_property
    def products(self) -> tuple[Equation, ...]:
        """The formulas of the backward pass whose names the sensitivities use."""
        return backward_in_products(self.derivation)

    def block(self, row: str, column: str) -> HessianBlock:
        """The block of two parameters, by name, in either order. Raises KeyError for an unknown name."""
        for b in self.blocks:
            if (b.row.name, b.column.name) == (row, column):
                return b
            if (b.column.name, b.row.name) == (row, column):
                return b.transposed
        raise KeyError(f"no parameters {row} and {column}")


@lru_cache(maxsize=1)
def curvature(derivation: Derivation) -> Curvature:
    """The Hessian of the loss by parameters, in blocks. Raises NotBySample."""
    return _Builder(derivation).build()


class _Builder:
    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.stack = derivation.stack
        self.products = backward_in_products(derivation)
        self.gradients = {f"d{p.symbol.name}": p.symbol for p in self.stack.parameters}
        self.values = tuple(d.equation for d in self.stack.forward if d.kind == "activation")
        self.taken = {
            i.name
            for q in (*(d.equation for d in self.stack.forward), *self.products)
            for n in walk(q.rhs)
            for i in n.free
        } | {i.name for q in (*(d.equation for d in self.stack.forward), *self.products) for i in q.lhs.indices}
        self.named: list[Sensitivity] = []
        self.locals: dict[str, Equation | None] = {}

    def build(self) -> Curvature:
        self._check_by_sample()
        readers = {p.symbol.name: self._reader(p.symbol) for p in self.stack.parameters}
        order = [p.symbol for p in self.stack.parameters]
        blocks: list[HessianBlock] = []
        known: dict[str, dict[str, Equation]] = {}
        for definition in [d for d in self.stack.forward if d in readers.values()]:
            known[definition.equation.lhs.name] = self._sensitivities(definition)
        for place, row in enumerate(order):
            for column in order[: place + 1]:
                definition = readers[column.name]
                blocks.append(self._block(row, column, definition, known[definition.equation.lhs.name]))
        return Curvature(self.derivation, self._used(blocks), tuple(blocks))

    def _used(self, blocks: list[HessianBlock]) -> tuple[Sensitivity, ...]:
        """The named sensitivities that the blocks need, in order."""
        read = frozenset().union(*(b.value.names for b in blocks))
        kept = {q.lhs.name for q in needed([s.equation for s in self.named], read)}
        return tuple(s for s in self.named if s.equation.lhs.name in kept)

    def _check_by_sample(self) -> None:
        """Every quantity of sample n is made from quantities of sample n alone."""
        names = {d.equation.lhs.name for d in self.stack.forward} | {s.name for s in self.stack.inputs}
        names |= {q.lhs.name for q in self.products if q.lhs.name not in self.gradients}
        for equation in (*(d.equation for d in self.stack.forward), *self.products):
            if equation.lhs.name in self.gradients:
                continue
            batch = self._batch(equation.lhs)
            if any(i.size == self.stack.batch for n in walk(equation.rhs) for i in n.bound):
                raise NotBySample(f"{equation.lhs.name} has a sum or the like over all samples")
            for s in symbols(equation.rhs):
                if s.name in names and (batch is None or self._batch(s) is not batch):
                    raise NotBySample(f"{equation.lhs.name} of one sample depends on {s.name} of another")

    def _batch(self, s: Symbol) -> Index | None:
        found = [i for i in s.indices if i.size == self.stack.batch]
        return found[0] if len(found) == 1 else None

    def _reader(self, parameter: Symbol) -> Definition:
        readers = [d for d in self.stack.forward if parameter.name in d.equation.rhs.names]
        if len(readers) != 1:
            raise NotBySample(f"{parameter.name} enters {len(readers)} formulas")
        return readers[0]

    def _aside(self, indices: Iterable[Index]) -> tuple[Index, ...]:
        """The same axes under names that occur in no formula."""
        return aside(indices, self.taken)

    def _features(self, s: Symbol) -> list[Index]:
        """The indices of `s` but that of the samples."""
        return [i for i in s.indices if i is not self._batch(s)]

    def _features_aside(self, s: Symbol) -> dict[Index, Index]:
        """Each of them, and one of its size for a derivative by `s`; from here on no other axis gets its name."""
        features = self._features(s)
        aside = dict(zip(features, self._aside(features), strict=True))
        self.taken |= {i.name for i in aside.values()}
        return aside

    def _sensitivities(self, anchor: Definition) -> dict[str, Equation]:
        """∂q_n/∂A_n for every quantity q behind the pre-activation A of `anchor`."""
        here = anchor.equation.lhs
        aside = self._features_aside(here)
        by = symbol(here.name, [aside.get(i, i) for i in here.indices])
        unit = contract([identity(i, j) for i, j in aside.items()])
        known = {here.name: Equation(symbol("unit", [*here.indices, *aside.values()]), unit)}
        behind = [d.equation for d in self.stack.forward[self.stack.forward.index(anchor) + 1 :]]
        for equation in (*behind, *(q for q in self.products if q.lhs.name not in self.gradients)):
            seeds = {s: self._there(known[s.name], s) for s in symbols(equation.rhs) if s.name in known}
            if not seeds:
                continue
            value = self._composed(equation, seeds)
            if value is ZERO:
                continue
            axes = (*equation.lhs.indices, *aside.values())
            known[equation.lhs.name] = Equation(symbol("unit", axes), self._named(equation.lhs, by, axes, value))
        return known

    def _composed(self, equation: Equation, seeds: Mapping[Symbol, Expr]) -> Expr:
        """The sensitivity of what `equation` defines: by its local Jacobian where that has a name, else at once."""
        local = self._local(equation)
        if local is None:
            value = derivative_along(equation.rhs, seeds)
        else:
            read, seed = next(iter(seeds.items()))
            by = local.lhs.indices[len(equation.lhs.indices) :]
            value = contract([local.rhs, rename(seed, dict(zip(self._features(read), by, strict=True)))], by)
        return simplify(value, self._context(equation, seeds))[0]

    def _local(self, equation: Equation) -> Equation | None:
        """∂y_n/∂a_n of an activation whose values share their arguments, such as softmax; None for the others."""
        name = equation.lhs.name
        if name not in self.locals:
            self.locals[name] = self._local_of(equation)
        return self.locals[name]

    def _local_of(self, equation: Equation) -> Equation | None:
        read = symbols(equation.rhs)
        if equation not in self.values or len({s.name for s in read}) != 1:
            return None
        here = next((s for s in read if set(s.indices) == set(equation.lhs.indices)), None)
        if here is None:
            return None
        aside = self._features_aside(here)
        seeds = {
            s: contract([identity(i, aside[j]) for i, j in zip(s.indices, here.indices, strict=True) if j in aside])
            for s in read
        }
        value, _ = simplify(derivative_along(equation.rhs, seeds), self._context(equation, seeds))
        if not _deserves_a_name(value):
            return None
        axes = (*equation.lhs.indices, *aside.values())
        by = symbol(here.name, [aside.get(i, i) for i in here.indices])
        return Equation(symbol("unit", axes), self._named(equation.lhs, by, axes, value))

    def _named(self, of: Symbol, by: Symbol, axes: tuple[Index, ...], value: Expr) -> Expr:
        """The value, or the name that is given to it."""
        if not _deserves_a_name(value):
            return value
        name = f"J_{of.name.replace('_', '')}_{by.name.replace('_', '')}"
        self.named.append(Sensitivity(of, by, Equation(symbol(name, axes), value)))
        return symbol(name, axes)

    def _there(self, known: Equation, s: Symbol) -> Expr:
        """A sensitivity at the place that `s` reads."""
        own = known.lhs.indices[: len(s.indices)]
        return rename(known.rhs, dict(zip(own, s.indices, strict=True)))

    def _context(self, equation: Equation, seeds: Mapping[Symbol, Expr]) -> LawContext:
        """The values that may stand for their formulas: of what is read, and of the quantity itself."""
        names = {s.name for s in seeds} | {equation.lhs.name}
        read = equation.rhs.names
        return LawContext(
            tuple(q for q in self.values if q.lhs.name in names | read or q.rhs.names & read), self.stack.facts
        )

    def _block(self, row: Symbol, column: Symbol, reader: Definition, known: Mapping[str, Equation]) -> HessianBlock:
        gradient = next(q for q in self.products if self.gradients.get(q.lhs.name) is row)
        self._check_explicit(gradient, column)
        here = reader.equation.lhs
        through = jacobian(reader.equation.rhs, symbol(column.name, self._aside(column.indices)))
        column_axes = self._aside(column.indices)
        seeds = {}
        for s in symbols(gradient.rhs):
            if s.name in known:
                seeds[s] = self._of_parameter(self._there(known[s.name], s), known[here.name], through, here)
        terms = [derivative_along(gradient.rhs, seeds)]
        if column.name in gradient.rhs.names:
            terms.append(jacobian(gradient.rhs, symbol(column.name, column_axes)))
        value, _ = simplify(add(*terms), LawContext((), self.stack.facts))
        return HessianBlock(row, symbol(column.name, column_axes), value)

    def _of_parameter(self, sensitivity: Expr, unit: Equation, through: Expr, here: Symbol) -> Expr:
        """Σ_b ∂q_n/∂A_nb · ∂A_nb/∂Q."""
        by = unit.lhs.indices[len(here.indices) :]
        moved = rename(through, dict(zip(self._features(here), by, strict=True)))
        return contract([sensitivity, moved], by)

    def _check_explicit(self, gradient: Equation, column: Symbol) -> None:
        """What the row's gradient is made of must read the column's parameter only through its own layer."""
        needed, reached = set(gradient.rhs.names), False
        for q in reversed(self.products):
            if q.lhs.name in needed:
                reached |= column.name in q.rhs.names
                needed |= q.rhs.names
        if reached:
            raise NotBySample(f"the gradient {gradient.lhs.name} reads {column.name} directly")


def _deserves_a_name(value: Expr) -> bool:
    """Sums, and differences that are not a diagonal, are named; a product stands where it is used."""
    return any(isinstance(n, Contract) and n.summed for n in walk(value)) or (
        isinstance(value, Add) and any(isinstance(n, Identity) for n in walk(value))
    )
