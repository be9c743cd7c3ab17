r"""S(t), S(t-1), Y(t)_{n,k}: quantities numbered by a time or a layer in brackets, as S^t, S^{t-1}, Y_{n,k}^t.

Only where a text leaves no doubt: no derivative is taken by t and nothing is said of it, names stand with it at two
places of time or with subscripts behind the bracket, and each of them stands with nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from symjac.meaning.functions import ELEMENTWISE
from symjac.meaning.naming import identifier
from symjac.notation.pending import innermost, rebased
from symjac.notation.tree import (
    Derivative,
    Dots,
    Group,
    Items,
    Name,
    Neg,
    Node,
    Num,
    Product,
    Scripts,
    Statement,
    Sum,
    Transpose,
    rebuild,
    walk,
)

LETTERS = frozenset("tlkns")


def numbered(statements: Sequence[tuple[Statement, str]]) -> list[tuple[Statement, str]]:
    """The statements, with such numbers as labels."""
    sides = [side for s, _ in statements for side in s.sides]
    letters = {letter for letter in LETTERS if any(_has(side, letter) for side in sides)}
    names = _names(sides, frozenset(letters - _quantities(statements)))
    if not names:
        return list(statements)
    return [(replace(s, sides=tuple(_labelled(side, names) for side in s.sides)), role) for s, role in statements]


def _has(side: Node, letter: str) -> bool:
    return any(isinstance(n, Group) and _letter(n) == letter for n in walk(side))


def _quantities(statements: Sequence[tuple[Statement, str]]) -> set[str]:
    """The letters that a text speaks of as quantities: differentiated by, declared, defined, transposed."""
    out: set[str] = set()
    for s, _ in statements:
        first = s.sides[0]
        if s.relations and s.relations[0] not in ("<=", "<", "!=") and not isinstance(s.sides[1], Items | Num | Dots):
            out |= {n.text for n in (first.items if isinstance(first, Items) else (first,)) if isinstance(n, Name)}
        for n in (n for side in s.sides for n in walk(side)):
            if isinstance(n, Derivative):
                out |= {v.text for v in map(innermost, n.by) if isinstance(v, Name)}
            elif isinstance(n, Transpose) and isinstance(n.of, Name):
                out.add(n.of.text)
    return out


def _letter(group: Group) -> str | None:
    """t of (t), (t - 1), (t + 1)."""
    parts = group.of.terms if isinstance(group.of, Sum) else (group.of,)
    shift = parts[1].of if len(parts) == 2 and isinstance(parts[1], Neg) else parts[-1]
    if group.bracket != "(" or len(parts) > 2 or not isinstance(parts[0], Name):
        return None
    return parts[0].text if len(parts) == 1 or isinstance(shift, Num) else None


def _applied(node: Node) -> Iterator[tuple[Node, Node]]:
    """A name, and the bracket behind it with what is attached to that."""
    for n in walk(node):
        if isinstance(n, Product):
            for name, after in pairwise(n.factors):
                if isinstance(name, Name | Scripts) and isinstance(innermost(after), Group):
                    yield name, after


def _names(sides: Sequence[Node], letters: frozenset[str]) -> set[str]:
    """The identifiers of the names that stand with a time alone; none where nothing says that it is one."""
    times: dict[str, set[Node]] = {}
    others: set[str] = set()
    certain = False
    for name, after in (found for side in sides for found in _applied(side)):
        key, group = identifier(name), innermost(after)
        if key is None or not isinstance(group, Group):
            continue
        if _letter(group) in letters or (isinstance(group.of, Num) and group.bracket == "("):
            times.setdefault(key, set()).add(group.of)
            certain = certain or _has_subscripts(after)
        else:
            others.add(key)
    shifted = any(len({n for n in found if not isinstance(n, Num)}) > 1 for found in times.values())
    kept = {k for k, found in times.items() if k not in others | ELEMENTWISE.keys() and any(map(_is_time, found))}
    return kept if (certain or shifted) and letters else set()


def _is_time(node: Node) -> bool:
    return not isinstance(node, Num)


def _has_subscripts(node: Node) -> bool:
    while not isinstance(node, Group):
        if isinstance(node, Scripts) and node.sub:
            return True
        node = node.base if isinstance(node, Scripts) else node.of if isinstance(node, Transpose) else Group(node)
    return False


def _labelled(node: Node, names: set[str]) -> Node:
    node = rebuild(node, lambda part: _labelled(part, names))
    if not isinstance(node, Product):
        return node
    factors: list[Node] = []
    signs: list[str] = []
    for place, f in enumerate(node.factors):
        before = factors[-1] if factors else None
        if before is not None and isinstance(group := innermost(f), Group) and identifier(before) in names:
            factors[-1] = _with_label(before, f, group)
            continue
        if factors:
            signs.append(node.signs[place - 1] if place - 1 < len(node.signs) else "")
        factors.append(f)
    if len(factors) == len(node.factors):
        return node
    return factors[0] if len(factors) == 1 else replace(node, factors=tuple(factors), signs=tuple(signs))


def _with_label(name: Node, behind: Node, group: Group) -> Node:
    """S^{(t)} with the subscripts, the power and the transpose that stand behind the bracket."""
    span = name.span.to(behind.span)
    sub = name.sub if isinstance(name, Scripts) else ()
    base = name.base if isinstance(name, Scripts) else name
    if isinstance(behind, Scripts) and behind.base is group:
        whole: Node = Scripts(base, (*sub, *behind.sub), group.of, span=span)
        return whole if behind.sup is None else Scripts(whole, (), behind.sup, span=span)
    return rebased(behind, lambda g: Scripts(base, sub, group.of, span=name.span.to(g.span)))
