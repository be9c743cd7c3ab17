"""Archives of arrays with headers that no honest program writes."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Sequence

import numpy as np

DESCRS = (
    "'<f8'", "'<f4'", "'>f8'", "'|u1'", "'<i8'", "'|b1'", "'<f2'", "'<c16'", "'|O'", "'<U3'", "'|S4'", "'|V8'",
    "'<M8[s]'",
    "'<f16'", "'f8,f8'", "''", "'nonsense'", "[('a', '<f8')]", "('<f8', (1000000000,))", "5", "None", "{}", "'<f8'" * 9,
    "'|V2147483647'", "'<U999999999'", "'|S999999999999'", "b'<f8'", "'\\x00'", "['<f8']", "float",
)  # fmt: skip
SHAPES = (
    "(5, 4)", "(5, 3)", "(4, 5)", "(5,)", "()", "(0, 4)", "(-1, 4)", "(5, -4)", "(4611686018427387904, 4)", "(5, 4.0)",
    "(True, 4)", "'ab'", "None", "[5, 4]", "(10" + "0" * 40 + ", 4)", "(100000000000, 4)", "(1, 1000000000)", "5",
    "(5, 4,)",
    "(" * 500 + ")" * 500, "(5, (4,))", "(9" + "9" * 5000 + ", 4)", "(2, 4)", "(1,) * 9", "{5, 4}", "(5 , 4 )",
)  # fmt: skip
ORDERS = ("False", "True", "False", "False", "'C'", "1", "None", "not True")
NAMES = (
    "X.npy",
    "T.npy",
    "X_test.npy",
    "T_test.npy",
    "W1.npy",
    "X",
    "../X.npy",
    "x.npy",
    "X.npy.npy",
    "",
    "_training.npy",
)


def header(text: str, version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    """The head of an .npy file with `text` in it, and `length` said of it."""
    content = text.encode("utf-8", "replace")
    size = len(content) if length is None else length
    said = struct.pack("<H", size & 0xFFFF) if version == (1, 0) else struct.pack("<I", size & 0xFFFFFFFF)
    return b"\x93NUMPY" + bytes(version) + said + content


def array(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, values, allow_pickle=values.dtype.hasobject)
    return stream.getvalue()


def archive(members: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as out:
        for name, content in members:
            out.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return stream.getvalue()


def hostile(rng: random.Random, good: Sequence[tuple[str, bytes]]) -> bytes:
    """An archive made from `good` members, one or more of them replaced, renamed, doubled or left out."""
    members = list(good)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(members))
        name, content = members[at]
        match rng.randrange(6):
            case 0 | 1 | 2:
                items = [
                    f"'descr': {rng.choice(DESCRS) if rng.random() < 0.3 else DESCRS[0]}",
                    f"'fortran_order': {rng.choice(ORDERS) if rng.random() < 0.3 else ORDERS[0]}",
                    f"'shape': {rng.choice(SHAPES) if rng.random() < 0.4 else SHAPES[0]}",
                ]
                if rng.random() < 0.1:
                    items.append(
                        rng.choice(("'more': 1", "'descr': '|O'", "5", "'a': __import__('os')", "'shape': (5, 4)"))
                    )
                if rng.random() < 0.1:
                    del items[rng.randrange(3)]
                text = (
                    "{"
                    + ", ".join(items)
                    + rng.choice((", }", ", }", "}", "}", "", "}}", "} #"))
                    + " " * rng.choice((0, 9, 9, 70000))
                    + "\n"
                )
                version = rng.choice(((1, 0),) * 5 + ((2, 0), (3, 0), (0, 0), (4, 0), (255, 255)))
                length = rng.choice((None,) * 9 + (0, 5, 60000, 2**32 - 1))
                content = header(text, version, length) + rng.choice(
                    (bytes(160), bytes(159), bytes(161), b"", bytes(10**6))
                )
            case 3:
                name = rng.choice(NAMES)
            case 4:
                members.append(members[rng.randrange(len(members))])
            case _:
                content = content[: rng.randrange(len(content) + 1)]
        members[at] = (name, content)
    if rng.random() < 0.1:
        del members[rng.randrange(len(members))]
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of a name that stands twice
        return archive(members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
