"""How else a claim may be read, where the notes leave it open, and what is found of it then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.meaning.dependence import Link, Links, written_in
from symjac.meaning.derivatives import of_several, tells_totals_apart
from symjac.meaning.glossary import ALL, NOTHING, Taken
from symjac.meaning.naming import ways
from symjac.meaning.notebook import Notebook
from symjac.meaning.reasons import NotUnderstood
from symjac.notation.tree import Abs, Binary, Derivative, Name, walk
from symjac.verify.by_layers import at_every_layer
from symjac.verify.outcomes import Outcome
from symjac.verify.phrase import phrase
from symjac.verify.posed import Posed
from symjac.verify.verdict import OTHER


def best_reading(posed: Posed) -> tuple[Posed, Outcome]:
    """The claim and its outcome; where it is wrong, as another reading has it that the notes leave open as well."""
    outcome = _linked(posed)
    if outcome.verdict != REFUTED:
        return posed, outcome
    for taken, note in list(_others(posed)):
        read = posed.taking(taken)
        with suppress(NotUnderstood):
            other = _linked(read)
            if other.verdict != REFUTED:
                verdict = OTHER if taken.tied and other.verdict in (PROVED, AGREES) else other.verdict
                return read, replace(other, verdict=verdict, notes=(*other.notes, f"taken: {note}"))
    return posed, outcome


def _others(posed: Posed) -> Iterator[tuple[Taken, str]]:
    """Functions of which nothing tells what they make of an array, as numbers; ∂ by the formula alone, beside d."""
    plain = replace(posed.taken, whole=frozenset())
    unsaid = frozenset(posed.notebook.open)
    if unsaid:
        names = ", ".join(sorted(phrase(posed.as_written(key)) for key in unsaid))
        yield replace(plain, whole=unsaid), f"what {names} makes of an array is a number"
    trees = [n for side in (posed.left, posed.right) for n in walk(side)]
    if any(isinstance(n, Binary) and n.op == "kron" for n in trees):
        yield replace(plain, outer=True), "a ⊗ b of two columns is a bᵀ"
    page = [side for pair in posed.notebook.equations for side in pair]
    if any(isinstance(n, Abs) for side in page for n in walk(side)):
        yield replace(plain, lengths=True), "|x| of a column is its length"
    by = {w.key for n in trees if isinstance(n, Derivative) for b in n.by for w in ways(b)}
    tied = [phrase(posed.as_written(key)) for key in sorted(by) if posed.meaning().world.has_ties(key)]
    if tied:
        yield replace(plain, tied=True), f"equal entries of {' and of '.join(tied)} vary together"
    if tells_totals_apart(posed.left, posed.right, of_one=False) or tells_totals_apart(*page, of_one=True):
        yield replace(plain, held=ALL), "∂ holds what else stands in the formula, d does not"
    constants = [c for c in posed.notebook.network.values if c in written_in(trees, posed.notebook)]
    if constants:
        said = (f"{phrase(posed.as_written(c))} = {posed.notebook.network.values[c]}" for c in constants)
        yield replace(plain, valued=True), " and ".join(said)
    if of_several(posed.notebook, posed.left, posed.right):
        yield replace(plain, held=NOTHING), "∂ goes through all that depends on the variable"


def _linked(posed: Posed) -> Outcome:
    """The outcome; undecided where it is another one if what is only named depends on something else."""
    first, *others = posed.links
    outcome = at_every_layer(posed)
    for links in others:
        if outcome.verdict == UNDECIDED:
            break
        try:
            other = at_every_layer(posed.taking(replace(posed.taken, links=links)))
        except NotUnderstood:
            continue
        if (other.verdict == REFUTED) != (outcome.verdict == REFUTED) or other.verdict == UNDECIDED:
            return Outcome(UNDECIDED, _which(first, links, posed.notebook), question=outcome.question)
    return outcome


def _which(first: Links, other: Links, notebook: Notebook) -> str:
    """Between which dependences the verdict changes."""
    name, by = next(pair for pair in first if pair not in other)
    texts = (_arguments(links, notebook) for links in (by, dict(other).get(name, ())))
    written = phrase(notebook.latex.get(name, Name(name)))
    return f"it is right or wrong as {written} is a function of {' or of '.join(texts)}; say which"


def _arguments(links: Sequence[Link], notebook: Notebook) -> str:
    parts = (
        phrase(notebook.latex.get(link.by, Name(link.by))) + (", entry by entry" if link.shared else "")
        for link in links
    )
    return " and ".join(parts) or "none of these"
