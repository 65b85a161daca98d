"""Laws of scalars: like terms up to a turn of a trace, logarithms, determinants and adjugates."""

from __future__ import annotations

from matcalc.expr import Node, number
from matcalc.ops.algebra import PRODUCT, TRANSPOSE, add, coefficient, mul, t
from matcalc.ops.base import OPS
from matcalc.ops.entrywise import POWER
from matcalc.rewrite.laws import law


def turned(node: Node) -> bytes:
    """The same bytes for a trace or an inner product however it is turned or flipped."""
    inside = node.operands[0] if node.op.name == "tr" else node
    if inside.op is not PRODUCT or not all(a.shape for a in inside.operands) or len(inside.operands) > 8:
        return node.content
    ms = list(inside.operands)
    flipped = [t(m) for m in reversed(ms)]
    turns = range(len(ms)) if node.op.name == "tr" else range(1)
    ways = [b"".join(m.content for m in (*side[k:], *side[:k])) for side in (ms, flipped) for k in turns]
    return min(ways)


@law("plus")
def like_scalars(node: Node) -> Node | None:
    r"""$\operatorname{tr}(AB) + \operatorname{tr}(BA) = 2\operatorname{tr}(AB)$, $u^\top v + v^\top u = 2u^\top v$.
    Shrinks: one term for two."""
    if node.shape:
        return None
    found: dict[tuple[bytes, ...], list[Node]] = {}
    for term in node.operands:
        _, rest = coefficient(term)
        factors = rest.operands if rest.op is PRODUCT and not rest.operands[-1].shape else (rest,)
        found.setdefault(tuple(sorted(turned(f) for f in factors)), []).append(term)
    if all(len(terms) == 1 for terms in found.values()):
        return None
    merged = []
    for terms in found.values():
        total = sum((coefficient(term)[0] for term in terms[1:]), coefficient(terms[0])[0])
        merged.append(mul(number(total), coefficient(terms[0])[1]))
    return add(*merged)


@law("log")
def log_of_det(node: Node) -> Node | None:
    r"""$\log(\det A) = \log\det A$: one word for two."""
    A = node.operands[0]
    return OPS["logdet"].build(A.operands, ()) if A.op.name == "det" else None


@law("times")
def adjugate_over_determinant(node: Node) -> Node | None:
    r"""$\operatorname{adj}(A)/\det A = A^{-1}$. Shrinks: one symbol for two."""
    for over in node.operands:
        if over.op is not POWER or over.operands[0].op.name != "det" or over.operands[1] is not number(-1):
            continue
        A = over.operands[0].operands[0]
        for k, a in enumerate(node.operands):
            inside = a.operands[0] if a.op is TRANSPOSE else a
            if inside.op.name == "adj" and inside.operands[0] is A:
                inverse = OPS["inv"].build((A,), ())
                rest = [x for j, x in enumerate(node.operands) if j != k and x is not over]
                at = sum(1 for x in node.operands[:k] if x is not over)
                return mul(*rest[:at], t(inverse) if a is not inside else inverse, *rest[at:])
    return None
