"""What the search for a fault asks of a claim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial

import sympy

from symjac.calculus.facts import WorldError
from symjac.core.expr import ShapeError, add, negate
from symjac.equality.decide import holds, ratio
from symjac.equality.question import Question
from symjac.meaning import values
from symjac.meaning.naming import identifier
from symjac.meaning.notebook import Layout
from symjac.meaning.reasons import CONFINED, Misfit, NotUnderstood
from symjac.meaning.statements import at_layers
from symjac.meaning.values import Value
from symjac.notation.tree import (
    Call,
    Derivative,
    Group,
    Indicator,
    Items,
    Name,
    Neg,
    Node,
    Num,
    Prime,
    Product,
    Scripts,
    Sum,
    walk,
)
from symjac.verify.derived import DerivedEquation, derived
from symjac.verify.posed import Posed, unless_it_fails
from symjac.verify.scalars import scalar_tree
from symjac.verify.sites import is_operand, negated, plus, product

MOST_TERMS = 8

Sizes = tuple[object, ...]
"""() a number, (n,) a column, (1, n) a row, (m, n) a matrix; None for a size that is open."""


class Oracle:
    """One claim under one layout: its left side is fixed, and right sides are asked for. Nothing here raises."""

    def __init__(self, posed: Posed, reading: Layout) -> None:
        self.posed, self.reading = posed, reading
        self.notebook = posed.notebook
        self.left, self.right = posed.left, posed.right
        self._own = frozenset(walk(posed.right))
        self._restated = self._names_of_left()
        self._asked: dict[Node, list[Question] | None] = {}
        self._values: dict[Node, Value | None] = {}
        self._evaluated: set[str] = set()
        """Names whose definitions have been read by a question."""
        self._tally = posed.meaning(reading).tally
        self._parts_before = self._tally.parts

    @cached_property
    def left_shape(self) -> Sizes | None:
        return self.shape(self.left)

    def read_lately(self) -> int:
        """Steps that reading took since this was asked last: one a part of a formula."""
        before, self._parts_before = self._parts_before, self._tally.parts
        return self._parts_before - before

    def effort(self, *asked: Node | None) -> int:
        """Steps of the next question, about: what was read for it, and what has no value yet at its points."""

        def steps() -> int:
            out = 0
            for question in (q for tree in asked if tree is not None for q in self._questions(tree) or ()):
                out += question.steps_beside(self._evaluated)
                self._evaluated.update(d.lhs.name for d in question.needed())
            return out

        return unless_it_fails(steps, 0) + self.read_lately()

    def holds(self, right: Node) -> bool:
        """True where `left = right` holds at every layer."""
        questions = self._questions(right)
        return questions is not None and all(unless_it_fails(partial(holds, p), False) for p in questions)

    def sure(self, right: Node) -> bool:
        """True where that is confirmed on a second road: what is offered as right is asked for this."""
        return self.holds(right) and self.sure_of(self.left, right)

    def sure_of(self, left: Node, right: Node) -> bool:
        """The same of two sides."""
        return self.posed.sure_under(self.reading, left, right)

    def _questions(self, right: Node) -> list[Question] | None:
        """`left = right` at every layer; None where it has no meaning."""
        if any(self._restates(n) for n in walk(right)):
            return None  # says nothing of the left side
        if right not in self._asked:
            try:
                self._asked[right] = [self.posed.question(a, b, self.reading) for a, b in self.posed.instances(right)]
            except CONFINED:
                self._asked[right] = None
        return self._asked[right]

    def factor(self, right: Node, beside: Node | None = None) -> Node | None:
        """The number c with left = beside + c · right, as a tree such as −2/n; None where there is none."""
        questions = self._questions(right)
        if questions is None:
            return None
        if beside is not None:
            others = self._questions(beside)
            if others is None:
                return None
            rests = [add(p.left, negate(p.right)) for p in others]
            questions = [replace(p, left=rest) for p, rest in zip(questions, rests, strict=True)]
        found = {unless_it_fails(partial(ratio, p), None) for p in questions}
        c = found.pop() if len(found) == 1 else None
        return None if c is None else scalar_tree(c, self.notebook)

    def shape(self, node: Node) -> Sizes | None:
        """The sizes of a part's axes, a row as (1, n), None for an open one; None where it has no meaning by itself."""
        value = self._value(node)
        if value is None:
            return None
        sizes = tuple(None if any("?" in s.name for s in size.free_symbols) else size for size in value.shape)
        return (sympy.Integer(1), *sizes) if value.row else sizes

    def _value(self, node: Node) -> Value | None:
        if node not in self._values:
            self._values[node] = self._read(node)
        return self._values[node]

    def _read(self, node: Node) -> Value | None:
        try:
            sides = [(self.left, self.right, node)]
            place = self.posed.instances(self.right)[0]
            for a, b, c in at_layers(sides[0], self.notebook):
                if (a, b) == place:
                    return values.slim(self.posed.meaning(self.reading).value(c, a, b))
        except (NotUnderstood, Misfit, ShapeError, WorldError):
            pass
        return None

    def _restates(self, node: Node) -> bool:
        """True for the left side in other words, and for other entries of it, where the claim has them not."""
        if node in self._own:
            return False
        left = self.left
        entries = isinstance(node, Scripts) and isinstance(left, Scripts) and node.base == left.base
        if entries and isinstance(left, Scripts):
            key = identifier(left.base)
            return node in self._restated or (key is not None and self.notebook.knows(key))
        return node in self._restated

    def _names_of_left(self) -> frozenset[Node]:
        """The left side, what the notes define as it, and what they define it as where that is one quantity."""
        known = self.notebook.definitions.values()
        names = {d.left for d in known if d.right == self.left}
        return frozenset((self.left, *names, *(d.right for d in known if d.left == self.left)))

    def quantities(self) -> list[Node]:
        """Every quantity of the notes as it is written there, with its sample letter where the claim has one.

        None that the notes define as the left side.
        """
        out: dict[Node, None] = {}
        own = (self.right, self.left)
        along_lefts = [e.left for e in self.posed.chapter.claims if isinstance(e.left, Call)]
        trees = [*own, *along_lefts, *(e.right for e in self.posed.chapter.claims)]
        trees += [d.right for d in self.notebook.definitions.values()]
        for node in (n for tree in trees for n in walk(tree)):
            gradient = isinstance(node, Derivative) and len(node.by) == 1
            along = isinstance(node, Call) and is_operand(node, lambda _: False)
            if (gradient or along or identifier(node) is not None) and node not in (*self._restated, Name("I")):
                out.setdefault(node, None)
        out = dict.fromkeys(n for n in out if self._is_quantity(n))
        for key, written in self.notebook.latex.items():
            if self.notebook.knows(key):
                out.setdefault(written, None)
        return list(out)

    def _is_quantity(self, node: Node) -> bool:
        if isinstance(node, Num) or self.posed.meaning().is_function(node):
            return False
        return self._value(node) is not None

    def functions(self) -> list[tuple[Node, Node]]:
        """Each function that the notes apply, with what stands in its bracket: f and a for f(a)."""
        out: dict[tuple[Node, Node], None] = {}
        meaning = self.posed.meaning()
        for node in self._written():
            if isinstance(node, Product):
                for f, after in zip(node.factors, node.factors[1:], strict=False):
                    if isinstance(after, Group) and meaning.is_function(f):
                        out.setdefault((f.of if isinstance(f, Prime) else f, after.of), None)
        return list(out)

    def fragments(self) -> list[Node]:
        """What stands in brackets in the notes' other formulas, Y − T for one, and their conditions 1[a > 0]."""
        own = set(walk(self.right))
        parts = (n for n in self._written() if isinstance(n, Group | Indicator) and n not in own)
        found = dict.fromkeys(n.of if isinstance(n, Group) else n for n in parts)
        return [n for n in found if not isinstance(n, Name | Num | Items) and self._value(n) is not None]

    def residual(self, right: Node) -> Node | None:
        """The terms of the derivative that `right` lacks, where it has all but one of them or only one."""
        if self.derived is None or self.derived.left is not None:
            return None
        whole = multiplied_out(self.notebook.fonts.renamed(self.derived.right))
        if not isinstance(whole, Sum) or len(whole.terms) > MOST_TERMS:
            return None
        for place, term in enumerate(whole.terms):
            rest = [t for p, t in enumerate(whole.terms) if p != place]
            for missing in (term, plus(*rest)):
                if self.holds(plus(right, missing)):
                    return missing
        return None

    @cached_property
    def derived(self) -> DerivedEquation | None:
        """The left side, derived, in the writer's names; None where it has no form to print."""
        left, _ = self.posed.instances(self.right)[0]
        try:
            return derived(left, self.posed.meaning())
        except CONFINED:
            return None

    def sums(self) -> list[Sum]:
        """The sums that the notes define quantities as."""
        return [d.right for d in self.notebook.definitions.values() if isinstance(d.right, Sum)]

    def _written(self) -> Iterator[Node]:
        """Every part of every definition and claim."""
        for d in self.notebook.definitions.values():
            yield from walk(d.right)
        for e in self.posed.chapter.claims:
            yield from walk(e.left)
            yield from walk(e.right)


def multiplied_out(node: Node) -> Node:
    """(a + b) M as a M + b M."""
    if not isinstance(node, Product) or not isinstance(node.factors[0], Group):
        return node
    inner, rest = node.factors[0].of, node.factors[1:]
    if not isinstance(inner, Sum):
        return node
    return plus(*(negated(product(t.of, *rest)) if isinstance(t, Neg) else product(t, *rest) for t in inner.terms))
