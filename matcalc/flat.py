"""Pickles of nodes: a flat list of operations, however deep the expression.

A pickle may be the first thing a process knows of matcalc. So this room opens every room that nodes
rely on (reading, printing, substitution, ``.diff``), and the package opens this one on first use.
"""

from __future__ import annotations

from typing import Any

import matcalc.api.verbs
import matcalc.door
import matcalc.numeric.printer
import matcalc.render.latex
import matcalc.substitution
import matcalc.unrolling  # noqa: F401 - all of these enter themselves in BUILD
from matcalc.expr import BUILD, Node, make, postorder, symbol


def flatten(root: Node) -> list[Any]:
    order = postorder(root)
    place = {node: k for k, node in enumerate(order)}
    return [(n.op.name, tuple(place[c] for c in n.operands), n.params) for n in order]


def unflatten(rows: list[Any]) -> Node:
    nodes: list[Node] = []
    for name, places, params in rows:
        if name == "symbol":
            nodes.append(symbol(params[0], params[1], params[2], params[3]))
        else:
            op = BUILD["op"](name)
            nodes.append(make(op, tuple(nodes[p] for p in places), params))
    return nodes[-1]


BUILD["flatten"] = flatten
BUILD["unflatten"] = unflatten
