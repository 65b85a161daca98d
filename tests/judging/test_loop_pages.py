r"""Pages about networks with families: right lines hold for every place, wrong ones are met at theirs."""

from __future__ import annotations

import pytest

import matcalc as mc

LAYERS = """
X : n x d[0]
Y : n x d[L]
param W[l] : d[l-1] x d[l]
param b[l] : 1 x d[l]
for l = 1..L: Z[l] = A[l-1]*W[l] + ones(n, 1)*b[l], A[l] = tanh(Z[l]), A[0] = X
J = norm2(A[L] - Y)^2/(2*n)
minimize J
"""
TIMES = """
x[t] : k x 1
y[t] : d x 1
h0 : d x 1
param W : d x d
param U : d x k
for t = 1..T: z[t] = W*h[t-1] + U*x[t], h[t] = tanh(z[t]), h[0] = h0
minimize isum(norm2(h[t] - y[t])^2/2, t, 1, T)
"""


def test_a_page_about_layers():
    """The forward pass, the boundary, the recursion with its range, a gradient; and two slips."""
    report = mc.verify_document(
        r"""
        For $l = 1, \dots, L$ let $$Z^{(l)} = A^{(l-1)} W^{(l)} + \mathbf{1} b^{(l)}$$
        $$\delta^{(L)} = \frac1n (A^{(L)} - Y) \odot (1 - A^{(L)} \odot A^{(L)})$$
        $$\delta^{(l)} = (\delta^{(l+1)} W^{(l+1)\top}) \odot (1 - A^{(l)} \odot A^{(l)}),
          \quad l = L-1, \dots, 1$$
        $$\frac{\partial J}{\partial W^{(l)}} = A^{(l-1)\top} \delta^{(l)}$$
        $$\frac{\partial J}{\partial W^{(l)}} = A^{(l)\top} \delta^{(l)}$$
        $$\frac{\partial J}{\partial b^{(l)}} = \delta^{(l)}$$
        """,
        network=LAYERS,
    )
    assert [e.verdict.status for e in report] == ["holds"] * 4 + ["shape-error"] * 2
    assert [e.line for e in report.wrong] == [7, 8]
    assert report.wrong[0].verdict.slip == "layer off by one"


def test_what_a_page_defines_is_known_to_all_of_its_lines():
    """A loss of each time beside the loss, and an error with a name; wherever they are defined."""
    report = mc.verify_document(
        r"""
        $$L = \sum_{t=1}^T L_t$$ where $$L_t = \frac12 \|h_t - y_t\|^2$$ and $$e_t = h_t - y_t$$
        $$\frac{\partial L}{\partial h_T} = e_T$$
        $$\frac{\partial L}{\partial h_t} = e_t + W^\top \frac{\partial L}{\partial z_{t+1}}$$
        $$\frac{\partial L}{\partial h_t} = e_t$$
        """,
        network=TIMES,
    )
    statuses = [e.verdict.status for e in report]
    assert statuses == ["holds", "defines", "defines", "holds", "holds", "fails"]


UNNAMED = """
x[t] : d x 1
g0 : d x 1
param W : d x d
for t = T..1: g[t] = tanh(W*g[t+1] + x[t]), g[T+1] = g0
minimize isum(norm2(g[t])^2, t, 1, T)
"""
FROM_THREE = """
x[t], s[t] : scalar
u, v : scalar
param a, b : scalar
for t = 3..T: y[t] = a*y[t-1] + b*y[t-2] + x[t], y[2] = u, y[1] = v
minimize isum((y[t] - s[t])^2/2, t, 3, T)
"""


def by(name: str) -> str:
    return rf"\frac{{\partial L}}{{\partial {name}}}"


@pytest.mark.parametrize(
    ("network", "claim", "status"),
    [
        (UNNAMED, rf"{by('g_t')} = 2 g_t + W^\top {by('z_{t-1}')}", "holds"),
        (UNNAMED, rf"{by('g_t')} = 2 g_t + W^\top {by('z_{t+1}')}", "fails"),
        (UNNAMED, rf"{by('W')} = \sum_{{t=1}}^T {by('z_t')} g_{{t+1}}^\top", "holds"),
        (FROM_THREE, rf"{by('b')} = \sum_{{t=3}}^T {by('y_t')} y_{{t-2}}", "holds"),
        (FROM_THREE, rf"{by('b')} = \sum_{{t=3}}^T {by('y_t')} y_{{t-1}}", "fails"),
        (FROM_THREE, rf"{by('y_t')} = y_t - s_t + a {by('y_{t+1}')} + b {by('y_{t+2}')}", "holds"),
    ],
)
def test_loops_down_and_two_steps_back(network, claim, status):
    """The pre-activation has the name that the engine gives it; lengths fit the range."""
    assert mc.verify(claim, network=network).status == status


@pytest.mark.parametrize(
    ("claim", "slip"),
    [
        (r"L = \sum_{t=1}^T \frac12 \|h_t - y_t\|^2", ""),
        (r"L = \sum_{t=1}^T \|h_t - y_t\|^2", "lost factor 1/2"),
        (r"\nabla_W L = \sum_{t=1}^T \frac{\partial L}{\partial z_t} h_{t-1}^\top", ""),
        (
            r"\nabla_W L = \sum_{t=1}^T \frac{\partial L}{\partial z_t} h_t^\top",
            "index off by one",
        ),
    ],
)
def test_sums_over_times(claim, slip):
    """A difference between the bars of a norm stays in the sum; a time too late is named."""
    verdict = mc.verify(claim, network=TIMES)
    assert verdict.status == ("fails" if slip else "holds")
    assert verdict.slip == slip
