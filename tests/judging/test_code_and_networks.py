"""Hand-written backward functions, and forward passes read from LaTeX."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from tests.judging.notes import SETTINGS


def network():
    """One hidden layer, a bias, a mean of squares."""
    return mc.parse(
        "X : n x d; Y : n x k; param W1 : d x h; param b1 : 1 x h; param W2 : h x k\n"
        "A1 = tanh(X*W1 + ones(n,1)*b1); P = A1*W2; L = sum((P - Y).^2)/(2*n); minimize L"
    )


def backward(X, Y, W1, b1, W2):
    """The right gradients."""
    n = len(X)
    A1 = np.tanh(X @ W1 + b1)
    G = (A1 @ W2 - Y) / n
    H = (G @ W2.T) * (1 - A1**2)
    return {"dW1": X.T @ H, "db1": H.sum(0, keepdims=True), "dW2": A1.T @ G}


def test_right_code_is_accepted():
    """By name, and in the order of the parameters."""
    derivation = mc.derive(network())
    assert derivation.verify_code(backward)
    assert derivation.verify_code(
        lambda X, Y, W1, b1, W2: tuple(backward(X, Y, W1, b1, W2).values())
    )


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("W2", lambda g, n: g * n, "dW2 is n times too large"),
        ("W2", lambda g, n: g.T, "dW2 is transposed"),
        ("W1", lambda g, n: -g, "dW1 has the wrong sign"),
        ("W1", lambda g, n: 2 * g, "dW1 is twice what it should be"),
        ("W1", lambda g, n: g + 1, "the values of dW1 differ"),
    ],
)
def test_wrong_code_says_which_and_how(name, spoil, words):
    """One gradient is off; the others are not accused."""

    def wrong(X, Y, W1, b1, W2):
        found = backward(X, Y, W1, b1, W2)
        found["d" + name] = spoil(found["d" + name], len(X))
        return found

    report = mc.derive(network()).verify_code(wrong)
    assert words in report[name].explanation
    assert [n for n, v in report.verdicts.items() if v.status != "holds"] == [name]


def test_a_forgotten_sum_over_the_batch():
    """The bias gradient in the shape of the batch."""

    def wrong(X, Y, W1, b1, W2):
        found = backward(X, Y, W1, b1, W2)
        A1 = np.tanh(X @ W1 + b1)
        found["db1"] = ((A1 @ W2 - Y) / len(X) @ W2.T) * (1 - A1**2)
        return found

    assert "sum over the rows" in mc.derive(network()).verify_code(wrong)["b1"].explanation


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_forward_pass_in_latex_becomes_a_network(setting: str):
    """Every setting is read, derived, and its gradients check."""
    net = mc.read_latex("\n".join(SETTINGS[setting][0]))
    derivation = mc.derive(net)
    assert derivation.check(trials=1)


def test_the_notation_met_is_remembered():
    """The page prints the author's names."""
    net = mc.read_latex("\n".join(SETTINGS["columns"][0]))
    assert r"W^{[1]}" in mc.derive(net).to_latex()
