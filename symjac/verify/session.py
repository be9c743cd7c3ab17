"""A page of notes, read: its worlds, its claims, what could not be read. `Session.claims` are judged one by one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from symjac.core.expr import ShapeError
from symjac.meaning import directives
from symjac.meaning.clauses import conditioned
from symjac.meaning.dependence import Dependence, Links
from symjac.meaning.directives import NEW_WORLD, SKIP_FROM, SKIP_NEXT, SKIP_TO
from symjac.meaning.fonts import Fonts
from symjac.meaning.glossary import Taken
from symjac.meaning.meaning import Meaning
from symjac.meaning.notebook import AS_WRITTEN, Layout, Notebook, is_loss
from symjac.meaning.reasons import CONFINED, Misfit, reason_of
from symjac.meaning.statements import Equality, Page, at_layers
from symjac.model.stack import Stack
from symjac.notation import latex_notation, plain_notation
from symjac.notation.latex_notation import Read
from symjac.notation.macros import Macros, read_macros
from symjac.notation.reach import reaching
from symjac.notation.tree import Span, Statement
from symjac.notes.prose import around
from symjac.notes.sections import Sections
from symjac.notes.source import Directive, Snippet, Source, from_command_line
from symjac.verify.left_open import names_read
from symjac.verify.openings import Line, Openings
from symjac.verify.stretches import Stretches
from symjac.verify.times import numbered
from symjac.verify.verdict import NotClaim, NotRead


@dataclass
class Chapter:
    """One world of the notes, and its formulas under each reading."""

    notebook: Notebook
    claims: tuple[Equality, ...] = ()
    habit: Layout | None = None
    """The conventions under which a claim was found to hold, where they are not those that the notes state."""
    usual: Layout | None = None
    """The conventions under which faults are looked for, once they are known."""
    before: Chapter | None = None
    """The one before, where a name has another formula here and no word says that its meaning is new."""
    otherwise: Callable[[int], Page] | None = None
    """The page where what nothing declares is taken in another way, by its number."""
    _meanings: dict[tuple[Layout, Taken], Meaning] = field(default_factory=dict)

    def meaning(self, reading: Layout | None = None, taken: Taken | None = None) -> Meaning:
        wanted = reading or self.notebook.reading, taken or Taken()
        if wanted not in self._meanings:
            self._meanings[wanted] = Meaning(self.notebook, *wanted)
        return self._meanings[wanted]

    @cached_property
    def others(self) -> list[Chapter]:
        """The same formulas, where what nothing declares is taken in the other ways that fit the text as well."""
        if self.otherwise is None:
            return []
        pages = [self.otherwise(k) for k in range(1, self.notebook.usages)]
        return [Chapter(p.notebook, p.claims, before=self.before) for p in pages]

    @cached_property
    def as_written(self) -> Chapter | None:
        """The same formulas, where capital letters are matrices and bold ones no numbers; None where these misfit."""
        if self.otherwise is None:
            return None
        page = self.otherwise(AS_WRITTEN)
        fits = all(_fits(page.notebook, key) for key in page.notebook.definitions if _fits(self.notebook, key))
        return Chapter(page.notebook, page.claims, before=self.before) if fits else None

    @cached_property
    def readable(self) -> Chapter | None:
        """The chapter without the formulas that cannot be read: their names are only named. None where all can be."""
        book = self.notebook
        failing = [key for key in book.definitions if not _reads(book, key)]
        if not failing:
            return None
        bare = _without(book, failing)
        for key in failing:
            again = _without(book, [k for k in failing if k != key and k not in bare.definitions])
            if _reads(again, key):
                bare = again
        return Chapter(bare, self.claims, before=self.before)

    def of_section(self, equality: Equality, sections: Sections, only_later: bool) -> Chapter | None:
        """The chapter without the formulas that stand in other sections than the equation; None without such."""
        book, at = self.notebook, equality.span.start
        used = names_read(book, equality.left, equality.right) & book.definitions.keys()
        starts = {key: book.definitions[key].span.start for key in used}
        here = sections.above(at)
        left_out = [k for k, p in starts.items() if sections.above(p) != here and (p > at or not only_later)]
        bare = _without(book, left_out)
        if not only_later:  # what depends on what is said there is left out as well
            bare.equations = tuple(sides for sides in book.equations if sections.above(sides[0].span.start) == here)
        same = not left_out and len(bare.equations) == len(book.equations)
        return None if same else Chapter(bare, self.claims, before=self.before)

    def same(self, equality: Equality) -> Equality | None:
        """An equation of another chapter, as it is read in this one."""
        return next((e for e in self.claims if (e.place, e.span) == (equality.place, equality.span)), None)

    def allows(self, reading: Layout) -> bool:
        """False where a formula for a name fits as the notes read `*`, and not as it is read here."""
        stated, formulas = self.notebook.reading, self.notebook.definitions
        if reading.product == stated.product:
            return True
        return all(self._fits(key, reading) or not self._fits(key, stated) for key in formulas)

    def _fits(self, key: str, reading: Layout) -> bool:
        try:
            self.meaning(reading).symbol(key, self.notebook.definitions[key].span)
        except CONFINED as error:
            return not isinstance(error, Misfit | ShapeError)
        return True

    def links(self, claim: Equality) -> list[Links]:
        """What the names that are only named may depend on, as the claim can be read; the likeliest first."""
        return self._dependence.readings(at_layers((claim.left, claim.right), self.notebook))

    @cached_property
    def _dependence(self) -> Dependence:
        pairs = (p for sides in self.notebook.equations for p in at_layers(sides, self.notebook))
        return Dependence(self.notebook, list(pairs))


def _fits(book: Notebook, key: str) -> bool:
    """Whether its formula can be read, and is a number where it is a loss."""
    try:
        quantity = Meaning(book, book.reading).symbol(key, book.definitions[key].span)
    except CONFINED:
        return False
    return not (is_loss(key) and key not in ("C", "E") and quantity.shape)  # C = A B is a matrix


def _reads(book: Notebook, key: str) -> bool:
    try:
        Meaning(book, book.reading).symbol(key, book.definitions[key].span)
    except CONFINED:
        return False
    return True


def _without(book: Notebook, keys: Sequence[str]) -> Notebook:
    """The notes where these names have the shapes of their use, and no formulas."""
    out = book.copy()
    for key in keys:
        del out.definitions[key]
        if key in book.taken:
            out.shapes.setdefault(key, book.taken[key])
    return out


def from_claim(claim: str, given: Sequence[str] = (), notation: str = "latex") -> Source:
    """A claim and what it takes as given, formulas or directives, as a source."""
    return from_command_line(claim, given, notation, directives.is_sentence)


class Session:
    """What a source says, sorted; the names of the network of `stack` are known in it, and with `from_use` those that
    nothing declares, by what the text does with them.
    """

    def __init__(self, source: Source, stack: Stack | None = None, from_use: bool = False) -> None:
        self.source, self.from_use = source, from_use
        self.chapters: list[Chapter] = []
        self.unread: list[NotRead] = []
        self.equations: list[Span] = []
        macros = read_macros(m.text for m in source.macros)
        gathered: list[tuple[Statement, str]] = []
        said = (line for item in source.items if isinstance(item, Directive) for line in _lines(item))
        openings = Openings(source.file, list(said), stack)
        notebook = openings.next()
        skipping, skip_next = False, False
        formulas = [item for item in source.items if isinstance(item, Snippet)]
        beside = dict(
            zip(map(id, formulas), around(source.text, [f.outer for f in formulas], source.sections), strict=True)
        )
        for item in source.items:
            if item.fault:
                self._not_read(item.span if isinstance(item, Directive) else item.outer, item.fault)
                continue
            if isinstance(item, Directive):
                for text, offsets in _lines(item):
                    word = directives.control(text)
                    if word == NEW_WORLD:
                        self._close(notebook, gathered)
                        notebook, gathered = openings.next(), []
                    elif word in (SKIP_FROM, SKIP_TO):
                        skipping = word == SKIP_FROM
                    elif word == SKIP_NEXT:
                        skip_next = True
                    else:
                        self._direct(text, offsets, notebook, macros, gathered)
                continue
            if skipping or skip_next:
                self.equations += [s.span for s in self._statements(item, macros).statements if s.relations]
                skip_next = False
                continue
            found = self._read(item, macros)
            gathered += [(replace(s, around=beside[id(item)]), item.role) for s in found]
            notebook.primes_transpose |= item.notation == "plain"
        self._close(notebook, gathered)
        for span, reason in openings.unread:
            self._not_read(span, reason)

    def _close(self, notebook: Notebook, gathered: list[tuple[Statement, str]]) -> None:
        if not gathered:
            return
        self.equations += [s.span for s, _ in gathered if s.relations]
        notebook.from_use = self.from_use
        notebook.fonts = Fonts.of(gathered, self.from_use)
        gathered = numbered([(reaching(notebook.fonts.statement(s)), role) for s, role in gathered])
        read = Stretches(conditioned(gathered), notebook)
        for span, reason in read.unread.items():
            self._not_read(span, reason)
        before = Chapter(read.first) if read.first.network.names else None
        for stretch in read.found:
            former = before if stretch.restated else None
            before = Chapter(stretch.notebook, stretch.claims, before=former, otherwise=stretch.otherwise)
            self.chapters.append(before)

    def _direct(
        self,
        text: str,
        offsets: Sequence[int],
        notebook: Notebook,
        macros: Macros,
        gathered: list[tuple[Statement, str]],
    ) -> None:
        try:
            if directives.apply(text, notebook):
                return
        except CONFINED as error:
            reason = str(error) if isinstance(error, ValueError) else reason_of(error)
            self._not_read(Span(offsets[0], offsets[-1]), f"this directive cannot be read: {reason}")
            return
        reading = latex_notation.read(text, offsets, macros)
        if reading.unread or not any(len(s.sides) > 1 for s in reading.statements):
            why = reading.unread[0].reason if reading.unread else "it is no sentence of the directives and no formula"
            self._not_read(Span(offsets[0], offsets[-1]), f"this directive cannot be read: {why}")
            return
        gathered += [(s, "given") for s in reading.statements]

    def notation(self, span: Span) -> str:
        """In which notation a place of the file is written."""
        items = (i for i in self.source.items if isinstance(i, Snippet))
        return next((i.notation for i in items if i.outer.start <= span.start < i.outer.end), "latex")

    def _statements(self, item: Snippet, macros: Macros) -> Read:
        read = plain_notation.read if item.notation == "plain" else latex_notation.read
        return read(item.text, item.offsets, macros)

    def _read(self, item: Snippet, macros: Macros) -> list[Statement]:
        try:
            reading = self._statements(item, macros)
        except CONFINED as error:
            self._not_read(item.outer, reason_of(error))
            return []
        for u in reading.unread:
            self._not_read(u.span, u.reason)
        return list(reading.statements)

    def not_claims(self, judged: Iterable[Span]) -> tuple[NotClaim, ...]:
        """The equations in which none of these stands, in the order of the text."""
        starts = sorted(span.start for span in judged)
        idle = [e for e in self.equations if bisect_left(starts, e.start) == bisect_left(starts, e.end)]
        return tuple(self._not_claim(span) for span in sorted(idle, key=lambda span: span.start))

    def _not_claim(self, span: Span) -> NotClaim:
        place, text = self.source.place(span.start), self.source.text[span.start : span.end]
        return NotClaim(place.file, place.line, place.column, span, text, self.source.cell(span.start))

    def _not_read(self, span: Span, reason: str) -> None:
        self.unread.append(self.not_read(span, reason))

    def not_read(self, span: Span, reason: str) -> NotRead:
        """What stands there, and why it is not judged."""
        place = self.source.place(span.start)
        text = self.source.text[span.start : span.end]
        return NotRead(place.file, place.line, place.column, span, text, reason, self.source.cell(span.start))


def _lines(item: Directive) -> list[Line]:
    """The directive's lines that say something, with their offsets."""
    out: list[Line] = []
    start = 0
    for line in item.text.split("\n"):
        left = len(line) - len(line.lstrip())
        body = line.strip()
        if body:
            out.append((body, item.offsets[start + left : start + left + len(body) + 1]))
        start += len(line) + 1
    return out
