"""Python expressions as trees of text with precedence: what needs brackets is decided here, once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

COMPARE, ADD, MATMUL, MUL, UNARY, POWER, ATOM = range(1, 8)


@dataclass(frozen=True, slots=True)
class Hole:
    """The place of argument `slot` in a template; `dtype_of` asks for the name of an array in that argument."""

    slot: int
    least: int = 0
    dtype_of: bool = False


@dataclass(frozen=True, slots=True)
class CodePart:
    """A subexpression, in brackets where its precedence is below `least`."""

    code: CodeText
    least: int


@dataclass(frozen=True, slots=True, eq=False)
class CodeText:
    """An expression. Equal texts mean equal values: the text holds no index names, positions alone."""

    pieces: tuple[str | CodePart | Hole, ...]
    precedence: int
    heavy: bool = False
    """True where the outermost operation is worth doing only once."""
    stem: str = ""
    """What a name for this value may begin with, e.g. `exp`; of a Python number's name, `number`."""
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", "".join(_shown(p) for p in self.pieces))

    @property
    def is_name(self) -> bool:
        """True for the name of an array."""
        return self.stem != "number" and self.precedence == ATOM and len(self.pieces) == 1 and self.text.isidentifier()


def _shown(piece: str | CodePart | Hole) -> str:
    match piece:
        case str():
            return piece
        case Hole():
            return f"<{piece.slot}>"
        case CodePart():
            return f"({piece.code.text})" if piece.code.precedence < piece.least else piece.code.text


def atom(text: str) -> CodeText:
    return CodeText((text,), ATOM)


def hole(slot: int) -> CodeText:
    return CodeText((Hole(slot),), 0)


def part(code: CodeText, least: int) -> CodePart | Hole:
    """`code` as a piece of another; a bare hole keeps what it needs until it is filled."""
    if len(code.pieces) == 1 and isinstance(code.pieces[0], Hole):
        return Hole(code.pieces[0].slot, max(least, code.pieces[0].least))
    return CodePart(code, least)


_OPERANDS = {
    "+": (ADD, ADD, ADD),
    "-": (ADD, ADD, MATMUL),
    "@": (MATMUL, POWER, POWER),
    "*": (MUL, MUL, POWER),
    "/": (MUL, MUL, POWER),
    "**": (POWER, ATOM, ATOM),
    **dict.fromkeys((">", ">=", "<", "<=", "==", "!=", "&", "|"), (COMPARE, ADD, ADD)),
}
"""Of an operator: its precedence, and the least that its left and its right side need to stand without brackets."""


def binary(left: CodeText, operator: str, right: CodeText) -> CodeText:
    """`left operator right`. A matrix product is bracketed among other products, so that none needs to count."""
    precedence, least_left, least_right = _OPERANDS[operator]
    spaced = operator if operator == "**" else f" {operator} "
    return CodeText((part(left, least_left), spaced, part(right, least_right)), precedence, operator == "@")


def conditional(value: CodeText, condition: CodeText, otherwise: CodeText) -> CodeText:
    """`value if condition else otherwise`, for numbers; it binds less than any operator."""
    return CodeText((part(value, COMPARE), " if ", part(condition, COMPARE), " else ", part(otherwise, COMPARE)), 0)


def prefixed(factor: CodeText, code: CodeText) -> CodeText:
    """`factor * code`, the factor in front of all others."""
    match code.pieces:
        case (CodePart() | Hole() as left, " * " | " / " as operator, right):
            first = left.code if isinstance(left, CodePart) else CodeText((left,), 0)
            return CodeText((part(prefixed(factor, first), MUL), operator, right), MUL)
    return binary(factor, "*", code)


def negative(code: CodeText) -> CodeText:
    """`-x`; of a product, the sign of its first factor."""
    least = MUL if code.precedence == MUL else UNARY
    return CodeText(("-", part(code, least)), least)


def call(function: str, *arguments: CodeText, options: Sequence[str] = (), heavy: bool = True) -> CodeText:
    """`function(a, b, option=...)`."""
    pieces: list[str | CodePart | Hole] = [f"{function}("]
    for place, a in enumerate(arguments):
        pieces += [", "] if place else []
        pieces.append(part(a, 0))
    pieces.append("".join(f", {o}" for o in options) + ")")
    return CodeText(tuple(pieces), ATOM, heavy, function.split(".")[-1])


def method(owner: CodeText, name: str, arguments: str, heavy: bool = True) -> CodeText:
    return CodeText((part(owner, ATOM), f".{name}({arguments})"), ATOM, heavy, name)


def suffix(owner: CodeText, text: str) -> CodeText:
    """`owner.T`, `owner[:, None]`: views, which cost nothing."""
    return CodeText((part(owner, ATOM), text), ATOM)


def fill(template: CodeText, arguments: Sequence[CodeText]) -> CodeText:
    """The template with its holes filled."""
    pieces: list[str | CodePart | Hole] = []
    for p in template.pieces:
        match p:
            case Hole() if p.dtype_of:
                pieces.append(dtype_of(arguments[p.slot]))
            case Hole():
                if len(template.pieces) == 1:
                    return arguments[p.slot]
                pieces.append(part(arguments[p.slot], p.least))
            case CodePart():
                pieces.append(CodePart(fill(p.code, arguments), p.least))
            case str():
                pieces.append(p)
    return CodeText(tuple(pieces), template.precedence, template.heavy, template.stem)


def array_name(code: CodeText) -> str | None:
    """The first array's name in `code`; any of its arrays has the dtype of the whole."""
    return next((c.text for c in subcodes(code) if c.is_name), None)


DTYPE = "_dtype_"
"""Stands for the dtype of the arrays that a constant array meets, until `typed` says it."""


def dtype_of(code: CodeText) -> str:
    """The dtype of `code`; DTYPE, of what has no array in it."""
    name = array_name(code)
    return f"{name}.dtype" if name else DTYPE


def typed(code: CodeText, dtype: str) -> CodeText:
    """`code` with `dtype` for DTYPE."""
    return reworded(code, {DTYPE: dtype}) if DTYPE in code.text else code


def subcodes(code: CodeText) -> Iterator[CodeText]:
    """`code` and all that it is made of, from the outside in."""
    yield code
    for p in code.pieces:
        if isinstance(p, CodePart):
            yield from subcodes(p.code)


def replace(code: CodeText, names: Mapping[str, CodeText]) -> CodeText:
    """`code` with the subexpressions whose text is in `names` replaced."""
    if code.text in names:
        return names[code.text]
    pieces = tuple(CodePart(replace(p.code, names), p.least) if isinstance(p, CodePart) else p for p in code.pieces)
    return CodeText(pieces, code.precedence, code.heavy, code.stem)


_WORD = re.compile(r"[A-Za-z_]\w*")


def reworded(code: CodeText, words: Mapping[str, str]) -> CodeText:
    """`code` with every word in `words` replaced."""
    pieces: list[str | CodePart | Hole] = []
    for p in code.pieces:
        if isinstance(p, CodePart):
            pieces.append(CodePart(reworded(p.code, words), p.least))
        elif isinstance(p, str) and p.strip():
            pieces.append(words.get(p) or _WORD.sub(lambda m: words.get(m[0], m[0]), p))
        else:
            pieces.append(p)
    stem = code.stem
    if "_" in stem:
        for word, other in words.items():
            stem = stem.replace(word, other)
    return CodeText(tuple(pieces), code.precedence, code.heavy, stem)


def repeated(codes: Sequence[CodeText]) -> list[CodeText]:
    """The subexpressions that cost something and occur more than once; what lies inside one is not counted again."""
    counts: dict[str, int] = {}
    first: dict[str, CodeText] = {}

    def visit(c: CodeText) -> None:
        parts = [p.code for p in c.pieces if isinstance(p, CodePart)]
        if not parts:
            return
        counts[c.text] = counts.get(c.text, 0) + 1
        if counts[c.text] == 1:
            first[c.text] = c
            for inner in parts:
                visit(inner)

    for code in codes:
        visit(code)
    return [c for text, c in first.items() if counts[text] > 1 and any(s.heavy for s in subcodes(c))]
