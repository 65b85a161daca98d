"""Which lines of a derivation a page shows, beyond those asked for by name.

A line that no printed line uses is dropped: what arrives at a mean, say, where the three-term rule of
the norm goes past it. A part without a name of its own is shown with the lines that mention it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from matcalc import shapes
from matcalc.errors import UnknownNameError
from matcalc.expr import Node, leaves, symbol_name
from matcalc.record import Line, Record
from matcalc.render.dress import Dress

CROWDED = 12  # lines, from where on a page tells less


def used(dress: Dress, lines: Sequence[Line]) -> list[Line]:
    """The backward lines without those that lead nowhere; all that are asked for or in full."""
    style = dress.style
    if style.lines is not None or style.stop_at is not None:
        return list(lines)
    output = dress.record.problem.output
    kept: list[Line] = []
    met: set[Node] = set()
    passed: set[str] = set()  # the steps through which the kept lines go
    for line in reversed(lines):
        detail = style.detail_of(line.name)
        # A line that only passes on what arrived is told where there is room for where it comes from.
        of = line.of
        passes_on = of is not None and dress.spoken(of) is not line.symbol
        tells = of is output or (of is not None and passes_on and symbol_name(of) in passed)
        if (
            line.kind == "gradient"
            or line.symbol in met
            or detail == "full"
            or (detail == "normal" and tells and len(lines) <= CROWDED)
        ):
            kept.append(line)
            met.update(n for form in dress.forms(line) for n in leaves(form))
            passed.update(line.through)
    return kept[::-1]


def chosen(dress: Dress, lines: Collection[Line]) -> list[Line]:
    """The lines asked for, in order, and the parts that they mention."""
    style, record = dress.style, dress.record
    known = {line.name for line in record.lines} | {symbol_name(w) for w in record.wrt}
    for name in (*(style.lines or ()), *style.hide, *([style.stop_at] if style.stop_at else ())):
        if name not in known:
            raise UnknownNameError(
                f"there is no line {name!r}; there are {shapes.listed(sorted(known))}"
            )
    wanted = None if style.lines is None else _with_parts(record, set(style.lines))
    found: list[Line] = []
    for line in lines:
        called = _called(record, line)
        if (wanted is None or called & wanted) and not called & set(style.hide):
            found.append(line)
        if style.stop_at in called:
            break
    return found


def _called(record: Record, line: Line) -> set[str]:
    """The names of a line: a variable means its gradient."""
    if line.of is None or line.of in record.definitions:
        return {line.name}
    return {line.name, symbol_name(line.of)}


def _with_parts(record: Record, names: set[str]) -> set[str]:
    """The names, and those of the parts that the lines with these names mention."""
    parts = {line.symbol: line for line in record.backward() if line.of is None}
    todo = [line for line in record.backward() if _called(record, line) & names]
    while todo:
        for node in leaves(todo.pop().value):
            part = parts.get(node)
            if part is not None and part.name not in names:
                names = names | {part.name}
                todo.append(part)
    return names
