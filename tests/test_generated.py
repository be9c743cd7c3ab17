"""`generated/` holds what the examples give today. `python -m tests.test_generated` writes it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from symjac.cli import FORMATS
from symjac.codegen.numpy_code import generate
from symjac.core.files import write_whole
from symjac.documents.document import document
from tests.nets import EXAMPLES, ROOT, example

GENERATED = ROOT / "generated"


def outputs(spec: Path) -> dict[str, str]:
    """File name: text, as `symjac build` writes them."""
    derivation = example(spec.stem)
    texts = {f"{spec.stem}.{ending}": document(derivation, form) for form, ending in FORMATS.items()}
    return texts | {f"{spec.stem}.py": generate(derivation)}


@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda spec: spec.stem)
def test_generated_is_what_the_example_gives(spec: Path) -> None:
    for name, text in outputs(spec).items():
        found = (GENERATED / name).read_text(encoding="utf-8")
        assert found == text, f"generated/{name} is not what {spec.name} gives: python -m tests.test_generated"


def test_nothing_else_is_generated() -> None:
    expected = {f"{spec.stem}.{ending}" for spec in EXAMPLES for ending in (*FORMATS.values(), "py")}
    assert {path.name for path in GENERATED.iterdir() if not path.name.startswith((".", "__"))} == expected


if __name__ == "__main__":
    for example in EXAMPLES:
        for file_name, content in outputs(example).items():
            write_whole(GENERATED / file_name, content.encode())
