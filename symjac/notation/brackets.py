"""Where a tree, written out, needs brackets: how tightly each node binds, and what both notations share."""

from __future__ import annotations

from collections.abc import Sequence

from symjac.notation.pending import innermost
from symjac.notation.tree import Big, Binary, Group, Items, Name, Neg, Node, Product, Relation, Sum

LIST, SUM, CHAIN, PRODUCT, FACTOR = range(5)
"""How tightly a node binds: lists and relations least, then sums, elementwise signs, products, factors."""


def level(node: Node) -> int:
    """How tightly a node binds."""
    match node:
        case Relation() | Items():
            return LIST
        case Sum() | Neg():
            return SUM
        case Binary(op="power"):
            return FACTOR
        case Binary():
            return CHAIN
        case Product() | Big():
            return PRODUCT
    return FACTOR


def covers_all(node: Node) -> bool:
    """Whether the node ends with a sum sign, which would take in whatever came after it."""
    while True:
        match node:
            case Big():
                return True
            case Product(factors=factors):
                node = factors[-1]
            case Binary(right=right) if node.op != "power":
                node = right
            case Neg(of=of):
                node = of
            case _:
                return False


def called(node: Node) -> bool:
    """f(a), as a product of a name and a bracket."""
    return (
        isinstance(node, Product)
        and len(node.factors) == 2
        and isinstance(innermost(node.factors[0]), Name)
        and isinstance(innermost(node.factors[1]), Group)
    )


class Writer:
    """What both notations share: where brackets stand."""

    given_sign = " | "

    def said(self, condition: Node) -> str:
        """What an indicator is of; several conditions side by side."""
        parts = condition.items if isinstance(condition, Items) else (condition,)
        return ", ".join(map(self.write, parts))

    def write(self, node: Node, least: int = LIST, last: bool = True) -> str:
        """The node in a place that asks for at least this tightness; `last`: nothing follows at its level."""
        text = self.form(node)
        if level(node) < least or (covers_all(node) and not last):
            return self.bracketed(text)
        return text

    def form(self, node: Node) -> str:
        raise NotImplementedError

    def bracketed(self, text: str) -> str:
        return f"({text})"

    def chain(self, sides: Sequence[Node], relations: Sequence[str]) -> str:
        out = [self.write(sides[0])]
        for relation, side in zip(relations, sides[1:], strict=True):
            out += [self.relation_sign(relation), self.write(side)]
        return " ".join(out)

    def relation_sign(self, op: str) -> str:
        raise NotImplementedError

    def sum(self, node: Sum) -> str:
        out = ""
        for i, term in enumerate(node.terms):
            minus = isinstance(term, Neg)
            body = self.write(term.of if isinstance(term, Neg) else term, CHAIN)
            if i == 0:
                out = f"-{body}" if minus else body
            else:
                out += f" {'-' if minus else '+'} {body}"
        return out

    def neg(self, node: Neg) -> str:
        return "-" + self.write(node.of, CHAIN)

    def items(self, node: Items) -> str:
        if node.given:
            parts = node.items[: node.given], node.items[node.given :]
            return self.given_sign.join(", ".join(self.write(n) for n in part) for part in parts)
        return ", ".join(self.write(n, SUM) for n in node.items)

    def body(self, node: Node) -> str:
        """What a sum sign covers."""
        return self.write(node) if isinstance(node, Neg) else self.write(node, CHAIN)
