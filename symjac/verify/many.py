"""The verdicts on many sources, some at a time, each by a process; which process that is changes none."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.context import BaseContext
from types import ModuleType
from typing import TYPE_CHECKING

from symjac.core.errors import InputError
from symjac.core.faults import at_hand, told
from symjac.notes.source import Source

if TYPE_CHECKING:
    from symjac.model.stack import Stack
    from symjac.verify.verdict import Judged

Progress = Callable[[int, int], None]
"""How much is done, of how much."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Of a source that could not be judged: the message, and whether the fault is symjac's own."""

    message: str
    own: bool = False


def judged(
    sources: Sequence[Source], stack: Stack | None, spec: str | None, jobs: int, progress: Progress
) -> list[Judged | Failure]:
    """In the order of the sources, which may speak of the network of `stack`; it is that of the file `spec`."""
    if len(sources) == 1:
        return [_by_this_process(sources[0], stack, progress)]
    if jobs == 1 or not sources:
        out: list[Judged | Failure] = []
        for source in sources:
            out.append(_by_this_process(source, stack))
            progress(len(out), len(sources))
        return out
    done: dict[int, Judged | Failure] = {}
    for number, result in _by_processes(dict(enumerate(sources)), spec, jobs):
        done[number] = result
        progress(len(done), len(sources))
    for number, source in enumerate(sources):
        if number not in done:  # a process died, and with it the pool: the one that it judged dies again, alone
            alone = dict(_by_processes({number: source}, spec, 1))
            done[number] = alone.get(number) or Failure(f"error: {source.file}: the process that judged it was ended")
    return [done[number] for number in range(len(sources))]


def _by_this_process(source: Source, stack: Stack | None, progress: Progress | None = None) -> Judged | Failure:
    # Imported here: a process that only hands out sources needs nothing of what judges.
    from symjac.verify.judge import judge_source

    try:
        with at_hand(lambda: source.file):
            return judge_source(source, progress, stack)
    except InputError as error:
        return Failure(error.render())
    except MemoryError:
        return Failure(f"error: {source.file}: there is not enough memory to judge it")
    except Exception as error:  # a fault of symjac's own costs no other file its verdicts
        error.add_note("the command symjac verify")
        return Failure(told(error), own=True)


def _by_processes(sources: Mapping[int, Source], spec: str | None, jobs: int) -> Iterator[tuple[int, Judged | Failure]]:
    """The results by number, as they come; when a process dies, none comes any more."""
    # The longest first, so that none is left with it when all others are done.
    numbers = sorted(sources, key=lambda number: -len(sources[number].text))
    with ProcessPoolExecutor(min(jobs, len(sources)), _context()) as pool:
        with _without_a_script():
            waiting = {pool.submit(_by_another_process, sources[number], spec): number for number in numbers}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool:
            return


def _context() -> BaseContext:
    """Processes that begin with what judges in memory, where the system can do that."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["symjac.verify.judge"])
    return context


@contextmanager
def _without_a_script() -> Iterator[None]:
    """Processes that are begun here do not run the script that is being run, as they else would to have its names."""
    script, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _by_another_process(source: Source, spec: str | None) -> Judged | Failure:
    return _by_this_process(source, _stack(spec))


@lru_cache(maxsize=1)
def _stack(spec: str | None) -> Stack | None:
    """Built once in a process."""
    if spec is None:
        return None
    from symjac.model.build import build_stack, load_spec

    return build_stack(load_spec(spec))
