"""How formulas look: frozen data. A printer reads it; no rule ever does.

`PRESETS` are ways of writing met in lecture notes, textbooks and courses, each named after what it
looks like. A symbol's own LaTeX name, and the ``adjoint=`` of a step, win over all of this.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_type_hints

from matcalc.errors import MatcalcError, wants

Adjoint = Literal["partial", "delta", "bar", "d"]
Gradient = Literal["partial", "nabla", "bar", "d"]
AdjointIndex = Literal["layer", "symbol"]
Layer = Literal["_l", "(l)", "[l]", "^l"]
Bold = Literal["none", "vectors", "all"]
Indicator = Literal["bracket", "brace", "subscript"]
Sums = Literal["ones", "sum", "word"]
Power = Literal["marked", "bare"]
Factors = Literal["derived", "output", "variable"]


@dataclass(frozen=True)
class Notation:
    """One way of writing.

    >>> Notation(transpose="T").transpose
    'T'
    >>> Notation.from_latex(r"W^{[1]T} .* a").layer
    '[l]'
    """

    layer: Layer = "_l"  # where the number of a matrix goes: W_1, W^{(1)}, W^{[1]}, W^1
    transpose: str = r"\top"
    hadamard: str = r"\odot"
    quotient: str = r"\oslash"  # entrywise division; "frac" for a fraction bar
    # z^2 entry by entry: with the mark of the entrywise product, or bare where no matrix power
    # could be meant.
    entrywise_power: Power = "marked"
    adjoint: Adjoint = "partial"  # dL/dZ of a step as a fraction, as delta, with a bar, or as dZ
    adjoint_index: AdjointIndex = "layer"  # delta of a layer's number, or of the symbol
    gradient: Gradient = "partial"  # the same for inputs and parameters
    index_base: Literal[0, 1] = 1  # the number of the first row
    both_indices: bool = False  # x_{20} rather than x_2 for an entry of a column
    bold: Bold = "none"
    one: str = r"\mathbf{1}"  # the vector of ones, and the indicator
    indicator: Indicator = "bracket"  # 1[z > 0], 1{z > 0}, or the condition below
    row_sum: Sums = "ones"  # 1^T A, a sum sign, or colsum(A)
    total: Literal["ones", "sum"] = "sum"  # the sum of all entries
    expand_slopes: bool = True  # 1 - A^2 rather than tanh'(Z)
    # Factors whose order is free: as derived; numbers from the output back (what arrives first, the
    # slope last); or entrywise products from the variable on (the slope first).
    factors: Factors = "derived"
    sized: bool = True  # I_n and 1_n rather than I and 1
    # Phrases of the page in another language, by the English ones: ("where", "wobei"). A mapping
    # may be given; matcalc.render.phrases.PHRASES lists what there is.
    words: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.words, Mapping):
            object.__setattr__(self, "words", tuple(self.words.items()))
        for name, kind in get_type_hints(Notation).items():
            allowed = get_args(kind)
            value = getattr(self, name)
            choice = allowed and isinstance(allowed[0], (str, int))
            if choice and (not isinstance(value, (str, int)) or value not in allowed):
                known = ", ".join(map(repr, allowed))
                raise MatcalcError(f"notation: {name} is one of {known}, not {value!r}")

    def say(self, phrase: str, **parts: object) -> str:
        """A phrase of the page in the language of the notes, its places in braces filled."""
        said = dict(self.words).get(phrase, phrase)
        return re.sub(r"\{(\w+)\}", lambda m: str(parts.get(m[1], m[0])), said)

    def listed(self, items: Sequence[str]) -> str:
        """``a``, ``a and b``, ``a, b and c``."""
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self.say('and')} {items[-1]}"

    @classmethod
    def of(cls, value: Notation | str | Mapping[str, Any] | None) -> Notation:
        """A notation, the name of a preset, or settings as a mapping (``preset`` among them)."""
        if value is None:
            return DEFAULT
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            if value not in PRESETS:
                raise MatcalcError(
                    f"there is no notation {value!r}; there are {', '.join(PRESETS)}"
                )
            return PRESETS[value]
        wants(Mapping, value, "a notation is a Notation, the name of a preset, or settings")
        settings = dict(cast(Mapping[str, Any], value))
        start = cls.of(settings.pop("preset", None))
        known = {f.name for f in fields(cls)}
        if unknown := [k for k in settings if k not in known]:
            raise MatcalcError(
                f"notation: there is no setting {unknown[0]!r}; there are "
                f"{', '.join(sorted(known))}"
            )
        return replace(start, **settings)

    @classmethod
    def load(cls, path: str | Path) -> Notation:
        """The notation of a ``notation.toml``; a folder means the file of that name in it."""
        wants((str, Path), path, "a notation is read from a file")
        file = Path(path)
        try:
            file = file / "notation.toml" if file.is_dir() else file
            return cls.of(tomllib.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:  # no such file, not UTF-8, not TOML
            raise MatcalcError(f"{file}: {error}") from error

    @classmethod
    def from_latex(cls, sample: str) -> Notation:
        """The notation that a sample of notes is written in; what it doesn't show stays as
        usual."""
        wants(str, sample, "a sample of notes is a text")
        found: dict[str, Any] = {}
        for name, ways in _SIGNS.items():
            for value, pattern in ways:
                if re.search(pattern, sample):
                    found[name] = value
                    break
        return cls(**found)


# For each setting the values, the clearest sign first.
_SIGNS: dict[str, tuple[tuple[Any, str], ...]] = {
    "layer": (
        ("[l]", r"\^\{\s*\[\s*(\d+|l|L)([+-]1)?\s*\]|W\}?\s*\^\{\s*\[\s*[a-zA-Z]"),
        ("(l)", r"\^\{\s*\(\s*(\d+|l|L)([+-]1)?\s*\)|W\}?\s*\^\{\s*\(\s*[a-zA-Z]"),
        ("^l", r"(W|\\delta|b)\^\{?\s*(l|L|1)\b"),
    ),
    "transpose": (
        (r"\top", r"\\top(?![A-Za-z])"),
        (r"\intercal", r"\\intercal(?![A-Za-z])"),
        (r"\mathsf{T}", r"\\mathsf\s*\{?\s*T"),
        (r"\mathrm{T}", r"\\(mathrm|text)\s*\{\s*T\s*\}"),
        ("T", r"\^\{?\s*T\b|[\])]\s*T\s*\}"),
        # X'A is a transpose; W' alone is as often another name, and f'(x) a derivative.
        (r"\prime", r"(?<![\\a-zA-Z])[A-Z]\s*('|\^\{?\s*\\prime\b\s*\}?)\s*[A-Z](?![a-z])"),
    ),
    "hadamard": (
        (".*", r"\.\s*(\*|\\ast)"),
        (r"\odot", r"\\odot(?![A-Za-z])"),
        (r"\circ", r"\\circ(?![A-Za-z])"),
        (r"\bullet", r"\\bullet(?![A-Za-z])"),
        ("*", r"(?<![.^])\*|\\ast(?![A-Za-z])"),
    ),
    "adjoint": (
        ("delta", r"\\delta\s*[_^]"),
        ("bar", r"\\bar\s*\{\s*[ZAW]"),
        ("d", r"(?<![\\a-zA-Z{])d[ZA]\b|(?<![\\a-zA-Z{])d[ZAz]\^"),
    ),
    "gradient": (
        ("nabla", r"\\nabla(?![A-Za-z])"),
        ("partial", r"\\partial(?![A-Za-z])"),
        ("bar", r"\\bar\s*\{\s*W"),
        ("d", r"(?<![\\a-zA-Z{])d[Wb]\b|(?<![\\a-zA-Z{])d[Wb]\^"),
    ),
    "indicator": (
        ("subscript", r"(1|\\mathbf\s*\{?1\}?|\\mathbb\s*\{?1\}?)_\{[^{}]*(\{[^{}]*\}[^{}]*)*[<>]"),
        ("brace", r"(1|\})\s*(\\left)?\\\{"),
    ),
    "one": (
        (r"\mathbb{1}", r"\\mathbb\s*\{?\s*1"),
        (r"\mathbf{1}", r"\\mathbf\s*\{?\s*1"),
        ("1", r"(?<![\w.^{])1_"),
    ),
    "bold": (
        ("all", r"\\(mathbf|boldsymbol|bm)\s*\{\s*\\?[A-Z]"),
        ("vectors", r"\\(mathbf|boldsymbol|bm)\s*\{\s*[a-z]"),
    ),
    "index_base": ((0, r"_\{[^{}]*0[^{}]*\}|=\s*0\s*\}\^"),),
    "expand_slopes": (
        (False, r"(\\sigma|\\phi|\\tanh|[fgh])(_\{?\w+\}?)?\s*('|\^\{?[^{}]*\\prime)"),
    ),
}

DEFAULT = Notation()

PRESETS: dict[str, Notation] = {
    "plain": DEFAULT,
    # The five kinds of lecture notes that the derivations in derivations/ are taken from.
    "bracketed-layers": Notation(
        layer="[l]",
        transpose="T",
        index_base=0,
        one="1",
        indicator="subscript",
        quotient="frac",
        both_indices=True,
    ),
    "neurons": Notation(
        layer="(l)",
        transpose="T",
        expand_slopes=False,
        quotient="frac",
        one="1",
        factors="output",
    ),
    "bold-columns": Notation(
        transpose="T",
        bold="vectors",
        quotient="frac",
        entrywise_power="bare",
        factors="variable",
    ),
    "dot-star": Notation(
        layer="(l)",
        transpose="T",
        hadamard=".*",
        adjoint="delta",
        expand_slopes=False,
        one="1",
        quotient="./",
    ),
    "numbered-weights": Notation(transpose="T", quotient="frac"),
    # Textbooks and courses.
    "delta-superscript": Notation(
        layer="^l",
        transpose="T",
        adjoint="delta",
        expand_slopes=False,
        quotient="frac",
    ),
    "delta-parentheses": Notation(
        layer="(l)",
        transpose="T",
        adjoint="delta",
        hadamard=r"\bullet",
        gradient="nabla",
        expand_slopes=False,
        quotient="frac",
    ),
    "nabla-bold": Notation(
        layer="(l)",
        bold="all",
        gradient="nabla",
        quotient="frac",
    ),
    "programmer": Notation(
        layer="[l]",
        transpose="T",
        hadamard="*",
        adjoint="d",
        gradient="d",
        row_sum="word",
        expand_slopes=False,
        index_base=0,
        quotient="frac",
    ),
    "bars": Notation(adjoint="bar", gradient="bar"),
    "circles": Notation(
        transpose=r"\mathsf{T}",
        hadamard=r"\circ",
        adjoint="delta",
        adjoint_index="symbol",
    ),
    "sans-transpose": Notation(layer="(l)", transpose=r"\mathsf{T}", bold="all", one=r"\mathbf{1}"),
    "primes": Notation(transpose=r"\prime", one=r"\boldsymbol{\iota}", bold="vectors"),
    "indices": Notation(
        layer="(l)",
        transpose="T",
        row_sum="sum",
        expand_slopes=False,
        quotient="frac",
        indicator="brace",
    ),
}
