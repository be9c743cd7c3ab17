"""What each TeX command says: tables, one row a command."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RELATIONS = {
    "=": "=", "<": "<", ">": ">", "\\lt": "<", "\\gt": ">", "\\le": "<=", "\\leq": "<=", "\\leqslant": "<=",
    "\\ge": ">=", "\\geq": ">=", "\\geqslant": ">=", "\\ne": "!=", "\\neq": "!=", "\\coloneqq": ":=",
    "\\triangleq": ":=", "\\doteq": ":=", "\\equiv": "=", "\\leftarrow": "<-", "\\gets": "<-", "\\in": "in",
    "\\to": "->", "\\rightarrow": "->", "\\mapsto": "->", "\\longrightarrow": "->", "\\longmapsto": "->",
    "\\approx": "~", "\\simeq": "~", "\\sim": "~", "\\approxeq": "~", "\\cong": "~",
    "\\propto": "prop", "\\succ": "succ", "\\succeq": "succeq",
}  # fmt: skip

# The sign that each relation is set with, where it is not itself one.
RELATION_SIGNS = {
    "<=": r"\leq", ">=": r"\geq", "!=": r"\neq", "<-": r"\leftarrow", "in": r"\in", "->": r"\to", "~": r"\approx",
    "prop": r"\propto", "succ": r"\succ", "succeq": r"\succeq",
}  # fmt: skip

ARROWS = _words(
    r"""
    \Rightarrow \Leftarrow \Leftrightarrow \Longrightarrow \Longleftrightarrow \implies \impliedby \iff \therefore
    \because \leadsto \rightsquigarrow \land \wedge
    """
)
"""Signs between two statements."""

TIMES = frozenset({"\\cdot", "\\times", "*", "\\ast", "\\cdotp"})
MATRIX_PRODUCT = "@@"
"""The @ of the plain notation; no token of TeX."""
BINARY = frozenset({"\\odot", "\\bigodot", "\\circ", "\\otimes", "\\oslash"})
BIG = frozenset({"\\sum", "\\prod", "\\max", "\\min"})

FUNCTIONS = _words(
    r"""
    \log \exp \sin \cos \tan \sinh \cosh \tanh \coth \cot \sec \csc \arcsin \arccos \arctan \det \lg \dim \arg \sup
    \inf
    """
)

WORDS = _words(
    """
    log ln exp sin cos tan sinh cosh tanh sech det tr Tr trace diag Diag vec unvec rank sign sgn sqrt erf softmax
    softplus sigmoid relu ReLU mean var Var
    """
)
"""Words that act on what follows without brackets too, however they are set."""

PLAIN_WORDS = _words(
    "log ln exp sin cos tan sinh cosh tanh det tr diag vec sign sqrt erf softmax softplus sigmoid relu ReLU max min"
)
"""Functions that people also write in plain letters before a bracket: exp(x), which TeX sets as e x p (x)."""

GREEK = _words(
    """
    alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho
    sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
    ell hbar imath jmath infty digamma varkappa
    """
)

ACCENTS = {
    "\\hat": "hat", "\\widehat": "hat", "\\tilde": "tilde", "\\widetilde": "tilde", "\\bar": "bar", "\\overline": "bar",
    "\\dot": "dot", "\\ddot": "ddot", "\\vec": "vec", "\\overrightarrow": "vec", "\\check": "check", "\\breve": "breve",
    "\\acute": "acute", "\\grave": "grave", "\\mathring": "ring",
}  # fmt: skip

LETTER_FONTS = _words(
    r"""
    \mathbf \boldsymbol \bold \bm \pmb \mathbfit \mathcal \mathbfcal \mathscr \mathfrak \mathbb \mathds
    \mathbbm \symbf \symbfit \bf \cal \boldmath \textbf
    """
)
"""Fonts that mark single letters: \\mathbf{xy} is a product of two."""

WORD_FONTS = _words(
    r"""
    \mathrm \mathit \mathsf \mathtt \mathnormal \operatorname \textrm \textit \textsf \texttt \rm \it \sf \tt \sl
    \symup \symrm \mathup
    """
)
"""Fonts in which several letters are one word."""

TEXT_FONTS = frozenset({"\\textrm", "\\textit", "\\textsf", "\\texttt"})
"""Those in which spaces between words show."""

TEXT = frozenset({"\\text", "\\mbox", "\\hbox", "\\textnormal", "\\intertext", "\\shortintertext"})

SWITCHES = frozenset({"\\bf", "\\cal", "\\rm", "\\it", "\\sf", "\\tt", "\\sl", "\\boldmath"})
"""Old font commands, in force to the end of the braces."""

DOTS = frozenset({"\\dots", "\\ldots", "\\cdots", "\\dotsc", "\\dotsb", "\\dotsm", "\\dotso", "\\vdots", "\\ddots"})

GAPS = frozenset({"\\quad", "\\qquad"})

NOTHING = _words(
    r"""
        \, \; \: \! \> ~ \space \nobreakspace \thinspace \medspace \thickspace \negthinspace \enspace \enskip
        \displaystyle \textstyle \scriptstyle \scriptscriptstyle \notag \nonumber \limits \nolimits \allowbreak \nobreak
        \strut \mathstrut \hfill \noindent \small \footnotesize \large \normalsize \itshape \bfseries \hline \relax
        \ensuremath
        \mathop \mathrel \mathbin \mathord \mathopen \mathclose \mathinner \mathpunct \rlap \llap \clap \mathrlap
        \mathllap \mathclap \smash \underline \qedhere \centering \protect \break \newline \par \displaylimits
        """
) | {"\\ ", "\\\n", "\\\t", "\u200b", "\ufeff"}
"""Spaces, styles and boxes that show nothing of their own."""

DROPPED = {
    "\\label": 1, "\\tag": 1, "\\vspace": 1, "\\phantom": 1, "\\hphantom": 1, "\\vphantom": 1,
    "\\color": 1, "\\require": 1, "\\rule": 2, "\\ref": 1, "\\eqref": 1, "\\cite": 1, "\\footnote": 1, "\\cref": 1,
    "\\autoref": 1, "\\numberthis": 0,
}  # fmt: skip
"""Commands that say nothing, with how many arguments go with them."""

SPACES = frozenset({"\\hspace", "\\mspace"})
"""Commands that make a space as wide as they say."""

LAST = {
    "\\textcolor": 2, "\\colorbox": 2, "\\fcolorbox": 3, "\\underbrace": 1, "\\overbrace": 1, "\\underset": 2,
    "\\overset": 2, "\\stackrel": 2, "\\boxed": 1, "\\fbox": 1, "\\framebox": 1, "\\Aboxed": 1, "\\hl": 1,
    "\\substack": 1, "\\underbracket": 1, "\\overbracket": 1, "\\bbox": 1, "\\cancel": 1, "\\bcancel": 1,
    "\\xcancel": 1, "\\class": 2, "\\cssId": 2, "\\style": 2, "\\href": 2,
}  # fmt: skip
"""Commands of which the last of so many arguments is the mathematics."""

ARITY = (
    {"\\frac": 2, "\\dfrac": 2, "\\tfrac": 2, "\\cfrac": 2, "\\nicefrac": 2, "\\sfrac": 2, "\\sqrt": 1}
    | dict.fromkeys(ACCENTS, 1)
    | dict.fromkeys(LETTER_FONTS | WORD_FONTS | TEXT, 1)
    | LAST
)
"""Commands that take arguments, where they are themselves an argument without braces."""

OPENING = {"(": "(", "[": "[", "\\{": "{", "\\lbrace": "{", "\\lbrack": "[", "\\langle": "<", "\\lang": "<"}
CLOSING = {")": ")", "]": "]", "\\}": "}", "\\rbrace": "}", "\\rbrack": "]", "\\rangle": ">", "\\rang": ">"}
BARS = {"|": "BAR", "\\vert": "BAR", "\\mid": "BAR", "\\|": "DBAR", "\\Vert": "DBAR", "\\parallel": "DBAR", "‖": "DBAR"}
LEFT_BARS = {"\\lvert": "ABS_OPEN", "\\lVert": "NORM_OPEN"}
RIGHT_BARS = {"\\rvert": "ABS_CLOSE", "\\rVert": "NORM_CLOSE"}

SIZES = frozenset(f"\\{size}{end}" for size in ("big", "Big", "bigg", "Bigg") for end in ("", "l", "r", "m"))
"""Commands that make the bracket after them larger."""

ROWS = _words(
    """
    align aligned alignat alignedat gather gathered split multline multlined equation eqnarray flalign displaymath
    math dmath IEEEeqnarray
    """
)
"""Environments of rows of statements."""

WITH_ARGUMENT = frozenset({"alignat", "alignedat", "array", "IEEEeqnarray", "subarray"})
TABLES = frozenset({"cases", "dcases", "rcases", "array"})
MATRICES = _words("matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix")

KEYWORDS = _words(
    """
    and where with if for when or so then otherwise else thus hence let is as such since because by unless provided
    assuming given from therefore while using all any each in of to the a an let's note that gives implies otherwise
    has have which we get here elsewhere
    """
)
"""Words of remarks; a \\text{...} that is one of these is never a quantity."""
