"""Forward passes as different people write them become networks, and their gradients check."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.errors import MatcalcError

PASSES = {
    "rows, aligned, shapes in prose": r"""
        \begin{align}
        Z_1 &= X W_1 + \mathbf{1} b_1 \\
        A_1 &= \sigma(Z_1) \\
        \hat{Y} &= \operatorname{softmax}(A_1 W_2 + \mathbf{1} b_2) \\
        L &= -\frac{1}{n} \sum_{i=1}^n \sum_{k=1}^K Y_{ik} \log \hat{Y}_{ik}
        \end{align}
        where $X \in \mathbb{R}^{n\times d}$, $Y \in \mathbb{R}^{n\times K}$,
        $W_1 \in \mathbb{R}^{d\times h}$, $W_2\in\mathbb{R}^{h\times K}$,
        $b_1 \in \mathbb{R}^{1\times h}$ and $b_2 \in \mathbb{R}^{1 \times K}$.""",
    "columns, brackets, a bias that is a number": r"""
        Let $X \in \mathbb{R}^{n_x \times m}$, $W^{[1]} \in \mathbb{R}^{n_h\times n_x}$,
        $b^{[1]} \in \mathbb{R}^{n_h}$, $W^{[2]} \in \mathbb{R}^{1\times n_h}$,
        $b^{[2]} \in \mathbb{R}$, $Y \in \mathbb{R}^{1\times m}$.
        $$Z^{[1]} = W^{[1]} X + b^{[1]}$$ $$A^{[1]} = \tanh(Z^{[1]})$$
        $$Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}$$ $$A^{[2]} = \sigma(Z^{[2]})$$
        $$J = -\frac{1}{m} \sum_{i=1}^{m} \left( Y_i \log A^{[2]}_i
        + (1-Y_i) \log(1 - A^{[2]}_i)\right)$$""",
    "bold, one datum, an undefined activation": r"""
        \[ \mathbf{z}^{(1)} = \mathbf{W}^{(1)} \mathbf{x} + \mathbf{b}^{(1)}, \quad
        \mathbf{a}^{(1)} = f(\mathbf{z}^{(1)}) \]
        \[ \hat{\mathbf{y}} = \mathbf{W}^{(2)} \mathbf{a}^{(1)} + \mathbf{b}^{(2)} \]
        \[ \mathcal{L} = \frac12 \lVert \hat{\mathbf{y}} - \mathbf{y} \rVert^2 \]
        with $\mathbf{x} \in \mathbb{R}^{d}$, $\mathbf{W}^{(1)} \in \mathbb{R}^{h \times d}$,
        $\mathbf{W}^{(2)} \in \mathbb{R}^{k \times h}$""",
    "a loss of w": r"""
        $$J(w) = \frac{1}{2n} \|Xw - y\|_2^2 + \frac{\lambda}{2} w^\top w$$
        where $X$ is $n \times d$ and $w \in \mathbb{R}^d$.""",
    "primes for transposes": r"""
        Let $X \in R^{n \times k}$, $\beta \in R^k$, $y \in R^n$.
        $$S = (y - X\beta)'(y - X\beta)$$""",
    "attention, several in a row": r"""
        \begin{aligned} Q &= X W_Q, & K &= X W_K, & V &= X W_V \\
        S &= \frac{Q K^\top}{\sqrt{d_k}} \\ P &= \mathrm{softmax}(S) \\ O &= P V \\
        L &= \frac{1}{2} \| O - T \|_F^2 \end{aligned}""",
    "gates with labels and primed states": r"""
        \begin{align*} f &= \sigma(W_f x + U_f h + b_f) \\ i &= \sigma(W_i x + U_i h + b_i) \\
        g &= \tanh(W_g x + U_g h + b_g) \\ c' &= f \odot c + i \odot g \\ h' &= \tanh(c')
        \end{align*} where $x \in \mathbb{R}^d$, $h, c \in \mathbb{R}^m$ and
        $W_f,W_i,W_g \in \mathbb{R}^{m \times d}$, $U_f,U_i,U_g\in\mathbb{R}^{m\times m}$,
        $b_f,b_i,b_g\in\mathbb{R}^m$.""",
    "a kernel matrix and its determinant": r"""
        $$K = X X^T + \sigma_n^2 I$$
        $$\ell = \frac12 y^T K^{-1} y + \frac12 \log|K|$$ with $X \in R^{n \times d}$""",
    "a sum of samples": r"""
        $$L = \sum_{i=1}^n (y_i - w^T x_i)^2$$ with $x_i, w \in R^d$""",
    "a covariance": r"""
        $$f(\Sigma) = \log\det \Sigma + \operatorname{tr}(\Sigma^{-1} S)$$
        with $\Sigma, S \in \mathbb{R}^{p \times p}$""",
    "inline, ReLU as a maximum": r"""
        $h = \max(0, W_1 x + b_1)$, $s = W_2 h + b_2$, $p = \mathrm{softmax}(s)$,
        $L = -\sum_k y_k \log p_k$ with $x\in\mathbb{R}^{D}$, $W_1 \in \mathbb{R}^{H\times D}$,
        $W_2 \in \mathbb{R}^{C\times H}$""",
}


@pytest.mark.parametrize("name", PASSES)
def test_a_forward_pass_is_derived_and_checked(name: str):
    """The network has gradients, and differences agree with them."""
    net = mc.read_latex(PASSES[name])
    assert mc.derive(net).check(trials=1)


def test_the_notation_comes_back():
    """The derivation is printed in the names of the page."""
    page = mc.derive(mc.read_latex(PASSES["bold, one datum, an undefined activation"])).to_latex()
    assert r"\mathbf{W}^{(1)}" in page
    assert r"\hat{\mathbf{y}}" in page


def test_entries_take_the_shape_of_their_partners():
    """y stands beside p, entry by entry: it is no number."""
    net = mc.read_latex(PASSES["inline, ReLU as a maximum"])
    assert mc.text(net.expression).count("sum(") == 1
    assert net.inputs["y"].shape == net.steps[2].symbol.shape


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("", "there is no"),
        (r"$y = X\beta + e$ with $X \in R^{n \times k}$, $\beta \in R^k$", "declare it, as in e"),
        (r"\[ z_j = \sum_{i=1}^d w_{ji} x_i \]", "declare it"),
        (r"$$L = \sum_{i=1}^n \log P_{i, y_i}$$ with $P \in R^{n \times k}$", "a class label"),
        (
            r"$$L = \sum_{i=1}^n x_i^T A_i x_i$$ with $x_i \in R^d, A_i \in R^{d \times d}$",
            "a matrix for every index",
        ),
        (r"$L = \frac12 \|Xw$", "cannot contain"),
    ],
)
def test_what_is_no_network_says_so(page: str, words: str):
    """The refusal names the place and what would help; nothing is guessed."""
    with pytest.raises(MatcalcError) as refusal:
        mc.read_latex(page)
    assert words in str(refusal.value)
