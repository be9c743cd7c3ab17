"""An input error says where, what was found, what was expected and what to do."""

from __future__ import annotations

from symjac.core.errors import InputError, Place


def test_render_marks_the_place() -> None:
    place = Place("net.yaml", 3, 9, "layers: [dens: 50]").within(1)
    text = InputError(place, "unknown layer 'dens'", "a layer of the library", "did you mean 'dense'?").render()
    assert text.splitlines() == [
        "net.yaml:3:10: error: unknown layer 'dens'",
        "  | layers: [dens: 50]",
        "  |          ^",
        "  expected: a layer of the library",
        "  help: did you mean 'dense'?",
    ]


def test_render_says_only_what_is_known() -> None:
    assert InputError(Place("net.yaml", 1, 1), "the file is empty").render() == "net.yaml:1:1: error: the file is empty"
