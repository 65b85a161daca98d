"""What the blocks share: names, parameters declared or given, activations, repeated rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matcalc.errors import DomainError, ShapeError, UnknownNameError
from matcalc.expr import BUILD, Node, number, read
from matcalc.network import Network
from matcalc.ops.algebra import mul, ones
from matcalc.ops.base import FUNCTIONS, named, rows_cols
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.shapes import Dim, dim, same_shape, show

Activation = str | Callable[[Any], Any] | None


def tag(base: str, *marks: Any) -> str:
    """A name with its marks: ``W1``, ``W_Q_1``, ``z_i_2``; they read as subscripts."""
    for mark in map(str, marks):
        if mark:
            base = base + mark if mark.isdigit() and "_" not in base else f"{base}_{mark}"
    return base


def marks(*parts: Any) -> str:
    """Several marks as one: the name of a block inside a block."""
    return "_".join(str(p) for p in parts if str(p))


def param(net: Network, given: Any, name: str, rows: Any, cols: Any) -> Node:
    """A parameter: declared under ``name``, or the given symbol if it has the shape."""
    shape = dim(rows), dim(cols)
    if given is None:
        declared: Node = net.param(name, *shape)
        return declared
    node = net.adopt(read(given))
    if not same_shape(rows_cols(node), shape):
        raise ShapeError(f"{named(node)} is given for {name}, which is {show(shape)}")
    return node


def scalar(net: Network, given: Any, name: str) -> Node:
    """A number as given, or the scalar input ``name``, declared once in a network."""
    if isinstance(given, (int, float)) and given < 0:
        raise DomainError(f"{name} is not negative, but {given} is given")
    if given is not None:
        return read(given)
    found: Node = net[name] if name in net else net.input(name)
    return found


def sizes(net: Network, X: Any) -> tuple[Node, Dim, Dim]:
    """An input as a node of the network, with its rows and columns."""
    node = net.adopt(read(X))
    if not node.shape:
        raise ShapeError(f"a block takes a matrix, and {named(node)} is a number")
    return node, *rows_cols(node)


def activated(activation: Activation, Z: Node) -> Node:
    """An entrywise function, or softmax along the rows, by name; or any function of a node."""
    if callable(activation):
        return read(activation(Z))
    if activation == "softmax":
        return FUNCTIONS["softmax"](Z, 1)
    if activation not in ENTRYWISE:
        raise UnknownNameError(f"there is no activation {activation!r}; name an entrywise function")
    return FUNCTIONS[str(activation)](Z)


def has_activation(activation: Activation) -> bool:
    return activation is not None


def under(row: Node, n: Dim) -> Node:
    """A row n times under one another."""
    return mul(ones(n, 1), row)


def beside(column: Node, m: Dim) -> Node:
    """A column m times side by side."""
    return mul(column, ones(1, m))


def root(d: Any) -> Node:
    """The square root of a node, or of a dimension as a number."""
    return ENTRYWISE["sqrt"].build((read(d),), ())


def one_minus(A: Node) -> Node:
    """``1 - A`` in every entry."""
    node: Node = BUILD["minus"](number(1), A)
    return node
