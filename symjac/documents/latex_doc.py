"""A document as LaTeX that pdflatex compiles with amsmath, amssymb, booktabs, longtable, geometry and microtype."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

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
    Row,
    Table,
)
from symjac.printing import render

PAGE = 41.0
"""Width of the text in em, as the template's geometry sets it."""
NUMBER = 3.6
"""Room that an equation's number and the space before it take."""
SIZES = (("", 1.0), (r"\small", 0.92), (r"\footnotesize", 0.83), (r"\scriptsize", 0.74), (r"\tiny", 0.56))
LONG = 24
"""A table with more rows than this may break across pages."""

_ESCAPES = {
    "\\": r"$\backslash$",
    "{": r"$\{$",
    "}": r"$\}$",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\char94{}",
    "~": r"\char126{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    '"': r"\char34{}",
    "`": r"\char96{}",
    "–": "--",
    "θ": r"$\theta$",
    "α": r"$\alpha$",
}


def write(document: Document) -> str:
    return render.render(
        "latex/document.tex.j2",
        title=escape(document.title),
        subtitle=_line(document.subtitle),
        body="".join(_runs(document.blocks)).strip("\n"),
    )


def _runs(blocks: Sequence[DocBlock]) -> Iterator[str]:
    """The blocks written; neighbouring equations of one line each are aligned together.

    A display belongs to the paragraph above it, so no blank line stands between them.
    """
    for single, run in groupby(blocks, key=_is_single):
        if single:
            yield "\n" + _gathered([b for b in run if isinstance(b, Equations)])
        else:
            yield from (("\n" if isinstance(b, Equations) else "\n\n") + _block(b) for b in run)


def _is_single(block: DocBlock) -> bool:
    return isinstance(block, Equations) and len(block.rows) == 1 and not block.rows[0].reason


def escape(text: str) -> str:
    """Plain text in which TeX reads no command; what the input encoding lacks is shown as its code point."""
    return "".join(_ESCAPES.get(c) or (c if c.isascii() and c.isprintable() else _foreign(c)) for c in text)


def _foreign(c: str) -> str:
    if c.isspace():
        return " "
    accented = "À" <= c <= "ÿ" and unicodedata.decomposition(c)
    return c if accented else rf"\texttt{{U+{ord(c):04X}}}"


def _line(line: Line) -> str:
    return "".join(_inline(part) for part in line)


def _inline(part: Inline) -> str:
    match part:
        case Math(latex):
            return f"${latex}$"
        case InlineCode(text):
            return rf"\texttt{{{escape(text)}}}"
        case Emphasis(text):
            return rf"\emph{{{escape(text)}}}"
        case Reference(anchor):
            return rf"\eqref{{{anchor}}}"
        case _:
            return escape(part)


def _block(block: DocBlock) -> str:
    match block:
        case Heading(text, anchor):
            return rf"\section{{{escape(text)}}}\label{{sec:{anchor}}}"
        case Paragraph(line):
            return _line(line)
        case DocList(rows):
            items = "\n".join(_item(term, line) for term, line in rows)
            return f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
        case Equations():
            return _equations(block)
        case Table():
            return _table(block)
        case Directives(lines):
            return "\n".join(f"% symjac: {line}" for line in lines)


def _item(term: Line, line: Line) -> str:
    lead = rf"\textbf{{{_line(term)}.}} " if term else ""
    return rf"  \item {lead}{_line(line)}"


# ---------------------------------------------------------------- equations


def _equations(block: Equations) -> str:
    size, lines = _fitted(block.rows)
    if len(lines.sets) == 1 and not lines.sets[0].reason:
        row = lines.sets[0]
        inner = f"{row.left} {row.relation} {row.right}".strip()
        text = f"\\begin{{equation}}\\label{{{block.anchor}}}\n{inner}\n\\end{{equation}}"
    else:
        text = _chain(block.anchor, lines)
    return f"{{{size}\n{text}}}" if size else text


def _fitted(rows: Sequence[Row]) -> tuple[str, layout.Lines]:
    """The rows set in the largest type in which they stay on the page (in the smallest if they never do)."""
    *larger, smallest = SIZES
    for size, scale in larger:
        room = PAGE / scale - NUMBER
        lines = layout.lines(rows, room)
        if lines.width <= room:
            return size, lines
    return smallest[0], layout.lines(rows, PAGE / smallest[1] - NUMBER)


def _chain(anchor: str, lines: layout.Lines) -> str:
    """Lines that may go on over a page's end; the last one bears the number."""
    rows = [_set(line) for line in lines.sets]
    missing = lines.width - lines.columns
    if missing > 0:
        # A wide formula takes no room of its own, so the columns are made as wide as it.
        rows[-1] += rf"\hspace{{{missing:.1f}em}}"
    body = " \\notag \\\\\n".join(rows)
    return f"\\begin{{alignat}}{{2}}\n{body} \\label{{{anchor}}}\n\\end{{alignat}}"


def _set(line: layout.Set) -> str:
    right = rf"\rlap{{$\displaystyle {line.right}$}}" if line.wide else line.right
    formula = f"{line.left} &{line.relation} {right}" if line.relation else rf"&\quad {{}} {right}" if right else "&"
    if not line.reason:
        return formula
    words = "".join(_inline(Math(rf"\textstyle {p.latex}") if isinstance(p, Math) else p) for p in line.reason)
    return rf"{formula} &\qquad& \text{{\small\itshape {words}}}"


def _gathered(blocks: Sequence[Equations]) -> str:
    """Equations of one line each, aligned at their relations where they are not too wide for that."""
    left = max(layout.width(b.rows[0].left) for b in blocks) + layout.RELATION
    parts: list[str] = []
    for narrow, run in groupby(blocks, key=lambda b: left + layout.width(b.rows[0].right) <= PAGE - 2 * NUMBER):
        together = list(run)
        if narrow and len(together) > 1:
            rows = (rf"{b.rows[0].left} &{b.rows[0].relation} {b.rows[0].right} \label{{{b.anchor}}}" for b in together)
            parts.append("\\begin{align}\n" + " \\\\\n".join(rows) + "\n\\end{align}")
        else:
            parts += [_equations(b) for b in together]
    return "\n".join(parts)


# ---------------------------------------------------------------- tables


def _table(block: Table) -> str:
    columns = _columns(block)
    head = " & ".join(_line(cell) for cell in block.head)
    rows = " \\\\\n".join(" & ".join(_line(cell) for cell in row) for row in block.rows)
    total = "" if block.total is None else "\\midrule\n" + " & ".join(_line(c) for c in block.total) + " \\\\\n"
    if len(block.rows) > LONG:
        return (
            f"\\begin{{longtable}}{{@{{}}{columns}@{{}}}}\n\\toprule\n{head} \\\\\n\\midrule\n\\endhead\n"
            f"\\bottomrule\n\\endfoot\n{rows} \\\\\n{total}\\end{{longtable}}"
        )
    return (
        f"\\begin{{center}}\n\\begin{{tabular}}{{@{{}}{columns}@{{}}}}\n\\toprule\n{head} \\\\\n\\midrule\n"
        f"{rows} \\\\\n{total}\\bottomrule\n\\end{{tabular}}\n\\end{{center}}"
    )


def _columns(block: Table) -> str:
    """The column types; where the cells are wider than the page, the widest left-aligned column becomes a paragraph."""
    every = [block.head, *block.rows, *([block.total] if block.total else [])]
    widths = [max(layout.text_width(row[i]) for row in every) for i in range(len(block.head))]
    kinds = list(block.align)
    space = PAGE - 1.2 * (len(widths) - 1)
    if sum(widths) > space:
        widest = max((i for i, kind in enumerate(kinds) if kind == "l"), key=lambda i: widths[i])
        kept = max(space - (sum(widths) - widths[widest]), 8.0)
        kinds[widest] = rf">{{\raggedright\arraybackslash}}p{{{kept:.1f}em}}"
    return "".join(kinds)
