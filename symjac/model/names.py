"""Which names a user may give: what reaches Python, LaTeX and HTML is a plain identifier that clashes with nothing."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable
from functools import cache

from symjac.core.errors import InputError, Place
from symjac.core.scalar import FUNCTIONS
from symjac.model.yaml_source import shown

NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)?")
DEFINED = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
FILE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
LONGEST = 40

INDICES = frozenset("nijlpqruv")
"""The letters that axes are called by; n is the samples'."""

_WORDS = """
    np scipy special math rng dtype params grads theta Params State INPUTS ANALYTIC KINKS Activations NamedTuple Any
    init init_state forward loss gradients update activations kinks hvp iteration hessian linearize ggnvp state
    Cached Linearized TOGETHER together group directions at row column output by
    shape axis where maximum minimum sum mean sqrt self cls float int len print range tuple list dict str bool type
    zip map pi floor diag vec tr repeat formula features
"""
GENERATED = frozenset(re.findall(r"\w+", _WORDS))
"""Names that generated modules and documents use for themselves."""

WITHOUT_AXES = ("the state", "the assigned name")
"""What only stands in formulas that have no indices: an update's."""
_OPERANDS = {"the constant": ("x", "g", "t"), "the state": ("g", "t"), "the assigned name": ("g", "t")}
"""What formulas of numbers call their arguments: no names for other things in them."""


def suggest(name: str, known: Iterable[str]) -> str:
    """`did you mean ...?`, or nothing."""
    near = difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def one_of(known: Iterable[str]) -> str:
    return f"one of {', '.join(known)}"


@cache
def in_python(name: str) -> str:
    """The name in generated code: W_1 is W1, dW_1 is dW1, RA_1 is RA1; a longer stem keeps its underscore."""
    found = re.fullmatch(r"([RGV]?d?[A-Za-z])_([0-9]+)", name)
    return found[1] + found[2] if found else name


def check_name(name: str, what: str, place: Place) -> str:
    """`name`, if a user may give it to a tensor, size or constant. Raises InputError."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InputError(
            place,
            f"{what} {shown(name)}",
            "a letter, then letters and digits, at most one underscore",
            "for example W_in",
        )
    _check_length(name, what, place)
    if name in INDICES and what not in WITHOUT_AXES:
        raise InputError(
            place, f"{what} {name!r} is the name of an index", "another name", "n, i, j, l, p, q, r, u, v count axes"
        )
    if name == "L" or name.split("_")[0] in ("delta", "gamma"):
        raise InputError(place, f"{what} {name!r} is reserved for derived quantities and the loss", "another name")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise InputError(place, f"{what} {name!r} is a reserved word of Python", "another name")
    if name in GENERATED or name in FUNCTIONS or (what in _OPERANDS and name in _OPERANDS[what]):
        raise InputError(place, f"{what} {name!r} is reserved: formulas and generated code use it", "another name")
    return name


def check_defined(name: str, what: str, place: Place) -> str:
    """`name`, if a user may call a definition so. Raises InputError."""
    if not DEFINED.fullmatch(name):
        raise InputError(
            place, f"{what} {shown(name)}", "lower-case letters, digits and single underscores", "for example my_layer"
        )
    _check_length(name, what, place)
    if keyword.iskeyword(name) or name in GENERATED or name in FUNCTIONS:
        raise InputError(place, f"{what} {name!r} is reserved", "another name")
    return name


def check_file_name(name: str, place: Place) -> str:
    """`name`, if files may be called so. Raises InputError."""
    if not FILE_NAME.fullmatch(name):
        raise InputError(
            place, f"the name {shown(name)}", "a letter, then letters, digits, - and _", "for example my_network"
        )
    _check_length(name, "the name", place)
    return name


def _check_length(name: str, what: str, place: Place) -> None:
    if len(name) > LONGEST:
        raise InputError(place, f"{what} {shown(name)} has {len(name)} characters", f"at most {LONGEST}")


class Names:
    """The names in use in one stack, as written and as generated code spells them."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[str, str, Place]] = {}

    def add(self, name: str, what: str, place: Place) -> str:
        """Takes `name` for `what`. Raises InputError where another thing has it, or has the same name in code."""
        spelt = in_python(name)
        if spelt in self._owners:
            other, owner, first = self._owners[spelt]
            same = "" if other == name else f" ({other} and {name} are both {spelt} in code)"
            again = "the layer is repeated: leave its names to the program" if first == place else ""
            found = f"the name {name!r} of {what} is taken already, by {owner}{same}"
            raise InputError(place, found, "another name", again)
        self._owners[spelt] = (name, what, place)
        return name

    def keep_free(self, name: str, what: str) -> None:
        """Raises InputError at the owner of `name`, which `what` is to be called, where it has one."""
        if in_python(name) in self._owners:
            other, owner, place = self._owners[in_python(name)]
            raise InputError(place, f"the name {other!r} of {owner} is the name of {what}", "another name")

    def owner(self, name: str) -> str | None:
        found = self._owners.get(in_python(name))
        return found[1] if found else None
