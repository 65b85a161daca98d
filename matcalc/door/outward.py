"""Nodes out, as plain sympy: each operation in the classes that sympy has for it.

What sympy has no class for is refused by name. Numbers leave exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy.matrices import expressions as mx
from sympy.matrices.expressions import hadamard as mh
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.matrices.expressions.slice import MatrixSlice

from matcalc.errors import NoRuleError
from matcalc.expr import BUILD, Node, brief, dimensions, is_number, is_symbol, postorder, read
from matcalc.ops.binder import index, shown
from matcalc.ops.entrywise import ENTRYWISE


def to_sympy(root: Any) -> Any:
    """The expression in sympy's own classes, where sympy has them."""
    node = read(root)
    order = postorder(node)
    dims = {d.name: d for d in dimensions(order)}  # one symbol for a size and for its number
    image: dict[Node, Any] = {}
    for part in order:
        if is_symbol(part) and not part.shape:
            name = part.params[0]
            image[part] = dims.get(name, sp.Symbol(name, real=True))
        else:
            image[part] = _out(part, tuple(image[c] for c in part.operands))
    return image[node]


def _out(node: Node, a: tuple[Any, ...]) -> Any:
    name, p = node.op.name, node.params
    if is_symbol(node):
        return mx.MatrixSymbol(p[0], *node.shape)
    if is_number(node):
        return p[0]
    if name in ENTRYWISE:
        return _out_entrywise(node, a)
    maker = _OUT.get(name)
    if maker is None:
        raise NoRuleError(f"sympy has no class for {name}: {brief(node)}")
    return maker(node, a)


def _as_matrix(x: Any) -> Any:
    return x if getattr(x, "is_Matrix", False) else sp.ImmutableDenseMatrix([[x]])


def _out_entrywise(node: Node, a: tuple[Any, ...]) -> Any:
    row = ENTRYWISE[node.op.name].row
    names = sp.symbols("x u v", real=True)[: len(a)]
    if not node.shape:
        return row.value.xreplace(dict(zip(names, a, strict=True)))
    if node.op.name == "pow" and node.operands[0].shape:
        return mh.HadamardPower(a[0], a[1])
    matrices = [k for k, x in enumerate(node.operands) if x.shape]
    if len(matrices) > 1:
        raise NoRuleError(f"sympy has no entrywise function of two matrices: {brief(node)}")
    [k] = matrices
    dummy = sp.Dummy("x", real=True)
    body = row.value.xreplace({n: dummy if i == k else a[i] for i, n in enumerate(names)})
    return ElementwiseApplyFunction(sp.Lambda(dummy, body), a[k])


def _out_function(node: Node, a: Any) -> Any:
    name, order = node.params[:2]
    if order:
        raise NoRuleError(f"sympy has no class for {brief(node)}")
    g = sp.Function(name)
    if not node.shape:
        return g(a)
    dummy = sp.Dummy("x", real=True)
    return ElementwiseApplyFunction(sp.Lambda(dummy, g(dummy)), a)


def _out_sum(node: Node) -> Any:
    if node.shape:
        raise NoRuleError(f"sympy sums scalars only, not {brief(node)}")
    letter, body, low, high = shown(node, 0)
    # As a number and as a place the index is one symbol.
    term = to_sympy(body).xreplace({sp.Symbol(letter, real=True): index(letter)})
    return sp.Sum(term, (index(letter), low, high))


def _out_product(node: Node, a: tuple[Any, ...]) -> Any:
    if not any(x.shape for x in node.operands):
        return sp.Mul(*a)
    product = mx.MatMul(*a)
    return product if node.shape else mx.Trace(product)


_OUT: dict[str, Callable[[Node, tuple[Any, ...]], Any]] = {
    "plus": lambda n, a: mx.MatAdd(*a) if n.shape else sp.Add(*a),
    "times": _out_product,
    "hadamard": lambda n, a: mh.HadamardProduct(*a),
    "transpose": lambda n, a: mx.Transpose(a[0]),
    "zeros": lambda n, a: mx.ZeroMatrix(*n.shape),
    "ones": lambda n, a: mx.OneMatrix(*n.shape),
    "eye": lambda n, a: mx.Identity(n.shape[0]),
    "inv": lambda n, a: mx.Inverse(a[0]),
    "mpow": lambda n, a: mx.MatPow(a[0], n.params[0]),
    "tr": lambda n, a: mx.Trace(a[0]),
    "det": lambda n, a: mx.Determinant(a[0]),
    "logdet": lambda n, a: sp.log(mx.Determinant(a[0])),
    "solve": lambda n, a: mx.MatMul(mx.Inverse(a[0]), a[1]),
    "norm2": lambda n, a: sp.sqrt(mx.Trace(mx.MatMul(mx.Transpose(a[0]), a[0]))),
    "sum": lambda n, a: mx.Trace(mx.MatMul(mx.OneMatrix(*reversed(n.operands[0].shape)), a[0])),
    "rowsum": lambda n, a: mx.MatMul(a[0], mx.OneMatrix(n.operands[0].shape[1], 1)),
    "colsum": lambda n, a: mx.MatMul(mx.OneMatrix(1, n.operands[0].shape[0]), a[0]),
    "diag": lambda n, a: mx.DiagMatrix(a[0]),
    "diagonal": lambda n, a: mx.DiagonalOf(a[0]),
    "kron": lambda n, a: mx.KroneckerProduct(*a),
    "vstack": lambda n, a: mx.BlockMatrix([[_as_matrix(x)] for x in a]),
    "hstack": lambda n, a: mx.BlockMatrix([[_as_matrix(x) for x in a]]),
    "entry": lambda n, a: MatrixElement(a[0], *n.params),
    "item": lambda n, a: MatrixElement(a[0], 0, 0),
    "box": lambda n, a: sp.ImmutableDenseMatrix([[a[0]]]),
    "slice": lambda n, a: MatrixSlice(
        a[0],
        (n.params[0], n.params[0] + n.params[2], 1),
        (n.params[1], n.params[1] + n.params[3], 1),
    ),
    "function": lambda n, a: _out_function(n, a[0]),
    "isum": lambda n, a: _out_sum(n),
}


BUILD["to_sympy"] = to_sympy
