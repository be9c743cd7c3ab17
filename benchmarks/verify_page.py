"""How long a page of notes with 100 claims takes to judge, and single claims beside SymPy, entry by entry.

    python benchmarks/verify_page.py

The page is made of the project's own notes (`tests/fixtures/notes`); its time is given for 100 claims. The peer
writes out the same formula in symbols at one small size, differentiates with `diff` and simplifies the difference of
each entry: what a person would do with SymPy alone. It knows the shapes and reads no text; symjac reads the text, and
answers for all sizes or says at which it looked.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import sympy
from ruamel.yaml import YAML

from symjac.notes.source import read_source
from symjac.verify.judge import judge_source
from symjac.verify.verdict import VERDICTS, Judged

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures"
LIMIT = 30.0
"""Seconds that a page of 100 claims may take on 2 cores."""


def page() -> str:
    """Every Markdown note of the project and a list of identities on one page, each in a world of its own."""
    parts = [path.read_text(encoding="utf-8") for path in sorted((FIXTURES / "notes").glob("*.md"))]
    traces = YAML(typ="safe").load(FIXTURES / "identities" / "traces.yaml")
    parts.append("\n".join(f"- ${line}$" for line in (*traces["given"], *traces["claims"])))
    return "\n\n<!-- symjac: new world -->\n\n".join(parts)


def judged(name: str, text: str) -> tuple[Judged, float]:
    start = time.perf_counter()
    result = judge_source(read_source(name, text))
    return result, time.perf_counter() - start


# ---------------------------------------------------------------- the peer


def matrix(name: str, rows: int, columns: int = 1) -> sympy.Matrix:
    return sympy.Matrix(rows, columns, lambda i, j: sympy.Symbol(f"{name}{i}{j}", real=True))


def gradient(of: sympy.Expr, by: sympy.Matrix) -> sympy.Matrix:
    return by.applyfunc(lambda entry: sympy.diff(of, entry))


def vec(m: sympy.Matrix) -> sympy.Matrix:
    return m.T.reshape(len(m), 1)


def equal(a: sympy.Matrix, b: sympy.Matrix) -> bool:
    return all(sympy.simplify(entry) == 0 for entry in a - b)


def softmax(a: sympy.Matrix) -> sympy.Matrix:
    total = [sum(sympy.exp(a[i, j]) for j in range(a.cols)) for i in range(a.rows)]
    return sympy.Matrix(*a.shape, lambda i, j: sympy.exp(a[i, j]) / total[i])


def quadratic() -> bool:
    x, A = matrix("x", 3), matrix("a", 3, 3)
    return equal(gradient((x.T * A * x)[0], x), (A + A.T) * x)


def inverse() -> bool:
    X, A, B = matrix("x", 2, 2), matrix("a", 2, 2), matrix("b", 2, 2)
    inverse = X.inv()
    return equal(gradient((A * inverse * B).trace(), X), -(inverse * B * A * inverse).T)


def determinant() -> bool:
    X = matrix("x", 3, 3)
    return equal(gradient(sympy.log(X.det()), X), X.inv().T)


def direction() -> bool:
    x = matrix("x", 3)
    norm = sympy.sqrt((x.T * x)[0])
    return equal((x / norm).jacobian(x), (sympy.eye(3) - x * x.T / norm**2) / norm)


def products() -> bool:
    A, X, B = matrix("a", 2, 2), matrix("x", 2, 3), matrix("b", 3, 2)
    return equal(vec(A * X * B).jacobian(vec(X)), sympy.kronecker_product(B.T, A))


def cross_entropy() -> bool:
    A = matrix("a", 2, 3)
    T = sympy.Matrix(2, 3, lambda i, j: sympy.Symbol(f"t{i}{j}") if j < 2 else 0)
    T[:, 2] = sympy.Matrix([1 - T[i, 0] - T[i, 1] for i in range(2)])
    Y = softmax(A)
    loss = -sum(T[i, j] * sympy.log(Y[i, j]) for i in range(2) for j in range(3)) / 2
    return equal(gradient(loss, A), (Y - T) / 2)


def hidden_layer() -> bool:
    X, W, V, T = matrix("x", 2, 2), matrix("w", 2, 2), matrix("v", 2, 1), matrix("t", 2, 1)
    Z = (X * W).applyfunc(lambda a: 1 / (1 + sympy.exp(-a)))
    error = Z * V - T
    slopes = Z.applyfunc(lambda z: z * (1 - z))
    return equal(gradient((error.T * error)[0] / 2, W), X.T * (error * V.T).multiply_elementwise(slopes))


def hessian() -> bool:
    x = matrix("x", 3)
    p = softmax(x.T).T
    return equal(sympy.hessian(sympy.log(sum(sympy.exp(e) for e in x)), x), sympy.diag(*p) - p * p.T)


SQUARE = r"A, B, X \in \mathbb{R}^{n \times n}"
PEERS: tuple[tuple[str, Callable[[], bool], tuple[str, ...], str], ...] = (
    (
        "x'Ax",
        quadratic,
        (SQUARE, r"x \in \mathbb{R}^n"),
        r"\frac{\partial (x^\top A x)}{\partial x} = (A + A^\top) x",
    ),
    (
        "tr(A inv(X) B)",
        inverse,
        (SQUARE,),
        r"\frac{\partial \operatorname{tr}(A X^{-1} B)}{\partial X} = -(X^{-1} B A X^{-1})^\top",
    ),
    ("log det X", determinant, (SQUARE,), r"\frac{\partial \log \det X}{\partial X} = X^{-\top}"),
    (
        "x/|x|",
        direction,
        (r"x \in \mathbb{R}^n",),
        r"\frac{\partial}{\partial x} \frac{x}{\|x\|} = \frac{1}{\|x\|} (I - \frac{x x^\top}{\|x\|^2})",
    ),
    (
        "vec(AXB)",
        products,
        (SQUARE,),
        r"\frac{\partial \operatorname{vec}(A X B)}{\partial \operatorname{vec}(X)} = B^\top \otimes A",
    ),
    (
        "softmax with cross-entropy",
        cross_entropy,
        (
            r"A, T \in \mathbb{R}^{k \times m}",
            r"Y = \operatorname{softmax}(A)",
            r"L = -\frac{1}{k} \sum_{n,j} T_{nj} \log Y_{nj}",
        ),
        r"\frac{\partial L}{\partial A} = \frac{1}{k} (Y - T)",
    ),
    (
        "a hidden layer",
        hidden_layer,
        (
            r"X \in \mathbb{R}^{k \times p}",
            r"W \in \mathbb{R}^{p \times q}",
            r"V \in \mathbb{R}^q",
            r"t \in \mathbb{R}^k",
            r"Z = \sigma(X W)",
            r"L = \tfrac12 \|Z V - t\|^2",
        ),
        r"\frac{\partial L}{\partial W} = X^\top (((Z V - t) V^\top) \odot Z \odot (1 - Z))",
    ),
    (
        "Hessian of log-sum-exp",
        hessian,
        (r"x \in \mathbb{R}^n", r"p = \operatorname{softmax}(x)"),
        r"\nabla_x^2 \log(\mathbf{1}^\top \exp(x)) = \operatorname{diag}(p) - p p^\top",
    ),
)


def notes(given: tuple[str, ...], claim: str) -> str:
    lines = "".join(f"  - '{line}'\n" for line in given)
    facts = "symjac:\n  - 'samples: rows'\n  - rows of T sum to 1\n" if "T" in given[0] else ""
    return f"{facts}given:\n{lines}claims:\n  - '{claim}'\n"


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    result, seconds = judged("page.md", page())
    counts = ", ".join(f"{result.count(v)} {v}" for v in VERDICTS)
    print(f"page: {len(result.claims)} claims in {seconds:.1f} s ({counts}; {len(result.unread)} unread)")
    each = 100 * seconds / len(result.claims)
    print(f"100 claims: {each:.1f} s, {'within' if each < LIMIT else 'over'} the {LIMIT:.0f} s allowed")
    print(f"\n{'formula':28} {'symjac s':>9} {'SymPy s':>9} {'ratio':>7}  verdict")
    for name, peer, given, claim in PEERS:
        one, ours = judged("claim.yaml", notes(given, claim))
        start = time.perf_counter()
        assert peer(), name
        theirs = time.perf_counter() - start
        print(f"{name:28} {ours:9.2f} {theirs:9.2f} {theirs / ours:7.1f}  {one.claims[0].verdict}")


if __name__ == "__main__":
    main()
