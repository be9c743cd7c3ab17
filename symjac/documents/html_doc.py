"""A document as one HTML page: MathML, no script, nothing fetched."""

from __future__ import annotations

from html import escape

from symjac.documents import layout
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
    Table,
)
from symjac.printing import render
from symjac.printing.mathml import mathml

PAGE = 41.0
"""Width of a formula, in em, over which it is broken (or scrolls on a narrow screen)."""

_ALIGN = {"l": "left", "c": "center", "r": "right"}


def write(document: Document) -> str:
    writer = _Writer(document.numbers)
    return render.render(
        "html/page.html.j2",
        title=escape(document.title),
        subtitle=writer.line(document.subtitle),
        contents=[{"anchor": escape(h.anchor), "text": escape(h.text)} for h in document.headings],
        body="\n".join(writer.block(b) for b in document.blocks if not isinstance(b, Directives)),
    )


class _Writer:
    def __init__(self, numbers: dict[str, int]) -> None:
        self.numbers = numbers

    def line(self, line: Line) -> str:
        return "".join(self.inline(part) for part in line)

    def inline(self, part: Inline) -> str:
        match part:
            case Math(latex):
                return mathml(latex)
            case InlineCode(text):
                return f"<code>{escape(text)}</code>"
            case Emphasis(text):
                return f"<em>{escape(text)}</em>"
            case Reference(anchor):
                return f'<a class="ref" href="#{escape(anchor)}">({self.numbers[anchor]})</a>'
            case _:
                return escape(part)

    def block(self, block: DocBlock) -> str:
        match block:
            case Heading(text, anchor):
                return f'<h2 id="{escape(anchor)}">{escape(text)}</h2>'
            case Paragraph(line):
                return f"<p>{self.line(line)}</p>"
            case DocList(rows):
                items = "\n".join(self.item(term, line) for term, line in rows)
                return f"<ul>\n{items}\n</ul>"
            case Equations():
                return self.equations(block)
            case Table():
                return self.table(block)
            case Directives():
                return ""

    def item(self, term: Line, line: Line) -> str:
        lead = f"<b>{self.line(term)}.</b> " if term else ""
        return f"  <li>{lead}{self.line(line)}</li>"

    def equations(self, block: Equations) -> str:
        """A grid: left side, relation with right side, reason; the number stands beside all lines."""
        rows = "\n".join(self.set(line) for line in layout.lines(block.rows, PAGE).sets)
        return (
            f'<div class="equation" id="{escape(block.anchor)}"><div class="scroll"><table class="chain">\n{rows}\n'
            f'</table></div><span class="number">({block.number})</span></div>'
        )

    def set(self, line: layout.Set) -> str:
        left = mathml(line.left, display=True) if line.left else ""
        # A line that goes on begins with an operator between two operands, of which the first is on the line above.
        right = mathml(f"{line.relation or '{}'} {line.right}", display=True) if line.right else ""
        side = "r" if line.relation else "r more"
        reason = "" if line.wide else f'<td class="reason">{self.line(line.reason)}</td>'
        span = ' colspan="2"' if line.wide else ""
        return f'<tr><td class="l">{left}</td><td class="{side}"{span}>{right}</td>{reason}</tr>'

    def table(self, block: Table) -> str:
        def cells(row: tuple[Line, ...], tag: str) -> str:
            made = zip(block.align, row, strict=True)
            return "".join(f'<{tag} class="{_ALIGN[kind]}">{self.line(cell)}</{tag}>' for kind, cell in made)

        head = cells(block.head, "th")
        rows = "\n".join(f"<tr>{cells(row, 'td')}</tr>" for row in block.rows)
        total = f"<tfoot><tr>{cells(block.total, 'td')}</tr></tfoot>" if block.total else ""
        return (
            f'<div class="scroll"><table class="data"><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>{total}'
            "</table></div>"
        )
