"""Optimisers: each against its paper's formula, the derivative of a step against complex steps of the whole map."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sympy

from symjac.codegen import update_code
from symjac.codegen.lines import indented, lines_of
from symjac.codegen.numpy_code import generate
from symjac.codegen.outline import Argument
from symjac.core import scalar
from symjac.derivation.step import StepBlock, StepMap, step_map
from symjac.documents.document import document
from symjac.model.names import in_python
from symjac.model.stack import Update
from symjac.run.datasets import load
from symjac.run.loop import Settings, train
from symjac.run.module import load_module
from tests.codegen.test_numpy_code import imported
from tests.nets import derivation_of, stack_of

BUILT_IN = ("gradient_descent", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "sgdr")
CUSTOM = {
    "one formula": "{formula: theta - alpha*tanh(g), constants: {alpha: 0.1}}",
    "a named array": "{formulas: [h = g + rho*theta, theta = theta - h/(1 + h**2)], constants: {rho: 0.1}}",
    "two counters": "{formulas: [r = 1/t, a = r/(1 + r), theta = theta - a*g]}",
    "a start of its own": "{formulas: [s = s/2 + g**2/2, theta = theta - g/sqrt(s)], state: {s: 1/10}}",
    "state read late": (
        "{formulas: [theta = theta - a*m, m = b*m + g*theta], state: {m: 0.5}, constants: {a: 0.1, b: 0.5}}"
    ),
    "amsgrad": (
        "{formulas: [m = b*m + (1 - b)*g, v = c*v + (1 - c)*g**2, 'top = max(top, v)', "
        "theta = theta - a*m/(sqrt(top) + 1e-8)], state: {m: 0, v: 0, top: 0}, "
        "constants: {a: 0.01, b: 0.9, c: 0.99}}"
    ),
}
UPDATES = {**{name: name for name in BUILT_IN}, **CUSTOM, "warm": "{sgdr: {T_0: 3, T_mult: 1}}"}


def spec(update: str) -> str:
    return (
        "name: net\ninput: X[k, 3]\nlayers: [dense: 4, tanh, dense: 2]\nloss: {mse: {reduction: half_mean}}\n"
        f"update: {update}\n"
    )


@cache
def update_of(name: str) -> Update:
    return stack_of(spec(UPDATES[name])).update


def with_derivative(update: Update, source: str) -> ModuleType:
    """The module with functions `along` and `back` after it, whose bodies are the emitted lines."""
    given = {"along": "params, grads, V, HV, V_state", "back": "params, grads, W, W_state"}
    lines = [source]
    for function, names in given.items():
        head = update_code.function(update, function, [Argument(n) for n in names.split(", ")], ["state"])
        lines += [*head.head, *indented(lines_of(getattr(update_code, function)(update)))]
    return imported("\n".join(lines))


@cache
def module(name: str) -> ModuleType:
    return with_derivative(update_of(name), generate(derivation_of(spec(UPDATES[name]))))


def steps(m: ModuleType, gradient: Callable[[Any], Any], start: Any, count: int, **options: float) -> Iterator[Any]:
    """θ after each of some steps."""
    options = {in_python(n): value for n, value in options.items()}
    params = m.Params(*start)
    state = m.init_state(params) if hasattr(m, "State") else None
    for _ in range(count):
        grads = m.Params(*map(gradient, params))
        if state is None:
            params = m.update(params, grads, **options)
        else:
            params, state = m.update(params, grads, state, **options)
        yield params


# ---------------------------------------------------------------- the papers

RNG = np.random.default_rng(3)
A = RNG.standard_normal((5, 5))
A = A @ A.T / 5 + np.eye(5)
B = RNG.standard_normal(5)
START = [RNG.standard_normal(5) for _ in range(4)]


def gradient(theta: np.ndarray) -> np.ndarray:
    """Of θᵀAθ/2 − bᵀθ."""
    return A @ theta - B


def descent(alpha: float) -> Iterator[np.ndarray]:
    theta = START[0]
    while True:
        theta = theta - alpha * gradient(theta)
        yield theta


def heavy_ball(alpha: float, beta: float) -> Iterator[np.ndarray]:
    """Polyak 1964: θ_{t+1} = θ_t − α∇f(θ_t) + β(θ_t − θ_{t−1})."""
    before = theta = START[0]
    while True:
        before, theta = theta, theta - alpha * gradient(theta) + beta * (theta - before)
        yield theta


def nesterov(alpha: float, beta: float) -> Iterator[np.ndarray]:
    """Nesterov 1983: x_{t+1} = y_t − α∇f(y_t), y_{t+1} = x_{t+1} + β(x_{t+1} − x_t); ours is y."""
    x = y = START[0]
    while True:
        new = y - alpha * gradient(y)
        x, y = new, new + beta * (new - x)
        yield y


def adagrad(alpha: float, epsilon: float) -> Iterator[np.ndarray]:
    """Duchi, Hazan, Singer 2011: H_t = δI + diag(Σ g²)^(1/2), θ_{t+1} = θ_t − α H_t⁻¹ g_t."""
    theta, all_g = START[0], []
    while True:
        all_g.append(gradient(theta))
        H = epsilon * np.eye(5) + np.diag(np.linalg.norm(all_g, axis=0))
        theta = theta - alpha * np.linalg.solve(H, all_g[-1])
        yield theta


def rmsprop(alpha: float, rho: float, epsilon: float) -> Iterator[np.ndarray]:
    """Tieleman, Hinton 2012: MeanSquare_t = 0.9 MeanSquare_{t−1} + 0.1 g²; here as the sum that it is."""
    theta, all_g = START[0], []
    while True:
        all_g.append(gradient(theta))
        mean = sum((1 - rho) * rho**age * g**2 for age, g in enumerate(reversed(all_g)))
        theta = theta - alpha * all_g[-1] / (np.sqrt(mean) + epsilon)
        yield theta


def adam(alpha: float, beta1: float, beta2: float, epsilon: float) -> Iterator[np.ndarray]:
    """Kingma, Ba 2015: both means divided by the sum of their weights, which is what 1 − β^t is."""
    theta, all_g = START[0], []

    def mean(beta: float, power: int) -> Any:
        weights = beta ** np.arange(len(all_g))[::-1]
        return np.tensordot(weights, np.array(all_g) ** power, 1) / weights.sum()

    while True:
        all_g.append(gradient(theta))
        theta = theta - alpha * mean(beta1, 1) / (np.sqrt(mean(beta2, 2)) + epsilon)
        yield theta


def rates(alpha: float, alpha_min: float, T_0: int, T_mult: int) -> Iterator[float]:
    """Loshchilov, Hutter 2017: T_cur counts from each restart, T_i is multiplied there."""
    T_cur, T_i = 0, T_0
    while True:
        yield alpha_min + (alpha - alpha_min) * (1 + math.cos(math.pi * T_cur / T_i)) / 2
        T_cur += 1
        if T_cur == T_i:
            T_cur, T_i = 0, T_i * T_mult


def sgdr(**constants: Any) -> Iterator[np.ndarray]:
    theta = START[0]
    for rate in rates(**constants):
        theta = theta - rate * gradient(theta)
        yield theta


PAPERS = [
    ("gradient_descent", descent, {"alpha": 0.2}),
    ("momentum", heavy_ball, {"alpha": 0.1, "beta": 0.8}),
    ("nesterov", nesterov, {"alpha": 0.1, "beta": 0.7}),
    ("adagrad", adagrad, {"alpha": 0.3, "epsilon": 1e-3}),
    ("rmsprop", rmsprop, {"alpha": 0.05, "rho": 0.8, "epsilon": 1e-3}),
    ("adam", adam, {"alpha": 0.1, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}),
    ("sgdr", sgdr, {"alpha": 0.2, "alpha_min": 0.01, "T_0": 2, "T_mult": 2}),
    ("sgdr", sgdr, {"alpha": 0.2, "alpha_min": 0.01, "T_0": 3, "T_mult": 1}),
]


@pytest.mark.parametrize(("name", "paper", "constants"), PAPERS, ids=lambda v: v if isinstance(v, str) else "")
def test_as_in_the_paper(name: str, paper: Callable[..., Any], constants: dict[str, float]) -> None:
    for got, expected in zip(steps(module(name), gradient, START, 12, **constants), paper(**constants), strict=False):
        np.testing.assert_allclose(got[0], expected, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("name", [n for n, *_ in PAPERS[1:6]])
def test_a_planted_fault_is_seen(name: str) -> None:
    """One wrong sign, factor or power in the declared formulas does not pass for the paper's."""
    _, paper, constants = next(p for p in PAPERS if p[0] == name)
    update = update_of(name)
    for place, (target, formula) in enumerate(update.assignments):
        for wrong in mutants(formula):
            assignments = (*update.assignments[:place], (target, wrong), *update.assignments[place + 1 :])
            faulty = Update(update.name, update.constants, update.state, assignments)
            got = own_steps(faulty, constants, 3)
            expected = next(e for i, e in enumerate(paper(**constants)) if i == 2)
            assert not np.allclose(got, expected, rtol=1e-9, atol=1e-9), (target, wrong)


def mutants(formula: sympy.Expr) -> Iterator[sympy.Expr]:
    terms = sympy.Add.make_args(formula)
    for place, term in enumerate(terms):
        for wrong in (-term, 2 * term, term**2 if term.is_Symbol else 0):
            yield sympy.Add(*terms[:place], wrong, *terms[place + 1 :])


def own_steps(update: Update, constants: dict[str, float], count: int) -> Any:
    """θ after some steps, by the emitted body of `update` alone."""
    lines = ["from typing import NamedTuple", "import numpy as np", "class Params(NamedTuple):", "    p: object"]
    lines += ["class State(NamedTuple):", *(f"    {f.name}: object" for f in update_code.state_class(update).fields)]
    lines += update_code.update(update).head
    lines += indented(lines_of(update_code.step(update)))
    m = imported("\n".join(["from __future__ import annotations", *lines]))
    params, state = m.Params(START[0]), m.State(*(m.Params(np.zeros(5)) for _ in update.state), *[0] * update.counts)
    with np.errstate(all="ignore"):
        for _ in range(count):
            used = {n: constants[n] for n, _ in update.constants}
            params, state = m.update(params, m.Params(gradient(params.p)), state, **used)
    return params.p


@pytest.mark.parametrize(("T_0", "T_mult"), [(1, 1), (7, 1), (10, 2), (1, 2), (3, 3), (5, 5), (7, 10)])
def test_restarts_are_at_the_right_steps(T_0: int, T_mult: int) -> None:
    """θ' = θ − rate with g = 1: the rate is read off; 2,500 steps, past where log(125)/log(5) is rounded up."""
    ones = lambda theta: np.ones_like(theta)  # noqa: E731
    options = {"alpha": 1.0, "alpha_min": 0.0, "T_0": T_0, "T_mult": T_mult}
    before = np.zeros(1)
    for got, rate in zip(steps(module("sgdr"), ones, [before] * 4, 2500, **options), rates(**options), strict=False):
        np.testing.assert_allclose(before - got[0], rate, rtol=1e-9, atol=1e-10)
        before = got[0]


@pytest.mark.parametrize("name", UPDATES)
def test_float32_stays_float32(name: str) -> None:
    m = module(name)
    params = m.init(np.random.default_rng(0), np.float32)
    grads = m.Params(*(np.ones_like(p) for p in params))
    if not hasattr(m, "State"):
        new, kept = m.update(params, grads), []
    else:
        state = m.init_state(params)._replace(**({"t": np.int64(4)} if "t" in m.State._fields else {}))
        new, state = m.update(params, grads, state)
        kept = [a for field in state if isinstance(field, m.Params) for a in field]
    assert {np.asarray(a).dtype for a in (*new, *kept)} == {np.dtype(np.float32)}


def test_an_update_of_ones_own_is_called_the_update() -> None:
    spec = "update: {constants: {alpha: 0.1}, formulas: [theta = theta - alpha*g]}"
    text = "name: net\ninput: X[k, 2]\nlayers: [dense: 1]\nloss: mse\n"
    assert "One step of the update takes every" in document(derivation_of(text + spec), "markdown")
    assert "One step of gradient descent takes every" in document(
        derivation_of(text + "update: gradient_descent"), "markdown"
    )


def test_the_state() -> None:
    assert not hasattr(module("gradient_descent"), "State")
    assert module("momentum").State._fields == ("m",)
    assert module("sgdr").State._fields == ("t",)
    m = module("adam")
    state = m.init_state(m.init(np.random.default_rng(0)))
    assert m.State._fields == ("m", "v", "t")
    assert state.t == 0
    assert not any(a.any() for a in (*state.m, *state.v))
    m = module("a start of its own")
    assert all((a == 0.1).all() for a in m.init_state(m.init(np.random.default_rng(0))).s)


# ---------------------------------------------------------------- the step as a map


def flat(*parts: Any) -> np.ndarray:
    return np.concatenate([np.ravel(a) for p in parts for a in p])


def arrays_of(m: ModuleType, state: Any) -> list[Any]:
    return [field for field in state if isinstance(field, m.Params)] if state is not None else []


def a_point(m: ModuleType, seed: int = 0) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    """Parameters, a state with positive entries, and data."""
    rng = np.random.default_rng(seed)
    params = m.init(rng)
    state = None
    if hasattr(m, "State"):
        positive = lambda: m.Params(*(rng.uniform(0.5, 1, p.shape) for p in params))  # noqa: E731
        state = m.State(*(2 if f == "t" else positive() for f in m.State._fields))
    return params, state, rng.standard_normal((6, 3)), rng.standard_normal((6, 2))


def moved(m: ModuleType, at: Any, V: Any, h: complex) -> Any:
    return m.Params(*(p + h * v for p, v in zip(at, V, strict=True)))


def directions(m: ModuleType, params: Any, state: Any, seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    new = lambda: m.Params(*(rng.standard_normal(p.shape) for p in params))  # noqa: E731
    return new(), None if state is None else m.State(*(0 if f == "t" else new() for f in m.State._fields))


def whole_step(m: ModuleType, params: Any, state: Any, X: Any, T: Any) -> np.ndarray:
    grads = m.gradients(params, X, T)[1]
    if state is None:
        return flat(m.update(params, grads))
    params, state = m.update(params, grads, state)
    return flat(params, *arrays_of(m, state))


def complex_step(m: ModuleType, params: Any, state: Any, V: Any, V_state: Any, X: Any, T: Any) -> np.ndarray:
    """The derivative of the whole map along (V, V_state)."""
    h = 1e-40j
    if state is not None:
        fields = zip(state, V_state, strict=True)
        state = m.State(*(moved(m, a, v, h) if isinstance(a, m.Params) else a for a, v in fields))
    return whole_step(m, moved(m, params, V, h), state, X, T).imag / 1e-40


def product(m: ModuleType, params: Any, X: Any, T: Any, V: Any) -> Any:
    """H V, by a complex step of the gradient."""
    return m.Params(*(g.imag / 1e-40 for g in m.gradients(moved(m, params, V, 1e-40j), X, T)[1]))


def along(m: ModuleType, params: Any, state: Any, X: Any, T: Any, V: Any, V_state: Any) -> np.ndarray:
    grads, HV = m.gradients(params, X, T)[1], product(m, params, X, T, V)
    if state is None:
        return flat(m.along(params, grads, V, HV, None))
    new, new_state = m.along(params, grads, V, HV, V_state, state)
    return flat(new, *arrays_of(m, new_state))


@pytest.mark.parametrize("name", UPDATES)
def test_along_is_the_derivative_of_the_whole_step(name: str) -> None:
    m = module(name)
    for seed in range(3):
        params, state, X, T = a_point(m, seed)
        V, V_state = directions(m, params, state, seed + 10)
        expected = complex_step(m, params, state, V, V_state, X, T)
        np.testing.assert_allclose(along(m, params, state, X, T, V, V_state), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", UPDATES)
def test_back_is_the_transpose(name: str) -> None:
    """⟨W, Df V⟩ = ⟨Dfᵀ W, V⟩ with the gradient's part carried on by H, which is symmetric."""
    m = module(name)
    params, state, X, T = a_point(m)
    (V, V_state), (W, W_state) = (directions(m, params, state, seed) for seed in (1, 2))
    right = along(m, params, state, X, T, V, V_state)
    grads = m.gradients(params, X, T)[1]
    if state is None:
        direct, through = m.back(params, grads, W, None)
        to_state: list[Any] = []
    else:
        direct, through, new = m.back(params, grads, W, W_state, state)
        to_state = arrays_of(m, new)
    total = moved(m, direct, product(m, params, X, T, through), 1)
    left = flat(total, *to_state) @ flat(V, *arrays_of(m, V_state))
    assert flat(W, *arrays_of(m, W_state)) @ right == pytest.approx(left, rel=1e-12)


@pytest.mark.parametrize("name", UPDATES)
def test_blocks_are_the_derivative_too(name: str) -> None:
    """The composed slopes, evaluated entry by entry, against the whole map with a gradient of 2θ + 1 (H = 2)."""
    update = update_of(name)
    step = step_map(update)
    rng = np.random.default_rng(5)
    point = {n: rng.uniform(0.5, 1, 4) for n in step.moved}

    def values(point: dict[str, Any]) -> dict[int, Any]:
        constants = numbers(step, 3)
        slots = {0: point["theta"], 1: 2 * point["theta"] + 1}
        slots |= {2 + i: point[n] for i, (n, _) in enumerate(update.state)}
        for q in step.quantities:
            slots[q.slot] = scalar.evaluate(q.formula, slots, constants)
        return slots

    at = values(point)
    for b in step.blocks:
        shifted = values({**point, b.column: point[b.column] + 1e-30j})
        expected = shifted[step.new[b.row].slot].imag / 1e-30
        got = scalar.evaluate(b.diagonal + 2 * b.curved, at, numbers(step, 3))
        np.testing.assert_allclose(got * np.ones(4), expected, rtol=1e-12, atol=1e-14)


def numbers(step: StepMap, t: int) -> dict[str, Any]:
    out = {"t": t, **{n: np.float64(v) for n, v in step.update.constants}}
    for name, formula in step.numbers:
        out[name] = scalar.evaluate(formula, [], out)
    return out


@pytest.mark.parametrize("name", ["adam", "rmsprop", "a named array", "nesterov"])
def test_a_wrong_slope_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slope of every assignment, doubled, is noticed by the test of the whole step."""
    step = step_map(update_of(name))
    for place, q in enumerate(step.quantities):
        for number, (slot, slope) in enumerate(q.slopes):
            slopes = (*q.slopes[:number], (slot, 2 * slope), *q.slopes[number + 1 :])
            wrong = type(q)(q.name, q.slot, q.formula, slopes, q.is_root)
            faulty = StepMap(
                step.update, step.numbers, (*step.quantities[:place], wrong, *step.quantities[place + 1 :])
            )
            monkeypatch.setattr(update_code, "step_map", lambda update, faulty=faulty: faulty)
            m = with_derivative(step.update, generate(derivation_of(spec(UPDATES[name]))))
            params, state, X, T = a_point(m)
            V, V_state = directions(m, params, state, 10)
            expected = complex_step(m, params, state, V, V_state, X, T)
            got = along(m, params, state, X, T, V, V_state)
            assert not np.allclose(got, expected, rtol=1e-6, atol=1e-8), (q.name, slot)


@pytest.mark.parametrize("name", UPDATES)
def test_the_iterations_derivative(name: str) -> None:
    """iteration_jvp is the complex step of the whole step, gradient included; iteration_vjp its transpose."""
    m = module(name)
    params, state, X, T = a_point(m)
    V, V_state = directions(m, params, state, 10)
    W, W_state = directions(m, params, state, 11)

    def everything(result: Any) -> np.ndarray:
        return flat(result) if state is None else flat(result[0], *arrays_of(m, result[1]))

    states = [() if state is None else (state, moving) for moving in (V_state, W_state)]
    forward = everything(m.iteration_jvp(params, X, T, V, *states[0]))
    backward = everything(m.iteration_vjp(params, X, T, W, *states[1]))
    np.testing.assert_allclose(forward, complex_step(m, params, state, V, V_state, X, T), rtol=1e-9, atol=1e-11)
    v, w = (everything(one if state is None else (one, more)) for one, more in ((V, V_state), (W, W_state)))
    np.testing.assert_allclose(forward @ w, v @ backward, rtol=1e-9)


@pytest.mark.parametrize("name", ["adagrad", "rmsprop", "adam"])
def test_an_entry_whose_gradient_was_always_0(name: str) -> None:
    """Its root is 0: no warning, no NaN; θ' moves with g as if the mean of squares stayed 0."""
    m = module(name)
    zeros = m.Params(*(np.zeros_like(p) for p in m.init(np.random.default_rng(0))))
    ones = m.Params(*(np.ones_like(p) for p in zeros))
    state = m.init_state(zeros)
    with np.errstate(all="raise"):
        new, _ = m.along(zeros, zeros, ones, ones, state, state)
        direct, through, _ = m.back(zeros, zeros, ones, state, state)
    h = 1e-10
    small = m.Params(*(h * p for p in ones))
    slope = 1 + m.update(zeros, small, state, epsilon=1.0)[0].b1[0] / h
    again, _ = m.along(zeros, zeros, ones, ones, state, state, epsilon=1.0)
    assert again.b1[0] == pytest.approx(slope, rel=1e-6)
    assert all(np.isfinite(a).all() for a in (*new, *direct, *through))


def test_the_momentum_blocks() -> None:
    blocks = {(b.row, b.column): (b.diagonal, b.curved) for b in step_map(update_of("momentum")).blocks}
    a, b = sympy.symbols("alpha beta", real=True)
    assert blocks == {
        ("theta", "theta"): (1, -a),
        ("theta", "m"): (-a * b, 0),
        ("m", "theta"): (0, 1),
        ("m", "m"): (b, 0),
    }


def test_the_document_shows_them() -> None:
    text = document(derivation_of(spec("momentum")), "markdown")
    for line in (
        r"m &\leftarrow \beta m + g",
        r"\theta &\leftarrow \theta - \alpha m",
        r"\begin{bmatrix} I - \alpha H & -\alpha \beta I \\ H & \beta I \end{bmatrix}",
    ):
        assert line in text
    for name, update in UPDATES.items():
        for format in ("latex", "html", "markdown"):
            assert "Update" in document(derivation_of(spec(update)), format), name
    assert r"\frac{\partial \theta^{+}}{\partial \theta} = I - \mathrm{rate} H" in document(
        derivation_of(spec("sgdr")), "markdown"
    )


def test_it_reads_like_the_paper() -> None:
    source = generate(derivation_of(spec("adam")))
    for line in (
        "m = beta1 * m + (1 - beta1) * g",
        "v = beta2 * v + (1 - beta2) * g**2",
        "theta = theta - alpha * m / (epsilon + np.sqrt(v / (1 - beta2**t))) / (1 - beta1**t)",
    ):
        assert f"        {line}\n" in source


def test_names_of_numbers_are_no_arrays() -> None:
    update = update_of("two counters")
    assert update.variables == ("theta", "g")
    assert [name for name, _ in step_map(update).numbers] == ["r", "a"]
    assert update_of("a named array").variables == ("theta", "g", "h")


@pytest.mark.parametrize("name", ["momentum", "adam", "sgdr"])
def test_training_resumes_to_the_same_bits(name: str, tmp_path: Path) -> None:
    """The generated module's state is in the weights file, whole."""
    file, data = tmp_path / "net.py", tmp_path / "data.npz"
    file.write_text(generate(derivation_of(spec(UPDATES[name]))), encoding="utf-8")
    rng = np.random.default_rng(0)
    np.savez(data, X=rng.standard_normal((30, 3)), T=rng.standard_normal((30, 2)))
    m = load_module(file)

    def run(weights: str, epochs: int, resume: bool) -> Any:
        settings = Settings(epochs=epochs, batch=7)
        return list(train(m, load(str(data), m.INPUTS, settings.dtype), settings, tmp_path / weights, resume))

    whole = run("whole.npz", 5, False)
    run("parts.npz", 2, False)
    assert run("parts.npz", 5, True) == whole
    assert (tmp_path / "parts.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    assert whole[-1].loss < whole[0].loss


@pytest.mark.parametrize("name", UPDATES)
def test_weights_reach_the_parameters_by_what_the_blocks_have(name: str) -> None:
    v, Hv = sympy.symbols("v Hv")
    step = step_map(update_of(name))
    assert step.weighed(v, Hv) == v + Hv
    zero, one = sympy.Integer(0), sympy.Integer(1)
    for diagonal, curved, expected in ((one, zero, v), (zero, one, Hv), (zero, zero, 0)):
        step.__dict__["blocks"] = (StepBlock("theta", "theta", diagonal, curved),)
        assert step.weighed(v, Hv) == expected
