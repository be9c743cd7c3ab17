"""The language: indices, scalar formulas, the expression nodes, and what can be read off them without calculus."""
