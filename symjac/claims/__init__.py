"""Formulas as people write them: text -> syntax tree -> expressions of the language, with a world of definitions."""
