"""Random specs through document, code, check and second order: how many end well, and how the others end.

    python benchmarks/random_specs.py [--count 2000] [--jobs 2] [--start 0] [--deepest 3] [--show 3]

`--start`: another number draws other specs. `--show`: how many specs of each ending are printed. Exit code 1 where a
spec ended in a traceback or in a wrong value.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.random_specs import Outcome, drawn, tried  # noqa: E402

BAD = ("traceback", "wrong")
SLOWEST = 5


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--count", type=int, default=2000)
    asked.add_argument("--jobs", type=int, default=2)
    asked.add_argument("--start", type=int, default=0)
    asked.add_argument("--deepest", type=int, default=3)
    asked.add_argument("--show", type=int, default=3)
    chosen = asked.parse_args()
    begun = time.perf_counter()
    specs = drawn(chosen.count, chosen.start, chosen.deepest)
    ends: dict[str, list[tuple[str, Outcome]]] = defaultdict(list)
    with multiprocessing.Pool(chosen.jobs, maxtasksperchild=100) as pool:
        for number, (spec, outcome) in enumerate(zip(specs, pool.imap(tried, specs), strict=True), 1):
            ends[outcome.kind].append((spec, outcome))
            if sys.stderr.isatty():
                print(f"\r{number} of {len(specs)}", end="", file=sys.stderr)
    for kind in ("refused", "no point", *BAD):
        for spec, outcome in ends[kind][: chosen.show]:
            print(f"--- {kind}\n{spec}{outcome.said}\n")
    every = [o.seconds for ends_so in ends.values() for _, o in ends_so]
    print(f"{len(every)} specs, {time.perf_counter() - begun:.0f} s:", end=" ")
    print(", ".join(f"{len(ends[kind])} {kind}" for kind in ("ok", "refused", "no point", *BAD)))
    near = sum(o.said != "differences of gradients" for _, o in ends["ok"])
    print(f"a kink was too near for differences of gradients: {near}")
    print("slowest:", ", ".join(f"{seconds:.1f} s" for seconds in sorted(every, reverse=True)[:SLOWEST]))
    return 1 if any(ends[kind] for kind in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
