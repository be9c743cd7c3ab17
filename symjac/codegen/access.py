"""Affine accesses in NumPy: reshapes, strided windows, and their transposes.

An access Σ_u X[u] 1[u = s·i + d·p + o] reads windows (`gather`). Where the sum is over i and p instead, the values are
added where they came from (`scatter`). u = w·i + j with j < w is a bijection: a reshape, both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from symjac.codegen.array import Array, permuted, shape
from symjac.codegen.code import (
    ATOM,
    DTYPE,
    CodeName,
    CodePart,
    CodeText,
    array_name,
    atom,
    binary,
    call,
    method,
    named,
    part,
    suffix,
)
from symjac.codegen.scalar_code import number
from symjac.core.expr import Identity
from symjac.core.index import Index


@dataclass(frozen=True, slots=True)
class Window:
    """u = stride·i + dilation·p + offset; without p, `tap` is None; without i, `place`: the one entry u = offset."""

    target: Index
    place: Index | None
    stride: int
    tap: Index | None
    dilation: int
    offset: int

    @property
    def span(self) -> int:
        """How many entries one window reaches over."""
        return 1 if self.tap is None else self.dilation * (int(self.tap.size) - 1) + 1

    @property
    def last(self) -> int:
        """The largest u that is read."""
        if self.place is None:
            return self.offset
        return self.offset + self.stride * (int(self.place.size) - 1) + self.span - 1


def radix(e: Identity) -> tuple[Index, ...] | None:
    """The indices from the slowest to the fastest, where `target` counts through all their values; else None."""
    if e.offset != 0 or not e.terms or not _numeric(e):
        return None
    terms = sorted(e.terms, key=lambda t: -int(t[0]))
    step = 1
    for coefficient, i in reversed(terms):
        if coefficient != step:
            return None
        step *= int(i.size)
    return tuple(i for _, i in terms) if step == e.target.size else None


def window(e: Identity) -> Window | None:
    if not e.terms:
        there = e.offset == 0 or (_numeric(e) and 0 <= e.offset < e.target.size)
        return Window(e.target, None, 1, None, 1, int(e.offset)) if there else None
    if not _numeric(e) or len(e.terms) not in (1, 2) or any(c <= 0 for c, _ in e.terms):
        return None
    (s, i), *rest = sorted(e.terms, key=lambda t: -int(t[1].size))
    d, p = rest[0] if rest else (1, None)
    return Window(e.target, i, int(s), p, int(d), int(e.offset))


def _numeric(e: Identity) -> bool:
    numbers = [e.offset, e.target.size, *(c for c, _ in e.terms), *(i.size for _, i in e.terms)]
    return all(isinstance(x, sympy.Integer) for x in numbers)


def supported(e: Identity) -> bool:
    return radix(e) is not None or window(e) is not None


def table(e: Identity) -> Array:
    """1[target = ...] as an array of truth values."""
    if e.plain:
        eye = call("np.eye", number(e.target.size), options=["dtype=bool"])
        return Array(eye, (e.target, e.terms[0][1]), truth=True)
    axes = (e.target, *(i for _, i in e.terms))
    axes = tuple(dict.fromkeys(axes))
    right: CodeText | None = None
    for c, i in e.terms:
        term = _counted(i, axes)
        term = term if c == 1 else binary(number(c), "*", term)
        right = term if right is None else binary(right, "+", term)
    offset = number(e.offset)
    if right is None:
        right = offset
    elif e.offset != 0:
        right = binary(right, "+", offset)
    return Array(binary(_counted(e.target, axes), "==", right), axes, truth=True)


def _counted(i: Index, axes: Sequence[Index]) -> CodeText:
    code = call("np.arange", number(i.size))
    behind = len(axes) - 1 - axes.index(i)
    return suffix(code, f"[:{', None' * behind}]") if behind else code


# ---------------------------------------------------------------- reading


def gather(a: Array, accesses: Sequence[Identity]) -> Array:
    """`a` with the target axis of each access replaced by the axes of its terms."""
    for e in accesses:
        indices = radix(e)
        if indices is not None:
            a = _split_axis(a, e.target, indices)
    windows = [w for e in accesses if radix(e) is None and (w := window(e)) is not None]
    return _windows(a, windows) if windows else a


def _split_axis(a: Array, target: Index, indices: Sequence[Index]) -> Array:
    place = a.axes.index(target)
    axes = (*a.axes[:place], *indices, *a.axes[place + 1 :])
    return Array(_reshaped(a.code, axes), axes, truth=a.truth)


def _reshaped(code: CodeText, axes: Sequence[Index]) -> CodeText:
    """`code.reshape(...)`, in place of an earlier one; one open size is left to NumPy."""
    owner = code.pieces[0]
    if code.stem == "reshape" and isinstance(owner, CodePart):
        code = owner.code
    open_sizes = [i for i in axes if not isinstance(i.size, sympy.Integer)]
    sizes = ["-1" if len(open_sizes) == 1 and i is open_sizes[0] else number(i.size) for i in axes]
    return method(code, "reshape", *sizes, heavy=False)


def _windows(a: Array, windows: Sequence[Window]) -> Array:
    places = [a.axes.index(w.target) for w in windows]
    below = {p: max(0, -w.offset) for p, w in zip(places, windows, strict=True)}
    above = {
        p: 0 if w.place is None else max(0, w.last + 1 - int(w.target.size))
        for p, w in zip(places, windows, strict=True)
    }
    code = a.code
    if any(below.values()) or any(above.values()):
        pads = ", ".join(f"({below.get(p, 0)}, {above.get(p, 0)})" for p in range(len(a.axes)))
        code = call("np.pad", code, atom(f"({pads}{',' if len(a.axes) == 1 else ''})"))
    tapped = [(p, w) for p, w in zip(places, windows, strict=True) if w.tap is not None]
    if tapped:
        code = _sliding(code, [p for p, _ in tapped], [w.span for _, w in tapped])
    slices = [":"] * (len(a.axes) + len(tapped))
    for p, w in zip(places, windows, strict=True):
        if w.place is None:
            slices[p] = str(w.offset)
            continue
        count = int(w.target.size) + below[p] + above[p] - w.span + 1
        slices[p] = _slice(w.offset + below[p], w.stride, int(w.place.size), count)
    for place, (_, w) in enumerate(tapped):
        slices[len(a.axes) + place] = ":" if w.dilation == 1 else f"::{w.dilation}"
    while slices and slices[-1] == ":":
        slices.pop()
    if slices:
        code = suffix(code, f"[{', '.join(slices)}]")
    if any(w.place is not None for w in windows):
        code = CodeText(code.pieces, code.precedence, heavy=bool(tapped), stem="windows")
    renamed = dict(zip(places, windows, strict=True))
    axes = [renamed[p].place if p in renamed else i for p, i in enumerate(a.axes)]
    taps = [w.tap for _, w in tapped]
    return Array(code, tuple(i for i in (*axes, *taps) if i is not None), truth=a.truth)


def _sliding(code: CodeText, places: Sequence[int], spans: Sequence[int]) -> CodeText:
    """A view, so it costs nothing to have twice."""
    one = len(places) == 1
    spec = f", {spans[0] if one else tuple(spans)}, axis={places[0] if one else tuple(places)})"
    return CodeText((CodeName("sliding_window_view"), "(", part(code, 0), spec), ATOM)


def _slice(start: int, step: int, count: int, length: int) -> str:
    """start, start + step, ... (`count` of them) along an axis of `length`."""
    stop = start + step * (count - 1) + 1
    reaches_end = len(range(start, length, step)) == count
    text = f"{start or ''}:{'' if reaches_end else stop}"
    return text if step == 1 else f"{text}:{step}"


# ---------------------------------------------------------------- adding back


def scatter(a: Array, accesses: Sequence[Identity]) -> Array:
    """Σ over the indices of the accesses' terms of `a` times the accesses: axes of targets replace them."""
    a = _with_axes(a, [i for e in accesses for _, i in e.terms])
    for e in accesses:
        indices = radix(e)
        if indices is not None:
            a = _merge_axes(a, e.target, indices)
    windows = [w for e in accesses if radix(e) is None and (w := window(e)) is not None]
    return _added_back(a, windows) if windows else a


def _with_axes(a: Array, indices: Sequence[Index]) -> Array:
    """`a`, repeated along the indices that it lacks."""
    missing = tuple(i for i in dict.fromkeys(indices) if i not in a.axes)
    if not missing:
        return a
    grown = suffix(a.code, f"[..., {', '.join(['None'] * len(missing))}]") if a.axes else a.code
    axes = (*a.axes, *missing)
    if array_name(a.code) is None and not a.axes:
        return Array(call("np.full", shape(axes), a.code, named(DTYPE)), axes)
    return Array(call("np.broadcast_to", grown, shape(axes)), axes)


def _merge_axes(a: Array, target: Index, indices: Sequence[Index]) -> Array:
    place = min(a.axes.index(i) for i in indices)
    before = [i for i in a.axes[:place] if i not in indices]
    after = [i for i in a.axes[place:] if i not in indices]
    a = permuted(a, [*before, *indices, *after])
    axes = (*before, target, *after)
    return Array(_reshaped(a.code, axes), axes, truth=a.truth)


def _added_back(a: Array, windows: Sequence[Window]) -> Array:
    windows = sorted(windows, key=lambda w: w.tap is None)
    places = [w.place for w in windows if w.place is not None]
    taps = [w.tap for w in windows if w.tap is not None]
    rest = [i for i in a.axes if i not in places and i not in taps]
    code = permuted(a, [*rest, *places, *taps]).code
    untapped = len(windows) - len(taps)
    if untapped:
        code = suffix(code, f"[..., {', '.join(['None'] * untapped)}]")
    options = [
        f"sizes={_tuple([int(w.target.size) for w in windows])}",
        f"strides={_tuple([w.stride for w in windows])}",
        f"dilations={_tuple([w.dilation for w in windows])}",
        f"offsets={_tuple([w.offset for w in windows])}",
    ]
    return Array(call("add_back", code, options=options), (*rest, *(w.target for w in windows)))


def _tuple(values: Sequence[int]) -> str:
    return f"({values[0]},)" if len(values) == 1 else str(tuple(values))
