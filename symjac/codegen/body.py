"""Lines of Python: assignments with repeated subexpressions named, unpacking, and breaks in long lines."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence

from symjac.codegen.code import (
    ATOM,
    COMPARE,
    CodeName,
    CodePart,
    CodeText,
    array_name,
    named,
    repeated,
    replace,
    subcodes,
)

WIDTH = 110
_IDENTIFIER = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


def identifiers(lines: Iterable[str]) -> set[str]:
    """The names that lines of code mention; what follows a dot is none."""
    return {word for line in lines if not line.startswith("#") for word in _IDENTIFIER.findall(line)}


class Body:
    """The lines of one function. A name is assigned once, so equal texts stay equal to its end."""

    def __init__(self, taken: Collection[str], known: Mapping[str, str] | None = None, width: int = WIDTH) -> None:
        """`known` gives names to subexpressions whose values are there already, by their text."""
        self._width = width
        self.lines: list[str] = []
        self._taken = set(taken)
        self._known = {text: named(name) for text, name in (known or {}).items()}

    def know(self, text: str, name: str) -> None:
        """From here on, `name` stands for the subexpression of this text."""
        self._known[text] = named(name)

    def comment(self, text: str) -> None:
        if len(text) + 2 <= self._width and "\n" not in text:
            self.lines.append(f"# {text}")
            return
        wrapper = textwrap.TextWrapper(
            self._width, initial_indent="# ", subsequent_indent="#     ", break_long_words=False
        )
        self.lines += wrapper.wrap(text)

    def assign(self, target: str, code: CodeText) -> None:
        """`target = code`, what it computes twice before it."""
        for before, value in self._separated(code):
            self.lines += wrapped(f"{before or target} = ", value, self._width)

    def result(self, code: CodeText) -> None:
        """`return code`"""
        for before, value in self._separated(code):
            self.lines += wrapped(f"{before} = " if before else "return ", value, self._width)

    def _separated(self, code: CodeText) -> list[tuple[str, CodeText]]:
        """(name, value) of the repeated subexpressions in order of evaluation, then ("", what is left of `code`)."""
        statements = [("", replace(code, self._known) if self._known else code)]
        while found := _worth_a_name([value for _, value in statements]) or _in_long_lines(statements, self._width):
            longest = max(found, key=lambda c: len(c.text))
            name = self._new_name(longest)
            place = next(p for p, (_, value) in enumerate(statements) if _holds(value, longest))
            table = {longest.text: named(name)}
            statements = [(n, replace(value, table)) for n, value in statements]
            statements.insert(place, (name, longest))
            self._known[longest.text] = named(name)
        return statements

    def _new_name(self, code: CodeText) -> str:
        """`exp_A2` for an exponential of A2, `shifted_A2` for A2 less its maximum, `mask_A2` for a comparison."""
        name = f"{_stem(code)}_{array_name(code) or 'number'}"
        number = 2
        out = name
        while out in self._taken:
            out = f"{name}_{number}"
            number += 1
        self._taken.add(out)
        return out


def _stem(code: CodeText) -> str:
    if code.stem:
        return code.stem
    if code.precedence == COMPARE:
        return "mask"
    return "shifted" if any(c.stem == "max" for c in subcodes(code)) else "part"


def _worth_a_name(codes: Sequence[CodeText]) -> list[CodeText]:
    """What is computed twice; or windows of an array that something is done with, which read better under a name."""
    return repeated(codes) or [c for code in codes for c in subcodes(code) if c is not code and c.stem == "windows"]


def _in_long_lines(statements: Sequence[tuple[str, CodeText]], width: int) -> list[CodeText]:
    """The parts that need no long line of what needs one; none where no part helps."""
    out: list[CodeText] = []
    for _, code in statements:
        if _is_long(code, width):
            out += [c for c in subcodes(code) if c is not code and _is_worth_it(c) and not _is_long(c, width)]
    return out


def _is_long(code: CodeText, width: int) -> bool:
    return any(len(line) > width for line in wrapped(" " * 20, code, width))


def _is_worth_it(code: CodeText) -> bool:
    return (code.heavy or code.precedence < ATOM) and len(code.text) > 20 and array_name(code) is not None


def _holds(code: CodeText, inner: CodeText) -> bool:
    return any(c.text == inner.text for c in subcodes(code))


def wrapped(head: str, code: CodeText, width: int = WIDTH) -> list[str]:
    """`head code`, broken at its outermost operators or its arguments where it is too long for a line."""
    if len(head) + len(code.text) <= width:
        return [head + code.text]
    operands = _chain(code)
    if len(operands) > 1:
        return [f"{head}(", *(f"    {line}" for line in operands), ")"]
    arguments = _arguments(code)
    if len(arguments) > 2:
        return [head + arguments[0], *(f"    {line}" for line in arguments[1:-1]), arguments[-1]]
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


def unpack(names: Sequence[str], needed: Collection[str], source: str) -> list[str]:
    """`a, _, c = source`, for the names that are needed; nothing where none is."""
    if not any(n in needed for n in names):
        return []
    shown = [n if n in needed else "_" for n in names]
    line = f"{', '.join(shown)}{',' * (len(names) == 1)} = {source}"
    if len(line) <= WIDTH:
        return [line]
    return ["(", *indented(shown), f") = {source}"]


def call_lines(head: str, arguments: Sequence[str]) -> list[str]:
    """`head(a, b)`, its arguments on lines of their own where one line is too short."""
    line = f"{head}({', '.join(arguments)})"
    return [line] if len(line) <= WIDTH else [f"{head}(", *indented(arguments), ")"]


def indented(items: Sequence[str]) -> list[str]:
    return textwrap.wrap(", ".join(items) + ",", WIDTH - 4, initial_indent="    ", subsequent_indent="    ")
