"""Expressions as LaTeX: matrix form where there is one, index notation otherwise. One printer, one table of precedence.

What comes out needs amsmath and amssymb alone, and has no alignment, no line breaks and no delimiters: layout is the
document's. Vectors of ones and indicators are both a bold 1; an indicator's condition follows in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NamedTuple

import sympy
from sympy.printing.latex import LatexPrinter

from symjac.calculus import matrix
from symjac.calculus.trace import LocalJacobian
from symjac.core import expr, scalar
from symjac.core.expr import Expr
from symjac.core.index import Index
from symjac.model.stack import Conventions
from symjac.printing import reading
from symjac.printing.reading import Names

# ---------------------------------------------------------------- names

_GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|chi|psi|omega|"
    "Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
)
_GRADIENT = re.compile(r"d([A-Za-z](?:_[A-Za-z0-9]+)*)$")


def name(identifier: str) -> str:
    """`W_1` as W_{1}, `delta_1` as \\delta_{1}, `logits` upright, `dW_1` as ∂L/∂W_1."""
    gradient = _GRADIENT.match(identifier)
    return derivative(gradient[1]) if gradient else _plain(identifier)


def namer(parameters: Iterable[str], loss: str = "L") -> Names:
    """`name` where exactly the d-names of these parameters are gradients."""
    gradients = {f"d{p}": derivative(p, loss) for p in parameters}
    return lambda identifier: gradients.get(identifier) or _plain(identifier)


def derivative(by: str, of: str = "L") -> str:
    return rf"\frac{{\partial {_plain(of)}}}{{\partial {_plain(by)}}}"


def _plain(identifier: str) -> str:
    stem, _, below = identifier.partition("_")
    split = re.fullmatch(r"(.*[A-Za-z])(\d+)", stem)
    if split and not below:
        stem, below = split[1], split[2]
    top = stem if len(stem) == 1 else rf"\{stem}" if _GREEK.fullmatch(stem) else rf"\mathrm{{{stem}}}"
    return f"{top}_{{{_plain(below)}}}" if below and not below.isdigit() else f"{top}_{{{below}}}" if below else top


# ---------------------------------------------------------------- precedence


class Level(IntEnum):
    """How tightly a printed part holds together; what stands in a product or under a power is put in parentheses
    unless it holds tighter."""

    SUM = 1
    KRONECKER = 2
    HADAMARD = 3
    PRODUCT = 4
    POWER = 5
    ATOM = 6


class Part(NamedTuple):
    text: str
    """Without its sign."""
    level: Level
    negative: bool = False


_RELATIONS = {
    sympy.StrictGreaterThan: (">", ">"),
    sympy.GreaterThan: (r"\geq", "≥"),
    sympy.StrictLessThan: ("<", "<"),
    sympy.LessThan: (r"\leq", "≤"),
    sympy.Equality: ("=", "="),
    sympy.Unequality: (r"\neq", "≠"),
}
_FUNCTIONS = {sympy.atan: "arctan", sympy.asinh: "arcsinh", scalar.Logistic: "sigmoid", scalar.Softplus: "softplus"}
_FUNCTIONS |= {scalar.Log1p: "log1p", scalar.Expm1: "expm1", scalar.Erfc: "erfc"}
_KNOWN = {"exp", "log", "tanh", "sinh", "cosh", "sin", "cos", "tan", "arctan", "max", "min", "det"}
"""Functions that have a command of their own."""


# ---------------------------------------------------------------- the printer


class Printer(LatexPrinter):  # type: ignore[misc]
    """Prints SymPy scalars and matrices (`part`) and our expressions in index notation (`indexed`)."""

    KRONECKER = r" \otimes "
    HADAMARD = r" \odot "
    DIVIDE = r" \oslash "
    PRODUCT = " "
    SCALAR = r" \, "
    TIMES = " "
    """Between a coefficient and what it multiplies."""
    ONES = r"\mathbf{1}"
    MINUS = "-"
    INFINITY = r"\infty"
    RELATION = 0

    def __init__(self) -> None:
        super().__init__()
        self.holes: dict[sympy.Symbol, Part] = {}
        """What stands for a formula's placeholders."""
        self.elementwise = False
        """True where those are matrices, so that products among them are ⊙."""
        self.places: dict[Index, str] = {}
        """Indices that are printed as an affine expression of others."""

    # ---- words: what the Unicode printer says otherwise

    def name(self, identifier: str) -> str:
        return reading.token(identifier)

    def access(self, identifier: str, indices: Sequence[str]) -> Part:
        return Part(reading.token(identifier, "indices", ",".join(indices)), Level.ATOM)

    def index(self, i: Index) -> str:
        return self.places.get(i) or self.index_name(i.name)

    def index_name(self, identifier: str) -> str:
        return _plain(identifier)

    def fraction(self, above: Part, below: Part) -> Part:
        return Part(rf"\frac{{{above.text}}}{{{self.show(below)}}}", Level.POWER, above.negative)

    def over(self, above: sympy.Expr, p: Part, below: sympy.Expr) -> Part:
        """(above / below)·p for coefficients."""
        head = self.fraction(self.number(above), self.number(below))
        return Part(f"{head.text} {self.within(p, Level.KRONECKER)}", Level.PRODUCT)

    def raised(self, base: Part, exponent: str) -> Part:
        return Part(f"{reading.as_base(self.within(base, Level.ATOM))}^{{{exponent}}}", Level.POWER)

    def hadamard_power(self, base: Part, exponent: str) -> Part:
        return self.raised(base, rf"\odot {exponent}")

    def transposed(self, base: Part) -> Part:
        return self.raised(base, r"\top")

    def superscript(self, exponent: str) -> str:
        return f"^{{{exponent}}}"

    def entry(self, base: Part, indices: Sequence[str]) -> Part:
        """An entry of a matrix that is no name."""
        return Part(f"{self.within(base, Level.ATOM)}_{{{','.join(indices)}}}", Level.POWER)

    def call(self, function: str, *args: Part) -> Part:
        head = rf"\{function}" if function in _KNOWN else rf"\operatorname{{{function}}}"
        return Part(head + self.bracketed(", ".join(self.show(a) for a in args)), Level.ATOM)

    def root(self, body: Part) -> Part:
        return Part(rf"\sqrt{{{self.show(body)}}}", Level.ATOM)

    def magnitude(self, body: Part) -> Part:
        return Part(rf"\lvert {self.show(body)} \rvert", Level.ATOM)

    def norm(self, body: Part, vector: bool, power: str) -> Part:
        text = rf"\lVert {self.show(body)} \rVert" + "_{F}" * (not vector)
        return Part(text + f"^{{{power}}}", Level.POWER) if power else Part(text, Level.ATOM)

    def big(self, operator: str, indices: Sequence[Index], body: Part) -> Part:
        head = rf"\{operator}_{{{','.join(self.index_name(i.name) for i in indices)}}}"
        return Part(f"{head} {self.within(body, Level.HADAMARD)}", Level.PRODUCT)

    def cases(self, rows: Sequence[tuple[Part, str | None]]) -> Part:
        lines = [
            self.show(value) + " & " + (r"\text{if } " + condition if condition else r"\text{otherwise}")
            for value, condition in rows
        ]
        return Part(r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}", Level.KRONECKER)

    def indicator(self, condition: str) -> Part:
        return Part(rf"\mathbf{{1}}[{condition}]", Level.ATOM)

    def partial(self, above: str, below: str) -> str:
        return rf"\frac{{\partial {above}}}{{\partial {below}}}"

    def vec(self, text: str, of: expr.Symbol) -> str:
        return rf"\operatorname{{vec}}({text})" if len(of.indices) > 1 else text

    def sample(self, identifier: str, n: str) -> Part:
        return Part(reading.token(identifier, "sample", n), Level.ATOM)

    def bracketed(self, inner: str) -> str:
        if r"\begin" in inner:
            return rf"\left({inner}\right)"
        return rf"\bigl({inner}\bigr)" if r"\frac" in inner or r"\sum" in inner else f"({inner})"

    # ---- assembling

    def show(self, p: Part) -> str:
        return f"{self.MINUS}{p.text}" if p.negative else p.text

    def within(self, p: Part, least: Level) -> str:
        """`p` in parentheses unless it holds at least as tight as `least`."""
        return self.bracketed(self.show(p)) if p.negative or p.level < least else p.text

    def sum(self, parts: Sequence[Part]) -> Part:
        """The first positive term leads; a sum that begins with a minus sign is negative in no other way."""
        terms = list(parts)
        if terms[0].negative:
            lead = next((p for p in terms if not p.negative), None)
            if lead is not None:
                terms.remove(lead)
                terms.insert(0, lead)
        if len(terms) == 1:
            return terms[0]
        minus = "-" if self.MINUS == "-" else "−"
        out = self.show(terms[0])
        for p in terms[1:]:
            text = self.bracketed(p.text) if p.level == Level.SUM else p.text
            out += f" {minus} {text}" if p.negative else f" + {text}"
        return Part(out, Level.SUM)

    def joined(self, parts: Sequence[Part], sign: str, level: Level) -> Part:
        """A product of parts, each in parentheses where it is a product or sum itself."""
        negative = sum(p.negative for p in parts) % 2 == 1
        parts = [p._replace(negative=False) for p in parts]
        if len(parts) == 1:
            return parts[0]._replace(negative=negative)
        return Part(sign.join(self.within(p, Level.POWER) for p in parts), level, negative)

    def scaled(self, c: sympy.Expr, p: Part) -> Part:
        """c·p for a coefficient c."""
        if scalar.is_negative(c):
            out = self.scaled(-c, p)
            return out._replace(negative=not out.negative)
        if c == 1:
            return p
        negative, p = p.negative, p._replace(negative=False)
        above, below = _fraction(c)
        level = min(p.level, Level.PRODUCT) if p.level > Level.SUM else Level.PRODUCT
        out = self.coefficient(above, p) if below == 1 else self.over(above, p, below)
        return Part(out.text, min(level, out.level), negative)

    def coefficient(self, c: sympy.Expr, p: Part) -> Part:
        if c == 1:
            return p
        text = f"{self.within(self.part(c), Level.PRODUCT)}{self.TIMES}{self.within(p, Level.KRONECKER)}"
        return Part(text, Level.PRODUCT)

    def quotient(self, above: Sequence[Part], below: Sequence[Part], elementwise: bool) -> Part:
        """The product of the parts above over that of the parts below."""
        sign, level = (self.HADAMARD, Level.HADAMARD) if elementwise else (self.SCALAR, Level.PRODUCT)
        one = Part("1", Level.ATOM)
        if not below:
            return self.joined(above, sign, level) if above else one
        bottom = self.joined(below, sign, level)
        if elementwise and above:
            top = self.joined(above, sign, level)
            left, right = self.within(top._replace(negative=False), Level.HADAMARD), self.within(bottom, Level.POWER)
            return Part(f"{left}{self.DIVIDE}{right}", Level.HADAMARD, top.negative)
        return self.fraction(self.joined(above, sign, level) if above else one, bottom)

    @contextmanager
    def formula(self, holes: dict[sympy.Symbol, Part], elementwise: bool) -> Iterator[None]:
        """Within, the placeholders in `holes` are printed as their parts."""
        before = self.holes, self.elementwise
        self.holes, self.elementwise = holes, elementwise
        try:
            yield
        finally:
            self.holes, self.elementwise = before

    @contextmanager
    def scope(self) -> Iterator[None]:
        """What `places` gains within is forgotten after."""
        before = dict(self.places)
        try:
            yield
        finally:
            self.places = before

    # ---- SymPy: scalars and matrices

    def scalar_formula(self, formula: sympy.Expr, args: Sequence[str]) -> str:
        """A scalar formula whose placeholders are printed as `args`."""
        parts = {scalar.slot(i): Part(a, Level.POWER if "^" in a else Level.ATOM) for i, a in enumerate(args)}
        with self.formula(parts, False):
            return self.show(self.part(formula))

    def _print(self, e: Any, **kwargs: Any) -> str:
        return self.show(self.part(e))

    def part(self, e: Any) -> Part:
        """The part of a SymPy scalar or matrix, by the method of its class or of the nearest base."""
        for cls in type(e).__mro__:
            method = getattr(self, f"part_{cls.__name__}", None)
            if method is not None:
                return method(e)  # type: ignore[no-any-return]
        raise TypeError(f"no notation for {type(e).__name__}")

    def part_Symbol(self, e: Any) -> Part:
        return self.holes[e] if e in self.holes else Part(self.name(e.name), Level.ATOM)

    def part_MatrixSymbol(self, e: Any) -> Part:
        return Part(self.name(e.name), Level.ATOM)

    def part_MatrixElement(self, e: Any) -> Part:
        return self.access(e.parent.name, [self.show(self.part(e.i))])

    def part_Rational(self, e: Any) -> Part:
        if e.q == 1:
            return Part(str(abs(e.p)), Level.ATOM, e.p < 0)
        return self.fraction(Part(str(abs(e.p)), Level.ATOM, e.p < 0), Part(str(e.q), Level.ATOM))

    def part_Float(self, e: Any) -> Part:
        return Part(format(abs(float(e)), "g"), Level.ATOM, bool(e < 0))

    def part_Pi(self, e: Any) -> Part:
        return Part(self.name("pi"), Level.ATOM)

    def part_Exp1(self, e: Any) -> Part:
        return Part("e", Level.ATOM)

    def part_Add(self, e: Any) -> Part:
        """A positive number leads: 1 + x, but x − 1."""
        terms = sorted(e.as_ordered_terms(), key=lambda t: not (t.is_Number and t > 0))
        return self.sum([self.part(t) for t in terms])

    def part_Mul(self, e: Any) -> Part:
        factors = e.as_ordered_factors()
        plain = [f for f in factors if self.is_constant(f)]
        others = [f for f in factors if not self.is_constant(f)]
        if not others:
            return self.number(e)
        above = [self.part(f) for f in others if not self.is_reciprocal(f)]
        below = [self.part(1 / f) for f in others if self.is_reciprocal(f)]
        c = scalar.product(plain)
        if below and not above:
            top, bottom = sympy.fraction(c)
            out = self.quotient([self.part(top)], [self.number(bottom)] * (bottom != 1) + below, False)
            return out
        return self.scaled(c, self.quotient(above, below, self.elementwise))

    def number(self, e: Any) -> Part:
        """A product of numbers and named constants, as one fraction."""
        if scalar.is_negative(e):
            return self.number(-e)._replace(negative=True)
        if not isinstance(e, sympy.Mul):
            return self.part(e)
        above, below = _fraction(e)
        if below != 1:
            return self.fraction(self.number(above), self.number(below))
        return self.joined([self.part(f) for f in e.as_ordered_factors()], self.TIMES, Level.PRODUCT)

    def is_constant(self, e: Any) -> bool:
        return not e.has(sympy.Trace, sympy.Determinant, sympy.MatrixSymbol, sympy.Function, *self.holes)

    @staticmethod
    def is_reciprocal(e: Any) -> bool:
        return isinstance(e, sympy.Pow) and bool(e.exp.could_extract_minus_sign())

    def part_Pow(self, e: Any) -> Part:
        if self.is_reciprocal(e):
            return self.fraction(Part("1", Level.ATOM), self.part(1 / e))
        norm = self.square(e.base) if isinstance(e.base, sympy.Trace) else None
        if norm is not None:
            return self.norm(*norm, "" if e.exp == sympy.Rational(1, 2) else self.show(self.part(2 * e.exp)))
        base = self.part(e.base)
        if e.exp == sympy.Rational(1, 2):
            return self.root(base)
        exponent = self.show(self.part(e.exp))
        matrices = self.elementwise and not self.is_constant(e.base)
        return self.hadamard_power(base, exponent) if matrices else self.raised(base, exponent)

    def part_Function(self, e: Any) -> Part:
        return self.call(_FUNCTIONS.get(type(e), type(e).__name__), *(self.part(a) for a in e.args))

    def part_Unknown(self, e: Any) -> Part:
        """f(x), f'(x), f''(x), f^{(3)}(x)."""
        head = self.index_name(e.name) + ("'" * e.order if e.order < 3 else self.superscript(f"({e.order})"))
        return Part(head + self.bracketed(self.show(self.part(e.args[0]))), Level.ATOM)

    def part_Share(self, e: Any) -> Part:
        return self.part(e.in_indicators())

    def part_Abs(self, e: Any) -> Part:
        return self.magnitude(self.part(e.args[0]))

    def part_Max(self, e: Any) -> Part:
        """Numbers and constants come last."""
        args = sorted(e.args, key=lambda a: (self.is_constant(a), bool(a.could_extract_minus_sign()), str(a)))
        return self.call("max" if isinstance(e, sympy.Max) else "min", *(self.part(a) for a in args))

    part_Min = part_Max

    def part_Piecewise(self, e: Any) -> Part:
        if len(e.args) == 2 and e.args[0][0] == 1 and e.args[1] == (0, sympy.true):
            return self.indicator(self.condition(e.args[0][1]))
        return self.cases([(self.part(v), None if c is sympy.true else self.condition(c)) for v, c in e.args])

    def part_Guard(self, e: Any) -> Part:
        return self.cases([(self.part(e.args[0]), self.condition(e.args[1])), (Part("1", Level.ATOM), None)])

    def part_NegativeInfinity(self, e: Any) -> Part:
        return Part(self.INFINITY, Level.ATOM, True)

    def condition(self, c: Any) -> str:
        if isinstance(c, sympy.And | sympy.Or):
            word = (r" \wedge ", " ∧ ") if isinstance(c, sympy.And) else (r" \vee ", " ∨ ")
            parts = [
                self.bracketed(self.condition(a)) if isinstance(a, sympy.And | sympy.Or) else self.condition(a)
                for a in sorted(c.args, key=str)
            ]
            return word[self.RELATION].join(parts)
        left, right = scalar.sides(c)
        return f"{self._print(left)} {_RELATIONS[type(c)][self.RELATION]} {self._print(right)}"

    def part_Trace(self, e: Any) -> Part:
        """A 1 × 1 product is its own trace; tr(MᵀM) is ‖M‖²."""
        c, m = matrix.split_scalar(e.arg)
        norm = self.square(sympy.Trace(m))
        if norm is not None:
            return self.scaled(c, self.norm(*norm, "2"))
        return self.scaled(c, self.part(m) if m.shape == (1, 1) else self.call("tr", self.part(m)))

    def square(self, e: sympy.Trace) -> tuple[Part, bool] | None:
        """M, and whether it is a column, where the trace is that of MᵀM."""
        m = e.arg
        right = m.args[-1]
        square = isinstance(m, sympy.MatMul) and len(m.args) == 2 and m.args[0] == matrix.transposed(right)
        if not square or isinstance(right, sympy.OneMatrix):
            return None
        return self.part(right), right.shape[1] == 1

    def part_Inverse(self, e: Any) -> Part:
        return self.raised(self.part(e.arg), f"{self.MINUS}1")

    def part_Determinant(self, e: Any) -> Part:
        return self.call("det", self.part(e.arg))

    def part_MatMul(self, e: Any) -> Part:
        c, m = matrix.split_scalar(e)
        above, below = _fraction(c)
        if self.is_inverse(m) and below == 1:
            return self.fraction(self.number(above), self.inverted(m))
        parts = [self.part(f) for f in (m.args if isinstance(m, sympy.MatMul) else (m,))]
        return self.scaled(c, self.joined(parts, self.PRODUCT, Level.PRODUCT))

    def part_MatAdd(self, e: Any) -> Part:
        return self.sum([self.addend(t) for t in e.args])

    def addend(self, m: Any) -> Part:
        """A term of a sum of matrices: a multiple of the matrix of ones is a number added to every entry."""
        c, inner = matrix.split_scalar(m)
        return self.part(c) if isinstance(inner, sympy.OneMatrix) else self.part(m)

    def part_OneMatrix(self, e: Any) -> Part:
        ones = Part(self.ONES, Level.ATOM)
        if e.shape[1] == 1:
            return ones
        if e.shape[0] == 1:
            return self.transposed(ones)
        return self.joined([ones, self.transposed(ones)], self.PRODUCT, Level.PRODUCT)

    def part_Identity(self, e: Any) -> Part:
        return Part(self.subscripted("I", self._print(e.shape[0])), Level.ATOM)

    def subscripted(self, head: str, below: str) -> str:
        return f"{head}_{{{below}}}"

    def part_Transpose(self, e: Any) -> Part:
        return self.transposed(self.part(e.arg))

    def part_HadamardProduct(self, e: Any) -> Part:
        below = [f for f in e.args if self.is_inverse(f)]
        above = [self.part(f) for f in e.args if f not in below]
        return self.quotient(above, [self.inverted(f) for f in below], True)

    @staticmethod
    def is_inverse(m: Any) -> bool:
        return isinstance(m, sympy.HadamardPower) and bool(m.args[1].could_extract_minus_sign())

    def inverted(self, m: Any) -> Part:
        base, power = m.args
        return self.part(base if power == -1 else sympy.HadamardPower(base, -power))

    def part_HadamardPower(self, e: Any) -> Part:
        if self.is_inverse(e):
            return self.fraction(Part("1", Level.ATOM), self.inverted(e))
        base, power = e.args
        body = self.addend(base)
        return self.root(body) if power == sympy.Rational(1, 2) else self.hadamard_power(body, self._print(power))

    def part_ElementwiseApplyFunction(self, e: Any) -> Part:
        variables, body = e.function.variables, e.function.expr
        with self.formula({variables[0]: self.part(e.expr)}, True):
            return self.part(body)

    def part_Elementwise(self, e: Any) -> Part:
        holes = {v: self.part(m) for v, m in zip(e.args[0].variables, e.args[1:], strict=True)}
        with self.formula(holes, True):
            return self.part(e.args[0].expr)

    def part_DiagMatrix(self, e: Any) -> Part:
        if self.is_inverse(e.args[0]):
            return self.raised(self.call("diag", self.inverted(e.args[0])), f"{self.MINUS}1")
        return self.call("diag", self.part(e.args[0]))

    def part_DiagonalOf(self, e: Any) -> Part:
        return self.call("diag", self.part(e.args[0]))

    def part_KroneckerProduct(self, e: Any) -> Part:
        return self.joined([self.part(f) for f in e.args], self.KRONECKER, Level.KRONECKER)

    def part_Vec(self, e: Any) -> Part:
        return self.call("vec", self.part(e.args[0]))

    def part_Commutation(self, e: Any) -> Part:
        return Part(self.subscripted("K", f"{self._print(e.args[0])},{self._print(e.args[1])}"), Level.ATOM)

    def part_Sample(self, e: Any) -> Part:
        return self.sample(e.args[0].name, e.args[1].name)

    # ---- our expressions, in index notation

    def indexed(self, e: Expr) -> Part:
        match e:
            case expr.Number():
                return self.part(e.value)
            case expr.Symbol():
                if not e.indices:
                    return Part(self.name(e.name), Level.ATOM)
                return self.access(e.name, [self.index(i) for i in e.indices])
            case expr.Identity():
                return self.indicator(f"{self.index(e.target)} = {self.affine(e.terms, e.offset)}")
            case expr.Add():
                return self.sum([self.indexed(t) for t in e.terms])
            case expr.Contract():
                return self.contraction(e)
            case expr.Map():
                holes = {scalar.slot(i): self.indexed(a) for i, a in enumerate(e.args)}
                with self.formula(holes, False):
                    return self.part(e.formula)
            case expr.Max():
                return self.big("max", e.over, self.indexed(e.body))
            case expr.Inverse():
                inverse = self.raised(self.matrix(e), f"{self.MINUS}1")
                return self.entry(inverse, [self.index(e.left), self.index(e.right)])
            case expr.Determinant():
                return self.call("det", self.matrix(e))
        raise TypeError(f"no notation for {type(e).__name__}")

    def matrix(self, e: expr.OfMatrix) -> Part:
        """The matrix that the node is a function of; [M_{r,s}]_{r,s} where it has no matrix form."""
        order = (e.row, e.column)
        form = matrix.matrix_form(e.body, order)
        if form is not None:
            return self.part(form)
        inner = f"[{self.show(self.indexed(e.body))}]"
        return self.entry(Part(inner, Level.ATOM), [self.index_name(i.name) for i in order])

    def affine(self, terms: Iterable[tuple[sympy.Expr, Index]], offset: sympy.Expr) -> str:
        """s·i + p − 1, as the subscript of an access."""
        parts = [self.multiple(c, self.index(i)) for c, i in terms]
        if offset != 0 or not parts:
            parts.append(self.part(offset))
        return self.show(self.sum(parts))

    def multiple(self, c: sympy.Expr, i: str) -> Part:
        return self.scaled(c, Part(i, Level.ATOM))

    def contraction(self, e: expr.Contract) -> Part:
        """c · (factors without summed indices) · Σ (the others); an affine tie is printed where its index stands."""
        with self.scope():
            factors, summed, standing = self.tied(list(e.factors), list(e.summed))
            c = sympy.Mul(*(f.value for f in factors if isinstance(f, expr.Number)))
            factors = [f for f in factors if not isinstance(f, expr.Number)]
            inside = [f for f in factors if any(j in summed for i in f.free for j in standing.get(i, {i}))]
            loose = [f for f in factors if f not in inside]
            if not inside:
                return self.scaled(c, self.factors(loose))
            total = self.big("sum", summed, self.factors(inside))
            if loose:
                out = self.factors(loose)
                head = self.within(out._replace(negative=False), Level.PRODUCT)
                total = Part(f"{head}{self.SCALAR}{total.text}", Level.PRODUCT, out.negative)
            return self.scaled(c, total)

    def equated(self, lhs: expr.Symbol, rhs: Expr) -> list[Part]:
        """Both sides of a definition; Σ 1[u = 12 c + 4 i + j] Z[c,i,j], where that numbers all u, with u so written."""
        with self.scope():
            rhs = self.numbered(lhs, rhs)
            return [self.indexed(lhs), self.indexed(rhs)]

    def numbered(self, lhs: expr.Symbol, rhs: Expr) -> Expr:
        """The right side without the tie that numbers an index of the left, whose place is taken by what it is."""
        for f in rhs.factors if isinstance(rhs, expr.Contract) else ():
            if isinstance(f, expr.Identity) and f.target in lhs.indices and _numbering(f, rhs):
                self.places[f.target] = self.affine(f.terms, f.offset)
                # Its indices are no longer summed but given by the left side.
                return _without(rhs, f, {i for _, i in f.terms})
        return rhs

    def tied(self, factors: list[Expr], summed: list[Index]) -> tuple[list[Expr], list[Index], dict[Index, set[Index]]]:
        """Each 1[u = s·i + p] with a summed index takes that index away: u is s·i + p, or i is u − p (zero outside).

        The factors and summed indices that stay, and, for each index gone, those that it is printed with.
        """
        standing: dict[Index, set[Index]] = {}
        for f in list(factors):
            if not isinstance(f, expr.Identity):
                continue
            others = [g for g in factors if g is not f]
            solved = self.solved(f, summed, others)
            if solved is None:
                continue
            gone, terms, offset = solved
            self.places[gone] = self.affine(terms, offset)
            standing[gone] = {i for _, i in terms}
            factors, summed = others, [i for i in summed if i != gone]
        return factors, summed, standing

    @staticmethod
    def solved(
        tie: expr.Identity, summed: Sequence[Index], others: Sequence[Expr]
    ) -> tuple[Index, list[tuple[sympy.Expr, Index]], sympy.Expr] | None:
        """The summed index that the tie gives, and what it is; one that only tensors are accessed by."""

        def accessed(i: Index) -> bool:
            having = [g for g in others if i in g.free]
            return bool(having) and all(isinstance(g, expr.Symbol) for g in having)

        if tie.target in summed and accessed(tie.target):
            return tie.target, list(tie.terms), tie.offset
        for c, i in tie.terms:
            if c in (1, -1) and i in summed and accessed(i):
                rest = [(-c * d, j) for d, j in tie.terms if j != i]
                return i, [(c, tie.target), *rest], -c * tie.offset
        return None

    def factors(self, factors: Sequence[Expr]) -> Part:
        above: list[Part] = []
        below: list[Part] = []
        for f in factors:
            if isinstance(f, expr.Map) and self.is_reciprocal(f.formula):
                below.append(self.indexed(expr.apply(1 / f.formula, f.args)))
            else:
                above.append(self.indexed(f))
        return self.quotient(above, below, False)


def _without(product: Expr, factor: Expr, given: set[Index]) -> Expr:
    """The product without a factor, the indices `given` not summed."""
    assert isinstance(product, expr.Contract)
    factors = [f for f in product.factors if f is not factor]
    return expr.contract(factors, [i for i in product.summed if i not in given])


def _numbering(tie: expr.Identity, product: Expr) -> bool:
    """True where the tie numbers the values of its indices, all summed, without gaps: as 12 c + 4 i + j does."""
    reached = sympy.Integer(1)
    for c, i in sorted(tie.terms, key=lambda t: (not t[0].is_number, t[0].sort_key())):
        if not isinstance(product, expr.Contract) or i not in product.summed or sympy.expand(c - reached) != 0:
            return False
        reached = reached * i.size
    return bool(tie.offset == 0 and sympy.expand(reached - tie.target.size) == 0)


def _fraction(c: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """Numerator and denominator of a coefficient; 1/√2 rather than √2/2."""
    if c.is_number and not c.is_Rational and sympy.count_ops(1 / c) < sympy.count_ops(c):
        return sympy.Integer(1), 1 / c
    return (c, sympy.Integer(1)) if isinstance(c, sympy.Add) else scalar.fraction(c)


# ---------------------------------------------------------------- what the documents call

_PRINTER = Printer()


def expression(e: Expr, order: Sequence[Index] | None = None, names: Names = name) -> str:
    """`e` in matrix form, rows and columns as `order` says (default: its indices by name), else in index notation."""
    return sides(e.free if order is None else order, [e], names)[0]


def indexed(e: Expr, names: Names = name) -> str:
    """`e` in index notation."""
    return reading.filled(_PRINTER, "indexed", e, None, _fill(names))


def sides(order: Sequence[Index], values: Sequence[Expr], names: Names = name) -> list[str]:
    """Equal expressions in one notation: matrix form where all have one, else index notation."""
    return reading.sides(_PRINTER, order, values, _fill(names))


def subscripts(lhs: expr.Symbol, rhs: Expr, names: Names = name) -> list[str]:
    """What the indices of `lhs` are in `lhs = rhs`, entry by entry."""
    with _PRINTER.scope():
        _PRINTER.numbered(lhs, rhs)
        return [reading.with_names(_PRINTER.index(i), _fill(names)) for i in lhs.indices]


def equation(lhs: expr.Symbol, *values: Expr, names: Names = name) -> str:
    """`lhs = value = value ...` on one line, in one notation."""
    return " = ".join(sides(lhs.indices, [lhs, *values], names))


def formula(f: sympy.Expr, args: Sequence[str] = (), names: Names = name) -> str:
    """A scalar formula, its placeholders printed as the given LaTeX, named constants by `names`."""
    return reading.formula(_PRINTER, f, args, _fill(names))


def size(value: sympy.Expr, names: Names = name) -> str:
    """A size such as k or 784."""
    return formula(value, (), names)


def call(function: str, argument: str) -> str:
    """`function(argument)`, the function upright: a named activation."""
    return _PRINTER.call(function, Part(argument, Level.ATOM)).text


def combination(terms: Iterable[tuple[sympy.Expr, str]], names: Names = name) -> str:
    """Σ coefficient · quantity in this order, the quantities in LaTeX; those with coefficient 0 are left out."""
    out = ""
    for coefficient, quantity in terms:
        if coefficient != 0:
            part = Part(quantity, Level.POWER if "^" in quantity else Level.ATOM)
            with _PRINTER.formula({scalar.slot(0): part}, False):
                term = _PRINTER.part(coefficient * scalar.slot(0))
            text = reading.with_names(term.text, _fill(names))
            out += f" {'-' if term.negative else '+'} {text}" if out else "-" * term.negative + text
    return out or "0"


def jacobian(
    j: LocalJacobian, conventions: Conventions, batch: sympy.Expr | None = None, names: Names = name
) -> tuple[str, str]:
    """The left and the right side: ∂vec(A)/∂vec(W) and its matrix; ∂y_n/∂a_n of one sample; else entries."""
    return reading.jacobian(_PRINTER, j, conventions, batch, _fill(names))


def matrix_of(form: sympy.Expr, names: Names = name) -> str:
    """A matrix form as `calculus.matrix` gives it."""
    return reading.written(_PRINTER, form, _fill(names))


def sample(identifier: str, n: str, names: Names = name) -> str:
    """Sample n of a quantity, as a column: in small letters."""
    return _fill(names)(identifier, "sample", n)


_BARE = re.compile(r"\\?[A-Za-z]+|\\mathrm\{\w+\}")
"""A name without a subscript of its own."""
_QUOTIENT = re.compile(r"(\\frac\{\\partial .*\}\{\\partial )(.*)\}")
"""A gradient's name."""


def _fill(names: Names) -> Callable[[str, str, str], str]:
    def fill(identifier: str, role: str, detail: str) -> str:
        if role == "sample":
            stem = identifier.partition("_")[0]
            head = names(identifier[0].lower() + identifier[1:] if len(stem) == 1 else identifier)
            gradient = _QUOTIENT.fullmatch(head)
            if gradient:
                return f"{gradient[1]}{_of_sample(gradient[2][0].lower() + gradient[2][1:], detail)}}}"
            return _of_sample(head, detail)
        head = names(identifier)
        if role == "indices":
            return at(head, detail)
        return rf"\bigl({head}\bigr)" if role == "base" and _QUOTIENT.fullmatch(head) else head

    return fill


def _of_sample(head: str, n: str) -> str:
    """z_{1,n} from z_{1}."""
    return f"{head[:-1]},{n}}}" if head.endswith("}") and "_{" in head else f"{head}_{{{n}}}"


def at(head: str, indices: str) -> str:
    """An entry: X_{i,j}, (W_{1})_{i,j}; of a gradient, the derivative by the entry."""
    gradient = _QUOTIENT.fullmatch(head)
    if gradient:
        return f"{gradient[1]}{at(gradient[2], indices)}}}"
    return f"{head}_{{{indices}}}" if _BARE.fullmatch(head) else f"({head})_{{{indices}}}"
