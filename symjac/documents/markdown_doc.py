"""A document as Markdown with LaTeX mathematics between dollar signs, as code hosts and notebooks show it."""

from __future__ import annotations

import re
from itertools import groupby

from symjac.documents.content import (
    Directives,
    DocBlock,
    DocList,
    Document,
    Emphasis,
    Equations,
    Heading,
    Inline,
    InlineCode,
    Line,
    Math,
    Paragraph,
    Reference,
    Row,
    Table,
)
from symjac.printing import render

_SIGNS = (
    (r"\{", r"\lbrace "),
    (r"\}", r"\rbrace "),
    ("|", r"\vert "),
    (r"\, ", r"\thinspace "),
    (r"\,", r"\thinspace "),
)
_SPECIAL = re.compile(r"([\\`*_{}\[\]#+!|<>&$~])")
"""Not the round brackets: without square ones they mark nothing up, and many hosts read `\\(` as mathematics."""
_START = re.compile(r"^(\s*)(\d+\.|[-=:])(?=\s|$)")
_NAME = re.compile(r"\\operatorname\*?\{((?:[^{}\\]|\\.)*)\}")


def write(document: Document) -> str:
    writer = _Writer(document.numbers)
    return render.render(
        "markdown/document.md.j2",
        title=escape(document.title),
        subtitle=writer.line(document.subtitle),
        body="\n\n".join(writer.block(b) for b in document.blocks),
    )


def escape(text: str) -> str:
    """Plain text in which Markdown reads no markup, on one line."""
    flat = " ".join(text.split("\n"))
    return _START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", flat))


def _code(text: str) -> str:
    """A code span whose fence is longer than every run of backticks in it."""
    text = " ".join(text.split("\n")).replace("|", "¦")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _formula(latex: str) -> str:
    """`latex` without what Markdown would take as its own: some hosts refuse `\\operatorname` and unescape `\\{`."""
    latex = _NAME.sub(r"\\mathop{\\mathrm{\1}}", latex)
    for sign, word in _SIGNS:
        latex = latex.replace(sign, word)
    return latex


class _Writer:
    def __init__(self, numbers: dict[str, int]) -> None:
        self.numbers = numbers

    def line(self, line: Line) -> str:
        return "".join(self.inline(part) for part in line)

    def inline(self, part: Inline) -> str:
        match part:
            case Math(latex):
                return f"${_formula(latex).strip()}$"
            case InlineCode(text):
                return _code(text)
            case Emphasis(text):
                return f"*{escape(text)}*"
            case Reference(anchor):
                return f"({self.numbers[anchor]})"
            case _:
                return _SPECIAL.sub(r"\\\1", part)

    def block(self, block: DocBlock) -> str:
        match block:
            case Heading(text, _):
                return f"## {escape(text)}"
            case Paragraph(line):
                return _START.sub(r"\1\\\2", self.line(line))
            case DocList(rows):
                return "\n".join(self.item(term, line) for term, line in rows)
            case Equations():
                return self.equations(block)
            case Table():
                return self.table(block)
            case Directives(lines):
                return "\n".join(("<!-- symjac:", *lines, "-->"))

    def item(self, term: Line, line: Line) -> str:
        lead = f"**{self.line(term)}.** " if term else ""
        return f"- {lead}{self.line(line)}"

    def equations(self, block: Equations) -> str:
        plain = len(block.rows) == 1 and not block.rows[0].reason
        body = " \\\\\n".join(self.row(row) for row in block.rows)
        inner = body.replace("&", "", 1) if plain else f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"
        return f"$$\n{inner}\n\\tag{{{block.number}}}\n$$"

    def row(self, row: Row) -> str:
        reason = f" && {self.reason(row.reason)}" if row.reason else ""
        return f"{_formula(row.left)} &{row.relation} {_formula(row.right)}{reason}".strip()

    def reason(self, line: Line) -> str:
        """A reason as mathematics: words in \\text, formulas as they are; no dollar may stand within dollars."""
        out = ""
        for words, run in groupby(line, key=lambda part: not isinstance(part, Math)):
            if words:
                out += rf"\text{{{''.join(self.words(part) for part in run)}}}"
            else:
                out += "".join(_formula(part.latex) for part in run if isinstance(part, Math))
        return out

    def words(self, part: Inline) -> str:
        match part:
            case Reference(anchor):
                return f"({self.numbers[anchor]})"
            case InlineCode(text) | Emphasis(text) | str(text):
                return _words(text)
        return ""

    def table(self, block: Table) -> str:
        rule = {"l": ":--", "c": ":-:", "r": "--:"}
        rows = [block.head, *block.rows, *([block.total] if block.total else [])]
        lines = ["| " + " | ".join(self.line(cell) for cell in row) + " |" for row in rows]
        lines.insert(1, "|" + "|".join(rule[kind] for kind in block.align) + "|")
        return "\n".join(lines)


def _words(text: str) -> str:
    """Plain text within `\\text{...}`; signs that TeX, Markdown or HTML would read are left out."""
    return re.sub(r"([_%&#$])", r"\\\1", re.sub(r"[\\{}^~<>`*\[\]|]", " ", text))
