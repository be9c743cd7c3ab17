"""The plain notation is read into the same trees as LaTeX, or refused with a reason."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symjac.notation import latex_notation, plain_notation, writer
from symjac.notation.tree import Group, Name, Node, rebuild, walk
from tests.marks import slow
from tests.notation.shown import said, table, words

# Operations stand before their parts; statements are parted by " ; ".
READ = table(
    r"""
x'*A*x
    (* (T x) A x)
dL/dW = X' * (Y - T) / k
    (d L / W) = (/ (* (T X) (paren (+ Y (- T)))) k)
W in R^(m x n), b in R^n
    W in (R m n) ; b in (R n)
W ∈ ℝ^{m×n}
    W in (R m n)
d(x'*A*x)/dx = (A + A')*x
    (d (* (T x) A x) / x) = (* (paren (+ A (T A))) x)
norm2(A*x - b)^2 + log(det(A)) - tr(inv(A))
    (+ (^ (norm2 (+ (* A x) (- b))) 2) (call log (call det A)) (- (call tr (^ A (- 1)))))
X'*((Y - T)*W_2' .* f'(a)) ./ Z1
    (./ (* (T X) (paren (.* (* (paren (+ Y (- T))) (T (_ W 2))) (* (f') (paren a))))) (_ Z 1))
vector(1) + ones(n) + ones(m, n) + eye(n)*x + eye
    (+ one (one n) (one (, m n)) (* (_ I n) x) I)
A (x) B ⊗ C + kron(A, B + C)
    (+ (kron (kron A B) C) (paren (kron (paren A) (paren (+ B C)))))
exp(-x) + sum(x) + sum_i x_i + sum_{i=1}^n x_i*y_i + Σ_n x_n
    (+ (call exp (- x)) (call sum x) (sum [i] (_ x i)) (sum [i 1 n] (* (_ x i) (_ y i))) (sum [n] (_ x n)))
f'(a) .* sigmoid'(z) + sigma(z)
    (+ (.* (* (f') (paren a)) (call (sigmoid') z)) (* sigma (paren z)))
δ2 = (a2 − yᵀ)/m, δ1 = W2ᵀδ2 ⊙ 1[z1>0]
    (_ delta 2) = (/ (paren (+ (_ a 2) (- (T y)))) m) ; (_ delta 1) = (.* (* (T (_ W 2)) (_ delta 2)) (if (> (_ z 1)
    0)))
½‖y−t‖²
    (* (/ 1 2) (^ (norm (+ y (- t))) 2))
∂L/∂W₁ = Xᵀδ₁ ; ∂²L/∂W∂b = 0
    (d L / (_ W 1)) = (* (T X) (_ delta 1)) ; (d L / W b) = 0
W := W - alpha*dL/dW
    W := (+ W (- (* alpha (d L / W))))
x.^2 + x^-1 + A^-T + A^T + x^(i) + x^(n-1) + X.T @ Y
    (+ (.^ x 2) (^ x (- 1)) (T (^ A (- 1))) (T A) (^ x (paren i)) (^ x (+ n (- 1))) (* (T X) Y))
max(x, 0) + max_j x_j + abs(x) + |x| + ||x||
    (+ (call max x 0) (max [j] (_ x j)) (abs x) (abs x) (norm x))
a_2n + x_ij + W_out + x_i_j + W1_2
    (+ (_ a (* 2 n)) (_ x (* i j)) (_ W out) (_ x i j) (_ W 1 2))
f(x) = x^3 where f'(x) = 3*x^2 if x > 0
    (* f (paren x)) = (^ x 3) ; (* (f') (paren x)) = (* 3 (^ x 2)) if (> x 0)
dW2 = a1*d2' => db = d
    (_ dW 2) = (* (_ a 1) (T (_ d 2))) ; db = d
dW_1, db_1
    (, (_ dW 1) (_ db 1))
mean(G .* Xhat)
    (call mean (.* G Xhat))
e^(-z)/(1+e^(-z))^2
    (/ (call exp (- z)) (^ (paren (+ 1 (call exp (- z)))) 2))
x̂ + ŷ_i + X̂
    (+ hat~x (_ hat~y i) hat~X)
d(A*B)/d(A)
    (d (* A B) / A)
∂vec(A)/∂vec(W) = xᵀ ⊗ I
    (d (call vec A) / (call vec W)) = (kron (T x) I)
sqrt(x+1) + √(y)
    (+ (call sqrt (+ x 1)) (call sqrt y))
∇_W L + ∇²_W L
    (+ (d L / W) (d L / W W))
i = 1, ..., n
    i = (, 1 ... n)
L = -(1/k) Σ T log Y
    L = (- (* (paren (/ 1 k)) (sum [] (* T (call log Y)))))
W1' = W1 - alpha*dL/dW1
    (T (_ W 1)) = (+ (_ W 1) (- (* alpha (d L / (_ W 1)))))
d(x'*A*x)/d(x)
    (d (* (T x) A x) / x)
d(a + b)/dW_1
    (d (+ a b) / (_ W 1))
dsigma/dx
    (d sigma / x)
∂²L/∂x²
    (d L / x x)
Wᵀx + sigmoidᵀ
    (+ (* (T W) x) (T sigmoid))
x^T y
    (* (T x) y)
X′ + f''(a) + X''
    (+ (X') (* (f'') (paren a)) (X''))
norm(x) + normF(A) + norm1(x)
    (+ (norm x) (normF A) (norm1 x))
ones(m, n)*x
    (* (one (, m n)) x)
inv(A + B)*inv(C)
    (* (^ (paren (+ A B)) (- 1)) (^ C (- 1)))
f(x) = max(x, 0), g(x) = 1 if x > 0
    (* f (paren x)) = (call max x 0) ; (* g (paren x)) = 1 if (> x 0)
W ∈ ℝ^{m×n}; x in R^n; k in R
    W in (R m n) ; x in (R n) ; k in (R)
L = ½‖y−t‖²
    L = (* (/ 1 2) (^ (norm (+ y (- t))) 2))
a <- a - 1
    a <- (+ a (- 1))
a <= b >= c != d == e ~ f -> g
    a <= b >= c != d = e ~ f -> g
exp(x) .* y ⊘ z
    (./ (.* (call exp x) y) z)
a = b => c = d
    a = b ; c = d
W in R^{m, n}, x in R**{k}, V in R^((m+1) x n)
    W in (R m n) ; x in (R k) ; V in (R (paren (+ m 1)) n)
x_{i,{j}} + x.^{n} + x^{(i)} + A_{ones(n)'}
    (+ (_ x i (curly j)) (.^ x n) (^ x (paren i)) (_ A (T (one n))))
A (x) (x) + f (x)
    (+ (kron A (paren x)) (* f (paren x)))
"""
)

REFUSED = table(
    r"""
d^2L/dW^2 = 1/2k
    it is ambiguous how far the denominator reaches; brackets were expected
a = 1 (b
    the formula ends too early; a closing bracket was expected
x^
    nothing follows ^ that can be read; a letter or a number was expected
x_{i + x_{j}
    a brace { is opened and never closed
x_{norm(i} + inv(A)
    a bracket is opened and never closed
sum(f(x
    the formula ends too early; a closing bracket was expected
\alpha
    \ has no meaning in the plain notation
x$
    $ has no meaning in the plain notation
a'''''''
    7 primes in a row; at most 6 were expected
"""
)

# The same thing in both notations.
SAME = table(
    r"""
X'*(Y - T)/k
    X^\top (Y - T)/k
dL/dW_1 = Z_1'*delta_2
    \frac{dL}{dW_1} = Z_1^\top \delta_2
delta_1 = (delta_2*W_2') .* Z_1 .* (1 - Z_1)
    \delta_1 = (\delta_2 W_2^\top) \odot Z_1 \odot (1 - Z_1)
W in R^(m x n)
    W \in \mathbb{R}^{m \times n}
norm2(A*x - b)^2
    \|A x - b\|_2^2
∂vec(A)/∂vec(W) = I ⊗ X
    \frac{\partial \operatorname{vec}(A)}{\partial \operatorname{vec}(W)} = I \otimes X
L = -1/k*sum_{n,i} T_{n,i}*log(Y_{n,i})
    L = -1/k \cdot \sum_{n,i} T_{n,i} \log(Y_{n,i})
σ′(z) = σ(z)(1 − σ(z))
    \sigma'(z) = \sigma(z)(1 - \sigma(z))
f(x) = x^3 if x > 0
    f(x) = x^3 \quad \text{if } x > 0
"""
)


def reading(text: str) -> str:
    found = plain_notation.read(text)
    assert not found.unread, found.unread
    return " ; ".join(said(s) for s in found.statements)


@pytest.mark.parametrize(("text", "expected"), READ)
def test_it_says(text: str, expected: str) -> None:
    assert reading(text) == expected


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_is_not_understood_is_refused_with_its_reason(text: str, reason: str) -> None:
    found = plain_notation.read(text)
    assert found.unread[0].reason == reason
    assert 0 <= found.unread[0].span.start < found.unread[0].span.end <= len(text)


@pytest.mark.parametrize(("text", "tex"), SAME)
def test_both_notations_say_the_same(text: str, tex: str) -> None:
    one, other = plain_notation.statement(text), latex_notation.statement(tex)
    assert (one.sides, one.relations, one.conditions) == (other.sides, other.relations, other.conditions)


def test_lines_are_statements_of_their_own() -> None:
    assert reading("a = b\nc = d\n  + e\n") == "a = b ; c = (+ d e)"


def test_places_are_offsets_into_the_file() -> None:
    text = "L = inv(Wx) + delta_12"
    offsets = [50 + 3 * i for i in range(len(text) + 1)]
    found = plain_notation.read(text, offsets).statements[0]
    places = {n.text: n.span for n in walk(found.sides[1]) if isinstance(n, Name)}
    assert places["delta"].start == 50 + 3 * text.index("delta")
    assert places["delta"].end == 50 + 3 * (text.index("_12") - 1) + 1
    assert places["Wx"].start == 50 + 3 * text.index("Wx")


ENDLESS = [
    *words(
        r"""
    ( [ { x_ x^ x^( x_{ inv( sqrt( | - a/ ' d( 1 ᵀ x. )
    """
    ),
    "sum_i ",
    "log ",
    "a .* ",
    "\n",
]


@pytest.mark.parametrize("piece", ENDLESS)
@pytest.mark.parametrize("count", [70, slow(2_000), slow(100_000)])
def test_endless_text_ends(piece: str, count: int) -> None:
    began = time.process_time()
    plain_notation.read(piece * count)
    plain_notation.read(piece * count + "a")
    assert time.process_time() - began < 20


PIECES = [
    *[
        "a",
        "W_1",
        "W1",
        "x_i",
        "f(a)",
        "f'",
        "delta",
        "2",
        "+",
        "-",
        "=",
        ",",
        "*",
        ".*",
        "./",
        "/",
        "⊗",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "^",
        "_",
        "'",
        "^T",
        "^-1",
        ".^2",
        "sum(",
        "Σ",
        "max(",
        "log(",
        "inv(",
        "norm2(",
        "vector(1)",
        "eye(",
        "|",
        "||",
        "d(",
        "dL",
        "dW",
        "∂",
        "<",
        "<=",
        ":=",
        "e^x",
        "x̂",
        "½",
        "²",
        "ᵀ",
        "₁",
        "σ",
        "1[",
        ".T",
        "@",
        ";",
        "!",
        ".",
    ],
    *(" (x) ", "sum_i ", "log ", "∇_x ", " in ", "where ", "if ", "\n", "R^(m x n)"),
]


FROM_THE_LEFT = [
    # as in MATLAB, where * / .* ./ are of one level
    ("A .* B*c", "(A .* B)*c"), ("A ./ B*c", "(A ./ B)*c"), ("A .* B/c", "(A .* B)/c"), ("A*B .* c", "(A*B) .* c"),
    ("A .* B*c .* d", "((A .* B)*c) .* d"), ("A .* B'*c", "(A .* B')*c"), ("x .* y'*z + w", "(x .* y')*z + w"),
    ("A .* -B*c", "(A .* (-B))*c"), ("A .* sin(x)*b", "(A .* sin(x))*b"), ("A.*B*c*d", "(A .* B)*c*d"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "same"), FROM_THE_LEFT)
def test_products_are_read_from_the_left(text: str, same: str) -> None:
    written = writer.plain(plain_notation.expression(text))
    assert written == writer.plain(plain_notation.expression(written))
    assert bare(plain_notation.expression(text)) == bare(plain_notation.expression(same))


def bare(node: Node) -> Node:
    """Without the brackets that the writer put."""
    return bare(node.of) if isinstance(node, Group) else rebuild(node, bare)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_pieces_are_read_or_refused(pieces: list[str]) -> None:
    text = "".join(pieces)
    for u in plain_notation.read(text).unread:
        assert 0 <= u.span.start <= u.span.end <= len(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    plain_notation.read(text)
