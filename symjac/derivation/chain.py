"""Stack -> Derivation: local Jacobians, the delta recursion, parameter gradients.

For each quantity q, from the loss backwards, ∂L/∂q is the sum, over the formulas that read q, of the cotangent of what
they define times their derivative. It is derived from those formulas alone: the cotangents it starts from are names
(`delta_2`), so the work grows linearly with the number of layers. A cotangent that only an activation reads is
substituted into what follows, which is where softmax meets cross-entropy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from symjac.calculus.differentiate import jacobian, vjp
from symjac.calculus.simplify import CHAIN, SUBSTITUTE, LawContext, simplify
from symjac.calculus.trace import Derived, LocalJacobian, Step
from symjac.core import collector
from symjac.core.expr import (
    ONE,
    Contract,
    Equation,
    Expr,
    Identity,
    Symbol,
    add,
    contract,
    index_names,
    names_read,
    rename,
    substitute,
    symbol,
    symbols,
    walk,
)
from symjac.core.faults import at_hand
from symjac.core.index import aside
from symjac.core.pattern import Patterns, relabel_equation, relabel_symbol
from symjac.model.stack import Definition, Stack


@dataclass(frozen=True)
class Derivation:
    stack: Stack
    chain: tuple[Derived, ...]
    """∂L/∂q for every intermediate and parameter, in order of evaluation: each uses only inputs, forward quantities
    and earlier ones."""

    @cached_property
    def backward(self) -> tuple[Derived, ...]:
        """The part of `chain` that the parameters' gradients need, in the same order: what the code computes."""
        gradients = [d.equation.lhs.name for d in self.chain if d.kind == "gradient"]
        names = {q.lhs.name for q in needed((d.equation for d in self.chain), gradients)}
        return tuple(d for d in self.chain if d.equation.lhs.name in names)

    @cached_property
    def jacobians(self) -> tuple[LocalJacobian, ...]:
        """∂(what a formula defines)/∂(what it reads), in forward order; the inputs X and T are held fixed."""
        given = {s.name for s in self.stack.inputs}
        return tuple(
            _local_jacobian(self.stack, d, read)
            for d in self.stack.forward
            for read in names_read(d.equation.rhs)
            if read not in given
        )


def needed(equations: Iterable[Equation], names: Iterable[str]) -> tuple[Equation, ...]:
    """Of `equations`, in order of evaluation, the definitions of `names` and of all that those read."""
    wanted = set(names)
    kept: list[Equation] = []
    for equation in reversed(tuple(equations)):
        if equation.lhs.name in wanted:
            kept.append(equation)
            wanted |= equation.rhs.names
    return tuple(reversed(kept))


def derive(stack: Stack) -> Derivation:
    """Everything first-order that follows from the forward formulas and the loss of `stack`."""
    with collector.paused():
        return Derivation(stack, tuple(_chain(stack)))


def _chain(stack: Stack) -> Iterator[Derived]:
    readers = _readers(stack)
    names = _cotangent_names(stack)
    known = Patterns(_renamed, {s.name for fact in stack.facts for s in symbols(fact.left)})
    cotangents: dict[str, Equation] = {}
    pending = {p.symbol.name: p.symbol for p in stack.parameters}
    for definition in (stack.loss, *reversed(stack.forward)):
        out = definition.equation.lhs
        if definition is not stack.loss:
            kind = "delta" if definition.kind == "affine" else "gamma"
            derived = _cotangent(stack, names, kind, out, readers.get(out.name, []), cotangents, known)
            cotangents[out.name] = derived.equation
            yield derived
        for name in names_read(definition.equation.rhs):
            if name in pending and readers[name][0] is definition:
                yield _cotangent(stack, names, "gradient", pending.pop(name), readers[name], cotangents, known)


def _readers(stack: Stack) -> dict[str, list[Definition]]:
    """Which formulas read a quantity, in forward order."""
    out: dict[str, list[Definition]] = {}
    for d in (*stack.forward, stack.loss):
        for name in names_read(d.equation.rhs):
            out.setdefault(name, []).append(d)
    return out


def _cotangent_names(stack: Stack) -> dict[str, str]:
    """delta_1, delta_2 .. by the layers with parameters; dZ_1, dW_1 .. by everything else."""
    others = (*(p.symbol for p in stack.parameters), *(d.equation.lhs for d in stack.forward))
    return {s.name: f"d{s.name}" for s in others} | {value.name: name for name, value in stack.errors.items()}


def _cotangent(
    stack: Stack,
    names: dict[str, str],
    kind: str,
    by: Symbol,
    readers: list[Definition],
    cotangents: dict[str, Equation],
    known: Patterns[Derived],
) -> Derived:
    """∂L/∂by, worked out once for all that are alike."""
    given: list[Expr] = [by, symbol(names[by.name], by.indices)]
    for reader in readers:
        out = reader.equation.lhs
        given += [out, reader.equation.rhs]
        if reader is not stack.loss:
            given += [cotangents[out.name].lhs, cotangents[out.name].rhs]
    detail = (kind, tuple((reader is stack.loss, reader.kind) for reader in readers))
    with at_hand(lambda: f"the derivative by {by.name} of " + "; ".join(map(_said, readers))):
        return known.get(given, detail, lambda: _worked_out(stack, names, kind, by, readers, cotangents))


def _said(d: Definition) -> str:
    return f"{d.layer}: {d.equation.lhs.name} = {d.equation.rhs.key}"


def _renamed(d: Derived, names: Mapping[str, str]) -> Derived:
    steps = tuple(s.relabelled(names) for s in d.steps)
    return Derived(d.kind, d.of, relabel_symbol(d.by, names), relabel_equation(d.equation, names), steps)


def _worked_out(
    stack: Stack,
    names: dict[str, str],
    kind: str,
    by: Symbol,
    readers: list[Definition],
    cotangents: dict[str, Equation],
) -> Derived:
    """∂L/∂by: the chain rule over the formulas that read `by`, then the laws."""
    backward: list[Expr] = []
    forward: list[Expr] = []
    for reader in readers:
        out = reader.equation.lhs
        missing = [i for i in out.indices if i not in reader.equation.rhs.free]
        incoming = ONE if reader is stack.loss else contract([symbol(names[out.name], out.indices)], missing)
        backward.append(vjp(reader.equation.rhs, incoming, by))
        forward.append(_pulled_back(reader.equation.rhs, incoming, by))
    value = add(*backward)
    steps = [Step(CHAIN, add(*forward), value)]
    context = LawContext(tuple(r.equation for r in readers if r.kind == "activation"), stack.facts)
    value, more = simplify(value, context)
    steps += more
    if len(readers) == 1 and readers[0].kind == "activation":
        source = cotangents[readers[0].equation.lhs.name]
        if _may_substitute(value, source):
            after = substitute(value, source)
            steps.append(Step(SUBSTITUTE, value, after, (source.lhs.name,)))
            value, more = simplify(after, context)
            steps += more
    equation = Equation(symbol(names[by.name], by.indices), value)
    return Derived(kind, stack.loss.equation.lhs.name, by, equation, tuple(steps))


def _pulled_back(e: Expr, incoming: Expr, by: Symbol) -> Expr:
    """Σ incoming · ∂e/∂by by the forward mode: the chain rule as it is stated."""
    own = aside(by.indices, index_names(e))
    product = contract([incoming, jacobian(e, symbol(by.name, own))], e.free)
    return rename(product, dict(zip(own, by.indices, strict=True)))


def _may_substitute(value: Expr, source: Equation) -> bool:
    """A cotangent is substituted where that repeats no sum and rearranges no axes."""
    accesses = sum(s.name == source.lhs.name for n in walk(value) for s in n.children if isinstance(s, Symbol))
    costly = any(isinstance(n, Contract) and n.summed for n in walk(source.rhs))
    rearranged = any(isinstance(n, Identity) for n in walk(source.rhs))
    return not rearranged and (accesses <= 1 or not costly)


def _local_jacobian(stack: Stack, definition: Definition, read: str) -> LocalJacobian:
    e = definition.equation.rhs
    found = next(s for s in symbols(e) if s.name == read)
    taken = index_names(e, definition.equation.lhs)
    by = symbol(read, aside(found.indices, taken))
    raw = jacobian(e, by)
    context = LawContext((definition.equation,) if definition.kind == "activation" else (), stack.facts)
    value, steps = simplify(raw, context)
    return LocalJacobian(definition.equation.lhs, by, value, steps)
