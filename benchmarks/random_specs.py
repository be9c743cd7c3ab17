"""Random specs through document, code, check and second order: how many end well, and how the others end.

    python benchmarks/random_specs.py [--count 2000] [--jobs 2] [--start 1000] [--deepest 3]

A spec is known by its number: `--start N --count 1` is spec N alone. Each that does not end well is printed when it
ends, the figures at the end, or when the run is interrupted. Exit code 1 where a spec ended in a traceback, in a wrong
value, or took too long.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import signal
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.random_specs import Outcome, drawn, tried  # noqa: E402

BAD = ("traceback", "wrong", "hang")
SLOWEST = 5


def one(number: int, deepest: int) -> tuple[int, str, Outcome]:
    spec = drawn(number, deepest)
    return number, spec, tried(spec)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--count", type=int, default=2000)
    asked.add_argument("--jobs", type=int, default=2)
    asked.add_argument("--start", type=int, default=1000)
    asked.add_argument("--deepest", type=int, default=3)
    chosen = asked.parse_args()
    begun = time.perf_counter()
    ended: dict[int, Outcome] = {}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with multiprocessing.Pool(chosen.jobs, _quiet, maxtasksperchild=100) as pool:
            numbers = range(chosen.start, chosen.start + chosen.count)
            for number, spec, outcome in pool.imap_unordered(functools.partial(one, deepest=chosen.deepest), numbers):
                ended[number] = outcome
                if outcome.kind != "ok":
                    print(f"--- {number}: {outcome.kind}\n{spec}{outcome.said}\n", flush=True)
                if sys.stderr.isatty():
                    print(f"\r{len(ended)} of {chosen.count}", end="", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"interrupted: {chosen.count - len(ended)} specs were not tried")
    return _table(ended, time.perf_counter() - begun)


def _quiet() -> None:
    """Interruptions are the parent's, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _table(ended: dict[int, Outcome], seconds: float) -> int:
    kinds = Counter(outcome.kind for outcome in ended.values())
    print(f"{len(ended)} specs, {seconds:.0f} s:", end=" ")
    print(", ".join(f"{kinds[kind]} {kind}" for kind in ("ok", "refused", "no point", *BAD)))
    near = sum(o.kind == "ok" and o.said != "differences of gradients" for o in ended.values())
    print(f"a kink was too near for differences of gradients: {near}")
    slowest = sorted(ended.items(), key=lambda pair: -pair[1].seconds)[:SLOWEST]
    print("slowest:", ", ".join(f"{number} {outcome.seconds:.1f} s" for number, outcome in slowest))
    return 1 if any(kinds[kind] for kind in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
