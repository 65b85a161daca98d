r"""Named formulas in a file of their own, to ``\input`` and to quote by name: ``\mcuse{dW1}`` in a
line of text, ``\mceq{dW1}`` as a numbered display with the label ``mc:dW1``.

A name that the file does not have is an error of TeX's, never an empty place. Greek letters in names
are spelled out, so that every TeX can read them.
"""

from __future__ import annotations

from matcalc.render.blocks import Row, Side
from matcalc.render.choosing import chosen
from matcalc.render.dress import Dress
from matcalc.render.lines import Setting, row_lines
from matcalc.render.names import spelled_out

HEAD = r"""% needs the package amsmath, and nothing else
% \mcuse{NAME} is a formula in a line of text, \mceq{NAME} a numbered display labelled mc:NAME
\providecommand{\mcnamed}[2]{\ifcsname mc#1:#2\endcsname\csname mc#1:#2\endcsname\else
  \PackageError{matcalc}{There is no formula #2}{The names stand in the file of formulas.}\fi}
\providecommand{\mcuse}[1]{\mcnamed{}{#1}}
\providecommand{\mceq}[1]{\begin{equation}\mcnamed{eq}{#1}\label{mc:#1}\end{equation}}"""


def formula_file(dress: Dress, setting: Setting) -> str:
    """The statements of lines, each under its name, long ones broken where they are displayed."""
    rows = [HEAD]
    for line in chosen(dress, dress.record.lines):
        left, right = dress(line.symbol), dress(dress.value(line))
        name = spelled_out(line.name)
        rows.append(_definition("mc", name, rf"\ensuremath{{{left} = {right}}}"))
        lines = row_lines(Row(left, (Side(right),)), setting)
        shown = " \\\\\n".join(lines)
        aligned = f"\\begin{{aligned}}\n{shown}\n\\end{{aligned}}"
        shown = aligned if len(lines) > 1 else shown.replace("&", "", 1)
        rows.append(_definition("mceq", name, shown))
    return "\n".join(rows) + "\n"


def _definition(kind: str, name: str, body: str) -> str:
    return rf"\expandafter\def\csname {kind}:{name}\endcsname{{{body}}}"
