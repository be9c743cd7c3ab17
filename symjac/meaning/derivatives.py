"""Where the entries of a derivative stand: gradients, Jacobians, vectorised ones, Hessians, entry by entry."""

from __future__ import annotations

import sympy

from symjac.calculus.differentiate import jacobian
from symjac.core.expr import Contract, Expr, Identity, Symbol, affine, contract, rename, symbol
from symjac.core.index import Index
from symjac.meaning import values, written_out
from symjac.meaning.dependence import written_in
from symjac.meaning.frame import Frame
from symjac.meaning.glossary import ALL, NOTHING
from symjac.meaning.naming import identifier
from symjac.meaning.notebook import Notebook
from symjac.meaning.reasons import NotUnderstood
from symjac.meaning.values import Value
from symjac.notation.tree import (
    Call,
    Derivative,
    Group,
    Items,
    Matrix,
    Name,
    Node,
    Product,
    Scripts,
    Transpose,
    walk,
)


def arranged(m: Frame, node: Derivative) -> Value:
    """The derivative under the reading's layout. `by` names a quantity, a sample or an entry of it, or vec of one."""
    if (several := _several(m, node)) is not None:
        return _by_several(m, node, several)
    of, of_vec = _without_vec(node.of)
    if isinstance(of, Transpose):
        of = of.of if node.kind != "nabla" else of
    value = m.read(of)
    variables = _variables(m, node)
    bys = [_by(m, b) for b in variables]
    for (by, _, _), written in zip(bys, variables, strict=True):
        _note_link(m, value, by, of, written)
    vec = of_vec or any(v for _, v, _ in bys)
    if len(bys) == 1:
        b, _, flipped = bys[0]
        expr = _differentiated(m, value.expr, b, 0, _formula(m, node, of, value, b))
        gradient = node.kind == "nabla" or b.row
        return _layout(m, expr, value.axes, _axes(b, 0), vec, value.row or b.row, gradient, flipped)
    if len(bys) == 2 and not value.axes:
        first, second = bys[0][0], bys[1][0]
        expr = _differentiated(m, value.expr, first, 1)
        inner = _axes(first, 1)
        expr = _differentiated(m, expr, second, 2)
        return _layout(m, expr, inner, _axes(second, 2), vec and len(inner) + len(second.axes) > 2, hessian=True)
    raise NotUnderstood(node.span, f"a derivative of order {len(bys)} of {values.shape_text(value)} is not read")


def _note_link(m: Frame, value: Value, by: Value, of: Node, written: Node) -> None:
    """Remember that the derivative is 0 because nothing says how the one depends on the other."""
    taken = _taken_out(by.expr)
    assert taken is not None
    name = taken[0].name
    told = m.notebook.network.tells((name, *value.expr.names))
    if value.expr.names and not (told or m.world.depends(value.expr, name) or name in written_in([of], m.notebook)):
        m.gathered.unlinked.append((of, written))


def by_entries(m: Frame, node: Derivative) -> tuple[Expr, tuple[Index, ...], tuple[Index, ...]] | None:
    """A first derivative over the axes of what is differentiated and of the variable; None for others."""
    if len(node.by) != 1:
        return None
    value = m.read(_without_vec(node.of)[0])
    by = _by(m, _variables(m, node)[0])[0]
    return _differentiated(m, value.expr, by, 0), value.axes, _axes(by, 0)


def _without_vec(node: Node) -> tuple[Node, bool]:
    match node:
        case Group():
            return _without_vec(node.of)
        case Call(function=Name(text="vec"), args=(inner,)):
            return (inner.of if isinstance(inner, Group) else inner), True
        case Product(factors=(Name(text="vec"), Group() as inner)):
            return inner.of, True
    return node, False


def _variables(m: Frame, node: Derivative) -> tuple[Node, ...]:
    """What the derivative is taken by; ∇f(x) is taken by x, and ∇f of a function f(x) too."""
    if node.by[0] != Name(""):
        return node.by
    match node.of:
        case Product(factors=(_, Group(of=argument))) | Call(args=(argument,)):
            key = identifier(argument)
            if key is not None and (m.known(key) or _is_parameter(m, node.of, key)):
                return tuple(argument for _ in node.by)
        case Name() | Scripts():
            own = m.notebook.functions.get(identifier(node.of) or "")
            if own is not None and len(own.parameters) == 1 and m.known(own.parameters[0]):
                return tuple(Name(own.parameters[0], span=node.span) for _ in node.by)
    return node.by


def _is_parameter(m: Frame, of: Node, key: str) -> bool:
    """True for x of f(x), a function of x alone."""
    head = of.factors[0] if isinstance(of, Product) else of.function if isinstance(of, Call) else of
    own = m.notebook.functions.get(identifier(head) or "")
    return own is not None and own.parameters == (key,)


def _several(m: Frame, node: Derivative) -> tuple[Node, ...] | None:
    """x and y of ∇f(x, y), which are numbers."""
    match node.of:
        case Product(factors=(_, Group(of=Items(items=args, given=0)))) | Call(args=args) if len(args) > 1:
            if node.by[0] != Name("") or not all(isinstance(a, Name | Scripts) for a in args):
                return None
            return tuple(args) if all(not m.read(a).axes for a in args) else None
    return None


def _by_several(m: Frame, node: Derivative, args: tuple[Node, ...]) -> Value:
    """The column of the derivatives by each of them; of the second order, the matrix."""
    if len(node.by) > 2:
        raise NotUnderstood(node.span, f"a derivative of order {len(node.by)} by several quantities is not read")
    slopes: list[Node] = [Derivative(node.of, (a,), "partial", span=node.span) for a in args]
    if len(node.by) == 1:
        return written_out.column_of(m, slopes)
    rows = tuple(tuple(Derivative(node.of, (a, b), "partial", span=node.span) for b in args) for a in args)
    return written_out.of_matrix(m, Matrix(rows, span=node.span))


def _by(m: Frame, node: Node) -> tuple[Value, bool, bool]:
    """The variable, whether it stands inside vec, whether it is transposed: ∂y/∂xᵀ."""
    if node == Name(""):
        raise NotUnderstood(node.span, r"what \nabla is taken by is not said; write for example $\nabla_x$")
    inner, vec = _without_vec(node)
    flipped = isinstance(inner, Transpose)
    if isinstance(inner, Transpose):
        inner = inner.of
    value = m.read(inner)
    if _taken_out(value.expr) is None:
        raise NotUnderstood(node.span, "a derivative is taken by a single quantity, a sample or an entry of it")
    return value, vec, flipped


def _axes(by: Value, order: int) -> tuple[Index, ...]:
    """The axes of the variable, under names of their own."""
    return tuple(Index(f"_d{order}{p}", i.size) for p, i in enumerate(by.axes))


def _taken_out(e: Expr) -> tuple[Symbol, list[Expr]] | None:
    """A tensor, and the identities that say which of its entries, each index of it once: x[u] 1[u = Σ c·i + o]."""
    if isinstance(e, Symbol):
        return e, []
    if not isinstance(e, Contract):
        return None
    tensors = [f for f in e.factors if isinstance(f, Symbol)]
    ties: list[Expr] = [f for f in e.factors if isinstance(f, Identity)]
    if len(tensors) != 1 or len(ties) != len(e.factors) - 1 or len(set(tensors[0].indices)) != len(tensors[0].indices):
        return None
    tied = [i for f in ties for i in e.summed if i in f.free]
    return (tensors[0], ties) if sorted(tied, key=str) == sorted(e.summed, key=str) else None


def _formula(m: Frame, node: Derivative, of: Node, value: Value, by: Value) -> Expr | None:
    """The formula in which ∂ holds the quantities but the variable: that of a function of several, g(w, h) = w h, and,
    beside total derivatives, that of a defined name. None where it is no other than the total derivative.
    """
    taken, key = _taken_out(by.expr), identifier(of)
    if node.kind != "partial" or taken is None or key is None or m.glossary.taken.held == NOTHING:
        return None
    name, own = taken[0].name, m.notebook.functions.get(key)
    e = value.expr
    if own is None and m.glossary.taken.held == ALL and isinstance(e, Symbol):
        e = m.world.written_out(e)
    elif own is None or len(own.parameters) < 2 or name not in own.parameters:
        return None
    held = set(own.parameters) if own is not None else set(e.names)
    through = {n for n in e.names - held if n != name and name in m.world.cone([n])}
    return e if name in e.names and not through else None


def of_several(book: Notebook, *sides: Node) -> bool:
    """True where ∂ is of a function of several, one of which is defined."""
    functions, known = book.functions, book.definitions
    for node in (n for side in sides for n in walk(side) if isinstance(n, Derivative) and n.kind == "partial"):
        own = functions.get(identifier(node.of) or "")
        if own is not None and len(own.parameters) > 1 and any(p in known for p in own.parameters):
            return True
    return False


def tells_totals_apart(*sides: Node, of_one: bool) -> bool:
    """True where d and ∂ by one variable stand in formulas; `of_one`: of one quantity."""
    kinds: dict[tuple[Node, ...], set[str]] = {}
    for node in (n for side in sides for n in walk(side) if isinstance(n, Derivative)):
        kinds.setdefault((*node.by, *((node.of,) if of_one else ())), set()).add(node.kind)
    return any({"total", "partial"} <= k for k in kinds.values())


def _differentiated(m: Frame, of: Expr, by: Value, order: int, formula: Expr | None = None) -> Expr:
    """∂of/∂by over the axes of `of`, those of `by` as `_axes`, and the letters of both; of a `formula`, with the other
    quantities in it held.
    """
    taken = _taken_out(by.expr)
    assert taken is not None
    s, ties = taken
    held = symbol(s.name, [Index(f"_w{order}{p}", i.size) for p, i in enumerate(s.indices)])
    raw = m.world.derivative(of, held) if formula is None else jacobian(formula, held)
    to = dict(zip(by.axes, _axes(by, order), strict=True))
    expr = raw
    bound = {i for i in s.indices if i not in by.expr.free}
    for mine, written in zip(held.indices, s.indices, strict=True):
        if written in bound:
            ties = [rename(t, {written: mine}) for t in ties]
        else:
            expr = rename(expr, {mine: to.get(written, written)})
    if ties:
        summed = [mine for mine, written in zip(held.indices, s.indices, strict=True) if written in bound]
        expr = contract([expr, *(rename(t, to) for t in ties)], summed)
    tied = s.name in m.notebook.tied or (m.glossary.taken.tied and m.world.has_ties(s.name))
    if tied and len(by.axes) == 2:
        expr = m.world.structured(expr, symbol(s.name, _axes(by, order)))
    return expr


def _layout(
    m: Frame,
    expr: Expr,
    rows: tuple[Index, ...],
    columns: tuple[Index, ...],
    vec: bool,
    row: bool = False,
    gradient: bool = False,
    flipped: bool = False,
    hessian: bool = False,
) -> Value:
    """`rows` are the axes of what is differentiated, `columns` those of the variable; `row`: a lone one lies."""
    reading = m.glossary.reading
    if vec or (rows and columns and len(rows) + len(columns) > 2):
        expr, rows = _stacked(expr, rows, reading.vec, "_u")
        expr, columns = _stacked(expr, columns, reading.vec, "_v")
    if not columns:
        return values.value(expr, rows, row)
    if not rows:
        if len(columns) == 1:
            lies = flipped or (row if gradient else reading.vector == "row")
            return values.value(expr, columns, lies)
        if len(columns) == 2 and reading.matrix == "numerator" and not gradient:
            return values.value(expr, columns[::-1])
        return values.value(expr, columns)
    if reading.jacobian == "denominator" and not hessian and not flipped:
        return values.value(expr, (*columns, *rows))
    return values.value(expr, (*rows, *columns))


def _stacked(expr: Expr, axes: tuple[Index, ...], vec: str, name: str) -> tuple[Expr, tuple[Index, ...]]:
    """The axes as one: column-stacking lets the first run fastest, row-stacking the last."""
    if len(axes) <= 1:
        return expr, axes
    stride = sympy.Integer(1)
    terms = []
    for i in axes if vec == "columns" else axes[::-1]:
        terms.append((stride, i))
        stride *= i.size
    target = Index(name, stride)
    return contract([expr, affine(target, terms, sympy.Integer(0))], axes), (target,)
