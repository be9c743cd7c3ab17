"""Random specs of small networks, and what becomes of one: document, code, check, second order.

A spec crosses layers (built-in activations, formulas of its own, index notation) with a loss from a small grammar, with
the conventions for samples, Jacobians and vec, and with reductions. Sizes are 2, 3 and 5, so that no two meet unseen.
"""

from __future__ import annotations

import re
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from symjac.check.declared import declared_loss
from symjac.codegen.numpy_code import generate
from symjac.core.errors import InputError
from symjac.derivation.chain import derive
from symjac.documents import document
from symjac.model.build import build_stack, load_spec
from symjac.run import differences
from symjac.run.module import load_module

SIZES = (2, 3, 5)
LONGEST = 30.0
"""What one spec may take, in seconds of processor time."""

# ---------------------------------------------------------------- layers

ELEMENTWISE = (
    "relu",
    "tanh",
    "sigmoid",
    "softplus",
    "leaky_relu",
    "elu",
    "softsign",
    "swish",
    "gelu_tanh",
    "identity",
)
ALONG = ("softmax", "log_softmax")
OWN = (
    "x*tanh(x)",
    "min(max(x, -1/2), 1/2)",
    "where(x > 1/3, sin(x), x**3)",
    "where(x > 1, 1, where(x < -1, -1, x))",
    "sign(x)*log(1 + abs(x))",
    "sign(x)*sqrt(abs(x))",
    "exp(-x**2)",
    "max(exp(x), 4/5)",
    "min(x**2, 1 + x)",
    "max(tanh(x), x/3, 1/10)",
    "abs(x) + x/7",
    "x/sqrt(1 + x**2)",
    "log(1 + x**2)",
    "atan(3*x)",
)
"""Formulas of one entry."""
OWN_ALONG = (
    "x - max(x, axis={f})",
    "x/sqrt(sum(x**2, axis={f}) + 1/10)",
    "x - mean(x, axis={f})",
    "(x - mean(x, axis={f}))/sqrt(mean((x - mean(x, axis={f}))**2, axis={f}) + 1/100)",
    "x - log(sum(exp(x), axis={f}))",
    "x/(1 + sum(abs(x), axis={f}))",
    "x*max(x, axis={f})",
    "tanh(x)*mean(x**2, axis={f})",
)
"""Formulas along the features of a sample."""
ROWS = (
    "A = X @ W + tanh(X @ V)",
    "A = max(X @ W, X @ V)",
    "A = (X @ W)*sigmoid(X @ V)",
    "A = abs(X @ W) - X @ V",
    "A[n,j] = sum[i](X[n,i]*W[i,j]*V[i,j])",
    "A[n,j] = max[i](X[n,i]*W[i,j] + V[i,j])",
    "A[n,j] = sum[i](abs(X[n,i] - W[i,j])*V[i,j])",
    "A[n,j] = sum[i](W[i,j]*tanh(X[n,i] + V[i,j]))",
)
COLUMNS = (
    "A = W @ X + tanh(V @ X)",
    "A = max(W @ X, V @ X)",
    "A = (W @ X)*sigmoid(V @ X)",
    "A = abs(W @ X) - V @ X",
    "A[j,n] = sum[i](X[i,n]*W[j,i]*V[j,i])",
    "A[j,n] = max[i](X[i,n]*W[j,i] + V[j,i])",
    "A[j,n] = sum[i](abs(X[i,n] - W[j,i])*V[j,i])",
    "A[j,n] = sum[i](W[j,i]*tanh(X[i,n] + V[j,i]))",
)
"""Layers with two parameters."""


@st.composite
def values(draw: st.DrawFn, features: int) -> Any:
    """A layer without parameters."""
    kind = draw(st.integers(0, 9))
    if kind < 4:
        return draw(st.sampled_from(ELEMENTWISE))
    if kind < 6:
        return draw(st.sampled_from(ALONG))
    if kind < 8:
        return {"formula": draw(st.sampled_from(OWN))}
    return {"formula": draw(st.sampled_from(OWN_ALONG)).format(f=features)}


@st.composite
def affine(draw: st.DrawFn, samples: str, units: int) -> Any:
    """A layer with parameters."""
    if draw(st.integers(0, 4)):
        return {"dense": units}
    columns = samples == "columns"
    shape = [units, "inputs"] if columns else ["inputs", units]
    parameters = {name: {"shape": shape, "std": "1/2"} for name in "WV"}
    layer: dict[str, Any] = {
        "formula": draw(st.sampled_from(COLUMNS if columns else ROWS)),
        "parameters": parameters,
    }
    if columns:
        layer["input"] = "X[inputs, k]"
    return layer


# ---------------------------------------------------------------- losses

LEAVES = ("Y", "Y - T", "T*Y", "Y + T/3", "2*Y - T")
UNARY = (
    "abs({})",
    "max({}, 0)",
    "min({}, 4/5)",
    "min(max({}, -1), 1)",
    "sqrt(({})**2 + 1/4)",
    "({})**2",
    "tanh({})",
    "exp(-({})**2)",
    "log(1 + exp({}))",
    "max(exp(({})/3), 4/5)",
    "sign({})*({})",
    "where({} > 0, 3*({})/4, -({})/4)",
    "where({} > 1/2, {}, where({} < -1/2, ({})**2, 1/3))",
    "abs({})**(3/2)",
    "abs(({})**3)",
    "abs(({})**(1/3))",
    "abs({})**(1/3)",
    "-({})",
    "({})/5",
    "sin({})",
    "softplus({})",
)
BINARY = ("({})*({})", "({}) + ({})", "max({}, {})", "min({}, {})", "where({} > {}, Y**2, T*Y)", "({})/(1 + ({})**2)")
BY_SAMPLE = (
    "sum({}, axis={f})",
    "max({}, axis={f})",
    "mean({}, axis={f})",
    "sqrt(sum(({})**2, axis={f}))",
    "log(sum(exp({}), axis={f}))",
    "sum(abs({}), axis={f})",
    "max(sum({}, axis={f}), 1/3)",
    "min({}, axis={f})**2",
    "sum(({})**2, axis={f})**(3/2)",
    "sum({}, axis={f})/sqrt(1 + sum(Y**2, axis={f}))",
)
REDUCED = ("sum({})/k", "mean({})", "sum({})", "sum({})/2", "mean({})/2", "max({})", "sqrt(sum(({})**2))")
INDEXED = (
    "sum[n,j]({})/k",
    "sum[n](max[j]({}))/k",
    "sum[n]((sum[j]({}))**2)/k",
    "sum[n](sqrt(sum[j](({})**2)))/k",
    "mean[n,j]({})",
    "max[n,j]({})",
    "sum[n](log(sum[j](exp({}))))/k",
    "sum[n](abs(sum[j]({})))/k",
)
BUILT_IN = (
    "mse",
    {"mse": "half_sum"},
    {"mse": "half_mean"},
    {"cross_entropy": "sum"},
    "cross_entropy",
    "binary_cross_entropy_with_logits",
)


@st.composite
def elementwise(draw: st.DrawFn, depth: int) -> str:
    """A formula in Y and T, entry by entry."""
    kind = draw(st.integers(0, 5)) if depth else 0
    if kind == 0:
        return draw(st.sampled_from(LEAVES))
    if kind < 5:
        template = draw(st.sampled_from(UNARY))
        inner = draw(elementwise(depth - 1))
        return template.format(*[inner] * template.count("{}"))
    template = draw(st.sampled_from(BINARY))
    return template.format(draw(elementwise(depth - 1)), draw(elementwise(depth - 1)))


@st.composite
def losses(draw: st.DrawFn, columns: bool, probabilities: bool) -> Any:
    kind = draw(st.integers(0, 9))
    if kind == 0:
        found = draw(st.sampled_from(BUILT_IN))
        name = found if isinstance(found, str) else next(iter(found))
        return found if name != "cross_entropy" or probabilities else "mse"
    body = draw(elementwise(2))
    if kind < 5:
        return {"formula": draw(st.sampled_from(REDUCED)).format(body)}
    if kind < 8:
        inner = draw(st.sampled_from(BY_SAMPLE)).format(body, f=0 if columns else 1)
        return {"formula": draw(st.sampled_from(REDUCED)).format(inner)}
    entries = "[j,n]" if columns else "[n,j]"
    return {"formula": draw(st.sampled_from(INDEXED)).format(re.sub(r"\b([YT])\b", rf"\1{entries}", body))}


# ---------------------------------------------------------------- specs


@st.composite
def specs(draw: st.DrawFn, deepest: int = 3) -> str:
    """The text of a spec."""
    samples = draw(st.sampled_from(["rows", "columns", "torch"]))
    columns = samples == "columns"
    inputs = draw(st.sampled_from(SIZES))
    layers: list[Any] = []
    for _ in range(draw(st.integers(1, deepest))):
        layers.append(draw(affine(samples, draw(st.sampled_from(SIZES)))))
        layers += [draw(values(0 if columns else 1)) for _ in range(draw(st.integers(0, 2)))]
    conventions = {
        "samples": samples,
        "jacobian": draw(st.sampled_from(["numerator", "denominator"])),
        "vec": draw(st.sampled_from(["columns", "rows"])),
    }
    loss = draw(losses(columns, layers[-1] == "softmax"))
    shape = f"X[{inputs}, k]" if columns else f"X[k, {inputs}]"
    return "\n".join(
        [
            "name: net",
            f'input: "{shape}"',
            "layers:",
            *(f"  - {_flow(layer)}" for layer in layers),
            f"loss: {_flow(loss)}",
            f"conventions: {_flow(conventions)}",
            "",
        ]
    )


def _flow(value: Any) -> str:
    """YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return f'"{value}"' if isinstance(value, str) and not value.isidentifier() else str(value)


def drawn(number: int, deepest: int = 3) -> str:
    """The spec of a number; the same in each run with one release of hypothesis."""
    found = ""

    # The first example of a run is the simplest; the second is random.
    @seed(number)
    @settings(
        max_examples=2,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(specs(deepest))
    def collect(spec: str) -> None:
        nonlocal found
        found = spec

    collect()
    return found


# ---------------------------------------------------------------- what becomes of one


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: str
    """"ok", "refused" (one clear message), "no point" (no random data give a finite loss), "wrong", "traceback" or
    "hang".
    """
    said: str
    seconds: float
    """Of processor time."""


class Wrong(Exception):
    """A value, or a text, that is not right."""


class Hang(BaseException):
    """A spec has taken too long; no `except Exception` stops it."""


def tried(text: str, formats: Sequence[str] = ("latex", "html", "markdown")) -> Outcome:
    """The spec through everything that symjac makes of it."""
    begun = time.process_time()
    try:
        with _at_most(LONGEST):
            kind, said = "ok", _through(text, formats)
    except Hang:
        kind, said = "hang", traceback.format_exc(limit=-6)
    except InputError as error:
        kind, said = "refused", error.render()
    except differences.NoPoint as error:
        kind, said = "no point", str(error)
    except Wrong as error:
        kind, said = "wrong", str(error)
    except Exception:
        kind, said = "traceback", traceback.format_exc(limit=-6)
    return Outcome(kind, said, time.process_time() - begun)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raises Hang after so much processor time."""

    def stop(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _through(text: str, formats: Sequence[str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.yaml"
        path.write_text(text, encoding="utf-8")
        derivation = derive(build_stack(load_spec(path)))
        composed = document.compose(derivation)
        if composed.missing:
            raise Wrong("; ".join(composed.missing))
        for form in formats:
            written = document.FORMATS[form](composed)
            if form == "latex":
                check_latex(written)
        module = _imported(Path(folder), generate(derivation))
        _has_a_loss(module)
        report = differences.compare(module, 0, lambda params, inputs: declared_loss(derivation.stack, params, inputs))
        if not report.agrees:
            raise Wrong(f"check: loss {report.loss}; {report.ties}; {[f for f in report.figures if not f.agrees]}")
        return _second_order(module)


def _imported(folder: Path, code: str) -> ModuleType:
    path = folder / "net_module.py"
    path.write_text(code, encoding="utf-8")
    module = load_module(path)
    sys.modules.pop(module.__name__, None)
    return module


def _has_a_loss(module: ModuleType) -> None:
    """Raises NoPoint where the loss is 0 but for rounding, as that of a sum of centred features."""
    with np.errstate(all="ignore"):
        rng = np.random.default_rng(1)
        if all(abs(differences.random_point(module, 3, rng).loss) < ZERO for _ in range(2)):
            raise differences.NoPoint("the loss is 0 but for rounding")


SECOND = 1e-5
"""The largest relative error of a product with the Hessian, against differences of gradients."""
ZERO = 1e-13
"""What counts as 0: all numbers are of about the size 1."""


def _second_order(module: ModuleType) -> str:
    """hvp, ggnvp, the step's derivative and a block of the Hessian."""
    rng = np.random.default_rng(1)
    with np.errstate(all="ignore"):
        point = differences.random_point(module, 3, rng)
        V = module.Params(*(rng.standard_normal(p.shape) for p in point.params))
        found = module.hvp(point.params, *point.inputs, V)
        module.ggnvp(point.params, *point.inputs, V)
        module.iteration_jvp(point.params, *point.inputs, V)
        expected = _moved_gradient(module, point, V)
        if expected is not None:
            _compare(found, *expected)
        names = point.params._fields
        if hasattr(module, "hessian_block"):
            block = module.hessian_block(point.params, *point.inputs, names[0], names[-1])
            alone = module.Params(*(np.zeros_like(v) for v in V))._replace(**{names[-1]: V[-1]})
            right = module.hvp(point.params, *point.inputs, alone)[0]
            left = np.tensordot(block, V[-1], V[-1].ndim)
            scale = max(float(np.abs(right).max(initial=0)), float(np.abs(block).max(initial=0)), 1e-300)
            if not np.abs(left - right).max(initial=0) <= 1e-9 * scale + ZERO:
                raise Wrong(f"hessian_block({names[0]}, {names[-1]}) times V differs from hvp: {left} and {right}")
    return "differences of gradients" if expected is not None else "a kink is too near for differences of gradients"


def _moved_gradient(module: ModuleType, point: differences.CheckedPoint, V: Any) -> tuple[Any, float] | None:
    """(∇L(θ + hV) − ∇L(θ − hV))/2h, extrapolated, and how unsure it is; None where a kink lies within every h."""
    best = None
    for h in (2.0**-8, 2.0**-11, 2.0**-14, 2.0**-17):

        def moved(step: float) -> Any:
            return module.Params(*(p + step * v for p, v in zip(point.params, V, strict=True)))

        if module.KINKS:
            ahead, behind = (module.kinks(moved(s), *point.inputs) for s in (h, -h))
            if any(bool(np.any(np.sign(a) != np.sign(b))) for a, b in zip(ahead, behind, strict=True)):
                continue

        def slope(h: float) -> list[Any]:
            ahead, behind = (module.gradients(moved(s), *point.inputs)[1] for s in (h, -h))
            return [(a - b) / (2 * h) for a, b in zip(ahead, behind, strict=True)]

        coarse, fine = slope(h), slope(h / 2)
        out = [(4 * b - a) / 3 for a, b in zip(coarse, fine, strict=True)]
        unsure = max(float(np.abs(b - a).max(initial=0)) / 10 for a, b in zip(coarse, fine, strict=True))
        gradient = module.gradients(point.params, *point.inputs)[1]
        unsure += max(1.0, *(float(np.abs(g).max(initial=0)) for g in gradient)) * 1e-15 / h
        if best is None or unsure < best[1]:
            best = out, unsure
    return best


def _compare(found: Any, expected: Any, unsure: float) -> None:
    scale = max([*(float(np.abs(e).max(initial=0)) for e in expected), 1e-12])
    for name, a, b in zip(found._fields, found, expected, strict=True):
        error = float(np.abs(a - b).max(initial=0))
        if not error <= SECOND * scale + 10 * unsure:
            raise Wrong(f"hvp of {name}: {a} where differences of gradients give {b} (unsure {unsure:.1e})")


# ---------------------------------------------------------------- is it LaTeX?

_TOKENS = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}^_&$]|\s+|[^\\{}^_&$\s]")


def check_latex(text: str) -> None:
    """Raises Wrong where braces or \\left and \\right do not pair off, or a base has two superscripts or subscripts."""
    depth, pairs = 0, 0
    scripts: list[set[str]] = [set()]
    pending = ""
    for line in text.split("\n"):
        line = re.sub(r"(?<!\\)%.*", "", line)
        for token in _TOKENS.findall(line):
            if token.isspace():
                continue
            if token in "^_":
                if token in scripts[-1] or pending:
                    raise Wrong(f"a double {'super' if token == '^' else 'sub'}script: {line.strip()[:300]}")
                scripts[-1].add(token)
                pending = token
                continue
            if token == "{":
                depth += 1
                if not pending:
                    scripts[-1] = set()
                pending = ""
                scripts.append(set())
                continue
            if token == "}":
                depth -= 1
                scripts.pop()
                if depth < 0:
                    raise Wrong(f"a brace closes none: {line.strip()[:300]}")
                continue
            pairs += (token == r"\left") - (token == r"\right")
            if not pending:
                scripts[-1] = set()
            pending = ""
    if depth or pairs:
        raise Wrong(f"{depth} braces and {pairs} \\left are never closed")
