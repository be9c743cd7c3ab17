"""Expressions as one line of Unicode, for comments in code: the same readings as `latex`, in other words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import sympy

from symjac.calculus.trace import LocalJacobian
from symjac.core import expr
from symjac.core.expr import Expr
from symjac.core.index import Index
from symjac.model.stack import Conventions
from symjac.printing import reading
from symjac.printing.latex import Level, Part, Printer
from symjac.printing.reading import Names

_RAISED = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def name(identifier: str) -> str:
    return identifier


class TextPrinter(Printer):
    KRONECKER = " ⊗ "
    HADAMARD = " ⊙ "
    DIVIDE = " ⊘ "
    SCALAR = "·"
    TIMES = "·"
    ONES = "𝟏"
    MINUS = "−"
    INFINITY = "∞"
    RELATION = 1

    def index_name(self, identifier: str) -> str:
        return identifier

    def fraction(self, above: Part, below: Part) -> Part:
        text = f"{self.within(above._replace(negative=False), Level.POWER)}/{self.within(below, Level.POWER)}"
        return Part(text, Level.PRODUCT, above.negative)

    def over(self, above: sympy.Expr, p: Part, below: sympy.Expr) -> Part:
        top = self.coefficient(above, p)
        left = self.within(top, Level.PRODUCT)
        slash = " / " if top.level == Level.PRODUCT and _is_spaced(left) else "/"
        return Part(f"{left}{slash}{self.within(self.number(below), Level.POWER)}", Level.PRODUCT)

    def raised(self, base: Part, exponent: str) -> Part:
        plain = re.fullmatch(r"−?\d+", exponent)
        power = exponent.translate(_RAISED) if plain else f"^{exponent if exponent.isalnum() else f'({exponent})'}"
        return Part(f"{self.within(base, Level.ATOM)}{power}", Level.POWER)

    def hadamard_power(self, base: Part, exponent: str) -> Part:
        return Part(f"{self.within(base, Level.ATOM)}^⊙{exponent}", Level.POWER)

    def transposed(self, base: Part) -> Part:
        return Part(f"{self.within(base, Level.ATOM)}ᵀ", Level.POWER)

    def superscript(self, exponent: str) -> str:
        return f"^{exponent}"

    def entry(self, base: Part, indices: Sequence[str]) -> Part:
        return Part(f"{self.within(base, Level.ATOM)}[{','.join(indices)}]", Level.POWER)

    def call(self, function: str, *args: Part) -> Part:
        return Part(f"{function}({', '.join(self.show(a) for a in args)})", Level.ATOM)

    def root(self, body: Part) -> Part:
        return self.call("sqrt", body)

    def magnitude(self, body: Part) -> Part:
        return Part(f"|{self.show(body)}|", Level.ATOM)

    def norm(self, body: Part, vector: bool, power: str) -> Part:
        norm = Part(f"‖{self.show(body)}‖", Level.ATOM)
        return self.raised(norm, power) if power else norm

    def big(self, operator: str, indices: Sequence[Index], body: Part) -> Part:
        names = ",".join(i.name for i in indices)
        head = {"sum": "Σ", "max": "max"}[operator] + (f"_{names}" if len(indices) == 1 else f"_{{{names}}}")
        # It reaches over a divisor behind it: alike for a sum, but (max a)/c is not max (a/c) where c is negative.
        level = Level.PRODUCT if operator == "sum" else Level.HADAMARD
        return Part(f"{head} {self.within(body, Level.HADAMARD)}", level)

    def cases(self, rows: Sequence[tuple[Part, str | None]]) -> Part:
        out = "; ".join(f"{self.show(value)} {f'if {c}' if c else 'otherwise'}" for value, c in rows)
        return Part(f"{{{out}}}", Level.ATOM)

    def indicator(self, condition: str) -> Part:
        return Part(f"1[{condition}]", Level.ATOM)

    def partial(self, above: str, below: str) -> str:
        return f"∂{above}/∂{below}"

    def vec(self, text: str, of: expr.Symbol) -> str:
        return f"vec({text})" if len(of.indices) > 1 else text

    def bracketed(self, inner: str) -> str:
        return f"({inner})"

    def subscripted(self, head: str, below: str) -> str:
        return f"{head}_{below}"

    def multiple(self, c: sympy.Expr, i: str) -> Part:
        if abs(c) == 1:
            return Part(i, Level.ATOM, c == -1)
        return Part(f"{self.within(self.part(c)._replace(negative=False), Level.ATOM)}*{i}", Level.PRODUCT, bool(c < 0))


def _is_spaced(text: str) -> bool:
    """True where a space stands outside of all brackets."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == " " and depth == 0:
            return True
    return False


_PRINTER = TextPrinter()


def equation(lhs: expr.Symbol, *values: Expr, names: Names = name) -> str:
    """`lhs = value ...` on one line, in one notation; `names` gives the code's spelling of a name."""
    return " = ".join(sides(lhs.indices, [lhs, *values], names))


def sides(order: Sequence[Index], values: Sequence[Expr], names: Names = name) -> list[str]:
    """Equal expressions in one notation: matrix form where all have one, else index notation."""
    return reading.sides(_PRINTER, order, values, _fill(names))


def expression(e: Expr, order: Sequence[Index] | None = None, names: Names = name) -> str:
    return sides(e.free if order is None else order, [e], names)[0]


def indexed(e: Expr, names: Names = name) -> str:
    return reading.filled(_PRINTER, "indexed", e, None, _fill(names))


def formula(f: sympy.Expr, args: Sequence[str] = (), names: Names = name) -> str:
    """A scalar formula, its placeholders printed as the given texts."""
    return reading.formula(_PRINTER, f, args, _fill(names))


def jacobian(
    j: LocalJacobian, conventions: Conventions, batch: sympy.Expr | None = None, names: Names = name
) -> tuple[str, str]:
    return reading.jacobian(_PRINTER, j, conventions, batch, _fill(names))


def _fill(names: Names) -> Callable[[str, str, str], str]:
    def fill(identifier: str, role: str, detail: str) -> str:
        if role == "indices":
            return f"{names(identifier)}[{detail}]"
        if role == "sample":
            return f"{names(identifier)}[{detail}]"
        return names(identifier)

    return fill
