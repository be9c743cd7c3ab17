"""Where forward formulas are not analytic: found in the formulas themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import sympy

from symjac.codegen.array import Array, aligned, floating, union
from symjac.codegen.code import CodeText, atom, binary, call, fill, typed
from symjac.codegen.lower import lower
from symjac.codegen.scalar_code import template
from symjac.core import scalar
from symjac.core.expr import Expr, Map, Max, apply, symbols, walk
from symjac.core.index import Index
from symjac.core.memo import MOST_KEPT
from symjac.model.names import in_python
from symjac.model.stack import Definition
from symjac.printing import text


@dataclass(frozen=True, slots=True)
class Kink:
    text: str
    """Which formula, and where."""
    code: CodeText
    """An array that is 0 there and nowhere else."""


def kinks(definition: Definition, dtype: str, stable: Callable[[Expr], Expr]) -> Iterator[Kink]:
    """The kinks of one formula, each once; `dtype` is the type of what has no array in it, `stable` makes of a formula
    what is computed for it."""
    equation = definition.equation
    lhs = in_python(equation.lhs.name)
    for node in walk(equation.rhs):
        match node:
            case Map():
                for a, b in meetings(node.formula):
                    met = apply(a, node.args), apply(b, node.args)
                    order = max((s.indices for e in met for s in symbols(e)), key=len, default=None)
                    if order is not None:
                        where = " = ".join(text.sides(order, met, in_python))
                        gap = _gap(node, a, b, order, stable)
                        yield Kink(f"{_definition(definition, lhs)} at {where}", typed(gap, dtype))
            case Max():
                body = lower(stable(node.body), equation.lhs.indices)
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


def _gap(node: Map, a: sympy.Expr, b: sympy.Expr, order: Sequence[Index], stable: Callable[[Expr], Expr]) -> CodeText:
    """a − b, each as the formula's own code has it: 0 where their values are one number, whatever was rounded."""
    sides = [_side(node, x, order, stable) for x in ((a,) if b == 0 else (a, b))]
    axes = union(sides, order)
    codes = [aligned(x, axes) for x in sides]
    return codes[0] if b == 0 else binary(codes[0], "-", codes[1])


def _side(node: Map, side: sympy.Expr, order: Sequence[Index], stable: Callable[[Expr], Expr]) -> Array:
    whole = apply(side, node.args)
    computed = stable(whole)
    if computed is not whole:
        return floating(lower(computed, order))
    args = [floating(lower(x, order)) for x in node.args]
    axes = union(args, order)
    return Array(fill(template(side), [aligned(x, axes) for x in args]), axes)


@lru_cache(maxsize=MOST_KEPT)
def meetings(formula: sympy.Expr) -> tuple[tuple[sympy.Expr, sympy.Expr], ...]:
    """Formulas of which `formula` has a kink or jumps where the two are equal, each pair once."""
    zero = sympy.Integer(0)
    found: list[tuple[sympy.Expr, sympy.Expr]] = []
    for e in _nodes(formula):
        if isinstance(e, sympy.Max | sympy.Min):
            found += combinations(sorted(e.args, key=lambda a: not scalar.slots_of(a)), 2)
        elif isinstance(e, sympy.Abs | sympy.sign):
            found.append((e.args[0], zero))
        elif isinstance(e, sympy.core.relational.Relational):
            found.append(scalar.sides(e))
    once: dict[sympy.Expr, tuple[sympy.Expr, sympy.Expr]] = {}
    for a, b in found:
        gap = a - b
        if scalar.slots_of(gap):
            turned = gap.could_extract_minus_sign()
            once.setdefault(-gap if turned else gap, (-a, b) if turned and b == 0 else (a, b))
    return tuple(once.values())


def _nodes(e: sympy.Basic) -> Iterator[sympy.Basic]:
    """`e` and all that it is made of, in the order of arguments: SymPy's traversal takes those of Max in any."""
    yield e
    for a in e.args:
        yield from _nodes(a)
