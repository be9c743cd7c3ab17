"""symjac derives the training of a neural network from its forward formulas. One derivation is read several ways:

    spec  -> model.Stack -> derivation -> { documents, codegen } -> run, numbers
    notes -> notation -> meaning -> equality -> verify -> report

The rooms, each above those that it may import (`tests/test_imports.py` holds it):

    core        the language: named indices, the expression nodes, scalar formulas (the one door to SymPy), a NumPy
                value for every expression
    notation    formulas as people write them, to a syntax tree and back
    calculus    expression to expression: differentiate, simplify by named laws, stabilise, matrix form; named
                definitions with facts, and derivatives through them
    run         generated modules at work: data sets, training, gradients against differences
    model       what the user declares: notation, spec file, library, and the stack of forward formulas that they make
    equality    whether two expressions are equal, and by which road that is known
    numbers     spectra and the dense matrix, from generated modules
    derivation  stack to derivation: the chain of errors, second order, the Hessian in blocks, the step as a map
    printing    expressions as LaTeX, Unicode, MathML
    check       the loss as it was declared, beside a generated module
    notes       where mathematics stands in a file
    meaning     what a syntax tree says, over a page's names, shapes and definitions
    documents   a derivation as LaTeX, HTML, Markdown
    codegen     a derivation as NumPy source
    verify      the verdict on each claim, and the search for the fault
    report      verdicts as people and programs take them
    api, cli    from Python; from the command line, where it prints and exits

A generated module imports NumPy and not symjac. No room holds a derivative written by hand.

    print(symjac.derive("examples/xor.yaml").to_numpy())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symjac.api import (
        Backpropagation,
        Explanation,
        InputError,
        Network,
        Verdicts,
        derive,
        judge,
        judge_claim,
        load,
    )

    __version__: str

__all__ = [
    "Backpropagation",
    "Explanation",
    "InputError",
    "Network",
    "Verdicts",
    "__version__",
    "derive",
    "judge",
    "judge_claim",
    "load",
]


def __getattr__(name: str) -> Any:
    """What is public is imported when it is first used: SymPy and NumPy take most of a second."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("symjac")
        except PackageNotFoundError:  # a checkout that is not installed
            return "unknown"
    if name in __all__:
        from symjac import api

        return getattr(api, name)
    raise AttributeError(f"module 'symjac' has no attribute {name!r}")
