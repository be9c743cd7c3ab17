"""Hostile inputs, the same every time: each reader reads, or gives the one error, and takes neither long nor much.

`benchmarks/fuzz_readers.py` runs 100,000.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.hostile.readers import ALLOWED, Reader, readers

SECONDS = 10.0
"""Of the processor, for an input."""
INPUTS = 1500
"""Of all readers together."""


@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_no_reader_fails(reader: Reader, tmp_path: Path) -> None:
    for number in range(max(3, INPUTS * reader.share // 1000)):
        content = reader.made(random.Random(f"{reader.name} {number}"))
        begin = time.process_time()
        try:
            reader.read(content, tmp_path)
        except ALLOWED:
            pass
        except Exception as error:
            raise AssertionError(f"{reader.name} {number}: {content[:2000]!r}") from error
        assert time.process_time() - begin < SECONDS, content[:2000]


def test_a_planted_fault_is_caught(tmp_path: Path) -> None:
    """A reader that takes UTF-8 for granted fails on some input of those that are tried."""

    def careless(content: bytes, folder: Path) -> None:
        content.decode()

    spec = readers()[0]
    planted = Reader("planted", spec.share, spec.made, careless)
    with pytest.raises(AssertionError, match="planted"):
        test_no_reader_fails(planted, tmp_path)
