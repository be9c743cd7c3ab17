"""The derivative of the whole training step, params -> update(params, gradients(params)), as functions of a module.

The update's own derivative says what moves when the parameters and the gradient do; along V the gradient moves by H V.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symjac.codegen import update_code
from symjac.codegen.code import ATOM, CodePart, CodeText, call, fill, method, named
from symjac.codegen.lines import CodeStatement, assignment, returned, written
from symjac.codegen.lowering import Lowering
from symjac.codegen.outline import PARAMS, Argument, Function
from symjac.codegen.scalar_code import template
from symjac.core import scalar
from symjac.derivation.step import StepMap, linear_step, step_map


def iteration(names: Lowering, direction: str) -> Iterator[Function]:
    """The update's derivative and the step's, each with its transpose; `direction` is what V is called."""
    update = names.stack.update
    state = ", state" if update.has_state else ""
    included = ", state included" if update.has_state else ""
    states = ["state", f"{direction}_state"]
    arguments = (*names.at, Argument(direction, PARAMS))
    passed = [*map(named, states if update.has_state else ()), *update_code.passed(update)]
    jvp, vjp = (update_code.function(update, name, arguments, states) for name in ("iteration_jvp", "iteration_vjp"))
    of_update, transposed = update_code.update_jvp(update), update_code.update_vjp(update)
    symmetric = linear_step(update) is not None
    yield of_update
    if not symmetric:
        yield transposed
    step = f"params{state} -> update(params, gradients{state})"
    body = tuple(_forwards(names, of_update, named(direction), passed))
    yield replace(jvp, doc=f"The derivative of the step, {step}, along V{included}.", body=body)
    if symmetric:
        again = returned(call("iteration_jvp", *names.given, named(direction), *passed))
        yield replace(vjp, doc="The same: as H is symmetric, so is the derivative of this step.", body=(again,))
    else:
        body = tuple(_backwards(names, transposed, named(direction), passed))
        yield replace(vjp, doc=f"The transpose of the derivative of the step, times V{included}.", body=body)


def _forwards(names: Lowering, of_update: Function, v: CodeText, passed: Sequence[CodeText]) -> Iterator[CodeStatement]:
    if any(a.name == update_code.GRADIENTS for a in of_update.arguments):
        yield assignment("at", names.linearized)
        hvp = method(named("at"), "hvp", v)
    else:
        hvp = call("hvp", *names.given, v)
    yield returned(call(of_update.name, *_own(of_update), v, hvp, *passed))


def _backwards(
    names: Lowering, transposed: Function, v: CodeText, passed: Sequence[CodeText]
) -> Iterator[CodeStatement]:
    """θ reaches the new values by itself, weighed by `direct`, and by the gradient, weighed by `through`."""
    before = ", before" if names.stack.update.has_state else ""
    weights = call(transposed.name, *_own(transposed), v, *passed)
    combined = _combined(step_map(names.stack.update))
    yield assignment("at", names.linearized)
    yield written(f"direct, through{before} = {weights.text}", reads=weights.names, assigns=["direct", "through"])
    yield written(f"back = {combined.text}", reads=combined.names, assigns=["back"])
    yield written(f"return back{before}", reads=["back"])


def _own(function: Function) -> list[CodeText]:
    """Where a step's derivative finds the parameters and the gradient, of which it reads what it reads."""
    places = {"params": named("params"), update_code.GRADIENTS: named("at.gradients")}
    return [places[a.name] for a in function.arguments if a.name in places]


def _combined(step: StepMap) -> CodeText:
    """What the new values weigh on θ: by itself, `direct`, and through the gradient, H times `through`."""
    sources = (named("direct"), method(named("at"), "hvp", named("through")))
    formula = step.weighed(scalar.slot(0), scalar.slot(1))
    places = [scalar.slot_number(s) for s in scalar.slots_of(formula)]
    if len(places) == 1:
        return sources[places[0]]
    value = fill(template(formula), (named("v"), named("Hv")))
    pairs = call("zip", *sources, options=["strict=True"])
    return CodeText(("Params(*(", CodePart(value, 0), " for v, Hv in ", CodePart(pairs, 0), "))"), ATOM)
