"""The map is true: rooms, floors, files and names of ARCHITECTURE.md and CONTRIBUTING.md are those of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import symjac
from symjac.cli import main
from tests.test_imports import MAY_IMPORT, floor_of

ROOT = Path(__file__).parent.parent
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md")
FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@cache
def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    return text_of(page).split(f"\n## {title}\n")[1].split("\n## ")[0]


def folders() -> set[str]:
    """The rooms that are there."""
    return {p.name for p in (ROOT / "symjac").iterdir() if (p / "__init__.py").is_file()}


# ---------------------------------------------------------------- rooms and floors


def rooms_in_paragraphs(text: str) -> list[str]:
    """What `symjac/..` names at the beginning of a paragraph, or of a row of a table."""
    heads = re.findall(r"^(?:\| )?((?:`[\w./]+`,? ?)+)", text, re.MULTILINE)
    return [name for head in heads for name in re.findall(r"`symjac/([\w.]+)`", head)]


def rooms_in_docstring(text: str) -> list[str]:
    heads = re.findall(r"^    (\w+(?:, \w+)*)  +(?!->)\S", text, re.MULTILINE)
    return [name for head in heads for name in head.split(", ")]


def test_every_room_has_its_paragraph_its_row_and_its_line() -> None:
    rooms = sorted({*folders(), "api.py", "cli.py"})
    assert sorted(rooms_in_paragraphs(section("ARCHITECTURE.md", "The rooms"))) == rooms
    assert sorted(rooms_in_paragraphs(section("README.md", "The rooms"))) == rooms
    assert sorted(rooms_in_docstring(symjac.__doc__ or "")) == sorted(name.removesuffix(".py") for name in rooms)


def test_the_arrows_are_one_text() -> None:
    arrows = FENCE.findall(text_of("ARCHITECTURE.md"))[0]
    assert arrows in section("README.md", "The rooms")
    assert all(line in (symjac.__doc__ or "") for line in arrows.splitlines())
    assert set(re.findall(r"\w+", arrows.replace("Stack", ""))) - {"spec"} <= folders()


def floors(picture: str) -> dict[str, int]:
    """Room: its floor, as it is drawn."""
    rows = re.findall(r"^ (\d)  (.*)$", picture, re.MULTILINE)
    return {room: int(number) for number, row in rows for room in re.findall(r"\w+", row)}


def test_the_floors_are_those_of_the_imports() -> None:
    picture = FENCE.findall(section("ARCHITECTURE.md", "The floors"))[0]
    assert floors(picture) == {room: floor_of(room) for room in MAY_IMPORT if not room.startswith("__")}


# ---------------------------------------------------------------- files and names


def file_of(name: str) -> Path | None:
    return next((path for path in (ROOT / name, ROOT / "symjac" / name) if path.exists()), None)


def inside(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """What a module or a class has by name, each with what stands in it."""
    found: dict[str, list[ast.stmt]] = {}
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = node.body if isinstance(node, ast.ClassDef) else []
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if hasattr(node, "target") else []
        found |= {t.id: [] for t in targets if isinstance(t, ast.Name)}
    return found


def has(path: Path, name: str) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for part in name.split("."):
        known = inside(body)
        if part not in known:
            return False
        body = known[part]
    return True


def wrong(word: str) -> str:
    """What is wrong with what stands between backticks; empty where it is there. What is none of these is wrong."""
    if command := re.fullmatch(r"symjac ([a-z]+)( [\w./\[\]-]+)*", word):
        return "" if command[1] in main.commands else f"{word}: no such command"
    if module := re.fullmatch(r"(?:\.venv/bin/)?python -m ([\w.]+)( [\w./-]+)*", word):
        ours = not module[1].startswith(("tests", "symjac")) or file_of(module[1].replace(".", "/") + ".py")
        return "" if ours else f"{word}: no such module"
    if re.fullmatch(r"git [a-z]+( \w+)?", word):
        return ""
    name = re.fullmatch(r"([\w./-]+?)(?:::([\w.]+))?", word)
    path = file_of(name[1]) if name else None
    if name is None or path is None:
        return f"{word}: no such file"
    if name[2] and not has(path, name[2]):
        return f"{word}: no such name in the file"
    return ""


def words(text: str) -> Iterator[str]:
    """What stands between backticks, and what a block of commands names of ours."""
    yield from (word for word in re.findall(r"`([^`]+)`", FENCE.sub("", text)))
    for block in FENCE.findall(text):
        yield from re.findall(r"(?<!\S)((?:tests|symjac|examples)/[\w./]+)", block)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_named_is_there(page: str) -> None:
    found = list(words(text_of(page)))
    assert len(found) > 10
    assert [fault for word in found if (fault := wrong(word))] == []


PLANTED = [
    "symjac/calculs",
    "calculus/simplify.py::RULE",
    "verify/judge.py::Judge.claims",
    "verify/judges.py",
    "tests/model/test_spec.py::ACTIVATION",
    "core/scalar.py::slot.x",
    "symjac judge",
    "python -m tests.test_golden",
    "Meaning",
    "some words",
]


@pytest.mark.parametrize("word", PLANTED)
def test_a_planted_wrong_name_is_caught(word: str) -> None:
    assert wrong(word)


def test_planted_rooms_and_floors_are_caught() -> None:
    assert rooms_in_paragraphs("`symjac/core`: the language.\n\n`symjac/cellar`, `symjac/cli.py`: what") == [
        "core",
        "cellar",
        "cli.py",
    ]
    assert rooms_in_docstring("    cellar      what lies below\n    api, cli    from Python") == [
        "cellar",
        "api",
        "cli",
    ]
    assert floors(" 2  calculus   run\n 1  core\n    what is derived") == {"calculus": 2, "run": 2, "core": 1}
