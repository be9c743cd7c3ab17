"""LaTeX as people write it is read into what it says, or refused with a reason: never misread, never an exception."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symjac.notation import latex_notation
from symjac.notation.macros import read_macros
from symjac.notation.tree import Name, Node, walk
from tests.marks import slow
from tests.notation.shown import said, table

GENERATED = Path(__file__).parents[2] / "generated"

# Operations stand before their parts.
EXPRESSIONS = table(
    r"""
\frac{\partial L}{\partial W_1}
    (d L / (_ W 1))
\dfrac{\partial L}{\partial W_{1}}
    (d L / (_ W 1))
\partial L/\partial W
    (d L / W)
\partial L / \partial W_1 x
    (* (d L / (_ W 1)) x)
\partial (x^\top A x)/\partial x
    (d (* (T x) A x) / x)
\nabla_{W} L
    (d L / W)
\nabla f(x)
    (d (* f (paren x)) / ?)
\nabla^2 f
    (d f / ? ?)
\nabla^2_x f(x)
    (d (* f (paren x)) / x x)
\nabla_x^{2} f(x)
    (d (* f (paren x)) / x x)
\nabla_{x,y}^2 f
    (d f / x y)
\nabla_W \nabla_b L
    (d (d L / b) / W)
\nabla f(x)^\top (y - x)
    (* (T (paren (d (* f (paren x)) / ?))) (paren (+ y (- x))))
\nabla_x a^\top x
    (d (* (T a) x) / x)
\nabla_x x^\top A
    (d (* (T x) A) / x)
\nabla_x \frac{1}{2} x^\top A x
    (d (* (/ 1 2) (T x) A x) / x)
\nabla_x (x^\top A x) + b
    (+ (d (* (T x) A x) / x) b)
\frac{\mathrm{d}L}{\mathrm{d}W}
    (d L / W)
\frac{\mathrm d L}{\mathrm d W_1}
    (d L / (_ W 1))
\frac{dL}{dW}
    (d L / W)
\frac{d L}{d W^{[1]}}
    (d L / (^ W (square 1)))
dL/dW_1
    (d L / (_ W 1))
d f(x)/dx
    (d (* f (paren x)) / x)
\frac{d}{dx} f(x)
    (d (* f (paren x)) / x)
\frac{d}{dx} x^2 y
    (d (* (^ x 2) y) / x)
\frac{\partial}{\partial x}(x^\top a)
    (d (* (T x) a) / x)
\frac{\partial}{\partial x}\frac{\partial L}{\partial y}
    (d (d L / y) / x)
\frac{d^2 y}{dx^2}
    (d y / x x)
\frac{\partial^2 L}{\partial W^2}
    (d L / W W)
\frac{\partial^2 L}{\partial W_1 \, \partial W_1}
    (d L / (_ W 1) (_ W 1))
\frac{\partial^2 L}{\partial x_i^2}
    (d L / (_ x i) (_ x i))
\frac{\partial^3 L}{\partial x^2 \partial y}
    (d L / x x y)
\frac{\partial \operatorname{vec}(A)}{\partial \operatorname{vec}(W)}
    (d (call vec A) / (call vec W))
\frac{\partial \frac{\partial L}{\partial z_{1,n}}}{\partial a_{1,n}}
    (d (d L / (_ z 1 n)) / (_ a 1 n))
\frac{\partial x^\top A x}{\partial x}
    (d (* (T x) A x) / x)
\frac{\partial (A \odot B)}{\partial A}
    (d (.* A B) / A)
\frac{\partial A \odot B}{\partial A}
    (d (.* A B) / A)
\frac{\partial L}{\partial W}^\top
    (T (d L / W))
\frac{\partial L}{\partial y}\frac{\partial y}{\partial x}
    (* (d L / y) (d y / x))
\frac{x}{d_k} + \frac{d}{d_k}
    (+ (/ x (_ d k)) (/ d (_ d k)))
\partial_x f
    (d f / x)
\frac{\partial \mathrm{loss}}{\partial \hat{y}}
    (d loss / hat~y)
ln(x) exp(y) max(0,x) tanh\left(z\right)
    (* (call log x) (call exp y) (call max 0 x) (call tanh z))
- y_i log p + \frac{y_ilog(p)}{m}
    (+ (- (* (_ y i) (call log p))) (/ (* (_ y i) (call log p)) m))
m a x + l n + s i n (x) + aexp(x)
    (+ (* m a x) (* l n) (* s i n (paren x)) (* a e x p (paren x)))
\mbox{log} x + \text{ln}(y) \mathrm{ln} z
    (+ (call log x) (* (call log y) (call log z)))
\text{max}_j x_j + \mathrm{max}(0, x)
    (+ (max [j] (_ x j)) (call max 0 x))
\frac{\text{d}y}{\text{d}x}
    (d y / x)
\begin{pmatrix} 1 & 2 \\ 3 & x, \end{pmatrix}^\top y
    (* (T (matrix 1 2 ; 3 x)) y)
\left[\begin{array}{c} a \\ \vdots \\[2pt] b \end{array}\right] + \left[ {\begin{array}{cc} a & b \end{array}} \right]
    (+ (square (matrix a ; ... ; b)) (square (matrix a b)))
\begin{bmatrix} a_1 & & \\ & \ddots & \\ & & a_n \\ \end{bmatrix}
    (matrix (_ a 1) ? ? ; ? ... ? ; ? ? (_ a n))
\left| \begin{matrix} a & b \\ c & d\end{matrix}\right| + \begin{vmatrix} \frac{a}{b} \end{vmatrix}
    (+ (abs (matrix a b ; c d)) (matrix (/ a b)))
\frac{\partial L}{\partial S[i,k]} W_2[m,n]^2 x[k] E[i] a[b+1]
    (* (d L / (_ S i k)) (^ (_ W 2 m n) 2) (_ x k) E (square i) a (square (+ b 1)))
\frac{\partial 1/\sigma}{\partial x} + \frac{\partial L}{\hat Y_{ij}} + \frac{d 1/x}{dx}
    (+ (d (/ 1 sigma) / x) (d L / (_ hat~Y (* i j))) (d (/ 1 x) / x))
\frac{\partial -y\log p - (1-y)q}{\partial p}
    (d (+ (- (* y (call log p))) (- (* (paren (+ 1 (- y))) q))) / p)
p(x\mid\mu) \pi_\theta(a|s) f(|x|)
    (* p~given (paren (, x mu)) (_ pi~given theta) (paren (, a s)) f (paren (abs x)))
J(W, b; x, y) p(x|y)|A|
    (* J (paren (, W b x y)) p~given (paren (, x y)) (abs A))
x_{k|k-1} P_{k \mid k} D(P \| Q) (\mid x \mid)
    (* (_ x at~k|k-1) (_ P at~k~\mid~k) D~given (paren (, P Q)) (paren (abs x)))
\begin{cases} a & \text{if k = n} \\ b, & \text{if k $\ne$ n} \end{cases}
    (cases [a (= k n)] [b (!= k n)])
\begin{cases} a & \text{if k = y_i} \\ f(a, b), i=j \\ 0, & \text{其他} \end{cases}
    (cases [a (= k (_ y i))] [(* f (paren (, a b))) (= i j)] [0 -])
\mathbf{1}(m=i, n=j) \delta_{i=j} \delta(i=j) [i=j]
    (* (if (, (= m i) (= n j))) (if (= i j)) (if (= i j)) (square (= i j)))
\sum_{j\ne i} x_j + \sum_{j=1, j\ne i}^N x_j + \sum_{k<t} h_k
    (+ (sum [j (!= j i)] (_ x j)) (sum [j 1 N (!= j i)] (_ x j)) (sum [k (< k t)] (_ h k)))
\sum_{1 \le k \le t} h_k + \sum_{i=1, \dots, n} x_i + \sum_{i,j=1}^n A_{ij}
    (+ (sum [k 1 t] (_ h k)) (sum [i 1 n] (_ x i)) (sum [i j 1 n] (_ A (* i j))))
\sum_{i=1,j=1}^n a + \sum_{1 \le i < j \le n} b + \sum_{(i,j)} c
    (+ (sum [i 1 n] (sum [j 1 n] a)) (sum [i j 1 n (< i j)] b) (sum [i j] c))
\sum_{w\in V} u_w + \sum_{i \in S, j \in T} a + \sum_{k: y_k > 0} z_k
    (+ (sum [w (in w V)] (_ u w)) (sum [i j (in i S) (in j T)] a) (sum [k (> (_ y k) 0)] (_ z k)))
\sum_{\substack{j=1\\j\ne i}}^n x_j + \sum_{i=j} a + \sum_{i \ne j} a_{ij}
    (+ (sum [j 1 n (!= j i)] (_ x j)) (sum [i (= i j)] a) (sum [i j (!= i j)] (_ a (* i j))))
\sum^T_{t=1} x_t + \sum^{T} x^T
    (+ (sum [t 1 T] (_ x t)) (sum [T] (T x)))
a \space b \bigodot \bold{c} \cancel{d} \bbox[5px,border:2px]{e}
    (.* (* a b) (* c d e))
{a \over b} + {{\partial L} \over {\partial x}}
    (+ (/ a b) (d L / x))
x^\top y^T A^{\mathsf T} B^\intercal C^{\mathrm{T}}
    (* (T x) (T y) (T A) (T B) (T C))
A^{-1} B^{-\top} C^{-T}
    (* (^ A (- 1)) (T (^ B (- 1))) (T (^ C (- 1))))
x^t
    (^ x t)
W^{(2)\top} W^{[l]T} {W^l}^\top (W^l)^T
    (* (T (^ W (paren 2))) (T (^ W (square l))) (T (^ W l)) (T (paren (^ W l))))
W^{[1]} W^{(1)} W^l a^{l+1} \delta_i^{l+1}
    (* (^ W (square 1)) (^ W (paren 1)) (^ W l) (^ a (+ l 1)) (^ (_ delta i) (+ l 1)))
x^{(i)} y^{(i)}_j x_i^{(n)}
    (* (^ x (paren i)) (^ (_ y j) (paren i)) (^ (_ x i) (paren n)))
f'(a) \sigma'' f^{\prime}(x) f^{\prime\prime} W_1' f'_i
    (* (f') (paren a) (sigma'') (f') (paren x) (f'') ((_ W 1)') ((_ f i)'))
x_{i,j} x_{ij} M_{11,n} W_{2 i + p - 1,j}
    (* (_ x i j) (_ x (* i j)) (_ M 11 n) (_ W (+ (* 2 i) p (- 1)) j))
W_{:,j} X_{i\cdot} x_{*,i}
    (* (_ W : j) (_ X (* i :)) (_ x : i))
x^{+} x^* x^{-} x^\star
    (* (^ x +) (^ x *) (^ x -) (^ x star))
{x_i}^2 {x^{(i)}}^2 (x^2)^2
    (* (^ (_ x i) 2) (^ (^ x (paren i)) 2) (^ (paren (^ x 2)) 2))
a \odot b \circ c
    (.* (.* a b) c)
a b \otimes c d - e
    (+ (kron (* a b) (* c d)) (- e))
A \oslash B \odot C
    (.* (./ A B) C)
-x y \odot z + 2 w
    (+ (- (.* (* x y) z)) (* 2 w))
a \cdot b \times c * d \ast e
    (* a b c d e)
a \cdot -b
    (* a (paren (- b)))
a b / c d
    (* (/ (* a b) c) d)
1/n X^\top y
    (* (/ 1 n) (T X) y)
1/(2k)
    (/ 1 (paren (* 2 k)))
(Y - T)/k
    (/ (paren (+ Y (- T))) k)
\frac12 x + \tfrac{1}{2} y
    (+ (* (/ 1 2) x) (* (/ 1 2) y))
\frac{a}{b} c^2
    (* (/ a b) (^ c 2))
\operatorname{diag}(v) x
    (* (call diag v) x)
\operatorname{diag} v
    (call diag v)
\mathrm{tr}(A B)^2
    (^ (call tr (* A B)) 2)
\mathop{\mathrm{vec}}(A)
    (call vec A)
\mathop{\mathrm{softmax}}(x)_{n,i}
    (_ (call softmax x) n i)
\operatorname{ReLU}'(a)
    (call (ReLU') a)
\log x y
    (* (call log x) y)
\log \sigma(s)
    (call log (* sigma (paren s)))
\log(x)^2 + \log^2 x + \log_2 x
    (+ (^ (call log x) 2) (call (^ log 2) x) (call (_ log 2) x))
-t_i \log y_i
    (- (* (_ t i) (call log (_ y i))))
\log\bigl(\sum_j e^{a_j}\bigr)
    (call log (sum [j] (call exp (_ a j))))
\log \det A
    (call log (call det A))
\ln x + \exp x
    (+ (call log x) (call exp x))
e^{x} + \mathrm{e}^{-x_i} + e^x_1
    (+ (call exp x) (call exp (- (_ x i))) (^ (_ e 1) x))
e_i^2 + e^\top e + e^{(i)}
    (+ (^ (_ e i) 2) (* (T e) e) (^ e (paren i)))
\sqrt{x} + \sqrt[3]{x}
    (+ (call sqrt x) (^ (paren x) (/ 1 3)))
\max(x, 0) + \max\{0, x\}
    (+ (call max x 0) (call max 0 x))
\max_{j} x_j - \min_{i,j} a
    (+ (max [j] (_ x j)) (- (min [i j] a)))
\mathbf{1} + \mathbf 1_k + \mathbb{1} x + \mathbf{1}_{n \times m}
    (+ one (one k) (* one x) (one (, n m)))
\mathbf{1}[a > 0] \mathbb{1}\{a > 0\} 1_{[a > 0]} \mathbb{I}(a > 0)
    (* (if (> a 0)) (if (> a 0)) (if (> a 0)) (if (> a 0)))
\mathbf{1}_{\{a>0\}} \mathbf 1_{a>0} 1\{i = j\} I(a \geq 0)
    (* (if (> a 0)) (if (> a 0)) (if (= i j)) (if (>= a 0)))
\mathbf{1}[c]
    (if c)
\mathbf{1}(x + y)
    (* one (paren (+ x y)))
\lVert y - t\rVert^2
    (^ (norm (+ y (- t))) 2)
\|x\|_2^2 + \|A\|_F^2 + \|x\|_\infty + \|x\|_1
    (+ (^ (norm2 x) 2) (^ (normF A) 2) (norminf x) (norm1 x))
\left\| x \right\| + \left| x \right| + |a||b|
    (+ (norm x) (abs x) (* (abs a) (abs b)))
|a| - |b|
    (+ (abs a) (- (abs b)))
\lvert x \rvert
    (abs x)
\|A x - |b|\|
    (norm (+ (* A x) (- (abs b))))
||x - t||^2 + ||x||_2^2 + || W ||_F^2
    (+ (^ (norm (+ x (- t))) 2) (^ (norm2 x) 2) (^ (normF W) 2))
\frac{1}{2} ||x - t||^2 + \lambda ||w||_1
    (+ (* (/ 1 2) (^ (norm (+ x (- t))) 2)) (* lambda (norm1 w)))
|x||y| + ||x|| ||y|| + ||x||||y|| + |x| |y|
    (+ (* (abs x) (abs y)) (* (norm x) (norm y)) (* (norm x) (norm y)) (* (abs x) (abs y)))
|||x|| - 1| + ||x| - |y|| + |a - |b||
    (+ (abs (+ (norm x) (- 1))) (abs (+ (abs x) (- (abs y)))) (abs (+ a (- (abs b)))))
||x - |y||| + |a| ||b|| + 2||c||
    (+ (norm (+ x (- (abs y)))) (* (abs a) (norm b)) (* 2 (norm c)))
\left|\left|x - t\right|\right|^2 + \left||x| - 1\right|
    (+ (^ (norm (+ x (- t))) 2) (abs (+ (abs x) (- 1))))
\left\Vert x \right\Vert + \Vert x \Vert + \lvert\lvert x \rvert\rvert + \bigl|\bigl| x \bigr|\bigr| + ‖x‖
    (+ (norm x) (norm x) (norm x) (norm x) (norm x))
|\sum_i |x_i| - 1| + |\log |x|| + |-x|
    (+ (abs (+ (sum [i] (abs (_ x i))) (- 1))) (abs (call log (abs x))) (abs (- x)))
\sum_i ||x_i - m||^2 + \frac{||a||}{|b|}
    (+ (sum [i] (^ (norm (+ (_ x i) (- m))) 2)) (/ (norm a) (abs b)))
\|x - \|y\| y\| + ||x - ||y|| y||
    (+ (norm (+ x (- (* (norm y) y)))) (norm (+ x (- (* (norm y) y)))))
\langle x, y \rangle
    (call inner x y)
\sum_{i=1}^n x_i
    (sum [i 1 n] (_ x i))
\sum_i \sum_{n} T_{n,i} \log Y_{n,i} - c
    (+ (sum [i] (sum [n] (* (_ T n i) (call log (_ Y n i))))) (- c))
\sum_{n,i} x \odot y
    (sum [n i] (.* x y))
\sum_{ij} a_{ij}
    (sum [i j] (_ a (* i j)))
\sum\limits_{i, j = 1}^{n} a
    (sum [i j 1 n] a)
\frac{1}{m} \sum_i (y_i - o_i)^2
    (* (/ 1 m) (sum [i] (^ (paren (+ (_ y i) (- (_ o i)))) 2)))
\sum_n -\log p_n
    (sum [n] (- (call log (_ p n))))
\sum_n S_n \otimes (z_n z_n^\top)
    (sum [n] (kron (_ S n) (paren (* (_ z n) (T (_ z n))))))
\prod_{l} W^l
    (prod [l] (^ W l))
\hat{X} + \hat{\mathbf{X}}_i + \tilde x + \bar{x}_n + \overline{x} + \hat{x_i}
    (+ hat~X (_ hat~X i) tilde~x (_ bar~x n) bar~x (_ hat~x i))
\mathbf{W} \boldsymbol{\delta}_l \bm{x} \mathcal{L} \mathbf{0}
    (* W (_ delta l) x L 0)
\mathbf{Wx} + {\bf W} {\rm tr}(A)
    (+ (* W x) (* W (call tr A)))
xW
    (* x W)
x W_1 2
    (* x (_ W 1) 2)
W1
    (_ W 1)
\mathrm{ReLU}(x) \mathrm{loss}
    (* (call ReLU x) loss)
\text{loss}_{\text{CE}}
    (_ loss CE)
W_{\text{out}}
    (_ W out)
\mathcal{R}\{q\} \mathcal{R}\lbrace A_1\rbrace^\top
    (* (call R q) (T (call R (_ A 1))))
(A_{1})_{n,o,i,j}
    (_ (paren (_ A 1)) n o i j)
W_{1}^{+}
    (^ (_ W 1) +)
\left( a + b \right) \bigl( c \bigr) \Big[ d \Big]
    (* (paren (+ a b)) (paren c) (square d))
2\boxed{a + b}
    (* 2 (paren (+ a b)))
\boxed{a} + \textcolor{red}{b} + \underbrace{W x}_{z} + \color{blue} c
    (+ a b (* W x) c)
a \, b \; c \quad
    (* a b c)
x^{\odot 2}
    (.^ x 2)
dW_2
    (_ dW 2)
d\mathbf{W} \mathrm{d}b \mathrm{d} \delta
    (* dW db ddelta)
x d y
    (* x d y)
\frac{\mathrm{dW}}{\mathrm{dt}} + \frac{\mathrm{depth}}{\mathrm{dim}}
    (+ (d W / t) (/ depth dim))
f(x, y)
    (* f (paren (, x y)))
\begin{cases} 1 & \text{if } u \geq 0 \\ \exp(u) & \text{otherwise} \end{cases}
    (cases [1 (>= u 0)] [(call exp u) -])
\left\{ \begin{array}{ll} x, & x > 0 \\ 0, & \text{else} \end{array} \right.
    (cases [x (> x 0)] [0 -])
\begin{cases} x, & \text{if $x > 0$,} \\ 0 & x \le 0. \end{cases}
    (cases [x (> x 0)] [0 (<= x 0)])
α β₁ − xᵀ ⊙ y · ½
    (+ (* alpha (_ beta 1)) (- (.* (T x) (* y (/ 1 2)))))
‖y − t‖² + ∂L/∂W
    (+ (^ (norm (+ y (- t))) 2) (d L / W))
x̂ + ŷ_i
    (+ hat~x (_ hat~y i))
39{,}760 + 0.5 + .5
    (+ 39760 0.5 .5)
\odot
    odot
a {+ b}
    (+ a b)
10^{-3}
    (^ 10 (- 3))
x^2'
    ((^ x 2)')
\substack{a}
    a
"""
)

# Statements are parted by " ; ", notes follow #.
STATEMENTS = table(
    r"""
a = b = c
    a = b = c
a := b
    a := b
W := W - \alpha \frac{\partial J}{\partial W}, b \leftarrow b - \alpha g
    W := (+ W (- (* alpha (d J / W)))) ; b <- (+ b (- (* alpha g)))
W \in \mathbb{R}^{m \times n}
    W in (R m n)
A, B \in \R^{n\times n}, c \in \Re^n, k \in \mathbb{R}
    (, A B) in (R n n) ; c in (R n) ; k in (R)
W \in \mathbb{R}^{2n, m}
    W in (R (* 2 n) m)
x \in \mathbb{R}^T, y \in R^n, z \in \mathcal{R}^{m \times n}, t \in \mathbf{R}, w \in \mathbf R^k
    x in (R T) ; y in (R n) ; z in (R m n) ; t in (R) ; w in (R k)
W \in \mathbb{R}^{(n,m)}, V \in M_{n \times m}(\mathbb{R}), U \in \mathbb{R}_{n\times m}
    W in (R n m) ; V in (R n m) ; U in (R n m)
s \in \mathbb{R}_+, x \in \mathbb{R}_{>0}^n, y \in \mathbb{R}^+
    s in (R) ; s >= 0 ; x in (R n) ; x > 0 ; y in (R) ; y >= 0
U: D \times M, \quad z_t, s_t : D \times 1
    U in (R D M) ; (, (_ z t) (_ s t)) in (R D 1)
A_{n \times m} x_{m \times 1} = b_{n \times 1}
    A in (R n m) ; x in (R m 1) ; b in (R n 1) ; (* A x) = b
A_{n \times n}
    A in (R n n)
W_{n \times m}^\top I_{n \times n} = 0
    W in (R n m) ; (* (T W) (_ I n)) = 0
\dim(W) = n \times m
    W in (R n m)
x = [x_1, \dots, x_n]^\top, y = (y_1, y_2) \in \mathbb{R}^2
    x in (R n) ; y in (R 2) ; y in (R 2)
W = \begin{pmatrix} W_{11} & \dots & W_{1n}\\ \vdots & & \vdots \\ W_{m1} & \dots & W_{mn}\end{pmatrix}
    W in (R m n)
\begin{array}{rcl} a &=& b \\ &=& c \end{array}
    a = b = c
a = b \quad (i \ne j)
    a = b if (!= i j)
a = b \quad \text{for } i = j
    a = b if (= i j)
a_i = b \quad (i = 1, 2, \dots, C)
    (_ a i) = b ; i = (, 1 2 ... C)
a_i = b_i, \quad 1 \le i \le n
    i = (, 1 ... n) ; (_ a i) = (_ b i)
a_i = b_i, \; i \in \{1, \dots, n\}, \quad 1 \le x \le 2
    (_ a i) = (_ b i) ; i = (, 1 ... n) ; 1 <= x <= 2
x = [x_0, \dots, x_n]
    x = (square (, (_ x 0) ... (_ x n)))
p_i = \sum_{i \ne j} x_j, p = \sum_{i \ne j} x_j
    (_ p i) = (sum [j (!= i j)] (_ x j)) ; p = (sum [i (!= i j)] (_ x j))
j \in R_i, x \in R
    j in (_ R i) ; x in R
x_{1}, x_{2}, \ldots, x_{n} \in \mathbb{R}
    (, (_ x 1) (_ x 2) ... (_ x n)) in (R)
i = 1, \dots, n
    i = (, 1 ... n)
i = 1, \dots, n, \quad j = 1,\ldots,m
    i = (, 1 ... n) ; j = (, 1 ... m)
a = b, \quad c = d \qquad e = f; g = h
    a = b ; c = d ; e = f ; g = h
a = b \text{ and } c = d, \text{ where } e = f
    a = b ; c = d ; e = f
a = b \; \textrm{and} \; c = d \textrm{, where } e = f
    a = b ; c = d ; e = f
a = b \mathrm{and} c = d \quad \text{or} \quad e = f
    a = b ; c = d # or ; e = f
a = b \mbox{and} c = d \textrm{ as well as } e = f
    a = b ; c = d # as well as ; e = f
a = b \Rightarrow c = d \implies e = f
    a = b ; c = d ; e = f
a = b, c = d, e
    a = b ; c = (, d e)
f: \mathbb{R}^n \to \mathbb{R}^m
    f : (R n) -> (R m)
f(x)=x^3: f'(x) = 3x^2
    (* f (paren x)) = (^ x 3) ; (* (f') (paren x)) = (* 3 (^ x 2))
a \equiv b \triangleq c \approx d \propto e
    a = b := c ~ d prop e
a \le b < c \neq d \geq e > f
    a <= b < c != d >= e > f
a \overset{\text{def}}{=} b
    a := b
a \not= b
    a != b
a = b.
    a = b
a = b \quad \text{(chain rule)}
    a = b # (chain rule)
f'(x) = 1 \quad \text{if } x > 0
    (* (f') (paren x)) = 1 if (> x 0)
f'(x) = 1 \text{ for } x > 0
    (* (f') (paren x)) = 1 if (> x 0)
\delta_i = x_i, \quad \forall i
    (_ delta i) = (_ x i) ; i
a_i = b_i \quad \text{for } i = 1, \dots, n
    (_ a i) = (_ b i) ; i = (, 1 ... n)
\begin{align} a &= b + c \\ &= d \\ &\quad - e && \text{chain rule} \\ f &= g, & h &= i \end{align}
    a = (+ b c) = (+ d (- e)) # chain rule ; f = g ; h = i
\begin{align*} L &= a \\ -x &= b \\ &\phantom{=} + c \end{align*}
    L = a ; (- x) = (+ b c)
\begin{aligned} a &= b \\ &= c && \text{law, }\sum_i x_i = 1 \end{aligned} \tag{3}
    a = b = c # law, ; (sum [i] (_ x i)) = 1
\begin{alignat}{2} a &= b \notag \\ & &\qquad& \text{\small\itshape chain rule} \label{x} \end{alignat}
    a = b # chain rule
\begin{alignat}{2} a &= \rlap{$b$} \\ &\quad {} \rlap{$- c$} \\ &= d &\quad& \text{fact, $x = 1$} \end{alignat}
    a = (+ b (- c)) = d # fact, ; x = 1
\begin{gather} a = b \\ c = d \end{gather}
    a = b ; c = d
\begin{multline} a = b \\ + c \\ - d \end{multline}
    a = (+ b c (- d))
\begin{eqnarray} a & = & b \\ & = & c \end{eqnarray}
    a = b = c
\begin{equation}\label{e} \begin{split} a &= b \\ &= c \end{split} \end{equation}
    a = b = c
\begin{align} a = {} & b \\ & + c \end{align}
    a = (+ b c)
\left\{ \begin{aligned} a &= b \\ c &= d \end{aligned} \right.
    a = b ; c = d
a &= b \\[4pt] c &= d \\
    a = b ; c = d
\boxed{a = b}
    a = b
\boxed{\begin{aligned} a &= b \\ c &= d \end{aligned}}
    a = b ; c = d
a = \boxed{b + c} + d
    a = (+ b c d)
L = \text{CE}(y)
    L = (call CE y)
\text{MSE} = \frac{1}{n} \text{loss}
    MSE = (* (/ 1 n) loss)
y = x \text{chain}
    y = (* x chain)
\mathbb{E}[x] = \mu
    (* E (square x)) = mu
\underbrace{W x}_{a} + b = z
    (+ (* W x) b) = z
A = X W \in \mathbb{R}^{k\times n}
    A in (R k n) ; A = (* X W)
\theta^{(t+1)} = \theta^{(t)} - \alpha g
    (^ theta (paren (+ t 1))) = (+ (^ theta (paren t)) (- (* alpha g)))
f(x) = \begin{cases} x & x > 0, \\ 0 & \text{otherwise,} \end{cases} \quad x \in \mathbb{R}
    (* f (paren x)) = (cases [x (> x 0)] [0 -]) ; x in (R)
x = 1 % comment
    x = 1
0 < x < 1
    0 < x < 1
p(x) = 1, \; q(x) = 2
    (* p (paren x)) = 1 ; (* q (paren x)) = 2
f'(x) = 1, \quad x > 0
    (* (f') (paren x)) = 1 if (> x 0)
\text{if } x > 0, f'(x) = 1
    (* (f') (paren x)) = 1 if (> x 0)
\text{If } x > 0 \text{ then } f'(x) = 1
    (* (f') (paren x)) = 1 if (> x 0)
\text{if } x > 0
    x > 0
\begin{align} a &= b & \text{if } x > 0 \\ c &= d && \text{for } y < 0 \end{align}
    a = b if (> x 0) ; c = d if (< y 0)
x \in \mathbb{R}, x > 0
    x in (R) ; x > 0
0 \le a \le 1, b = 2
    0 <= a <= 1 ; b = 2
=
    =
\nabla
    nabla
\sum
    sum
a = b \quad = c
    a = b = c
a = b + \quad c
    a = (+ b c)
\begin{align} a = b + \\ c \end{align}
    a = (+ b c)
"""
)

REFUSED = table(
    r"""
n! = 3
    a factorial is not understood
\begin{Vmatrix} 1 & 2 \end{Vmatrix}
    the norm of a matrix written out is not understood
\begin{tikzcd} a \end{tikzcd}
    the environment tikzcd is not understood
1/2k
    it is ambiguous how far the denominator reaches; brackets were expected
1/2 x
    it is ambiguous how far the denominator reaches; brackets were expected
(a+b)^2/2m
    it is ambiguous how far the denominator reaches; brackets were expected
1/mn
    it is ambiguous how far the denominator reaches; brackets were expected
\partial L / \partial W (a + b)
    it is not clear how far the denominator reaches; \frac or brackets were expected
\frac{\partial}{\partial x} (a)(b)
    it is not clear how far this derivative reaches; brackets were expected
\frac{\partial}{\partial x} a \cdot b
    it is not clear how far this derivative reaches; brackets were expected
\nabla_x \frac{1}{2} a \odot b
    it is not clear how far this derivative reaches; brackets were expected
\frac{\partial L}{x + y}
    a differential or derivative sign whose other half is missing
\frac{\partial^2 L}{x}
    a differential or derivative sign whose other half is missing
\frac{L}{\partial x}
    the bottom of this fraction is a differential and its top is none
\frac{\partial^2 L}{\partial x}
    the top of this derivative is of order 2 and its bottom of order 1
\partial L
    a differential or derivative sign whose other half is missing
\operatorname{tr} A B
    it is not clear how much tr covers here; brackets were expected
{a + b}^2
    these braces do not show in print; brackets were expected around what has the script
{A B}^\top
    these braces do not show in print; brackets were expected around what has the script
x_i_j
    two subscripts of one quantity; one was expected
x^a^b
    two superscripts of one quantity; one was expected
a +
    the formula ends too early; a quantity was expected
+ * b
    * stands where a quantity was expected
a \odot
    nothing follows \odot; a quantity was expected
= b
    nothing stands before this relation; a quantity was expected
a =
    nothing stands after this relation; a quantity was expected
(a + b
    the formula ends too early; a closing bracket was expected
a + b)
    ) stands where it cannot be read
[a, b)
    a bracket is opened by [ and closed by )
\left( a + b \right.
    the formula ends too early; a closing bracket was expected
\frac{\partial L}{\partial x} \Big|_{x=0}
    a bar with the point at which something is taken is not understood
\left. f \right|_{x=0}
    a bar for the point at which something is taken is not understood
p(|y| | x)
    a bar for a condition, as in p(x | y), is not understood; its pair was expected
\foo + 1
    the command \foo is not understood
\int_0^1 f
    an integral is not understood
\lim_{x \to 0} f
    a limit is not understood
\hat{x + y}
    \hat over more than one quantity is not understood
\|x\|_{\Sigma}
    this kind of norm is not known; 1, 2, F or \infty was expected
\sum_{i \ne j \ne k} x_i
    under \sum an index or i = 1 was expected
\sum_{a + b} x_i
    under \sum the name of an index was expected
{a
    a brace { is opened and never closed
a}
    a brace } is closed and was never opened
\frac{a}
    the formula ends where an argument was expected
\begin{align} a
    \begin{align} has no \end{align}
a \begin{align}
    \begin{align} has no \end{align}
\end{align}
    an \end without its \begin
\cancelto{0}{x}
    the command \cancelto is not understood
a \circledast b
    a convolution is not understood
x @ y
    the sign @ is not understood
''''''''f
    8 primes in a row; at most 6 were expected
1111111111222222222233333333334444444444555
    a number of 43 digits; at most 40 were expected
\frac{\partial a + b}{\partial x}
    the bottom of this fraction is a differential and its top is none
\frac{\partial L}{\partial y \partial x}
    the top of this derivative is of order 1 and its bottom of order 2
a ≪ b
    the sign ≪ is not understood
\begin{cases} a & \text{if foo} \\ b \end{cases}
    the condition 'if foo' is not understood
f^{(}
    } stands where it cannot be read; a quantity was expected
"""
)


def reading(text: str) -> str:
    found = latex_notation.read(text)
    assert not found.unread, found.unread
    return " ; ".join(said(s) + "".join(f" # {n}" for n in s.notes) for s in found.statements)


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS)
def test_an_expression_says(text: str, expected: str) -> None:
    assert reading(text) == expected


@pytest.mark.parametrize(("text", "expected"), STATEMENTS)
def test_statements_say(text: str, expected: str) -> None:
    assert reading(text) == expected


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_is_not_understood_is_refused_with_its_reason(text: str, reason: str) -> None:
    found = latex_notation.read(text)
    assert found.unread[0].reason == reason
    assert 0 <= found.unread[0].span.start < found.unread[0].span.end <= len(text)


def test_one_bad_side_spoils_only_itself() -> None:
    found = latex_notation.read(r"a = \int f = c \\ d = e \\ f = \foo")
    assert [said(s) for s in found.statements] == ["a = c", "d = e"]
    assert len(found.unread) == 2


def test_a_definition_with_a_bad_side_is_not_read() -> None:
    found = latex_notation.read(r"a := \int f")
    assert not found.statements
    assert found.unread


def formulas(text: str, kind: str) -> Iterator[str]:
    """The mathematics of a Markdown or a TeX document of ours, roughly."""
    if kind == "md":
        for found in re.finditer(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.sub(r"`[^`]*`", "", text), re.DOTALL):
            yield found.group(1) or found.group(2)
    else:
        body = text.split(r"\begin{document}")[1]
        environment = r"\\begin\{(equation|align|alignat|gather)(\*?)\}.*?\\end\{\1\2\}|\$([^$]+?)\$"
        for found in re.finditer(environment, body, re.DOTALL):
            yield found.group(3) or found.group(0)


@pytest.mark.parametrize("path", sorted(GENERATED.glob("*.md")) + sorted(GENERATED.glob("*.tex")), ids=lambda p: p.name)
def test_every_formula_of_our_documents_is_read(path: Path) -> None:
    found = list(formulas(path.read_text(encoding="utf-8"), path.suffix[1:]))
    assert len(found) > 20
    for text in found:
        assert not latex_notation.read(text).unread, text


def test_both_kinds_of_document_say_the_same() -> None:
    for path in GENERATED.glob("*.md"):
        in_markdown, in_tex = (
            {
                said(s)
                for f in formulas(p.read_text(encoding="utf-8"), p.suffix[1:])
                for s in latex_notation.read(f).statements
            }
            for p in (path, path.with_suffix(".tex"))
        )
        assert len(in_markdown & in_tex) > 0.9 * len(in_tex)


def names(node: Node) -> dict[str, str]:
    return {n.text: n.latex for n in walk(node) if isinstance(n, Name)}


@pytest.mark.parametrize(
    ("text", "name", "written"),
    [
        (r"\mathbf{x}", "x", r"\mathbf{x}"),
        (r"\boldsymbol\delta", "delta", r"\boldsymbol{\delta}"),
        (r"\hat{\mathbf{X}}_i", "hat X", r"\hat{\mathbf{X}}"),
        (r"\mathcal{L}", "L", r"\mathcal{L}"),
        (r"\operatorname{softmax}(x)", "softmax", r"\operatorname{softmax}"),
        (r"d\mathbf{W}", "dW", r"d\mathbf{W}"),
        (r"\ln x", "log", r"\ln"),
        (r"\mathop{\mathrm{leaky\_relu}}(x)", "leaky_relu", r"\mathrm{leaky\_relu}"),
    ],
)
def test_a_name_keeps_how_it_was_written(text: str, name: str, written: str) -> None:
    assert names(latex_notation.expression(text))[name] == written


def test_places_are_offsets_into_the_file() -> None:
    text = r"L = \frac{1}{2} x + W_{12}"
    offsets = [100 + 2 * i for i in range(len(text) + 1)]
    found = latex_notation.read(text, offsets).statements[0]
    places = {n.text: n.span for n in walk(found.sides[1]) if isinstance(n, Name)}
    assert places["W"].start == 100 + 2 * text.index("W")
    assert places["W"].end == places["W"].start + 1
    assert found.span.start == 100
    assert found.span.end == 100 + 2 * (len(text) - 1) + 1


@pytest.mark.parametrize("text", [t for t, _ in EXPRESSIONS + STATEMENTS])
def test_every_part_has_its_place(text: str) -> None:
    offsets = range(1000, 1000 + len(text) + 1)
    for s in latex_notation.read(text, offsets).statements:
        for side in s.sides:
            for node in walk(side):
                assert 1000 <= node.span.start < node.span.end <= 1000 + len(text), node


def test_an_expansion_stands_where_its_call_stands() -> None:
    macros = read_macros([r"\newcommand{\grad}[1]{\frac{\partial L}{\partial #1}}"])
    text = r"a + \grad{W} b"
    sides = latex_notation.read(text, range(len(text) + 1), macros).statements[0].sides
    derivative = sides[0].terms[1].factors[0]
    assert (derivative.span.start, derivative.span.end) == (text.index("\\grad"), text.index(" b"))
    assert derivative.by[0].span.start == text.index("W")


ENDLESS = [
    *[
        r"{",
        r"(",
        r"[",
        r"\left(",
        r"|",
        r"\|",
        r"x_",
        r"x^",
        r"\frac",
        r"\sqrt",
        r"\sqrt[",
        r"\hat",
        r"\mathbf",
        r"\begin{align}",
        r"\begin{cases}",
        r"-",
        r"\sum",
        r"\log",
        r"\nabla",
        r"\partial",
        r"a/",
        r"2\odot",
        r"\hat{",
        r"\frac{",
        r"x_{",
        r"\text{",
        r"\boxed{",
        r"&",
        r"\\",
        r"$",
        r"d",
        r"e^",
        r"'",
        r"}",
        r")",
        r"\end{a}",
        r"a=b,",
        r"=",
        r"1",
        r"\left\{\begin{array}",
        r"\rm",
        r"\def\a",
        r"\mathrm{d}",
        r"{x}_{",
        r"ᵀ",
        r"%",
    ],
    "\u0302",
    "\n",
]


@pytest.mark.parametrize("piece", ENDLESS)
@pytest.mark.parametrize("count", [70, slow(2_000), slow(100_000)])
def test_endless_text_ends(piece: str, count: int) -> None:
    began = time.process_time()
    latex_notation.read(piece * count)
    latex_notation.read(piece * count + "a")
    assert time.process_time() - began < 20


def test_a_very_long_text_is_refused_at_once() -> None:
    began = time.process_time()
    found = latex_notation.read("x + " * 2_500_000)
    assert "longer than" in found.unread[0].reason
    assert time.process_time() - began < 5


def test_a_hundred_formulas_take_well_under_a_second() -> None:
    latex_notation.read("a")
    text = (
        r"\frac{\partial L}{\partial W_1} = \frac{1}{k} X^\top \bigl(((Y - T) W_2^\top) \odot Z_1 \odot (1 - Z_1)\bigr)"
    )
    began = time.process_time()
    for _ in range(100):
        latex_notation.read(text)
    assert time.process_time() - began < 2


PIECES = [
    *[
        r"a",
        r"W",
        r"x_i",
        r"x^{(i)}",
        r"f(a)",
        r"f'",
        r"\alpha",
        r"2",
        r"10",
        r"+",
        r"-",
        r"=",
        r",",
        r"\cdot",
        r"*",
        r"/",
        r"\odot",
        r"\otimes",
        r"\oslash",
        r"(",
        r")",
        r"[",
        r"]",
        r"\{",
        r"\}",
        r"{",
        r"}",
        r"^",
        r"_",
        r"^\top",
        r"^T",
        r"^{-1}",
        r"^{-\top}",
        r"'",
        r"\sum_i",
        r"\sum_{i=1}^n",
        r"\max",
        r"\max_j",
        r"\log",
        r"\operatorname{diag}",
        r"\mathrm{softmax}",
        r"\mathbf{1}",
        r"|",
        r"\|",
        r"\lVert",
        r"\rVert",
        r"\frac{a}{b}",
        r"\frac{d}{dx}",
        r"\partial",
        r"\nabla_x",
        r"\nabla",
        r"d",
        r"dW",
        r"\mathrm{d}",
        r"<",
        r">",
        r"\in",
        r"e^{x}",
        r"\hat{x}",
        r"\text{loss}",
        r"\quad",
        r"&",
        r"\\",
        r"\dots",
        r"\mathcal{R}",
        r"I",
        r"1",
        r"e",
        r"!",
        r".",
        r":",
        r";",
        r"\sqrt{x}",
        r"\langle",
        r"\rangle",
    ],
    r"\frac{\partial L}{\partial W}",
    r"\frac{\partial}{\partial x}",
    r"\mathbb{R}^{m \times n}",
    r"\text{if }",
    r"\begin{cases} a & b > 0 \\ c \end{cases}",
    r"^{\odot 2}",
    r"\boxed{a + b}",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_pieces_are_read_or_refused(pieces: list[str]) -> None:
    text = " ".join(pieces)
    found = latex_notation.read(text)
    for u in found.unread:
        assert 0 <= u.span.start <= u.span.end <= len(text)
        assert u.reason
    for s in found.statements:
        assert len(s.sides) == len(s.relations) + 1


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    latex_notation.read(text)
