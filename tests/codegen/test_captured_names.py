"""No name that a user gives captures one that Python or a module uses: the code computes the same under any names."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
import pytest

from symjac.codegen.numpy_code import generate
from symjac.core.errors import InputError
from symjac.core.scalar import FUNCTIONS
from symjac.model.names import CAPTURED, LANGUAGE, in_python
from tests.nets import ROOT, derivation_of, stack_of

ROLES = {
    "X": "the input",
    "T": "the target",
    "c": "a constant of an activation",
    "d": "a constant of a layer",
    "M": "a parameter",
    "W_1": "a parameter of a built-in layer",
    "bump": "an activation",
    "H": "a layer's value",
    "alpha": "a constant of the update",
    "m": "a state",
    "step": "an assigned name",
    "k": "the number of samples",
}
SPEC = """
name: net
batch: {k}
input: {X}[{k}, 3]
define:
  activations:
    {bump}: {{constants: {{{c}: 2}}, formula: exp(-{c}*x**2) + x}}
layers:
  - dense: {{units: 4, parameters: {{W: {W_1}}}}}
  - {bump}: {{name: {H}}}
  - formula: 'B[n,l] = sum[j] X[n,j]*{M}[j,l]*{d}'
    parameters: {{{M}: {{shape: [4, 3], std: 1}}}}
  - softmax
constants: {{{d}: 3}}
loss: {{cross_entropy: {{target: {T}}}}}
update:
  constants: {{{alpha}: 0.1}}
  state: {{{m}: 0}}
  formulas: ['{m} = {m}/2 + g', '{step} = {alpha}*{m}', 'theta = theta - {step}']
"""
# A parameter of a layer's formula is numbered unless its name has an underscore.


def bound_names() -> Iterator[str]:
    """What generated modules assign, define, import and read by its name."""
    for path in sorted((ROOT / "generated").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    yield name


def words_of_modules() -> Iterator[str]:
    """Every name in the generated modules, and in those of them that the templates write for everybody."""
    for path in sorted((ROOT / "generated").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    yield name
                case ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.alias(name=name):
                    yield name


NAMES = sorted({*dir(builtins), *keyword.kwlist, *keyword.softkwlist, *words_of_modules(), "A", "V", "W", "HV", "at"})


def made(names: dict[str, str]) -> ModuleType:
    source = generate(derivation_of(SPEC.format(**{**{role: role for role in ROLES}, **names})))
    module = ModuleType("net")
    exec(compile(source, "net.py", "exec"), module.__dict__)
    return module


def computed(m: ModuleType) -> list[Any]:
    rng = np.random.default_rng(2)
    X, T = rng.standard_normal((5, 3)), np.eye(3)[rng.integers(3, size=5)]
    params = m.init(rng)
    V = m.Params(*(rng.standard_normal(p.shape) for p in params))
    loss, grads = m.gradients(params, X, T)
    state = m.init_state(params)
    moved, state = m.update(params, grads, state)
    at = m.linearize(params, X, T)
    along = m.iteration_jvp(params, X, T, V, state, state)
    back = m.iteration_vjp(params, X, T, V, state, state)
    blocks = [at.hessian_block(row, column) for row in m.Params._fields for column in m.Params._fields]
    jacobian = m.local_jacobian(params, X, m.Activations._fields[2], m.Activations._fields[1])
    return [
        loss, m.loss(params, X, T), m.forward(params, X), *grads, *moved, *m.init(rng), *state[0], *at.hvp(V),
        *at.ggnvp(V), *at.hvp_block(m.Params(*(v[None] for v in V))), *along[0], *back[0], *blocks, jacobian,
        *m.kinks(params, X, T), at.loss, *at.gradients,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def expected() -> list[Any]:
    return computed(made({}))


TURNS = range(0, len(NAMES), 48)
"""In turn t, role r has the name number t + 41 r; turns that no test takes differ by a shift only."""


@pytest.mark.parametrize(
    "turn", [*TURNS, *(pytest.param(t, marks=pytest.mark.slow) for t in range(len(NAMES)) if t not in TURNS)]
)
def test_any_names(turn: int, expected: list[Any]) -> None:
    """Every role has a name that Python or a module uses, unless the language refuses it: the same numbers."""
    names: dict[str, str] = {}
    for number, role in enumerate(ROLES):
        name = NAMES[(turn + 41 * number) % len(NAMES)]
        if name not in {*names.values(), *ROLES} and not refused(role, name, names):
            names[role] = name
    got = computed(made(names))
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=str(names))


def refused(role: str, name: str, beside: Mapping[str, str] = MappingProxyType({})) -> str:
    try:
        stack_of(SPEC.format(**{**{r: r for r in ROLES}, **beside, role: name}))
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("role", ROLES)
def test_what_only_python_uses_is_not_refused(role: str) -> None:
    python = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins)} - LANGUAGE - FUNCTIONS.keys()
    python -= {"True", "False", "None"}  # YAML's own
    names = [n for n in sorted(python) if "_" not in n and (role != "bump" or n.islower())]
    wrongly = {name: why for name in names[::7] if (why := refused(role, name))}
    assert not wrongly


MADE_FROM_NAMES = re.compile(r"([a-z]+_)*([RGVJ]?d?[A-Z]|[RGVJ]?d?(delta_|b)|[a-z]_|number|u$|theta|g$)\w*")
"""delta_1, RdW1, exp_A, part_number, d_theta .. : made from the network's names, and kept apart from them."""


def test_modules_use_no_name_that_a_user_may_give() -> None:
    """What a module calls its own is captured, or made from the network's names, or an index letter of a loop's."""
    own = {"relu", "softmax", "bent", "alpha", "beta", "count_of_directions"}
    bound = {name for name in bound_names() if len(name) > 1 and not name.startswith("_")}
    left = {n for n in bound - LANGUAGE if n not in CAPTURED and not MADE_FROM_NAMES.fullmatch(n)} - own
    assert not left


@pytest.mark.parametrize(
    ("name", "spelt"),
    [("lambda", "lambda_"), ("print", "print_"), ("np", "np_"), ("match", "match_"), ("W_1", "W1"), ("W_in", "W_in"),
     ("Params", "Params_"), ("theta", "theta"), ("values", "values_")],
)  # fmt: skip
def test_spelling(name: str, spelt: str) -> None:
    assert in_python(name) == spelt
    assert in_python(spelt) == spelt


def test_a_module_says_how_it_spells_a_name() -> None:
    source = generate(derivation_of(SPEC.format(**{**{role: role for role in ROLES}, "alpha": "lambda"})))
    assert "In code, lambda is lambda_" in " ".join(source.split())
    assert "lambda_: float = 0.1" in source


def test_the_argument_of_a_function_is_not_its_constant() -> None:
    module = made({"c": "A"})
    x = np.array([0.5, -2.0])
    np.testing.assert_allclose(module.bump(x), np.exp(-2 * x**2) + x, rtol=1e-15)
