"""The command `symjac`: it reads options, calls the library, prints, and sets the exit code. No mathematics here.

Exit 0: done, and all that was checked holds. 1: a claim was refuted, a check failed or training diverged. 2: the input
could not be used. 70: a fault of symjac's own.
What is heavy to import (SymPy, NumPy, rich) is imported by the command that needs it, so `symjac --help` is quick.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from symjac.core.errors import InputError
from symjac.core.faults import at_hand, told
from symjac.core.files import NotRegular, check_place, clash, is_full, read_bytes, write_whole
from symjac.core.streams import HANDLER, fits, take_any_text, writable
from symjac.run.failures import DataError, Diverged
from symjac.run.module import imported, load_module

if TYPE_CHECKING:
    from rich.table import Table

    from symjac.derivation.chain import Derivation
    from symjac.model.stack import Stack
    from symjac.notes.gathering import Gathering
    from symjac.notes.source import Source
    from symjac.numbers.point import Point
    from symjac.run.differences import Figure, Report
    from symjac.run.state import Epoch
    from symjac.run.ties import Ties
    from symjac.verify.many import Failure
    from symjac.verify.verdict import Judged

FORMATS = {"latex": "tex", "html": "html", "markdown": "md"}
"""Each format of the document, and the ending of its file."""
FAULT = 70
"""The exit code of a fault of symjac's own: EX_SOFTWARE of sysexits.h."""
LARGEST_MODULE = 2**28
"""Bytes of a module that is read to see whether it was edited."""


class Commands(click.Group):
    """Turns what a user's input can cause into a message on standard error and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        take_any_text()
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()  # here, where a full disk can be told
            return result
        except InputError as error:
            _end(error.render(), 2)
        except DataError as error:
            _end(f"error: {error}", 2)
        except Diverged as error:
            _end(f"error: {error}", 1)
        except BrokenPipeError:
            raise  # click ends quietly where the reader of a pipe has gone
        except OSError as error:
            _end(_unusable(error), 2)
        except MemoryError:
            _end("error: there is not enough memory\n  help: declare smaller sizes, or give fewer samples", 2)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # the net: whatever else happens is told, and is no traceback
            error.add_note(f"the command symjac {ctx.invoked_subcommand}")
            _end(told(error), FAULT)


def _unusable(error: OSError) -> str:
    """Which file, what is wrong with it, and what to do."""
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "standard output"
    help = ""
    if is_full(error):
        help = "\n  help: free some space, or write elsewhere"
    elif isinstance(error, NotRegular):
        help = "\n  help: name a file; what is printed where none is named can be piped anywhere"
    return f"error: {name}: {error.strerror or error}{help}"


def _end(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)


spec_argument = click.argument("spec", metavar="SPEC")
out_option = click.option("-o", "--out", metavar="FILE", help="Write to FILE; without it, print.")
seed_option = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is random."
)
notation_option = click.option(
    "--notation", type=click.Choice(["latex", "plain"]), default="latex", show_default=True, help="Of --claim."
)
force_option = click.option("--force", is_flag=True, help="Write over a module that was edited by hand.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="symjac")
def main() -> None:
    """From a network's forward formulas to the derivation of its training, NumPy code, and checks of both.

    SPEC is a YAML file that declares the network.
    """


@main.command()
@spec_argument
@click.option("-o", "--out", metavar="DIR", default="generated", show_default=True, help="Where the files go.")
@seed_option
@force_option
def build(spec: str, out: str, seed: int, force: bool) -> None:
    """Derive, write document and code, and check the code."""
    from rich.console import Group
    from rich.text import Text

    start = time.perf_counter()
    derivation = _derive(spec)
    name = derivation.stack.name
    with _busy("writing document and code"):
        code = _code(derivation)
        texts, missing = _documents(derivation, tuple(FORMATS))
        texts["py"] = code
    files = {Path(out) / f"{name}.{end}": text for end, text in texts.items()}
    _keep_apart(files, [spec])
    _keep_edits(Path(out) / f"{name}.py", code, force)
    with imported(code, name) as module:
        _need_to_check(module, derivation.stack)
        for path, text in files.items():
            _write(path, text)
        report = _report(module, seed, derivation.stack)

    entries = sum(figure.size for figure in report.figures)
    lines = [f"{name}: {entries:,} entries in {len(report.figures)} parameters, declared in {spec}"]
    lines += [f"  {path}  {len(text.encode()):,} bytes" for path, text in files.items()]
    took = f"done in {time.perf_counter() - start:.1f} s"
    _show(Group(*map(Text, lines), Text(), _table(report), *map(Text, _notes(report)), Text(took)))
    if not report.agrees:
        sys.exit(1)
    _say_missing(missing)


@main.command()
@spec_argument
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="markdown", show_default=True)
@out_option
def derive(spec: str, form: str, out: str | None) -> None:
    """The document: every step of the derivation with its law."""
    _keep_apart([out], [spec])
    texts, missing = _documents(_derive(spec), (form,))
    _give(texts[FORMATS[form]], out, "backslashreplace" if form == "latex" else "xmlcharrefreplace")
    _say_missing(missing)


@main.command()
@spec_argument
@out_option
@force_option
def generate(spec: str, out: str | None, force: bool) -> None:
    """The code: one NumPy module that stands alone."""
    _keep_apart([out], [spec])
    if out is not None:
        _hide_nothing(Path(out))
    code = _code(_derive(spec))
    if out is not None:
        _keep_edits(Path(out), code, force, any_file=False)
    _give(code, out)


@main.command("check")
@spec_argument
@seed_option
@click.option("--claim", "claims", multiple=True, metavar="EQUATION", help="Judge this instead; may be given again.")
@notation_option
@click.option("--json", "as_json", is_flag=True, help="Print the figures, or the verdicts, as JSON.")
def check_command(spec: str, seed: int, claims: tuple[str, ...], notation: str, as_json: bool) -> None:
    """The generated gradients against finite differences and complex steps.

    SPEC may be a module that symjac generated, too. --claim judges formulas about the network, by the names that its
    document prints, as `symjac verify --spec` does:

    \b
    symjac check net.yaml --notation plain --claim "dL/dW_1 = X'*delta_1"
    """
    if claims:
        if spec.endswith(".py"):
            raise click.UsageError("--claim is judged by the formulas of a spec; SPEC is a module")
        found = _gathered((), claims, (), notation)
        judged, failures = _judged(found.sources, _stack(spec), spec, 1)
        results = [result for _, result in judged]
        _show_verdicts(results, found, as_json, verbose=True)
        _stop_at_errors(results, found, failures, are_claims=True)
        _end_judged(results, found)
    with _module(spec) as (module, stack):
        report = _report(module, seed, stack)
    if as_json:
        _give_json(json.dumps({"agrees": report.agrees, **asdict(report)}, indent=2, allow_nan=False))
    else:
        from rich.console import Group
        from rich.text import Text

        _show(Group(_table(report), *map(Text, _notes(report))))
    sys.exit(0 if report.agrees else 1)


def _batch(ctx: click.Context, option: click.Parameter, value: str) -> int | None:
    if value == "full":
        return None
    if value.isascii() and value.isdecimal() and int(value[:18]) > 0:
        return int(value[:18])
    raise click.BadParameter("expected a number of samples, or full")


@main.command()
@spec_argument
@click.option("--data", default="mnist", show_default=True, help="mnist, a folder of MNIST's IDX files, or FILE.npz.")
@click.option("--epochs", type=click.IntRange(1), default=10, show_default=True)
@click.option("--batch", callback=_batch, default="100", show_default=True, help="Samples a step, or full.")
@click.option("--alpha", type=float, help="The step size; without it, the one that SPEC declares.")
@seed_option
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--weights", metavar="FILE", help="Where the weights go.  [default: NAME.weights.npz]")
@click.option("--resume", is_flag=True, help="Go on from the weights' last epoch.")
def train(
    spec: str,
    data: str,
    epochs: int,
    batch: int | None,
    alpha: float | None,
    seed: int,
    dtype: str,
    weights: str | None,
    resume: bool,
) -> None:
    """Train the generated code on MNIST or on data of your own.

    An .npz file holds the arrays by the names and in the shapes that SPEC declares, and test data, where there are
    any, by the same names with _test added. The weights are saved after every epoch.

    SPEC may be a module that symjac generated, too.
    """
    from symjac.run.datasets import files_of, load
    from symjac.run.loop import Settings
    from symjac.run.loop import train as run

    settings = Settings(epochs, batch, seed, dtype, alpha)
    path = Path(weights or f"{Path(spec).stem}.weights.npz")
    _keep_apart([path], [spec, *files_of(data)])
    with _module(spec) as (module, stack):
        with _busy("reading the data"):
            loaded = load(data, module.INPUTS, dtype)
        at_once = max(len(loaded.test or ()), min(batch or len(loaded.train), len(loaded.train)))
        _need(module, stack, at_once, 5, dtype, f"training on {at_once:,} samples at once")
        tested = f", {len(loaded.test):,} test samples" if loaded.test else ""
        click.echo(f"{loaded.name}: {len(loaded.train):,} samples{tested}")
        with _bar() as bar:
            task = bar.add_task("training", total=epochs)
            for epoch in run(
                module,
                loaded,
                settings,
                path,
                resume,
                lambda number, part: bar.update(task, completed=number - 1 + part),
            ):
                bar.stop()  # so that the line does not run into the bar
                click.echo(_line(epoch, epochs))
                bar.start()
    click.echo(f"weights: {path}")


@main.command()
@spec_argument
@click.option("--data", default="mnist", show_default=True, help="mnist, a folder of MNIST's IDX files, or FILE.npz.")
@click.option("--samples", type=click.IntRange(1), help="The first so many training samples; without it, all.")
@click.option("--params", metavar="FILE", help="The weights, as `symjac train` saves them; without it, fresh ones.")
@seed_option
@click.option(
    "--matrix",
    type=click.Choice(["step", "hessian"]),
    default="step",
    show_default=True,
    help="The step's Jacobian or H.",
)
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--out", metavar="FILE.npy", help="Write the whole matrix; killed and started again, it goes on.")
@click.option("--top", type=click.IntRange(1), metavar="M", help="The M largest and smallest eigenvalues.")
@click.option("--trace", is_flag=True, help="The trace, from random vectors.")
@click.option("--density", metavar="PICTURE", help="The density of the eigenvalues, as .png, .svg or .pdf.")
@click.option("--lyapunov", type=click.IntRange(1), metavar="STEPS", help="Lyapunov exponents of full-batch training.")
@click.option("--exponents", type=click.IntRange(1), default=3, show_default=True, help="How many of them.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def jacobian(
    spec: str,
    data: str,
    samples: int | None,
    params: str | None,
    seed: int,
    matrix: str,
    dtype: str,
    out: str | None,
    top: int | None,
    trace: bool,
    density: str | None,
    lyapunov: int | None,
    exponents: int,
    as_json: bool,
) -> None:
    """The Jacobian of a training step, I - alpha H for gradient descent: its spectrum, or all of it to disk.

    At the weights in --params, on the data's training samples. Without another option, five eigenvalues at each end.
    """
    from symjac.numbers import findings
    from symjac.run.datasets import files_of

    written = [f"{out}{end}" for end in ("", ".journal", ".sums", ".part", ".lock")] if out else []
    _keep_apart([*written, density], [spec, params, *files_of(data)])
    for place in (*written, density):
        if place:
            check_place(Path(place))
    derivation = _derive(spec)
    wanted = findings.Wanted(
        top=top or (0 if out or trace or density or lyapunov else 5),
        trace=trace,
        density=Path(density) if density else None,
        lyapunov=lyapunov or 0,
        exponents=exponents,
    )
    with imported(_code(derivation), derivation.stack.name) as module:
        with _busy("reading the data"):
            at = findings.point(module, data, samples, Path(params) if params else None, seed, dtype)
        vectors = 8 + 4 * max(10, wanted.top) + wanted.exponents * bool(lyapunov)
        _need(module, derivation.stack, at.samples, vectors, dtype, f"the work with {vectors} vectors of that length")
        with _busy("products"):
            figures = findings.figures(module, at, matrix, wanted, seed)
        if out:
            figures["out"] = _assembled(derivation, at, matrix, dtype, out)
    if as_json:
        _give_json(json.dumps(figures, indent=2, allow_nan=False))
    else:
        for line in findings.lines(figures):
            click.echo(line)


def _line_of(ctx: click.Context, option: click.Parameter, value: str | None) -> tuple[int | None, int] | None:
    """A line, or a cell and a line."""
    if value is None:
        return None
    parts = value.split(":")
    if len(parts) > 2 or not all(p.isascii() and p.isdecimal() and len(p) < 10 for p in parts):
        raise click.BadParameter("expected the number of a line; in a notebook, of a cell and a line: 3:12")
    return (int(parts[0]) if len(parts) == 2 else None), int(parts[-1])


@main.command("verify")
@click.argument("files", metavar="[FILE|FOLDER|-]...", nargs=-1)
@click.option("--spec", metavar="SPEC", help="The network that they, or --claim, speak of, whatever they name.")
@click.option("--claim", "claims", multiple=True, metavar="EQUATION", help="Judge this one; may be given again.")
@click.option("--given", multiple=True, metavar="EQUATION", help="What --claim is about; may be given again.")
@notation_option
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
@click.option("--sarif", metavar="OUT", help="Write the findings as SARIF 2.1.0, for code review.")
@click.option("--html", metavar="OUT", help="Write a page of the notes with the verdicts beside them.")
@click.option("--fix", is_flag=True, help="Write FILE.fixed.md, a copy with the refuted formulas put right.")
@click.option(
    "--why", callback=_line_of, metavar="LINE", help="Derive what is right for the claim there (or CELL:LINE)."
)
@click.option("--baseline", metavar="FILE", help="What is known by FILE does not count.")
@click.option("--save-baseline", metavar="OUT", help="Write what is refuted or doubtful to OUT, as known from now on.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="So many files at once.  [default: one a processor]")
@click.option("--strict", is_flag=True, help="Exit 1 for a doubtful claim, too, and where there is no claim to judge.")
@click.option("-v", "--verbose", is_flag=True, help="Show what is proved, too, and how each claim was decided.")
def verify_command(
    files: tuple[str, ...],
    spec: str | None,
    claims: tuple[str, ...],
    given: tuple[str, ...],
    notation: str,
    as_json: bool,
    sarif: str | None,
    html: str | None,
    fix: bool,
    why: tuple[int | None, int] | None,
    baseline: str | None,
    save_baseline: str | None,
    jobs: int | None,
    strict: bool,
    verbose: bool,
) -> None:
    """Judge hand-derived formulas: a verdict for every claimed derivative.

    FILE is Markdown (.md, .markdown, .qmd, .Rmd), LaTeX (.tex), reStructuredText (.rst), a notebook (.ipynb), a page
    (.html) or YAML (.yaml); - is standard input. In a FOLDER all of them are judged, but for what .gitignore leaves
    out. Without a file, --claim says what to judge and --given what it is about:

    \b
    symjac verify --notation plain --given "x in R^n" --given "L = x'*x" --claim "dL/dx = 2*x"

    With --spec, notes may speak of that network, by the names that its document prints (X, W_1, A_1, Y, T, L, delta_1):
    its formulas, facts and conventions are in force. Notes name it themselves by <!-- symjac: network: net.yaml -->.
    """
    if bool(files) == bool(claims):
        raise click.UsageError("expected FILE... or --claim, and not both")
    if fix and (claims or "-" in files):
        raise click.UsageError("--fix copies a file; there is none")
    if given and not claims:
        raise click.UsageError("--given is for --claim; in a file, write what is given there")
    if why is not None and (len(files) != 1 or as_json or any((sarif, html, fix, baseline, save_baseline))):
        raise click.UsageError("--why is for one FILE, and is shown on the screen alone")
    found = _gathered(files, claims, given, notation)
    sources = found.sources
    copies = _copies(sources) if fix else {}
    read = [file for source in sources for file in (source.file, f"{source.file}.symjac.yaml", *source.included)]
    _keep_apart([sarif, html, save_baseline, *copies.values()], [spec, baseline, *files, *read])

    stack = None if spec is None else _stack(spec)
    if why is not None:
        sys.exit(_explained(found, why, stack))
    judged, failures = _judged(sources, stack, spec, jobs or _processors())
    if baseline:
        from symjac.report.baseline import marked

        known = marked([result for _, result in judged], Path(baseline))
        judged = [(source, result) for (source, _), result in zip(judged, known, strict=True)]
    results = [result for _, result in judged]
    _show_verdicts(results, found, as_json, verbose)
    if sarif:
        from symjac.report import sarif as findings

        _write(Path(sarif), findings.write(results))
    if html:
        from symjac.report import page

        _write(Path(html), page.write(judged))
    for source, result in judged if fix else ():
        for said in _fix(source, result, copies):
            click.echo(said, err=as_json)
    _stop_at_errors(results, found, failures, bool(claims))
    if save_baseline:
        from symjac.report.baseline import marked, written

        _write(Path(save_baseline), written(results, Path(save_baseline)))
        results = marked(results, Path(save_baseline))
    _end_judged(results, found, strict)


@main.command()
@click.argument("name", metavar="NAME")
@spec_argument
@click.option("--format", "form", type=click.Choice(["text", "latex", "markdown"]), default="text", show_default=True)
@out_option
def explain(name: str, spec: str, form: str, out: str | None) -> None:
    """One derived quantity: its steps, and the law of each.

    NAME is an error or a value (delta_2, Y), a gradient (W_1 or dL/dW_1), the derivative of one formula (dA_1/dW_1), or
    what a quantity does along a direction (R{Z_1}).
    """
    from symjac.documents.explain import UnknownQuantity
    from symjac.documents.explain import explain as explained

    _keep_apart([out], [spec])
    derivation = _derive(spec)
    try:
        text = explained(derivation, name, form)
    except UnknownQuantity as error:
        raise click.BadParameter(str(error), param_hint="NAME") from error
    _give(text, out, HANDLER if form == "text" else "backslashreplace")


@main.command()
def schema() -> None:
    """The JSON schema of SPEC, for editors."""
    from symjac.model.build import schema as of_spec

    _give_json(json.dumps(of_spec(), indent=2, ensure_ascii=False))


# --- the library's parts, imported when they are needed ---


def _derive(spec: str) -> Derivation:
    stack = _stack(spec)
    with _busy("deriving"):
        from symjac.derivation.chain import derive

        with at_hand(lambda: spec):
            return derive(stack)


def _stack(spec: str) -> Stack:
    """The network that is declared; what in the spec is hardly meant is said."""
    with _busy("reading the spec"):
        from symjac.model.build import build_stack, load_spec

        with at_hand(lambda: spec):
            stack = build_stack(load_spec(spec))
    for remark in stack.remarks:
        click.echo(remark.render(), err=True)
    return stack


def _hide_nothing(path: Path) -> None:
    """Raises DataError where the file would be a module that hides another."""
    from symjac.model.names import module_taken

    taken = module_taken(path.stem)
    if taken is not None:
        raise DataError(f"{path}: {path.stem} {taken}; the file would hide it: choose another name")


def _code(derivation: Derivation) -> str:
    from symjac.codegen.numpy_code import generate

    return generate(derivation)


def _documents(derivation: Derivation, forms: Sequence[str]) -> tuple[dict[str, str], Sequence[str]]:
    """The document in each of the formats, by the ending of its file; the chapters that could not be written."""
    from symjac.documents import document

    composed = document.compose(derivation)
    texts = {}
    for form in forms:
        with at_hand(partial("the document as {}".format, form)):
            texts[FORMATS[form]] = document.FORMATS[form](composed)
    return texts, composed.missing


def _say_missing(chapters: Sequence[str]) -> None:
    """Ends the command where chapters of the document could not be written."""
    if chapters:
        lines = [f"  {chapter}" for chapter in chapters]
        _end(
            "\n".join(["error: the document is not whole; the fault is symjac's own, please report it", *lines]), FAULT
        )


def _assembled(derivation: Derivation, at: Point, matrix: str, dtype: str, out: str) -> str:
    """The dense matrix, written to `out`."""
    from symjac.codegen.blocks_code import generate_blocks
    from symjac.core.scalar import evaluate
    from symjac.derivation.hessian_blocks import NotBySample, curvature
    from symjac.derivation.step import linear_step
    from symjac.numbers import assembly

    slopes = linear_step(derivation.stack.update)
    if matrix == "step" and slopes is None:
        raise DataError("this update's step is not a I + b H with numbers a and b; --matrix hessian writes H")
    values = {name: float(value) for name, value in derivation.stack.update.constants}
    numbers = [float(evaluate(e, (), values)) for e in slopes] if matrix == "step" and slopes else [0.0, 1.0]
    try:
        code = generate_blocks(curvature(derivation))
    except NotBySample as error:
        raise DataError(f"the matrix has no form sample by sample: {error}") from error
    with imported(code, f"{derivation.stack.name}_blocks", assembly.CONTRACT) as blocks, _bar() as bar:
        task = bar.add_task("assembling", total=1.0)
        assembly.assemble(
            blocks,
            at.params,
            at.X,
            at.T,
            Path(out),
            identity=numbers[0],
            hessian=numbers[1],
            dtype=dtype,
            progress=lambda part: bar.update(task, completed=part),
        )
    return out


def _gathered(files: Sequence[str], claims: Sequence[str], given: Sequence[str], notation: str) -> Gathering:
    """What is in the files, or each of the claims."""
    from symjac.notes.gathering import Gathering, gathered

    if not claims:
        with _busy("reading"):
            return gathered(files)
    from symjac.verify.session import from_claim

    out = Gathering({"--claim": []})
    for claim in claims:
        try:
            out.by_name["--claim"].append(from_claim(claim, given, notation))
        except InputError as error:
            out.errors.append(error.render())
    return out


def _judged(
    sources: Sequence[Source], stack: Stack | None, spec: str | None, jobs: int
) -> tuple[list[tuple[Source, Judged]], list[Failure]]:
    """The sources with their verdicts, and those that could not be judged."""
    from symjac.verify.many import Failure, judged

    with _counted("judging") as progress:
        results = judged(sources, stack, spec, jobs, progress)
    pairs = list(zip(sources, results, strict=True))
    good = [(source, result) for source, result in pairs if not isinstance(result, Failure)]
    return good, [result for _, result in pairs if isinstance(result, Failure)]


def _explained(found: Gathering, at: tuple[int | None, int], stack: Stack | None) -> int:
    """Shows why the claims on a line are right or wrong; the exit code."""
    from rich.console import Console

    from symjac.report.beside import lines
    from symjac.verify.verdict import Claim
    from symjac.verify.why import explained, lines_of

    if found.errors or len(found.sources) != 1:
        _end("\n".join(found.errors) or "error: --why is for one FILE", 2)
    (source,) = found.sources
    with _busy("judging"), at_hand(lambda: source.file):
        shown = explained(source, *at, stack)
        others = [] if shown else lines_of(source, stack)
    if not shown:
        places = ", ".join(f"{line}" if cell is None else f"{cell}:{line}" for cell, line in others[:30])
        _end(f"error: {source.file}: no claim stands there; claims stand on the lines {places or '(none)'}", 2)
    console = Console(highlight=False, soft_wrap=True)
    for line in lines(shown, source.text):
        console.print(line)
    return int(any(isinstance(w.claim, Claim) and w.claim.verdict == "refuted" for w in shown))


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _show_verdicts(results: Sequence[Judged], found: Gathering, as_json: bool, verbose: bool) -> None:
    if as_json:
        from symjac.report import as_json as form

        _give_json(form.write(results))
    elif results or not found.errors:
        from rich.console import Console

        from symjac.report.screen import lines

        console = Console(highlight=False, soft_wrap=True)
        for line in lines(results, verbose):
            console.print(line)


def _stop_at_errors(results: Sequence[Judged], found: Gathering, failures: Sequence[Failure], are_claims: bool) -> None:
    """Says what could not be used, and ends if there is anything."""
    unread = [r for r in results if are_claims and r.unread and not r.claims]
    errors = [*found.errors, *(f.message for f in failures), *("error: --claim: it could not be read" for _ in unread)]
    for message in errors:
        click.echo(message, err=True)
    if errors:
        sys.exit(FAULT if any(f.own for f in failures) else 2)


def _end_judged(results: Sequence[Judged], found: Gathering, strict: bool = False) -> NoReturn:
    """Sets the exit code; `strict`: what is named and has no claim counts as refuted."""
    from symjac.verify.verdict import fails

    judgeable = {result.file for result in results if result.claims}
    idle = [name for name, inside in found.by_name.items() if strict and not {s.file for s in inside} & judgeable]
    for name in idle:
        click.echo(f"error: {name}: there is no claim that could be judged", err=True)
    sys.exit(1 if idle or fails(results, strict) else 0)


def _copies(sources: Sequence[Source]) -> dict[str, Path]:
    from symjac.report.fix import target

    return {file: target(file) for source in sources for file in (source.file, *source.included)}


def _keep_apart(outputs: Iterable[str | Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Refuses to write over what is read, or one thing over another; what is None is not there."""
    why = clash([Path(out) for out in outputs if out], [Path(file) for file in inputs if file])
    if why:
        raise click.UsageError(f"{why}; choose another name")


def _keep_edits(path: Path, code: str, force: bool, any_file: bool = True) -> None:
    """Asks before a module that was edited by hand is written over; where nobody can be asked, refuses.

    `any_file`: nor any other file, since the place was not named by the user, but made from the spec's name.
    """
    from symjac.codegen.seal import is_module, is_sealed

    if force or not path.exists():
        return
    there = read_bytes(path, LARGEST_MODULE).decode("utf-8", "replace")
    if there == code or is_sealed(there) or not (any_file or is_module(there)):
        return
    what = f"{path} was edited by hand, or is not of symjac"
    asked = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    if not asked or not click.confirm(f"{what}. Write over it?", err=True):
        _end(f"error: {what}\n  help: give another place with -o, or --force to write over it", 2)


def _need(module: ModuleType, stack: Stack | None, samples: int, copies: int, dtype: str, what: str) -> None:
    """Refuses what would take more memory than there is. Raises DataError."""
    from symjac.model.stack import plain_shape
    from symjac.run.memory import need_for

    shapes = [plain_shape(d.equation.lhs) for d in stack.forward] if stack else []
    need_for(module, shapes, samples, copies, 4 if dtype == "float32" else 8, what)


def _need_to_check(module: ModuleType, stack: Stack | None) -> None:
    from symjac.run.differences import BATCHES

    _need(module, stack, max(BATCHES), 6, "float64", "the check in float64")


def _fix(source: Source, result: Judged, copies: dict[str, Path]) -> Iterator[str]:
    """Writes the copies, where there is something to put right; what was done."""
    from symjac.report.fix import fixed

    for out in fixed(result):
        path = copies[out.file]
        if not out.done:
            left = f"; {out.left} refuted without a replacement" * bool(out.left)
            yield f"{out.file}: nothing to put right{left}"
            continue
        _write(path, "\ufeff" * (source.bom and out.file == source.file) + out.text)
        yield f"{path}: {out.done} put right" + (f", {out.left} left as refuted" if out.left else "")


@contextmanager
def _module(spec: str) -> Iterator[tuple[ModuleType, Stack | None]]:
    """The module that SPEC generates, with its stack, or the module that SPEC is."""
    if spec.endswith(".py"):
        yield load_module(Path(spec)), None
        return
    derivation = _derive(spec)
    with imported(_code(derivation), derivation.stack.name) as module:
        yield module, derivation.stack


def _report(module: ModuleType, seed: int, stack: Stack | None) -> Report:
    from symjac.check.declared import declared_loss
    from symjac.run.differences import NoPoint, compare

    _need_to_check(module, stack)
    try:
        with _bar() as bar:
            task = bar.add_task("checking", total=1.0)
            declared = partial(declared_loss, stack) if stack else None
            return compare(module, seed, declared, lambda part: bar.update(task, completed=part))
    except NoPoint as error:
        _end(f"error: the code was not checked: {error}", 1)


# --- what is shown ---


def _give(text: str, out: str | None, errors: str = "backslashreplace") -> None:
    """To the file, or to standard output; `errors` says how what that cannot write is spelled in this kind of text."""
    if out is None:
        click.echo(writable(text, errors), nl=False)
    else:
        _write(Path(out), text)


def _give_json(text: str) -> None:
    click.echo(text if fits(text) else json.dumps(json.loads(text), indent=2))


def _write(path: Path, text: str) -> None:
    write_whole(path, text.encode("utf-8", "backslashreplace"))  # half of a surrogate pair stands in a file's name only


def _show(what: Any) -> None:
    from rich.console import Console

    Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(what)


@contextmanager
def _busy(doing: str) -> Iterator[None]:
    """A sign of life on standard error while something may take more than a second; nothing when piped."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(doing):
        yield


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    # Rich would send standard output through the bar's console, which is standard error.
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal, redirect_stdout=False)


@contextmanager
def _counted(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that is told how much is done, of how much; nothing when piped, nor what it would take to import it."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with _bar() as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _line(epoch: Epoch, epochs: int) -> str:
    line = f"epoch {epoch.number:>{len(str(epochs))}}/{epochs}  loss {epoch.loss:.6f}"
    if epoch.test_loss is not None:
        line += f"  test loss {epoch.test_loss:.6f}"
    if epoch.accuracy is not None:
        line += f"  test accuracy {epoch.accuracy:.2%}"
    return line


def _table(report: Report) -> Table:
    from rich.table import Table

    def error(value: float | None) -> str:
        return "–" if value is None else f"{value:.1e}"

    table = Table(title="Gradients checked: largest relative error", title_justify="left")
    for column in ("parameter", "shape", "checked", "differences", "complex step", "verdict"):
        table.add_column(column, justify="right" if column in ("differences", "complex step") else "left")
    for figure in report.figures:
        every = figure.entries == figure.size
        checked = "every entry" if every else f"{figure.entries} of {figure.size:,} entries, {_directions(figure)}"
        shape = "×".join(map(str, figure.shape)) or "scalar"
        verdict = "[green]agrees[/]" if figure.agrees else f"[red]refuted[/] {figure.fault}".rstrip()
        table.add_row(figure.parameter, shape, checked, error(figure.differences), error(figure.complex_step), verdict)
    return table


def _directions(figure: Figure) -> str:
    """How many there are, and of how many entries where one does not move them all."""
    of = "" if figure.moved == figure.size else f" of {figure.moved:,} entries"
    return f"{figure.directions} direction{'s' * (figure.directions != 1)}{of}"


def _on_ties(found: Ties) -> Iterator[str]:
    said = []
    if found.error is not None:
        said.append(f"against the convention {found.error:.1e}")
    if found.differences is not None:
        said.append(f"against differences, where a tie persists, {found.differences:.1e}")
    if said:
        yield f"At {found.points} point{'s' * (found.points != 1)} with ties planted: {', '.join(said)}."
    if found.infinite:
        yield f"Without a bound where these tie, so not compared there: {'; '.join(found.infinite)}."


def _notes(report: Report) -> list[str]:
    from symjac.run.differences import COMPLEX, DIFFERENCES

    batches = " and ".join(map(str, report.batches))
    notes = [f"At random points with {batches} samples, in float64. Agree: at most {DIFFERENCES:.0e}, {COMPLEX:.0e}."]
    if report.kinks:
        notes.append(f"Kinks kept away from (the nearest at {report.kept_away:.1e}): " + "; ".join(report.kinks) + ".")
    if report.left_out:
        notes.append(f"Left out, a kink too near: {report.left_out} differences.")
    faint = [figure.parameter for figure in report.figures if figure.faint]
    if faint:
        notes.append(f"Partly too small beside the loss for differences to resolve: {', '.join(faint)}.")
    if report.loss is not None:
        notes.append(f"The loss, against the declared formulas: {report.loss:.1e}.")
    notes += _on_ties(report.ties) if report.ties else []
    notes.append("All agree." if report.agrees else "What was generated does not agree.")
    return notes
