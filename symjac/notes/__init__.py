"""Where mathematics stands in a file of notes: Markdown, TeX, YAML, the command line."""
