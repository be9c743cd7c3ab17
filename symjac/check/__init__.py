"""Generated modules against the formulas as they were declared."""
