"""The loss by the NumPy oracle: the formulas as they were declared, neither lowered nor stabilised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from symjac.core.evaluate import evaluate
from symjac.model.stack import Stack


def declared_loss(stack: Stack, params: Sequence[NDArray[Any]], inputs: Sequence[NDArray[Any]]) -> float | complex:
    """The loss at these arrays, given in the order in which the stack has its parameters and its inputs; complex where
    one of them is."""
    constants: dict[str, Any] = {name: float(value) for name, value in stack.constants}
    tensors: dict[str, Any] = {}
    symbols = (*stack.inputs, *(parameter.symbol for parameter in stack.parameters))
    for symbol, array in zip(symbols, (*inputs, *params), strict=True):
        tensors[symbol.name] = array
        sizes = zip(symbol.shape, array.shape, strict=True)
        constants |= {size.name: number for size, number in sizes if size.is_Symbol}
    for definition in (*stack.forward, stack.loss):
        left, right = definition.equation.lhs, definition.equation.rhs
        tensors[left.name] = evaluate(right, left.indices, tensors, constants)
    value: float | complex = tensors[stack.loss.equation.lhs.name].item()
    return value
