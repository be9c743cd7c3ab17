"""TeX tokens -> terminals of the grammar: what shows nothing is dropped, commands meet their arguments.

What is not understood becomes a BAD terminal that says why, so that one bad formula of many spoils only itself.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from symjac.notation import signs
from symjac.notation.pending import Applied, Sign
from symjac.notation.terminal import Terminal
from symjac.notation.tokens import DEEPEST, Tex, Unreadable, braced_depth, group, opens, spell
from symjac.notation.tree import Dots, Name, Node, Num, Ones, Space, Span

SHORT = 60
"""How much of an unknown thing a message shows."""

LONGEST_OPTION = 200
"""How many tokens an optional argument [..] may have."""

LONGEST_NUMBER = 40
MOST_PRIMES = 6


def terminals(found: Sequence[Tex]) -> list[Terminal]:
    """The terminals of a piece of mathematics, statements and all."""
    if braced_depth(t.text for t in found) > DEEPEST:
        where = found[0].span.to(found[-1].span)
        raise Unreadable(where, f"braces stand more than {DEEPEST} deep inside one another")
    return _Reader(found).read()


class _Reader:
    """Goes through tokens once. `font`: the command that letters stand under. `script`: "sub" or "sup" inside one."""

    def __init__(
        self, found: Sequence[Tex], font: str = "", script: str = "", depth: int = 0, table: bool = False
    ) -> None:
        self.found = found
        self.table_row = table
        self.font = font
        self.script = script
        self.depth = depth
        self.i = 0
        self.out: list[Terminal] = []
        if depth > 2 * DEEPEST:
            raise Unreadable(found[0].span if found else Span(0, 0), f"commands stand more than {2 * DEEPEST} deep")

    def read(self) -> list[Terminal]:
        while self.i < len(self.found):
            start = self.i
            token = self.found[start]
            try:
                self.step(token)
            except Unreadable as problem:
                if self.depth or self.i <= start:
                    self.i = max(self.i, start + 1)
                self.put("BAD", problem.reason, problem.span)
        return self.out

    # small steps -------------------------------------------------------------------------------------------------

    def put(self, kind: str, text: str, span: Span, node: Node | None = None) -> None:
        self.out.append(Terminal.of(kind, text, span, node))

    def leaf(self, node: Node, text: str = "") -> None:
        self.put("LEAF", text or getattr(node, "latex", ""), node.span, node)

    def peek(self, ahead: int = 0) -> str:
        at = self.i + ahead
        return self.found[at].text if at < len(self.found) else ""

    def inside(self, found: Sequence[Tex], font: str | None = None, script: str | None = None) -> list[Terminal]:
        """The terminals of an argument."""
        over = _over(found)
        if over is not None:
            return self.inside_over(found[:over], found[over + 1 :], found[over].span, font, script)
        reader = _Reader(
            found,
            self.font if font is None else font,
            self.script if script is None else script,
            self.depth + 1,
        )
        return reader.read()

    def inside_over(
        self, top: Sequence[Tex], bottom: Sequence[Tex], span: Span, font: str | None, script: str | None
    ) -> list[Terminal]:
        r"""{a \over b}: all of what the braces hold is a fraction."""
        if not top or not bottom or _over(bottom) is not None:
            raise Unreadable(span, "what is over what is not clear here; \\frac was expected")
        made = [Terminal.of("FRAC", "\\over", span)]
        for part in (top, bottom):
            where = part[0].span.to(part[-1].span)
            made += [Terminal.of("LB", "{", where), *self.inside(part, font, script), Terminal.of("RB", "}", where)]
        return made

    def braces(self, inner: Iterable[Terminal], span: Span) -> None:
        self.put("LB", "{", span)
        self.out.extend(inner)
        self.put("RB", "}", span)

    def argument(self) -> tuple[list[Tex], Span]:
        """The next argument, without its braces; a command brings its own arguments along."""
        if self.i >= len(self.found):
            last = self.found[-1].span
            raise Unreadable(last, "the formula ends where an argument was expected")
        start = self.i
        token = self.found[start]
        if token.text == "{":
            end = group(self.found, start)
            self.i = end + 1
            return list(self.found[start + 1 : end]), token.span.to(self.found[end].span)
        self.i += 1
        for _ in range(signs.ARITY.get(token.text, 0)):
            if token.text == "\\sqrt":
                self.optional()
            if self.i < len(self.found):
                self.depth += 1
                if self.depth > 2 * DEEPEST:
                    raise Unreadable(token.span, f"commands stand more than {2 * DEEPEST} deep inside one another")
                self.argument()
                self.depth -= 1
        return list(self.found[start : self.i]), token.span.to(self.found[self.i - 1].span)

    def optional(self) -> list[Tex] | None:
        """The inside of [...] where it comes next."""
        if self.peek() != "[":
            return None
        depth = 0
        for j in range(self.i + 1, min(len(self.found), self.i + LONGEST_OPTION)):
            text = self.found[j].text
            if text == "]" and depth == 0:
                out = list(self.found[self.i + 1 : j])
                self.i = j + 1
                return out
            depth += opens(text)
        return None

    def star(self) -> None:
        if self.peek() == "*":
            self.i += 1

    # one token after another -------------------------------------------------------------------------------------

    def step(self, token: Tex) -> None:
        text, span = token.text, token.span
        self.i += 1
        if token.digit or (text == "." and self.peek() and self.found[self.i].digit and not self.found[self.i].space):
            self.number(token)
        elif token.letter:
            self.letter(token)
        elif text in _DIRECT:
            self.put(_DIRECT[text], text, span)
        elif text in signs.NOTHING or text == "$":
            pass
        elif text in signs.RELATIONS:
            self.i += text == "=" == self.peek()  # == as programs have it
            self.put("REL", signs.RELATIONS[text], span)
        elif text in signs.OPENING:
            self.put("OPEN", signs.OPENING[text], span)
        elif text in signs.CLOSING:
            self.put("CLOSE", signs.CLOSING[text], span)
        elif text[0] == "\\" and text[1:] in signs.GREEK:
            self.name(text[1:], text, span)
        elif text in signs.FUNCTIONS:
            self.function(Name(text[1:], text, span=span))
        elif (handler := _HANDLERS.get(text)) is not None:
            handler(self, token)
        else:
            self.put("BAD", _unknown(text), span)

    def name(self, text: str, latex: str, span: Span) -> None:
        if self.font and self.font not in signs.WORD_FONTS:
            latex = f"{self.font}{{{latex}}}"
        self.leaf(Name(text, latex, span=span))

    def function(self, name: Name, bare: bool = True) -> None:
        self.leaf(Applied(name, bare, span=name.span), name.latex)

    def letter(self, token: Tex) -> None:
        if token.text == "d" and not self.font:
            if self.i < len(self.found) and not self.found[self.i].space and self.word_at(self.i):
                self.name("d", "d", token.span)  # dlog(x)
                return
            if self.differential(token, near=True):
                return
        if self.font in signs.WORD_FONTS:
            self.word(token)
            return
        if not self.font and self.plain_word(token):
            return
        self.name(token.text, token.text, token.span)

    def plain_word(self, token: Tex) -> bool:
        """exp(x), max(0, x), log p: a function in plain letters that stand together, and what it acts on."""
        before = self.found[max(0, self.i - 3) : self.i - 1]
        beside = bool(before) and before[-1].letter and not token.space and before[0].text not in ("_", "^")
        if (beside and before[-1].text != "d") or not (text := self.word_at(self.i - 1)):
            return False
        end = self.i - 1 + len(text)
        span = token.span.to(self.found[end - 1].span)
        self.i = end
        self.function_word(text, span)
        return True

    def word_at(self, start: int) -> str:
        """The function whose letters stand together from here on, before what it acts on; empty where there is none."""
        end = start + 1
        while end < len(self.found) and self.found[end].letter and not self.found[end].space:
            end += 1
        text = "".join(t.text for t in self.found[start:end])
        acts = text in signs.PLAIN_WORDS and end < len(self.found) and _may_act(text, self.found[end])
        return text if acts else ""

    def function_word(self, text: str, span: Span) -> None:
        """A function by its name, as the command for it."""
        command = "\\" + text
        if command in signs.BIG:
            self.put("BIG", command, span)
        elif text == "ln" or command in signs.FUNCTIONS:
            self.function(Name("log" if text == "ln" else text, command, span=span))
        else:
            self.function(Name(text, rf"\operatorname{{{text}}}", span=span))

    def word(self, token: Tex) -> None:
        """Letters under an upright font switch: one word."""
        start = self.i - 1
        while self.i < len(self.found) and self.found[self.i].letter and not self.found[self.i].space:
            self.i += 1
        self.put_word(self.found[start : self.i], "\\mathrm", token.span.to(self.found[self.i - 1].span))

    def number(self, token: Tex) -> None:
        """Digits that stand together. Directly after a letter they are its label: W1 is W_1."""
        before = self.found[self.i - 2] if self.i > 1 else None
        text, end = token.text, token.span
        while self.i < len(self.found) and not (t := self.found[self.i]).space:
            if t.digit or (t.text == "." and "." not in text and self.peek(1) in _DIGITS):
                text, end = text + t.text, t.span
                self.i += 1
            elif [self.peek(j) for j in range(3)] == ["{", ",", "}"] and self.peek(3) in _DIGITS:
                self.i += 3
            else:
                break
        span = token.span.to(end)
        if len(text) > LONGEST_NUMBER:
            raise Unreadable(span, f"a number of {len(text)} digits; at most {LONGEST_NUMBER} were expected")
        label = before is not None and before.letter and not token.space and not self.script and bool(self.out)
        if label and self.out[-1].type == "LEAF" and isinstance(self.out[-1].node, Name) and text.isdecimal():
            self.put("SUB", "_", span)
            self.braces([Terminal.of("LEAF", text, span, Num(text, span=span))], span)
            return
        if text in ("0", "1") and self.font in _ONES:
            self.leaf(Ones(span=span) if text == "1" else Num("0", span=span), text)
            return
        self.leaf(Num(text, span=span), text)

    def differential(self, token: Tex, near: bool) -> bool:
        r"""dW, \mathrm{d}W: a name with a d before it. `near`: only where nothing stands between."""
        before = self.found[self.i - 2] if self.i > 1 else None
        if near and before is not None and before.letter and not token.space:
            return False
        j = self.i
        while not near and j < len(self.found) and self.found[j].text in signs.NOTHING:
            j += 1
        if j >= len(self.found):
            return False
        following = self.found[j]
        marked = following.text in signs.ACCENTS or following.text in signs.LETTER_FONTS
        if not (following.letter or following.text[1:] in signs.GREEK or marked) or (near and following.space):
            return False
        kept, self.i = self.i, j
        argument, span = self.argument()
        inner = self.inside(argument)
        if len(inner) != 1 or not isinstance(name := inner[0].node, Name):
            self.i = kept
            return False
        d = "d" if near else "\\mathrm{d}"
        gap = " " if not near and name.latex[:1].isalpha() else ""
        self.leaf(Name("d" + name.text, d + gap + name.latex, span=token.span.to(span)))
        return True

    # brackets and rows -------------------------------------------------------------------------------------------

    def brace(self, token: Tex) -> None:
        """Braces show nothing: what they hold stands there as if without, unless scripts are attached to them."""
        self.i -= 1
        content, span = self.argument()
        inner = self.inside(content)
        if not inner:
            return
        if self.out and self.out[-1].type in ("LEAF", "BAD") and any(t.type == "REL" for t in inner):
            raise Unreadable(span, "what is said in these braces is an argument and no statement; it is not understood")
        if self.peek() in ("^", "_", "'"):
            self.braces(inner, span)
        else:
            self.out.extend(inner)

    def unopened(self, token: Tex) -> None:
        raise Unreadable(token.span, "a brace } is closed and was never opened")

    def delimiter(self, token: Tex) -> None:
        r"""\left(, \big|: the sign after it, as a bracket."""
        if self.i >= len(self.found):
            raise Unreadable(token.span, f"nothing follows {token.text}; a bracket was expected")
        sign = self.found[self.i]
        text, span = sign.text, token.span.to(sign.span)
        opens = token.text == "\\left" or token.text.endswith("l")
        closes = token.text == "\\right" or token.text.endswith("r")
        self.i += 1
        if text == ".":
            return
        if token.text == "\\left" and text in ("\\{", "\\lbrace") and self.peek() == "\\begin":
            self.system(span)
        elif text in signs.BARS and (opens or closes):
            kind = "ABS" if signs.BARS[text] == "BAR" else "NORM"
            if closes and self.peek() == "_" and kind == "ABS" and not self.opened_bar():
                raise Unreadable(span, "a bar for the point at which something is taken is not understood")
            self.put(f"{kind}_{'OPEN' if opens else 'CLOSE'}", text, span)
        else:
            self.i -= 1

    def opened_bar(self) -> bool:
        return sum(t.type == "ABS_OPEN" for t in self.out) > sum(t.type == "ABS_CLOSE" for t in self.out)

    def bar(self, token: Tex) -> None:
        self.put(signs.BARS[token.text], token.text, token.span)

    def left_bar(self, token: Tex) -> None:
        self.put(signs.LEFT_BARS[token.text], token.text, token.span)

    def right_bar(self, token: Tex) -> None:
        self.put(signs.RIGHT_BARS[token.text], token.text, token.span)

    def row(self, token: Tex) -> None:
        self.star()
        if self.peek() == "[" and self.peek(1) in _DIGITS | {"-", "."}:
            kept = self.i
            length = self.optional()
            if length is None or not re.fullmatch(r"-?[\d.]+\s*\\?[a-z]+", spell(length)):
                self.i = kept
        self.put("ROW", "\\\\", token.span)

    def environment(self, token: Tex) -> None:
        content, name = self.contents(token)
        plain = name.rstrip("*")
        whole = token.span.to(self.found[self.i - 1].span)
        if plain in signs.MATRICES:
            self.matrix(self.inside(content), plain, whole)
        elif plain == "array":
            self.array(content, whole)
        elif plain in signs.TABLES:
            self.table(content, whole)
        elif plain in signs.ROWS:
            if plain == "eqnarray":
                content = [t for t in content if t.text != "&"]
            inner = self.inside(content)
            self.out.extend(inner)
        else:
            raise Unreadable(token.span, f"the environment {name[:SHORT]} is not understood")

    def array(self, content: Sequence[Tex], span: Span) -> None:
        """A function by cases behind a brace, rows of equations, or else the entries of a matrix."""
        inner = self.inside(content)
        braced = bool(self.out) and self.out[-1].type == "OPEN" and str(self.out[-1]) == "{"
        if braced or any(t.type == "TEXT" for t in inner):
            self.table(content, span)
        elif any(t.type == "REL" for cell in _cells(inner) for t in cell):
            for n, row in enumerate(_split(inner, "ROW")):
                if n:
                    self.put("ROW", "\\\\", span)
                self.out.extend(t for cell in _split(row, "AMP") for t in cell)
        else:
            self.matrix(inner, "matrix", span)

    def matrix(self, inner: Sequence[Terminal], name: str, span: Span) -> None:
        """Rows of entries; one that is blank is a name without letters."""
        if name == "Vmatrix":
            raise Unreadable(span, "the norm of a matrix written out is not understood")
        self.put("MATRIX", name, span)
        rows = [row for row in _split(inner, "ROW") if any(t.type != "GAP" for t in row)]
        for n, row in enumerate(rows):
            if n:
                self.put("ROW", "\\\\", span)
            for k, cell in enumerate(_split(row, "AMP")):
                if k:
                    self.put("AMP", "&", span)
                self.out.extend(_entry(cell) or [Terminal.of("LEAF", "", span, Name("", span=span))])
        self.put("END", "the end of the matrix", span)

    def contents(self, token: Tex) -> tuple[list[Tex], str]:
        r"""What stands between \begin{name} and its \end{name}."""
        name = "".join(t.text for t in self.argument()[0])
        if self.peek() == "[":
            self.optional()
        if name.rstrip("*") in signs.WITH_ARGUMENT and self.peek() == "{":
            self.argument()
        start, depth = self.i, 1
        while self.i < len(self.found):
            text = self.found[self.i].text
            depth += (text == "\\begin") - (text == "\\end")
            if depth == 0:
                content = list(self.found[start : self.i])
                self.i += 1
                self.argument()
                return content, name
            self.i += 1
        raise Unreadable(token.span, f"\\begin{{{name[:SHORT]}}} has no \\end{{{name[:SHORT]}}}")

    def unbegun(self, token: Tex) -> None:
        self.argument()
        raise Unreadable(token.span, "an \\end without its \\begin")

    def table(self, content: Sequence[Tex], span: Span) -> None:
        """Cases: branches of a value and a condition, words like "if" dropped."""
        rows: list[list[Terminal]] = [[]]
        for t in _Reader(content, self.font, self.script, self.depth + 1, table=True).read():
            if t.type == "ROW":
                rows.append([])
            elif t.type != "GAP":
                rows[-1].append(t)
        self.put("CASES", "cases", span)
        first = True
        for row in rows:
            if not row:
                continue
            if not first:
                self.put("ROW", "\\\\", span)
            first = False
            self.out.extend(_branch(row))
        self.put("END", "the end of the cases", span)

    def system(self, span: Span) -> None:
        r"""\left\{ before rows: branches of a function, or several statements held together."""
        self.i += 1
        token = self.found[self.i - 1]
        content, name = self.contents(token)
        if self.peek() == "\\right":
            self.i += 2
        if name.rstrip("*") in signs.ROWS and any(t.text in signs.RELATIONS for t in _first_cell(content)):
            self.out.extend(self.inside(content))
        else:
            self.table(content, span)

    # commands with arguments -------------------------------------------------------------------------------------

    def fraction(self, token: Tex) -> None:
        top, top_span = self.argument()
        bottom, bottom_span = self.argument()
        self.put("FRAC", token.text, token.span)
        self.braces(self.inside(top), top_span)
        self.braces(self.inside(bottom), bottom_span)

    def root(self, token: Tex) -> None:
        degree = self.optional()
        inner, span = self.argument()
        if degree is None:
            self.put("SQRT", token.text, token.span)
            self.braces(self.inside(inner), span)
            return
        self.put("OPEN", "(", token.span)
        self.out.extend(self.inside(inner))
        self.put("CLOSE", ")", span)
        self.put("SUP", "^", span)
        self.put("LB", "{", span)
        self.put("FRAC", "\\frac", span)
        self.braces([Terminal.of("LEAF", "1", span, Num("1", span=span))], span)
        self.braces(self.inside(degree), span)
        self.put("RB", "}", span)

    def accent(self, token: Tex) -> None:
        r"""\hat{X}, \hat{\mathbf{x}}, \hat{x_i}: the accent belongs to the name, the scripts to what it makes."""
        argument, span = self.argument()
        inner = self.inside(argument)
        where = token.span.to(span)
        if inner and isinstance(inner[0].node, Ones):
            self.out.extend(inner)
            return
        name = inner[0].node if inner else None
        if isinstance(name, Applied):
            name = name.name
        if not isinstance(name, Name) or (len(inner) > 1 and not _scripts(inner[1:])):
            raise Unreadable(where, f"{token.text} over more than one quantity is not understood")
        accented = Name(f"{signs.ACCENTS[token.text]} {name.text}", f"{token.text}{{{name.latex}}}", span=where)
        self.leaf(accented)
        self.out.extend(inner[1:])

    def letters(self, token: Tex) -> None:
        r"""\mathbf{x}, \mathcal{L}: each letter by itself."""
        self.star()
        argument, span = self.argument()
        where = token.span.to(span)
        only = "".join(t.text for t in argument)
        if token.text in ("\\mathbb", "\\mathds") and only == "R":
            self.put("LEAF", "\\mathbb{R}", where, Space((), span=where))
            return
        if only in signs.WORDS and len(only) > 1:
            self.put_word(argument, token.text, where)
            return
        inner = self.inside(argument, font=token.text)
        if len(inner) == 1 and inner[0].node is not None:
            node = inner[0].node
            self.leaf(_moved(node, where), str(inner[0]))
            return
        if only.startswith("d") and (spelled := self.spelled_gradient(token.text, argument)) is not None:
            self.leaf(_moved(spelled, where), spelled.latex)
            return
        self.out.extend(inner)

    def spelled_gradient(self, font: str, argument: Sequence[Tex]) -> Name | None:
        r"""\mathbf{dx}, \mathbf{d\hat x}: a d before one name under one font is no factor."""
        at = next(i for i, t in enumerate(argument) if t.text == "d")
        inner = self.inside(argument[at + 1 :], font=font)
        name = inner[0].node if len(inner) == 1 else None
        if not isinstance(name, Name):
            return None
        return Name("d" + name.text, f"{font}{{{spell(argument)}}}", span=name.span)

    def words(self, token: Tex) -> None:
        r"""\mathrm{softmax}, \operatorname{diag}: one word."""
        self.star()
        argument, span = self.argument()
        where = token.span.to(span)
        argument = [t for t in argument if t.text not in signs.NOTHING]
        only = "".join(t.text for t in argument).replace(r"\_", "_")
        if only == "d" and self.differential(Tex("d", token.span), near=False):
            return
        if token.text == "\\operatorname" and argument and argument[0].text in signs.WORD_FONTS:
            self.out.extend(self.inside(argument))
        elif not self.script and self.is_remark(token.text, argument):
            self.put("TEXT", _said(argument), where)
        elif re.fullmatch(r"[^\W_][\w-]*", only) and argument[0].letter:
            self.put_word(argument, token.text, where)
        elif argument and argument[0].text in ("^", "_"):
            self.out.extend(self.inside(argument, font=""))
        else:
            self.out.extend(self.inside(argument, font=token.text if only.isalnum() else ""))

    def is_remark(self, font: str, argument: Sequence[Tex]) -> bool:
        r"""\mathrm{and}, \textrm{, with gradient}: words between formulas, and no name."""
        words = _said(argument).lower().replace(",", " ").replace(".", " ").split()
        if any(t.command for t in argument) or not all(map(str.isalpha, words)) or self.peek() in _AFTER_WORD:
            return False
        apart = len(words) > 1 or any(t.space or t.text == "," for t in argument[:1])
        return (apart and font in signs.TEXT_FONTS) or (len(words) == 1 < len(words[0]) and words[0] in signs.KEYWORDS)

    def put_word(self, argument: Sequence[Tex], font: str, span: Span) -> None:
        text = "".join(t.text for t in argument)
        command = "\\mathrm" if font in signs.SWITCHES | signs.TEXT else font
        latex = f"{command}{{{text}}}"
        text = text.replace(r"\_", "_")
        name = Name(text, latex, span=span)
        if len(text) == 1 and font != "\\operatorname":
            self.leaf(name)
        elif text in ("max", "min", "ln"):
            self.function_word(text, span)
        else:
            self.function(name, bare=not self.script and (font == "\\operatorname" or text in signs.WORDS))

    def switch(self, token: Tex) -> None:
        r"""{\bf x}: the font holds to the end of the braces."""
        self.font = token.text

    def text(self, token: Tex) -> None:
        r"""\text{..}: a word that stands for a quantity, or a remark, with mathematics inside where it has some."""
        self.star()
        argument, span = self.argument()
        where = token.span.to(span)
        parts: list[list[Tex]] = [[]]
        for t in argument:
            if t.text == "$" or t.text in ("\\(", "\\)"):
                parts.append([])
            else:
                parts[-1].append(t)
        if len(parts) == 1 and _said(argument) == "d" and self.differential(Tex("d", token.span), near=False):
            return
        for n, part in enumerate(parts):
            if n % 2:
                self.out.extend(self.inside(part))
                continue
            condition = _condition_at(part) if self.table_row else None
            if condition is not None:
                self.put("TEXT", "if", where)
                self.out.extend(self.inside(part[condition:]))
                continue
            said = _said(part)
            padded = bool(part) and part[0].space
            if len(parts) == 1 and (self.script or (not padded and self.quantity(said))):
                self.put_word([Tex(said, where)], token.text, where)
            elif said:
                self.put("TEXT", said, where)

    def quantity(self, said: str) -> bool:
        r"""Whether a \text{word} stands where a quantity does: never dropped as a remark where it might be one."""
        if not re.fullmatch(r"[^\W\d_][\w-]*", said) or said.lower() in signs.KEYWORDS:
            return False
        if self.peek() in _AFTER_WORD or self.peek() in signs.RELATIONS or said in signs.PLAIN_WORDS:
            return True
        before = self.out[-1].type if self.out else "ROW"
        return before not in ("ROW", "AMP", "GAP", "TEXT", "COMMA", "SEMI", "ARROW")

    def dropped(self, token: Tex) -> None:
        self.star()
        for _ in range(signs.DROPPED[token.text]):
            self.optional()
            self.argument()

    def space(self, token: Tex) -> None:
        r"""\hspace{1cm}: as wide as a \quad it separates formulas, else it shows nothing."""
        self.star()
        argument, span = self.argument()
        if _is_wide(spell(argument)):
            self.put("GAP", token.text, token.span.to(span))

    def last(self, token: Tex) -> None:
        r"""\textcolor{red}{x}, \underbrace{x}_{..}, \boxed{x}: the mathematics in it."""
        count = signs.LAST[token.text]
        before: list[Tex] = []
        for _ in range(count - 1):
            self.optional()
            before = self.argument()[0]
        self.optional()
        argument, span = self.argument()
        if token.text.startswith(("\\underb", "\\overb")):
            while self.peek() in ("_", "^"):
                self.i += 1
                self.argument()
        inner = self.inside(argument)
        if token.text == "\\substack":
            for t in inner:
                self.out.append(Terminal.of("COMMA", ",", t.span) if t.type == "ROW" else t)
            return
        if len(inner) == 1 and inner[0].type == "REL":
            defined = "def" in spell(before).lower() or spell(before).strip() == "\\triangle"
            self.put("REL", ":=" if defined else str(inner[0]), token.span.to(span))
            return
        beside = bool(self.out) and self.out[-1].type in ("LEAF", "CLOSE", "RB", "TIMES", "SLASH", "BINOP")
        box = "box" in token.text and all(t.type not in _SEPARATORS for t in inner)
        if box and any(t.type in ("PLUS", "MINUS") for t in inner) and (beside or self.peek() in _FACTORS):
            self.put("OPEN", "(", token.span)
            self.out.extend(inner)
            self.put("CLOSE", ")", span)
        elif self.peek() in ("^", "_", "'"):
            self.braces(inner, span)
        else:
            self.out.extend(inner)

    def negated(self, token: Tex) -> None:
        if self.peek() == "=":
            self.i += 1
            self.put("REL", "!=", token.span)
        else:
            raise Unreadable(token.span, "\\not before this sign is not understood")

    def colon(self, token: Tex) -> None:
        if self.peek() == "=":
            self.i += 1
            self.put("REL", ":=", token.span.to(self.found[self.i - 1].span))
        elif self.script:
            self.leaf(Name(":", ":", span=token.span))
        else:
            self.put("REL", ":", token.span)

    def point(self, token: Tex) -> None:
        if self.peek() == "." and self.peek(1) == ".":
            self.i += 2
            self.leaf(Dots(span=token.span.to(self.found[self.i - 1].span)), "...")
        else:
            self.put("SEMI", ".", token.span)

    def dots(self, token: Tex) -> None:
        self.leaf(Dots(span=token.span), token.text)

    def sign(self, token: Tex) -> None:
        self.leaf(Sign(token.text[1:], span=token.span), token.text)

    def logarithm(self, token: Tex) -> None:
        self.function(Name("log", token.text, span=token.span))

    def infinity(self, token: Tex) -> None:
        self.name("infty", "\\infty", token.span)

    def every(self, token: Tex) -> None:
        self.put("TEXT", "for all", token.span)

    def placeholder(self, token: Tex) -> None:
        r"""\cdot, * and \bullet in a script: every value of that index."""
        alone = not self.out or self.out[-1].type in ("COMMA",) or self.peek() in ("", ",")
        if self.out and self.out[-1].type in ("OPEN", "COMMA") and self.peek() in (")", ",") and not self.script:
            self.leaf(Name(":", token.text, span=token.span))  # f(\cdot)
        elif self.script == "sub" and alone:
            self.leaf(Name(":", token.text, span=token.span))
        elif token.text == "\\bullet":
            self.put("BAD", _unknown(token.text), token.span)
        else:
            self.put("TIMES", token.text, token.span)

    # scripts -----------------------------------------------------------------------------------------------------

    def subscript(self, token: Tex) -> None:
        argument, span = self.argument()
        inner = self.inside(argument, font="", script="sub")
        if [t.type for t in inner].count("BAR") == 1 and "BAR" not in (inner[0].type, inner[-1].type):
            label = spell(argument)  # x_{k|k-1}
            inner = [Terminal.of("LEAF", label, span, Name(f"at {label}", label, span=span))]
        elif inner and (sign := _sign_of_numbers(inner)):
            inner = [Terminal.of("LEAF", sign, span, Name(sign, sign, span=span))]
        if inner:
            self.put("SUB", "_", token.span)
            self.braces(inner, span)

    def superscript(self, token: Tex) -> None:
        argument, span = self.argument()
        where = token.span.to(span)
        inner = self.inside(argument, font="", script="sup")
        if not inner:
            return
        letter = len(inner) == 1 and inner[0].type == "LEAF" and self.takes_no_transpose()
        kinds = [""] if letter else [_mark(t) for t in inner]
        if all(kind == "prime" for kind in kinds):
            self.primed(sum(len(t) for t in inner), where)
        elif kinds == ["transpose"]:
            self.put("TRANSPOSE", "^\\top", where)
        elif kinds[1:] == ["transpose"] and inner[0].type == "MINUS":
            self.put("INVERSE_TRANSPOSE", "^{-\\top}", where)
        elif len(inner) == 1 and (inner[0].type in ("PLUS", "MINUS", "TIMES") or str(inner[0]) in _MARKS):
            text = _MARKS.get(str(inner[0]), str(inner[0]))
            self.put("SUP", "^", token.span)
            self.braces([Terminal.of("LEAF", text, where, Name(text, str(inner[0]), span=where))], span)
        elif inner[0].type == "BINOP" and len(inner) == 2:
            self.put("POWER", "^", token.span)
            self.braces(inner[1:], span)
        elif kinds[-1] in ("transpose", "prime") and (str(inner[-1]) != "T" or inner[-2].type == "CLOSE"):
            self.put("SUP", "^", token.span)
            self.braces(inner[:-1], span)
            self.put(kinds[-1].upper(), "'" if kinds[-1] == "prime" else "^\\top", where)
        else:
            self.put("SUP", "^", token.span)
            self.braces(inner, span)

    def takes_no_transpose(self) -> bool:
        r"""Whether a T that comes next is the limit of a \sum or a size, \mathbb{R}^T."""
        if self.out and isinstance(self.out[-1].node, Space):
            return True
        at, depth = len(self.out) - 1, 0
        while at >= 0 and (depth or self.out[at].type == "RB"):
            depth += (self.out[at].type == "RB") - (self.out[at].type == "LB")
            at -= 1 if depth else 2
        return at >= 0 and self.out[at].type == "BIG"

    def prime(self, token: Tex) -> None:
        count = 1
        while self.peek() == "'":
            self.i += 1
            count += 1
        self.primed(count, token.span.to(self.found[self.i - 1].span))

    def primed(self, count: int, span: Span) -> None:
        if count > MOST_PRIMES:
            raise Unreadable(span, f"{count} primes in a row; at most {MOST_PRIMES} were expected")
        self.put("PRIME", "'" * count, span)

    def raised_prime(self, token: Tex) -> None:
        self.put("PRIME", "'", token.span)

    def raised_top(self, token: Tex) -> None:
        self.put("TRANSPOSE", "\\top", token.span)

    def matrix_product(self, token: Tex) -> None:
        self.put("TIMES", "@", token.span)

    def raised_mark(self, token: Tex) -> None:
        self.leaf(Name(_MARKS[token.text], token.text, span=token.span), token.text)


_DIGITS = frozenset("0123456789")
_BEFORE_BRACKET = frozenset({"\\left", *signs.SIZES})
_ELEMENTARY = frozenset({"log", "ln", "exp", "sin", "cos", "tanh"})
_FRACTIONS = ("\\frac", "\\dfrac", "\\tfrac", "\\cfrac", "\\nicefrac", "\\sfrac")
_BEFORE_QUANTITY = frozenset({*_FRACTIONS, *signs.ACCENTS, *signs.LETTER_FONTS})
_ONES = frozenset({"\\mathbf", "\\mathbb", "\\bm", "\\boldsymbol", "\\pmb", "\\mathds", "\\mathbbm", "\\bf", "\\symbf"})
_MARKS = {"+": "+", "-": "-", "*": "*", "\\ast": "*", "\\star": "star", "\\dagger": "dagger"}
_TRANSPOSES = frozenset(
    {"T", "\\mathsf{T}", "\\mathrm{T}", "\\mathsf{t}", "\\mathrm{t}", "\\text{T}", "\\mathbf{T}", "\\mathit{T}"}
)
_SEPARATORS = frozenset({"REL", "ROW", "AMP", "GAP", "SEMI", "ARROW", "TEXT", "COMMA"})
_AFTER_WORD = frozenset(
    {"(", "_", "^", "'", "\\left", "\\big", "\\bigl", "\\Bigl", "+", "-", "*", "/", "\\cdot", "\\odot"}
)
_FACTORS = frozenset({"(", "[", "\\left", "\\cdot", "*", "\\odot", "^", "_", "'", "/"})

_DIRECT = (
    {"&": "AMP", "+": "PLUS", "-": "MINUS", ",": "COMMA", ";": "SEMI", "/": "SLASH", "\\div": "SLASH", "\\cr": "ROW"}
    | dict.fromkeys(signs.ARROWS, "ARROW")
    | dict.fromkeys(signs.BINARY, "BINOP")
    | dict.fromkeys(signs.BIG, "BIG")
    | dict.fromkeys(signs.GAPS, "GAP")
)

_HANDLERS: dict[str, Callable[[_Reader, Tex], None]] = {
    "{": _Reader.brace,
    "}": _Reader.unopened,
    "^": _Reader.superscript,
    "_": _Reader.subscript,
    "'": _Reader.prime,
    "\\prime": _Reader.raised_prime,
    "\\top": _Reader.raised_top,
    "\\intercal": _Reader.raised_top,
    "\\\\": _Reader.row,
    "\\begin": _Reader.environment,
    "\\end": _Reader.unbegun,
    "\\left": _Reader.delimiter,
    "\\right": _Reader.delimiter,
    "\\middle": _Reader.delimiter,
    "\\sqrt": _Reader.root,
    "\\ln": _Reader.logarithm,
    "\\not": _Reader.negated,
    ":": _Reader.colon,
    "\\colon": _Reader.colon,
    ".": _Reader.point,
    "\\partial": _Reader.sign,
    "\\nabla": _Reader.sign,
    "\\forall": _Reader.every,
    "\\bullet": _Reader.placeholder,
    signs.MATRIX_PRODUCT: _Reader.matrix_product,
    "\\infin": _Reader.infinity,
    "\\star": _Reader.raised_mark,
    "\\dagger": _Reader.raised_mark,
}
for _names, _handler in (
    (_FRACTIONS, _Reader.fraction),
    (signs.SIZES, _Reader.delimiter),
    (signs.BARS, _Reader.bar),
    (signs.LEFT_BARS, _Reader.left_bar),
    (signs.RIGHT_BARS, _Reader.right_bar),
    (signs.ACCENTS, _Reader.accent),
    (signs.LETTER_FONTS - signs.SWITCHES, _Reader.letters),
    (signs.WORD_FONTS - signs.SWITCHES, _Reader.words),
    (signs.SWITCHES, _Reader.switch),
    (signs.TEXT, _Reader.text),
    (signs.DROPPED, _Reader.dropped),
    (signs.SPACES, _Reader.space),
    (signs.LAST, _Reader.last),
    (signs.DOTS, _Reader.dots),
    (signs.TIMES, _Reader.placeholder),
):
    _HANDLERS.update(dict.fromkeys(_names, _handler))

_UNREAD = {
    "!": "a factorial is not understood",
    "\\int": "an integral is not understood",
    "\\lim": "a limit is not understood",
    "\\over": "\\over is not understood; \\frac was expected",
    "\\circledast": "a convolution is not understood",
    "\\oint": "an integral is not understood",
    "\\iint": "an integral is not understood",
    "\\limsup": "a limit is not understood",
    "\\liminf": "a limit is not understood",
    "\\Pr": "a probability is not read",
}


def _unknown(text: str) -> str:
    if text in _UNREAD:
        return _UNREAD[text]
    kind = "command" if text[0] == "\\" and len(text) > 1 else "sign"
    return f"the {kind} {text[:SHORT]} is not understood"


def _sign_of_numbers(inner: Sequence[Terminal]) -> str:
    r"""+, ++, > and >= of \mathbb{R}_+, \mathbb{R}_{++}, \mathbb{R}_{>0} and \mathbb{R}_{\geq 0}."""
    if all(t.type == "PLUS" for t in inner) and len(inner) < 3:
        return "+" * len(inner)
    compared = len(inner) == 2 and inner[0].type == "REL" and str(inner[1]) == "0"
    return str(inner[0]) if compared and str(inner[0]) in (">", ">=") else ""


def _condition_at(part: Sequence[Tex]) -> int | None:
    """Where in the words of a case its condition begins: at i of "if i = j", and at k of "if k " before a formula."""
    end = next((i for i, t in enumerate(part) if not t.letter or (i and t.space)), len(part))
    start = end if "".join(t.text for t in part[:end]).lower() in _CONDITION_WORDS else 0
    rest = part[start:]
    words = any(a.letter and b.letter and not b.space for a, b in itertools.pairwise(rest))
    related = any(t.text in signs.RELATIONS for t in rest)
    one = bool(rest) and (rest[0].letter or rest[0].digit) and not any(t.space for t in rest[1:])
    alone = one and (len(rest) > 1 or rest[0].text not in "aAI")
    return start if not words and ((start and related) or alone) else None


def _split(found: Sequence[Terminal], kind: str) -> list[list[Terminal]]:
    """Between the terminals of one kind, outside of the bodies of commands."""
    parts: list[list[Terminal]] = [[]]
    depth = 0
    for t in found:
        depth += (t.type in ("LB", "CASES", "MATRIX")) - (t.type in ("RB", "END"))
        if t.type == kind and depth == 0:
            parts.append([])
        else:
            parts[-1].append(t)
    return parts


def _cells(found: Sequence[Terminal]) -> list[list[Terminal]]:
    return [cell for row in _split(found, "ROW") for cell in _split(row, "AMP")]


def _entry(cell: Sequence[Terminal]) -> list[Terminal]:
    """A cell without the spaces and the signs that end it."""
    kept = [t for t in cell if t.type != "GAP"]
    while kept and kept[-1].type in ("COMMA", "SEMI"):
        kept.pop()
    return kept


def _over(found: Sequence[Tex]) -> int | None:
    r"""Where \over stands, outside of braces."""
    depth = 0
    for i, t in enumerate(found):
        depth += opens(t.text)
        if depth == 0 and t.text == "\\over":
            return i
    return None


def _may_act(word: str, after: Tex) -> bool:
    """Whether plain letters before this are the function of that name, and no product of letters."""
    if after.text in signs.OPENING or after.text in _BEFORE_BRACKET:
        return True
    if after.text == "_":
        return word in ("max", "min", "log")
    quantity = after.text[1:] in signs.GREEK or after.text in _BEFORE_QUANTITY
    return word in _ELEMENTARY and (quantity or (after.space and (after.letter or after.digit)))


def _mark(t: Terminal) -> str:
    """Says "transpose" and "prime" of what a superscript may say instead of an exponent."""
    if t.type == "TRANSPOSE" or (t.type == "LEAF" and str(t) in _TRANSPOSES):
        return "transpose"
    return "prime" if t.type == "PRIME" else ""


def _scripts(rest: Sequence[Terminal]) -> bool:
    """Whether these terminals are scripts alone, none of them a factor."""
    depth = 0
    for t in rest:
        depth += (t.type == "LB") - (t.type == "RB")
        if depth == 0 and t.type not in ("SUB", "SUP", "RB", "PRIME", "TRANSPOSE", "INVERSE_TRANSPOSE"):
            return False
    return True


def _is_wide(length: str) -> bool:
    """Whether a length is at least that of a \\quad."""
    m = re.fullmatch(r"\s*([\d.]+)\s*\\?([a-z]+)\s*", length)
    try:
        return m is not None and float(m[1]) * _POINTS.get(m[2], 0.0) >= _POINTS["em"]
    except ValueError:
        return False


_POINTS = {
    "em": 10.0, "ex": 4.3, "pt": 1.0, "bp": 1.0, "px": 0.75, "mm": 2.85, "cm": 28.5, "in": 72.3, "pc": 12.0, "mu": 0.56,
    "textwidth": 345.0, "linewidth": 345.0, "columnwidth": 345.0, "quad": 10.0,
}  # fmt: skip
"""Units of length, in points of a type of ten."""


def _moved(node: Node, span: Span) -> Node:
    return replace(node, span=span)


def _said(found: Sequence[Tex]) -> str:
    """The words of a text, styles dropped."""
    return spell([t for t in found if not t.command]).strip()


def _first_cell(content: Sequence[Tex]) -> Sequence[Tex]:
    """The tokens before the second column."""
    seen = 0
    for i, t in enumerate(content):
        seen += t.text == "&"
        if seen == 2 or t.text == "\\\\":
            return content[:i]
    return content


def _branch(row: Sequence[Terminal]) -> list[Terminal]:
    """One row of cases: value AMP condition."""
    value: list[Terminal] = []
    condition: list[Terminal] = []
    at = value
    otherwise = False
    for t in row:
        if t.type == "AMP" or (t.type == "TEXT" and at is value):
            at = condition
        if t.type == "TEXT":
            words = str(t).lower().strip(" ,.;:").split()
            otherwise = otherwise or bool(_OTHERWISE & set(words))
            if not set(words) <= _CONDITION_WORDS:
                return [Terminal.of("BAD", f"the condition {str(t)[:SHORT]!r} is not understood", t.span)]
        elif t.type != "AMP":
            at.append(t)
    if not condition and not otherwise:  # a, i = j
        first = next((i for i, t in enumerate(value) if t.type == "REL"), 0)
        comma = next((i for i in reversed(range(first)) if value[i].type == "COMMA"), None)
        value, condition = (value, []) if comma is None else (value[:comma], value[comma:][1:])
        at = condition
    for cell in (value, condition):
        while cell and cell[-1].type in ("COMMA", "SEMI"):
            cell.pop()
    if otherwise and condition:
        condition.clear()
    if at is value or not condition:
        return value
    return [*value, Terminal.of("AMP", "&", condition[0].span), *condition]


_OTHERWISE = frozenset({"otherwise", "else", "elsewhere", "other", "others", "sonst", "sinon", "否则", "其他", "其余"})
_CONDITION_WORDS = _OTHERWISE | frozenset(
    {"if", "for", "when", "where", "in", "all", "cases", "and", "wenn", "falls", "für", "si", "pour", "当", "时", "若"}
)
"""What a text says in a case beside the condition itself."""
