"""A generated module says in its first line what the rest was when symjac wrote it, so that edits by hand are seen."""

from __future__ import annotations

import hashlib

HEAD = "# Written by symjac; edited by hand where this is not the SHA-256 of all below: "


def sealed(text: str) -> str:
    """`text` below a line that names it."""
    return f"{HEAD}{_digest(text)}\n{text}"


def is_sealed(text: str) -> bool:
    """Whether `text` is as symjac wrote it, ends of lines and escapes for signs beyond ASCII aside."""
    first, _, rest = text.replace("\r\n", "\n").partition("\n")
    return first == HEAD + _digest(rest)


def is_module(text: str) -> bool:
    """Whether `text` was a module of symjac once, whoever changed it since."""
    return text.startswith(HEAD) or "derived by symjac from" in text[:2000]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("ascii", "backslashreplace")).hexdigest()[:16]
