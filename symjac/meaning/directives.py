"""What notes say in comments that do not print: `rows of T sum to 1`, `samples: rows`, `f = relu`, any declaration.

A directive is a line, or several separated by commas where each is one of the sentences below. What is none of them is
mathematics, read like the text's own declarations.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from symjac.meaning import functions
from symjac.meaning.naming import identifier
from symjac.meaning.notebook import Alias, FactText, Notebook
from symjac.notation.latex_notation import expression
from symjac.notation.tree import Group, Items, Node, Scripts

NEW_WORLD = "new world"
SKIP_NEXT = "next is not a claim"
SKIP_FROM = "not claims from here"
SKIP_TO = "claims again"
CONTROLS = (NEW_WORLD, SKIP_NEXT, SKIP_FROM, SKIP_TO)
"""Directives that act where they stand."""

MOST_LABELS = 2
"""Layer labels that run."""


def control(text: str) -> str | None:
    """Which of `CONTROLS` it is."""
    plain = " ".join(text.split()).rstrip(".")
    return plain if plain in CONTROLS else None


def apply(text: str, notebook: Notebook) -> bool:
    """Enter a directive that is a sentence; False where it is none, and nothing was entered."""
    line = " ".join(text.split()).rstrip(".")
    if _sentence(line, notebook):
        return True
    parts = [p.strip() for p in line.split(",")]
    if len(parts) < 2 or not all(any(re.fullmatch(p, part) for p, _ in SENTENCES) for part in parts):
        return False
    for part in parts:
        _sentence(part, notebook)
    return True


def network_named(text: str) -> str | None:
    """net.yaml of `network: net.yaml`, where that is what it says."""
    found = (re.fullmatch(NETWORK, part.strip().rstrip(".")) for part in text.split(","))
    return next((m[1] for m in found if m is not None), None)


def is_sentence(text: str) -> bool:
    """True for a directive that is one of the sentences."""
    try:
        return apply(text, Notebook())
    except ValueError:
        return False


def _sentence(line: str, notebook: Notebook) -> bool:
    for pattern, enter in SENTENCES:
        found = re.fullmatch(pattern, line)
        if found is not None and enter(notebook, *found.groups()) is not False:
            return True
    return False


def _name(text: str) -> Node:
    return expression(text.strip().strip("$").strip())


def _list(text: str) -> tuple[Node, ...]:
    node = expression(f"({text})")
    inner = node.of if isinstance(node, Group) else node
    return inner.items if isinstance(inner, Items) else (inner,)


NETWORK = r"network *[:=] *([^\s,]+)"
"""The spec of which the notes speak; whoever opens a notebook reads it."""


def _samples(book: Notebook, where: str) -> None:
    book.samples = where


def _gradient(book: Notebook, what: str) -> None:
    vector, matrix = ("row", "numerator") if what == "numerator" else ("column", "shape")
    book.reading = replace(book.reading, vector=vector, matrix=matrix)
    book.said |= {"vector", "matrix"}


def _convention(field: str) -> Callable[[Notebook, str], None]:
    def enter(book: Notebook, what: str) -> None:
        book.reading = replace(book.reading, **{field: what})
        book.said.add(field)

    return enter


def _parameters(book: Notebook, names: str) -> None:
    book.parameters = _list(names)


def _indices(book: Notebook, base: str) -> None:
    book.base = int(base)


def _layers(book: Notebook, label: str, first: str, last: str, _: str | None, depth: str | None) -> bool | None:
    top = last if last.isdigit() else depth
    if top is None or int(top) > 9:
        return False
    if not last.isdigit():
        book.depth[last] = int(top)
    if len(book.layers.keys() | {label}) > MOST_LABELS:
        raise ValueError(f"more than {MOST_LABELS} layer labels")
    book.layers[label] = range(int(first), int(top) + 1)
    return None


def _sums(book: Notebook, axis: str, name: str, value: str, over: str | None) -> None:
    text = f"{axis} of {name} sum to {value}"
    book.facts.append(FactText("sum", _name(name), _axis(axis, over), expression(value), text))


def _axis(axis: str, over: str | None) -> str:
    return f"axis {over}" if over else axis


def _property(book: Notebook, name: str, what: str) -> None:
    book.facts.append(FactText(what, _name(name), text=f"{name} is {what}"))


def _mean_zero(book: Notebook, axis: str, name: str, over: str | None) -> None:
    text = f"{axis} of {name} have mean zero"
    book.facts.append(FactText("mean zero", _name(name), _axis(axis, over), text=text))


def _unit(book: Notebook, axis: str, name: str, over: str | None) -> None:
    book.facts.append(FactText("norm 1", _name(name), _axis(axis, over), text=f"{axis} of {name} have norm 1"))


def _tied(book: Notebook, name: str) -> None:
    key = identifier(_name(name))
    if key is not None:
        book.tied.add(key)


def _samples_of(book: Notebook, name: str, along: str, of: str) -> bool | None:
    node = _name(name)
    if not isinstance(node, Scripts) or not node.sub:
        return False
    letter = identifier(node.sub[-1])
    bare = node.base if len(node.sub) == 1 and node.sup is None else replace(node, sub=node.sub[:-1])
    key = identifier(bare)
    if key is None or letter is None:
        return False
    book.letters.add(letter)
    whole = _name(of)
    if identifier(whole) != key:
        book.aliases[key] = Alias(whole, along)
        book.latex.setdefault(key, bare)
    return None


def _opaque(book: Notebook, name: str, of: str) -> bool | None:
    key = identifier(_name(name))
    if key is None:
        return False
    book.opaque[key] = _list(of)
    book.latex.setdefault(key, _name(name))
    return None


def _function(book: Notebook, name: str, library: str) -> bool | None:
    known = functions.library_name(library) or (library if library in functions.ELEMENTWISE else None)
    key = identifier(_name(name))
    if known is None or key is None:
        return False
    book.standard[key] = known
    return None


_PARTS = r"(?:the )?(rows|columns|entries) of (\S+)"
_OVER = r"(?: over axis (\d+(?:, \d+)*))?"
_PROPERTIES = (
    r"(symmetric|skew-symmetric|diagonal|(?:symmetric )?positive definite|positive|orthogonal|between 0 and 1)"
)
_WORD = r"([^\s,=]+)"
SENTENCES: tuple[tuple[str, Callable[..., bool | None]], ...] = (
    (NETWORK, lambda _, __: None),
    (r"samples *[:=] *(rows|columns)", _samples),
    (r"gradients? *[:=] *(shape|numerator)", _gradient),
    (r"jacobians? *[:=] *(numerator|denominator)", _convention("jacobian")),
    (r"vec *[:=] *(columns|rows)", _convention("vec")),
    (r"parameters *[:=] *(.+)", _parameters),
    (r"indices from ([01])", _indices),
    (r"layers *[:=] *(\w) *= *(\d+) *\.\. *(\w+)(,? *\w *= *(\d+))?", _layers),
    (_PARTS + r" sum to (\S+)" + _OVER, _sums),
    (_PARTS + r" have mean (?:zero|0)" + _OVER, _mean_zero),
    (_PARTS + r" have (?:unit norm|norm 1)" + _OVER, _unit),
    (r"(?:the entries of (?=\S+ are))?(\S+) (?:is|are) " + _PROPERTIES, _property),
    (r"()(\S+) has mean (?:zero|0)()", _mean_zero),
    (r"()(\S+) has (?:unit norm|norm 1)()", _unit),
    (r"entries of (\S+) are tied", _tied),
    (r"(\S+) *= *(rows|columns) of (.+)", _samples_of),
    (r"(\S+) is a function of (.+)", _opaque),
    (_WORD + r" *= *(\w+)", _function),
)
"""Each sentence and what it enters; an entry that returns False was not meant."""
