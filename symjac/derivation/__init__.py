"""Stack -> Derivation: the chain of errors, second order, the Hessian in blocks, the step as a map."""
