"""Signs that wait for what they act on, while a term is put together; and the small things done with nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from symjac.notation.tree import (
    Binary,
    Group,
    Items,
    Name,
    Node,
    Num,
    Ones,
    Prime,
    Product,
    Relation,
    Scripts,
    Transpose,
)


@dataclass(frozen=True, slots=True)
class Applied(Node):
    r"""A name that the notation itself makes a function: \log, \operatorname{diag}, \mathrm{softmax}.

    `bare`: it takes what follows without brackets too.
    """

    name: Name
    bare: bool = True


@dataclass(frozen=True, slots=True)
class Sign(Node):
    r"""\partial, \nabla before it has met what it acts on."""

    text: str


@dataclass(frozen=True, slots=True)
class Differential(Node):
    r"""\partial x, half of a derivative."""

    of: Node
    order: int = 1


@dataclass(frozen=True, slots=True)
class Operator(Node):
    r"""\frac{\partial}{\partial x}, waiting for what follows."""

    by: tuple[Node, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class BigHead(Node):
    """A sum sign with its limits, waiting for its body."""

    op: str
    name: Name
    sub: tuple[Node, ...] = ()
    sup: Node | None = None
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Joint(Node):
    """A sign between factors. `kind`: "times", "slash", or the `op` of a Binary."""

    kind: str
    text: str
    negative: bool = False


INTERNAL = (Applied, Sign, Differential, Operator, BigHead, Joint)

SIDE_BY_SIDE = Joint("times", "")

Placed = tuple[Joint, Node]
"""A factor and what joins it to the one before."""


def innermost(node: Node) -> Node:
    """What the scripts, transposes and primes are attached to."""
    while True:
        if isinstance(node, Scripts):
            node = node.base
        elif isinstance(node, Transpose | Prime):
            node = node.of
        elif isinstance(node, Binary) and node.op == "power":
            node = node.left
        else:
            return node


def rebased(node: Node, change: Callable[[Node], Node]) -> Node:
    """`node` with its innermost part changed."""
    layers: list[Node] = []
    while True:
        if isinstance(node, Scripts):
            below = node.base
        elif isinstance(node, Transpose | Prime):
            below = node.of
        elif isinstance(node, Binary) and node.op == "power":
            below = node.left
        else:
            break
        layers.append(node)
        node = below
    out = change(node)
    for layer in reversed(layers):
        span = out.span.to(layer.span)
        if isinstance(layer, Scripts):
            out = replace(layer, base=out, span=span)
        elif isinstance(layer, Transpose | Prime):
            out = replace(layer, of=out, span=span)
        elif isinstance(layer, Binary):
            out = replace(layer, left=out, span=span)
    return out


def arguments(group: Group) -> tuple[Node, ...]:
    return group.of.items if isinstance(group.of, Items) else (group.of,)


def bare(node: Node) -> Node:
    """Without round brackets that only hold it together."""
    while isinstance(node, Group) and node.bracket == "(" and not isinstance(node.of, Items | Relation):
        node = node.of
    return node


def product(factors: Sequence[Node], signs: Sequence[str]) -> Node:
    if len(factors) == 1:
        return factors[0]
    return Product(tuple(factors), tuple(signs), span=factors[0].span.to(factors[-1].span))


def one(node: Node) -> bool:
    """Whether this is a sign that people write an indicator with."""
    return node in (Num("1"), Name("I"), Name("chi"), Ones())


def is_zero(node: Node) -> bool:
    """0, a bold 0, 0_n."""
    return node == Num("0") or (isinstance(node, Scripts) and node.base == Num("0") and node.sup is None)
