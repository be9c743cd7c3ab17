"""Verdicts on texts that were put together: the copy and the review say where it stands in the files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from symjac.notes.source import Source, read_source
from symjac.report import as_json, fix, page, sarif, screen
from symjac.verify.verdict import Judged
from tests.report.made import claim, fault, judged
from tests.report.test_sarif import checked

NEW = r"\frac{a < b & c}{2}"


def refuted(source: Source, equation: str, replacement: str = NEW) -> Judged:
    """The equation refuted in what was read."""
    one = claim(source.text, equation, "refuted", fault(source.text, "no", replacement=replacement))
    place = source.place(one.span.start)
    one = replace(one, file=place.file, line=place.line, column=place.column, cell=source.cell(one.span.start))
    result = judged(source.text, [one], file=source.file)
    return replace(result, origins=source.origins)


def notebook(indent: int | None = 1, escaped: bool = True) -> str:
    cells = [
        {"cell_type": "code", "source": "1"},
        {"cell_type": "markdown", "source": ['é "so"\n', "$\\alpha = \\beta$ and $$\n", "y =\n", "\\gamma\n", "$$"]},
    ]
    return json.dumps({"cells": cells, "nbformat": 4}, indent=indent, ensure_ascii=escaped)


def region(found: dict[str, Any], text: str) -> str:
    """What stands in the file where the finding is."""
    lines = text.split("\n")
    at = found["locations"][0]["physicalLocation"]["region"]
    start, end = (
        sum(len(line) + 1 for line in lines[: at[f"{edge}Line"] - 1]) + at[f"{edge}Column"] - 1
        for edge in ("start", "end")
    )
    return text[start:end]


@pytest.mark.parametrize("text", [notebook(), notebook(None), notebook(escaped=False)])
def test_a_notebook(text: str) -> None:
    source = read_source("n.ipynb", text)
    for equation, raw in ((r"\alpha = \beta", r"\\beta"), ("y =\n\\gamma", r"\\gamma")):
        result = refuted(source, equation)
        (copy,) = fix.fixed(result)
        assert copy.file == "n.ipynb" and (copy.done, copy.left) == (1, 0)
        changed = read_source("n.ipynb", copy.text)
        assert changed.text == source.text.replace(raw[1:], NEW)
        (found,) = checked(result)["results"]
        assert region(found, text) == raw and "fixes" not in found
        assert as_json.document([result])["claims"][0]["cell"] == 2
    said = [line.plain for line in screen.lines([refuted(source, r"\alpha = \beta")])]
    assert said[0] == "n.ipynb:cell 2:2:2: refuted: no"
    assert said[1] == r"  | $\alpha = \beta$ and $$"


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("<p>é &lt; $y = x$</p>", r"\frac{a &lt; b &amp; c}{2}"),
        ("<script type='math/tex'>y = x</script>", NEW),
        ("<math><annotation encoding='application/x-tex'>y = x</annotation></math>", r"\frac{a &lt; b &amp; c}{2}"),
    ],
)
def test_a_page(text: str, spelled: str) -> None:
    result = refuted(source := read_source("p.html", text), "y = x")
    (copy,) = fix.fixed(result)
    assert read_source("p.html", copy.text).text == source.text.replace("y = x", f"y = {NEW}")
    assert copy.text in (text.replace("= x", f"= {spelled}"), text.replace("= x", f"= {NEW}"))
    (found,) = checked(result)["results"]
    assert region(found, text) == "x"


def test_what_a_document_includes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("main.tex").write_text("$a = b$\n\\input{part}\n")
    Path("part.tex").write_text("text\n$y = x$")
    source = read_source("main.tex")
    main, part = fix.fixed(refuted(source, "y = x"))
    assert (main.file, main.text, main.done) == ("main.tex", "$a = b$\n\\input{part}\n", 0)
    assert (part.file, part.text, part.done) == ("part.tex", f"text\n$y = {NEW}$", 1)
    (found,) = checked(refuted(source, "y = x"))["results"]
    assert found["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "part.tex"},
        "region": {"startLine": 2, "startColumn": 6, "endLine": 2, "endColumn": 7},
    }
    assert found["fixes"][0]["artifactChanges"][0]["artifactLocation"]["uri"] == "part.tex"
    assert next(screen.lines([refuted(source, "y = x")])).plain == "part.tex:2:2: refuted: no"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("n.ipynb", notebook().replace(r"\\alpha = \\beta", "y = x")),
        ("p.html", "<h1>T</h1><p>so $y = x$</p>"),
        ("r.rst", "T\n=\n\nso :math:`y = x`\n"),
    ],
)
def test_the_page_shows_them(file: str, text: str) -> None:
    source = read_source(file, text)
    html = page.write([(source, refuted(source, "y = x"))])
    assert html.count("<math") >= 1 and "refuted" in html
    assert ("cell 2, line 2" in html) == (file == "n.ipynb")


def test_sarif_of_a_part_that_was_put_together() -> None:
    result = refuted(read_source("p.html", "<p>$y = x$"), "y = x")
    assert json.loads(sarif.write([result]))["runs"][0]["results"]
