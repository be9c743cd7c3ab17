"""A generated module, imported from its file or its source."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from symjac.core.files import opened, write_whole
from symjac.run.failures import DataError

CONTRACT = ("INPUTS", "Params", "init", "forward", "loss", "gradients", "update", "ANALYTIC", "KINKS")


def load_module(path: Path, contract: Collection[str] = CONTRACT) -> ModuleType:
    """The module, which has the names of `contract`; DataError where it does not.

    The file runs as any import does: it is one that symjac wrote, or that its user trusts as much.
    """
    try:
        opened(path).close()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    spec = importlib.util.spec_from_file_location(f"generated_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise DataError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the file's own: whatever it does wrong is its fault
        raise DataError(f"{path}: cannot be imported ({type(error).__name__}: {error})") from error
    missing = [name for name in contract if not hasattr(module, name)]
    if missing:
        raise DataError(f"{path}: not a module that symjac generated (no {', '.join(missing)})")
    return module


@contextmanager
def imported(source: str, name: str, contract: Collection[str] = CONTRACT) -> Iterator[ModuleType]:
    """A module's source, imported; its file is there as long as the module is in use."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{name}.py"
        write_whole(path, source.encode())
        yield load_module(path, contract)
