"""Derivation -> second order, along a direction: what every quantity does when the parameters move along V.

R{q} is the derivative of q along V (Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural Computation 6, 1994).
Each formula of the derivation, forwards and backwards, is differentiated once more by the same laws; it starts from
names, so the work grows linearly with the number of layers. R of a parameter's gradient is that block of the Hessian
times V.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symjac.calculus.differentiate import jvp
from symjac.calculus.simplify import CHAIN, SUBSTITUTE, Context, simplify
from symjac.calculus.trace import Derived, Step
from symjac.core.expr import ZERO, Contract, Equation, Symbol, symbol, walk
from symjac.derive import Derivation


@dataclass(frozen=True, slots=True)
class Directional:
    """`equation`: R{of} = value, over the indices of `of`."""

    of: Symbol
    equation: Equation
    steps: tuple[Step, ...]


def direction_name(parameter: str) -> str:
    """The name of the part of V that moves a parameter."""
    return f"V{parameter}"


def directional_name(quantity: str) -> str:
    """The name of R{quantity}."""
    return f"R{quantity}"


def backward_in_products(derivation: Derivation) -> tuple[Equation, ...]:
    """The formulas of the backward pass, in order, with every cotangent that costs a sum under its own name.

    Differentiated again, a product that stands under one name is computed once.
    """
    equations = {d.equation.lhs.name: _unsubstituted(derivation, d) for d in derivation.chain}
    needed = {d.equation.lhs.name for d in derivation.chain if d.kind == "gradient"}
    kept: list[Equation] = []
    for d in reversed(derivation.chain):
        if d.equation.lhs.name in needed:
            equation = equations[d.equation.lhs.name]
            kept.append(equation)
            needed |= equation.rhs.names
    return tuple(reversed(kept))


def directional(derivation: Derivation) -> tuple[Directional, ...]:
    """R of every forward quantity and of every formula of `backward_in_products` that V moves, in order of evaluation."""
    return tuple(_directional(derivation))


def _directional(derivation: Derivation) -> Iterator[Directional]:
    stack = derivation.stack
    moved = {p.symbol.name: direction_name(p.symbol.name) for p in stack.parameters}
    values = tuple(d.equation for d in stack.forward if d.kind == "activation")
    of_output = {q.lhs.name: q for q in values}
    for equation in (*(d.equation for d in stack.forward), *backward_in_products(derivation)):
        raw = jvp(equation.rhs, moved)
        read = [q for q in values if q.rhs.names & raw.names and (q.lhs.name in raw.names or q is of_output.get(equation.lhs.name))]
        value, steps = simplify(raw, Context(tuple(read), stack.facts))
        if value is ZERO:
            continue
        name = directional_name(equation.lhs.name)
        moved[equation.lhs.name] = name
        out = Equation(symbol(name, equation.lhs.indices), value)
        yield Directional(equation.lhs, out, (Step(CHAIN, raw, raw), *steps))


def _unsubstituted(derivation: Derivation, derived: Derived) -> Equation:
    """The formula as it stood before a cotangent that costs a sum was substituted."""
    for step in derived.steps:
        if step.law is SUBSTITUTE:
            source = next(d for d in derivation.chain if d.equation.lhs.name == step.where[0])
            if any(isinstance(n, Contract) and n.summed for n in walk(source.equation.rhs)):
                return Equation(derived.equation.lhs, step.before)
    return derived.equation
