"""Verdicts on hand-derived formulas: decide, diagnose, show."""
