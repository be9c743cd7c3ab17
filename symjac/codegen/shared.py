"""What every generated module has: imports, stable functions, sizes that are read from arrays."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symjac.codegen.body import Body
from symjac.codegen.code import fill, named
from symjac.codegen.scalar_code import HELPERS, template
from symjac.core import scalar
from symjac.model.names import in_python
from symjac.model.stack import Stack


@dataclass(frozen=True, slots=True)
class ModuleFunction:
    name: str
    argument: str
    doc: str
    lines: tuple[str, ...]


def helpers(words: set[str]) -> list[ModuleFunction]:
    """The stable functions that code with these words calls."""
    out = []
    for cls, name in HELPERS.items():
        if name in words:
            body = Body(["u"])
            body.result(fill(template(scalar.STABLE[cls]), [named("u")]))
            out.append(ModuleFunction(name, "u", str(cls.__doc__).splitlines()[0].split(" Made")[0], tuple(body.lines)))
    return out


def imports(words: set[str]) -> list[str]:
    lines = ["import numpy as np"]
    if "sliding_window_view" in words:
        lines.append("from numpy.lib.stride_tricks import sliding_window_view")
    special = [name for name in ("erf", "erfc") if name in words]
    return [*lines, f"from scipy.special import {', '.join(special)}"] if special else lines


def open_sizes(stack: Stack) -> dict[str, str]:
    """Each open size and the array's axis that it is read from."""
    out: dict[str, str] = {}
    for s in (*stack.inputs, *(p.symbol for p in stack.parameters)):
        for axis, size in enumerate(s.shape):
            if isinstance(size, sympy.Symbol):
                out.setdefault(in_python(size.name), f"{in_python(s.name)}.shape[{axis}]")
    return out
