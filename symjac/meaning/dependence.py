"""What depends on what where no formula says it.

A number or an array that is only named, and that a formula differentiates, is an unknown function of what it is
differentiated by: ∂L/∂y makes L a function of y. Of several such arguments those count that the others lead to: of x
and y = W x, y alone. Where the notes leave open which those are there are several readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from symjac.meaning.naming import identifier, power_of_e, ways
from symjac.meaning.notebook import Notebook, each, is_loss, loss_of
from symjac.notation.pending import is_zero
from symjac.notation.tree import Call, Derivative, Group, Name, Node, Prime, Product, Scripts, Transpose, children, walk

Pair = tuple[Node, ...]
"""The two sides of an equation."""


@dataclass(frozen=True, slots=True)
class Link:
    """An argument of an unknown function; `shared`: the places (the function's, the argument's) with one index, as in
    ∂ℓ_i/∂z_i.
    """

    by: str
    shared: tuple[tuple[int, int], ...] = ()


Links = tuple[tuple[str, tuple[Link, ...]], ...]
"""Each unknown function with its arguments."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """∂of/∂by, with the index letters of both as they were written."""

    of: str
    by: str
    letters: tuple[tuple[str, ...], tuple[str, ...]]


class Dependence:
    """The links of one notebook, whose claims and definitions are `equations` and its own."""

    def __init__(self, notebook: Notebook, equations: Sequence[Pair]) -> None:
        self.notebook = notebook
        said = {k: d.right for k, d in notebook.definitions.items()}
        self.below: dict[str, Set[str]] = {key: mentioned([right], notebook) for key, right in said.items()}
        self.below |= {key: mentioned(of, notebook) for key, of in notebook.opaque.items()}
        independent = {(t.of, t.by) for pair in equations for t in _independent(pair, notebook)}
        self.taken = {key: self._of_unknown([right], independent) for key, right in said.items()}
        every = [t for several in self.taken.values() for t in several]
        self.independent = independent
        self.every = [*every, *(t for pair in equations for t in self._of_unknown(pair, independent))]
        self.linked = {key: frozenset(t.by for t in self.every if t.of == key) for key in {t.of for t in self.every}}

    def _of_unknown(self, trees: Iterable[Node], independent: Set[tuple[str, str]]) -> list[_Taken]:
        found = (t for tree in trees for t in _derivatives(tree, self.notebook))
        return [t for t in found if is_only_named(t.of, self.notebook) and (t.of, t.by) not in independent]

    def readings(self, pairs: Sequence[Pair]) -> list[Links]:
        """The links under which these equations can be read, the likeliest first; at least one.

        L depends on what the notes differentiate it by; on that of it alone which the equation's own derivatives lead
        to; or on what is made of that and leads nowhere else.
        """
        if not self.every:
            return [()]
        own = self._own(pairs)
        choices = [
            {u: self._on_the_way(u, own[u]) if u in own else self._last(u, bys) for u, bys in self.linked.items()},
            {u: self._last(u, bys) for u, bys in self.linked.items()},
            {u: self._last(u, own[u] | self._ends(u, own[u]) if u in own else bys) for u, bys in self.linked.items()},
        ]
        several = [self._links(c, entries) for entries in (True, False) for c in choices]
        return list(dict.fromkeys(several))

    def _own(self, pairs: Sequence[Pair]) -> dict[str, Set[str]]:
        """What the equations themselves, and the definitions that they read, take derivatives by."""
        trees = [side for pair in pairs for side in pair]
        found = self._of_unknown(trees, self.independent)
        for name in self._all_below(mentioned(trees, self.notebook)):
            found += self.taken.get(name, ())
        return {key: frozenset(t.by for t in found if t.of == key) for key in {t.of for t in found}}

    def _all_below(self, names: Iterable[str]) -> Set[str]:
        """`names` and all that they depend on, as the notes say or as links say."""
        out: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name not in out:
                out.add(name)
                pending += self.below.get(name, frozenset()) | self.linked.get(name, frozenset())
                pending += self.notebook.network.reads(name)
        return out

    def _last(self, u: str, bys: Set[str]) -> Set[str]:
        """Those of `bys` that no other one depends on, and that do not depend on `u`."""
        below = {b: self._all_below([b]) for b in bys}
        left = {b for b in bys if u not in below[b]}
        return {b for b in left if not any(c != b and b in below[c] and c not in below[b] for c in left)}

    def _on_the_way(self, u: str, own: Set[str]) -> Set[str]:
        """What `u` depends on by the notes as a whole, where `own` leads to it."""
        first = self._last(u, own)
        return {b for b in self._last(u, self.linked[u]) if first & self._all_below([b])} or first

    def _ends(self, u: str, own: Set[str]) -> Set[str]:
        """Names defined by forward formulas that nothing is made of, and that are made of what `u` depends on."""
        read = {name for names in self.below.values() for name in names}
        ends = (k for k, d in self.notebook.definitions.items() if k not in read and not _speaks_of_slopes(d.right))
        return {s for s in ends if own & self._all_below([s])}

    def _links(self, chosen: Mapping[str, Set[str]], entries: bool) -> Links:
        """`entries`: in ∂h_i/∂a_i entry i of h depends on entry i of a alone. Of a family ℓ_i it always does."""
        out = []
        for u, bys in sorted(chosen.items()):
            shape = self.notebook.shapes[u]
            most = len(shape.letters) + len(shape.sizes) if entries else len(shape.letters)
            links = (Link(b, tuple(s for s in self._shared(u, b) if s[0] < most)) for b in sorted(bys))
            out.append((u, tuple(links)))
        return tuple(pair for pair in out if pair[1])

    def _shared(self, u: str, by: str) -> tuple[tuple[int, int], ...]:
        """The places with one letter in every derivative of u by `by` that has letters on both."""
        written = [t.letters for t in self.every if (t.of, t.by) == (u, by) and all(t.letters)]
        alike = [{(p, q) for p, a in enumerate(one) for q, b in enumerate(other) if a == b} for one, other in written]
        return tuple(sorted(set.intersection(*alike))) if alike else ()


def _speaks_of_slopes(node: Node) -> bool:
    return any(isinstance(n, Derivative | Prime) for n in walk(node))


def is_only_named(key: str, notebook: Notebook) -> bool:
    """True for what is declared, and for which no formula and no fact is given."""
    told = {identifier(f.name) for f in notebook.facts}
    given = key in notebook.definitions or key in notebook.opaque or key in notebook.aliases or key in told
    return key in notebook.shapes and not given and not notebook.network.tells((key,))


def mentioned(trees: Iterable[Node], notebook: Notebook) -> frozenset[str]:
    """The quantities that formulas name."""
    out: set[str] = set()
    pending = list(trees)
    while pending:
        node = pending.pop()
        node = power_of_e(node) or node
        found = quantity(node, notebook) if isinstance(node, Name | Scripts | Prime) else None
        if found is None:
            pending += children(node)
        else:
            out.add(found[0])
    return frozenset(out)


def written_in(trees: Iterable[Node], notebook: Notebook) -> frozenset[str]:
    """The quantities that formulas name, with those of their definitions: c in L = relu(-|c|), which is 0."""
    out: set[str] = set()
    pending = set(mentioned(trees, notebook))
    while pending:
        name = pending.pop()
        out.add(name)
        definition = notebook.definitions.get(name)
        if definition is not None:
            pending |= mentioned([definition.right], notebook) - out
        pending |= notebook.network.reads(name) - out
    return frozenset(out)


def quantity(node: Node, notebook: Notebook) -> tuple[str, tuple[Node, ...]] | None:
    """The identifier of a quantity as the notes know it, and the subscripts that take entries of it."""
    for way in ways(node):
        alias = notebook.aliases.get(way.key)
        if alias is not None and way.key not in notebook.shapes and way.key not in notebook.definitions:
            whole = quantity(alias.of, notebook)
            return None if whole is None else (whole[0], way.sub)
        key = each(way.key) if way.sub and notebook.knows(each(way.key)) else way.key
        if notebook.knows(key):
            return key, way.sub
    return None


def _derivatives(tree: Node, notebook: Notebook) -> Iterator[_Taken]:
    """Derivatives of single quantities; dW for that of the loss."""
    for node in walk(tree):
        match node:
            case Derivative():
                yield from _of_derivative(node, notebook)
            case Name() | Scripts():
                yield from _of_spelled(node, notebook)


def _of_derivative(node: Derivative, notebook: Notebook) -> Iterator[_Taken]:
    of = quantity(_inner(node.of), notebook)
    for by in (quantity(_inner(b), notebook) for b in node.by):
        if of is not None and by is not None and of[0] != by[0]:
            yield _Taken(of[0], by[0], (_letters(of[1], "of"), _letters(by[1], "by")))


def _of_spelled(node: Name | Scripts, notebook: Notebook) -> Iterator[_Taken]:
    base = node.base if isinstance(node, Scripts) else node
    loss = loss_of(notebook)
    if loss is None or not isinstance(base, Name) or not base.text.startswith("d") or len(base.text) < 2:
        return
    bare = Name(base.text[1:])
    by = quantity(Scripts(bare, node.sub, node.sup) if isinstance(node, Scripts) else bare, notebook)
    if by is not None and quantity(node, notebook) is None:
        yield _Taken(identifier(loss) or "", by[0], ((), ()))


def _letters(subs: Sequence[Node], side: str) -> tuple[str, ...]:
    """Index letters; what is none is like nothing on the other side."""
    return tuple(identifier(s) or f"?{side} {place}" for place, s in enumerate(subs))


def _inner(node: Node) -> Node:
    """The quantity in vec(..), brackets and transposes."""
    match node:
        case Group() | Transpose():
            return _inner(node.of)
        case Call(function=Name(text="vec"), args=(inner,)) | Product(factors=(Name(text="vec"), Group(of=inner))):
            return _inner(inner)
    return node


def _independent(pair: Pair, notebook: Notebook) -> Iterator[_Taken]:
    """`∂t/∂w = 0`, alone; of a loss it rather says where its minimum is."""
    left, right = pair
    if states_independence(left, right) and isinstance(left, Derivative):
        yield from (t for t in _of_derivative(left, notebook) if not is_loss(t.of))


def states_independence(left: Node, right: Node) -> bool:
    return isinstance(left, Derivative) and is_zero(right)
