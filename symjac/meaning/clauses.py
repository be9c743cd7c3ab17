"""Conditions in the words of a text, "if $x > 0$, then": what they govern is claimed there alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from symjac.meaning.conditions import COMPARISONS
from symjac.meaning.natures import is_value
from symjac.notation.pending import innermost
from symjac.notation.tree import Name, Node, Relation, Scripts, Statement, Transpose, walk

Said = tuple[Statement, str]

_BEHIND = re.compile(r"^,? ?\(?(for|if|when|whenever|where|provided|at)( all| any| every)?$")
_LEADING = re.compile(
    r"(?:^|[ ,;:(])(for|if|when|whenever|at|in the case|case|where)( all| any| every| that| of)?( the (case|point))?$"
)
_OF_VALUES = frozenset({"for", "if", "when", "whenever", "at", "case", "in the case", "provided"})


def conditioned(said: Sequence[Said]) -> list[Said]:
    """The statements, each with the conditions that the words of its sentence put on it."""
    letters = {n.text for s, _ in said for side in s.sides for n in _subscripts(side)}
    out: list[Said] = []
    leading: list[Node] = []
    idle = False  # whether what leads governs nothing yet
    for place, (s, role) in enumerate(said):
        new_sentence = place == 0 or said[place - 1][0].around.sentence != s.around.sentence
        if new_sentence and not (idle and not s.around.before.strip() and _are_of_indices(leading, letters)):
            leading = []
        near = s.around.before.rsplit("$", 1)[-1].strip()
        behind = _BEHIND.match(near) if out and not new_sentence else None
        ahead = _LEADING.search(near)
        if role == "text" and behind is not None and _restricts(s, behind[1], letters) and "=" in out[-1][0].relations:
            last, its = out[-1]
            out[-1] = replace(last, conditions=(*last.conditions, _comparison(s))), its
        elif role == "text" and ahead is not None and _restricts(s, ahead[1], letters):
            leading, idle = [_comparison(s)], True
        else:
            idle = False
            more = tuple(c for c in leading if role == "text" and "=" in s.relations)
            out.append((replace(s, conditions=(*s.conditions, *more)) if more else s, role))
    return out


def _subscripts(side: Node) -> list[Name]:
    """The letters that stand as subscripts."""
    parts = (n for node in walk(side) if isinstance(node, Scripts) for sub in node.sub for n in walk(sub))
    return [n for n in parts if isinstance(n, Name)]


def _restricts(s: Statement, word: str, letters: set[str]) -> bool:
    """Whether it is a comparison that may be a condition: an equation only of indices, or with a number."""
    if len(s.sides) != 2 or s.relations[0] not in COMPARISONS or s.conditions:
        return False
    if s.relations[0] not in ("=", "!="):
        return True
    indices = _are_of_indices([_comparison(s)], letters)
    named = isinstance(innermost(s.sides[0]), Name) and not isinstance(s.sides[0], Transpose)
    return (word in _OF_VALUES and (indices or (named and is_value(s.sides[1])))) or s.relations[0] == "!="


def _are_of_indices(comparisons: Sequence[Node], letters: set[str]) -> bool:
    """True for i ≠ j, which holds for a formula on a line of its own behind the sentence too."""
    sides = [side for c in comparisons if isinstance(c, Relation) for side in (c.left, c.right)]
    return all(isinstance(side, Name) and side.text in letters for side in sides)


def _comparison(s: Statement) -> Relation:
    return Relation(s.relations[0], s.sides[0], s.sides[1], span=s.span)
