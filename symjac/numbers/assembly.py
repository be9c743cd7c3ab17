"""A whole network's Hessian H, or a·I + b·H such as the Jacobian of a training step, into a .npy file.

Rows and columns run over the parameters in order, each raveled in C order. First the sums of all terms are written to a
file of their own, then the rows, in order. Both go piece by piece, and a journal beside the file says which are done:
killed and started again, the assembly goes on after the last finished piece and ends with the same bytes. An entry and
its mirror are made from the same sums in the same order, so the matrix is exactly symmetric.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from symjac.core.errors import InputError
from symjac.core.files import Busy, is_full, locked, read_bytes, write_whole
from symjac.numbers.hessian_sums import Array, SummedBlock, Sums, Work, one_thread, spread
from symjac.run import memory
from symjac.run.failures import DataError

DTYPES = ("float32", "float64")
ROWS = 2**27
"""Bytes of one piece of the rows."""
WORKERS = max(1, min(os.cpu_count() or 1, 8))
"""Threads; each needs memory of its own."""
MULTIPLICATIONS, BYTES = 5e10, 5e8
"""A second's, about: what the progress is reckoned by."""
VERSION = 1
LONGEST_JOURNAL = 2**16
CONTRACT = ("INPUTS", "PARAMETERS", "NUMBERS", "factors", "blocks")
"""What a module of blocks has."""


def assemble(
    blocks: ModuleType,
    params: Sequence[Array],
    X: Array,
    T: Array,
    out: Path,
    *,
    identity: float = 0.0,
    hessian: float = 1.0,
    dtype: str = "float32",
    progress: Callable[[float], None] = lambda part: None,
) -> None:
    """Writes identity·I + hessian·H at (params, X, T) to `out`; `progress` is told what part of the work is done.

    `blocks` is a module that `symjac.codegen.blocks_code` wrote. Beside `out` there are a journal, the sums, and the
    rows so far, which take the place of `out` at the end. DataError where the arrays are not the module's, where the
    journal is of another matrix, and where a file cannot be written.
    """
    if dtype not in DTYPES:
        raise DataError(f"dtype {dtype}: expected one of {', '.join(DTYPES)}")
    work = Work(blocks, params, (X, T), np.dtype(dtype))
    if out.exists() and not out.is_file():
        raise DataError(f"{out}: cannot be written (it is no regular file)")
    try:
        with locked(out):
            _Assembly(work, out, identity, hessian, progress).run()
    except Busy as error:
        help = "wait until it is done, or write to another file"
        raise DataError(f"{out}: {error.strerror}\n  help: {help}") from error
    except OSError as error:
        help = "\n  help: free some space and start it again: it goes on" if is_full(error) else ""
        raise DataError(f"{out}: cannot be written ({error.strerror}){help}") from error


class _Assembly:
    def __init__(
        self, work: Work, out: Path, identity: float, hessian: float, progress: Callable[[float], None]
    ) -> None:
        self.work = work
        self.out = out
        self.identity = identity
        self.hessian = hessian
        self.progress = progress
        self.journal, self.sums_file, self.rows_file = (
            out.with_name(f"{out.name}.{end}") for end in ("journal", "sums", "part")
        )
        self.settings = {
            "version": VERSION,
            "module, parameters and data": work.digest(),
            "identity": float(identity),
            "hessian": float(hessian),
            "dtype": work.dtype.name,
        }

    def run(self) -> None:
        done, known = self._resumed()
        with one_thread() as alone, ThreadPoolExecutor(WORKERS) as pool:
            sums = Sums(self.work, pool, alone)
            sums.read(direct=done == 0, columns=done < known or not known)
            count = len(sums.pieces)
            rows = _Rows(self.work, sums, self.identity, self.hessian)
            if known not in (0, count) or done > count + len(rows.pieces):
                raise DataError(f"{self.journal}: not the journal of this assembly\n  help: remove it to begin again")
            efforts = [sums.cost(piece) / MULTIPLICATIONS for piece in range(count)]
            efforts += [rows.bytes(piece) / BYTES for piece in rows.pieces]

            def finished(pieces: int) -> None:
                self._record(pieces, count)
                self.progress(sum(efforts[:pieces]) / sum(efforts))

            with _opened(self.sums_file) as file:
                os.ftruncate(file, max(sums.bytes, 1))
                for number in range(done, count):
                    for offset, value in sums.piece(number):
                        _write_at(file, value, offset)
                    _settled(file)
                    finished(number + 1)
            sums.close()
            rows.open(self.sums_file)
            with _opened(self.rows_file) as file:
                ahead: list[Future[Array]] = []
                for number in range(max(0, done - count), len(rows.pieces)):
                    tiles = ahead or rows.submitted(pool, rows.pieces[number])
                    ahead = rows.submitted(pool, rows.pieces[number + 1]) if number + 1 < len(rows.pieces) else []
                    offset = len(self._header()) + rows.offset(rows.pieces[number])
                    for tile in tiles:
                        _write_at(file, tile.result(), offset)
                        offset += tile.result().nbytes
                    _settled(file)
                    finished(count + number + 1)
        os.replace(self.rows_file, self.out)
        self.sums_file.unlink()
        self.journal.unlink()

    def _resumed(self) -> tuple[int, int]:
        """How many pieces are done, and how many of all are sums, 0 where that is not known yet."""
        if not self.journal.exists():
            self._check_space()
            self.sums_file.write_bytes(b"")
            self.rows_file.write_bytes(self._header())
            self._record(0, 0)
            return 0, 0
        done, sums = resumed(self.journal, self.settings)
        if not (self.sums_file.exists() and self.rows_file.exists()):
            raise DataError(f"{self.journal}: the files that it tells of are gone\n  help: remove it to begin again")
        return done, sums

    def _check_space(self) -> None:
        """What the rows take is free on the disk; the sums come beside."""
        size, free = self.work.size, shutil.disk_usage(self.out.parent).free
        wanted = size * size * self.work.dtype.itemsize
        if wanted > free:
            raise DataError(
                f"{self.out}: {size:,} x {size:,} numbers take {memory.size(wanted)} on the disk; "
                f"{memory.size(free)} are free\n  help: write to another disk, or ask for --top, --trace or --density"
            )

    def _record(self, done: int, sums: int) -> None:
        content = {"settings": self.settings, "done": done, "sums": sums}
        write_whole(self.journal, json.dumps(content).encode())

    def _header(self) -> bytes:
        header = io.BytesIO()
        described = {"descr": self.work.dtype.str, "fortran_order": False, "shape": (self.work.size, self.work.size)}
        np.lib.format.write_array_header_1_0(header, described)
        return header.getvalue()


def resumed(journal: Path, settings: Mapping[str, Any]) -> tuple[int, int]:
    """How many pieces the journal says are done, and how many of all are sums. Raises DataError, for another's too."""
    try:
        content = json.loads(read_bytes(journal, LONGEST_JOURNAL))
        found, done, sums = dict(content["settings"]), content["done"], content["sums"]
        if not all(type(number) is int and 0 <= number < 2**63 for number in (done, sums)):
            raise ValueError("not a number of pieces")
    except (InputError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{journal}: not the journal of an assembly\n  help: remove it") from error
    different = [key for key, value in settings.items() if found.get(key) != value]
    if different:
        raise DataError(
            f"{journal}: of another matrix, with another {', '.join(different)}\n"
            f"  help: remove it to begin again, or write to another file than {journal.name.removesuffix('.journal')}"
        )
    return done, sums


Piece = tuple[int, range]
"""A parameter and indices of its first axis: the rows of each index make a tile."""


class _Rows:
    """The rows of identity·I + hessian·H, made from the sums."""

    def __init__(self, work: Work, sums: Sums, identity: float, hessian: float) -> None:
        self.work = work
        self.sums = sums
        self.identity = identity
        self.hessian = hessian
        self.data: list[Array] = []
        self.starts = [0]
        for shape in work.shapes:
            self.starts.append(self.starts[-1] + prod(shape))
        self.pieces: list[Piece] = []
        for number, shape in enumerate(work.shapes):
            tiles = shape[0] if shape else 1
            step = max(1, ROWS * tiles // self.bytes((number, range(tiles))))
            self.pieces += [(number, range(first, min(first + step, tiles))) for first in range(0, tiles, step)]

    def open(self, file: Path) -> None:
        """Reads the sums from their file from now on."""
        self.data = [
            np.memmap(file, total.dtype, "r", offset, total.shape)
            if total.bytes
            else np.zeros(total.shape, total.dtype)
            for total, offset in zip(self.sums.totals, self.sums.offsets, strict=True)
        ]

    def bytes(self, piece: Piece) -> int:
        parameter, indices = piece
        return len(indices) * prod(self.work.shapes[parameter][1:]) * self.work.size * self.work.dtype.itemsize

    def offset(self, piece: Piece) -> int:
        """Bytes of the rows before a piece."""
        parameter, indices = piece
        before = self.starts[parameter] * self.work.size * self.work.dtype.itemsize
        return before + self.bytes((parameter, range(indices.start)))

    def submitted(self, pool: Executor, piece: Piece) -> list[Future[Array]]:
        parameter, indices = piece
        return [pool.submit(self.tile, parameter, at) for at in indices]

    def tile(self, parameter: int, at: int) -> Array:
        """The rows of one index of the parameter's first axis."""
        count = prod(self.work.shapes[parameter][1:])
        out = np.zeros((count, self.work.size), self.work.dtype)
        for b in self.work.blocks:
            if parameter in (b.row, b.column):
                self._add_block(out, b, parameter, at)
        first = self.starts[parameter] + at * count
        out[np.arange(count), np.arange(first, first + count)] += self.identity
        return out

    def _add_block(self, out: Array, b: SummedBlock, parameter: int, at: int) -> None:
        """Adds hessian times a block, or its transpose."""
        other = b.column if parameter == b.row else b.row
        axes = (*self.work.shapes[parameter][1:], *self.work.shapes[other])
        within = out[:, self.starts[other] : self.starts[other + 1]].reshape(axes)
        for t in b.terms:
            if b.row != b.column or self.sums.totals[t].symmetric:
                self._add_term(within, t, parameter != b.row, at, self.hessian)
            else:
                # Terms may be each other's transposes; half of a term and half of its transpose are H as well.
                both = np.zeros(axes)
                self._add_term(both, t, False, at, self.hessian / 2)
                self._add_term(both, t, True, at, self.hessian / 2)
                within += both

    def _add_term(self, within: Array, t: int, transposed: bool, at: int, factor: float) -> None:
        """Adds factor times a term at one index of the first axis; `within` has the other axes of row and column."""
        term = self.work.terms[t]
        row, column = (term.column, term.row) if transposed else (term.row, term.column)
        first, rest = (row or ("",))[0], (*row[1:], *column)
        labels, values = self.sums.totals[t].values(self.data[t], first, at, factor * term.scale)
        for f in term.constants:
            own = tuple(x for x in f.labels if x != first)
            array = self.work.constants[f.name]
            array = np.take(array, at, axis=f.labels.index(first)) if first in f.labels else array
            both = tuple(dict.fromkeys([*labels, *own]))
            labels, values = both, spread(values, labels, both) * spread(array, own, both)
        place = within[(*(at if x == first else slice(None) for x in rest), ...)]
        kept = [x for x in rest if x != first]
        distinct = list(dict.fromkeys(kept))
        if len(distinct) < len(kept):  # a diagonal, of which np.einsum gives a view
            place = np.einsum(place, [distinct.index(x) for x in kept], list(range(len(distinct))))
        place += spread(values, labels, distinct)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file, to be read and written at any place."""
    file = os.open(path, os.O_RDWR)
    try:
        yield file
    finally:
        os.close(file)


def _write_at(file: int, array: Array, offset: int) -> None:
    left = np.ascontiguousarray(array).data.cast("B")
    while left:
        written = os.pwrite(file, left, offset)
        left, offset = left[written:], offset + written


def _settled(file: int) -> None:
    """What was written is on the disk, and no longer in the memory that the system keeps for files."""
    os.fsync(file)
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
