"""Named definitions, and derivatives through them.

A world holds what a text has declared and defined. The derivative of a quantity by another is the sum over all paths of
definitions that lead from the one to the other; the variable itself may be defined, and then it is held as a variable.
What a path costs gets a name and an equation of its own, so the work grows linearly with the definitions:

    adj__L__q     ∂L/∂q       = Σ_r adj__L__r · ∂r/∂q        over the quantities r that read q      (reverse mode)
    jac__q__x     ∂q/∂x       = Σ_r ∂q/∂r · jac__r__x        over the quantities r that q reads     (forward mode)
    dir__q        R{q}        = Σ_r ∂q/∂r · dir__r           along given directions                 (forward mode)

These are definitions of the world as well, so a derivative can be differentiated again. Reverse and forward mode give
one value, and none depends on which derivative was asked for first.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from symjac.calculus import facts as known_facts
from symjac.calculus.differentiate import derivative_along, jacobian, vjp
from symjac.calculus.facts import Fact, NotKnown, WorldError
from symjac.core import collector
from symjac.core.expr import (
    ONE,
    ZERO,
    Add,
    Contract,
    Equation,
    Expr,
    Identity,
    Number,
    Symbol,
    add,
    contract,
    identity,
    index_names,
    names_read,
    rename,
    split,
    substitute,
    symbol,
    symbols,
)
from symjac.core.index import Index, fresh

MOST_FACTORS = 6
"""A product of more factors than this gets a name."""


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """What a name that a world has made stands for.

    `kind`: "adjoint" and "jacobian" (a part of ∂of/∂by), "direction" (R{of}), "slope" (∂of/∂by of an unknown `of`) and
    "curvature" (∂²of/∂by∂also of one).
    """

    kind: str
    of: str
    by: str = ""
    also: str = ""


@dataclass(frozen=True, slots=True)
class _Slope:
    """∂name/∂argument of an unknown `name`, over the axes of `name` and `inner`, the other axes of the argument."""

    name: str
    access: Symbol
    inner: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class _Template:
    """A derivative, over the fixed indices of one side and `axes`, those of the quantity that it belongs to."""

    axes: tuple[Index, ...]
    value: Expr

    def at(self, places: Sequence[Index], also: Mapping[Index, Index]) -> Expr:
        return rename(self.value, {**also, **dict(zip(self.axes, places, strict=True))})


class _Root:
    """What is differentiated in reverse mode: an expression, its free indices under names of their own."""

    def __init__(self, name: str, value: Expr, kept: tuple[Index, ...], cone: frozenset[str]) -> None:
        self.name = name
        self.value = value
        self.kept = kept
        self.cone = cone
        """The names that the value depends on."""
        self.adjoints: dict[str, _Template] = {}


class World:
    def __init__(self) -> None:
        self._symbols: dict[str, Symbol] = {}
        self._equations: dict[str, Equation] = {}
        self._auxiliary: dict[str, Auxiliary] = {}
        self._reads: dict[str, tuple[str, ...]] = {}
        self._readers: dict[str, list[str]] = {}
        self._index_names: dict[str, frozenset[str]] = {}
        self._unknown: dict[str, Equation] = {}
        self._slopes: dict[str, _Slope] = {}
        self._curvatures: dict[str, str] = {}
        self._roots: dict[Expr, _Root] = {}
        self._forward: dict[str, tuple[tuple[Index, ...], dict[str, _Template]]] = {}
        self._along: dict[tuple[tuple[str, str], ...], dict[str, _Template]] = {}
        self._taken_as_free: set[str] = set()
        self._facts: dict[str, tuple[Fact, ...]] = {}
        self._set_aside: dict[str, tuple[Fact, ...]] = {}

    # ------------------------------------------------------------ names

    @property
    def equations(self) -> Mapping[str, Equation]:
        """Every definition by name, those that derivatives have added included."""
        return MappingProxyType(self._equations)

    @property
    def auxiliary(self) -> Mapping[str, Auxiliary]:
        """What the names that derivatives have added stand for."""
        return MappingProxyType(self._auxiliary)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that were declared or defined, in that order, without auxiliary ones."""
        return tuple(name for name in self._symbols if name not in self._auxiliary)

    def __contains__(self, name: object) -> bool:
        return name in self._symbols

    def symbol(self, name: str) -> Symbol:
        """The symbol over the axes that it was declared with."""
        known = self._symbols.get(name)
        if known is None:
            raise WorldError(f"{name} is not declared")
        return known

    def declare(self, name: str, axes: Sequence[Index]) -> Symbol:
        """A free tensor. Again with the same sizes changes nothing."""
        known = self._symbols.get(name)
        if known is None:
            _check_distinct(name, axes)
            known = self._symbols[name] = symbol(name, axes)
        elif known.shape != tuple(i.size for i in axes):
            raise WorldError(f"{name} is declared as {_shape(known)} and as {_shape(symbol(name, axes))}")
        return known

    def define(self, name: str, axes: Sequence[Index], rhs: Expr) -> Equation:
        """`name[axes] = rhs`; the name may have been declared before, with the same sizes."""
        self._check_formula_may_follow(name)
        _check_distinct(name, axes)
        loose = [i.name for i in rhs.free if i not in axes]
        if loose:
            raise WorldError(f"{name}: the index {', '.join(loose)} of the right side is not on the left")
        for s in symbols(rhs):
            self._check_access(s)
        if name in rhs.names or (name in self._readers and name in self.cone(rhs.names)):
            through = [n for n in sorted(rhs.names) if n == name or name in self.cone((n,))]
            raise WorldError(f"{name} is defined by itself, through {', '.join(through)}")
        self.declare(name, axes)
        equation = Equation(symbol(name, axes), rhs)
        self._symbols[name] = equation.lhs
        self._add(equation)
        return equation

    def opaque(
        self,
        name: str,
        of: Sequence[str | Symbol],
        cotangents: Mapping[str, str] | None = None,
        axes: Sequence[Index] = (),
    ) -> Symbol:
        """A quantity known only to depend on `of`, each a name or an access over indices that may meet `axes`.

        Its derivatives by these are free symbols, named by `cotangents` or adj__name__argument, and so are its second
        ones; further ones are NotKnown.
        """
        self._check_formula_may_follow(name)
        self.declare(name, axes)
        terms: list[Expr] = []
        slopes: dict[str, _Slope] = {}
        for argument in of:
            access = self.symbol(argument) if isinstance(argument, str) else argument
            self._check_access(access)
            if name == access.name or name in self.cone((access.name,)):
                raise WorldError(f"{name} is defined by itself, through {access.name}")
            inner = [i for i in dict.fromkeys(access.indices) if i in access.free and i not in axes]
            over = (*axes, *inner)
            given = (cotangents or {}).get(access.name)
            slope = self._unused(f"adj__{name}__{access.name}") if given is None else given
            if slope in self._equations:
                raise WorldError(f"{slope} is defined by a formula")
            self.declare(slope, over)
            if given is None:
                self._auxiliary[slope] = Auxiliary("slope", name, access.name)
            slopes[slope] = _Slope(name, access, tuple(inner))
            terms.append(contract([symbol(slope, over), access], inner))
        equation = Equation(symbol(name, axes), add(*terms))
        self._unknown[name] = equation
        self._slopes |= slopes
        arguments = tuple(sorted(equation.rhs.names - slopes.keys()))
        for reading in (name, *slopes):
            self._enter(reading, equation, arguments)
        return self._symbols[name]

    def _check_formula_may_follow(self, name: str) -> None:
        if name in self._equations or name in self._unknown or name in self._slopes:
            raise WorldError(f"{name} is defined twice")
        if name in self._taken_as_free:
            raise WorldError(f"{name} gets a formula after a derivative was taken in which it is free")
        if name in self._facts:
            raise WorldError(f"{name} is defined by a formula, and it was assumed that {self._facts[name][0].text}")

    def _check_access(self, s: Symbol) -> None:
        """Every access has the sizes of the declaration; a name that has none is declared by its first access."""
        known = self._symbols.get(s.name)
        if known is None:
            self.declare(s.name, _distinct(s.indices))
        elif known.shape != s.shape:
            raise WorldError(f"{s.name} is {_shape(known)}, read as {_shape(s)}")

    def _add(self, equation: Equation) -> None:
        self._equations[equation.lhs.name] = equation
        self._enter(equation.lhs.name, equation, _reads(equation))

    def _enter(self, name: str, equation: Equation, reads: tuple[str, ...]) -> None:
        self._reads[name] = reads
        for read in reads:
            self._readers.setdefault(read, []).append(name)
        inner = index_names(equation.rhs)
        self._index_names[name] = frozenset(inner | {i.name for i in equation.lhs.indices})

    def _auxiliary_equation(self, wanted: str, what: Auxiliary, axes: Sequence[Index], value: Expr) -> Symbol:
        lhs = symbol(self._unused(wanted), axes)
        self._symbols[lhs.name] = lhs
        self._auxiliary[lhs.name] = what
        self._add(Equation(lhs, value))
        return lhs

    def _unused(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self._symbols:
            number += 1
            name = f"{wanted}__{number}"
        return name

    # ------------------------------------------------------------ what depends on what

    def _formula(self, name: str) -> Equation | None:
        """The definition; of an unknown quantity and of its slopes a sum that has their first derivatives."""
        return self._equations.get(name) or self._unknown.get(name) or self._of_slope(name)

    def written_out(self, s: Symbol) -> Expr:
        """A name by the formula behind it, through names for names; an unknown quantity by its slopes, which count as
        constants.
        """
        e: Expr = s
        while isinstance(e, Symbol) and (formula := self._equations.get(e.name) or self._unknown.get(e.name)):
            e = substitute(e, formula)
        return e

    def _of_slope(self, name: str) -> Equation | None:
        """Σ over the arguments of curvature · argument; the curvature by two of them does not depend on their order."""
        own = self._slopes.get(name)
        if own is None:
            return None
        axes = self._symbols[own.name].indices
        arguments = {s: what for s, what in self._slopes.items() if what.name == own.name}
        order = list(arguments)
        terms: list[Expr] = []
        for other, what in arguments.items():
            inner = _clear(what.inner, {i.name for i in (*axes, *own.inner)})
            access = rename(what.access, dict(zip(what.inner, inner, strict=True)))
            sides = [(own.inner, inner)] if order.index(name) <= order.index(other) else [(inner, own.inner)]
            if other == name:
                sides.append((inner, own.inner))
            first, second = sorted((name, other), key=order.index)
            curvature = self._curvature(own.name, first, second, (*axes, *sides[0][0], *sides[0][1]))
            terms += [contract([symbol(curvature, (*axes, *a, *b)), access], inner) for a, b in sides]
        return Equation(symbol(name, (*axes, *own.inner)), add(*terms))

    def _curvature(self, of: str, first: str, second: str, axes: Sequence[Index]) -> str:
        """∂²of/∂∂ by the arguments of two slopes: a free symbol, whose own derivatives are NotKnown."""
        by, also = self._slopes[first].access.name, self._slopes[second].access.name
        what = Auxiliary("curvature", of, by, also)
        known = next((n for n in self._curvatures if self._auxiliary[n] == what), None)
        if known is not None:
            return known
        name = self._unused(f"hess__{of}__{by}__{also}")
        self.declare(name, axes)
        self._auxiliary[name] = what
        self._curvatures[name] = of
        self._enter(name, self._unknown[of], self._reads[of])
        return name

    def _below(self, name: str) -> tuple[str, ...]:
        """The names that `name` depends on directly; an unknown function and its slopes depend on its arguments."""
        return self._reads.get(name, ())

    def cone(self, names: Iterable[str]) -> frozenset[str]:
        """`names` and all that they depend on."""
        return frozenset(_post_order(names, self._below))

    def depends(self, e: Expr, name: str) -> bool:
        """True where `e` reads `name` itself or through definitions."""
        return name in self.cone(e.names)

    def needed(self, e: Expr, keep: Container[str] = (), assumed: bool = False) -> tuple[Equation, ...]:
        """The definitions that `e` depends on, each after those that it reads; those of `keep` are taken as given.

        With `assumed`, a symbol that a fact is assumed of has its parametrisation among them.
        """

        def formula(name: str) -> Equation | None:
            if name in keep:
                return None
            return self.parametrisation(name) if assumed and name in self._facts else self._equations.get(name)

        def below(name: str) -> Iterable[str]:
            found = formula(name)
            return () if found is None else _reads(found)

        found = (formula(name) for name in _post_order(names_read(e), below))
        return tuple(q for q in found if q is not None)

    # ------------------------------------------------------------ derivatives

    def derivative(self, of: Expr, by: Symbol) -> Expr:
        """∂of/∂by over the free indices of `of` and those of `by`, through all definitions; `by` is the variable.

        An index that both have takes the entries where they agree (∂o_i/∂a_i). Raises NotKnown where the derivative of
        an unknown function's derivative is needed.
        """
        if by.shape != self.symbol(by.name).shape:
            raise WorldError(f"{by.name} is {_shape(self._symbols[by.name])}, a derivative is asked by {_shape(by)}")
        with collector.paused():
            for s in symbols(of):
                self._check_access(s)
            if len(of.free) <= 1 or len(of.free) < len(by.indices):
                return self._reverse(of, by)
            return self._jacobian(of, by)

    def _reverse(self, of: Expr, by: Symbol) -> Expr:
        kept = tuple(Index(f"of__{p}", i.size) for p, i in enumerate(of.free))
        value = rename(of, dict(zip(of.free, kept, strict=True)))
        root = self._roots.get(value)
        if root is None:
            cone = self.cone(value.names)
            self._taken_as_free |= cone
            name = of.name if isinstance(of, Symbol) else f"e{len(self._roots) + 1}"
            root = self._roots[value] = _Root(name, value, kept, cone)
        if by.name not in root.cone:
            return ZERO
        for name in list(_post_order([by.name], lambda q: self._readers_in(root, q))):
            if name not in root.adjoints:
                root.adjoints[name] = self._adjoint(root, name)
        return root.adjoints[by.name].at(by.indices, dict(zip(root.kept, of.free, strict=True)))

    def _readers_in(self, root: _Root, name: str) -> list[str]:
        if name in root.adjoints:
            return []
        return [r for r in self._readers.get(name, ()) if r in root.cone]

    def _adjoint(self, root: _Root, name: str) -> _Template:
        """∂root/∂name: what reads the name, times its adjoint."""
        axes = _clear(self._symbols[name].indices, {i.name for i in root.kept})
        by = symbol(name, axes)
        terms: list[Expr] = []
        if name in root.value.names:
            terms.append(jacobian(root.value, by) if root.kept else vjp(root.value, ONE, by))
        for reader in self._readers_in(root, name):
            if root.adjoints[reader].value is ZERO:
                continue
            if reader in self._curvatures:
                raise self._not_known(reader)
            formula = self._formula(reader)
            assert formula is not None
            aside = _clear(root.kept, self._index_names[reader] | {i.name for i in axes})
            lhs = formula.lhs.indices
            incoming = root.adjoints[reader].at(lhs, dict(zip(root.kept, aside, strict=True)))
            incoming = contract([incoming], [i for i in lhs if i not in formula.rhs.free])
            term = vjp(formula.rhs, incoming, by)
            terms.append(rename(term, dict(zip(aside, root.kept, strict=True))))
        value = add(*terms)
        what = Auxiliary("adjoint", root.name, name)
        if root.kept:
            return _Template(axes, self._compact(value, f"adj__{root.name}__{name}", what))
        if isinstance(value, Symbol | Number):
            return _Template(axes, value)
        return _Template(axes, self._auxiliary_equation(f"adj__{root.name}__{name}", what, axes, value))

    def _jacobian(self, of: Expr, by: Symbol) -> Expr:
        if by.name not in self._forward:
            axes = tuple(Index(f"by__{p}", i.size) for p, i in enumerate(by.indices))
            own = _clear(self._symbols[by.name].indices, {i.name for i in axes})
            unit = contract([identity(i, j) for i, j in zip(own, axes, strict=True)])
            self._forward[by.name] = axes, {by.name: _Template(own, unit)}
        axes, known = self._forward[by.name]
        self._propagate(of, known, axes, lambda q: (f"jac__{q}__{by.name}", Auxiliary("jacobian", q, by.name)))
        aside = _clear(axes, index_names(of))
        value = self._moved(of, known, axes, aside)
        return rename(value, dict(zip(aside, by.indices, strict=True)))

    def direction(self, of: Expr, tangents: Mapping[str, str]) -> Expr:
        """R{of}: the differential of `of`, through all definitions, where `name` moves along `tangents[name]`.

        A defined name among the tangents is held as a variable. The free indices are those of `of`.
        """
        for name, along in tangents.items():
            at = self.symbol(name)
            self._check_access(symbol(along, at.indices))
        for s in symbols(of):
            self._check_access(s)
        key = tuple(sorted(tangents.items()))
        seeds = {name: self._symbols[name].indices for name in tangents}
        known = self._along.setdefault(
            key, {name: _Template(axes, symbol(tangents[name], axes)) for name, axes in seeds.items()}
        )
        with collector.paused():
            self._propagate(of, known, (), lambda q: (f"dir__{q}", Auxiliary("direction", q)))
            return self._moved(of, known, (), ())

    def _propagate(
        self,
        of: Expr,
        known: dict[str, _Template],
        axes: tuple[Index, ...],
        naming: Callable[[str], tuple[str, Auxiliary]],
    ) -> None:
        """Forward mode: into `known`, the derivative of all that `of` reads, over its own indices and `axes`."""
        pending = list(_post_order(names_read(of), lambda q: () if q in known else self._below(q)))
        self._taken_as_free.update(pending)
        for name in pending:
            if name in known:
                continue
            if all(known[q].value is ZERO for q in self._below(name)):
                known[name] = _Template(self._symbols[name].indices, ZERO)
                continue
            if name in self._curvatures:
                raise self._not_known(name)
            formula = self._formula(name)
            assert formula is not None
            aside = _clear(axes, self._index_names[name])
            value = self._moved(formula.rhs, {q: known[q] for q in self._below(name)}, axes, aside)
            own = _clear(formula.lhs.indices, {i.name for i in axes})
            places = {**dict(zip(aside, axes, strict=True)), **dict(zip(formula.lhs.indices, own, strict=True))}
            value = rename(value, places)
            wanted, what = naming(name)
            if axes:
                value = self._compact(value, wanted, what)
            elif not isinstance(value, Symbol | Number):
                value = self._auxiliary_equation(wanted, what, own, value)
            known[name] = _Template(own, value)

    def _moved(
        self, e: Expr, known: Mapping[str, _Template], axes: tuple[Index, ...], aside: tuple[Index, ...]
    ) -> Expr:
        """The differential of `e`, whose symbols have the derivatives `known` or none, with `aside` for `axes`."""
        moved = dict(zip(axes, aside, strict=True))
        live = [s for s in symbols(e) if s.name in known and known[s.name].value is not ZERO]
        return derivative_along(e, {s: known[s.name].at(s.indices, moved) for s in live})

    def _not_known(self, curvature: str) -> NotKnown:
        return NotKnown(f"{self._curvatures[curvature]} is an unknown function, so its third derivative is not known")

    def _compact(self, value: Expr, wanted: str, what: Auxiliary) -> Expr:
        """`value` with what costs a sum under a name, and without what all its terms share.

        A Kronecker symbol stays in sight, and what it multiplies is read on its diagonal: the derivative of a sample's
        output by the same sample's input never becomes a table over pairs of samples.
        """
        terms = value.terms if isinstance(value, Add) else (value,)
        opened = [_opened(t) for t in terms]
        shared = _shared([loose for loose, _ in opened])
        rests = [contract([*_without(loose, shared), *tied]) for loose, tied in opened]
        rest = _on_diagonal(add(*rests), shared)
        if len(rests) == 1:
            # one product: the sum in it is named, the other factors stand where it is used
            tied = opened[0][1]
            others = [f for f in shared if not isinstance(f, Identity)]
            if len(others) > MOST_FACTORS:
                shared = [f for f in shared if isinstance(f, Identity)]
                rest = _on_diagonal(contract([*others, *tied]), shared)
            elif not tied:
                return value
        if isinstance(rest, Symbol | Number | Identity):
            return contract([*shared, rest])
        return contract([*shared, self._auxiliary_equation(wanted, what, rest.free, rest)])

    # ------------------------------------------------------------ facts

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(f for several in self._facts.values() for f in several)

    def assume(self, fact: Fact) -> None:
        """From here on `fact` holds of a free symbol: `needed(.., assumed=True)` uses it.

        Derivatives are not concerned: the entries of the symbol stay independent variables.
        """
        name = fact.symbol.name
        if name in self._equations or name in self._unknown:
            raise WorldError(f"{name} is defined by a formula")
        if self.symbol(name).shape != fact.symbol.shape:
            raise WorldError(f"{name} is {_shape(self._symbols[name])}, the fact is of {_shape(fact.symbol)}")
        together = (*self._facts.get(name, ()), *(() if fact in self._facts.get(name, ()) else (fact,)))
        known_facts.check_together(together)
        self._facts[name] = together

    def noted(self, fact: Fact) -> None:
        """`fact` is said of a free symbol. Facts that have no form together are all set aside: `set_aside` has them."""
        name = fact.symbol.name
        known = (*self._facts.get(name, ()), *self._set_aside.get(name, ()))
        if fact in known:
            return
        if name in self._set_aside or not known_facts.go_together((*known, fact)):
            self._facts.pop(name, None)
            self._set_aside[name] = (*known, fact)
        else:
            self.assume(fact)

    @property
    def set_aside(self) -> Mapping[str, tuple[Fact, ...]]:
        """Of each symbol, the facts that are said of it and not used, for they contradict each other or fit no form."""
        return MappingProxyType(self._set_aside)

    def supposing(self, *more: Fact) -> World:
        """The same world, its definitions shared, with more facts assumed."""
        out = copy.copy(self)
        out._facts = dict(self._facts)
        for fact in more:
            out.assume(fact)
        return out

    def vanishing(self, names: Iterable[str]) -> World:
        """The same world, its definitions shared, where these free names are 0."""
        out = copy.copy(self)
        out._equations = self._equations | {n: Equation(self._symbols[n], ZERO) for n in names}
        return out

    def candidates(self, s: Symbol) -> list[Fact]:
        """Facts that make sense for a free symbol of this shape and may be assumed beside those that are."""
        if s.name in self._equations or s.name in self._unknown:
            return []
        at = self.symbol(s.name)
        known = self._facts.get(s.name, ())
        return [f for f in known_facts.candidates(at) if f not in known and known_facts.go_together((*known, f))]

    def parametrisation(self, name: str) -> Equation | None:
        """The symbol by a free one, free__name, so that the facts hold; None where none is assumed of it."""
        several = self._facts.get(name)
        return None if several is None else known_facts.parametrisation(several)

    def has_ties(self, name: str) -> bool:
        """Whether a fact ties entries of it."""
        return any(map(known_facts.ties, self._facts.get(name, ())))

    def structured(self, derivative: Expr, by: Symbol) -> Expr:
        """A derivative by the independent entries of `by` from that by all entries: what is tied moves together.

        `by` has the indices that `derivative` has for it, and a fact that ties its entries.
        """
        for fact in self._facts.get(by.name, ()):
            if known_facts.ties(fact):
                return known_facts.structured(fact, derivative, by)
        raise WorldError(f"nothing is assumed that ties the entries of {by.name}")


# ---------------------------------------------------------------- helpers


def _post_order(start: Iterable[str], below: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Every name that is reached from `start`, once, after those below it."""
    seen: set[str] = set()
    stack = [(name, False) for name in reversed(list(start))]
    while stack:
        name, ready = stack.pop()
        if ready:
            yield name
        elif name not in seen:
            seen.add(name)
            stack.append((name, True))
            stack.extend((n, False) for n in reversed(list(below(name))) if n not in seen)


def _reads(equation: Equation) -> tuple[str, ...]:
    return tuple(sorted(equation.rhs.names))


def _clear(indices: Sequence[Index], taken: Iterable[str]) -> tuple[Index, ...]:
    """`indices`, renamed where a name is among `taken`, all distinct."""
    used = set(taken)
    own = {i.name for i in indices}
    out: list[Index] = []
    for i in indices:
        new = i if i.name not in used else fresh(i, used | own)
        used.add(new.name)
        out.append(new)
    return tuple(out)


def _distinct(indices: Sequence[Index]) -> tuple[Index, ...]:
    """Axes of the same sizes under distinct names."""
    return _clear(indices, ())


def _check_distinct(name: str, axes: Sequence[Index]) -> None:
    names = [i.name for i in axes]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise WorldError(f"{name}: the index {', '.join(twice)} stands for two axes")


def _shape(s: Symbol) -> str:
    return " × ".join(str(n) for n in s.shape) or "a number"


def _opened(term: Expr) -> tuple[list[Expr], list[Expr]]:
    """The factors that meet no summed index, and what is summed (one part, or none)."""
    if not isinstance(term, Contract):
        return [term], []
    loose, tied = split(term)
    return loose, [] if tied is None else [tied]


def _shared(products: Sequence[list[Expr]]) -> list[Expr]:
    """The factors that every product has, each as often as all of them have it."""
    left = [Counter(factors) for factors in products]
    common = left[0]
    for other in left[1:]:
        common &= other
    return list(common.elements())


def _without(factors: Sequence[Expr], taken: Sequence[Expr]) -> list[Expr]:
    left = list(factors)
    for f in taken:
        left.remove(f)
    return left


def _on_diagonal(e: Expr, identities: Iterable[Expr]) -> Expr:
    """`e` beside 1[i = j]: j is read as i."""
    for f in identities:
        if isinstance(f, Identity) and f.plain:
            e = rename(e, {f.terms[0][1]: f.target})
    return e
