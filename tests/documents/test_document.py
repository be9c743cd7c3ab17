"""Documents: what they hold, that they are well-formed in each format, and that nothing of a user's text is markup."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import pytest

from symjac.derivation.chain import derive
from symjac.documents import html_doc, latex_doc, markdown_doc
from symjac.documents.content import (
    DocList,
    Document,
    Emphasis,
    Equations,
    Heading,
    InlineCode,
    Math,
    Paragraph,
    Reference,
    Row,
    Table,
    say,
)
from symjac.documents.document import FORMATS, compose, document
from symjac.model.build import build_stack, load_spec
from symjac.model.stack import Stack
from symjac.printing.mathml import mathml
from tests.nets import derivation_of, example, example_stack

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = sorted(p.stem for p in EXAMPLES.glob("*.yaml"))
MATHML = "{http://www.w3.org/1998/Math/MathML}"
FORBIDDEN = ("Lambda", r"\mapsto", "Rename", "Piecewise", "Contract(", "scalar.", "x_{0}", "x0", "None", "\x01", "\x02")


@cache
def written(name: str, format: str) -> str:
    return document(example(name), format)


def xml(page: str) -> ElementTree.Element:
    return ElementTree.fromstring(page.replace("<!DOCTYPE html>", "", 1))


# ---------------------------------------------------------------- contents


def test_there_are_examples() -> None:
    assert "mnist_mlp" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_quantity_has_its_equation(name: str) -> None:
    """Each forward quantity, error and gradient is defined once, and numbers follow the order of reading."""
    derivation = derive(example_stack(name))
    composed = compose(derivation)
    anchors = [b.anchor for b in composed.blocks if isinstance(b, Equations)]
    assert len(set(anchors)) == len(anchors)
    for d in derivation.stack.forward:
        assert f"forward-{d.equation.lhs.name}" in anchors
    for derived in derivation.chain:
        assert f"{derived.kind}-{derived.by.name}" in anchors
    assert {"loss-value", "update-rule", "result"} <= set(anchors)
    assert list(composed.numbers.values()) == list(range(1, len(anchors) + 1))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format", FORMATS)
def test_sections_and_words(name: str, format: str) -> None:
    text = written(name, format)
    for heading in ("Conventions", "Notation", "Forward", "Loss", "Local Jacobians", "Gradients", "Update", "The laws"):
        assert heading in text
    for word in FORBIDDEN:
        assert word not in text, word


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format", FORMATS)
def test_same_derivation_same_text(name: str, format: str) -> None:
    assert document(derive(example_stack(name)), format) == written(name, format)


@pytest.mark.parametrize(
    "line",
    [
        r"A_{1} = X W_{1} + \mathbf{1} b_{1}^{\top}",
        r"Y = \mathop{\mathrm{softmax}}(A_{2})",
        r"\delta_{2} = \frac{1}{k} (Y - T)",
        r"\frac{\partial L}{\partial W_{1}} = X^{\top} \delta_{1}",
        r"(\delta_{2} W_{2}^{\top}) \odot Z_{1} \odot (1 - Z_{1})",
        r"= I_{50} \otimes X",
        "| Together |  |  |  | 39,760 |",
        r"\text{declared fact, }",
    ],
)
def test_mnist_formulas(line: str) -> None:
    assert line in written("mnist_mlp", "markdown")


@pytest.mark.parametrize(
    "line",
    [
        "samples: rows",
        r"W_{1} \in \mathbb{R}^{784 \times 50}",
        r"\alpha \in \mathbb{R}",
        "rows of T sum to 1",
        "z_{1,n} = rows of Z_{1}",
        r"\delta_{2} = \frac{\partial L}{\partial A_{2}}",
        r"W_{1}^{+} = W_{1} - \alpha \frac{\partial L}{\partial W_{1}}",
    ],
)
def test_what_verify_is_told_does_not_print(line: str) -> None:
    def printed(text: str, comment: str) -> str:
        return re.sub(comment, "", text, flags=re.DOTALL | re.MULTILINE)

    markdown_text, latex_text = written("mnist_mlp", "markdown"), written("mnist_mlp", "latex")
    assert f"\n{line}\n" in markdown_text and f"\n% symjac: {line}\n" in latex_text
    for text in (printed(markdown_text, "<!--.*?-->"), printed(latex_text, "^%.*?$"), written("mnist_mlp", "html")):
        assert "symjac:" not in text
        assert f"\n{line}\n" not in text


def test_columns_and_facts_are_told_as_they_are() -> None:
    text = written("xor", "markdown")
    assert "samples: columns" in text and "x_{n} = columns of X" in text
    assert "sum to" not in text


def test_without_the_fact_the_general_form_stays() -> None:
    stack = replace(example_stack("mnist_mlp"), facts=())
    text = document(derive(stack), "markdown")
    assert r"\frac{1}{k} (Y - T)" not in text
    assert "declared fact" not in text


def test_a_deep_network_repeats_no_chain() -> None:
    """A chain that repeats an earlier one's laws is one line there; a shallow network shows every chain."""
    deep = build_stack_of("deep", 12)
    equations = [b for b in compose(derive(deep)).blocks if isinstance(b, Equations)]
    chains = [b for b in equations if b.anchor.startswith("delta-A_") and len(b.rows) > 1]
    assert len(chains) == 2
    assert len([b for b in equations if b.anchor.startswith("delta-A_")]) >= 13
    shallow = [b for b in compose(derive(build_stack_of("shallow", 4))).blocks if isinstance(b, Equations)]
    assert len([b for b in shallow if b.anchor.startswith("delta-A_") and len(b.rows) > 1]) == 5


def build_stack_of(name: str, depth: int) -> Stack:
    layers = ", ".join(["dense: 3, tanh"] * depth + ["dense: 2, softmax"])
    text = (
        f"name: {name}\ninput: X[k, 4]\nlayers: [{layers}]\nloss: {{cross_entropy: {{target: T, reduction: mean}}}}\n"
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_text(text + "update: {gradient_descent: {alpha: 0.1}}\n")
        return build_stack(load_spec(path))


def test_unknown_format() -> None:
    with pytest.raises(KeyError):
        document(derive(example_stack("xor")), "word")


# ---------------------------------------------------------------- HTML


@pytest.mark.parametrize("name", NAMES)
def test_html_is_well_formed_and_whole(name: str) -> None:
    """One XML tree; every link leads to an element of the page; nothing is fetched and nothing runs."""
    page = written(name, "html")
    root = xml(page)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(set(ids)) == len(ids)
    for link in (e.get("href", "") for e in root.iter("a")):
        assert link.startswith("#")
        assert link[1:] in ids
    assert not list(root.iter("script"))
    assert not list(root.iter("link"))
    assert "src=" not in page
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("name", NAMES)
def test_no_latex_is_left_in_html(name: str) -> None:
    for node in xml(written(name, "html")).iter():
        if node.tag.startswith(MATHML):
            assert "\\" not in (node.text or ""), node.text
            assert "&" not in (node.text or ""), node.text


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\operatorname{leaky\_relu}(x)", "<mi>leaky_relu</mi>"),
        (r"\mathbf{1}", "𝟏"),
        (r"a = -b", '<mo form="prefix">−</mo>'),
        (r"a - b", "<mo>−</mo>"),
        (r"\sum_{n} x", "<munder><mo>∑</mo>"),
        (r"\text{if } x", "<mtext>if\u00a0</mtext>"),
        (r"T \log Y", '<mspace width="0.167em" /><mi>log</mi>'),
        (r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}", "<mtable>"),
        (r"\lVert Y - T \rVert_{F}^{2}", "‖"),
        (r"A \oslash B", "⊘"),
        (r"\bigl(\frac{a}{b}\bigr)", 'mathsize="125%">(</mo>'),
    ],
)
def test_mathml(latex: str, expected: str) -> None:
    assert expected in mathml(latex, display=True)


# ---------------------------------------------------------------- escapes

HOSTILE = r"""a_b & 50% <script>alert(1)</script> $x$ `z` *w* [l](u) # \input{/etc/passwd} {~^} "q" | é 漢 -- ]]> """


def hostile() -> Document:
    """The user's text in every place where one can stand."""
    table = Table(((HOSTILE,), (InlineCode(HOSTILE),)), "lr", (((Emphasis(HOSTILE),), (Math("x"),)),), ((HOSTILE,), ()))
    equations = Equations((Row("a", "b", (HOSTILE, Math("c"), Reference("e"))), Row("", "d")), 1, "e")
    items = DocList((((HOSTILE,), (HOSTILE,)),))
    paragraph = Paragraph(say("see {} and {} with $x$", InlineCode(HOSTILE), HOSTILE))
    return Document(HOSTILE, (HOSTILE,), (Heading(HOSTILE, "h"), paragraph, items, table, equations))


def test_html_escapes() -> None:
    root = xml(html_doc.write(hostile()))
    assert not list(root.iter("script"))
    assert "".join(root.find(".//h1").itertext()) == HOSTILE  # type: ignore[union-attr]


def test_markdown_escapes() -> None:
    text = markdown_doc.write(hostile())
    outside = re.sub(r"(`+).*?\1", "", text.replace(r"\`", ""))
    assert "<script>" not in outside.replace(r"\<", "")
    assert "[l](u)" not in outside
    assert r"\(" not in outside  # mathematics, to many hosts
    assert "*w*" not in outside.replace(r"\*", "")
    for line in text.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 3, line


def test_latex_escapes() -> None:
    text = latex_doc.write(hostile())
    assert r"\input" not in text
    assert r"$\backslash$input" in text
    assert r"50\%" in text
    assert r"\texttt{U+6F22}" in text


def test_say_reads_no_markup_in_a_part() -> None:
    assert say("a {} $b$", "$c$ {}") == ("a ", "$c$ {}", " ", Math("b"))


# ---------------------------------------------------------------- LaTeX

needs_pdflatex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


def compiled(text: str, folder: Path) -> str:
    """The log of the second run, which knows the references."""
    (folder / "document.tex").write_text(text, encoding="utf-8")
    for _ in range(2):
        run = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "document.tex"],
            cwd=folder,
            capture_output=True,
            timeout=120,
        )
        assert run.returncode == 0, run.stdout[-2000:].decode("latin-1")
    return (folder / "document.log").read_text(encoding="latin-1")


@pytest.mark.slow
@needs_pdflatex
@pytest.mark.parametrize("name", NAMES)
def test_latex_compiles(name: str, tmp_path: Path) -> None:
    log = compiled(written(name, "latex"), tmp_path)
    assert "Overfull" not in log
    assert "undefined" not in log
    assert "multiply defined" not in log


@pytest.mark.slow
@needs_pdflatex
def test_hostile_latex_compiles(tmp_path: Path) -> None:
    compiled(latex_doc.write(hostile()), tmp_path)


def test_latex_uses_standard_packages_only() -> None:
    used = re.findall(r"\\usepackage(?:\[.*?\])?\{(.*?)\}", written("mnist_mlp", "latex"))
    standard = "amsmath amssymb array booktabs geometry inputenc longtable microtype"
    assert {p.strip() for group in used for p in group.split(",")} <= set(standard.split())


STABLE_FORMS = [
    ("sum(where(Y > 1, log(Y), Y - 1))/k", "branches that are not taken"),
    ("sum(sqrt(1 + Y**2) - 1)/k", "no cancellation"),
    ("sum(log(1 + exp(Y)) - T*Y)/k", "no cancellation"),
    ("sum(log(sum(T*exp(Y), axis=1)))/k", "shift by the maximum"),
    ("sum(Y*(1 + erf(Y)))/k", "no cancellation"),
]


@pytest.mark.parametrize(("loss", "law"), STABLE_FORMS)
def test_stable_forms_are_shown_in_every_format(loss: str, law: str) -> None:
    text = (
        "name: net\ninput: X[k, 3]\nlayers: [dense: 2]\n"
        f"loss: {{formula: '{loss}'}}\nupdate: {{gradient_descent: {{alpha: 0.1}}}}\n"
    )
    document = compose(derivation_of(text))
    assert not document.missing
    assert all(law in write(document) for write in FORMATS.values())


# ---------------------------------------------------------------- what is decided from expressions


@pytest.mark.parametrize(
    ("formula", "shape", "said"),
    [
        ("A = X @ U", "[2, 3]", False),
        ("A = X @ U.T", "[3, 2]", True),
        ("A[n,j] = exp(sum[i] X[n,i]*U[i,j]*U[i,j])", "[2, 3]", False),  # entries of an input K, printed K_{n,i}
    ],
)
def test_the_commutation_matrix_is_explained_where_one_is(formula: str, shape: str, said: bool) -> None:
    spec = (
        "name: net\ninput: K[k, 2]\n"
        f"layers: [{{formula: '{formula}', parameters: {{U: {{shape: {shape}, std: 1}}}}}}]\n"
        "loss: {formula: sum(Y**2)}\nupdate: {gradient_descent: {alpha: 0.1}}\n"
    )
    assert ("is the commutation matrix" in document(derivation_of(spec), "latex")) == said
