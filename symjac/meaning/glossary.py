"""What a text says of its names under one reading, and what of it has been entered into a world of definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import sympy

from symjac.calculus.world import World
from symjac.meaning.dependence import Link, Links
from symjac.meaning.notebook import Layout, Notebook
from symjac.notation.tree import Node

PARAMETERS, ALL, NOTHING = "parameters", "all", "nothing"
"""What ∂ holds beside the variable: see `Taken.held`."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken where the notes leave it open."""

    links: Links = ()
    """The unknown functions of the notes, with what they are functions of."""
    whole: frozenset[str] = frozenset()
    """Of the functions of which nothing tells what they make of an array, those that are read to make a number."""
    outer: bool = False
    """Whether a ⊗ b of two columns is a bᵀ."""
    tied: bool = False
    """Whether entries that a fact ties, such as those of a symmetric matrix, vary together in derivatives by them."""
    turned: frozenset[str] = frozenset()
    """Names of which a bracket behind them is read the other way: as a factor, not an argument, or the reverse."""
    lengths: bool = False
    """Whether |x| of a column is its length."""
    held: str = PARAMETERS
    """What ∂g/∂w holds: the other parameters of a function g(w, h), "all" else in the formula for g, or "nothing"."""
    valued: bool = False
    """Whether the named constants of a spec have their values there, or are any numbers."""


Unlinked: TypeAlias = tuple[Node, Node]
"""What was differentiated, and by what, where it does not depend on it as far as the notes say."""


@dataclass(slots=True)
class Tally:
    """What reading took so far."""

    parts: int = 0
    """Parts of formulas, those of definitions left out: these are read once for all."""


@dataclass(frozen=True, eq=False)
class Glossary:
    """The notebook's names as expressions, under one reading. What is entered stays, for all formulas."""

    notebook: Notebook
    reading: Layout
    taken: Taken = field(default_factory=Taken)
    world: World = field(default_factory=World)
    given: dict[tuple[object, ...], str] = field(default_factory=dict)
    """Unknown functions applied: the name in the world, by function and arguments."""
    unsaid: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names defined by a formula with index letters that their left side lacks."""
    solved: dict[sympy.Expr, sympy.Expr] = field(default_factory=dict)
    """Unknown size -> size, of the identities in definitions."""
    unlinked: dict[str, list[Unlinked]] = field(default_factory=dict)
    """By the name in whose definition it stands."""
    tally: Tally = field(default_factory=Tally)

    @cached_property
    def links(self) -> Mapping[str, tuple[Link, ...]]:
        return dict(self.taken.links)
