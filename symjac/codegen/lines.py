"""Statements of Python: their lines, what they read, what they assign; and breaks in long lines."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from symjac.codegen.code import ATOM, CodeName, CodePart, CodeText

WIDTH = 110


@dataclass(frozen=True, slots=True)
class CodeStatement:
    """A statement, or a comment, which reads and assigns nothing."""

    lines: tuple[str, ...]
    reads: frozenset[str] = frozenset()
    assigns: frozenset[str] = frozenset()
    """What has a value after it."""
    value: CodeText | None = None
    """What is assigned, where it is one expression."""


def lines_of(statements: Iterable[CodeStatement]) -> list[str]:
    return [line for s in statements for line in s.lines]


def read_by(statements: Iterable[CodeStatement]) -> set[str]:
    """The names that need a value before the statements: none of them assigns it before another reads it."""
    found: set[str] = set()
    assigned: set[str] = set()
    for s in statements:
        found |= s.reads - assigned
        assigned |= s.assigns
    return found


# ---------------------------------------------------------------- kinds of statements


def comment(text: str, width: int = WIDTH) -> CodeStatement:
    if len(text) + 2 <= width and "\n" not in text:
        return CodeStatement((f"# {text}",))
    wrapper = textwrap.TextWrapper(width, initial_indent="# ", subsequent_indent="#     ", break_long_words=False)
    return CodeStatement(tuple(wrapper.wrap(text)))


def written(*lines: str, reads: Iterable[str] = (), assigns: Iterable[str] = ()) -> CodeStatement:
    """A statement as it stands here."""
    return CodeStatement(lines, frozenset(reads), frozenset(assigns))


def assignment(target: str, code: CodeText, width: int = WIDTH) -> CodeStatement:
    return CodeStatement(tuple(wrapped(f"{target} = ", code, width)), code.names, frozenset((target,)), code)


def returned(code: CodeText, width: int = WIDTH) -> CodeStatement:
    return CodeStatement(tuple(wrapped("return ", code, width)), code.names)


def returned_made(kind: str, values: Sequence[CodeText], *before: CodeText) -> CodeStatement:
    """`return before, kind(values)`, the values on lines of their own where one line is too short."""
    head = ", ".join([*(b.text for b in before), kind])
    return CodeStatement(
        tuple(called(f"return {head}", [v.text for v in values])),
        frozenset().union(*(c.names for c in (*before, *values))),
    )


def unpacked(names: Sequence[str], needed: Collection[str], source: CodeText) -> list[CodeStatement]:
    """`a, _, c = source`, for the names that are needed; nothing where none is."""
    wanted = [n for n in names if n in needed]
    if not wanted:
        return []
    shown = [n if n in needed else "_" for n in names]
    line = f"{', '.join(shown)}{',' * (len(names) == 1)} = {source.text}"
    lines = [line] if len(line) <= WIDTH else ["(", *indented(packed(shown)), f") = {source.text}"]
    return [CodeStatement(tuple(lines), source.names, frozenset(wanted))]


def attributes(names: Sequence[str], owner: str) -> list[CodeStatement]:
    """`a, b = owner.a, owner.b`, on as many lines as are needed."""
    rows: list[list[str]] = []
    for name in names:
        if rows and len(_from_owner([*rows[-1], name], owner)) <= WIDTH:
            rows[-1].append(name)
        else:
            rows.append([name])
    return [written(_from_owner(row, owner), reads=[owner], assigns=row) for row in rows]


def _from_owner(names: Sequence[str], owner: str) -> str:
    return f"{', '.join(names)} = {', '.join(f'{owner}.{n}' for n in names)}"


def sizes_read(sizes: Mapping[str, CodeText], needed: Collection[str]) -> list[CodeStatement]:
    """`k = X.shape[0]`, for the sizes that are needed."""
    return [assignment(name, source) for name, source in sizes.items() if name in needed]


def block(
    head: str, body: Sequence[CodeStatement], reads: Iterable[str] = (), gives: Iterable[str] = ()
) -> CodeStatement:
    """`head`, which ends with a colon, reads `reads` and gives `gives` values; what its body assigns stays in it."""
    read = read_by(body) - set(gives)
    return CodeStatement((head, *indented(lines_of(body))), frozenset(read.union(reads)))


# ---------------------------------------------------------------- breaks


def indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def called(head: str, arguments: Sequence[str]) -> list[str]:
    """`head(a, b)`, its arguments on lines of their own where one line is too short."""
    line = f"{head}({', '.join(arguments)})"
    return [line] if len(line) <= WIDTH else [f"{head}(", *indented(packed(arguments)), ")"]


def packed(items: Sequence[str], width: int = WIDTH - 8) -> list[str]:
    """The items with commas behind them, on lines that are as full as they can be."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 2 <= width:
            lines[-1] += f" {item},"
        else:
            lines.append(f"{item},")
    return lines


def wrapped(head: str, code: CodeText, width: int = WIDTH) -> list[str]:
    """`head code`, broken at its outermost operators or its arguments where it is too long for a line."""
    if len(head) + len(code.text) <= width:
        return [head + code.text]
    operands = _chain(code)
    if len(operands) > 1:
        return [f"{head}(", *indented(operands), ")"]
    arguments = _arguments(code)
    if len(arguments) > 2:
        return [head + arguments[0], *indented(arguments[1:-1]), arguments[-1]]
    return [head + code.text]


def _arguments(code: CodeText) -> list[str]:
    """f(a, b, axis=1) as `f(`, `a,`, `b,`, `axis=1,`, `)`; what is done with the value stands behind the bracket."""
    match code.pieces:
        case (CodeName() as function, "(", *rest) if any(isinstance(p, CodePart) for p in rest):
            last = max(place for place, p in enumerate(rest) if isinstance(p, CodePart))
            inner = [f"{_bracketed(p)}," for p in rest[: last + 1] if isinstance(p, CodePart)]
            end = CodeText(tuple(rest[last + 1 :]), ATOM).text
            if end.startswith(", "):
                inner, end = [*inner, f"{end[2:-1]},"], ")"
            return [f"{function.path}(", *inner, end]
    return [code.text]


def _chain(code: CodeText) -> list[str]:
    """a + b − c as `a`, `+ b`, `- c`; a if c else b as `a`, `if c`, `else b`."""
    match code.pieces:
        case (CodePart() as left, str() as operator, CodePart() as right) if operator.strip() in (
            "+",
            "-",
            "*",
            "/",
            "@",
        ):
            opened = left.code.precedence == code.precedence and left.code.precedence >= left.least
            first = _chain(left.code) if opened else [_bracketed(left)]
            return [*first, f"{operator.strip()} {_bracketed(right)}"]
        case (CodePart() as left, " if ", CodePart() as condition, " else ", CodePart() as otherwise):
            return [_bracketed(left), f"if {_bracketed(condition)}", f"else {_bracketed(otherwise)}"]
    return [code.text]


def _bracketed(p: CodePart) -> str:
    return f"({p.code.text})" if p.code.precedence < p.least else p.code.text
