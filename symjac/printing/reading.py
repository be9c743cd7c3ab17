"""What LaTeX and Unicode share: which notation an equation takes, and templates printed once for every structure.

A printer leaves a token where a name stands. The printed text is kept by the expression's structure with its names
numbered, so the thousand equal layers of a deep stack are printed once and only their names filled in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import sympy

from symjac.calculus import matrix
from symjac.calculus.trace import LocalJacobian
from symjac.core.expr import Expr, Symbol
from symjac.core.index import Index
from symjac.core.memo import MOST_KEPT
from symjac.core.pattern import structure
from symjac.model.stack import Conventions

Names = Callable[[str], str]
"""From a name in a spec to what is printed."""
Fill = Callable[[str, str, str], str]
"""(name, role, detail): what is printed for a name (""), for it under a power ("base"), at `detail` ("indices"), and
for its sample `detail` ("sample")."""

P = TypeVar("P")


class Prints(Protocol[P]):
    """A printer, as readings need it; `P` is what it makes of a part before it is shown."""

    def name(self, identifier: str) -> str: ...
    def index_name(self, identifier: str) -> str: ...
    def part(self, e: Any) -> P: ...
    def addend(self, m: Any) -> P: ...
    def indexed(self, e: Expr) -> P: ...
    def equated(self, lhs: Symbol, rhs: Expr) -> list[P]: ...
    def sample(self, identifier: str, n: str) -> P: ...
    def show(self, p: P) -> str: ...
    def partial(self, above: str, below: str) -> str: ...
    def vec(self, text: str, of: Symbol) -> str: ...
    def scalar_formula(self, formula: sympy.Expr, args: Sequence[str]) -> str: ...


_OPEN, _SPLIT, _CLOSE = "\x01", "\x02", "\x03"
_TOKEN = re.compile(f"{_OPEN}([^{_SPLIT}{_CLOSE}]*){_SPLIT}([^{_SPLIT}{_CLOSE}]*){_SPLIT}([^{_CLOSE}{_OPEN}]*){_CLOSE}")


def token(identifier: str, role: str = "", detail: str = "") -> str:
    return f"{_OPEN}{identifier}{_SPLIT}{role}{_SPLIT}{detail}{_CLOSE}"


def as_base(text: str) -> str:
    """`text`, to be raised to a power; a name says so, as it may be printed as a fraction."""
    alone = _TOKEN.fullmatch(text)
    return token(alone[1], "base") if alone and not alone[2] else text


def _written(template: str, names: dict[str, str], fill: Fill) -> str:
    """The template with its tokens filled, inner ones first; `names` takes the template's names to the wanted ones."""
    while _OPEN in template:
        template = _TOKEN.sub(lambda m: fill(names.get(m[1], m[1]), m[2], m[3]), template)
    return template


def with_names(text: str, fill: Fill) -> str:
    """A printed text with its tokens filled."""
    return _written(text, {}, fill)


# ---------------------------------------------------------------- structures

_templates: dict[tuple[Any, ...], tuple[tuple[str, ...], list[str]]] = {}
"""At most MOST_KEPT; then the one that was printed first goes."""


def _kept(key: tuple[Any, ...], values: Sequence[Expr], make: Callable[[], Sequence[str]], fill: Fill) -> list[str]:
    """What `make` prints, from the store where an expression of this structure was printed before."""
    shape, names = structure(values)
    known = _templates.get((*key, shape))
    if known is None:
        while len(_templates) >= MOST_KEPT:
            del _templates[next(iter(_templates))]
        known = _templates[(*key, shape)] = tuple(make()), names
    templates, before = known
    return [_written(t, dict(zip(before, names, strict=True)), fill) for t in templates]


def filled(printer: Prints[P], method: str, e: Expr, detail: Any, fill: Fill) -> str:
    make = lambda: [printer.show(getattr(printer, method)(e))]  # noqa: E731
    return _kept((type(printer), method, detail), [e], make, fill)[0]


# ---------------------------------------------------------------- readings


def sides(printer: Prints[P], order: Sequence[Index], values: Sequence[Expr], fill: Fill) -> list[str]:
    """Matrix form where all of the values have one over `order`, else index notation for all."""

    def make() -> list[str]:
        forms = [matrix.matrix_form(v, order) for v in values] if len(order) <= 2 else [None]
        if any(f is None for f in forms):
            if len(values) == 2 and isinstance(values[0], Symbol):
                return [printer.show(p) for p in printer.equated(values[0], values[1])]
            return [printer.show(printer.indexed(v)) for v in values]
        return [printer.show(printer.addend(f)) for f in forms]

    return _kept((type(printer), "sides", tuple(order)), values, make, fill)


def written(printer: Prints[P], form: sympy.Expr, fill: Fill) -> str:
    """A SymPy matrix or scalar, its names filled in."""
    return _written(printer.show(printer.part(form)), {}, fill)


def formula(printer: Prints[P], f: sympy.Expr, args: Sequence[str], fill: Fill) -> str:
    return _written(printer.scalar_formula(f, args), {}, fill)


def jacobian(
    printer: Prints[P], j: LocalJacobian, conventions: Conventions, batch: sympy.Expr | None, fill: Fill
) -> tuple[str, str]:
    def make() -> tuple[str, str]:
        form = matrix.jacobian_form(j, layout=conventions.jacobian, vec=conventions.vec, batch=batch)
        above, below = printer.name(j.output.name), printer.name(j.by.name)
        if form is None:
            left = printer.partial(printer.show(printer.indexed(j.output)), printer.show(printer.indexed(j.by)))
            return left, printer.show(printer.indexed(j.value))
        if form.sample is not None:
            n = printer.index_name(form.sample.name)
            above, below = (printer.show(printer.sample(s.name, n)) for s in (j.output, j.by))
            left = printer.partial(above, below)
        elif not j.output.indices:
            left = printer.partial(above, below)
        else:
            left = printer.partial(printer.vec(above, j.output), printer.vec(below, j.by))
        return left, printer.show(printer.part(form.value))

    key = (type(printer), "jacobian", conventions.jacobian, conventions.vec, batch)
    left, right = _kept(key, [j.output, j.by, j.value], make, fill)
    return left, right
