"""Where a formula can be changed: its parts, and how to put another in a part's place, with the brackets that needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from symjac.notation.tree import (
    NOWHERE,
    Abs,
    Big,
    Binary,
    Call,
    Cases,
    Derivative,
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
    Sum,
    Transpose,
    walk,
)

Applies = Callable[[Node], bool]
"""True for what, standing before a bracket, is a function and not a factor."""


# ---- building, with brackets where the notation needs them ---------------------------------------------------------


def bracketed(node: Node) -> Node:
    return node if isinstance(node, Group) else Group(of=node, span=node.span)


def bare(node: Node) -> Node:
    """What stands inside the brackets."""
    while isinstance(node, Group):
        node = node.of
    return node


def product(*factors: Node) -> Node:
    """Factors side by side; products among them are joined."""
    flat: list[Node] = []
    for place, f in enumerate(factors):
        if isinstance(f, Product):
            flat.extend(f.factors)
        elif isinstance(f, Sum | Neg | Binary) or (isinstance(f, Big) and place < len(factors) - 1):
            flat.append(bracketed(f))
        else:
            flat.append(f)
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def binary(op: str, left: Node, right: Node) -> Node:
    """left op right. Operations of this level lean left."""
    if isinstance(left, Sum | Neg) or _ends_in_big(left):
        left = bracketed(left)
    if isinstance(right, Sum | Neg | Binary):
        right = bracketed(right)
    return Binary(op, left, right)


def _ends_in_big(node: Node) -> bool:
    return isinstance(node, Big) or (isinstance(node, Product) and isinstance(node.factors[-1], Big))


def hadamard(left: Node, right: Node) -> Node:
    return binary("hadamard", left, right)


def negated(node: Node) -> Node:
    """-x; of -x, x."""
    if isinstance(node, Neg):
        return node.of
    return Neg(bracketed(node) if isinstance(node, Sum) else node)


def plus(*terms: Node) -> Node:
    """The sum of the terms; sums among them are joined."""
    flat: list[Node] = []
    for t in terms:
        flat.extend(t.terms if isinstance(t, Sum) else (t,))
    return flat[0] if len(flat) == 1 else Sum(tuple(flat))


def transposed(node: Node) -> Node:
    """xᵀ; of xᵀ, x."""
    if isinstance(node, Transpose):
        return bare(node.of) if isinstance(bare(node.of), Name) else node.of
    simple = isinstance(node, Name | Group | Ones | Call) or (isinstance(node, Scripts) and node.sup is None)
    return Transpose(node if simple else bracketed(node))


def applied(function: Node, *args: Node) -> Node:
    """f(a, b)."""
    inside = bare(args[0]) if len(args) == 1 else Items(tuple(bare(a) for a in args))
    return Product((function, Group(inside)))


def call(function: str, argument: Node) -> Node:
    return Call(Name(function, rf"\operatorname{{{function}}}"), (bare(argument),))


def identity() -> Node:
    return Name("I", "I")


def is_identity(node: Node) -> bool:
    """True for I and I_n."""
    return (node.base if isinstance(node, Scripts) else node) == Name("I")


# ---- taking apart --------------------------------------------------------------------------------------------------


def units(node: Product, applies: Applies) -> list[Node]:
    """The factors, a function with its bracket as one of them."""
    out: list[Node] = []
    pending = list(node.factors)
    while pending:
        head = pending.pop(0)
        if pending and _is_argument(pending[0]) and is_function(head, applies):
            out.append(Product((head, pending.pop(0)), span=head.span.to(node.span)))
        else:
            out.append(head)
    return out


def is_function(node: Node, applies: Applies) -> bool:
    match node:
        case Prime():
            return True
        case Scripts(base=Prime()):
            return True
        case Name() | Scripts(base=Name()):
            return applies(node)
        case _:
            return False


def _is_argument(node: Node) -> bool:
    while isinstance(node, Transpose | Scripts):
        node = node.of if isinstance(node, Transpose) else node.base
    return isinstance(node, Group)


def is_application(node: Node, applies: Applies) -> bool:
    """True for f(a), one thing and no product."""
    return isinstance(node, Product) and len(units(node, applies)) == 1


def is_operand(node: Node, applies: Applies) -> bool:
    """True for what names a quantity: A, W_1, z_n, (δ_2)_{n,j}, ∂L/∂Y, R{Z}."""
    match node:
        case Name() | Derivative():
            return True
        case Scripts(base=Name() | Derivative() | Prime() | Scripts()):
            return True
        case Scripts(base=Group()) if node.sub:
            return True
        case Prime():
            return not applies(node)
        case Call(function=Scripts(base=Name(text="R")) | Name(text="R")):
            return True
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Site:
    """A part of a formula, and the formula with another part in its place."""

    node: Node
    put: Callable[[Node], Node]
    above: tuple[Node, ...]
    """What it stands in, outermost first."""

    @property
    def parent(self) -> Node | None:
        return self.above[-1] if self.above else None


def sites(root: Node, applies: Applies) -> Iterator[Site]:
    """Every part of `root` that has a value, the whole first; not labels, indices, conditions and functions."""
    yield from _below(Site(root, lambda new: new, ()), applies)


def _below(site: Site, applies: Applies) -> Iterator[Site]:
    yield site
    for part, rebuilt in _parts(site.node, applies):

        def put(new: Node, site: Site = site, part: Node = part, rebuilt: Callable[[Node], Node] = rebuilt) -> Node:
            whole = rebuilt(_at(new, part))
            return site.put(_at(whole, site.node))

        yield from _below(Site(part, put, (*site.above, site.node)), applies)


def _at(new: Node, old: Node) -> Node:
    """`new`, standing where `old` stood unless it has a place of its own."""
    return replace(new, span=old.span) if new.span == NOWHERE else new


Parts = list[tuple[Node, Callable[[Node], Node]]]


def _parts(node: Node, applies: Applies) -> Parts:
    match node:
        case Product():
            whole = units(node, applies)
            if len(whole) == 1:
                return _argument(node)
            return [(u, _replacing(node, whole, k)) for k, u in enumerate(whole)]
        case Sum():
            return [(t, _summing(node.terms, k)) for k, t in enumerate(node.terms)]
        case Binary():
            return [
                (node.left, lambda new: binary(node.op, new, node.right)),
                (node.right, lambda new: binary(node.op, node.left, new)),
            ]
        case Quotient():
            return [
                (node.top, lambda new: replace(node, top=_above_slash(node, new))),
                (node.bottom, lambda new: replace(node, bottom=_below_slash(node, new))),
            ]
        case Neg():
            return [(node.of, negated)]
        case Transpose():
            return [(node.of, transposed)]
        case Group():
            return [(node.of, lambda new: replace(node, of=bare(new)))]
        case Big():
            return [(node.body, lambda new: replace(node, body=bracketed(new) if isinstance(new, Sum | Neg) else new))]
        case Call():
            return [(a, _calling(node, k)) for k, a in enumerate(node.args)]
        case Scripts(base=Group()) if not node.sub:
            return [(node.base, lambda new: replace(node, base=bracketed(new)))]
        case Matrix():
            return [(n, _as_entry(node, r, c)) for r, row in enumerate(node.rows) for c, n in enumerate(row)]
        case Items():
            return [(n, _as_item(node, k)) for k, n in enumerate(node.items)]
        case Norm() | Abs():
            return [(node.of, lambda new: replace(node, of=bare(new)))]
        case Cases():
            return [(value, _casing(node, k)) for k, (value, _) in enumerate(node.branches)]
        case _:
            return []


def _argument(node: Product) -> Parts:
    """The inside of the bracket of f(a)."""
    function, group = node.factors
    if not isinstance(group, Group):
        return []
    inside = group.of
    if isinstance(inside, Items):
        items = inside

        def listing(k: int) -> Callable[[Node], Node]:
            return lambda new: Product(
                (function, Group(Items((*items.items[:k], bare(new), *items.items[k + 1 :])))),
                node.signs,
            )

        return [(a, listing(k)) for k, a in enumerate(items.items)]
    return [(inside, lambda new: Product((function, replace(group, of=bare(new))), node.signs))]


def _replacing(node: Product, whole: Sequence[Node], k: int) -> Callable[[Node], Node]:
    def put(new: Node) -> Node:
        out = product(*whole[:k], _unwrapped(new, whole, k), *whole[k + 1 :])
        if isinstance(out, Product) and len(out.factors) == len(node.factors):
            return replace(out, signs=node.signs)
        return out

    return put


def _unwrapped(new: Node, whole: Sequence[Node], k: int) -> Node:
    """(x) as x, where no function can be read into what stands before it."""
    inside = bare(new)
    simple = isinstance(inside, Name | Num | Transpose | Scripts)
    clear = k == 0 or isinstance(whole[k - 1], Group | Transpose | Num | Quotient)
    return inside if isinstance(new, Group) and simple and clear else new


def _summing(terms: tuple[Node, ...], k: int) -> Callable[[Node], Node]:
    return lambda new: plus(*terms[:k], new, *terms[k + 1 :])


def _above_slash(node: Quotient, new: Node) -> Node:
    if node.style == "slash":
        return bracketed(new) if isinstance(new, Sum | Neg | Binary | Big) else new
    return bare(new)


def _below_slash(node: Quotient, new: Node) -> Node:
    if node.style == "slash":
        return new if isinstance(new, Name | Num | Scripts | Group | Transpose) else bracketed(new)
    return bare(new)


def _calling(node: Call, k: int) -> Callable[[Node], Node]:
    return lambda new: replace(node, args=(*node.args[:k], new, *node.args[k + 1 :]))


def _as_entry(node: Matrix, r: int, c: int) -> Callable[[Node], Node]:
    def put(new: Node) -> Node:
        row = (*node.rows[r][:c], new, *node.rows[r][c + 1 :])
        return replace(node, rows=(*node.rows[:r], row, *node.rows[r + 1 :]))

    return put


def _as_item(node: Items, k: int) -> Callable[[Node], Node]:
    return lambda new: replace(node, items=(*node.items[:k], new, *node.items[k + 1 :]))


def _casing(node: Cases, k: int) -> Callable[[Node], Node]:
    def put(new: Node) -> Node:
        branches = list(node.branches)
        branches[k] = (new, branches[k][1])
        return replace(node, branches=tuple(branches))

    return put


def positive(left: Node) -> Node:
    """1[left > 0]."""
    return Indicator(Relation(">", left, Num("0")))


def one_minus(node: Node) -> Node:
    """1 − x."""
    return Sum((Num("1"), negated(node)))


def letters(root: Node) -> list[Node]:
    """Names that stand as an index somewhere."""
    out: dict[Node, None] = {}
    for node in walk(root):
        if isinstance(node, Big):
            out.update(dict.fromkeys(o for o in node.over if isinstance(o, Name)))
        elif isinstance(node, Scripts):
            out.update(dict.fromkeys(s for s in node.sub if isinstance(s, Name)))
    return list(out)
