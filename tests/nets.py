"""Networks for tests, each derived once: the examples, and specs given as text. Random values, every quantity's."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from symjac.core.evaluate import evaluate, size_of
from symjac.derivation.chain import Derivation, derive
from symjac.model.build import build_stack, load_spec
from symjac.model.stack import Stack

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


@lru_cache(maxsize=256)
def stack_of(text: str) -> Stack:
    """The stack of a spec given as text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.yaml"
        path.write_text(text, encoding="utf-8")
        return build_stack(load_spec(path))


@lru_cache(maxsize=256)
def derivation_of(text: str) -> Derivation:
    return derive(stack_of(text))


@lru_cache(maxsize=256)
def example_stack(name: str) -> Stack:
    """The stack of an example, by its file's name."""
    return build_stack(load_spec(ROOT / "examples" / f"{name}.yaml"))


@lru_cache(maxsize=256)
def example(name: str) -> Derivation:
    return derive(example_stack(name))


def constants(stack: Stack, k: int) -> dict[str, Any]:
    """A number for each size and named constant."""
    named = (*stack.constants, *stack.update.constants)
    return {stack.batch.name: k, **{name: float(value) for name, value in named}}


def random_tensors(stack: Stack, k: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random inputs and parameters; a target is positive and sums to 1 along the features where a fact says so."""
    rng = np.random.default_rng(seed)
    sizes = constants(stack, k)
    out = {
        s.name: rng.standard_normal([size_of(n, sizes) for n in s.shape])
        for s in (*stack.inputs, *(p.symbol for p in stack.parameters))
    }
    if stack.facts:
        target = np.exp(out["T"])
        axis = 1 if stack.conventions.samples != "columns" else 0
        out["T"] = target / target.sum(axis=axis, keepdims=True)
    return out


def all_values(derivation: Derivation, tensors: Mapping[str, Any], k: int) -> dict[str, Any]:
    """The inputs, parameters, forward quantities, the loss and every cotangent, by the oracle."""
    stack = derivation.stack
    values = dict(tensors)
    sizes = constants(stack, k)
    equations = [d.equation for d in (*stack.forward, stack.loss)] + [d.equation for d in derivation.chain]
    for equation in equations:
        values[equation.lhs.name] = evaluate(equation.rhs, equation.lhs.indices, values, sizes)
    return values


def loss_value(stack: Stack, tensors: Mapping[str, Any], k: int) -> float:
    values = dict(tensors)
    sizes = constants(stack, k)
    for definition in (*stack.forward, stack.loss):
        equation = definition.equation
        values[equation.lhs.name] = evaluate(equation.rhs, equation.lhs.indices, values, sizes)
    return float(values[stack.loss.equation.lhs.name])
