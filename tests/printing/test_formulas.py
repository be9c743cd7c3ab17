"""LaTeX and Unicode readings of expressions: one row an expression, its expected text in both."""

from __future__ import annotations

import latex2mathml.converter
import pytest
import sympy
from sympy import Rational, erf, exp, log

from symjac.calculus.trace import LocalJacobian
from symjac.core import scalar
from symjac.core.expr import (
    ONE,
    Expr,
    Symbol,
    add,
    affine,
    apply,
    contract,
    determinant,
    identity,
    inverse,
    maximum,
    negate,
    number,
    symbol,
)
from symjac.core.index import Index, index, size_symbol
from symjac.model.stack import Conventions
from symjac.printing import latex, text

k = size_symbol("k")
n, i, j, j1 = index("n", k), index("i", 4), index("j", 3), index("j1", 3)
c, h, w, p, q = index("c", 2), index("h", 5), index("w", 5), index("p", 3), index("q", 3)
x0, x1 = scalar.slot(0), scalar.slot(1)
alpha = sympy.Symbol("alpha", real=True)


def T(name: str, *indices: Index) -> Symbol:
    return symbol(name, indices)


Z, Y, D, A = T("Z_1", n, i), T("Y", n, j), T("delta_2", n, j), T("A_1", n, i)
W, X, b = T("W_2", i, j), T("X", n, i), T("b_2", j)
G = T("dW_2", i, j)
S = T("S", j, j1)
LOSS = T("L")
STRIDED = affine(p, ((sympy.Integer(2), h), (sympy.Integer(1), w)), sympy.Integer(-1))
EXP = apply(exp(x0), [Y])
TARGET = T("T", n, j)

ROWS: list[tuple[Symbol, Expr, str, str]] = [
    (T("A_2", n, j), add(contract([X, W], [i]), b),
     "A_2 = X W_2 + 𝟏 b_2ᵀ", r"A_{2} = X W_{2} + \mathbf{1} b_{2}^{\top}"),
    (T("delta_1", n, i), contract([D, W, Z, add(ONE, negate(Z))], [j]),
     "delta_1 = (delta_2 W_2ᵀ) ⊙ Z_1 ⊙ (1 − Z_1)",
     r"\delta_{1} = (\delta_{2} W_{2}^{\top}) \odot Z_{1} \odot (1 - Z_{1})"),
    (D, contract([number(1 / k), add(negate(TARGET), Y)]),
     "delta_2 = (Y − T)/k", r"\delta_{2} = \frac{1}{k} (Y - T)"),
    (D, contract([number(-2 / k), Y, add(ONE, negate(Y))]),
     "delta_2 = −2·Y ⊙ (1 − Y) / k", r"\delta_{2} = -\frac{2}{k} Y \odot (1 - Y)"),
    (G, contract([Z, D], [n]), "dW_2 = Z_1ᵀ delta_2", r"\frac{\partial L}{\partial W_{2}} = Z_{1}^{\top} \delta_{2}"),
    (T("db_2", j), contract([D], [n]),
     "db_2 = delta_2ᵀ 𝟏", r"\frac{\partial L}{\partial b_{2}} = \delta_{2}^{\top} \mathbf{1}"),
    (T("V", j, i), G,
     "V = dW_2ᵀ", r"V = \bigl(\frac{\partial L}{\partial W_{2}}\bigr)^{\top}"),
    (LOSS, contract([number(-1 / k), TARGET, apply(log(x0), [Y])], [n, j]),
     "L = −tr(Tᵀ log(Y))/k", r"L = -\frac{1}{k} \operatorname{tr}(T^{\top} \log(Y))"),
    (LOSS, contract([number(Rational(1, 2)), apply((x0 - x1) ** 2, [Y, TARGET])], [n, j]),
     "L = ‖Y − T‖²/2", r"L = \frac{1}{2} \lVert Y - T \rVert_{F}^{2}"),
    (LOSS, contract([Y], [n, j]), "L = 𝟏ᵀ Y 𝟏", r"L = \mathbf{1}^{\top} Y \mathbf{1}"),
    (D, negate(contract([TARGET, apply(1 / x0, [Y])])), "delta_2 = −T ⊘ Y", r"\delta_{2} = -T \oslash Y"),
    (Y, contract([EXP, apply(1 / x0, [contract([apply(exp(x0), [T("Y", n, j1)])], [j1])])]),
     "Y = diag(exp(Y) 𝟏)⁻¹ exp(Y)", r"Y = \operatorname{diag}(\exp(Y) \mathbf{1})^{-1} \exp(Y)"),
    (Z, apply(1 / (1 + exp(-x0)), [A]), "Z_1 = 1/(1 + exp(−A_1))", r"Z_{1} = \frac{1}{1 + \exp(-A_{1})}"),
    (Z, apply(sympy.Max(x0, 0), [A]), "Z_1 = max(A_1, 0)", r"Z_{1} = \max(A_{1}, 0)"),
    (Z, apply(scalar.indicator(x0 > 0), [A]), "Z_1 = 1[A_1 > 0]", r"Z_{1} = \mathbf{1}[A_{1} > 0]"),
    (Z, apply(1 - x0**2, [A]), "Z_1 = 1 − A_1^⊙2", r"Z_{1} = 1 - A_{1}^{\odot 2}"),
    (Z, apply(sympy.sqrt(x0), [A]), "Z_1 = sqrt(A_1)", r"Z_{1} = \sqrt{A_{1}}"),
    (Z, apply(sympy.Abs(x0), [A]), "Z_1 = |A_1|", r"Z_{1} = \lvert A_{1} \rvert"),
    (Z, apply(sympy.Piecewise((x0, x0 > 0), (alpha * (exp(x0) - 1), True)), [A]),
     "Z_1 = {A_1 if A_1 > 0; alpha·(exp(A_1) − 1) otherwise}",
     r"Z_{1} = \begin{cases} A_{1} & \text{if } A_{1} > 0 \\ \alpha (\exp(A_{1}) - 1) & \text{otherwise} \end{cases}"),
    (Z, apply(erf(x0 / sympy.sqrt(2)), [A]),
     "Z_1 = erf(A_1/sqrt(2))", r"Z_{1} = \operatorname{erf}\bigl(\frac{1}{\sqrt{2}} A_{1}\bigr)"),
    (T("R", n, c, h, w),
     contract([T("I", n, c, p, q), STRIDED, T("K_1", q, w)],
              [p, q]),
     "R[n,c,h,w] = Σ_q I[n,c,2*h + w − 1,q]·K_1[q,w]",
     r"R_{n,c,h,w} = \sum_{q} I_{n,c,2 h + w - 1,q} \, (K_{1})_{q,w}"),
    (T("M", n), maximum(Y, [j]), "M[n] = max_j Y[n,j]", r"M_{n} = \max_{j} Y_{n,j}"),
    (T("dK_1", n, c, p), contract([T("I", n, c, p), T("s")]),
     "dK_1[n,c,p] = I[n,c,p]·s", r"\frac{\partial L}{\partial (K_{1})_{n,c,p}} = I_{n,c,p} \, s"),
    (T("B", j, j1), inverse(S, j, j1, j, j1), "B = S⁻¹", "B = S^{-1}"),
    (T("B", j, j1), negate(inverse(S, j, j1, j1, j)), "B = −(S⁻¹)ᵀ", r"B = -(S^{-1})^{\top}"),
    (T("g", j), contract([inverse(contract([W, T("W_2", i, j1)], [i]), j, j1, j, j1), T("b_2", j1)], [j1]),
     "g = (W_2ᵀ W_2)⁻¹ b_2", r"g = (W_{2}^{\top} W_{2})^{-1} b_{2}"),
    (LOSS, apply(log(x0), [determinant(add(S, identity(j, j1)), j, j1)]),
     "L = log(det(S + I_3))", r"L = \log(\det(S + I_{3}))"),
    (T("dS", j, j1), contract([determinant(S, j, j1), inverse(S, j, j1, j1, j)]),
     "dS = det(S)·(S⁻¹)ᵀ", r"\frac{\partial L}{\partial S} = \det(S) (S^{-1})^{\top}"),
    (T("J", j, j1, q, p), negate(contract([inverse(S, j, j1, j, q), inverse(S, j, j1, p, j1)])),
     "J[j,j1,q,p] = −(S⁻¹)[j,q]·(S⁻¹)[p,j1]",
     r"J_{j,j_{1},q,p} = -(S^{-1})_{j,q} \, (S^{-1})_{p,j_{1}}"),
    (T("D", n), determinant(contract([T("Q", n, j, j1), T("Q", n, j, j1)]), j, j1),
     "D[n] = det([Q[n,r,s]·Q[n,r,s]][r,s])", r"D_{n} = \det([Q_{n,r,s} \, Q_{n,r,s}]_{r,s})"),
    (Z, apply(scalar.unknown("f")(x0), [A]), "Z_1 = f(A_1)", "Z_{1} = f(A_{1})"),
    (Z, contract([A, apply(scalar.unknown("sigma", 1)(2 * x0), [A])]),
     "Z_1 = A_1 ⊙ sigma'(2·A_1)", r"Z_{1} = A_{1} \odot \sigma'(2 A_{1})"),
    (Z, apply(scalar.unknown("f", 2)(x0), [A]), "Z_1 = f''(A_1)", "Z_{1} = f''(A_{1})"),
    (Z, apply(scalar.unknown("f", 3)(x0), [A]), "Z_1 = f^(3)(A_1)", "Z_{1} = f^{(3)}(A_{1})"),
]  # fmt: skip


@pytest.mark.parametrize(("lhs", "rhs", "unicode", "tex"), ROWS, ids=[r[2] for r in ROWS])
def test_equation(lhs: Symbol, rhs: Expr, unicode: str, tex: str) -> None:
    assert text.equation(lhs, rhs) == unicode
    assert latex.equation(lhs, rhs) == tex
    mathml = latex2mathml.converter.convert(tex)
    assert "\\" not in mathml
    assert "&amp;" not in mathml


def test_a_structure_is_printed_once_and_its_names_filled_in() -> None:
    def layer(number: int) -> tuple[Symbol, Expr]:
        left, right = T(f"Z_{number}", n, i), T(f"W_{number}", i, j)
        return T(f"A_{number + 1}", n, j), contract([left, right], [i])

    assert [text.equation(*layer(m)) for m in (1, 7, 12)] == ["A_2 = Z_1 W_1", "A_8 = Z_7 W_7", "A_13 = Z_12 W_12"]
    same = T("W_1", i, j)
    assert text.equation(T("S", i, j), add(same, same)) == "S = W_1 + W_1"
    assert text.equation(T("S", i, j), add(T("U", i, j), T("V", i, j))) == "S = U + V"


def test_names_are_the_callers() -> None:
    python = {"W_2": "W2", "Z_1": "Z1", "dW_2": "dW2"}
    assert text.equation(G, contract([Z, D], [n]), names=lambda s: python.get(s, s)) == "dW2 = Z1ᵀ delta_2"


def test_one_notation_for_all_sides() -> None:
    """A chain in which one side has no matrix form is in index notation throughout."""
    top = T("M", n)
    assert latex.equation(top, maximum(Y, [j]), contract([Y], [j])) == r"M_{n} = \max_{j} Y_{n,j} = \sum_{j} Y_{n,j}"


@pytest.mark.parametrize(
    ("identifier", "tex"),
    [
        ("W", "W"),
        ("W_1", "W_{1}"),
        ("delta_12", r"\delta_{12}"),
        ("theta", r"\theta"),
        ("dW_1", r"\frac{\partial L}{\partial W_{1}}"),
        ("gamma_Z_1", r"\gamma_{Z_{1}}"),
        ("logits", r"\mathrm{logits}"),
        ("W_out", r"W_{\mathrm{out}}"),
        ("j1", "j_{1}"),
        ("data", r"\mathrm{data}"),
    ],
)
def test_name(identifier: str, tex: str) -> None:
    assert latex.name(identifier) == tex


def test_namer_knows_which_names_are_gradients() -> None:
    names = latex.namer(["kernel", "W_1"], loss="E")
    assert names("dkernel") == r"\frac{\partial E}{\partial \mathrm{kernel}}"
    assert names("dx") == r"\mathrm{dx}"


def test_flatten_numbers_its_target() -> None:
    """F[n, 6c + 3i + j] = X[n,c,i,j], not a sum over indicators."""
    u, r, s = index("u", 12), index("r", 2), index("s", 3)
    tie = affine(u, ((sympy.Integer(6), c), (sympy.Integer(3), r), (sympy.Integer(1), s)), sympy.Integer(0))
    body = contract([T("X", n, c, r, s), tie], [c, r, s])
    assert text.equation(T("F", n, u), body) == "F[n,6*c + 3*r + s] = X[n,c,r,s]"


def test_jacobians() -> None:
    m, i1, n1 = index("m", 3), index("i1", 4), index("n1", k)
    dense = LocalJacobian(T("A_2", n, j), T("W_2", i1, m), contract([T("X", n, i1), identity(j, m)]), ())
    left, right = latex.jacobian(dense, Conventions())
    assert left == r"\frac{\partial \operatorname{vec}(A_{2})}{\partial \operatorname{vec}(W_{2})}"
    assert right == r"I_{3} \otimes X"
    assert latex.jacobian(dense, Conventions(vec="rows"))[1] == r"X \otimes I_{3}"
    softmax = LocalJacobian(Y, T("A_2", n1, j1), contract(
        [identity(n, n1), Y, add(identity(j, j1), negate(T("Y", n, j1)))]
    ), ())  # fmt: skip
    assert latex.jacobian(softmax, Conventions(), k) == (
        r"\frac{\partial y_{n}}{\partial a_{2,n}}",
        r"\operatorname{diag}(y_{n}) - y_{n} y_{n}^{\top}",
    )
    assert text.jacobian(softmax, Conventions(), k) == ("∂Y[n]/∂A_2[n]", "diag(Y[n]) − Y[n] Y[n]ᵀ")


def test_formula_of_an_update() -> None:
    step = x0 - alpha * x1
    assert latex.formula(step, [r"\theta", "g"]) == r"\theta - \alpha g"
    assert text.formula(step, ["theta", "g"]) == "theta − alpha·g"


def test_a_coefficient_that_is_a_sum() -> None:
    assert text.expression(contract([number(1 + alpha), X]), (n, i)) == "(1 + alpha)·X"
