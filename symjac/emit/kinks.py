"""Where forward formulas are not analytic: found in the formulas themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import sympy

from symjac.core import scalar
from symjac.core.expr import Map, Max, Number, apply, symbols, walk
from symjac.emit import text
from symjac.emit.array import floating
from symjac.emit.code import Code, atom, call, typed
from symjac.emit.lower import lower
from symjac.model.names import in_python
from symjac.model.stack import Definition


@dataclass(frozen=True, slots=True)
class Kink:
    text: str
    """Which formula, and where."""
    code: Code
    """An array that is 0 there and nowhere else."""


def kinks(definition: Definition, dtype: str) -> Iterator[Kink]:
    """The kinks of one formula, each once; `dtype` is the type of what has no array in it."""
    equation = definition.equation
    lhs = in_python(equation.lhs.name)
    for node in walk(equation.rhs):
        match node:
            case Map():
                for formula in zeros(node.formula):
                    at = apply(formula, node.args)
                    if not isinstance(at, Number):
                        order = max((s.indices for s in symbols(at)), key=len)
                        where = f"{text.expression(at, order, in_python)} = 0"
                        yield Kink(
                            f"{_definition(definition, lhs)} at {where}", typed(floating(lower(at, order)).code, dtype)
                        )
            case Max():
                body = lower(node.body, equation.lhs.indices)
                axes = tuple(body.axes.index(i) for i in node.over)
                where = f"ties of {text.expression(node, names=in_python)}"
                gap = call(
                    "gap_below_maximum", typed(body.code, dtype), atom(f"({axes[0]},)" if len(axes) == 1 else str(axes))
                )
                yield Kink(f"{_definition(definition, lhs)} at {where}", gap)


def _definition(definition: Definition, lhs: str) -> str:
    if definition.function and definition.argument:
        return f"{lhs} = {definition.function}({in_python(definition.argument.name)})"
    return f"{lhs}'s formula"


@cache
def zeros(formula: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """Formulas whose zeros are the kinks and jumps of `formula`, up to sign."""
    found: list[sympy.Expr] = []
    for e in sympy.preorder_traversal(formula):
        if isinstance(e, sympy.Max | sympy.Min):
            found += [a - b for a, b in combinations(e.args, 2)]
        elif isinstance(e, sympy.Abs | sympy.sign):
            found.append(e.args[0])
        elif isinstance(e, sympy.core.relational.Relational):
            found.append(e.lhs - e.rhs)
    upright = [-f if f.could_extract_minus_sign() else f for f in found]
    return tuple(dict.fromkeys(f for f in upright if scalar.slots_of(f)))
