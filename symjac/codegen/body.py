"""The body of a function: assignments, with a name for what is computed twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from symjac.codegen.code import ATOM, COMPARE, CodeText, array_name, named, repeated, replace, subcodes
from symjac.codegen.lines import WIDTH, CodeStatement, assignment, comment, lines_of, returned, wrapped


class Body:
    """The statements of one function. A name is assigned once, so equal texts stay equal to its end."""

    def __init__(self, taken: Collection[str], known: Mapping[str, str] | None = None, width: int = WIDTH) -> None:
        """`known` gives names to subexpressions whose values are there already, by their text."""
        self._width = width
        self.statements: list[CodeStatement] = []
        self._taken = set(taken)
        self._known = {text: named(name) for text, name in (known or {}).items()}

    @property
    def lines(self) -> list[str]:
        return lines_of(self.statements)

    def know(self, text: str, name: str) -> None:
        """From here on, `name` stands for the subexpression of this text."""
        self._known[text] = named(name)

    def comment(self, text: str) -> None:
        self.statements.append(comment(text, self._width))

    def add(self, *statements: CodeStatement) -> None:
        self.statements += statements

    def assign(self, target: str, code: CodeText) -> None:
        """`target = code`, what it computes twice before it."""
        for before, value in self._separated(code):
            self.statements.append(assignment(before or target, value, self._width))

    def result(self, code: CodeText) -> None:
        """`return code`"""
        for before, value in self._separated(code):
            self.statements.append(assignment(before, value, self._width) if before else returned(value, self._width))

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
