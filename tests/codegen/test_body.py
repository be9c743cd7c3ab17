"""Lines of code: broken ones say what the expression says, and each knows what it reads."""

from __future__ import annotations

import ast

import pytest
import sympy

from symjac.codegen.code import CodeText, atom, binary, call, fill, listed, method, named, suffix, typed
from symjac.codegen.lines import WIDTH, wrapped
from symjac.codegen.scalar_code import template
from symjac.core.scalar import slot

LONG = [named(f"{letter}_{letter * 40}") for letter in "abcd"]
u = slot(0)
CODES: dict[str, CodeText] = {
    "a sum": binary(binary(LONG[0], "+", LONG[1]), "-", LONG[2]),
    "a call": call("np.maximum", *LONG[:3]),
    "a call with options": call("np.tensordot", *LONG[:3], options=["axes=([0], [1])"]),
    "branches of numbers": fill(template(sympy.Piecewise((1, u > 2), (2, u < -3), (3, True))), LONG[:1]),
    "branches of arrays": fill(template(sympy.Piecewise((u, u > 2), (slot(1), True))), LONG[:2]),
    "a shape": call("np.full", listed([named("k"), atom("3")]), binary(LONG[0], "@", LONG[1]), LONG[2]),
}


@pytest.mark.parametrize("name", CODES)
def test_broken_lines_say_the_same(name: str) -> None:
    code = CODES[name]
    lines = wrapped("out = ", code)
    assert len(lines) > 1 or len(lines[0]) <= WIDTH
    assert ast.dump(ast.parse("\n".join(lines))) == ast.dump(ast.parse(f"out = {code.text}"))


@pytest.mark.parametrize(
    ("code", "names"),
    [
        *((code, None) for code in CODES.values()),
        (suffix(named("A"), "[:, None]"), {"A"}),
        (method(named("A"), "reshape", atom("-1"), named("k")), {"A", "k"}),
        (typed(fill(template(sympy.Piecewise((1, u > 0), (0, True))), [named("A")]), "X.dtype"), {"A"}),
        (fill(template(sympy.erf(u)), [named("A")]), {"A", "erf"}),
        (template(sympy.sqrt(sympy.pi)), {"math"}),
    ],
)
def test_code_knows_its_names(code: CodeText, names: set[str] | None) -> None:
    read = {n.id for n in ast.walk(ast.parse(code.text)) if isinstance(n, ast.Name)}
    assert code.names == read
    assert names is None or names | {"np"} == read | {"np"}
