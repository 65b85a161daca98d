r"""The vocabulary: which LaTeX command is which kind of sign.

Data only, nothing is read here. Synonyms are folded to one spelling (``\leq`` to ``\le``, ``σ`` to
``\sigma``), so that the later stages compare strings.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _commands(text: str) -> frozenset[str]:
    return frozenset("\\" + word for word in text.split())


GREEK = _commands(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda "
    "mu nu xi omicron pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega digamma"
)
LETTERS = GREEK | _commands(
    "ell hbar imath jmath Re Im aleph infty emptyset varnothing wp top bot dagger ddagger star "
    "circledR complement Box square checkmark perp flat sharp natural S P"
)

ACCENTS = {
    r"\hat": "hat", r"\widehat": "hat", r"\bar": "bar", r"\overline": "bar", r"\tilde": "tilde",
    r"\widetilde": "tilde", r"\dot": "dot", r"\ddot": "ddot", r"\check": "check",
    r"\breve": "breve", r"\acute": "acute", r"\grave": "grave", r"\mathring": "ring",
    r"\underline": "underline", r"\underbar": "underline", r"\widecheck": "check",
    r"\vec": "", r"\overrightarrow": "", r"\overleftarrow": "",
}  # fmt: skip

# A font that only decorates folds to "": x and \mathbf{x} get one name and differ in `latex`.
FONTS = {
    r"\mathbf": "", r"\boldsymbol": "", r"\bm": "", r"\bf": "", r"\textbf": "", r"\pmb": "",
    r"\mathit": "", r"\it": "", r"\textit": "", r"\mathnormal": "", r"\bs": "", r"\mathbfit": "",
    r"\mathcal": "cal", r"\cal": "cal", r"\mathscr": "scr", r"\mathfrak": "frak",
    r"\mathbb": "bb", r"\mathds": "bb", r"\Bbb": "bb", r"\mathbbm": "bb",
    r"\mathsf": "sf", r"\textsf": "sf", r"\mathtt": "tt",
}  # fmt: skip
UPRIGHT = _commands("mathrm rm mathup textnormal mathop operatorname operatorname*")
# What these hold is read as words, blanks included.
TEXTS = _commands("text textrm mbox hbox textup texttt intertext shortintertext textsc textmd")
DECLARATIONS = _commands("bf it cal rm sf tt")

RELATIONS = {
    "=": "=", "==": "=", "<": "<", ">": ">", r"\lt": "<", r"\gt": ">", ":=": ":=",
    r"\coloneqq": ":=", r"\coloneq": ":=", r"\triangleq": r"\triangleq", r"\doteq": r"\triangleq",
    r"\defeq": ":=", r"\equiv": r"\equiv", r"\approx": r"\approx", r"\simeq": r"\approx",
    r"\approxeq": r"\approx", r"\cong": r"\cong", r"\sim": r"\sim", r"\propto": r"\propto",
    r"\le": r"\le", r"\leq": r"\le", r"\leqslant": r"\le", "<=": r"\le", r"\leqq": r"\le",
    r"\ge": r"\ge", r"\geq": r"\ge", r"\geqslant": r"\ge", ">=": r"\ge", r"\geqq": r"\ge",
    r"\ne": r"\ne", r"\neq": r"\ne", "!=": r"\ne", r"\ll": r"\ll", r"\gg": r"\gg",
    r"\in": r"\in", r"\notin": r"\notin", r"\ni": r"\ni", r"\subset": r"\subset",
    r"\subseteq": r"\subseteq", r"\supset": r"\supset", r"\supseteq": r"\supseteq",
    r"\leftarrow": r"\leftarrow", r"\gets": r"\leftarrow", r"\longleftarrow": r"\leftarrow",
    r"\to": r"\to", r"\rightarrow": r"\to", "->": r"\to", r"\longrightarrow": r"\to",
    r"\mapsto": r"\mapsto", r"\longmapsto": r"\mapsto", r"\prec": r"\prec", r"\succ": r"\succ",
    r"\preceq": r"\preceq", r"\succeq": r"\succeq",
    r"\parallel": r"\parallel", r"\asymp": r"\asymp",
    r"\leftrightarrow": r"\leftrightarrow", r"\hookrightarrow": r"\to", r"\rightsquigarrow": r"\to",
}  # fmt: skip
COMPARISONS = frozenset({"=", "<", ">", r"\le", r"\ge", r"\ne", r"\in", r"\notin"})
LINKS = {
    r"\Rightarrow": r"\Rightarrow", r"\implies": r"\Rightarrow", r"\Longrightarrow": r"\Rightarrow",
    "=>": r"\Rightarrow", r"\iff": r"\iff", r"\Leftrightarrow": r"\iff",
    r"\Longleftrightarrow": r"\iff", r"\Leftarrow": r"\Leftarrow", r"\impliedby": r"\Leftarrow",
    r"\therefore": r"\Rightarrow", r"\leadsto": r"\Rightarrow", r"\because": r"\because",
    r"\land": "and", r"\wedge": "and", r"\lor": "or", r"\vee": "or",
}  # fmt: skip

OPERATORS = {
    r"\cdot": r"\cdot", r"\times": r"\times", "*": "*", r"\ast": r"\ast", ".*": ".*", "./": "./",
    r"\odot": r"\odot", r"\circ": r"\circ", r"\otimes": r"\otimes", r"\bullet": r"\bullet",
    r"\star": r"\star", r"\circledast": r"\circledast", r"\boxdot": r"\boxdot", "/": "/",
    r"\div": r"\div", r"\oslash": r"\oslash", r"\bigodot": r"\odot", r"\bigotimes": r"\otimes",
    r"\cdotp": r"\cdot", r"\centerdot": r"\cdot", r"\cup": r"\cup", r"\cap": r"\cap",
    r"\setminus": r"\setminus", r"\backslash": r"\setminus", "@": "@", r"\diamond": r"\diamond",
    r"\oast": r"\circledast", r"\smallsetminus": r"\setminus", r"\slash": "/", r"\sslash": "/",
    r"\bigcirc": r"\circ", r"\ltimes": r"\ltimes", r"\boxtimes": r"\boxtimes", r"\bmod": r"\bmod",
    r"\triangle": r"\triangle", r"\cross": r"\times", r"\colon": ":",
}  # fmt: skip
SIGNS = {"+": "+", "-": "-", r"\pm": r"\pm", r"\mp": r"\mp", r"\oplus": r"\oplus",
         r"\ominus": r"\ominus"}  # fmt: skip

OPENERS = {"(": "(", "[": "[", r"\{": r"\{", r"\lbrace": r"\{", r"\langle": r"\langle",
           r"\lfloor": r"\lfloor", r"\lceil": r"\lceil", r"\lvert": "|", r"\lVert": r"\|",
           r"\lbrack": "[", r"\llbracket": r"\llbracket"}  # fmt: skip
CLOSERS = {")": ")", "]": "]", r"\}": r"\}", r"\rbrace": r"\}", r"\rangle": r"\rangle",
           r"\rfloor": r"\rfloor", r"\rceil": r"\rceil", r"\rvert": "|", r"\rVert": r"\|",
           r"\rbrack": "]", r"\rrbracket": r"\rrbracket"}  # fmt: skip
BARS = {"|": "|", r"\vert": "|", r"\|": r"\|", r"\Vert": r"\|", "||": r"\|"}
PARTNER = {"(": ")", "[": "]", r"\{": r"\}", r"\langle": r"\rangle", r"\lfloor": r"\rfloor",
           r"\lceil": r"\rceil", "|": "|", r"\|": r"\|", r"\llbracket": r"\rrbracket", ".": ".",
           "<": ">", "": ""}  # fmt: skip

THIN = _commands(", ! ; : > / - displaystyle textstyle scriptstyle scriptscriptstyle limits "
                 "nolimits nonumber notag thinspace medspace thickspace negthinspace allowbreak "
                 "nobreak relax hline toprule midrule bottomrule centering noindent normalsize "
                 "small large Large tiny footnotesize scriptsize strut null mathstrut "
                 "displaylimits hfil protect par smallskip medskip bigskip ensuremath")  # fmt: skip
WIDE = _commands("quad qquad enspace enskip hfill") | {"\\ ", "~", "\\\n", "\\\t"}
BIG = _commands("big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr "
                "bigm Bigm biggm Biggm")  # fmt: skip
# One argument in raw text, of no meaning for the mathematics.
RAW = _commands("label ref eqref cite hspace vspace phantom vphantom hphantom color pagecolor "
                "nocolor hspace* footnote href url rule raisebox arraystretch")  # fmt: skip
# The last argument stays, earlier ones are looks.
WRAPPERS = {r"\boxed": 1, r"\fbox": 1, r"\cancel": 1, r"\bcancel": 1, r"\xcancel": 1,
            r"\textcolor": 2, r"\colorbox": 2, r"\fcolorbox": 3, r"\mathclap": 1,
            r"\smash": 1, r"\only": 1,
            r"\mathbin": 1, r"\mathrel": 1, r"\mathord": 1, r"\mathopen": 1, r"\mathclose": 1,
            r"\mathinner": 1, r"\uncover": 1, r"\alert": 1, r"\hl": 1, r"\framebox": 1,
            r"\mathpunct": 1, r"\class": 2, r"\cssId": 2, r"\style": 2, r"\bbox": 1, r"\sout": 1,
            r"\uline": 1, r"\emph": 1, r"\overbracket": 1, r"\underbracket": 1, r"\rlap": 1,
            r"\llap": 1, r"\mathrlap": 1, r"\mathllap": 1, r"\scalebox": 2}  # fmt: skip

DISPLAYS = _words(
    "aligned align align* split gathered gather gather* eqnarray eqnarray* equation equation* "
    "multline multline* alignat alignat* alignedat flalign flalign* displaymath math "
    "dmath dmath* multlined IEEEeqnarray IEEEeqnarray* subequations empheq"
)
CASES = _words("cases dcases cases* dcases* rcases")
MATRICES = _words(
    "matrix bmatrix pmatrix vmatrix Vmatrix Bmatrix smallmatrix array matrix* bmatrix* pmatrix* "
    "vmatrix* Vmatrix* Bmatrix* bsmallmatrix psmallmatrix tabular"
)

DOTS = {r"\dots": r"\dots", r"\ldots": r"\dots", r"\dotsc": r"\dots", r"\cdots": r"\cdots",
        r"\dotsb": r"\cdots", r"\dotsm": r"\cdots", r"\dotsi": r"\cdots", r"\vdots": r"\vdots",
        r"\ddots": r"\ddots", "...": r"\dots", "..": r"\dots", r"\iddots": r"\ddots",
        r"\hdots": r"\dots",
        r"\dotso": r"\dots", r"\textellipsis": r"\dots"}  # fmt: skip

FUNCTION_COMMANDS = _commands(
    "tanh sinh cosh coth sin cos tan cot sec csc arcsin arccos arctan exp log ln lg det max min "
    "sup inf lim limsup liminf arg argmin argmax deg dim ker Pr gcd hom tr Tr diag vec softmax "
    "relu sigmoid sgn sign rank trace"
) - {r"\vec"}
NOT_LATEX = _commands("tr Tr diag vec softmax relu sigmoid sgn sign rank trace argmin argmax")
FUNCTION_WORDS = _words(
    "tanh sinh cosh coth sin cos tan cot sec csc sech arcsin arccos arctan artanh exp log ln lg "
    "det max min sup inf lim arg argmin argmax tr Tr trace Trace diag Diag blkdiag vec Vec vech "
    "rank sign sgn Sign step erf softmax Softmax SoftMax relu ReLU Relu RELU sigmoid Sigmoid "
    "softplus Softplus gelu GELU silu SiLU swish Swish elu ELU selu SELU leakyrelu LeakyReLU "
    "logsumexp LogSumExp LSE logit expit logdet logsoftmax var Var cov Cov Corr mean Mean std "
    "concat Concat LayerNorm BatchNorm Dropout Attention MultiHead FFN dim span ker adj inv clip "
    "mod card vol prox proj conv unvec Re Im mask Mask kron sinc Loss MLP round floor ceil "
    "dom Bernoulli Bern Cat Uniform Unif Normal supp conv dist sech grad crossentropy CrossEntropy"
)
# With a limit below, these bind a variable: \max_j z_j.
BINDING = _words("max min sup inf lim limsup liminf argmax argmin arg")
BIG_OPERATORS = {
    r"\sum": "sum", r"\prod": "prod", r"\int": "int", r"\iint": "int", r"\oint": "int",
    r"\bigcup": "union", r"\bigcap": "intersection", r"\bigoplus": "direct sum",
    r"\coprod": "coprod", r"\bigsqcup": "union", r"\bigvee": "or", r"\bigwedge": "and",
}  # fmt: skip
# Words set upright or typed bare that are a name of several letters, never a product.
NAME_WORDS = _words(
    "net out target output input error loss cost err new old NLL MSE SSE RSS MAE RMSE BCE MLE MAP "
    "logits pred true label bias weight const data reg hidden score state action reward value "
    "init train test valid batch lin min max obs prev next cur tot total avg"
)
CONDITION_WORDS = _words("for if where when with given such unless whenever since provided")
LINK_WORDS = {"and": "and", "or": "or", "so": r"\Rightarrow", "then": r"\Rightarrow",
              "thus": r"\Rightarrow", "hence": r"\Rightarrow", "therefore": r"\Rightarrow",
              "implies": r"\Rightarrow", "iff": r"\iff"}  # fmt: skip
OTHERWISE = _words("otherwise else")
# Letters that count, so that a run of them below a symbol is a list of indices.
INDEX_LETTERS = frozenset("ijklmnpqrst")

UNICODE = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "∂": r"\partial", "𝜕": r"\partial",
    "∇": r"\nabla", "⊙": r"\odot", "⊗": r"\otimes", "⊕": r"\oplus", "∘": r"\circ", "◦": r"\circ",
    "·": r"\cdot", "⋅": r"\cdot", "∙": r"\cdot", "•": r"\bullet", "×": r"\times", "÷": r"\div",
    "∗": "*", "⋆": r"\star", "∕": "/", "⁄": "/", "±": r"\pm", "∓": r"\mp", "≤": r"\le",
    "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "≃": r"\approx", "≡": r"\equiv", "≜": r"\triangleq",
    "≔": ":=", "∼": r"\sim", "∝": r"\propto", "∈": r"\in", "∉": r"\notin", "⊂": r"\subset",
    "⊆": r"\subseteq", "≪": r"\ll", "≫": r"\gg", "←": r"\leftarrow", "→": r"\to", "↦": r"\mapsto",
    "⇒": r"\Rightarrow", "⟹": r"\Rightarrow", "⇔": r"\iff", "⟺": r"\iff", "∑": r"\sum",
    "Σ": r"\Sigma", "∏": r"\prod", "∫": r"\int", "√": r"\sqrt", "∞": r"\infty", "∀": r"\forall",
    "∃": r"\exists", "‖": r"\|", "∥": r"\|", "∣": "|", "⟨": r"\langle", "⟩": r"\rangle",
    "〈": r"\langle", "〉": r"\rangle", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil",
    "⌉": r"\rceil", "…": r"\dots", "⋯": r"\cdots", "⋮": r"\vdots", "⋱": r"\ddots", "ℓ": r"\ell",
    "⊤": r"\top", "∅": r"\emptyset", "∪": r"\cup", "∩": r"\cap", "∴": r"\therefore",
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon",
    "ϵ": r"\epsilon", "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta", "ϑ": r"\vartheta",
    "ι": r"\iota", "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu", "µ": r"\mu", "ν": r"\nu",
    "ξ": r"\xi", "π": r"\pi", "ρ": r"\rho", "ϱ": r"\varrho", "σ": r"\sigma", "ς": r"\varsigma",
    "τ": r"\tau", "υ": r"\upsilon", "φ": r"\varphi", "ϕ": r"\phi", "χ": r"\chi", "ψ": r"\psi",
    "ω": r"\omega", "Γ": r"\Gamma", "Δ": r"\Delta", "∆": r"\Delta", "Θ": r"\Theta",
    "Λ": r"\Lambda", "Ξ": r"\Xi", "Π": r"\Pi", "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega",
    "′": "'", "’": "'", "‘": "'", "´": "'", "″": "''", "‴": "'''",
    "ℝ": r"\mathbb{R}", "ℕ": r"\mathbb{N}", "ℤ": r"\mathbb{Z}", "𝔼": r"\mathbb{E}",
    "𝟙": r"\mathbb{1}", "𝟏": r"\mathbf{1}", "½": r"\frac{1}{2}", "¼": r"\frac{1}{4}",
    "（": "(", "）": ")", "，": ",", "：": ":", "＝": "=", "；": ";",
}  # fmt: skip
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱᵀˡᵗᵏʲᵐ", "0123456789+-()niTltkjm", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ᵢⱼₖₗₘₙₚₜₓ", "0123456789+-()ijklmnptx", strict=True))
COMBINING = {"\u0302": r"\hat", "\u0304": r"\bar", "\u0305": r"\bar", "\u0303": r"\tilde",
             "\u0307": r"\dot", "\u0308": r"\ddot", "\u20d7": r"\vec"}  # fmt: skip
