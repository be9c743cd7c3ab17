"""Curvature -> a NumPy module: the factors of each sample that the Hessian is made of, and its blocks in terms of them.

A term of a block is Σ_n Π factors. What a factor sums inside a sample (a convolution's places) is summed where it is
computed, so that over the samples n there stands one product of arrays, each with its own labels:

    (scale, (("X", "n i"), ("J_delta1_A1", "n j j3"), ("X", "n i3")), "i j", "i3 j3")

is scale · Σ_n X[n,i] J_delta1_A1[n,j,j3] X[n,i3] in row (i, j) and column (i3, j3). A label that rows and columns share
is a Kronecker symbol: all entries where the two differ are 0.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sympy

from symjac.calculus.stabilise import stabilise
from symjac.codegen.array import volume
from symjac.codegen.body import Body
from symjac.codegen.code import ATOM, CodeName, CodePart, CodeText, atom, between, named, suffix
from symjac.codegen.lines import WIDTH, CodeStatement, indented, read_by, sizes_read, unpacked, written
from symjac.codegen.lower import lower_equation
from symjac.codegen.lowering import told
from symjac.codegen.outline import (
    ARRAY,
    INT,
    TEMPLATE,
    Argument,
    Constant,
    Function,
    Module,
    Section,
    arrays,
    laid_out,
    reads_of,
)
from symjac.codegen.scalar_code import HELPER_NAMES, SHARE
from symjac.codegen.scalar_code import number as scalar_number
from symjac.codegen.shared import given, helpers, open_sizes, shapes
from symjac.core.expr import (
    ONE,
    Add,
    Contract,
    Equation,
    Expr,
    Identity,
    Map,
    Number,
    Symbol,
    add,
    apply,
    contract,
    number,
    rename,
    symbol,
    transform,
    walk,
)
from symjac.core.index import LETTERS, Index, size_symbol
from symjac.derivation.hessian_blocks import Curvature, HessianBlock
from symjac.model.names import in_python
from symjac.printing import text

_PREAMBLE = (
    "Factors of each sample, and every block as a sum of their products over the samples. "
    "A term is (scale, factors, labels of the row, labels of the column); a factor is the name of an array "
    f"and the labels of its axes, n for the samples. Laid out by templates/{TEMPLATE}."
)


def generate_blocks(curvature: Curvature) -> str:
    """The source of the module."""
    return laid_out(_Writer(curvature).module())


@dataclass(frozen=True, slots=True)
class _Factor:
    """An array of the module; `labels` are those of its axes, the batch first where it has it."""

    name: str
    labels: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class _Term:
    scale: sympy.Expr
    factors: tuple[_Factor, ...]
    row: tuple[Index, ...]
    column: tuple[Index, ...]


class _Writer:
    def __init__(self, curvature: Curvature) -> None:
        self.curvature = curvature
        stack = self.stack = curvature.derivation.stack
        self.batch = Index("n", stack.batch)
        self.inputs = [in_python(s.name) for s in stack.inputs]
        self.parameters = [in_python(p.symbol.name) for p in stack.parameters]
        self.sizes = open_sizes(stack)
        self.known = {
            q.lhs.name: q
            for q in (
                *(d.equation for d in stack.forward),
                *curvature.products,
                *(s.equation for s in curvature.sensitivities),
            )
        }
        self.values = {d.equation.lhs.name: d.equation for d in stack.forward}
        constants = [in_python(name) for name, _ in stack.constants]
        self.taken = {*self.inputs, *self.parameters, *map(in_python, self.known), *constants, *self.sizes}
        self.taken |= {"params", "np", "math", "factors", "blocks", *HELPER_NAMES, SHARE}
        self.samples = self._free("samples")
        self.arrays: dict[Expr, str] = {}
        """What the factors of the terms are, over the batch index and then letters, and their names."""

    # ------------------------------------------------------------ what the module has

    def module(self) -> Module:
        found = [(b, self._terms(b)) for b in self.curvature.blocks]
        factors, largest = self._factors()
        terms = self._blocks([statement for b, terms in found for statement in self._printed(b, terms)])
        reads = factors.reads | terms.reads
        stable = helpers(reads)
        reads |= reads_of(stable)
        constants = [(in_python(name), scalar_number(value)) for name, value in self.stack.constants]
        return Module(
            f"{self.stack.name}: the Hessian of its loss, in blocks, by symjac from {self.stack.source}.",
            tuple(textwrap.wrap(_PREAMBLE, WIDTH)),
            (
                Section(
                    (
                        Constant("INPUTS", shapes(self.stack.inputs)),
                        Constant("PARAMETERS", shapes(p.symbol for p in self.stack.parameters)),
                        Constant("NUMBERS", atom(str(largest)), "a sample, in all arrays of `factors`"),
                        *(Constant(name, value) for name, value in constants if name in reads),
                    ),
                    functions=(*stable, *given(reads), factors, terms),
                ),
            ),
        )

    def _blocks(self, terms: Sequence[CodeStatement]) -> Function:
        doc = "(row, column, terms) for each pair of parameters; what is not here is the transpose of one that is."
        lines = indented(line for t in terms for line in t.lines)
        returned = written("return (", *lines, ")", reads=read_by(terms))
        return Function("blocks", (Argument(self.samples, INT),), named("tuple"), doc, (returned,))

    # ------------------------------------------------------------ a block as terms

    def _terms(self, b: HessianBlock) -> list[_Term]:
        return [self._term(b, e) for e in _summands(b.value, self.stack.batch)]

    def _term(self, b: HessianBlock, e: Expr) -> _Term:
        e = self._totals(e)
        factors = list(e.factors if isinstance(e, Contract) else (e,))
        summed = e.summed if isinstance(e, Contract) else ()
        scale = sympy.Mul(*(f.value for f in factors if isinstance(f, Number)))
        factors = [f for f in factors if not isinstance(f, Number)]
        row, column = b.row.indices, b.column.indices
        while (tie := next((f for f in factors if _ties(f, summed)), None)) is not None:
            assert isinstance(tie, Identity)
            one, other = tie.target, tie.terms[0][1]
            kept, gone = (one, other) if one in row else (other, one)
            factors.remove(tie)
            factors = [g for f in factors if (g := rename(f, {gone: kept})) is not ONE]
            row, column = (tuple(kept if i is gone else i for i in side) for side in (row, column))
        order = tuple(dict.fromkeys([*row, *column]))
        batch = next((i for i in summed if i.size == self.stack.batch), None)
        inner = [i for i in summed if i is not batch]
        groups = _merged(_connected(factors, inner), batch, order)
        by_sample = [g for g in groups if batch in g.free]
        if batch is not None and len(by_sample) == 1 and _sums(by_sample[0]):
            groups[groups.index(by_sample[0])] = contract(by_sample, [batch])
        return _Term(scale, tuple(self._factor(g, batch, order) for g in groups), row, column)

    def _factor(self, e: Expr, batch: Index | None, order: Sequence[Index]) -> _Factor:
        """The array of `e`, named: a quantity's own name where it is one. Equal but for labels, it is one array."""
        if isinstance(e, Symbol) and len(set(e.indices)) == len(e.indices):
            labels = tuple(i for i in e.indices if i is not batch)
        else:
            labels = tuple(i for i in order if i in e.free)
        plain = tuple(Index(letter, i.size) for letter, i in zip(_letters(), labels, strict=False))
        names = dict(zip(labels, plain, strict=True))
        by_sample = batch in e.free
        if by_sample and batch is not None:
            names[batch] = self.batch
        key = rename(e, names)
        if key not in self.arrays:
            own = isinstance(e, Symbol) and len(set(e.indices)) == len(e.indices)
            self.arrays[key] = in_python(e.name) if own and isinstance(e, Symbol) else self._free("F", 1)
        # What is summed over the samples already, in part, keeps an axis for them: the caller adds its parts.
        of_samples = by_sample or any(i.size == self.stack.batch for n in walk(e) for i in n.free)
        return _Factor(self.arrays[key], (self.batch, *labels) if of_samples else labels)

    def _totals(self, e: Expr) -> Expr:
        """`e` with the number of samples, where it is a number and not an axis, as the number of all of them."""
        totals = {self.stack.batch: size_symbol(self.samples)}

        def law(node: Expr) -> Expr | None:
            if isinstance(node, Number):
                return number(node.value.xreplace(totals))
            if isinstance(node, Map) and self.stack.batch in node.formula.free_symbols:
                return apply(node.formula.xreplace(totals), node.args)
            return None

        return transform(e, law)

    # ------------------------------------------------------------ bodies

    def _factors(self) -> tuple[Function, int]:
        """The function `factors`, and how many numbers a sample its arrays hold together."""
        needed = frozenset().union(*(e.names for e in self.arrays))
        wanted: list[Equation] = []
        for equation in reversed(self.known.values()):
            if equation.lhs.name in needed:
                wanted.append(Equation(equation.lhs, self._totals(equation.rhs)))
                needed |= equation.rhs.names
        body, numbers = Body(self.taken), 0
        for equation in reversed(wanted):
            self._assign(body, equation, in_python(equation.lhs.name))
            numbers += self._volume(equation.lhs.indices)
        values: dict[str, CodeText] = {}
        for e, name in self.arrays.items():
            labels = [i for i in _in_letters(e) if i is not self.batch]
            axes = (self.batch, *labels) if self.batch in e.free else tuple(labels)
            of_samples = any(i is self.batch for n in walk(e) for i in n.free)
            values[name] = named(name)
            if isinstance(e, Symbol) and name == in_python(e.name):
                axes = (*([self.batch] if self.batch in e.free else []), *(i for i in e.indices if i is not self.batch))
                values[name] = lower_equation(Equation(symbol("unit", axes), e), self.dtype)
            else:
                self._assign(body, Equation(symbol(name, axes), e), name)
            if of_samples and self.batch not in e.free:
                values[name] = suffix(named(name), "[None]")
            numbers += self._volume(axes)
        rows = indented(f'"{name}": {value.text},' for name, value in values.items())
        body.add(written("return {", *rows, "}", reads=frozenset().union(*(v.names for v in values.values()))))
        return self._factor_function(body.statements), numbers

    def _factor_function(self, body: Sequence[CodeStatement]) -> Function:
        read = read_by(body)
        read = read.union(*(source.names for size, source in self.sizes.items() if size in read))
        before = [*unpacked(self.parameters, read, named("params")), *sizes_read(self.sizes, read)]
        sequence = CodeText((CodeName("Sequence"), "[", CodePart(ARRAY, 0), "]"), ATOM)
        arguments = (Argument("params", sequence), *arrays(self.inputs), Argument(self.samples, INT))
        doc = "The arrays that `blocks` names, for some of the samples; "
        doc += f"`{self.samples}` is the number of all of them."
        returns = between("dict[str, ", [ARRAY], "]")
        return Function("factors", arguments, returns, doc, (*before, *body))

    @property
    def dtype(self) -> str:
        return f"{self.inputs[0]}.dtype"

    def _assign(self, body: Body, equation: Equation, name: str) -> None:
        """The formula as a comment, then the assignment."""
        body.comment(text.equation(equation.lhs, equation.rhs, names=in_python))
        inputs = [s.name for s in self.stack.inputs]
        rhs, steps = stabilise(equation.rhs, self.values, inputs, equation.lhs.name not in self.values)
        told(body, [step.law.name for step in steps])
        body.assign(name, lower_equation(Equation(equation.lhs, rhs), self.dtype))

    def _volume(self, axes: Iterable[Index]) -> int:
        return volume(i for i in axes if i.size != self.stack.batch)

    def _printed(self, b: HessianBlock, terms: Sequence[_Term]) -> list[CodeStatement]:
        """A block as a tuple, its formula above it."""
        body = Body([])
        names = [in_python(s.name) for s in (b.row, b.column)]
        axes = (*b.row.indices, *b.column.indices)
        body.comment(f"∂²L/∂{names[0]}∂{names[1]} = {text.expression(self._totals(b.value), axes, in_python)}")
        rows = []
        scales = [scalar_number(t.scale) for t in terms]
        for t, scale in zip(terms, scales, strict=True):
            factors = [f'("{f.name}", "{_spelt(f.labels)}")' for f in t.factors]
            inner = ", ".join(factors) + "," * (len(factors) == 1)
            rows.append(f'        ({scale.text}, ({inner}), "{_spelt(t.row)}", "{_spelt(t.column)}"),')
        lines = ["(", f'    "{names[0]}",', f'    "{names[1]}",', "    (", *rows, "    ),", "),"]
        body.add(written(*lines, reads=frozenset().union(*(s.names for s in scales))))
        return body.statements

    # ------------------------------------------------------------ words

    def _free(self, wanted: str, count: int = 0) -> str:
        """A name that is not taken yet, with a number from `count` on where that is not 0."""
        name = f"{wanted}{count or ''}"
        while name in self.taken:
            count += 1
            name = f"{wanted}{count}"
        self.taken.add(name)
        return name


# ---------------------------------------------------------------- a sum of products over samples


def _summands(e: Expr, batch: sympy.Symbol) -> list[Expr]:
    """The terms of a sum; a product over a sum of sums over samples is multiplied out."""
    if isinstance(e, Add):
        return [t for term in e.terms for t in _summands(term, batch)]
    if isinstance(e, Contract):
        for f in e.factors:
            if isinstance(f, Add) and any(_sums_over(n, batch) for n in walk(f)):
                others = [g for g in e.factors if g is not f]
                return _summands(add(*(contract([*others, t], e.summed) for t in f.terms)), batch)
    return [e]


def _sums_over(e: Expr, size: sympy.Expr) -> bool:
    return isinstance(e, Contract) and any(i.size == size for i in e.summed)


def _ties(f: Expr, summed: Collection[Index]) -> bool:
    """True for 1[i = j] of two labels."""
    return isinstance(f, Identity) and f.plain and not set(summed).intersection(f.free)


def _connected(factors: Sequence[Expr], inner: Sequence[Index]) -> list[Expr]:
    """The factors, those that share an index of `inner` multiplied and summed over it."""
    groups: list[list[Expr]] = []
    for f in factors:
        mine = set(inner).intersection(f.free)
        met = [g for g in groups if any(mine.intersection(h.free) for h in g)]
        groups = [g for g in groups if g not in met] + [[*(h for g in met for h in g), f]]
    return [contract(g, [i for i in inner if any(i in f.free for f in g)]) for g in groups]


def _merged(groups: Sequence[Expr], batch: Index | None, order: Sequence[Index]) -> list[Expr]:
    """The factors, those of a sample multiplied into others that have all their labels."""
    out: list[Expr] = []
    for g in sorted(groups, key=lambda g: -len(g.free)):
        place = next((p for p, other in enumerate(out) if batch in g.free and set(g.free) <= set(other.free)), None)
        if place is None:
            out.append(g)
        else:
            out[place] = contract([g, out[place]])
    return sorted(out, key=lambda g: [order.index(i) for i in order if i in g.free])


def _sums(e: Expr) -> bool:
    return any(isinstance(n, Contract) and n.summed for n in walk(e))


def _letters() -> list[str]:
    """Names of labels, more than any array has."""
    return [*LETTERS, *(f"{letter}{number}" for number in range(1, 4) for letter in LETTERS)]


def _in_letters(e: Expr) -> list[Index]:
    """The free indices of an array's formula in the order of its axes."""
    letters = ["n", *_letters()]
    return sorted(e.free, key=lambda i: letters.index(i.name))


def _spelt(labels: Iterable[Index]) -> str:
    return " ".join(i.name for i in labels)
