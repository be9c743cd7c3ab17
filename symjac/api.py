"""symjac from Python: a network's derivation, and verdicts on formulas that people derived by hand.

    d = symjac.derive("examples/xor.yaml")
    print(d.to_markdown())
    net = d.module()

    for claim in symjac.judge("notes.md").claims:
        print(claim.line, claim.verdict)

What cannot be used raises `InputError`; its `render()` says where, what was found, what was expected and what to do.
"""

from __future__ import annotations

import json
import linecache
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any

from symjac.calculus.trace import Step
from symjac.check.declared import declared_loss
from symjac.codegen.numpy_code import generate
from symjac.core.errors import InputError
from symjac.derivation import chain
from symjac.documents import document, explain
from symjac.equality.outcome import REFUTED
from symjac.model.build import build_stack
from symjac.model.spec import Spec, load_spec, spec_of_text
from symjac.model.stack import Stack, plain_shape
from symjac.notes.source import Source, read_source
from symjac.report import as_json, page, sarif, screen
from symjac.run.differences import Report, compare
from symjac.run.module import imported
from symjac.verify.judge import judge_source
from symjac.verify.session import from_claim
from symjac.verify.verdict import Claim, Judged, NotClaim, NotRead

__all__ = [
    "Backpropagation",
    "Explanation",
    "InputError",
    "Network",
    "Verdicts",
    "derive",
    "judge",
    "judge_claim",
    "load",
]

GIVEN = "spec"
"""What a spec that is no file is called in messages."""


@dataclass(frozen=True)
class Network:
    """A network as its spec declares it: every layer a forward formula, every shape known."""

    stack: Stack = field(repr=False)

    @property
    def name(self) -> str:
        return self.stack.name

    @property
    def parameters(self) -> dict[str, tuple[int | str, ...]]:
        """The shape of each parameter."""
        return {p.symbol.name: plain_shape(p.symbol) for p in self.stack.parameters}

    @property
    def inputs(self) -> dict[str, tuple[int | str, ...]]:
        """The shape of the input and of the target; the number of samples stands by its name."""
        return {s.name: plain_shape(s) for s in self.stack.inputs}


@dataclass(frozen=True)
class Explanation:
    """One quantity of a derivation, with the steps that lead to it."""

    derivation: chain.Derivation = field(repr=False)
    name: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """Each with its law, before and after; none for a forward formula."""
        return tuple(getattr(explain.find(self.derivation, self.name), "steps", ()))

    def to_text(self) -> str:
        return explain.explain(self.derivation, self.name, "text")

    def to_latex(self) -> str:
        """A whole LaTeX document."""
        return explain.explain(self.derivation, self.name, "latex")

    def to_markdown(self) -> str:
        return explain.explain(self.derivation, self.name, "markdown")


@dataclass(frozen=True)
class Backpropagation:
    """The derivation of a network's training, and all that is made of it."""

    derivation: chain.Derivation = field(repr=False)

    @property
    def network(self) -> Network:
        return Network(self.derivation.stack)

    def to_latex(self) -> str:
        """A document that pdflatex compiles."""
        return self._document("latex")

    def to_html(self) -> str:
        """One page, with MathML and without a script."""
        return self._document("html")

    def to_markdown(self) -> str:
        return self._document("markdown")

    def to_numpy(self) -> str:
        """The source of a module that imports NumPy alone."""
        return generate(self.derivation)

    def module(self) -> ModuleType:
        """That module, imported: `init`, `forward`, `loss`, `gradients`, `update`, `hvp` and the rest."""
        source = self.to_numpy()
        with imported(source, self.derivation.stack.name) as module:
            path = str(module.__file__)
        # Its lines stay, for tracebacks and `inspect`, when the file has gone.
        linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
        return module

    def check(self, seed: int = 0) -> Report:
        """The module's gradients against differences and complex steps, its loss against the declared formulas.

        Raises NoPoint (symjac.run.differences) where no random point has a finite loss.
        """
        return compare(self.module(), seed, partial(declared_loss, self.derivation.stack))

    def jacobian(self, of: str, by: str) -> Explanation:
        """The local Jacobian of a value by what its formula reads, or the gradient of the loss. Raises LookupError."""
        return self[f"d{of}/d{by}"]

    def steps(self, name: str) -> tuple[Step, ...]:
        """How `name` was derived. Raises LookupError."""
        return self[name].steps

    def __getitem__(self, name: str) -> Explanation:
        """A_1, delta_1, W_1 or dL/dW_1 (the gradient), dA_1/dW_1 (a local Jacobian), R{A_1}. Raises LookupError."""
        try:
            explain.find(self.derivation, name)
        except explain.UnknownQuantity as error:
            raise LookupError(str(error)) from None
        return Explanation(self.derivation, name)

    def _document(self, format: str) -> str:
        composed = document.compose(self.derivation)
        for chapter in composed.missing:
            warnings.warn(f"the document is not whole: {chapter}", RuntimeWarning, stacklevel=3)
        return document.FORMATS[format](composed)


@dataclass(frozen=True)
class Verdicts:
    """What is said of every claim in some notes."""

    judged: tuple[tuple[Source, Judged], ...] = field(repr=False)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(claim for _, result in self.judged for claim in result.claims)

    @property
    def unread(self) -> tuple[NotRead, ...]:
        """Mathematics that could not be read, with the reason."""
        return tuple(item for _, result in self.judged for item in result.unread)

    @property
    def not_claims(self) -> tuple[NotClaim, ...]:
        """Equations that claim nothing."""
        return tuple(item for _, result in self.judged for item in result.not_claims)

    @property
    def refuted(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims if claim.verdict == REFUTED)

    def to_text(self) -> str:
        """As a compiler tells errors; what is proved too."""
        return "\n".join(line.plain for line in screen.lines(self._results, verbose=True)) + "\n"

    def to_json(self) -> dict[str, Any]:
        return as_json.document(self._results)

    def to_sarif(self) -> dict[str, Any]:
        """SARIF 2.1.0, for code review."""
        return sarif.document(self._results)

    def to_html(self) -> str:
        """The notes as one page, with the verdicts beside the claims."""
        return page.write(self.judged)

    @property
    def _results(self) -> list[Judged]:
        return [result for _, result in self.judged]


def load(spec: str | os.PathLike[str] | Mapping[str, Any]) -> Network:
    """The network of a spec: a file, its text (a string of several lines), or what YAML makes of it.

    Raises InputError for a spec that cannot be used.
    """
    return Network(build_stack(_spec(spec)))


def derive(network: Network | str | os.PathLike[str] | Mapping[str, Any]) -> Backpropagation:
    """The derivation of a network's training: of a `Network`, or of what `load` takes. Raises as `load` does."""
    loaded = network if isinstance(network, Network) else load(network)
    return Backpropagation(chain.derive(loaded.stack))


def judge(*files: str | os.PathLike[str], network: Network | None = None) -> Verdicts:
    """The verdict on every claim in notes, which may speak of a network.

    Raises InputError for a file that cannot be used.
    """
    return _judged([read_source(os.fspath(file)) for file in files], network)


def judge_claim(
    claim: str, given: Sequence[str] = (), notation: str = "latex", network: Network | None = None
) -> Verdicts:
    """The verdict on one equation; `given`: declarations, definitions and facts. `notation`: latex or plain."""
    return _judged([from_claim(claim, given, notation)], network)


def _judged(sources: Sequence[Source], network: Network | None) -> Verdicts:
    stack = None if network is None else network.stack
    return Verdicts(tuple((source, judge_source(source, stack=stack)) for source in sources))


def _spec(spec: str | os.PathLike[str] | Mapping[str, Any]) -> Spec:
    if isinstance(spec, Mapping):
        return spec_of_text(json.dumps(spec, indent=1), GIVEN)
    if isinstance(spec, str) and "\n" in spec:
        return spec_of_text(spec, GIVEN)
    return load_spec(spec)
