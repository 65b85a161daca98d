"""How an operation says on what it wants to be tested and shown.

A sample is one entry per operand: dimensions such as ``n m``, ``nk mp`` (products) or ``n+k 1``
(sums), nothing for a scalar, and a word for what the values must be: ``inv`` invertible, ``spd``
symmetric positive definite, ``01`` zeros and ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sympy as sp

from matcalc import shapes
from matcalc.expr import Node, symbol
from matcalc.ops.base import Op, Operands
from matcalc.shapes import Dim, Shape

CONDITIONS = ("inv", "spd", "01")

Naming = Callable[[str], Dim]


def read_dim(word: str, dim: Naming = shapes.dim) -> Dim:
    """``n``, ``nk`` = n k, ``n+k``, ``1`` as a dimension."""
    if "+" in word:
        return sp.Add(*(read_dim(w, dim) for w in word.split("+")))
    return sp.Integer(1) if word == "1" else sp.Mul(*(dim(letter) for letter in word))


def read_sample(sample: str, dim: Naming = shapes.dim) -> tuple[list[Shape], list[str]]:
    """The shapes and conditions of ``"n n inv, n m"``."""
    found: list[Shape] = []
    conditions: list[str] = []
    for part in sample.split(","):
        words = part.split()
        conditions.append(words.pop() if words and words[-1] in CONDITIONS else "")
        found.append(tuple(read_dim(w, dim) for w in words))
    return found, conditions


def lettered(op: Op) -> Operands:
    """Operands to show the operation on: A, B, ... for matrices, x, y for columns, a, b scalars."""
    if op.constant:
        return ()
    sample = next((s for s in op.samples if s.split()), op.samples[0])
    letters = {0: iter("abc"), 1: iter("xyz"), 2: iter("ABC")}
    return tuple(_letter(shape, letters) for shape in read_sample(sample)[0])


def _letter(shape: Shape, letters: dict[int, Iterator[str]]) -> Node:
    kind = 0 if not shape else 1 if shape[1] == 1 else 2
    return symbol(next(letters[kind]), shape)
