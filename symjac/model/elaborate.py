"""Syntax tree -> expression: definitions, losses, facts and formulas of numbers.

Names get their meaning and shapes are checked by `reader`; here are the sides of a formula and the final names of axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy

from symjac.core.errors import InputError
from symjac.core.expr import (
    Equation,
    Expr,
    Symbol,
    contract,
    scalar_of,
    symbol,
    symbols,
    walk,
)
from symjac.core.index import Index, axes
from symjac.model import parse as tree
from symjac.model import subscripts
from symjac.model.parse import Ast, NodeAst
from symjac.model.reader import FUNCTIONS, Reader, reader_of
from symjac.model.scope import Operand, Rewrite, Scope, shape_text

__all__ = ["Rewrite", "Scope", "equation", "expression", "scalar_formula", "sides"]


def equation(ast: Ast, scope: Scope) -> Equation:
    """`A = X @ W + b` or `A[n,j] = ...`: a definition. Where the scope has the left side's shape, it has to fit."""
    node = ast.node
    if not isinstance(node, tree.DefinitionAst):
        raise ast.error(0, "a formula without =", "a definition, NAME = FORMULA")
    left = node.left
    if not isinstance(left, tree.NameAst | tree.Access):
        raise ast.error(left.at, "this cannot be defined", "a name, with or without subscripts, left of the =")
    _check_new_name(ast, left, node.right, scope)
    reader = reader_of(ast, scope)
    if reader.by_index:
        return _index_equation(reader, left, node.right)
    value = reader.value(node.right)
    declared = scope.tensors.get(left.name)
    shape = tuple(i.size for i in value.axes)
    if declared is not None and declared != shape:
        found = f"the right side has shape {shape_text(shape)}"
        raise ast.error(left.at, found, f"{shape_text(declared)}, as declared")
    (rhs,), indices = _named(scope, value.axes, value.expr)
    return Equation(symbol(left.name, indices), rhs)


def expression(ast: Ast, scope: Scope, lhs: Symbol | None = None) -> Expr:
    """A formula without =: a single number such as a loss, or what `lhs` is to be, over its indices."""
    node = ast.node
    if isinstance(node, tree.DefinitionAst):
        raise ast.error(node.at, "a = has no place here", "a formula such as sum((Y - T)**2)/2")
    wanted = lhs.indices if lhs is not None else ()
    known = {i.name: i for i in wanted}
    reader = reader_of(ast, scope, known)
    value = reader.value(node)
    if reader.by_index:
        return value.expr
    shape = tuple(i.size for i in value.axes)
    if shape != tuple(i.size for i in wanted):
        expected = f"shape {shape_text(i.size for i in wanted)}" if wanted else "a single number"
        hint = "" if wanted else "write sum(...) or mean(...)"
        raise ast.error(node.at, f"this formula has shape {shape_text(shape)}", expected, hint)
    return _named(scope, value.axes, value.expr, wanted=wanted)[0][0]


def sides(ast: Ast, scope: Scope) -> tuple[Expr, Expr]:
    """Both sides of a declared fact, such as `sum(T, axis=1) = 1`, over the same indices; whole arrays only."""
    node = ast.node
    if not isinstance(node, tree.DefinitionAst):
        raise ast.error(0, "a formula without =", "two formulas with = between them")
    reader = reader_of(ast, scope)
    if reader.by_index:
        raise ast.error(node.at, "a fact in index notation", "whole arrays, such as sum(T, axis=1) = 1")
    (left, right), slots = reader.align(node.at, "=", reader.value(node.left), reader.value(node.right))
    (left, right), _ = _named(scope, Operand(left, slots).axes, left, right)
    return left, right


def scalar_formula(ast: Ast, variables: tuple[str, ...], scope: Scope) -> sympy.Expr:
    """A formula of numbers, in slot(0), slot(1), ... for the `variables`: an activation, an update."""
    node = ast.node
    if isinstance(node, tree.DefinitionAst):
        raise ast.error(node.at, "a = has no place here", "a formula such as max(x, 0)")
    numbers = replace(scope, tensors=dict.fromkeys(variables, ()), rewrites={})
    atoms: list[Expr] = [symbol(v) for v in variables]
    return scalar_of(reader_of(ast, numbers).value(node).expr, atoms)


def _check_new_name(ast: Ast, left: tree.NameAst | tree.Access, right: NodeAst, scope: Scope) -> None:
    kinds = {
        "a size": scope.sizes,
        "a constant": scope.constants,
        "a function": (*FUNCTIONS, *scope.functions, *scope.rewrites),
    }
    for kind, known in kinds.items():
        if left.name in known:
            raise ast.error(left.at, f"'{left.name}' is {kind}, it cannot be defined", "a new name")
    for node in tree.nodes(right):
        if isinstance(node, tree.NameAst | tree.Access) and node.name == left.name:
            raise ast.error(node.at, f"{left.name} is defined by itself", "names that are defined before")


# ---------------------------------------------------------------- left sides with subscripts


def _index_equation(reader: Reader, left: tree.NameAst | tree.Access, right: NodeAst) -> Equation:
    """The left side's indices are free on the right; an affine subscript scatters: F[u] = Σ_i right 1[u = c·i + o]."""
    ast, scope = reader.ast, reader.scope
    given = left.subscripts if isinstance(left, tree.Access) else ()
    declared = scope.tensors.get(left.name)
    if declared is not None and len(declared) != len(given):
        raise ast.error(left.at, f"{left.name} has {len(given)} subscripts", f"{len(declared)}: its shape is declared")
    sizes = declared or (None,) * len(given)
    places = {s.name: size for s, size in zip(given, sizes, strict=True) if isinstance(s, tree.NameAst)}
    names: dict[str, tree.NameAst] = {}
    for subscript in given:
        for node in tree.nodes(subscript):
            if isinstance(node, tree.NameAst) and (node is subscript or node.name not in scope.sizes):
                if node.name in names and node is subscript and names[node.name] in given:
                    raise _twice(ast, node.at, node.name)
                names.setdefault(node.name, node)
    indices = {name: subscripts.bind(ast, node, [right], scope, places.get(name)) for name, node in names.items()}
    reader = replace(reader, indices=indices)
    rhs = reader.value(right).expr
    lhs: list[Index] = []
    factors = [rhs]
    scattered: list[Index] = []
    for subscript, size in zip(given, sizes, strict=True):
        form = subscripts.read_affine(ast, subscript, indices, scope)
        if form.plain is not None and (size is None or form.plain.size == size):
            lhs.append(form.plain)
            continue
        target = subscripts.auxiliary(subscripts.check_landing(ast, subscript, form, size), reader.taken)
        twice = [i.name for i in form.terms if i in scattered or i.name in places]
        if twice:
            raise _twice(ast, subscript.at, twice[0])
        lhs.append(target)
        scattered.extend(form.terms)
        factors.append(subscripts.selector(target, form))
    return Equation(symbol(left.name, lhs), contract(factors, scattered))


def _twice(ast: Ast, at: int, name: str) -> InputError:
    return ast.error(at, f"the index '{name}' stands twice on the left side", "distinct indices")


# ---------------------------------------------------------------- final names of axes


def _named(
    scope: Scope, free: tuple[Index, ...], *exprs: Expr, wanted: tuple[Index, ...] = ()
) -> tuple[list[Expr], tuple[Index, ...]]:
    """`exprs` with n, i, j ... for the working names of their indices, in reading order; `free` becomes `wanted`."""
    names = dict(zip(free, wanted, strict=True)) if wanted else {}
    order = [i for e in exprs for s in symbols(e) for i in s.indices]
    others = [i for i in dict.fromkeys((*order, *free)) if i not in names]
    chosen = axes((i.size for i in others), scope.batch, taken=[i.name for i in wanted])
    names.update(zip(others, chosen, strict=True))
    return [_with_names(e, names) for e in exprs], tuple(names[i] for i in free)


def _with_names(e: Expr, names: Mapping[Index, Index]) -> Expr:
    """Every index renamed, bound ones too; `names` sends no two to one."""
    done: dict[Expr, Expr] = {}
    for node in walk(e):
        done[node] = node.remade([done[c] for c in node.children], names)
    return done[e]
