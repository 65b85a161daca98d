"""Trace, determinant, log-determinant and adjugate of a square matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matcalc.expr import BUILD, Node, make, number
from matcalc.ops.algebra import EYE, TRANSPOSE, add, eye, is_zero, mul, neg, t
from matcalc.ops.base import (
    ATOM,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    function,
    operand,
    register,
    wants_square,
)
from matcalc.ops.inverses import inv, well_conditioned
from matcalc.shapes import Shape


class Trace(Op):
    r"""Trace $\operatorname{tr} A$."""

    name = "tr"
    law = r"d\operatorname{tr}A = \operatorname{tr}(dA)"
    samples = ("n n",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "tr")
        return ()

    def build(self, A: Operands, params: Params) -> Node:
        return tr(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.sum(x.shape(0)[0], lambda k: x(0, k, k))

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return mul(G, eye(A[0].shape[0]))

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return t(BUILD["vec"](eye(A[0].shape[0])))

    def latex(self, node: Node, w: Writer) -> Written:
        return rf"\operatorname{{tr}}\left({w(node.operands[0])}\right)", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.trace({a[0]})"


@function()
def tr(A: Any) -> Node:
    """Trace of a square matrix; numbers come out, a sum is split only by the laws."""
    node = operand(A)
    if not node.shape:
        return node
    wants_square(node, "tr")
    if node.op is EYE:
        return BUILD["read"](node.shape[0])
    if is_zero(node):
        return number(0)
    scalars, rest = BUILD["scalars_in_front"](node)
    if scalars:
        return mul(*scalars, tr(rest))
    return tr(node.operands[0]) if node.op is TRANSPOSE else make(TRACE, (node,))


class Determinant(Op):
    r"""Determinant $\det A$."""

    name = "det"
    law = r"d\det A = \operatorname{tr}(\operatorname{adj}(A)\,dA)"
    samples = ("n n",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "det")
        return ()

    def build(self, A: Operands, params: Params) -> Node:
        return det(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("det", 0)

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return tr(mul(adj(A[0]), dA))

    def latex(self, node: Node, w: Writer) -> Written:
        return rf"\det\left({w(node.operands[0])}\right)", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.linalg.det({a[0]})"


@function()
def det(A: Any) -> Node:
    """Determinant of a square matrix."""
    node = operand(A)
    wants_square(node, "det")
    if not node.shape or node.op is EYE:
        return node if not node.shape else number(1)
    return make(DETERMINANT, (node,))


class LogDet(Op):
    r"""Log-determinant $\log\det A$ of a matrix with positive determinant."""

    name = "logdet"
    law = r"d\log\det A = \operatorname{tr}(A^{-1}\,dA)"
    samples = ("n n spd",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "logdet")
        return ()

    def build(self, A: Operands, params: Params) -> Node:
        return logdet(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("log", x.function("det", 0))

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return tr(mul(inv(A[0]), dA))

    def latex(self, node: Node, w: Writer) -> Written:
        return rf"\log\det\left({w(node.operands[0])}\right)", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        # Never the determinant itself, which overflows; a negative sign makes a nan.
        return f"(lambda s, l: l + np.log(s))(*np.linalg.slogdet({a[0]}))"

    def in_domain(self, values: Sequence[Any]) -> bool:
        import numpy as np

        return bool(np.linalg.det(values[0]) > 1e-4) and well_conditioned(values[0])


@function()
def logdet(A: Any) -> Node:
    """Logarithm of the determinant, which must be positive."""
    node = operand(A)
    wants_square(node, "logdet")
    if not node.shape:
        return BUILD["log"](node)
    return number(0) if node.op is EYE else make(LOGDET, (node,))


class Adjugate(Op):
    r"""Adjugate $\operatorname{adj}A$, with $A\,\operatorname{adj}A = \det(A)\,I$."""

    name = "adj"
    law = (
        r"d\operatorname{adj}A = \operatorname{tr}(A^{-1}dA)\operatorname{adj}A"
        r" - A^{-1}\,(dA)\operatorname{adj}A"
    )
    samples = ("n n", "n n inv")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "adj")
        return A[0].shape

    def build(self, A: Operands, params: Params) -> Node:
        return adj(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("adj", 0, i, j)

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        A_inv = inv(A[0])
        return add(mul(tr(mul(A_inv, dA)), F), neg(mul(A_inv, dA, F)))

    def latex(self, node: Node, w: Writer) -> Written:
        return rf"\operatorname{{adj}}\left({w(node.operands[0])}\right)", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        # By the singular values: exact for singular matrices too, where det * inv is not.
        return (
            f"(lambda M: (lambda U, s, Vt: np.linalg.det(U) * np.linalg.det(Vt) * (Vt.T"
            f" * np.array([np.prod(np.delete(s, k)) for k in range(len(s))])) @ U.T)"
            f"(*np.linalg.svd(M)))({a[0]})"
        )

    analytic = False


@function()
def adj(A: Any) -> Node:
    """Adjugate: the transposed matrix of cofactors."""
    node = operand(A)
    wants_square(node, "adj")
    if not node.shape:
        return number(1)
    return node if node.op is EYE else make(ADJUGATE, (node,))


TRACE = register(Trace())
DETERMINANT = register(Determinant())
LOGDET = register(LogDet())
ADJUGATE = register(Adjugate())
BUILD.update(tr=tr, det=det)
