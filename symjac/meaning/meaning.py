"""Syntax tree -> value: what a formula says, under one reading of the conventions.

Names are looked up in the notebook and entered into a world of definitions the first time they are needed. Sizes that
are not written (of I and of a vector of ones) are unknowns, solved for where shapes meet.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain, count
from typing import TypeVar

import sympy

from symjac.calculus.facts import NotKnown, WorldError
from symjac.core import scalar
from symjac.core.expr import Contract, Expr, ShapeError, Symbol, number, symbol
from symjac.core.index import Index, size_symbol
from symjac.meaning import (
    applied,
    calls,
    conditions,
    entering,
    functions,
    grouping,
    letters,
    reductions,
    sizes,
    values,
    written_out,
)
from symjac.meaning.calls import OPERATORS
from symjac.meaning.derivatives import arranged, by_entries
from symjac.meaning.frame import Gathered
from symjac.meaning.generic import stands_in
from symjac.meaning.glossary import Glossary, Unlinked
from symjac.meaning.grouping import Products
from symjac.meaning.handled import is_array
from symjac.meaning.naming import CONSTANTS, Written, identifier, power_of_e, ways
from symjac.meaning.notebook import Alias, each, loss_of
from symjac.meaning.reasons import Misfit, NotUnderstood
from symjac.meaning.samples import spread
from symjac.meaning.values import SizeMismatch, Value
from symjac.notation import writer
from symjac.notation.pending import innermost, is_zero
from symjac.notation.tree import (
    Abs,
    Big,
    Binary,
    Call,
    Cases,
    Derivative,
    Dots,
    Group,
    Indicator,
    Items,
    Matrix,
    Name,
    Neg,
    Node,
    Norm,
    Num,
    Ones,
    Prime,
    Product,
    Quotient,
    Relation,
    Scripts,
    Space,
    Span,
    Sum,
    Transpose,
    walk,
)

T = TypeVar("T")


MOST_FACTORS = 64
"""Of a product, those of its factors included."""

MOST_READ = 20_000
"""Parts of one formula, those of the functions that it applies included."""

DEEPEST = 80
"""How deep formulas and definitions may be nested."""

_SPACES = (r"${} \in \mathbb{{R}}$", r"${} \in \mathbb{{R}}^{{n}}$", r"${} \in \mathbb{{R}}^{{m \times n}}$")
_PLAIN_SPACES = ("{} in R", "{} in R^n", "{} in R^{{m x n}}")
"""How a number, a column and a matrix are declared."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides of an equation, over the same axes."""

    left: Value
    right: Value
    unlinked: tuple[Unlinked, ...]
    """The derivatives in them that are 0 as far as the notes say."""


@dataclass(frozen=True, eq=False)
class Meaning(Glossary):
    """The notebook's names as expressions, and formulas of them, under one reading."""

    # ------------------------------------------------------------ entry points

    def value(self, node: Node, *others: Node) -> Value:
        """The value of a formula; `others` are formulas beside it, which tell what its letters run over."""
        return self._solving((node, *others), lambda f: f.read(node))

    def entries(self, node: Derivative) -> tuple[Expr, tuple[Index, ...], tuple[Index, ...]] | None:
        """A first derivative entry by entry: over the axes of what is differentiated and those of the variable."""
        return self._solving((node,), lambda f: by_entries(f, node))

    def symbol(self, key: str, span: Span) -> Symbol:
        """The quantity of a name in the notebook."""
        return self._formula().enter(key, span)

    def dimension(self, node: Node) -> sympy.Expr:
        """How many numbers there are in a quantity or a group of them."""
        return self._solving((node,), lambda f: calls.dimension(f, (node,), node.span))

    def grouped(self, node: Binary | Product) -> Node:
        """A chain of elementwise signs under the brackets with which it is read."""
        return self._solving((node,), lambda f: grouping.grouped(f, node))

    def is_function(self, node: Node) -> bool:
        """True for a name that a bracket after it is the argument of."""
        return self._formula(node).is_function(node)

    def is_index(self, node: Node) -> bool:
        """True for a number, and for what index letters make."""
        return conditions.is_index(self._formula(node), node)

    def sides(self, left: Node, right: Node, when: Sequence[Node] = ()) -> tuple[Value, Value]:
        """Both sides of an equation, over the same axes; 0 where a condition of `when` does not hold.

        Raises Misfit where their shapes differ.
        """
        found = self.compared(left, right, when)
        return found.left, found.right

    def compared(self, left: Node, right: Node, when: Sequence[Node] = ()) -> Compared:
        """`sides`, with what is not linked in them."""
        number = self._number_in(left, right)

        def read(f: Interpreter) -> Compared:
            if number is not None:
                free = self.world.declare(f"{number}__number", ())
                f = replace(f, bound=(*f.bound, {number: values.from_symbol(free)}))
            a, b = f.read(left), f.read(right)
            holding = [conditions.indicator(f, c) for c in when]
            if is_zero(right):  # zero is of every shape
                b = Value(b.expr, a.axes, a.row) if not b.axes else b
            elif is_zero(left):
                a = Value(a.expr, b.axes, b.row) if not a.axes else a
            if len(a.axes) == len(b.axes) == 1 and a.row is not b.row:  # a list of numbers may lie or stand
                a = Value(a.expr, a.axes, b.row) if written_out.is_list(left) else a
                b = Value(b.expr, b.axes, a.row) if written_out.is_list(right) else b
            try:
                a, b = values.same(a, b)
                a, b = reduce(values.hadamard, holding, a), reduce(values.hadamard, holding, b)
                return Compared(a, b, tuple(f.gathered.unlinked))
            except ShapeError as error:
                if isinstance(error, SizeMismatch):
                    with suppress(Misfit):
                        sizes.solve(f, error, right.span)
                raise Misfit(right.span, self._unlike(a, b)) from None

        return self._solving((left, right, *when), read)

    def without_link(self, sides: Compared) -> Unlinked | None:
        """A derivative in the sides, or in what they depend on, that is 0 only because nothing in the notes says how
        the one depends on the other.
        """
        names = self.world.cone(n for v in (sides.left, sides.right) for n in v.expr.names)
        found = (pair for name in sorted(names) for pair in self.unlinked.get(name, ()))
        return next(chain(sides.unlinked, found), None)

    def _number_in(self, left: Node, right: Node) -> str | None:
        """x in f'(x) = .., where the formula has no other quantity: it is claimed of every number."""
        match left:
            case Product(factors=(Prime(), Group(of=Name() as x))) | Call(function=Prime(), args=(Name() as x,)):
                key = identifier(x)
                named = {identifier(n) for n in walk(right) if isinstance(n, Name)}
                others = [n for n in named if n is not None and n != key and self.notebook.knows(n)]
                return key if key is not None and self.notebook.knows(key) and not others else None
        return None

    def _unlike(self, left: Value, right: Value) -> str:
        shapes = [sizes.shape_text(v) for v in (left, right)]
        return f"the left side is a {shapes[0]}, the right side a {shapes[1]}"

    def _solving(self, roots: tuple[Node, ...], read: Callable[[Interpreter], T]) -> T:
        first = self._formula(*roots)

        def attempt() -> T:
            return read(replace(first, gathered=replace(first.gathered, identities=count(1)), scopes=({},)))

        return sizes.until_solved(roots[0].span, attempt)

    def _formula(self, *roots: Node) -> Interpreter:
        """The frame of a formula of the notes; `roots`: it, and those beside it."""
        return Interpreter(self, Gathered(solved=ChainMap({}, self.solved)), (roots,))


class Interpreter(Products):
    """Reads parts of formulas, each kind by its own rule."""

    __slots__ = ()

    def enter(self, key: str, span: Span) -> Symbol:
        return entering.symbol(self, key, span)

    # ------------------------------------------------------------ formulas

    def read(self, node: Node) -> Value:
        if next(self.gathered.parts) > MOST_READ:
            raise NotUnderstood(node.span, "with its definitions written out, it is too long")
        self.glossary.tally.parts += not self.gathered.name
        if self.depth >= DEEPEST:
            raise NotUnderstood(node.span, "the definitions are nested too deeply")
        inside = replace(self, depth=self.depth + 1)
        with sizes.at(inside, node):
            return inside._node(node)

    def _node(self, node: Node) -> Value:
        match node:
            case Num():
                return values.scalar(number(sympy.Rational(node.text)))
            case Name() | Scripts() | Prime():
                return self._named(node)
            case Ones():
                if node.size is None:
                    return values.ones(sizes.unknown_size(self))
                return values.ones(sizes.size(self.notebook, node.size))
            case Transpose():
                return values.transpose(self.read(node.of))
            case Group(of=Relation() as said, bracket="["):  # Iverson's bracket
                return conditions.indicator(self, said)
            case Group(of=Items() as listed) if node.bracket in "([":
                return written_out.of_list(self, listed.items, node.bracket)
            case Group():
                return self.read(node.of)
            case Matrix():
                found = written_out.of_matrix(self, node)
                return values.determinant(found) if node.bracket == "|" else found
            case Neg():
                return values.negate(self.read(node.of))
            case Sum():
                return self._sum(node)
            case Product():
                return grouping.value(self, node) if grouping.is_elementwise(node) else self.product(node)
            case Binary():
                return self._binary(node)
            case Quotient():
                return values.divide(self.read(node.top), self.read(node.bottom))
            case Big():
                return reductions.big(self, node)
            case Call():
                power = power_of_e(node)
                if power is not None and self.notebook.knows("e"):
                    return self.read(power)
                return calls.call(self, node.function, node.args, node.span)
            case Norm():
                return values.norm(self.read(node.of), node.kind)
            case Abs():
                inner = self.read(node.of)
                if len(inner.axes) == 2:
                    return values.determinant(inner)
                if self.glossary.taken.lengths and inner.axes:
                    return values.norm(inner, "")
                return calls.mapped(sympy.Abs(scalar.slot(0)), inner)
            case Indicator():
                return conditions.indicator(self, node.condition)
            case Cases():
                return conditions.cases(self, node)
            case Derivative():
                return self._derivative(node)
            case Items() | Dots() | Relation() | Space():
                raise NotUnderstood(node.span, "this is no quantity")
        raise NotUnderstood(node.span, f"{type(node).__name__.lower()} is not understood here")

    def _sum(self, node: Sum) -> Value:
        total = self.read(node.terms[0])
        for term in node.terms[1:]:
            after = self.read(term)
            with sizes.at(self, term):
                total = spread(self.notebook, values.add, total, after)
        return total

    def product(self, node: Product) -> Value:
        parts = self.applied(node)
        total: Value | None = None
        for place, (value, part) in enumerate(parts):
            if total is None:
                total = value
                continue
            with sizes.at(self, part):
                total = self.times(total, value, grouping.sign_between(node, parts[place - 1][1], part), node)
            if isinstance(total.expr, Contract) and len(total.expr.factors) > MOST_FACTORS:
                raise NotUnderstood(node.span, f"products are read up to {MOST_FACTORS} factors")
        assert total is not None
        return total

    def times(self, a: Value, b: Value, sign: str, node: Product) -> Value:
        alike = len(a.axes) == len(b.axes) == 1 and a.row == b.row and a.axes[0].size == b.axes[0].size
        if "\\cdot" in node.signs and alike and not a.row:
            return values.inner(a, b)
        if sign in ("*", "\\ast") and alike and not self.notebook.primes_transpose:  # two columns have no other product
            return values.hadamard(a, b)
        return values.matmul(a, b)

    def applied(self, node: Product) -> list[tuple[Value, Node]]:
        """The factors' values, a function and the brackets after it taken together."""
        out: list[tuple[Value, Node]] = []
        place = 0
        factors = node.factors
        while place < len(factors):
            f = factors[place]
            after = factors[place + 1] if place + 1 < len(factors) else None
            if isinstance(innermost(f), Name) and after is not None and calls.is_expectation(self, f, innermost(after)):
                raise NotUnderstood(f.span, "an expectation or a probability is not read")
            if after is not None and self._applies(f, after):
                group = after
                inner = innermost(group)
                assert isinstance(inner, Group)
                args = inner.of.items if isinstance(inner.of, Items) else (inner.of,)
                span = f.span.to(inner.span)
                value = calls.call(self, f, args, span)
                out.append((self._scripted(value, group, inner), Product((f, after), span=span)))
                place += 2
                continue
            named = place > 0 and isinstance(innermost(factors[place - 1]), Name)
            if named and written_out.is_list(innermost(f)) and grouping.sign_between(node, factors[place - 1], f) == "":
                raise NotUnderstood(f.span, "this is no quantity")
            if isinstance(f, Big) and place + 1 < len(factors):
                raise NotUnderstood(f.span, "what the sum covers is not clear; use brackets")
            out.append((self.read(f), f))
            place += 1
        return out

    def _scripted(self, value: Value, outer: Node, inner: Node) -> Value:
        """`value` with the scripts and transposes that stand after the bracket."""
        if outer is inner:
            return value
        if isinstance(outer, Transpose):
            return values.transpose(self._scripted(value, outer.of, inner))
        if isinstance(outer, Binary):
            power = letters.exponent(self.read(outer.right), outer.span)
            return letters.raised(self._scripted(value, outer.left, inner), power, outer.span)
        if not isinstance(outer, Scripts):
            raise NotUnderstood(outer.span, "a prime after a bracket is not understood")
        below = self._scripted(value, outer.base, inner)
        return letters.powered(self, letters.entry(self, below, outer.sub, outer.span), outer.sup, outer.span)

    def _applies(self, head: Node, after: Node) -> bool:
        return isinstance(innermost(after), Group) and self.is_function(head) and not stands_in(head, innermost(after))

    def is_function(self, node: Node) -> bool:
        """True for a name that a bracket after it is the argument of."""
        if isinstance(node, Prime):
            return self.is_function(node.of)
        key = identifier(node)
        if key is None or self.known(key):
            return False
        return self._is_applied(node, key) != (key in self.glossary.taken.turned)

    def _is_applied(self, node: Node, key: str) -> bool:
        if key in self.notebook.functions or key in self.notebook.standard or key in OPERATORS:
            return True
        if key in functions.ELEMENTWISE or functions.library_name(key) is not None:
            return True
        other = key in CONSTANTS or key in self.notebook.letters or key == "I" or sizes.is_size(self, key)
        other |= key in self.notebook.factors
        return isinstance(node, Name) and not other

    def _binary(self, node: Binary) -> Value:
        if node.op in grouping.OPERATIONS:
            return grouping.value(self, node)
        a, b = self.read(node.left), self.read(node.right)
        match node.op:
            case "kron":
                columns = len(a.axes) == len(b.axes) == 1 and not (a.row or b.row)
                return values.outer(a, b) if self.glossary.taken.outer and columns else values.kron(a, b)
            case "power":
                return letters.raised(a, letters.exponent(b, node.span), node.span)
        raise NotUnderstood(node.span, f"{node.op} is not understood here")

    # ------------------------------------------------------------ names

    def _named(self, node: Node) -> Value:
        if isinstance(node, Scripts) and self._is_kronecker(node):
            return conditions.kronecker(self, *letters.split_subscripts(node.sub, 2, mixed=True))
        for way in ways(node):
            if self._is_power(way, node):
                continue
            alias = self._alias(way)
            if alias is not None:
                value = letters.sample(self, self.read(alias.of), alias.along, way.sub, node.span)
                return letters.powered(self, value, way.sup, node.span)
            found = self._lookup(way, node)
            if found is not None:
                value = letters.entry(self, found, way.sub, node.span)
                return letters.powered(self, value, way.sup, node.span)
        return self._other_name(node)

    def _is_power(self, way: Written, node: Node) -> bool:
        """x² beside a name x^{(2)}, where x is a quantity: the number without brackets is a power and no label."""
        plain = isinstance(node, Scripts) and isinstance(node.sup, Num) and way.sup is None
        name = self.notebook.latex.get(way.key)
        labelled = isinstance(name, Scripts) and isinstance(name.sup, Group)
        return (
            plain
            and labelled
            and any(self.known(w.key) or w.key in self.notebook.variables for w in ways(node) if w.sup is not None)
        )

    def _lookup(self, way: Written, node: Node) -> Value | None:
        for bound in reversed(self.bound):
            if way.key in bound:
                return bound[way.key]
        book = self.notebook
        if way.key in book.aliases and not (way.key in book.shapes or way.key in book.definitions):
            return self.read(book.aliases[way.key].of)
        key = each(way.key) if way.sub and book.knows(each(way.key)) else way.key
        if not book.knows(key):
            return None
        if self.glossary.taken.valued and key in book.network.values:
            return values.scalar(number(book.network.values[key]))
        s = entering.symbol(self, key, node.span)
        unsaid = [
            letters.free_scope(self).setdefault(name, Index(name, i.size))
            for name, i in zip(self.glossary.unsaid.get(key, ()), s.indices, strict=False)
        ]
        rest = s.indices[len(unsaid) :]
        return values.from_symbol(symbol(s.name, (*unsaid, *rest)), rest)

    def _alias(self, way: Written) -> Alias | None:
        book = self.notebook
        own = way.key in book.shapes or way.key in book.definitions or any(way.key in b for b in self.bound)
        if not way.sub or (own and not self._can_only_be_sample(way)):
            return None
        if way.key in book.aliases:
            return book.aliases[way.key]
        whole = way.key[:1].upper() + way.key[1:]
        if book.samples and whole != way.key and book.knows(whole) and self._counts_samples(whole, way.sub[0]):
            return Alias(book.latex.get(whole, Name(whole)), book.samples)
        return None

    def _can_only_be_sample(self, way: Written) -> bool:
        """x_i beside an x of its own: i numbers the rows that x_i is said to be one of, and no entry of x."""
        book = self.notebook
        shape, alias = book.shapes.get(way.key), book.aliases.get(way.key)
        if shape is None or alias is None or len(way.sub) != 1 or any(way.key in b for b in self.bound):
            return False
        key = identifier(way.sub[0]) or ""
        running = letters.letter_in_scope(self, key)
        size = letters.extent(self, key) if running is None else running.size
        rows = self.read(alias.of).axes[0 if alias.along == "rows" else -1].size
        return size == rows and all(size != i.size for i in letters.axes_of(self, way.key))

    def _counts_samples(self, key: str, letter: Node) -> bool:
        """True where the letter's range is as long as the axis of the samples."""
        size = letters.extent(self, identifier(letter) or "")
        axes = entering.symbol(self, key, letter.span).indices
        return len(axes) == 2 and size == axes[0 if self.notebook.samples == "rows" else 1].size

    def _other_name(self, node: Node) -> Value:
        if isinstance(node, Scripts):
            return self._other_scripts(node)
        if isinstance(node, Prime) and self.notebook.primes_transpose:
            return values.transpose(self.read(node.of))
        bare = self.notebook.functions.get(identifier(node.of) or "") if isinstance(node, Prime) else None
        if isinstance(node, Prime) and bare is not None and all(map(self._is_quantity, bare.parameters)):  # f' is f'(x)
            return calls.slope(self, node, tuple(Name(p, span=node.span) for p in bare.parameters), node.span)
        key = identifier(node)
        if key is None:
            raise NotUnderstood(node.span, "this is no name")
        letter = letters.letter_in_scope(self, key)
        if letter is not None:
            raise NotUnderstood(node.span, f"{key} is an index, and stands here as a number")
        if key == "I":
            return values.eye(sizes.unknown_size(self))
        if key == "pi":
            return values.scalar(number(sympy.pi))
        if sizes.is_size(self, key):
            return values.scalar(number(size_symbol(key)))
        if isinstance(node, Name) and node.text.startswith("d") and len(node.text) > 1:
            return self._spelled_gradient(node, Name(node.text[1:], span=node.span))
        function = self.notebook.functions.get(key)
        if function is not None and all(map(self._is_quantity, function.parameters)):
            return calls.own(self, key, function, [self.read(Name(p)) for p in function.parameters], node.span)
        generic = applied.by_name(self, key, node.span)
        if generic is not None:
            return generic
        if key in CONSTANTS or key in self.notebook.variables or key in self.glossary.taken.turned:
            if is_array(node, self.notebook.arrays):
                raise NotUnderstood(node.span, self._unknown_name(node, is_array=True))
            return values.from_symbol(self._free_number(key))
        raise NotUnderstood(node.span, self._unknown_name(node))

    def _is_quantity(self, key: str) -> bool:
        return self.notebook.knows(key) or (key in self.notebook.variables and key not in self.notebook.functions)

    def _unknown_name(self, node: Node, is_array: bool = False) -> str:
        is_plain = self.notebook.primes_transpose
        write, spaces = (writer.plain, _PLAIN_SPACES) if is_plain else (writer.latex, _SPACES)
        number, vector, matrix = spaces
        of_matrix = isinstance(node, Scripts) and len(letters.split_subscripts(node.sub, 2, mixed=True)) == 2
        sizes_said = (vector, matrix) if is_array else (number, vector)
        said = [(node.base, matrix)] if isinstance(node, Scripts) and of_matrix else [(node, s) for s in sizes_said]
        examples = " or ".join(space.format(write(named)) for named, space in said)
        why = ", and is handled as an array" if is_array else ""
        return f"{write(node)} is not declared{why}; say for example {examples}"

    def _free_number(self, key: str) -> Symbol:
        return entering.declared(self, key, ())

    def _other_scripts(self, node: Scripts) -> Value:
        """I_n, 1_n, a bracket or an operator with scripts, dW_1, f with a power."""
        base = node.base
        key = identifier(base)
        pair = letters.split_subscripts(node.sub, 2, mixed=True)
        if key == "delta" and len(pair) == 2 and node.sup is None and all(map(self._may_be_place, pair)):
            return conditions.kronecker(self, *pair)
        whole_key = identifier(node)
        if whole_key is not None and sizes.is_size(self, whole_key):
            return values.scalar(number(size_symbol(whole_key)))
        if key == "I" and len(node.sub) == 1 and node.sup is None:
            return values.eye(sizes.size(self.notebook, node.sub[0]))
        if isinstance(base, Name) and base.text.startswith("d") and len(base.text) > 1:
            inner = Scripts(Name(base.text[1:], span=base.span), node.sub, node.sup, span=node.span)
            return self._spelled_gradient(node, inner)
        if key is not None and not node.sub and node.sup is not None:
            return letters.powered(self, self.read(base), node.sup, node.span)
        if key is not None:
            raise NotUnderstood(node.span, self._unknown_name(node))
        value = self.read(base)
        return letters.powered(self, letters.entry(self, value, node.sub, node.span), node.sup, node.span)

    def _is_kronecker(self, node: Scripts) -> bool:
        """True for δ_{ij} beside an error δ that is a vector or a number."""
        pair = letters.split_subscripts(node.sub, 2, mixed=True)
        if node.base != Name("delta") or node.sup is not None or len(pair) != 2 or "delta" in self.busy:
            return False
        known = self.notebook.knows("delta") and not any(self.known(w.key) for w in ways(node) if len(w.sub) < 2)
        return known and all(map(self._may_be_place, pair)) and len(self.enter("delta", node.span).indices) < 2

    def _may_be_place(self, node: Node) -> bool:
        """True for an index letter and for a number."""
        key = identifier(node)
        return isinstance(node, Num) or (key is not None and letters.looks_like_letter(self, key))

    def _spelled_gradient(self, node: Node, by: Node) -> Value:
        """dW: the gradient of the loss."""
        loss = loss_of(self.notebook)
        if loss is None or not any(self.notebook.knows(w.key) for w in ways(by)):
            raise NotUnderstood(node.span, self._unknown_name(node))
        return self._derivative(Derivative(loss, (by,), span=node.span, kind="nabla"))

    # ------------------------------------------------------------ derivatives

    def _derivative(self, node: Derivative) -> Value:
        try:
            return arranged(self, node)
        except NotKnown as error:
            raise NotUnderstood(node.span, str(error)) from None
        except WorldError as error:
            raise NotUnderstood(node.span, str(error)) from None
