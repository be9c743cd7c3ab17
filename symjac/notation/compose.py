"""What stands side by side in a term, put together: applications, derivatives, quotients, products.

From the right: a named function takes what follows it, a sum sign takes all that follows it, a differential sign takes
its variable. Then from the left: quotients and products at one level, and over them the signs of elementwise and
Kronecker products. Where print leaves open what is meant, nothing is guessed: `1/2k`, `\\nabla_x (a) b`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from symjac.notation.differentials import order_of, slash_derivative
from symjac.notation.limits import big, relations
from symjac.notation.pending import (
    SIDE_BY_SIDE,
    Applied,
    BigHead,
    Differential,
    Joint,
    Operator,
    Placed,
    Sign,
    arguments,
    bare,
    innermost,
    one,
    product,
    rebased,
)
from symjac.notation.tokens import Unreadable
from symjac.notation.tree import (
    Binary,
    Call,
    Derivative,
    Group,
    Indicator,
    Items,
    Name,
    Neg,
    Node,
    Num,
    Ones,
    Quotient,
    Relation,
    Scripts,
    Transpose,
    children,
)


def term(pieces: Sequence[Node]) -> Node:
    """The node that these pieces make."""
    placed = _joined(pieces)
    later: list[Placed] = []  # what has been put together already, the nearest last
    for joint, node in reversed(placed):
        _take(joint, node, later)
    later.reverse()
    return _chain(later)


def _joined(pieces: Sequence[Node]) -> list[Placed]:
    out: list[Placed] = []
    joint: Joint | None = None
    for piece in pieces:
        if isinstance(piece, Joint):
            if joint is not None or not out:
                raise Unreadable(piece.span, f"{piece.text} stands where a quantity was expected")
            joint = piece
            continue
        out.append((joint or SIDE_BY_SIDE, piece))
        joint = None
    if joint is not None:
        raise Unreadable(joint.span, f"nothing follows {joint.text}; a quantity was expected")
    return out


# From the right: what acts on what follows ----------------------------------------------------------------------------


def _take(joint: Joint, node: Node, later: list[Placed]) -> None:
    """Put `node` before `later`, having taken from there what it acts on."""
    base = innermost(node)
    if isinstance(base, BigHead):
        node = _big(base, later)
    elif isinstance(base, Applied):
        node = _applied(node, base, later)
    elif isinstance(base, Operator):
        node = _operator(node, base, later)
    elif isinstance(base, Sign):
        node = _nabla(node, base, later) if base.text == "nabla" else _partial(node, base, later)
    elif beside(later) and isinstance(following := innermost(later[-1][1]), Group):
        node = _bracketed(node, following, later)
    later.append((joint, node))


def _bracketed(node: Node, following: Group, later: list[Placed]) -> Node:
    r"""1[a > 0], \mathbf{1}_{[..]} and \mathcal{R}\{q\}: a sign and its brackets are one thing."""
    if isinstance(following.of, Items) and following.of.given and isinstance(innermost(node), Name):
        return rebased(node, lambda name: replace(name, text=f"{name.text} given") if isinstance(name, Name) else name)
    condition = isinstance(following.of, Relation)
    ones = isinstance(node, Ones) and node.size is None and (condition or following.bracket in "[{")
    if ones or (condition and (one(node) or node == Name("delta"))):
        said = several(following.of)
        return rebased(later.pop()[1], lambda g: Indicator(said, span=node.span.to(g.span)))
    if isinstance(node, Name | Scripts) and following.bracket == "[" and _are_places(node, following.of):
        sub = (*(node.sub if isinstance(node, Scripts) else ()), *arguments(following))
        base = node.base if isinstance(node, Scripts) else node
        whole = later.pop()[1]
        if isinstance(whole, Scripts) and whole.base is following and not whole.sub:
            return replace(whole, base=base, sub=sub, span=node.span.to(whole.span))
        return rebased(whole, lambda g: Scripts(base, sub, span=node.span.to(g.span)))
    if isinstance(node, Name) and following.bracket == "{" and node.latex.startswith("\\mathcal"):
        return rebased(later.pop()[1], lambda g: Call(node, arguments(following), span=node.span.to(g.span)))
    return node


def _big(head: BigHead, later: list[Placed]) -> Node:
    if head.op in ("max", "min") and not head.sub and not head.negative:
        if beside(later) and isinstance(following := innermost(later[-1][1]), Group):
            name = head.name
            return rebased(later.pop()[1], lambda g: Call(name, arguments(following), span=head.span.to(g.span)))
        if not later:
            return head.name
    if not later:
        if not head.sub and head.sup is None and not head.negative:
            return head.name
        raise Unreadable(head.span, f"nothing follows {head.name.latex}; what it runs over was expected")
    if not beside(later):
        raise Unreadable(later[-1][0].span, f"{later[-1][0].text} stands where a quantity was expected")
    body = _chain(list(reversed(later)))
    later.clear()
    if head.negative:
        body = Neg(body, span=body.span)
    return big(head, body)


def several(condition: Node) -> Node:
    """m = i, n = j as the two that they are: a comma binds tighter than a relation."""
    if not isinstance(condition, Relation):
        return condition
    parts = tuple(relations((condition,)))
    return condition if len(parts) == 1 else Items(parts, span=condition.span)


def _are_places(node: Node, inside: Node) -> bool:
    """W[i, j], x[k]: subscripts as programs have them; not for E[x] and its like."""
    base = node.base if isinstance(node, Scripts) else node
    if not isinstance(base, Name) or base.text in _NO_ARRAYS or base.latex.startswith("\\math"):
        return False
    places = inside.items if isinstance(inside, Items) else (inside,)
    return (not isinstance(node, Scripts) or node.sup is None) and all(map(_is_place, places))


def _is_place(node: Node) -> bool:
    number = isinstance(node, Num) and node.text.isdigit()
    return number or node == Name(":") or (isinstance(node, Name) and node.text in _PLACES)


_NO_ARRAYS = frozenset({"E", "P", "I", "V", "O", "chi"})
_PLACES = frozenset("ijklmnpqt")


def _applied(node: Node, base: Applied, later: list[Placed]) -> Node:
    function = rebased(node, lambda _: base.name)
    if not beside(later):
        return function
    following = innermost(later[-1][1])
    if isinstance(following, Group):
        return rebased(later.pop()[1], lambda g: Call(function, arguments(following), span=node.span.to(g.span)))
    if not base.bare:
        return function
    argument = _operand(later)
    if base.name.text in _WHOLE and beside(later):
        raise Unreadable(
            node.span.to(argument.span),
            f"it is not clear how much {base.name.text} covers here; brackets were expected",
        )
    return Call(function, (argument,), span=node.span.to(argument.span))


_WHOLE = frozenset({"tr", "Tr", "trace", "vec", "diag", "Diag", "det", "rank"})
"""Functions of a whole matrix: of `tr A B` people mean the trace of the product, or not."""


def _operand(later: list[Placed]) -> Node:
    """The next factor; a name takes its brackets along, as in f(a)."""
    first = later.pop()[1]
    if isinstance(innermost(first), Name) and beside(later) and isinstance(innermost(later[-1][1]), Group):
        return product([first, later.pop()[1]], [""])
    return first


def _run(later: list[Placed]) -> list[Node]:
    """The factors that stand side by side next, none of them taken."""
    out: list[Node] = []
    for joint, node in reversed(later):
        if out and joint is not SIDE_BY_SIDE:
            break
        out.append(node)
    return out


def _operator(node: Node, base: Operator, later: list[Placed]) -> Node:
    r"""\frac{\partial}{\partial x} acts on the product that follows, or on the bracket that follows."""
    if node is not base or not beside(later):
        raise Unreadable(
            base.span, "a derivative of nothing; what is differentiated was expected after it or in its top"
        )
    run = _run(later)
    rest = len(later) - len(run)
    bracket = isinstance(run[0], Group)
    if (bracket and len(run) > 1) or rest:
        raise Unreadable(base.span, "it is not clear how far this derivative reaches; brackets were expected")
    del later[rest:]
    of = product(run, [""] * (len(run) - 1))
    return Derivative(bare(of), base.by, base.kind, span=base.span.to(of.span))


def _nabla(node: Node, base: Sign, later: list[Placed]) -> Node:
    r"""\nabla_x f, \nabla_x f(x), \nabla_x (..), \nabla_x^2 f; a transpose after f is that of the gradient."""
    sub, sup = (node.sub, node.sup) if isinstance(node, Scripts) and node.base is base else ((), None)
    if not isinstance(node, Sign | Scripts):
        raise Unreadable(node.span, "a derivative sign with such a mark is not understood")
    order = order_of(sup, node.span)
    if not beside(later):
        raise Unreadable(node.span, "a gradient of nothing; what is differentiated was expected after it")
    by = sub or (Name("", span=node.span),)
    if len(by) == 1:
        by = by * order
    if len(by) != order:
        raise Unreadable(node.span, f"a derivative of order {order} by {len(by)} quantities")
    run = _run(later)
    first = run[0]
    called = isinstance(innermost(first), Name) and len(run) > 1 and isinstance(innermost(run[1]), Group)
    count = 2 if called else 1
    if isinstance(first, Transpose | Num | Quotient) and len(run) > 1 and not called:
        covered = isinstance(first, Num | Quotient) or any(v in _parts(n) for n in run for v in by)
        if covered:
            count = len(run)
            if len(later) > count:
                raise Unreadable(node.span, "it is not clear how far this derivative reaches; brackets were expected")
    taken = [later.pop()[1] for _ in range(count)]
    outer: Callable[[Node], Node] = _same
    if count < 3 and isinstance(taken[-1], Transpose):
        taken[-1] = taken[-1].of
        outer = _transposed
    of = product(taken, [""] * (count - 1))
    made = Derivative(bare(of), by, "nabla", span=node.span.to(of.span))
    return outer(made)


def _same(node: Node) -> Node:
    return node


def _transposed(node: Node) -> Node:
    return Transpose(Group(node, span=node.span), span=node.span)


def _parts(node: Node) -> list[Node]:
    out, pending = [], [node]
    while pending:
        n = pending.pop()
        out.append(n)
        pending.extend(children(n))
    return out


def _partial(node: Node, base: Sign, later: list[Placed]) -> Node:
    r"""\partial x, \partial^2 L, and \partial_x L; alone it stays a sign."""
    if not isinstance(node, Sign | Scripts):
        raise Unreadable(node.span, "a derivative sign with such a mark is not understood")
    sub, sup = (node.sub, node.sup) if isinstance(node, Scripts) else ((), None)
    if not beside(later):
        return node
    if isinstance(innermost(later[-1][1]), Sign | Differential):
        raise Unreadable(node.span, "a differential of a differential; what is differentiated was expected")
    order = order_of(sup, node.span)
    of = _operand(later)
    if sub:
        by = sub * order if len(sub) == 1 else sub
        return Derivative(bare(of), by, span=node.span.to(of.span))
    return Differential(of, order, span=node.span.to(of.span))


# From the left: quotients and products --------------------------------------------------------------------------------


def _chain(placed: list[Placed]) -> Node:
    """Products joined by elementwise and Kronecker signs, left associative."""
    out: Node | None = None
    op = ""
    segment: list[Placed] = []

    def close() -> Node:
        made = _quotients(segment)
        return made if out is None else Binary(op, out, made, span=out.span.to(made.span))

    for joint, node in placed:
        if joint.kind in ("times", "slash"):
            segment.append((joint, _signed(joint, node)))
        else:
            out = close()
            op = joint.kind
            segment = [(SIDE_BY_SIDE, _signed(joint, node))]
    return close()


def _signed(joint: Joint, node: Node) -> Node:
    return Group(Neg(node, span=node.span), span=node.span) if joint.negative else node


def _quotients(placed: list[Placed]) -> Node:
    """Factors at one level, from the left: a b / c d is ((a b) / c) d."""
    done: list[Node] = []
    signs: list[str] = []
    nodes = [node for _, node in placed]
    i = 0
    while i < len(placed):
        joint, node = placed[i]
        if joint.kind != "slash":
            if done:
                signs.append(joint.text)
            done.append(node)
            i += 1
            continue
        made = slash_derivative(done, nodes, placed, i)
        if made is not None:
            start, derivative, i = made
            done[start:] = [derivative]
            del signs[max(start, 0) :]
            continue
        _clear(node, placed[i + 1 :])
        top = product(done, signs)
        done, signs = [Quotient(top, node, "slash", span=top.span.to(node.span))], []
        i += 1
    return product(done, signs)


def _clear(bottom: Node, after: Sequence[Placed]) -> None:
    """Refuse 1/2k and 1/mn, which some read as 1/(2k) and others as k/2."""
    if not after or after[0][0] is not SIDE_BY_SIDE:
        return
    following = after[0][1]
    number = isinstance(bottom, Num) and isinstance(innermost(following), Name)
    letters = _small(bottom) and _small(following) and bottom.span.end == following.span.start
    if number or letters:
        raise Unreadable(
            bottom.span.to(following.span), "it is ambiguous how far the denominator reaches; brackets were expected"
        )


def _small(node: Node) -> bool:
    return isinstance(node, Name) and len(node.text) == 1 and node.text.islower()


def beside(later: Sequence[Placed]) -> bool:
    """Whether something follows without a sign between."""
    return bool(later) and later[-1][0] is SIDE_BY_SIDE
