"""The shapes of names that a text declares nowhere, from what it does with them.

The formulas of a page are read in the order of the page, each in every way that fits what was taken before; what costs
least in all is taken first, and what costs hardly more is another reading of the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, groupby

from symjac.meaning.fit import Assumed, Fit, Size, shapes_at_times
from symjac.meaning.handled import arrays
from symjac.meaning.mentions import Kind, Mention, kinds, least_axes, mentions, quantities, split
from symjac.meaning.notebook import AS_WRITTEN, Notebook, Shape
from symjac.notation.tree import Name, Node, Norm, Statement, Transpose, walk

BEAM = 12
MARGIN = 1.6
"""Another reading costs at most this more than the first."""
MOST_READINGS = 4
CLEARLY = 2.0
"""By how much a section has to fit better by itself."""
SIZE_NAMES = ("n", "m", "p", "q", "d", "r", "s", "u", "v", "w", "c", "h", "g", "k", "l")


@dataclass(frozen=True)
class Usage:
    """One way to take the names of a text that are connected by its formulas."""

    kinds: Mapping[str, Kind]
    sizes: Mapping[tuple[str, int], Size]
    cost: float


def usages(statements: Sequence[Statement], notebook: Notebook) -> list[list[Usage]]:
    """For each group of names that formulas connect, the ways to take them, the likeliest first."""
    out: list[list[Usage]] = []
    for fit, own in _groups(statements, notebook):
        states = [Assumed()]
        for s in own:
            states = _after(fit, s, states)
        out.append(_ways(states))
    return out


def eras(statements: Sequence[Statement], notebook: Notebook) -> tuple[int, ...]:
    """The statements from which on names that nothing declares are others: where a section does not fit what is
    before it, and fits by itself.
    """
    starts = {0}
    for fit, own in _groups(statements, notebook):
        states = [Assumed()]
        for section, several in groupby(own, lambda s: s.around.section):
            here = list(several)
            after, alone = states, [Assumed()]
            for s in here:
                after = _after(fit, s, after)
            more = _least(after) - _least(states)
            if more >= CLEARLY and section >= 0:
                apart = _fit_of(list(fit.open), here, notebook)
                for s in here:
                    alone = _after(apart, s, alone)
                if _least(alone) + CLEARLY <= more:
                    after = alone
                    starts.add(min(p for p, s in enumerate(statements) if s.around.section == section))
            states = after
    return tuple(sorted(starts))


def _after(fit: Fit, s: Statement, states: Sequence[Assumed]) -> list[Assumed]:
    return _kept(u for t in states for u in fit.statement(s, t)) or list(states)


def _least(states: Iterable[Assumed]) -> float:
    return min(t.cost for t in states)


def has_arrays(s: Statement) -> bool:
    """Whether a formula has what only arrays have."""
    return any(isinstance(n, Transpose | Norm) for side in s.sides for n in walk(side))


def _kept(states: Iterable[Assumed]) -> list[Assumed]:
    out: dict[object, Assumed] = {}
    for t in sorted(states, key=lambda t: t.cost):
        out.setdefault((tuple(sorted(t.kinds.items())), frozenset(t.equal.items())), t)
        if len(out) >= BEAM:
            break
    return list(out.values())


def _ways(states: Sequence[Assumed]) -> list[Usage]:
    best = min(t.cost for t in states)
    out: dict[object, Usage] = {}
    for t in sorted(states, key=lambda t: t.cost):
        if t.cost > best + MARGIN or len(out) >= MOST_READINGS:
            break
        sizes = {(k, p): t.root(f"{k}:{p}") for k, (_, rank) in t.kinds.items() for p in range(rank)}
        out.setdefault((tuple(sorted(t.kinds.items())), frozenset(sizes.items())), Usage(t.kinds, sizes, t.cost))
    return list(out.values())


def _groups(statements: Sequence[Statement], notebook: Notebook) -> list[tuple[Fit, list[Statement]]]:
    """Names that formulas connect, with these formulas, in the order of the page."""
    found = quantities(statements, notebook)
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    inside: list[tuple[Statement, list[str]]] = []
    for s in statements:
        if len(s.sides) < 2 or not any(r in ("=", ":=") for r in s.relations):
            continue
        keys = [k for k in mentions([s], notebook) if k in found]
        inside.append((s, keys))
        for k in keys[1:]:
            parent[root(k)] = root(keys[0])
    groups: dict[str, tuple[list[str], list[Statement]]] = {}
    for s, keys in inside:
        if keys:
            names, own = groups.setdefault(root(keys[0]), ([], []))
            names += [k for k in keys if k not in names]
            own.append(s)
    return [(_fit_of(names, own, notebook), own) for names, own in groups.values()]


def _fit_of(names: Iterable[str], statements: Sequence[Statement], notebook: Notebook) -> Fit:
    """Of these names, as these statements use them."""
    here = notebook.copy()
    here.arrays = arrays((side for s in statements for side in s.sides), notebook.primes_transpose)
    found = mentions(statements, here)
    beside_arrays = any(found[k].is_array for k in names if k in found) or any(map(has_arrays, statements))
    choices = {k: kinds(found[k], beside_arrays) for k in names if k in found}
    if notebook.usage == AS_WRITTEN:
        choices = {k: _as_written(found[k], several) for k, several in choices.items()}
    return Fit(notebook, choices)


def _as_written(m: Mention, several: Sequence[tuple[float, Kind]]) -> Sequence[tuple[float, Kind]]:
    """The kinds that a capital or a bold letter says."""
    least = 0 if max(m.below) > 0 else least_axes(m.name, bool(m.handled))
    return [(cost, kind) for cost, kind in several if sum(kind) >= least]


def shapes_from_use(statements: Sequence[Statement], since: int, notebook: Notebook) -> dict[str, Shape]:
    """The shapes of the names that nothing declares, in the section of the statement at `since`, under the reading of
    the page that the notebook asks for.
    """
    era = max((p for p in notebook.eras if p <= since), default=0)
    known = (era, notebook.usage, *sorted(notebook.shapes), "", *sorted(notebook.aliases))
    if known not in notebook.memo:
        notebook.memo[known] = _shapes_from_use(statements, since, notebook)
    shapes: dict[str, Shape]
    shapes, written, notebook.usages = notebook.memo[known]
    for key, name in written.items():
        notebook.latex.setdefault(key, name)
    return shapes


def _shapes_from_use(
    statements: Sequence[Statement], since: int, notebook: Notebook
) -> tuple[dict[str, Shape], dict[str, Node], int]:
    names = _unused(statements)
    statements = _read_together(statements, since, notebook)
    found = mentions(statements, notebook)
    out: dict[str, Shape] = {}
    most = 1
    for several in usages(statements, notebook):
        usage = several[min(max(notebook.usage, 0), len(several) - 1)]
        most = max(most, len(several))
        called: dict[Size, Node] = {}
        for key, (letters, rank) in usage.kinds.items():
            sizes = [usage.sizes[key, p] for p in range(rank)]
            for size in sizes:
                if isinstance(size, str) and size not in called:
                    called[size] = Name(next(names))
            written = tuple(called[s] if isinstance(s, str) else s for s in sizes)
            m = found[key]
            own = tuple(sorted(m.letters))[:letters]
            if len(own) == letters:
                out |= {name: Shape(own, written, node.span) for name, node in m.names.items()}
    known = shapes_at_times(notebook)
    out |= {name: known[m.key] for m in found.values() if m.key in known for name in m.names}
    return out, {name: node for m in found.values() for name, node in m.names.items() if name in out}, most


def _read_together(statements: Sequence[Statement], since: int, notebook: Notebook) -> list[Statement]:
    """The statements of an era, before them the definitions of the names in them, wherever these stand."""
    start = max((p for p in notebook.eras if p <= since), default=0)
    end = min((p for p in notebook.eras if p > since), default=len(statements))
    own = range(start, end)
    places: dict[str, list[int]] = {}
    for p, s in enumerate(statements):
        for key in defined([s], notebook):
            places.setdefault(key, []).append(p)
    chosen = set(own)
    pending = [key for p in own for key in mentions([statements[p]], notebook)]
    seen: set[str] = set()
    while pending:
        key = pending.pop()
        if key in seen or key not in places or any(p in chosen for p in places[key]):
            continue
        seen.add(key)
        place = max((p for p in places[key] if p < since), default=min(places[key]))
        chosen.add(place)
        pending += mentions([statements[place]], notebook)
    return [statements[p] for p in (*sorted(chosen - set(own)), *own)]


def _unused(statements: Iterable[Statement]) -> Iterator[str]:
    """Names for sizes that stand nowhere on the page."""
    used = {n.text for s in statements for side in s.sides for n in walk(side) if isinstance(n, Name)}
    yield from (n for n in SIZE_NAMES if n not in used)
    yield from (f"n_{k}" for k in count(1) if f"n_{k}" not in used)


def defined(statements: Sequence[Statement], notebook: Notebook) -> set[str]:
    """The names that stand alone on the left of an equation."""
    out: set[str] = set()
    for s in statements:
        taken = split(s.sides[0], notebook) if s.relations[:1] in (("=",), (":=",)) else None
        if taken is not None:
            out.add(taken[0])
    return out
