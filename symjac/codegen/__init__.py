"""A derivation as NumPy source.

An expression becomes a `CodeText` (`lower`, `lowering`), which knows the names that it reads; a `Body` makes statements
of it (`body`, `lines`); `numpy_code`, `second_code`, `iteration_code`, `update_code` and `blocks_code` say which
functions a module has; and `outline` has the module as data, which one template lays out.
"""
