"""Random small expressions over few names, so that many are equal."""

from __future__ import annotations

import random
from collections.abc import Sequence

import sympy
from sympy import Max, Rational, cosh, exp, log, sqrt, tanh

from symjac.core import scalar
from symjac.core.expr import (
    Expr,
    add,
    affine,
    apply,
    contract,
    determinant,
    identity,
    inverse,
    maximum,
    negate,
    number,
    symbol,
)
from symjac.core.index import Index, index, size_symbol

m = size_symbol("m")
i, j, l = index("i", m), index("j", m), index("l", m)
pair = index("u", m * m)
INDICES = (i, j, l)
x = scalar.slot(0)
f, f1 = scalar.unknown("f"), scalar.unknown("f", 1)
MAPS = (
    exp(x), exp(-x), exp(2 * x), 1 / (1 + exp(-x)), exp(-x) / (1 + exp(-x)) ** 2, tanh(x), 1 - tanh(x) ** 2,
    1 / cosh(x) ** 2, 1 / x, x**-2, sqrt(x), 1 / sqrt(x), Max(x, 0), scalar.indicator(x > 0), scalar.indicator(x < 0),
    scalar.indicator(x >= 0), sympy.Abs(x), sympy.sign(x), log(x), f(x), f1(x), sympy.sin(x), sympy.cos(x) ** 2,
)  # fmt: skip


def expression(rng: random.Random, depth: int) -> Expr:
    """One with free indices among i and j."""
    kind = rng.choice(
        ["leaf"] if depth == 0 else ["leaf", "add", "product", "product", "sum", "sum", "map", "map", "rare"]
    )
    if kind == "leaf":
        return _leaf(rng)
    if kind == "add":
        return add(expression(rng, depth - 1), expression(rng, depth - 1))
    if kind == "product":
        return contract([expression(rng, depth - 1), expression(rng, depth - 1)])
    if kind == "sum":
        over = rng.sample(INDICES, rng.randint(1, 2))
        return contract([_any(rng, depth - 1) for _ in range(rng.randint(1, 2))], over)
    if kind == "map":
        inner = expression(rng, depth - 1)
        return apply(rng.choice(MAPS), [inner]) if inner.names else inner
    return _rare(rng, depth)


def _any(rng: random.Random, depth: int) -> Expr:
    e = expression(rng, depth)
    return contract([e, _leaf(rng, INDICES)])


def _leaf(rng: random.Random, among: Sequence[Index] = (i, j)) -> Expr:
    a, b = rng.choice(among), rng.choice(among)
    return rng.choice(
        [
            symbol("x", [a]),
            symbol("A", [a, b]),
            symbol("s"),
            number(rng.choice([-1, 2])),
            number(rng.choice([Rational(1, 2), 1 / m])),
            identity(a, b),
            negate(symbol("x", [a])),
        ]
    )


def _rare(rng: random.Random, depth: int) -> Expr:
    a, b = rng.choice(((i, j), (j, i)))
    match rng.randrange(4):
        case 0:
            left, right = rng.choice(((i, l), (l, i), (l, j), (j, l)))
            row, column = rng.choice(((l, j), (j, l), (i, l)))
            return contract([inverse(symbol("A", [a, b]), a, b, left, right), symbol("A", [row, column])], [l])
        case 1:
            return determinant(symbol("A", [a, b]), a, b)
        case 2:
            return maximum(expression(rng, depth - 1), [rng.choice((i, j))])
        case _:
            one, zero = sympy.Integer(1), sympy.Integer(0)
            first, second = (
                affine(pair, [(one, i), (m, l)], zero),
                affine(pair, [(one, rng.choice((i, j))), (m, j)], zero),
            )
            return contract([first, second, _leaf(rng, INDICES)], [pair, l])
