"""Other presentations of the same expression: terms and free factors in another order, brackets
multiplied out, transposes pushed in, a term added and taken away again, inner products and traces
read backwards, scalings spread."""

from __future__ import annotations

import random

from matcalc.expr import Node, make, postorder, rebuilt, substitute
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE, add, had, mul, ones, t
from matcalc.rewrite.flip import flip


def shuffled(root: Node, rng: random.Random) -> Node:
    """``root`` written in another way."""
    for _ in range(3):
        root = _reordered(root, rng)
        change = rng.choice((_multiplied_out, _pushed, _turned, _added, _flipped, _spread, _same))
        root = change(root, rng)
    return root


def _added(root: Node, rng: random.Random) -> Node:
    """One product added, and taken away again multiplied out."""
    node = _pick(root, rng, lambda n: n.op is PRODUCT and any(c.op is SUM_OP for c in n.operands))
    if node is None:
        return root
    taken = mul(-1, _multiplied_out(node, rng))
    return add(root, node, taken) if root.shape == node.shape else root


def _flipped(root: Node, rng: random.Random) -> Node:
    """One inner product or trace read backwards."""
    node = _pick(root, rng, lambda n: not n.shape and n.op.name in ("times", "tr"))
    if node is None:
        return root
    if node.op.name == "tr":
        return substitute(root, {node: make(node.op, (flip(node.operands[0]),), node.params)})
    scalars = [c for c in node.operands if not c.shape]
    turned = [flip(c) for c in reversed(node.operands) if c.shape]
    return substitute(root, {node: mul(*scalars, *turned)})


def _spread(root: Node, rng: random.Random) -> Node:
    """One scaling of rows written as an entrywise product."""
    node = _pick(
        root,
        rng,
        lambda n: n.op is PRODUCT and len(n.operands) == 2 and n.operands[0].op.name == "diag",
    )
    if node is None:
        return root
    scale, A = node.operands
    return substitute(root, {node: had(mul(scale.operands[0], ones(1, A.shape[1])), A)})


def _same(root: Node, rng: random.Random) -> Node:
    return root


def _reordered(root: Node, rng: random.Random) -> Node:
    """Terms of sums, factors of Hadamard products and scalars in another order."""
    image: dict[Node, Node] = {}
    for node in postorder(root):
        below = [image[c] for c in node.operands]
        if node.op is SUM_OP:
            rng.shuffle(below)
            image[node] = add(*below)
        elif node.op is HADAMARD:
            rng.shuffle(below)
            image[node] = had(*below)
        elif node.op is PRODUCT:
            scalars, matrices = [b for b in below if not b.shape], [b for b in below if b.shape]
            rng.shuffle(scalars)
            image[node] = mul(*scalars, *matrices)
        else:
            image[node] = rebuilt(node, tuple(below))
    return image[root]


def _pick(root: Node, rng: random.Random, wanted: object) -> Node | None:
    found = [n for n in postorder(root) if wanted(n)]  # type: ignore[operator]
    return rng.choice(found) if found else None


def _multiplied_out(root: Node, rng: random.Random) -> Node:
    """One bracket distributed over its product."""
    node = _pick(
        root, rng, lambda n: n.op in (PRODUCT, HADAMARD) and any(c.op is SUM_OP for c in n.operands)
    )
    if node is None:
        return root
    make = mul if node.op is PRODUCT else had
    k = next(i for i, c in enumerate(node.operands) if c.op is SUM_OP)
    before, bracket, after = node.operands[:k], node.operands[k], node.operands[k + 1 :]
    return substitute(
        root, {node: add(*(make(*before, term, *after) for term in bracket.operands))}
    )


def _pushed(root: Node, rng: random.Random) -> Node:
    """One transpose pushed down to the atoms."""
    node = _pick(root, rng, lambda n: n.op is TRANSPOSE)
    return root if node is None else substitute(root, {node: flip(node.operands[0])})


def _turned(root: Node, rng: random.Random) -> Node:
    """One product or sum written as the transpose of its flip."""
    node = _pick(root, rng, lambda n: n.shape and n.op in (PRODUCT, SUM_OP))
    return root if node is None else substitute(root, {node: t(flip(node))})
