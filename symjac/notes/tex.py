r"""Mathematics in a TeX file: `$`, `$$`, \( \), \[ \] and the environments, also under names of the writer's own.

Not in comments, verbatim text, listings and pictures, \iffalse ... \fi, definitions, nor in front of \begin{document},
where only definitions and directives count. A comment `% symjac: ...` is a directive. A file without \begin{document}
is all body. \input is not followed.
"""

from __future__ import annotations

import re

from symjac.notation.definitions import DEFINE, MacroDefinition
from symjac.notes.parts import Found, Piece
from symjac.notes.scan import ENVIRONMENTS, Scan

_VERBATIM = (
    *("verbatim", "verbatim*", "Verbatim", "BVerbatim", "alltt", "lstlisting", "minted", "comment"),
    *("filecontents", "filecontents*", "tikzpicture", "pgfpicture"),
)
_DOCUMENT = re.compile(r"\\begin[ \t]*\{document\}")
_PERCENT = re.compile(r"(?<!\\)%")
_START = re.compile(r"[\\%$]")
_RUN = re.compile(r"\$+|%[^\n]*")
_BACKSLASH = (
    r"(?P<escape>(?:\\[\\$%&#_{}]){1,500})"
    rf"|(?P<definition>{DEFINE})"
    r"|(?P<environment>\\(?:re)?new(?:environment|theorem)(?![A-Za-z])\*?)"
    r"|(?P<iffalse>\\iffalse(?![A-Za-z]))"
    r"|(?P<bracket>\\[(\[])"
    r"|(?P<begin>\\begin[ \t]*\{[ \t]*(?P<name>[A-Za-z]+\*?)[ \t]*\})"
    r"|(?P<verb>\\(?:verb|lstinline|mintinline)(?![A-Za-z])\*?(?:\[[^\]\n]{0,200}\])?)"
    r"|(?P<url>\\(?:url|path|href)(?![A-Za-z])[ \t]*\{[^{}\n]{0,2000}\})"
    r"|(?P<finish>\\end[ \t]*\{document\})"
)
_CONDITION = r"\\(?:if(?!f(?![A-Za-z])|thenelse)[A-Za-z]*|fi|else)(?![A-Za-z])"
_LANGUAGE = re.compile(r"\{[A-Za-z0-9+#_-]{0,40}\}")
_BEGINS = re.compile(r"\\begin\{(" + "|".join(ENVIRONMENTS) + r")(\*?)\}")
_ENDS = re.compile(r"\\end\{(" + "|".join(ENVIRONMENTS) + r")(\*?)\}$")
_MATHEMATICS = frozenset(ENVIRONMENTS) | {name + "*" for name in ENVIRONMENTS}
MAX_SHORTHANDS = 40


def _body(text: str) -> int:
    r"""Where the text behind \begin{document} begins; 0 where there is none but in comments."""
    m = _DOCUMENT.search(text)
    while m and _PERCENT.search(text, text.rfind("\n", 0, m.start()) + 1, m.start()):
        line = text.find("\n", m.end())
        m = _DOCUMENT.search(text, line) if line >= 0 else None
    return m.end() if m else 0


def find(piece: Piece, found: Found) -> None:
    """Adds what is in a TeX file to `found`, in the order of the text."""
    reader = _Tex(piece, found, percent=True)
    readers = {"\\": reader.backslash, "%": reader.comment, "$": reader.dollars}
    reader.read(_START, readers, 0)


class _Tex(Scan):
    r"""`begins`, `ends`: commands that stand for \begin{...} and \end{...} of an environment, by its name."""

    def __init__(self, piece: Piece, found: Found, *, percent: bool) -> None:
        super().__init__(piece, found, percent=percent)
        self.body = _body(self.text)
        self.has_open_condition = False
        self.begins: dict[str, list[str]] = {}
        self.ends: dict[str, list[str]] = {}
        self.opened: dict[str, str] = {}
        self.pattern = re.compile(_BACKSLASH)

    def comment(self, at: int) -> int:
        m = _RUN.match(self.text, at)
        end = m.end() if m else at + 1
        if inside := self.directive_in(at, end):
            self.directive(*inside)
        return end

    def backslash(self, at: int) -> int:
        m = self.pattern.match(self.text, at)
        if m is None:
            return at + 1
        end = m.end()
        if m["definition"]:
            known = self.define(m, len(self.text))
            if known:
                self.shorthand(known)
            return known.end if known else end
        if m["environment"]:
            return self.arguments(end)
        if at < self.body or m["escape"] or m["url"]:
            return end
        if m["iffalse"]:
            return self.iffalse(end)
        if m["bracket"]:
            return self.brackets(at, end)
        if m["begin"]:
            return self.begin(at, end, m["name"])
        if m["verb"]:
            return self.verb(m[0], end)
        if m["finish"]:
            return len(self.text)
        return self.named(at, end, self.opened[m[0]])

    def begin(self, at: int, end: int, name: str) -> int:
        if name in _VERBATIM:
            close = self.ahead(rf"(?P<hit>\\end[ \t]*\{{{re.escape(name)}\}})", end)
            return close.end() if close else end
        return self.named(at, end, name) if name in _MATHEMATICS else end

    def named(self, at: int, end: int, name: str) -> int:
        begins, ends = ("|".join(known.get(name, ())) for known in (self.begins, self.ends))
        return self.environment(at, end, name, begins, ends)

    def dollars(self, at: int) -> int:
        m = _RUN.match(self.text, at)
        end = m.end() if m else at + 1
        if at < self.body:
            return end
        if end - at > 2:
            self.mathematics(at, end, (at, end), display=False, fault=f"{end - at} dollar signs in a row")
            return end
        if end - at == 2:
            return self.display(at, end)
        stop = self.paragraph_end(end)
        close = self.dollar(end, stop)
        if close >= 0:
            self.mathematics(end, close, (at, close + 1), display=False)
            return close + 1
        self.mathematics(end, stop, (at, stop), display=False, fault="the `$` is not closed in its paragraph")
        return stop

    def verb(self, command: str, end: int) -> int:
        """Text between two equal characters on one line, or in braces where the command allows it."""
        if command.startswith(r"\mintinline") and (language := _LANGUAGE.match(self.text, end)):
            end = language.end()
        mark = self.text[end : end + 1]
        if not mark or mark.isspace() or mark.isalnum():
            return end
        if mark == "{" and not command.startswith(r"\verb"):
            close = self.braces.close(end)
        else:
            close = self.text.find(mark, end + 1, end + 1000)
            line = self.text.find("\n", end, end + 1000)
            close = close if line < 0 or close < line else -1
        return close + 1 if close >= 0 else end

    def iffalse(self, end: int) -> int:
        r"""The position behind the \fi or \else of an \iffalse; from one that is not closed on, all is read."""
        depth, at = 1, end
        while not self.has_open_condition and (m := self.closer(_CONDITION, at)):
            at = m.end()
            if depth == 1 and m[0] in (r"\else", r"\fi"):
                return at
            depth += {r"\else": 0, r"\fi": -1}.get(m[0], 1)
        self.has_open_condition = True
        return end

    def arguments(self, at: int) -> int:
        r"""The position behind the arguments of \newenvironment or \newtheorem."""
        while m := _ARGUMENT.match(self.text, at):
            if not m["brace"]:
                at = m.end()
                continue
            close = self.braces.close(m.start("brace"))
            if close < 0:
                return at
            at = close + 1
        return at

    def shorthand(self, known: MacroDefinition) -> None:
        r"""Notes commands such as \be that stand for the beginning or the end of an environment."""
        if len(self.opened) + sum(map(len, self.ends.values())) >= MAX_SHORTHANDS or not known.name[1:].isalpha():
            return
        begins, ends = _BEGINS.match(known.body), _ENDS.search(known.body)
        command = re.escape(known.name) + "(?![A-Za-z])"
        if begins and r"\end" not in known.body:
            name = begins[1] + begins[2]
            self.begins.setdefault(name, []).append(command)
            self.opened[known.name] = name
            commands = "|".join(re.escape(c) for c in self.opened)
            self.pattern = re.compile(_BACKSLASH + rf"|(?P<shorthand>(?:{commands})(?![A-Za-z]))")
        elif ends and r"\begin" not in known.body:
            self.ends.setdefault(ends[1] + ends[2], []).append(command)


_ARGUMENT = re.compile(r"[ \t]*(?:\r?\n[ \t]*)?(?:(?P<brace>\{)|\[[^\]\n]{0,200}\])")
