r"""TeX text -> tokens, each with its place in the file.

A token is what TeX takes as one: a command, a letter, a digit, a sign. Signs beyond ASCII become the commands that
print them, so that `α` and `\alpha`, `xᵀ` and `x^\top` are the same from here on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain

from symjac.notation.tree import Span

LONGEST = 20_000
"""How many tokens a piece of mathematics may have, before and after its macros are expanded."""

DEEPEST = 60
"""How many braces may stand inside one another."""


class Unreadable(Exception):
    """What cannot be read, where, and why, in one sentence. Does not leave this package's readers."""

    def __init__(self, span: Span, reason: str) -> None:
        super().__init__(reason)
        self.span = span
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Tex:
    r"""One token: `\name`, a sign, a letter, a digit, or `#1` inside of a macro. `space`: white space stands before."""

    text: str
    span: Span
    space: bool = False

    @property
    def command(self) -> bool:
        return len(self.text) > 1 and self.text[0] == "\\"

    @property
    def letter(self) -> bool:
        return len(self.text) == 1 and self.text.isalpha()

    @property
    def digit(self) -> bool:
        return self.text in DIGITS


DIGITS = frozenset("0123456789")

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ϵ": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ϑ": "vartheta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu", "ξ": "xi",
    "π": "pi", "ρ": "rho", "σ": "sigma", "ς": "varsigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "ϕ": "phi",
    "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi",
    "Σ": "sum", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip

_SIGNS = {
    "∂": "partial", "∇": "nabla", "∑": "sum", "∏": "prod", "√": "sqrt", "∞": "infty", "ℓ": "ell", "·": "cdot",
    "⋅": "cdot", "×": "times", "∗": "ast", "⊙": "odot", "∘": "circ", "⊗": "otimes", "⊘": "oslash", "÷": "div",
    "⊤": "top", "≤": "leq", "≥": "geq", "≠": "neq", "≈": "approx", "≡": "equiv", "≜": "triangleq",
    "≔": "coloneqq", "∝": "propto", "∈": "in", "←": "leftarrow", "→": "to", "↦": "mapsto", "⇒": "Rightarrow",
    "⟹": "implies", "⇔": "iff", "∀": "forall", "‖": "|", "∥": "|", "⟨": "langle", "⟩": "rangle", "…": "dots",
    "⋯": "dots", "∼": "sim", "ᵀ": "top", "′": "prime",
}  # fmt: skip

_SPELLED = {
    "−": ("-",), "–": ("-",), "½": ("\\frac", "1", "2"), "¼": ("\\frac", "1", "4"), "¾": ("\\frac", "3", "4"),
    "⅓": ("\\frac", "1", "3"), "ℝ": ("\\mathbb", "R"), "ℒ": ("\\mathcal", "L"), "ℛ": ("\\mathcal", "R"),
    "𝟙": ("\\mathbb", "1"), "𝟏": ("\\mathbf", "1"), "″": ("'", "'"), "∕": ("/",), "∶": (":",), "∣": ("|",),
    "，": (",",), "、": (",",), "；": (";",), "：": (":",), "。": (".",), "（": ("(",), "）": (")",), "＝": ("=",),
    "＋": ("+",), "’": ("'",),
}  # fmt: skip

UNICODE: dict[str, tuple[str, ...]] = (
    {c: ("\\" + name,) for c, name in chain(_GREEK.items(), _SIGNS.items()) if c not in "ᵀ′"} | {"′": ("'",)} | _SPELLED
)

RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱʲᵏˡᵐᵗˣ", "0123456789+-()nijklmtx", strict=True)) | {"ᵀ": "\\top"}
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₙᵢⱼₖₗₘₜₓₐₒ", "0123456789+-()nijklmtxao", strict=True))

_ACCENTS = {
    "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u0307": "dot", "\u0308": "ddot",
    "\u20d7": "vec",
}  # fmt: skip

_TOKEN = re.compile(
    rf"""(?P<usual>[!-"$&-\[\]-~](?![{"".join(_ACCENTS)}]))
    |(?P<comment>(?<!\\)%[^\n]*\n?)
    |(?P<space>\s+)
    |(?P<parameter>\#[1-9])
    |(?P<command>\\(?:[A-Za-z]+|[^A-Za-z]|$))
    |(?P<raised>[{re.escape("".join(RAISED))}]+)
    |(?P<lowered>[{re.escape("".join(LOWERED))}]+)
    |(?P<accented>[^\W\d_][{"".join(_ACCENTS)}]+)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str, offsets: Sequence[int]) -> list[Tex]:
    """The tokens of `text`, whose character i stands at offsets[i] of the file."""
    out: list[Tex] = []
    space = False
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind in ("space", "comment"):
            space = True
            continue
        if len(out) > LONGEST:
            whole = Span(offsets[0], offsets[len(text) - 1] + 1)
            raise Unreadable(whole, f"this is longer than {LONGEST:,} signs; a formula was expected")
        span = Span(offsets[match.start()], offsets[match.end() - 1] + 1)
        for i, piece in enumerate(_pieces(kind or "", match.group())):
            out.append(Tex(piece, span, space and i == 0))
        space = False
    return out


def _pieces(kind: str, found: str) -> Iterable[str]:
    if kind in ("usual", "command", "parameter"):
        return (found,)
    if kind == "raised":
        return "^", "{", *(RAISED[c] for c in found), "}"
    if kind == "lowered":
        return "_", "{", *(LOWERED[c] for c in found), "}"
    if kind == "accented":
        return _accented(found)
    if found.isascii():
        return (found,)
    if found in UNICODE:
        return UNICODE[found]
    return _styled(found, _accented(unicodedata.normalize("NFKD", found)))


_FONTS = {"BOLD": "\\mathbf", "SCRIPT": "\\mathcal", "FRAKTUR": "\\mathfrak", "SANS-SERIF": "\\mathsf"}


def _styled(found: str, pieces: Iterable[str]) -> Iterable[str]:
    """The letter as TeX writes it in the style that Unicode has it in."""
    words = unicodedata.name(found, "").split()
    font = next((_FONTS[w] for w in words if w in _FONTS), None) if words[:1] == ["MATHEMATICAL"] else None
    return pieces if font is None else (font, "{", *pieces, "}")


def _accented(found: str) -> Iterable[str]:
    """x with combining accents, as TeX writes it: the innermost accent stands first in Unicode and last in TeX."""
    letter, accents = found[0], [_ACCENTS[c] for c in found[1:] if c in _ACCENTS]
    base = UNICODE.get(letter, (letter,))
    before = [piece for accent in reversed(accents) for piece in ("\\" + accent, "{")]
    return (*before, *base, *("}" for _ in accents))


def at(token: Tex, span: Span) -> Tex:
    """The token, standing elsewhere."""
    return replace(token, span=span)


def spell(found: Iterable[Tex]) -> str:
    """The tokens as TeX text; white space stands where the writer put some, and where TeX needs it."""
    out: list[str] = []
    for t in found:
        command_before = bool(out) and len(out[-1]) > 1 and out[-1][0] == "\\" and out[-1][-1].isalpha()
        if out and (t.space or (command_before and t.letter)):
            out.append(" ")
        out.append(t.text)
    return "".join(out)


def group(found: Sequence[Tex], start: int) -> int:
    """The index of the brace that closes the one at `start`."""
    depth = 0
    for i in range(start, len(found)):
        depth += opens(found[i].text)
        if depth == 0:
            return i
    raise Unreadable(found[start].span, "a brace { is opened and never closed")


def braced_depth(texts: Iterable[str]) -> int:
    """How many braces stand inside one another at most."""
    return max(accumulate(map(opens, texts), initial=0))


def opens(text: str) -> int:
    """1 for the brace that opens, −1 for the one that closes, 0 for other tokens."""
    return (text == "{") - (text == "}")
