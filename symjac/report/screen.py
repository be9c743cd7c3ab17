"""Verdicts on a screen, like a compiler's errors: the place, what is wrong, the line with a mark, what is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from symjac.core.errors import WIDEST, window
from symjac.equality.outcome import AGREES, DOUBTFUL, PROVED, REFUTED, UNDECIDED, Counterexample
from symjac.notation.tree import Span
from symjac.report.places import LineIndex, flat, safe
from symjac.report.words import UNREAD, WORDS, differs, message, remarks, summary, where
from symjac.verify.verdict import OTHER, Claim, Judged, NotClaim, NotRead

STYLES = {
    PROVED: "green",
    AGREES: "green",
    OTHER: "yellow",
    DOUBTFUL: "bold yellow",
    REFUTED: "bold red",
    UNDECIDED: "magenta",
}
MOST_LINES = 6
"""How many lines of a marked part are shown."""
MOST_UNREAD = 20
"""How much of what was not read is listed where not all is asked for."""
MOST_VALUES = 8
"""How many values of a counterexample are shown."""


def lines(results: Sequence[Judged], verbose: bool = False) -> Iterator[Text]:
    """All that is said: claims in order of the files, what was not read, the summary.

    Proved and agreeing claims, those that a baseline knows, and what is no claim only with `verbose`.
    """
    for result in results:
        source = LineIndex(result.text)
        for claim in result.claims:
            if verbose or not (claim.known or claim.verdict in (PROVED, AGREES)):
                yield from one_claim(claim, source, verbose)
    yield from _unread(results, sum(len(r.unread) for r in results) if verbose else MOST_UNREAD)
    for result in results if verbose else ():
        for other in result.not_claims:
            yield _head(other, "not a claim", "dim", "")
            yield Text(f"  | {_short(other.text)}")
    yield Text(summary(results), style="bold")


def _unread(results: Sequence[Judged], most: int) -> Iterator[Text]:
    """The first of what was not read, and how much there is beside it."""
    every = [(result, item) for result in results for item in result.unread]
    sources = {id(result): LineIndex(result.text) for result, _ in every[:most]}
    for result, item in every[:most]:
        yield from one_unread(item, sources[id(result)])
    if len(every) > most:
        yield Text(f"{len(every) - most} more were not read; -v lists them")


# --- one claim ---


def one_claim(claim: Claim, source: LineIndex, verbose: bool) -> Iterator[Text]:
    """All that is said of a claim."""
    return _right(claim) if claim.verdict in (PROVED, AGREES) else _claim(claim, source, verbose)


def one_unread(item: NotRead, source: LineIndex) -> Iterator[Text]:
    yield _head(item, UNREAD, "yellow", item.reason)
    yield from _marked(source, item.span, "yellow")


def _right(claim: Claim) -> Iterator[Text]:
    said = claim.road + (f" ({'; '.join(claim.notes)})" if claim.notes else "")
    yield _head(claim, WORDS[claim.verdict], STYLES[claim.verdict], said)
    yield Text(f"  | {_short(claim.text)}")


def _claim(claim: Claim, source: LineIndex, verbose: bool) -> Iterator[Text]:
    style = STYLES[claim.verdict]
    yield _head(claim, WORDS[claim.verdict] + ", known" * claim.known, style, message(claim))
    span = claim.fault.span if claim.fault is not None and claim.fault.span is not None else claim.claimed
    yield from _marked(source, span, style)
    if claim.fault is not None and claim.fault.formula:
        yield Text("  right: ") + Text(flat(claim.fault.formula), style="green")
    if claim.counterexample is not None:
        yield from _counterexample(claim.counterexample)
    for note in remarks(claim):
        yield Text(f"  note: {flat(note)}")
    if verbose and claim.road and claim.road != message(claim):
        yield Text(f"  by: {flat(claim.road)}")


def _head(at: Claim | NotRead | NotClaim, word: str, style: str, said: str) -> Text:
    cell = f"cell {at.cell}:" if at.cell else ""
    out = Text(f"{safe(at.file)}:{cell}{at.line}:{at.column}: ", style="bold")
    out.append(word, style=style)
    out.append(f": {flat(said)}" if said else "")
    return out


def _counterexample(point: Counterexample) -> Iterator[Text]:
    yield Text(f"  counterexample {where(point)}".rstrip() + ":")
    shown = point.values[:MOST_VALUES]
    for name, value in shown:
        yield Text(f"    {_short(f'{name} = {value}')}")
    if len(point.values) > len(shown):
        yield Text(f"    and {len(point.values) - len(shown)} more")
    yield Text(f"    {_short(differs(point))}")


def _short(text: str) -> str:
    return window(flat(text), 0)[0]


def _marked(source: LineIndex, span: Span, style: str) -> Iterator[Text]:
    """The lines of the span, each with a mark under its part: ^~~~."""
    parts = list(source.parts(span))
    for part in parts[:MOST_LINES]:
        shown, start = window(safe(part.source), part.start)
        end = min(start + max(part.end - part.start, 1), max(start + 1, len(shown)))
        if len(part.source) > WIDEST and shown.endswith("...") and end > len(shown) - 3:
            end = max(start + 1, len(shown) - 3)
        yield Text(f"  | {shown}")
        mark = "^" + "~" * (cell_len(shown[start:end]) - 1)
        yield Text("  | " + " " * cell_len(shown[:start])) + Text(mark, style=style)
    if len(parts) > MOST_LINES:
        yield Text(f"  | and {len(parts) - MOST_LINES} lines more")
