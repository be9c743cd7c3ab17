"""The order in which faults are tried: the likeliest and most local cost least.

Left of the colon stands what is written, right of it what is tried. `q` is a quantity of the notes.
"""


class Cost:
    """What a change costs, rising. Two changes together cost their sum."""

    NUMBER_OF_WHOLE = 0.5  # x: c x
    TERM_TWICE = 0.7  # x + y + y: x + y; x + y − y: x + y
    NUMBER_OF_TERM = 0.8  # x + y: c x + y
    TRANSPOSE = 1.0  # x: xᵀ
    TRANSPOSE_WHOLE = 1.1  # A B: Bᵀ Aᵀ
    SLOPE = 1.2  # x: x ⊙ f'(a)
    FULL_JACOBIAN = 1.2  # y ⊙ (1 − y): diag(y) − y yᵀ
    IDENTITY = 1.2  # x: I + c x
    PRODUCT_OR_HADAMARD = 1.25  # x ⊙ y: x y; x y: x ⊙ y
    PRODUCT_OF_TWO = 1.3  # x ⊙ y ⊙ z: x ⊙ y z
    NEIGHBOURS = 1.3  # x y z: y x z
    KRON_REVERSED = 1.3  # x ⊗ y: y ⊗ x
    KRON = 1.3  # x: x ⊗ q
    KRON_IDENTITY = 1.3  # x: x ⊗ I
    NUMBER_FOR_IDENTITY = 1.3  # 2 + x: 2 I + x
    DIAGONAL = 1.3  # M: diag(v) M, at least
    HADAMARD_OF_TWO = 1.35  # x y z: x (y ⊙ z)
    EXTRA_FACTOR = 1.35  # x y: x
    LOGISTIC_SLOPE = 1.4  # x: x ⊙ q ⊙ (1 − q)
    REVERSED = 1.4  # x y z: z y x
    KRON_NEIGHBOURS = 1.4  # x ⊗ y ⊗ z: y ⊗ x ⊗ z
    SUM_OVER_LETTER = 1.4  # x_i: Σ_i x_i
    INNER_SIGN = 1.5  # f(x): f(−x)
    PRIME = 1.5  # f(a): f'(a)
    NUMBER_FACTOR = 1.5  # x: x q, both numbers
    EXTRA_TERM = 1.5  # x + y: x
    FLATTENED = 1.5  # vec(A) vec(B)ᵀ: Aᵀ B
    FACTOR_OF_NUMBER = 1.6  # 2/n: (2/n) q
    MATRIX_FOR_SHAPE = 1.6  # A B: A Q B, where the shape is wrong
    OPERAND = 1.6  # A: Z
    IDENTITY_IN_BRACKETS = 1.6  # (x): (I − x)
    ARGUMENT_POSITIVE = 1.7  # x: x ⊙ 1[a > 0]
    TERM_ONE = 1.7  # (x): (1 + x)
    TERM_SLOPE = 1.75  # (x): (x + q ⊙ (1 − q))
    TANH_SLOPE = 1.8  # x: x ⊙ (1 − q ⊙ q)
    KRONECKER_SYMBOL = 1.9  # 1 − y_j: 1[i = j] − y_j
    SUM_OVER_ROWS = 1.9  # X: Xᵀ 1
    LABEL = 1.9  # x_i: x_j
    OPERAND_FOR_IDENTITY = 1.9  # x: I
    DIAGONAL_FOR_HADAMARD = 2.0  # x ⊙ y: diag(x) y
    FACTOR = 2.1  # x: x ⊙ q
    EXTRA_SUM = 2.1  # Σ_i x_i: x_i
    POWER = 2.2  # x²: x
    FACTOR_COMPLEMENT = 2.2  # x: x ⊙ (1 − q)
    TERM_WITHIN = 2.2  # (x): (x − q)
    MATRIX = 2.3  # A B: A Q B
    FUNCTION = 2.5  # f(a): g(a)
    TERM = 2.5  # x: q + c x
    FACTOR_ONE_MINUS_TWICE = 2.6  # x: x ⊙ (1 − 2 q)
    FACTOR_SQUARE = 2.8  # x: x ⊙ q ⊙ q
    COMPLEMENT = 2.8  # 1 − x: x
    TO_COMPLEMENT = 2.9  # x: 1 − x

    LEAST_FAR = SLOPE
    """No change that needs another quantity of the notes costs less."""
    MOST_SLOPE = 2.0
    """What a factor costs less than, that is tried on a diagonal: M: diag(v) M."""
    MOST_OF_TWO = 2.6
    """What each of two changes may cost where they are tried together."""


class Added:
    """What is added for what is less likely within a kind."""

    NEAR = 0.01  # for each quantity that stands nearer than q
    NEAR_KRON = 0.002  # the same, of x ⊗ q
    DEPTH = 0.002  # for each part that the place lies in
    DIAGONAL = 0.1  # diag(v) M, beside v ⊙ x
    OTHER_SIGN = 0.1  # of a missing term
    TRANSPOSED = 0.2  # A: Zᵀ, beside A: Z
    ONE_OF_SEVERAL = 0.3  # an operand in one place, that stands in several
    NEGATIVE = 0.3  # a sign that is wrong as well
    NUMBER = 0.5  # a number that is wrong as well
    ANY_QUANTITY = 1  # A: Z of another shape
