"""A formula with a fault: its kind, the words, and a formula that holds."""

from __future__ import annotations

import time

import pytest

from symjac.equality.budget import Budget
from symjac.notation.latex_notation import expression
from symjac.notation.tree import Group, Name, Node, Product
from symjac.verify.diagnose import KINDS, diagnose
from tests.verify.pages import claim

ERROR = r"((V^\top (y - t)) \odot f'(a)) x^\top"
HIDDEN = r"\frac{1}{k} X^\top (((Y - T) W_2^\top) \odot Z_1 \odot (1 - Z_1))"

FAULTS = [
    # page, right, written, kind, words
    ("one sample", r"(y - t) h^\top", r"(t - y) h^\top", "sign", "the sign is wrong"),
    ("rows", r"(Y - T) / k", r"Y - T", "factor", "the factor 1/k is missing"),
    ("one sample", r"y - t", r"2 (y - t)", "factor", "the factor 2 does not belong"),
    ("one sample", r"W x + 2 a", r"W x - 2 a", "sign", "the sign of the term 2 a is wrong"),
    ("one sample", r"W x + 2 a", r"W x + a", "factor", "the factor 2 is missing in the term a"),
    ("rows", r"Z_1 \odot (1 - 2 Z_1)", r"Z_1 \odot (1 - Z_1)", "factor", "the factor 2 is missing in the term Z_1"),
    ("many", r"b \exp(-b)", r"b \exp(b)", "sign", "the sign of b is wrong"),
    (
        "one sample",
        r"V \operatorname{diag}(f'(a))",
        r"V^\top \operatorname{diag}(f'(a))",
        "transpose",
        "V should not be transposed",
    ),
    ("one sample", r"(V^\top (y - t)) \odot f'(a)", r"(V (y - t)) \odot f'(a)", "transpose", "V should be transposed"),
    ("one sample", r"(y - t) h^\top", r"h (y - t)^\top", "transpose", "the whole should be transposed"),
    ("one sample", ERROR, r"((V^\top (y - t)) \odot f'(a)) x", "transpose", "x should be transposed"),
    ("one sample", ERROR, r"(V^\top (y - t)) x^\top", "missing_factor", "the factor f'(a) is missing"),
    ("one sample", ERROR, r"V^\top (y - t) x^\top", "missing_factor", "the factor diag(f'(a)) is missing"),
    (
        "one sample",
        r"f'(a) \odot (V^\top (y - t))",
        r"f'(a) \odot (y - t)",
        "missing_factor",
        "the factor Vᵀ is missing",
    ),
    (
        "rows",
        HIDDEN,
        r"\frac{1}{k} X^\top (((Y - T) W_2^\top) \odot Z_1)",
        "missing_factor",
        "the factor 1 − Z_1 is missing",
    ),
    (
        "rows",
        HIDDEN,
        r"\frac{1}{k} X^\top ((Y - T) W_2^\top)",
        "missing_factor",
        "the factor Z_1 ⊙ (1 − Z_1) is missing",
    ),
    ("rows", r"(Y - T) W_2^\top", r"((Y - T) W_2^\top) \odot Z_1", "extra_factor", "the factor Z_1 does not belong"),
    ("many", r"3 b^2", r"3 b^3", "extra_factor", "the power of b should be 2, not 3"),
    ("rows", r"Z_1^\top (Y - T)", r"A_1^\top (Y - T)", "wrong_operand", "A_1 stands where Z_1 belongs"),
    ("rows", r"Z_1 \otimes Z_1^\top", r"A_1 \otimes A_1^\top", "wrong_operand", "A_1 stands where Z_1 belongs"),
    ("one sample", r"h \odot f'(a)", r"h \odot f(a)", "wrong_operand", "f(a) stands where f'(a) belongs"),
    ("one sample", r"a h^\top", r"a \odot h", "transpose", None),
    ("one sample", r"V (a \odot h)", r"V \odot a \odot h", "hadamard_for_product", None),
    (
        "one sample",
        r"V (a \odot h)",
        r"V a h",
        "product_for_hadamard",
        "a matrix product stands where an elementwise product belongs",
    ),
    ("many", r"\operatorname{diag}(y) - y y^\top", r"y (1 - y)", "diagonal_only", "the full Jacobian, diag(y) − y yᵀ"),
    (
        "many",
        r"\operatorname{diag}(y) - y y^\top",
        r"y \odot (1 - y)",
        "diagonal_only",
        "the full Jacobian, diag(y) − y yᵀ",
    ),
    ("many", r"\operatorname{diag}(y)", r"y", "diagonal_only", "diag(y)"),
    (
        "many",
        r"I - \frac{2}{n} \sum_i x_i x_i^\top",
        r"-\frac{2}{n} \sum_i x_i x_i^\top",
        "missing_identity",
        "the identity is missing: I − …",
    ),
    ("one sample", r"W x + 2 a", r"2 a + W x + h", "extra_term", "the term h does not belong"),
    ("one sample", r"W x + h", r"W x", "missing_term", "the term h is missing"),
    ("one sample", r"W x + 2 a", r"2 a + W x + a - a + a", "extra_term", "the term a does not belong"),
    ("rows", r"\frac{2}{k} (Y - T)", r"\frac{2}{k}", "missing_factor", "is missing"),
    (
        "many",
        r"\frac{1}{n} \sum_{i=1}^n x_i y_i",
        r"\sum_{i=1}^n x_i y_i",
        "sum_for_mean",
        "a sum stands where a mean belongs",
    ),
    ("many", r"\frac{1}{n} \sum_{i=1}^n x_i y_i", r"\frac{1}{n} x_i y_i", "missing_sum", "the sum over i is missing"),
    ("rows", r"(Y - T)^\top \mathbf{1}", r"Y - T", "missing_sum", "a sum over the samples is missing"),
    ("rows", r"(Y - T) \otimes Z_1", r"Z_1 \otimes (Y - T)", "order", "the factors are in the wrong order"),
    ("one sample", r"a h^\top V^\top", r"h^\top a V^\top", "order", "the factors are in the wrong order"),
    ("rows", r"(Y - T)^\top Z_1", r"\operatorname{vec}(Y - T) \operatorname{vec}(Z_1)^\top", "shape", "laid flat"),
    # several at once
    (
        "many",
        r"-\frac{2}{n} X^\top ((y - o) \odot o \odot (1 - o))",
        r"\frac{1}{n} X^\top (y - o)",
        "missing_factor",
        "the sign is wrong, the factor 2 is missing and the factor o ⊙ (1 − o) is missing",
    ),
    (
        "many",
        r"-\frac{2}{n} \sum_{i=1}^n (y_i - o_i) o_i (1 - o_i)",
        r"\frac{1}{n} \sum_{i=1}^n (y_i - o_i)",
        "missing_factor",
        "the sign is wrong, the factor 2 is missing and the factor o_i (1 − o_i) is missing",
    ),
    (
        "one sample",
        r"W x + 2 a",
        r"W x - 4 a",
        "factor",
        "the sign of the term 4 a is wrong and the factor 1/2 is missing",
    ),
    ("rows", HIDDEN, r"\frac{1}{k} X ((Y - T) W_2 \odot Z_1 \odot (1 - Z_1))", "transpose", "W_2 should be transposed"),
]


@pytest.mark.parametrize(("page", "truth", "written", "kind", "words"), FAULTS, ids=[f[2] for f in FAULTS])
def test_fault_is_named_and_mended(page: str, truth: str, written: str, kind: str, words: str | None) -> None:
    judge, wrong = claim(page, truth), expression(written)
    assert not judge.holds(wrong)
    found = diagnose(wrong, judge, Budget(200_000))
    assert found is not None
    assert judge.holds(found.right)
    assert words is None or words in found.text
    assert found.kind == kind
    assert found.kind in KINDS
    assert 0 <= found.span.start < found.span.end <= len(written)


def test_mark_stands_under_the_part_at_fault() -> None:
    marked = {
        r"\frac{1}{k} A_1^\top (Y - T)": "A_1",
        r"\frac{1}{k} Z_1 (Y - T)": "Z_1",
        r"\frac{1}{k} Z_1^\top (Y + T)": "T",
    }
    judge = claim("rows", r"\frac{1}{k} Z_1^\top (Y - T)")
    for written, part in marked.items():
        found = diagnose(expression(written), judge, Budget(200_000))
        assert found is not None
        assert written[found.span.start : found.span.end].removesuffix(r"^\top") == part


def test_missing_term_that_the_judge_derives() -> None:
    judge = claim("one sample", r"W x + 2 a \odot h")
    judge.extra = lambda right: expression(r"2 a \odot h")
    found = diagnose(expression("W x"), judge, Budget(50_000))
    assert found is not None
    assert (found.kind, found.text) == ("missing_term", "the term 2 a ⊙ h is missing")
    assert judge.holds(found.right)


def test_difference_that_takes_everything_back_is_no_missing_term() -> None:
    judge = claim("one sample", r"W x \odot h \odot h \odot h")
    judge.extra = lambda right: expression(r"W x \odot h \odot h \odot h - h \odot a")
    assert diagnose(expression(r"h \odot a"), judge, Budget(5_000)) is None


def test_what_no_edit_mends_ends_in_time() -> None:
    judge = claim("rows", r"A_1 \odot A_1 \odot A_1 \odot A_1 \odot A_1 + Z_1")
    begin = time.process_time()
    assert diagnose(expression(r"X W_1 \odot Z_1 \odot (1 - Z_1)"), judge, Budget(5_000)) is None
    assert time.process_time() - begin < 3


def test_large_formula_is_not_searched() -> None:
    judge = claim("one sample", "a")
    large: Node = Product(tuple(Group(Name("a")) for _ in range(400)))
    assert diagnose(large, judge, Budget(30_000)) is None
    assert judge.calls == 0


def test_edit_is_accepted_only_where_the_judge_holds() -> None:
    judge = claim("one sample", r"(y - t) h^\top")
    judge.holds = lambda right: False  # type: ignore[method-assign]
    assert diagnose(expression(r"(t - y) h^\top"), judge, Budget(2_000)) is None
