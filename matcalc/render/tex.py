"""A page as LaTeX: a fragment that needs amsmath only, or a whole document.

Lines are labelled by name, so that editing the network moves no label; a line that uses another
cites it. What is too long for the page is broken after an equals sign, at + and -, between factors,
and only then inside brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from matcalc.errors import MatcalcError
from matcalc.notation import DEFAULT, Notation
from matcalc.render.blocks import (
    Algorithm,
    Code,
    Formula,
    Heading,
    Page,
    Picture,
    Prose,
    Row,
    Table,
    with_references,
)
from matcalc.render.names import spelled_out
from matcalc.render.signs import WORDS_OF
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

    def __post_init__(self) -> None:
        if self.env not in ENVIRONMENTS:
            raise MatcalcError(f"env is one of {', '.join(ENVIRONMENTS)}, not {self.env!r}")


def to_tex(page: Page, setting: Setting) -> str:
    """The page as LaTeX, the same bytes on every run."""
    setting = replace(setting, notation=page.notation)
    cite = page.citing(lambda name, number: rf"\eqref{{{setting.label}{spelled_out(name)}}}")
    parts = [_block(block, setting, cite) for block in page.blocks]
    body = "\n\n".join(p for p in parts if p)
    drawn = _draws(setting) and any(isinstance(block, Picture) for block in page.blocks)
    if not setting.document:
        needs = "packages amsmath and tikz" if drawn else "package amsmath"
        return f"% needs the {needs}, and nothing else\n{body}\n"
    packages = ["amsmath", "amssymb", *(["tikz"] if drawn else [])]
    return (
        "\\documentclass{article}\n\\usepackage[a4paper,margin=25mm]{geometry}\n"
        + "".join(f"\\usepackage{{{name}}}\n" for name in packages)
        + "\\allowdisplaybreaks\n"
        "\\setlength{\\parindent}{0pt}\n\\setlength{\\parskip}{6pt}\n\\sloppy\n"
        "\\begin{document}\n"
        f"\\section*{{{escaped(page.title)}}}\n{body}\n\\end{{document}}\n"
    )


GREEK_SIGN = re.compile(f"[{''.join(WORDS_OF)}]")


def _in_text(sign: re.Match[str]) -> str:
    return rf"$\{WORDS_OF[sign[0]]}$"


def escaped(text: str) -> str:
    """Prose for TeX: signs outside formulas lose their meaning."""
    pieces = re.split(r"(\$[^$]*\$|\\eqref\{[^}]*\})", text)
    return "".join(
        p if k % 2 else re.sub(r"([%&#_])", r"\\\1", GREEK_SIGN.sub(_in_text, p))
        for k, p in enumerate(pieces)
    )


def _block(block: object, setting: Setting, cite: Callable[[str], str]) -> str:
    if isinstance(block, Heading):
        if setting.document:
            return rf"\{'sub' * min(max(block.level - 2, 0), 2)}section*{{{escaped(block.text)}}}"
        return rf"\medskip\noindent\textbf{{{escaped(block.text)}}}\par"
    if isinstance(block, Prose):
        return rf"\noindent {escaped(with_references(block.text, cite))}\par"
    if isinstance(block, Formula):
        return _formula(block, setting, cite)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Algorithm):
        return _algorithm(block, setting)
    if isinstance(block, Code):
        return "\\begin{verbatim}\n" + spelled_out(block.text.rstrip()) + "\n\\end{verbatim}"
    assert isinstance(block, Picture)
    if _draws(setting):
        return _drawing(block)
    return "\n".join(f"% {line}" for line in block.text.splitlines())


def _draws(setting: Setting) -> bool:
    return setting.document if setting.tikz is None else setting.tikz


def _drawing(block: Picture) -> str:
    """A drawing in the middle, made smaller where it is wider than the line."""
    shrunk = (
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
        f"\n{block.tikz.rstrip()}%\n}}"
    )
    return f"\\begin{{center}}\n{shrunk}\n\\end{{center}}"


def _formula(block: Formula, setting: Setting, cite: Callable[[str], str]) -> str:
    rows: list[str] = []
    for k, row in enumerate(block.rows):
        lines = row_lines(row, setting)
        if setting.env == "gather":
            lines = [line.replace("&", "", 1) for line in lines]
        if (
            row.note
            and setting.env == "align"
            and row.note != (block.rows[k - 1].note if k else "")
        ):
            note = escaped(with_references(row.note, cite))
            lines[0] = rf"\intertext{{{note[0].upper()}{note[1:]}:}}" + "\n" + lines[0]
        if setting.env != "aligned":
            lines = [f"{line} \\notag" for line in lines[:-1]] + [_ended(lines[-1], row, setting)]
        rows.append(" \\\\\n".join(lines))
    inside = " \\\\\n".join(rows)
    if setting.env == "aligned":
        return f"\\[\n\\begin{{aligned}}\n{inside}\n\\end{{aligned}}\n\\]"
    return f"\\begin{{{setting.env}}}\n{inside}\n\\end{{{setting.env}}}"


def _ended(line: str, row: Row, setting: Setting) -> str:
    if not row.number:
        return rf"{line} \notag"
    return rf"{line} \label{{{setting.label}{spelled_out(row.name)}}}"


# -- breaking lines ------------------------------------------------------------------------------


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
            said = rf"\text{{{setting.notation.say('by')} }} {side.reason}"
            if len(pieces) == 1 and measured(side.latex) + measured(said) + 12 < room:
                lines[-1] += rf" \qquad {said}"
            else:
                lines.append(rf"&\qquad {said}")
    return lines


def broken(latex: str, room: float) -> list[str]:
    """A side in pieces that fit, broken at signs, then between factors, then inside brackets."""
    if measured(latex) <= room:
        return [latex]
    for split in (_at_signs, _at_factors):
        pieces = _filled(split(latex), room)
        if all(measured(p) <= room for p in pieces):
            return pieces
    opened = _opened(latex)
    if opened != latex:
        return _filled(_at_signs(opened, inside=True), room)
    return _filled(_at_factors(latex), room)


def _filled(atoms: list[str], room: float) -> list[str]:
    """Atoms joined again as long as they fit."""
    lines: list[str] = []
    for atom in atoms:
        if lines and measured(f"{lines[-1]} {atom}") <= room:
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


def _at_signs(latex: str, inside: bool = False) -> list[str]:
    return _split(latex, lambda token: token in ("+", "-"), inside)


OPERATORS = {r"\odot", r"\oslash", r"\cdot", r"\circ", r"\bullet", r"\otimes", "+", "-", "*"}
PRODUCT_SIGNS = {*OPERATORS, r"\left", r"\underbrace", r"\frac", r"\operatorname"}


def _at_factors(latex: str) -> list[str]:
    return _split(latex, PRODUCT_SIGNS.__contains__, False)


def _opened(latex: str) -> str:
    r"""\left( ... \right) as \bigl( ... \bigr), in which a line may end."""
    return latex.replace(r"\left", r"\bigl").replace(r"\right", r"\bigr")


def _algorithm(block: Algorithm, setting: Setting) -> str:
    """A program as flush lines, so that it may go over the page; a long one is continued."""
    rows: list[str] = []
    for line in block.lines:
        indent = re.match(r"\\hspace\{\d+em\}", line)
        lead = indent[0] if indent else ""
        pieces = broken(line[len(lead) :].strip(), setting.width - 4)
        rows.append(f"& {lead} {pieces[0]}".replace("  ", " "))
        rows += [rf"&\quad {lead} {{}} {piece}" for piece in pieces[1:]]
    inside = " \\\\\n".join(rows)
    return f"\\begin{{flalign*}}\n{inside} &&\n\\end{{flalign*}}"


def _table(block: Table) -> str:
    columns = "l" * len(block.head)
    rows = [" & ".join(map(escaped, row)) + r" \\" for row in (block.head, *block.rows)]
    inside = "\n".join([rows[0], r"\hline", *rows[1:]])
    table = f"\\begin{{tabular}}{{{columns}}}\n{inside}\n\\end{{tabular}}"
    return f"\\begin{{center}}\n{table}\n\\end{{center}}"
