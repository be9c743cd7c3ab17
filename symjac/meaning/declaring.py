"""What a spec declares, as a notebook has it: shapes, facts, conventions, small letters, and what the errors are."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sympy

from symjac.calculus.facts import Fact
from symjac.core.errors import InputError, Place
from symjac.core.expr import Symbol
from symjac.meaning.network import network_of
from symjac.meaning.notebook import Alias, FactText, Layout, Notebook, Shape, WrittenDefinition
from symjac.model.stack import Stack
from symjac.notation.tree import NOWHERE, Derivative, Name, Neg, Node, Num, Product, Quotient, Scripts, Sum


def opened(stack: Stack) -> Notebook:
    """A notebook in which all that the spec says is in force."""
    network, chosen = network_of(stack), stack.conventions
    book = Notebook(network=network, said={"jacobian", "vec"})
    book.samples = "columns" if chosen.samples == "columns" else "rows"
    book.reading = Layout(jacobian=chosen.jacobian, vec=chosen.vec)
    symbols = [network.world.symbol(name) for name in network.world.names]
    for s in symbols:
        book.latex[s.name] = written(s.name)
        book.shapes[s.name] = _shape(s, stack.source)
    for name in network.parameters:
        book.shapes[f"V_{name}"] = book.shapes[name]
    for constant in network.constants:
        book.shapes[constant.name] = Shape((), (), NOWHERE)
        book.latex[constant.name] = written(constant.name)
    book.parameters = tuple(map(written, network.parameters))
    book.facts = [_fact(f) for f in network.world.facts]
    for error, value in network.errors.items():  # said here; the value is the network's expression
        left, right = written(error), Derivative(written(network.loss), (written(value),))
        book.definitions[error] = WrittenDefinition(left, (), right, NOWHERE)
        book.latex[error], book.shapes[error] = left, book.shapes[value]
    _name_samples([s for s in symbols if len(s.indices) == 2 and stack.batch in s.shape], book)
    if any(len(s.indices) > 2 for s in symbols):
        book.base = 0
    return book


def _shape(s: Symbol, file: str) -> Shape:
    """Raises InputError where a size is none that notes can say."""
    try:
        return Shape((), tuple(map(tree, s.shape)), NOWHERE)
    except ValueError as error:
        expected = "sizes that are numbers and names, their sums and products"
        raise InputError(Place(file, 1, 1), f"of {s.name}, {error}", expected) from None


def _name_samples(matrices: Iterable[Symbol], book: Notebook) -> None:
    """x_n beside X, a_{1,n} beside A_1: sample n, as a column."""
    for s in matrices:
        small = s.name[:1].lower() + s.name[1:]
        if len(s.name.partition("_")[0]) == 1 and not book.knows(small):
            book.aliases[small] = Alias(written(s.name), book.samples)
            book.latex[small] = written(small)


def _fact(fact: Fact) -> FactText:
    """The sum of a spec's fact; `axis` as a directive has it."""
    name = fact.symbol.name
    places = ", ".join(str(a + 1) for a in fact.axes)
    axis = "" if len(fact.axes) == len(fact.symbol.indices) else f"axis {places}"
    return FactText("sum", written(name), axis, tree(fact.value), fact.said_of(name), of_network=True)


def written(identifier: str) -> Node:
    """W_1, W_in, delta_2 as they are written."""
    stem, _, below = identifier.partition("_")
    if not below:
        return Name(stem)
    return Scripts(Name(stem), (Num(below) if below.isdigit() else written(below),))


def tree(number: sympy.Expr, named: Callable[[str], Node] = written) -> Node:
    """A size, or a number made of sizes, as it is written; `named` says how a name is. Raises ValueError for others."""
    above, below = sympy.fraction(number)
    if number.could_extract_minus_sign():
        return Neg(tree(-number, named))
    if below != 1:
        return Quotient(tree(above, named), tree(below, named))
    match number:
        case sympy.Integer():
            return Num(str(number))
        case sympy.Symbol():
            return named(number.name)
        case sympy.Add():
            return Sum(tuple(tree(a, named) for a in number.args))
        case sympy.Mul():
            return Product(tuple(tree(a, named) for a in number.args), ("",) * (len(number.args) - 1))
        case sympy.Pow() if number.exp.is_Integer and number.exp > 0:
            return Scripts(tree(number.base, named), (), Num(str(number.exp)))
    raise ValueError(f"{number} is no size that notes can speak of")
