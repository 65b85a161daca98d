"""Generated code gives what ``mc.evaluate`` gives: networks, the gallery, random compositions."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import matcalc as mc
from matcalc.codegen.plan import Plan
from matcalc.errors import MatcalcError
from matcalc.expr import Node
from matcalc.reverse import gradient_of
from tests import fuzz
from tests.codegen.agreement import (
    GALLERY,
    agrees,
    apart,
    case_of,
    derivation_apart,
    derivations_of,
    stays_single,
    taken,
)
from tests.codegen.networks import ALL

EXAMPLES = {False: 150, True: 100}


@pytest.mark.parametrize("workspace", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_networks_agree(name: str, workspace: bool, rng: np.random.Generator) -> None:
    """Value and gradients of typical networks."""
    assert derivation_apart(mc.derive(ALL[name]()), rng, workspace=workspace) < 1e-10


@pytest.mark.parametrize("path", GALLERY, ids=lambda p: p.stem)
def test_the_gallery_agrees(
    path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every derivation that a page of the gallery makes."""
    for D in derivations_of(path, monkeypatch):
        assert agrees(D, rng)
        assert stays_single(D, rng)


@pytest.mark.parametrize("workspace", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_networks_stay_in_single_precision(
    name: str, workspace: bool, rng: np.random.Generator
) -> None:
    """Numbers, identities and constants are of the kind of the arrays."""
    assert stays_single(mc.derive(ALL[name]()), rng, workspace=workspace)


def unsimplified(kind: str, f: Node, wrt: Node) -> Node:
    """The derivative as the rules put it together: longer, so harder on the plan."""
    if kind == "gradient":
        return gradient_of(f, [wrt])[wrt]
    return mc.jacobian(f, wrt, layout="numerator")


@pytest.mark.parametrize("workspace", [False, True])
def test_random_compositions_agree(
    workspace: bool, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values and derivatives of random expressions over all operations, computed together."""
    for room in ("reverse", "second", "api.verbs"):
        monkeypatch.setattr(f"matcalc.{room}.simplify", lambda value, *a, **k: value)
    seed = int(request.config.getoption("--seed"))
    generator = fuzz.Generator(random.Random(2 * seed + workspace))
    done = undecided = 0
    while done < EXAMPLES[workspace]:
        drawn = fuzz.example(generator)
        if drawn is None or drawn[0] == "hessian":
            continue
        kind, f, wrt, _ = drawn
        rng = np.random.default_rng([seed, done])
        try:
            roots = [f, unsimplified(kind, f, wrt)]
            given, want = case_of(roots, [wrt], rng)
        except MatcalcError:
            undecided += 1
            continue
        done += 1
        function = mc.compile(roots, workspace=workspace)
        arguments = taken(function, given, rng)
        before = {k: np.array(v) for k, v in arguments.items() if isinstance(v, np.ndarray)}
        with np.errstate(all="ignore"):
            function(**arguments)
            got = function(**arguments)  # a second time: a workspace keeps nothing of the first
        said = f"{kind} by {wrt} of {f}\n{function.source}"
        for g, w in zip(got, want, strict=True):
            assert apart(g, w) < 1e-10, said
        assert all(np.array_equal(before[k], arguments[k]) for k in before), said
    assert undecided < EXAMPLES[workspace] / 10


def test_random_compositions_stay_in_single_precision(request: pytest.FixtureRequest) -> None:
    """Nothing in a program is a double by itself."""
    generator = fuzz.Generator(random.Random(int(request.config.getoption("--seed"))))
    for k in range(100):
        drawn = fuzz.example(generator)
        if drawn is None:
            continue
        f, rng = drawn[1], np.random.default_rng(k)
        try:
            given, _ = case_of([f], [drawn[2]], rng)
        except MatcalcError:
            continue
        function = mc.compile(f)
        values = taken(function, given, rng)
        arrays = any(np.ndim(v) for v in values.values())
        if any(map(callable, values.values())) or not arrays or not reads_arrays(function.plan):
            continue
        with np.errstate(all="ignore"):
            got = function(**{k: np.float32(v) if np.ndim(v) else v for k, v in values.items()})
        assert got.dtype == np.float32, f"{f}\n{function.source}"


def reads_arrays(plan: Plan) -> bool:
    """Whether the value is more than a number known beforehand."""
    return any(t.op == "in" for t in plan.terms())


def test_the_widest_kind_wins(rng: np.random.Generator) -> None:
    """Among arrays of several kinds, as in NumPy; a number is no reason to widen."""
    a, X = mc.scalar("a"), mc.matrix("X", *mc.dims("n m"))
    f = mc.compile(a * X + mc.sqrt(mc.vector("v", "n")) * mc.ones(1, X.cols) + mc.ones(*X.shape))
    X, v = rng.normal(size=(3, 2)), rng.random(size=(3, 1))
    single = np.float32
    assert f(a=1 / 3, X=single(X), v=single(v)).dtype == np.float32
    assert f(a=np.float64(1 / 3), X=single(X), v=single(v)).dtype == np.float32
    assert f(a=1 / 3, X=X, v=single(v)).dtype == np.float64
