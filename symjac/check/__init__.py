"""Checks of what was derived and generated."""
