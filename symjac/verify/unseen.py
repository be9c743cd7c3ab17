"""What a verdict says of conditions that were not seen both ways."""

from __future__ import annotations

from collections.abc import Sequence

from symjac.core.errors import InputError
from symjac.core.expr import Expr, substitute
from symjac.equality.cases import Condition
from symjac.meaning.meaning import Meaning
from symjac.notation import latex_notation as notation
from symjac.notation import writer
from symjac.printing import latex
from symjac.verify.phrase import phrase

MOST_SAID = 3
MOST_INLINED = 20


def not_seen(unseen: Sequence[tuple[Condition, bool]], meaning: Meaning) -> str:
    """The condition c + 58 > 0 was not seen false."""
    said = [f"the condition {_text(c, meaning)} was not seen {str(truth).lower()}" for c, truth in unseen[:MOST_SAID]]
    more = len(unseen) - len(said)
    return " and ".join(said) + (f" ({more} more)" if more > 0 else "")


def _text(condition: Condition, meaning: Meaning) -> str:
    u = _inlined(condition.u, meaning)
    text = latex.indexed(u, lambda name: _written(name, meaning))
    try:
        shown = phrase(notation.expression(text))
    except (InputError, ValueError):
        shown = text
    return f"{shown} = 0" if condition.largest else f"{shown} > 0"


def _inlined(e: Expr, meaning: Meaning) -> Expr:
    """Without names that nobody wrote."""
    world = meaning.world
    for _ in range(MOST_INLINED):
        made = next((n for n in sorted(e.names) if n in world.auxiliary and n in world.equations), None)
        if made is None:
            break
        e = substitute(e, world.equations[made])
    return e


def _written(name: str, meaning: Meaning) -> str:
    node = meaning.notebook.latex.get(name)
    return latex.name(name) if node is None else writer.latex(node)
