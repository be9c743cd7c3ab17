"""Trees -> text: LaTeX, which reads back as the same tree, and the plain notation.

Brackets stand where reading needs them and nowhere else: a tree says with its Groups where the writer put his own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from symjac.notation import signs
from symjac.notation.brackets import CHAIN, FACTOR, LIST, PRODUCT, Writer, called, covers_all, level
from symjac.notation.differentials import without_d
from symjac.notation.pending import innermost
from symjac.notation.plain_writer import Plain
from symjac.notation.tree import (
    Abs,
    Big,
    Binary,
    Call,
    Cases,
    Derivative,
    Dots,
    Group,
    Indicator,
    Items,
    Matrix,
    Name,
    Neg,
    Node,
    Norm,
    Num,
    Ones,
    Prime,
    Product,
    Quotient,
    Relation,
    Scripts,
    Space,
    Statement,
    Sum,
    Transpose,
)


def latex(node: Node) -> str:
    """The tree as LaTeX, without the dollars."""
    return _Latex().write(node)


def plain(node: Node, matrix: str = "*") -> str:
    """The tree in the plain notation, with `matrix` between two arrays for their product."""
    return Plain(matrix).write(node)


def statement_latex(statement: Statement) -> str:
    """The sides and their relations; what it is conditioned on after them."""
    writer = _Latex()
    out = writer.chain(statement.sides, statement.relations)
    if statement.conditions:
        out += r" \quad \text{if } " + r" \text{ and } ".join(map(latex, statement.conditions))
    return out


_BINARY_SIGNS = {"hadamard": r"\odot", "kron": r"\otimes", "divide": r"\oslash"}

_BRACKETS = {"(": ("(", ")"), "[": ("[", "]"), "{": (r"\{", r"\}")}

_UPRIGHT = re.compile(r"\\(mathrm|operatorname|mathit|mathsf|mathtt|text)\b")


class _Latex(Writer):
    given_sign = r" \mid "

    def form(self, node: Node) -> str:
        return _LATEX[type(node)](self, node)

    def relation_sign(self, op: str) -> str:
        return signs.RELATION_SIGNS.get(op, op)

    def name(self, node: Name) -> str:
        return node.latex if node.latex and node.latex.strip() else name_latex(node.text)

    def num(self, node: Num) -> str:
        return node.text

    def ones(self, node: Ones) -> str:
        if node.size is None:
            return r"\mathbf{1}"
        size = node.size
        inside = self.sizes(size.items) if isinstance(size, Items) else self.write(size)
        return rf"\mathbf{{1}}_{{{inside}}}"

    def sizes(self, sizes: Sequence[Node]) -> str:
        return r" \times ".join(self.write(s, PRODUCT) for s in sizes)

    def scripts(self, node: Scripts) -> str:
        prime = isinstance(node.base, Prime) and bool(node.sub)
        out = self.base(node.base, hold=prime or isinstance(node.base, Scripts | Transpose))
        if node.sub:
            out += "_{" + ",".join(self.write(part) for part in node.sub) + "}"
        if node.sup is not None:
            out += f"^{{{self.write(node.sup)}}}"
        return out

    def base(self, node: Node, hold: bool = False) -> str:
        """What scripts are attached to; `hold`: in braces, as it has scripts of its own."""
        text = self.write(node, FACTOR)
        nabla = isinstance(node, Derivative) and node.kind == "nabla"
        if nabla:
            return self.bracketed(text)
        exponential = isinstance(node, Call) and text.startswith((r"e^", r"\mathrm{e}^"))
        return f"{{{text}}}" if hold or exponential or (isinstance(node, Binary) and node.op == "power") else text

    def prime(self, node: Prime) -> str:
        raised = (isinstance(node.of, Scripts) and node.of.sup is not None) or isinstance(node.of, Transpose | Prime)
        return self.base(node.of, hold=raised) + "'" * node.order

    def transpose(self, node: Transpose) -> str:
        of = node.of
        if isinstance(of, Scripts) and of.sup == Neg(Num("1")):
            bare = of.base if not of.sub else Scripts(of.base, of.sub)
            return self.base(bare) + r"^{-\top}"
        raised = (isinstance(of, Scripts) and of.sup is not None) or isinstance(of, Transpose)
        return self.base(of, hold=raised) + r"^{\top}"

    def product(self, node: Product) -> str:
        out = ""
        previous: Node | None = None
        for i, factor in enumerate(node.factors):
            text = self.write(factor, FACTOR, last=i == len(node.factors) - 1)
            if isinstance(factor, Big) and i == len(node.factors) - 1:
                text = self.form(factor)
            if previous is not None:
                applied = isinstance(previous, Name | Prime) and isinstance(innermost(factor), Group)
                sign = node.signs[i - 1] if i - 1 < len(node.signs) else ""
                sign = {"*": "", r"\ast": "", "@": ""}.get(sign, sign)
                if not sign and collides(previous, factor):
                    sign = r"\cdot"
                out += f" {sign} " if sign else "" if applied else " "
            out += text
            previous = factor
        return out

    def binary(self, node: Binary) -> str:
        if node.op == "power":
            raised = isinstance(node.left, Scripts | Transpose | Prime | Binary)
            return self.base(node.left, hold=raised and level(node.left) == FACTOR) + (
                rf"^{{\odot {self.write(node.right, FACTOR)}}}"
            )
        left = self.write(node.left, CHAIN, last=False)
        return f"{left} {_BINARY_SIGNS[node.op]} {self.write(node.right, PRODUCT)}"

    def quotient(self, node: Quotient) -> str:
        return rf"\frac{{{self.write(node.top)}}}{{{self.write(node.bottom)}}}"

    def write(self, node: Node, least: int = LIST, last: bool = True) -> str:
        held = isinstance(node, Quotient) and (covers_all(node.top) or covers_all(node.bottom))
        if isinstance(node, Quotient) and node.style == "slash" and least <= CHAIN and not held:
            return f"{self.write(node.top, PRODUCT)} / {self.write(node.bottom, FACTOR)}"
        return super().write(node, least, last)

    def big(self, node: Big) -> str:
        out = "\\" + node.op
        said = {c.left for c in node.conditions if isinstance(c, Relation) and c.right not in node.over}
        shown = node.over if node.lower is not None else [n for n in node.over if n not in said]
        under = ",".join(self.write(n) for n in shown)
        if node.lower is not None:
            under += f" = {self.write(node.lower)}"
        under = ", ".join([*([under] if under else []), *map(self.write, node.conditions)])
        if under:
            out += f"_{{{under}}}"
        if node.upper is not None:
            out += f"^{{{self.write(node.upper)}}}"
        return f"{out} {self.body(node.body)}"

    def call(self, node: Call) -> str:
        function, args = node.function, node.args
        inside = self.items(Items(args))
        if isinstance(function, Name):
            if function.text == "sqrt" and len(args) == 1:
                return rf"\sqrt{{{inside}}}"
            if function.text == "inner" and len(args) == 2 and not function.latex:
                return rf"\langle {inside} \rangle"
            if function.text == "exp" and function.latex in ("e", r"\mathrm{e}") and len(args) == 1:
                return f"{function.latex}^{{{inside}}}"
            if function.latex.startswith(r"\mathcal"):
                return rf"{function.latex}\{{{inside}\}}"
        return f"{self.marked(function)}({inside})"

    def marked(self, node: Node) -> str:
        """A function's name and its marks one after another, not in braces: those would part it from its argument."""
        if isinstance(node, Prime):
            return self.marked(node.of) + "{}" * isinstance(node.of, Scripts | Transpose | Prime) + "'" * node.order
        if isinstance(node, Transpose) and isinstance(node.of, Scripts | Transpose | Prime):
            return self.marked(node.of) + r"{}^{\top}"
        if isinstance(node, Scripts) and isinstance(node.base, Transpose | Prime) and node.sup is not None:
            return self.marked(node.base) + f"{{}}^{{{self.write(node.sup)}}}"
        return self.base(node)

    def group(self, node: Group) -> str:
        left, right = _BRACKETS[node.bracket]
        return f"{left}{self.write(node.of)}{right}"

    def dots(self, node: Dots) -> str:
        return r"\dots"

    def norm(self, node: Norm) -> str:
        kind = {"": "", "inf": r"_{\infty}"}.get(node.kind, f"_{{{node.kind}}}")
        return rf"\lVert {self.write(node.of)} \rVert{kind}"

    def abs(self, node: Abs) -> str:
        return rf"\lvert {self.write(node.of)} \rvert"

    def relation(self, node: Relation) -> str:
        return f"{self.write(node.left)} {self.relation_sign(node.op)} {self.write(node.right)}"

    def indicator(self, node: Indicator) -> str:
        return rf"\mathbf{{1}}[{self.said(node.condition)}]"

    def cases(self, node: Cases) -> str:
        rows = []
        for value, condition in node.branches:
            said = r"\text{otherwise}" if condition is None else rf"\text{{if }} {self.write(condition)}"
            rows.append(f"{self.write(value)} & {said}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    def matrix(self, node: Matrix) -> str:
        name = {"(": "pmatrix", "[": "bmatrix", "{": "Bmatrix", "|": "vmatrix"}.get(node.bracket, "matrix")
        rows = r" \\ ".join(" & ".join(map(self.write, row)) for row in node.rows)
        if all(len(row) == 1 for row in node.rows):
            rows = rows.replace(r"\\ \dots \\", r"\\ \vdots \\")
        return rf"\begin{{{name}}} {rows} \end{{{name}}}"

    def derivative(self, node: Derivative) -> str:
        if node.kind == "nabla":
            return self.nabla(node)
        d = r"\mathrm{d}" if node.kind == "total" else r"\partial"
        order = f"^{{{len(node.by)}}}" if len(node.by) > 1 else ""
        bottom = " ".join(f"{d} {self.differentiated(v)}" for v in node.by)
        return rf"\frac{{{d}{order} {self.differentiated(node.of)}}}{{{bottom}}}"

    def differentiated(self, node: Node) -> str:
        """What stands after a differential sign."""
        name = innermost(node)
        if isinstance(name, Name) and without_d(name) is not None:
            return self.bracketed(self.form(node))
        return self.form(node) if called(node) else self.write(node, FACTOR)

    def nabla(self, node: Derivative) -> str:
        by = node.by[:1] if len(set(node.by)) == 1 else node.by
        under = ",".join(self.write(v) for v in by)
        out = r"\nabla" + (f"_{{{under}}}" if under else "") + (f"^{{{len(node.by)}}}" if len(node.by) > 1 else "")
        of = node.of
        simple = isinstance(of, Name | Scripts | Call | Norm | Abs | Derivative | Indicator | Ones) or called(of)
        if isinstance(of, Product) and called(of):
            simple = not isinstance(of.factors[1], Transpose)
        return f"{out} {self.write(of) if simple else self.bracketed(self.write(of))}"

    def space(self, node: Space) -> str:
        sign = {"": "", ">=": "_{+}", ">": "_{++}"}[node.sign]
        return r"\mathbb{R}" + sign + (f"^{{{self.sizes(node.sizes)}}}" if node.sizes else "")


def collides(left: Node, right: Node) -> bool:
    """Whether two factors side by side would be read as one thing: 2 3, log (x), \\nabla f (x), 1 [a > 0]."""
    inner = innermost(right)
    if isinstance(left, Num) and isinstance(inner, Num):
        return True
    if isinstance(left, Ones) or left in (Num("1"), Name("I"), Name("chi")):
        return isinstance(inner, Group) and (isinstance(inner.of, Relation) or inner.bracket != "(")
    name = innermost(left)
    if name == Name("d") and left == name:
        return name.latex != "d"
    if isinstance(name, Name) and is_word(name):
        return isinstance(inner, Group) or acts_bare(name)
    if isinstance(left, Name) and left.latex.startswith(r"\mathcal"):
        return isinstance(inner, Group) and inner.bracket == "{"
    return isinstance(left, Derivative) and left.kind == "nabla"


def is_word(name: Name) -> bool:
    """Whether the name is set as a function or a word."""
    written = name.latex or name_latex(name.text)
    return written in signs.FUNCTIONS or (bool(_UPRIGHT.match(written)) and len(name.text) > 1) or written == r"\ln"


def acts_bare(name: Name) -> bool:
    """Whether it takes what follows without brackets."""
    written = name.latex or name_latex(name.text)
    return written in signs.FUNCTIONS or written.startswith(r"\operatorname") or name.text in signs.WORDS


_ACCENT_COMMANDS = {word: command for command, word in reversed(signs.ACCENTS.items())}


def name_latex(text: str) -> str:
    """How a name is set of which only the text is known."""
    if len(text) < 2:
        return text
    accent, _, rest = text.partition(" ")
    if rest and accent in _ACCENT_COMMANDS:
        return f"{_ACCENT_COMMANDS[accent]}{{{name_latex(rest)}}}"
    if text in signs.GREEK or "\\" + text in signs.FUNCTIONS or "\\" + text in signs.BIG:
        return "\\" + text
    if text in ("star", "dagger"):
        return "\\" + text
    if text[0] == "d" and (len(text) == 2 or text[1:] in signs.GREEK) and text[1].isalpha():
        return rf"\mathrm{{d}} {name_latex(text[1:])}"
    if text in signs.WORDS:
        return rf"\operatorname{{{text}}}"
    return rf"\mathrm{{{text}}}"


_LATEX: dict[type, Callable[..., str]] = {
    Name: _Latex.name, Num: _Latex.num, Ones: _Latex.ones, Scripts: _Latex.scripts, Prime: _Latex.prime,
    Transpose: _Latex.transpose, Product: _Latex.product, Binary: _Latex.binary, Quotient: _Latex.quotient,
    Neg: _Latex.neg, Sum: _Latex.sum, Big: _Latex.big, Call: _Latex.call, Group: _Latex.group, Items: _Latex.items,
    Dots: _Latex.dots, Norm: _Latex.norm, Abs: _Latex.abs, Relation: _Latex.relation, Indicator: _Latex.indicator,
    Cases: _Latex.cases, Matrix: _Latex.matrix, Derivative: _Latex.derivative, Space: _Latex.space,
}  # fmt: skip
