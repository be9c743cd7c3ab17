"""Trees in one line, for tables of tests: operations before their parts."""

from __future__ import annotations

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

_BINARY = {"hadamard": ".*", "kron": "kron", "divide": "./", "power": ".^"}
_BRACKETS = {"(": "paren", "[": "square", "{": "curly"}


def shown(node: Node | None) -> str:
    """The tree as (operation part part)."""
    match node:
        case None:
            return "-"
        case Name(text=text):
            return text.replace(" ", "~") or "?"
        case Num(text=text):
            return text
        case Ones(size=None):
            return "one"
        case Dots():
            return "..."
        case Scripts(base=base, sub=sub, sup=sup):
            out = _form("_", base, *sub) if sub else shown(base)
            return out if sup is None else f"(^ {out} {shown(sup)})"
        case Big(op=op, over=over, body=body, lower=lower, upper=upper, conditions=conditions):
            limits = " ".join([*map(shown, over), *(f"{shown(n)}" for n in (lower, upper) if n is not None)])
            limits += "".join(f" {shown(c)}" for c in conditions)
            return f"({op} [{limits}] {shown(body)})"
        case Derivative(of=of, by=by):
            return f"(d {shown(of)} / {' '.join(map(shown, by))})"
        case Cases(branches=branches):
            return "(cases " + " ".join(f"[{shown(v)} {shown(c)}]" for v, c in branches) + ")"
        case Matrix(rows=rows):
            return "(matrix " + " ; ".join(" ".join(map(shown, row)) for row in rows) + ")"
        case Call(function=function, args=args):
            return _form("call", function, *args)
        case Prime(of=of, order=order):
            return f"({shown(of)}" + "'" * order + ")"
    return _form(*_parts(node))


def _parts(node: Node | None) -> tuple[str, *tuple[Node, ...]]:
    match node:
        case Ones(size=size) if size is not None:
            return ("one", size)
        case Transpose(of=of):
            return ("T", of)
        case Product(factors=factors):
            return ("*", *factors)
        case Binary(op=op, left=left, right=right):
            return (_BINARY[op], left, right)
        case Quotient(top=top, bottom=bottom):
            return ("/", top, bottom)
        case Neg(of=of):
            return ("-", of)
        case Sum(terms=terms):
            return ("+", *terms)
        case Group(of=of, bracket=bracket):
            return (_BRACKETS[bracket], of)
        case Items(items=items):
            return (",", *items)
        case Norm(of=of, kind=kind):
            return ("norm" + kind, of)
        case Abs(of=of):
            return ("abs", of)
        case Relation(op=op, left=left, right=right):
            return (op, left, right)
        case Indicator(condition=condition):
            return ("if", condition)
        case Space(sizes=sizes):
            return ("R", *sizes)
    raise AssertionError(node)


def _form(head: str, *parts: Node) -> str:
    return f"({' '.join([head, *map(shown, parts)])})"


def said(statement: Statement) -> str:
    """The sides and relations of a statement, and its conditions."""
    out = [shown(statement.sides[0])]
    for relation, side in zip(statement.relations, statement.sides[1:], strict=True):
        out += [relation, shown(side)]
    return " ".join([*out, *(f"if {shown(c)}" for c in statement.conditions)])


def table(text: str) -> list[tuple[str, str]]:
    """Pairs: a line, and the indented lines after it joined by spaces."""
    out: list[tuple[str, str]] = []
    for line in text.strip("\n").splitlines():
        if line.startswith("    "):
            first, rest = out[-1]
            out[-1] = (first, f"{rest} {line.strip()}".strip())
        else:
            out.append((line, ""))
    return out


def words(text: str) -> list[str]:
    return text.split()
