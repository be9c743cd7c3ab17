"""Arrays in generated code: an expression and the index that each of its axes stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy

from symjac.codegen.code import CodeText, atom, binary, call, dtype_of, listed, method, named, suffix
from symjac.codegen.scalar_code import number
from symjac.core.index import Index
from symjac.core.memo import MOST_KEPT

TYPICAL_SIZE = 64
"""What an open size, such as the number of samples, is taken for where the order of products is chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    code: CodeText
    axes: tuple[Index, ...]
    kept: CodeText | None = None
    """The same values, reduced axes kept with length 1; `kept_axes` has None for each of those."""
    kept_axes: tuple[Index | None, ...] = ()
    truth: bool = False
    """True for an array of truth values."""


@lru_cache(maxsize=MOST_KEPT)
def typical(size: sympy.Expr) -> int:
    return int(size.subs(dict.fromkeys(size.free_symbols, TYPICAL_SIZE)))


def volume(indices: Iterable[Index]) -> int:
    out = 1
    for i in indices:
        out *= typical(i.size)
    return out


def union(arrays: Sequence[Array], wanted: Sequence[Index]) -> tuple[Index, ...]:
    """The axes of a broadcast: as `wanted` has them, or as the largest array has them, else in order of appearance."""
    seen = list(dict.fromkeys(i for a in arrays for i in a.axes))
    if all(i in wanted for i in seen):
        return tuple(i for i in wanted if i in seen)
    largest = max(arrays, key=lambda a: len(a.axes)).axes
    if len(largest) == len(seen):
        return largest
    return tuple(sorted(seen, key=lambda i: wanted.index(i) if i in wanted else len(wanted)))


def aligned(a: Array, axes: Sequence[Index]) -> CodeText:
    """`a` so that NumPy broadcasts it against an array with `axes`."""
    if not a.axes:
        return a.code
    if a.kept is not None:
        tail = axes[len(axes) - len(a.kept_axes) :]
        if len(a.kept_axes) <= len(axes) and all(k is None or k == t for k, t in zip(a.kept_axes, tail, strict=True)):
            return a.kept
    code = permuted(a, [i for i in axes if i in a.axes]).code
    first = min(axes.index(i) for i in a.axes)
    marks = [":" if i in a.axes else "None" for i in axes[first:]]
    if "None" not in marks:
        return code
    while marks[-1] == ":":
        marks.pop()
    return suffix(code, f"[{', '.join(marks)}]")


def permuted(a: Array, axes: Sequence[Index]) -> Array:
    """`a` with its axes in the order `axes`."""
    axes = tuple(axes)
    if axes == a.axes:
        return a
    places = tuple(a.axes.index(i) for i in axes)
    if places == (1, 0):
        return Array(suffix(a.code, ".T"), axes, truth=a.truth)
    return Array(method(a.code, "transpose", ", ".join(map(str, places)), heavy=False), axes, truth=a.truth)


def floating(a: Array) -> Array:
    """`a` as numbers: truth values are converted."""
    if not a.truth:
        return a
    return Array(method(a.code, "astype", dtype_of(a.code)), a.axes)


def reduced(a: Array, over: Sequence[Index], operation: str) -> Array:
    """`a.sum(axis=...)` or `a.max(axis=...)` over the indices `over`."""
    if not over:
        return a
    a = floating(a)
    places = sorted(a.axes.index(i) for i in over)
    axes = tuple(i for i in a.axes if i not in over)
    if not axes:
        return Array(method(a.code, operation, ""), ())
    axis = f"axis={places[0] if len(places) == 1 else tuple(places)}"
    return Array(
        method(a.code, operation, axis),
        axes,
        method(a.code, operation, f"{axis}, keepdims=True"),
        tuple(None if i in over else i for i in a.axes),
    )


def times(a: Array, b: Array, wanted: Sequence[Index]) -> Array:
    """The elementwise product; of truth values and numbers, without conversion."""
    if a.truth and b.truth:
        a = floating(a)
    axes = union((a, b), wanted)
    return Array(binary(aligned(a, axes), "*", aligned(b, axes)), axes)


def shape(indices: Sequence[Index]) -> CodeText:
    """A shape as a Python tuple."""
    return listed([number(i.size) for i in indices])


def constant(value: sympy.Expr) -> Array:
    return Array(number(value), ())


def name(text: str, axes: Sequence[Index]) -> Array:
    """A named tensor; along an index that it has twice, its diagonal."""
    distinct = tuple(dict.fromkeys(axes))
    if len(distinct) == len(axes):
        return Array(named(text), distinct)
    letters = {i: chr(ord("a") + p) for p, i in enumerate(distinct)}
    pattern = "".join(letters[i] for i in axes) + "->" + "".join(letters[i] for i in distinct)
    return Array(call("np.einsum", atom(repr(pattern).replace("'", '"')), named(text)), distinct)
