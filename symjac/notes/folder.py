"""The notes in a folder and below: files whose ending says that they are notes, but for what `.gitignore` leaves out.

Names that begin with a dot are left out, and links are not followed, so nothing outside of the folder is read.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pathspec

from symjac.core.errors import InputError, Place
from symjac.core.files import read_bytes
from symjac.notes.source import KINDS, SIDECAR

MOST_FILES = 5_000
MOST_BYTES = 256 * 1024 * 1024
MOST_ENTRIES = 1_000_000
DEEPEST = 100
MAX_IGNORES = 256 * 1024
"""Bytes of a `.gitignore`."""
MOST_STARS = 3
"""A pattern with more of them in one name is not looked at: it could take for ever."""

FIXED = ".fixed"
"""How the name of a corrected copy ends, before the ending that says its kind."""
_CLAIMS = re.compile(rb"^claims[ \t]*:", re.MULTILINE)
_STARS = re.compile(r"\*+|\[")

Ignores = tuple[tuple[str, pathspec.GitIgnoreSpec], ...]
"""What is left out below each of some folders; the innermost is last."""


def notes_in(folder: str) -> list[str]:
    """In the order of their paths. Raises InputError where they are too many; OSError for a folder that is locked."""
    found: list[str] = []
    size = 0
    for number, entry in enumerate(_entries(folder, _above(folder), 0)):
        if _is_notes(entry):
            found.append(os.path.normpath(entry.path))
            size += entry.stat(follow_symlinks=False).st_size
        counts = ((len(found), MOST_FILES, "files"), (size, MOST_BYTES, "bytes"), (number, MOST_ENTRIES, "entries"))
        for count, most, what in counts:
            if count > most:
                hint = "name folders in it, or leave some out by a .gitignore"
                raise InputError(Place(folder, 1, 1), f"more than {most:,} {what}", hint=hint)
    return found


def _is_notes(entry: os.DirEntry[str]) -> bool:
    path = Path(entry.path)
    kind = KINDS.get(path.suffix.lower())
    if kind is None or entry.name.lower().endswith(SIDECAR) or not entry.is_file(follow_symlinks=False):
        return False
    if path.stem.endswith(FIXED) and path.with_name(path.stem.removesuffix(FIXED) + path.suffix).exists():
        return False  # a copy that --fix wrote
    return kind != "yaml" or _has_claims(entry.path)


def _entries(folder: str, ignores: Ignores, depth: int) -> Iterator[os.DirEntry[str]]:
    """What is not left out, folders before what is in them."""
    ignores += _ignores(folder)
    with os.scandir(folder) as scan:
        inside = sorted(scan, key=lambda entry: entry.name)
    for entry in inside:
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name.startswith(".") or _is_ignored(entry.path, is_folder, ignores):
            continue
        yield entry
        if is_folder and depth < DEEPEST:
            yield from _entries(entry.path, ignores, depth + 1)


def _above(folder: str) -> Ignores:
    """What the folders above leave out, up to that of the repository; nothing where there is none."""
    above: list[str] = []
    at = os.path.abspath(folder)
    for _ in range(DEEPEST):
        if os.path.exists(os.path.join(at, ".git")):
            return tuple(spec for place in reversed(above) for spec in _ignores(place))
        at = os.path.dirname(at)
        above.append(at)
    return ()


def _ignores(folder: str) -> Ignores:
    path = os.path.join(folder, ".gitignore")
    if not os.path.isfile(path) or os.path.islink(path):
        return ()
    with suppress(InputError):
        lines = read_bytes(path, MAX_IGNORES).decode("utf-8", "replace").splitlines()
        return ((os.path.abspath(folder), _spec([line for line in lines if _is_quick(line)])),)
    return ()


def _spec(lines: Sequence[str]) -> pathspec.GitIgnoreSpec:
    """Of the lines that are patterns."""
    good = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of `re`, where brackets stand in brackets
        for line in lines:
            with suppress(ValueError, re.error):
                pathspec.GitIgnoreSpec.from_lines([line])
                good.append(line)
        return pathspec.GitIgnoreSpec.from_lines(good)


def _is_quick(line: str) -> bool:
    return all(len(_STARS.findall(name)) <= MOST_STARS for name in line.split("/"))


def _is_ignored(path: str, is_folder: bool, ignores: Ignores) -> bool:
    """As git has it: the innermost that says anything."""
    for base, spec in reversed(ignores):
        inside = os.path.relpath(os.path.abspath(path), base).replace(os.sep, "/") + "/" * is_folder
        if (said := spec.check_file(inside).include) is not None:
            return said
    return False


def _has_claims(path: str) -> bool:
    """Whether a YAML file is one of notes."""
    with suppress(InputError):
        return _CLAIMS.search(read_bytes(path, 512 * 1024)) is not None
    return False
