"""Memory, reckoned before it is taken: what would not fit is refused with its figure."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from math import prod
from pathlib import Path
from types import ModuleType

from symjac.run.failures import DataError

SHARE = 0.5
"""How much of the memory that is free an estimate may come to: copies that come and go take about as much again."""

Shape = tuple[int | str, ...]
"""A size is a number, or the name of one that is open."""


def count_of(shapes: Iterable[Shape], samples: int) -> int:
    """How many numbers arrays of these shapes hold, with every open size as many as the samples."""
    return sum(prod(size if isinstance(size, int) else samples for size in shape) for shape in shapes)


def need(amount: int, what: str, help: str) -> None:
    """Raises DataError where `amount` bytes are more than may be taken; `help` says what to do instead."""
    free = available()
    if free is not None and amount > SHARE * free:
        raise DataError(f"{what} takes about {size(amount)} of memory; {size(free)} are free\n  help: {help}")


def need_for(module: ModuleType, values: Iterable[Shape], samples: int, copies: int, width: int, what: str) -> None:
    """`need` for `copies` of a module's parameters at once, its inputs and `values`; `width` bytes a number."""
    parameters = count_of(module.PARAMETERS.values(), samples) if hasattr(module, "PARAMETERS") else 0
    beside = count_of([*module.INPUTS.values(), *values], samples)
    need(
        width * (copies * parameters + 2 * beside),
        f"{what}: with {parameters:,} parameters and {beside:,} other numbers, it",
        "declare smaller sizes, or give fewer samples at once; `symjac derive` and `generate` take any sizes",
    )


def size(amount: float) -> str:
    """900 bytes, 3.2 GB."""
    units = ["bytes", "kB", "MB", "GB", "TB", "PB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        del units[0]
    return f"{amount:,.0f} {units[0]}" if amount >= 99.95 or units[0] == "bytes" else f"{amount:.1f} {units[0]}"


def available() -> int | None:
    """Bytes that this process may still take: the least of what the system, its group and its limits leave; None where
    nothing says.
    """
    found = [free for free in (_system(), _group(), _limit()) if free is not None]
    return max(0, min(found)) if found else None


def _system() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _group() -> int | None:
    """What a container leaves, with what it keeps of files, which it gives up."""
    for folder, most, used, kept in (
        ("/sys/fs/cgroup", "memory.max", "memory.current", "file"),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "cache"),
    ):
        with suppress(OSError, ValueError, KeyError):
            limit, taken = (int((Path(folder) / name).read_text()) for name in (most, used))
            lines = (line.split() for line in (Path(folder) / "memory.stat").read_text().splitlines())
            return limit - taken + int({name: value for name, value, *_ in lines}[kept])
    return None


def _limit() -> int | None:
    """What `ulimit -v` leaves."""
    with suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            return soft - pages * resource.getpagesize()
    return None
