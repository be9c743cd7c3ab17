"""Hostile inputs through every reader: how many, and what the readers made of them.

    python benchmarks/fuzz_readers.py [--count 100000] [--jobs 2] [--seed 0] [--only NAME] [--keep FOLDER]

Readers: specs, their formulas, YAML, notes in Markdown, TeX and YAML, sidecars, directives, formulas in both notations,
.npz files of data and weights, IDX files, journals. Most inputs go to the quick readers. A reader may read or give the
one error; an exception of another kind is a traceback, an input that takes more than 10 s hangs, and a worker may take
1 GB more than it began with. Inputs that fail are kept in FOLDER. Exit code 1 where there is one. The figures are
printed at the end, or when the run is interrupted.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.hostile.readers import ALLOWED, Reader, readers  # noqa: E402

SECONDS = 10
MEMORY = 2**30
"""Bytes beyond what a worker begins with."""
AT_ONCE = 200
"""Inputs that a worker is given at a time."""


class Hang(BaseException):
    """An input took too long; no reader catches it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of some inputs of one reader."""

    reader: str
    inputs: int
    failures: tuple[tuple[str, bytes, str], ...]
    """(kind, input, what was raised)."""
    slowest: float
    """Seconds."""
    memory: int
    """Bytes beyond what the worker began with, at most so far."""


def _alarm(number: int, frame: object) -> None:
    raise Hang


_base = 0


def _begin() -> None:
    """Once a worker, when everything is imported and read once."""
    global _base
    signal.signal(signal.SIGALRM, _alarm)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # interruptions are the parent's
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        for reader in readers():
            _one(reader, reader.made(random.Random(0)), Path(folder))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    _base = _most_used()


def _most_used() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _one(reader: Reader, content: bytes, folder: Path) -> tuple[str, str]:
    """The kind of failure and what was raised; empty where the reader kept its promise."""
    signal.alarm(SECONDS)
    try:
        reader.read(content, folder)
    except ALLOWED as error:
        try:
            error.render() if hasattr(error, "render") else str(error)
        except Exception:
            return "traceback", traceback.format_exc()
    except Hang:
        return "hang", "".join(traceback.format_exc()[-3000:])
    except MemoryError:
        return "memory", traceback.format_exc()[-3000:]
    except Exception:
        return "traceback", traceback.format_exc()[-3000:]
    finally:
        signal.alarm(0)
    return "", ""


def _many(task: tuple[str, int, int, int]) -> Found:
    name, seed, start, count = task
    reader = next(r for r in readers() if r.name == name)
    failures, slowest = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(start, start + count):
            content = reader.made(random.Random(f"{seed} {name} {number}"))
            begin = time.perf_counter()
            kind, said = _one(reader, content, Path(folder))
            slowest = max(slowest, time.perf_counter() - begin)
            if kind:
                failures.append((kind, content, said))
    return Found(name, count, tuple(failures), slowest, max(0, _most_used() - _base))


def _tasks(count: int, seed: int, only: str) -> Iterator[tuple[str, int, int, int]]:
    chosen = [r for r in readers() if only in r.name]
    total = sum(r.share for r in chosen)
    for reader in chosen:
        wanted = max(1, round(count * reader.share / total))
        for start in range(0, wanted, AT_ONCE):
            yield reader.name, seed, start, min(AT_ONCE, wanted - start)


def _shown(part: Found, seen: dict[str, int], keep: Path) -> None:
    """Each failure, three of a kind; their inputs are kept."""
    for kind, content, said in part.failures:
        last = said.strip().splitlines()[-1][:150] if said else ""
        where = next((x.strip() for x in reversed(said.splitlines()) if x.strip().startswith("File")), "")
        label = f"{kind}: {part.reader}: {last} {where}"
        seen[label] = seen.get(label, 0) + 1
        if seen[label] <= 3:
            keep.mkdir(exist_ok=True)
            name = hashlib.sha256(content).hexdigest()[:12]
            (keep / name).write_bytes(content)
            (keep / f"{name}.txt").write_text(f"{label}\n\n{said}", errors="backslashreplace")
            print(f"{label}  ({keep / name})", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="readers whose names hold this")
    parser.add_argument("--keep", default="fuzz_failures", help="folder for the inputs that fail")
    chosen = parser.parse_args()
    begin = time.perf_counter()
    found: dict[str, list[Found]] = {}
    seen: dict[str, int] = {}
    spawned = multiprocessing.get_context("spawn")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tasks = list(_tasks(chosen.count, chosen.seed, chosen.only))
    with ProcessPoolExecutor(chosen.jobs, spawned, _begin) as pool:  # which says so where a worker dies
        try:
            for part in (task.result() for task in as_completed([pool.submit(_many, task) for task in tasks])):
                found.setdefault(part.reader, []).append(part)
                _shown(part, seen, Path(chosen.keep))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            left = sum(count for *_, count in tasks) - sum(p.inputs for parts in found.values() for p in parts)
            print(f"interrupted: {left:,} inputs were not tried")
    print(f"{'reader':<26}{'inputs':>8}{'tracebacks':>12}{'hangs':>7}{'memory':>8}{'slowest':>10}{'most':>10}")
    for name, parts in found.items():
        kinds = [kind for part in parts for kind, _, _ in part.failures]
        counts = [kinds.count(kind) for kind in ("traceback", "hang", "memory")]
        slowest, most = max(p.slowest for p in parts), max(p.memory for p in parts)
        print(
            f"{name:<26}{sum(p.inputs for p in parts):>8,}{counts[0]:>12}{counts[1]:>7}{counts[2]:>8}"
            f"{slowest:>8.2f} s{most / 1e6:>7.0f} MB"
        )
    every = [part for parts in found.values() for part in parts]
    failed = sum(len(part.failures) for part in every)
    took = time.perf_counter() - begin
    print(f"{sum(p.inputs for p in every):,} inputs, {failed} failures, {took:,.0f} s; `most` is of a worker, so far")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
