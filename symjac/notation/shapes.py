r"""Declarations of shapes in the ways in which people write them, all as x \in \mathbb{R}^{m \times n}.

x \in R^n in any font; W : m \times n; A_{m \times n}, which may stand in a formula; \dim(W) = m \times n;
x = [x_1, \dots, x_n]^\top.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symjac.notation.scripts import SIGNS, sizes_of
from symjac.notation.tree import (
    Call,
    Dots,
    Group,
    Items,
    Matrix,
    Name,
    Neg,
    Node,
    Num,
    Product,
    Relation,
    Scripts,
    Space,
    Statement,
    Transpose,
    rebuild,
)


def declared(s: Statement) -> Iterator[Statement]:
    """The statement, with what it declares by a mark said before it, and what a sign of a space says after it."""
    s = _by_colon(_range(s))
    for condition in s.conditions:
        if (found_range := _between(condition)) is not None:
            yield found_range
    s = replace(s, conditions=tuple(c for c in s.conditions if _between(c) is None))
    if (space := _of_own_entries(s)) is not None:
        yield Statement((s.sides[0], space), ("in",), s.span)
        if len(s.sides) == 2:
            return
        s = replace(s, sides=(s.sides[0], *s.sides[2:]), relations=s.relations[1:])
    if len(s.relations) > 1 and s.relations[-1] == "in" and set(s.relations[:-1]) <= {"=", ":="}:
        yield Statement((s.sides[0], _space(s.sides[-1])), ("in",), s.span)
        s = replace(s, sides=s.sides[:-1], relations=s.relations[:-1])
    spaces = tuple(_space(n) if r == "in" else n for n, r in zip(s.sides[1:], s.relations, strict=True))
    found: dict[Node, Space] = {}
    sides = tuple(_without_sizes(side, found) for side in (s.sides[0], *spaces))
    for name, space in found.items():
        yield Statement((name, space), ("in",), s.span)
    if s.relations or not found:
        yield replace(s, sides=(sides[0], *map(_without_sign, sides[1:])))
    for left, right in zip(s.sides, spaces, strict=False):
        if isinstance(right, Space) and right.sign and not isinstance(left, Items):
            yield Statement((left, Num("0", span=left.span)), (right.sign,), s.span)


def _without_sizes(node: Node, found: dict[Node, Space]) -> Node:
    r"""The formula without the marks of A_{m \times n}, which `found` takes up; I_{n \times n} is I_n."""
    node = rebuild(node, lambda part: _without_sizes(part, found))
    if (
        not isinstance(node, Scripts)
        or not isinstance(node.base, Name)
        or len(node.sub) != 1
        or not _times(node.sub[0])
    ):
        return node
    sizes = sizes_of(node.sub[0])
    if node.base.text in ("I", "E") and len(set(sizes)) == 1:
        return replace(node, sub=sizes[:1])
    found.setdefault(node.base, Space(sizes, span=node.span))
    return node.base if node.sup is None else replace(node, sub=())


def _range(s: Statement) -> Statement:
    r"""1 \le i \le n and i \in \{1, \dots, n\} as i = 1, \dots, n."""
    if s.relations == ("<=", "<="):
        chain = Relation("<=", Relation("<=", s.sides[0], s.sides[1]), s.sides[2], span=s.span)
        return _between(chain) or s
    match s.sides:
        case (Name() as letter, Group(of=Items(items=(Num(), *_, Dots(), _)) as listed)) if s.relations == ("in",):
            return replace(s, sides=(letter, listed), relations=("=",)) if _is_letter(letter) else s
    return s


def _between(node: Node) -> Statement | None:
    """The range of i that 1 <= i <= n says."""
    match node:
        case Relation(op="<=", left=Relation(op="<=", left=Num() as first, right=Name() as letter), right=last):
            listed = Items((first, Dots(span=node.span), last), span=node.span)
            return Statement((letter, listed), ("=",), node.span) if _is_letter(letter) else None
    return None


def _is_letter(node: Name) -> bool:
    return len(node.text) == 1 and node.text in "ijklmnpqrst"


def _of_own_entries(s: Statement) -> Space | None:
    r"""Of x = [x_1, \dots, x_n]^\top, which says what x_i is called, the space of x."""
    if s.relations[:1] != ("=",):
        return None
    name, right = s.sides[:2]
    node = right.of if isinstance(right, Transpose) else right
    node = node.of if isinstance(node, Group) else node
    match node:
        case Items(items=items):
            rows = tuple((n,) for n in items)
        case Matrix(rows=rows):
            pass
        case _:
            return None
    shown = [n for row in rows for n in row if not isinstance(n, Dots) and n != Name("")]
    if not isinstance(name, Name) or len(shown) < 2 or not all(isinstance(n, Scripts) and n.sup is None for n in shown):
        return None
    wide = len(rows) > 1 and len(rows[0]) > 1
    places = [_places(n) if wide else n.sub for n in shown if isinstance(n, Scripts) and n.base == name]
    if len(places) != len(shown) or any(p != Num("1") for p in places[0]) or len(places[-1]) != 1 + wide:
        return None
    return Space(places[-1], span=right.span)


def _places(node: Scripts) -> tuple[Node, ...]:
    """1, n of a_{1n} and 1, 1 of a_{11}."""
    if len(node.sub) == 1 and isinstance(part := node.sub[0], Product):
        return part.factors
    if len(node.sub) == 1 and isinstance(part := node.sub[0], Num) and len(part.text) == 2:
        return tuple(Num(digit, span=part.span) for digit in part.text)
    return node.sub


def _without_sign(node: Node) -> Node:
    return replace(node, sign="") if isinstance(node, Space) else node


def _times(node: Node) -> bool:
    r"""True for m \times n."""
    return (
        isinstance(node, Product)
        and bool(node.signs)
        and "\\times" in node.signs
        and all(map(_is_size, sizes_of(node)))
    )


def _is_size(node: Node) -> bool:
    return not isinstance(node, Group | Items | Neg | Relation | Call)


def _by_colon(s: Statement) -> Statement:
    r"""W : m \times n, \dim(W) = m \times n."""
    if len(s.sides) != 2 or not _times(s.sides[1]):
        return s
    left, right = s.sides
    match left:
        case Call(function=Name(text=text), args=(of,)) | Product(factors=(Name(text=text), Group(of=of))):
            named = text in ("dim", "shape", "size") and s.relations == ("=",)
        case _:
            named, of = s.relations == (":",), left
    return replace(s, sides=(of, Space(sizes_of(right), span=right.span)), relations=("in",)) if named else s


def _space(node: Node) -> Node:
    r"""The right side of x \in R^n: R in any font, and M_{m \times n}(\mathbb{R}), as the space."""
    match node:
        case Scripts(base=Name(text="R"), sub=(), sup=sup) if sup is not None and not isinstance(sup, Neg | Group):
            sign = SIGNS.get(sup.text, "") if isinstance(sup, Name) else ""
            return Space((), sign, span=node.span) if sign else Space(sizes_of(sup), span=node.span)
        case Name(text="R", latex=latex) if latex.startswith(_UPRIGHT):
            return Space((), span=node.span)
        case Product(factors=(Scripts(sub=(sizes,), sup=None), Group(of=Space(sizes=())))) if _times(sizes):
            return Space(sizes_of(sizes), span=node.span)
    return node


_UPRIGHT = ("\\mathbf", "\\mathrm", "\\bf", "\\rm", "\\bold", "\\boldsymbol", "\\bm")
