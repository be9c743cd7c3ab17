"""The names of a derivation's quantities in code, and its equations as code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from symjac.calculus.stabilise import stabilise
from symjac.calculus.trace import Step
from symjac.codegen.body import Body
from symjac.codegen.code import DTYPE, CodeText, call, keyword, named, renamed
from symjac.codegen.lines import CodeStatement, read_by, returned_made, sizes_read, unpacked, written
from symjac.codegen.lower import lower_equation
from symjac.codegen.outline import PARAMS, Argument, arrays
from symjac.codegen.scalar_code import HELPER_NAMES
from symjac.codegen.shared import open_sizes
from symjac.core.expr import Equation, Expr, Symbol, symbols
from symjac.core.faults import at_hand
from symjac.core.pattern import relabel_equation, structure
from symjac.derivation.chain import Derivation
from symjac.model.names import in_python
from symjac.printing import text


class Lowering:
    """One derivation in code. Equations of one structure are lowered once, and their names filled in."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        stack = self.stack = derivation.stack
        self.inputs = spelt(stack.inputs)
        self.parameters = spelt(p.symbol for p in stack.parameters)
        self.quantities = spelt(d.equation.lhs for d in stack.forward)
        self.loss = in_python(stack.loss.equation.lhs.name)
        self.sizes = open_sizes(stack)
        """Each open size and where it is read from."""
        self.dtype = f"{self.inputs[0]}.dtype"
        """Of what has no array in it."""
        self._values = {d.equation.lhs.name: d.equation for d in stack.forward}
        self._patterns: dict[str, CodeText] = {}
        """Code by the structure of an equation, whose n-th name is `_n_`."""

    # ------------------------------------------------------------ names

    @cached_property
    def forward_inputs(self) -> list[str]:
        """The inputs that the output depends on; the first, X, always."""
        read = {s.name for d in self.stack.forward for s in symbols(d.equation.rhs)}
        return spelt(s for p, s in enumerate(self.stack.inputs) if p == 0 or s.name in read)

    @cached_property
    def targets(self) -> list[str]:
        return [n for n in self.inputs if n not in self.forward_inputs]

    @cached_property
    def taken(self) -> set[str]:
        """Names that no other value may be given."""
        functions = [function_name(d.function) for d in self.stack.forward if d.function is not None]
        return {*self.values, *functions}

    @cached_property
    def values(self) -> set[str]:
        """Names of arrays, sizes and constants."""
        derived = spelt(d.equation.lhs for d in self.derivation.backward)
        constants = [in_python(name) for name, _ in self.stack.constants]
        given = [*self.inputs, *self.parameters, *constants, *self.sizes]
        return {*given, *self.quantities, self.loss, *derived, "params"}

    # ------------------------------------------------------------ equations

    def assign(self, body: Body, equation: Equation) -> None:
        """The formula as a comment, then the assignment."""
        body.comment(formula(equation))
        code, laws = self.lowered(equation)
        told(body, laws)
        body.assign(in_python(equation.lhs.name), code)

    def lowered(self, equation: Equation, dtype: str = "") -> tuple[CodeText, list[str]]:
        """The right side as code, and the laws that made it stable; what has no array in it has the input's dtype."""
        with at_hand(lambda: f"the code of {equation.lhs.key} = {equation.rhs.key}"):
            return self._lowered(equation, dtype or self.dtype)

    def _lowered(self, equation: Equation, dtype: str) -> tuple[CodeText, list[str]]:
        shape, names = structure([equation.lhs, equation.rhs])
        derived = equation.lhs.name not in self._values and equation.lhs.name != self.stack.loss.equation.lhs.name
        shape = f"derived {shape}" if derived else shape
        if shape not in self._patterns:
            rhs, steps = self._stabilised(equation.rhs, derived)
            if steps:  # they may have read what the names stand for
                return lower_equation(Equation(equation.lhs, rhs), dtype), [step.law.name for step in steps]
            places = {name: f"_{place}_" for place, name in enumerate(names)}
            self._patterns[shape] = lower_equation(relabel_equation(equation, places), DTYPE)
        words = {f"_{place}_": in_python(name) for place, name in enumerate(names)}
        return renamed(self._patterns[shape], {**words, DTYPE: dtype}), []

    def _stabilised(self, e: Expr, derived: bool = False) -> tuple[Expr, tuple[Step, ...]]:
        return stabilise(e, self._values, [s.name for s in self.stack.inputs], derived)

    def stable(self, e: Expr) -> Expr:
        """What is computed for a forward formula."""
        return self._stabilised(e)[0]

    # ------------------------------------------------------------ calls

    @cached_property
    def at(self) -> tuple[Argument, ...]:
        """The arguments that say where derivatives are taken."""
        return (Argument("params", PARAMS), *arrays(self.inputs))

    @cached_property
    def given(self) -> list[CodeText]:
        """The same as a call passes them on."""
        return [named(a.name) for a in self.at]

    @property
    def linearized(self) -> CodeText:
        return call("linearize", *self.given)

    def returned_params(self, values: Mapping[str, str], like: str, *before: CodeText) -> CodeStatement:
        """`return before, Params(...)` of a quantity for each parameter; where it has none, zeros as in `like`."""
        fields = []
        for p in self.stack.parameters:
            field, value = in_python(p.symbol.name), values.get(p.symbol.name)
            zeros = call("np.zeros_like", named(f"{like}.{field}"))
            fields.append(keyword(field, zeros if value is None else named(in_python(value))))
        return returned_made("Params", fields, *before)

    # ------------------------------------------------------------ what statements need before them

    @cached_property
    def activations(self) -> CodeText:
        """The call that gives the forward quantities."""
        return call("activations", *map(named, ("params", *self.forward_inputs)))

    def after_forward(self, statements: Sequence[CodeStatement]) -> list[CodeStatement]:
        """The statements, with the forward quantities, parameters and sizes that they need before them."""
        return [*unpacked(self.quantities, self.needs(statements), self.activations), *self.prologue(statements)]

    def prologue(self, statements: Sequence[CodeStatement]) -> list[CodeStatement]:
        """The statements, with the parameters and sizes that they need before them."""
        needed = self.needs(statements)
        return [*unpacked(self.parameters, needed, named("params")), *sizes_read(self.sizes, needed), *statements]

    def needs(self, statements: Iterable[CodeStatement]) -> set[str]:
        """The names that the statements read, and the arrays that sizes among them are read from."""
        names = read_by(statements)
        return names.union(*(source.names for size, source in self.sizes.items() if size in names))


def checked(inputs: Sequence[str]) -> CodeStatement:
    """The inputs are looked at before anything is computed."""
    return written(call("check_inputs", *(keyword(n, named(n)) for n in inputs)).text)


def told(body: Body, laws: Sequence[str]) -> None:
    """By which laws what follows is computed, where it is not by the formula itself."""
    if laws:
        body.comment(f"computed stably: {', '.join(laws)}")


def function_name(wanted: str) -> str:
    """The name of an activation's function; `sigmoid` and `softplus` are what a module has under these names."""
    return wanted if wanted in HELPER_NAMES else in_python(wanted)


def spelt(symbols_: Iterable[Symbol]) -> list[str]:
    return [in_python(s.name) for s in symbols_]


def formula(equation: Equation) -> str:
    return text.equation(equation.lhs, equation.rhs, names=in_python)
