"""The fact without which a claim is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from symjac.calculus.facts import Fact, WorldError
from symjac.core.expr import Symbol, symbols
from symjac.equality.decide import holds
from symjac.equality.question import Question

MOST_PAIRS = 150


@dataclass(frozen=True, slots=True)
class Assumption:
    """Facts under which a claim holds that does not hold without them."""

    facts: tuple[Fact, ...]

    @property
    def text(self) -> str:
        return " and ".join(f.text for f in self.facts)


def search(question: Question, candidates: Sequence[Fact] | None = None) -> Assumption | None:
    """The first fact, else the first pair, under which left = right; without candidates, those that fit the shapes."""
    facts = offered(question) if candidates is None else list(candidates)
    pairs = [p for p in combinations(facts, 2) if p[0].symbol.name != p[1].symbol.name][:MOST_PAIRS]
    for several in (*((f,) for f in facts), *pairs):
        try:
            world = question.world.supposing(*several)
        except WorldError:
            continue
        if holds(replace(question, world=world)):
            return Assumption(tuple(several))
    return None


def offered(question: Question) -> list[Fact]:
    """Facts of the free quantities that the sides read, the likely ones first."""
    found: dict[str, Symbol] = {s.name: s for e in (question.left, question.right) for s in symbols(e)}
    for q in question.needed():
        found |= {s.name: s for s in symbols(q.rhs) if s.name not in found}
    world = question.world
    several = [world.candidates(world.symbol(n)) for n in found if n in world and n not in world.auxiliary]
    longest = max((len(c) for c in several), default=0)
    return [c[place] for place in range(longest) for c in several if place < len(c)]
