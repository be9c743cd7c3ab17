"""Functions by name: those of the library, from its forward formulas, and what people call them."""

from __future__ import annotations

from dataclasses import replace

import sympy

from symjac.core import scalar
from symjac.core.errors import Place
from symjac.core.expr import Expr, Symbol, apply, rename, symbol, transform
from symjac.core.index import Index
from symjac.meaning.values import Value

ALIASES = {"sigma": "sigmoid", "logistic": "sigmoid", "ReLU": "relu", "LeakyReLU": "leaky_relu", "GELU": "gelu"}
"""What people call the functions of the library."""

ELEMENTWISE: dict[str, sympy.Expr] = {
    **{name: make(*map(scalar.slot, range(n))) for name, (make, n, _) in scalar.FUNCTIONS.items() if n == 1},
    "ln": sympy.log(scalar.slot(0)),
    "sech": 1 / sympy.cosh(scalar.slot(0)),
    "coth": sympy.cosh(scalar.slot(0)) / sympy.sinh(scalar.slot(0)),
    "arctan": sympy.atan(scalar.slot(0)),
    "arcsinh": sympy.asinh(scalar.slot(0)),
    "sgn": sympy.sign(scalar.slot(0)),
    "floor": sympy.floor(scalar.slot(0)),
}
"""Functions of one number, as formulas."""


def library_name(name: str) -> str | None:
    """What the library calls the function that is written `name`; None where it has none."""
    from symjac.model.library import builtin  # slow to import; formulas without such functions do without

    name = ALIASES.get(name, name)
    return name if name in builtin().activations else None


def is_elementwise(name: str) -> bool:
    """False for a function of the library that needs an axis: softmax and its like."""
    from symjac.model.library import builtin

    return builtin().activations[name].definition.axis is None


def library_function(name: str, x: Value, axis: int) -> Value:
    """An activation of the library at `x`; softmax and the like along `axis`."""
    from symjac.model import elaborate
    from symjac.model.library import builtin
    from symjac.model.parse import parse

    entry = builtin().activations[name]
    definition = entry.definition
    place = Place(f"library:{name}", 1, 1, definition.formula)
    ast = parse(definition.formula, place)
    constants = {n: sympy.Rational(str(c)) for n, c in definition.constants.items()}
    scope = elaborate.Scope(constants={"pi": sympy.pi, **constants})
    if definition.axis is None:
        return Value(apply(elaborate.scalar_formula(ast, ("x",), scope), [x.expr]), x.axes, x.row)
    at = tuple(Index(f"_f{p}", i.size) for p, i in enumerate(x.axes))
    sizes = {"axis": sympy.Integer(axis)}
    shape = tuple(i.size for i in at)
    body = elaborate.expression(ast, replace(scope, tensors={"x": shape}, sizes=sizes), lhs=symbol("y", at))
    back = dict(zip(at, x.axes, strict=True))
    return Value(rename(placed(body, "x", x.expr, x.axes), back), x.axes, x.row)


def placed(body: Expr, name: str, value: Expr, axes: tuple[Index, ...]) -> Expr:
    """`body` with every access name[i, j, ..] replaced by `value` at axes = (i, j, ..); nothing is captured."""
    aside = {i: Index(f"_free_{i.name}", i.size) for i in value.free if i not in axes}
    safe = rename(value, aside)

    def law(node: Expr) -> Expr | None:
        if isinstance(node, Symbol) and node.name == name:
            return rename(safe, dict(zip(axes, node.indices, strict=True)))
        return None

    return rename(transform(body, law), {new: old for old, new in aside.items()})
