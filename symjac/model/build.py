"""Spec + library -> Stack: every shape known, every layer a forward formula with its names in place.

A definition is read and elaborated once for each distinct use (options, input shape); its symbols are then renamed for
each layer, so a thousand equal layers cost a thousand renamings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import count, product
from string import ascii_lowercase

import sympy

from symjac.calculus.trace import SumFact
from symjac.core import scalar
from symjac.core.errors import InputError, Place, Remark
from symjac.core.expr import Equation, Map, Number, Symbol, symbol, walk
from symjac.model import doubts, elaborate
from symjac.model.context import Context, Shape, checked, renamed, renamed_expr
from symjac.model.layers import Templates, uses_of
from symjac.model.names import check_name, one_of, suggest
from symjac.model.schema import schema
from symjac.model.scope import shape_text
from symjac.model.spec import EXAMPLES, MAX_LAYERS, InlineLoss, InlineSpec, Spec, Use, load_spec, use_of, validated
from symjac.model.stack import Conventions, Definition, Parameter, Stack
from symjac.model.updates import read_update
from symjac.model.yaml_source import shown

__all__ = ["build_stack", "load_spec", "schema"]


def build_stack(spec: Spec) -> Stack:
    """The network that `spec` declares. Raises InputError."""
    context = Context(spec)
    layers = _Layers(context)
    forward, parameters = layers.all()
    loss, target, facts = _loss(context, forward[-1].equation.lhs)
    at = context.places.value(("loss",))
    doubted = doubts.of_loss(
        loss, target.name, forward[-1].equation.lhs.name, layers.known(), [*context.catalogue.losses], at
    )
    update = read_update(context)
    for p in parameters:
        context.names.keep_free(f"d{p.symbol.name}", f"the gradient of {p.symbol.name}")
        context.names.keep_free(f"V{p.symbol.name}", f"the direction of {p.symbol.name}")
        for head in ("Rd", "Gd"):
            context.names.keep_free(f"{head}{p.symbol.name}", f"a product with the Hessian, at {p.symbol.name}")
    for d in forward:
        name = d.equation.lhs.name
        context.names.keep_free(f"R{name}", f"the derivative of {name} along a direction")
        context.names.keep_free(f"d{name}", f"the derivative of the loss by {name}")
        for head in ("Rd", "Gd"):
            context.names.keep_free(f"{head}{name}", f"a product with the Hessian, at {name}")
    return Stack(
        name=spec.content.name,
        source=spec.file.replace("\\", "/").rsplit("/", 1)[-1],
        batch=context.batch,
        inputs=(context.input, target),
        parameters=tuple(parameters),
        forward=tuple(forward),
        loss=loss,
        update=update,
        facts=facts,
        conventions=Conventions(**spec.content.conventions.model_dump()),
        constants=_used_constants(context, [*forward, loss]),
        remarks=(*layers.remarks, *doubted),
    )


def _used_constants(context: Context, definitions: list[Definition]) -> tuple[tuple[str, sympy.Expr], ...]:
    """The named constants that occur in the forward formulas, in order of declaration."""
    formulas = {
        node.formula if isinstance(node, Map) else node.value
        for d in definitions
        for node in walk(d.equation.rhs)
        if isinstance(node, Map | Number)
    }
    used = {c for formula in formulas for c in scalar.constants_of(formula)}
    return tuple((c.name, v) for c, v in context.values.items() if c in used)


# ---------------------------------------------------------------- layers


class _Layers:
    """Gives each layer's template its place in the stack: names for its value and its parameters."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.places = context.places
        self.names = context.names
        self.templates = Templates(context)
        self.parameters: list[Parameter] = []
        self.forward: list[Definition] = []
        self.remarks: list[Remark] = []
        self.depth = 0
        """How many layers with parameters there are so far: the number in A_l, Z_l, W_l."""

    def all(self) -> tuple[list[Definition], list[Parameter]]:
        uses = list(uses_of(self.context.spec.content.layers, ("layers",), self.places, [MAX_LAYERS]))
        current = self.context.input
        for number, use in enumerate(uses):
            current = self._layer(use, current, last=number == len(uses) - 1)
        return self.forward, self.parameters

    def _layer(self, use: Use, current: Symbol, last: bool) -> Symbol:
        """Adds the layer's definition and parameters; returns the quantity that it defines."""
        if use.name == "formula":
            inline = validated(InlineSpec, use.options, self.places, EXAMPLES, use.path)
            template, wanted, literal = self.templates.inline(inline, use, current), inline.name, True
        else:
            template, wanted, literal = self.templates.of(use, current), use.options.get("name"), False
        if template.kind == "affine":
            self.depth += 1
        names = {template.input: current.name}
        chosen = self._parameter_names(use) if not literal else {}
        for local, shape, std in template.parameters:
            default = local if literal and "_" in local else f"{local}_{self.depth}"
            at = self.places.value((*use.path, "parameters", local)) if local in chosen else use.place
            names[local] = self.names.add(chosen.get(local, default), "a parameter", at)
            self.parameters.append(Parameter(self.context.tensor(names[local], shape), std))
        if wanted is not None:
            place = self.places.value((*use.path, "name"))
            name = self.names.add(check_name(wanted, "the name", place), "a layer's value", place)
        else:
            name = self.names.add(self._value_name(template.kind, last), "a layer's value", use.place)
        names[template.equation.lhs.name] = name
        if template.function is not None:
            self._claim_function(template.function, use.place)
        equation = renamed(template.equation, names)
        self._check_samples(equation.lhs, use)
        argument = symbol(current.name, current.indices) if template.function is not None else None
        definition = Definition(template.kind, use.name, equation, template.function, argument)
        self.remarks += doubts.of_maximum(definition, self.known, use.place)
        self.forward.append(definition)
        self.context.tensors[name] = equation.lhs.shape
        return equation.lhs

    def known(self) -> doubts.Known:
        """What is known so far of the values of quantities."""
        return doubts.Known(
            {d.equation.lhs.name: d for d in self.forward},
            frozenset(p.symbol.name for p in self.parameters),
            {
                **dict.fromkeys(map(str, self.context.sizes), 2.0),
                **{c.name: float(v) for c, v in self.context.values.items()},
            },
        )

    def _value_name(self, kind: str, last: bool) -> str:
        """Y for the output, else A_l, Z_l or F_l; a second one of the same number gets a letter."""
        if last:
            return "Y"
        name = f"{ {'affine': 'A', 'activation': 'Z', 'access': 'F'}[kind] }_{self.depth}"
        tried = (name + "".join(letters) for size in count(0) for letters in product(ascii_lowercase[1:], repeat=size))
        return next(n for n in tried if self.names.owner(n) != "a layer's value")

    def _claim_function(self, name: str, place: Place) -> None:
        if self.names.owner(name) != "a function":
            self.names.add(name, "a function", place)

    def _check_samples(self, value: Symbol, use: Use) -> None:
        batch = self.context.batch
        axis = -1 if self.context.samples == "columns" else 0
        if value.shape.count(batch) != 1 or value.shape[axis] != batch:
            where = "last" if axis else "first"
            raise InputError(
                use.place,
                f"the layer's value has shape {shape_text(value.shape)}",
                f"samples ({batch}) on the {where} axis only",
            )

    def _parameter_names(self, use: Use) -> dict[str, str]:
        """The names that a use gives to its layer's parameters."""
        given = use.options.get("parameters", {})
        path = (*use.path, "parameters")
        if not isinstance(given, dict):
            raise InputError(self.places.value(path), f"parameters is {shown(given)}", "a mapping, such as {W: W_in}")
        for local, name in given.items():
            check_name(name, "the parameter name", self.places.value((*path, local)))
        return given


# ---------------------------------------------------------------- loss


def _loss(context: Context, output: Symbol) -> tuple[Definition, Symbol, tuple[SumFact, ...]]:
    """The loss, the target, and what is declared true of the target."""
    use = use_of(context.spec.content.loss, ("loss",), context.places, "the loss")
    constants: dict[str, sympy.Symbol] = {}
    if use.name == "formula":
        inline = validated(InlineLoss, use.options, context.places, EXAMPLES, use.path)
        context.own_constants(inline.constants, use.path, constants)
        text, place, target = inline.formula, context.places.value((*use.path, "formula")), inline.target
        facts = [(f, context.places.value((*use.path, "facts", i))) for i, f in enumerate(inline.facts)]
        own = True
    else:
        entry = context.catalogue.find_loss(use.name, use.place)
        own = entry.own
        reductions = entry.definition.reductions
        allowed = {
            "reduction": True,
            "target": False,
            "facts": False,
            **dict.fromkeys(entry.definition.constants, False),
        }
        options = context.options(use, allowed)
        constants = context.constants_of(entry, use, options)
        reduction = options.get("reduction", next(iter(reductions)))
        if not isinstance(reduction, str) or reduction not in reductions:
            at = context.option_place(use, "reduction")
            raise InputError(
                at, f"the reduction is {shown(reduction)}", one_of(reductions), suggest(str(reduction), reductions)
            )
        text, place = reductions[reduction], entry.place("reductions", reduction)
        target = options.get("target", "T")
        facts = _facts_of(context, entry.definition.facts, use, lambda i: entry.place("facts", i))
    at = context.places.value((*use.path, "target"))
    check_name(target, "the target", at)
    context.names.add(target, "the target", at)
    context.names.add("L", "the loss", use.place)
    goal = context.tensor(target, output.shape)
    names = {"Y": output.name, "T": target}
    tensors = {**(context.tensors if own else {}), "Y": output.shape, "T": goal.shape}
    value = checked(elaborate.expression, text, place, context.scope(own, tensors=tensors, constants=constants))
    equation = renamed(Equation(symbol("L"), value), names)
    if output.name not in {n.name for n in walk(equation.rhs) if isinstance(n, Symbol)}:
        raise InputError(place, f"the loss does not use the output {output.name}", "a formula in Y and T")
    truths = tuple(_fact(context, f, p, {"T": goal.shape, target: goal.shape}, names) for f, p in facts)
    return Definition("loss", use.name, equation), goal, truths


def _facts_of(context: Context, usual: list[str], use: Use, place: Callable[[int], Place]) -> list[tuple[str, Place]]:
    if "facts" not in use.options:
        return [(f, place(i)) for i, f in enumerate(usual)]
    given, path = use.options["facts"], (*use.path, "facts")
    if not isinstance(given, list) or not all(isinstance(f, str) for f in given):
        raise InputError(
            context.places.value(path), f"facts is {shown(given)}", "a list of equations such as 'sum(T, axis=1) = 1'"
        )
    return [(f, context.places.value((*path, i))) for i, f in enumerate(given)]


def _fact(context: Context, text: str, place: Place, tensors: Mapping[str, Shape], names: Mapping[str, str]) -> SumFact:
    """Reads `left = right`. Raises InputError."""
    left, right = checked(elaborate.sides, text, place, context.scope(True, tensors=tensors))
    said = re.sub(r"\bT\b", names["T"], re.sub(r"\bfeatures\b", str(context.features), " ".join(text.split())))
    return SumFact(said, renamed_expr(left, names), renamed_expr(right, names))
