"""The update as lines of Python: the step itself, and its derivative forwards along directions and backwards.

`step`, `along` and `back` give the body of a function whose arguments are

    step:   params, grads[, state]                      -> the new params[, the new state]
    along:  params, grads[, state], V, HV[, V_state]    -> how the new params[, the new state] move
    back:   params, grads[, state], W[, W_state]        -> W's weights on the old params, the gradient[, the old state]

and the update's constants; [state] is there where the update has one. HV is how the gradient moves: H V when the
parameters move along V. Of params, grads and state, `reads` says which the lines use.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import sympy

from symjac.codegen.body import WIDTH, Body, call_lines, identifiers, wrapped
from symjac.codegen.code import CodeText, fill, named
from symjac.codegen.scalar_code import number, template
from symjac.core import scalar
from symjac.derivation.step import Quantity, step_map
from symjac.model.names import in_python
from symjac.model.stack import Update
from symjac.printing import text

_TIED = "\0"
"""A space at which no line is broken."""


def signature(update: Update, name: str, given: Sequence[str], *state: str, returns: str = "Params") -> list[str]:
    """The head of a function of `given`, of `state` where the update has one, and of the constants."""
    own = [f"{s}: State" for s in state] if update.has_state else []
    constants = [f"{in_python(c)}: float = {number(value).text}" for c, value in update.constants]
    parts = [*given, *own, *constants]
    result = f"tuple[{returns}, State]" if update.has_state else returns
    lines = call_lines(f"def {name}", [p.replace(" ", _TIED) for p in parts])
    return [line.replace(_TIED, " ") for line in (*lines[:-1], f"{lines[-1]} -> {result}:")]


def passed(update: Update) -> str:
    """The constants, as the end of a call's arguments."""
    return "".join(f", {in_python(name)}" for name, _ in update.constants)


def reads(lines: Iterable[str]) -> list[str]:
    """Which of params, grads and state the lines read."""
    words = identifiers(line.strip() for line in lines)
    return [name for name in ("params", "grads", "state") if name in words]


def fields(update: Update) -> list[tuple[str, str, str]]:
    """Name, declaration and initial value of each field of the state."""
    out = []
    for name, initial in update.state:
        like = "np.zeros_like(theta)" if initial == 0 else f"np.full_like(theta, {number(initial).text})"
        out.append((in_python(name), "Params", f"Params(*({like} for theta in params))"))
    return [*out, ("t", "int  # steps taken", "0")] if update.counts else out


def doc(update: Update) -> str:
    """What a step does, in one sentence; of one formula, the formula."""
    name = f"One step of {update.title}"
    if _is_one_formula(update):
        right = text.formula(update.assignments[0][1], ["theta", "g"], in_python)
        return f"{name}: {right} for every parameter theta with gradient g."
    return f"{name}, for every parameter theta with gradient g{'; t is the number of the step' * update.counts}."


# ---------------------------------------------------------------- the three functions


def step(update: Update) -> list[str]:
    """The assignments as they are declared."""
    names = [in_python(n) for n in update.variables]
    taken = _taken(update)
    lines: list[str] = []
    for name, formula in update.assignments:
        if scalar.slots_of(formula):
            # A name has a new value once it is assigned, so nothing that was computed before it stands for anything.
            body = Body({*taken, *identifiers(lines)})
            if not _is_one_formula(update):
                body.comment(_formula(update, name, formula))
            body.assign(in_python(name), _code(formula, names))
            lines += body.lines
    arrays = [in_python(name) for name, _ in update.state]
    sources = {"theta": "params", "g": "grads", **{a: f"state.{a}" for a in arrays}}
    looped = _for_each(sources, lines, ["theta", *arrays], taken)
    return _function(update, looped, "theta", arrays, "t=t")


def along(update: Update) -> list[str]:
    """Of each assignment in order: its derivatives by what it reads, times how that moves."""
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
    looped = _for_each(sources, body.lines, [moves[d.new[name]] for name in d.moved], d.taken)
    return _function(update, looped, moves[d.new["theta"]], [moves[d.new[name]] for name in d.moved[1:]], "t=0")


def back(update: Update) -> list[str]:
    """The products of `along`, transposed and in the opposite order."""
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
    results = weights[: d.count]
    looped = _for_each(sources, body.lines, results, d.taken)
    return _function(update, looped, f"{results[0]}, {results[1]}", results[2:], "t=0")


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
            body.lines.append(f"{inverse} = np.divide(1, {name}, out=np.zeros_like({name}), where={name} != 0)")


# ---------------------------------------------------------------- lines


def _is_one_formula(update: Update) -> bool:
    """True for an update as short as gradient descent's: its formula stands in the function's description."""
    return len(update.assignments) == 1 and not update.has_state


def _code(formula: sympy.Expr, names: Sequence[str]) -> CodeText:
    return fill(template(scalar.stabilise(formula)), [named(n) for n in names])


def _formula(update: Update, name: str, formula: sympy.Expr) -> str:
    return f"{in_python(name)} ← {text.formula(formula, [in_python(n) for n in update.variables], in_python)}"


def _taken(update: Update) -> set[str]:
    """Names that the update's own things have."""
    named = (*update.variables, *(n for n, _ in update.assignments), *(n for n, _ in update.constants))
    return {*map(in_python, named), "t", "params", "grads", "state", "V", "HV", "W", "V_state", "W_state"}


def _for_each(
    sources: Mapping[str, str], lines: Sequence[str], results: Sequence[str], taken: Collection[str]
) -> list[str]:
    """`results = ` what the lines make of each parameter's arrays, gathered to Params again."""
    words = identifiers(lines) | set(results)
    own = [line for line in lines if not line.startswith("#")]
    read = identifiers([line.partition(" = ")[2] if len(own) == 1 else line for line in own])
    assigned = {line.partition(" = ")[0] for line in own}
    used = {n: s for n, s in sources.items() if n in (read if len(own) == 1 and len(results) == 1 else words)}
    variables = ", ".join(used)
    arrays = f"zip({', '.join(used.values())}, strict=True)" if len(used) > 1 else next(iter(used.values()))
    comments = [line for line in lines if line.startswith("#")]
    if len(own) == len(results) == 1 and assigned == set(results):
        one = f"{results[0]} = Params(*({own[0].partition(' = ')[2]} for {variables} in {arrays}))"
        if len(one) <= WIDTH:
            return [*comments, one]
    rows, row = (next(n for n in (w, f"{w}_", f"{w}__") if n not in taken) for w in ("rows", "row"))
    gathered = f"{rows}.append({results[0]})" if len(results) == 1 else f"{rows}.append(({', '.join(results)}))"
    end = f"Params(*{rows})" if len(results) == 1 else f"(Params(*{row}) for {row} in zip(*{rows}, strict=True))"
    return [
        f"{rows} = []",
        f"for {variables} in {arrays}:",
        *(f"    {line}" for line in (*lines, gathered)),
        f"{', '.join(results)} = {end}",
    ]


def _function(update: Update, looped: list[str], params: str, arrays: Sequence[str], step: str) -> list[str]:
    """The whole body: the numbers that the loop needs, the loop, and what is returned."""
    state = [f"{in_python(name)}={a}" for (name, _), a in zip(update.state, arrays, strict=True)]
    state += [step] if update.counts else []
    returned = f"return {params}, State({', '.join(state)})" if update.has_state else f"return {params}"
    *before, last = looped
    if not update.has_state and last.startswith(f"{params} = Params("):
        ended = [*before, f"return {last.removeprefix(f'{params} = ')}"]
    else:
        ended = [*looped, returned]
    return [*_numbers(update, ended), *ended]


def _numbers(update: Update, lines: Sequence[str]) -> list[str]:
    """The number of the step, and the assignments of numbers, that the lines need."""
    out: list[str] = []
    for name, formula in reversed(update.assignments):
        if not scalar.slots_of(formula) and in_python(name) in identifiers(s.strip() for s in (*lines, *out)):
            body = Body(())
            body.comment(_formula(update, name, formula))
            out = [*body.lines, *wrapped(f"{in_python(name)} = ", number(formula)), *out]
    if "t" in identifiers(s.strip() for s in (*lines, *out)):
        out = ["t = int(state.t) + 1", *out]
    return out
