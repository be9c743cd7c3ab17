"""A formula as the diagnosis sees it: its parts and their shapes, and what else the notes name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property

from symjac.notation.tree import Node, Num, Product, Quotient, Scripts
from symjac.verify.oracle import Oracle, Sizes
from symjac.verify.scalars import scalar
from symjac.verify.sites import Applies, Site, bracketed, is_application, is_operand, product, sites, units


class KnownNames:
    """What an oracle says of a claim's notes, asked once."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.left_shape = oracle.left_shape
        self.functions = list(oracle.functions())
        self._shapes: dict[Node, Sizes | None] = {}
        self._known = {f for f, _ in self.functions}

    def shape(self, node: Node) -> Sizes | None:
        if node not in self._shapes:
            self._shapes[node] = matrix_shape(self.oracle.shape(node))
        return self._shapes[node]

    def applies(self, node: Node) -> bool:
        """Functions are what the notes apply, and names without a value."""
        return node in self._known or self.shape(node) is None

    @cached_property
    def quantities(self) -> list[Node]:
        every = dict.fromkeys(self.oracle.quantities())
        return [q for q in every if q != self.oracle.left and q not in self._known and self.shape(q) is not None]

    @cached_property
    def fragments(self) -> list[Node]:
        every = dict.fromkeys(bracketed(f) for f in self.oracle.fragments())
        return [f for f in every if self.shape(f) is not None]

    def alternatives(self, node: Node) -> list[Node]:
        """The other quantities of its shape."""
        shape = self.shape(node)
        return [] if shape is None else [q for q in self.quantities if q != node and fit(self.shape(q), shape)]


class View:
    """One formula of one claim."""

    def __init__(self, root: Node, names: KnownNames) -> None:
        self.root = root
        self.names = names
        self.oracle = names.oracle
        self.applies: Applies = names.applies
        self.sites: list[Site] = list(sites(root, self.applies))
        self.fits = fit(self.shape(root), names.left_shape)

    def shape(self, node: Node) -> Sizes | None:
        """Of a part, as (rows, columns); () for a number, more than two sizes as they are."""
        return self.names.shape(node)

    def at(self, root: Node) -> View:
        """Another formula of the same claim."""
        return View(root, self.names)

    @cached_property
    def leaves(self) -> list[Site]:
        """The quantities in the formula, each place of them; not the sizes in its numbers."""
        return [
            s
            for s in self.sites
            if is_operand(s.node, self.applies)
            and self.shape(s.node) is not None
            and not any(isinstance(a, Quotient) and scalar(a) is not None for a in s.above)
        ]

    @cached_property
    def pool(self) -> list[Node]:
        """What may be missing: quantities in the formula, those of their shapes, all others, things in brackets."""
        near = list(dict.fromkeys(s.node for s in self.leaves))
        alike = [a for leaf in near for a in self.names.alternatives(leaf)]
        return list(dict.fromkeys((*near, *alike, *self.names.quantities, *self.names.fragments)))

    def of_shape(self, shape: Sizes | None) -> list[Node]:
        return [] if shape is None else [q for q in self.pool if fit(self.shape(q), shape)]

    def is_number(self, node: Node) -> bool:
        """True for a number, and for a fraction of numbers."""
        if isinstance(node, Num) or (isinstance(node, Quotient) and scalar(node) is not None):
            return True
        return self.shape(node) == ()

    def split_number(self, node: Node) -> tuple[list[Node], Node]:
        """The numbers in front of a product, and the rest."""
        if isinstance(node, Product) and not is_application(node, self.applies):
            whole = units(node, self.applies)
            first = next((k for k, u in enumerate(whole) if not self.is_number(u)), 0)
            return whole[:first], product(*whole[first:])
        return [], node

    def outside(self, site: Site) -> Callable[[Node], Node] | None:
        """How to put something in the place of what the site stands in."""
        return next((s.put for s in self.sites if s.node is site.parent and s.above == site.above[:-1]), None)

    def is_power(self, node: Scripts) -> bool:
        """True where the superscript is a number above something that has a value without it."""
        below = replace(node, sup=None) if node.sub else node.base
        return isinstance(node.sup, Num) and self.shape(below) is not None

    def scripted(self) -> Iterator[tuple[Scripts, Callable[[Node], Node]]]:
        """Everything with a subscript or a superscript."""
        return ((s.node, s.put) for s in self.sites if isinstance(s.node, Scripts))


def matrix_shape(shape: Sizes | None) -> Sizes | None:
    """A column as a matrix of one column; (1, 1) as a number."""
    if shape is None or len(shape) > 2:
        return shape
    if len(shape) == 1:
        shape = (*shape, 1)
    return () if shape == (1, 1) else shape


def fit(shape: Sizes | None, wanted: Sizes | None) -> bool:
    """True where the two are one shape, open sizes fitting any."""
    a, b = matrix_shape(shape), matrix_shape(wanted)
    return a is not None and b is not None and len(a) == len(b) and all(map(same_size, a, b))


def same_size(a: object, b: object) -> bool:
    return a is None or b is None or bool(a == b)
