"""The number in front of a formula: read from it, multiplied, put back in the writer's way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import sympy

from symjac.meaning.declaring import tree
from symjac.meaning.notebook import Notebook
from symjac.notation.tree import Binary, Group, Name, Neg, Node, Num, Product, Quotient, Scripts, Sum
from symjac.verify.sites import bare, negated, product

MAX_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Scalar:
    """A rational number times powers of named numbers (sizes, constants)."""

    rational: Fraction
    powers: tuple[tuple[Node, int], ...] = ()

    def times(self, other: Scalar) -> Scalar:
        total: Counter[Node] = Counter()
        for name, power in (*self.powers, *other.powers):
            total[name] += power
        return Scalar(self.rational * other.rational, tuple((n, p) for n, p in total.items() if p))

    def inverse(self) -> Scalar:
        return Scalar(1 / self.rational, tuple((n, -p) for n, p in self.powers))

    @property
    def size(self) -> Scalar:
        """Without its sign."""
        return Scalar(abs(self.rational), self.powers)

    @property
    def is_one(self) -> bool:
        return self.rational == 1 and not self.powers

    @property
    def names(self) -> frozenset[Node]:
        return frozenset(n for n, _ in self.powers)

    def above(self) -> list[Node]:
        return _factors(abs(self.rational.numerator), [(n, p) for n, p in self.powers if p > 0])

    def below(self) -> list[Node]:
        return _factors(self.rational.denominator, [(n, -p) for n, p in self.powers if p < 0])

    def tree(self) -> Node:
        """2, -1/k, 2 k as they are written."""
        top, bottom = self.above(), self.below()
        size = product(*top) if top else Num("1")
        if bottom:
            size = Quotient(size, product(*bottom))
        return Neg(size) if self.rational < 0 else size


ONE = Scalar(Fraction(1))


def _factors(number: int, names: list[tuple[Node, int]]) -> list[Node]:
    out: list[Node] = [] if number == 1 else [Num(str(number))]
    return out + [n if p == 1 else Scripts(n, (), Num(str(p))) for n, p in names]


def scalar(node: Node) -> Scalar | None:
    """What a tree of numbers and names says as a product of powers; None for sums and the like."""
    match node:
        case Num():
            return _number(node.text)
        case Name():
            return Scalar(Fraction(1), ((node, 1),))
        case Group():
            return scalar(node.of)
        case Neg():
            inner = scalar(node.of)
            return None if inner is None else Scalar(-inner.rational, inner.powers)
        case Product():
            out = ONE
            for f in node.factors:
                part = scalar(f)
                if part is None:
                    return None
                out = out.times(part)
            return out
        case Quotient():
            top, bottom = scalar(node.top), scalar(node.bottom)
            return None if top is None or bottom is None or not bottom.rational else top.times(bottom.inverse())
        case Scripts(sub=()):
            base, power = scalar(node.base), scalar(node.sup) if node.sup is not None else None
            if base is None or power is None or power.powers or power.rational.denominator != 1:
                return None
            return _power(base, int(power.rational))
        case Scripts(base=Name(), sup=None):
            return Scalar(Fraction(1), ((node, 1),))
        case _:
            return None


def _number(text: str) -> Scalar | None:
    try:
        return Scalar(Fraction(text)) if len(text) <= MAX_DIGITS else None
    except (ValueError, ZeroDivisionError):
        return None


def _power(base: Scalar, power: int) -> Scalar | None:
    if abs(power) > 8 or (power < 0 and not base.rational):
        return None
    return Scalar(base.rational**power, tuple((n, p * power) for n, p in base.powers))


def coefficient(node: Node) -> Scalar:
    """The number that stands in front of a formula, or beneath it: -2/k of -\\frac{2}{k} X and of -2 X / k.

    Names count where they stand in a fraction; before it they may be quantities.
    """
    match node:
        case Neg():
            inner = coefficient(node.of)
            return Scalar(-inner.rational, inner.powers)
        case Group():
            return coefficient(node.of)
        case Product(factors=(Num() | Quotient() as head, *_)):
            return scalar(head) or ONE
        case Binary():
            return coefficient(node.left)
        case Quotient():
            bottom = scalar(node.bottom)
            return ONE if bottom is None or not bottom.rational else coefficient(node.top).times(bottom.inverse())
        case Num():
            return scalar(node) or ONE
        case _:
            return ONE


def scaled(node: Node, by: Scalar) -> Node:
    """by · node, joined with the number that stands in front already; a fraction's line stays where it is."""
    if by.is_one:
        return node
    match node:
        case Neg():
            return negated(scaled(node.of, by))
        case Group(of=Neg() | Sum()):
            return _in_front(by, node)
        case Product(factors=(Num() | Quotient() as head, *rest)) if (known := scalar(head)) is not None:
            return _in_front(known.times(by), product(*rest))
        case Binary() if not coefficient(node.left).is_one:
            return _signed(by, Binary(node.op, scaled(node.left, by.size), node.right, span=node.span))
        case Quotient() if scalar(node.top) is not None and (known := scalar(node)) is not None:
            return known.times(by).tree()
        case Quotient() if (bottom := scalar(node.bottom)) is not None and bottom.rational:
            return _over(node, coefficient(node.top), by.times(bottom.inverse()))
        case Num() if (known := scalar(node)) is not None:
            return known.times(by).tree()
        case _:
            return _in_front(by, node)


def _over(node: Quotient, top: Scalar, by: Scalar) -> Node:
    """What stands above the line, scaled by a number's numerator, above its denominator."""
    above = Scalar(Fraction(abs(by.rational.numerator)), tuple((n, p) for n, p in by.powers if p > 0))
    below = by.below()
    whole = scaled(bare(node.top), above) if not above.is_one else node.top
    out = Quotient(whole, product(*below), style=node.style) if below else whole
    if below and node.style == "slash":
        bottom = product(*below)
        out = Quotient(whole, Group(bottom) if isinstance(bottom, Product) else bottom, style="slash")
    return _signed(by, out)


def _signed(by: Scalar, node: Node) -> Node:
    return negated(node) if by.rational < 0 else node


def _in_front(by: Scalar, node: Node) -> Node:
    number = by.size
    return _signed(by, node if number.is_one else product(number.tree(), node))


def scalar_tree(c: sympy.Expr, notebook: Notebook) -> Node:
    """A number such as −2/n or α/k as a tree, in the writer's names."""

    def named(name: str) -> Node:
        if name.startswith("size"):
            return Num(name.removeprefix("size"))
        return notebook.latex.get(name, Name(name, name))

    try:
        return tree(c, named)
    except ValueError:
        return Num(str(c))
