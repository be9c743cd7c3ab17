"""Notebooks, web pages, reStructuredText, what documents include, standard input: what is found, and where."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

import pytest

from symjac.core.errors import InputError
from symjac.notes import includes
from symjac.notes.source import Snippet, Source, from_stream, read_source
from tests.notes.test_source import directives, formulas, macros, snippets


def notebook(*cells: tuple[str, str | list[str]], **more: object) -> str:
    made = [{"cell_type": kind, "metadata": {}, "source": source} for kind, source in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}, indent=1)


def mapped(source: Source) -> Source:
    """The source, after what holds of every text that was put together: each formula stands where it is said to."""
    assert source.origins is not None
    for item in snippets(source):
        assert list(item.offsets) == sorted(item.offsets)
        assert [source.text[o] for o in item.offsets[:-1]] == list(item.text)
        home, span = source.origins.span(item.span)
        assert 0 <= span.start <= span.end <= len(home.text)
        assert source.origins.at(item.span.start) == (home, span.start)
    return source


def where(source: Source, item: Snippet) -> tuple[int | None, int, int]:
    place = source.place(item.span.start)
    return source.cell(item.span.start), place.line, place.column


# ---------------------------------------------------------------- notebooks


def test_the_cells_of_a_notebook() -> None:
    text = notebook(
        ("markdown", ["# Title\n", "Let $L = \\frac{1}{2} x$.\n", "<!-- symjac: f = relu -->"]),
        ("code", ["x = '$a = b$'\n"]),
        ("raw", "$c$"),
        ("markdown", 'so $$\n\\nabla L = \\tfrac12\n$$ and "$é$"'),
        ("markdown", []),
    )
    for spelled in (text, json.dumps(json.loads(text)), json.dumps(json.loads(text), ensure_ascii=False)):
        source = mapped(read_source("n.ipynb", spelled))
        assert source.kind == "notebook"
        assert formulas(source) == [r"L = \frac{1}{2} x", r"\nabla L = \tfrac12", "é"]
        assert directives(source) == ["f = relu"]
        assert [where(source, s) for s in snippets(source)] == [(1, 2, 6), (4, 2, 1), (4, 3, 10)]
        raw = [source.origins.span(s.span) for s in snippets(source) if source.origins]
        spellings = [home.text[span.start : span.end] for home, span in raw]
        assert spellings[:2] == [json.dumps(s.text)[1:-1] for s in snippets(source)][:2]
    (first, _, _), ((_, span), *_) = snippets(source), raw
    assert spelled.count("\n", 0, span.start) == 0 and first.text.startswith("L")


def test_what_is_open_ends_with_its_cell() -> None:
    source = read_source("n.ipynb", notebook(("markdown", "```\n$a$"), ("markdown", "$b$ <pre>"), ("markdown", "$c$")))
    assert formulas(source) == ["b", "c"]


def test_an_older_notebook() -> None:
    cell = {"cell_type": "markdown", "source": ["$a$"]}
    text = json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell]}, {"cells": [{"cell_type": "code"}, cell]}]})
    source = read_source("n.ipynb", text)
    assert [(s.text, source.cell(s.span.start)) for s in snippets(source)] == [("a", 1), ("a", 3)]
    assert source.line_said(source.text.rindex("a")) == "cell 3, line 1"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[]", "without a list of cells"),
        ("{}", "without a list of cells"),
        ('{"cells": 5}', "without a list of cells"),
        ('{"cells": {}}', "without a list of cells"),
        ("[" * 100_000, "too deep"),
        ('{"cells": [1' + "0" * 5000 + "]}", "digits"),
    ],
)
def test_no_notebook(text: str, found: str) -> None:
    with pytest.raises(InputError, match=found):
        read_source("n.ipynb", text)


@pytest.mark.parametrize("cell", [5, None, [], {}, {"cell_type": 5}, {"cell_type": "markdown", "source": {"a": "$b$"}}])
def test_cells_that_are_none_have_nothing(cell: object) -> None:
    assert formulas(read_source("n.ipynb", json.dumps({"cells": [cell, "$a$"]}))) == []


def test_keys_that_stand_twice_change_no_place() -> None:
    text = '{"cells": [{"source": "$x$", "cell_type": "code", "cell_type": "markdown", "source": "a $b$"}]}'
    (one,) = snippets(source := mapped(read_source("n.ipynb", text)))
    assert source.origins and source.origins.span(one.span)[1].start == text.index("b$")


# ---------------------------------------------------------------- web pages

PAGES = [
    ("<p>so $a = b$</p>", ["a = b"]),
    ("<p>$$a &lt; b &amp; c$$ \\(d\\) \\[e\\]</p>", ["a < b & c", "d", "e"]),
    ("\\begin{align}a &amp;= b\\end{align}", ["\\begin{align}a &= b\\end{align}"]),
    ('<script type="math/tex">a < b</script>', ["a < b"]),
    ("<script type='math/tex; mode=display'>a = b</script>", ["a = b"]),
    ('<script type="math/tex; mode=display">% <![CDATA[\na &= b %]]></script>', ["% <![CDATA[\na &= b %]]>"]),
    ('<script type="math/tex">a &lt; b</script>', ["a < b"]),
    (
        'so <semantics><mi>x</mi><annotation encoding="application/x-tex">x</annotation></semantics> <b>$y$</b>',
        ["x", "y"],
    ),
    ("<script>var x = '$a$';</script><style>$b$</style> $c$", ["c"]),
    ("<script>$a$", []),
    ("<pre>$a$</pre><code>$b$</code> <em>$c$</em>", ["c"]),
    ("<!-- $a$ --> $b$ <!-- $c$", ["b", "c"]),
    (
        '<span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>a</mi></mrow>'
        '<annotation encoding="application/x-tex">a \\lt b &amp; c</annotation></semantics></math></span>'
        '<span class="katex-html" aria-hidden="true"><span>$a$</span><span></span></span></span> $d$',
        [r"a \lt b & c", "d"],
    ),
    (
        '<math alttext="x"><semantics><mi>x</mi><annotation encoding="application/x-tex">{\\displaystyle x=1}'
        '</annotation></semantics></math><img class="mwe-math-fallback-image-inline" alt="$y$">',
        ["x=1"],
    ),
    ("<math><mi>x</mi><annotation encoding='MathType-MTEF'>$q$</annotation></math> $y$", ["y"]),
    ("<span class='MathJax_Preview'>$x$</span><script type='math/tex'>x</script>", ["x"]),
    ("<mjx-container>$x$</mjx-container> $y$", ["y"]),
    ("<p>it costs $5</p><p>and $6</p> $z$", ["z"]),
    ("a < b and $c$ <unclosed $d$", ["c", "d"]),
    ("&unknown; &#0; &#xD800; $a$", ["a"]),
    ("`$a$` ~~~\n$b$", ["a", "b"]),
    ("<a title='$x$ > y' href=\"$z$\">$a$</a>", ["a"]),
    ("\\newcommand{\\R}{\\mathbb{R}} $x \\in \\R$", [r"x \in \R"]),
]


@pytest.mark.parametrize(("page", "expected"), PAGES)
def test_mathematics_of_a_page(page: str, expected: list[str]) -> None:
    assert formulas(mapped(read_source("p.html", page))) == expected


def test_places_of_a_page() -> None:
    text = "<!DOCTYPE html>\n<html><title>$t$</title>\n<h2>A &amp; B</h2>\n<p>x &lt;\n  so $a &lt; b$, $c$\n</html>"
    source = mapped(read_source("p.htm", text))
    assert [where(source, s) for s in snippets(source)] == [(None, 5, 7), (None, 5, 19)]
    assert "\n## A & B\n" in source.text
    (home, span) = source.origins.span(snippets(source)[0].span) if source.origins else (None, None)
    assert home and span and home.text[span.start : span.end] == "a &lt; b"
    assert source.sections.levels == [2]


def test_directives_and_macros_of_a_page() -> None:
    source = read_source("p.html", "<p>\n<!-- symjac: f = relu -->\n$\\def\\x{y} \\x$")
    assert (directives(source), macros(source)) == (["f = relu"], [r"\def\x{y}"])


# ---------------------------------------------------------------- reStructuredText

RST = [
    ("so :math:`a = b` holds", ["a = b"]),
    ("so `a = b`:math: holds", ["a = b"]),
    ("``:math:`a``` and ``$x$``, :math:`b`", ["b"]),
    ("over :math:`a\n+ b` lines", ["a\n+ b"]),
    (".. math:: a = b\n\nthen", ["a = b"]),
    (".. math:: a\n   + b\n\n   c\n\nthen :math:`d`", ["a\n   + b", "c", "d"]),
    (".. math::\n   :label: one\n\n   a &= b \\\\\n   c &= d\n\nend", ["a &= b \\\\\n   c &= d"]),
    (".. math:: x\n   :label: y\n", ["x"]),
    (".. note::\n\n   .. math:: a\n\n   so :math:`b`", ["a", "b"]),
    (".. code-block:: python\n\n   :math:`a`\n\n:math:`b`", ["b"]),
    ("As in::\n\n   :math:`a`\n\n:math:`b`", ["b"]),
    (".. a comment :math:`a`\n   and :math:`b`\n\n:math:`c`", ["c"]),
    ("..\n   :math:`a`\n\n:math:`c`", ["c"]),
    (">>> ':math:`a`'\n\n:math:`c`", ["c"]),
    (".. [1] A note: :math:`a`.", ["a"]),
    ("* item :math:`a`\n* item :math:`b`", ["a", "b"]),
    ("the $5 and $6 :math:`a`", ["a"]),
    (":math:`a", ["|a"]),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), RST)
def test_restructured_text(text: str, expected: list[str]) -> None:
    for ends in (text, text.replace("\n", "\r\n")):
        source = read_source("n.rst", ends)
        assert [f.replace("\r", "") for f in formulas(source)] == expected


def test_directives_and_headings_of_restructured_text() -> None:
    text = (
        "Head\n====\n\n.. symjac: f = relu\n   A is symmetric\n\nPart\n----\n\n:math:`x`\n\nNext\n====\n\n:math:`y`\n"
    )
    source = read_source("n.rst", text)
    assert directives(source) == ["f = relu\n   A is symmetric"]
    assert source.sections.levels == [1, 2, 1]
    one, other = snippets(source)
    assert source.sections.part(one.span.start, other.span.start)
    assert where(source, one) == (None, 10, 8)


# ---------------------------------------------------------------- documents that include others


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "doc" / "parts").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "doc"


def test_what_is_included_stands_in_its_place(folder: Path) -> None:
    (folder / "main.tex").write_text("\\input{macros}\n\\begin{document}\n$a$ \\input{parts/one} $d$\n\\end{document}")
    (folder / "macros.tex").write_text("\\newcommand{\\R}{\\mathbb{R}}\n")
    (folder / "parts" / "one.tex").write_text("first\n$b$ \\input parts/two.tex\n")
    (folder / "parts" / "two.tex").write_text("\\documentclass{x}\\begin{document}\n $c$ \\end{document} $x$")
    source = read_source("doc/main.tex")
    assert formulas(source) == ["a", "b", "c", "d"]
    assert macros(source) == [r"\newcommand{\R}{\mathbb{R}}"]
    assert source.included == ("doc/macros.tex", "doc/parts/one.tex", "doc/parts/two.tex")
    places = [source.place(s.span.start) for s in snippets(source)]
    assert [(p.file, p.line, p.column) for p in places] == [
        ("doc/main.tex", 3, 2),
        ("doc/parts/one.tex", 2, 2),
        ("doc/parts/two.tex", 2, 3),
        ("doc/main.tex", 3, 24),
    ]
    said = [source.line_said(s.span.start) for s in snippets(source)]
    assert said == ["line 3", "line 2 of doc/parts/one.tex", "line 2 of doc/parts/two.tex", "line 3"]


def test_what_is_no_command_to_include(folder: Path) -> None:
    (folder / "one.tex").write_text("$x$")
    (folder / "main.tex").write_text("% \\input{one}\n\\newcommand{\\f}[1]{\\input{#1}} \\inputfile{one} \\\\input $a$")
    source = read_source(folder / "main.tex")
    assert formulas(source) == ["a"] and source.origins is None


def test_a_file_ends_where_it_says_so(folder: Path) -> None:
    (folder / "one.tex").write_text("$x$\n\\endinput\n$y$")
    (folder / "main.tex").write_text("\\include{one}")
    assert formulas(read_source(folder / "main.tex")) == ["x"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing", "no such file"),
        ("../outside", "outside"),
        ("out", "outside"),
        ("/etc/hosts", "no such file"),
        ("main", "includes itself"),
        ("pipe", "no such file"),
        ("deep", "includes itself"),
        ("binary", "not UTF-8"),
        ("nul", "not text"),
        ("x" * 299, "no such file"),
    ],
)
def test_what_cannot_be_included_is_said(folder: Path, name: str, why: str) -> None:
    import os

    (folder.parent / "outside.tex").write_text("$secret$")
    (folder / "out.tex").symlink_to("../outside.tex")
    os.mkfifo(folder / "pipe.tex")
    (folder / "deep.tex").write_text("$z$ \\input{main}")
    (folder / "binary.tex").write_bytes(b"\xff")
    (folder / "nul.tex").write_bytes(b"\0")
    (folder / "main.tex").write_text(f"$a$ \\input{{{name}}} $b$")
    source = read_source("doc/main.tex")
    assert [f for f in formulas(source) if not f.startswith("|")] == (["a", "z", "b"] if name == "deep" else ["a", "b"])
    (fault,) = (s for s in snippets(source) if s.fault)
    assert why in fault.fault and fault.text.startswith("\\input{")
    assert not any("secret" in s.text for s in snippets(source))


def test_bounds_of_what_is_included(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(20):
        (folder / f"f{n}.tex").write_text(f"$x_{{{n}}}$ \\input{{f{n + 1}}} \\input{{f{n + 1}}}")
    (folder / "f20.tex").write_text("$y$")
    source = read_source(folder / "f0.tex")
    assert len(source.included) == includes.MOST_FILES
    assert {s.fault for s in snippets(source) if s.fault} == {
        "files are included more than 15 deep",
        "more than 500 files are included",
    }
    monkeypatch.setattr(includes, "MAX_LENGTH", 40)
    assert any("too large" in s.fault for s in snippets(read_source(folder / "f0.tex")))


# ---------------------------------------------------------------- standard input

STREAMS = [
    ("so $a$", "markdown"),
    ("", "markdown"),
    ("% c\n\\documentclass{article}\n\\begin{document}$a$", "tex"),
    ("text\n\\section{A} $a$", "tex"),
    ("<!DOCTYPE html><p>$a$", "html"),
    ("\n<html>$a$", "html"),
    (notebook(("markdown", "$a$")), "notebook"),
    ("T\n=\n\n.. math:: a\n", "rst"),
    ("so :math:`a`", "rst"),
    ("given: []\nclaims:\n  - $a$\n", "yaml"),
    ("{a} $a$", "markdown"),
]


@pytest.mark.parametrize(("text", "kind"), STREAMS)
def test_standard_input_shows_what_it_is(text: str, kind: str) -> None:
    source = from_stream(io.BytesIO(text.encode()))
    assert (source.file, source.kind) == ("standard input", kind)
    assert formulas(source) == (["a"] if text else [])


@pytest.mark.parametrize("content", [b"\xff", b"a\0"])
def test_standard_input_that_is_no_text(content: bytes) -> None:
    with pytest.raises(InputError):
        from_stream(io.BytesIO(content))


PIECES = "<p> </p> $ $$ a &lt; &amp; <pre> </pre> <math> </math> \\( \\) é \n <!-- --> = b"


def test_pages_of_pieces_keep_their_places() -> None:
    """Texts put together from words of all kinds: a character that is taken over stands where it is said to."""
    rng = random.Random(5)
    words = PIECES.split(" ")
    for _ in range(100):
        text = "".join(rng.choice(words) for _ in range(30))
        source = mapped(read_source("p.html", text))
        for offset, character in enumerate(source.text):
            home, at = source.origins.at(offset) if source.origins else (None, 0)
            assert home and (home.text[at : at + 1] in (character, "&", "<", "") or character in "\n#")
