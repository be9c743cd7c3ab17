"""What the README shows is so: its excerpts, its specs, its commands and options, its Python."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from symjac.cli import main
from symjac.codegen.numpy_code import generate
from symjac.core.files import write_whole
from symjac.derivation.chain import Derivation, derive
from symjac.documents.document import document
from symjac.meaning.directives import apply, control
from symjac.meaning.notebook import Notebook
from symjac.model.build import build_stack, load_spec
from tests.nets import example

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [text for name, text in fences if name == language]


@pytest.fixture(scope="module")
def derivation() -> Derivation:
    return example("mnist_mlp")


def test_the_spec_is_the_example() -> None:
    lines = (ROOT / "examples" / "mnist_mlp.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    assert "".join(line for line in lines if not line.startswith("#")) == blocks("yaml")[0]


def test_formulas_are_the_documents(derivation: Derivation) -> None:
    text = document(derivation, "markdown")
    shown = re.findall(r"^\$\$\n(.*?)\n\$\$$", README, re.DOTALL | re.MULTILINE)
    assert len(shown) == 2
    for formula in shown:
        assert formula in text


def test_code_is_the_modules(derivation: Derivation) -> None:
    assert textwrap.indent(blocks("python")[0], "    ") in generate(derivation)


def test_specs_can_be_used(tmp_path: Path) -> None:
    for number, text in enumerate(blocks("yaml")):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        assert derive(build_stack(load_spec(path))).backward


def test_commands_exist() -> None:
    (listing,) = (block for block in blocks("") if block.startswith("symjac "))
    rows = [line.split() for line in listing.splitlines()]
    assert {row[1] for row in rows} == set(main.commands)
    for _, name, *words in rows:
        options = {text for parameter in main.commands[name].params for text in parameter.opts}
        assert set(re.findall(r"(?<!\S)\[?(--?[\w-]+)", " ".join(words))) <= options
    for line in blocks("sh"):
        for name, words in re.findall(r"bin/symjac (\w+)([^&]*)", line):
            assert set(re.findall(r"(--\w+)", words)) <= {o for p in main.commands[name].params for o in p.opts}


def test_verify_says_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.md").write_text(blocks("markdown")[0], encoding="utf-8")
    result = CliRunner().invoke(main, ["verify", "notes.md"])
    assert result.output == blocks("text")[0]
    assert result.exit_code == 1


def test_why_says_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.md").write_text(blocks("markdown")[0], encoding="utf-8")
    result = CliRunner().invoke(main, ["verify", "notes.md", "--why", "4"])
    assert result.output.endswith(blocks("text")[1])


def test_notes_on_a_spec_are_judged_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    Path("errors.md").write_text(blocks("markdown")[1], encoding="utf-8")
    result = CliRunner().invoke(main, ["verify", "errors.md", "--spec", "examples/mnist_mlp.yaml"])
    assert result.output == blocks("text")[2]
    assert result.exit_code == 1


def test_directives_are_read() -> None:
    """Each directive of the table is a sentence that is known."""
    table = README.split("| directive | |\n")[1].split("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines()]
    directives = [text for cell in cells for text in re.findall("`([^`]+)`", cell)]
    assert len(directives) >= 10
    for text in directives:
        assert control(text) or apply(text, Notebook()), text


@pytest.mark.slow
def test_python_runs(derivation: Derivation, tmp_path: Path) -> None:
    write_whole(tmp_path / "generated" / "mnist_mlp.py", generate(derivation).encode())
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for script in blocks("python")[1:]:
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{script}"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        assert run.stdout


def test_the_test_command_is_marked_for_ci() -> None:
    marked = README.split("<!-- .ci/run runs this -->\n")[1]
    assert "pytest" in marked.split("```")[1]


def test_the_readme_passes_the_hook() -> None:
    result = CliRunner().invoke(main, ["verify", str(ROOT / "README.md")])
    assert result.exit_code == 0, result.output
