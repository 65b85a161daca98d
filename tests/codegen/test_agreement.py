"""Generated code gives what ``mc.evaluate`` gives: networks, the gallery, random compositions."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import matcalc as mc
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


# A scalar argument, and the identity that an inverse is solved for, are doubles: the wider wins.
@pytest.mark.parametrize("name", sorted(set(ALL) - {"gaussian", "batch norm"}))
def test_networks_agree_in_single_precision(name: str, rng: np.random.Generator) -> None:
    """As far as seven digits carry."""
    D = mc.derive(ALL[name]())
    problem = D.record.problem
    steps = {s.symbol: s.definition for s in problem.steps}
    roots = [problem.output, *(D.record.arrivals[w].symbol for w in D.record.wrt)]
    given, _ = case_of(roots, list(D.record.wrt), rng, problem.facts, steps)
    f = D.function()
    values = taken(f, given, rng)
    want = f(**values)
    short = {k: v.astype(np.float32) if np.ndim(v) else float(v) for k, v in values.items()}
    value, gradients = f(**short)
    assert apart(value, want[0]) < 1e-3
    for k, g in gradients.items():
        assert g.dtype == np.float32
        assert apart(g, want[1][k]) < 1e-3


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


def test_single_precision_stays_single(rng: np.random.Generator) -> None:
    """float32 in, float32 out, and close."""
    f = mc.derive(ALL["mlp"]()).function()
    values = {
        "X": rng.normal(size=(6, 3)), "Y": rng.random(size=(6, 2)), "W1": rng.normal(size=(3, 4)),
        "b1": rng.normal(size=(1, 4)), "W2": rng.normal(size=(4, 2)), "b2": rng.normal(size=(1, 2)),
    }  # fmt: skip
    want = f(**values)
    got = f(**{k: v.astype(np.float32) for k, v in values.items()})
    for name, gradient in got[1].items():
        assert gradient.dtype == np.float32
        assert np.allclose(gradient, want[1][name], rtol=1e-3, atol=1e-5)
