r"""An HTML page as text, each character with its place in the file: paragraphs, headings as in Markdown, mathematics.

Mathematics stands as MathJax and KaTeX take it: `$...$`, `$$...$$`, \(...\), \[...\], environments, scripts of the type
math/tex; or as MathML with the TeX beside it in an annotation. What is drawn from it (by KaTeX, by MathJax), code,
scripts and styles are left out. A comment that begins with `symjac:` is a directive.
"""

from __future__ import annotations

import re
from html import unescape

from symjac.notes.origins import Joined
from symjac.notes.scan import Ahead

_SPELLED = r"&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
_ENTITY = re.compile(_SPELLED)
_MARK = re.compile(
    r"(?P<comment><!--)"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9:-]{0,60})"
    r"""(?P<attributes>(?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>"""
    r"|<[!?][^<>]{0,2000}>"
    rf"|(?P<entity>{_SPELLED})"
)
_DIRECTIVE = re.compile(r"\s*symjac[ \t]*:", re.IGNORECASE)
_RAW = frozenset({"script", "style"})
"""Elements whose content is no markup."""
_NAMES_LEFT_OUT = "pre code samp kbd textarea svg template noscript title button select mjx-container"
_NAMES_OF_BLOCKS = """
    address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form header hr
    li main nav ol p section table tbody td tfoot th thead tr ul
"""
_NAMES_OF_EMPTY = "area base br col embed hr img input link meta param source track wbr"
_LEFT_OUT, _BLOCKS, _EMPTY = (
    frozenset(names.split()) for names in (_NAMES_LEFT_OUT, _NAMES_OF_BLOCKS, _NAMES_OF_EMPTY)
)
_DRAWN = re.compile(r"\b(?:katex-html|MathJax(?:_Preview|_Display|_SVG|_CHTML)?|mwe-math-fallback-image\S*)(?![\w-])")
_DISPLAY = re.compile(r"""\bdisplay\s*=\s*["']?block|mode\s*=\s*display""", re.IGNORECASE)
_TEX_SCRIPT = re.compile(r"""\btype\s*=\s*["']?\s*math/(?:tex|latex)""", re.IGNORECASE)
_TEX = re.compile(r"""\bencoding\s*=\s*["']?\s*application/x-(?:tex|latex)""", re.IGNORECASE)
_CLASS = re.compile(r"""\bclass\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_HEADING = re.compile(r"h[1-6]")
_STYLED = re.compile(r"\s*\{\s*\\(?:display|text)style(?![A-Za-z])(?P<inside>.*)\}\s*", re.DOTALL)


def text_of(name: str, source: str) -> Joined:
    """The text of the page in the file `name`, of which `source` is the content."""
    return _Page(name, source).read()


class _Page:
    def __init__(self, name: str, source: str) -> None:
        self.source = source
        self.joined = Joined()
        self.home = self.joined.file(name, source)
        self.closings: dict[str, Ahead] = {}
        self.leaving: str = ""
        """The element that is left out at present, and how many of its name are open in it."""
        self.depth = 0
        self.in_mathml = False
        self.display = False

    def read(self) -> Joined:
        at = 0
        while m := _MARK.search(self.source, at):
            self.text(at, m.start())
            if m["comment"]:
                at = self.comment(m.start(), m.end())
            elif m["entity"]:
                self.entity(m)
                at = m.end()
            else:
                at = self.tag(m) if m["name"] else m.end()
        self.text(at, len(self.source))
        return self.joined

    def text(self, begin: int, end: int) -> None:
        if not self.leaving and not self.in_mathml:
            self.joined.part(self.home, begin, end)

    def made(self, text: str, at: int) -> None:
        """What stands for markup."""
        self.joined.add(text, self.home, at, at)

    def entity(self, m: re.Match[str]) -> None:
        if not self.leaving and not self.in_mathml:
            self.joined.add(unescape(m[0]), self.home, m.start(), m.end())

    def after(self, what: str, at: int) -> re.Match[str] | None:
        """The next place of `what`, a pattern with a group `hit`."""
        return self.closings.setdefault(what, Ahead(what, self.source)).after(at)

    def comment(self, begin: int, end: int) -> int:
        close = self.after("(?P<hit>-->)", end)
        if close is None:
            return end
        if _DIRECTIVE.match(self.source, end, close.start()):
            self.joined.part(self.home, begin, close.end())
        return close.end()

    def tag(self, m: re.Match[str]) -> int:
        """The position behind a tag, or behind the element where all of it is taken or left."""
        name, attributes = m["name"].lower(), m["attributes"]
        if self.leaving:
            self.depth += (name == self.leaving) * (-1 if m["close"] else not attributes.endswith("/"))
            self.leaving = self.leaving if self.depth else ""
            return m.end()
        if not m["close"] and (name in _RAW or (name == "annotation" and _TEX.search(attributes))):
            return self.content(name, attributes, m.end())
        if name in ("math", "semantics"):
            self.display = bool(_DISPLAY.search(attributes)) if name == "math" else self.display and self.in_mathml
            self.in_mathml = not m["close"]
        elif not self.in_mathml:
            self.markup(name, m)
        return m.end()

    def markup(self, name: str, m: re.Match[str]) -> None:
        if not m["close"] and name not in _EMPTY and self.is_left_out(name, m["attributes"]):
            self.leaving, self.depth = name, 1
        elif _HEADING.fullmatch(name):
            self.made("\n\n" + ("" if m["close"] else "#" * int(name[1]) + " "), m.start())
        elif name in _BLOCKS:
            self.made("\n\n", m.start())
        elif name == "br":
            self.made("\n", m.start())

    def is_left_out(self, name: str, attributes: str) -> bool:
        classes = _CLASS.search(attributes)
        return name in _LEFT_OUT or bool(classes and _DRAWN.search("".join(filter(None, classes.groups()))))

    def content(self, name: str, attributes: str, begin: int) -> int:
        """The position behind a script, a style or an annotation; TeX in it is mathematics."""
        close = self.after(rf"(?P<hit>(?i:</{name})(?=[\s/>]))", begin)
        if close is None:
            return len(self.source) if name in _RAW else begin
        if name == "annotation" or _TEX_SCRIPT.search(attributes):
            display = self.display if name == "annotation" else bool(_DISPLAY.search(attributes))
            self.mathematics(begin, close.start(), display)
        return close.start()

    def mathematics(self, begin: int, end: int, display: bool) -> None:
        """TeX from `begin` to `end`; `&lt;` is no TeX, and stands for `<` also in a script."""
        styled = _STYLED.fullmatch(self.source, begin, end)
        if styled:
            begin, end = styled.span("inside")
        self.made(r"\[" if display else r"\(", begin)
        at = begin
        for m in _ENTITY.finditer(self.source, begin, end):
            self.joined.part(self.home, at, m.start())
            self.joined.add(unescape(m[0]), self.home, m.start(), m.end())
            at = m.end()
        self.joined.part(self.home, at, end)
        self.made(r"\]" if display else r"\)", end)
