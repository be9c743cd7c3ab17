r"""Mathematics in Markdown: `$...$`, `$$...$$`, ```` ```math ````, $`...`$, \(...\), \[...\] and bare environments.

Not in code, `<pre>` and the like, or HTML comments; a comment that begins with `symjac:` is a directive. A single
dollar is read as pandoc does: no space after the opening one nor before the closing one, no digit behind, no empty line
between; where the next dollar does not close it, it is a dollar. Where that would pass over TeX, it is given a fault.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from symjac.notation.definitions import DEFINE
from symjac.notes.parts import Found, Piece
from symjac.notes.scan import BEGIN, Scan

_START = re.compile(r"[<\\`~$]")
_START_IN_PAGE = re.compile(r"<(?=!--)|[\\$]")
_RUN = re.compile(r"(?:`+|~+|\$+)")
_ANGLE = re.compile(r"<(?:(?P<comment>!--)|(?P<html>(?i:pre|code|script|style))\b)")
_BACKSLASH = re.compile(
    r"(?P<bracket>\\{1,2}[(\[])"
    r"|(?P<escape>\\[\\$`<~])"
    rf"|(?P<begin>{BEGIN})"
    rf"|(?P<definition>{DEFINE})"
)
_BEFORE_FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+){0,4}")
_BEFORE = 200
"""How far from the beginning of a line a fence may stand."""
_TICKS = re.compile(r"`+")
_DIRECTIVE = re.compile(r"\s*symjac[ \t]*:", re.IGNORECASE)
_MATH_FENCE = re.compile(r"[ \t]*(?:math\b|\{math\}|\{\.math\b)", re.IGNORECASE)
_OPTIONS = re.compile(r"(?:[ \t>]*:[a-z-]{1,40}:[^\n]*\n)*+")
"""How MyST labels what is in a fence."""
_MONEY = re.compile(r"\d[\d.,]*(?:[ \t\r\n]|[kKmMbB]\b)")
_TEXT = re.compile(r"\\[A-Za-z]+\s*\{[^{}]*\}")
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}[ \n]+[A-Za-z]{2,}(?![A-Za-z])")
_FORMULA = re.compile(r"\s*(?:[A-Za-z]'?|[A-Za-z0-9 ()'.,/*+-]*[=<>+*/(][A-Za-z0-9 ()'.,/*+=<>-]*)\s*")
_LETTERS = re.compile(r"[A-Za-z]{2,}(?!\()")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")


def find(piece: Piece, found: Found, at: int = 0, role: str = "text", id: str = "") -> None:
    """Adds what is in a piece of Markdown from `at` on to `found`, in the order of the text."""
    reader = _Markdown(piece, found, percent=False, role=role, id=id)
    readers = {"<": reader.angle, "\\": reader.backslash, "`": reader.run, "~": reader.run, "$": reader.run}
    reader.read(_START, readers, at)


def find_in_page(piece: Piece, found: Found) -> None:
    """The same of a web page's text, where backticks and tildes are text, and `<` begins nothing but a comment."""
    reader = _Markdown(piece, found, percent=False)
    readers = {"<": reader.angle, "\\": reader.backslash, "$": reader.run}
    reader.read(_START_IN_PAGE, readers, 0)


class _Markdown(Scan):
    runs_until = -1
    runs: dict[int, list[int]]

    def angle(self, at: int) -> int:
        m = _ANGLE.match(self.text, at)
        if m is None:
            return at + 1
        if m["comment"]:
            return self.comment(m.end())
        close = self.ahead(f"(?P<hit>(?i:</{m['html'].lower()}[ \t]*>))", m.end())
        return close.end() if close else m.end()

    def backslash(self, at: int) -> int:
        m = _BACKSLASH.match(self.text, at)
        if m is None:
            return at + 1
        if m["bracket"]:
            return self.brackets(at, m.end())
        if m["begin"]:
            return self.environment(at, m.end(), m["env"])
        if m["definition"]:
            known = self.define(m, len(self.text))
            return known.end if known else m.end()
        return m.end()

    def run(self, at: int) -> int:
        m = _RUN.match(self.text, at)
        end = m.end() if m else at + 1
        if self.text[at] == "$":
            return self.dollars(at, end)
        if end - at >= 3 and self.begins_fence(at):
            line = self.text.find("\n", end)
            line = line if line >= 0 else len(self.text)
            if self.text[at] == "~" or self.text.find("`", end, line) < 0:
                return self.fence(at, end, line)
        return self.code(end, end - at) if self.text[at] == "`" else end

    def begins_fence(self, at: int) -> bool:
        before = self.text[max(0, at - _BEFORE) : at]
        line = before.rfind("\n") + 1
        return (line > 0 or at <= _BEFORE) and _BEFORE_FENCE.fullmatch(before, line) is not None

    def fence(self, at: int, end: int, line: int) -> int:
        """A fence from `at` to `end` whose line ends at `line`."""
        begin = min(line + 1, len(self.text))
        closing = re.compile(rf"^[ \t>]*{self.text[at]}{{{end - at},}}[ \t\r]*$", re.MULTILINE)
        close = closing.search(self.text, begin)
        last, behind = (close.start(), close.end()) if close else (len(self.text), len(self.text))
        if _MATH_FENCE.match(self.text, end, line) and begin < last:
            fault = "" if close else f"the fence {self.text[at:end]:.20} is not closed"
            options = _OPTIONS.match(self.text, begin)
            begin = min(options.end(), last) if options else begin
            self.mathematics(begin, last, (at, behind), display=True, fault=fault)
        return behind

    def comment(self, begin: int) -> int:
        """An HTML comment; one that is not closed is text, and a fault where it is a directive."""
        close = self.ahead(r"(?P<hit>-->)", begin)
        directive = _DIRECTIVE.match(self.text, begin)
        if close is None:
            if directive:
                stop = self.paragraph_end(directive.end())
                self.directive(directive.end(), stop, fault="the comment is not closed with `-->`")
                return stop
            return begin
        if directive:
            self.directive(min(directive.end(), close.start()), close.start())
        return close.end()

    def code(self, end: int, length: int) -> int:
        """Inline code ends with as many backticks as it begins with, in its paragraph; else the backticks are text."""
        if end > self.runs_until:
            self.runs, self.runs_until = {}, self.paragraph_end(end)
            for m in _TICKS.finditer(self.text, end, self.runs_until):
                self.runs.setdefault(m.end() - m.start(), []).append(m.start())
        starts = self.runs.get(length, [])
        i = bisect_right(starts, end - 1)
        return starts[i] + length if i < len(starts) else end

    def dollars(self, at: int, end: int) -> int:
        if end - at > 2:
            return end
        if end - at == 2:
            return self.display(at, end)
        stop = self.paragraph_end(end)
        if self.text.startswith("`", end):
            close = self.ahead(r"(?P<hit>`\$)", end + 1)
            if close and close.start() <= stop:
                self.mathematics(end + 1, close.start(), (at, close.end()), display=False)
                return close.end()
        close_at = self.dollar(end, stop)
        if close_at < 0:
            return self.open_dollar(at, end, stop)
        if self.is_pair(at, end, close_at):
            self.mathematics(end, close_at, (at, close_at + 1), display=False)
            return close_at + 1
        behind = self.text[close_at + 1 : close_at + 2]
        if not behind.isalnum() and self.is_spaced(end, close_at):
            self.mathematics(end, close_at, (at, close_at + 1), display=False)
            return close_at + 1
        if not behind.isalnum() and self.is_tex(end, close_at):
            fault = "no formula in Markdown: no space may stand after the opening `$` nor before the closing one"
            self.mathematics(end, close_at, (at, close_at + 1), display=False, fault=fault)
            return close_at + 1
        return end

    def is_pair(self, at: int, begin: int, close: int) -> bool:
        """True where the dollars at `at` and `close` enclose mathematics, and are not sums of money."""
        inside = self.text[begin:close]
        if not inside or inside[0].isspace() or inside[-1].isspace():
            return False
        if self.text[close + 1 : close + 2].isdigit() or inside.count("`") % 2:
            return False
        before = self.text[at - 1 : at]
        if inside[0].isdigit() and before.isascii() and before.isalpha():
            return False
        return not (_MONEY.match(inside) and not self.is_tex(begin, close) and _WORD.search(inside))

    def is_spaced(self, begin: int, close: int) -> bool:
        """True for ` x `, ` n \\times 1 `: spaces at the ends, and what stands between them is no prose."""
        inside = self.text[begin:close]
        prose = _TEXT.sub("", inside)
        if not inside.strip() or inside.count("`") or _PROSE.search(prose) or _MONEY.match(inside.strip() + " "):
            return False
        return self.is_tex(begin, close) or (_FORMULA.fullmatch(inside) is not None and not _LETTERS.search(inside))

    def open_dollar(self, at: int, begin: int, stop: int) -> int:
        """A dollar without a second one in its paragraph: a formula with a fault where TeX follows on the line."""
        line = self.text.find("\n", begin, stop)
        line = line if line >= 0 else stop
        if begin < line and not self.text[begin].isspace() and self.is_tex(begin, line):
            self.mathematics(begin, line, (at, line), display=False, fault="the `$` is not closed in its paragraph")
            return line
        return begin
