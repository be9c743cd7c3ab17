"""Exact values modulo primes, maps that are not rational as atoms.

Each point has a chain of primes of its own (`chains`), drawn by a hash, as all random numbers are. A claim is evaluated
modulo the last one, and what stands in an exponent modulo the one below, so that

    exp(u) mod p_l  =  w^(u mod p_(l-1))     with w a random element of order p_(l-1): exp(a + b) = exp(a) exp(b) holds.

    sign(u)         =  the Legendre symbol modulo p_0: sign(a b) = sign(a) sign(b), sign(−1) = −1, sign(u²) = 1
    1[u > 0]        =  sign(u) = 1;  |u| = u sign(u);  max(a, b) = b + (a − b) 1[a > b]
    sqrt(u)         =  the root that is a square itself; a point where u has none does not count
    f(u)            =  a random number for each value of u: log(1/u) = −log(u); odd functions are odd; sin² + cos² = 1.

Every one of these laws holds of the real functions, so what is equal as functions and follows by them is equal here;
what is not is unequal but for a small chance, which `chance` bounds.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from symjac.core import scalar
from symjac.core.expr import Equation, Max
from symjac.core.memo import MOST_KEPT
from symjac.equality.arrays import Arguments, Array, Definitions, Evaluation, Mask
from symjac.equality.chains import LONGEST, chains, digest

MOST_CHAINS = 8
"""Of all points; where there are more points, some share a chain."""


class Residues(Evaluation):
    """Values modulo the primes of one level at random points; `key` says which points and primes."""

    by_entries = True

    def __init__(
        self,
        world: Definitions,
        sizes: Mapping[str, int],
        points: int,
        seed: str,
        facts: bool = True,
        keep: Container[str] = (),
        length: int = LONGEST,
        loose: bool = False,
        level: int | None = None,
    ) -> None:
        super().__init__(world, sizes, points, facts, keep)
        self.seed = seed
        self.length = length
        self.loose = loose
        """A size that stands as a number is a random one, whatever the arrays' lengths are."""
        self.level = length - 1 if level is None else level
        drawn = chains(seed, min(points, MOST_CHAINS), length)
        self.primes: Array = np.array([drawn[n % len(drawn)][self.level] for n in range(points)], dtype=np.int64)
        """One for each point."""
        self._below: Residues | None = None
        self._base = self._power(self._random("base", ()), 2)

    @property
    def key(self) -> tuple[object, ...]:
        return *super().key, self.seed, self.length, self.loose

    def prime(self, axes: int) -> Array:
        """The primes, beside arrays of so many axes."""
        return self.primes.reshape((-1,) + (1,) * (axes - 1))

    @property
    def below(self) -> Residues:
        """The same point modulo the prime below."""
        if self._below is None:
            self._below = Residues(
                self.world,
                self.sizes,
                self.points,
                self.seed,
                self.facts,
                self.keep,
                self.length,
                self.loose,
                self.level - 1,
            )
            self._below.with_parts(self.parts)
        return self._below

    @property
    def bottom(self) -> Residues:
        return self if self.level == 0 else self.below.bottom

    def with_parts(self, parts: Mapping[str, Equation]) -> None:
        super().with_parts(parts)
        if self._below is not None:
            self._below.with_parts(parts)

    @property
    def held(self) -> int:
        return super().held + (0 if self._below is None else self._below.held)

    def trim(self) -> None:
        super().trim()
        if self._below is not None:
            self._below.trim()

    # ------------------------------------------------------------ arithmetic

    def _random(self, name: str, shape: tuple[int, ...]) -> Array:
        rng = np.random.default_rng(digest(self.seed, self.level, name, len(shape)))
        drawn = rng.integers(0, 1 << 62, size=(self.points, *shape), dtype=np.int64)
        return drawn % (self.prime(1 + len(shape)) - 1) + 1

    def draw(self, name: str, shape: tuple[int, ...]) -> Array:
        return self._random(f"symbol {name}", shape)

    def ones(self) -> Array:
        return np.ones(1, dtype=np.int64)

    def reduced(self, x: Array) -> Array:
        return x % self.prime(x.ndim)

    def plus(self, x: Array, y: Array) -> Array:
        return self.reduced(x + y)

    def times(self, x: Array, y: Array) -> Array:
        return self.reduced(x * y)

    def minus(self, x: Array) -> Array:
        return self.reduced(-x)

    def total(self, x: Array, axes: tuple[int, ...]) -> Array:
        return self.reduced(x.sum(axis=axes))

    def matmul(self, x: Array, y: Array) -> Array:
        """Exact: each factor in two halves of 16 bits, whose products float64 sums without rounding."""
        inner = x.shape[-1]
        if x.size * y.shape[-1] <= 1 << 14:
            return self.reduced(self.reduced(x[..., :, :, None] * y[..., None, :, :]).sum(axis=-2))
        if inner > 1 << 20:
            half = inner // 2
            return self.plus(self.matmul(x[..., :half], y[..., :half, :]), self.matmul(x[..., half:], y[..., half:, :]))
        high_x, low_x = (x >> 16).astype(float), (x & 0xFFFF).astype(float)
        high_y, low_y = (y >> 16).astype(float), (y & 0xFFFF).astype(float)
        high = self.reduced(np.matmul(high_x, high_y).astype(np.int64))
        middle = (np.matmul(high_x, low_y) + np.matmul(low_x, high_y)).astype(np.int64)
        low = np.matmul(low_x, low_y).astype(np.int64)
        return self.reduced(self.reduced((high << 16) + self.reduced(middle)) * (1 << 16) + low)

    def reciprocal(self, x: Array) -> Array:
        """1/x; points with a 0 in x do not count."""
        self.only(_whole_points(x != 0))
        return self._powers(x, self.prime(x.ndim) - 2)

    def _power(self, x: Array, n: int) -> Array:
        """x^n, n >= 0, by squaring."""
        out = np.ones_like(x)
        while n:
            if n & 1:
                out = self.reduced(out * x)
            n >>= 1
            if n:
                x = self.reduced(x * x)
        return out

    def _powers(self, x: Array, n: Array) -> Array:
        """x^n, n >= 0 an array: two bits of n at a time, the highest first."""
        p = self.prime(x.ndim)
        square = x * x % p
        table = [np.ones_like(x), x % p, square, square * x % p]
        highest = (int(n.max()).bit_length() - 1) // 2 * 2 if n.any() else 0
        out: Array = np.choose(n >> highest & 3, table)
        for bit in range(highest - 2, -1, -2):
            out = out * out % p
            out = out * out % p * np.choose(n >> bit & 3, table) % p
        return out

    def weight(self, x: Array) -> Array:
        return x != 0

    def maximum(self, node: Max) -> Array:
        """One entry of the body, the same whatever the order of the entries and whatever the prime."""
        bottom = self.bottom
        ranks, usable = bottom.formula_of(scalar.slot(0), (node.body,), node.body.free)
        self.only(usable)
        body = self._values[node.body]
        ranks = np.broadcast_to(_mixed(ranks, self._salt("rank", ranks.ndim)), (ranks.shape[0], *body.shape[1:]))
        axes = [1 + node.body.free.index(i) for i in node.over]
        kept = [a for a in range(ranks.ndim) if a not in axes]
        body = np.broadcast_to(body, (max(body.shape[0], ranks.shape[0]), *body.shape[1:]))
        ranks = np.broadcast_to(ranks, body.shape)
        flat_ranks = ranks.transpose([*kept, *axes]).reshape(*(body.shape[a] for a in kept), -1)
        flat = body.transpose([*kept, *axes]).reshape(flat_ranks.shape)
        return np.take_along_axis(flat, flat_ranks.argmax(axis=-1)[..., None], axis=-1)[..., 0]

    # ------------------------------------------------------------ formulas

    def formula(self, f: sympy.Expr, args: Arguments) -> Array:
        return self._evaluated(_prepared(f), args)

    def _fraction(self, above: int, below: int, args: Arguments) -> Array:
        return self._rational(above, below).reshape((-1,) + (1,) * len(args.free))

    def _irrational(self, e: sympy.Expr, args: Arguments) -> Array:
        if e is sympy.E:
            return self._exp(sympy.Integer(1), args)
        if not e.is_real:
            raise ValueError(f"{e} is no real number")
        return self._random(f"number {e}", ()).reshape((-1,) + (1,) * len(args.free))

    def _function(self, e: sympy.Function, args: Arguments) -> Array:
        if isinstance(e, sympy.exp):
            return self._exp(e.args[0], args)
        if isinstance(e, sympy.Abs):
            return self.times(self._evaluated(e.args[0], args), self._sign(e.args[0], args))
        if isinstance(e, sympy.sign):
            return self._sign(e.args[0], args)
        return self._atom(e, args)

    def _name(self, s: sympy.Symbol, args: Arguments) -> Array:
        if s in scalar.slots_of(s):
            return args.arrays[scalar.slot_number(s)]
        if s.name in self.sizes:
            number = self._random(f"size {s.name}", ()) if self.loose else self._rational(self.sizes[s.name], 1)
            return number.reshape((-1,) + (1,) * len(args.free))
        value = self._random(f"constant {s.name}", ())
        if s.is_positive:
            value = self._power(value, 2)
        return value.reshape((-1,) + (1,) * len(args.free))

    def _rational(self, above: int, below: int) -> Array:
        """A fraction; points whose prime divides the denominator do not count."""
        if below == 1 and 0 <= above < 1 << 24:
            return np.array([above], dtype=np.int64)
        primes = self.primes.tolist()
        self.only(_whole_points(np.array([below % p != 0 for p in primes])))
        values = [above * pow(below, -1, p) % p if below % p else 0 for p in primes]
        return np.array(values, dtype=np.int64)

    def _pow(self, base: sympy.Expr, exponent: sympy.Expr, args: Arguments) -> Array:
        """b^(n + 1/2) by roots; b^(n + r) as b^n exp(r log b) elsewhere."""
        in_sizes = [s for s in exponent.free_symbols if s.name in self.sizes]
        exponent = exponent.xreplace({s: sympy.Integer(self.sizes[s.name]) for s in in_sizes})
        if exponent.is_Integer:
            x = self._evaluated(base, args)
            power = self._power(x, abs(int(exponent)))
            return power if exponent > 0 else self.reciprocal(power)
        if exponent.is_Rational and exponent.q in (2, 4, 8):
            x = self._evaluated(base, args)
            q = int(exponent.q)
            while q > 1:
                root = self._powers(x, (self.prime(x.ndim) + 1) // 4)
                self.only(_whole_points(self.times(root, root) == self.reduced(x)))
                x, q = root, q // 2
            power = self._power(x, abs(int(exponent.p)))
            return power if exponent > 0 else self.reciprocal(power)
        whole, rest = exponent.as_coeff_Add()
        if whole.is_Rational and not whole.is_Integer:
            whole, rest = sympy.Integer(sympy.floor(whole)), exponent - sympy.floor(whole)
        out = self._exp(rest * sympy.log(base), args)
        return self.times(out, self._pow(base, whole, args)) if whole != 0 else out

    def _exp(self, u: sympy.Expr, args: Arguments) -> Array:
        if self.level > 0:
            power, usable = self.below.formula_of(u, args.nodes, args.free)
            self.only(usable)
            base = self._base.reshape((-1,) + (1,) * len(args.free))
            return self._powers(base, power)
        x = self._evaluated(u, args)
        folded, negative = self._folded(x)
        value = self._power(np.maximum(self._hashed("exp", [folded]), 1), 2)
        value = np.where(folded == 0, 1, value)
        return np.where(negative, self._powers(value, self.prime(x.ndim) - 2), value)

    def _folded(self, x: Array) -> tuple[Array, Array]:
        """u or −u, the same for both, and which it is."""
        negative = x > self.prime(x.ndim) // 2
        return np.where(negative, self.minus(x), x), negative

    def _salt(self, name: str, axes: int) -> Array:
        """A number for each point that makes a random function of a name."""
        rng = np.random.default_rng(digest(self.seed, self.level, "salt", name))
        return rng.integers(0, 1 << 63, size=(self.points,) + (1,) * (axes - 1), dtype=np.uint64)

    # ------------------------------------------------------------ orders

    def _at_bottom(self, u: sympy.Expr, args: Arguments) -> Array:
        if self.level == 0:
            return self._evaluated(u, args)
        value, usable = self.bottom.formula_of(u, args.nodes, args.free)
        self.only(usable)
        return value

    def _character(self, u: sympy.Expr, args: Arguments) -> Array:
        """The Legendre symbol of u modulo the first primes: 1, 0, or 2 for −1."""
        x = self._at_bottom(u, args)
        bottom = self.bottom
        return np.minimum(bottom._powers(x, (bottom.prime(x.ndim) - 1) // 2), 2)

    def _positive(self, u: sympy.Expr, args: Arguments) -> Array:
        return self._character(u, args) == 1

    def _sign(self, u: sympy.Expr, args: Arguments) -> Array:
        character = self._character(u, args)
        return np.where(character > 1, self.prime(character.ndim) - 1, character)

    def _extreme(self, e: sympy.Expr, args: Arguments) -> Array:
        """max(a, b) = b + (a − b) 1[a > b]; min(a, b) = −max(−a, −b)."""
        above = isinstance(e, sympy.Max)
        chosen = e.args[0]
        out = self._evaluated(chosen, args)
        if len(e.args) > 2:
            return self._pick(e, args)
        other = e.args[1]
        first = self._positive(chosen - other if above else other - chosen, args)
        return np.where(first, out, self._evaluated(other, args))

    def _pick(self, e: sympy.Expr, args: Arguments) -> Array:
        values = np.broadcast_arrays(*(self._evaluated(a, args) for a in e.args))
        ranks = [self._at_bottom(a, args) for a in e.args]
        mixed = np.stack(np.broadcast_arrays(*(_mixed(r, self._salt("pick", r.ndim)) for r in ranks)))
        return np.take_along_axis(np.stack(values), mixed.argmax(axis=0)[None], axis=0)[0]

    def _condition(self, c: sympy.Basic, args: Arguments) -> Any:
        if c in (sympy.true, sympy.false):
            return np.full((1,) * (1 + len(args.free)), bool(c))
        if isinstance(c, sympy.And | sympy.Or):
            parts = [self._condition(a, args) for a in c.args]
            out = parts[0]
            for part in parts[1:]:
                out = out & part if isinstance(c, sympy.And) else out | part
            return out
        if isinstance(c, sympy.Not):
            return ~self._condition(c.args[0], args)
        if not isinstance(c, sympy.core.relational.Relational):
            raise TypeError(f"{type(c).__name__} is no condition of the language")
        left, right = scalar.sides(c)
        u = left - right
        if isinstance(c, sympy.StrictGreaterThan):
            return self._positive(u, args)
        if isinstance(c, sympy.GreaterThan):
            return ~self._positive(-u, args)
        if isinstance(c, sympy.StrictLessThan):
            return self._positive(-u, args)
        if isinstance(c, sympy.LessThan):
            return ~self._positive(u, args)
        equal = self._at_bottom(u, args) == 0
        return equal if isinstance(c, sympy.Equality) else ~equal

    def _piecewise(self, e: sympy.Piecewise, args: Arguments) -> Array:
        """The branch that the conditions select; a branch without a value counts where it is selected alone."""
        out: Array | None = None
        before = self._now
        masks: list[tuple[Array, Mask]] = []
        open_yet: Array = np.ones((1,) * (1 + len(args.free)), dtype=bool)
        for branch, condition in e.args:
            self._now = before
            here = self._condition(condition, args) & open_yet
            before = self._now
            value = self._evaluated(branch, args)
            masks.append((here, self._now))
            open_yet = open_yet & ~here
            out = np.where(here, value, 0 if out is None else out)
        self._now = before
        for here, mask in masks:
            if mask is not None:
                selected = here.reshape(here.shape[0], -1).any(axis=1)
                self.only(mask | ~selected)
        assert out is not None
        return out

    # ------------------------------------------------------------ atoms

    def _atom(self, e: sympy.Function, args: Arguments) -> Array:
        name = _function_name(e)
        if isinstance(e, sympy.sin | sympy.cos | sympy.tan):
            return self._circular(e, args)
        values = [self._evaluated(a, args) for a in e.args]
        if isinstance(e, sympy.log):
            return self._log(values[0])
        if isinstance(e, _ODD):
            folded, negative = self._folded(values[0])
            value = np.where(folded == 0, 0, self._hashed(name, [folded]))
            return np.where(negative, self.minus(value), value)
        return self._hashed(name, values)

    def _hashed(self, name: str, values: list[Array]) -> Array:
        out: Array = np.zeros((1,) * values[0].ndim, dtype=np.uint64)
        for place, x in enumerate(values):
            out = _mixed(x, self._salt(f"{name} {place}", x.ndim), out)
        return (out % self.prime(out.ndim).astype(np.uint64)).astype(np.int64)

    def _log(self, x: Array) -> Array:
        inverse = self.reciprocal(x)
        turned = inverse < x
        value = np.where(x == 1, 0, self._hashed("log", [np.where(turned, inverse, x)]))
        return np.where(turned, self.minus(value), value)

    def _circular(self, e: sympy.Function, args: Arguments) -> Array:
        """sin = 2t/(1 + t²), cos = (1 − t²)/(1 + t²) with t odd."""
        u = self._evaluated(e.args[0], args)
        folded, negative = self._folded(u)
        t = np.where(folded == 0, 0, self._hashed("tan of half", [folded]))
        t = np.where(negative, self.minus(t), t)
        square = self.times(t, t)
        sine, cosine, norm = self.reduced(2 * t), self.reduced(1 - square), self.reduced(1 + square)
        if isinstance(e, sympy.tan):
            return self.times(sine, self.reciprocal(cosine))
        return self.times(sine if isinstance(e, sympy.sin) else cosine, self.reciprocal(norm))


_ODD = (sympy.atan, sympy.asin, sympy.asinh, sympy.atanh, sympy.erf)


def _function_name(e: sympy.Function) -> str:
    return f"{type(e).__module__}.{e.func.__name__}"


@lru_cache(maxsize=MOST_KEPT)
def _prepared(f: sympy.Expr) -> sympy.Expr:
    """`f` with hyperbolic functions through exp, and logarithms of products as sums."""
    if not f.has(sympy.Function):
        return f
    for function, form in scalar.IN_EXP.items():
        if f.has(function):
            f = f.replace(function, lambda u, form=form: form.xreplace({scalar.slot(0): u}))
    return f.replace(sympy.log, _log_of)


def _log_of(a: sympy.Expr) -> sympy.Expr:
    opened = sympy.expand_log(sympy.log(a), force=True)
    return sympy.log(a) if opened.has(sympy.I) else opened


def _whole_points(good: Array) -> Any:
    """The points at which all entries are good."""
    flat = good.reshape(good.shape[0], -1).all(axis=1)
    return None if flat.all() else flat


def _mixed(x: Array, salt: Array, other: Array | None = None) -> Array:
    """A hash of 64 bits (splitmix64's finisher) of x, the salt and an earlier hash."""
    with np.errstate(over="ignore"):
        z = x.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + salt
        if other is not None:
            z = z ^ other
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
        return z ^ (z >> np.uint64(31))
