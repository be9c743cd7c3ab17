"""Whether formulas fit, for kinds of the names in them: every way to read a formula, with what is taken for it.

A formula has rows and columns, a number one of each. Sizes are those that a text writes, and unknown ones that are
found equal where shapes meet. A way costs what it takes that is unlikely; the cheapest are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, pairwise

from symjac.meaning import functions
from symjac.meaning.calls import OPERATORS
from symjac.meaning.mentions import Kind, of_all_times, split
from symjac.meaning.naming import CONSTANTS, identifier, ways
from symjac.meaning.notebook import Notebook, Shape
from symjac.notation.pending import is_zero
from symjac.notation.tree import (
    Abs,
    Big,
    Binary,
    Call,
    Cases,
    Derivative,
    Group,
    Indicator,
    Items,
    Name,
    Neg,
    Node,
    Norm,
    Num,
    Ones,
    Prime,
    Product,
    Quotient,
    Scripts,
    Statement,
    Sum,
    Transpose,
)

Size = Node | str
"""A size as it is written, or an unknown one."""
Dims = tuple[Size, Size] | None
"""Rows and columns; None where nothing tells them."""

ONE = Num("1")
NUMBER: Dims = (ONE, ONE)

WAYS = 12
"""Of one formula that are followed."""
BESIDE, BEHIND, SPREAD, BY_ENTRIES, TURNED, MISFIT = 4.0, 5.0, 1.5, 2.0, 1.5, 4.0
"""What it costs to read two columns side by side entry by entry, to take a number for a name behind a matrix, to add a
number to an array, to take a Jacobian of vectors entry by entry, to equate a column with a row, and to leave a formula
that does not fit."""


@dataclass(frozen=True)
class Assumed:
    """What is taken so far: a kind for each name, equal sizes, and the cost."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    equal: Mapping[Size, Size] = field(default_factory=dict)
    cost: float = 0.0

    def root(self, size: Size) -> Size:
        while size in self.equal:
            size = self.equal[size]
        return size

    def unified(self, one: Size, other: Size) -> Assumed | None:
        one, other = self.root(one), self.root(other)
        if one == other:
            return self
        if isinstance(one, str) and other != ONE:
            return replace(self, equal={**self.equal, one: other})
        if isinstance(other, str) and one != ONE:
            return replace(self, equal={**self.equal, other: one})
        return None

    def same(self, one: Dims, other: Dims) -> Assumed | None:
        if one is None or other is None:
            return self
        rows = self.unified(one[0], other[0])
        return None if rows is None else rows.unified(one[1], other[1])

    def costing(self, more: float) -> Assumed:
        return replace(self, cost=self.cost + more) if more else self


Way = tuple[Dims, Assumed]


def cheapest(found: Iterable[Way], most: int = WAYS) -> list[Way]:
    """The cheapest ways, each once."""
    out: dict[object, Way] = {}
    for dims, t in sorted(found, key=lambda w: w[1].cost):
        shape = None if dims is None else (t.root(dims[0]), t.root(dims[1]))
        key = (shape, tuple(sorted(t.kinds.items())), frozenset(t.equal.items()))
        out.setdefault(key, (shape, t))
        if len(out) >= most:
            break
    return list(out.values())


class Fit:
    """Reads formulas of a page. `open`: the kinds that a name may have, with their costs."""

    def __init__(self, notebook: Notebook, open_kinds: Mapping[str, Sequence[tuple[float, Kind]]]) -> None:
        self.book, self.open = notebook, open_kinds
        sizes = [n for shape in notebook.shapes.values() for n in shape.sizes]
        self.sizes = {identifier(n) for n in (*sizes, *notebook.limits)}
        self.at_times = shapes_at_times(notebook)
        self.fresh = count(1)
        self.letters: list[dict[str, Size]] = [{}]

    # ------------------------------------------------------------ statements

    def statement(self, s: Statement, taken: Assumed) -> list[Assumed]:
        """What may be taken beside, so that the sides of a statement fit one another."""
        self.letters = [{k: self._end(n) for k, n in self.book.ranges.items()}]
        before = [(dims, t) for dims, t in self.read(s.sides[0], taken)]
        for left, relation, right in zip(s.sides, s.relations, s.sides[1:], strict=False):
            after: list[Way] = []
            for dims, t in before:
                for other, u in self.read(right, t):
                    after += self._compared(left, dims, right, other, u) if relation in ("=", ":=") else [(other, u)]
            before = cheapest(after)
        return [t for _, t in before]

    def _compared(self, left: Node, one: Dims, right: Node, other: Dims, t: Assumed) -> list[Way]:
        if one is None or other is None or is_zero(left) or is_zero(right):
            return [(one if is_zero(right) else other, t)]
        fits = t.same(one, other)
        if fits is not None:
            return [(one, fits)]
        turned = t.same(one, other[::-1]) if NUMBER not in (one, other) else None
        if turned is not None:
            return [(one, turned.costing(TURNED))]
        return [(None, t.costing(MISFIT))]

    # ------------------------------------------------------------ formulas

    def read(self, node: Node, t: Assumed) -> list[Way]:
        return cheapest(self._read(node, t))

    def _read(self, node: Node, t: Assumed) -> Iterable[Way]:
        match node:
            case Num() | Indicator():
                return [(NUMBER, t)]
            case Ones(size=size):
                return [((self._new() if size is None else size, ONE), t)]
            case Name() | Scripts() | Prime():
                return self._name(node, t)
            case Transpose(of=of):
                return [(None if d is None else (d[1], d[0]), u) for d, u in self.read(of, t)]
            case Group(of=Items()):
                return self._unknown(node, t)
            case Group(of=of) | Neg(of=of):
                return self.read(of, t)
            case Norm(of=of):
                return [(NUMBER, u) for _, u in self.read(of, t)]
            case Abs(of=of):
                return [(d if d == NUMBER else None, u) for d, u in self.read(of, t)]
            case Big():
                return self._big(node, t)
            case Sum(terms=terms):
                return self._sum(terms, t)
            case Product():
                return self._product(node, t)
            case Binary(op=op, left=left, right=right):
                return self._binary(op, left, right, t)
            case Quotient(top=top, bottom=bottom):
                return self._two(top, bottom, t, self._over)
            case Call(function=f, args=args):
                return self._call(f, args, t)
            case Cases(branches=branches):
                return self._sum([value for value, _ in branches], t)
            case Derivative():
                return self._derivative(node, t)
        return self._unknown(node, t)

    def _unknown(self, node: Node, t: Assumed) -> list[Way]:
        return [(None, t)]

    def _new(self) -> Size:
        return f"?{next(self.fresh)}"

    def _two(self, a: Node, b: Node, t: Assumed, made: Callable[[Dims, Dims, Assumed], Iterable[Way]]) -> Iterator[Way]:
        for one, u in self.read(a, t):
            for other, v in self.read(b, u):
                yield from made(one, other, v)

    def _over(self, one: Dims, other: Dims, t: Assumed) -> Iterator[Way]:
        if other == NUMBER:
            yield one, t
        elif one is None or other is None:
            yield None, t
        else:
            yield from self._alike(one, other, t.costing(1.0))

    def _alike(self, one: Dims, other: Dims, t: Assumed) -> Iterator[Way]:
        """Entry by entry."""
        if one is None or other is None:
            yield (one or other), t
        elif NUMBER in (one, other):
            yield (one if other == NUMBER else other), t.costing(0.0 if one == other else 1.0)
        else:
            fits = t.same(one, other)
            yield (one, fits) if fits is not None else (None, t.costing(MISFIT))

    def _binary(self, op: str, left: Node, right: Node, t: Assumed) -> Iterable[Way]:
        if op == "power":
            return self.read(left, t)
        if op in ("hadamard", "divide"):
            return self._two(left, right, t, self._alike)
        return self._two(left, right, t, lambda a, b, u: [(None, u)])

    def _sum(self, terms: Sequence[Node], t: Assumed) -> list[Way]:
        found = self.read(terms[0], t)
        for term in terms[1:]:
            after: list[Way] = []
            for one, u in found:
                for other, v in self.read(term, u):
                    after += self._added(one, other, v)
            found = cheapest(after)
        return found

    def _added(self, one: Dims, other: Dims, t: Assumed) -> Iterator[Way]:
        if one is None or other is None:
            yield (one or other), t
        elif one == other:
            yield one, t
        elif NUMBER in (one, other):
            yield (one if other == NUMBER else other), t.costing(SPREAD)
        else:
            fits = t.same(one, other)
            yield (one, fits) if fits is not None else (None, t.costing(MISFIT))

    def _big(self, node: Big, t: Assumed) -> list[Way]:
        keys = [k for k in map(identifier, node.over) if k is not None]
        inner = {}
        for k in keys:
            starts = node.lower is None or node.lower == ONE
            known = self.book.ranges.get(k)
            inner[k] = (
                self._end(node.upper)
                if node.upper is not None and starts and len(keys) == 1
                else self._end(known)
                if known is not None and node.upper is None
                else self._new()
            )
        self.letters.append(inner)
        try:
            found = self.read(node.body, t)
        finally:
            self.letters.pop()
        return [(NUMBER if not keys and node.op == "sum" and d is not None else d, u) for d, u in found]

    def _end(self, node: Node) -> Size:
        return node if identifier(node) is not None or isinstance(node, Num) else self._new()

    def _product(self, node: Product, t: Assumed) -> list[Way]:
        parts: list[tuple[Node, tuple[Node, ...] | None]] = []
        skip = False
        for f, after in pairwise((*node.factors, Num("1"))):
            if skip:
                skip = False
                continue
            if isinstance(after, Group) and self._is_function(f):
                parts.append((f, after.of.items if isinstance(after.of, Items) else (after.of,)))
                skip = True
            else:
                parts.append((f, None))
        dotted = "\\cdot" in node.signs
        starred = bool({"*", "\\ast"} & set(node.signs))
        found: list[Way] = []
        for place, (f, args) in enumerate(parts):
            after_all: list[Way] = []
            for one, u in found if place else [(NUMBER, t)]:
                for other, v in self._call(f, args, u) if args is not None else self.read(f, u):
                    behind = other == NUMBER and one is not None and one[1] != ONE and self._is_open(f)
                    after_all += self._times(one, other, v.costing(BEHIND * behind), dotted, starred)
            found = cheapest(after_all)
        return found

    def _is_open(self, node: Node) -> bool:
        """Whether it is a name alone of which nothing is declared."""
        taken = split(node, self.book) if isinstance(node, Name | Scripts) else None
        powered = isinstance(node, Scripts) and node.sup is not None and not _labels(taken[1] if taken else node)
        return taken is not None and taken[0] in self.open and not powered

    def _times(self, one: Dims, other: Dims, t: Assumed, dotted: bool, starred: bool) -> Iterator[Way]:
        if one is None or other is None:
            yield None, t
            return
        if NUMBER in (one, other):
            yield (other if one == NUMBER else one), t
            return
        inner = t.unified(one[1], other[0])
        if inner is not None:
            yield (one[0], other[1]), inner
        columns = one[1] == other[1] == ONE
        alike = t.same(one, other)
        if alike is not None and (columns or starred or inner is None):
            yield (NUMBER if dotted and columns else one), alike.costing(0.0 if dotted or starred else BESIDE)
        if inner is None and alike is None:
            yield None, t.costing(MISFIT)

    def _is_function(self, head: Node) -> bool:
        if isinstance(head, Prime):
            return True
        base = head.base if isinstance(head, Scripts) else head
        key, bare = identifier(head), identifier(base)
        if key is None or bare is None or self.book.knows(key) or key in self.open:
            return False
        return isinstance(base, Name) and key not in self.book.letters and key not in self.sizes

    def _call(self, f: Node, args: Sequence[Node], t: Assumed) -> Iterable[Way]:
        base = f.of if isinstance(f, Prime) else f
        key = identifier(base.base if isinstance(base, Scripts) else base) or ""
        if len(args) != 1:
            found = [(NUMBER, t)]
            for a in args:
                found = [(None, u) for _, t2 in found for _, u in self.read(a, t2)]
            return found
        inner = self.read(args[0], t)
        if key in ("tr", "Tr", "trace", "det", "norm", "dim"):
            return [(NUMBER, u) for _, u in inner]
        if key in ("diag", "Diag"):
            return [((d[0], d[0]) if d is not None and d[1] == ONE and d != NUMBER else None, u) for d, u in inner]
        if key in ("vec", "R", "mean", "sum"):
            return [(None, u) for _, u in inner]
        if key == "inv" or self._acts_on_entries(key, f):
            return inner
        if key in self.book.numbers:
            return [(NUMBER, u) for _, u in inner]
        if key in self.book.codomains or functions.library_name(key) is not None or key in OPERATORS:
            return [(d if d == NUMBER else None, u) for d, u in inner]
        return [w for d, u in inner for w in ((d, u), (None, u.costing(0.5)))]  # most functions act on each entry

    def _acts_on_entries(self, key: str, f: Node) -> bool:
        if isinstance(f, Prime) or key in functions.ELEMENTWISE or key in self.book.standard or key in ("exp", "log"):
            return True
        return key not in OPERATORS and functions.library_name(key) is not None

    # ------------------------------------------------------------ derivatives

    def _derivative(self, node: Derivative, t: Assumed) -> Iterator[Way]:
        for of, u in self.read(node.of, t) if node.of is not None else [(None, t)]:
            ways_by: list[tuple[tuple[Dims, ...], Assumed]] = [((), u)]
            for by in node.by:
                ways_by = [((*ds, d), w) for ds, v in ways_by for d, w in self.read(by, v)]
            for bys, v in ways_by:
                yield from _slopes(of, bys, v)

    # ------------------------------------------------------------ names

    def _name(self, node: Node, t: Assumed) -> Iterable[Way]:
        book = self.book
        for way in ways(node):
            shape = book.shapes.get(way.key)
            if shape is None or way.sup is not None:
                continue
            return self._entry(list(shape.sizes), len(shape.letters), way.sub, t)
        taken = split(node, book)
        if taken is not None:
            key, bare, subs = taken
            key = of_all_times(key, bare, book)
            if key in self.at_times:
                return self._entry(list(self.at_times[key].sizes), 0, subs, t)
            if key in self.open:
                powered = isinstance(node, Scripts) and node.sup is not None and not _labels(bare)
                found = self._open_name(key, subs, t)
                return [(self._powered(node, d), u) for d, u in found] if powered else found
            if key in CONSTANTS or key in self.sizes or key in ("e", "pi"):
                return [(NUMBER, t)]
            if key == "I":
                n = self._new()
                return [((n, n), t)]
        if isinstance(node, Scripts) and isinstance(node.base, Group) and node.sup is not None and not node.sub:
            return [(self._powered(node, d), u) for d, u in self.read(node.base, t)]
        if isinstance(node, Scripts) and node.sup is not None and not node.sub and isinstance(node.base, Norm | Name):
            return [(d if d == NUMBER else None, u) for d, u in self.read(node.base, t)]
        if isinstance(node, Scripts) and isinstance(node.base, Group) and node.sub:
            return [(NUMBER, u) for _, u in self.read(node.base, t)]
        return [(None, t)]

    def _powered(self, node: Node, dims: Dims) -> Dims:
        assert isinstance(node, Scripts)
        if dims == NUMBER or node.sup == Neg(Num("1")):
            return dims
        return None

    def _open_name(self, key: str, subs: tuple[Node, ...], t: Assumed) -> Iterator[Way]:
        known = t.kinds.get(key)
        choices = [(0.0, known)] if known is not None else self.open[key]
        for cost, kind in choices:
            letters, rank = kind
            new = t if known is not None else replace(t, kinds={**t.kinds, key: kind}, cost=t.cost + cost)
            yield from self._entry([f"{key}:{p}" for p in range(rank)], letters, subs, new)

    def _entry(self, sizes: list[Size], letters: int, subs: tuple[Node, ...], t: Assumed) -> list[Way]:
        rank = len(sizes)
        if rank > 2:
            return [(NUMBER if len(subs) == letters + rank else None, t)]
        if len(subs) == letters:
            rows, over, *_ = (*sizes, ONE, ONE)
            return [((rows, over), t)]
        own = subs[letters:]
        if len(own) == rank:
            for script, size in zip(own, sizes, strict=True):
                at = self._letter(script)
                unified = t if at is None else t.unified(at, size)
                t = unified if unified is not None else t.costing(MISFIT / 2)
            return [(NUMBER, t)]
        if rank == 2 and len(own) == 1:
            at = self._letter(own[0])
            unified = t if at is None else t.unified(at, sizes[0])
            return [((sizes[1], ONE), (unified or t).costing(0.5))]
        return [(None, t.costing(MISFIT / 2))]

    def _letter(self, script: Node) -> Size | None:
        key = identifier(script)
        if key is None or key not in self.book.letters:
            return None
        for scope in reversed(self.letters):
            if key in scope:
                return scope[key]
        return self.letters[0].setdefault(key, self._new())


def shapes_at_times(book: Notebook) -> dict[str, Shape]:
    """The shapes declared for one time, which hold at any."""
    found = ((of_all_times(k, book.latex.get(k, Name(k)), book), s) for k, s in book.shapes.items())
    return {key: s for key, s in found if key not in book.shapes and not s.letters}


def _labels(bare: Node) -> bool:
    return isinstance(bare, Scripts) and bare.sup is not None


def _slopes(of: Dims, bys: Sequence[Dims], t: Assumed) -> Iterator[Way]:
    """The shapes that a derivative may have, in any layout."""
    if len(bys) != 1:
        whole = of == NUMBER and all(b == NUMBER for b in bys)
        square = of == NUMBER and len(bys) == 2 and bys[0] is not None and bys[0] == bys[1] and bys[0][1] == ONE
        yield (NUMBER if whole else (bys[0][0], bys[0][0]) if square and bys[0] is not None else None), t
        return
    by = bys[0]
    if of is None or by is None:
        yield None, t
    elif by == NUMBER:
        yield of, t
    elif of == NUMBER:
        yield by, t
        yield (by[1], by[0]), t.costing(0.3)
    elif of[1] == ONE and by[1] == ONE:
        yield (of[0], by[0]), t
        if of[0] != by[0]:
            yield (by[0], of[0]), t.costing(0.3)
        same = t.unified(of[0], by[0])
        if same is not None:
            yield (of[0], ONE), same.costing(BY_ENTRIES)
    else:
        yield None, t
