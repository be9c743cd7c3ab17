"""The definitions that a spec can use: the built-in ones of library.yaml and the spec's own `define:` section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from symjac.core.errors import InputError, Place
from symjac.model import habits
from symjac.model.names import check_defined, check_name, one_of, suggest
from symjac.model.patterns import read_pattern
from symjac.model.spec import EXAMPLES, Activation, Layer, Library, Loss, PartSpec, Spec, UpdateSpec, validated
from symjac.model.yaml_source import Path_, Places, read_yaml, shown

P = TypeVar("P", bound=PartSpec)


@dataclass(frozen=True, eq=False)
class LibraryEntry(Generic[P]):
    """A definition and where it stands."""

    name: str
    definition: P
    places: Places
    path: Path_
    """Where it stands in its file; the library's begin with their kind, a spec's with `define`."""

    @property
    def own(self) -> bool:
        """True for a spec's own definition."""
        return self.path[0] == "define"

    def place(self, *more: str | int) -> Place:
        return self.places.value((*self.path, *more))


@dataclass(frozen=True)
class Catalogue:
    """Definitions by name, built-in ones first, each kind in the order of definition."""

    activations: Mapping[str, LibraryEntry[Activation]]
    layers: Mapping[str, LibraryEntry[Layer]]
    losses: Mapping[str, LibraryEntry[Loss]]
    updates: Mapping[str, LibraryEntry[UpdateSpec]]

    def find_loss(self, name: str, place: Place) -> LibraryEntry[Loss]:
        return _find(self.losses, name, "loss", place, ())

    def find_update(self, name: str, place: Place) -> LibraryEntry[UpdateSpec]:
        return _find(self.updates, name, "update", place, ())

    def find_layer(self, name: str, place: Place) -> LibraryEntry[Layer] | LibraryEntry[Activation]:
        if name in self.layers:
            return self.layers[name]
        return _find(self.activations, name, "layer", place, self.layers)


def _find(
    table: Mapping[str, LibraryEntry[P]], name: str, what: str, place: Place, others: Iterable[str]
) -> LibraryEntry[P]:
    if name not in table:
        known = [*others, *table]
        hint = habits.layer(name, known) if what == "layer" else suggest(name, known)
        if name in habits.KINDS:
            hint = f"write the name of the {what} itself, such as `{known[0]}`"
        raise InputError(place, f"unknown {what} {shown(name)}", one_of(known), hint or habits.BY_FORMULA)
    return table[name]


@lru_cache(maxsize=1)
def builtin() -> Catalogue:
    """The definitions of library.yaml."""
    path = Path(__file__).with_name("library.yaml")
    data, places = read_yaml(path.read_text(encoding="utf-8"), path.name)
    return _catalogue(validated(Library, data, places, EXAMPLES), places, ())


def catalogue(spec: Spec) -> Catalogue:
    """The built-in definitions and the spec's own. Raises InputError where a name is taken or no good."""
    known, own = builtin(), _catalogue(spec.content.define, spec.places, ("define",))
    taken = {name: kind for kind in ("layers", "activations", "losses", "updates") for name in getattr(known, kind)}
    for kind in ("activations", "layers", "losses", "updates"):
        for name, entry in getattr(own, kind).items():
            place = spec.places.key(entry.path)
            check_defined(name, "the name", place)
            if name in taken or name == "repeat":
                raise InputError(place, f"{name!r} is defined already", "a name of its own", f"for example my_{name}")
            taken[name] = kind
            _check_local_names(entry)
    return Catalogue(
        {**known.activations, **own.activations},
        {**known.layers, **own.layers},
        {**known.losses, **own.losses},
        {**known.updates, **own.updates},
    )


def _check_local_names(entry: LibraryEntry[PartSpec]) -> None:
    """What a definition calls its options, constants, parameters and reductions."""
    d = entry.definition

    def check(what: str, names: Iterable[str], *path: str | int) -> None:
        for name in names:
            check_name(name, f"the {what}", entry.places.key((*entry.path, *path, name)))

    if isinstance(d, Activation | Layer | Loss | UpdateSpec):
        check("constant", d.constants, "constants")
    if isinstance(d, UpdateSpec):
        check("state", d.state, "state")
    if isinstance(d, Layer):
        check("option", d.options, "options")
        for number, form in enumerate(d.forms):
            check("parameter", form.parameters, "forms", number, "parameters")
            pattern = read_pattern(form.input, entry.place("forms", number, "input"))
            check_name(pattern.name, "the input", entry.place("forms", number, "input"))


def _catalogue(library: Library, places: Places, at: Path_) -> Catalogue:
    def entries(kind: str, table: Mapping[str, P]) -> dict[str, LibraryEntry[P]]:
        return {name: LibraryEntry(name, d, places, (*at, kind, name)) for name, d in table.items()}

    return Catalogue(
        entries("activations", library.activations),
        entries("layers", library.layers),
        entries("losses", library.losses),
        entries("updates", library.updates),
    )
