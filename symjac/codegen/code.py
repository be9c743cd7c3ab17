"""Python expressions as trees of text with precedence: what needs brackets is decided here, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

COMPARE, ADD, MATMUL, MUL, UNARY, POWER, ATOM = range(1, 8)


@dataclass(frozen=True, slots=True)
class CodeName:
    """A name, or a dotted path from one: `A1`, `np.exp`, `X.dtype`."""

    path: str

    @property
    def root(self) -> str:
        """What the path begins with: the name that has to be there."""
        return self.path.partition(".")[0]

    def renamed(self, names: Mapping[str, str]) -> CodeName:
        root, dot, rest = self.path.partition(".")
        return CodeName(f"{names[root]}{dot}{rest}") if root in names else self


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

    pieces: tuple[Piece, ...]
    precedence: int
    heavy: bool = False
    """True where the outermost operation is worth doing only once."""
    stem: str = ""
    """What a name for this value may begin with, e.g. `exp`; of a Python number's name, `number`."""
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", "".join(_shown(p) for p in self.pieces))

    @property
    def names(self) -> frozenset[str]:
        """All that it reads by a name: arrays, sizes, constants, functions, modules."""
        found: set[str] = set()
        left = [self]
        while left:
            for p in left.pop().pieces:
                if isinstance(p, CodeName):
                    found.add(p.root)
                elif isinstance(p, CodePart):
                    left.append(p.code)
        return frozenset(found)

    @property
    def is_name(self) -> bool:
        """True for the name of an array."""
        match self.pieces:
            case (CodeName() as name,):
                return self.stem != "number" and self.precedence == ATOM and name.path == name.root
        return False


Piece = str | CodeName | CodePart | Hole
"""What an expression is written with; a bare text has signs, numbers and options, no names."""


def _shown(piece: Piece) -> str:
    match piece:
        case str():
            return piece
        case CodeName():
            return piece.path
        case Hole():
            return f"<{piece.slot}>"
        case CodePart():
            return f"({piece.code.text})" if piece.code.precedence < piece.least else piece.code.text


def atom(text: str) -> CodeText:
    """A literal: nothing with a name."""
    return CodeText((text,), ATOM)


def named(path: str) -> CodeText:
    """A name, or a path from one."""
    return CodeText((CodeName(path),), ATOM)


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
    rest = "".join(f", {o}" for o in options) + ")"
    return CodeText((CodeName(function), "(", *_listed(arguments), rest), ATOM, heavy, function.split(".")[-1])


def method(owner: CodeText, name: str, *arguments: Piece | CodeText, heavy: bool = True) -> CodeText:
    return CodeText((part(owner, ATOM), f".{name}(", *_listed(arguments), ")"), ATOM, heavy, name)


def listed(items: Sequence[CodeText]) -> CodeText:
    """A tuple of the items."""
    return between("(", items, ",)" if len(items) == 1 else ")")


def between(opening: str, items: Sequence[CodeText], closing: str) -> CodeText:
    """The items with commas between them, in brackets."""
    return CodeText((opening, *_listed(items), closing), ATOM)


def keyword(name: str, code: CodeText) -> CodeText:
    """`name=code`, an argument."""
    return CodeText((f"{name}=", part(code, 0)), ATOM)


def _listed(items: Sequence[Piece | CodeText]) -> Iterator[Piece]:
    """The items with commas between them."""
    for place, item in enumerate(items):
        if place:
            yield ", "
        yield part(item, 0) if isinstance(item, CodeText) else item


def suffix(owner: CodeText, text: str) -> CodeText:
    """`owner.T`, `owner[:, None]`: views, which cost nothing."""
    return CodeText((part(owner, ATOM), text), ATOM)


def fill(template: CodeText, arguments: Sequence[CodeText]) -> CodeText:
    """The template with its holes filled."""
    pieces: list[Piece] = []
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
            case str() | CodeName():
                pieces.append(p)
    return CodeText(tuple(pieces), template.precedence, template.heavy, template.stem)


def array_name(code: CodeText) -> str | None:
    """The first array's name in `code`; any of its arrays has the dtype of the whole."""
    return next((c.text for c in subcodes(code) if c.is_name), None)


DTYPE = "_dtype_"
"""Stands for the dtype of the arrays that a constant array meets, until `typed` says it."""


def dtype_of(code: CodeText) -> CodeName:
    """The dtype of `code`; DTYPE, of what has no array in it."""
    name = array_name(code)
    return CodeName(f"{name}.dtype" if name else DTYPE)


def typed(code: CodeText, dtype: str) -> CodeText:
    """`code` with `dtype` for DTYPE."""
    return renamed(code, {DTYPE: dtype}) if DTYPE in code.names else code


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


def renamed(code: CodeText, names: Mapping[str, str]) -> CodeText:
    """`code` with every name in `names` replaced."""
    pieces: list[Piece] = []
    for p in code.pieces:
        match p:
            case CodePart():
                pieces.append(CodePart(renamed(p.code, names), p.least))
            case CodeName():
                pieces.append(p.renamed(names))
            case _:
                pieces.append(p)
    return CodeText(tuple(pieces), code.precedence, code.heavy, code.stem)


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
