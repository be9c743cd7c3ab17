"""What is found in notes, and where: Markdown, TeX, YAML, the command line; hostile and broken text."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symjac.core.errors import InputError, Place
from symjac.notes.parts import MAX_ITEMS
from symjac.notes.source import MAX_BYTES, Directive, Snippet, Source, read_source
from symjac.verify.session import from_claim
from tests.marks import slow

GENERATED = Path(__file__).parent.parent.parent / "generated"


def snippets(source: Source) -> list[Snippet]:
    return [item for item in source.items if isinstance(item, Snippet)]


def formulas(source: Source) -> list[str]:
    """The texts of the formulas; `|` in front of one that has a fault."""
    return ["|" * bool(s.fault) + s.text for s in snippets(source)]


def directives(source: Source) -> list[str]:
    return ["|" * bool(d.fault) + d.text for d in source.items if isinstance(d, Directive)]


def macros(source: Source) -> list[str]:
    return [m.text for m in source.macros]


def markdown(text: str) -> Source:
    return checked(read_source("notes.md", text))


def tex(text: str) -> Source:
    return checked(read_source("notes.tex", text))


def yaml(text: str) -> Source:
    return checked(read_source("notes.yaml", text), exact=False)


def checked(source: Source, exact: bool = True) -> Source:
    """The source, after what holds of every source."""
    for item in (*source.items, *source.macros):
        text, offsets = item.text, list(item.offsets)
        assert len(offsets) == len(text) + 1
        assert offsets == sorted(offsets)
        assert 0 <= offsets[0] <= offsets[-1] <= len(source.text)
        assert text == text.strip()
        if exact:
            assert [source.text[o] for o in offsets[:-1]] == list(text)
        place = source.place_of(item)
        assert place.source == source.text.split("\n")[place.line - 1].removesuffix("\r")
    for s in snippets(source):
        assert s.text
        assert s.outer.start <= s.span.start <= s.span.end <= s.outer.end
    starts = [item.offsets[0] for item in source.items]
    assert not exact or starts == sorted(starts)
    return source


MARKDOWN = [
    # text, formulas
    ("plain text", []),
    ("$a = b$", ["a = b"]),
    ("so $a$, then $b$.", ["a", "b"]),
    ("($x$-axis)", ["x"]),
    ("$$a = b$$", ["a = b"]),
    ("$$\na\n= b\n$$", ["a\n= b"]),
    ("text $$a$$ text $b$", ["a", "b"]),
    ("$`a_1`$ and $`b`$", ["a_1", "b"]),
    (r"\(a\) and \[b\]", ["a", "b"]),
    (r"\\(a\\) and \\[b \\ c\\]", ["a", r"b \\ c"]),
    ("```math\na = b\n```", ["a = b"]),
    ("~~~ math\na = b\n~~~\n$c$", ["a = b", "c"]),
    ("- ```math\n  a\n  ```\n- $c$", ["a", "c"]),
    ("````math\na\n```\n````", ["a\n```"]),
    ("```{math}\na\n```", ["a"]),
    ("```{math}\n:label: eq:a\n:nowrap:\n\na = b\n```\n$c$", ["a = b", "c"]),
    ("```{math}\n:label: a\n```\n$c$", ["c"]),
    ("```\n$a$\n```\n$b$", ["b"]),
    ("```python\nx = '$a$'\n```\n$b$", ["b"]),
    ("~~~\n```\n$a$\n~~~\n$b$", ["b"]),
    ("> ```\n> $a$\n> ```\n> $b$", ["b"]),
    ("`$a$` and ``b ` $c$`` $d$", ["d"]),
    ("one ` backtick, $a$", ["a"]),
    ("one ` backtick, $a$\n\nanother ` $b$", ["a", "b"]),
    ("```x``` $a$", ["a"]),
    ("<!-- $a$ --> $b$", ["b"]),
    ("<!-- open, $a$", ["a"]),
    ("<pre>$a$</pre> <code>$b$</code> <PRE>$c$</PRE> $d$", ["d"]),
    ("<prefix> $a$", ["a"]),
    (r"\$a$ \$ and $b$", ["b"]),
    (r"a \$5 note, $x = \$5$", [r"x = \$5"]),
    (r"\\$a$", ["a"]),
    (r"\`$a$\`", ["a"]),
    (r"$a \text{ if $b$ is } c$", [r"a \text{ if $b$ is } c"]),
    (r"$a \text{ if {b} $c$}$ and $d$", [r"a \text{ if {b} $c$}", "d"]),
    ("\\begin{align}\na &= b\n\\end{align}", ["\\begin{align}\na &= b\n\\end{align}"]),
    ("$$\\begin{aligned}a &= b\\end{aligned}$$", ["\\begin{aligned}a &= b\\end{aligned}"]),
    ("$$\na = b\n\n= c\n$$\n", ["a = b\n\n= c"]),
    ("> $$\n> a\n> = b\n> $$", ["a\n = b"]),
    (
        "$$\n\\begin{aligned}\n\na &= b\n\n\\end{aligned}\n$$\nso\n$$\nc\n$$\nand $d$",
        ["\\begin{aligned}\n\na &= b\n\n\\end{aligned}", "c", "d"],
    ),
    ("\\[\\begin{cases}a\n\nb\\end{cases}\\] c $d$", ["\\begin{cases}a\n\nb\\end{cases}", "d"]),
    ("$$\n\\begin{aligned}a\\end{aligned}\n\ntext\n$$\nc\n$$\n", ["|\\begin{aligned}a\\end{aligned}", "c"]),
    ("$$\na\n> b\n$$", ["a\n> b"]),
    ("1. Let $a$:\n   $$\n   b\n   $$\n", ["a", "b"]),
    ("| $a$ | $b$ |\n|:--|--:|\n| $c$ | $5 |", ["a", "b", "c"]),
    ("$$ $$ and $a$", ["a"]),
    ("の$a$の", ["a"]),
    ("$a$\r\n$$\r\nb\r\n= c\r\n$$\r\n", ["a", "b\n= c"]),
    # money
    ("It costs $5.", []),
    ("It costs $5 or $6, and $a$.", ["a"]),
    ("It costs $5, $a$ costs $6.", ["a"]),
    ("from $20 to $30", []),
    ("from $5-$6", []),
    ("US$5 and A$6 and A$7, $a$", ["a"]),
    ("I paid $5 for it, you owe me 10$.", []),
    ("$5\n\nand 6$", []),
    ("the variables $HOME and $PATH", []),
    ("$HOME", []),
    ("$5 and $$a$$", ["a"]),
    ("$$$", []),
    ("$5 `x$` $a$", ["a"]),
    # not closed
    (r"$\frac{a}{b", [r"|\frac{a}{b"]),
    ("$a_1 = b\nnext line\n\n$c$", ["|a_1 = b", "c"]),
    # spaces inside, where it can only be mathematics
    (r"$ \frac{a}{b} $ and $c$", [r"\frac{a}{b}", "c"]),
    ("$ x $, $ n $ and $z $", ["x", "n", "z"]),
    (r"of size $ n \times 1 $", [r"n \times 1"]),
    ("$ f(x) = 2 x $ or $a = b $", ["f(x) = 2 x", "a = b"]),
    (r"$ x \text{ where it is known } $", [r"x \text{ where it is known }"]),
    ("$ 5 (or 6) and $ 7", []),
    ("between $ 5 and $ 6", []),
    ("in $ (USD) and in $ (CAD)", []),
    ("US $ and $x$", ["x"]),
    (r"that costs $ 3 and $\alpha$ and $b$ more", [r"\alpha", "b"]),
    (r"it $ goes on and on, x_i $, as prose", [r"|goes on and on, x_i"]),
    ("$$\na = b\n\ntext $c$", ["|a = b", "c"]),
    ("$$\na = b\n\ntext\n\n$$\nc\n$$\n", ["|a = b", "c"]),
    ("$$\na = b\n\nwe have\n$$\nc\n$$\n", ["|a = b", "c"]),
    (r"\(a_1 = b", ["|a_1 = b"]),
    (r"a \[1] note", []),
    (r"\[\alpha \[b\]", [r"|\alpha", "b"]),
    ("```math\na", ["|a"]),
    ("\\begin{align} a\n\ntext $b$", ["|\\begin{align} a", "b"]),
    ("\\begin{align} a \\begin{align} b \\end{align}", ["|\\begin{align} a", "\\begin{align} b \\end{align}"]),
    ("\\end{align} $a$", ["a"]),
]


@pytest.mark.parametrize(("text", "expected"), MARKDOWN)
def test_markdown(text: str, expected: list[str]) -> None:
    assert formulas(markdown(text)) == expected


TEX = [
    (r"$a$ and \(b\)", ["a", "b"]),
    (r"$ a $", ["a"]),
    (r"$a$$b$", ["a", "b"]),
    (r"$$a$$ \[b\]", ["a", "b"]),
    (r"\$5 and $a$", ["a"]),
    (r"x \\$a$", ["a"]),
    (r"x \\[2pt] $a$ \\\[b\]", ["a", "b"]),
    ("$a$ % $b$\n$c$", ["a", "c"]),
    ("$a$ \\% $b$\n$c$", ["a", "b", "c"]),
    ("$a % b$\n$", ["a % b$"]),
    ("\\[a % \\]\n\\]", ["a % \\]"]),
    (
        "\\begin{equation}a % \\end{equation}\n\\end{equation}",
        ["\\begin{equation}a % \\end{equation}\n\\end{equation}"],
    ),
    (r"$a \text{ if $b$ is } c$", [r"a \text{ if $b$ is } c"]),
    (r"$\mbox{$a$}$ and $\textbf{b}$", [r"\mbox{$a$}", r"\textbf{b}"]),
    ("\\begin{verbatim}$a$\\end{verbatim} $b$", ["b"]),
    ("\\begin{lstlisting}[language=C]$a$\n\\end{lstlisting} $b$", ["b"]),
    ("\\begin{minted}{python}$a$\n\\end{minted} $b$", ["b"]),
    ("\\begin{comment}$a$\n\\end{comment} $b$", ["b"]),
    ("\\begin{verbatim} never closed, $b$", ["b"]),
    (r"\verb|$a$| \verb*+$+ \lstinline{$c$} \mintinline{c}|$d$| $b$", ["b"]),
    (r"\url{http://a.b/%$20} $b$", ["b"]),
    (r"\iffalse $a$ \ifx $b$ \fi $c$ \fi $d$", ["d"]),
    (r"\iffalse $a$ \else $b$ \fi $d$", ["b", "d"]),
    (r"\iffalse $a \iff b$", [r"a \iff b"]),
    (r"\documentclass{article} $a$ \begin{document} $b$ \end{document} $c$", ["b"]),
    ("% \\begin{document}\n$a$\\begin{document} $b$", ["b"]),
    (r"\documentclass{article} $a$", ["a"]),
    (r"\newenvironment{x}{\begin{align}}{\end{align}} $a$", ["a"]),
    ("text\r\n\r\n\\[\r\na\r\n= b\\]\r\n", ["a\n= b"]),
    ("\\[a\n\n= b\\]", ["a\n\n= b"]),
    # not closed
    ("$a\n\nb $c$", ["|a", "c"]),
    ("$a", ["|a"]),
    ("$$a\n\nb", ["|a"]),
    ("$$$ a", ["|$$$"]),
    (r"\(a \(b\)", ["|a", "b"]),
    ("\\(a\n\nb\\) $c$", ["|a", "c"]),
    ("\\[a\n\n$b$ \\[c\\]", ["|a", "b", "c"]),
    ("\\begin{align}a\n\n$b$", ["|\\begin{align}a", "b"]),
    ("\\begin{align}a\\end{align*}", ["|\\begin{align}a\\end{align*}"]),
]


@pytest.mark.parametrize(("text", "expected"), TEX)
def test_tex(text: str, expected: list[str]) -> None:
    assert formulas(tex(text)) == expected


@pytest.mark.parametrize("star", ["", "*"])
@pytest.mark.parametrize(
    "name",
    ["equation", "align", "gather", "multline", "alignat", "eqnarray", "flalign", "displaymath", "math", "dmath"],
)
def test_environments_keep_their_ends(name: str, star: str) -> None:
    whole = rf"\begin{{{name}{star}}} a &= b \\ % \end{{{name}{star}}}" + "\n" + rf"c &= d \end{{{name}{star}}}"
    (found,) = snippets(tex(f"so\n{whole}\nand"))
    assert (found.text, found.display, found.fault) == (whole, name + star != "math", "")


def test_environments_under_names_of_the_writers_own() -> None:
    source = tex(
        r"\newcommand{\be}{\begin{equation}} \def\ee{\end{equation}} \newcommand\bea{\begin{align*}}"
        r"\begin{document} \be a \ee \bea b \end{align*} \begin{equation} c \ee \beta \end{document}"
    )
    assert formulas(source) == [r"\be a \ee", r"\bea b \end{align*}", r"\begin{equation} c \ee"]


def test_display() -> None:
    source = markdown("$a$ $$b$$ $`c`$ \\(d\\) \\[e\\]\n```math\nf\n```\n\\begin{math}g\\end{math}")
    assert [s.display for s in snippets(source)] == [False, True, False, False, True, True, False]


def test_outer_is_with_delimiters() -> None:
    text = "x $ab$ $$ c $$ \\(d\\)\n```math\nf\n```\n"
    source = markdown(text)
    assert [text[s.outer.start : s.outer.end] for s in snippets(source)] == [
        "$ab$",
        "$$ c $$",
        r"\(d\)",
        "```math\nf\n```",
    ]


MACROS = [
    # text, macros, formulas
    (r"\newcommand{\R}{\mathbb{R}} $\R$", [r"\newcommand{\R}{\mathbb{R}}"], [r"\R"]),
    (r"$\newcommand{\R}{\mathbb{R}}$", [r"\newcommand{\R}{\mathbb{R}}"], []),
    ("$$\n\\newcommand{\\a}{b}\n\\a = c\n$$", [r"\newcommand{\a}{b}"], [r"\a = c"]),
    (r"\newcommand*\pd[2]{\frac{#1}{\partial #2}}", [r"\newcommand*\pd[2]{\frac{#1}{\partial #2}}"], []),
    (r"\newcommand{\pd}[2][L]{#1 #2} $a$", [r"\newcommand{\pd}[2][L]{#1 #2}"], ["a"]),
    (r"\renewcommand{\vec}[1]{\mathbf{#1}}", [r"\renewcommand{\vec}[1]{\mathbf{#1}}"], []),
    (r"\providecommand \x {a} $b$", [r"\providecommand \x {a}"], ["b"]),
    (r"\def\x{a} \def\y#1#2{#1_{#2}} $b$", [r"\def\x{a}", r"\def\y#1#2{#1_{#2}}"], ["b"]),
    (r"\let\x\alpha \let\y=\beta $b$", [r"\let\x\alpha", r"\let\y=\beta"], ["b"]),
    (r"\DeclareMathOperator{\tr}{tr} \DeclareMathOperator*{\argmin}{arg\,min}",
     [r"\DeclareMathOperator{\tr}{tr}", r"\DeclareMathOperator*{\argmin}{arg\,min}"], []),
    (r"\DeclarePairedDelimiter{\norm}{\lVert}{\rVert} $b$", [r"\DeclarePairedDelimiter{\norm}{\lVert}{\rVert}"], ["b"]),
    ("\\newcommand{\\x}\n  [1]\n  {a {b} \\} c} $b$", ["\\newcommand{\\x}\n  [1]\n  {a {b} \\} c}"], ["b"]),
    (r"\newcommand{\x}\alpha $b$", [r"\newcommand{\x}\alpha"], ["b"]),
    (r"\newcommand{\x}{$a$} $b$", [r"\newcommand{\x}{$a$}"], ["b"]),
    (r"\newcommandx{\x}{a} $b$", [], ["b"]),
    # not complete: no definitions
    (r"\newcommand{\x}{a", [], []),
    (r"\newcommand", [], []),
    (r"\newcommand{\x}", [], []),
    (r"\def\x $b$", [], ["b"]),
    ("\\newcommand{\\x}{a\n\nb} $c$", [], ["c"]),
    (r"$\newcommand{\x}{a$ }", [], [r"\newcommand{\x}{a"]),
]  # fmt: skip


@pytest.mark.parametrize("read", [markdown, tex])
@pytest.mark.parametrize(("text", "defined", "expected"), MACROS)
def test_macros(read: object, text: str, defined: list[str], expected: list[str]) -> None:
    assert callable(read)
    source = read(text)
    assert (macros(source), formulas(source)) == (defined, expected)


def test_macros_of_a_preamble() -> None:
    source = tex("\\newcommand{\\R}{% \\def\\no{}\n  {R}} % \\def\\no{}\n\\begin{document}\\def\\x{y}")
    assert macros(source) == ["\\newcommand{\\R}{% \\def\\no{}\n  {R}}", "\\def\\x{y}"]


def test_macros_in_code_do_not_count() -> None:
    assert macros(markdown("`\\def\\x{y}`\n```\n\\def\\x{y}\n```\n<!-- \\def\\x{y} -->")) == []
    assert macros(tex("\\verb|\\def\\x{y}|\\begin{verbatim}\\def\\x{y}\\end{verbatim}")) == []


DIRECTIVES = [
    (markdown, "<!-- symjac: rows of T sum to 1 -->", ["rows of T sum to 1"], []),
    (markdown, "<!--symjac:a--> $b$ <!-- SYMJAC : c -->", ["a", "c"], ["b"]),
    (markdown, "<!--\nsymjac:\n  a;\n  b\n-->", ["a;\n  b"], []),
    (markdown, "> <!-- symjac: a;\n> b -->", ["a;\n b"], []),
    (markdown, "<!-- symjacs: a --> <!-- not symjac: a -->", [], []),
    (markdown, "`<!-- symjac: a -->`", [], []),
    (markdown, "<!-- symjac: a\n\n$b$", ["|a"], ["b"]),
    (markdown, "$$\na % symjac: b\n= c \\% symjac: d\n$$", ["b"], ["a \n= c \\% symjac: d"]),
    (markdown, "% symjac: a", [], []),
    (tex, "% symjac: f = relu\n$a$", ["f = relu"], ["a"]),
    (tex, "%%  Symjac: f = relu\r\n$a$", ["f = relu"], ["a"]),
    (tex, "% symjac: a\n\\begin{document}\n% symjac: b\n\\end{document}\n% symjac: c", ["a", "b"], []),
    (tex, "\\[a % symjac: b\n= c\\]", ["b"], ["a \n= c"]),
    (tex, "\\% symjac: a", [], []),
    (tex, "<!-- symjac: a -->", [], []),
    (markdown, "---\nsymjac: a\n---\n$b$", ["a"], ["b"]),
    (markdown, "---\ntitle: x\nsymjac:\n  - a\n  - 'b: c'\n---\n$b$", ["a", "b: c"], ["b"]),
    (markdown, "---\nsymjac: |\n  a\n\n  b = c\n...\n$b$", ["a", "b = c"], ["b"]),
    (markdown, "---\nsymjac:\n  samples: rows\n  f: relu\n---\n", ["samples = rows", "f = relu"], []),
    (markdown, "---\ntitle: *unread\n---\n$b$", [], ["b"]),
    (markdown, "---\n$b$", [], ["b"]),
    (markdown, "text\n---\nsymjac: a\n---\n", [], []),
    (yaml, "symjac: [a, b: c]\nclaims: [d]", ["a", "b = c"], ["d"]),
]


@pytest.mark.parametrize(("read", "text", "expected", "mathematics"), DIRECTIVES)
def test_directives(read: object, text: str, expected: list[str], mathematics: list[str]) -> None:
    assert callable(read)
    source = read(text) if not text.startswith("---") else read_source("a.md", text)
    assert (directives(source), formulas(source)) == (expected, mathematics)


def test_items_stand_in_the_order_of_the_file() -> None:
    source = markdown("$a$ <!-- symjac: b --> $$c\n% symjac: d\n$$ $e$")
    assert [item.text for item in source.items] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("name", ["notes.md", "notes.tex"])
def test_sidecar(tmp_path: Path, name: str) -> None:
    notes, beside = tmp_path / name, tmp_path / (name + ".symjac.yaml")
    notes.write_text("$a$")
    beside.write_text("# said beside\n- f = relu\n- samples: rows\n")
    source = read_source(notes)
    assert directives(source) == ["f = relu", "samples = rows"]
    assert formulas(source) == ["a"]
    item = source.items[1]
    assert isinstance(item, Directive)
    assert item.file == str(beside)
    assert source.place_of(item) == Place(str(beside), 3, 3, "- samples: rows")
    assert directives(read_source(notes, "$a$")) == []
    beside.write_text("symjac: f = relu")
    assert directives(read_source(notes)) == ["f = relu"]
    beside.write_text("- [")
    with pytest.raises(InputError) as error:
        read_source(notes)
    assert error.value.place.file == str(beside)
    with pytest.raises(InputError, match="no notes"):
        read_source(beside)


YAML = [
    # text, (role, formula)
    ("claims: [a = b]", ["claim a = b"]),
    ("claims:\n  - a = b\n  - 'c = d'", ["claim a = b", "claim c = d"]),
    ("claims: a = b", ["claim a = b"]),
    ("claims:\n- a\ngiven:\n- b", ["given b", "claim a"]),
    ("given: |\n  a = b\n\n  c = d\nclaims: [e]", ["given a = b", "given c = d", "claim e"]),
    ("given: |\n  a =\n    b\n  c = \\frac{d\n  }{e}\nclaims: [e]",
     ["given a =\n  b", "given c = \\frac{d\n}{e}", "claim e"]),
    ("given: |\n  \\begin{align}\n  a\n  \\end{align}\n  b\nclaims: [e]",
     ["given \\begin{align}\na\n\\end{align}", "given b", "claim e"]),
    ("given: |\n  a }\n  b {\n  c }\nclaims: [e]", ["given a }", "given b {\nc }", "claim e"]),
    ("given: |\n  Let $a = b$, and\n  \\[c\\] hold.\nclaims: ['$e$']", ["given a = b", "given c", "claim e"]),
    ("claims: ['$a', 'costs $5', '$$']", ["claim $a", "claim costs $5", "claim $$"]),
    ("claims: [\"\\\\frac{a}{b} = '\\\\top'\"]", ["claim \\frac{a}{b} = '\\top'"]),
    ("claims: ['f''(a)']", ["claim f'(a)"]),
    ("claims:\n- >\n  a =\n  b\n", ["claim a = b"]),
    ("notation: latex\nclaims: [a]\ntitle: t\nnotes: n", ["claim a"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), YAML)
def test_yaml(text: str, expected: list[str]) -> None:
    assert [f"{s.role} {s.text}" for s in snippets(yaml(text))] == expected


def test_yaml_claims_that_are_mappings() -> None:
    source = yaml(
        "notation: plain\n"
        "macros:\n  - \\newcommand{\\x}{y}\n"
        "given: vector x\n"
        "claims:\n"
        "- id: A1\n  claim: x'*A*x\n  verdict: proved\n"
        "- claim: $a$ is $b$\n  notation: latex\n  id: 7\n"
        "- y'"
    )
    assert [(s.id, s.text, s.notation, s.role, s.extra) for s in snippets(source)] == [
        ("", "vector x", "plain", "given", ()),
        ("A1", "x'*A*x", "plain", "claim", (("verdict", "proved"),)),
        ("7", "a", "latex", "claim", ()),
        ("7", "b", "latex", "claim", ()),
        ("", "y'", "plain", "claim", ()),
    ]
    assert macros(source) == [r"\newcommand{\x}{y}"]


YAML_PLACES = [
    # text, part of the formula, line and column
    ("claims:\n  - ab = cd", "cd", (2, 10)),
    ("claims:\n  - 'ab = cd'", "cd", (2, 11)),
    ("claims:\n  - 'f''(a) = cd'", "cd", (2, 15)),
    ('claims:\n  - "\\\\alpha \\x41 = cd"', "cd", (2, 21)),
    ("claims:\n  - ab\n    = cd", "cd", (3, 7)),
    ("claims:\n  - 'ab\n\n    = cd'", "cd", (4, 7)),
    ("claims:\n  - |\n    ab\n      = cd", "cd", (4, 9)),
    ("claims:\n  - >-\n    ab\n    = cd", "cd", (4, 7)),
    ("claims: |\n  ab\n  = cd", "cd", (3, 5)),
    ("claims: |2\n    ab\n  = cd", "cd", (3, 5)),
    ('claims:\n  - "ab \\\n     = cd"', "cd", (3, 8)),
    ("\ufeffclaims:\r\n  - ab\r\n    = cd\r\n", "cd", (3, 7)),
    ("claims:\r\n  - |\r\n    ab\r\n    = cd\r\n", "cd", (4, 7)),
    ("claims:\n  - {id: é𝔸, claim: $é = cd$}", "cd", (2, 26)),
]


@pytest.mark.parametrize(("text", "part", "place"), YAML_PLACES)
def test_yaml_places(text: str, part: str, place: tuple[int, int]) -> None:
    source = yaml(text)
    found = next(s for s in snippets(source) if part in s.text)
    at = source.place(found.offsets[found.text.index(part)])
    assert (at.line, at.column) == place
    assert at.source[at.column - 1 :].startswith(part)


BAD_YAML = [
    # text, found, (line, column)
    ("", "empty", (1, 1)),
    ("- a", "no `claims:`", (1, 1)),
    ("given: [a]", "no `claims:`", (1, 1)),
    ("claim: [a]\nclaims: [a]", "unknown key 'claim'", (1, 1)),
    ("claims:\n  a: b", "a mapping instead of a list", (2, 3)),
    ("claims:\n  - a: b", "without `claim:`", (2, 5)),
    ("given:\n  - a: b\nclaims: [c]", "instead of text", (2, 5)),
    ("claims:\n  - claim: [a]", "instead of text", (2, 12)),
    ("claims:\n  - notaton: plain\n    claim: a", "unknown key 'notaton'", (2, 5)),
    ("claims: [a]\nnotation: tex", "unknown notation", (2, 11)),
    ("claims:\n  -\n  - a", "nothing here", (2, 4)),
    ("claims: [*a]", "alias", (1, 10)),
    ("claims: [", "not YAML", (1, 10)),
    ("claims: [!!python/name:os.system a]", "tag", (1, 10)),
    ('claims:\n  - "a = \\nabla f"', "does not read \\nabla", (2, 10)),
    ('claims:\n  - "x^\\top"', "does not read \\top", (2, 8)),
    ('claims: ["\\ud800"]', "not Unicode", (1, 10)),
]


@pytest.mark.parametrize(("text", "found", "place"), BAD_YAML)
def test_bad_yaml(text: str, found: str, place: tuple[int, int]) -> None:
    with pytest.raises(InputError) as error:
        read_source("notes.yaml", text)
    assert found in error.value.found
    assert (error.value.place.line, error.value.place.column) == place


def test_bad_front_matter_has_its_place() -> None:
    with pytest.raises(InputError) as error:
        read_source("notes.md", "---\ntitle: a\nsymjac: [a\n---\n")
    assert error.value.place.line >= 3


def test_claims_of_the_command_line() -> None:
    source = checked(from_claim("$\\frac{a}{b} = c$", ["a = b", "\\newcommand{\\x}{y}", "let $c$ be\n$d$"]))
    assert [(s.role, s.text) for s in snippets(source)] == [
        ("given", "a = b"),
        ("given", "c"),
        ("given", "d"),
        ("claim", "\\frac{a}{b} = c"),
    ]
    assert macros(source) == [r"\newcommand{\x}{y}"]
    assert [(s.text, s.notation) for s in snippets(from_claim(" x'*A ", [], "plain"))] == [("x'*A", "plain")]
    for bad in ("", " ", "a\0", "\ud800"):
        with pytest.raises(InputError):
            from_claim(bad)


PLACES = [
    # text, line, column of the formula, the line
    ("$a$", 1, 2, "$a$"),
    ("\ufeff$a$", 1, 2, "$a$"),
    ("b\n é $a$ c\nd", 2, 5, " é $a$ c"),
    ("b\r\n$a$ c\r\nd", 2, 2, "$a$ c"),
    ("b\u2028c\x0b\x0c $a$", 1, 8, "b\u2028c\x0b\x0c $a$"),
    ("𝔸\n\n\n  $$\n  a$$", 5, 3, "  a$$"),
]


@pytest.mark.parametrize("name", ["a.md", "a.tex"])
@pytest.mark.parametrize(("text", "line", "column", "source"), PLACES)
def test_places(tmp_path: Path, name: str, text: str, line: int, column: int, source: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    for found in (read_source(tmp_path / name), read_source(tmp_path / name, text)):
        at = found.place_of(found.items[0])
        assert (at.line, at.column, at.source) == (line, column, source)
        assert found.bom == text.startswith("\ufeff")


def test_place_agrees_with_counting() -> None:
    text = "a\n\nbc\r\n\r\nd"
    source = read_source("a.md", text)
    for offset in range(len(text) + 1):
        place = source.place(offset)
        assert place.line == text[:offset].count("\n") + 1
        assert place.column == offset - (text.rfind("\n", 0, offset) + 1) + 1
    assert source.place(99) == source.place(len(text))
    assert read_source("a.md", "").place(0) == Place("a.md", 1, 1)


UNUSABLE = [
    ("a.txt", b"a", "unknown kind", 1, 1),
    ("a", b"a", "unknown kind", 1, 1),
    ("a.md", b"ab\nc\0d", "NUL", 2, 2),
    ("a.tex", b"ab\nc\xff", "0xff is not UTF-8", 2, 2),
    ("a.md", "a".encode("utf-16"), "is not UTF-8", 1, 1),
    ("a.md", b"a" * (MAX_BYTES + 1), "too large", 1, 1),
    ("a.yaml", b"claims:\n- " + b"a" * 600_000, "too much YAML", 1, 1),
]


@pytest.mark.parametrize(("name", "content", "found", "line", "column"), UNUSABLE)
def test_unusable_files(tmp_path: Path, name: str, content: bytes, found: str, line: int, column: int) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        read_source(tmp_path / name)
    assert found in error.value.found
    assert (error.value.place.line, error.value.place.column) == (line, column)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "d.md").mkdir()
    for name in ("missing.md", "d.md", "nul\0.md", "long" * 100 + ".md"):
        with pytest.raises(InputError):
            read_source(str(tmp_path / name))


@pytest.mark.slow
def test_too_many_formulas() -> None:
    with pytest.raises(InputError, match="more than") as error:
        read_source("a.md", "$a$ \n" * (MAX_ITEMS + 1))
    assert error.value.place.line == MAX_ITEMS + 1


def test_an_endless_formula_is_cut_and_has_a_fault() -> None:
    for text in ("$$\n" + "a\r\n" * 200_000 + "$$ $b$", "\\begin{align}" + "a" * 200_000 + "\\end{align} $b$"):
        first, second = snippets(tex(text))
        assert "longer than" in first.fault
        assert len(first.text) < 10_000
        assert second.text == "b"


@pytest.mark.parametrize("file", sorted((*GENERATED.glob("*.md"), *GENERATED.glob("*.tex"))), ids=lambda p: p.name)
def test_documents_of_our_own(file: Path) -> None:
    source = checked(read_source(file))
    assert len(source.items) > 50
    assert not [item for item in source.items if item.fault]


WORDS = [
    *("$", "$$", "$$$", "`", "```", "```math\n", "~~~", "\\", "\\\\", "{", "}", "{}", "[", "]", "#1", "%", "<!--"),
    *("-->", "symjac:", "<!-- symjac:", "% symjac: a", "---\n", "symjac: a\n", "\n", "\n\n", "\r\n", "\r", " ", "> "),
    *("- ", "    ", "\\(", "\\)", "\\[", "\\]", "\\begin{align}", "\\end{align}", "\\begin{equation*}"),
    *("\\end{equation*}", "\\$", "\\begin{verbatim}", "\\end{verbatim}", "\\verb|", "|", "\\begin{document}"),
    *("\\end{document}", "\\iffalse", "\\fi", "\\newcommand", "\\newcommand{\\x}{", "\\def\\x", "\\let\\a=\\b"),
    *("\\DeclareMathOperator*{\\t}{t}", "\\be", "\\ee", "\\newcommand{\\be}{\\begin{align}}"),
    *("\\def\\ee{\\end{align}}", "\\newenvironment{a}", "\\text{", "\\mbox{", "a", "b = c", "5", "é", "𝔸", "\ufeff"),
    *("<pre>", "</pre>", "\\url{", "\t", "claims:", "given: |\n  ", "'", '"', ": ", "notation: plain\n", "claim: "),
    *("id: ", ">-\n  ", "|\n", "[a, b]", "&a", "*a", "!!x", "? ", "@", "\u2028", "\x85"),
]  # fmt: skip


def refused(error: InputError, rightly: bool = True) -> None:
    assert rightly, error.found
    assert error.render().startswith(f"{error.place.file}:{error.place.line}:")


texts = st.one_of(st.lists(st.sampled_from(WORDS), max_size=40).map("".join), st.text(max_size=60))


@pytest.mark.parametrize("read", [markdown, tex])
@settings(max_examples=400, deadline=None)
@given(text=texts)
def test_any_text_is_read(read: object, text: str) -> None:
    assert callable(read)
    try:
        source = read(text) if not text.startswith("---") else read_source("a.md", text)
    except InputError as error:
        refused(error, "\0" in text or text.startswith("---"))
        return
    assert all(source.text[s.outer.start : s.outer.end] for s in snippets(source))


@settings(max_examples=400, deadline=None)
@given(head=st.sampled_from(["", "claims:\n- ", "claims: |\n  ", "claims:\n- claim: ", 'claims:\n- "']), text=texts)
def test_any_yaml_is_read_or_refused(head: str, text: str) -> None:
    try:
        yaml(head + text)
    except InputError as error:
        refused(error)


@settings(max_examples=200, deadline=None)
@given(claim=texts, given=st.lists(texts, max_size=2), notation=st.sampled_from(["latex", "plain"]))
def test_any_claim_is_read_or_refused(claim: str, given: list[str], notation: str) -> None:
    try:
        checked(from_claim(claim, given, notation))
    except InputError as error:
        refused(error)


@settings(max_examples=200, deadline=None)
@given(value=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_quoted_yaml_keeps_every_place(value: str) -> None:
    quoted = value.replace("'", "''")
    text = f"claims:\n- '{quoted}'"
    try:
        source = read_source("a.yaml", "notation: plain\n" + text)
    except InputError:
        return
    for s in snippets(source):
        assert [source.text[o] for o in s.offsets[:-1] if not source.text[o].isspace()] == s.text.split("\n") or all(
            source.text[o] == c for o, c in zip(s.offsets, s.text, strict=False) if not c.isspace()
        )


BROKEN = [
    *("$", "{", "}", "{a", "\\newcommand{", "\\newcommand{\\a}{", "\\def\\a{", "\\", "\\\\", "\n", "`", "``a` "),
    *("$a ", "$ ", "$$a", "$$\n\na\n\n", "\\(", "\\[", "\\\\(", "\\begin{align}", "\\begin{align}\n\n", "%", "%\n"),
    *("<!--", "$`a", "<!-- symjac:", "```\n", "```math\n", "\\text{$", "$\\text{$", "$\\text{$a $}"),
    *("\\text{$a $}\n", "$\\text{a{}"),
    *("\\verb|", "\\iffalse ", "<pre>", "\\url{", "\\newenvironment{a}", "> ", "- ", "\\begin{verbatim}"),
    *("\\begin{document}", "% \\begin{document}"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["a.md", "a.tex"])
@pytest.mark.parametrize("unit", [unit if place % 3 == 0 else slow(unit) for place, unit in enumerate(BROKEN)])
def test_broken_text_is_read_in_linear_time(name: str, unit: str) -> None:
    """Eight times the text takes about eight times as long: a quadratic search takes sixty-four times."""

    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        start = time.process_time()
        try:
            read_source(name, text)
        except InputError as error:
            refused(error, "more than" in error.found)
        return time.process_time() - start

    short = min(seconds(10_000) for _ in range(2))
    assert min(seconds(80_000) for _ in range(2)) < 24 * short + 0.2


@pytest.mark.slow
def test_ten_megabytes(tmp_path: Path) -> None:
    line = "Let $x_i$ be a sample; it costs \\$5. Then we have, with `code`, what follows and more words of prose.\n"
    text = (line + "$$\ny = f(x) \\tag{1}\n$$\n\n") * 70_000
    path = tmp_path / "a.md"
    path.write_text(text)
    start = time.process_time()
    source = read_source(path)
    assert source.place_of(source.items[-1]).line == 350_000 - 2
    assert len(source.items) == 140_000
    assert time.process_time() - start < 30
