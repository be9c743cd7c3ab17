"""All that a command names, files, folders and standard input, read: what cannot be used costs nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from symjac.core.errors import InputError, Place
from symjac.notes.folder import notes_in
from symjac.notes.source import STANDARD_INPUT, Source, from_stream, read_source

STREAM = "-"
"""How standard input is named."""


@dataclass
class Gathering:
    """What was read, by the name that it came under, and a message for each thing that cannot be used.

    What a document includes is judged as a part of it: where it was named, too, it is not there once more.
    """

    by_name: dict[str, list[Source]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def sources(self) -> list[Source]:
        return [source for sources in self.by_name.values() for source in sources]


def gathered(names: Sequence[str]) -> Gathering:
    """In the order of the names; a file that is named twice is read once."""
    out = Gathering()
    seen: set[str] = set()
    for name in names:
        paths = {os.path.realpath(path): path for path in _files(name, out.errors)}
        if not paths or not paths.keys() <= seen:
            bound = name if os.path.isdir(name) else None
            read = (_read(path, bound, out.errors) for real, path in paths.items() if real not in seen)
            out.by_name[name] = [source for source in read if source is not None]
            seen |= paths.keys()
    parts = _parts(out.sources)
    kept = {name: [s for s in sources if s.file not in parts] for name, sources in out.by_name.items()}
    out.by_name = {name: kept[name] for name, sources in out.by_name.items() if kept[name] or not sources}
    return out


def _files(name: str, errors: list[str]) -> Iterator[str]:
    try:
        yield from notes_in(name) if os.path.isdir(name) else [name]
    except InputError as error:
        errors.append(error.render())
    except OSError as error:
        errors.append(f"error: {os.fsdecode(error.filename or name)}: {error.strerror or error}")


def _read(path: str, bound: str | None, errors: list[str]) -> Source | None:
    try:
        return from_stream(_standard_input()) if path == STREAM else read_source(path, bound=bound)
    except InputError as error:
        errors.append(error.render())
    except OSError as error:
        errors.append(f"error: {path}: {error.strerror or error}")
    return None


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise InputError(Place(STANDARD_INPUT, 1, 1), "nothing comes through it", hint="pipe the notes into symjac")
    return sys.stdin.buffer


def _parts(sources: Sequence[Source]) -> set[str]:
    """Files that another one includes, which is no part itself; of those that include each other the first is none."""
    includes = {s.file: {os.path.realpath(file) for file in s.included} for s in sources}
    real = {s.file: os.path.realpath(s.file) for s in sources}
    included = set().union(*includes.values())
    kept = [file for file in real if real[file] not in included]
    covered = {path for file in kept for path in includes[file]}
    for file in real:
        if file not in kept and real[file] not in covered:
            kept.append(file)
            covered |= includes[file] - {real[file]}
    return set(real) - set(kept)
