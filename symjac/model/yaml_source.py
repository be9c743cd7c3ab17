"""YAML with positions: text -> plain values, and the place of each key and each value.

What a spec has no use for is refused where it stands: aliases (and so alias bombs), tags, second documents, duplicate
keys, deep nesting. A whole number becomes an int; any other number stays the text that the user wrote, so 0.1 can be
read as exactly 1/10.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from symjac.core.errors import InputError, Place
from symjac.core.files import read_utf8

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20

Path_ = tuple[str | int, ...]
"""Where a value stands: the keys and list positions that lead to it."""

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True)
class Places:
    """The place of every key and value of one file, by path."""

    file: str
    values: dict[Path_, Place]
    keys: dict[Path_, Place]

    def value(self, path: Path_) -> Place:
        """Where the value at `path` begins, or the nearest thing around it that is in the file."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values[path]

    def key(self, path: Path_) -> Place:
        """Where the key at `path` stands; the value, where it has no key."""
        return self.keys.get(path) or self.value(path)


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file, at most MAX_BYTES of UTF-8. Raises InputError for everything that is not."""
    name = os.fspath(path)
    text = read_utf8(name, MAX_BYTES, "use `repeat:` for deep nets", "is this a spec file?").removeprefix("\ufeff")
    for position, character in enumerate(text):
        if not character.isprintable() and character not in "\n\r\t":
            before_text = text[:position]
            line = before_text.count("\n") + 1
            place = Place(name, line, position - (before_text.rfind("\n") + 1) + 1)
            raise InputError(
                place, f"the control character U+{ord(character):04X}", "plain text", "is this a spec file?"
            )
    return text


def read_yaml(text: str, file: str) -> tuple[Any, Places]:
    """The one document in `text`, and its places. Raises InputError for what is not YAML or not allowed."""
    reader = _Reader(text, file)
    try:
        return reader.document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = reader.place(mark.line, mark.column) if mark else Place(file, 1, 1)
        found = str(error.problem or error.context or "this is not YAML").replace("\n", " ")
        hint = "put quotes around text that contains `: ` or ` #`, or begins with punctuation"
        if "\\t" in found:
            hint = "indent with spaces"
        elif error.context and error.context_mark and error.context_mark.line != mark.line:
            begun = f"{error.context} that begins in line {error.context_mark.line + 1}"
            hint = f"{begun}: is a bracket or quote left open, or a line indented otherwise?"
        raise InputError(place, f"not YAML: {found}", hint=hint) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(Place(file, 1, 1), f"not YAML: {str(error).splitlines()[0]}") from None


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = [line.expandtabs(1) for line in text.splitlines()]
        self.events: Iterator[Any] = iter(YAML(typ="safe", pure=True).parse(io.StringIO(text)))
        self.places = Places(file, {}, {})

    def place(self, line: int, column: int) -> Place:
        """From ruamel's marks, which count from 0."""
        source = self.lines[line] if line < len(self.lines) else ""
        return Place(self.file, line + 1, column + 1, source)

    def start_of(self, event: Any) -> Place:
        return self.place(event.start_mark.line, event.start_mark.column)

    def document(self) -> tuple[Any, Places]:
        next(self.events)  # the start of the stream
        event = next(self.events)
        if not isinstance(event, DocumentStartEvent):
            raise InputError(Place(self.file, 1, 1), "the file is empty", "a spec", "begin with `name: my_network`")
        value = self.value(next(self.events), ())
        while not isinstance(next(self.events), DocumentEndEvent):
            pass
        event = next(self.events)
        if isinstance(event, DocumentStartEvent):
            raise InputError(self.start_of(event), "a second document", "one spec a file", "remove the line `---`")
        return value, self.places

    def value(self, event: Any, path: Path_) -> Any:
        if isinstance(event, AliasEvent):
            raise InputError(
                self.start_of(event), f"the alias *{event.anchor}", "the value itself", "specs have no aliases"
            )
        if getattr(event, "tag", None) is not None and str(event.tag) != "!":
            raise InputError(self.start_of(event), f"the tag {event.tag}", "a plain value", "specs have no tags")
        if len(path) > MAX_DEPTH:
            raise InputError(self.start_of(event), f"nested more than {MAX_DEPTH} deep", "a flatter spec")
        if isinstance(event, ScalarEvent):
            self.places.values[path] = self.text_place(event)
            return _plain(event.value) if event.style is None else event.value
        self.places.values[path] = self.start_of(event)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(path)
        assert isinstance(event, MappingStartEvent)
        return self.mapping(path)

    def sequence(self, path: Path_) -> list[Any]:
        out: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            out.append(self.value(event, (*path, len(out))))
        return out

    def mapping(self, path: Path_) -> dict[str, Any]:
        out: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise InputError(self.start_of(event), "a key that is not a word", "`key: value`")
            key, where = str(event.value), self.start_of(event)
            if key in out:
                first = self.places.keys[(*path, key)].line
                raise InputError(
                    where, f"the key {shown(key)} occurs twice", hint=f"it is given in line {first} already"
                )
            self.places.keys[(*path, key)] = where
            out[key] = self.value(next(self.events), (*path, key))
        return out

    def text_place(self, event: ScalarEvent) -> Place:
        """Where the text of a scalar begins: behind a quote; text over several lines is its own source line."""
        start, end = event.start_mark, event.end_mark
        if event.style in ("|", ">") or start.line != end.line:
            return Place(self.file, start.line + 1, 1, " ".join(str(event.value).split("\n")))
        return self.place(start.line, start.column + (1 if event.style else 0))


def _plain(text: str) -> Any:
    """The value of an unquoted scalar: null, true, false, a whole number, or text."""
    if text in _NULLS:
        return None
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def shown(value: Any) -> str:
    """A user's value for an error message: short, on one line, no control characters."""
    text = repr(value) if isinstance(value, str) else _written(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _written(value: Any) -> str:
    """A value as YAML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else str(value)
