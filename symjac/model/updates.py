"""The spec's update -> assignments in order: which names are the state, which are numbers, which are arrays."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from symjac.core import scalar
from symjac.core.errors import InputError
from symjac.model import elaborate
from symjac.model import parse as tree
from symjac.model.context import Context
from symjac.model.names import check_name, in_python
from symjac.model.parse import Ast, parse
from symjac.model.patterns import read_amount
from symjac.model.reader import FUNCTIONS
from symjac.model.spec import EXAMPLES, UpdateSpec, use_of, validated
from symjac.model.stack import STEP
from symjac.model.stack import Update as Step
from symjac.model.yaml_source import Path_, Places

_FLOOR = {"floor": sympy.floor(scalar.slot(0))}
"""Schedules are formulas of the number of the step, which may be cut into stretches."""


def read_update(context: Context) -> Step:
    """The update that the spec declares. Raises InputError."""
    use = use_of(context.spec.content.update, ("update",), context.places, "the update")
    constants: dict[str, sympy.Symbol] = {}
    if use.name == "formula":
        given = validated(UpdateSpec, use.options, context.places, EXAMPLES, use.path)
        context.own_constants(given.constants, use.path, constants)
        places, path, own = context.places, use.path, True
    else:
        entry = context.catalogue.find_update(use.name, use.place)
        given, places, path, own = entry.definition, entry.places, entry.path, entry.own
        options = context.options(use, dict.fromkeys(given.constants, True))
        constants = context.constants_of(entry, use, options)
    assignments = _Assignments(given, places, path, context.scope(own, constants=constants)).all()
    used = {c for _, formula in assignments for c in scalar.constants_of(formula)}
    return Step(
        use.name,
        tuple((c.name, v) for c, v in context.values.items() if c in used),
        tuple((name, read_amount(v, places.value((*path, "state", name)), {})) for name, v in given.state.items()),
        assignments,
    )


class _Assignments:
    """Reads the assignments of one update in order."""

    def __init__(self, given: UpdateSpec, places: Places, path: Path_, scope: elaborate.Scope) -> None:
        self.given = given
        self.places = places
        self.path = path
        self.whole = places.key((*path, "formulas" if given.formulas else "formula"))
        self.scope = scope
        functions = (*FUNCTIONS, *scope.functions)
        self.known = {"a constant": scope.constants, "a size": scope.sizes, "a function": functions}
        self.numbers: dict[str, sympy.Symbol] = {"t": STEP}
        """What is one number for all entries, by name."""
        self.variables = ["theta", "g", *given.state]
        self.done: dict[str, sympy.Expr] = {}

    def all(self) -> tuple[tuple[str, sympy.Expr], ...]:
        for name in self.given.state:
            place = self.places.key((*self.path, "state", name))
            check_name(name, "the state", place)
            kind = self.kind_of(name)
            if kind:
                raise InputError(place, f"the state {name!r} has the name of {kind}", "another name")
        written = self.written()
        names = [self.assigned(ast, left) for left, ast in written]
        self.check_names(names, written)
        for (_, ast), name in zip(written, names, strict=True):
            self.read(ast, name, names)
        self.check_use(written)
        return tuple(self.done.items())

    def written(self) -> list[tuple[tree.NameAst | None, Ast]]:
        """The left sides and the formulas; the only formula of an update that assigns nothing else has no left side."""
        if (self.given.formula is None) == (not self.given.formulas):
            found = "both formula and formulas" if self.given.formulas else "an update without a formula"
            raise InputError(self.whole, found, "`formula: theta - alpha*g`, or a list `formulas:` of assignments")
        if self.given.formula is not None:
            ast = parse(self.given.formula, self.places.value((*self.path, "formula")))
            if isinstance(ast.node, tree.DefinitionAst):
                hint = "assignments are a list: `formulas: [m = beta*m + g, theta = theta - alpha*m]`"
                raise ast.error(ast.node.at, "a = has no place here", "a formula such as theta - alpha*g", hint)
            return [(None, ast)]
        out: list[tuple[tree.NameAst | None, Ast]] = []
        for number, text in enumerate(self.given.formulas):
            ast = parse(text, self.places.value((*self.path, "formulas", number)))
            if not isinstance(ast.node, tree.DefinitionAst):
                raise ast.error(0, "a formula without =", "an assignment such as m = beta*m + g")
            left = ast.node.left
            if not isinstance(left, tree.NameAst):
                raise ast.error(left.at, "this cannot be assigned", "a name left of the =")
            out.append((left, Ast(ast.text, ast.place, ast.node.right)))
        return out

    def assigned(self, ast: Ast, left: tree.NameAst | None) -> str:
        """The name that a formula assigns, where it may be assigned."""
        if left is None or left.name == "theta" or left.name in self.given.state:
            return left.name if left else "theta"
        meanings = {"g": "the gradient", "t": "the number of the step"}
        kind = meanings.get(left.name) or self.kind_of(left.name)
        if kind:
            raise ast.error(left.at, f"'{left.name}' is {kind}, not to be assigned", "theta, the state, a new name")
        return check_name(left.name, "the assigned name", ast.error(left.at, "").place)

    def kind_of(self, name: str) -> str | None:
        return next((kind for kind, known in self.known.items() if name in known), None)

    def check_names(self, names: list[str], written: list[tuple[tree.NameAst | None, Ast]]) -> None:
        """Each name is assigned once; theta and the whole state are."""
        for number, (left, ast) in enumerate(written):
            if left is not None and names[number] in names[:number]:
                raise ast.error(left.at, f"'{left.name}' is assigned twice", "each name once")
            spelt = [in_python(n) for n in (*self.scope.constants, *names[:number])]
            if left is not None and in_python(left.name) in spelt:
                raise ast.error(left.at, f"'{left.name}' is the same name in code as another", "another name")
        if "theta" not in names:
            raise InputError(self.whole, "no formula assigns theta", "an assignment theta = ...")
        for name in self.given.state:
            if name not in names:
                place = self.places.key((*self.path, "state", name))
                raise InputError(place, f"the state {name!r} is never assigned", f"a formula {name} = ...")

    def read(self, ast: Ast, name: str, names: list[str]) -> None:
        """Adds the assignment; what it names is an array, or a number where it is made from numbers."""
        later = [n for n in names if n not in self.variables and n not in self.numbers]
        for node in tree.nodes(ast.node):
            if isinstance(node, tree.NameAst) and node.name in later:
                found = f"'{node.name}' is used before it is assigned"
                raise ast.error(node.at, found, "theta, g, t, the state and names that are assigned before")
        constants: Mapping[str, sympy.Expr] = {**self.scope.constants, **self.numbers}
        scope = elaborate.Scope(
            sizes=self.scope.sizes, constants=constants, functions={**self.scope.functions, **_FLOOR}
        )
        formula = elaborate.scalar_formula(ast, tuple(self.variables), scope)
        slots = scalar.slots_of(formula)
        try:
            for slot in slots:
                scalar.derivative(formula, scalar.slot_number(slot))
        except ValueError:
            raise ast.error(0, "this formula has no derivative", "a formula that can be differentiated") from None
        if name not in self.variables:
            if slots:
                self.variables.append(name)
            else:
                self.numbers[name] = sympy.Symbol(name, real=True)
        elif not slots:
            raise ast.error(0, f"the new {name} is the same number for all entries", "a formula in arrays")
        self.done[name] = formula

    def check_use(self, written: list[tuple[tree.NameAst | None, Ast]]) -> None:
        """What theta becomes depends on the gradient, and on all that is kept or named."""
        used = {
            name: {self.variables[scalar.slot_number(s)] for s in scalar.slots_of(formula)}
            | {c.name for c in scalar.constants_of(formula) if c in self.numbers.values()}
            for name, formula in self.done.items()
        }
        reached, waiting = {"theta"}, ["theta"]
        while waiting:
            new = used.get(waiting.pop(), set()) - reached
            reached |= new
            waiting += new
        read = set().union(*(used[name] for name in reached if name in used))
        missing = [n for n in ("theta", "g") if n not in read and not (n == "theta" and self.given.state)]
        if missing:
            place = written[0][1].place if self.given.formula is not None else self.whole
            raise InputError(place, f"the update does not use {' and '.join(missing)}", "a formula in theta and g")
        for (left, ast), name in zip(written, self.done, strict=True):
            if left is not None and name not in reached:
                raise ast.error(left.at, f"theta does not depend on '{name}'", "only what the step needs")
