"""What numbers show and the laws cannot: parts of a result that are zero, the identity or
symmetric.

Every part is computed at a few random points that respect the facts. What holds at all of them, and
is not plain from the expression, becomes a remark. A remark is said, never used: random points are
no proof. The points differ in what could make a part small or special by chance: no dimension is
one or two, no two points have the same sizes, and the numbers are of several kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np

from matcalc.errors import DomainError
from matcalc.expr import Node, is_number, is_symbol, postorder, symbol_name
from matcalc.network import definition, expanded
from matcalc.numeric.checking import facts_by_name
from matcalc.numeric.evaluate import Program
from matcalc.numeric.sampling import Sampler, fits, fitting_sizes
from matcalc.numeric.smooth import stand_ins
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE, is_zero, mul, sub, t
from matcalc.record import Record
from matcalc.rewrite.sharing import within
from matcalc.rewrite.simplify import flipped, simplify

POINTS = 4
KINDS = (0, 3, 1, 2)  # of numbers, point by point, as the sampler counts them: small ones too
ATTEMPTS = 20  # sizes at which the functions are defined
MOST_MISSED = 4  # points with everything moved
STEPS = 30  # of the search for a point, at sizes at which there may be none
MOST = 200  # parts that are looked at
LARGEST = 100  # nodes of a part that the laws are asked about with its names written out
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
    parts = list(islice(dict.fromkeys(p for root in roots for p in parts_of(root)), MOST))
    found: dict[Node, set[Kind]] = {p: {"zero", "identity", "symmetric"} for p in parts}
    try:
        for values in _points(parts, facts_by_name(given), seed):
            for p in parts:
                # What stands below a sum over an index has no single value.
                found[p] = {kind for kind in found[p] if p in values and _is(kind, p, values)}
    except DomainError:
        return ()
    special = {p for p in parts if found[p] & {"zero", "identity"}}
    kept = [
        Remark(p, kind)
        for p in parts
        for kind in _strongest(found[p])
        if not (is_symbol(p) or _follows(p, special) or _plain(p, kind, given))
    ]
    return tuple(kept)


def parts_of(root: Node) -> Iterator[Node]:
    """The matrix parts of an expression, with the runs of factors inside its products, and the
    names in it that stand for something."""
    for node in postorder(root):
        if node.indices:
            continue
        if is_symbol(node):
            if node.shape and definition(node) is not None:
                yield node
        elif node.op is PRODUCT:
            ms = [a for a in node.operands if a.shape]
            for i in range(len(ms)):
                for j in range(i + 2, len(ms) + 1):
                    run = mul(*ms[i:j])
                    if not is_number(run):
                        yield run
        elif node.operands and node.shape and node.op is not TRANSPOSE:
            yield node


def _strongest(kinds: set[Kind]) -> list[Kind]:
    """Zero says more than symmetric, and so does the identity."""
    for kind in ("zero", "identity", "symmetric"):
        if kind in kinds:
            return [kind]
    return []


def _is(kind: Kind, part: Node, values: Mapping[Node, Any]) -> bool:
    array = np.atleast_2d(np.asarray(values[part]))
    largest = float(np.max(np.abs(array)))
    if kind == "zero":
        return largest < TINY * _reach(part, values)
    if array.shape[0] != array.shape[1] or array.size == 1:
        return False
    other = np.eye(len(array)) if kind == "identity" else array.T
    return float(np.max(np.abs(array - other))) < TINY * largest


def _reach(part: Node, values: Mapping[Node, Any]) -> float:
    """How large a part would be if nothing cancelled in it: a value that is only small is no zero,
    and neither is one behind a kink."""
    behind = definition(part) if is_symbol(part) else part
    assert behind is not None
    if not all(a in values for a in behind.operands):
        return 0.0
    sizes = [float(np.max(np.abs(values[a]))) for a in behind.operands]
    if behind.op is SUM_OP:
        return max(sizes)
    if behind.op in (PRODUCT, HADAMARD):
        return float(np.prod(sizes))
    return max(sizes) if sizes and behind.op.linear_in(0) else 0.0


def _plain(part: Node, kind: Kind, facts: Sequence[Any]) -> bool:
    """Whether the laws see it too. That a product of names is zero is worth saying even where they
    see it in the definitions; that K is symmetric is not, if its definition shows it."""
    if kind == "symmetric":
        opened = expanded(part)
        return _turns_into_itself(opened if within(opened, LARGEST) else part, facts)
    short = simplify(part, facts=facts)
    return is_zero(short) if kind == "zero" else short.op.name == "eye"


def _turns_into_itself(part: Node, facts: Sequence[Any]) -> bool:
    if flipped(part, facts).content == part.content:
        return True
    return is_zero(simplify(sub(part, t(part)), facts=facts))


def _follows(part: Node, special: set[Node]) -> bool:
    """Special because a part of it is zero or the identity: only the smallest is worth a remark."""
    return any(p is not part and p in special for p in parts_of(part))


def _sizes(program: Program, rng: np.random.Generator, larger: Mapping[str, int]) -> dict[str, int]:
    """The sizes asked for if they fit; else random ones, of which none is small if that can be."""
    if larger and fits([program], larger, rng):
        return dict(larger)
    for _ in range(ATTEMPTS):
        sizes = fitting_sizes([program], rng, False)
        if min(sizes.values(), default=3) > 2:
            break
    return sizes


def _points(
    roots: Sequence[Node], facts: Mapping[str, set[str]], seed: int
) -> Iterator[Mapping[Node, Any]]:
    """Values of everything at a few points."""
    program = Program(roots)
    found = missed = 0
    larger: Mapping[str, int] = {}
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng(seed + attempt)
        sizes = _sizes(program, rng, larger)
        functions = stand_ins(program.order, rng)
        free = [s for s in program.inputs() if s.shape or symbol_name(s) not in sizes]
        try:
            # Of what is moved the sampler makes no mask: yes and no at every other point only. A
            # function may lie at a kink wherever it is moved; then it stays.
            moved = free if found % 2 and missed < MOST_MISSED else []
            sampler = Sampler(program, moved, rng, facts, free, steps=STEPS)
            point = sampler.point(sizes, functions, KINDS[found])
        except DomainError:
            if attempt + 1 == ATTEMPTS:
                raise
            missed += 1
            larger = {}
            continue
        yield program.run(point.values, sizes, functions)
        found += 1
        # The same sizes, each one larger: odd and even ones, and never twice the same.
        larger = {name: size + found for name, size in sizes.items()}
        if found == POINTS:
            return
