"""The document's sentences that hold for every network; `$...$` is mathematics, `{}` is filled in."""

OPENING = (
    "From the forward formulas alone, this document derives the gradient of the loss with respect to every parameter. "
    "Each line of a derivation follows from the one before it by the law named beside it; the laws are stated at the "
    "end. A derivation stops at named quantities: what a layer needs from those after it is one array of errors, which "
    "has a name of its own and is never expanded, however deep the network is."
)
JACOBIANS = (
    "Each formula by itself: the derivative of what it computes with respect to each quantity that it reads. Where the "
    "samples do not meet and one of them says it all, it is given for that one, in small letters: $y_n$ is sample $n$ "
    "of $Y$, as a column. What has no matrix form stands entry by entry."
)
COMMUTATION = (
    r"$K_{p,q}$ is the commutation matrix, which reorders entries: "
    r"$K \operatorname{vec}(M) = \operatorname{vec}(M^{\top})$."
)
ERRORS = (
    r"Let $\delta_l$ be the derivative of the loss {} with respect to the $l$-th pre-activation, its error. The chain "
    "rule carries it from each formula to the one before; a line without a law beside it is the chain rule alone."
)
GRADIENTS = (
    "A parameter's gradient takes the error of the formula that it enters, and what it meets there; again by the chain "
    "rule."
)
STABLE = (
    "Exponentials overflow and logarithms meet rounded zeros where numbers are finite. The code computes these "
    "formulas in forms that are equal, and safe at any size of their arguments."
)
DIRECTION = (
    r"Let the parameters move along a direction $V$, one array $V_P$ for each parameter $P$, and let "
    r"$\mathcal{R}\{q\}$ be what a quantity $q$ does: its derivative along $V$. Every formula above, differentiated "
    r"once more, gives a recursion forwards and then backwards; $\mathcal{R}$ of a gradient is the Hessian's rows of "
    "that parameter, times $V$."
)
UNDER_NAMES = (
    "Where an error was substituted above, it stands here under its own name, so that no product is made twice."
)
NOT_BY_SAMPLE = (
    "Samples meet before the loss, so the Hessian has no form sample by sample; its products are those above."
)
HESSIAN = (
    "Before the loss, samples do not meet: the Hessian is a sum over samples, of products of small factors. Small "
    "letters are one sample's, as columns."
)
FACTORS = "These factors recur:"
HESSIAN_BLOCKS = "The blocks of the Hessian, which is symmetric:"
STEP_BLOCKS = (
    "The blocks of the step's Jacobian, the derivative of the parameters after one step, $P^{+}$, by those before it. "
    "It is symmetric, as the Hessian is:"
)
ENTRIES = "Where a block has no matrix form, the Hessian's entries stand in its place."
SYMMETRIC = "The other blocks are the transposes of these."
ASSIGNMENTS = "elementwise and in this order, through"
STATE = "What is assigned here lasts to the next step; before the first one, {} in every entry."
COUNT = "The number of the step is $t$, from $1$."
STEP = (
    "With $H$ the Hessian of {} by the parameters, and $^{+}$ on what a step makes, the step as a map has the Jacobian"
)
SLOPES = "where, a quotient with a root that is $0$ below it counting as $0$,"
SAMPLES = {
    "rows": r"The {} samples are the rows of a matrix; a dense layer computes $A = X W + \mathbf{1} b^{\top}$.",
    "columns": r"The {} samples are the columns of a matrix; a dense layer computes $A = W X + b \mathbf{1}^{\top}$.",
    "torch": r"The {} samples are the rows of a matrix; a dense layer computes $A = X W^{\top} + \mathbf{1} b^{\top}$.",
}
JACOBIAN = {
    "numerator": r"Numerator layout: $\partial y_i / \partial x_j$ stands in row $i$ and column $j$.",
    "denominator": r"Denominator layout: $\partial y_i / \partial x_j$ stands in row $j$ and column $i$.",
}
_KRONECKER = r"$\partial \operatorname{vec}(X W) / \partial \operatorname{vec}(W)"
VEC = {
    "columns": rf"$\operatorname{{vec}}$ stacks columns: {_KRONECKER} = I \otimes X$.",
    "rows": rf"$\operatorname{{vec}}$ stacks rows: {_KRONECKER} = X \otimes I$.",
}
MISSING = "Here the chapter breaks off, by a fault of symjac's own: {}. What stands before and after it holds."
TIES = (
    "quantities that tie in a maximum or minimum share equally (nested ones flattened); against a number or declared "
    "constant the derivative is 0 (relu'(0) = 0); the absolute value has 0"
)
KINKS = f"Q{TIES[1:]}. A function given by cases has the derivative of the case that applies."
SIGNS = (
    r"$\odot$ multiplies and $\oslash$ divides entry by entry, $\otimes$ is Kronecker's product, $\mathbf{1}$ a column "
    r"of ones; $\mathbf{1}[c]$ is $1$ where $c$ holds, else $0$. A function of one number acts on every entry."
)
EDGES = "An entry that lies outside of an array, or at a place that is no whole number, is $0$."
MEANINGS = {"affine": "pre-activation", "activation": "activation", "access": "rearrangement"}
