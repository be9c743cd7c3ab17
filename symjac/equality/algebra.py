"""The laws of sums and products that bring a term to its form.

What each law says holds for all sizes and all values, where both sides have one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations

import sympy

from symjac.core.index import Index
from symjac.equality.budget import Budget
from symjac.equality.form import (
    ONE,
    UNIT,
    ZERO,
    FormTooLarge,
    NormalFactor,
    NormalSum,
    NormalTerm,
    Powers,
    affine,
    affine_renamed,
    classes,
    common_powers,
    constant,
    contradicts,
    digits,
    merged,
    orders,
    real,
    single,
    tidy,
)

MOST_TERMS = 400


class Algebra:
    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._fresh = 0

    def step(self, terms: int = 0) -> None:
        self._budget.spend()
        if terms > MOST_TERMS or self._budget.spent:
            raise FormTooLarge

    def new(self, like: Index) -> Index:
        """An index that occurs nowhere yet."""
        self._fresh += 1
        return Index(f"~{self._fresh}", like.size)

    # ------------------------------------------------------------ sums

    def plus(self, sums: Iterable[NormalSum]) -> NormalSum:
        found: dict[str, tuple[NormalTerm, sympy.Expr]] = {}
        for s in sums:
            for t, c in s.terms:
                before = found.get(t.key)
                found[t.key] = (t, c if before is None else before[1] + c)
        self.step(len(found))
        kept = ((t, tidy(c)) for t, c in found.values())
        return NormalSum((t, c) for t, c in kept if c != 0)

    def scaled(self, s: NormalSum, by: sympy.Expr) -> NormalSum:
        return NormalSum((t, tidy(c * by)) for t, c in s.terms) if by != 1 else s

    def times(self, a: NormalSum, b: NormalSum) -> NormalSum:
        if a.number is not None:
            return self.scaled(b, a.number) if a.number != 0 else a
        if b.number is not None:
            return self.scaled(a, b.number) if b.number != 0 else b
        self.step(len(a.terms) * len(b.terms))
        out: list[NormalSum] = []
        for t, c in a.terms:
            for u, d in b.terms:
                powers, bound = self._apart(t)
                more, also = self._apart(u)
                out.append(self.term(c * d, merged([*powers, *more]), (*bound, *also)))
        return self.plus(out)

    def bind(self, s: NormalSum, summed: tuple[Index, ...]) -> NormalSum:
        if not summed:
            return s
        out: list[NormalSum] = []
        for t, c in s.terms:
            powers, bound = self._apart(t)
            out.append(self.term(c, merged(powers), (*bound, *summed)))
        return self.plus(out)

    def _apart(self, t: NormalTerm) -> tuple[list[tuple[NormalFactor, sympy.Expr]], tuple[Index, ...]]:
        """The factors with summed indices of names of their own."""
        if not t.bound:
            return list(t.powers), ()
        aside = {i: self.new(i) for i in t.bound}
        return self._raw(t.powers, aside), tuple(aside.values())

    def _raw(
        self, powers: Iterable[tuple[NormalFactor, sympy.Expr]], names: Mapping[Index, Index]
    ) -> list[tuple[NormalFactor, sympy.Expr]]:
        """Factors renamed one to one, whose numbers stay: nothing inside can fold."""
        return [(self._factor(f, names), e) for f, e in powers]

    def _factor(self, f: NormalFactor, names: Mapping[Index, Index]) -> NormalFactor:
        here = {i: j for i, j in names.items() if i in f.free}
        if not here:
            return f
        indices = tuple(here.get(i, i) for i in f.indices)
        if f.kind == "identity":
            one_to_one = len({*indices}) == len(indices)
            return affine_renamed(f, indices) if one_to_one else affine(indices, f.coefficients)
        subs = tuple(self._inside(s, here) for s in f.subs)
        if f.kind == "inverse" and self._symmetric(subs[0], f.bound):
            indices = tuple(sorted(indices, key=lambda i: i.name))
        return NormalFactor(f.kind, f.head, indices, subs, f.bound, f.coefficients)

    def _inside(self, s: NormalSum, names: Mapping[Index, Index]) -> NormalSum:
        """A sum inside a factor, renamed one to one."""
        out: list[tuple[NormalTerm, sympy.Expr]] = []
        for t, c in s.terms:
            powers, bound = self._apart(t)
            out.append((self._labelled(merged(self._raw(powers, names)), bound), c))
        return NormalSum(out)

    def _symmetric(self, body: NormalSum, bound: tuple[Index, ...]) -> bool:
        r, c = bound
        return self._inside(body, {r: c, c: r}).key == body.key

    def renamed(self, s: NormalSum, names: Mapping[Index, Index]) -> NormalSum:
        """`s` with free indices substituted; two may become one."""
        here = {i: j for i, j in names.items() if i in s.free and i is not j}
        if not here:
            return s
        out: list[NormalSum] = []
        for t, c in s.terms:
            powers, bound = self._apart(t)
            inside = constant(ONE)
            simple: list[tuple[NormalFactor, sympy.Expr]] = []
            for f, e in powers:
                if f.subs and here.keys() & f.free:
                    inside = self.times(inside, self._rebuilt(f, e, here))
                else:
                    simple.append((self._factor(f, here), e))
            out.append(self._product(c, merged(simple), bound, inside))
        return self.plus(out)

    def _rebuilt(self, f: NormalFactor, e: sympy.Expr, names: Mapping[Index, Index]) -> NormalSum:
        """The power of a factor with sums inside, from these sums renamed."""
        subs = [self.renamed(s, names) for s in f.subs]
        indices = tuple(names.get(i, i) for i in f.indices)
        if f.kind == "base":
            return self.power(subs[0], e)
        if f.kind == "exp":
            return self.exponential(self.scaled(subs[0], e))
        if f.kind in ("inverse", "determinant"):
            row, column = f.bound
            return self.power(self.matrix(f.kind, subs[0], row, column, indices), e)
        if f.kind == "max":
            return single(NormalFactor("max", "", (), tuple(subs), f.bound), e)
        return self.power(self.applied(f.head, subs), e)

    # ------------------------------------------------------------ terms

    def term(self, coefficient: sympy.Expr, powers: Powers, bound: Sequence[Index]) -> NormalSum:
        """coefficient · Σ_bound Π factor^exponent with the laws of products applied."""
        self.step()
        left = list(bound)
        changed = True
        while changed:
            powers = {f: e for f, e in powers.items() if e != 0 and not f.is_one}
            for f in list(powers):
                if f.kind in ("identity", "indicator"):
                    powers[f] = ONE
            if contradicts(powers):
                return constant(ZERO)
            changed = False
            substituted = self._substituted(powers, left)
            if substituted is not None:
                names, gone, rest = substituted
                left.remove(gone)
                s = self.renamed(NormalSum([(NormalTerm(rest.items(), ()), coefficient)]), names)
                return self._rebound(s, left)
            placed = self._placed(coefficient, powers, left)
            if placed is not None:
                return placed
            simpler = digits(powers, left)
            if simpler is not None:
                powers, left = simpler
                changed = True
        sign, powers = self._same_bases(powers)
        coefficient = coefficient * sign
        opened = self._opened(coefficient, powers, left)
        if opened is not None:
            return opened
        present = {i for f in powers for i in f.free}
        for i in left:
            if i not in present:
                coefficient = coefficient * i.size
        left = [i for i in left if i in present]
        return NormalSum([(self._labelled(powers, tuple(left)), tidy(coefficient))] if coefficient != 0 else [])

    def _same_bases(self, powers: Powers) -> tuple[sympy.Expr, Powers]:
        """(c S)^n S^x = c^n S^(n+x) for whole n, where x is a fraction."""
        sign = ONE
        for f, x in list(powers.items()):
            if f.kind != "base" or x.is_Integer:
                continue
            s = f.subs[0]
            _, c = s.lead
            unit = NormalFactor("base", "", (), (self.scaled(s, 1 / c),))
            if c != 1 and unit in powers and powers[unit].is_Integer:
                sign = sign * c ** -powers[unit]
                powers = {**powers, f: x + powers[unit], unit: ZERO}
        return sign, {f: x for f, x in powers.items() if x != 0}

    def _rebound(self, s: NormalSum, bound: Sequence[Index]) -> NormalSum:
        return self.bind(s, tuple(bound)) if bound else s

    def _substituted(self, powers: Powers, bound: Sequence[Index]) -> tuple[dict[Index, Index], Index, Powers] | None:
        for f in powers:
            if f.kind == "identity" and f.head == "plain":
                i, j = f.indices
                gone, kept = (j, i) if j in bound else (i, j)
                if gone in bound:
                    return {gone: kept}, gone, {g: e for g, e in powers.items() if g is not f}
        return None

    def _placed(self, coefficient: sympy.Expr, powers: Powers, bound: Sequence[Index]) -> NormalSum | None:
        """1[i = j] f(j) = 1[i = j] f(i), i the first in the alphabet."""
        for f in powers:
            if f.kind == "identity" and f.head == "plain":
                i, j = f.indices
                rest = {g: e for g, e in powers.items() if g is not f}
                if any(j in g.free for g in rest):
                    s = self.renamed(NormalSum([(NormalTerm(rest.items(), ()), coefficient)]), {j: i})
                    return self._product(ONE, {f: ONE}, bound, s)
        return None

    def _opened(self, coefficient: sympy.Expr, powers: Powers, bound: list[Index]) -> NormalSum | None:
        """The term with one law applied that makes other terms of it; None where none applies."""
        for f, e in powers.items():
            rest = {g: x for g, x in powers.items() if g is not f}
            if f.kind == "base" and (e.is_Integer and e > 0):
                return self._product(coefficient, rest, bound, self._raised(f.subs[0], int(e)))
            if f.kind == "base" and e.is_Rational and e > 0:
                whole = sympy.ceiling(e)
                rest[f] = e - whole
                return self._product(coefficient, rest, bound, self._raised(f.subs[0], int(whole)))
            if f.kind == "function" and f.head == "cos" and e.is_Integer and e >= 2:
                rest[f] = e - 2
                square = single(NormalFactor("function", "sin", (), f.subs), sympy.Integer(2))
                return self._product(coefficient, rest, bound, self.plus([constant(ONE), self.scaled(square, -ONE)]))
        for f, e in powers.items():
            if f.kind == "base" and e.is_Rational and e <= -1:
                found = self._reduced(coefficient, powers, bound, f, e)
                if found is not None:
                    return found
            if f.kind == "inverse" and e == 1:
                found = self._cancelled(coefficient, powers, bound, f)
                if found is not None:
                    return found
        return None

    def _product(self, coefficient: sympy.Expr, powers: Powers, bound: Sequence[Index], by: NormalSum) -> NormalSum:
        """coefficient · Σ_bound Π factor^exponent · by."""
        out: list[NormalSum] = []
        for t, c in by.terms:
            more, also = self._apart(t)
            out.append(self.term(coefficient * c, merged([*powers.items(), *more]), (*bound, *also)))
        return self.plus(out)

    def _raised(self, s: NormalSum, n: int) -> NormalSum:
        out = s
        for _ in range(n - 1):
            out = self.times(out, s)
        return out

    def _reduced(
        self, coefficient: sympy.Expr, powers: Powers, bound: list[Index], base: NormalFactor, e: sympy.Expr
    ) -> NormalSum | None:
        """lead(S) S^e = (S^(e+1) − rest(S) S^e) / c, where the term has lead(S).

        Beside exp(..)^−n, 1 = (S − rest(S)) / c instead, c the constant of S.
        """
        s = base.subs[0]
        lead, c = s.lead
        constant = next((d for t, d in s.terms if not t.powers), None)
        if constant is not None:
            for f, x in powers.items():
                if (
                    f.kind == "exp"
                    and x.is_negative
                    and all(dict(t.powers).get(f, ZERO).is_positive for t, _ in s.terms if t.powers)
                ):
                    lead, c = UNIT, constant
                    rest = NormalSum((t, d) for t, d in s.terms if t.powers)
                    return self._split(coefficient / c, powers, bound, base, e, rest)
        found = self._occurrence(lead, powers, bound, {base}, {})
        if found is None:
            return None
        left, gone, _ = found
        rest = NormalSum(s.terms[:-1])
        return self._split(coefficient / c, left, [i for i in bound if i not in gone], base, e, rest)

    def _split(
        self,
        coefficient: sympy.Expr,
        powers: Powers,
        bound: list[Index],
        base: NormalFactor,
        e: sympy.Expr,
        rest: NormalSum,
    ) -> NormalSum:
        up = {**powers, base: e + 1}
        first = self.term(coefficient, up, bound)
        if not rest.terms:
            return first
        return self.plus([first, self._product(-coefficient, powers, bound, rest)])

    def _cancelled(
        self, coefficient: sympy.Expr, powers: Powers, bound: list[Index], f: NormalFactor
    ) -> NormalSum | None:
        """Σ_k lead(M)_ik (M⁻¹)_kj = (1[i = j] − Σ_k rest(M)_ik (M⁻¹)_kj) / c, and from the other side."""
        row, column = f.bound
        body = f.subs[0]
        lead, c = body.lead
        left, right = f.indices
        rest_body = NormalSum(body.terms[:-1])
        # (M⁻¹)[left, right]: left runs over M's columns, right over its rows.
        for inner, outer, own, open_ in ((left, right, column, row), (right, left, row, column)):
            if inner not in bound:
                continue
            for at in sorted({i for g in powers if g is not f for i in g.free}, key=lambda i: i.name):
                if at is inner or at.size != open_.size:
                    continue
                places = {own: inner, open_: at}
                found = self._occurrence(lead, powers, bound, {f}, places)
                if found is None:
                    continue
                remaining, gone, _ = found
                others = {g: e for g, e in remaining.items() if g is not f}
                if any(inner in g.free for g in others):
                    continue
                over = [i for i in bound if i not in gone]
                unit = (
                    self.term(
                        coefficient / c,
                        merged([*others.items(), (affine((at, outer), (ONE, -ONE, ZERO)), ONE)]),
                        [i for i in over if i is not inner],
                    )
                    if at is not outer
                    else self.term(coefficient / c, others, [i for i in over if i is not inner])
                )
                if not rest_body.terms:
                    return unit
                placed = self.renamed(rest_body, places)
                return self.plus([unit, self._product(-coefficient / c, remaining, over, placed)])
        return None

    def _occurrence(
        self,
        pattern: NormalTerm,
        powers: Powers,
        bound: Sequence[Index],
        besides: set[NormalFactor],
        places: Mapping[Index, Index],
    ) -> tuple[Powers, set[Index], dict[Index, Index]] | None:
        """The term without the pattern, the summed indices that go with it, and where the pattern's indices are."""
        if not pattern.powers:
            return None
        wanted = sorted(pattern.powers, key=lambda p: (len(p[0].subs), len(p[0].free)))
        free = set(pattern.bound)
        for found, left in self._matches(wanted, free, dict(places), dict(powers), besides):
            gone = {found[i] for i in pattern.bound}
            if len(gone) != len(pattern.bound) or not gone <= set(bound):
                continue
            if any(gone & f.free for f, e in left.items() if e != 0):
                continue
            return {f: e for f, e in left.items() if e != 0}, gone, found
        return None

    def _matches(
        self,
        wanted: Sequence[tuple[NormalFactor, sympy.Expr]],
        free: set[Index],
        places: dict[Index, Index],
        left: Powers,
        besides: set[NormalFactor],
    ) -> Iterable[tuple[dict[Index, Index], Powers]]:
        if not wanted:
            yield places, left
            return
        self.step()
        (f, e), rest = wanted[0], wanted[1:]
        for g, x in list(left.items()):
            if g in besides or g.kind != f.kind or g.head != f.head or g.shape != f.shape:
                continue
            if x != e and not (x.is_Integer and e.is_Integer and e > 0 and x > e):
                continue
            for more in self._unified(f, g, free, places):
                yield from self._matches(rest, free, more, {**left, g: x - e}, besides)

    def _unified(
        self, f: NormalFactor, g: NormalFactor, free: set[Index], places: dict[Index, Index]
    ) -> Iterable[dict[Index, Index]]:
        """The ways to place the open indices of f such that it is g."""
        open_ = [i for i in sorted(f.free, key=lambda i: i.name) if i in free and i not in places]
        if not f.subs and f.kind == "symbol":
            out = dict(places)
            for i, j in zip(f.indices, g.indices, strict=True):
                want = out.get(i) if (i in free or i in out) else i
                if want is None:
                    out[i] = j
                elif want is not j:
                    return
            yield out
            return
        choices = sorted(g.free, key=lambda i: i.name)
        for chosen in permutations(choices, len(open_)):
            if any(i.size != j.size for i, j in zip(open_, chosen, strict=True)):
                continue
            out = {**places, **dict(zip(open_, chosen, strict=True))}
            if self._factor(f, out).key == g.key:
                yield out

    def _labelled(self, powers: Powers, bound: tuple[Index, ...]) -> NormalTerm:
        """The term with its summed indices named by place: the first in text of all orders that fit."""
        if not bound:
            return NormalTerm(powers.items(), ())
        height = max(f.height for f in powers)
        alike = classes(powers, bound)
        best: NormalTerm | None = None
        for order in orders(alike):
            self.step()
            names = {i: Index(f"%{height}_{p}", i.size) for p, i in enumerate(order)}
            t = NormalTerm(merged(self._raw(powers.items(), names)).items(), tuple(names.values()))
            best = t if best is None or t.key < best.key else best
        assert best is not None
        return best

    # ------------------------------------------------------------ powers and functions

    def power(self, s: NormalSum, e: sympy.Expr) -> NormalSum:
        """S^e."""
        if e == 1:
            return s
        if e == 0:
            return constant(ONE)
        if s.number is not None:
            if s.number == 0:
                raise FormTooLarge
            return real(s.number**e)
        if e.is_Integer and e > 0:
            if len(s.terms) ** int(e) > MOST_TERMS:
                raise FormTooLarge
            return self._raised(s, int(e))
        if len(s.terms) == 1:
            t, c = s.terms[0]
            if any(f.kind in ("identity", "indicator") for f, _ in t.powers):
                raise FormTooLarge
            positive = all(f.kind == "exp" for f, _ in t.powers)
            if not t.bound and (e.is_Integer or (positive and c.is_positive)):
                return self.term(c**e, merged((f, x * e) for f, x in t.powers), ())
        return self._based(s, e)

    def _based(self, s: NormalSum, e: sympy.Expr) -> NormalSum:
        """A power of a sum, its common factor and the number before its leading term taken out."""
        common = common_powers(s, whole=bool(e.is_Integer))
        if common:
            inverse = {f: -x for f, x in common.items()}
            s = self._product(ONE, inverse, (), s)
            outside = {f: x * e for f, x in common.items()}
            return self._product(ONE, outside, (), self.power(s, e))
        _, c = s.lead
        if not e.is_Integer:
            c = _positive_part(c)
        return self.term(c**e, {NormalFactor("base", "", (), (self.scaled(s, 1 / c),)): e}, ())

    def exponential(self, s: NormalSum) -> NormalSum:
        """exp of a sum: the product of the terms' exponentials, rational coefficients as powers."""
        out = constant(ONE)
        for t, c in s.terms:
            if not t.powers:
                out = self.scaled(out, sympy.exp(c))
                continue
            number, rest = c.as_coeff_Mul()
            if rest.could_extract_minus_sign():
                number, rest = -number, -rest
            if not number.is_Rational:
                number, rest = ONE, c
            inner = self._logarithm_in(t)
            if inner is not None and rest == 1:
                out = self.times(out, self.power(inner, number))
                continue
            f = NormalFactor("exp", "", (), (NormalSum([(t, rest)]),))
            out = self.times(out, NormalSum([(NormalTerm([(f, number)], ()), ONE)]))
        return out

    def _logarithm_in(self, t: NormalTerm) -> NormalSum | None:
        """u where the term is log(u)."""
        if t.bound or len(t.powers) != 1:
            return None
        (f, e) = t.powers[0]
        return f.subs[0] if f.kind == "function" and f.head == "log" and e == 1 else None

    def logarithm(self, s: NormalSum) -> NormalSum:
        """log of a product of positive numbers: the sum of the logarithms."""
        if s.number is not None:
            return real(sympy.log(s.number))
        if len(s.terms) == 1 and not s.terms[0][0].bound:
            t, c = s.terms[0]
            if c.is_positive:
                out = [constant(sympy.log(c))]
                for f, e in t.powers:
                    if f.kind == "exp":
                        out.append(self.scaled(f.subs[0], e))
                    else:
                        inner = f.subs[0] if f.kind == "base" else single(f)
                        out.append(self.scaled(single(NormalFactor("function", "log", (), (inner,))), e))
                return self.plus(out)
        common = common_powers(s, whole=True)
        if common:
            rest = self._product(ONE, {f: -x for f, x in common.items()}, (), s)
            outside = self.logarithm(self.term(ONE, common, ()))
            return self.plus([outside, self.logarithm(rest)])
        _, c = s.lead
        content = _positive_part(c)
        atom = single(NormalFactor("function", "log", (), (self.scaled(s, 1 / content),)))
        return self.plus([constant(sympy.log(content)), atom])

    def positive(self, s: NormalSum) -> NormalSum:
        """1[S > 0]."""
        if s.number is not None:
            sign = s.number.is_positive
            if sign is None:
                raise FormTooLarge
            return constant(ONE if sign else ZERO)
        _, c = s.lead
        if not c.is_Rational:
            return single(NormalFactor("indicator", "positive", (), (s,)))
        unit = self.scaled(s, 1 / c)
        above = single(NormalFactor("indicator", "positive", (), (unit,)))
        if c > 0:
            return above
        return self.plus([constant(ONE), self.scaled(above, -ONE), self.scaled(self.zero(unit), -ONE)])

    def zero(self, s: NormalSum) -> NormalSum:
        """1[S = 0]."""
        if s.number is not None:
            return constant(ONE if s.number == 0 else ZERO)
        _, c = s.lead
        return single(NormalFactor("indicator", "zero", (), (self.scaled(s, 1 / c),)))

    def larger(self, a: NormalSum, b: NormalSum) -> NormalSum:
        """max(a, b) = b + (a − b) 1[a − b > 0], the difference the way round that has a positive leading number."""
        difference = self.plus([a, self.scaled(b, -ONE)])
        if not difference.terms:
            return a
        _, c = difference.lead
        if c.is_negative:
            difference, b = self.scaled(difference, -ONE), a
        return self.plus([b, self.times(difference, self.positive(difference))])

    def applied(self, name: str, args: Sequence[NormalSum]) -> NormalSum:
        if name == "log":
            return self.logarithm(args[0])
        if name == "positive":
            return self.positive(args[0])
        if name == "zero":
            return self.zero(args[0])
        if name in _PARITY and args[0].number is None and args[0].lead[1].could_extract_minus_sign():
            turned = single(NormalFactor("function", name, (), (self.scaled(args[0], -ONE),)))
            return self.scaled(turned, sympy.Integer(_PARITY[name]))
        return single(NormalFactor("function", name, (), tuple(args)))

    def matrix(self, kind: str, body: NormalSum, row: Index, column: Index, at: tuple[Index, ...]) -> NormalSum:
        """(c M)⁻¹ = M⁻¹/c, (P Q)⁻¹ = Q⁻¹ P⁻¹, diag(x)⁻¹ = diag(1/x); else M or Mᵀ, the first in text."""
        if not body.terms:
            raise FormTooLarge
        if body.lead[1] != 1:
            c = body.lead[1]
            unit = self.matrix(kind, self.scaled(body, 1 / c), row, column, at)
            return self.scaled(unit, 1 / c if kind == "inverse" else c**row.size)
        if len(body.terms) == 1:
            found = self._matrix_of_product(kind, body.terms[0][0], row, column, at)
            if found is not None:
                return found
        r, c = Index(f"&{body.height}_0", row.size), Index(f"&{body.height}_1", column.size)
        straight = self.renamed(body, {row: r, column: c})
        turned = self.renamed(body, {row: c, column: r})
        if turned.key < straight.key:
            straight, at = turned, at[::-1]
        elif turned.key == straight.key:
            at = tuple(sorted(at, key=lambda i: i.name))
        return single(NormalFactor(kind, "", at, (straight,), (r, c)))

    def _matrix_of_product(
        self, kind: str, t: NormalTerm, row: Index, column: Index, at: tuple[Index, ...]
    ) -> NormalSum | None:
        powers, bound = self._apart(t)
        outside = [(f, e) for f, e in powers if f.kind == "identity" and set(f.indices) == {row, column}]
        if len(outside) == 1 and outside[0][0].head == "plain":
            rest = self.term(ONE, merged(p for p in powers if p not in outside), bound)
            if kind == "determinant":
                return constant(ONE) if rest.number is not None else None
            left, right = at
            inverse = self.renamed(self.power(rest, -ONE), {row: left, column: left})
            return self._product(ONE, {affine((left, right), (ONE, -ONE, ZERO)): ONE}, (), inverse)
        for cut in bound:
            if cut.size != row.size:
                continue
            parts = _parted(powers, bound, cut, row, column)
            if parts is None:
                continue
            (first, inner), (second, also) = parts
            p = self.term(ONE, merged(first), inner)
            q = self.term(ONE, merged(second), also)
            if kind == "determinant":
                return self.times(self.matrix(kind, p, row, cut, ()), self.matrix(kind, q, cut, column, ()))
            middle = self.new(cut)
            left, right = at
            after = self.matrix(kind, q, cut, column, (left, middle))
            return self.bind(self.times(after, self.matrix(kind, p, row, cut, (middle, right))), (middle,))
        return None


_Part = tuple[list[tuple[NormalFactor, sympy.Expr]], tuple[Index, ...]]


def _parted(
    powers: Sequence[tuple[NormalFactor, sympy.Expr]], bound: Sequence[Index], cut: Index, row: Index, column: Index
) -> tuple[_Part, _Part] | None:
    """The factors on the row's side of a summed index and on the column's, with what each side sums."""
    reached = {row}
    side: list[tuple[NormalFactor, sympy.Expr]] = []
    left = list(powers)
    while True:
        more = [p for p in left if reached & p[0].free]
        if not more:
            break
        side += more
        left = [p for p in left if p not in more]
        reached |= {i for f, _ in more for i in f.free if i in bound and i is not cut}
    inner = tuple(i for i in bound if i in reached)
    outer = tuple(i for i in bound if i not in reached and i is not cut)
    here, there = {i for f, _ in side for i in f.free}, {i for f, _ in left for i in f.free}
    if column in here or row in there or cut not in here or cut not in there or column not in there:
        return None
    return (side, inner), (left, outer)


def _positive_part(c: sympy.Expr) -> sympy.Expr:
    """|c| where its sign is known; else 1."""
    return c if c.is_positive else -c if c.is_negative else ONE


_PARITY = {"sin": -1, "atan": -1, "asinh": -1, "erf": -1, "cos": 1}
