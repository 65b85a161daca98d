"""Inverse, powers, solve; trace, determinant, log-determinant, adjugate; the Euclidean norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, as_number, is_number, make, number
from matcalc.ops.algebra import EYE, TRANSPOSE, add, eye, inner, is_zero, mul, neg, t
from matcalc.ops.base import (
    ATOM,
    POW,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    function,
    named,
    operand,
    register,
    rows_cols,
    wants_square,
)
from matcalc.ops.entrywise import power
from matcalc.shapes import Shape


class Inverse(Op):
    r"""Inverse $A^{-1}$."""

    name = "inv"
    law = r"d(A^{-1}) = -A^{-1}\,(dA)\,A^{-1}"
    samples = ("n n inv",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "inv")
        return A[0].shape

    def build(self, A: Operands, params: Params) -> Node:
        return inv(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("inv", 0, i, j)

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return neg(mul(F, dA, F))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.inverse(node), POW

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.linalg.inv({a[0]})"

    def in_domain(self, values: Sequence[Any]) -> bool:
        return _well_conditioned(values[0])


def _well_conditioned(value: Any) -> bool:
    import numpy as np

    return bool(np.all(np.isfinite(value))) and bool(np.linalg.cond(value) < 1e4)


@function()
def inv(A: Any) -> Node:
    """Matrix inverse; the reciprocal of a scalar."""
    node = operand(A)
    if not node.shape:
        return power(node, -1)
    if node.op is EYE:
        return node
    if node.op is INVERSE:
        return node.operands[0]
    return make(INVERSE, (node,))


class MatrixPower(Op):
    r"""Power $A^k$ of a square matrix, $k$ an integer or an integer symbol."""

    name = "mpow"
    law = r"d(A^k) = \sum_{r=0}^{k-1} A^r\,(dA)\,A^{k-1-r}"
    samples = ("n n",)

    def sample_params(self, A: Operands) -> Sequence[Params]:
        return (sp.Integer(3),), (sp.Integer(4),), (sp.Integer(6),), (shapes.dims("k"),)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "a matrix power")
        return A[0].shape

    def build(self, A: Operands, params: Params) -> Node:
        return matrix_power(A[0], params[0])

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        free, level = super().binding(operands, params)
        return BUILD["merge_indices"](free, params[0]), level

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("mpow", 0, i, j, params[0])

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        k = params[0]
        if k.is_Integer and 0 < k <= 4:
            return add(*(mul(*[A[0]] * r, dA, *[A[0]] * (int(k) - 1 - r)) for r in range(int(k))))
        r = BUILD["fresh_index"]("r")
        term = mul(matrix_power(A[0], r), dA, matrix_power(A[0], k - 1 - r))
        return BUILD["isum"](term, r, sp.Integer(0), k - 1)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.superscript(w(node.operands[0], ATOM), sp.latex(node.params[0])), POW

    def text(self, node: Node, w: Writer) -> Written:
        exponent = node.params[0]
        shown = shapes.show_dim(exponent)
        # MatrixPower keeps no negative integer, so an atom needs no brackets.
        shown = shown if exponent.is_Atom else f"({shown})"
        return f"{w(node.operands[0], ATOM)}^{shown}", POW

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        k = params[0]
        if k.isdigit():
            return f"np.linalg.matrix_power({a[0]}, {k})"
        # The differential sums over 0, ..., k - 1: below 0 it does not hold, so there is no value.
        return f"np.linalg.matrix_power({a[0]}, ({k}) if ({k}) >= 0 else None)"


@function("mpow")
def matrix_power(A: Any, k: Any) -> Node:
    """``A^k`` of a square matrix: a product for k = 2, of the inverse for negative k.

    A symbol such as k stands for an integer from 1 on; where k - 3 comes out negative there is no
    value.
    """
    node = operand(A)
    if not node.shape:
        return power(node, k)
    exponent = integer_exponent(k)
    wants_square(node, "a matrix power")
    if exponent.is_Integer:
        if exponent < 0:
            return matrix_power(inv(node), -exponent)
        if exponent == 0:
            return eye(node.shape[0])
        if exponent == 1:
            return node
        if exponent == 2:
            return mul(node, node)
    elif exponent.is_nonpositive:
        return matrix_power(inv(node), sp.expand(-exponent))
    if node.op is EYE:
        return node
    if node.op is MATRIX_POWER and exponent.is_Integer:
        return matrix_power(node.operands[0], node.params[0] * exponent)
    return make(MATRIX_POWER, (node,), (exponent,))


def integer_exponent(k: Any) -> sp.Expr:
    """The exponent of a matrix: an integer, or an integer expression in symbols."""
    if isinstance(k, Node):
        k = BUILD["dimension_of"](k)  # type: ignore[assignment]
    value = sp.Integer(k) if isinstance(k, int) else k
    if not isinstance(value, sp.Expr) or (value.is_number and not value.is_Integer):
        raise ShapeError(
            f"a matrix has integer powers only, not {k}; entry by entry write .^ "
            "(in Python mc.power(A, k))"
        )
    return shapes.canonical(value)


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
    scalars, rest = BUILD["scalars_in_front"](node)  # type: ignore[misc]
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

        return bool(np.linalg.det(values[0]) > 1e-4) and _well_conditioned(values[0])


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


class Solve(Op):
    r"""The solution $X$ of $A X = B$, kept as a solve: $A^{-1}B$."""

    name = "solve"
    law = r"d(A^{-1}B) = A^{-1}\,(dB - (dA)\,A^{-1}B)"
    samples = ("n n inv, n m", "n n inv, n 1")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "solve")
        if not shapes.same(A[0].shape[1], A[1].shape[0]):
            raise ShapeError(
                f"solve(A, B) needs as many rows in B as in A: {named(A[0])} against {named(A[1])}"
            )
        return A[1].shape

    def build(self, A: Operands, params: Params) -> Node:
        return solve(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.sum(
            x.shape(0)[0],
            lambda k: x.function("times", x.function("inv", 0, i, k), x(1, k, j)),
        )

    def linear_in(self, slot: int) -> bool:
        return slot == 1

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return solve(A[0], dA) if slot == 1 else neg(solve(A[0], mul(dA, F)))

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return solve(t(A[0]), G)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return BUILD["kron"](eye(A[1].shape[1]), inv(A[0]))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.solved(node)

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.linalg.solve({a[0]}, {a[1]})"

    def in_domain(self, values: Sequence[Any]) -> bool:
        return _well_conditioned(values[0])


@function()
def solve(A: Any, B: Any) -> Node:
    """The X with A X = B; formula and code keep the solve."""
    left, right = operand(A), operand(B)
    if not left.shape:
        return mul(power(left, -1), right)
    wants_square(left, "solve")
    if not right.shape:
        raise ShapeError(
            f"solve({left}, {right}): the right side is a scalar; write inv(A) or a column"
        )
    if left.op is EYE or is_zero(right):
        SOLVE.shape_of((left, right), ())
        return right
    scalars, rest = BUILD["scalars_in_front"](right)  # type: ignore[misc]
    if scalars:
        return mul(*scalars, solve(left, rest))
    return make(SOLVE, (left, right))


class Norm2(Op):
    r"""Euclidean or Frobenius norm $\|A\|$."""

    name = "norm2"
    law = r"d\|A\| = \langle A, dA\rangle / \|A\|"
    samples = ("n m", "n 1", "1 n")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return ()

    def build(self, A: Operands, params: Params) -> Node:
        return norm2(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        rows, cols = x.shape(0)
        square = lambda i, j: x.function("times", x(0, i, j), x(0, i, j))  # noqa: E731
        return x.function("sqrt", x.sum(rows, lambda i: x.sum(cols, lambda j: square(i, j))))

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return mul(inner(A[0], dA), power(F, -1))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.norm(node), ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.sqrt(np.sum({a[0]} ** 2))"

    def margin(self, values: Sequence[Any]) -> float:
        import numpy as np

        return float(np.sqrt(np.sum(np.asarray(values[0]) ** 2)))


@function()
def norm2(A: Any) -> Node:
    """Euclidean norm of a vector, Frobenius norm of a matrix, absolute value of a scalar."""
    node = operand(A)
    return make(NORM2, (node,)) if node.shape else BUILD["abs"](node)


@function()
def norm1(A: Any) -> Node:
    """Sum of the absolute values of all entries."""
    return BUILD["sum"](BUILD["abs"](operand(A)))


@function()
def dot(A: Any, B: Any) -> Node:
    """Inner product: the sum of the products of corresponding entries."""
    left, right = operand(A), operand(B)
    if not shapes.same_shape(left.shape, right.shape):
        raise ShapeError(
            f"dot needs two operands of one shape: {named(left)} against {named(right)}"
        )
    return inner(left, right) if left.shape else mul(left, right)


@function()
def outer(a: Any, b: Any) -> Node:
    """Outer product ``a*b'`` of two columns."""
    left, right = operand(a), operand(b)
    for node in (left, right):
        if rows_cols(node)[1] != 1:
            raise ShapeError(f"outer takes two columns, but got {named(node)}")
    return mul(left, t(right))


INVERSE = register(Inverse())
MATRIX_POWER = register(MatrixPower())
TRACE = register(Trace())
DETERMINANT = register(Determinant())
LOGDET = register(LogDet())
ADJUGATE = register(Adjugate())
SOLVE = register(Solve())
NORM2 = register(Norm2())


def to_the(base: Any, exponent: Any) -> Node:
    """What ``**`` means: a scalar's power, or an integer power of a square matrix."""
    A, e = operand(base), operand(exponent)
    if not A.shape:
        if e.shape:
            raise ShapeError(f"an exponent is a scalar, but {named(e)}")
        return power(A, e)
    if e.shape:
        raise ShapeError(
            f"an exponent is a scalar, but {named(e)}; entry by entry write mc.power(A, B)"
        )
    if not shapes.same(*A.shape):
        raise ShapeError(
            f"{named(A)} is not square and has no powers; entry by entry write {A}.^{e} "
            f"(in Python mc.power({A}, {e}))"
        )
    if is_number(e) and not as_number(e).is_Integer:
        raise ShapeError(f"a matrix has integer powers only, not {e}; entry by entry write .^")
    return matrix_power(A, e)


BUILD.update(to_the=to_the, inv=inv, tr=tr, det=det, mpow=matrix_power, solve=solve)  # type: ignore[dict-item]
