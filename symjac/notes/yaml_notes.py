r"""YAML with mathematics in its strings: files of `given:` and `claims:`, front matter, and lists of directives.

A string is one formula, without or with dollars around it; a block of several lines under `given:` or `claims:` is one
formula a line, a line going on while a brace or an environment is open and on lines that are indented further. A
directive is a string, a line of a block, or `key: value`, which reads `key = value`.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Callable, Iterator, Sequence

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from symjac.core.errors import InputError
from symjac.model.yaml_source import read_yaml
from symjac.notes import markdown
from symjac.notes.parts import Directive, Found, Piece, Snippet, place_in
from symjac.notes.scan import Scan

MAX_LENGTH = 512 * 1024
"""How many characters of YAML are read."""

KEYS = ("notation", "symjac", "macros", "given", "claims", "title", "notes")
NOTATIONS = ("latex", "plain")

_DELIMITED = re.compile(r"(?<!\\)\$|\\[(\[]")
_FRONT = re.compile(r"---[ \t]*\r?\n")
_FRONT_END = re.compile(r"^(?:---|\.\.\.)[ \t\r]*$", re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:\r?\n[ \t]*|x(..)|u(....)|U(........)|(.))|(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}
_ESCAPED |= {"N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}
_EATEN = re.compile(r"(?<!\\)(?:\\\\)*(\\(?:[abefrtv0]|n(?=abla|eq|u\b|ot|ewcommand|orm|i\b|eg))[A-Za-z]+)")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_OPENS = re.compile(r"\\[\\{}%]|(?P<open>\{|\\begin(?![A-Za-z]))|(?P<close>\}|\\end(?![A-Za-z]))")


def note_file(text: str, found: Found) -> None:
    """Adds what a file of `given:` and `claims:` says: directives, then what is given, then the claims."""
    _Notes(text, found).read(_parse(text, found.file))


def front_matter(text: str, found: Found) -> int:
    """Adds the directives in the front matter of a Markdown text: the position behind it."""
    first = _FRONT.match(text)
    last = _FRONT_END.search(text, first.end()) if first else None
    if first is None or last is None:
        return 0
    if "symjac" in text[: last.start()]:
        top = _parse(text[: last.start()], found.file)
        if isinstance(top, MappingNode):
            for key, value in top.value:
                if key.value == "symjac":
                    _Notes(text, found).directives(value)
    return last.end()


def sidecar(text: str, found: Found) -> None:
    """Adds the directives of a file that has nothing else in it."""
    reader, top = _Notes(text, found), _parse(text, found.file)
    if isinstance(top, MappingNode) and [key.value for key, _ in top.value] == ["symjac"]:
        top = top.value[0][1]
    reader.directives(top)


def strings(
    given: Sequence[Piece],
    claims: Sequence[Piece],
    notation: str,
    is_directive: Callable[[str], bool],
    found: Found,
) -> None:
    """Adds formulas that each are one string; what is given may be a directive."""
    reader = _Notes(found.text, found)
    for role, pieces in (("given", given), ("claim", claims)):
        for piece in pieces:
            if role == "given" and is_directive(piece.text):
                found.add(Directive(piece.text, piece.offsets))
            else:
                reader.formula(piece, role, notation)


def _parse(text: str, file: str) -> Node:
    if len(text) > MAX_LENGTH:
        raise InputError(
            place_in(file, text, 0), "too much YAML", f"at most {MAX_LENGTH // 1024} KiB", "split it, or use Markdown"
        )
    if not text.strip():
        raise InputError(place_in(file, text, 0), "the file is empty", "`given:` and `claims:`")
    read_yaml(text, file)  # refuses what is not YAML, aliases, tags, keys that occur twice, depth
    top: Node = YAML(typ="safe", pure=True).compose(io.StringIO(text))
    return top


class _Notes:
    def __init__(self, text: str, found: Found) -> None:
        self.text = text
        self.found = found

    def error(self, node: Node, found: str, expected: str = "", hint: str = "") -> InputError:
        return InputError(place_in(self.found.file, self.text, node.start_mark.index), found, expected, hint)

    def read(self, top: Node) -> None:
        if not isinstance(top, MappingNode):
            raise self.error(top, "no `claims:` here", "a mapping with `given:` and `claims:`")
        values = {}
        for key, value in top.value:
            if key.value not in KEYS:
                near = difflib.get_close_matches(key.value, KEYS, 1)
                hint = f"did you mean `{near[0]}`?" if near else ""
                raise self.error(key, f"the unknown key {key.value!r:.60}", "one of " + ", ".join(KEYS), hint)
            values[key.value] = value
        if "claims" not in values:
            raise self.error(top, "no `claims:` here", "a list of formulas under `claims:`")
        notation = self.notation(values["notation"]) if "notation" in values else "latex"
        if "symjac" in values:
            self.directives(values["symjac"])
        if "macros" in values:
            for node in self.sequence(values["macros"]):
                self.macros(self.string(node))
        if "given" in values:
            self.formulas(values["given"], "given", notation)
        self.formulas(values["claims"], "claim", notation)

    def notation(self, node: Node) -> str:
        if node.value not in NOTATIONS:
            raise self.error(node, "an unknown notation", " or ".join(NOTATIONS))
        return str(node.value)

    def sequence(self, node: Node) -> list[Node]:
        return node.value if isinstance(node, SequenceNode) else [node]

    def string(self, node: Node) -> Piece:
        if not isinstance(node, ScalarNode):
            hint = "put quotes around a formula that contains `: `" if isinstance(node, MappingNode) else ""
            raise self.error(node, "a list or mapping instead of text", "text", hint)
        piece = scalar(self.text, node)
        if not piece.text.strip():
            raise self.error(node, "nothing here", "text")
        if _UNWRITABLE.search(piece.text):
            raise self.error(node, "a character that is not Unicode text", "text")
        if node.style == '"' and (eaten := _EATEN.search(self.text, node.start_mark.index, node.end_mark.index)):
            raise InputError(
                place_in(self.found.file, self.text, eaten.start(1)),
                f"in double quotes YAML does not read {eaten[1][:20]} as a command",
                "single quotes, or none",
            )
        return piece

    def formulas(self, node: Node, role: str, notation: str) -> None:
        """A list of formulas, or a block of them."""
        if isinstance(node, ScalarNode):
            block = self.string(node)
            if "\n" in block.text and not (notation == "latex" and _DELIMITED.search(block.text)):
                for line in _lines(block):
                    self.formula(line, role, notation)
            else:
                self.formula(block, role, notation)
            return
        if not isinstance(node, SequenceNode):
            raise self.error(node, "a mapping instead of a list", "formulas, each behind a dash")
        for item in node.value:
            if role == "claim" and isinstance(item, MappingNode):
                self.claim(item, notation)
            else:
                self.formula(self.string(item), role, notation)

    def claim(self, node: MappingNode, notation: str) -> None:
        """A mapping with `claim:`; `id` and `notation` are read, other keys kept."""
        claim, name, extra = None, "", []
        for key, value in node.value:
            if key.value == "claim":
                claim = self.string(value)
            elif key.value == "notation":
                notation = self.notation(value)
            elif near := difflib.get_close_matches(key.value, ("claim", "notation"), 1, 0.8):
                raise self.error(key, f"the unknown key {key.value!r:.60}", hint=f"did you mean `{near[0]}`?")
            elif key.value == "id":
                name = self.string(value).text
            else:
                extra.append((str(key.value), self.string(value).text))
        if claim is None:
            hint = "put quotes around a formula that contains `: `"
            raise self.error(node, "a claim without `claim:`", "`claim: formula`", hint)
        self.formula(claim, "claim", notation, name, tuple(extra))

    def formula(
        self, piece: Piece, role: str, notation: str, id: str = "", extra: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """One formula; in LaTeX with dollars around it or without."""
        inside = Found(self.found.file, self.found.text)
        if notation == "latex" and _DELIMITED.search(piece.text):
            markdown.find(piece, inside, role=role, id=id)
        if not any(isinstance(item, Snippet) for item in inside.items):
            inside = Found(self.found.file, self.found.text)
            if notation == "latex":
                Scan(piece, inside, percent=False, role=role, id=id).mathematics(
                    0, len(piece.text), (0, len(piece.text)), display=True
                )
            elif piece.part(0, len(piece.text)).text:
                piece = piece.part(0, len(piece.text))
                inside.add(Snippet(piece.text, piece.offsets, True, role, notation, piece.span, id=id))
        for item in (*inside.macros, *inside.items):
            if isinstance(item, Snippet) and extra:
                item = Snippet(item.text, item.offsets, item.display, role, notation, item.outer, item.fault, id, extra)
            self.found.add(item)

    def macros(self, piece: Piece) -> None:
        inside = Found(self.found.file, self.found.text)
        markdown.find(piece, inside)
        for macro in inside.macros:
            self.found.add(macro)

    def directives(self, node: Node) -> None:
        if isinstance(node, SequenceNode):
            for item in node.value:
                self.directives(item)
        elif isinstance(node, MappingNode):
            for key, value in node.value:
                name, said = self.string(key), self.string(value)
                gap = (name.offsets[-1],) * 3
                offsets = (*name.offsets[:-1], *gap, *said.offsets)
                self.found.add(Directive(f"{name.text} = {said.text}", offsets))
        else:
            block = self.string(node)
            for start, end in _line_ends(block.text):
                line = block.part(start, end)
                if line.text:
                    self.found.add(Directive(line.text, line.offsets))


def _line_ends(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _lines(block: Piece) -> Iterator[Piece]:
    """The formulas of a block, one a line."""
    start, behind, depth = -1, 0, 0
    indent = min((len(s) - len(s.lstrip()) for s in block.text.split("\n") if s.strip()), default=0)
    for first, last in _line_ends(block.text):
        line = block.text[first:last]
        goes_on = depth > 0 or (line[:1].isspace() and len(line) - len(line.lstrip()) > indent)
        if start >= 0 and line.strip() and not goes_on:
            yield block.part(start, behind)
            start = -1
        if line.strip():
            start = first if start < 0 else start
            for m in _OPENS.finditer(line):
                depth += (m.lastgroup == "open") - (m.lastgroup == "close")
            depth = max(depth, 0)
        behind = last
    if start >= 0:
        yield block.part(start, behind)


def scalar(text: str, node: ScalarNode) -> Piece:
    """The value of a scalar, each character with its place.

    Folding and indentation change space only, so that the other characters follow each other as in the file.
    """
    start, end = node.start_mark.index, node.end_mark.index
    value = str(node.value)
    units = list(_units(text, start, end, node.style))
    solid = [offset for character, offset in units if not character.isspace()]
    if [c for c, _ in units if not c.isspace()] != [c for c in value if not c.isspace()]:
        return Piece(value, tuple(min(start + i, end) for i in range(len(value) + 1)))
    offsets, here, used = [], start + (node.style is not None), 0
    for c in value:
        if not c.isspace():
            here = solid[used]
            used += 1
        offsets.append(here)
        limit = solid[used] if used < len(solid) else end
        here = min(here + 1, max(limit, offsets[-1]))
    return Piece(value, (*offsets, offsets[-1] + 1 if offsets else start))


def _units(text: str, start: int, end: int, style: str | None) -> Iterator[tuple[str, int]]:
    """The characters that a scalar is written with, escapes read, each with its place."""
    if style in ("|", ">"):
        start = text.index("\n", start, end) if "\n" in text[start:end] else end
    elif style is not None:
        start, end = start + 1, end - 1
    if style == '"':
        for m in _ESCAPE.finditer(text, start, end):
            code = m[1] or m[2] or m[3]
            if code:
                yield chr(int(code, 16)), m.start()
            elif m[4]:
                yield _ESCAPED.get(m[4], m[4]), m.start()
            elif m[5]:
                yield m[5], m.start()
        return
    skip = False
    for at in range(start, end):
        if skip or (style == "'" and text.startswith("''", at)):
            skip = not skip
            if not skip:
                continue
        yield text[at], at
