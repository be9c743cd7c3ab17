"""What a text leaves open, where a claim that is wrong as it is read is right under another reading: no refutation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from symjac.equality.decide import holds
from symjac.meaning.calls import OPERATORS
from symjac.meaning.functions import ELEMENTWISE, library_name
from symjac.meaning.generic import applications
from symjac.meaning.meaning import Meaning
from symjac.meaning.naming import identifier, ways
from symjac.meaning.notebook import Notebook, Shape
from symjac.meaning.reasons import CONFINED
from symjac.meaning.statements import Equality
from symjac.notation.tree import Call, Derivative, Group, Name, Node, Product, Scripts, walk
from symjac.verify.asking import question_of
from symjac.verify.phrase import phrase


def left_open(e: Equality, meaning: Meaning) -> str:
    """Why the claim may be right all the same; empty where nothing speaks for it."""
    book = meaning.notebook
    return (
        _named(e, meaning)
        or _slope(e, meaning.notebook)
        or _held(e)
        or _rows(e, book)
        or _given(e, book)
        or _entry_by_entry(e, meaning)
        or _turned(e, meaning)
    )


def _derivatives(*nodes: Node) -> Iterator[Derivative]:
    return (n for node in nodes for n in walk(node) if isinstance(n, Derivative))


def _named(e: Equality, meaning: Meaning) -> str:
    """∂f/∂x = q(x), where q stands nowhere else: a name for it."""
    match e.right:
        case Product(factors=(Name() as f, Group())) | Call(function=Name() as f):
            key, book = identifier(f) or "", meaning.notebook
            known = key in (*book.functions, *book.standard, *ELEMENTWISE, *OPERATORS) or library_name(key) is not None
            everywhere = [n for pair in book.equations for side in dict.fromkeys(pair) for n in walk(side) if n == f]
            if not known and meaning.is_function(f) and len(everywhere) <= 1:
                return f"nothing else in the text says what {phrase(f)} is"
    return ""


def _slope(e: Equality, book: Notebook) -> str:
    """∂y/∂z = y (1 − y) with y = S(z), where nothing says what S is: it may say so."""
    match e.left:
        case Derivative(of=of, by=(by,)):
            known = book.definitions.get(identifier(of) or "")
            whole = next(iter(applications(known.right)), None) if known is not None else None
            key = identifier(whole.name) if whole is not None else None
            if whole is None or known is None or key not in book.applications or whole.args != (by,):
                return ""
            if isinstance(whole.name, Scripts) and identifier(whole.name.base) in ELEMENTWISE:  # log_2
                return ""
            alone = known.right in (Call(whole.name, whole.args), Product((whole.name, Group(by)), ("",)))
            if alone and all(identifier(n) != key for n in walk(e.right)):
                return f"nothing in the text says what {phrase(whole.name)} is"
    return ""


def _held(e: Equality) -> str:
    """∂g/∂w = ∂g/∂w + ∂g/∂h ∂h/∂w: the same derivative on both sides, with and without what is between."""
    for left in _derivatives(e.left):
        if any(d == left and d.kind == left.kind for d in _derivatives(e.right)):
            return f"{phrase(left)} stands on both sides; what is held in the one on the right is not said"
    return ""


def _rows(e: Equality, book: Notebook) -> str:
    """X and x_i in one claim, both declared: they may be a matrix and its rows or columns."""
    names = names_read(book, e.left, e.right)
    for name in sorted(names):
        shape, whole = book.shapes.get(name), name[:1].upper() + name[1:]
        if shape is not None and shape.letters and whole != name and whole in names and whole in book.shapes:
            return f"whether {name}_{shape.letters[0]} is a row or a column of {whole} is not said"
    return ""


def _given(e: Equality, book: Notebook) -> str:
    """P² = P beside a claim about P: given, and not used."""
    names = names_read(book, e.left, e.right)
    for left, right in book.stated:
        if names_read(book, left, right) <= names:
            return f"it may rest on {phrase(left)} = {phrase(right)}, which the text gives and which is not used"
    for text, of in book.network.unused:
        if of <= names:
            return f"it may rest on {text}, which the network declares and which is not used"
    return ""


def names_read(book: Notebook, *nodes: Node) -> set[str]:
    """The identifiers in these formulas and in the definitions that they read."""
    found: set[str] = set()
    pending = list(nodes)
    while pending:
        for key in (way.key for n in walk(pending.pop()) for way in ways(n)):
            if key not in found and (book.knows(key) or key in book.functions):
                found.add(key)
                if book.network.knows(key):
                    found |= book.network.cone(key)
                if key in book.definitions:
                    pending.append(book.definitions[key].right)
                if key in book.functions:
                    pending.append(book.functions[key].body)
                pending += book.opaque.get(key, ())
    return found


MOST_TURNED = 3
"""Names before brackets that are tried both ways."""


def _turned(e: Equality, meaning: Meaning) -> str:
    """a(x − μ): a product, or a function's value."""
    book = meaning.notebook
    definitions = [book.definitions[k].right for k in names_read(book, e.left, e.right) if k in book.definitions]
    bodies = [book.functions[k].body for k in names_read(book, e.left, e.right) if k in book.functions]
    found = (a for n in (e.left, e.right, *definitions, *bodies) for a in applications(n))
    heads = {identifier(a.name): a.name for a in found if _may_be_either(a.name, book)}
    names = sorted(key for key in heads if key is not None)[:MOST_TURNED]
    for several in (turned for count in range(1, len(names) + 1) for turned in combinations(names, count)):
        other = Meaning(book, meaning.reading, replace(meaning.taken, turned=frozenset(several)))
        try:
            if holds(question_of(*other.sides(e.left, e.right), other)):
                return f"whether a bracket behind {phrase(heads[several[0]])} is a factor or an argument is not said"
        except CONFINED:
            pass
    return ""


def _may_be_either(name: Node, book: Notebook) -> bool:
    """True for a letter that is neither declared nor a function of the library."""
    key = identifier(name) or ""
    known = book.knows(key) or key in book.standard or key in OPERATORS or key in ELEMENTWISE or library_name(key)
    return isinstance(name, Name) and not known


def _entry_by_entry(e: Equality, meaning: Meaning) -> str:
    """∂a/∂z = a (1 − a) of vectors: right for each entry."""
    book = meaning.notebook
    shapes = {name: book.shapes[name] for name in names_read(book, e.left, e.right) if name in book.shapes}
    if not isinstance(e.left, Derivative) or any(len(s.sizes) + len(s.letters) > 1 for s in shapes.values()):
        return ""
    try:
        if len(meaning.value(e.left).axes) != 2:
            return ""
        single = book.copy()
        single.shapes |= {name: Shape((), (), s.span) for name, s in shapes.items()}
        if holds(question_of(*(numbers := Meaning(single, meaning.reading)).sides(e.left, e.right), numbers)):
            return "it is right entry by entry, for numbers; of the vectors as a whole the shapes do not fit"
    except CONFINED:
        pass
    return ""
