"""Templates to text, text to files: the only Jinja environment and the only writer of what is emitted."""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

PACKAGE = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    """Templates lie inside an installed package, and beside it in a checkout. Callers escape what they pass."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([PACKAGE / "templates", PACKAGE.parent / "templates"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, **context: Any) -> str:
    """The template `numpy/module.py.j2`, `latex/document.tex.j2` ... filled in."""
    return _environment().get_template(template).render(**context)


def write(path: Path, text: str) -> None:
    """Writes `path` whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
