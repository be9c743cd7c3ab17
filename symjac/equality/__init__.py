"""Whether two expressions are equal, and by which road that is known. It knows no notes."""
