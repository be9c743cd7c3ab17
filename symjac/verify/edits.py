"""Small changes of a formula, each the inverse of a fault that people make; the most likely and most local cost least.

An edit is asked whether left = beside + c · asked for a number c, so that what is wrong and a number that is wrong as
well are found together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from symjac.notation.tree import Node
from symjac.verify.changes.coefficients import inner_signs, other_numbers, powers
from symjac.verify.changes.costs import Cost
from symjac.verify.changes.edit import Edit
from symjac.verify.changes.factors import extra_factors, missing_elementwise
from symjac.verify.changes.matrices import missing_diagonal, missing_kron, missing_matrix
from symjac.verify.changes.operands import complements, wrong_functions, wrong_indices, wrong_operands
from symjac.verify.changes.operations import flattened, operations, orders
from symjac.verify.changes.sums import sums
from symjac.verify.changes.terms import extra_terms, full_jacobians, kronecker_ones, missing_identities, missing_terms
from symjac.verify.changes.transposes import transposes
from symjac.verify.view import View


def edits(view: View) -> Iterator[Edit]:
    """All single edits, the likeliest first; one of each result. Those that need the notes' names come when it is their
    turn."""
    seen: set[tuple[Node, Node | None]] = set()
    near = sorted((e for generate in NEAR for e in generate(view)), key=_cost)
    first = [e for e in near if e.cost < Cost.LEAST_FAR]
    yield from _new(first, view, seen)
    far = (e for generate in FAR for e in generate(view))
    yield from _new(sorted((*near[len(first) :], *far), key=_cost), view, seen)


def _cost(e: Edit) -> float:
    return e.cost


def _new(found: Iterable[Edit], view: View, seen: set[tuple[Node, Node | None]]) -> Iterator[Edit]:
    for e in found:
        key = (e.asked, e.beside)
        if key not in seen and (e.beside is not None or e.asked != view.root):
            seen.add(key)
            yield e


NEAR: tuple[Callable[[View], Iterator[Edit]], ...] = (
    other_numbers,
    inner_signs,
    powers,
    transposes,
    extra_factors,
    complements,
    wrong_functions,
    wrong_indices,
    operations,
    orders,
    full_jacobians,
    kronecker_ones,
    missing_identities,
    extra_terms,
    sums,
    flattened,
)
"""Of what stands in the formula."""
FAR: tuple[Callable[[View], Iterator[Edit]], ...] = (
    missing_elementwise,
    missing_diagonal,
    missing_matrix,
    missing_kron,
    wrong_operands,
    missing_terms,
)
"""Of other quantities of the notes."""
