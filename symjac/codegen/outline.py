"""A module of Python as data: constants, classes, functions in their order; a template lays it out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symjac.codegen.code import CodeText, between, named
from symjac.codegen.lines import CodeStatement, called, lines_of, read_by
from symjac.printing import render

TEMPLATE = "numpy/module.py.j2"

ARRAY, PARAMS, STATE = named("np.ndarray"), named("Params"), named("State")
INT, FLOAT, STR = named("int"), named("float"), named("str")

_STANDARD = (
    ("math", ()),
    ("collections.abc", ("Sequence",)),
    ("functools", ("cached_property", "wraps")),
    ("typing", ("NamedTuple",)),
)
_OTHERS = (
    ("numpy.lib.stride_tricks", ("sliding_window_view",)),
    ("scipy.special", ("erf", "erfc")),
)
"""Where the names come from that modules import."""


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    type: CodeText | None = None
    default: CodeText | None = None

    @property
    def text(self) -> str:
        typed = f"{self.name}: {self.type.text}" if self.type else self.name
        return f"{typed} = {self.default.text}" if self.default else typed

    @property
    def reads(self) -> frozenset[str]:
        return frozenset().union(*(code.names for code in (self.type, self.default) if code))


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    arguments: tuple[Argument, ...]
    returns: CodeText
    doc: str
    body: tuple[CodeStatement, ...]
    decorator: str = ""

    @property
    def head(self) -> list[str]:
        *before, last = called(f"def {self.name}", [a.text for a in self.arguments])
        decorated = [f"@{self.decorator}"] if self.decorator else []
        return [*decorated, *before, f"{last} -> {self.returns.text}:"]

    @property
    def lines(self) -> list[str]:
        """The body's."""
        return lines_of(self.body)

    @property
    def reads(self) -> frozenset[str]:
        """What has to be there before it is called: its arguments are, but no one asks for their names."""
        given = frozenset().union(*(a.reads for a in self.arguments))
        return given | read_by(self.body) | ({self.decorator} if self.decorator else set())


@dataclass(frozen=True, slots=True)
class Given:
    """A function that is the same in every module: a text of its own among the templates, by its name."""

    name: str
    reads: frozenset[str] = frozenset()

    @property
    def file(self) -> str:
        return f"numpy/given/{self.name}.py.j2"


@dataclass(frozen=True, slots=True)
class Constant:
    name: str
    value: CodeText
    remark: str = ""
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    type: CodeText
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Class:
    name: str
    base: str
    doc: str
    fields: tuple[Attribute, ...] = ()
    methods: tuple[Function, ...] = ()

    @property
    def reads(self) -> frozenset[str]:
        return frozenset((self.base,)).union(*(f.type.names for f in self.fields), *(m.reads for m in self.methods))


@dataclass(frozen=True, slots=True)
class Section:
    """Constants, then classes, then functions; under a title where it has one."""

    constants: tuple[Constant, ...] = ()
    classes: tuple[Class, ...] = ()
    functions: tuple[Function | Given, ...] = ()
    title: str = ""

    @property
    def reads(self) -> frozenset[str]:
        return reads_of((*self.classes, *self.functions)).union(*(c.value.names for c in self.constants))


@dataclass(frozen=True, slots=True)
class Module:
    title: str
    doc: tuple[str, ...]
    """The lines below the title."""
    sections: tuple[Section, ...]

    @property
    def imports(self) -> tuple[list[str], list[str]]:
        """Of the standard library, and of others: what the sections read."""
        names = reads_of(self.sections)
        return _imports(_STANDARD, names), ["import numpy as np", *_imports(_OTHERS, names)]


def _imports(table: Iterable[tuple[str, tuple[str, ...]]], names: frozenset[str]) -> list[str]:
    out = []
    for module, offered in table:
        wanted = [name for name in offered if name in names]
        if wanted:
            out.append(f"from {module} import {', '.join(wanted)}")
        elif module in names and not offered:
            out.append(f"import {module}")
    return out


def reads_of(parts: Iterable[Class | Function | Given | Section]) -> frozenset[str]:
    """What the parts read together."""
    return frozenset().union(*(p.reads for p in parts))


def laid_out(module: Module) -> str:
    """The module's source."""
    return render.render(TEMPLATE, module=module)


# ---------------------------------------------------------------- small parts


def arrays(names: Iterable[str]) -> tuple[Argument, ...]:
    """Arguments that are arrays."""
    return tuple(Argument(name, ARRAY) for name in names)


def tuple_of(*types: CodeText) -> CodeText:
    """The type of a pair and of more."""
    return between("tuple[", types, "]")
