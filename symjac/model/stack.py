"""A network as forward formulas: what the spec and the library say, with every shape known."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symjac.calculus.facts import sum_stated
from symjac.calculus.trace import SumFact
from symjac.calculus.world import World
from symjac.core.errors import Remark
from symjac.core.expr import Equation, Symbol
from symjac.core.scalar import placed, slot, slots_of


@dataclass(frozen=True, slots=True)
class Conventions:
    samples: str = "rows"
    """"rows", "columns" or "torch"."""
    jacobian: str = "numerator"
    """"numerator" or "denominator"."""
    vec: str = "columns"
    """"columns" (column-stacking) or "rows" (row-stacking)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A trained tensor; its entries start as normal numbers of mean 0 and standard deviation `std`."""

    symbol: Symbol
    std: sympy.Expr


@dataclass(frozen=True, slots=True)
class Definition:
    """A forward formula, `equation`; where it is a named function of one quantity, `function` and `argument` say so."""

    kind: str
    """"affine" (a layer with parameters: its value is a pre-activation), "activation", "access" (flatten, pooling,
    shifts: a rearrangement) or "loss"."""
    layer: str
    equation: Equation
    function: str | None = None
    argument: Symbol | None = None


STEP = sympy.Symbol("t", integer=True, positive=True)
"""The number of the step, 1 for the first, in an update's formulas."""


@dataclass(frozen=True, slots=True)
class Update:
    """One optimiser step: assignments in order, elementwise; a name has its old value until it is assigned.

    Formulas are in slot(0) = θ, slot(1) = g = ∂L/∂θ, then a slot for each array of the state and for each array that an
    assignment names for later ones; constants, STEP and what is one number for all entries stand by their names.
    """

    name: str
    constants: tuple[tuple[str, sympy.Expr], ...]
    state: tuple[tuple[str, sympy.Expr], ...]
    """Arrays in the shapes of the parameters that last from step to step, and their initial entries."""
    assignments: tuple[tuple[str, sympy.Expr], ...]
    """(name, formula), each name once: `theta`, every array of the state, and names for use in later formulas."""

    @property
    def title(self) -> str:
        """What a sentence calls it; a formula given in the spec itself has no name."""
        return "the update" if self.name == "formula" else self.name.replace("_", " ")

    @property
    def variables(self) -> tuple[str, ...]:
        """What the slots stand for, in order."""
        given = ("theta", "g", *(name for name, _ in self.state))
        return (*given, *(name for name, formula in self.assignments if name not in given and slots_of(formula)))

    @property
    def counts(self) -> bool:
        """True where the number of the step matters."""
        return any(STEP in formula.free_symbols for _, formula in self.assignments)

    @property
    def has_state(self) -> bool:
        """True where a step needs more than the parameters and their gradient."""
        return bool(self.state) or self.counts

    @property
    def written_out(self) -> sympy.Expr | None:
        """The new θ in slot(0) and slot(1), what is assigned before put in its place; None where there is a state."""
        if self.has_state:
            return None
        known: dict[sympy.Symbol, sympy.Expr] = {}
        for name, formula in self.assignments:
            is_array = name in self.variables
            s = slot(self.variables.index(name)) if is_array else sympy.Symbol(name, real=True)
            known[s] = placed(formula, known)
        return known[slot(0)]


@dataclass(frozen=True, slots=True)
class Stack:
    name: str
    source: str
    """The spec's file name, as the headers of what is generated give it."""
    batch: sympy.Symbol
    """The number of samples, k."""
    inputs: tuple[Symbol, ...]
    """X, then T: the arrays that a caller gives."""
    parameters: tuple[Parameter, ...]
    forward: tuple[Definition, ...]
    """In order of evaluation; the last one is the output Y."""
    loss: Definition
    update: Update
    facts: tuple[SumFact, ...]
    conventions: Conventions
    constants: tuple[tuple[str, sympy.Expr], ...]
    """Named constants of the formulas and their values; sizes left open, such as k, are not among them."""
    remarks: tuple[Remark, ...] = ()
    """What the spec says that is hardly meant."""

    @property
    def errors(self) -> dict[str, Symbol]:
        """The names of the errors, delta_1, delta_2 .. by the layers with parameters: each with its pre-activation."""
        affine = [d.equation.lhs for d in self.forward if d.kind == "affine"]
        return {f"delta_{number}": value for number, value in enumerate(affine, 1)}

    def world(self) -> World:
        """The network as named definitions, with the facts that have a form."""
        world = World()
        for s in (*self.inputs, *(p.symbol for p in self.parameters)):
            world.declare(s.name, s.indices)
        for d in (*self.forward, self.loss):
            world.define(d.equation.lhs.name, d.equation.lhs.indices, d.equation.rhs)
        for fact in filter(None, map(sum_stated, self.facts)):
            world.noted(fact)
        return world


def plain_shape(s: Symbol) -> tuple[int | str, ...]:
    """Its sizes as numbers; an open one by its name, as the number of samples k."""
    return tuple(int(size) if size.is_Integer else str(size) for size in s.shape)
