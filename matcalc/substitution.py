"""``subs`` and ``xreplace`` of nodes: symbols by expressions, dimensions by dimensions, shapes checked anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import NameClashError, ShapeError
from matcalc.expr import (
    BUILD,
    MatrixSym,
    Node,
    is_symbol,
    postorder,
    read,
    rebuilt,
    symbol,
    symbol_latex,
    symbol_name,
    symbol_owner,
)


def pairs_of(*args: Any) -> list[tuple[Any, Any]]:
    """What sympy's ``subs`` takes: ``(old, new)``, a mapping, or a list of pairs."""
    if len(args) == 2:
        return [(args[0], args[1])]
    [given] = args
    return list(given.items()) if isinstance(given, Mapping) else [tuple(pair) for pair in given]


def replaced(root: Node, pairs: Iterable[tuple[Any, Any]]) -> Node:
    """All replacements at once. A new matrix must have the old one's shape."""
    nodes: dict[Node, Node] = {}
    dims: dict[sp.Symbol, Any] = {}
    used = {
        s for node in postorder(root) for d in (*node.shape, *_sizes(node)) for s in d.free_symbols
    }
    for old, new in pairs:
        name = old.name if isinstance(old, sp.Symbol) else None
        if name is not None and shapes.dims(name) in used:
            dims[shapes.dims(name)] = shapes.dim(new)
        else:
            nodes[read(old)] = read(new)
    for old, new in nodes.items():
        if old.shape and not new.shape and not dims:
            raise ShapeError(
                f"cannot put the scalar {new} in the place of {old} ({shapes.show(old.shape)})"
            )
    image: dict[Node, Node] = {}
    for node in postorder(root, stop=nodes.__contains__):
        image[node] = nodes[node] if node in nodes else _image(node, image, dims)
    return image[root]


def _sizes(node: Node) -> list[Any]:
    return [p for p in node.params if isinstance(p, sp.Expr) and node.op.name != "number"]


def _image(node: Node, image: Mapping[Node, Node], dims: Mapping[Any, Any]) -> Node:
    operands = tuple(image[c] for c in node.operands)
    if not dims:
        return rebuilt(node, operands)
    if is_symbol(node):
        return _resized(node, dims)
    if node.op.name == "number":
        return node
    params = tuple(p.xreplace(dims) if isinstance(p, sp.Expr) else p for p in node.params)
    if operands == node.operands and params == node.params:
        return node
    return BUILD["anew"](node.op, operands, params)


def _resized(node: Node, dims: Mapping[Any, Any]) -> Node:
    if not node.shape:
        value = dims.get(shapes.dims(symbol_name(node)))
        return node if value is None else read(value)
    shape = tuple(shapes.dim(d.xreplace(dims)) for d in node.shape)
    if shape == node.shape:
        return node
    if symbol_owner(node) is not None:
        raise NameClashError(
            f"{node} is a named step of a fixed size: substitute in mc.expand(...) of it"
        )
    return symbol(symbol_name(node), shape, symbol_latex(node))


def _anew(op: Any, operands: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
    """A node with other parameters; constants of other sizes go through their builders."""
    if op.name in ("zeros", "ones", "eye", "commutation", "diagonal_pick"):
        from matcalc.ops.base import FUNCTIONS

        return FUNCTIONS[op.name](*params)
    return op.build(operands, params)


def symbol_func(node: MatrixSym) -> Any:
    """How sympy rebuilds a matrix symbol from its arguments."""

    def rebuild(name: Any, rows: Any, cols: Any) -> Node:
        shape = (shapes.dim(rows), shapes.dim(cols))
        if shape == node.shape and str(name) == symbol_name(node):
            return node
        return symbol(str(name), shape, symbol_latex(node))

    return rebuild


BUILD["anew"] = _anew
BUILD["replaced"] = lambda root, *args: replaced(root, pairs_of(*args))
BUILD["symbol_func"] = symbol_func
