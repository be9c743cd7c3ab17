"""Equal expressions that floating-point numbers can hold: laws applied before code is written, each a recorded step.

What is made here is for computing only: its functions `scalar.Logistic` and `scalar.Softplus` are never differentiated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import sympy

from symjac.calculus.trace import Law, Step
from symjac.core import scalar
from symjac.core.expr import (
    ONE,
    Add,
    Contract,
    Equation,
    Expr,
    Identity,
    Map,
    Max,
    Number,
    Symbol,
    apply,
    compared_whole,
    contract,
    from_scalar,
    maximum,
    rename,
    scalar_of,
    slot_of,
    substitute,
    transform,
    walk,
    with_children,
)
from symjac.core.index import Index
from symjac.core.memo import MOST_KEPT

LOG_OF_VALUE = Law(
    "logarithm of a quotient of exponentials",
    r"y = f(a) \;\Rightarrow\; \log y = \log f(a)",
    "each name under a logarithm is replaced by its value once",
)
SHIFT = Law(
    "shift by the maximum",
    r"\sum_j c_j e^{a_j} = e^m \sum_j c_j e^{a_j - m}, \quad m = \max_j a_j \text{ where } c_j \neq 0",
    "a shifted sum is not shifted again",
)
ELEMENTWISE = Law(
    "stable functions",
    r"\log \tfrac{a}{b} = \log a - \log b, \quad \log(1 + e^u) = \max(u, 0) + \log(1 + e^{-|u|}), \quad "
    r"\tfrac{1}{1 + e^{-u}} = \tfrac{e^{\min(u, 0)}}{1 + e^{-|u|}}",
    "each application removes an exponential",
)
SMALL = Law(
    "no cancellation",
    r"\log(1 + u) = \operatorname{log1p} u, \quad e^u - 1 = \operatorname{expm1} u, \quad "
    r"\sqrt{1 + u} - 1 = \tfrac{u}{1 + \sqrt{1 + u}}, \quad \sigma(u) - t = (1 - t) \sigma(u) - t \sigma(-u), \quad "
    r"1 + \tanh u = 2 \sigma(2 u), \quad 1 + \operatorname{erf} u = \operatorname{erfc}(-u), \quad "
    r"\zeta(u) - t u = (1 - t) \zeta(u) + t \zeta(-u), \quad \zeta(u) = \log(1 + e^u)",
    "each application takes a term away from beside the function",
)
ROOT_AT_ZERO = Law(
    "derivative of a root at 0",
    r"\tfrac{d}{du} u^{p} = 0 \text{ at } u = 0, \quad 0 < p < 1",
    "no negative power of a root is left",
)
BRANCH = Law(
    "branches that are not taken",
    r"[c]\, f(u) = [c]\, f([c]\, u + [\neg c])",
    "what is 1 where the branch is not taken stays",
)
LAWS = (LOG_OF_VALUE, ROOT_AT_ZERO, SHIFT, ELEMENTWISE, SMALL, BRANCH)


def stabilise(
    e: Expr, values: Mapping[str, Equation], inputs: Collection[str] = (), derived: bool = False
) -> tuple[Expr, tuple[Step, ...]]:
    """`e` without overflow and logarithms of rounded zeros, and the steps; `values` holds the definitions of names.

    An array of `inputs` may have zeros, and is a mask where it multiplies exponentials. In what is `derived`, the
    derivative of a root at 0 is taken as 0.
    """
    if not any(isinstance(n, Map) and _has_something_to_do(n.formula) for n in walk(e)):
        return e, ()
    steps: list[Step] = []
    after, names = _open_logs(e, values)
    if after is not e:
        steps.append(Step(LOG_OF_VALUE, e, after, names))
    rules: tuple[tuple[Law, Callable[[Expr], Expr]], ...] = (
        (ROOT_AT_ZERO, lambda e: _with_roots_at_zero(e, values) if derived else e),
        (SHIFT, lambda e: _shift(e, frozenset(inputs))),
        (ELEMENTWISE, _elementwise),
        (SMALL, _without_cancellation),
        (BRANCH, _guarded),
    )
    for law, rule in rules:
        before, after = after, rule(after)
        if after is not before:
            steps.append(Step(law, before, after))
    return after, tuple(steps)


@lru_cache(maxsize=MOST_KEPT)
def _has_exponential_or_log(formula: sympy.Expr) -> bool:
    return bool(formula.has(sympy.exp, sympy.log))


@lru_cache(maxsize=MOST_KEPT)
def _has_something_to_do(formula: sympy.Expr) -> bool:
    return bool(formula.has(sympy.exp, sympy.log, sympy.tanh, sympy.erf, sympy.Piecewise)) or any(
        not p.exp.is_Integer for p in formula.atoms(sympy.Pow)
    )


# ---------------------------------------------------------------- logarithms of values


def _open_logs(e: Expr, values: Mapping[str, Equation]) -> tuple[Expr, tuple[str, ...]]:
    """A value under a logarithm replaced by its definition, where that is a quotient of exponentials."""
    used: list[str] = []

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Map):
            return None
        formula, args = node.formula, list(node.args)
        for place in sorted(_slots_in_log(node.formula)):
            inside = node.args[place]
            equation = values.get(inside.name) if isinstance(inside, Symbol) else None
            if equation is not None and _is_exponential_quotient(equation):
                formula = _moved_in_log(formula, place, len(args))
                args.append(substitute(inside, equation))
                used.append(equation.lhs.name)
        return apply(formula, args) if len(args) > len(node.args) else None

    return transform(e, law), tuple(dict.fromkeys(used))


@lru_cache(maxsize=MOST_KEPT)
def _slots_in_log(formula: sympy.Expr) -> frozenset[int]:
    """The slots that a logarithm is of, by no other function."""
    return frozenset(
        scalar.slot_number(s)
        for log in formula.atoms(sympy.log)
        for s in scalar.slots_of(_without_functions(log.args[0]))
    )


def _without_functions(e: sympy.Expr) -> sympy.Expr:
    return e.replace(lambda f: isinstance(f, sympy.core.function.Application), lambda f: sympy.Integer(1))


def _moved_in_log(formula: sympy.Expr, place: int, to: int) -> sympy.Expr:
    """Another slot for one that a logarithm is of, there alone: elsewhere the value is at hand."""

    def moved(e: sympy.Expr) -> sympy.Expr:
        if isinstance(e, sympy.core.function.Application) or not e.args:
            return scalar.slot(to) if e == scalar.slot(place) else e
        return e.func(*map(moved, e.args))

    return formula.replace(sympy.log, lambda a: sympy.log(moved(a)))


@lru_cache(maxsize=MOST_KEPT)
def _is_exponential_quotient(equation: Equation) -> bool:
    formula = scalar_of(equation.rhs, [])
    return not isinstance(formula, sympy.log) and any(
        isinstance(f, sympy.exp) or (isinstance(f, sympy.Pow) and f.has(sympy.exp))
        for f in sympy.Mul.make_args(formula)
    )


# ---------------------------------------------------------------- sums of exponentials


@dataclass(frozen=True, slots=True)
class _Shifted:
    """Σ_j c_j exp(a_j) = exp(m) S. Of `mask`, which c_j has as a factor: what is 0 is not counted in the maximum m."""

    m: Expr
    total: Expr
    mask: Expr
    exponent: Expr
    over: tuple[Index, ...]


def _shift(e: Expr, inputs: frozenset[str]) -> Expr:
    """The shift in the smallest parts of `e` that hold a sum of exponentials and what it meets."""
    meeting = [c for c in e.children if _meets(c, inputs)]
    whole = isinstance(e, Map) or (isinstance(e, Contract) and len(meeting) > 1)
    if whole and meeting:
        shifted = _shifted(e, inputs)
        if shifted is not None:
            return shifted
    kids = [_shift(c, inputs) for c in e.children]
    return with_children(e, kids)


def _meets(e: Expr, inputs: frozenset[str]) -> bool:
    """True where `e`, seen elementwise, has an exponential or a sum of exponentials."""
    atoms: list[Expr] = []
    formula = scalar_of(e, atoms)
    return _has_exponential_or_log(formula) or any(_sum_of_exponentials(a, inputs) is not None for a in atoms)


def _shifted(e: Expr, inputs: frozenset[str]) -> Expr | None:
    atoms: list[Expr] = []
    factors, summed = (e.factors, e.summed) if isinstance(e, Contract) else ((e,), ())
    formula = sympy.Mul(*(scalar_of(f, atoms) for f in factors))
    table: dict[sympy.Expr, sympy.Expr] = {}
    masks: list[tuple[sympy.Expr, sympy.Expr]] = []
    for place, a in enumerate(tuple(atoms)):
        found = _sum_of_exponentials(a, inputs)
        if found is None:
            atoms[place] = _shift(a, inputs)
        else:
            m = slot_of(found.m, atoms)
            table[scalar.slot(place)] = sympy.exp(m) * slot_of(found.total, atoms)
            masks += _masks_outside(found, m, atoms)
    if not table:
        return None
    # What is compared with a maximum is shifted as it is within the maximum: by itself.
    alone = {i: _shift(atoms[i], inputs) for i in compared_whole(formula, atoms) if scalar.slot(i) in table}
    apart = scalar.renumbered_in_equalities(formula, {i: len(atoms) + n for n, i in enumerate(alone)})
    atoms += alone.values()
    gathered = _gathered(apart.xreplace(table))
    if masks:
        gathered = gathered.replace(lambda p: isinstance(p, sympy.Mul), lambda p: _masked(p, masks))
    return contract([from_scalar(gathered, atoms)], summed)


def _masks_outside(found: _Shifted, m: sympy.Symbol, atoms: Sequence[Expr]) -> list[tuple[sympy.Expr, sympy.Expr]]:
    """(mask, a − m) as formulas of `atoms`, over each index there that may stand for the one that is summed."""
    if found.mask is ONE or len(found.over) != 1:
        return []
    i = found.over[0]
    out = []
    for j in sorted({j for a in atoms for j in a.free if j.size == i.size and j not in found.m.free}, key=repr):
        known = list(atoms)
        mask, power = (scalar_of(rename(e, {i: j}), known) for e in (found.mask, found.exponent))
        if len(known) == len(atoms):
            out.append((mask, power - m))
    return out


def _masked(p: sympy.Mul, masks: Sequence[tuple[sympy.Expr, sympy.Expr]]) -> sympy.Expr:
    """exp(a − m) beside a mask as exp(min(a − m, 0)): a − m is 0 or less wherever the mask is not 0."""
    here = [power for mask, power in masks if {*sympy.Mul.make_args(mask)} <= {*p.args}]
    low = {
        sympy.expand(sympy.Add(*(c * power for c, power in zip(times, here, strict=True))))
        for times in product(range(3), repeat=min(len(here), 4))
        if any(times)
    }

    def at_most_one(f: sympy.Expr) -> sympy.Expr:
        if isinstance(f, sympy.exp) and sympy.expand(f.args[0]) in low:
            return _at_most_one(f)
        return f.func(*map(at_most_one, f.args)) if isinstance(f, sympy.Add | sympy.Mul) else f

    return at_most_one(p) if low else p


def _at_most_one(power: sympy.exp) -> sympy.Expr:
    return sympy.exp(sympy.Min(power.args[0], 0))


def _sum_of_exponentials(a: Expr, inputs: frozenset[str]) -> _Shifted | None:
    """m and S for a = Σ_j c_j exp(a_j) = exp(m) S, m the maximum over j of a_j; None for other and for shifted sums."""
    if not isinstance(a, Contract) or not a.summed:
        return None
    inner: list[Expr] = []
    formula = sympy.Mul(*(scalar_of(f, inner) for f in a.factors))
    exponents = [f.args[0] for f in sympy.Mul.make_args(formula) if isinstance(f, sympy.exp)]
    if not exponents:
        return None
    exponent = apply(sympy.Add(*exponents), inner)
    over = [i for i in a.summed if i in exponent.free]
    if not over or any(isinstance(n, Max) for n in walk(exponent)):
        return None
    rest = [f for f in sympy.Mul.make_args(formula) if not isinstance(f, sympy.exp)]
    masking = sympy.Mul(*(f for f in rest if _is_mask(f, inner, over, inputs)))
    mask = apply(masking, inner)
    counted = sympy.Add(*exponents)
    if masking != 1:
        counted = sympy.Piecewise((counted, sympy.Ne(masking, 0)), (-sympy.oo, True))
    largest = apply(counted, inner)
    over = [i for i in a.summed if i in largest.free]  # a mask may run over more than the exponent does
    m = maximum(largest, over)
    inner.append(m)
    power = sympy.exp(sympy.Add(*exponents) - scalar.slot(len(inner) - 1))
    power = power if masking == 1 else _at_most_one(power)
    beside = _shift(from_scalar(sympy.Mul(*rest), inner), inputs)
    total = contract([beside, from_scalar(power, inner)], a.summed)
    return _Shifted(m, total, mask, exponent, tuple(over))


def _is_mask(f: sympy.Expr, atoms: Sequence[Expr], over: Sequence[Index], inputs: frozenset[str]) -> bool:
    """True for a factor that is made from inputs alone and differs along what is summed."""
    read = [atoms[scalar.slot_number(s)] for s in scalar.slots_of(f)]
    return (
        bool(read) and all(a.names and a.names <= inputs for a in read) and any(i in a.free for a in read for i in over)
    )


@lru_cache(maxsize=MOST_KEPT)
def _gathered(formula: sympy.Expr) -> sympy.Expr:
    """Logarithms of products opened, exponentials in a product made one."""
    out = formula.replace(sympy.log, _log_of_product)
    return out.replace(lambda e: isinstance(e, sympy.Mul), _one_exponential)


def _log_of_product(a: sympy.Expr) -> sympy.Expr:
    """log(exp(u) · b) = u + log b."""
    factors = sympy.Mul.make_args(a)
    exponents = [f.args[0] for f in factors if isinstance(f, sympy.exp)]
    rest = sympy.Mul(*(f for f in factors if not isinstance(f, sympy.exp)))
    if isinstance(rest, sympy.Pow) and rest.exp.is_number:
        return sympy.Add(*exponents) + rest.exp * sympy.log(rest.base)
    return sympy.Add(*exponents) + sympy.log(rest)


def _one_exponential(product: sympy.Mul) -> sympy.Expr:
    """The product with one exponential; where a sum beside it has exponentials as well, with one in each term."""
    powers = [f for f in product.args if isinstance(f, sympy.exp)]
    others = [f for f in product.args if not isinstance(f, sympy.exp)]
    inside = next((f for f in others if isinstance(f, sympy.Add) and f.has(sympy.exp)), None)
    if powers and inside is not None:
        others.remove(inside)
        return sympy.Mul(*others, sympy.Add(*(_one_exponential(sympy.Mul(*powers, t)) for t in inside.args)))
    if len(powers) < 2:
        return product
    return sympy.Mul(*others, sympy.exp(sympy.Add(*(f.args[0] for f in powers))))


# ---------------------------------------------------------------- elementwise


def _elementwise(e: Expr) -> Expr:
    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Map):
            return None
        formula = scalar.stabilise(node.formula)
        return node if formula == node.formula else apply(formula, node.args)

    return transform(e, law)


def _without_cancellation(e: Expr) -> Expr:
    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Map | Add):
            return None
        atoms: list[Expr] = []
        formula = scalar_of(node, atoms)
        after = scalar.without_cancellation(formula)
        return node if after == formula else from_scalar(after, atoms)

    return transform(e, law)


def _guarded(e: Expr) -> Expr:
    def law(node: Expr) -> Expr | None:
        if isinstance(node, Map):
            formula = scalar.guarded(node.formula)
            return node if formula == node.formula else apply(formula, node.args)
        if isinstance(node, Contract) and any(
            isinstance(f, Map) and scalar.is_indicator(f.formula) for f in node.factors
        ):
            maps = [f for f in node.factors if isinstance(f, Map)]
            atoms: list[Expr] = []
            formula = sympy.Mul(*(scalar_of(f, atoms) for f in maps))
            after = scalar.guarded(formula)
            others = [f for f in node.factors if not isinstance(f, Map)]
            return node if after == formula else contract([*others, from_scalar(after, atoms)], node.summed)
        return None

    return transform(e, law)


# ---------------------------------------------------------------- roots


def _with_roots_at_zero(e: Expr, values: Mapping[str, Equation]) -> Expr:
    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Map):
            return None
        bases = {p.base for p in node.formula.atoms(sympy.Pow) if scalar.is_inverse_root(p)}
        if not bases:
            return None
        known = _signs(node.args, values)
        positive = frozenset(b for b in bases if b.xreplace(known).is_positive)
        formula = scalar.with_roots_at_zero(node.formula, positive)
        return node if formula == node.formula else from_scalar(formula, node.args)

    return transform(e, law)


def _signs(args: Sequence[Expr], values: Mapping[str, Equation]) -> dict[sympy.Symbol, sympy.Symbol]:
    """A symbol for each slot that is known to be positive, or not to be negative, where its argument is."""
    return {scalar.slot(p): _as_symbol(p, a, values) for p, a in enumerate(args)}


def _as_symbol(place: int, a: Expr, values: Mapping[str, Equation]) -> sympy.Symbol:
    formula = _with_signs(a, values)
    if formula.is_positive:
        return sympy.Symbol(f"a{place}", positive=True)
    return sympy.Symbol(f"a{place}", nonnegative=True) if formula.is_nonnegative else scalar.slot(place)


def _with_signs(e: Expr, values: Mapping[str, Equation]) -> sympy.Expr:
    """A formula that is positive, or not negative, where SymPy can tell from its parts that `e` is."""
    match e:
        case Number():
            return e.value
        case Symbol():
            known = values.get(e.name)
            return _with_signs(known.rhs, {}) if known is not None else sympy.Symbol(e.key, real=True)
        case Add():
            return sympy.Add(*(_with_signs(t, values) for t in e.terms))
        case Contract():
            # A sum of what is not negative is not negative; of what is positive, positive.
            return _sign_alone(sympy.Mul(*(_with_signs(f, values) for f in e.factors)))
        case Map():
            return e.formula.xreplace({scalar.slot(p): _with_signs(a, values) for p, a in enumerate(e.args)})
        case Max():
            return _sign_alone(_with_signs(e.body, values))
    return sympy.Dummy(nonnegative=True) if isinstance(e, Identity) else sympy.Dummy(real=True)


def _sign_alone(formula: sympy.Expr) -> sympy.Expr:
    if formula.is_positive:
        return sympy.Dummy(positive=True)
    return sympy.Dummy(nonnegative=True) if formula.is_nonnegative else sympy.Dummy(real=True)
