"""One quantity of a derivation, and the steps that lead to it: as text, LaTeX or Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from symjac.calculus.trace import Derived, LocalJacobian, Step
from symjac.core.expr import Expr, symbol
from symjac.core.index import Index
from symjac.derivation.along import Directional, direction_name, directional, directional_name
from symjac.derivation.chain import Derivation
from symjac.documents import latex_doc, markdown_doc
from symjac.documents.content import (
    DocBlock,
    Document,
    Equations,
    Inline,
    InlineCode,
    Line,
    Math,
    Paragraph,
    Reference,
    Row,
    say,
)
from symjac.model import habits
from symjac.model.names import in_python
from symjac.model.stack import Definition
from symjac.printing import latex, text
from symjac.printing.apart import apart
from symjac.printing.forms import have_diagonal

Found = Definition | Derived | LocalJacobian | Directional


class UnknownQuantity(Exception):
    """A name that is none of the derivation's; says so, and what is near."""


def explain(derivation: Derivation, name: str, format: str = "text") -> str:
    """The derivation of `name`. Raises UnknownQuantity, and KeyError for a format that is none of FORMATS."""
    write = FORMATS[format]
    notation = _in_text(derivation) if write is _text else _in_latex(derivation)
    composer = _Composer(derivation, notation)
    blocks = tuple(composer.blocks(find(derivation, name)))
    stack = derivation.stack
    return write(Document(f"{name.strip()} in {stack.name}", say("Derived from {}", InlineCode(stack.source)), blocks))


# ---------------------------------------------------------------- names

_QUOTIENT = re.compile(r"[d∂](.+)/[d∂](.+)")
_WRAPPED = re.compile(r"vec\((.+)\)|\((.+)\)|\{(.+)\}")
_ALONG = re.compile(r"R\{(.+)\}|R\((.+)\)")


def find(derivation: Derivation, name: str) -> Found:
    """What `name` stands for: A_1, delta_1, W_1 or dL/dW_1 (the gradient), dA_1/dW_1 (a local Jacobian), R{A_1}."""
    wanted = "".join(name.split())
    along, quotient = _ALONG.fullmatch(wanted), _QUOTIENT.fullmatch(wanted)
    known: dict[str, Found] = {}
    if along:
        known = {d.of.name: d for d in directional(derivation)}
        wanted = along[1] or along[2]
    elif quotient:
        known = {f"{j.output.name}/{j.by.name}": j for j in derivation.jacobians}
        known |= {f"{d.of}/{d.by.name}": d for d in derivation.chain}
        wanted = "/".join(map(_bare, quotient.groups()))
    else:
        known = {d.by.name: d for d in derivation.chain if d.kind == "gradient"}
        known |= {d.equation.lhs.name: d for d in derivation.chain}
        known |= {d.equation.lhs.name: d for d in (*derivation.stack.forward, derivation.stack.loss)}
    spelled = {_in_python(key): key for key in known} | {key: key for key in known}
    if wanted in spelled:
        return known[spelled[wanted]]
    written: Callable[[str], str] = str
    if along:
        written = "R{{{}}}".format
    elif quotient:
        written = _as_quotient
    raise UnknownQuantity(_unknown(name.strip(), derivation, habits.meant(wanted, spelled), spelled, written))


def _unknown(name: str, derivation: Derivation, near: str, known: dict[str, str], written: Callable[[str], str]) -> str:
    given = {s.name for s in derivation.stack.inputs}
    if name in given:
        return f"{name} is given, not derived"
    if near:
        return f"nothing derived is called {name}; did you mean {written(known[near])}?"
    names = ", ".join(dict.fromkeys(map(written, known.values())))
    return (
        f"nothing derived is called {name}; there are {names}"
        if len(names) < 400
        else f"nothing derived is called {name}"
    )


def _bare(part: str) -> str:
    """The name in vec(W_1), (W_1)."""
    wrapped = _WRAPPED.fullmatch(part)
    return next(g for g in wrapped.groups() if g) if wrapped else part


def _in_python(key: str) -> str:
    return "/".join(map(in_python, key.split("/")))


def _as_quotient(key: str) -> str:
    of, by = key.split("/")
    return f"d{of}/d{by}"


# ---------------------------------------------------------------- notations


class _Notation(NamedTuple):
    """How formulas are written: the functions that `text` and `latex` share, with the names filled in."""

    module: Any
    names: Callable[[str], str]
    call: Callable[[str, str], str]
    partial: Callable[[str, str], str]

    def sides(self, order: Sequence[Index], values: Sequence[Expr]) -> list[str]:
        return list(self.module.sides(order, values, self.names))

    def indexed(self, e: Expr) -> str:
        return str(self.module.indexed(apart(e), self.names))


def _in_text(derivation: Derivation) -> _Notation:
    moved = _moved(derivation, str, "R{{{}}}".format, "V_{{{}}}".format)
    return _Notation(
        text, lambda n: moved.get(n) or text.name(n), "{}({})".format, lambda above, below: f"∂{above}/∂{below}"
    )


def _in_latex(derivation: Derivation) -> _Notation:
    stack = derivation.stack
    of = [*(d.equation.lhs.name for d in stack.forward), *(p.symbol.name for p in stack.parameters)]
    plain = latex.namer(of, stack.loss.equation.lhs.name)
    moved = _moved(derivation, plain, r"\mathcal{{R}}\{{{}\}}".format, "V_{{{}}}".format)
    return _Notation(
        latex,
        lambda n: moved.get(n) or plain(n),
        lambda function, argument: latex.call(function.replace("_", r"\_"), argument),
        lambda above, below: rf"\frac{{\partial {above}}}{{\partial {below}}}",
    )


def _moved(
    derivation: Derivation, names: Callable[[str], str], along: Callable[[str], str], part: Callable[[str], str]
) -> dict[str, str]:
    """What R{q} and the parts of the direction are written as, by their names in formulas."""
    quantities = [d.equation.lhs.name for d in derivation.stack.forward]
    quantities += [d.equation.lhs.name for d in derivation.chain]
    out = {directional_name(n): along(names(n)) for n in quantities}
    return out | {direction_name(p.symbol.name): part(names(p.symbol.name)) for p in derivation.stack.parameters}


# ---------------------------------------------------------------- what is said


class _Composer:
    """The blocks of one explanation. An equation's anchor is the name that it defines."""

    def __init__(self, derivation: Derivation, notation: _Notation) -> None:
        self.derivation = derivation
        self.stack = derivation.stack
        self.notation = notation
        self.forward = {d.equation.lhs.name: d for d in (*self.stack.forward, self.stack.loss)}
        self.chain = {d.equation.lhs.name: d for d in derivation.chain}
        self.anchors: set[str] = set()

    def blocks(self, found: Found) -> Iterator[DocBlock]:
        match found:
            case Definition():
                yield Paragraph(say("Given in the spec, layer {}:", InlineCode(found.layer)))
                yield self.equations(found.equation.lhs.name, self.definition(found))
            case Derived():
                yield from self.derived(found)
            case LocalJacobian():
                yield from self.jacobian(found)
            case Directional():
                yield from self.directional(found)

    def equations(self, anchor: str, rows: Sequence[Row]) -> Equations:
        self.anchors.add(anchor)
        return Equations(tuple(rows), len(self.anchors), anchor)

    def definition(self, d: Definition) -> list[Row]:
        """The forward formula; of a named function, its call and then what that is."""
        left, right = self.notation.sides(d.equation.lhs.indices, [d.equation.lhs, apart(d.equation.rhs)])
        if d.function is None or d.argument is None:
            return [Row(left, right)]
        name = self.notation.names(d.equation.lhs.name)
        call = self.notation.call(d.function, self.notation.names(d.argument.name))
        if (left, right) == (name, call):
            return [Row(name, call)]
        return [Row(name, call), Row("" if left == name else left, right)]

    def value(self, d: Derived) -> list[Row]:
        """∂L/∂q as it was found, under its name."""
        left, right = self.notation.sides(d.equation.lhs.indices, [d.equation.lhs, apart(d.equation.rhs)])
        return [Row(left, right)]

    def named(self, d: Derived) -> list[Row]:
        """∂L/∂q with its name and value."""
        (row,) = self.value(d)
        name, of = self.notation.names(d.equation.lhs.name), self.partial(d)
        return [Row(f"{name} = {of}", row.right) if row.left == name != of else row]

    def partial(self, d: Derived) -> str:
        return self.notation.partial(self.notation.names(d.of), self.notation.names(d.by.name))

    def used(self, names: Sequence[str]) -> Iterator[DocBlock]:
        """The equations that the steps read, so that they stand before them."""
        known = [n for n in dict.fromkeys(names) if n in self.forward or n in self.chain]
        if known:
            yield Paragraph(("Known:",))
        for n in known:
            yield self.equations(
                n, self.definition(self.forward[n]) if n in self.forward else self.named(self.chain[n])
            )

    def derived(self, d: Derived) -> Iterator[DocBlock]:
        """∂L/∂q by the chain rule over the formulas that read q, then one law a line."""
        lhs = d.equation.lhs
        readers = [n for n, f in self.forward.items() if d.by.name in f.equation.rhs.names]
        incoming = [n for r in readers for n, c in self.chain.items() if c.by.name == r and n in _names(d.steps)]
        yield from self.used([*readers, *incoming, *(n for s in d.steps for n in s.where)])
        heads: list[Expr] = [lhs, symbol(f"d{d.by.name}", lhs.indices)]
        values = [*heads, *(apart(s.after) for s in d.steps)]
        texts = self.notation.sides(lhs.indices, values)
        if have_diagonal(lhs.indices, values):
            # Sums over an axis and scaled rows are clearer entry by entry.
            texts = [self.notation.indexed(v) for v in (*heads, *(s.after for s in d.steps))]
        yield Paragraph(say("By the chain rule, {} is", Math(self.partial(d))))
        yield self.equations(lhs.name, self.rows(texts[0], texts[2:], d.steps))
        (result,) = self.value(d)
        if (result.left, result.right) != (texts[0], texts[-1]):
            yield Paragraph(("In matrices:",))
            yield self.equations(f"{lhs.name}-matrix", [result])

    def rows(self, left: str, texts: Sequence[str], steps: Sequence[Step]) -> list[Row]:
        """A line a step; steps that read alike are one line, with both reasons."""
        rows: list[Row] = []
        for right, step in zip(texts, steps, strict=True):
            if rows and rows[-1].right == right:
                rows[-1] = Row(rows[-1].left, right, (*rows[-1].reason, "; ", *self.reason(step)))
            else:
                rows.append(Row("" if rows else left, right, self.reason(step)))
        return rows

    def reason(self, step: Step) -> Line:
        """The law's name, and the fact or the equation that it used."""
        facts = {f.text: f for f in self.stack.facts}
        out: list[Inline] = [step.law.name]
        for name in step.where:
            if name in facts:
                fact = facts[name]
                out += [", ", Math(f"{self.notation.indexed(fact.left)} = {self.notation.indexed(fact.right)}")]
            elif name in self.anchors:
                out += [", ", Reference(name)]
        return tuple(out)

    def jacobian(self, j: LocalJacobian) -> Iterator[DocBlock]:
        """∂output/∂by entry by entry, then as the matrix that the conventions make of it."""
        yield from self.used([j.output.name, *(n for s in j.steps for n in s.where)])
        left = self.notation.partial(self.notation.indexed(j.output), self.notation.indexed(j.by))
        first = j.steps[0].before if j.steps else j.value
        rows = [Row(left, self.notation.indexed(first), ("differentiated",))]
        after = [self.notation.indexed(s.after) for s in j.steps]
        yield Paragraph(("Entry by entry:",))
        yield self.equations("entries", [*rows, *(Row("", r.right, r.reason) for r in self.rows("", after, j.steps))])
        conventions, batch = self.stack.conventions, self.stack.batch
        left, right = self.notation.module.jacobian(j, conventions, batch, self.notation.names)
        if (left, right) != (rows[0].left, after[-1] if after else rows[0].right):
            yield Paragraph(say("As a matrix, {} layout, {}-stacking vec:", conventions.jacobian, conventions.vec[:-1]))
            yield self.equations("matrix", [Row(left, right)])

    def directional(self, d: Directional) -> Iterator[DocBlock]:
        """R{q}: the formula of q, differentiated along a direction V of all parameters."""
        yield from self.used([d.of.name])
        yield Paragraph(("Its derivative where the parameters move along V:",))
        values = [d.equation.lhs, apart(d.equation.rhs)]
        left, right = self.notation.sides(d.equation.lhs.indices, values)
        yield self.equations(d.equation.lhs.name, [Row(left, right)])


def _names(steps: Sequence[Step]) -> set[str]:
    return {n for s in steps for n in s.after.names}


# ---------------------------------------------------------------- as text


def _text(document: Document) -> str:
    """Paragraphs, and equations with a line a step and its law beside it."""
    out = [document.title, _words(document.subtitle)]
    for block in document.blocks:
        if isinstance(block, Paragraph):
            out += ["", _words(block.line)]
        elif isinstance(block, Equations):
            out += _rows(block.rows)
    return "\n".join(out) + "\n"


WIDEST = 100
"""Lines longer than this do not push the laws of the others to the right."""


def _rows(rows: Sequence[Row]) -> list[str]:
    indent = max(len(row.left) for row in rows)
    lines = [f"  {row.left:>{indent}} {row.relation} {row.right}" for row in rows]
    width = max((len(line) for line in lines if len(line) <= WIDEST), default=0)
    reasons = [_words(row.reason) for row in rows]
    return [f"{line:<{width}}    {why}" if why else line for line, why in zip(lines, reasons, strict=True)]


def _words(line: Line) -> str:
    out = ""
    for part in line:
        match part:
            case str():
                out += part
            case Math():
                out += part.latex
            case InlineCode() | Reference():
                out += part.text if isinstance(part, InlineCode) else part.anchor
    return out


FORMATS: dict[str, Callable[[Document], str]] = {
    "text": _text,
    "latex": latex_doc.write,
    "markdown": markdown_doc.write,
}
