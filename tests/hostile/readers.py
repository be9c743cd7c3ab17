"""Every reader of symjac, with good inputs to make hostile ones from. A reader may raise InputError or DataError."""

from __future__ import annotations

import contextlib
import html
import io
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

from symjac.core.errors import InputError, Place
from symjac.meaning import directives
from symjac.meaning.notebook import Notebook
from symjac.model.build import build_stack, load_spec
from symjac.model.parse import parse
from symjac.model.yaml_source import read_yaml
from symjac.notation import latex_notation, plain_notation
from symjac.notes.folder import notes_in
from symjac.notes.source import from_stream, read_source
from symjac.numbers.assembly import resumed
from symjac.numbers.point import weights_of
from symjac.report.baseline import marked
from symjac.run import datasets, state
from symjac.run.archive import open_npz
from symjac.run.failures import DataError
from symjac.run.mnist import FILES, mnist
from symjac.run.module import load_module
from symjac.verify.judge import judge_source
from symjac.verify.session import Session, from_claim
from symjac.verify.verdict import Judged
from tests.hostile import archives
from tests.hostile.mutate import PIECE, damaged, encoded, mutated

ROOT = Path(__file__).parents[2]
ALLOWED = (InputError, DataError)
INPUTS = {"X": ("k", 4), "T": ("k", 3)}


@dataclass(frozen=True, slots=True)
class Reader:
    name: str
    share: int
    """Of every 1,000 inputs; slow readers get few."""
    made: Callable[[random.Random], bytes]
    """One hostile input."""
    read: Callable[[bytes, Path], None]
    """Reads it; the folder is there for a file."""


def texts(pattern: str) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(pattern)))


@cache
def specs() -> tuple[str, ...]:
    found = texts("examples/*.yaml")
    return tuple(t.replace("784", "7").replace("512", "5").replace("28", "6") for t in found)


@cache
def formulas() -> tuple[str, ...]:
    found = re.findall(
        r"(?:formula|mean|sum|facts?): *[\[\"']?(.*?)[\"'\]]?$",
        "\n".join((*specs(), *texts("symjac/model/*.yaml"))),
        re.M,
    )
    more = ("A[n,o,i,j] = sum[c,p,q] X[n,c,i+p,j+q] * K[o,c,p,q]", "where(x > 0, x, 0)", "exp(x)/sum(exp(x), axis=1)")
    return tuple(dict.fromkeys([f for f in found if f.strip()] + list(more)))


@cache
def notes() -> tuple[str, ...]:
    """Small ones, so that what is changed is soon met."""
    found = texts("tests/fixtures/notes/*.md") + texts("tests/fixtures/notes/*.tex")
    return tuple(t[:1500] for t in found)


@cache
def mathematics() -> tuple[str, ...]:
    return tuple(sorted({m for t in notes() for m in re.findall(r"\$([^$]{3,200})\$", t)}))


@cache
def notebooks() -> tuple[str, ...]:
    """The notes as the cells of notebooks, laid out as Jupyter does and on one line."""
    out = []
    for number, text in enumerate(notes()):
        pieces = text.split("\n\n")
        cells = [
            {
                "cell_type": kind,
                "metadata": {},
                "source": piece.splitlines(keepends=True) if kind == "markdown" else piece,
            }
            for piece in pieces[:6]
            for kind in ("markdown", "code")
        ]
        top = {"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}
        out.append(json.dumps(top, indent=1 if number % 2 else None, ensure_ascii=bool(number % 3)))
    return tuple(out)


@cache
def pages() -> tuple[str, ...]:
    """The notes as web pages, their mathematics as it stands, in scripts and in annotations."""
    out = []
    for number, text in enumerate(notes()):
        body = html.escape(text, quote=False)
        if number % 2:
            body = re.sub(r"\$\$([^$]+)\$\$", r'<script type="math/tex; mode=display">\1</script>', body)
            body = re.sub(r"\$([^$]+)\$", rf"<span class='katex'>{MATHML}</span>", body)
        out.append(f"<!DOCTYPE html>\n<html><head><title>t</title></head><body><h1>T</h1><p>{body}</p></body></html>")
    return tuple(out)


MATHML = (
    r'<math display="block"><semantics><mi>x</mi><annotation encoding="application/x-tex">\1</annotation></semantics>'
    r'</math><span class="katex-html" aria-hidden="true"><span>x</span></span>'
)


@cache
def restructured() -> tuple[str, ...]:
    """The notes in reStructuredText."""
    out = []
    for text in notes():
        text = re.sub(
            r"\$\$\s*([^$]+?)\s*\$\$", lambda m: "\n\n.. math::\n\n   " + m[1].replace("\n", "\n   ") + "\n", text
        )
        out.append(
            "Title\n=====\n\n"
            + re.sub(r"\$([^$]+)\$", r":math:`\1`", text)
            + "\n\n.. symjac: f = relu\n\nAs::\n\n  x\n"
        )
    return tuple(out)


@cache
def documents() -> tuple[str, ...]:
    """TeX that takes in a file that is there, one that is not, and itself."""
    found = [t for t in notes() if "\\begin{document}" in t or "\\section" in t] or list(notes())
    return tuple(t + "\n\\input{part}\n\\include{missing} \\input{notes} % \\input{part}\n$x$\n" for t in found)


PLAIN = (
    "dL/dx = (A + A')*x", "L = x'*A*x", "A in R^{n x n}", "L = sum(log(1 + exp(-y .* (X*w))))",
    "dL/dW = 2*X'*(X*W - T)",
    "dL/dX = tr(A*X)*inv(X)'", "y = relu(A*x + b)", "L = norm2(A*x - b)^2", "dL/dx = vector(1) .* exp(x)", "x_i in R^d",
)  # fmt: skip
DIRECTIVES = (
    "f = relu", r"\sigma = sigmoid", "A is symmetric", "rows of T sum to 1", "entries of y sum to 1",
    "gradient: numerator",
    "layers: l = 1..L, L = 3", "J is a function of x, y", "x_n = rows of X", "indices from 0", "samples are rows",
    "not claims from here", "new world", "parameters: W_1, b_1", r"\alpha \in \mathbb{R}", "vec: rows",
    "jacobian: denominator",
    "A is orthogonal", "x has norm 1", "rows of X have mean 0",
)  # fmt: skip
NOTES_YAML = (
    "notation: plain\ngiven:\n  - A in R^{n x n}\n  - x in R^n\n  - L = x'*A*x\nclaims:\n  - dL/dx = (A + A')*x\n",
    "given: |\n  $x \\in \\mathbb{R}^n$\n  $L = x^\\top x$\nclaims:\n  - $\\nabla_x L = 2 x$\nsymjac:\n  - f = relu\n"
    "macros:\n  - \\newcommand{\\R}{\\mathbb{R}}\ntitle: notes\n",
)  # fmt: skip
IGNORES = ("build/\n*.tex\n!keep.tex\n/sub/*.md\n# text\n**/deep/**\n[a-z]?.md\n\\#x\\ \n", "*\n!*.md\nsub/**/c.*\n")
BASELINES = ('{"known": [{"file": "n.md", "claim": "a = b", "verdict": "refuted"}]}',)
SIDECARS = (
    "- f = relu\n- A is symmetric\n- layers: l = 1..3\n",
    "symjac:\n  gradient: numerator\n  A: symmetric\n",
    "f: relu\n",
)


def text_reader(
    name: str, share: int, seeds: Callable[[], tuple[str, ...]], read: Callable[[bytes, Path], None]
) -> Reader:
    def made(rng: random.Random) -> bytes:
        return encoded(rng, mutated(rng, seeds(), tokens(name, seeds)))

    return Reader(name, share, made, read)


_TOKENS: dict[str, tuple[str, ...]] = {}


def tokens(name: str, seeds: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    if name not in _TOKENS:
        _TOKENS[name] = tuple(sorted({p for text in seeds() for p in PIECE.findall(text)}))
    return _TOKENS[name]


def said(content: bytes) -> str:
    """As an argument of the command line comes: what is no UTF-8 as lone surrogates."""
    return content.decode("utf-8", "surrogateescape")


def _spec(content: bytes, folder: Path) -> None:
    path = folder / "spec.yaml"
    path.write_bytes(content)
    build_stack(load_spec(path))


def _formula(content: bytes, folder: Path) -> None:
    parse(said(content), Place("spec.yaml", 1, 1))


FRAME = (
    "name: net\ninput: X[k, 3]\nlayers: [dense: 2, {formula: %s}, dense: 3, {formula: %s}]\n"
    "loss: {formula: %s}\nupdate: {formula: %s}\n"
)
FRAMED = (
    ("x/(1 + exp(-x))", "max(x, 0)", "where(x > 0, x, exp(x) - 1)", "log(1 + exp(-abs(x)))", "x*tanh(softplus(x))",
     "x**3/6"),
    ("F = exp(x)/sum(exp(x), axis=1)", "A = X - mean(X, axis=1)", "B[n,j] = sum[i] X[n,i]*X[n,j]/(1 + X[n,i]**2)", "x"),
    ("sum((Y - T)**2)/(2*k)", "-sum(T*log(Y))/k", "mean(abs(Y - T))", "sum[n,j] max(0, 1 - T[n,j]*Y[n,j])/k",
     "sum(sqrt(1 + (Y - T)**2))"),
    ("theta - g/100", "theta - tanh(g)/10", "theta*99/100 - g/10"),
)  # fmt: skip


def _framed(rng: random.Random) -> bytes:
    """A small network of formulas, one of them hostile."""
    chosen = [rng.choice(options) for options in FRAMED]
    at = rng.randrange(len(chosen))
    chosen[at] = mutated(rng, FRAMED[at], tokens("framed", lambda: tuple(f for options in FRAMED for f in options)))
    return encoded(rng, FRAME % tuple(json.dumps(formula, ensure_ascii=False) for formula in chosen))


def _session(ending: str) -> Callable[[bytes, Path], None]:
    def read(content: bytes, folder: Path) -> None:
        path = folder / f"notes.{ending}"
        path.write_bytes(content)
        Session(read_source(path))

    return read


def _document(content: bytes, folder: Path) -> None:
    """The content as a document, and as what it takes in."""
    (folder / "part.tex").write_bytes(content)
    _session("tex")(content, folder)


def _stream(content: bytes, folder: Path) -> None:
    Session(from_stream(io.BytesIO(content)))


def _baseline(content: bytes, folder: Path) -> None:
    place = folder / "known.json"
    place.write_bytes(content)
    marked([Judged("n.md", "", (), ())], place)


def _walked(content: bytes, folder: Path) -> None:
    """The content as what git leaves out of a folder."""
    home = folder / "walked"
    (home / "sub" / "build").mkdir(parents=True, exist_ok=True)
    for name in ("a.md", "sub/b.md", "sub/build/c.tex"):
        (home / name).write_text("$x$")
    (home / ".gitignore").write_bytes(content)
    notes_in(str(home))


def _sidecar(content: bytes, folder: Path) -> None:
    (folder / "beside.md.symjac.yaml").write_bytes(content)
    (folder / "beside.md").write_text("$x \\in \\mathbb{R}^n$, $L = x^\\top x$, $\\nabla_x L = 2 x$\n")
    Session(read_source(folder / "beside.md"))


def _directive(content: bytes, folder: Path) -> None:
    with contextlib.suppress(ValueError):  # as Session does, which lists it as not read
        directives.apply(said(content), Notebook())


def _claim(notation: str) -> Callable[[bytes, Path], None]:
    def read(content: bytes, folder: Path) -> None:
        Session(from_claim(said(content), ["x \\in \\mathbb{R}^n"] if notation == "latex" else ["x in R^n"], notation))

    return read


def _verdict(content: bytes, folder: Path) -> None:
    path = folder / "judged.md"
    path.write_bytes(content)
    for unread in judge_source(read_source(path)).unread:
        assert "please report" not in unread.reason, unread.reason


def _npz(content: bytes, folder: Path) -> None:
    path = folder / "data.npz"
    path.write_bytes(content)
    datasets.load(str(path), INPUTS, "float32")


@cache
def net() -> ModuleType:
    return load_module(ROOT / "tests" / "fixtures" / "tiny_module.py")


@cache
def data_members() -> tuple[tuple[str, bytes], ...]:
    rng = np.random.default_rng(0)
    arrays = {
        "X": rng.random((5, 4)),
        "T": np.eye(3)[[0, 1, 2, 0, 1]],
        "X_test": rng.random((2, 4)),
        "T_test": np.eye(3)[[0, 1]],
    }
    return tuple((f"{name}.npy", archives.array(a)) for name, a in arrays.items())


@cache
def weight_members() -> tuple[tuple[str, bytes], ...]:
    params = net().init(np.random.default_rng(0), np.float32)._asdict()
    text = '{"settings": {"seed": 0}, "generator": {"bit_generator": "PCG64"}, "epochs": []}'
    arrays = {**params, state.PROGRESS: np.array(text)}
    return tuple((f"{name}.npy", archives.array(a)) for name, a in arrays.items())


def _archive(members: Callable[[], tuple[tuple[str, bytes], ...]]) -> Callable[[random.Random], bytes]:
    def made(rng: random.Random) -> bytes:
        if rng.random() < 0.35:
            return damaged(rng, archives.archive(members(), rng.choice((0, 8))))
        return archives.hostile(rng, members())

    return made


def _weights(content: bytes, folder: Path) -> None:
    path = folder / "w.npz"
    path.write_bytes(content)
    like = net().init(np.random.default_rng(0), np.float32)
    with contextlib.suppress(DataError):
        weights_of(path, like, "float32")
    with open_npz(path) as archive:
        state.progress_of(archive)
        state.arrays_of(archive, like._asdict())


PROGRESS = (
    '{"settings": {"module": "ab", "seed": 0, "batch": "full", "alpha": null}, "generator": {"bit_generator": "PCG64", '
    '"state": {"state": 1, "inc": 3}, "has_uint32": 0, "uinteger": 0}, "epochs": [{"number": 1, "loss": 0.5, '
    '"test_loss": null, "accuracy": 0.5}]}',
)  # fmt: skip


def _progress(content: bytes, folder: Path) -> None:
    text = content.decode("utf-8", "replace").replace("\0", "")
    members = {k: v for k, v in weight_members() if not k.startswith(state.PROGRESS)}
    path = folder / "w.npz"
    path.write_bytes(archives.archive([*members.items(), (f"{state.PROGRESS}.npy", archives.array(np.array(text)))]))
    with open_npz(path) as archive:
        progress = state.progress_of(archive)
    for epoch in progress.epochs:
        f"{epoch.number:>3} {epoch.loss:.6f}"
    state.restore(np.random.default_rng(0), progress.generator, path)


def _idx(content: bytes, folder: Path) -> None:
    home = folder / "mnist"
    home.mkdir(exist_ok=True)
    for file in FILES:
        (home / file.name).write_bytes(content)
    mnist(home)


def _idx_made(rng: random.Random) -> bytes:
    import gzip

    good = FILES[1].header + rng.randbytes(200)
    return damaged(rng, gzip.compress(good) if rng.random() < 0.5 else good)


JOURNALS = ('{"settings": {"version": 1, "identity": 1.0, "hessian": -0.1, "dtype": "float32"}, "done": 3, "sums": 2}',)


def _journal(content: bytes, folder: Path) -> None:
    path = folder / "m.npy.journal"
    path.write_bytes(content)
    resumed(path, {"version": 1, "identity": 1.0, "hessian": -0.1, "dtype": "float32"})


def readers() -> list[Reader]:
    return [
        text_reader("spec", 60, specs, _spec),
        text_reader("spec formula", 120, formulas, _formula),
        Reader("spec of formulas", 60, _framed, _spec),
        text_reader("yaml", 60, specs, lambda content, folder: void(read_yaml, said(content), "spec.yaml")),
        text_reader("notes .md", 60, notes, _session("md")),
        text_reader("notes .tex", 50, notes, _session("tex")),
        text_reader("notes .ipynb", 20, notebooks, _session("ipynb")),
        text_reader("notes .html", 20, pages, _session("html")),
        text_reader("notes .rst", 20, restructured, _session("rst")),
        text_reader("notes that include", 15, documents, _document),
        text_reader("what git ignores", 10, lambda: IGNORES, _walked),
        text_reader("standard input", 10, lambda: (*notes(), *notebooks()[:2], *pages()[:2]), _stream),
        text_reader("baseline", 10, lambda: BASELINES, _baseline),
        text_reader("notes .yaml", 40, lambda: NOTES_YAML, _session("yaml")),
        text_reader("latex", 100, mathematics, lambda content, folder: void(latex_notation.read, said(content))),
        text_reader(
            "plain notation", 100, lambda: PLAIN, lambda content, folder: void(plain_notation.read, said(content))
        ),
        text_reader("claim, latex", 30, mathematics, _claim("latex")),
        text_reader("claim, plain", 30, lambda: PLAIN, _claim("plain")),
        text_reader("directive", 60, lambda: DIRECTIVES, _directive),
        text_reader("sidecar", 30, lambda: SIDECARS, _sidecar),
        text_reader("verdict", 2, mathematics, _judged),
        Reader("data .npz", 50, _archive(data_members), _npz),
        Reader("weights .npz", 30, _archive(weight_members), _weights),
        text_reader("progress in weights", 15, lambda: PROGRESS, _progress),
        Reader("IDX", 10, _idx_made, _idx),
        text_reader("journal", 15, lambda: JOURNALS, _journal),
    ]


GIVEN = r"$x, y \in \mathbb{R}^n$, $A, B \in \mathbb{R}^{n \times n}$, $c \in \mathbb{R}$, $L = x^\top A x$. $"


def _judged(content: bytes, folder: Path) -> None:
    _verdict(GIVEN.encode() + content + b"$", folder)


def void(read: Callable[..., object], *arguments: object) -> None:
    read(*arguments)
