"""Files that are none, inputs that would be outputs, edits by hand, locks, full disks, odd encodings of output."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from symjac.cli import main
from symjac.codegen.seal import is_sealed, sealed
from symjac.core.errors import InputError
from symjac.core.files import Busy, NotRegular, clash, locked, opened, read_bytes, write_whole

ROOT = Path(__file__).parents[2]
SPEC = """
name: net
input: X[k, 2]
layers: [dense: 3, tanh, dense: 2]
loss: mse
"""
NOTES = "$x \\in \\mathbb{R}^n$, $L = x^\\top x$, $\\nabla_x L = 2 x$\n"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `symjac ...` in a folder with a spec, notes and data."""
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SPEC)
    Path("n.md").write_text(NOTES)
    np.savez("d.npz", X=np.ones((4, 2)), T=np.zeros((4, 2)))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def refused(result: Result, *says: str) -> None:
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    for text in says:
        assert text in result.stderr


# ---------------------------------------------------------------- files that are none


def no_files(folder: Path) -> dict[str, Path]:
    os.mkfifo(folder / "pipe")
    (folder / "to_pipe").symlink_to("pipe")
    (folder / "folder").mkdir()
    return {
        "a pipe": folder / "pipe",
        "a pipe, not a file": folder / "to_pipe",
        "a device": Path("/dev/zero"),
        "a directory": folder / "folder",
    }


def test_only_regular_files_are_read_and_written(tmp_path: Path) -> None:
    for kind, path in no_files(tmp_path).items():
        with pytest.raises(NotRegular, match=kind):
            opened(path)
        with pytest.raises(InputError, match=f"this is {kind}"):
            read_bytes(path, 100)
        with pytest.raises(NotRegular, match=kind):
            write_whole(path, b"x")
    assert Path("/dev/zero").is_char_device()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("command", ["build", "derive", "generate", "check", "train", "jacobian"])
def test_a_pipe_as_a_spec(run: Run, command: str) -> None:
    for name in ("f.yaml", "f.py"):
        os.mkfifo(name)
    refused(run(command, "f.yaml"), "f.yaml", "a pipe, not a file")
    if command in ("check", "train"):
        refused(run(command, "f.py"), "f.py", "a pipe, not a file")


def test_a_pipe_as_anything_else(run: Run) -> None:
    for name in ("f.npz", "f.md", "f.npy", "f.png"):
        os.mkfifo(name)
    refused(run("verify", "f.md"), "f.md", "a pipe, not a file")
    refused(run("train", "s.yaml", "--data", "f.npz"), "f.npz", "a pipe, not a file")
    refused(run("train", "s.yaml", "--data", "d.npz", "--weights", "f.npz"), "f.npz")
    refused(run("jacobian", "s.yaml", "--data", "d.npz", "--params", "f.npz"), "f.npz", "a pipe, not a file")
    refused(run("jacobian", "s.yaml", "--data", "d.npz", "--out", "f.npy"), "f.npy", "a pipe, not a file")
    refused(run("jacobian", "s.yaml", "--data", "d.npz", "--density", "f.png"), "f.png", "a pipe, not a file")
    refused(run("derive", "s.yaml", "-o", "f.md"), "f.md", "a pipe, not a file")
    for part in ("journal", "sums", "part", "lock"):
        os.mkfifo(f"m.npy.{part}")
        refused(run("jacobian", "s.yaml", "--data", "d.npz", "--out", "m.npy"), f"m.npy.{part}", "a pipe, not a file")
        os.unlink(f"m.npy.{part}")


# ---------------------------------------------------------------- an input is never an output


def links(name: str) -> list[str]:
    """The file by other paths."""
    Path("deep").mkdir(exist_ok=True)
    stem = name.replace(".", "_")
    Path(f"soft_{stem}").symlink_to(name)
    os.link(name, f"hard_{stem}")
    return [name, f"./{name}", f"deep/../{name}", os.path.abspath(name), f"soft_{stem}", f"hard_{stem}"]


def test_no_output_is_an_input(run: Run) -> None:
    specs, data = links("s.yaml"), links("d.npz")
    before = {name: Path(name).read_bytes() for name in ("s.yaml", "d.npz", "n.md")}
    for out in specs:
        for command in (("derive",), ("generate",), ("explain", "Y")):
            refused(run(*command, "s.yaml", "-o", out), "is a file that is to be read")
        refused(run("train", "s.yaml", "--data", "d.npz", "--weights", out), "is a file that is to be read")
        refused(run("jacobian", "s.yaml", "--data", "d.npz", "--out", out), "is a file that is to be read")
        refused(run("jacobian", "s.yaml", "--data", "d.npz", "--density", out), "is a file that is to be read")
    for out in data:
        refused(run("train", "s.yaml", "--data", "d.npz", "--weights", out), "is a file that is to be read")
        refused(run("jacobian", "s.yaml", "--data", "d.npz", "--out", out), "is a file that is to be read")
    refused(run("verify", "n.md", "--html", "n.md"), "is a file that is to be read")
    Path("n.md.symjac.yaml").write_text("- f = relu\n")
    refused(run("verify", "n.md", "--sarif", "n.md.symjac.yaml"), "is a file that is to be read")
    assert before == {name: Path(name).read_bytes() for name in before}


def test_parts_of_the_matrix_are_outputs_too(run: Run) -> None:
    os.rename("d.npz", "m.npy.sums")
    refused(run("jacobian", "s.yaml", "--data", "m.npy.sums", "--out", "m.npy"), "m.npy.sums", "to be read")
    refused(run("jacobian", "s.yaml", "--data", "m.npy.sums", "--out", "a.png", "--density", "a.png"), "twice")


def test_build_into_the_folder_of_a_spec_called_as_an_output(run: Run) -> None:
    os.rename("s.yaml", "net.md")
    refused(run("build", "net.md", "-o", "."), "net.md is a file that is to be read")
    assert Path("net.md").read_text() == SPEC


def test_a_folder_of_data_is_read(run: Run) -> None:
    Path("mine").mkdir()
    Path("mine/train-images-idx3-ubyte").write_bytes(b"x")
    weights = "mine/train-images-idx3-ubyte"
    refused(run("train", "s.yaml", "--data", "mine", "--weights", weights), "is a file that is to be read")


def test_paths_that_will_be_one_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert "twice" in clash([tmp_path / "new", tmp_path / "a" / ".." / "new"], [])
    assert clash([tmp_path / "new", tmp_path / "other"], [tmp_path / "third"]) == ""


# ---------------------------------------------------------------- edited by hand


def test_a_seal_tells_edits() -> None:
    text = "x = 1  # θ\nprint('é')\n"
    made = sealed(text)
    assert is_sealed(made) and is_sealed(made.replace("\n", "\r\n"))
    assert is_sealed(made.encode("ascii", "backslashreplace").decode())
    for edited in (made + "\n", made.replace("1", "2"), text, made.partition("\n")[2], made.replace("θ", "t"), ""):
        assert not is_sealed(edited)


def test_a_module_that_was_edited_is_kept(run: Run) -> None:
    assert run("build", "s.yaml", "-o", "out").exit_code == 0
    module = Path("out/net.py")
    assert run("build", "s.yaml", "-o", "out").exit_code == 0
    made = module.read_text()
    for edited in (made + "# mine\n", made.partition("\n")[2], "x = 1\n"):
        module.write_text(edited)
        before = {p.name: p.stat().st_mtime_ns for p in Path("out").iterdir()}
        refused(run("build", "s.yaml", "-o", "out"), "out/net.py was edited by hand", "--force")
        assert module.read_text() == edited
        assert before == {p.name: p.stat().st_mtime_ns for p in Path("out").iterdir()}
    module.write_text(made + "# mine\n")
    refused(run("generate", "s.yaml", "-o", module), "was edited by hand")
    assert run("generate", "s.yaml", "-o", module, "--force").exit_code == 0
    assert module.read_text() == made
    module.write_text(made.replace("net", "other", 1))
    assert run("build", "s.yaml", "-o", "out", "--force").exit_code == 0
    assert module.read_text() == made


# ---------------------------------------------------------------- whole or not at all, and alone


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    for name in (".w[1].npz.abc.symjac", ".other.npz.abc.symjac"):
        (tmp_path / name).write_bytes(b"left")
    write_whole(tmp_path / "w[1].npz", b"new")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".other.npz.abc.symjac", "w[1].npz"]


def test_links_and_permissions_are_kept(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to("file")
    write_whole(link, b"new")
    assert link.is_symlink() and file.read_bytes() == b"new" and file.stat().st_mode & 0o777 == 0o640


def hold(path: str, ready: Any) -> None:
    with locked(Path(path)):
        ready.set()
        time.sleep(60)


def test_a_lock_is_of_one_run_and_dies_with_it(tmp_path: Path) -> None:
    path = tmp_path / "m.npy"
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=hold, args=(str(path), ready))
    other.start()
    assert ready.wait(50)
    with pytest.raises(Busy, match="another run is writing it"), locked(path):
        pass
    os.kill(other.pid or 0, signal.SIGKILL)
    other.join()
    with locked(path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_full_disk_names_the_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        if "/tmp/tmp" not in os.readlink(f"/proc/self/fd/{handle}"):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused(run("generate", "s.yaml", "-o", "out.py"), "out.py", "No space left", "free some space")
    refused(run("train", "s.yaml", "--data", "d.npz"), "s.weights.npz", "No space left", "free some space")
    assert not [p.name for p in Path().iterdir() if p.name.startswith((".", "out"))]


# ---------------------------------------------------------------- standard output


def symjac(*words: str, stdout: Any = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "symjac", *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        timeout=200,
    )


@pytest.mark.slow
@pytest.mark.usefixtures("run")
def test_ascii_standard_output() -> None:
    for words in (
        ("derive", "s.yaml", "--format", "html"),
        ("generate", "s.yaml"),
        ("explain", "delta_1", "s.yaml"),
        ("check", "s.yaml"),
    ):
        done = symjac(*words, PYTHONIOENCODING="ascii:strict")
        assert done.returncode == 0, done.stderr
        assert done.stdout and done.stdout.isascii() and not done.stderr
        if words[0] == "generate":
            assert is_sealed(done.stdout.decode())
            compile(done.stdout, "net.py", "exec")
    Path("é.md").write_text(NOTES.replace("2 x", "3 x"))
    done = symjac("verify", "é.md", "--json", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert json.loads(done.stdout)["claims"][0]["file"] == "é.md"


@pytest.mark.slow
@pytest.mark.usefixtures("run")
def test_standard_output_that_is_gone_or_full() -> None:
    script = 'exec "$0" -m symjac check s.yaml'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for redirected, code, says in ((">&-", 0, b""), (">/dev/full", 2, b"standard output"), (">&- 2>&-", 0, b"")):
        done = subprocess.run(
            ["sh", "-c", f"{script} {redirected}", sys.executable], capture_output=True, env=environment, timeout=200
        )
        assert done.returncode == code and says in done.stderr and b"Traceback" not in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = symjac("generate", "s.yaml", stdout=writer)
    os.close(writer)
    assert done.returncode == 1 and not done.stderr


# ---------------------------------------------------------------- memory and data


def test_sizes_that_no_machine_has(run: Run) -> None:
    """The figure is said before anything of that size is made, and nothing is written."""
    Path("big.yaml").write_text(SPEC.replace("X[k, 2]", "X[k, 1000000000]").replace("dense: 3", "dense: 1000000"))
    begin = time.perf_counter()
    for command in ("check", "build"):
        refused(run(command, "big.yaml"), "parameters", "PB of memory", "declare smaller sizes")
    Path("wide.yaml").write_text(SPEC.replace("dense: 3", "dense: 1000000000, dense: 1000000"))
    for words in (("train",), ("jacobian",), ("jacobian", "--out", "m.npy")):
        refused(run(words[0], "wide.yaml", "--data", "d.npz", *words[1:]), "PB of memory")
    assert time.perf_counter() - begin < 100
    assert not Path("generated").exists() and not list(Path().glob("*.npy*"))


def test_a_matrix_that_no_disk_has(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from types import SimpleNamespace

    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=100))
    refused(run("jacobian", "s.yaml", "--data", "d.npz", "--out", "m.npy"), "m.npy", "17 x 17", "1.2 kB", "100 bytes")
    assert not list(Path().glob("m.npy*"))


def test_a_named_folder_is_the_only_source(run: Run) -> None:
    Path("mine").mkdir()
    Path("mnist.yaml").write_text(SPEC.replace("X[k, 2]", "X[k, 784]").replace("dense: 2]", "dense: 10]"))
    result = run("train", "mnist.yaml", "--data", "mine", "--epochs", 1)
    refused(result, "folder mine: no train-images-idx3-ubyte")
    with contextlib.suppress(FileNotFoundError):
        assert not list(Path().glob("*.weights.npz"))
