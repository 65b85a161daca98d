"""Laws of labels: entries of a one-hot matrix are zero or one.

Beside labels everything is what it is at the label: a score that a sum picks is the score itself.
That the rows of labels, or the entries of a column, sum to one follows from the fact and belongs to
the laws that rest on sums.
"""

from __future__ import annotations

from collections.abc import Iterator

from matcalc.expr import Node, is_number, number, rebuilt
from matcalc.ops.algebra import (
    HADAMARD,
    ONES,
    PRODUCT,
    SUM_OP,
    add,
    coefficient,
    had,
    mul,
    ones,
    t,
)
from matcalc.ops.base import OPS
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.rewrite.law import equal, has, law, settled, shorter, split, without
from matcalc.rewrite.likeness import likeness

DEPTH = 4  # of sums, products and functions in a factor that is looked at


@law("pow", fact="one_hot")
def power_of_labels(node: Node) -> Node | None:
    r"""$Y^{\circ k} = Y$ for one-hot Y and a number $k > 0$. Shrinks: the exponent goes."""
    return node.operands[0] if _is_power(node) and has(node.operands[0], "one_hot") else None


@law("hadamard", fact="one_hot")
def labels_choose(node: Node) -> Node | None:
    r"""$Y \odot f(Y) = Y \odot f(1)$ for one-hot Y, since elsewhere Y is zero: $Y \odot Y = Y$,
    $Y \odot (1 - Y) = 0$, $Y \odot f((Y \odot A)\mathbf{1}\mathbf{1}^\top) = Y \odot f(A)$. Shrinks
    by comparison."""
    for k, Y in enumerate(node.operands):
        if not has(Y, "one_hot"):
            continue
        others = [*node.operands[:k], *node.operands[k + 1 :]]
        chosen = [_at_one(f, Y, DEPTH) for f in others]
        if all(map(equal, others, chosen)):
            continue
        found = shorter(node, settled(had(*chosen[:k], Y, *chosen[k:])))
        if found is not None:
            return found
    return None


@law("times", fact="one_hot")
def labels_choose_scaling(node: Node) -> Node | None:
    r"""$\operatorname{diag}(f((Y \odot A)\mathbf{1}))\,Y = Y \odot f(A)$ for one-hot Y. Shrinks by
    comparison."""
    scalars, ms = split(node)
    if len(ms) != 2 or ms[0].op.name != "diag":
        return None
    u, Y = ms[0].operands[0], _labels_in(ms[1])
    if Y is None or _is_column(Y):
        return None
    chosen = _spread_at_one(u, Y, DEPTH)
    if chosen is None:
        return None
    return shorter(node, settled(mul(*scalars, had(ms[1], chosen))))


@law("plus", fact="one_hot")
def labels_under_their_sum(node: Node) -> Node | None:
    r"""$\operatorname{diag}(S\mathbf{1})A - S = \operatorname{diag}(S\mathbf{1})(A - Y)$ where S has
    one-hot Y as a factor. Shrinks by comparison."""
    for S in node.operands:
        c, rest = coefficient(S)
        Y = _labels_in(rest)
        if Y is None or _is_column(Y):
            continue
        sums = settled(OPS["rowsum"].build((rest,), ()))
        for other in node.operands:
            scalars, ms = split(other)
            if len(ms) == 2 and ms[0].op.name == "diag" and equal(ms[0].operands[0], sums):
                inside = add(mul(*scalars, ms[1]), mul(number(c), Y))
                left = without(node.operands, S, other)
                return shorter(node, add(*left, mul(ms[0], inside)))
    return None


@law("hadamard", fact="one_hot")
def label_by_label(node: Node) -> Node | None:
    r"""$A \odot (T - s\mathbf{1}^\top) = \operatorname{diag}(s)(Y - A)$ where T has one-hot Y as a
    factor and $s = (A \odot T)\mathbf{1}$: what arrives at the scores by those of the labels alone.
    Shrinks by comparison."""
    for k, bracket in enumerate(node.operands):
        if bracket.op is not SUM_OP or len(bracket.operands) != 2:
            continue
        A = had(*node.operands[:k], *node.operands[k + 1 :])
        for spread, T in (bracket.operands, bracket.operands[::-1]):
            *scaling, last = split(T)[1]
            Y = _labels_in(last) if all(a.op.name == "diag" for a in scaling) else None
            s = _spread_alone(spread) if Y is not None else None
            if Y is None or s is None or _is_column(Y) == bool(s.shape):
                continue
            d, other = coefficient(s)
            for whole in _picked(A, T, Y):
                c, rest = coefficient(settled(whole))
                if c == -d and likeness(rest) == likeness(other):
                    front = OPS["diag"].build((s,), ()) if s.shape else s
                    return shorter(node, settled(mul(front, add(A, mul(number(-1), Y)))))
    return None


def _picked(A: Node, T: Node, Y: Node) -> Iterator[Node]:
    """What the labels in T pick of A, as it may be written."""
    scalars, ms = split(T)
    if not _is_column(Y) or len(ms) > 1:
        yield OPS["rowsum"].build((had(A, T),), ())
        return
    others = without(ms[-1].operands, Y) if ms[-1].op is HADAMARD else ()
    B = had(A, *others)
    yield mul(*scalars, t(Y), B)
    yield mul(*scalars, t(B), Y)


def _spread_alone(node: Node) -> Node | None:
    """The column, or the number, that a matrix repeats in every column, or entry."""
    scalars, ms = split(node)
    if not ms or ms[-1].op is not ONES:
        return None
    return mul(*scalars, *ms[:-1]) if ms[-1].shape[1] == 1 or len(ms) == 2 else None


def _spread(u: Node, Y: Node) -> Node:
    """A column in every column of a matrix like Y."""
    return mul(u, ones(1, Y.shape[1]))


def _is_column(Y: Node) -> bool:
    return Y.shape[1] == 1


def _labels_in(node: Node) -> Node | None:
    """Labels that are a factor of every entry."""
    factors = node.operands if node.op is HADAMARD else (node,)
    return next((f for f in factors if f.shape and has(f, "one_hot")), None)


def _is_power(node: Node) -> bool:
    return (
        node.op.name == "pow"
        and is_number(node.operands[1])
        and bool(node.operands[1].params[0].is_positive)
    )


def _at_one(f: Node, Y: Node, depth: int) -> Node:
    """What f is in the entries where Y is one."""
    if equal(f, Y) or (_is_power(f) and equal(f.operands[0], Y)):
        return ones(*f.shape)
    if not depth or not f.shape:
        return f
    if f.op in (SUM_OP, HADAMARD) or f.op.name in ENTRYWISE:
        return _combined(f, [_at_one(part, Y, depth - 1) for part in f.operands])
    scalars, matrices = split(f)
    if f.op is not PRODUCT:
        return f
    if len(matrices) == 1:
        return mul(*scalars, _at_one(matrices[0], Y, depth - 1))
    if len(matrices) == 2 and matrices[1].op is ONES and matrices[1].shape[0] == 1:
        chosen = _spread_at_one(matrices[0], Y, depth - 1)
        return f if chosen is None else mul(*scalars, chosen)
    return f


def _spread_at_one(u: Node, Y: Node, depth: int) -> Node | None:
    """What a column, spread over the columns of Y, is where Y is one, if a sum in it picks."""
    if u.op.name == "rowsum" and u.operands[0].op is HADAMARD:
        factors = u.operands[0].operands
        own = [f for f in factors if equal(f, Y)]
        return had(*without(factors, own[0])) if own else None
    if not depth:
        return None
    if u.op in (SUM_OP, HADAMARD):
        parts = [_spread_at_one(a, Y, depth - 1) for a in u.operands]
        if all(part is None for part in parts):
            return None
        return _combined(
            u, [_spread(a, Y) if p is None else p for p, a in zip(parts, u.operands, strict=True)]
        )
    if u.op.name in ENTRYWISE and not any(a.shape for a in u.operands[1:]):
        found = _spread_at_one(u.operands[0], Y, depth - 1)
        return None if found is None else u.op.build((found, *u.operands[1:]), u.params)
    scalars, matrices = split(u)
    if u.op is PRODUCT and len(matrices) == 1:
        found = _spread_at_one(matrices[0], Y, depth - 1)
        return None if found is None else mul(*scalars, found)
    return None


def _combined(f: Node, operands: list[Node]) -> Node:
    if f.op is SUM_OP:
        return add(*operands)
    return had(*operands) if f.op is HADAMARD else rebuilt(f, tuple(operands))
