"""Files of a user's: only regular ones are read, they are written whole or not at all, and no input is an output."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from symjac.core.errors import InputError, Place

try:
    import fcntl
except ImportError:  # a system without locks of files: whoever writes last stands
    fcntl = None  # type: ignore[assignment]

SCRATCH = ".symjac"
"""How the name of a file that is being written ends; it begins with a dot and the name that it will have."""


class NotRegular(OSError):
    """A path that is no regular file: opened, it might wait for ever, or never end."""

    def __init__(self, path: str | os.PathLike[str], kind: str) -> None:
        super().__init__(errno.EINVAL, f"is {kind}, not a file", os.fspath(path))


class Busy(OSError):
    """A file that another run is writing."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EBUSY, "another run is writing it", os.fspath(path))


_KINDS = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


def _check_regular(path: str | os.PathLike[str], mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise NotRegular(path, next((kind for is_kind, kind in _KINDS if is_kind(mode)), "a device"))


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """A regular file, to be read; NotRegular for anything else, at once. Raises OSError and ValueError as `open`."""
    _check_regular(path, os.stat(path).st_mode)
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _check_regular(path, os.fstat(handle).st_mode)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_bytes(path: str | os.PathLike[str], most: int, hint: str = "") -> bytes:
    """What is in a regular file of at most `most` bytes. Raises InputError; `hint` is for a file that is too large."""
    name = os.fspath(path)
    start = Place(name, 1, 1)
    try:
        with opened(name) as file:
            raw = file.read(most + 1)
    except FileNotFoundError:
        raise InputError(start, "there is no such file", hint="check the path") from None
    except NotRegular as error:
        hint = "write what comes through it to a file, and name that" if "pipe" in str(error) else "check the path"
        raise InputError(start, f"this {error.strerror}", "a regular file", hint) from None
    except (OSError, ValueError) as error:
        raise InputError(start, f"the file cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(raw) > most:
        size = f"{most // 2**20} MiB" if most >= 2**20 else f"{most // 2**10} KiB"
        raise InputError(start, "the file is too large", f"at most {size}", hint)
    return raw


def read_utf8(path: str | os.PathLike[str], most: int, too_large: str, other: str) -> str:
    """The text of such a file, a byte order mark included. Raises InputError; `other` is the hint for what is not
    UTF-8."""
    raw = read_bytes(path, most, too_large)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        place = Place(os.fspath(path), before.count(b"\n") + 1, column)
        found = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise InputError(place, found, "text in UTF-8", other) from None


def write_whole(path: Path, content: bytes) -> None:
    """Written beside its place, flushed to the disk, then renamed: a kill at any moment leaves the old file or the new
    one. What a killed run left beside is cleared away. A link is followed. OSError, which names `path`.
    """
    try:
        place = Path(os.path.realpath(path))
        mode = check_place(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        _clear(place)
        handle, beside = _scratch(place)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
                os.chmod(beside, mode)
                os.replace(beside, place)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        error.filename, error.filename2 = os.fspath(path), None
        raise


def check_place(place: Path) -> int:
    """The permissions of the file that is there, or of a new one. Raises NotRegular where it is no file."""
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        return 0o666 & ~_umask()
    _check_regular(place, mode)
    return stat.S_IMODE(mode)


def _scratch(place: Path) -> tuple[int, str]:
    """A new file beside `place`, locked as long as it is open."""
    while True:
        handle, beside = tempfile.mkstemp(dir=place.parent, prefix=_prefix(place), suffix=SCRATCH)
        _try_lock(handle)
        if os.path.exists(beside):  # else another run cleared it away before it was locked
            return handle, beside
        os.close(handle)


def _prefix(path: Path) -> str:
    return f".{path.name[:100]}."


def _clear(path: Path) -> None:
    """Removes what killed runs left while they wrote `path`: scratch files that nobody holds a lock of."""
    if fcntl is None:
        return
    for left in path.parent.glob(f".{_escaped(path.name[:100])}.*{SCRATCH}"):
        with suppress(OSError), left.open("rb") as stream:
            if _try_lock(stream.fileno()):
                left.unlink()


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _try_lock(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """While in it, no other run holds the same path; Busy where one is. A killed run leaves no lock."""
    lock = path.with_name(f"{path.name}.lock")
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not _try_lock(handle):
                raise Busy(path)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), os.stat(lock)):  # else its owner removed it: once more
                    try:
                        yield
                    finally:
                        lock.unlink(missing_ok=True)
                    return
        finally:
            os.close(handle)


def is_full(error: OSError) -> bool:
    """Whether it is the disk that has no more space."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def same(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths are one file, through links of any kind, or will be one when they are written."""
    with suppress(OSError, ValueError):
        if os.path.samefile(one, other):
            return True
    with suppress(OSError, ValueError):
        return os.path.realpath(one) == os.path.realpath(other)
    return False


def clash(outputs: Iterable[Path], inputs: Iterable[Path]) -> str:
    """Why these outputs cannot be written, each over no input and no other output; nothing where all can."""
    known = list(inputs)
    before: list[Path] = []
    for out in outputs:
        if any(same(out, path) for path in known):
            return f"{out} is a file that is to be read"
        if any(same(out, path) for path in before):
            return f"{out} would be written twice"
        before.append(out)
    return ""


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
