"""Derivation -> a NumPy module: what goes where, in which order, under which name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from functools import cached_property

import sympy

from symjac.calculus.stabilise import stabilise
from symjac.calculus.trace import Step
from symjac.codegen import update_code
from symjac.codegen.body import WIDTH, Body, call_lines, identifiers, unpack
from symjac.codegen.code import DTYPE, CodePart, CodeText, call, listed, named, renamed, typed
from symjac.codegen.kinks import Kink, kinks
from symjac.codegen.lower import lower, lower_equation
from symjac.codegen.scalar_code import HELPERS, SHARE, number, scaled
from symjac.codegen.seal import sealed
from symjac.codegen.second_code import Second
from symjac.codegen.shared import ModuleFunction, helpers, imports, open_sizes
from symjac.core import collector
from symjac.core.expr import Equation, Expr, Symbol, add, negate, symbols
from symjac.core.faults import at_hand
from symjac.core.pattern import relabel, relabel_equation, structure
from symjac.derivation.chain import Derivation
from symjac.model.names import in_python
from symjac.model.stack import Definition, Parameter
from symjac.printing import render, text
from symjac.printing.wording import TIES

TEMPLATE = "numpy/module.py.j2"

_SAMPLES = {
    "rows": "samples are rows, a dense layer is A = X W + 1 bᵀ",
    "columns": "samples are columns, a dense layer is A = W X + b 1ᵀ",
    "torch": "samples are rows, weights are (units, inputs): a dense layer is A = X Wᵀ + 1 bᵀ",
}


def generate(derivation: Derivation) -> str:
    """The source of the module that computes what `derivation` derives."""
    with collector.paused():
        return sealed(render.render(TEMPLATE, **_Module(derivation).context()))


class _Module:
    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.stack = derivation.stack
        self.values = {d.equation.lhs.name: d.equation for d in self.stack.forward}
        self.inputs = _names(self.stack.inputs)
        self.parameters = _names(p.symbol for p in self.stack.parameters)
        self.quantities = _names(d.equation.lhs for d in self.stack.forward)
        self.loss = in_python(self.stack.loss.equation.lhs.name)
        self.functions: dict[tuple[str, str], ModuleFunction | None] = {}
        self.patterns: dict[str, CodeText] = {}
        """Code by the structure of an equation, whose n-th name is `_n_`."""

    # ------------------------------------------------------------ what the template is filled with

    def context(self) -> dict[str, object]:
        stack = self.stack
        bodies = {
            "forward_lines": self._forward(),
            "loss_lines": self._loss(),
            "gradient_lines": self._gradients(),
            "kink_lines": self._kinks(),
        }
        bodies["update_lines"] = update_code.step(stack.update)
        second = Second(self)
        second_order = second.context()
        functions = list(dict.fromkeys(f for f in self.functions.values() if f is not None))
        code = [*(line for lines in bodies.values() for line in lines), *second.lines]
        code += [line for f in functions for line in f.lines]
        functions = [*helpers(identifiers(code)), *functions]
        code += [line for f in functions for line in f.lines]
        initial = [(in_python(p.symbol.name), _initial(p)) for p in stack.parameters]
        constants = [(in_python(name), number(value).text) for name, value in stack.constants]
        words = identifiers([*code, *(value for _, value in (*initial, *constants))])
        sizes = self._open_sizes()
        return {
            **bodies,
            **second_order,
            "title": f"{stack.name}: a network and its gradients, derived by symjac from {stack.source}.",
            "preamble": self._preamble(second.remark),
            "notation": self._notation(),
            "standard_imports": ["import math"] if "math" in words else [],
            "imports": imports(words),
            "inputs": _shapes(stack.inputs),
            "parameters": _shapes([p.symbol for p in stack.parameters]),
            "analytic": not self.all_kinks,
            "kinks": _tuple([_quoted(k.text) for k in self.all_kinks]),
            "constants": constants,
            "fields": [(in_python(p.symbol.name), _shape(p.symbol)) for p in stack.parameters],
            "activation_fields": [(in_python(d.equation.lhs.name), _shape(d.equation.lhs)) for d in stack.forward],
            "init_sizes": "".join(f", {s}" for s in ["*", *(f"{s}: int" for s in sizes)]) if sizes else "",
            "initial": initial,
            "facts": self._facts(),
            "functions": functions,
            "adds_back": "add_back" in words,
            "gaps": "gap_below_maximum" in words,
            "shares": SHARE in words,
            "forward_arguments": _arguments(self.forward_inputs),
            "forward_keywords": _keywords(self.forward_inputs),
            "forward_names": ", ".join(self.forward_inputs),
            "output": self.quantities[-1],
            "arguments": _arguments(self.inputs),
            "keywords": _keywords(self.inputs),
            "names": ", ".join(self.inputs),
            "loss": self.loss,
            "loss_doc": _formula(stack.loss.equation),
            "state_fields": update_code.fields(stack.update),
            "update_head": update_code.signature(stack.update, "update", ["params: Params", "grads: Params"], "state"),
            "update_doc": update_code.doc(stack.update),
            "kink_arguments": ", ".join(
                [_arguments(self.forward_inputs), *(f"{t}: np.ndarray | None = None" for t in self.targets)]
            ),
            "kink_remark": f"; of the loss where {' and '.join(self.targets)} is given" if self.loss_kinks else "",
        }

    @cached_property
    def forward_inputs(self) -> list[str]:
        """The inputs that the output depends on; the first, X, always."""
        read = {s.name for d in self.stack.forward for s in symbols(d.equation.rhs)}
        return _names(s for p, s in enumerate(self.stack.inputs) if p == 0 or s.name in read)

    @cached_property
    def targets(self) -> list[str]:
        return [n for n in self.inputs if n not in self.forward_inputs]

    @cached_property
    def taken(self) -> set[str]:
        """Names that no other value may be given."""
        functions = [_function_name(d.function) for d in self.stack.forward if d.function is not None]
        return {*self._values, *functions}

    @cached_property
    def _values(self) -> set[str]:
        """Names of arrays, sizes and constants."""
        derived = _names(d.equation.lhs for d in self.derivation.backward)
        constants = [in_python(name) for name, _ in self.stack.constants]
        given = [*self.inputs, *self.parameters, *constants, *self.sizes]
        return {*given, *self.quantities, self.loss, *derived, "params"}

    @cached_property
    def argument(self) -> str:
        """What the argument of the module's functions is called."""
        return "A" if all(name != "A" for name, _ in self.stack.constants) else "A_"

    # ------------------------------------------------------------ bodies

    def _forward(self) -> list[str]:
        body = Body(self.taken)
        for definition in self.stack.forward:
            self._define(body, definition)
        return [*self._prologue(body.lines), *body.lines, *call_lines("return Activations", self.quantities)]

    def _loss(self) -> list[str]:
        body = Body(self.taken)
        self._assign(body, self.stack.loss.equation)
        return self._after_forward(body.lines)

    def _gradients(self) -> list[str]:
        body = Body(self.taken)
        for equation in (self.stack.loss.equation, *(d.equation for d in self.derivation.backward)):
            self._assign(body, equation)
        gradients = [d for d in self.derivation.backward if d.kind == "gradient"]
        found = {in_python(d.by.name): in_python(d.equation.lhs.name) for d in gradients}
        values = [f"{p}={found[p]}" if p in found else f"{p}=np.zeros_like(params.{p})" for p in self.parameters]
        return [*self._after_forward(body.lines), *call_lines(f"return {self.loss}, Params", values)]

    def _kinks(self) -> list[str]:
        lines = [f"values = [{', '.join(k.code.text for k in self.forward_kinks)}]"]
        if self.loss_kinks:
            given = " and ".join(f"{t} is not None" for t in self.targets)
            lines += [f"if {given}:", f"    values += [{', '.join(k.code.text for k in self.loss_kinks)}]"]
        if not self.all_kinks:
            return ["return []"]
        return [*self._after_forward(lines), "return values"]

    @cached_property
    def forward_kinks(self) -> list[Kink]:
        return [k for d in self.stack.forward for k in kinks(d, f"{self.inputs[0]}.dtype", self._stable)]

    @cached_property
    def loss_kinks(self) -> list[Kink]:
        return list(kinks(self.stack.loss, f"{self.inputs[0]}.dtype", self._stable))

    @property
    def all_kinks(self) -> list[Kink]:
        return [*self.forward_kinks, *self.loss_kinks]

    def _after_forward(self, lines: Sequence[str]) -> list[str]:
        """`lines`, with the forward quantities, parameters and sizes that they need before them."""
        words = identifiers(lines)
        call_forward = f"activations(params, {', '.join(self.forward_inputs)})"
        return [*unpack(self.quantities, words, call_forward), *self._prologue(lines), *lines]

    def _prologue(self, lines: Sequence[str]) -> list[str]:
        words = identifiers(lines)
        sizes = [f"{name} = {source}" for name, source in self.sizes.items() if name in words]
        return [*unpack(self.parameters, words, "params"), *sizes]

    @cached_property
    def sizes(self) -> dict[str, str]:
        """Each open size and the array's axis that it is read from."""
        return open_sizes(self.stack)

    def _open_sizes(self) -> list[str]:
        """The sizes that the parameters' shapes leave open."""
        free = {s for p in self.stack.parameters for size in p.symbol.shape for s in size.free_symbols}
        return sorted(in_python(s.name) for s in free)

    # ------------------------------------------------------------ one equation

    def _assign(self, body: Body, equation: Equation) -> None:
        """The formula as a comment, then the assignment."""
        body.comment(_formula(equation))
        code, laws = self.lowered(equation)
        if laws:
            body.comment(f"computed stably: {', '.join(laws)}")
        body.assign(in_python(equation.lhs.name), code)

    def lowered(self, equation: Equation, dtype: str = "") -> tuple[CodeText, list[str]]:
        """The right side as code, and the laws that made it stable; what has no array in it has the input's dtype."""
        with at_hand(lambda: f"the code of {equation.lhs.key} = {equation.rhs.key}"):
            return self._lowered(equation, dtype or f"{self.inputs[0]}.dtype")

    def _lowered(self, equation: Equation, dtype: str) -> tuple[CodeText, list[str]]:
        shape, names = structure([equation.lhs, equation.rhs])
        derived = equation.lhs.name not in self.values and equation.lhs.name != self.stack.loss.equation.lhs.name
        shape = f"derived {shape}" if derived else shape
        if shape not in self.patterns:
            rhs, steps = self._stabilised(equation.rhs, derived)
            if steps:  # they may have read what the names stand for
                return lower_equation(Equation(equation.lhs, rhs), dtype), [step.law.name for step in steps]
            places = {name: f"_{place}_" for place, name in enumerate(names)}
            self.patterns[shape] = lower_equation(relabel_equation(equation, places), DTYPE)
        words = {f"_{place}_": in_python(name) for place, name in enumerate(names)}
        return renamed(self.patterns[shape], {**words, DTYPE: dtype}), []

    def _stabilised(self, e: Expr, derived: bool = False) -> tuple[Expr, tuple[Step, ...]]:
        return stabilise(e, self.values, [s.name for s in self.stack.inputs], derived)

    def _stable(self, e: Expr) -> Expr:
        return self._stabilised(e)[0]

    def _define(self, body: Body, definition: Definition) -> None:
        """A forward formula: by a function of the module where it is a function of one quantity with a name."""
        function = self._function(definition)
        if function is None or definition.argument is None:
            self._assign(body, definition.equation)
        else:
            body.comment(_formula(definition.equation))
            argument = named(in_python(definition.argument.name))
            body.assign(in_python(definition.equation.lhs.name), call(function.name, argument))

    def _function(self, definition: Definition) -> ModuleFunction | None:
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

    def _new_function(self, wanted: str, equation: Equation, argument: Symbol) -> ModuleFunction | None:
        renamed = relabel(equation.rhs, {argument.name: self.argument})
        code, laws = self.lowered(Equation(equation.lhs, renamed), f"{self.argument}.dtype")
        if _is_short(code) or identifiers([code.text]) & self.sizes.keys():
            return None
        body = Body([self.argument, *(in_python(name) for name, _ in self.stack.constants)])
        body.result(code)
        doc = text.expression(renamed, equation.lhs.indices, in_python)
        how = f"; computed stably: {', '.join(laws)}" if laws else ""
        known = {f.name: f for f in self.functions.values() if f is not None}
        lines, name = tuple(body.lines), _function_name(wanted)
        others = (*HELPERS.values(), SHARE)
        while name in self._values or name in others or (name in known and known[name].lines != lines):
            name += "_"
        return known.get(name, ModuleFunction(name, self.argument, f"{doc}{how}.", lines))

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
        named = [s.name for s in (*stack.inputs, *(p.symbol for p in stack.parameters))]
        named += [d.equation.lhs.name for d in stack.forward]
        named += [d.function for d in stack.forward if d.function is not None and d.function not in HELPERS.values()]
        named += [s.name for i in stack.inputs for size in i.shape for s in size.free_symbols]
        update = stack.update
        named += [name for name, _ in (*stack.constants, *update.constants, *update.state, *update.assignments)]
        return [name for name in dict.fromkeys(named) if in_python(name) == f"{name}_"]

    def _notation(self) -> list[str]:
        """Name, shape and meaning of every array."""
        rows = [(s, "input") for s in self.stack.inputs]
        rows += [(p.symbol, "parameter") for p in self.stack.parameters]
        rows += [(d.equation.lhs, d.function or d.layer) for d in self.stack.forward]
        rows += [(d.equation.lhs, f"∂{self.loss}/∂{in_python(d.by.name)}") for d in self.derivation.backward]
        table = [(in_python(s.name), _shape(s), meaning) for s, meaning in rows]
        widths = [max(len(row[column]) for row in table) for column in (0, 1)]
        return [f"{n:<{widths[0]}}  {s:<{widths[1]}}  {meaning}".rstrip() for n, s, meaning in table]

    def _facts(self) -> list[dict[str, str]]:
        """The declared facts as checks of the inputs."""
        out = []
        for fact in self.stack.facts:
            left = lower(add(fact.left, negate(fact.right)), fact.left.free)
            names = list(dict.fromkeys(in_python(s.name) for s in symbols(fact.left)))
            out.append(
                {
                    "condition": " and ".join(f'"{n}" in arrays' for n in names),
                    "unpack": ", ".join(names) + " = " + ", ".join(f'arrays["{n}"]' for n in names),
                    "error": call("np.abs", typed(left.code, f"{names[0]}.dtype")).text,
                    "array": names[0],
                    "message": _quoted(f"{names[0]}: the declared fact {fact.text} does not hold"),
                }
            )
        return out


def _function_name(wanted: str) -> str:
    """The name of an activation's function; `sigmoid` and `softplus` are what a module has under these names."""
    return wanted if wanted in HELPERS.values() else in_python(wanted)


def _names(symbols_: Iterable[Symbol]) -> list[str]:
    return [in_python(s.name) for s in symbols_]


def _formula(equation: Equation) -> str:
    return text.equation(equation.lhs, equation.rhs, names=in_python)


def _is_short(code: CodeText) -> bool:
    """True for `np.tanh(A)` and the like: one call, or the argument itself."""
    inner = [p.code for p in code.pieces if isinstance(p, CodePart)]
    return code.is_name or (code.heavy and len(inner) == 1 and inner[0].is_name)


def _initial(p: Parameter) -> str:
    shape = listed([number(x) for x in p.symbol.shape])
    if p.std == 0:
        return f"np.zeros({shape.text}, dtype)"
    drawn = scaled(p.std, call("rng.standard_normal", shape))
    return f"({drawn.text}).astype(dtype)"


def _size(size: sympy.Expr) -> str:
    return number(size).text


def _shape(s: Symbol) -> str:
    return _tuple([_size(x) for x in s.shape])


def _shapes(symbols_: Iterable[Symbol]) -> str:
    """A dictionary from names to shapes, open sizes as strings."""
    rows = []
    for s in symbols_:
        sizes = [_size(x) if isinstance(x, sympy.Integer) else _quoted(_size(x)) for x in s.shape]
        rows.append(f"{_quoted(in_python(s.name))}: {_tuple(sizes)}")
    return "{\n" + "".join(f"    {row},\n" for row in rows) + "}"


def _tuple(items: Sequence[str]) -> str:
    inner = ", ".join(items) + ("," if len(items) == 1 else "")
    if len(inner) <= WIDTH - 10:
        return f"({inner})"
    return "(\n" + "".join(f"    {item},\n" for item in items) + ")"


def _quoted(s: str) -> str:
    return '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _arguments(names: Sequence[str]) -> str:
    return ", ".join(f"{n}: np.ndarray" for n in names)


def _keywords(names: Sequence[str]) -> str:
    return ", ".join(f"{n}={n}" for n in names)
