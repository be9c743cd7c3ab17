"""What people write who come from NumPy, PyTorch, Keras or LaTeX, and how a spec says it: the remedies of messages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from symjac.core.scalar import FUNCTIONS

MODULES = frozenset(
    {"np", "numpy", "math", "torch", "tf", "jnp", "jax", "nn", "F", "functional", "keras", "K", "layers", "losses"}
    | {"optim", "sp", "scipy", "special", "sympy"}
)
"""What stands before a dot elsewhere; a spec has no modules."""

OTHERWISE = {
    "linear": "dense", "fullyconnected": "dense", "fc": "dense", "affine": "dense", "mlp": "dense", "conv": "conv2d",
    "squarederror": "mse", "meansquarederror": "mse", "quadratic": "mse", "l2": "mse", "leastsquares": "mse",
    "crossentropyloss": "cross_entropy_with_logits", "categoricalcrossentropy": "cross_entropy", "ce": "cross_entropy",
    "sparsecategoricalcrossentropy": "cross_entropy", "nll": "cross_entropy", "negativeloglikelihood": "cross_entropy",
    "softmaxcrossentropy": "cross_entropy", "bce": "binary_cross_entropy", "logloss": "binary_cross_entropy",
    "bcewithlogits": "binary_cross_entropy_with_logits", "logistic": "sigmoid", "sigma": "sigmoid", "expit": "sigmoid",
    "sgd": "gradient_descent", "gd": "gradient_descent", "lr": "alpha", "learningrate": "alpha", "stepsize": "alpha",
    "eta": "alpha", "outfeatures": "units", "features": "units", "width": "units", "neurons": "units", "size": "units",
    "outchannels": "filters", "channels": "filters", "kernel": "size", "kernelsize": "size", "strides": "stride",
    "mae": "", "l1": "", "huber": "", "smoothl1": "", "dropout": "",
    "pad": "padding", "eps": "epsilon", "optimizer": "update", "optimiser": "update", "criterion": "loss",
    "losses": "loss", "model": "layers", "network": "layers", "inputs": "input", "inputshape": "input",
    "batchsize": "batch",
    "ln": "log", "arctan": "atan", "arcsinh": "asinh", "maximum": "max", "minimum": "min", "absolute": "abs",
    "fabs": "abs",
    "reducesum": "sum", "reducemean": "mean", "average": "mean", "sgn": "sign", "lrelu": "leaky_relu", "swish": "silu",
}  # fmt: skip
"""Another name, in lower case without underscores -> the name here; empty where there is none."""

CALLS = {
    "pow": "for a power write x**y", "power": "for a power write x**y", "square": "for a square write x**2",
    "clip": "write min(max(x, lowest), largest)", "clamp": "write min(max(x, lowest), largest)",
    "heaviside": "write where(x > 0, 1, 0)", "step": "write where(x > 0, 1, 0)", "reciprocal": "write 1/x",
    "rsqrt": "write 1/sqrt(x)", "log1p": "write log(1 + x)", "expm1": "write exp(x) - 1", "exp2": "write 2**x",
    "log2": "write log(x)/log(2)", "log10": "write log(x)/log(10)", "dot": "for the matrix product write x @ W",
    "matmul": "for the matrix product write x @ W", "mm": "for the matrix product write x @ W",
    "inner": "write sum(x * y)", "einsum": "write index notation, such as A[n,j] = sum[i] X[n,i] * W[i,j]",
    "tensordot": "write index notation, such as A[n,j] = sum[i] X[n,i] * W[i,j]", "norm": "write sqrt(sum(x**2))",
    "linalg": "write it in the formulas of the language", "transpose": "for the transpose write .T",
    "t": "for the transpose write .T",
    "multiply": "for a product write *", "mul": "for a product write *", "add": "write +", "subtract": "write -",
    "divide": "write /", "logsumexp": "write log(sum(exp(x), axis=1))", "var": "write mean((x - mean(x))**2)",
    "std": "write sqrt(mean((x - mean(x))**2))", "relu6": "write min(max(x, 0), 6)", "frac": "for a fraction write a/b",
    "if": "write where(condition, value, otherwise)", "select": "write where(condition, value, otherwise)",
    "reshape": "axes are rearranged in index notation, or by flatten", "float": "leave it out: all numbers are real",
}  # fmt: skip
"""What is called elsewhere and written otherwise here."""

REDUCTIONS = ("sum", "mean", "max", "min")

SIGNS = {
    "cdot": "*", "times": "*", "odot": "*", "circ": "*", "top": ".T", "intercal": ".T", "le": "<=", "leq": "<=",
    "ge": ">=",
    "geq": ">=", "ne": "!=", "neq": "!=", "lt": "<", "gt": ">", "dfrac": "a/b", "tfrac": "a/b", "frac": "a/b",
    "left": "(", "right": ")", "big": "(", "lvert": "abs(...)", "rvert": "abs(...)", "lVert": "sqrt(sum(x**2))",
    "sum": "sum[i] ...", "sigma": "sigmoid(...)", "ln": "log(...)", "exp": "exp(...)", "mathbb": "the name alone",
    "infty": "a number", "begin": "where(condition, value, otherwise)", "pi": "pi",
}  # fmt: skip
"""A command of LaTeX, and what is written for it."""

BY_FORMULA = "what the library lacks is given by its formula: `formula: ...`"

KINDS = ("type", "kind", "layer", "class", "class_name", "module", "name", "op")
"""Keys under which other libraries name a layer."""
_LATEX = re.compile(r"\\(?:(?:mathrm|text|operatorname|mathit|mathbf|mathsf)\s*\{\s*([A-Za-z]+)\s*\}|([A-Za-z]+))")
_DOTTED = re.compile(r"([A-Za-z]\w*)((?:\.[A-Za-z]\w*)*)\.([A-Za-z]\w*)\s*$")


def plain(name: str) -> str:
    """`nn.LeakyReLU(0.1)` is leakyrelu."""
    return name.partition("(")[0].strip().rpartition(".")[2].replace("_", "").replace(" ", "").replace("-", "").lower()


def meant(name: str, known: Iterable[str]) -> str:
    """The known name that `name` is written for, by letters, by another library's word, or nearly; else nothing."""
    names = {plain(k): k for k in known}
    wanted = plain(name)
    for form in (wanted, re.sub("(loss|layer|[123]d)$", "", wanted)):
        other = OTHERWISE.get(form)
        if other == "" and form not in names:
            return ""  # what is near by its letters is another thing
        for found in (form, plain(other or "")):
            if found in names:
                return names[found]
    near = difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return near[0] if near else ""


def layer(name: str, known: Iterable[str]) -> str:
    """How a layer that is written as a call, or under another name, is declared; nothing where nobody knows."""
    known = list(known)
    head, bracket, rest = name.partition("(")
    if plain(head) == "activation":
        return "an activation is a layer of its own: `layers: [dense: 10, relu]`"
    found = meant(head, known) if head.strip() else ""
    if not found:
        return ""
    arguments = [a.strip() for a in rest.rstrip(") ").split(",") if a.strip()] if bracket else []
    sizes = [a.rpartition("=")[2].strip() for a in arguments if re.fullmatch(r"(\w+\s*=\s*)?\d+", a)]
    if found == "dense" and bracket:
        named = (a.partition("=")[2].strip(" '\"") for a in arguments if a.startswith("activation"))
        behind = "".join(f", and behind it `{meant(name, known)}`" for name in named)
        units = sizes[1 if len(sizes) > 1 and plain(head) == "linear" else 0] if sizes else 10
        return f"write `dense: {units}`{behind}"
    if not bracket:
        return f"did you mean {found}?"
    return f"write `{found}`" + "; its options go into a mapping" * bool(arguments)


def declared(first: str, value: object, others: Iterable[str]) -> str:
    """How `{type: Dense, units: 10}` is written here; nothing where it is something else."""
    if first not in KINDS or not isinstance(value, str):
        return ""
    name = OTHERWISE.get(plain(value), value.rpartition(".")[2].lower())
    options = ", ".join(f"{OTHERWISE.get(plain(o), o)}: ..." for o in others)
    return f"write `{name}: {{{options}}}`" if options else f"write `{name}`"


def option(key: str, known: Iterable[str]) -> str:
    """For an option or key that is not known."""
    if plain(key) == "activation":
        return "an activation is a layer of its own: `layers: [dense: 10, relu]`"
    if plain(key) in ("lr", "learningrate", "stepsize", "alpha") and "alpha" not in known:
        return "the step size is an option of the update: `update: {gradient_descent: {alpha: 0.1}}`"
    found = meant(key, known)
    return f"did you mean {found}?" if found else ""


def latex(text: str, at: int) -> tuple[str, str]:
    """The command of LaTeX at `at`, and what is written for it."""
    found = _LATEX.match(text, at)
    if found is None:
        return "\\", "formulas are not LaTeX: write names, ( ), *, / and **"
    command = found[1] or found[2]
    said = SIGNS.get(command) or (f"{command}(...)" if text[found.end() :].lstrip()[:1] in ("(", "{") else command)
    return found[0], f"formulas are not LaTeX: write {said}"


def dotted(before: str) -> tuple[int, str, str] | None:
    """For text that ends with `np.exp` or `x.dot`: where it begins, what it is, what to write."""
    found = _DOTTED.search(before)
    if found is None:
        return None
    head, name = found[1], found[3]
    word = OTHERWISE.get(plain(name)) or name.lower()
    how = CALLS.get(name) or (f"write {word}" if name == "pi" else f"write {word}(...)")
    if head in MODULES:
        return found.start(), f"'{head}{found[2]}.{name}' is of another library", how
    if name in CALLS or word in REDUCTIONS or word in FUNCTIONS:
        return found.start(3) - 1, f"'.{name}' has no meaning here", how
    return None


def greek(name: str) -> str:
    """For a sign that is not ASCII, by its name in Unicode."""
    found = re.fullmatch(r"GREEK (?:SMALL|CAPITAL) LETTER ([A-Z]+)", name)
    if found:
        letter = found[1].lower()
        return "for the logistic function write sigmoid(...)" if letter == "sigma" else f"write {letter}"
    if name.startswith("SUPERSCRIPT "):
        return "for a power write **"
    return {
        "SQUARE ROOT": "write sqrt(...)", "LESS-THAN OR EQUAL TO": "write <=", "GREATER-THAN OR EQUAL TO": "write >=",
        "NOT EQUAL TO": "write !=", "DOUBLE VERTICAL LINE": "for a norm write sqrt(sum(x**2))",
        "DIVISION SIGN": "write /",
        "NO-BREAK SPACE": "write a plain space",
    }.get(name, "")  # fmt: skip
