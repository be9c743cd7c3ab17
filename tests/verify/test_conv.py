"""Claims about convolutions: entry by entry, at sizes that are numbers, with arrays too long to be worked out whole."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy

from symjac.calculus.world import World
from symjac.core.expr import Expr, affine, apply, contract, identity, symbol
from symjac.core.index import Index
from symjac.core.scalar import slot
from symjac.equality import entries
from symjac.equality.entries import Cut
from symjac.equality.outcome import AGREES, PROVED, REFUTED
from symjac.equality.question import Question, residues, sides
from symjac.notes.source import read_source
from symjac.verify import at_fault
from symjac.verify.judge import judge_source
from symjac.verify.verdict import Claim
from tests.marks import slow

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "generated"

NET = r"""<!-- symjac:
samples: rows
indices from 0
X \in \mathbb{R}^{k \times 2 \times 6 \times 6}
K \in \mathbb{R}^{3 \times 2 \times 3 \times 3}
b \in \mathbb{R}^{3}
W \in \mathbb{R}^{27 \times 4}
T \in \mathbb{R}^{k \times 4}
A \in \mathbb{R}^{k \times 3 \times 3 \times 3}
Z \in \mathbb{R}^{k \times 3 \times 3 \times 3}
F \in \mathbb{R}^{k \times 27}
-->
$$A_{n,o,i,j} = \sum_{c,p,q} X_{n,c,2 i + p - 1,2 j + q - 1} K_{o,c,p,q} + b_{o}$$
$$Z_{n,o,i,j} = \tanh(A_{n,o,i,j})$$
$$F_{n,9 o + 3 i + j} = Z_{n,o,i,j}$$
$$Y = F W$$
$$L = \frac{1}{k} \sum_{n,l} (Y_{n,l} - T_{n,l})^{2}$$
<!-- symjac:
\delta = \frac{\partial L}{\partial A}
\gamma = \frac{\partial L}{\partial F}
-->
"""
DF = r"\frac{\partial F_{n,9 c + 3 i + j}}{\partial A_{n,o_{1},i_{1},j_{1}}}"
RIGHT = [
    r"\frac{\partial A_{n,o,i,j}}{\partial K_{o_{1},c_{1},p_{1},q_{1}}}"
    r"= X_{n,c_{1},2 i + p_{1} - 1,2 j + q_{1} - 1} \mathbf{1}[o = o_{1}]",
    r"\frac{\partial A_{n,o,i,j}}{\partial X_{n_{1},c_{1},l_{1},r_{1}}}"
    r"= K_{o,c_{1},l_{1} - 2 i + 1,r_{1} - 2 j + 1} \mathbf{1}[n = n_{1}]",
    r"\frac{\partial F_{n,l}}{\partial Z_{n_{1},o,i,j}} = \mathbf{1}[l = 9 o + 3 i + j] \mathbf{1}[n = n_{1}]",
    r"\frac{\partial L}{\partial Z_{n,o,i,j}} = \frac{\partial L}{\partial F_{n,9 o + 3 i + j}}",
    r"\frac{\partial L}{\partial K_{o,c,p,q}} = \sum_{n,i,j} \delta_{n,o,i,j} X_{n,c,2 i + p - 1,2 j + q - 1}",
    r"\frac{\partial L}{\partial X_{n,c,l,r}} = \sum_{o,i,j} \delta_{n,o,i,j} K_{o,c,l - 2 i + 1,r - 2 j + 1}",
    DF + r"= (1 - Z_{n,c,i,j}^{2}) \mathbf{1}[c = o_{1}] \mathbf{1}[i = i_{1}] \mathbf{1}[j = j_{1}]",
    r"\frac{\partial Y_{n,l}}{\partial A_{n,o,i,j}} = W_{9 o + 3 i + j,l} (1 - Z_{n,o,i,j}^{2})",
    r"\frac{\partial^{2} L}{\partial b_{o} \partial W_{l,m}} ="
    r"\frac{2}{k} \sum_{n,i,j} F_{n,l} W_{9 o + 3 i + j,m} (1 - Z_{n,o,i,j}^{2})"
    r"+ \frac{2}{k} \sum_{n,i,j} (Y_{n,m} - T_{n,m}) \mathbf{1}[l = 9 o + 3 i + j] (1 - Z_{n,o,i,j}^{2})",
]
WRONG = [
    # a sign, an offset, a stride, a sample's or a channel's identity left out, a factor, two axes in the other order
    (0, "= X", "= -X"),
    (0, "p_{1} - 1", "p_{1}"),
    (0, r"\mathbf{1}[o = o_{1}]", ""),
    (1, "l_{1} - 2 i + 1", "l_{1} - 2 i"),
    (1, r"\mathbf{1}[n = n_{1}]", ""),
    (2, "9 o + 3 i + j", "9 o + 3 j + i"),
    (3, r"F_{n,9 o + 3 i + j}", r"F_{n,9 o + 3 j + i}"),
    (4, "2 j + q - 1", "j + q - 1"),
    (4, r"\delta_{n,o,i,j}", r"\delta_{n,o,j,i}"),
    (5, "r - 2 j + 1", "r - 2 j"),
    (6, r"\mathbf{1}[j = j_{1}]", ""),
    (6, "(1 - Z_{n,c,i,j}^{2})", "(1 - Z_{n,c,i,j})"),
    (7, "9 o + 3 i + j", "9 o + 3 j + i"),
    (8, r"+ \frac{2}{k}", r"- \frac{2}{k}"),
    (8, r"+ \frac{2}{k}", r"+ \frac{1}{k}"),
]
LONG = (3, 4, 5, 7, 8)
"""Places of formulas whose faults take seconds each."""
FAULTS = [slow(*w) if w[0] in LONG else w for w in WRONG]


@pytest.fixture(params=[slow(entries.LONG), 40], ids=["whole", "entries"])
def limit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """With entries of whatever has more than a few entries."""
    monkeypatch.setattr(entries, "LONG", request.param)
    monkeypatch.setattr(at_fault, "STEPS_TO_DIAGNOSE", 2_000)
    return int(request.param)


def verdict(formula: str) -> Claim:
    result = judge_source(read_source("notes.md", f"{NET}\n$${formula}$$\n"))
    assert not result.unread, [(u.text, u.reason) for u in result.unread]
    return result.claims[-1]


@pytest.mark.parametrize("formula", RIGHT)
def test_right_formulas(formula: str, limit: int) -> None:
    claim = verdict(formula)
    assert claim.verdict in (PROVED, AGREES), (claim.verdict, claim.road, claim.fault)
    assert not claim.notes


@pytest.mark.parametrize(("place", "old", "new"), FAULTS)
def test_planted_faults_are_refuted(place: int, old: str, new: str, limit: int) -> None:
    left, right = RIGHT[place].split("=", 1)
    planted = f"{left}={right.replace(old, new, 1)}" if old in right else f"{left}={right}".replace(old, new, 1)
    assert planted != RIGHT[place]
    assert verdict(planted).verdict == REFUTED


# ---------------------------------------------------------------- entries


def _convolutions() -> tuple[World, Expr, tuple[Index, ...]]:
    """Two convolutions and a numbering of the entries, over k samples."""
    world = World()
    k = Index("n", sympy.Symbol("k", integer=True, positive=True))
    u, i, p, c = (Index(name, sympy.Integer(size)) for name, size in (("u", 9), ("i", 5), ("p", 3), ("c", 2)))
    two, one = sympy.Integer(2), sympy.Integer(1)
    place = affine(u, [(two, i), (one, p)], sympy.Integer(-1))
    world.declare("X", (k, u))
    world.declare("K", (c, p))
    world.define("A", (k, c, i), contract([symbol("X", (k, u)), symbol("K", (c, p)), place], [u, p]))
    world.define("Z", (k, c, i), apply(1 / (1 + slot(0) ** 2), [symbol("A", (k, c, i))]))
    f = Index("f", sympy.Integer(10))
    number = affine(f, [(sympy.Integer(5), c), (one, i)], sympy.Integer(0))
    world.define("F", (k, f), contract([symbol("Z", (k, c, i)), number], [c, i]))
    g, m = Index("g", sympy.Integer(10)), Index("m", k.size)
    e = contract([symbol("F", (k, f)), symbol("F", (m, g)), identity(f, g)], [g])
    return world, e, (k, m, f)


def test_entries_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read at single entries is what the arrays have there, long quantities cut inside one another."""
    world, e, order = _convolutions()
    whole, _, _ = sides(Question(e, e, order, world), residues(world, {"k": 3}, 2))
    for limit in (5, 25, 29):
        monkeypatch.setattr(entries, "LONG", limit)
        question = Question(e, e, order, world)
        assert question.long({"k": 3})
        drawn, _ = question.by_entries({"k": 3})
        found, _, _ = sides(question, residues(world, {"k": 3}, 2))
        for place, entry in enumerate(drawn):
            assert np.array_equal(found[:, place], whole[(slice(None), *entry.at)])


def test_entries_lie_where_identities_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an expression with Kronecker's symbols, which is 0 almost everywhere."""
    world = World()
    axes = [Index(name, sympy.Integer(50)) for name in "abcdef"]
    world.declare("x", axes[:1])
    ties = [identity(axes[n], axes[n + 1]) for n in range(5)]
    e = contract([symbol("x", axes[:1]), *ties])
    drawn = Cut(world, {}).drawn(e, e, axes)
    assert len(drawn) == entries.ENTRIES
    assert sum(len(set(d.at)) == 1 for d in drawn) >= entries.ENTRIES - entries.MOST_ZERO


# ---------------------------------------------------------------- the whole document


@pytest.mark.slow
def test_the_generated_documents_are_clean() -> None:
    """Everything proved or agreeing, in 2 GB."""
    documents = [str(GENERATED / f"conv_small.{ending}") for ending in ("md", "tex")]
    command = [sys.executable, "-m", "tests.verify.once", *documents]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, cwd=ROOT)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2_000_000
