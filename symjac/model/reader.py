"""One formula, node by node: what each part of its tree stands for.

Matrix notation speaks of whole arrays. Elementwise, arrays of equal rank meet axis by axis; a number meets anything; a
vector meets a larger array along its last axis (its first, with samples in columns); what a reduction with `axis`
leaves keeps its place, so exp(x)/sum(exp(x), axis=1) needs no more to be said.

Index notation speaks of entries, which meet by the names of their indices. A formula with a subscript or a sum[i] is in
index notation throughout.

Bounded: an expression that grows beyond LONGEST_KEY, or a number beyond MOST_BITS, is refused where it arises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count

import sympy

from symjac.core import scalar
from symjac.core.errors import InputError
from symjac.core.expr import (
    Add,
    Contract,
    Expr,
    Map,
    Number,
    ShapeError,
    add,
    apply,
    contract,
    maximum,
    negate,
    number,
    rename,
    scalar_of,
    symbol,
)
from symjac.core.index import Index
from symjac.model import habits, subscripts
from symjac.model import parse as tree
from symjac.model.names import suggest
from symjac.model.parse import Ast, NodeAst
from symjac.model.scope import Operand, Rewrite, Scope, shape_text

LONGEST_KEY = 50_000
MOST_BITS = 1000
LARGEST_NUMBER = sympy.Integer(2) ** MOST_BITS
LARGEST_EXPONENT = 1000

FUNCTIONS = tuple(dict.fromkeys((*scalar.FUNCTIONS, "sum", "mean", "max", "min", "where")))
"""The names that every formula can call."""

_RELATIONS: dict[str, Callable[[sympy.Expr, sympy.Expr], sympy.Basic]] = {
    "<": sympy.StrictLessThan,
    "<=": sympy.LessThan,
    ">": sympy.StrictGreaterThan,
    ">=": sympy.GreaterThan,
    "==": sympy.Equality,
    "!=": sympy.Unequality,
}

_Keywords = Mapping[str, tree.Keyword]

_x, _y, _u, _v = (scalar.slot(i) for i in range(4))


def _mean(body: Expr, over: tuple[Index, ...]) -> Expr:
    return contract((number(1 / sympy.prod(i.size for i in over)), body), over)


_REDUCTIONS: dict[str, Callable[[Expr, tuple[Index, ...]], Expr]] = {
    "sum": lambda body, over: contract((body,), over),
    "mean": _mean,
    "max": maximum,
    "min": lambda body, over: negate(maximum(negate(body), over)),
}


@dataclass(frozen=True)
class Reader:
    """Reads the nodes of one formula. Whole arrays get working indices; `indices` are those of index notation."""

    ast: Ast
    scope: Scope
    by_index: bool
    indices: Mapping[str, Index] = field(default_factory=dict)
    variables: Mapping[str, Operand] = field(default_factory=dict)
    """The arguments, while the body of a rewrite is read."""
    within: tuple[str, ...] = ()
    """The rewrites whose bodies are being read."""
    numbers: Iterator[int] = field(default_factory=count)
    taken: set[str] = field(default_factory=set)
    """Index names in use."""

    def value(self, node: NodeAst) -> Operand:
        """What `node` stands for. Raises InputError."""
        match node:
            case tree.NumberAst():
                return Operand(number(node.value))
            case tree.NameAst():
                return self.named(node)
            case tree.Access():
                return self.entry(node)
            case tree.CallAst():
                return self.call(node)
            case tree.Reduction():
                return self.indexed_reduction(node)
            case tree.TransposeAst():
                return self.transposed(node)
            case tree.Negative():
                of = self.value(node.of)
                return Operand(self.sound(node.at, negate(of.expr)), of.slots)
            case tree.Power():
                return self.power(node)
            case tree.ChainAst():
                out = self.value(node.first)
                for link in node.links:
                    out = self.combined(link.at, link.operator, out, self.value(link.operand))
                return out
            case tree.Comparison():
                raise self.ast.error(node.at, "a comparison outside of where(condition, value, otherwise)")
            case tree.Keyword():
                raise self.ast.error(node.at, f"an argument named {node.name}", "a plain argument")
        raise self.ast.error(node.at, "this has no value", "a formula")

    # -------- names

    def named(self, node: tree.NameAst) -> Operand:
        name = node.name
        if name in self.variables:
            return self.variables[name]
        if name in self.scope.tensors:
            indices = tuple(self.working(size) for size in self.scope.tensors[name])
            return Operand(symbol(name, indices), indices)
        if name in self.scope.constants:
            return Operand(number(self.scope.constants[name]))
        if name in self.scope.sizes:
            return Operand(number(self.scope.sizes[name]))
        if name == "pi":
            return Operand(number(sympy.pi))
        raise self.unknown(node)

    def unknown(self, node: tree.NameAst) -> InputError:
        name = node.name
        if name in self.indices:
            return self.ast.error(node.at, f"the index '{name}' outside of subscripts", "a number")
        if name in self.callable_names():
            return self.ast.error(node.at, f"the function '{name}' without arguments", f"{name}(...)")
        if name == "e":
            return self.ast.error(node.at, "unknown name 'e'", "", "Euler's number is exp(1)")
        known = [*self.variables, *self.scope.tensors, *self.scope.constants, *self.scope.sizes]
        hint = suggest(name, known)
        return self.ast.error(node.at, f"unknown name '{name}'", _listed(known) if not hint else "", hint)

    def callable_names(self) -> list[str]:
        return [*FUNCTIONS, *self.scope.functions, *self.scope.rewrites]

    def working(self, size: sympy.Expr) -> Index:
        """An index of a whole array's axis; its name, never shown, clashes with no other."""
        return Index(f"_{next(self.numbers)}_", size)

    # -------- index notation

    def check_entries(self, node: NodeAst) -> None:
        """Every array has as many subscripts as axes: known before any range is looked for."""
        stack = [node]
        while stack:
            top = stack.pop()
            if isinstance(top, tree.Access | tree.NameAst):
                name = top.name
                given = len(top.subscripts) if isinstance(top, tree.Access) else 0
                if isinstance(top, tree.Access) and name not in self.scope.tensors:
                    raise self.unknown(tree.NameAst(top.at, name))
                axes_ = len(self.scope.tensors.get(name, ()))
                if given != axes_:
                    found = f"{name} has {axes_} axes and {given or 'no'} subscripts"
                    raise self.ast.error(top.at, found, f"{axes_} subscripts")
            elif isinstance(top, tree.Reduction):
                stack.append(top.body)
            else:
                stack.extend(reversed(tree.children(top)))

    def entry(self, node: tree.Access) -> Operand:
        return Operand(subscripts.access(self.ast, node, self.indices, self.scope, self.taken))

    def indexed_reduction(self, node: tree.Reduction) -> Operand:
        new: dict[str, Index] = {}
        for name in node.indices:
            if name.name in self.indices or name.name in new:
                raise self.taken_already(node, name)
            new[name.name] = subscripts.bind(self.ast, name, [node.body], self.scope)
        body = replace(self, indices={**self.indices, **new}).value(node.body)
        return Operand(self.sound(node.at, _REDUCTIONS[node.name](body.expr, tuple(new.values()))))

    def taken_already(self, node: tree.Reduction, name: tree.NameAst) -> InputError:
        around = (n for n in tree.nodes(self.ast.node) if isinstance(n, tree.Reduction) and n is not node)
        before = next((n for n in around if any(i.name == name.name for i in n.indices)), None)
        hint = before and f"or put brackets around the one before: ({before.name}[{name.name}] ...)"
        found = f"the index '{name.name}' has a meaning already"
        return self.ast.error(name.at, found, "another name", hint or "")

    # -------- whole arrays

    def transposed(self, node: tree.TransposeAst) -> Operand:
        of = self.value(node.of)
        if len(of.axes) != 2:
            raise self.ast.error(node.at, f".T of an array of shape {_shape(of)}", "a matrix")
        return Operand(of.expr, tuple(reversed(of.axes)))

    def matrix_product(self, at: int, left: Operand, right: Operand) -> Operand:
        if self.by_index:
            raise self.ast.error(at, "@ in index notation", "", "write sum[i] A[n,i] * B[i,j]")
        if not left.axes or not right.axes:
            raise self.ast.error(at, "@ with a single number", "two arrays", "a number is multiplied by *")
        if len(right.axes) > 2:
            raise self.ast.error(at, f"@ with an array of shape {_shape(right)}", "a matrix or a vector on the right")
        met, *rest = right.axes
        shared = left.axes[-1]
        if shared.size != met.size:
            found = f"shapes {_shape(left)} and {_shape(right)} do not fit in '@': {shared.size} is not {met.size}"
            raise self.ast.error(at, found, "inner sizes that agree")
        inner = self.working(shared.size)
        outer = [self.working(i.size) for i in rest]
        a = rename(left.expr, {shared: inner})
        b = rename(right.expr, {met: inner, **dict(zip(rest, outer, strict=True))})
        return Operand(self.sound(at, contract((a, b), (inner,))), (*left.axes[:-1], *outer))

    def reduced(self, node: tree.CallAst, value: Operand, axis: int | None) -> Operand:
        if not value.axes:
            hint = f"in index notation write {node.name}[i] ..." if self.by_index else ""
            raise self.ast.error(node.at, f"{node.name} of a single number", "an array", hint)
        rank = len(value.axes)
        if axis is not None and not -rank <= axis < rank:
            found = f"axis {axis} of an array of shape {_shape(value)}"
            raise self.ast.error(node.at, found, f"an axis from 0 to {rank - 1}, or counted from the end, from -1")
        gone = value.axes if axis is None else (value.axes[axis],)
        bound = {i: self.working(i.size) for i in gone}
        body = _REDUCTIONS[node.name](rename(value.expr, bound), tuple(bound.values()))
        slots = tuple(None if i in bound else i for i in value.slots)
        return Operand(self.sound(node.at, body), slots if any(slots) else ())

    # -------- elementwise

    def combined(self, at: int, operator: str, left: Operand, right: Operand) -> Operand:
        if operator == "@":
            return self.matrix_product(at, left, right)
        (a, b), slots = self.align(at, operator, left, right)
        match operator:
            case "+":
                out = add(a, b)
            case "-":
                out = add(a, negate(b))
            case "*":
                out = contract((a, b))
            case _:
                if isinstance(b, Number) and b.value == 0:
                    raise self.ast.error(at, "division by zero")
                out = contract((a, self.elementwise(at, 1 / _x, b)))
        return Operand(self.sound(at, out), slots)

    def power(self, node: tree.Power) -> Operand:
        base, exponent = self.value(node.base), self.value(node.exponent)
        if isinstance(exponent.expr, Number):
            n = exponent.expr.value
            if n.is_number and abs(n) > tree.LARGEST_EXPONENT:
                raise self.ast.error(node.at, "an exponent too large", f"at most {tree.LARGEST_EXPONENT}")
            if n.is_number and abs(n) * _bits(scalar_of(base.expr, [])) > MOST_BITS:
                raise self.ast.error(node.at, "a power too large")
            if base.expr == number(0) and n.is_negative:
                raise self.ast.error(node.at, "division by zero")
            return Operand(self.elementwise(node.at, _x**n, base.expr), base.slots)
        (a, b), slots = self.align(node.at, "**", base, exponent)
        return Operand(self.elementwise(node.at, _x**_y, a, b), slots)

    def elementwise(self, at: int, formula: sympy.Expr, *args: Expr) -> Expr:
        try:
            return self.sound(at, apply(formula, args))
        except (TypeError, ValueError) as e:
            if isinstance(e, ShapeError):
                raise
            raise self.ast.error(at, "this has no finite real value", "finite real numbers") from e

    def align(self, at: int, operator: str, *values: Operand) -> tuple[list[Expr], tuple[Index | None, ...]]:
        """The expressions over common indices, those of the value with the most axes (the first of such)."""
        widest = max(values, key=lambda v: len(v.axes))
        out: list[Expr] = []
        for v in values:
            pairs = self.meeting(widest, v)
            if pairs is None or any(i.size != j.size for i, j in pairs):
                first, second = (widest, v) if values.index(widest) < values.index(v) else (v, widest)
                found = f"shapes {_shape(first)} and {_shape(second)} do not fit in '{operator}'"
                expected = "equal shapes, or a vector along the other's axis"
                raise self.ast.error(at, found, expected, self.other_way(widest, v))
            out.append(rename(v.expr, dict(pairs)))
        return out, widest.slots

    def meeting(self, wide: Operand, v: Operand) -> list[tuple[Index, Index]] | None:
        """(index of v, index of wide) for each axis of v; None where they do not meet."""
        if not v.axes or v is wide:
            return []
        if len(wide.slots) == len(v.slots):
            pairs = list(zip(v.slots, wide.slots, strict=True))
            if any(i is not None and j is None for i, j in pairs):
                return None
            return [(i, j) for i, j in pairs if i is not None and j is not None]
        if len(wide.axes) == len(v.axes):
            return list(zip(v.axes, wide.axes, strict=True))
        if len(v.slots) == 1:
            return [(v.axes[0], wide.axes[0 if self.scope.samples == "columns" else -1])]
        return None

    def other_way(self, wide: Operand, v: Operand) -> str:
        if len(v.slots) == 1 and len(wide.slots) > 1 and v.axes[0].size in [i.size for i in wide.axes]:
            along = "first" if self.scope.samples == "columns" else "last"
            return f"a vector goes along the {along} axis; another needs index notation: A[n,j] = X[n,j] + b[n]"
        return ""

    # -------- calls

    def call(self, node: tree.CallAst) -> Operand:
        name = node.name
        plain = [a for a in node.arguments if not isinstance(a, tree.Keyword)]
        keywords = {a.name: a for a in node.arguments if isinstance(a, tree.Keyword)}
        if len(plain) + len(keywords) != len(node.arguments):
            raise self.ast.error(node.at, f"{name} with an argument given twice", "each argument once")
        if name in self.scope.rewrites:
            return self.rewritten(node, self.scope.rewrites[name], plain, keywords)
        if name in ("sum", "mean") or (name in ("max", "min") and len(plain) == 1):
            if len(plain) == 2 and "axis" not in keywords:
                keywords = {**keywords, "axis": tree.Keyword(plain[1].at, "axis", plain.pop())}
            self.check_arguments(node, plain, 1, keywords, ("axis",))
            axis = self.axis_number(keywords["axis"].value) if "axis" in keywords else None
            return self.reduced(node, self.value(plain[0]), axis)
        if name == "where":
            return self.where(node, plain, keywords)
        if name in self.scope.functions:
            formula, arity = self.scope.functions[name], 1
        elif name in scalar.FUNCTIONS:
            function, arity, _ = scalar.FUNCTIONS[name]
            if name in ("max", "min"):
                arity = max(arity, len(plain))
            formula = function(*(scalar.slot(i) for i in range(arity)))
        else:
            raise self.unknown_call(node)
        self.check_arguments(node, plain, arity, keywords, ())
        args, slots = self.align(node.at, name, *(self.value(a) for a in plain))
        return Operand(self.elementwise(node.at, formula, *args), slots)

    def unknown_call(self, node: tree.CallAst) -> InputError:
        name = node.name
        if name in (*self.variables, *self.scope.tensors, *self.scope.constants, *self.scope.sizes):
            return self.ast.error(node.at, f"'{name}' is not a function", "", f"for a product write {name} * (...)")
        known = self.callable_names()
        hint = habits.CALLS.get(name) or suggest(name, known)
        return self.ast.error(node.at, f"unknown function '{name}'", _listed(known) if not hint else "", hint)

    def check_arguments(
        self, node: tree.CallAst, plain: list[NodeAst], wanted: int, keywords: _Keywords, known: tuple[str, ...]
    ) -> None:
        for k in keywords.values():
            if k.name not in known:
                hint = suggest(k.name, known)
                raise self.ast.error(k.at, f"{node.name} has no argument named {k.name}", "", hint)
        if len(plain) != wanted:
            raise self.ast.error(node.at, f"{node.name} with {_counted(len(plain))}", _counted(wanted))

    def where(self, node: tree.CallAst, plain: list[NodeAst], keywords: _Keywords) -> Operand:
        self.check_arguments(node, plain, 3, keywords, ())
        condition, yes, no = plain
        if not isinstance(condition, tree.Comparison):
            raise self.ast.error(condition.at, "where without a comparison", "where(a > b, value, otherwise)")
        parts = [self.value(n) for n in (condition.left, condition.right, yes, no)]
        args, slots = self.align(node.at, "where", *parts)
        formula = sympy.Piecewise((_u, _RELATIONS[condition.relation](_x, _y)), (_v, True))
        return Operand(self.elementwise(node.at, formula, *args), slots)

    def axis_number(self, node: NodeAst) -> int:
        """An axis: a whole number, or the name of one."""
        found = self.value(node).expr
        if not isinstance(found, Number) or not found.value.is_Integer:
            raise self.ast.error(node.at, "this is not the number of an axis", "a whole number such as 0, 1 or -1")
        return int(found.value)

    def rewritten(self, node: tree.CallAst, rule: Rewrite, plain: list[NodeAst], keywords: _Keywords) -> Operand:
        """The body of a rewrite, its variables standing for the arguments; an error in it is shown at the call."""
        name = node.name
        if name in self.within:
            raise self.ast.error(node.at, f"{name} is defined by itself", "functions that are defined before")
        if self.by_index:
            raise self.ast.error(node.at, f"{name} works on whole arrays", "matrix notation, without subscripts")
        allowed = len(rule.variables) - len(keywords)
        self.check_arguments(node, plain, min(len(plain), allowed), keywords, rule.variables[len(plain) :])
        given = {**dict(zip(rule.variables, plain, strict=False)), **{k: v.value for k, v in keywords.items()}}
        values = {v: self.value(argument) for v, argument in given.items()}
        if "axis" in rule.variables and "axis" not in values:
            values["axis"] = Operand(number(0 if self.scope.samples == "columns" else -1))
        lacking = [v for v in rule.variables if v not in values]
        if lacking:
            expected = f"{name}({', '.join(rule.variables)})"
            raise self.ast.error(node.at, f"{name} without its argument {lacking[0]}", expected)
        inner = replace(self, ast=rule.body, variables=values, within=(*self.within, name))
        try:
            return inner.value(rule.body.node)
        except InputError as e:
            raise self.ast.error(node.at, f"in {name}: {e.found}", e.expected, e.hint) from e

    # -------- bounds

    def sound(self, at: int, e: Expr) -> Expr:
        """`e`, where it is of bounded size and its numbers are finite, real and of bounded size."""
        if len(e.key) > LONGEST_KEY:
            raise self.ast.error(at, "the formula grows too large here", "", "name a part of it in a layer of its own")
        for part in (e, *e.children) if isinstance(e, Add | Contract) else (e,):
            formula = part.formula if isinstance(part, Map) else part.value if isinstance(part, Number) else None
            problem = None if formula is None else _problem(formula)
            if problem:
                raise self.ast.error(at, problem, "finite real numbers")
        return e


def _bits(formula: sympy.Expr) -> int:
    """The length of the longest number in `formula`."""
    return max((max(abs(r.p), r.q).bit_length() for r in formula.atoms(sympy.Rational)), default=0)


@lru_cache(maxsize=4096)
def _problem(formula: sympy.Expr) -> str | None:
    """Why `formula` cannot be used."""
    if formula.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        return "this has no finite value"
    if formula.has(sympy.I):
        return "this has no real value"
    if _bits(formula) > MOST_BITS:
        return "a number too large or too small"
    if any(p.exp.is_number and abs(p.exp) > LARGEST_EXPONENT for p in formula.atoms(sympy.Pow)):
        return "an exponent too large"
    if any(p.base.is_nonpositive and p.base.is_number and scalar.slots_of(p.exp) for p in formula.atoms(sympy.Pow)):
        return "a power of a number that is not positive, with an exponent that is no whole number"
    if not formula.free_symbols:
        shown = formula.evalf(15)
        if not shown.is_real:
            return "this has no real value"
        if abs(shown) > LARGEST_NUMBER:
            return "a number too large"
    return None


def reader_of(ast: Ast, scope: Scope, indices: Mapping[str, Index] | None = None) -> Reader:
    """A reader of `ast`, whose notation is known and whose arrays have their subscripts. Raises InputError."""
    whole = list(tree.nodes(ast.node))
    by_index = any(isinstance(n, tree.Access | tree.Reduction) for n in whole)
    names = {n.name for n in whole if isinstance(n, tree.NameAst)}
    reader = Reader(ast, scope, by_index, indices or {}, taken=names)
    if by_index:
        reader.check_entries(ast.node.right if isinstance(ast.node, tree.DefinitionAst) else ast.node)
    return reader


def _shape(value: Operand) -> str:
    return shape_text(i.size for i in value.axes)


def _counted(arguments: int) -> str:
    return f"{arguments} argument{'' if arguments == 1 else 's'}"


def _listed(names: list[str]) -> str:
    """A short list of what there is; nothing where it would not be short."""
    return f"one of {', '.join(sorted(set(names)))}" if 0 < len(set(names)) <= 40 else ""
