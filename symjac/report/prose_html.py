"""The text around the formulas as HTML: Markdown as Markdown, LaTeX in part, YAML as a list. All of it is escaped.

While the text is read a formula is one character of its own, so nothing in a formula is taken as markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from symjac.notation.tree import Span
from symjac.notes.source import Source
from symjac.report.places import safe


@dataclass(frozen=True, slots=True)
class Marked:
    """A formula: its place with delimiters, its HTML, and the HTML of the notes that stand beside it."""

    span: Span
    html: str
    asides: str
    display: bool
    role: str


_OPEN, _CLOSE = "\ue000", "\ue001"
_HOLE = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_PRIVATE = re.compile("[\ue000-\uf8ff]")


def blocks(source: Source, marked: Sequence[Marked]) -> str:
    """The file as HTML, every formula and every note once."""
    if source.kind in ("markdown", "notebook", "html"):
        return _filled(_markdown(_holed(source.text, marked), marked), marked)
    if source.kind == "tex":
        return _filled(_tex(_holed(source.text, marked, [m.span for m in source.macros]), marked), marked)
    if source.kind == "rst":
        return _filled(_paragraphs(_holed(source.text, marked), marked), marked)
    return _listed(source, marked)


def _holed(text: str, marked: Sequence[Marked], hidden: Sequence[Span] = ()) -> str:
    """The text with a hole for each formula."""
    cuts = [(m.span, f"{_OPEN}{n}{_CLOSE}") for n, m in enumerate(marked)] + [(span, "") for span in hidden]
    out, reached = [], 0
    for span, instead in sorted(cuts, key=lambda c: c[0].start):
        if span.start >= reached:
            out += [_clean(text[reached : span.start]), instead]
            reached = span.end
    return "".join(out) + _clean(text[reached:])


def _clean(text: str) -> str:
    return "\n".join(_PRIVATE.sub("\ufffd", safe(line)) for line in text.replace("\r\n", "\n").split("\n"))


def _filled(html: str, marked: Sequence[Marked]) -> str:
    return _HOLE.sub(lambda found: marked[int(found[1])].html if int(found[1]) < len(marked) else "", html)


def _beside(text: str, asides: str) -> str:
    """A block of text with its notes: beside it on a wide screen, below it on a narrow one."""
    return f'<div class="block">{asides}<div class="text">{text}</div></div>\n' if asides else text


def _asides(text: str, marked: Sequence[Marked]) -> str:
    return "".join(marked[int(n)].asides for n in _HOLE.findall(text) if int(n) < len(marked))


def _said(directive: str) -> str:
    return f'<span class="directive">{escape(directive.strip())}</span>'


# ---------------------------------------------------------------- Markdown

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_SYMJAC = re.compile(r"\s*symjac\s*:", re.IGNORECASE)


_OPENING = '<div class="block">{}<div class="text">'
_CLOSING = "</div></div>"


LONGEST = 1_000_000
"""Longer Markdown is shown as paragraphs of plain text: reading its markup would take long."""


def _paragraphs(text: str, marked: Sequence[Marked]) -> str:
    pieces = re.split(r"\n\s*\n", text)
    return "".join(_beside(f"<p>{escape(piece)}</p>\n", _asides(piece, marked)) for piece in pieces)


def _markdown(text: str, marked: Sequence[Marked]) -> str:
    if len(text) > LONGEST:
        return _paragraphs(text, marked)
    front = _FRONT.match(text)
    head = f'<pre class="front">{escape(front[1])}</pre>\n' if front else ""
    reader = _reader()
    tokens = reader.parse(text[front.end() :] if front else text)
    seen = {n for token in tokens if token.type == "inline" for n in _HOLE.findall(token.content)}
    elsewhere = [m.asides for n, m in enumerate(marked) if str(n) not in seen]
    body = str(reader.renderer.render(_with_notes(tokens, marked), reader.options, {}))
    return head + body + "".join(elsewhere)


def _with_notes(tokens: Sequence[Token], marked: Sequence[Marked]) -> list[Token]:
    """The tokens, with the notes of a paragraph or heading around it, those of a table's cell inside it."""
    out: list[Token] = []
    closes = False
    for token in tokens:
        asides = _asides(token.content, marked) if token.type == "inline" else ""
        around = asides and out[-1].type in ("paragraph_open", "heading_open")
        if around:
            out.insert(len(out) - 1, _made(_OPENING.format(asides)))
        elif asides:
            out.append(_made(_OPENING.format(asides)))
        out.append(token)
        if closes or (asides and not around):
            out.append(_made(_CLOSING))
        closes = bool(around)
    return out


def _made(html: str) -> Token:
    return Token("made", "", 0, content=html)


def _reader() -> MarkdownIt:
    """CommonMark with tables. Raw HTML is shown as text, images by their description, links without a title."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    rules: dict[str, Callable[[Token], str]] = {
        "made": lambda t: t.content,
        "html_block": lambda t: f"<p>{_raw(t.content)}</p>\n" if _raw(t.content).strip() else "",
        "html_inline": lambda t: _raw(t.content),
        "fence": lambda t: f"<pre><code>{escape(t.content)}</code></pre>\n",
        "image": lambda t: escape(f"[{t.content}]"),
        "link_open": lambda t: f'<a href="{escape(str(t.attrGet("href") or ""))}" rel="noreferrer">',
    }
    for name, rule in rules.items():
        reader.add_render_rule(name, _as_method(rule))
    return reader


def _as_method(rule: Callable[[Token], str]) -> Callable[..., str]:
    def render(self: Any, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return rule(tokens[place])

    return render


def _raw(html: str) -> str:
    """HTML as text: of a comment what it says to symjac, of anything else all."""
    out = ""
    while (start := html.find("<!--")) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        comment = html[start + 4 : end]
        said = _SYMJAC.match(comment)
        out += escape(html[:start]) + (_said(comment[said.end() :]) if said else "")
        html = html[end + 3 :]
    return out + escape(html)


# ---------------------------------------------------------------- LaTeX

_BODY = re.compile(r"\\begin\s*\{document\}(.*?)(?:\\end\s*\{document\}|\Z)", re.DOTALL)
_TEX_COMMENT = re.compile(r"(?<!\\)%([^\n]*)")
_HEADING = re.compile(r"\\(?:title|chapter|section|subsection|subsubsection|paragraph)\*?\s*\{([^{}]*)\}")
_TEX: tuple[tuple[str, str], ...] = (
    (r"\\(?:label|cite\w*|vspace\*?|hspace\*?|author|date)\s*\{[^{}]*\}", ""),
    (r"\\(?:maketitle|noindent|(?:small|med|big)skip|centering|newpage|clearpage|qedhere)(?![A-Za-z])", ""),
    (r"\\(?:emph|textit|textsl)\s*\{([^{}]*)\}", r"<em>\1</em>"),
    (r"\\textbf\s*\{([^{}]*)\}", r"<b>\1</b>"),
    (r"\\(?:texttt|verb)\s*\{([^{}]*)\}", r"<code>\1</code>"),
    (r"\\(?:eq)?ref\s*\{([^{}]*)\}", r"(\1)"),
    (r"\\(?:begin|end)\s*\{(?:itemize|enumerate|description|center|quote|quotation|abstract|document)\}", ""),
    (r"\\begin\s*\{([A-Za-z]+)\*?\}", r'<b class="kind">\1.</b> '),
    (r"\\end\s*\{[A-Za-z]+\*?\}", ""),
    (r"\\item(?![A-Za-z])\s*", "<br/>• "),
    (r"\\\\(?:\[[^\]]*\])?", "<br/>"),
    (r"~", "\u00a0"),
    (r"---", "—"),
    (r"--", "–"),
    (r"``|&#x27;&#x27;", '"'),
    (r"\\(&amp;|[%$#_{}])", r"\1"),
)
"""What of LaTeX's text is shown otherwise than written, after escaping."""


def _tex(text: str, marked: Sequence[Marked]) -> str:
    body = _BODY.search(text)
    directives: list[str] = []

    def comment(found: re.Match[str]) -> str:
        said = _SYMJAC.match(found[1])
        if said:
            directives.append(_said(found[1][said.end() :]))
        return f"{_OPEN}{len(marked) + len(directives) - 1}{_CLOSE}" if said else ""

    before = "".join(_TEX_COMMENT.sub(comment, text[: body.start()]).split("\n")) if body else ""
    inside = _TEX_COMMENT.sub(comment, body[1] if body else text)
    shown = [*marked, *(Marked(Span(0, 0), d, "", False, "text") for d in directives)]
    lead = "".join(
        _HOLE.findall(before) and [f"<p>{_filled(''.join(m[0] for m in _HOLE.finditer(before)), shown)}</p>\n"]
    )
    out = [lead]
    for paragraph in re.split(r"\n\s*\n", inside):
        pieces = _HEADING.split(paragraph)
        for place, piece in enumerate(pieces):
            if piece.strip():
                tag = "h2" if place % 2 else "p"
                out.append(
                    _beside(f"<{tag}>{_filled(_tex_text(piece.strip()), shown)}</{tag}>\n", _asides(piece, marked))
                )
    seen = set(_HOLE.findall(inside))
    return "".join(out) + "".join(m.asides for n, m in enumerate(marked) if str(n) not in seen)


def _tex_text(text: str) -> str:
    out = escape(text)
    for pattern, instead in _TEX:
        out = re.sub(pattern, instead, out)
    return out


# ---------------------------------------------------------------- YAML and the command line

_ROLES = {"given": "Given", "claim": "Claims", "text": "Formulas"}


def _listed(source: Source, marked: Sequence[Marked]) -> str:
    out = []
    for role, run in groupby(marked, key=lambda m: m.role):
        out.append(f"<h2>{_ROLES.get(role, 'Formulas')}</h2>\n")
        out += [_beside(f"<p>{m.html}</p>\n", m.asides) for m in run]
    return "".join(out)
