"""What a spec says that is hardly meant: logarithms and roots of an output that may be negative, padding that counts.

The values that a quantity can have are told from the layer that computes it, where its formula says them: an entry of
an affine layer's value is any number, one of an activation's is the activation of any number. Where numbers are found
for which the formula is not defined, it is said; where none are found, or the values are not known, nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symjac.core import scalar
from symjac.core.errors import Place, Remark
from symjac.core.evaluate import evaluate, size_of
from symjac.core.expr import Contract, Expr, Identity, Map, Max, Symbol, scalar_of, symbols, walk
from symjac.core.memo import MOST_KEPT
from symjac.model.stack import Definition

Array = NDArray[Any]

_SAMPLES = np.random.default_rng(0).normal(scale=3.0, size=200)
_SHARES = np.random.default_rng(1).random(200)
"""Any numbers, and numbers between 0 and 1, which a target's are."""
_DEEPEST = 20
"""Activations and reshapes one behind the other, beyond which values are not known."""
_LARGEST = 100_000
"""Entries of the array on which an activation along an axis is tried."""


@dataclass(frozen=True, slots=True)
class Known:
    """The layers before, by what they compute; the parameters' names; numbers for constants and sizes."""

    layers: Mapping[str, Definition]
    parameters: frozenset[str]
    numbers: Mapping[str, float]


def of_loss(
    loss: Definition, target: str, output: str, known: Known, losses: Sequence[str], place: Place
) -> list[Remark]:
    """A logarithm or a root in the loss of what may be negative; `losses` are those that there are."""
    values = _values(output, known)
    if values is None:
        return []
    given = {output: values, target: _SHARES}
    for node in walk(loss.equation.rhs):
        if not isinstance(node, Map):
            continue
        for what, inside, zero in _partial(node.formula):
            read = [node.args[scalar.slot_number(s)] for s in scalar.slots_of(inside)]
            names = [a.name for a in read if isinstance(a, Symbol) and a.name in given]
            if len(names) == len(read) and output in names:
                columns = [given.get(a.name) if isinstance(a, Symbol) else None for a in node.args]
                found = scalar.evaluate(inside, columns, dict(known.numbers))
                if np.any(found < 0) or (zero and np.any(found == 0)):
                    return [_of_loss(loss.layer, what, output, known.layers[output], losses, place)]
    return []


def _of_loss(name: str, what: str, output: str, last: Definition, known: Sequence[str], place: Place) -> Remark:
    of = f"{last.layer} gives any number" if last.function is None else f"{last.function} does not keep it from that"
    found = f"the loss takes the {what} of {output}, or of a number made from it, that may be 0 or less: {of}"
    ends = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}
    end = f"end the layers with {ends.get(name, 'an activation of positive values')}"
    other = f"{name}_with_logits"
    hint = f"the loss {other} takes the output of a layer as it is; or {end}" if other in known else end
    return Remark(place, found, hint)


def of_maximum(definition: Definition, known: Callable[[], Known], place: Place) -> list[Remark]:
    """A maximum over windows that reach over an edge, of values that may be negative: 0 stands there and counts."""
    for node in walk(definition.equation.rhs):
        if not isinstance(node, Max) or not any(isinstance(a, Identity) and _reaches_out(a) for a in walk(node.body)):
            continue
        for s in symbols(node.body):
            values = _values(s.name, known())
            if values is not None and np.any(values < 0):
                found = f"outside of {s.name} stands 0, and the maximum counts it where all other values are negative"
                hint = "let values of 0 and more come before it, as relu's, or keep the windows within the axis"
                return [Remark(place, found, hint)]
    return []


def _reaches_out(a: Identity) -> bool:
    """True where target = Σ c·i + o has values outside of the target's axis."""
    low = a.offset + sum((c * (i.size - 1) for c, i in a.terms if c.is_negative), sympy.Integer(0))
    high = a.offset + sum((c * (i.size - 1) for c, i in a.terms if not c.is_negative), sympy.Integer(0))
    return bool(low.is_negative or (high - a.target.size + 1).is_positive)


@lru_cache(maxsize=MOST_KEPT)
def _partial(formula: sympy.Expr) -> tuple[tuple[str, sympy.Expr, bool], ...]:
    """(what, of what, whether 0 is too little as well) for each logarithm and root."""
    formula = scalar.guarded(formula)  # in a branch, what it is not taken for does not count
    logs = [("logarithm", e.args[0], True) for e in formula.atoms(sympy.log)]
    roots = [
        ("root", e.base, bool(e.exp.is_negative))
        for e in formula.atoms(sympy.Pow)
        if e.exp.is_Rational and e.exp.q % 2 == 0
    ]
    return tuple(sorted([*logs, *roots], key=str))


def _values(name: str, known: Known, deep: int = 0) -> Array | None:
    """Some of the values that entries of a quantity can have; None where that is not known."""
    if deep > _DEEPEST:
        return None
    definition = known.layers.get(name)
    if definition is None:
        return _SAMPLES
    rhs = definition.equation.rhs
    read = symbols(rhs)
    atoms: list[Expr] = []
    formula = scalar_of(rhs, atoms)
    if definition.kind == "access" and len(read) == 1:
        return _values(read[0].name, known, deep + 1)
    if definition.kind == "activation" and len(read) == 1 and atoms == [read[0]]:
        before = _values(read[0].name, known, deep + 1)
        if before is None or formula.has(sympy.erf):  # which SciPy has, an extra
            return None
        return np.asarray(scalar.evaluate(formula, [before], dict(known.numbers)))
    if definition.kind == "activation":
        return _along_an_axis(definition, known)
    if not formula.has(sympy.erf) and all(isinstance(a, Symbol) or _is_linear(a, known.parameters) for a in atoms):
        rng = np.random.default_rng(2)
        columns = [rng.permutation(_SAMPLES) for _ in atoms]
        return np.asarray(scalar.evaluate(formula, columns, dict(known.numbers)) + 0 * _SAMPLES)
    return None


def _along_an_axis(definition: Definition, known: Known) -> Array | None:
    """An activation such as softmax, of an array of any numbers."""
    argument = definition.argument
    if argument is None or {s.name for s in symbols(definition.equation.rhs)} != {argument.name}:
        return None
    shape = [size_of(n, known.numbers) for n in argument.shape]
    if prod(shape) > _LARGEST:
        return None
    given = {argument.name: np.random.default_rng(3).normal(scale=3.0, size=shape)}
    found = evaluate(definition.equation.rhs, definition.equation.lhs.indices, given, known.numbers)
    return np.resize(found, _SAMPLES.shape)


def _is_linear(a: Expr, parameters: frozenset[str]) -> bool:
    """True for a sum of products with a parameter's entries, which may be any number."""
    return isinstance(a, Contract) and any(isinstance(f, Symbol) and f.name in parameters for f in a.factors)
