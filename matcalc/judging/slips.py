r"""The classes of slips, and the places of a formula where one can have happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from matcalc.reading import tree as t

TRANSPOSE = "transpose"
ORDER = "factors in the wrong order"
SIGN = "sign"
BRACKET = "missing bracket"
HADAMARD = "matrix product for the entrywise product"
MATRIX = "entrywise product for the matrix product"
SLOPE_MISSING = "f for f'"
SLOPE_EXTRA = "f' for f"
ARGUMENT = "wrong argument"
LAYER = "layer off by one"
INDEX = "indices swapped"
WRONG_INDEX = "wrong index"
RANGE = "range of the sum"
LOST = "lost factor"
LOST_TERM = "lost term"
EXTRA = "extra factor"
EXTRA_TERM = "extra term"
BATCH = "sum over the batch missing"
DIAG = "diag missing"
TRACE = "trace missing"
SUM_FOR_PRODUCT = "product for sum"
PRODUCT_RULE = "a term of the product rule is missing"
INVERSE = "inverse"
POWER = "power"
SUM_MISSING = "sum missing"
ONE_PATH = "one-path chain rule"
LAYOUT = "wrong layout"
DIAGONAL_ONLY = "only the diagonal of the softmax Jacobian"
SUM_EXTRA = "sum that should not be there"
PRODUCT_FOR_SUM = "sum for product"
OTHER = "another formula"
SHAPE = "wrong shape"
CUT = "rounding: cut instead of rounded"


@dataclass(frozen=True)
class Edit:
    """A changed formula and the class of slip this undoes."""

    slip: str
    node: t.Node
    detail: str = ""


Put = Callable[[t.Node], t.Node]


def spots(
    node: t.Node, put: Put = lambda x: x, inside: str = ""
) -> Iterator[tuple[t.Node, Put, t.Node | None]]:
    """Every piece of a formula that has a value, with the way to put another in its place."""
    yield from _spots(node, put, None)


def _spots(
    node: t.Node, put: Put, above: t.Node | None
) -> Iterator[tuple[t.Node, Put, t.Node | None]]:
    yield node, put, above
    for name, position, child in _parts(node):
        yield from _spots(child, _putter(node, name, position, put), node)


def _putter(node: t.Node, name: str, position: tuple[int, ...], put: Put) -> Put:
    def inner(new: t.Node) -> t.Node:
        value = getattr(node, name)
        if position and position[0] == -1:
            k = position[1]
            items = (*value.items[:k], new, *value.items[k + 1 :])
            return put(replace(node, **{name: replace(value, items=items)}))
        if not position:
            single: dict[str, Any] = {name: new}
            return put(replace(node, **single))
        if len(position) == 1:
            k = position[0]
            return put(replace(node, **{name: (*value[:k], new, *value[k + 1 :])}))
        k, m = position
        row = (*value[k][:m], new, *value[k][m + 1 :])
        return put(replace(node, **{name: (*value[:k], row, *value[k + 1 :])}))

    return inner


def _parts(node: t.Node) -> Iterator[tuple[str, tuple[int, ...], t.Node]]:
    """The pieces below that have a value: no scripts, no heads, no variables of derivatives."""
    if isinstance(node, (t.Symbol, t.Filled, t.Derivative, t.Nabla, t.Differential, t.Indicator)):
        return
    if isinstance(node, t.HeadBracket):
        # The bracket stays a bracket; what stands in it may change.
        for k, item in enumerate(node.bracket.items):
            yield "bracket", (-1, k), item
        return
    skipped = {"lower", "upper", "head", "power", "label", "degree", "span"}
    if isinstance(node, t.Postfix) and node.kind in ("subscript", "mark", "evaluated"):
        skipped.add("arguments")
    for spec in fields(node):
        if spec.name in skipped:
            continue
        value = getattr(node, spec.name)
        if isinstance(value, t.Node):
            yield spec.name, (), value
        elif isinstance(value, tuple):
            for k, part in enumerate(value):
                if isinstance(part, t.Node):
                    yield spec.name, (k,), part
                elif isinstance(part, tuple):
                    for m, cell in enumerate(part):
                        if isinstance(cell, t.Node):
                            yield spec.name, (k, m), cell
