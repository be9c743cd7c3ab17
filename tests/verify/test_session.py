"""A page is read whole: its worlds, what is skipped, what stands under a condition, what could not be read and why."""

from __future__ import annotations

import pytest

from symjac.notation.writer import latex
from symjac.notes.source import read_source
from symjac.verify.session import Session, from_claim


def session(text: str, name: str = "notes.md") -> Session:
    return Session(read_source(name, text))


def claims(s: Session) -> list[str]:
    return [f"{latex(c.left)} = {latex(c.right)}" for chapter in s.chapters for c in chapter.claims]


COUNTS = [
    # page, claims, other equations, not read
    ("", 0, 0, 0),
    ("No mathematics, $x$ apart.", 0, 0, 0),
    (r"$x \in \mathbb{R}^n$, $L = x^\top x$, $\nabla_x L = 2 x$", 1, 2, 0),
    (r"$\nabla_x L = 2 x = x + x$", 2, 0, 0),
    ("<!-- symjac: next is not a claim -->\n$\\nabla_x L = 2 x$ and $\\nabla_x L = x$", 1, 1, 0),
    (
        "<!-- symjac: not claims from here -->\n$A x = b$\n\n$B x = b$\n<!-- symjac: claims again -->\n$C x = b$",
        1, 2, 0,
    ),
    ("$$\n\\begin{align} a &= b \\\\ c d &= e \\\\ &= f \\end{align}\n$$", 2, 1, 0),
    (r"$\frac{a$ and $b c = d$", 1, 0, 1),
    ("<!-- symjac: T is nice -->\n$b c = d$", 1, 0, 1),
    ("<!-- symjac: A is symmetric -->\n$b c = d$", 1, 0, 0),
    ("<!-- symjac: a = W x -->\n$b c = d$", 1, 1, 0),
    ("```\n$a b = c$\n```\n`$a b = c$` and $b c = d$", 1, 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "count", "others", "unread"), COUNTS)
def test_counts(text: str, count: int, others: int, unread: int) -> None:
    s = session(text)
    idle = s.not_claims([*(e.span for chapter in s.chapters for e in chapter.claims), *(u.span for u in s.unread)])
    assert (len(claims(s)), len(idle), len(s.unread)) == (count, others, unread)
    assert [text[i.span.start : i.span.end] for i in idle] == [i.text for i in idle]


def test_a_new_world_forgets_what_was_before() -> None:
    s = session(
        "$x \\in \\mathbb{R}^n$, $a = x$\n\n<!-- symjac: new world -->\n\n$x \\in \\mathbb{R}^{m \\times n}$, $a = x x$"
    )
    first, second = s.chapters
    assert len(first.notebook.shapes["x"].sizes) == 1 and len(second.notebook.shapes["x"].sizes) == 2
    assert not claims(s)


def test_directives_act_on_the_whole_of_their_world() -> None:
    s = session("$b c = d$\n\n<!-- symjac: samples: rows -->\n<!-- symjac: new world -->\n$b c = d$")
    assert [c.notebook.samples for c in s.chapters] == ["rows", ""]


CONDITIONS = [
    (r"$f'(x) = 1$ for $x > 0$", ["x > 0"]),
    (r"$f'(x) = 1$, if $x > 0$", ["x > 0"]),
    (r"$f'(x) = 1$ where $x \ge 0$", ["x >= 0"]),
    (r"$f'(x) = 1$ when $x \ne 0$", ["x != 0"]),
    (r"$f'(x) = 1$ and so $x > 0$", []),
    (r"$f'(x) = 1$ for $x = 0$", ["x = 0"]),
    (r"If $x > 0$, then $f'(x) = 1$.", ["x > 0"]),
    (r"When $y = 1$, $f'(x) = 1$; when $y = 0$, $f'(x) = 2$.", ["y = 1", "y = 0"]),
    (r"For $i = j$ we have $a_i b_j = c_i d_j$. Also $f'(x) = 1$.", ["i = j"]),
    (r"$f'(x) = 1$ with $y = 2 x$ and $z = 1$", []),
    (r"$f'(x) = 1$ for $x > 0 > y$", []),
]


@pytest.mark.parametrize(("text", "expected"), CONDITIONS)
def test_conditions_beside_a_formula(text: str, expected: list[str]) -> None:
    s = session(text)
    found = [c for chapter in s.chapters for e in chapter.claims for c in e.conditions]
    assert [f"{latex(c.left)} {c.op} {latex(c.right)}" for c in found] == expected  # type: ignore[attr-defined]


UNREAD = [
    # page, line, column, part of the reason
    ("Text.\n\nSee $\\frac{a$ here.", 3, 11, "a brace { is opened and never closed"),
    ("$x \\in \\mathbb{R}^{0.5 +}$", 1, 19, "a quantity was expected"),
    ("<!-- symjac: T is nice -->", 1, 14, "it is no sentence of the directives and no formula"),
    ("<!-- symjac: layers: l = 1..2 -->\n<!-- symjac: layers: m = 1..2 -->\n<!-- symjac: layers: k = 1..2 -->",
     3, 14, "more than 2 layer labels"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "reason"), UNREAD)
def test_what_is_not_read_has_its_place_and_reason(text: str, line: int, column: int, reason: str) -> None:
    (found, *_) = session(text).unread
    assert found.line == line
    assert reason in found.reason
    assert found.column == column


def test_a_claim_from_the_command_line_takes_what_is_given() -> None:
    s = Session(from_claim("dL/dx = 2*x", ["x in R^n", "L = x'*x"], "plain"))
    assert claims(s) == [r"\frac{\mathrm{d} L}{\mathrm{d} x} = 2 x"]
    (chapter,) = s.chapters
    assert chapter.notebook.primes_transpose and set(chapter.notebook.definitions) == {"L"}


def test_the_same_page_in_three_forms() -> None:
    body = r"""x \in \mathbb{R}^n""", r"""L = x^\top x""", r"""\nabla_x L = 2 x"""
    markdown = "".join(f"$${b}$$\n\n" for b in body)
    tex = "".join(f"\\[ {b} \\]\n" for b in body)
    yaml = f"given:\n  - '{body[0]}'\n  - '{body[1]}'\nclaims:\n  - '{body[2]}'\n"
    forms = [session(markdown), session(tex, "notes.tex"), session(yaml, "notes.yaml")]
    assert [claims(s) for s in forms] == [[r"\nabla_{x} L = 2 x"]] * 3
