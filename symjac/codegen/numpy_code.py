"""Derivation -> a NumPy module: what goes where, in which order, under which name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from functools import cached_property

from symjac.codegen import update_code
from symjac.codegen.body import Body
from symjac.codegen.code import (
    CodeName,
    CodePart,
    CodeText,
    atom,
    between,
    call,
    keyword,
    listed,
    method,
    named,
    suffix,
    typed,
)
from symjac.codegen.kinks import Kink, kinks
from symjac.codegen.lines import (
    WIDTH,
    CodeStatement,
    block,
    indented,
    returned,
    returned_made,
    written,
)
from symjac.codegen.lower import lower
from symjac.codegen.lowering import Lowering, checked, formula, function_name, spelt
from symjac.codegen.outline import (
    ARRAY,
    FLOAT,
    INT,
    PARAMS,
    STATE,
    TEMPLATE,
    Argument,
    Attribute,
    Class,
    Constant,
    Function,
    Given,
    Module,
    Section,
    arrays,
    laid_out,
    reads_of,
    tuple_of,
)
from symjac.codegen.scalar_code import HELPER_NAMES, SHARE, number, scaled
from symjac.codegen.seal import sealed
from symjac.codegen.second_code import Second
from symjac.codegen.shared import given, helpers, literal, quoted, shapes
from symjac.core import collector
from symjac.core.expr import Equation, Symbol, add, negate, symbols
from symjac.core.pattern import relabel, structure
from symjac.derivation.chain import Derivation
from symjac.model.names import in_python
from symjac.model.stack import Definition, Parameter
from symjac.printing import text
from symjac.printing.wording import TIES

_SAMPLES = {
    "rows": "samples are rows, a dense layer is A = X W + 1 bᵀ",
    "columns": "samples are columns, a dense layer is A = W X + b 1ᵀ",
    "torch": "samples are rows, weights are (units, inputs): a dense layer is A = X Wᵀ + 1 bᵀ",
}
_CHECKS = tuple(map(Given, ("check_arrays", "remedy", "check_params")))
_IN_SINGLE = (Given("in_single", frozenset(("wraps",))), Given("in_half"))


def generate(derivation: Derivation) -> str:
    """The source of the module that computes what `derivation` derives."""
    with collector.paused():
        return sealed(laid_out(_Writer(derivation).module()))


class _Writer:
    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.stack = derivation.stack
        self.names = Lowering(derivation)
        self.functions: dict[tuple[str, str], Function | None] = {}
        """By the formula; None for what is as short without one."""

    def module(self) -> Module:
        stack = self.stack
        before: tuple[Function | Given, ...] = (*self._setting_up(), *_CHECKS, self._check_inputs())
        after: tuple[Function | Given, ...] = (*_IN_SINGLE, *self._computing())
        second = Second(self.names)
        sections = second.sections()
        own = list(dict.fromkeys(f for f in self.functions.values() if f is not None))
        reads = reads_of((*before, *own, *after, *sections))
        stable = helpers(reads)
        reads |= reads_of(stable)
        functions = (*before, *stable, *own, *given(reads), *after)
        return Module(
            f"{stack.name}: a network and its gradients, derived by symjac from {stack.source}.",
            (*self._preamble(second.remark), "", *indented(self._notation())),
            (Section(self._constants(), self._classes(), functions), *sections),
        )

    # ------------------------------------------------------------ constants and classes

    def _constants(self) -> tuple[Constant, ...]:
        return (
            Constant("INPUTS", shapes(self.stack.inputs)),
            Constant("PARAMETERS", shapes(p.symbol for p in self.stack.parameters)),
            Constant("ANALYTIC", atom(str(not self.kinks))),
            Constant("KINKS", atom(literal([quoted(k.text) for k in self.kinks]))),
            *(Constant(in_python(name), number(value)) for name, value in self.stack.constants),
        )

    def _classes(self) -> tuple[Class, ...]:
        params = [Attribute(in_python(p.symbol.name), ARRAY, _shape(p.symbol)) for p in self.stack.parameters]
        values = [d.equation.lhs for d in self.stack.forward]
        quantities = [Attribute(in_python(s.name), ARRAY, _shape(s)) for s in values]
        state = [update_code.state_class(self.stack.update)] if self.stack.update.has_state else []
        return (
            Class("Params", "NamedTuple", "", tuple(params)),
            Class("Activations", "NamedTuple", "", tuple(quantities)),
            *state,
        )

    # ------------------------------------------------------------ functions

    def _setting_up(self) -> Iterator[Function]:
        free = {s for p in self.stack.parameters for size in p.symbol.shape for s in size.free_symbols}
        sizes = sorted(in_python(s.name) for s in free)
        arguments = [
            Argument("rng", named("np.random.Generator")),
            Argument("dtype", named("type"), named("np.float64")),
        ]
        arguments += [Argument("*"), *(Argument(s, INT) for s in sizes)] if sizes else []
        values = [keyword(in_python(p.symbol.name), _initial(p)) for p in self.stack.parameters]
        doc = "Normal numbers of mean 0; what multiplies them is their standard deviation."
        yield Function("init", tuple(arguments), PARAMS, doc, (_each_on_its_line("Params", values),))
        if self.stack.update.has_state:
            start = _each_on_its_line("State", update_code.starts(self.stack.update))
            doc = "The state before the first step."
            yield Function("init_state", (Argument("params", PARAMS),), STATE, doc, (start,))

    def _check_inputs(self) -> Function:
        facts = " or a declared fact does not hold" if self.stack.facts else ""
        doc = f"Raise ValueError where an input is not as declared{facts}."
        body = (written("check_arrays(INPUTS, arrays)"), *self._facts())
        return Function("check_inputs", (Argument("**arrays", ARRAY),), atom("None"), doc, body)

    def _facts(self) -> Iterator[CodeStatement]:
        """The declared facts as checks of the inputs."""
        for fact in self.stack.facts:
            left = lower(add(fact.left, negate(fact.right)), fact.left.free)
            names = list(dict.fromkeys(spelt(symbols(fact.left))))
            array = names[0]
            error = call("np.abs", typed(left.code, f"{array}.dtype"))
            message = quoted(f"{array}: the declared fact {fact.text} does not hold")
            given_arrays = ", ".join(f'arrays["{n}"]' for n in names)
            condition = " and ".join(f'"{n}" in arrays' for n in names)
            yield block(
                f"if {condition}:",
                [
                    written(f"{', '.join(names)} = {given_arrays}", assigns=names),
                    block(
                        f"if not ({error.text} <= np.finfo({array}.dtype).eps ** 0.5).all():",
                        [written(f"raise ValueError({message})")],
                        error.names,
                    ),
                ],
            )

    def _computing(self) -> Iterator[Function]:
        n = self.names
        forward = (Argument("params", PARAMS), *arrays(n.forward_inputs))
        output = n.quantities[-1]
        yield Function(
            "activations",
            forward,
            named("Activations"),
            "Every forward quantity, from the inputs on.",
            (
                written("check_params(params=params)"),
                written("check_arrays(PARAMETERS, dict(zip(Params._fields, params, strict=True)))"),
                checked(n.forward_inputs),
                *self._forward(),
            ),
            "in_single",
        )
        value = returned(suffix(n.activations, f".{output}"))
        yield Function("forward", forward, ARRAY, f"The output, {output}.", (value,))
        yield Function(
            "loss",
            n.at,
            FLOAT,
            formula(self.stack.loss.equation),
            (checked(n.inputs), *self._loss()),
            "in_single",
        )
        yield Function(
            "gradients",
            n.at,
            tuple_of(FLOAT, PARAMS),
            "The loss and its derivatives by the parameters, each in the shape of its parameter.",
            (checked(n.inputs), *self._gradients()),
            "in_single",
        )
        yield update_code.update(self.stack.update)
        yield self._kink_function()

    def _forward(self) -> list[CodeStatement]:
        body = Body(self.names.taken)
        for definition in self.stack.forward:
            self._define(body, definition)
        body.add(returned_made("Activations", list(map(named, self.names.quantities))))
        return self.names.prologue(body.statements)

    def _loss(self) -> list[CodeStatement]:
        body = Body(self.names.taken)
        self.names.assign(body, self.stack.loss.equation)
        body.add(returned(named(self.names.loss)))
        return self.names.after_forward(body.statements)

    def _gradients(self) -> list[CodeStatement]:
        body = Body(self.names.taken)
        for equation in (self.stack.loss.equation, *(d.equation for d in self.derivation.backward)):
            self.names.assign(body, equation)
        found = {d.by.name: d.equation.lhs.name for d in self.derivation.backward if d.kind == "gradient"}
        body.add(self.names.returned_params(found, "params", named(self.names.loss)))
        return self.names.after_forward(body.statements)

    # ------------------------------------------------------------ kinks

    @cached_property
    def forward_kinks(self) -> list[Kink]:
        return [k for d in self.stack.forward for k in kinks(d, self.names.dtype, self.names.stable)]

    @cached_property
    def loss_kinks(self) -> list[Kink]:
        return list(kinks(self.stack.loss, self.names.dtype, self.names.stable))

    @property
    def kinks(self) -> list[Kink]:
        return [*self.forward_kinks, *self.loss_kinks]

    def _kink_function(self) -> Function:
        optional = CodeText((CodeName("np.ndarray"), " | None"), ARRAY.precedence)
        targets = tuple(Argument(t, optional, atom("None")) for t in self.names.targets)
        remark = f"; of the loss where {' and '.join(self.names.targets)} is given" if self.loss_kinks else ""
        doc = f"Arrays that are 0 exactly where KINKS says that a formula has a kink{remark}."
        arguments = (Argument("params", PARAMS), *arrays(self.names.forward_inputs), *targets)
        return Function("kinks", arguments, between("list[", [ARRAY], "]"), doc, tuple(self._kinks()))

    def _kinks(self) -> list[CodeStatement]:
        if not self.kinks:
            return [written("return []")]
        of_forward, of_loss = (
            between("[", [k.code for k in found], "]") for found in (self.forward_kinks, self.loss_kinks)
        )
        body = [written(f"values = {of_forward.text}", reads=of_forward.names, assigns=["values"])]
        if self.loss_kinks:
            is_given = " and ".join(f"{t} is not None" for t in self.names.targets)
            body.append(block(f"if {is_given}:", [written(f"values += {of_loss.text}", reads=of_loss.names)]))
        return self.names.after_forward([*body, returned(named("values"))])

    # ------------------------------------------------------------ functions of one quantity

    def _define(self, body: Body, definition: Definition) -> None:
        """A forward formula: by a function of the module where it is a function of one quantity with a name."""
        function = self._function(definition)
        if function is None or definition.argument is None:
            self.names.assign(body, definition.equation)
        else:
            body.comment(formula(definition.equation))
            argument = named(in_python(definition.argument.name))
            body.assign(in_python(definition.equation.lhs.name), call(function.name, argument))

    def _function(self, definition: Definition) -> Function | None:
        """The function that `definition` calls; None where the formula itself is as short."""
        equation, argument = definition.equation, definition.argument
        if definition.function is None or argument is None:
            return None
        if any(s.name != argument.name for s in symbols(equation.rhs)):
            return None
        key = definition.function, structure([equation.rhs])[0]
        if key not in self.functions:
            self.functions[key] = self._new_function(definition.function, equation, argument)
        return self.functions[key]

    @cached_property
    def argument(self) -> str:
        """What the argument of the module's functions is called."""
        return "A" if all(name != "A" for name, _ in self.stack.constants) else "A_"

    def _new_function(self, wanted: str, equation: Equation, argument: Symbol) -> Function | None:
        renamed = relabel(equation.rhs, {argument.name: self.argument})
        code, laws = self.names.lowered(Equation(equation.lhs, renamed), f"{self.argument}.dtype")
        if _is_short(code) or code.names & self.names.sizes.keys():
            return None
        body = Body([self.argument, *(in_python(name) for name, _ in self.stack.constants)])
        body.result(code)
        doc = text.expression(renamed, equation.lhs.indices, in_python)
        how = f"; computed stably: {', '.join(laws)}" if laws else ""
        known = {f.name: f for f in self.functions.values() if f is not None}
        name = function_name(wanted)
        others = (*HELPER_NAMES, SHARE)
        while name in self.names.values or name in others or (name in known and known[name].lines != body.lines):
            name += "_"
        return known.get(name, Function(name, arrays([self.argument]), ARRAY, f"{doc}{how}.", tuple(body.statements)))

    # ------------------------------------------------------------ words

    def _preamble(self, remarks: Sequence[str]) -> list[str]:
        samples = _SAMPLES[self.stack.conventions.samples]
        gradient = f"a gradient has the shape of its parameter; {TIES}"
        facts = [f"Declared: {f.text}." for f in self.stack.facts]
        facts += [
            f"In code, {name} is {in_python(name)}: Python or this module has another use for {name}."
            for name in self._captured()
        ]
        second = "R.. is the derivative of a quantity along V, G.. stands for a cotangent in a Gauss-Newton product."
        notation = "⊙ and ⊘ multiply and divide entry by entry, 𝟏 is a vector of ones, X[n] is sample n."
        sentences = [f"Conventions: {samples}; {gradient}.", notation, second, *facts, *remarks]
        sentences.append(f"Laid out by templates/{TEMPLATE}.")
        return textwrap.wrap(" ".join(sentences), WIDTH)

    def _captured(self) -> list[str]:
        """The names that are spelt with an underscore behind them."""
        stack = self.stack
        given_names = [s.name for s in (*stack.inputs, *(p.symbol for p in stack.parameters))]
        given_names += [d.equation.lhs.name for d in stack.forward]
        given_names += [d.function for d in stack.forward if d.function is not None and d.function not in HELPER_NAMES]
        given_names += [s.name for i in stack.inputs for size in i.shape for s in size.free_symbols]
        update = stack.update
        given_names += [name for name, _ in (*stack.constants, *update.constants, *update.state, *update.assignments)]
        return [name for name in dict.fromkeys(given_names) if in_python(name) == f"{name}_"]

    def _notation(self) -> list[str]:
        """Name, shape and meaning of every array."""
        rows = [(s, "input") for s in self.stack.inputs]
        rows += [(p.symbol, "parameter") for p in self.stack.parameters]
        rows += [(d.equation.lhs, d.function or d.layer) for d in self.stack.forward]
        rows += [(d.equation.lhs, f"∂{self.names.loss}/∂{in_python(d.by.name)}") for d in self.derivation.backward]
        table = [(in_python(s.name), _shape(s), meaning) for s, meaning in rows]
        widths = [max(len(row[column]) for row in table) for column in (0, 1)]
        return [f"{n:<{widths[0]}}  {s:<{widths[1]}}  {meaning}".rstrip() for n, s, meaning in table]


def _each_on_its_line(kind: str, values: Sequence[CodeText]) -> CodeStatement:
    lines = indented(f"{v.text}," for v in values)
    return written(f"return {kind}(", *lines, ")", reads=frozenset().union(*(v.names for v in values)))


def _is_short(code: CodeText) -> bool:
    """True for `np.tanh(A)` and the like: one call, or the argument itself."""
    inner = [p.code for p in code.pieces if isinstance(p, CodePart)]
    return code.is_name or (code.heavy and len(inner) == 1 and inner[0].is_name)


def _initial(p: Parameter) -> CodeText:
    shape = listed([number(x) for x in p.symbol.shape])
    if p.std == 0:
        return call("np.zeros", shape, named("dtype"))
    drawn = scaled(p.std, call("rng.standard_normal", shape))
    return method(between("(", [drawn], ")"), "astype", named("dtype"))


def _shape(s: Symbol) -> str:
    return literal([number(x).text for x in s.shape])
