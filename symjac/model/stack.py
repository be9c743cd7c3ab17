"""A network as forward formulas: what the spec and the library say, with every shape known."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symjac.calculus.trace import Fact
from symjac.core.expr import Equation, Symbol


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


@dataclass(frozen=True, slots=True)
class Update:
    """One optimiser step, θ' = `formula`, elementwise in slot(0) = θ and slot(1) = ∂L/∂θ; constants by name."""

    name: str
    formula: sympy.Expr
    constants: tuple[tuple[str, sympy.Expr], ...]


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
    facts: tuple[Fact, ...]
    conventions: Conventions
    constants: tuple[tuple[str, sympy.Expr], ...]
    """Named constants of the formulas and their values; sizes left open, such as k, are not among them."""
