"""The named laws of the first clean-up: each a function ``node -> node | None``.

A docstring gives the equation and why the right side is shorter. A law sees operands that are
simplified already; it returns None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from matcalc import shapes
from matcalc.expr import Node, as_number, is_number, number, read
from matcalc.ops.algebra import (
    EYE,
    HADAMARD,
    ONES,
    PRODUCT,
    SUM_OP,
    TRANSPOSE,
    add,
    eye,
    had,
    mul,
    ones,
    t,
)
from matcalc.ops.base import OPS
from matcalc.ops.entrywise import ENTRYWISE, POWER, power
from matcalc.rewrite.cost import cost

Law = Callable[[Node], Node | None]

LAWS: dict[str, list[Law]] = {}


def law(*names: str) -> Callable[[Law], Law]:
    """Enter a law under the operations at whose root it may apply."""

    def enter(fn: Law) -> Law:
        for name in names:
            LAWS.setdefault(name, []).append(fn)
        return fn

    return enter


def _op(name: str) -> object:
    return OPS[name]


def _split(node: Node) -> tuple[list[Node], list[Node]]:
    return [a for a in node.operands if not a.shape], [a for a in node.operands if a.shape]


def _shorter(node: Node, other: Node) -> Node | None:
    return other if cost(other) < cost(node) else None


# -- scalars ---------------------------------------------------------------------------------------


@law("times")
def collect_powers(node: Node) -> Node | None:
    r"""$c^a c^b = c^{a+b}$ for scalars. Shrinks: one factor for two."""
    scalars, matrices = _split(node)
    if len(scalars) < 2:
        return None
    exponents: dict[bytes, list] = {}
    for s in scalars:
        base, exponent = (s.operands if s.op is POWER else (s, number(1)))
        if is_number(base):
            base, exponent = s, number(1)
        slot = exponents.setdefault(base.content, [base, [], 0])
        slot[1].append(exponent)
    if all(len(v[1]) == 1 for v in exponents.values()):
        return None
    if any(len(v[1]) > 1 and not all(is_number(e) for e in v[1]) for v in exponents.values()):
        return None
    return mul(*(power(base, add(*es)) for base, es, _ in exponents.values()), *matrices)


# -- products -------------------------------------------------------------------------------------


@law("times")
def cancel_inverse(node: Node) -> Node | None:
    r"""$A A^{-1} = I$. Shrinks: two factors fewer."""
    scalars, ms = _split(node)
    for k, (a, b) in enumerate(zip(ms, ms[1:], strict=False)):
        if _undo(a, b):
            return mul(*scalars, *ms[:k], eye(a.shape[0]), *ms[k + 2 :])
    return None


def _undo(a: Node, b: Node) -> bool:
    for x, y in ((a, b), (b, a)):
        if x.op.name == "inv" and x.operands[0].content == y.content:
            return True
        if x.op is TRANSPOSE and y.op is TRANSPOSE:
            return _undo(y.operands[0], x.operands[0]) if x is a else False
        if x.op.name == "commutation" and y.op.name == "commutation":
            return x.params == tuple(reversed(y.params))
    return False


@law("times")
def ones_times_ones(node: Node) -> Node | None:
    r"""$\mathbf{1}_{n \times m}\mathbf{1}_{m \times k} = m\,\mathbf{1}_{n \times k}$. Shrinks: one factor fewer."""
    scalars, ms = _split(node)
    for k, (a, b) in enumerate(zip(ms, ms[1:], strict=False)):
        if a.op is ONES and b.op is ONES:
            inner = read(a.shape[1])
            return mul(inner, *scalars, *ms[:k], ones(a.shape[0], b.shape[1]), *ms[k + 2 :])
    return None


@law("times")
def ones_sum(node: Node) -> Node | None:
    r"""$A\mathbf{1}$ is the row sums, $\mathbf{1}^\top A$ the column sums: one word for a product."""
    scalars, ms = _split(node)
    if len(ms) < 2:
        return None
    if ms[0].op is ONES and ms[0].shape[0] == 1:
        return mul(*scalars, _sums(mul(*ms[1:]), 0))
    if ms[-1].op is ONES and ms[-1].shape[1] == 1:
        return mul(*scalars, _sums(mul(*ms[:-1]), 1))
    return None


def _sums(A: Node, axis: int) -> Node:
    from matcalc.ops.reduce import axis_sum

    return axis_sum(A, axis)


@law("rowsum", "colsum", "sum")
def sum_of_product(node: Node) -> Node | None:
    r"""$(AB)\mathbf{1} = A(B\mathbf{1})$, $\mathbf{1}^\top uv^\top\mathbf{1} = (\mathbf{1}^\top u)(v^\top\mathbf{1})$:
    the sum moves to the factor that ends in ones or in a vector, where it gets shorter."""
    A = node.operands[0]
    if A.op is not PRODUCT or node.op.name == "sum" and not any(1 in m.shape or m.op is ONES for m in A.operands):
        return None
    ms = list(A.operands)
    if node.op.name == "rowsum":
        other = mul(*ms[:-1], _sums(ms[-1], 1))
    elif node.op.name == "colsum":
        other = mul(_sums(ms[0], 0), *ms[1:])
    else:
        other = mul(_sums(ms[0], 0), *ms[1:-1], _sums(ms[-1], 1))
    return _shorter(node, other)


@law("rowsum", "colsum", "sum")
def sum_of_diag(node: Node) -> Node | None:
    r"""$\operatorname{diag}(v)\mathbf{1} = v$, and the sum of all entries is that of v. Shrinks: no matrix is built."""
    A = node.operands[0]
    if A.op.name == "diag":
        v = A.operands[0]
        return {"rowsum": v, "colsum": t(v)}.get(node.op.name) or OPS["sum"].build((v,), ())
    if A.op is EYE:
        n = A.shape[0]
        return {"rowsum": ones(n, 1), "colsum": ones(1, n)}.get(node.op.name) or read(n)
    return None


@law("rowsum", "colsum")
def softmax_sums_to_one(node: Node) -> Node | None:
    r"""$\operatorname{softmax}(Z)\,\mathbf{1} = \mathbf{1}$. Shrinks: a constant."""
    A = node.operands[0]
    axis = 1 if node.op.name == "rowsum" else 0
    return ones(*node.shape) if A.op.name == "softmax" and A.params[0] == axis else None


@law("sum", "rowsum", "colsum")
def sum_of_transpose(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top A^\top\mathbf{1} = \mathbf{1}^\top A\mathbf{1}$. Shrinks: one transpose fewer, or none more."""
    A = node.operands[0]
    if A.op is not TRANSPOSE:
        return None
    inside = A.operands[0]
    if node.op.name == "sum":
        return OPS["sum"].build((inside,), ())
    return t(_sums(inside, 1 - (1 if node.op.name == "rowsum" else 0)))


@law("times")
def diag_times(node: Node) -> Node | None:
    r"""$\operatorname{diag}(u)\,v = u \odot v$ and $\operatorname{diag}(u)\operatorname{diag}(v) = \operatorname{diag}(u \odot v)$.
    Shrinks: one matrix fewer."""
    scalars, ms = _split(node)
    for k, (a, b) in enumerate(zip(ms, ms[1:], strict=False)):
        if a.op.name == "diag" and b.op.name == "diag":
            both = OPS["diag"].build((had(a.operands[0], b.operands[0]),), ())
            return mul(*scalars, *ms[:k], both, *ms[k + 2 :])
        if a.op.name == "diag" and b.shape[1] == 1:
            return mul(*scalars, *ms[:k], had(a.operands[0], b), *ms[k + 2 :])
        if b.op.name == "diag" and a.shape[0] == 1:
            return mul(*scalars, *ms[:k], had(a, t(b.operands[0])), *ms[k + 2 :])
    return None


@law("times")
def diag_times_ones(node: Node) -> Node | None:
    r"""$\operatorname{diag}(u)\,\mathbf{1}_{n \times m} = u\,\mathbf{1}_m^\top$. Shrinks: no diagonal matrix."""
    scalars, ms = _split(node)
    for k, (a, b) in enumerate(zip(ms, ms[1:], strict=False)):
        if a.op.name == "diag" and b.op is ONES:
            both = mul(a.operands[0], ones(1, b.shape[1]))
        elif a.op is ONES and b.op.name == "diag":
            both = mul(ones(a.shape[0], 1), t(b.operands[0]))
        else:
            continue
        return mul(*scalars, *ms[:k], both, *ms[k + 2 :])
    return None


@law("times")
def distribute_where_shorter(node: Node) -> Node | None:
    r"""$A(I + B) = A + AB$ where a term of the bracket disappears. Shrinks by comparison."""
    _, ms = _split(node)
    for m in ms:
        if m.op is not SUM_OP or not any(_vanishes(term) for term in m.operands):
            continue
        at = node.operands.index(m)
        before, after = node.operands[:at], node.operands[at + 1 :]
        return _shorter(node, add(*(_settled(mul(*before, term, *after)) for term in m.operands)))
    return None


def _vanishes(term: Node) -> bool:
    _, ms = _split(term) if term.op is PRODUCT else ([], [term])
    return any(m.op is EYE or m.op is ONES for m in ms)


def _settled(node: Node) -> Node:
    """A small product after the laws at its own root."""
    from matcalc.rewrite.simplify import by_laws

    return by_laws(node)


@law("plus")
def common_factor(node: Node) -> Node | None:
    r"""$AB + AC = A(B + C)$. Shrinks: the factor is written once."""
    if len(node.operands) < 2 or len(node.operands) > 8:
        return None
    best: Node | None = None
    for take_left in (True, False):
        groups: dict[bytes, list[tuple[Node, Node]]] = {}
        for term in node.operands:
            edge = _edge(term, take_left)
            if edge is not None:
                groups.setdefault(edge[0].content, []).append(edge)
        for pairs in groups.values():
            if len(pairs) < 2:
                continue
            rest = [p[1] for p in pairs]
            if len({shapes.show(r.shape) for r in rest}) > 1 or not rest[0].shape:
                continue
            inside = add(*rest)
            edge_node = pairs[0][0]
            joined = mul(edge_node, inside) if take_left else mul(inside, edge_node)
            used = {id(p[1]) for p in pairs}
            others = [
                term
                for term in node.operands
                if (e := _edge(term, take_left)) is None or e[0].content != edge_node.content or not used
            ]
            candidate = add(joined, *others)
            if cost(candidate) < cost(best if best is not None else node):
                best = candidate
    return best


def _edge(term: Node, left: bool) -> tuple[Node, Node] | None:
    """A term as (outermost matrix factor, the rest with its scalars)."""
    if not term.shape:
        return None
    if term.op is not PRODUCT:
        return (term, eye(term.shape[1] if left else term.shape[0])) if shapes.same(*term.shape) else None
    scalars, ms = _split(term)
    if len(ms) < 2:
        return (ms[0], mul(*scalars, eye(ms[0].shape[1] if left else ms[0].shape[0]))) if shapes.same(*ms[0].shape) else None
    if left:
        return ms[0], mul(*scalars, *ms[1:])
    return ms[-1], mul(*scalars, *ms[:-1])


@law("plus")
def common_scalars(node: Node) -> Node | None:
    r"""$cA + cB = c(A + B)$ for scalar factors and numbers common to all terms. Shrinks: written once."""
    terms = [(term.operands if term.op is PRODUCT else (term,)) for term in node.operands]
    common: list[Node] = []
    for s in terms[0]:
        if not s.shape and not is_number(s) and all(any(x is s for x in other) for other in terms[1:]):
            common.append(s)
    numbers = [as_number(fs[0]) if is_number(fs[0]) else sp.Integer(1) for fs in terms]
    shared = numbers[0] if len(set(map(abs, numbers))) == 1 and abs(numbers[0]) != 1 else sp.Integer(1)
    if abs(shared) == 1 and not common:
        return None
    shared = abs(shared)
    rest = []
    for fs in terms:
        left = list(fs)
        for s in common:
            left.remove(s)
        part = mul(*left) if left else number(1)
        if not part.shape and node.shape:
            return None
        rest.append(mul(number(1 / shared), part))
    return _shorter(node, mul(number(shared), *common, add(*rest)))


@law("plus")
def read_well(node: Node) -> Node | None:
    r"""$-Y + P$ is written $P - Y$, and $A^\top + A$ as $A + A^\top$. As long, but read at once."""
    order = sorted(node.operands, key=_late)
    return add(*order) if any(a is not b for a, b in zip(order, node.operands, strict=True)) else None


def _late(term: Node) -> tuple[bool, bool]:
    first = term.operands[0] if term.op is PRODUCT else term
    return is_number(first) and bool(as_number(first) < 0), term.op is TRANSPOSE


# -- transposes ---------------------------------------------------------------------------------------


@law("transpose")
def push_transpose(node: Node) -> Node | None:
    r"""$(AB)^\top = B^\top A^\top$, and through sums and entrywise functions, where marks disappear."""
    A = node.operands[0]
    if A.op.name == "diag":
        return A
    if A.op.name == "commutation":
        return _commutation(A)
    return _shorter(node, _flipped(A, 3))


def _flipped(A: Node, depth: int) -> Node:
    """The transpose of A with the mark pushed at most so many levels down, where that is shorter."""
    whole = t(A)
    if depth == 0 or A.op is TRANSPOSE:
        return whole
    pushed: Node | None = None
    if A.op is PRODUCT:
        scalars, ms = _split(A)
        pushed = mul(*scalars, *(_flipped(m, depth - 1) for m in reversed(ms)))
    elif A.op is SUM_OP:
        pushed = add(*(_flipped(m, depth - 1) for m in A.operands))
    elif A.op is HADAMARD:
        pushed = had(*(_flipped(m, depth - 1) for m in A.operands))
    elif A.op.name in ENTRYWISE or A.op.name == "kron":
        pushed = A.op.build(tuple(_flipped(m, depth - 1) for m in A.operands), A.params)
    elif A.op.name == "diag":
        pushed = A
    return pushed if pushed is not None and cost(pushed) < cost(whole) else whole


def _commutation(K: Node) -> Node:
    from matcalc.expr import make

    return make(K.op, (), (K.params[1], K.params[0]))


@law("inv")
def inverse_of_transpose(node: Node) -> Node | None:
    r"""$(A^\top)^{-1} = (A^{-1})^\top$: one order for both, so that like terms meet."""
    A = node.operands[0]
    if A.op is TRANSPOSE:
        return t(OPS["inv"].build((A.operands[0],), ()))
    if A.op is PRODUCT:
        scalars, ms = _split(A)
        if scalars:
            return mul(*(power(s, -1) for s in scalars), OPS["inv"].build((mul(*ms),), ()))
    if A.op.name == "diag":
        return OPS["diag"].build((power(A.operands[0], -1),), ())
    return None


# -- traces -------------------------------------------------------------------------------------------


@law("tr")
def trace_of_rank_one(node: Node) -> Node | None:
    r"""$\operatorname{tr}(A\,u v^\top) = v^\top A u$. Shrinks: no trace."""
    A = node.operands[0]
    if A.op is not PRODUCT:
        return None
    ms = A.operands
    for k in range(1, len(ms)):
        if ms[k].shape[0] == 1:
            return mul(*ms[k:], *ms[:k])
    return None


@law("tr")
def trace_turned(node: Node) -> Node | None:
    r"""$\operatorname{tr}(ABC) = \operatorname{tr}(BCA) = \operatorname{tr}(C^\top B^\top A^\top)$: the turn with the
    fewest marks, then a cancellation where one shows."""
    A = node.operands[0]
    if A.op is SUM_OP:
        return None
    if A.op is not PRODUCT:
        return None
    ms = A.operands
    best: Node | None = None
    if len(ms) <= 6:
        for k in range(1, len(ms)):
            turned = _settled(mul(*ms[k:], *ms[:k]))
            candidate = OPS["tr"].build((turned,), ())
            if cost(candidate) < cost(best or node):
                best = candidate
        flipped = OPS["tr"].build((mul(*(_settled(t(m)) for m in reversed(ms))),), ())
        if cost(flipped) < cost(best or node):
            best = flipped
    return best


@law("logdet")
def logdet_of_inverse(node: Node) -> Node | None:
    r"""$\log\det A^{-1} = -\log\det A$, $\log\det A^\top = \log\det A$. Shrinks: one mark fewer."""
    A = node.operands[0]
    if A.op.name == "inv":
        return mul(number(-1), OPS["logdet"].build((A.operands[0],), ()))
    return OPS["logdet"].build((A.operands[0],), ()) if A.op is TRANSPOSE else None


@law("det", "norm2", "adj")
def of_transpose(node: Node) -> Node | None:
    r"""$\det A^\top = \det A$, $\|A^\top\| = \|A\|$, $\operatorname{adj}A^\top = (\operatorname{adj}A)^\top$. Shrinks: a mark goes or moves out."""
    A = node.operands[0]
    if A.op is not TRANSPOSE:
        return None
    inside = node.op.build((A.operands[0],), ())
    return t(inside) if node.op.name == "adj" else inside


# -- Kronecker and vec ----------------------------------------------------------------------------------


@law("times")
def kron_mixed(node: Node) -> Node | None:
    r"""$(A \otimes B)(C \otimes D) = AC \otimes BD$ and $(A \otimes B)\operatorname{vec}X = \operatorname{vec}(BXA^\top)$. Shrinks: one product of the big size fewer."""
    scalars, ms = _split(node)
    for k, (a, b) in enumerate(zip(ms, ms[1:], strict=False)):
        if a.op.name != "kron":
            if a.op.name == "commutation" and b.op.name == "vec" and shapes.same_shape(b.operands[0].shape, a.params):
                return mul(*scalars, *ms[:k], OPS["vec"].build((t(b.operands[0]),), ()), *ms[k + 2 :])
            continue
        A, B = a.operands
        if b.op.name == "kron":
            C, D = b.operands
            if shapes.same(A.shape[1], C.shape[0]) and shapes.same(B.shape[1], D.shape[0]):
                joined = OPS["kron"].build((_settled(mul(A, C)), _settled(mul(B, D))), ())
                return mul(*scalars, *ms[:k], joined, *ms[k + 2 :])
        if b.op.name == "vec":
            X = b.operands[0]
            if shapes.same(X.shape[1], A.shape[1]) and shapes.same(X.shape[0], B.shape[1]):
                inside = _settled(mul(B, X, _settled(t(A))))
                return mul(*scalars, *ms[:k], OPS["vec"].build((inside,), ()), *ms[k + 2 :])
    return None


@law("vec")
def vec_of_outer(node: Node) -> Node | None:
    r"""$\operatorname{vec}(u v^\top) = v \otimes u$ is left alone: the left side is what books print."""
    return None


@law("slice")
def slice_of_stack(node: Node) -> Node | None:
    r"""A slice that is a block of a stack is that block. Shrinks: the other blocks go."""
    A, (top, left, rows, cols) = node.operands[0], node.params
    if A.op.name not in ("hstack", "vstack"):
        return None
    axis = 1 if A.op.name == "hstack" else 0
    start, count = ((left, cols) if axis else (top, rows))
    full = shapes.same_shape((rows, cols)[1 - axis : 2 - axis] * 2, (A.shape[1 - axis],) * 2)
    if not full:
        return None
    at: sp.Expr = sp.Integer(0)
    for blockpart in A.operands:
        size = blockpart.shape[axis] if blockpart.shape else sp.Integer(1)
        if shapes.same(at, start) and shapes.same(size, count):
            return blockpart if blockpart.shape else None
        at = at + size
    return None


@law("rowsum", "colsum")
def sum_of_sum(node: Node) -> Node | None:
    r"""$(A + v\mathbf{1}^\top)\mathbf{1} = A\mathbf{1} + m\,v$ where a term gets shorter."""
    A = node.operands[0]
    if A.op is not SUM_OP:
        return None
    return _shorter(node, add(*(_settled(_sums(term, 1 if node.op.name == "rowsum" else 0)) for term in A.operands)))
