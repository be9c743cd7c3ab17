"""Why a formula is the right one for a claim: what the notes define, the chain rule backwards, the laws, one a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from symjac.calculus.simplify import LawContext, simplify
from symjac.core.expr import Equation, Expr, Symbol, rename, substitute, transform
from symjac.core.index import Index, axes
from symjac.equality.outcome import REFUTED, UNDECIDED
from symjac.meaning.reasons import CONFINED, reason_of
from symjac.meaning.statements import Equality
from symjac.model.stack import Stack
from symjac.notation.tree import Derivative, walk
from symjac.notes.source import Source
from symjac.printing import text
from symjac.printing.apart import apart
from symjac.verify.as_data import shown_name
from symjac.verify.derived import lettered, sum_facts, without_ties
from symjac.verify.judge import judge
from symjac.verify.of_use import ways
from symjac.verify.phrase import phrase
from symjac.verify.posed import Posed
from symjac.verify.readings import best_reading
from symjac.verify.session import Chapter, Session
from symjac.verify.verdict import Claim, NotRead


@dataclass(frozen=True, slots=True)
class WhyRow:
    """`left = right`, or a further right side of the row above where `left` is empty, and why."""

    left: str
    right: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """A claim with its verdict, and the derivation of what is right."""

    claim: Claim | NotRead
    claimed: WhyRow | None = None
    known: tuple[WhyRow, ...] = ()
    """What the notes define, as far as the derivation reads it."""
    backwards: tuple[WhyRow, ...] = ()
    """The derivative by each quantity between, from the last on."""
    result: tuple[WhyRow, ...] = ()
    """The left side of the claim; empty where it is the last of those."""
    unknown: str = ""
    """Why there is no derivation; empty where there is one."""


def explained(source: Source, cell: int | None, line: int, stack: Stack | None = None) -> list[Why]:
    """The claims that begin on a line, or reach over it, in a notebook on a line of a cell; none where none does."""
    found = _explained(Session(source, stack), cell, line)
    if all(isinstance(w.claim, Claim) for w in found):
        return found
    return _explained(Session(source, stack, from_use=True), cell, line)


def _explained(session: Session, cell: int | None, line: int) -> list[Why]:
    source, out = session.source, []
    for chapter in session.chapters:
        for equality in chapter.claims:
            start, end = (source.place(at) for at in (equality.span.start, max(equality.span.end - 1, 0)))
            if (
                source.cell(equality.span.start) == cell
                and start.line <= line <= end.line
                and start.file == source.file
            ):
                out.append(_why(session, chapter, equality))
    return out


def lines_of(source: Source, stack: Stack | None = None) -> list[tuple[int | None, int]]:
    """Where claims begin: cell and line."""
    session = Session(source, stack)
    spans = sorted(e.span.start for chapter in session.chapters for e in chapter.claims)
    return list(dict.fromkeys((source.cell(at), source.place(at).line) for at in spans))


def _why(session: Session, chapter: Chapter, equality: Equality) -> Why:
    """Of a = b = c each side is derived from a."""
    before = {e.right: e for e in chapter.claims}
    head = equality.left
    for _ in chapter.claims:
        head = before[head].left if head in before else head
    try:
        posed = Posed.of(session, chapter, replace(equality, left=head))
        claim = judge(posed)
    except CONFINED as error:
        return Why(session.not_read(equality.span, reason_of(error)))
    claimed = WhyRow(phrase(posed.left), phrase(posed.right))
    try:
        return _Derivation(_as_read(posed)).why(Why(claim, claimed))
    except CONFINED as error:
        return Why(claim, claimed, unknown=reason_of(error))


def _as_read(posed: Posed) -> Posed:
    """The claim in the way of reading the notes in which it holds, else in the likeliest in which it has a meaning."""
    found: list[Posed] = []
    for way in ways(posed):
        with suppress(*CONFINED):
            read, outcome = best_reading(way)
            if outcome.verdict not in (REFUTED, UNDECIDED):
                return read
            found.append(read)
    return found[0] if found else posed


class _Derivation:
    """Of the left side of a claim, in the names of the notes."""

    def __init__(self, posed: Posed) -> None:
        self.meaning = posed.meaning(posed.chapter.habit or posed.notebook.reading)
        self.left = posed.instances(posed.right)[0][0]
        value = self.meaning.value(self.left)
        self.world = self.meaning.world
        self.expr, self.axes = value.expr, value.axes
        defined = [q for q in self.world.equations.values() if q.lhs.name not in self.world.auxiliary]
        self.context = LawContext(values=tuple(defined), facts=tuple(sum_facts(self.meaning)))
        self.between = [q for q in self.world.needed(self.expr) if q.lhs.name in self.world.auxiliary]
        self.found: dict[str, Equation] = {}
        """The derivatives between, as the laws leave them."""

    def why(self, out: Why) -> Why:
        """With all that is derived."""
        known = tuple(WhyRow(*self.sides(q.lhs.indices, [q.lhs, q.rhs])) for q in self.read())
        backwards = [row for q in self.between for row in self.rows(q)]
        result = list(self.result())
        if backwards and [r.right for r in result] == [backwards[-1].right]:
            result = []
        return replace(out, known=known, backwards=tuple(backwards), result=tuple(result))

    def names(self, name: str) -> str:
        """As the notes write it; what is differentiated and has no name is (…)."""
        made = self.world.auxiliary.get(name)
        if made is not None and made.of not in self.world:
            return f"∂(…)/∂{shown_name(made.by, self.meaning)}" if made.by else "R{…}"
        return shown_name(name, self.meaning)

    def read(self) -> list[Equation]:
        """The definitions that the chain rule goes through, or that are put in where nothing is differentiated."""
        if not self.between:
            return [q for q in self.world.needed(self.expr) if not isinstance(q.rhs, Symbol)]
        made = [self.world.auxiliary[q.lhs.name] for q in self.between]
        through = {name for m in made for name in self.through(m.of, m.by)}
        return [q for name, q in self.world.equations.items() if name in through]

    def through(self, of: str, by: str) -> list[str]:
        """The quantities that `of` depends on, and that are made of `by`; of a differential all that it depends on."""
        inside = [n for n in self.world.cone([of]) if n in self.world.equations and n not in self.world.auxiliary]
        return [n for n in inside if not by or by in self.world.equations[n].rhs.names or n == of]

    def rows(self, q: Equation) -> Iterator[WhyRow]:
        """A derivative between, and what the laws make of it."""
        made = self.world.auxiliary[q.lhs.name]
        readers = [n for n in self.through(made.of, made.by) if made.by in self.world.equations[n].rhs.names]
        chain = readers and readers != [made.of]
        why = f"chain rule through {', '.join(map(self.names, readers))}" if chain else "differentiated"
        values, laws = self.simplified(q.rhs)
        self.found[q.lhs.name] = Equation(q.lhs, values[-1])
        texts = self.sides(q.lhs.indices, [q.lhs, *values])
        left = phrase(self.left) if made.of not in self.world and q is self.between[-1] else texts[0]
        yield from _without_repeats(left, texts[1:], [why, *laws])

    def result(self) -> Iterator[WhyRow]:
        """The left side, with the derivatives between put in, or the definitions where there are none."""
        differentiated = any(isinstance(n, Derivative) for n in walk(self.left))
        whole = self.expr
        for q in reversed(self.between if differentiated or self.between else self.read()):
            whole = substitute(whole, self.found.get(q.lhs.name, q))
        values, laws = self.simplified(whole)
        order = [*(i for i in self.expr.free if i not in self.axes), *self.axes]
        why = "differentiated" if differentiated and not self.between else "put in"
        yield from _without_repeats(phrase(self.left), self.sides(order, values), [why, *laws])

    def simplified(self, e: Expr) -> tuple[list[Expr], list[str]]:
        """The expression, and after each law; the laws, with what they read."""
        _, steps = simplify(e, self.context)
        laws = [", ".join([s.law.name, *(self.names(n) for n in s.where)]) for s in steps]
        return [e, *(s.after for s in steps)], laws

    def sides(self, order: Sequence[Index], values: Sequence[Expr]) -> list[str]:
        """In one notation, with letters for the axes."""
        taken = [i.name for e in values for i in e.free if i not in order]
        letters = dict(zip(order, axes([i.size for i in order], taken=taken), strict=True))
        plain = [apart(lettered(rename(transform(e, without_ties), letters))) for e in values]
        return text.sides(list(letters.values()), plain, self.names)


def _without_repeats(left: str, texts: Sequence[str], reasons: Sequence[str]) -> Iterator[WhyRow]:
    """A row a text; those that read alike are one, with all reasons."""
    rows: list[WhyRow] = []
    for right, reason in zip(texts, reasons, strict=True):
        if rows and rows[-1].right == right:
            rows[-1] = replace(rows[-1], reason=f"{rows[-1].reason}; {reason}")
        else:
            rows.append(WhyRow("" if rows else left, right, reason))
    yield from rows
