"""What can go wrong in training, as a user is told it."""

from __future__ import annotations


class DataError(Exception):
    """Data, weights or settings that cannot be used: the command line prints it on standard error and exits with 2."""


class Diverged(Exception):
    """The loss or a parameter is no longer finite: the command line prints it on standard error and exits with 1."""
