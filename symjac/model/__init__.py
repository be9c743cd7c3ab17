"""What the user declares: the notation of formulas, the spec file, the library, the stack of forward formulas."""
