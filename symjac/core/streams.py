"""Standard output and error that take any text, whatever their encoding: what they cannot write is spelled out."""

from __future__ import annotations

import codecs
import os
import sys

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
    """Standard output and error no longer refuse what their encoding lacks; one that is closed takes all, unseen."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=HANDLER)


def writable(text: str, errors: str) -> str:
    """`text` with what standard output cannot write replaced as codecs' `errors` says."""
    encoding = _encoding()
    return text.encode(encoding, errors).decode(encoding, "replace")


def fits(text: str) -> bool:
    """Whether standard output can write `text` as it is."""
    try:
        text.encode(_encoding())
    except UnicodeEncodeError:
        return False
    return True


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"
