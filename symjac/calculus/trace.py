"""What a derivation is made of: laws, steps, derived quantities. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symjac.core.expr import Equation, Expr, Symbol
from symjac.core.pattern import relabel


@dataclass(frozen=True, slots=True)
class Law:
    """A rule of calculation: its name, its statement as LaTeX, and why applying it again and again ends."""

    name: str
    statement: str
    terminates: str


@dataclass(frozen=True, slots=True)
class SumFact:
    """A declared truth about the inputs, `left = right`, e.g. Σ_j T[n,j] = 1; `text` is how the user wrote it."""

    text: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Step:
    """`before = after` by `law`; `where` names the definitions and facts that it used."""

    law: Law
    before: Expr
    after: Expr
    where: tuple[str, ...] = ()

    def relabelled(self, names: Mapping[str, str]) -> Step:
        """The same step on quantities of other names."""
        where = tuple(names.get(name, name) for name in self.where)
        return Step(self.law, relabel(self.before, names), relabel(self.after, names), where)


@dataclass(frozen=True, slots=True)
class Derived:
    """`∂(of)/∂(by) = value`, in the shape of `by` (`equation.lhs` has the indices of `by`, in order)."""

    kind: str
    """"delta" (by a pre-activation), "gamma" (by another intermediate) or "gradient" (by a parameter)."""
    of: str
    by: Symbol
    equation: Equation
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class LocalJacobian:
    """`∂output/∂by`: an expression over the indices of both symbols, which share none."""

    output: Symbol
    by: Symbol
    value: Expr
    steps: tuple[Step, ...]
