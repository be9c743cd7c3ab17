"""What the verifier says of each equation: plain data, and their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symjac.equality.outcome import AGREES, DOUBTFUL, PROVED, REFUTED, UNDECIDED, Counterexample
from symjac.notation.tree import Span
from symjac.notes.origins import Origins

OTHER = "other_convention"
VERDICTS = (PROVED, AGREES, OTHER, DOUBTFUL, REFUTED, UNDECIDED)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and what would be right."""

    kind: str
    """One of `diagnose.KINDS`, "shape", or "other" where no edit was found."""
    text: str
    """A sentence in a person's words."""
    span: Span | None
    """The part at fault; None for the whole right side."""
    formula: str
    """The right formula in the claim's own notation: the whole equation, left side included."""
    replacement: str
    """What `--fix` puts in place of the claimed side; empty where there is none."""
    notation: str = "latex"
    """That of `formula` and `replacement`: "latex" or "plain"."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One equation and the verdict on it."""

    file: str
    line: int
    column: int
    """Of the sign that joins the two sides."""
    span: Span
    """Of the equation, in the text that was judged."""
    claimed: Span
    """Of the side that was judged (the right one)."""
    text: str
    """The equation as written."""
    verdict: str
    road: str
    """How it was decided: "canonical form, all sizes", "components at sizes m = 2", "30 random points ..." ...; of a
    doubtful or undecided one, why it is that."""
    notes: tuple[str, ...] = ()
    """Facts used, the reading taken, the convention under which it is right."""
    fault: Fault | None = None
    counterexample: Counterexample | None = None
    cell: int | None = None
    """That of a notebook, in which `line` and `column` count; None elsewhere."""
    known: bool = False
    """Whether a baseline has it: then it does not count."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """Mathematics that was not judged because it could not be read."""

    file: str
    line: int
    column: int
    span: Span
    text: str
    reason: str
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class NotClaim:
    """An equation that claims nothing: a declaration, a definition, a condition, a step, a range."""

    file: str
    line: int
    column: int
    span: Span
    text: str
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One file's result."""

    file: str
    text: str
    claims: tuple[Claim, ...]
    unread: tuple[NotRead, ...]
    not_claims: tuple[NotClaim, ...] = ()
    origins: Origins | None = None
    """Where `text` stands in files, if it is not the file's own."""

    def count(self, verdict: str) -> int:
        return sum(c.verdict == verdict for c in self.claims)


def fails(results: Sequence[Judged], strict: bool = False) -> bool:
    """True where the exit code is 1: something that is not known was refuted or, where that is asked for, doubted."""
    counted = (REFUTED, DOUBTFUL) if strict else (REFUTED,)
    return any(c.verdict in counted and not c.known for r in results for c in r.claims)
