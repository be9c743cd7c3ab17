"""Index letters: what they run over, subscripts as places Σ c·i + o, and the entries that they take out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import sympy

from symjac.core import scalar
from symjac.core.expr import Expr, Map, Number
from symjac.core.expr import walk as walk_expr
from symjac.core.index import Index
from symjac.meaning import sizes, values
from symjac.meaning.frame import Frame
from symjac.meaning.naming import identifier, ways
from symjac.meaning.notebook import each
from symjac.meaning.reasons import Misfit, NotUnderstood, TooMuch
from symjac.meaning.values import Value
from symjac.notation.tree import Big, Group, Name, Neg, Node, Num, Product, Scripts, Span, Sum, walk

LARGEST_POWER = 32
"""Of a matrix: it is written out as a product."""

LARGEST_PLACE = 1000
"""An entry by number asks for axes as long; formulas are compared at such sizes up to here."""

LARGEST_EXPONENT = 1000
LONGEST_NUMBER = 1 << 15
"""In bits."""


def letter_in_scope(m: Frame, key: str) -> Index | None:
    for letters in reversed(m.scopes):
        if key in letters:
            return letters[key]
    return None


class Bound(dict[str, Index]):
    """The letters that a sum binds; others in its body belong further out. `said`: those whose limits it says."""

    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()


def free_scope(m: Frame) -> dict[str, Index]:
    """Where a letter that nothing binds is kept."""
    return next(scope for scope in reversed(m.scopes) if not isinstance(scope, Bound))


def letter(m: Frame, key: str, span: Span) -> Index:
    """The index that a letter stands for; its range is declared, or that of an axis it stands at."""
    found = letter_in_scope(m, key)
    if found is None:
        roots = m.roots[-1]
        size = extent(m, key) or size_seen(m, key, roots) or size_counted(m, key, roots) or size_in_notes(m, key)
        if size is None:
            raise NotUnderstood(span, f"what {key} runs over is not said; write for example ${key} = 1, \\dots, n$")
        found = Index(key, size)
        free_scope(m)[key] = found
    return found


def axes_of(m: Frame, key: str) -> tuple[Index, ...]:
    """The axes that a quantity is declared with: those of its letters before those of its sizes."""
    shape = m.notebook.shapes[key]
    counted = [letter(m, k, shape.span).size for k in shape.letters]
    written = [sizes.size(m.notebook, n) for n in shape.sizes]
    return tuple(Index(f"_{p}", s) for p, s in enumerate([*counted, *written]))


def extent(m: Frame, key: str) -> sympy.Expr | None:
    node = m.notebook.ranges.get(key)
    return None if node is None else sizes.size(m.notebook, node)


def size_seen(m: Frame, key: str, roots: Sequence[Node]) -> sympy.Expr | None:
    """The size of an axis at which the letter stands alone, somewhere in the formulas."""
    for root in roots:
        for node in walk(root):
            if isinstance(node, Scripts) and any(identifier(s) == key for s in node.sub):
                size = size_at(m, node, key)
                if size is not None:
                    return size
    return None


def size_in_notes(m: Frame, key: str) -> sympy.Expr | None:
    """Of a letter that numbers a family x_i: the size that all formulas of the notes agree on."""
    shapes = m.notebook.shapes
    if not any(key in s.letters for s in shapes.values()):
        return None
    nodes = (n for d in m.notebook.definitions.values() for n in walk(d.right))
    found: set[sympy.Expr] = set()
    for node in nodes:
        if isinstance(node, Big) and node.upper is not None and [identifier(n) for n in node.over] == [key]:
            first = node.lower or Num("1")
            if isinstance(first, Num) and first.text.isdigit():
                found.add(sizes.size(m.notebook, node.upper) - int(first.text) + 1)
        elif isinstance(node, Scripts) and isinstance(node.base, Name) and node.base.text in shapes:
            shape = shapes[node.base.text]
            places = [p for p, s in enumerate(node.sub) if identifier(s) == key]
            if places and not shape.letters and len(node.sub) == len(shape.sizes):
                found.add(sizes.size(m.notebook, shape.sizes[places[0]]))
    return found.pop() if len(found) == 1 else None


def size_counted(m: Frame, key: str, roots: Sequence[Node]) -> sympy.Expr | None:
    """The size of a letter in a subscript that numbers an axis: of c, i, j in 12 c + 3 i + j on 24 are 2, 4 and 3."""
    for node in (n for root in roots for n in walk(root) if isinstance(n, Scripts)):
        for place, script in enumerate(node.sub):
            if not isinstance(script, Sum):
                continue
            try:
                strides = linear(m, script)
            except NotUnderstood:
                continue
            offset = strides.pop(None, sympy.Integer(0)) + (sum(strides.values()) - 1) * m.notebook.base
            order = sorted(strides.values(), key=lambda c: int(c))
            if key not in strides or offset != 0 or order[0] != 1 or len(set(order)) != len(order):
                continue
            length = size_at_place(m, node, place)
            if length is None:
                continue
            ends = [*order[1:], length]
            if all((end / c).is_Integer and end / c > 1 for c, end in zip(order, ends, strict=True)):
                return ends[order.index(strides[key])] / strides[key]
    return None


def size_at_place(m: Frame, node: Scripts, place: int) -> sympy.Expr | None:
    """The size of the axis at which a subscript stands."""
    for way in ways(node):
        if not m.notebook.knows(way.key) or len(way.sub) != len(node.sub):
            continue
        if way.key not in m.busy:
            axes = m.enter(way.key, node.span).indices
        elif way.key in m.notebook.shapes:
            axes = axes_of(m, way.key)
        else:
            return None
        return axes[place].size if len(axes) == len(way.sub) else None
    return None


def size_at(m: Frame, node: Scripts, key: str) -> sympy.Expr | None:
    for way in ways(node):
        places = [p for p, s in enumerate(way.sub) if identifier(s) == key]
        if not places:
            continue
        bound = next((b[way.key] for b in reversed(m.bound) if way.key in b), None)
        if bound is not None:
            return bound.axes[places[0]].size if places[0] < len(bound.axes) else None
        if way.key in m.notebook.aliases:
            if way.key in m.notebook.shapes:
                return None  # an entry of x, or x_i of the rows of X: what else i stands at tells
            alias = m.notebook.aliases[way.key]
            value = m.read(alias.of)
            return value.axes[0 if alias.along == "rows" else -1].size
        key_of = each(way.key) if m.notebook.knows(each(way.key)) else way.key
        if m.notebook.knows(key_of):
            shape = m.notebook.shapes.get(key_of)
            if shape is not None and key in shape.letters and places[0] == shape.letters.index(key):
                return None  # x_i of a family x_i says nothing of i
            if key_of not in m.busy:
                axes = m.enter(key_of, node.span).indices
            elif key_of in m.notebook.shapes:
                axes = axes_of(m, key_of)
            else:
                return None
            if len(way.sub) < len(axes):
                axes = tuple(i for i in axes if i.size != 1)
            at = places[0] + first(m, way.sub, axes)
            return axes[at].size if at < len(axes) else None
    whole: Node = node.base if node.sup is None else replace(node, sub=())
    try:
        value = m.read(whole)
    except NotUnderstood:
        return None
    place = next((p for p, s in enumerate(node.sub) if identifier(s) == key), None)
    if place is None:
        return None
    if len(node.sub) < len(value.axes) and m.notebook.samples == "columns":
        place -= len(node.sub)
    return value.axes[place].size if -len(value.axes) <= place < len(value.axes) else None


def affine(m: Frame, script: Node) -> tuple[list[tuple[sympy.Expr, Index]], sympy.Expr]:
    """An index expression as Σ c·i + o over indices that count from 0."""
    places = linear(m, script)
    constant = places.pop(None, sympy.Integer(0))
    base = m.notebook.base
    offset = constant - base + sum((c * base for c in places.values()), sympy.Integer(0))
    return [(c, letter(m, k, script.span)) for k, c in places.items() if k is not None], offset


def linear(m: Frame, script: Node) -> dict[str | None, sympy.Expr]:
    key = identifier(script)
    if key is not None and (key in m.notebook.letters or letter_in_scope(m, key) is not None):
        return {key: sympy.Integer(1)}
    match script:
        case Num():
            if not script.text.isdigit():
                no_index(script)
            return {None: sympy.Integer(script.text)}
        case Neg():
            return {k: -c for k, c in linear(m, script.of).items()}
        case Group():
            return linear(m, script.of)
        case Sum():
            total: dict[str | None, sympy.Expr] = {}
            for term in script.terms:
                for k, c in linear(m, term).items():
                    total[k] = total.get(k, sympy.Integer(0)) + c
            return total
        case Product() if all(isinstance(f, Num) for f in script.factors[:-1]):
            c = sympy.Mul(*(sympy.Integer(f.text) for f in script.factors[:-1] if isinstance(f, Num)))
            return {k: c * v for k, v in linear(m, script.factors[-1]).items()}
    if key is not None and isinstance(script, Name | Scripts) and looks_like_letter(m, key):
        return {key: sympy.Integer(1)}
    no_index(script)


def looks_like_letter(m: Frame, key: str) -> bool:
    return key in m.notebook.letters or (len(key.split("_")[0]) == 1 and not m.known(key) and key.islower())


def no_index(script: Node) -> NoReturn:
    raise NotUnderstood(script.span, "an index is expected: a letter, a number, or a sum of them")


def split_subscripts(subs: tuple[Node, ...], rank: int, mixed: bool = False) -> list[Node]:
    """A_{ij} without a comma is i, j, and A_{12} is 1, 2; `mixed`: numbers may stand beside letters, as in δ_{i2}."""
    if len(subs) == 1 and isinstance(subs[0], Num) and rank == len(subs[0].text) == 2:
        return [Num(digit, span=subs[0].span) for digit in subs[0].text]
    out: list[Node] = []
    for s in subs:
        if (
            isinstance(s, Product)
            and len(subs) == 1
            and len(s.factors) == rank
            and (mixed or not any(isinstance(f, Num) for f in s.factors))
        ):
            out += s.factors
        else:
            out.append(s)
    return out


def entry(m: Frame, value: Value, subs: tuple[Node, ...], span: Span) -> Value:
    """The entries, or the sample, that subscripts take out."""
    if not subs:
        return value
    given = split_subscripts(subs, len(value.axes))
    if len(given) < len(value.axes):
        value = values.slim(value)
    rank = len(value.axes)
    if len(given) > rank:
        raise NotUnderstood(span, f"{len(given)} subscripts on {values.shape_text(value)}")
    at: list[Index | tuple[list[tuple[sympy.Expr, Index]], sympy.Expr] | None] = [None] * rank
    for place, script in enumerate(given, first(m, given, value.axes)):
        axis = value.axes[place]
        if script == Name(":"):
            continue
        terms, offset = affine_at(m, script, axis)
        plain = len(terms) == 1 and terms[0][0] == 1 and offset == 0 and terms[0][1].size == axis.size
        at[place] = terms[0][1] if plain else (terms, offset)
    out = values.entry(value, *at)
    return Value(out.expr, out.axes)


def first(m: Frame, subs: Sequence[Node], axes: Sequence[Index]) -> int:
    """The axis that the first subscript is at: with samples in columns, one letter at a matrix numbers the columns."""
    return 1 if len(subs) == 1 and len(axes) == 2 and m.notebook.samples == "columns" else 0


def sample(m: Frame, value: Value, along: str, subs: tuple[Node, ...], span: Span) -> Value:
    """Sample n of a matrix, one of its rows (columns), as a column; of it, the entries of further subscripts."""
    if len(value.axes) < 2:
        return entry(m, value, subs, span)
    axis = value.axes[0 if along == "rows" else -1]
    terms, offset = affine_at(m, subs[0], axis)
    plain = len(terms) == 1 and terms[0][0] == 1 and offset == 0 and terms[0][1].size == axis.size
    out = values.entry(value, *((terms[0][1] if plain else (terms, offset)) if a is axis else None for a in value.axes))
    return entry(m, Value(out.expr, out.axes), subs[1:], span)


def affine_at(m: Frame, script: Node, axis: Index) -> tuple[list[tuple[sympy.Expr, Index]], sympy.Expr]:
    key = identifier(script)
    new = key is not None and not isinstance(script, Num) and letter_in_scope(m, key) is None
    if key is not None and new and extent(m, key) is None and looks_like_letter(m, key):
        free_scope(m).setdefault(key, Index(key, axis.size))
    terms, offset = affine(m, script)
    _check_range(m, script, terms, offset, axis)
    return terms, offset


def _check_range(
    m: Frame, script: Node, terms: list[tuple[sympy.Expr, Index]], offset: sympy.Expr, axis: Index
) -> None:
    """A number has to be a place of the axis, and a letter alone must not run past its end."""
    size = sizes.true(axis.size)
    if not terms and (offset < 0 or (size.is_Integer and offset >= size)):
        first = m.notebook.base
        raise NotUnderstood(script.span, f"there is no entry {offset + first}: {size} are counted from {first}")
    if not terms and offset >= LARGEST_PLACE and not axis.size.is_Integer:
        raise TooMuch(script.span, f"entries by number are judged up to {LARGEST_PLACE}")
    if len(terms) == 1 and terms[0][0] == 1 and offset == 0:
        letter, room = terms[0][1], size - sizes.true(terms[0][1].size)
        if not room.is_nonnegative and not any("?" in s.name for s in room.free_symbols):
            last = sizes.true(letter.size)
            why = f"{letter.name} runs over {last} values, and stands at an axis of {size}"
            raise (Misfit if _fits_nowhere(m, letter.name) else NotUnderstood)(script.span, why)


def _fits_nowhere(m: Frame, key: str) -> bool:
    """True for a letter of the formula itself whose range nothing says but the axes that it stands at, none of them
    with an offset: at two lengths it has no value.
    """
    if m.gathered.name or extent(m, key) is not None or any(key in s.said for s in m.scopes if isinstance(s, Bound)):
        return False
    scripts = (s for roots in m.roots for r in roots for n in walk(r) if isinstance(n, Scripts) for s in n.sub)
    return not any(isinstance(s, Sum) and Name(key) in walk(s) for s in scripts)


def powered(m: Frame, value: Value, sup: Node | None, span: Span) -> Value:
    if sup is None:
        return value
    if isinstance(sup, Group) and isinstance(sup.of, Num | Name):
        raise NotUnderstood(span, "a number in brackets is a label and no power; what it labels is not declared")
    inner = sup.of if isinstance(sup, Group) else sup
    if inner == Neg(Num("1")) and len(value.axes) == 2:
        return values.inverse(value)
    power = exponent(m.read(inner), span)
    shape = values.slim(value).shape
    if len(shape) == 2 and power.is_Integer and sympy.expand(shape[0] - shape[1]) == 0:
        if abs(int(power)) > LARGEST_POWER:
            raise TooMuch(span, f"powers of a matrix are judged up to {LARGEST_POWER}")
        return values.power(value, int(power))
    return raised(value, power, span)


def raised(value: Value, power: sympy.Expr, span: Span) -> Value:
    """Each entry to the power. Refused where the numbers that it makes are too long to write down."""
    if power.is_Rational:
        steps = max(abs(power.p), power.q)
        if steps > LARGEST_EXPONENT or steps * _bits(value.expr) > LONGEST_NUMBER:
            raise TooMuch(span, f"a power that large is not worked out; exponents are judged up to {LARGEST_EXPONENT}")
    return values.elementwise(scalar.slot(0) ** power, value)


def _bits(e: Expr) -> int:
    """The length of the longest number in it, its exponents' factor included."""
    formulas = [n.value if isinstance(n, Number) else n.formula for n in walk_expr(e) if isinstance(n, Number | Map)]
    numbers = {n for f in formulas for n in f.atoms(sympy.Rational)}
    powers = {n.exp for f in formulas for n in f.atoms(sympy.Pow) if n.exp.is_Rational}
    longest = max((max(abs(n.p), n.q).bit_length() for n in numbers), default=1)
    return longest * max((int(abs(n)) for n in powers), default=1) or 1


def exponent(value: Value, span: Span) -> sympy.Expr:
    """The number that a power is."""
    found = scalar_number(value.expr)
    if value.axes or found is None:
        raise NotUnderstood(span, "an exponent that is a number is expected")
    return found


def scalar_number(e: Expr) -> sympy.Expr | None:
    return e.value if isinstance(e, Number) else None
