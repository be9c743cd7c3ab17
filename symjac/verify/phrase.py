"""A part of a formula as one line of Unicode, for sentences about it: W_2ᵀ, y ⊙ (1 − y), (1/k) Σ_n S_n."""

from __future__ import annotations

import contextlib
import unicodedata

from symjac.notation.tree import (
    Abs,
    Big,
    Binary,
    Call,
    Derivative,
    Dots,
    Group,
    Indicator,
    Items,
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

OPERATIONS = {"hadamard": " ⊙ ", "kron": " ⊗ ", "divide": " ⊘ "}
BIG = {"sum": "Σ", "prod": "∏", "max": "max", "min": "min"}
RELATIONS = {"<=": "≤", ">=": "≥", "!=": "≠", "in": "∈", "->": "→", "<-": "←", "~": "≈", "prop": "∝"}
ACCENTS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "dot": "\u0307", "vec": "\u20d7", "arrow": "\u20d7"}
LONGEST = 80

_SUM, _BINARY, _PRODUCT, _ATOM = range(4)


def phrase(node: Node) -> str:
    """The text; a long one is cut."""
    text = _text(node)[0]
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def _within(node: Node, level: int) -> str:
    text, own = _text(node)
    return text if own >= level else f"({text})"


def _text(node: Node) -> tuple[str, int]:
    match node:
        case Num():
            return node.text, _ATOM
        case Name():
            return _letter(node.text), _ATOM
        case Ones():
            return ("1" if node.size is None else f"1_{_script(node.size)}"), _ATOM
        case Scripts():
            return _scripts(node), _ATOM
        case Prime():
            return _within(node.of, _ATOM) + "'" * node.order, _ATOM
        case Transpose():
            return _within(node.of, _ATOM) + "ᵀ", _ATOM
        case Product():
            return _product(node), _PRODUCT
        case Binary():
            right = _within(node.right, _PRODUCT)
            return _within(node.left, _BINARY) + OPERATIONS.get(node.op, f" {node.op} ") + right, _BINARY
        case Quotient():
            return f"{_within(node.top, _PRODUCT)}/{_within(node.bottom, _ATOM)}", _PRODUCT
        case Neg():
            return "−" + _within(node.of, _BINARY), _SUM
        case Sum():
            return _sum(node), _SUM
        case Big():
            over = ",".join(_script(o) for o in node.over)
            return f"{BIG.get(node.op, node.op)}{'_' + over if over else ''} {_within(node.body, _BINARY)}", _BINARY
        case Call():
            inside = ", ".join(_text(a.of if isinstance(a, Group) else a)[0] for a in node.args)
            return f"{_text(node.function)[0]}({inside})", _ATOM
        case Group():
            return f"({_text(node.of)[0]})", _ATOM
        case Items():
            return ", ".join(_text(i)[0] for i in node.items), _ATOM
        case Norm() | Abs():
            bar = "‖" if isinstance(node, Norm) else "|"
            return f"{bar}{_text(node.of)[0]}{bar}", _ATOM
        case Relation():
            return f"{_text(node.left)[0]} {RELATIONS.get(node.op, node.op)} {_text(node.right)[0]}", _SUM
        case Indicator():
            return f"1[{_text(node.condition)[0]}]", _ATOM
        case Derivative():
            return _derivative(node), _ATOM
        case Space():
            return "ℝ" + ("^" + "×".join(_text(s)[0] for s in node.sizes) if node.sizes else ""), _ATOM
        case Dots():
            return "…", _ATOM
        case _:
            return "the case distinction", _ATOM


def _letter(text: str) -> str:
    *marks, word = text.split() or [text]
    accents = [m for m in marks if m in ACCENTS]
    for mark in marks:
        word = word if mark in ACCENTS else _styled(mark, word)
    with contextlib.suppress(KeyError):
        word = unicodedata.lookup(f"GREEK {'CAPITAL' if word[:1].isupper() else 'SMALL'} LETTER {_greek(word)}")
    return word + "".join(ACCENTS.get(a, "") for a in accents)


def _styled(style: str, word: str) -> str:
    """A letter in the style of its font, where Unicode has it."""
    case = "CAPITAL" if word.isupper() else "SMALL"
    for kind in (f"MATHEMATICAL {_KINDS.get(style, style.upper())}", style.upper()):
        with contextlib.suppress(KeyError):
            return unicodedata.lookup(f"{kind} {case} {word.upper()}")
    return word


_KINDS = {"double": "DOUBLE-STRUCK", "sans": "SANS-SERIF"}


def _greek(word: str) -> str:
    return {"lambda": "LAMDA"}.get(word.lower(), word.removeprefix("var").upper()) if len(word) > 1 else ""


def _script(node: Node) -> str:
    text = _text(node)[0]
    return text.replace(" ", "") if isinstance(node, Product) else text


def _scripts(node: Scripts) -> str:
    out = _within(node.base, _ATOM)
    if node.sub:
        sub = ",".join(_script(s) for s in node.sub)
        out += f"_{sub}" if len(sub) == 1 or sub.isdigit() else f"_{{{sub}}}"
    if node.sup is not None:
        sup = _script(node.sup)
        out += f"^{sup}" if len(sup) == 1 or sup.isdigit() or isinstance(node.sup, Group) else f"^{{{sup}}}"
    return out


def _product(node: Product) -> str:
    out = ""
    for before, f in zip((None, *node.factors), node.factors, strict=False):
        text = _within(f, _BINARY if f is node.factors[-1] and isinstance(f, Big) else _PRODUCT)
        if isinstance(f, Quotient) and len(node.factors) > 1:
            text = f"({text})"
        close = isinstance(f, Group) and (isinstance(before, Prime) or _is_small(before))
        digits = isinstance(before, Num) and isinstance(f, Num)
        out += text if not out or close else (" · " if digits else " ") + text
    return out


def _sum(node: Sum) -> str:
    out = ""
    for t in node.terms:
        if isinstance(t, Neg):
            out += (" − " if out else "−") + _within(t.of, _BINARY)
        else:
            out += (" + " if out else "") + _within(t, _BINARY)
    return out


def _derivative(node: Derivative) -> str:
    order = len(node.by)
    power = {1: "", 2: "²", 3: "³"}.get(order, f"^{order}")
    d = "d" if node.kind == "total" else "∂"
    below = (
        f"{d}{_within(node.by[0], _ATOM)}{power}"
        if len(set(node.by)) == 1
        else " ".join(d + _within(b, _ATOM) for b in node.by)
    )
    return f"{d}{power}{_within(node.of, _ATOM)}/{below}"


def _is_small(node: Node | None) -> bool:
    """Functions are written small, matrices large."""
    return isinstance(node, Name) and node.text[:1].islower()
