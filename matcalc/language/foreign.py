"""How to say here what other languages say: Python and NumPy, LaTeX, typeset characters.

Nothing in this file accepts anything. It looks at the place where reading failed and returns one
sentence with the repair in the spelling of the text language.
"""

from __future__ import annotations

import re
import unicodedata

# What NumPy and its relatives call the words of this language; "" marks an operator, see below.
_NUMPY_WORDS = {
    "trace": "tr", "norm": "norm2", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "maximum": "max", "minimum": "min", "identity": "eye", "absolute": "abs", "slogdet": "logdet",
    "concatenate": "vstack", "ravel": "vec", "power": ".^",
}  # fmt: skip
_NUMPY_OPERATORS = {
    "dot": "*", "matmul": "*", "mm": "*", "multiply": ".*", "mul": ".*", "divide": "./", "add": "+",
    "subtract": "-", "power": ".^", "pow": ".^",
}  # fmt: skip

_ATTRIBUTE = re.compile(r"([^\W\d]\w*)((?:\.[^\W\d]\w*)+)")
_TWO_NAMES = re.compile(r"\(\s*([^\W\d]\w*)\s*,\s*([^\W\d]\w*)\s*\)")
_BEFORE = re.compile(r"([^\W\d]\w*)\s*$")

_CHARACTERS = {
    "−": "a typeset minus: write -",
    "–": "a dash: write - for minus",
    "—": "a dash: write - for minus",
    "·": "a typeset product: write * (entry by entry: .*)",
    "⋅": "a typeset product: write * (entry by entry: .*)",
    "∙": "a typeset product: write * (entry by entry: .*)",
    "⊙": "a typeset product: write .* for the product entry by entry",
    "∘": "a typeset product: write .* for the product entry by entry",
    "⊗": "a typeset product: write kron(A, B)",
    "÷": "a typeset quotient: write / (entry by entry: ./)",
    "⊤": "a typeset transpose: write X' for the transpose of X",
    "ᵀ": "a typeset transpose: write X' for the transpose of X",
    "’": "a typeset apostrophe: write ' for the transpose",
    "‘": "a typeset apostrophe: write ' for the transpose",
    "′": "a typeset prime: write ' for the transpose",
    "²": "a typeset power: write ^2 (entry by entry: .^2)",
    "³": "a typeset power: write ^3 (entry by entry: .^3)",
    "∑": "a typeset sum: write sum(A) for the sum of all entries",
    "√": "a typeset root: write sqrt(x)",
    "∞": "not a number of this language: there is no infinity",
    "@": "Python's matrix product: write *",
    "[": "not used here: write A(i, j) for an entry, counted from 1, and hstack(A, B) for blocks",
    "]": "not used here: write A(i, j) for an entry, counted from 1, and hstack(A, B) for blocks",
    "|": "not used here: write abs(x) entry by entry, norm2(x) for a norm, det(A)",
    "‖": "not used here: write norm2(x) for the Euclidean or Frobenius norm",
    "<": "a comparison: write step(b - a) for the 0/1 indicator of a < b",
    ">": "a comparison: write step(a - b) for the 0/1 indicator of a > b",
    "!": "not used here",
    "%": "not used here: a comment starts with #",
    '"': "not used here: the transpose is one '",
    ".": "not understood: write .* ./ .^ for entry by entry, and 0.5 for a number",
}


def repair(text: str, position: int) -> str:
    """What is wrong at ``position``, and how it is written here."""
    rest = text[position : position + 200]
    before = _BEFORE.search(text[max(0, position - 200) : position])
    name = before[1] if before else ""
    if rest.startswith("**"):
        return "** is Python's power: write ^ (entry by entry: .^)"
    if rest.startswith(("==", ":=")):
        return f"{rest[:2]} is not used here: write = to name a step"
    if rest.startswith("...") or rest.startswith(".."):
        return ".. is not used here: write a range as 1:k, and a statement on one line"
    if rest[0] == "\\":
        return _latex_or_left_division(rest, name)
    if rest[0] in "{}$":
        transposes = re.match(r"\{\s*\\?(T|top|intercal)\s*\}", rest)
        if transposes and text[:position].rstrip().endswith("^"):
            return f"^{transposes[0]} is LaTeX's transpose: write X' for the transpose of X"
        return latex_repair()
    if re.match(r"\.[TH]\b", rest) and not name:
        return f"{rest[:2]} is Python's transpose: write ' in its place"
    if rest[0] == "." and name and re.match(r"\.[^\W\d]", rest):
        start = position - len(before[0]) if before else position
        return _attribute(text[max(0, start) : start + 300], name)
    word = re.match(r"\w+", rest)
    if rest[0] not in _CHARACTERS and word:
        odd = next((c for c in word[0] if c in _CHARACTERS), "")
        return f"{odd} is {_CHARACTERS[odd]}" if odd else f"{word[0]!r} cannot be a name"
    if rest[0] in _CHARACTERS:
        return f"{rest[0]} is {_CHARACTERS[rest[0]]}"
    shown = rest[0] if rest[0].isprintable() else unicodedata.name(rest[0], "a control character")
    return f"the character {shown} (U+{ord(rest[0]):04X}) is not used in this language"


def latex_repair() -> str:
    """LaTeX pasted where text is expected."""
    return (
        "this looks like LaTeX: here one writes X*W1, X', A.*B, sigmoid(Z), sum(x)/n; "
        "formulas in LaTeX are read from a .tex file or by mc.read_latex"
    )


def _latex_or_left_division(rest: str, name: str) -> str:
    divisor = re.match(r"\\\s*([^\W\d]\w*)(?![\w{])", rest)
    if name and divisor and len(divisor[1]) <= 2:
        return f"\\ is MATLAB's left division: write solve({name}, {divisor[1]})"
    return latex_repair()


def _attribute(rest: str, name: str) -> str:
    found = _ATTRIBUTE.match(rest)
    path = found[2].split(".")[1:] if found else [""]
    word = path[-1]
    after = rest[found.end() :] if found else ""
    if word in ("T", "t", "H", "mT", "transpose") and len(path) == 1:
        return f".{word} is Python's transpose: write {name}'"
    if word in _NUMPY_OPERATORS:
        sign = _NUMPY_OPERATORS[word]
        pair = _TWO_NAMES.match(after)
        if not pair and after.startswith("("):
            return (
                f"{name}.{'.'.join(path)} is Python: write the operator {sign} between the operands"
            )
        left, right = pair.groups() if pair else ("A", "B")
        return f"{name}.{'.'.join(path)} is Python: write {left}{sign}{right}"
    if after.startswith("("):
        here = _NUMPY_WORDS.get(word, word)
        return f"{name}.{'.'.join(path)} is Python: words stand alone here, write {here}(...)"
    return f"{name}.{'.'.join(path)} is Python: names have no point here, write {name}_{word}"
