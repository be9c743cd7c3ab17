"""A copy of the notes with the refuted formulas put right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from symjac.equality.outcome import REFUTED
from symjac.verify.verdict import Judged


@dataclass(frozen=True, slots=True)
class Fixed:
    """The text with `done` claims replaced; `left` refuted ones stay as they are."""

    text: str
    done: int
    left: int


def target(file: str) -> Path:
    """Where the copy of `notes.md` goes: `notes.fixed.md`, beside it."""
    path = Path(file)
    return path.with_name(f"{path.stem}.fixed{path.suffix}")


def fixed(judged: Judged) -> Fixed:
    """Each refuted claim's claimed side replaced by the right one, where there is one; nothing is replaced twice."""
    refuted = [claim for claim in judged.claims if claim.verdict == REFUTED]
    changes = [
        (c.claimed.start, c.claimed.end, c.fault.replacement) for c in refuted if c.fault and c.fault.replacement
    ]
    is_yaml = judged.file.endswith((".yaml", ".yml"))
    text, done, reached = judged.text, 0, len(judged.text)
    for start, end, new in sorted(set(changes), reverse=True):  # from the end, so that what is before keeps its place
        if not 0 <= start < end <= reached:
            continue
        changed = _in_yaml(text, start, end, new) if is_yaml else text[:start] + new + text[end:]
        if changed is not None:
            text, reached = changed, start
            done += sum(change == (start, end, new) for change in changes)
    return Fixed(text, done, len(refuted) - done)


def _in_yaml(text: str, start: int, end: int, new: str) -> str | None:
    """The replacement as the scalar around it is quoted; None where it cannot stand there."""
    before = _scalars(text)
    single = new.replace("'", "''")
    double = new.replace("\\", "\\\\").replace('"', '\\"')
    for written in dict.fromkeys((new, single, double)):
        changed = text[:start] + written + text[end:]
        after = _scalars(changed)
        if before is None or after is None or len(before) != len(after):
            continue
        differing = [value for old, value in zip(before, after, strict=True) if old != value]
        if len(differing) == 1 and new in differing[0]:
            return changed
    return None


def _scalars(text: str) -> list[str] | None:
    """The scalars of a YAML text, in order; None where it is none."""
    try:
        return list(_leaves(YAML(typ="safe", pure=True).load(text)))
    except (YAMLError, ValueError, RecursionError):
        return None


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{key}:"
            yield from _leaves(inner)
    elif isinstance(value, list):
        yield f"[{len(value)}]"
        for inner in value:
            yield from _leaves(inner)
    else:
        yield str(value)
