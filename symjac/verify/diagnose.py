"""What is wrong with a refuted formula: a search over the changes that make it right."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symjac.equality.budget import Budget
from symjac.notation.tree import Big, Neg, Node, Span, Sum, walk
from symjac.verify.changes.costs import Added, Cost
from symjac.verify.changes.edit import Edit
from symjac.verify.edits import edits
from symjac.verify.oracle import Oracle
from symjac.verify.phrase import phrase
from symjac.verify.scalars import Scalar, coefficient, scalar
from symjac.verify.sites import negated, plus
from symjac.verify.view import KnownNames, View, fit

KINDS = (
    "sign",
    "factor",
    "transpose",
    "missing_factor",
    "extra_factor",
    "hadamard_for_product",
    "product_for_hadamard",
    "wrong_operand",
    "diagonal_only",
    "missing_identity",
    "missing_term",
    "extra_term",
    "sum_for_mean",
    "missing_sum",
    "extra_sum",
    "order",
    "layout",
    "vec",
    "index",
    "shape",
)
"""What a fault can be. "layout" and "vec" are of a whole convention and found before a search begins."""

LARGEST = 600
"""Nodes of a formula that is searched."""
MOST_NODES = 60
"""Of a missing term, beside those of the formula."""
SINGLE_SHARE = 0.85
"""Of the steps, what single changes may take."""
STEPS_TO_MAKE = 10
"""What an edit takes before it is read."""
STEPS_TO_CONFIRM = 200


@dataclass(frozen=True, slots=True)
class FoundFault:
    """A change that makes the formula right."""

    kind: str
    text: str
    span: Span
    right: Node


@dataclass(frozen=True, slots=True)
class _Fit:
    """Edits that fit with a number c, and what it all costs."""

    cost: float
    edits: tuple[Edit, ...]
    number: Scalar


def diagnose(right: Node, oracle: Oracle, budget: Budget) -> FoundFault | None:
    """The least change of `right` that the oracle holds for right: a number, one edit, the missing term, two edits."""
    if sum(1 for _ in itertools.islice(walk(right), LARGEST + 1)) > LARGEST:
        return None
    view = View(right, KnownNames(oracle))
    single = budget.part(int(SINGLE_SHARE * budget.left))
    return _by_number(view) or _by_one(view, single) or _by_residual(view) or _by_two(view, budget)


def one_change(right: Node, oracle: Oracle, budget: Budget) -> FoundFault | None:
    """A number, one edit or the missing term."""
    if sum(1 for _ in itertools.islice(walk(right), LARGEST + 1)) > LARGEST:
        return None
    view = View(right, KnownNames(oracle))
    return _by_number(view) or _by_one(view, budget) or _by_residual(view)


# ---- the roads -----------------------------------------------------------------------------------------------------


def _by_number(view: View) -> FoundFault | None:
    """left = c · right."""
    c = _number(view.oracle.factor(view.root))
    if c is None or c.is_one:
        return None
    return _accepted(view, (Edit("factor", "", view.root.span, view.root, Cost.NUMBER_OF_WHOLE),), c)


def _by_one(view: View, budget: Budget) -> FoundFault | None:
    """One edit, alone or with a number; the cheapest of all that fit."""
    best: list[_Fit] = []
    for e in edits(view):
        while best and best[0].cost <= e.cost:
            budget.spend(STEPS_TO_CONFIRM)
            found = _confirmed(view, best.pop(0))
            if found is not None:
                return found
        if budget.spent:
            break
        c = _asked(e, view, budget)
        if c is not None:
            best.append(_Fit(e.cost + _penalty(c, e), (e,), c))
            best.sort(key=lambda b: b.cost)
    return next((f for b in best if (f := _confirmed(view, b)) is not None), None)


def _by_residual(view: View) -> FoundFault | None:
    """right + what the oracle derives as the difference, where that is one term that people would write."""
    term = view.oracle.residual(view.root) if view.fits else None
    if term is None or not _is_new(term, view.root):
        return None
    right = plus(view.root, term)
    if not view.oracle.sure(right):
        return None
    return FoundFault("missing_term", f"the term {phrase(term)} is missing", view.root.span, right)


def _is_new(term: Node, root: Node) -> bool:
    """False for a difference that only takes back what stands there, or is larger than it."""
    terms = term.terms if isinstance(term, Sum) else (term,)
    there = set(root.terms if isinstance(root, Sum) else (root,))
    if any(negated(t) in there for t in terms):
        return False
    return sum(1 for _ in walk(term)) <= MOST_NODES + 2 * sum(1 for _ in walk(root))


def _by_two(view: View, budget: Budget) -> FoundFault | None:
    """Two cheap edits in different places, the cheapest pair first."""
    seen: set[tuple[Node, Node | None]] = set()
    for first, second, after in _pairs(view, budget):
        key = (second.asked, second.beside)
        if key in seen:
            continue
        seen.add(key)
        c = _asked(second, after, budget)
        if c is not None:
            budget.spend(STEPS_TO_CONFIRM)
            found = _confirmed(view, _Fit(0.0, (first, second), c))
            if found is not None:
                return found
    return None


def _pairs(view: View, budget: Budget) -> Iterator[tuple[Edit, Edit, View]]:
    """Pairs in order of what they cost together; the second edits of a first are made when its turn comes."""
    order = itertools.count()
    queue: list[tuple[float, int, Edit, View | None, list[Edit]]] = []
    for e in edits(view):
        if e.beside is None and e.cost <= Cost.MOST_OF_TWO:
            heapq.heappush(queue, (2 * e.cost, next(order), e, None, []))
    while queue and not budget.spent:
        _, _, first, after, rest = heapq.heappop(queue)
        if after is None:
            after = view.at(first.asked)
            rest = [e for e in edits(after) if first.cost <= e.cost <= Cost.MOST_OF_TWO and e.asked != view.root]
            rest.reverse()
        else:
            yield first, rest.pop(), after
        if rest:
            heapq.heappush(queue, (first.cost + rest[-1].cost, next(order), first, after, rest))


# ---- asking --------------------------------------------------------------------------------------------------------


def _asked(e: Edit, view: View, budget: Budget) -> Scalar | None:
    """The number c with which the edit makes the formula right."""
    budget.spend(STEPS_TO_MAKE)
    if not _can_fit(e, view):
        budget.spend(view.oracle.read_lately())
        return None
    budget.spend(view.oracle.effort(e.asked, e.beside))
    c = _number(view.oracle.factor(e.asked, e.beside))
    if c is None or (e.finish is not None and c.is_one):
        return None
    return c


def _can_fit(e: Edit, view: View) -> bool:
    if e.keeps:
        return view.fits
    return fit(view.shape(e.asked), view.names.left_shape)


def _number(tree: Node | None) -> Scalar | None:
    c = None if tree is None else scalar(tree)
    return None if c is None or not c.rational else c


def _penalty(c: Scalar, e: Edit) -> float:
    """A number beside an edit counts as a fault of its own; the sign of x in I − x does not."""
    sign = Added.NEGATIVE if c.rational < 0 and e.beside is None else 0.0
    return (sign + (0.0 if c.size.is_one else Added.NUMBER)) if e.text else 0.0


def _confirmed(view: View, found: _Fit) -> FoundFault | None:
    return _accepted(view, found.edits, found.number)


def _accepted(view: View, changes: Sequence[Edit], c: Scalar) -> FoundFault | None:
    """What was found, once the oracle holds for the corrected formula itself."""
    right = changes[-1].corrected(c)
    if not view.oracle.sure(right):
        return None
    texts = [e.text for e in changes if e.text]
    last = changes[-1]
    part = last.part
    kinds = [e.kind for e in changes if e.text]
    said = _number_words(c, view.root if part is None else part, named=part is not None and last.finish is not None)
    if not (last.beside is not None and last.finish is None and c.size.is_one):
        texts = [*said, *texts]
    kind = kinds[0] if kinds else _number_kind(c, last.part or view.root)
    span = changes[0].span
    for e in changes[1:]:
        span = span.to(e.span)
    return FoundFault(kind, _joined(texts), span, right)


# ---- words ---------------------------------------------------------------------------------------------------------


def _number_kind(c: Scalar, part: Node) -> str:
    if c.size.is_one:
        return "sign"
    return "sum_for_mean" if _is_mean(c, part) else "factor"


def _is_mean(c: Scalar, part: Node) -> bool:
    """True where a sum Σ_{i=1}^{n} lacks its 1/n."""
    lacking = [n for n, p in c.powers if p == -1]
    return (
        c.size.rational == 1
        and len(c.powers) == 1
        and bool(lacking)
        and any(isinstance(n, Big) and n.op == "sum" and n.upper == lacking[0] for n in walk(part))
    )


def _number_words(c: Scalar, part: Node, named: bool) -> list[str]:
    """ "the sign is wrong", "the factor 2 is missing": what is wrong with the number before `part`."""
    term = phrase(part.of if isinstance(part, Neg) else part)
    of = f" of the term {term}" if named else ""
    out = [f"the sign{of} is wrong"] if c.rational < 0 else []
    size = c.size
    if size.is_one:
        return out
    there = coefficient(part).size
    before = f" in the term {term}" if named else ""
    if _length(there.times(size)) < _length(there):
        out.append(f"the factor {_written(size.inverse())}{before} does not belong")
    elif _is_mean(c, part):
        out.append(f"a sum stands where a mean belongs: the factor {_written(size)} is missing")
    else:
        out.append(f"the factor {_written(size)} is missing{before}")
    return out


def _written(number: Scalar) -> str:
    return phrase(number.tree())


def _length(number: Scalar) -> int:
    return (number.rational.numerator != 1) + (number.rational.denominator != 1) + sum(abs(p) for _, p in number.powers)


def _joined(texts: Sequence[str]) -> str:
    unique = list(dict.fromkeys(texts))
    return unique[0] if len(unique) == 1 else ", ".join(unique[:-1]) + " and " + unique[-1]
