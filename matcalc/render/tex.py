"""A page as LaTeX: a fragment that needs amsmath only, or a whole document.

Lines are labelled by name, so that editing the network moves no label; a line that uses another
cites it. In a document a long run of formulas is set as a table (see ``handout``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

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
from matcalc.render.handout import PREAMBLE, is_handout, table_lines
from matcalc.render.lines import Setting, broken, row_lines
from matcalc.render.names import spelled_out
from matcalc.render.signs import WORDS_OF


def to_tex(page: Page, setting: Setting) -> str:
    """The page as LaTeX, the same bytes on every run."""
    setting = replace(setting, notation=page.notation, dense=is_handout(page, setting))
    cite = page.citing(lambda name, number: rf"\eqref{{{setting.label}{spelled_out(name)}}}")
    parts = [_block(block, setting, cite) for block in page.blocks]
    body = "\n\n".join(p for p in parts if p)
    drawn = _draws(setting) and any(isinstance(block, Picture) for block in page.blocks)
    if not setting.document:
        needs = "packages amsmath and tikz" if drawn else "package amsmath"
        return f"% needs the {needs}, and nothing else\n{body}\n"
    packages = ["amsmath", "amssymb", *(["tikz"] if drawn else [])]
    return (
        "\\documentclass{article}\n\\usepackage[a4paper,margin=20mm,top=13mm,bottom=15mm,footskip=8mm]{geometry}\n"
        + "".join(f"\\usepackage{{{name}}}\n" for name in packages)
        + DOCUMENT
        + (PREAMBLE if setting.dense else "")
        + "\\begin{document}\n"
        f"\\section*{{{escaped(page.title)}}}\n{body}\n\\end{{document}}\n"
    )


DOCUMENT = r"""\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
\setlength{\lineskiplimit}{3pt}
\setlength{\lineskip}{4pt}
\sloppy
"""


GREEK_SIGN = re.compile(f"[{''.join(WORDS_OF)}]")


def _in_text(sign: re.Match[str]) -> str:
    return rf"$\{WORDS_OF[sign[0]]}$"


def escaped(text: str) -> str:
    """Prose for TeX: signs outside formulas lose their meaning."""
    pieces = re.split(r"(\$[^$]*\$|\\eqref\{[^}]*\})", text)
    return "".join(
        _in_line(p) if k % 2 else re.sub(r"([%&#_])", r"\\\1", GREEK_SIGN.sub(_in_text, p))
        for k, p in enumerate(pieces)
    )


def _in_line(formula: str) -> str:
    """A formula in a sentence, in which a line may end after a sign: brackets stay small."""
    return re.sub(r"\\(?:left|right)(?=[()\[\]])", "", formula)


def _block(block: object, setting: Setting, cite: Callable[[str], str]) -> str:
    if isinstance(block, Heading):
        if setting.dense and block.level <= 2:
            return rf"\smallskip{{\large\bfseries {escaped(block.text)}}}\par"
        if setting.document:
            return rf"\{'sub' * min(max(block.level - 1, 0), 2)}section*{{{escaped(block.text)}}}"
        return rf"\medskip\noindent\textbf{{{escaped(block.text)}}}\par"
    if isinstance(block, Prose):
        said = escaped(with_references(block.text, cite))
        return rf"\noindent {said}\par" if setting.document else rf"{{\sloppy\noindent {said}\par}}"
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
    if setting.dense:
        return "\n\n".join(table_lines(block, setting, lambda row: _note(row, cite), _ended))
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
            note = _note(row, cite)
            loose = "" if setting.document else r"\sloppy "
            lines[0] = rf"\intertext{{{loose}{note[0].upper()}{note[1:]}:}}" + "\n" + lines[0]
        if setting.env != "aligned":
            lines = [f"{line} \\notag" for line in lines[:-1]] + [_ended(lines[-1], row, setting)]
        rows.append(" \\\\\n".join(lines))
    inside = " \\\\\n".join(rows)
    if not rows:  # of what depends on nothing
        return ""
    if setting.env == "aligned":
        return f"\\[\n\\begin{{aligned}}\n{inside}\n\\end{{aligned}}\n\\]"
    return f"\\begin{{{setting.env}}}\n{inside}\n\\end{{{setting.env}}}"


def _note(row: Row, cite: Callable[[str], str]) -> str:
    return escaped(with_references(row.note, cite))


def _ended(line: str, row: Row, setting: Setting) -> str:
    if not row.number:
        return rf"{line} \notag"
    return rf"{line} \label{{{setting.label}{spelled_out(row.name)}}}"


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
