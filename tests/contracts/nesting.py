"""Every operation inside every operand of every other, and what is wrong with a piece of LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcalc import shapes
from matcalc.errors import MatcalcError
from matcalc.expr import Node
from matcalc.ops import OPS, Op
from matcalc.shapes import Dim, Shape
from tests.instances import Instance, instances_of


@dataclass(frozen=True)
class Nested:
    """``outer`` with ``inner`` in one of its slots."""

    outer: Op
    slot: int
    inner: Op
    node: Node


def fitted(outer: Shape, inner: Shape) -> dict[Dim, Dim] | None:
    """Dimensions to replace so that the inner shape is the outer one; None if there are none."""
    if len(outer) != len(inner):
        return None
    swaps: dict[Dim, Dim] = {}
    for a, b in zip(outer, inner, strict=True):
        a, b = (d.xreplace(swaps) for d in (a, b))
        if a == b:
            continue
        free, other = (a, b) if a.is_Symbol else (b, a)
        if not free.is_Symbol or other.has(free):
            return None
        swaps = {**{k: v.xreplace({free: other}) for k, v in swaps.items()}, free: other}
    return swaps


def inner_dim(letter: str) -> Dim:
    """Dimensions of the inner operation; indices are shared."""
    return shapes.dim(letter if letter in "ij" else letter * 2)


def placed(outer: Instance, slot: int, inner: Instance) -> Node | None:
    """The outer operation with the inner one in a slot; None where a constructor folds them."""
    try:
        part = inner.op.build(inner.operands, inner.params)
        if part.op is not inner.op:
            return None
        operands = (*outer.operands[:slot], part, *outer.operands[slot + 1 :])
        node = outer.op.build(operands, outer.params)
    except MatcalcError:  # parameters that belong to other shapes
        return None
    return node if node.op is outer.op and part in node.operands else None


def nestings(inner: Op) -> Iterator[Nested]:
    """The operation inside every slot of every other, as far as the shapes can fit."""
    for outer in OPS.values():
        bigs = [] if outer.constant else list(instances_of(outer))
        slots = {(s, bool(a.shape)) for big in bigs for s, a in enumerate(big.operands)}
        for slot, is_matrix in sorted(slots):
            fits = [
                b
                for b in bigs
                if slot < len(b.operands) and bool(b.operands[slot].shape) == is_matrix
            ]
            node = next(_fitting(fits, slot, inner), None)
            if node is not None:
                yield Nested(outer, slot, inner, node)


def _fitting(outers: Sequence[Instance], slot: int, inner: Op) -> Iterator[Node]:
    for small in instances_of(inner, inner_dim, "B"):
        for big in outers:
            swaps = fitted(big.operands[slot].shape, small.node.shape)
            if swaps is not None:
                node = placed(big.resized(swaps), slot, small.resized(swaps))
                if node is not None:
                    yield node


# -- LaTeX ---------------------------------------------------------------------------------------

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_&']|\S")
PAIRS = {"{": "}", r"\left": r"\right", r"\begin": r"\end"}


def latex_faults(source: str) -> list[str]:
    """Unbalanced braces or brackets, and two scripts of one kind on one base."""
    faults: list[str] = []
    opened: list[str] = []
    scripts: list[set[str]] = [set()]
    tokens = TOKEN.findall(source)
    place = 0
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token in ("^", "_"):
            if token in scripts[-1]:
                faults.append(f"double {token}")
            scripts[-1].add(token)
            if place < len(tokens) and tokens[place] == "{":
                place = _after_group(tokens, place, faults)
            else:
                place += 1
            continue
        if token == "'":
            if "^" in scripts[-1]:
                faults.append("a prime after a superscript")
            continue
        if token in PAIRS:
            opened.append(token)
            scripts.append(set())
        elif token in PAIRS.values():
            if not opened or PAIRS[opened.pop()] != token:
                faults.append(f"{token} closes nothing")
            elif len(scripts) > 1:
                scripts.pop()
            scripts[-1] = set()
        else:
            scripts[-1] = set()
    faults += [f"{left} is never closed" for left in opened]
    return faults


def _after_group(tokens: list[str], place: int, faults: list[str]) -> int:
    """The place after the group that opens at ``place``; its inside is looked through as well."""
    depth, start = 0, place
    while place < len(tokens):
        depth += {"{": 1, "}": -1}.get(tokens[place], 0)
        place += 1
        if depth == 0:
            faults += latex_faults(" ".join(tokens[start + 1 : place - 1]))
            return place
    faults.append("{ is never closed")
    return place
