"""A bank of expressions, every node in several settings, each with the same sum written as plain Python loops.

Tests cross it with every mode: evaluate, rename, differentiate, the scalar view, printing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from sympy import Rational, erf, exp, log, tanh

from symjac.core import scalar
from symjac.core.expr import (
    Add,
    Contract,
    Determinant,
    Expr,
    Identity,
    Inverse,
    Map,
    Max,
    Number,
    OfMatrix,
    Symbol,
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
    walk,
)
from symjac.core.index import Index, index, size_symbol
from symjac.core.scalar import slot

m, n, p = size_symbol("m"), size_symbol("n"), size_symbol("p")
c = sympy.Symbol("c", real=True)
i, i1, i2 = index("i", m), index("i1", m), index("i2", m)
j, j1, j2 = index("j", n), index("j1", n), index("j2", n)
l, l1 = index("l", p), index("l1", p)

SHAPES = {"s": (), "v": (m,), "u": (m,), "w": (n,), "A": (m, n), "B": (n, p), "C": (m, n), "D": (m, m), "K": (m, n, p)}
SIZES = {
    "2, 3, 5": {"m": 2, "n": 3, "p": 5},
    "5, 2, 3": {"m": 5, "n": 2, "p": 3},
    "equal": {"m": 3, "n": 3, "p": 3},
    "one": {"m": 1, "n": 1, "p": 1},
    "none": {"m": 0, "n": 0, "p": 0},
}


def v(a: Index = i) -> Symbol:
    return symbol("v", [a])


def u(a: Index = i) -> Symbol:
    return symbol("u", [a])


def w(a: Index = j) -> Symbol:
    return symbol("w", [a])


def A(a: Index = i, b: Index = j) -> Symbol:
    return symbol("A", [a, b])


def B(a: Index = j, b: Index = l) -> Symbol:
    return symbol("B", [a, b])


def C(a: Index = i, b: Index = j) -> Symbol:
    return symbol("C", [a, b])


def D(a: Index = i, b: Index = i1) -> Symbol:
    return symbol("D", [a, b])


K = symbol("K", [i, j, l])
s = symbol("s")
x0, x1, x2 = slot(0), slot(1), slot(2)
ONE, TWO, HALF = sympy.Integer(1), sympy.Integer(2), Rational(1, 2)
sigmoid = 1 / (1 + exp(-x0))
softmax = contract([apply(exp(x0), [A()]), apply(1 / x0, [contract([apply(exp(x0), [A(i, j1)])], [j1])])])
three = contract([number(3), identity(i, i1)])
moved = add(three, D())
stack = add(three, contract([apply(x0**2, [w()]), u(i), u(i1)]))


@dataclass(frozen=True)
class Case:
    name: str
    expr: Expr
    order: tuple[Index, ...]
    loops: Callable[..., float]
    """(t, z, *indices) -> the component, where t has the tensors and the constant c by name, z the sizes."""
    smooth: bool = True
    needs_entries: bool = False
    """True where there is no value over no entries: a maximum."""

    def __str__(self) -> str:
        return self.name


def _case(name: str, expr: Expr, order: tuple[Index, ...], loops: Callable[..., float], **more: bool) -> Case:
    return Case(name, expr, order, loops, **more)


def R(size: int) -> range:
    return range(size)


def _max(values: Any) -> float:
    return max(values)


BANK: tuple[Case, ...] = (
    # Symbol, Number
    _case("symbol", A(), (i, j), lambda t, z, i, j: t["A"][i, j]),
    _case("transposed", A(), (j, i), lambda t, z, j, i: t["A"][i, j]),
    _case("scalar", s, (), lambda t, z: t["s"]),
    _case("diagonal", D(i, i), (i,), lambda t, z, i: t["D"][i, i]),
    _case("repeated along j", v(), (i, j), lambda t, z, i, j: t["v"][i]),
    _case("number", number(Rational(-3, 4)), (), lambda t, z: -0.75),
    _case("number of a size", number((m + 1) / n), (j,), lambda t, z, j: (z["m"] + 1) / z["n"]),
    _case("number with functions", number(sympy.sqrt(2) + sympy.pi), (), lambda t, z: 2**0.5 + np.pi),
    _case("named constant", contract([number(c), v()]), (i,), lambda t, z, i: t["c"] * t["v"][i]),
    # Identity
    _case("identity", identity(i, i1), (i, i1), lambda t, z, i, i1: i == i1),
    _case("diag(v)", contract([v(), identity(i, i1)]), (i, i1), lambda t, z, i, i1: t["v"][i] * (i == i1)),
    _case(
        "trace by identity",
        contract([D(), identity(i, i1)], [i, i1]),
        (),
        lambda t, z: sum(t["D"][a, a] for a in R(z["m"])),
    ),
    _case(
        "identity summed once", contract([identity(i, i1), D(i1, i2)], [i1]), (i, i2), lambda t, z, i, i2: t["D"][i, i2]
    ),
    _case("trace of identity", contract([identity(i, i1)], [i, i1]), (), lambda t, z: z["m"]),
    _case(
        "identity in a sum that folds",
        contract([identity(i, i1), add(identity(i, i1), v(i1), number(-1))], [i1]),
        (i,),
        lambda t, z, i: t["v"][i],
    ),
    _case(
        "identity in a sum that vanishes",
        contract([identity(i, i1), add(identity(i, i1), number(-1)), v(i)], [i1]),
        (i,),
        lambda t, z, i: 0.0,
    ),
    # Affine access
    _case(
        "shift",
        contract([symbol("v", [i1]), affine(i1, ((ONE, i),), ONE)], [i1]),
        (i,),
        lambda t, z, i: t["v"][i + 1] if i + 1 < z["m"] else 0.0,
    ),
    _case(
        "correlation",
        contract([v(i), affine(i, ((ONE, l), (ONE, j)), -ONE), w(j)], [i, j]),
        (l,),
        lambda t, z, l: sum(t["v"][l + b - 1] * t["w"][b] for b in R(z["n"]) if 0 <= l + b - 1 < z["m"]),
    ),
    _case(
        "strided, dilated",
        contract([A(i, j), affine(i, ((TWO, l), (sympy.Integer(3), j1)), -TWO), B(j1, l1)], [i, j1]),
        (j, l, l1),
        lambda t, z, j, l, l1: sum(
            t["A"][2 * l + 3 * q - 2, j] * t["B"][q, l1] for q in R(z["n"]) if 0 <= 2 * l + 3 * q - 2 < z["m"]
        ),
    ),
    _case(
        "constant place",
        contract([v(), affine(i, (), sympy.Integer(0))], [i]),
        (),
        lambda t, z: t["v"][0] if z["m"] else 0.0,
    ),
    _case(
        "flatten",
        contract([A(i, j), affine(index("f", m * n), ((n, i), (ONE, j)), 0 * ONE)], [i, j]),
        (index("f", m * n),),
        lambda t, z, f: t["A"][f // z["n"], f % z["n"]],
    ),
    # Add
    _case("sum", add(A(), negate(C())), (i, j), lambda t, z, i, j: t["A"][i, j] - t["C"][i, j]),
    _case("bias by name", add(A(), w(), number(2)), (i, j), lambda t, z, i, j: t["A"][i, j] + t["w"][j] + 2),
    _case("outer sum", add(v(), w()), (i, j), lambda t, z, i, j: t["v"][i] + t["w"][j]),
    _case(
        "nested sums",
        add(add(A(), number(1)), add(number(1), C())),
        (i, j),
        lambda t, z, i, j: t["A"][i, j] + t["C"][i, j] + 2,
    ),
    _case(
        "sum of sums over",
        add(contract([A(i, j1)], [j1]), contract([D(i, i1)], [i1])),
        (i,),
        lambda t, z, i: sum(t["A"][i]) + sum(t["D"][i]),
    ),
    # Contract
    _case(
        "A B", contract([A(), B()], [j]), (i, l), lambda t, z, i, l: sum(t["A"][i, b] * t["B"][b, l] for b in R(z["n"]))
    ),
    _case(
        "A Aᵀ",
        contract([A(), A(i1, j)], [j]),
        (i, i1),
        lambda t, z, i, i1: sum(t["A"][i, b] * t["A"][i1, b] for b in R(z["n"])),
    ),
    _case("outer", contract([v(), w()]), (i, j), lambda t, z, i, j: t["v"][i] * t["w"][j]),
    _case("Hadamard", contract([A(), C()]), (i, j), lambda t, z, i, j: t["A"][i, j] * t["C"][i, j]),
    _case(
        "vᵀ D u",
        contract([v(), D(), u(i1)], [i, i1]),
        (),
        lambda t, z: sum(t["v"][a] * t["D"][a, b] * t["u"][b] for a in R(z["m"]) for b in R(z["m"])),
    ),
    _case("sum of all", contract([K], [i, j, l]), (), lambda t, z: sum(t["K"].ravel())),
    _case("sum over an absent index", contract([v()], [j]), (i,), lambda t, z, i: z["n"] * t["v"][i]),
    _case("mean", contract([number(1 / m), v()], [i]), (), lambda t, z: sum(t["v"]) / z["m"]),
    _case(
        "nested products with clashing sums",
        contract([contract([A(), w()], [j]), contract([C(), w()], [j]), w()], [j]),
        (i,),
        lambda t, z, i: (t["A"][i] @ t["w"]) * (t["C"][i] @ t["w"]) * sum(t["w"]),
    ),
    _case(
        "square of a difference of two",
        contract([add(A(), negate(C())), add(A(), negate(C()))], [i, j]),
        (),
        lambda t, z: ((t["A"] - t["C"]) ** 2).sum(),
    ),
    _case(
        "square of a sum",
        contract([contract([A(), w()], [j]), contract([A(), w()], [j])]),
        (i,),
        lambda t, z, i: (t["A"][i] @ t["w"]) ** 2,
    ),
    _case(
        "five factors",
        contract([v(), A(), w(), C(), K], [i, j]),
        (l,),
        lambda t, z, l: sum(
            t["v"][a] * t["A"][a, b] * t["w"][b] * t["C"][a, b] * t["K"][a, b, l] for a in R(z["m"]) for b in R(z["n"])
        ),
    ),
    # Map
    _case("tanh", apply(tanh(x0), [A()]), (i, j), lambda t, z, i, j: np.tanh(t["A"][i, j])),
    _case("sigmoid", apply(sigmoid, [A()]), (i, j), lambda t, z, i, j: 1 / (1 + np.exp(-t["A"][i, j]))),
    _case(
        "gelu", apply(x0 * (1 + erf(x0 / sympy.sqrt(2))) / 2, [v()]), (i,), lambda t, z, i: t["v"][i] * _phi(t["v"][i])
    ),
    _case(
        "two arguments", apply(x0 * exp(x1), [A(), v()]), (i, j), lambda t, z, i, j: t["A"][i, j] * np.exp(t["v"][i])
    ),
    _case("with a constant", apply(exp(c * x0), [w()]), (j,), lambda t, z, j: np.exp(t["c"] * t["w"][j])),
    _case(
        "of a sum of products",
        apply(tanh(x0), [add(contract([A(), B()], [j]), number(1))]),
        (i, l),
        lambda t, z, i, l: np.tanh(t["A"][i] @ t["B"][:, l] + 1),
    ),
    _case("of one thing twice", apply(x0 * x1 + x2, [v(), v(), number(2)]), (i,), lambda t, z, i: t["v"][i] ** 2 + 2),
    _case("map of map", apply(x0**2, [apply(tanh(x0), [v()])]), (i,), lambda t, z, i: np.tanh(t["v"][i]) ** 2),
    _case(
        "quotient",
        contract([v(), apply(1 / (1 + x0**2), [w()])]),
        (i, j),
        lambda t, z, i, j: t["v"][i] / (1 + t["w"][j] ** 2),
    ),
    _case("softmax", softmax, (i, j), lambda t, z, i, j: np.exp(t["A"][i, j]) / sum(np.exp(t["A"][i]))),
    _case(
        "log sum exp",
        apply(log(x0), [contract([apply(exp(x0), [A()])], [j])]),
        (i,),
        lambda t, z, i: np.log(sum(np.exp(t["A"][i]))),
        needs_entries=True,
    ),
    _case(
        "of an identity",
        apply(exp(x0), [add(v(), identity(i, i1))]),
        (i, i1),
        lambda t, z, i, i1: np.exp(t["v"][i] + (i == i1)),
    ),
    _case("relu", apply(sympy.Max(x0, 0), [A()]), (i, j), lambda t, z, i, j: max(t["A"][i, j], 0), smooth=False),
    _case(
        "leaky",
        apply(sympy.Piecewise((x0, x0 > 0), (x0 / 10, True)), [v()]),
        (i,),
        lambda t, z, i: t["v"][i] * (1 if t["v"][i] > 0 else 0.1),
        smooth=False,
    ),
    _case(
        "absolute",
        apply(sympy.Abs(x0), [add(A(), negate(C()))]),
        (i, j),
        lambda t, z, i, j: abs(t["A"][i, j] - t["C"][i, j]),
        smooth=False,
    ),
    _case(
        "larger of two",
        apply(sympy.Max(x0, x1), [A(), v()]),
        (i, j),
        lambda t, z, i, j: max(t["A"][i, j], t["v"][i]),
        smooth=False,
    ),
    # Max
    _case("row maximum", maximum(A(), [j]), (i,), lambda t, z, i: _max(t["A"][i]), smooth=False, needs_entries=True),
    _case(
        "maximum of all", maximum(A(), [i, j]), (), lambda t, z: _max(t["A"].ravel()), smooth=False, needs_entries=True
    ),
    _case("maximum over an absent index", maximum(v(), [j]), (i,), lambda t, z, i: t["v"][i], smooth=True),
    _case(
        "maximum of a product",
        maximum(contract([A(), B()], [j]), [l]),
        (i,),
        lambda t, z, i: _max(t["A"][i] @ t["B"][:, b] for b in R(z["p"])),
        smooth=False,
        needs_entries=True,
    ),
    _case(
        "shifted by its maximum",
        apply(exp(x0 - x1), [A(), maximum(A(i, j1), [j1])]),
        (i, j),
        lambda t, z, i, j: np.exp(t["A"][i, j] - _max(t["A"][i])),
        smooth=False,
        needs_entries=True,
    ),
    _case(
        "pooling",
        maximum(contract([v(i), affine(i, ((TWO, l), (ONE, j)), 0 * ONE)], [i]), [j]),
        (l,),
        lambda t, z, l: _max(t["v"][2 * l + b] if 2 * l + b < z["m"] else 0.0 for b in R(z["n"])),
        smooth=False,
        needs_entries=True,
    ),
    # Inverse, Determinant
    _case("inverse", inverse(moved, i, i1, i, i1), (i, i1), lambda t, z, i, i1: _inverse(t)[i, i1]),
    _case("inverse, transposed", inverse(moved, i, i1, i1, i), (i, i1), lambda t, z, i, i1: _inverse(t)[i1, i]),
    _case(
        "inverse of the transpose",
        inverse(add(D(i1, i), three), i, i1, i, i1),
        (i, i1),
        lambda t, z, i, i1: _inverse(t)[i1, i],
    ),
    _case("diagonal of an inverse", inverse(moved, i, i1, i2, i2), (i2,), lambda t, z, i2: _inverse(t)[i2, i2]),
    _case(
        "solved for",
        contract([inverse(moved, i, i1, i, i1), v(i1)], [i1]),
        (i,),
        lambda t, z, i: _inverse(t)[i] @ t["v"],
    ),
    _case(
        "inverse of each",
        inverse(stack, i, i1, i, i1),
        (j, i, i1),
        lambda t, z, j, i, i1: np.linalg.inv(_stack(t, t["w"][j]))[i, i1],
    ),
    _case(
        "row i of inverse i",
        inverse(add(identity(i1, i2), contract([apply(x0**2, [v()]), u(i1), u(i2)])), i1, i2, i, i1),
        (i, i1),
        lambda t, z, i, i1: np.linalg.inv(np.eye(z["m"]) + t["v"][i] ** 2 * np.outer(t["u"], t["u"]))[i, i1],
    ),
    _case(
        "sum of an inverse that binds the sum's names",
        contract([inverse(add(three, D()), i, i1, i, i1), v(i), D(i1, i2)], [i, i1]),
        (i2,),
        lambda t, z, i2: t["v"] @ _inverse(t) @ t["D"][:, i2],
    ),
    _case("determinant", determinant(moved, i, i1), (), lambda t, z: np.linalg.det(np.linalg.inv(_inverse(t)))),
    _case(
        "log determinant of each",
        apply(log(x0), [determinant(stack, i, i1)]),
        (j,),
        lambda t, z, j: np.log(np.linalg.det(_stack(t, t["w"][j]))),
    ),
    # Together
    _case(
        "mean squared error of a tanh layer",
        contract(
            [number(1 / (2 * m)), apply(x0**2, [add(apply(tanh(x0), [contract([A(), B()], [j])]), negate(v()))])],
            [i, l],
        ),
        (),
        lambda t, z: (
            sum((np.tanh(t["A"][a] @ t["B"][:, b]) - t["v"][a]) ** 2 for a in R(z["m"]) for b in R(z["p"]))
            / (2 * z["m"])
        ),
    ),
    _case(
        "cross-entropy of softmax",
        contract([number(-1 / m), C(), apply(log(x0), [softmax])], [i, j]),
        (),
        lambda t, z: (
            -sum(t["C"][a, b] * (t["A"][a, b] - np.log(sum(np.exp(t["A"][a])))) for a in R(z["m"]) for b in R(z["n"]))
            / z["m"]
        ),
        needs_entries=True,
    ),
)


def _inverse(t: Any) -> Any:
    return np.linalg.inv(3 * np.eye(len(t["D"])) + t["D"])


def _stack(t: Any, w: float) -> Any:
    return 3 * np.eye(len(t["u"])) + w**2 * np.outer(t["u"], t["u"])


def _phi(x: float) -> float:
    from math import erf, sqrt

    return (1 + erf(x / sqrt(2))) / 2


def by_name(name: str) -> Case:
    return next(case for case in BANK if case.name == name)


def size_values(sizes: Mapping[str, int]) -> dict[str, float]:
    """The constants of `evaluate`: sizes and the named constant c."""
    return {**sizes, "c": 0.7}


def tensors(sizes: Mapping[str, int], seed: int = 0) -> dict[str, Any]:
    """Distinct normal numbers for each tensor of the bank."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=[sizes[str(size)] for size in shape]) for name, shape in SHAPES.items()}


def extent(size: sympy.Expr, sizes: Mapping[str, int]) -> int:
    return int(size.xreplace({size_symbol(name): sympy.Integer(value) for name, value in sizes.items()}))


def array(order: tuple[Index, ...], sizes: Mapping[str, int], entry: Callable[..., Any], dtype: Any = float) -> Any:
    """The array whose components `entry` gives."""
    shape = [extent(a.size, sizes) for a in order]
    out = np.empty(shape, dtype)
    for place in itertools.product(*map(range, shape)):
        out[place] = entry(*place)
    return out


def component(e: Expr, at: Mapping[Index, int], t: Mapping[str, Any], sizes: Mapping[str, int]) -> sympy.Expr:
    """One component of `e` as a SymPy expression, by the definition of each node; `t` holds numbers or symbols."""
    match e:
        case Symbol():
            return sympy.sympify(t[e.name][tuple(at[a] for a in e.indices)])
        case Number():
            return _sized(e.value, sizes)
        case Identity():
            place = sum(_sized(a, sizes) * at[b] for a, b in e.terms) + _sized(e.offset, sizes)
            return sympy.Integer(int(at[e.target] == place))
        case Add():
            return sympy.Add(*(component(a, at, t, sizes) for a in e.terms))
        case Contract():
            return sympy.Add(
                *(
                    sympy.Mul(*(component(f, {**at, **bound}, t, sizes) for f in e.factors))
                    for bound in _assignments(e.summed, sizes)
                )
            )
        case Map():
            slots = {slot(a): component(x, at, t, sizes) for a, x in enumerate(e.args)}
            return _sized(e.formula, sizes).subs(slots, simultaneous=True)
        case Max():
            return sympy.Max(*(component(e.body, {**at, **bound}, t, sizes) for bound in _assignments(e.over, sizes)))
        case Inverse():
            rows = _entries(e, at, t, sizes)
            return (
                _leibniz(_without(rows, at[e.right], at[e.left])) * (-1) ** (at[e.left] + at[e.right]) / _leibniz(rows)
            )
        case Determinant():
            return _leibniz(_entries(e, at, t, sizes))
    raise TypeError(type(e).__name__)


def _entries(e: OfMatrix, at: Mapping[Index, int], t: Mapping[str, Any], sizes: Mapping[str, int]) -> list[list[Any]]:
    size = R(extent(e.row.size, sizes))
    return [[component(e.body, {**at, e.row: a, e.column: b}, t, sizes) for b in size] for a in size]


def _without(rows: list[list[Any]], row: int, column: int) -> list[list[Any]]:
    return [[x for b, x in enumerate(xs) if b != column] for a, xs in enumerate(rows) if a != row]


def _leibniz(rows: list[list[Any]]) -> sympy.Expr:
    """Σ_π sign(π) Π_a rows[a][π(a)]."""
    permutations = itertools.permutations(range(len(rows)))
    return sympy.Add(
        *(
            (-1) ** sum(a > b for a, b in itertools.combinations(p, 2))
            * sympy.Mul(*(rows[a][b] for a, b in enumerate(p)))
            for p in permutations
        )
    )


def _sized(value: sympy.Expr, sizes: Mapping[str, int]) -> sympy.Expr:
    return value.xreplace({size_symbol(name): sympy.Integer(number) for name, number in sizes.items()})


def _assignments(indices: tuple[Index, ...], sizes: Mapping[str, int]) -> Any:
    for place in itertools.product(*(range(extent(a.size, sizes)) for a in indices)):
        yield dict(zip(indices, place, strict=True))


def kinds(e: Expr) -> set[type[Expr]]:
    return {type(a) for a in walk(e)}


def constants_of(e: Expr) -> set[str]:
    """Names of the constants and sizes in the formulas of `e`."""
    return {s.name for a in walk(e) if isinstance(a, Map) for s in scalar.constants_of(a.formula)}
