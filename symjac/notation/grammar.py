"""Terminals -> one tree, by `latex.lark`. Built bottom up while parsing, without recursion, and of bounded depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Transformer, UnexpectedToken, v_args
from lark.exceptions import VisitError
from lark.lexer import Lexer

from symjac.notation.bars import with_bars
from symjac.notation.brackets import FACTOR, level
from symjac.notation.compose import term as term_of
from symjac.notation.differentials import fraction as fraction_or_derivative
from symjac.notation.pending import INTERNAL, BigHead, Joint, Sign
from symjac.notation.scripts import Script, scripted
from symjac.notation.terminal import Terminal
from symjac.notation.tokens import Unreadable
from symjac.notation.tree import (
    Abs,
    Call,
    Cases,
    Group,
    Items,
    Matrix,
    Name,
    Neg,
    Node,
    Norm,
    Relation,
    Span,
    Sum,
    children,
)

DEEPEST_TREE = 100
"""How many nodes may stand inside one another, so that later passes may recurse."""


class _Given(Lexer):
    """The terminals as they are: they have been made already."""

    def __init__(self, conf: object) -> None:
        pass

    def lex(self, data: Sequence[Terminal]) -> Iterator[Terminal]:  # type: ignore[override]
        return iter(data)


def side(terminals: Sequence[Terminal]) -> Node:
    """The tree of one side of a statement, or a Problem."""
    for t in terminals:
        if t.type == "BAD":
            raise Unreadable(t.span, str(t))
    if len(terminals) == 1 and terminals[0].type in _ALONE:
        return Name(str(terminals[0]).lstrip("\\"), str(terminals[0]), span=terminals[0].span)
    if len(terminals) == 1 and isinstance(sign := terminals[0].node, Sign):
        return Name(sign.text, str(terminals[0]), span=sign.span)
    given = with_bars(terminals)
    try:
        node: Any = _parser().parse(given)
    except UnexpectedToken as unexpected:
        raise _unexpected(unexpected, given) from None
    except VisitError as inner:
        if isinstance(inner.orig_exc, Unreadable):
            raise inner.orig_exc from None
        raise
    return _finished(node)


_ALONE = frozenset({"TIMES", "SLASH", "BINOP", "PLUS", "MINUS"})
"""Signs that may stand alone, where a text speaks of them."""


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = (Path(__file__).parent / "latex.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=_Given, transformer=_Builder(), maybe_placeholders=False)


_WORDS = {
    "LEAF": "a quantity", "CLOSE": "a closing bracket", "RB": "a closing brace", "NORM_CLOSE": "a closing bar",
    "ABS_CLOSE": "a closing bar", "END": "the end of the cases",
}  # fmt: skip


def _unexpected(error: UnexpectedToken, given: Sequence[Terminal]) -> Unreadable:
    token = error.token
    words = [word for kind, word in _WORDS.items() if kind in error.expected]
    expected = f"; {words[0]} was expected" if words else ""
    if token.type == "$END" or not isinstance(token, Terminal):
        last = given[-1].span if given else Span(0, 0)
        return Unreadable(last, f"the formula ends too early{expected}")
    return Unreadable(token.span, f"{_shown(token)} stands where it cannot be read{expected}")


def _shown(token: Terminal) -> str:
    if token.node is not None:
        return getattr(token.node, "latex", "") or getattr(token.node, "text", "") or str(token) or "a quantity"
    return str(token) or "something"


def _finished(node: Node) -> Node:
    """The tree with its last names in place, or a Problem where a part waits for another, or it is too deep."""
    pending: list[tuple[Node, int]] = [(node, 1)]
    while pending:
        n, depth = pending.pop()
        if depth > DEEPEST_TREE:
            raise Unreadable(node.span, f"the formula nests more than {DEEPEST_TREE} deep")
        if isinstance(n, INTERNAL):
            raise Unreadable(n.span, "a differential or derivative sign whose other half is missing")
        pending.extend((c, depth + 1) for c in children(n))
    return node


@v_args(inline=True)
class _Builder(Transformer[Any, Any]):
    """One method a rule of the grammar."""

    def relation(self, first: Node, *rest: Any) -> Node:
        node = first
        for op, right in zip(rest[::2], rest[1::2], strict=True):
            node = Relation(str(op), node, right, span=node.span.to(right.span))
        return node

    def given(self, before: Node, bar: Terminal, after: Node) -> Node:
        parts = [n.items if isinstance(n, Items) else (n,) for n in (before, after)]
        return Items((*parts[0], *parts[1]), len(parts[0]), span=before.span.to(after.span))

    def items(self, *parts: Any) -> Node:
        kept = tuple(p for p in parts if isinstance(p, Node))
        return Items(kept, span=kept[0].span.to(kept[-1].span))

    def sign(self, token: Terminal) -> Terminal:
        return token

    def sum(self, *parts: Any) -> Node:
        terms: list[Node] = []
        minus: Terminal | None = None
        for part in parts:
            if isinstance(part, Terminal):
                minus = part if part.type == "MINUS" else None
                continue
            terms.append(part if minus is None else Neg(part, span=minus.span.to(part.span)))
            minus = None
        if len(terms) == 1:
            return terms[0]
        return Sum(tuple(terms), span=terms[0].span.to(terms[-1].span))

    def term(self, *pieces: Node) -> Node:
        return term_of(pieces)

    def big(self, token: Terminal, *rest: Any) -> Node:
        negative = bool(rest) and isinstance(rest[-1], Terminal)
        sub: tuple[Node, ...] = ()
        sup = None
        span = token.span
        for script in rest[: len(rest) - negative]:
            span = span.to(script.span)
            if script.kind == "sub":
                sub = script.value.items if isinstance(script.value, Items) else (script.value,)
            elif script.kind == "sup":
                sup = script.value
            else:
                raise Unreadable(script.span, f"{token} cannot be marked so")
        op = str(token.type and token.value).lstrip("\\")
        return BigHead(op, Name(op, str(token), span=token.span), sub, sup, negative, span=span)

    def joint(self, token: Terminal, *minus: Terminal) -> Node:
        kind = {"TIMES": "times", "SLASH": "slash"}.get(token.type)
        return Joint(kind or _BINARY[str(token)], str(token), bool(minus), span=token.span)

    def factor(self, base: Node, *scripts: Script) -> Node:
        return scripted(base, scripts)

    def attached(self, token: Terminal, opening: Terminal, value: Node, closing: Terminal) -> Script:
        return Script(token.type.lower(), value, token.span.to(closing.span))

    def mark(self, token: Terminal) -> Script:
        order = len(token) if token.type == "PRIME" else 1
        return Script(token.type.lower(), None, token.span, order)

    def leaf(self, token: Terminal) -> Node:
        assert token.node is not None
        return token.node

    def braced(self, opening: Terminal, inside: Node, closing: Terminal) -> Node:
        """Braces with scripts attached: they do not show, so they may hold only what scripts could be attached to."""
        if level(inside) < FACTOR or isinstance(inside, INTERNAL):
            where = opening.span.to(closing.span)
            raise Unreadable(
                where, "these braces do not show in print; brackets were expected around what has the script"
            )
        return inside

    def group(self, opening: Terminal, *rest: Any) -> Node:
        closing = rest[-1]
        span = opening.span.to(closing.span)
        if _PAIRS.get(str(opening)) != str(closing):
            raise Unreadable(span, f"a bracket is opened by {opening} and closed by {closing}")
        inside = rest[0] if len(rest) == 2 else Items((), span=span)
        if str(opening) == "<":
            return Call(
                Name("inner", span=opening.span), inside.items if isinstance(inside, Items) else (inside,), span=span
            )
        return Group(inside, str(opening), span=span)

    def fraction(self, token: Terminal, *rest: Any) -> Node:
        return fraction_or_derivative(rest[1], rest[4], token.span.to(rest[5].span))

    def root(self, token: Terminal, opening: Terminal, inside: Node, closing: Terminal) -> Node:
        return Call(Name("sqrt", str(token), span=token.span), (inside,), span=token.span.to(closing.span))

    def norm(self, opening: Terminal, inside: Node, closing: Terminal) -> Node:
        return Norm(inside, span=opening.span.to(closing.span))

    def absolute(self, opening: Terminal, inside: Node, closing: Terminal) -> Node:
        return Abs(inside, span=opening.span.to(closing.span))

    def cases(self, opening: Terminal, *rest: Any) -> Node:
        branches = tuple(b for b in rest if isinstance(b, tuple))
        return Cases(branches, span=opening.span.to(rest[-1].span))

    def matrix(self, opening: Terminal, *rest: Any) -> Node:
        rows = tuple(r for r in rest if isinstance(r, tuple))
        return Matrix(rows, _AROUND.get(str(opening), ""), span=opening.span.to(rest[-1].span))

    def entries(self, *found: Any) -> tuple[Node, ...]:
        return tuple(n for n in found if isinstance(n, Node))

    def branch(self, value: Node, *rest: Any) -> tuple[Node, Node | None]:
        return value, (rest[1] if len(rest) == 2 else None)


_AROUND = {"pmatrix": "(", "bmatrix": "[", "Bmatrix": "{", "vmatrix": "|"}
"""The bracket that an environment of entries brings along."""

_PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}

_BINARY = {
    "\\odot": "hadamard", "\\bigodot": "hadamard", "\\circ": "hadamard", "\\otimes": "kron", "\\oslash": "divide",
}  # fmt: skip
