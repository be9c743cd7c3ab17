"""Formulas as people write them: text to a syntax tree, and back."""
