"""What symjac writes, symjac proves: every document of an example, its second-order chapter included."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verify.once import judged, not_clean

GENERATED = Path(__file__).parents[2] / "generated"
QUICK = {"xor", "logistic_regression", "relu_regression"}
LONG = {"conv_small"}
"""Of the examples, those that take minutes."""
DOCUMENTS = [
    pytest.param(
        path,
        id=path.name,
        marks=[pytest.mark.xdist_group(f"document {path.stem}"), *([] if path.stem in QUICK else [pytest.mark.slow])],
    )
    for path in sorted([*GENERATED.glob("*.md"), *GENERATED.glob("*.tex")])
    if path.stem not in LONG
]


def test_the_documents_are_there() -> None:
    assert len(DOCUMENTS) >= 12


@pytest.mark.parametrize("path", DOCUMENTS)
def test_everything_is_read_and_right(path: Path) -> None:
    result = judged(path)
    assert not_clean(result) == []
    assert len(result.claims) >= 10
