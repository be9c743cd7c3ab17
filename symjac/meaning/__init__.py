"""What a syntax tree says: expressions of the language, over a page's names, shapes and definitions."""
