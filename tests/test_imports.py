"""Imports run one way: core <- calculus, model <- derive <- emit, check <- cli; train, numbers: no symbols."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "symjac"

MAY_IMPORT = {
    "__init__": set(),
    "core": {"core"},
    "calculus": {"core", "calculus"},
    "model": {"core", "model", "calculus.trace"},
    "derive": {"core", "calculus", "model"},
    "step": {"core", "model"},
    "second": {"core", "calculus", "model", "derive"},
    "blocks": {"core", "calculus", "model", "derive", "second"},
    "emit": {"core", "calculus", "model", "derive", "step", "second", "blocks", "emit"},
    "check": {"core", "calculus", "model", "derive", "second", "blocks", "check"},
    "claims": {"core", "calculus", "model", "claims"},
    "verify": {"core", "calculus", "claims", "emit.latex", "emit.render", "emit.mathml", "verify"},
    "train": {"core.errors", "core.files", "train"},
    "numbers": {"core.errors", "core.files", "numbers", "train"},
    "cli": {
        "core",
        "calculus",
        "model",
        "derive",
        "step",
        "second",
        "blocks",
        "emit",
        "check",
        "claims",
        "verify",
        "train",
        "numbers",
        "cli",
    },
    "__main__": {"cli"},
}
"""Room: the rooms, or single modules of a room, that it may import from symjac."""

NUMBERS_ONLY = {"check.numeric": {"check"}}
"""Modules that stand under a stricter rule than their room: they see generated modules, nothing symbolic."""

SYMBOLIC = {"sympy", "lark", "jinja2", "latex2mathml"}


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
    allowed = NUMBERS_ONLY.get(name, MAY_IMPORT.get(room))
    if allowed is None:
        return [f"{name}: a room that the design does not know"]
    out = []
    for target in sorted(imported(source, package)):
        head, _, inside = target.partition(".")
        if head == "symjac" and inside and not any(inside == a or inside.startswith(a + ".") for a in allowed):
            out.append(f"{name} imports {target}")
        if head in SYMBOLIC and (room in ("train", "numbers", "cli", "__init__") or name in NUMBERS_ONLY):
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
    ("calculus.trace", "from symjac.model.stack import Stack"),
    ("model.build", "from symjac.calculus.differentiate import jacobian"),
    ("derive", "from symjac.emit import latex"),
    ("emit.latex", "from symjac.check import numeric"),
    ("check.numeric", "import symjac.core.expr"),
    ("check.numeric", "import sympy"),
    ("train.loop", "from symjac.core import index"),
    ("train.loop", "from sympy import exp"),
    ("train.loop", "from symjac.numbers import spectrum"),
    ("numbers.operator", "from symjac.second import directional"),
    ("cli", "import sympy.core"),
    ("__init__", "import symjac.cli"),
    ("elsewhere.module", "import os"),
]


@pytest.mark.parametrize(("name", "source"), PLANTED, ids=[f"{name}: {source}" for name, source in PLANTED])
def test_planted_import_is_caught(name: str, source: str) -> None:
    package = ".".join(("symjac", *name.split(".")[:-1]))
    assert faults(name, source, package) != []
