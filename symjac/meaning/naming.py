"""What a written name is called in expressions: W_1, delta_2, hat_X, a__2 for a^2, W_1_prime for W_1'."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from symjac.notation.tree import Call, Group, Name, Neg, Node, Num, Prime, Product, Scripts, Sum

CONSTANTS = {"alpha", "eta", "lambda", "epsilon", "varepsilon", "mu", "rho", "gamma", "beta", "tau", "lr"}
"""Names that are numbers where nothing else is said of them."""


@dataclass(frozen=True, slots=True)
class Written:
    """A way to take a written name apart: the part that is the name, and the scripts that are left."""

    key: str
    sub: tuple[Node, ...]
    sup: Node | None


def identifier(node: Node) -> str | None:
    """The identifier of a name with all its scripts; None where it is no name."""
    match node:
        case Name():
            return re.sub(r"\W+", "_", node.text)
        case Prime():
            inner = identifier(node.of)
            return None if inner is None else inner + "_prime" * node.order
        case Scripts():
            return _joined(node.base, node.sub, node.sup)
        case _:
            return None


def spelled_by(node: Node) -> Node | None:
    """W_1 of dW_1, which is the gradient of the loss by it where W_1 is a quantity; None where no d is in front."""
    base = node.base if isinstance(node, Scripts) else node
    if not isinstance(base, Name) or not base.text.startswith("d") or len(base.text) < 2:
        return None
    bare = Name(base.text[1:])
    return replace(node, base=bare) if isinstance(node, Scripts) else bare


def power_of_e(node: Node) -> Scripts | None:
    """e² of a quantity e; only where the text has one is it none of Euler's number."""
    match node:
        case Call(function=Name(text="exp", latex="e") as e, args=(Num() as power,)):
            return Scripts(Name("e", "e", span=e.span), (), power, span=node.span)
    return None


def ways(node: Node) -> Iterator[Written]:
    """Every way to read a name with scripts, the longest name first.

    A base in brackets counts as the base: `(A_1)_{n,i}` is A_1 with the scripts n, i.
    """
    if isinstance(node, Group) and isinstance(node.of, Name | Scripts | Prime):
        node = node.of
    if isinstance(node, Name | Prime):
        key = identifier(node)
        if key is not None:
            yield Written(key, (), None)
        return
    if not isinstance(node, Scripts):
        return
    for inner in ways(node.base):
        if inner.sup is not None:
            continue
        for kept in range(len(node.sub), -1, -1):
            if inner.sub and kept:
                continue
            left = (*inner.sub, *node.sub[kept:])
            for sup in (node.sup, None) if node.sup is not None else (None,):
                key = _extended(inner.key, node.sub[:kept], sup)
                if key is not None:
                    yield Written(key, left, None if sup is not None else node.sup)


def _joined(base: Node, sub: tuple[Node, ...], sup: Node | None) -> str | None:
    inner = identifier(base)
    return None if inner is None else _extended(inner, sub, sup)


def _extended(key: str, sub: tuple[Node, ...], sup: Node | None) -> str | None:
    for part in sub:
        text = label(part)
        if text is None:
            return None
        key += f"_{text}"
    if sup is not None:
        text = label(sup)
        if text is None:
            return None
        key += f"__{text}"
    return key


def label(node: Node) -> str | None:
    """The text of a script as part of a name; None for what can be none (a quotient, a transpose ...)."""
    match node:
        case Num():
            return node.text if node.text.isdigit() else None
        case Name():
            return "plus" if node.text == "+" else identifier(node)
        case Scripts() | Prime():
            return identifier(node)
        case Group():
            return label(node.of)
        case Product():
            parts = [label(f) for f in node.factors]
            return None if None in parts else "".join(p for p in parts if p is not None)
        case Sum():
            parts = [_term(t) for t in node.terms]
            return None if None in parts else "_plus_".join(p for p in parts if p is not None)
        case Neg():
            inner = label(node.of)
            return None if inner is None or isinstance(node.of, Num) else f"minus_{inner}"
        case _:
            return None


def _term(node: Node) -> str | None:
    """t − 1 as t_plus_minus_1; a lone −1 is a power and no name."""
    return f"minus_{node.of.text}" if isinstance(node, Neg) and isinstance(node.of, Num) else label(node)
