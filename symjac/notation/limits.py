r"""What stands below a sum sign: indices, where they begin and end, and conditions on them.

\sum_{i=1}, \sum_{i,j=1}, \sum_{j \ne i}, \sum_{j=1, j \ne i}, \sum_{1 \le k \le t}, \sum_{k < t}, \sum_{w \in V},
\sum_{k : y_k > 0}.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from symjac.notation.pending import BigHead, bare, innermost, product
from symjac.notation.tokens import Unreadable
from symjac.notation.tree import (
    Big,
    Dots,
    Group,
    Items,
    Name,
    Neg,
    Node,
    Num,
    Product,
    Relation,
    Scripts,
    Statement,
    Sum,
    rebuild,
    walk,
)

_UPWARDS = frozenset({"<", "<="})
_COMPARED = frozenset({"<", "<=", ">", ">=", "!="})


@dataclass(slots=True)
class _Range:
    """Indices that begin and end together."""

    over: list[Node]
    lower: Node | None = None
    upper: Node | None = None


@dataclass(slots=True)
class _Below:
    head: BigHead
    ranges: list[_Range] = field(default_factory=list)
    conditions: list[Node] = field(default_factory=list)
    waiting: list[Node] = field(default_factory=list)
    """Indices of which the limits may follow."""

    @property
    def over(self) -> list[Node]:
        return [n for r in self.ranges for n in r.over] + self.waiting

    def refuse(self, part: Node) -> Unreadable:
        return Unreadable(part.span, f"under {self.head.name.latex} an index or i = 1 was expected")

    def part(self, part: Node) -> None:
        if not isinstance(part, Relation):
            self.waiting += self.indices(part)
            return
        sides, ops = _chain(part)
        names, colon, rest = _at_colon(sides[0])
        if colon:
            self.waiting += self.indices(names)
            self.conditions.append(_joined([rest, *sides[1:]], ops))
        elif ops == ["="]:
            self.begins(part, sides[0], sides[1])
        elif ops == ["in"]:
            self.waiting += self.indices(sides[0])
            said = {c.left for c in self.conditions if isinstance(c, Relation) and c.op == "in"}
            self.conditions += [Relation("in", n, sides[1], span=part.span) for n in self.waiting if n not in said]
        elif len(ops) > 1 and set(ops) <= _UPWARDS:
            self.between(sides, ops)
        elif len(ops) == 1 and ops[0] in _COMPARED:
            self.compared(part, sides[0], sides[1])
        else:
            raise self.refuse(part)

    def indices(self, node: Node) -> list[Node]:
        """The names of indices: i, ij, (i, j)."""
        node = bare(node.of) if isinstance(node, Group) else node
        parts = node.factors if isinstance(node, Product) else node.items if isinstance(node, Items) else (node,)
        for index in parts:
            if not isinstance(innermost(index), Name) or index == _COLON:
                raise Unreadable(index.span, f"under {self.head.name.latex} the name of an index was expected")
        return list(parts)

    def begins(self, part: Node, left: Node, lower: Node) -> None:
        r"""i = 1; i = j without an end, where nothing else is said of i, is a condition."""
        if self.head.sup is None and _is_letter(lower):
            self.conditions.append(Relation("=", left, lower, span=part.span))
            if left not in self.over:
                self.waiting += self.indices(left)
            return
        self.ranges.append(_Range([*self.waiting, *self.indices(left)], lower))
        self.waiting = []

    def between(self, sides: Sequence[Node], ops: Sequence[str]) -> None:
        """1 <= k <= t, 1 <= i < j <= n."""
        inner = [n for side in sides[1:-1] for n in (side.items if isinstance(side, Items) else (side,))]
        if not all(isinstance(n, Name) for n in inner) or self.head.sup is not None:
            raise self.refuse(sides[0])
        lower = sides[0] if ops[0] == "<=" else _shifted(sides[0], Num("1"))
        upper = sides[-1] if ops[-1] == "<=" else _shifted(sides[-1], Neg(Num("1")))
        self.ranges.append(_Range(inner, lower, upper))
        for a, op, b in zip(sides[1:-1], ops[1:-1], sides[2:], strict=False):
            self.conditions.append(Relation(op, a, b, span=a.span.to(b.span)))

    def compared(self, part: Node, left: Node, right: Node) -> None:
        r"""j \ne i, k < t, of an index that is named before, or else of the left one."""
        if not any(n in self.over for side in (left, right) for n in walk(side)):
            self.waiting += self.indices(left)
        self.conditions.append(part)


def big(head: BigHead, body: Node) -> Node:
    """The sum of this head over `body`: one within another where indices have limits of their own."""
    below = _Below(head)
    for part in relations(head.sub):
        below.part(part)
    ranges = below.ranges
    if below.waiting or not ranges:
        ranges.append(_Range(below.waiting))
    if head.sup is not None:
        for r in ranges if len(ranges) > 1 else ranges[:1]:
            if r.lower is None and len(ranges) > 1:
                raise Unreadable(head.span, f"which index of {head.name.latex} has this limit is not clear")
            r.upper = head.sup
    conditions = tuple(below.conditions)
    for r in reversed(ranges):
        span = head.span.to(body.span)
        body = Big(head.op, tuple(r.over), body, r.lower, r.upper, conditions, span=span)
        conditions = ()
    return body


_COLON = Name(":")


def _at_colon(node: Node) -> tuple[Node, bool, Node]:
    """k and y_k of k : y_k; whether there is a colon."""
    if isinstance(node, Product) and _COLON in node.factors[1:-1]:
        at = node.factors.index(_COLON)
        names, rest = node.factors[:at], node.factors[at + 1 :]
        return product(names, [""] * (at - 1)), True, product(rest, [""] * (len(rest) - 1))
    return node, False, node


def relations(sub: Sequence[Node]) -> Iterator[Node]:
    """Between the commas; of a chain that reaches over one, j = 1, j < i, the relations one by one."""
    if len(sub) == 1 and isinstance(sub[0], Relation) and isinstance(sub[0].right, Items):  # i = 1, \dots, n
        first, *dots, last = sub[0].right.items
        if [type(n) for n in dots] == [Dots] or [type(n) for n in dots[1:]] == [Dots]:
            sub = (Relation("<=", Relation("<=", first, sub[0].left), last, span=sub[0].span),)
    for part in sub:
        sides, ops = _chain(part)
        lists = [list(side.items) if isinstance(side, Items) else [side] for side in sides]
        alone = all(len(found) == 1 for found in lists)
        between = len(ops) == 2 and set(ops) <= _UPWARDS and len(lists[0]) == len(lists[2]) == 1
        if alone or between:
            yield part
        else:
            yield from _cut(lists, ops)


def _cut(lists: Sequence[list[Node]], ops: Sequence[str]) -> Iterator[Node]:
    run, signs = [lists[0][-1]], list[str]()
    yield from lists[0][:-1]
    for op, items in zip(ops, lists[1:], strict=True):
        run.append(items[0])
        signs.append(op)
        if len(items) > 1:
            yield _joined(run, signs)
            yield from items[1:-1]
            run, signs = [items[-1]], []
    yield _joined(run, signs)


def _chain(node: Node) -> tuple[list[Node], list[str]]:
    """a < b < c as its sides and its relations."""
    sides: list[Node] = []
    ops: list[str] = []
    while isinstance(node, Relation):
        sides.insert(0, node.right)
        ops.insert(0, node.op)
        node = node.left
    return [node, *sides], ops


def _joined(sides: Sequence[Node], ops: Sequence[str]) -> Node:
    node = sides[0]
    for op, right in zip(ops, sides[1:], strict=True):
        node = Relation(op, node, right, span=node.span.to(right.span))
    return node


def _is_letter(node: Node) -> bool:
    return isinstance(node, Name) and len(node.text) == 1 and node.text.islower()


def _shifted(node: Node, by: Node) -> Node:
    return Sum((node, by), span=node.span)


# Which of two letters -------------------------------------------------------------------------------------------------


def settled(s: Statement) -> Statement:
    r"""The statement, each sum over a pair, \sum_{i \ne j}, over the letter that nothing else says the value of.

    That is the left one, unless the left side of the statement or a sum around has it and not the other; where none of
    both stands there, and the sum's body has both, it is over both.
    """
    if not any(isinstance(n, Big) and n.conditions for side in s.sides for n in walk(side)):
        return s
    known = frozenset(_letters(s.sides[0])) if len(s.sides) > 1 else frozenset()
    return replace(s, sides=tuple(_settled(side, known) for side in s.sides))


def _settled(node: Node, known: frozenset[Node]) -> Node:
    if isinstance(node, Big):
        node = _over_the_open(node, known)
        known |= set(node.over)
    return rebuild(node, lambda part: _settled(part, known))


def _over_the_open(node: Big, known: frozenset[Node]) -> Big:
    if len(node.conditions) != 1 or len(node.over) != 1 or node.lower is not None:
        return node
    pair = node.conditions[0]
    if not isinstance(pair, Relation) or pair.op not in _COMPARED or pair.left != node.over[0]:
        return node
    left, right = pair.left, pair.right
    if not _is_letter(right) or right in known:
        return node
    if left in known:
        return replace(node, over=(right,))
    inside = set(_letters(node.body))
    return replace(node, over=(left, right)) if {left, right} <= inside else node


def _letters(node: Node) -> Iterator[Node]:
    """The letters that stand below names, and that no sum in it binds."""
    bound = {o for n in walk(node) if isinstance(n, Big) for o in n.over}
    for n in walk(node):
        if isinstance(n, Scripts):
            yield from (p for s in n.sub for p in walk(s) if _is_letter(p) and p not in bound)
