"""The update as functions of a module: the step itself, and its derivative forwards along directions and backwards.

Their arguments, with `state` where the update has one, are these and the update's constants:

    update:      params, grads[, state]                      -> the new params[, the new state]
    update_jvp:  params, grads, V, HV[, state, V_state]      -> how the new params[, the new state] move
    update_vjp:  params, grads, W[, state, W_state]          -> W's weights on the old params, the gradient[, the state]

HV is how the gradient moves: H V when the parameters move along V. The derivatives have params and grads as arguments
only where they read them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy

from symjac.codegen.body import Body
from symjac.codegen.code import ATOM, CodeName, CodePart, CodeText, atom, call, fill, keyword, named
from symjac.codegen.lines import WIDTH, CodeStatement, assignment, block, read_by, written
from symjac.codegen.outline import FLOAT, INT, PARAMS, STATE, Argument, Attribute, Class, Function, tuple_of
from symjac.codegen.scalar_code import number, template
from symjac.core import scalar
from symjac.derivation.step import Quantity, step_map
from symjac.model.names import in_python
from symjac.model.stack import Update
from symjac.printing import text

GRADIENTS = "grads"
"""The argument that is the gradient."""


def function(
    update: Update, name: str, given: Sequence[Argument], states: Sequence[str], returns: CodeText = PARAMS
) -> Function:
    """The head of a function of `given`, of `states` where the update has one, and of the constants."""
    own = [Argument(s, STATE) for s in states] if update.has_state else []
    constants = [Argument(in_python(c), FLOAT, number(value)) for c, value in update.constants]
    result = tuple_of(returns, STATE) if update.has_state else returns
    return Function(name, (*given, *own, *constants), result, "", ())


def passed(update: Update) -> list[CodeText]:
    """The constants, as arguments."""
    return [named(in_python(name)) for name, _ in update.constants]


def state_class(update: Update) -> Class:
    arrays = [Attribute(in_python(name), PARAMS) for name, _ in update.state]
    count = [Attribute("t", INT, "steps taken")] if update.counts else []
    return Class("State", "NamedTuple", "What the update keeps from step to step.", (*arrays, *count))


def starts(update: Update) -> list[CodeText]:
    """The state's fields before the first step."""
    out = []
    for name, initial in update.state:
        theta = named("theta")
        like = call("np.zeros_like", theta) if initial == 0 else call("np.full_like", theta, number(initial))
        out.append(keyword(in_python(name), CodeText(("Params(*(", CodePart(like, 0), " for theta in params))"), ATOM)))
    return [*out, keyword("t", atom("0"))] if update.counts else out


def _doc(update: Update) -> str:
    """What a step does, in one sentence; of one formula, the formula."""
    name = f"One step of {update.title}"
    if _is_one_formula(update):
        right = text.formula(update.assignments[0][1], ["theta", "g"], in_python)
        return f"{name}: {right} for every parameter theta with gradient g."
    return f"{name}, for every parameter theta with gradient g{'; t is the number of the step' * update.counts}."


# ---------------------------------------------------------------- the three functions


def update(of: Update) -> Function:
    """The assignments as they are declared."""
    arguments = (Argument("params", PARAMS), Argument(GRADIENTS, PARAMS))
    body = (written("check_params(params=params, grads=grads)"), *step(of))
    return replace(function(of, "update", arguments, ["state"]), doc=_doc(of), body=body)


def update_jvp(of: Update) -> Function:
    body = along(of)
    doc = "How the results of `update` move when the parameters move along V and the gradient along HV."
    head = function(of, "update_jvp", _arguments(body, "V", "HV"), ["state", "V_state"])
    return replace(head, doc=doc, body=tuple(body))


def update_vjp(of: Update) -> Function:
    body = back(of)
    doc = "The transpose of `update_jvp`: what W weighs on the old parameters and on the gradient."
    returns = CodeText(("Params, Params",), 0) if of.has_state else tuple_of(PARAMS, PARAMS)
    return replace(
        function(of, "update_vjp", _arguments(body, "W"), ["state", "W_state"], returns), doc=doc, body=tuple(body)
    )


def _arguments(body: Iterable[CodeStatement], *directions: str) -> list[Argument]:
    """What the body reads of params and grads, and the directions."""
    read = read_by(body)
    return [Argument(n, PARAMS) for n in (*(n for n in ("params", GRADIENTS) if n in read), *directions)]


def step(update: Update) -> list[CodeStatement]:
    """The body of `update`."""
    names = [in_python(n) for n in update.variables]
    taken = _taken(update)
    statements: list[CodeStatement] = []
    for name, formula in update.assignments:
        if scalar.slots_of(formula):
            # A name has a new value once it is assigned, so nothing that was computed before it stands for anything.
            body = Body(taken.union(*(s.reads | s.assigns for s in statements)))
            if not _is_one_formula(update):
                body.comment(_formula(update, name, formula))
            body.assign(in_python(name), _code(formula, names))
            statements += body.statements
    arrays = [in_python(name) for name, _ in update.state]
    sources = {"theta": "params", "g": GRADIENTS, **{a: f"state.{a}" for a in arrays}}
    return _body(update, _for_each(sources, statements, ["theta", *arrays], taken), 1, "t")


def along(update: Update) -> list[CodeStatement]:
    """The body of `update_jvp`: of each assignment in order, its derivatives by what it reads, times how that moves."""
    d = _Derivative(update)
    moves = [d.free(f"d_{name}") for name in d.names]
    names = [*d.names, *d.inverses, *moves]
    first = len(d.names) + len(d.inverses)
    values: dict[int, sympy.Expr] = {}
    for q in d.quantities:
        products = [d.computed(q, slope) * scalar.slot(first + s) for s, slope in q.slopes]
        values[q.slot] = sympy.Add(*products)
    body = Body({*d.taken, *names})
    needed = d.needed(values.values())
    for q in d.quantities:
        d.value(body, q, needed)
        body.assign(moves[q.slot], _code(values[q.slot], names))
    sources = {**d.sources, moves[0]: "V", moves[1]: "HV"}
    sources |= {moves[slot]: f"V_state.{d.names[slot]}" for slot in d.state}
    return _body(update, _for_each(sources, body.statements, [moves[d.new[name]] for name in d.moved], d.taken), 1, "0")


def back(update: Update) -> list[CodeStatement]:
    """The body of `update_vjp`: the products of `along`, transposed and in the opposite order."""
    d = _Derivative(update)
    given = {d.new[name]: d.free(f"w_{in_python(name)}") for name in d.moved}
    weights = [d.free(f"to_{name}") for name in d.names]
    names = [*d.names, *d.inverses, *weights, *given.values()]
    first = len(d.names) + len(d.inverses)
    place = {slot: first + len(weights) + i for i, slot in enumerate(given)}
    sums: dict[int, list[sympy.Expr]] = {s: [scalar.slot(place[s])] if s in place else [] for s in range(len(weights))}
    for q in reversed(d.quantities):
        for s, slope in q.slopes:
            sums[s].append(d.computed(q, slope) * scalar.slot(first + q.slot))
    values = {s: sympy.Add(*terms) for s, terms in sums.items()}
    body = Body({*d.taken, *names})
    needed = d.needed(values.values())
    for q in d.quantities:
        d.value(body, q, needed)
    for slot in (*(q.slot for q in reversed(d.quantities)), *range(d.count)):
        code = _code(values[slot], names)
        if code.is_name:  # the same weight, under the name that it has
            weights[slot] = names[first + slot] = code.text
        else:
            body.assign(weights[slot], code)
    sources = {**d.sources, given[d.new["theta"]]: "W"}
    sources |= {given[d.new[name]]: f"W_state.{in_python(name)}" for name in d.moved[1:]}
    return _body(update, _for_each(sources, body.statements, weights[: d.count], d.taken), 2, "0")


class _Derivative:
    """The names of everything that the derivative of a step computes with."""

    def __init__(self, update: Update) -> None:
        self.map = step_map(update)
        self.quantities = self.map.quantities
        self.taken = _taken(update)
        self.count = len(self.map.given)
        self.state = range(2, self.count)
        self.moved = self.map.moved
        self.names = [in_python(n) for n in self.map.given]
        for q in self.quantities:
            name = in_python(q.name)
            if q.name in self.moved or q.is_root:
                name = self.free(name if q.is_root else f"new_{name}")
            self.names.append(name)
        self.new = {name: q.slot for name, q in self.map.new.items()}
        self.roots = [q.slot for q in self.quantities if q.is_root]
        self.inverses = [self.free(f"inverse_{self.names[slot]}") for slot in self.roots]

    @property
    def sources(self) -> dict[str, str]:
        out = {"theta": "params", "g": "grads"}
        return out | {self.names[slot]: f"state.{self.names[slot]}" for slot in self.state}

    def free(self, wanted: str) -> str:
        """`wanted`, or a name like it that nothing has; it is taken now."""
        name, number = wanted, 2
        while name in self.taken:
            name, number = f"{wanted}_{number}", number + 1
        self.taken.add(name)
        return name

    def computed(self, q: Quantity, slope: sympy.Expr) -> sympy.Expr:
        """A slope as it is computed: of a root, by its inverse, which is 0 where the root is."""
        if not q.is_root:
            return slope
        return slope.xreplace({1 / scalar.slot(q.slot): scalar.slot(len(self.names) + self.roots.index(q.slot))})

    def needed(self, formulas: Iterable[sympy.Expr]) -> set[int]:
        """The slots whose values the formulas need; of an inverse, that of its root."""
        inverse = {len(self.names) + i: slot for i, slot in enumerate(self.roots)}
        found = {scalar.slot_number(s) for f in formulas for s in scalar.slots_of(f)}
        found |= {inverse[s] for s in found if s in inverse}
        for q in reversed(self.quantities):
            if q.slot in found:
                found |= {scalar.slot_number(s) for s in scalar.slots_of(q.formula)}
        return found

    def value(self, body: Body, q: Quantity, needed: Collection[int]) -> None:
        """Assigns what `q` is, where it is needed."""
        name = self.names[q.slot]
        if q.slot not in needed:
            return
        body.assign(name, _code(q.formula, self.names))
        if q.is_root:
            inverse = self.inverses[self.roots.index(q.slot)]
            line = f"{inverse} = np.divide(1, {name}, out=np.zeros_like({name}), where={name} != 0)"
            body.add(written(line, reads=["np", name], assigns=[inverse]))


# ---------------------------------------------------------------- bodies


def _is_one_formula(update: Update) -> bool:
    """True for an update as short as gradient descent's: its formula stands in the function's description."""
    return len(update.assignments) == 1 and not update.has_state


def _code(formula: sympy.Expr, names: Sequence[str]) -> CodeText:
    return fill(template(scalar.stabilise(formula)), [named(n) for n in names])


def _formula(update: Update, name: str, formula: sympy.Expr) -> str:
    return f"{in_python(name)} ← {text.formula(formula, [in_python(n) for n in update.variables], in_python)}"


def _taken(update: Update) -> set[str]:
    """Names that the update's own things have."""
    own = (*update.variables, *(n for n, _ in update.assignments), *(n for n, _ in update.constants))
    return {*map(in_python, own), "t", "params", GRADIENTS, "state", "V", "HV", "W", "V_state", "W_state"}


@dataclass(frozen=True, slots=True)
class _Loop:
    """What is made of each parameter's arrays, gathered to Params again."""

    before: tuple[CodeStatement, ...]
    results: tuple[str, ...]
    value: str
    """Params; of several results, Params of each."""
    reads: frozenset[str]
    """By `value`."""


def _for_each(
    sources: Mapping[str, str], body: Sequence[CodeStatement], results: Sequence[str], taken: Collection[str]
) -> _Loop:
    """`results = ` what the body makes of each parameter's arrays: in one line where it is one assignment."""
    assigned = set().union(*(s.assigns for s in body))
    needed = read_by(body) | (set(results) - assigned)
    used = {n: s for n, s in sources.items() if n in needed} or dict([next(iter(sources.items()))])
    variables = ", ".join(used)
    arrays = f"zip({', '.join(used.values())}, strict=True)" if len(used) > 1 else next(iter(used.values()))
    roots = {CodeName(s).root for s in used.values()}
    comments = [s for s in body if not s.assigns]
    own = [s for s in body if s.assigns]
    if len(own) == len(results) == 1 and assigned == set(results) and own[0].value is not None:
        value = f"Params(*({own[0].value.text} for {variables} in {arrays}))"
        if len(f"{results[0]} = {value}") <= WIDTH:
            return _Loop(tuple(comments), tuple(results), value, frozenset((needed - used.keys()) | roots))
    rows, row = (next(n for n in (w, f"{w}_", f"{w}__") if n not in taken) for w in ("rows", "row"))
    gathered = f"{rows}.append({results[0]})" if len(results) == 1 else f"{rows}.append(({', '.join(results)}))"
    end = f"Params(*{rows})" if len(results) == 1 else f"(Params(*{row}) for {row} in zip(*{rows}, strict=True))"
    gathering = [*body, written(gathered, reads=results)]
    loop = block(f"for {variables} in {arrays}:", gathering, reads=roots, gives=used)
    return _Loop((written(f"{rows} = []", assigns=[rows]), loop), tuple(results), end, frozenset((rows,)))


def _body(update: Update, loop: _Loop, params: int, count: str) -> list[CodeStatement]:
    """The numbers that the loop needs, the loop, and what is returned: so many Params, then the state."""
    if not update.has_state and len(loop.results) == 1:
        ended = [*loop.before, written(f"return {loop.value}", reads=loop.reads)]
    else:
        state = [f"{in_python(name)}={a}" for (name, _), a in zip(update.state, loop.results[params:], strict=True)]
        state += [f"t={count}"] if update.counts else []
        parts = [*loop.results[:params], *([f"State({', '.join(state)})"] if update.has_state else [])]
        reads = {*loop.results, *({"t"} if update.counts and count == "t" else ())}
        ended = [
            *loop.before,
            written(f"{', '.join(loop.results)} = {loop.value}", reads=loop.reads, assigns=loop.results),
            written(f"return {', '.join(parts)}", reads=reads),
        ]
    return [*_numbers(update, ended), *ended]


def _numbers(update: Update, statements: Sequence[CodeStatement]) -> list[CodeStatement]:
    """The number of the step, and the assignments of numbers, that the statements need."""
    out: list[CodeStatement] = []
    for name, formula in reversed(update.assignments):
        if not scalar.slots_of(formula) and in_python(name) in read_by([*out, *statements]):
            body = Body(())
            body.comment(_formula(update, name, formula))
            out = [*body.statements, assignment(in_python(name), number(formula)), *out]
    if "t" in read_by([*out, *statements]):
        out = [written("t = int(state.t) + 1", reads=["state"], assigns=["t"]), *out]
    return out
