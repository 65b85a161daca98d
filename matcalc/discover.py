"""What numbers show and the laws cannot: parts of a result that are zero, the identity or
symmetric.

Every part is computed at a few random points that respect the facts. What holds at all of them, and
is not plain from the expression, becomes a remark. A remark is said, never used: random points are
no proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from matcalc.errors import DomainError
from matcalc.expr import Node, is_number, postorder, symbol_name
from matcalc.network import expanded
from matcalc.numeric.checking import facts_by_name
from matcalc.numeric.evaluate import Program
from matcalc.numeric.sampling import Sampler, fitting_sizes
from matcalc.numeric.smooth import stand_ins
from matcalc.ops.algebra import PRODUCT, TRANSPOSE, is_zero, mul
from matcalc.record import Record
from matcalc.rewrite.simplify import flipped, simplify

POINTS = 3
ATTEMPTS = 20  # sizes at which the functions are defined
MOST = 200  # parts that are looked at
TINY = 1e-9

Kind = Literal["zero", "identity", "symmetric"]


@dataclass(frozen=True)
class Remark:
    """A part and what it is at random points."""

    part: Node
    kind: Kind

    def __str__(self) -> str:
        said = {"zero": "= 0", "identity": "= I", "symmetric": "is symmetric"}[self.kind]
        return f"numerically {self.part} {said}"


def remarks(record: Record, seed: int = 0) -> tuple[Remark, ...]:
    """Remarks on the right-hand sides of a derivation."""
    values = [line.value for line in record.lines if line.kind != "forward"]
    return conjectures(values, record.problem.facts, seed=seed)


def conjectures(
    roots: Sequence[Node], facts: Iterable[Any] = (), seed: int = 0
) -> tuple[Remark, ...]:
    """What the parts of some expressions are at random points, beyond what the laws see."""
    given = tuple(facts)
    parts = list(dict.fromkeys(p for root in roots for p in parts_of(root)))[:MOST]
    inside = {p: expanded(p) for p in parts}
    found: dict[Node, set[Kind]] = {p: {"zero", "identity", "symmetric"} for p in parts}
    try:
        for values in _points(list(inside.values()), facts_by_name(given), seed):
            for p in parts:
                found[p] = {kind for kind in found[p] if _is(kind, values[inside[p]])}
    except DomainError:
        return ()
    kept = [
        Remark(p, kind)
        for p in parts
        for kind in _strongest(found[p])
        if not _plain(p, kind, given)
    ]
    return tuple(r for r in kept if not _follows(r, kept))


def parts_of(root: Node) -> Iterator[Node]:
    """The matrix parts of an expression, with the runs of factors inside its products."""
    for node in postorder(root):
        if node.indices or not node.operands:
            continue
        if node.op is PRODUCT:
            ms = [a for a in node.operands if a.shape]
            for i in range(len(ms)):
                for j in range(i + 2, len(ms) + 1):
                    run = mul(*ms[i:j])
                    if not is_number(run):
                        yield run
        elif node.shape and node.op is not TRANSPOSE:
            yield node


def _strongest(kinds: set[Kind]) -> list[Kind]:
    """Zero says more than symmetric, and so does the identity."""
    for kind in ("zero", "identity", "symmetric"):
        if kind in kinds:
            return [kind]
    return []


def _is(kind: Kind, value: Any) -> bool:
    array = np.atleast_2d(np.asarray(value))
    scale = TINY * max(1.0, float(np.max(np.abs(array))))
    if kind == "zero":
        return bool(np.max(np.abs(array)) < TINY)
    if array.shape[0] != array.shape[1] or array.size == 1:
        return False
    other = np.eye(len(array)) if kind == "identity" else array.T
    return bool(np.max(np.abs(array - other)) < scale)


def _plain(part: Node, kind: Kind, facts: Sequence[Any]) -> bool:
    """Whether the laws see it too."""
    if kind == "symmetric":
        return flipped(part, facts).content == part.content
    short = simplify(part, facts=facts)
    return is_zero(short) if kind == "zero" else short.op.name == "eye"


def _follows(remark: Remark, others: Sequence[Remark]) -> bool:
    """Zero because a part of it is zero: only the smallest part is worth a remark."""
    if remark.kind != "zero":
        return False
    return any(
        o is not remark
        and o.kind == "zero"
        and o.part is not remark.part
        and _within(o.part, remark.part)
        for o in others
    )


def _within(small: Node, large: Node) -> bool:
    return any(p is small for p in parts_of(large)) or small in postorder(large)


def _points(
    roots: Sequence[Node], facts: Mapping[str, set[str]], seed: int
) -> Iterator[Mapping[Node, Any]]:
    program = Program(roots)
    found = 0
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng(seed + attempt)
        sizes = fitting_sizes([program], rng, False)
        functions = stand_ins(program.order, rng)
        free = [s for s in program.inputs() if s.shape or symbol_name(s) not in sizes]
        try:
            point = Sampler(program, free, rng, facts).point(sizes, functions)
        except DomainError:
            if attempt + 1 == ATTEMPTS:
                raise
            continue
        yield program.run(point.values, sizes, functions)
        found += 1
        if found == POINTS:
            return
