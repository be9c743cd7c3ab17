"""Properties said in words or by an inequality: "S is symmetric", "a one-hot vector t", λ > 0."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symjac.meaning.naming import identifier
from symjac.meaning.notebook import FactText, Notebook
from symjac.notation.tree import Around, Group, Items, Node, Num, Product, Scripts, Space, Statement, Transpose


@dataclass(frozen=True, slots=True)
class Said:
    """A fact, and from which statement to which (the end exclusive; None for all that follow) it holds."""

    fact: FactText
    start: int = 0
    end: int | None = None


WORDS: tuple[tuple[str, str], ...] = (
    (r"symmetric(?:al)?,? (?:and )?positive[- ](?:semi-?)?definite|s\.?p\.?d\.?", "positive definite"),
    (r"positive[- ](?:semi-?)?definite", "positive definite"),
    (r"skew[- ]symmetric|anti-?symmetric", "skew-symmetric"),
    (r"symmetric(?:al)?", "symmetric"),
    (r"diagonal", "diagonal"),
    (r"orthogonal|orthonormal", "orthogonal"),
    (r"one[- ]hot(?: encoded)?|probability|stochastic", "sum"),
    (r"zero[- ]mean|cent(?:e?red|ered)", "mean zero"),
    (r"unit(?= (?:vector|column))|of unit (?:norm|length)|unit[- ]norm|of (?:norm|length) (?:1|one)", "norm 1"),
    (r"(?:strictly )?positive|non-?negative", "positive"),
)  # fmt: skip
"""What a text calls a property, and the kind of the fact."""

_NOUN = (
    r"(?: (?:real|square|constant|fixed|given|random|matri(?:x|ces)|vectors?|distributions?|encodings?|targets?|labels?"
    r"|numbers?|constants?|scalars?))*"
)
_BEHIND = (
    r"^,? ?(?:(?:is|are|be|being|both|all|which|that|assumed|to|taken|an?|the|real|square|also|and) )*"
    r"(?:{word})\b"
)
_BEFORE = r"\b(?:{word}){noun}$"
_NOT = re.compile(r"\b(?:not|neither|nor|never|no longer|non|need not|isn't|aren't|without|unless|whether)\b|n't\b")
_IF = re.compile(r"\b(?:if|when|whenever|in case|special case|in the case)\b")
_FROM_HERE = re.compile(r"\b(?:now|let|suppos\w*|assum\w*|further\w*|next)\b")
_GIVEN = re.compile(
    r"\b(?:where|with|and|assum\w*|suppos\w*|let|given|since|because|as|that|for|here|now|note|recall|have)\b[^.]{0,40}$"
)
_SUMS = re.compile(
    r"^,? ?(?:which |that |both |all |(?:whose|the|its) (?:entries|components|elements) )*"
    r"(?:sums?|adds?(?: up)?|summing|adding up) to (?:1|one|unity)\b"
)

_FUNCTIONS = r"softmax|sigmoid|logistic|relu|tanh|softplus"
_IS_FUNCTION = re.compile(
    rf"^,? ?(?:(?:be|is|denotes?|means|stands for|the|being|are|an?|for|logistic)[ -])*(?P<name>{_FUNCTIONS})\b"
)
_FUNCTION_OF = re.compile(rf"\b(?P<name>{_FUNCTIONS})(?: (?:activation|function|nonlinearity))*,?$")


def functions_named(statements: Sequence[Statement]) -> Iterator[tuple[str, str]]:
    """σ and softmax of "let σ be the softmax": what a name alone in a formula is said to be."""
    for s in statements:
        if s.relations or len(s.sides) != 1:
            continue
        head = s.sides[0]
        if isinstance(head, Product) and len(head.factors) == 2 and isinstance(head.factors[1], Group):
            head = head.factors[0]
        found = _IS_FUNCTION.search(s.around.after) or _FUNCTION_OF.search(s.around.before)
        key = identifier(head)
        if found is not None and key is not None:
            yield key, found["name"]


_IS_PLACE_OF = re.compile(r"^,? ?(?:is|be|denotes?|being|means|stands for)(?: the)?(?: (row|column)(?: number)?)?$")
_PLACE_BEHIND = re.compile(r"^(?:-? ?(?:th|st|nd|rd) )?(row|column)?(?: vector)?,? ?of$")


def samples_named(statements: Sequence[Statement]) -> Iterator[tuple[Scripts, str, Node]]:
    """x_i, "rows" and X of "x_i is row i of X" and of "x_i denotes the i-th row of X"."""
    for one, place, whole in zip(statements, statements[1:], statements[2:], strict=False):
        if any(s.relations or len(s.sides) != 1 for s in (one, place, whole)):
            continue
        head = one.sides[0].of if isinstance(one.sides[0], Transpose) else one.sides[0]
        ahead, behind = _IS_PLACE_OF.search(one.around.after), _PLACE_BEHIND.search(place.around.after)
        if not isinstance(head, Scripts) or head.sup is not None or len(head.sub) != 1 or not ahead or not behind:
            continue
        letter, axis = identifier(head.sub[0]), ahead[1] or behind[1]
        if axis and letter is not None and letter == identifier(_without_sign(place.sides[0])):
            yield head, f"{axis}s", whole.sides[0]


def _without_sign(node: Node) -> Node:
    """i of i^{th}."""
    return node.base if isinstance(node, Scripts) and not node.sub else node


COMPARED = frozenset({"<", "<=", ">", ">=", "succ", "succeq"})


def properties(statements: Sequence[Statement], notebook: Notebook) -> Iterator[Said]:
    """Every property that the words beside a name give it."""
    for place, s in enumerate(statements):
        for node in _names(s):
            if identifier(node) in notebook.shapes:
                for kind in _kinds(s):
                    yield _scoped(_fact(node, kind, notebook), place, s, statements)
    signs = list(_signs(statements, notebook))
    against = {said.fact.name for _, said, good in signs if not good}
    for _, said, good in signs:
        if good and said.fact.name not in against:
            yield said


def _names(s: Statement) -> tuple[Node, ...]:
    """The names that a formula consists of, or declares."""
    if not s.sides or (s.relations and (s.relations != ("in",) or not isinstance(s.sides[1], Space))):
        return ()
    first = s.sides[0]
    return first.items if isinstance(first, Items) else (first,)


def _kinds(s: Statement) -> Iterator[str]:
    before, after = s.around.before, s.around.after
    rest_before, rest_after = before, after
    for word, kind in WORDS:
        behind = re.search(_BEHIND.format(word=word), rest_after)
        if behind is not None and not _NOT.search(behind[0]):
            yield kind
            rest_after = ""
        ahead = re.search(_BEFORE.format(word=word, noun=_NOUN), rest_before)
        if ahead is not None and not _NOT.search(before[max(0, ahead.start() - 20) : ahead.start()]):
            yield kind
            rest_before = ""
    if _SUMS.search(after):
        yield "sum"


def _fact(node: Node, kind: str, notebook: Notebook) -> FactText:
    shape = notebook.shapes[identifier(node) or ""]
    if kind != "sum":
        return FactText(kind, node, text=kind, in_text=True)
    rank = len(shape.sizes) + len(shape.letters)
    return FactText(kind, node, "rows" if rank == 2 else "", Num("1"), "sum to 1", in_text=True)


def _scoped(fact: FactText, place: int, s: Statement, statements: Sequence[Statement]) -> Said:
    """Behind "if" to the end of the paragraph, behind "now let" from its sentence on, else all over the page."""
    conditional = is_conditional(s.around)
    if not conditional and not _FROM_HERE.search(s.around.before):
        return Said(fact)
    same = [p for p, other in enumerate(statements) if other.around.paragraph == s.around.paragraph]
    start = min(p for p in same if statements[p].around.sentence == s.around.sentence)
    return Said(fact, start, max(same) + 1 if conditional else None)


def is_conditional(around: Around) -> bool:
    """Behind "if"."""
    return _IF.search(around.before[-60:]) is not None


def signs_given(s: Statement, notebook: Notebook) -> list[FactText]:
    """λ > 0 where it is given apart from a text."""
    given = replace(s, around=Around(before="let"))
    return [said.fact for _, said, good in _signs([given], notebook) if good]


def _signs(statements: Sequence[Statement], notebook: Notebook) -> Iterator[tuple[int, Said, bool]]:
    """λ > 0 where it is given, with whether it says that something is positive."""
    for place, s in enumerate(statements):
        if not s.relations or not set(s.relations) <= COMPARED:
            continue
        name, good, kind = _sign(s)
        if isinstance(name, Scripts) and name.sup is None and identifier(name) not in notebook.shapes:
            name = name.base  # x_i > 0 for every i
        key = None if name is None else identifier(name)
        if name is None or key not in notebook.shapes:
            continue
        if kind == "positive definite" and len(notebook.shapes[key].sizes) != 2:
            kind = "positive"
        given = _GIVEN.search(s.around.before) is not None or s.around.before.endswith("$ ,")
        if not good or (given and not is_conditional(s.around)):
            yield place, Said(FactText(kind, name, text=kind, in_text=True)), good


def _sign(s: Statement) -> tuple[Node | None, bool, str]:
    """What is compared with 0 or lies between 0 and 1, whether it is above, and the kind of the fact."""
    sides, relations = s.sides, s.relations
    zero, one = Num("0"), Num("1")
    if len(sides) == 3 and (sides[0], sides[2]) == (zero, one) and set(relations) <= {"<", "<="}:
        return sides[1], True, "between 0 and 1"
    if len(sides) != 2:
        return None, False, ""
    left, right = sides
    kind = "positive definite" if relations[0].startswith("succ") else "positive"
    if right == zero:
        return left, relations[0] not in ("<", "<="), kind
    if left == zero:
        return right, relations[0] in ("<", "<="), kind
    return None, False, ""
