"""Expression to expression: derivatives, laws, matrix form. Knows no layers."""
