"""A fact as a directive that can be pasted into the notes that lack it."""

from __future__ import annotations

import re
import shlex

from symjac.calculus.facts import Fact
from symjac.meaning.notebook import Notebook
from symjac.notation import writer
from symjac.notation.tree import Name, Node
from symjac.verify.phrase import phrase

PLACES = {
    "markdown": "<!-- symjac: {} -->",
    "notebook": "<!-- symjac: {} -->",
    "html": "<!-- symjac: {} -->",
    "rst": ".. symjac: {}",
    "tex": "% symjac: {}",
    "yaml": "symjac: ['{}']",
    "claim": "--given {}",
}
"""How each kind of source says it."""


def proposed(fact: Fact, notebook: Notebook, kind: str) -> str:
    """The directive, as it stands in a source of this kind."""
    said = sentence(fact, notebook)
    if kind == "yaml":
        said = said.replace("'", "''")
    return PLACES[kind].format(shlex.quote(said) if kind == "claim" else said)


def sentence(fact: Fact, notebook: Notebook) -> str:
    """The fact in the words of the directives, with the name as the notes write it."""
    text = writer.latex(_written(fact, notebook))
    return fact.said_of(re.sub(r"\s+", "", re.sub(r"(\\[A-Za-z]+)\s+([A-Za-z0-9])", r"\1{\2}", text)))


def shown(fact: Fact, notebook: Notebook) -> str:
    """The fact in a sentence for people."""
    return fact.said_of(phrase(_written(fact, notebook)))


def _written(fact: Fact, notebook: Notebook) -> Node:
    name = fact.symbol.name
    return notebook.latex.get(name, Name(name, name))
