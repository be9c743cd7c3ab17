"""One fault planted in right formulas, of every kind: how many are refuted, and how many named and mended.

    python benchmarks/verify_mutants.py [--limit 8] [--show] [FILE...]

FILE: notes; by default every document in generated/ and the notes of the tests. `--limit`: mutants a claim. A mutant is
diagnosed where the formula that the verdict offers holds, whether by the edit that takes the fault back or by another;
what is offered without an edit, the derivative itself, does not count. One that equals the formula it was made from is
counted apart. A claim that stands in several forms of one document is taken once. Exit code 1 where a mutant passed for
right, or less than 90% of the refuted ones are diagnosed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from symjac.claims import latex  # noqa: E402
from symjac.claims.errors import NotUnderstood  # noqa: E402
from symjac.claims.source import read_source  # noqa: E402
from symjac.claims.tree import Node  # noqa: E402
from symjac.core.errors import InputError  # noqa: E402
from symjac.verify.judge import Judge  # noqa: E402
from symjac.verify.phrase import phrase  # noqa: E402
from symjac.verify.session import Session  # noqa: E402
from symjac.verify.verdict import AGREES, OTHER, PROVED, REFUTED, Claim  # noqa: E402
from symjac.verify.view import Names  # noqa: E402
from tests.verify.mutants import About, chosen, mutants  # noqa: E402

RIGHT = (PROVED, AGREES)
WANTED = 0.9
COLUMNS = ("planted", "refuted", "as planted", "otherwise mended", "not mended", "equal", "other convention", "passed")


def documents() -> list[Path]:
    folders = (ROOT / "generated", ROOT / "tests" / "fixtures" / "notes")
    return [p for f in folders for p in sorted(f.iterdir()) if p.suffix in (".md", ".tex") or is_notes(p)]


def is_notes(path: Path) -> bool:
    return path.suffix == ".yaml" and path.stem != "expected"


def judges(path: Path) -> Iterator[Judge]:
    session = Session(read_source(str(path)))
    for chapter in session.chapters:
        for equality in chapter.claims:
            yield Judge(session, chapter, equality)


def is_mended(judge: Judge, claim: Claim) -> bool:
    """True where an edit was found whose formula, read again from what is printed, holds."""
    fault = claim.fault
    if fault is None or not fault.replacement or fault.kind == "other" or fault.span is None:
        return False
    try:
        return judge.holds(latex.expression(fault.replacement))
    except (InputError, ValueError):
        return False


def outcome(judge: Judge, kind: str, claim: Claim) -> str:
    if claim.verdict == REFUTED:
        if not is_mended(judge, claim):
            return "not mended"
        assert claim.fault is not None
        return "as planted" if claim.fault.kind == kind else "otherwise mended"
    return "other convention" if claim.verdict == OTHER else "passed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--limit", type=int, default=8)
    parser.add_argument("--show", action="store_true", help="print what was not mended, too")
    options = parser.parse_args()

    table: dict[str, Counter[str]] = {}
    equal: list[str] = []
    passed: list[str] = []
    claims = wrong = 0
    begin = time.monotonic()
    judged: set[tuple[str, Node, Node]] = set()
    for path in options.files or documents():
        for judge in judges(path):
            key = (path.stem, judge.left, judge.right)
            if key in judged:
                continue
            judged.add(key)
            try:
                right = judge.claim().verdict in RIGHT
            except NotUnderstood:
                continue
            claims += right
            wrong += not right
            if not right:
                continue
            names = Names(judge)
            about = About(names.applies, names.alternatives, names.shape)
            same = Judge(judge.session, judge.chapter, replace(judge.equality, left=judge.right))
            for kind, mutant in chosen(list(mutants(judge.right, about)), options.limit):
                row = table.setdefault(kind, Counter())
                text = f"{path.name}: {phrase(judge.left)} = {phrase(judge.right)}; {kind}: {phrase(mutant)}"
                try:
                    claim = judge.claim(mutant)
                except NotUnderstood as error:
                    row["no formula"] += 1
                    if options.show:
                        print(f"no formula: {text} ({error.reason})")
                    continue
                if claim.verdict in RIGHT and same.holds(mutant):
                    row["equal"] += 1
                    equal.append(text)
                    continue
                found = outcome(judge, kind, claim)
                row["planted"] += 1
                row["refuted"] += claim.verdict == REFUTED
                row[found] += 1
                if found == "passed":
                    passed.append(f"{text} ({claim.verdict}: {claim.road})")
                elif options.show and found != "as planted":
                    fault = claim.fault
                    print(f"{found}: {text}" + (f" -> {fault.kind}: {fault.text}" if fault else ""))

    total: Counter[str] = sum(table.values(), Counter())
    width = max((len(k) for k in table), default=4) + 2
    print(f"{'fault':{width}}" + "".join(f"{c:>18}" for c in COLUMNS))
    for kind, row in (*sorted(table.items()), ("together", total)):
        print(f"{kind:{width}}" + "".join(f"{row[c]:>18}" for c in COLUMNS))
    for title, lines in (("Equal to the formula they were made from:", equal), ("PASSED:", passed)):
        if lines:
            print(title)
            print("\n".join(f"  {line}" for line in lines))
    mended = total["as planted"] + total["otherwise mended"]
    share = mended / total["refuted"] if total["refuted"] else 0.0
    print(
        f"{claims} right claims ({wrong} others left out), {total['planted']} mutants: {total['refuted']} refuted, "
        f"{total['other convention']} right under another convention, {len(passed)} passed; "
        f"{mended} of the refuted mended ({share:.1%}), {total['as planted']} of them as planted; "
        f"{total['no formula']} more made no formula; {time.monotonic() - begin:.0f} s"
    )
    sys.exit(1 if passed or share < WANTED else 0)


if __name__ == "__main__":
    main()
