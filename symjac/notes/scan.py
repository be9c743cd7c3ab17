r"""Finding mathematics in running text: what Markdown and TeX have in common.

Every search for an end is remembered, so that the text is read a fixed number of times however it is broken. What is
opened and not closed becomes a snippet with a fault that ends with its paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from symjac.core.errors import InputError
from symjac.notation.definitions import DEFINE, Braces, MacroDefinition, definition
from symjac.notation.tree import Span
from symjac.notes.parts import Directive, Found, MacroText, Piece, Snippet, place_in

ENVIRONMENTS = (
    *("equation", "align", "gather", "multline", "alignat", "xalignat", "flalign", "eqnarray"),
    *("displaymath", "math", "dmath", "dgroup", "aligned", "alignedat", "gathered", "split"),
)
_NAMES = "|".join(ENVIRONMENTS)
BEGIN = rf"\\begin[ \t]*\{{[ \t]*(?P<env>(?:{_NAMES})\*?)[ \t]*\}}"

_DEFINE = re.compile(DEFINE)
_SYMJAC = re.compile(r"[ \t\r\n]*symjac[ \t]*:", re.IGNORECASE)
_COMMENT = re.compile(r"\\[\\%]|(?P<comment>%[^\n]*)")
_TEXT = r"(?P<text>\\(?:text[a-z]*|mbox|hbox)[ \t]*\{)"
_FLAT = re.compile(r"\{[^{}$\\]*\}")
_QUOTE = re.compile(r"[ \t>]*")
_BRACKETS = {
    opener: (closing, f"{re.escape(opener)}|{re.escape(closing)}")
    for opener, closing in ((r"\(", r"\)"), (r"\[", r"\]"), (r"\\(", r"\\)"), (r"\\[", r"\\]"))
}
_HOLDS = re.compile(r"(?P<begin>\\begin[ \t]*\{)|(?P<end>\\end[ \t]*\{)|(?P<empty>\n[ \t\r>]*(?=\n))")
_TEX = re.compile(r"\\[A-Za-z]{2,}|[_^][{\\A-Za-z0-9]")

MAX_FORMULA = 100_000
"""How many characters a formula may have; a longer one has a fault, and only its beginning is kept."""
BEGINNING = 2_000
MAX_MARKS = 2_000_000
"""How many characters are looked at that may begin something."""


class Ahead:
    """The next match of a pattern whose group `hit` took part; asked at rising positions it reads the text once."""

    def __init__(self, pattern: str, text: str) -> None:
        self.pattern = re.compile(pattern, re.DOTALL)
        self.text = text
        self.asked = -1
        self.found: re.Match[str] | None = None

    def after(self, at: int) -> re.Match[str] | None:
        known = 0 <= self.asked <= at and (self.found is None or at <= self.found.start())
        if not known:
            self.asked = at
            self.found = next((m for m in self.pattern.finditer(self.text, at) if m.lastgroup == "hit"), None)
        return self.found


class Scan:
    """A piece of text being searched; `percent`: `%` begins a comment everywhere, not in mathematics only."""

    def __init__(self, piece: Piece, found: Found, *, percent: bool, role: str = "text", id: str = "") -> None:
        self.piece = piece
        self.text = piece.text
        self.found = found
        self.role = role
        self.id = id
        self.skip = r"(?:\\[\\$%]|%[^\n]*\n?){1,500}" if percent else r"(?:\\[\\$]){1,500}"
        self.inline_pattern = re.compile(_TEXT + r"|\\." + ("|%[^\n]*" if percent else "") + r"|(?P<hit>\$)", re.DOTALL)
        self.quoted = not percent
        self.braces = Braces(self.text, percent)
        self.aheads: dict[str, Ahead] = {}
        self.closers: dict[str, Ahead] = {}
        self.breaks = Ahead(r"(?P<hit>\n[ \t\r]*\n)" if percent else r"(?P<hit>\n[ \t\r>]*\n)", self.text)
        self.flat_until = 0

    def read(self, start: re.Pattern[str], readers: Mapping[str, Callable[[int], int]], at: int) -> None:
        """Reads from `at` on, by the reader for each character that `start` finds.

        A reader takes the position of its character and gives the position behind what it read.
        """
        for _ in range(MAX_MARKS):
            m = start.search(self.text, at)
            if m is None:
                return
            at = readers[m[0]](m.start())
        place = place_in(self.found.file, self.found.text, self.piece.offsets[at])
        raise InputError(place, f"more than {MAX_MARKS:,} signs that may begin a formula", hint="split the file")

    def ahead(self, pattern: str, at: int) -> re.Match[str] | None:
        """The next match of `pattern`, which has a group `hit`, from `at` on."""
        finder = self.aheads.get(pattern)
        if finder is None:
            finder = self.aheads[pattern] = Ahead(pattern, self.text)
        return finder.after(at)

    def closer(self, stop: str, at: int) -> re.Match[str] | None:
        """The next `stop` that is neither escaped nor in a comment."""
        finder = self.closers.get(stop)
        if finder is None:
            finder = self.closers[stop] = Ahead(f"(?P<hit>{stop})|{self.skip}", self.text)
        return finder.after(at)

    def is_tex(self, start: int, end: int) -> bool:
        """True where there is a command or a script: what a person writes in mathematics only."""
        return _TEX.search(self.text, start, end) is not None

    def paragraph_end(self, at: int) -> int:
        m = self.breaks.after(at)
        return m.start() if m else len(self.text)

    def dollar(self, at: int, stop: int) -> int:
        r"""The next `$` before `stop` that is not escaped and not inside a \text{...}; -1 where there is none.

        Where a search that left out a \text found nothing, the rest of the paragraph is read without leaving any out:
        else the same text would be searched from every `$` within.
        """
        jumped = False
        while m := self.inline_pattern.search(self.text, at, stop):
            if m.lastgroup == "hit":
                return m.start()
            at = m.end()
            if m.lastgroup == "text" and m.start() >= self.flat_until and not _FLAT.match(self.text, at - 1, stop):
                close = self.braces.close(at - 1)
                if 0 <= close < stop:
                    jumped = True
                    at = close + 1
        if jumped:
            self.flat_until = stop
        return -1

    def display(self, at: int, run: int) -> int:
        """`$$`, which begin at `at` and end at `run`: the position behind the formula."""
        m = self.closer(r"\$\$", run)
        stop = self.paragraph_end(run)
        if m and (m.start() <= stop or self.closes(m) or self.is_held_open(run, m.start())):
            self.mathematics(run, m.start(), (at, m.end()), display=True)
            return m.end()
        self.mathematics(run, stop, (at, stop), display=True, fault="the `$$` is not closed in its paragraph")
        return stop

    def closes(self, m: re.Match[str]) -> bool:
        """True where `$$` after an empty line end a formula: there is a line right above them, and none right below."""
        before = self.text[max(0, m.start() - 200) : m.start()].rstrip(" \t>")
        after = self.text[m.end() : m.end() + 200].lstrip(" \t\r")
        above = before.removesuffix("\n").rstrip(" \t\r>")
        below = after.removeprefix("\n").lstrip(" \t\r>")
        ends = after == "" or (after.startswith("\n") and below[:1] in ("", "\n"))
        return ends and not above.endswith("\n")

    def is_held_open(self, begin: int, end: int) -> bool:
        """True where every empty line within stands in an environment: it ends no formula."""
        depth = 0
        for m in _HOLDS.finditer(self.text, begin, min(end, begin + MAX_FORMULA)):
            depth += (m.lastgroup == "begin") - (m.lastgroup == "end")
            if m.lastgroup == "empty" and depth <= 0 and self.text[m.end() : end].strip():
                return False
        return True

    def brackets(self, at: int, begin: int) -> int:
        r"""What `\(` or `\[` from `at` to `begin` opens, both perhaps with two backslashes: the position behind it."""
        opener = self.text[at:begin]
        closing, either = _BRACKETS[opener]
        inline = closing.endswith(")")
        m = self.closer(either, begin)
        stop = self.paragraph_end(begin)
        held = m is not None and not inline and (not self.quoted or self.is_held_open(begin, m.start()))
        if m and m[0] == closing and (m.start() <= stop or held):
            self.mathematics(begin, m.start(), (at, m.end()), display=not inline)
            return m.end()
        if m:
            stop = min(stop, m.start())
        if self.quoted and not self.is_tex(begin, stop):
            return begin
        fault = f"the `{opener}` is not closed in its paragraph"
        self.mathematics(begin, stop, (at, stop), display=not inline, fault=fault)
        return stop

    def environment(self, at: int, begin: int, name: str, begins: str = "", ends: str = "") -> int:
        r"""What \begin{name} at `at`, which ends at `begin`, opens. `begins`, `ends`: other ways to write these."""
        plain = re.escape(name)
        opener = rf"\\begin[ \t]*\{{[ \t]*{plain}[ \t]*\}}" + (f"|{begins}" if begins else "")
        closing = rf"\\end[ \t]*\{{[ \t]*{plain}[ \t]*\}}" + (f"|{ends}" if ends else "")
        m = self.closer(f"{opener}|{closing}", begin)
        display = name != "math"
        if m and re.fullmatch(closing, m[0]):
            self.mathematics(at, m.end(), (at, m.end()), display=display)
            return m.end()
        stop = min(self.paragraph_end(begin), m.start() if m else len(self.text))
        self.mathematics(at, stop, (at, stop), display=display, fault=rf"\begin{{{name}}} has no \end{{{name}}}")
        return stop

    def define(self, m: re.Match[str], end: int) -> MacroDefinition | None:
        """The definition that begins with the match of DEFINE and ends before `end`, added to what was found."""
        known = definition(m, self.text, self.braces)
        if known and known.end > end:
            return None
        if known:
            piece = self.piece.part(known.start, known.end)
            self.found.add(MacroText(piece.text, piece.offsets))
        return known

    def mathematics(self, start: int, end: int, outer: tuple[int, int], *, display: bool, fault: str = "") -> None:
        """Adds the formula between `start` and `end`, then the directives in it."""
        if end - start > MAX_FORMULA:
            end = start + BEGINNING
            fault = fault or f"the formula is longer than {MAX_FORMULA:,} characters"
        if not self.text[start:end].strip():
            return
        cuts = list(self.definitions(start, end))
        directives: list[tuple[int, int]] = []
        if "symjac" in self.text[start:end].lower():
            for m in _COMMENT.finditer(self.text, start, end):
                if m["comment"] and (inside := self.directive_in(m.start(), m.end())):
                    directives.append(inside)
                    cuts.append(m.span())
        cuts.extend(self.line_marks(start, end))
        piece = self.without(start, end, cuts)
        offsets = self.piece.offsets
        if piece.text:
            outside = Span(offsets[outer[0]], offsets[outer[1] - 1] + 1)
            self.found.add(
                Snippet(piece.text, piece.offsets, display, self.role, outer=outside, fault=fault, id=self.id)
            )
        for inside in directives:
            self.directive(*inside)

    def definitions(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        behind = start
        for m in _DEFINE.finditer(self.text, start, end):
            if m.start() >= behind:
                known = self.define(m, end)
                if known:
                    behind = known.end
                    yield known.start, known.end

    def line_marks(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Carriage returns, and the `>` before each line where the formula stands in a quotation."""
        if self.text.find("\n", start, end) < 0:
            return
        depth = 0
        if self.quoted:
            line = _QUOTE.match(self.text, self.text.rfind("\n", 0, start) + 1)
            depth = line[0].count(">") if line else 0
        marks = r"\r(?=\n)" + (rf"|(?<=\n)(?:[ \t]*>){{1,{min(depth, 50)}}}" if depth else "")
        for m in re.compile(marks).finditer(self.text, start, end):
            yield m.span()

    def without(self, start: int, end: int, cuts: list[tuple[int, int]]) -> Piece:
        """The text from `start` to `end` but for `cuts`, without the space around it."""
        if not cuts:
            return self.piece.part(start, end)
        kept: list[str] = []
        places: list[int] = []
        for a, b in [*sorted(cuts), (end, end)]:
            if a > start:
                kept.append(self.text[start:a])
                places.extend(self.piece.offsets[start:a])
            start = max(start, b)
        text = "".join(kept)
        return Piece(text, (*places, places[-1] + 1 if places else self.piece.offsets[end])).part(0, len(text))

    def directive_in(self, start: int, end: int) -> tuple[int, int] | None:
        """Where the directive begins and ends that stands in a `%` comment, if one does."""
        while start < end and self.text[start] == "%":
            start += 1
        m = _SYMJAC.match(self.text, start, end)
        return (m.end(), end) if m else None

    def directive(self, start: int, end: int, fault: str = "") -> None:
        piece = self.without(start, end, list(self.line_marks(start, end)))
        if piece.text or fault:
            self.found.add(Directive(piece.text, piece.offsets, fault=fault))
