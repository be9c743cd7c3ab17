"""The plain notation -> statements: X'*(Y - T)/k, norm2(x)^2, tr(A), d(x'*A*x)/dx, W in R^(m x n).

Its words and signs become tokens as TeX has them, each at its place in the file, in one pass from left to right. From
there on both notations are one: accents, fonts, differentials, bars, terms and statements are read in one place.
Letters that stand together are one word here, and W1 is W_1. A ' transposes, except between a name and its bracket:
f'(a).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from symjac.notation import signs
from symjac.notation.latex_notation import Read, only, only_side, read_tokens
from symjac.notation.macros import Macros
from symjac.notation.terminals import MOST_PRIMES
from symjac.notation.tokens import LONGEST, LOWERED, RAISED, UNICODE, Tex, Unreadable, tokens
from symjac.notation.tree import Binary, Group, Node, Product, Quotient, Span, Statement, Unread, rebuild


def read(text: str, offsets: Sequence[int] | None = None, macros: Macros | None = None) -> Read:
    """The statements of `text`, whose character i stands at offsets[i] of the file. Commands of TeX have no meaning."""
    try:
        found = _Speller(text, range(len(text) + 1) if offsets is None else offsets).spell()
    except Unreadable as problem:
        return Read((), (Unread(problem.span, problem.reason),))
    return _in_order(read_tokens(found, Macros()))


def _in_order(reading: Read) -> Read:
    """With .* and ./ no looser than * and /: from left to right, as in MATLAB."""
    statements = tuple(
        replace(s, sides=tuple(map(_from_the_left, s.sides)), conditions=tuple(map(_from_the_left, s.conditions)))
        for s in reading.statements
    )
    return replace(reading, statements=statements)


def _from_the_left(node: Node) -> Node:
    node = rebuild(node, _from_the_left)
    if isinstance(node, Binary) and node.op in ("hadamard", "divide"):
        return _joined(node.op, node.left, node.right)
    return node


def _joined(op: str, left: Node, right: Node) -> Node:
    """left .* (b * c) as (left .* b) * c, where no bracket stands."""
    span = left.span.to(right.span)
    match right:
        case Quotient(style="slash"):
            return replace(right, top=_joined(op, left, right.top), span=span)
        case Product() if any(right.signs):
            first = next(place for place, sign in enumerate(right.signs) if sign) + 1
            unit = right.factors[0] if first == 1 else Product(right.factors[:first], right.signs[: first - 1])
            inner = _joined(op, left, unit)
            return Product((Group(inner, span=inner.span), *right.factors[first:]), right.signs[first - 1 :], span=span)
    return Binary(op, left, right, span=span)


def statement(text: str) -> Statement:
    """The one statement that `text` says; ValueError where it says none, or more."""
    return only(read(text))


def expression(text: str) -> Node:
    """The one expression that `text` is; ValueError where it is none."""
    return only_side(statement(text))


_PIECE = re.compile(
    rf"""(?P<row>\s*\n\s*)
    |(?P<space>\s+)
    |(?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
    |(?P<small>[{re.escape("".join((*RAISED, *LOWERED)))}]+)
    |(?P<word>[A-Za-z]+(?![\u0300-\u036f\u20d7])|[^\W\d_][\u0300-\u036f\u20d7]*)
    |(?P<raised>\^|\*\*|\.\^)
    |(?P<transposed>\.T\b)
    |(?P<primes>'+)
    |(?P<sign>\.\.\.|\.\*|\./|<=|>=|!=|==|:=|=>|<-(?=\s)|->|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)

_KRON = re.compile(r"(?P<kron>(?<=\s)\(x\)(?=\s))")
"""A (x) B, behind a quantity."""

_SIGNS = {
    ".*": ("\\odot",), "./": ("\\oslash",), "<=": ("\\leq",), ">=": ("\\geq",), "!=": ("\\neq",), "==": ("=",),
    ":=": (":", "="), "=>": ("\\Rightarrow",), "<-": ("\\leftarrow",), "->": ("\\to",), "||": ("\\|",),
    "@": (signs.MATRIX_PRODUCT,), "~": ("\\approx",), "...": ("\\dots",), "{": ("\\{",), "}": ("\\}",),
    "&": ("\\text", "{", "a", "n", "d", "}"),
}  # fmt: skip

_REMARKS = frozenset({"where", "and", "with", "if", "for", "when", "otherwise", "so", "let", "then", "since"})

_CONSTANTS = {"inf": "\\infty", "infty": "\\infty", "nabla": "\\nabla", "partial": "\\partial"}


@dataclass(frozen=True, slots=True)
class _Bracket:
    """An open bracket: what its closing one and the commas in it are spelled as.

    `sizes`: an x in it is a sign. `end`: where the brace stands that closes it; -1 of a round bracket.
    """

    close: tuple[str, ...]
    comma: tuple[str, ...] = (",",)
    sizes: bool = False
    end: int = -1


_ROUND = _Bracket((")",))


_CALLS: dict[str, tuple[tuple[str, ...], _Bracket]] = {
    "inv": (("(",), _Bracket((")", "^", "{", "-", "1", "}"))),
    "sqrt": (("\\sqrt", "{"), _Bracket(("}",))),
    "abs": (("\\lvert",), _Bracket(("\\rvert",))),
    "norm": (("\\lVert",), _Bracket(("\\rVert",))),
    "norm1": (("\\lVert",), _Bracket(("\\rVert", "_", "{", "1", "}"))),
    "norm2": (("\\lVert",), _Bracket(("\\rVert", "_", "{", "2", "}"))),
    "normF": (("\\lVert",), _Bracket(("\\rVert", "_", "{", "F", "}"))),
    "ones": (("\\mathbf", "{", "1", "}", "_", "{"), _Bracket(("}",), ("\\times",), True)),
    "eye": (("I", "_", "{"), _Bracket(("}",))),
    "kron": (("(", "("), _Bracket((")", ")"), (")", "\\otimes", "("))),
    "max": (("\\max", "("), _Bracket((")",))),
    "min": (("\\min", "("), _Bracket((")",))),
}
"""Functions that are signs in TeX: how they open, and how they close."""


def _closing_braces(text: str) -> dict[int, int]:
    """Where each brace is closed that is."""
    pending: list[int] = []
    closing: dict[int, int] = {}
    for brace in re.finditer(r"[{}]", text):
        if brace.group() == "{":
            pending.append(brace.start())
        elif pending:
            closing[pending.pop()] = brace.start()
    return closing


class _Speller:
    """Goes through the text once."""

    def __init__(self, text: str, offsets: Sequence[int]) -> None:
        self.text = text
        self.offsets = offsets
        self.at = 0
        self.out: list[Tex] = []
        self.open: list[_Bracket] = []
        self.braces: list[int] = []  # which of the open brackets are braces
        self.closing = _closing_braces(text)
        self.span = Span(0, 0)
        self.operand = False
        self.membership = False

    def spell(self) -> list[Tex]:
        while self.at < len(self.text):
            if self.braces and self.at == self.open[self.braces[-1]].end:
                self.close_script()
                continue
            match = (_KRON.match(self.text, self.at) if self.operand else None) or _PIECE.match(self.text, self.at)
            assert match is not None
            kind = match.lastgroup or ""
            self.take(match.end())
            if len(self.out) > LONGEST:
                raise Unreadable(self.span, f"this is longer than {LONGEST:,} signs; a formula was expected")
            if kind == "space":
                continue
            handler: Callable[[str], None] = getattr(self, kind)
            handler(match.group())
        self.closed_before(0)
        return self.out

    def closed_before(self, count: int) -> None:
        """Brackets after the first `count` end here; those that are signs of TeX have to be closed."""
        if any(bracket.close != _ROUND.close for bracket in self.open[count:]):
            raise Unreadable(self.span, "a bracket is opened and never closed")
        del self.open[count:]

    def take(self, end: int) -> str:
        """The text up to `end`, whose place is now the place of what is put."""
        start, self.at = self.at, end
        self.span = Span(self.offsets[start], self.offsets[end - 1] + 1)
        return self.text[start:end]

    def put(self, *texts: str, operand: bool = False) -> None:
        """Tokens at the present place. `operand`: a quantity ends with them."""
        for text in texts:
            self.out.append(Tex(text, self.span, space=True))
        self.operand = operand

    def peek(self, pattern: str) -> re.Match[str] | None:
        return re.compile(pattern).match(self.text, self.at)

    # what comes ---------------------------------------------------------------------------------------------------

    def row(self, _: str) -> None:
        if not self.open and self.out:
            self.put("\\\\")

    def number(self, found: str) -> None:
        self.digits(found)
        self.operand = True

    def digits(self, found: str) -> None:
        for i, c in enumerate(found):
            self.out.append(Tex(c, self.span, space=i == 0))

    def kron(self, _: str) -> None:
        self.put("\\otimes")

    def transposed(self, _: str) -> None:
        self.put("^", "{", "\\top", "}", operand=True)

    def primes(self, found: str) -> None:
        if len(found) > MOST_PRIMES:
            raise Unreadable(self.span, f"{len(found)} primes in a row; at most {MOST_PRIMES} were expected")
        if self.peek(r"\(") or len(found) > 1:
            self.put(*"'" * len(found), operand=True)
        else:
            self.put("^", "{", "\\top", "}", operand=True)

    def sign(self, found: str) -> None:
        if found == "(":
            self.put("(")
            self.open.append(_ROUND)
        elif found == ")":
            bracket = self.open.pop() if self.open and self.open[-1].end < 0 else _ROUND
            self.put(*bracket.close, operand=True)
        elif found == ",":
            self.put(*(self.open[-1].comma if self.open else (",",)))
        elif found == "_":
            self.script("_")
        elif found in "\\$%#":
            raise Unreadable(self.span, f"{found} has no meaning in the plain notation")
        elif found in _SIGNS:
            self.put(*_SIGNS[found], operand=found == "}")
        elif found.isascii():
            self.put(found, operand=found in "]|")
        elif found == "√" and self.peek(r"\("):
            self.called("sqrt")
        else:
            self.foreign(found)

    def foreign(self, found: str) -> None:
        """Signs beyond ASCII, as TeX reads them."""
        if found in UNICODE:
            self.put(*UNICODE[found], operand=found in "‖½∥")
            self.membership = found == "∈"
            return
        self.out.extend(tokens(found, [self.span.start] * len(found) + [self.span.end]))
        self.operand = True

    def small(self, found: str) -> None:
        """Scripts set as small signs."""
        self.foreign(found)

    # words --------------------------------------------------------------------------------------------------------

    def word(self, found: str) -> None:
        begins_call = bool(self.peek(r"'*\("))
        sizes = bool(self.open) and self.open[-1].sizes
        if found == "x" and sizes and self.operand:
            self.put("\\times")
        elif found == "in" and self.operand:
            self.put("\\in")
            self.membership = True
            return
        elif found in _REMARKS:
            self.put("\\text", "{")
            self.out.extend(Tex(c, self.span) for c in found)
            self.put("}")
        elif found == "vector" and (one := self.peek(r"\(\s*1\s*\)")):
            self.take(one.end())
            self.put("\\mathbf", "{", "1", "}", operand=True)
        elif found == "norm" and self.peek(r"[12]\("):
            self.called(found + self.take(self.at + 1))
        elif found in _CALLS and self.peek(r"\("):
            self.called(found)
        elif found == "ones":
            self.put("\\mathbf", "{", "1", "}", operand=True)
        elif found == "eye":
            self.put("I", operand=True)
        elif found == "ℝ" or (found == "R" and self.membership):
            self.space()
        elif found in ("sum", "prod", "max", "min") and self.peek(r"\s*_"):
            self.put("\\" + found)
        else:
            self.put_name(found, begins_call)
            self.operand = True
        self.membership = False
        if self.operand:
            self.label()

    def called(self, name: str) -> None:
        """A function that is a sign in TeX, and its opening bracket."""
        opening, bracket = _CALLS[name]
        if name == "inv" and self.peek(r"\(\s*[^\W\d_]+\s*\)"):
            opening, bracket = (), _Bracket(bracket.close[1:])
        self.take(self.at + 1)
        self.put(*opening)
        self.open.append(bracket)

    def space(self) -> None:
        """R^(m x n), R^{m x n}."""
        self.put("\\mathbb", "R", operand=True)
        if power := self.peek(r"\s*(?:\^|\*\*)(\s*[({])"):
            self.take(power.start(1))
            self.take(power.end())
            self.put("^", "{")
            self.open_script(power.group()[-1], sizes=True)

    def put_name(self, found: str, begins_call: bool = False) -> None:
        """A letter, a Greek one, a function or a word."""
        ascii_word = found.isascii()
        if len(found) == 1 and ascii_word:
            self.put(found)
        elif not ascii_word:
            self.out.extend(tokens(found, [self.span.start] * len(found) + [self.span.end]))
        elif found in signs.GREEK:
            self.put("\\" + found)
        elif found in _CONSTANTS:
            self.put(_CONSTANTS[found])
        elif found[0] == "d" and (len(found) == 2 or found[1:] in signs.GREEK):
            self.put("d")
            rest = found[1:] if len(found) == 2 else "\\" + found[1:]
            self.out.append(Tex(rest, self.span, space=False))
        elif "\\" + found in signs.FUNCTIONS or found == "ln":
            self.put("\\" + found)
        else:
            self.put("\\operatorname" if begins_call else "\\mathrm", "{", *found, "}")

    # scripts ------------------------------------------------------------------------------------------------------

    def label(self) -> None:
        """W1, and W1_2: digits directly after a name are its first subscript."""
        match = self.peek(r"\d+")
        if match is None:
            return
        self.take(match.end())
        self.put("_", "{")
        self.digits(match.group())
        while match := self.peek(r"_(\w+)"):
            self.take(match.end())
            self.put(",")
            self.subscript(match.group(1))
        self.put("}", operand=True)

    def script(self, kind: str, *mark: str) -> None:
        """x_i, x^2, x_(i,j), x^{n+1}; `mark` stands first in it."""
        if match := self.peek(r"\s*[({]"):
            label = self.peek(r"\s*\(\s*\w+\s*\)") if kind == "^" else None
            self.take(match.end())
            self.put(kind, "{", *mark)
            if label:
                self.put("(")
                self.open.append(_Bracket((")", "}")))
            else:
                self.open_script(match.group()[-1])
            return
        match = self.peek(r"\s*(?:[^\W_]+_?)+") if kind == "_" else self.peek(r"\s*-?\s*(?:\d+|[^\W\d_]+|[+*])")
        if match is None:
            raise Unreadable(self.span, f"nothing follows {kind} that can be read; a letter or a number was expected")
        self.take(match.end())
        found = match.group().strip()
        self.put(kind, "{", *mark)
        if kind == "_":
            parts = [p for p in found.split("_") if p]
            for i, part in enumerate(parts):
                if i:
                    self.put(",")
                self.subscript(part)
        else:
            for part in re.findall(r"\d+|[^\W\d_]+|\S", found):
                if part.isdecimal():
                    self.digits(part)
                elif part.isalpha():
                    self.put_name(part)
                else:
                    self.put(part)
        self.put("}", operand=True)

    def subscript(self, found: str) -> None:
        """i, ij (two indices), 12, out (a word)."""
        for part in re.findall(r"\d+|[^\W\d_]+", found):
            if part.isdecimal():
                self.digits(part)
            elif len(part) == 2 and part.isascii() and part not in signs.GREEK:
                self.put(*part)
            else:
                self.put_name(part)

    def open_script(self, bracket: str, sizes: bool = False) -> None:
        """What stands in these brackets is a script: to the round one that closes, or to the very brace."""
        end = -1
        if bracket == "{":
            if self.at - 1 not in self.closing:
                raise Unreadable(self.span, "a brace { is opened and never closed")
            self.braces.append(len(self.open))
            end = self.closing[self.at - 1]
        self.open.append(_Bracket(("}",), ("\\times",) if sizes else (",",), sizes, end))

    def close_script(self) -> None:
        """The brace that closes a script has come."""
        self.closed_before(self.braces.pop() + 1)
        self.take(self.at + 1)
        self.put(*self.open.pop().close, operand=True)

    def raised(self, found: str) -> None:
        if found == ".^":
            self.power()
        elif match := self.peek(r"\s*T\b"):
            self.take(match.end())
            self.transposed("")
        elif match := self.peek(r"\s*-\s*T\b"):
            self.take(match.end())
            self.put("^", "{", "-", "\\top", "}", operand=True)
        else:
            self.script("^")

    def power(self) -> None:
        """x.^2: entry by entry."""
        if self.peek(r"\s*-"):
            raise Unreadable(self.span, "a negative power entry by entry is not read; write 1./x.^n for x.^-n")
        self.script("^", "\\odot")
