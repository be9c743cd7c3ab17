"""Archives of arrays: what an array says of itself is judged before any of it is unpacked."""

from __future__ import annotations

import resource
import time
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from symjac.run import archive, datasets, memory
from symjac.run.archive import REAL, open_npz
from symjac.run.failures import DataError
from tests.hostile.archives import archive as packed
from tests.hostile.archives import array, header

FOUR = {"X": ("k", 4), "T": ("k", 3)}
ONES = array(np.ones((5, 3)))


def load(folder: Path, x: bytes, method: int = zipfile.ZIP_STORED, more: tuple[tuple[str, bytes], ...] = ()):
    path = folder / "data.npz"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's, of a name that stands twice
        path.write_bytes(packed([("X.npy", x), ("T.npy", ONES), *more], method))
    return datasets.load(str(path), FOUR, "float64")


def said(descr: str = "'<f8'", order: str = "False", shape: str = "(5, 4)", end: str = ", }", more: str = "") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}{more}{end}\n"


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", "|u1", "<i8", ">i2", "|b1"])
def test_what_numpy_writes_is_read(tmp_path: Path, version: tuple[int, int], order: str, dtype: str) -> None:
    values = np.asarray(np.arange(20).reshape(5, 4) % 7, dtype, order)
    text = said(repr(values.dtype.str), str(order == "F"))
    found = load(tmp_path, header(text, version) + values.tobytes(order))
    np.testing.assert_array_equal(found.train.X, values)


def test_spacing_and_order_of_keys_do_not_matter(tmp_path: Path) -> None:
    values = np.arange(20.0).reshape(5, 4)
    for text in (
        "{'shape':(5,4),'descr':'<f8','fortran_order':False}",
        "{ 'shape' : ( 5 , 4 , ) , 'fortran_order' : False , 'descr' : '<f8' , }     \n",
    ):
        np.testing.assert_array_equal(load(tmp_path, header(text) + values.tobytes()).train.X, values)


BAD = [
    # header, body, message
    (said(shape="(-1, 4)"), bytes(160), "not the header of a plain array|not a shape"),
    (said(shape="(461168601842738790, 4)"), bytes(160), "160 bytes, and its header says"),
    (said(shape="(1" + "0" * 30 + ", 4)"), bytes(160), "not a shape"),
    (said(shape="(5, 4.0)"), bytes(160), "not the header"),
    (said(shape="(True, 4)"), bytes(160), "not the header"),
    (said(shape="[5, 4]"), bytes(160), "not the header"),
    (said(shape="None"), bytes(160), "not the header"),
    (said(shape="(5)"), bytes(40), "not a shape"),
    (said(shape="(5, , 4)"), bytes(160), "not a shape"),
    (said(shape="(" + "1, " * 40 + ")"), bytes(8), "not a shape"),
    (said(shape="(" * 400 + ")" * 400), bytes(160), "not the header"),
    (said("'|O'"), bytes(160), "objects, which only pickle reads"),
    (said("'O'"), bytes(160), "objects, which only pickle reads"),
    (said("'<c16'"), bytes(320), "X holds complex128"),
    (said("'<U3'"), bytes(240), "X holds <U3"),
    (said("'<M8[s]'"), bytes(160), "not a dtype"),
    (said("'f8,f8'"), bytes(320), "not a dtype"),
    (said("[('a', '<f8')]"), bytes(160), "not the header"),
    (said("'nonsense'"), bytes(160), "not a dtype"),
    (said("'<f7'"), bytes(160), "not an .npz file of plain arrays"),
    (said("''"), bytes(160), "not a dtype"),
    (said("5"), bytes(160), "not the header"),
    (said(order="'C'"), bytes(160), "does not say the order"),
    (said(order="1"), bytes(160), "not the header"),
    (said(more=", 'more': 1"), bytes(160), "not the header"),
    (said(more=", 'shape': (5, 4)"), bytes(160), "not the header"),
    (said(more=", 'x': __import__('os').system('true')"), bytes(160), "not the header"),
    (said(end=""), bytes(160), "not the header"),
    (said(end="}}"), bytes(160), "not the header"),
    ("5\n", bytes(160), "not the header"),
    ("", bytes(160), "not the header"),
    (said(), bytes(159), "159 bytes, and its header says 160"),
    (said(), bytes(161), "161 bytes, and its header says 160"),
    (said(), b"", "0 bytes, and its header says 160"),
    (said() + " " * 20_000, bytes(160), "a header of 20,060 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "body", "message"), BAD, ids=[f"{t[:60]}{len(b)}" for t, b, _ in BAD])
def test_headers_that_no_numpy_writes(tmp_path: Path, text: str, body: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load(tmp_path, header(text) + body)
    assert "data.npz" in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("version", [(0, 0), (1, 1), (4, 0), (255, 255)])
def test_versions_that_there_are_not(tmp_path: Path, version: tuple[int, int]) -> None:
    with pytest.raises(DataError, match="format 1, 2 or 3"):
        load(tmp_path, header(said(), version) + bytes(160))


def test_members_twice_encrypted_strangely_packed_or_broken(tmp_path: Path) -> None:
    good = array(np.ones((5, 4)))
    with pytest.raises(DataError, match="twice array X"):
        load(tmp_path, good, more=(("X.npy", good),))
    with pytest.raises(DataError, match="a way that NumPy does not use"):
        load(tmp_path, good, zipfile.ZIP_LZMA)
    load(tmp_path, good)
    content = (tmp_path / "data.npz").read_bytes()
    flags = content.index(b"PK\x01\x02") + 8
    for put, message in (
        (content[:flags] + b"\x01" + content[flags + 1 :], "is encrypted"),
        (content.replace(bytes(6) + b"\xf0?", bytes(6) + b"\xf1?", 1), "CRC-32"),
        (content[: len(content) // 2], "not an .npz file"),
    ):
        assert put != content
        (tmp_path / "data.npz").write_bytes(put)
        with pytest.raises(DataError, match=message):
            datasets.load(str(tmp_path / "data.npz"), FOUR, "float64")


def zeros(path: Path, **shapes: tuple[int, int]) -> None:
    """Bytes of zeros, which pack to a thousandth."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, shape in shapes.items():
            with out.open(f"{name}.npy", "w", force_zip64=True) as stream:
                stream.write(header(said("'|u1'", shape=str(shape))))
                for _ in range(0, shape[0] * shape[1], 2**20):
                    stream.write(bytes(2**20))


@pytest.mark.slow
def test_what_does_not_fit_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """Half a gigabyte of zeros in half a megabyte: of a wrong shape, or of a name that nobody asks for."""
    path = tmp_path / "bomb.npz"
    zeros(path, X=(2**29, 1))
    with zipfile.ZipFile(path, "a") as out:
        out.writestr("T.npy", ONES)
    begin = time.process_time()
    tracemalloc.start()
    with pytest.raises(DataError, match=r"X has the shape \(536870912, 1\), expected \(k, 4\)"):
        datasets.load(str(path), FOUR, "float32")
    zeros(path, Z=(2**29, 1))
    with zipfile.ZipFile(path, "a") as out:
        out.writestr("T.npy", ONES)
        out.writestr("X.npy", array(np.ones((5, 4))))
    assert len(datasets.load(str(path), FOUR, "float32").train) == 5
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**24
    assert time.process_time() - begin < 5 + 2 * 2**29 / 3e8  # zeros() itself takes that


def test_what_fits_but_is_too_large_is_refused_with_its_figure(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "large.npz"
    zeros(path, X=(2**24, 4), T=(2**24, 4))
    monkeypatch.setattr(memory, "available", lambda: 2**28)
    with pytest.raises(DataError, match="X takes about 268 MB of memory; 268 MB are free\n  help: "):
        datasets.load(str(path), {"X": ("k", 4), "T": ("k", 4)}, "float32")


def test_no_more_than_the_result_is_held(tmp_path: Path) -> None:
    values = np.ones((2**18, 8))
    path = tmp_path / "x.npz"
    np.savez(path, X=values)
    tracemalloc.start()
    with open_npz(path) as found:
        read = found.read("X", found.header("X", REAL), "float32")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read.dtype == np.float32 and read.shape == values.shape
    assert most < read.nbytes + 3 * archive.CHUNK


def test_what_is_free_is_known_here() -> None:
    free = memory.available()
    assert free is not None and 2**20 < free < 2**60
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + 2**30, hard))
    try:
        limited = memory.available()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert limited is not None and limited <= 2**30


REMEDIES = [
    # arrays, what the message says to give
    ({"T": np.array([0, 1, 2, 0, 1])}, r"give one-hot rows: np\.eye\(3\)\[T\]"),
    ({"T": np.array([[0], [1], [2], [0], [1]])}, r"give one-hot rows: np\.eye\(3\)\[T\.ravel\(\)\]"),
    ({"X": np.ones((4, 5))}, r"give X\.T"),
    ({"X": np.ones((5, 2, 2))}, r"give X\.reshape\(-1, 4\)"),
    ({"X": np.ones((5, 1, 2, 2))}, r"give X\.reshape\(-1, 4\)"),
]


@pytest.mark.parametrize(("changed", "remedy"), REMEDIES)
def test_remedies(tmp_path: Path, changed: dict, remedy: str) -> None:
    path = tmp_path / "d.npz"
    np.savez(path, **{"X": np.ones((5, 4)), "T": np.ones((5, 3)), **changed})
    with pytest.raises(DataError, match=remedy):
        datasets.load(str(path), FOUR, "float64")


def test_labels_where_samples_are_columns(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    np.savez(path, X=np.ones((4, 5)), T=np.array([0, 1, 2, 0, 1]))
    with pytest.raises(DataError, match=r"one-hot columns: np\.eye\(3\)\[T\]\.T"):
        datasets.load(str(path), {"X": (4, "k"), "T": (3, "k")}, "float64")
