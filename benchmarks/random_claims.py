"""Random claims whose truth differences know: how many right ones are refuted, how many wrong ones pass.

    python benchmarks/random_claims.py [--count 3000] [--first 0] [--jobs 2] [--show]

The pages are those of tests/verify/random_claims.py, from the seed `--first` on. Faults are not looked for. Exit code 1
where a right claim is refuted or a wrong one passes; these are printed, with `--show` what is undecided or unread too.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from symjac.verify import at_fault  # noqa: E402
from tests.verify.random_claims import case  # noqa: E402
from tests.verify.scoring import NO_SEARCH, Outcome, outcomes  # noqa: E402

KINDS = ("judged", "other convention", "undecided", "unread", "false alarm", "passed")
BAD = ("false alarm", "passed")


def judged(seed: int) -> tuple[int, list[Outcome]]:
    return seed, outcomes(case(seed))


def verdicts_alone() -> None:
    """No fault is looked for in this process."""
    for name in NO_SEARCH:
        setattr(at_fault, name, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000, help="claims, at least")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    shown = KINDS[2:] if options.show else BAD
    table: Counter[tuple[str, str]] = Counter()
    begin = time.monotonic()
    with multiprocessing.Pool(options.jobs, verdicts_alone) as pool:
        for seed, found in pool.imap(judged, range(options.first, options.first + options.count)):
            for o in found:
                table["right" if o.claim.right else "wrong", o.kind] += 1
                if o.kind in shown:
                    print(f"seed {seed}, {o.claim.made}, {o.kind}: {o.text}", flush=True)
            if table.total() >= options.count:
                pool.terminate()
                break
    print(f"{'':8}" + "".join(f"{k:>18}" for k in KINDS))
    for truth in ("right", "wrong"):
        print(f"{truth:8}" + "".join(f"{table[truth, k]:>18}" for k in KINDS))
    print(f"{table.total()} claims on {seed + 1 - options.first} pages in {time.monotonic() - begin:.0f} s")
    sys.exit(any(table[truth, k] for truth in ("right", "wrong") for k in BAD))


if __name__ == "__main__":
    main()
