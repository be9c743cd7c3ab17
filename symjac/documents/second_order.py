"""The document's chapter of second order: products along a direction, the Hessian's blocks, the step's Jacobian."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import sympy
from sympy.matrices.expressions.diagonal import DiagMatrix

from symjac.calculus.matrix import SampleSum, block_form, sample_form
from symjac.core.expr import Symbol
from symjac.core.index import Index
from symjac.derivation.along import direction_name, directional, directional_name
from symjac.derivation.chain import Derivation
from symjac.derivation.hessian_blocks import Curvature, NotBySample, Sensitivity, curvature
from symjac.derivation.hessian_blocks import HessianBlock as Second
from symjac.derivation.step import linear_step
from symjac.documents import unsaid
from symjac.documents.content import DocBlock, Equations, Heading, Paragraph, Row, say
from symjac.printing import latex, wording
from symjac.printing.apart import apart
from symjac.printing.reading import Names

LAYERS = 4
"""Blocks grow with the square of the number of layers: beyond this many they are not printed."""
ALL_BLOCKS = 2
"""Up to this many layers both halves of the symmetric Hessian are printed."""

Numbered = Callable[[str, Sequence[Row]], Equations]


def chapter(derivation: Derivation, names: Names, numbered: Numbered) -> Iterator[DocBlock]:
    """`names` prints the derivation's names, `numbered` gives rows the next number."""
    yield Heading("Second order", "second-order")
    yield from _directional(derivation, names, numbered)
    layers = sum(d.kind == "affine" for d in derivation.stack.forward)
    if layers > LAYERS:
        return
    try:
        found = curvature(derivation)
    except NotBySample:
        yield Paragraph(say(wording.NOT_BY_SAMPLE))
        return
    yield from _Blocks(found, names, layers).blocks(numbered)


def _directional(derivation: Derivation, names: Names, numbered: Numbered) -> Iterator[DocBlock]:
    moved = directional(derivation)
    table = {d.equation.lhs.name: rf"\mathcal{{R}}\{{{names(d.of.name)}\}}" for d in moved}
    table |= {direction_name(p.symbol.name): f"V_{{{names(p.symbol.name)}}}" for p in derivation.stack.parameters}
    rows = []
    for d in moved:
        left, right = latex.sides(
            d.equation.lhs.indices, [d.equation.lhs, apart(d.equation.rhs)], lambda n: table.get(n) or names(n)
        )
        rows.append(Row(left, right))
    curved = {d.of.name for d in moved}
    for p in derivation.stack.parameters:
        gradient = f"d{p.symbol.name}"
        if gradient not in curved:
            rows.append(Row(rf"\mathcal{{R}}\{{{names(gradient)}\}}", "0"))
    yield unsaid.directions(derivation.stack, names)
    yield Paragraph(say(wording.DIRECTION))
    backward = [d for d in derivation.chain if directional_name(d.equation.lhs.name) in table and d.kind == "gamma"]
    if backward:
        yield Paragraph(say(wording.UNDER_NAMES))
    yield numbered("directional", rows)


class _Blocks:
    """The blocks by samples, with short names for what recurs."""

    def __init__(self, found: Curvature, names: Names, layers: int) -> None:
        self.found = found
        self.stack = found.derivation.stack
        self.names = names
        self.layers = layers
        self.numbers = {
            d.equation.lhs.name: n for n, d in enumerate((d for d in self.stack.forward if d.kind == "affine"), 1)
        }
        self.heads = self._heads()
        self.diagonals: dict[DiagMatrix, sympy.MatrixSymbol] = {}

    # ------------------------------------------------------------ names

    def _heads(self) -> dict[str, tuple[str, str]]:
        """The letter of each sensitivity and what stands below it; where two would be one, both say all."""
        heads = {s.equation.lhs.name: self.head(s) for s in self.found.sensitivities}
        times = Counter(heads.values())
        for s in self.found.sensitivities:
            letter, below = heads[s.equation.lhs.name]
            if times[letter, below] > 1:
                of = s.of.name if letter in "SP" else s.of.name[1:]
                heads[s.equation.lhs.name] = letter, f"{self.names(of)},{self.number(s.by)}"
        return heads

    def number(self, s: Symbol) -> str:
        """Of a pre-activation its number, else the name."""
        return str(self.numbers.get(s.name) or self.names(s.name))

    def head(self, s: Sensitivity) -> tuple[str, str]:
        """S for ∂y/∂a of one layer, M for ∂δ/∂a, P and N else, and what stands below."""
        deltas = {f"delta_{n}": n for n in self.numbers.values()}
        by = self.number(s.by)
        alone = self.layers <= ALL_BLOCKS
        if s.of.name in deltas:
            return "M", "" if alone and self.layers == 1 else f"{deltas[s.of.name]}{by}"
        if not any(d.equation.lhs.name == s.of.name for d in self.stack.forward):
            return "N", f"{by}" if alone else f"{self.names(s.of.name[1:])},{by}"
        local = any(d.equation.lhs.name == s.of.name and s.by.name in d.equation.rhs.names for d in self.stack.forward)
        if local:
            return "S", "" if self.is_output(s) else f"{by}"
        return "P", f"{by}" if self.is_output(s) else f"{self.names(s.of.name)},{by}"

    def is_output(self, s: Sensitivity) -> bool:
        return s.of.name == self.stack.forward[-1].equation.lhs.name

    def at_sample(self, n: str) -> Names:
        """Names in which a sensitivity is that of sample n."""

        def name(identifier: str) -> str:
            if identifier in self.heads:
                letter, below = self.heads[identifier]
                return f"{letter}_{{{below + ',' if below else ''}{n}}}"
            if identifier.startswith("slope_"):
                below = identifier.removeprefix("slope_") if len(self.diagonals) > 1 else ""
                return f"D_{{{below + ',' if below else ''}{n}}}"
            return self.names(identifier)

        return name

    def in_entries(self, identifier: str) -> str:
        if identifier not in self.heads:
            return self.names(identifier)
        letter, below = self.heads[identifier]
        return f"{letter}_{{{below}}}" if below else letter

    # ------------------------------------------------------------ forms

    def blocks(self, numbered: Numbered) -> Iterator[DocBlock]:
        sensitivities = [(s, self.sensitivity_form(s)) for s in self.found.sensitivities]
        pairs = list(self.pairs())
        sums = [self.block_form(b) for b in pairs]
        self.name_diagonals([f for _, f in sensitivities if f is not None] + [f.value for f in sums if f is not None])
        yield Paragraph(say(wording.HESSIAN))
        rows = [*self.diagonal_rows(), *(self.sensitivity_row(s, f) for s, f in sensitivities)]
        if rows:
            yield Paragraph(say(wording.FACTORS))
            yield numbered("factors", rows)
        step = linear_step(self.stack.update)
        moved = unsaid.step(self.stack, self.names)
        if moved is not None:
            yield moved
        yield Paragraph(say(wording.HESSIAN_BLOCKS if step is None else wording.STEP_BLOCKS))
        for b, f in zip(pairs, sums, strict=True):
            yield numbered(f"block-{b.row.name}-{b.column.name}", [self.row(b, f, step)])
        if None in sums:
            yield Paragraph(say(wording.ENTRIES))
        if self.layers > ALL_BLOCKS:
            yield Paragraph(say(wording.SYMMETRIC))

    def pairs(self) -> Iterator[Second]:
        if self.layers > ALL_BLOCKS:
            yield from self.found.blocks
            return
        names = [p.symbol.name for p in self.stack.parameters]
        for row in names:
            for column in names:
                yield self.found.block(row, column)

    def sensitivity_form(self, s: Sensitivity) -> sympy.Expr | None:
        lhs = s.equation.lhs
        n = self.batch(lhs)
        features = [i for i in lhs.indices if i is not n]
        if len(features) != 2:
            return None
        return sample_form(s.equation.rhs, features[0], features[1], n)

    def block_form(self, b: Second) -> SampleSum | None:
        row, column = (b.row, b.column) if self.stack.conventions.jacobian == "numerator" else (b.column, b.row)
        return block_form(b.value, row, column, vec=self.stack.conventions.vec, batch=self.stack.batch)

    def batch(self, s: Symbol) -> Index:
        return next(i for i in s.indices if i.size == self.stack.batch)

    def name_diagonals(self, forms: Sequence[sympy.Expr]) -> None:
        """A diagonal matrix that several forms have gets a name."""
        having = [{d for d in f.atoms(DiagMatrix) if _is_slope(d)} for f in forms]
        count = Counter(d for found in having for d in found)
        for found in having:
            for d in sorted((d for d in found - self.diagonals.keys() if count[d] > 1), key=str):
                self.diagonals[d] = sympy.MatrixSymbol(f"slope_{len(self.diagonals) + 1}", *d.shape)

    def named(self, form: sympy.Expr) -> sympy.Expr:
        return form.xreplace(self.diagonals)

    # ------------------------------------------------------------ rows

    def diagonal_rows(self) -> Iterator[Row]:
        for d, name in self.diagonals.items():
            names = self.at_sample("n")
            yield Row(names(name.name), latex.matrix_of(d, names))

    def sensitivity_row(self, s: Sensitivity, form: sympy.Expr | None) -> Row:
        lhs = s.equation.lhs
        n = self.batch(lhs).name
        if form is None:
            value = apart(s.equation.rhs)
            left, right = latex.sides(lhs.indices, [lhs, value], self.in_entries)
            return Row(f"{left} = {self.entry(s, latex.subscripts(lhs, value, self.in_entries))}", right)
        names = self.at_sample(n)
        of, by = (latex.sample(q.name, n, self.names) for q in (s.of, s.by))
        return Row(
            rf"{names(lhs.name)} = \frac{{\partial {of}}}{{\partial {by}}}", latex.matrix_of(self.named(form), names)
        )

    def entry(self, s: Sensitivity, below: list[str]) -> str:
        """The derivative whose entry has these indices: ∂of/∂by, both at the sample."""
        first = len(s.of.indices)
        texts = []
        for q, own in ((s.of, below[1:first]), (s.by, below[first:])):
            own.insert(q.indices.index(self.batch(q)), below[0])
            texts.append(latex.at(self.names(q.name), ",".join(own)))
        return rf"\frac{{\partial {texts[0]}}}{{\partial {texts[1]}}}"

    def row(self, b: Second, form: SampleSum | None, step: tuple[sympy.Expr, sympy.Expr] | None) -> Row:
        """∂P⁺/∂Q of the step, or ∂²L/∂P∂Q."""
        diagonal, curved = step or (sympy.Integer(0), sympy.Integer(1))
        plus = "^{+}" if step else ""
        if form is None:
            left = rf"\frac{{\partial^{{2}} {self.names(self.stack.loss.equation.lhs.name)}}}{{"
            left += rf"\partial {latex.indexed(b.row, self.names)} \, \partial {latex.indexed(b.column, self.names)}}}"
            return Row(left, latex.indexed(apart(b.value), self.in_entries))
        above, below = ((s if len(s.indices) < 2 else None) for s in (b.row, b.column))
        top = f"{self.names(b.row.name)}{plus}"
        top = top if above is not None else rf"\operatorname{{vec}}({top})"
        bottom = self.names(b.column.name)
        bottom = bottom if below is not None else rf"\operatorname{{vec}}({bottom})"
        if step:
            left = rf"\frac{{\partial {top}}}{{\partial {bottom}}}"
        else:
            left = rf"\frac{{\partial^{{2}} {self.names(self.stack.loss.equation.lhs.name)}}}{{"
            left += rf"\partial {top} \, \partial {bottom}}}"
        same = b.row.name == b.column.name and diagonal != 0
        first = [(diagonal, "I")] if same else []
        if form.coefficient == 0:
            return Row(left, latex.combination(first))
        body = latex.matrix_of(self.named(form.value), self.at_sample("n" if form.sample is None else form.sample.name))
        if isinstance(form.value, sympy.MatAdd):
            body = rf"\Bigl({body}\Bigr)"
        if form.sample is not None:
            body = rf"\sum_{{{form.sample.name}}} {body}"
        return Row(left, latex.combination([*first, (curved * form.coefficient, body)]))


def _is_slope(d: DiagMatrix) -> bool:
    """True for the slopes of one layer's function, where they are a product."""
    return len(d.args[0].atoms(sympy.MatrixSymbol)) == 1 and bool(d.args[0].has(sympy.HadamardProduct))
