"""Symbols in LaTeX: from names such as W1, Yhat and alpha, and what arrives at a step.

A symbol's own LaTeX always wins. Otherwise the notation says where the number of a matrix goes and
what is bold. Which adjoints are called delta is decided once per derivation, so that no two of them
share a name; and no two symbols of a page look alike (``Spelling``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import sympy as sp

from matcalc.expr import Node, is_symbol, symbol_latex, symbol_name
from matcalc.network import definition
from matcalc.notation import Notation
from matcalc.ops.algebra import PRODUCT, SUM_OP
from matcalc.render.signs import ACCENTS, LATIN, LETTERS, WORDS_OF
from matcalc.reverse import Adjoints

GREEK = frozenset(LETTERS)
LAYERS = {"(l)": "({})", "[l]": "[{}]", "^l": "{}"}


def symbol_in_latex(node: Node, notation: Notation) -> str:
    """A declared symbol, by its own LaTeX or from its name."""
    own = symbol_latex(node)
    if own is not None:
        return own
    bold = bool(node.shape) and (
        notation.bold == "all" or (notation.bold == "vectors" and 1 in node.shape)
    )
    return name_in_latex(symbol_name(node), notation.layer if node.shape else "_l", bold)


def name_in_latex(name: str, layer: str = "_l", bold: bool = False) -> str:
    """``W1`` as W_{1}, ``Yhat`` as a hat, ``alpha`` as the letter, ``h_t`` with its subscript."""
    base, _, sub = name.strip("_").partition("_")
    if not base:
        return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"
    mark = ""
    match = re.fullmatch(r"([^\W\d_]+)(\d+)", base)
    if match and (len(match[1]) == 1 or match[1] in GREEK or _accent(match[1])):
        base, digits = match[1], match[2]
        if layer == "_l":
            sub = f"{digits},{sub}" if sub else digits
        else:
            mark = f"^{{{LAYERS[layer].format(digits)}}}"
    shown = _letters(base, bold)
    return shown + (rf"_{{{_subscript(sub)}}}" if sub else "") + mark


def layer_of(node: Node) -> str | None:
    """The number in a step's name, or else in its own LaTeX."""
    found = re.fullmatch(r"[^\W\d_]+(\d+)(?:_\w+)?", symbol_name(node))
    if found is None and (own := symbol_latex(node)):
        found = re.search(r"\^\{[\[(](\d+)[\])]\}", own)
    return found[1] if found else None


def _accent(base: str) -> tuple[str, str] | None:
    for word in ACCENTS:
        stem = base.removesuffix(word)
        if stem != base and (len(stem) == 1 or stem in GREEK):
            return word, stem
    return None


def spelled_out(name: str) -> str:
    """A name with its Greek letters as words, for where only ASCII can stand."""
    return "".join(WORDS_OF.get(c, LATIN.get(c, c)) for c in name)


class Spelling:
    """How the symbols of one page are written: a second symbol that would look like an earlier one
    (W1 and W_1, alpha and α) is shown as it is typed."""

    def __init__(self, notation: Notation) -> None:
        self.notation = notation
        self.stands_for: dict[str, str] = {}  # what is written, without its font, and for what name

    def __call__(self, node: Node) -> str:
        name, said = symbol_name(node), symbol_in_latex(node, self.notation)
        holder = self.stands_for.setdefault(_plain(said), name)
        return said if holder == name or symbol_latex(node) is not None else _as_typed(name)

    def meet(self, symbols: Iterable[Node]) -> None:
        """Symbols that come before all that are written later; α is the letter, where alpha can
        give way."""
        for node in sorted(symbols, key=lambda s: symbol_name(s).isascii()):
            self(node)

    def means_another(self, said: str, name: str = "") -> bool:
        """Whether what would be written for ``name`` stands for something else already."""
        return self.stands_for.get(_plain(said), name) != name


def _plain(said: str) -> str:
    return re.sub(r"\\mathrm(?![A-Za-z])|[{}\s]", "", said)


def _as_typed(name: str) -> str:
    shown = spelled_out(name).replace("_", r"\_")
    return rf"\mathtt{{{shown}}}" if shown.isascii() else rf"\text{{{shown}}}"


def size_in_latex(size: Any) -> str:
    """A dimension, or a number made of dimensions."""
    return re.sub(r"[^\x00-\x7f]", lambda m: f"{_letters(m[0])} ", sp.latex(size)).rstrip()


def _letters(base: str, bold: bool = False) -> str:
    base = WORDS_OF.get(base, LATIN.get(base, base))
    if base in GREEK:
        return rf"\boldsymbol{{\{base}}}" if bold else f"\\{base}"
    if found := _accent(base):
        return rf"\{found[0]}{{{_letters(found[1], bold)}}}"
    if bold:
        return rf"\mathbf{{{base}}}"
    if not base.isascii():  # TeX sets such letters in text only
        return rf"\text{{{base}}}"
    return base if len(base) == 1 else rf"\mathrm{{{base}}}"


def _subscript(sub: str) -> str:
    return ",".join(_letters(p) if not p.isdigit() and "," not in p else p for p in sub.split("_"))


# -- what arrives at a step ------------------------------------------------------------------------

_DELTAS: WeakKeyDictionary[Adjoints, dict[tuple[str, int], dict[Node, str]]] = WeakKeyDictionary()


def delta_names(book: Adjoints, notation: Notation) -> dict[Node, str]:
    """The adjoints that are called delta: those of the affine steps, by layer where that is
    unique."""
    by_notation = _DELTAS.setdefault(book, {})
    key = (f"{notation.adjoint_index}{notation.layer}", len(book.of))
    if key not in by_notation:
        by_notation[key] = _deltas(book, notation)
    return by_notation[key]


def _deltas(book: Adjoints, notation: Notation) -> dict[Node, str]:
    affine = [(s, of) for s, of in book.of.items() if is_affine(definition(of))]
    layers = [layer_of(of) for _, of in affine]
    found = {}
    for (adjoint, of), layer in zip(affine, layers, strict=True):
        if notation.adjoint_index == "layer" and layer is not None and layers.count(layer) == 1:
            found[adjoint] = name_in_latex(f"delta{layer}", notation.layer)
        elif len(affine) == 1:
            found[adjoint] = r"\delta"
        else:
            found[adjoint] = rf"\delta_{{{symbol_in_latex(of, notation)}}}"
    return found


def is_affine(value: Node | None) -> bool:
    """Whether a step is a product of matrices, perhaps with something added: a pre-activation. A
    mean that is spread and taken off is none."""
    if value is None or not value.shape:
        return False
    terms = value.operands if value.op is SUM_OP else (value,)
    return any(
        term.op is PRODUCT
        and sum(bool(a.shape) and a.op.name not in ("ones", "eye") for a in term.operands) > 1
        for term in terms
    )


def adjoint_in_latex(
    adjoint: Node, book: Adjoints, notation: Notation, inside: str, top: str
) -> str:
    """The name of what arrives at a symbol; ``inside`` is the symbol, ``top`` the output."""
    if adjoint in book.latex:
        return book.latex[adjoint]
    of = book.of[adjoint]
    way = notation.gradient if definition(of) is None else notation.adjoint
    if way == "bar":
        return rf"\bar{{{inside}}}"
    if way == "d":
        return f"d{inside}"
    if way == "nabla":
        return rf"\nabla_{{{inside}}} {top}"
    if way == "delta" and (named := delta_names(book, notation).get(adjoint)):
        return named
    return rf"\frac{{\partial {top}}}{{\partial {inside}}}"


# A loss that nobody named is L, or the first of these that means nothing else.
LOSSES = {"L": "L", "ell": r"\ell", "J": "J", "E": "E"}


def loss_name(taken: Iterable[str]) -> str:
    """What a loss without a name of its own is called beside these names."""
    return next((said for name, said in LOSSES.items() if name not in taken), r"\mathcal{L}")


def output_name(output: Node, notation: Notation, taken: Iterable[str] = ()) -> str:
    """What stands on top of the partial derivatives: the scalar output, or L for what is above."""
    named = is_symbol(output) and not output.shape
    return symbol_in_latex(output, notation) if named else loss_name(taken)
