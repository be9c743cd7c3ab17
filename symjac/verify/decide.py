"""Whether two expressions are equal, and by which road that is known.

Residues modulo primes first: equal there, a proof is tried, and without one the equation agrees. Unequal there, the
sides differ where residues know all laws of what they are made of. Where they do not, real numbers decide: a ball of
the difference without 0 refutes; balls that hold 0 at several points agree, where no part was too small to be seen.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import sympy

from symjac.verify import canonical, cases, components
from symjac.verify.arrays import TooLarge
from symjac.verify.counterexample import find
from symjac.verify.laws import chance
from symjac.verify.problem import Problem, apart, compared, modular, reals, residues, sides
from symjac.verify.reals import LEAST, PRECISIONS, RANGES, SIGNED, SMALL, Balls, Doubles, Range, Unseen
from symjac.verify.residues import MOST_CHAINS
from symjac.verify.sizes import Sizes
from symjac.verify.verdict import AGREES, PROVED, REFUTED, UNDECIDED, Counterexample

POINTS = 6
LEAST_COMPARED = 3
"""Points at which sides without a value near 0 have to be equal."""
MANY = 256
"""Points where most do not count, as where several square roots have to exist."""
POINTS_FOR_CASES = 48
"""Points where conditions hold or not at random: four that have to hold together do so at three of them."""
MANY_FOR_PARTS = 16
"""Points where what single entries read is short."""
FEW_ENTRIES = 1 << 10
SECONDS_FOR_FORM = 10.0
SECONDS_FOR_COMPONENTS = 1.0
ROUNDING = 1e-10
CLEAR = 1e-6
"""A relative difference of float64 values that may be, and one that is no rounding."""


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: str
    """One of proved, agrees, refuted, undecided."""
    road: str
    counterexample: Counterexample | None = None
    reason: str = ""
    """Why it is undecided."""
    facts: tuple[str, ...] = ()
    """The assumed facts without which it would not hold."""
    unseen: tuple[tuple[cases.Condition, bool], ...] = ()
    """Conditions that were not seen true, or not seen false."""
    in_a_case: bool = False
    """Whether the sides differ in one of several cases, and agree where most points lie."""


def holds(problem: Problem) -> bool:
    """True where the sides are equal at random points of one choice of sizes; False where nothing has a value."""
    for sizes in problem.open.assignments():
        try:
            found = _equal_modular(problem, sizes)
            equal = _differ_for_sure(problem, found) is False and (bool(found) or _equal_real(problem, sizes, 2))
        except (Unseen, *cases.NO_VALUE):
            continue
        explored = _explored(problem, sizes, equal, thorough=equal is None)
        if explored is not None:
            equal = explored.differ is None and (bool(equal) or explored.compared >= LEAST_COMPARED)
        if equal is not None:
            return equal
    return False


def _explored(problem: Problem, sizes: Sizes, equal: bool | None, thorough: bool) -> cases.Explored | None:
    """The sides in each case, and further out, where they are equal or have no value at the points near 0."""
    if equal is None or (equal and cases.has_cases(problem)):
        return cases.explore(problem, sizes, thorough)
    return None


def _differ_for_sure(problem: Problem, found: int | None) -> bool:
    """True where residues are unequal and know all laws of what the sides are made of."""
    return found == 0 and not problem.laws.unknown


def _equal_modular(
    problem: Problem, sizes: Sizes, facts: bool = True, keep: frozenset[str] = frozenset(), own: bool = False
) -> int | None:
    """At how many points the sides are equal, 0 for unequal, None where no point counts.

    The points are the world's, which all its claims and all edits of them share, or the problem's `own`.
    """
    return problem.once(
        ("equal", *sorted(sizes.items()), facts, keep, own, problem.world.facts),
        lambda: _equal_at_points(problem, sizes, facts, keep, own),
    )


def _equal_at_points(problem: Problem, sizes: Sizes, facts: bool, keep: frozenset[str], own: bool) -> int | None:
    small = _entries(problem, sizes)
    points = _points(problem, sizes)
    try:
        found = modular(problem, sizes, points, facts, keep, own)
    except TooLarge:
        if points <= 2:
            raise
        problem.fewer_points(sizes)
        found = modular(problem, sizes, 2, facts, keep, own)
    if found is None and small <= FEW_ENTRIES:
        found = modular(problem, sizes, MANY, facts, keep, own)
    return found


def _points(problem: Problem, sizes: Sizes) -> int:
    """At how many points it is evaluated at once."""
    if problem.long(sizes):
        longest = problem.longest_part(sizes)
        return MANY_FOR_PARTS if longest <= 1 << 13 else 2
    entries = _entries(problem, sizes)
    if problem.laws.cases and entries <= FEW_ENTRIES:
        return POINTS_FOR_CASES
    return POINTS if entries <= 1 << 16 and not problem.has_fewer_points(sizes) else 2


def _entries(problem: Problem, sizes: Sizes) -> int:
    """Of the longest named quantity."""
    values = {s: sympy.Integer(n) for s, n in problem.open.values(sizes).items()}
    shapes = [q.lhs.shape for q in problem.needed()] + [tuple(i.size for i in problem.order)]
    return max(prod(int(n.xreplace(values)) for n in shape) for shape in shapes)


def _equal_real(problem: Problem, sizes: Sizes, points: int, claim: str = "") -> bool | None:
    """Equality as far as balls tell, at several points; None where no point has a value. Raises Unseen."""
    if problem.long(sizes):
        return _equal_entries(problem, sizes, claim)
    agreeing = 0
    for seed in range(3):
        for within in RANGES:
            differ = _differ_at(problem, sizes, seed, within, claim, thorough=not agreeing)
            if differ:
                return False
            if differ is not None:
                agreeing += 1
                break
        if agreeing == points:
            break
    return True if agreeing else None


def _differ_at(
    problem: Problem, sizes: Sizes, seed: int, within: Range, claim: str, thorough: bool = False
) -> bool | None:
    """Whether the sides differ at a point; None where they have no value there. Raises Unseen.

    A difference that float64 shows is confirmed by balls where these are few. With `thorough`, what is equal is seen
    with balls in which nothing is dim.
    """
    few = _entries(problem, sizes) <= FEW_ENTRIES
    rough = compared(problem, reals(Doubles, problem.world, sizes, seed, within, claim=claim))
    clear = rough is not None and rough[0] > CLEAR * max(rough[1], 1e-3)
    if clear and not few:
        return True
    why = ""
    for bits in PRECISIONS if few else PRECISIONS[:1]:
        at = reals(Balls, problem.world, sizes, seed, within, claim=claim, bits=bits)
        try:
            differ = apart(problem, at)
        except Unseen as error:
            why = f"it is not seen {error}"
            continue
        if differ or differ is None:
            return differ
        why = at.dim and f"a part is too small, or too near to a limit, to be seen with {bits} bits: {at.dim}"
        if not why and (bits > PRECISIONS[0] or not (few and thorough)):
            return False
    if why:
        raise Unseen(why)
    return False


def _equal_entries(problem: Problem, sizes: Sizes, claim: str) -> bool | None:
    """Equality of single entries in float64; open where differences are small, and where few points can be tried."""
    points = _points(problem, sizes)
    agreeing = 0
    for seed in range(max(2, points)):
        for within in (SMALL, SIGNED) if seed == 0 else (SMALL,):
            found = compared(problem, reals(Doubles, problem.world, sizes, seed, within, claim=claim))
            if found is None:
                continue
            least = LEAST if within == SMALL else 1e-3
            if found[0] > CLEAR * max(found[1], least):
                return False
            agreeing += found[0] <= ROUNDING * max(found[1], least)
    return True if agreeing > POINTS else None


# ---------------------------------------------------------------- the decision


def decide(problem: Problem, seconds: float = 5.0) -> Decision:
    """The verdict on left = right."""
    deadline = time.process_time() + seconds
    tried: list[Sizes] = []
    modulo = 0
    by_floats = 0
    open_cases: tuple[tuple[cases.Condition, bool], ...] | None = None
    reason = "no small sizes fit it"
    for sizes in _assignments(problem):
        try:
            found = _equal_modular(problem, sizes, own=True)
            real = not _differ_for_sure(problem, found) and (
                bool(found) or _equal_real(problem, sizes, 3, problem.digest)
            )
            explored = _explored(problem, sizes, real, thorough=True)
        except Unseen as error:
            return Decision(UNDECIDED, "", reason=f"{error}")
        except cases.NO_VALUE as error:
            reason = f"it could not be evaluated: {error}"
            continue
        if real is False:
            shown = find(problem, sizes, min(deadline, time.process_time() + seconds / 2))
            return Decision(REFUTED, f"the sides differ{_at(sizes)}", counterexample=shown)
        if explored is not None and explored.differ is not None:
            shown = find(problem, sizes, min(deadline, time.process_time() + seconds / 2), explored.differ)
            return Decision(REFUTED, f"the sides differ in one case{_at(sizes)}", counterexample=shown, in_a_case=True)
        if explored is not None:
            open_cases = explored.unseen if open_cases is None else cases.common(open_cases, explored.unseen)
            real = real or explored.compared >= LEAST_COMPARED or None
        if real is None:
            reason = "no point was found at which both sides have a real value"
            continue
        modulo += found or 0
        by_floats += not found
        tried.append(sizes)
        if time.process_time() > deadline:
            break
    if not tried:
        return Decision(UNDECIDED, "", reason=reason)
    facts = used_facts(problem, min(tried, key=lambda s: sum(s.values())) if problem.long(tried[0]) else tried[0])
    soon = min(deadline, time.process_time() + SECONDS_FOR_FORM)
    if canonical.equal(problem.left, problem.right, problem.world, assumed=bool(facts), deadline=soon):
        return Decision(PROVED, "canonical form, all sizes", facts=facts)
    unseen = [c for c in open_cases or () if by_floats or not c[0].u.names]  # modulo a prime a sign is as it may be
    of_sizes = any(not c.u.names for c, _ in unseen)
    soon = min(deadline, time.process_time() + SECONDS_FOR_COMPONENTS)
    sized = None if of_sizes else components.equal(problem, tried, assumed=bool(facts), deadline=soon)
    if sized is not None:
        return Decision(PROVED, f"components{_at(sized) or ' one by one'}", facts=facts)
    if unseen:
        return Decision(UNDECIDED, "", reason="not every case was seen", unseen=tuple(unseen))
    return Decision(AGREES, _agreement(problem, modulo, by_floats, tried), facts=facts)


def _assignments(problem: Problem) -> Iterator[Sizes]:
    """The choices of sizes; where single entries are compared the first and the smallest."""
    every = problem.open.assignments()
    if every:
        yield every[0]
    if every and problem.long(every[0]):
        every = every[:1] + sorted(every[1:], key=lambda s: sum(s.values()))[:1]
    yield from every[1:]


def _at(sizes: Sizes) -> str:
    return " at sizes " + ", ".join(f"{name} = {n}" for name, n in sizes.items()) if sizes else ""


def _agreement(problem: Problem, modulo: int, by_floats: int, tried: list[Sizes]) -> str:
    several = f"{len(tried)} choices of sizes" if len(tried) > 1 else "one choice of sizes"
    entries = sum(len(problem.by_entries(sizes)[0]) for sizes in tried if problem.long(sizes))
    if entries:
        how = "float64" if by_floats else "modulo primes"
        missed = f"what is wrong at half of the entries is missed with probability 1e-{int(entries * 0.301)}"
        return f"{entries} random entries, {how}, {several}: {missed}"
    if by_floats:
        return f"balls of {PRECISIONS[1]} bits at {3 * by_floats} random points, {several}"
    road = f"{modulo} random points, each modulo a prime of its own, {several}"
    if problem.laws.cases:
        return f"{road}; the conditions of functions by cases hold or not at random"
    digits = min(int(-math.log10(max(_missed(problem, sizes), 1e-99))) for sizes in tried)
    return f"{road}: error < 1e-{digits}"


def _missed(problem: Problem, sizes: Sizes) -> float:
    """At most how likely it is that sides that differ at these sizes were equal at all points; see `laws.chance`."""
    points = min(MOST_CHAINS, _equal_modular(problem, sizes, own=True) or 0)
    one = chance((problem.left, problem.right), problem.needed(), sizes, problem.laws.length)
    return float(min(1.0, one) ** points)


def used_facts(problem: Problem, sizes: Sizes) -> tuple[str, ...]:
    """The facts without which the sides differ, those of one quantity together."""
    facts = problem.world.facts
    if not facts or _equal_modular(problem, sizes, facts=False):
        return ()
    dropped: frozenset[str] = frozenset()
    for name in dict.fromkeys(f.symbol.name for f in facts):
        if _equal_modular(problem, sizes, keep=dropped | {name}):
            dropped |= {name}
    return tuple(f.text for f in facts if f.symbol.name not in dropped)


# ---------------------------------------------------------------- a factor


def ratio(problem: Problem) -> sympy.Expr | None:
    """c with left = c · right, a small rational number times powers of sizes and named constants; None without one."""
    choices = problem.open.distinct()
    found: list[dict[_Monomial, sympy.Rational]] = []
    for sizes in choices:
        try:
            here = _ratios(problem, sizes)
        except cases.NO_VALUE:
            return None
        if here is not None:
            found.append(here)
            if not here:
                return None
    if not found or len(found) < min(2, len(choices)):
        return None
    common = {m: c for m, c in found[0].items() if all(r.get(m) == c for r in found[1:])}
    if not common:
        return None
    best = min(common, key=lambda m: (_effort(common[m]) + 3 * len(m), sorted(m, key=str)))
    return common[best] * sympy.Mul(*(symbol**power for symbol, power in best))


def _effort(c: sympy.Rational) -> int:
    return int(abs(c.p)).bit_length() + int(c.q).bit_length()


_Monomial = frozenset[tuple[sympy.Symbol, int]]


def _ratios(problem: Problem, sizes: Sizes) -> dict[_Monomial, sympy.Rational] | None:
    """Each monomial in sizes and constants by which the ratio of the sides is a rational number, at these sizes."""
    at = residues(problem.world, sizes, max(2, _points(problem, sizes)))
    x, y, usable = sides(problem, at)
    if usable.sum() < 2 and _entries(problem, sizes) <= FEW_ENTRIES:
        at = residues(problem.world, sizes, MANY)
        x, y, usable = sides(problem, at)
    x, y = x.reshape(at.points, -1)[usable], y.reshape(at.points, -1)[usable]
    if not x.any() and not y.any():
        return None
    place, counted = (y != 0).argmax(axis=1)[:, None], (y != 0).any(axis=1)
    below = np.take_along_axis(y, place, axis=1)[:, 0]
    primes = at.primes[usable]
    above = np.take_along_axis(x, place, axis=1)[:, 0]
    c = above * np.array([pow(int(d), -1, int(p)) if d else 0 for d, p in zip(below, primes, strict=True)]) % primes
    if not (x == y * c[:, None] % primes[:, None]).all() or not c[counted].all() or not counted.any():
        return {}
    out: dict[_Monomial, sympy.Rational] = {}
    for monomial in problem.open.monomials():
        value = at.constant(sympy.Mul(*(s**-p for s, p in monomial))).reshape(-1)
        left = (c * (value if value.size == 1 else value[usable]) % primes)[counted]
        found = {_rational(int(r), int(p)) for r, p in zip(left, primes[counted], strict=True)}
        if len(found) == 1 and (only := found.pop()) is not None:
            out[monomial] = only
    return out


def _rational(residue: int, prime: int) -> sympy.Rational | None:
    """The n/d of smallest terms that has this residue; None where they are large."""
    a, b, u, v = prime, residue, 0, 1
    while b > 1 << 14:
        q = a // b
        a, b, u, v = b, a - q * b, v, u - q * v
    if b == 0 or v == 0 or abs(b * v) > 1 << 24:
        return None
    return sympy.Rational(b, v)


__all__ = ["Decision", "Problem", "decide", "holds", "ratio", "used_facts"]
