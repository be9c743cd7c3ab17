"""LaTeX formulas as MathML: latex2mathml reads them, and what browsers need beyond that is set right here."""

from __future__ import annotations

import re
from functools import lru_cache
from xml.etree import ElementTree

from latex2mathml.converter import convert

from symjac.core.memo import MOST_KEPT

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ElementTree.register_namespace("", _NAMESPACE)

_NAMED = re.compile(r"\\(operatorname|text|mathrm)\{((?:[^{}\\]|\\.)*)\}")
_PLACEHOLDER = re.compile(r"zq([a-j]+)qz")
_UNESCAPED = re.compile(r"\\([_&%$#{}])")
_DIGITS = str.maketrans("0123456789", "abcdefghij")
_LETTERS = str.maketrans("abcdefghij", "0123456789")

_RELATIONS = frozenset("=<>≤≥≠∈←→")
_FENCES = {"(": "prefix", "[": "prefix", "{": "prefix", ")": "postfix", "]": "postfix", "}": "postfix"}
_STACKED = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
_BIG = ("∑", "∏", "max", "min")
_BOLD_DIGIT, _DOUBLE_DIGIT = 0x1D7CE, 0x1D7D8
_BOLD_UPPER, _BOLD_LOWER = 0x1D400, 0x1D41A


@lru_cache(maxsize=MOST_KEPT)
def mathml(latex: str, display: bool = False) -> str:
    """`latex` as one `<math>` element; with `display`, limits stand under and over, fractions are large."""
    words: list[str] = []

    def keep(found: re.Match[str]) -> str:
        # latex2mathml reads no escapes within a name, so names go through as letters and come back below.
        words.append(_UNESCAPED.sub(r"\1", found[2]))
        command = "text" if found[1] == "text" else "operatorname"
        return rf"\{command}{{zq{str(len(words) - 1).translate(_DIGITS)}qz}}"

    root = ElementTree.fromstring(convert(_NAMED.sub(keep, latex), display="block" if display else "inline"))
    root.attrib.pop("display", None)
    if display:
        root.set("displaystyle", "true")
    _restore(root, words)
    _tidy(root)
    if display:
        _set_limits(root)
    return ElementTree.tostring(root, encoding="unicode")


def _restore(root: ElementTree.Element, words: list[str]) -> None:
    for node in root.iter():
        found = _PLACEHOLDER.fullmatch((node.text or "").strip())
        if found:
            word = words[int(found[1].translate(_LETTERS))]
            node.text = re.sub(r"^ | $", "\u00a0", word) if node.tag.endswith("}mtext") else word


def _tidy(parent: ElementTree.Element) -> None:
    children = list(parent)
    for place, node in enumerate(children):
        _tidy(node)
        tag, text = node.tag.partition("}")[2], node.text or ""
        if tag in ("mi", "mn"):
            node.text = _letters(text, node.attrib.pop("mathvariant", ""))
        elif tag == "mo" and text.replace("_", "").isalnum():
            # A function's name is an identifier: as an operator it would be set off on both sides.
            node.tag = f"{{{_NAMESPACE}}}mi"
            node.attrib.clear()
            if len(text) == 1:
                node.set("mathvariant", "normal")
        elif tag == "mo" and text in _FENCES:
            # As prefix or postfix forms, wherever they stand, brackets have no space around them.
            node.attrib.update(form=_FENCES[text], lspace="0", rspace="0")
            if node.attrib.pop("minsize", None):
                # A larger glyph; a stretched one has wide side bearings.
                del node.attrib["maxsize"]
                node.attrib.update(stretchy="false", mathsize="125%")
        elif tag == "mo" and text == "−" and place and _leads(children[place - 1]):
            node.set("form", "prefix")
        elif tag == "mo" and text in _RELATIONS and not place:
            # A line of a chain begins with its relation, which keeps its space on both sides.
            node.set("form", "infix")
    _space_names(parent)


def _set_limits(root: ElementTree.Element) -> None:
    """Limits under and over every big operator; within fractions browsers move them beside it."""
    for node in root.iter():
        tag = node.tag.rpartition("}")[2]
        if tag in _STACKED and len(node) and (node[0].text or "") in _BIG:
            node.tag = f"{{{_NAMESPACE}}}{_STACKED[tag]}"


def _leads(before: ElementTree.Element) -> bool:
    """True where a minus after this element is a sign rather than a subtraction."""
    return before.tag.endswith("}mo") and (before.text or "") not in (")", "]", "}", "|", "!", "⊤")


def _letters(text: str, variant: str) -> str:
    """`text` in the letters of `variant`: browsers draw styled letters only as characters of their own."""
    if len(text) != 1 or variant not in ("bold", "double-struck"):
        return text
    if text.isdigit():
        return chr((_BOLD_DIGIT if variant == "bold" else _DOUBLE_DIGIT) + int(text))
    if variant == "bold" and text.isascii() and text.isalpha():
        return chr(_BOLD_UPPER + ord(text) - ord("A") if text.isupper() else _BOLD_LOWER + ord(text) - ord("a"))
    return text


def _space_names(parent: ElementTree.Element) -> None:
    """A thin space on each side of a function's name, except before its parenthesis and beside operators."""
    if parent.tag.rpartition("}")[2] not in ("mrow", "math", "mtd", "mstyle"):
        return
    children = list(parent)
    added = 0
    for place, node in enumerate(children):
        if not _is_name(node):
            continue
        if place and _is_operand(children[place - 1]):
            parent.insert(place + added, _thin())
            added += 1
        if place + 1 < len(children) and _is_operand(children[place + 1]) and not _opens(children[place + 1]):
            parent.insert(place + added + 1, _thin())
            added += 1


def _is_name(node: ElementTree.Element) -> bool:
    core = node[0] if node.tag.rpartition("}")[2] in ("msub", "msup", "msubsup", "munder") and len(node) else node
    return core.tag.endswith("}mi") and len(core.text or "") > 1


def _is_operand(node: ElementTree.Element) -> bool:
    tag = node.tag.rpartition("}")[2]
    if tag == "mo":
        return (node.text or "") in (")", "]", "∂")
    return tag != "mspace" and tag != "mtext"


def _opens(node: ElementTree.Element) -> bool:
    first = next((n for n in node.iter() if n.tag.rpartition("}")[2] in ("mo", "mi", "mn")), node)
    base = node.tag.rpartition("}")[2] in ("mrow", "msub", "msup", "msubsup")
    return base and first.tag.endswith("}mo") and first.text in ("(", "[")


def _thin() -> ElementTree.Element:
    return ElementTree.Element(f"{{{_NAMESPACE}}}mspace", {"width": "0.167em"})
