"""Imports run one way, from floor to floor, never in a circle; rooms stay small; one word is one thing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "symjac"

FILES = {"core.errors", "core.files"}
"""What rooms without symbols see of core: places, messages, files."""

MAY_IMPORT = {
    "__init__": {"api"},
    "core": set(),
    "notation": set(),
    "calculus": {"core"},
    "run": {*FILES, "core.complex_step"},
    "model": {"core", "calculus"},
    "equality": {"core", "calculus"},
    "numbers": {*FILES, "run"},
    "derivation": {"core", "calculus", "model"},
    "printing": {"core", "calculus", "model"},
    "check": {"core", "model"},
    "notes": {*FILES, "notation", "model.yaml_source"},
    "meaning": {"core", "notation", "calculus", "model"},
    "documents": {"core", "calculus", "model", "derivation", "printing"},
    "codegen": {"core", "calculus", "model", "derivation", "printing"},
    "verify": {
        "core",
        "notation",
        "calculus",
        "model.build",
        "model.stack",
        "equality",
        "printing",
        "notes",
        "meaning",
    },
    "report": {*FILES, "core.streams", "notation", "equality.outcome", "printing", "notes", "verify"},
    "api": {
        "core",
        "calculus.trace",
        "model",
        "run",
        "derivation",
        "check",
        "notes",
        "documents",
        "codegen",
        "equality.outcome",
        "verify",
        "report",
    },
    "cli": {
        "core",
        "model",
        "run",
        "numbers",
        "derivation",
        "check",
        "notes",
        "documents",
        "codegen",
        "verify",
        "report",
    },
    "__main__": {"cli"},
}
"""Room: the rooms, or single modules of a room, that it may import beside itself."""

NO_SYMBOLS = {"notation", "notes", "run", "numbers", "cli", "__init__", "__main__"}
SYMBOLIC = {"sympy", "flint"}
FLOORS = 8
LARGEST = 0.15
"""The part of all lines that one room may have."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """core.expr, or core for its __init__; the package's own __init__ keeps its name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imported(source: str, package: str) -> set[str]:
    """Full names of what `source`, a module of `package`, imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def faults(name: str, source: str, package: str) -> list[str]:
    room = name.split(".")[0]
    if room not in MAY_IMPORT:
        return [f"{name}: a room that the design does not know"]
    allowed = MAY_IMPORT[room] | {room}
    out = []
    for target in sorted(imported(source, package)):
        head, _, inside = target.partition(".")
        if head == "symjac" and inside and not any(inside == a or inside.startswith(a + ".") for a in allowed):
            out.append(f"{name} imports {target}")
        if head in SYMBOLIC and room in NO_SYMBOLS:
            out.append(f"{name} imports {target}")
    return out


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    package = ".".join(("symjac", *path.relative_to(PACKAGE).parts[:-1]))
    assert faults(name_of(path), path.read_text(encoding="utf-8"), package) == []


PLANTED = [
    ("core.expr", "from symjac.calculus import simplify"),
    ("core.expr", "import symjac.model.stack"),
    ("core.expr", "def late():\n    from ..calculus import trace"),
    ("notation.tree", "import sympy"),
    ("notation.tree", "from symjac.core.expr import Expr"),
    ("calculus.trace", "from symjac.model.stack import Stack"),
    ("equality.decide", "from symjac.meaning.notebook import Notebook"),
    ("equality.decide", "from symjac.notation import tree"),
    ("meaning.values", "from symjac.notes.source import Source"),
    ("derivation.chain", "from symjac.printing import latex"),
    ("printing.latex", "from symjac.documents import document"),
    ("documents.document", "from symjac.codegen import numpy_code"),
    ("verify.judge", "from symjac.report import page"),
    ("report.page", "from symjac.equality import decide"),
    ("report.page", "from symjac.meaning.meaning import Meaning"),
    ("run.differences", "import symjac.core.expr"),
    ("run.differences", "import sympy"),
    ("run.loop", "from symjac.core import index"),
    ("run.loop", "from symjac.numbers import spectrum"),
    ("numbers.operator", "from symjac.derivation.along import directional"),
    ("cli", "import sympy.core"),
    ("cli", "from symjac.calculus import simplify"),
    ("__init__", "import symjac.cli"),
    ("api", "from symjac.cli import main"),
    ("elsewhere.module", "import os"),
]


@pytest.mark.parametrize(("name", "source"), PLANTED, ids=[f"{name}: {source}" for name, source in PLANTED])
def test_planted_import_is_caught(name: str, source: str) -> None:
    package = ".".join(("symjac", *name.split(".")[:-1]))
    assert faults(name, source, package) != []


def floor_of(room: str) -> int:
    return 1 + max((floor_of(r.split(".")[0]) for r in MAY_IMPORT[room]), default=0)


def test_a_room_stands_above_what_it_imports() -> None:
    assert max(floor_of(room) for room in MAY_IMPORT if not room.startswith("__")) <= FLOORS


def circles(imports: dict[str, set[str]]) -> list[str]:
    """Modules from which a way leads back to themselves."""

    def reached(name: str) -> set[str]:
        seen: set[str] = set()
        ahead = list(imports[name])
        while ahead:
            at = ahead.pop()
            if at in imports and at not in seen:
                seen.add(at)
                ahead += imports[at]
        return seen

    return sorted(name for name in imports if name in reached(name))


def imports_of(path: Path, known: set[str]) -> set[str]:
    package = ".".join(("symjac", *path.relative_to(PACKAGE).parts[:-1]))
    found = {
        t.partition(".")[2] for t in imported(path.read_text(encoding="utf-8"), package) if t.startswith("symjac.")
    }
    return {t if t in known else t.rpartition(".")[0] for t in found}


def test_no_two_files_import_each_other_in_a_circle() -> None:
    known = {name_of(path) for path in modules()}
    assert circles({name_of(path): imports_of(path, known) for path in modules()}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"]


def test_no_room_is_large() -> None:
    lines: dict[str, int] = {}
    for path in modules():
        room = name_of(path).split(".")[0]
        lines[room] = lines.get(room, 0) + len(path.read_text(encoding="utf-8").splitlines())
    assert max(lines.values()) <= LARGEST * sum(lines.values())


def names_of(path: Path) -> tuple[list[str], list[str]]:
    """Classes (and aliases of types), and functions that a module has for others."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    classes = [n.name for n in body if isinstance(n, ast.ClassDef)]
    aliases = [
        n.target.id
        for n in body
        if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name) and ast.unparse(n.annotation) == "TypeAlias"
    ]
    functions = [n.name for n in body if isinstance(n, ast.FunctionDef)]
    return [n for n in classes + aliases if not n.startswith("_")], [n for n in functions if not n.startswith("_")]


def test_one_word_is_one_thing() -> None:
    rooms = {p.name for p in PACKAGE.iterdir() if p.is_dir()}
    found: dict[str, list[str]] = {}
    files: dict[str, list[str]] = {}
    for path in modules():
        classes, functions = names_of(path)
        for name in classes:
            found.setdefault(name, []).append(name_of(path))
        assert not rooms & set(functions), name_of(path)
        if path.stem != "__init__":
            files.setdefault(path.stem, []).append(name_of(path))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
    assert {name: places for name, places in files.items() if len(places) > 1} == {}


def named_twice(source: str) -> list[str]:
    """Names to which a module gives two values: the second holds for all that reads the first as well."""
    names: list[str] = []
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(targets=targets):
                names += [t.id for t in targets if isinstance(t, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                names.append(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.append(name)
    return sorted({name for name in names if names.count(name) > 1})


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_name_of_a_module_has_one_value(path: Path) -> None:
    assert named_twice(path.read_text(encoding="utf-8")) == []


def test_a_second_value_is_caught() -> None:
    assert named_twice("MOST = 100\n\ndef f(): ...\n\nMOST = 32\n\nf: int = 1\n") == ["MOST", "f"]
