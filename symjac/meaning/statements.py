"""Statements -> what they are: a declaration, a definition, a claim, or something that claims nothing.

A name is defined by the first equation that has it alone on the left, one that defines it as a derivative before any
other; every further equation about it is a claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise

from symjac.meaning import generic, natures, written_out
from symjac.meaning.calls import OPERATORS
from symjac.meaning.functions import ELEMENTWISE
from symjac.meaning.grouping import readings_of_stars
from symjac.meaning.handled import arrays
from symjac.meaning.mentions import note_letters
from symjac.meaning.naming import identifier, label, spelled_by, ways
from symjac.meaning.notebook import Alias, Notebook, Shape, WrittenDefinition, WrittenFunction, each, loss_of
from symjac.meaning.reasons import CONFINED, reason_of
from symjac.meaning.usage import defined, eras, shapes_from_use
from symjac.notation.tree import (
    Big,
    Call,
    Derivative,
    Dots,
    Group,
    Items,
    Name,
    Neg,
    Node,
    Num,
    Prime,
    Product,
    Relation,
    Scripts,
    Space,
    Span,
    Statement,
    Sum,
    Transpose,
    rebuild,
    walk,
)

GROUPED = ("theta", "Theta", "phi")


@dataclass(frozen=True, slots=True)
class Equality:
    """`left = right`, two neighbouring sides of a statement; to be judged, where it turns out to claim something."""

    left: Node
    right: Node
    span: Span
    update: bool = False
    """`W := W - ...`: only that shapes fit is claimed."""
    conditions: tuple[Node, ...] = ()
    """Comparisons under which it is claimed: x > 0."""
    nature: str = natures.CLAIM
    """Whether it is a claim, or one only where it holds."""
    place: int = 0
    """Which of the statements it is of."""


@dataclass(frozen=True, slots=True)
class Page:
    """The statements of one world, read and sorted."""

    notebook: Notebook
    claims: tuple[Equality, ...]
    idle: tuple[int, ...]
    """The statements that say something and claim nothing."""
    unread: tuple[tuple[Span, str], ...] = ()

    @property
    def others(self) -> int:
        return len(self.idle)


def sort(statements: Sequence[tuple[Statement, str]], notebook: Notebook, since: int = 0) -> Page:
    """Fill the notebook and list the claims of the statements from the place `since` on.

    Each statement comes with its role: "text", "given" or "claim". What one of them raises is its own reason.
    """
    unread: list[tuple[Span, str]] = []
    lost: set[int] = set()

    def each_of(work: Callable[[int, Statement, str], None]) -> None:
        for place, (s, role) in enumerate(statements):
            if place in lost:
                continue
            try:
                work(place, s, role)
            except CONFINED as error:
                unread.append((s.span, reason_of(error)))
                lost.add(place)

    handled = arrays((side for s, _ in statements for side in s.sides), notebook.primes_transpose)
    times: set[str] = set()
    if notebook.from_use:
        times, notebook.timed, notebook.timed_above = _in_time([s for s, _ in statements])
    never = {key for key, _ in handled} | times  # u of max_u uᵀ x
    standing = set(_standing([s for s, _ in statements]))
    notebook.letters |= (set(_letters(s for s, _ in statements)) | standing) - never | set(notebook.ranges)
    notebook.members = _members(s for s, _ in statements)
    separated = [s for s, _ in statements]

    def separate(place: int, s: Statement, _: str) -> None:
        separated[place] = _separated(s, notebook)

    each_of(separate)
    statements = [(s, role) for s, (_, role) in zip(separated, statements, strict=True)]
    notebook.opaque = {k: tuple(_with_depth(n, notebook) for n in of) for k, of in notebook.opaque.items()}
    notebook.arrays = arrays((side for s, _ in statements for side in s.sides), notebook.primes_transpose)
    notebook.stars = readings_of_stars(side for s, _ in statements for side in s.sides)
    notebook.limits = tuple(_limits(s for s, _ in statements))
    each_of(lambda _, s, __: _ranges(s, notebook))

    def declare(place: int, s: Statement, _: str) -> None:
        for instance in _instances(s, notebook):
            _declare(instance, place, notebook)

    each_of(declare)
    _samples_of_matrices(notebook)
    if notebook.from_use and not notebook.primes_transpose:
        plain = [s for s, _ in statements]
        note_letters(plain, notebook)
        notebook.compared = tuple(dict.fromkeys(_compared(plain, notebook)))
        notebook.eras = notebook.eras or eras(plain, notebook)
        notebook.taken = shapes_from_use(plain, since, notebook)
        own = defined(plain, notebook)
        notebook.shapes |= {key: shape for key, shape in notebook.taken.items() if key not in own}
    statements = generic.without_arguments(statements, notebook)
    sorter = _Definitions(statements, notebook)
    each_of(sorter.by_a_derivative)
    each_of(sorter.by_a_formula)
    each_of(sorter.functions_in_a_chain)
    entered = notebook.functions.keys() | notebook.applications.keys()
    notebook.shapes |= {k: s for k, s in notebook.taken.items() if not notebook.knows(k) and k not in entered}
    generic.settle([instance for s, _ in statements for instance in _instances(s, notebook)], notebook)
    notebook.equations = tuple(p for s, _ in statements for p in pairwise(s.sides))
    values = natures.values_set([s for s, _ in statements])
    families = natures.families([s for s, _ in statements])
    turns = natures.by_turns([s for s, _ in statements])
    claims: list[Equality] = []
    idle: list[int] = []

    def claim(place: int, s: Statement, role: str) -> None:
        if place < since:
            return
        defining = place in sorter.places
        if defining and s.conditions:
            unread.append((s.span, "a definition under a condition; write it as one formula with cases"))
            return
        found = list(_equalities(s, role, defining or sorter.is_case(s, role), notebook))
        if role == "text" and not s.conditions:
            near = values.get(s.around.paragraph, set())
            others = families.get(s.around.paragraph, set())

            def is_open(e: Equality) -> bool:
                if natures.is_at_point(e.left, e.right, near, notebook) or natures.is_of_family(e.left, others):
                    return True
                return natures.is_of_another(e.left, s.around.paragraph, turns)

            found = [replace(e, nature=natures.CONDITION) if e.nature and is_open(e) else e for e in found]
        claims.extend(replace(e, place=place) for e in found)
        if not found and len(s.sides) > 1:
            idle.append(place)

    each_of(claim)
    return Page(notebook, tuple(claims), tuple(idle), tuple(unread))


# ---------------------------------------------------------------- index letters


def _letters(statements: Iterable[Statement]) -> Iterator[str]:
    """What sums run over."""
    for s in statements:
        for side in s.sides:
            for node in walk(side):
                if isinstance(node, Big):
                    yield from (k for k in map(identifier, node.over) if k is not None)


def _standing(statements: Sequence[Statement]) -> Iterator[str]:
    r"""i of z_i, where z \in \mathbb{R}^n: small letters alone below arrays, none of which is a size."""
    spaces = [
        (n, s.sides[1])
        for s in statements
        if s.relations == ("in",) and isinstance(s.sides[1], Space)
        for n in (s.sides[0].items if isinstance(s.sides[0], Items) else s.sides[:1])
    ]
    arrays_declared = {n for n, space in spaces if isinstance(n, Name) and space.sizes}
    taken = {n for declared, space in spaces for size in (declared, *space.sizes) for n in walk(size)}
    for node in (n for s in statements for side in s.sides for n in walk(side)):
        if isinstance(node, Scripts) and node.base in arrays_declared and node.sup is None and len(node.sub) == 1:
            letter = node.sub[0]
            if isinstance(letter, Name) and letter.text in INDEX_LETTERS and letter not in taken:
                yield letter.text


def _members(statements: Iterable[Statement]) -> dict[str, set[Node | None]]:
    r"""What \sum_{w \in V} says that an index is in, over all sums of the text; None where one says nothing."""
    out: dict[str, set[Node | None]] = {}
    for node in (n for s in statements for side in s.sides for n in walk(side) if isinstance(n, Big)):
        said = {c.left: c.right for c in node.conditions if isinstance(c, Relation) and c.op == "in"}
        for n in node.over:
            out.setdefault(identifier(n) or "", set()).add(said.get(n))
    return out


def _in_time(statements: Sequence[Statement]) -> tuple[set[str], set[str], set[str]]:
    """The letters of time, t of a_t = W h_{t-1}, h_t = f(a_t), and the names that they number: h_t and h_{t-1} are two
    quantities, and no entries of one.
    """
    defining = [s.sides for s in statements if s.relations[:1] in (("=",), (":=",)) and isinstance(s.sides[0], Scripts)]
    lefts = {left.base for left, *_ in defining if isinstance(left, Scripts) and _time_of(left) is not None}
    letters: set[str] = set()
    for left, *others in defining:
        time = _time_of(left)
        if isinstance(time, Name):
            found = (n for side in others for n in walk(side) if isinstance(n, Scripts) and n.base in lefts)
            if any(isinstance(u, Sum) and time in u.terms for u in map(_time_of, found)):
                letters.add(time.text)
    every = [n for s in statements for side in s.sides for n in walk(side) if isinstance(n, Scripts)]
    timed = [(n, identifier(n.base) or "") for n in every if identifier(_time_of(n) or n) in letters]
    return letters, {key for n, key in timed if n.sub}, {key for n, key in timed if not n.sub}


def _time_of(node: Node) -> Node | None:
    """t of h_t and of S^t."""
    if not isinstance(node, Scripts):
        return None
    if node.sub:
        return node.sub[0]
    return node.sup.of if isinstance(node.sup, Group) else node.sup


def _compared(statements: Iterable[Statement], notebook: Notebook) -> Iterator[Relation]:
    """i = j and i ≠ j, of index letters; also where each alone is a condition."""
    for s in statements:
        pairs = zip(s.sides, s.relations, s.sides[1:], strict=False)
        said = [Relation(op, a, b) for a, op, b in pairs] + [c for c in s.conditions if isinstance(c, Relation)]
        for c in said:
            letters = all(isinstance(n, Name) and n.text in notebook.letters for n in (c.left, c.right))
            if c.op in ("=", "!=") and letters:
                yield from (replace(c, op="="), replace(c, op="!="))


def _limits(statements: Iterable[Statement]) -> Iterator[Node]:
    """The names that sums run up to."""
    nodes = (n for s in statements for side in s.sides for n in walk(side))
    yield from dict.fromkeys(n.upper for n in nodes if isinstance(n, Big) and isinstance(n.upper, Name | Scripts))


def _ranges(s: Statement, notebook: Notebook) -> None:
    r"""`i = 1, \dots, n`."""
    if len(s.sides) != 2 or s.relations != ("=",):
        return
    left, right = s.sides
    keys = [identifier(n) for n in (left.items if isinstance(left, Items) else (left,))]
    if not isinstance(right, Items) or not any(isinstance(i, Dots) for i in right.items):
        return
    for key in keys:
        if key is not None:
            notebook.letters.add(key)
            notebook.ranges[key] = right.items[-1]


INDEX_LETTERS = frozenset("ijklmnpqrs")
"""What a subscript of several letters is split into, beside the letters of sums."""


def _separated(s: Statement, notebook: Notebook) -> Statement:
    """A_{ij} as A_{i,j}, unless A_{ij} is declared; x^{(i)} as x_i where i is an index."""
    declared = {
        identifier(n)
        for side, relation in zip(s.sides, s.relations, strict=False)
        for n in (side.items if isinstance(side, Items) else (side,))
        if relation == "in"
    }

    def split(node: Node) -> Node:
        node = rebuild(node, split)
        if isinstance(node, Scripts) and node.sup is not None:
            node = _lowered(node, notebook)
        if not isinstance(node, Scripts) or len(node.sub) != 1 or identifier(node) in declared | set(notebook.shapes):
            return node
        part = node.sub[0]
        if isinstance(part, Product) and all(
            isinstance(f, Name) and (f.text in notebook.letters or f.text in INDEX_LETTERS) for f in part.factors
        ):
            notebook.letters |= {f.text for f in part.factors if isinstance(f, Name)}
            return replace(node, sub=part.factors)
        return node

    return replace(s, sides=tuple(split(side) for side in s.sides))


def _lowered(node: Scripts, notebook: Notebook) -> Scripts:
    parts = node.sup.factors if isinstance(node.sup, Product) else (node.sup,)
    last = parts[-1]
    if not isinstance(last, Group) or identifier(last.of) not in notebook.letters:
        return node
    rest = None if len(parts) == 1 else parts[0] if len(parts) == 2 else Product(parts[:-1], span=node.span)
    return replace(node, sub=(*node.sub, last.of), sup=rest)


# ---------------------------------------------------------------- layers


def at_layers(sides: tuple[Node, ...], notebook: Notebook) -> list[tuple[Node, ...]]:
    """The sides at every value of the layer labels in them, but those at which a label is outside of the net."""
    out = [sides]
    for name, values in notebook.layers.items():
        out = [
            tuple(at_layer(side, name, v) for side in t)
            for t in out
            for v in (values if any(_has_label(side, name) for side in t) else (0,))
        ]
    top = max((r.stop - 1 for r in notebook.layers.values()), default=0)
    out = [tuple(_with_depth(side, notebook) for side in t) for t in out]
    return [t for t in out if not top or all(_inside(side, top) for side in t)]


def _instances(s: Statement, notebook: Notebook) -> list[Statement]:
    return [replace(s, sides=sides) for sides in at_layers(s.sides, notebook)]


def _scripts(node: Scripts) -> tuple[Node, ...]:
    return (*node.sub, *(() if node.sup is None else (node.sup,)))


def _has_label(node: Node, name: str) -> bool:
    return any(isinstance(n, Scripts) and any(Name(name) in walk(s) for s in _scripts(n)) for n in walk(node))


def at_layer(node: Node, name: str, value: int) -> Node:
    """`node` with the layer label `name` set to `value`, and l + 1 worked out, in scripts."""
    if isinstance(node, Scripts):
        base = at_layer(node.base, name, value)
        sub = tuple(_worked_out(_set(s, name, value)) for s in node.sub)
        sup = None if node.sup is None else _worked_out(_set(node.sup, name, value))
        return replace(node, base=base, sub=sub, sup=sup)
    return rebuild(node, lambda n: at_layer(n, name, value))


def _with_depth(node: Node, notebook: Notebook) -> Node:
    for name, value in notebook.depth.items():
        node = at_layer(node, name, value)
    return node


def _set(script: Node, name: str, value: int) -> Node:
    if script == Name(name):
        return Num(str(value), span=script.span)
    return rebuild(script, lambda n: _set(n, name, value))


def _worked_out(script: Node) -> Node:
    if isinstance(script, Group):
        return replace(script, of=_worked_out(script.of))
    total = _whole(script)
    return script if total is None or isinstance(script, Num) else Num(str(total), span=script.span)


def _whole(script: Node) -> int | None:
    match script:
        case Num():
            return int(script.text) if script.text.isdigit() else None
        case Neg():
            inner = _whole(script.of)
            return None if inner is None else -inner
        case Sum():
            parts = [_whole(t) for t in script.terms]
            return None if None in parts else sum(p for p in parts if p is not None)
        case _:
            return None


def _inside(node: Node, top: int) -> bool:
    """True where every superscript that is a whole number is a layer of the net (1 .. top), powers of numbers apart."""
    for n in walk(node):
        if isinstance(n, Scripts) and n.sup is not None and isinstance(n.base, Name):
            value = _whole(n.sup)
            if value is not None and value > top:
                return False
            if value is not None and value < 1 and value != -1:
                return False
    return True


# ---------------------------------------------------------------- declarations and definitions


def _declare(s: Statement, place: int, notebook: Notebook) -> None:
    generic.declare_maps(s, notebook)
    for left, relation, right in zip(s.sides, s.relations, s.sides[1:], strict=False):
        if relation == "in" and isinstance(right, Space):
            for node in left.items if isinstance(left, Items) else (left,):
                _declare_one(node, right, s.span, place, notebook)
    if s.relations == ("=",) and isinstance(s.sides[1], Group | Items) and identifier(s.sides[0]) in GROUPED:
        inner = s.sides[1].of if isinstance(s.sides[1], Group) else s.sides[1]
        key = identifier(s.sides[0])
        if isinstance(inner, Items) and key is not None:
            notebook.groups[key] = inner.items


def _declare_one(node: Node, space: Space, span: Span, place: int, notebook: Notebook) -> None:
    letters, key = _split(node, notebook)
    if key is None or place < notebook.declared_since.get(key, 0):
        return
    column = notebook.from_use and len(space.sizes) == 2 and space.sizes[1] == Num("1")
    space = replace(space, sizes=space.sizes[:1]) if column else space
    known = notebook.shapes.get(key)
    if known is not None and known.letters == letters and known.sizes != space.sizes:
        notebook.redeclared.setdefault(key, place)
    if known is None:
        notebook.shapes[key] = Shape(letters, space.sizes, span)
        notebook.latex.setdefault(key, _bare(node, letters))


def _samples_of_matrices(notebook: Notebook) -> None:
    """x_i in R^d beside X in R^{n x d}, of which no formula is given: x_i is row i of X; of R^{d x n}, column i."""
    for key, shape in list(notebook.shapes.items()):
        whole = key[:1].upper() + key[1:]
        matrix = notebook.shapes.get(whole)
        if len(shape.letters) != 1 or len(shape.sizes) != 1 or matrix is None or whole == key or matrix.letters:
            continue
        if len(matrix.sizes) == 2 and shape.sizes[0] in matrix.sizes and matrix.sizes[0] != matrix.sizes[1]:
            notebook.aliases[key] = Alias(
                notebook.latex.get(whole, Name(whole)), "rows" if matrix.sizes[1] == shape.sizes[0] else "columns"
            )
            del notebook.shapes[key]


def _split(node: Node, notebook: Notebook) -> tuple[tuple[str, ...], str | None]:
    """The index letters at the end of a name's subscripts, and the identifier of what is before them."""
    for way in ways(node):
        letters = [identifier(s) for s in way.sub]
        if way.sup is not None:
            continue
        key_parts_fixed = all(letter is not None and letter in notebook.letters for letter in letters)
        if key_parts_fixed and not _ends_with_letter(node, len(way.sub), notebook):
            return tuple(letter for letter in letters if letter is not None), way.key
    return (), identifier(node)


def _ends_with_letter(node: Node, left: int, notebook: Notebook) -> bool:
    """True where the last subscript that was kept in the name is itself an index letter."""
    sub = node.sub if isinstance(node, Scripts) else ()
    kept = sub[: len(sub) - left]
    return bool(kept) and identifier(kept[-1]) in notebook.letters


def _bare(node: Node, letters: tuple[str, ...]) -> Node:
    if letters and isinstance(node, Scripts):
        sub = node.sub[: len(node.sub) - len(letters)]
        return node.base if not sub and node.sup is None else replace(node, sub=sub)
    return node


class _Definitions:
    """Enters the definitions. `places`: the statements whose first equality is one."""

    def __init__(self, statements: Sequence[tuple[Statement, str]], notebook: Notebook) -> None:
        self.notebook = notebook
        self.places: set[int] = set()
        self.named = {identifier(s.sides[0]) for s, _ in statements if s.sides} | notebook.shapes.keys()
        self.named |= notebook.network.names
        self.variables = natures.differentiated([s for s, _ in statements])
        self.applied = {natures.function_of(s.sides[0]) for s, _ in statements if s.relations[:1] in (("=",), (":=",))}

    def by_a_derivative(self, place: int, s: Statement, role: str) -> None:
        if len(s.sides) > 1 and isinstance(s.sides[1], Derivative):
            self.enter(place, s, role)

    def by_a_formula(self, place: int, s: Statement, role: str) -> None:
        if place not in self.places:
            self.enter(place, s, role)

    def enter(self, place: int, s: Statement, role: str) -> None:
        if role == "claim" or s.relations[:1] not in (("=",), (":=",)) or self.defines_nothing(place, s, role):
            return
        if _is_spelled_gradient(s.sides[0], self.named) and loss_of(self.notebook) is not None:
            return
        for instance in _instances(s, self.notebook):
            if _define(instance, place, self.notebook):
                self.places.add(place)

    def functions_in_a_chain(self, place: int, s: Statement, role: str) -> None:
        """g of a = g(z) = max(0, z)."""
        for left, right in zip(s.sides[1:], s.sides[2:], strict=False):
            chain = role != "claim" and place in self.places and set(s.relations) == {"="}
            unknown = natures.function_of(left) is not None and natures.is_generic(left, self.notebook)
            if chain and unknown and not natures.speaks([right], self.notebook):
                _define_function(left, right, place, self.notebook)

    def defines_nothing(self, place: int, s: Statement, role: str) -> bool:
        if s.relations[0] == ":=":
            return s.sides[0] in walk(s.sides[1])
        if role == "text" and natures.is_solution(s, place, self.variables):
            return True
        if natures.is_value(s.sides[1]) and identifier(s.sides[0]) in self.applied:  # σ = 1 beside σ(x) = ..
            return True
        if isinstance(s.sides[0], Prime) and identifier(s.sides[0].of) in self.applied:  # f' beside f(x) = ..
            return True
        return natures.step(s, self.notebook) is not None or natures.restates_itself(s) or self.is_case(s, role)

    def is_case(self, s: Statement, role: str) -> bool:
        """y_i = 1 where it is no definition: the value of a case, of an example, of a setting among several."""
        if role != "text" or s.relations[:1] != ("=",) or not natures.is_value(s.sides[1]):
            return False
        key = identifier(s.sides[0])
        shape = self.notebook.shapes.get(key or "")
        array = shape is not None and bool(shape.sizes or shape.letters)
        return (array and not isinstance(s.sides[0], Transpose)) or natures.is_case(s, self.variables)


def _is_spelled_gradient(left: Node, named: Set[str | None]) -> bool:
    """dW where W is named as well."""
    by = spelled_by(left)
    return by is not None and any(way.key in named for way in ways(by))


def _define(s: Statement, place: int, notebook: Notebook) -> bool:
    left, right = s.sides[0], s.sides[1]
    if isinstance(right, Items) or identifier(left) in notebook.groups:
        return False
    if generic.says_dependence(left, right, notebook):
        return True
    if _names_samples(left, right, notebook):
        return True
    if isinstance(left, Call) and left.function == Name("log") and len(left.args) == 1:  # log p = .. defines p
        left, right = left.args[0], Call(Name("exp", r"\exp"), (right,), span=right.span)
    if _define_function(left, right, place, notebook):
        return True
    found = (
        (identifier(left) or "", left, ())
        if _is_total(left, right, notebook)
        else _family(left, notebook) or _defined_name(left, notebook)
    )
    if found is None:
        return False
    key, bare, scripts = found
    if key in notebook.functions:
        return False
    if place < notebook.defined_since.get(key, 0):
        return True
    notebook.places[key] = place
    if not scripts and key in notebook.definitions:
        notebook.definitions[each(key)] = notebook.definitions.pop(key)
        notebook.latex[each(key)] = notebook.latex.pop(key)
    notebook.definitions[key] = WrittenDefinition(left, scripts, right, s.span)
    notebook.latex.setdefault(key, bare)
    return True


def _names_samples(left: Node, right: Node, notebook: Notebook) -> bool:
    r"""X = [x_1, \dots, x_n] beside X \in \mathbb{R}^{d \times n}: x_i is a column of X."""
    shape, found = notebook.shapes.get(identifier(left) or ""), written_out.samples(right)
    key = None if found is None else identifier(found[0])
    if shape is None or len(shape.sizes) != 2 or found is None or key is None or notebook.knows(key):
        return False
    notebook.aliases[key] = Alias(left, found[1])
    notebook.latex.setdefault(key, found[0])
    return True


def _is_total(left: Node, right: Node, notebook: Notebook) -> bool:
    """J = Σ_i J_i beside J_i = ..: the sum over the letter of a name that is defined for each of its values."""
    known = notebook.definitions.get(identifier(left) or "")
    letters = () if known is None else tuple(identifier(s) for s in known.scripts)
    return any(isinstance(n, Big) and any(identifier(o) in letters for o in n.over) for n in walk(right))


def _defined_name(left: Node, notebook: Notebook) -> tuple[str, Node, tuple[Node, ...]] | None:
    """Identifier, bare name and index scripts of a left side that a new name, alone, makes."""
    if isinstance(left, Group):
        left = left.of
    if not isinstance(left, Name | Scripts | Prime):
        return None
    for way in ways(left):
        if way.key in notebook.shapes and way.sup is None and not _taken(way.key, notebook):
            rank = len(notebook.shapes[way.key].letters) + len(notebook.shapes[way.key].sizes)
            if not way.sub or len(way.sub) in (len(notebook.shapes[way.key].letters), rank):
                return way.key, _bare_of(left, len(way.sub)), way.sub
    if any(notebook.knows(way.key) for way in ways(left) if way.sup is None):
        return None
    if isinstance(left, Scripts) and isinstance(left.base, Group) and left.sup is None:
        key = identifier(left.base.of)
        notebook.letters |= {i for i in map(identifier, left.sub) if i is not None}
        return None if key is None else (key, left.base.of, left.sub)
    letters, key = _split(left, notebook)
    if key is None or label(left) is None or key in notebook.letters:
        return None
    scripts = left.sub[len(left.sub) - len(letters) :] if isinstance(left, Scripts) and letters else ()
    return key, _bare(left, letters), scripts


def _family(left: Node, notebook: Notebook) -> tuple[str, Node, tuple[Node, ...]] | None:
    """J_i = .. beside J = Σ_i ..: a name of its own."""
    if not isinstance(left, Scripts):
        return None
    letters, key = _split(left, notebook)
    known = notebook.definitions.get(key or "")
    if key is None or not letters or known is None or known.scripts or each(key) in notebook.definitions:
        return None
    if not any(isinstance(n, Big) and any(identifier(o) in letters for o in n.over) for n in walk(known.right)):
        return None
    return each(key), left, left.sub[len(left.sub) - len(letters) :]


def _bare_of(left: Node, cut: int) -> Node:
    if not cut:
        return left
    if isinstance(left, Scripts):
        sub = left.sub[: max(len(left.sub) - cut, 0)]
        return replace(left, sub=sub) if sub or left.sup is not None else left.base
    return left


def _taken(key: str, notebook: Notebook) -> bool:
    known = key in notebook.definitions or key in notebook.aliases or key in notebook.opaque
    return known or notebook.network.knows(key)


def _define_function(left: Node, right: Node, place: int, notebook: Notebook) -> bool:
    """`f(x) = ...`, `f(x)_{n,i} = ...`: a function, unless f is a quantity or has a formula already."""
    letters: tuple[Node, ...] = ()
    head: Node = left
    if isinstance(left, Scripts) and left.sup is None:
        head, letters = left.base, left.sub
    parts: tuple[Node, ...] = ()
    match head:
        case Product(factors=(Name() | Scripts() as name, Group() as inner)):
            head, parts = name, inner.of.items if isinstance(inner.of, Items) else (inner.of,)
        case Product(factors=(Name() | Scripts() as name, Scripts(base=Group() as inner, sub=sub, sup=None))):
            head, parts, letters = name, inner.of.items if isinstance(inner.of, Items) else (inner.of,), sub
        case Call(function=Name() | Scripts() as name, args=args):
            head, parts = name, args
        case _:
            return False
    key = identifier(head)
    names = [identifier(p.of if isinstance(p, Group) else p) for p in parts]
    if key is None or None in names or key in notebook.functions or notebook.knows(key) or key in OPERATORS:
        return False
    if key in ELEMENTWISE:  # e^x = 1/x asks for an x
        return False
    if any(isinstance(n, Scripts | Name) and identifier(n) == key for n in walk(right)):
        return False
    if place < notebook.defined_since.get(key, 0):
        return True
    notebook.places[key] = place
    notebook.functions[key] = WrittenFunction(tuple(n for n in names if n is not None), letters, right)
    notebook.variables |= {n for n in names if n is not None}
    return True


def _variables(node: Node, notebook: Notebook) -> None:
    """f(u), f'(u) on a left side: u is any number, where nothing else is known of it."""
    head: Node
    match node:
        case Product(factors=(Name() | Prime() as head, Group(of=Name() as inner))):
            pass
        case Call(function=head, args=(Name() as inner,)):
            pass
        case _:
            return
    key = identifier(inner)
    if key is not None and not notebook.knows(key) and (isinstance(head, Prime) or identifier(head) not in ELEMENTWISE):
        notebook.variables.add(key)


# ---------------------------------------------------------------- claims


def _equalities(s: Statement, role: str, defining: bool, notebook: Notebook) -> Iterator[Equality]:
    """The neighbouring sides that claim something; `defining`: the first two do not."""
    if role == "given":
        return
    moved = natures.step(s, notebook) if role == "text" else None
    if moved is not None:
        yield Equality(*moved, s.span, update=True)
        return
    for place, relation in enumerate(s.relations):
        left, right = s.sides[place], s.sides[place + 1]
        if relation == "in" and isinstance(right, Space):
            if identifier(left) in notebook.groups:
                yield Equality(left, right, left.span.to(right.span))
            continue
        if relation not in ("=", ":=", "<-") or (defining and place == 0) or _is_nothing(left, right, notebook):
            continue
        update = relation != "=" and left in list(walk(right))
        if relation != "=" and not update:
            continue
        _variables(left, notebook)
        span = left.span.to(right.span) if place == 0 else right.span
        nature = natures.nature(s, place, notebook) if role == "text" and not update else natures.CLAIM
        if nature:
            yield Equality(left, right, span, update, s.conditions, nature)


def _is_nothing(left: Node, right: Node, notebook: Notebook) -> bool:
    """A range, a list, a value given to a setting: not an equation between quantities."""
    if isinstance(right, Items | Dots) or isinstance(left, Items | Dots):
        return True
    return identifier(left) in notebook.groups or identifier(left) in notebook.depth
