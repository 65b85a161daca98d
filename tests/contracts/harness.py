"""What the contracts share: values, differences, and the disagreement they raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from matcalc.expr import Node, postorder
from matcalc.numeric.evaluate import evaluate_nodes
from matcalc.ops.algebra import add, is_zero, zero_of
from tests.contracts.functions import FUNCTIONS
from tests.instances import SIZES, array_shape

Values = Mapping[Node, Any]
TOLERANCE = 1e-6


class Disagreement(AssertionError):
    """Two ways to the same number gave two numbers."""


def value(node: Node, values: Values, sizes: Mapping[str, int] = SIZES) -> np.ndarray:
    """A node's value as a 2-D array."""
    return np.atleast_2d(evaluate_nodes([node], values, sizes, FUNCTIONS)[node])


def vec(A: np.ndarray) -> np.ndarray:
    """The columns stacked."""
    return A.reshape(-1, 1, order="F")


def assert_close(found: Any, expected: Any, what: Any, tolerance: float = TOLERANCE) -> None:
    """Equal up to rounding, relative to the largest entry; a nan is never equal."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        raise Disagreement(f"{what}: shape {found.shape}, expected {expected.shape}")
    scale = 1.0 + np.max(np.abs(expected), initial=0.0)
    if not np.max(np.abs(found - expected), initial=0.0) <= tolerance * scale:
        raise Disagreement(f"{what}: {found.tolist()}, expected {expected.tolist()}")


def difference(fn: Callable[[float], np.ndarray], h: float = 2e-3) -> np.ndarray:
    """The derivative of fn at 0, from differences extrapolated twice: the error falls like h^6."""

    def central(h: float) -> np.ndarray:
        return (fn(h) - fn(-h)) / (2 * h)

    rough, fine, finest = central(h), central(h / 2), central(h / 4)
    better, best = fine + (fine - rough) / 3, finest + (finest - fine) / 3
    return best + (best - better) / 15


def random_step(A: Node, rng: np.random.Generator) -> np.ndarray:
    """A random direction for an operand."""
    return rng.normal(size=array_shape(A.shape))


def change_by_differences(
    node: Node, leaf: Node, values: Values, direction: np.ndarray
) -> np.ndarray:
    """What the change of ``node`` tends to when ``leaf`` moves in a direction."""
    return difference(lambda h: value(node, {**values, leaf: values[leaf] + h * direction}))


def differential(root: Node, leaf: Node, step: Node) -> Node:
    """d root when ``leaf`` changes by ``step``: every operation's own change, summed."""
    image: dict[Node, Node] = {}
    for node in postorder(root):
        parts = [
            node.op.change(k, image[child], node, node.operands, node.params)
            for k, child in enumerate(node.operands)
            if not is_zero(image[child])
        ]
        image[node] = add(zero_of(node.shape), *parts)
        if node is leaf:
            image[node] = step
    return image[root]
