r"""Bars in pairs: |x|, \|x\| and ||x||, nested and side by side. Of the ways to pair them the first that fits is taken.

A bar closes where the same bar is open and a quantity stands before it, and opens elsewhere; two bars side by side make
a norm where that leaves none over. A pair stands within one bracket and one item of a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from symjac.notation.pending import Applied, Sign
from symjac.notation.terminal import Terminal
from symjac.notation.tokens import Unreadable

MOST_STEPS = 20_000
"""Terminals gone through, over all the ways that are tried for one side."""

OpenBar: TypeAlias = tuple[str, ...]
"""What is open, innermost last: "ABS", "NORM", or "(" for any bracket."""

ENDS = frozenset({"LEAF", "CLOSE", "RB", "NORM_CLOSE", "ABS_CLOSE", "END", "PRIME", "TRANSPOSE", "INVERSE_TRANSPOSE"})
"""What a quantity ends with."""

_BARS = {"BAR", "DBAR", "ABS_OPEN", "ABS_CLOSE", "NORM_OPEN", "NORM_CLOSE"}
_OPENING = {"OPEN", "LB", "CASES", "MATRIX"}
_CLOSING = {"CLOSE", "RB", "END"}
_WITHIN = {"COMMA", "REL", "AMP", "ROW"}
"""What no pair reaches over."""
_STARTS = {
    "LEAF",
    "OPEN",
    "LB",
    "CASES",
    "MATRIX",
    "FRAC",
    "SQRT",
    "BIG",
    "MINUS",
    "PLUS",
    "BAR",
    "DBAR",
    "ABS_OPEN",
    "NORM_OPEN",
}


def with_bars(found: Sequence[Terminal]) -> list[Terminal]:
    r"""The terminals, each bar known for what it is: \mid between two quantities in brackets is the bar of p(x | y),
    and so is | where it makes no pair. A semicolon in round brackets is a comma.
    """
    found = _given(_with_commas(found), lambda t: str(t) == "\\mid")
    try:
        return paired(found)
    except Unreadable:
        other = _given(found, lambda t: True)
        if len(other) == len(found) and all(a is b for a, b in zip(other, found, strict=True)):
            raise
        return paired(other)


def _with_commas(found: Sequence[Terminal]) -> list[Terminal]:
    out: list[Terminal] = []
    opened: list[str] = []
    for t in found:
        if t.type in _OPENING:
            opened.append(str(t) if t.type == "OPEN" else "")
        elif t.type in _CLOSING and opened:
            opened.pop()
        comma = t.type == "SEMI" and str(t) == ";" and opened[-1:] == ["("]
        out.append(Terminal.of("COMMA", ";", t.span) if comma else t)
    return out


def _given(found: Sequence[Terminal], may_be: Callable[[Terminal], bool]) -> list[Terminal]:
    """The one bar, or pair of bars, between two quantities in a bracket as what parts them."""
    ends = _ends(found)
    out = list(found)
    opened: list[tuple[str, list[int]]] = []
    gone: set[int] = set()
    for i, t in enumerate(found):
        if t.type in _OPENING:
            opened.append((t.type, []))
        elif t.type in _CLOSING and opened:
            kind, bars = opened.pop()
            double = len(bars) == 2 and bars[1] == bars[0] + 1
            if kind == "OPEN" and (len(bars) == 1 or double) and _parts(found, bars, ends) and may_be(found[bars[0]]):
                out[bars[0]] = Terminal.of("GIVEN", str(found[bars[0]]), found[bars[0]].span.to(found[bars[-1]].span))
                gone.update(bars[1:])
        elif t.type in ("BAR", "DBAR") and opened:
            opened[-1][1].append(i)
    return [t for i, t in enumerate(out) if i not in gone]


def _parts(found: Sequence[Terminal], bars: Sequence[int], ends: Sequence[bool]) -> bool:
    before, after = bars[0] - 1, bars[-1] + 1
    return before >= 0 and ends[before] and after < len(found) and found[after].type in _STARTS - _BARS


def paired(found: Sequence[Terminal]) -> list[Terminal]:
    """The terminals, each bar known to open or to close; a Problem where bars are left over."""
    free = [t for t in found if t.type in ("BAR", "DBAR")]
    if not free and not any(a.type == b.type == "ABS_OPEN" for a, b in pairwise(found)):
        return list(found)
    ends = _ends(found)
    choices: list[Iterator[tuple[str, int]]] = []
    states: list[tuple[int, OpenBar, bool, int]] = []
    out: list[Terminal] = []
    failed: set[tuple[int, OpenBar, bool]] = set()
    i, steps = 0, 0
    now: OpenBar = ()
    while True:
        steps += 1
        if steps > MOST_STEPS:
            raise Unreadable(found[0].span.to(found[-1].span), "there are too many bars to pair them")
        if i == len(found) and not now:
            return out
        behind = bool(out) and (ends[i - 1] if found[i - 1].type not in _BARS else out[-1].type.endswith("CLOSE"))
        stuck = i == len(found) or (i, now, behind) in failed
        if not stuck and found[i].type not in _BARS:
            after = _bracket(found[i], now)
            if after is not None:
                out.append(found[i])
                i, now = i + 1, after
                continue
            stuck = True
        if not stuck:
            states.append((i, now, behind, len(out)))
            choices.append(iter(_choices(found, i, now, behind)))
        while choices:
            i, now, behind, length = states[-1]
            del out[length:]
            chosen = next(choices[-1], None)
            if chosen is not None:
                break
            failed.add((i, now, behind))
            choices.pop()
            states.pop()
        else:
            raise _left_over(found, free, ends)
        kind, count = chosen
        out.append(Terminal.of(kind, str(found[i]), found[i].span.to(found[i + count - 1].span)))
        now = (*now, kind.removesuffix("_OPEN")) if kind.endswith("OPEN") else now[:-1]
        i += count


def _bracket(t: Terminal, now: OpenBar) -> OpenBar | None:
    """What is open behind a terminal that is no bar; None where a pair would reach over it."""
    if t.type in _OPENING:
        return (*now, "(")
    if t.type in _CLOSING:
        return now if not now else now[:-1] if now[-1] == "(" else None
    return None if t.type in _WITHIN and now and now[-1] != "(" else now


def _choices(found: Sequence[Terminal], i: int, now: OpenBar, behind: bool) -> list[tuple[str, int]]:
    """What the bar at i may be, the likelier first: the kind of its terminal, and how many bars make it.

    `behind`: whether a quantity ends before it.
    """
    closing = [c for c in _read_as(found, i, "CLOSE") if behind and now and now[-1] == c[0].split("_")[0]]
    opening = [c for c in _read_as(found, i, "OPEN") if i + c[1] < len(found) and found[i + c[1]].type in _STARTS]
    return closing + opening


def _read_as(found: Sequence[Terminal], i: int, what: str) -> list[tuple[str, int]]:
    r"""The pairs' ends that can be read at i: of || a norm's or an absolute value's, of | and \| their own."""
    single = ("BAR", f"ABS_{what}")
    if found[i].type in single:
        double = i + 1 < len(found) and found[i + 1].type in single
        return [(f"NORM_{what}", 2)] * double + [(f"ABS_{what}", 1)]
    return [(f"NORM_{what}", 1)] if found[i].type in ("DBAR", f"NORM_{what}") else []


def _ends(found: Sequence[Terminal]) -> list[bool]:
    r"""Whether a quantity ends here: not behind the limits of a \sum, nor with the name of a function."""
    out: list[bool] = []
    opened: list[bool] = []
    limits = False
    for i, t in enumerate(found):
        behind = limits and t.type in ("SUB", "SUP")
        if t.type in _OPENING:
            opened.append(i > 0 and found[i - 1].type in ("SUB", "SUP") and limits)
        closed = t.type in _CLOSING and bool(opened) and opened.pop()
        limits = t.type == "BIG" or behind or closed or (limits and t.type == "LB")
        out.append(t.type in ENDS and not closed and not isinstance(t.node, Applied | Sign))
    return out


def _left_over(found: Sequence[Terminal], free: Sequence[Terminal], ends: Sequence[bool]) -> Unreadable:
    for i, t in enumerate(found[:-1]):
        if t.type in ("BAR", "DBAR") and found[i + 1].type in ("SUB", "SUP"):
            return Unreadable(t.span, "a bar with the point at which something is taken is not understood")
    inside = next((t for i, t in enumerate(found[:-1]) if t.type == "BAR" and i and ends[i - 1]), None)
    if inside is not None and len(free) % 2:
        return Unreadable(
            inside.span, "a bar for a condition, as in p(x | y), is not understood; its pair was expected"
        )
    return Unreadable((free[0] if free else found[0]).span, "this bar has no other that it makes a pair with")
