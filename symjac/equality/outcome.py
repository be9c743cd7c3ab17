"""What is found of an equation, and a point that shows it."""

from __future__ import annotations

from dataclasses import dataclass

PROVED, AGREES, DOUBTFUL, REFUTED, UNDECIDED = "proved", "agrees", "doubtful", "refuted", "undecided"
"""Doubtful: wrong as it is most likely meant, and right in a way that is not ruled out."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point where the two sides differ."""

    sizes: tuple[tuple[str, int], ...]
    values: tuple[tuple[str, str], ...]
    """Name and value, as text, of each quantity that the claim depends on."""
    entry: str
    """Which entry differs, e.g. "entry (1, 2)"; empty for a number."""
    claimed: str
    derived: str
