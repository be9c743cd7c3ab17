"""Small pages of notes for the tests of the diagnosis: the names, their sizes, and the functions that they apply."""

from __future__ import annotations

from symjac.notation.latex_notation import expression
from symjac.notation.tree import Node
from tests.verify.standin import StandIn

Shapes = dict[str, tuple[str, ...]]

ONE_SAMPLE: Shapes = {"V": ("m", "n"), "W": ("n", "p"), "x": ("p",), "y": ("m",), "t": ("m",), "a": ("n",), "h": ("n",)}
MANY: Shapes = {
    "X": ("n", "d"), "y": ("n",), "o": ("n",), "w": ("d",), "b": (),
    "y_i": ("n:i",), "o_i": ("n:i",), "x_i": ("n:i", "d"),
}  # fmt: skip
ROWS: Shapes = {
    "X": ("k", "d"), "W_1": ("d", "n"), "W_2": ("n", "m"), "A_1": ("k", "n"), "Z_1": ("k", "n"),
    "A_2": ("k", "m"), "Y": ("k", "m"), "T": ("k", "m"),
}  # fmt: skip
PAGES: dict[str, tuple[Shapes, tuple[tuple[str, str], ...], tuple[str, ...]]] = {
    "one sample": (ONE_SAMPLE, (("f", "a"),), ("y - t",)),
    "many": (MANY, (), ("y - o", "y_i - o_i")),
    "rows": (ROWS, ((r"\sigma", "A_1"),), ("Y - T",)),
}
"""Page: its names, the functions with what they are applied to, what stands in brackets."""


def claim(page: str, truth: str) -> StandIn:
    """The oracle of a claim whose right side should be `truth`."""
    shapes, applied, brackets = PAGES[page]
    used: list[tuple[Node, Node]] = [(expression(f), expression(a)) for f, a in applied]
    return StandIn(shapes, expression(truth), used=used, brackets=[expression(b) for b in brackets])
