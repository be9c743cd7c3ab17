"""Terminals -> statements: rows, columns, commas and words cut a piece of mathematics into sides and relations.

A row that begins with a relation goes on with the statement before it, and so does one that begins with a sign of
operation. A comma parts two statements where both have a relation. Words beside a formula are its notes; a condition
("if x > 0") belongs to the statement before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from symjac.notation import signs
from symjac.notation.grammar import side
from symjac.notation.limits import settled
from symjac.notation.shapes import declared
from symjac.notation.terminal import Terminal
from symjac.notation.tokens import Unreadable
from symjac.notation.tree import Name, Node, Num, Span, Statement, Unread


@dataclass(slots=True)
class _Draft:
    """A statement as far as it has been read: its sides as terminals."""

    sides: list[list[Terminal]]
    relations: list[Terminal]
    notes: list[str] = field(default_factory=list)
    conditions: list[list[Terminal]] = field(default_factory=list)

    def extend(self, piece: Sequence[Terminal]) -> None:
        """More terminals: cut at the relations outside of brackets."""
        for depth, t in _depths(piece):
            if t.type == "REL" and depth == 0:
                self.relations.append(t)
                self.sides.append([])
            else:
                self.sides[-1].append(t)

    @property
    def waiting(self) -> bool:
        """Whether it ends with a sign that something must follow."""
        return not self.sides[-1] or self.sides[-1][-1].type in _GOES_ON


_OPENING = frozenset({"OPEN", "LB", "CASES", "MATRIX", "NORM_OPEN", "ABS_OPEN"})
_CLOSING = frozenset({"CLOSE", "RB", "END", "NORM_CLOSE", "ABS_CLOSE"})
_GOES_ON = frozenset({"PLUS", "MINUS", "TIMES", "SLASH", "BINOP", "BIG"})
_CONDITION = frozenset({"if", "when", "unless", "provided", "assuming", "whenever", "iff"})
_FOR = frozenset({"for", "all", "every", "each", "any"})
_JOINING = frozenset({"and", "where", "with", "then", ""})


def statements(found: Sequence[Terminal]) -> tuple[tuple[Statement, ...], tuple[Unread, ...]]:
    """The statements of a piece of mathematics in the order of writing, and what could not be read."""
    cutter = _Cutter()
    for row in _cut(found, "ROW"):
        cutter.row(row)
    read: list[Statement] = []
    unread: list[Unread] = []
    for draft in cutter.drafts:
        for part in _at_arrows(draft):
            _finish(part, read, unread)
    return tuple(read), tuple(unread)


class _Cutter:
    """Makes drafts of rows. `columns`: the statement that each column goes on with. `here`: the last of this row."""

    def __init__(self) -> None:
        self.drafts: list[_Draft] = []
        self.columns: dict[int, _Draft] = {}
        self.here: _Draft | None = None

    def row(self, row: Sequence[Terminal]) -> None:
        """Its columns are pairs of cells: what stands before a relation, and what after."""
        self.here = None
        cells = list(_cut(row, "AMP"))
        for column in range(0, len(cells), 2):
            pair = cells[column : column + 2]
            self.column([t for cell in pair for t in cell], column, not _trimmed(pair[0]))

    def column(self, chunk: Sequence[Terminal], column: int, empty_first: bool) -> None:
        said: frozenset[str] = frozenset()
        held: list[list[Terminal]] = []  # conditions that stand before their statement
        for n, piece in enumerate(_pieces(chunk)):
            if piece[0].type == "TEXT":
                said = self.remark(str(piece[0]))
            elif n == 0 and self.goes_on(piece, self.columns.get(column), empty_first):
                self.here = self.columns[column]
                self.here.extend(piece)
            elif self.here is not None and (piece[0].type == "REL" or self.here.waiting):
                self.here.extend(piece)
            else:
                bracketed = _without_bracket(piece)
                for part in _by_comma(bracketed or piece):
                    if self.is_condition(part, said, bracketed is not None):
                        (held if self.here is None else self.here.conditions).append(part)
                    else:
                        self.begin(part, column, held)
                    said = frozenset()
        if self.here is None:
            for part in held:
                self.begin(part, column, [])

    def begin(self, part: Sequence[Terminal], column: int, held: list[list[Terminal]]) -> None:
        self.here = self.columns[column] = _Draft([[]], [], conditions=list(held))
        self.here.extend(part)
        self.drafts.append(self.here)

    def remark(self, said: str) -> frozenset[str]:
        """A text beside a formula: kept as its note unless it only joins. Its words, for what comes after it."""
        words = frozenset(w.strip(",.;:()").lower() for w in said.split())
        owner = self.here or (self.drafts[-1] if self.drafts else None)
        if owner is not None and not words <= _CONDITION | _FOR | _JOINING:
            owner.notes.append(said)
        return words

    def goes_on(self, piece: Sequence[Terminal], draft: _Draft | None, empty_first: bool) -> bool:
        """Whether a row that begins so is more of the statement above it."""
        if draft is None:
            return False
        first = piece[0].type
        signed = first in _GOES_ON - {"BIG"} and (first != "MINUS" or empty_first or not _relations(piece))
        return first == "REL" or signed or draft.waiting

    def is_condition(self, part: Sequence[Terminal], said: frozenset[str], bracketed: bool) -> bool:
        """Whether a statement holds only where this does: after "if", or an inequality behind an equation; i = j of two
        letters in brackets, or behind "for", is none that claims something either.
        """
        relations = set(_relations(part))
        letters = _is_of_letters(part) and (bracketed or bool(said & _FOR))
        compared = bool(relations) and (relations <= _COMPARISONS or letters)
        behind = self.here is not None and bool({str(r) for r in self.here.relations} & {"=", ":="})
        return bool(said & _CONDITION) or (compared and (behind or bool(said & _FOR)))


_COMPARISONS = frozenset({"<", ">", "<=", ">=", "!="})


def _without_bracket(piece: Sequence[Terminal]) -> list[Terminal] | None:
    r"""i \ne j of a (i \ne j) that stands by itself."""
    whole = len(piece) > 4 and piece[0].type == "OPEN" and piece[-1].type == "CLOSE" and str(piece[0]) == "("
    if not whole or any(depth == 0 for depth, _ in _depths(piece[1:-1], 1)):
        return None
    inner = list(piece[1:-1])
    said = set(_relations(inner))
    a_range = any(t.type == "LEAF" and str(t) in _DOTS for t in inner)
    return inner if said and (said <= _COMPARISONS or _is_of_letters(inner) or a_range) else None


def _is_of_letters(part: Sequence[Terminal]) -> bool:
    """i = j, x = 1."""
    number = len(part) == 3 and isinstance(part[2].node, Num)
    return len(part) == 3 and _is_letter(part[0]) and (number or _is_letter(part[2]))


def _is_letter(t: Terminal) -> bool:
    return t.type == "LEAF" and isinstance(t.node, Name) and len(t.node.text) == 1 and t.node.text.islower()


def _relations(piece: Sequence[Terminal]) -> list[str]:
    """The relations outside of brackets."""
    return [str(t) for depth, t in _depths(piece) if t.type == "REL" and depth == 0]


def _pieces(chunk: Sequence[Terminal]) -> Iterator[list[Terminal]]:
    """Between gaps, semicolons, arrows and words; a word is a piece of its own."""
    piece: list[Terminal] = []
    for depth, t in _depths(chunk):
        colon = t.type == "REL" and str(t) == ":" and any(p.type == "REL" for p in piece)
        if depth == 0 and (colon or t.type in ("GAP", "SEMI", "ARROW", "TEXT")):
            if trimmed := _trimmed(piece):
                yield trimmed
            piece = []
            if t.type == "TEXT":
                yield [t]
        else:
            piece.append(t)
    if trimmed := _trimmed(piece):
        yield trimmed


def _trimmed(piece: Sequence[Terminal]) -> list[Terminal]:
    """Without punctuation and gaps at the ends."""
    start, end = 0, len(piece)
    while start < end and piece[start].type in ("COMMA", "SEMI", "GAP"):
        start += 1
    while end > start and piece[end - 1].type in ("COMMA", "SEMI", "GAP"):
        end -= 1
    return list(piece[start:end])


def _by_comma(piece: Sequence[Terminal]) -> Iterator[list[Terminal]]:
    """a = 1, b = 2 are two; A, B \\in S is one, and so is i = 1, \\dots, n."""
    parts: list[list[Terminal]] = [[]]
    for depth, t in _depths(piece):
        if t.type == "COMMA" and depth == 0:
            parts.append([t])
        else:
            parts[-1].append(t)
    current: list[Terminal] = []
    related = False
    pending: list[Terminal] = []
    for part in parts:
        relation = next(iter(_relations(part)), "")
        if not relation:
            (pending if related else current).extend(part)
            continue
        if not related:
            current.extend(part)
            related = True
            continue
        dots = any(t.type == "LEAF" and str(t) in _DOTS for t in pending)
        if relation == "in" and not dots:
            yield current
            current = [*pending, *part]
        else:
            yield [*current, *pending]
            current = list(part)
        if current[0].type == "COMMA":
            current = current[1:]
        pending = []
    current.extend(pending)
    if current:
        yield current


_DOTS = frozenset({"...", "\\dots", "\\ldots", "\\cdots", "\\dotsc", "\\dotsb", "\\vdots", "\\ddots"})


def _cut(found: Sequence[Terminal], kind: str) -> Iterator[list[Terminal]]:
    """The runs between terminals of one kind, outside of the bodies of commands and cases."""
    run: list[Terminal] = []
    depth = 0
    for t in found:
        depth += (t.type in ("LB", "CASES", "MATRIX")) - (t.type in ("RB", "END"))
        if t.type == kind and depth == 0:
            yield run
            run = []
        else:
            run.append(t)
    yield run


def _depths(piece: Sequence[Terminal], depth: int = 0) -> Iterator[tuple[int, Terminal]]:
    """Each terminal with how many brackets it stands in, `depth` of them around all."""
    for t in piece:
        if t.type in _CLOSING:
            depth = max(0, depth - 1)
        yield depth, t
        if t.type in _OPENING:
            depth += 1


def _at_arrows(draft: _Draft) -> Iterator[_Draft]:
    """a = b \\to c = d are two: between two equations the arrow is no map and no limit."""
    start = 0
    names = [str(r) for r in draft.relations]
    for at, name in enumerate(names):
        if name == "->" and "=" in names[start:at] and "=" in names[at + 1 :]:
            yield replace(draft, sides=draft.sides[start : at + 1], relations=draft.relations[start:at])
            start = at + 1
    yield replace(draft, sides=draft.sides[start:], relations=draft.relations[start:]) if start else draft


def _finish(draft: _Draft, read: list[Statement], unread: list[Unread]) -> None:
    """The draft as a statement. Of a chain of equalities the sides that can be read still make one."""
    span = _span([t for s in draft.sides for t in s] + draft.relations)
    if draft.relations and not any(draft.sides):
        sign = str(draft.relations[0])
        name = Name(sign, signs.RELATION_SIGNS.get(sign, sign), span=span)
        read.append(Statement((name,), (), span, tuple(draft.notes)))
        return
    sides: list[Node | None] = []
    for i, terminals in enumerate(draft.sides):
        try:
            if not terminals:
                at = draft.relations[min(i, len(draft.relations) - 1)]
                where = "before" if i == 0 else "after"
                raise Unreadable(at.span, f"nothing stands {where} this relation; a quantity was expected")
            sides.append(side(terminals))
        except Unreadable as problem:
            if not draft.relations and problem.reason.startswith("a derivative of nothing"):
                return  # a text that speaks of d/dx
            sides.append(None)
            unread.append(Unread(problem.span, problem.reason))
    relations = [str(r) for r in draft.relations]
    conditions: list[Node] = []
    for terminals in draft.conditions:
        try:
            conditions.append(side(terminals))
        except Unreadable as problem:
            unread.append(Unread(problem.span, problem.reason))
            return
    if None in sides:
        kept = [s for s in sides if s is not None]
        if len(kept) < 2 or set(relations) != {"="}:
            return
        sides, relations = list(kept), ["="] * (len(kept) - 1)
    made = tuple(s for s in sides if s is not None)
    whole = Statement(made, tuple(relations), span, tuple(draft.notes), tuple(conditions))
    read.extend(map(settled, declared(whole)))


def _span(found: Sequence[Terminal]) -> Span:
    return Span(min(t.span.start for t in found), max(t.span.end for t in found))
