r"""A document's own commands: \newcommand, \renewcommand, \providecommand, \def, \let, \DeclareMathOperator,
\DeclarePairedDelimiter; read as text and expanded on tokens.

What a call expands to stands, as far as places go, where the call stands. Expansion is bounded: a command that reaches
itself is refused, and so is an expansion longer than any formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from symjac.notation.tokens import LONGEST, Tex, Unreadable, at, opens, tokens
from symjac.notation.tree import Span

_NEW = frozenset({"\\newcommand", "\\renewcommand", "\\providecommand", "\\DeclareRobustCommand"})
_OPERATOR = "\\DeclareMathOperator"
_PAIRED = "\\DeclarePairedDelimiter"
_DEFINING = _NEW | {"\\def", "\\gdef", "\\let", _OPERATOR, _PAIRED}


@dataclass(frozen=True, slots=True)
class Macro:
    r"""`arity` arguments, the first one optional where `default` is not None.

    `paired`: from \DeclarePairedDelimiter, whose calls may have a star or a size before the argument. `final`: a copy
    of TeX's own command by \let, not expanded further. `refusal`: why it cannot be called, where that is so.
    """

    name: str
    arity: int
    body: tuple[Tex, ...]
    default: tuple[Tex, ...] | None = None
    paired: bool = False
    final: bool = False
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Macros:
    """The commands in force, by name; `recursive` names those that reach themselves."""

    table: Mapping[str, Macro] = field(default_factory=dict)
    recursive: frozenset[str] = frozenset()

    def over(self, base: Macros) -> Macros:
        """These, and those of `base` that they do not redefine."""
        return _macros({**base.table, **self.table})


_USUAL = r"""
\newcommand{\pdv}[3][]{\frac{\partial^{#1} #2}{\partial #3^{#1}}}
\newcommand{\dv}[3][]{\frac{\mathrm{d}^{#1} #2}{\mathrm{d} #3^{#1}}}
\newcommand{\norm}[1]{\lVert #1 \rVert}
\newcommand{\abs}[1]{\lvert #1 \rvert}
\newcommand{\R}{\mathbb{R}}
\newcommand{\Re}{\mathbb{R}}
\newcommand{\reals}{\mathbb{R}}
\newcommand{\dd}{\mathrm{d}}
"""
"""Commands of common packages, in force where the document does not define them."""


@lru_cache(maxsize=1)
def usual() -> Macros:
    """The commands that common packages define."""
    return _macros(_definitions(tokens(_USUAL, range(len(_USUAL) + 1)), {})[0])


def read_macros(texts: Iterable[str]) -> Macros:
    """The commands that these texts define, later ones over earlier ones. What is no definition is passed over."""
    table: Mapping[str, Macro] = {}
    for text in texts:
        try:
            table, _ = _definitions(tokens(text, range(len(text) + 1)), table)
        except Unreadable:
            continue
    return _macros(table).over(usual())


def expand(found: Sequence[Tex], macros: Macros) -> list[Tex]:
    """The tokens with every call expanded, and definitions that stand among them in force from there on."""
    rest: Sequence[Tex] = found
    if any(t.text in _DEFINING for t in found):
        table, rest = _definitions(found, macros.table)
        macros = _macros(table)
    out: list[Tex] = []
    pending = list(reversed(rest))
    steps = 0
    while pending:
        token = pending.pop()
        macro = macros.table.get(token.text) if token.command else None
        if macro is None:
            out.append(token)
        else:
            if macro.refusal:
                raise Unreadable(token.span, macro.refusal)
            if token.text in macros.recursive:
                raise Unreadable(token.span, f"the command {token.text} is defined by itself; its meaning has no end")
            if macro.final:
                out.extend(at(t, token.span) for t in macro.body)
                continue
            pending.extend(reversed(_call(token, macro, pending)))
        steps += 1
        if steps > 2 * LONGEST or len(pending) + len(out) > 2 * LONGEST:
            raise Unreadable(token.span, f"the commands here expand to more than {LONGEST:,} signs")
    return out


def _call(token: Tex, macro: Macro, pending: list[Tex]) -> list[Tex]:
    """What a call stands for. Takes the arguments off `pending`, whose last token comes next."""
    span = token.span
    if macro.paired:
        if pending and pending[-1].text == "*":
            span = span.to(pending.pop().span)
        elif (given := _optional(pending)) is not None:
            span = span.to(given[1])
    arguments: list[list[Tex]] = []
    if macro.default is not None:
        given = _optional(pending)
        arguments.append(list(macro.default) if given is None else given[0])
        span = span if given is None else span.to(given[1])
    while len(arguments) < macro.arity:
        if not pending:
            raise Unreadable(token.span, f"{macro.name} needs {macro.arity} arguments and finds {len(arguments)}")
        argument, where = _argument(pending)
        arguments.append(argument)
        span = span.to(where)
    out: list[Tex] = []
    for t in macro.body:
        if t.text[0] == "#" and len(t.text) == 2 and t.text[1].isdigit():
            n = int(t.text[1])
            if n > len(arguments):
                raise Unreadable(span, f"{macro.name} speaks of {t.text}, an argument that it does not take")
            out.extend(arguments[n - 1])
            if len(out) > LONGEST:
                raise Unreadable(span, f"the commands here expand to more than {LONGEST:,} signs")
        else:
            out.append(at(t, span))
    if out:
        out[0] = Tex(out[0].text, out[0].span, token.space or out[0].space)
    return out


def _argument(pending: list[Tex]) -> tuple[list[Tex], Span]:
    """One token or the inside of braces, off the end of `pending`, and its place."""
    first = pending.pop()
    if first.text != "{":
        return [first], first.span
    return _until_closed(pending, first, "brace", "}")


def _optional(pending: list[Tex]) -> tuple[list[Tex], Span] | None:
    """The inside of [...] off the end of `pending`, where it begins there."""
    if not pending or pending[-1].text != "[":
        return None
    return _until_closed(pending, pending.pop(), "bracket", "]")


def _until_closed(pending: list[Tex], first: Tex, what: str, closing: str) -> tuple[list[Tex], Span]:
    """What stands between `first` and the sign that closes it, braces balanced."""
    depth = 0
    out: list[Tex] = []
    while pending:
        t = pending.pop()
        if t.text == closing and depth == 0:
            return out, first.span.to(t.span)
        depth += opens(t.text)
        out.append(t)
    raise Unreadable(first.span, f"a {what} {first.text} is opened and never closed")


# Definitions ----------------------------------------------------------------------------------------------------------


def _definitions(found: Sequence[Tex], known: Mapping[str, Macro]) -> tuple[dict[str, Macro], list[Tex]]:
    """The commands in force after these tokens, and the tokens without the definitions."""
    pending = list(reversed(found))
    table = dict(known)
    rest: list[Tex] = []
    while pending:
        token = pending.pop()
        if token.text not in _DEFINING:
            rest.append(token)
            continue
        macro = _definition(token, pending, table)
        if macro is not None and not (token.text == "\\providecommand" and macro.name in table):
            table[macro.name] = macro
    return table, rest


def _definition(token: Tex, pending: list[Tex], table: Mapping[str, Macro]) -> Macro | None:
    """The definition that `token` begins; None where it defines nothing that is called in mathematics."""
    if pending and pending[-1].text == "*":
        pending.pop()
    if not pending:
        return None
    named, _ = _argument(pending)
    if len(named) != 1 or not named[0].command:
        return None
    name = named[0].text
    if token.text in ("\\def", "\\gdef"):
        return _plain_definition(name, pending)
    if token.text == "\\let" and pending and pending[-1].text == "=":
        pending.pop()
    default = None
    count = "0"
    if token.text in _NEW and (arity := _optional(pending)) is not None:
        count = "".join(t.text for t in arity[0])
        default = _optional(pending)
    if not pending or not (count.isdecimal() and len(count) == 1):
        return None
    body, where = _argument(pending)
    if token.text == "\\let":
        same = table.get(body[0].text) if body else None
        return Macro(name, 0, tuple(body), final=True) if same is None else replace(same, name=name)
    if token.text == _OPERATOR:
        body = [Tex("\\operatorname", where), Tex("{", where), *body, Tex("}", where)]
    if token.text == _PAIRED:
        right, end = _argument(pending) if pending else ([], where)
        body = [Tex("\\left", where), *body, Tex("#1", where), Tex("\\right", end), *right]
        return Macro(name, 1, tuple(body), paired=True)
    return Macro(name, int(count), tuple(body), None if default is None else tuple(default[0]))


def _plain_definition(name: str, pending: list[Tex]) -> Macro | None:
    r"""\def\name#1#2{body}; with other signs between the arguments it is refused where it is called."""
    arity, refusal = 0, ""
    while pending and pending[-1].text != "{":
        t = pending.pop()
        if t.text == f"#{arity + 1}":
            arity += 1
        else:
            refusal = f"{name} is defined with {t.text} between its arguments; arguments in braces were expected"
    if not pending:
        return None
    body, _ = _argument(pending)
    return Macro(name, arity, tuple(body), refusal=refusal)


def _macros(table: Mapping[str, Macro]) -> Macros:
    return Macros(table, _recursive(table))


def _recursive(table: Mapping[str, Macro]) -> frozenset[str]:
    """The commands that their own expansion reaches: those on or before a cycle of "its body mentions"."""
    mentions = {name: [] if m.final else [t.text for t in _inside(m) if t.text in table] for name, m in table.items()}
    finite: set[str] = set()
    users: dict[str, list[str]] = {name: [] for name in table}
    waiting = {name: len(used) for name, used in mentions.items()}
    for name, used in mentions.items():
        for other in used:
            users[other].append(name)
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        name = ready.pop()
        finite.add(name)
        for user in users[name]:
            waiting[user] -= 1
            if waiting[user] == 0:
                ready.append(user)
    return frozenset(table.keys() - finite)


def _inside(macro: Macro) -> Iterator[Tex]:
    yield from macro.body
    yield from macro.default or ()
