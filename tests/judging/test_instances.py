"""Rules of a page for a general layer or time, judged against a network with families."""

from __future__ import annotations

import pytest

import matcalc as mc

DEEP = mc.parse(
    "X : n x d[0]\nY : n x d[L]\nparam W[l] : d[l-1] x d[l]\nparam b[l] : 1 x d[l]\n"
    "for l = 1..L: Z[l] = A[l-1]*W[l] + ones(n, 1)*b[l], A[l] = tanh(Z[l]), A[0] = X\n"
    "J = norm2(A[L] - Y)^2/(2*n)\nminimize J"
)
RECURRENT = mc.parse(
    "x[t] : k x 1\ny[t] : d x 1\nh0 : d x 1\nparam W : d x d\nparam U : d x k\n"
    "for t = 1..T: z[t] = W*h[t-1] + U*x[t], h[t] = tanh(z[t]), h[0] = h0\n"
    "L = isum(norm2(h[t] - y[t])^2/2, t, 1, T)\nminimize L"
)


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        (r"\delta^{[l]} = (\delta^{[l+1]} W^{[l+1]T}) \odot (1 - A^{[l]} \odot A^{[l]})", "holds"),
        (r"\frac{\partial J}{\partial W^{[l]}} = A^{[l-1]T} \delta^{[l]}", "holds"),
        (r"\frac{\partial J}{\partial W_l} = A_{l-1}^T \frac{\partial J}{\partial Z_l}", "holds"),
        (r"\frac{\partial J}{\partial A^{[L]}} = \frac{1}{n}(A^{[L]} - Y)", "holds"),
        (r"\frac{\partial J}{\partial A^{[L]}} = A^{[L]} - Y", "fails"),
        (r"\frac{\partial J}{\partial Z^{[l]}} = \frac{\partial J}{\partial Z^{[l+7]}}", "range-error"),
    ],
)  # fmt: skip
def test_rules_for_layer_l(claim, status):
    """The rule of backpropagation in the spellings of lecture notes, and wrong ones."""
    assert mc.verify(claim, network=DEEP).status == status


def test_a_layer_off_by_one_is_named():
    """The kind of the slip is found at an instance."""
    claim = r"\frac{\partial J}{\partial W^{[l]}} = A^{[l]T} \frac{\partial J}{\partial Z^{[l]}}"
    verdict = mc.verify(claim, network=DEEP)
    assert verdict.slip == "layer off by one"
    assert verdict.claim == claim
    assert verdict.explanation.startswith("at l = 1 (L = 2)")


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        (r"\frac{\partial L}{\partial W} = \sum_{t=1}^{T} \frac{\partial L}{\partial z_t} h_{t-1}^T", True),
        (r"\frac{\partial L}{\partial W} = \sum_{t=1}^T \frac{\partial L}{\partial z_t} h_t^\top", False),
        (r"\frac{\partial L}{\partial h_t} = h_t - y_t + W^T \frac{\partial L}{\partial z_{t+1}}", True),
        (r"\frac{\partial L}{\partial h_t} = W^T \frac{\partial L}{\partial z_{t+1}}", False),
        (r"\frac{\partial L}{\partial h_T} = h_T - y_T", True),
    ],
)  # fmt: skip
def test_rules_over_time(claim, holds):
    """Sums over the times are written out; a forgotten direct part is found."""
    assert bool(mc.verify(claim, network=RECURRENT)) is holds
