"""Small instances of every operation, and numbers for them.

An operation says on which operand shapes (``samples``) and with which parameters
(``sample_params``) it wants to be tested; matcalc/ops/samples.py reads what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from matcalc import read, shapes  # a public name brings everything that nodes need
from matcalc.expr import Node, make, substitute, symbol
from matcalc.ops import OPS, Op
from matcalc.ops.algebra import mul
from matcalc.ops.samples import Naming, read_sample
from matcalc.shapes import Dim, Shape

# Distinct sizes, so that a swapped dimension shows; i and j are indices, counted from 0.
SIZES = {"n": 3, "m": 2, "k": 4, "p": 5, "r": 2, "i": 1, "j": 0}
AWAY = 0.05  # values keep this distance from a kink


@dataclass(frozen=True)
class Instance:
    """One operation on symbols."""

    op: Op
    operands: tuple[Node, ...]
    params: tuple[Any, ...]
    conditions: tuple[str, ...]  # one per operand, empty for none

    @property
    def node(self) -> Node:
        """The operation on these operands, not folded by its constructor."""
        if self.op.constant:
            return self.op.build((), self.params)
        return make(self.op, self.operands, self.params)

    @property
    def leaves(self) -> list[Node]:
        """The symbols that carry values."""
        return [_leaf(a) for a in self.operands]

    def resized(self, swaps: Mapping[Dim, Dim]) -> Instance:
        """The same with dimensions replaced, in shapes and parameters alike."""
        operands = []
        for operand, leaf in zip(self.operands, self.leaves, strict=True):
            new = symbol(leaf.params[0], tuple(d.xreplace(swaps) for d in leaf.shape))
            operands.append(substitute(operand, {leaf: new}))
        params = tuple(p.xreplace(swaps) if isinstance(p, sp.Expr) else p for p in self.params)
        return Instance(self.op, tuple(operands), params, self.conditions)

    def step(self, slot: int) -> Node:
        """The symbol that names the change of a slot's leaf."""
        return symbol(f"dA{slot}", self.leaves[slot].shape)

    def moved(self, slot: int) -> Node:
        """The change of the operand itself; operands are linear in their leaves."""
        return substitute(self.operands[slot], {self.leaves[slot]: self.step(slot)})

    def change(self, slot: int) -> Node:
        """What the operation says its change is."""
        return self.op.change(slot, self.moved(slot), self.node, self.operands, self.params)

    def __str__(self) -> str:
        shown = ", ".join(shapes.show(a.shape) for a in self.operands)
        return f"{self.op.name}({shown}; {', '.join(map(str, self.params))})"


def _leaf(operand: Node) -> Node:
    """The symbol that changes: the operand, or the A of an indexed term i*A."""
    return operand.operands[-1] if operand.operands else operand


def instances_of(op: Op, dim: Naming = shapes.dim, prefix: str = "A") -> Iterator[Instance]:
    """Every sample of the operation with every parameter it names."""
    if op.constant:
        yield from (Instance(op, (), params, ()) for params in op.sample_params(()))
        return
    for sample in op.samples:
        found, conditions = read_sample(sample, dim)
        symbols = tuple(symbol(f"{prefix}{k}", shape) for k, shape in enumerate(found))
        for params in op.sample_params(symbols):
            operands = symbols
            if op.name == "isum":  # the term depends on the index
                operands = tuple(mul(read(params[0]), A) for A in symbols)
            yield Instance(op, operands, params, tuple(conditions))


@lru_cache(maxsize=1)
def all_instances() -> tuple[Instance, ...]:
    """Every instance of every operation."""
    return tuple(i for op in OPS.values() for i in instances_of(op))


# -- numbers -----------------------------------------------------------------------------------


def size(dim: Any, sizes: Mapping[str, int] = SIZES) -> int:
    """A dimension as a number."""
    value = sp.Integer(dim) if isinstance(dim, int) else dim
    return int(value.xreplace({s: sp.Integer(sizes[s.name]) for s in value.free_symbols}))


def array_shape(shape: Shape, sizes: Mapping[str, int] = SIZES) -> tuple[int, ...]:
    """A shape in numbers."""
    return tuple(size(d, sizes) for d in shape)


DRAWS: tuple[Callable[..., np.ndarray], ...] = (
    lambda rng, s: rng.normal(size=s),
    lambda rng, s: rng.uniform(0.2, 2.0, size=s),
    lambda rng, s: rng.uniform(-0.9, 0.9, size=s),
)


def draw(rng: np.random.Generator, shape: Shape, condition: str = "", how: int = 0) -> np.ndarray:
    """Random values that meet a condition."""
    dims = array_shape(shape)
    if condition == "01":
        mask = rng.integers(0, 2, size=dims).astype(float)
        if mask.ndim:
            mask[np.arange(dims[0]), rng.integers(0, dims[1], size=dims[0])] = 1.0
            mask[rng.integers(0, dims[0], size=dims[1]), np.arange(dims[1])] = 1.0
        return mask
    value = DRAWS[how](rng, dims)
    if condition == "inv":
        return value + (2 + dims[0]) * np.eye(dims[0])
    if condition == "spd":
        return value @ value.T + np.eye(dims[0])
    return value


def values_for(instance: Instance, rng: np.random.Generator) -> dict[Node, np.ndarray]:
    """Values in the domain of the operation and away from its kinks."""
    op = instance.op
    for trial in range(400):
        values = [
            draw(rng, a.shape, c, trial % len(DRAWS))
            for a, c in zip(instance.operands, instance.conditions, strict=True)
        ]
        if op.in_domain(values) and op.margin(values) > AWAY:
            return dict(zip(instance.leaves, values, strict=True))
    raise AssertionError(f"no values found for {instance}: see in_domain, margin and samples")


def changeable(instance: Instance) -> Sequence[int]:
    """The slots whose operand may change: a mask of zeros and ones is fixed."""
    return [k for k, c in enumerate(instance.conditions) if c != "01"]
