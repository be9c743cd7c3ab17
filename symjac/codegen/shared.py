"""What every generated module has: functions that its code calls, sizes that are read from arrays, shapes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import sympy

from symjac.codegen.body import Body
from symjac.codegen.code import CodeText, atom, fill, named, suffix
from symjac.codegen.lines import WIDTH, CodeStatement
from symjac.codegen.outline import ARRAY, Argument, Function, Given
from symjac.codegen.scalar_code import HELPERS, SHARE, number, template
from symjac.core import scalar
from symjac.core.expr import Symbol
from symjac.model.names import in_python
from symjac.model.stack import Stack

_GIVEN = tuple(map(Given, ("add_back", SHARE, "gap_below_maximum")))


def helpers(names: Collection[str]) -> list[Function]:
    """The stable functions that code with these names calls."""
    return [
        Function(name, (Argument("u", ARRAY),), ARRAY, doc, _stable(cls))
        for cls, (name, doc) in HELPERS.items()
        if name in names
    ]


def _stable(function: type[sympy.Function]) -> tuple[CodeStatement, ...]:
    body = Body(["u"])
    body.result(fill(template(scalar.STABLE[function]), [named("u")]))
    return tuple(body.statements)


def given(names: Collection[str]) -> list[Given]:
    """The functions with a text of their own that code with these names calls."""
    return [g for g in _GIVEN if g.name in names]


def open_sizes(stack: Stack) -> dict[str, CodeText]:
    """Each open size and the array's axis that it is read from."""
    out: dict[str, CodeText] = {}
    for s in (*stack.inputs, *(p.symbol for p in stack.parameters)):
        for axis, size in enumerate(s.shape):
            if isinstance(size, sympy.Symbol):
                out.setdefault(in_python(size.name), suffix(named(in_python(s.name)), f".shape[{axis}]"))
    return out


def shapes(symbols: Iterable[Symbol]) -> CodeText:
    """A dictionary from names to shapes, open sizes as strings."""
    rows = []
    for s in symbols:
        sizes = [number(x).text if isinstance(x, sympy.Integer) else quoted(number(x).text) for x in s.shape]
        rows.append(f"    {quoted(in_python(s.name))}: {literal(sizes)},\n")
    return atom("{\n" + "".join(rows) + "}")


def literal(items: Sequence[str]) -> str:
    """A tuple, on lines of its own where it is too long for one."""
    inner = ", ".join(items) + ("," if len(items) == 1 else "")
    if len(inner) <= WIDTH - 10:
        return f"({inner})"
    return "(\n" + "".join(f"    {item},\n" for item in items) + ")"


def quoted(s: str) -> str:
    return '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'
