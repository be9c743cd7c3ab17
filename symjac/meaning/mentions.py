"""How a text uses the names that it declares nowhere, and the kinds of quantity that each may be, the likeliest first.

A kind is how many index letters number a family (x_i in R^d: one) and how many axes each of its members has. Bold and
small is a vector, capital a matrix, what is transposed, normed or summed over a subscript no number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from symjac.meaning import functions
from symjac.meaning.calls import OPERATORS
from symjac.meaning.fonts import style
from symjac.meaning.handled import is_array
from symjac.meaning.naming import CONSTANTS, identifier, spelled_by
from symjac.meaning.notebook import Notebook, is_loss
from symjac.notation.pending import innermost
from symjac.notation.tree import (
    Call,
    Derivative,
    Group,
    Items,
    Name,
    Node,
    Num,
    Prime,
    Product,
    Scripts,
    Statement,
    Sum,
    children,
    walk,
)

_OF_VECTORS = ("bold", "arrow")

Kind = tuple[int, int]
"""Letters of a family, axes of a member."""

NUMBER_KIND: Kind = (0, 0)
MUCH = 6.0
"""What an unlikely kind costs."""

_LETTERS = frozenset("ijklmnpqr")

NEVER = frozenset({"I", "e", "pi", "T", "d", "R", "O", "partial", "infty", "nabla"})
"""Names that are no quantity, or one of their own."""


@dataclass(slots=True)
class Mention:
    """All that a text does with one name."""

    key: str
    name: Node
    """As it is written first, without index letters."""
    names: dict[str, Node] = field(default_factory=dict)
    """Its identifiers: one, but for what is numbered by time, h_t and h_{t-1}."""
    below: set[int] = field(default_factory=set)
    """With how many index letters it stands."""
    letters: set[str] = field(default_factory=set)
    """Those that stand first below it."""
    handled: set[int] = field(default_factory=set)
    """With how many it stands where no number does."""
    applied: bool = False
    """Whether a bracket stands behind it."""
    called: bool = False
    """Whether one with names and numbers alone does."""
    bare: bool = False
    """Whether it stands anywhere without a bracket behind it."""
    differentiated: bool = False
    """Whether a derivative of it is taken."""
    varied: bool = False
    """Whether one is taken by it."""

    @property
    def is_array(self) -> bool:
        name = innermost(self.name)
        return bool(self.handled) or max(self.below) > 0 or (isinstance(name, Name) and style(name) in _OF_VECTORS)


def quantities(statements: Sequence[Statement], notebook: Notebook) -> dict[str, Mention]:
    """The names that stand for quantities: no functions, no parameters of one, no letters that number."""
    found = mentions(statements, notebook)
    numbering = {identifier(n) for n in _below(statements)}
    parameters = {k: p for p, s in enumerate(statements) for k in _parameters(s)}
    outside = mentions([s for p, s in enumerate(statements) if p not in parameters.values()], notebook)
    by_name = {head for head, m in found.items() if m.bare and m.called}
    bound = {k for k in parameters.keys() - outside.keys() if _head(statements[parameters[k]]) not in by_name}
    return {k: m for k, m in found.items() if k not in numbering | bound and not _is_function(m)}


def note_letters(statements: Sequence[Statement], notebook: Notebook) -> None:
    """The letters that number entries, i of x_i where x stands by itself as well, or as x_j with a letter of a sum; and
    the names with entries.
    """
    alone = {k for s in statements if s.relations for side in s.sides for k in _alone(side)}
    below = [n for s in statements for side in s.sides for n in walk(side) if isinstance(n, Scripts) and n.sub]
    numbered = {identifier(n.base) or "" for n in below if identifier(n.sub[-1]) in notebook.letters}
    for n in below:
        base, last = identifier(n.base) or "", n.sub[-1]
        several = base in alone or notebook.knows(base) or base in numbered
        if several and not is_loss(base) and isinstance(last, Name) and last.text in _LETTERS:
            notebook.letters.add(last.text)
    notebook.numbered = {identifier(n.base) or "" for n in below if identifier(n.sub[-1]) in notebook.letters}


def _alone(node: Node) -> Iterator[str]:
    """The names in a formula that have no subscript."""
    pending = [node]
    while pending:
        n = pending.pop()
        if isinstance(n, Name):
            yield identifier(n) or ""
        elif not isinstance(n, Scripts):
            pending += children(n)
        elif not n.sub or not isinstance(n.base, Name):
            pending.append(n.base)


def _below(statements: Iterable[Statement]) -> Iterator[Node]:
    """Small letters that stand as subscripts."""
    for n in (n for s in statements for side in s.sides for n in walk(side) if isinstance(n, Scripts)):
        parts = (f for s in n.sub for f in (s.factors if isinstance(s, Product) else (s,)))
        yield from (p for p in parts if isinstance(p, Name) and len(p.text) == 1 and p.text.islower())


def _head(s: Statement) -> str | None:
    """f of f(x) = .."""
    left = s.sides[0].base if isinstance(s.sides[0], Scripts) else s.sides[0]
    match left:
        case Product(factors=(head, *_)) | Call(function=head):
            return identifier(head)
    return None


def _parameters(s: Statement) -> set[str]:
    """x of f(x) = .."""
    left = s.sides[0] if s.relations[:1] in (("=",), (":=",)) else None
    left = left.base if isinstance(left, Scripts) else left
    match left:
        case Product(factors=(Name() | Scripts(), Group(of=of))):
            parts = of.items if isinstance(of, Items) else (of,)
        case Product(factors=(Name() | Scripts(), Scripts(base=Group(of=of)))):
            parts = of.items if isinstance(of, Items) else (of,)
        case Call(args=args):
            parts = args
        case _:
            return set()
    return {k for k in map(identifier, parts) if k is not None}


def mentions(statements: Sequence[Statement], notebook: Notebook) -> dict[str, Mention]:
    """The names of which the notebook knows nothing, by identifier."""
    out: dict[str, Mention] = {}
    for related, side in ((bool(s.relations), side) for s in statements for side in s.sides):
        for found in _in(side, notebook, "", False):
            key, name, subs, applied, role = found
            below = len(subs)
            whole = of_all_times(key, name, notebook)
            mention = out.setdefault(whole, Mention(whole, name))
            mention.names.setdefault(key, name)
            mention.below.add(below)
            mention.letters |= {k for k in map(identifier, subs[:1]) if k is not None}
            mention.applied |= bool(applied)
            mention.called |= applied == CALLED
            mention.bare |= not applied and related
            mention.differentiated |= role == "of"
            mention.varied |= role == "by"
            if is_array(name, notebook.arrays):
                mention.handled.add(below)
    return out


CALLED = 2
_Found = tuple[str, Node, tuple[Node, ...], int, str]


def _in(node: Node, book: Notebook, role: str, applied: int) -> Iterator[_Found]:
    match node:
        case Name() | Scripts() | Prime():
            taken = split(node, book)
            if taken is not None:
                key, bare, subs = taken
                if _may_be_quantity(key, bare, book) and not (key == "delta" and len(subs) == 2):  # Kronecker's
                    yield key, bare, subs, applied, role
            if isinstance(node, Scripts) and not isinstance(node.base, Name | Scripts | Prime):
                yield from _in(node.base, book, "", False)
            if isinstance(node, Prime) and not isinstance(node.of, Name | Scripts):
                yield from _in(node.of, book, "", False)
        case Derivative(of=of, by=by):
            yield from _in(of, book, "of", False)
            for b in by:
                yield from _in(b, book, "by", False)
        case Product(factors=factors):
            for f, after in pairwise((*factors, Num("1"))):
                inner = innermost(after)
                yield from _in(f, book, role, CALLED if _is_argument(inner) else isinstance(inner, Group))
        case Call(args=args):
            for a in args:
                yield from _in(a, book, "", False)
        case _:
            passed = role if isinstance(node, Group) else ""
            for part in children(node):
                yield from _in(part, book, passed, False)


def _is_argument(node: Node) -> bool:
    """True for a bracket around names and numbers alone, as behind a function."""
    if not isinstance(node, Group):
        return False
    parts = node.of.items if isinstance(node.of, Items) else (node.of,)
    return all(identifier(p) is not None or isinstance(p, Num) for p in parts)


def split(node: Node, book: Notebook) -> tuple[str, Node, tuple[Node, ...]] | None:
    """Of a name with scripts: its identifier, the name alone, and the index letters below it; a power is left off."""
    if isinstance(node, Name):
        key = identifier(node)
        return None if key is None else (key, node, ())
    if isinstance(node, Prime):
        return None
    if not isinstance(node, Scripts) or not isinstance(node.base, Name):
        return None
    cut = len(node.sub)
    first = identifier(node.sub[0]) if node.sub else None
    at_a_time = identifier(node.base) in book.timed and first not in book.letters
    while cut > at_a_time and _is_place(node.sub[cut - 1], node.base, book):
        cut -= 1
    kept, subs = node.sub[:cut], node.sub[cut:]
    sup = node.sup if is_label(node.sup) or identifier(node.base) in book.timed_above else None
    bare: Node = node.base if not kept and sup is None else Scripts(node.base, kept, sup, span=node.span)
    key = identifier(bare)
    return None if key is None else (key, bare, subs)


def of_all_times(key: str, bare: Node, book: Notebook) -> str:
    """One key for h_t, h_{t-1} and h_3; of other names their own."""
    base = identifier(bare.base) if isinstance(bare, Scripts) else None
    if not isinstance(bare, Scripts) or base not in book.timed | book.timed_above:
        return key
    above = base in book.timed_above
    sub, sup = (bare.sub, None) if above else (bare.sub[1:], bare.sup)
    rest = bare.base if not sub and sup is None else Scripts(bare.base, sub, sup)
    return f"{identifier(rest)} at any time"


def _is_place(script: Node, base: Node, book: Notebook) -> bool:
    if isinstance(script, Num):
        return identifier(base) in book.numbered
    key = identifier(script)
    return key is not None and key in book.letters


def is_label(sup: Node | None) -> bool:
    """True for a superscript that numbers a layer, x^{(l)}, and is no power."""
    if isinstance(sup, Sum):
        return any(map(is_label, sup.terms))
    return isinstance(sup, Group) or (isinstance(sup, Name) and sup.text in ("l", "L", "*", "ell", "+"))


def _may_be_quantity(key: str, bare: Node, book: Notebook) -> bool:
    name = innermost(bare)
    if not isinstance(name, Name) or key in NEVER or key in book.letters:
        return False
    sizes = (n for shape in book.shapes.values() for n in shape.sizes)
    if any(key == identifier(n) for n in (*book.limits, *book.ranges.values(), *sizes)):
        return False
    if (
        book.knows(key)
        or key in book.maps
        or key in book.functions
        or key in book.standard
        or key in book.groups
        or key in book.depth
    ):
        return False
    by = spelled_by(name)
    if by is not None and (book.knows(identifier(by) or "") or len(name.text) == 2):  # dW, a gradient
        return False
    if name.text in OPERATORS or name.text in functions.ELEMENTWISE:
        return False
    text = name.text.split()[-1] if name.text.strip() else ""
    return len(text) == 1 or name.latex.startswith("\\") or text[:1].isalpha()


def kinds(m: Mention, beside_arrays: bool) -> Sequence[tuple[float, Kind]]:
    """The kinds of quantity that the name may be, each with what it costs to take it so; beside what is transposed or
    bold, a number is the last choice.
    """
    name = innermost(m.name)
    assert isinstance(name, Name)
    bold = style(name) in _OF_VECTORS
    letter = name.text.split()[-1]
    capital = letter[:1].isupper() and len(letter) == 1
    most = max(m.below)
    handled = bool(m.handled)
    if most >= 2:
        return [(0.0, (0, 2)), (1.5, (1, 1))]
    if most == 1:
        if 0 in m.below:
            whole = [(0.0, (0, 1)), (2.0, (0, 2))] if not capital else [(0.5, (0, 1)), (0.5, (0, 2))]
            return [*whole, (3.0, (1, 1))]
        if bold or 1 in m.handled:
            return [(0.0, (1, 1)), (2.0, (0, 1))] if not capital else [(0.5, (1, 1)), (0.5, (1, 2)), (2.0, (0, 1))]
        return [(0.0, (0, 1)), (1.5, (1, 1))]
    if is_loss(m.key) and not bold and not handled:
        sure = m.differentiated and letter not in ("C", "E")
        return [(0.0, NUMBER_KIND)] if sure else [(0.0, NUMBER_KIND), (3.0, (0, 1)), (3.0, (0, 2))]
    if bold or handled:
        if capital:
            return [(0.0, (0, 2)), (2.0, (0, 1)), (MUCH, NUMBER_KIND)]
        return [(0.0, (0, 1)), (2.5, (0, 2)), (MUCH, NUMBER_KIND)]
    if letter in CONSTANTS:
        return [(0.0, NUMBER_KIND), (2.5, (0, 1)), (4.0, (0, 2))]
    if capital:
        return [(2.0 * beside_arrays, NUMBER_KIND), (0.2 * (not beside_arrays), (0, 2)), (2.0, (0, 1))]
    return [(0.0, NUMBER_KIND), (0.4 if beside_arrays else 1.0, (0, 1)), (3.0, (0, 2))]


def least_axes(written: Node, handled: bool) -> int:
    """How many axes a name has at least by the way it is written: two in a capital letter, one in bold."""
    name = innermost(written)
    if not isinstance(name, Name):
        return 0
    letter = name.text.split()[-1]
    if len(letter) == 1 and letter.isupper() and (handled or not is_loss(identifier(written) or "")):
        return 2
    return int(handled or style(name) in _OF_VECTORS)


def _is_function(m: Mention) -> bool:
    return m.called or (m.applied and (not m.bare or functions.library_name(m.key) is not None))
