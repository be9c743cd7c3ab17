"""Every kind of bad spec gives one clear error: where it is, what is wrong, and never anything but InputError."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest

from symjac.core.errors import InputError
from symjac.model.build import build_stack, load_spec

GOOD = {
    "name": "name: net",
    "input": "input: X[k, 4]",
    "layers": "layers: [dense: 3, sigmoid, dense: 2, softmax]",
    "loss": "loss: cross_entropy",
}


def text(**lines: str) -> str:
    """The good spec with lines replaced, added, or (empty) left out."""
    return "\n".join(line for line in {**GOOD, **lines}.values() if line) + "\n"


def layers(*items: str) -> str:
    return text(layers="layers:\n" + "\n".join(f"  - {item}" for item in items))


def activation(formula: str, **more: str) -> str:
    extra = "".join(f"\n      {key}: {value}" for key, value in more.items())
    return text(
        layers="layers: [dense: 3, mine, dense: 2, softmax]",
        define=f"define:\n  activations:\n    mine:\n      formula: {formula}{extra}",
    )


def layer(formula: str, parameters: str = "{W: {shape: [n1, 3]}}", more: str = "") -> str:
    """The good spec with a first layer of its own; its formula stands in line 11."""
    own = f"parameters: {parameters}\n          formula: {formula}{more}"
    return text(
        layers="layers: [mine, dense: 2, softmax]",
        define=f"define:\n  layers:\n    mine:\n      forms:\n        - input: X[k, n1]\n          {own}",
    )


def update(formulas: str, more: str = "") -> str:
    """The good spec with an update of its own, in line 5; its formulas begin at column 20."""
    return text(u=f"update: {{formulas: {formulas}{more and ', ' + more}}}")


# kind, spec, line:column, part of the message
BAD: list[tuple[str, str | bytes, str, str]] = [
    # ---- files and YAML
    ("empty file", "", "1:1", "the file is empty"),
    ("only a comment", "# nothing\n", "1:1", "the file is empty"),
    ("not a mapping", "- dense: 3\n", "1:1", "the spec is a list"),
    ("just a word", "network\n", "1:1", "the spec is 'network'"),
    ("binary file", b"\x89PNG\r\n\x1a\n\x00\x00", "1:1", "is not UTF-8"),
    ("zero bytes", b"name: net\x00\n", "1:10", "control character U+0000"),
    ("not UTF-8", "name: net\n# caf\u00e9\n".encode("latin-1"), "2:6", "byte 0xe9 is not UTF-8"),
    ("terminal codes", "name: \x1b[31mnet\n", "1:7", "control character U+001B"),
    ("too large", "# " + "x" * 300_000, "1:1", "too large"),
    ("unclosed bracket", text(layers="layers: [dense: 3, sigmoid"), "4:5", "not YAML"),
    ("tab as indentation", text(layers="layers:\n\t- dense: 3"), "4:1", "not YAML"),
    ("unclosed quote", text(name='name: "net'), "5:1", "not YAML"),
    ("alias bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "2:8", "the alias *a"),
    ("merge key", text(x="<<: {name: other}"), "5:1", "unknown key '<<'"),
    ("python tag", text(loss="loss: !!python/object/apply:os.system [ls]"), "4:7", "the tag"),
    ("deep nesting", text(loss="loss: " + "[" * 400 + "]" * 400), "4:27", "nested more than"),
    ("two documents", text() + "---\nname: other\n", "5:1", "a second document"),
    ("key that is a list", text(x="[a, b]: c"), "5:1", "a key that is not a word"),
    ("key given twice", text(x="name: other"), "5:1", "the key 'name' occurs twice"),
    # ---- keys
    ("missing loss", text(loss=""), "1:1", "the key 'loss' is missing"),
    ("missing name", text(name=""), "1:1", "the key 'name' is missing"),
    ("missing input", text(input=""), "1:1", "the key 'input' is missing"),
    ("missing layers", text(layers=""), "1:1", "the key 'layers' is missing"),
    ("wrong key", text(layers="layer: [dense: 3]"), "3:1", "unknown key 'layer'"),
    ("no layers", text(layers="layers: []"), "3:9", "layers is empty"),
    ("layers not a list", text(layers="layers: dense"), "3:9", "layers is 'dense'"),
    ("name is a list", text(name="name: [a]"), "1:7", "name is a list"),
    ("name is a path", text(name="name: ../../etc/passwd"), "1:7", "the name '../../etc/passwd'"),
    ("name too long", text(name="name: " + "n" * 50), "1:7", "has 50 characters"),
    ("unknown convention", text(c="conventions: {samples: row}"), "5:24", "conventions.samples is 'row'"),
    ("unknown vec", text(c="conventions: {vec: 3}"), "5:20", "conventions.vec is 3"),
    ("conventions not a mapping", text(c="conventions: rows"), "5:14", "conventions is 'rows'"),
    # ---- input and sizes
    ("input without brackets", text(input="input: X"), "2:8", "the array 'X'"),
    ("input is a list", text(input="input: [k, 4]"), "2:8", "input is a list"),
    ("input with an empty size", text(input="input: X[k, ]"), "2:13", "a size is missing"),
    ("input of zero size", text(input="input: X[k, 0]"), "2:13", "the size is 0"),
    ("input of negative size", text(input="input: X[k, -3]"), "2:13", "the size is -3"),
    ("input of huge size", text(input="input: X[k, 10000000000]"), "2:13", "the size is 10000000000"),
    ("input without samples", text(input="input: X[3, 4]"), "2:8", "k must be the first size"),
    ("samples on the wrong axis", text(input="input: X[4, k]"), "2:8", "k must be the first size"),
    ("only samples", text(input="input: X[k]"), "2:8", "no size but the number of samples"),
    ("input named like an index", text(input="input: n[k, 4]"), "2:8", "'n' is the name of an index"),
    ("size named like an index", text(input="input: X[k, n]"), "2:13", "'n' is the name of an index"),
    ("word of the language", text(input="input: where[k, 4]"), "2:8", "is reserved"),
    ("named like a module", text(name="name: numpy"), "1:7", "a module that Python programs import"),
    ("named like a module of Python's", text(name="name: random"), "1:7", "a module that Python programs import"),
    ("named like a word of Python", text(name="name: class"), "1:7", "is a word of Python, no name of a module"),
    ("name of a function", text(input="input: exp[k, 4]"), "2:8", "is reserved"),
    ("name of a derived quantity", text(input="input: delta_1[k, 4]"), "2:8", "reserved for derived"),
    ("LaTeX in a name", text(input="input: '\\input{x}[k, 4]'"), "2:9", "the input"),
    ("accented name", text(input="input: \u00c9[k, 4]"), "2:8", "the input '\u00c9'"),
    ("batch named like an index", text(b="batch: i"), "5:8", "'i' is the name of an index"),
    ("batch size is a number", text(b="batch: 100"), "5:8", "batch is 100"),
    # ---- layers
    ("unknown layer", layers("dens: 3"), "4:5", "unknown layer 'dens'"),
    ("unknown activation", layers("dense: 3", "sigmoit"), "5:5", "unknown layer 'sigmoit'"),
    ("zero units", layers("dense: 0"), "4:12", "units is 0"),
    ("negative units", layers("dense: -5"), "4:12", "units is -5"),
    ("fractional units", layers("dense: 2.5"), "4:12", "units is '2.5'"),
    ("units is true", layers("dense: true"), "4:12", "units is true"),
    ("undeclared size", layers("dense: many"), "4:12", "no declared size"),
    ("missing units", layers("dense"), "4:5", "dense needs the option 'units'"),
    ("missing option", layers("conv2d: {filters: 3}"), "4:5", "conv2d needs the option 'size'"),
    ("unknown option", layers("dense: {units: 3, bais: 1}"), "4:23", "unknown option 'bais'"),
    ("options as a list", layers("dense: [3]"), "4:12", "the options of 'dense' are a list"),
    ("options beside the name", layers("dense: 3\n    name: H"), "5:5", "the key 'name' beside 'dense'"),
    ("layer is a number", layers("5"), "4:5", "the layer is 5"),
    ("layer is a list", layers("[dense, 3]"), "4:5", "the layer is a list"),
    ("value for a layer without options", layers("dense: 3", "sigmoid: 4"), "5:14", "sigmoid takes no value"),
    ("value for flatten", layers("flatten: 4"), "4:14", "flatten takes no value"),
    ("dense after an image", text(input="input: X[k, 1, 8, 8]"), "3:10", "dense cannot take X of shape"),
    ("conv of a vector", layers("conv2d: {filters: 2, size: 3}"), "4:5", "conv2d cannot take X of shape"),
    (
        "window larger than the image",
        text(input="input: X[k, 1, 8, 8]", layers="layers: [conv2d: {filters: 2, size: 9}, flatten, dense: 2]"),
        "3:10",
        "would have 0 entries along i",
    ),
    ("conv stride 0", layers("conv2d: {filters: 2, size: 3, stride: 0}"), "4:43", "stride is 0"),
    ("axis is a list", layers("dense: 3", "softmax: {axis: [1]}"), "5:21", "axis is a list"),
    ("axis out of range", layers("dense: 3", "softmax: 2"), "5:14", "axis is 2"),
    ("no times in repeat", layers("repeat: {layers: [dense: 3]}"), "4:13", "the key 'times' is missing"),
    ("zero times", layers("repeat: {times: 0, layers: [dense: 3]}"), "4:21", "repeat.times is 0"),
    (
        "repeat bomb",
        layers("repeat: {times: 9999, layers: [repeat: {times: 9999, layers: [tanh]}]}"),
        "4:67",
        "too deep",
    ),
    ("constant is no number", layers("dense: 3", "leaky_relu: {slope: steep}"), "5:25", "unknown name 'steep'"),
    ("constant is infinite", layers("dense: 3", "leaky_relu: {slope: .inf}"), "5:25", "the number '.inf'"),
    ("division by zero", layers("dense: 3", "leaky_relu: {slope: 1/0}"), "5:26", "division by zero"),
    # ---- names
    ("name taken by the input", layers("dense: {units: 3, name: X}"), "4:29", "by the input"),
    (
        "name given twice",
        layers("dense: {units: 3, name: H}", "dense: {units: 2, name: H}"),
        "5:29",
        "is taken already",
    ),
    (
        "same name in code",
        layers("dense: {units: 3, parameters: {W: W1}}", "dense: {units: 2, name: W_1}"),
        "5:29",
        "in code",
    ),
    ("parameter named twice", layers("dense: {units: 3, parameters: {W: V1, b: V1}}"), "4:46", "is taken already"),
    ("name of a gradient", layers("dense: {units: 3, name: dW_1}", "dense: 2"), "4:29", "'dW_1'"),
    ("name with code", layers("dense: {units: 3, name: 'a;b'}"), "4:30", "the name 'a;b'"),
    ("unknown parameter named", layers("dense: {units: 3, parameters: {V: V_in}}"), "4:36", "no parameter 'V'"),
    ("unknown parameter in init", layers("dense: {units: 3, init: {V: 1}}"), "4:30", "no parameter 'V'"),
    ("deviation is a list", layers("dense: {units: 3, init: {W: [1]}}"), "4:33", "the standard deviation is a list"),
    ("init is a number", layers("dense: {units: 3, init: 2}"), "4:29", "init is 2"),
    ("negative deviation", layers("dense: {units: 3, init: {W: -1}}"), "4:33", "is negative"),
    ("unknown size in init", layers("dense: {units: 3, init: {W: 1/imputs}}"), "4:35", "unknown name 'imputs'"),
    (
        "named layer repeated",
        layers("repeat: {times: 2, layers: [dense: {units: 3, name: H}]}"),
        "4:57",
        "is taken already",
    ),
    # ---- own definitions
    (
        "redefined built-in",
        text(d="define:\n  activations:\n    relu: {formula: x}"),
        "7:5",
        "'relu' is defined already",
    ),
    (
        "definition with a reserved name",
        text(d="define:\n  activations:\n    where: {formula: x}"),
        "7:5",
        "'where' is reserved",
    ),
    ("definition with a bad name", text(d="define:\n  activations:\n    a.b: {formula: x}"), "7:5", "'a.b'"),
    (
        "definition without formula",
        text(d="define:\n  activations:\n    mine: {doc: x}"),
        "7:11",
        "'formula' is missing",
    ),
    (
        "unknown kind of definition",
        text(d="define:\n  activation:\n    mine: {formula: x}"),
        "6:3",
        "unknown key 'activation'",
    ),
    (
        "comma in an unquoted formula",
        text(d="define:\n  activations:\n    mine: {formula: max(x, 0)}"),
        "7:28",
        "unknown key '0)'",
    ),
    # ---- formulas
    ("attribute access", activation("x.__class__"), "8:18", "'_' has no meaning"),
    ("call of an unknown name", activation("open(x)"), "8:16", "unknown function 'open'"),
    ("unknown name", activation("x*betta", constants="{beta: 1}"), "8:18", "unknown name 'betta'"),
    ("import", activation("__import__('os')"), "8:16", "'_' has no meaning"),
    ("formula without x", activation("3"), "8:16", "does not depend on x"),
    ("formula ends early", activation("x*(1 +"), "8:18", "is never closed"),
    ("wrong number of arguments", activation("exp(x, x)"), "8:16", "exp with 2 arguments"),
    ("formula too long", activation("x" + "+x" * 1500), "8:16", "characters"),
    ("formula nested too deep", activation("(" * 80 + "x" + ")" * 80), "8:66", "nested"),
    ("shapes that do not fit", layer("A = W @ X"), "11:26", "do not fit"),
    ("parameter not used", layer("A = 2*X"), "11:20", "does not use W"),
    ("unknown array", layer("A = X @ V"), "11:28", "unknown name 'V'"),
    ("left side is an input", layer("X = X @ W"), "11:24", "defined by itself"),
    ("samples summed away", layer("A = sum(X, axis=0) @ W"), "3:10", "has shape (3,)"),
    ("formula over two lines", layer("A = X @ W\n            + foo"), "11:13", "unknown name 'foo'"),
    ("no equation", layer("X @ W"), "11:20", "without ="),
    ("parameter of size 0", layer("A = X @ W", "{W: {shape: [n1, 0]}}"), "10:40", "a size of W is 0"),
    ("parameter without shape", layer("A = X @ W", "{W: {std: 1}}"), "10:27", "'shape' is missing"),
    ("unknown size in a shape", layer("A = X @ W", "{W: {shape: [n2, 3]}}"), "10:36", "'n2'"),
    # ---- loss, facts, update
    ("unknown loss", text(loss="loss: cross_entropie"), "4:7", "unknown loss 'cross_entropie'"),
    ("unknown reduction", text(loss="loss: {mse: {reduction: avarage}}"), "4:25", "the reduction is 'avarage'"),
    ("reduction is a list", text(loss="loss: {mse: {reduction: [mean]}}"), "4:25", "the reduction is a list"),
    ("unknown loss option", text(loss="loss: {mse: {targets: T}}"), "4:14", "unknown option 'targets'"),
    ("target named like the input", text(loss="loss: {mse: {target: X}}"), "4:22", "is taken already, by the input"),
    ("loss is a number", text(loss="loss: 3"), "4:7", "the loss is 3"),
    ("loss that is not a number", text(loss="loss: {formula: (Y - T)**2}"), "4:24", "has shape (k, 2)"),
    ("loss without the output", text(loss="loss: {formula: sum(T**2)}"), "4:17", "does not use the output"),
    ("unknown name in the loss", text(loss="loss: {formula: sum(Z*T)}"), "4:21", "Z"),
    ("facts is a word", text(loss="loss: {cross_entropy: {facts: none}}"), "4:31", "facts is 'none'"),
    ("fact without equation", text(loss="loss: {cross_entropy: {facts: [sum(T)]}}"), "4:32", "without ="),
    ("unknown update", text(u="update: gradient_decent"), "5:9", "unknown update 'gradient_decent'"),
    ("unknown update option", text(u="update: {gradient_descent: {beta: 1}}"), "5:29", "unknown option 'beta'"),
    ("update without the gradient", text(u="update: {formula: 2*theta}"), "5:19", "does not use g"),
    ("update without a formula", text(u="update: {formulas: []}"), "5:9", "an update without a formula"),
    ("both kinds", update("[theta = theta - g]", "formula: theta - g"), "5:10", "both formula and formulas"),
    ("an = in the one formula", text(u="update: {formula: theta = theta - g}"), "5:25", "a = has no place here"),
    ("an update's formula without =", update("[theta - g]"), "5:21", "a formula without ="),
    ("assigns an entry", update("['m[i] = g', theta = theta - g]"), "5:22", "this cannot be assigned"),
    ("assigns the gradient", update("[g = 2*g, theta = theta - g]"), "5:21", "'g' is the gradient"),
    ("assigns the step's number", update("[t = 1, theta = theta - g]"), "5:21", "'t' is the number of the step"),
    ("assigns a constant", update("[a = a*g, theta = theta - a]", "constants: {a: 1}"), "5:21", "'a' is a constant"),
    ("assigns a function", update("[tanh = g, theta = theta - g]"), "5:21", "'tanh' is a function"),
    ("assigns a size", update("[k = g, theta = theta - k]"), "5:21", "'k' is a size"),
    ("assigns a reserved word", update("[exp = g, theta = theta - exp]"), "5:21", "a function"),
    ("no new theta", update("[m = m + g]", "state: {m: 0}"), "5:10", "no formula assigns theta"),
    ("assigned twice", update("[theta = theta - g, theta = theta - g]"), "5:40", "'theta' is assigned twice"),
    ("a cycle", update("[a = b + g, b = a, theta = theta - a]"), "5:25", "'b' is used before it is assigned"),
    ("by itself", update("[a = a + g, theta = theta - a]"), "5:25", "'a' is used before it is assigned"),
    ("state not assigned", update("[theta = theta - g*m]", "state: {m: 0}"), "5:51", "'m' is never assigned"),
    ("state not used", update("[m = m + g, theta = theta - g]", "state: {m: 0}"), "5:21", "does not depend on 'm'"),
    ("a name not used", update("[h = 2*g, theta = theta - g]"), "5:21", "theta does not depend on 'h'"),
    ("theta without g", update("[m = m + g, theta = 2*theta]", "state: {m: 0}"), "5:10", "does not use g"),
    ("unknown name in an update", update("[theta = theta - alfa*g]", "constants: {alpha: 1}"), "5:37", "'alfa'"),
    ("a state of numbers", update("[m = 1, theta = theta - g*m]", "state: {m: 0}"), "5:21", "the same number for all"),
    ("a state called g", update("[theta = theta - g]", "state: {g: 0}"), "5:49", "reserved"),
    ("a state called as a size", update("[k = g, theta = theta - k]", "state: {k: 0}"), "5:56", "the name of a size"),
    ("a state with a bad start", update("[m = m + g, theta = theta - m]", "state: {m: .inf}"), "5:63", "'.inf'"),
    ("state is a list", update("[m = m + g, theta = theta - m]", "state: [m]"), "5:59", "is a list"),
    ("formulas is a text", update("theta = theta - g"), "5:20", "formulas is 'theta = theta - g'"),
    ("two names, one in code", update("[m_1 = g, m1 = m_1, theta = theta - m1]"), "5:30", "the same name in code"),
    ("unknown option of adam", text(u="update: {adam: {beta3: 1}}"), "5:17", "unknown option 'beta3'"),
    ("a constant called t", text(u="update: {formula: theta - t*g, constants: {t: 1}}"), "5:44", "reserved"),
    ("step size is a word", text(u="update: {gradient_descent: {alpha: big}}"), "5:36", "unknown name 'big'"),
]


def error_of(content: str | bytes, folder: Path) -> InputError:
    path = folder / "bad.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        build_stack(load_spec(path))
    return caught.value


@pytest.mark.parametrize(("content", "where", "message"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_one_clear_error(content: str | bytes, where: str, message: str, tmp_path: Path) -> None:
    error = error_of(content, tmp_path)
    assert message in error.found
    at = error.place
    assert at.file == str(tmp_path / "bad.yaml")
    if where:
        assert f"{at.line}:{at.column}" == where
    shown = error.render()
    assert shown.startswith(f"{at.file}:{at.line}:{at.column}: error: ")
    assert len(shown) < 2000 and all(c.isprintable() or c == "\n" for c in shown)
    if at.source:
        assert 1 <= at.column <= len(at.source) + 1


def test_at_least_fifty_kinds() -> None:
    assert len({b[0] for b in BAD}) == len(BAD) >= 50


def test_the_good_spec_is_good(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    for content in (text(), activation("x*exp(-x)"), layer("A = X @ W")):
        path.write_text(content)
        build_stack(load_spec(path))


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (layers("dens: 3"), "did you mean dense?"),
        (layers("dense: 3", "sigmoit"), "did you mean sigmoid?"),
        (text(loss="loss: cross_entropie"), "did you mean cross_entropy?"),
        (text(layers="layer: [dense: 3]"), "did you mean layers?"),
        (text(input="input: X[k, 1, 8, 8]"), "flatten"),
        (text(d="define:\n  activations:\n    mine: {formula: max(x, 0)}"), "quotes"),
        (layers("dense"), "`dense: 10`"),
        (text(layers="layers: [dense: 3,\n  sigmoid"), "begins in line 3"),
        (layers("dense: many"), "`sizes: [many]`"),
        (layers("repeat: {times: 2, layers: [dense: {units: 3, name: H}]}"), "repeated"),
    ],
)
def test_help(content: str, hint: str, tmp_path: Path) -> None:
    assert hint in error_of(content, tmp_path).hint


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "directory")):
        with pytest.raises(InputError, match=message):
            load_spec(path)


def test_damaged_specs_never_crash(tmp_path: Path) -> None:
    """Three hundred examples with characters cut, doubled or swapped: each builds, or gives the one error."""
    rng = random.Random(0)
    sources = [p.read_text() for p in sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))]
    path = tmp_path / "damaged.yaml"
    for _ in range(300):
        damaged = list(rng.choice(sources).replace("784", "7").replace("512", "5").replace("28", "6"))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(damaged))
            put = rng.choice(["", " ", "\n", rng.choice(damaged), *":,[]{}()'\"*&-0.=#x%@`|>"])
            damaged[at : at + rng.randint(0, 3)] = put
        path.write_text("".join(damaged))
        with contextlib.suppress(InputError):
            build_stack(load_spec(path))
