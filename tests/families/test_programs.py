"""Programs with loops in JAX and PyTorch, and what they cost."""

from __future__ import annotations

import importlib.util
from itertools import pairwise

import numpy as np
import pytest

import matcalc as mc
from tests.families import networks as nets
from tests.families.recurrences import CASES, at, places

INSTALLED = [
    pytest.param(name, marks=pytest.mark.skipif(
        importlib.util.find_spec(name) is None, reason=f"needs {name}"
    ))
    for name in ("jax", "torch")
]  # fmt: skip


@pytest.mark.parametrize("backend", INSTALLED)
@pytest.mark.parametrize("name", ["two states ahead", "heads inside of layers", "LSTM", "layers"])
def test_other_languages_agree_with_numpy(backend, name):
    """The same loops on JAX arrays and on tensors, in double precision."""
    if backend == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(3)
    if name in CASES:
        D = mc.derive(mc.parse(CASES[name].text))
        v = CASES[name].values(3, rng)
    else:
        net, values = {
            "LSTM": (nets.lstm, nets.lstm_values),
            "layers": (nets.deep, nets.deep_values),
        }[name]
        D, v = mc.derive(net()), values(3, rng)
    value, gradients = D.function(backend)(**v)
    plain, wanted = D.function()(**v)
    assert float(value) == pytest.approx(float(plain), rel=1e-12)
    for wrt in wanted:
        for place in places(wanted[wrt]):
            found = np.asarray(at(gradients[wrt], place))
            np.testing.assert_allclose(found, at(wanted[wrt], place), rtol=1e-10, atol=1e-12)


def test_the_source_of_another_language_speaks_its_words():
    """No NumPy is left in a program for JAX or PyTorch."""
    D = mc.derive(nets.lstm())
    for backend, module in (("jax", "jnp."), ("torch", "torch.")):
        source = D.source(backend)
        assert module in source
        assert "np.zeros" not in source.replace("jnp.", "")
        compile(source, backend, "exec")
    with pytest.raises(mc.MatcalcError, match="there is no backend"):
        D.source("fortran")


def test_names_of_python_are_no_trouble():
    """A parameter may be called dict, and a family range."""
    net = mc.parse("a : d x 1\nrange[t] : d x 1\nparam dict : d x d\n"
        "for t = 1..T: len[t] = tanh(dict*len[t-1] + range[t]), len[0] = a\n"
        "minimize norm2(len[T])^2")  # fmt: skip
    v = {"a": np.ones((2, 1)), "range": [np.ones((2, 1))] * 3, "dict": np.eye(2)}
    D = mc.derive(net)
    value, gradients = D.function()(**v)
    assert value == pytest.approx(D.evaluate(v).value)
    np.testing.assert_allclose(gradients["dict"], D.evaluate(v).gradients["dict"])


def test_what_a_recurrence_costs():
    """The products of every time, forwards one by W and one by U, backwards twice as many."""
    cost = mc.derive(nets.recurrent("last")).cost()
    at_sizes = {"T": 10, "d": 100, "k": 50}
    forward, backward = (part.at(at_sizes)["flops"] for part in (cost.forward, cost.backward))
    products = 10 * (2 * 100 * 100 + 2 * 100 * 50)
    assert products < forward < 1.03 * products
    assert 1.3 * products < backward < 2 * products
    assert {s.name for s in cost.steps} >= {"h", "dh", "dz", "dW"}


def test_what_layers_of_different_widths_cost():
    """A sum over the layers, which the widths turn into a number."""
    cost = mc.derive(nets.deep()).cost()
    assert "Sum" in str(cost.flops)
    widths = [20, 30, 40, 50]
    found = cost.forward.at({"n": 100, "L": 3, "d": widths})["flops"]
    products = sum(2 * 100 * a * b for a, b in pairwise(widths))
    assert products < found < 1.2 * products
    with pytest.raises(mc.UnknownNameError, match="no size for d"):
        cost.at({"n": 100, "L": 3})


@pytest.mark.parametrize("length", [2, 4, 6])
def test_cost_counts_what_the_unrolled_network_counts(length):
    """The matrix products of T steps are those of the plain network."""
    net = nets.recurrent("last")
    plain = mc.derive(net.unroll(T=length)).cost()
    assert mc.derive(net).cost().products.subs(mc.dims("T"), length) == plain.products
