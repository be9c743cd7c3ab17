"""Pictures: in each format, the same bytes for the same numbers, whole or not at all."""

import sys

import numpy as np
import pytest

from symjac.numbers import plots
from symjac.run.failures import DataError
from tests.marks import slow_where

pytest.importorskip("matplotlib")

GRID = np.linspace(-1, 2, 50)
PICTURES = {
    "spectral_density": lambda path: plots.spectral_density(GRID, np.exp(-(GRID**2) * 50), path, "density"),
    "largest_eigenvalue": lambda path: plots.largest_eigenvalue(range(5), [1, 3, 4, 4, 4], 0.5, path),
    "a schedule": lambda path: plots.largest_eigenvalue(range(3), [1, 3, 4], [0.5, 0.4, 0.3], path),
    "one step": lambda path: plots.largest_eigenvalue([0], [1], 0.5, path),
}
STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("ending", slow_where(lambda ending: ending != ".png", STARTS))
def test_a_picture_is_written(tmp_path, name, ending):
    path = tmp_path / "new folder" / f"picture{ending}"
    PICTURES[name](path)
    assert path.read_bytes().startswith(STARTS[ending])
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("ending", STARTS)
def test_the_same_numbers_give_the_same_bytes(tmp_path, ending):
    for name in ("one", "two"):
        PICTURES["largest_eigenvalue"](tmp_path / (name + ending))
    assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()


def test_no_global_state_is_left(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    PICTURES["spectral_density"](tmp_path / "picture.png")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    "call",
    [
        lambda path: plots.largest_eigenvalue([], [], 0.1, path),
        lambda path: plots.largest_eigenvalue([1, 2], [1, np.nan], 0.1, path),
        lambda path: plots.spectral_density([1, 2], [1, 2, 3], path),
        lambda path: plots.spectral_density([1, 2], [0, 0], path),
        lambda path: plots.largest_eigenvalue([1, 2], [1], 0.1, path),
        lambda path: plots.largest_eigenvalue([1, 2], [1, 2], [0.1, 0.2, 0.3], path),
        lambda path: plots.largest_eigenvalue([1, 2], [1, 2], 0, path),
    ],
)
def test_nothing_to_draw_leaves_the_old_file(tmp_path, call):
    path = tmp_path / "picture.png"
    path.write_text("old")
    with pytest.raises(ValueError, match=r"expected|nowhere"):
        call(path)
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]


def test_an_unknown_ending_is_named(tmp_path):
    with pytest.raises(DataError, match=r"ends in \.png, \.svg, \.pdf"):
        PICTURES["one step"](tmp_path / "picture.bmp")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        PICTURES["one step"](tmp_path / "file" / "picture.png")


def test_a_missing_matplotlib_is_said(tmp_path, monkeypatch):
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError, match=r"needs matplotlib.*\n.*symjac\[plots\]"):
        PICTURES["one step"](tmp_path / "picture.png")
    assert not [*tmp_path.iterdir()]
