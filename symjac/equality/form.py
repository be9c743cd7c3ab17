"""What a canonical form is made of: a sum of terms, each a coefficient times powers of factors, some indices summed.

Summed indices are named by the height of what they stand in and by their place, so that what is inside never meets what
is outside. What is equal up to names has one text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import permutations, product

import sympy

from symjac.core import scalar
from symjac.core.expr import Identity
from symjac.core.index import Index
from symjac.core.memo import MOST_KEPT

MOST_ORDERS = 200
ONLY = Index("only", sympy.Integer(1))
"""What every index of one value is called: a sum over it is its term, 1[i = j] is 1."""
ONE, ZERO = sympy.Integer(1), sympy.Integer(0)


class FormTooLarge(Exception):
    """The form is too large to be worked out."""


class NormalFactor:
    """One factor; `head` and `indices` and the sums inside say which. Two of one key are the same."""

    __slots__ = ("bound", "coefficients", "free", "head", "height", "indices", "key", "kind", "shape", "subs")

    def __init__(
        self,
        kind: str,
        head: str,
        indices: tuple[Index, ...] = (),
        subs: tuple[NormalSum, ...] = (),
        bound: tuple[Index, ...] = (),
        coefficients: tuple[sympy.Expr, ...] = (),
    ) -> None:
        self.kind, self.head, self.indices, self.subs = kind, head, indices, subs
        self.bound, self.coefficients = bound, coefficients
        inner = frozenset(i for s in subs for i in s.free) - frozenset(bound)
        self.free = inner | frozenset(indices)
        self.height = 1 + max((s.height for s in subs), default=-1)
        at = ",".join([i.text for i in indices])
        numbers = ",".join([scalar.text(c) for c in coefficients])
        inside = ";".join([s.key for s in subs])
        over = ",".join([i.text for i in bound])
        self.key = f"{kind}:{head}[{at}]({numbers})<{over}|{inside}>"
        sizes = ",".join([scalar.text(i.size) for i in indices])
        self.shape = f"{kind}:{head}[{sizes}]({numbers})<{';'.join([s.shape for s in subs])}>"

    @property
    def is_one(self) -> bool:
        """True for 1[0 = 0]."""
        return self.kind == "identity" and not self.indices and self.coefficients == (ZERO,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NormalFactor) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


Powers = dict[NormalFactor, sympy.Expr]


class NormalTerm:
    """Σ_bound Π factor^exponent, canonically named."""

    __slots__ = ("bound", "free", "height", "key", "powers", "shape")

    def __init__(self, powers: Iterable[tuple[NormalFactor, sympy.Expr]], bound: tuple[Index, ...]) -> None:
        self.powers = tuple(sorted(powers, key=lambda p: (p[0].key, scalar.text(p[1]))))
        self.bound = bound
        self.free = frozenset(i for f, _ in self.powers for i in f.free) - frozenset(bound)
        self.height = max((f.height for f, _ in self.powers), default=0)
        over = ",".join([i.text for i in bound])
        self.key = f"Σ{over}." + "*".join([f"{f.key}^{scalar.text(e)}" for f, e in self.powers])
        sizes = ",".join(sorted(scalar.text(i.size) for i in bound))
        self.shape = f"{len(self.powers):03d}Σ{sizes}." + "*".join(
            sorted(f"{f.shape}^{scalar.text(e)}" for f, e in self.powers)
        )


class NormalSum:
    """Σ coefficient · term, the terms sorted; no two have one key."""

    __slots__ = ("free", "height", "key", "shape", "terms")

    def __init__(self, terms: Iterable[tuple[NormalTerm, sympy.Expr]]) -> None:
        self.terms = tuple(sorted(terms, key=lambda t: (t[0].shape, t[0].key)))
        self.free: frozenset[Index] = frozenset(i for t, _ in self.terms for i in t.free)
        self.height: int = 1 + max((t.height for t, _ in self.terms), default=0)
        self.key: str = "+".join([f"{scalar.text(c)}·{t.key}" for t, c in self.terms])
        self.shape: str = "+".join([f"{scalar.text(c)}·{t.shape}" for t, c in self.terms])

    @property
    def number(self) -> sympy.Expr | None:
        """The value, where there is no factor."""
        if not self.terms:
            return ZERO
        if len(self.terms) == 1 and not self.terms[0][0].powers:
            return self.terms[0][1]
        return None

    @property
    def lead(self) -> tuple[NormalTerm, sympy.Expr]:
        return self.terms[-1]


UNIT = NormalTerm((), ())


def constant(value: sympy.Expr) -> NormalSum:
    return NormalSum([(UNIT, value)] if value != 0 else [])


def real(value: sympy.Expr) -> NormalSum:
    if value.is_real is not True:
        raise FormTooLarge
    return constant(value)


def single(f: NormalFactor, exponent: sympy.Expr = ONE) -> NormalSum:
    return NormalSum([(NormalTerm([(f, exponent)], ()), ONE)])


# ---------------------------------------------------------------- powers


@lru_cache(maxsize=MOST_KEPT)
def tidy(c: sympy.Expr) -> sympy.Expr:
    return c if c.is_Rational else sympy.factor(sympy.cancel(sympy.together(c)))


def merged(powers: Iterable[tuple[NormalFactor, sympy.Expr]]) -> Powers:
    out: Powers = {}
    for f, e in powers:
        out[f] = out.get(f, ZERO) + e
    return out


def identity(e: Identity) -> NormalFactor:
    indices = (e.target, *(i for _, i in e.terms))
    return affine(indices, (ONE, *(-c for c, _ in e.terms), -e.offset))


def affine(indices: Sequence[Index], coefficients: Sequence[sympy.Expr]) -> NormalFactor:
    """1[Σ coefficient · index + the last coefficient = 0]."""
    terms: dict[Index, sympy.Expr] = {}
    for i, c in zip(indices, coefficients[:-1], strict=True):
        if i.size != 1:
            terms[i] = terms.get(i, ZERO) + c
    offset = coefficients[-1]
    signed = ([(i, sign * c) for i, c in terms.items() if c != 0] for sign in (ONE, -ONE))
    ordered = [sorted(kept, key=lambda t: (scalar.text(t[1]), scalar.text(t[0].size), t[0].name)) for kept in signed]
    texts = [[(scalar.text(c), scalar.text(i.size), i.name) for i, c in kept] for kept in ordered]
    turned = [t[:2] for t in texts[1]] < [t[:2] for t in texts[0]]
    names = tuple(i for i, _ in ordered[turned])
    numbers = tuple(c for _, c in ordered[turned])
    if len(names) == 2 and offset == 0 and set(numbers) == {ONE, -ONE} and names[0].size == names[1].size:
        return NormalFactor("identity", "plain", tuple(sorted(names, key=lambda i: i.name)), (), (), (ONE, -ONE, ZERO))
    return NormalFactor("identity", "", names, (), (), (*numbers, -offset if turned else offset))


def affine_renamed(f: NormalFactor, indices: Sequence[Index]) -> NormalFactor:
    """The same of a factor that `affine` made, of other indices, all different and each of the size of the one before.

    Coefficients and sizes say where an index stands; of those that they do not tell apart, the name.
    """
    ordered = list(indices)
    for place in range(1, len(ordered)):
        for p in range(place, 0, -1):
            alike = f.head == "plain" or f.coefficients[p - 1] == f.coefficients[p]
            if not (alike and ordered[p - 1].size == ordered[p].size and ordered[p].name < ordered[p - 1].name):
                break
            ordered[p - 1 : p + 1] = ordered[p], ordered[p - 1]
    return NormalFactor("identity", f.head, tuple(ordered), (), (), f.coefficients)


def radix(f: NormalFactor) -> tuple[Index, tuple[Index, ...]] | None:
    """(u, digits) where the identity is u = i + m j + .., every u having its digits and every digits their u."""
    if f.kind != "identity" or f.head == "plain" or f.coefficients[-1] != 0 or len(f.indices) < 3:
        return None
    pairs = list(zip(f.indices, f.coefficients[:-1], strict=True))
    for sign in (ONE, -ONE):
        signed = [(i, sign * c) for i, c in pairs]
        targets = [i for i, c in signed if c == -1]
        if len(targets) != 1:
            continue
        u = targets[0]
        rest = {i: c for i, c in signed if i is not u}
        unit, digits = ONE, []
        while rest:
            found = [i for i, c in rest.items() if sympy.expand(c - unit) == 0]
            if len(found) != 1:
                break
            digits.append(found[0])
            unit = unit * found[0].size
            del rest[found[0]]
        if not rest and sympy.expand(unit - u.size) == 0:
            return u, tuple(digits)
    return None


def digits(powers: Powers, bound: list[Index]) -> tuple[Powers, list[Index]] | None:
    """One law of 1[u = i + m j] applied: two of one u, two of the same digits, or one that meets nothing else."""
    found = [(f, r) for f in powers if (r := radix(f)) is not None]
    for p, (f, (u, digits)) in enumerate(found):
        for g, (v, others) in found[p + 1 :]:
            rest = {h: e for h, e in powers.items() if h is not g}
            if u is v and [i.size for i in digits] == [i.size for i in others]:
                for i, j in zip(digits, others, strict=True):
                    if i is not j:
                        rest[affine((i, j), (ONE, -ONE, ZERO))] = ONE
                return rest, bound
            if digits == others and u is not v:
                rest[affine((u, v), (ONE, -ONE, ZERO))] = ONE
                return rest, bound
        elsewhere = {i for h in powers if h is not f for i in h.free}
        rest = {h: e for h, e in powers.items() if h is not f}
        if u in bound and u not in elsewhere:
            return rest, [i for i in bound if i is not u]
        if set(digits) <= set(bound) and not set(digits) & elsewhere:
            return rest, [i for i in bound if i not in digits]
    return None


def contradicts(powers: Powers) -> bool:
    """1[u > 0] 1[u = 0] = 0; u 1[u = 0] = 0; 1[2 = 3] = 0."""
    zeros = [f.subs[0] for f in powers if f.kind == "indicator" and f.head == "zero"]
    for s in zeros:
        if any(f.kind == "indicator" and f.head == "positive" and f.subs[0].key == s.key for f in powers):
            return True
        if len(s.terms) == 1 and not s.terms[0][0].bound:
            inner = dict(s.terms[0][0].powers)
            if all(e.is_positive and powers.get(f, ZERO).is_positive for f, e in inner.items()):
                return True
    return any(f.kind == "identity" and not f.indices and f.coefficients[-1] != 0 for f in powers)


def common_powers(s: NormalSum, whole: bool) -> Powers:
    """The factors without summed indices that all terms have, to the least power; unless `whole`, positive ones."""
    first = dict(s.terms[0][0].powers)
    out: Powers = {}
    for f in first:
        if f.kind in ("identity", "indicator") or not (whole or f.kind == "exp"):
            continue
        if any(f.free & set(t.bound) for t, _ in s.terms):
            continue
        exponents = [dict(t.powers).get(f, ZERO) for t, _ in s.terms]
        if all(e.is_Rational for e in exponents):
            least = min(exponents)
            if least != 0 and (f.kind in ("exp", "base") or least > 0):
                out[f] = least
    for t, _ in s.terms[1:]:
        for f, e in t.powers:
            if f.kind == "exp" and f not in first and e.is_negative and not f.free & set(t.bound):
                out[f] = min(dict(u.powers).get(f, ZERO) for u, _ in s.terms)
    return out


def classes(powers: Powers, bound: Sequence[Index]) -> list[tuple[Index, ...]]:
    """The summed indices, those together that the factors do not tell apart after a few rounds of looking."""
    color = {i: scalar.text(i.size) for i in bound}
    for _ in range(3):
        new: dict[Index, str] = {}
        for i in bound:
            seen: list[str] = []
            for f, e in powers.items():
                if i in f.free:
                    seen.append(f"{_seen(f, i, color)}^{scalar.text(e)}")
            new[i] = f"{color[i]}({'|'.join(sorted(seen))})"
        ranks = {text: p for p, text in enumerate(sorted(set(new.values())))}
        color = {i: f"{ranks[new[i]]:03d}" for i in bound}
    groups: dict[str, list[Index]] = {}
    for i in bound:
        groups.setdefault(color[i], []).append(i)
    return [tuple(groups[c]) for c in sorted(groups)]


def _seen(f: NormalFactor, i: Index, color: Mapping[Index, str]) -> str:
    """A factor as the index i sees it: itself marked, other summed indices by what is known of them."""
    at = ",".join("*" if j is i else color.get(j, j.text) for j in f.indices)
    others = ",".join(sorted(color.get(j, j.text) for j in f.free if j is not i))
    return f"{f.shape}[{at}]{others}"


def orders(classes: Sequence[tuple[Index, ...]]) -> Iterable[tuple[Index, ...]]:
    """Every order of the indices that keeps the classes apart. Raises TooMuch where there are too many."""
    count = 1
    for c in classes:
        for n in range(2, len(c) + 1):
            count *= n
    if count > MOST_ORDERS:
        raise FormTooLarge
    for parts in product(*(permutations(c) for c in classes)):
        yield tuple(i for part in parts for i in part)
