"""Derivation -> the second-order part of a NumPy module: products with the Hessian, its blocks, local Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import sympy

from symjac.codegen import update_code
from symjac.codegen.array import volume
from symjac.codegen.body import WIDTH, Body, call_lines, identifiers, unpack
from symjac.codegen.code import ATOM, CodePart, CodeText, array_name, named, subcodes
from symjac.codegen.scalar_code import number
from symjac.core.expr import Contract, Equation, Expr, Symbol, contract, symbol, symbols, transform
from symjac.core.index import Index, fresh, size_symbol
from symjac.derivation.along import (
    Directional,
    backward_in_products,
    cotangent_name,
    direction_name,
    directional,
    directional_name,
    gauss_newton,
    needed,
)
from symjac.derivation.chain import Derivation
from symjac.derivation.hessian_blocks import Curvature, HessianBlock, NotBySample, curvature
from symjac.derivation.step import linear_step
from symjac.model.names import in_python
from symjac.printing import text

MOST_LAYERS = 8
"""Networks of more layers with parameters have no blocks of the Hessian, whose number grows with the square of that of
the layers, and no local Jacobians; they take directions one by one."""

JVP = "How the results of `update` move when the parameters move along V and the gradient along HV."
VJP = "The transpose of `update_jvp`: what W weighs on the old parameters and on the gradient."

_COUNT = "count_of_directions"
"""What the number of directions is called, where code needs it; no user's name has two underscores."""


class FirstOrder(Protocol):
    """What the first-order part of the module lends."""

    derivation: Derivation
    parameters: list[str]
    quantities: list[str]
    inputs: list[str]
    loss: str

    @property
    def taken(self) -> set[str]: ...

    @property
    def sizes(self) -> Mapping[str, str]: ...

    def lowered(self, equation: Equation) -> tuple[CodeText, list[str]]: ...


@dataclass(frozen=True, slots=True)
class Method:
    """Lines that compute something from what is cached."""

    name: str
    doc: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One branch of a `match` over two names."""

    first: str
    second: str
    lines: tuple[str, ...]


class Second:
    """The second-order part. Products come first: they say which coefficients are worth computing once."""

    def __init__(self, module: FirstOrder) -> None:
        self.module = module
        self.derivation = module.derivation
        self.stack = module.derivation.stack
        self.products = backward_in_products(self.derivation)
        self.cotangents = {q.lhs.name for q in self.products}
        self.gradients = {f"d{p.symbol.name}" for p in self.stack.parameters}
        self.directions: list[str] = [in_python(direction_name(p.symbol.name)) for p in self.stack.parameters]
        self.slopes: dict[str, tuple[str, CodeText]] = {}
        self._slope_names: set[str] = set()
        self._written: dict[Equation, tuple[str, CodeText, list[str]]] = {}
        self.lines: list[str] = []
        """All lines of code, once `context` has written them."""

    @cached_property
    def direction(self) -> str:
        """What V is called."""
        return "V" if "V" not in self.module.taken else "V_"

    @cached_property
    def taken(self) -> set[str]:
        """Names that no repeated subexpression may be given."""
        along = {in_python(d.equation.lhs.name) for d in (*self.along, *self.newton)}
        return {*self.module.taken, *along, *self.directions, "self", self.direction, "at", _COUNT}

    @cached_property
    def along(self) -> tuple[Directional, ...]:
        return directional(self.derivation)

    @cached_property
    def newton(self) -> tuple[Directional, ...]:
        return gauss_newton(self.derivation, self.along)

    @cached_property
    def long(self) -> bool:
        return sum(d.kind == "affine" for d in self.stack.forward) > MOST_LAYERS

    @cached_property
    def curvature(self) -> Curvature | None:
        if self.long:
            return None
        try:
            return curvature(self.derivation)
        except NotBySample:
            return None

    # ------------------------------------------------------------ what the template is filled with

    def context(self) -> dict[str, object]:
        hvp = self._product(self.along, directional_name)
        block = [] if self.long else self._product(self.along, directional_name, stacked=True)
        newton = self._product(self.newton, cotangent_name)
        loss = self._loss()
        sensitivities, blocks = self._sensitivities(), self._blocks()
        methods = [hvp, block, newton, loss, *(s.lines for s in sensitivities), *(b.lines for b in blocks)]
        group = [] if self.long else self._group()
        gradients = self._gradients(self._fields([*methods, group]))
        methods.append(gradients)
        fields = self._fields([*methods, group])
        linearize = self._linearize(fields)
        jacobians = self._jacobians()
        self.lines = [line for lines in methods for line in lines] + linearize
        self.lines += [line for j in jacobians for line in j.lines]
        iteration = self._iteration()
        return {
            "V": self.direction,
            "cached": fields,
            "linearize_lines": linearize,
            "linearized_loss": self._from_cache(loss, fields),
            "linearized_gradients": self._from_cache(gradients, fields),
            "hvp_lines": self._from_cache(hvp, fields),
            "hvp_block_lines": self._from_cache(block, fields),
            "group_lines": self._from_cache(group, fields),
            "ggnvp_lines": self._from_cache(newton, fields),
            "newton_at": in_python(self._newton_at),
            "sensitivities": [Method(s.name, s.doc, tuple(self._from_cache(s.lines, fields))) for s in sensitivities],
            "blocks": [Case(b.first, b.second, tuple(self._from_cache(b.lines, fields))) for b in blocks],
            "jacobians": jacobians,
            "iteration": iteration,
        }

    # ------------------------------------------------------------ products with a direction

    def _product(self, along: Sequence[Directional], naming: Callable[[str], str], stacked: bool = False) -> list[str]:
        """The lines of H V, or of the Gauss-Newton product; `stacked` has directions in one more axis."""
        equations = [d.equation for d in along]
        of = {d.equation.lhs.name: d.of.name for d in along}
        targets = {p.symbol.name: naming(f"d{p.symbol.name}") for p in self.stack.parameters}
        moved = {direction_name(p.symbol.name) for p in self.stack.parameters} | set(of)
        kept = needed(equations, targets.values())
        if stacked:
            kept = tuple(self._stacked(q, moved, set(targets.values())) for q in kept)
        body = Body(self.taken, self._known, WIDTH - 4)
        spelt = {in_python(name) for name in moved}
        for equation in kept:
            code = self._comment_and_code(body, equation, moved)
            body.assign(in_python(equation.lhs.name), self._fixed(code, spelt, in_python(of[equation.lhs.name])))
        found = {q.lhs.name for q in kept}
        values = [
            f"{in_python(p)}={in_python(r) if r in found else f'np.zeros_like({self.direction}.{in_python(p)})'}"
            for p, r in targets.items()
        ]
        return [*body.lines, *call_lines("return Params", values)]

    def _stacked(self, equation: Equation, moved: Collection[str], results: Collection[str]) -> Equation:
        """The equation for many directions at once: their axis is the first of V and of the results, else the second.

        Behind the axis of the samples, or of the units, a product for many directions is one matrix product.
        """
        names = {i.name for s in (*symbols(equation.rhs), equation.lhs) for i in s.indices}
        m = fresh(Index("m", size_symbol(_COUNT)), names)

        def with_axis(s: Symbol) -> Symbol:
            first = s.name in results or in_python(s.name) in self.directions
            at = 0 if first else 1
            return symbol(s.name, [*s.indices[:at], m, *s.indices[at:]])

        rhs = transform(equation.rhs, lambda e: with_axis(e) if isinstance(e, Symbol) and e.name in moved else None)
        return Equation(with_axis(equation.lhs), rhs)

    def _group(self) -> list[str]:
        """How many directions a group has: by the largest array of forward quantities."""
        largest = max((d.equation.lhs.indices for d in self.stack.forward), key=volume)
        return [f"together = max(1, TOGETHER // ({number(sympy.Mul(*(i.size for i in largest))).text}))"]

    def _comment_and_code(self, body: Body, equation: Equation, last: Set[str]) -> CodeText:
        """Writes the formula; its code has in each product the factors with a name in `last` behind the others."""
        if equation not in self._written:
            formula = text.equation(equation.lhs, equation.rhs, names=in_python)
            self._written[equation] = (
                formula,
                *self.module.lowered(Equation(equation.lhs, _with_last(equation.rhs, last))),
            )
        formula, code, laws = self._written[equation]
        body.comment(formula)
        if laws:
            body.comment(f"computed stably: {', '.join(laws)}")
        return code

    def _fixed(self, code: CodeText, moved: set[str], of: str) -> CodeText:
        """`code` with all that no direction moves, and that costs something, under a name: it is computed once."""
        if not any(c.text in moved for c in subcodes(code)) and not _is_view(code):
            return named(self._slope(code, of)) if _costs(code) else code
        parts = {p.code: self._fixed(p.code, moved, of) for p in code.pieces if isinstance(p, CodePart)}
        if all(old is new for old, new in parts.items()):
            return code
        pieces = tuple(CodePart(parts[p.code], p.least) if isinstance(p, CodePart) else p for p in code.pieces)
        return CodeText(pieces, code.precedence, code.heavy, code.stem)

    def _slope(self, code: CodeText, of: str) -> str:
        if code.text not in self.slopes:
            stem = f"windows_{array_name(code)}" if code.stem == "windows" else f"slope_{of}"
            name, count = stem, 2
            while name in self._slope_names or name in self.taken:
                name, count = f"{stem}_{count}", count + 1
            self._slope_names.add(name)
            self.slopes[code.text] = name, code
        return self.slopes[code.text][0]

    @property
    def _known(self) -> dict[str, str]:
        return {text_: name for text_, (name, _) in self.slopes.items()}

    @property
    def _newton_at(self) -> str:
        """The quantity z of the Gauss-Newton product."""
        curved = [d for d in self.newton if d.equation.lhs.name == cotangent_name(d.of.name)]
        by = {d.equation.lhs.name: d.by.name for d in self.derivation.chain}
        return by[curved[0].of.name] if curved else self.stack.forward[-1].equation.lhs.name

    # ------------------------------------------------------------ loss and gradients from what is cached

    def _loss(self) -> list[str]:
        body = Body(self.taken, self._known, WIDTH - 4)
        equation = self.stack.loss.equation
        body.assign(self.module.loss, self._comment_and_code(body, equation, set()))
        return [*body.lines, f"return {self.module.loss}"]

    def _gradients(self, cached: Collection[str]) -> list[str]:
        """The gradients, and again the cotangents on the way that are not cached: a product is cheaper than memory."""
        body = Body(self.taken, self._known, WIDTH - 4)
        for equation in self.products:
            if in_python(equation.lhs.name) not in cached:
                body.assign(in_python(equation.lhs.name), self._comment_and_code(body, equation, self.cotangents))
        found = {q.lhs.name for q in self.products}
        values = []
        for p in self.stack.parameters:
            name, gradient = in_python(p.symbol.name), f"d{p.symbol.name}"
            value = in_python(gradient) if gradient in found else f"np.zeros_like(self.params.{name})"
            values.append(f"{name}={value}")
        return [*body.lines, *call_lines("return Params", values)]

    @cached_property
    def _cached_products(self) -> tuple[Equation, ...]:
        """The cotangents that products with a direction need."""
        read = frozenset().union(*(d.equation.rhs.names for d in (*self.along, *self.newton)))
        if self.curvature is not None:
            equations = [
                *(s.equation.rhs for s in self.curvature.sensitivities),
                *(b.value for b in self.curvature.blocks),
            ]
            read |= frozenset().union(*(e.names for e in equations))
        return tuple(q for q in needed(self.products, read) if q.lhs.name not in self.gradients)

    # ------------------------------------------------------------ what is cached

    def _fields(self, methods: Iterable[Sequence[str]]) -> list[str]:
        """What the methods read: inputs, forward quantities, cotangents, slopes, in this order."""
        words = set().union(*(self._words(lines) for lines in methods))
        cotangents = [in_python(q.lhs.name) for q in self._cached_products]
        slopes = [name for name, _ in self.slopes.values()]
        return [n for n in (*self.module.inputs, *self.module.quantities, *cotangents, *slopes) if n in words]

    def _words(self, lines: Sequence[str]) -> set[str]:
        """The names that `lines` read and do not assign, and the arrays that sizes in them are read from."""
        end = next((p for p, line in enumerate(lines) if line.startswith("return Params")), len(lines))
        assigned = {line.split(" = ")[0] for line in lines if " = " in line}
        words = identifiers(lines[:end]) - assigned
        return words | {s.split(".")[0] for name, s in self.module.sizes.items() if name in words}

    def _linearize(self, fields: Sequence[str]) -> list[str]:
        """Lines that compute what is cached: cotangents, and each slope once all that it is made of is there."""
        body = Body(self.taken)
        cotangents = [in_python(q.lhs.name) for q in self._cached_products]
        place = {name: p for p, name in enumerate(cotangents)}
        after: dict[int, list[tuple[str, CodeText]]] = {}
        for name, code in self.slopes.values():
            last = max((place[w] for w in identifiers([code.text]) if w in place), default=-1)
            after.setdefault(last, []).append((name, code))
        for p, equation in enumerate((None, *self._cached_products), -1):
            if equation is not None:
                body.assign(cotangents[p], self._comment_and_code(body, equation, self.cotangents))
            for name, code in after.get(p, []):
                body.assign(name, code)
                body.know(code.text, name)
        values = [f"{n}={n}" for n in ("params", *fields)]
        lines = [*body.lines, *call_lines("return Linearized", values)]
        words = self._words(lines)
        given = ", ".join(self._forward_inputs)
        forward = unpack(self.module.quantities, words, f"activations(params, {given})")
        sizes = [f"{name} = {source}" for name, source in self.module.sizes.items() if name in words]
        return [*forward, *unpack(self.module.parameters, words, "params"), *sizes, *lines]

    @cached_property
    def _forward_inputs(self) -> list[str]:
        read = {s.name for d in self.stack.forward for s in symbols(d.equation.rhs)}
        return [in_python(s.name) for p, s in enumerate(self.stack.inputs) if p == 0 or s.name in read]

    def _from_cache(self, lines: Sequence[str], fields: Sequence[str]) -> list[str]:
        """`lines` with what they read before them."""
        words = self._words(lines)
        sources = {**self.module.sizes, _COUNT: f"{self.direction}.{self.module.parameters[0]}.shape[0]"}
        sizes = [f"{name} = {source}" for name, source in sources.items() if name in words]
        return [
            *unpack(self.directions, words, self.direction),
            *unpack(self.module.parameters, words, "self.params"),
            *_read([n for n in fields if n in words], "self"),
            *sizes,
            *lines,
        ]

    # ------------------------------------------------------------ blocks

    def _sensitivities(self) -> list[Method]:
        """One a named sensitivity, from what is cached and from earlier ones."""
        if self.curvature is None:
            return []
        out = []
        for s in self.curvature.sensitivities:
            body = Body(self.taken, self._known, WIDTH - 4)
            code = self._comment_and_code(body, s.equation, set())
            body.result(code)
            doc = f"∂{in_python(s.of.name)}/∂{in_python(s.by.name)} of each sample."
            out.append(Method(s.equation.lhs.name, doc, tuple(self._sensitivities_read(body.lines))))
        return out

    def _sensitivities_read(self, lines: Sequence[str]) -> list[str]:
        words = identifiers(lines)
        assert self.curvature is not None
        names = [s.equation.lhs.name for s in self.curvature.sensitivities]
        return [*_read([n for n in names if n in words], "self"), *lines]

    def _blocks(self) -> list[Case]:
        if self.curvature is None:
            return []
        return [
            Case(in_python(b.row.name), in_python(b.column.name), tuple(self._block(b))) for b in self.curvature.blocks
        ]

    def _block(self, block: HessianBlock) -> list[str]:
        lhs = symbol("block", [*block.row.indices, *block.column.indices])
        body = Body(self.taken, self._known, WIDTH - 12)
        right = text.expression(block.value, lhs.indices, in_python)
        row, column = (text.indexed(s, in_python) for s in (block.row, block.column))
        body.comment(f"∂²{self.module.loss}/∂{row}∂{column} = {right}")
        code, _ = self.module.lowered(Equation(lhs, block.value))
        body.result(code)
        return self._sensitivities_read(body.lines)

    @cached_property
    def remark(self) -> list[str]:
        """What the module's head says of this part."""
        if self.curvature is not None:
            return []
        why = "samples meet before the loss, or a parameter enters in more than one place"
        why = f"there are more than {MOST_LAYERS} layers with parameters" if self.long else why
        what = "hessian_block and no local_jacobian" if self.long else "hessian_block"
        return [f"There is no {what}, as {why}."]

    # ------------------------------------------------------------ local Jacobians, the training step

    def _jacobians(self) -> list[Case]:
        """Each formula's derivative by each quantity that it reads, with the axes of both."""
        out: list[Case] = []
        if self.long:
            return out
        quantities, parameters = set(self.module.quantities), set(self.module.parameters)
        for j in self.derivation.jacobians:
            lhs = symbol("jacobian", [*j.output.indices, *j.by.indices])
            code, laws = self.module.lowered(Equation(lhs, j.value))
            body = Body({*self.taken, *identifiers([code.text]), "params"}, width=WIDTH - 8)
            names = [text.indexed(s, in_python) for s in (j.output, j.by)]
            body.comment(f"∂{names[0]}/∂{names[1]} = {text.indexed(j.value, in_python)}")
            if laws:
                body.comment(f"computed stably: {', '.join(laws)}")
            body.result(code)
            words = self._words(body.lines)
            read = _read(sorted(words & quantities), "at") + _read(sorted(words & parameters), "params")
            sizes = [f"{name} = {source}" for name, source in self.module.sizes.items() if name in words]
            out.append(Case(in_python(j.output.name), in_python(j.by.name), (*read, *sizes, *body.lines)))
        return out

    def _iteration(self) -> dict[str, object]:
        """The step's derivative: the update's, with H V for how the gradient moves, and its transpose."""
        update, direction = self.stack.update, self.direction
        symmetric = linear_step(update) is not None
        jvp, vjp = update_code.along(update), update_code.back(update)
        self.lines += jvp if symmetric else [*jvp, *vjp]
        read_by = {
            name: [n for n in update_code.reads(lines) if n != "state"] for name, lines in (("jvp", jvp), ("vjp", vjp))
        }
        states = ["state", f"{direction}_state"] if update.has_state else []
        given = ["params: Params", *(f"{n}: np.ndarray" for n in self.module.inputs), f"{direction}: Params"]
        inputs = ", ".join(self.module.inputs)

        def head(name: str, given: Sequence[str], moved: str, returns: str = "Params") -> list[str]:
            return update_code.signature(update, name, given, "state", f"{moved}_state", returns=returns)

        def function(
            name: str, doc: str, read: Sequence[str], given: Sequence[str], returns: str, lines: list[str]
        ) -> dict[str, object]:
            arrays = [f"{n}: Params" for n in (*read, *given)]
            return {"head": head(name, arrays, given[0], returns), "doc": doc, "lines": lines}

        def called(name: str, *arguments: str) -> str:
            return f"{name}({', '.join([*arguments, *states])}{update_code.passed(update)})"

        functions = [function("update_jvp", JVP, read_by["jvp"], ["V", "HV"], "Params", jvp)]
        if not symmetric:
            returns = "Params, Params" if update.has_state else "tuple[Params, Params]"
            functions.append(function("update_vjp", VJP, read_by["vjp"], ["W"], returns, vjp))
        state = ", state" if update.has_state else ""
        return {
            "step": f"params{state} -> update(params, gradients{state})",
            "symmetric": symmetric,
            "has_state": update.has_state,
            "functions": functions,
            "jvp_head": head("iteration_jvp", given, direction),
            "vjp_head": head("iteration_vjp", given, direction),
            "jvp_needs_gradient": "grads" in read_by["jvp"],
            "jvp_call": called("update_jvp", *map(_at, read_by["jvp"]), direction, f"at.hvp({direction})"),
            "jvp_short": called("update_jvp", *read_by["jvp"], direction, f"hvp(params, {inputs}, {direction})"),
            "vjp_call": called("update_vjp", *map(_at, read_by["vjp"]), direction),
            "passed": "".join(f", {s}" for s in states) + update_code.passed(update),
        }


def _at(name: str) -> str:
    """Where a step's derivative finds the parameters and the gradient."""
    return "at.gradients" if name == "grads" else name


def _with_last(e: Expr, last: Set[str]) -> Expr:
    """Products with the factors that read a name in `last` behind the others."""
    if last.isdisjoint(e.names):
        return e

    def law(node: Expr) -> Expr | None:
        if not isinstance(node, Contract) or last.isdisjoint(node.names):
            return None
        reads = [not last.isdisjoint(f.names) for f in node.factors]
        if reads == sorted(reads):
            return None
        return contract(sorted(node.factors, key=lambda f: not last.isdisjoint(f.names)), node.summed)

    return transform(e, law)


def _is_view(code: CodeText) -> bool:
    """True for `a.T`, `a[:, None]`, `a.reshape(...)`."""
    return code.precedence == ATOM and not code.heavy and isinstance(code.pieces[0], CodePart)


def _costs(code: CodeText) -> bool:
    """True for arithmetic on arrays: not for names, numbers and views."""
    return any((c.heavy or c.precedence < ATOM) and array_name(c) is not None for c in subcodes(code))


def _read(names: Sequence[str], owner: str) -> list[str]:
    """`a, b = owner.a, owner.b`, on as many lines as are needed."""
    lines: list[str] = []
    row: list[str] = []
    for name in names:
        longer = [*row, name]
        if row and len(_assigned(longer, owner)) > WIDTH:
            lines.append(_assigned(row, owner))
            longer = [name]
        row = longer
    return [*lines, _assigned(row, owner)] if row else []


def _assigned(names: Sequence[str], owner: str) -> str:
    return f"{', '.join(names)} = {', '.join(f'{owner}.{n}' for n in names)}"
