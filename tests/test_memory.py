"""Memory does not grow with the number of notes: what a function keeps is bounded, worlds go with their page."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import sympy

from symjac.calculus.world import World
from symjac.core import expr, scalar
from symjac.core.expr import Expr, add, apply, symbol
from symjac.core.index import Index
from symjac.printing import latex, reading
from symjac.verify.judge import judge_source
from symjac.verify.session import from_claim

PACKAGE = Path(__file__).parent.parent / "symjac"


def unbounded(source: str) -> Iterator[str]:
    """Functions of a module, or of its classes, that keep all their results, whatever happens.

    One inside a function is its own, and goes with the call.
    """
    top = ast.parse(source).body
    for node in [*top, *(inner for n in top if isinstance(n, ast.ClassDef) for inner in n.body)]:
        for decorator in getattr(node, "decorator_list", []):
            called = decorator if isinstance(decorator, ast.Call) else None
            name = ast.unparse(called.func if called else decorator).removeprefix("functools.")
            sizes = [*(called.args if called else []), *(k.value for k in called.keywords if called)] if called else []
            if name == "cache" or (name == "lru_cache" and "None" in map(ast.unparse, sizes)):
                yield node.name  # type: ignore[attr-defined]


def test_every_cache_of_a_function_is_bounded() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    found = {str(path.relative_to(PACKAGE)): list(unbounded(path.read_text(encoding="utf-8"))) for path in files}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("decorator", "found"),
    [
        ("cache", ["f"]),
        ("functools.cache", ["f"]),
        ("lru_cache(maxsize=None)", ["f"]),
        ("functools.lru_cache(None)", ["f"]),
        ("lru_cache", []),
        ("lru_cache(maxsize=MOST_KEPT)", []),
        ("cached_property", []),
    ],
)
def test_the_walk_sees_unbounded_caches(decorator: str, found: list[str]) -> None:
    assert list(unbounded(f"@{decorator}\ndef f(x):\n    return x\n")) == found
    assert list(unbounded(f"class A:\n    @{decorator}\n    def f(self):\n        return 1\n")) == found
    assert list(unbounded(f"def g():\n    @{decorator}\n    def f(x):\n        return x\n    return f(1)\n")) == []


def test_worlds_and_expressions_go_with_their_page() -> None:
    def judged(number: int) -> None:
        """One more page, like no other."""
        given = [r"A \in \mathbb{R}^{m\times n}", r"x \in \mathbb{R}^n", rf"L = \frac{{{number}}}{{2}}\|A x\|^2"]
        source = from_claim(rf"\frac{{\partial L}}{{\partial x}} = {number} A^\top A x", given, "latex")
        (claim,) = judge_source(source).claims
        assert claim.verdict == "proved"

    def there() -> tuple[int, int]:
        gc.collect()
        return sum(isinstance(o, World) for o in gc.get_objects()), len(expr._interned)

    judged(3)
    worlds, expressions = there()
    for number in range(5, 15):
        judged(number)
    later = there()
    assert later[0] <= worlds and later[1] < expressions + 60  # a few that bounded caches hold


def test_printed_templates_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    i = Index("i", sympy.Integer(3))
    x = symbol("x", [i])
    several: list[Expr] = [add(apply(scalar.slot(0) ** n, [x]), x) for n in range(2, 12)]
    printed = [latex.sides([i], [x, e]) for e in several]
    monkeypatch.setattr(reading, "MOST_KEPT", 4)
    monkeypatch.setattr(reading, "_templates", {})
    assert [latex.sides([i], [x, e]) for e in several] == printed
    assert len(reading._templates) == 4


def test_an_unknown_function_is_one_class_as_long_as_it_is_used() -> None:
    f = scalar.unknown("f")
    assert scalar.unknown("f") is f and scalar.unknown("g") is not f
    before = len(scalar._classes)
    for number in range(100):
        scalar.unknown(f"f{number}")
    gc.collect()
    assert len(scalar._classes) < before + 100 and scalar.unknown("f") is f
