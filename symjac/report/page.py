"""The notes as one HTML page with a verdict beside every claim: no script, nothing fetched.

Notes may be a stranger's: their text is escaped, raw HTML in them is shown and not used, and formulas pass through a
list of what MathML may hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from symjac.equality.outcome import AGREES, DOUBTFUL, PROVED, REFUTED, UNDECIDED
from symjac.notation.tree import Span
from symjac.notes.parts import Snippet
from symjac.notes.source import Source
from symjac.printing import render
from symjac.report.places import safe
from symjac.report.prose_html import Marked, blocks
from symjac.report.typeset import Typesetter
from symjac.report.words import UNREAD, WORDS, differs, message, remarks, summary, where
from symjac.verify.verdict import OTHER, Claim, Judged, NotRead

SIGNS = {PROVED: "✓", AGREES: "≈", OTHER: "⇄", DOUBTFUL: "!", REFUTED: "✗", UNDECIDED: "?", UNREAD: "…"}
_CLASSES = {**{verdict: verdict.replace("_", "-") for verdict in WORDS}, UNREAD: "unread"}
_ORDER = (REFUTED, DOUBTFUL, UNREAD, UNDECIDED, OTHER, AGREES, PROVED)
"""Which verdict a formula with several shows first."""


def write(judged: Sequence[tuple[Source, Judged]]) -> str:
    """One page for all files."""
    pages = [_File(source, result, place) for place, (source, result) in enumerate(judged)]
    results = [result for _, result in judged]
    return render.render(
        "html/verify.html.j2",
        title=escape(", ".join(dict.fromkeys(safe(r.file) for r in results)) or "Verdicts"),
        summary=escape(summary(results)),
        files=[{"name": escape(safe(p.result.file)), "findings": p.findings(), "body": p.body()} for p in pages],
    )


class _File:
    """One file: its formulas typeset where they stand, each with the notes that belong to it."""

    def __init__(self, source: Source, result: Judged, place: int) -> None:
        self.source = source
        self.result = result
        self.prefix = f"f{place + 1}-"
        self.typeset = Typesetter(source)
        entries = [(c.span, c.verdict, c) for c in result.claims] + [(u.span, UNREAD, u) for u in result.unread]
        self.entries: list[tuple[Span, str, Claim | NotRead]] = sorted(entries, key=lambda e: (e[0].start, e[0].end))

    def body(self) -> str:
        marked: list[Marked] = []
        number = 0
        outside: list[int] = []
        for item in sorted((i for i in self.source.items if isinstance(i, Snippet)), key=lambda i: i.span.start):
            mine: list[int] = []
            while number < len(self.entries) and self.entries[number][0].start <= max(
                item.span.end - 1, item.span.start
            ):
                (mine if self.entries[number][0].start >= item.span.start else outside).append(number)
                number += 1
            marked.append(
                Marked(item.outer, self.formula(item, mine), self.asides(mine, item.notation), item.display, item.role)
            )
        return blocks(self.source, marked) + self.asides([*outside, *range(number, len(self.entries))])

    def anchor(self, number: int) -> str:
        return f"{self.prefix}{number + 1}"

    def findings(self) -> list[dict[str, str]]:
        """What does not simply hold, for the list at the head."""
        return [
            {"anchor": self.anchor(n), "class": _CLASSES[verdict], "text": self.sign(verdict) + f", {_line(entry)}"}
            for n, (_, verdict, entry) in enumerate(self.entries)
            if verdict not in (PROVED, AGREES)
        ]

    def sign(self, verdict: str) -> str:
        return f'<span aria-hidden="true">{SIGNS[verdict]}</span> {WORDS.get(verdict, verdict)}'

    # --- formulas ---

    def formula(self, snippet: Snippet, numbers: Sequence[int]) -> str:
        """The formula, coloured and signed by the worst of its verdicts."""
        body = self.typeset.snippet(snippet)
        verdicts = [self.entries[n][1] for n in numbers]
        worst = next((v for v in _ORDER if v in verdicts), None)
        classes = ["formula", *(["display"] if snippet.display else []), *([_CLASSES[worst]] if worst else [])]
        if snippet.display:
            body = f'<span class="scroll">{body}</span>'
        signs = "".join(
            f'<a class="sign {_CLASSES[v]}" href="#{self.anchor(n)}" aria-label="{WORDS.get(v, v)}">{SIGNS[v]}</a>'
            for n, v in zip(numbers, verdicts, strict=True)
        )
        body += f'<span class="signs">{signs}</span>' if signs else ""
        return f'<span class="{" ".join(classes)}">{body}</span>'

    # --- notes in the margin ---

    def asides(self, numbers: Sequence[int], notation: str = "latex") -> str:
        return "".join(self.aside(n, notation if len(numbers) > 1 else "") for n in numbers)

    def aside(self, number: int, notation: str) -> str:
        """`notation` is that of the claim where it has to be told from others beside it; else empty."""
        _, verdict, entry = self.entries[number]
        said = list(self.unread(entry) if isinstance(entry, NotRead) else self.claim(entry, notation))
        head = f"<b>{self.sign(verdict)}</b> <small>{_line(entry)}</small>"
        lines = "".join(f'<div class="{kind}">{text}</div>' for kind, text in said if text)
        return f'<aside class="note {_CLASSES[verdict]}" id="{self.anchor(number)}">{head}{lines}</aside>'

    def unread(self, item: NotRead) -> list[tuple[str, str]]:
        return [("code", f"<code>{_short(item.text)}</code>"), ("said", _text(item.reason))]

    def claim(self, claim: Claim, notation: str) -> list[tuple[str, str]]:
        """(class, HTML) of each line of a note."""
        which = [("math", self.typeset.part(claim.text, notation))] if notation else []
        if claim.verdict in (PROVED, AGREES):
            return [*which, ("quiet", _text(claim.road)), *(("quiet", _text(n)) for n in claim.notes)]
        out = [*which, ("said", _text(message(claim)))]
        fault, point = claim.fault, claim.counterexample
        if fault and fault.span:
            out.append(("code", f"at <code>{_short(self.result.text[fault.span.start : fault.span.end])}</code>"))
        if fault and fault.formula:
            out += [("label", "right:"), ("math", self.typeset.part(fault.formula, fault.notation))]
        if point:
            out.append(("label", _text(f"counterexample {where(point)}".strip() + ":")))
            out += [("code", f"<code>{_short(f'{name} = {value}')}</code>") for name, value in point.values]
            out.append(("said", _text(differs(point))))
        return out + [("quiet", _text(note)) for note in remarks(claim)]


SHORT = 200
"""How much of a long text a note shows."""


def _line(at: Claim | NotRead) -> str:
    known = ", known" * (isinstance(at, Claim) and at.known)
    return (f"cell {at.cell}, line {at.line}" if at.cell else f"line {at.line}") + known


def _text(text: str) -> str:
    return escape(safe(text))


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return _text(flat if len(flat) <= SHORT else flat[: SHORT - 1] + "…")
