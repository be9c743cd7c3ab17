"""A derivation as a document: what is said, in which order, before it is LaTeX, HTML or Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import sympy

from symjac.calculus.simplify import FACT
from symjac.calculus.stabilise import stabilise
from symjac.calculus.trace import Derived, Law, Step, SumFact
from symjac.core import expr, scalar
from symjac.core.expr import Expr, Map, Symbol, names_read, walk
from symjac.core.faults import summary
from symjac.derivation.chain import Derivation
from symjac.derivation.step import step_map
from symjac.documents import html_doc, latex_doc, markdown_doc, second_order, unsaid
from symjac.documents.content import (
    DocBlock,
    DocList,
    Document,
    Equations,
    Heading,
    Inline,
    InlineCode,
    Line,
    Math,
    Paragraph,
    Reference,
    Row,
    Table,
    listed,
    say,
)
from symjac.model.stack import Definition, Stack
from symjac.printing import latex, wording
from symjac.printing.apart import apart
from symjac.printing.forms import have_commutation, have_diagonal

FORMATS: dict[str, Callable[[Document], str]] = {
    "latex": latex_doc.write,
    "html": html_doc.write,
    "markdown": markdown_doc.write,
}

MANY = 8
"""With more layers than this, a chain that repeats an earlier one's laws is given by its result."""


def document(derivation: Derivation, format: str) -> str:
    """The derivation in one of FORMATS. Raises KeyError for another."""
    return FORMATS[format](compose(derivation))


def compose(derivation: Derivation) -> Document:
    """What the document says, in neutral blocks; a chapter that cannot be written says so in its place."""
    return _Composer(derivation).document()


class _Composer:
    """Builds the blocks in the order of reading; equations are numbered as they come."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.stack: Stack = derivation.stack
        self.number = 0
        self.anchors: dict[str, str] = {}
        """Where a name is defined: `Z_1`, `dZ_1` -> the anchor of its equation."""
        self.laws: dict[str, Law] = {}
        self.shown: set[tuple[str, ...]] = set()
        self.missing: list[str] = []
        """The chapters that could not be written, and why."""
        self.many = sum(d.kind == "affine" for d in self.stack.forward) > MANY
        quantities = [d.equation.lhs.name for d in self.stack.forward]
        self.names = latex.namer([*quantities, *(p.symbol.name for p in self.stack.parameters)], self.loss_name)

    def document(self) -> Document:
        chapters = (
            self.opening(),
            self.conventions(),
            self.network(),
            self.notation(),
            self.forward(),
            self.loss(),
            self.jacobians(),
            self.errors(),
            self.gradients(),
            self.update(),
            second_order.chapter(self.derivation, self.names, self.equations),
            self.stabilisation(),
            self.law_list(),
        )
        blocks = [block for chapter in chapters for block in self.chapter(chapter)]
        subtitle = say("Derived from the forward formulas in {}", InlineCode(self.stack.source))
        return Document(f"The gradients of {self.stack.name}", subtitle, tuple(blocks), tuple(self.missing))

    def chapter(self, blocks: Iterator[DocBlock]) -> list[DocBlock]:
        """The blocks; where a fault of symjac's own stops them, those before it, and what it was."""
        out: list[DocBlock] = []
        try:
            out.extend(blocks)  # block by block: what was written stays
        except Exception as error:
            title = next((b.text for b in out if isinstance(b, Heading)), "first")
            self.missing.append(f"the chapter “{title}” breaks off: {summary(error)}")
            out += [Paragraph(say(wording.MISSING, InlineCode(summary(error)))), unsaid.CLAIMS]
        return out

    # ------------------------------------------------------------ formulas

    @cached_property
    def loss_name(self) -> str:
        return self.stack.loss.equation.lhs.name

    @property
    def has_access(self) -> bool:
        """True where a formula reads entries at computed places, which may lie outside of an array."""
        return any(isinstance(n, expr.Identity) for d in self.stack.forward for n in walk(d.equation.rhs))

    def math(self, identifier: str) -> Math:
        return Math(self.names(identifier))

    def shape(self, symbol: Symbol) -> Line:
        sizes = [latex.size(s) for s in symbol.shape]
        return (Math(r" \times ".join(sizes)),) if sizes else ("number",)

    def constants(self, constants: Sequence[tuple[str, sympy.Expr]]) -> Line:
        return listed(Math(f"{latex.name(name)} = {_decimal(value)}") for name, value in constants)

    def indexed(self, e: Expr) -> str:
        return latex.indexed(apart(e), self.names)

    def row(self, lhs: Symbol, rhs: Expr) -> Row:
        left, right = latex.sides(lhs.indices, [lhs, apart(rhs)], self.names)
        return Row(left, right)

    def fact(self, fact: SumFact) -> str:
        return f"{self.indexed(fact.left)} = {self.indexed(fact.right)}"

    def equations(self, anchor: str, rows: Sequence[Row]) -> Equations:
        self.number += 1
        return Equations(tuple(rows), self.number, anchor)

    # ------------------------------------------------------------ the head

    def opening(self) -> Iterator[DocBlock]:
        yield Paragraph(say(wording.OPENING))

    def conventions(self) -> Iterator[DocBlock]:
        chosen = self.stack.conventions
        yield Heading("Conventions", "conventions")
        yield unsaid.NO_CLAIMS
        yield DocList(
            (
                (("Samples",), say(wording.SAMPLES[chosen.samples], Math(latex.size(self.stack.batch)))),
                (("Gradients",), say("A gradient has the shape of the parameter that it belongs to.")),
                (("Jacobians",), say(wording.JACOBIAN[chosen.jacobian])),
                (("Vectorisation",), say(wording.VEC[chosen.vec])),
                (("Kinks",), say(wording.KINKS)),
                (("Signs",), say(wording.SIGNS)),
                *([(("Edges",), say(wording.EDGES))] if self.has_access else []),
            )
        )

    def network(self) -> Iterator[DocBlock]:
        rows: list[tuple[Line, ...]] = []
        left = {p.symbol.name: p.symbol for p in self.stack.parameters}
        total = sympy.Integer(0)
        for d in self.stack.forward:
            own = [left.pop(name) for name in names_read(d.equation.rhs) if name in left]
            count = sum((sympy.Mul(*s.shape) for s in own), sympy.Integer(0))
            total += count
            value = d.equation.lhs
            rows.append(
                (
                    (InlineCode(d.layer),),
                    (self.math(value.name),),
                    self.shape(value),
                    listed(self.math(s.name) for s in own),
                    _count(count) if own else (),
                )
            )
        yield Heading("The network at a glance", "network")
        yield Table(
            (("Layer",), ("Value",), ("Shape",), ("Parameters",), ("Numbers",)),
            "llllr",
            tuple(rows),
            (("Together",), (), (), (), _count(total)),
        )

    def notation(self) -> Iterator[DocBlock]:
        stack = self.stack
        rows: list[tuple[Line, ...]] = [((Math(latex.size(stack.batch)),), ("number of samples",), ())]
        for place, symbol in enumerate(stack.inputs):
            rows.append(((self.math(symbol.name),), ("target" if place else "input",), self.shape(symbol)))
        reader = {name: d.equation.lhs.name for d in reversed(stack.forward) for name in names_read(d.equation.rhs)}
        for p in stack.parameters:
            name = p.symbol.name
            enters = say("parameter, enters {}", self.math(reader[name]))
            rows.append(((self.math(name),), enters, self.shape(p.symbol)))
        for d in stack.forward:
            what = wording.MEANINGS[d.kind] if d is not stack.forward[-1] else "output"
            rows.append(((self.math(d.equation.lhs.name),), (what,), self.shape(d.equation.lhs)))
        rows.append(((self.math(self.loss_name),), ("loss",), ("number",)))
        for derived in self.derivation.chain:
            if derived.kind == "delta":
                lhs = derived.equation.lhs
                error = say("error of {}", self.math(derived.by.name))
                rows.append(((self.math(lhs.name),), error, self.shape(lhs)))
        yield Heading("Notation", "notation")
        yield Table((("Symbol",), ("Meaning",), ("Shape",)), "lll", tuple(rows))
        if stack.constants:
            yield Paragraph(say("Constants: {}.", self.constants(stack.constants)))
        for fact in stack.facts:
            yield Paragraph(
                say("Declared, and used below: {}, written {}.", Math(self.fact(fact)), InlineCode(fact.text))
            )

    # ------------------------------------------------------------ forward

    def forward(self) -> Iterator[DocBlock]:
        yield Heading("Forward", "forward")
        yield unsaid.opening(self.stack, self.names)
        yield Paragraph(say("The network computes, in this order,"))
        functions: dict[str, Definition] = {}
        for d in self.stack.forward:
            lhs = d.equation.lhs
            row = self.row(lhs, d.equation.rhs)
            if d.function is not None and d.argument is not None:
                row = Row(self.names(lhs.name), latex.call(_function(d.function), self.names(d.argument.name)))
                functions.setdefault(d.function, d)
            self.anchors[lhs.name] = f"forward-{lhs.name}"
            yield self.equations(self.anchors[lhs.name], [row])
        defined = {name: d for name, d in functions.items() if name not in scalar.FUNCTIONS}
        if defined:
            yield Paragraph(say("where"))
        for name, d in defined.items():
            yield self.equations(f"function-{name}", [self.function(name, d)])
        kinked = [name for name, d in functions.items() if _has_kink(d.equation.rhs)]
        if kinked:
            names = listed(Math(rf"\operatorname{{{_function(name)}}}") for name in kinked)
            yield Paragraph(say("The convention on kinks applies to {}.", names))

    def function(self, name: str, d: Definition) -> Row:
        """The function's own formula in x: of one number where it is elementwise, else of one entry."""
        rhs = d.equation.rhs
        call = latex.call(_function(name), "x")
        if isinstance(rhs, Map) and len(rhs.args) == 1 and isinstance(rhs.args[0], Symbol):
            return Row(call, latex.formula(rhs.formula, ["x"]))
        argument = d.argument.name if d.argument is not None else ""

        def in_x(node: Expr) -> Expr | None:
            return expr.symbol("x", node.indices) if isinstance(node, Symbol) and node.name == argument else None

        entry = ",".join(i.name for i in d.equation.lhs.indices)
        return Row(f"{call}_{{{entry}}}", self.indexed(expr.transform(rhs, in_x)))

    def loss(self) -> Iterator[DocBlock]:
        equation = self.stack.loss.equation
        yield Heading("Loss", "loss")
        output, target = self.stack.forward[-1].equation.lhs.name, self.stack.inputs[-1].name
        yield Paragraph(say("The output {} is judged against the target {} by", self.math(output), self.math(target)))
        self.anchors[equation.lhs.name] = "loss-value"
        yield self.equations("loss-value", [self.row(equation.lhs, equation.rhs)])

    # ------------------------------------------------------------ derivatives

    def jacobians(self) -> Iterator[DocBlock]:
        yield Heading("Local Jacobians", "jacobians")
        yield unsaid.samples(self.derivation, self.names)
        yield Paragraph(say(wording.JACOBIANS))
        for j in self.derivation.jacobians:
            left, right = latex.jacobian(j, self.stack.conventions, self.stack.batch, self.names)
            yield self.equations(f"jacobian-{j.output.name}-{j.by.name}", [Row(left, right)])
        if have_commutation(self.derivation.jacobians, self.stack.conventions, self.stack.batch):
            yield Paragraph(say(wording.COMMUTATION))

    def errors(self) -> Iterator[DocBlock]:
        yield Heading("Errors, from the loss backwards", "errors")
        yield unsaid.errors(self.derivation, self.names)
        yield Paragraph(say(wording.ERRORS, self.math(self.loss_name)))
        for d in self.derivation.chain:
            if d.kind != "gradient":
                yield from self.derived(d)

    def gradients(self) -> Iterator[DocBlock]:
        yield Heading("Gradients of the parameters", "gradients")
        yield Paragraph(say(wording.GRADIENTS))
        for d in self.derivation.chain:
            if d.kind == "gradient":
                yield from self.derived(d)
        if not self.many:
            yield Paragraph(say("All together, in the order in which they are computed:"))
            yield self.equations("result", [self.row(d.equation.lhs, d.equation.rhs) for d in self.derivation.backward])

    def derived(self, d: Derived) -> Iterator[DocBlock]:
        """∂L/∂q as a chain, one law a line; in index notation where a line has no matrix form, the result in both."""
        lhs, anchor = d.equation.lhs, f"{d.kind}-{d.by.name}"
        self.anchors[lhs.name] = anchor
        self.laws.update({s.law.name: s.law for s in d.steps})
        pattern = (d.kind, *(s.law.name for s in d.steps))
        if self.many and pattern in self.shown:
            yield self.equations(anchor, [self.row(lhs, d.equation.rhs)])
            return
        self.shown.add(pattern)
        heads = [lhs, expr.symbol(f"d{d.by.name}", lhs.indices)]
        values = [*heads, *(apart(s.after) for s in d.steps)]
        texts = latex.sides(lhs.indices, values, self.names)
        if have_diagonal(lhs.indices, values):
            # Sums over an axis and scaled rows are clearer entry by entry.
            texts = [self.indexed(v) for v in values if v is not heads[1] or d.kind != "delta"]
        left = " = ".join(dict.fromkeys(texts[: -len(d.steps)]))
        reasons = [self.reason(s) for s in d.steps]
        yield self.equations(anchor, self.chain(left, texts[-len(d.steps) :], reasons if len(reasons) > 1 else [()]))
        result = self.row(lhs, d.equation.rhs)
        if (result.left, result.right) != (texts[0], texts[-1]):
            yield Paragraph(say("In matrices,"))
            yield self.equations(f"{anchor}-matrix", [result])

    def chain(self, left: str, texts: Sequence[str], reasons: Sequence[Line]) -> list[Row]:
        """The lines of a chain; steps that read alike are one line, with both reasons."""
        rows: list[Row] = []
        for text, reason in zip(texts, reasons, strict=True):
            if rows and rows[-1].right == text:
                rows[-1] = Row(rows[-1].left, text, (*rows[-1].reason, "; ", *reason))
            else:
                rows.append(Row("" if rows else left, text, reason))
        return rows

    def reason(self, step: Step) -> Line:
        """The law's name, and what it used: a declared fact, or the number of an equation."""
        out: list[Inline] = [step.law.name]
        facts = {f.text: f for f in self.stack.facts}
        for name in step.where:
            if name in facts:
                out += [", ", Math(self.fact(facts[name]))]
            elif name in self.anchors:
                out += [", ", Reference(self.anchors[name])]
        return tuple(out)

    # ------------------------------------------------------------ the end

    def update(self) -> Iterator[DocBlock]:
        update = self.stack.update
        yield Heading("Update", "update")
        yield unsaid.NO_CLAIMS
        loss = self.names(self.loss_name)
        manner = "elementwise to" if not update.has_state and len(update.assignments) == 1 else wording.ASSIGNMENTS
        yield Paragraph(
            say(
                f"One step of {{}} takes every parameter $\\theta$, with its gradient {{}}, {manner}",
                update.title,
                Math(rf"g = \partial {loss} / \partial \theta"),
            )
        )
        names = [latex.name(n) for n in update.variables]
        rows = [Row(latex.name(n), latex.formula(f, names), relation=r"\leftarrow") for n, f in update.assignments]
        yield self.equations("update-rule", rows)
        if update.constants:
            yield Paragraph(say("with {}.", self.constants(update.constants)))
        if update.has_state:
            yield from self.state()
            yield from self.step_jacobian()
        yield unsaid.CLAIMS

    def state(self) -> Iterator[DocBlock]:
        """What is kept from step to step, and how it starts."""
        update = self.stack.update
        if update.state:
            starts = listed(Math(f"{latex.name(name)} = {_decimal(value)}") for name, value in update.state)
            yield Paragraph(say(wording.STATE, starts))
        if update.counts:
            yield Paragraph(say(wording.COUNT))

    def step_jacobian(self) -> Iterator[DocBlock]:
        """The derivative of one step by the parameters and the state before it, in blocks."""
        step = step_map(self.stack.update)
        old = [latex.name(n) for n in step.given]
        names = [*old, *(latex.name(q.name) + "^{+}" * (q.name in step.moved) for q in step.quantities)]
        named: dict[str, str] = {}

        def entry(row: str, column: str, formula: sympy.Expr, unit: str) -> tuple[sympy.Expr, str]:
            """A multiple of `unit`; what differs from entry to entry of θ is a derivative, told below."""
            if not scalar.slots_of(formula):
                return formula, unit
            slope = rf"\frac{{\partial {latex.name(row)}^{{+}}}}{{\partial {latex.name(column)}}}"
            named[slope] = latex.formula(step.opened(formula), names)
            return sympy.Integer(1), rf"\operatorname{{diag}}\Bigl({slope}\Bigr)" + (" H" if unit == "H" else "")

        cells = [
            latex.combination([entry(b.row, b.column, b.diagonal, "I"), entry(b.row, "g", b.curved, "H")])
            for b in step.blocks
        ]
        above, below = ([f"{latex.name(n)}{mark}" for n in step.moved] for mark in ("^{+}", ""))
        left = rf"\frac{{\partial ({', '.join(above)})}}{{\partial ({', '.join(below)})}}"
        size = len(step.moved)
        rows = [" & ".join(cells[i * size : (i + 1) * size]) for i in range(size)]
        if size == 1:
            left, right = rf"\frac{{\partial {above[0]}}}{{\partial {below[0]}}}", cells[0]
        else:
            right = r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"
        yield Paragraph(say(wording.STEP, Math(self.names(self.loss_name))))
        yield self.equations("step-jacobian", [Row(left, right)])
        if named:
            yield Paragraph(say(wording.SLOPES if any(q.is_root for q in step.quantities) else "where"))
            yield self.equations("step-slopes", [Row(slope, value) for slope, value in named.items()])

    def stabilisation(self) -> Iterator[DocBlock]:
        """What the code computes in place of the forward formulas: one chain for each kind of change."""
        values = {d.equation.lhs.name: d.equation for d in self.stack.forward}
        chains: list[tuple[str, Equations]] = []
        used: set[type] = set()
        for d in (*self.stack.forward, self.stack.loss):
            equation = d.equation
            after, steps = stabilise(equation.rhs, values)
            key = d.function or equation.lhs.name
            if not steps or key in dict(chains):
                continue
            self.laws.update({s.law.name: s.law for s in steps})
            used |= {type(f) for n in walk(after) if isinstance(n, Map) for f in n.formula.atoms(*scalar.STABLE)}
            if isinstance(after, Map) and type(after.formula) in scalar.STABLE:
                continue
            texts = [self.indexed(v) for v in (equation.lhs, equation.rhs, *(s.after for s in steps))]
            rows = self.chain(texts[0], texts[1:], [(), *(self.reason(s) for s in steps)])
            chains.append((key, self.equations(f"stable-{equation.lhs.name}", rows)))
        if not chains:
            return
        yield Heading("Stable forms for computing", "stabilisation")
        yield Paragraph(say(wording.STABLE))
        yield from (block for _, block in chains)
        for function in sorted(used, key=lambda f: f.__name__):
            row = Row(latex.formula(function(scalar.slot(0)), ["u"]), latex.formula(scalar.STABLE[function], ["u"]))
            yield self.equations(f"stable-{function.__name__}", [row])

    def law_list(self) -> Iterator[DocBlock]:
        yield Heading("The laws", "laws")
        yield unsaid.NO_CLAIMS
        yield DocList(tuple(((law.name[0].upper() + law.name[1:],), self.statement(law)) for law in self.laws.values()))

    def statement(self, law: Law) -> Line:
        if law == FACT:
            return listed(Math(self.fact(f)) for f in self.stack.facts)
        return (Math(rf"\displaystyle {law.statement}"),)


# ---------------------------------------------------------------- small readings


def _count(number: sympy.Expr) -> Line:
    """A number of parameters: 39,760."""
    return (f"{int(number):,}",) if number.is_Integer else (Math(latex.size(number)),)


def _decimal(value: sympy.Expr) -> str:
    """A constant's value: 0.1 rather than a fraction where that is short."""
    short = value.is_Rational and not value.is_Integer and sympy.Rational(format(float(value), "g")) == value
    if not short:
        return latex.formula(value)
    mantissa, _, exponent = format(float(value), "g").partition("e")
    power = f"10^{{{int(exponent)}}}" if exponent else ""
    return power if power and mantissa == "1" else rf"{mantissa} \cdot {power}" if power else mantissa


def _function(name: str) -> str:
    """A function's name as LaTeX."""
    return name.replace("_", r"\_")


def _has_kink(e: Expr) -> bool:
    kinks = (sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise, sympy.sign)
    return any(isinstance(n, expr.Max) or (isinstance(n, Map) and n.formula.has(*kinks)) for n in walk(e))
