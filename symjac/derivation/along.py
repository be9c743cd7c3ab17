"""Derivation -> second order, along a direction: what every quantity does when the parameters move along V.

R{q} is the derivative of q along V (Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural Computation 6,
1994). Each formula of the derivation, forwards and backwards, is differentiated once more by the same laws; it starts
from names, so the work grows linearly with the number of layers. R of a parameter's gradient is that block of the
Hessian times V.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from symjac.calculus.differentiate import jvp
from symjac.calculus.simplify import SUBSTITUTE, LawContext, simplify
from symjac.calculus.trace import Derived
from symjac.core.expr import ZERO, Add, Contract, Equation, Expr, Symbol, add, symbol, symbols, transform, walk
from symjac.core.pattern import Patterns, relabel_equation, relabel_symbol, structure
from symjac.derivation.chain import Derivation, needed
from symjac.model.stack import Stack


@dataclass(frozen=True, slots=True)
class Directional:
    """`equation`: R{of} = value, over the indices of `of`."""

    of: Symbol
    equation: Equation


def direction_name(parameter: str) -> str:
    """The name of the part of V that moves a parameter."""
    return f"V{parameter}"


def directional_name(quantity: str) -> str:
    """The name of R{quantity}."""
    return f"R{quantity}"


def cotangent_name(quantity: str) -> str:
    """The name of what stands for the cotangent `quantity` in the Gauss-Newton product."""
    return f"G{quantity}"


def backward_in_products(derivation: Derivation, keep: Collection[str] = ()) -> tuple[Equation, ...]:
    """The formulas of the backward pass, in order, with every cotangent that costs a sum under its own name.

    Differentiated again, a product that stands under one name is computed once. The cotangents `keep` have their own
    names too.
    """
    sources = {d.equation.lhs.name: d for d in derivation.chain}
    equations = [_unsubstituted(sources, d, keep) for d in derivation.chain]
    return needed(equations, [d.equation.lhs.name for d in derivation.chain if d.kind == "gradient"])


@lru_cache(maxsize=1)
def directional(derivation: Derivation) -> tuple[Directional, ...]:
    """R of every forward quantity and every formula of `backward_in_products` that V moves, in order of evaluation."""
    stack = derivation.stack
    equations = (*(d.equation for d in stack.forward), *backward_in_products(derivation))
    return tuple(_along(stack, equations, _directions(stack), directional_name))


def gauss_newton(derivation: Derivation, along: tuple[Directional, ...] | None = None) -> tuple[Directional, ...]:
    """Jᵀ H J V in order of evaluation: J = ∂z/∂θ, H = ∂²L/∂z² of the loss as a function of one quantity z.

    R{z} is had forwards; H R{z} is R of ∂L/∂z where z alone moves; the backward formulas, linear in the cotangents,
    take it to the parameters: `Gdelta_2` stands for `delta_2`. z is the first quantity from the last pre-activation on
    by which H has no target in it: for softmax under cross-entropy that is the pre-activation, and Jᵀ H J the Fisher
    information; the output where there is none. `along` is `directional(derivation)` where that is at hand.
    """
    stack = derivation.stack
    last = max(place for place, d in enumerate(stack.forward) if d.kind == "affine")
    for place in range(last, len(stack.forward)):
        at = next(d.equation.lhs.name for d in derivation.chain if d.by.name == stack.forward[place].equation.lhs.name)
        backward = backward_in_products(derivation, keep=(at,))
        curved = _loss_hessian(derivation, place, needed(backward, [at]))
        if place == len(stack.forward) - 1 or _is_free_of_target(derivation, place, curved):
            break
    if not any(d.of.name == at for d in curved):
        return ()
    forward = directional(derivation) if along is None else along
    start = next(p for p, q in enumerate(backward) if q.lhs.name == at) + 1
    found = (*forward, *curved, *_with_cotangent(backward[start:], at))
    gradients = [cotangent_name(d.equation.lhs.name) for d in derivation.chain if d.kind == "gradient"]
    kept = {q.lhs.name for q in needed((d.equation for d in found), gradients)}
    return tuple(d for d in found if d.equation.lhs.name in kept)


def _with_cotangent(backward: Iterable[Equation], at: str) -> Iterator[Directional]:
    """The backward formulas behind the cotangent `at`, with another one in its place.

    A term has one cotangent as a factor, or comes from elsewhere and is left out.
    """
    names = {at: cotangent_name(at)}

    def law(e: Expr) -> Expr | None:
        return symbol(names[e.name], e.indices) if isinstance(e, Symbol) and e.name in names else None

    for equation in backward:
        terms = equation.rhs.terms if isinstance(equation.rhs, Add) else (equation.rhs,)
        raw = add(*(t for t in terms if names.keys() & t.names))
        if raw is ZERO:
            continue
        name = names[equation.lhs.name] = cotangent_name(equation.lhs.name)
        value = transform(raw, law)
        yield Directional(equation.lhs, Equation(symbol(name, equation.lhs.indices), value))


def _loss_hessian(derivation: Derivation, place: int, backward: Iterable[Equation]) -> tuple[Directional, ...]:
    """R of ∂L/∂z and of what it is made of, where z, the forward quantity at `place`, moves and nothing before it."""
    names = [d.equation.lhs.name for d in derivation.stack.forward[place:]]
    moved = {name: directional_name(name) for name in names}
    return tuple(_along(derivation.stack, backward, moved, cotangent_name))


def _is_free_of_target(derivation: Derivation, place: int, curved: Iterable[Directional]) -> bool:
    """True where the loss depends on what is before `place` through that quantity alone, and H reads no target."""
    stack = derivation.stack
    before = {d.equation.lhs.name for d in stack.forward[:place]}
    read = frozenset().union(*(d.equation.rhs.names for d in (*stack.forward[place + 1 :], stack.loss)))
    given = {s.name for s in stack.inputs[1:]} | {d.equation.lhs.name for d in derivation.chain}
    return not before & read and not any(given & d.equation.rhs.names for d in curved)


def _directions(stack: Stack) -> dict[str, str]:
    return {p.symbol.name: direction_name(p.symbol.name) for p in stack.parameters}


def _along(
    stack: Stack, equations: Iterable[Equation], moved: Mapping[str, str], naming: Callable[[str], str]
) -> Iterator[Directional]:
    """The differentials of `equations` where the quantities `moved` move along the given names; zeros are left out."""
    moved = dict(moved)
    values = {d.equation.lhs.name: (p, d.equation) for p, d in enumerate(stack.forward) if d.kind == "activation"}
    known = Patterns(_renamed, {s.name for fact in stack.facts for s in symbols(fact.left)})
    for equation in equations:
        if not moved.keys() & equation.rhs.names:
            continue
        name = naming(equation.lhs.name)
        near = [values[n] for n in equation.rhs.names | {equation.lhs.name} if n in values]
        read = [q for _, q in sorted(near, key=lambda v: v[0])]
        names = structure([equation.rhs])[1]
        movers = [symbol(moved[n]) for n in names if n in moved]
        given = [equation.lhs, equation.rhs, symbol(name), *movers, *(e for q in read for e in (q.lhs, q.rhs))]
        here = {n: moved[n] for n in names if n in moved}
        found = known.get(given, tuple(n in here for n in names), partial(_moving, stack, equation, here, name, read))
        if found.equation.rhs is ZERO:
            continue
        moved[equation.lhs.name] = name
        yield found


def _moving(
    stack: Stack, equation: Equation, moved: Mapping[str, str], name: str, near: Iterable[Equation]
) -> Directional:
    """The differential of one formula."""
    raw = jvp(equation.rhs, moved)
    reachable = raw.names | {equation.lhs.name}
    read = tuple(q for q in near if q.lhs.name in reachable and q.rhs.names & raw.names)
    value, _ = simplify(raw, LawContext(read, stack.facts))
    return Directional(equation.lhs, Equation(symbol(name, equation.lhs.indices), value))


def _renamed(d: Directional, names: Mapping[str, str]) -> Directional:
    return Directional(relabel_symbol(d.of, names), relabel_equation(d.equation, names))


def _unsubstituted(sources: Mapping[str, Derived], derived: Derived, keep: Collection[str]) -> Equation:
    """The formula as it stood before a cotangent that costs a sum, or is one of `keep`, was substituted."""
    for step in derived.steps:
        if step.law is SUBSTITUTE:
            source = sources[step.where[0]].equation
            if source.lhs.name in keep or any(isinstance(n, Contract) and n.summed for n in walk(source.rhs)):
                return Equation(derived.equation.lhs, step.before)
    return derived.equation
