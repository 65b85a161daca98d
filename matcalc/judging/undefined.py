r"""Why a line has no value at any point, and where: ``1 / 0``, ``\log(-1)``."""

from __future__ import annotations

import numpy as np

from matcalc.judging.compare import Trouble, side_values
from matcalc.judging.scope import Scope
from matcalc.judging.values import Misfit, OutOfRange, TooMuch, Unread
from matcalc.reading import tree as t
from matcalc.reading.writer import write

MOST = 60  # pieces that are looked at


def why_undefined(scope: Scope, relation: t.Relation) -> str:
    """The innermost piece without a value, in words; empty if none is found."""
    for side in relation.sides:
        found = _innermost(scope, side)
        if found is not None:
            return f"{write(found)}{where(found)} has no value{_cause(scope, found)}"
    return ""


def where(node: t.Node) -> str:
    """The column of a piece on the page."""
    return f" (column {node.span[0] + 1})" if node.span != (0, 0) else ""


def _innermost(scope: Scope, node: t.Node) -> t.Node | None:
    found: t.Node | None = None
    for part in list(t.walk(node))[:MOST]:
        if isinstance(part, (t.Number, t.Mark, t.Word, t.Relation)):
            continue
        if _lacks_value(scope, part):
            found = part  # parents come before their parts
        elif found is None and part is node:
            return None
    return found


def _lacks_value(scope: Scope, node: t.Node) -> bool:
    try:
        values = side_values(scope, node)
    except (Misfit, OutOfRange, TooMuch, Unread):
        return False
    return not isinstance(values, Trouble) and not any(
        bool(np.all(np.isfinite(v.array))) for v in values
    )


def _cause(scope: Scope, node: t.Node) -> str:
    beneath: t.Node | None = node.denominator if isinstance(node, t.Fraction) else None
    if isinstance(node, t.Product) and "/" in node.operators:
        beneath = node.factors[node.operators.index("/") + 1]
    if beneath is not None:
        values = side_values(scope, beneath)
        if not isinstance(values, Trouble) and not np.any(values[0].array):
            return ": it divides by zero"
    if isinstance(node, (t.Call, t.HeadBracket, t.Root)):
        return ": its argument lies outside the domain at every point that was tried"
    return ""
