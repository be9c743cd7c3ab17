"""What the statements of a page are: declarations, definitions, claims, or nothing that is claimed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from symjac.meaning.notebook import Notebook
from symjac.meaning.statements import Page, at_layers, sort
from symjac.notation.latex_notation import expression, statement
from symjac.notation.writer import latex


def page(*texts: str, role: str = "text", book: Notebook | None = None) -> Page:
    return sort([(statement(t), role) for t in texts], book or Notebook())


def claims(found: Page) -> list[tuple[str, str]]:
    return [(latex(c.left), latex(c.right)) for c in found.claims]


def same(text: str) -> str:
    return latex(expression(text))


SHAPES = [
    # statement, identifier, sizes, index letters
    (r"W \in \mathbb{R}^{m \times n}", "W", ["m", "n"], ()),
    (r"x \in \mathbb{R}^n", "x", ["n"], ()),
    (r"c \in \mathbb{R}", "c", [], ()),
    (r"W_1 \in \mathbb{R}^{784 \times h}", "W_1", ["784", "h"], ()),
    (r"W^l \in \mathbb{R}^{n \times n}", "W__l", ["n", "n"], ()),
    (r"\hat{y} \in \mathbb{R}^{k}", "hat_y", ["k"], ()),
    (r"K \in \mathbb{R}^{c \times 3 \times 3}", "K", ["c", "3", "3"], ()),
]


@pytest.mark.parametrize(("text", "key", "sizes", "letters"), SHAPES)
def test_shapes(text: str, key: str, sizes: list[str], letters: tuple[str, ...]) -> None:
    shape = page(text).notebook.shapes[key]
    assert [latex(s) for s in shape.sizes] == sizes and shape.letters == letters


def test_several_names_are_declared_at_once() -> None:
    assert set(page(r"x, y, z_1 \in \mathbb{R}^n").notebook.shapes) == {"x", "y", "z_1"}


def test_a_sample_is_declared_by_its_letter() -> None:
    book = page(r"i = 1, \dots, n", r"x_i \in \mathbb{R}^d").notebook
    assert book.shapes["x"].letters == ("i",) and [latex(s) for s in book.shapes["x"].sizes] == ["d"]
    assert latex(book.ranges["i"]) == "n"


SORTED: list[tuple[str, Sequence[str], Sequence[str], Sequence[tuple[str, str]]]] = [
    # what is tried, statements, identifiers defined, claims
    ("the first equation defines", ["a = W x", "a = V x"], ["a"], [("a", "V x")]),
    ("a chain claims beyond its first", ["L = x^2 = y = z"], ["L"], [("x^2", "y"), ("y", "z")]),
    ("a derivative on the left is a claim", [r"\nabla_x L = 2 x"], [], [(r"\nabla_x L", "2 x")]),
    (
        "a name for a derivative comes before any other formula for it",
        [r"\delta = 2 y", r"\delta = \nabla_a L"],
        ["delta"],
        [(r"\delta", "2 y")],
    ),
    ("a product on the left is a claim", ["A x = b"], [], [("A x", "b")]),
    ("a function's formula", ["f(x) = x^2", "f'(x) = 2 x"], [], [("f'(x)", "2 x")]),
    ("a function's second formula is a claim", ["f(x) = x^2", "f(x) = x x"], [], [("f(x)", "x x")]),
    ("entries with letters", [r"i = 1, \dots, n", "a_i = x_i^2", "a_i = x_i x_i"], ["a"], [("a_i", "x_i x_i")]),
    ("a total beside its terms", [r"J_i = x_i^2", r"J = \sum_i J_i"], ["J", "J_each"], []),
    ("a total before its terms", [r"J = \sum_i J_i", r"J_i = x_i^2"], ["J", "J_each"], []),
    ("assignments define", ["a := W x"], ["a"], []),
    ("an update claims that shapes fit", [r"W := W - \alpha \nabla_W L"], [], [("W", r"W - \alpha \nabla_W L")]),
    ("an arrow too", [r"W \leftarrow W - \alpha \nabla_W L"], [], [("W", r"W - \alpha \nabla_W L")]),
    ("a declared quantity is defined by its first equation", [r"y \in \mathbb{R}^n", "y = A x"], ["y"], []),
    ("ranges and lists claim nothing", [r"i = 1, \dots, n", r"\theta = (W, b)"], [], []),
    ("comparisons claim nothing", ["a > 0", r"x \approx y"], [], []),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "defined", "claimed"), [row[1:] for row in SORTED], ids=[row[0] for row in SORTED])
def test_sorted(texts: Sequence[str], defined: Sequence[str], claimed: Sequence[tuple[str, str]]) -> None:
    found = page(*texts)
    assert sorted(found.notebook.definitions) == sorted(defined)
    assert claims(found) == [(same(a), same(b)) for a, b in claimed]
    assert not found.unread


def test_updates_are_marked() -> None:
    (claim,) = page(r"W := W - \alpha \nabla_W L").claims
    assert claim.update
    (claim,) = page(r"\nabla_W L = X").claims
    assert not claim.update


def test_what_is_given_is_never_a_claim_and_a_claim_never_defines() -> None:
    assert not page("a = b = c", role="given").claims
    found = page("a = b", role="claim")
    assert claims(found) == [("a", "b")] and not found.notebook.definitions


def test_a_dimension_is_a_claim_of_a_group() -> None:
    (claim,) = page(r"\theta = (W, b)", r"\theta \in \mathbb{R}^{mn + m}").claims
    assert latex(claim.left) == same(r"\theta")


def test_statements_without_a_claim_are_counted() -> None:
    assert page(r"x \in \mathbb{R}^n", "a = x", "a = b").others == 2


def test_a_definition_under_a_condition_is_listed() -> None:
    found = page(r"a = x \quad \text{if } x > 0")
    assert [reason for _, reason in found.unread] == [
        "a definition under a condition; write it as one formula with cases"
    ]
    assert not found.claims


def test_letters_that_stand_together_are_told_apart() -> None:
    book = Notebook()
    (claim,) = sort([(statement("A_{ij} + A_{kl} = 0"), "claim")], book).claims
    assert claim.left == expression("A_{i,j} + A_{k,l}")
    assert {"i", "j", "k", "l"} <= book.letters
    (_, claim) = page(r"W_{ij} \in \mathbb{R}^n", "W_{ij} x = 0", "V_{ij} x = 0").claims
    assert claim.left == expression("V_{i,j} x")


LAYERS = [
    # sides, layers at which they stand, the first of the sides there
    (("a^l",), 3, "a^1"),
    (("a^{l+1}", "W^l"), 2, "a^2"),
    (("a^l", "h^{l-1}"), 2, "a^2"),
    (("a_l",), 3, "a_1"),
    ((r"W^{(l)} x",), 3, "W^{(1)} x"),
    (("a^L",), 1, "a^3"),
    (("x^2",), 1, "x^2"),
]


@pytest.mark.parametrize(("sides", "count", "first"), LAYERS)
def test_layers(sides: tuple[str, ...], count: int, first: str) -> None:
    book = Notebook(layers={"l": range(1, 4)}, depth={"L": 3})
    found = at_layers(tuple(map(expression, sides)), book)
    assert len(found) == count
    assert found[0][0] == expression(first)


def test_a_layer_that_runs_is_unrolled_into_definitions() -> None:
    book = Notebook(layers={"l": range(1, 4)}, depth={"L": 3})
    found = page("a^l = W^l h^{l-1}", "C = a^L", r"\nabla_{a^l} C = \delta^l", book=book)
    assert {"a__2", "a__3", "C"} <= set(found.notebook.definitions)
    assert len(found.claims) == 1
