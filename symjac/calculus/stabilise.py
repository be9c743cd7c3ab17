"""Equal expressions that floating-point numbers can hold: laws applied before code is written, each a recorded step.

What is made here is for computing only: its functions `scalar.Logistic` and `scalar.Softplus` are never differentiated.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import sympy

from symjac.calculus.trace import Law, Step
from symjac.core import scalar
from symjac.core.expr import (
    Add,
    Contract,
    Equation,
    Expr,
    Map,
    Max,
    Symbol,
    apply,
    contract,
    from_scalar,
    maximum,
    rebuild,
    scalar_of,
    substitute,
    transform,
    walk,
)

LOG_OF_VALUE = Law(
    "logarithm of a quotient of exponentials",
    r"y = f(a) \;\Rightarrow\; \log y = \log f(a)",
    "each name under a logarithm is replaced by its value once",
)
SHIFT = Law(
    "shift by the maximum",
    r"\sum_j c_j e^{a_j} = e^m \sum_j c_j e^{a_j - m}, \quad m = \max_j a_j",
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
LAWS = (LOG_OF_VALUE, SHIFT, ELEMENTWISE, SMALL)


def stabilise(e: Expr, values: Mapping[str, Equation]) -> tuple[Expr, tuple[Step, ...]]:
    """`e` without overflow and logarithms of rounded zeros, and the steps; `values` holds the definitions of names."""
    if not any(isinstance(n, Map) and _has_exponential_or_log(n.formula) for n in walk(e)):
        return e, ()
    steps: list[Step] = []
    after, names = _open_logs(e, values)
    if after is not e:
        steps.append(Step(LOG_OF_VALUE, e, after, names))
    for law, rule in ((SHIFT, _shift), (ELEMENTWISE, _elementwise), (SMALL, _without_cancellation)):
        before, after = after, rule(after)
        if after is not before:
            steps.append(Step(law, before, after))
    return after, tuple(steps)


@cache
def _has_exponential_or_log(formula: sympy.Expr) -> bool:
    return bool(formula.has(sympy.exp, sympy.log, sympy.tanh, sympy.erf)) or any(
        p.exp.is_Rational and p.exp.q == 2 for p in formula.atoms(sympy.Pow)
    )


# ---------------------------------------------------------------- logarithms of values


def _open_logs(e: Expr, values: Mapping[str, Equation]) -> tuple[Expr, tuple[str, ...]]:
    """A value under a logarithm replaced by its definition, where that is a quotient of exponentials."""
    used: list[str] = []

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Map):
            return None
        out: Expr = node
        for place in sorted(_slots_under_log(node.formula)):
            inside = node.args[place]
            equation = values.get(inside.name) if isinstance(inside, Symbol) else None
            if equation is not None and _is_exponential_quotient(equation):
                out = substitute(out, equation)
                used.append(equation.lhs.name)
        return out

    return transform(e, law), tuple(dict.fromkeys(used))


@cache
def _slots_under_log(formula: sympy.Expr) -> frozenset[int]:
    return frozenset(scalar.slot_number(s) for log in formula.atoms(sympy.log) for s in scalar.slots_of(log))


@cache
def _is_exponential_quotient(equation: Equation) -> bool:
    formula = scalar_of(equation.rhs, [])
    return not isinstance(formula, sympy.log) and any(
        isinstance(f, sympy.exp) or (isinstance(f, sympy.Pow) and f.has(sympy.exp))
        for f in sympy.Mul.make_args(formula)
    )


# ---------------------------------------------------------------- sums of exponentials


def _shift(e: Expr) -> Expr:
    """The shift in the smallest parts of `e` that hold a sum of exponentials and what it meets."""
    meeting = [c for c in e.children if _meets(c)]
    whole = isinstance(e, Map) or (isinstance(e, Contract) and len(meeting) > 1)
    if whole and meeting:
        shifted = _shifted(e)
        if shifted is not None:
            return shifted
    kids = [_shift(c) for c in e.children]
    return e if all(a is b for a, b in zip(kids, e.children, strict=True)) else rebuild(e, kids)


def _meets(e: Expr) -> bool:
    """True where `e`, seen elementwise, has an exponential or a sum of exponentials."""
    atoms: list[Expr] = []
    formula = scalar_of(e, atoms)
    return _has_exponential_or_log(formula) or any(_sum_of_exponentials(a) is not None for a in atoms)


def _shifted(e: Expr) -> Expr | None:
    atoms: list[Expr] = []
    factors, summed = (e.factors, e.summed) if isinstance(e, Contract) else ((e,), ())
    formula = sympy.Mul(*(scalar_of(f, atoms) for f in factors))
    table: dict[sympy.Expr, sympy.Expr] = {}
    for place, a in enumerate(tuple(atoms)):
        found = _sum_of_exponentials(a)
        if found is not None:
            m, total = found
            table[scalar.slot(place)] = sympy.exp(_slot(m, atoms)) * _slot(total, atoms)
    if not table:
        return None
    return contract([from_scalar(_gathered(formula.xreplace(table)), atoms)], summed)


def _slot(a: Expr, atoms: list[Expr]) -> sympy.Symbol:
    if a not in atoms:
        atoms.append(a)
    return scalar.slot(atoms.index(a))


def _sum_of_exponentials(a: Expr) -> tuple[Expr, Expr] | None:
    """(m, S) for a = Σ_j c_j exp(a_j) = exp(m) S, m the maximum over j of a_j; None for other and for shifted sums."""
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
    m = maximum(exponent, over)
    rest = sympy.Mul(*(f for f in sympy.Mul.make_args(formula) if not isinstance(f, sympy.exp)))
    inner.append(m)
    shifted = sympy.exp(sympy.Add(*exponents) - scalar.slot(len(inner) - 1))
    return m, contract([from_scalar(rest, inner), from_scalar(shifted, inner)], a.summed)


@cache
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
    exponents = [f.args[0] for f in product.args if isinstance(f, sympy.exp)]
    if len(exponents) < 2:
        return product
    return sympy.Mul(*(f for f in product.args if not isinstance(f, sympy.exp))) * sympy.exp(sympy.Add(*exponents))


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
