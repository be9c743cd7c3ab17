"""Notes that speak of a spec's network and declare nothing themselves: right claims, and their wrong twins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from symjac.cli import main
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.model.build import build_stack, load_spec
from symjac.model.stack import Stack
from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.verdict import OTHER, Judged
from tests.marks import slow
from tests.nets import example_stack, stack_of

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
GENERATED = ROOT / "generated"
RIGHT = (PROVED, AGREES)

TORCH = """
name: torchlike
conventions: {samples: torch, jacobian: denominator, vec: rows}
input: X[k, 7]
layers: [dense: 6, tanh, dense: 5, softmax]
loss: {cross_entropy: {target: T, reduction: mean}}
update: {gradient_descent: {alpha: 0.1}}
"""
OWN = """
name: own
batch: N
input: X1[N, 6]
constants: {gamma1: 3/2}
define:
  activations:
    norm: {axis: features, formula: "x - mean(x, axis=axis)"}
layers:
  - dense: {units: 12, name: H, parameters: {W: W_in, b: b_in}}
  - norm
  - leaky_relu: {slope: 0.2}
  - formula: A = X @ W + sin(X @ V)
    parameters: {W: {shape: [inputs, 5], std: 1/4}, V: {shape: [inputs, 5], std: 1/4}}
loss: {formula: sum((Y - T)**4)/N*gamma1}
"""
SPECS = {"torch": TORCH, "own": OWN}


def network(name: str) -> Stack:
    """The network of an example, or of a spec here."""
    return stack_of(SPECS[name]) if name in SPECS else example_stack(name)


def judged(text: str, stack: Stack | None) -> Judged:
    return judge_source(read_source("notes.md", text), None, stack)


def verdicts(text: str, stack: Stack | None) -> list[str]:
    result = judged(text, stack)
    assert [(u.text, u.reason) for u in result.unread] == []
    return [c.verdict for c in result.claims]


TWINS = [
    ("mnist_mlp", r"\delta_2 = \frac1k (Y - T)", r"\delta_2 = Y - T"),
    (
        "mnist_mlp",
        r"\delta_1 = (\delta_2 W_2^\top) \odot Z_1 \odot (1 - Z_1)",
        r"\delta_1 = (\delta_2 W_2^\top) \odot (1 - Z_1)",
    ),
    (
        "mnist_mlp",
        r"\frac{\partial L}{\partial W_1} = X^\top \delta_1",
        r"\frac{\partial L}{\partial W_1} = -X^\top \delta_1",
    ),
    (
        "mnist_mlp",
        r"\nabla_{\mathbf{b}_1} \mathcal{L} = \delta_1^\top \mathbf{1}",
        r"\nabla_{b_1} L = \delta_1 \mathbf{1}",
    ),
    (
        "mnist_mlp",
        r"\frac{\partial L}{\partial W_1} = \sum_n x_n \delta_{1,n}^\top",
        r"\frac{\partial L}{\partial W_1} = \frac1k \sum_n x_n \delta_{1,n}^\top",
    ),
    (
        "mnist_mlp",
        r"\frac{\partial y_n}{\partial a_{2,n}} = \operatorname{diag}(y_n) - y_n y_n^\top",
        r"\frac{\partial y_n}{\partial a_{2,n}} = \operatorname{diag}(y_n) + y_n y_n^\top",
    ),
    (
        "mnist_mlp",
        r"\mathcal{R}\{Y\} = Y \odot (\mathcal{R}\{A_2\} - (\mathcal{R}\{A_2\} \odot Y) \mathbf{1} \mathbf{1}^\top)",
        r"\mathcal{R}\{Y\} = Y \odot \mathcal{R}\{A_2\}",
    ),
    ("mnist_mlp", r"W_1^{+} = W_1 - \alpha X^\top \delta_1", r"W_1^{+} = W_1 + \alpha X^\top \delta_1"),
    ("mnist_mlp", r"W_1^{+} = W_1 - 0.1 X^\top \delta_1", r"W_1^{+} = W_1 - 0.2 X^\top \delta_1"),
    ("mnist_mlp", r"\frac{\partial A_1}{\partial W_2} = 0", r"\frac{\partial L}{\partial W_2} = 0 W_2"),
    ("xor", r"\delta_2 = \frac1k (Y - T)", r"\delta_2 = \frac2k (Y - T)"),
    (
        "xor",
        r"\frac{\partial L}{\partial W_2} = \delta_2 Z_1^\top",
        r"\frac{\partial L}{\partial W_2} = \delta_2 A_1^\top",
    ),
    (
        "xor",
        r"\delta_1 = (W_2^\top \delta_2) \odot \mathrm{relu}'(A_1)",
        r"\delta_1 = (W_2^\top \delta_2) \odot \mathrm{relu}(A_1)",
    ),
    (
        "xor",
        r"\frac{\partial L}{\partial W_1} = \sum_n \delta_{1,n} x_n^\top",
        r"\frac{\partial L}{\partial b_1} = \sum_n \delta_{2,n}",
    ),
    (
        "torch",
        r"\frac{\partial L}{\partial W_2} = \delta_2^\top Z_1",
        r"\frac{\partial L}{\partial W_2} = \delta_2^\top A_1",
    ),
    (
        "torch",
        r"\delta_1 = (\delta_2 W_2) \odot (1 - Z_1 \odot Z_1)",
        r"\delta_1 = (\delta_2 W_2^\top) \odot (1 - Z_1 \odot Z_1)",
    ),
    (
        "torch",
        r"\frac{\partial z_{1,n}}{\partial x_n} = W_1^\top \operatorname{diag}(1 - z_{1,n} \odot z_{1,n})",
        r"\frac{\partial z_{1,n}}{\partial x_n} = W_1^\top \operatorname{diag}(1 - z_{1,n})",
    ),
    ("own", r"\delta_2 = \frac{4 \gamma_1}{N} (Y - T)^{\odot 3}", r"\delta_2 = \frac{4}{N} (Y - T)^{\odot 3}"),
    ("own", r"\delta_2 = \frac{6}{N} (Y - T)^{\odot 3}", r"\delta_2 = \frac{4 \gamma_1}{N} (Y - T)^{\odot 2}"),
    (
        "own",
        r"\frac{\partial L}{\partial H} = \frac{\partial L}{\partial Z_1} - \frac{1}{12} \frac{\partial"
        r" L}{\partial Z_1} \mathbf{1} \mathbf{1}^\top",
        r"\frac{\partial L}{\partial H} = \frac{\partial L}{\partial Z_1} - \frac{1}{10} \frac{\partial"
        r" L}{\partial Z_1} \mathbf{1} \mathbf{1}^\top",
    ),
    (
        "own",
        r"\frac{\partial L}{\partial Z_1} = \frac{\partial L}{\partial Z_{\mathrm{1b}}} \odot"
        r" \mathop{\mathrm{leaky\_relu}}'(Z_1)",
        r"\frac{\partial L}{\partial W_{\mathrm{in}}} = X_1^\top \delta_2 W_2^\top",
    ),
]


@pytest.mark.usefixtures("verdicts_alone")
@pytest.mark.parametrize(("name", "right", "wrong"), [slow(*row) if row[0] == "own" else row for row in TWINS])
def test_right_claims_and_wrong_twins(name: str, right: str, wrong: str) -> None:
    found = verdicts(f"${right}$ and ${wrong}$", network(name))
    assert found[0] in RIGHT and found[1:] == [REFUTED]


@pytest.mark.usefixtures("verdicts_alone")
@pytest.mark.parametrize(("activation", "layers"), [("tanh", 15), ("relu", 20), slow("relu", 100), slow("tanh", 100)])
def test_a_deep_network(activation: str, layers: int) -> None:
    """What is claimed of its first layer is proved or refuted, however many are behind that.

    That both sides are 0 where a layer of relu is 0 everywhere makes nothing right.
    """
    between = ", ".join([f"dense: 5, {activation}"] * (layers - 1))
    deep = f"name: deep\ninput: X[k, 5]\nlayers: [{between}, dense: 3, softmax]\nloss: cross_entropy\n"
    right, wrong = (
        r"\frac{\partial L}{\partial W_1} = X^\top \delta_1",
        r"\frac{\partial L}{\partial b_1} = 2 \delta_1^\top \mathbf{1}",
    )
    assert verdicts(f"${right}$ and ${wrong}$", stack_of(deep)) == [PROVED, REFUTED]


def stripped(text: str) -> str:
    """A document without what it tells in comments, but for what is not claimed."""

    def kept(directives: re.Match[str]) -> str:
        lines = [line for line in directives[1].splitlines() if line in ("not claims from here", "claims again")]
        return "".join(f"<!-- symjac: {line} -->\n" for line in lines)

    out = re.sub(r"<!-- symjac:\n(.*?)-->", kept, text, flags=re.DOTALL)
    assert len(out) < len(text)
    return out


SLOW = {"mnist_mlp", "custom_activation"}


@pytest.mark.parametrize("name", ["xor", "logistic_regression", "relu_regression", *map(slow, sorted(SLOW))])
def test_a_document_needs_nothing_but_the_spec(name: str) -> None:
    text = stripped((GENERATED / f"{name}.md").read_text(encoding="utf-8"))
    result = judged(text, network(name))
    assert [(u.line, u.text, u.reason) for u in result.unread] == []
    assert [(c.line, c.text, c.verdict, c.road) for c in result.claims if c.verdict not in RIGHT] == []
    assert len(result.claims) >= 20


def test_of_another_network_the_same_is_wrong() -> None:
    notes = r"$\delta_2 = \frac1k (Y - T)$"
    assert verdicts(notes, network("xor")) == [PROVED]
    assert verdicts(notes, network("relu_regression")) == [REFUTED]
    assert verdicts(notes, None) == []  # a definition


def test_conventions_are_the_specs() -> None:
    jacobian = r"$\frac{\partial z_{1,n}}{\partial x_n} = \operatorname{diag}(1 - z_{1,n} \odot z_{1,n}) W_1$"
    assert verdicts(jacobian, network("torch")) == [OTHER]
    assert verdicts(f"<!-- symjac: jacobian: numerator -->\n{jacobian}", network("torch")) == [PROVED]


ANEW = "taken: {} as the notes have it, not as the network has it"
REDEFINED = [
    (
        r"Let $\delta_2 = Y - T$. Then $\frac{\partial L}{\partial W_2} = \frac1k Z_1^\top \delta_2$"
        r" and $\frac{\partial L}{\partial W_2} = Z_1^\top \delta_2$.",
        [(PROVED, "δ_2"), (REFUTED, "δ_2")],
    ),
    (
        r"First $\frac{\partial L}{\partial W_2} = Z_1^\top \delta_2$. With $\delta_2 := Y - T$"
        r" it is $\frac{\partial L}{\partial W_2} = \frac1k Z_1^\top \delta_2$.",
        [(PROVED, ""), (PROVED, "δ_2")],
    ),
    (
        r"With $Z_1 = \tanh(A_1)$ we have $\delta_1 = (\delta_2 W_2^\top) \odot (1 - Z_1 \odot Z_1)$"
        r" and $\delta_1 = (\delta_2 W_2^\top) \odot Z_1 \odot (1 - Z_1)$.",
        [(PROVED, "Z_1"), (UNDECIDED, "Z_1")],
    ),
    (
        r"$A_1 = X W_1 + \mathbf{1} b_1^\top$, $Z_1 = \sigma(A_1)$, $X \in \mathbb{R}^{k \times 784}$,"
        r" $\frac{\partial L}{\partial W_1} = X^\top \delta_1$",
        [(PROVED, ""), (PROVED, ""), (PROVED, "")],
    ),
    (
        r"$J = L + \frac{\lambda}{2} \lVert W_1 \rVert_F^2$ has $\frac{\partial J}{\partial W_1} ="
        r" X^\top \delta_1 + \lambda W_1$",
        [(PROVED, "")],
    ),
]


@pytest.mark.parametrize(("text", "expected"), REDEFINED)
def test_what_the_notes_define_anew_holds_from_there_on(text: str, expected: list[tuple[str, str]]) -> None:
    result = judged(text, network("mnist_mlp"))
    found = [(c.verdict, next((n for n in c.notes if n.startswith("taken:")), "")) for c in result.claims]
    assert found == [(verdict, ANEW.format(name) if name else "") for verdict, name in expected]


def test_another_shape_is_told() -> None:
    text = r"$X \in \mathbb{R}^{n \times d}$, $\frac{\partial L}{\partial W_1} = X^\top \delta_1$"
    (unread,) = judged(text, network("mnist_mlp")).unread
    assert unread.reason == "X is a n x d in the notes and a k x 784 in the network"


def test_a_name_declared_in_another_shape_is_the_notes_own() -> None:
    text = r"Let $Y \in \mathbb{R}^{m}$ and $J = Y^\top Y$; $\frac{\partial J}{\partial Y} = 2 Y$."
    (claim,) = judged(text, network("mnist_mlp")).claims
    assert claim.verdict == PROVED and claim.notes == ("taken: Y as the notes have it, not as the network has it",)


def test_a_fact_of_no_form_is_not_forgotten(tmp_path: Path) -> None:
    """What would be right under it is not refuted."""
    path = tmp_path / "net.yaml"
    path.write_text(
        "name: net\ninput: X[k, 7]\nlayers: [dense: 5]\n"
        'loss: {formula: sum(Y*T*T)/k, target: T, facts: ["sum(T*T, axis=1) = 1"]}\n',
        encoding="utf-8",
    )
    stack = build_stack(load_spec(path))
    (claim,) = judged(r"$\frac{\partial L}{\partial Y} \mathbf{1} = \frac1k \mathbf{1}$", stack).claims
    assert claim.verdict == UNDECIDED and "which the network declares and which is not used" in claim.road


# ---------------------------------------------------------------- the directive


def notes_of(network: str) -> str:
    return f"<!-- symjac: network: {network} -->\n" + r"$\frac{\partial L}{\partial W_2} = \delta_2 Z_1^\top$" + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Notes' folder, with a spec in it and one below, and what is none of theirs."""
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    for place in (home / "net.yaml", home / "sub" / "net.yml", tmp_path / "net.yaml"):
        place.write_bytes((EXAMPLES / "xor.yaml").read_bytes())
    (home / "secret.yaml").write_text("password: hunter2\n", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("password: hunter2\n", encoding="utf-8")
    (home / "link.yaml").symlink_to(tmp_path / "net.yaml")
    return home


def of_file(folder: Path, network: str) -> Judged:
    path = folder / "notes.md"
    path.write_text(notes_of(network), encoding="utf-8")
    return judge_source(read_source(path))


@pytest.mark.parametrize("name", ["net.yaml", "./net.yaml", "sub/net.yml", "net.yaml, indices from 1"])
def test_notes_name_their_network(name: str, folder: Path) -> None:
    result = of_file(folder, name)
    assert [c.verdict for c in result.claims] == [PROVED] and not result.unread


REFUSED = [
    ("../net.yaml", "../net.yaml is not in the folder of the notes; name it on the command line: --spec ../net.yaml"),
    ("link.yaml", "link.yaml is not in the folder of the notes; name it on the command line: --spec link.yaml"),
    ("/etc/passwd", "/etc/passwd is no YAML file beside the notes; write for example `network: net.yaml`"),
    ("../secret.txt", "../secret.txt is no YAML file beside the notes; write for example `network: net.yaml`"),
    (r"C:\net.yaml", r"C:\net.yaml is no YAML file beside the notes; write for example `network: net.yaml`"),
    ("sub.yaml", "there is no file sub.yaml beside the notes"),
    (
        "secret.yaml",
        "secret.yaml is no spec that can be used, line 1, column 1; `symjac verify --spec secret.yaml` says why",
    ),
]


@pytest.mark.parametrize(("name", "reason"), REFUSED)
def test_a_directive_reaches_and_shows_nothing_else(name: str, reason: str, folder: Path) -> None:
    result = of_file(folder, name)
    assert [u.reason for u in result.unread if "directive" in u.reason] == [f"this directive cannot be used: {reason}"]
    assert "hunter2" not in str(result) and PROVED not in [c.verdict for c in result.claims]


def test_each_world_has_its_network(folder: Path) -> None:
    (folder / "other.yaml").write_bytes((EXAMPLES / "relu_regression.yaml").read_bytes())
    path = folder / "notes.md"
    claim = r"$\frac{\partial L}{\partial W_2} = Z_1^\top \delta_2$"
    path.write_text(
        f"{notes_of('net.yaml')}<!-- symjac: new world -->\n<!-- symjac: network: other.yaml -->\n{claim}\n"
        "<!-- symjac: network: net.yaml -->\n",
        encoding="utf-8",
    )
    result = judge_source(read_source(path))
    assert [c.verdict for c in result.claims] == [PROVED, PROVED]
    (unread,) = result.unread
    assert unread.line == 6 and "there is one already" in unread.reason


def test_the_command_line_goes_before_the_notes() -> None:
    text = "<!-- symjac: network: nowhere.yaml -->\n" + r"$\delta_2 = \frac1k (Y - T)$"
    assert verdicts(text, network("xor")) == [PROVED]


# ---------------------------------------------------------------- the command line


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    spec = str(EXAMPLES / "mnist_mlp.yaml")
    Path("notes.md").write_text(r"$\delta_2 = \frac1k (Y - T)$, $\delta_2 = Y - T$", encoding="utf-8")
    result = CliRunner().invoke(main, ["verify", "notes.md", "--spec", spec])
    assert result.exit_code == 1 and "2 claims: 1 proved, 1 refuted" in result.output

    claim = ["--notation", "plain", "--claim"]
    result = CliRunner().invoke(main, ["verify", "--spec", spec, *claim, "dL/dW_1 = X'*delta_1"])
    assert result.exit_code == 0 and "1 claim: 1 proved" in result.output
    result = CliRunner().invoke(main, ["verify", "--spec", spec, *claim, "dW_2 = Z_1'*delta_1"])
    assert result.exit_code == 1 and "right: dW_2 = Z_1'*delta_2" in result.output


CHECKED = [
    (["dL/dW_1 = X'*delta_1"], 0, "command line:1:9: proved: canonical form, all sizes"),
    (["delta_2 = (Y - T)/k", "dL/dW_1 = X'*delta_1"], 0, "2 claims: 2 proved"),
    (["dW_2 = Z_1'*delta_1", "dL/dW_1 = X'*delta_1"], 1, "right: dW_2 = Z_1'*delta_2"),
    (["dL/dW_1 = X'*delta_9"], 2, "delta_9 is not declared"),
]


@pytest.mark.parametrize(("claims", "code", "says"), CHECKED)
def test_check_judges_claims_as_verify_does(claims: list[str], code: int, says: str) -> None:
    spec = str(EXAMPLES / "mnist_mlp.yaml")
    words = [word for claim in claims for word in ("--claim", claim)]
    checked = CliRunner().invoke(main, ["check", spec, "--notation", "plain", *words])
    verified = CliRunner().invoke(main, ["verify", "-v", "--spec", spec, "--notation", "plain", *words])
    assert checked.exit_code == code and says in checked.output
    assert (checked.exit_code, checked.output) == (verified.exit_code, verified.output)
    (one, other) = (
        CliRunner().invoke(main, [*command, spec, "--json", "--notation", "plain", *words])
        for command in (["check"], ["verify", "--spec"])
    )
    assert one.stdout == other.stdout and one.exit_code == code


def test_check_judges_no_claim_about_a_module() -> None:
    result = CliRunner().invoke(main, ["check", "net.py", "--claim", "a = b"])
    assert result.exit_code == 2 and "the formulas of a spec; SPEC is a module" in result.output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "there is no such file"),
        ("name: [", "not YAML"),
        ("name: net\ninput: X[k, 2]\nlayers: [dens: 3]\nloss: mse\n", "unknown layer 'dens'"),
    ],
)
def test_a_spec_that_does_not_load(text: str | None, says: str, tmp_path: Path) -> None:
    path, notes = tmp_path / "net.yaml", tmp_path / "notes.md"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    notes.write_text(r"$\delta_2 = \frac1k (Y - T)$", encoding="utf-8")
    result = CliRunner().invoke(main, ["verify", str(notes), "--spec", str(path)])
    assert result.exit_code == 2
    assert result.output.startswith(f"{path}:") and says in result.output and result.output.count("error:") == 1
