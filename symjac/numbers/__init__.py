"""Second order as numbers: a generated module's Hessian and training step as linear operators, and their spectra."""
