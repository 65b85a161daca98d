"""The first lines of a program with loops: lists become dictionaries by the index of the page, and ends
of ranges and dimensions are read off the data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from matcalc.expr import Node
from matcalc.families.formulas import Formulas
from matcalc.members import Family

Inputs = Sequence[tuple[str, Node | Family]]  # word and what it stands for


def openings(
    formulas: Formulas, inputs: Inputs, spoken: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Lines that read ends and dimensions off the data, and those that nothing tells."""
    words = formulas.words
    lines: list[str] = []
    told: set[str] = set()
    for word, of in inputs:
        if not isinstance(of, Family) or len(of.spans) != 1:
            continue
        span = of.spans[0]
        if span.high.is_Symbol and span.high.name not in told and span.low.is_Integer:
            shift = int(span.low) - 1
            more = f" + {shift}" if shift > 0 else f" - {-shift}" if shift < 0 else ""
            lines.append(f"{words.declare(span.high.name)} = len({word}){more}")
            told.add(span.high.name)
    lines += [_numbered(formulas, word, of) for word, of in inputs if isinstance(of, Family)]
    text = "\n".join([*(line.partition("  # ")[0] for line in spoken), *lines])
    missing = []
    for d in sorted(formulas.dims - told - formulas.letters):
        if not re.search(rf"\b{re.escape(words.declare(d))}\b", text):
            continue
        source = _tells(formulas, inputs, d)
        if source is None:
            missing.append(d)
        else:
            lines.append(f"{words.declare(d)} = {source}")
    return lines, missing


def _numbered(formulas: Formulas, word: str, family: Family) -> str:
    """A list as a dictionary by the index of the page."""
    if len(family.spans) == 1:
        first = formulas.integer(family.spans[0].low)
        return f"{word} = dict(enumerate({word}, start={first}))"
    letters = [formulas.words.declare(s.index.name) for s in family.spans]
    spans = list(zip(letters, family.spans, strict=True))
    places = "".join(
        f"[{a}]" if s.low == 0 else f"[{a} - {formulas.integer(s.low)}]" for a, s in spans
    )
    loops = " ".join(f"for {a} in {formulas.span(s)}" for a, s in spans)
    return f"{word} = {{({', '.join(letters)}): {word}{places} {loops}}}"


def _tells(formulas: Formulas, inputs: Inputs, dim: str) -> str | None:
    """Where a dimension can be read off."""
    for word, of in inputs:
        for axis, d in enumerate(of.shape):
            if d.is_Symbol and d.name == dim:
                if isinstance(of, Family):
                    word = f"{word}[{', '.join(formulas.integer(s.low) for s in of.spans)}]"
                return f"{word}.shape[{axis}]"
    return None
