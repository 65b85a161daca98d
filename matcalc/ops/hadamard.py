"""The entrywise product and the quotients written with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, make
from matcalc.ops.base import (
    PROD,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    function,
    operand,
    register,
    same_shapes,
)
from matcalc.ops.product import PRODUCT, is_reciprocal, mul, upside_down
from matcalc.ops.symbols import ONES, ZEROS, zero_of
from matcalc.shapes import Shape


class Hadamard(Op):
    r"""Entrywise (Hadamard) product $A \odot B$."""

    name = "hadamard"
    law = r"d(A \odot B) = dA \odot B + A \odot dB"
    commutes = True
    samples = ("n m, n m", "n m, n m, n m", "n 1, n 1")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return same_shapes(A, "multiply entry by entry")

    def build(self, A: Operands, params: Params) -> Node:
        return had(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("times", *(x(k, i, j) for k in x.slots))  # type: ignore[attr-defined]

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return had(*A[:slot], G, *A[slot + 1 :])

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return BUILD["diag"](BUILD["vec"](had(*A[:slot], *A[slot + 1 :])))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.hadamard_product(node)

    def text(self, node: Node, w: Writer) -> Written:
        above, below = quotient(node)
        out = ".*".join(w(a, PROD + 1) for a in above) if above else "1"
        for b in below:
            out += f"./{w(b, PROD + 1)}"
        return out, PROD

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return " * ".join(a)


def quotient(node: Node) -> tuple[list[Node], list[Node]]:
    """Hadamard factors above and below the line."""
    above, below = [], []
    for a in node.operands:
        if is_reciprocal(a):
            below.append(upside_down(a))
        else:
            above.append(a)
    return above, below


def had(*values: Any) -> Node:
    """Hadamard product: flattened, scalars in front, ones dropped, zero kept with its shape."""
    factors: list[Node] = []
    scalars: list[Node] = []
    for value in values:
        node = operand(value)
        if not node.shape:
            scalars.append(node)
            continue
        if node.op is PRODUCT and not node.operands[0].shape:
            front = [a for a in node.operands if not a.shape]
            scalars.extend(front)
            node = mul(*node.operands[len(front) :])
        factors.extend(node.operands if node.op is HADAMARD else (node,))
    if not factors:
        return mul(*scalars)
    shape = same_shapes(factors, "multiply entry by entry")
    if any(f.op is ZEROS for f in factors):
        return zero_of(shape)
    kept = [f for f in factors if f.op is not ONES] or factors[:1]
    product = kept[0] if len(kept) == 1 else make(HADAMARD, tuple(kept))
    return mul(*scalars, product) if scalars else product


@function()
def hadamard(*factors: Any) -> Node:
    """Entrywise product of two or more; a scalar scales."""
    if len(factors) < 2:
        raise ShapeError("hadamard takes two or more factors")
    return had(*factors)


HADAMARD = register(Hadamard())
BUILD["had"] = had
