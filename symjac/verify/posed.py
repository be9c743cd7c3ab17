"""A claim as it is posed: its sides, one way to read the notes around it, and the questions that it asks then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from symjac.calculus.facts import WorldError
from symjac.core.expr import ShapeError
from symjac.equality.budget import Clock
from symjac.equality.decide import holds, sure
from symjac.equality.question import Question
from symjac.meaning.dependence import Links
from symjac.meaning.glossary import Taken
from symjac.meaning.meaning import Meaning
from symjac.meaning.notebook import Layout, Notebook
from symjac.meaning.reasons import CONFINED, Misfit, NoLink, NotUnderstood
from symjac.meaning.statements import Equality, at_layers
from symjac.notation.tree import Name, Node
from symjac.verify.as_read import bracketed, entrywise
from symjac.verify.asking import question_of
from symjac.verify.phrase import phrase
from symjac.verify.session import Chapter, Session

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Posed:
    """One claim of a chapter, where the notes are read as `taken` says."""

    session: Session
    chapter: Chapter
    equality: Equality
    right: Node
    """The right side, with the brackets that it is read with."""
    grouping: tuple[str, ...]
    """What is said of these brackets."""
    links: tuple[Links, ...]
    """What the names that are only named may depend on; the likeliest first."""
    taken: Taken
    clock: Clock = field(default_factory=Clock)
    """The last guard over all that is asked of it."""

    @staticmethod
    def of(session: Session, chapter: Chapter, equality: Equality) -> Posed:
        """The claim where the notes are read as they most likely mean it."""
        grouped = bracketed(equality.right, chapter.meaning())
        grouping = () if grouped == equality.right else (f"taken: the brackets of {phrase(grouped)}",)
        right = entrywise(grouped, chapter.meaning())
        links = tuple(chapter.links(equality))
        return Posed(session, chapter, equality, right, grouping, links, Taken(links[0]))

    def taking(self, taken: Taken) -> Posed:
        """The same, where the notes are read otherwise."""
        return replace(self, taken=taken)

    @property
    def left(self) -> Node:
        return self.equality.left

    @property
    def notebook(self) -> Notebook:
        return self.chapter.notebook

    @cached_property
    def notation(self) -> str:
        return self.session.notation(self.equality.span)

    def meaning(self, layout: Layout | None = None) -> Meaning:
        return self.chapter.meaning(layout, self.taken)

    def as_written(self, key: str) -> Node:
        return self.notebook.latex.get(key, Name(key))

    def question(self, left: Node, right: Node, reading: Layout) -> Question:
        """Whether the sides are equal under these conventions."""
        meaning = self.meaning(reading)
        try:
            sides = meaning.compared(left, right, self.equality.conditions)
        except WorldError as error:
            raise NotUnderstood(self.equality.span, str(error)) from None
        loose = meaning.without_link(sides)
        if loose is not None and not self.equality.update:
            raise NoLink(self.equality.span, no_link(*loose))
        return question_of(sides.left, sides.right, meaning, self.clock)

    def instances(self, right: Node) -> list[tuple[Node, Node]]:
        """The claim at every layer at which its left side can be read."""
        pairs = at_layers((self.left, right), self.notebook)
        failure: NotUnderstood | None = None
        out: list[tuple[Node, Node]] = []
        for a, b in pairs:
            try:
                if len(pairs) > 1:
                    self.meaning().value(a)
                out.append((a, b))
            except NotUnderstood as error:
                failure = error
            except (Misfit, ShapeError, WorldError):
                out.append((a, b))
        if not out:
            raise failure or NotUnderstood(self.left.span, "no layer of the net fits the labels")
        return out

    def stands(self) -> bool:
        """True where the claim holds as the notes state their conventions."""
        return self.holds_under(self.equality, self.notebook.reading)

    def holds_under(self, equality: Equality, reading: Layout) -> bool:
        """True where another claim of the chapter, or this one, holds under these conventions."""
        try:
            pairs = at_layers((equality.left, equality.right), self.notebook)
            return bool(pairs) and all(holds(self.question(a, b, reading)) for a, b in pairs)
        except (Misfit, NotUnderstood, ShapeError, WorldError):
            return False

    def sure_under(self, reading: Layout, left: Node, right: Node) -> bool:
        """True where `left = right` is confirmed on a second road, at every layer where `left` is the claim's own."""

        def at_every_layer() -> bool:
            pairs = self.instances(right) if left == self.left else [(left, right)]
            return all(sure(self.question(a, b, reading)) for a, b in pairs)

        return unless_it_fails(at_every_layer, False)


def unless_it_fails(work: Callable[[], T], otherwise: T) -> T:
    """What an edit raises says only that it is none."""
    try:
        return work()
    except CONFINED:
        return otherwise


def no_link(of: Node, by: Node) -> str:
    return f"nothing in the text says how {phrase(of)} depends on {phrase(by)}"
