"""Where a part of a formula stands: what is bound there, which letters run, which definitions are being read.

A frame is a value that is handed to the parts. What a part binds stands in a frame that it makes for what is inside of
it, so nothing is taken back. Written into is only what a formula as a whole gathers: its open sizes, its free letters.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from itertools import count

import sympy

from symjac.calculus.world import World
from symjac.core.expr import Symbol
from symjac.core.index import Index
from symjac.meaning.glossary import Glossary, Unlinked
from symjac.meaning.notebook import Notebook
from symjac.meaning.values import Value
from symjac.notation.tree import Node, Span


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """What is found out while a formula, or a definition, is read."""

    name: str = ""
    """The name that is defined; empty for a formula of the notes."""
    solved: MutableMapping[sympy.Expr, sympy.Expr] = field(default_factory=dict)
    """Unknown size -> size."""
    unlinked: list[Unlinked] = field(default_factory=list)
    identities: Iterator[int] = field(default_factory=lambda: count(1))
    """Counts the identities without a size, anew each time that it is read."""
    parts: Iterator[int] = field(default_factory=lambda: count(1))
    """Counts the parts that are read, those of the definitions that a formula needs included."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame(ABC):
    """What holds where a part of a formula stands."""

    glossary: Glossary
    gathered: Gathered
    roots: tuple[tuple[Node, ...], ...]
    """The formulas that are being read, each with those beside it, which tell what its letters run over."""
    busy: tuple[str, ...] = ()
    """The names that are being entered, and the functions that are being applied."""
    depth: int = 0
    bound: tuple[Mapping[str, Value], ...] = ()
    """What names stand for here, inner ones last."""
    scopes: tuple[dict[str, Index], ...] = field(default_factory=lambda: ({},))
    """The letters that run here, inner ones last; in those that no sum makes a free letter is kept."""

    @property
    def notebook(self) -> Notebook:
        return self.glossary.notebook

    @property
    def world(self) -> World:
        return self.glossary.world

    def known(self, key: str) -> bool:
        """True where the identifier stands for a quantity here."""
        return self.notebook.knows(key) or any(key in b for b in self.bound)

    @abstractmethod
    def read(self, node: Node) -> Value:
        """The value of a part that stands in this frame."""

    @abstractmethod
    def enter(self, key: str, span: Span) -> Symbol:
        """The quantity that a name of the notes is in the world; entered, with all it depends on, the first time."""
