"""A derivation as a document: LaTeX, HTML, Markdown."""
