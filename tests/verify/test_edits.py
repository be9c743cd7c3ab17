"""Formulas taken apart and put together again, numbers in front of them, and the changes that are tried."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symjac.notation.latex_notation import expression
from symjac.notation.tree import Name
from symjac.verify.changes.costs import Cost
from symjac.verify.diagnose import KINDS
from symjac.verify.edits import edits
from symjac.verify.phrase import phrase
from symjac.verify.scalars import Scalar, coefficient, scalar, scaled
from symjac.verify.sites import hadamard, negated, plus, product, sites, transposed
from symjac.verify.view import KnownNames, View, fit
from tests.verify.pages import claim

FORMULAS = [
    ("one sample", r"((V^\top (y - t)) \odot f'(a)) x^\top"),
    ("one sample", r"W x + 2 a - h"),
    ("one sample", r"V \operatorname{diag}(f'(a)) W"),
    ("many", r"-\frac{2}{n} \sum_{i=1}^n (y_i - o_i) o_i (1 - o_i)"),
    ("many", r"\operatorname{diag}(y) - y y^\top"),
    ("many", r"I - \frac{2}{n} \sum_i x_i x_i^\top"),
    ("many", r"3 b^2 \exp(-b)"),
    ("rows", r"\frac{1}{k} X^\top (((Y - T) W_2^\top) \odot Z_1 \odot (1 - Z_1))"),
    ("rows", r"(Y - T) \otimes Z_1"),
    ("rows", r"(Y - T)^\top \mathbf{1} / k"),
    ("rows", r"\operatorname{vec}(Y - T) \operatorname{vec}(Z_1)^\top"),
]


@pytest.mark.parametrize(("page", "text"), FORMULAS)
def test_every_part_put_back_gives_the_formula(page: str, text: str) -> None:
    root = expression(text)
    view = View(root, KnownNames(claim(page, text)))
    assert len(view.sites) > 1
    for site in view.sites:
        assert site.put(site.node) == root, phrase(site.node)


@pytest.mark.parametrize(("page", "text"), FORMULAS)
def test_edits_are_changes_each_given_once(page: str, text: str) -> None:
    root = expression(text)
    found = list(edits(View(root, KnownNames(claim(page, text)))))
    assert found == sorted(found, key=lambda e: e.cost)
    assert len({(e.asked, e.beside) for e in found}) == len(found)
    assert all(e.asked != root or e.beside is not None for e in found)
    assert all(0 <= e.span.start <= e.span.end <= len(text) and e.kind in KINDS for e in found)
    assert [e.asked for e in found] == [e.asked for e in list(edits(View(root, KnownNames(claim(page, text)))))]


def test_every_kind_is_tried() -> None:
    found = {e.kind for page, text in FORMULAS for e in edits(View(expression(text), KnownNames(claim(page, text))))}
    unfit = list(edits(View(expression("y (1 - y)"), KnownNames(claim("many", r"\operatorname{diag}(y)")))))
    of_labels = list(edits(View(expression("W_1"), KnownNames(claim("rows", "W_1")))))
    found |= {e.kind for e in (*unfit, *of_labels)}
    assert found >= set(KINDS) - {"layout", "vec", "sum_for_mean", "missing_sum"}


CHANGED = [
    # page, left, written, one of the results
    ("one sample", "a", r"V^\top (y - t)", "V (y − t)"),
    ("one sample", "a", r"V (y - t)", "Vᵀ (y − t)"),
    ("one sample", "a", r"h (y - t)^\top", "(y − t) hᵀ"),
    ("one sample", "a", r"h", "h ⊙ f'(a)"),
    ("one sample", "a", r"h", "h ⊙ 1[a > 0]"),
    ("one sample", "a", r"h", "h ⊙ (1 − h ⊙ h)"),
    ("one sample", "a", r"h + a", "(h + a) ⊙ f'(a)"),
    ("one sample", "a", r"y - t", "Vᵀ (y − t)"),
    ("one sample", "V", r"V W", "V diag(f'(a)) W"),
    ("one sample", "a", r"W x", "W ⊙ x"),
    ("one sample", "a", r"h \odot a", "h a"),
    ("one sample", "a", r"h - a", "h"),
    ("one sample", "a", r"W x \odot f'(a)", "W x ⊙ f''(a)"),
    ("one sample", "a", r"W x \odot f'(a)", "W x ⊙ f(a)"),
    ("one sample", "a", r"W x \odot f'(a)", "W x ⊙ f'(h)"),
    ("many", "w", r"X^\top (y - o)", "Xᵀ ((y − o) ⊙ o ⊙ (1 − o))"),
    ("many", "b", r"\exp(b)", "exp(−b)"),
    ("many", "b", r"b^3", "b^2"),
    ("rows", "A_1", r"(Y - T) W_1", "(Y − T) W_2"),
    ("rows", "A_1", r"Z_1 \otimes A_1", "A_1 ⊗ Z_1"),
]


@pytest.mark.parametrize(("page", "left", "written", "result"), CHANGED)
def test_edit_is_among_those_tried(page: str, left: str, written: str, result: str) -> None:
    found = list(edits(View(expression(written), KnownNames(claim(page, left)))))
    assert result in [phrase(e.asked) for e in found]


BRACKETS = [
    (product(expression("a - b"), expression("c")), "(a − b) c"),
    (product(expression("a b"), expression("c")), "a b c"),
    (product(expression(r"a \odot b"), expression("c")), "(a ⊙ b) c"),
    (hadamard(expression("a b"), expression("c - d")), "a b ⊙ (c − d)"),
    (hadamard(expression("a"), expression(r"b \odot c")), "a ⊙ (b ⊙ c)"),
    (transposed(expression("a b")), "(a b)ᵀ"),
    (transposed(expression(r"W^\top")), "W"),
    (negated(expression("a - b")), "−(a − b)"),
    (negated(expression("-a")), "a"),
    (plus(expression("a - b"), expression("-c")), "a − b − c"),
]


@pytest.mark.parametrize(("built", "text"), BRACKETS)
def test_brackets_stand_where_they_must(built: Name, text: str) -> None:
    assert phrase(built) == text


SCALED = [
    # number, formula, product
    ("-2", r"\frac{1}{n} x", "−(2/n) x"),
    ("-1", r"-x", "x"),
    ("2", r"x / k", "2 x/k"),
    (r"\frac{1}{2}", r"x / k", "x/(2 k)"),
    ("k", r"\frac{1}{k} x", "x"),
    ("k", r"x / k", "x"),
    (r"\frac{1}{k}", r"y - t", "(1/k) (y − t)"),
    ("2", "3 x", "6 x"),
    (r"\frac{1}{2}", "2 x", "x"),
    (r"\frac{-1}{2}", "4", "−2"),
    ("2", r"\frac{1}{k} x \odot y", "(2/k) x ⊙ y"),
    ("-1", r"x \odot y", "−x ⊙ y"),
    ("3", r"-\frac{2}{n} x", "−(6/n) x"),
    ("n^2", r"\frac{1}{n} x", "n x"),
]


@pytest.mark.parametrize(("number", "text", "result"), SCALED)
def test_number_is_joined_with_the_one_in_front(number: str, text: str, result: str) -> None:
    by = scalar(expression(number))
    assert by is not None
    assert phrase(scaled(expression(text), by)) == result


def test_number_in_front() -> None:
    n = Name("n")
    assert coefficient(expression(r"-\frac{2}{n} x")) == Scalar(Fraction(-2), ((n, -1),))
    assert coefficient(expression("x y")) == Scalar(Fraction(1))
    assert scalar(expression("a + b")) is None
    assert scalar(expression("0")) == Scalar(Fraction(0))
    assert scalar(expression(r"\frac{1}{0}")) is None


PHRASES = [
    (r"\frac{\partial L}{\partial W_1}", "∂L/∂W_1"),
    (r"\delta_2 W_2^\top", "δ_2 W_2ᵀ"),
    (r"\sigma'(a)", "σ'(a)"),
    (r"\mathbf{1}[a > 0]", "1[a > 0]"),
    (r"I - \frac{\alpha}{k} \sum_n S_n \otimes z_n", "I − (α/k) Σ_n S_n ⊗ z_n"),
    (r"\hat{X}", "X̂"),
    (r"\lVert y - t \rVert^2", "‖y − t‖^2"),
]


@pytest.mark.parametrize(("text", "words"), PHRASES)
def test_part_in_words(text: str, words: str) -> None:
    assert phrase(expression(text)) == words


SHAPES = [
    ((), (), True),
    (("n",), ("n", 1), True),
    (("n",), (1, "n"), False),
    ((1, 1), (), True),
    ((None, "n"), ("m", "n"), True),
    (("m", "n"), ("n", "m"), False),
    (None, (), False),
]


@pytest.mark.parametrize(("shape", "wanted", "fits"), SHAPES)
def test_shapes_fit(shape: tuple[object, ...] | None, wanted: tuple[object, ...], fits: bool) -> None:
    assert fit(shape, wanted) == fits


def test_function_and_its_bracket_are_one_part() -> None:
    parts = [phrase(s.node) for s in sites(expression("2 f(a) h"), lambda n: n == Name("f"))]
    assert parts == ["2 f(a) h", "2", "f(a)", "a", "h"]


def test_the_table_of_costs_is_in_the_order_of_the_search() -> None:
    costs = [v for name, v in vars(Cost).items() if name.isupper() and not name.startswith(("LEAST", "MOST"))]
    assert len(costs) > 40
    assert costs == sorted(costs)
