"""Random specs, and those of kinds that once failed: each works, or is refused with one message."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from symjac.cli import main
from tests.marks import slow, slow_where
from tests.random_specs import Wrong, check_latex, drawn, tried

CASES = 150
CHUNK = 10
FORMATS = ("latex", "html", "markdown")


@pytest.mark.parametrize("first", slow_where(bool, range(0, CASES, CHUNK)))
def test_random_specs_work(first: int) -> None:
    for number in range(first, first + CHUNK):
        text = drawn(number, deepest=1 + number % 2)
        outcome = tried(text, FORMATS[number // 2 % 3 :][:1])
        assert outcome.kind in ("ok", "no point"), f"{number}:\n{text}\n{outcome.kind}: {outcome.said}"


def spec(layers: str = "[dense: 3, tanh, dense: 2]", loss: str = "mean((Y - T)**2)") -> str:
    return f'name: net\ninput: "X[k, 3]"\nlayers: {layers}\nloss: {{formula: "{loss}"}}\n'


LOSSES = {
    # The second derivative is 0.
    "L1": "sum(abs(Y - T))/k",
    "hinge": "sum(max(0, 1 - T*Y))/k",
    "quantile": "sum(max(3*(T - Y)/4, (Y - T)/4))/k",
    "linear": "sum(T*Y)/k",
    "critic": "mean(Y)",
    "sign": "sum(sign(Y - T)*Y)/k",
    # Kinks of functions.
    "max of exp": "sum(max(exp(Y), 4/5))/k",
    "min of a square": "sum(min(Y**2, T))/k",
    "where of exp": "sum(where(Y**2 > 1, exp(Y), T))/k",
    # A numerator of many terms.
    "norm of small exponentials": "mean(sqrt(sum((exp(-(abs((Y + T/3)**3))**2))**2, axis=1)))",
    "where in where": "sum(where(Y > 1, Y, where(Y < -1, -Y, Y**2)))/k",
    "where in a condition": "sum(where(where(Y > 0, Y, T) > where(T > 0, Y, T), Y, T*Y))/k",
    "a sum of cases at a bound": "sum(max(sum(where(tanh(Y) > 0, 3*Y, -Y), axis=1), 1/3))/k",
    "sums of cases compared": "max(mean(where(Y > T, Y**2, -Y)), mean(where(T > 0, Y, Y**2)))",
    "a sum of cases in a condition": "where(sum(where(Y > T, Y**2, -Y)) > 1/3, sum(Y**2), sum(Y))",
    "the size of a sum of cases": "abs(sum(where(Y > T, Y**2, -Y)))",
    "extremes in a condition": "sum(where(max(Y, T) > min(Y**2, 1/3), exp(Y), Y*T))/k",
    "a sign in a condition": "sum(where(sign(Y)*T > where(Y > 0, T, -Y), Y**2, T*Y))/k",
    "three deep": "sum(where(where(where(Y > T, 1, 0) > 1/2, Y, T) > 1/3, log(1 + Y**2), Y))/k",
    "cases that are equal": "sum(where(where(Y > 0, Y, T) == where(T > 0, Y, T), Y, T*Y))/k",
    "and": "sum(where(Y > 0, 1, 0)*where(T > 0, 1, 0)*exp(Y))/k",
    "never both": "sum(Y + where(Y > 0, 1, 0)*where(Y <= 0, 1, 0)*exp(Y))/k",
    "max of roots of cases": "max(abs(where(Y > 0, 3*Y/4, -Y/4))**(1/3))",
    "max of max": "max(max((T*Y)/5, 0))",
    "max of where": "max(where(Y > 0, 3*Y/4, -Y**3/4))",
    "two sums compared": "sum(where(3*(T - Y)/4 >= (Y - T)/4, Y**2, T*Y))/k",
    "three sums": "sum(max(2*Y - T, T - Y, 0))/k",
    # Roots, which are complex to SymPy.
    "norms": "mean(sqrt(sum((Y - T)**2, axis=1)))",
    "norms cubed": "sum(sum((Y - T)**2, axis=1)**(3/2))/k",
    "norm of norms": "sqrt(sum((sqrt(sum(sin(Y - T)**2, axis=1)))**2))",
    "|cube root|": "sum(abs((4 + Y - T)**(1/3)))/k",
    "cube root of | |": "sum(abs(Y - T)**(1/3))/k",
    "|log|": "sum(abs(log(4 + Y)))/k",
    "sign of a root": "sum(sign(sqrt(4 + Y) - 2)*Y)/k",
    # What is compared is computed in one way.
    "max of a product": "max((abs(2*Y - T)**(1/3))*(T*Y))",
    "where of softplus": "sum(where(log(1 + exp(T*Y)) > 1/2, log(1 + exp(T*Y)), 1/3))/2",
    "max of softplus": "sum(max(log(1 + exp(where(Y - T > 0, 3*(Y - T)/4, (T - Y)/4))), axis=1))/k",
    "max of sums of exponentials over roots": "max(sum(exp(-(T*Y)**2), axis=1)/sqrt(1 + sum(Y**2, axis=1)))",
    "min of sums of exponentials over sums": "min(sum(exp(Y), axis=1)/(1 + sum(Y**2, axis=1)))",
    "max of products of sums of exponentials": "max(sum(T*exp(Y), axis=1)*sum(exp(-Y), axis=1))",
    "max of softmax": "sum(max(T*exp(Y)/sum(exp(Y), axis=1), axis=1))/k",
    "max beside a sum of exponentials": "(max(sum(exp(Y), axis=1)/sqrt(1 + sum(Y**2, axis=1))) - sum(exp(Y)))**2",
    "max of max of sums": "max(max(sum(exp(Y), axis=1), sum(exp(T), axis=1))/sqrt(1 + sum(Y**2, axis=1)))",
    # Sums within sums, and functions of functions.
    "sums in a norm": "sqrt(sum((sum(Y, axis=1)/sqrt(1 + sum(Y**2, axis=1)))**2))",
    "log of exp in a norm": "mean(sqrt(sum(log(1 + exp(where(2*Y - T > Y, Y**2, T*Y)))**2, axis=1)))",
    # Short, unless products are multiplied out.
    "max of a quotient": "sum(sum((max((Y - T)/(1 + (Y + T/3)**2), softplus(Y - T)))**2, axis=1)**(3/2))/2",
    # Powers with a variable exponent.
    "2^y": "sum(2**Y)/k",
    "|y|^y": "sum(abs(Y)**Y)/k",
}
LONG = {"max of a quotient", "sums of cases compared"}
LAYERS = {
    "tanh, softmax": "[dense: 2, tanh, softmax, dense: 1]",
    "softmax, softmax": "[dense: 2, softmax, softmax, dense: 1]",
    "sigmoid, log_softmax": "[dense: 2, sigmoid, log_softmax, dense: 1]",
    "softmax, tanh": "[dense: 3, softmax, tanh, softmax, dense: 2]",
    "relu, softmax": "[dense: 3, relu, softmax, dense: 2]",
    "three values": "[dense: 3, tanh, softmax, sigmoid, dense: 2, softmax, softmax]",
    "max of exp": "[dense: 2, formula: 'max(exp(x), 4/5)', dense: 1]",
    "one layer": "[dense: 2]",
}


@pytest.mark.parametrize("loss", slow_where(lambda loss: loss in LONG or list(LOSSES).index(loss) % 3, LOSSES))
@pytest.mark.parametrize("layers", ["[dense: 2]", slow("[dense: 3, tanh, dense: 2]")])
def test_losses_work(loss: str, layers: str) -> None:
    outcome = tried(spec(layers, LOSSES[loss]))
    assert outcome.kind == "ok", outcome.said


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("loss", ["mean((Y - T)**2)", slow("sum(abs(Y - T))/k"), slow("mean(Y)")])
def test_layers_work(layers: str, loss: str) -> None:
    outcome = tried(spec(LAYERS[layers], loss))
    assert outcome.kind == "ok", outcome.said


@pytest.mark.parametrize("layers", ["[dense: 2, relu, softmax]", "[dense: 2, sigmoid]", "[dense: 2, log_softmax]"])
@pytest.mark.parametrize(
    "loss", [LOSSES["max of softplus"], "sqrt(sum((log(1 + exp(sign(Y - T)*(Y - T))))**2))", "max(tanh(Y/5))"]
)
def test_ties_behind_values_work(layers: str, loss: str) -> None:
    outcome = tried(spec(layers, loss))
    assert outcome.kind == "ok", outcome.said


def test_a_tie_so_far_out_that_the_declared_formulas_overflow_refutes_nothing() -> None:
    rectified = "max(Y[j,n] + T[j,n]/3, sign(Y[j,n] + T[j,n]/3)*(Y[j,n] + T[j,n]/3))"
    outcome = tried(
        'name: net\ninput: "X[2, k]"\nconventions: {samples: columns}\n'
        "layers: [dense: 5, formula: 'x*max(x, axis=0)', log_softmax]\n"
        f'loss: {{formula: "sum[n](log(sum[j](exp({rectified}))))/k"}}\n'
    )
    assert outcome.kind == "ok", outcome.said


@pytest.mark.parametrize("power", ["(-1)**Y", "(-1/2)**Y", "(1 - 3)**(T + Y)", "0**abs(Y)"])
@pytest.mark.parametrize("command", ["build", "derive", "generate", "check"])
def test_powers_of_numbers_that_are_not_positive_are_refused(
    command: str, power: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(spec(loss=f"sum({power})/k"))
    result = CliRunner().invoke(main, [command, "net.yaml"])
    assert result.exit_code == 2
    assert result.stdout == "" and "a power of a number that is not positive" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]


@pytest.mark.parametrize(
    "text",
    [r"x^{2}^{3}", r"\lVert x \rVert^{2}^{\frac{3}{2}}", "x_{1}_{2}", "{x", "x}", r"\left( x", "x^2^2", r"a_{b_{c}_d}"],
)
def test_what_is_no_latex_is_found(text: str) -> None:
    with pytest.raises(Wrong):
        check_latex(text)


@pytest.mark.parametrize(
    "text", [r"x^{2}_{1}", r"x_1^2 + x^{2^{3}}", r"{x^{2}}^{3}", r"\left(x^{2}\right)^{3}", "x^2 y^2"]
)
def test_what_is_latex_is_let_through(text: str) -> None:
    check_latex(text)
