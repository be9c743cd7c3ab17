"""Derivation -> the second-order part of a NumPy module: products with the Hessian, its blocks, local Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import cached_property

import sympy

from symjac.codegen.array import volume
from symjac.codegen.body import Body
from symjac.codegen.code import (
    ATOM,
    CodePart,
    CodeText,
    array_name,
    atom,
    keyword,
    method,
    named,
    subcodes,
    suffix,
)
from symjac.codegen.iteration_code import iteration
from symjac.codegen.lines import (
    WIDTH,
    CodeStatement,
    attributes,
    block,
    read_by,
    returned,
    returned_made,
    sizes_read,
    unpacked,
    written,
)
from symjac.codegen.lowering import Lowering, checked, formula, told
from symjac.codegen.outline import (
    ARRAY,
    FLOAT,
    PARAMS,
    STR,
    Argument,
    Attribute,
    Class,
    Constant,
    Function,
    Given,
    Section,
    arrays,
)
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
)
from symjac.derivation.chain import needed
from symjac.derivation.hessian_blocks import Curvature, HessianBlock, NotBySample, curvature
from symjac.model.names import in_python
from symjac.printing import text

MOST_LAYERS = 8
"""Networks of more layers with parameters have no blocks of the Hessian, whose number grows with the square of that of
the layers, and no local Jacobians; they take directions one by one."""

_COUNT = "count_of_directions"
"""What the number of directions is called, where code needs it; no user's name has two underscores."""

Case = tuple[str, str, list[CodeStatement]]
"""One branch of a `match` over two names."""


class Second:
    """The second-order part. Products come first: they say which coefficients are worth computing once."""

    def __init__(self, names: Lowering) -> None:
        self.names = names
        self.derivation = names.derivation
        self.stack = names.stack
        self.products = backward_in_products(self.derivation)
        self.cotangents = {q.lhs.name for q in self.products}
        self.gradients = {f"d{p.symbol.name}" for p in self.stack.parameters}
        self.directions: list[str] = [in_python(direction_name(p.symbol.name)) for p in self.stack.parameters]
        self.slopes: dict[str, tuple[str, CodeText]] = {}
        self._slope_names: set[str] = set()
        self._written: dict[Equation, tuple[str, CodeText, list[str]]] = {}

    @cached_property
    def direction(self) -> str:
        """What V is called."""
        return "V" if "V" not in self.names.taken else "V_"

    @cached_property
    def taken(self) -> set[str]:
        """Names that no repeated subexpression may be given."""
        along = {in_python(d.equation.lhs.name) for d in (*self.along, *self.newton)}
        return {*self.names.taken, *along, *self.directions, "self", self.direction, "at", _COUNT}

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

    # ------------------------------------------------------------ what the module has

    def sections(self) -> tuple[Section, ...]:
        hvp = self._product(self.along, directional_name)
        stacked = [] if self.long else self._product(self.along, directional_name, stacked=True)
        newton = self._product(self.newton, cotangent_name)
        loss = self._loss()
        sensitivities, blocks = self._sensitivities(), self._blocks()
        group = [] if self.long else [self._group()]
        bodies = [hvp, stacked, newton, loss, *(s.body for s in sensitivities), *(b for _, _, b in blocks), group]
        gradients = self._gradients(frozenset(self._fields(bodies)))
        fields = self._fields([*bodies, gradients])

        def cached(body: Sequence[CodeStatement]) -> list[CodeStatement]:
            return self._from_cache(body, fields)

        methods = [
            self._method("loss", FLOAT, formula(self.stack.loss.equation), cached(loss), "cached_property"),
            self._method("gradients", PARAMS, _GRADIENTS, cached(gradients), "cached_property"),
            self._directed("hvp", _HVP, [self._checked_directions(), *cached(hvp)]),
            self._directed(
                "hvp_block", _HVP_BLOCK, [self._checked_directions('("m",)'), *self._grouped(cached(group))]
            ),
            *([self._directed("_hvp_group", _HVP_GROUP, cached(stacked))] if group else []),
            self._directed("ggnvp", self._newton_doc(), [self._checked_directions(), *cached(newton)]),
            *(replace(s, body=tuple(cached(s.body))) for s in sensitivities),
            *([self._block_method([(row, column, cached(b)) for row, column, b in blocks])] if blocks else []),
        ]
        kept = Class(
            "Cached", "NamedTuple", _CACHED, (Attribute("params", PARAMS), *(Attribute(f, ARRAY) for f in fields))
        )
        classes = (kept, Class("Linearized", "Cached", _LINEARIZED, methods=tuple(methods)))
        functions = (*self._products_at(fields), *iteration(self.names, self.direction), *self._dense(bool(blocks)))
        return (
            Section(functions=(Given("check_directions"),), title="second order"),
            Section((_TOGETHER,) if group else (), classes, functions),
        )

    def _method(
        self, name: str, returns: CodeText, doc: str, body: Iterable[CodeStatement], decorator: str = ""
    ) -> Function:
        return Function(name, (Argument("self"),), returns, doc, tuple(body), decorator)

    def _directed(self, name: str, doc: str, body: Iterable[CodeStatement]) -> Function:
        """A method of V."""
        return Function(name, (Argument("self"), Argument(self.direction, PARAMS)), PARAMS, doc, tuple(body))

    def _checked_directions(self, *more: str) -> CodeStatement:
        return written(f"check_directions({', '.join([self.direction, 'self.params', *more])})")

    # ------------------------------------------------------------ products with a direction

    def _product(
        self, along: Sequence[Directional], naming: Callable[[str], str], stacked: bool = False
    ) -> list[CodeStatement]:
        """H V, or the Gauss-Newton product; `stacked` has directions in one more axis."""
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
        body.add(self.names.returned_params({p: q for p, q in targets.items() if q in found}, self.direction))
        return body.statements

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

    def _group(self) -> CodeStatement:
        """How many directions a group has: by the largest array of forward quantities."""
        largest = max((d.equation.lhs.indices for d in self.stack.forward), key=volume)
        entries = number(sympy.Mul(*(i.size for i in largest)))
        line = f"together = max(1, TOGETHER // ({entries.text}))"
        return written(line, reads=entries.names, assigns=["together"])

    def _grouped(self, group: Sequence[CodeStatement]) -> Iterator[CodeStatement]:
        """A product for each group of directions where there are groups, else one by one."""
        yield from group
        v = self.direction
        if group:
            of_group = (
                "Params(*(np.concatenate(arrays) for arrays in zip(*(self._hvp_group(group) for group in groups))))"
            )
            yield block(
                "if together > 1:",
                [
                    written(
                        f"groups = [Params(*(v[at : at + together] for v in {v})) "
                        f"for at in range(0, {v}[0].shape[0], together)]"
                    ),
                    written(f"return {of_group}"),
                ],
            )
        yield written(
            f"return Params(*(np.stack(arrays) for arrays in zip(*(self.hvp(Params(*v)) for v in zip(*{v})))))"
        )

    def _comment_and_code(self, body: Body, equation: Equation, last: Set[str]) -> CodeText:
        """Writes the formula; its code has in each product the factors with a name in `last` behind the others."""
        if equation not in self._written:
            last_behind = Equation(equation.lhs, _with_last(equation.rhs, last))
            self._written[equation] = formula(equation), *self.names.lowered(last_behind)
        comment, code, laws = self._written[equation]
        body.comment(comment)
        told(body, laws)
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

    def _newton_doc(self) -> str:
        """Of the Gauss-Newton product, with its quantity z."""
        curved = [d for d in self.newton if d.equation.lhs.name == cotangent_name(d.of.name)]
        by = {d.equation.lhs.name: d.by.name for d in self.derivation.chain}
        z = in_python(by[curved[0].of.name] if curved else self.stack.forward[-1].equation.lhs.name)
        return f"Jᵀ H J V, Gauss-Newton's part of H V: J = ∂{z}/∂theta, H = ∂²{self.names.loss}/∂{z}²."

    # ------------------------------------------------------------ loss and gradients from what is cached

    def _loss(self) -> list[CodeStatement]:
        body = Body(self.taken, self._known, WIDTH - 4)
        equation = self.stack.loss.equation
        body.assign(self.names.loss, self._comment_and_code(body, equation, set()))
        body.add(returned(named(self.names.loss)))
        return body.statements

    def _gradients(self, cached: Collection[str]) -> list[CodeStatement]:
        """The gradients, and again the cotangents on the way that are not cached: a product is cheaper than memory."""
        body = Body(self.taken, self._known, WIDTH - 4)
        for equation in self.products:
            if in_python(equation.lhs.name) not in cached:
                body.assign(in_python(equation.lhs.name), self._comment_and_code(body, equation, self.cotangents))
        gradients = {p.symbol.name: f"d{p.symbol.name}" for p in self.stack.parameters}
        found = {p: q for p, q in gradients.items() if q in self.cotangents}
        body.add(self.names.returned_params(found, "self.params"))
        return body.statements

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

    def _fields(self, bodies: Iterable[Sequence[CodeStatement]]) -> list[str]:
        """What the methods read: inputs, forward quantities, cotangents, slopes, in this order."""
        names = set().union(*(self.names.needs(body) for body in bodies))
        cotangents = [in_python(q.lhs.name) for q in self._cached_products]
        slopes = [name for name, _ in self.slopes.values()]
        return [n for n in (*self.names.inputs, *self.names.quantities, *cotangents, *slopes) if n in names]

    def _linearize(self, fields: Sequence[str]) -> list[CodeStatement]:
        """Computes what is cached: cotangents, and each slope once all that it is made of is there."""
        body = Body(self.taken)
        cotangents = [in_python(q.lhs.name) for q in self._cached_products]
        place = {name: p for p, name in enumerate(cotangents)}
        after: dict[int, list[tuple[str, CodeText]]] = {}
        for name, code in self.slopes.values():
            last = max((place[n] for n in code.names if n in place), default=-1)
            after.setdefault(last, []).append((name, code))
        for p, equation in enumerate((None, *self._cached_products), -1):
            if equation is not None:
                body.assign(cotangents[p], self._comment_and_code(body, equation, self.cotangents))
            for name, code in after.get(p, []):
                body.assign(name, code)
                body.know(code.text, name)
        body.add(returned_made("Linearized", [keyword(n, named(n)) for n in ("params", *fields)]))
        return self.names.after_forward(body.statements)

    def _from_cache(self, body: Sequence[CodeStatement], fields: Sequence[str]) -> list[CodeStatement]:
        """The body with what it reads before it."""
        names = self.names.needs(body)
        first = named(f"{self.direction}.{self.names.parameters[0]}")
        sizes = {**self.names.sizes, _COUNT: suffix(first, ".shape[0]")}
        return [
            *unpacked(self.directions, names, named(self.direction)),
            *unpacked(self.names.parameters, names, named("self.params")),
            *attributes([n for n in fields if n in names], "self"),
            *sizes_read(sizes, names),
            *body,
        ]

    # ------------------------------------------------------------ blocks

    def _sensitivities(self) -> list[Function]:
        """One a named sensitivity, from what is cached and from earlier ones."""
        if self.curvature is None:
            return []
        out = []
        for s in self.curvature.sensitivities:
            body = Body(self.taken, self._known, WIDTH - 4)
            body.result(self._comment_and_code(body, s.equation, set()))
            doc = f"∂{in_python(s.of.name)}/∂{in_python(s.by.name)} of each sample."
            statements = self._after_sensitivities(self.curvature, body.statements)
            out.append(self._method(s.equation.lhs.name, ARRAY, doc, statements, "cached_property"))
        return out

    def _after_sensitivities(self, found: Curvature, body: Sequence[CodeStatement]) -> list[CodeStatement]:
        read = read_by(body)
        names = [s.equation.lhs.name for s in found.sensitivities]
        return [*attributes([n for n in names if n in read], "self"), *body]

    def _blocks(self) -> list[Case]:
        found = self.curvature
        if found is None:
            return []
        return [(in_python(b.row.name), in_python(b.column.name), self._block(found, b)) for b in found.blocks]

    def _block(self, found: Curvature, b: HessianBlock) -> list[CodeStatement]:
        lhs = symbol("block", [*b.row.indices, *b.column.indices])
        body = Body(self.taken, self._known, WIDTH - 12)
        right = text.expression(b.value, lhs.indices, in_python)
        row, column = (text.indexed(s, in_python) for s in (b.row, b.column))
        body.comment(f"∂²{self.names.loss}/∂{row}∂{column} = {right}")
        code, _ = self.names.lowered(Equation(lhs, b.value))
        body.result(code)
        return self._after_sensitivities(found, body.statements)

    def _block_method(self, blocks: Sequence[Case]) -> Function:
        axes = "with the axes of `row`, then those of `column`; dense."
        doc = f"∂²{self.names.loss}/∂row∂column for two parameters, {axes}"
        body = (*_BY_SYMMETRY, _matched("row", "column", blocks))
        return Function("hessian_block", (Argument("self"), *_two("row", "column")), ARRAY, doc, body)

    @cached_property
    def remark(self) -> list[str]:
        """What the module's head says of this part."""
        if self.curvature is not None:
            return []
        why = "samples meet before the loss, or a parameter enters in more than one place"
        why = f"there are more than {MOST_LAYERS} layers with parameters" if self.long else why
        what = "hessian_block and no local_jacobian" if self.long else "hessian_block"
        return [f"There is no {what}, as {why}."]

    # ------------------------------------------------------------ functions of the module

    def _products_at(self, fields: Sequence[str]) -> Iterator[Function]:
        body = (checked(self.names.inputs), *self._linearize(fields))
        yield Function("linearize", self.names.at, named("Linearized"), _LINEARIZE, body, "in_single")
        for name, what in (("hvp", "Hessian of the loss"), ("ggnvp", "Gauss-Newton matrix")):
            value = returned(self._of_linearized(name, named(self.direction)))
            arguments = (*self.names.at, Argument(self.direction, PARAMS))
            yield Function(name, arguments, PARAMS, f"The {what} times V.", (value,))

    def _of_linearized(self, name: str, *arguments: CodeText) -> CodeText:
        return method(self.names.linearized, name, *arguments)

    def _dense(self, blocks: bool) -> Iterator[Function]:
        """Blocks of the Hessian, local Jacobians."""
        if blocks:
            first, last = self.names.parameters[0], self.names.parameters[-1]
            called = f'hessian_block(params, {", ".join(self.names.inputs)}, "{first}", "{last}")'
            doc = f"∂²{self.names.loss}/∂row∂column, e.g. {called}, with the axes of both."
            value = returned(self._of_linearized("hessian_block", named("row"), named("column")))
            yield Function("hessian_block", (*self.names.at, *_two("row", "column")), ARRAY, doc, (value,))
        jacobians = self._jacobians()
        if jacobians:
            arguments = (Argument("params", PARAMS), *arrays(self.names.forward_inputs), *_two("output", "by"))
            body = (
                written(f"at = {self.names.activations.text}", assigns=["at"]),
                _matched("output", "by", jacobians),
                written('raise ValueError(f"no formula of {output} reads {by}")'),
            )
            yield Function("local_jacobian", arguments, ARRAY, _LOCAL, body)

    def _jacobians(self) -> list[Case]:
        """Each formula's derivative by each quantity that it reads, with the axes of both."""
        out: list[Case] = []
        if self.long:
            return out
        quantities, parameters = set(self.names.quantities), set(self.names.parameters)
        for j in self.derivation.jacobians:
            lhs = symbol("jacobian", [*j.output.indices, *j.by.indices])
            code, laws = self.names.lowered(Equation(lhs, j.value))
            body = Body({*self.taken, *code.names, "params"}, width=WIDTH - 8)
            names = [text.indexed(s, in_python) for s in (j.output, j.by)]
            body.comment(f"∂{names[0]}/∂{names[1]} = {text.indexed(j.value, in_python)}")
            told(body, laws)
            body.result(code)
            read = self.names.needs(body.statements)
            before = attributes(sorted(read & quantities), "at") + attributes(sorted(read & parameters), "params")
            before += sizes_read(self.names.sizes, read)
            out.append((in_python(j.output.name), in_python(j.by.name), [*before, *body.statements]))
        return out


_GRADIENTS = "The derivatives of the loss by the parameters, each in the shape of its parameter."
_HVP = "H V, the Hessian of the loss times V: the derivative of the gradients along V."
_HVP_BLOCK = "H V for m directions: each array of V, and of what is returned, has a first axis of length m."
_HVP_GROUP = "H V, every step for all directions: their axis m is the first of V's arrays and the second of samples'."
_CACHED = "What products at one theta have in common; the arrays are kept, not copied."
_LINEARIZED = "The loss, its gradients and products with its Hessian at one theta; `linearize` makes it."
_LINEARIZE = "Everything that Hessian products need and no direction moves, once: then each costs what a gradient does."
_LOCAL = "∂output/∂by of one forward formula, with the axes of `output`, then those of `by`, samples included; dense."

_TOGETHER = Constant(
    "TOGETHER",
    atom("2**20"),
    doc="The entries that an array of forward quantities, for a group of directions, has at most.",
)
_BY_SYMMETRY = (
    written(
        "for name in (row, column):",
        "    if name not in Params._fields:",
        "        raise ValueError(f\"{name}: expected one of {', '.join(Params._fields)}\")",
    ),
    written(
        "if Params._fields.index(row) < Params._fields.index(column):",
        "    transposed = self.hessian_block(column, row)",
        "    behind = getattr(self.params, column).ndim",
        "    return np.moveaxis(transposed, range(behind), range(-behind, 0))",
    ),
)


def _two(*names: str) -> tuple[Argument, ...]:
    """Arguments that are names of quantities."""
    return tuple(Argument(name, STR) for name in names)


def _matched(one: str, other: str, cases: Iterable[Case]) -> CodeStatement:
    """What is done for each pair of names."""
    return block(f"match {one}, {other}:", [block(f'case "{a}", "{b}":', body) for a, b, body in cases])


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
