"""Standard output and error that take any text, whatever their encoding: what they cannot write is spelled out."""

from __future__ import annotations

import codecs
import sys
from typing import TextIO

SPELLED = {
    "×": "x", "−": "-", "–": "-", "—": "-", "±": "+-", "…": "...", "→": "->", "←": "<-", "≤": "<=", "≥": ">=",
    "≠": "!=",
    "·": "*", "“": '"', "”": '"', "‘": "'", "’": "'", "✓": "ok", "✗": "x", "│": "|", "─": "-",
}  # fmt: skip
HANDLER = "symjac-spelled"


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """A sign's plain form, or the escape that Python and JSON know it by."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    out = (
        SPELLED.get(c) or c.encode("ascii", "backslashreplace").decode() for c in error.object[error.start : error.end]
    )
    return "".join(out), error.end


codecs.register_error(HANDLER, _spelled)


def take_any_text() -> None:
    """Standard output and error no longer refuse what their encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=HANDLER)


def writable(text: str, errors: str) -> str:
    """`text` with what standard output cannot write replaced as codecs' `errors` says."""
    encoding = _encoding(sys.stdout)
    return text.encode(encoding, errors).decode(encoding, "replace")


def fits(text: str) -> bool:
    """Whether standard output can write `text` as it is."""
    try:
        text.encode(_encoding(sys.stdout))
    except UnicodeEncodeError:
        return False
    return True


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"
