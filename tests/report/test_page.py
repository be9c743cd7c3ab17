"""The page: all of the notes, every verdict in words beside its formula, and nothing of a stranger's text as markup."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from symjac.notes.source import read_source
from symjac.report import page
from symjac.report.places import safe
from symjac.report.typeset import LONGEST
from symjac.verify.session import from_claim
from symjac.verify.verdict import Judged
from tests.report.made import NOTES, RESULT, claim, fault, judged, span, unread

MATHML = "{http://www.w3.org/1998/Math/MathML}"


def written(*results: Judged) -> str:
    return page.write([(read_source(r.file, r.text), r) for r in results])


def tree(html: str) -> ElementTree.Element:
    """The page as XML: whatever is not closed, nested or escaped as it must be is an error."""
    return ElementTree.fromstring(html.replace("<!DOCTYPE html>", "", 1))


def words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def notes(html: str) -> list[str]:
    return [words(note) for note in tree(html).iter("aside")]


def test_every_verdict_is_beside_its_formula_in_words() -> None:
    html = written(RESULT)
    assert [note[: note.index(" line")] for note in notes(html)] == [
        "✗ refuted",
        "✓ proved",
        "⇄ other convention",
        "≈ agrees",
        "… not read",
        "! doubtful",
    ]
    first = notes(html)[0]
    assert first.startswith("✗ refuted line 6the sign is wrongright:")
    assert "counterexample at m = 2, n = 3:y = [1, 2]t = [0, 5]entry 1: claimed -1, derived 1" in first
    root = tree(html)
    links = {a.get("href") for a in root.iter("a") if a.get("class", "").startswith("sign")}
    assert links == {f"#{note.get('id')}" for note in root.iter("aside")}
    assert [words(li) for li in root.iter("li")] == [
        "✗ refuted, line 6",
        "⇄ other convention, line 9",
        "… not read, line 10",
        "! doubtful, line 11",
    ]


def test_the_notes_are_all_there() -> None:
    root = tree(written(RESULT))
    text = words(root.find(".//article"))
    for part in ("Squares", "With ", " and ", "so ", ",while ", "the bracket { is never closed"):
        assert part in text.replace(" , while ", ",while ").replace(", while ", ",while ")
    assert len(list(root.iter(f"{MATHML}math"))) == 9 + 1  # every formula, and what is right
    assert r"x = \{" in [c.text for c in root.iter("code")]
    assert words(root.find(".//header/p")).startswith("5 claims: 1 proved, 1 agrees")


def test_rows_of_an_alignment_are_told_apart() -> None:
    text = "$$\n\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}\n$$\n"
    claims = [claim(text, "a &= b", "proved"), claim(text, "c &= d", "refuted", fault(text, "no", formula="c &= e"))]
    root = tree(written(judged(text, claims)))
    assert [words(n) for n in root.iter("aside")] == [
        "✓ proved line 3a=bcanonical form, all sizes",
        "✗ refuted line 4c=dnoright:c=e",
    ]
    (formula,) = (s for s in root.iter("span") if "display" in s.get("class", ""))
    assert "refuted" in formula.get("class", "")


def test_markdown_is_read() -> None:
    text = (
        "---\nsymjac:\n  samples: rows\n---\n# Head *line*\n\n- item $x^2$\n\n| a | b |\n|---|---|\n| $y = x$ | 1 |\n\n"
        "<!-- symjac: f = relu -->\n\nText <!-- aside --> `code $q$` and **bold**.\n\n```\n$not$\n```\n"
    )
    root = tree(written(judged(text, [claim(text, "y = x", "proved")])))
    article = root.find(".//article")
    assert words(article.find("h1")) == "Head line"
    assert [words(d) for d in article.iter("span") if d.get("class") == "directive"] == ["f = relu"]
    assert "samples: rows" in words(article.find("pre"))
    assert "aside" not in words(article)
    assert "code $q$" in words(article) and "$not$" in words(article)
    assert article.find(".//td//aside") is not None


def test_tex_is_read_in_part() -> None:
    text = (
        "\\documentclass{article}\n\\newcommand{\\R}{\\mathbb{R}}\n% symjac: samples = rows\n\\begin{document}\n"
        "\\section{One \\& two}\nLet $W \\in \\R^{m}$, \\emph{so} % unsaid\n\\begin{equation}\n  y = x \\label{e}\n"
        "\\end{equation}\n\n\\begin{itemize}\\item ``a''~\\textbf{b}\\end{itemize}\n\\end{document}\nafter\n"
    )
    root = tree(written(judged(text, [claim(text, "y = x", "proved", file="n.tex")], file="n.tex")))
    article = root.find(".//article")
    text = words(article)
    assert words(article.find("h2")) == "One & two"
    assert article.find(".//em").text == "so"
    assert '• "a" b' in text.replace("\u00a0", " ")
    assert "samples = rows" in text
    for gone in ("documentclass", "newcommand", "unsaid", "after", "label", "\\"):
        assert gone not in text
    assert len(list(article.iter(f"{MATHML}math"))) == 2


def test_yaml_and_the_command_line_are_lists() -> None:
    text = "given:\n  - L = x^2\nclaims:\n  - dL/dx = 2 x\n"
    root = tree(written(judged(text, [claim(text, "dL/dx = 2 x", "proved", file="a.yaml")], file="a.yaml")))
    assert [words(h) for h in root.iter("h2")] == ["Given", "Claims"]
    assert len(list(root.iter("aside"))) == 1
    source = from_claim("dL/dx = 2 x", ["L = x^2"])
    one = claim(source.text, "dL/dx = 2 x", "proved", file=source.file)
    root = tree(page.write([(source, judged(source.text, [one], file=source.file))]))
    assert [words(h) for h in root.iter("h2")] == ["Given", "Claims"]


def test_the_plain_notation_is_typeset() -> None:
    source = from_claim("dL/dx = (A + A')*x", ["A in R^{n x n}", "x = ("], "plain")
    one = claim(source.text, "dL/dx = (A + A')*x", "proved", file=source.file)
    article = tree(page.write([(source, judged(source.text, [one], file=source.file))])).find(".//article")
    assert [words(m) for m in article.iter(f"{MATHML}math")] == ["A∈ℝn×n", "dLdx=(A+A⊤)x"]
    assert [c.text for c in article.iter("code")] == ["x = ("]


def test_several_files() -> None:
    text = "$a = b$"
    html = written(RESULT, judged(text, [claim(text, "a = b", "proved", file="b.md")], file="b.md"))
    ids = re.findall(r' id="([^"]*)"', html)
    assert len(set(ids)) == len(ids) == 7
    assert [words(h) for h in tree(html).iter("h2")] == ["notes.md", "b.md"]


def test_a_claim_outside_of_every_formula_is_not_lost() -> None:
    text = "no mathematics here"
    assert len(notes(written(judged(text, [], [unread(text, "here", "?")])))) == 1


def test_a_claim_in_code_is_not_lost() -> None:
    text = "<div>\n$a = b$ c\n</div>\n"
    assert len(notes(written(judged(text, [claim(text, "a = b", "proved")])))) == 1


HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "![x](http://example.org/x.png)",
    '![x](x.png "a" onerror=alert(1))',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    '[x](http://example.org "" onmouseover=alert(1)")',
    '<http://example.org/"onclick=alert(1)>',
    "<!-- symjac: <script>alert(1)</script> -->",
    "<!--><script>alert(1)</script>-->",
    "<style>*{display:none}</style>",
    "<iframe src='//example.org'></iframe>",
    "<svg/onload=alert(1)>",
    "</span></article><base href='//example.org'>",
    '``` " onclick=alert(1)\nx\n```',
    '```$x$" onclick=alert(1)\nx\n```',
    '[a$x$b]: http://example.org "$y$"\n\n[a$x$b]',
    "&lt;script&gt; &#60;script&#62;",
    "\\textbf{<b onclick=alert(1)>}",
    "\\section{<script>}",
    "% symjac: <script>alert(1)</script>",
    "\ue0000\ue001 \ue00099999\ue001",
    "\x07\x1b[2J\u202e",
]
FORMULAS = [
    r"<script>alert(1)</script>",
    r"\href{javascript:alert(1)}{x}",
    r"\text{<img src=x onerror=alert(1)>}",
    r"\operatorname{</mi><script>alert(1)</script>}",
    r"\class{x\" onclick=\"alert(1)}{y}",
    r"\style{background:url(//example.org)}{y}",
    r"\color{red;background:url(//example.org)}{x}",
    r"\includegraphics{//example.org/x.png}",
    r"\begin{array}{c\" onclick=\"alert(1)} x \end{array}",
    "\ue0000\ue001",
    r"\text{zqaqz}",
    "{" * 200 + "}" * 200,
    "x" * (LONGEST + 1),
    r"\frac{a",
    r"\left( x",
    "&#x3c;script&#x3e;",
]
"""What strangers may write."""

TAGS = """
    html head meta title style body div header h1 h2 p main article ul li a span aside b small em strong code pre
    table thead tbody tr th td br hr ol blockquote
"""


def harmless(html: str) -> None:
    for element in tree(html).iter():
        if element.tag.startswith(MATHML):
            assert not set(element.attrib) & {"href", "style", "class", "id", "src"}
            continue
        assert element.tag in TAGS.split(), element.tag
        assert not any(name.startswith("on") or name in ("src", "style") for name in element.attrib)
        assert not re.match(r"\s*(javascript|data|vbscript):", element.get("href", ""), re.IGNORECASE)
    outside = html.split("</style>")[1]
    assert not set("\x07\x1b\u202e") & set(outside)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("file", ["notes.md", "notes.tex"])
def test_text_stays_text(text: str, file: str) -> None:
    whole = f"before $a = b$\n\n{text}\n\nin line {text} after\n"
    one = claim(whole, "a = b", "refuted", fault(whole, text, formula=text), notes=(text,), road=text, file=file)
    harmless(written(judged(whole, [one], [unread(whole, "before", text, file)], file=file)))


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("file", ["notes.md", "notes.tex"])
def test_formulas_stay_formulas(formula: str, file: str) -> None:
    whole = f"before ${formula}$ and\n\n$${formula} .$$\n"
    html = written(judged(whole, [], [unread(whole, "before", formula, file)], file=file))
    harmless(html)
    assert "before" in html


def test_a_file_name_is_text() -> None:
    text = "$a = b$"
    name = '<script>"&.md'
    html = written(judged(text, [claim(text, "a = b", "proved", file=name)], file=name), RESULT)
    harmless(html)
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("sign", ["<!--", "$", "\\textbf{", "[", "<", "`", "% symjac:\n", "\\begin{x}"])
def test_much_of_it_ends_in_time(sign: str) -> None:
    text = sign * 20_000
    for file in ("a.md", "a.tex"):
        tree(written(judged(text, file=file)))


def test_a_very_long_file_is_shown_without_markup() -> None:
    text = "<b>**a**</b> " * 100_000 + "$a = b$"
    html = written(judged(text, [claim(text, "a = b", "proved")]))
    assert "&lt;b&gt;**a**&lt;/b&gt;" in html
    assert len(notes(html)) == 1


def test_nothing_is_fetched() -> None:
    html = written(RESULT)
    assert "<script" not in html and "url(" not in html and "@import" not in html
    assert "default-src 'none'" in html


def test_same_verdicts_same_page() -> None:
    assert written(RESULT) == written(RESULT)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize("width", [400, 1280])
def test_a_browser_lays_it_out_within_its_width(tmp_path: Path, width: int) -> None:
    """No sideways scrolling: what is too wide scrolls in a box of its own."""
    path = tmp_path / "page.html"
    long = NOTES + "\n`" + "long_word" * 40 + "`\n\n$$" + " + ".join(f"x_{{{i}}}" for i in range(80)) + "$$\n"
    html = written(judged(long, RESULT.claims, RESULT.unread))
    probe = "<script>document.title = document.documentElement.scrollWidth</script>"
    path.write_text(re.sub("<meta http-equiv[^>]*>", "", html).replace("</body>", probe + "</body>"), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900", "--dump-dom"]
    dom = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r"<title>(\d+)</title>", dom)
    assert found and int(found[1]) <= max(width, 500)


def test_safe_text_is_in_the_page() -> None:
    assert safe("a\x00b") == "a\ufffdb"
    assert span(NOTES, "# Squares").start == 0
