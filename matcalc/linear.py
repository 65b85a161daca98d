"""Linear change, turned round.

Every operation says how it changes when one operand changes: as a linear slot with its adjoint and
vec matrix, or as a differential made of such operations. Here a differential is transposed once, on
placeholders per (operation, parameters, slot, shapes), and the result is instantiated: a rule never
sees its real operands, so its cost does not depend on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from matcalc import shapes
from matcalc.errors import NoRuleError
from matcalc.expr import Node, leaves, number, postorder, substitute, symbol
from matcalc.ops.algebra import add, eye, mul
from matcalc.ops.base import Op, rows_cols
from matcalc.ops.binder import ISUM, at_index, fresh_index, isum
from matcalc.shapes import Shape

Clean = Callable[[Node], Node]


def dependent(root: Node, wanted: Callable[[Node], bool]) -> set[Node]:
    """The nodes below ``root`` in which a wanted leaf occurs."""
    found: set[Node] = set()
    for node in postorder(root):
        if wanted(node) or any(c in found for c in node.operands):
            found.add(node)
    return found


@lru_cache(maxsize=65536)
def _holders(op: Op, like: tuple[Node | Shape, ...], out: Shape, slot: int) -> tuple[Any, ...]:
    A = tuple(a if isinstance(a, Node) else symbol(f"?A{k}", a) for k, a in enumerate(like))
    return A, symbol("?F", out), symbol("?dA", A[slot].shape), symbol("?G", out)


def _like(op: Op, A: tuple[Node, ...]) -> tuple[Node | Shape, ...]:
    """What a rule may depend on: the shapes of the operands, and for some operations their
    constants."""
    return tuple(a if op.sees_constants and not leaves(a) else a.shape for a in A)


@lru_cache(maxsize=65536)
def _adjoint_template(op: Op, params: Any, slot: int, like: Any, out: Shape) -> Node:
    A, F, dA, G = _holders(op, like, out, slot)
    change = op.change(slot, dA, F, A, params)
    from matcalc.rewrite.simplify import tidy

    found = pull(tidy(change), G, wanted=lambda n: n is dA, only_linear=True)
    return tidy(found.get(dA) or zero_like(dA))


@lru_cache(maxsize=65536)
def _vec_template(op: Op, params: Any, slot: int, like: Any, out: Shape) -> Node:
    A, F, dA, _ = _holders(op, like, out, slot)
    change = op.change(slot, dA, F, A, params)
    from matcalc.rewrite.simplify import tidy

    return tidy(vec_matrix(tidy(change), dA, only_linear=True))


def zero_like(node: Node) -> Node:
    from matcalc.ops.algebra import zero_of

    return zero_of(node.shape)


def adjoint(
    node: Node, slot: int, G: Node, F: Node, A: tuple[Node, ...], only_linear: bool = False
) -> Node:
    """What arrives at one operand when G arrives at the node."""
    op = node.op
    if op.linear_in(slot):
        return op.adjoint(slot, G, A, node.params)
    if only_linear:
        raise NoRuleError(
            f"a differential may not pass through {op.name}, which is not linear in operand {slot + 1}"
        )
    like = _like(op, A)
    template = _adjoint_template(op, node.params, slot, like, node.shape)
    holders, F0, _, G0 = _holders(op, like, node.shape, slot)
    return substitute(template, {**dict(zip(holders, A, strict=True)), F0: F, G0: G})


def pull(
    root: Node,
    G: Node,
    *,
    wanted: Callable[[Node], bool],
    known: dict[Node, Node] | None = None,
    only_linear: bool = False,
    part: Callable[[Node, Node], Node] | None = None,
) -> dict[Node, Node]:
    """What arrives at every wanted leaf below ``root`` when G arrives at ``root``.

    ``known`` names nodes that have a name of their own, so that rules speak in those names. What
    arrives at a node and goes on along several ways is shown to ``part``, which may name it.
    """
    known = known or {}
    concerned = dependent(root, wanted)
    places = _written_order(root, concerned)
    arriving: dict[Node, list[tuple[int, Node]]] = {root: [(0, G)]}
    order = [n for n in postorder(root) if n in concerned]
    result: dict[Node, Node] = {}
    for node in reversed(order):
        parts = arriving.pop(node, None)
        if not parts:
            continue
        parts.sort(key=lambda item: item[0])  # as the author wrote the terms they come from
        total = add(*(p for _, p in parts)) if len(parts) > 1 else parts[0][1]
        if wanted(node):
            result[node] = total
            continue
        if node.op is ISUM:
            for leaf, term in _pull_sum(node, total, wanted, known, only_linear).items():
                arriving.setdefault(leaf, []).append((places[node], term))
            continue
        ways = [slot for slot, child in enumerate(node.operands) if child in concerned]
        if part is not None and len(ways) > 1 and node is not root:
            total = part(node, total)
        A = tuple(known.get(a, a) for a in node.operands)
        F = known.get(node, node)
        for slot in ways:
            came = adjoint(node, slot, total, F, A, only_linear)
            arriving.setdefault(node.operands[slot], []).append((places[node] + slot, came))
    return result


def _written_order(root: Node, concerned: set[Node]) -> dict[Node, int]:
    """Where each node stands in the expression as it is read, with room for its operands."""
    places: dict[Node, int] = {}
    todo, count = [root], 1
    while todo:
        node = todo.pop()
        if node in places:
            continue
        places[node] = count
        count += len(node.operands) + 1
        todo.extend(c for c in reversed(node.operands) if c in concerned)
    return places


def _pull_sum(
    node: Node, G: Node, wanted: Callable[[Node], bool], known: dict[Node, Node], only_linear: bool
) -> dict[Node, Node]:
    """Through the binder: each term's contribution, summed over the index."""
    variable, low, high = node.params
    body = node.operands[0]
    if variable in G.indices:  # what arrives may speak of an outer index of the same name
        apart = fresh_index("apart")
        body, variable = at_index(body, {variable: apart}), apart
    terms = pull(body, G, wanted=wanted, known=known, only_linear=only_linear)
    return {leaf: isum(part, variable, low, high) for leaf, part in terms.items()}


def vec_matrix(
    root: Node, leaf: Node, only_linear: bool = False, clean: Clean | None = None
) -> Node:
    """The matrix M with vec(d root) = M vec(d leaf)."""
    concerned = dependent(root, lambda n: n is leaf)
    if root not in concerned:
        from matcalc.ops.algebra import zeros

        return zeros(_count(root.shape), _count(leaf.shape))
    image: dict[Node, Node] = {}
    for node in postorder(root):
        if node not in concerned:
            continue
        if node is leaf:
            image[node] = eye(_count(leaf.shape))
            continue
        if node.op is ISUM:
            inner = vec_matrix(node.operands[0], leaf, only_linear, clean)
            image[node] = isum(inner, *node.params)
            continue
        parts = []
        for slot, child in enumerate(node.operands):
            if child in concerned:
                own = _slot_matrix(node, slot, only_linear)
                parts.append(_chain(own, image[child], node, child, leaf))
        total = add(*parts)
        image[node] = clean(total) if clean else total
    return image[root]


def _slot_matrix(node: Node, slot: int, only_linear: bool) -> Node:
    op, A = node.op, node.operands
    if op.linear_in(slot):
        return op.vec_matrix(slot, A, node.params)
    if only_linear:
        raise NoRuleError(
            f"a differential may not pass through {op.name}, which is not linear in operand {slot + 1}"
        )
    like = _like(op, A)
    template = _vec_template(op, node.params, slot, like, node.shape)
    holders, F0, _, _ = _holders(op, like, node.shape, slot)
    return substitute(template, {**dict(zip(holders, A, strict=True)), F0: node})


def _chain(own: Node, below: Node, node: Node, child: Node, leaf: Node) -> Node:
    """Product of two vec matrices; where an inner size is 1 they may have become scalars."""
    return mul(own, below)


def _count(shape: Shape) -> Any:
    return shapes.times(*shape) if shape else shapes.ONE


def differential(root: Node, of: Iterable[Node], known: dict[Node, Node] | None = None) -> Node:
    """d root, linear in the symbols d(leaf) given for each leaf of ``of``."""
    changes = dict(known or {})
    wanted = set(of)
    concerned = dependent(root, wanted.__contains__)
    for node in postorder(root):
        if node in changes or node not in concerned:
            continue
        if node.op is ISUM:
            inner = differential(node.operands[0], of, known)
            changes[node] = isum(inner, *node.params)
            continue
        parts = [
            node.op.change(slot, changes[child], node, node.operands, node.params)
            for slot, child in enumerate(node.operands)
            if child in concerned
        ]
        changes[node] = add(*parts)
    return changes.get(root) or zero_like(root)


_ = (number, rows_cols)
