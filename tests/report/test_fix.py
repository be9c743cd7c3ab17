"""The copy with the refuted formulas put right: what is replaced, what stays, and that it can stand there."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from symjac.report import fix
from symjac.report.fix import Fixed, target
from symjac.verify.verdict import Judged
from tests.report.made import NOTES, RESULT, claim, fault, judged


def fixed(result: Judged) -> Fixed:
    (one,) = fix.fixed(result)
    return one


def refuted(text: str, equation: str, replacement: str = "", file: str = "notes.md"):
    return claim(text, equation, "refuted", fault(text, "no", replacement=replacement), file=file)


def test_the_claimed_side_is_replaced_and_nothing_else() -> None:
    out = fixed(RESULT)
    assert out.text == NOTES.replace(
        "\n\\frac{\\partial L}{\\partial y} = t - y", "\n\\frac{\\partial L}{\\partial y} = y - t"
    )
    assert (out.done, out.left) == (1, 0)


def test_several_lengths_and_line_ends() -> None:
    text = "$a = 1$\r\n$b = 22$\r\n$c = 333$ é"
    claims = [refuted(text, "a = 1", "long"), refuted(text, "b = 22", ""), refuted(text, "c = 333", "x")]
    out = fixed(judged(text, claims))
    assert out.text == "$a = long$\r\n$b = 22$\r\n$c = x$ é"
    assert (out.done, out.left) == (2, 1)


def test_only_refuted_claims() -> None:
    text = "$a = 1$"
    for verdict in ("proved", "agrees", "other_convention", "doubtful", "undecided"):
        one = claim(text, "a = 1", verdict, fault(text, "no", replacement="2"))
        assert fixed(judged(text, [one])).text == text


def test_a_side_claimed_twice_is_replaced_once() -> None:
    text = "$a = b = 1$"
    same = fixed(judged(text, [refuted(text, "a = b = 1", "2"), refuted(text, "b = 1", "2")]))
    assert (same.text, same.done, same.left) == ("$a = b = 2$", 2, 0)
    other = fixed(judged(text, [refuted(text, "a = b = 1", "2"), refuted(text, "b = 1", "3")]))
    assert other.text in ("$a = b = 2$", "$a = b = 3$")
    assert (other.done, other.left) == (1, 1)


@pytest.mark.parametrize(
    ("before", "side", "new"),
    [
        ("claims:\n  - dL/dW = SIDE\n", "SIDE", r"2 x'"),
        ("claims:\n  - 'dL/dW = SIDE'\n", "SIDE", r"\frac{1}{2} x x'"),
        ('claims:\n  - "dL/dW = SIDE" # why\n', "SIDE", r"\frac{1}{2} x x'"),
        ("claims:\n  - |\n    dL/dW = SIDE\n", "SIDE", r"a: b # c"),
        ("claims: [dL/dW = SIDE]\n", "SIDE", "x'"),
    ],
)
def test_a_yaml_file_stays_one(before: str, side: str, new: str) -> None:
    equation = f"dL/dW = {side}"
    out = fixed(judged(before, [refuted(before, equation, new, "a.yaml")], file="a.yaml"))
    assert out.done == 1
    (value,) = YAML(typ="safe", pure=True).load(out.text)["claims"]
    assert value.strip() == f"dL/dW = {new}"


def test_what_cannot_stand_in_yaml_is_left() -> None:
    text = "claims: [dL/dW = SIDE]\n"
    out = fixed(judged(text, [refuted(text, "dL/dW = SIDE", "f(a, b)", "a.yml")], file="a.yml"))
    assert (out.text, out.done, out.left) == (text, 0, 1)


@pytest.mark.parametrize(
    ("file", "copy"),
    [("notes.md", "notes.fixed.md"), ("a/b.c.tex", "a/b.c.fixed.tex"), ("x.fixed.yaml", "x.fixed.fixed.yaml")],
)
def test_the_copy_lies_beside(file: str, copy: str) -> None:
    assert target(file) == Path(copy)
