"""Templates to text: the only Jinja environment."""

from __future__ import annotations

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
