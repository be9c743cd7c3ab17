"""Hostile inputs made from good ones: pieces taken out, doubled, swapped or put in, whole texts in other encodings."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

PIECE = re.compile(r"\\[A-Za-z]+|[A-Za-z][A-Za-z0-9]*|[0-9]+|\s+|.", re.DOTALL)

HOSTILE = (
    "", "\0", "\ufeff", "\u202e", "\u2066", "\u200b", "\u2028", "\x85", "\x0b", "\x1b[31m", "\r", "\r\n", "\t", "\n\n",
    "\ud800", "\udfff", "\ufffe", "\U0001d400", "e" + "\u0301" * 60, "é", "ß", "İ", "٣", "²", "½", "−", "×", "Σ", "'",
    '"', "'" * 60, "`" * 4, "(", ")", "[", "]", "{", "}", "(" * 300, "[" * 300, "{" * 300, "- " * 40, "? ", ": ", " #",
    "&a ", "*a", "!!python/object/apply:os.system ", "!t ", "%YAML 1.1\n", "---\n", "...\n", "| \n", ">-\n", "<<: ",
    "9" * 400, "0x1f", "1e999999999", "1e-400", ".inf", ".nan", "Infinity", "NaN",
    "-0", "1/0", "0/0", "10**10**10", "2**1000000", "^",
    "_", "^^", "__", "$", "$$", "\\", "\\\\", "\\(", "\\]", "\\frac", "\\frac{", "\\sqrt[", "\\begin{align}",
    "\\end{x}",
    "\\begin{cases}", "\\left(", "\\right.", "\\def\\a{\\a}", "\\newcommand{\\q}[9]{#9}", "\\operatorname{", "\\sum_",
    "\\nabla", "\\partial", "\\mathbb{R}^", "&", "&&", "~", "|", "||", "<", ">", "<=", "==", "=", ":=", "\\in", "<!--",
    "-->", "<!-- symjac: ", "% symjac: ", "```", "import os", "__import__('os')", "lambda: 0", "True", "None", "null",
    "a" * 3000, "a_" * 400, "+" * 400, "-" * 400, "sum[i] ", "sum(", ".T" * 200, "@", "**", "*", "/", ",", ";", "]" * 9,
    "where(", "x[", "[i,i]", "[-1]", "[99999999999999999999]", "axis=9", "relu(" * 60, "exp(" * 30, "dense: -1",
    "repeat: {times: 10000, layers: [", "units: 1000000000000", "stride: 0", "padding: 99",
)  # fmt: skip

ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-7", "cp037", "shift_jis")


def kind_of(piece: str) -> str:
    if piece in "()[]{}":
        return piece
    return "name" if piece[0].isalpha() else "number" if piece[0].isdigit() else "command" if len(piece) > 1 else "sign"


def mutated(rng: random.Random, seeds: Sequence[str], tokens: Sequence[str]) -> str:
    """A text made from one or two of `seeds`, with one to six changes; most put a piece in the place of one like it."""
    text = rng.choice(seeds)
    if rng.random() < 0.05:
        other = rng.choice(seeds)
        text = text[: rng.randint(0, len(text))] + other[rng.randint(0, len(other)) :]
    parts = PIECE.findall(text)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        at = rng.randrange(len(parts) + 1)
        chance = rng.random()
        if chance < 0.5 and at < len(parts) and not parts[at].isspace():
            alike = [t for t in rng.choices(tokens, k=40) if not t.isspace() and kind_of(t) == kind_of(parts[at])]
            parts[at] = (alike or ["x"])[0]
        elif chance < 0.58:
            del parts[at : at + rng.choice((1, 1, 1, 3, 20))]
        elif chance < 0.66:
            parts[at:at] = parts[at : at + rng.choice((1, 1, 3, 12))] * rng.choice((1, 1, 2, 40))
        elif chance < 0.72 and parts:
            other_at, here = rng.randrange(len(parts)), min(at, len(parts) - 1)
            parts[here], parts[other_at] = parts[other_at], parts[here]
        elif chance < 0.86:
            parts[at : at + rng.randint(0, 1)] = [rng.choice(HOSTILE)]
        elif chance < 0.92:
            parts[at : at + rng.randint(0, 1)] = [rng.choice(tokens)]
        elif chance < 0.97:
            parts[at:at] = [rng.choice(tokens) * rng.choice((1, 2, 50))]
        else:
            del parts[at:]
    return "".join(parts)


def encoded(rng: random.Random, text: str) -> bytes:
    """The text as bytes: mostly UTF-8, lone surrogates included; now and then otherwise."""
    chance = rng.random()
    if chance < 0.03:
        return text.encode(rng.choice(ENCODINGS), "replace")
    content = text.encode("utf-8", "surrogatepass")
    if chance < 0.06:
        content = content.replace(b"\n", rng.choice((b"\r\n", b"\r")))
    if chance > 0.97:
        return damaged(rng, content)
    return (b"\xef\xbb\xbf" if 0.06 < chance < 0.08 else b"") + content


def damaged(rng: random.Random, content: bytes) -> bytes:
    """Some bytes changed, put in or taken out, or the end cut off."""
    out = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(5):
            case 0:
                del out[at : at + rng.choice((1, 4, 100))]
            case 1:
                out[at:at] = rng.randbytes(rng.choice((1, 4, 16)))
            case 2:
                out[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\x01\0\0\0"))
            case 3:
                del out[at:]
            case _:
                if out:
                    out[min(at, len(out) - 1)] ^= 1 << rng.randrange(8)
    return bytes(out)
