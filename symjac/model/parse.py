"""Formula text -> syntax tree, by `notation.lark`. Nothing that a user writes is ever executed.

Bounded: a formula has at most 2,000 characters, 50 brackets inside one another and a tree of depth 100, so that every
later pass may recurse. The tree is built while parsing, bottom up, without recursion.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import sympy
from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken, v_args

from symjac.core.errors import InputError, Place
from symjac.core.scalar import FUNCTIONS
from symjac.model import habits

LONGEST = 2_000
DEEPEST_BRACKETS = 50
DEEPEST_TREE = 100
LONGEST_NUMBER = 40
LARGEST_EXPONENT = 100


@dataclass(frozen=True, slots=True)
class Node:
    at: int
    """Where it stands in the text: the offset of its name or operator."""


@dataclass(frozen=True, slots=True)
class Number(Node):
    value: sympy.Rational


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Access(Node):
    """X[subscripts]."""

    name: str
    subscripts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Keyword(Node):
    """axis=1, an argument of a call."""

    name: str
    value: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Reduction(Node):
    """sum[indices] body, the body being the whole product behind it; also mean, max, min."""

    name: str
    indices: tuple[Name, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Transpose(Node):
    of: Node


@dataclass(frozen=True, slots=True)
class Negative(Node):
    of: Node


@dataclass(frozen=True, slots=True)
class Power(Node):
    base: Node
    exponent: Node


@dataclass(frozen=True, slots=True)
class Link(Node):
    """One operator of a chain and the operand on its right."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Operators of one precedence, read from the left: a + b - c, or a * b @ c / d."""

    first: Node
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    left: Node
    relation: str
    right: Node


@dataclass(frozen=True, slots=True)
class Definition(Node):
    """left = right."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Ast:
    """A parsed formula with its text, so that an error can point into it."""

    text: str
    place: Place
    node: Node

    def error(self, at: int, found: str, expected: str = "", hint: str = "") -> InputError:
        return _error(self.text, self.place, at, found, expected, hint)


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Access():
            return node.subscripts
        case Call():
            return node.arguments
        case Keyword():
            return (node.value,)
        case Reduction():
            return (*node.indices, node.body)
        case Transpose() | Negative():
            return (node.of,)
        case Power():
            return (node.base, node.exponent)
        case Link():
            return (node.operand,)
        case Chain():
            return (node.first, *node.links)
        case Comparison() | Definition():
            return (node.left, node.right)
    return ()


def nodes(node: Node) -> Iterator[Node]:
    """`node` and all below it, in the order of the text."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(children(top)))


def parse(text: str, place: Place) -> Ast:
    """The tree of `text`, whose first character stands at `place`. Raises InputError with a caret."""
    if len(text) > LONGEST:
        raise InputError(place, f"a formula of {len(text):,} characters", f"at most {LONGEST:,} characters")
    if not text.strip():
        raise InputError(place, "an empty formula", "a formula such as X @ W + b")
    _check_brackets(text, place)
    try:
        node: Any = _parser().parse(text)
    except UnexpectedCharacters as e:
        raise _unknown_character(text, place, e.pos_in_stream or 0) from None
    except UnexpectedToken as e:
        raise _out_of_place(text, place, e) from None
    except _Refused as e:
        at, *_ = e.args
        name = re.match(r"(\.\s*\w+)+", text[at:])
        if name and (found := habits.dotted(text[: at + name.end()])):
            start, what, how = found
            raise _error(text, place, start, what, "", how) from None
        raise _error(text, place, *e.args) from None
    _check_depth(text, place, node)
    return Ast(text, place, node)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = Path(__file__).with_name("notation.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", transformer=_Build())


class _Refused(Exception):
    """Arguments of `_error` after the place: offset, found, expected, hint."""


@v_args(inline=True)
class _Build(Transformer):  # type: ignore[type-arg]
    """One method a grammar rule."""

    def equation(self, left: Node, sign: Token, right: Node) -> Node:
        return Definition(_at(sign), left, right)

    def sum(self, first: Node, *rest: Any) -> Node:
        links = (Link(_at(o), str(o), right) for o, right in zip(rest[::2], rest[1::2], strict=True))
        return Chain(first.at, first, tuple(links))

    def factors(self, left: Node, sign: Token, right: Node) -> Node:
        link = Link(_at(sign), str(sign), right)
        if isinstance(left, Chain) and left.links[0].operator in "*/@":
            return Chain(left.at, left.first, (*left.links, link))
        return Chain(left.at, left, (link,))

    def reduction(self, word: Token, indices: tuple[Name, ...], body: Node) -> Node:
        return Reduction(_at(word), str(word), indices, body)

    def negative(self, sign: Token, of: Node) -> Node:
        return Negative(_at(sign), of)

    def power(self, base: Node, sign: Token, exponent: Node) -> Node:
        return Power(_at(sign), base, exponent)

    def attribute(self, of: Node, dot: Token, name: Token) -> Node:
        if name != "T":
            raise _Refused(_at(dot), f"'.{name}' has no meaning here", "", "only .T, the transpose, follows a dot")
        return Transpose(_at(dot), of)

    def number(self, digits: Token) -> Node:
        mantissa, _, exponent = digits.lower().partition("e")
        if len(mantissa) > LONGEST_NUMBER or abs(int(exponent[:9] or 0)) > LARGEST_EXPONENT:
            raise _Refused(_at(digits), "a number too long or too large", f"at most {LONGEST_NUMBER} digits", "")
        return Number(_at(digits), sympy.Rational(str(digits)))

    def name(self, name: Token) -> Node:
        return Name(_at(name), str(name))

    def access(self, name: Token, subscripts: tuple[Node, ...]) -> Node:
        return Access(_at(name), str(name), subscripts)

    def call(self, name: Token, arguments: tuple[Node, ...] | None) -> Node:
        return Call(_at(name), str(name), arguments or ())

    def comparison(self, left: Node, relation: Token, right: Node) -> Node:
        return Comparison(_at(relation), left, str(relation), right)

    def keyword(self, name: Token, sign: Token, value: Node) -> Node:
        return Keyword(_at(name), str(name), value)

    def indices(self, *names: Token) -> tuple[Name, ...]:
        return tuple(Name(_at(n), str(n)) for n in names)

    def subscripts(self, *them: Node) -> tuple[Node, ...]:
        return them

    def arguments(self, *them: Node) -> tuple[Node, ...]:
        return them


def _at(token: Token) -> int:
    return token.start_pos or 0


# ---------------------------------------------------------------- errors


def _error(text: str, place: Place, at: int, found: str, expected: str = "", hint: str = "") -> InputError:
    """An error `at` characters into `text`; where the text spans lines, the place is in the line of that character."""
    before = text[:at]
    if "\n" not in before:
        return InputError(place.within(at), found, expected, hint)
    start = before.rindex("\n") + 1
    line = place.line + before.count("\n")
    return InputError(Place(place.file, line, at - start + 1, text[start:].split("\n", 1)[0]), found, expected, hint)


def _check_brackets(text: str, place: Place) -> None:
    """Brackets pair off and do not nest too deep."""
    opened: list[int] = []
    closing = {")": "(", "]": "["}
    for at, c in enumerate(text):
        if c in "([":
            opened.append(at)
            if len(opened) > DEEPEST_BRACKETS:
                raise _error(text, place, at, "brackets nested too deeply", f"at most {DEEPEST_BRACKETS} levels")
        elif c in closing:
            if not opened:
                raise _error(text, place, at, f"'{c}' closes no bracket")
            start = opened.pop()
            if text[start] != closing[c]:
                raise _error(text, place, at, f"'{c}' closes the '{text[start]}' of column {start + 1} of the formula")
    if opened:
        raise _error(text, place, opened[-1], f"'{text[opened[-1]]}' is never closed")


def _check_depth(text: str, place: Place, node: Node) -> None:
    level = [node]
    for _ in range(DEEPEST_TREE):
        level = [c for n in level for c in children(n)]
        if not level:
            return
    raise _error(text, place, level[0].at, "a formula nested too deeply", "fewer operations inside one another")


MEANT = {
    "^": "for a power write **",
    "\N{MINUS SIGN}": "for a minus sign write -",
    "\N{EN DASH}": "for a minus sign write -",
    "\N{MULTIPLICATION SIGN}": "for a product write *",
    "\N{MIDDLE DOT}": "for a product write *",
    "\N{DOT OPERATOR}": "for a product write *",
    "\N{CIRCLED DOT OPERATOR}": "for the elementwise product write *",
    "\N{MODIFIER LETTER CAPITAL T}": "for the transpose write .T",
    "\N{N-ARY SUMMATION}": "for a sum write sum(...) or sum[i] ...",
    "'": "for the transpose write .T",
    "_": "a name begins with a letter",
    ":": "slices are not in the language: write an index",
    "|": "for an absolute value write abs(...)",
    "{": "write ( or [",
    "}": "write ) or ]",
    "%": "there is no remainder in the language",
    "$": "write the formula without dollars",
    "&": "conditions stand in where(condition, value, otherwise), one in another",
    "!": "there is no factorial in the language",
    ";": "one formula a line",
    '"': "write names without quotes",
}


def _unknown_character(text: str, place: Place, at: int) -> InputError:
    c = text[at]
    if c == "\\":
        command, hint = habits.latex(text, at)
        return _error(text, place, at, f"'{command}' has no meaning in a formula", "", hint)
    if re.match(r"\^\s*\{?\s*(\\(top|intercal)\b|T\b)", text[at:]):
        return _error(text, place, at, "'^' has no meaning in a formula", "", "for the transpose write .T")
    shown = f"'{c}'" if c.isprintable() else "a character that does not print"
    if not c.isascii():
        shown += f" (U+{ord(c):04X} {unicodedata.name(c, 'without a name')})"
    hint = MEANT.get(c) or habits.greek(unicodedata.name(c, ""))
    hint = hint or ("names are made of the letters A to Z, a to z, digits and _" if not c.isascii() else "")
    return _error(text, place, at, f"{shown} has no meaning in a formula", "", hint)


_OPERAND = {"NAME", "NUMBER", "LPAR"}


def _out_of_place(text: str, place: Place, e: UnexpectedToken) -> InputError:
    token = e.token
    wants_operand = e.accepts is not None and set(e.accepts) >= _OPERAND
    expected = "a name, a number or a bracket" if wants_operand else ""
    if token.type == "$END":
        return _error(text, place, len(text.rstrip()), "the formula ends too early", expected)
    at = _at(token)
    hint = ""
    end = re.compile(r"[\w.]*").match(text, at) if token.type in ("REDUCE", "DOT") else None
    if found := habits.dotted(text[: end.end() if end else at]):
        start, what, how = found
        return _error(text, place, start, what, "", how)
    called = re.search(r"\b([A-Za-z]\w*)\s+$", text[:at])
    if token in ("if", "else", "and", "or", "not", "lambda"):
        hint = "for cases write where(condition, value, otherwise)"
    elif called and called[1] in FUNCTIONS:
        hint = f"write {called[1]}(...)"
    elif token.type == "COMPARE":
        hint = "a comparison stands first in where(condition, value, otherwise) and nowhere else"
    elif token.type == "EQUAL":
        hint = "a formula has one = at most; compare with == inside where(...)"
    elif token.type == "LSQB" and re.search(r"([/@]|\*\*)[\s-]*(sum|mean|max|min)\s*$", text[:at]):
        hint = "put brackets around the sum: (sum[i] ...)"
    elif token.type in ("NAME", "NUMBER", "LPAR", "REDUCE") and not wants_operand:
        hint = "for a product write *"
    elif token.type == "LSQB":
        hint = "subscripts follow the name of an array"
    elif token.type == "SLASH" and text[:at].rstrip().endswith("/"):
        hint = "there is no division to whole numbers in the language; write /"
    elif token.type == "STAR" and text[:at].rstrip().endswith("*"):
        hint = "for a power write **"
    return _error(text, place, at, f"'{token}' does not fit here", expected, hint)
