"""Entrywise bodies: a function of one number, from sympy or from Python, applied to every entry.

The body is called once, on a real dummy, so that sympy's complex branches never show. What comes
back is a formula, perhaps with expressions of ours inside, and is lowered to entrywise operations.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.core.sympify import _sympify

from matcalc.errors import MatcalcError, NoRuleError, ShapeError
from matcalc.expr import BUILD, Node, brief, postorder, read, symbol
from matcalc.ops.algebra import add, had
from matcalc.ops.entrywise import ENTRYWISE, lower, spread


def scalar_of(x: Node) -> Node:
    """A 1 x 1 matrix as its scalar."""
    return BUILD["item"](x) if x.shape else x


def leaf_of(dummy: sp.Dummy) -> Node:
    """A dummy has no name to go by: its number tells it from others."""
    return symbol(f"_x{dummy.dummy_index}?", ())


def entrywise(body: Any, A: Any) -> Node:
    """``body`` (a sympy Lambda, a function of one symbol, or a table name) of every entry of A."""
    node = read(A)
    if node.shape == (1, 1):
        node = scalar_of(node)
    if isinstance(body, str):
        if body not in ENTRYWISE:
            known = ", ".join(ENTRYWISE)
            raise NoRuleError(f"there is no entrywise function {body!r}; there are {known}")
        return ENTRYWISE[body].build((node,), ())
    try:
        dummy, formula = _of_lambda(body) if isinstance(body, sp.Lambda) else _applied(body)
    except MatcalcError:
        raise
    except Exception as error:
        raise NoRuleError(f"the body {body} cannot be applied to a symbol: {error}") from error
    if isinstance(formula, str):
        raise NoRuleError(f"an entrywise body gives an expression, not the text {formula!r}")
    return lower(formula, _atoms(formula, dummy, node), node.shape)


def _applied(body: Any) -> tuple[sp.Dummy, Any]:
    """A body of a real dummy."""
    dummy = sp.Dummy("x", real=True)
    formula = body(dummy)
    return dummy, formula if isinstance(formula, (Node, str)) else _sympify(formula)


# A deep net has the same body in every layer, and sympy takes a millisecond to apply it.
_of_lambda = lru_cache(maxsize=64)(_applied)


def _atoms(formula: Any, dummy: sp.Dummy, A: Node) -> dict[Any, Node]:
    """What each part of the formula that is no arithmetic stands for."""
    atoms: dict[Any, Node] = {dummy: A}
    todo = [formula]
    while todo:
        part = todo.pop()
        if part in atoms:
            continue
        if isinstance(part, Node):
            atoms[part] = _at_entries(part, leaf_of(dummy), A)
        elif part.is_Symbol:
            atoms[part] = read(part)
        elif getattr(part, "is_Matrix", False) or isinstance(part, (sp.Trace, sp.Determinant)):
            atoms[part] = scalar_of(read(part))
            if atoms[part].shape:
                raise NoRuleError(f"an entrywise body depends on numbers only, not on {part}")
        else:
            todo.extend(part.args)
    return atoms


def _at_entries(root: Node, leaf: Node, A: Node) -> Node:
    """A scalar expression of ours with every entry of A in the place of ``leaf``."""
    if root.shape:
        raise ShapeError(f"an entrywise body gives a number for a number, not {brief(root)}")
    image: dict[Node, Node] = {leaf: A}
    for node in postorder(root):
        if node in image:
            continue
        operands = tuple(image[c] for c in node.operands)
        if operands == node.operands:
            image[node] = node
        elif node.op.name == "plus":
            image[node] = add(*(spread(a, A.shape) for a in operands))
        elif node.op.name == "times":
            image[node] = had(*operands)
        elif node.op.name in ENTRYWISE or node.op.name == "function":
            image[node] = node.op.build(operands, node.params)
        else:
            raise NoRuleError(f"an entrywise body cannot use {node.op.name}: {brief(node)}")
    return image[root]
