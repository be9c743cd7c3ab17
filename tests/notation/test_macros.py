"""A document's own commands are expanded as TeX does; one without an end is refused in bounded time."""

from __future__ import annotations

import time

import pytest

from symjac.notation import latex_notation
from symjac.notation.macros import Macros, expand, read_macros
from symjac.notation.tokens import Unreadable, spell, tokens


def expanded(text: str, macros: Macros) -> str:
    return spell(expand(tokens(text, range(len(text) + 1)), macros))


@pytest.mark.parametrize(
    ("definition", "text", "expected"),
    [
        (r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}", r"\pd{L}{W_1}", r"\frac{\partial L}{\partial W_1}"),
        (r"\newcommand{\pd}[2][L]{\frac{\partial #1}{\partial #2}}", r"\pd{W}", r"\frac{\partial L}{\partial W}"),
        (r"\newcommand{\pd}[2][L]{\frac{\partial #1}{\partial #2}}", r"\pd[J]{W}", r"\frac{\partial J}{\partial W}"),
        (r"\newcommand\W{\mathbf{W}}", r"\W x", r"\mathbf{W} x"),
        (r"\newcommand*{\W}{\mathbf W}", r"\W_1", r"\mathbf W_1"),
        (r"\newcommand{\half}{\frac12}", r"\half x", r"\frac12 x"),
        (r"\newcommand{\sq}[1]{#1^2}", r"\sq x y", r"x^2 y"),
        (r"\newcommand{\a}{\b c}\newcommand{\b}{d}", r"\a", "d c"),
        (r"\newcommand{\a}[1]{(#1)}", r"\a{\a{x}}", "((x))"),
        (r"\def\T{^{\mathsf T}}", r"X\T Y", r"X^{\mathsf T} Y"),
        (r"\def\pd#1#2{\frac{\partial #1}{\partial #2}}", r"\pd LW", r"\frac{\partial L}{\partial W}"),
        (r"\DeclareMathOperator{\diag}{diag}", r"\diag(v)", r"\operatorname{diag}(v)"),
        (r"\DeclareMathOperator*{\argmin}{arg\,min}", r"\argmin", r"\operatorname{arg\,min}"),
        (r"\DeclarePairedDelimiter{\n}{\lVert}{\rVert}", r"\n{x}", r"\left\lVert x\right\rVert"),
        (r"\DeclarePairedDelimiter{\n}{\lVert}{\rVert}", r"\n*{x}", r"\left\lVert x\right\rVert"),
        (r"\DeclarePairedDelimiter{\n}{\lVert}{\rVert}", r"\n[\Big]{x}", r"\left\lVert x\right\rVert"),
        (r"\renewcommand{\vec}[1]{\mathbf{#1}}", r"\vec{x}", r"\mathbf{x}"),
        (r"\let\old\vec\renewcommand{\vec}[1]{\old{\mathbf{#1}}}", r"\vec{x}", r"\vec{\mathbf{x}}"),
        (r"\newcommand{\a}{x}\let\b=\a\renewcommand{\a}{y}", r"\a\b", "yx"),
        (r"\newcommand{\a}{x}\providecommand{\a}{y}\providecommand{\b}{z}", r"\a\b", "xz"),
        (r"\newcommand{\a}{x}\renewcommand{\a}{y}", r"\a", "y"),
        (r"text \newcommand{\a}{x} % \newcommand{\a}{y}", r"\a", "x"),
        ("", r"\R^n", r"\mathbb{R}^n"),
        ("", r"\norm{x}", r"\lVert x \rVert"),
        (r"\newcommand{\R}{\mathcal{R}}", r"\R", r"\mathcal{R}"),
    ],
)  # fmt: skip
def test_a_call_expands_to(definition: str, text: str, expected: str) -> None:
    assert expanded(text, read_macros([definition])) == expected


@pytest.mark.parametrize(
    ("definition", "text", "reason"),
    [
        (r"\def\a{\a}", r"\a", r"the command \a is defined by itself; its meaning has no end"),
        (r"\def\a{\b}\def\b{x \a}", r"y \b", r"the command \b is defined by itself; its meaning has no end"),
        (r"\newcommand{\a}[2]{#1#2}", r"\a{x}", r"\a needs 2 arguments and finds 1"),
        (r"\newcommand{\a}[1]{#1#2}", r"\a{x}", r"\a speaks of #2, an argument that it does not take"),
        (r"\def\a#1.{#1}", r"\a x.", r"\a is defined with . between its arguments; arguments in braces were expected"),
        (r"\newcommand{\a}[1]{#1}", r"\a{x", "a brace { is opened and never closed"),
        (r"\def\a{\b\b\b\b}\def\b{\c\c\c\c}\def\c{\d\d\d\d}\def\d{\e\e\e\e}\def\e{\f\f\f\f}\def\f{\g\g\g\g}"
         r"\def\g{\h\h\h\h}\def\h{xxxx}", r"\a", "the commands here expand to more than 20,000 signs"),
        (r"\newcommand{\a}[1]{#1#1}", r"\a{" * 30 + "x" + "}" * 30,
         "the commands here expand to more than 20,000 signs"),
    ],
)  # fmt: skip
def test_a_call_that_means_nothing_is_refused(definition: str, text: str, reason: str) -> None:
    began = time.process_time()
    macros = read_macros([definition])
    found = latex_notation.read(text, range(len(text) + 1), macros)
    assert [u.reason for u in found.unread] == [reason]
    assert not found.statements
    assert time.process_time() - began < 5


def test_definitions_among_mathematics_hold_from_there_on() -> None:
    assert expanded(r"\newcommand{\a}{x} \a + \b", read_macros([r"\def\b{y}"])) == "x + y"


def test_what_defines_nothing_is_passed_over() -> None:
    broken = [
        r"\newcommand",
        r"\newcommand{\a}",
        r"\newcommand{a}{b}",
        r"\def\a",
        r"\let\a",
        r"\newcommand{\a}[x]{b}",
        "{{{",
        "}",
    ]
    assert expanded(r"\b", read_macros([*broken, r"\def\b{x}"])) == "x"


def test_an_unknown_command_stays() -> None:
    with pytest.raises(Unreadable, match="needs 1 arguments"):
        expanded(r"\norm", read_macros([]))
    assert expanded(r"\unknown x", Macros()) == r"\unknown x"
