"""`symjac verify` and `symjac explain`: what is printed and written where, exit codes, and no traceback on bad input.

The verdicts here are made by hand, so that what is tested is what is done with them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from symjac.cli import main
from symjac.verify.verdict import Judged
from tests.report.made import claim, fault, judged, unread

ROOT = Path(__file__).parent.parent
XOR = ROOT / "examples" / "xor.yaml"

RIGHT = "so $a = b$ holds\n"
WRONG = "then $c = d$ and $e = g$\n"
UNREAD = "and $q = {$\n"
DOUBTFUL = "or $h = k$\n"
FAULT = "and here the program fails\n"


def by_hand(source, progress=None, stack=None) -> Judged:
    """Knows RIGHT, WRONG, DOUBTFUL and UNREAD; every other text has nothing in it."""
    text, file = source.text, source.file
    claims, left = [], []
    if text == FAULT:
        raise KeyError("Z_1")
    if "$a = b$" in text or source.kind == "claim":
        claims.append(claim(text, "a = b", "proved", file=file))
    if "$c = d$" in text:
        right = fault(text, "the sign is wrong", formula="c = -d", replacement="-d")
        claims.append(claim(text, "c = d", "refuted", right, file=file))
        claims.append(claim(text, "e = g", "refuted", fault(text, "who knows"), file=file))
    if "$h = k$" in text:
        claims.append(claim(text, "h = k", "doubtful", road="right only if k is 1", file=file))
    if "q = {" in text:
        left.append(unread(text, "q = {", "the brace is never closed", file))
    if progress:
        progress(len(claims), len(claims))
    return judged(text, claims, left, 1, file)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `symjac verify ...` in a folder with a file of each kind."""
    monkeypatch.chdir(tmp_path)
    judge = ModuleType("symjac.verify.judge")
    judge.judge_source = by_hand  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "symjac.verify.judge", judge)
    for name, text in {
        "right": RIGHT,
        "wrong": RIGHT + WRONG,
        "unread": UNREAD,
        "mixed": RIGHT + UNREAD,
        "doubt": DOUBTFUL,
    }.items():
        Path(f"{name}.md").write_text(text, encoding="utf-8")
    Path("prose.md").write_text("nothing\n", encoding="utf-8")
    return lambda *words: CliRunner().invoke(main, ["verify", "--jobs", "1", *(str(word) for word in words)])


def ends(result, code, *says):
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    for text in says:
        assert text in (result.stderr if code == 2 else result.output)


# --- verdicts and exit codes ---


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["right.md"], 0),
        (["mixed.md"], 0),
        (["prose.md"], 0),
        (["wrong.md"], 1),
        (["unread.md"], 0),
        (["unread.md", "--strict"], 1),
        (["prose.md", "--strict"], 1),
        (["right.md", "--strict"], 0),
        (["mixed.md", "--strict"], 0),
        (["doubt.md"], 0),
        (["doubt.md", "--strict"], 1),
        (["right.md", "doubt.md", "--strict"], 1),
        (["missing.md"], 2),
        (["right.md", "wrong.md"], 1),
        (["wrong.md", "right.md", "prose.md"], 1),
        (["right.md", "unread.md"], 0),
        (["right.md", "unread.md", "--strict"], 1),
        (["wrong.md", "missing.md"], 2),
        ([], 2),
    ],
)
def test_exit_codes(run, files, code):
    ends(run(*files), code)


def test_what_is_printed(run):
    result = run("wrong.md")
    ends(result, 1)
    assert result.stdout == (
        "wrong.md:2:7: refuted: the sign is wrong\n"
        "  | then $c = d$ and $e = g$\n"
        "  |           ^\n"
        "  right: c = -d\n"
        "wrong.md:2:19: refuted: who knows\n"
        "  | then $c = d$ and $e = g$\n"
        "  |                       ^\n"
        "3 claims: 1 proved, 2 refuted; 1 equation was not a claim\n"
    )
    assert result.stderr == ""
    ends(run("wrong.md", "-v"), 1, "wrong.md:1:5: proved: canonical form, all sizes")


def test_unread_equations_are_listed_and_alone_are_an_error_where_that_is_asked_for(run):
    ends(run("mixed.md"), 0, "mixed.md:2:6: not read: the brace is never closed", "; 1 could not be read")
    ends(run("unread.md"), 0, "unread.md:1:6: not read", "0 claims; ", "; 1 could not be read")
    strict = run("unread.md", "--strict")
    ends(strict, 1)
    assert "error: unread.md: there is no claim that could be judged" in strict.stderr


def test_every_file_is_judged_and_an_unusable_one_is_said_at_the_end(run):
    Path("binary.md").write_bytes(bytes(range(256)))
    Path("folder.md").mkdir()
    Path("kind.txt").write_text("$a = b$")
    result = run("binary.md", "wrong.md", "folder.md", "kind.txt", "missing.md", "right.md")
    ends(result, 2, "binary.md", "kind.txt", "missing.md")
    assert "folder.md" not in result.stderr
    assert "4 claims: 2 proved, 2 refuted" in result.stdout


def test_a_fault_of_our_own_is_told_and_costs_no_other_file_its_verdicts(run):
    Path("fault.md").write_text(FAULT)
    result = run("fault.md", "wrong.md", "missing.md")
    assert result.exit_code == 70
    assert "4 claims" not in result.stdout and "3 claims: 1 proved, 2 refuted" in result.stdout
    for said in ("at fault.md", "KeyError: 'Z_1'", "please report", "missing.md"):
        assert said in result.stderr


def test_a_file_named_twice_is_judged_once(run):
    ends(run("right.md", "right.md"), 0, "1 claim: 1 proved")


def test_a_claim_on_the_command_line(run):
    ends(run("--claim", "a = b", "--given", "b = 2"), 0, "1 claim: 1 proved")
    ends(run("--claim", "a = b", "--claim", "$a = b$", "--given", "b = 2", "--given", "x = 1"), 0, "2 claims: 2 proved")
    ends(run("--claim", "a = b", "--notation", "plain"), 0, "1 claim: 1 proved")


@pytest.mark.parametrize(
    "words",
    [
        ["right.md", "--claim", "a = b"],
        ["--given", "a = b"],
        ["right.md", "--given", "a = b"],
        ["--claim", "a = b", "--fix"],
        ["--claim", ""],
        ["--claim", "\udcff = b"],
        ["--claim", "a\x00 = b"],
        ["right.md", "--nonsense"],
        ["right.md", "--html", "right.md"],
        ["right.md", "--sarif", "./right.md"],
        ["right.md", "--sarif", "out", "--html", "out"],
        ["right.md", "right.fixed.md", "--fix"],
        ["right.md", "--fix", "--html", "right.fixed.md"],
        ["right.md", "--html", "right.md/page.html"],
    ],
)
def test_options_that_cannot_be_used(run, words):
    before = {p.name: p.read_bytes() for p in Path().iterdir()}
    result = run(*words)
    ends(result, 2)
    assert result.stderr
    assert {p.name: p.read_bytes() for p in Path().iterdir()} == before


# --- folders and standard input ---


@pytest.fixture
def folder(run):
    """A folder with notes that are right, wrong, and none, and what git leaves out."""
    for name, text in {
        "f/right.md": RIGHT,
        "f/sub/wrong.tex": RIGHT + WRONG,
        "f/prose.rst": "nothing",
        "f/left/out.md": WRONG,
        "f/.gitignore": "left\n",
        "f/code.py": WRONG,
        "empty/prose.md": "nothing",
        "doubts/doubt.md": DOUBTFUL,
    }.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["f"], 1),
        (["f/sub"], 1),
        (["empty"], 0),
        (["empty", "--strict"], 1),
        (["f/prose.rst", "--strict"], 1),
        (["doubts"], 0),
        (["doubts", "--strict"], 1),
        (["right.md", "empty", "--strict"], 1),
        (["missing", "f"], 2),
    ],
)
def test_exit_codes_of_folders(run, folder, names, code):
    ends(run(*names), code)


def test_a_folder_has_one_summary(run, folder):
    result = run("f", "right.md", "f/right.md")
    ends(result, 1, "f/sub/wrong.tex:2:7: refuted: the sign is wrong")
    assert result.stdout.splitlines()[-1] == "5 claims: 3 proved, 2 refuted; 4 equations were not claims"
    ends(run("empty"), 0, "0 claims; 1 equation was not a claim")


def test_with_strict_a_folder_needs_one_claim_and_a_file_needs_its_own(run, folder):
    Path("f/sub/wrong.tex").unlink()
    ends(run("f", "--strict"), 0)
    ends(run("f", "f/prose.rst", "--strict"), 0)
    ends(run("f/prose.rst", "f", "--strict"), 1, "error: f/prose.rst: there is no claim that could be judged")


def test_in_a_folder_an_unusable_file_is_named_and_the_rest_is_judged(run, folder):
    Path("f/bad.md").write_bytes(b"\xff")
    result = run("f")
    ends(result, 2, "f/bad.md:1:1: error: byte 0xff is not UTF-8")
    assert "4 claims: 2 proved, 2 refuted" in result.stdout


def test_fix_in_a_folder(run, folder):
    ends(run("f", "--fix"), 1, "f/sub/wrong.fixed.tex: 1 put right, 1 left as refuted")
    ends(run("f", "--fix"), 1, "f/sub/wrong.fixed.tex: 1 put right, 1 left as refuted")


def test_an_output_may_lie_in_the_folder_and_be_nothing_that_is_read(run, folder):
    ends(run("f", "--html", "f/right.md"), 2, "is a file that is to be read")
    ends(run("f", "--html", "f/page.htm"), 1)
    assert Path("f/right.md").read_text() == RIGHT


def test_standard_input(run):
    result = CliRunner().invoke(main, ["verify", "-", "--json"], input=RIGHT + WRONG)
    ends(result, 1)
    assert {c["file"] for c in json.loads(result.stdout)["claims"]} == {"standard input"}
    ends(CliRunner().invoke(main, ["verify", "-"], input=b"\xff"), 2, "standard input")
    ends(CliRunner().invoke(main, ["verify", "-", "--fix"], input=RIGHT), 2, "--fix copies a file")
    ends(
        CliRunner().invoke(main, ["verify", "-", "right.md", "-", "--jobs", "1"], input=RIGHT), 0, "2 claims: 2 proved"
    )


def test_a_number_of_jobs(run):
    ends(run("right.md", "wrong.md", "--jobs", "0"), 2, "--jobs")
    ends(run("right.md", "--jobs", "7"), 0, "1 claim: 1 proved")


# --- why ---

TOLD = "$x \\in \\mathbb{R}^n$, $L = x^\\top x$.\n\nso $\\nabla_x L = x$\n"


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Runs `symjac verify ...`, which really judges, in a folder with a note."""
    monkeypatch.chdir(tmp_path)
    Path("n.md").write_text(TOLD)
    cells = [{"cell_type": "markdown", "source": TOLD}]
    Path("n.ipynb").write_text(json.dumps({"cells": cells}))
    return lambda *words: CliRunner().invoke(main, ["verify", *words])


@pytest.mark.parametrize(("file", "at"), [("n.md", "3"), ("n.ipynb", "1:3")])
def test_why_shows_the_derivation(told, file, at):
    result = told(file, "--why", at)
    ends(result, 1, ": refuted: ")
    assert result.stdout.endswith("  backwards\n    ∂L/∂x = 2·x     differentiated\n  claimed\n    ∂L/∂x = x\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["n.md", "--why", "1"], "claims stand on the lines 3"),
        (["n.ipynb", "--why", "3"], "claims stand on the lines 1:3"),
        (["n.md", "--why", "x"], "the number of a line"),
        (["n.md", "--why", "1:2:3"], "the number of a line"),
        (["n.md", "--why", "-3"], "the number of a line"),
        (["n.md", "n.ipynb", "--why", "3"], "one FILE"),
        (["n.md", "--why", "3", "--json"], "on the screen alone"),
        ([".", "--why", "3"], "one FILE"),
        (["missing.md", "--why", "3"], "missing.md"),
    ],
)
def test_why_of_what_is_not_there(told, words, says):
    ends(told(*words), 2, says)


# --- what is known ---


def test_what_a_baseline_knows_does_not_count(run):
    ends(run("wrong.md", "doubt.md", "--save-baseline", "known.json"), 0, "refuted: the sign is wrong")
    result = run("wrong.md", "doubt.md", "--baseline", "known.json", "--strict")
    ends(result, 0)
    assert result.stdout == (
        "4 claims: 1 proved, 1 doubtful, 2 refuted, 3 of them known; 2 equations were not claims\n"
    )
    Path("wrong.md").write_text("one more line\n\n" + RIGHT + WRONG)
    ends(run("wrong.md", "--baseline", "known.json"), 0, ", 2 of them known")
    ends(run("wrong.md", "--baseline", "known.json", "-v"), 0, "wrong.md:4:7: refuted, known: the sign is wrong")
    answer = json.loads(run("wrong.md", "--baseline", "known.json", "--json").stdout)
    assert [c["known"] for c in answer["claims"]] == [False, True, True] and answer["summary"]["known"] == 2


def test_what_is_new_counts(run):
    ends(run("wrong.md", "--save-baseline", "known.json"), 0)
    Path("new.md").write_text(WRONG)
    ends(run("wrong.md", "new.md", "--baseline", "known.json"), 1, "new.md:1:7: refuted", ", 2 of them known")
    ends(run("right.md", "doubt.md", "--baseline", "known.json", "--strict"), 1)
    ends(run("right.md", "doubt.md", "--baseline", "known.json"), 0)


def test_a_baseline_names_files_from_where_it_is(run, monkeypatch):
    ends(run("wrong.md", "--save-baseline", "ci/known.json"), 0)
    assert {k["file"] for k in json.loads(Path("ci/known.json").read_text())["known"]} == {"../wrong.md"}
    monkeypatch.chdir("ci")
    ends(run("../wrong.md", "--baseline", "known.json"), 0)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"known": 5}', '{"known": [5]}', '{"known": [{"file": 1}]}', "[" * 9**5, '{"known": ["file"]}'],
)
def test_what_is_no_baseline(run, text):
    Path("b.json").write_text(text)
    ends(run("right.md", "--baseline", "b.json"), 2, "b.json:1:1: error")


def test_a_baseline_that_cannot_be_used_or_kept_apart(run):
    ends(run("right.md", "--baseline", "missing.json"), 2, "missing.json")
    ends(run("right.md", "--save-baseline", "right.md"), 2, "is a file that is to be read")
    ends(run("right.md", "--save-baseline", "known.json"), 0)
    ends(run("right.md", "--baseline", "known.json", "--save-baseline", "known.json"), 2, "to be read")
    ends(run("wrong.md", "missing.md", "--save-baseline", "no.json"), 2)
    assert not Path("no.json").exists()


# --- for programs ---


def test_json(run):
    result = run("wrong.md", "mixed.md", "missing.md", "--json")
    ends(result, 2, "missing.md")
    answer = json.loads(result.stdout)
    assert [(c["file"], c["verdict"]) for c in answer["claims"]] == [
        ("wrong.md", "proved"),
        ("wrong.md", "refuted"),
        ("wrong.md", "refuted"),
        ("mixed.md", "proved"),
    ]
    assert answer["summary"] == {
        "claims": 4,
        "proved": 2,
        "agrees": 0,
        "other_convention": 0,
        "doubtful": 0,
        "refuted": 2,
        "undecided": 0,
        "known": 0,
        "not_claims": 2,
        "unread": 1,
    }
    ends(run("wrong.md", "--json"), 1)


def test_sarif_and_html_are_written(run):
    ends(run("wrong.md", "mixed.md", "--sarif", "out/a.sarif", "--html", "out/a.html"), 1, "4 claims")
    findings = json.loads(Path("out/a.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert [f["level"] for f in findings] == ["error", "error", "warning"]
    page = Path("out/a.html").read_text(encoding="utf-8")
    assert "✗" in page and "the sign is wrong" in page and "mixed.md" in page
    assert sorted(p.name for p in Path("out").iterdir()) == ["a.html", "a.sarif"]


# --- fix ---


def test_fix_writes_a_copy(run):
    result = run("wrong.md", "right.md", "--fix")
    ends(result, 1, "wrong.fixed.md: 1 put right, 1 left as refuted", "right.md: nothing to put right\n")
    assert Path("wrong.md").read_text() == RIGHT + WRONG
    assert Path("wrong.fixed.md").read_text() == RIGHT + WRONG.replace("= d", "= -d")
    assert not Path("right.fixed.md").exists()


def test_fix_keeps_line_ends_and_the_byte_order_mark(run):
    Path("dos.md").write_bytes(b"\xef\xbb\xbf" + WRONG.replace("\n", "\r\n").encode())
    ends(run("dos.md", "--fix"), 1)
    assert (
        Path("dos.fixed.md").read_bytes()
        == b"\xef\xbb\xbf" + WRONG.replace("= d", "= -d").replace("\n", "\r\n").encode()
    )


def test_fix_with_json_keeps_standard_output_for_json(run):
    result = run("wrong.md", "--fix", "--json")
    ends(result, 1)
    assert json.loads(result.stdout)
    assert "wrong.fixed.md" in result.stderr


def test_fix_that_cannot_be_written(run):
    Path("wrong.fixed.md").mkdir()
    ends(run("wrong.md", "--fix"), 2, "wrong.fixed.md")


# --- explain ---


def explain(*words):
    return CliRunner().invoke(main, ["explain", *(str(word) for word in words)])


def test_explain(tmp_path):
    result = explain("delta_1", XOR)
    ends(result, 0, "By the chain rule, ∂L/∂A_1 is", "chain rule")
    ends(explain("W_1", XOR, "--format", "latex"), 0, r"\begin{document}")
    out = tmp_path / "out.md"
    ends(explain("W_1", XOR, "--format", "markdown", "-o", out), 0)
    assert out.read_text(encoding="utf-8").startswith("# W\\_1 in xor")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("delta_9", XOR), "did you mean delta_2?"),
        (("X", XOR), "X is given, not derived"),
        (("delta_1", "missing.yaml"), "missing.yaml"),
        (("delta_1",), "SPEC"),
        (("delta_1", XOR, "--format", "html"), "--format"),
    ],
)
def test_explain_what_is_not_there(words, says):
    result = explain(*words)
    ends(result, 2, says)
    assert result.stdout == ""


# --- as a hook ---


def test_the_hook_runs_this_command():
    (hook,) = YAML(typ="safe", pure=True).load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["id"] == "symjac-verify"
    assert hook["language"] == "python"
    program, command, *options = hook["entry"].split()
    assert program == "symjac" and command in main.commands
    known = {text for parameter in main.commands[command].params for text in parameter.opts}
    assert set(options) <= known
