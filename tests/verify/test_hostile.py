"""Broken and hostile pages: whatever they say, each claim gets a verdict or a reason, in bounded time."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symjac.core.errors import InputError
from symjac.equality.outcome import PROVED
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.session import from_claim
from symjac.verify.verdict import Judged
from tests.marks import slow_where

SECONDS = 20.0
"""Of the processor, for a page with a claim or two."""

D = r"$x, y \in \mathbb{R}^n$, $A, B \in \mathbb{R}^{n \times n}$, $c, d \in \mathbb{R}$, $L = x^\top A x$. "
DEEP = "".join(rf"$c_{{{i + 1}}} = \sin(c_{{{i}}})$ " for i in range(100))
DOUBLED = "".join(rf"$f_{{{i + 1}}}(x) = f_{{{i}}}(x) f_{{{i}}}(x)$ " for i in range(1, 30))
MACROS = "".join(
    r"\newcommand{\mA}{\mB\mB\mB\mB}".replace("A", chr(97 + i)).replace("B", chr(98 + i)) for i in range(20)
)
LABELS = "".join(f"<!-- symjac: layers: {c} = 1..9 -->\n" for c in "lmkpq")

PAGES = {
    "a large power": r"$g = c^{999999999}$, $\frac{dg}{dc} = 999999999 c^{999999998}$",
    "a large power of a matrix": r"$P = A^{999999999}$, $P = A^{999999999} B$",
    "a tower": r"$g = 9^{9^{9^{9}}} c$, $\frac{dg}{dc} = 9^{9^{9^{9}}}$",
    "a power of a multiple": r"$g = (9 c)^{99999999}$, $\frac{dg}{dc} = 1$",
    "powers of powers": r"$g = (((9 c)^{999})^{999})^{999}$, $\frac{dg}{dc} = 1$",
    "many digits": rf"$g = {'9' * 10000} c$, $\frac{{dg}}{{dc}} = 1$",
    "a large matrix": r"$M \in \mathbb{R}^{1000000 \times 1000000}$, $\nabla_M \operatorname{tr}(M) = I$",
    "a large tensor": r"$T \in \mathbb{R}^{1000 \times 1000 \times 100000}$, $\nabla_T \operatorname{sum}(T) = T$",
    "a large determinant": (
        r"$T \in \mathbb{R}^{2 \times 2 \times 2}$ $M \in \mathbb{R}^{300 \times 300}$, $\nabla_M \det(M) = M^{-1}$"
    ),
    "a long sum": r"$g = \sum_{i=1}^{1000000000} x_i$, $\nabla_x g = x$",
    "a sum backwards": r"$g = \sum_{i=5}^{2} x_i$, $\nabla_x g = x$",
    "a sum past the end": r"$g = \sum_{i=1}^{n-10} x_i^2$, $\nabla_x g = 2 x$",
    "an entry past the end": r"$g = x_{999999999}$, $\nabla_x g = x$",
    "size 0": r"$w \in \mathbb{R}^0$, $g = \operatorname{mean}(w)$, $\nabla_w g = w$",
    "size n - 5": r"$w \in \mathbb{R}^{n-5}$, $g = w^\top w$, $\nabla_w g = 3 w$",
    "division by zero": r"$g = \frac{c}{1-1}$, $\frac{dg}{dc} = \frac{1}{c-c}$, $\frac{dg}{dc} = 0^0$",
    "no real value": r"$g = \log(-1) c$, $\frac{dg}{dc} = \sqrt{-1}$",
    "exponentials of exponentials": r"$g = e^{e^{e^{e^{e^{e^{c}}}}}}$, $\frac{dg}{dc} = g$",
    "functions of functions": rf"$g = {'f(' * 40}c{')' * 40}$, $\frac{{dg}}{{dc}} = c$",
    "large arguments": r"$g = \sin(10^{30} c) \exp(10^{30} c)$, $\frac{dg}{dc} = g$",
    "itself": r"$g = g + c$, $\frac{dg}{dc} = 1$, $f(x) = f(x) + 1$, $f'(c) = 1$",
    "one another": r"$g = h$, $h = g$, $\frac{dg}{dc} = 1$, $p(x) = q(x)$, $q(x) = p(x)$, $p'(c) = 1$",
    "doubled functions": rf"$f_1(x) = x + 1$ {DOUBLED} $f_{{30}}'(c) = 1$",
    "a deep chain": rf"$c_0 \in \mathbb{{R}}$ {DEEP} $\frac{{\partial c_{{100}}}}{{\partial c_0}} = 1$",
    "deep brackets": rf"$g = {'(' * 3000}c{')' * 3000}$, $\frac{{dg}}{{dc}} = 1$",
    "deep fractions": r"$g = " + r"\frac{1}{1+" * 35 + "c" + "}" * 35 + r"$, $\frac{dg}{dc} = 1$",
    "a long product": rf"$\nabla_x (x^\top {'A ' * 300} x) = x$",
    "a singular inverse": r"$P = (x x^\top)^{-1}$, $P = A$",
    "letters twice": r"$g = \sum_i \sum_i x_i x_i$, $\nabla_x g = 2 x$, $\sum_{i,i} A_{ii} = A_{iii}$",
    "names that clash": r"$x \in \mathbb{R}^{m}$, $x = A x$, $n \in \mathbb{R}^n$, $\nabla_n (n^\top n) = n$",
    "derivatives by nothing": r"$\nabla = 1$, $\frac{\partial 3}{\partial 3} = 0$, $\nabla_x^5 L = 0$",
    "odd cases": r"$g = \begin{cases} c & c > 0 \\ c & x > A \\ 1 & 0 \end{cases}$, $\frac{dg}{dc} = 1$",
    "many primes": rf"$f{chr(39) * 500}(c) = \sigma{chr(39) * 30}(c)$",
    "labels": LABELS + r"$a^{l,m,k,p,q} = b_{l,m,k,p,q}$, $a^{l+m+k+p+q} = 1$",
    "facts that cannot be": (
        "<!-- symjac: A is orthogonal -->\n<!-- symjac: A is positive -->\n<!-- symjac: rows of A sum to 1/0 -->\n"
        r"$\nabla_x L = x$"
    ),
    "rows of itself": (
        "<!-- symjac: u_n = rows of v -->\n<!-- symjac: v_n = rows of u -->\n<!-- symjac: J is a function of J -->\n"
        r"$\nabla_x u_n = v$, $\nabla_x J = J$"
    ),
    "recursive macros": r"\newcommand{\q}{\q\q}\newcommand{\r}[1]{\r{#1#1}} $\nabla_x L = \q \r{x}$",
    "macros that grow": MACROS + r"\newcommand{\mu}{x} $\nabla_x L = \ma$",
    "cut off": r"$\frac{\partial L}{\partial",
    "braces": r"$\nabla_x L = {{{2 A x$ $}}}$ $$\begin{align} a &= b",
    "relations alone": "$" + "=" * 1000 + "$ $=$ $x=$ $:=$ $a := a$",
}  # fmt: skip


def judged(text: str, name: str = "notes.md") -> Judged | None:
    """The verdicts, within the time; None where the file is refused with a message."""
    begin = time.process_time()
    try:
        result = judge_source(read_source(name, text))
    except InputError:
        return None
    assert time.process_time() - begin < SECONDS * max(1, len(result.claims))
    for u in result.unread:
        assert u.reason and "please report" not in u.reason, (text, u.reason)
    for c in result.claims:
        assert c.verdict
    return result


LONG = {"functions of functions", "a sum past the end", "large arguments", "deep fractions"}


@pytest.mark.parametrize("name", slow_where(lambda name: name in LONG, PAGES))
def test_hostile_pages(name: str) -> None:
    result = judged(D + PAGES[name])
    assert result is not None
    assert not any(c.verdict == PROVED and c.text.endswith("= x") for c in result.claims)


@pytest.mark.parametrize("claim", ["dL/dx = A^1000000000*x", "((((", "x''''''''''*A = x", "dL/dx = vector(99999999)"])
def test_hostile_claims(claim: str) -> None:
    begin = time.process_time()
    result = judge_source(from_claim(claim, ["A in R^{n x n}", "x in R^n", "L = x'*A*x"], "plain"))
    assert not any(c.verdict == PROVED for c in result.claims)
    assert not any("please report" in u.reason for u in result.unread)
    assert time.process_time() - begin < SECONDS


NOTES = Path(__file__).parents[1] / "fixtures" / "notes"
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(NOTES.glob("*.md"))]
PIECES = sorted({p for text in TEXTS for p in re.findall(r"\$[^$\n]{1,90}\$|<!-- symjac: .*? -->", text)})
TOKENS = sorted(
    {t for p in PIECES for t in re.findall(r"\\[a-zA-Z]+|[^\s\\]", p)}
    | {"999", "0", r"\frac{1}{0}", "^{-1}", "'", "_i", "="}
)


@st.composite
def pages(draw: st.DrawFn) -> str:
    """Formulas of several notes side by side, with parts taken out, doubled or replaced."""
    out = []
    for piece in draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7)):
        for _ in range(draw(st.integers(0, 2))):
            parts = re.findall(r"\\[a-zA-Z]+|\s+|[^\s\\]|\\.", piece)
            at = draw(st.integers(0, max(0, len(parts) - 1)))
            new = draw(st.sampled_from([[], parts[at : at + 1] * 2, [draw(st.sampled_from(TOKENS))]]))
            piece = "".join([*parts[:at], *new, *parts[at + 1 :]])
        out.append(piece)
    return " and ".join(out)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(pages(), st.sampled_from(["notes.md", "notes.tex", "notes.yaml"]))
def test_spliced_notes(text: str, name: str) -> None:
    if name == "notes.yaml":
        text = "given: []\nclaims:\n" + "".join(f"  - {json.dumps(p.strip('$'))}\n" for p in text.split(" and "))
    judged(text, name)
