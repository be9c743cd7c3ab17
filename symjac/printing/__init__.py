"""Expressions as text: LaTeX, Unicode, MathML."""
