"""A page in stretches. A new one begins where a name gets another meaning or shape, and where a fact is said.

What stands in a stretch is read under the meanings and the facts in effect there. A second equation for a name gives it
a new meaning where it does not hold under the first; where it holds, it is a claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from symjac.equality.decide import holds
from symjac.meaning import functions, natures
from symjac.meaning.meaning import Meaning
from symjac.meaning.naming import identifier
from symjac.meaning.natures import CONDITION, MEANING
from symjac.meaning.notebook import Alias, Notebook
from symjac.meaning.reasons import CONFINED
from symjac.meaning.said import Said, functions_named, is_conditional, properties, samples_named, signs_given
from symjac.meaning.statements import Equality, Page, sort
from symjac.notation.tree import Span, Statement, walk
from symjac.verify.asking import question_of
from symjac.verify.stated import is_free, stated

MOST_STRETCHES = 64
"""Of one page; what stands behind them is not read."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The claims of one stretch, and what holds there."""

    notebook: Notebook
    claims: tuple[Equality, ...]
    restated: bool = False
    """Whether it began with a second formula for a name that no word announced as new."""
    otherwise: Callable[[int], Page] | None = None
    """The page with the names that nothing declares taken in another way, by its number."""


class Stretches:
    """The stretches of a page; `others` counts the equations that claim nothing."""

    def __init__(self, statements: Sequence[tuple[Statement, str]], base: Notebook) -> None:
        self.statements, self.base, self.first = statements, base, base
        self.defined_since: dict[str, int] = {}
        self.declared_since: dict[str, int] = {}
        self.facts: list[Said] = []
        self.stating: set[tuple[int, Span]] = set()
        """The equations that state a fact."""
        self.restated: set[int] = set()
        """Where a name gets another formula and no word says so."""
        self.announced = {k: p for p, (s, _) in enumerate(statements) for k in _announced(s, base)}
        """Names of a network that := gives another meaning, and where."""
        self.found: list[Stretch] = []
        self.unread: dict[Span, str] = {}
        self._read()

    def _read(self) -> None:
        first = self._now(0)
        self.first = first.notebook
        """Before any name gets another meaning."""
        self.base.eras = self.first.eras
        text = [s if role == "text" else replace(s, sides=(), relations=()) for s, role in self.statements]
        self.facts += [s for s in properties(text, first.notebook) if not _is_known(s, self.facts)]
        self._take_given(first.notebook)
        self._name_functions(text, first.notebook)
        self._name_samples(text, first.notebook)
        start = 0
        for _ in range(MOST_STRETCHES):
            start = self._stretch(start)
            if start >= len(self.statements):
                return
        for s, _ in self.statements[start:]:
            if len(s.sides) > 1:
                self.unread[s.span] = "too many names get another meaning in this file; split it"

    def _take_given(self, book: Notebook) -> None:
        """The facts among what is given apart from the text."""
        meaning = Meaning(book, book.reading)
        for place, (s, role) in enumerate(self.statements):
            if role == "given" and s.relations == ("=",) and place not in book.places.values():
                fact = stated(meaning, Equality(s.sides[0], s.sides[1], s.span))
                self.facts += [] if fact is None else [Said(fact)]
            if role == "given":
                self.facts += [Said(f) for f in signs_given(s, book)]

    def _name_functions(self, text: Sequence[Statement], book: Notebook) -> None:
        for key, name in functions_named(text):
            library = functions.library_name(name) or (name if name in functions.ELEMENTWISE else None)
            if library is not None and not book.knows(key) and key not in book.functions:
                self.base.standard.setdefault(key, library)

    def _name_samples(self, text: Sequence[Statement], book: Notebook) -> None:
        for node, along, whole in samples_named(text):
            key, matrix = identifier(node.base), book.shapes.get(identifier(whole) or "")
            if key is not None and matrix is not None and len(matrix.sizes) == 2:
                self.base.aliases.setdefault(key, Alias(whole, along))
                self.base.latex.setdefault(key, node.base)
                self.base.letters.add(identifier(node.sub[0]) or "")

    def _page(
        self, start: int, defined: Mapping[str, int], declared: Mapping[str, int], facts: Sequence[Said], usage: int = 0
    ) -> Page:
        """The page from this statement on, where names have other formulas and shapes since these places."""
        book = self.base.copy()
        book.usage = usage
        book.defined_since, book.declared_since = dict(defined), dict(declared)
        book.forget(k for since in (defined, declared) for k, p in since.items() if p <= start)
        book.facts = book.facts + [said.fact for said in facts if _in_effect(said, start)]
        return sort(self.statements, book, start)

    def _now(self, start: int) -> Page:
        return self._page(start, self.defined_since, self.declared_since, self.facts)

    def _stretch(self, start: int) -> int:
        """Reads the stretch that begins at this statement; where the next one begins."""
        while True:
            page = self._now(start)
            end, kept = self._until(page, start)
            if end is not None:
                break
        self.unread |= dict(page.unread)
        claims = tuple(e for e in kept if e.place < end)
        if claims or not self.found:
            otherwise = partial(
                self._page, start, dict(self.defined_since), dict(self.declared_since), list(self.facts)
            )
            self.found.append(Stretch(page.notebook, claims, start in self.restated, otherwise))
        return end

    def _until(self, page: Page, start: int) -> tuple[int | None, list[Equality]]:
        """Where the stretch ends, and its claims so far; None for an end where a fact holds from its start on."""
        if self._redeclared(page.notebook, start):
            return None, []
        end = self._boundary(page.notebook, start)
        meaning = Meaning(page.notebook, page.notebook.reading)
        kept: list[Equality] = []
        for e in page.claims:
            if e.place >= end:
                break
            if e.nature == MEANING and not _holds(meaning, e):
                if not self._is_new(e, page.notebook, start):
                    continue
                self.defined_since[natures.defined(e.left, page.notebook) or ""] = e.place
                if not natures.is_new(self.statements[e.place][0]):
                    self.restated.add(e.place)
                return (e.place, kept) if e.place > start else (None, [])
            if e.nature == CONDITION:
                if (e.place, e.right.span) in self.stating:
                    continue
                fact = stated(meaning, e)
                if fact is not None:
                    self.stating.add((e.place, e.right.span))
                    said = Said(fact, self._first_of_sentence(e.place), self._last_of(e.place))
                    if not _is_known(said, self.facts):
                        self._add(said)
                        return (said.start, kept) if said.start > start else (None, [])
                    continue
                given = is_free(page.notebook, e) and natures.is_given(self.statements[e.place][0])
                if given and not _holds(meaning, e):
                    page.notebook.stated.append((e.left, e.right))
            kept.append(e)
        self._redeclared(page.notebook, end)
        return end, kept

    def _boundary(self, book: Notebook, start: int) -> int:
        """The next place at which a fact begins or ceases to hold, or a name gets another shape."""
        places = [p for said in self.facts for p in (said.start, said.end) if p is not None]
        places += [*book.redeclared.values(), *self.announced.values()]
        places += self.base.eras
        return min((p for p in places if p > start), default=len(self.statements))

    def _redeclared(self, book: Notebook, at: int) -> bool:
        """Whether names get another shape, or by := another meaning, at this place; they do from there on."""
        new = {key: p for key, p in book.redeclared.items() if p == at and self.declared_since.get(key) != at}
        said = {key: p for key, p in self.announced.items() if p == at and self.defined_since.get(key) != at}
        self.declared_since |= new
        self.defined_since |= new | said
        return bool(new or said)

    def _is_new(self, e: Equality, book: Notebook, start: int) -> bool:
        """Whether an equation that does not hold gives its name a new meaning: not one that has it on both sides."""
        key, (s, _) = natures.defined(e.left, book), self.statements[e.place]
        if not key or self.defined_since.get(key) == e.place or natures.is_within(e.left, e.right):
            return False
        return natures.is_new(s) or not natures.is_generic(e.right, book)

    def _add(self, said: Said) -> None:
        """One fact more; where another number is said, the one before holds up to there."""

        def until(known: Said) -> Said:
            one, other = known.fact, said.fact
            same = (one.kind, one.name, one.axis) == (other.kind, other.name, other.axis)
            return replace(known, end=said.start) if same and known.start < said.start else known

        self.facts = [*map(until, self.facts), said]

    def _last_of(self, place: int) -> int | None:
        """Where a fact ceases to hold: behind "if", with the paragraph."""
        around = self.statements[place][0].around
        if not is_conditional(around):
            return None
        same = [p for p, (s, _) in enumerate(self.statements) if s.around.paragraph == around.paragraph]
        return max(same) + 1

    def _first_of_sentence(self, place: int) -> int:
        """From where on a fact holds: from its sentence on; from the beginning where it explains what was before."""
        around = self.statements[place][0].around
        if natures.explains(around):
            return 0
        while place and self.statements[place - 1][0].around.sentence == around.sentence >= 0:
            place -= 1
        return place


def _announced(s: Statement, base: Notebook) -> list[str]:
    """The name of a network that the statement defines by :=."""
    key = identifier(s.sides[0]) if s.relations[:1] == (":=",) and s.sides[0] not in walk(s.sides[1]) else None
    return [key] if key in base.network.names else []


def _in_effect(said: Said, place: int) -> bool:
    return said.start <= place and (said.end is None or place < said.end)


def _is_known(said: Said, known: Sequence[Said]) -> bool:
    return any(k.fact == said.fact and k.start <= said.start and k.end in (None, said.end) for k in known)


def _holds(meaning: Meaning, e: Equality) -> bool:
    try:
        return holds(question_of(*meaning.sides(e.left, e.right, e.conditions), meaning))
    except CONFINED:
        return False
