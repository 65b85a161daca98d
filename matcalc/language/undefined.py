"""Undefined functions in text: ``g : function``, ``f : map r``, ``C : scalar function``.

They are applied like any word; their derivatives are spelled as they print: ``g'(Z)``, ``g_4(Z)``,
``D1_f(x)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matcalc.errors import MatcalcError, ParseError
from matcalc.expr import Node, make, postorder, symbol
from matcalc.language.scope import Applied, Undefined
from matcalc.ops.base import operand
from matcalc.ops.undefined import FUNCTION, MAP
from matcalc.shapes import Shape


def apply_undefined(applied: Applied, operands: Sequence[Node]) -> Node:
    """The node for an undefined function, or a derivative of one, of these operands."""
    function = applied.function
    nodes = tuple(map(operand, operands))
    if function.kind == "function":
        if len(nodes) != 1:
            raise ParseError(f"{function.name} takes one operand, not {len(nodes)}")
        return make(FUNCTION, nodes, (function.name, applied.order, None))
    if not nodes or any(slot not in range(len(nodes)) for slot in applied.slots):
        raise ParseError(f"{function.name} has no operand by that number")
    is_scalar = function.kind == "scalar function"
    return make(MAP, nodes, (function.name, function.rows, applied.slots, None, is_scalar))


def undefined_in(roots: Iterable[Node]) -> list[Undefined]:
    """The undefined functions in these expressions, as ``read_expression`` wants to know them."""
    found: dict[str, Undefined] = {}
    for node in postorder(roots):
        if node.op is FUNCTION:
            found[node.params[0]] = Undefined(node.params[0], "function")
        elif node.op is MAP:
            name, rows, _, _, is_scalar = node.params
            found[name] = Undefined(name, "scalar function" if is_scalar else "map", rows)
    return list(found.values())


def shape_of_applied(applied: Applied, found: Sequence[Shape]) -> Shape | None:
    """The shape of the value for operands of these shapes, None if there is none."""
    try:
        stand_ins = [symbol(f"A{k}", shape) for k, shape in enumerate(found)]
        return apply_undefined(applied, stand_ins).shape
    except MatcalcError:
        return None
