"""Which files of a folder are notes: what git leaves out, links, other kinds; bounds; what several names give."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from symjac.core.errors import InputError
from symjac.notes import folder as module
from symjac.notes.folder import notes_in
from symjac.notes.gathering import gathered


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**files: str) -> None:
    """`a__b_md="..."` writes a/b.md."""
    for name, text in files.items():
        path = Path(name.replace("__", "/").rpartition("_")[0] + "." + name.rpartition("_")[2])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_notes_of_all_kinds_in_order() -> None:
    names = ["a.md", "b.markdown", "c.tex", "d.qmd", "e.Rmd", "f.rst", "g.ipynb", "h.html", "i.htm", "sub/j.MD"]
    os.mkdir("sub")
    for name in (*names, "k.txt", "l.py", "m", ".n.md", "a.md.symjac.yaml", "o.yaml"):
        Path(name).write_text("x")
    Path("p.yaml").write_text("given: []\nclaims: []\n")
    os.mkdir(".hidden")
    Path(".hidden/q.md").write_text("x")
    os.mkdir("r.md")
    os.mkfifo("s.md")
    assert notes_in(".") == [f"{name}" for name in (*names[:-1], "p.yaml", names[-1])]


def test_what_git_ignores_is_left_out() -> None:
    write(a_md="", build__b_md="", sub__c_md="", sub__d_md="", sub__keep__e_md="", sub__deep__f_md="")
    Path(".gitignore").write_text("build/\n*.tex\n/sub/d.md\nkeep\n!a.md\n")
    Path("sub/.gitignore").write_text("!keep\ndeep/*\n# c.md\n")
    assert notes_in(".") == ["a.md", "sub/c.md", "sub/keep/e.md"]


def test_the_repository_above_has_a_say() -> None:
    write(top__sub__a_md="", top__sub__b_md="", top__c_md="")
    Path(".gitignore").write_text("a.md\n")
    assert notes_in("top/sub") == ["top/sub/a.md", "top/sub/b.md"]
    os.mkdir(".git")
    Path("top/.gitignore").write_text("/sub/b.md\n")
    assert notes_in("top/sub") == []
    Path("top/sub/.gitignore").write_text("!a.md\n")
    assert notes_in("top/sub") == ["top/sub/a.md"]


def test_links_are_not_followed(folder: Path) -> None:
    write(in__a_md="", out__b_md="")
    Path("in/file.md").symlink_to("../out/b.md")
    Path("in/folder").symlink_to("../out")
    Path("in/round").symlink_to(".")
    Path("in/.gitignore").symlink_to("../ignores")
    Path("ignores").write_text("a.md\n")
    assert notes_in("in") == ["in/a.md"]
    Path("link").symlink_to("in")
    assert notes_in("link") == ["link/a.md"]


def test_copies_of_our_own_are_left_out() -> None:
    write(a_md="", b_md="")
    for name in ("a.fixed.md", "c.fixed.md"):
        Path(name).write_text("")
    assert notes_in(".") == ["a.md", "b.md", "c.fixed.md"]


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    write(a_md="x" * 10, b_md="x" * 10, sub__c_md="")
    for name, most in (("MOST_FILES", 2), ("MOST_BYTES", 19), ("MOST_ENTRIES", 2)):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, most)
            with pytest.raises(InputError, match="more than"):
                notes_in(".")
    monkeypatch.setattr(module, "DEEPEST", 0)
    assert notes_in(".") == ["a.md", "b.md"]


def test_patterns_that_could_take_for_ever_or_are_none() -> None:
    name = "a" * 200
    write(**{f"{name}_md": "", "b_md": ""})
    Path(".gitignore").write_text("*a" * 40 + "c\n" + "[" * 50 + "\n!\n\\\n\0\n[z-a]\n[[a]\n" + "b.*\n")
    assert notes_in(".") == [f"{name}.md"]
    Path(".gitignore").write_bytes(b"\xff\xfe\n" + b"b.md\n")
    assert notes_in(".") == [f"{name}.md"]


# ---------------------------------------------------------------- several names


def files(*names: str) -> dict[str, list[str]]:
    return {name: [source.file for source in sources] for name, sources in gathered(names).by_name.items()}


def test_each_file_is_read_once() -> None:
    write(a_md="$a$", b_md="$b$")
    assert files("a.md", ".", "./a.md") == {"a.md": ["a.md"], ".": ["b.md"]}
    assert files() == {}


def test_what_is_included_is_no_document_of_its_own() -> None:
    write(main_tex="\\input{one}", one_tex="\\input{two} $a$", two_tex="$b$", other_tex="$c$")
    assert files(".") == {".": ["main.tex", "other.tex"]}
    assert files("one.tex", "main.tex") == {"main.tex": ["main.tex"]}
    assert files("one.tex") == {"one.tex": ["one.tex"]}


def test_in_a_folder_a_document_includes_what_lies_anywhere_in_it() -> None:
    write(top__part_tex="$b$", top__deep__main_tex="\\input{../part} \\input{../../out} $a$", out_tex="$c$")
    (whole,) = gathered(["top"]).sources
    assert whole.included == ("top/part.tex",)
    (alone,) = gathered(["top/deep"]).sources
    (named,) = gathered(["top/deep/main.tex"]).sources
    assert alone.included == named.included == ()
    faults = {item.fault for source in (whole, alone) for item in source.items if item.fault}
    assert faults == {
        f"the file lies outside of {what}" for what in ("the folder that is judged", "the document's folder")
    }


def test_of_a_circle_the_first_is_the_document() -> None:
    write(a_tex="\\input{b}", b_tex="\\input{a}", c_tex="\\input{c}")
    assert files(".") == {".": ["a.tex", "c.tex"]}


def test_what_cannot_be_used_is_named_and_the_rest_is_read() -> None:
    write(a_md="$a$")
    Path("b.md").write_bytes(b"\xff")
    Path("c.ipynb").write_text("{")
    found = gathered([".", "missing.md", "a.txt"])
    assert [s.file for s in found.sources] == ["a.md"]
    assert [e.split(":")[0] for e in found.errors] == ["b.md", "c.ipynb", "missing.md", "a.txt"]


def test_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert "nothing comes through it" in gathered(["-"]).errors[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_is_locked() -> None:
    os.mkdir("locked", 0)
    assert "locked" in gathered(["locked"]).errors[0]
