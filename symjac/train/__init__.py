"""Training: data sets and the loop. It runs generated modules only and imports nothing symbolic."""
