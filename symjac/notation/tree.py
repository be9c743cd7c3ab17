"""The syntax of formulas as people write them: what LaTeX and the plain notation are both read into.

A tree says what was written, not what it means: whether `f(a)` applies a function or multiplies, and whether the `i` of
`x_i` is an index or a label, is decided by `meaning`, which knows the names. Two trees are equal where what they say is
equal; their places in the file do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands: offsets into the file's text, end exclusive. Of a macro's expansion, the call's place."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From the beginning of this to the end of `other`."""
        return Span(min(self.start, other.start), max(self.end, other.end))


NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Num(Node):
    """A number without sign, as written: 2, 0.5."""

    text: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    r"""A letter or word. `text` is its identity: W, delta (of \delta), hat X (of \hat{X}), softmax, loss.

    Bold, calligraphic, upright and the like are dropped from `text`; accents (hat, tilde, bar, dot, vec) are kept as
    words in front. `latex` is what the writer wrote.
    """

    text: str
    latex: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Ones(Node):
    r"""\mathbf{1} without a condition: a vector of ones; `size` where one was given (\mathbf{1}_k), else None."""

    size: Node | None = None


@dataclass(frozen=True, slots=True)
class Scripts(Node):
    """`base` with a subscript (its parts, split at commas; A_{ij} without comma is one Product part) and a superscript.

    The superscript is whatever stood there: a label (^l, ^{l+1}, ^{(i)} as a Group), a power, -1, or the Name "+".
    Transposes and primes are not superscripts: they are nodes of their own.
    """

    base: Node
    sub: tuple[Node, ...] = ()
    sup: Node | None = None


@dataclass(frozen=True, slots=True)
class Prime(Node):
    """f', f'' (order 2): a derivative of a function, or a marked name; `meaning` decides."""

    of: Node
    order: int = 1


@dataclass(frozen=True, slots=True)
class Transpose(Node):
    r"""x^\top, x^T, x^{\mathsf T}, x^{-\top} (the transpose of the inverse), and ' in the plain notation."""

    of: Node


@dataclass(frozen=True, slots=True)
class Product(Node):
    r"""Factors that stand side by side, or with \cdot, \times, *, \, or the @ of the plain notation between them.

    `signs` are the separators as written, "" for juxtaposition, one fewer than the factors.
    """

    factors: tuple[Node, ...]
    signs: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An operation that binds less than a product and more than a sum; left associative.

    `op`: "hadamard" (\\odot, \\circ, .*), "kron" (\\otimes), "divide" (\\oslash, ./), and
    "power" (x^{\\odot 2}, .^), which binds as a superscript does.
    """

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Quotient(Node):
    r"""\frac{top}{bottom} (style "frac") or top / bottom (style "slash")."""

    top: Node
    bottom: Node
    style: str = field(default="frac", compare=False)


@dataclass(frozen=True, slots=True)
class Neg(Node):
    of: Node


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """term + term - term: a subtracted term is a Neg."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Big(Node):
    r"""\sum, \prod, \max, \min, \mean over indices (`\sum_{i=1}^{n}`, `\sum_{n,i}`, `\max_j`), or over none given.

    `op`: "sum", "prod", "max", "min". `over`: the index names. `lower`, `upper`: the limits, where given. `conditions`:
    relations that hold of the indices, as in \sum_{j \ne i} and \sum_{w \in V}.
    """

    op: str
    over: tuple[Node, ...]
    body: Node
    lower: Node | None = None
    upper: Node | None = None
    conditions: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Call(Node):
    r"""A named operator applied: \log(x), \exp x, \operatorname{diag}(v), \mathcal{R}\{q\}, \sqrt{x}, e^{x} as exp.

    Only where the notation alone says so. `f(a)` and `\sigma(a)` are Products of a Name and a Group.
    """

    function: Node
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group(Node):
    """Something in brackets; `bracket` is "(", "[" or "{"."""

    of: Node
    bracket: str = field(default="(", compare=False)


@dataclass(frozen=True, slots=True)
class Items(Node):
    """Things separated by commas inside brackets, (a, b), or before a membership, `A, B \\in ...`.

    `given`: how many of them stand before the bar of p(x | y); 0 where there is none.
    """

    items: tuple[Node, ...]
    given: int = 0


@dataclass(frozen=True, slots=True)
class Dots(Node):
    r"""\dots, \ldots, \cdots."""


@dataclass(frozen=True, slots=True)
class Norm(Node):
    r"""\lVert x \rVert, \|x\|; `kind` is "", "2", "F", "1" or "inf". Its square is a Scripts with superscript 2."""

    of: Node
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Abs(Node):
    """|x|; of a matrix, its determinant (`meaning` decides)."""

    of: Node


@dataclass(frozen=True, slots=True)
class Relation(Node):
    """`op`: "=", "<", ">", "<=", ">=", "!=", ":=", "<-", "in", "->", "~" (approximately), "prop"."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Indicator(Node):
    r"""\mathbf{1}[a > 0], \mathbb{1}\{a > 0\}, 1_{[a > 0]}, \mathbb{I}(a > 0)."""

    condition: Node


@dataclass(frozen=True, slots=True)
class Cases(Node):
    """Branches (value, condition); a condition of None is "otherwise"."""

    branches: tuple[tuple[Node, Node | None], ...]


@dataclass(frozen=True, slots=True)
class Matrix(Node):
    r"""\begin{pmatrix} a & b \\ c & d \end{pmatrix}: rows of entries, Dots among them; a blank entry is Name("").

    `bracket`: "(", "[", "{", "|" (a determinant) or "" (as in \begin{matrix}, whose brackets stand around it).
    """

    rows: tuple[tuple[Node, ...], ...]
    bracket: str = ""


@dataclass(frozen=True, slots=True)
class Derivative(Node):
    r"""\frac{\partial y}{\partial x}, dy/dx, \nabla_x L, \nabla^2_x L, \frac{\partial^2 L}{\partial x \partial y}.

    `by` has one entry an order. `kind`: "partial", "total" (upright or italic d) or "nabla". `of` may be None:
    \frac{\partial}{\partial x} alone, applied to what follows (the parser has put that into `of` where it could).
    """

    of: Node
    by: tuple[Node, ...]
    kind: str = field(default="partial", compare=False)


@dataclass(frozen=True, slots=True)
class Space(Node):
    r"""\mathbb{R}^{m \times n}: the sizes in order; () for \mathbb{R}.

    `sign`: ">=" of \mathbb{R}_+, ">" of \mathbb{R}_{>0}.
    """

    sizes: tuple[Node, ...]
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """The words of the text beside a statement, in small letters and without markup; "$" stands for a formula.

    `before`: those of its sentence; `after`: up to the next formula or the end of the sentence. `sentence` and
    `paragraph` are numbers that statements of one sentence and of one paragraph share.
    """

    before: str = ""
    after: str = ""
    sentence: int = -1
    paragraph: int = -1
    section: int = -1
    """The number of the heading above."""


ALONE = Around()


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of mathematics: `sides` joined by `relations` (one fewer). A row of an alignment that begins with a
    relation continues the statement before it.

    `notes`: the text of remarks beside it (\\text{...} after the formula). `conditions`: what stands after "if" or
    "when" beside it; the statement is made for these alone.
    """

    sides: tuple[Node, ...]
    relations: tuple[str, ...]
    span: Span
    notes: tuple[str, ...] = ()
    conditions: tuple[Node, ...] = ()
    around: Around = field(default=ALONE, compare=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """Mathematics that could not be read, and why; never skipped silently."""

    span: Span
    reason: str


def _parts(node: Node) -> tuple[str, ...]:
    """The fields in which nodes stand, in the order of writing."""
    kind: Any = type(node)
    return _fields_of_nodes(kind)


@lru_cache(maxsize=256)  # there are fewer kinds
def _fields_of_nodes(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if "Node" in str(f.type))


def children(node: Node) -> list[Node]:
    """The direct parts, in the order of writing."""
    out: list[Node] = []
    for name in _parts(node):
        value = getattr(node, name)
        if isinstance(value, Node):
            out.append(value)
        elif value is not None:
            out.extend(_nodes(value))
    return out


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for v in value:
            yield from _nodes(v)


def walk(node: Node) -> Iterator[Node]:
    """Every node, parents before their parts."""
    pending = [node]
    while pending:
        n = pending.pop()
        yield n
        pending.extend(reversed(children(n)))


def rebuild(node: Node, change: Callable[[Node], Node]) -> Node:
    """`node` with `change` applied to each direct part; itself where nothing changes."""

    def new(value: object) -> object:
        if isinstance(value, Node):
            return change(value)
        return tuple(new(v) for v in value) if isinstance(value, tuple) else value

    changed: dict[str, Any] = {}
    same = True
    for name in _parts(node):
        before = getattr(node, name)
        changed[name] = new(before)
        same = same and (changed[name] is before or (isinstance(before, tuple) and _alike(changed[name], before)))
    return node if same else replace(node, **changed)


def _alike(new: Any, before: tuple[object, ...]) -> bool:
    return all(a is b or (isinstance(b, tuple) and _alike(a, b)) for a, b in zip(new, before, strict=True))
