"""Trees -> the plain notation."""

from __future__ import annotations

from collections.abc import Callable

from symjac.notation.brackets import CHAIN, FACTOR, LIST, PRODUCT, Writer, called, covers_all, level
from symjac.notation.pending import innermost
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
    Sum,
    Transpose,
)

_BINARY_SIGNS = {"hadamard": ".*", "kron": "⊗", "divide": "./", "power": ".^"}
_TIMES = {"\\times": " × ", "@": " @ "}
_RELATION_SIGNS = {"prop": "∝"}
_MARKS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7"}
_BRACKETS = {"(": ("(", ")"), "[": ("[", "]"), "{": ("{", "}")}


class Plain(Writer):
    """`matrix`: what stands between two arrays for their product; @ where * is elementwise."""

    def __init__(self, matrix: str = "*") -> None:
        self.matrix = matrix

    def form(self, node: Node) -> str:
        return _FORMS[type(node)](self, node)

    def write(self, node: Node, least: int = LIST, last: bool = True) -> str:
        slash = isinstance(node, Quotient) or (isinstance(node, Derivative) and node.kind != "nabla")
        if slash and least == FACTOR:
            return self.bracketed(self.form(node))
        return super().write(node, least, last)

    def relation_sign(self, op: str) -> str:
        return _RELATION_SIGNS.get(op, op)

    def name(self, node: Name) -> str:
        *accents, base = node.text.split(" ")
        if base == "R" and node.latex.startswith("\\mathcal"):
            base = "ℛ"
        if len(base) == 1:
            return base + "".join(_MARKS.get(a, "") for a in reversed(accents))
        return "".join((*accents, base))

    def num(self, node: Num) -> str:
        return node.text

    def ones(self, node: Ones) -> str:
        return "vector(1)" if node.size is None else f"ones({self.write(node.size)})"

    def scripts(self, node: Scripts) -> str:
        out = self.base(node.base)
        if isinstance(node.base, Scripts | Transpose) or (isinstance(node.base, Prime) and node.sub):
            out = self.bracketed(self.write(node.base))
        if node.sub:
            inside = ",".join(self.write(part) for part in node.sub)
            out += f"_{inside}" if inside.isascii() and inside.isalnum() else f"_{{{inside}}}"
        if node.sup is not None:
            out += self.raised(node.sup)
        return out

    def raised(self, sup: Node) -> str:
        text = self.write(sup)
        if isinstance(sup, Num | Group) or (isinstance(sup, Name) and (text.isalpha() or text in "+*")):
            return f"^{text}"
        if isinstance(sup, Neg) and isinstance(sup.of, Num):
            return f"^{text}"
        return f"^{{{text}}}"

    def base(self, node: Node) -> str:
        text = self.write(node, FACTOR)
        nested = isinstance(node, Scripts) and node.sup is not None
        nabla = isinstance(node, Derivative) and not text.startswith("(")
        return self.bracketed(text) if nested or nabla or isinstance(node, Cases) else text

    def prime(self, node: Prime) -> str:
        return self.base(node.of) + "′" * node.order

    def transpose(self, node: Transpose) -> str:
        of = node.of
        if isinstance(of, Scripts) and of.sup == Neg(Num("1")):
            return self.base(Scripts(of.base, of.sub) if of.sub else of.base) + "^-T"
        text = self.write(of, FACTOR)
        return (self.bracketed(text) if isinstance(of, Transpose) else text) + "'"

    def product(self, node: Product) -> str:
        out = ""
        previous: Node | None = None
        for i, factor in enumerate(node.factors):
            last = i == len(node.factors) - 1
            first = isinstance(factor, Quotient) and i == 0
            if (isinstance(factor, Big) and last) or first or isinstance(factor, Derivative):
                text = self.form(factor)
            else:
                text = self.write(factor, FACTOR, last)
            if previous is not None:
                sign = node.signs[i - 1] if i - 1 < len(node.signs) else ""
                applied = not sign and isinstance(innermost(factor), Group) and isinstance(previous, Name | Prime)
                if not (applied and called(Product((previous, factor)))):
                    out += self.times(sign, previous, factor)
            out += text
            previous = factor
        return out

    def times(self, sign: str, before: Node, after: Node) -> str:
        scaled = isinstance(before, Num | Quotient) or isinstance(after, Num | Quotient)
        return _TIMES.get(sign, "*") if sign or scaled else self.matrix

    def binary(self, node: Binary) -> str:
        if node.op == "power":
            return f"{self.base(node.left)}.^{self.write(node.right, FACTOR)}"
        left = self.write(node.left, CHAIN, last=False)
        from_the_left = node.op in ("hadamard", "divide") and not called(node.right)
        right = self.write(node.right, FACTOR if from_the_left else PRODUCT)
        return f"{left} {_BINARY_SIGNS[node.op]} {right}"

    def quotient(self, node: Quotient) -> str:
        top = self.form(node.top) if isinstance(node.top, Quotient) else self.write(node.top, PRODUCT, last=False)
        bottom = self.write(node.bottom, FACTOR, last=False)
        return f"{top}/{bottom}"

    def big(self, node: Big) -> str:
        under = ",".join(self.write(n) for n in node.over)
        if node.lower is not None:
            under += f"={self.write(node.lower)}"
        out = node.op if under or node.op != "sum" else "Σ"
        if under:
            out += f"_{under}" if under.isalnum() and under.isascii() else f"_{{{under}}}"
        if node.upper is not None:
            out += self.raised(node.upper)
        return f"{out} {self.body(node.body)}"

    def call(self, node: Call) -> str:
        inside = self.items(Items(node.args))
        if isinstance(node.function, Name):
            if node.function.text == "inner":
                return f"⟨{inside}⟩"
            if node.function.latex.startswith("\\mathcal"):
                return f"{self.name(node.function)}{{{inside}}}"
        return f"{self.base(node.function)}({inside})"

    def group(self, node: Group) -> str:
        left, right = _BRACKETS[node.bracket]
        return f"{left}{self.write(node.of)}{right}"

    def dots(self, node: Dots) -> str:
        return "..."

    def norm(self, node: Norm) -> str:
        inside = self.write(node.of)
        return f"‖{inside}‖_∞" if node.kind == "inf" else f"norm{node.kind}({inside})"

    def abs(self, node: Abs) -> str:
        return f"abs({self.write(node.of)})"

    def relation(self, node: Relation) -> str:
        return f"{self.write(node.left)} {self.relation_sign(node.op)} {self.write(node.right)}"

    def indicator(self, node: Indicator) -> str:
        return f"1[{self.said(node.condition)}]"

    def cases(self, node: Cases) -> str:
        parts = []
        for value, condition in node.branches:
            said = "otherwise" if condition is None else f"if {self.write(condition)}"
            parts.append(f"{self.write(value)} {said}")
        return "{" + "; ".join(parts) + "}"

    def derivative(self, node: Derivative) -> str:
        if node.kind == "nabla":
            return self.nabla(node)
        d = "∂" if node.kind == "partial" else "d"
        order = f"^{len(node.by)} " if len(node.by) > 1 else ""
        top = f"{d}{order}{self.differentiated(node.of, d)}"
        return f"{top}/{''.join(d + self.differentiated(v, d) for v in node.by)}"

    def differentiated(self, node: Node, d: str) -> str:
        text = self.write(node)
        one = innermost(node)
        simple = isinstance(one, Name) and (d == "∂" or len(one.text) == 1 or not one.text.isascii())
        if simple or (d == "∂" and (called(node) or (level(node) == FACTOR and isinstance(node, Call)))):
            return text
        return self.bracketed(text)

    def nabla(self, node: Derivative) -> str:
        by = node.by[:1] if len(set(node.by)) == 1 else node.by
        under = ",".join(self.write(v) for v in by)
        out = "∇" + (f"_{{{under}}}" if under else "") + (f"^{len(node.by)}" if len(node.by) > 1 else "")
        simple = isinstance(node.of, Name | Scripts | Call | Norm | Abs) or called(node.of)
        text = self.write(node.of)
        return f"{out} {text}" if simple and not covers_all(node.of) else f"{out} {self.bracketed(text)}"

    def entries(self, node: Matrix) -> str:
        return "[" + "; ".join(", ".join(map(self.write, row)) for row in node.rows) + "]"

    def space(self, node: Space) -> str:
        return f"R^({' x '.join(self.write(s, FACTOR) for s in node.sizes)})" if node.sizes else "R"


_FORMS: dict[type, Callable[..., str]] = {
    Name: Plain.name, Num: Plain.num, Ones: Plain.ones, Scripts: Plain.scripts, Prime: Plain.prime,
    Transpose: Plain.transpose, Product: Plain.product, Binary: Plain.binary, Quotient: Plain.quotient, Neg: Plain.neg,
    Sum: Plain.sum, Big: Plain.big, Call: Plain.call, Group: Plain.group, Items: Plain.items, Dots: Plain.dots,
    Norm: Plain.norm, Abs: Plain.abs, Relation: Plain.relation, Indicator: Plain.indicator, Cases: Plain.cases,
    Derivative: Plain.derivative, Space: Plain.space,
    Matrix: Plain.entries,
}  # fmt: skip
