"""What is written reads back as the same tree, in both notations; brackets stand only where they are needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symjac.notation import latex_notation, plain_notation
from symjac.notation.plain_writer import Plain
from symjac.notation.tree import (
    Big,
    Binary,
    Call,
    Derivative,
    Group,
    Name,
    Neg,
    Node,
    Num,
    Ones,
    Product,
    Quotient,
    Relation,
    Scripts,
    Statement,
    Sum,
    Transpose,
    rebuild,
)
from symjac.notation.writer import latex as to_latex
from symjac.notation.writer import plain as to_plain
from symjac.notation.writer import statement_latex
from tests.notation.shown import said
from tests.notation.test_latex_notation import EXPRESSIONS, GENERATED, PIECES, STATEMENTS, formulas
from tests.notation.test_plain_notation import READ


def same(one: Statement, other: Statement) -> bool:
    return (one.sides, one.relations, one.conditions) == (other.sides, other.relations, other.conditions)


def round_trips(statement: Statement) -> None:
    """read(latex(s)) == s."""
    text = statement_latex(statement)
    found = latex_notation.read(text)
    assert not found.unread, (text, found.unread)
    assert len(found.statements) == 1, text
    assert same(found.statements[0], statement), (text, said(statement), said(found.statements[0]))


@pytest.mark.parametrize("text", [t for t, _ in EXPRESSIONS + STATEMENTS])
def test_latex_reads_back(text: str) -> None:
    for s in latex_notation.read(text).statements:
        round_trips(s)


@pytest.mark.parametrize("text", [t for t, _ in READ])
def test_what_was_plain_reads_back_as_latex(text: str) -> None:
    for s in plain_notation.read(text).statements:
        round_trips(s)


@pytest.mark.parametrize("text", [t for t, _ in READ])
def test_plain_reads_back(text: str) -> None:
    for s in plain_notation.read(text).statements:
        written = Plain().chain(s.sides, s.relations)
        if not s.conditions:
            assert same(plain_notation.statement(written), s), written


@pytest.mark.parametrize("path", sorted(GENERATED.glob("*.md")), ids=lambda p: p.name)
def test_every_formula_of_our_documents_reads_back(path: Path) -> None:
    for text in formulas(path.read_text(encoding="utf-8"), "md"):
        for s in latex_notation.read(text).statements:
            round_trips(s)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_whatever_is_read_reads_back(pieces: list[str]) -> None:
    for s in latex_notation.read(" ".join(pieces)).statements:
        if not set(s.relations) & {":"} and not s.conditions:
            round_trips(s)


a, b, c, x, f = map(Name, "abcxf")
W = Scripts(Name("W"), (Num("1"),))


@pytest.mark.parametrize(
    ("node", "tex", "text"),
    [
        (Product((Sum((a, Neg(b))), c)), "(a - b) c", "(a - b)*c"),
        (Product((a, Product((b, c)))), "a (b c)", "a*(b*c)"),
        (Product((a, Binary("hadamard", b, c))), r"a (b \odot c)", "a*(b .* c)"),
        (Binary("hadamard", Product((a, b)), c), r"a b \odot c", "a*b .* c"),
        (Binary("hadamard", a, Binary("kron", b, c)), r"a \odot (b \otimes c)", "a .* (b ⊗ c)"),
        (Binary("hadamard", Binary("kron", a, b), c), r"a \otimes b \odot c", "a ⊗ b .* c"),
        (Binary("hadamard", Sum((a, b)), c), r"(a + b) \odot c", "(a + b) .* c"),
        (Sum((a, Neg(Sum((b, c))))), "a - (b + c)", "a - (b + c)"),
        (Sum((Neg(a), b)), "-a + b", "-a + b"),
        (Neg(Neg(a)), "-(-a)", "-(-a)"),
        (Product((Num("2"), Neg(a))), "2 (-a)", "2*(-a)"),
        (Transpose(Product((a, b))), r"(a b)^{\top}", "(a*b)'"),
        (Transpose(W), r"W_{1}^{\top}", "W_1'"),
        (Transpose(Scripts(a, (), Num("2"))), r"{a^{2}}^{\top}", "a^2'"),
        (Product((Transpose(a), Group(Sum((b, c))))), r"a^{\top} (b + c)", "a'*(b + c)"),
        (Scripts(Sum((a, b)), (), Num("2")), "(a + b)^{2}", "(a + b)^2"),
        (Product((Big("sum", (Name("i"),), a), b)), r"(\sum_{i} a) b", "(sum_i a)*b"),
        (Product((b, Big("sum", (Name("i"),), a))), r"b \sum_{i} a", "b*sum_i a"),
        (Binary("kron", Big("sum", (Name("i"),), a), b), r"(\sum_{i} a) \otimes b", "(sum_i a) ⊗ b"),
        (Big("sum", (Name("i"),), Sum((a, b))), r"\sum_{i} (a + b)", "sum_i (a + b)"),
        (Sum((Big("sum", (Name("i"),), a), b)), r"\sum_{i} a + b", "sum_i a + b"),
        (Quotient(Sum((a, b)), c), r"\frac{a + b}{c}", "(a + b)/c"),
        (Product((a, Quotient(b, c))), r"a \frac{b}{c}", "a*(b/c)"),
        (Quotient(a, Product((b, c))), r"\frac{a}{b c}", "a/(b*c)"),
        (Derivative(Product((Transpose(x), a)), (x,)), r"\frac{\partial (x^{\top} a)}{\partial x}", "∂(x'*a)/∂x"),
        (Derivative(a, (W, W)), r"\frac{\partial^{2} a}{\partial W_{1} \partial W_{1}}", "∂^2 a/∂W_1∂W_1"),
        (Derivative(a, (x,), "nabla"), r"\nabla_{x} a", "∇_{x} a"),
        (Derivative(Sum((a, b)), (x,), "nabla"), r"\nabla_{x} (a + b)", "∇_{x} (a + b)"),
        (Product((Derivative(a, (x,), "nabla"), Group(b))), r"\nabla_{x} a \cdot (b)", "∇_{x} a*(b)"),
        (Call(Name("diag"), (Product((f, Group(a))),)), r"\operatorname{diag}(f(a))", "diag(f(a))"),
        (Call(Name("exp"), (Neg(a),)), r"\exp(-a)", "exp(-a)"),
        (Product((Num("2"), Num("3"))), r"2 \cdot 3", "2*3"),
        (Product((Ones(), Transpose(Ones()))), r"\mathbf{1} \mathbf{1}^{\top}", "vector(1)*vector(1)'"),
        (Name("hat X"), r"\hat{X}", "X\u0302"),
        (Name("delta"), r"\delta", "delta"),
        (Name("softmax"), r"\operatorname{softmax}", "softmax"),
        (Name("loss"), r"\mathrm{loss}", "loss"),
        (Relation("<=", a, b), r"a \leq b", "a <= b"),
    ],
)  # fmt: skip
def test_brackets_stand_where_they_are_needed(node: Node, tex: str, text: str) -> None:
    assert to_latex(node) == tex
    assert to_plain(node) == text


LEAVES = st.sampled_from([a, x, W, Num("2"), Ones(), Name("delta"), Name("hat X"), Call(Name("exp"), (a,))])


def grown(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    pairs = st.tuples(parts, parts)
    return st.one_of(
        pairs.map(lambda p: Product(p)),
        pairs.map(lambda p: Sum((p[0], Neg(p[1])))),
        st.tuples(st.sampled_from(["hadamard", "kron", "divide"]), parts, parts).map(lambda t: Binary(*t)),
        pairs.map(lambda p: Quotient(*p)),
        pairs.map(lambda p: Quotient(p[0], p[1], "slash")),
        parts.map(Transpose),
        parts.map(Neg),
        parts.map(lambda p: Scripts(p, (), Num("2"))),
        parts.map(lambda p: Big("sum", (Name("i"),), p)),
        parts.map(lambda p: Derivative(p, (x,))),
        parts.map(lambda p: Derivative(p, (x, x), "nabla")),
        parts.map(lambda p: Call(Name("diag"), (p,))),
    )


def ungrouped(node: Node) -> Node:
    """The tree with brackets dropped and products and sums in one piece: what brackets may not change."""
    node = rebuild(node, ungrouped)
    if isinstance(node, Group):
        return node.of
    if isinstance(node, Product):
        return Product(tuple(g for n in node.factors for g in (n.factors if isinstance(n, Product) else (n,))))
    if isinstance(node, Sum):
        return Sum(tuple(g for n in node.terms for g in (n.terms if isinstance(n, Sum) else (n,))))
    if isinstance(node, Scripts) and isinstance(node.base, Scripts) and node.base.sup is None and not node.sub:
        return Scripts(node.base.base, node.base.sub, node.sup)
    return node


@settings(max_examples=400, deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=6))
def test_any_tree_is_written_so_that_it_means_the_same(node: Node) -> None:
    """Trees that no reader made, as an edit makes them: brackets come in, and nothing else changes."""
    text = to_latex(node)
    assert ungrouped(latex_notation.expression(text)) == ungrouped(node), text


@settings(max_examples=400, deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=6))
def test_any_tree_is_written_plainly_so_that_it_means_the_same(node: Node) -> None:
    text = to_plain(node)
    assert ungrouped(plain_notation.expression(text)) == ungrouped(node), text
