r"""Functions of which a text says the name alone: a loss ℓ(y), an activation f(a), a map f: R^n -> R^m.

What they make of an array is settled by what the text says of them and does with them: a number where the name is a
loss's, where it is assigned to a number, and under ∇; each entry by itself where a prime stands at the name. Where
nothing tells it is open.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from symjac.meaning import functions
from symjac.meaning.calls import OPERATORS
from symjac.meaning.naming import identifier
from symjac.meaning.notebook import Notebook, Shape, is_loss
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
    Space,
    Statement,
    children,
    rebuild,
    walk,
)


@dataclass(frozen=True, slots=True)
class Application:
    """`name(args)` as it stands in a text."""

    name: Node
    args: tuple[Node, ...]


def declare_maps(s: Statement, notebook: Notebook) -> None:
    r"""`f: \mathbb{R}^n \to \mathbb{R}`."""
    if s.relations != (":", "->"):
        return
    head, domain, codomain = s.sides
    parts = domain.factors if isinstance(domain, Product) else (domain,)
    for node in head.items if isinstance(head, Items) else (head,):
        key = identifier(node)
        if key is not None and isinstance(codomain, Space) and all(isinstance(p, Space) for p in parts):
            notebook.maps[key] = (tuple(p for p in parts if isinstance(p, Space)), codomain)
            notebook.latex.setdefault(key, node)


def settle(statements: Sequence[Statement], notebook: Notebook) -> None:
    """What the functions that are unknown make of arrays."""
    used = _applications(statements)
    primed = {identifier(n.of) for s in statements for side in s.sides for n in walk(side) if isinstance(n, Prime)}
    called = {key for key, several in used.items() if any(map(_looks_applied, several))}
    notebook.factors |= notebook.variables - notebook.functions.keys() - called - primed
    for key, (_, codomain) in notebook.maps.items():
        if key in notebook.functions:
            _parameters(key, notebook)
        elif key not in used and not notebook.knows(key):
            notebook.shapes[key] = Shape((), codomain.sizes, codomain.span)
    for key, several in used.items():
        own = key in notebook.functions or key in notebook.standard or key in notebook.network.functions
        if notebook.knows(key) or own or _is_known(key):
            continue
        if key in notebook.factors:
            continue
        notebook.applications[key] = tuple(dict.fromkeys(a.args for a in several))
        if key in notebook.maps:
            _by_map(key, notebook)
        elif key in primed:
            continue
        elif is_loss(key) or key in _under_nabla(statements) or _makes_a_number(several, notebook):
            notebook.numbers.add(key)
        elif (made := _made(several, notebook)) is not None:
            notebook.codomains[key] = made.sizes
        else:
            notebook.open.add(key)


def _is_known(key: str) -> bool:
    return key in OPERATORS or key in functions.ELEMENTWISE or functions.library_name(key) is not None


def _by_map(key: str, notebook: Notebook) -> None:
    domain, codomain = notebook.maps[key]
    if codomain.sizes:
        notebook.codomains[key] = codomain.sizes
    elif any(space.sizes for space in domain) or len(domain) > 1:
        notebook.numbers.add(key)


def _parameters(key: str, notebook: Notebook) -> None:
    """f: R^n -> R, f(x) = ..: x is in R^n, where nothing else is said of it."""
    domain, _ = notebook.maps[key]
    names = notebook.functions[key].parameters
    for name, space in zip(names, domain, strict=False):
        if space.sizes and not notebook.knows(name):
            notebook.shapes[name] = Shape((), space.sizes, space.span)


def applications(node: Node) -> Iterator[Application]:
    """Names with a bracket behind them."""
    for n in walk(node):
        match n:
            case Product(factors=factors):
                for name, after in itertools.pairwise(factors):
                    if isinstance(name, Name | Scripts) and isinstance(after, Group) and not stands_in(name, after):
                        yield Application(name, _arguments(after))
            case Call(function=Name() | Scripts() as name, args=args):
                yield Application(name, args)


def stands_in(name: Node, node: Node) -> bool:
    """Whether the name itself, and no value of it as a function, is part of a formula: σ in (1 - σ)."""
    if node == name:
        return True
    parts = list(children(node))
    if isinstance(node, Product):
        applied = [f == name and isinstance(innermost(after), Group) for f, after in itertools.pairwise(parts)]
        parts = [f for f, is_head in zip(parts, [*applied, False], strict=True) if not is_head]
    return any(stands_in(name, part) for part in parts)


def _looks_applied(found: Application) -> bool:
    """x(t), x(0), f(x, y_1): nothing but names and numbers in the bracket."""
    return all(identifier(a) is not None or isinstance(a, Num) for a in found.args)


def _arguments(group: Group) -> tuple[Node, ...]:
    return group.of.items if isinstance(group.of, Items) else (group.of,)


def _applications(statements: Iterable[Statement]) -> dict[str, list[Application]]:
    out: dict[str, list[Application]] = {}
    for side in (side for s in statements for side in s.sides):
        for found in applications(side):
            key = identifier(found.name)
            if key is not None:
                out.setdefault(key, []).append(found)
    return out


def _under_nabla(statements: Iterable[Statement]) -> set[str | None]:
    nodes = (n for s in statements for side in s.sides for n in walk(side))
    return {
        identifier(a.name) for n in nodes if isinstance(n, Derivative) and n.kind == "nabla" for a in applications(n.of)
    }


def _whole(node: Node) -> Application | None:
    """The application that a formula is, by itself."""
    match node:
        case Product(factors=(Name() | Scripts() as name, Group() as group)):
            return Application(name, _arguments(group))
        case Call(function=Name() | Scripts() as name, args=args):
            return Application(name, args)
    return None


def says_dependence(left: Node, right: Node, notebook: Notebook) -> bool:
    """`h = h(x)`: h is a function of x, which is entered."""
    key, found = identifier(left), _whole(right)
    if key is None or found is None or identifier(found.name) != key or key in notebook.definitions:
        return False
    if key in notebook.functions or key in notebook.opaque or _is_known(key):
        return False
    notebook.opaque[key] = found.args
    notebook.latex.setdefault(key, left)
    return True


def _lefts(several: Sequence[Application], notebook: Notebook) -> list[str]:
    """The quantities that are defined as the function of something and nothing else."""
    return [key for key, d in notebook.definitions.items() if _whole(d.right) in several]


def _makes_a_number(several: Sequence[Application], notebook: Notebook) -> bool:
    lefts = _lefts(several, notebook)
    shapes = [notebook.shapes.get(key) for key in lefts]
    return any(is_loss(key) if s is None else not s.sizes for key, s in zip(lefts, shapes, strict=True))


def _made(several: Sequence[Application], notebook: Notebook) -> Shape | None:
    """The declared shape of what the function is assigned to."""
    shapes = [s for s in (notebook.shapes.get(key) for key in _lefts(several, notebook)) if s is not None]
    return shapes[0] if shapes and all(s.sizes == shapes[0].sizes for s in shapes) else None


# ---------------------------------------------------------------- L(y) for a number L


def _by(node: Node) -> tuple[Node, ...]:
    return node.by if isinstance(node, Derivative) else ()


def without_arguments(statements: Sequence[tuple[Statement, str]], notebook: Notebook) -> list[tuple[Statement, str]]:
    r"""`J(\theta)` as J, where J is declared as a number and named like a loss, or stands so on a left side; and a of
    `a(w, x) = ..` where derivatives are taken by it.
    """
    heads = {identifier(a.name) for s, _ in statements for a in [_whole(s.sides[0])] if a is not None and s.relations}
    named = {k for k, s in notebook.shapes.items() if not s.sizes and not s.letters and (is_loss(k) or k in heads)}
    if notebook.from_use:
        varied = {identifier(b) for s, _ in statements for side in s.sides for n in walk(side) for b in _by(n)}
        named |= {k for k in heads & varied if k is not None and not notebook.knows(k) and not _is_known(k)}
    if not named:
        return list(statements)

    def bare(node: Node) -> Node:
        node = rebuild(node, bare)
        if not isinstance(node, Product):
            return node
        left: list[Node] = []
        for f in node.factors:
            after = left and isinstance(f, Group) and identifier(left[-1]) in named
            if not (after and isinstance(f, Group) and all(identifier(a) is not None for a in _arguments(f))):
                left.append(f)
        if len(left) == len(node.factors):
            return node
        return left[0] if len(left) == 1 else Product(tuple(left), ("",) * (len(left) - 1), span=node.span)

    return [(replace(s, sides=tuple(map(bare, s.sides))), role) for s, role in statements]
