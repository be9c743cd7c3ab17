"""Random claims with rules of their own: a program of definitions, its derivatives, other spellings of them, mutants.

Nothing of symjac is used. Every derivative is confirmed by central differences at several points, and every mutant is
told apart by them, before it counts as right or wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import numpy as np

Shape = tuple[str, ...]
Array = np.ndarray
Values = Mapping[str, Array]

SIZES = {"n": 3, "m": 2, "p": 4}
POINTS = 8
MANY_POINTS = 64
"""For a mutant that seems right: it may differ in a case that few points meet."""
STEP = 1e-5
NEAR, FAR = 1e-5, 1e-3
LEAST = 1e-4
"""Derivatives below it are compared beside it."""
"""A relative difference that rounding of central differences explains, and one that it cannot."""


@dataclass(frozen=True)
class Term:
    """An operation on terms. A vector is a column."""

    op: str
    args: tuple[Term, ...] = ()
    shape: Shape = ()
    name: str = ""
    value: Fraction = Fraction(0)


# ---------------------------------------------------------------- terms


def var(name: str, *shape: str) -> Term:
    return Term("var", (), shape, name)


def num(value: Fraction | int) -> Term:
    return Term("num", value=Fraction(value))


def ones(shape: Shape) -> Term:
    return Term("ones", (), shape) if shape else num(1)


def plus(a: Term, b: Term) -> Term:
    assert a.shape == b.shape, (a.shape, b.shape)
    return Term("plus", (a, b), a.shape)


def neg(a: Term) -> Term:
    return a.args[0] if a.op == "neg" else Term("neg", (a,), a.shape)


def scale(s: Term, x: Term) -> Term:
    """A number times anything."""
    assert s.shape == ()
    if s == num(1):
        return x
    if x == num(1):
        return s
    if s.op == x.op == "num":
        return num(s.value * x.value)
    if x.op == "scale" and s.op == x.args[0].op == "num":
        return scale(num(s.value * x.args[0].value), x.args[1])
    return Term("scale", (s, x), x.shape)


def had(a: Term, b: Term) -> Term:
    assert a.shape == b.shape
    if a.shape == ():
        return scale(a, b)
    if a.op == "ones":
        return b
    if b.op == "ones":
        return a
    if a.op == "scale":
        return scale(a.args[0], had(a.args[1], b))
    if b.op == "scale":
        return scale(b.args[0], had(a, b.args[1]))
    return Term("had", (a, b), a.shape)


def mul(a: Term, b: Term) -> Term:
    """A matrix times a vector or a matrix."""
    assert len(a.shape) == 2 and a.shape[1] == b.shape[0], (a.shape, b.shape)
    return Term("mul", (a, b), (a.shape[0], *b.shape[1:]))


def turned(a: Term) -> Term:
    return a.args[0] if a.op == "turned" else Term("turned", (a,), a.shape[::-1])


def outer(a: Term, b: Term) -> Term:
    return Term("outer", (a, b), (*a.shape, *b.shape))


def dot(a: Term, b: Term) -> Term:
    """Σ a ⊙ b of vectors."""
    assert a.shape == b.shape and len(a.shape) == 1
    return Term("dot", (a, b))


def total(a: Term) -> Term:
    return a if a.shape == () else Term("total", (a,))


def diag(a: Term) -> Term:
    return Term("diag", (a,), a.shape * 2)


def unit(size: str) -> Term:
    return Term("unit", (), (size, size))


def call(name: str, x: Term) -> Term:
    return Term("call", (x,), x.shape, name)


def square(x: Term) -> Term:
    return call("square", x)


# ---------------------------------------------------------------- functions

X = Term("hole")


@dataclass(frozen=True)
class Function:
    latex: str
    plain: str
    value: Callable[[Array], Array]
    derivative: Callable[[Term], Term]


def _one_minus(x: Term) -> Term:
    return plus(ones(x.shape), neg(x))


FUNCTIONS: dict[str, Function] = {
    "exp": Function(r"\exp", "exp", np.exp, lambda x: call("exp", x)),
    "tanh": Function(r"\tanh", "tanh", np.tanh, lambda x: _one_minus(square(call("tanh", x)))),
    "sin": Function(r"\sin", "sin", np.sin, lambda x: call("cos", x)),
    "cos": Function(r"\cos", "cos", np.cos, lambda x: neg(call("sin", x))),
    "sigma": Function(
        r"\sigma",
        "sigmoid",
        lambda x: 1 / (1 + np.exp(-x)),
        lambda x: had(call("sigma", x), _one_minus(call("sigma", x))),
    ),
    "softplus": Function("softplus", "softplus", lambda x: np.log1p(np.exp(x)), lambda x: call("sigma", x)),
    "square": Function("", "", np.square, lambda x: scale(num(2), x)),
    "root": Function("", "", lambda x: np.sqrt(1 + x * x), lambda x: had(x, call("inverse_root", x))),
    "inverse_root": Function("", "", lambda x: 1 / np.sqrt(1 + x * x), lambda x: X),
    "relu": Function(r"\operatorname{relu}", "relu", lambda x: np.maximum(x, 0), lambda x: call("step", x)),
    "step": Function("", "", lambda x: (x > 0) * 1.0, lambda x: X),
    "f": Function("f", "f", lambda x: np.sin(2 * x) + 0.3 * x * x, lambda x: call("f'", x)),
    "f'": Function("f'", "f'", lambda x: 2 * np.cos(2 * x) + 0.6 * x, lambda x: X),
}
SMOOTH = ("exp", "tanh", "sin", "sigma", "square", "root", "f")


# ---------------------------------------------------------------- values


def value(t: Term, at: Values) -> Array:
    """The value where every name has one; the shape is the term's."""
    match t.op:
        case "var":
            return at[t.name]
        case "num":
            return np.array(float(t.value))
        case "ones":
            return np.ones([SIZES[s] for s in t.shape])
        case "unit":
            return np.eye(SIZES[t.shape[0]])
    parts = [value(a, at) for a in t.args]
    match t.op:
        case "plus":
            return parts[0] + parts[1]
        case "neg":
            return -parts[0]
        case "scale" | "had":
            return parts[0] * parts[1]
        case "mul" | "dot":
            return parts[0] @ parts[1]
        case "turned":
            return parts[0].T
        case "outer":
            return np.multiply.outer(parts[0], parts[1])
        case "total":
            return parts[0].sum()
        case "diag":
            return np.diag(parts[0])
        case "call":
            return FUNCTIONS[t.name].value(parts[0])
    raise AssertionError(t.op)


# ---------------------------------------------------------------- derivatives, by rules of their own


def pulled(t: Term, g: Term) -> Iterator[tuple[Term, Term]]:
    """(argument, what the gradient g of t's value is to it)."""
    a, b = (*t.args, X, X)[:2]
    match t.op:
        case "plus":
            yield from ((a, g), (b, g))
        case "neg":
            yield a, neg(g)
        case "scale":
            yield b, scale(a, g)
            yield a, dot(g, b) if len(b.shape) == 1 else total(had(g, b))
        case "had":
            yield from ((a, had(g, b)), (b, had(g, a)))
        case "mul":
            yield b, mul(turned(a), g)
            yield a, outer(g, b) if len(b.shape) == 1 else mul(g, turned(b))
        case "turned":
            yield a, turned(g)
        case "outer":
            yield from ((a, mul(g, b)), (b, mul(turned(g), a)))
        case "dot":
            yield from ((a, scale(g, b)), (b, scale(g, a)))
        case "total":
            yield a, scale(g, ones(a.shape))
        case "call":
            yield a, had(g, FUNCTIONS[t.name].derivative(a))


def gradients(t: Term, g: Term, into: dict[str, Term]) -> None:
    """Adds to `into` what the gradient g of t's value is to each name in t."""
    if t.op == "var":
        into[t.name] = plus(into[t.name], g) if t.name in into else g
    for argument, pulled_back in pulled(t, g):
        gradients(argument, pulled_back, into)


def jacobian(t: Term, x: str) -> Term | None:
    """∂t/∂x of a vector by a vector, in numerator layout; None where it is 0."""
    match t.op:
        case "var":
            return unit(t.shape[0]) if t.name == x else None
        case "plus":
            parts = [j for j in (jacobian(a, x) for a in t.args) if j is not None]
            return None if not parts else parts[0] if len(parts) == 1 else plus(*parts)
        case "neg":
            inner = jacobian(t.args[0], x)
            return inner and neg(inner)
        case "scale":
            inner = jacobian(t.args[1], x)
            return inner and scale(t.args[0], inner)
        case "mul":
            inner = jacobian(t.args[1], x)
            return inner and _times(t.args[0], inner)
        case "had":
            out = None
            for one, other in (t.args, t.args[::-1]):
                inner = jacobian(one, x)
                part = inner and _times(diag(other), inner)
                out = part if out is None else plus(out, part) if part is not None else out
            return out
        case "call":
            inner = jacobian(t.args[0], x)
            return inner and _times(diag(FUNCTIONS[t.name].derivative(t.args[0])), inner)
    return None


def _times(a: Term, b: Term) -> Term:
    return a if b.op == "unit" else mul(a, b)


# ---------------------------------------------------------------- a program


@dataclass(frozen=True)
class Program:
    free: tuple[Term, ...]
    steps: tuple[tuple[Term, Term], ...]
    """(name, formula in the names before it); the last is the loss L."""

    def run(self, at: Values, but: str = "") -> dict[str, Array]:
        """All values, where that of `but` is given."""
        out = dict(at)
        for name, formula in self.steps:
            if name.name != but:
                out[name.name] = np.asarray(value(formula, out))
        return out

    def point(self, seed: int) -> dict[str, Array]:
        rng = np.random.default_rng(seed)
        width = (0.5, 2.0)[seed % 2]  # near, so that exponentials are not all 0, and far, so that kinks are passed
        return self.run({v.name: rng.uniform(-width, width, [SIZES[s] for s in v.shape]) for v in self.free})

    def difference(self, of: str, by: str, at: Values) -> Array:
        """∂of/∂by by central differences, the axes of `of` first."""
        x = at[by]
        out = np.zeros((*at[of].shape, *x.shape))
        for place in np.ndindex(x.shape):
            sides = []
            for sign in (1, -1):
                moved = np.array(x)
                moved[place] += sign * STEP
                sides.append(self.run({**at, by: moved}, but=by)[of])
            out[(..., *place)] = (sides[0] - sides[1]) / (2 * STEP)
        return out


def program(rng: random.Random) -> Program:
    """A few definitions, each of the one before; the last is a number."""
    n, m, p = rng.sample(["n", "m", "p"], 3)
    x, t, u = var("x", n), var("t", m), var("u", n)
    W, b, V, B = var("W", m, n), var("b", m), var("V", p, m), var("B", n, n)
    a = var("a", m)
    kink = scale(num(rng.choice((-1, 1, Fraction(1, 2)))), ones((n,)))
    first = rng.choice(
        [
            mul(W, x),
            plus(mul(W, x), b),
            plus(mul(W, call("relu", plus(x, kink))), b),
            mul(W, call(rng.choice(("tanh", "f", "sin")), x)),
            mul(W, plus(x, neg(u))),
            mul(W, had(x, u)),
            mul(W, mul(B, x)),
            plus(mul(W, x), had(b, b)),
        ]
    )
    steps = [(a, first)]
    if rng.random() < 0.75:
        h = var("h", m)
        steps.append((h, call(rng.choice((*SMOOTH, "relu")), a) if rng.random() < 0.8 else had(a, call("sigma", a))))
        last = h
    else:
        last = a
    if rng.random() < 0.4:
        y = var("y", p)
        steps.append((y, mul(V, last)))
        last, t = y, var("t", p)
    steps.append((var("L"), _loss(rng, last, t, [s[0] for s in steps])))
    used = {v for _, formula in steps for v in _names(formula)}
    defined = {name for name, _ in steps}
    return Program(tuple(sorted(used - defined, key=lambda v: v.name)), tuple(steps))


def _loss(rng: random.Random, y: Term, t: Term, known: list[Term]) -> Term:
    d = plus(y, neg(t))
    half = num(Fraction(1, 2))
    loss = rng.choice(
        [
            lambda: scale(half, dot(d, d)),
            lambda: dot(d, d),
            lambda: dot(t, y),
            lambda: total(call("softplus", had(t, y))),
            lambda: total(call("root", d)),
            lambda: call("exp", scale(half, neg(dot(d, d)))),
            lambda: call("sigma", dot(t, y)),
            lambda: total(had(t, call("tanh", y))),
            lambda: scale(dot(t, y), dot(y, y)),
            lambda: total(square(square(d))),
            lambda: call("root", dot(d, t)),
        ]
    )()
    if rng.random() < 0.3:
        extra = rng.choice(known)
        loss = plus(loss, scale(rng.choice((half, num(Fraction(1, 4)), num(3))), dot(extra, extra)))
    return loss


def _names(t: Term) -> Iterator[Term]:
    if t.op == "var":
        yield t
    for a in t.args:
        yield from _names(a)


# ---------------------------------------------------------------- claims


@dataclass(frozen=True)
class RandomClaim:
    of: str
    by: str
    term: Term
    right: bool
    turned: bool = False
    """Wrong as it stands, but the transpose of the right one: right under another layout."""
    made: str = ""
    """How it was made."""


def claims(made: Program, rng: random.Random) -> Iterator[RandomClaim]:
    """Right ones in several spellings and mutants, each confirmed by differences."""
    known: dict[str, Term] = {"L": num(1)}
    for name, formula in reversed(made.steps):
        if name.name in known:
            adjoint = known[name.name]
            named = adjoint if name.name == "L" or rng.random() < 0.6 else var(f"dL/d{name.name}", *name.shape)
            gradients(formula, named, known)
    wanted = [(name, "L", t) for name, t in known.items() if name != "L"]
    for name, formula in made.steps:
        if len(name.shape) == 1:
            for v in set(_names(formula)):
                if len(v.shape) == 1 and (j := jacobian(formula, v.name)) is not None:
                    wanted.append((v.name, name.name, j))
    wanted.sort(key=lambda w: (w[0], w[1]))
    for by, of, term in rng.sample(wanted, min(3, len(wanted))):
        spelt = term
        for _ in range(rng.randrange(5)):
            spelt = respelt(spelt, made, rng)
        truth = _judged(made, of, by, spelt)
        if truth is None:
            continue
        assert truth.right, (made, of, by, spelt)
        yield replace(truth, made="right" if spelt == term else "respelt")
        for _ in range(8):
            kind, mutant = mutated(spelt, made, rng)
            if mutant != spelt:
                found = _judged(made, of, by, mutant)
                if found is not None and found.right:
                    found = _judged(made, of, by, mutant, MANY_POINTS)
                if found is not None:
                    yield replace(found, made=kind)
                    break


def _judged(made: Program, of: str, by: str, term: Term, points: int = POINTS) -> RandomClaim | None:
    """The truth about ∂of/∂by = term, by shapes and by differences; None where it is too close to tell."""
    if fits(term) is None:
        open_shape = any(t.op in ("unit", "ones") for _, t in places(term))
        return None if open_shape else RandomClaim(of, by, term, False)
    plain, turned_errors = [], []
    for seed in range(points):
        at = made.point(seed)
        want = made.difference(of, by, at)
        have = value(term, _with_adjoints(made, term, at))
        plain.append(_error(have, want))
        turned_errors.append(_error(have.T, want))
    if all(e < NEAR for e in plain):
        return RandomClaim(of, by, term, True)
    if sum(e > FAR for e in plain) < 2:  # a kink between the two points of a difference, or numbers too large
        return None
    return RandomClaim(of, by, term, False, all(e < NEAR for e in turned_errors))


def _error(have: Array, want: Array) -> float:
    """The largest difference beside the largest entry; nan where a number is too large."""
    if have.shape != want.shape:
        return np.inf
    largest = max(LEAST, float(np.abs(want).max()), float(np.abs(have).max()))
    return float(np.abs(have - want).max()) / largest


def _with_adjoints(made: Program, term: Term, at: Values) -> Values:
    names = {v.name for v in _names(term) if v.name.startswith("dL/d")}
    return {**at, **{name: made.difference("L", name.removeprefix("dL/d"), at) for name in names}}


def places(t: Term, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Term]]:
    yield path, t
    for k, a in enumerate(t.args):
        yield from places(a, (*path, k))


def put(t: Term, path: tuple[int, ...], new: Term) -> Term:
    """t with another term in a place; the shapes above it are kept."""
    if not path:
        return new
    args = list(t.args)
    args[path[0]] = put(args[path[0]], path[1:], new)
    return replace(t, args=tuple(args))


def respelt(t: Term, made: Program, rng: random.Random) -> Term:
    """The same in other words, at a random place."""
    path, at = rng.choice(list(places(t)))
    ways = list(_ways(at, made))
    return put(t, path, rng.choice(ways)) if ways else t


def _ways(t: Term, made: Program) -> Iterator[Term]:
    a, b = (*t.args, X, X)[:2]
    for name, formula in made.steps:
        if t == formula and name.name != "L":
            yield name
        if t == name and name.name != "L":
            yield formula
    match t.op:
        case "plus" | "dot":
            yield replace(t, args=(b, a))
        case "had":
            yield replace(t, args=(b, a))
            if len(t.shape) == 1:
                yield mul(diag(a), b)
            if b.op == "plus":
                yield plus(*(had(a, c) for c in b.args))
        case "mul":
            if b.op == "plus":
                yield plus(*(mul(a, c) for c in b.args))
            if a.op == "diag" and len(b.shape) == 1:
                yield had(a.args[0], b)
            if b.op == "scale":
                yield scale(b.args[0], mul(a, b.args[1]))
            if b.op == "mul":
                yield mul(mul(a, b.args[0]), b.args[1])
            if len(b.shape) == 2:
                yield turned(mul(turned(b), turned(a)))
        case "outer":
            yield turned(outer(b, a))
        case "scale":
            if b.op == "plus":
                yield plus(*(scale(a, c) for c in b.args))
            if a.op == "num" and a.value == 2:
                yield plus(b, b)
            if b.op == "mul":
                yield mul(b.args[0], scale(a, b.args[1]))
        case "neg":
            if a.op == "plus":
                yield plus(*(neg(c) for c in a.args))
        case "call" if t.name == "sigma":
            yield _one_minus(call("sigma", neg(a)))
        case "call" if t.name == "step":
            yield _one_minus(call("step", neg(a)))
        case "call" if t.name == "square" and t.shape:
            yield had(a, a)


def mutated(t: Term, made: Program, rng: random.Random) -> tuple[str, Term]:
    """One fault, at a random place, every kind as likely; its shapes may not fit."""
    found: dict[str, list[Term]] = {}
    for path, at in places(t):
        for kind, new in _faults(at, made, rng):
            found.setdefault(kind, []).append(put(t, path, new))
    kind = rng.choice(sorted(found))
    return kind, rng.choice(found[kind])


def _faults(t: Term, made: Program, rng: random.Random) -> Iterator[tuple[str, Term]]:
    a, b = (*t.args, X, X)[:2]
    yield "sign", neg(t)
    yield "factor", scale(num(rng.choice((2, 3, Fraction(1, 2)))), t)
    match t.op:
        case "had" | "plus" | "scale":
            yield from (("dropped", c) for c in t.args if c.shape == t.shape)
        case "mul":
            yield from (("dropped", c) for c in t.args if c.shape == t.shape)
            if len(b.shape) == 2:
                yield "order", Term("mul", (b, a), t.shape)
        case "turned":
            yield "transpose", a
        case "outer":
            yield "transpose", outer(b, a)
        case "call":
            others = [f for f in ("exp", "tanh", "sin", "sigma", "f") if f != t.name]
            yield "function", call(rng.choice(others), a)
            if t.name in ("f'", "square"):
                yield "function", call("f", a) if t.name == "f'" else a
        case "var":
            names = {v for _, formula in made.steps for v in _names(formula)} | {name for name, _ in made.steps}
            same = (v for v in names if v.shape == t.shape and v != t)
            yield from (("operand", v) for v in sorted(same, key=lambda v: v.name))
            if len(t.shape) == 2:
                yield "transpose", turned(t)
        case "num":
            yield "number", num(t.value + rng.choice((1, -2, Fraction(1, 3))))


@cache
def fits(t: Term) -> Shape | None:
    """The shape by the arguments; None where they do not fit, which a fault deep inside may bring about."""
    if t.op in ("var", "num", "ones", "unit"):
        return t.shape
    found = [fits(a) for a in t.args]
    shapes = [s for s in found if s is not None]
    if len(shapes) < len(found):
        return None
    a, b = (*shapes, (), ())[:2]
    match t.op:
        case "plus" | "had":
            return a if a == b else None
        case "scale":
            return b if a == () else None
        case "mul":
            return (a[0], *b[1:]) if len(a) == 2 and b and a[1] == b[0] else None
        case "dot":
            return () if a == b else None
        case "turned":
            return a[::-1]
        case "outer":
            return (*a, *b) if len(a) == len(b) == 1 else None
        case "diag":
            return a * 2 if len(a) == 1 else None
        case "total":
            return ()
    return a


# ---------------------------------------------------------------- text

SUM, HADAMARD, PRODUCT, FACTOR = range(4)
"""How tightly what was written binds."""


def latex(t: Term) -> str:
    return _latex(t)[0]


def _latex(t: Term) -> tuple[str, int]:
    def within(a: Term, least: int) -> str:
        text, level = _latex(a)
        return text if level >= least else rf"\left({text}\right)"

    def factor(a: Term) -> str:
        return within(a, FACTOR)

    a, b = (*t.args, X, X)[:2]
    match t.op:
        case "var":
            if t.name.startswith("dL/d"):
                return rf"\frac{{\partial L}}{{\partial {t.name.removeprefix('dL/d')}}}", FACTOR
            return t.name, FACTOR
        case "num":
            v = abs(t.value)
            text = str(v.numerator) if v.denominator == 1 else rf"\frac{{{v.numerator}}}{{{v.denominator}}}"
            return (text, FACTOR) if t.value >= 0 else (f"-{text}", SUM)
        case "ones":
            return (r"\mathbf{1}", FACTOR) if len(t.shape) == 1 else (r"\mathbf{1} \mathbf{1}^\top", PRODUCT)
        case "unit":
            return "I", FACTOR
        case "plus":
            right = within(b, SUM)
            right = f"- {right[1:]}" if right.startswith("-") else f"+ {right}"
            return f"{within(a, SUM)} {right}", SUM
        case "neg":
            return f"-{within(a, HADAMARD)}", SUM
        case "scale":
            return f"{factor(a)} {factor(b)}", PRODUCT
        case "had":
            return rf"{factor(a)} \odot {factor(b)}", HADAMARD
        case "mul":
            return f"{factor(a)} {factor(b)}", PRODUCT
        case "turned":
            return rf"{factor(a)}^\top", FACTOR if a.op == "var" else PRODUCT
        case "outer" | "dot":
            return (rf"{factor(a)} {factor(b)}^\top" if t.op == "outer" else rf"{factor(a)}^\top {factor(b)}"), PRODUCT
        case "total":
            left, right = r"\mathbf{1}^\top", r" \mathbf{1}" if len(a.shape) == 2 else ""
            return f"{left} {factor(a)}{right}", PRODUCT
        case "diag":
            return rf"\operatorname{{diag}}({within(a, SUM)})", FACTOR
    return _applied(t, within(a, SUM), factor(a))


def _applied(t: Term, inner: str, factor: str) -> tuple[str, int]:
    match t.name:
        case "square":
            return (f"{factor}^2", PRODUCT) if not t.shape else (rf"{factor} \odot {factor}", HADAMARD)
        case "root":
            return rf"\sqrt{{1 + {_squared(t, factor)}}}", FACTOR
        case "inverse_root":
            return rf"\frac{{1}}{{\sqrt{{1 + {_squared(t, factor)}}}}}", FACTOR
        case "step":
            return rf"\mathbb{{1}}[{inner} > 0]", FACTOR
        case "softplus":
            return rf"\log(1 + \exp({inner}))", PRODUCT
    return rf"{FUNCTIONS[t.name].latex}({inner})", FACTOR


def _squared(t: Term, factor: str) -> str:
    return rf"{factor} \odot {factor}" if t.shape else f"{factor}^2"


def declarations(made: Program) -> list[str]:
    def space(v: Term) -> str:
        sizes = r" \times ".join(v.shape)
        return rf"\mathbb{{R}}^{{{sizes}}}" if sizes else r"\mathbb{R}"

    return [*(rf"{v.name} \in {space(v)}" for v in made.free), *(f"{name.name} = {latex(f)}" for name, f in made.steps)]


def equation(claim: RandomClaim) -> str:
    return rf"\frac{{\partial {claim.of}}}{{\partial {claim.by}}} = {latex(claim.term)}"


def page(made: Program, found: list[RandomClaim]) -> str:
    """Notes in Markdown, a line a formula."""
    lines = [f"${line}$" for line in declarations(made)]
    return "\n\n".join(["Let", *lines, "Then", *(f"${equation(c)}$" for c in found)]) + "\n"


@dataclass(frozen=True)
class Case:
    seed: int
    text: str
    claims: tuple[RandomClaim, ...]


def case(seed: int) -> Case:
    rng = random.Random(seed)
    made = program(rng)
    with np.errstate(over="ignore", invalid="ignore"):
        found = list(claims(made, rng))
    return Case(seed, page(made, found), tuple(found))
