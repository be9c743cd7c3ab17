"""Arrays out of an .npz file, by name: what each declares of itself is read and judged before any of it is unpacked.

Nothing of a file is executed, and no more is taken from it than its headers say, which the sizes of the members must
bear out. What only pickle could read is refused.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from symjac.core.files import NotRegular, opened
from symjac.run.failures import DataError
from symjac.run.memory import need

Array = NDArray[Any]

REAL = "biuf"
TEXT = "U"
"""Kinds of dtypes that are asked for."""

LONGEST_HEADER = 10_000
LARGEST_RANK = 32
CHUNK = 2**22
"""Bytes that are unpacked at a time."""

_MAGIC = b"\x93NUMPY"
_ITEM = re.compile(r"\s*'(\w+)'\s*:\s*('[^'\\]{0,20}'|True|False|\([0-9,\s]{0,1000}\))\s*(,|(?=\}))")
_DTYPE = re.compile(r"([<>=|]?)([?bBhHiIlLqQefdgFDG]|[biufcSUOVmM][0-9]{0,9})")
_SHAPE = re.compile(r"\(\s*(?:N\s*,\s*|N(?:\s*,\s*N)+\s*,?\s*)?\)".replace("N", "[0-9]{1,18}"))
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile raises for an archive that is none; an encrypted one is a RuntimeError."""


@dataclass(frozen=True, slots=True)
class Header:
    """What an array says of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    length: int
    """Bytes of the header."""

    @property
    def bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize


class Archive:
    """An open .npz file. Raises DataError for all that is wrong with it."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._members: dict[str, list[zipfile.ZipInfo]] = {}
        for info in archive.infolist():
            if info.filename.endswith(".npy"):
                self._members.setdefault(info.filename.removesuffix(".npy"), []).append(info)

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def header(self, name: str, kinds: str = REAL) -> Header:
        """What the array `name` says of itself; its dtype is of one of `kinds`."""
        member = self._member(name)
        with self._broken(name), self._archive.open(member) as stream:
            found = _header(stream)
        if found.dtype.kind not in kinds:
            wanted = "real numbers" if kinds == REAL else "text"
            raise DataError(f"{self.path}: {name} holds {found.dtype}, expected {wanted}")
        if found.length + found.bytes != member.file_size:
            said = f"{member.file_size - found.length:,} bytes, and its header says {found.bytes:,}"
            raise DataError(f"{self.path}: not an .npz file of plain arrays ({name} has {said})")
        return found

    def read(self, name: str, header: Header, dtype: DTypeLike | None = None) -> Array:
        """The array, in `dtype` where one is given: unpacked piece by piece: no more than the result is held."""
        wanted = np.dtype(dtype) if dtype is not None else header.dtype.newbyteorder("=")
        need(prod(header.shape) * wanted.itemsize, f"{self.path}: {name}", "give fewer samples")
        out = np.empty(prod(header.shape), wanted)
        step = max(1, CHUNK // max(1, header.dtype.itemsize))
        with self._broken(name), self._archive.open(self._member(name)) as stream, np.errstate(over="ignore"):
            _exactly(stream, header.length)
            for start in range(0, len(out), step):
                count = min(step, len(out) - start)
                piece = _exactly(stream, count * header.dtype.itemsize)
                out[start : start + count] = np.frombuffer(piece, header.dtype)
            stream.read(1)  # the end, where the sum of what was unpacked is compared
        return out.reshape(header.shape, order="F" if header.fortran else "C")

    def _member(self, name: str) -> zipfile.ZipInfo:
        members = self._members.get(name, [])
        if len(members) != 1:
            found = "twice" if members else "no"
            raise DataError(f"{self.path}: {found} array {name} (it holds {listed(self.names)})")
        info = members[0]
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            how = "is encrypted" if info.flag_bits & 1 else "is compressed in a way that NumPy does not use"
            raise DataError(f"{self.path}: not an .npz file of plain arrays ({name} {how})")
        return info

    @contextmanager
    def _broken(self, name: str) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise DataError(f"{self.path}: not an .npz file of plain arrays ({name}: {_brief(error)})") from error


@contextmanager
def open_npz(path: Path) -> Iterator[Archive]:
    """The archive, as long as it is in use. Raises DataError."""
    try:
        stream = opened(path)
    except NotRegular as error:
        raise DataError(f"{path}: {error.strerror}; expected an .npz file") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    with stream:
        try:
            archive = zipfile.ZipFile(stream)
        except _BROKEN as error:
            raise DataError(f"{path}: not an .npz file of plain arrays ({_brief(error)})") from error
        with archive:
            yield Archive(path, archive)


def _header(stream: IO[bytes]) -> Header:
    """Reads the head of an .npy file. Raises ValueError and EOFError."""
    magic = _exactly(stream, 8)
    if magic[:6] != _MAGIC or magic[6] not in (1, 2, 3) or magic[7]:
        raise ValueError("not an array of NumPy's format 1, 2 or 3")
    width = 2 if magic[6] == 1 else 4
    length = int.from_bytes(_exactly(stream, width), "little")
    if length > LONGEST_HEADER:
        raise ValueError(f"a header of {length:,} bytes, at most {LONGEST_HEADER:,} are read")
    text = _exactly(stream, length).decode("utf-8" if magic[6] == 3 else "latin-1")
    shape, dtype, fortran = _fields(text)
    return Header(shape, dtype, fortran, 8 + width + length)


def _fields(text: str) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """Shape, dtype and order out of `{'descr': '<f8', 'fortran_order': False, 'shape': (5, 4), }`."""
    text = text.strip()
    fields: dict[str, str] = {}
    at = 1
    while (item := _ITEM.match(text, at)) and item[1] not in fields:
        fields[item[1]] = item[2]
        at = item.end()
    if not text.startswith("{") or text[at:].strip() != "}" or fields.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError(f"not the header of a plain array: {text:.60}")
    if fields["fortran_order"] not in ("True", "False"):
        raise ValueError("its header does not say the order")
    return _shape(fields["shape"]), _dtype(fields["descr"]), fields["fortran_order"] == "True"


def _shape(text: str) -> tuple[int, ...]:
    sizes = re.findall("[0-9]+", text)
    if not _SHAPE.fullmatch(text) or len(sizes) > LARGEST_RANK:
        raise ValueError(f"not a shape: {text:.60}")
    return tuple(map(int, sizes))


def _dtype(text: str) -> np.dtype[Any]:
    if not text.startswith("'") or not _DTYPE.fullmatch(text[1:-1]):
        raise ValueError(f"not a dtype of numbers or text: {text:.60}")
    try:
        found = np.dtype(text[1:-1])
    except TypeError as error:
        raise ValueError(str(error)) from None
    if found.hasobject:
        raise ValueError("objects, which only pickle reads")
    return found


def _exactly(stream: IO[bytes], count: int) -> bytes:
    parts: list[bytes] = []
    left = count
    while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    if left:
        raise EOFError("it ends too early")
    return b"".join(parts)


def listed(names: list[str]) -> str:
    """What an archive holds, for a message."""
    text = ", ".join(sorted(names)) or "nothing"
    return text if len(text) <= 200 else text[:197] + "..."


def _brief(error: Exception) -> str:
    text = str(error).strip().split("\n")[0] or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
