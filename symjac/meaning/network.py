"""A spec's network as notes speak of it: its formulas as expressions, under the names that its document prints."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import sympy

from symjac.calculus.facts import sum_stated
from symjac.calculus.trace import SumFact
from symjac.calculus.world import World
from symjac.core import scalar
from symjac.core.expr import (
    Equation,
    Expr,
    Identity,
    Map,
    Number,
    Symbol,
    apply,
    number,
    symbol,
    walk,
)
from symjac.core.index import Index
from symjac.model.stack import Stack

LARGEST_SMALL = 4
"""Sizes up to here are meant as they are; larger ones stand for any size."""


@dataclass(frozen=True, eq=False)
class SpecNames:
    """The names of a spec that have a formula; those without one are declared in the notebook itself."""

    world: World = field(default_factory=World)
    """All names of the spec, as it gives them."""
    steps: Mapping[str, tuple[str, sympy.Expr]] = field(default_factory=dict)
    """W_1__plus: the parameter, and its value after a step in slot(0) and its gradient, slot(1)."""
    functions: Mapping[str, tuple[str, Equation]] = field(default_factory=dict)
    """An activation's name: its argument, and a formula in which it stands."""
    constants: Mapping[sympy.Symbol, sympy.Expr] = field(default_factory=dict)
    """Named constants, with their values."""
    parameters: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    """delta_2: the pre-activation that the loss is differentiated by."""
    loss: str = "L"
    unused: tuple[tuple[str, frozenset[str]], ...] = ()
    """Facts of no form that is used: the text of each, and the names in it."""
    exact: frozenset[int] | None = frozenset()
    """Sizes that do not stand for any size: the formulas have them as numbers, as 10 in a mean over 10 entries. None:
    all of them."""
    anew: frozenset[str] = frozenset()
    """Names that the notes give another meaning."""

    @cached_property
    def names(self) -> frozenset[str]:
        """All names that it has a meaning for."""
        return frozenset((*self.world.names, *self.errors, *self.steps, *(c.name for c in self.constants)))

    @cached_property
    def slopes(self) -> dict[str, tuple[str, sympy.Expr]]:
        """Errors and steps: the quantity, slot(0), that each belongs to; of it and of ∂L by it, slot(1), it is made."""
        return {error: (by, scalar.slot(1)) for error, by in self.errors.items()} | dict(self.steps)

    @cached_property
    def values(self) -> dict[str, sympy.Expr]:
        """The constants by name."""
        return {c.name: value for c, value in self.constants.items() if c.name not in self.anew}

    def knows(self, key: str) -> bool:
        """True where its formula for the name is in force."""
        return (key in self.world.equations or key in self.slopes) and key not in self.anew

    def tells(self, names: Collection[str]) -> bool:
        """True where all that these depend on is known from it."""
        return all(name in self.names and name not in self.anew for name in names)

    def without(self, names: Iterable[str]) -> SpecNames:
        """The same where the notes give these names another meaning."""
        return replace(self, anew=self.anew.union(names) & self.names) if self.names else self

    def reads(self, key: str) -> frozenset[str]:
        """What its formula for the name reads."""
        if not self.knows(key):
            return frozenset()
        if key in self.slopes:
            by, formula = self.slopes[key]
            return frozenset((by, self.loss, *self._constants_in(formula)))
        rhs = self.world.equations[key].rhs
        return rhs.names.union(*(self._constants_in(f) for f in formulas(rhs)))

    def _constants_in(self, formula: sympy.Expr) -> frozenset[str]:
        return frozenset(c.name for c in scalar.constants_of(formula) if c in self.constants)

    def cone(self, key: str) -> frozenset[str]:
        """All that its formulas for the name lead to."""
        found: set[str] = set()
        pending = [key]
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending += self.reads(name)
        return frozenset(found)

    def needed(self, key: str) -> tuple[Equation, ...]:
        """The formula of the name, behind those that it depends on."""
        return self.world.needed(self.world.symbol(key), keep=self.anew)

    def is_exact(self, size: int) -> bool:
        """True for a size that does not stand for any size."""
        return self.exact is None or size in self.exact


NO_NETWORK = SpecNames()


def network_of(stack: Stack) -> SpecNames:
    """What notes on this network may speak of."""
    world = stack.world()
    given = dict((*stack.constants, *stack.update.constants))
    names = _printed([*world.names, *given])
    constants = {sympy.Symbol(name, real=True): sympy.Symbol(names[name], real=True) for name in given}
    renamed = World()
    for name in world.names:
        s, equation = world.symbol(name), world.equations.get(name)
        if equation is None:
            renamed.declare(names[name], s.indices)
        else:
            rhs = translated(
                equation.rhs, constant=lambda c: number(constants[c]) if c in constants else None, names=names
            )
            renamed.define(names[name], s.indices, rhs)
    for fact in world.facts:
        renamed.assume(replace(fact, symbol=renamed.symbol(names[fact.symbol.name])))
    parameters = tuple(names[p.symbol.name] for p in stack.parameters)
    step = stack.update.written_out
    return SpecNames(
        renamed,
        steps={} if step is None else {f"{p}__plus": (p, step.xreplace(constants)) for p in parameters},
        functions=_functions(stack, renamed, names),
        constants={sympy.Symbol(names[name], real=True): value for name, value in given.items()},
        parameters=parameters,
        errors={error: names[value.name] for error, value in stack.errors.items()},
        loss=names[stack.loss.equation.lhs.name],
        unused=tuple((f.text, _names(f, names)) for f in stack.facts if sum_stated(f) is None),
        exact=_exact([d.equation for d in (*stack.forward, stack.loss)]),
    )


def _functions(stack: Stack, world: World, names: Mapping[str, str]) -> dict[str, tuple[str, Equation]]:
    out = {}
    for d in stack.forward:
        if d.function is not None and d.argument is not None:
            out[d.function] = names[d.argument.name], world.equations[names[d.equation.lhs.name]]
    return out


def _names(fact: SumFact, names: Mapping[str, str]) -> frozenset[str]:
    return frozenset(names.get(n, n) for n in fact.left.names | fact.right.names)


def _printed(names: Collection[str]) -> dict[str, str]:
    """X1 as X_1, as it is printed; where that is another's name, as it is."""
    out = {name: re.sub(r"^([A-Za-z0-9]*[A-Za-z])(\d+)$", r"\1_\2", name) for name in names}
    return {name: name if printed in names else printed for name, printed in out.items()}


def _exact(equations: Iterable[Equation]) -> frozenset[int] | None:
    """The sizes that the formulas have as numbers as well: what they say at others is another thing."""
    sizes: set[int] = set()
    rationals = {r for q in equations for f in formulas(q.rhs) for r in f.atoms(sympy.Rational)}
    numbers = {abs(int(n)) for r in rationals for n in (r.p, r.q)} - {0}
    for node in (n for q in equations for e in (q.lhs, q.rhs) for n in walk(e)):
        if isinstance(node, Identity) and not node.plain:
            return None
        if isinstance(node, Symbol):
            if len(node.indices) > 2:
                return None
            sizes |= {int(size) for size in node.shape if size.is_Integer}
    return frozenset(n for n in sizes if any(m % n == 0 or n % m == 0 for m in numbers if m > LARGEST_SMALL))


def formulas(e: Expr) -> Iterator[sympy.Expr]:
    """The scalar formulas and numbers in it."""
    for node in walk(e):
        match node:
            case Number(value=formula) | Map(formula=formula):
                yield formula


def translated(
    e: Expr,
    size: Callable[[sympy.Expr], sympy.Expr] = lambda size: size,
    constant: Callable[[sympy.Symbol], Expr | None] = lambda _: None,
    names: Mapping[str, str] | None = None,
) -> Expr:
    """`e` over axes of other sizes, its symbols under other names, with something else for its named constants."""
    done: dict[Expr, Expr] = {}
    names = names or {}

    def at(i: Index) -> Index:
        return Index(i.name, size(i.size))

    def of(formula: sympy.Expr, args: list[Expr]) -> Expr:
        found = {c: new for c in scalar.constants_of(formula) if (new := constant(c)) is not None}
        slots = {c: scalar.slot(len(args) + place) for place, c in enumerate(found)}
        return apply(formula.xreplace(slots), [*args, *found.values()])

    for node in walk(e):
        kids = [done[c] for c in node.children]
        match node:
            case Symbol():
                new: Expr = symbol(names.get(node.name, node.name), [at(i) for i in node.indices])
            case Number():
                new = of(node.value, [])
            case Map():
                new = of(node.formula, kids)
            case _:
                new = node.remade(kids, {i: at(i) for i in (*node.bound, *node.own)})
        done[node] = new
    return done[e]
