"""The command line: what it prints where, its exit codes, and that bad input never ends in a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from symjac.cli import main
from symjac.core.faults import at_hand, told

ROOT = Path(__file__).parent.parent
TINY = Path(__file__).parent / "fixtures" / "tiny_module.py"
XOR = ROOT / "examples" / "xor.yaml"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `symjac ...` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def wrong_module(tmp_path):
    """The small module with the sign of one gradient turned."""
    text = TINY.read_text().replace("Params(X.T @ delta_1,", "Params(-X.T @ delta_1,")
    path = tmp_path / "wrong.py"
    path.write_text(text)
    return path


def ends(result, code, *says):
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    for text in says:
        assert text in (result.stderr if code == 2 else result.output)


# --- help and imports ---


def test_help_names_every_command(run):
    ends(run("--help"), 0, "build", "derive", "generate", "check", "train", "schema")


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom symjac.cli import main\nmain(['--help'], standalone_mode=False)\n"
        "assert not {'numpy', 'sympy', 'rich', 'pydantic'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment)


# --- from a spec ---


def test_build_writes_document_and_code_and_checks_the_code(run):
    result = run("build", XOR)
    ends(result, 0, "All agree.", *(str(Path("generated") / f"xor.{end}") for end in ("tex", "html", "md", "py")))
    assert result.stderr == ""
    assert sorted(path.name for path in Path("generated").iterdir()) == ["xor.html", "xor.md", "xor.py", "xor.tex"]


def test_derive_and_generate_print_what_build_writes(run):
    run("build", XOR, "-o", "out")
    for command, end in (
        (("derive", "--format", "latex"), "tex"),
        (("derive", "--format", "html"), "html"),
        (("derive",), "md"),
        (("generate",), "py"),
    ):
        built = Path(f"out/xor.{end}").read_text(encoding="utf-8")
        printed = run(command[0], XOR, *command[1:])
        ends(printed, 0)
        assert printed.stdout == built
        ends(run(command[0], XOR, *command[1:], "-o", "deep/er/file"), 0)
        assert Path("deep/er/file").read_text(encoding="utf-8") == built


def test_check_a_spec(run):
    ends(run("check", XOR), 0, "W1", "W2", "agrees", "Kinks kept away from")


def test_train_a_spec(run):
    np.savez("xor.npz", X=np.array([[0, 0, 1, 1], [0, 1, 0, 1.0]]), T=np.array([[0, 1, 1, 0.0]]))
    ends(run("train", XOR, "--data", "xor.npz", "--epochs", 3, "--batch", "full"), 0, "epoch 3/3", "xor.weights.npz")
    ends(run("train", XOR, "--epochs", 3), 2, "784 numbers a sample")


def test_schema_is_json(run):
    result = run("schema")
    ends(result, 0)
    assert json.loads(result.stdout)["type"] == "object"


COMMANDS = ("build", "derive", "generate", "check", "train")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "binary", "text"])
def test_a_spec_that_cannot_be_used(run, command, kind):
    path = Path("spec.yaml")
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes({"empty": b"", "binary": bytes(range(256)), "text": b"layers: [dense: 0]\n"}[kind])
    result = run(command, path)
    ends(result, 2, "spec.yaml")
    assert result.stdout == ""
    assert not Path("generated").exists()


@pytest.mark.parametrize("command", ["derive", "generate"])
def test_a_file_that_cannot_be_written(run, command):
    Path("taken").write_text("a file")
    ends(run(command, XOR, "-o", "taken/out"), 2, "taken")
    assert Path("taken").read_text() == "a file"


# --- from a module ---


def test_check_a_module(run):
    ends(run("check", TINY), 0, "W1", "every entry", "All agree.")


def test_check_as_json(run, wrong_module):
    right, wrong = (run("check", path, "--json") for path in (TINY, wrong_module))
    ends(right, 0)
    ends(wrong, 1)
    assert json.loads(right.stdout)["agrees"] is True
    figures = json.loads(wrong.stdout)["figures"]
    assert [figure["parameter"] for figure in figures if figure["differences"] > 1e-6] == ["W1"]


def test_a_wrong_gradient_is_refuted(run, wrong_module):
    ends(run("check", wrong_module), 1, "refuted", "What was generated does not agree.")


@pytest.fixture
def samples(tmp_path):
    rng = np.random.default_rng(0)
    classes = rng.integers(3, size=60)
    path = tmp_path / "samples.npz"
    X = rng.standard_normal((60, 4))
    np.savez(path, X=X, T=np.eye(3)[classes], X_test=X[:9], T_test=np.eye(3)[classes[:9]])
    return path


def test_train_says_loss_and_accuracy_and_saves(run, samples):
    result = run("train", TINY, "--data", samples, "--epochs", 2, "--weights", "out/w.npz")
    ends(result, 0, "60 samples, 9 test samples", "epoch 1/2  loss", "epoch 2/2  loss", "test accuracy", "out/w.npz")
    assert result.stderr == ""
    with np.load("out/w.npz") as arrays:
        assert arrays["W1"].dtype == np.float32


def test_train_goes_on(run, samples):
    run("train", TINY, "--data", samples, "--epochs", 2)
    result = run("train", TINY, "--data", samples, "--epochs", 4, "--resume")
    ends(result, 0, "epoch 4/4")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--data", "nowhere"), "nowhere: no such file or folder"),
        (("--data", "mnist"), "784 numbers a sample for X"),
        (("--epochs", "0"), "--epochs"),
        (("--batch", "0"), "--batch"),
        (("--batch", "half"), "a number of samples, or full"),
        (("--dtype", "int8"), "--dtype"),
        (("--resume",), "tiny_module.weights.npz"),
        (("--weights", "."), "is a folder"),
        (("--weights", "samples.npz/w"), "cannot be written"),
        (("--seed", "-1"), "--seed"),
    ],
)
def test_train_options_that_cannot_be_used(run, samples, options, says):
    data = () if "--data" in options else ("--data", samples)
    ends(run("train", TINY, *data, *options), 2, says)


def test_train_that_diverges(run, samples):
    ends(run("train", TINY, "--data", samples, "--alpha", "inf"), 1, "training stopped", "--alpha")


@pytest.mark.parametrize("command", ["check", "train"])
def test_a_module_that_is_none(run, command):
    ends(run(command, "missing.py"), 2, "missing.py: cannot be read")
    Path("other.py").write_text("x = 1\n")
    ends(run(command, "other.py"), 2, "not a module that symjac generated")


# --- faults of symjac's own ---


def test_a_fault_is_told_and_no_traceback(run, monkeypatch):
    def fails(*_):
        raise KeyError("Z_1")

    monkeypatch.setattr("symjac.derivation.chain._worked_out", fails)
    result = run("build", XOR, "-o", "out")
    assert result.exit_code == 70
    assert result.stdout == "" and "Traceback" not in result.stderr
    for text in (
        "the fault is its own",
        "the derivative by",
        "KeyError: 'Z_1' (symjac/derivation/chain.py:",
        "report",
        "xor.yaml",
    ):
        assert text in result.stderr
    assert not Path("out").exists()


def test_a_chapter_that_cannot_be_written_leaves_the_others(run, monkeypatch):
    def fails(*_):
        raise ZeroDivisionError("planted")
        yield

    monkeypatch.setattr("symjac.documents.second_order._directional", fails)
    result = run("build", XOR, "-o", "out")
    assert result.exit_code == 70
    assert "All agree." in result.stdout and "“Second order” breaks off: ZeroDivisionError: planted" in result.stderr
    for end in ("tex", "html", "md"):
        text = Path(f"out/xor.{end}").read_text(encoding="utf-8")
        assert "planted" in text and text.index("planted") < text.rindex("The laws")
    result = run("derive", XOR)
    assert result.exit_code == 70 and result.stdout == Path("out/xor.md").read_text(encoding="utf-8")


def test_at_hand_says_what_was_at_hand():
    with pytest.raises(ValueError, match="no") as found, at_hand(lambda: "the  formula\nf"):
        raise ValueError("no")
    assert found.value.__notes__ == ["the formula f"]
    assert told(found.value).splitlines()[1:3] == ["  at the formula f", "  ValueError: no"]


@pytest.mark.parametrize("name", ["numpy.py", "json.py", "class.py"])
def test_generate_writes_no_module_that_hides_another(run, name):
    ends(run("generate", XOR, "-o", name), 2, f"error: {name}:", "choose another name")
    assert not Path(name).exists()


def test_a_loss_that_will_not_train_is_warned_of(run):
    Path("plain.yaml").write_text(
        "name: plain\ninput: X[k, 3]\nlayers: [dense: 2]\nloss: cross_entropy\nupdate: gradient_descent\n"
    )
    done = run("generate", "plain.yaml", "-o", "plain.py")
    ends(done, 0)
    assert "plain.yaml:4:7: warning:" in done.stderr
    assert "cross_entropy_with_logits" in done.stderr
