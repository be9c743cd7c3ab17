"""A copy of the notes with the refuted formulas put right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from symjac.equality.outcome import REFUTED
from symjac.notes import web_page
from symjac.notes.folder import FIXED
from symjac.verify.verdict import Claim, Judged


@dataclass(frozen=True, slots=True)
class Fixed:
    """The text of `file` with `done` claims replaced; `left` refuted ones stay as they are."""

    file: str
    text: str
    done: int
    left: int


@dataclass(frozen=True, slots=True)
class _Change:
    """What stands in a file from `start` to `end`, and in its place what stands in the notes for `new`."""

    start: int
    end: int
    new: str


def target(file: str) -> Path:
    """Where the copy of `notes.md` goes: `notes.fixed.md`, beside it."""
    path = Path(file)
    return path.with_name(path.stem + FIXED + path.suffix)


def fixed(judged: Judged) -> list[Fixed]:
    """Each refuted claim's claimed side replaced by the right one, where there is one; nothing is replaced twice.

    The file itself, and what it includes where something is refuted there.
    """
    refuted = [claim for claim in judged.claims if claim.verdict == REFUTED]
    homes = {c.file: c for c in refuted if c.file != judged.file}
    return [_fixed(judged, file, [c for c in refuted if c.file == file]) for file in (judged.file, *homes)]


def _fixed(judged: Judged, file: str, refuted: list[Claim]) -> Fixed:
    text, changes = judged.text, []
    if judged.origins is not None:
        text = next(home.text for home in judged.origins.files if home.file == file)
    for claim in refuted:
        if claim.fault and claim.fault.replacement:
            span = claim.claimed if judged.origins is None else judged.origins.span(claim.claimed)[1]
            changes.append(_Change(span.start, span.end, claim.fault.replacement))
    done, reached = 0, len(text)
    for change in sorted(set(changes), key=lambda c: (c.start, c.end, c.new), reverse=True):
        # From the end, so that what is before keeps its place.
        if not 0 <= change.start < change.end <= reached:
            continue
        changed = _changed(file, text, change)
        if changed is not None:
            text, reached = changed, change.start
            done += changes.count(change)
    return Fixed(file, text, done, len(refuted) - done)


def _changed(file: str, text: str, c: _Change) -> str | None:
    """The text with the change, spelled as files of this kind spell it; None where it cannot stand there."""

    def put(new: str) -> str:
        return text[: c.start] + new + text[c.end :]

    match Path(file).suffix.lower():
        case ".yaml" | ".yml":
            return _in_yaml(text, c.start, c.end, c.new)
        case ".ipynb":
            return put(json.dumps(c.new, ensure_ascii=False)[1:-1])
        case ".html" | ".htm":
            bare, spelled = put(c.new), put(escape(c.new, quote=False))
            same = web_page.text_of(file, bare).text == web_page.text_of(file, put(_MARK)).text.replace(_MARK, c.new)
            return bare if same else spelled
        case _:
            return put(c.new)


_MARK = "\ue000"


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
