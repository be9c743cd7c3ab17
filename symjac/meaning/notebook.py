"""What a page of notes declares and defines: names, shapes, formulas, ranges, conventions. Trees only, no values."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from symjac.meaning.fonts import Fonts
from symjac.meaning.handled import Handled
from symjac.meaning.naming import identifier
from symjac.meaning.network import NO_NETWORK, SpecNames
from symjac.notation.tree import Name, Node, Relation, Space, Span


@dataclass(frozen=True, slots=True)
class Layout:
    """The conventions under which a formula is read."""

    vector: str = "column"
    """The derivative of a number by a vector: "column" (a gradient, of its shape) or "row" (numerator layout)."""
    matrix: str = "shape"
    """The derivative of a number by a matrix: "shape" or "numerator" (the shape of the transpose)."""
    jacobian: str = "numerator"
    """∂y/∂x of vectors: "numerator" (y in rows) or "denominator"."""
    vec: str = "columns"
    """vec stacks "columns" or "rows"."""
    product: str = "matrix"
    """a * b of two arrays: "matrix" (their product; of two columns of a LaTeX text entry by entry, for they have none),
    or "elementwise". The @ of the plain notation is the matrix product."""

    def changes(self, other: Layout) -> list[str]:
        """What `other` reads differently, in words."""
        words = {
            "vector": "where the derivative of a number by a vector is a "
            + ("row (numerator layout)" if other.vector == "row" else "column (gradient)"),
            "matrix": "where the derivative of a number by a matrix has "
            + ("the transposed shape (numerator layout)" if other.matrix == "numerator" else "the matrix's shape"),
            "jacobian": f"in {other.jacobian} layout",
            "vec": f"with {'row' if other.vec == 'rows' else 'column'}-stacking vec",
            "product": f"where `*` is {'elementwise' if other.product == 'elementwise' else 'the matrix product'}",
        }
        return [text for name, text in words.items() if getattr(self, name) != getattr(other, name)]

    def others(self, stars: frozenset[str]) -> Iterator[Layout]:
        """The readings that differ, those with one difference first, then two, neither of which is how `*` is read.

        `stars`: what it may be read as.
        """
        flips = [
            {"vector": "row" if self.vector == "column" else "column"},
            {"matrix": "numerator" if self.matrix == "shape" else "shape"},
            {"vec": "rows" if self.vec == "columns" else "columns"},
            {"jacobian": "denominator" if self.jacobian == "numerator" else "numerator"},
        ]
        for flip in flips:
            yield replace(self, **flip)
        yield from (replace(self, product=product) for product in stars - {self.product})
        for place, one in enumerate(flips):
            for other in flips[place + 1 :]:
                yield replace(self, **one, **other)


@dataclass(frozen=True, slots=True)
class Shape:
    """`W \\in R^{m x n}`, or `x_i \\in R^d` with i among `letters`."""

    letters: tuple[str, ...]
    sizes: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class WrittenDefinition:
    """`left = right`; `scripts` are the index expressions on the left, one an axis, innermost name excluded."""

    left: Node
    scripts: tuple[Node, ...]
    right: Node
    span: Span


@dataclass(frozen=True, slots=True)
class WrittenFunction:
    """`f(x) = body`, or `f(x)_{n,i} = body` with `letters` n, i."""

    parameters: tuple[str, ...]
    letters: tuple[Node, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Alias:
    """`x_n = rows of X`: sample n of a matrix, as a column."""

    of: Node
    along: str
    """"rows" or "columns"."""


@dataclass(frozen=True, slots=True)
class FactText:
    """A declared property: `kind` names it, `axis` and `value` where it has them."""

    kind: str
    name: Node
    axis: str = ""
    value: Node | None = None
    text: str = field(default="", compare=False)
    in_text: bool = field(default=False, compare=False)
    """Said in the text: where it makes no sense, or not beside the others, it is not used."""
    of_network: bool = field(default=False, compare=False)
    """Said in a spec."""


class Memo(dict[tuple[object, ...], Any]):
    """What is worked out once for a notebook and its copies."""

    def __copy__(self) -> Memo:
        return self


AS_WRITTEN = -1
"""The likeliest way to take them in which a capital letter is a matrix, and a bold one no number."""


@dataclass(slots=True)
class Notebook:
    """All that the judged formulas may use; filled by `statements` and `directives`, in the order of the file."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    definitions: dict[str, WrittenDefinition] = field(default_factory=dict)
    functions: dict[str, WrittenFunction] = field(default_factory=dict)
    standard: dict[str, str] = field(default_factory=dict)
    """A function's name -> the library's name: f = relu."""
    ranges: dict[str, Node] = field(default_factory=dict)
    """Index letter -> its size."""
    members: dict[str, set[Node | None]] = field(default_factory=dict)
    """Index letter -> what its sums say it is in; None of one that says nothing."""
    aliases: dict[str, Alias] = field(default_factory=dict)
    facts: list[FactText] = field(default_factory=list)
    groups: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    """θ = (W_1, b_1): a name for several."""
    opaque: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    """A number known only to depend on these."""
    maps: dict[str, tuple[tuple[Space, ...], Space]] = field(default_factory=dict)
    """f: R^n -> R: the spaces of its arguments, and that of its values."""
    applications: dict[str, tuple[tuple[Node, ...], ...]] = field(default_factory=dict)
    """Functions of which the notes say the name alone, with the arguments that each stands with."""
    numbers: set[str] = field(default_factory=set)
    """Those of them that make a number of arrays, as a loss does."""
    codomains: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    """Those that make an array, with its sizes."""
    open: set[str] = field(default_factory=set)
    """Those of which nothing tells whether they make a number or act on each entry."""
    tied: set[str] = field(default_factory=set)
    """Symmetric matrices whose entries are differentiated together."""
    parameters: tuple[Node, ...] = ()
    samples: str = ""
    """"rows" or "columns" where said."""
    reading: Layout = field(default_factory=Layout)
    said: set[str] = field(default_factory=set)
    """The fields of `reading` that the notes state themselves."""
    base: int = 1
    """The first value of an index."""
    depth: dict[str, int] = field(default_factory=dict)
    """Layer labels with a number: L -> 3."""
    layers: dict[str, range] = field(default_factory=dict)
    """Layer labels that run: l -> 1 .. 3."""
    letters: set[str] = field(default_factory=set)
    """Names used as an index of a sum or a range."""
    timed: set[str] = field(default_factory=set)
    """Names whose first subscript is a time, h of h_t = f(h_{t-1}): each such is a quantity of its own."""
    timed_above: set[str] = field(default_factory=set)
    """Those whose superscript is one, S^t."""
    numbered: set[str] = field(default_factory=set)
    """Names that stand with an index letter below them."""
    compared: tuple[Relation, ...] = ()
    """Comparisons of index letters that the text makes: i = j, i ≠ j."""
    equations: tuple[tuple[Node, Node], ...] = ()
    """The neighbouring sides of all statements."""
    limits: tuple[Node, ...] = ()
    """The upper limits of sums."""
    variables: set[str] = field(default_factory=set)
    """Names that stand for any number: x in f(x) = x^2."""
    factors: set[str] = field(default_factory=set)
    """Those of them that a bracket behind is a factor of: x in 12 x (x - 2)."""
    arrays: set[Handled] = field(default_factory=set)
    """Names that the text handles as arrays, declared or not."""
    taken: dict[str, Shape] = field(default_factory=dict)
    """The shapes of names that the text does not declare, taken from what it does with them."""
    from_use: bool = False
    """Whether names that nothing declares get shapes from what the text does with them."""
    eras: tuple[int, ...] = ()
    """The statements from which on names that are not declared are others; empty where that is not known yet."""
    usage: int = 0
    """Which of the ways to take them, counted from the likeliest; or AS_WRITTEN."""
    usages: int = 1
    """How many there are."""
    memo: Memo = field(default_factory=Memo)
    """The shapes taken from use that are known already, for all copies."""
    stars: frozenset[str] = frozenset()
    """What `*` between two arrays may be read as; nothing where there is none."""
    primes_transpose: bool = False
    """X' is the transpose, as in the plain notation."""
    fonts: Fonts = field(default_factory=Fonts)
    """Which letters are told apart by their fonts."""
    latex: dict[str, Node] = field(default_factory=dict)
    """Identifier -> the name as the writer writes it."""
    places: dict[str, int] = field(default_factory=dict)
    """Identifier -> the statement that defines it."""
    defined_since: dict[str, int] = field(default_factory=dict)
    """Identifier -> the statement from which on its formula holds; those before are of an earlier meaning."""
    declared_since: dict[str, int] = field(default_factory=dict)
    """The same of its shape."""

    stated: list[tuple[Node, Node]] = field(default_factory=list)
    """Equations of free quantities that the text gives and that no fact says: both sides."""
    redeclared: dict[str, int] = field(default_factory=dict)
    """Identifier -> the first statement that gives it another shape."""

    network: SpecNames = NO_NETWORK
    """The spec's, of which the notes speak: names whose formulas are expressions."""

    def copy(self) -> Notebook:
        """Another one that says the same, to be filled on its own."""
        values = {f.name: copy.copy(getattr(self, f.name)) for f in fields(self)}
        return Notebook(**values)

    def knows(self, key: str) -> bool:
        """True where the identifier stands for a quantity."""
        here = key in self.shapes or key in self.definitions or key in self.aliases or key in self.opaque
        return here or self.network.knows(key)

    def has_formula(self, key: str) -> bool:
        """True where a formula says what the quantity or the function is."""
        return key in self.definitions or key in self.functions or self.network.knows(key)

    def readings(self) -> Iterator[Layout]:
        """The conventions in force, then the others that may read a formula differently."""
        yield self.reading
        yield from self.reading.others(self.stars)

    def forget(self, names: Iterable[str]) -> None:
        """From here on these are no names of the network's."""
        old = self.network.names.intersection(names)
        self.network = self.network.without(old)
        self.shapes = {k: s for k, s in self.shapes.items() if k not in old}
        self.definitions = {k: d for k, d in self.definitions.items() if k not in old}
        self.facts = [f for f in self.facts if not (f.of_network and identifier(f.name) in old)]


def each(key: str) -> str:
    """The identifier of J_i where J is something else, Σ_i J_i for example."""
    return f"{key}_each"


def loss_of(notebook: Notebook) -> Name | None:
    """The quantity that a bare dW is the gradient of: L, J, C, E or loss, whichever is known; a script L before L."""
    for text in ("L", "J", "C", "E", "loss", "ell"):
        for known in (f"script {text}", text):
            if notebook.knows(known.replace(" ", "_")):
                return Name(known)
    return None


LOSSES = frozenset({"L", "J", "C", "E", "l", "ell", "loss", "cost", "Loss", "Cost", "err", "error"})


def is_loss(key: str) -> bool:
    """True for a name that losses have, whatever its font and labels."""
    return key.removeprefix("script_").split("_")[0] in LOSSES
