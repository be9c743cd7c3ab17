"""Columns that a text declares nowhere, sized by what they stand beside: u in uᵀ x_i with x_i in R^d is in R^d.

Only small letters that the text handles as arrays, wherever they stand, are taken so, and only where all products and
sums on the page agree; what is known of a size is that two of them are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from symjac.meaning.generic import applications
from symjac.meaning.handled import is_array
from symjac.meaning.naming import CONSTANTS, identifier, ways
from symjac.meaning.notebook import Notebook, Shape
from symjac.notation.tree import (
    Big,
    Group,
    Name,
    Neg,
    Node,
    Norm,
    Num,
    Product,
    Quotient,
    Scripts,
    Statement,
    Sum,
    Transpose,
    children,
    walk,
)

ONE = Num("1")
Dims = tuple[Node, Node]
"""How many rows and columns: sizes as they are written, and names that stand for their own number of rows."""

NUMBER: Dims = (ONE, ONE)
MOST_NAMES = 12
"""Of one page; where there are more nothing is taken."""


def columns(statements: Sequence[Statement], notebook: Notebook) -> dict[str, Shape]:
    """The shapes of these columns by identifier; only those whose size a declaration tells."""
    sides = [side for s in statements for side in s.sides]
    formulas = {
        identifier(s.sides[0]): s.sides[1] for s in reversed(statements) if s.relations[:1] in (("=",), (":=",))
    }
    said = formulas.keys() | _by_entries(statements) | _of_maps(sides, notebook)
    names = {key: n for key, n in _candidates(sides, notebook).items() if key not in said}
    if not names or len(names) > MOST_NAMES:
        return {}
    reader = _Reader(names, formulas, notebook)
    for s in statements:
        found = [reader.dims(side) for side in s.sides]
        for (one, other), relation in zip(pairwise(found), s.relations, strict=True):
            if relation in ("=", ":=") and NUMBER not in (one, other):
                reader.same(one, other)
    sizes = {key: reader.root(name) for key, name in names.items()}
    declared = {key: size for key, size in sizes.items() if size not in reader.wrong and size not in names.values()}
    return {key: Shape((), (size,), names[key].span) for key, size in declared.items() if size != ONE}


def _by_entries(statements: Iterable[Statement]) -> set[str | None]:
    """o of o_i = f(z_i): a formula for its entries says what it is."""
    lefts = (s.sides[0] for s in statements if s.relations[:1] in (("=",), (":=",)))
    return {identifier(left.base) for left in lefts if isinstance(left, Scripts)}


def _of_maps(sides: Iterable[Node], notebook: Notebook) -> set[str | None]:
    """x of f(x) beside f: R^n -> R."""
    found = (a for side in sides for a in applications(side) if identifier(a.name) in notebook.maps)
    return {identifier(x) for a in found for x in a.args}


def _candidates(sides: Iterable[Node], notebook: Notebook) -> dict[str, Name]:
    found: dict[str, Name] = {}
    other: set[str] = set()
    for n in (n for side in sides for n in walk(side) if isinstance(n, Name)):
        key = identifier(n) or ""
        known = notebook.knows(key) or key in notebook.letters or key in notebook.functions
        if not known and key[:1].islower() and n.latex.strip("\\{}")[-1:].isalpha() and is_array(n, notebook.arrays):
            found.setdefault(key, n)
        else:
            other.add(key)
    return {key: n for key, n in found.items() if key not in other}


class _Reader:
    """Reads how many rows and columns formulas have. `wrong`: sizes of which the page says two things."""

    def __init__(self, names: Mapping[str, Name], formulas: Mapping[str | None, Node], notebook: Notebook) -> None:
        self.names, self.formulas, self.notebook = names, formulas, notebook
        self.equal: dict[Node, Node] = {}
        self.wrong: set[Node] = set()
        self.busy: set[str] = set()
        sizes = [n for shape in notebook.shapes.values() for n in shape.sizes]
        self.sizes = {identifier(n) for n in (*sizes, *notebook.limits)}

    def root(self, size: Node) -> Node:
        while size in self.equal:
            size = self.equal[size]
        return size

    def unify(self, one: Node, other: Node) -> None:
        one, other = self.root(one), self.root(other)
        if one == other:
            return
        if one in self.names.values():
            self.equal[one] = other
        elif other in self.names.values():
            self.equal[other] = one
        else:
            self.wrong |= {one, other}

    def same(self, one: Dims | None, other: Dims | None) -> None:
        if one is not None and other is not None:
            self.unify(one[0], other[0])
            self.unify(one[1], other[1])

    def dims(self, node: Node) -> Dims | None:
        """Of a formula; None where nothing tells them. What is in it is read as well."""
        match node:
            case Num():
                return NUMBER
            case Name() | Scripts():
                return self.name(node)
            case Transpose(of=of):
                inner = self.dims(of)
                return None if inner is None else inner[::-1]
            case Group(of=of) | Neg(of=of):
                return self.dims(of)
            case Norm(of=of):
                self.dims(of)
                return NUMBER
            case Big(op="sum", body=body):
                return self.dims(body)
            case Quotient(top=top, bottom=bottom):
                above, below = self.dims(top), self.dims(bottom)
                return above if below == NUMBER else None
            case Sum(terms=terms):
                return self.sum(terms)
            case Product():
                return self.product(node)
        for part in children(node):
            self.dims(part)
        return None

    def sum(self, terms: Iterable[Node]) -> Dims | None:
        found = [d for d in map(self.dims, terms) if d is not None]
        arrays = [d for d in found if d != NUMBER]
        for one, other in pairwise(arrays):
            self.same(one, other)
        return arrays[0] if arrays else found[0] if found else None

    def product(self, node: Product) -> Dims | None:
        if any(isinstance(b, Group) and self.may_apply(a) for a, b in pairwise(node.factors)):
            for f in node.factors:
                self.dims(f)
            return None
        total: Dims | None = NUMBER
        for f in node.factors:
            d = self.dims(f)
            if total is None or d is None:
                total = None
            elif NUMBER in (total, d):
                total = d if total == NUMBER else total
            elif "\\cdot" in node.signs and total[1] == d[1] == ONE:
                self.unify(total[0], d[0])
                total = NUMBER
            else:
                self.unify(total[1], d[0])
                total = (total[0], d[1])
                total = NUMBER if total == NUMBER else total
        return total

    def may_apply(self, head: Node) -> bool:
        key = identifier(head)
        return key is not None and not self.notebook.knows(key) and self.dims(head) is None

    def name(self, node: Node) -> Dims | None:
        key, book = identifier(node), self.notebook
        if key is not None and key in self.names:
            return self.names[key], ONE
        for way in ways(node):
            shape = book.shapes.get(way.key)
            if shape is None or way.sup is not None:
                continue
            if len(way.sub) == len(shape.letters) + len(shape.sizes):
                return NUMBER
            if len(way.sub) == len(shape.letters) and len(shape.sizes) < 3:
                rows, over, *_ = (*shape.sizes, ONE, ONE)
                return rows, over
            return None
        if isinstance(node, Scripts):
            inner = self.dims(node.base) if not node.sub and isinstance(node.base, Group) else None
            return NUMBER if inner == NUMBER else None
        return self.formula(key)

    def formula(self, key: str | None) -> Dims | None:
        """Of a name by the formula for it; a rate and the like is a number."""
        if key in self.formulas and key is not None and key not in self.busy:
            self.busy.add(key)
            try:
                return self.dims(self.formulas[key])
            finally:
                self.busy.discard(key)
        return NUMBER if key in CONSTANTS or key in self.sizes else None
