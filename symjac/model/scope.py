"""What the names in a formula stand for, and the values that its parts have while it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sympy

from symjac.core.expr import Expr
from symjac.core.index import Index
from symjac.model.parse import Ast


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A function of whole arrays, as a formula over `variables`: softmax(x, axis) is exp(x)/sum(exp(x), axis=axis).

    A call that leaves out the variable named `axis` means the axis of features: the last, with samples in columns the
    first.
    """

    variables: tuple[str, ...]
    body: Ast


@dataclass(frozen=True, slots=True)
class Scope:
    """The meaning of every name that a formula may use."""

    tensors: Mapping[str, tuple[sympy.Expr, ...]] = field(default_factory=dict)
    """Name -> shape."""
    sizes: Mapping[str, sympy.Expr] = field(default_factory=dict)
    """Name -> integer or symbol: k, units, stride ..."""
    constants: Mapping[str, sympy.Expr] = field(default_factory=dict)
    """Name -> the symbol that stands for it."""
    functions: Mapping[str, sympy.Expr] = field(default_factory=dict)
    """Name -> formula in slot(0)."""
    extents: Mapping[str, sympy.Expr] = field(default_factory=dict)
    """Index name -> range, for indices whose range is not that of an axis."""
    batch: sympy.Expr | None = None
    """The number of samples; its axes are called n."""
    samples: str = "rows"
    rewrites: Mapping[str, Rewrite] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operand:
    """An expression with its axes in order; a reduced axis leaves None behind, so that what is left still lines up.

    exp(x)/sum(exp(x), axis=1): axes (n, j) over axes (n, None). In index notation there are no axes, only free indices.
    """

    expr: Expr
    slots: tuple[Index | None, ...] = ()

    @property
    def axes(self) -> tuple[Index, ...]:
        return tuple(i for i in self.slots if i is not None)


def shape_text(shape: Iterable[sympy.Expr]) -> str:
    """A shape as Python writes it: (k, 10), (10,), ()."""
    sizes = [str(s) for s in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
