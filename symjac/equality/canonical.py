"""A canonical form for all sizes: a sum of terms, each a coefficient times powers of factors, some indices summed.

What is equal by these laws has one form:

    sums and products are expanded; what is summed has names by its place in the term, whatever they were
    1[i = j] with a summed index is substituted; 1[u = i + m j] 1[u = i' + m j'] = 1[u = i + m j] 1[i = i'] 1[j = j']
    exp(a + b) = exp(a) exp(b); tanh, sinh, cosh and the logistic function are rational in exp; exp(log u) = u
    S^a S^b = S^(a+b); S^−1 Σ .. = 1 where Σ .. is S; of a sum S, lead(S) S^a = S^(a+1) − rest(S) S^a
    1[c]² = 1[c]; 1[u > 0] 1[−u > 0] = 0; 1[−u > 0] = 1 − 1[u > 0] − 1[u = 0]; max(a, b) = b + (a − b) 1[a − b > 0]
    Σ_k M_ik (M⁻¹)_kj = 1[i = j], of a sum M through its leading term

Sums and products of an expression's own numbers are SymPy's. Two forms that differ may still be equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from symjac.calculus.world import World
from symjac.core import scalar
from symjac.core.expr import (
    Add,
    Contract,
    Determinant,
    Equation,
    Expr,
    Identity,
    Inverse,
    Map,
    Max,
    Number,
    Symbol,
    substitute,
    walk,
)
from symjac.core.index import Index
from symjac.equality.algebra import Algebra
from symjac.equality.budget import Budget
from symjac.equality.form import (
    ONE,
    ONLY,
    ZERO,
    FormTooLarge,
    NormalFactor,
    NormalSum,
    NormalTerm,
    constant,
    identity,
    orders,
    single,
)

MOST_STEPS = 30000
"""Of all attempts; each has at most half of what is left."""
MOST_NESTED = 40
"""Definitions put in one inside the other."""


def equal(left: Expr, right: Expr, world: World, assumed: bool = True, budget: Budget | None = None) -> bool | None:
    """True where both sides have one form, as they are or with definitions put in; None where that is not found."""
    tried: set[tuple[str, ...]] = set()
    budget = budget or Budget(MOST_STEPS)
    for keep in _levels(left, right, world):
        needed = _needed(left, right, world, keep, assumed)
        names = tuple(q.lhs.name for q in needed)
        if names in tried:
            continue
        tried.add(names)
        forms = Forms(needed, budget.part(budget.left // 2))
        try:
            if forms.difference(left, right) == ():
                return True
        except FormTooLarge:
            pass
        if budget.spent:
            break
    return None


def _levels(left: Expr, right: Expr, world: World) -> list[frozenset[str]]:
    """Which definitions stay names: all; all but those that the sides read; the affine ones that a map is taken of, A
    in exp(A); the text's own; none.
    """
    every = frozenset(world.equations)
    own = every - world.auxiliary.keys()
    sides = [left, right, *(q.rhs for q in _needed(left, right, world, frozenset(), False))]
    inside = {name for e in sides for node in walk(e) if isinstance(node, Map | Max) for name in node.names}
    affine = frozenset(n for n in own & inside if _is_affine(world.equations[n].rhs))
    return [every, every - left.names - right.names, affine, own, frozenset()]


def _is_affine(e: Expr) -> bool:
    return all(isinstance(node, Symbol | Number | Identity | Add | Contract) for node in walk(e))


def _needed(left: Expr, right: Expr, world: World, keep: frozenset[str], assumed: bool) -> tuple[Equation, ...]:
    found: dict[str, Equation] = {}
    for e in (left, right):
        for q in world.needed(e, keep, assumed):
            found.setdefault(q.lhs.name, q)
    return tuple(found.values())


class Forms(Algebra):
    """Forms of expressions in which the given definitions are put in place of their names.

    What a derivative is at a kink is a convention: sides that differ where a polynomial is 0 alone are equal, unless
    they say themselves what holds there.
    """

    def __init__(self, definitions: Sequence[Equation], budget: Budget | None = None) -> None:
        super().__init__(budget or Budget(MOST_STEPS))
        self._definitions = {q.lhs.name: q for q in definitions}
        self._known: dict[Expr, NormalSum] = {}
        self._open = 0
        """How many definitions are being put in."""
        self._speaks_of_equals = False
        """Whether a condition of the sides is =, ≠, ≥ or ≤."""

    def difference(self, left: Expr, right: Expr) -> tuple[tuple[NormalTerm, sympy.Expr], ...]:
        """The terms of left − right; () where they are equal."""
        terms = self.plus([self.of(left), self.scaled(self.of(right), -ONE)]).terms
        if self._speaks_of_equals:
            return terms
        return tuple((t, c) for t, c in terms if not any(_is_kink(f) for f, _ in t.powers))

    # ------------------------------------------------------------ expressions

    def of(self, e: Expr) -> NormalSum:
        known = self._known.get(e)
        if known is None:
            known = self._known[e] = self._form(e)
        return known

    def _form(self, e: Expr) -> NormalSum:
        match e:
            case Number():
                return constant(e.value)
            case Symbol():
                return self._symbol(e)
            case Identity():
                return self.term(ONE, {identity(e): ONE}, ())
            case Add():
                return self.plus([self.of(t) for t in e.terms])
            case Contract():
                return self._contract(e)
            case Map():
                return self.formula(e.formula, [self.of(a) for a in e.args])
            case Max():
                return self._maximum(e)
            case Inverse():
                return self._matrix("inverse", e.body, e.row, e.column, (e.left, e.right))
            case Determinant():
                return self._matrix("determinant", e.body, e.row, e.column, ())
        raise TypeError(f"{type(e).__name__} has no form")

    def _symbol(self, e: Symbol) -> NormalSum:
        equation = self._definitions.get(e.name)
        if equation is None:
            return single(NormalFactor("symbol", e.name, tuple(ONLY if i.size == 1 else i for i in e.indices)))
        if self._open == MOST_NESTED:
            raise FormTooLarge
        self._open += 1
        try:
            return self.of(substitute(e, equation))
        finally:
            self._open -= 1

    def _contract(self, e: Contract) -> NormalSum:
        aside = {i: self.new(i) for i in e.summed if i.size != 1}
        out = constant(ONE)
        factors = [self.renamed(self.of(f), aside) for f in e.factors]
        for f in sorted(factors, key=lambda s: len(s.terms)):
            out = self.times(out, f)
        return self.bind(out, tuple(aside.values()))

    def _maximum(self, e: Max) -> NormalSum:
        aside = {i: self.new(i) for i in e.over if i.size != 1}
        if not aside:
            return self.of(e.body)
        body = self.renamed(self.of(e.body), aside)
        height = body.height
        best: NormalFactor | None = None
        for order in orders([tuple(aside.values())]):
            named = {i: Index(f"&{height}_{p}", i.size) for p, i in enumerate(order)}
            f = NormalFactor("max", "", (), (self.renamed(body, named),), tuple(named.values()))
            best = f if best is None or f.key < best.key else best
        assert best is not None
        return single(best)

    def _matrix(self, kind: str, body: Expr, row: Index, column: Index, at: tuple[Index, ...]) -> NormalSum:
        if row.size == 1:
            return self.power(self.of(body), -ONE if kind == "inverse" else ONE)
        r, c = self.new(row), self.new(column)
        return self.matrix(kind, self.renamed(self.of(body), {row: r, column: c}), r, c, at)

    # ------------------------------------------------------------ scalar formulas

    def formula(self, e: sympy.Basic, args: Sequence[NormalSum]) -> NormalSum:
        """A scalar formula in the placeholders."""
        self.step()
        if not scalar.slots_of(e):
            return constant(e)
        if isinstance(e, sympy.Symbol):
            return args[scalar.slot_number(e)]
        if isinstance(e, sympy.Add):
            return self.plus([self.formula(a, args) for a in e.args])
        if isinstance(e, sympy.Mul):
            out = constant(ONE)
            for a in e.args:
                out = self.times(out, self.formula(a, args))
            return out
        if isinstance(e, sympy.Pow):
            if scalar.slots_of(e.exp):
                return self.formula(sympy.exp(e.exp * sympy.log(e.base)), args)
            return self.power(self.formula(e.base, args), e.exp)
        if type(e) in _FORMS:
            return self.formula(_FORMS[type(e)].xreplace({scalar.slot(0): e.args[0]}), args)
        if isinstance(e, sympy.exp):
            return self.exponential(self.formula(e.args[0], args))
        if isinstance(e, sympy.Piecewise):
            return self._piecewise(e, args)
        if isinstance(e, scalar.Share):
            return self.formula(e.in_signs(), args)
        inner = [self.formula(a, args) for a in e.args]
        if isinstance(e, sympy.Max | sympy.Min):
            if isinstance(e, sympy.Min):
                inner = [self.scaled(s, -ONE) for s in inner]
            out = inner[0]
            for s in inner[1:]:
                out = self.larger(out, s)
            return out if isinstance(e, sympy.Max) else self.scaled(out, -ONE)
        if isinstance(e, sympy.Abs):
            return self.larger(inner[0], self.scaled(inner[0], -ONE))
        if isinstance(e, sympy.sign):
            below = self.positive(self.scaled(inner[0], -ONE))
            return self.plus([self.positive(inner[0]), self.scaled(below, -ONE)])
        if isinstance(e, sympy.tan):
            sine, cosine = self.applied("sin", inner), self.applied("cos", inner)
            return self.times(sine, self.power(cosine, -ONE))
        return self.applied(e.func.__name__, inner)

    def _piecewise(self, e: sympy.Piecewise, args: Sequence[NormalSum]) -> NormalSum:
        """1[c] a + (1 − 1[c]) .."""
        out = self.formula(e.args[-1][0], args) if e.args[-1][1] == sympy.true else constant(ZERO)
        last = e.args[:-1] if e.args[-1][1] == sympy.true else e.args
        for branch, condition in reversed(last):
            where = self._condition(condition, args)
            value = self.formula(branch, args)
            out = self.plus([out, self.times(where, self.plus([value, self.scaled(out, -ONE)]))])
        return out

    def _condition(self, c: sympy.Basic, args: Sequence[NormalSum]) -> NormalSum:
        if c in (sympy.true, sympy.false):
            return constant(ONE if c == sympy.true else ZERO)
        if isinstance(c, sympy.Not):
            return self._not(self._condition(c.args[0], args))
        if isinstance(c, sympy.And | sympy.Or):
            parts = [self._condition(a, args) for a in c.args]
            if isinstance(c, sympy.Or):
                parts = [self._not(p) for p in parts]
            out = parts[0]
            for p in parts[1:]:
                out = self.times(out, p)
            return out if isinstance(c, sympy.And) else self._not(out)
        if not isinstance(c, sympy.core.relational.Relational):
            raise FormTooLarge
        left, right = (self.formula(side, args) for side in scalar.sides(c))
        u = self.plus([left, self.scaled(right, -ONE)])
        if isinstance(c, sympy.StrictGreaterThan):
            return self.positive(u)
        if isinstance(c, sympy.StrictLessThan):
            return self.positive(self.scaled(u, -ONE))
        self._speaks_of_equals = True
        if isinstance(c, sympy.GreaterThan):
            return self._not(self.positive(self.scaled(u, -ONE)))
        if isinstance(c, sympy.LessThan):
            return self._not(self.positive(u))
        return self.zero(u) if isinstance(c, sympy.Equality) else self._not(self.zero(u))

    def _not(self, s: NormalSum) -> NormalSum:
        return self.plus([constant(ONE), self.scaled(s, -ONE)])


def _is_kink(f: NormalFactor) -> bool:
    """1[u = 0] for a polynomial u, which is not 0 everywhere: its form would be."""
    if f.kind != "indicator" or f.head != "zero":
        return False
    inside = (p for t, _ in f.subs[0].terms for p in t.powers)
    return all(g.kind == "symbol" and e.is_Integer and e.is_positive for g, e in inside)


_FORMS = {**scalar.IN_EXP, sympy.tanh: 1 - 2 / (1 + sympy.exp(2 * scalar.slot(0)))}
"""Of tanh the form with one exponential in it."""
