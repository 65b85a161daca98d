"""Short pages as courses, chats and notebooks have them: their slips are found, nothing else accused."""

from __future__ import annotations

import json

import pytest

import matcalc as mc
from matcalc.judging.verdict import FAILURES

RIDGE = r"""
Let $X \in \mathbb{R}^{n \times p}$, $y \in \mathbb{R}^n$ and $\beta \in \mathbb{R}^p$. We minimise
$$J(\beta) = \|y - X\beta\|_2^2 + \lambda \|\beta\|_2^2.$$
The gradient is
$$\nabla_\beta J = -2X^\top(y - X\beta) + \lambda\beta$$
and the Hessian
$$\nabla^2_\beta J = 2X^\top X + 2\lambda I.$$
Setting the gradient to zero gives the normal equations $(X^\top X + \lambda I)\hat\beta = X y$.
"""

ATTENTION = r"""
Let $Q, K \in \mathbb{R}^{n \times d}$ and $V \in \mathbb{R}^{n \times m}$.
$$S = \frac{QK^\top}{\sqrt{d}}, \quad P = \mathrm{softmax}(S), \quad O = PV$$
where softmax is applied row-wise. Let $dO$ denote the gradient of the loss with respect to $O$.

- $dV = P^\top dO$
- $dP = dO V$
- $dS_{ij} = P_{ij} (dP_{ij} - \sum_{k} P_{ik} dP_{ik})$
- $dQ = dS\, K / \sqrt{d}$
- $dK = dS\, Q / \sqrt{d}$
"""

GAUSS = r"""
\newcommand{\R}{\mathbb{R}}
Given samples $x_1, \dots, x_N \in \R^d$, the log-likelihood of a Gaussian with mean $\mu \in \R^d$
and symmetric positive definite covariance $\Sigma \in \R^{d \times d}$ is
\begin{equation}
\ell(\mu, \Sigma) = -\frac{N}{2}\log\det\Sigma - \frac{1}{2}\sum_{n=1}^N (x_n - \mu)^T\Sigma^{-1}(x_n - \mu)
\end{equation}
\begin{equation}
\frac{\partial \ell}{\partial \mu} = \sum_{n=1}^N \Sigma^{-1}(x_n - \mu)
\end{equation}
\begin{equation}
\frac{\partial^2 \ell}{\partial \mu \partial \mu^T} = -\Sigma^{-1}
\end{equation}
"""

ENTRIES = r"""
Let $W\in\mathbb{R}^{m\times n}, x\in\mathbb{R}^n, t\in\mathbb{R}^m$ and $y\in\mathbb{R}^m$ with
$$ y_i = \sum_{j=1}^n W_{ij}x_j, \qquad L = \sum_{i=1}^m (y_i-t_i)^2 $$
$$\frac{\partial L}{\partial W_{ij}} = 2(y_i-t_i)x_j$$
$$\frac{\partial L}{\partial W} = 2(y-t)x^T$$
$$\frac{\partial L}{\partial x_j} = 2\sum_{i=1}^m (y_i-t_i)W_{ji}$$
"""

CONVOLUTION = r"""
For $i = 1, \dots, n - k + 1$
\[ y_i = \sum_{a=1}^{k} w_a x_{i+a-1} + b . \]
\[ \frac{\partial E}{\partial w_a} = \sum_{i=1}^{n-k+1} \frac{\partial E}{\partial y_i} x_{i+a-1} \]
\[ \frac{\partial E}{\partial b} = \sum_{i=1}^{n-k+1} \frac{\partial E}{\partial y_i} \]
"""

ROWS = r"""
Consider $J = CE(\boldsymbol{y}, \hat{\boldsymbol{y}})$, with
$\boldsymbol{x} \in \mathbb{R}^{D_x}, \boldsymbol{W} \in \mathbb{R}^{D_x \times D_y}$,
where $\boldsymbol{x}$ is a row vector:
\[ \boldsymbol{z} = \boldsymbol{x} \boldsymbol{W} + \boldsymbol{b} \]
\[ \hat{\boldsymbol{y}} = \mathrm{softmax}(\boldsymbol{z}) \]
and $\mathrm{CE}(\boldsymbol{y}, \hat{\boldsymbol{y}}) = -\sum_i y_i \log(\hat{y}_i)$
for a one-hot vector $\boldsymbol{y}$.
\[ \frac{\partial CE}{\partial \boldsymbol{z}} = \hat{\boldsymbol{y}} - \boldsymbol{y} \]
\[ \frac{\partial CE}{\partial \boldsymbol{x}} = (\hat{\boldsymbol{y}} - \boldsymbol{y}) \boldsymbol{W} \]
"""

GAUSS_NEWTON = r"""
Let $r : \mathbb{R}^n \to \mathbb{R}^m$ and $f(x) = \frac12 \| r(x) \|^2$, with Jacobian
$J(x) = \frac{\partial r}{\partial x} \in \mathbb{R}^{m \times n}$. Then
\begin{align}
\nabla f(x) &= J(x)^T r(x) \\
\nabla^2 f(x) &= J(x)^T J(x) + \sum_{i=1}^m r_i(x) \nabla^2 r_i(x)
\end{align}
The model $m(p) = \frac12 \| r + J p \|^2 + \frac{\mu}{2} \| p \|^2$ has
\begin{align}
\nabla m(p) &= J (r + J p) + \mu p \\
\nabla^2 m(p) &= J^T J + \mu I
\end{align}
"""

LAPLACIAN = r"""
With $L = D - A$: $R(f) = f^\top L f$ and $\nabla_f R = 2 L f$ for symmetric $L$.
"""

NOTEBOOK = json.dumps({
    "cells": [
        {
            "cell_type": "markdown",
            "source": [
                "Data $X \\in \\mathbb{R}^{N \\times D}$, weights $W \\in \\mathbb{R}^{D \\times C}$, ",
                "one-hot labels $Y \\in \\mathbb{R}^{N \\times C}$.\n",
                "$$Z = XW, \\quad P = \\operatorname{softmax}(Z)$$\n",
                "$$L = -\\frac{1}{N}\\sum_{i=1}^N\\sum_{c=1}^C Y_{ic}\\log P_{ic}$$\n",
                "$$\\frac{\\partial L}{\\partial Z} = P - Y$$\n",
                "$$\\frac{\\partial L}{\\partial X} = \\frac{1}{N}(P - Y)W^\\top$$",
            ],
        }
    ],
    "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
})  # fmt: skip

# The page, how many lines hold, and of each wrong line its slip and the end of its correction.
PAGES = {
    "ridge": (RIDGE, 1, [("lost factor 2", r"2 \lambda \beta"), ("transpose", r"X^{\top} y")]),
    "attention": (ATTENTION, 3, [("transpose", r"dO V^{\top}"), ("transpose", r"Q / \sqrt{d}")]),
    "gauss": (GAUSS, 1, [("1/N", r"-N \Sigma^{-1}")]),
    "entries": (ENTRIES, 2, [("indices swapped", "W_{ij}")]),
    "convolution": (CONVOLUTION, 2, []),
    "rows": (ROWS, 1, [("transpose", r"\boldsymbol{W}^{\top}")]),
    "gauss-newton": (GAUSS_NEWTON, 3, [("transpose", r"J^{T} (r + J p) + \mu p")]),
    "laplacian": (LAPLACIAN, 1, []),
    "notebook": (NOTEBOOK, 1, [("1/N", r"\frac{1}{N} (P - Y)")]),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_slips_of_a_page_are_found(name: str):
    """The wrong lines and no others, each with its class and its correction."""
    text, holding, slips = PAGES[name]
    report = mc.verify_document(text)
    wrong = [entry.verdict for entry in report if entry.verdict.status in FAILURES]
    assert len(wrong) == len(slips), report
    for verdict, (slip, end) in zip(wrong, slips, strict=True):
        assert slip in verdict.slip, verdict
        assert verdict.correction.endswith(end), verdict
    held = [entry for entry in report if entry.verdict.status == "holds"]
    assert len(held) == holding, report
    assert all(e.verdict.status not in ("unreadable", "needs-convention") for e in report), report


def test_a_condition_in_a_sentence_is_no_claim():
    """``if w^T w = 1`` restricts w; nobody says that it holds for every w."""
    page = r"Let $w \in \mathbb{R}^n$ and $f = w^T w$. If $w^T w = 1$ then $w$ is a unit vector."
    statuses = [entry.verdict.status for entry in mc.verify_document(page)]
    assert "fails" not in statuses
