"""An oracle for tests: quantities are random arrays, formulas are worked out by a small interpreter of matrix notation.

The claim's left side is the value of a formula that is known to be right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from symjac.notation.tree import (
    Big,
    Binary,
    Call,
    Derivative,
    Group,
    Indicator,
    Name,
    Neg,
    Node,
    Num,
    Ones,
    Prime,
    Product,
    Quotient,
    Relation,
    Scripts,
    Sum,
    Transpose,
)
from symjac.verify.oracle import Oracle
from symjac.verify.phrase import phrase

Array = Any
SIZES = {"n": 11, "m": 4, "k": 13, "p": 6, "q": 7, "d": 5}
SLOPES: Mapping[str, Sequence[Callable[[Array], Array]]] = {
    "f": (lambda x: x**3, lambda x: 3 * x**2, lambda x: 6 * x),
    "σ": (
        lambda x: 1 / (1 + np.exp(-x)),
        lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
        lambda x: (np.exp(-2 * x) - np.exp(-x)) / (1 + np.exp(-x)) ** 3,
    ),
}


class Meaningless(Exception):
    """No value: the shapes do not fit, or something is not known."""


@dataclass
class StandIn(Oracle):
    shapes: Mapping[str, tuple[str, ...]]
    """Name as `phrase` writes it -> sizes; `x_i` with the sizes (i: n) of one sample: ("n:i", "d")."""
    truth: Node
    defined: Mapping[str, Node] = field(default_factory=dict)
    used: Sequence[tuple[Node, Node]] = ()
    brackets: Sequence[Node] = ()
    extra: Callable[[Node], Node | None] | None = None
    eye: str = "d"
    """The size of I."""
    left: Node = field(default_factory=lambda: Name("left"))
    calls: int = 0
    points: list[dict[str, Array]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for seed in (1, 2):
            rng = np.random.default_rng(seed)
            point: dict[str, Array] = {}
            for name, sizes in self.shapes.items():
                numbers = [SIZES[s.partition(":")[0]] for s in sizes]
                if not any(":" in s for s in sizes):
                    numbers += [1] * (2 - len(numbers)) if numbers else []
                point[name] = rng.uniform(0.2, 1.5, numbers)
            self.points.append(point)
        for name, node in self.defined.items():
            for point in self.points:
                point[name] = self.value(node, point)
        self.values = [self.value(self.truth, p) for p in self.points]
        self.left_shape = self._sizes(self.values[0])

    # ---- what is asked

    def holds(self, right: Node) -> bool:
        values = self._values(right)
        return values is not None and all(
            a.shape == b.shape and np.allclose(a, b, rtol=1e-8) for a, b in zip(self.values, values, strict=True)
        )

    def sure(self, right: Node) -> bool:
        return self.holds(right)

    def factor(self, right: Node, beside: Node | None = None) -> Node | None:
        self.calls += 1
        values, rest = self._values(right), self._values(beside) if beside is not None else [np.zeros(())] * 2
        if values is None or rest is None:
            return None
        ratios = []
        for whole, r, b in zip(self.values, values, rest, strict=True):
            if whole.shape != r.shape or b.shape not in ((), r.shape):
                return None
            left = whole - b
            if np.any((np.abs(r) < 1e-12) != (np.abs(left) < 1e-12)):
                return None
            kept = np.abs(r) > 1e-12
            ratios.extend((left[kept] / r[kept]).ravel())
        if not ratios or not np.allclose(ratios, ratios[0], rtol=1e-8):
            return None
        return self._number(float(ratios[0]))

    def _number(self, c: float) -> Node | None:
        for name in (None, "n", "k"):
            for power in (-1, 1):
                by = 1 if name is None else SIZES[name] ** power
                rational = Fraction(c / by).limit_denominator(6)
                simple = rational.denominator <= 4 and abs(rational.numerator) <= 4
                if rational and simple and abs(float(rational) - c / by) < 1e-9:
                    top: Node = Num(str(abs(rational.numerator)))
                    bottom: Node = Num(str(rational.denominator))
                    if name is not None:
                        size = Name(name)
                        top, bottom = (Product((top, size)), bottom) if power > 0 else (top, Product((bottom, size)))
                    size_of = Quotient(top, bottom)
                    return Neg(size_of) if rational < 0 else size_of
        return None

    def shape(self, node: Node) -> tuple[object, ...] | None:
        values = self._values(node, free=True)
        return None if values is None else self._sizes(values[0])

    def _sizes(self, value: Array) -> tuple[object, ...]:
        names = {number: name for name, number in SIZES.items()}
        return () if value.size == 1 else tuple(names.get(s, s) for s in value.shape)

    def quantities(self) -> list[Node]:
        return [_written(name) for name in (*self.shapes, *self.defined)]

    def fragments(self) -> list[Node]:
        return list(self.brackets)

    def functions(self) -> list[tuple[Node, Node]]:
        return list(self.used)

    def residual(self, right: Node) -> Node | None:
        return None if self.extra is None else self.extra(right)

    def read_lately(self) -> int:
        return 0

    def effort(self, *asked: Node | None) -> int:
        return 1

    def sums(self) -> list[Sum]:
        return []

    # ---- values

    def _values(self, node: Node, free: bool = False) -> list[Array] | None:
        at = {"i": 0, "j": 1} if free else {}
        try:
            return [self.value(node, p, at) for p in self.points]
        except Meaningless:
            return None

    def value(self, node: Node, point: Mapping[str, Array], at: Mapping[str, int] | None = None) -> Array:
        at = at or {}

        def of(n: Node) -> Array:
            return self.value(n, point, at)

        match node:
            case Num():
                return np.array(float(node.text))
            case Group():
                return of(node.of)
            case Neg():
                return -of(node.of)
            case Sum():
                total = of(node.terms[0])
                for t in node.terms[1:]:
                    total = _alike(np.add, total, of(t))
                return total
            case Binary(op="hadamard"):
                return _alike(np.multiply, of(node.left), of(node.right))
            case Binary(op="kron"):
                return np.kron(of(node.left), of(node.right))
            case Quotient():
                below = of(node.bottom)
                if below.size != 1:
                    raise Meaningless
                return of(node.top) / below
            case Transpose():
                return of(node.of).T
            case Product():
                return self._product(node, of)
            case Call(function=Name(text="diag"), args=(inner,)):
                vector = of(inner)
                if vector.ndim != 2 or vector.shape[1] != 1:
                    raise Meaningless
                return np.diag(vector[:, 0])
            case Call(function=Name(text="vec"), args=(inner,)):
                return of(inner).reshape(-1, 1, order="F")
            case Call(function=Name(text="exp"), args=(inner,)):
                return np.exp(of(inner))
            case Indicator(condition=Relation(op=">", left=left)):
                return (of(left) > 0.7).astype(float)
            case Big(op="sum", over=(Name() as index,)):
                return sum(
                    (self.value(node.body, point, {**at, index.text: k}) for k in range(SIZES["n"])), np.zeros(())
                )
            case _:
                return self._named(node, point, at)

    def _named(self, node: Node, point: Mapping[str, Array], at: Mapping[str, int]) -> Array:
        name = phrase(node)
        if isinstance(node, Name | Scripts | Derivative):
            if name in point and ":" not in "".join(self.shapes.get(name, ())):
                return point[name]
            if isinstance(node, Scripts) and len(node.sub) == 1 and isinstance(node.sub[0], Name):
                whole = phrase(node.base) + "_i"
                if whole in point and node.sub[0].text in at:
                    one = point[whole][at[node.sub[0].text]]
                    return one.reshape(-1, 1) if one.ndim else one
            if isinstance(node, Scripts) and node.sup is not None and not node.sub:
                base, power = self._named_base(node, point, at)
                return base**power
        if name in ("I", "n", "k"):
            return np.eye(SIZES[self.eye]) if name == "I" else np.array(float(SIZES[name]))
        raise Meaningless

    def _named_base(self, node: Scripts, point: Mapping[str, Array], at: Mapping[str, int]) -> tuple[Array, float]:
        base = self.value(node.base, point, at)
        power = node.sup
        if not isinstance(power, Num) or base.size != 1:
            raise Meaningless
        return base, float(power.text)

    def _product(self, node: Product, of: Callable[[Node], Array]) -> Array:
        factors = list(node.factors)
        total: Array | None = None
        while factors:
            f = factors.pop(0)
            if isinstance(f, Ones):
                if total is None or total.ndim != 2:
                    raise Meaningless
                value = np.ones((total.shape[1], 1))
            elif isinstance(f, Transpose) and isinstance(f.of, Ones):
                after = of(factors[0]) if factors else np.zeros(())
                if after.ndim != 2:
                    raise Meaningless
                value = np.ones((1, len(after)))
            else:
                function, order = (f.of, f.order) if isinstance(f, Prime) else (f, 0)
                if isinstance(function, Name) and phrase(function) in SLOPES and factors:
                    slopes = SLOPES[phrase(function)]
                    if order >= len(slopes):
                        raise Meaningless
                    value = slopes[order](of(factors.pop(0)))
                else:
                    value = of(f)
            total = value if total is None else _times(total, value)
        assert total is not None
        return total


def _alike(operation: Callable[[Array, Array], Array], a: Array, b: Array) -> Array:
    if a.size != 1 and b.size != 1 and a.shape != b.shape:
        raise Meaningless
    return operation(a, b)


def _times(a: Array, b: Array) -> Array:
    if a.size == 1 or b.size == 1:
        return a * b
    if a.shape[1] != b.shape[0]:
        raise Meaningless
    return a @ b


def _written(name: str) -> Node:
    base, _, sub = name.partition("_")
    if not sub:
        return Name(name)
    return Scripts(Name(base), (Num(sub) if sub.isdigit() else Name(sub),))
