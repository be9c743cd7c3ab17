"""The network that notes speak of: the spec that the command line names, else one that a directive names beside them.

Notes may be a stranger's. A directive reaches no file outside of the notes' own folder, and what is in a file that is
no spec is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PureWindowsPath

from symjac.core.errors import InputError
from symjac.meaning.declaring import opened
from symjac.meaning.dependence import written_in
from symjac.meaning.directives import NEW_WORLD, control, network_named
from symjac.meaning.notebook import Notebook
from symjac.model.stack import Stack
from symjac.notation.tree import Node, Span
from symjac.verify.phrase import phrase

MOST_FORMULAS = 256
"""Layers of a network that a directive names: what is far back in a deeper one takes minutes to judge."""

Line = tuple[str, Sequence[int]]
"""A directive's line, with its offsets in the file."""


class Openings:
    """A notebook for each world of a file; `unread` says which directives name no network that could be used."""

    def __init__(self, file: str, lines: Sequence[Line], stack: Stack | None) -> None:
        self.file, self.given = file, None if stack is None else opened(stack)
        self.unread: list[tuple[Span, str]] = []
        self._worlds = self._opened(lines)

    def next(self) -> Notebook:
        """That of the first world, then those behind each `new world`."""
        return next(self._worlds)

    def _opened(self, lines: Sequence[Line]) -> Iterator[Notebook]:
        worlds: list[list[Line]] = [[]]
        for text, offsets in lines:
            if control(text) == NEW_WORLD:
                worlds.append([])
            else:
                worlds[-1].append((text, offsets))
        for world in worlds:
            yield self._notebook([(name, at) for text, at in world if (name := network_named(text)) is not None])

    def _notebook(self, named: Sequence[Line]) -> Notebook:
        book = self.given
        for name, offsets in () if self.given is not None else named:
            try:
                if book is not None:
                    raise ValueError("notes speak of one network, and there is one already; begin a `new world` before")
                book = opened(_beside(self.file, name))
            except (ValueError, InputError, RecursionError) as error:
                self.unread.append((Span(offsets[0], offsets[-1]), f"this directive cannot be used: {error}"))
        return Notebook() if book is None else book.copy()


def _beside(notes: str, name: str) -> Stack:
    """The network of a spec in the notes' folder or below it. Raises ValueError; it shows nothing of the file."""
    from symjac.model.build import build_stack, load_spec  # slow to import; few notes speak of a spec

    path = _place(notes, name)
    try:
        stack = build_stack(load_spec(path))
    except InputError as error:
        at = f"line {error.place.line}, column {error.place.column}"
        raise ValueError(f"{name} is no spec that can be used, {at}; `symjac verify --spec {name}` says why") from None
    if len(stack.forward) > MOST_FORMULAS:
        raise ValueError(f"{name} has more than {MOST_FORMULAS} layers; name it on the command line: --spec {name}")
    return stack


def _place(notes: str, name: str) -> Path:
    if not name.endswith((".yaml", ".yml")) or PureWindowsPath(name).anchor or "\0" in name:
        raise ValueError(f"{name} is no YAML file beside the notes; write for example `network: net.yaml`")
    folder = Path(notes).parent.resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise ValueError(f"{name} is not in the folder of the notes; name it on the command line: --spec {name}")
    if not path.is_file():
        raise ValueError(f"there is no file {name} beside the notes")
    return path


def taken_anew(book: Notebook, *sides: Node) -> tuple[str, ...]:
    """What the notes say anew of a network, where these formulas speak of it."""
    network = book.network
    own = network.anew | (network.world.names & book.definitions.keys()) if network.names else frozenset()
    found = sorted(own & written_in(sides, book)) if own else []
    names = " and ".join(phrase(book.latex[name]) for name in found)
    return (f"taken: {names} as the notes have it, not as the network has it",) if found else ()
