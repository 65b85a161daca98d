r"""Named formulas in a file of their own: ``\mcuse{dW1}`` inline, ``\mceq{dW1}`` as a numbered
display."""

from __future__ import annotations

from collections.abc import Iterable

from matcalc.notation import Notation
from matcalc.record import Line
from matcalc.render.page import line_latex

HEAD = r"""% needs the package amsmath, and nothing else
\providecommand{\mcuse}[1]{\csname mc:#1\endcsname}
\providecommand{\mceq}[1]{\begin{equation}\mcuse{#1}\label{mc:#1}\end{equation}}"""


def formula_file(lines: Iterable[Line], notation: Notation) -> str:
    """The statements of lines, each under its name."""
    rows = [HEAD]
    for line in lines:
        said = line_latex(line, notation)
        rows.append(rf"\expandafter\def\csname mc:{line.name}\endcsname{{\ensuremath{{{said}}}}}")
    return "\n".join(rows) + "\n"
