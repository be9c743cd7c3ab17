"""Verdicts on hand-derived formulas: judge, and find the fault."""
