"""Kronecker products, vec, commutation matrices."""

from __future__ import annotations

from matcalc import shapes
from matcalc.expr import Node
from matcalc.ops.algebra import EYE, ONES, TRANSPOSE, eye, mul, ones, t
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import law, make_op, neighbours, replaced, settled, shorter, split


def kron_factors(node: Node) -> tuple[Node, Node] | None:
    """A and B of A kron B; those of its transpose are transposed."""
    turned = node.op is TRANSPOSE
    kron = node.operands[0] if turned else node
    if kron.op.name != "kron":
        return None
    A, B = kron.operands
    return (flip(A), flip(B)) if turned else (A, B)


@law("times")
def kron_mixed(node: Node) -> Node | None:
    r"""$(A \otimes B)(C \otimes D) = AC \otimes BD$. Shrinks: one product of the big size fewer."""
    for k, a, b in neighbours(node):
        left, right = kron_factors(a), kron_factors(b)
        if left is None or right is None:
            continue
        (A, B), (C, D) = left, right
        if shapes.same(A.shape[1], C.shape[0]) and shapes.same(B.shape[1], D.shape[0]):
            return replaced(node, k, 2, make_op("kron", settled(mul(A, C)), settled(mul(B, D))))
    return None


@law("times")
def kron_with_vector(node: Node) -> Node | None:
    r"""$(u \otimes A)B = u \otimes AB$ and $B(u^\top \otimes A) = u^\top \otimes BA$ for a column
    u, on either side. Shrinks: one product of the big size fewer."""
    for k, a, b in neighbours(node):
        if a.op.name == "kron" and b.op.name != "kron":
            A, B = a.operands
            if A.shape[1] == 1:
                return shorter(node, replaced(node, k, 2, make_op("kron", A, settled(mul(B, b)))))
            if B.shape[1] == 1:
                return shorter(node, replaced(node, k, 2, make_op("kron", settled(mul(A, b)), B)))
        if b.op.name == "kron" and a.op.name != "kron":
            A, B = b.operands
            if A.shape[0] == 1:
                return shorter(node, replaced(node, k, 2, make_op("kron", A, settled(mul(a, B)))))
            if B.shape[0] == 1:
                return shorter(node, replaced(node, k, 2, make_op("kron", settled(mul(a, A)), B)))
    return None


@law("times")
def kron_times_vec(node: Node) -> Node | None:
    r"""$(A \otimes B)\operatorname{vec}X = \operatorname{vec}(BXA^\top)$. Shrinks: no product of
    the big size."""
    for k, a, b in neighbours(node):
        found = kron_factors(a)
        if found is None or b.op.name != "vec":
            continue
        A, B = found
        X = b.operands[0]
        if shapes.same(X.shape[1], A.shape[1]) and shapes.same(X.shape[0], B.shape[1]):
            return replaced(node, k, 2, make_op("vec", settled(mul(B, X, flip(A)))))
    return None


@law("times")
def vec_times_kron(node: Node) -> Node | None:
    r"""$\operatorname{vec}(X)^\top(A \otimes B) = \operatorname{vec}(B^\top X A)^\top$. Shrinks: no
    product of the big size."""
    for k, a, b in neighbours(node):
        found = kron_factors(b)
        if found is None or a.op is not TRANSPOSE or a.operands[0].op.name != "vec":
            continue
        A, B = found
        X = a.operands[0].operands[0]
        if shapes.same(X.shape[1], A.shape[0]) and shapes.same(X.shape[0], B.shape[0]):
            return replaced(node, k, 2, t(make_op("vec", settled(mul(flip(B), X, A)))))
    return None


@law("times")
def inner_of_vecs(node: Node) -> Node | None:
    r"""$\operatorname{vec}(A)^\top\operatorname{vec}(B) = \operatorname{tr}(A^\top B)$. Shrinks:
    one word for two."""
    for k, a, b in neighbours(node):
        if a.op is TRANSPOSE and a.operands[0].op.name == "vec" and b.op.name == "vec":
            A, B = a.operands[0].operands[0], b.operands[0]
            if shapes.same_shape(A.shape, B.shape) and len(split(node)[1]) == 2 and k == 0:
                return mul(*split(node)[0], make_op("tr", settled(mul(flip(A), B))))
    return None


@law("times")
def commutation_times_vec(node: Node) -> Node | None:
    r"""$K\operatorname{vec}A = \operatorname{vec}(A^\top)$. Shrinks: the big matrix goes."""
    for k, a, b in neighbours(node):
        if (
            a.op.name == "commutation"
            and b.op.name == "vec"
            and shapes.same_shape(b.operands[0].shape, a.params)
        ):
            return replaced(node, k, 2, make_op("vec", flip(b.operands[0])))
    return None


@law("times")
def commutation_around_kron(node: Node) -> Node | None:
    r"""$K(A \otimes B)K = B \otimes A$. Shrinks: two big matrices go."""
    ms = split(node)[1]
    for k in range(len(ms) - 2):
        left, middle, right = ms[k : k + 3]
        if (
            left.op.name != "commutation"
            or right.op.name != "commutation"
            or middle.op.name != "kron"
        ):
            continue
        A, B = middle.operands
        # vec of a (rows of B) x (rows of A) matrix comes in, so K transposes that shape.
        if shapes.same_shape(left.params, (B.shape[0], A.shape[0])) and shapes.same_shape(
            right.params, (A.shape[1], B.shape[1])
        ):
            return replaced(node, k, 3, make_op("kron", B, A))
    return None


@law("kron_contract")
def contraction_of_kron(node: Node) -> Node | None:
    r"""$\langle C \otimes D, A \otimes \cdot\rangle = \operatorname{tr}(A^\top C)\,D$. Shrinks: no
    product of the big size."""
    G, B = node.operands
    scalars, ms = split(G)
    found = kron_factors(ms[0]) if len(ms) == 1 else None
    if found is None:
        return None
    C, D = found if node.params[0] == 1 else reversed(found)
    if not shapes.same_shape(C.shape, B.shape):
        return None
    inner = settled(make_op("tr", settled(mul(flip(B), C)))) if B.shape else mul(B, C)
    return mul(*scalars, inner, D)


@law("kron_contract")
def contraction_of_constant(node: Node) -> Node | None:
    r"""$\langle I, A \otimes \cdot\rangle = \operatorname{tr}(A)\,I$ for square A, and against ones
    $(\mathbf{1}^\top A\mathbf{1})\,\mathbf{1}$. Shrinks: no matrix of the big size."""
    G, B = node.operands
    _, rows, cols = node.params
    if G.op is EYE and shapes.same(rows, cols) and shapes.same(*B.shape):
        return mul(settled(make_op("tr", B)), eye(rows))
    return mul(settled(make_op("sum", B)), ones(rows, cols)) if G.op is ONES else None


@law("kron")
def kron_of_vectors(node: Node) -> Node | None:
    r"""$u \otimes v^\top = v^\top \otimes u = u v^\top$ for columns u, v. Shrinks: a product of
    vectors."""
    A, B = node.operands
    if A.shape[1] == 1 and B.shape[0] == 1:
        return mul(A, B)
    if A.shape[0] == 1 and B.shape[1] == 1:
        return mul(B, A)
    return None
