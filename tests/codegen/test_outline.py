"""A module as data: it has all that its lines read and no helper that none reads; templates lay out and say no more."""

from __future__ import annotations

import builtins
import dis
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from types import CodeType

import pytest

from symjac.codegen.blocks_code import generate_blocks
from symjac.codegen.code import CodeText, atom, call, named
from symjac.codegen.lines import assignment, block, read_by, returned, unpacked, written
from symjac.codegen.numpy_code import generate
from symjac.codegen.outline import ARRAY, Argument, Class, Constant, Function, Module, Section, laid_out
from symjac.codegen.scalar_code import HELPERS, SHARE
from symjac.derivation.hessian_blocks import curvature
from symjac.model.names import CAPTURED
from tests.codegen.test_numpy_code import IMAGE, MSE, imported, spec
from tests.nets import ROOT, derivation_of

TEMPLATES = ROOT / "templates" / "numpy"
GIVEN = sorted(p.name.removesuffix(".py.j2") for p in (TEMPLATES / "given").iterdir())
SPECS = {
    "softmax": spec("dense: 4, sigmoid, dense: 2, softmax"),
    "convolutions": spec(
        "conv2d: {filters: 2, size: 3}, gelu, conv2d: {filters: 2, size: 2}, flatten, dense: 2", MSE, IMAGE
    ),
    "ties": spec("dense: 3, {formula: 'max(exp(x), x**2)'}, dense: 2", MSE),
    "a largest entry": spec("dense: 3, {formula: 'x - max(x, axis=1)'}, dense: 2", MSE),
    "roots": spec("dense: 3, tanh", MSE).replace("gradient_descent: {alpha: 0.1}", "adam: {alpha: 0.1}"),
    "a constant of pi": spec("dense: 3, tanh", MSE).replace("{alpha: 0.1}", "{alpha: pi/30}"),
}


@cache
def sources(name: str) -> dict[str, str]:
    """The module, and that of the Hessian's blocks."""
    derivation = derivation_of(SPECS[name])
    return {"module": generate(derivation), "blocks": generate_blocks(curvature(derivation))}


def globals_read(code: CodeType) -> Iterator[str]:
    """The names that functions read from the module."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from globals_read(inner)


@pytest.mark.parametrize("kind", ["module", "blocks"])
@pytest.mark.parametrize("name", SPECS)
def test_a_module_has_what_it_reads_and_no_helper_that_it_does_not(name: str, kind: str) -> None:
    source = sources(name)[kind]
    module = imported(source)
    read = set(globals_read(compile(source, "net.py", "exec")))
    of_classes = {n for c in vars(module).values() if isinstance(c, type) for n in vars(c)}
    assert read <= {*vars(module), *of_classes, *dir(builtins), "__name__"}
    helpers = {*(h.name for h in HELPERS.values()), SHARE, "add_back", "gap_below_maximum"}
    assert helpers & vars(module).keys() <= read


def test_blocks_of_a_network_with_ties_have_their_share() -> None:
    assert f"def {SHARE}(" in sources("ties")["blocks"]


ORDERS = {
    "sums over several indices": SPECS["convolutions"],
    "several kinks": spec("dense: 2", "{formula: 'mean(max(abs(Y)**(1/3), min(max(Y - T, -1), 1)))/2'}"),
    "several ties": """
name: net
input: X[k, 5]
layers:
  - dense: 3
  - formula: x*max(x, axis=1)
  - formula: max(exp(x), 4/5)
  - formula: 'A[n,j] = sum[i](X[n,i]*W[j,i]*V[j,i])'
    parameters: {W: {shape: [2, 3], std: 1}, V: {shape: [2, 3], std: 1}}
  - formula: 'A[n,j] = max[i](X[n,i]*W[j,i] + V[j,i])'
    parameters: {W: {shape: [5, 2], std: 1}, V: {shape: [5, 2], std: 1}}
loss: {formula: "sum(mean(max(exp(((Y - T)/(1 + (T*Y)**2))/3), 4/5), axis=1))"}
update: {gradient_descent: {alpha: 0.1}}
""",
}


@pytest.mark.slow
def test_every_process_writes_the_same() -> None:
    """What has several parts has them in the order of the derivation, not of a set."""
    script = (
        "from tests.codegen.test_outline import ORDERS, generate, generate_blocks, curvature, derivation_of\n"
        "for derivation in map(derivation_of, ORDERS.values()):\n"
        "    print(generate(derivation), generate_blocks(curvature(derivation)))\n"
    )
    sources_ = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout
        for seed in ("1", "2", "4")
    }
    assert len(sources_) == 1


# ---------------------------------------------------------------- the parts


def test_a_module_in_one_piece() -> None:
    body = (*unpacked(["a", "b"], {"b"}, named("params")), returned(call("math.sqrt", named("b"))))
    arguments = (Argument("self"), Argument("params", ARRAY))
    root = Function("root", arguments, named("float"), "√b.", body, "cached_property")
    kept = Class("Kept", "NamedTuple", "What is kept.", (), (root,))
    module = Module(
        "A title.",
        ("More of it.",),
        (
            Section((Constant("SIZE", atom("3"), "of all"),), (kept,)),
            Section((Constant("LARGEST", atom("4"), doc="What it is."),), title="the rest"),
        ),
    )
    assert (
        laid_out(module)
        == '''"""A title.

More of it.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

SIZE = 3  # of all


class Kept(NamedTuple):
    """What is kept."""

    @cached_property
    def root(self, params: np.ndarray) -> float:
        """√b."""
        _, b = params
        return math.sqrt(b)


# ---------------------------------------------------------------- the rest


LARGEST = 4
"""What it is."""
'''
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("erf", "from scipy.special import erf"),
        ("erfc", "from scipy.special import erfc"),
        ("sliding_window_view", "from numpy.lib.stride_tricks import sliding_window_view"),
        ("math.sqrt", "import math"),
    ],
)
def test_imports_are_what_is_read(name: str, line: str) -> None:
    """By code, and by nothing that only looks like it: an attribute, a keyword, a comment."""

    def imports_of(code: CodeText) -> str:
        f = Function("f", (), ARRAY, f"Not {name}.", (written(f"# {name}"), returned(code)))
        return laid_out(Module("t", (), (Section(functions=(f,)),)))

    assert line in imports_of(call(name, named("A")))
    assert line not in imports_of(call("np.exp", named(f"A.{name}"), options=[f"{name.partition('.')[0]}=1"]))


def test_what_is_assigned_before_is_not_read() -> None:
    lines = [assignment("a", named("b")), assignment("c", call("f", named("a"), named("c")))]
    assert read_by(lines) == {"b", "f", "c"}
    assert read_by([block("for i in b:", lines, reads=["b"])]) == {"b", "f", "c"}


# ---------------------------------------------------------------- the templates


def test_templates_lay_out_only() -> None:
    """Beside its tags, the template has what any file of Python with classes and functions has."""
    assert {p.name for p in TEMPLATES.glob("*.j2")} == {"module.py.j2"}
    text = (TEMPLATES / "module.py.j2").read_text(encoding="utf-8")
    words = set(re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", text).split())
    frame = ['"""', ":", "=", "#", "class", "(", "):", "from", "__future__", "import", "annotations"]
    assert words == {*frame, "-" * 64}
    tags = re.findall(r"\{\{(.*?)\}\}", text)
    assert not any(operator in tag for tag in tags for operator in ("+", "*", "/", "|", "@"))


@pytest.mark.parametrize("name", GIVEN)
def test_given_functions(name: str) -> None:
    """Each is the same in every module, is found by its name, and its name is no user's."""
    text = (TEMPLATES / "given" / f"{name}.py.j2").read_text(encoding="utf-8")
    assert text.startswith(f"def {name}(") and "{{" not in text and "{%" not in text
    assert name in CAPTURED
    assert any(text in source for spec_name in SPECS for source in sources(spec_name).values())
