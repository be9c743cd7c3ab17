"""Update -> the step as a map: how every new quantity depends on θ, the gradient g and the state before the step.

The assignments are differentiated one by one, each with respect to what it reads, and the chain rule joins them. All is
elementwise; since g depends on θ through the Hessian H, a new quantity q moves along (V, V_state) by

    R{q} = ∂q/∂θ ⊙ V + ∂q/∂g ⊙ (H V) + Σ_s ∂q/∂s ⊙ V_s,

so that the step's Jacobian over (θ, state) has the blocks diag(∂q/∂θ) + diag(∂q/∂g) H and diag(∂q/∂s).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy

from symjac.core import scalar
from symjac.model.stack import Update

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)


@dataclass(frozen=True, slots=True)
class Quantity:
    """What one assignment computes, in a slot of its own: a name's old and its new value have different slots."""

    name: str
    slot: int
    formula: sympy.Expr
    slopes: tuple[tuple[int, sympy.Expr], ...]
    """(slot, derivative of `formula` by it), for the slots that it depends on."""
    is_root: bool = False
    """True for √u, a part of a formula. Its slopes are in terms of the root r itself: multiples of 1/r, which is to be
    taken as 0 where r is: the entry of a parameter whose gradient was always 0 stays where it is."""


@dataclass(frozen=True, slots=True)
class StepBlock:
    """diag(`diagonal`) + diag(`curved`) H: how the new `row` depends on the old `column`, each θ or of the state."""

    row: str
    column: str
    diagonal: sympy.Expr
    curved: sympy.Expr


@dataclass(frozen=True)
class StepMap:
    update: Update
    numbers: tuple[tuple[str, sympy.Expr], ...]
    """Assignments of one number for all entries, in order."""
    quantities: tuple[Quantity, ...]
    """The others, in order; their slots follow those of θ, g and the state."""

    @cached_property
    def given(self) -> tuple[str, ...]:
        """The names of the slots before the quantities': θ, g and the state as they are before the step."""
        return ("theta", "g", *(name for name, _ in self.update.state))

    @cached_property
    def moved(self) -> tuple[str, ...]:
        """What the step is a map of: θ and the arrays of the state."""
        return ("theta", *(name for name, _ in self.update.state))

    @cached_property
    def new(self) -> Mapping[str, Quantity]:
        """What has a name after the step."""
        return {q.name: q for q in self.quantities if not q.is_root}

    def slope(self, new: str, old: str) -> sympy.Expr:
        """∂(the new value)/∂(the old value, or g), in the slots of old values and of quantities."""
        value = self._slopes[self.new[new].slot].get(self.given.index(old), ZERO)
        return value if scalar.slots_of(value) else sympy.factor_terms(value)

    def opened(self, formula: sympy.Expr) -> sympy.Expr:
        """`formula` with the roots in it written out."""
        roots = {scalar.slot(q.slot): q.formula for q in self.quantities if q.is_root}
        while roots.keys() & formula.free_symbols:
            formula = formula.xreplace(roots)
        return formula

    @cached_property
    def blocks(self) -> tuple[StepBlock, ...]:
        """The step's Jacobian, row by row."""
        return tuple(
            StepBlock(row, column, self.slope(row, column), self.slope(row, "g") if column == "theta" else ZERO)
            for row in self.moved
            for column in self.moved
        )

    def weighed(self, v: sympy.Expr, Hv: sympy.Expr) -> sympy.Expr:
        """Σ Bᵀ w over the blocks B of θ's column, of which Σ diagonal ⊙ w gives v and H (Σ curved ⊙ w) gives Hv."""
        column = [b for b in self.blocks if b.column == "theta"]
        direct, curved = any(b.diagonal != 0 for b in column), any(b.curved != 0 for b in column)
        return sympy.Add(*[v] * direct, *[Hv] * curved)

    @cached_property
    def _slopes(self) -> dict[int, dict[int, sympy.Expr]]:
        """Of each slot, its derivatives by the slots that are given: the chain rule, in order of assignment."""
        out: dict[int, dict[int, sympy.Expr]] = {slot: {slot: ONE} for slot in range(len(self.given))}
        for q in self.quantities:
            row: dict[int, sympy.Expr] = {}
            for through, slope in q.slopes:
                for old, inner in out[through].items():
                    row[old] = row.get(old, ZERO) + slope * inner
            out[q.slot] = {old: value for old, value in row.items() if value != 0}
        return out


def step_map(update: Update) -> StepMap:
    """The step that `update` declares, with the derivatives of every assignment."""
    return _Builder(update).build()


def linear_step(update: Update) -> tuple[sympy.Expr, sympy.Expr] | None:
    """(a, b) where a step has the Jacobian a I + b H with numbers a and b; None where it has a state, or is not so."""
    if update.has_state:
        return None
    (block,) = step_map(update).blocks
    return None if scalar.slots_of(block.diagonal + block.curved) else (block.diagonal, block.curved)


class _Builder:
    def __init__(self, update: Update) -> None:
        self.update = update
        self.quantities: list[Quantity] = []
        self.roots: dict[sympy.Expr, sympy.Symbol] = {}
        self.first = 2 + len(update.state)

    def build(self) -> StepMap:
        names = self.update.variables
        values = {name: scalar.slot(i) for i, name in enumerate(names[: self.first])}
        numbers = []
        for name, formula in self.update.assignments:
            if not scalar.slots_of(formula):
                numbers.append((name, formula))
                continue
            read = {scalar.slot(i): values[n] for i, n in enumerate(names) if n in values}
            formula = self._without_roots(formula.xreplace(read))
            slopes = {s: scalar.derivative(formula, s) for s in map(scalar.slot_number, scalar.slots_of(formula))}
            values[name] = self._add(name, formula, slopes)
        return StepMap(self.update, tuple(numbers), tuple(self.quantities))

    def _add(
        self, name: str, formula: sympy.Expr, slopes: Mapping[int, sympy.Expr], root: bool = False
    ) -> sympy.Symbol:
        slot = self.first + len(self.quantities)
        kept = tuple((s, e) for s, e in slopes.items() if e != 0)
        self.quantities.append(Quantity(name, slot, formula, kept, root))
        return scalar.slot(slot)

    def _without_roots(self, e: sympy.Expr) -> sympy.Expr:
        """`e` with a slot for each √u of an array u, from the inside out."""
        if not scalar.slots_of(e) or not e.args:
            return e
        e = e.func(*(self._without_roots(a) if isinstance(a, sympy.Expr) else a for a in e.args))
        if isinstance(e, sympy.Pow) and e.exp.is_Rational and e.exp.q == 2 and scalar.slots_of(e.base):
            return self._root(e.base) ** e.exp.p
        return e

    def _root(self, inside: sympy.Expr) -> sympy.Symbol:
        """√u; SymPy's derivative of √x, in terms of √x, times those of u."""
        if inside not in self.roots:
            x, value = scalar.slot(0), scalar.slot(self.first + len(self.quantities))
            outer = scalar.derivative(sympy.sqrt(x), 0).xreplace({sympy.sqrt(x): value, 1 / sympy.sqrt(x): 1 / value})
            numbers = [scalar.slot_number(s) for s in scalar.slots_of(inside)]
            slopes = {s: outer * scalar.derivative(inside, s) for s in numbers}
            self.roots[inside] = self._add("root", sympy.sqrt(inside), slopes, root=True)
        return self.roots[inside]
