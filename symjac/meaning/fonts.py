r"""Letters in several fonts. x and \mathbf{x} are two names where the text declares or defines both, else one.

What the fonts mean is settled for all statements of a text before any of them is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from symjac.meaning.naming import identifier
from symjac.notation.tree import (
    Call,
    Derivative,
    Dots,
    Group,
    Items,
    Name,
    Node,
    Num,
    Prime,
    Product,
    Scripts,
    Space,
    Statement,
    children,
    rebuild,
    walk,
)

STYLES = {
    "bold": "mathbf boldsymbol bold mathbfit bm pmb bf boldmath textbf symbf symbfit",
    "script": "mathcal mathbfcal mathscr cal",
    "double": "mathbb mathds mathbbm",
    "fraktur": "mathfrak",
    "sans": "mathsf textsf sf",
    "upright": "mathrm rm textrm symup symrm mathup operatorname",
    "arrow": "vec overrightarrow",
}
"""Each style with the commands that set it; letters under no such command are plain."""

PLAIN = ""
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_STYLE_OF = {command: style for style, commands in STYLES.items() for command in commands.split()}


@dataclass(frozen=True, slots=True)
class _Introduced:
    """A name that a statement declares or defines. `letters`: how many index letters stand below it; `rank`: of its
    shape, None where that is not said.
    """

    key: str
    style: str
    letters: int
    rank: int | None


def style(name: Name) -> str:
    """The style in which a name is written."""
    found = (_STYLE_OF.get(command, PLAIN) for command in _COMMAND.findall(name.latex))
    return next((s for s in found if s), PLAIN)


@dataclass(frozen=True)
class Fonts:
    """Which names of a text are told apart by their style, by what it introduces."""

    apart: Mapping[str, Sequence[_Introduced]] = field(default_factory=dict)
    unmarked: frozenset[str] = frozenset()
    """Letters that stand somewhere without an arrow."""

    @classmethod
    def of(cls, statements: Sequence[tuple[Statement, str]], from_use: bool = False) -> Fonts:
        """Settled for all statements of a text, each with its role; `from_use`: also where nothing introduces them."""
        names = (n for s, _ in statements for side in s.sides for n in walk(side) if isinstance(n, Name))
        introduced = _by_key(i for s, role in statements if role != "claim" for i in _introduced(s))
        apart = {key: several for key, several in introduced.items() if _are_several(several)}
        every = (i for s, _ in statements if from_use for i in _used(s))
        used = _by_key(_Introduced(i.key, i.style, 0, int(i.style != PLAIN)) for i in every)
        apart |= {key: list(dict.fromkeys(u)) for key, u in used.items() if key not in introduced and _are_several(u)}
        return cls(apart, frozenset(n.text for n in names if style(n) != "arrow"))

    def statement(self, s: Statement) -> Statement:
        """The statement, with names of their own for letters whose fonts are told apart."""
        sides = tuple(self.renamed(side) for side in s.sides)
        return replace(s, sides=sides, conditions=tuple(self.renamed(c) for c in s.conditions))

    def renamed(self, node: Node) -> Node:
        if isinstance(node, Scripts) and isinstance(node.base, Name):
            inner = [self.renamed(s) for s in node.sub]
            sup = None if node.sup is None else self.renamed(node.sup)
            return replace(node, base=self._name(node.base, node), sub=tuple(inner), sup=sup)
        if isinstance(node, Name):
            return self._name(node, node)
        return rebuild(node, self.renamed)

    def _name(self, name: Name, whole: Name | Scripts) -> Name:
        base = _base(name)
        labels, letters = _split(whole)
        key = next((k for k in (base + labels, base) if k in self.apart), None)
        if key is None and base.startswith("d") and len(base) > 1 and name.latex.startswith("d"):
            inner = self._name(Name(base[1:], name.latex[1:]), whole)
            return replace(name, text="d" + inner.text)
        if key is None:
            return replace(name, text=base) if base in self.unmarked else name
        own = self._style(self.apart[key], style(name), letters)
        return replace(name, text=base if own == PLAIN else f"{own} {base}")

    def _style(self, several: Sequence[_Introduced], written: str, letters: int) -> str:
        """The style itself; of x_i beside a number x and a vector in another font, that of the vector."""
        own = [i.rank for i in several if i.style == written and not i.letters]
        others = {i.style for i in several if i.style != written and i.rank != 0}
        return others.pop() if letters and own == [0] and len(others) == 1 else written


def _by_key(introduced: Iterable[_Introduced]) -> dict[str, list[_Introduced]]:
    out: dict[str, list[_Introduced]] = {}
    for i in introduced:
        out.setdefault(i.key, []).append(i)
    return out


def _are_several(introduced: Sequence[_Introduced]) -> bool:
    """True for two styles, both with index letters or both without: x_i beside a bold x is an entry of it."""
    return any(len({i.style for i in introduced if bool(i.letters) is below}) > 1 for below in (True, False))


def _introduced(s: Statement) -> Iterator[_Introduced]:
    if not s.relations:
        return
    left, right = s.sides[0], s.sides[1]
    if s.relations[0] in ("in", ":"):
        rank = len(right.sizes) if isinstance(right, Space) and s.relations[0] == "in" else None
        rank = 0 if isinstance(right, Group) else rank
        for node in left.items if isinstance(left, Items) else (left,):
            yield from _of(node, rank)
    elif s.relations[0] in ("=", ":=") and not isinstance(right, Items | Dots):
        yield from _of(left, 0 if isinstance(right, Num) else None)


def _used(s: Statement) -> Iterator[_Introduced]:
    """Small letters, plain or bold, that stand alone in an equation."""
    pending = list(s.sides) if s.relations else []
    while pending:
        n = pending.pop()
        if isinstance(n, Name) and len(n.text) == 1 and n.text.islower() and style(n) in (PLAIN, "bold"):
            yield _Introduced(n.text, style(n), 0, None)
        pending += [] if isinstance(n, Scripts) and n.sub else children(n)


def _of(node: Node, rank: int | None) -> Iterator[_Introduced]:
    """The name that stands alone, or with arguments."""
    match node:
        case Group(of=inner) | Prime(of=inner) | Call(function=inner) | Product(factors=(inner, Group())):
            if not isinstance(inner, Derivative):
                yield from _of(inner, rank)
        case Name() | Scripts(base=Name()):
            name = node.base if isinstance(node, Scripts) else node
            assert isinstance(name, Name)
            labels, letters = _split(node)
            yield _Introduced(_base(name) + labels, style(name), letters, rank)


def _split(node: Name | Scripts) -> tuple[str, int]:
    """The labels below and above a name, as part of its identifier, and how many index letters are below it."""
    if isinstance(node, Name):
        return "", 0
    parts = [f for s in node.sub for f in (s.factors if isinstance(s, Product) else (s,))]
    letters = [p for p in parts if isinstance(p, Name) and len(p.text) == 1 and p.text.islower()]
    labels = [p for p in parts if p not in letters]
    above = identifier(Scripts(Name(""), (), node.sup)) if node.sup is not None else ""
    below = identifier(Scripts(Name(""), tuple(labels))) if labels else ""
    return (below or "") + (above or ""), len(letters)


def _base(name: Name) -> str:
    return name.text.removeprefix("vec ")
