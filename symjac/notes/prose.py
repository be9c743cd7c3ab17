"""The words of a text beside its formulas: which sentence and paragraph each stands in, and what is said around it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from symjac.notation.tree import Around, Span
from symjac.notes.sections import Sections

LONGEST = 600
"""How many characters of a gap between two formulas count as the words beside each."""

_END = re.compile(
    r"(?<=[.!?])(?=\s)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bcf\.)(?<!\bs\.t\.)"
    r"|\n[ \t>]*\n|\n(?=#)|\\(?:sub)*section|\\item\b|\n[ \t]*[-*][ \t]"
)
_BREAK = re.compile(r"\n[ \t>]*\n|\n(?=#)|\\(?:sub)*section|\\begin\{(?:theorem|example|lemma|proof)")
_COMMENT = re.compile(r"<!--.*?-->|%\s*symjac[^\n]*", re.DOTALL)
_MARKUP = re.compile(r"\\[A-Za-z]+\*?|[*_`{}~>#\[\]]")


def around(text: str, spans: Sequence[Span], sections: Sections) -> list[Around]:
    """The words beside each of the formulas that stand at these places of a text, in order."""
    starts: list[tuple[str, int, int]] = []
    afters: list[str] = []
    said, sentence, paragraph, end = "", 0, 0, 0
    for span in spans:
        gap = _COMMENT.sub(" ", text[end : span.start]) if span.start > end else ""
        head, tail = gap[:LONGEST], gap[-LONGEST:]
        if starts:
            afters.append(_words(_END.split(head)[0]))
        paragraph += _BREAK.search(gap) is not None
        parts = _END.split(tail)
        if len(parts) > 1 or len(gap) > LONGEST:
            sentence += 1
            said = parts[-1]
        else:
            said += tail
        said = said[-LONGEST:]
        starts.append((_words(said), sentence, paragraph))
        said += " $ "
        end = max(end, span.end)
    if starts:
        afters.append(_words(_END.split(_COMMENT.sub(" ", text[end : end + LONGEST]))[0]))
    above = [sections.above(span.start) for span in spans]
    return [Around(b, a, s, p, h) for (b, s, p), a, h in zip(starts, afters, above, strict=True)]


def _words(text: str) -> str:
    return " ".join(_MARKUP.sub(" ", text).lower().split())
