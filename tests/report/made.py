"""Verdicts made by hand: the parts of a text are found by their own words."""

from __future__ import annotations

from collections.abc import Sequence

from symjac.equality.outcome import Counterexample
from symjac.notation.tree import Span
from symjac.report.places import LineIndex
from symjac.verify.verdict import Claim, Fault, Judged, NotClaim, NotRead


def span(text: str, part: str) -> Span:
    assert text.count(part) == 1, part
    start = text.index(part)
    return Span(start, start + len(part))


def fault(
    text: str, says: str, at: str | None = None, formula: str = "", replacement: str = "", kind: str = "sign"
) -> Fault:
    return Fault(kind, says, span(text, at) if at else None, formula, replacement)


def claim(
    text: str,
    equation: str,
    verdict: str,
    fault: Fault | None = None,
    point: Counterexample | None = None,
    notes: tuple[str, ...] = (),
    road: str = "canonical form, all sizes",
    file: str = "notes.md",
) -> Claim:
    """`equation` is judged by what stands behind its last `=`."""
    whole = span(text, equation)
    side = equation.rindex("=") + 1
    side += len(equation[side:]) - len(equation[side:].lstrip())
    line, column = LineIndex(text).at(whole.start)
    claimed = Span(whole.start + side, whole.end)
    return Claim(file, line, column, whole, claimed, equation, verdict, road, notes, fault, point)


def unread(text: str, part: str, reason: str, file: str = "notes.md") -> NotRead:
    where = span(text, part)
    return NotRead(file, *LineIndex(text).at(where.start), where, part, reason)


def judged(
    text: str, claims: Sequence[Claim] = (), unread: Sequence[NotRead] = (), others: int = 0, file: str = "notes.md"
) -> Judged:
    """`others`: so many equations that claim nothing."""
    other = NotClaim(file, 3, 1, Span(0, 1), "L = ...")
    return Judged(file, text, tuple(claims), tuple(unread), (other,) * others)


NOTES = r"""# Squares

With $L = \frac{1}{2} \|y - t\|^2$ and $y = W x$,

$$
\frac{\partial L}{\partial y} = t - y
$$

so $\frac{\partial L}{\partial W} = (y - t) x^\top$ and $\frac{\partial L}{\partial x} = (y - t)^\top W$,
while $\frac{\partial L}{\partial t} = t - y$ and $x = \{$.
For $q = x^\top A x$ we have $\frac{\partial q}{\partial x} = 2 A x$.
"""

POINT = Counterexample((("m", 2), ("n", 3)), (("y", "[1, 2]"), ("t", "[0, 5]")), "entry 1", "-1", "1")

RESULT = judged(
    NOTES,
    [
        claim(
            NOTES,
            r"\frac{\partial L}{\partial y} = t - y",
            "refuted",
            fault(NOTES, "the sign is wrong", None, r"\frac{\partial L}{\partial y} = y - t", "y - t"),
            POINT,
        ),
        claim(NOTES, r"\frac{\partial L}{\partial W} = (y - t) x^\top", "proved"),
        claim(
            NOTES,
            r"\frac{\partial L}{\partial x} = (y - t)^\top W",
            "other_convention",
            notes=("in the declared layout it is the transpose", "right in numerator layout"),
        ),
        claim(NOTES, r"\frac{\partial L}{\partial t} = t - y", "agrees", road="random points: error below 1e-30"),
        claim(
            NOTES,
            r"\frac{\partial q}{\partial x} = 2 A x",
            "doubtful",
            notes=("taken: A is n x n",),
            road="right only if A is symmetric",
        ),
    ],
    [unread(NOTES, r"x = \{", "the bracket { is never closed")],
    others=2,
)
"""One file with most of what there can be."""
