"""What an equation is beside a claim: a step of an iteration, a value that a case gives, a condition, a new meaning.

Symjac judges what is said of derivatives. Of other equations it says only that they hold; where one does not hold, it
is a condition, a case or the new meaning of a name, and no claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from symjac.meaning import functions
from symjac.meaning.calls import OPERATORS
from symjac.meaning.naming import identifier, spelled_by, ways
from symjac.meaning.notebook import Notebook, loss_of
from symjac.notation.pending import innermost, is_zero
from symjac.notation.tree import (
    Around,
    Call,
    Derivative,
    Group,
    Items,
    Matrix,
    Name,
    Neg,
    Node,
    Num,
    Prime,
    Product,
    Quotient,
    Relation,
    Scripts,
    Statement,
    Sum,
    Transpose,
    rebuild,
    walk,
)

CLAIM, CONDITION, MEANING = "claim", "condition", "meaning"
"""What an equation is: a claim whatever comes of it; where it does not hold, a condition; where it does not hold, the
new meaning of its name."""

RATES = frozenset({"alpha", "beta", "eta", "epsilon", "varepsilon", "lambda", "lr", "gamma", "mu", "rho", "tau"})
"""Names of step sizes and the like."""

_CASE = re.compile(r"\b(when|whenever|if|iff|for|at|case|where|from|unless|layer|until)\b[^.]{0,30}$")
_SET = re.compile(
    r"\b(set(s|ting)?|stationar\w*|optim\w*|minimi\w*|maximi\w*|minim\w*|maxim\w*|extrem\w*|critical|solv\w+|equat\w+"
    r"|equal(s|ing)? (to )?zero|to zero|vanish\w*|roots?|first[- ]order|converge\w*|kkt|equilibrium|saddle)\b"
)
_PERHAPS_SET = re.compile(
    r"\b(conditions?|constraints?|requir\w*|must|should|needs?|wants?|when\w*|if|where|until|such that|subject to"
    r"|assum\w*|suppos\w*|at|let)\b"
)
_RESULT = re.compile(
    r"\b(then|hence|thus|so|therefore|consequently|have|gets?|obtain\w*|find|see|gives?|yields?|follows|is|because|since"
    r"|as|implies|independent|constant|depends?|claim|clearly|obviously)\b"
)
_SOLUTION = re.compile(
    r"\b(minimi[sz]\w*|maximi[sz]\w*|solution|solve[sd]?|solving|optim\w+|minimum|maximum|estimat\w+|attained|reached)\b"
)
_SAID = re.compile(r"\b(where|with|let|for|define\w*|denote\w*|recall)\b")
_GIVEN = re.compile(
    r"\b(where|with|assum\w*|suppos\w*|let|given|such that|satisf\w*|since|because|obey\w*|fulfil\w*)\b"
)
_WHY = re.compile(r"\b(where|since|because|as|here|with|recall|remember|used?|using|note|which)\b")
_EXAMPLE = re.compile(r"\bexamples?\b|\binstance\b|\be\.g\.|例|比如|考虑|假设|设|令")
_LET = re.compile(r"\b(let|(re)?defin\w*|denot\w*|abbreviat\w*|write)( (us|now|again|by|the|errors?|shorthand))*,? *$")
_NEW = re.compile(r"\b(now|let|instead|another|consider|suppose|redefine\w*|change|different|assume|take)\b")


def is_value(node: Node) -> bool:
    """A number written out: 3, -0.1, 10^{-3}, 1/2."""
    match node:
        case Num():
            return True
        case Neg(of=of) | Group(of=of):
            return is_value(of)
        case Quotient(top=top, bottom=bottom):
            return is_value(top) and is_value(bottom)
        case Scripts(base=base, sub=(), sup=sup):
            return is_value(base) and sup is not None and is_value(sup)
        case Product(factors=factors):
            return all(map(is_value, factors))
        case Call(function=Name(text="log" | "exp" | "sqrt"), args=args):
            return all(map(is_value, args))
    return False


def is_array_of_values(node: Node) -> bool:
    """(1/3, 2/3): numbers written out."""
    match node:
        case Transpose(of=of):
            return is_array_of_values(of)
        case Group(of=Items(items=items)):
            return all(map(is_value, items))
        case Matrix(rows=rows):
            return all(is_value(n) for row in rows for n in row)
    return False


def speaks(nodes: Iterable[Node], notebook: Notebook) -> bool:
    """True where a derivative stands in these formulas, or in the definition of a name in them."""
    seen: set[str] = set()
    pending = list(nodes)
    while pending:
        for n in walk(pending.pop()):
            if isinstance(n, Derivative | Prime) or (isinstance(n, Call) and n.function == Name("R")):
                return True
            key = identifier(n)
            if key is None or key in seen:
                continue
            seen.add(key)
            by = spelled_by(n)
            if by is not None and any(notebook.knows(way.key) for way in ways(by)) and loss_of(notebook) is not None:
                return True
            if key in notebook.network.slopes:
                return True
            if key in notebook.definitions:
                pending.append(notebook.definitions[key].right)
            if key in notebook.functions:
                pending.append(notebook.functions[key].body)
    return False


# ---------------------------------------------------------------- steps


def step(s: Statement, notebook: Notebook) -> tuple[Node, Node] | None:
    r"""w = w − η ∂L/∂w, w_{t+1} = w_t − η ∂L/∂w: its sides with one name for the new and the old; None for others."""
    if s.relations[:1] != ("=",) or len(s.sides) != 2:
        return None
    left, right = s.sides
    if not isinstance(innermost(left), Name) or not isinstance(right, Sum):
        return None
    scaled = any(_is_multiple(t, left, notebook) for t in right.terms)
    if scaled or (left in walk(right) and speaks([right], notebook)):
        return left, right
    key = _numbered(left, notebook)
    olds = [t for t in right.terms if key is not None and _numbered(t, notebook) == key]
    places = any(isinstance(n, Scripts) and any(isinstance(i, Num) for i in n.sub) for n in (left, *olds))
    if not olds or (places and not _descends(innermost(left), right)):
        return None
    bare = notebook.latex.get(key or "", innermost(left))

    def renamed(node: Node) -> Node:
        return bare if node in olds else rebuild(node, renamed)

    return bare, renamed(right)


def _is_multiple(term: Node, left: Node, notebook: Notebook) -> bool:
    """left, or numbers times it: beta v."""
    if isinstance(term, Neg):
        return _is_multiple(term.of, left, notebook)
    if not isinstance(term, Product) or left not in term.factors:
        return term == left
    others = [n for f in term.factors if f != left for n in walk(f) if isinstance(n, Name)]
    shapes = [notebook.shapes.get(identifier(n) or "") for n in others]
    known = zip(others, shapes, strict=True)
    return all((n.text in RATES) if shape is None else not (shape.sizes or shape.letters) for n, shape in known)


def _numbered(node: Node, notebook: Notebook) -> str | None:
    """w of w_{t+1}, where w is a known name and w_{t+1} is none."""
    for way in ways(node):
        if notebook.knows(way.key):
            return way.key if way.sub and way.sup is None else None
    return None


def _descends(base: Node, right: Sum) -> bool:
    """True where the sum has the derivative by the name, or a step size before what is taken off."""
    by = (b for n in walk(right) if isinstance(n, Derivative) for b in n.by)
    rates = (n for t in right.terms if isinstance(t, Neg) for n in walk(t) if isinstance(n, Name))
    return any(innermost(b) == base for b in by) or any(n.text in RATES for n in rates)


def restates_itself(s: Statement) -> bool:
    """S = Sᵀ, S = −Sᵀ, S_ij = S_ji, P² = P: no definition."""
    left, right = s.sides[0], s.sides[1]
    while isinstance(right, Neg | Transpose | Group):
        right = right.of
    if isinstance(left, Scripts) and isinstance(right, Scripts) and len(left.sub) == len(right.sub) == 2:
        return left.base == right.base and left.sup == right.sup and left.sub == right.sub[::-1]
    return left == right or (isinstance(left, Scripts) and left.sup is not None and left.base == right)


# ---------------------------------------------------------------- values


def is_case(s: Statement, variables: Differentiated) -> bool:
    """y_i = 1 behind "when", or of what is differentiated by: it holds here and not elsewhere."""
    left, right = s.sides[0], s.sides[1]
    if not is_value(right) or not isinstance(innermost(left), Name) or isinstance(left, Transpose):
        return False
    said = _CASE.search(s.around.before) is not None or any(_CASE.search(note) for note in s.notes)
    return said or innermost(left) in variables.first


def values_set(statements: Sequence[Statement]) -> dict[int, set[str]]:
    """By paragraph, the names that are set to numbers in it: x = 4, y = -3."""
    out: dict[int, set[str]] = {}
    for s in statements:
        pairs = [(s.sides[0], s.sides[1])] if s.relations == ("=",) else []
        pairs += [(c.left, c.right) for c in s.conditions if isinstance(c, Relation) and c.op == "="]
        for left, right in pairs:
            key = identifier(left)
            if key is not None and is_value(right) and not isinstance(left, Prime):
                out.setdefault(s.around.paragraph, set()).add(key)
    return out


def is_at_point(left: Node, right: Node, values: Set[str], notebook: Notebook) -> bool:
    """f'(x) = 6, ∂f/∂y = 4 beside x = 4: a number at these values, and no formula for every x."""
    if not is_value(right) or not values or not speaks([left], notebook):
        return False
    return any(key in values for key in reached([left], notebook))


def families(statements: Sequence[Statement]) -> dict[int, set[str]]:
    """By paragraph, the letters f of which functions f_c(x) = .. are given in it."""
    out: dict[int, set[str]] = {}
    for s in statements:
        match s.sides[:1]:
            case (Product(factors=(Scripts(base=Name() as base, sub=(_, *_)), Group())),) | (
                Call(function=Scripts(base=Name() as base, sub=(_, *_))),
            ) if s.relations[:1] == ("=",):
                out.setdefault(s.around.paragraph, set()).add(base.text)
    return out


def is_of_family(left: Node, names: Set[str]) -> bool:
    """df/dx beside f_c(x) = c + x: which of the functions is meant is not said."""
    return isinstance(left, Derivative) and isinstance(left.of, Name) and left.of.text in names


def reached(nodes: Iterable[Node], notebook: Notebook) -> set[str]:
    """The names in these formulas and in the definitions of names in them."""
    seen: set[str] = set()
    pending = list(nodes)
    while pending:
        for n in walk(pending.pop()):
            key = identifier(n)
            if key is None or key in seen:
                continue
            seen.add(key)
            if key in notebook.definitions:
                pending.append(notebook.definitions[key].right)
            if key in notebook.functions:
                pending.append(notebook.functions[key].body)
    return seen


@dataclass(frozen=True, slots=True)
class Differentiated:
    """The names that derivatives of a page are taken by: the first place of each, and the first that sets one to 0."""

    first: Mapping[Node, int]
    zero: Mapping[Node, int]


def differentiated(statements: Sequence[Statement]) -> Differentiated:
    first: dict[Node, int] = {}
    zero: dict[Node, int] = {}
    for place, s in enumerate(statements):
        for n in (n for side in s.sides for n in walk(side) if isinstance(n, Derivative)):
            for by in map(innermost, n.by):
                first.setdefault(by, place)
                if any(map(is_zero, s.sides)):
                    zero.setdefault(by, place)
    return Differentiated(first, zero)


def is_solution(s: Statement, place: int, variables: Differentiated) -> bool:
    """w = (XᵀX)⁻¹Xᵀy behind ∇_w L = 0, or as a result behind a derivative by w: w at one point, not everywhere."""
    name = innermost(s.sides[0])
    if name not in variables.first:
        return False
    near = s.around.before.rsplit("$", 1)[-1]
    result = variables.first[name] < place and _RESULT.search(near) is not None and _SAID.search(near) is None
    return result or variables.zero.get(name, place) < place or _SOLUTION.search(s.around.before) is not None


# ---------------------------------------------------------------- conditions


def is_set(s: Statement) -> bool:
    """True where the words say that something is set to zero."""
    return _SET.search(_words(s)) is not None


def is_result(s: Statement) -> bool:
    """True where the words say that it follows, and not that it is asked for."""
    return _RESULT.search(s.around.before) is not None and _PERHAPS_SET.search(_words(s)) is None


def _words(s: Statement) -> str:
    return " ".join((s.around.before, s.around.after, *s.notes)).lower()


def is_given(s: Statement) -> bool:
    """True where the words give what is said, and do not conclude it."""
    near = s.around.before.rsplit("$", 1)[-1]
    return _GIVEN.search(s.around.before) is not None and _RESULT.search(near) is None and not is_set(s)


def is_new(s: Statement) -> bool:
    """True where the words announce a new meaning."""
    return _NEW.search(s.around.before) is not None


def explains(around: Around) -> bool:
    """True where the words say why something before holds: "since", "where", "here"."""
    return _WHY.search(around.before) is not None and _NEW.search(around.before) is None


def is_example(s: Statement, notebook: Notebook) -> bool:
    """True for another formula of a function, f(x) = .., where the words announce an example."""
    return function_of(s.sides[0]) in notebook.functions and (is_new(s) or _EXAMPLE.search(s.around.before) is not None)


def is_within(left: Node, right: Node) -> bool:
    return any(n == left for n in walk(right))


def is_generic(right: Node, notebook: Notebook) -> bool:
    """True for ℓ(y) with a function ℓ that nothing is known of: it says only what something depends on."""
    for n in walk(right):
        key = function_of(n)
        if key is not None and not notebook.knows(key) and not _is_function(key, notebook):
            return True
    return False


def _is_function(key: str, notebook: Notebook) -> bool:
    own = key in notebook.functions or key in notebook.standard or key in notebook.network.functions
    return own or key in OPERATORS or key in functions.ELEMENTWISE or functions.library_name(key) is not None


def nature(s: Statement, place: int, notebook: Notebook) -> str:
    """What the equation between the sides `place` and `place` + 1 of a statement is; "" where it is none at all."""
    left, right = s.sides[place], s.sides[place + 1]
    if is_by_entries(s.sides[0], right) or any(n == Name("O") and n.latex == r"\mathcal{O}" for n in walk(right)):
        return ""
    if is_zero(left) or is_zero(right):
        if not speaks(s.sides, notebook):
            return CONDITION
        if is_set(s):
            return ""
        return CLAIM if is_result(s) and place == 0 and not is_slope_of_unknown(left, notebook) else CONDITION
    if place == 0 and identifier(left) in notebook.network.errors and _LET.search(s.around.before):
        return MEANING
    if place == 0 and is_example(s, notebook) and not speaks([right], notebook):
        return MEANING
    if speaks(s.sides, notebook):
        at_point = is_array_of_values(right)  # a gradient at some point, where it holds of no other
        return CONDITION if at_point or (place == 0 and is_slope_of_unknown(left, notebook)) else CLAIM
    key = defined(left, notebook) if place == 0 else None
    if key is not None:
        known = notebook.definitions.get(key)
        return CONDITION if is_value(right) and (known is None or not is_value(known.right)) else MEANING
    return CONDITION


def by_turns(statements: Sequence[Statement]) -> dict[str, set[int]]:
    """The functions with three formulas and more, and the paragraphs in which one is given."""
    bodies: dict[str, set[Node]] = {}
    places: dict[str, set[int]] = {}
    for s in statements:
        key = function_of(s.sides[0]) if s.relations[:1] == ("=",) else None
        if key is not None and not any(isinstance(n, Derivative | Prime) for n in walk(s.sides[1])):
            bodies.setdefault(key, set()).add(s.sides[1])
            places.setdefault(key, set()).add(s.around.paragraph)
    return {key: places[key] for key, found in bodies.items() if len(found) > 2}


def is_of_another(left: Node, paragraph: int, turns: Mapping[str, Set[int]]) -> bool:
    """f'' of a function that has other formulas by turns, in a paragraph that gives none: which is meant is open."""
    keys = {identifier(n.of) for n in walk(left) if isinstance(n, Prime)}
    return any(key is not None and key in turns and paragraph not in turns[key] for key in keys)


def is_by_entries(left: Node, right: Node) -> bool:
    """∂f/∂X = [∂f/∂X_ij]: a matrix by its entries, the same for every f."""
    match left, right:
        case Derivative(by=(by,)), Group(of=Derivative(by=(Scripts(base=base, sub=(_, *_)),)) as of):
            return base == by and left.of == of.of
    return False


def is_slope_of_unknown(left: Node, notebook: Notebook) -> bool:
    """f'(x), df(x)/dx of a function without a formula: what is said of it is what is known of it."""
    match left:
        case (
            Product(factors=(Prime(of=Name() | Scripts() as head), Group()))
            | Call(function=Prime(of=Name() | Scripts() as head))
        ):
            key = identifier(head)
        case Derivative(of=Product(factors=(Name() | Scripts() as head, Group(of=of))), by=(by,)) if of == by:
            key = identifier(head)
        case Derivative(of=Call(function=Name() | Scripts() as head, args=(of,)), by=(by,)) if of == by:
            key = identifier(head)
        case _:
            return False
    return key is not None and not notebook.knows(key) and not _is_function(key, notebook)


def defined(left: Node, notebook: Notebook) -> str | None:
    """The name that has a formula already and that this left side gives another one: L, p_i for p, f(v) for f."""
    function = function_of(left)
    if function in notebook.functions:
        return function
    for way in ways(left) if not isinstance(left, Group) else ():
        if notebook.has_formula(way.key) and way.sup is None and not any(isinstance(i, Num) for i in way.sub):
            return way.key
    return None


def function_of(left: Node) -> str | None:
    """f of f(v)."""
    match left:
        case Product(factors=(Name() | Scripts() as head, Group())) | Call(function=Name() | Scripts() as head):
            return identifier(head)
    return None
