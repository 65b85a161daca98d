"""A network at random values: everything the engine derives, in numbers, to hold formulas
against."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import matcalc as mc
from matcalc import second
from matcalc.layout import Layout, jacobian_in

FOLDER = Path(__file__).parent.parent.parent / "derivations"


@cache
def script(name: str) -> dict[str, Any]:
    """The definitions of a file of derivations/."""
    return runpy.run_path(str(FOLDER / f"{name}.py"))


class Bench:
    """Values and derivatives of one network at one point; ``w.X`` is a value, ``w.d("X")`` a
    derivative."""

    def __init__(
        self, net: mc.Network, seed: int = 0, dims: dict[str, int] | None = None, **given: Any
    ) -> None:
        rng = np.random.default_rng(seed)
        wrt = [*net.inputs, *net.params]
        self.D = mc.derive(net, wrt)
        self.dims = dims or {}
        sizes = {mc.dims(name): count for name, count in self.dims.items()}
        values: dict[str, Any] = dict(given)
        for name in wrt:
            if name not in values:
                shape = [int(d.subs(sizes)) for d in {**net.inputs, **net.params}[name].shape]
                values[name] = (
                    rng.uniform(-1, 1, size=shape) if shape else float(rng.uniform(-1, 1))
                )
        self.given = values
        self.found = self.D.evaluate(values, dims=self.dims or None)

    def __getattr__(self, name: str) -> Any:
        if name in self.found.steps:
            return self.found.steps[name]
        value = self.given.get(name)
        if value is None:
            raise AttributeError(name)
        return value

    def d(self, name: str) -> Any:
        """The derivative of the output by a step, an input or a parameter, in its shape."""
        if name in self.found.gradients:
            return self.found.gradients[name]
        return self.found.adjoints[name]

    def J(self, step: str, by: str, layout: Layout = Layout.DENOMINATOR) -> Any:
        """The local Jacobian of a step, in numbers."""
        record = self.D.record
        node = record.problem.find(step)
        matrix = jacobian_in(
            layout, second.jacobian(record.definitions[node], record.problem.find(by))
        )
        known = {**self.given, **self.found.steps}
        return mc.evaluate(matrix, known, dims=self.dims or None)


Check = Callable[[], Any]
CLAIMS: dict[str, tuple[str, Check]] = {}


def says(ids: str, page: str, check: Check) -> None:
    """Enter a claim (or several that state the same) and the page it is worked on.

    ``check`` gives a truth value, or pairs of what the engine has and what the formula gives, or
    triples with the last printed place.
    """
    for name in ids.split():
        assert name not in CLAIMS, name
        CLAIMS[name] = (page, check)


def equal(ours: Any, theirs: Any) -> bool:
    """Equal to nine places, without broadcasting."""
    a, b = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if a.size == 1 and b.size == 1:
        a, b = a.reshape(()), b.reshape(())
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=1e-12))


def printed(ours: Any, theirs: Any, places: int) -> bool:
    """Whether a printed number is ours, rounded to its places."""
    a, b = np.asarray(ours, dtype=float).ravel(), np.asarray(theirs, dtype=float).ravel()
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= 0.5000001 * 10.0**-places))
