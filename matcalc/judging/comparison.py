"""Whether two expressions are equal: at random points of several sizes, all dimensions different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from matcalc.errors import DomainError, MatcalcError
from matcalc.expr import Node
from matcalc.numeric.evaluate import Program
from matcalc.numeric.sampling import Sampler, fitting_sizes
from matcalc.numeric.smooth import stand_ins

TOLERANCE = 1e-8


class Points:
    """Common points at which expressions are evaluated, once each."""

    def __init__(
        self,
        roots: Sequence[Node],
        facts: Mapping[str, set[str]] | None = None,
        sizes: int = 5,
        each: int = 3,
        seed: int = 0,
        at: Mapping[str, int] | None = None,
    ) -> None:
        """``at`` holds some dimensions fast."""
        self.found: list[tuple[Mapping[Node, Any], Mapping[str, int], Any]] = []
        program = Program(list(roots))
        for trial in range(sizes):
            rng = np.random.default_rng([seed, trial])
            dims = {**fitting_sizes([program], rng, ones=False), **(at or {})}
            for attempt in range(each):
                functions = stand_ins(program.order, rng)
                sampler = Sampler(program, program.inputs()[:1], rng, facts)
                try:
                    point = sampler.point(dims, functions, attempt)
                except DomainError:
                    continue
                self.found.append((point.values, dims, functions))
        if not self.found:
            raise DomainError("found no point at which both sides have a value")
        self.sizes = sizes

    def values(self, node: Node) -> list[Any]:
        """The value at every point; None where there is none."""
        program = Program([node])
        out: list[Any] = []
        for values, dims, functions in self.found:
            given = {n: values[n] for n in program.inputs() if n in values}
            try:
                out.append(np.asarray(program.run(given, dims, functions)[node], dtype=float))
            except (MatcalcError, ValueError, IndexError):
                out.append(None)
        return out

    @property
    def certainty(self) -> str:
        """What agreement at these points is worth, in words."""
        return f"agrees at {len(self.found)} points, {self.sizes} sizes"

    @property
    def tested(self) -> str:
        """Where a disagreement was found, in words."""
        return f"tested at {len(self.found)} points, {self.sizes} sizes"


def same_values(a: Sequence[Any], b: Sequence[Any]) -> bool:
    """Whether the values agree wherever both exist, and they exist somewhere."""
    met = False
    for x, y in zip(a, b, strict=True):
        if x is None or y is None:
            continue
        if np.size(x) != np.size(y) or not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
            return False
        scale = max(float(np.max(np.abs(x))), float(np.max(np.abs(y))), 1e-300)
        if float(np.max(np.abs(np.reshape(x, -1) - np.reshape(y, -1)))) > TOLERANCE * scale:
            return False
        met = True
    return met
