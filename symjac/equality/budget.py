"""How much work may go into a claim: steps, which are the same on every machine.

A step is about a tenth of a millisecond: one law on one term of a canonical form, one node evaluated at a few points,
a few terms of a polynomial. What is found with so many steps is found everywhere. A clock is the last guard, far above
what the steps of a claim take; where it ends a search, the verdict says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from math import prod

from symjac.core.expr import Contract, Expr, Identity, walk
from symjac.core.index import Index

LAST_SECONDS = 60.0
"""Of the processor, for one claim."""
ENTRIES = 4096
"""Numbers of an array that are worked out in a step."""


class Clock:
    """The last guard over all budgets of one claim; it starts when it is first asked."""

    def __init__(self, seconds: float = LAST_SECONDS) -> None:
        self._seconds = seconds
        self._until: float | None = None
        self._cut = False

    def is_over(self) -> bool:
        """True once time is up; who asks ends its search."""
        now = time.process_time()
        if self._until is None:
            self._until = now + self._seconds
        self._cut = self._cut or now > self._until
        return self._cut

    @property
    def said(self) -> str:
        """What a verdict has to say of it; empty where it ended nothing."""
        return f"cut short after {self._seconds:g} seconds" if self._cut else ""


class Budget:
    """Steps that are counted down; a part of a budget takes its steps from the whole as well."""

    def __init__(self, steps: int, clock: Clock | None = None, whole: Budget | None = None) -> None:
        self.left = steps
        self.clock = clock or Clock()
        self._whole = whole

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self._whole is not None:
            self._whole.spend(steps)

    @property
    def spent(self) -> bool:
        """True where nothing is left: a search ends then with what it has."""
        return self.left <= 0 or self.clock.is_over()

    def part(self, steps: int) -> Budget:
        """At most so many of the steps that are left."""
        return Budget(min(steps, self.left), self.clock, self)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much there is to evaluate at a point."""

    nodes: int
    entries: int
    """Numbers that are worked out, those of a product included that are summed."""

    def steps(self, points: int) -> int:
        """Of an evaluation at so many points together."""
        return 1 + self.nodes + points * self.entries // ENTRIES


def effort(parts: Iterable[Expr], length: Callable[[Index], int]) -> Effort:
    """Of expressions that are evaluated together."""
    nodes = {node for e in parts for node in walk(e)}
    return Effort(len(nodes), sum(_entries(node, length) for node in nodes))


def _entries(node: Expr, length: Callable[[Index], int]) -> int:
    """Of a product the most that two factors with a common index have together: it is worked out two at a time."""
    factors = [set(f.free) for f in node.children if not isinstance(f, Identity)] if isinstance(node, Contract) else []
    pairs = (a | b for a, b in combinations(factors, 2) if a & b)
    return max(prod(map(length, over)) for over in (node.free, *pairs))
