"""What is known while a spec is read from the top: names in use, sizes, constants, and the scope of each formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import sympy

from symjac.core import scalar
from symjac.core.errors import InputError, Place
from symjac.core.expr import Equation, Expr, ShapeError, Symbol, symbol, transform
from symjac.core.index import axes, size_symbol
from symjac.model import elaborate, habits
from symjac.model.library import Catalogue, LibraryEntry, builtin, catalogue
from symjac.model.names import Names, check_name, one_of
from symjac.model.parse import Access, Ast, CallAst, Keyword, Reduction, nodes, parse
from symjac.model.patterns import read_amount, read_pattern, read_size
from symjac.model.spec import Activation, Spec, Use
from symjac.model.yaml_source import Path_, shown

T = TypeVar("T")
Shape = tuple[sympy.Expr, ...]


class Context:
    """Grows as the spec's parts are read in order: sizes, input, constants, definitions, then the layers' values."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.places = spec.places
        self.samples = spec.content.conventions.samples
        self.features = 0 if self.samples == "columns" else 1
        """The axis that `features` stands for."""
        self.names = Names()
        self.batch = size_symbol(spec.content.batch)
        self.sizes: dict[str, sympy.Expr] = {}
        self.constants: dict[str, sympy.Symbol] = {}
        """The spec's own, by name."""
        self.values: dict[sympy.Symbol, sympy.Expr] = {}
        """Of every named constant, the definitions' too."""
        self.tensors: dict[str, Shape] = {}
        # Names of sizes and constants come first: every formula may use them.
        self._declare_sizes()
        self.input = self._input()
        self.own_constants(spec.content.constants, (), self.constants)
        self.catalogue = catalogue(spec)
        self.rewrites = _rewrites(self.catalogue)
        self.functions = _functions(self.catalogue, self.constants)

    # ------------------------------------------------------------ sizes, input, constants

    def _declare_sizes(self) -> None:
        content, places = self.spec.content, self.places
        written = [(content.batch, places.value(("batch",)))]
        written += [(name, places.value(("sizes", number))) for number, name in enumerate(content.sizes)]
        for name, place in written:
            self._size(name, place)
        if content.batch != "k":
            self.names.add("k", "the number of samples", written[0][1])

    def _size(self, name: str, place: Place) -> None:
        self.names.add(check_name(name, "the size", place), "a size", place)
        self.sizes[name] = size_symbol(name)

    def _input(self) -> Symbol:
        place = self.places.value(("input",))
        pattern = read_pattern(self.spec.content.input, place)
        self.names.add(check_name(pattern.name, "the input", place), "the input", place)
        shape: list[sympy.Expr] = []
        for size, offset in zip(pattern.sizes, pattern.offsets, strict=True):
            if isinstance(size, str) and size not in self.sizes:
                self._size(size, place.within(offset))
            shape.append(read_size(size, place.within(offset), self.sizes, "the size", 1))
        batch = self.spec.content.batch
        where = "last" if self.samples == "columns" else "first"
        if shape.count(self.sizes[batch]) != 1 or shape[-1 if where == "last" else 0] != self.sizes[batch]:
            example = f"{pattern.name}[2, {batch}]" if where == "last" else f"{pattern.name}[{batch}, 784]"
            found = f"samples are in {self.samples}, so {batch} must be the {where} size, and only that"
            raise InputError(place, found, f"for example {example}", "another letter than k is declared by `batch:`")
        if len(shape) < 2:
            raise InputError(
                place, "the input has no size but the number of samples", f"for example {pattern.name}[{batch}, 784]"
            )
        return self.tensor(pattern.name, tuple(shape))

    def own_constants(self, given: Mapping[str, int | str], path: Path_, scope: dict[str, sympy.Symbol]) -> None:
        """The constants that stand under `constants` at `path` in the spec."""
        for name, value in given.items():
            here = (*path, "constants", name)
            check_name(name, "the constant", self.places.key(here))
            self._constant(name, value, self.places.value(here), scope)

    def tensor(self, name: str, shape: Shape) -> Symbol:
        """A new array that later formulas of the spec may name."""
        self.tensors[name] = shape
        return symbol(name, axes(shape, self.batch))

    def _constant(self, name: str, value: int | str, place: Place, scope: dict[str, sympy.Symbol]) -> None:
        """Adds the constant to `scope`; one whose name stands for another value already gets a number."""
        number = read_amount(value, place, {})
        chosen, count = name, 1
        while (known := sympy.Symbol(chosen, real=True)) in self.values and self.values[known] != number:
            count += 1
            chosen = f"{name}_{count}"
        if known not in self.values:
            self.names.add(chosen, "a constant", place)
            self.values[known] = number
        scope[name] = known

    def scope(
        self,
        own: bool,
        tensors: Mapping[str, Shape] | None = None,
        sizes: Mapping[str, sympy.Expr] | None = None,
        constants: Mapping[str, sympy.Symbol] | None = None,
        extents: Mapping[str, sympy.Expr] | None = None,
    ) -> elaborate.Scope:
        """What a formula may use; the spec's `own` formulas see its sizes and constants too."""
        return elaborate.Scope(
            tensors=tensors or {},
            sizes={**self.known_sizes(own), "features": sympy.Integer(self.features), **(sizes or {})},
            constants={"pi": sympy.pi, **(self.constants if own else {}), **(constants or {})},
            functions=self.functions,
            extents=extents or {},
            batch=self.batch,
            samples=self.samples,
            rewrites=self.rewrites,
        )

    def known_sizes(self, own: bool) -> dict[str, sympy.Expr]:
        """k is the batch size whatever the spec calls it."""
        return {"k": self.batch, **(self.sizes if own else {})}

    # ------------------------------------------------------------ options

    def options(self, use: Use, allowed: Mapping[str, bool]) -> dict[str, Any]:
        """The options of a use, a bare value under the first name of `allowed` (name -> may be given bare)."""
        for key in use.options:
            if key not in allowed:
                found = f"unknown option {shown(key)} of {use.name}"
                raise InputError(self.places.key((*use.path, key)), found, one_of(allowed), habits.option(key, allowed))
        if use.bare is None:
            return dict(use.options)
        bare = [name for name, may in allowed.items() if may]
        if not bare:
            raise InputError(
                self.places.value(use.path), f"{use.name} takes no value, here {shown(use.bare)}", f"`{use.name}`"
            )
        return {bare[0]: use.bare}

    def option_place(self, use: Use, key: str) -> Place:
        return self.places.value(use.path if use.bare is not None else (*use.path, key))

    def constants_of(self, entry: LibraryEntry[Any], use: Use, options: Mapping[str, Any]) -> dict[str, sympy.Symbol]:
        scope: dict[str, sympy.Symbol] = {}
        for name, default in entry.definition.constants.items():
            given = name in options
            place = self.option_place(use, name) if given else entry.place("constants", name)
            value = options[name] if given else default
            if isinstance(value, bool) or not isinstance(value, int | str):
                raise InputError(place, f"{name} is {shown(value)}", "a number")
            self._constant(name, value, place, scope)
        return scope


# ---------------------------------------------------------------- functions of formulas


def _functions(known: Catalogue, constants: Mapping[str, sympy.Symbol]) -> dict[str, sympy.Expr]:
    """The elementwise activations as functions of formulas, with their constants' default values."""
    own = {name: entry for name, entry in known.activations.items() if entry.own}
    return _with_functions(_builtin_functions(), own, constants, known)


@lru_cache(maxsize=1)
def _builtin_functions() -> Mapping[str, sympy.Expr]:
    return _with_functions({}, builtin().activations, {}, builtin())


def _with_functions(
    earlier: Mapping[str, sympy.Expr],
    activations: Mapping[str, LibraryEntry[Activation]],
    constants: Mapping[str, sympy.Symbol],
    known: Catalogue,
) -> dict[str, sympy.Expr]:
    """`earlier` and each of `activations` in turn, which may call those before it."""
    out = dict(earlier)
    rewrites = _rewrites(known)
    for name, entry in activations.items():
        ast = parse(entry.definition.formula, entry.place("formula"))
        defaults = {c: read_amount(v, entry.place("constants", c), {}) for c, v in entry.definition.constants.items()}
        scope = elaborate.Scope(constants={"pi": sympy.pi, **constants, **defaults}, functions=out, rewrites=rewrites)
        if name not in scalar.FUNCTIONS and not of_whole_arrays(ast, scope):
            out[name] = elaborate.scalar_formula(ast, ("x",), scope)
    return out


def _rewrites(known: Catalogue) -> dict[str, elaborate.Rewrite]:
    """The activations along an axis as functions of formulas; those with constants of their own are left out."""
    return {
        name: elaborate.Rewrite(("x", "axis"), parse(entry.definition.formula, entry.place("formula")))
        for name, entry in known.activations.items()
        if entry.definition.axis is not None and not entry.definition.constants
    }


def of_whole_arrays(ast: Ast, scope: elaborate.Scope) -> bool:
    """True for a formula with a sum or the like over an array, rather than one of numbers."""
    reductions = {"sum", "mean", *scope.rewrites}
    return any(
        isinstance(node, Keyword | Access | Reduction) or (isinstance(node, CallAst) and node.name in reductions)
        for node in nodes(ast.node)
    )


def checked(read: Callable[[Ast, elaborate.Scope], T], text: str, place: Place, scope: elaborate.Scope) -> T:
    """What `read` makes of `text`. Raises InputError, for shapes that do not fit as well."""
    try:
        return read(parse(text, place), scope)
    except ShapeError as error:
        raise InputError(place, str(error), "sizes that agree") from None


def renamed(equation: Equation, names: Mapping[str, str]) -> Equation:
    """The equation with other names for its arrays, all changed at once."""
    lhs = symbol(names.get(equation.lhs.name, equation.lhs.name), equation.lhs.indices)
    return Equation(lhs, renamed_expr(equation.rhs, names))


def renamed_expr(e: Expr, names: Mapping[str, str]) -> Expr:
    def law(node: Expr) -> Expr | None:
        if isinstance(node, Symbol) and names.get(node.name, node.name) != node.name:
            return symbol(names[node.name], node.indices)
        return None

    return transform(e, law)
