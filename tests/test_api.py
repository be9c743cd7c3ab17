"""symjac from Python, as a user calls it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import symjac

ROOT = Path(__file__).parent.parent
XOR = ROOT / "examples" / "xor.yaml"
TEXT = """
name: small
input: X[k, 3]
layers: [dense: 4, tanh, dense: 2]
loss: mse
"""
AS_DATA = {"name": "small", "input": "X[k, 3]", "layers": [{"dense": 4}, "tanh", {"dense": 2}], "loss": "mse"}


@pytest.fixture(scope="module")
def small() -> symjac.Backpropagation:
    return symjac.derive(TEXT)


def test_all_that_is_public_is_there() -> None:
    for name in symjac.__all__:
        assert getattr(symjac, name) is not None
    with pytest.raises(AttributeError, match="module 'symjac' has no attribute 'nothing'"):
        _ = symjac.nothing


def test_importing_symjac_imports_nothing_heavy() -> None:
    code = "import sys, symjac; print(symjac.__version__, 'sympy' in sys.modules, 'numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.split()[1:] == ["False", "False"]


def test_a_file_a_text_and_data_are_one_spec(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(TEXT, encoding="utf-8")
    networks = [symjac.load(given) for given in (file, str(file), TEXT, AS_DATA)]
    for network in networks:
        assert network.name == "small"
        assert network.parameters == {"W_1": (3, 4), "b_1": (4,), "W_2": (4, 2), "b_2": (2,)}
        assert network.inputs == {"X": ("k", 3), "T": ("k", 2)}
    assert symjac.derive(AS_DATA).to_numpy().splitlines()[3:] == symjac.derive(networks[2]).to_numpy().splitlines()[3:]


def test_what_cannot_be_used_says_where_and_why() -> None:
    with pytest.raises(symjac.InputError, match="dens") as error:
        symjac.load(TEXT.replace("dense: 4", "dens: 4"))
    assert "did you mean dense?" in error.value.render()
    with pytest.raises(symjac.InputError):
        symjac.load({**AS_DATA, "layers": []})
    with pytest.raises(symjac.InputError, match="no such file"):
        symjac.load("nowhere.yaml")


def test_the_documents_are_those_of_the_command() -> None:
    d = symjac.derive(XOR)
    generated = ROOT / "generated"
    assert d.to_latex() == (generated / "xor.tex").read_text(encoding="utf-8")
    assert d.to_html() == (generated / "xor.html").read_text(encoding="utf-8")
    assert d.to_markdown() == (generated / "xor.md").read_text(encoding="utf-8")
    assert d.to_numpy() == (generated / "xor.py").read_text(encoding="utf-8")


def test_the_module_runs_and_can_be_looked_at(small: symjac.Backpropagation) -> None:
    net = small.module()
    rng = np.random.default_rng(0)
    X, T = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    params = net.init(rng)
    loss, grads = net.gradients(params, X, T)
    assert net.loss(params, X, T) == loss
    assert [g.shape for g in grads] == [(3, 4), (4,), (4, 2), (2,)]
    assert inspect.getsource(net.gradients) in small.to_numpy()


def test_checks(small: symjac.Backpropagation) -> None:
    report = small.check(seed=1)
    assert report.agrees
    assert {figure.parameter for figure in report.figures} == {"W1", "b1", "W2", "b2"}


def test_quantities_and_steps(small: symjac.Backpropagation) -> None:
    assert "delta_1" in small["delta_1"].to_text()
    assert small["delta_1"].to_latex().startswith("\\documentclass")
    assert "$$" in small.jacobian("A_1", "W_1").to_markdown()
    laws = [step.law.name for step in small.steps("W_2")]
    assert laws
    assert laws[0] == "chain rule"
    assert small.steps("A_1") == ()
    assert repr(small["delta_1"]) == "Explanation(name='delta_1')"
    with pytest.raises(LookupError, match="did you mean delta_1"):
        small["delta_11"]


def test_notes_are_judged(tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text(
        "Let $x \\in \\mathbb{R}^n$ and $L = x^\\top x$.\n\n"
        "$$\\frac{\\partial L}{\\partial x} = 2x$$\n\n$$\\frac{\\partial L}{\\partial x} = x$$\n",
        encoding="utf-8",
    )
    verdicts = symjac.judge(notes)
    assert [c.verdict for c in verdicts.claims] == ["proved", "refuted"]
    assert [c.line for c in verdicts.refuted] == [5]
    assert len(verdicts.not_claims) == verdicts.to_json()["summary"]["not_claims"] > 0
    assert verdicts.unread == ()
    assert "the factor 2 is missing" in verdicts.to_text()
    assert verdicts.to_json()["summary"]["refuted"] == 1
    assert verdicts.to_html().startswith("<!DOCTYPE html>")
    assert len(verdicts.to_sarif()["runs"][0]["results"]) == 1
    jsonschema.validate(verdicts.to_json(), {"type": "object", "required": ["claims", "unread", "summary"]})


def test_a_claim_is_judged() -> None:
    given = ["x in R^n", "L = x'*x"]
    assert [c.verdict for c in symjac.judge_claim("dL/dx = 2*x", given, "plain").claims] == ["proved"]
    assert [c.verdict for c in symjac.judge_claim("dL/dx = 3*x", given, "plain").claims] == ["refuted"]


def test_a_claim_may_speak_of_a_network() -> None:
    network = symjac.load(XOR)
    right = r"\delta_1 = (W_2^\top \delta_2) \odot \mathbf{1}[A_1 > 0]"
    wrong = r"\delta_1 = W_2^\top \delta_2"
    assert [c.verdict for c in symjac.judge_claim(right, network=network).claims] == ["proved"]
    assert [c.verdict for c in symjac.judge_claim(wrong, network=network).claims] == ["refuted"]
