"""Simplification: a table of laws, tried in order until none applies; every application is a recorded step.

A law takes an expression and the declared context, and gives an equal expression or None. The products of the language
are flat, so a law sees the whole integrand of a sum as one SymPy formula over atoms (`expr.scalar_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy

from symjac.calculus.facts import sum_stated
from symjac.calculus.trace import Law, Step, SumFact
from symjac.core import scalar
from symjac.core.expr import (
    ZERO,
    Add,
    Contract,
    Equation,
    Expr,
    Identity,
    Map,
    Number,
    Symbol,
    add,
    apply,
    canonical,
    contract,
    from_scalar,
    number,
    rename,
    scalar_of,
    slot_of,
    split,
    substitute,
    transform,
    walk,
    with_children,
)
from symjac.core.index import Index
from symjac.core.memo import MOST_KEPT


@dataclass(frozen=True, slots=True)
class LawContext:
    """What the laws may use: definitions of named values, and declared facts."""

    values: tuple[Equation, ...] = ()
    facts: tuple[SumFact, ...] = ()


CHAIN = Law(
    "chain rule",
    r"\frac{\partial L}{\partial x} = \sum_y \frac{\partial L}{\partial y} \frac{\partial y}{\partial x}",
    "applied once for each dependence",
)
SUBSTITUTE = Law("substitution", r"x = e \;\Rightarrow\; f(x) = f(e)", "each name is replaced by its value once")
VALUE = Law(
    "in terms of the value",
    r"z = \varphi(a) \;\Rightarrow\; \varphi'(a) = \varphi'(\varphi^{-1}(z))",
    "removes the argument's exponentials and tanh",
)
CANCEL = Law("cancellation", r"\frac{a}{b} \, b = a", "lowers the number of operations")
FACT = Law("declared fact", r"\text{left} = \text{right}", "removes a summed factor")
CENTRED = Law(
    "sum of differences",
    r"\sum_i \bigl(x_i - \tfrac{1}{n} \sum_j x_j\bigr) = \sum_i x_i - \sum_j x_j = 0",
    "lowers the number of terms",
)
NUMBER = Law("one number", r"c \, (d \, a) = (c d) \, a", "lowers the number of numbers in a product")
POWERS = Law("equal powers", r"a^p \, a^q = a^{p + q}", "lowers the number of factors")
FACTOR = Law("common factor", r"a b + a c = a (b + c)", "lowers the number of factors")


def simplify(e: Expr, context: LawContext) -> tuple[Expr, tuple[Step, ...]]:
    """`e` with the laws applied until none changes it, and the steps."""
    steps: list[Step] = []
    seen = {e}
    """No form comes back: two laws that undo one another end."""
    changed = True
    while changed:
        changed = False
        for law, rule in RULES:
            after, where = rule(e, context)
            if after not in seen:
                steps.append(Step(law, e, after, where))
                e = after
                seen.add(e)
                changed = True
    return e, tuple(steps)


# ---------------------------------------------------------------- values


def _by_value(e: Expr, context: LawContext) -> tuple[Expr, tuple[str, ...]]:
    used: list[str] = []
    for equation in context.values:
        after = _one_value(e, equation)
        if after is not e:
            used.append(equation.lhs.name)
            e = after
    return e, tuple(used)


def _one_value(e: Expr, equation: Equation) -> Expr:
    lhs, rhs = equation.lhs, equation.rhs
    if not rhs.names & e.names:
        return e
    if isinstance(rhs, Map) and len(rhs.args) == 1 and isinstance(rhs.args[0], Symbol):
        return _elementwise_value(e, lhs, rhs.formula, rhs.args[0])
    return _rowwise_value(e, equation)


def _elementwise_value(e: Expr, lhs: Symbol, formula: sympy.Expr, argument: Symbol) -> Expr:
    """z = φ(a): a map of a alone that is a polynomial in z is written in z."""

    def law(node: Expr) -> Expr | None:
        if not (isinstance(node, Map) and len(node.args) == 1):
            return None
        at = node.args[0]
        if not (isinstance(at, Symbol) and at.name == argument.name):
            return None
        found = scalar.in_terms_of_value(formula, node.formula)
        if found is None:
            return None
        return from_scalar(found.xreplace({scalar.slot(1): scalar.slot(0)}), [_moved(lhs, argument, at)])

    return transform(e, law)


def _moved(lhs: Symbol, argument: Symbol, at: Symbol) -> Expr:
    """The value at the place that `at` reads, where `lhs` is defined from `argument`."""
    return rename(lhs, dict(zip(argument.indices, at.indices, strict=True)))


def _rowwise_value(e: Expr, equation: Equation) -> Expr:
    """y_nj = φ(a_nj, s_n) with s a sum over j, as in softmax: solved for a_nj; s must vanish together with a."""
    solved = _solved(equation)
    if solved is None:
        return e
    argument, total, inverse = solved
    if argument.name not in e.names:
        return e

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Contract | Map):
            return None
        atoms: list[Expr] = []
        formula = _integrand(node, atoms)
        table: dict[sympy.Expr, sympy.Expr] = {}
        for at in [a for a in atoms if isinstance(a, Symbol) and a.name == argument.name]:
            place = dict(zip(argument.indices, at.indices, strict=True))
            value, sum_there = rename(equation.lhs, place), canonical(rename(total, place))
            same = next((a for a in atoms if canonical(a) is sum_there), None)
            if same is None:
                return None
            value_slot = slot_of(value, atoms)
            table[slot_of(at, atoms)] = inverse.xreplace(
                {scalar.slot(0): _positive(value_slot), scalar.slot(1): _positive(slot_of(same, atoms))}
            )
            table[slot_of(same, atoms)] = _positive(slot_of(same, atoms))
        if not table:
            return None
        out = formula.xreplace(table)
        out = sympy.powdenest(out).xreplace({_positive(s): s for s in scalar.slots_of(formula)})
        out = out.xreplace({_positive(slot_of(a, atoms)): slot_of(a, atoms) for a in atoms})
        gone = {slot_of(a, atoms) for a in atoms if isinstance(a, Symbol) and a.name == argument.name}
        gone |= {slot_of(a, atoms) for a in atoms if _is_total(a, total)}
        if gone & set(scalar.slots_of(out)):
            return None
        summed = node.summed if isinstance(node, Contract) else ()
        return contract([from_scalar(out, atoms)], summed)

    out = _transform_outermost(_distributed(e), law)
    return e if argument.name in out.names else out


@lru_cache(maxsize=MOST_KEPT)
def _solved(equation: Equation) -> tuple[Symbol, Expr, sympy.Expr] | None:
    """(a, s, φ⁻¹ in slot(0) = y and slot(1) = s) for y = φ(a, s); None where the right side has another form."""
    atoms: list[Expr] = []
    formula = scalar_of(equation.rhs, atoms)
    if len(atoms) != 2 or not all(isinstance(a, Symbol | Contract) for a in atoms):
        return None
    arguments = [a for a in atoms if isinstance(a, Symbol)]
    totals = [a for a in atoms if isinstance(a, Contract)]
    if len(arguments) != 1 or len(totals) != 1 or set(arguments[0].indices) != set(equation.lhs.indices):
        return None
    y, s, a = sympy.Symbol("y", positive=True), sympy.Symbol("s", positive=True), sympy.Symbol("a", real=True)
    places = {slot_of(arguments[0], atoms): a, slot_of(totals[0], atoms): s}
    root = _solved_for(formula.xreplace(places), y, a)
    return root and (arguments[0], totals[0], root.xreplace({y: scalar.slot(0), s: scalar.slot(1)}))


def _solved_for(formula: sympy.Expr, y: sympy.Symbol, a: sympy.Symbol) -> sympy.Expr | None:
    """a where formula = y, as softmax and log-softmax have it: linear in a, or in exp(a)."""
    g = sympy.Symbol("g")
    for inner, undo in ((a, lambda r: r), (sympy.exp(a), sympy.log)):
        opened = formula.xreplace({inner: g})
        root = None if opened.has(a) else scalar.linear_root(opened - y, g)
        if root is not None:
            return undo(root)
    return None


def _positive(s: sympy.Symbol) -> sympy.Symbol:
    return sympy.Symbol(f"positive_{s.name}", positive=True)


def _is_total(a: Expr, total: Expr) -> bool:
    """True where `a` is the sum `total` at some place."""
    return (
        isinstance(a, Contract)
        and len(a.free) == len(total.free)
        and canonical(_as_numbered(a)) is canonical(_as_numbered(total))
    )


def _as_numbered(e: Expr) -> Expr:
    return rename(e, {i: Index(f"free{p}", i.size) for p, i in enumerate(e.free)})


def _transform_outermost(e: Expr, law: Callable[[Expr], Expr | None]) -> Expr:
    """`law` at every node that no changed node contains, parents first."""
    after = law(e)
    if after is not None:
        return after
    kids = [_transform_outermost(c, law) for c in e.children]
    return with_children(e, kids)


def _distributed(e: Expr) -> Expr:
    """Products over sums written as sums of products."""

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Contract):
            return None
        place = next((p for p, f in enumerate(node.factors) if isinstance(f, Add)), None)
        if place is None:
            return None
        before, after = node.factors[:place], node.factors[place + 1 :]
        terms = [contract([*before, t, *after], node.summed) for t in node.factors[place].children]
        return add(*(law(t) or t for t in terms))

    return transform(e, law)


# ---------------------------------------------------------------- cancellation


def _integrand(node: Expr, atoms: list[Expr]) -> sympy.Expr:
    """The formula of what a product sums, over `atoms`; of another node, its own formula."""
    if isinstance(node, Contract):
        return sympy.Mul(*(scalar_of(f, atoms) for f in node.factors))
    return scalar_of(node, atoms)


def _cancel(e: Expr, context: LawContext) -> tuple[Expr, tuple[str, ...]]:
    if not any(isinstance(node, Map) for node in walk(e)):
        return e, ()  # only a formula has a denominator

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Contract):
            return None
        atoms: list[Expr] = []
        factors = [scalar_of(f, atoms) for f in node.factors]
        before = sum(_denominators(f) for f in factors)
        if before == 0:
            return None
        product = sympy.Mul(*factors)
        shortest = min((product, _reduced(product)), key=_denominators)
        return contract([from_scalar(shortest, atoms)], node.summed) if _denominators(shortest) < before else None

    return transform(e, law), ()


@lru_cache(maxsize=MOST_KEPT)
def _reduced(formula: sympy.Expr) -> sympy.Expr:
    """The quotient reduced and its numerator factored, where it is short enough."""
    if formula.has(sympy.Piecewise) or not scalar.is_reducible(formula):
        return formula
    return scalar.positive_first(scalar.reduced(formula))


@lru_cache(maxsize=MOST_KEPT)
def _denominators(formula: sympy.Expr) -> int:
    """How many atoms stand in denominators."""
    found: set[sympy.Symbol] = set()
    for p in formula.atoms(sympy.Pow):
        if p.exp.could_extract_minus_sign():
            found |= set(scalar.slots_of(p.base))
    return len(found)


# ---------------------------------------------------------------- facts


def _use_facts(e: Expr, context: LawContext) -> tuple[Expr, tuple[str, ...]]:
    used: list[str] = []
    for fact in context.facts:
        after = _one_fact(e, fact)
        if after is not e:
            used.append(fact.text)
            e = after
    return e, tuple(used)


def _one_fact(e: Expr, fact: SumFact) -> Expr:
    """Σ_S X .. = value .., where it says what a sum of one tensor is."""
    stated = sum_stated(fact)
    if stated is None or stated.symbol.name not in e.names:
        return e
    tensor, axes, value = stated.symbol, stated.axes, stated.value

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Contract) or not node.summed:
            return None
        for place, f in enumerate(node.factors):
            if not (isinstance(f, Symbol) and f.name == tensor.name):
                continue
            there = [f.indices[a] for a in axes]
            others = node.factors[:place] + node.factors[place + 1 :]
            if all(i in node.summed for i in there) and not any(i in g.free for i in there for g in others):
                return contract([number(value), *others], [i for i in node.summed if i not in there])
        return None

    return transform(e, law)


# ---------------------------------------------------------------- sums of differences


def _sum_apart(e: Expr, context: LawContext) -> tuple[Expr, tuple[str, ...]]:
    """A sum over an index that one factor alone has is taken of that factor's terms, where some cancel.

    So Σ (x − x̄) is 0, times what is alike along the axis as well, and where it is named x̂.
    """
    values = {q.lhs.name: q for q in context.values}
    used: list[str] = []

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Contract):
            return None
        for i in node.summed:
            after = _of_factor(node, i)
            if after is not None:
                return after
        return None

    def _of_factor(node: Contract, i: Index) -> Expr | None:
        having = [p for p, f in enumerate(node.factors) if i in f.free]
        if len(having) != 1:
            return None
        total = _total(node.factors[having[0]], i)
        if total is None:
            return None
        others = [f for p, f in enumerate(node.factors) if p not in having]
        return contract([*others, total], [j for j in node.summed if j is not i])

    def _total(f: Expr, i: Index) -> Expr | None:
        if isinstance(f, Add):
            parts = _like_terms([_parts(contract([t], [i])) for t in f.terms])
            return add(*(p.whole for p in parts)) if len(parts) < len(f.terms) else None
        if isinstance(f, Contract):
            return _of_factor(f, i)
        if not isinstance(f, Symbol) or f.name not in values or len(set(f.indices)) < len(f.indices):
            return None
        if _total(substitute(f, values[f.name]), i) is not ZERO:
            return None
        used.append(f.name)
        return ZERO

    return transform(e, law), tuple(dict.fromkeys(used))


# ---------------------------------------------------------------- numbers


def _one_number(e: Expr, context: LawContext) -> tuple[Expr, tuple[str, ...]]:
    """The numbers of a product, those in formulas among its factors too, as one."""

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Contract):
            return None
        apart = [f.formula.as_coeff_Mul() if isinstance(f, Map) else (sympy.Integer(1), None) for f in node.factors]
        numbers = [c for c, _ in apart if c != 1]
        if not numbers or len(numbers) + isinstance(node.factors[0], Number) < 2:
            return None
        rest = [apply(r, f.children) if c != 1 else f for f, (c, r) in zip(node.factors, apart, strict=True)]
        return contract([number(sympy.Mul(*numbers)), *rest], node.summed)

    return transform(e, law), ()


# ---------------------------------------------------------------- powers


def _equal_powers(e: Expr, context: LawContext) -> tuple[Expr, tuple[str, ...]]:
    """Powers of one thing as one, sums included; of a product a·a of plain factors each stays: a sum may share it."""

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Contract):
            return None
        atoms: list[Expr] = []
        alike: dict[sympy.Expr, list[tuple[Expr, sympy.Expr]]] = {}
        for part in _separate(node):
            base, exponent = scalar_of(part, atoms).as_base_exp()
            if not (exponent.is_Rational and scalar.slots_of(base)) or base is sympy.E:
                base, exponent = base**exponent, sympy.Integer(1)
            alike.setdefault(base, []).append((part, exponent))
        kept: list[Expr] = []
        for base, powers in alike.items():
            plain = all(n == 1 and not isinstance(part, Contract) for part, n in powers)
            merge = len(powers) > 1 and not plain and scalar.slots_of(base)
            kept += [from_scalar(base ** sum(n for _, n in powers), atoms)] if merge else [part for part, _ in powers]
        return contract(kept) if len(kept) < sum(map(len, alike.values())) else None

    return transform(e, law), ()


def _separate(product: Contract) -> list[Expr]:
    """The factors, those that share summed indices together as one sum."""
    groups: list[tuple[list[Expr], set[Index]]] = []
    for f in product.factors:
        bound = set(f.free) & set(product.summed)
        factors = [f]
        for g in [g for g in groups if bound & g[1]]:
            groups.remove(g)
            factors, bound = [*g[0], *factors], bound | g[1]
        groups.append((factors, bound))
    return [contract(factors, [i for i in product.summed if i in bound]) for factors, bound in groups]


# ---------------------------------------------------------------- common factors


def _factor(e: Expr, context: LawContext) -> tuple[Expr, tuple[str, ...]]:
    return transform(e, lambda node: _common(node.terms) if isinstance(node, Add) else None), ()


def _common(terms: Sequence[Expr]) -> Expr | None:
    """a·b + a·c = a·(b + c) for the factors (and the number) that all the terms share; like terms become one.

    Beside an identity matrix only identities are taken out: diag(y) − y yᵀ stays as it is.
    """
    parts = _like_terms([_parts(t) for t in terms])
    if len(parts) < len(terms):
        return add(*(p.whole for p in parts))
    first = parts[0]
    shared = [f for f in first.loose if all(f in p.loose for p in parts[1:])]
    shared = list(dict.fromkeys(shared))
    if any(isinstance(f, Identity) and f not in shared for p in parts for f in p.loose):
        shared = [f for f in shared if isinstance(f, Identity)]
    coefficient = _common_number([p.coefficient for p in parts])
    if not shared and coefficient == 1:
        return None
    rest = [p.without(shared, coefficient) for p in parts]
    return contract([number(coefficient), *shared, add(*sorted(rest, key=_negative))])


def _like_terms(parts: Sequence[_Parts]) -> list[_Parts]:
    """2a + 3a = 5a, whatever summed indices are called."""
    alike: dict[tuple[tuple[str, ...], Expr | None], _Parts] = {}
    for p in parts:
        kind = (tuple(sorted(canonical(f).key for f in p.loose)), None if p.tied is None else canonical(p.tied))
        known = alike.get(kind)
        alike[kind] = p if known is None else _Parts(known.coefficient + p.coefficient, known.loose, known.tied)
    return [p for p in alike.values() if p.coefficient != 0]


def _negative(e: Expr) -> bool:
    first = e.children[0] if isinstance(e, Contract) else e
    return isinstance(first, Number) and first.value.could_extract_minus_sign()


@dataclass(frozen=True, slots=True)
class _Parts:
    coefficient: sympy.Expr
    loose: tuple[Expr, ...]
    tied: Expr | None

    @property
    def whole(self) -> Expr:
        return self.without((), sympy.Integer(1))

    def without(self, factors: Sequence[Expr], coefficient: sympy.Expr) -> Expr:
        left = list(self.loose)
        for f in factors:
            left.remove(f)
        return contract(
            [number(self.coefficient / coefficient), *left, *([self.tied] if self.tied is not None else [])]
        )


def _parts(term: Expr) -> _Parts:
    if isinstance(term, Number):
        return _Parts(term.value, (), None)
    if not isinstance(term, Contract):
        return _Parts(sympy.Integer(1), (term,), None)
    loose, tied = split(term)
    coefficient = sympy.Mul(*(f.value for f in loose if isinstance(f, Number)))
    rest = tuple(f for f in loose if not isinstance(f, Number))
    if isinstance(tied, Contract) and isinstance(tied.factors[0], Number):
        coefficient *= tied.factors[0].value
        tied = contract(tied.factors[1:], tied.summed)
    return _Parts(coefficient, rest, tied)


def _common_number(coefficients: Sequence[sympy.Expr]) -> sympy.Expr:
    """The positive c that divides all coefficients, leaving rational numbers of which one is ±1; 1 where none does."""
    c = next((c for c in coefficients if not c.could_extract_minus_sign()), -coefficients[0])
    ratios = [q / c for q in coefficients]
    if not all(r.is_Rational for r in ratios):
        return sympy.Integer(1)
    return c


# ---------------------------------------------------------------- the table

Rule = Callable[[Expr, LawContext], tuple[Expr, tuple[str, ...]]]
RULES: tuple[tuple[Law, Rule], ...] = (
    (VALUE, _by_value),
    (CANCEL, _cancel),
    (FACT, _use_facts),
    (CENTRED, _sum_apart),
    (NUMBER, _one_number),
    (POWERS, _equal_powers),
    (FACTOR, _factor),
)
LAWS: tuple[Law, ...] = (CHAIN, SUBSTITUTE, *(law for law, _ in RULES))

__all__ = ["CHAIN", "LAWS", "RULES", "SUBSTITUTE", "LawContext", "simplify", "substitute"]
