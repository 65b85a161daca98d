"""Generated code against the lambdify path, at random points of any derivation or expression."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import MatcalcError
from matcalc.expr import Node, symbol_name
from matcalc.numeric.checking import facts_by_name
from matcalc.numeric.evaluate import Program
from matcalc.numeric.sampling import Sampler, fitting_sizes
from matcalc.numeric.smooth import stand_ins

GALLERY = sorted((Path(__file__).parents[2] / "derivations").glob("*.py"))


def derivations_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[mc.Derivation]:
    """The derivations that a page of the gallery makes and that are programs."""
    derived: list[mc.Derivation] = []
    derive = mc.derive

    def remembered(*args: Any, **options: Any) -> mc.Derivation:
        derived.append(derive(*args, **options))
        return derived[-1]

    monkeypatch.setattr(mc, "derive", remembered)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.notes()
    return list(filter(has_a_program, derived))


def has_a_program(D: mc.Derivation) -> bool:
    """A net of as many layers as a symbol says has formulas, and a program only when unrolled."""
    try:
        return D.record is not None
    except MatcalcError:
        return False


def agrees(D: mc.Derivation, rng: np.random.Generator, backend: str = "numpy") -> bool:
    """To ten digits; where log(1 - P) cancels the code is the more exact of the two."""
    if derivation_apart(D, rng, backend) < 1e-10:
        return True
    found = sorted(derivation_apart(D, rng, backend) for _ in range(3))
    return found[1] < 1e-10 and found[2] < 1e-6


def case_of(
    roots: list[Node],
    varied: list[Node],
    rng: np.random.Generator,
    facts: Any = (),
    steps: Any = None,
) -> tuple[dict[str, Any], list[Any]]:
    """Arguments by name (values, functions, dimensions) and the values of the roots there."""
    program = Program(roots, steps=steps)
    dims = fitting_sizes([program], rng, False)
    functions = stand_ins(program.order, rng)
    point = Sampler(program, varied, rng, facts_by_name(facts)).point(dims, functions)
    done = program.run(point.values, dims, functions)
    values = {symbol_name(k): v for k, v in point.values.items()}
    return {**dims, **functions, **values}, [done[r] for r in roots]


def taken(function: Any, given: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """The arguments a function takes; an input that nothing depends on gets any value."""
    out = {k: v for k, v in given.items() if k in function.arguments}
    for a in function.plan.arguments:
        if a.name not in out:
            out[a.name] = rng.normal(size=[int(d.subs(given)) for d in a.shape])
    return out


def on_arrays_of(function: Any, backend: str) -> Any:
    """A stand-in for an undefined function, which is NumPy's, among arrays of another kind."""
    if backend == "numpy" or not callable(function):
        return function

    def call(x: Any, *rest: Any) -> Any:
        inside = [np.asarray(v) for v in x] if isinstance(x, list) else np.asarray(x)
        found = np.asarray(function(inside, *rest))
        if backend == "torch":
            import torch

            return torch.as_tensor(found)
        import jax.numpy as jnp

        return jnp.asarray(found)

    return call


def apart(got: Any, want: Any) -> float:
    """The largest difference, relative to the largest entry (or to one)."""
    got, want = np.asarray(got, dtype=float), np.asarray(want, dtype=float)
    if got.shape == (1, 1) and not want.shape:
        want = want.reshape(1, 1)
    assert got.shape == want.shape
    assert np.array_equal(np.isfinite(got), np.isfinite(want))
    good = np.isfinite(want)
    if not good.any():
        return 0.0
    return float(np.max(np.abs(got - want)[good]) / max(1.0, np.max(np.abs(want[good]))))


def derivation_apart(
    D: mc.Derivation, rng: np.random.Generator, backend: str = "numpy", **options: Any
) -> float:
    """How far the compiled function of a derivation is from ``mc.evaluate``."""
    problem = D.record.problem
    roots = [problem.output, *(D.record.arrivals[w].symbol for w in D.record.wrt)]
    steps = {s.symbol: s.definition for s in problem.steps}
    given, want = case_of(roots, list(D.record.wrt), rng, problem.facts, steps)
    function = D.function(backend, **options)
    values = taken(function, given, rng)
    value, gradients = function(**{k: on_arrays_of(v, backend) for k, v in values.items()})
    got = [value, *(gradients[symbol_name(w)] for w in D.record.wrt)]
    return max(map(apart, got, want))


def stays_single(
    D: mc.Derivation, rng: np.random.Generator, backend: str = "numpy", **options: Any
) -> bool:
    """Single precision in, single precision out, as far as seven digits carry."""
    problem = D.record.problem
    roots = [problem.output, *(D.record.arrivals[w].symbol for w in D.record.wrt)]
    steps = {s.symbol: s.definition for s in problem.steps}
    given, _ = case_of(roots, list(D.record.wrt), rng, problem.facts, steps)
    function = D.function(backend, **options)
    if function.plan.functions:  # what they return is of the kind they choose
        return True
    numbers = all(not a.shape for a in function.plan.arguments)
    values = {
        k: np.float32(v) if np.ndim(v) or (numbers and not isinstance(v, int)) else v
        for k, v in taken(function, given, rng).items()
    }
    want, gradients = D.function()(**{k: np.float64(v) for k, v in values.items()})
    got, found = function(**values)
    pairs = [(got, want), *((found[k], gradients[k]) for k in gradients)]
    assert all(str(g.dtype).endswith("float32") for g, _ in pairs), function.source
    return all(apart(g, w) < 1e-3 for g, w in pairs)
