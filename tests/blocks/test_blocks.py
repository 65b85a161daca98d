"""The blocks of ``mc.blocks``: every gradient against the oracle, and what they refuse."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest

import matcalc as mc
from tests.blocks.cases import CASES, T

every_case = pytest.mark.parametrize("name", CASES)


@every_case
def test_every_gradient_holds(name: str):
    """Parameters and inputs alike, by differences of the forward pass."""
    report = CASES[name].derivation().check()
    assert report, f"{name}: {report}"


@every_case
def test_a_block_is_steps_that_read_back(name: str):
    """What a block makes is written in the text language, and read back it is the same network."""
    text = CASES[name].network().to_text()
    assert mc.parse(text).to_text() == text


@every_case
def test_two_blocks_of_other_names_stand_side_by_side(name: str):
    """A block can be derived twice: nothing is remembered between calls."""
    first, second = CASES[name].network(), CASES[name].network()
    assert first.to_text() == second.to_text()


def test_a_shared_weight_is_one_parameter():
    """A decoder that uses the encoder's weight, transposed: both uses arrive at one gradient."""
    n, d, h = mc.dims("n d h")
    net = mc.Network("tied")
    X = net.input("X", n, d)
    W = net.param("W", d, h)
    code = mc.blocks.dense(net, X, h, name="1", W=W, activation="tanh")
    out = net.let("R", code * W.T)
    net.minimize(mc.squared_error(out, X))
    D = mc.derive(net)
    assert list(net.params) == ["W", "b1"]
    assert D.check()


@pytest.mark.slow
def test_a_transformer_of_twelve_blocks_derives():
    """Width 768 and 12 heads: a gradient for every parameter; the seconds are printed."""
    net = mc.Network("twelve")
    X = net.input("X", T, 768)
    for i in range(1, 13):
        X = mc.blocks.transformer(net, X, 12, 3072, causal=True, name=str(i))
    net.output(X)
    started = perf_counter()
    D = mc.derive(net)
    print(f"12 blocks of width 768 with 12 heads: {perf_counter() - started:.1f} s")
    assert len(D.gradients) == len(net.params) == 672


def test_a_parameter_of_another_shape_is_refused():
    """A given weight must fit the sizes at hand."""
    net = mc.Network("x")
    X, W = net.input("X", "n", "d"), net.param("W", "h", "h")
    with pytest.raises(mc.ShapeError, match="W \\(h x h\\) is given for W, which is d x h"):
        mc.blocks.dense(net, X, "h", W=W)


def test_a_kernel_larger_than_the_image_is_refused():
    """The message names kernel, image and padding."""
    net = mc.Network("x")
    with pytest.raises(mc.ShapeError, match="larger than the image"):
        mc.blocks.conv2d(net, net.input("X", "n", 9), (1, 3, 3), 2, 5)


def test_a_symbolic_size_must_divide_by_the_stride():
    """How often a kernel fits must not depend on a remainder."""
    m = mc.dims("m")
    net = mc.Network("x")
    even = mc.blocks.max_pool(net, net.input("X", "n", 4 * m * m), (1, 2 * m, 2 * m), 2)
    assert str(even.shape[1]) == "m**2"
    with pytest.raises(mc.ShapeError, match="remainder"):
        mc.blocks.max_pool(net, net.input("Y", "n", m * m), (1, m, m), 2, name="2")


def test_a_tie_goes_to_the_first():
    """The gradient of a largest entry is a single 1."""
    X = mc.matrix("X", "n", "m")
    grad = mc.gradient(mc.sum(mc.largest(X)), X)
    found = mc.evaluate(grad, {"X": [[1, 3, 3], [2, 2, 0]]})
    assert found.tolist() == [[0, 1, 0], [1, 0, 0]]


def test_a_dimension_named_like_our_loops_is_no_capture():
    """The code of fold has its own names: k and T are dimensions here."""
    k, T = mc.dims("k T")
    X = mc.matrix("X", "n", k * T)
    f = mc.sum(mc.square(mc.unfold(X, 1, k, T, 2, 2)))
    values = {"X": np.arange(24.0).reshape(2, 12)}
    grad = mc.evaluate(mc.gradient(f, X), values, dims={"k": 3, "T": 4})
    seen = np.outer([1, 2, 1], [1, 2, 2, 1]).ravel()
    assert np.allclose(grad, 2 * values["X"] * seen)


def X(net: mc.Network, rows: object = "n", cols: object = "d", name: str = "X"):
    """An input matrix."""
    return net.input(name, rows, cols)


IMAGE = (2, 5, 4)
MISUSED = {
    "stride 0": (lambda t: mc.blocks.conv2d(t, X(t, "n", 40), IMAGE, 3, 2, stride=0), "stride"),
    "negative padding": (
        lambda t: mc.blocks.average_pool(t, X(t, "n", 40), IMAGE, 2, padding=-1),
        "padding is at least 0",
    ),
    "a kernel of three sizes": (
        lambda t: mc.blocks.conv2d(t, X(t, "n", 40), IMAGE, 3, (2, 2, 2)),
        "kernel is one number or a pair",
    ),
    "a signal told as an image": (
        lambda t: mc.blocks.conv1d(t, X(t, "n", 40), IMAGE, 3, 2),
        r"\(channels, length\)",
    ),
    "images of another size": (
        lambda t: mc.blocks.max_pool(t, X(t, "n", 41), IMAGE, 2),
        "no rows of 2 x 5 x 4",
    ),
    "a negative epsilon": (lambda t: mc.blocks.layer_norm(t, X(t), epsilon=-1), "not negative"),
    "n - 1 of one row": (
        lambda t: mc.blocks.batch_norm(t, X(t, 1), unbiased=True),
        "wants two values",
    ),
    "a share above 1": (lambda t: mc.blocks.dropout(t, X(t), keep=1.5), "between 0 and 1"),
    "heads that do not divide": (
        lambda t: mc.blocks.multi_head(t, X(t, "n", 10), 3),
        "do not divide into 3 heads",
    ),
    "a mask of another shape": (
        lambda t: mc.blocks.transformer(t, X(t, "n", 4), 2, "h", mask=X(t, "n", "k", "M")),
        r"the mask M \(n x k\)",
    ),
    "causal, of other lengths": (
        lambda t: mc.blocks.multi_head(t, X(t, "n", 4), 2, context=X(t, "T", 4, "C"), causal=True),
        "T keys, but n queries",
    ),
    "states of other rows": (
        lambda t: mc.blocks.rnn(t, X(t), X(t, "k", "h", "h0"), time=1),
        "shapes differ",
    ),
    "no such activation": (
        lambda t: mc.blocks.rnn(t, X(t), X(t, "n", "k", "h0"), activation="swoosh"),
        "no activation 'swoosh'",
    ),
    "a number for a matrix": (lambda t: mc.blocks.dense(t, t.input("s"), "h"), "is a number"),
    "another size for the transposed convolution": (
        lambda t: mc.blocks.conv_transpose2d(t, X(t, "n", 12), (3, 2, 2), 2, 3, out=(9, 9)),
        "gives 7 x 7, not 2 x 2",
    ),
}


@pytest.mark.parametrize("name", MISUSED)
def test_misuse_is_told_in_our_words(name: str):
    """What was asked for, and what would fit."""
    use, said = MISUSED[name]
    with pytest.raises(mc.MatcalcError, match=said):
        use(mc.Network("x"))
