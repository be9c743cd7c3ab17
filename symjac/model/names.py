"""Which names a user may give, and how generated code spells them: plain identifiers that capture nothing.

A name that formulas use for something of their own is refused. A name that only Python, or a generated module, uses for
something of its own is spelt with an underscore behind it, which no name of a user's has: `lambda` is `lambda_`.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Iterable
from functools import lru_cache

from symjac.core.errors import InputError, Place
from symjac.core.memo import MOST_KEPT
from symjac.core.scalar import FUNCTIONS
from symjac.model import habits
from symjac.model.yaml_source import shown

NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)?")
DEFINED = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
FILE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
LONGEST = 40

INDICES = frozenset("nijlpqruv")
"""The letters that axes are called by; n is the samples'."""

_WORDS = "where sum mean maximum minimum theta axis shape pi floor diag vec tr repeat formula features"
LANGUAGE = frozenset(re.findall(r"\w+", _WORDS))
"""Words of formulas and specs, beside the functions: no names of other things."""

_CODE = """
    np scipy special math linalg lib stride_tricks sliding_window_view erf erfc annotations functools typing
    collections abc
    cached_property wraps NamedTuple Sequence Any
    INPUTS PARAMETERS ANALYTIC KINKS NUMBERS TOGETHER Params State Activations Cached Linearized
    init init_state forward loss gradients update activations kinks linearize hvp hvp_block ggnvp update_jvp update_vjp
    iteration iteration_jvp iteration_vjp hessian hessian_block local_jacobian check_arrays check_inputs
    check_directions check_params remedy add_back gap_below_maximum share_of_maximum factors blocks
    in_single in_half is_half fits
    sigmoid softplus inverse_root
    rng dtype params grads state self cls at row column output by together group groups directions direction
    declared arrays array known found given expected sizes size transposed behind name values rows direct through
    before back more out places taps low spans span lengths windows strides dilations offsets below start tap ordered
    function single computed result results inputs named flat labels fields field
"""
CAPTURED = frozenset({*re.findall(r"\w+", _CODE), *dir(builtins), *keyword.kwlist, *keyword.softkwlist})
"""Names that Python or a generated module uses for something of its own."""

WITHOUT_AXES = ("the state", "the assigned name")
"""What only stands in formulas that have no indices: an update's."""
_DIRECTIONS = ("V", "HV", "W")
"""What the derivative of an update calls its arguments."""
_OPERANDS = {
    "the constant": ("x", "g", "t", *_DIRECTIONS),
    "the state": ("g", "t", *_DIRECTIONS),
    "the assigned name": ("g", "t", *_DIRECTIONS),
}
"""What formulas of numbers call their arguments: no names for other things in them."""


def suggest(name: str, known: Iterable[str]) -> str:
    """`did you mean ...?`, or nothing."""
    found = habits.meant(name, known)
    return f"did you mean {found}?" if found else ""


def one_of(known: Iterable[str]) -> str:
    return f"one of {', '.join(known)}"


_DERIVED = tuple(f"{head}{stem}" for head in ("", "R", "G") for stem in ("delta", "gamma"))


@lru_cache(maxsize=MOST_KEPT)
def in_python(name: str) -> str:
    """The name in generated code: W_1 is W1, dW_1 is dW1, RA_1 is RA1; a longer stem keeps its underscore.

    What Python or the module has a use for gets an underscore behind it: `lambda` is `lambda_`.
    """
    found = re.fullmatch(r"([RGV]?d?[A-Za-z])_([0-9]+)", name)
    spelt = found[1] + found[2] if found else name
    return f"{spelt}_" if spelt in CAPTURED else spelt


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
    if name == "L" or name.split("_")[0] in _DERIVED:
        raise InputError(place, f"{what} {name!r} is reserved for derived quantities and the loss", "another name")
    if name in LANGUAGE or name in FUNCTIONS or (what in _OPERANDS and name in _OPERANDS[what]):
        raise InputError(place, f"{what} {name!r} is reserved: formulas use it", "another name")
    return name


def check_defined(name: str, what: str, place: Place) -> str:
    """`name`, if a user may call a definition so. Raises InputError."""
    if not DEFINED.fullmatch(name):
        raise InputError(
            place, f"{what} {shown(name)}", "lower-case letters, digits and single underscores", "for example my_layer"
        )
    _check_length(name, what, place)
    if name in LANGUAGE or name in FUNCTIONS:
        raise InputError(place, f"{what} {name!r} is reserved", "another name")
    return name


def check_file_name(name: str, place: Place) -> str:
    """`name`, if files may be called so. Raises InputError."""
    if not FILE_NAME.fullmatch(name):
        raise InputError(
            place, f"the name {shown(name)}", "a letter, then letters, digits, - and _", "for example my_network"
        )
    _check_length(name, "the name", place)
    what = module_taken(name)
    if what is not None:
        hint = f"for example {name}_net: the code is written to {name}.py"
        raise InputError(place, f"the name {name!r} {what}", "a name that is free", hint)
    return name


def module_taken(name: str) -> str | None:
    """Why no generated module may have this name; None where it may."""
    if keyword.iskeyword(name):
        return "is a word of Python, no name of a module"
    return "is a module that Python programs import" if name in _MODULES else None


def _check_length(name: str, what: str, place: Place) -> None:
    if len(name) > LONGEST:
        raise InputError(place, f"{what} {shown(name)} has {len(name)} characters", f"at most {LONGEST}")


_MODULES = frozenset({*sys.stdlib_module_names, "numpy", "scipy", "symjac"})
"""A file of such a name hides what the generated module, or the program beside it, imports."""


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
