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
class NodeAst:
    at: int
    """Where it stands in the text: the offset of its name or operator."""


@dataclass(frozen=True, slots=True)
class NumberAst(NodeAst):
    value: sympy.Rational


@dataclass(frozen=True, slots=True)
class NameAst(NodeAst):
    name: str


@dataclass(frozen=True, slots=True)
class Access(NodeAst):
    """X[subscripts]."""

    name: str
    subscripts: tuple[NodeAst, ...]


@dataclass(frozen=True, slots=True)
class Keyword(NodeAst):
    """axis=1, an argument of a call."""

    name: str
    value: NodeAst


@dataclass(frozen=True, slots=True)
class CallAst(NodeAst):
    name: str
    arguments: tuple[NodeAst, ...]


@dataclass(frozen=True, slots=True)
class Reduction(NodeAst):
    """sum[indices] body, the body being the whole product behind it; also mean, max, min."""

    name: str
    indices: tuple[NameAst, ...]
    body: NodeAst


@dataclass(frozen=True, slots=True)
class TransposeAst(NodeAst):
    of: NodeAst


@dataclass(frozen=True, slots=True)
class Negative(NodeAst):
    of: NodeAst


@dataclass(frozen=True, slots=True)
class Power(NodeAst):
    base: NodeAst
    exponent: NodeAst


@dataclass(frozen=True, slots=True)
class LinkAst(NodeAst):
    """One operator of a chain and the operand on its right."""

    operator: str
    operand: NodeAst


@dataclass(frozen=True, slots=True)
class ChainAst(NodeAst):
    """Operators of one precedence, read from the left: a + b - c, or a * b @ c / d."""

    first: NodeAst
    links: tuple[LinkAst, ...]


@dataclass(frozen=True, slots=True)
class Comparison(NodeAst):
    left: NodeAst
    relation: str
    right: NodeAst


@dataclass(frozen=True, slots=True)
class DefinitionAst(NodeAst):
    """left = right."""

    left: NodeAst
    right: NodeAst


@dataclass(frozen=True, slots=True)
class Ast:
    """A parsed formula with its text, so that an error can point into it."""

    text: str
    place: Place
    node: NodeAst

    def error(self, at: int, found: str, expected: str = "", hint: str = "") -> InputError:
        return _error(self.text, self.place, at, found, expected, hint)


def children(node: NodeAst) -> tuple[NodeAst, ...]:
    match node:
        case Access():
            return node.subscripts
        case CallAst():
            return node.arguments
        case Keyword():
            return (node.value,)
        case Reduction():
            return (*node.indices, node.body)
        case TransposeAst() | Negative():
            return (node.of,)
        case Power():
            return (node.base, node.exponent)
        case LinkAst():
            return (node.operand,)
        case ChainAst():
            return (node.first, *node.links)
        case Comparison() | DefinitionAst():
            return (node.left, node.right)
    return ()


def nodes(node: NodeAst) -> Iterator[NodeAst]:
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

    def equation(self, left: NodeAst, sign: Token, right: NodeAst) -> NodeAst:
        return DefinitionAst(_at(sign), left, right)

    def sum(self, first: NodeAst, *rest: Any) -> NodeAst:
        links = (LinkAst(_at(o), str(o), right) for o, right in zip(rest[::2], rest[1::2], strict=True))
        return ChainAst(first.at, first, tuple(links))

    def factors(self, left: NodeAst, sign: Token, right: NodeAst) -> NodeAst:
        link = LinkAst(_at(sign), str(sign), right)
        if isinstance(left, ChainAst) and left.links[0].operator in "*/@":
            return ChainAst(left.at, left.first, (*left.links, link))
        return ChainAst(left.at, left, (link,))

    def reduction(self, word: Token, indices: tuple[NameAst, ...], body: NodeAst) -> NodeAst:
        return Reduction(_at(word), str(word), indices, body)

    def negative(self, sign: Token, of: NodeAst) -> NodeAst:
        return Negative(_at(sign), of)

    def power(self, base: NodeAst, sign: Token, exponent: NodeAst) -> NodeAst:
        return Power(_at(sign), base, exponent)

    def attribute(self, of: NodeAst, dot: Token, name: Token) -> NodeAst:
        if name != "T":
            raise _Refused(_at(dot), f"'.{name}' has no meaning here", "", "only .T, the transpose, follows a dot")
        return TransposeAst(_at(dot), of)

    def number(self, digits: Token) -> NodeAst:
        mantissa, _, exponent = digits.lower().partition("e")
        if len(mantissa) > LONGEST_NUMBER or abs(int(exponent[:9] or 0)) > LARGEST_EXPONENT:
            raise _Refused(_at(digits), "a number too long or too large", f"at most {LONGEST_NUMBER} digits", "")
        return NumberAst(_at(digits), sympy.Rational(str(digits)))

    def name(self, name: Token) -> NodeAst:
        return NameAst(_at(name), str(name))

    def access(self, name: Token, subscripts: tuple[NodeAst, ...]) -> NodeAst:
        return Access(_at(name), str(name), subscripts)

    def call(self, name: Token, arguments: tuple[NodeAst, ...] | None) -> NodeAst:
        return CallAst(_at(name), str(name), arguments or ())

    def comparison(self, left: NodeAst, relation: Token, right: NodeAst) -> NodeAst:
        return Comparison(_at(relation), left, str(relation), right)

    def keyword(self, name: Token, sign: Token, value: NodeAst) -> NodeAst:
        return Keyword(_at(name), str(name), value)

    def indices(self, *names: Token) -> tuple[NameAst, ...]:
        return tuple(NameAst(_at(n), str(n)) for n in names)

    def subscripts(self, *them: NodeAst) -> tuple[NodeAst, ...]:
        return them

    def arguments(self, *them: NodeAst) -> tuple[NodeAst, ...]:
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


def _check_depth(text: str, place: Place, node: NodeAst) -> None:
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
