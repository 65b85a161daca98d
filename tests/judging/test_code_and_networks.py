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


def classifier():
    """A hidden layer with a rectifier, softmax, a penalty."""
    return mc.parse(
        "X : n x d; Y : n x k; c : scalar; param W1 : d x h; param b1 : 1 x h; param W2 : h x k\n"
        "Z1 = X*W1 + ones(n,1)*b1; A1 = relu(Z1); P = softmax(A1*W2); assume rows_sum_to_one(Y)\n"
        "L = -sum(Y.*log(P))/n + c*sum(W1.^2)/2; minimize L"
    )


def softmax(Z):
    """Row by row."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def trained(X, Y, c, W1, b1, W2, slip=""):
    """The gradients of the classifier, with a slip."""
    n = len(X)
    Z1 = X @ W1 + b1
    A1 = np.maximum(Z1, 0)
    P = softmax(A1 @ W2)
    G = (P - Y) / n if slip != "diagonal" else -(Y / P) / n * P * (1 - P)
    H = (G @ W2.T) * {"no slope": 1, "value": A1}.get(slip, Z1 > 0)
    dW1 = X.T @ H + (0 if slip == "no penalty" else c * W1)
    db1 = {"rows": H, "columns": H.sum(1, keepdims=True)}.get(slip, H.sum(0))
    return {"W1": dW1, "b1": db1, "W2": A1.T @ G}


@pytest.mark.parametrize(
    ("slip", "name", "words"),
    [
        ("diagonal", "W2", "only the diagonal of the Jacobian of P = softmax"),
        ("no slope", "b1", "the slope at A1 = relu(Z1) is left out"),
        ("value", "W1", "the value stands for the slope at A1 = relu(Z1)"),
        ("no penalty", "W1", "of the loss is left out"),
        ("rows", "b1", "db1 has the shape (n, h), want (1, h): sum over the rows"),
        ("columns", "b1", "db1 has the shape (n, 1), want (1, h)"),
    ],
)
def test_what_was_left_out_is_named(slip: str, name: str, words: str):
    """A slope, a term of the loss, a sum, most of a Jacobian: from the values alone."""
    derivation = mc.derive(classifier())
    report = derivation.verify_code(lambda X, Y, c, W1, b1, W2: trained(X, Y, c, W1, b1, W2, slip))
    assert not report
    assert words in report[name].explanation


def test_results_in_another_order_or_dress_are_understood():
    """Objects, suffixes, arguments by place; an exchange of two gradients is said."""
    derivation = mc.derive(network())
    found = derivation.verify_code(lambda *arrays: backward(*arrays))
    assert found
    assert derivation.verify_code(
        lambda **k: {n[1:] + "_grad": g for n, g in backward(**k).items()}
    )
    turned = derivation.verify_code(
        lambda X, Y, W1, b1, W2: tuple(reversed(backward(X, Y, W1, b1, W2).values()))
    )
    assert turned["W1"].explanation == "dW1 holds the gradient of W2"


def test_code_that_is_right_and_unwise_is_remarked_on():
    """Inputs changed in place, single precision, something kept from call to call."""

    def greedy(X, Y, W1, b1, W2):
        found = backward(X, Y, W1, b1, W2)
        W1 -= found["dW1"]
        return found

    report = mc.derive(network()).verify_code(greedy)
    assert report
    assert report.remarks == ("the function changes W1 in place",)
    assert "in place" in str(report)

    def short(X, Y, W1, b1, W2):
        return {k: g.astype(np.float32) for k, g in backward(X, Y, W1, b1, W2).items()}

    assert mc.derive(network()).verify_code(short)
    kept: dict[str, np.ndarray] = {}

    def adding(X, Y, W1, b1, W2):
        for name, g in backward(X, Y, W1, b1, W2).items():
            fits = name in kept and kept[name].shape == g.shape
            kept[name] = kept[name] + g if fits else g
        return dict(kept)

    words = mc.derive(network()).verify_code(adding)["W2"].explanation
    assert "is something kept from call to call?" in words


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda **k: None, "is a return missing"),
        (lambda **k: {"gW": 1}, "none of dW1, db1, dW2"),
        (lambda **k: (1, 2), "2 results for 3 gradients"),
        (lambda **k: {"W1": [[1], [1, 2]]}, "no array of real numbers"),
        (lambda **k: {"W1": k["W1"] * 1j}, "it is complex"),
        (lambda **k: k["X"] @ k["Y"], "the function raised ValueError"),
        (lambda X, other: X, "asks for other"),
        (lambda **k: exit(1), "the function raised SystemExit"),
    ],
)
def test_functions_that_cannot_be_judged_are_refused_in_words(function, words):
    """Whatever they do, an error of ours says what."""
    with pytest.raises(mc.MatcalcError, match=words):
        mc.derive(network()).verify_code(function)
