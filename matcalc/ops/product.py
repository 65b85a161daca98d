"""The product of any number of scalars and matrices.

The constructor flattens, pulls scalars and the numeric coefficient in front, drops identities and
keeps a zero with its shape. It never does more: everything else is a named law.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, as_number, brief, is_number, make, number
from matcalc.ops.base import (
    NEG,
    PROD,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    named,
    operand,
    register,
)
from matcalc.ops.symbols import EYE, ZEROS, eye, is_rational, zero_of
from matcalc.ops.transpose import t
from matcalc.shapes import Shape


def flattens(node: Node) -> bool:
    """Whether a product's factors may join the product around it: not an inner product's."""
    return bool(node.shape) or not node.operands[-1].shape


class Product(Op):
    """Product $c\\,A B$ of any number of scalars and matrices."""

    name = "times"
    code_shown = "A @ B"
    law = r"d(AB) = (dA)\,B + A\,(dB)"
    samples = ("n m, m k", "n m, m k, k p", ", n m", ", , n m, m k", "1 n, n 1", ", ", "n 1, 1 m")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        matrices = [a for a in A if a.shape]
        if not matrices:
            return ()
        for left, right in pairwise(matrices):
            if not shapes.same(left.shape[1], right.shape[0]):
                raise ShapeError(_product_misfit(left, right))
        return matrices[0].shape[0], matrices[-1].shape[1]

    def build(self, A: Operands, params: Params) -> Node:
        return mul(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        slots = list(x.slots)  # type: ignore[attr-defined]
        scalars = [k for k in slots if x.is_scalar(k)]  # type: ignore[attr-defined]
        matrices = [k for k in slots if k not in scalars]
        if i is None:  # a row times a column is a number, which has no place
            i = j = sp.Integer(0)

        def chain(rest: list[int], left: Any) -> Any:
            if len(rest) == 1:
                return x(rest[0], left, j)
            inner = x.shape(rest[0])[1]
            return x.sum(
                inner, lambda k: x.function("times", x(rest[0], left, k), chain(rest[1:], k))
            )

        factors = [x(k) for k in scalars]
        if matrices:
            factors.append(chain(matrices, i))
        return x.function("times", *factors)

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        if not A[slot].shape:
            rest = mul(*A[:slot], *A[slot + 1 :]) if len(A) > 1 else number(1)
            return BUILD["inner"](G, rest)
        scalars, before, after = _around(slot, A)
        return mul(*scalars, *(t(b) for b in reversed(before)), G, *(t(a) for a in reversed(after)))

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        if not A[slot].shape:
            rest = mul(*A[:slot], *A[slot + 1 :]) if len(A) > 1 else number(1)
            return BUILD["vec"](rest)
        scalars, before, after = _around(slot, A)
        rows, cols = A[slot].shape
        left = mul(*before) if before else eye(rows)
        right = mul(*after) if after else eye(cols)
        return mul(*scalars, BUILD["kron"](t(right), left))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.product(node)

    def text(self, node: Node, w: Writer) -> Written:
        sign, above, below = fraction(node)
        out = "*".join(_factor(w, above, k) for k in range(len(above))) or "1"
        if scales_reciprocal(above):
            front = "*".join(w(a, PROD + 1) for a in above[:-1])
            out = front + w(above[-1]).removeprefix("1")  # c./A
        if below:
            bottom = "*".join(w(b, PROD + 1) for b in below)
            out += f"/{bottom}" if len(below) == 1 else f"/({bottom})"
        return ("-" + out, NEG) if sign else (out, PROD)

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        raise AssertionError("a product's code depends on which factors are scalars")


def _factor(w: Writer, above: list[Node], k: int) -> str:
    """A factor in brackets, unless it stands where reading from left to right gives the same."""
    a = above[k]
    alone = len(above) == 1 or (k == len(above) - 1 and a.op is PRODUCT and not a.shape)
    return w(a, PROD if alone else PROD + 1)


def scales_reciprocal(factors: list[Node]) -> bool:
    """Whether these are scalars and one matrix that stands below the line with nothing above it."""
    *front, last = factors or [number(1)]
    if not front or any(a.shape for a in front) or not last.shape:
        return False
    return is_reciprocal(last) or (
        last.op.name == "hadamard" and all(map(is_reciprocal, last.operands))
    )


def fraction(node: Node) -> tuple[bool, list[Node], list[Node]]:
    """A product as (negative?, factors above, factors below the line)."""
    operands = list(node.operands)
    sign, below = False, []
    above: list[Node] = []
    if is_rational(operands[0]):
        value, decimal = operands[0].params
        operands = operands[1:]
        sign = bool(value < 0)
        value = abs(value)
        top, bottom = (value, sp.Integer(1)) if decimal else (value.p, value.q)
        if top != 1:
            above.append(number(top, decimal))
        if bottom != 1:
            below.append(number(bottom))
    for a in operands:
        if not a.shape and is_reciprocal(a):
            below.append(upside_down(a))
        else:
            above.append(a)
    return sign, above, below


def _around(slot: int, A: tuple[Node, ...]) -> tuple[list[Node], list[Node], list[Node]]:
    scalars = [a for a in A if not a.shape]
    before = [a for a in A[:slot] if a.shape]
    after = [a for a in A[slot + 1 :] if a.shape]
    return scalars, before, after


def _product_misfit(a: Node, b: Node) -> str:
    said = (
        f"cannot multiply {named(a)} by {named(b)}: {shapes.show_dim(a.shape[1])} columns meet "
        f"{shapes.show_dim(b.shape[0])} rows"
    )
    (ar, ac), (br, bc) = a.shape, b.shape
    repairs = []
    if shapes.same(ar, br):
        repairs.append(brief(mul(t(a), b)))
    if shapes.same(ac, bc):
        repairs.append(brief(mul(a, t(b))))
    if shapes.same_shape(a.shape, b.shape):
        repairs.append(f"{brief(BUILD['had'](a, b))} (entry by entry)")
    if shapes.same(ar, bc):
        repairs.append(brief(mul(b, a)))
    return said + (f"; did you mean {' or '.join(repairs)}?" if repairs else "")


def without_first(node: Node) -> Node:
    """A product without its leading factor."""
    rest = node.operands[1:]
    return rest[0] if len(rest) == 1 else make(PRODUCT, rest)


def mul(*values: Any) -> Node:
    """Product: flattened, scalars in front, identities dropped, zero kept with its shape."""
    coeff, dec = sp.Integer(1), False
    scalars: list[Node] = []
    matrices: list[Node] = []
    todo = [operand(v) for v in reversed(values)]
    identity: Node | None = None
    while todo:
        a = todo.pop()
        if a.op is PRODUCT and flattens(a):
            todo.extend(reversed(a.operands))
        elif is_rational(a):
            coeff, dec = coeff * a.params[0], dec or a.params[1]
        elif a.op is PRODUCT and is_rational(a.operands[0]):  # number times an inner product
            todo.extend((without_first(a), a.operands[0]))
        elif not a.shape:
            scalars.append(a)
        elif a.op is EYE:
            identity = _fits_identity(identity, a, matrices)
        else:
            if (
                identity is not None
                and not matrices
                and not shapes.same(identity.shape[1], a.shape[0])
            ):
                raise ShapeError(_product_misfit(identity, a))
            matrices.append(a)
    if identity is not None and not matrices:
        matrices.append(identity)
    shape: Shape = PRODUCT.shape_of(tuple(matrices), ()) if matrices else ()
    one_by_one = bool(shape) and shape[0] is shapes.ONE and shape[1] is shapes.ONE
    if coeff == 0 or any(m.op is ZEROS for m in matrices):
        return zero_of(() if one_by_one else shape)
    if one_by_one and (scalars or coeff != 1):
        scalars.append(matrices[0] if len(matrices) == 1 else make(PRODUCT, tuple(matrices)))
        matrices = []
    if len(scalars) > 1:
        scalars.sort(key=is_reciprocal)  # stable: author order, denominators last
    factors = [*scalars, *matrices]
    if coeff != 1 or not factors:
        factors.insert(0, number(coeff, dec))
    return factors[0] if len(factors) == 1 else make(PRODUCT, tuple(factors))


def _fits_identity(seen: Node | None, eye_node: Node, matrices: list[Node]) -> Node:
    """An identity is dropped, but only where it conforms."""
    last = matrices[-1] if matrices else seen
    if last is not None and not shapes.same(last.shape[1], eye_node.shape[0]):
        raise ShapeError(_product_misfit(last, eye_node))
    return seen if seen is not None else eye_node


def is_reciprocal(a: Node) -> bool:
    """A power with a negative integer exponent, which is written below a line."""
    if a.op.name != "pow" or not is_number(a.operands[1]):
        return False
    k = as_number(a.operands[1])
    return bool(k.is_Integer and k < 0)


def upside_down(a: Node) -> Node:
    """What stands below the line for a reciprocal."""
    return BUILD["pow"](a.operands[0], number(-as_number(a.operands[1])))


PRODUCT = register(Product())
BUILD.update(times=mul, mul=mul)
