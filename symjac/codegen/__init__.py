"""A derivation as NumPy source."""
