"""One fault planted in right formulas, of every kind: how many are refuted, and how many named and mended.

    python benchmarks/verify_mutants.py [--limit 4] [--jobs 2] [--show] [FILE...]

FILE: notes; by default every Markdown document in generated/ (those in LaTeX say the same) and the notes of the tests.
`--limit`: mutants a claim, the kinds in turn, every claim beginning with another; of convolutional nets one. A mutant
is diagnosed where the formula that the verdict offers holds, whether by the edit that takes the fault back or by
another; what is offered without an edit, the derivative itself, does not count. Counted apart: what equals the formula
it was made from, and what is right under another convention of derivatives, or lays a vector otherwise where the notes
do not say how it lies; and what is undecided. A claim that stands in several places is
taken once. A line is printed for each share of a document when it ends, the figures at the end, or when the run is
interrupted. Exit code 1 where a mutant passed for right, or less than 90% of the refuted ones are diagnosed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from symjac.core.errors import InputError  # noqa: E402
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED  # noqa: E402
from symjac.meaning.natures import CLAIM  # noqa: E402
from symjac.meaning.reasons import NotUnderstood  # noqa: E402
from symjac.meaning.statements import Equality  # noqa: E402
from symjac.notation import latex_notation  # noqa: E402
from symjac.notation.tree import Node  # noqa: E402
from symjac.notes.source import read_source  # noqa: E402
from symjac.verify.judge import judge  # noqa: E402
from symjac.verify.oracle import Oracle  # noqa: E402
from symjac.verify.phrase import phrase  # noqa: E402
from symjac.verify.posed import Posed  # noqa: E402
from symjac.verify.session import Chapter, Session  # noqa: E402
from symjac.verify.sites import bracketed, transposed  # noqa: E402
from symjac.verify.verdict import OTHER, Claim  # noqa: E402
from symjac.verify.view import KnownNames  # noqa: E402
from tests.verify.mutants import About, chosen, mutants  # noqa: E402

RIGHT = (PROVED, AGREES)
WANTED = 0.9
PLANTED, MENDED, LEFT = "as planted", "otherwise mended", "not mended"
EQUAL, CONVENTION, OPEN, PASSED, NONE = "equal", "other convention", "undecided", "passed", "no formula"
COLUMNS = (PLANTED, MENDED, LEFT, EQUAL, CONVENTION, OPEN, PASSED, NONE)


@dataclass(frozen=True, slots=True)
class Mutant:
    kind: str
    outcome: str
    text: str
    seconds: float
    """Of processor time."""


@dataclass(frozen=True, slots=True)
class Share:
    """What came of some of the claims of one document."""

    right: int
    others: int
    mutants: tuple[Mutant, ...]


@dataclass(frozen=True, slots=True)
class Job:
    path: Path
    part: int
    parts: int
    limit: int


def documents() -> list[Path]:
    found = sorted((ROOT / "generated").glob("*.md"), key=lambda p: -p.stat().st_size)
    notes = ROOT / "tests" / "fixtures" / "notes"
    named = {p.stem: p for suffix in (".yaml", ".tex", ".md") for p in sorted(notes.glob("*" + suffix))}
    return [*found, *(p for stem, p in sorted(named.items()) if stem != "expected")]


def jobs(path: Path, limit: int) -> Iterator[Job]:
    parts = 1 + path.stat().st_size // 4000
    return (Job(path, k, parts, 1 if path.stem.startswith("conv") else limit) for k in range(parts))


def claims_of(path: Path) -> Iterator[Posed]:
    """Of each equation once; what an update says is no derivative."""
    session = Session(read_source(str(path)))
    judged: set[tuple[Node, Node]] = set()
    for chapter in session.chapters:
        for equality in chapter.claims:
            if equality.update or equality.nature != CLAIM or is_definition(chapter, equality):
                continue
            if (equality.left, equality.right) not in judged:
                judged.add((equality.left, equality.right))
                yield Posed.of(session, chapter, equality)


def is_definition(chapter: Chapter, equality: Equality) -> bool:
    """True where the notes define one side as the other: then no formula is right beside this one."""
    sides = (equality.left, equality.right)
    return any((d.left, d.right) in (sides, sides[::-1]) for d in chapter.notebook.definitions.values())


def _with_its_job(job: Job) -> tuple[Job, Share]:
    return job, share(job)


def _line(done: Share) -> str:
    """The figures of a share, and each mutant that is wrong and not refuted."""
    count = Counter(m.outcome for m in done.mutants)
    said = ", ".join(f"{count[outcome]} {outcome}" for outcome in COLUMNS if count[outcome])
    worst = [f"\n  {m.outcome}: {m.text}" for m in done.mutants if m.outcome in (PASSED, OPEN)]
    return f"{done.right} right claims, {done.others} others; {said or 'no mutants'}{''.join(worst)}"


def _quiet() -> None:
    """Interruptions are the parent's, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def share(job: Job) -> Share:
    right = others = 0
    found: list[Mutant] = []
    for k, posed in enumerate(claims_of(job.path)):
        if k % job.parts != job.part:
            continue
        try:
            holds = judge(posed).verdict in RIGHT
        except NotUnderstood:
            continue
        right += holds
        others += not holds
        if holds:
            found += planted(posed, job, k)
    return Share(right, others, tuple(found))


def planted(posed: Posed, job: Job, first: int) -> Iterator[Mutant]:
    names = KnownNames(oracle_of(posed))
    about = About(names.applies, names.alternatives, names.shape)
    for kind, mutant in chosen(list(mutants(posed.right, about)), job.limit, first):
        begin = time.process_time()
        outcome, why = _judged(posed, kind, mutant)
        text = f"{job.path.name}: {phrase(posed.left)} = {phrase(posed.right)}; {kind}: {phrase(mutant)} -> {why}"
        yield Mutant(kind, outcome, text, time.process_time() - begin)


def _judged(right: Posed, kind: str, mutant: Node) -> tuple[str, str]:
    """The outcome, and what the verdict says, in notes where the mutant stands in the place of the right formula."""
    chapter, equality = right.chapter, replace(right.equality, right=mutant)
    claims = tuple(equality if c is right.equality else c for c in chapter.claims)
    posed = Posed.of(right.session, replace(chapter, claims=claims), equality)
    try:
        claim = judge(posed)
    except NotUnderstood as error:
        return NONE, error.reason
    said = "; ".join((claim.verdict, *claim.notes))
    if claim.verdict == REFUTED:
        fault = claim.fault
        assert fault is not None
        said = f"{fault.kind}: {fault.text}: {fault.replacement}"
        return (LEFT if not is_mended(posed, claim) else PLANTED if fault.kind == kind else MENDED), said
    if claim.verdict == UNDECIDED:
        return OPEN, said
    if claim.verdict == OTHER or conventions(claim) != conventions(judge(right)):
        return CONVENTION, said
    same = oracle_of(Posed.of(right.session, chapter, replace(equality, left=right.right)))
    if claim.verdict not in RIGHT:
        return PASSED, said
    return (EQUAL if same.holds(mutant) else CONVENTION if same.holds(transposed(bracketed(mutant))) else PASSED), said


def oracle_of(posed: Posed) -> Oracle:
    """What holds for the claim under the conventions of the notes."""
    return Oracle(posed, posed.chapter.habit or posed.notebook.reading)


def conventions(claim: Claim) -> set[str]:
    return {n for n in claim.notes if n.startswith("right ")}


def is_mended(posed: Posed, claim: Claim) -> bool:
    """True where an edit was found whose formula, read again from what is printed, holds."""
    fault = claim.fault
    if fault is None or not fault.replacement or fault.kind == "other" or fault.span is None:
        return False
    try:
        return oracle_of(posed).holds(latex_notation.expression(fault.replacement))
    except (InputError, ValueError):
        return False


def printed(found: list[Mutant], shown: tuple[str, ...]) -> None:
    """The table of kinds and outcomes, and the mutants of some outcomes."""
    table: dict[str, Counter[str]] = {}
    for m in found:
        table.setdefault(m.kind, Counter())[m.outcome] += 1
    width = max(map(len, (*table, "together"))) + 2
    print(f"{'fault':{width}}" + "".join(f"{c:>18}" for c in COLUMNS))
    for kind, row in (*sorted(table.items()), ("together", sum(table.values(), Counter()))):
        print(f"{kind:{width}}" + "".join(f"{row[c]:>18}" for c in COLUMNS))
    for outcome in shown:
        lines = [f"  {m.text}" for m in found if m.outcome == outcome]
        if lines:
            print(f"\n{outcome}:", *lines, sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--limit", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="print every mutant that was not mended as planted")
    options = parser.parse_args()

    begin = time.monotonic()
    every = [job for path in options.files or documents() for job in jobs(path, options.limit)]
    shares: dict[Job, Share] = {}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with multiprocessing.Pool(options.jobs, _quiet) as pool:
            for job, done in pool.imap_unordered(_with_its_job, every):
                shares[job] = done
                print(f"{job.path.name} {job.part + 1}/{job.parts}: {_line(done)}", flush=True)
    except KeyboardInterrupt:
        print(f"interrupted: {len(every) - len(shares)} of {len(every)} shares were not tried")
    found = [m for job in every if job in shares for m in shares[job].mutants]
    printed(found, COLUMNS[1:] if options.show else (LEFT, EQUAL, CONVENTION, OPEN, PASSED))

    count = Counter(m.outcome for m in found)
    mended = count[PLANTED] + count[MENDED]
    refuted = mended + count[LEFT]
    part = mended / refuted if refuted else 0.0
    times = sorted(m.seconds for m in found) or [0.0]
    print(
        f"\n{sum(s.right for s in shares.values())} right claims "
        f"({sum(s.others for s in shares.values())} others left out), "
        f"{refuted + count[PASSED]} wrong formulas: {refuted} refuted, {count[PASSED]} passed; "
        f"{mended} of the refuted mended ({part:.1%}), {count[PLANTED]} of them as planted.\n"
        f"Apart: {count[EQUAL]} equal to the formula they were made from, {count[CONVENTION]} right under another "
        f"convention, {count[OPEN]} undecided, {count[NONE]} no formula.\n"
        f"Processor time of a mutant: {times[len(times) // 2]:.2f} s in the middle, {times[-1]:.2f} s at most; "
        f"{time.monotonic() - begin:.0f} s in all."
    )
    sys.exit(1 if count[PASSED] or part < WANTED else 0)


if __name__ == "__main__":
    main()
