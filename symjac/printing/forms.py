"""What the matrix forms of expressions have in them: by it the notation is chosen, and what is explained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy
from sympy.matrices.expressions.diagonal import DiagMatrix, DiagonalOf

from symjac.calculus.matrix import Commutation, jacobian_form, matrix_form
from symjac.calculus.trace import LocalJacobian
from symjac.core.expr import Expr
from symjac.core.index import Index
from symjac.core.pattern import structure
from symjac.model.stack import Conventions


def have_diagonal(order: Sequence[Index], values: Sequence[Expr]) -> bool:
    """True where all values have matrix forms, and in one is a diagonal matrix or the diagonal of a matrix."""
    if len(order) > 2:
        return False
    forms = [matrix_form(v, order) for v in values]
    return None not in forms and any(form.has(DiagMatrix, DiagonalOf) for form in forms if form is not None)


def have_commutation(jacobians: Iterable[LocalJacobian], conventions: Conventions, batch: sympy.Expr) -> bool:
    """True where one of the matrices has a commutation matrix; of those with one structure, one tells."""
    different = {structure([j.output, j.by, j.value])[0]: j for j in jacobians}
    forms = (
        jacobian_form(j, layout=conventions.jacobian, vec=conventions.vec, batch=batch) for j in different.values()
    )
    return any(form is not None and form.value.has(Commutation) for form in forms)
