"""The packages that come with an extra: imported where they are used, and asked for by name where they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from symjac.run.failures import DataError


def need(module: str, extra: str) -> Any:
    """The module, which symjac's `extra` installs; DataError where its package is missing."""
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        raise DataError(
            f"this needs {package}, which is not installed\n  help: pip install 'symjac[{extra}]'"
        ) from error
