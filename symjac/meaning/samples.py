"""Sums and elementwise products beside samples: with samples in rows (columns), a vector belongs to each of them."""

from __future__ import annotations

from collections.abc import Callable

from symjac.meaning import values
from symjac.meaning.notebook import Notebook
from symjac.meaning.values import Value


def spread(book: Notebook, operation: Callable[[Value, Value], Value], a: Value, b: Value) -> Value:
    """An elementwise operation; with samples in rows (columns), a vector beside a matrix belongs to each sample."""
    return operation(*as_samples(book, a, b))


def as_samples(book: Notebook, a: Value, b: Value) -> tuple[Value, Value]:
    if book.samples not in ("rows", "columns"):
        return a, b
    if _is_of_each_sample(book, b, a):
        return a, values.repeated(_laid(book, b), a)
    if _is_of_each_sample(book, a, b):
        return values.repeated(_laid(book, a), b), b
    return a, b


def _is_of_each_sample(book: Notebook, vector: Value, matrix: Value) -> bool:
    if len(matrix.axes) != 2 or len(vector.axes) != 1 or 1 in matrix.shape:
        return False
    features, samples = matrix.shape[::-1] if book.samples == "rows" else matrix.shape
    return bool(vector.shape[0] == features and samples != features)


def _laid(book: Notebook, vector: Value) -> Value:
    return Value(vector.expr, vector.axes, book.samples == "rows")
