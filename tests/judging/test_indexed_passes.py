"""Forward passes by entries and samples: values and gradients against a function written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from tests.judging.forward_cases import CASES

SIZES = {"n": 5, "d": 3, "h": 4, "m": 4, "K": 3, "k": 2, "N": 4, "p": 3, "r": 2}


def _arrays(net: mc.Network) -> dict[str, Any]:
    """Positive arrays for everything that the network declares."""
    rng = np.random.default_rng(7)
    found = {}
    for name, node in {**net.inputs, **net.params}.items():
        sizes = [
            int(size.subs({x: SIZES[x.name] for x in size.free_symbols})) for size in node.shape
        ]
        value = rng.uniform(0.2, 1.1, size=sizes)
        found[name] = value if sizes else float(value)
    return found


def _differences(f: Any, arrays: dict[str, Any], name: str) -> Any:
    """Central differences of a number by every entry of one array."""
    at = np.atleast_2d(np.asarray(arrays[name], dtype=float))
    slope = np.zeros_like(at)
    for index in np.ndindex(*at.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = at.copy()
            moved[index] += step
            ends.append(f({**arrays, name: moved if np.ndim(arrays[name]) else moved.item()}))
        slope[index] = (ends[0] - ends[1]) / 2e-5
    return slope


@pytest.mark.parametrize("name", CASES)
def test_a_pass_by_entries_has_the_value_and_the_gradients_of_the_code(name: str):
    """The network was read from the page alone; the function never saw the network."""
    page, by_hand = CASES[name]
    net = mc.read_latex(page)
    arrays = _arrays(net)
    value = np.asarray(by_hand(arrays), dtype=float)
    above = np.random.default_rng(1).normal(size=value.shape) if value.ndim else np.ones(())
    derivation = mc.derive(net, upstream="Above") if value.ndim else mc.derive(net)
    found = derivation.evaluate({**arrays, **({"Above": above} if value.ndim else {})})
    assert np.allclose(found.value, value, rtol=1e-8)
    for wrt, gradient in found.gradients.items():
        slope = _differences(lambda a: float(np.sum(above * by_hand(a))), arrays, wrt)
        assert np.allclose(np.atleast_2d(gradient), slope, rtol=1e-4, atol=1e-6), wrt


def test_rows_of_samples_get_a_capital():
    """n columns x_i become the rows of one X, and the page says so."""
    net = mc.read_latex(CASES["logistic regression over samples"][0])
    assert str(net.inputs["X"].shape) == "(n, d)"
    assert "the rows of X are the x_{i}" in net.assumed


def test_an_index_sum_reads_as_a_matrix_product():
    """No index is left in what is printed."""
    net = mc.read_latex(CASES["a masked factorisation of rows"][0])
    assert mc.text(net["L"]) == "L"
    assert "sum(M.*(R - U*V').^2)" in net.to_text()
    assert str(mc.derive(net).gradient("U")).count("isum") == 0


PAGE = r"""
Let $x\in\mathbb{R}^d$, $A\in\mathbb{R}^{d\times d}$ and
$$ f = x^T A x $$
The gradient is
$$ \nabla_x f = (A+A^T)x $$
and one step is
$$ x \leftarrow x - \eta\nabla_x f. $$
"""


def test_what_only_claims_is_left_out_and_named():
    """The derivative and the update are no steps; the line of each is said."""
    net = mc.read_latex(PAGE)
    assert [step.name for step in net.steps] == ["f"]
    said = [sentence for sentence in net.assumed if "is not part of the network" in sentence]
    assert [sentence.split()[1] for sentence in said] == ["5", "7"]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (r"$$z = W x$$ $$L = \|z - \yodel{y}\|^2$$", "line 1 cannot be read"),
        (r"$$L=\sum_{i=1}^m x_i^2$$ $x\in\mathbb{R}^n$", "i runs to m, but x_{i} has n of them"),
        (r"$$L=\|u+v^T\|^2$$ $u,v\in\mathbb{R}^n$", "a row and a column cannot be added"),
        (r"$$z=Wx$$ with $W\in\mathbb{R}^{d\times k}$, $x\in\mathbb{R}^d$", "did you mean W^T x?"),
        (r"$$p=\prod_{i=1}^n\sigma(w^Tx_i)$$ $x_i,w\in\mathbb{R}^d$", "cannot contain"),
        (r"$$L=\sum_{i=1}^n\max_j z_{ij}$$ $Z\in\mathbb{R}^{n\times k}$", "cannot contain"),
        (r"$$L = \sum_{j\neq y}\max(0, s_j - s_y + 1)$$ with $s\in\mathbb{R}^C$", "is not read"),
        (r"$$g = \nabla_x f$$ $$L = g^T g$$ $x\in\mathbb{R}^d$", "is a derivative"),
        (
            r"$$a^{(l)} = \sigma(W^{(l)} a^{(l-1)}) \text{ for } l = 1,\dots,L$$ $$C = \|a^{(L)}\|^2$$",
            "nothing says where the layers begin",
        ),
    ],
)
def test_no_definition_is_dropped_in_silence(page: str, words: str):
    """What cannot be read is named with its line and with the way out."""
    with pytest.raises(mc.MatcalcError) as refusal:
        mc.read_latex(page)
    assert words in str(refusal.value)


LOOPS = {
    "layers of one size": (
        r"""$$a^{(0)} = x,\quad a^{(l)} = \sigma(W^{(l)} a^{(l-1)} + b^{(l)}) \text{ for } l = 1,\dots,L$$
        $$C = \frac12\|a^{(L)} - y\|^2$$ with $x, y\in\mathbb{R}^{d}$,
        $W^{(l)}\in\mathbb{R}^{d\times d}$, $b^{(l)}\in\mathbb{R}^d$""",
        "W",
        "dz[l]*a[l-1]'",
    ),
    "layers of any size": (
        r"""For $l=1,\dots,L$ let $W^{[l]}\in\mathbb{R}^{d_l\times d_{l-1}}$ and
        $$z^{[l]} = W^{[l]}a^{[l-1]},\quad a^{[l]} = \tanh(z^{[l]}),\quad l=1,\dots,L$$
        with $a^{[0]}=x \in \mathbb{R}^{d_0}$, $y\in\mathbb{R}^{d_L}$
        $$J=\frac12\|a^{[L]}-y\|^2$$""",
        "W",
        "dz[l]*a[l-1]'",
    ),
    "a loss at every time": (
        r"""$$h_t = \tanh(W h_{t-1}+U x_t+b),\quad t=1,\dots,T$$
        $$L=\sum_{t=1}^T \frac12\|h_t-y_t\|^2$$ $h_0,b\in\mathbb{R}^m$, $x_t\in\mathbb{R}^p$,
        $y_t \in \mathbb{R}^m$, $W\in\mathbb{R}^{m\times m}$, $U\in\mathbb{R}^{m\times p}$""",
        "U",
        "isum(dz[t]*x[t]', t, 1, T)",
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_any_number_of_layers_or_times_is_a_loop(name: str):
    """The letter for the last layer stays a letter, and the recursion is derived."""
    page, wrt, gradient = LOOPS[name]
    derivation = mc.derive(mc.read_latex(page))
    assert str(derivation.gradient(wrt)) == gradient
    assert derivation.check(trials=2)
