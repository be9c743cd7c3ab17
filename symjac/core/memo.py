"""What is worked out once and kept."""

MOST_KEPT = 1 << 12
"""Results that a function keeps: more than a network or a page of notes has formulas, so that nothing there is worked
out twice; of a folder of notes those that were used last, so that memory does not grow with it."""
