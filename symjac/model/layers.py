"""A use of a layer -> its formula, with shapes, in the definition's own names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symjac.core.errors import InputError, Place
from symjac.core.expr import Equation, Symbol, apply, symbol, walk
from symjac.core.index import axes
from symjac.model import elaborate
from symjac.model.context import Context, Shape, checked, of_whole_arrays
from symjac.model.library import LibraryEntry
from symjac.model.names import check_name, one_of, suggest
from symjac.model.parse import Ast, DefinitionAst, parse
from symjac.model.patterns import Pattern, read_amount, read_pattern, read_size
from symjac.model.scope import shape_text
from symjac.model.spec import EXAMPLES, MAX_LAYERS, Activation, Form, InlineSpec, Layer, Repeat, Use, use_of, validated
from symjac.model.yaml_source import Path_, shown


@dataclass(frozen=True)
class Template:
    """A layer in its definition's own names."""

    kind: str
    input: str
    parameters: tuple[tuple[str, Shape, sympy.Expr], ...]
    """Name, shape and standard deviation."""
    equation: Equation
    function: str | None = None
    """What it is called, where it is a function of its input alone."""


class Templates:
    """Makes each template once: equal uses of a definition, on inputs of equal shape, share it."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.places = context.places
        self.made: dict[Any, Template] = {}

    def of(self, use: Use, current: Symbol) -> Template:
        entry = self.context.catalogue.find_layer(use.name, use.place)
        if isinstance(entry.definition, Activation):
            return self._activation(entry, use, current)
        return self._layer(entry, use, current)

    def _activation(self, entry: LibraryEntry[Activation], use: Use, current: Symbol) -> Template:
        definition = entry.definition
        extra = {"axis": True} if definition.axis is not None else {}
        allowed = {**extra, **dict.fromkeys(definition.constants, True), "name": False}
        options = self.context.options(use, allowed)
        constants = self.context.constants_of(entry, use, options)
        axis = self._axis(options.get("axis", definition.axis or "features"), use, current)
        key = (entry, current.shape, tuple(constants.values()), axis)
        if key not in self.made:
            function = entry.name + "".join(s.name.removeprefix(n) for n, s in constants.items())
            suffix = "" if axis == self.context.features else f"_axis{axis}"
            ast = parse(definition.formula, entry.place("formula"))
            scope = self.context.scope(entry.own, constants=constants, sizes={"axis": sympy.Integer(axis)})
            self.made[key] = self._function(ast, scope, current.shape, function + suffix)
        return self.made[key]

    def _axis(self, value: Any, use: Use, current: Symbol) -> int:
        if value == "features":
            return self.context.features
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(current.shape):
            place = self.context.option_place(use, "axis")
            raise InputError(
                place, f"axis is {shown(value)}", f"features, or a number from 0 to {len(current.shape) - 1}"
            )
        return value

    def _function(self, ast: Ast, scope: elaborate.Scope, shape: Shape, name: str | None) -> Template:
        """A formula in x, the layer's input: elementwise, or with sums, maxima ... along its axes."""
        at = axes(shape, self.context.batch)
        x, y = symbol("x", at), symbol("y", at)
        if of_whole_arrays(ast, scope):
            value = elaborate.expression(ast, replace(scope, tensors={"x": shape}), lhs=y)
        else:
            value = apply(elaborate.scalar_formula(ast, ("x",), scope), [x])
        if not any(isinstance(node, Symbol) for node in walk(value)):
            raise ast.error(0, "the formula does not depend on x", "a formula in x")
        return Template("activation", "x", (), Equation(y, value), name)

    def _layer(self, entry: LibraryEntry[Layer], use: Use, current: Symbol) -> Template:
        layer = entry.definition
        bare = list(layer.options)[:1]
        allowed = {name: name in bare for name in layer.options}
        allowed |= dict.fromkeys([*layer.constants, "name", "parameters", "init"], False)
        options = self.context.options(use, allowed)
        sizes = self._option_sizes(entry, use, options)
        constants = self.context.constants_of(entry, use, options)
        init = self._init(use, options.get("init", {}))
        key = (entry, current.shape, tuple(sizes.items()), tuple(constants.values()), tuple(init.items()))
        if key not in self.made:
            number, form, bound = self._form(entry, use, current, sizes)
            self.made[key] = self._shaped(
                form,
                kind=layer.kind,
                sizes={**sizes, **bound},
                constants=constants,
                current=current,
                use=use,
                place=lambda *path: entry.place("forms", number, *path),
                init=init,
                own=entry.own,
            )
        template = self.made[key]
        known = [local for local, _, _ in template.parameters]
        for option in ("parameters", "init"):
            for local in options.get(option) or {}:
                if local not in known:
                    where = self.places.key((*use.path, option, local))
                    found = f"{use.name} has no parameter {shown(local)}"
                    raise InputError(where, found, one_of(known), suggest(local, known))
        return template

    def _init(self, use: Use, given: Any) -> dict[str, int | str]:
        """The standard deviations that a use gives instead of its definition's, by parameter."""
        path = (*use.path, "init")
        if not isinstance(given, dict):
            raise InputError(
                self.places.value(path), f"init is {shown(given)}", "a mapping, such as {W: sqrt(2/inputs)}"
            )
        for local, std in given.items():
            if isinstance(std, bool) or not isinstance(std, int | str) or std == "":
                at = self.places.value((*path, local))
                raise InputError(at, f"the standard deviation is {shown(std)}", "a number or a formula of sizes")
        return given

    def _option_sizes(self, entry: LibraryEntry[Layer], use: Use, options: Mapping[str, Any]) -> dict[str, sympy.Expr]:
        sizes: dict[str, sympy.Expr] = {}
        for name, option in entry.definition.options.items():
            if name in options:
                value, place = options[name], self.context.option_place(use, name)
                if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
                    raise InputError(place, f"{name} is {shown(value)}", f"a whole number from {option.least}")
                sizes[name] = read_size(value, place, self.context.sizes, name, option.least)
            elif option.default is not None:
                place = entry.place("options", name, "default")
                sizes[name] = read_size(option.default, place, {**self.context.sizes, **sizes}, name, option.least)
            else:
                example = (
                    f"`{use.name}: 10`"
                    if name == next(iter(entry.definition.options))
                    else f"`{use.name}: {{{name}: 3, ...}}`"
                )
                raise InputError(
                    use.place, f"{use.name} needs the option {name!r}", f"a whole number from {option.least}", example
                )
        return sizes

    def _form(
        self, entry: LibraryEntry[Layer], use: Use, current: Symbol, sizes: Mapping[str, sympy.Expr]
    ) -> tuple[int, Form, dict[str, sympy.Expr]]:
        """The first form that fits the conventions and the input's shape, and what it binds its sizes to."""
        fitting = [(i, f) for i, f in enumerate(entry.definition.forms) if self.context.samples in f.samples]
        if not fitting:
            raise InputError(
                use.place,
                f"{use.name} has no form for samples in {self.context.samples}",
                hint="add one to its definition",
            )
        inputs: list[str] = []
        for number, form in fitting:
            pattern = read_pattern(form.input, entry.place("forms", number, "input"))
            bound = _match(pattern, current.shape, {**self.context.known_sizes(entry.own), **sizes})
            if bound is not None:
                return number, form, bound
            inputs.append(form.input)
        deeper = len(current.shape) > 2 and any(i.count(",") == 1 for i in inputs)
        hint = "put `flatten` before it" if deeper else ""
        found = f"{use.name} cannot take {current.name} of shape {shape_text(current.shape)}"
        raise InputError(use.place, found, " or ".join(inputs), hint)

    def inline(self, inline: InlineSpec, use: Use, current: Symbol) -> Template:
        """A layer whose formula stands in the list of layers."""
        place = self.places.value((*use.path, "formula"))
        constants: dict[str, sympy.Symbol] = {}
        self.context.own_constants(inline.constants, use.path, constants)
        ast = parse(inline.formula, place)
        if not isinstance(ast.node, DefinitionAst):
            for key in ("input", "parameters", "extents", "kind"):
                if key in inline.model_fields_set:
                    where = self.places.key((*use.path, key))
                    hint = "write an equation, such as A = X @ W + b"
                    raise InputError(where, f"{key!r} beside a formula in x", "an equation, or no such key", hint)
            scope = self.context.scope(True, constants=constants)
            return self._function(ast, scope, current.shape, None)
        text = inline.input or self._usual_input(len(current.shape))
        at = self.places.value((*use.path, "input"))
        pattern = read_pattern(text, at)
        bound = _match(pattern, current.shape, self.context.known_sizes(True))
        if bound is None:
            raise InputError(at, f"the layer cannot take {current.name} of shape {shape_text(current.shape)}", text)
        check_name(pattern.name, "the input", at)
        for local in inline.parameters:
            check_name(local, "the parameter", self.places.key((*use.path, "parameters", local)))
        form = Form(
            samples=[self.context.samples],
            input=text,
            parameters=inline.parameters,
            extents=inline.extents,
            formula=inline.formula,
        )
        return self._shaped(
            form,
            kind=inline.kind,
            sizes=bound,
            constants=constants,
            current=current,
            use=use,
            place=lambda *path: self.places.value((*use.path, *path)),
            init={},
            own=True,
            outer=self.context.tensors,
        )

    def _usual_input(self, rank: int) -> str:
        """The pattern of a layer that says none."""
        features = (
            ["inputs"]
            if rank == 2
            else [*(f"size{i}" for i in range(rank - 4)), "channels", "height", "width"][1 - rank :]
        )
        sizes = [*features, "k"] if self.context.samples == "columns" else ["k", *features]
        return f"X[{', '.join(sizes)}]"

    def _shaped(
        self,
        form: Form,
        *,
        kind: str | None,
        sizes: Mapping[str, sympy.Expr],
        constants: Mapping[str, sympy.Symbol],
        current: Symbol,
        use: Use,
        place: Callable[..., Place],
        init: Mapping[str, int | str],
        own: bool,
        outer: Mapping[str, Shape] | None = None,
    ) -> Template:
        """A form with its sizes known: parameters with shapes and the equation, in the definition's names."""
        known = {**self.context.known_sizes(own), **sizes}
        local_input = read_pattern(form.input, place("input")).name
        parameters: list[tuple[str, Shape, sympy.Expr]] = []
        for local, p in form.parameters.items():
            shape = tuple(
                read_size(s, place("parameters", local, "shape", i), known, f"a size of {local}", 1)
                for i, s in enumerate(p.shape)
            )
            written = init.get(local, p.std)
            at = self.places.value((*use.path, "init", local)) if local in init else place("parameters", local, "std")
            std = read_amount(written, at, known)
            if std.is_negative:
                raise InputError(at, f"the standard deviation {shown(written)} is negative", "0 or more")
            parameters.append((local, shape, std))
        extents: dict[str, sympy.Expr] = {}
        for name, amount in form.extents.items():
            size = read_amount(amount, place("extents", name), known)
            if size.is_number and not (size.is_Integer and size >= 1):
                found = f"the value of {use.name} would have {size} entries along {name}"
                raise InputError(
                    use.place, found, "at least 1", f"its input {current.name} has shape {shape_text(current.shape)}"
                )
            extents[name] = size
        tensors = {**(outer or {}), local_input: current.shape, **{local: shape for local, shape, _ in parameters}}
        scope = self.context.scope(own, tensors=tensors, sizes=known, constants=constants, extents=extents)
        equation = checked(elaborate.equation, form.formula, place("formula"), scope)
        if equation.lhs.name in (local_input, *form.parameters):
            raise InputError(
                place("formula"), f"{equation.lhs.name} stands on the left and is an input", "a new name on the left"
            )
        _check_uses(equation, [local_input, *form.parameters], place("formula"))
        natural = "affine" if parameters else ("activation" if equation.lhs.shape == current.shape else "access")
        return Template(kind or natural, local_input, tuple(parameters), equation)


def _match(pattern: Pattern, shape: Shape, known: Mapping[str, sympy.Expr]) -> dict[str, sympy.Expr] | None:
    """What the new names of `pattern` stand for, given `shape`; None where it does not fit."""
    if len(pattern.sizes) != len(shape):
        return None
    bound: dict[str, sympy.Expr] = {}
    for want, size in zip(pattern.sizes, shape, strict=True):
        have = sympy.Integer(want) if isinstance(want, int) else known.get(want, bound.get(want))
        if have is None:
            bound[str(want)] = size
        elif have != size:
            return None
    return bound


def _check_uses(equation: Equation, names: list[str], place: Place) -> None:
    used = {n.name for n in walk(equation.rhs) if isinstance(n, Symbol)}
    for name in names:
        if name not in used:
            raise InputError(place, f"the formula does not use {name}", "a formula of all that is declared")


# ---------------------------------------------------------------- layers as a list


def uses_of(items: list[Any], path: Path_, places: Any, left: list[int]) -> Iterator[Use]:
    """The layers in order, repetitions written out; `left[0]` is how many more there may be."""
    for number, item in enumerate(items):
        here = (*path, number)
        use = use_of(item, here, places, "the layer")
        if use.name == "repeat":
            repeat = validated(Repeat, use.options, places, EXAMPLES, use.path)
            for _ in range(repeat.times):
                yield from uses_of(repeat.layers, (*use.path, "layers"), places, left)
            continue
        left[0] -= 1
        if left[0] < 0:
            raise InputError(use.place, "the network is too deep", f"at most {MAX_LAYERS} layers")
        yield use
