"""Functions applied: operations on arrays, functions of the library, of the notes, unknown ones, and their primes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import sympy

from symjac.calculus.differentiate import jacobian
from symjac.core import scalar
from symjac.core.expr import Expr, Symbol, apply, number, rename, scalar_of, symbol
from symjac.core.index import Index
from symjac.meaning import applied, conditions, entering, functions, letters, sizes, values, written_out
from symjac.meaning.frame import Frame
from symjac.meaning.handled import arrays
from symjac.meaning.naming import identifier
from symjac.meaning.notebook import WrittenFunction
from symjac.meaning.reasons import Misfit, NotUnderstood
from symjac.meaning.values import Value
from symjac.notation.pending import innermost
from symjac.notation.tree import Group, Name, Node, Prime, Scripts, Span


def call(m: Frame, head: Node, args: Sequence[Node], span: Span) -> Value:
    if isinstance(head, Prime):
        return slope(m, head, args, span)
    if isinstance(head, Scripts) and head.sup is not None and identifier(head.base) is not None:
        bare = head.base if not head.sub else Scripts(head.base, head.sub, span=head.span)
        return letters.powered(m, call(m, bare, args, span), head.sup, span)
    if isinstance(head, Scripts) and head.base == Name("log") and len(head.sub) == len(args) == 1:
        return values.divide(call(m, head.base, args, span), call(m, head.base, head.sub, span))
    key = identifier(head)
    if key is None:
        raise NotUnderstood(span, "this is no function")
    if (reason := _no_function(head)) and key not in m.notebook.functions:
        raise NotUnderstood(span, reason)
    if key == "delta" and len(args) == 2 and not m.known(key) and all(conditions.is_index(m, a) for a in args):
        return conditions.kronecker(m, *args)
    if key in m.notebook.functions:
        return own(m, key, m.notebook.functions[key], [m.read(a) for a in args], span)
    if key in m.notebook.standard:
        key = m.notebook.standard[key]
    if key in m.notebook.network.functions and len(args) == 1:
        found = of_network(m, key, m.read(args[0]), span)
        if found is not None:
            return found
    if key == "R":
        return along(m, args, span)
    if key == "dim":
        return values.scalar(number(dimension(m, args, span)))
    if key == "inner" and len(args) == 2:
        return values.inner(m.read(args[0]), m.read(args[1]))
    if key in ("max", "min") and len(args) > 1:
        return extreme(m, key, args)
    if key in m.notebook.applications and not m.known(key) and (len(args) > 1 or applied.is_whole(m, key)):
        return applied.whole(m, key, args, span)
    if key in ("diag", "Diag") and len(args) > 1:
        return values.diag(written_out.column_of(m, args))
    if len(args) != 1:
        raise NotUnderstood(span, f"{key} takes one argument here")
    x = m.read(args[0])
    if key in OPERATORS:
        return OPERATORS[key](m, x)
    if key in functions.ELEMENTWISE:
        return mapped(functions.ELEMENTWISE[key], x)
    library = functions.library_name(key)
    if library is not None:
        return of_library(m, library, x, span)
    if isinstance(head, Name | Scripts) and not m.known(key):
        return applied.mapped(key, x)
    raise NotUnderstood(span, f"{key} is not a function")


_MOMENTS = frozenset({"Var", "var", "Cov", "cov", "Pr", "Corr"})


def _no_function(head: Node) -> str:
    r"""Why \mathbb{E}[x] and O(h^2) are no values of an unknown function at what stands in the brackets."""
    base = head.base if isinstance(head, Scripts) else head
    if not isinstance(base, Name):
        return ""
    if (
        base.latex in ("\\mathbb{E}", "\\mathbb{P}", "\\mathbb{V}", "\\mathds{E}", "\\mathbf{E}")
        or base.text in _MOMENTS
    ):
        return "an expectation or a probability is not read"
    if base.latex == "\\lg":
        return "the base of \\lg is not said; \\log_{10} or \\log_2 was expected"
    return "an order of growth is no quantity" if base.text in ("O", "o") and "math" in base.latex else ""


def is_expectation(m: Frame, head: Node, after: Node) -> bool:
    """E[x] and V[x], of names that the notes say nothing else of: the distribution is not said."""
    name = innermost(head)
    text = name.text.removesuffix(" given") if isinstance(name, Name) else ""
    unknown = text in ("E", "V") and not m.known(text) and text not in m.notebook.functions
    return unknown and isinstance(after, Group) and after.bracket in "[{"


def of_network(m: Frame, key: str, x: Value, span: Span) -> Value | None:
    """A function of a spec; None for one of whole arrays that is the library's."""
    name, equation = m.notebook.network.functions[key]
    lhs, rhs = (entering.as_in_notes(m, e, span) for e in (equation.lhs, equation.rhs))
    atoms: list[Expr] = []
    formula = scalar_of(rhs, atoms)
    if all(isinstance(a, Symbol) and (a.name == name) == bool(a.indices) for a in atoms):
        return Value(apply(formula, [x.expr if name in a.names else a for a in atoms]), x.axes, x.row)
    if functions.library_name(key) is not None:
        return None
    assert isinstance(lhs, Symbol)
    if x.shape != lhs.shape:
        raise NotUnderstood(span, f"{key} is read of a {sizes.shape_text(values.from_symbol(lhs))}")
    aside = {i: Index(f"_f{p}", i.size) for p, i in enumerate(lhs.indices)}
    body = functions.placed(rename(rhs, aside), name, x.expr, x.axes)
    return values.value(body, list(aside.values()))


def of_library(m: Frame, name: str, x: Value, span: Span) -> Value:
    """A function of the library. One of whole vectors, applied to z_i, is taken along i."""
    if not functions.is_elementwise(name) and not x.axes:
        if len(x.expr.free) != 1:
            raise NotUnderstood(span, f"{name} is of a vector, and stands here at a number")
        whole = functions.library_function(name, values.value(x.expr, x.expr.free), 0)
        return Value(rename(whole.expr, dict(zip(whole.axes, x.expr.free, strict=True))))
    axis = 0 if len(x.axes) < 2 or m.notebook.samples == "columns" else 1
    return functions.library_function(name, x, axis)


def mapped(formula: sympy.Expr, x: Value) -> Value:
    return Value(apply(formula, [x.expr]), x.axes, x.row)


def extreme(m: Frame, key: str, args: Sequence[Node]) -> Value:
    make = sympy.Max if key == "max" else sympy.Min
    return values.elementwise(make(*map(scalar.slot, range(len(args)))), *(m.read(a) for a in args))


def own(m: Frame, key: str, f: WrittenFunction, args: list[Value], span: Span) -> Value:
    """A function that the notes define: of whole arrays where its parameter is declared as one, else elementwise.

    f(x) = x σ(x) of an array x makes sense entry by entry alone.
    """
    if len(args) != len(f.parameters):
        raise NotUnderstood(span, f"{key} has {len(f.parameters)} arguments in its definition")
    if key in m.busy:
        raise NotUnderstood(span, f"{key} is defined by itself")
    if f.letters:
        return by_letters(m, key, f, args, span)
    if not any(is_array(m, f, p) for p in f.parameters):
        return elementwise(m, key, f, args)
    try:
        return body(m, key, f, dict(zip(f.parameters, args, strict=True)))
    except Misfit:
        return elementwise(m, key, f, args)


def by_letters(m: Frame, key: str, f: WrittenFunction, args: list[Value], span: Span) -> Value:
    """softmax(x)_{n,i} = ..: the letters are the axes."""
    like = max(args, key=lambda a: len(a.axes))
    names = [identifier(n) for n in f.letters]
    if len(names) != len(like.axes) or None in names:
        raise NotUnderstood(span, f"{key} is defined for arrays with {len(names)} indices")
    scope: dict[str, Index] = {}
    value = body(m, key, f, dict(zip(f.parameters, args, strict=True)), scope)
    back = {scope.get(n or "", Index(n or "", a.size)): a for n, a in zip(names, like.axes, strict=True)}
    return Value(rename(value.expr, back), like.axes, like.row)


def elementwise(m: Frame, key: str, f: WrittenFunction, args: list[Value]) -> Value:
    like = max(args, key=lambda a: len(a.axes))
    aside = [{i: Index(f"_a{n}", i.size) for n, i in enumerate(a.axes)} for a in args]
    bound = {p: Value(rename(a.expr, to)) for p, a, to in zip(f.parameters, args, aside, strict=True)}
    value = body(m, key, f, bound)
    back = {Index(f"_a{n}", i.size): i for n, i in enumerate(like.axes)}
    return Value(rename(value.expr, back), like.axes, like.row)


def body(
    m: Frame, key: str, f: WrittenFunction, bound: dict[str, Value], scope: dict[str, Index] | None = None
) -> Value:
    """The right side of the definition, its parameters bound."""
    inside = replace(
        m,
        roots=(*m.roots, (f.body,)),
        busy=(*m.busy, key),
        bound=(bound,),
        scopes=(*m.scopes, {} if scope is None else scope),
    )
    return inside.read(f.body)


def is_array(m: Frame, f: WrittenFunction, parameter: str) -> bool:
    """Whether the notes declare it as an array, or declare nothing and the formula handles it as one."""
    shape = m.notebook.shapes.get(parameter)
    handled = arrays((f.body,), m.notebook.primes_transpose)
    return bool(shape.sizes) if shape is not None else parameter in {key for key, _ in handled}


def slope(m: Frame, head: Prime, args: Sequence[Node], span: Span) -> Value:
    """f'(a), f''(a): the derivative of a function of one number, elementwise."""
    if len(args) != 1:
        raise NotUnderstood(span, "a derivative of a function of one number is expected")
    t = symbol("_t", ())
    x = m.read(args[0])
    inside = replace(m, bound=(*m.bound, {"_t": values.from_symbol(t)}))
    e = call(inside, head.of, (Name("_t", span=head.span),), span)
    if e.axes:
        raise NotUnderstood(span, "a prime is read for functions of one number")
    expr = e.expr
    for _ in range(head.order):
        expr = jacobian(expr, t)
    return Value(functions.placed(expr, "_t", x.expr, ()), x.axes, x.row)


def along(m: Frame, args: Sequence[Node], span: Span) -> Value:
    """The derivative along V: each parameter P moves along V_P."""
    tangents: dict[str, str] = {}
    for p in m.notebook.parameters:
        key = identifier(p)
        if key is not None and m.notebook.knows(f"V_{key}"):
            tangents[entering.symbol(m, key, span).name] = entering.symbol(m, f"V_{key}", span).name
    if not tangents or len(args) != 1:
        raise NotUnderstood(span, "no direction V is declared for the parameters")
    q = m.read(args[0])
    return Value(m.world.direction(q.expr, tangents), q.axes, q.row)


def dimension(m: Frame, args: Sequence[Node], span: Span) -> sympy.Expr:
    """How many numbers there are in a quantity or a group of them."""
    total = sympy.Integer(0)
    for a in args:
        key = identifier(a)
        for part in m.notebook.groups.get(key or "", (a,)):
            total += sympy.Mul(*(i.size for i in m.read(part).axes))
    return sizes.true(total)


def _mean(m: Frame, x: Value) -> Value:
    """The mean over the samples of a matrix, over all entries of a vector."""
    if len(x.axes) == 2 and m.notebook.samples in ("rows", "columns"):
        axis = x.axes[0 if m.notebook.samples == "rows" else 1]
        ones = values.ones(axis.size)
        scaled = values.scalar(number(1 / axis.size))
        if m.notebook.samples == "rows":
            return values.matmul(scaled, values.matmul(values.transpose(ones), x))
        return values.matmul(scaled, values.matmul(x, ones))
    size = sympy.Mul(*(i.size for i in x.axes))
    return values.matmul(values.scalar(number(1 / size)), values.total(x))


OPERATORS: Mapping[str, Callable[[Frame, Value], Value]] = {
    "diag": lambda _, x: values.diag(x),
    "Diag": lambda _, x: values.diag(x),
    "tr": lambda _, x: values.trace(x),
    "Tr": lambda _, x: values.trace(x),
    "trace": lambda _, x: values.trace(x),
    "vec": lambda m, x: values.vec(x, m.glossary.reading.vec),
    "det": lambda _, x: values.determinant(x),
    "inv": lambda _, x: values.inverse(x),
    "norm": lambda _, x: values.norm(x, ""),
    "sum": lambda _, x: values.total(x),
    "mean": _mean,
    "R": lambda _, x: x,
    "dim": lambda _, x: x,
}
"""Operations on whole arrays, by name; R and dim are taken out before."""
