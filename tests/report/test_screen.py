"""What is said on a screen: places, marks, faults, the summary; nothing of a stranger's text acts on the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from symjac.core.errors import WIDEST
from symjac.equality.outcome import Counterexample
from symjac.notation.tree import Span
from symjac.report.places import LineIndex, safe
from symjac.report.screen import MOST_UNREAD, MOST_VALUES, lines
from symjac.report.words import summary
from symjac.verify.verdict import Judged
from tests.report.made import NOTES, RESULT, claim, fault, judged, unread


def shown(*results: Judged, verbose: bool = False, terminal: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, width=40, highlight=False, soft_wrap=True, force_terminal=terminal)
    for line in lines(results, verbose):
        console.print(line)
    return file.getvalue()


def test_all_of_it() -> None:
    assert shown(RESULT) == (
        r"""notes.md:6:1: refuted: the sign is wrong
  | \frac{\partial L}{\partial y} = t - y
  |                                 ^~~~~
  right: \frac{\partial L}{\partial y} = y - t
  counterexample at m = 2, n = 3:
    y = [1, 2]
    t = [0, 5]
    entry 1: claimed -1, derived 1
notes.md:9:58: other convention: right in numerator layout
  | so $\frac{\partial L}{\partial W} = (y - t) x^\top$ and $\frac{\partial L}{\partial x} = (y - t)^\top W$,
  |                                                                                          ^~~~~~~~~~~~~~
  note: in the declared layout it is the transpose
notes.md:11:31: doubtful: right only if A is symmetric
  | For $q = x^\top A x$ we have $\frac{\partial q}{\partial x} = 2 A x$.
  |                                                               ^~~~~
  note: taken: A is n x n
notes.md:10:52: not read: the bracket { is never closed
  | while $\frac{\partial L}{\partial t} = t - y$ and $x = \{$.
  |                                                    ^~~~~~
5 claims: 1 proved, 1 agrees, 1 other convention, 1 doubtful, 1 refuted; """
        "2 equations were not claims; 1 could not be read\n"
    )


def test_verbose_shows_what_holds_and_how() -> None:
    said = shown(RESULT, verbose=True)
    assert "notes.md:9:5: proved: canonical form, all sizes\n  | \\frac{\\partial L}{\\partial W} = (y - t)" in said
    assert "notes.md:10:8: agrees: random points: error below 1e-30" in said
    assert "  by: canonical form, all sizes" in said
    assert said.count("notes.md:3:1: not a claim\n  | L = ...\n") == 2


def test_the_part_at_fault_is_marked() -> None:
    text = "so $dL/dW = 2 x x'$ and\n"
    one = claim(text, "dL/dW = 2 x x'", "refuted", fault(text, "the factor is wrong", at="2"))
    said = shown(judged(text, [one])).splitlines()
    assert said[1:3] == [f"  | {text.strip()}", "  |             ^"]


def test_a_part_over_several_lines_is_marked_on_each() -> None:
    text = "$$\n  dL/dW =\n    a b\n\n    + c\n$$\n"
    one = claim(text, "dL/dW =\n    a b\n\n    + c", "refuted", fault(text, "no"))
    said = shown(judged(text, [one])).splitlines()
    assert said[0] == "notes.md:2:3: refuted: no"
    assert said[1:5] == ["  |     a b", "  |     ^~~", "  |     + c", "  |     ^~~"]


@pytest.mark.parametrize("before", [0, 30, 300])
@pytest.mark.parametrize("behind", [0, 300])
def test_a_long_line_is_shown_in_part(before: int, behind: int) -> None:
    text = "x" * before + "$dL/dW = WRONG$" + "y" * behind
    one = claim(text, "dL/dW = WRONG", "refuted", fault(text, "no", at="WRONG"))
    _, line, mark, *_ = shown(judged(text, [one])).splitlines()
    assert len(line) <= WIDEST + 10
    assert line[mark.index("^") : mark.rindex("~") + 1] == "WRONG"


def test_a_mark_ends_with_what_is_shown() -> None:
    text = "$dL/dW = " + "W" * 500 + "$"
    one = claim(text, text.strip("$"), "refuted", fault(text, "no"))
    _, line, mark, *_ = shown(judged(text, [one])).splitlines()
    assert len(mark) <= len(line)


def test_wide_and_combining_letters_keep_the_mark_in_place() -> None:
    text = "積分 é $dL/dW = W$"
    one = claim(text, "dL/dW = W", "refuted", fault(text, "no"))
    _, _, mark, *_ = shown(judged(text, [one])).splitlines()
    assert mark == "  | " + " " * (4 + 1 + 1 + 1 + 1 + 8) + "^"


def test_a_file_with_windows_line_ends() -> None:
    text = "a\r\n$dL/dW = W$\r\n"
    said = shown(judged(text, [claim(text, "dL/dW = W", "refuted", fault(text, "no"))]))
    assert said.startswith("notes.md:2:2: refuted: no\n  | $dL/dW = W$\n  |          ^\n")


def test_nothing_acts_on_the_terminal() -> None:
    text = "\x1b]0;title\x07 $dL/dW = \x1b[31mW\u202e$ [red]"
    point = Counterexample((), (("W", "\x1b[2J"),), "", "\x1b", "0")
    one = claim(text, "dL/dW = \x1b[31mW\u202e", "refuted", fault(text, "\x1b[1m", formula="\x1b[2J"), point, ("\x9b",))
    said = shown(judged(text, [one], [unread(text, "\x1b]0;", "\x1b")], file="\x1b.md"), verbose=True)
    assert not set("\x1b\x07\x9b\u202e") & set(said)
    assert "[red]" in said


def test_colour_on_a_terminal_only() -> None:
    assert "\x1b[" in shown(RESULT, terminal=True)
    assert "\x1b[" not in shown(RESULT)


def test_a_counterexample_with_many_values_is_cut() -> None:
    point = Counterexample((), tuple((f"x{i}", "0") for i in range(MOST_VALUES + 3)), "", "1", "2")
    text = "$dL/dW = W$"
    said = shown(judged(text, [claim(text, "dL/dW = W", "refuted", fault(text, "no"), point)]))
    assert "  counterexample:\n" in said
    assert f"x{MOST_VALUES - 1} = 0\n    and 3 more\n    claimed 1, derived 2\n" in said


def test_files_are_said_one_after_the_other_and_counted_together() -> None:
    other = judged("$y = 1/2k$", (), [unread("$y = 1/2k$", "1/2k", "ambiguous", file="b.md")], file="b.md")
    said = shown(other, RESULT).splitlines()
    assert [line.split(":")[0] for line in said if ": not read" in line] == ["b.md", "notes.md"]
    assert said[-1].endswith("; 2 could not be read")


def test_of_much_that_was_not_read_the_first_is_listed() -> None:
    text = " ".join(f"q_{{{n}}} = ;" for n in range(MOST_UNREAD + 3))
    result = judged(text, (), [unread(text, f"q_{{{n}}} = ;", "?") for n in range(MOST_UNREAD + 3)])
    said = shown(result)
    assert said.count("not read: ?") == MOST_UNREAD
    assert said.endswith("3 more were not read; -v lists them\n0 claims; 23 could not be read\n")
    assert shown(result, verbose=True).count("not read: ?") == MOST_UNREAD + 3


V = ("proved", "agrees", "other_convention", "doubtful", "refuted", "undecided")


@pytest.mark.parametrize(
    ("counts", "others", "not_read", "says"),
    [
        ((30, 2, 1, 3, 7, 1), 12, 0, "44 claims: 30 proved, 2 agree, 1 other convention, 3 doubtful, 7 refuted, "
         "1 undecided; "
         "12 equations were not claims"),
        ((1, 0, 0, 0, 0, 0), 1, 0, "1 claim: 1 proved; 1 equation was not a claim"),
        ((0, 1, 0, 0, 0, 0), 0, 3, "1 claim: 1 agrees; 3 could not be read"),
        ((0, 0, 2, 0, 0, 2), 0, 0, "4 claims: 2 other convention, 2 undecided"),
        ((0, 0, 0, 0, 0, 0), 2, 1, "0 claims; 2 equations were not claims; 1 could not be read"),
    ],
)  # fmt: skip
def test_the_summary(counts: tuple[int, ...], others: int, not_read: int, says: str) -> None:
    text = "dL/dW = W"
    claims = [claim(text, text, verdict) for verdict, n in zip(V, counts, strict=True) for _ in range(n)]
    assert summary([judged(text, claims, [unread("x", "x", "?")] * not_read, others)]) == says


# --- places ---


@pytest.mark.parametrize(
    ("offset", "place"), [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (4, (3, 1)), (6, (3, 3)), (99, (3, 3))]
)
def test_places_count_from_one(offset: int, place: tuple[int, int]) -> None:
    assert LineIndex("ab\n\ncd").at(offset) == place


def test_parts_of_an_empty_span() -> None:
    assert [(p.line, p.start, p.end) for p in LineIndex("ab\ncd").parts(Span(4, 4))] == [(2, 1, 1)]


def test_safe_keeps_length() -> None:
    assert safe("a\tb\x1b\ud800∂") == "a b\ufffd\ufffd∂"
    assert len(safe(NOTES)) == len(NOTES)
