"""How a page is set, and its lines broken to fit: after an equals sign, at + and -, between factors,
and only then inside brackets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from matcalc.errors import MatcalcError, wants
from matcalc.notation import DEFAULT, Notation
from matcalc.render.blocks import Row
from matcalc.render.textree import width as measured

ENVIRONMENTS = ("align", "aligned", "gather")
LINE = 56.0  # letters of ten-point text that fit beside an equation number on a4 or letter paper


@dataclass(frozen=True)
class Setting:
    """How a page is set."""

    label: str = "bp:"
    env: str = "align"
    width: float = LINE
    document: bool = False
    notation: Notation = DEFAULT
    tikz: bool | None = None  # drawings as TikZ; by default in documents only
    dense: bool = False  # formulas in tables, as in a handout

    def __post_init__(self) -> None:
        if not isinstance(self.env, str) or self.env not in ENVIRONMENTS:
            raise MatcalcError(f"env is one of {', '.join(ENVIRONMENTS)}, not {self.env!r}")
        wants((int, float), self.width, "width is a number of letters")
        if not 0 < self.width < 1e6:
            raise MatcalcError(f"width is a number of letters, not {self.width!r}")
        wants(str, self.label, "label is a text")


def row_lines(row: Row, setting: Setting) -> list[str]:
    """A row as lines with one ``&`` each, none wider than the page."""
    if not row.sides:
        return [f"& {row.left}"]
    lines: list[str] = []
    room = setting.width - min(measured(row.left) + 2, setting.width / 2)
    for k, side in enumerate(row.sides):
        pieces = broken(side.latex, room)
        lead = f"{row.left} &= " if k == 0 else "&= "
        lines.append(lead + pieces[0])
        lines += [rf"&\quad {{}} {piece}" for piece in pieces[1:]]
        if side.reason:
            said = by(side.reason, setting.notation)
            if len(pieces) == 1 and measured(side.latex) + measured(said) + 12 < room:
                lines[-1] += rf" \qquad {said}"
            else:
                lines.append(rf"&\qquad {said}")
    return lines


def by(reason: str, notation: Notation) -> str:
    """The law of a step: an equation stands behind ``by``, words stand alone."""
    worded = reason.startswith(r"\text{")
    return reason if worded else rf"\text{{{notation.say('by')} }} {reason}"


def broken(latex: str, room: float) -> list[str]:
    """A side in pieces that fit, broken at signs, then between factors, then inside brackets."""
    if wide(latex) <= room:
        return [latex]
    terms = _at_signs(latex)
    factors = [factor for term in terms for factor in _at_factors(term)]
    for atoms in (terms, factors):
        pieces = _filled(atoms, room)
        if all(wide(p) <= room for p in pieces):
            return pieces
    inside: list[str] = []
    for factor in factors:
        inside += [factor] if wide(factor) <= room else _anywhere(_opened(factor))
    return _filled(inside, room)


def wide(latex: str) -> float:
    """The width of a formula; brackets that grow with what they hold are wider than letters."""
    return measured(latex) + 0.6 * latex.count(r"\left")


def _filled(atoms: list[str], room: float) -> list[str]:
    """Atoms joined again as long as they fit."""
    lines: list[str] = []
    for atom in atoms:
        if lines and wide(f"{lines[-1]} {atom}") <= room:
            lines[-1] = f"{lines[-1]} {atom}"
        else:
            lines.append(atom)
    return lines


def _depths(latex: str) -> list[tuple[str, int, int]]:
    """The tokens with the depth of braces and of brackets they stand in."""
    found, braces, brackets = [], 0, 0
    for token in re.findall(r"\\left|\\right|\\[A-Za-z]+|\\.|\s+|.", latex):
        if token == "}":
            braces -= 1
        if token == "\\right":
            brackets -= 1
        found.append((token, braces, brackets))
        if token == "{":
            braces += 1
        if token == "\\left":
            brackets += 1
    return found


def _split(latex: str, before: Callable[[str], bool], inside: bool) -> list[str]:
    pieces = [""]
    tokens = _depths(latex)
    for k, (token, braces, brackets) in enumerate(tokens):
        binary = k > 1 and tokens[k - 1][0].isspace() and tokens[k - 2][0] not in OPERATORS
        if (
            before(token)
            and braces == 0
            and (inside or brackets == 0)
            and binary
            and pieces[-1].strip()
        ):
            pieces.append("")
        pieces[-1] += token
    return [p.strip() for p in pieces if p.strip()]


def _at_signs(latex: str) -> list[str]:
    return _split(latex, lambda token: token in ("+", "-"), False)


def _anywhere(latex: str) -> list[str]:
    return _split(latex, lambda token: token in PRODUCT_SIGNS, True)


OPERATORS = {r"\odot", r"\oslash", r"\cdot", r"\circ", r"\bullet", r"\otimes", "+", "-", "*"}
PRODUCT_SIGNS = {*OPERATORS, r"\left", r"\bigl", r"\underbrace", r"\frac", r"\operatorname"}


def _at_factors(latex: str) -> list[str]:
    return _split(latex, PRODUCT_SIGNS.__contains__, False)


def _opened(latex: str) -> str:
    r"""\left( ... \right) as \bigl( ... \bigr), in which a line may end."""
    return latex.replace(r"\left", r"\bigl").replace(r"\right", r"\bigr")
