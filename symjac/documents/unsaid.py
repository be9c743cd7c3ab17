"""What a document tells `symjac verify` in comments that do not print: all that its text does not say as formulas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symjac.calculus.facts import sum_stated
from symjac.calculus.trace import SumFact
from symjac.core.expr import Symbol
from symjac.derivation.chain import Derivation
from symjac.derivation.step import linear_step
from symjac.documents.content import Directives
from symjac.model.stack import Stack
from symjac.printing import latex
from symjac.printing.reading import Names

NO_CLAIMS = Directives(("not claims from here",))
"""What follows is said of networks in general, or for people."""
CLAIMS = Directives(("claims again",))


def opening(stack: Stack, names: Names) -> Directives:
    """The conventions, what is given, and what is true of it."""
    chosen = stack.conventions
    return Directives(
        (
            *CLAIMS.lines,
            f"samples: {'columns' if chosen.samples == 'columns' else 'rows'}",
            f"jacobian: {chosen.jacobian}",
            f"vec: {chosen.vec}",
            *(_declared(names(s.name), s) for s in (*stack.inputs, *(p.symbol for p in stack.parameters))),
            *_entrywise(stack, names),
            f"parameters: {', '.join(names(p.symbol.name) for p in stack.parameters)}",
            *(rf"{latex.name(name)} \in \mathbb{{R}}" for name in _constants(stack)),
            *(line for fact in stack.facts for line in _fact(fact, names)),
        )
    )


def samples(derivation: Derivation, names: Names) -> Directives:
    """The small letters that stand for one sample of a quantity."""
    stack = derivation.stack
    values = [*stack.inputs, *(d.equation.lhs for d in stack.forward)]
    n = next(i.name for i in stack.forward[0].equation.lhs.indices if i.size == stack.batch)
    return Directives((rf"{n} = 1, \dots, {latex.size(stack.batch)}", *_letters(values, n, stack, names)))


def errors(derivation: Derivation, names: Names) -> Directives:
    """The errors by their meaning, and their small letters."""
    stack = derivation.stack
    loss = names(stack.loss.equation.lhs.name)
    deltas = [d for d in derivation.chain if d.kind == "delta"]
    n = next(i.name for i in stack.forward[0].equation.lhs.indices if i.size == stack.batch)
    meanings = (
        rf"{names(d.equation.lhs.name)} = \frac{{\partial {loss}}}{{\partial {names(d.by.name)}}}" for d in deltas
    )
    return Directives((*meanings, *_letters((d.equation.lhs for d in deltas), n, stack, names)))


def directions(stack: Stack, names: Names) -> Directives:
    """The direction of every parameter."""
    return Directives(tuple(_declared(f"V_{{{names(p.symbol.name)}}}", p.symbol) for p in stack.parameters))


def step(stack: Stack, names: Names) -> Directives | None:
    """The parameters after a step, θ⁺ = a θ + b ∂L/∂θ; None where the step is not of this form."""
    form = linear_step(stack.update)
    if form is None:
        return None
    loss = names(stack.loss.equation.lhs.name)
    lines = []
    for p in stack.parameters:
        name = names(p.symbol.name)
        gradient = rf"\frac{{\partial {loss}}}{{\partial {name}}}"
        terms = zip(form, (name, gradient), strict=True)
        lines.append(f"{name}^{{+}} = {latex.combination(terms)}")
    return Directives(tuple(lines))


def _entrywise(stack: Stack, names: Names) -> list[str]:
    """Of arrays of more than two axes, written entry by entry: where indices begin, and all shapes."""
    values = [d.equation.lhs for d in stack.forward]
    if all(len(s.indices) <= 2 for s in (*values, *stack.inputs)):
        return []
    return ["indices from 0", *(_declared(names(s.name), s) for s in values)]


def _declared(name: str, s: Symbol) -> str:
    sizes = r" \times ".join(latex.size(size) for size in s.shape)
    return rf"{name} \in \mathbb{{R}}" + (f"^{{{sizes}}}" if sizes else "")


def _constants(stack: Stack) -> list[str]:
    """Named constants of the formulas, and those that the step's Jacobian shows."""
    form = linear_step(stack.update) or ()
    shown = {s.name for f in form for s in f.free_symbols}
    return list(dict.fromkeys([*(name for name, _ in stack.constants), *sorted(shown)]))


def _fact(fact: SumFact, names: Names) -> Iterator[str]:
    """rows of T sum to c; a fact of another form is left out."""
    stated = sum_stated(fact)
    if stated is not None and len(stated.symbol.indices) == 2 and len(stated.axes) == 1:
        lines = "rows" if stated.axes == (1,) else "columns"
        yield f"{lines} of {names(stated.symbol.name)} sum to {latex.formula(stated.value)}"


def _letters(values: Iterable[Symbol], n: str, stack: Stack, names: Names) -> Iterator[str]:
    for s in values:
        if len(s.indices) == 2:
            lines = "rows" if s.indices[0].size == stack.batch else "columns"
            yield f"{latex.sample(s.name, n, names)} = {lines} of {names(s.name)}"
