"""Right equations are proved, wrong ones refuted with a point that shows it, whatever the fault."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import sympy
from sympy import Rational

from symjac.calculus import facts
from symjac.calculus.world import World
from symjac.core import scalar
from symjac.core.expr import Expr, add, apply, contract, negate, number, symbol
from symjac.core.index import index
from symjac.equality import decide as decide_module
from symjac.equality.arrays import Array, Evaluation, TooLarge
from symjac.equality.budget import Budget
from symjac.equality.canonical import MOST_STEPS
from symjac.equality.decide import FEW_STEPS, decide, holds, ratio
from symjac.equality.outcome import AGREES, PROVED, REFUTED, UNDECIDED
from symjac.equality.question import Question, sides
from symjac.meaning import values as v
from symjac.meaning.values import Value
from tests.equality.equations import RIGHT, Case, Page, alpha, each, k, m, n, x0
from tests.equality.random_expressions import expression, i, j
from tests.marks import some

named = pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.name)


@named
def test_right_equations_are_proved_for_all_sizes(case: Case) -> None:
    page, left, right = case.make()
    question = page.question(left, right)
    decision = decide(question)
    assert holds(question)
    assert (decision.verdict, decision.road, decision.facts) == (PROVED, "canonical form, all sizes", case.facts)


NEARLY_ONE = 1 + Rational(1, 10**9)
FAULTS: tuple[tuple[str, Callable[[Value], Value], sympy.Expr | None], ...] = (
    ("sign", v.negate, -sympy.Integer(1)),
    ("factor 2", lambda a: v.scale(2, a), Rational(1, 2)),
    ("factor k", lambda a: v.scale(k, a), 1 / k),
    ("factor 1/n", lambda a: v.scale(1 / n, a), n),
    ("factor alpha", lambda a: v.scale(alpha, a), 1 / alpha),
    ("factor 1 + 1e-9", lambda a: v.scale(NEARLY_ONE, a), None),
    ("one more", lambda a: v.add(a, v.ones(*a.shape)), None),
    ("one part in 1e9 more", lambda a: v.add(a, v.scale(Rational(1, 10**9), v.ones(*a.shape))), None),
)


@named
@pytest.mark.parametrize(("fault", "planted", "factor"), some(FAULTS), ids=[f[0] for f in FAULTS])
def test_planted_faults_are_refuted(
    case: Case, fault: str, planted: Callable[[Value], Value], factor: sympy.Expr | None
) -> None:
    page, left, right = case.make()
    question = page.question(left, planted(right))
    decision = decide(question)
    assert not holds(question)
    assert decision.verdict == REFUTED
    shown = decision.counterexample
    assert shown is not None and shown.claimed != shown.derived and shown.values
    if factor is not None:
        assert ratio(question) == factor


def test_a_number_is_found_at_fewer_points_where_all_at_once_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the sides are compared there, so a factor is known of large ones too."""

    def small(question: Question, at: Evaluation, *more: int) -> tuple[Array, Array, Array]:
        if at.points > 2:
            raise TooLarge("entries")
        return sides(question, at, *more)

    monkeypatch.setattr(decide_module, "sides", small)
    page = Page(A=(m, n), x=(n,))
    product = v.matmul(page["A"], page["x"])
    assert ratio(page.question(product, v.scale(-2, product))) == -Rational(1, 2)


@pytest.mark.parametrize("needed", [True, False])
def test_large_sides_have_few_steps_before_it_is_known_whether_facts_are_needed(
    needed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proof without facts is looked for to its end only where the sides are equal without them."""
    asked: list[tuple[bool, int]] = []
    true = decide_module.canonical.equal

    def equal(left: Expr, right: Expr, world: World, assumed: bool, budget: Budget) -> bool | None:
        asked.append((assumed, budget.left))
        return true(left, right, world, assumed, budget) if assumed or budget.left > FEW_STEPS else None

    monkeypatch.setattr(decide_module.canonical, "equal", equal)
    monkeypatch.setattr(decide_module, "FEW_ENTRIES", 0)
    page = Page(T=(k, m))
    page.world.assume(facts.sums_to(page.world.symbol("T"), 1, 1))
    T = page["T"]
    left, right = (v.matmul(T, v.ones(m)), v.ones(k)) if needed else (v.add(T, T), v.scale(2, T))
    assert decide(page.question(left, right)).verdict == PROVED
    assert asked == [(False, FEW_STEPS), (needed, MOST_STEPS)]


def _square(**shapes: tuple[sympy.Expr, ...]) -> Page:
    return Page(**shapes)


def _wrong_transpose() -> tuple[Page, Value, Value]:
    page = Page(A=(n, n), x=(n,))
    return page, v.matmul(page["A"], page["x"]), v.matmul(v.transpose(page["A"]), page["x"])


def _hadamard_for_product() -> tuple[Page, Value, Value]:
    page = Page(A=(n, n), B=(n, n))
    return page, v.matmul(page["A"], page["B"]), v.hadamard(page["A"], page["B"])


def _order() -> tuple[Page, Value, Value]:
    page = Page(A=(n, n), B=(n, n))
    return page, v.matmul(page["A"], page["B"]), v.matmul(page["B"], page["A"])


def _mean_over_the_wrong_axis() -> tuple[Page, Value, Value]:
    page = Page(X=(m, n))
    return page, v.scale(1 / m, v.total(page["X"])), v.scale(1 / n, v.total(page["X"]))


def _inverse_transposed() -> tuple[Page, Value, Value]:
    page = Page(A=(n, n))
    return page, v.inverse(page["A"]), v.transpose(v.inverse(page["A"]))


def _diagonal_only() -> tuple[Page, Value, Value]:
    page = Page(a=(n,))
    e = each(sympy.exp(x0), page["a"])
    y = page.define("y", v.divide(e, v.repeated(v.total(e), e)))
    return page, page.derivative(y, "a"), v.diag(each(x0 * (1 - x0), y))


def _stacking() -> tuple[Page, Value, Value]:
    page = Page(A=(m, n))
    return page, v.vec(page["A"], "columns"), v.vec(page["A"], "rows")


def _wrong_branch() -> tuple[Page, Value, Value]:
    page = Page(a=(n,))
    return page, each(scalar.indicator(x0 > 0), page["a"]), each(scalar.indicator(x0 < 0), page["a"])


def _positive_only() -> tuple[Page, Value, Value]:
    page = Page(a=(n,))
    return page, each(sympy.sqrt(x0), each(x0**2, page["a"])), page["a"]


@pytest.mark.parametrize(
    ("make", "smallest"),
    [
        (_wrong_transpose, {"n": 2}),
        (_hadamard_for_product, {"n": 2}),
        (_order, {"n": 2}),
        (_mean_over_the_wrong_axis, {"m": 1, "n": 2}),
        (_inverse_transposed, {"n": 2}),
        (_diagonal_only, {"n": 2}),
        (_stacking, {"m": 2, "n": 2}),
        (_wrong_branch, {"n": 1}),
        (_positive_only, {"n": 1}),
    ],
)
def test_the_counterexample_has_the_smallest_sizes(
    make: Callable[[], tuple[Page, Value, Value]], smallest: dict[str, int]
) -> None:
    page, left, right = make()
    decision = decide(page.question(left, right))
    assert decision.verdict == REFUTED and decision.counterexample is not None
    assert dict(decision.counterexample.sizes) == smallest


def test_the_counterexample_of_a_polynomial_is_exact_and_says_what_f_is() -> None:
    page = Page(x=())
    f, f1 = scalar.unknown("f"), scalar.unknown("f", 1)
    y = page.define("y", each(f(x0), page["x"]))
    decision = decide(page.question(page.derivative(y, "x"), each(2 * f1(x0), page["x"])))
    shown = decision.counterexample
    assert shown is not None
    assert "." not in shown.claimed + shown.derived
    assert [name for name, _ in shown.values] == ["f(x)", "x"]


def test_sizes_that_are_numbers_are_used_as_they_are() -> None:
    page = Page(X=(k, 784), W=(784, 50), G=(k, 50))
    left = page.derivative(v.inner(page["G"], v.matmul(page["X"], page["W"])), "W")
    right = v.matmul(v.transpose(page["X"]), page["G"])
    assert holds(page.question(left, right))
    wrong = decide(page.question(left, v.scale(NEARLY_ONE, right)))
    assert wrong.verdict == REFUTED and wrong.counterexample is not None


def test_a_fact_is_used_only_where_it_is_needed() -> None:
    page = Page(A=(n, n), x=(n,))
    page.world.assume(facts.fact(page.world.symbol("A"), facts.Property.SYMMETRIC))
    page.world.assume(facts.fact(page.world.symbol("x"), facts.Property.POSITIVE))
    a, x = page["A"], page["x"]
    assert decide(page.question(v.transpose(a), a)).facts == ("A is symmetric",)
    assert decide(page.question(each(sympy.sqrt(x0), each(x0**2, x)), x)).facts == ("the entries of x are positive",)
    assert decide(page.question(v.matmul(a, x), v.matmul(a, x))).facts == ()


def test_a_fact_that_is_assumed_later_counts() -> None:
    page = Page(A=(n, n))
    question = page.question(page["A"], v.transpose(page["A"]))
    assert not holds(question)
    page.world.assume(facts.fact(page.world.symbol("A"), facts.Property.SYMMETRIC))
    assert holds(question) and decide(question).facts == ("A is symmetric",)


def test_positive_quantities_where_a_logarithm_asks_for_them() -> None:
    page = Page(a=(n,), b=(n,))
    left = each(sympy.log(x0), v.hadamard(page["a"], page["b"]))
    right = v.add(each(sympy.log(x0), page["a"]), each(sympy.log(x0), page["b"]))
    assert decide(page.question(left, right)).verdict in (PROVED, AGREES)
    assert decide(page.question(left, v.scale(2, right))).verdict == REFUTED


def test_nothing_to_evaluate_is_undecided() -> None:
    page = Page(a=())
    e = each(sympy.log(x0), v.scale(-1, each(x0**2, page["a"])))
    decision = decide(page.question(e, each(x0 + 1, page["a"])))
    assert decision.verdict == UNDECIDED and decision.reason


def test_equal_sizes_hide_nothing_and_distinct_ones_neither() -> None:
    """Σ_ij 1[i = j] over equal sizes is n; a factor m − n would be hidden by equal sizes, (m − 2)(m − 3).. by few."""
    page = Page(x=(m,), y=(n,))
    total = v.hadamard(v.total(page["x"]), v.total(page["y"]))
    assert not holds(page.question(total, v.scale(m / n, total)))
    assert decide(page.question(total, v.scale(1 + m - n, total))).verdict == REFUTED
    assert decide(page.question(total, v.scale(1 + (m - 2) * (n - 3), total))).verdict == REFUTED


# ---------------------------------------------------------------- fuzz

WORLD = World()
REWRITES: tuple[Callable[[Expr], Expr], ...] = (
    lambda e: add(e, symbol("x", [i]), negate(symbol("x", [i]))),
    lambda e: contract([e, apply(sympy.exp(x0), [symbol("s")]), apply(sympy.exp(-x0), [symbol("s")])]),
    lambda e: add(contract([number(Rational(1, 3)), e]), contract([number(Rational(2, 3)), e])),
    lambda e: contract([apply(1 / (1 + sympy.exp(-x0)), [e]), add(number(1), apply(sympy.exp(-x0), [e])), e]),
    lambda e: add(apply(sympy.Max(x0, 0), [e]), negate(apply(sympy.Max(-x0, 0), [e]))),
    lambda e: contract([e, symbol("A", [i, j]), apply(1 / x0, [symbol("A", [i, j])])]),
    lambda e: apply(sympy.log(x0), [apply(sympy.exp(x0), [e])]),
)


@pytest.mark.parametrize("seed", range(60))
def test_no_right_equation_is_refuted(seed: int) -> None:
    rng = random.Random(seed)
    e = expression(rng, 2)
    changed = rng.choice(REWRITES)(e)
    order = tuple(a for a in (i, j, index("l", i.size)) if a in {*e.free, *changed.free})
    assert decide(Question(e, changed, order, WORLD)).verdict != REFUTED
